"""Treated and not yet treated children at a landmark, weighted to be alike in what is known about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import DRAWN, NO_STRATA
from analytics.comparisons.regression import stack
from analytics.comparisons.treatment import (
    LANDMARK,
    TreatmentAnalysis,
    headline_counts,
    list_ratio_tests,
    prepare_landmarks,
    state_styles,
    treatment_controls,
)
from analytics.comparisons.weighting import TWO_STATES, WEIGHTS, balance_control, list_survival, list_weighted_e_values
from analytics.dictionary import DAYS_PER_MONTH, load_words
from analytics.document import ComparedTest, Headline, Picture
from analytics.estimators import (
    estimate_propensity,
    landmark_survival,
    survival_at,
    tabulate_whole_curves,
    weighted_hazard_ratio,
    weighted_survival,
)
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios
from analytics.estimators.second_opinion.treatment import compare_landmark, compare_weighted_curves
from analytics.estimators.treatment.propensity import Estimand
from analytics.figures.curves.survival import Overlay, describe_drawing, describe_survival, plot_survival
from analytics.figures.points.balance import plot_balance, plot_overlap
from analytics.figures.theme import Figure
from analytics.formats import MISSING, format_count, format_number, format_patients
from analytics.frames.switching import TreatmentData
from analytics.reporting.attrition import Used
from analytics.reporting.curves import MILESTONES
from analytics.reporting.files import name_measure
from analytics.reporting.reasons import say_reason
from analytics.reporting.regression import has_few_events
from analytics.reporting.tables import Table
from analytics.reporting.treatment import answer_treatment, count_used, label_states, list_adjusters
from analytics.reporting.weighting import (
    AdjustedComparison,
    caption_balance,
    describe_balance,
    describe_overlap,
    explain_ratio,
    format_treatment_ratio,
    list_weighting_notes,
    ratios_frame,
    say_balance,
    say_e_value,
    say_effects,
    tabulate_ratios,
)
from analytics.reporting.wording import in_sentence, join_words, start_sentence
from analytics.results import TREATMENT, Reason, treated_terms
from analytics.results.second_opinion import WEIGHTED, Compared
from analytics.speaking import word


class AdjustedComparisonAnalysis(TreatmentAnalysis):
    """Treated and not yet treated children at a landmark, weighted to be alike in what is known about them."""

    slug = "adjusted-comparison"
    title = "Adjusted comparison"
    question = "Do {patients} treated by a landmark fare differently from similar {patients} not yet treated?"
    order = 50
    icon = ":material/balance:"
    method = (
        "Landmark analysis with inverse probability of treatment weights: propensity scores by logistic regression on the "
        "chosen variables; weighted Kaplan–Meier curves with robust errors, and a weighted Cox model from the landmark on with "
        "errors that take into account that the weights were estimated; without {patients} whose {again} came by the "
        "landmark; E-values."
    )
    files = ("estimates", "balance", "curves")
    apart = "Each selection is weighted to {patients} of its own: curves of both in one figure would not be alike."

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        controls = []
        for control in treatment_controls(cohort):
            if control.name == "history":
                options = tuple(option for option in control.options if option[0] in TWO_STATES)
                control = replace(control, options=options, default=options[0][0])
            controls.append(replace(control, place="more") if control.name == "endpoint" else control)
        return (*controls, LANDMARK, balance_control(cohort), WEIGHTS, *DRAWN)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TreatmentData:
        own = {**params, "adjust": params["balance"], "strata": NO_STRATA}
        return prepare_landmarks(cohort, cohort_filter, own, in_remission_until=int(params["landmark"]))

    def estimate(self, data: TreatmentData, params: Params) -> AdjustedComparison:
        days, estimand = int(params["landmark"]), cast("Estimand", params["weights"])
        landmark = days / DAYS_PER_MONTH
        unadjusted = landmark_survival(
            **data.arrays(adjusted=True, without=("covariates",)),
            landmark=landmark,
            conf_type=params["interval"],
            ratio_conf_type="profile",
        )
        chosen, time, event, counts = data.followed(landmark)
        treated = next(iter(data.treated_at.values()))[chosen] <= landmark
        propensity = estimate_propensity(treated, data.covariates_of(chosen), weight=counts, estimand=estimand)
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
            notes=list_weighting_notes(data, days, unadjusted, propensity, reason, weighted),
        )

    def headlines(self, result: AdjustedComparison) -> tuple[Headline, ...]:
        found, data, days = result.unadjusted, result.data, result.days
        crude, weighted = (result.ratio(model) for _, model in result.models)
        few = found.n_event > 0 and has_few_events(found.hazard_ratio)
        ratios = (
            (headline_counts(found.curves.curves, data.endpoint),)
            if few
            else (
                Headline(
                    f"Hazard ratio, {result.compared}, unweighted",
                    format_treatment_ratio(crude),
                    f"{result.compared}, from the landmark on. {explain_ratio(crude)}".strip(),
                ),
                Headline(
                    f"Hazard ratio, {result.compared}, weighted",
                    format_treatment_ratio(weighted),
                    f"Weighted to {result.weighted_to}, robust interval. {explain_ratio(weighted)}".strip(),
                ),
            )
        )
        sizes = [arm.effective_n for arm in result.propensity.arms]
        is_known = result.reason is None and None not in sizes
        return (
            Headline(
                "At the landmark",
                f"{format_count(found.n)} of {format_count(data.n)}",
                f"{start_sentence(data.endpoint.alive)} and followed on day {days} after {word('clock')}, with every chosen "
                "variable known.",
            ),
            Headline(
                "Treated and not yet",
                f"{format_count(found.n_treated)} and {format_count(found.n_untreated)}",
                f"On day {days}: {result.treatment}, and {data.untreated}.",
            ),
            Headline(
                "Effective sizes",
                " and ".join(format_number(size, 0) for size in sizes) if is_known else MISSING,
                f"How many {load_words().plural} the weighted groups are worth, treated and not yet: uneven weights tell less.",
                place="sure",
            ),
            *ratios,
        )

    def figure(self, result: AdjustedComparison, params: Params) -> Figure:
        endpoint, styles = result.data.endpoint, state_styles(result.data)
        before = result.unadjusted.curves.curves if result.curves else ()
        return plot_survival(
            result.curves or result.unadjusted.curves,
            labels=label_states(result.data),
            styles=styles,
            origin=endpoint.origin,
            y_title=endpoint.y_title,
            bands=params["bands"],
            overlays=[Overlay(c, f"{c.group}, unweighted", styles[c.group].colour) for c in before if c.n],
            endpoint=endpoint,
            exact_limits=result.curves is None,
            marks=params["marks"],
            landmark=result.days / DAYS_PER_MONTH,
        )

    def caption(self, result: AdjustedComparison, params: Params) -> str:
        if result.curves is None:
            drawn = "Unweighted curves. " if result.unadjusted.n else ""
            return drawn + describe_drawing(result.unadjusted.curves, bands=params["bands"])
        words = load_words()
        return (
            f"Thick: weighted to {result.weighted_to}, to be alike in {list_adjusters(result.data)}; limits are robust. "
            f"Thin and dotted: the same {words.plural} unweighted. "
            f"Dotted vertical line: the landmark, day {result.days}. The table counts {words.plural}, not weights. "
            + describe_drawing(result.curves, bands=params["bands"], exact_limits=False)
        )

    def alt_text(self, result: AdjustedComparison) -> str:
        labels, origin = label_states(result.data), result.data.endpoint.origin
        curves = result.curves or result.unadjusted.curves
        drawn = describe_survival(curves, labels, origin, exact_limits=result.curves is None)
        how = f"Weighted to {result.weighted_to}" if result.curves else "Unweighted"
        return f"{how}, from the landmark at day {result.days} on. {drawn}"

    def pictures(self, result: AdjustedComparison, params: Params) -> tuple[Picture, ...]:
        pictures, words = [], load_words()
        arms = (result.treatment, result.data.untreated)
        if balance := result.propensity.balance:
            variables = result.data.adjusters
            figure = plot_balance(
                balance,
                labels={v.name: v.label for v in variables},
                level_labels={(v.name, level): v.level_label(level) for v in variables for level in v.levels},
                arms=arms,
            )
            words_of_it = describe_balance(result), caption_balance(result)
            pictures.append(Picture("Are the groups alike?", figure, *words_of_it, place="sure"))
        scores = result.propensity.scores
        if scores is not None:
            sides = zip(arms, (result.treated, ~result.treated), strict=True)
            known = {arm: (scores[side], result.counts[side]) for arm, side in sides}
            figure = plot_overlap(known, state_styles(result.data), treatment=result.treatment)
            title = f"Could a {words.noun} of one group have been in the other?"
            caption = (
                "Propensity scores: the probability of being treated by the landmark, given the chosen variables. "
                f"{words.head} where only one group has bars are compared with nobody; weighting cannot mend that."
            )
            pictures.append(Picture(title, figure, describe_overlap(result), caption, place="sure"))
        return tuple(pictures)

    def tables(self, result: AdjustedComparison) -> tuple[Table, ...]:
        return (tabulate_ratios(result, list_weighted_e_values(result)), list_survival(result))

    def answer(self, result: AdjustedComparison) -> tuple[str, ...]:
        found = result.unadjusted
        if found.reason is not None or not treated_terms(found.hazard_ratio):
            return self.sentences(result)
        if result.weighted is None:
            said = answer_treatment(result.data, found.hazard_ratio, "not weighted", days=result.days)
            return (said, f"The groups are not weighted: {say_reason(result.reason)}.")
        alike = f"weighted to be alike in {list_adjusters(result.data)}"
        return (answer_treatment(result.data, result.weighted, alike, days=result.days),)

    def sentences(self, result: AdjustedComparison) -> tuple[str, ...]:
        data, found = result.data, result.unadjusted
        if not data.n:
            return ()
        said = [
            f"On day {result.days} after {word('clock')} {format_count(found.n)} of {format_patients(data.n)} "
            f"{'was' if data.n == 1 else 'were'} {data.endpoint.alive} and followed, with every chosen variable on record; "
            f"{format_count(found.n_treated)} had been given {result.treatment} by then, {format_count(found.n_untreated)} had "
            "not."
        ]
        if found.reason is not None:
            return (*said, f"The groups cannot be compared: {say_reason(found.reason)}.")
        said += say_effects(result, found.hazard_ratio, "unweighted")
        if result.weighted is None:
            return (*said, f"The groups are not weighted: {say_reason(result.reason)}.")
        said += say_effects(result, result.weighted, f"weighted to {result.weighted_to}")
        return (*said, *say_e_value(result, list_weighted_e_values(result)[-1]), *say_balance(result))

    def used(self, result: AdjustedComparison) -> Used:
        return count_used(result.data, adjusted=True, landmark=(result.days, result.unadjusted))

    def tests(self, result: AdjustedComparison) -> tuple[ComparedTest, ...]:
        """The test of the weighted hazard ratio; of the unweighted one where the groups are not weighted."""
        data, how = replace(result.data, adjusters=()), f" on day {result.days}, "
        if result.weighted is None:
            how += f"among {load_words().plural} with every chosen variable known"
            return list_ratio_tests(data, result.unadjusted.hazard_ratio, how)
        alike = join_words(sorted(in_sentence(v.label) for v in result.data.adjusters))
        return list_ratio_tests(
            data, result.weighted, f"{how}weighted to {result.weighted_to} and to be alike in {alike}"
        )

    def downloads(self, result: AdjustedComparison) -> Mapping[str, pd.DataFrame]:
        curves = [tabulate_whole_curves(result.unadjusted.curves).assign(weighting="none")]
        curves += (
            [tabulate_whole_curves(result.curves, exact=False).assign(weighting=result.estimand)]
            if result.curves
            else []
        )
        return {
            "estimates": name_measure(ratios_frame(result, list_weighted_e_values(result)), "hazard_ratio"),
            "balance": result.propensity.to_frame(),
            "curves": name_measure(stack(curves), "survival"),
        }

    def second_opinion(self, data: TreatmentData, result: AdjustedComparison, params: Params) -> Iterator[Compared]:
        months, arrays = list(MILESTONES), data.arrays(adjusted=True, without=("covariates",))
        yield from compare_landmark(result.unadjusted, months, **arrays)
        share = result.propensity.weights
        if result.weighted is None or result.curves is None or share is None:
            return
        landmark = result.days / DAYS_PER_MONTH
        _, time, event, counts = data.followed(landmark)
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
