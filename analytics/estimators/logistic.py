"""Odds ratios from logistic regression, by maximum likelihood or by Firth's penalised likelihood.

The patients are read, checked and counted per distinct row of covariates (a *pattern*); the fit is written up as one
odds ratio per level, with a reason wherever there is none, and with notes on what the reader has to know.

Sources
-------
Heinze & Schemper (2002), Statistics in Medicine 21:2409, doi:10.1002/sim.1047: the penalised likelihood against
separation.
Kosmidis & Firth (2021), Biometrika 108:71, doi:10.1093/biomet/asaa052: its maximum is always finite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from analytics.estimators.binomial_likelihood import (
    BinomialLikelihood,
    BoolArray,
    IntArray,
    Optimum,
    Solution,
    columns_making_up,
    fit_likelihood,
    independent_columns,
    likelihood_ratio,
    solve_model,
)
from analytics.estimators.separation import (
    columns_without_maximum,
    largest_log_likelihood,
    overlap_is_certain,
    separated_patterns,
)
from analytics.results import Estimate, FloatArray, Interval, Note, OddsRatio, OddsRatioResult, TermTest

Method = Literal["auto", "ml", "firth"]
ConfType = Literal["profile", "wald"]

FEW_EVENTS_PER_PARAMETER = 5
SCARCE_EVENTS_PER_PARAMETER = 10


@dataclass(frozen=True, slots=True)
class _Covariate:
    """One column of the covariates. ``levels`` is empty for a number; ``codes`` index levels or distinct values."""

    name: str
    levels: tuple[str, ...]
    codes: IntArray
    values: FloatArray

    @property
    def is_numeric(self) -> bool:
        return not self.levels


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of the design: a level of a covariate (``level`` is its index) or a number (``level`` None)."""

    covariate: int
    level: int | None
    label: str
    scale: float


@dataclass(frozen=True, slots=True)
class _Cell:
    """The patterns of one level of a covariate, or of one of a number's two values (``level`` None)."""

    covariate: int
    level: int | None
    label: str
    mask: BoolArray
    n: float
    n_event: float

    @property
    def is_one_sided(self) -> bool:
        """True if all of its patients had the event, or none."""
        return self.n_event in (0, self.n)


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Distinct rows of the covariates: ``n`` patients and ``y`` events in each; ``codes`` is (patterns, covariates)."""

    n: FloatArray
    y: FloatArray
    codes: IntArray


def _read_outcome(outcome: ArrayLike) -> FloatArray:
    """The outcome as 0.0 and 1.0, NaN where missing."""
    series = pd.Series(outcome).reset_index(drop=True)
    try:
        values = np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"outcome must be 0 or 1 (or true and false): it holds {series.dtype} values such as "
            f"{series.dropna().iloc[0]!r}. Recode it before fitting."
        ) from None
    wrong = np.flatnonzero(~np.isnan(values) & (values != 0) & (values != 1))
    if len(wrong):
        raise ValueError(
            f"outcome must be 0 or 1 (or true and false): {len(wrong)} of {len(values)} values are not "
            f"(first at row {wrong[0]}: {values[wrong[0]]:g}). Recode it before fitting."
        )
    return values


def _read_weight(weight: ArrayLike | None, size: int) -> FloatArray:
    """The weights as floats, 1 each if there are none."""
    if weight is None:
        return np.ones(size)
    values = np.asarray(pd.Series(weight).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    if len(values) != size:
        raise ValueError(f"weight must have one entry per row of outcome: {len(values)} against {size}.")
    wrong = np.flatnonzero(~np.isfinite(values) | (values < 0) | (values != np.rint(values)))
    if len(wrong):
        raise ValueError(
            f"weight must be a number of patients (0, 1, 2, ...): {len(wrong)} of {size} values are not "
            f"(first at row {wrong[0]}: {values[wrong[0]]:g}). Use frequencies, not sampling or propensity weights."
        )
    return values


def _read_covariate(name: str, series: pd.Series, rows: IntArray) -> tuple[_Covariate, BoolArray]:
    """A covariate's rows in use, and which of them are missing (their codes mean nothing)."""
    series = series.iloc[rows] if len(rows) < len(series) else series
    dtype = series.dtype
    nothing = np.zeros(0)
    if isinstance(dtype, pd.CategoricalDtype):
        codes = np.asarray(series.cat.codes, dtype=np.intp)
        return _Covariate(name, tuple(str(c) for c in dtype.categories), codes, nothing), codes < 0
    if pd.api.types.is_bool_dtype(dtype):
        missing = np.asarray(series.isna(), dtype=bool)
        codes = series.to_numpy(dtype=np.float64, na_value=0.0).astype(np.intp)
        return _Covariate(name, ("False", "True"), codes, nothing), missing
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
        return _Covariate(name, (), codes.astype(np.intp), distinct), missing
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
        missing = np.asarray(series.isna(), dtype=bool)
        text = series.astype(str).to_numpy(dtype=object)
        levels = sorted(set(text[~missing]))
        codes = pd.Categorical(
            [None if m else t for m, t in zip(missing, text, strict=True)], categories=levels
        ).codes.astype(np.intp)
        return _Covariate(name, tuple(levels) or ("(none)",), codes, nothing), missing
    raise TypeError(
        f"covariate {name!r} must be categorical, text, true/false or a number: it holds {dtype}. "
        f"Turn it into one of these (a date into a duration in months, for example)."
    )


