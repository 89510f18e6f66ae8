"""Subgroups from file to sentence: against Cox models of the patients of each subgroup, and on odd cases."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from scipy.stats import chi2

from analytics.analyses.subgroups import Subgroups
from analytics.analysis import HtmlFigure, to_reference
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators.logrank import logrank_test
from analytics.formats import format_interval, format_p, format_ratio
from tests.analyses.shown import (
    DAYS_PER_MONTH,
    FILES,
    analysis_of,
    check_shown,
    cohort_of,
    filters,
    headline,
    params_of,
    patients_of,
    run,
    select,
)

REFERENCE = "reference_cohort.csv"
SUBGROUPS = analysis_of("subgroups")
EFS = {"endpoint": "efs_diagnosis", "by": "white_cells_group", "within": "sex"}
TIGHT = {"fit_options": {"precision": 1e-12, "max_steps": 200}}


def estimate(*clauses: Clause, source: Cohort | None = None, **params: Any) -> tuple[Subgroups, dict[str, Any]]:
    cohort = source or cohort_of(REFERENCE)
    chosen = SUBGROUPS.defaults(cohort) | params
    return run(SUBGROUPS, cohort, CohortFilter(clauses), chosen), chosen


def white_cells_and_events() -> pd.DataFrame:
    """Patients with the months from diagnosis to relapse or death, and white cells of 50 and over as 1."""
    frame = patients_of(REFERENCE).dropna(subset=["white_cells_group"])
    relapsed = frame["relapsed"] == 1
    days = np.where(relapsed, frame["relapse_days"], frame["os_days"])
    return pd.DataFrame(
        {
            "time": days / DAYS_PER_MONTH,
            "event": (relapsed | (frame["os_event"] == 1)).astype(float),
            "high": (frame["white_cells_group"] == "50 and over").astype(float),
            "boy": (frame["sex"] == "male").astype(float),
        }
    )


def test_hazard_ratios_equal_those_of_lifelines_in_the_patients_of_each_subgroup() -> None:
    result, params = estimate(**EFS)
    patients = white_cells_and_events()
    parts = {None: patients, "female": patients[patients["boy"] == 0], "male": patients[patients["boy"] == 1]}
    (term,) = result.terms
    (sex,) = result.subgroupings
    shown = {None: term.hazard_ratio} | {effect.subgroup: effect.ratio for effect in result.shown(sex)}
    html = SUBGROUPS.figure(result, params).html
    for level, part in parts.items():
        fitted = CoxPHFitter().fit(part[["time", "event", "high"]], "time", "event", **TIGHT)
        assert shown[level].value == pytest.approx(fitted.hazard_ratios_["high"], rel=1e-5)
        assert shown[level].std_error == pytest.approx(fitted.standard_errors_["high"], rel=1e-5)
        assert f"<b>{format_ratio(shown[level].value)}</b>" in html
        high = part[part["high"] == 1]
        assert f"{high['event'].sum():.0f} of {len(high)}" in html
    assert list(shown) == [None, "female", "male"]
    check_shown(SUBGROUPS, result, params)


def test_the_test_of_interaction_is_that_of_the_product() -> None:
    result, params = estimate(**EFS)
    patients = white_cells_and_events().assign(product=lambda f: f["high"] * f["boy"])
    columns = ["time", "event", "high", "boy"]
    small = CoxPHFitter().fit(patients[columns], "time", "event", **TIGHT)
    large = CoxPHFitter().fit(patients[[*columns, "product"]], "time", "event", **TIGHT)
    statistic = 2 * (large.log_likelihood_ - small.log_likelihood_)
    test = result.subgroupings[0].effects.interaction
    assert test.statistic == pytest.approx(statistic, rel=1e-4, abs=1e-8)
    assert test.p_value == pytest.approx(chi2.sf(statistic, 1), rel=1e-4)
    assert f'<td class="forest-p">{format_p(test.p_value)}</td>' in SUBGROUPS.figure(result, params).html


def test_subgroups_have_no_p_of_their_own_in_the_figure() -> None:
    result, params = estimate(**EFS)
    html = SUBGROUPS.figure(result, params).html
    assert len([p for p in re.findall(r'<td class="forest-p">(.*?)</td>', html) if p]) == 1


# Choices


def test_the_usual_variables_are_known_when_the_clock_starts_and_not_made_of_the_groups() -> None:
    result, _ = estimate(endpoint="os_relapse", by="relapse_site")
    assert [s.variable.name for s in result.subgroupings] == [
        "age_group",
        "sex",
        "immunophenotype",
        "white_cells_group",
        "mrd_day46",
        "relapse_timing_bfm",
    ]
    result, _ = estimate(endpoint="os_diagnosis", by="age_group")
    assert [s.variable.name for s in result.subgroupings] == ["sex", "immunophenotype", "white_cells_group"]


def test_every_variable_is_one_that_the_cohort_offers() -> None:
    result, _ = estimate(endpoint="os_diagnosis", by="thrombocytopenia", within="every")
    names = {s.variable.name for s in result.subgroupings}
    assert {"age_group", "sex", "cns_status", "bcr_abl1"} <= names
    assert not names & {"thrombocytopenia", "platelets_group", "mrd_day46", "relapse_site"}


def test_levels_and_references_can_be_chosen() -> None:
    result, params = estimate(endpoint="efs_relapse", by="relapse_timing_bfm", within="sex")
    assert (result.reference, result.levels) == ("late", ("very early", "early"))
    assert len(result.shown(result.subgroupings[0])) == 4
    one, params = estimate(
        endpoint="efs_relapse",
        by="relapse_timing_bfm",
        within="sex",
        reference=(to_reference("relapse_timing_bfm", "early"),),
        level=(to_reference("relapse_timing_bfm", "very early"), to_reference("sex", "male")),
    )
    assert (one.reference, one.levels) == ("early", ("very early",))
    assert "Time of relapse (BFM): very early against early" in SUBGROUPS.figure(one, params).html
    check_shown(SUBGROUPS, one, params)


def test_the_reference_alone_is_no_comparison() -> None:
    chosen = (to_reference("sex", "female"),)
    result, params = estimate(by="sex", within="immunophenotype", level=chosen)
    assert SUBGROUPS.sentences(result) == ("No hazard ratio can be given: no level is compared.",)
    assert "There is nothing to compare." in SUBGROUPS.figure(result, params).html
    check_shown(SUBGROUPS, result, params)


def test_groups_are_not_divided_by_themselves_nor_stratified_by_themselves() -> None:
    result, params = estimate(by="sex", within="sex", strata="sex")
    assert result.subgroupings == () and result.frame.strata is None
    check_shown(SUBGROUPS, result, params)


def test_stratification_is_said() -> None:
    result, params = estimate(**EFS, strata="immunophenotype")
    assert "Cox regression, stratified by Immunophenotype." in SUBGROUPS.figure(result, params).html
    plain, _ = estimate(**EFS)
    assert result.terms[0].hazard_ratio.value != pytest.approx(plain.terms[0].hazard_ratio.value, rel=1e-6)


# Notes


def test_the_reader_is_told_how_many_subgroups_there_are_and_what_to_read() -> None:
    result, _ = estimate(endpoint="efs_diagnosis", by="white_cells_group")
    (note,) = [n for n in SUBGROUPS.notes(result) if n.code == "number-of-subgroups"]
    assert note.text.replace("\u00a0", " ").startswith(
        "7 subgroups by 3 variables are looked at. Were the hazard ratio the same in all of them, the chance that at least one "
        "of 3 tests of interaction falls below 0.05 would still be about 14 %."
    )
    assert "10.1056/NEJMsr077003" in note.remedy and "test of interaction" in note.remedy
    one, _ = estimate(**EFS)
    (note,) = [n for n in SUBGROUPS.notes(one) if n.code == "number-of-subgroups"]
    assert note.text.startswith("2 subgroups by 1 variable are looked at. A subgroup whose interval")


def test_groups_and_subgroups_that_form_later_are_warned_of() -> None:
    codes = {n.code for n in SUBGROUPS.notes(estimate(by="hsct_group")[0])}
    assert "post-baseline" in codes and "post-baseline-adjustment" not in codes
    codes = {n.code for n in SUBGROUPS.notes(estimate(by="sex", within="salvage_treatment")[0])}
    assert "post-baseline-adjustment" in codes and "post-baseline" not in codes
    codes = {n.code for n in SUBGROUPS.notes(estimate(Clause("salvage_treatment", ("HSCT",)), by="sex")[0])}
    assert "post-baseline-selection" in codes


def test_subgroups_without_events_in_a_group_are_fitted_by_firth_and_noted() -> None:
    result, params = estimate(endpoint="os_relapse", by="mrd_day46", within="age_group")
    assert "firth" in {e.method for e in result.shown(result.subgroupings[0])}
    (note,) = [n for n in SUBGROUPS.notes(result) if n.code == "subgroup-sparse"]
    assert note.text.startswith("In at least one subgroup by Age group nobody")
    assert "Firth’s penalised likelihood where nobody" in SUBGROUPS.figure(result, params).html


def test_a_test_of_interaction_without_events_in_a_group_is_called_approximate() -> None:
    result, _ = estimate(endpoint="os_relapse", by="mrd_day46", within="white_cells_group")
    p = format_p(result.subgroupings[0].effects.interaction.p_value)
    assert (
        f"test of interaction, p = {p} (approximate: a group without events); the hazard ratio differs between them by more "
        "than chance alone would readily explain in a single test."
    ) in SUBGROUPS.sentences(result)[1]


# Odd cases


def test_one_group_alone_is_said_once() -> None:
    result, params = estimate(Clause("mrd_day46", ("negative",)), by="mrd_day46")
    assert SUBGROUPS.sentences(result) == ("MRD on day 46, positive (≥ 0.01 %): no hazard ratio (no patients).",)
    check_shown(SUBGROUPS, result, params)


def test_nobody_left() -> None:
    result, params = estimate(Clause("platelets", low=1999))
    assert SUBGROUPS.sentences(result) == ("No hazard ratio can be given: no patients.",)
    assert headline(SUBGROUPS, result, "Children") == "0"
    check_shown(SUBGROUPS, result, params)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("died", [0, 1])
def test_very_few_patients(n: int, died: int) -> None:
    patients = patients_of(REFERENCE)
    few = patients[patients["os_event"] == died].head(n)
    cohort = open_cohort(few[["patient_id", "sex", "immunophenotype", "os_days", "os_event"]])
    for within in ("every", "usual", "immunophenotype"):
        result, params = estimate(source=cohort, by="sex", within=within)
        check_shown(SUBGROUPS, result, params)


def test_reasons_speak_in_labels() -> None:
    result, params = estimate(endpoint="efs_relapse", by="second_remission", within="immunophenotype")
    html = SUBGROUPS.figure(result, params).html
    assert "no children in the group “not reached”" in html
    (said,) = [s for s in SUBGROUPS.sentences(result) if s.startswith("Immunophenotype")]
    assert said == ("Immunophenotype: no test of interaction (no two subgroups have patients of the same two groups).")


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), file=st.sampled_from(FILES))
def test_any_filter_and_any_choice(data: st.DataObject, file: str) -> None:
    cohort = cohort_of(file)
    cohort_filter, params = data.draw(filters(file)), data.draw(params_of(SUBGROUPS, cohort))
    result = run(SUBGROUPS, cohort, cohort_filter, params)
    check_shown(SUBGROUPS, result, params)
    n_filtered = len(select(patients_of(file), cohort_filter))
    assert result.frame.n + sum(n for _, n in SUBGROUPS.left_out(result)) == n_filtered
    for subgrouping in result.subgroupings:
        base = [t for t in subgrouping.effects.overall if t.subgroup is None]
        assert all(t.n + t.n_reference <= result.frame.n for t in base)


# What is shown and handed out


def plan_of(result: Any) -> Any:
    assert SUBGROUPS.planning is not None
    return SUBGROUPS.planning.make(result, {})


def test_sentences_give_each_test_of_interaction_with_its_hazard_ratios() -> None:
    result, _ = estimate(**EFS)
    girls, boys = (effect.ratio for effect in result.shown(result.subgroupings[0]))
    p = format_p(result.subgroupings[0].effects.interaction.p_value)
    assert SUBGROUPS.sentences(result)[1] == (
        f"Sex: hazard ratios, 50 × 10⁹/L and over against under 50 × 10⁹/L: "
        f"girls {format_ratio(girls.value)} ({format_interval(girls.interval)}) and boys "
        f"{format_ratio(boys.value)} ({format_interval(boys.interval)}); test of interaction, p = {p}; this does not show that "
        "the hazard ratio differs between them, nor that it is the same."
    )
    one, other = (result.detectable["sex"][sex, result.levels[0]] for sex in ("female", "male"))
    apart = math.exp(2.801585218 * math.sqrt(1 / one.information + 1 / other.information))
    assert plan_of(result).sentences[1] == (
        f"Sex: a next study of this size would find one hazard ratio {format_ratio(apart)} times the other four times in five; "
        "less would often be missed."
    )


def test_what_could_have_been_found_in_all_children_and_in_each_subgroup() -> None:
    result, _ = estimate(**EFS)
    frame, n, n_event = result.frame, result.frame.n, result.frame.n_event
    test = logrank_test(frame.time, frame.event, frame.group, weight=frame.weight)
    information = (test.observed[1] - test.expected[1]) ** 2 / (test.statistic or 0)
    low, high = (format_ratio(math.exp(sign * 2.801585218 / math.sqrt(information))) for sign in (-1, 1))
    plan = plan_of(result)
    assert plan.sentences[0] == (
        f"A next study with {n_event} events among {n} children in groups of this size would find a hazard ratio of {low} or "
        f"less, or {high} or more, four times in five; a smaller difference would often be missed."
    )
    (table,) = plan.tables
    assert table.title == "What each subgroup of a next study would find"
    rows = {row[0]: row for row in table.rows}
    girls = next(e for e in result.shown(result.subgroupings[0]) if e.subgroup == "female")
    counts = f"{girls.n_event + girls.n_event_reference} of {girls.n + girls.n_reference}"
    found = result.detectable["sex"]["female", result.levels[0]]
    assert rows["girls"] == ("girls", counts, f"≤ {format_ratio(found.low)}", f"≥ {format_ratio(found.high)}")
    file = plan.frame.set_index(["variable", "level"])
    assert file.loc[("sex", "female"), "detectable_high"] == found.high


def test_the_file_holds_the_numbers_of_the_figure() -> None:
    result, params = estimate(endpoint="os_relapse", by="relapse_timing_bfm")
    frame = SUBGROUPS.downloads(result)["estimates"]
    assert frame["variable"].isna().sum() == len(result.terms) == 2
    assert len(frame) == 2 + sum(len(result.shown(s)) for s in result.subgroupings)
    tests = frame.dropna(subset=["variable"]).groupby("variable")["p_interaction"].first()
    for subgrouping in result.subgroupings:
        expected = subgrouping.effects.interaction.p_value
        assert (
            (np.isnan(float(tests[subgrouping.variable.name] or np.nan)))
            if expected is None
            else (tests[subgrouping.variable.name] == expected)
        )
    figure = SUBGROUPS.figure(result, params)
    assert isinstance(figure, HtmlFigure)
    assert figure.html.count("data-row=") == len(frame) + len(result.subgroupings)
