"""Subgroups from file to sentence: against Cox models of the patients of each subgroup, and on odd cases."""

from __future__ import annotations

import math
import re
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from scipy.stats import chi2

from analytics.analysis import to_reference
from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause
from analytics.document import HtmlFigure
from analytics.estimators import logrank_test
from analytics.formats import format_interval, format_p, format_ratio
from tests.analyses.shown import (
    DAYS_PER_MONTH,
    FILES,
    REFERENCE,
    analysis_of,
    check_shown,
    cohort_of,
    filters,
    params_of,
    patients_of,
    select,
    show,
    show_with,
)

SUBGROUPS = analysis_of("subgroups")
show_subgroups = partial(show_with, SUBGROUPS)
EFS = {"endpoint": "efs_diagnosis", "by": "white_cells_group", "within": "sex"}
TIGHT = {"fit_options": {"precision": 1e-12, "max_steps": 200}}


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
    shown = show_subgroups(**EFS)
    patients = white_cells_and_events()
    parts = {None: patients, "female": patients[patients["boy"] == 0], "male": patients[patients["boy"] == 1]}
    (term,) = shown.result.terms
    (sex,) = shown.result.subgroupings
    ratios = {None: term.hazard_ratio} | {effect.subgroup: effect.ratio for effect in sex.shown(shown.result.contrast)}
    html = shown.figure.html
    for level, part in parts.items():
        fitted = CoxPHFitter().fit(part[["time", "event", "high"]], "time", "event", **TIGHT)
        assert ratios[level].value == pytest.approx(fitted.hazard_ratios_["high"], rel=1e-5)
        assert ratios[level].std_error == pytest.approx(fitted.standard_errors_["high"], rel=1e-5)
        assert f"<b>{format_ratio(ratios[level].value)}</b>" in html
        high = part[part["high"] == 1]
        assert f"{high['event'].sum():.0f} of {len(high)}" in html
    assert list(ratios) == [None, "female", "male"]
    check_shown(shown)


def test_the_test_of_interaction_is_that_of_the_product() -> None:
    shown = show_subgroups(**EFS)
    patients = white_cells_and_events().assign(product=lambda f: f["high"] * f["boy"])
    columns = ["time", "event", "high", "boy"]
    small = CoxPHFitter().fit(patients[columns], "time", "event", **TIGHT)
    large = CoxPHFitter().fit(patients[[*columns, "product"]], "time", "event", **TIGHT)
    statistic = 2 * (large.log_likelihood_ - small.log_likelihood_)
    test = shown.result.subgroupings[0].effects.interaction
    assert test.statistic == pytest.approx(statistic, rel=1e-4, abs=1e-8)
    assert test.p_value == pytest.approx(chi2.sf(statistic, 1), rel=1e-4)
    assert f'<td class="forest-p">{format_p(test.p_value)}</td>' in shown.figure.html


def test_subgroups_have_no_p_of_their_own_in_the_figure() -> None:
    shown = show_subgroups(**EFS)
    html = shown.figure.html
    assert len([p for p in re.findall(r'<td class="forest-p">(.*?)</td>', html) if p]) == 1


# Choices


@pytest.mark.slow
def test_the_usual_variables_are_known_when_the_clock_starts_and_not_made_of_the_groups() -> None:
    shown = show_subgroups(endpoint="os_relapse", by="relapse_site")
    assert [s.variable.name for s in shown.result.subgroupings] == [
        "age_group",
        "sex",
        "immunophenotype",
        "white_cells_group",
        "mrd_day46",
        "relapse_timing_bfm",
    ]
    shown = show_subgroups(endpoint="os_diagnosis", by="age_group")
    assert [s.variable.name for s in shown.result.subgroupings] == ["sex", "immunophenotype", "white_cells_group"]


def test_every_variable_is_one_that_the_cohort_offers() -> None:
    shown = show_subgroups(endpoint="os_diagnosis", by="thrombocytopenia", within="every")
    names = {s.variable.name for s in shown.result.subgroupings}
    assert {"age_group", "sex", "cns_status", "bcr_abl1"} <= names
    assert not names & {"thrombocytopenia", "platelets_group", "mrd_day46", "relapse_site"}


def test_levels_and_references_can_be_chosen() -> None:
    shown = show_subgroups(endpoint="efs_relapse", by="relapse_timing_bfm", within="sex")
    assert (shown.result.contrast.reference, shown.result.contrast.levels) == ("late", ("very early", "early"))
    assert len(shown.result.subgroupings[0].shown(shown.result.contrast)) == 4
    one = show_subgroups(
        endpoint="efs_relapse",
        by="relapse_timing_bfm",
        within="sex",
        reference=(to_reference("relapse_timing_bfm", "early"),),
        level=(to_reference("relapse_timing_bfm", "very early"), to_reference("sex", "male")),
    )
    assert (one.result.contrast.reference, one.result.contrast.levels) == ("early", ("very early",))
    assert "Time of relapse (BFM): very early against early" in one.figure.html
    check_shown(one)


