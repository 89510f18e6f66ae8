"""Columns of a file are spoken of by their labels, and words that only look like names stay words."""

from __future__ import annotations

import pytest

from analytics.cohort.labels import say_by_labels
from analytics.dictionary import open_dictionary


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("os_days is negative for 3 of 9 children.", "“Follow-up from diagnosis” is negative for 3 of 9 children."),
        (
            "relapsed is 1 without relapse_days for 1 of 3 children, counted as relapsed in odds ratios.",
            "“Relapse” is 1 without “Time to relapse” for 1 of 3 children, counted as relapsed in odds ratios.",
        ),
        ("Check immunophenotype and etv6_runx1.", "Check “Immunophenotype” and “ETV6::RUNX1”."),
        (
            "12 children relapsed 18 months or more after diagnosis.",
            "12 children relapsed 18 months or more after diagnosis.",
        ),
        ("Check efs_days and os_days.", "Check “Event-free time from diagnosis” and “Follow-up from diagnosis”."),
    ],
)
def test_names_become_labels(text: str, said: str) -> None:
    assert say_by_labels(text, open_dictionary()) == said
