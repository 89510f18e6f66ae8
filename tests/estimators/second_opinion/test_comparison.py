"""Figures held against each other: how far they agree, and what is said where they do not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics.estimators.second_opinion import MOST_PATIENTS, collect
from analytics.estimators.second_opinion.comparison import PatientRows, compare, has_value, not_offered
from analytics.results import Estimate, Reason
from analytics.results.second_opinion import CANNOT, NO_LIBRARY, REASONS, UNEXPLAINED, Quantity

FIGURE = Quantity("odds ratio", variable="sex", level="male")


@pytest.mark.parametrize(
    ("ours", "theirs", "agreement", "reason"),
    [
        (2.0, 2.0, "1e-6", None),
        (2.0, 2.0000019, "1e-6", None),
        (2.0, 2.0001, "1e-3", UNEXPLAINED),
        (2.0, 2.1, "differs", UNEXPLAINED),
        (0.0, 1e-13, "1e-6", None),
        (0.0, 0.1, "differs", UNEXPLAINED),
        (None, None, "neither", None),
        (None, math.inf, "neither", None),
        (None, 3.0, "differs", UNEXPLAINED),
        (2.0, None, "differs", UNEXPLAINED),
        (2.0, math.nan, "not offered", CANNOT),
    ],
)
def test_two_values_agree_as_far_as_they_do(
    ours: float | None, theirs: float | None, agreement: str, reason: str | None
) -> None:
    row = compare(FIGURE, ours, theirs, "scipy")
    assert (row.agreement, row.reason) == (agreement, reason)


def test_a_reason_stands_only_where_they_do_not_agree() -> None:
    assert compare(FIGURE, 2.0, 2.1, "scipy", "plateau").reason == "plateau"
    assert compare(FIGURE, 2.0, 2.0, "scipy", "plateau").reason is None
    assert [row.agreement for row in not_offered(FIGURE, 2.0)] == ["not offered"]
    assert not list(not_offered(FIGURE, None))
    assert len(set(REASONS)) == len(REASONS) and NO_LIBRARY in REASONS


def test_what_the_policy_keeps_back_is_not_shown() -> None:
    assert has_value(Estimate(2.0)) and has_value(Estimate(None, reason=Reason("not-reached")))
    assert not has_value(Estimate(None, reason=Reason.of("withheld", why=Reason.of("few-patients", n=2))))


def test_rows_become_a_frame_with_the_versions_of_the_libraries() -> None:
    told: list[int] = []
    found = collect([compare(FIGURE, 2.0, 2.1, "scipy")], 10, lambda done, total: told.append(done))
    assert told == [1] and found.libraries[0][0] == "scipy" and found.count("differs") == 1
    (row,) = found.to_frame().to_dict("records")
    assert row["shown"] == 2.0 and row["by_library"] == 2.1 and row["version"] == found.libraries[0][1]
    assert row["relative_difference"] == pytest.approx(0.1 / 2.1)


def test_too_many_patients_and_nothing_shown_are_answers() -> None:
    def fails() -> object:
        raise AssertionError("asked of too many")
        yield

    assert collect(fails(), MOST_PATIENTS + 1).reason == "too many patients"  # type: ignore[arg-type]
    assert collect([], 5).reason == "nothing shown"


def test_weights_are_patients_and_entries_come_a_moment_later() -> None:
    patients = PatientRows.from_arrays([1, 2, 3], [1, 0, 1], [2, 0, 1], [0, 0, 1])
    assert patients.time.tolist() == [1, 1, 3] and patients.row.tolist() == [0, 0, 2]
    late = patients.late_entry
    assert late is not None and late[:2].tolist() == [0, 0] and 1 < late[2] < 2
    assert PatientRows.from_arrays([1], [1]).late_entry is None
    assert patients.only(np.array([False, False, True])).row.tolist() == [2]
