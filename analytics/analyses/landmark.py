"""Survival from a landmark after relapse, by treatment as it stood at the landmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from analytics.analysis import Control, Params, lazy
from analytics.cohort import Cohort
from analytics.comparisons.choices import DRAWN, strata_control
from analytics.comparisons.regression import stack
from analytics.comparisons.treatment import LANDMARK, adjust_control, list_e_values, read_model, treatment_controls
from analytics.comparisons.treatment_groups import (
    GroupsAnalysis,
    TreatmentGroups,
    fit_landmark,
    headline_followed,
    headline_group_test,
    headline_ratios,
    list_group_notes,
    list_milestones,
)
from analytics.dictionary import DAYS_PER_MONTH, load_words
from analytics.document import Headline, Picture
from analytics.estimators import landmark_profile, tabulate_whole_curves
from analytics.estimators.second_opinion.treatment import compare_landmark
from analytics.figures.curves.landmark_strip import StripPoint, plot_landmark_strip
from analytics.formats import format_count, format_patients
from analytics.frames.switching import TreatmentData
from analytics.reporting.curves import MILESTONES
from analytics.reporting.estimates import ratio_text
from analytics.reporting.files import name_measure
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.treatment import label_states, say_followed, say_ratios, say_treated, say_two_tests
from analytics.reporting.treatment_tables import tabulate_treatments
from analytics.reporting.wording import describe_test, in_sentence
from analytics.results import LandmarkResult
from analytics.results.second_opinion import Compared

STRIP_DAYS = tuple(range(30, 366, 30))
STRIP_DISTANCE = 25  # days: nearer landmarks would write their counts over each other


@dataclass(frozen=True)
class LandmarkComparison(TreatmentGroups):
    """The comparison at one landmark, ``days`` after relapse."""

    days: int

    @lazy
    def profile(self) -> tuple[tuple[int, LandmarkResult], ...]:
        """The comparison at many landmarks, each with its day, the chosen one in the place of its neighbours."""
        days = sorted({self.days, *(day for day in STRIP_DAYS if abs(day - self.days) >= STRIP_DISTANCE)})
        landmarks = [day / DAYS_PER_MONTH for day in days]
        found = landmark_profile(
            **self.data.arrays(adjusted=True), landmarks=landmarks, ratio_conf_type="profile", treatment_only=True
        )
        read = [replace(at, hazard_ratio=read_model(self.data, at.hazard_ratio)) for at in found]
        return tuple(zip(days, read, strict=True))


def _point(days: int, at: LandmarkResult) -> StripPoint:
    return StripPoint(days, at.ratio_of(), at.n_treated, at.n_untreated, at.n_event_before + at.n_censored_before)


class LandmarkAnalysis(GroupsAnalysis):
    """Survival from a landmark after relapse, by treatment as it stood at the landmark."""

    slug = "landmark"
    title = "Landmark comparison"
    question = (
        "Among {patients} alive, or free of an event, at a day after {clock}, how did those treated by then fare?"
    )
    order = 20
    icon = ":material/flag:"
    method = (
        "Landmark analysis: {patients} without the event and followed at the landmark, grouped by their treatment on that day; "
        "Kaplan–Meier curves, log-rank test and Cox model (Efron ties) from there on."
    )
    files = ("estimates", "landmarks", "curves")

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        return (*treatment_controls(cohort), LANDMARK, adjust_control(cohort), strata_control(cohort), *DRAWN)

    def estimate(self, data: TreatmentData, params: Params) -> LandmarkComparison:
        days = int(params["landmark"])
        chosen = fit_landmark(data, days, params["interval"])
        return LandmarkComparison(data, days, chosen, list_group_notes(data, chosen, "the comparison"))

    def headlines(self, result: LandmarkComparison) -> tuple[Headline, ...]:
        chosen, later = result.chosen, format_count(result.chosen.n_switch_later)
        several = len(result.data.treated_at) > 1
        moved = f"; {later} changed treatment later" if several else f", of whom {later} were treated later"
        return (
            headline_followed(result),
            Headline(
                "Excluded",
                format_count(chosen.n_event_before + chosen.n_censored_before),
                f"{format_count(chosen.n_event_before)} had the event and {format_count(chosen.n_censored_before)} left "
                "follow-up by the landmark.",
            ),
            Headline(
                "Treated by then",
                format_count(chosen.n_treated),
                f"{format_count(chosen.n_untreated)} not yet{moved}.",
            ),
            *headline_ratios(result, "By treatment at the landmark, {}; in brackets the 95 % interval."),
            headline_group_test(result),
        )

    def pictures(self, result: LandmarkComparison, params: Params) -> tuple[Picture, ...]:
        endpoint, treated = result.data.endpoint, next(iter(result.data.treated_at))
        points = [_point(days, at) for days, at in result.profile]
        compared = f"{treated} against {result.data.untreated}"
        found = [
            f"day {p.days}: {ratio_text(p.ratio) if p.ratio.value is not None else 'no ratio'}, "
            f"{format_count(p.n_treated)} treated and {format_count(p.n_untreated)} not yet"
            for p in points
        ]
        higher = f"above 1: higher hazard with {treated}"
        return (
            Picture(
                "Does the answer hang on the landmark?",
                plot_landmark_strip(
                    points, chosen=result.days, origin=endpoint.origin, reference=higher, compared=compared
                ),
                f"Hazard ratio of {compared} at each landmark. {'; '.join(found)}.",
                f"Hazard ratios of {compared}. Filled: the landmark chosen above. Vertical lines: 95 % intervals; a triangle "
                "marks a limit beyond the axis. Each landmark asks another question of other "
                f"{load_words().plural}, so the ratios differ for that reason too. Picking the landmark with the smallest p "
                "would be a finding by chance.",
                place="sure",
            ),
        )

    def tables(self, result: LandmarkComparison) -> tuple[Table, ...]:
        data, model = result.data, result.hazard
        caption = f"Cox model from day {result.days} on, Efron ties." + say_two_tests(data, model, result.test)
        return (
            list_milestones(result),
            tabulate_treatments(data, model, "Hazard ratios from the landmark on", caption),
            *list_e_values(model, result.curves.curves),
        )

    def sentences(self, result: LandmarkComparison) -> tuple[str, ...]:
        data, chosen = result.data, result.chosen
        if not data.n:
            return ()
        if not data.n_complete:
            return (f"In none of {format_patients(data.n)} is every variable to adjust for known.",)
        said = [say_followed(data, chosen, result.days)]
        if chosen.n:
            said.append(say_treated(result.data, result.chosen))
        if chosen.reason is not None:
            return (*said, f"The groups cannot be compared: {say_reason(chosen.reason)}.")
        said += [f"From day {result.days} on: {in_sentence(said)}" for said in say_ratios(data, chosen.hazard_ratio)]
        said.append(describe_test(chosen.test, label_states(data)))
        return tuple(said)

    def downloads(self, result: LandmarkComparison) -> Mapping[str, pd.DataFrame]:
        return {
            "estimates": name_measure(result.hazard.to_frame(), "hazard_ratio").assign(landmark_days=result.days),
            "landmarks": name_measure(
                stack([at.to_frame().assign(landmark_days=days) for days, at in result.profile]), "hazard_ratio"
            ),
            "curves": name_measure(tabulate_whole_curves(result.curves), "survival").assign(landmark_days=result.days),
        }

    def second_opinion(self, data: TreatmentData, result: LandmarkComparison, params: Params) -> Iterator[Compared]:
        return compare_landmark(result.chosen, list(MILESTONES), **data.arrays(adjusted=True), steps=data.steps)
