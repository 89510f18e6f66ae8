"""Weights that make two arms alike in what is known about them, whether they do, and survival curves under weights.

The propensity score is each patient's probability of treatment given the covariates, from a logistic model. Weights
made from it balance the covariates of the model between the arms; they cannot balance what was not recorded. Where the
arms are too small or too different, no weights are given, and the reason says why.

Sources
-------
Robins, Hernán & Brumback (2000), Epidemiology 11:550, doi:10.1097/00001648-200009000-00011: stabilised weights.
Li, Morgan & Zaslavsky (2018), Journal of the American Statistical Association 113:390,
doi:10.1080/01621459.2016.1260466: overlap weights, and the family of weights to which all three belong.
Austin (2009), Statistics in Medicine 28:3083, doi:10.1002/sim.3697: standardised differences.
Stefanski & Boos (2002), The American Statistician 56:29, doi:10.1198/000313002753631330: stacked estimating equations.
Shu, Young, Toh & Wang (2021), Biometrics 77:120, doi:10.1111/biom.13332: the variance of a weighted hazard ratio.
Kish (1965), Survey Sampling, Wiley, section 8.2: the effective sample size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, ndtr

from analytics.estimators.binomial_likelihood import BinomialLikelihood, fit_likelihood, independent_columns
from analytics.estimators.cox import estimate_hazard_ratios
from analytics.estimators.design import BoolArray, Covariate, Design, check_covariates, counted, listed, read_covariates
from analytics.estimators.intervals import SurvivalConfType, normal_quantile, survival_limits
from analytics.estimators.kaplan_meier import (
    EVERYONE,
    NO_PATIENTS,
    Labels,
    Observations,
    estimate_survival,
    survival_quantile,
)
from analytics.estimators.logistic import estimate_odds_ratios
from analytics.estimators.separation import separated_patterns
from analytics.formats import format_percent
from analytics.results import (
    Balance,
    FloatArray,
    HazardRatioResult,
    Interval,
    Note,
    PropensityArm,
    PropensityResult,
    SurvivalCurve,
    SurvivalResult,
    read_only,
)

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

# With fewer events per parameter of the scores, their estimation takes more off the variance than it should. A convention
# of this product; in the reference cohort (9 events, 4 parameters) the bootstrap gives 0.66, the given weights 0.65, the
# stacked equations 0.56.
EVENTS_PER_PARAMETER = 10

_SCORE_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class _Model:
    """The fit of the scores: per pattern of covariates, None where there is none, then with the reason."""

    scores: FloatArray | None
    n_parameters: int
    reason: str | None
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
        :func:`analytics.estimators.logistic.estimate_odds_ratios`.
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


def weighted_hazard_ratio(
    time: ArrayLike,
    event: ArrayLike,
    arm: pd.Categorical,
    propensity: PropensityResult,
    *,
    name: str = "treatment",
    weight: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> HazardRatioResult:
    """The hazard ratio of the treated under propensity weights, with an error that knows that they were estimated.

    Parameters
    ----------
    time, event : arrays of length n
        Time from the start of the comparison (the landmark) or from before it, and 1 where the event happened then.
    arm : Categorical of length n
        The untreated category first, then the treated.
    propensity : PropensityResult
        Of the same rows, with weights.
    name : str
        The name of the only factor of the model.
    weight : array of length n, optional
        How many patients share the row.
    conf_level : float
        Two-sided level of the Wald interval.

    Returns
    -------
    HazardRatioResult
        The estimate of :func:`analytics.estimators.cox.estimate_hazard_ratios` with ``sampling_weight``; standard error,
        interval and p value from the stacked estimating equations.

    Raises
    ------
    ValueError
        If the propensity has no weights, or lengths differ.

    Notes
    -----
    A patient of weight w moves the log hazard ratio by (w r + phi'D) / I, with r the score residual, I the information,
    phi the patient's influence on the parameters of the scores (and on the share treated), and D the sum over patients
    of r times the gradient of the weight. The variance is the sum of the squares (Stefanski & Boos 2002; Shu, Young, Toh
    & Wang 2021). Without phi'D it is Lin and Wei's, which takes the weights as given. With few events the parameters
    of the scores explain chance as well, and the stacked error is too small: below 10 events per parameter the larger of
    the two errors is reported.
    """
    if propensity.weights is None or propensity.gradient is None or propensity.influence is None:
        raise ValueError(f"propensity must have weights: {propensity.reason}. Look at its reason first.")
    share = propensity.weights
    fitted = estimate_hazard_ratios(
        time,
        event,
        pd.DataFrame({name: arm}),
        weight=weight,
        sampling_weight=share,
        robust=True,
        conf_level=conf_level,
    )
    (place,) = (i for i, term in enumerate(fitted.terms) if not term.is_reference)
    term = fitted.terms[place]
    if term.hazard_ratio.value is None:
        return fitted
    data = Observations.from_arrays(time, event, weight)
    beta = math.log(term.hazard_ratio.value)
    treated = (arm.codes[data.kept] == 1).astype(np.float64)
    residual, information = _score_residuals(data, treated, share[data.kept], beta)
    gradient, influence = propensity.gradient[data.kept], propensity.influence[data.kept]
    moved = (share[data.kept] * residual + influence @ (gradient.T @ (data.weight * residual))) / information
    std_error = math.sqrt(float(data.weight @ moved**2))
    if fitted.n_event < EVENTS_PER_PARAMETER * influence.shape[1]:
        std_error = max(std_error, term.hazard_ratio.std_error or 0.0)
    if not std_error > 0:
        return fitted
    half = normal_quantile(conf_level) * std_error
    ratio = replace(
        term.hazard_ratio,
        std_error=std_error,
        interval=Interval(math.exp(beta - half), math.exp(beta + half), conf_level, "wald"),
    )
    statistic = beta / std_error
    p_value = float(2 * ndtr(-abs(statistic)))
    terms = list(fitted.terms)
    terms[place] = replace(term, hazard_ratio=ratio, statistic=statistic, p_value=p_value, p_value_wald=p_value)
    tests = tuple(
        test if test.p_value is None else replace(test, statistic=statistic**2, p_value=p_value)
        for test in fitted.tests
    )
    return replace(fitted, terms=tuple(terms), tests=tests)


def _score_residuals(
    data: Observations, treated: FloatArray, share: FloatArray, beta: float
) -> tuple[FloatArray, float]:
    """Each row's residual of the score of a model of one arm against the other (Efron's ties), and the information."""
    hazard = np.exp(beta * treated)
    total = data.weight * share
    died = data.event > 0
    times = np.unique(data.time[died])
    at = np.searchsorted(times, data.time)  # of an event, its place among the times
    followed = np.searchsorted(times, data.time, side="right")  # how many of them the row was at risk at

    def at_risk(values: FloatArray) -> FloatArray:
        return np.asarray(np.cumsum(np.bincount(followed, values, len(times) + 1)[::-1])[::-1][1:], dtype=np.float64)

    def at_event(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(at[died], values[died], len(times)), dtype=np.float64)

    s0, s1 = at_risk(total * hazard), at_risk(total * hazard * treated)
    e0, e1 = at_event(total * hazard), at_event(total * hazard * treated)
    n_event, mean_weight = at_event(data.weight), at_event(total)
    mean_weight = mean_weight / n_event
    sums = np.zeros((6, len(times)))
    # Efron's ties: of d events at one time, the k-th with k/d of their own weight taken out of the risk set.
    for place, d in enumerate(np.rint(n_event).astype(int).tolist()):
        gone = np.arange(d) / d
        below = s0[place] - gone * e0[place]
        mean = (s1[place] - gone * e1[place]) / below
        step = mean_weight[place] / below
        sums[:, place] = (
            step.sum(),
            (step * mean).sum(),
            (gone * step).sum(),
            (gone * step * mean).sum(),
            mean.sum() / d,
            mean_weight[place] * (mean * (1 - mean)).sum(),
        )
    passed, passed_mean = (np.concatenate([[0.0], np.cumsum(row)])[followed] for row in sums[:2])
    own = np.clip(at, 0, len(times) - 1)
    spared, spared_mean = (np.where(died, row[own], 0.0) for row in sums[2:4])
    residual = np.where(died, treated - sums[4][own], 0.0)
    residual -= hazard * (treated * (passed - spared) - (passed_mean - spared_mean))
    return residual, float(sums[5].sum())


def weighted_survival(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    sampling_weight: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: SurvivalConfType = "log-log",
) -> SurvivalResult:
    """Kaplan–Meier curves under weights that balance groups, with robust standard errors.

    Parameters
    ----------
    time, event, group, weight, entry, conf_level, conf_type
        As for :func:`analytics.estimators.kaplan_meier.estimate_survival`; ``group`` None gives one curve.
    sampling_weight : array of shape (rows,)
        What each patient of the row counts for, above 0, from :func:`estimate_propensity`. Only the relation of the
        weights within a group matters. Rows that stand for no patient may have any.

    Returns
    -------
    SurvivalResult
        Curves whose estimates, limits and medians are weighted, while ``n``, ``n_risk``, ``n_event_at`` and
        ``n_censor`` count patients. The standard error treats the weights as given, which for weights from a
        propensity score makes it a little too large as a rule.

    Raises
    ------
    ValueError
        As for :func:`~analytics.estimators.kaplan_meier.estimate_survival`, or if a sampling weight is not finite and
        above 0.

    Notes
    -----
    With weighted numbers d and n, S(t) is the product of 1 - d/n. A patient of weight w moves log S(t) by w U(t), where

        U(t) = sum over times s <= t at which the patient is at risk of d / (n (n - d)), less 1 / (n - d) at an own event,

    and var S(t) = S(t)^2 sum (w U(t))^2 over patients, the infinitesimal jackknife of ``survfit(robust = TRUE)`` in R's
    survival package. With equal weights and without delayed entry it is Greenwood's variance.
    """
    plain = estimate_survival(
        time, event, group=group, weight=weight, entry=entry, conf_level=conf_level, conf_type=conf_type
    )
    data = Observations.from_arrays(time, event, weight, entry)
    share = _read_sampling_weight(sampling_weight, data.kept)
    if group is None:
        labels = Labels(np.zeros(len(data.time), dtype=np.intp), (EVERYONE,))
    else:
        labels = Labels.from_values("group", group, data.kept)
    curves = tuple(_reweighted(curve, data, labels.codes == code, share) for code, curve in enumerate(plain.curves))
    return replace(plain, curves=curves)


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


def _read_sampling_weight(values: ArrayLike, kept: BoolArray) -> FloatArray:
    share = np.asarray(pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    if len(share) != len(kept):
        raise ValueError(f"sampling_weight must have one value per row: it has {len(share)} for {len(kept)} times.")
    wrong = np.flatnonzero(kept & ~(np.isfinite(share) & (share > 0)))
    if len(wrong):
        raise ValueError(
            f"sampling_weight must be finite and above 0: {len(wrong)} of {len(share)} values are not "
            f"(first at row {wrong[0]}: {share[wrong[0]]:g}). Leave out patients who should not count."
        )
    return share[kept]


def _fit(design: Design) -> _Model:
    """The scores of the patterns, by maximum likelihood."""
    patterns = design.patterns
    kept = independent_columns(design.matrix) if len(patterns.n) else [0]
    n_parameters = len(kept) - 1
    if not design.n:
        return _Model(None, n_parameters, NO_PATIENTS)
    if not design.n_event:
        return _Model(None, n_parameters, "nobody was treated")
    if design.n_event == design.n:
        return _Model(None, n_parameters, "everybody was treated")
    if not n_parameters:
        return _Model(None, 0, "no covariate differs between patients, so there is nothing to balance")
    matrix = design.matrix[:, kept]
    separated = separated_patterns(matrix, patterns.n, patterns.y, design.masks())
    if separated.any():
        return _Model(None, n_parameters, _separation(design, separated))
    likelihood = BinomialLikelihood(matrix, patterns.n, patterns.y, penalised=False)
    optimum = fit_likelihood(likelihood)
    if not optimum.converged[0]:
        return _Model(None, n_parameters, design.why("the model of treatment did not converge"))
    return _Model(expit(matrix @ optimum.beta[0]), n_parameters, None, matrix)


def _separation(design: Design, separated: BoolArray) -> str:
    """Which covariates tell the arms apart."""
    found = [
        f"the only patient with {cell.label} was {'' if cell.n_event else 'not '}treated"
        if cell.n == 1
        else f"{'all' if cell.n_event else 'none'} of the {counted(cell.n)} with {cell.label} were treated"
        for cell in design.cells
        if cell.is_one_sided
    ]
    if not found:
        told = float(design.patterns.n[separated].sum())
        found = [f"the arm of {told:.0f} of {counted(design.n)} follows exactly from the covariates together"]
    return f"the covariates tell the arms apart: {listed(found)}"


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


def _refusal(arms: tuple[PropensityArm, PropensityArm], fit: _Model, outside: float | None) -> str | None:
    """Why the arms should not be weighted."""
    if not arms[0].n or not arms[1].n:
        return fit.reason
    names = ("treated", "untreated")
    for arm, name in zip(arms, names, strict=True):
        if arm.n < MIN_PER_ARM:
            return f"only {counted(arm.n)} {name}: at least {MIN_PER_ARM} are needed in each arm"
    smaller = min(arm.n for arm in arms)
    if fit.n_parameters and smaller / fit.n_parameters < MIN_PER_PARAMETER:
        return (
            f"{counted(smaller)} in the smaller arm for {fit.n_parameters} parameters: "
            f"at least {MIN_PER_PARAMETER} per parameter are needed"
        )
    if fit.reason is not None or outside is None:
        return fit.reason
    if outside > MAX_SHARE_OUTSIDE:
        return (
            f"{format_percent(outside, 0)} of the patients have a probability of treatment that nobody in the other "
            f"arm has: at most {format_percent(MAX_SHARE_OUTSIDE, 0)} may"
        )
    for arm, name in zip(arms, names, strict=True):
        if arm.largest_share is not None and arm.largest_share > MAX_SHARE_OF_WEIGHT:
            return (
                f"one patient would carry {format_percent(arm.largest_share, 0)} of the weight of the {name}: "
                f"at most {format_percent(MAX_SHARE_OF_WEIGHT, 0)} may be"
            )
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
    left = [
        b.variable if b.level is None else f"{b.variable}: {b.level}"
        for b in result.balance
        if b.smd_after is not None and abs(b.smd_after) > NEGLIGIBLE_DIFFERENCE
    ]
    return (
        Note(
            "imbalance",
            "caution",
            f"After weighting the arms still differ in {listed(left)} (standardised difference up to {largest:.2f}; "
            f"{NEGLIGIBLE_DIFFERENCE:g} counts as negligible).",
            "Use overlap weights, or read the comparison as adjusted in part only.",
        ),
    )


def _reweighted(curve: SurvivalCurve, data: Observations, rows: BoolArray, share: FloatArray) -> SurvivalCurve:
    """A curve of counts with weighted estimates; ``rows`` are those of its group."""
    if not curve.n:
        return curve
    grid, size = curve.time, len(curve.time)
    number, event, own = data.weight[rows], data.event[rows], share[rows]
    place = np.searchsorted(grid, data.time[rows])
    weight = number * own
    squared = number * own**2
    n_event = np.bincount(place, weight * event, size)
    left = np.bincount(place, weight, size)
    if data.entry is None:
        at_risk = np.cumsum(left[::-1])[::-1]
    else:
        entry = data.entry[rows]
        # At risk in (entry, time]: not yet at a time equal to the entry.
        entered = np.bincount(np.searchsorted(grid, entry, side="right"), weight, size)
        at_risk = np.cumsum(entered) - np.concatenate([[0.0], np.cumsum(left)[:-1]])
    # Whether anybody is left is a matter of counts: of sums of weights, rounding may leave a rest.
    survivors = np.where(curve.n_risk > curve.n_event_at, at_risk - n_event, 0.0)
    is_down = survivors <= 0
    estimate = np.cumprod(survivors / at_risk)
    step = np.divide(n_event, at_risk * survivors, out=np.zeros(size), where=~is_down)
    moved = np.cumsum(step)
    before = np.zeros(len(place))
    begins = np.zeros(len(place), dtype=np.intp)
    if data.entry is not None:
        before = np.concatenate([[0.0], moved])[np.searchsorted(grid, entry, side="right")]
        begins = np.searchsorted(grid, entry, side="left")
    at_event = np.divide(event, survivors[place], out=np.zeros(len(place)), where=~is_down[place])
    final = moved[place] - before - at_event
    # Those who have left keep their influence; that of those still followed grows with ``moved``.
    still = [
        np.cumsum(np.bincount(begins, squared * before**k, size) - np.bincount(place, squared * before**k, size))
        for k in range(3)
    ]
    variance = np.cumsum(np.bincount(place, squared * final**2, size))
    variance = variance + moved**2 * still[0] - 2 * moved * still[1] + still[2]
    std_error = np.where(estimate > 0, estimate * np.sqrt(np.maximum(variance, 0.0)), np.nan)
    low, high = survival_limits(estimate, std_error, curve.conf_level, curve.conf_type)  # type: ignore[arg-type]
    weighted = replace(
        curve,
        estimate=read_only(estimate),
        std_error=read_only(std_error),
        low=read_only(low),
        high=read_only(high),
    )
    return replace(weighted, median=survival_quantile(weighted, 0.5))
