"""What is compared with what: one row per figure, with how far two values agree and why they may not."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from analytics.estimators.observations import Observations
from analytics.formats import is_withheld
from analytics.results import Estimate, FloatArray
from analytics.results.second_opinion import (
    CANNOT,
    NO_LIBRARY,
    UNEXPLAINED,
    Agreement,
    Compared,
    Quantity,
    SecondOpinion,
)

# Libraries want one row per patient. Of so many, the slowest page (missing values) takes them 40 seconds; beyond, a
# difference between programs is no longer what a reader has to fear.
MOST_PATIENTS = 20_000
CLOSE, NEAR = 1e-6, 1e-3
NOTHING = 1e-12  # p values and shares that differ by less are the same, however small they are


def collect(rows: Iterable[Compared], n: float, progress: Callable[[int, int], None] | None = None) -> SecondOpinion:
    """The rows as a second opinion on ``n`` patients; beyond `MOST_PATIENTS` nothing is computed.

    ``rows`` are made while they are collected; ``progress(done, 0)`` is called after each, and may raise to stop it.
    """
    if n > MOST_PATIENTS:
        return SecondOpinion((), (), round(n), "too many patients")
    found = []
    with warnings.catch_warnings():
        # What a library warns of shows in its numbers, and these stand in the rows.
        warnings.simplefilter("ignore")
        for row in rows:
            found.append(row)
            if progress is not None:
                progress(len(found), 0)
    names = sorted({row.library for row in found if row.library})
    return SecondOpinion(
        tuple(found), tuple((name, version(name)) for name in names), round(n), None if found else "nothing shown"
    )


def compare(figure: Quantity, ours: float | None, theirs: Any, library: str, why: str | None = None) -> Compared:
    """One row. ``why`` is the reason if they do not agree; without one, a difference is not explained."""
    own, other = _number(ours), _number(theirs)
    if own is None and other is None:
        return Compared(figure, None, None, library, None, "neither")
    if own is None or other is None:
        if other is None and theirs is not None:
            why = why or CANNOT
        missing = other is None and why in (NO_LIBRARY, CANNOT)
        return Compared(figure, own, other, library, None, "not offered" if missing else "differs", why or UNEXPLAINED)
    apart = abs(own - other)
    difference = 0.0 if apart == 0 else apart / max(abs(own), abs(other))
    if difference <= CLOSE or apart <= NOTHING:
        return Compared(figure, own, other, library, difference, "1e-6")
    agreement: Agreement = "1e-3" if difference <= NEAR else "differs"
    return Compared(figure, own, other, library, difference, agreement, why or UNEXPLAINED)


def not_offered(figure: Quantity, ours: float | None) -> Iterator[Compared]:
    """A row that says that no library has it; none where nothing is shown."""
    if ours is not None:
        yield compare(figure, ours, None, "", NO_LIBRARY)


def has_value(estimate: Estimate) -> bool:
    """True if a view shows the estimate, or that there is none: not where the policy keeps it back."""
    return estimate.value is not None or not (estimate.reason is None or is_withheld(estimate.reason))


@dataclass(frozen=True, slots=True)
class PatientRows:
    """Patients one by one, as libraries take them: each row of the arrays as often as its weight says.

    ``row`` is where each stood in the arrays.
    """

    time: FloatArray
    event: FloatArray
    entry: FloatArray | None
    row: np.ndarray

    @classmethod
    def from_arrays(
        cls, time: ArrayLike, event: ArrayLike, weight: ArrayLike | None = None, entry: ArrayLike | None = None
    ) -> PatientRows:
        """From checked arrays, times that differ by rounding alone made equal, as the estimators take them."""
        data = Observations.from_arrays(time, event, weight, entry)
        rows = np.repeat(np.arange(len(data.time)), data.weight.astype(int))
        kept = np.flatnonzero(data.kept)
        return cls(data.time[rows], data.event[rows], None if data.entry is None else data.entry[rows], kept[rows])

    def only(self, mask: np.ndarray) -> PatientRows:
        """Some of them."""
        return PatientRows(
            self.time[mask], self.event[mask], None if self.entry is None else self.entry[mask], self.row[mask]
        )

    @property
    def late_entry(self) -> FloatArray | None:
        """The entries a moment later: at risk from after the entry on, where a library counts its very day in."""
        if self.entry is None:
            return None
        moments = np.unique(np.concatenate([self.time, self.entry]))
        step = np.diff(moments).min(initial=1.0) / 4
        return np.where(self.entry > 0, self.entry + step, self.entry)


def names_of(values: Any, row: np.ndarray) -> np.ndarray:
    """The names of the groups of patients, from a categorical or an array."""
    return np.asarray(values, dtype=object)[row].astype(str)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
