"""Covariates as columns of numbers, and coefficients written up again as one row per level of a covariate.

What the regression models share: a covariate is read and checked, patients are counted per distinct row of covariates
(a *pattern*), each level but the reference becomes a column of 0 and 1, and every level keeps its row in the result,
with a reason where it has no estimate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from analytics.results import Estimate, FloatArray, Interval, Name, Note, Reason

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]

# A median distance from the median, in standard deviations of a normal distribution, is 1 over this.
_NORMAL_MAD = 1.482602218505602
# A value so many units from the median stands apart from the others, unless a larger share than this is about as far.
_APART = 100.0
_FEW = 1.0 / 3.0

# What pandas calls a column of objects that are all numbers: it is a number, not as many levels as it has values.
_NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")


@dataclass(frozen=True, slots=True)
class Covariate:
    """One column of the covariates. ``levels`` is empty for a number; ``codes`` index levels or distinct values."""

    name: str
    levels: tuple[str, ...]
    codes: IntArray
    values: FloatArray

    @property
    def is_numeric(self) -> bool:
        """True for a number, False for levels."""
        return not self.levels


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the design: a level of a covariate (``level`` is its index) or a number (``level`` None)."""

    covariate: int
    level: int | None
    name: Name
    scale: float


@dataclass(frozen=True, slots=True)
class Cell:
    """The patterns of one level of a covariate, or of one of a number's two values (``level`` None)."""

    covariate: int
    level: int | None
    name: Name
    mask: BoolArray
    n: float
    n_event: float

    @property
    def is_one_sided(self) -> bool:
        """True if all of its patients had the event, or none."""
        return self.n_event in (0, self.n)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct rows of the covariates: ``n`` patients and ``y`` events in each; ``codes`` is (patterns, covariates).

    ``of_row`` gives the pattern of each row that was read.
    """

    n: FloatArray
    y: FloatArray
    codes: IntArray
    of_row: IntArray


@dataclass(frozen=True, slots=True)
class Solution:
    """A fitted model, one entry per coefficient in use; NaN marks what was not asked for or has no finite value.

    ``estimable`` is False where the data say next to nothing about a coefficient beside the others. ``fall`` is the
    likelihood-ratio statistic that each coefficient is 0, where ``p_value`` is its p.
    """

    beta: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray
    estimable: BoolArray
    log_likelihood: float
    fall: FloatArray | None = None


def read_covariate(name: str, series: pd.Series, rows: IntArray) -> tuple[Covariate, BoolArray]:
    """A covariate's rows in use, and which of them are missing (their codes mean nothing)."""
    series = series.iloc[rows] if len(rows) < len(series) else series
    if series.dtype == object and pd.api.types.infer_dtype(series, skipna=True) in _NUMBERS:
        series = pd.Series(
            [math.nan if missing else float(v) for v, missing in zip(series, series.isna(), strict=True)]
        )
    dtype = series.dtype
    nothing = np.zeros(0)
    if isinstance(dtype, pd.CategoricalDtype):
        codes = np.asarray(series.cat.codes, dtype=np.intp)
        return Covariate(name, tuple(str(c) for c in dtype.categories), codes, nothing), codes < 0
    if pd.api.types.is_bool_dtype(dtype):
        missing = np.asarray(series.isna(), dtype=bool)
        codes = series.to_numpy(dtype=np.float64, na_value=0.0).astype(np.intp)
        return Covariate(name, ("False", "True"), codes, nothing), missing
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        missing = np.isnan(values)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            raise ValueError(
                f"covariate {name!r} must be finite: {len(infinite)} of {len(values)} values are not "
                f"(first at row {rows[infinite[0]]}: {values[infinite[0]]}). Correct them or leave the patients out."
            )
        distinct, codes = np.unique(np.where(missing, 0.0, values), return_inverse=True)
        return Covariate(name, (), codes.astype(np.intp), distinct), missing
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
        missing = np.asarray(series.isna(), dtype=bool)
        text = series.astype(str).to_numpy(dtype=object)
        levels = sorted(set(text[~missing]))
        codes = pd.Categorical(
            [None if m else t for m, t in zip(missing, text, strict=True)], categories=levels
        ).codes.astype(np.intp)
        return Covariate(name, tuple(levels) or ("(none)",), codes, nothing), missing
    raise TypeError(
        f"covariate {name!r} must be categorical, text, true/false or a number: it holds {dtype}. "
        f"Turn it into one of these (a date into a duration in months, for example)."
    )


def totals(codes: IntArray, amount: FloatArray, size: int) -> FloatArray:
    """The sum of ``amount`` for each code from 0 to ``size`` - 1."""
    return np.asarray(np.bincount(codes, weights=amount, minlength=size), dtype=np.float64)


