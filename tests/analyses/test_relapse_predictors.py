"""Predictors of relapse from file to sentence: against counts of the file, statsmodels, and formulas by hand."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import chi2

from analytics.analysis import to_reference
from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause
from analytics.document import HtmlFigure
from analytics.reporting.reasons import say_why
from tests.analyses.relapse_models import PREDICTORS, PUBLISHED, by_horizon, design_of, show_predictors
from tests.analyses.shown import (
    FILES,
    REFERENCE,
    check_picture,
    check_shown,
    cohort_of,
    filters,
    params_of,
    patients_of,
    select,
    show,
)

# From file to sentence


@pytest.mark.parametrize("file", FILES)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_selection_is_shown_and_counted_right(file: str, data: st.DataObject) -> None:
    cohort = cohort_of(file)
    cohort_filter = data.draw(filters(file), label="filter")
    params = data.draw(params_of(PREDICTORS, cohort), label="params")
    shown = show(PREDICTORS, cohort, cohort_filter, params)

    check_shown(shown)

    everyone = by_horizon(select(patients_of(file), cohort_filter), params["horizon"])
    known = everyone.dropna(subset=["relapsed"])
    complete = known.dropna(subset=list(params["factors"]))
    assert shown.headline("Children in the model") == f"{len(complete)} of {len(known)}"
    assert shown.headline("Relapses") == str(int(complete["relapsed"].sum()))
    n_selected = len(select(patients_of(file), cohort_filter))
    assert len(complete) + sum(n for _, n in shown.left_out) == n_selected
    for picture in shown.pictures:
        check_picture(picture)
    for name, single in zip(params["factors"], shown.result.univariable, strict=True):
        alone = known.dropna(subset=[name])
        assert (single.n, single.n_event) == (len(alone), alone["relapsed"].sum())
    for term in shown.result.multivariable.terms:
        if term.level is not None:
            some = complete[complete[term.variable] == term.level]
            assert (term.n, term.n_event) == (len(some), some["relapsed"].sum())


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_everyone_with_every_factor_alone_and_by_every_choice(file: str) -> None:
    cohort = cohort_of(file)
    controls = {c.name: c for c in PREDICTORS.controls(cohort)}
    choices: list[dict[str, Any]] = [{"factors": (name,)} for name, _ in controls["factors"].options]
    choices += [{"fit": value} for value, _ in controls["fit"].options]
    choices += [{"limits": value} for value, _ in controls["limits"].options]
    choices += [{"horizon": value} for value, _ in controls["horizon"].options]
    choices += [{"curve": value} for value, _ in controls["curve"].options]
    choices += [
        {"reference": (value,), "factors": (value.split(":")[0],)} for value, _ in controls["reference"].options
    ]
    for choice in choices:
        shown = show_predictors(source=cohort, **choice)
        check_shown(shown)


# Against statsmodels


@pytest.mark.parametrize(
    "factors", [PUBLISHED, ("age_group", "sex", "risk_group"), ("age_years", "white_cells", "mrd_day46")]
)
def test_the_model_equals_that_of_statsmodels(factors: tuple[str, ...]) -> None:
    shown = show_predictors(factors=factors)
    cohort = cohort_of(REFERENCE)
    patients = patients_of(REFERENCE).dropna(subset=["relapsed", *factors])
    design = design_of(patients, factors, cohort)
    fitted = sm.Logit(patients["relapsed"], design).fit(disp=0, tol=1e-14, maxiter=100)
    for term in shown.result.multivariable.terms:
        if term.is_reference:
            assert (term.odds_ratio.value, term.odds_ratio.interval, term.p_value) == (1.0, None, None)
            assert term.level == cohort.dictionary[term.variable].reference
            continue
        name = term.variable if term.level is None else f"{term.variable}: {term.level}"
        step = {"white_cells": 10}.get(term.variable, 1)
        assert term.odds_ratio.value == pytest.approx(np.exp(step * fitted.params[name]), rel=1e-6)
        assert term.odds_ratio.std_error == pytest.approx(step * fitted.bse[name], rel=1e-6)
        assert term.p_value_wald == pytest.approx(fitted.pvalues[name], rel=1e-6)
    for test in shown.result.multivariable.tests:
        without = design_of(patients, [name for name in factors if name != test.variable], cohort)
        fewer = sm.Logit(patients["relapsed"], without).fit(disp=0, tol=1e-14, maxiter=100)
        statistic = 2 * (fitted.llf - fewer.llf)
        assert test.statistic == pytest.approx(statistic, rel=1e-6)
        assert test.df == design.shape[1] - without.shape[1]
        assert test.p_value == pytest.approx(chi2.sf(statistic, test.df), rel=1e-6)


@pytest.mark.parametrize("name", ["sex", "age_group", "mrd_day46", "etv6_runx1", "white_cells"])
def test_each_factor_alone_equals_the_model_of_statsmodels(name: str) -> None:
    shown = show_predictors(factors=("bcr_abl1", name))
    patients = patients_of(REFERENCE).dropna(subset=["relapsed", name])
    design = design_of(patients, [name], cohort_of(REFERENCE))
    fitted = sm.Logit(patients["relapsed"], design).fit(disp=0, tol=1e-14, maxiter=100)
    step = 10 if name == "white_cells" else 1
    values = [t.odds_ratio.value for t in shown.result.univariable[1].terms if not t.is_reference]
    assert values == pytest.approx(np.exp(step * fitted.params.iloc[1:]).tolist(), rel=1e-6)


@pytest.mark.parametrize("side", ["low", "high"])
def test_limits_lie_where_the_profile_likelihood_falls_by_half_the_quantile(side: str) -> None:
    shown = show_predictors()
    term = next(t for t in shown.result.multivariable.terms if t.variable == "mrd_day46" and not t.is_reference)
    patients = patients_of(REFERENCE).dropna(subset=["relapsed", *PUBLISHED])
    others = design_of(patients, PUBLISHED[:3], cohort_of(REFERENCE))
    positive = (patients["mrd_day46"] == "positive").to_numpy(float)

    def log_likelihood(beta: float) -> float:
        family = sm.families.Binomial()
        return float(
            sm.GLM(patients["relapsed"], others, family=family, offset=beta * positive).fit(tol=1e-14, maxiter=100).llf
        )

    assert term.odds_ratio.value is not None and term.odds_ratio.interval is not None
    best = np.log(term.odds_ratio.value)
    wanted = log_likelihood(best) - chi2.ppf(0.95, 1) / 2
    bounds = (best - 3, best) if side == "low" else (best, best + 3)
    limit = brentq(lambda beta: log_likelihood(beta) - wanted, *bounds, xtol=1e-12)
    assert getattr(term.odds_ratio.interval, side) == pytest.approx(np.exp(limit), rel=1e-6)


def test_figures_of_the_reference_cohort() -> None:
    shown = show_predictors()
    found = {t.variable: t for t in shown.result.multivariable.terms if not t.is_reference}
    values = {name: term.odds_ratio.value for name, term in found.items()}
    assert {name: f"{value:.2f}" for name, value in values.items()} == {
        "thrombocytopenia": "2.09",
        "bcr_abl1": "3.85",
        "mrd_day19": "2.09",
        "mrd_day46": "5.73",
    }


@pytest.mark.parametrize("limits", ["profile", "wald"])
@pytest.mark.parametrize("fit", ["ml", "firth"])
def test_a_number_is_given_per_step_of_the_dictionary(fit: str, limits: str) -> None:
    """Counting in tens before the model gives what the step gives after it."""
    shown = show_predictors(factors=("white_cells", "mrd_day46"), fit=fit, limits=limits)
    tens = patients_of(REFERENCE)[["patient_id", "relapsed", "white_cells", "mrd_day46"]]
    tens = tens.assign(age_years=tens["white_cells"] / 10).drop(columns="white_cells")
    scaled = show_predictors(source=open_cohort(tens), factors=("age_years", "mrd_day46"), fit=fit, limits=limits)
    for before, after in zip(scaled.result.multivariable.terms, shown.result.multivariable.terms, strict=True):
        one, other = before.odds_ratio, after.odds_ratio
        assert other.value == pytest.approx(one.value, rel=1e-6)
        if not before.is_reference:
            assert after.p_value == pytest.approx(before.p_value, rel=1e-5)
            assert other.std_error == pytest.approx(one.std_error, rel=1e-6)
            assert (other.interval.low, other.interval.high) == pytest.approx(
                (one.interval.low, one.interval.high), rel=1e-6
            )
    estimates = shown.files["estimates"]
    assert set(estimates.loc[estimates["variable"] == "white_cells", "per"]) == {"10 × 10⁹/L"}
    assert "White cells: with every 10 × 10⁹/L more" in shown.sentences[0]
    assert "per 10 × 10⁹/L" in shown.alt_text
    check_shown(shown)


# Reference levels


def test_turning_a_factor_round_inverts_its_odds_ratio() -> None:
    usual = show_predictors()
    turned = show_predictors(reference=(to_reference("mrd_day46", "positive"),))
    before = next(t for t in usual.result.multivariable.terms if t.variable == "mrd_day46" and not t.is_reference)
    after = next(t for t in turned.result.multivariable.terms if t.variable == "mrd_day46" and not t.is_reference)
    assert (before.level, after.level) == ("positive", "negative")
    assert after.odds_ratio.value == pytest.approx(1 / before.odds_ratio.value, rel=1e-6)
    assert after.odds_ratio.interval.low == pytest.approx(1 / before.odds_ratio.interval.high, rel=1e-6)
    assert after.odds_ratio.interval.high == pytest.approx(1 / before.odds_ratio.interval.low, rel=1e-6)
    assert after.p_value == pytest.approx(before.p_value, rel=1e-6)
    sentence = next(s for s in turned.sentences if s.startswith("MRD on day 46"))
    assert "negative (< 0.01 %) against positive (≥ 0.01 %): the odds of relapse were lower" in sentence
    check_shown(turned)


def test_a_chosen_reference_does_not_move_the_other_factors() -> None:
    usual = show_predictors()
    turned = show_predictors(reference=(to_reference("mrd_day46", "positive"), to_reference("sex", "male")))
    for before, after in zip(usual.result.multivariable.terms, turned.result.multivariable.terms, strict=True):
        if before.variable != "mrd_day46":
            assert after.odds_ratio.value == pytest.approx(before.odds_ratio.value, rel=1e-6)


def test_two_references_of_one_factor_are_noted_and_the_last_is_used() -> None:
    chosen = tuple(to_reference("mrd_day46", level) for level in ("negative", "positive"))
    shown = show_predictors(reference=chosen)
    (note,) = [n for n in shown.notes if n.code == "several-references"]
    assert note.text == "2 reference levels are chosen for MRD on day 46; positive (≥ 0.01 %) is used."
    reference = next(t.level for t in shown.result.multivariable.terms if t.variable == "mrd_day46" and t.is_reference)
    assert reference == "positive"
    elsewhere = show_predictors(factors=("sex",), reference=chosen)
    assert "several-references" not in {n.code for n in elsewhere.notes}


# Separation


def test_a_factor_that_predicts_perfectly_is_fitted_by_firth() -> None:
    """With one two-level factor, Firth's estimate is the log odds ratio with one half added to each cell."""
    table = pd.DataFrame({0: [20, 8], 1: [5, 0]}, index=["female", "male"])
    rows = [
        {"sex": sex, "relapsed": outcome}
        for sex in table.index
        for outcome in table.columns
        for _ in range(table.loc[sex, outcome])
    ]
    cohort = open_cohort(pd.DataFrame(rows).assign(patient_id=[f"P{i}" for i in range(len(rows))]))
    shown = show_predictors(source=cohort, factors=("sex",))
    (term,) = [t for t in shown.result.multivariable.terms if not t.is_reference]
    half = table + 0.5
    expected = half.loc["male", 1] * half.loc["female", 0] / (half.loc["male", 0] * half.loc["female", 1])
    assert shown.result.multivariable.method == "firth"
    assert term.odds_ratio.value == pytest.approx(expected, rel=1e-6)
    assert shown.headline("Fitted by") == "Firth’s method"
    (note,) = [note for note in shown.notes if note.code == "separation"]
    assert note.text.startswith("None of the 8 children with Sex: boys had the event.")
    check_shown(shown)


