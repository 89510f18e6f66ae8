"""HSCT, CAR-T and chemotherapy compared with one another: against R, and against counts made from the file with pandas."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.analyses import load_analyses
from analytics.analyses.salvage_treatments import SalvageAnalysis
from analytics.cohort import open_cohort, protect_cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import Clause, CohortFilter
from analytics.comparisons.treatment import AT_LANDMARK, AT_START
from analytics.reporting.regression import has_few_events
from analytics.results import HazardRatio, treated_terms
from tests.analyses.shown import (
    DATA,
    DAYS_PER_MONTH,
    REFERENCE,
    Shown,
    analysis_of,
    check_shown,
    patients_of,
    show_with,
)

ANALYSIS = analysis_of(SalvageAnalysis.slug)
STATES = CHEMOTHERAPY, CART, HSCT = ("chemotherapy so far", "CAR-T", "HSCT")
R = json.loads((Path(__file__).parents[1] / "reference" / "salvage_reference.json").read_text())


def shown_of(case: dict[str, Any], **choices: Any) -> Shown:
    """The page with the choices of a case of R."""
    clock = {"clock": AT_START} if case["day"] is None else {"clock": AT_LANDMARK, "landmark": case["day"]}
    return show_with(ANALYSIS, relapses=case["relapses"], **clock, **choices)


def ratios_of(shown: Shown) -> dict[tuple[str, str], HazardRatio]:
    """The ratio of every pair, by reference and level."""
    models = (shown.result.hazard, *shown.result.others)
    references = [next(t.level for t in m.terms if t.is_reference and t.variable == "treatment") for m in models]
    return {(str(r), str(t.level)): t for r, m in zip(references, models, strict=True) for t in treated_terms(m)}


def value_of(term: HazardRatio) -> float:
    """A ratio that is there."""
    assert term.ratio.value is not None
    return term.ratio.value


@pytest.mark.parametrize("case", R["cases"], ids=lambda case: f"{case['relapses']}-{case['day']}")
def test_every_ratio_and_test_is_that_of_r(case: dict[str, Any]) -> None:
    for adjust, expected in (((), case["ratios"]), (("sex",), case["adjusted"])):
        shown = shown_of(case, adjust=adjust)
        found = ratios_of(shown)
        for ratio in expected:
            term = found[ratio["reference"], ratio["level"]]
            assert np.log(value_of(term)) == pytest.approx(ratio["log_ratio"], rel=1e-7, abs=1e-9)
            assert term.ratio.std_error == pytest.approx(ratio["std_error"], rel=1e-6)
            assert term.statistic_lr == pytest.approx(ratio["statistic"], rel=1e-6, abs=1e-9)
            assert term.p_value == pytest.approx(ratio["p_value"], rel=1e-6)
        result = shown.result
        assert result.test.statistic == pytest.approx(case["test"]["statistic"], rel=1e-7)
        assert {c.group: (c.n, c.n_event) for c in result.curves.curves} == {
            state: (case["n"][state], case["n_event"][state]) for state in STATES
        }
        for pair, theirs in zip(result.pairs, case["pairs"], strict=True):
            assert (pair.group_a, pair.group_b) == (theirs["a"], theirs["b"])
            assert (pair.test.p_value, pair.p_adjusted) == pytest.approx(
                (theirs["p_value"], theirs["p_holm"]), rel=1e-7
            )


@pytest.mark.parametrize("reference", STATES)
def test_any_group_can_be_the_reference(reference: str) -> None:
    value = "chemotherapy" if reference == CHEMOTHERAPY else reference
    shown = show_with(ANALYSIS, against=value, landmark=150)
    plain = ratios_of(show_with(ANALYSIS, landmark=150))
    found = ratios_of(shown)
    assert {level for ref, level in found if ref == reference} == set(STATES) - {reference}
    for (one, other), term in found.items():
        if (one, other) in plain:
            assert value_of(term) == pytest.approx(value_of(plain[one, other]), rel=1e-7)
        else:
            assert value_of(term) == pytest.approx(1 / value_of(plain[other, one]), rel=1e-7)
    (table,) = (t for t in shown.tables if t.title.startswith("Hazard ratios"))
    named = [row[0] for row in table.rows]
    others = [state for state in STATES if state != reference]
    assert named == [f"Treatment: {s}" for s in (reference, *others)] + [f"Treatment: {others[1]} against {others[0]}"]
    assert not any(h.label.startswith("Hazard ratio") for h in shown.headlines), "too few events for one at the top"
    assert re.fullmatch(r"\d+ of \d+ · \d+ of \d+ · \d+ of \d+", shown.headline("Deaths"))


@pytest.mark.parametrize("day", [60, 120, 180, 365])
@pytest.mark.parametrize("relapses", ["marrow", "all"])
def test_groups_and_who_changed_later_are_those_of_the_file(day: int, relapses: str) -> None:
    children = patients_of(REFERENCE)
    children = children[children["relapsed"] == 1]
    if relapses == "marrow":
        children = children[children["relapse_site"].str.contains("marrow")]
    left = children[children["os_relapse_days"] > day]

    def group(until: pd.Series | float) -> np.ndarray:
        return np.select([left["hsct_days"] <= until, left["cart_days"] <= until], [HSCT, CART], CHEMOTHERAPY)

    by, last = group(day), group(left["os_relapse_days"])
    shown = show_with(ANALYSIS, landmark=day, relapses=relapses)
    assert shown.headline("Alive and followed at the landmark") == f"{len(left)} of {len(children)}"
    died = left["os_relapse_event"].to_numpy() == 1
    counts = [f"{(died & (by == s)).sum()} of {(by == s).sum()}" for s in STATES if (by == s).any()]
    if has_few_events(shown.result.hazard):
        assert shown.headline("Deaths") == " · ".join(counts)
    else:
        sizes = " · ".join(str((by == s).sum()) for s in STATES)
        assert shown.headline("Chemotherapy so far · CAR-T · HSCT") == sizes
    moves = {(row["from"], row["to"]): row["n"] for row in shown.files["later-treatment"].to_dict("records")}
    assert moves == {(a, b): ((by == a) & (last == b)).sum() for a in STATES for b in STATES if a != b}
    (table,) = (t for t in shown.tables if t.title == "Who changed treatment later")
    assert table.columns == ("Group", "Children", "Then CAR-T", "Then HSCT")
    assert [row[:2] for row in table.rows] == [(s, str((by == s).sum())) for s in STATES]
    assert (shown.used.n, shown.used.n_event) == (len(left), left["os_relapse_event"].sum())


def test_treatment_as_it_changes_starts_with_salvage_treatment() -> None:
    shown = show_with(ANALYSIS, clock=AT_START, policy=True)
    children = patients_of(REFERENCE)
    children = children[children["marrow_relapse"] == "marrow"]
    first = shown.result.curves.curves[0]
    assert float(first.entry[0]) == pytest.approx(children["salvage_days"].min() / DAYS_PER_MONTH)
    changed = shown.note("switching-risk-sets")
    assert changed.severity == "info"
    assert "start-unknown" not in shown.codes
    frame = pd.read_csv(DATA / REFERENCE).drop(columns="salvage_days")
    without = show_with(ANALYSIS, source=open_cohort(frame), clock=AT_START)
    assert "start-unknown" in without.codes and not len(without.result.curves.curves[0].entry)
    check_shown(shown)


def test_a_death_on_the_day_on_which_treatment_begins_is_one_under_it() -> None:
    frame = pd.read_csv(DATA / REFERENCE)
    row = frame.index[frame["relapsed"] == 1][frame.loc[frame["relapsed"] == 1, "os_relapse_event"] == 1][0]
    frame.loc[row, ["salvage_days", "os_relapse_days"]] = 9
    frame.loc[row, ["cart_days", "hsct_days", "second_relapse_days"]] = np.nan
    frame.loc[row, "salvage_treatment"] = "chemotherapy"
    shown = show_with(ANALYSIS, source=open_cohort(frame), clock=AT_START, relapses="all")
    first = shown.result.curves.curves[0]
    assert 9 / DAYS_PER_MONTH in first.time[first.n_event_at > 0]
    frame.loc[row, "salvage_days"] = np.nan
    left = dict(show_with(ANALYSIS, source=open_cohort(frame), clock=AT_START, relapses="all").left_out)
    assert left["no salvage treatment, or begun on an unknown day"] == 1


def test_the_naive_curves_are_an_overlay_with_its_warning() -> None:
    plain, naive = show_with(ANALYSIS), show_with(ANALYSIS, naive=True)
    assert "immortal-time" not in plain.codes
    assert naive.note("immortal-time").severity == "warning"
    names = [str(trace.name) for trace in naive.figure.data if str(trace.name).startswith("naive")]
    assert names == ["naive: chemotherapy alone", "naive: CAR-T", "naive: HSCT"]
    assert not [trace for trace in plain.figure.data if str(trace.name).startswith("naive")]
    # Where each child was at last, from relapse on.
    children = patients_of(REFERENCE)
    last = children[children["marrow_relapse"] == "marrow"]["salvage_treatment"].value_counts()
    assert {c.group: c.n for c in naive.result.naive_curves.curves} == {
        CHEMOTHERAPY: last["chemotherapy"],
        CART: last["CAR-T"],
        HSCT: last["HSCT"],
    }


@pytest.mark.parametrize("clock", [AT_LANDMARK, AT_START])
@pytest.mark.parametrize(
    ("absent", "states"),
    [("cart_days", ("chemotherapy or CAR-T so far", HSCT)), ("hsct_days", ("chemotherapy or HSCT so far", CART))],
)
def test_what_the_file_does_not_know_of_is_named(absent: str, states: tuple[str, ...], clock: str) -> None:
    cohort = open_cohort(pd.read_csv(DATA / REFERENCE).drop(columns=absent))
    shown = show_with(ANALYSIS, source=cohort, clock=clock, policy=True)
    assert tuple(curve.group for curve in shown.result.curves.curves) == states
    (control,) = (c for c in ANALYSIS.controls(cohort) if c.name == "against")
    assert tuple(label for _, label in control.options) == states
    assert not shown.result.pairs
    check_shown(shown)


def test_without_any_day_of_treatment_the_page_is_not_offered() -> None:
    cohort = open_cohort(pd.read_csv(DATA / REFERENCE).drop(columns=["cart_days", "hsct_days"]))
    assert ANALYSIS.missing(cohort)


def test_it_is_refused_where_small_numbers_are_protected() -> None:
    cohort = protect_cohort(open_cohort(DATA / REFERENCE), 5)
    with pytest.raises(SuppressedError, match="no protected form"):
        ANALYSIS.run(cohort, CohortFilter(), ANALYSIS.defaults(cohort))


def test_marrow_relapses_alone_are_those_of_the_selection() -> None:
    elsewhere = Clause("marrow_relapse", ("isolated extramedullary",))
    shown = show_with(ANALYSIS, elsewhere, relapses="marrow", policy=True)
    stages = shown.document.attrition()
    assert stages[-2].n == 0
    assert [stage.left for stage in stages if stage.kind == "eligible"] == [stages[1].n]


def test_it_opens_first_in_its_section() -> None:
    treatment = [analysis for analysis in load_analyses() if analysis.section == "Treatment"]
    assert treatment[0].title == "HSCT, CAR-T or chemotherapy"


@pytest.mark.parametrize("reference", STATES)
def test_the_naive_answer_compares_the_three_treatments_too(reference: str) -> None:
    """Each landmark gives the ratios of this page, and every row names its treatment."""
    value = "chemotherapy" if reference == CHEMOTHERAPY else reference
    naive = analysis_of("naive-answer")
    shown = show_with(naive, history="salvage", against=value)
    check_shown(shown)
    others = [state for state in STATES if state != reference]
    for other in others:
        assert f"{other} against {reference}" in shown.alt_text and f"Landmark, day 180: {other}" in shown.alt_text
    model = shown.result.answers[-1].model
    assert model.events_per_parameter < 10 and re.fullmatch(r"(\d+ of \d+( · )?)+", shown.headline("Deaths"))
    for answer in shown.result.answers:
        if answer.landmark is None:
            continue
        day = round(answer.landmark.landmark * DAYS_PER_MONTH)
        own = show_with(ANALYSIS, against=value, landmark=day).result.hazard
        for term, mine in zip(treated_terms(answer.model), treated_terms(own), strict=True):
            assert (term.level, term.ratio.value) == (mine.level, mine.ratio.value)
    last = shown.result.answers[0].model
    assert next(t.n for t in last.terms if t.level == HSCT) == 40
