"""Published outcomes beside the cohort's: the same numbers as the file and the estimators, and never another clock."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort import Cohort, open_cohort, protect_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators import estimate_survival, read_curve
from analytics.reporting.literature import load_literature
from tests.analyses.shown import DAYS_PER_MONTH, REFERENCE, Shown, check_shown, cohort_of, patients_of, show, show_with

ANALYSIS = next(analysis for analysis in load_analyses() if analysis.slug == "published-outcomes")
EVERY = {"anchor": "every", "population": "every"}
PATIENTS = patients_of(REFERENCE)
PUBLISHED = {outcome.id: outcome for outcome in load_literature().outcomes}


def shown_of(cohort: Cohort | None = None, cohort_filter: CohortFilter | None = None, **choices: str) -> Shown:
    cohort = cohort or cohort_of(REFERENCE)
    params = {**ANALYSIS.defaults(cohort), **choices}
    shown = show(ANALYSIS, cohort, cohort_filter or CohortFilter(), params, policy=True)
    check_shown(shown)
    return shown


@pytest.fixture(scope="module")
def everything() -> Shown:
    return shown_of(**EVERY)


def survival(patients: pd.DataFrame, time: str, event: str, years: float) -> float | None:
    known = patients.dropna(subset=[time, event])
    (curve,) = estimate_survival(known[time] / DAYS_PER_MONTH, known[event]).curves
    return read_curve(curve, [12 * years])[0].value


def test_numbers_are_those_of_the_file_and_of_the_estimators(everything: Shown) -> None:
    found = {c.outcome.id: c for c in everything.result.compared}
    rows = everything.files["comparison"]
    assert len(found) == len(rows) > 50
    assert rows["published"].tolist() == [c.outcome.value for c in everything.result.compared]
    relapsed = PATIENTS[PATIENTS["relapsed"] == 1]
    after, from_start = ("os_relapse_days", "os_relapse_event"), ("os_days", "os_event")
    for name, patients, columns in (
        ("cog-2024-all", relapsed, after),
        ("cog-2024-b-early", relapsed.query("immunophenotype == 'B' and relapse_days < 18 * 30.4375"), after),
        ("ccg-1998-marrow", relapsed.query("relapse_site == 'isolated marrow'"), after),
        ("cccg-2021-os", PATIENTS, from_start),
        ("eliana-os", relapsed, ("os_cart_days", "os_relapse_event")),
        ("aieop-2011-os", relapsed, ("os_hsct_days", "os_relapse_event")),
    ):
        expected = survival(patients, *columns, PUBLISHED[name].years)
        assert found[name].here.value == (None if expected is None else pytest.approx(expected, rel=1e-12))
        assert found[name].n == patients[columns[0]].notna().sum()
    assert found["cog-2024-infants"].here.value is None  # nobody is followed for so long


def test_nothing_is_held_against_another_clock(everything: Shown) -> None:
    for c in everything.result.compared:
        origin = {"relapse": "first relapse", "infusion": "CAR-T infusion"}.get(c.outcome.anchor, c.outcome.anchor)
        assert c.endpoint.origin == origin
        assert c.endpoint.is_death == (c.outcome.endpoint == "overall survival")
    listed = {o.anchor for o in everything.result.listed}
    assert "randomisation" in listed and "randomisation" not in {c.outcome.anchor for c in everything.result.compared}


def test_who_cannot_be_told_is_everybody_and_said_so(everything: Shown) -> None:
    whom = {c.outcome.id: c.whom for c in everything.result.compared}
    assert {name for name, who in whom.items() if who == "instead"} == {"cog-2024-trisomies", "cog-2024-hypodiploid"}
    assert "everybody-instead" in {note.code for note in everything.notes}
    columns = ["patient_id", "relapsed", "relapse_days", "os_relapse_days", "os_relapse_event"]
    bare = shown_of(open_cohort(PATIENTS[columns]), **EVERY)
    assert {c.outcome.id for c in bare.result.compared if c.whom == "matched"} <= {
        o for o in PUBLISHED if "early" in o or "intermediate" in o or "late" in o
    }
    assert {c.endpoint.name for c in bare.result.compared} == {"os_relapse"}
    assert [c.n for c in bare.result.compared if c.outcome.id == "cog-2024-t"] == [64]


def test_the_selection_is_respected() -> None:
    girls = CohortFilter((Clause("sex", ("female",)), Clause("immunophenotype", ("B",))))
    shown = shown_of(cohort_filter=girls, population="every")
    found = {c.outcome.id: c for c in shown.result.compared}
    n = len(PATIENTS.query("relapsed == 1 and sex == 'female' and immunophenotype == 'B'"))
    assert found["cog-2024-all"].n == found["cog-2024-b"].n == n
    assert found["cog-2024-t"].here.reason is not None and found["cog-2024-t"].here.reason.code == "no-patients"


def test_few_are_not_estimated_from() -> None:
    few = CohortFilter((Clause("age_years", low=11.0), Clause("relapse_site_group", ("isolated extramedullary",))))
    shown = shown_of(cohort_filter=few)
    assert {c.here.value for c in shown.result.compared} == {None}
    assert "counts-only" in {note.code for note in shown.notes} or not shown.result.frame.n


def test_choices_narrow_what_is_listed(everything: Shown) -> None:
    assert len(everything.result.listed) == len(PUBLISHED)
    assert len(everything.files["published"]) == len(PUBLISHED)
    late = shown_of(**EVERY, era="from 2010").result.listed
    assert late and all(o.series.era and o.series.era[1] >= 2010 for o in late)
    unknown = shown_of(**EVERY, era="not given").result.listed
    assert {o.series.id for o in unknown} == {"ccg-1952", "cibmtr", "germany"}
    trials = shown_of(anchor="randomisation", population="arm")
    assert not trials.result.compared and len(trials.result.listed) == 12
    assert "against none" in trials.document.answer()[0]


def test_of_protected_children_only_what_may_be_told() -> None:
    cohort = protect_cohort(cohort_of(REFERENCE), 5)
    shown = shown_of(cohort, **EVERY)
    for c in shown.result.compared:
        assert c.n == 0 or c.n >= 5
        assert c.here.value is None or c.here.n >= 5
    assert shown.result.compared and any(c.here.value is not None for c in shown.result.compared)


# Drawn over curves

BY_SITE = next(analysis for analysis in load_analyses() if analysis.slug == "survival-by-site")
MEANS = next(analysis for analysis in load_analyses() if analysis.slug == "mean-survival")
BY_ANY = next(analysis for analysis in load_analyses() if analysis.slug == "survival-by-variable")


def drawn_over(analysis: Analysis[Any, Any], **choices: Any) -> Shown:
    shown = show_with(analysis, policy=True, **choices)
    check_shown(shown)
    return shown


def points_of(shown: Shown) -> list[Any]:
    return [t for t in shown.figure.data if str(t.legendgroup).startswith("published")]


@pytest.mark.parametrize("analysis", [BY_SITE, MEANS], ids=lambda a: a.slug)
def test_points_are_off_at_first_and_change_nothing_else(analysis: Analysis[Any, Any]) -> None:
    off, on = drawn_over(analysis), drawn_over(analysis, published=("tianjin",))
    assert not points_of(off) and "source" not in off.files["estimates"]
    assert points_of(on) and "Tianjin" in on.alt_text and on.caption != off.caption
    assert len(on.tables) == len(off.tables) + 2
    printed = on.files["estimates"].iloc[len(off.files["estimates"]) :]
    assert (
        printed["estimate"].tolist()[0] == PUBLISHED["tianjin-all"].value and (printed["unit"] == "probability").all()
    )
    assert "populations-differ" not in {note.code for note in off.notes}
    assert on.sentences == off.sentences and on.headlines == off.headlines
    assert (
        on.files["estimates"].iloc[: len(off.files["estimates"])]["estimate"].equals(off.files["estimates"]["estimate"])
    )


def test_points_are_those_of_everybody_and_of_the_groups_drawn() -> None:
    shown = drawn_over(BY_SITE, published=("tianjin", "cog-2024"))
    ids = [outcome.id for outcome in shown.result.published]
    assert ids == ["cog-2024-all", "tianjin-all", "tianjin-extramedullary", "tianjin-marrow", "tianjin-combined"]
    points = points_of(shown)
    assert [(t.y[0], t.error_y.array[0]) for t in points] == [
        (pytest.approx(100 * o.value), pytest.approx(100 * ((o.interval.high or 1) - o.value), abs=0.01))
        for o in shown.result.published
        if o.interval is not None
    ]
    assert all(abs(t.x[0] - 60) < 8 for t in points) and len({t.x[0] for t in points}) == len(points)
    lines = {t.legendgroup: t.line.color for t in shown.figure.data if t.mode == "lines" and t.line.color}
    assert points[3].marker.line.color == lines["isolated marrow"]
    # Drawn over every line: only the table of counts comes later.
    last_line = max(i for i, t in enumerate(shown.figure.data) if t.mode == "lines")
    assert min(i for i, t in enumerate(shown.figure.data) if t in points) > last_line
    for number, outcome in enumerate(shown.result.published):
        assert outcome.who in shown.alt_text and points[number].name.startswith("ABCDE"[number])
    assert "infants, adolescents and young adults included" in shown.caption
    rows = shown.files["estimates"].query("term.str.startswith('published')")
    assert rows["estimate"].tolist() == [o.value for o in shown.result.published]
    assert (
        rows["source"].str.len().min() > 0 or rows["source"].iloc[1:].eq(PUBLISHED["tianjin-all"].series.citation).all()
    )
    assert len(shown.tables) == len(drawn_over(BY_SITE).tables) + 2


def test_no_point_of_another_clock_is_drawn() -> None:
    chosen = tuple(series.id for series in load_literature().series)
    offered = {value for c in BY_ANY.controls(cohort_of(REFERENCE)) if c.name == "published" for value, _ in c.options}
    for endpoint, anchor in (
        ("os_relapse", "relapse"),
        ("efs_relapse", "relapse"),
        ("os_diagnosis", "diagnosis"),
        ("os_cart", "infusion"),
        ("os_hsct", "HSCT"),
        ("os_relapse_after_hsct", None),
        ("os_salvage", None),
    ):
        shown = drawn_over(BY_ANY, endpoint=endpoint, by="everyone", published=chosen)
        assert {o.anchor for o in shown.result.published} <= ({anchor} if anchor else set())
        assert len(points_of(shown)) == len(shown.result.published)
    assert offered < set(chosen) and "r3" not in offered  # from randomisation alone
    shown = drawn_over(BY_ANY, by="everyone", published=("eliana",))
    assert not shown.result.published and "Not drawn" in shown.caption and "ELIANA" in shown.caption


def test_the_axis_reaches_to_every_point() -> None:
    girls = drawn_over(BY_ANY, endpoint="os_hsct", by="everyone", published=("aieop",))
    (point,) = points_of(girls)
    assert point.x[0] == 120 and girls.figure.layout.xaxis.range[1] > 120


def test_choices_go_through_a_link() -> None:
    cohort = cohort_of(REFERENCE)
    for analysis, name, value in ((BY_SITE, "published", ("cog-2024", "tianjin")), (ANALYSIS, "population", "site")):
        control = next(c for c in analysis.controls(cohort) if c.name == name)
        texts = control.to_text(value)
        read = [control.value(text) for text in texts]
        assert read == (list(value) if isinstance(value, tuple) else [value]) and control.allows(value)
