"""Survival from a landmark after relapse, by treatment as it stood at the landmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from analytics.analysis import Analysis, Control, Params, lazy
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.power import DetectedGroups, Plan, detect_treatments, plan_groups, to_planning
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.survival import (
    BANDS,
    INTERVALS,
    MILESTONE_YEARS,
    milestone_cell,
    note_small_groups,
    say_exact_limits,
    strata_control,
)
from analytics.comparisons.treatment import (
    LANDMARK,
    MOST_RATIOS,
    TreatmentData,
    adjust_control,
    adjusted,
    count_children,
    count_used,
    list_ratio_tests,
    name_comparison,
    note_late_conditions,
    note_nobody,
    note_not_random,
    note_treatment_few,
    note_unknown,
    prepare_landmarks,
    read_model,
    say_two_tests,
    state_labels,
    state_styles,
    tabulate_e_values,
    tabulate_treatments,
    treated_terms,
    treatment_controls,
)
from analytics.comparisons.until_hsct import note_until_hsct
from analytics.dictionary import DAYS_PER_MONTH
from analytics.document import ComparedTest, Headline, Picture
from analytics.estimators.second_opinion.treatment import compare_landmark
from analytics.estimators.treatment import landmark_profile, landmark_survival
from analytics.estimators.zero_events import read_curve, tabulate_curves
from analytics.figures.landmark_strip import StripPoint, plot_landmark_strip
from analytics.figures.survival import describe_drawing, describe_survival, plot_survival
from analytics.figures.theme import AXIS_LINE, Figure
from analytics.formats import MISSING, format_count, format_p_cell
from analytics.reporting.attrition import Used
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reasons import say_inestimable, say_reason, say_undone
from analytics.reporting.tables import Table
from analytics.reporting.wording import describe_hazard_ratio, describe_test, in_sentence, start_sentence
from analytics.results import Estimate, LandmarkResult, Note, Reason, Result
from analytics.results.second_opinion import Compared

STRIP_DAYS = tuple(range(30, 366, 30))


STRIP_DISTANCE = 25  # days: nearer landmarks would write their counts over each other


@dataclass(frozen=True)
class LandmarkComparison(Result):
    """The comparison at one landmark, ``days`` after relapse."""

    data: TreatmentData
    days: int
    chosen: LandmarkResult
    notes: tuple[Note, ...]

    @lazy
    def profile(self) -> tuple[tuple[int, LandmarkResult], ...]:
        """The comparison at many landmarks, each with its day, the chosen one in the place of its neighbours."""
        days = sorted({self.days, *(day for day in STRIP_DAYS if abs(day - self.days) >= STRIP_DISTANCE)})
        landmarks = [day / DAYS_PER_MONTH for day in days]
        found = landmark_profile(**self.data.arrays(adjusted=True), landmarks=landmarks, ratio_conf_type="profile")
        read = [replace(at, hazard_ratio=read_model(self.data, at.hazard_ratio)) for at in found]
        return tuple(zip(days, read, strict=True))

    @property
    def detectable(self) -> DetectedGroups | None:
        """The hazard ratios of the treatments that the comparison would have found; None where it cannot be made."""
        return detect_treatments(self.data.arrays(adjusted=True), landmark=self.days / DAYS_PER_MONTH)


def _hazard(chosen: LandmarkResult) -> Estimate:
    """The ratio of the first treatment against not yet, or why there is none."""
    terms = treated_terms(chosen.hazard_ratio)
    return terms[0].ratio if terms else Estimate(None, reason=chosen.reason or Reason("not-estimable"))


def _ratio_headlines(result: LandmarkComparison) -> tuple[Headline, ...]:
    """One per treatment, as many as there is room for; the table has them all."""
    data, chosen = result.data, result.chosen
    ratios = {term.level: term.ratio for term in treated_terms(chosen.hazard_ratio)}
    headlines = []
    for treatment in list(data.treated_at)[:MOST_RATIOS]:
        ratio = ratios.get(treatment) or Estimate(None, reason=chosen.reason or Reason("not-estimable"))
        reason = f" {start_sentence(say_inestimable('hazard ratio', ratio.reason))}." if ratio.reason else ""
        headlines.append(
            Headline(
                f"Hazard ratio, {treatment} against {data.untreated}",
                MISSING if ratio.value is None else ratio_text(ratio),
                f"By treatment at the landmark, {adjusted(data)}; in brackets the 95 % interval.{reason}",
            )
        )
    return tuple(headlines)


def _point(days: int, chosen: LandmarkResult) -> StripPoint:
    excluded = chosen.n_event_before + chosen.n_censored_before
    return StripPoint(days, _hazard(chosen), chosen.n_treated, chosen.n_untreated, excluded)


def _plan(result: LandmarkComparison, params: Params) -> Plan:
    data = result.data
    setting = "from the landmark on, in groups of this size" + (" adjusted alike" if data.adjusters else "")
    return plan_groups(result.detectable, state_labels(data), data.endpoint.event_noun, setting)


def _say_followed(result: LandmarkComparison) -> str:
    """How many reach the landmark, of those in whom all that is adjusted for is known."""
    data, chosen = result.data, result.chosen
    known = " with every variable to adjust for known" if data.n_complete < data.n else ""
    before = chosen.n_event_before + chosen.n_censored_before
    if not before:
        who = "The only child" if data.n_complete == 1 else f"All {count_children(data.n_complete)}"
        return f"{who}{known} {'was' if data.n_complete == 1 else 'were'} followed beyond day {result.days}."
    return (
        f"Of {count_children(data.n_complete)}{known}, {format_count(chosen.n_event_before)} "
        f"{'had died' if data.endpoint.event_noun == 'deaths' else 'had had an event'} and "
        f"{format_count(chosen.n_censored_before)} had left follow-up by day {result.days}; "
        f"{'that child is' if before == 1 else 'they are'} not in the comparison."
    )


def _say_treated(result: LandmarkComparison) -> str:
    """How many were treated by the landmark, and how many change afterwards."""
    chosen = result.chosen
    later = format_count(chosen.n_switch_later)
    treated = f"{format_count(chosen.n_treated)} had been treated by then, {format_count(chosen.n_untreated)} had not"
    if len(result.data.treated_at) > 1:
        return f"{treated}; {later} changed treatment later."
    return f"{treated}, and {later} of these {'was' if chosen.n_switch_later == 1 else 'were'} treated later."


class LandmarkAnalysis(Analysis[TreatmentData, LandmarkComparison]):
    """Survival from a landmark after relapse, by treatment as it stood at the landmark."""

    slug = "landmark"
    title = "Landmark comparison"
    question = "Among children alive, or free of an event, at a day after relapse, how did those treated by then fare?"
    section = "Treatment"
    order = 20
    icon = ":material/flag:"
    method = (
        "Landmark analysis: children without the event and followed at the landmark, grouped by their treatment on that day; "
        "Kaplan–Meier curves, log-rank test and Cox model (Efron ties) from there on."
    )
    requires = endpoint_with(("hsct_days", "cart_days"), origin="first relapse")
    files = ("estimates", "landmarks", "curves")
    planning = to_planning(_plan)

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        return (
            *treatment_controls(cohort),
            LANDMARK,
            adjust_control(cohort),
            strata_control(cohort),
            INTERVALS,
            BANDS,
        )

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TreatmentData:
        return prepare_landmarks(cohort, cohort_filter, params)

    def estimate(self, data: TreatmentData, params: Params) -> LandmarkComparison:
        days = int(params["landmark"])
        arrays = data.arrays(adjusted=True)
        chosen = landmark_survival(
            **arrays, landmark=days / DAYS_PER_MONTH, conf_type=params["interval"], ratio_conf_type="profile"
        )
        chosen = replace(chosen, hazard_ratio=read_model(data, chosen.hazard_ratio))
        return LandmarkComparison(
            data=data,
            days=days,
            chosen=chosen,
            notes=(
                *note_late_conditions(data),
                *note_nobody(data),
                *note_until_hsct(data),
                *note_unknown(data, "the comparison"),
                *note_treatment_few(data),
                *note_small_groups(chosen.curves.curves, state_labels(data)),
                *chosen.notes,
                *chosen.hazard_ratio.notes,
                *note_not_random(data),
            ),
        )

    def headlines(self, result: LandmarkComparison) -> tuple[Headline, ...]:
        chosen, data = result.chosen, result.data
        before = chosen.n_event_before + chosen.n_censored_before
        test = chosen.test
        later = format_count(chosen.n_switch_later)
        moved = (
            f"{later} changed treatment later" if len(data.treated_at) > 1 else f"of whom {later} were treated later"
        )
        return (
            Headline(
                f"{'Alive' if data.endpoint.alive == 'alive' else 'Event-free'} and followed at the landmark",
                f"{format_count(chosen.n)} of {format_count(data.n_complete)}",
                f"Excluded before day {result.days}: {format_count(chosen.n_event_before)} with the event, "
                f"{format_count(chosen.n_censored_before)} whose follow-up had ended.",
            ),
            Headline(
                "Excluded",
                format_count(before),
                f"{format_count(chosen.n_event_before)} had the event and {format_count(chosen.n_censored_before)} left "
                "follow-up by the landmark.",
            ),
            Headline(
                "Treated by then",
                format_count(chosen.n_treated),
                f"{format_count(chosen.n_untreated)} not yet; {moved}."
                if len(data.treated_at) > 1
                else f"{format_count(chosen.n_untreated)} not yet, {moved}.",
            ),
            *_ratio_headlines(result),
            Headline(
                f"p ({test.method})",
                format_p_cell(test.p_value, test.reason),
                f"Chi-square {test.statistic:.2f}, {test.df} df."
                if test.statistic is not None
                else say_undone(chosen.reason or test.reason),
            ),
        )

    def figure(self, result: LandmarkComparison, params: Params) -> Figure:
        data = result.data
        figure = plot_survival(
            result.chosen.curves,
            labels=state_labels(data),
            styles=state_styles(data),
            origin=data.endpoint.origin,
            y_title=data.endpoint.y_title,
            bands=params["bands"],
            event_noun=data.endpoint.event_noun,
        )
        if result.chosen.n:
            month = round(result.days / DAYS_PER_MONTH, 3)
            line = {"color": AXIS_LINE, "width": 1.5, "dash": "dot"}
            figure.update_layout(
                shapes=[{"type": "line", "x0": month, "x1": month, "y0": 0, "y1": 100, "yref": "y", "line": line}]
            )
        return figure

    def caption(self, result: LandmarkComparison, params: Params) -> str:
        return (
            f"Dotted line: the landmark, day {result.days}. The curves begin there, at 100 % of the children "
            f"{result.data.endpoint.alive} and followed; "
            "a child stays in the group it was in on that day. "
            + describe_drawing(result.chosen.curves, bands=params["bands"])
        )

    def alt_text(self, result: LandmarkComparison) -> str:
        labels = {state: start_sentence(state) for state in result.data.states}
        drawn = describe_survival(result.chosen.curves, labels, result.data.endpoint.origin)
        return f"From the landmark at day {result.days} on. {drawn}"

    def pictures(self, result: LandmarkComparison, params: Params) -> tuple[Picture, ...]:
        data = result.data
        points = [_point(days, chosen) for days, chosen in result.profile]
        treated = next(iter(data.treated_at))
        found = [
            f"day {p.days}: {ratio_text(p.ratio) if p.ratio.value is not None else 'no ratio'}, "
            f"{format_count(p.n_treated)} treated and {format_count(p.n_untreated)} not yet"
            for p in points
        ]
        return (
            Picture(
                "Does the answer hang on the landmark?",
                plot_landmark_strip(
                    points,
                    chosen=result.days,
                    origin=data.endpoint.origin,
                    reference=f"above 1: higher hazard with {treated}",
                    compared=f"{treated} against {data.untreated}",
                ),
                f"Hazard ratio of {treated} against {data.untreated} at each landmark. " + "; ".join(found) + ".",
                f"Hazard ratios of {treated} against {data.untreated}. Filled: the landmark chosen above. Vertical lines: 95 % "
                "intervals; a triangle marks a limit beyond the axis. Each landmark asks another question of other children, so "
                "the ratios differ for that reason too. Picking the landmark with the smallest p would be a finding by chance.",
            ),
        )

    def tables(self, result: LandmarkComparison) -> tuple[Table, ...]:
        data, chosen = result.data, result.chosen
        rows, milestones = [], []
        for curve in chosen.curves.curves:
            milestones.append(read_curve(curve, [12.0 * years for years in MILESTONE_YEARS]))
            cells = [milestone_cell(e) for e in milestones[-1]]
            counts = (format_count(curve.n), format_count(curve.n_event))
            rows.append((curve.group, *counts, *(cells if curve.n else [MISSING] * len(cells))))
        model = chosen.hazard_ratio
        return (
            Table(
                title=f"{data.endpoint.y_title} of those {data.endpoint.alive} at day {result.days}",
                columns=(
                    "At the landmark",
                    "Children",
                    data.endpoint.event_noun.capitalize(),
                    *(f"{y} y" for y in MILESTONE_YEARS),
                ),
                rows=tuple(rows),
                help=(
                    "",
                    "",
                    "After the landmark",
                    *(
                        f"{y} {'year' if y == 1 else 'years'} after relapse, given {data.endpoint.alive} at the landmark"
                        for y in MILESTONE_YEARS
                    ),
                ),
                caption=f"Kaplan–Meier estimates with 95 % {chosen.curves.conf_type} intervals"
                f"{say_exact_limits(milestones, data.endpoint.event_noun)}; years are counted from relapse.",
            ),
            tabulate_treatments(
                data,
                model,
                "Hazard ratios from the landmark on",
                f"Cox model from day {result.days} on, Efron ties." + say_two_tests(data, model, chosen.test),
            ),
            *tabulate_e_values(data, model, chosen.curves.curves),
        )

    def sentences(self, result: LandmarkComparison) -> tuple[str, ...]:
        data, chosen = result.data, result.chosen
        if not data.n:
            return ()
        if not data.n_complete:
            return (f"In none of {count_children(data.n)} is every variable to adjust for known.",)
        said = [_say_followed(result)]
        if chosen.n:
            said.append(_say_treated(result))
        if chosen.reason is not None:
            return (*said, f"The groups cannot be compared: {say_reason(chosen.reason)}.")
        labels = [v.label for v in data.adjusters]
        said += [
            f"From day {result.days} on: "
            + in_sentence(describe_hazard_ratio(term, data.treatment, data.untreated, labels, data.endpoint))
            for term in treated_terms(chosen.hazard_ratio)
        ]
        said.append(describe_test(chosen.test, state_labels(data)))
        return tuple(said)

    def used(self, result: LandmarkComparison) -> Used:
        return count_used(result.data, adjusted=True, landmark=(result.days, result.chosen))

    def tests(self, result: LandmarkComparison) -> tuple[ComparedTest, ...]:
        """The test of the curves, and that of the adjusted hazard ratio where variables were chosen."""
        data, chosen, day = result.data, result.chosen, f" on day {result.days}"
        curves = ComparedTest(f"{chosen.test.method} of {name_comparison(data, day)}", chosen.test.p_value)
        return (curves, *(list_ratio_tests(data, chosen.hazard_ratio, day) if data.adjusters else ()))

    def downloads(self, result: LandmarkComparison) -> Mapping[str, pd.DataFrame]:
        frames = [at.to_frame().assign(landmark_days=days) for days, at in result.profile]
        chosen = result.chosen.hazard_ratio.to_frame()
        chosen = chosen.assign(landmark_days=result.days)
        return {
            "estimates": chosen,
            "landmarks": pd.DataFrame([row for frame in frames for row in frame.to_dict("records")]),
            "curves": tabulate_curves(result.chosen.curves).assign(landmark_days=result.days),
        }

    def second_opinion(self, data: TreatmentData, result: LandmarkComparison, params: Params) -> Iterator[Compared]:
        months = [12.0 * years for years in MILESTONE_YEARS]
        return compare_landmark(result.chosen, months, **data.arrays(adjusted=True), steps=data.steps)