def _totals(codes: IntArray, amount: FloatArray, size: int) -> FloatArray:
    """The sum of ``amount`` for each code from 0 to ``size`` - 1."""
    return np.asarray(np.bincount(codes, weights=amount, minlength=size), dtype=np.float64)


def _aggregate(covariates: Sequence[_Covariate], y: FloatArray, weight: FloatArray) -> _Patterns:
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
    n, n_event = (_totals(pattern, amount, len(first)) for amount in (weight, weight * y))
    return _Patterns(n, n_event, codes)


def _standardised(values: FloatArray, n: FloatArray) -> tuple[FloatArray, float]:
    """Values with mean 0 and standard deviation 1 over the patients, and the length of one such unit.

    Odds ratios and likelihood ratios do not depend on it (the penalty changes by a constant); the numerics do.
    """
    size = float(np.abs(values).max())
    if size == 0:
        return values, 1.0
    shrunk = values / size
    centred = shrunk - (shrunk @ n) / n.sum()
    spread = math.sqrt(float(centred**2 @ n) / float(n.sum()))
    return (centred / spread, spread * size) if spread > 0 else (np.zeros_like(values), size)


def _counted(number: float) -> str:
    return "1 patient" if number == 1 else f"{number:.0f} patients"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _all_or_none(label: str, n: float, n_event: float) -> str:
    """The sentence that a level without patients on one side of the outcome earns."""
    if n_event == 0:
        return (
            f"None of the {_counted(n)} with {label} had the event"
            if n > 1
            else f"The {_counted(n)} with {label} had no event"
        )
    return f"All {_counted(n)} with {label} had the event" if n > 1 else f"The {_counted(n)} with {label} had the event"


def _check_options(method: str, conf_type: str, conf_level: float) -> None:
    for name, value, known in (
        ("method", method, get_args(Method)),
        ("conf_type", conf_type, get_args(ConfType)),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}: it is {value!r}.")
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must lie between 0 and 1 (0.95, not 95): it is {conf_level}.")


def _check_covariates(covariates: pd.DataFrame, size: int) -> None:
    if not isinstance(covariates, pd.DataFrame):
        raise TypeError(f"covariates must be a DataFrame with one column per covariate: it is {type(covariates)}.")
    if len(covariates) != size:
        raise ValueError(
            f"covariates must have one row per entry of outcome: {len(covariates)} rows against {size} entries."
        )
    twice = covariates.columns[covariates.columns.duplicated()]
    if len(twice):
        raise ValueError(f"covariates must have distinct names: {twice[0]!r} occurs more than once. Rename one.")


