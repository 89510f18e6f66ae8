"""Curves that cross and hazards that keep no ratio: when it is said, of whom, and from which children."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.cohort.filters import CohortFilter
from analytics.comparisons.proportionality import list_crossings, note_non_proportional, ratio_test
from analytics.comparisons.survival import compare_survival, prepare_survival
from analytics.dictionary import open_dictionary
from analytics.estimators import estimate_survival, proportional_hazards_test
from analytics.frames import TimeToEvent
from analytics.reporting.tables import labels_of
from analytics.results import Note
from tests.analyses.shown import cohort_of

REFERENCE = "reference_cohort.csv"
DICTIONARY = open_dictionary()
GROUPS = ("isolated marrow", "isolated extramedullary", "combined marrow and extramedullary")
FIXED = {"interval": "log-log", "test": "logrank", "strata": "none"}


def frame_of(rows: list[tuple[int, int, int, int]]) -> TimeToEvent:
    """A frame of (days, died, number of the group, how many)."""
    tally = pd.DataFrame(rows, columns=["os_relapse_days", "os_relapse_event", "relapse_site_group", "n"])
    tally["relapse_site_group"] = tally["relapse_site_group"].map(dict(enumerate(GROUPS)))
    return TimeToEvent.from_tally(tally, DICTIONARY.endpoint("os_relapse"), DICTIONARY["relapse_site_group"])


def notes_of(frame: TimeToEvent) -> tuple[Note, ...]:
    curves = estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight).curves
    return note_non_proportional(frame, curves, labels_of(frame.variable))


def crossing(n: int = 1) -> TimeToEvent:
    """Deaths early in one group, none until late in the other: the curves cross between months 20 and 27."""
    early = [(30 * k, 1, 0, n) for k in range(1, 11)] + [(2000, 0, 0, 20 * n)]
    late = [(600 + 30 * k, 1, 1, n) for k in range(1, 18)] + [(2000, 0, 1, 13 * n)]
    return frame_of(early + late)


def test_a_crossing_is_named_with_its_month() -> None:
    (note,) = notes_of(crossing())
    assert (note.code, note.severity) == ("non-proportional", "caution")
    (found,) = list_crossings(
        estimate_survival(crossing().time, crossing().event, group=crossing().group, weight=crossing().weight).curves
    )
    # The eleventh of thirty late deaths takes that curve below twenty in thirty.
    assert found == (GROUPS[0], GROUPS[1], (pytest.approx(930 / 30.4375),))
    assert note.text.startswith("The curves cross: isolated marrow and isolated extramedullary at 30.6 months.")
    assert "The ratio of the hazards changes over time (test of proportional hazards, p < 0.001)" in note.text
    assert "Mean survival and differences" in note.remedy and "Under Options" in note.remedy


def test_hazards_in_a_constant_ratio_are_not_noted() -> None:
    # Quantiles of two exponential distributions, the hazard of the first twice that of the second.
    share = (np.arange(40) + 0.5) / 40
    fast = [(int(-300 * np.log(q)), 1, 0, 1) for q in share]
    slow = [(int(-600 * np.log(q)), 1, 1, 1) for q in share]
    assert notes_of(frame_of(fast + slow)) == ()


def test_a_crossing_by_few_is_left_to_the_numbers_at_risk() -> None:
    # The same shape with a third of the children: never ten at risk in both groups on both sides.
    early = [(30 * k, 1, 0, 1) for k in range(1, 4)] + [(2000, 0, 0, 6)]
    late = [(600 + 90 * k, 1, 1, 1) for k in range(1, 7)] + [(2000, 0, 1, 4)]
    frame = frame_of(early + late)
    curves = estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight).curves
    assert list_crossings(curves) == ()


def test_a_crossing_that_the_test_does_not_see_says_that_chance_does_this() -> None:
    # Apart by a tenth early on, then by a tenth the other way; the hazards differ little throughout.
    first = [(60, 1, 0, 2), (300, 1, 0, 1), (900, 1, 0, 1), (2000, 0, 0, 16)]
    second = [(200, 1, 1, 1), (400, 1, 1, 1), (1000, 1, 1, 3), (2000, 0, 1, 15)]
    frame = frame_of(first + second)
    test = ratio_test(frame)
    assert test.p_value is not None and test.p_value > 0.05
    (note,) = notes_of(frame)
    assert f"Small groups also cross by chance (test of proportional hazards, p = {test.p_value:.3f})." in note.text
    assert "changes over time" not in note.text


def test_a_change_without_a_crossing_is_noted() -> None:
    # All deaths of one group in the first months, those of the other evenly; the first stays below.
    early = [(20 * k, 1, 0, 2) for k in range(1, 11)] + [(2000, 0, 0, 10)]
    even = [(150 * k, 1, 1, 1) for k in range(1, 11)] + [(2000, 0, 1, 20)]
    frame = frame_of(early + even)
    (note,) = notes_of(frame)
    assert note.text.startswith("The ratio of the hazards changes over time (test of proportional hazards, p ")


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(100, 1, 0, 1)],
        [(100, 1, 0, 5), (200, 0, 1, 5)],
        [(100, 1, 0, 3), (100, 1, 1, 3)],
        [(50, 0, 0, 9), (60, 0, 1, 9)],
    ],
    ids=["nobody", "one", "events in one group", "one time", "no events"],
)
def test_nothing_to_compare_gives_no_note(rows: list[tuple[int, int, int, int]]) -> None:
    assert notes_of(frame_of(rows)) == ()


def test_groups_without_events_do_not_hide_the_others() -> None:
    with_third = frame_of(
        [
            *zip(
                (crossing().time * 30.4375).round().astype(int),
                crossing().event.astype(int),
                crossing().group.codes,
                crossing().weight.astype(int),
                strict=True,
            ),
            (1500, 0, 2, 12),
        ]
    )
    assert ratio_test(with_third).p_value == pytest.approx(ratio_test(crossing()).p_value, rel=1e-9)
    (note,) = notes_of(with_third)
    assert "combined" not in note.text


def test_the_test_is_that_of_the_model_with_the_grouping() -> None:
    cohort = cohort_of(REFERENCE)
    variable = cohort.dictionary["relapse_timing_bfm"]
    params = {**FIXED, "endpoint": "efs_relapse"}
    for strata in ("none", "sex"):
        frame = prepare_survival(cohort, CohortFilter(), {**params, "strata": strata}, variable)
        expected = proportional_hazards_test(
            frame.time, frame.event, pd.DataFrame({"x": frame.group}), weight=frame.weight, strata=frame.strata
        ).global_test
        assert ratio_test(frame).p_value == pytest.approx(expected.p_value, rel=1e-12)


def test_every_comparison_of_curves_carries_the_note() -> None:
    result = compare_survival(crossing(), FIXED)
    assert "non-proportional" in {note.code for note in result.notes}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 40).map(lambda k: 30 * k), st.integers(0, 1), st.integers(0, 2), st.integers(1, 4)),
        max_size=30,
    )
)
def test_counted_children_equal_repeated_ones_and_nothing_raises(rows: list[Any]) -> None:
    repeated = [(t, e, g, 1) for t, e, g, n in rows for _ in range(n)]
    one, many = notes_of(frame_of(rows)), notes_of(frame_of(repeated))
    assert [n.text for n in one] == [n.text for n in many]
    p_values = [ratio_test(frame_of(r)).p_value if r else None for r in (rows, repeated)]
    assert (p_values[0] is None) == (p_values[1] is None)
    assert p_values[0] is None or np.isclose(p_values[0], p_values[1])
