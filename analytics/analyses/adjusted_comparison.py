"""Treated and not yet treated children at a landmark, weighted to be alike in what is known about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd

from analytics.analysis import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.regression import Relabelling
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.survival import BANDS, INTERVALS, MILESTONE_YEARS, NO_STRATA, milestone_cell
from analytics.comparisons.treatment import (
    LANDMARK,
    SECOND_RELAPSE,
    TREATMENT,
    TreatmentData,
    count_used,
    list_ratio_tests,
    name_term_test,
    note_nobody,
    note_treatment_few,
    prepare_landmarks,
    state_labels,
    state_styles,
    treated_terms,
    treatment_controls,
)
from analytics.dictionary import DAYS_PER_MONTH, PHASES
from analytics.document import ComparedTest, Headline, Picture
from analytics.estimators.kaplan_meier import survival_at
from analytics.estimators.propensity import (
    Estimand,
    estimate_propensity,
    weighted_hazard_ratio,
    weighted_survival,
)
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios
from analytics.estimators.second_opinion.treatment import compare_landmark, compare_weighted_curves
from analytics.estimators.sensitivity import COMMON_OUTCOME, e_value, highest_risk
from analytics.estimators.treatment import landmark_survival
from analytics.estimators.zero_events import read_curve, tabulate_curves
from analytics.figures.balance import plot_balance, plot_overlap
from analytics.figures.survival import Overlay, describe_drawing, describe_survival, plot_survival
from analytics.figures.theme import AXIS_LINE, Figure
from analytics.formats import (
    MISSING,
    format_children,
    format_count,
    format_level,
    format_number,
    format_p_cell,
    format_percent,
    format_ratio,
    ratio_text,
    say_inestimable,
)
from analytics.frames import filters_of
from analytics.reporting.attrition import Used
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import Table
from analytics.reporting.timing import note_balanced, note_post_baseline
from analytics.reporting.wording import describe_hazard_ratio, in_sentence, join_words, start_sentence
from analytics.results import (
    Estimate,
    EValue,
    HazardRatio,
    HazardRatioResult,
    LandmarkResult,
    Note,
    PropensityResult,
    Result,
    SurvivalResult,
)
from analytics.results.second_opinion import WEIGHTED, Compared

LATEST_PHASE = "reinduction"
DEFAULT_BALANCE = ("relapse_timing_bfm", "second_remission")
TWO_STATES = ("hsct", "cart")
WEIGHTS = Control(
    "weights",
    "Weigh to",
    "one",
    "ate",
    (("ate", "all children"), ("att", "the treated"), ("overlap", "those who could be either")),
    "more",
    "For whom the groups are compared: all children at the landmark (stabilised inverse probability weights), children like "
    "those treated (ATT), or those in whom treatment by the landmark was about as likely as not (overlap weights).",
    display=True,
)
WEIGHTED_TO = {
    "ate": "all children at the landmark",
    "att": "children like the treated",
    "overlap": "children who could be in either group",
}


@dataclass(frozen=True, slots=True)
class AdjustedComparison(Result):
    """The comparison at one landmark, ``days`` after relapse, without weights and with them.

    ``unadjusted`` is that of the children in whom all balanced variables are known. ``weighted`` and ``curves`` are None
    exactly where ``reason`` says why the groups are not weighted. ``treated`` and ``counts`` have one entry per record of
    the children alive and followed at the landmark: the group on that day, and how many share the record.
    """

    data: TreatmentData
    days: int
    estimand: str
    unadjusted: LandmarkResult
    propensity: PropensityResult
    treated: np.ndarray
    counts: np.ndarray
    weighted: HazardRatioResult | None
    curves: SurvivalResult | None
    reason: str | None
    notes: tuple[Note, ...]

    @property
    def treatment(self) -> str:
        """The name of the treatment."""
        return next(iter(self.data.treated_at))

    @property
    def labels(self) -> Relabelling:
        """Names of variables and levels to what a reader sees."""
        return Relabelling(self.data.adjusters)


def _balance_control(cohort: Cohort) -> Control:
    """The choice of what the groups should be alike in: known at relapse, or after reinduction."""
    latest = PHASES.index(LATEST_PHASE)
    offered = [
        v
        for v in cohort.dictionary.variables
        if (v.is_group or v.is_covariate) and PHASES.index(v.phase) <= latest and v.name in cohort.variables
    ]
    names = [v.name for v in offered]
    return Control(
        "balance",
        "Make alike in",
        "many",
        tuple(name for name in DEFAULT_BALANCE if name in names),
        tuple((v.name, v.label) for v in offered),
        "more",
        "What may have decided both who was treated and who died, known before the landmark. Each needs several children in "
        "both groups: with many, the groups cannot be weighted.",
    )


def _covariates(data: TreatmentData, chosen: np.ndarray) -> pd.DataFrame:
    if data.covariates is None:
        return pd.DataFrame(index=range(int(chosen.sum())))
    return data.covariates[chosen].reset_index(drop=True)


def _note_events(data: TreatmentData, unadjusted: LandmarkResult) -> tuple[Note, ...]:
    n, noun = unadjusted.n_event, data.endpoint.event_noun
    if not unadjusted.n or n >= load_policy().full.events:
        return ()
    counted = f"Only {format_count(n)} {noun if n != 1 else noun.removesuffix('s')}" if n else f"No {noun}"
    return (
        Note(
            "few-events",
            "caution",
            f"{counted} after the landmark: a ratio of hazards rests on events, and one more or less would move it far. "
            "Weighting cannot add any.",
            "Read the interval, not the estimate; loosen a filter to see more children.",
        ),
    )


def _note_refused(unadjusted: LandmarkResult, reason: str | None) -> tuple[Note, ...]:
    if reason is None or not unadjusted.n:
        return ()
    return (
        Note(
            "not-weighted",
            "warning",
            f"The groups are not weighted: {reason}. Only the unweighted comparison is shown, which is not adjusted for "
            "anything.",
            "Choose fewer variables, another landmark, or a wider selection.",
        ),
    )


def _note_second_relapse(data: TreatmentData, days: int) -> tuple[Note, ...]:
    n = sum(exclusion.n for exclusion in data.exclusions if exclusion.code == SECOND_RELAPSE)
    if not n:
        return ()
    return (
        Note(
            "second-relapse",
            "info",
            f"{format_count(n)} {'child is' if n == 1 else 'children are'} left out of both groups, because a second relapse "
            f"came by day {days}: it decides about treatment and outlook, and too few have it to make the groups alike in it.",
            "The landmark comparison keeps them.",
        ),
    )


def _note_incomplete(data: TreatmentData) -> tuple[Note, ...]:
    n = int(data.weight[~data.complete].sum())
    if not n:
        return ()
    return (
        Note(
            "incomplete-cases",
            "caution",
            f"{format_count(n)} of {format_children(data.n)} {'is' if n == 1 else 'are'} not in the comparison, weighted "
            "or not, because a variable in which the groups should be alike is unknown.",
            "Choose fewer variables to keep them.",
        ),
    )


def _note_measured(data: TreatmentData) -> tuple[Note, ...]:
    names = join_words([in_sentence(v.label) for v in data.adjusters])
    return (
        Note(
            "measured-causes-only",
            "info",
            f"Weighting aims to make the groups alike in {names}, and in nothing else. Donors, fitness, infections and "
            "the team’s reasons are not on record: the weighted ratio is an association, not the effect of treatment.",
            "The E-value says how strong an unmeasured cause would have to be.",
        ),
    )


def _ratio(result: AdjustedComparison, model: HazardRatioResult | None) -> Estimate:
    """The hazard ratio of the treatment, or why there is none."""
    if model is None:
        return Estimate(None, reason=result.reason or "not weighted")
    terms = treated_terms(model)
    return terms[0].ratio if terms else Estimate(None, reason=result.unadjusted.reason or "not estimable")


def _ratio_text(ratio: Estimate) -> str:
    return MISSING if ratio.value is None else ratio_text(ratio)


def _reason(ratio: Estimate) -> str:
    return f"{start_sentence(say_inestimable('hazard ratio', ratio.reason))}." if ratio.reason else ""


def _balance_caption(result: AdjustedComparison) -> str:
    after = (
        "Filled: after weighting. "
        if result.reason is None
        else "The groups are not weighted, so there is nothing after it. "
    )
    return (
        "Difference of the groups’ means or shares, in standard deviations. Open: before weighting. "
        f"{after}Grey: within ±0.1, by convention negligible. Of two levels one is drawn."
    )


def _describe_balance(result: AdjustedComparison) -> str:
    known = [abs(b.smd_before) for b in result.propensity.balance if b.smd_before is not None]
    before = (
        f"Largest standardised difference before weighting {format_number(max(known))}"
        if known
        else "No difference known"
    )
    after = result.propensity.largest_difference
    return f"{before}{'' if after is None else f', after weighting {format_number(after)}'}."


def _describe_overlap(result: AdjustedComparison) -> str:
    arms = (result.treatment, result.data.untreated)
    ranges = [
        f"{arm}: from {format_percent(found.low, 0)} to {format_percent(found.high, 0)}"
        for arm, found in zip(arms, result.propensity.arms, strict=True)
        if found.low is not None
    ]
    outside = result.propensity.share_outside
    beyond = (
        ""
        if outside is None
        else f" {format_percent(outside, 0)} of the children lie where the other group has nobody."
    )
    return f"Propensity scores. {'; '.join(ranges)}.{beyond}"


def _e_value(result: AdjustedComparison, model: HazardRatioResult | None) -> EValue:
    ratio = _ratio(result, model)
    limits = (ratio.interval.low, ratio.interval.high) if ratio.interval else (None, None)
    curves = (*result.unadjusted.curves.curves, *(result.curves.curves if result.curves else ()))
    is_rare = highest_risk(curves) <= COMMON_OUTCOME
    return e_value(ratio.value, *limits, measure="hazard ratio", rare=is_rare)


def _tabulate_ratios(result: AdjustedComparison) -> Table:
    unadjusted = result.unadjusted
    level = format_level(unadjusted.hazard_ratio.conf_level)
    arms = result.propensity.arms
    effective = MISSING
    if result.weighted is not None:
        effective = " and ".join(format_number(arm.effective_n, 0) for arm in arms) + " (effective)"
    rows = []
    for label, model, size in (
        (
            "unweighted",
            unadjusted.hazard_ratio,
            f"{format_count(unadjusted.n_treated)} and {format_count(unadjusted.n_untreated)}",
        ),
        ("weighted", result.weighted, effective),
    ):
        ratio, e = _ratio(result, model), _e_value(result, model)
        shown = ratio_text(ratio) if ratio.value is not None else str(ratio.reason)
        term = treated_terms(model)[0] if model and treated_terms(model) else None
        p = MISSING if term is None else format_p_cell(term.p_value, term.p_reason)
        rows.append(
            (label, size, shown, p, _e_text(e.point), _e_text(e.limit)),
        )
    return Table(
        title=f"{result.treatment} against {result.data.untreated}, from day {result.days} on",
        columns=("", "Children", f"Hazard ratio ({level} CI)", "p", "E-value", "E-value of the limit"),
        rows=tuple(rows),
        help=(
            "",
            "Treated and not yet; for the weighted groups their effective sizes",
            "Cox model, Efron ties; profile-likelihood interval, the weighted one Wald’s with an error that takes into account "
            "that the weights were estimated",
            start_sentence(name_term_test(unadjusted.hazard_ratio, result.weighted)),
            "How strongly an unmeasured cause would have to go with both treatment and event, as a ratio of risks, to explain "
            "the ratio away",
            "The same for the limit nearer to 1; 1 where the interval includes it already",
        ),
        caption=f"Weighted to {WEIGHTED_TO[result.estimand]}. An E-value does not say whether there is an unmeasured "
        "cause, nor does it cover chance.",
    )


def _e_text(value: float | None) -> str:
    return MISSING if value is None else format_ratio(value)


def _tabulate_survival(result: AdjustedComparison) -> Table:
    data = result.data
    months = [12.0 * years for years in MILESTONE_YEARS]
    rows = []
    for kind, curves in (("unweighted", result.unadjusted.curves), ("weighted", result.curves)):
        for curve in curves.curves if curves else ():
            # Weighted children have no exact limit: how much each counts was estimated.
            found = read_curve(curve, months) if kind == "unweighted" else survival_at(curve, months)
            cells = [milestone_cell(e) for e in found]
            rows.append(
                (
                    f"{curve.group}, {kind}",
                    f"{format_count(curve.n_event)} of {format_count(curve.n)}",
                    *(cells if curve.n else [MISSING] * len(cells)),
                )
            )
    event = data.endpoint.event_noun
    return Table(
        title=f"{data.endpoint.y_title} of those {data.endpoint.alive} at day {result.days}",
        columns=("On that day", event.capitalize(), *(f"{y} y" for y in MILESTONE_YEARS)),
        rows=tuple(rows),
        help=(
            "",
            "After the landmark, of the children",
            *(f"{y} {'year' if y == 1 else 'years'} after relapse" for y in MILESTONE_YEARS),
        ),
        caption="Kaplan–Meier estimates given survival to the landmark; years are counted from relapse. Weighted limits are "
        "robust.",
    )


def _say(result: AdjustedComparison, how: str, term: HazardRatio, adjusted: tuple[str, ...] | list[str]) -> str:
    data = result.data
    text = describe_hazard_ratio(term, data.treatment, data.untreated, adjusted, data.endpoint)
    return f"From day {result.days} on, {how}: {in_sentence(text)}"


def _say_e_value(result: AdjustedComparison) -> tuple[str, ...]:
    found = _e_value(result, result.weighted)
    if found.point is None:
        return ()
    limit = ""
    if found.limit is not None:
        limit = (
            "; the interval includes no association already"
            if found.limit <= 1
            else f"; to move the limit of the interval there, {_e_text(found.limit)} would do"
        )
    event = result.data.endpoint.event_label
    return (
        f"An unmeasured cause would have to go with both {result.treatment} by the landmark and {event} by a ratio of risks of "
        f"{_e_text(found.point)} each to explain the weighted hazard ratio of "
        f"{result.treatment} against {result.data.untreated} away (E-value){limit}.",
    )


def _say_balance(result: AdjustedComparison) -> tuple[str, ...]:
    largest = result.propensity.largest_difference
    if largest is None:
        return ()
    most = f"at most {format_number(largest)}" if largest >= 0.01 else "less than 0.01"
    return (
        f"After weighting the groups differ by {most} standard deviations in what was chosen; in what "
        "is not on record they may differ by any amount, so this is an association.",
    )


class AdjustedComparisonAnalysis(Analysis[TreatmentData, AdjustedComparison]):
    """Treated and not yet treated children at a landmark, weighted to be alike in what is known about them."""

    slug = "adjusted-comparison"
    title = "Adjusted comparison"
    question = "Do children treated by a landmark fare differently from similar children not yet treated?"
    section = "Treatment"
    order = 50
    icon = ":material/balance:"
    method = (
        "Landmark analysis with inverse probability of treatment weights: propensity scores by logistic regression on the "
        "chosen variables; weighted Kaplan–Meier curves with robust errors, and a weighted Cox model from the landmark on with "
        "errors that take into account that the weights were estimated; without children whose second relapse came by the "
        "landmark; E-values."
    )
    requires = endpoint_with(("hsct_days", "cart_days"), origin="first relapse")
    files = ("estimates", "balance", "curves")

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        controls = []
        for control in treatment_controls(cohort):
            if control.name == "history":
                options = tuple(option for option in control.options if option[0] in TWO_STATES)
                control = replace(control, options=options, default=options[0][0])
            controls.append(replace(control, place="more") if control.name == "endpoint" else control)
        return (*controls, LANDMARK, _balance_control(cohort), WEIGHTS, INTERVALS, BANDS)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TreatmentData:
        own = {**params, "adjust": params["balance"], "strata": NO_STRATA}
        return prepare_landmarks(cohort, cohort_filter, own, in_remission_until=int(params["landmark"]))

    def estimate(self, data: TreatmentData, params: Params) -> AdjustedComparison:
        days, estimand = int(params["landmark"]), cast("Estimand", params["weights"])
        landmark = days / DAYS_PER_MONTH
        arrays = data.arrays(adjusted=True)
        arrays.pop("covariates", None)
        unadjusted = landmark_survival(
            **arrays, landmark=landmark, conf_type=params["interval"], ratio_conf_type="profile"
        )
        chosen = data.complete & (data.time > landmark)
        time, event, counts = data.time[chosen], data.event[chosen], data.weight[chosen]
        treated = next(iter(data.treated_at.values()))[chosen] <= landmark
        covariates = _covariates(data, chosen)
        propensity = estimate_propensity(treated, covariates, weight=counts, estimand=estimand)
        reason = propensity.reason if data.adjusters else "no variable is chosen in which the groups should be alike"
        weighted = curves = None
        share = propensity.weights
        if reason is None and share is not None:
            untreated, treatment = data.states
            names: Any = np.where(treated, treatment, untreated)
            state = pd.Categorical(names, categories=[untreated, treatment])
            shared: dict[str, Any] = {"weight": counts, "entry": np.full(len(time), landmark)}
            weighted = weighted_hazard_ratio(time, event, state, propensity, name=TREATMENT, weight=counts)
            curves = weighted_survival(time, event, state, share, conf_type=params["interval"], **shared)
        labels = Relabelling(data.adjusters)
        reason = None if reason is None else labels(reason)
        # The model has the treatment alone; how few events it rests on is said of both models at once.
        fitted = tuple(n for n in (weighted.notes if weighted else ()) if n.code != "events-per-parameter")
        few = tuple(n for n in note_treatment_few(data) if n.code != "few-events")
        return AdjustedComparison(
            data=data,
            days=days,
            estimand=estimand,
            unadjusted=unadjusted,
            propensity=propensity,
            treated=treated,
            counts=counts,
            weighted=weighted,
            curves=curves,
            reason=reason,
            notes=(
                *note_post_baseline(data.endpoint, filters=filters_of(data)),
                *note_nobody(data),
                *_note_refused(unadjusted, reason),
                *_note_second_relapse(data, days),
                *_note_incomplete(data),
                *note_balanced(data.adjusters, data.endpoint, days),
                *few,
                *_note_events(data, unadjusted),
                *(replace(n, text=labels(n.text), remedy=labels(n.remedy)) for n in (*propensity.notes, *fitted)),
                *unadjusted.notes,
                *(_note_measured(data) if weighted else ()),
            ),
        )

    def headlines(self, result: AdjustedComparison) -> tuple[Headline, ...]:
        unadjusted, data = result.unadjusted, result.data
        crude, weighted = (_ratio(result, model) for model in (unadjusted.hazard_ratio, result.weighted))
        sizes = [arm.effective_n for arm in result.propensity.arms]
        effective, compared = MISSING, f"{result.treatment} against {data.untreated}"
        if result.reason is None and None not in sizes:
            effective = " and ".join(format_number(size, 0) for size in sizes)
        return (
            Headline(
                "At the landmark",
                f"{format_count(unadjusted.n)} of {format_count(data.n)}",
                f"{start_sentence(data.endpoint.alive)} and followed on day {result.days} after relapse, with "
                "every chosen variable "
                "known.",
            ),
            Headline(
                "Treated and not yet",
                f"{format_count(unadjusted.n_treated)} and {format_count(unadjusted.n_untreated)}",
                f"On day {result.days}: {result.treatment}, and {data.untreated}.",
            ),
            Headline(
                "Effective sizes",
                effective,
                "How many children the weighted groups are worth, treated and not yet: uneven weights tell less.",
            ),
            Headline(
                f"Hazard ratio, {compared}, unweighted",
                _ratio_text(crude),
                f"{result.treatment} against {data.untreated}, from the landmark on. {_reason(crude)}".strip(),
            ),
            Headline(
                f"Hazard ratio, {compared}, weighted",
                _ratio_text(weighted),
                f"Weighted to {WEIGHTED_TO[result.estimand]}, robust interval. {_reason(weighted)}".strip(),
            ),
        )

    def figure(self, result: AdjustedComparison, params: Params) -> Figure:
        data = result.data
        styles = state_styles(data)
        overlays: tuple[Overlay, ...] = ()
        if result.curves is not None:
            overlays = tuple(
                Overlay(curve, f"{curve.group}, unweighted", styles[curve.group].colour)
                for curve in result.unadjusted.curves.curves
                if curve.n
            )
        figure = plot_survival(
            result.curves or result.unadjusted.curves,
            labels=state_labels(data),
            styles=styles,
            origin=data.endpoint.origin,
            y_title=data.endpoint.y_title,
            bands=params["bands"],
            overlays=overlays,
            event_noun=data.endpoint.event_noun,
            exact_limits=result.curves is None,
        )
        if result.unadjusted.n:
            month = round(result.days / DAYS_PER_MONTH, 3)
            line = {"color": AXIS_LINE, "width": 1.5, "dash": "dot"}
            figure.update_layout(
                shapes=[{"type": "line", "x0": month, "x1": month, "y0": 0, "y1": 100, "yref": "y", "line": line}]
            )
        return figure

    def caption(self, result: AdjustedComparison, params: Params) -> str:
        if result.curves is None:
            drawn = "Unweighted curves. " if result.unadjusted.n else ""
            return drawn + describe_drawing(result.unadjusted.curves, bands=params["bands"])
        names = join_words([in_sentence(v.label) for v in result.data.adjusters])
        return (
            f"Thick: weighted to {WEIGHTED_TO[result.estimand]}, to be alike in {names}; limits are robust. "
            "Thin and dotted: the same children unweighted. "
            f"Dotted vertical line: the landmark, day {result.days}. The table counts children, not weights. "
            + describe_drawing(result.curves, bands=params["bands"], exact_limits=False)
        )

    def alt_text(self, result: AdjustedComparison) -> str:
        labels, origin = state_labels(result.data), result.data.endpoint.origin
        curves = result.curves or result.unadjusted.curves
        drawn = describe_survival(curves, labels, origin, exact_limits=result.curves is None)
        how = f"Weighted to {WEIGHTED_TO[result.estimand]}, from" if result.curves else "Unweighted, from"
        return f"{how} the landmark at day {result.days} on. {drawn}"

    def pictures(self, result: AdjustedComparison, params: Params) -> tuple[Picture, ...]:
        pictures = []
        arms = (result.treatment, result.data.untreated)
        balance = result.propensity.balance
        if balance:
            variables = result.data.adjusters
            figure = plot_balance(
                balance,
                labels={v.name: v.label for v in variables},
                level_labels={(v.name, level): v.level_label(level) for v in variables for level in v.levels},
                arms=arms,
            )
            pictures.append(
                Picture("Are the groups alike?", figure, _describe_balance(result), _balance_caption(result))
            )
        scores = result.propensity.scores
        if scores is not None:
            known = {
                arm: (scores[side], result.counts[side])
                for arm, side in zip(arms, (result.treated, ~result.treated), strict=True)
            }
            figure = plot_overlap(known, state_styles(result.data), treatment=result.treatment)
            pictures.append(
                Picture(
                    "Could a child of one group have been in the other?",
                    figure,
                    _describe_overlap(result),
                    "Propensity scores: the probability of being treated by the landmark, given the chosen "
                    "variables. Children where "
                    "only one group has bars are compared with nobody; weighting cannot mend that.",
                )
            )
        return tuple(pictures)

    def tables(self, result: AdjustedComparison) -> tuple[Table, ...]:
        return (_tabulate_ratios(result), _tabulate_survival(result))

    def sentences(self, result: AdjustedComparison) -> tuple[str, ...]:
        data, unadjusted = result.data, result.unadjusted
        if not data.n:
            return ()
        said = [
            f"On day {result.days} after relapse {format_count(unadjusted.n)} of {format_count(data.n)} "
            f"{'child was' if data.n == 1 else 'children were'} {data.endpoint.alive} and "
            f"followed, with every chosen variable on record; {format_count(unadjusted.n_treated)} had been given "
            f"{result.treatment} "
            f"by then, {format_count(unadjusted.n_untreated)} had not."
        ]
        if unadjusted.reason is not None:
            return (*said, f"The groups cannot be compared: {unadjusted.reason}.")
        said += [_say(result, "unweighted", term, ()) for term in treated_terms(unadjusted.hazard_ratio)]
        if result.weighted is None:
            return (*said, f"The groups are not weighted: {result.reason}.")
        adjusted = [v.label for v in data.adjusters]
        said += [
            _say(result, f"weighted to {WEIGHTED_TO[result.estimand]}", term, adjusted)
            for term in treated_terms(result.weighted)
        ]
        return (*said, *_say_e_value(result), *_say_balance(result))

    def used(self, result: AdjustedComparison) -> Used:
        return count_used(result.data, adjusted=True, landmark=(result.days, result.unadjusted))

    def tests(self, result: AdjustedComparison) -> tuple[ComparedTest, ...]:
        """The test of the weighted hazard ratio; of the unweighted one where the groups are not weighted."""
        how = f" on day {result.days}, "
        if result.weighted is None:
            how += "among children with every chosen variable known"
            return list_ratio_tests(replace(result.data, adjusters=()), result.unadjusted.hazard_ratio, how)
        alike = join_words(sorted(in_sentence(v.label) for v in result.data.adjusters))
        how += f"weighted to {WEIGHTED_TO[result.estimand]} and to be alike in {alike}"
        return list_ratio_tests(replace(result.data, adjusters=()), result.weighted, how)

    def downloads(self, result: AdjustedComparison) -> Mapping[str, pd.DataFrame]:
        rows = []
        for kind, model in (("unweighted", result.unadjusted.hazard_ratio), ("weighted", result.weighted)):
            ratio, found = _ratio(result, model), _e_value(result, model)
            term = treated_terms(model)[0] if model and treated_terms(model) else None
            rows.append(
                {
                    "term": f"hazard ratio, {kind}",
                    "level": result.treatment,
                    "reference": result.data.untreated,
                    "landmark_days": result.days,
                    "estimand": result.estimand if kind == "weighted" else None,
                    "n": result.unadjusted.n,
                    "n_event": result.unadjusted.n_event,
                    "estimate": ratio.value,
                    "std_error": ratio.std_error,
                    "conf_low": ratio.interval.low if ratio.interval else None,
                    "conf_high": ratio.interval.high if ratio.interval else None,
                    "conf_level": result.unadjusted.hazard_ratio.conf_level,
                    "conf_type": ratio.interval.method if ratio.interval else None,
                    "test": model.ratio_test if model and term and term.p_value is not None else None,
                    "statistic": (term.statistic if term.statistic_lr is None else term.statistic_lr) if term else None,
                    "p_value": term.p_value if term else None,
                    "p_value_wald": term.p_value_wald if term else None,
                    "e_value": found.point,
                    "e_value_limit": found.limit,
                    "reason": ratio.reason,
                }
            )
        curves = [tabulate_curves(result.unadjusted.curves).assign(weighting="none")]
        curves += [result.curves.to_frame().assign(weighting=result.estimand)] if result.curves else []
        joined = [row for frame in curves for row in frame.to_dict("records")]
        return {
            "estimates": pd.DataFrame(rows),
            "balance": result.propensity.to_frame(),
            "curves": pd.DataFrame(joined, columns=list(curves[0].columns)),
        }

    def second_opinion(self, data: TreatmentData, result: AdjustedComparison, params: Params) -> Iterator[Compared]:
        months = [12.0 * years for years in MILESTONE_YEARS]
        arrays = data.arrays(adjusted=True)
        arrays.pop("covariates", None)
        yield from compare_landmark(result.unadjusted, months, **arrays)
        share = result.propensity.weights
        if result.weighted is None or result.curves is None or share is None:
            return
        landmark = result.days / DAYS_PER_MONTH
        chosen = data.complete & (data.time > landmark)
        time, event, counts = data.time[chosen], data.event[chosen], data.weight[chosen]
        states: Any = list(data.states)
        state = pd.Categorical.from_codes(result.treated.astype(int), states)
        yield from compare_hazard_ratios(
            *(result.weighted, time, event, pd.DataFrame({TREATMENT: state})),
            weight=counts,
            sampling_weight=share,
            model=WEIGHTED,
        )
        milestones = [survival_at(curve, months) for curve in result.curves.curves]
        entry = np.full(len(time), landmark)
        yield from compare_weighted_curves(
            *(result.curves, milestones, months, time, event, state, share), weight=counts, entry=entry, model=WEIGHTED
        )