def test_the_reference_alone_is_no_comparison() -> None:
    chosen = (to_reference("sex", "female"),)
    shown = show_subgroups(by="sex", within="immunophenotype", level=chosen)
    assert shown.sentences == ("No hazard ratio can be given: no level is compared.",)
    assert "There is nothing to compare." in shown.figure.html
    check_shown(shown)


def test_groups_are_not_divided_by_themselves_nor_stratified_by_themselves() -> None:
    shown = show_subgroups(by="sex", within="sex", strata="sex")
    assert shown.result.subgroupings == () and shown.result.frame.strata is None
    check_shown(shown)


def test_stratification_is_said() -> None:
    shown = show_subgroups(**EFS, strata="immunophenotype")
    assert "Cox regression, stratified by Immunophenotype." in shown.figure.html
    plain = show_subgroups(**EFS)
    assert shown.result.terms[0].hazard_ratio.value != pytest.approx(plain.result.terms[0].hazard_ratio.value, rel=1e-6)


# Notes


def test_the_reader_is_told_how_many_subgroups_there_are_and_what_to_read() -> None:
    shown = show_subgroups(endpoint="efs_diagnosis", by="white_cells_group")
    (note,) = [n for n in shown.notes if n.code == "number-of-subgroups"]
    assert note.text.replace("\u00a0", " ").startswith(
        "7 subgroups by 3 variables are looked at. Were the hazard ratio the same in all of them, the chance that at least one "
        "of 3 tests of interaction falls below 0.05 would still be about 14 %."
    )
    assert "10.1056/NEJMsr077003" in note.remedy and "test of interaction" in note.remedy
    one = show_subgroups(**EFS)
    (note,) = [n for n in one.notes if n.code == "number-of-subgroups"]
    assert note.text.startswith("2 subgroups by 1 variable are looked at. A subgroup whose interval")


def test_groups_and_subgroups_that_form_later_are_warned_of() -> None:
    codes = {n.code for n in show_subgroups(by="hsct_group").notes}
    assert "post-baseline" in codes and "post-baseline-adjustment" not in codes
    codes = {n.code for n in show_subgroups(by="sex", within="salvage_treatment").notes}
    assert "post-baseline-adjustment" in codes and "post-baseline" not in codes
    codes = {n.code for n in show_subgroups(Clause("salvage_treatment", ("HSCT",)), by="sex").notes}
    assert "post-baseline-selection" in codes


def test_subgroups_without_events_in_a_group_are_fitted_by_firth_and_noted() -> None:
    shown = show_subgroups(endpoint="os_relapse", by="mrd_day46", within="age_group")
    assert "firth" in {e.method for e in shown.result.subgroupings[0].shown(shown.result.contrast)}
    (note,) = [n for n in shown.notes if n.code == "subgroup-sparse"]
    assert note.text.startswith("In at least one subgroup by Age group nobody")
    assert "Firth’s penalised likelihood where nobody" in shown.figure.html


def test_a_test_of_interaction_without_events_in_a_group_is_called_approximate() -> None:
    shown = show_subgroups(endpoint="os_relapse", by="mrd_day46", within="white_cells_group")
    p = format_p(shown.result.subgroupings[0].effects.interaction.p_value)
    assert (
        f"test of interaction, p = {p} (approximate: a group without events); the hazard ratio differs between them by more "
        "than chance alone would readily explain in a single test."
    ) in shown.sentences[1]


# Odd cases


def test_one_group_alone_is_said_once() -> None:
    shown = show_subgroups(Clause("mrd_day46", ("negative",)), by="mrd_day46")
    assert shown.sentences == ("MRD on day 46, positive (≥ 0.01 %): no hazard ratio (no children).",)
    check_shown(shown)


def test_nobody_left() -> None:
    shown = show_subgroups(Clause("platelets", low=1999))
    assert shown.sentences == ("No hazard ratio can be given: no children.",)
    assert shown.headline("Children") == "0"
    check_shown(shown)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("died", [0, 1])
def test_very_few_patients(n: int, died: int) -> None:
    patients = patients_of(REFERENCE)
    few = patients[patients["os_event"] == died].head(n)
    cohort = open_cohort(few[["patient_id", "sex", "immunophenotype", "os_days", "os_event"]])
    for within in ("every", "usual", "immunophenotype"):
        shown = show_subgroups(source=cohort, by="sex", within=within)
        check_shown(shown)