def test_interval_and_p_of_an_odds_ratio_say_the_same_everywhere() -> None:
    """1 of 30 against 32 of 157: Wald's p is 0.053 beside a profile interval of <0.01-0.67, the likelihood ratio's 0.0094."""
    rows = [("positive", 1)] + [("positive", 0)] * 29 + [("negative", 1)] * 32 + [("negative", 0)] * 125
    table = pd.DataFrame(rows, columns=["bcr_abl1", "relapsed"])
    cohort = open_cohort(table.assign(patient_id=[f"K{i}" for i in range(len(rows))]))
    shown = show_predictors(source=cohort, factors=("bcr_abl1",))
    assert "by a factor of 0.13 (95\u00a0% interval <0.01–0.67), not adjusted; p = 0.009;" in shown.sentences[0]
    words = shown.alt_text
    assert "p by the likelihood-ratio test." in words and "positive 0.13 (<0.01–0.67), p = 0.009" in words
    html = shown.figure.html
    assert '<td class="forest-p">0.009</td>' in html and "by the likelihood-ratio test, which is of the kind" in html
    for _, row in shown.files["estimates"].dropna(subset=["p_value"]).iterrows():
        assert (row["test"], row["conf_type"]) == ("likelihood-ratio test", "profile")
        assert (round(row["p_value"], 4), round(row["p_value_wald"], 3)) == (0.0094, 0.053)
    wald = show_predictors(source=cohort, factors=("bcr_abl1",), limits="wald")
    (term,) = [t for t in wald.result.multivariable.terms if not t.is_reference]
    assert term.p_value == term.p_value_wald and "p by the Wald test." in wald.alt_text