class _Report:
    """The model being written up: levels and their counts, the design, and what was found along the way."""

    def __init__(self, covariates: Sequence[_Covariate], y: FloatArray, weight: FloatArray) -> None:
        self.covariates = covariates
        self.patterns = _aggregate(covariates, y, weight)
        self.n = float(self.patterns.n.sum())
        self.n_event = float(self.patterns.y.sum())
        self.notes: list[Note] = []
        self.references: list[int | None] = []
        self.counts: list[tuple[FloatArray, FloatArray]] = []
        self.single: dict[int, str] = {}
        self.cells: list[_Cell] = []
        columns: list[FloatArray] = [np.ones(len(self.patterns.n))]
        self.columns: list[_Column | None] = [None]
        for position, covariate in enumerate(covariates):
            codes = self.patterns.codes[:, position]
            if covariate.is_numeric:
                self._add_number(position, covariate, codes, columns)
            else:
                self._add_levels(position, covariate, codes, columns)
        self.design = np.column_stack(columns)

    def _add_number(self, position: int, covariate: _Covariate, codes: IntArray, columns: list[FloatArray]) -> None:
        self.references.append(None)
        self.counts.append((np.array([self.n]), np.array([self.n_event])))
        values = covariate.values[codes]
        if len(values) and (values != values[0]).any():
            standard, unit = _standardised(values, self.patterns.n)
            if standard.any():
                columns.append(standard)
                self.columns.append(_Column(position, None, covariate.name, unit))
                for code in np.unique(codes) if len(covariate.values) == 2 else ():
                    self._add_cell(position, None, f"{covariate.name} = {covariate.values[code]:g}", codes == code)
                return
        self.single[position] = f"only one value left: {values[0]:g}" if len(values) else "no patients"

    def _add_levels(self, position: int, covariate: _Covariate, codes: IntArray, columns: list[FloatArray]) -> None:
        size = len(covariate.levels)
        n = _totals(codes, self.patterns.n, size)
        self.counts.append((n, _totals(codes, self.patterns.y, size)))
        present = np.flatnonzero(n)
        reference = int(present[0]) if len(present) else 0
        self.references.append(reference)
        if reference:
            self.notes.append(
                Note(
                    "reference-empty",
                    "caution",
                    f"No patient has {covariate.name}: {covariate.levels[0]}, so its odds ratios compare with "
                    f"{covariate.levels[reference]} instead.",
                    "Widen the filter if the usual reference level is meant.",
                )
            )
        if len(present) < 2:
            self.single[position] = (
                f"only one level left: {covariate.levels[reference]}" if len(present) else "no patients"
            )
        for level in present:
            label, mask = f"{covariate.name}: {covariate.levels[level]}", codes == level
            self._add_cell(position, int(level), label, mask)
            if level != reference:
                columns.append(mask.astype(np.float64))
                self.columns.append(_Column(position, int(level), label, 1.0))

    def _add_cell(self, position: int, level: int | None, label: str, mask: BoolArray) -> None:
        n, n_event = float(self.patterns.n @ mask), float(self.patterns.y @ mask)
        self.cells.append(_Cell(position, level, label, mask, n, n_event))

    def masks(self, without: int | None = None) -> BoolArray:
        """Patterns of each level, (cells, patterns); ``without`` leaves a covariate out."""
        masks = [cell.mask for cell in self.cells if cell.covariate != without]
        return np.array(masks, dtype=bool).reshape(len(masks), len(self.patterns.n))

    @property
    def labels(self) -> list[str]:
        """Names of the design's columns; that of the intercept is empty."""
        return [column.label if column else "" for column in self.columns]

    def of_covariate(self, position: int) -> list[int]:
        """Indices of the design columns of one covariate."""
        return [i for i, column in enumerate(self.columns) if column and column.covariate == position]

    def separation_sentences(self, infinite: Sequence[int], separated: BoolArray) -> list[str]:
        """What separates the data, in words with the numbers."""
        sentences, others = [], []
        for position, covariate in enumerate(self.covariates):
            if not set(self.of_covariate(position)) & set(infinite):
                continue
            own = [cell for cell in self.cells if cell.covariate == position and cell.is_one_sided]
            sentences += [_all_or_none(cell.label, cell.n, cell.n_event) for cell in own]
            if not own:
                others.append(covariate.name)
        if others:
            told = float(self.patterns.n[separated].sum())
            names = _listed(others)
            if sentences:
                names = f"these together with {names}"
            elif len(others) > 1:
                names = f"{names} together"
            sentences.append(f"The outcome of {told:.0f} of {self.n:.0f} patients follows exactly from {names}")
        return sentences

    def infinite_reason(self, column: _Column) -> str:
        """Why maximum likelihood gives a coefficient no finite value."""
        reference = self.references[column.covariate]
        for cell in self.cells:
            if cell.covariate == column.covariate and cell.is_one_sided:
                which = "none" if cell.n_event == 0 else "all"
                if column.level is None:
                    return f"not estimable: {which} of the {_counted(cell.n)} with {cell.label} had the event"
                if cell.level == column.level:
                    return f"not estimable: {which} of the {_counted(cell.n)} had the event"
                if cell.level == reference:
                    return f"not estimable: {which} of the {_counted(cell.n)} of the reference level had the event"
        return "not estimable: the covariates together predict the outcome exactly (separation)"


