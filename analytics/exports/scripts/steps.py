"""From the questions of a view to the steps of a script: which function, of which rows, and what the page shows for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from analytics.estimators.second_opinion.comparison import has_value
from analytics.estimators.second_opinion.questions import Question
from analytics.exports.scripts.rows import GROUP, Needed, take_rows
from analytics.results import Estimate, HazardRatioResult, Name, OddsRatioResult, SurvivalCurve
from analytics.results.second_opinion import Model

PYTHON, R = "Python", "R"
Why = Mapping[str, str]  # language to why it is not done there
DONE: Why = {}

NO_GRAY: Why = {PYTHON: "No library of Python has Gray’s test: see the R script."}
NO_INFINITE: Why = {R: "A level without the event has an infinite coefficient: crr stops on the way there."}
NO_FINE_GRAY: Why = {PYTHON: "No library of Python has Fine and Gray’s model: see the R script."}
NO_TEST: Why = {PYTHON: "No library of Python has this test with strata or late entry: see the R script."}
NO_SCORE: Why = {PYTHON: "lifelines approximates the test of proportional hazards: see the R script."}
NO_MEAN_ERROR: Why = {PYTHON: "lifelines has no standard error of a restricted mean: see the R script."}
NO_PAIRS: Why = {PYTHON: "lifelines’ concordance knows neither strata nor late entry: see the R script."}
NO_ROBUST: Why = {PYTHON: "lifelines approximates the robust standard error: see the R script."}
NO_FIRTH_ERROR: Why = {
    PYTHON: "firthmodels has another standard error and no test of several levels: see the R script."
}
NO_COXPHF = "Firth’s Cox model is in coxphf, which Debian does not have"
BREWED = "firthmodels has Firth’s Cox model with Breslow’s ties and without strata and late entry; shown is Efron’s."
NO_FIRTH_COX: Why = {PYTHON: BREWED, R: f"{NO_COXPHF}."}
NO_FIRTH_COX_R: Why = {R: f"{NO_COXPHF}: see the Python script."}
_TAKEN = "The weights were estimated. The limits and p shown know that; libraries take the weights as given."
WEIGHTS: Why = {PYTHON: _TAKEN, R: _TAKEN}
_JOINT = "Wald’s test of all levels at once is not repeated; those of single levels are."
JOINT_WALD: Why = {PYTHON: _JOINT, R: _JOINT}
_NOBODY = "The formula of the limits ends where nobody is left."
NOBODY_LEFT: Why = {PYTHON: _NOBODY, R: _NOBODY}


# The reasons of terms that others make up or nobody has: a model leaves them out.
LEFT_OUT = (
    *("collinear", "made-up-by-covariates", "made-up-by-covariates-or-strata", "no-patients", "no-variation-at-risk"),
    *("one-level", "one-value"),
)
_USUAL = {"limits": "profile", "weighting": "logrank", "conf_type": "log-log"}


NO_RISING: Why = {
    PYTHON: "With late entry limits may rise again; no library of Python has R’s rule then: see the R script."
}
NO_ERROR_LEFT: Why = {PYTHON: "statsmodels has no standard error once nobody is left: see the R script."}


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the page: the name that the script gives it, which part, the value (None for none), why it is not done."""

    name: str
    part: str
    value: float | None
    why: Why = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A call of one of the scripts' functions with its arguments, beside the rows, and the numbers that it has to give."""

    call: str
    given: Mapping[str, Any]
    needed: Needed | None
    numbers: tuple[Number, ...]

    def is_done(self, language: str) -> bool:
        """True if the language has at least one of the numbers."""
        return any(language not in number.why for number in self.numbers)


def list_steps(questions: Iterable[Question]) -> tuple[Step, ...]:
    """The steps that have a number to give, in order."""
    steps = [step for question in questions for step in _STEPS[question.kind](**question.given)]
    return tuple(replace(step, given=_without_usual(step.given)) for step in steps if step.numbers)


