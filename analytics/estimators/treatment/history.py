"""Patients whose treatment begins, or changes, during follow-up: checked, in their states, and as rows at risk.

A patient is treated from the day of treatment on, that day included: what happens to a patient on the day of the own
treatment happens under treatment. As rows at risk are open at their start, a switch at the end of a patient's follow-up
is moved to just before it, as the Stanford heart transplant data have it (half a day, where moments are whole days).

Sources
-------
Crowley & Hu (1977), Journal of the American Statistical Association 72:27, doi:10.1080/01621459.1977.10479903: the
heart transplant data; a death on the day of transplantation counts as one after it.
Therneau & Grambsch (2000), Modeling Survival Data, Springer, section 3.7: rows of a counting process.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analytics.estimators.observations import (
    BoolArray,
    IntArray,
    Labels,
    Observations,
    time_tolerance,
)
from analytics.results import FloatArray, read_only

UNTREATED = "not yet treated"
TREATED = "treated"


@dataclass(frozen=True, slots=True)
class TreatmentRows:
    """Patients as rows of a counting process: each row is one patient in one state, at risk in (``entry``, ``time``].

    Rows are in the order of the patients and, of one patient, of time; a patient has one row per state that he or she
    was in. ``event`` is 1 on the last row of a patient with the event, otherwise 0; ``state`` is a categorical with the
    untreated state first; ``weight`` patients share the row; ``row`` is the position of the patient in the input.
    """

    entry: FloatArray
    time: FloatArray
    event: FloatArray
    state: pd.Categorical
    weight: FloatArray
    row: IntArray

    def to_frame(self) -> pd.DataFrame:
        """One row per row: ``row state entry time event weight``."""
        return pd.DataFrame(
            {
                "row": self.row,
                "state": self.state,
                "entry": self.entry,
                "time": self.time,
                "event": self.event,
                "weight": self.weight,
            }
        )


@dataclass(frozen=True, slots=True)
class SwitchingPatients:
    """Checked patients, one entry per input row with a positive weight.

    ``switch`` is (patients, states beyond the first): the time of entering each, infinite for never, and after the own
    ``time`` where it did not happen within follow-up; ``names`` are the
    states, the untreated one first. ``kept`` marks the rows of the input that are patients here.
    """

    time: FloatArray
    event: FloatArray
    weight: FloatArray
    entry: FloatArray | None
    switch: FloatArray
    names: tuple[str, ...]
    kept: BoolArray

    @classmethod
    def from_arrays(
        cls,
        time: Any,
        event: Any,
        treated_at: Any,
        weight: Any = None,
        entry: Any = None,
        untreated: str = UNTREATED,
        treated: str = TREATED,
    ) -> SwitchingPatients:
        """The checked patients; all their times, those of switching too, are merged where they differ by rounding."""
        data = Observations.from_arrays(time, event, weight, entry)
        columns = dict(treated_at) if isinstance(treated_at, Mapping) else {treated: treated_at}
        names = (untreated, *columns)
        _check_names(names)
        switch = np.column_stack(
            [
                _read_switch("treated_at" if len(columns) == 1 else f"treated_at of {name!r}", values, data.kept)
                for name, values in columns.items()
            ]
        )
        happens = np.isfinite(switch)
        entries = np.zeros(0) if data.entry is None else data.entry
        pooled = np.concatenate([data.time, entries, switch[happens]])
        pooled = Observations.from_arrays(pooled, np.zeros(len(pooled))).time
        merged, merged_entries, switch[happens] = np.split(pooled, np.cumsum([len(data.time), len(entries)]))
        return cls(
            merged,
            data.event,
            data.weight,
            None if data.entry is None else merged_entries,
            switch,
            names,
            data.kept,
        )

    @property
    def row(self) -> IntArray:
        """The position of each patient in the input."""
        return np.flatnonzero(self.kept)

    def state_at(self, moment: float) -> IntArray:
        """The state of each patient just after ``moment``: the one entered last, at that moment or before."""
        return self._latest(self.switch <= moment)

    def last_state(self) -> IntArray:
        """The state of each patient at the end of follow-up."""
        return self._latest(self.switch <= self.time[:, None])

    def _latest(self, happened: BoolArray) -> IntArray:
        entered = np.where(happened, self.switch, -np.inf)
        last = entered.shape[1] - np.argmax(entered[:, ::-1], axis=1)  # of states entered together, the later
        return np.where(happened.any(axis=1), last, 0)

    def moves_after(self, moment: float) -> BoolArray:
        """True for patients who enter another state after ``moment`` and within follow-up."""
        return np.asarray(((self.switch > moment) & (self.switch <= self.time[:, None])).any(axis=1))

    def start_of_time(self) -> float:
        """The moment that stands for 0 as a time of follow-up: half of the first positive moment of any kind."""
        moments = np.concatenate([self.time, self.switch[np.isfinite(self.switch)]])
        moments = moments[moments > 0]
        return float(moments.min()) / 2 if len(moments) else 0.5

    def split(self, since: float = 0.0) -> TreatmentRows:
        """One row per patient and state, from ``since`` on."""
        size = len(self.time)
        begin = np.column_stack([np.full(size, -np.inf), self._before_the_end(since)])
        order = np.argsort(begin, axis=1, kind="stable")
        begin = np.take_along_axis(begin, order, axis=1)
        end = np.column_stack([begin[:, 1:], np.full(size, np.inf)])
        start = np.full(size, since) if self.entry is None else np.maximum(self.entry, since)
        stop = np.where(self.time == 0, self.start_of_time(), self.time) if since == 0 else self.time
        begin = np.maximum(begin, start[:, None])
        end = np.minimum(end, stop[:, None])
        # States entered together leave an empty stretch to all but the last of them.
        patient, place = np.nonzero(begin < end)
        time = end[patient, place]
        row = self.row[patient]
        row.setflags(write=False)
        return TreatmentRows(
            entry=read_only(begin[patient, place]),
            time=read_only(time),
            event=read_only(np.where(time == stop[patient], self.event[patient], 0.0)),
            state=self.states(order[patient, place]),
            weight=read_only(self.weight[patient]),
            row=row,
        )

    def _before_the_end(self, since: float) -> FloatArray:
        """The switches, those at the end of a patient's own follow-up half of the smallest step earlier."""
        at_end = (self.switch == self.time[:, None]) & (self.time > since)[:, None]
        if not at_end.any():
            return self.switch
        entries = np.zeros(0) if self.entry is None else self.entry
        moments = np.concatenate([self.time, entries, self.switch[np.isfinite(self.switch)], [0.0, since]])
        moments = np.unique(moments[moments >= since])
        # Never so near that the two would be merged again, and never before anything else that happened.
        half = max(float(np.diff(moments).min()) / 2, 2 * time_tolerance(moments))
        last = moments[np.searchsorted(moments, self.time) - 1]
        return np.where(at_end, np.maximum(last, self.time - half)[:, None], self.switch)

    def states(self, codes: IntArray) -> pd.Categorical:
        """Codes of states as a categorical."""
        return _categorical(codes, self.names)

    def strata(self, strata: Any) -> pd.Categorical | None:
        """The strata of the patients, checked by their rows in the input; None for None."""
        if strata is None:
            return None
        labels = Labels.from_values("strata", strata, self.kept)
        return _categorical(labels.codes, labels.names)

    def place_of(self, rows: TreatmentRows) -> IntArray:
        """The place of each row's patient among these patients."""
        return np.searchsorted(self.row, rows.row).astype(np.intp)


