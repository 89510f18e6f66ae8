"""Children grouped by treatment, as it stood on a day or as it changes: what the pages that draw them share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from analytics.analysis import Control, Params, lazy
from analytics.comparisons.beside import cross_sides, name_both, say_untested, style_sides
from analytics.comparisons.power import detect_treatments, to_planning
from analytics.comparisons.treatment import (
    TreatmentAnalysis,
    headline_counts,
    list_ratio_tests,
    read_model,
    state_styles,
)
from analytics.dictionary import DAYS_PER_MONTH, load_words
from analytics.document import ComparedTest, Contrast, Headline, Picture, Sides
from analytics.estimators import (
    estimate_survival,
    ever_treated,
    landmark_survival,
    mantel_byar_test,
    read_curve,
    simon_makuch,
    time_dependent_hazard_ratio,
)
from analytics.estimators.intervals import SurvivalConfType
from analytics.figures.curves.survival import Overlay, describe_drawing, describe_survival, plot_survival
from analytics.figures.theme import Figure, Style
from analytics.formats import MISSING, format_count, format_p_cell
from analytics.frames.switching import TreatmentData
from analytics.reporting.answers import answer_curves, answer_test
from analytics.reporting.attrition import Used
from analytics.reporting.curves import MILESTONES, note_small_groups
from analytics.reporting.estimates import ratio_text
from analytics.reporting.planning import Plan, plan_groups
from analytics.reporting.reasons import say_inestimable, say_undone
from analytics.reporting.regression import has_few_events
from analytics.reporting.tables import Table
from analytics.reporting.treatment import (
    AS_IT_CHANGES,
    answer_treatment,
    count_used,
    label_states,
    list_cautions,
    name_comparison,
    name_naive,
    note_not_random,
    say_adjusted,
)
from analytics.reporting.treatment_tables import tabulate_groups
from analytics.reporting.wording import start_sentence
from analytics.results import (
    HazardRatioResult,
    LandmarkResult,
    Note,
    Result,
    SurvivalResult,
    TestResult,
    reference_of,
    treated_terms,
)
from analytics.results.power import DetectedGroups

NAIVE = Control(
    "naive",
    "Show the naive curves",
    "toggle",
    False,
    place="more",
    help="The usual curves of ever against never treated, which count the wait for treatment as survival.",
    display=True,
)


@dataclass(frozen=True)
class TreatmentGroups(Result):
    """Groups at a landmark, ``days`` after relapse; where treatment counts as it changes, ``days`` is None."""

    data: TreatmentData
    days: int | None
    chosen: LandmarkResult
    notes: tuple[Note, ...]

    @property
    def curves(self) -> SurvivalResult:
        """The curve of each group."""
        return self.chosen.curves

    @property
    def test(self) -> TestResult:
        """The test of all groups."""
        return self.chosen.test

    @property
    def hazard(self) -> HazardRatioResult:
        """The hazard ratios of the groups, adjusted where variables were chosen."""
        return self.chosen.hazard_ratio

    @property
    def landmark(self) -> float | None:
        """The landmark in months."""
        return None if self.days is None else self.days / DAYS_PER_MONTH

    @lazy
    def naive_curves(self) -> SurvivalResult:
        """Kaplan–Meier curves from relapse by the last treatment, made when the overlay or a file first needs them."""
        data = self.data
        return estimate_survival(
            data.time,
            data.event,
            group=ever_treated(data.time, data.event, data.treated_at, untreated=data.untreated),
            weight=data.weight,
            conf_type=cast("SurvivalConfType", self.curves.conf_type),
        )

    @property
    def detectable(self) -> DetectedGroups | None:
        """The hazard ratios of the treatments that the comparison would have found; None where it cannot be made."""
        arrays = self.data.arrays(adjusted=True)
        return detect_treatments(arrays, landmark=self.landmark, reference=reference_of(self.hazard))


def fit_landmark(
    data: TreatmentData, days: int, conf_type: SurvivalConfType, reference: str | None = None
) -> LandmarkResult:
    """Curves, test and hazard ratios against ``reference`` from a landmark on."""
    arrays = {**data.arrays(adjusted=True), "reference": reference}
    at = days / DAYS_PER_MONTH
    found = landmark_survival(**arrays, landmark=at, conf_type=conf_type, ratio_conf_type="profile")
    return replace(found, hazard_ratio=replace(read_model(data, found.hazard_ratio), concordance=None))


def fit_changing(
    data: TreatmentData, conf_type: SurvivalConfType, reference: str | None = None, *, complete: bool, start: int = 0
) -> LandmarkResult:
    """Curves, test and hazard ratios against ``reference`` with treatment as it changes.

    ``complete`` True takes complete cases for curves and test, too; the curves begin on day ``start``.
    """
    tested = data.arrays(adjusted=complete, without=("covariates",))
    drawn = data.arrays(adjusted=complete, without=("covariates", "strata"))
    curves, test = (
        simon_makuch(**drawn, landmark=start / DAYS_PER_MONTH, conf_type=conf_type),
        mantel_byar_test(**tested),
    )
    hazard = time_dependent_hazard_ratio(**data.arrays(adjusted=True), reference=reference, conf_type="profile")
    n_treated = round(float(data.weight @ (data.complete & (data.first_treated() <= data.time))))
    return LandmarkResult(
        landmark=0.0,
        n=data.n_complete,
        n_event_before=0,
        n_censored_before=0,
        n_treated=n_treated,
        n_untreated=data.n_complete - n_treated,
        n_switch_later=n_treated,
        n_event=hazard.n_event,
        curves=curves,
        test=test,
        hazard_ratio=read_model(data, hazard),
        reason=test.reason,
        notes=curves.notes,
    )


def list_group_notes(data: TreatmentData, chosen: LandmarkResult, where: str) -> tuple[Note, ...]:
    """What a reader should know of groups by treatment; ``where`` is what those with an unknown variable are not in."""
    return (
        *list_cautions(data, where),
        *note_small_groups(chosen.curves.curves, label_states(data)),
        *chosen.notes,
        *chosen.hazard_ratio.notes,
        *note_not_random(),
    )


def overlay_naive(result: TreatmentGroups) -> list[Overlay]:
    """The naive curves as they lie behind the others, each by its name."""
    styles, names = state_styles(result.data), name_naive(result.data)
    return [Overlay(c, f"naive: {names[c.group]}", styles[c.group].colour) for c in result.naive_curves.curves]


def list_milestones(result: TreatmentGroups, start: int | None = None) -> Table:
    """The curve of each group at the milestones; ``start`` is the day on which curves of treatment as it changes begin."""
    milestones = [read_curve(curve, MILESTONES) for curve in result.curves.curves]
    return tabulate_groups(result.data.endpoint, result.curves, milestones, result.days, start)


def headline_group_test(result: TreatmentGroups, about: str = "") -> Headline:
    """The p value of the curves, or why there is none; ``about`` says more of the test."""
    test = result.test
    detail = say_undone(result.chosen.reason or test.reason)
    if test.statistic is not None:
        detail = f"Chi-square {test.statistic:.2f}, {test.df} df.{about}"
    return Headline(f"p ({test.method})", format_p_cell(test.p_value, test.reason), detail)


def headline_ratios(result: TreatmentGroups, how: str, most: int = 2) -> tuple[Headline, ...]:
    """The hazard ratio of each treatment against the reference, as many as there is room for; the table has them all.

    Where too few had the event, how many had it instead.

    ``how`` says of what kind they are, with braces for the word on adjustment.
    """
    data = result.data
    if result.chosen.n and result.hazard.n_event and has_few_events(result.hazard):
        return (headline_counts(result.curves.curves, data.endpoint),)
    reference = reference_of(result.hazard) or data.untreated
    headlines = []
    for treatment in [state for state in data.states if state != reference][:most]:
        ratio = result.chosen.ratio_of(treatment)
        why = f" {start_sentence(say_inestimable('hazard ratio', ratio.reason))}." if ratio.reason else ""
        headlines.append(
            Headline(
                f"Hazard ratio, {treatment} against {reference}",
                MISSING if ratio.value is None else ratio_text(ratio),
                how.format(say_adjusted(data)) + why,
            )
        )
    return tuple(headlines)


def headline_followed(result: TreatmentGroups) -> Headline:
    """How many are compared from the landmark on."""
    data, chosen = result.data, result.chosen
    return Headline(
        f"{'Alive' if data.endpoint.is_death else 'Event-free'} and followed at the landmark",
        f"{format_count(chosen.n)} of {format_count(data.n_complete)}",
        f"Excluded before day {result.days}: {format_count(chosen.n_event_before)} with the event, "
        f"{format_count(chosen.n_censored_before)} whose follow-up had ended.",
    )


@dataclass(frozen=True, slots=True)
class TwoGroups(Result):
    """The groups by treatment of two selections."""

    first: TreatmentGroups
    second: TreatmentGroups

    @property
    def curves(self) -> SurvivalResult:
        """The curves of both, those of one treatment beside each other."""
        own = {curve.group: curve for curve in self.first.curves.curves}
        others = {curve.group: curve for curve in self.second.curves.curves}
        found = []
        for state in self.first.data.states:
            for group, curves in zip(cross_sides(state), (own, others), strict=True):
                if state in curves:
                    found.append(replace(curves[state], group=group))
        return replace(self.first.curves, curves=tuple(found))


def plan_treatments(result: TreatmentGroups, params: Params) -> Plan:
    """What a next study of this size would find, with groups formed in the same way."""
    data = result.data
    if result.days is None:
        setting = "treated when these were" + (" and adjusted alike" if data.adjusters else "")
    else:
        setting = "from the landmark on, in groups of this size" + (" adjusted alike" if data.adjusters else "")
    return plan_groups(result.detectable, label_states(data), data.endpoint.events, setting)


class GroupsAnalysis(TreatmentAnalysis, abstract=True):
    """Curves of groups by treatment, with their test and hazard ratios."""

    planning = to_planning(plan_treatments)

    def figure(self, result: Any, params: Params) -> Figure:
        return self._draw(result, params, result.curves, label_states(result.data), state_styles(result.data))

    def _draw(
        self,
        result: Any,
        params: Params,
        curves: SurvivalResult,
        labels: Mapping[str, str],
        styles: Mapping[str, Style],
        *,
        naive: bool = True,
    ) -> Figure:
        endpoint = result.data.endpoint
        return plot_survival(
            curves,
            labels=labels,
            styles=styles,
            origin=endpoint.origin,
            y_title=endpoint.y_title,
            bands=params["bands"],
            endpoint=endpoint,
            overlays=overlay_naive(result) if naive and params.get("naive") else (),
            switching=result.days is None,
            marks=params["marks"],
            landmark=None if result.days is None else result.landmark,
        )

    def join(self, first: Any, second: Any, params: Params, sides: Sides) -> TwoGroups | None:
        """Both; None where the treatments are not the same, as two files may have them."""
        return TwoGroups(first, second) if first.data.states == second.data.states else None

    def show_joined(self, joined: TwoGroups, params: Params, sides: Sides) -> Contrast:
        """The curves of both, and what they come to; the hazard ratios stay with their own selection."""
        first, curves = joined.first, joined.curves
        of_states = {group: state for state in first.data.states for group in cross_sides(state)}
        styles = style_sides(of_states, state_styles(first.data))
        names = {group: group for group in of_states if any(curve.group == group for curve in curves.curves)}
        figure = self._draw(first, params, curves, names, styles, naive=False)
        said = {group: start_sentence(group) for group in names}
        alt = describe_survival(curves, said, first.data.endpoint.origin, switching=first.days is None)
        milestones = [read_curve(curve, MILESTONES) for curve in curves.curves]
        start = getattr(first, "start", None)
        return Contrast(
            Picture(name_both(sides), figure, alt, self.caption(first, params)),
            (tabulate_groups(first.data.endpoint, curves, milestones, first.days, start),),
            (say_untested(sides),),
        )

    def caption(self, result: Any, params: Params) -> str:
        drawn = describe_drawing(result.curves, bands=params["bands"], switching=result.days is None)
        if result.days is None:
            return drawn
        words = load_words()
        return (
            f"Dotted line: the landmark, day {result.days}. The curves begin there, at 100 % of the {words.plural} "
            f"{result.data.endpoint.alive} and followed; a {words.noun} stays in the group it was in on that day. {drawn}"
        )

    def alt_text(self, result: Any) -> str:
        labels = {state: start_sentence(state) for state in result.data.states}
        drawn = describe_survival(result.curves, labels, result.data.endpoint.origin, switching=result.days is None)
        return drawn if result.days is None else f"From the landmark at day {result.days} on. {drawn}"

    def answer(self, result: Any) -> tuple[str, ...]:
        """The hazard of the treated against the others, or the counts and the test of several treatments."""
        data, chosen = result.data, result.chosen
        if not chosen.n:
            return self.sentences(result)[:1]
        if chosen.reason is not None or len(treated_terms(chosen.hazard_ratio)) != 1:
            whom = ", by treatment as it changed" if result.days is None else f", by treatment on day {result.days}"
            groups = [(c.group, c, read_curve(c, MILESTONES)) for c in result.curves.curves if c.n]
            return (answer_curves(groups, data.endpoint, whom), *answer_test(chosen.test))
        return (answer_treatment(data, chosen.hazard_ratio, say_adjusted(data), days=result.days),)

    def used(self, result: Any) -> Used:
        landmark = None if result.days is None else (result.days, result.chosen)
        return count_used(result.data, adjusted=True, landmark=landmark)

    def tests(self, result: Any) -> tuple[ComparedTest, ...]:
        """The test of the curves, and that of the adjusted hazard ratios where variables were chosen."""
        data, test = result.data, result.test
        when = "" if result.days is None else f" on day {result.days}"
        curves = ComparedTest(f"{test.method} of {name_comparison(data, when)}", test.p_value)
        ratios = list_ratio_tests(data, result.hazard, when or AS_IT_CHANGES) if data.adjusters else ()
        return (curves, *ratios)
