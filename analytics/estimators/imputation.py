"""Multiple imputation by chained equations, for numbers and for levels.

The chain, its order and the imputation of numbers are those of ``statsmodels.imputation.mice.MICEData``: a linear model
with coefficients drawn from their posterior, then a value taken over from one of the patients whose prediction is nearest
(predictive mean matching). MICEData knows numbers only; a coded level is no number, and would be imputed with values in
between. Levels are therefore imputed here: a multinomial logistic model (for two levels, a logistic one), coefficients
drawn from the normal approximation to their posterior, then a level drawn with the probabilities that these give. Rare
levels can be predicted perfectly by others, where maximum likelihood has no finite coefficients; the data are augmented
by a few rows of little weight, which keeps them finite. These rows need weights, which neither ``Logit`` nor ``MNLogit``
of statsmodels takes, so the model is fitted here by Newton's method.

The outcome is always among the predictors of every missing variable; without it, associations with the outcome would be
pulled towards none. All other variables of the model are predictors too, levels as indicators. No interactions.

Sources
-------
van Buuren (2018), Flexible Imputation of Missing Data, 2nd edition, sections 3.4, 3.6 and 4.5.
White, Daniel & Royston (2010), Computational Statistics & Data Analysis 54:2267, doi:10.1016/j.csda.2010.04.005:
augmentation against perfect prediction.
White, Royston & Wood (2011), Statistics in Medicine 30:377, doi:10.1002/sim.4067: the outcome among the predictors, and
how many imputations.
Morris, White & Royston (2014), BMC Medical Research Methodology 14:75, doi:10.1186/1471-2288-14-75: ten donors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analytics.estimators.design import check_covariates
from analytics.estimators.logistic import estimate_odds_ratios, read_outcome, read_weight, rows_in_use
from analytics.estimators.missing_data import PooledResult, pool_odds_ratios
from analytics.results import FloatArray, OddsRatioResult, read_only

IMPUTATIONS, CYCLES, DONORS = 20, 10, 10
SEED = 20251
MOST_PATIENTS = 20_000
_MAX_ITERATIONS = 50

Progress = Callable[[int, int], None]


def nothing_reported(done: int, total: int) -> None:
    """For whoever does not want to know how far it has come."""


def why_not_imputed(values: pd.DataFrame, outcome: ArrayLike, weight: ArrayLike | None = None) -> str | None:
    """Why these values cannot be imputed, as a clause; None if they can.

    Parameters are those of :func:`impute`.
    """
    y = read_outcome(outcome)
    check_covariates(values, len(y))
    counts = read_weight(weight, len(y))
    rows = rows_in_use(y, counts)
    n = int(counts.sum())
    values, y, counts = values.iloc[rows], y[rows], counts[rows]
    missing = values.isna().to_numpy(dtype=bool).reshape(len(values), values.shape[1])
    if not missing.any():
        return "nothing is missing in these variables"
    if n > MOST_PATIENTS:
        return f"{n} patients are more than the {MOST_PATIENTS} that are imputed here in reasonable time"
    if float(counts @ y) in (0.0, float(n)):
        return "no patient had the event" if not counts @ y else "every patient had the event"
    sizes = {name: _n_columns(values[name]) for name in values.columns}
    for position, name in enumerate(values.columns):
        if not missing[:, position].any():
            continue
        known = int(counts[~missing[:, position]].sum())
        predictors = 1 + sum(size for other, size in sizes.items() if other != name)
        if not known:
            return f"{name} is not known in any patient"
        if known < predictors + 3:
            return (
                f"{name} is known in {known} {'patient' if known == 1 else 'patients'} only, too few for a model of it "
                f"with {predictors} coefficients"
            )
    return None


def impute(
    values: pd.DataFrame,
    outcome: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    m: int = IMPUTATIONS,
    cycles: int = CYCLES,
    seed: int = SEED,
    progress: Progress = nothing_reported,
) -> tuple[FloatArray, tuple[pd.DataFrame, ...]]:
    """Fill in missing values ``m`` times.

    Parameters
    ----------
    values : DataFrame with n rows
        Categorical columns of levels and columns of numbers; missing is what pandas takes for it.
    outcome : array of length n
        1 or True where the patient had the event; never missing.
    weight : array of length n, optional
        How many patients share the row. Each of them gets values of his own, so the rows are repeated.
    m, cycles : int
        Imputed sets, each from a chain of its own after so many rounds through the variables. The k-th set is the same
        whatever ``m`` is.
    seed : int
        The same seed and data give the same values.
    progress
        Called with the sets done and all sets before the first and after each; what it raises stops the work.

    Returns
    -------
    tuple
        The outcome of the repeated rows, and the sets: frames of these rows with the columns and categories of ``values``.

    Raises
    ------
    ValueError
        If :func:`why_not_imputed` gives a reason, ``m`` or ``cycles`` is below 1, or the input is not as described.
    TypeError
        If a column holds neither levels nor numbers.
    """
    reason = why_not_imputed(values, outcome, weight)
    if reason is not None:
        raise ValueError(f"values cannot be imputed: {reason}.")
    if m < 1 or cycles < 1:
        raise ValueError(f"m and cycles must be at least 1: they are {m} and {cycles}.")
    counts = read_weight(weight, len(values)).astype(np.intp)
    rows = np.repeat(np.arange(len(values)), counts)
    y, repeated = read_outcome(outcome)[rows], values.iloc[rows].reset_index(drop=True)
    sets: list[pd.DataFrame] = []
    progress(0, m)
    chain_of = _chain_class()
    for number, child in enumerate(np.random.SeedSequence(seed).spawn(m), start=1):
        chain = chain_of(repeated, y, np.random.default_rng(child))
        chain.update_all(cycles)
        sets.append(chain.filled())
        progress(number, m)
    return read_only(y), tuple(sets)


def estimate_imputed_odds_ratios(
    values: pd.DataFrame,
    outcome: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    m: int = IMPUTATIONS,
    cycles: int = CYCLES,
    seed: int = SEED,
    conf_level: float = 0.95,
    progress: Progress = nothing_reported,
    as_read: Callable[[OddsRatioResult], OddsRatioResult] = lambda result: result,
    refit: Callable[[pd.DataFrame], OddsRatioResult] | None = None,
) -> PooledResult:
    """Odds ratios of one logistic model of all ``values``, from ``m`` imputed sets pooled by Rubin's rules.

    Each set is fitted by maximum likelihood. If the data of any set are separated, all are fitted by Firth's penalised
    likelihood, since estimates of two kinds cannot be pooled; ``method`` of the result says which. ``as_read`` turns the
    result of a set into the scale that is to be pooled (a number's odds ratio per ten units). ``refit`` fits another model to
    a set, whose standard errors are pooled (one weighted for censoring). All else as in :func:`impute`.
    """
    if m < 2:
        raise ValueError(f"m must be at least 2 to be pooled: it is {m}.")
    y, sets = impute(values, outcome, weight=weight, m=m, cycles=cycles, seed=seed, progress=progress)

    if refit is not None:
        return pool_odds_ratios([as_read(refit(each)) for each in sets])

    def fit(method: Any) -> list[OddsRatioResult]:
        options = {"method": method, "conf_type": "wald", "conf_level": conf_level}
        return [as_read(estimate_odds_ratios(y, each, **options)) for each in sets]

    results = fit("auto")
    if any(r.method == "firth" for r in results):
        results = fit("firth")
    return pool_odds_ratios(results)


def _n_columns(column: pd.Series) -> int:
    """The columns that a variable takes as a predictor: one less than its levels that occur, one for a number."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return max(int(column.nunique()) - 1, 0)
    return 1 if column.nunique() > 1 else 0


# Levels


def augment(design: FloatArray, codes: NDArray[np.intp], n_levels: int) -> tuple[FloatArray, Any, FloatArray]:
    """The rows of a design, the levels' codes and weights of 1, with added rows that keep coefficients finite.

    For each column and each level two rows are added, half a standard deviation above and below the column's mean (but
    within its range) with all other columns at theirs; all rows together are as heavy as one patient for each
    coefficient of one level (White, Daniel & Royston 2010; distances as in R's mice). ``design`` is without the column
    of ones.
    """
    n, size = design.shape
    if not size:
        # Without predictors, each level gets its part of one patient.
        added = np.zeros((n_levels, 0))
        weight = np.concatenate([np.ones(n), np.full(n_levels, 1.0 / n_levels)])
        return np.vstack([design, added]), np.concatenate([codes, np.arange(n_levels)]), weight
    mean, spread = design.mean(axis=0), design.std(axis=0, ddof=1)
    shifts = np.concatenate([np.diag(spread), -np.diag(spread)]) / 2.0
    added = np.clip(np.tile(mean + shifts, (n_levels, 1)), design.min(axis=0), design.max(axis=0))
    levels = np.repeat(np.arange(n_levels), 2 * size)
    weight = np.concatenate([np.ones(n), np.full(len(added), (size + 1) / len(added))])
    return np.vstack([design, added]), np.concatenate([codes, levels]), weight


def fit_levels(
    design: FloatArray, codes: NDArray[np.intp], weight: FloatArray, n_levels: int
) -> tuple[FloatArray, FloatArray]:
    """Coefficients of a multinomial logistic model against the first level, and their covariance.

    ``design`` (n, q) has its own column of ones. Returns (n_levels - 1, q) coefficients, and the inverse information of
    these in row order. Newton's method with step halving; the likelihood is concave.
    """
    _, q = design.shape
    target = (codes[:, None] == np.arange(1, n_levels)) * weight[:, None]
    beta = np.zeros((n_levels - 1, q))

    def evaluate(b: FloatArray) -> tuple[float, FloatArray]:
        eta = np.column_stack([np.zeros(len(design)), design @ b.T])
        top = eta.max(axis=1, keepdims=True)
        odds = np.exp(eta - top)
        total = odds.sum(axis=1, keepdims=True)
        own = np.take_along_axis(eta, codes[:, None], axis=1) - top - np.log(total)
        return float(weight @ own[:, 0]), odds[:, 1:] / total

    value, p = evaluate(beta)
    for _ in range(_MAX_ITERATIONS):
        score = (target - weight[:, None] * p).T @ design
        step = np.linalg.solve(_information(design, weight, p), score.ravel()).reshape(beta.shape)
        moved, probabilities = evaluate(beta + step)
        while moved < value - 1e-10 * (1.0 + abs(value)):
            step = step / 2.0
            moved, probabilities = evaluate(beta + step)
        beta, value, p = beta + step, moved, probabilities
        if np.abs(step).max() <= 1e-9 * (1.0 + np.abs(beta).max()):
            break
    return beta, np.asarray(np.linalg.inv(_information(design, weight, p)), dtype=np.float64)


def _information(design: FloatArray, weight: FloatArray, p: FloatArray) -> FloatArray:
    """The information of all coefficients, (n_levels - 1) x q in each direction."""
    k, q = p.shape[1], design.shape[1]
    information = np.empty((k, q, k, q))
    for i in range(k):
        for j in range(i, k):
            w = weight * p[:, i] * ((i == j) - p[:, j])
            information[i, :, j, :] = information[j, :, i, :] = (design * w[:, None]).T @ design
    return information.reshape(k * q, k * q)


def _chain_class() -> type:
    """MICEData with levels; made when it is first needed, since loading statsmodels takes a second."""
    from statsmodels.imputation.mice import MICEData

    class Chain(MICEData):
        """One chain. Every variable is a column of floats: numbers, or positions of levels among those that occur."""

        def __init__(self, values: pd.DataFrame, outcome: FloatArray, rng: np.random.Generator) -> None:
            self.template = values
            self.levels: dict[str, NDArray[np.intp]] = {}
            columns: dict[str, FloatArray] = {}
            for name in values.columns:
                column = values[name]
                if isinstance(column.dtype, pd.CategoricalDtype):
                    codes = column.cat.codes.to_numpy()
                    occurring = np.unique(codes[codes >= 0]).astype(np.intp)
                    self.levels[name] = occurring
                    places = np.searchsorted(occurring, codes).astype(float)
                    columns[name] = np.where(codes >= 0, places, np.nan)
                elif pd.api.types.is_numeric_dtype(column.dtype):
                    columns[name] = column.to_numpy(dtype=float, na_value=np.nan)
                else:
                    raise TypeError(f"{name} must be levels or numbers: it holds {column.dtype}.")
            self.outcome = outcome
            data = pd.DataFrame(columns, index=values.index)
            # MICEData drops rows that lack everything; the outcome, which nobody lacks, keeps them.
            super().__init__(data.assign(**{"outcome of the model": outcome}), k_pmm=DONORS, rng=rng)
            self.k_pmm = DONORS

        def predictors(self, name: str) -> FloatArray:
            """All other variables and the outcome, standardised, without columns that do not vary."""
            columns = [self.outcome]
            for other in self.template.columns:
                if other == name:
                    continue
                values = self.data[other].to_numpy()
                if other in self.levels:
                    columns += [(values == place).astype(float) for place in range(1, len(self.levels[other]))]
                else:
                    columns.append(values)
            design = np.column_stack(columns)
            spread = design.std(axis=0)
            varies = spread > 1e-12 * (1.0 + np.abs(design).max(axis=0))
            return np.asarray((design[:, varies] - design[:, varies].mean(axis=0)) / spread[varies])

        def update(self, name: str) -> None:
            if name in self.levels:
                self.update_levels(name)
            else:
                super().update(name)

        def update_levels(self, name: str) -> None:
            """Draw the coefficients of a model of the levels, then a level for everyone who lacks it."""
            known, unknown = self.ix_obs[name], self.ix_miss[name]
            n_levels = len(self.levels[name])
            if n_levels == 1:
                self._store_changes(name, np.zeros(len(unknown)))
                return
            design = self.predictors(name)
            codes = self.data[name].to_numpy()[known].astype(np.intp)
            rows, codes, weight = augment(design[known], codes, n_levels)
            beta, covariance = fit_levels(np.column_stack([np.ones(len(rows)), rows]), codes, weight, n_levels)
            drawn = beta + (np.linalg.cholesky(covariance) @ self.rng.standard_normal(beta.size)).reshape(beta.shape)
            eta = np.column_stack([np.zeros(len(unknown)), drawn[:, 0] + design[unknown] @ drawn[:, 1:].T])
            odds = np.exp(eta - eta.max(axis=1, keepdims=True))
            upto = np.cumsum(odds, axis=1)
            u = self.rng.random(len(unknown)) * upto[:, -1]
            self._store_changes(name, (u[:, None] >= upto).sum(axis=1).clip(max=n_levels - 1).astype(float))

        def get_fitting_data(self, name: str) -> tuple[Any, Any, dict[str, Any], dict[str, Any]]:
            """What a number's linear model is fitted to, without the detour by a formula."""
            known = self.ix_obs[name]
            design = np.column_stack([np.ones(len(self.data)), self.predictors(name)])
            return self.data[name].to_numpy()[known], design[known], {}, {}

        def get_split_data(self, name: str) -> tuple[Any, Any, Any, dict[str, Any], dict[str, Any]]:
            """The same, with the rows that are to be filled in."""
            known, unknown = self.ix_obs[name], self.ix_miss[name]
            design = np.column_stack([np.ones(len(self.data)), self.predictors(name)])
            return self.data[name].to_numpy()[known], design[known], design[unknown], {}, {}

        def filled(self) -> pd.DataFrame:
            """The data as they stand, with the columns and categories that came in."""
            columns: dict[str, Any] = {}
            for name in self.template.columns:
                values = self.data[name].to_numpy()
                if name in self.levels:
                    codes: Any = self.levels[name][values.astype(np.intp)]
                    dtype: Any = self.template[name].dtype
                    columns[name] = pd.Categorical.from_codes(codes, dtype=dtype)
                else:
                    columns[name] = values.copy()
            return pd.DataFrame(columns)

    return Chain
