"""Cumulative incidence of relapse, second relapse or death in the presence of the events that compete with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analytics.analysis import Analysis, Checks, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.beside import JoinedCurves
from analytics.comparisons.causes import (
    CauseModels,
    CausesFrame,
    CumulativeIncidence,
    list_cause_notes,
    stack_causes,
    why_not_kaplan_meier,
)
from analytics.comparisons.choices import DRAWN, chosen_group, chosen_references, group_control, reference_control
from analytics.comparisons.incidence import (
    caption_comparison,
    compare_incidence,
    describe_compared_incidence,
    incidence_frame,
    join_incidence,
    list_competing,
    plan_incidence,
    plot_compared_incidence,
    show_joined_incidence,
)
from analytics.comparisons.power import to_planning
from analytics.comparisons.requirements import competing_events
from analytics.comparisons.survival import headline_patients, headline_test
from analytics.dictionary import Words, load_words
from analytics.document import ComparedTest, Contrast, Headline, Picture, Shown, Sides
from analytics.estimators import estimate_cumulative_incidence, estimate_survival, read_curve, tabulate_whole_curves
from analytics.estimators.second_opinion.curves import compare_curves
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios
from analytics.estimators.second_opinion.incidence import (
    compare_gray,
    compare_incidence_curves,
    compare_subdistribution,
)
from analytics.figures.theme import Figure
from analytics.formats import (
    SUPPRESSED,
    format_percent,
    format_percent_interval,
    format_share,
    format_step,
    is_withheld,
)
from analytics.frames import CompetingEvents, endpoint_columns
from analytics.reporting.answers import answer_incidence
from analytics.reporting.attrition import Used, list_losses, name_complete, name_eligible, shorten_eligible
from analytics.reporting.causes import say_cause_ratios, tabulate_cause_ratios
from analytics.reporting.curves import MILESTONE_YEARS, MILESTONES, say_incidence, tabulate_incidence
from analytics.reporting.files import name_measure
from analytics.reporting.proportionality import RatiosOverTime, ratios_over_time_frame, tabulate_ratios_over_time
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, join_words, start_sentence
from analytics.results import Name
from analytics.results.second_opinion import ONE_MINUS, Compared

FULL_AXIS = Control(
    "full_axis",
    "Axis to 100 %",
    "toggle",
    False,
    (),
    "more",
    "Otherwise the axis ends at the next round number above the curves, and the figure says where.",
    display=True,
)


def _show_checks(result: CumulativeIncidence, made: RatiosOverTime | None, params: Params) -> tuple[Shown, ...]:
    if made is None:
        return (Shown(sentences=("Nothing can be checked: no ratio is shown.",)),)
    return (Shown(tables=(tabulate_ratios_over_time(made, result.variables, result.comparison.event_label),)),)


class CumulativeIncidenceAnalysis(Analysis[CausesFrame, CumulativeIncidence]):
    """Cumulative incidence of relapse, second relapse or death in the presence of the events that compete with it."""

    slug = "cumulative-incidence"
    is_protected = True
    title = "Cumulative incidence"
    question = "How many {patients} {first_events} by a given time?"
    section = "Relapse"
    order = 20
    icon = ":material/area_chart:"
    method = (
        "Aalen–Johansen estimates; Gray’s test; Cox models of the cause-specific hazard and Fine–Gray models of the "
        "subdistribution hazard of every event, on complete cases; score tests of whether their ratios stay the same over time."
    )
    files = ("estimates", "curves", "hazard-ratios")
    planning = to_planning(lambda result, params: plan_incidence(result.comparison))
    checks = Checks(
        title="Do the hazard ratios hold over time?",
        about="Both models take for granted that a ratio is the same throughout the follow-up. Tested for the chosen event, in "
        "the {patients} in the models.",
        make=lambda result, params: result.models.check(),
        show=_show_checks,
        files=("ratios-over-time",),
        downloads=lambda made: {"ratios-over-time": ratios_over_time_frame(made)},
    )

    @property
    def requires(self) -> tuple[tuple[str, ...], ...]:
        return competing_events()

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        dictionary = cohort.dictionary
        events = tuple(
            (f"{endpoint.name}:{level}", f"{cause.level_label(level)}, from {endpoint.origin}")
            for endpoint in list_competing(cohort)
            for cause in (dictionary[endpoint.cause],)
            for level in cause.levels[1:]
        )
        covariates = tuple((v.name, v.label) for v in dictionary.covariates if v.name in cohort.variables)
        return (
            Control(
                "event",
                "Event",
                "one",
                events[0][0],
                events,
                help="The event that is counted, among those of which only the first can be seen; the others compete with it.",
            ),
            group_control(cohort),
            Control(
                "adjust",
                "Adjust hazard ratios for",
                "many",
                (),
                covariates,
                "more",
                "Further factors in both models of hazard ratios, beside the groups. The curves are not adjusted.",
                display=True,
            ),
            reference_control(cohort),
            *DRAWN,
            FULL_AXIS,
        )

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> CausesFrame:
        dictionary = cohort.dictionary
        name, event = params["event"].split(":", 1)
        endpoint = dictionary.competing_endpoint(name)
        variable = chosen_group(dictionary, params)
        adjust = [dictionary[other] for other in params["adjust"] if other != params["by"]]
        variables = (*([variable] if variable is not None else []), *adjust)
        tally = cohort.tally(endpoint_columns(endpoint, *variables), cohort_filter)
        events = CompetingEvents.from_tally(
            tally,
            endpoint,
            dictionary[endpoint.cause],
            variable,
            filtered_by=[dictionary[name] for name in cohort_filter.variables],
            covariates=variables,
            references=chosen_references(params),
        )
        return CausesFrame(events, event, dictionary, variables)

    def estimate(self, frame: CausesFrame, params: Params) -> CumulativeIncidence:
        events, dictionary = frame.events, frame.dictionary
        cause = dictionary[events.endpoint.cause]
        comparison = compare_incidence(events, cause, frame.event, params["interval"])
        number = cause.levels.index(frame.event)
        given: dict[str, Any] = {"weight": events.weight, "noise": events.noise}
        naive = estimate_survival(events.time, events.cause == number, group=events.group, **given)
        everyone = estimate_cumulative_incidence(
            events.time, events.cause, causes=cause.levels[1:], conf_type=params["interval"], **given
        )
        return CumulativeIncidence(
            comparison=comparison,
            dictionary=dictionary,
            everyone=read_curve(everyone.for_cause(frame.event)[0], MILESTONES[-1:])[0],
            naive=naive,
            models=CauseModels(frame),
            variables=frame.variables,
            notes=list_cause_notes(frame, comparison, params),
        )

    def headlines(self, result: CumulativeIncidence) -> tuple[Headline, ...]:
        comparison, everyone = result.comparison, result.everyone
        n, event, some = comparison.frame.n, comparison.event_label, load_words().plural
        limits = (
            f"95 % interval {format_percent_interval(everyone.interval)} %. " if everyone.interval is not None else ""
        )
        value = SUPPRESSED if is_withheld(everyone.reason) else format_percent(everyone.value)
        reason = "" if everyone.reason is None else f"{start_sentence(say_reason(everyone.reason))}. "
        share = f"As the first event: a share of all {some}, whatever their follow-up; the curves take it into account."
        others = f"First: {join_words(list(comparison.others))}."
        whom = f"Cumulative incidence of {event} in all of these {some} together. {limits}{reason}".strip()
        return (
            headline_patients(comparison.frame),
            Headline(start_sentence(event), format_share(comparison.n_event, n, 0), share),
            Headline("Competing events", format_share(comparison.n_competing, n, 0), others),
            Headline(f"By {MILESTONE_YEARS[-1]} years, all groups", value, whom),
            *headline_test(comparison.test, "Gray’s test"),
        )

    def figure(self, result: CumulativeIncidence, params: Params) -> Figure:
        return plot_compared_incidence(
            result.comparison, bands=params["bands"], full_axis=params["full_axis"], marks=params["marks"]
        )

    def caption(self, result: CumulativeIncidence, params: Params) -> str:
        return caption_comparison(result.comparison, bands=params["bands"])

    def alt_text(self, result: CumulativeIncidence) -> str:
        return describe_compared_incidence(result.comparison)

    def pictures(self, result: CumulativeIncidence, params: Params) -> tuple[Picture, ...]:
        comparison = result.comparison
        if not comparison.frame.n:
            return ()
        return (stack_causes(comparison), why_not_kaplan_meier(result))

    def tables(self, result: CumulativeIncidence) -> tuple[Table, ...]:
        comparison = result.comparison
        ratios = tabulate_cause_ratios(result.models.fitted, comparison.cause, result.dictionary)
        return (tabulate_incidence(comparison), *ratios)

    def join(
        self, first: CumulativeIncidence, second: CumulativeIncidence, params: Params, sides: Sides
    ) -> JoinedCurves:
        return join_incidence(first.comparison, second.comparison, sides, params["interval"])

    def show_joined(self, joined: JoinedCurves, params: Params, sides: Sides) -> Contrast:
        shown = {name: params[name] for name in ("bands", "full_axis", "marks")}
        return show_joined_incidence(joined, sides, **shown)

    def answer(self, result: CumulativeIncidence) -> tuple[str, ...]:
        return answer_incidence(result.comparison, result.everyone)

    def sentences(self, result: CumulativeIncidence) -> tuple[str, ...]:
        said, event = say_incidence(result.comparison), result.comparison.event_label
        ratios = say_cause_ratios(result.models.fitted, event, result.variables, result.dictionary) if said else ()
        return (*said, *ratios)

    def used(self, result: CumulativeIncidence) -> Used:
        """Whom the curves show: who lacks a covariate of the models is in the curves all the same."""
        comparison = result.comparison
        frame = comparison.frame
        events = f"with {comparison.event_label} first"
        return Used(
            eligible=name_eligible(frame.endpoint),
            short=shorten_eligible(frame.endpoint),
            losses=list_losses(frame.exclusions),
            n=frame.n,
            n_event=comparison.n_event,
            events=Words(events, events),
            complete=name_complete([frame.variable]),
        )

    def tests(self, result: CumulativeIncidence) -> tuple[ComparedTest, ...]:
        """Gray's test of the chosen event, where there are groups."""
        comparison = result.comparison
        test, variable = comparison.test, comparison.frame.variable
        if test is None or variable is None:
            return ()
        what = (
            f"{in_sentence(comparison.event_label)} from {comparison.endpoint.origin} by {in_sentence(variable.label)}"
        )
        return (ComparedTest(f"{test.method} of the cumulative incidence of {what}", test.p_value),)

    def downloads(self, result: CumulativeIncidence) -> Mapping[str, pd.DataFrame]:
        """Incidences and tests ("estimates"), the curves' coordinates ("curves") and both models ("hazard-ratios")."""
        frames = [
            model.to_frame().assign(cause=m.cause, model=kind, n_model=model.n)
            for m in result.models.fitted
            for kind, model in (("cause-specific", m.cause_specific), ("subdistribution", m.subdistribution))
        ]
        rows = [row for frame in frames for row in frame.to_dict("records")]
        numbers = {v.name: format_step(v) for v in result.variables if not v.is_coded}
        ratios = pd.DataFrame(rows, columns=list(frames[0].columns) if frames else ["cause", "model", "variable"])
        return {
            "estimates": incidence_frame(result.comparison),
            "curves": name_measure(tabulate_whole_curves(result.comparison.incidence), "cumulative_incidence"),
            "hazard-ratios": name_measure(
                ratios.assign(per=pd.Series([numbers.get(row["variable"]) for row in rows], dtype=object)),
                "hazard_ratio",
            ),
        }

    def second_opinion(self, frame: CausesFrame, result: CumulativeIncidence, params: Params) -> Iterator[Compared]:
        events, comparison = frame.events, result.comparison
        arrays: dict[str, Any] = {"group": events.group, "weight": events.weight}
        name, cause = "" if events.variable is None else events.variable.name, events.endpoint.cause
        yield from compare_incidence_curves(
            *(comparison.incidence, comparison.milestones, MILESTONES, events.time, events.cause),
            **arrays,
            variable=name,
            event=cause,
        )
        if comparison.test is not None:
            named = Name(cause, comparison.event)
            yield from compare_gray(comparison.test, events.causes, events.time, events.cause, **arrays, model=named)
        happened = events.cause == events.causes.index(comparison.event) + 1
        shown = (result.naive, [()] * len(result.naive.curves), ())
        yield from compare_curves(
            *shown, events.time, happened, **arrays, with_median=False, variable=name, model=ONE_MINUS
        )
        steps, kept = {v.name: v.per for v in frame.variables}, events.complete
        for models in result.models.fitted:
            if events.covariates is None:
                break
            model, happened = Name(cause, models.cause), events.cause == events.causes.index(models.cause) + 1
            arrays = {"covariates": events.covariates[kept], "weight": events.weight[kept]}
            yield from compare_hazard_ratios(
                models.cause_specific, events.time[kept], happened[kept], **arrays, steps=steps, model=model
            )
            yield from compare_subdistribution(
                *(models.subdistribution, events.causes, events.time[kept], events.cause[kept]),
                **arrays,
                steps=steps,
                model=model,
            )