def estimate_odds_ratios(
    outcome: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike | None = None,
    method: Method = "auto",
    conf_type: ConfType = "profile",
    conf_level: float = 0.95,
) -> OddsRatioResult:
    """Odds ratios of one logistic model with all ``covariates``.

    Parameters
    ----------
    outcome : array of length n
        1 or True where the patient had the event. Rows are matched by position.
    covariates : DataFrame with n rows
        Categorical columns are compared with their first category; text is categorical in sorted order, true/false
        compares True with False, and the odds ratio of a number is per unit. Without columns only the likelihood of
        the intercept is given.
    weight : array of length n, optional
        How many patients share the row (whole numbers); the result equals that of the repeated rows, 0 drops a row.
    method : {"auto", "ml", "firth"}
        Maximum likelihood, Firth's penalised likelihood, or ("auto") the first unless the data are separated.
    conf_type : {"profile", "wald"}
        Limits where the (penalised) profile likelihood falls by half the chi-squared quantile, or estimate +/- z SE.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    OddsRatioResult
        Terms in the order of the columns and their categories. A category without patients, a column that others make
        up and a covariate with one level left keep their rows and give a reason; so does every row if nobody or
        everybody had the event, or nobody is left. Reference rows always have an odds ratio of exactly 1.
        ``std_error`` is that of the log odds ratio: for Firth, from the inverse of the Fisher information at the
        penalised estimate (Heinze & Schemper 2002), not of the information augmented by the leverages. ``statistic``
        is estimate / SE on the log scale. ``p_value`` is Wald's for maximum likelihood and the penalised
        likelihood-ratio p for Firth. ``tests`` are likelihood-ratio tests against the model without the covariate on
        the same patients; ``df`` counts the parameters that this loses. ``log_likelihood`` leaves out the penalty.

    Notes
    -----
    Codes of notes: "separation", "collinear", "reference-empty", "single-level", "events-per-parameter".
    With method "ml" on separated data, coefficients without a finite estimate give a reason; the others, and the
    likelihood, are the limits that maximum likelihood approaches.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or infinite, the outcome is not 0/1, a weight is no number of patients,
        a name occurs twice or an option is unknown.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.
    """
    _check_options(method, conf_type, conf_level)
    y = _read_outcome(outcome)
    _check_covariates(covariates, len(y))
    counts = _read_weight(weight, len(y))
    rows = np.flatnonzero(counts)
    y, counts = y[rows], counts[rows]
    missing_outcome = np.isnan(y)
    if missing_outcome.any():
        raise ValueError(
            f"outcome is missing in {missing_outcome.sum()} of {len(y)} rows "
            f"(first at row {rows[missing_outcome.argmax()]}). Leave these patients out before fitting."
        )
    read: list[_Covariate] = []
    for name in covariates.columns:
        covariate, missing = _read_covariate(str(name), covariates[name], rows)
        if missing.any():
            raise ValueError(
                f"covariate {str(name)!r} is missing in {missing.sum()} of {len(y)} rows "
                f"(first at row {rows[missing.argmax()]}). "
                "Leave these patients out before fitting, or give them a level."
            )
        read.append(covariate)
    return _write_up(_Report(read, y, counts), method, conf_type, conf_level)


