"""Mean time alive up to a horizon and survival at fixed times, with the differences between groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from analytics.analysis import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.beside import LETTERS, join_frames, name_both
from analytics.comparisons.choices import (
    NO_STRATA,
    chosen_group,
    chosen_references,
    endpoint_control,
    group_control,
    note_references,
    published_control,
    reference_control,
)
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.survival import (
    ask_libraries,
    compare_survival,
    describe_compared_survival,
    headline_events,
    headline_patients,
    plot_compared_survival,
    prepare_survival,
    styles_of,
)
from analytics.document import ComparedTest, Contrast, Headline, Picture, Sides
from analytics.estimators import estimate_restricted_mean, estimate_survival_differences, tabulate_whole_curves
from analytics.estimators.second_opinion.curves import compare_means
from analytics.figures.curves.survival import describe_drawing
from analytics.figures.points.differences import DifferenceRow, plot_differences
from analytics.figures.theme import Figure
from analytics.formats import MISSING, format_level, format_number, format_years
from analytics.frames import TimeToEvent
from analytics.reporting.attrition import Used
from analytics.reporting.curves import MILESTONE_YEARS, MILESTONES
from analytics.reporting.estimates import format_difference, format_percent_points
from analytics.reporting.files import name_measure
from analytics.reporting.means import (
    MeanSurvival,
    answer_means,
    answer_on_this_page,
    format_mean,
    join_notes,
    note_mean_horizon,
    say_means,
    tabulate_means,
)
from analytics.reporting.notes import say_notes
from analytics.reporting.published import (
    describe_overlaid,
    explain_overlaid,
    overlaid_row,
    tabulate_listed,
    tabulate_series,
)
from analytics.reporting.reasons import say_missing, say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, join_words, start_sentence
from analytics.results import Note
from analytics.results.second_opinion import Compared

LONGEST = "longest"
_UNITS = {
    "restricted mean": "months",
    "time lost": "months",
    "difference": "months",
    "ratio": "ratio",
    "survival difference": "probability",
}
HORIZON = Control(
    "years",
    "Mean over the first",
    "one",
    "3",
    (*((f"{years}", format_years(years)) for years in (1, 2, 3, 5)), (LONGEST, "longest common")),
    help="How far the mean looks. The longest common horizon is the last time up to which every group is followed. Choose "
    "before looking at the curves.",
)

FIXED: Params = {"interval": "log-log", "test": "logrank", "strata": NO_STRATA}


@dataclass(frozen=True, slots=True)
class _Frame:
    survival: TimeToEvent
    reference: str | None
    notes: tuple[Note, ...]


class MeanSurvivalAnalysis(Analysis[_Frame, MeanSurvival]):
    """Mean time alive up to a horizon and survival at fixed times, with the differences between groups."""

    slug = "mean-survival"
    title = "Mean survival and differences"
    question = "How much longer do {patients} of one group live within a stated time?"
    section = "Survival"
    order = 60
    icon = ":material/area_chart:"
    method = (
        "Restricted mean survival: the area under the Kaplan–Meier curve up to the horizon, with normal intervals; "
        "differences and ratios against the reference group; differences of survival at 1, 3 and 5 years with intervals from "
        "those of the two groups (MOVER) and a test on the complementary log-log scale."
    )
    files = ("estimates", "curves")
    apart = "A difference of means asks for groups that share nobody: leave out those in both to have one figure."

    @property
    def requires(self) -> tuple[tuple[str, ...], ...]:
        return endpoint_with()

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        groups = group_control(cohort, "MRD after induction")
        return (groups, endpoint_control(cohort), HORIZON, reference_control(cohort), *published_control(cohort))

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
        variable = chosen_group(cohort.dictionary, params)
        frame = prepare_survival(cohort, cohort_filter, {**params, **FIXED}, variable)
        if variable is None:
            return _Frame(frame, None, ())
        reference = chosen_references(params).get(variable.name) or variable.reference
        return _Frame(frame, reference, note_references(params, [variable]))

    def estimate(self, frame: _Frame, params: Params) -> MeanSurvival:
        survival = frame.survival
        compared = compare_survival(survival, {**params, **FIXED}, frame.notes)
        labels = compared.labels
        ordered = sorted(survival.group.categories, key=lambda level: level != frame.reference)
        group = survival.group.reorder_categories(ordered).rename_categories(dict(labels))
        arrays: dict[str, Any] = {"weight": survival.weight, "entry": survival.entry}
        years = params["years"]
        horizon = None if years == LONGEST else 12.0 * int(years)
        means = estimate_restricted_mean(survival.time, survival.event, group=group, horizon=horizon, **arrays)
        differences = estimate_survival_differences(survival.time, survival.event, group, times=MILESTONES, **arrays)
        levels = {label: level for level, label in labels.items()}
        notes = (
            *note_mean_horizon(compared, means, horizon),
            *map(answer_on_this_page, compared.notes),
            *join_notes(say_notes(means.notes)),
        )
        return MeanSurvival(compared, means, differences, levels, notes)

    def join(self, first: MeanSurvival, second: MeanSurvival, params: Params, sides: Sides) -> MeanSurvival | None:
        """The means of A and B as wholes and their difference; None where nothing may test it, as with somebody in both."""
        frames = (first.compared.frame, second.compared.frame)
        if not sides.may_be_tested or not all(frame.n for frame in frames):
            return None
        joined, _ = join_frames(*frames, sides, most_crossed=0)
        found = self.estimate(_Frame(joined, LETTERS[0], ()), {**params, "published": ()})
        return replace(found, compared=replace(found.compared, names_variable=False))

    def show_joined(self, joined: MeanSurvival, params: Params, sides: Sides) -> Contrast:
        words = " against ".join(f"“{one}”" for one in sides.words)
        tests = tuple(ComparedTest(f"{test.name}: {words}", test.p_value) for test in self.tests(joined))
        figure, alt, caption = self.figure(joined, params), self.alt_text(joined), self.caption(joined, params)
        picture = Picture(name_both(sides), figure, alt, caption)
        return Contrast(picture, self.tables(joined)[:1], self.answer(joined), tests)

    def headlines(self, result: MeanSurvival) -> tuple[Headline, ...]:
        frame, means = result.compared.frame, result.means
        counts = (headline_patients(frame), headline_events(frame, " and also after the horizon"))
        if means.horizon is None:
            return counts
        origin = f"From {frame.endpoint.origin}. A mean never looks beyond the follow-up."
        return (*counts, Headline("Horizon", result.horizon, origin, place="done"), self._headline_means(result))

    def _headline_means(self, result: MeanSurvival) -> Headline:
        means = result.means
        filled = result.filled
        if len(filled) == 2:
            (contrast,) = (c for c in means.contrasts if c.group in {mean.group for mean in filled})
            value = MISSING if contrast.difference.value is None else f"{format_difference(contrast.difference)} months"
            named = f"{contrast.group} minus {contrast.reference}"
            limits = contrast.difference.interval
            said = [f"In brackets the {format_level(means.conf_level)} interval."] if limits else []
            if contrast.difference.reason:
                said.append(f"{start_sentence(say_reason(contrast.difference.reason))}.")
            elif contrast.reason:
                what = "p value" if limits else "interval and p value"
                said.append(f"{start_sentence(say_missing(what, contrast.reason))}.")
            return Headline(f"Difference of the means, {named}", value, " ".join(said))
        if len(filled) == 1:
            return Headline(f"Mean time {result.endpoint.alive}", format_mean(filled[0].mean))
        known = [mean.mean.value for mean in filled if mean.mean.value is not None]
        ends = [format_number(end, 1) for end in (min(known), max(known))] if known else []
        spread = f"{' to '.join(dict.fromkeys(ends))} months" if ends else MISSING
        return Headline("Means of the groups", spread, "The least and the greatest.")

    def figure(self, result: MeanSurvival, params: Params) -> Figure:
        return plot_compared_survival(result.compared, bands=False, mean_until=result.means.horizon)

    def caption(self, result: MeanSurvival, params: Params) -> str:
        published = explain_overlaid(result.compared.published, params.get("published", ()))
        if result.means.horizon is None:
            return published
        shade = (
            "the shaded area between the curves is the difference of the means, in the colour of the group that is ahead"
            if len(result.filled) == 2
            else "the shaded area under a curve is its mean"
        )
        means = f"Broken line: the horizon. Up to it, {shade} (100\u00a0% over one month is one month)."
        return " ".join(filter(None, (published, means, describe_drawing(result.compared.curves, bands=False))))

    def alt_text(self, result: MeanSurvival) -> str:
        means = [mean for mean in result.means.groups if mean.mean.value is not None]
        said = " ".join(f"{mean.group}: mean {format_mean(mean.mean)} over {result.horizon}." for mean in means)
        drawn = describe_overlaid(result.compared.published)
        return " ".join(filter(None, (describe_compared_survival(result.compared), said, drawn)))

    def pictures(self, result: MeanSurvival, params: Params) -> tuple[Picture, ...]:
        styles, alive = styles_of(result.compared.frame), result.endpoint.alive
        rows = tuple(
            DifferenceRow(
                f"{d.group} minus {d.reference}",
                format_years(d.time / 12),
                d.difference,
                styles[result.levels[d.group]],
            )
            for d in result.shown
        )
        if not rows:
            return ()
        figure = plot_differences(
            rows, sides=("fewer " + alive, "more " + alive), title="Difference of survival, percentage points"
        )
        said = " ".join(f"{row.heading}, {row.label}: {format_percent_points(row.difference)}." for row in rows)
        return (
            Picture(
                f"Differences of survival at {', '.join(map(str, MILESTONE_YEARS[:-1]))} and {MILESTONE_YEARS[-1]} years",
                figure,
                f"Differences of survival in percentage points with {format_level(result.means.conf_level)} intervals. {said}",
                f"Kaplan–Meier survival of a group minus that of the reference, with {format_level(result.means.conf_level)} "
                "intervals. An interval that includes 0 is compatible with no difference; a wide one with a large one, too.",
            ),
        )

    def tables(self, result: MeanSurvival) -> tuple[Table, ...]:
        drawn = result.compared.published
        return (*tabulate_means(result), *((tabulate_listed(drawn), tabulate_series(drawn)) if drawn else ()))

    def answer(self, result: MeanSurvival) -> tuple[str, ...]:
        return answer_means(result)

    def sentences(self, result: MeanSurvival) -> tuple[str, ...]:
        return say_means(result)

    def used(self, result: MeanSurvival) -> Used:
        return Used.from_frame(result.compared.frame)

    def tests(self, result: MeanSurvival) -> tuple[ComparedTest, ...]:
        """The test of each difference of means, the two groups in the order of the dictionary whichever is the reference."""
        variable, order = result.compared.frame.variable, list(result.compared.labels.values())
        if variable is None:
            return ()
        filled = {mean.group for mean in result.filled}
        found = []
        for contrast in result.means.contrasts:
            if {contrast.group, contrast.reference} <= filled:
                pair = join_words(sorted((contrast.group, contrast.reference), key=order.index))
                what = f"{in_sentence(result.endpoint.label)} over {result.horizon} by {in_sentence(variable.label)}"
                found.append(ComparedTest(f"test of the difference of mean {what}, {pair}", contrast.p_difference))
        return tuple(found)

    def downloads(self, result: MeanSurvival) -> Mapping[str, pd.DataFrame]:
        means = result.means.to_frame()
        rows = [
            {
                "term": "survival difference",
                "group": d.group,
                "reference": d.reference,
                "time": d.time,
                "n": d.difference.n,
                "n_risk": d.n_risk,
                "n_risk_reference": d.n_risk_reference,
                **d.difference.to_row(result.means.conf_level),
                "statistic": d.test.statistic,
                "p_value": d.p_value,
                "reason": d.difference.reason or d.test.reason,
            }
            for d in result.differences
        ]
        drawn, variable = result.compared.published, result.compared.frame.variable
        columns = [*means.columns, "n_risk", "n_risk_reference", "statistic", *(["source"] if drawn else [])]
        published = [overlaid_row(outcome, variable) for outcome in drawn]
        estimates = pd.DataFrame([*means.to_dict("records"), *rows, *published], columns=columns)
        for column in ("group", "reference"):
            estimates[column] = estimates[column].map(lambda label: result.levels.get(label, label), na_action="ignore")
        estimates.insert(1, "unit", [_UNITS.get(term, "probability") for term in estimates["term"]])
        curves = name_measure(tabulate_whole_curves(result.compared.curves), "survival")
        return {"estimates": estimates, "curves": curves}

    def second_opinion(self, frame: _Frame, result: MeanSurvival, params: Params) -> Iterator[Compared]:
        survival, compared = frame.survival, result.compared
        yield from ask_libraries(survival, compared, {**params, **FIXED})
        labels = {level: label for label, level in result.levels.items()}
        yield from compare_means(
            *(result.means, result.differences, compared.curves, labels, survival.time, survival.event),
            group=survival.group,
            weight=survival.weight,
            entry=survival.entry,
        )
