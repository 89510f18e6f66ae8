"""Missing values from file to sentence: counts and patterns by pandas, models by statsmodels, imputation beside them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause
from analytics.comparisons.imputation import IMPUTED
from analytics.estimators import estimate_imputed_odds_ratios
from analytics.formats import format_p
from analytics.reporting.missing import NOTHING
from analytics.reporting.withholding import govern
from analytics.results import PooledResult, as_model
from tests.analyses.shown import (
    DATA,
    FILES,
    MISSING_MRD,
    NOT_WORDS,
    REFERENCE,
    Part,
    Shown,
    Slow,
    analysis_of,
    check_picture,
    check_shown,
    choices_of,
    cohort_of,
    filters,
    params_of,
    patients_of,
    plain,
    select,
    show,
    show_with,
)

MISSING = analysis_of("missing-values")
FEW = {"imputations": 5}
show_missing = partial(show_with, MISSING, policy=True)


def imputation_of(shown: Shown) -> Slow:
    (slow,) = shown.slow
    return slow


def check_part(part: Part) -> Part:
    """Nothing that the slow part shows holds a number that is none."""
    for picture in part.pictures:
        check_picture(picture)
    for text in (*part.sentences, *(n.text for n in part.notes), *(n.remedy for n in part.notes)):
        assert not NOT_WORDS.search(text), text
        assert text == "" or text.endswith("."), text
    return part


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
    shown = show(MISSING, cohort, cohort_filter, params, policy=True)
    check_shown(shown)
    check_part(imputation_of(shown).before)
    assert isinstance(imputation_of(shown).refusal, str)
    if params["horizon"] != "any":
        return
    patients = select(patients_of(file), cohort_filter).dropna(subset=["relapsed"])
    factors = list(params["factors"])
    unknown = patients[factors].isna()
    complete = patients[~unknown.any(axis=1)]
    assert shown.headline("Children with every factor known") == f"{len(complete)} of {len(patients)}"
    assert shown.headline("Relapses among them") == f"{complete['relapsed'].sum()} of {patients['relapsed'].sum()}"
    for share in (*shown.result.counts.variables, *shown.result.others.variables):
        lacking = patients[patients[share.variable].isna()]
        assert share.everyone.n_event == len(lacking)
        assert share.with_event.n_event == lacking["relapsed"].sum()
    expected = Counter(
        tuple(name for name, is_missing in zip(factors, row, strict=True) if is_missing) for row in unknown.to_numpy()
    )
    assert {p.missing: p.n for p in shown.result.counts.patterns if p.n} == expected


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_every_choice_of_every_control(file: str) -> None:
    for control in MISSING.controls(cohort_of(file)):
        for value in choices_of(control)[:: 5 if control.name == "reference" else 1]:
            shown = show_missing(source=file, **{control.name: value})
            check_shown(shown)
            check_part(imputation_of(shown).before)


def test_both_models_equal_statsmodels() -> None:
    cohort, patients = cohort_of(REFERENCE), patients_of(REFERENCE)
    shown = show_missing()
    factors = shown.params["factors"]
    known = patients.dropna(subset=list(factors))
    for model, rows in ((shown.result.complete_cases, known), (shown.result.own_level, patients)):
        matrix = design(rows, factors, cohort)
        peer = sm.Logit(rows["relapsed"].to_numpy(float), matrix).fit(disp=0, tol=1e-12)
        ours = {f"{t.variable}: {t.level}": t.odds_ratio for t in model.terms if not t.is_reference}
        assert (model.n, set(ours)) == (len(rows), set(matrix.columns[1:]))
        for name, ratio in ours.items():
            assert math.log(ratio.value or 0) == pytest.approx(peer.params[name], rel=1e-7)
            assert ratio.std_error == pytest.approx(peer.bse[name], rel=1e-6)


def test_sentences_word_by_word() -> None:
    assert [plain(s) for s in show_missing(factors=("mrd_day46", "cns_status")).sentences] == [
        "All factors of the model are known in 427 of 436 children, 63 of whom relapsed.",
        "CNS status is unknown in 9 (2.1 %) of 436 children: in 1 of 64 who relapsed and 8 of 372 who did not (difference "
        "−0.6 (−3.0 to +6.3) percentage points).",
    ]
    nothing = show_missing(factors=("mrd_day46",))
    assert nothing.sentences[1] == NOTHING == imputation_of(nothing).refusal
    assert imputation_of(nothing).before == Part() and nothing.pictures == ()
    assert "High hyperdiploidy" in nothing.alt_text  # not in the model, but drawn
    assert show_missing(factors=()).sentences == ("No factor is chosen.",)
    nobody = show_missing(Clause("age_years", low=0.01, high=0.011))
    assert nobody.sentences == ("No child is selected whose outcome is known.",)
    assert imputation_of(nobody).refusal == "There is nobody to impute for."


def test_the_funnel_ends_at_the_complete_cases() -> None:
    shown = show_missing()
    used, model = shown.used, shown.result.complete_cases
    assert (used.n, used.n_event) == (model.n, model.n_event)
    assert 436 - sum(loss.n for loss in used.losses) == used.n


def test_what_is_made_from_a_counted_factor_is_not_counted_again() -> None:
    others = {share.variable for share in show_missing(factors=("mrd_day46",)).result.others.variables}
    assert "white_cells" in others and not others & {"white_cells_group", "platelets_group", "age_group", "mrd_day46"}


# Notes


def test_notes_by_code() -> None:
    assert "incomplete-cases" in show_missing().codes
    assert "incomplete-cases" not in show_missing(factors=("sex",)).codes
    many = show_missing(source=MISSING_MRD).note("incomplete-cases")
    assert many.severity == "caution" and "24 of 60 children (40\u00a0%), and with them 8 of 20 relapses" in many.text
    assert "post-baseline-selection" in show_missing(Clause("second_remission", ("yes",))).codes
    assert "not-followed-to-horizon" in show_missing(horizon="5").codes


def test_by_a_horizon_all_three_ways_are_weighted_for_those_not_followed() -> None:
    shown = show_missing(horizon="5", imputations=5)
    result = shown.result
    assert result.data.weighed is not None
    assert (result.complete_cases.method, result.own_level.method) == ("ipcw", "ipcw")
    found = imputation_of(shown).run()
    pooled = found.result
    assert pooled.method == "ipcw" and pooled.n == result.data.outcome.n == result.own_level.n
    for term in pooled.terms:
        if not term.is_reference and term.odds_ratio.value is not None:
            assert term.odds_ratio.std_error
    check_part(found.part)
    # Without anything missing, imputed sets would be the data themselves, in the order of the rows.
    known = [v for v in result.data.outcome.covariates if result.data.outcome.covariates[v].notna().all()]
    values = result.data.outcome.covariates[known]
    rows = np.repeat(np.arange(len(values)), result.data.outcome.weight.astype(int))
    again = result.data.weighed.estimate_imputed(values.iloc[rows])
    events = result.data.weighed.events
    known_alone = replace(result.data.weighed, events=replace(events, covariates=events.covariates[known]))
    same = known_alone.estimate()
    assert len(known) > 1
    for a, b in zip(again.terms, same.terms, strict=True):
        assert (a.n, a.n_event) == (b.n, b.n_event)
        assert a.odds_ratio.value == pytest.approx(b.odds_ratio.value, rel=1e-8)
    assert "several-references" in show_missing(reference=("cns_status:CNS2", "cns_status:CNS3")).codes


def test_missing_that_goes_with_relapse_is_cautioned(tmp_path: Path) -> None:
    patients = pd.read_csv(DATA / REFERENCE)
    relapsed = patients.index[patients["relapsed"] == 1]
    patients.loc[relapsed[:30], "cns_status"] = None
    path = tmp_path / "biased.csv"
    patients.to_csv(path, index=False)
    note = show_missing(source=open_cohort(path)).note("missing-by-outcome")
    assert note.severity == "caution" and "CNS status" in note.text
    assert "missing-by-outcome" not in show_missing().codes


# Does it matter?


def test_imputation_is_that_of_the_estimator_on_the_patients_of_the_file() -> None:
    shown = show_missing(**FEW, factors=("mrd_day46", "cns_status", "haemoglobin"))
    found = imputation_of(shown).run().result
    assert isinstance(found, PooledResult)
    # The engine's rows in its order; the estimator's own tests answer for the rest.
    data = shown.result.data.outcome
    peer = estimate_imputed_odds_ratios(data.covariates, data.outcome, weight=data.weight, m=5)
    ours, theirs = ({(t.variable, t.level): t.odds_ratio for t in r.terms} for r in (found, peer))
    assert ours["mrd_day46", "positive"] == theirs["mrd_day46", "positive"]
    per_gram = math.log(theirs["haemoglobin", None].value or 0)
    assert math.log(ours["haemoglobin", None].value or 0) == pytest.approx(10 * per_gram, rel=1e-9)
    assert (found.n, found.n_event, found.m) == (436, 64, 5)
    assert imputation_of(shown).run().result == found


@pytest.mark.parametrize("file", FILES)
def test_what_is_shown_before_and_after(file: str) -> None:
    slow = imputation_of(show_missing(source=file, **FEW))
    assert slow.refusal == ""
    before = check_part(slow.before)
    found = slow.run()
    after = check_part(found.part)
    assert IMPUTED not in before.pictures[0].alt_text and before.sentences == ()
    assert after.pictures[0].alt_text.count(IMPUTED) == sum(not t.is_reference for t in found.result.terms)
    assert "missing-at-random" in [note.code for note in after.notes]
    assert after.sentences[0].startswith("From complete cases to imputation the odds ratio of")
    assert "p =" not in " ".join(after.sentences) and "p <" not in " ".join(after.sentences)
    frame = found.files["imputed-estimates"]
    assert len(frame) == len(found.result.terms) and set(frame["imputations"]) == {5}
    assert slow.shown.params["imputations"] == 5 and slow.button == "Impute 5 times"


def test_the_largest_change_is_named() -> None:
    shown = show_missing(**FEW)
    found = imputation_of(shown).run()
    before = {(t.variable, t.level): t.odds_ratio.value for t in shown.result.complete_cases.terms}
    change = {
        (t.variable, t.level): abs(math.log((t.odds_ratio.value or 0) / (before[t.variable, t.level] or 0)))
        for t in found.result.terms
        if not t.is_reference
    }
    variable, level = max(change, key=lambda key: change[key])
    label = cohort_of(REFERENCE).dictionary[variable]
    sentence = found.part.sentences[0]
    assert label.label.lower() in sentence.lower() and label.level_label(level) in sentence


def test_too_few_are_refused_and_withheld() -> None:
    few = show_missing(Clause("bcr_abl1", ("positive",)), Clause("sex", ("female",)), factors=("cns_status",))
    reason = imputation_of(few).refusal
    assert reason.endswith(".") and not NOT_WORDS.search(reason)
    governed = govern(as_model(imputation_of(show_missing(source=MISSING_MRD, **FEW)).run().result))
    rare = next(t for t in governed.terms if (t.variable, t.level) == ("bcr_abl1", "positive"))
    assert rare.p_value is None  # three children, and no more is said of them than elsewhere


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), file=st.sampled_from(FILES))
def test_imputing_any_selection_is_refused_or_works(data: st.DataObject, file: str) -> None:
    cohort = cohort_of(file)
    params = data.draw(params_of(MISSING, cohort), label="params") | {"imputations": 5}
    shown = show(MISSING, cohort, data.draw(filters(file), label="filter"), params, policy=True)
    slow = imputation_of(shown)
    if reason := slow.refusal:
        assert reason.endswith(".") and not NOT_WORDS.search(reason)
    else:
        check_part(slow.run().part)


def test_whole_factors_are_tested_over_the_imputed_sets() -> None:
    factors = ("mrd_day46", "cns_status", "age_years")
    found = imputation_of(show_missing(factors=factors, imputations=5)).run()
    (table,) = found.part.tables
    assert table.title == "Whole factors, over the imputed data sets"
    assert [row[0] for row in table.rows] == ["MRD on day 46", "CNS status", "Age at diagnosis"]
    tests = {t.variable: t for t in found.result.tests}
    assert tests["cns_status"].df == 2 and table.rows[1][3] == format_p(tests["cns_status"].p_value)
    file = found.files["imputed-tests"]
    assert file["variable"].tolist() == list(factors)
    assert file["p_value"].tolist() == [tests[name].p_value for name in factors]
    (age,) = (t for t in found.result.terms if t.variable == "age_years")
    assert tests["age_years"].p_value == age.p_value


def test_separation_in_a_set_combines_the_profiles() -> None:
    patients = patients_of(REFERENCE).copy()
    patients = patients[~((patients["bcr_abl1"] == "positive") & (patients["relapsed"] == 0))]
    factors = ("bcr_abl1", "mrd_day46", "cns_status")
    found = imputation_of(show_missing(source=open_cohort(patients), factors=factors, imputations=5)).run()
    assert found.result.method == "firth"
    positive = next(t for t in found.result.terms if (t.variable, t.level) == ("bcr_abl1", "positive"))
    assert positive.odds_ratio.interval.method == "CLIP"
    assert "combined profiles (CLIP)" in found.part.notes[0].text
    assert all("not tested" in row[3] for row in found.part.tables[0].rows)
    check_part(found.part)


@pytest.mark.slow
def test_infants_are_imputed_though_some_factors_are_the_same_in_all_who_have_others() -> None:
    """A column that does not vary among those with a known value made the model of that value singular."""
    infants = show_missing(Clause("age_years", low=0.0, high=1.2), imputations=20)
    assert imputation_of(infants).run().part.sentences