def estimate_univariable_odds_ratios(
    outcome: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike | None = None,
    method: Method = "auto",
    conf_type: ConfType = "profile",
    conf_level: float = 0.95,
) -> tuple[OddsRatioResult, ...]:
    """Odds ratios of one logistic model per covariate, in the order of the columns.

    Each model uses the patients whose own covariate is known; the others are counted in a note with the code
    "missing-excluded". Parameters, results and errors are those of :func:`estimate_odds_ratios`; no columns give ().
    """
    _check_options(method, conf_type, conf_level)
    y = _read_outcome(outcome)
    _check_covariates(covariates, len(y))
    counts = _read_weight(weight, len(y))
    results = []
    for name in covariates.columns:
        known = np.asarray(covariates[name].notna(), dtype=bool)
        rows = np.flatnonzero(known)
        result = estimate_odds_ratios(
            y[rows],
            covariates[[name]].iloc[rows],
            weight=counts[rows],
            method=method,
            conf_type=conf_type,
            conf_level=conf_level,
        )
        left_out = float(counts[~known].sum())
        if left_out:
            text = f"{left_out:.0f} of {counts.sum():.0f} patients without {name} were left out of its model."
            note = Note("missing-excluded", "info", text)
            result = replace(result, notes=(note, *result.notes))
        results.append(result)
    return tuple(results)


def _nothing_to_fit(report: _Report) -> str | None:
    if report.n == 0:
        return "no patients"
    if report.n_event == 0:
        return "no events"
    if report.n_event == report.n:
        return "every patient had the event"
    return None


def _write_up(report: _Report, method: str, conf_type: str, conf_level: float) -> OddsRatioResult:
    """The fit of a report's design and its result."""
    reason = _nothing_to_fit(report)
    if reason:
        return _assemble(report, "firth" if method == "firth" else "ml", conf_type, conf_level, reason=reason)
    design, n, y = report.design, report.patterns.n, report.patterns.y
    kept = independent_columns(design)
    reasons: dict[int, str] = {}
    for index in sorted(set(range(design.shape[1])) - set(kept)):
        label = report.labels[index]
        makers = [report.labels[i] for i in columns_making_up(design, index, kept) if i > 0]
        names = _listed(makers or ["the other covariates"])
        reasons[index] = f"not estimable: a combination of {names}"
        report.notes.append(
            Note(
                "collinear",
                "caution",
                f"{label} has no odds ratio of its own: "
                f"among these {report.n:.0f} patients it is a combination of {names}.",
                "Leave one of them out of the model.",
            )
        )
    whole = design[:, kept]
    separated = np.zeros(len(n), dtype=bool)
    likelihood = BinomialLikelihood(whole, n, y, penalised=method == "firth")
    optimum: Optimum | None = None
    if method == "firth":
        optimum = fit_likelihood(likelihood)
    elif not any(cell.is_one_sided for cell in report.cells):
        optimum = fit_likelihood(likelihood, stop_when_diverging=True)
    if method != "firth" and not (optimum and optimum.converged[0] and overlap_is_certain(likelihood, optimum.beta[0])):
        separated = separated_patterns(whole, n, y, report.masks())
        if not separated.any() and not (optimum and optimum.converged[0]):
            optimum = fit_likelihood(likelihood)
    fitted = "firth" if method == "firth" else "ml"
    if separated.any():
        infinite = [kept[i] for i in columns_without_maximum(whole, separated) if kept[i] > 0]
        _note_separation(report, infinite, separated, method)
        if method == "auto":
            fitted = "firth"
            likelihood = BinomialLikelihood(whole, n, y, penalised=True)
            optimum = fit_likelihood(likelihood)
        else:
            return _write_up_separated(report, kept, ~separated, infinite, reasons, conf_type, conf_level)
    if optimum is None or not optimum.converged[0]:
        reason = "the fit did not converge"
        return _assemble(report, fitted, conf_type, conf_level, reason=reason)
    wanted = list(range(1, len(kept)))
    solution = solve_model(likelihood, optimum, wanted, conf_type, conf_level)
    tests = _term_tests(report, kept, likelihood, optimum)
    return _assemble(
        report,
        fitted,
        conf_type,
        conf_level,
        columns=kept,
        solution=solution,
        tests=tests,
        reasons=reasons,
        rank=len(kept),
    )


