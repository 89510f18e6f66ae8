"""What the policy on small numbers takes out of a result, rule by rule, before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from analytics.dictionary import load_words
from analytics.formats import MOST_NAMED
from analytics.reporting.notes import say_notes
from analytics.reporting.reasons import say_reason
from analytics.reporting.reliability import Policy, State, Verdict, judge, load_policy, points_the_other_way
from analytics.results import (
    Balance,
    CalibrationGroup,
    CalibrationResult,
    Coefficient,
    CoefficientOverTime,
    ConcordanceOptimismResult,
    Contribution,
    Estimate,
    FittedProbabilities,
    GroupCount,
    HazardRatio,
    HazardRatioResult,
    IncidenceCurve,
    InfluenceResult,
    Interval,
    Note,
    OddsRatio,
    OddsRatioResult,
    Optimism,
    OptimismResult,
    PairwiseTest,
    PooledRatio,
    PooledResult,
    PooledTest,
    PredictedRisk,
    PropensityArm,
    PropensityResult,
    ProportionalHazardsResult,
    Reason,
    RestrictedMeanContrast,
    RestrictedMeanResult,
    Result,
    RiskOverTime,
    SplineResult,
    SubgroupEffect,
    SubgroupResult,
    SurvivalCurve,
    SurvivalDifference,
    TermTest,
    TestResult,
    VarianceInflation,
    as_model,
    read_only,
)

AnyResult = TypeVar("AnyResult")


@dataclass(frozen=True, slots=True)
class _Withheld:
    what: str  # "p value" or "estimate"
    reason: Reason | None
    whole: bool  # a whole test or model, not one of several numbers


def govern(result: AnyResult, policy: Policy | None = None) -> AnyResult:
    """The result with everything taken out that the policy does not show, notes that say what and why, and all notes in words.

    ``result`` is a frozen dataclass of results; its ``notes``, where it has them, are added to. A result in which nothing
    is withheld is returned as it is.
    """
    governor = _Governor(policy or load_policy())
    governed = say_notes(governor.walk(result))
    notes = governor.notes()
    if notes and hasattr(governed, "notes"):
        governed = replace(governed, notes=(*notes, *governed.notes))  # type: ignore[type-var]
    return governed


# What is judged with its holder, which knows the counts behind it. Whatever else holds one needs a rule of its own.
PARTS: tuple[type[Result], ...] = (
    Interval,
    GroupCount,
    OddsRatio,
    HazardRatio,
    TermTest,
    PooledRatio,
    PooledTest,
    CoefficientOverTime,
    RestrictedMeanContrast,
    Balance,
    PropensityArm,
    CalibrationGroup,
    Optimism,
    VarianceInflation,
    Coefficient,
    Contribution,
)


class _Governor:
    """Walks through a result once, replacing what is withheld and remembering it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.withheld: list[_Withheld] = []
        self.rules: dict[type, Callable[[Any], Any]] = {
            Estimate: self.estimate,
            TestResult: self.test,
            PairwiseTest: self.pairwise_test,
            SurvivalCurve: self.survival_curve,
            IncidenceCurve: self.incidence_curve,
            OddsRatioResult: self.model,
            HazardRatioResult: self.model,
            ProportionalHazardsResult: self.proportional_hazards,
            RestrictedMeanResult: self.restricted_means,
            SurvivalDifference: self.survival_difference,
            SubgroupEffect: self.subgroup_effect,
            SubgroupResult: self.subgroups,
            PooledResult: self.pooled,
            FittedProbabilities: self.probabilities,
            CalibrationResult: self.calibration,
            OptimismResult: self.optimism,
            ConcordanceOptimismResult: self.concordance_optimism,
            InfluenceResult: self.influence,
            SplineResult: self.spline,
            PropensityResult: self.propensity,
            PredictedRisk: self.predicted_risk,
            RiskOverTime: self.risk_over_time,
        }

    def walk(self, value: Any) -> Any:
        """The value, or one like it in which what is withheld is replaced."""
        kind: type = type(value)
        rule = self.rules.get(kind)
        if rule is not None:
            return rule(value)
        if kind is tuple:
            walked = tuple(self.walk(item) for item in value)
            return walked if any(a is not b for a, b in zip(walked, value, strict=True)) else value
        if isinstance(value, dict):
            changed = {key: new for key, item in value.items() if (new := self.walk(item)) is not item}
            return {**value, **changed} if changed else value
        return self.walk_fields(value) if isinstance(value, Result) else value

    def walk_fields(self, value: Any, names: Iterable[str] | None = None) -> Any:
        """A dataclass, each of its fields (or those named) walked through."""
        old = {name: getattr(value, name) for name in names or _field_names(type(value))}
        new = {name: walked for name, item in old.items() if (walked := self.walk(item)) is not item}
        return replace(value, **new) if new else value

    def say(self, what: str, reason: Reason | None, whole: bool = False) -> Reason:
        """Remember what is withheld; the reason as it stands in its place."""
        self.withheld.append(_Withheld(what, reason, whole))
        return Reason.of("withheld", why=reason)

    def estimate(self, estimate: Estimate) -> Estimate:
        # Where all have had the event, nobody is left at risk, and the events say how many there were.
        patients = estimate.n or estimate.n_event
        if estimate.value is None or not patients:
            return estimate
        verdict = judge(self.policy, patients=patients, group=estimate.n_are if estimate.n else "")
        return self.without_value(estimate, verdict.reason) if verdict.state is State.COUNTS_ONLY else estimate

    def without_value(self, estimate: Estimate, reason: Reason | None, whole: bool = False) -> Estimate:
        if estimate.value is None:
            return estimate
        withheld = self.say("estimate", reason, whole)
        return replace(estimate, value=None, interval=None, std_error=None, reason=withheld)

    def test(self, test: TestResult, verdict: Verdict | None = None, whole: bool = True) -> TestResult:
        if test.p_value is None:
            return test
        if verdict is None:
            groups = [group for group in test.groups if group.n]
            verdict = judge(
                self.policy,
                patients=min((group.n for group in groups), default=None),
                events=sum(g.observed if g.n_event is None else g.n_event for g in groups) if groups else None,
                group="one-group",
            )
        if verdict.state < State.WITHOUT_P:
            return test
        return replace(test, statistic=None, df=None, p_value=None, reason=self.say("p value", verdict.reason, whole))

    def pairwise_test(self, pair: PairwiseTest) -> PairwiseTest:
        test = self.test(pair.test, whole=False)
        return pair if test is pair.test else replace(pair, test=test, p_adjusted=None)

    def curve_end(self, curve: SurvivalCurve | IncidenceCurve) -> float | None:
        """The time at which fewer than enough are left at risk; None where that is at the end of follow-up or later.

        Where patients come in later, as into the curve of the treated, an event while too few are in it ends it as well:
        all that follows would rest on them, however many come.
        """
        is_thin = curve.n_risk < self.policy.stop_below
        enough = np.flatnonzero(~is_thin)
        end = float(curve.time[enough[-1]]) if enough.size else 0.0
        moved = np.flatnonzero(is_thin & (curve.n_event_at > 0))
        if moved.size:
            end = min(end, float(curve.time[moved[0] - 1]) if moved[0] else 0.0)
        if not curve.n or end >= curve.time[-1]:
            return None
        # Where the curve does not move any more, nothing is withheld by its end.
        return end

    def survival_curve(self, curve: SurvivalCurve) -> SurvivalCurve:
        end = _earlier(self.curve_end(curve), curve.shown_until)
        median = self.estimate(curve.median)
        if end is not None and median.value is not None and median.value > end:
            median = self.without_value(median, Reason.of("fewer-at-risk-then", least=self.policy.stop_below))
        if end is None and median is curve.median:
            return curve
        return replace(curve, shown_until=end, median=median)

    def incidence_curve(self, curve: IncidenceCurve) -> IncidenceCurve:
        end = _earlier(self.curve_end(curve), curve.shown_until)
        return curve if end is None else replace(curve, shown_until=end)

    def model(self, model: Any) -> Any:
        events = model.n_event
        if isinstance(model, OddsRatioResult):
            events = min(events, model.n - events)
        overall = judge(self.policy, events=events, events_per_parameter=model.events_per_parameter)
        whole = overall.state >= State.WITHOUT_P
        references = {t.variable: t.n for t in model.terms if t.is_reference}
        events_of = {t.variable: t.n_event for t in model.terms if t.is_reference}
        terms: list[OddsRatio | HazardRatio] = []
        best: dict[str, Verdict] = {}  # of each covariate's levels
        for term in model.terms:
            verdict = overall
            if term.level is not None and term.n and not term.is_reference:
                smaller = min(term.n, references.get(term.variable) or term.n)
                verdict = max(overall, judge(self.policy, patients=smaller, group="one-group"), key=lambda v: v.state)
            if not term.is_reference:
                best[term.variable] = min(best.get(term.variable, verdict), verdict, key=lambda v: v.state)
            against = None
            if model.method == "firth" and term.level is not None and not term.is_reference:
                against = points_the_other_way(term.ratio.value, term.n_event, events_of.get(term.variable))
            if against and verdict.state < State.COUNTS_ONLY:
                terms.append(self.term(term, Verdict(State.COUNTS_ONLY, against), whole=False))
            else:
                terms.append(self.term(term, verdict, whole))
        tests = tuple(self.term_test(test, best.get(test.variable, overall), whole) for test in model.tests)
        changes: dict[str, Any] = {}
        if any(a is not b for a, b in zip(terms, model.terms, strict=True)):
            changes["terms"] = tuple(terms)
        if any(a is not b for a, b in zip(tests, model.tests, strict=True)):
            changes["tests"] = tests
        concordance = getattr(model, "concordance", None)
        if concordance is not None and concordance.value is not None and whole:
            changes["concordance"] = self.without_value(concordance, overall.reason, whole)
        return replace(model, **changes) if changes else model

    def pooled(self, found: PooledResult) -> PooledResult:
        model = as_model(found)
        governed = self.model(model)
        if governed is model:
            return found
        terms = []
        for pooled, term in zip(found.terms, governed.terms, strict=True):
            shown = replace(pooled, odds_ratio=term.odds_ratio, p_value=term.p_value, p_reason=term.p_reason)
            if term.odds_ratio.value is None:
                shown = replace(shown, df=None, fraction_missing=None, efficiency=None)
            terms.append(shown)
        tests = tuple(
            pooled
            if test.p_value == pooled.p_value
            else replace(pooled, statistic=None, df=None, df_error=None, p_value=None, reason=test.reason)
            for pooled, test in zip(found.tests, governed.tests, strict=True)
        )
        return replace(found, terms=tuple(terms), tests=tests)

    def term(self, term: OddsRatio | HazardRatio, verdict: Verdict, whole: bool) -> OddsRatio | HazardRatio:
        if term.is_reference or verdict.state < State.WITHOUT_P:
            return term
        ratio, reason = term.ratio, term.p_reason
        if verdict.state is State.COUNTS_ONLY:
            ratio = self.without_value(ratio, verdict.reason, whole)
        elif term.p_value is not None:
            reason = self.say("p value", verdict.reason, whole)
        elif ratio is term.ratio:
            return term
        name = "odds_ratio" if isinstance(term, OddsRatio) else "hazard_ratio"
        nothing = {"p_value": None, "p_reason": reason, "statistic": None, "p_value_wald": None, "statistic_lr": None}
        return replace(term, **nothing, **{name: ratio})  # type: ignore[arg-type]

    def term_test(self, test: TermTest, verdict: Verdict, whole: bool = False) -> TermTest:
        if test.p_value is None or verdict.state < State.WITHOUT_P:
            return test
        reason = self.say("p value", verdict.reason, whole)
        return replace(test, statistic=None, df=None, p_value=None, reason=reason)

    def proportional_hazards(self, result: ProportionalHazardsResult) -> ProportionalHazardsResult:
        verdict = judge(self.policy, events=result.n_event)
        tests = tuple(self.term_test(test, verdict) for test in result.tests)
        overall = self.term_test(result.global_test, verdict)
        # The model says of each why it is not shown.
        coefficients = tuple(
            c
            for c in result.coefficients
            if max(verdict.state, judge(self.policy, patients=c.n).state) < State.COUNTS_ONLY
        )
        if (
            overall is result.global_test
            and all(a is b for a, b in zip(tests, result.tests, strict=True))
            and len(coefficients) == len(result.coefficients)
        ):
            return result
        return replace(result, tests=tests, global_test=overall, coefficients=coefficients)

    def outcome_model(self, n: int, n_event: int, n_parameters: int = 0) -> Verdict:
        """The state of what is said of a logistic model as a whole, from the rarer outcome."""
        events = min(n_event, n - n_event)
        return judge(self.policy, events=events, events_per_parameter=events / n_parameters if n_parameters else None)

    def probabilities(self, found: FittedProbabilities) -> FittedProbabilities:
        verdict = self.outcome_model(found.n, found.n_event, found.n_parameters)
        if found.probability is None or verdict.state < State.COUNTS_ONLY:
            return found
        return replace(found, probability=None, reason=self.say("estimate", verdict.reason, whole=True))

    def calibration(self, found: CalibrationResult) -> CalibrationResult:
        verdict = self.outcome_model(found.n, found.n_event)
        if verdict.state is State.COUNTS_ONLY:
            whole: dict[str, Any] = {
                name: self.without_value(getattr(found, name), verdict.reason, whole=True)
                for name in ("in_the_large", "slope", "intercept")
            }
            return replace(found, **whole, groups=()) if found.n else found
        governed = self.walk_fields(found, ("in_the_large", "slope", "intercept"))
        groups = []
        for group in found.groups:
            observed = self.estimate(group.observed)
            groups.append(group if observed is group.observed else replace(group, observed=observed, predicted=None))
        if all(a is b for a, b in zip(groups, found.groups, strict=True)):
            return governed
        return replace(governed, groups=tuple(groups))

    def optimism(self, found: OptimismResult) -> OptimismResult:
        verdict = self.outcome_model(found.n, found.n_event, found.n_parameters)
        if found.reason is not None or verdict.state < State.COUNTS_ONLY:
            return found
        reason = self.say("estimate", verdict.reason, whole=True)
        measures: dict[str, Any] = {
            name: _without_measure(getattr(found, name), reason) for name in ("auc", "slope", "brier")
        }
        return replace(found, **measures, reason=reason)

    def concordance_optimism(self, found: ConcordanceOptimismResult) -> ConcordanceOptimismResult:
        per_parameter = found.n_event / found.n_parameters if found.n_parameters else None
        verdict = judge(self.policy, events=found.n_event, events_per_parameter=per_parameter)
        # As the model, which does not show its concordance either where it shows no p.
        if found.reason is not None or verdict.state < State.WITHOUT_P:
            return found
        reason = self.say("estimate", verdict.reason, whole=True)
        return replace(found, concordance=_without_measure(found.concordance, reason), reason=reason)

    def influence(self, found: InfluenceResult) -> InfluenceResult:
        if found.n_event is None or found.reason is not None:
            return found
        verdict = self.outcome_model(found.n_patients, found.n_event, len(found.coefficients))
        if verdict.state < State.COUNTS_ONLY:
            return found
        none, table = read_only([]), read_only(np.zeros((0, 0)))
        return replace(
            found,
            coefficients=(),
            row=found.row[:0],
            n=none,
            event=none,
            log_odds_ratio=table,
            change=table,
            reasons=(),
            n_kinds=0,
            reason=self.say("estimate", verdict.reason, whole=True),
        )

    def spline(self, found: SplineResult) -> SplineResult:
        verdict = self.outcome_model(found.n, found.n_event, found.n_parameters)
        if found.reason is not None or verdict.state < State.WITHOUT_P:
            return found
        test = self.test(found.test, verdict, whole=False)
        if verdict.state is State.WITHOUT_P:
            return replace(found, test=test)
        none = read_only([])
        lines: dict[str, Any] = dict.fromkeys(("knots", "grid", "log_odds_ratio", "low", "high"), none)
        reason = self.say("estimate", verdict.reason, whole=True)
        return replace(found, test=test, **lines, reference=None, straight=None, reason=reason)

    def propensity(self, found: PropensityResult) -> PropensityResult:
        governed = self.walk_fields(found, ("model",))
        verdict = judge(self.policy, patients=min(arm.n for arm in found.arms) or None, group="one-group")
        if verdict.state < State.COUNTS_ONLY:
            return governed
        unknown: dict[str, Any] = dict.fromkeys(("low", "high", "effective_n", "largest_share"))
        treated, untreated = (replace(arm, **unknown) for arm in found.arms)
        nothing: dict[str, Any] = dict.fromkeys(
            ("scores", "weights", "support", "share_outside", "gradient", "influence")
        )
        reason = found.reason or self.say("estimate", verdict.reason, whole=True)
        return replace(governed, **nothing, arms=(treated, untreated), balance=(), reason=reason)

    def predicted_risk(self, found: PredictedRisk) -> PredictedRisk:
        # A risk of one patient asks more of a model than a ratio does: none is shown of a model without p values.
        verdict = self.outcome_model(found.n, found.n_event, found.n_parameters)
        if found.risk.value is None or verdict.state < State.WITHOUT_P:
            return found
        return replace(found, risk=self.without_value(found.risk, verdict.reason, whole=True), average=None, steps=())

    def risk_over_time(self, found: RiskOverTime) -> RiskOverTime:
        per_parameter = found.n_event / found.n_parameters if found.n_parameters else None
        verdict = judge(self.policy, events=found.n_event, events_per_parameter=per_parameter)
        if verdict.state < State.WITHOUT_P:
            return self.walk_fields(found, ("risks",))  # type: ignore[no-any-return]
        return replace(found, risks=tuple(self.without_value(risk, verdict.reason, whole=True) for risk in found.risks))

    def restricted_means(self, result: RestrictedMeanResult) -> RestrictedMeanResult:
        # With few events in one group the normal approximation finds too much, however many the other has (6 to 8 % of
        # p < 0.05 without a difference; at most 5 % with the events of a p value in each: tests/simulations).
        sizes = {g.group: (g.n, g.n_event) for g in result.groups}
        contrasts = []
        for contrast in result.contrasts:
            pair = [sizes[name] for name in (contrast.group, contrast.reference) if name in sizes]
            verdict = judge(
                self.policy,
                patients=min((n for n, _ in pair), default=None),
                events=min((n_event for _, n_event in pair), default=None),
                group="one-group",
                events_group="one-group",
            )
            few = verdict.state is State.COUNTS_ONLY
            if few:
                difference = self.without_value(contrast.difference, verdict.reason)
                ratio = self.without_value(contrast.ratio, verdict.reason)
                contrast = replace(contrast, difference=difference, ratio=ratio, p_difference=None, p_ratio=None)
            elif verdict.state is State.WITHOUT_P and (
                contrast.p_difference is not None or contrast.p_ratio is not None
            ):
                reason = contrast.reason or self.say("p value", verdict.reason)
                contrast = replace(contrast, p_difference=None, p_ratio=None, reason=reason)
            contrasts.append(contrast)
        means = self.walk(result.groups)
        if means is result.groups and all(a is b for a, b in zip(contrasts, result.contrasts, strict=True)):
            return result
        return replace(result, groups=means, contrasts=tuple(contrasts))

    def survival_difference(self, found: SurvivalDifference) -> SurvivalDifference:
        verdict = judge(
            self.policy,
            patients=min(found.n_risk, found.n_risk_reference) or None,
            events=found.difference.n_event,
            group="followed-in-one-group",
        )
        if verdict.state < State.WITHOUT_P:
            return found
        test = self.test(found.test, verdict, whole=False)
        difference = found.difference
        if verdict.state is State.COUNTS_ONLY:
            difference = self.without_value(difference, verdict.reason)
        return replace(found, test=test, difference=difference)

    def subgroup_effect(self, effect: SubgroupEffect) -> SubgroupEffect:
        verdict = judge(
            self.policy,
            patients=min(effect.n, effect.n_reference) or None,
            events=effect.n_event + effect.n_event_reference,
            group="one-group",
        )
        against = points_the_other_way(effect.ratio.value, effect.n_event, effect.n_event_reference)
        if against and verdict.state < State.COUNTS_ONLY:
            verdict = Verdict(State.COUNTS_ONLY, against)
        if verdict.state < State.WITHOUT_P:
            return effect
        ratio = effect.ratio
        if verdict.state is State.COUNTS_ONLY:
            ratio = self.without_value(ratio, verdict.reason)
        if ratio is effect.ratio and effect.p_value is None:
            return effect
        if ratio is effect.ratio:
            self.say("p value", verdict.reason)
        return replace(effect, ratio=ratio, p_value=None, p_value_wald=None)

    def subgroups(self, result: SubgroupResult) -> SubgroupResult:
        overall, inside = self.walk(result.overall), self.walk(result.subgroups)
        compared = [e for e in result.subgroups if e.n and e.n_reference]
        verdict = judge(
            self.policy,
            events=sum(e.n_event + e.n_event_reference for e in compared) if compared else None,
            patients=min((min(e.n, e.n_reference) for e in compared), default=None),
            group="subgroup",
        )
        interaction = self.test(result.interaction, verdict, whole=False)
        if overall is result.overall and inside is result.subgroups and interaction is result.interaction:
            return result
        return replace(result, overall=overall, subgroups=inside, interaction=interaction)

    def notes(self) -> tuple[Note, ...]:
        """What was withheld, in words, and what would lift it."""
        policy = self.policy
        notes = []
        for code, what, least in (
            ("counts-only", "estimate", policy.estimate),
            ("without-p", "p value", policy.p_value),
        ):
            found = [w for w in self.withheld if w.what == what]
            if not found:
                continue
            reasons = list(dict.fromkeys(say_reason(w.reason) for w in found))
            listed = "; ".join(reasons[:MOST_NAMED]) + ("; …" if len(reasons) > MOST_NAMED else "")
            # A page shows some of them twice and others nowhere, so that their number would be another than the reader's.
            subject = f"One {what} is" if len(found) == 1 else f"Some {what}s are"
            notes.append(
                Note(
                    code,
                    "caution" if any(w.whole for w in found) else "info",
                    f"{subject} not shown, because too little stands behind {'it' if len(found) == 1 else 'them'}: {listed}.",
                    f"It takes at least {least.patients} {load_words().plural} in every group, {least.events} events and "
                    f"{least.events_per_parameter:g} of them per parameter: loosen a filter, join groups, or take fewer factors.",
                )
            )
        return tuple(notes)


def list_judged() -> tuple[type[Result], ...]:
    """The kinds of results that have a rule."""
    return tuple(_Governor(load_policy()).rules)


def _earlier(one: float | None, other: float | None) -> float | None:
    return min((end for end in (one, other) if end is not None), default=None)


def _without_measure(measure: Optimism, reason: Reason) -> Optimism:
    return replace(measure, apparent=None, optimism=None, corrected=None, std_error=None, reason=reason)


def _field_names(kind: type) -> Sequence[str]:
    return tuple(field.name for field in fields(kind) if field.init)
