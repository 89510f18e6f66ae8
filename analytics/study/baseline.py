"""Table 1 of a selection: what its patients are like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd

from analytics.cohort import Cohort
from analytics.cohort.disclosure import Hidden, SuppressedError
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Variable
from analytics.estimators import standardised_mean_difference, standardised_share_difference, weighted_quantiles
from analytics.formats import MISSING, SUPPRESSED, format_count, format_number, format_share
from analytics.reporting.likeness import list_shared
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, join_words, say_selection, start_sentence

ABOUT_DIFFERENCES = (
    "SMD: standardised difference of means or shares, without its sign, the largest between any two columns in which the value "
    "is known; it does not grow with how many are compared, and below 0.1 is usually called negligible (Austin 2009, "
    "doi:10.1002/sim.3697; for more than two levels Yang and Dalton 2012)."
)


def tabulate_baseline(
    cohort: Cohort,
    cohort_filter: CohortFilter,
    variables: Sequence[Variable],
    *,
    by: Variable | None = None,
    beside: CohortFilter | None = None,
    differences: bool = False,
    other: Cohort | None = None,
    names: tuple[str, str] | None = None,
) -> Table:
    """Table 1: the filtered cohort described by each variable, all children and by relapse, or by the levels of ``by``.

    With another selection ``beside`` it, the columns are the two, A and B, and nothing else. It may be one of an ``other``
    cohort; ``names`` are then what the two are called, and variables that do not mean the same in both are left out.

    Coded variables show n (%) of those recorded, numbers the median and quartiles (type 7); missing values have a row
    of their own wherever there are any, and children whose column is not recorded a column of their own. A cohort
    without a column of relapses has the column of all children alone. ``differences`` adds the standardised difference
    between the known columns, the largest of any two; not where small numbers are protected.
    """
    dictionary = cohort.dictionary
    relapse = dictionary.roles.get("relapse")
    column = by if by is not None else dictionary[relapse] if relapse else None
    column = None if beside is not None else column
    outcome = [column.name] if column is not None else []
    variables = [v for v in variables if v.name not in outcome]
    unlike = ""
    if other is not None:
        shared = list_shared(dictionary, other.dictionary, [v.name for v in variables])
        if left_out := [v.label for v in variables if v.name not in shared]:
            unlike = f" Not in B, or defined otherwise there: {join_words(left_out)}."
        variables = [v for v in variables if v.name in shared]
    coded = [v.name for v in variables if v.is_coded]
    parts_of: Callable[[Sequence[str]], list[_Part]] = partial(_parts_of, cohort, cohort_filter, column=column)
    if beside is not None:
        first, second = ("A", "B") if names is None else (f"A: {names[0]}", f"B: {names[1]}")
        sides = {first: (cohort, cohort_filter), second: (other or cohort, beside)}
        parts_of = partial(_parts_beside, sides)
    # One tally for all that is coded; where small numbers are protected, that would ask for too much at once.
    joint = [] if cohort.smallest_cell else parts_of([*coded, *outcome])
    totals = joint or parts_of(outcome)
    differences = differences and not cohort.smallest_cell and sum(part.is_known for part in totals) > 1
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    for variable in variables:
        parts = joint
        if not joint or not variable.is_coded:
            parts = parts_of([variable.name, *outcome])
        if variable.is_coded:
            new = _coded_rows(variable, parts)
        else:
            new = _number_rows(variable, parts, is_protected=bool(cohort.smallest_cell))
        if differences:
            new = [(*row, _difference(variable, parts) if i == 0 else "") for i, row in enumerate(new)]
        rows += new
        indent += [False] + [True] * (len(new) - 1)
    noisy = f" Each number has its own noise, so that they need not add up; {SUPPRESSED}: too few, or none."
    return Table(
        title=_title(by, beside),
        columns=("", *(f"{part.name} (n = {part.n})" for part in totals), *(["SMD"] if differences else [])),
        rows=tuple(rows),
        indent=tuple(indent),
        caption="n (% of those recorded in the column), or median (lower to upper quartile)."
        + (noisy if cohort.smallest_cell else "")
        + (
            f" A: {say_selection(cohort_filter, dictionary)}. B: {say_selection(beside, (other or cohort).dictionary)}.{unlike}"
            if beside is not None
            else ""
        )
        + (f" {ABOUT_DIFFERENCES}" if differences else ""),
    )


def _title(by: Variable | None, beside: CohortFilter | None) -> str:
    if beside is not None:
        return "Who is in this selection (A) and in the other (B)"
    return "Who is in this selection" + (f", by {in_sentence(by.label)}" if by is not None else "")


@dataclass(frozen=True, slots=True)
class _Part:
    """A column of Table 1: the rows of the tally that it counts; None where they may not be shown.

    ``left_out`` are the levels that are not in the tally, to protect small numbers. ``is_known`` is True for the columns
    that are compared: not for all together, nor for those whose column is not recorded.
    """

    name: str
    tally: pd.DataFrame | None
    left_out: tuple[Hidden, ...] = ()
    is_known: bool = False

    @property
    def n(self) -> str:
        """The number of children."""
        return SUPPRESSED if self.tally is None else format_count(self.tally["n"].sum())

    def hides(self, variable: Variable, level: str | None) -> bool:
        """True if the level (None: no value) is left out."""
        return self.tally is None or Hidden(variable.name, level) in self.left_out


def _parts_of(
    cohort: Cohort, cohort_filter: CohortFilter, columns: Sequence[str], *, column: Variable | None
) -> list[_Part]:
    """All children, then those of each column, and those whose column is not recorded."""
    both = _part_of(cohort, cohort_filter, columns)
    # All together may be shown where a part of them is too small.
    alone = [name for name in columns if column is None or name != column.name]
    everyone = _part_of(cohort, cohort_filter, alone) if cohort.smallest_cell else both
    if column is None:
        return [everyone]
    values: list[tuple[str, str | int]]
    if column.is_coded:
        values = list(zip(column.level_labels, column.levels, strict=True))
        unknown = start_sentence(column.missing_label)
    else:
        values, unknown = [(f"No {in_sentence(column.label)}", 0), (column.label, 1)], f"{column.label} not recorded"
    tally = both.tally
    if tally is None:
        return [everyone, *(_Part(name, None) for name, _ in values)]
    found = tally[column.name]
    parts = [
        _Part(
            name,
            None if both.hides(column, str(value)) else tally[(found == value).to_numpy(bool)],
            both.left_out,
            True,
        )
        for name, value in values
    ]
    missing = found.isna().to_numpy(bool)
    if missing.any():
        parts.append(_Part(unknown, tally[missing], both.left_out))
    return [everyone, *parts]


def _parts_beside(sides: Mapping[str, tuple[Cohort, CohortFilter]], columns: Sequence[str]) -> list[_Part]:
    """A column for each selection."""
    return [replace(_part_of(*chosen, columns), name=name, is_known=True) for name, chosen in sides.items()]


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


def _number_rows(variable: Variable, parts: Sequence[_Part], *, is_protected: bool) -> list[tuple[str, ...]]:
    """A number's row, and how many have none; where small numbers are protected none of them may be too few."""
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
        n = int(part.tally["n"].sum() - known["n"].sum())
        missing.append(None if hidden or (is_protected and not n) else n)
        hides_any |= hidden
    rows = [(label, *cells)]
    if any(missing) or hides_any:
        rows.append((variable.missing_label, *(SUPPRESSED if n is None else format_count(n) for n in missing)))
    return rows


def _difference(variable: Variable, parts: Sequence[_Part]) -> str:
    """The largest standardised difference between two of the known columns."""
    tallies = [part.tally for part in parts if part.is_known and part.tally is not None]
    found = []
    for one, other in combinations(tallies, 2):
        if variable.is_coded:
            found.append(standardised_share_difference(*(_level_counts(variable, t)[1:] for t in (one, other))))
        else:
            known = [t[t[variable.name].notna()] for t in (one, other)]
            (x, n), (y, m) = ((t[variable.name].to_numpy(float), t["n"].to_numpy(float)) for t in known)
            found.append(standardised_mean_difference(x, n, y, m))
    known_ones = [value for value in found if value is not None]
    return format_number(max(known_ones), 2) if known_ones else MISSING