def test_maximum_likelihood_says_why_it_has_no_answer() -> None:
    clauses = (Clause("high_hyperdiploidy", ("positive",)), Clause("mrd_day46", ("negative",)))
    shown = show_predictors(*clauses, factors=("cns_status", "sex"), fit="ml")
    missing = [t for t in shown.result.multivariable.terms if t.odds_ratio.value is None]
    assert missing
    said = " ".join(shown.sentences)
    assert all(f"({say_why(t.odds_ratio.reason)})" in said for t in missing)
    check_shown(shown)


def test_notes_and_reasons_speak_in_labels() -> None:
    shown = show_predictors(
        Clause("age_years", low=10), factors=("age_group", "white_cells_group", "kmt2a_rearranged"), fit="ml"
    )
    said = " ".join(shown.texts())
    assert "Age group" in said
    assert not re.search(r"age_group|white_cells|kmt2a_", said)
    assert any(n.text.startswith("Age group cannot be compared") for n in shown.notes)


# Odd cases


def test_nobody_left() -> None:
    shown = show_predictors(Clause("platelets", low=1999))
    assert shown.sentences == ("No odds ratio can be given: no children.",)
    assert shown.headline("Children in the model") == "0 of 0"
    assert shown.headline("Fitted by") == "not fitted"
    assert shown.headline("Relapses per parameter") == "–"
    check_shown(shown)