def _write_up_separated(
    report: _Report,
    kept: list[int],
    overlap: BoolArray,
    infinite: list[int],
    reasons: dict[int, str],
    conf_type: str,
    conf_level: float,
) -> OddsRatioResult:
    """Maximum likelihood on separated data: the finite coefficients, from the patterns that are not told apart."""
    n, y = report.patterns.n, report.patterns.y
    for index in infinite:
        column = report.columns[index]
        assert column is not None
        reasons[index] = report.infinite_reason(column)
    log_likelihood = 0.0
    solution = None
    columns: list[int] = []
    if overlap.any():
        inner = report.design[overlap][:, kept]
        columns = [kept[i] for i in independent_columns(inner)]
        likelihood = BinomialLikelihood(report.design[overlap][:, columns], n[overlap], y[overlap], penalised=False)
        optimum = fit_likelihood(likelihood)
        if not optimum.converged[0]:
            return _assemble(report, "ml", conf_type, conf_level, reason="the fit did not converge")
        wanted = [i for i, index in enumerate(columns) if index > 0 and index not in infinite]
        solution = solve_model(likelihood, optimum, wanted, conf_type, conf_level)
        log_likelihood = solution.log_likelihood
    tests = []
    for position in range(len(report.covariates)):
        own = set(report.of_covariate(position))
        rest = report.design[:, [i for i in range(report.design.shape[1]) if i not in own]]
        df = len(kept) - len(independent_columns(rest))
        lower = largest_log_likelihood(rest, n, y, report.masks(position)) if df else None
        statistic = math.nan if lower is None else max(2.0 * (log_likelihood - lower), 0.0)
        tests.append(_term_test(report, position, statistic, df))
    return _assemble(
        report,
        "ml",
        conf_type,
        conf_level,
        columns=columns,
        solution=solution,
        tests=tests,
        reasons=reasons,
        rank=len(kept),
        log_likelihood=log_likelihood,
    )


def _note_separation(report: _Report, infinite: Sequence[int], separated: BoolArray, method: str) -> None:
    found = ". ".join(report.separation_sentences(infinite, separated))
    then = (
        "Firth's penalised likelihood is used instead."
        if method == "auto"
        else "The odds ratios concerned are not shown."
    )
    report.notes.append(
        Note(
            "separation",
            "caution",
            f"{found}. Maximum likelihood has no finite odds ratio for this (separation). {then}",
            "Rely on the interval rather than on the odds ratio, or join small levels where that makes clinical sense."
            if method == "auto"
            else "Use Firth's penalised likelihood.",
        )
    )


def _term_test(report: _Report, position: int, statistic: float, df: int) -> TermTest:
    name = report.covariates[position].name
    if position in report.single:
        return TermTest(name, None, None, None, report.single[position])
    if df == 0:
        return TermTest(name, None, None, None, "not estimable: the other covariates make it up")
    if not math.isfinite(statistic):
        return TermTest(name, None, None, None, "the fit without it did not converge")
    return TermTest(name, statistic, df, float(chdtrc(df, statistic)))


def _term_tests(report: _Report, kept: list[int], likelihood: BinomialLikelihood, optimum: Optimum) -> list[TermTest]:
    """Likelihood-ratio tests of each covariate."""
    total = len(report.covariates)
    if len(kept) == report.design.shape[1]:
        drop = np.zeros((total, len(kept)), dtype=bool)
        for position in range(total):
            drop[position, report.of_covariate(position)] = True
        statistics = likelihood_ratio(likelihood, optimum, drop) if total else np.zeros(0)
        return [_term_test(report, i, float(statistics[i]), int(drop[i].sum())) for i in range(total)]
    # Without a covariate, a column that it had made superfluous counts again: put its own columns last.
    tests = []
    for position in range(total):
        own = report.of_covariate(position)
        order = [i for i in range(report.design.shape[1]) if i not in own] + own
        independent = [order[i] for i in independent_columns(report.design[:, order])]
        drop = np.isin(independent, own)[None]
        statistic = math.nan
        if drop.any():
            again = BinomialLikelihood(report.design[:, independent], likelihood.n, likelihood.y, likelihood.penalised)
            same = fit_likelihood(again)
            if same.converged[0]:
                statistic = float(likelihood_ratio(again, same, drop)[0])
        tests.append(_term_test(report, position, statistic, int(drop.sum())))
    return tests


