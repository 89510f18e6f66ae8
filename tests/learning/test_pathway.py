"""The pathway of the disease: every way counted anew with pandas, and its survival by lifelines and by R's survfit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from lifelines import KaplanMeierFitter

from analytics.cohort import open_cohort, protect_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.figures.glance.pathway import DrawnStep, DrawnWay, draw_pathway, list_pathway
from analytics.learning.mapping import Mapped
from analytics.learning.pathway import DAY, Pathway, Way, open_pathway
from analytics.reporting.curves import MILESTONES
from tests.intake.heart_transplants import heart_cohort

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "data" / "reference_cohort.csv"
COHORT = open_cohort(SOURCE)
R = json.loads((ROOT / "tests" / "reference" / "pathway_reference.json").read_text())
PATIENTS = pd.read_csv(SOURCE)
RELAPSED = PATIENTS[PATIENTS.relapsed == 1].assign(
    group=lambda p: p.relapse_site.map(
        lambda s: (
            "isolated marrow" if s == "isolated marrow"
            else "combined marrow and extramedullary" if "marrow" in s
            else "isolated extramedullary"
        )
    )
)  # fmt: skip
MONTH = 30.4375
FEWEST = 3  # patients at risk of whom an estimate is shown


def walk(ways: tuple[Way, ...]) -> Iterator[Way]:
    for way in ways:
        yield way
        yield from walk(way.within)


def ways_of(pathway: Pathway, step: str) -> dict[str, Way]:
    (found,) = [s for s in pathway.steps if s.id == step]
    return {way.id: way for way in walk(found.ways)}


def list_warnings(pathway: Pathway) -> list[str]:
    return [note.code for note in pathway.notes if note.severity == "warning"]


def plain(text: str) -> str:
    """A text with ordinary spaces, and without word joiners."""
    return re.sub("[\u2009\u202f\u00a0]", " ", unescape(text)).replace("\u2060", "")


@pytest.fixture(scope="module")
def pathway() -> Pathway:
    return open_pathway(COHORT, CohortFilter(), COHORT)


def check_survival(way: Way, patients: pd.DataFrame, name: str, days: str = "os_relapse_days") -> None:
    """The estimate at each milestone and its limits are those of lifelines, or few are at risk then."""
    event = days.replace("_days", "_event")
    fit = KaplanMeierFitter().fit(patients[days] / MONTH, patients[event])
    n_shown = 0
    for months, found in zip(MILESTONES, way.survival, strict=True):
        at_risk = int((patients[days] / MONTH >= months).sum())
        if found.value is None:
            assert at_risk < FEWEST, name
            continue
        n_shown += 1
        assert found.value == pytest.approx(float(fit.predict(months)), abs=1e-12), name
        assert found.n == at_risk
        died = patients[patients[event] == 1]
        if 0 < found.value < 1:
            limits = fit.confidence_interval_survival_function_
            low, high = limits[limits.index <= months].iloc[-1]
            assert found.interval is not None
            assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=1e-9), name
        elif found.value == 1:  # exact: nobody of those at risk has died
            assert found.interval is not None and found.interval.is_one_sided and died.empty
            assert found.interval.low == pytest.approx(0.05 ** (1 / at_risk), abs=1e-9)
    assert n_shown or len(patients) < 2 * FEWEST, name


def test_the_whole_and_those_who_relapsed(pathway: Pathway) -> None:
    (everyone,) = ways_of(pathway, "diagnosis").values()
    assert (everyone.n, everyone.n_event) == (len(PATIENTS), PATIENTS.os_event.sum()) == (436, 25)
    check_survival(everyone, PATIENTS, "everyone", "os_days")
    had, free = ways_of(pathway, "relapse").values()
    assert (had.n, had.n_event) == (64, RELAPSED.os_relapse_event.sum())
    check_survival(had, RELAPSED, "relapsed")
    others = PATIENTS[PATIENTS.relapsed == 0]
    assert (free.n, free.n_event, free.survival) == (372, others.os_event.sum(), ())


def test_ways_that_are_known_at_relapse(pathway: Pathway) -> None:
    columns = {"site": ("group", "relapse_site"), "time": ("relapse_timing_bfm",)}
    for step, names in columns.items():
        seen: set[str] = set()
        for column in names:
            for level, patients in RELAPSED.groupby(column):
                way = ways_of(pathway, step)[str(level)]
                assert (way.n, way.n_event) == (len(patients), patients.os_relapse_event.sum())
                assert way.n_followed is None
                check_survival(way, patients, str(level))
                seen.add(str(level))
        assert seen == set(ways_of(pathway, step))


def test_what_becomes_known_later_is_told_of_those_followed_on_a_day(pathway: Pathway) -> None:
    followed = RELAPSED[RELAPSED.os_relapse_days > DAY]
    ways = ways_of(pathway, "response")
    for column in ("second_remission", "mrd_after_reinduction"):
        for level, everyone in RELAPSED.groupby(column):
            way, patients = ways[str(level)], followed[followed[column] == level]
            assert (way.n, way.n_event) == (len(everyone), everyone.os_relapse_event.sum())
            assert way.n_followed == len(patients) < way.n
            if patients.os_relapse_event.all() or way.id == "no":
                assert way.survival[1].value == 0 and way.survival[1].interval is None
                continue
            check_survival(way, patients, f"{column} {level}")


def test_treatment_is_never_told_by_what_was_given_in_the_end(pathway: Pathway) -> None:
    ways = ways_of(pathway, "treatment")
    marrow = RELAPSED[RELAPSED.relapse_site.str.contains("marrow") & (RELAPSED.os_relapse_days > DAY)]
    by_day = pd.Series("chemotherapy", index=marrow.index)
    by_day[marrow.cart_days <= DAY] = "CAR-T"
    by_day[marrow.hsct_days <= DAY] = "HSCT"  # also after CAR-T
    for level, everyone in RELAPSED.groupby("salvage_treatment"):
        way = ways[str(level)]
        assert (way.n, way.n_event) == (len(everyone), everyone.os_relapse_event.sum())
        patients = marrow[by_day == level]
        assert way.n_followed == len(patients)
        check_survival(way, patients, str(level))
        # No clause about the treatment leads to the page that compares treatments, or to a map.
        assert way.opens is not None and way.opens.clauses == () and way.narrows is None
    # Those of the naive answer are others.
    fit = KaplanMeierFitter().fit(
        *(RELAPSED[RELAPSED.salvage_treatment == "HSCT"][c] for c in ("os_relapse_days", "os_relapse_event"))
    )
    naive = float(fit.predict(36 * MONTH))
    assert abs((ways["HSCT"].survival[1].value or 0) - naive) > 0.01


@pytest.mark.parametrize(
    ("step", "way", "name"),
    [
        ("site", "isolated marrow", "isolated marrow"),
        ("time", "very early", "very early"),
        ("response", "yes", "second remission, followed"),
    ],
)
def test_survival_is_that_of_survfit(pathway: Pathway, step: str, way: str, name: str) -> None:
    found, expected = ways_of(pathway, step)[way], R[name]
    assert (found.n_followed or found.n) == expected["n"]
    for place, at in enumerate(found.survival[:2]):
        assert at.interval is not None
        assert (at.value, at.interval.low, at.interval.high) == pytest.approx(
            (expected["estimate"][place], expected["low"][place], expected["high"][place]), abs=1e-9
        )
        assert at.n == expected["n_risk"][place]


def test_bands_have_everyone_once(pathway: Pathway) -> None:
    before = None
    for step in pathway.steps:
        if before is not None:
            for j, way in enumerate(step.ways):
                assert sum(n for _, target, n in step.flows if target == j) == way.n
            for i, way in enumerate(before.ways):
                left = sum(n for source, _, n in step.flows if source == i)
                assert left == (0 if way.id == "not" else way.n)
        before = step


def test_a_way_opens_its_page_with_its_selection(pathway: Pathway) -> None:
    marrow = ways_of(pathway, "site")["isolated marrow"]
    assert marrow.opens is not None and marrow.opens.page == "survival-by-site"
    assert marrow.opens.clauses == (Clause("relapse_site_group", ("isolated marrow",)),) == (marrow.narrows,)
    late = ways_of(pathway, "time")["late"]
    assert late.opens is not None and late.opens.choices["by"] == "relapse_timing_bfm"


def test_a_selection_is_counted_and_a_late_filter_warned_of() -> None:
    boys = open_pathway(COHORT, CohortFilter((Clause("sex", ("male",)),)), COHORT)
    assert boys.n == (PATIENTS.sex == "male").sum() and not boys.instead and list_warnings(boys) == []
    had = ways_of(boys, "relapse")["had"]
    check_survival(had, RELAPSED[RELAPSED.sex == "male"], "boys")
    reached = open_pathway(COHORT, CohortFilter((Clause("second_remission", ("yes",)),)), COHORT)
    assert list_warnings(reached) == ["post-baseline-selection"]


def test_nothing_is_told_from_diagnosis_of_those_chosen_by_what_came_later(pathway: Pathway) -> None:
    late = open_pathway(COHORT, CohortFilter((Clause("relapse_timing_bfm", ("late",)),)), COHORT)
    (everyone,) = ways_of(late, "diagnosis").values()
    assert (everyone.n, everyone.survival) == (18, ()) and not late.steps[1].incidence
    assert pathway.steps[1].incidence and list_warnings(late) == []
    assert ways_of(late, "relapse")["had"].survival[0].value == 1.0
    drawn = Mapped(late, 3).draw(lambda opens: "", lambda clause: "")
    assert drawn[0].said.startswith("From diagnosis on nothing is told") and "competing" not in drawn[1].said


def test_whose_follow_up_is_unknown_is_not_in_the_estimate_and_that_is_said(tmp_path: Path) -> None:
    path, patients = tmp_path / "unknown.csv", PATIENTS.copy()
    marrow = patients.index[patients.relapse_site == "isolated marrow"][:4]
    patients.loc[marrow, ["os_relapse_days", "os_relapse_event"]] = None
    patients.to_csv(path, index=False)
    found = open_pathway(open_cohort(path), CohortFilter(), COHORT)
    way = ways_of(found, "site")["isolated marrow"]
    assert (way.n, way.n_followed) == (46, 42)
    site = Mapped(found, 3).draw(lambda opens: "", lambda clause: "")[2]
    assert plain(site.ways[0].fared).startswith("of the 42 whose follow-up is known, alive at 3 years: ")


def test_a_treatment_that_nobody_followed_had_is_told_so() -> None:
    found = open_pathway(COHORT, CohortFilter((Clause("immunophenotype", ("T",)),)), COHORT)
    assert ways_of(found, "treatment")["chemotherapy"].n_followed == 0
    last = Mapped(found, 3).draw(lambda opens: "", lambda clause: "")[-1]
    assert last.ways[0].fared == "none of them was followed on day 180 after relapse in the marrow"


def test_incidence_of_relapse_is_that_of_its_page(pathway: Pathway) -> None:
    """The Aalen–Johansen estimate with death as the competing event, by hand: sum over days of S(before) d / n."""
    free = PATIENTS.assign(
        days=PATIENTS.relapse_days.where(PATIENTS.relapsed == 1, PATIENTS.os_days),
        cause=PATIENTS.relapsed.where(PATIENTS.relapsed == 1, 2 * PATIENTS.os_event),
    ).sort_values("days")
    alive, share = 1.0, 0.0
    for day, now in free[free.days / MONTH <= 36].groupby("days"):
        at_risk = (free.days >= day).sum()
        share += alive * (now.cause == 1).sum() / at_risk
        alive *= 1 - (now.cause > 0).sum() / at_risk
    assert pathway.steps[1].incidence[1].value == pytest.approx(share, abs=1e-12)


def test_without_columns_a_step_says_so(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    PATIENTS[["patient_id", "relapsed", "relapse_days", "os_relapse_days", "os_relapse_event"]].to_csv(
        path, index=False
    )
    cohort = open_cohort(path)
    found = open_pathway(cohort, CohortFilter(), COHORT)
    assert not found.instead and ways_of(found, "relapse")["had"].n == 64
    lacking = [step.id for step in found.steps if not step.ways]
    assert {"site", "response", "treatment"} <= set(lacking)
    drawn = {s.title: s for s in Mapped(found, 3).draw(lambda opens: "x", lambda clause: "")}
    assert drawn["Where it came back"].said == "This cohort has no data on it."


def test_the_reference_cohort_stands_in_and_that_is_said() -> None:
    free = CohortFilter((Clause("relapse_site", keep_missing=True),))
    cases = {
        "protected": (protect_cohort(open_cohort(SOURCE), 5, secret="of the tests of the pathway"), CohortFilter()),
        "other_disease": (heart_cohort(), CohortFilter()),
        "nobody": (COHORT, free),
    }
    for code, (cohort, asked) in cases.items():
        found = open_pathway(cohort, asked, COHORT)
        assert (found.instead, found.n) == (code, COHORT.n)
        mapped = Mapped(found, 3)
        assert "synthetic reference cohort" in mapped.instead
        ways = [way for step in mapped.draw(lambda opens: "somewhere", lambda clause: "map") for way in step.ways]
        assert not any(way.address or way.narrowed for way in ways), code  # the other pages show the open cohort
    assert not Mapped(open_pathway(COHORT, CohortFilter(), COHORT), 3).instead


def test_map_and_list_say_the_same(pathway: Pathway) -> None:
    mapped = Mapped(pathway, 3)
    steps = mapped.draw(lambda opens: f"{opens.page}?way", lambda clause: f"map?{clause.variable}")
    drawn, listed = plain(draw_pathway(steps, mapped.narrow)), plain(list_pathway(steps, mapped.narrow))

    def every(ways: tuple[DrawnWay, ...]) -> Iterator[DrawnWay]:
        for way in ways:
            yield way
            yield from every(way.within)

    for step in steps:
        for way in every(step.ways):
            for html in (drawn, listed):
                assert f'aria-label="{plain(way.said)}"' in html
    assert "alive at 3 years: 77.1 % (58.9–88.0)" in drawn and "opens “Survival by site”" in listed
    assert (
        "of the 27 followed who had had it by day 180, whatever came later, alive at 3 years: 78.1 % (54.7–90.4)"
        in listed
    )
    assert "isolated CNS, 7 of 12" in drawn
    at_five = Mapped(pathway, 5).draw(lambda opens: "", lambda clause: "")
    assert "alive at 5 years" in draw_pathway(at_five, "") and "href" not in draw_pathway(at_five, "")


def test_labels_of_a_file_are_escaped() -> None:
    way = DrawnWay("<b>x", "1 of 2", "<i>", 1, address="a?b=<c>", narrowed="m")
    steps = (DrawnStep("<u>", "<s>", (way,)),)
    for html in (draw_pathway(steps, "n"), list_pathway(steps, "n")):
        assert not any(f"<{tag}>" in html for tag in ("b>x", "c", "u", "s"))
        assert "&lt;b&gt;x" in html