@pytest.mark.parametrize("relapsed", [0, 1])
def test_one_outcome_alone_cannot_be_modelled(relapsed: int) -> None:
    patients = patients_of(REFERENCE)
    cohort = open_cohort(patients.loc[patients["relapsed"] == relapsed, ["patient_id", "sex", "relapsed"]])
    shown = show_predictors(source=cohort, factors=("sex",))
    reason = "every child had the event" if relapsed else "no events"
    assert shown.sentences == (f"No odds ratio can be given: {reason}.",)
    check_shown(shown)


def test_no_factor_chosen() -> None:
    shown = show_predictors(factors=())
    assert shown.sentences == ()
    assert shown.headline("Children in the model") == "436 of 436"
    assert "Click a level" not in shown.caption
    check_shown(shown)


def test_a_cohort_with_the_outcome_alone_offers_no_factors() -> None:
    cohort = open_cohort(patients_of(REFERENCE)[["patient_id", "relapsed"]])
    controls = {c.name: c for c in PREDICTORS.controls(cohort)}
    assert controls["factors"].options == controls["factors"].default == ()
    shown = show_predictors(source=cohort)
    check_shown(shown)


def test_unknown_outcomes_are_left_out_and_counted() -> None:
    some = patients_of(REFERENCE)[["patient_id", "sex", "relapsed"]].copy()
    some.loc[:9, "relapsed"] = np.nan
    shown = show_predictors(source=open_cohort(some), factors=("sex",))
    assert shown.left_out == (("outcome not recorded", 10),)
    assert shown.headline("Children in the model") == "426 of 426"
    check_shown(shown)