def _assemble(
    report: _Report,
    fitted: str,
    conf_type: str,
    conf_level: float,
    *,
    columns: Sequence[int] = (),
    solution: Solution | None = None,
    tests: Sequence[TermTest] = (),
    reasons: dict[int, str] | None = None,
    reason: str | None = None,
    rank: int = 1,
    log_likelihood: float | None = None,
) -> OddsRatioResult:
    """The result: one term per level, in order; ``columns`` are those that ``solution`` speaks of."""
    reasons = reasons or {}
    place = {index: i for i, index in enumerate(columns)}
    column_of = {(c.covariate, c.level): i for i, c in enumerate(report.columns) if c}
    terms: list[OddsRatio] = []
    for position, covariate in enumerate(report.covariates):
        n, n_event = report.counts[position]
        for row, level in enumerate(covariate.levels or (None,)):
            key = (position, None if level is None else row)
            count, events = int(n[row]), int(n_event[row])
            is_reference = report.references[position] == row
            index = column_of.get(key)
            z = p_value = None
            if is_reference:
                estimate = Estimate(1.0, n=count, n_event=events)
            elif level is not None and count == 0:
                estimate = Estimate(None, n=0, n_event=0, reason="no patients")
            elif reason is not None:
                estimate = Estimate(None, n=count, n_event=events, reason=reason)
            elif index is None:
                estimate = Estimate(None, n=count, n_event=events, reason=report.single[position])
            elif index in reasons or solution is None:
                estimate = Estimate(None, n=count, n_event=events, reason=reasons.get(index, "not estimable"))
            else:
                column = report.columns[index]
                assert column is not None
                estimate = _estimate(solution, place[index], column.scale, count, events, conf_type, conf_level)
                if estimate.value is not None:
                    z = _finite(float(solution.beta[place[index]] / solution.std_error[place[index]]))
                    p_value = _finite(float(solution.p_value[place[index]]))
            terms.append(OddsRatio(covariate.name, level, is_reference, count, events, estimate, p_value, z))
    if reason is not None:
        tests = [TermTest(c.name, None, None, None, reason) for c in report.covariates]
    for position, why in report.single.items():
        if reason is None:
            name = report.covariates[position].name
            text = f"{name} cannot be compared: {why}."
            report.notes.append(Note("single-level", "info", text, "Leave it out of the model or widen the filter."))
    if solution is not None and log_likelihood is None:
        log_likelihood = solution.log_likelihood
    n_parameters = rank - 1 if reason is None else 0
    _note_events_per_parameter(report, n_parameters)
    return OddsRatioResult(
        terms=tuple(terms),
        tests=tuple(tests),
        method=fitted,
        conf_level=conf_level,
        conf_type=conf_type,
        n=int(report.n),
        n_event=int(report.n_event),
        n_parameters=n_parameters,
        log_likelihood=log_likelihood,
        reason=reason,
        notes=tuple(report.notes),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _odds(log_odds: float) -> float | None:
    """exp of a log odds ratio; None where that is not a positive finite number."""
    return math.exp(log_odds) if abs(log_odds) < 700 else None


def _estimate(
    solution: Solution, place: int, scale: float, n: int, n_event: int, conf_type: str, conf_level: float
) -> Estimate:
    value = _odds(float(solution.beta[place] / scale))
    std_error = float(solution.std_error[place] / scale)
    reason = None
    if not solution.estimable[place]:
        reason = "not estimable: these patients say next to nothing about it beside the other covariates"
    elif value is None or not math.isfinite(std_error):
        reason = "the odds ratio per unit is too large or too small to write: use another unit"
    if reason is not None:
        return Estimate(None, n=n, n_event=n_event, reason=reason)
    low, high = _odds(float(solution.low[place] / scale)), _odds(float(solution.high[place] / scale))
    return Estimate(value, Interval(low, high, conf_level, conf_type), n, n_event, std_error=std_error)


def _note_events_per_parameter(report: _Report, n_parameters: int) -> None:
    if not n_parameters:
        return
    without = report.n - report.n_event
    rarer, what = (report.n_event, "with the event") if report.n_event <= without else (without, "without the event")
    ratio = rarer / n_parameters
    if ratio >= SCARCE_EVENTS_PER_PARAMETER:
        return
    plural = "parameter" if n_parameters == 1 else "parameters"
    report.notes.append(
        Note(
            "events-per-parameter",
            "caution" if ratio < FEW_EVENTS_PER_PARAMETER else "info",
            f"{_counted(rarer)} {what} for {n_parameters} estimated {plural}: {ratio:.1f} per parameter.",
            "Choose fewer covariates, or read the odds ratios as exploratory.",
        )
    )
