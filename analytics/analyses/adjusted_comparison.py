"""Treated and not yet treated children at a landmark, weighted to be alike in what is known about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd

from analytics.analysis import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.survival import BANDS, INTERVALS, NO_STRATA
from analytics.comparisons.treatment import (
    LANDMARK,
    TREATMENT,
    TreatmentData,
    count_used,
    prepare_landmarks,
    state_labels,
    state_styles,
    treated_terms,
    treatment_controls,
)
from analytics.comparisons.treatment_words import list_ratio_tests, note_nobody, note_treatment_few
from analytics.comparisons.weighting import (
    TWO_STATES,
    WEIGHTED_TO,
    WEIGHTS,
    AdjustedComparison,
    balance_control,
    caption_balance,
    covariates_of,
    describe_balance,
    describe_overlap,
    e_value_of,
    explain_ratio,
    format_treatment_ratio,
    note_events,
    note_incomplete,
    note_measured,
    note_refused,
    note_second_relapse,
    ratio_of_treatment,
    say_balance,
    say_e_value,
    say_ratio,
    tabulate_ratios,
    tabulate_weighted_survival,
)
from analytics.dictionary import DAYS_PER_MONTH
from analytics.document import ComparedTest, Headline, Picture
from analytics.estimators.kaplan_meier import survival_at
from analytics.estimators.propensity import Estimand, estimate_propensity, weighted_hazard_ratio, weighted_survival
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios
from analytics.estimators.second_opinion.treatment import compare_landmark, compare_weighted_curves
from analytics.estimators.treatment import landmark_survival
from analytics.estimators.zero_events import tabulate_curves
from analytics.figures.balance import plot_balance, plot_overlap
from analytics.figures.survival import Overlay, describe_drawing, describe_survival, plot_survival
from analytics.figures.theme import AXIS_LINE, Figure
from analytics.formats import MISSING, format_count, format_number
from analytics.frames import filters_of
from analytics.reporting.attrition import Used
from analytics.reporting.curves import MILESTONE_YEARS
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.timing import note_balanced, note_post_baseline
from analytics.reporting.wording import in_sentence, join_words, start_sentence
from analytics.results import Reason
from analytics.results.second_opinion import WEIGHTED, Compared


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
        return (*controls, LANDMARK, balance_control(cohort), WEIGHTS, INTERVALS, BANDS)

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
        covariates = covariates_of(data, chosen)
        propensity = estimate_propensity(treated, covariates, weight=counts, estimand=estimand)
        reason = propensity.reason if data.adjusters else Reason("nothing-chosen-to-balance")
        weighted = curves = None
        share = propensity.weights
        if reason is None and share is not None:
            untreated, treatment = data.states
            names: Any = np.where(treated, treatment, untreated)
            state = pd.Categorical(names, categories=[untreated, treatment])
            shared: dict[str, Any] = {"weight": counts, "entry": np.full(len(time), landmark)}
            weighted = weighted_hazard_ratio(time, event, state, propensity, name=TREATMENT, weight=counts)
            curves = weighted_survival(time, event, state, share, conf_type=params["interval"], **shared)
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
                *note_refused(unadjusted, reason),
                *note_second_relapse(data, days),
                *note_incomplete(data),
                *note_balanced(data.adjusters, data.endpoint, days),
                *few,
                *note_events(data, unadjusted),
                *propensity.notes,
                *fitted,
                *unadjusted.notes,
                *(note_measured(data) if weighted else ()),
            ),
        )

    def headlines(self, result: AdjustedComparison) -> tuple[Headline, ...]:
        unadjusted, data = result.unadjusted, result.data
        crude, weighted = (ratio_of_treatment(result, model) for model in (unadjusted.hazard_ratio, result.weighted))
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
                format_treatment_ratio(crude),
                f"{result.treatment} against {data.untreated}, from the landmark on. {explain_ratio(crude)}".strip(),
            ),
            Headline(
                f"Hazard ratio, {compared}, weighted",
                format_treatment_ratio(weighted),
                f"Weighted to {WEIGHTED_TO[result.estimand]}, robust interval. {explain_ratio(weighted)}".strip(),
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
            pictures.append(Picture("Are the groups alike?", figure, describe_balance(result), caption_balance(result)))
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
                    describe_overlap(result),
                    "Propensity scores: the probability of being treated by the landmark, given the chosen "
                    "variables. Children where "
                    "only one group has bars are compared with nobody; weighting cannot mend that.",
                )
            )
        return tuple(pictures)

    def tables(self, result: AdjustedComparison) -> tuple[Table, ...]:
        return (tabulate_ratios(result), tabulate_weighted_survival(result))

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
            return (*said, f"The groups cannot be compared: {say_reason(unadjusted.reason)}.")
        said += [say_ratio(result, "unweighted", term, ()) for term in treated_terms(unadjusted.hazard_ratio)]
        if result.weighted is None:
            return (*said, f"The groups are not weighted: {say_reason(result.reason)}.")
        adjusted = [v.label for v in data.adjusters]
        said += [
            say_ratio(result, f"weighted to {WEIGHTED_TO[result.estimand]}", term, adjusted)
            for term in treated_terms(result.weighted)
        ]
        return (*said, *say_e_value(result), *say_balance(result))

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
            ratio, found = ratio_of_treatment(result, model), e_value_of(result, model)
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
