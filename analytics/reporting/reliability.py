"""What may be shown for how few patients: one policy, through which the result of every analysis passes.

Each number is judged by what stands behind it (patients, events, events per parameter, patients still at risk) and falls
into a state. What a state takes away is taken out of the *result*, with a reason in its place, before any page, table,
sentence, figure or file is made of it; so none of them can show it. Empty groups are not judged: zero is a number.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

from analytics.cohort.perturbation import LARGEST_CELL, LEAST_CELL
from analytics.results import Reason

POLICY_PATH = Path(__file__).parents[2] / "data" / "policy.toml"
_FEW = {"patients": "few-patients", "events": "few-events", "events_per_parameter": "few-events-per-parameter"}


class State(IntEnum):
    """How much of a number is shown, from everything to nothing."""

    FULL = 0
    CAUTION = 1
    WITHOUT_P = 2
    COUNTS_ONLY = 3
    SUPPRESSED = 4


# The state as it is called, and what is shown of a number in it; in braces stand the words for a patient.
STATE_WORDS = {
    State.FULL: ("full", "Shown as it is."),
    State.CAUTION: ("caution", "Shown, with a note that one {patient} more or less would change it visibly."),
    State.WITHOUT_P: ("estimate without p", "The estimate and its interval are shown; the p value is not."),
    State.COUNTS_ONLY: ("counts only", "The numbers of {patients} and events are shown; the estimate is not."),
    State.SUPPRESSED: (
        "suppressed",
        "Where small numbers are protected: nothing of the group is shown, and never as a zero. Nobody is shown as 0.",
    ),
}


@dataclass(frozen=True, slots=True)
class Least:
    """The least numbers of patients, events and events per parameter that a state asks for."""

    patients: int
    events: int
    events_per_parameter: float


@dataclass(frozen=True, slots=True)
class Policy:
    """The thresholds: ``full`` without a caution, ``p_value`` with a p value, ``estimate`` with an estimate.

    A curve is drawn faintly where fewer than ``fade_below`` are at risk and ends where fewer than ``stop_below`` are.
    ``smallest_cell`` is the least number of children given out where small numbers are protected.
    """

    full: Least
    p_value: Least
    estimate: Least
    fade_below: int
    stop_below: int
    smallest_cell: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of one number, and what decided it ("few-patients", 3 in the smaller group); None in full."""

    state: State
    reason: Reason | None = None


def open_policy(path: Path = POLICY_PATH) -> Policy:
    """The policy of a TOML file.

    Raises
    ------
    KeyError
        If the file lacks an entry.
    ValueError
        If a state asks for more than the one above it, or a number is negative.
    """
    with path.open("rb") as file:
        content = tomllib.load(file)
    full, p_value, estimate = (
        Least(int(part["patients"]), int(part["events"]), float(part["events_per_parameter"]))
        for part in (content["full"], content["p_value"], content["estimate"])
    )
    for name in ("patients", "events", "events_per_parameter"):
        least = [getattr(part, name) for part in (estimate, p_value, full)]
        if not 0 <= least[0] <= least[1] <= least[2]:
            raise ValueError(
                f"{path.name}: {name} must not fall from [estimate] to [p_value] to [full], nor be negative: {least}."
            )
    curve = content["curve"]
    if not 1 <= curve["stop_below"] <= max(1, curve["fade_below"]):
        raise ValueError(
            f"{path.name}: [curve] stop_below must lie between 1 and fade_below: it is {curve['stop_below']}."
        )
    smallest_cell = content["disclosure"]["smallest_cell"]
    if not LEAST_CELL <= smallest_cell <= LARGEST_CELL:
        raise ValueError(
            f"{path.name}: [disclosure] smallest_cell must lie between {LEAST_CELL} and {LARGEST_CELL}: it is {smallest_cell}."
        )
    return Policy(full, p_value, estimate, int(curve["fade_below"]), int(curve["stop_below"]), int(smallest_cell))


@cache
def load_policy() -> Policy:
    """The policy of the product."""
    return open_policy()


def judge(
    policy: Policy,
    *,
    patients: float | None = None,
    events: float | None = None,
    events_per_parameter: float | None = None,
    group: str = "",
    events_group: str = "",
) -> Verdict:
    """The state of a number behind which so much stands; None where a count does not apply to it.

    ``patients`` is the size of the smallest group that is compared, or of the one described; ``group`` says which it is
    ("one-group"), and ``events_group`` whose events are counted, where they are not those of all.
    """
    counts = (
        ("patients", patients, group),
        ("events", events, events_group),
        ("events_per_parameter", events_per_parameter, ""),
    )
    for state, least in (
        (State.COUNTS_ONLY, policy.estimate),
        (State.WITHOUT_P, policy.p_value),
        (State.CAUTION, policy.full),
    ):
        for name, count, where in counts:
            if count is not None and count < getattr(least, name):
                if not count and name == "events":
                    return Verdict(state, Reason("no-events"))
                return Verdict(state, Reason.of(_FEW[name], n=count, where=where or None))
    return Verdict(State.FULL)


def points_the_other_way(ratio: float | None, n_event: int, n_event_reference: int | None) -> Reason | None:
    """Why a penalised ratio is no finding: it points the other way than the counts that it stands for; None if it does not.

    A penalty gives every group part of an event, which in a small one can outweigh that there was none: 0 of 5 against 2 of
    60 make an odds ratio above 2.
    """
    if ratio is None:
        return None
    if n_event == 0 and n_event_reference and ratio > 1.0:
        return Reason("above-1-by-penalty")
    if n_event_reference == 0 and n_event and ratio < 1.0:
        return Reason("below-1-by-penalty")
    return None
