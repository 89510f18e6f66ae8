"""The pages that compare treatments with a handful of children."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.analysis import Analysis
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators import n_at_risk
from analytics.frames.treatment import CART, HSCT
from analytics.results import treated_terms
from tests.analyses.shown import (
    DAYS_PER_MONTH,
    REFERENCE,
    check_shown,
    cohort_of,
    plain,
    show,
    show_with,
)
from tests.analyses.treated_children import CHANGING, HISTORIES, LANDMARK, NAIVE, ONE, TREATMENT, child, cohort_with

ROOT = Path(__file__).parent.parent.parent
SMALL = {
    "one-untreated": [child(400, 0)],
    "one-treated": [child(400, 1, 100)],
    "two": [child(400, 1, 100), child(300, 0)],
    "two-died": [child(400, 1, 100), child(300, 1)],
    "nobody-treated": [child(400, 1), child(300, 0), child(200, 1)],
    "everybody-at-once": [child(400, 1, 100), child(300, 0, 100), child(200, 1, 100)],
    "everybody-at-relapse": [child(400, 1, 0), child(300, 0, 0), child(200, 1, 0)],
    "treated-as-follow-up-ends": [child(400, 1, 400), child(300, 0, 300)],
    "no-time": [child(0, 1), child(0, 0, 0), child(300, 1, 30)],
    "no-events": [child(400, 0, 100), child(300, 0), child(200, 0, 50, 20)],
    "only-events": [child(400, 1, 100), child(300, 1), child(200, 1, 50, 20), child(100, 1, None, 10)],
    "cart-after-hsct": [child(400, 1, 50, 100), child(300, 1, 60, 60), child(200, 0)],
}


@cache
def small_cohort(name: str) -> Cohort:
    return cohort_with(SMALL[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_a_handful_of_children_is_described_without_errors(analysis: Analysis, name: str) -> None:
    cohort = small_cohort(name)
    own = {
        CHANGING.slug: [{"naive": False}, {"naive": True}],
        LANDMARK.slug: [{"landmark": 30}, {"landmark": 250}],
        NAIVE.slug: [{}],
    }
    for history in HISTORIES:
        for choice in own[analysis.slug]:
            params = analysis.defaults(cohort) | {"history": history} | choice
            shown = show(analysis, cohort, CohortFilter(), params)
            check_shown(shown)
            said = " ".join(shown.texts())
            assert not ONE.search(said), ONE.findall(said)
            assert shown.result.data.n == len(SMALL[name])


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_nobody_left_says_so_without_numbers(analysis: Analysis) -> None:
    shown = show_with(analysis, Clause("platelets", low=1999))
    check_shown(shown)
    assert shown.sentences == ()
    assert "–" in [h.value for h in shown.headlines]
    if analysis is not NAIVE:
        assert "No children in this selection." in shown.alt_text


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("one-untreated", "Nobody was given HSCT within the follow-up of this one child."),
        ("nobody-treated", "Nobody was given HSCT within the follow-up of these 3 children."),
        ("one-treated", "1 of 1 child was given HSCT, after 3.3 months; the only death came after it."),
        ("two", "1 of 2 children was given HSCT, after 3.3 months; the only death came after it."),
        ("two-died", "1 of 2 children was given HSCT, after 3.3 months; 1 of 2 deaths came without it."),
        (
            "everybody-at-once",
            "3 of 3 children were given HSCT, after a median of 3.3 months, the first after 3.3; 0 of 2 deaths came without it.",
        ),
        (
            "no-events",
            "2 of 3 children were given HSCT, after a median of 2.5 months, the first after 1.6; there were no deaths.",
        ),
        (
            "treated-as-follow-up-ends",
            "2 of 2 children were given HSCT, after a median of 11.5 months, the first after 9.9; the only death came after it.",
        ),
    ],
)
def test_sentences_on_waiting_among_a_handful(name: str, sentence: str) -> None:
    cohort = cohort_with(SMALL[name])
    for analysis in (CHANGING, NAIVE):
        shown = show(analysis, cohort, CohortFilter(), analysis.defaults(cohort))
        assert plain(shown.sentences[0]) == sentence


def test_a_death_on_the_day_of_hsct_counts_as_under_hsct_on_every_page() -> None:
    reference = json.loads((ROOT / "tests/reference/treatment_reference.json").read_text())["on_the_day"]["died"]
    days = zip(*(reference[name] for name in ("time", "event", "treated_at")), strict=True)
    cohort = cohort_with([child(time, event, hsct) for time, event, hsct in days])
    found = {}
    for analysis in (CHANGING, NAIVE, LANDMARK):
        shown = show(analysis, cohort, CohortFilter(), analysis.defaults(cohort) | {"relapses": "all", "landmark": 115})
        found[analysis.slug] = shown
    changing, naive, landmark = (found[a.slug] for a in (CHANGING, NAIVE, LANDMARK))
    for model in (changing.result.hazard, naive.result.answers[-1].model):
        (term,) = treated_terms(model)
        assert math.log(term.ratio.value) == pytest.approx(reference["coef"], rel=1e-7)
        assert (term.n, term.n_event) == (16, 8)
    assert f"{treated_terms(changing.result.hazard)[0].ratio.value:.2f}" == "1.08"
    (ever,) = treated_terms(naive.result.answers[0].model)
    assert math.log(ever.ratio.value) == pytest.approx(reference["naive"]["coef"], rel=1e-7)
    assert changing.result.data.n_treated == 16
    assert changing.sentences[0].startswith("16 of 28 children were given HSCT")
    assert "; 6 of 14 deaths came without it." in changing.sentences[0]
    # Two of those who died on the day of HSCT did so by day 115; the others were not treated yet.
    assert (
        landmark.result.chosen.n_event_before,
        landmark.result.chosen.n_treated,
        landmark.result.chosen.n_switch_later,
    ) == (2, 12, 2)


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("start", [0, 90, 180])
def test_no_table_gives_the_height_of_a_curve_that_rests_on_two(history: str, start: int) -> None:
    shown = show_with(CHANGING, source=cohort_of(REFERENCE), policy=True, history=history, start=start)
    table = next(t for t in shown.tables if "treatment at the time" in t.title)
    for row, curve in zip(table.rows, shown.result.curves.curves, strict=True):
        for cell, year in zip(row[3:], (1, 3, 5), strict=True):
            before = (curve.time <= 12 * year) & (curve.n_event_at > 0)
            fewest = min([n_at_risk(curve, [12 * year])[0], *curve.n_risk[before]])
            assert ("%" in cell) == (fewest >= 3), (row[0], year)
    assert (f"at day {start}" in table.title) == bool(start)


def test_curves_that_start_later_are_those_of_the_followed_in_their_groups_of_that_day() -> None:
    cohort = cohort_of(REFERENCE)
    shown = show_with(CHANGING, source=cohort, policy=True, start=120)
    data = shown.result.data
    followed = data.time > 120 / DAYS_PER_MONTH
    by_then = data.treated_at[HSCT] <= 120 / DAYS_PER_MONTH
    treated = shown.result.curves.curves[1]
    assert treated.entry[0] == pytest.approx(120 / DAYS_PER_MONTH)
    assert treated.n_entry[0] == (data.weight * (followed & by_then)).sum()
    assert "They begin on day 120" in shown.caption
    assert shown.alt_text.startswith("From day 120 on. Simon–Makuch curves")
    assert set(shown.files["curves"]["start_days"].dropna()) == {120}
    # The test and the ratios are of the whole time.
    usual = show_with(CHANGING, source=cohort, policy=True)
    assert (shown.result.test, shown.result.hazard) == (usual.result.test, usual.result.hazard)


def test_a_curve_that_ends_for_its_first_few_says_so() -> None:
    few = [child(60, 1, 30), child(800, 0, 30)]
    later = [child(900, int(i < 3), 90) for i in range(12)] + [child(1000, int(i < 4)) for i in range(8)]
    shown = show_with(CHANGING, source=cohort_with(few + later), policy=True)
    (note,) = [n for n in shown.notes if n.code == "thin-start"]
    assert "The curve of HSCT is shown until 0.0\u00a0months only" in note.text
    shown = show_with(CHANGING, source=cohort_with(few + later), policy=True, start=100)
    assert "thin-start" not in {n.code for n in shown.notes}


def test_follow_up_until_hsct_ends_before_a_death_on_its_day() -> None:
    cohort = cohort_with([child(400, 1, 400, 100), child(300, 1, None, 300), child(200, 0, 200, 200), child(90, 1)])
    found = show(
        CHANGING, cohort, CohortFilter(), CHANGING.defaults(cohort) | {"history": "cart-until-hsct"}
    ).result.data
    got = sorted(zip(found.time * DAYS_PER_MONTH, found.event, found.treated_at[CART] * DAYS_PER_MONTH, strict=True))
    expected = [(90, 1, math.nan), (200, 0, math.nan), (300, 1, 300), (400, 0, 100)]
    np.testing.assert_allclose(np.array(got), np.array(expected, dtype=float))


@pytest.mark.parametrize(
    ("name", "landmark", "sentences"),
    [
        (
            "one-treated",
            180,
            (
                "The only child was followed beyond day 180.",
                "1 had been treated by then, 0 had not, and 0 of these were treated later.",
                "The groups cannot be compared: only one group has children.",
            ),
        ),
        (
            "two",
            365,
            (
                "Of 2 children, 0 had died and 1 had left follow-up by day 365; that child is not in the comparison.",
                "1 had been treated by then, 0 had not, and 0 of these were treated later.",
                "The groups cannot be compared: only one group has children.",
            ),
        ),
        (
            "nobody-treated",
            360,
            (
                "Of 3 children, 1 had died and 1 had left follow-up by day 360; they are not in the comparison.",
                "0 had been treated by then, 1 had not, and 0 of these were treated later.",
                "The groups cannot be compared: only one group has children.",
            ),
        ),
        (
            "treated-as-follow-up-ends",
            350,
            (
                "Of 2 children, 0 had died and 1 had left follow-up by day 350; that child is not in the comparison.",
                "0 had been treated by then, 1 had not, and 1 of these was treated later.",
                "The groups cannot be compared: only one group has children.",
            ),
        ),
    ],
)
def test_sentences_on_a_landmark_among_a_handful(name: str, landmark: int, sentences: tuple[str, ...]) -> None:
    cohort = cohort_with(SMALL[name])
    shown = show(LANDMARK, cohort, CohortFilter(), LANDMARK.defaults(cohort) | {"landmark": landmark})
    assert tuple(map(plain, shown.sentences)) == sentences


def test_one_treated_child_is_no_plural() -> None:
    cohort = cohort_with(SMALL["two"])
    notes = {n.code: n.text for n in show(CHANGING, cohort, CohortFilter(), CHANGING.defaults(cohort)).notes}
    assert notes["few-treated"] == "Only 1 child was treated within follow-up."
    assert notes["few-events"].startswith("Only 1 death: ")
    outside = open_cohort(
        pd.DataFrame(
            [{"patient_id": "P1", "relapsed": 1, "relapse_site": "isolated CNS", "hsct_days": 5} | child(9, 0, 5)]
        )[["patient_id", "relapsed", "relapse_site", "hsct_days", "os_relapse_days", "os_relapse_event"]]
    )
    params = CHANGING.defaults(outside)
    notes = {n.code: n.text for n in show(CHANGING, outside, CohortFilter(), params).notes}
    assert notes["no-marrow-relapse"] == "The one child of this selection has no relapse in the marrow on record."


def test_day_of_treatment_unknown_is_left_out_and_counted() -> None:
    rows = [child(400, 1, 100) | {"salvage_treatment": "HSCT"}, child(300, 1) | {"salvage_treatment": "HSCT"}]
    rows += [child(200, 0) | {"salvage_treatment": "chemotherapy"}, child(100, 1) | {"salvage_treatment": "CAR-T"}]
    frame = pd.DataFrame(rows).assign(
        patient_id=[f"P{i}" for i in range(4)], relapsed=1, relapse_site="isolated marrow"
    )
    cohort = open_cohort(frame)
    for analysis in TREATMENT:
        for history, text, n in (
            ("hsct", "transplanted on an unknown day", 3),
            ("cart", "given CAR-T on an unknown day", 3),
            ("histories", "transplanted on an unknown day", 2),
        ):
            shown = show(analysis, cohort, CohortFilter(), analysis.defaults(cohort) | {"history": history})
            assert dict(shown.left_out)[text] == 1
            assert shown.result.data.n == n
