"""HSCT, CAR-T or chemotherapy: the salvage treatments compared with one another, without counting the wait for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.salvage import (
    CLOCK,
    add_pairs,
    count_moves,
    fit_groups,
    frame_estimates,
    list_other_pairs,
    note_start_unknown,
    reference_control,
    say_groups,
    say_moves,
    tabulate_moves,
)
from analytics.comparisons.survival import BANDS, INTERVALS, strata_control
from analytics.comparisons.treatment import (
    AT_LANDMARK,
    LANDMARK,
    MOST_RATIOS,
    RELAPSES,
    SALVAGE,
    TreatmentData,
    adjust_control,
    relapse_endpoint,
    state_labels,
)
from analytics.comparisons.treatment_groups import (
    NAIVE,
    GroupsAnalysis,
    LandmarkGroups,
    headline_followed,
    headline_ratios,
    headline_test,
    list_notes,
    list_pairs,
    note_naive,
    note_thin_starts,
    say_followed,
    say_ratios,
    tabulate_groups,
)
from analytics.comparisons.treatment_words import say_two_tests, tabulate_e_values, tabulate_treatments
from analytics.dictionary import DAYS_PER_MONTH
from analytics.document import Headline
from analytics.estimators.second_opinion.treatment import compare_groups
from analytics.estimators.treatment import pairwise_treatments
from analytics.estimators.zero_events import tabulate_curves
from analytics.formats import format_count
from analytics.reporting.curves import MILESTONE_YEARS, tabulate_pairs
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import describe_test, in_sentence, start_sentence
from analytics.results import HazardRatioResult, Note, PairwiseTest
from analytics.results.second_opinion import Compared


@dataclass(frozen=True)
class SalvageComparison(LandmarkGroups):
    """The three groups; ``others`` are the models that have another reference, ``moves`` who changed group later."""

    others: tuple[HazardRatioResult, ...]
    pairs: tuple[PairwiseTest, ...]
    moves: tuple[tuple[str, str, int], ...]


class SalvageAnalysis(GroupsAnalysis):
    """The three salvage treatments compared with one another, at a landmark or as treatment changes."""

    slug = "hsct-cart-chemotherapy"
    title = "HSCT, CAR-T or chemotherapy"
    question = "How did children fare by what they had had by a day after relapse: chemotherapy so far, CAR-T or HSCT?"
    order = 5
    icon = ":material/compare_arrows:"
    method = (
        "Children by the salvage treatment that they had had by the landmark, or from the start of each on (delayed entry); "
        "Kaplan–Meier or Simon–Makuch curves, log-rank or Mantel–Byar test, pairs by Holm’s method, Cox model (Efron ties)."
    )
    files = ("estimates", "curves", "later-treatment")

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        naive = replace(NAIVE, help="The usual curves by the last salvage treatment, which count the wait as survival.")
        who = (RELAPSES,) if "marrow_relapse" in cohort.variables else ()
        adjust, strata = adjust_control(cohort), strata_control(cohort)
        endpoint = relapse_endpoint(cohort)
        return (CLOCK, LANDMARK, reference_control(cohort), *who, endpoint, naive, adjust, strata, INTERVALS, BANDS)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TreatmentData:
        return super().prepare(cohort, cohort_filter, {**params, "history": SALVAGE})

    def estimate(self, data: TreatmentData, params: Params) -> SalvageComparison:
        days = int(params["landmark"]) if params["clock"] == AT_LANDMARK else None
        reference = params["against"] if params["against"] in data.treated_at else data.untreated
        chosen = fit_groups(data, days, params["interval"], reference)
        arrays = data.arrays(adjusted=True)
        landmark = None if days is None else days / DAYS_PER_MONTH
        several = sum(curve.n > 0 for curve in chosen.curves.curves) > 2
        tested = {name: values for name, values in arrays.items() if name != "covariates"}
        own = (*((note_naive(data),) if params["naive"] else ()), *note_start_unknown(data, days))
        return SalvageComparison(
            data=data,
            days=days,
            chosen=chosen,
            notes=(*own, *list_notes(data, chosen.curves, chosen.hazard_ratio, "the comparison", chosen.notes)),
            others=list_other_pairs(data, days, reference),
            pairs=pairwise_treatments(**tested, landmark=landmark) if several else (),
            moves=count_moves(data, days),
        )

    def headlines(self, result: SalvageComparison) -> tuple[Headline, ...]:
        data, chosen, kept = result.data, result.chosen, result.days is not None
        counts = " · ".join(format_count(curve.n) for curve in result.curves.curves)
        how = "By treatment at the landmark" if kept else "Children change group on the day of treatment"
        everyone = Headline("Children", format_count(chosen.n), "Who began salvage treatment after relapse.")
        return (
            headline_followed(data, chosen, result.days) if result.days is not None else everyone,
            Headline(
                start_sentence(" · ".join(data.states)),
                counts,
                "At the landmark." if kept else "Ever; a child counts in each group for the time spent in it.",
            ),
            *headline_ratios(result, how, chosen.reason, MOST_RATIOS),
            headline_test(chosen.test, chosen.reason),
        )

    def caption(self, result: SalvageComparison, params: Params) -> str:
        enter = (
            ""
            if result.days
            else "A child enters with salvage treatment and changes curve on the day of CAR-T or HSCT. "
        )
        return f"{enter}HSCT after CAR-T counts as HSCT. {super().caption(result, params)}"

    def tables(self, result: SalvageComparison) -> tuple[Table, ...]:
        data, hazard = result.data, result.hazard
        ratios = tabulate_treatments(
            data,
            hazard,
            "Hazard ratios, each treatment against the others",
            "Cox model of all groups, Efron ties." + say_two_tests(data, hazard, result.test),
        )
        return (
            tabulate_groups(result),
            add_pairs(ratios, data, list_pairs((hazard, *result.others))[len(data.treated_at) :]),
            *tabulate_pairs(result.pairs, state_labels(data)),
            tabulate_moves(result, result.moves),
            *tabulate_e_values(data, hazard, result.curves.curves),
        )

    def sentences(self, result: SalvageComparison) -> tuple[str, ...]:
        data, chosen = result.data, result.chosen
        if not chosen.n:
            return ()
        said = [] if result.days is None else [say_followed(data, chosen, result.days)]
        said += [say_groups(result), say_moves(result, result.moves)]
        if chosen.reason is not None:
            return (*said, f"The groups cannot be compared: {say_reason(chosen.reason)}.")
        start = "From the start of treatment on" if result.days is None else f"From day {result.days} on"
        said += [f"{start}: {in_sentence(ratio)}" for ratio in say_ratios(data, result.hazard, *result.others)]
        return (*said, describe_test(chosen.test, state_labels(data)))

    def notes(self, result: SalvageComparison) -> tuple[Note, ...]:
        if result.days is not None:
            return result.notes
        return (*result.notes, *note_thin_starts(result.curves.curves, "Compare from a landmark."))

    def downloads(self, result: SalvageComparison) -> Mapping[str, pd.DataFrame]:
        naive = tabulate_curves(result.naive_curves).assign(method="naive, by the last salvage treatment (biased)")
        curves = tabulate_curves(result.curves).assign(method="Kaplan–Meier" if result.days else "Simon–Makuch")
        return {
            "estimates": frame_estimates(result, result.others, result.pairs),
            "curves": pd.concat([curves, naive], ignore_index=True).assign(landmark_days=result.days),
            "later-treatment": pd.DataFrame(result.moves, columns=["from", "to", "n"]),
        }

    def second_opinion(self, data: TreatmentData, result: SalvageComparison, params: Params) -> Iterator[Compared]:
        months = [12.0 * years for years in MILESTONE_YEARS]
        landmark = None if result.days is None else result.days / DAYS_PER_MONTH
        arrays = {**data.arrays(adjusted=True), "steps": data.steps, "landmark": landmark}
        yield from compare_groups(result.chosen, result.others, result.pairs, months, **arrays)
