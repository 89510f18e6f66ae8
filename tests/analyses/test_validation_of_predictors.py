"""How good the model of relapse is said to be: against statsmodels on single patients, and for any selection."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, mannwhitneyu

from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause
from analytics.comparisons.validation import SEED
from analytics.estimators import optimism_by_bootstrap, place_knots, spline_basis
from analytics.estimators.validation import model_checks
from analytics.exports.csv_file import to_csv
from analytics.formats import format_ratio
from analytics.reporting.reasons import say_reason
from analytics.results import Reason
from analytics.results.model_checks import ModelChecks
from tests.analyses.shown import (
    DATA,
    FILES,
    NOT_WORDS,
    PROVENANCE,
    REFERENCE,
    Opened,
    Part,
    Slow,
    analysis_of,
    check_picture,
    cohort_of,
    filters,
    params_of,
    patients_of,
    plain,
    select,
    show,
    show_with,
)

PREDICTORS = analysis_of("relapse-predictors")
NUMBERS = ("age_years", "white_cells", "mrd_day46")


def check(*clauses: Clause, source: Cohort | str = REFERENCE, **params: Any) -> tuple[ModelChecks, tuple[Part, ...]]:
    """What is made when a reader opens the checks, and what is shown of it."""
    checks = show_with(PREDICTORS, *clauses, source=source, **params).checks
    return checks.made, checks.parts


def sentences(parts: tuple[Part, ...]) -> list[str]:
    return [plain(sentence) for part in parts for sentence in part.sentences]


def rows(parts: tuple[Part, ...], title: str) -> dict[str, tuple[str, ...]]:
    """The rows of the table whose title begins so, by their first cell."""
    table = next(t for part in parts for t in part.tables if t.title.startswith(title))
    return {plain(row[0]): tuple(map(plain, row[1:])) for row in table.rows}


def design_of(patients: pd.DataFrame, factors: tuple[str, ...]) -> pd.DataFrame:
    """The columns of the model, each coded factor against its reference."""
    columns: dict[str, Any] = {"const": 1.0}
    for name in factors:
        variable = cohort_of(REFERENCE).dictionary[name]
        if not variable.is_coded:
            columns[name] = patients[name]
        for level in variable.levels:
            if level != variable.reference:
                columns[f"{name}:{level}"] = (patients[name] == level).astype(float)
    return pd.DataFrame(columns, index=patients.index).pipe(lambda d: d.loc[:, (d != 0).any()])


def fit_of(patients: pd.DataFrame, factors: tuple[str, ...]) -> Any:
    return sm.Logit(patients["relapsed"], design_of(patients, factors)).fit(disp=0, tol=1e-14, maxiter=100)


def complete(factors: tuple[str, ...], patients: pd.DataFrame | None = None) -> pd.DataFrame:
    everyone = patients_of(REFERENCE) if patients is None else patients
    return everyone.dropna(subset=["relapsed", *factors]).set_index("patient_id")


# Against statsmodels


@pytest.mark.parametrize("factors", [("thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46"), NUMBERS])
def test_measures_equal_those_of_single_patients(factors: tuple[str, ...]) -> None:
    _, parts = check(factors=factors)
    patients = complete(factors)
    probability, relapsed = fit_of(patients, factors).predict(), patients["relapsed"].to_numpy()
    n_event, n = relapsed.sum(), len(relapsed)
    found = rows(parts, "How well it predicts")
    u = mannwhitneyu(np.round(probability[relapsed == 1], 9), np.round(probability[relapsed == 0], 9)).statistic
    assert found["Area under the ROC curve (AUC)"][0] == f"{u / (n_event * (n - n_event)):.2f}"
    brier, prevalence = np.mean((relapsed - probability) ** 2), relapsed.mean() * (1 - relapsed.mean())
    assert found["Brier score"] == (f"{brier:.3f}", "–", "0", f"{prevalence:.3f}")
    assert found["Brier score, share gained"][0] == f"{100 * (1 - brier / prevalence):.1f} %"
    assert found["Calibration slope"][0] == "1.00" and found["Calibration intercept"][0] == "0.00"
    again = sm.Logit(relapsed, sm.add_constant(np.log(probability / (1 - probability)))).fit(disp=0)
    low, high = again.conf_int()[1]
    assert found["Calibration slope"][1] == f"{low:.2f} to {high:.2f}"
    assert found["Events per parameter"][0] == f"{n_event / (len(fit_of(patients, factors).params) - 1):.1f}"
    (picture,) = parts[1].pictures
    assert f"predicted {100 * probability.mean():.1f}" not in picture.alt_text  # groups, not everybody
    groups = re.findall(r"observed [\d.]+.%[^;]*? of (\d+)", picture.alt_text)
    assert sum(map(int, groups)) == n


@pytest.mark.slow
@pytest.mark.parametrize("factors", [("thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46"), NUMBERS])
def test_the_child_named_is_the_one_without_whom_the_ratio_is_lowest_or_highest(factors: tuple[str, ...]) -> None:
    made, parts = check(factors=factors)
    patients = complete(factors)
    without = {name: fit_of(patients.drop(index=name), factors).params for name in patients.index}
    dictionary = cohort_of(REFERENCE).dictionary
    assert len(made.departures) == len(fit_of(patients, factors).params) - 1
    for d in made.departures:
        column = d.coefficient.variable + (f":{d.coefficient.level}" if d.coefficient.level else "")
        step = dictionary[d.coefficient.variable].per if d.coefficient.level is None else 1.0
        ratios = {name: np.exp(step * params[column]) for name, params in without.items()}
        for extreme, best in ((d.lowest, min(ratios.values())), (d.highest, max(ratios.values()))):
            assert extreme is not None
            assert extreme.ratio == pytest.approx(best, rel=1e-6)
            named = extreme.who.names
            assert named and len(named) == min(extreme.who.n, 5)
            for name in named:
                assert ratios[name] == pytest.approx(best, rel=1e-6)
                assert bool(patients["relapsed"][name]) is extreme.who.event
            alike = [name for name, ratio in ratios.items() if abs(ratio / best - 1) < 1e-9]
            assert len(alike) == extreme.who.n
        variable, level = dictionary[d.coefficient.variable], d.coefficient.level
        name = variable.label if level is None else f"{variable.label}: {variable.level_label(level)}"
        low, high = rows(parts, "Odds ratios without one child")[plain(name)][1:]
        assert low.startswith(f"{format_ratio(min(ratios.values()))} – ")
        assert high.startswith(f"{format_ratio(max(ratios.values()))} – ")


def followed(years: int) -> pd.DataFrame:
    """The reference cohort without children last seen before a horizon, so that a model by then needs no weights."""
    patients = patients_of(REFERENCE)
    days = patients["relapse_days"].where(patients["relapsed"] == 1, patients["os_days"])
    lost = (patients["relapsed"] == 0) & (patients["os_event"] == 0) & (days < 365.25 * years)
    return patients[~lost]


def test_with_a_horizon_the_children_named_are_those_of_the_horizon() -> None:
    factors = ("bcr_abl1", "mrd_day46")
    patients = followed(3)
    made, _ = check(source=open_cohort(patients), factors=factors, horizon="3")
    came = ((patients["relapsed"] == 1) & (patients["relapse_days"] <= 365.25 * 3)).astype(float)
    within = complete(factors, patients.assign(relapsed=came))
    assert made.departures
    for d in made.departures:
        column = f"{d.coefficient.variable}:{d.coefficient.level}"
        for extreme in (d.lowest, d.highest):
            assert extreme is not None and extreme.who.names
            for name in extreme.who.names:
                assert within["relapsed"][name] == extreme.who.event
                again = fit_of(within.drop(index=name), factors).params[column]
                assert np.exp(again) == pytest.approx(extreme.ratio, rel=1e-6)


def test_the_test_of_a_straight_line_equals_that_of_statsmodels() -> None:
    made, parts = check(factors=NUMBERS)
    patients = complete(NUMBERS)
    straight = fit_of(patients, NUMBERS)
    assert [s.variable for s in made.splines] == ["age_years", "white_cells"]
    for spline in made.splines:
        values = patients[spline.variable].to_numpy(float)
        bends = spline_basis(values, place_knots(values))[:, 1:]
        design = design_of(patients, NUMBERS).assign(**{f"bend{i}": bends[:, i] for i in range(2)})
        curved = sm.Logit(patients["relapsed"], design).fit(disp=0, tol=1e-14, maxiter=200)
        statistic = 2 * (curved.llf - straight.llf)
        assert spline.test.statistic == pytest.approx(statistic, rel=1e-5)
        assert spline.test.p_value == pytest.approx(chi2.sf(statistic, 2), rel=1e-5)
        label = cohort_of(REFERENCE).dictionary[spline.variable].label
        (said,) = [s for s in sentences(parts) if s.startswith(label)]
        assert f"p = {chi2.sf(statistic, 2):.3f} (2 degrees of freedom)" in said


def optimism(*clauses: Clause, **params: Any) -> Slow:
    (slow,) = show_with(PREDICTORS, *clauses, **params).checks.slow
    return slow


@pytest.mark.slow
def test_optimism_is_that_of_the_bootstrap_and_tells_how_far_it_is() -> None:
    slow = optimism()
    seen: list[tuple[int, int]] = []
    found = slow.run(lambda done, total: seen.append((done, total)))
    assert seen == [(i + 1, 500) for i in range(500)]
    patients = patients_of(REFERENCE)
    factors = list(slow.shown.params["factors"])
    frame = pd.DataFrame(
        {
            name: pd.Categorical(
                patients[name],
                categories=sorted(v.levels, key=lambda level, v=v: level != v.reference),  # type: ignore[misc]
            )
            for name in factors
            for v in [cohort_of(REFERENCE).dictionary[name]]
        }
    )
    own = optimism_by_bootstrap(patients["relapsed"], frame, replicates=500, seed=SEED)
    assert [m.corrected for m in found.result.measures] == pytest.approx([m.corrected for m in own.measures], abs=1e-10)
    cells = rows((found.part,), "After 500 resamples")
    assert cells["Area under the ROC curve (AUC)"] == ("0.72", f"{own.auc.optimism:.2f}", f"{own.auc.corrected:.2f}")
    assert cells["Brier score"][2] == f"{own.brier.corrected:.3f}"
    assert any("nor other hospitals" in s for s in found.part.sentences)
    assert slow.before == Part()
    assert found.files["optimism"]["term"].tolist() == ["AUC", "calibration slope", "Brier score"]


class Halt(Exception):
    """Raised where a reader would have pressed the button."""


def test_the_bootstrap_stops_when_it_is_told_to() -> None:
    def report(done: int, total: int) -> None:
        if done == 3:
            raise Halt

    with pytest.raises(Halt):
        optimism().run(report)


# In words


def test_sentences_of_the_published_model() -> None:
    said = sentences(check()[1])
    assert said[:3] == [
        "AUC 0.72 (95 % interval 0.65 to 0.79): of a child who relapsed and one who did not, the model gives the higher "
        "probability to the one who relapsed in 72 % of all such pairs; chance alone gives 50 %. It says nothing about "
        "whether the probabilities are right, and measured in the very children the model was made from it is too "
        "favourable.",
        "Brier score 0.109: the mean squared distance between the predicted probability and what happened (0 or 1); 0 is "
        "perfect. Predicting 14.7 % for everybody would give 0.125; the model’s is 13 % lower. It depends on how frequent "
        "relapse is, so scores of different cohorts cannot be compared, and in the model’s own children it is too "
        "favourable, too.",
        "64 of 436 children relapsed, for 4 odds ratios: 16.0 events (or children without, if fewer) for each. The fewer, "
        "the more of what the model says is chance.",
    ]
    assert said[3].startswith("Calibration in the same children is always flattering: maximum likelihood makes")
    assert said[5] == (
        "Without SYN0083, who did not relapse, the odds ratio of BCR::ABL1: positive against negative would be 4.97 (95 % "
        "interval 1.44–16.3) instead of 3.85 (95 % interval 1.13–12.2). No other child moves any odds ratio by more than "
        "this one: 0.4 of its standard error."
    )
    assert said[6] == (
        "Without any one of 4 children alike (SYN0005, SYN0047, SYN0137, …), who relapsed, the interval of the odds ratio "
        "of BCR::ABL1: positive against negative would include 1, the value of no difference: whether it does "
        "hangs on single children."
    )
    assert said[-1].startswith("Straight lines: no factor of the model is a number")


def test_firth_has_words_of_its_own_and_a_horizon_stands_in_all() -> None:
    made, parts = check(source=open_cohort(followed(2)), fit="firth", horizon="2")
    assert made.fitted.method == "firth"
    said = " ".join(sentences(parts))
    assert "(FLIC), so that the predictions add up to the observed number" in said
    assert made.fitted.probability @ made.weight == pytest.approx(made.model.n_event, rel=1e-9)
    assert "relapsed within 2 years" in said and "did not relapse within 2 years" in said


def test_factors_that_say_the_same_are_named() -> None:
    _, parts = check(factors=("age_years", "age_group", "platelets", "platelets_group"))
    inflated = [name for name, row in rows(parts, "Factors that share").items() if float(row[2]) >= 2]
    said = next(s for s in sentences(parts) if "a common mark for too much" in s)
    assert inflated and "so much information with the other factors" in said
    assert inflated[0].lower() in said.lower()


# Who is named


def test_children_who_are_not_synthetic_are_described_by_their_outcome_alone() -> None:
    frame = pd.read_csv(DATA / REFERENCE)
    frame["patient_id"] = "C" + frame["patient_id"].str[3:]
    made, parts = check(source=open_cohort(frame), factors=("bcr_abl1", "age_years"))
    for d in made.departures:
        for extreme in (d.lowest, d.highest):
            assert extreme is not None and extreme.who.names == ()
    everything = " ".join((*sentences(parts), *(c for t in parts[2].tables for row in t.rows for c in row)))
    assert not re.search(r"\bC\d{4}\b|SYN", everything)
    assert "one child, relapsed" in everything
    assert "Without one child who " in everything


# Only when it is opened, and only what is shown


def test_nothing_is_checked_before_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("computed without having been opened")

    monkeypatch.setattr(model_checks, "estimate_influence", refuse)
    monkeypatch.setattr(model_checks, "fit_probabilities", refuse)
    shown = show_with(PREDICTORS)
    assert shown.figure and shown.pictures and shown.sentences
    with pytest.raises(AssertionError, match="without having been opened"):
        _ = shown.checks


@pytest.mark.parametrize(
    ("clauses", "factors", "reason"),
    [
        ((Clause("relapse_site", keep_missing=True),), ("sex",), Reason("no-events")),
        ((Clause("relapse_site", ("isolated marrow",)),), ("sex",), None),
        ((Clause("age_years", low=17.9, high=17.9),), ("sex",), None),
        ((), (), Reason("no-factor")),
        ((Clause("age_years", low=500.0),), ("sex",), Reason("no-patients")),
    ],
)
def test_where_there_is_no_model_the_reason_stands_alone(
    clauses: tuple[Clause, ...], factors: tuple[str, ...], reason: Reason | None
) -> None:
    made, parts = check(*clauses, factors=factors)
    assert made.reason is not None and made.departures == () and made.splines == ()
    (said,) = sentences(parts)
    assert said == f"Nothing can be checked: {say_reason(made.reason)}."
    if reason is not None:
        assert made.reason == reason
    assert optimism(*clauses, factors=factors).refusal == f"Nothing can be corrected: {say_reason(made.reason)}."


def check_made(checks: Opened) -> None:
    """Nothing that is shown or handed out is a number that is none; what is not shown of the model is not checked."""
    made, parts, frames = checks.made, checks.parts, checks.files
    for part in parts:
        for sentence in part.sentences:
            assert not NOT_WORDS.search(sentence), sentence
            assert sentence[0].isupper() or sentence[0].isdigit(), sentence
            assert sentence.endswith(".") and ".." not in sentence and "  " not in sentence, sentence
        for table in part.tables:
            for text in (table.title, table.caption, *table.columns, *(cell for row in table.rows for cell in row)):
                assert not NOT_WORDS.search(text), text
        for picture in part.pictures:
            if picture.caption:
                check_picture(picture)
            json.loads(picture.figure.to_json(), parse_constant=pytest.fail)
    ratios = {(t.variable, t.level): t.odds_ratio for t in made.model.terms if not t.is_reference}
    known = {key for key, ratio in ratios.items() if ratio.value is not None}
    assert {(d.coefficient.variable, d.coefficient.level) for d in made.departures} <= known
    assert {(s.variable, None) for s in made.splines} <= known
    withheld = {t.variable for t in made.model.tests if t.p_value is None}
    assert not {s.variable for s in made.splines if s.test.p_value is not None} & withheld
    assert tuple(frames) == checks.file_names
    for frame in frames.values():
        back = pd.read_csv(io.BytesIO(to_csv(frame, PROVENANCE)), comment="#")
        assert back.shape == frame.shape
        assert not np.isinf(frame.select_dtypes("number").to_numpy(float)).any()


@pytest.mark.parametrize("file", FILES)
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_selection_can_be_opened(file: str, data: st.DataObject) -> None:
    cohort = cohort_of(file)
    cohort_filter = data.draw(filters(file), label="filter")
    params = data.draw(params_of(PREDICTORS, cohort), label="params")
    checks = show(PREDICTORS, cohort, cohort_filter, params, policy=True).checks
    check_made(checks)
    everyone = select(patients_of(file), cohort_filter).set_index("patient_id")
    for d in checks.made.departures:
        for extreme in (d.lowest, d.highest):
            if extreme is not None:
                assert set(extreme.who.names) <= set(everyone.index)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, _ in PREDICTORS.controls(cohort_of(REFERENCE))[0].options])
@pytest.mark.parametrize("fit", ["auto", "ml"])
def test_every_factor_alone_can_be_opened(name: str, fit: str) -> None:
    check_made(show_with(PREDICTORS, factors=(name,), fit=fit).checks)
