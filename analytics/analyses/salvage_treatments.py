"""HSCT, CAR-T or chemotherapy: the salvage treatments compared with one another, without counting the wait for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import DRAWN, strata_control
from analytics.comparisons.salvage import (
    CLOCK,
    count_moves,
    frame_estimates,
    list_other_pairs,
    salvage_reference_control,
)
from analytics.comparisons.treatment import AT_LANDMARK, LANDMARK, adjust_control, list_e_values, relapse_controls
from analytics.comparisons.treatment_groups import (
    NAIVE,
    GroupsAnalysis,
    TreatmentGroups,
    fit_changing,
    fit_landmark,
    headline_followed,
    headline_group_test,
    headline_ratios,
    list_group_notes,
    list_milestones,
)
from analytics.dictionary import DAYS_PER_MONTH, load_words
from analytics.document import Headline
from analytics.estimators import pairwise_treatments, tabulate_whole_curves
from analytics.estimators.second_opinion.treatment import compare_groups
from analytics.formats import format_count
from analytics.frames.switching import SALVAGE, TreatmentData
from analytics.reporting.curves import MILESTONES, tabulate_pairs
from analytics.reporting.files import name_measure
from analytics.reporting.reasons import say_reason
from analytics.reporting.regression import has_few_events
from analytics.reporting.tables import Table
from analytics.reporting.treatment import (
    label_states,
    note_naive,
    note_start_unknown,
    note_thin_starts,
    say_followed,
    say_groups,
    say_moves,
    say_ratios,
    say_two_tests,
)
from analytics.reporting.treatment_tables import tabulate_moves, tabulate_treatments
from analytics.reporting.wording import describe_test, in_sentence, start_sentence
from analytics.results import HazardRatioResult, Note, PairwiseTest, list_pairs
from analytics.results.second_opinion import Compared
from analytics.speaking import word


@dataclass(frozen=True)
class SalvageComparison(TreatmentGroups):
    """The three groups; ``others`` are the models that have another reference, ``moves`` who changed group later."""

    others: tuple[HazardRatioResult, ...]
    pairs: tuple[PairwiseTest, ...]
    moves: tuple[tuple[str, str, int], ...]


class SalvageAnalysis(GroupsAnalysis):
    """The three salvage treatments compared with one another, at a landmark or as treatment changes."""

    slug = "hsct-cart-chemotherapy"
    title = "{treatments}"
    question = "How did {patients} fare {treatments_by_day}?"
    order = 5
    icon = ":material/compare_arrows:"
    method = (
        "{Patients} by the {salvage treatment} that they had had by the landmark, or from the start of each on (delayed entry); "
        "Kaplan–Meier or Simon–Makuch curves, log-rank or Mantel–Byar test, pairs by Holm’s method, Cox model (Efron ties)."
    )
    files = ("estimates", "curves", "later-treatment")

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        naive = replace(
            NAIVE, help=f"The usual curves by the last {word('salvage treatment')}, which count the wait as survival."
        )
        against, who = salvage_reference_control(cohort), relapse_controls(cohort)
        return (CLOCK, LANDMARK, against, *who, naive, adjust_control(cohort), strata_control(cohort), *DRAWN)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TreatmentData:
        return super().prepare(cohort, cohort_filter, {**params, "history": SALVAGE})

    def estimate(self, data: TreatmentData, params: Params) -> SalvageComparison:
        days = int(params["landmark"]) if params["clock"] == AT_LANDMARK else None
        reference = params["against"] if params["against"] in data.treated_at else data.untreated
        if days is None:
            chosen = fit_changing(data, params["interval"], reference, complete=True)
        else:
            chosen = fit_landmark(data, days, params["interval"], reference)
        several = sum(curve.n > 0 for curve in chosen.curves.curves) > 2
        tested = data.arrays(adjusted=True, without=("covariates",))
        landmark = None if days is None else days / DAYS_PER_MONTH
        own = (*((note_naive(data),) if params["naive"] else ()), *note_start_unknown(data, days))
        return SalvageComparison(
            data=data,
            days=days,
            chosen=chosen,
            notes=(*own, *list_group_notes(data, chosen, "the comparison")),
            others=list_other_pairs(data, days, reference),
            pairs=pairwise_treatments(**tested, landmark=landmark) if several else (),
            moves=count_moves(data, days),
        )

    def headlines(self, result: SalvageComparison) -> tuple[Headline, ...]:
        kept, words = result.days is not None, load_words()
        how, whom = "By treatment at the landmark", "At the landmark."
        everyone = Headline(
            words.head, format_count(result.chosen.n), f"Who began {word('salvage treatment')} after {word('clock')}."
        )
        if not kept:
            how = f"{words.head} change group on the day of treatment"
            whom = f"Ever; a {words.noun} counts in each group for the time spent in it."
        counts = " · ".join(format_count(curve.n) for curve in result.curves.curves)
        sizes = Headline(start_sentence(" · ".join(result.data.states)), counts, whom)
        has_counts = result.hazard.n_event and has_few_events(result.hazard)
        return (
            headline_followed(result) if kept else everyone,
            *(() if has_counts else (sizes,)),
            *headline_ratios(result, how + ", {}; in brackets the 95 % interval."),
            headline_group_test(result),
        )

    def caption(self, result: SalvageComparison, params: Params) -> str:
        enter = (
            f"A {load_words().noun} enters with {word('salvage treatment')} and changes curve on the day of "
            f"{word('CAR-T or HSCT')}. "
        )
        several = len(result.data.treated_at) > 1
        last = f"{word('HSCT')} after {word('CAR-T')} counts as {word('HSCT')}. " if several else ""
        return f"{'' if result.days else enter}{last}{super().caption(result, params)}"

    def tables(self, result: SalvageComparison) -> tuple[Table, ...]:
        data, hazard = result.data, result.hazard
        title = "Hazard ratios, each treatment against the others"
        caption = "Cox model of all groups, Efron ties." + say_two_tests(data, hazard, result.test)
        pairs = list_pairs((hazard, *result.others))[len(data.treated_at) :]
        return (
            list_milestones(result),
            tabulate_treatments(data, hazard, title, caption, pairs),
            *tabulate_pairs(result.pairs, label_states(data)),
            tabulate_moves(data, result.curves.curves, result.moves, result.days),
            *list_e_values(hazard, result.curves.curves),
        )

    def sentences(self, result: SalvageComparison) -> tuple[str, ...]:
        data, chosen = result.data, result.chosen
        if not chosen.n:
            return ()
        said = [] if result.days is None else [say_followed(data, chosen, result.days)]
        said += [say_groups(data.endpoint, result.curves.curves, result.days), say_moves(result.moves, result.days)]
        if chosen.reason is not None:
            return (*said, f"The groups cannot be compared: {say_reason(chosen.reason)}.")
        start = "From the start of treatment on" if result.days is None else f"From day {result.days} on"
        said += [f"{start}: {in_sentence(ratio)}" for ratio in say_ratios(data, result.hazard, *result.others)]
        return (*said, describe_test(chosen.test, label_states(data)))

    def notes(self, result: SalvageComparison) -> tuple[Note, ...]:
        if result.days is not None:
            return result.notes
        return (*result.notes, *note_thin_starts(result.curves.curves, "Compare from a landmark."))

    def downloads(self, result: SalvageComparison) -> Mapping[str, pd.DataFrame]:
        naive = tabulate_whole_curves(result.naive_curves).assign(
            method=f"naive, by the last {word('salvage treatment')} (biased)"
        )
        curves = tabulate_whole_curves(result.curves).assign(method="Kaplan–Meier" if result.days else "Simon–Makuch")
        return {
            "estimates": name_measure(frame_estimates(result, result.others, result.pairs), "hazard_ratio"),
            "curves": name_measure(
                pd.concat([curves, naive], ignore_index=True).assign(landmark_days=result.days), "survival"
            ),
            "later-treatment": pd.DataFrame(result.moves, columns=["from", "to", "n"]),
        }

    def second_opinion(self, data: TreatmentData, result: SalvageComparison, params: Params) -> Iterator[Compared]:
        arrays = {**data.arrays(adjusted=True), "steps": data.steps, "landmark": result.landmark}
        yield from compare_groups(result.chosen, result.others, result.pairs, list(MILESTONES), **arrays)