def test_unknown_factors_are_counted_by_factor() -> None:
    shown = show_predictors(factors=("etv6_runx1", "mrd_day46", "cns_status"))
    patients = patients_of(REFERENCE)
    complete = patients.dropna(subset=["etv6_runx1", "mrd_day46", "cns_status"])
    (note,) = [n for n in shown.notes if n.code == "incomplete-cases"]
    assert note.text.startswith(f"{436 - len(complete)} of 436 children (")
    assert f"ETV6::RUNX1 in {patients['etv6_runx1'].isna().sum()}" in note.text
    lacking = patients[["etv6_runx1", "mrd_day46", "cns_status"]].isna()
    alone = {name: int((lacking[name] & (lacking.sum(axis=1) == 1)).sum()) for name in lacking}
    left_out = dict(shown.left_out)
    assert left_out["ETV6::RUNX1: not tested"] == alone["etv6_runx1"]
    assert left_out.get("CNS status: not recorded", 0) == alone["cns_status"]
    assert sum(left_out.values()) == 436 - len(complete)


def test_one_child_left_out_is_no_plural() -> None:
    some = patients_of(REFERENCE)[["patient_id", "sex", "relapsed"]].copy()
    some.loc[0, "sex"] = None
    shown = show_predictors(source=open_cohort(some), factors=("sex",))
    (note,) = [n for n in shown.notes if n.code == "incomplete-cases"]
    assert note.text.startswith("1 of 436 children (0\u00a0%) is not in the multivariable model")


# What is shown and handed out


def test_every_level_has_a_row_in_the_figure_and_the_file() -> None:
    shown = show_predictors(factors=("age_group", "sex"))
    figure = shown.figure
    assert isinstance(figure, HtmlFigure)
    estimates = shown.files["estimates"]
    for name in ("age_group", "sex"):
        variable = cohort_of(REFERENCE).dictionary[name]
        for level in variable.levels:
            assert f'data-variable="{name}" data-level="{level}"' in figure.html
            rows = estimates[(estimates["variable"] == name) & (estimates["level"] == level)]
            assert sorted(rows["model"]) == ["multivariable", "univariable"]
    assert set(estimates["n_model"]) == {436}


def test_the_files_hold_the_numbers_of_the_page() -> None:
    shown = show_predictors()
    frames = shown.files
    together = frames["estimates"][frames["estimates"]["model"] == "multivariable"]
    assert together["odds_ratio"].tolist() == [t.odds_ratio.value for t in shown.result.multivariable.terms]
    tests = frames["likelihood-ratio-tests"]
    assert tests["model"].tolist() == ["univariable"] * 4 + ["multivariable"] * 4
    assert tests["p_value"].notna().all()


def test_sentences_give_each_odds_ratio_with_its_adjustment() -> None:
    shown = show_predictors()
    said = [text.replace("\u00a0", " ") for text in shown.sentences]
    assert said[3] == (
        "MRD on day 46, positive (≥ 0.01 %) against negative (< 0.01 %): the odds of relapse were higher, by a factor of 5.73 "
        "(95 % interval 2.66–12.5), adjusted for thrombocytopenia, BCR::ABL1 and MRD on day 19; p < 0.001; an association, not "
        "an effect. 19 of 40 in the model relapsed."
    )
    alone = show_predictors(factors=("mrd_day46",))
    assert "not adjusted" in alone.sentences[0]


def test_the_reader_is_told_that_odds_are_not_risks() -> None:
    assert "odds-not-risk" in {note.code for note in show_predictors().notes}


def test_a_filter_on_what_came_after_diagnosis_is_noted() -> None:
    shown = show_predictors(Clause("relapse_timing_bfm", ("early",), keep_missing=True))
    assert next(n for n in shown.notes if n.code == "post-baseline-selection").severity == "warning"
    shown = show_predictors(Clause("mrd_day46", ("positive",)))
    assert next(n for n in shown.notes if n.code == "post-baseline-selection").severity == "caution"
    shown = show_predictors(Clause("sex", ("female",)))
    assert "post-baseline-selection" not in {note.code for note in shown.notes}


def test_factors_of_induction_come_with_a_caution() -> None:
    (note,) = [n for n in show_predictors().notes if n.code == "post-baseline-adjustment"]
    assert note.severity == "caution" and note.text.startswith(
        "MRD on day 19 and MRD on day 46 became known only after"
    )
    shown = show_predictors(factors=("sex", "thrombocytopenia"))
    assert "post-baseline-adjustment" not in {note.code for note in shown.notes}