def aggregate(covariates: Sequence[Covariate], y: FloatArray, weight: FloatArray) -> Patterns:
    """The distinct rows of the covariates with their patients and events."""
    key = np.zeros(len(y), dtype=np.int64)
    reach = 1
    for covariate in covariates:
        width = max(len(covariate.levels), len(covariate.values), 1)
        if reach * width >= 2**62:
            distinct, key = np.unique(key, return_inverse=True)
            reach = len(distinct)
        key = key * width + covariate.codes
        reach *= width
    _, first, pattern = np.unique(key, return_index=True, return_inverse=True)
    codes = np.empty((len(first), len(covariates)), dtype=np.intp)
    for column, covariate in enumerate(covariates):
        codes[:, column] = covariate.codes[first]
    n, n_event = (totals(pattern, amount, len(first)) for amount in (weight, weight * y))
    return Patterns(n, n_event, codes, pattern.astype(np.intp))


def standardised(values: FloatArray, n: FloatArray) -> tuple[FloatArray, float]:
    """Values with mean 0 and standard deviation 1 over the patients, and the length of one such unit.

    Ratios and likelihood ratios do not depend on it (the penalty changes by a constant); the numerics do.
    """
    size = float(np.abs(values).max())
    if size == 0:
        return values, 1.0
    shrunk = values / size
    centred = shrunk - (shrunk @ n) / n.sum()
    spread = math.sqrt(float(centred**2 @ n) / float(n.sum()))
    return (centred / spread, spread * size) if spread > 0 else (np.zeros_like(values), size)


def robustly_standardised(values: FloatArray, n: FloatArray) -> tuple[FloatArray, float]:
    """Values with median 0 and most of them within a few units, and the length of one such unit.

    One value far from all others (a slip of the unit, a code) neither moves the middle nor stretches the unit: that is
    the median distance from the median of those who are not at it, in standard deviations of a normal distribution, or
    the standard deviation where that is shorter. Ratios and likelihood ratios do not depend on it; the numerics do.
    """
    size = float(np.abs(values).max())
    if size == 0:
        return values, 1.0
    centred = values - weighted_middle(values, n)
    distance = np.abs(centred)
    away = distance > 0
    if not away.any():
        return np.zeros_like(values), size
    unit = _NORMAL_MAD * weighted_middle(distance[away], n[away])
    _, spread = standardised(values, n)
    unit = min(unit, spread)
    with np.errstate(over="ignore"):
        scaled = centred / unit
    return (scaled, unit) if np.isfinite(scaled).all() else standardised(values, n)


def weighted_middle(values: FloatArray, n: FloatArray) -> float:
    """The value that at least half of the patients do not exceed: a median that is one of the values."""
    order = np.argsort(values)
    reach = np.cumsum(n[order])
    return float(values[order][np.searchsorted(reach, reach[-1] / 2.0)])


def check_covariates(covariates: pd.DataFrame, size: int, of: str = "outcome") -> None:
    """Check that covariates are a table of ``size`` rows with distinct names, one per entry ``of`` another.

    Raises
    ------
    TypeError
        If they are no DataFrame.
    ValueError
        If the number of rows is another, or a name occurs twice.
    """
    if not isinstance(covariates, pd.DataFrame):
        raise TypeError(f"covariates must be a DataFrame with one column per covariate: it is {type(covariates)}.")
    if len(covariates) != size:
        raise ValueError(
            f"covariates must have one row per entry of {of}: {len(covariates)} rows against {size} entries."
        )
    twice = covariates.columns[covariates.columns.duplicated()]
    if len(twice):
        raise ValueError(f"covariates must have distinct names: {twice[0]!r} occurs more than once. Rename one.")


def read_covariates(covariates: pd.DataFrame, rows: IntArray) -> list[Covariate]:
    """All covariates of the rows in use, none of them missing.

    Raises
    ------
    ValueError
        If a value is missing or infinite.
    TypeError
        If a column is of a kind that cannot be used.
    """
    read = []
    for name in covariates.columns:
        covariate, missing = read_covariate(str(name), covariates[name], rows)
        if missing.any():
            raise ValueError(
                f"covariate {str(name)!r} is missing in {missing.sum()} of {len(rows)} rows "
                f"(first at row {rows[missing.argmax()]}). "
                "Leave these patients out before fitting, or give them a level."
            )
        read.append(covariate)
    return read