def test_reasons_speak_in_labels() -> None:
    shown = show_subgroups(endpoint="efs_relapse", by="second_remission", within="immunophenotype")
    html = shown.figure.html
    assert "no children in the group “not reached”" in html
    (said,) = [s for s in shown.sentences if s.startswith("Immunophenotype")]
    assert said == ("Immunophenotype: no test of interaction (no two subgroups have children of the same two groups).")


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), file=st.sampled_from(FILES))
def test_any_filter_and_any_choice(data: st.DataObject, file: str) -> None:
    cohort = cohort_of(file)
    cohort_filter, params = data.draw(filters(file)), data.draw(params_of(SUBGROUPS, cohort))
    shown = show(SUBGROUPS, cohort, cohort_filter, params)
    check_shown(shown)
    n_filtered = len(select(patients_of(file), cohort_filter))
    assert shown.result.frame.n + sum(n for _, n in shown.left_out) == n_filtered
    for subgrouping in shown.result.subgroupings:
        base = [t for t in subgrouping.effects.overall if t.subgroup is None]
        assert all(t.n + t.n_reference <= shown.result.frame.n for t in base)


# What is shown and handed out


def test_sentences_give_each_test_of_interaction_with_its_hazard_ratios() -> None:
    shown = show_subgroups(**EFS)
    girls, boys = (effect.ratio for effect in shown.result.subgroupings[0].shown(shown.result.contrast))
    p = format_p(shown.result.subgroupings[0].effects.interaction.p_value)
    assert shown.sentences[1] == (
        f"Sex: hazard ratios, 50 × 10⁹/L and over against under 50 × 10⁹/L: "
        f"girls {format_ratio(girls.value)} ({format_interval(girls.interval)}) and boys "
        f"{format_ratio(boys.value)} ({format_interval(boys.interval)}); test of interaction, p = {p}; this does not show that "
        "the hazard ratio differs between them, nor that it is the same."
    )
    one, other = (shown.result.detectable["sex"][sex, shown.result.contrast.levels[0]] for sex in ("female", "male"))
    apart = math.exp(2.801585218 * math.sqrt(1 / one.information + 1 / other.information))
    assert shown.planning.made.sentences[1] == (
        f"Sex: a next study of this size would find one hazard ratio {format_ratio(apart)} times the other four times in five; "
        "less would often be missed."
    )


def test_what_could_have_been_found_in_all_children_and_in_each_subgroup() -> None:
    shown = show_subgroups(**EFS)
    frame, n, n_event = shown.result.frame, shown.result.frame.n, shown.result.frame.n_event
    test = logrank_test(frame.time, frame.event, frame.group, weight=frame.weight)
    information = (test.observed[1] - test.expected[1]) ** 2 / (test.statistic or 0)
    low, high = (format_ratio(math.exp(sign * 2.801585218 / math.sqrt(information))) for sign in (-1, 1))
    plan = shown.planning.made
    assert plan.sentences[0] == (
        f"A next study with {n_event} events among {n} children in groups of this size would find a hazard ratio of {low} or "
        f"less, or {high} or more, four times in five; a smaller difference would often be missed."
    )
    (table,) = plan.tables
    assert table.title == "What each subgroup of a next study would find"
    rows = {row[0]: row for row in table.rows}
    girls = next(e for e in shown.result.subgroupings[0].shown(shown.result.contrast) if e.subgroup == "female")
    counts = f"{girls.n_event + girls.n_event_reference} of {girls.n + girls.n_reference}"
    found = shown.result.detectable["sex"]["female", shown.result.contrast.levels[0]]
    assert rows["girls"] == ("girls", counts, f"≤ {format_ratio(found.low)}", f"≥ {format_ratio(found.high)}")
    file = plan.frame.set_index(["variable", "level"])
    assert file.loc[("sex", "female"), "detectable_high"] == found.high


def test_the_file_holds_the_numbers_of_the_figure() -> None:
    shown = show_subgroups(endpoint="os_relapse", by="relapse_timing_bfm")
    frame = shown.files["estimates"]
    assert frame["variable"].isna().sum() == len(shown.result.terms) == 2
    assert len(frame) == 2 + sum(len(s.shown(shown.result.contrast)) for s in shown.result.subgroupings)
    tests = frame.dropna(subset=["variable"]).groupby("variable")["p_interaction"].first()
    for subgrouping in shown.result.subgroupings:
        expected = subgrouping.effects.interaction.p_value
        assert (
            (np.isnan(float(tests[subgrouping.variable.name] or np.nan)))
            if expected is None
            else (tests[subgrouping.variable.name] == expected)
        )
    figure = shown.figure
    assert isinstance(figure, HtmlFigure)
    assert figure.html.count("data-row=") == len(frame) + len(shown.result.subgroupings)
