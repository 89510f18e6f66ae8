"""Whether an event had come by a horizon, against the definition child by child."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.dictionary import open_dictionary
from analytics.frames import Horizon, Unfinished, count_unfinished, event_within
from analytics.reporting.relapse import say_within

DICTIONARY = open_dictionary()
ENDPOINT = DICTIONARY.competing_endpoint("relapse")
CAUSE = DICTIONARY["first_event"]

rows = st.tuples(
    st.one_of(st.none(), st.sampled_from([0.0, 365.0, 365.25, 366.0, 730.5, 1000.0])),
    st.one_of(st.none(), st.sampled_from(CAUSE.levels)),
    st.integers(1, 5),
)


def within(data: list[tuple[float | None, str | None, int]], years: int) -> tuple[pd.DataFrame, Horizon]:
    tally = pd.DataFrame(data, columns=["efs_days", "first_event", "n"]).astype({"efs_days": float, "n": int})
    return event_within(tally, ENDPOINT, CAUSE, "relapse", years, "came")


@settings(deadline=None)
@given(st.lists(rows, max_size=12), st.sampled_from([1, 2, 3]))
def test_every_child_counts_as_defined(data: list[tuple[float | None, str | None, int]], years: int) -> None:
    made, horizon = within(data, years)
    limit = 365.25 * years
    lost = competing = 0
    expected: list[tuple[float, int]] = []
    for days, first, n in data:
        if days is None or first is None:
            expected.append((float("nan"), n))
        elif first == "none" and days < limit:
            lost += n
        else:
            competing += n if first not in ("none", "relapse") and days <= limit else 0
            expected.append((float(first == "relapse" and days <= limit), n))
    np.testing.assert_array_equal(made["came"].to_numpy(), [value for value, _ in expected])
    assert made["n"].tolist() == [n for _, n in expected]
    assert (horizon.n_not_followed, horizon.n_competing) == (lost, competing)


def test_the_horizon_in_words() -> None:
    assert say_within(within([], 1)[1]) == "within 1 year"
    assert say_within(within([], 3)[1]) == "within 3 years"


def test_an_empty_tally_stays_empty() -> None:
    made, horizon = within([], 2)
    assert made.empty and list(made) == ["efs_days", "first_event", "n", "came"]
    assert (horizon.n_not_followed, horizon.n_competing) == (0, 0)


def test_who_is_unfinished_among_those_without_the_event() -> None:
    data = [
        (1, 100.0, "relapse", 3),  # had the event
        (0, 400.0, "death in remission", 2),
        (0, 400.0, "none", 4),  # followed for a short time
        (0, 730.5, "none", 5),  # followed for two years
        (0, None, None, 1),  # nothing known but that there was no relapse
        (None, 400.0, "none", 7),
    ]
    tally = pd.DataFrame(data, columns=["relapsed", "efs_days", "first_event", "n"])
    found = count_unfinished(tally, ENDPOINT, CAUSE, "death in remission", 2, "relapsed")
    assert found == Unfinished(n=12, n_died=2, n_other=0, n_short=4)