class Design:
    """The model being written up: levels and their counts, the design matrix, and what was found along the way.

    ``matrix`` is (patterns, columns) and ``columns`` says what each column is, None for the intercept. ``measure``
    names the ratio that the coefficients are logarithms of.
    """

    def __init__(
        self,
        covariates: Sequence[Covariate],
        y: FloatArray,
        weight: FloatArray,
        *,
        measure: str = "odds ratio",
        intercept: bool = True,
    ) -> None:
        self.measure = measure
        self.has_intercept = intercept
        self.covariates = covariates
        self.patterns = aggregate(covariates, y, weight)
        self.n = float(self.patterns.n.sum())
        self.n_event = float(self.patterns.y.sum())
        self.notes: list[Note] = []
        self.references: list[int | None] = []
        self.counts: list[tuple[FloatArray, FloatArray]] = []
        self.single: dict[int, Reason] = {}
        self.cells: list[Cell] = []
        columns: list[FloatArray] = [np.ones(len(self.patterns.n))] if intercept else []
        self.columns: list[Column | None] = [None] if intercept else []
        for position, covariate in enumerate(covariates):
            codes = self.patterns.codes[:, position]
            if covariate.is_numeric:
                self._add_number(position, covariate, codes, columns)
            else:
                self._add_levels(position, covariate, codes, columns)
        self.matrix = np.column_stack(columns) if columns else np.zeros((len(self.patterns.n), 0))

    def _add_number(self, position: int, covariate: Covariate, codes: IntArray, columns: list[FloatArray]) -> None:
        self.references.append(None)
        self.counts.append((np.array([self.n]), np.array([self.n_event])))
        values = covariate.values[codes]
        if len(values) and (values != values[0]).any():
            standard, unit = robustly_standardised(values, self.patterns.n)
            if standard.any():
                columns.append(standard)
                self.columns.append(Column(position, None, Name(covariate.name), unit))
                for code in np.unique(codes) if len(covariate.values) == 2 else ():
                    name = Name(covariate.name, value=float(covariate.values[code]))
                    self._add_cell(position, None, name, codes == code)
                return
        self.single[position] = Reason.of("one-value", value=float(values[0])) if len(values) else Reason("no-patients")

    def _add_levels(self, position: int, covariate: Covariate, codes: IntArray, columns: list[FloatArray]) -> None:
        size = len(covariate.levels)
        n = totals(codes, self.patterns.n, size)
        self.counts.append((n, totals(codes, self.patterns.y, size)))
        present = np.flatnonzero(n)
        reference = int(present[0]) if len(present) else 0
        self.references.append(reference)
        if reference:
            self.notes.append(
                Note.of(
                    "reference-empty",
                    "caution",
                    measure=self.measure,
                    empty=Name(covariate.name, covariate.levels[0]),
                    reference=Name(covariate.name, covariate.levels[reference]),
                )
            )
        if len(present) < 2:
            self.single[position] = Reason("one-level" if len(present) else "no-patients")
        for level in present:
            name, mask = Name(covariate.name, covariate.levels[level]), codes == level
            self._add_cell(position, int(level), name, mask)
            if level != reference:
                columns.append(mask.astype(np.float64))
                self.columns.append(Column(position, int(level), name, 1.0))

    def _add_cell(self, position: int, level: int | None, name: Name, mask: BoolArray) -> None:
        n, n_event = float(self.patterns.n @ mask), float(self.patterns.y @ mask)
        self.cells.append(Cell(position, level, name, mask, n, n_event))

    def masks(self, without: int | None = None) -> BoolArray:
        """Patterns of each level, (cells, patterns); ``without`` leaves a covariate out."""
        masks = [cell.mask for cell in self.cells if cell.covariate != without]
        return np.array(masks, dtype=bool).reshape(len(masks), len(self.patterns.n))

    def names_of(self, columns: Iterable[int]) -> tuple[Name, ...] | None:
        """What columns of the design are called, each once, the intercept left out; None without any."""
        named = (column.name for index in columns if (column := self.columns[index]) is not None)
        return tuple(dict.fromkeys(named)) or None

    def of_covariate(self, position: int) -> list[int]:
        """Indices of the design columns of one covariate."""
        return [i for i, column in enumerate(self.columns) if column and column.covariate == position]

    def rows(
        self,
        columns: Sequence[int],
        solution: Solution | None,
        reasons: Mapping[int, Reason],
        reason: Reason | None,
        conf_type: str,
        conf_level: float,
    ) -> Iterator[
        tuple[str, str | None, bool, int, int, Estimate, float | None, float | None, float | None, float | None]
    ]:
        """One row per level, in order: covariate, level, is reference, n, n_event, estimate, p, z, Wald's p, LR statistic.

        ``columns`` are those that ``solution`` speaks of, ``reasons`` say why a column has no estimate, and ``reason``
        why none has.
        """
        place = {index: i for i, index in enumerate(columns)}
        column_of = {(c.covariate, c.level): i for i, c in enumerate(self.columns) if c}
        for position, covariate in enumerate(self.covariates):
            n, n_event = self.counts[position]
            for row, level in enumerate(covariate.levels or (None,)):
                count, events = int(n[row]), int(n_event[row])
                is_reference = self.references[position] == row
                index = column_of.get((position, None if level is None else row))
                z = p_value = wald = fall = None
                if is_reference:
                    estimate = Estimate(1.0, n=count, n_event=events)
                elif level is not None and count == 0:
                    estimate = Estimate(None, n=0, n_event=0, reason=Reason("no-patients"))
                elif reason is not None:
                    estimate = Estimate(None, n=count, n_event=events, reason=reason)
                elif index is None:
                    estimate = Estimate(None, n=count, n_event=events, reason=self.single[position])
                elif index in reasons or solution is None:
                    estimate = Estimate(
                        None, n=count, n_event=events, reason=reasons.get(index, Reason("not-estimable"))
                    )
                else:
                    column = self.columns[index]
                    assert column is not None
                    estimate = self._estimate(
                        solution, place[index], column.scale, count, events, conf_type, conf_level
                    )
                    if estimate.value is not None:
                        z = finite(solution.beta[place[index]] / solution.std_error[place[index]])
                        p_value = finite(solution.p_value[place[index]])
                        wald = None if z is None else float(2.0 * ndtr(-abs(z)))
                        fall = None if solution.fall is None else finite(solution.fall[place[index]])
                yield covariate.name, level, is_reference, count, events, estimate, p_value, z, wald, fall

    def _estimate(
        self, solution: Solution, place: int, scale: float, n: int, n_event: int, conf_type: str, conf_level: float
    ) -> Estimate:
        value = ratio_of(float(solution.beta[place] / scale))
        std_error = float(solution.std_error[place] / scale)
        reason = None
        if not solution.estimable[place]:
            reason = Reason("next-to-nothing-known")
        elif value is None or not math.isfinite(std_error):
            reason = Reason.of("too-large-per-unit", measure=self.measure)
        if reason is not None:
            return Estimate(None, n=n, n_event=n_event, reason=reason)
        low, high = ratio_of(float(solution.low[place] / scale)), ratio_of(float(solution.high[place] / scale))
        return Estimate(value, Interval(low, high, conf_level, conf_type), n, n_event, std_error=std_error)

    def standing_apart(self) -> tuple[str, float, float] | None:
        """The number with a value farthest from all others, the value and the median; None if none is far from them."""
        found, farthest = None, _APART
        for index, column in enumerate(self.columns):
            if column is None or column.level is not None:
                continue
            distance = np.abs(self.matrix[:, index])
            worst = int(np.argmax(distance))
            share = float(self.patterns.n[distance > distance[worst] / 10.0].sum()) / self.n
            if distance[worst] > farthest and share <= _FEW:
                farthest = float(distance[worst])
                covariate, codes = self.covariates[column.covariate], self.patterns.codes[:, column.covariate]
                values = covariate.values[codes]
                middle = weighted_middle(values, self.patterns.n)
                found = covariate.name, float(values[worst]), middle
        return found

    def why(self, reason: Reason) -> Reason:
        """A reason why a fit was not possible, with the value that stands apart where there is one."""
        apart = self.standing_apart()
        if apart is None:
            return reason
        return Reason.of("apart", why=reason, name=Name(apart[0]), value=apart[1], median=apart[2])

    def note_single_levels(self) -> None:
        """Add a note for each covariate that has one level left."""
        for position, why in self.single.items():
            self.notes.append(Note.of("single-level", "info", name=Name(self.covariates[position].name), why=why))

    def note_collinear(self, index: int, makers: Sequence[int]) -> Reason:
        """Add a note on a column that others make up, and give the reason why it has no estimate."""
        column, names = self.columns[index], self.names_of(makers)
        name = None if column is None else column.name
        self.notes.append(Note.of("collinear", "caution", name=name, measure=self.measure, n=self.n, names=names))
        return Reason.of("collinear", names=names)


class NotSettled(ArithmeticError):
    """A search that rounding kept from an answer: numbers of too different size meet in one model."""


def finite(value: float) -> float | None:
    """The number; None if it is not finite."""
    return float(value) if math.isfinite(value) else None


def ratio_of(logarithm: float) -> float | None:
    """exp of a log ratio; None where that is not a positive finite number."""
    return math.exp(logarithm) if abs(logarithm) < 700 else None