def _categorical(codes: IntArray, names: Sequence[str]) -> pd.Categorical:
    categories: Any = pd.Index(tuple(names), dtype=object)
    return pd.Categorical.from_codes(codes, categories)


def _read_switch(name: str, values: Any, kept: BoolArray) -> FloatArray:
    """Times of entering a state, infinite for never, of the rows that are kept."""
    given = pd.Series(values.array if isinstance(values, pd.Series | pd.Index) else values, copy=False)
    if given.dtype == object:
        given = given.infer_objects()
    if len(given) and not pd.api.types.is_numeric_dtype(given) and given.notna().any():
        raise ValueError(f"{name} must hold numbers, missing for never: it holds {given.dtype}. Convert it first.")
    times = np.asarray(given.to_numpy(dtype=np.float64, na_value=np.nan))
    if len(times) != len(kept):
        raise ValueError(f"{name} must have one value per row: it has {len(times)} for {len(kept)} times.")
    times = np.where(np.isnan(times), np.inf, times)
    wrong = np.flatnonzero(kept & (times < 0))
    if len(wrong):
        rows = ", ".join(str(row) for row in wrong[:5]) + (", …" if len(wrong) > 5 else "")
        verb = "value is" if len(wrong) == 1 else "values are"
        raise ValueError(
            f"{name} must be >= 0, missing for never: {len(wrong)} of {len(times)} {verb} not (rows {rows}; first: "
            f"{times[wrong[0]]:g}). Use 0 for treated from the start, or mend the dates."
        )
    return times[kept]


def _check_names(names: Sequence[Any]) -> None:
    if len(names) < 2:
        raise ValueError("treated_at must name at least one state. Give the times of one treatment or more.")
    wrong = [name for name in names if not isinstance(name, str) or not name]
    if wrong:
        raise ValueError(f"states must be named by text: {wrong[0]!r} is not. Give each state a name.")
    for one, other in itertools.pairwise(sorted(names)):
        if one == other:
            raise ValueError(f"states must have distinct names: {one!r} occurs more than once. Rename one.")
