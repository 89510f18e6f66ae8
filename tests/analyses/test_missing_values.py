"""Missing values from file to sentence: counts and patterns by pandas, models by statsmodels, imputation beside them."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.analyses import load_analyses
from analytics.analyses.missing_values import IMPUTED, MissingValues, as_model
from analytics.analysis import Shown
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators.imputation import estimate_imputed_odds_ratios
from analytics.figures.missingness import NOTHING
from analytics.formats import format_p
from analytics.reporting.reliability import govern
from analytics.results import PooledResult
from tests.analyses.shown import (
    DATA,
    FILES,
    NOT_WORDS,
    check_picture,
    check_shown,
    choices_of,
    cohort_of,
    filters,
    headline,
    params_of,
    patients_of,
    run,
    select,
)

REFERENCE, MRD = FILES
MISSING = next(analysis for analysis in load_analyses() if analysis.slug == "missing-values")
(PART,) = MISSING.background
FEW = {"imputations": 5}


def estimate(*clauses: Clause, file: str = REFERENCE, **params: Any) -> tuple[MissingValues, dict[str, Any]]:
    cohort = cohort_of(file)
    chosen = MISSING.defaults(cohort) | params
    return run(MISSING, cohort, CohortFilter(clauses), chosen), chosen


def impute(result: MissingValues, params: dict[str, Any]) -> PooledResult:
    found = PART.run(result, params, lambda done, total: None)
    assert isinstance(found, PooledResult)
    return found


def check_part(result: MissingValues, found: PooledResult | None, params: dict[str, Any]) -> Shown:
    """Nothing that the slow part shows holds a number that is none."""
    shown = PART.show(result, found, params)
    for picture in shown.pictures:
        check_picture(picture)
    for text in (*shown.sentences, *(n.text for n in shown.notes), *(n.remedy for n in shown.notes)):
        assert not NOT_WORDS.search(text), text
        assert text == "" or text.endswith("."), text
    return shown


def design(patients: pd.DataFrame, factors: tuple[str, ...], cohort: Cohort) -> pd.DataFrame:
    """Ones, then a column per level but the reference; "not recorded" is a level where it occurs."""
    columns: dict[str, Any] = {"constant": np.ones(len(patients))}
    for name in factors:
        variable = cohort.dictionary[name]
        for level in variable.levels:
            if level != variable.reference and (patients[name] == level).any():
                columns[f"{name}: {level}"] = (patients[name] == level).to_numpy(float)
        if patients[name].isna().any():
            columns[f"{name}: not recorded"] = patients[name].isna().to_numpy(float)
    return pd.DataFrame(columns, index=patients.index)


# From file to sentence


@pytest.mark.parametrize("file", FILES)
@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_selection_is_shown_and_counted_right(file: str, data: st.DataObject) -> None:
    cohort = cohort_of(file)
    cohort_filter = data.draw(filters(file), label="filter")
    params = data.draw(params_of(MISSING, cohort), label="params")
    result = run(MISSING, cohort, cohort_filter, params)
    check_shown(MISSING, result, params)
    check_part(result, None, params)
    assert isinstance(PART.refusal(result, params), str)
    if params["horizon"] != "any":
        return
    patients = select(patients_of(file), cohort_filter).dropna(subset=["relapsed"])
    factors = list(params["factors"])
    unknown = patients[factors].isna()
    complete = patients[~unknown.any(axis=1)]
    assert headline(MISSING, result, "Children with every factor known") == f"{len(complete)} of {len(patients)}"
    assert (
        headline(MISSING, result, "Relapses among them")
        == f"{complete['relapsed'].sum()} of {patients['relapsed'].sum()}"
    )
    for share in (*result.counts.variables, *result.others.variables):
        lacking = patients[patients[share.variable].isna()]
        assert share.everyone.n_event == len(lacking)
        assert share.with_event.n_event == lacking["relapsed"].sum()
    expected = Counter(
        tuple(name for name, is_missing in zip(factors, row, strict=True) if is_missing) for row in unknown.to_numpy()
    )
    assert {p.missing: p.n for p in result.counts.patterns if p.n} == expected


@pytest.mark.parametrize("file", FILES)
def test_every_choice_of_every_control(file: str) -> None:
    for control in MISSING.controls(cohort_of(file)):
        for value in choices_of(control)[:: 5 if control.name == "reference" else 1]:
            result, params = estimate(file=file, **{control.name: value})
            check_shown(MISSING, result, params)
            check_part(result, None, params)


def test_both_models_equal_statsmodels() -> None:
    cohort, patients = cohort_of(REFERENCE), patients_of(REFERENCE)
    result, params = estimate()
    factors = params["factors"]
    known = patients.dropna(subset=list(factors))
    for model, rows in ((result.complete_cases, known), (result.own_level, patients)):
        matrix = design(rows, factors, cohort)
        peer = sm.Logit(rows["relapsed"].to_numpy(float), matrix).fit(disp=0, tol=1e-12)
        ours = {f"{t.variable}: {t.level}": t.odds_ratio for t in model.terms if not t.is_reference}
        assert (model.n, set(ours)) == (len(rows), set(matrix.columns[1:]))
        for name, ratio in ours.items():
            assert math.log(ratio.value or 0) == pytest.approx(peer.params[name], rel=1e-7)
            assert ratio.std_error == pytest.approx(peer.bse[name], rel=1e-6)


def test_sentences_word_by_word() -> None:
    result, _ = estimate(factors=("mrd_day46", "cns_status"))
    assert [s.replace("\u00a0", " ") for s in MISSING.sentences(result)] == [
        "All factors of the model are known in 427 of 436 children, 63 of whom relapsed.",
        "CNS status is unknown in 9 (2.1 %) of 436 children: in 1 of 64 who relapsed and 8 of 372 who did not (difference "
        "−0.6 (−3.0 to +6.3) percentage points).",
    ]
    nothing, params = estimate(factors=("mrd_day46",))
    assert MISSING.sentences(nothing)[1] == NOTHING == PART.refusal(nothing, params)
    assert PART.show(nothing, None, params) == Shown() and MISSING.pictures(nothing, params) == ()
    assert "High hyperdiploidy" in MISSING.alt_text(nothing)  # not in the model, but drawn
    assert MISSING.sentences(estimate(factors=())[0]) == ("No factor is chosen.",)
    nobody, params = estimate(Clause("age_years", low=0.01, high=0.011))
    assert MISSING.sentences(nobody) == ("No child is selected whose outcome is known.",)
    assert PART.refusal(nobody, params) == "There is nobody to impute for."


def test_the_funnel_ends_at_the_complete_cases() -> None:
    result, _ = estimate()
    used = MISSING.used(result)
    assert (used.n, used.n_event) == (result.complete_cases.n, result.complete_cases.n_event)
    assert 436 - sum(loss.n for loss in used.losses) == used.n


def test_what_is_made_from_a_counted_factor_is_not_counted_again() -> None:
    result, _ = estimate(factors=("mrd_day46",))
    others = {share.variable for share in result.others.variables}
    assert "white_cells" in others and not others & {"white_cells_group", "platelets_group", "age_group", "mrd_day46"}


# Notes


def codes(result: MissingValues) -> list[str]:
    return [note.code for note in MISSING.notes(result)]


def test_notes_by_code() -> None:
    assert "incomplete-cases" in codes(estimate()[0])
    assert "incomplete-cases" not in codes(estimate(factors=("sex",))[0])
    many = next(n for n in MISSING.notes(estimate(file=MRD)[0]) if n.code == "incomplete-cases")
    assert many.severity == "caution" and "24 of 60 children (40\u00a0%), and with them 8 of 20 relapses" in many.text
    assert "post-baseline-selection" in codes(estimate(Clause("second_remission", ("yes",)))[0])
    assert "not-followed-to-horizon" in codes(estimate(horizon="5")[0])


def test_by_a_horizon_all_three_ways_are_weighted_for_those_not_followed() -> None:
    result, params = estimate(horizon="5", imputations=5)
    assert result.weighed is not None
    assert (result.complete_cases.method, result.own_level.method) == ("ipcw", "ipcw")
    pooled = PART.run(result, params, lambda done, total: None)
    assert pooled.method == "ipcw" and pooled.n == result.frame.n == result.own_level.n
    for term in pooled.terms:
        if not term.is_reference and term.odds_ratio.value is not None:
            assert term.odds_ratio.std_error
    check_part(result, pooled, params)
    # Without anything missing, imputed sets would be the data themselves, in the order of the rows.
    known = [v for v in result.frame.covariates if result.frame.covariates[v].notna().all()]
    values = result.frame.covariates[known]
    rows = np.repeat(np.arange(len(values)), result.frame.weight.astype(int))
    again = result.weighed.estimate_imputed(values.iloc[rows])
    same = result.weighed.estimate_with(result.weighed.events.covariates[known])
    assert len(known) > 1
    for a, b in zip(again.terms, same.terms, strict=True):
        assert (a.n, a.n_event) == (b.n, b.n_event)
        assert a.odds_ratio.value == pytest.approx(b.odds_ratio.value, rel=1e-8)
    several = estimate(reference=("cns_status:CNS2", "cns_status:CNS3"))[0]
    assert "several-references" in codes(several)


def test_missing_that_goes_with_relapse_is_cautioned(tmp_path: Path) -> None:
    patients = pd.read_csv(DATA / REFERENCE)
    relapsed = patients.index[patients["relapsed"] == 1]
    patients.loc[relapsed[:30], "cns_status"] = None
    path = tmp_path / "biased.csv"
    patients.to_csv(path, index=False)
    cohort = open_cohort(path)
    params = MISSING.defaults(cohort)
    result = run(MISSING, cohort, CohortFilter(), params)
    note = next(n for n in MISSING.notes(result) if n.code == "missing-by-outcome")
    assert note.severity == "caution" and "CNS status" in note.text
    assert "missing-by-outcome" not in codes(estimate()[0])


# Does it matter?


def test_imputation_is_that_of_the_estimator_on_the_patients_of_the_file() -> None:
    result, params = estimate(**FEW, factors=("mrd_day46", "cns_status", "haemoglobin"))
    found = impute(result, params)
    # The engine's rows in its order; the estimator's own tests answer for the rest.
    data = result.frame
    peer = estimate_imputed_odds_ratios(data.covariates, data.outcome, weight=data.weight, m=5)
    ours, theirs = ({(t.variable, t.level): t.odds_ratio for t in r.terms} for r in (found, peer))
    assert ours["mrd_day46", "positive"] == theirs["mrd_day46", "positive"]
    per_gram = math.log(theirs["haemoglobin", None].value or 0)
    assert math.log(ours["haemoglobin", None].value or 0) == pytest.approx(10 * per_gram, rel=1e-9)
    assert (found.n, found.n_event, found.m) == (436, 64, 5)
    assert impute(result, params) == found


@pytest.mark.parametrize("file", FILES)
def test_what_is_shown_before_and_after(file: str) -> None:
    result, params = estimate(file=file, **FEW)
    assert PART.refusal(result, params) == ""
    before = check_part(result, None, params)
    found = impute(result, params)
    after = check_part(result, found, params)
    assert IMPUTED not in before.pictures[0].alt_text and before.sentences == ()
    assert after.pictures[0].alt_text.count(IMPUTED) == sum(not t.is_reference for t in found.terms)
    assert "missing-at-random" in [note.code for note in after.notes]
    assert after.sentences[0].startswith("From complete cases to imputation the odds ratio of")
    assert "p =" not in " ".join(after.sentences) and "p <" not in " ".join(after.sentences)
    frame = PART.downloads(found)["imputed-estimates"]
    assert tuple(PART.downloads(found)) == PART.files
    assert len(frame) == len(found.terms) and set(frame["imputations"]) == {5}
    assert params["imputations"] == 5 and PART.button.format(**params) == "Impute 5 times"


def test_the_largest_change_is_named() -> None:
    result, params = estimate(**FEW)
    found = impute(result, params)
    before = {(t.variable, t.level): t.odds_ratio.value for t in result.complete_cases.terms}
    change = {
        (t.variable, t.level): abs(math.log((t.odds_ratio.value or 0) / (before[t.variable, t.level] or 0)))
        for t in found.terms
        if not t.is_reference
    }
    variable, level = max(change, key=lambda key: change[key])
    label = cohort_of(REFERENCE).dictionary[variable]
    sentence = PART.show(result, found, params).sentences[0]
    assert label.label.lower() in sentence.lower() and label.level_label(level) in sentence


def test_too_few_are_refused_and_withheld() -> None:
    result, params = estimate(Clause("bcr_abl1", ("positive",)), Clause("sex", ("female",)), factors=("cns_status",))
    reason = PART.refusal(result, params)
    assert reason.endswith(".") and not NOT_WORDS.search(reason)
    few, params = estimate(file=MRD, **FEW)
    shown = govern(as_model(impute(few, params)))
    rare = next(t for t in shown.terms if (t.variable, t.level) == ("bcr_abl1", "positive"))
    assert rare.p_value is None  # three children, and no more is said of them than elsewhere


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), file=st.sampled_from(FILES))
def test_imputing_any_selection_is_refused_or_works(data: st.DataObject, file: str) -> None:
    cohort = cohort_of(file)
    params = data.draw(params_of(MISSING, cohort), label="params") | {"imputations": 5}
    result = run(MISSING, cohort, data.draw(filters(file), label="filter"), params)
    reason = PART.refusal(result, params)
    if reason:
        assert reason.endswith(".") and not NOT_WORDS.search(reason)
    else:
        check_part(result, impute(result, params), params)


def test_whole_factors_are_tested_over_the_imputed_sets() -> None:
    factors = ("mrd_day46", "cns_status", "age_years")
    result, params = estimate(factors=factors, imputations=5)
    pooled = PART.run(result, params, lambda done, total: None)
    shown = PART.show(result, pooled, params)
    (table,) = shown.tables
    assert table.title == "Whole factors, over the imputed data sets"
    assert [row[0] for row in table.rows] == ["MRD on day 46", "CNS status", "Age at diagnosis"]
    tests = {t.variable: t for t in pooled.tests}
    assert tests["cns_status"].df == 2 and table.rows[1][3] == format_p(tests["cns_status"].p_value)
    file = PART.downloads(pooled)["imputed-tests"]
    assert file["variable"].tolist() == list(factors)
    assert file["p_value"].tolist() == [tests[name].p_value for name in factors]
    (age,) = (t for t in pooled.terms if t.variable == "age_years")
    assert tests["age_years"].p_value == age.p_value


def test_separation_in_a_set_combines_the_profiles() -> None:
    patients = patients_of(REFERENCE).copy()
    patients = patients[~((patients["bcr_abl1"] == "positive") & (patients["relapsed"] == 0))]
    params = MISSING.defaults(cohort_of(REFERENCE)) | {
        "factors": ("bcr_abl1", "mrd_day46", "cns_status"),
        "imputations": 5,
    }
    result = run(MISSING, open_cohort(patients), CohortFilter(), params)
    pooled = PART.run(result, params, lambda done, total: None)
    assert pooled.method == "firth"
    positive = next(t for t in pooled.terms if (t.variable, t.level) == ("bcr_abl1", "positive"))
    assert positive.odds_ratio.interval.method == "CLIP"
    shown = PART.show(result, pooled, params)
    assert "combined profiles (CLIP)" in shown.notes[0].text
    assert all("not tested" in row[3] for row in shown.tables[0].rows)
    check_part(result, pooled, params)


def test_infants_are_imputed_though_some_factors_are_the_same_in_all_who_have_others() -> None:
    """A column that does not vary among those with a known value made the model of that value singular."""
    params = MISSING.defaults(cohort_of(REFERENCE)) | {"imputations": 20}
    result = run(MISSING, cohort_of(REFERENCE), CohortFilter((Clause("age_years", low=0.0, high=1.2),)), params)
    (imputation,) = MISSING.background
    found = imputation.run(result, params, lambda done, total: None)
    assert imputation.show(result, found, params).sentences