def _without_usual(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that are not what the functions take anyway."""
    return {name: value for name, value in given.items() if value != "" and _USUAL.get(name) != value}


def name_number(*parts: str) -> str:
    """The name of a number: its parts that are not empty."""
    return ", ".join(part for part in parts if part)


def _estimate(name: str, estimate: Estimate, why: Why = DONE, why_limits: Why | None = None) -> Iterator[Number]:
    yield Number(name, "estimate", estimate.value, why)
    if estimate.interval is not None:
        limits = {"conf_low": estimate.interval.low, "conf_high": estimate.interval.high}
        yield from (
            Number(name, part, limit, why if why_limits is None else why_limits) for part, limit in limits.items()
        )


def _code(model: Model) -> str:
    if not isinstance(model, Name):
        return model
    return model.variable if model.level is None else f"{model.variable}: {model.level}"


def _at(month: float) -> str:
    return f"{month:g} months"


def _groups(group: Any, size: int) -> Any:
    return np.full(size, "everyone", dtype=object) if group is None else group


def _curves(
    shown: Any, milestones: Any, months: Sequence[float], time: Any, event: Any, *, group: Any, weight: Any, entry: Any,
    with_median: bool, variable: str, model: Model,
) -> Iterator[Step]:  # fmt: skip
    numbers: list[Number] = []
    for curve, values in zip(shown.curves, milestones, strict=True):
        if not curve.n:
            continue
        for month, estimate in zip(months, values, strict=True):
            if estimate.value is not None:
                name = name_number("survival", _code(model), curve.group, _at(month))
                numbers += _estimate(name, estimate, DONE, NOBODY_LEFT if estimate.value == 0 else None)
        if with_median and has_value(curve.median):
            name = name_number("median", _code(model), curve.group)
            numbers += _estimate(name, curve.median, DONE, DONE if entry is None else NO_RISING)
    named = variable or GROUP
    rows = take_rows(time, event, weight, entry=entry, group=_groups(group, len(np.asarray(time))), named=named)
    given = {"group": named, "months": list(months), "conf_type": shown.conf_type, "model": _code(model)}
    yield Step("curves", given if with_median else {**given, "with_median": False}, Needed(rows), tuple(numbers))


def _follow_up(shown: Estimate, time: Any, event: Any, *, weight: Any, entry: Any, conf_type: str) -> Iterator[Step]:
    limits = DONE if entry is None else NO_RISING
    numbers = tuple(_estimate("median follow-up", shown, DONE, limits)) if has_value(shown) else ()
    yield Step("follow_up", {"conf_type": conf_type}, Needed(take_rows(time, event, weight, entry=entry)), numbers)


def _weighted_curves(
    shown: Any, milestones: Any, months: Sequence[float], time: Any, event: Any, group: Any, share: Any, *, weight: Any,
    entry: Any, model: Model,
) -> Iterator[Step]:  # fmt: skip
    numbers: list[Number] = []
    for curve, values in zip(shown.curves, milestones, strict=True):
        for month, estimate in zip(months, values, strict=True):
            if curve.n and estimate.value is not None:
                name = name_number("survival", _code(model), curve.group, _at(month))
                numbers += _estimate(name, estimate, DONE, WEIGHTS)
    rows = take_rows(time, event, weight, entry=entry, group=group, share=share)
    yield Step(
        "weighted_curves", {"group": GROUP, "months": list(months), "model": _code(model)}, Needed(rows), tuple(numbers)
    )


def _why_test(weighting: str, strata: Any, entry: Any, has_all: bool) -> Why:
    simple = strata is None and entry is None
    by_statsmodels = weighting in ("logrank", "tarone-ware") and (strata is None or entry is None)
    return DONE if has_all and (simple or by_statsmodels) else NO_TEST


def _test(
    shown: Any, time: Any, event: Any, group: Any, *, weight: Any, strata: Any, entry: Any, weighting: str, rho: float,
    gamma: float, model: Model,
) -> Iterator[Step]:  # fmt: skip
    if shown is None or shown.p_value is None:
        return
    rows = take_rows(time, event, weight, entry=entry, group=group, strata=strata)
    why = _why_test(weighting, strata, entry, shown.df == rows[GROUP].nunique() - 1)
    name = name_number("test", _code(model))
    numbers = Number(name, "statistic", shown.statistic, why), Number(name, "p_value", shown.p_value, why)
    yield Step("test", {**_tested(weighting, strata), "model": _code(model)}, Needed(rows), numbers)


def _tested(weighting: str, strata: Any) -> dict[str, Any]:
    return {"group": GROUP, "weighting": weighting, **({} if strata is None else {"strata": "strata"})}


def _pairs(
    shown: Any, time: Any, event: Any, group: Any, *, weight: Any, strata: Any, entry: Any, weighting: str, rho: float,
    gamma: float, variable: str,
) -> Iterator[Step]:  # fmt: skip
    tested = [pair for pair in shown if pair.test.p_value is not None]
    rows = take_rows(time, event, weight, entry=entry, group=group, strata=strata)
    why = _why_test(weighting, strata, entry, all(pair.test.df == 1 for pair in tested))
    numbers: list[Number] = []
    for pair in tested:
        name = name_number("test", f"{pair.group_a} against {pair.group_b}")
        numbers.append(Number(name, "p_value", pair.test.p_value, why))
        if all(other.p_adjusted is not None for other in shown):
            numbers.append(Number(name, "p_adjusted", pair.p_adjusted, why))
    named = _tested(weighting, strata)
    given = {"group": named.pop("group"), "names": [[pair.group_a, pair.group_b] for pair in tested], **named}
    yield Step("pairs", given, Needed(rows), tuple(numbers))


def _term(variable: str, level: str | None, steps: Mapping[str, float] | None) -> str:
    step = (steps or {}).get(variable, 1)
    return f"{variable}: {level}" if level is not None else variable if step == 1 else f"{variable} / {step:g}"


def _modelled(shown: Any) -> list[Any]:
    """The terms that a model has a coefficient for, be it infinite or not shown."""
    return [t for t in shown.terms if not (t.is_reference or (t.ratio.reason and t.ratio.reason.code in LEFT_OUT))]


def _terms(shown: Any, steps: Mapping[str, float] | None) -> list[str]:
    return [_term(term.variable, term.level, steps) for term in _modelled(shown)]


def _hidden(shown: Any, steps: Mapping[str, float] | None) -> dict[str, Any]:
    """The terms of a model that the page gives no ratio for."""
    hidden = [_term(t.variable, t.level, steps) for t in _modelled(shown) if t.ratio.value is None]
    return {"hidden": hidden} if hidden else {}


def _ratios(
    measure: str, shown: Any, steps: Mapping[str, float] | None, model: Model, why: Why, why_limits: Why, why_joint: Why
) -> tuple[Number, ...]:
    numbers: list[Number] = []
    for term in shown.terms:
        if term.is_reference or term.ratio.value is None:
            continue
        name = name_number(measure, _code(model), _term(term.variable, term.level, steps))
        numbers += _estimate(name, term.ratio, why, why_limits)
        if term.p_value is not None:
            numbers.append(Number(name, "p_value", term.p_value, why_limits))
    for test in getattr(shown, "tests", ()):
        if test.p_value is not None and (test.df or 0) > 1:
            name = name_number("test of a variable", _code(model), test.variable)
            numbers.append(Number(name, "p_value", test.p_value, why_joint))
    return tuple(numbers)


def _limits(shown: Any) -> str:
    """Of which kind the limits of a model are; those that cost no search where none are shown."""
    own = [term for term in shown.terms if not term.is_reference and term.ratio.value is not None]
    kinds = {term.ratio.interval.method for term in own if term.ratio.interval is not None}
    return "wald" if "wald" in kinds or not (kinds or any(t.p_value is not None for t in own)) else "profile"


def _variables(terms: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(term.split(": ")[0].split(" / ")[0] for term in terms))


def _cox(
    shown: HazardRatioResult, time: Any, event: Any, covariates: pd.DataFrame, *, weight: Any, entry: Any, strata: Any,
    sampling_weight: Any, steps: Mapping[str, float] | None, model: Model, with_concordance: bool,
) -> Iterator[Step]:  # fmt: skip
    terms, limits, is_robust = _terms(shown, steps), _limits(shown), shown.std_error_type == "robust"
    if not any(term.ratio.value is not None and not term.is_reference for term in shown.terms):
        return
    rows = take_rows(time, event, weight, entry=entry, strata=strata, share=sampling_weight, covariates=covariates)
    blocks = () if strata is None else ("strata",)
    within = None
    if isinstance(model, Name) and model.level is not None:
        within = (model.variable, model.level)
    needed = Needed(rows, (*_variables(terms), *blocks), within)
    given: dict[str, Any] = {"terms": terms, "model": _code(model), **_hidden(shown, steps)}
    joint = DONE if shown.test_type == "likelihood ratio" else JOINT_WALD
    if shown.method == "firth":
        died = rows.loc[rows["event"] == 1]
        tied = bool(strata is not None or entry is not None or died["days"].duplicated().any() or (died["n"] > 1).any())
        why = NO_FIRTH_COX if tied else NO_FIRTH_COX_R
        limited = {**why, **NO_FIRTH_ERROR} if limits == "wald" and not tied else why
        numbers = _ratios("hazard ratio", shown, steps, model, why, limited, {**why, **NO_FIRTH_ERROR})
        yield Step("firth_cox", given, needed, numbers)
        return
    if sampling_weight is not None:
        yield Step(
            "weighted_cox", given, needed, _ratios("hazard ratio", shown, steps, model, DONE, WEIGHTS, JOINT_WALD)
        )
        return
    given |= {"limits": limits, **({} if strata is None else {"strata": "strata"})}
    if is_robust:
        given["robust"] = True
    numbers = _ratios("hazard ratio", shown, steps, model, DONE, NO_ROBUST if is_robust else DONE, joint)
    yield Step("cox", given, needed, numbers)
    if with_concordance and shown.concordance is not None and shown.concordance.value is not None:
        number = Number(
            name_number("concordance", _code(model)),
            "estimate",
            shown.concordance.value,
            DONE if strata is None and entry is None else NO_PAIRS,
        )
        options = {name: value for name, value in given.items() if name in ("terms", "model", "strata")}
        yield Step("concordance_of", options, Needed(rows, needed.known), (number,))


def _proportional(
    shown: Any, time: Any, event: Any, covariates: pd.DataFrame, *, weight: Any, entry: Any, strata: Any, model: Any
) -> Iterator[Step]:
    numbers = tuple(
        Number(name_number("proportional hazards", test.variable), "p_value", test.p_value, NO_SCORE)
        for test in shown.tests
        if test.p_value is not None and model.method != "firth"
    )
    terms = _terms(model, None)
    rows = take_rows(time, event, weight, entry=entry, strata=strata, covariates=covariates)
    blocks = {} if strata is None else {"strata": "strata"}
    yield Step("proportional", {"terms": terms, **blocks}, Needed(rows, (*_variables(terms), *blocks)), numbers)


def _logistic(
    shown: OddsRatioResult, outcome: Any, covariates: pd.DataFrame, *, weight: Any, sampling_weight: Any,
    steps: Mapping[str, float] | None, model: Model, area: Estimate | None, brier: Estimate | None,
) -> Iterator[Step]:  # fmt: skip
    if not any(term.ratio.value is not None and not term.is_reference for term in shown.terms):
        return
    terms, limits = _terms(shown, steps), _limits(shown)
    rows = take_rows(None, outcome, weight, share=sampling_weight, covariates=covariates)
    needed = Needed(rows, _variables(terms))
    given = {"terms": terms, "model": _code(model), **_hidden(shown, steps)}
    joint = DONE if shown.test_type == "likelihood ratio" else JOINT_WALD
    if sampling_weight is not None:
        numbers = _ratios("odds ratio", shown, steps, model, DONE, WEIGHTS, JOINT_WALD)
        yield Step("weighted_logistic", given, needed, numbers)
        return
    if shown.method == "firth":
        limited = NO_FIRTH_ERROR if limits == "wald" else DONE
        numbers = _ratios("odds ratio", shown, steps, model, DONE, limited, {**joint, **NO_FIRTH_ERROR})
        yield Step("firth_logistic", {**given, "limits": limits}, needed, numbers)
        return
    numbers = _ratios("odds ratio", shown, steps, model, DONE, DONE, joint)
    yield Step("logistic", {**given, "limits": limits}, needed, numbers)
    measured = {"area under the curve": area, "Brier score": brier}
    told = tuple(
        Number(name_number(measure, _code(model)), "estimate", estimate.value)
        for measure, estimate in measured.items()
        if estimate is not None and estimate.value is not None
    )
    given.pop("hidden", None)
    yield Step("discrimination", given, Needed(rows, needed.known), told)


def _incidence(
    shown: Any, milestones: Any, months: Sequence[float], time: Any, cause: Any, *, group: Any, weight: Any, variable: str,
    event: str,
) -> Iterator[Step]:  # fmt: skip
    numbers: list[Number] = []
    for curve, values in zip(shown.curves, milestones, strict=True):
        for month, estimate in zip(months, values, strict=True):
            if curve.n and estimate.value is not None:
                left = curve.n_risk - curve.n_event_at - curve.n_competing_at
                is_over = bool(((left <= 0) & (curve.time <= month)).any())
                limits = NOBODY_LEFT if estimate.value == 1 else NO_ERROR_LEFT if is_over else None
                name = name_number("incidence", curve.cause, curve.group, _at(month))
                numbers += _estimate(name, estimate, DONE, limits)
    named = variable or GROUP
    given = {"group": named, "causes": list(shown.causes), "months": list(months), "conf_type": shown.conf_type}
    yield Step("incidence", given, Needed(take_rows(time, cause, weight, group=group, named=named)), tuple(numbers))


def _gray(
    shown: Any, causes: Sequence[str], time: Any, cause: Any, *, group: Any, weight: Any, model: Name
) -> Iterator[Step]:
    name = name_number("Gray's test", model.level or "")
    parts = {"statistic": shown.statistic, "p_value": shown.p_value}
    numbers = tuple(Number(name, part, value, NO_GRAY) for part, value in parts.items() if shown.p_value is not None)
    given = {"group": GROUP, "causes": list(causes), "cause": model.level}
    yield Step("gray", given, Needed(take_rows(time, cause, weight, group=group)), numbers)


def _fine_gray(
    shown: Any, causes: Sequence[str], time: Any, cause: Any, covariates: pd.DataFrame, *, weight: Any,
    steps: Mapping[str, float], model: Name,
) -> Iterator[Step]:  # fmt: skip
    terms, hidden = _terms(shown, steps), _hidden(shown, steps)
    limited = {**NO_FINE_GRAY, **(NO_INFINITE if hidden else DONE)}
    numbers = _ratios("subdistribution hazard ratio", shown, steps, model, NO_FINE_GRAY, limited, JOINT_WALD)
    rows = take_rows(time, cause, weight, covariates=covariates)
    given = {"terms": terms, "causes": list(causes), "cause": model.level, "model": _code(model)}
    yield Step("fine_gray", {**given, **hidden}, Needed(rows, _variables(terms)), numbers)


def _means(
    means: Any, differences: Any, curves: Any, labels: Mapping[str, str], time: Any, event: Any, *, group: Any, weight: Any,
    entry: Any,
) -> Iterator[Step]:  # fmt: skip
    levels = {label: level for level, label in labels.items()}
    rows = take_rows(time, event, weight, entry=entry, group=group)
    if means.horizon is not None:
        numbers: list[Number] = []
        names = [levels[mean.group] for mean in means.groups if mean.n]
        for mean in means.groups:
            if mean.n and mean.mean.value is not None:
                name = name_number("restricted mean", levels[mean.group], _at(means.horizon))
                numbers += _estimate(name, mean.mean, DONE, NO_MEAN_ERROR)
        for pair in means.contrasts:
            against = f"{levels[pair.group]} against {levels[pair.reference]}"
            kinds = {"difference": (pair.difference, pair.p_difference), "ratio": (pair.ratio, pair.p_ratio)}
            for kind, (estimate, p_value) in kinds.items():
                if estimate.value is None:
                    continue
                name = name_number(f"{kind} of restricted means", against)
                numbers += _estimate(name, estimate, DONE, NO_MEAN_ERROR)
                if p_value is not None:
                    numbers.append(Number(name, "p_value", p_value, NO_MEAN_ERROR))
        given = {"group": GROUP, "names": names, "horizon": means.horizon}
        yield Step("means", given, Needed(rows), tuple(numbers))
    told: list[Number] = []
    for found in differences:
        if found.difference.value is None:
            continue
        name = name_number(
            "survival difference", f"{levels[found.group]} against {levels[found.reference]}", _at(found.time)
        )
        sides = (found.group, found.reference)
        is_over = any(_value(curve, found.time) == 0 for curve in curves.curves if labels[curve.group] in sides)
        told += _estimate(name, found.difference, DONE, NOBODY_LEFT if is_over else None)
        if found.test.p_value is not None:
            told.append(Number(name, "p_value", found.test.p_value))
    if told:
        first = differences[0].reference
        names = [levels[first], *dict.fromkeys(levels[found.group] for found in differences)]
        given = {"group": GROUP, "names": names, "months": list(dict.fromkeys(found.time for found in differences))}
        yield Step("differences", given, Needed(rows.copy()), tuple(told))


def _value(curve: SurvivalCurve, month: float) -> float:
    return float(np.append(1.0, curve.estimate)[np.searchsorted(curve.time, month, side="right")])


def _interaction(
    shown: Any, time: Any, event: Any, group: Any, subgroup: Any, *, weight: Any, entry: Any, strata: Any, variable: str,
    model: str,
) -> Iterator[Step]:  # fmt: skip
    test = shown.interaction
    sparse = any(effect.n_event == 0 or effect.n_event_reference == 0 for effect in shown.subgroups)
    why = "Somewhere nobody in a group had the event: the largest likelihood lies at infinity."
    numbers = (
        ()
        if test.p_value is None
        else (Number(f"interaction, {model}", "p_value", test.p_value, {PYTHON: why, R: why} if sparse else DONE),)
    )
    covariates = pd.DataFrame({variable: group, model: subgroup})
    rows = take_rows(time, event, weight, entry=entry, strata=strata, covariates=covariates)
    blocks = {} if strata is None else {"strata": "strata"}
    given = {"group": variable, "subgroup": model, "model": model, **blocks}
    yield Step("interaction_of", given, Needed(rows, (variable, model, *blocks)), numbers)


def _missing(shown: Any) -> Iterator[Step]:
    for share in shown.variables:
        groups = {"": share.everyone, "event": share.with_event, "no event": share.without_event}
        numbers: list[Number] = []
        for name, estimate in groups.items():
            if estimate.value is not None and estimate.interval is not None:
                numbers += _estimate(name_number("missing", share.variable, name), estimate)
        if share.difference.value is not None and share.difference.interval is not None:
            numbers += _estimate(name_number("missing", share.variable, "event against no event"), share.difference)
        counts = [[estimate.n_event, estimate.n] for estimate in groups.values()]
        given = dict(zip(("everyone", "with_event", "without_event"), counts, strict=True))
        yield Step("missing_share", {"variable": share.variable, **given}, None, tuple(numbers))


_STEPS: Mapping[str, Callable[..., Iterator[Step]]] = {
    "compare_curves": _curves,
    "compare_follow_up": _follow_up,
    "compare_weighted_curves": _weighted_curves,
    "compare_test": _test,
    "compare_pairs": _pairs,
    "compare_hazard_ratios": _cox,
    "compare_proportionality": _proportional,
    "compare_odds_ratios": _logistic,
    "compare_incidence_curves": _incidence,
    "compare_gray": _gray,
    "compare_subdistribution": _fine_gray,
    "compare_means": _means,
    "compare_interaction": _interaction,
    "compare_missing": _missing,
}
