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
Heinze, Ploner & Beyea (2013), Statistics in Medicine 32:5062, doi:10.1002/sim.5899: combined profiles under separation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from analytics.estimators.design import check_covariates, ratio_of
from analytics.estimators.missing.pooling import pool_odds_ratios, pool_test
from analytics.estimators.regression.binomial_likelihood import profile_fall
from analytics.estimators.regression.fitted_logistic import FittedLogistic
from analytics.estimators.regression.logistic import (
    PatternFit,
    estimate_odds_ratios,
    read_outcome,
    read_weight,
    rows_in_use,
)
from analytics.results import (
    FloatArray,
    Interval,
    Name,
    OddsRatio,
    OddsRatioResult,
    PooledResult,
    PooledTest,
    Reason,
    read_only,
)

IMPUTATIONS, CYCLES, DONORS = 20, 10, 10
SEED = 20251
MOST_PATIENTS = 20_000
_MAX_ITERATIONS = 50
_MOST_STEPS = 40

Progress = Callable[[int, int], None]


def nothing_reported(done: int, total: int) -> None:
    """For whoever does not want to know how far it has come."""


def why_not_imputed(values: pd.DataFrame, outcome: ArrayLike, weight: ArrayLike | None = None) -> Reason | None:
    """Why these values cannot be imputed; None if they can.

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
        return Reason("nothing-missing")
    if n > MOST_PATIENTS:
        return Reason.of("too-many-to-impute", n=n, most=MOST_PATIENTS)
    if float(counts @ y) in (0.0, float(n)):
        return Reason("all-had-event" if counts @ y else "nobody-had-event")
    sizes = {name: _n_columns(values[name]) for name in values.columns}
    for position, name in enumerate(values.columns):
        if not missing[:, position].any():
            continue
        known = int(counts[~missing[:, position]].sum())
        predictors = 1 + sum(size for other, size in sizes.items() if other != name)
        if not known:
            return Reason.of("known-in-nobody", name=Name(str(name)))
        if known < predictors + 3:
            return Reason.of("known-in-few", name=Name(str(name)), n=known, n_coefficients=predictors)
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
        raise ValueError(f"values cannot be imputed: {reason.code}. Ask why_not_imputed first.")
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
    likelihood, since estimates of two kinds cannot be pooled, and intervals and p values come from their combined profiles
    (:func:`combine_profiles`); ``method`` of the result says which. ``as_read`` turns the
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
    if not any(r.method == "firth" for r in results):
        return with_factor_tests(pool_odds_ratios(results), y, sets)
    plain = [estimate_odds_ratios(y, each, method="firth", conf_type="wald", conf_level=conf_level) for each in sets]
    pooled = pool_odds_ratios([as_read(result) for result in plain])
    return combine_profiles(pooled, plain, y, sets, as_read)


def combine_profiles(
    pooled: PooledResult,
    plain: Sequence[OddsRatioResult],
    outcome: FloatArray,
    sets: Sequence[pd.DataFrame],
    as_read: Callable[[OddsRatioResult], OddsRatioResult] = lambda result: result,
) -> PooledResult:
    """The result with intervals and p values from the combined penalised profile likelihoods of the sets (CLIP).

    Where a factor predicts the outcome perfectly in a set, the likelihood of its coefficient is so lopsided that neither a
    standard error nor Rubin's rules describe it. Instead the profiles are combined: with the signed root r of twice the fall of
    the penalised profile likelihood, each set says that the coefficient is below b with probability Phi(r(b)); the limits are
    where the mean of these over the sets is half of what the level leaves, and p is twice the smaller tail at 0 (Heinze,
    Ploner & Beyea 2013, section 2.3). The odds ratio stays that of the mean coefficient. There is no test of whole factors.

    Parameters
    ----------
    pooled
        What Rubin's rules make of the sets, on the scale of ``as_read``.
    plain
        The fits of the sets by Firth's method, before that.
    outcome, sets
        What they were fitted to.
    as_read
        As for :func:`estimate_imputed_odds_ratios`.
    """
    if pooled.reason is not None:
        return pooled
    models = [FittedLogistic.read(outcome, each, None, "firth") for each in sets]
    combined = [_combined(term, models, pooled.conf_level) for term in plain[0].terms]
    shown = as_read(replace(plain[0], terms=tuple(term for term, _ in combined)))
    terms = []
    for term, (own, p_value), read in zip(pooled.terms, combined, shown.terms, strict=True):
        if term.is_reference or term.odds_ratio.value is None or own.odds_ratio.interval is None:
            terms.append(term)
            continue
        estimate = replace(term.odds_ratio, interval=read.odds_ratio.interval)
        terms.append(replace(term, odds_ratio=estimate, p_value=p_value, df=None))
    why = Reason("not-pooled-separated")
    tests = tuple(PooledTest(str(name), None, None, None, None, why) for name in sets[0].columns)
    return replace(pooled, terms=tuple(terms), tests=tests)


def _combined(term: OddsRatio, models: Sequence[FittedLogistic], conf_level: float) -> tuple[OddsRatio, float | None]:
    """One term of a set with the limits and the p value of all sets together; without an interval where none is found."""
    without = replace(term, odds_ratio=replace(term.odds_ratio, interval=None))
    if term.is_reference or term.odds_ratio.value is None:
        return without, None
    profiles = [profile for model in models if (profile := _Profile.of(model, term)) is not None]
    if len(profiles) < len(models):
        return without, None

    def below(b: float) -> float:
        return float(np.mean([profile.below(b) for profile in profiles]))

    centre = float(np.mean([profile.estimate for profile in profiles]))
    width = max(profile.std_error for profile in profiles)
    half = (1.0 - conf_level) / 2.0
    low, high = (find_crossing(below, centre, sign * width, tail) for sign, tail in ((-1.0, half), (1.0, 1.0 - half)))
    interval = Interval(
        None if low is None else ratio_of(low), None if high is None else ratio_of(high), conf_level, "CLIP"
    )
    at_none = below(0.0)
    p_value = 2.0 * min(at_none, 1.0 - at_none) if math.isfinite(at_none) else None
    return replace(term, odds_ratio=replace(term.odds_ratio, interval=interval)), p_value


def find_crossing(below: Callable[[float], float], start: float, step: float, tail: float) -> float | None:
    """Where an increasing function takes a value, looked for from ``start`` in steps that grow; None if not found."""
    inner = start
    for _ in range(_MOST_STEPS):
        outer = inner + step
        reached = below(outer)
        if not math.isfinite(reached):
            return None
        if (reached - tail) * step >= 0:
            try:
                return float(brentq(lambda b: below(b) - tail, inner, outer, xtol=1e-10, rtol=1e-12))
            except ValueError:
                # Somewhere between, the profile of a set has no value.
                return None
        inner, step = outer, 1.5 * step
    return None


@dataclass(frozen=True, slots=True)
class _Profile:
    """The penalised profile likelihood of one coefficient in one set; ``scale`` is the unit of its column."""

    fit: PatternFit
    index: int
    scale: float
    estimate: float
    std_error: float

    @classmethod
    def of(cls, model: FittedLogistic, term: OddsRatio) -> _Profile | None:
        if model.fit is None or model.fit.optimum is None or model.fit.coefficients is None:
            return None
        for place, index in enumerate(model.kept):
            column = model.design.columns[index]
            if column is None:
                continue
            covariate = model.design.covariates[column.covariate]
            level = None if column.level is None else covariate.levels[column.level]
            if (covariate.name, level) == (term.variable, term.level):
                beta = model.fit.coefficients
                information = model.fit.likelihood.information(beta)
                if np.linalg.slogdet(information)[0] <= 0:
                    return None
                error = math.sqrt(float(np.linalg.inv(information)[place, place]))
                return cls(model.fit, place, column.scale, float(beta[place]) / column.scale, error / column.scale)
        return None

    def below(self, b: float) -> float:
        """How probable it is that the coefficient is below ``b``."""
        assert self.fit.optimum is not None
        fall = profile_fall(self.fit.likelihood, self.fit.optimum, self.index, b * self.scale)
        return float(ndtr(math.copysign(math.sqrt(fall), b - self.estimate)))


def with_factor_tests(pooled: PooledResult, outcome: FloatArray, sets: Sequence[pd.DataFrame]) -> PooledResult:
    """The result of maximum likelihood with the pooled test of every covariate, from the sets' coefficients and covariances.

    That of a number or of two levels is the t test of its one coefficient, squared.
    """
    if pooled.reason is not None:
        return pooled
    models = [FittedLogistic.read(outcome, each, None, "ml") for each in sets]
    tests = []
    for position, name in enumerate(sets[0].columns):
        own = [t for t in pooled.terms if t.variable == str(name) and not t.is_reference]
        why = next((t.odds_ratio.reason for t in own if t.odds_ratio.value is None and t.odds_ratio.n), None)
        own = [t for t in own if t.odds_ratio.value is not None]
        if why is not None or not own:
            tests.append(PooledTest(str(name), None, None, None, None, why or Reason("one-level")))
        elif len(own) == 1:
            (term,) = own
            assert term.odds_ratio.value is not None and term.odds_ratio.std_error is not None
            statistic = (math.log(term.odds_ratio.value) / term.odds_ratio.std_error) ** 2
            tests.append(PooledTest(str(name), statistic, 1, term.df, term.p_value))
        else:
            blocks = [_block(model, position) for model in models]
            sizes = {len(beta) for beta, _ in blocks}
            if sizes != {len(own)}:
                tests.append(PooledTest(str(name), None, None, None, None, Reason("levels-differ")))
                continue
            df_complete = pooled.n - pooled.n_parameters - 1
            tests.append(
                pool_test(
                    np.array([beta for beta, _ in blocks]),
                    np.array([covariance for _, covariance in blocks]),
                    df_complete,
                    variable=str(name),
                )
            )
    return replace(pooled, tests=tuple(tests))


def _block(model: FittedLogistic, position: int) -> tuple[FloatArray, FloatArray]:
    """The coefficients of one covariate and their covariance; empty without a model."""
    nothing = np.zeros(0), np.zeros((0, 0))
    if model.fit is None or model.fit.coefficients is None:
        return nothing
    beta = model.fit.coefficients
    information = model.fit.likelihood.information(beta)
    if np.linalg.slogdet(information)[0] <= 0:
        return nothing
    places = [i for i, index in enumerate(model.kept) if index in set(model.design.of_covariate(position))]
    return beta[places], np.asarray(np.linalg.inv(information)[np.ix_(places, places)], dtype=np.float64)


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
            # What is the same in all who have the variable says nothing about its levels.
            design = design[:, np.ptp(design[known], axis=0) > 1e-12]
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
