"""Weights that make two arms alike in what is known about them, and whether they do.

The propensity score is each patient's probability of treatment given the covariates, from a logistic model. Weights
made from it balance the covariates of the model between the arms; they cannot balance what was not recorded. Where the
arms are too small or too different, no weights are given, and the reason says why.

Sources
-------
Robins, Hernán & Brumback (2000), Epidemiology 11:550, doi:10.1097/00001648-200009000-00011: stabilised weights.
Li, Morgan & Zaslavsky (2018), Journal of the American Statistical Association 113:390,
doi:10.1080/01621459.2016.1260466: overlap weights, and the family of weights to which all three belong.
Austin (2009), Statistics in Medicine 28:3083, doi:10.1002/sim.3697: standardised differences.
Kish (1965), Survey Sampling, Wiley, section 8.2: the effective sample size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from analytics.estimators.design import BoolArray, Covariate, Design, check_covariates, read_covariates
from analytics.estimators.observations import NO_PATIENTS
from analytics.estimators.regression.binomial_likelihood import (
    BinomialLikelihood,
    fit_likelihood,
    independent_columns,
)
from analytics.estimators.regression.logistic import estimate_odds_ratios
from analytics.estimators.regression.separation import separated_patterns
from analytics.estimators.treatment.weighted_outcomes import (
    EVENTS_PER_PARAMETER,
    weighted_hazard_ratio,
    weighted_survival,
)
from analytics.results import Balance, FloatArray, Name, Note, PropensityArm, PropensityResult, Reason, read_only

__all__ = [
    "EVENTS_PER_PARAMETER",
    "MAX_SHARE_OF_WEIGHT",
    "MAX_SHARE_OUTSIDE",
    "MIN_PER_ARM",
    "MIN_PER_PARAMETER",
    "NEGLIGIBLE_DIFFERENCE",
    "Estimand",
    "estimate_propensity",
    "weighted_hazard_ratio",
    "weighted_survival",
]

Estimand = Literal["ate", "att", "overlap"]

# With fewer in an arm, a mean within it says little and its balance next to nothing. A convention of this product.
MIN_PER_ARM = 10
# Patients of the smaller arm per parameter of the model; below, logistic coefficients become unreliable (Vittinghoff &
# McCulloch 2007, American Journal of Epidemiology 165:710, doi:10.1093/aje/kwk052).
MIN_PER_PARAMETER = 5
# Patients whose score the other arm does not reach are compared with nobody. A convention of this product.
MAX_SHARE_OUTSIDE = 0.25
# One patient with this share of an arm's weight decides its curve. A convention of this product.
MAX_SHARE_OF_WEIGHT = 0.2
# The usual line between a negligible and a relevant standardised difference (Austin 2009).
NEGLIGIBLE_DIFFERENCE = 0.1

_SCORE_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class _Model:
    """The fit of the scores: per pattern of covariates, None where there is none, then with the reason."""

    scores: FloatArray | None
    n_parameters: int
    reason: Reason | None
    matrix: FloatArray | None = None  # the columns of the model, per pattern


def estimate_propensity(
    treated: ArrayLike,
    covariates: pd.DataFrame,
    *,
    weight: ArrayLike | None = None,
    estimand: Estimand = "ate",
) -> PropensityResult:
    """Propensity scores, the weights made from them, and how far they balance the arms.

    Parameters
    ----------
    treated : array of length n
        1 or True for patients in the treated arm, 0 or False for the others. Rows are matched by position.
    covariates : DataFrame with n rows
        What the arms should be alike in, known for everybody before treatment; kinds of columns as for
        :func:`analytics.estimators.estimate_odds_ratios`.
    weight : array of length n, optional
        How many patients share the row (whole numbers); the result equals that of the repeated rows, 0 drops a row.
    estimand : {"ate", "att", "overlap"}
        For whom the arms are compared: all patients (stabilised inverse probability weights), patients like the
        treated, or those for whom either treatment is plausible (overlap weights).

    Returns
    -------
    PropensityResult
        ``weights`` are None, with a reason, if an arm is empty or smaller than 10, if the smaller arm has fewer than 5
        patients per parameter, if covariates tell the arms apart (separation), if more than a quarter of the patients
        lie outside the scores that both arms reach, or if one patient carries more than a fifth of an arm's weight.
        Scores and balance before weighting are given as far as they exist. ``n_parameters`` excludes the intercept.

    Raises
    ------
    ValueError
        If lengths differ, ``treated`` is not 0/1, a covariate is missing or infinite, a weight is no number of
        patients, or ``estimand`` is unknown.
    TypeError
        If ``covariates`` is no DataFrame or a column is of a kind that cannot be used.

    Notes
    -----
    With the score e and the share treated P, the treated have the weights P / e, 1 and 1 - e for the three estimands,
    the untreated (1 - P) / (1 - e), e / (1 - e) and e. The effective size of an arm is (sum w)^2 / sum w^2. A
    standardised difference divides the difference of the means by sqrt((s1^2 + s0^2) / 2), with s^2 = p (1 - p) for
    a proportion; s is that before weighting also after it, so that the two differ by the means alone. Overlap weights
    balance the means of the model's covariates exactly. Code of a note: "imbalance".
    """
    if estimand not in get_args(Estimand):
        raise ValueError(f"estimand must be one of {', '.join(get_args(Estimand))}: it is {estimand!r}.")
    arm, counts = _read_treated(treated, weight)
    check_covariates(covariates, len(arm), "treated")
    rows = np.flatnonzero(counts)
    read = read_covariates(covariates, rows)
    model = estimate_odds_ratios(arm, covariates, weight=counts, conf_type="wald")
    arm, counts = arm[rows], counts[rows]
    design = Design(read, arm, counts)
    fit = _fit(design)
    sides = (arm == 1, arm == 0)
    scores = weights = support = outside = None
    if fit.scores is not None:
        scores = fit.scores[design.patterns.of_row]
        weights = _weights(scores, sides[0], float((counts * arm).sum() / counts.sum()), estimand)
        support, outside = _support(scores, sides, counts)
    arms = (_arm(True, sides[0], counts, scores, weights), _arm(False, sides[1], counts, scores, weights))
    reason = _refusal(arms, fit, outside)
    if reason is not None:
        weights = None
    gradient = influence = None
    if weights is not None and scores is not None and fit.matrix is not None:
        columns = fit.matrix[design.patterns.of_row]
        moves = _moves(scores, arm, counts, columns, estimand)
        gradient, influence = (_spread(values, rows, len(covariates)) for values in moves)
    balance = tuple(
        entry
        for covariate in read
        for entry in (_balance(covariate, sides, counts, weights) if arms[0].n and arms[1].n else ())
    )
    size = len(covariates)
    result = PropensityResult(
        estimand=estimand,
        n=int(counts.sum()),
        n_parameters=fit.n_parameters,
        scores=None if scores is None else _spread(scores, rows, size),
        weights=None if weights is None else _spread(weights, rows, size),
        arms=arms,
        support=support,
        share_outside=outside,
        balance=balance,
        model=model,
        reason=reason,
        gradient=gradient,
        influence=influence,
    )
    return replace(result, notes=_notes(result))


def _read_treated(treated: ArrayLike, weight: ArrayLike | None) -> tuple[FloatArray, FloatArray]:
    """The arm (1 or 0; NaN only where nobody is) and the patients of each row."""
    series = pd.Series(treated).reset_index(drop=True)
    try:
        arm = np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"treated must be 0 or 1 (or true and false): it holds {series.dtype} values. Recode it before fitting."
        ) from None
    counts = np.ones(len(arm))
    if weight is not None:
        counts = np.asarray(pd.Series(weight).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
        if len(counts) != len(arm):
            raise ValueError(f"weight must have one entry per row of treated: {len(counts)} against {len(arm)}.")
        wrong = np.flatnonzero(~np.isfinite(counts) | (counts < 0) | (counts != np.rint(counts)))
        if len(wrong):
            raise ValueError(
                f"weight must be a number of patients (0, 1, 2, ...): {len(wrong)} of {len(counts)} values are not "
                f"(first at row {wrong[0]}: {counts[wrong[0]]:g})."
            )
    wrong = np.flatnonzero((counts > 0) & (arm != 0) & (arm != 1))
    if len(wrong):
        raise ValueError(
            f"treated must be 0 or 1 (or true and false): {len(wrong)} of {len(arm)} values are not "
            f"(first at row {wrong[0]}: {arm[wrong[0]]:g}). Recode it, and leave out patients whose arm is unknown."
        )
    return arm, counts


def _fit(design: Design) -> _Model:
    """The scores of the patterns, by maximum likelihood."""
    patterns = design.patterns
    kept = independent_columns(design.matrix) if len(patterns.n) else [0]
    n_parameters = len(kept) - 1
    if not design.n:
        return _Model(None, n_parameters, NO_PATIENTS)
    if not design.n_event:
        return _Model(None, n_parameters, Reason("nobody-treated"))
    if design.n_event == design.n:
        return _Model(None, n_parameters, Reason("everybody-treated"))
    if not n_parameters:
        return _Model(None, 0, Reason("nothing-to-balance"))
    matrix = design.matrix[:, kept]
    separated = separated_patterns(matrix, patterns.n, patterns.y, design.masks())
    if separated.any():
        return _Model(None, n_parameters, _separation(design, separated))
    likelihood = BinomialLikelihood(matrix, patterns.n, patterns.y, penalised=False)
    optimum = fit_likelihood(likelihood)
    if not optimum.converged[0]:
        return _Model(None, n_parameters, design.why(Reason("treatment-not-converged")))
    return _Model(expit(matrix @ optimum.beta[0]), n_parameters, None, matrix)


def _separation(design: Design, separated: BoolArray) -> Reason:
    """Which covariates tell the arms apart."""
    found = tuple(
        Reason.of("all-treated" if cell.n_event else "none-treated", n=round(cell.n), name=cell.name)
        for cell in design.cells
        if cell.is_one_sided
    )
    if not found:
        told = round(float(design.patterns.n[separated].sum()))
        found = (Reason.of("arm-follows", told=told, n=round(design.n)),)
    return Reason.of("arms-told-apart", why=found)


def _weights(scores: FloatArray, is_treated: BoolArray, share: float, estimand: Estimand) -> FloatArray:
    """What each patient counts for; between arms, weights are on no common scale but that of the estimand."""
    # Of a patient far from all others the score may be 1 of the treated, or 0 of the untreated, to the last digit.
    with np.errstate(divide="ignore"):
        if estimand == "ate":
            return np.where(is_treated, share / scores, (1 - share) / (1 - scores))
        if estimand == "att":
            return np.where(is_treated, 1.0, scores / (1 - scores))
    return np.where(is_treated, 1 - scores, scores)


def _moves(
    scores: FloatArray, arm: FloatArray, counts: FloatArray, columns: FloatArray, estimand: Estimand
) -> tuple[FloatArray, FloatArray]:
    """How each row's weight moves with the parameters behind it, and how far each patient has moved these.

    The parameters are the coefficients of the scores and, for stabilised weights, the share treated.
    """
    odds, spread = scores / (1 - scores), scores * (1 - scores)
    share, n = float(counts @ arm / counts.sum()), float(counts.sum())
    per_logit = {
        "ate": np.where(arm == 1, -share / odds, (1 - share) * odds),
        "att": np.where(arm == 1, 0.0, odds),
        "overlap": np.where(arm == 1, -spread, spread),
    }[estimand]
    information = (columns * (counts * spread)[:, None]).T @ columns
    influence = (columns * (arm - scores)[:, None]) @ np.linalg.pinv(information)
    gradient = columns * per_logit[:, None]
    if estimand == "ate":
        gradient = np.column_stack([gradient, np.where(arm == 1, 1 / scores, -1 / (1 - scores))])
        influence = np.column_stack([influence, (arm - share) / n])
    return gradient, influence


def _support(
    scores: FloatArray, sides: tuple[BoolArray, BoolArray], counts: FloatArray
) -> tuple[tuple[float, float] | None, float]:
    """The scores that both arms reach, and the share of patients beyond them."""
    low = max(float(scores[side].min()) for side in sides)
    high = min(float(scores[side].max()) for side in sides)
    if low > high:
        return None, 1.0
    beyond = (scores < low - _SCORE_TOLERANCE) | (scores > high + _SCORE_TOLERANCE)
    return (low, high), float(counts[beyond].sum() / counts.sum())


def _arm(
    is_treated: bool, side: BoolArray, counts: FloatArray, scores: FloatArray | None, weights: FloatArray | None
) -> PropensityArm:
    n = int(counts[side].sum())
    if scores is None or weights is None:
        return PropensityArm(is_treated, n, None, None, None, None)
    own, number = weights[side], counts[side]
    total = float(number @ own)
    return PropensityArm(
        is_treated,
        n,
        float(scores[side].min()),
        float(scores[side].max()),
        total**2 / float(number @ own**2),
        float(own.max()) / total,
    )


def _refusal(arms: tuple[PropensityArm, PropensityArm], fit: _Model, outside: float | None) -> Reason | None:
    """Why the arms should not be weighted."""
    if not arms[0].n or not arms[1].n:
        return fit.reason
    names = ("treated", "untreated")
    for arm, name in zip(arms, names, strict=True):
        if arm.n < MIN_PER_ARM:
            return Reason.of(f"few-{name}", n=arm.n, least=MIN_PER_ARM)
    smaller = min(arm.n for arm in arms)
    if fit.n_parameters and smaller / fit.n_parameters < MIN_PER_PARAMETER:
        return Reason.of("few-per-parameter", n=smaller, n_parameters=fit.n_parameters, least=MIN_PER_PARAMETER)
    if fit.reason is not None or outside is None:
        return fit.reason
    if outside > MAX_SHARE_OUTSIDE:
        return Reason.of("outside-support", share=outside, most=MAX_SHARE_OUTSIDE)
    for arm, name in zip(arms, names, strict=True):
        if arm.largest_share is not None and arm.largest_share > MAX_SHARE_OF_WEIGHT:
            return Reason.of(f"one-carries-{name}", share=arm.largest_share, most=MAX_SHARE_OF_WEIGHT)
    return None


def _balance(
    covariate: Covariate, sides: tuple[BoolArray, BoolArray], counts: FloatArray, weights: FloatArray | None
) -> list[Balance]:
    """One entry per level that any patient has, or one for a number."""
    if covariate.is_numeric:
        return [_compare(covariate.name, None, covariate.values[covariate.codes], sides, counts, weights)]
    return [
        _compare(covariate.name, level, (covariate.codes == code).astype(np.float64), sides, counts, weights)
        for code, level in enumerate(covariate.levels)
        if (covariate.codes == code).any()
    ]


def _compare(
    name: str,
    level: str | None,
    values: FloatArray,
    sides: tuple[BoolArray, BoolArray],
    counts: FloatArray,
    weights: FloatArray | None,
) -> Balance:
    means = [float(np.average(values[side], weights=counts[side])) for side in sides]
    spread = math.sqrt(
        sum(
            _variance(values[side], counts[side], mean, is_share=level is not None)
            for side, mean in zip(sides, means, strict=True)
        )
        / 2
    )
    after = None
    if weights is not None:
        after = [float(np.average(values[side], weights=(counts * weights)[side])) for side in sides]
    return Balance(
        variable=name,
        level=level,
        mean_treated=means[0],
        mean_untreated=means[1],
        smd_before=_standardised_difference(means, spread),
        mean_treated_after=after[0] if after else None,
        mean_untreated_after=after[1] if after else None,
        smd_after=_standardised_difference(after, spread) if after else None,
    )


def _variance(values: FloatArray, counts: FloatArray, mean: float, *, is_share: bool) -> float:
    if is_share:
        return mean * (1 - mean)
    n = float(counts.sum())
    return float(counts @ (values - mean) ** 2) / (n - 1) if n > 1 else 0.0


def _standardised_difference(means: list[float], spread: float) -> float | None:
    difference = means[0] - means[1]
    if spread > 0:
        return difference / spread
    return None if difference else 0.0


def _spread(values: FloatArray, rows: np.ndarray, size: int) -> FloatArray:
    """Values of the rows in use, at their places among all rows."""
    full = np.full((size, *values.shape[1:]), np.nan)
    full[rows] = values
    return read_only(full)


def _notes(result: PropensityResult) -> tuple[Note, ...]:
    largest = result.largest_difference
    if largest is None or largest <= NEGLIGIBLE_DIFFERENCE:
        return ()
    left = tuple(
        Name(b.variable, b.level)
        for b in result.balance
        if b.smd_after is not None and abs(b.smd_after) > NEGLIGIBLE_DIFFERENCE
    )
    return (
        Note.of(
            "imbalance",
            "caution",
            names=left,
            largest=largest,
            negligible=NEGLIGIBLE_DIFFERENCE,
        ),
    )
