"""Table 1 of a selection: what its patients are like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.cohort import Cohort
from analytics.cohort.disclosure import Hidden, SuppressedError
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Variable
from analytics.estimators import weighted_quantiles
from analytics.formats import MISSING, SUPPRESSED, format_count, format_number, format_share
from analytics.reporting.tables import Table


def tabulate_baseline(cohort: Cohort, cohort_filter: CohortFilter, variables: Sequence[Variable]) -> Table:
    """Table 1: the filtered cohort described by each variable, all children and by relapse.

    Coded variables show n (%) of those recorded, numbers the median and quartiles (type 7); missing values have a row
    of their own wherever there are any, and children whose relapse is not recorded a column of their own. A cohort
    without a column of relapses has the column of all children alone.
    """
    relapse = cohort.dictionary.roles.get("relapse")
    outcome = [relapse] if relapse else []
    coded = [v.name for v in variables if v.is_coded]
    # One tally for all that is coded; where small numbers are protected, that would ask for too much at once.
    joint = [] if cohort.smallest_cell else _parts_of(cohort, cohort_filter, [*coded, *outcome], outcome)
    totals = joint or _parts_of(cohort, cohort_filter, outcome, outcome)
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    for variable in variables:
        parts = joint
        if not joint or not variable.is_coded:
            parts = _parts_of(cohort, cohort_filter, [variable.name, *outcome], outcome)
        new = _coded_rows(variable, parts) if variable.is_coded else _number_rows(variable, parts)
        rows += new
        indent += [False] + [True] * (len(new) - 1)
    rounded = f" Numbers are rounded to multiples of {cohort.smallest_cell}; {SUPPRESSED}: too few."
    return Table(
        title="Who is in this selection",
        columns=("", *(f"{part.name} (n = {part.n})" for part in totals)),
        rows=tuple(rows),
        indent=tuple(indent),
        caption="n (% of those recorded in the column), or median (lower to upper quartile)."
        + (rounded if cohort.smallest_cell else ""),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """A column of Table 1: the rows of the tally that it counts; None where they may not be shown.

    ``left_out`` are the levels that are not in the tally, to protect small numbers.
    """

    name: str
    tally: pd.DataFrame | None
    left_out: tuple[Hidden, ...] = ()

    @property
    def n(self) -> str:
        """The number of children."""
        return SUPPRESSED if self.tally is None else format_count(self.tally["n"].sum())

    def hides(self, variable: Variable, level: str | None) -> bool:
        """True if the level (None: no value) is left out."""
        return self.tally is None or Hidden(variable.name, level) in self.left_out


def _parts_of(
    cohort: Cohort, cohort_filter: CohortFilter, columns: Sequence[str], outcome: Sequence[str]
) -> list[_Part]:
    """All children, then those without relapse, with it, and those in whom it is not recorded."""
    both = _part_of(cohort, cohort_filter, columns)
    # All together may be shown where a part of them is too small.
    alone = [name for name in columns if name not in outcome]
    everyone = _part_of(cohort, cohort_filter, alone) if cohort.smallest_cell else both
    if not outcome:
        return [everyone]
    tally = both.tally
    if tally is None:
        return [everyone, _Part("No relapse", None), _Part("Relapse", None)]
    relapsed = tally[outcome[0]].to_numpy(float)
    rows = {"No relapse": relapsed == 0, "Relapse": relapsed == 1}
    if np.isnan(relapsed).any():
        rows["Relapse not recorded"] = np.isnan(relapsed)
    return [everyone, *(_Part(name, tally[mask], both.left_out) for name, mask in rows.items())]


def _part_of(cohort: Cohort, cohort_filter: CohortFilter, columns: Sequence[str]) -> _Part:
    record = cohort.recording()
    try:
        tally = record.tally(columns, cohort_filter)
    except SuppressedError:
        tally = None
    return _Part("All", tally, record.left_out)


def _coded_rows(variable: Variable, parts: Sequence[_Part]) -> list[tuple[str, ...]]:
    rows = [(variable.label, *("" for _ in parts))]
    counts = [None if part.tally is None else _level_counts(variable, part.tally) for part in parts]
    for i, level in enumerate(variable.levels):
        cells = []
        for part, n in zip(parts, counts, strict=True):
            if n is None or part.hides(variable, level):
                cells.append(SUPPRESSED)
            else:
                known = n[1:].sum()
                cells.append(format_share(n[i + 1], known) if known else "0")
        rows.append((variable.level_label(level), *cells))
    if any(n is not None and (n[0] or part.hides(variable, None)) for part, n in zip(parts, counts, strict=True)):
        unknown = [
            SUPPRESSED if n is None or part.hides(variable, None) else format_count(n[0])
            for part, n in zip(parts, counts, strict=True)
        ]
        rows.append((variable.missing_label, *unknown))
    return rows


def _level_counts(variable: Variable, tally: pd.DataFrame) -> np.ndarray:
    """Children without a value, then at each level."""
    codes = pd.Categorical(tally[variable.name], categories=list(variable.levels)).codes
    return np.bincount(codes + 1, weights=tally["n"].to_numpy(), minlength=len(variable.levels) + 1)


def _number_rows(variable: Variable, parts: Sequence[_Part]) -> list[tuple[str, ...]]:
    label = f"{variable.label} ({variable.unit})" if variable.unit else variable.label
    cells: list[str] = []
    missing: list[int | None] = []
    hides_any = False
    for part in parts:
        if part.tally is None:
            cells.append(SUPPRESSED)
            missing.append(None)
            continue
        known = part.tally[part.tally[variable.name].notna()]
        quartiles = weighted_quantiles(known[variable.name].to_numpy(float), known["n"].to_numpy(), (0.5, 0.25, 0.75))
        if quartiles is None:
            cells.append(MISSING)
        else:
            median, low, high = (format_number(q, 1) for q in quartiles)
            cells.append(f"{median} ({low} to {high})")
        hidden = part.hides(variable, None)
        missing.append(None if hidden else int(part.tally["n"].sum() - known["n"].sum()))
        hides_any |= hidden
    rows = [(label, *cells)]
    if any(missing) or hides_any:
        rows.append((variable.missing_label, *(SUPPRESSED if n is None else format_count(n) for n in missing)))
    return rows
