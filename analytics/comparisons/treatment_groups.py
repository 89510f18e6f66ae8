"""Children grouped by treatment, as it stood on a day or as it changes: what the pages that draw them share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from analytics.analysis import Analysis, Control, Params, lazy
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.power import detect_treatments, to_planning
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.treatment import (
    AS_IT_CHANGES,
    SALVAGE,
    TreatmentData,
    adjusted,
    count_used,
    name_chemotherapy,
    prepare_landmarks,
    reference_of,
    state_labels,
    state_styles,
    treated_terms,
)
from analytics.comparisons.treatment_words import (
    count_children,
    list_ratio_tests,
    name_comparison,
    note_late_conditions,
    note_nobody,
    note_not_random,
    note_treatment_few,
    note_unknown,
)
from analytics.comparisons.until_hsct import note_until_hsct
from analytics.dictionary import DAYS_PER_MONTH
from analytics.document import ComparedTest, Headline
from analytics.estimators.intervals import SurvivalConfType
from analytics.estimators.kaplan_meier import estimate_survival
from analytics.estimators.treatment import (
    ever_treated,
)
from analytics.estimators.zero_events import read_curve
from analytics.figures.survival import Overlay, describe_drawing, describe_survival, plot_survival
from analytics.figures.theme import AXIS_LINE, Figure
from analytics.formats import (
    MISSING,
    format_count,
    format_months,
    format_p_cell,
)
from analytics.reporting.attrition import Used
from analytics.reporting.curves import MILESTONE_YEARS, milestone_cell, note_small_groups, say_exact_limits
from analytics.reporting.estimates import ratio_text
from analytics.reporting.planning import Plan, plan_groups
from analytics.reporting.reasons import say_inestimable, say_undone
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import Table
from analytics.reporting.wording import describe_hazard_ratio, start_sentence
from analytics.results import (
    Estimate,
    HazardRatio,
    HazardRatioResult,
    LandmarkResult,
    Note,
    Reason,
    Result,
    SurvivalCurve,
    SurvivalResult,
    TestResult,
)
from analytics.results.power import DetectedGroups

NAIVE = Control(
    "naive",
    "Show the naive curves",
    "toggle",
    False,
    help="The usual curves of ever against never treated, which count the wait for treatment as survival.",
    display=True,
)


class Groups(Protocol):
    """What a page draws: groups that are kept from a day on (``days`` after relapse), or that change (``days`` None)."""

    @property
    def data(self) -> TreatmentData: ...
    @property
    def days(self) -> int | None: ...
    @property
    def curves(self) -> SurvivalResult: ...
    @property
    def test(self) -> TestResult: ...
    @property
    def hazard(self) -> HazardRatioResult: ...
    @property
    def naive_curves(self) -> SurvivalResult: ...
    @property
    def detectable(self) -> DetectedGroups | None: ...


@dataclass(frozen=True)
class LandmarkGroups(Result):
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

    @lazy
    def naive_curves(self) -> SurvivalResult:
        """Kaplan–Meier curves by the last treatment, made when the overlay or a file first needs them."""
        return estimate_naive(self.data, self.curves.conf_type)

    @property
    def detectable(self) -> DetectedGroups | None:
        """The hazard ratios of the treatments that the comparison would have found; None where it cannot be made."""
        landmark = None if self.days is None else self.days / DAYS_PER_MONTH
        arrays = self.data.arrays(adjusted=True)
        return detect_treatments(arrays, landmark=landmark, reference=reference_of(self.hazard))


def estimate_naive(data: TreatmentData, conf_type: str) -> SurvivalResult:
    """Kaplan–Meier curves from relapse by the last treatment, whenever it was given."""
    return estimate_survival(
        data.time,
        data.event,
        group=ever_treated(data.time, data.event, data.treated_at, untreated=data.untreated),
        weight=data.weight,
        conf_type=cast("SurvivalConfType", conf_type),
    )


def overlay_naive(data: TreatmentData, curves: SurvivalResult) -> list[Overlay]:
    """The naive curves as they lie behind the others, each by its name."""
    styles = state_styles(data)
    ever = "treated" if len(data.treated_at) > 1 else next(iter(data.treated_at))
    named = {state: f"ever {state}" for state in data.treated_at} | {data.untreated: f"never {ever}"}
    if data.history == SALVAGE:
        named = {state: state for state in data.treated_at}
        named[data.untreated] = name_chemotherapy(data.treated_at, "alone")
    return [Overlay(c, f"naive: {named[c.group]}", styles[c.group].colour) for c in curves.curves]


def note_naive(data: TreatmentData) -> Note:
    """What is wrong with the naive curves."""
    by = (
        "by the last salvage treatment, from relapse on" if data.history == SALVAGE else "of ever against never treated"
    )
    return Note(
        "immortal-time",
        "warning",
        f"Thin dotted lines: the usual curves {by}. They are wrong: a child had to live long enough to "
        f"be treated, so every earlier {data.endpoint.event_one} falls to the other group (immortal time).",
    )


def list_notes(
    data: TreatmentData, curves: SurvivalResult, hazard: HazardRatioResult, where: str, own: Iterable[Note] = ()
) -> tuple[Note, ...]:
    """What a reader should know of groups by treatment; ``where`` is what those with an unknown variable are not in."""
    return (
        *note_late_conditions(data),
        *note_nobody(data),
        *note_until_hsct(data),
        *note_unknown(data, where),
        *note_treatment_few(data),
        *note_small_groups(curves.curves, state_labels(data)),
        *own,
        *hazard.notes,
        *note_not_random(data),
    )


def note_thin_starts(curves: Iterable[SurvivalCurve], remedy: str) -> tuple[Note, ...]:
    """Which curves end because of the few who came into them first."""
    least = load_policy().stop_below
    return tuple(
        Note(
            "thin-start",
            "caution",
            f"The curve of {curve.group} is shown until {format_months(curve.shown_until)} only: then a child had the event "
            f"while fewer than {least} were in the group, and all that follows would rest on these few.",
            remedy,
        )
        for curve in curves
        if curve.shown_until is not None and ((curve.time > curve.shown_until) & (curve.n_risk >= least)).any()
    )


def tabulate_groups(result: Groups, start: int | None = None) -> Table:
    """The curve of each group at the milestones; ``start`` is the day on which curves of treatment as it changes begin."""
    data, kept = result.data, result.days is not None
    day = result.days if kept else start
    rows, milestones = [], []
    for curve in result.curves.curves:
        milestones.append(read_curve(curve, [12.0 * years for years in MILESTONE_YEARS]))
        cells = [milestone_cell(e) if kept else milestone_cell(e, "nobody followed then") for e in milestones[-1]]
        counts = (format_count(curve.n), format_count(curve.n_event))
        rows.append((curve.group, *counts, *(cells if curve.n else [MISSING] * len(cells))))
    after = [f"{y} {'year' if y == 1 else 'years'} after relapse" for y in MILESTONE_YEARS]
    whom = f"of those {data.endpoint.alive} at day {day}"
    by, ever = "by treatment at the time", "A child who was treated counts once in each row"
    return Table(
        title=f"{data.endpoint.y_title} " + (whom if kept else f"{by}, {whom}" if day else by),
        columns=(
            *(("At the landmark", "Children") if kept else ("While", "Children ever")),
            data.endpoint.event_noun.capitalize(),
            *(f"{y} y" for y in MILESTONE_YEARS),
        ),
        rows=tuple(rows),
        help=("", "", "After the landmark", *(f"{a}, given {data.endpoint.alive} at the landmark" for a in after))
        if kept
        else ("", ever, "While in this state", *(f"Height of the curve {a}, with its interval" for a in after)),
        caption=f"{'Kaplan–Meier' if kept else 'Simon–Makuch'} estimates with 95 % {result.curves.conf_type} intervals"
        f"{say_exact_limits(milestones, data.endpoint.event_noun)}{'; years are counted from relapse' if kept else ''}.",
    )


def headline_test(test: TestResult, reason: Reason | None, about: str = "") -> Headline:
    """The p value of the curves, or why there is none; ``about`` says more of the test."""
    detail = (
        f"Chi-square {test.statistic:.2f}, {test.df} df.{about}"
        if test.statistic is not None
        else say_undone(reason or test.reason)
    )
    return Headline(f"p ({test.method})", format_p_cell(test.p_value, test.reason), detail)


def headline_ratios(result: Groups, how: str, reason: Reason | None, most: int) -> tuple[Headline, ...]:
    """The hazard ratio of each treatment against the reference, as many as there is room for; the table has them all."""
    data = result.data
    reference = reference_of(result.hazard) or data.untreated
    ratios = {term.level: term.ratio for term in treated_terms(result.hazard)}
    headlines = []
    for treatment in [state for state in data.states if state != reference][:most]:
        ratio = ratios.get(treatment) or Estimate(None, reason=reason or Reason("not-estimable"))
        why = f" {start_sentence(say_inestimable('hazard ratio', ratio.reason))}." if ratio.reason else ""
        headlines.append(
            Headline(
                f"Hazard ratio, {treatment} against {reference}",
                MISSING if ratio.value is None else ratio_text(ratio),
                f"{how}, {adjusted(data)}; in brackets the 95 % interval.{why}",
            )
        )
    return tuple(headlines)


def say_followed(data: TreatmentData, chosen: LandmarkResult, days: int) -> str:
    """How many reach the landmark, of those in whom all that is adjusted for is known."""
    known = " with every variable to adjust for known" if data.n_complete < data.n else ""
    before = chosen.n_event_before + chosen.n_censored_before
    if not before:
        who = "The only child" if data.n_complete == 1 else f"All {count_children(data.n_complete)}"
        return f"{who}{known} {'was' if data.n_complete == 1 else 'were'} followed beyond day {days}."
    return (
        f"Of {count_children(data.n_complete)}{known}, {format_count(chosen.n_event_before)} "
        f"had {data.endpoint.had} and "
        f"{format_count(chosen.n_censored_before)} had left follow-up by day {days}; "
        f"{'that child is' if before == 1 else 'they are'} not in the comparison."
    )


def headline_followed(data: TreatmentData, chosen: LandmarkResult, days: int) -> Headline:
    """How many are compared from the landmark on."""
    return Headline(
        f"{'Alive' if data.endpoint.alive == 'alive' else 'Event-free'} and followed at the landmark",
        f"{format_count(chosen.n)} of {format_count(data.n_complete)}",
        f"Excluded before day {days}: {format_count(chosen.n_event_before)} with the event, "
        f"{format_count(chosen.n_censored_before)} whose follow-up had ended.",
    )


def list_pairs(models: Iterable[HazardRatioResult]) -> list[tuple[str, HazardRatio]]:
    """Each pair of treatments once, as the reference and the ratio against it."""
    found: list[tuple[str, HazardRatio]] = []
    known: set[str] = set()
    for model in models:
        reference = reference_of(model)
        found += [(reference, term) for term in treated_terms(model) if term.level not in known]
        known.add(reference)
    return found


def say_ratios(data: TreatmentData, *models: HazardRatioResult) -> list[str]:
    """The ratio of each pair of treatments in words."""
    labels = [v.label for v in data.adjusters]
    return [
        describe_hazard_ratio(term, data.treatment, reference, labels, data.endpoint)
        for reference, term in list_pairs(models)
    ]


def plan_treatments(result: Groups, params: Params) -> Plan:
    """What a next study of this size would find, with groups formed in the same way."""
    data = result.data
    if result.days is None:
        setting = "treated when these were" + (" and adjusted alike" if data.adjusters else "")
    else:
        setting = "from the landmark on, in groups of this size" + (" adjusted alike" if data.adjusters else "")
    return plan_groups(result.detectable, state_labels(data), data.endpoint.events, setting)


class TreatmentAnalysis(Analysis[TreatmentData, Any], abstract=True):
    """A comparison of treatments after relapse: each asks for the same records, none of them child by child if protected."""

    section = "Treatment"
    requires = endpoint_with(("hsct_days", "cart_days"), origin="first relapse")

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TreatmentData:
        return prepare_landmarks(cohort, cohort_filter, params)

    def used(self, result: Any) -> Used:
        return count_used(result.data, adjusted=True)


class GroupsAnalysis(TreatmentAnalysis, abstract=True):
    """Curves of groups by treatment, with their test and hazard ratios."""

    planning = to_planning(plan_treatments)

    def figure(self, result: Any, params: Params) -> Figure:
        data = result.data
        naive = params.get("naive", False)
        figure = plot_survival(
            result.curves,
            labels=state_labels(data),
            styles=state_styles(data),
            origin=data.endpoint.origin,
            y_title=data.endpoint.y_title,
            bands=params["bands"],
            event_noun=data.endpoint.event_noun,
            overlays=overlay_naive(data, result.naive_curves) if naive else (),
            switching=result.days is None,
        )
        if result.days is not None and any(curve.n for curve in result.curves.curves):
            month = round(result.days / DAYS_PER_MONTH, 3)
            line = {"color": AXIS_LINE, "width": 1.5, "dash": "dot"}
            figure.update_layout(
                shapes=[{"type": "line", "x0": month, "x1": month, "y0": 0, "y1": 100, "yref": "y", "line": line}]
            )
        return figure

    def caption(self, result: Any, params: Params) -> str:
        drawn = describe_drawing(result.curves, bands=params["bands"], switching=result.days is None)
        if result.days is None:
            return drawn
        return (
            f"Dotted line: the landmark, day {result.days}. The curves begin there, at 100 % of the children "
            f"{result.data.endpoint.alive} and followed; a child stays in the group it was in on that day. {drawn}"
        )

    def alt_text(self, result: Any) -> str:
        labels = {state: start_sentence(state) for state in result.data.states}
        drawn = describe_survival(result.curves, labels, result.data.endpoint.origin)
        if result.days is not None:
            return f"From the landmark at day {result.days} on. {drawn}"
        return drawn.replace("Kaplan–Meier curves", "Simon–Makuch curves")

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
