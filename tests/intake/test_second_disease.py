"""Another disease than the product's: every analysis runs unchanged, agrees with libraries, and says no word of the first."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxTimeVaryingFitter, KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from statsmodels.api import Logit, add_constant

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import speaking_by
from analytics.estimators import survival_at
from tests.analyses.shown import check_figure, check_picture, show, show_with
from tests.intake.heart_transplants import heart_cohort, heart_rows, imported_heart, list_texts, own_words

LACKING = {"survival-by-site": ("mismatch",), "published-outcomes": ("os_days", "os_event")}
ANALYSES = load_analyses()


def by_hand() -> pd.DataFrame:
    """One row per patient, by other means than those under test."""
    rows = heart_rows().sort_values(["id", "stop"])
    frame = rows.groupby("id").last()
    given = rows[rows["transplant"] == 1].groupby("id")["start"].first()
    return frame.assign(given=given, age=frame["age"] + 48, year=frame["year"] + 0.0849)


def test_it_is_recognised_and_counted_as_published() -> None:
    # 103 patients, 69 of them given a heart, 45 of whom died; 30 of the 34 others: Crowley and Hu 1977.
    export, imported = imported_heart()
    assert export.mapping.name == "Stanford heart transplants" and export.mapping.own_dictionary
    frame = imported.mapped.frame
    assert imported.mapped.unread == () and imported.conflicts == ()
    for given, n, n_died in (("transplant", 69, 45), ("no transplant", 34, 30)):
        died = frame.loc[frame["treatment"] == given, "died"]
        assert (len(died), int(died.sum())) == (n, n_died)
    hand = by_hand()
    assert frame["patient_id"].astype(int).tolist() == hand.index.tolist()
    for column, other in (
        ("age_years", "age"),
        ("year", "year"),
        ("survival_days", "stop"),
        ("transplant_days", "given"),
    ):
        assert frame[column].to_numpy(float) == pytest.approx(hand[other].to_numpy(float), rel=1e-10, nan_ok=True)
    assert frame["first_event"].value_counts().to_dict() == {"transplant": 69, "death while waiting": 30, "none": 4}


def test_nothing_of_the_product_s_own_dictionary_is_left() -> None:
    cohort = heart_cohort()
    assert cohort.dictionary.words.plural == "patients" and cohort.notes == ()
    texts = [
        text for v in cohort.dictionary.variables for text in (v.label, v.definition, v.missing_label, *v.level_labels)
    ]
    texts += [text for e in cohort.dictionary.endpoints for text in (e.label, e.origin, e.population, e.definition)]
    assert own_words(texts) == []


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda analysis: analysis.slug)
def test_an_analysis_runs_or_names_its_column_in_the_words_of_the_disease(analysis: Analysis) -> None:
    cohort = heart_cohort()
    lacking = analysis.missing(cohort)
    assert lacking == LACKING.get(analysis.slug, ())
    with speaking_by(cohort.dictionary):
        texts = [analysis.title, analysis.question, analysis.method]
        if lacking:
            assert own_words([*texts, *lacking]) == []
            return
        controls = analysis.controls(cohort)
        for control in controls:
            texts += [control.label, control.help, *(label for _, label in control.options)]
        params = analysis.defaults(cohort)
        others = [c.options[-1][0] for c in controls if c.name in ("horizon", "clock")]
        names = [c.name for c in controls if c.name in ("horizon", "clock")]
        for choices in ({}, *({name: value} for name, value in zip(names, others, strict=True))):
            shown = show(analysis, cohort, CohortFilter(), params | choices, policy=True)
            check_figure(shown.figure)
            for picture in shown.pictures:
                check_picture(picture)
            assert shown.sentences
            texts += list_texts(shown)
    assert own_words(texts) == []


def test_the_hazard_ratio_of_a_transplant_is_that_of_libraries_and_of_the_literature() -> None:
    shown = show_with(
        next(a for a in ANALYSES if a.slug == "survival-by-treatment"),
        source=heart_cohort(),
        policy=True,
        adjust=("age_years", "year", "surgery"),
    )
    fitted = CoxTimeVaryingFitter().fit(
        heart_rows(), id_col="id", event_col="event", start_col="start", stop_col="stop"
    )
    terms = {(term.variable, term.level): term.ratio.value for term in shown.result.hazard.terms}
    got = {
        "transplant": terms["treatment", "transplant"],
        "age": terms["age_years", None] ** 0.1,
        "year": terms["year", None],
        "surgery": terms["surgery", "yes"],
    }
    for name, ratio in got.items():
        assert np.log(ratio) == pytest.approx(fitted.params_[name], abs=2e-5)
    # As the data are known from the literature: -0.010 for the transplant, 0.027 a year of age, -0.146 a year, -0.637.
    assert [round(float(np.log(got[name])), 3) for name in got] == [-0.010, 0.027, -0.146, -0.637]


def test_curves_tests_odds_and_incidences_are_those_of_libraries() -> None:
    hand, cohort = by_hand(), heart_cohort()
    groups = np.select([hand["age"] < 40, hand["age"] < 50], ["under 40", "40 to under 50"], "50 and over")
    curves = show_with(
        next(a for a in ANALYSES if a.slug == "survival-by-variable"), source=cohort, policy=True, by="age_group"
    )
    for curve in curves.result.curves.curves:
        own = hand[groups == curve.group]
        fitted = KaplanMeierFitter().fit(own["stop"], own["event"])
        assert survival_at(curve, 12)[0].value == pytest.approx(float(fitted.predict(365.25)), abs=1e-9)
    test = multivariate_logrank_test(hand["stop"], groups, hand["event"])
    assert curves.result.overall.statistic == pytest.approx(test.test_statistic, rel=1e-6)

    odds = show_with(
        next(a for a in ANALYSES if a.slug == "relapse-predictors"),
        source=cohort,
        policy=True,
        factors=("age_years", "surgery"),
    )
    model = Logit(hand["transplant"], add_constant(hand[["age", "surgery"]])).fit(disp=0)
    ratios = {term.variable: term.odds_ratio.value for term in odds.result.multivariable.terms if not term.is_reference}
    assert np.log(ratios["age_years"]) / 10 == pytest.approx(model.params["age"], abs=1e-6)
    assert np.log(ratios["surgery"]) == pytest.approx(model.params["surgery"], abs=1e-6)

    waiting = hand["given"].fillna(hand["stop"]).to_numpy()
    cause = np.where(hand["given"].notna(), 1, 2 * hand["event"]).astype(int)
    # Aalen–Johansen: still waiting just before, times the share of those who are given a heart then.
    free = KaplanMeierFitter().fit(waiting, cause > 0)
    before = free.survival_function_["KM_estimate"].shift(1, fill_value=1.0)
    given = pd.Series(waiting[cause == 1]).value_counts().reindex(before.index, fill_value=0)
    share = (before * given / free.event_table["at_risk"]).loc[:365.25].sum()
    incidence = show_with(next(a for a in ANALYSES if a.slug == "cumulative-incidence"), source=cohort, policy=True)
    (curve,) = [c for c in incidence.result.comparison.incidence.curves if c.cause == "transplant"]
    assert curve.estimate[curve.time <= 12][-1] == pytest.approx(share, abs=1e-9)
