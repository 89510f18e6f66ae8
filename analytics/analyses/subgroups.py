"""Subgroups: whether the hazard ratio between groups is the same in all kinds of children."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.analysis import Analysis, Control, Params, to_reference
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.power import to_planning
from analytics.comparisons.regression import as_read, chosen_references, draw_forest, reference_control
from analytics.comparisons.requirements import any_group, endpoint_with
from analytics.comparisons.subgroups import (
    Subgrouping,
    Subgroups,
    compare_subgroups,
    is_sparse,
    label_reason,
    plan_subgroups,
    reference_counts,
    say_compared,
)
from analytics.comparisons.survival import NO_STRATA, endpoint_control, strata_control
from analytics.dictionary import Dictionary, Endpoint, Variable
from analytics.document import ComparedTest, Headline, HtmlFigure
from analytics.estimators.cox import estimate_hazard_ratios
from analytics.estimators.interaction import subgroup_effects
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios
from analytics.estimators.second_opinion.treatment import compare_subgroups as ask_libraries
from analytics.figures.comparison_forest import describe_comparison, plot_comparison
from analytics.formats import format_count, format_p_phrase, format_percent
from analytics.frames import TimeToEvent, endpoint_columns, filters_of, is_post_baseline, strata_of
from analytics.reporting.attrition import Used
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reasons import say_missing, say_reason
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import describe_hazard_ratio, in_sentence, join_words, start_sentence
from analytics.results import Estimate, Note
from analytics.results.second_opinion import Compared

USUAL, EVERY = "usual", "every"
FEW = 0.05
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class _Frame:
    data: TimeToEvent
    variable: Variable
    within: tuple[Variable, ...]


def _is_related(one: Variable, other: Variable) -> bool:
    """True if both are made from the same column, or one from the other."""
    sources = [{v.name, *(v.derivation.source if v.derivation else ())} for v in (one, other)]
    return bool(sources[0] & sources[1])


def _choose_within(dictionary: Dictionary, cohort: Cohort, params: Params, endpoint: Endpoint) -> tuple[Variable, ...]:
    by = dictionary[params["by"]]
    if params["within"] not in (USUAL, EVERY):
        chosen = dictionary[params["within"]]
        return () if chosen.name == by.name else (chosen,)
    return tuple(
        v
        for v in dictionary.groups
        if v.name in cohort.variables
        and (params["within"] == EVERY or v.name in dictionary.listed("subgroups"))
        and not _is_related(v, by)
        and not is_post_baseline(v, endpoint)
    )


def _order(frame: _Frame, reference: str) -> pd.Categorical:
    """The groups, the reference first."""
    return frame.data.group.reorder_categories(sorted(frame.variable.levels, key=lambda level: level != reference))


def _split(data: TimeToEvent, other: Variable) -> tuple[pd.Series, NDArray[np.bool_]]:
    """The levels of a variable, and of whom it is known."""
    assert data.covariates is not None
    column = data.covariates[other.name].cat.set_categories(list(other.levels))
    return column, column.notna().to_numpy()


def _divide(data: TimeToEvent, group: pd.Categorical, other: Variable) -> Subgrouping:
    """The hazard ratios within the levels of one variable, from the children of whom it is known."""
    column, known = _split(data, other)
    effects = subgroup_effects(group=group[known], subgroup=column[known], **data.arrays(known), conf_type="profile")
    return Subgrouping(other, effects, int(data.weight[~known].sum()))


def _list_notes(found: Subgroups, within: Sequence[Variable]) -> tuple[Note, ...]:
    endpoint, variable = found.endpoint, found.variable
    return (
        *note_post_baseline(
            endpoint, group=variable, filters=filters_of(found.frame), strata=(*strata_of(found.frame), *within)
        ),
        *_note_number(found),
        *_note_sparse(found),
        *(note for note in found.overall.notes if note.code != "events-per-parameter"),
        Note(
            "not-adjusted",
            "info",
            "The groups are compared as they are, not adjusted for anything but the strata: they may differ in much else, and "
            "differently so in each subgroup.",
            "The page on hazard ratios adjusts for other factors.",
        ),
    )


def _note_number(found: Subgroups) -> tuple[Note, ...]:
    tests = sum(s.effects.interaction.p_value is not None for s in found.subgroupings)
    if not found.subgroupings:
        return ()
    subgroups = sum(len(s.variable.levels) for s in found.subgroupings)
    variables = f"{len(found.subgroupings)} variable{'s' if len(found.subgroupings) > 1 else ''}"
    text = f"{subgroups} subgroups by {variables} are looked at. "
    if tests > 1:
        text += (
            f"Were the hazard ratio the same in all of them, the chance that at least one of {tests} tests of interaction "
            f"falls below 0.05 would still be about {format_percent(1 - 0.95**tests, 0)}. "
        )
    return (
        Note(
            "number-of-subgroups",
            "info",
            f"{text}A subgroup whose interval excludes 1 beside one whose interval includes it does not show that they differ.",
            "Read the test of interaction, which asks whether the hazard ratio differs between subgroups, and not the interval "
            "within one of them; with few events it finds large differences only (Wang and colleagues 2007, "
            "doi:10.1056/NEJMsr077003).",
        ),
    )


def _note_sparse(found: Subgroups) -> tuple[Note, ...]:
    sparse = [s.variable.label for s in found.subgroupings if is_sparse(s)]
    if not sparse:
        return ()
    by = join_words(sparse) if len(sparse) <= MOST_NAMED else f"{len(sparse)} of {len(found.subgroupings)} variables"
    return (
        Note(
            "subgroup-sparse",
            "caution",
            f"In at least one subgroup by {by} nobody in one of the groups had the event. The hazard ratio there "
            "is Firth’s, and the test of interaction is approximate at best.",
            "Choose groups or subgroups with more children, or leave the question open.",
        ),
    )


def _say_interaction(result: Subgroups, subgrouping: Subgrouping) -> str:
    other, test = subgrouping.variable, subgrouping.effects.interaction
    if test.p_value is None:
        return f"{other.label}: {say_missing('test of interaction', test.reason)}."
    listed = ""
    if len(result.levels) == 1:
        parts = [
            f"{other.level_label(effect.subgroup)} {ratio_text(effect.ratio)}"
            for effect in result.shown(subgrouping)
            if effect.ratio.value is not None
        ]
        listed = f" hazard ratios, {say_compared(result)}: {join_words(parts)};" if parts else ""
    reading = (
        "the hazard ratio differs between them by more than chance alone would readily explain in a single test"
        if test.p_value < FEW
        else "this does not show that the hazard ratio differs between them, nor that it is the same"
    )
    rough = " (approximate: a group without events)" if is_sparse(subgrouping) else ""
    return f"{other.label}:{listed} test of interaction, {format_p_phrase(test.p_value)}{rough}; {reading}."


def _numbers(ratio: Estimate) -> dict[str, Any]:
    low, high = (ratio.interval.low, ratio.interval.high) if ratio.interval else (None, None)
    return {
        "estimate": ratio.value,
        "std_error": ratio.std_error,
        "conf_low": low,
        "conf_high": high,
        "conf_type": ratio.interval.method if ratio.interval else None,
        "reason": ratio.reason,
    }


class SubgroupsAnalysis(Analysis[_Frame, Subgroups]):
    """Subgroups: whether the hazard ratio between groups is the same in all kinds of children."""

    slug = "subgroups"
    title = "Subgroups"
    question = "Is the difference between groups the same in all kinds of {patients}?"
    section = "Survival"
    order = 70
    icon = ":material/account_tree:"
    method = (
        "Cox regression of the groups among all children and within each subgroup; likelihood-ratio test of interaction for "
        "each subgrouping variable; Firth's penalised likelihood where nobody in a group had the event. Not "
        "adjusted for the number "
        "of tests."
    )
    files = ("estimates",)
    planning = to_planning(plan_subgroups)

    @property
    def requires(self) -> tuple[tuple[str, ...], ...]:
        return endpoint_with(any_group())

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        groups = [v for v in cohort.dictionary.groups if v.name in cohort.variables]
        names = tuple((v.name, v.label) for v in groups)
        first = (*cohort.dictionary.listed("subgroups shown first"), *dict(names), "")
        default = next(name for name in first if name in dict(names) or not name)
        levels = tuple(
            (to_reference(v.name, level), f"{v.label}: {label}")
            for v in groups
            for level, label in zip(v.levels, v.level_labels, strict=True)
        )
        return (
            endpoint_control(cohort),
            Control("by", "Groups compared", "one", default, names),
            Control(
                "within",
                "Within levels of",
                "one",
                USUAL,
                ((USUAL, "the usual variables"), (EVERY, "every variable"), *names),
                help="The usual variables: age, sex, immunophenotype, white cells and MRD on day 46; from "
                "relapse on also its time "
                "and site. Only what is known when the clock starts, and not what the groups themselves are made of.",
                display=True,
            ),
            Control(
                "level",
                "Levels shown",
                "many",
                (),
                levels,
                "more",
                "Levels of the groups compared, each against the reference level. Empty shows all of them.",
                display=True,
            ),
            reference_control(cohort),
            strata_control(cohort),
        )

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
        dictionary = cohort.dictionary
        endpoint, variable = dictionary.endpoint(params["endpoint"]), dictionary[params["by"]]
        within = _choose_within(dictionary, cohort, params, endpoint)
        strata = None if params["strata"] in (NO_STRATA, variable.name) else dictionary[params["strata"]]
        tally = cohort.tally(endpoint_columns(endpoint, variable, strata, *within), cohort_filter)
        filtered_by = [dictionary[clause.variable] for clause in cohort_filter.clauses]
        data = TimeToEvent.from_tally(tally, endpoint, variable, strata, filtered_by, within)
        return _Frame(data, variable, within)

    def estimate(self, frame: _Frame, params: Params) -> Subgroups:
        data, variable = frame.data, frame.variable
        chosen = chosen_references(params).get(variable.name, variable.reference)
        reference = chosen if chosen in variable.levels else variable.levels[0]
        group = _order(frame, reference)
        everyone = pd.DataFrame({variable.name: group})
        overall = estimate_hazard_ratios(covariates=everyone, **data.arrays(), conf_type="profile")
        subgroupings = tuple(_divide(data, group, other) for other in frame.within)
        asked = [choice.split(":", 1)[1] for choice in params["level"] if choice.split(":", 1)[0] == variable.name]
        levels = tuple(level for level in variable.levels if level != reference and (level in asked or not asked))
        found = Subgroups(data, variable, reference, levels, as_read(overall, [variable]), subgroupings, ())
        return replace(found, notes=(*_list_notes(found, frame.within),))

    def headlines(self, result: Subgroups) -> tuple[Headline, ...]:
        frame, noun = result.frame, start_sentence(result.endpoint.event_noun)
        headlines = [
            Headline(
                "Children", format_count(frame.n), f"{start_sentence(result.endpoint.population)}, with a known group."
            ),
            Headline(noun, format_count(frame.n_event), "Among all of them."),
            Headline(
                "Subgroups",
                format_count(sum(len(s.variable.levels) for s in result.subgroupings)),
                "Looked at on this page. The more there are, the more differ by chance.",
            ),
        ]
        if len(result.terms) == 1 and result.terms[0].hazard_ratio.value is not None:
            text = ratio_text(result.terms[0].hazard_ratio)
            headlines.append(
                Headline(
                    f"Hazard ratio, {say_compared(result)}",
                    text,
                    f"{result.variable.label}, all children, with its 95 % interval.",
                )
            )
        return tuple(headlines)

    def figure(self, result: Subgroups, params: Params) -> HtmlFigure:
        return draw_forest(plot_comparison(compare_subgroups(result)))

    def caption(self, result: Subgroups, params: Params) -> str:
        if not result.terms:
            return ""
        broken = " The broken line stands at the hazard ratio among all children." if len(result.terms) == 1 else ""
        return (
            "Each line is the comparison of the same groups in one kind of children, from these children alone. The p beside a "
            f"variable tests whether its levels differ in the hazard ratio.{broken}"
        )

    def alt_text(self, result: Subgroups) -> str:
        return describe_comparison(compare_subgroups(result))

    def sentences(self, result: Subgroups) -> tuple[str, ...]:
        sentences = [
            describe_hazard_ratio(term, result.variable, result.reference, (), result.endpoint) for term in result.terms
        ]
        if not result.terms or result.overall.reason is not None:
            why = "no level is compared" if result.overall.reason is None else say_reason(result.overall.reason)
            return (f"No hazard ratio can be given: {why}.",)
        if all(term.hazard_ratio.value is None for term in result.terms):
            return tuple(sentences)  # where all children cannot be compared, no part of them can
        return (*sentences, *(_say_interaction(result, s) for s in result.subgroupings))

    def used(self, result: Subgroups) -> Used:
        return Used.from_frame(result.frame)

    def tests(self, result: Subgroups) -> tuple[ComparedTest, ...]:
        """The test of interaction of each subgrouping variable."""
        by, endpoint = in_sentence(result.variable.label), in_sentence(result.endpoint.label)
        within = (
            f", within levels of {in_sentence(result.frame.conditions[-1].label)}"
            if result.frame.strata is not None
            else ""
        )
        return tuple(
            ComparedTest(
                f"test of interaction of {by} with {in_sentence(s.variable.label)} for {endpoint}{within}",
                s.effects.interaction.p_value,
            )
            for s in result.subgroupings
        )

    def downloads(self, result: Subgroups) -> Mapping[str, pd.DataFrame]:
        n_event_reference, n_reference = reference_counts(result)
        rows: list[dict[str, Any]] = []
        for term in result.terms:
            row = {"group": term.level, "reference": result.reference, **_numbers(term.hazard_ratio)}
            row |= {name: getattr(term, name) for name in ("n", "n_event", "p_value", "p_value_wald")}
            row |= {"n_reference": n_reference, "n_event_reference": n_event_reference, "method": result.overall.method}
            rows.append({**row, "test": result.overall.ratio_test if term.p_value is not None else None})
        counts = ["group", "reference", "n", "n_event", "n_reference", "n_event_reference"]
        for subgrouping in result.subgroupings:
            test = subgrouping.effects.interaction
            tested = {f"{name}_interaction": getattr(test, name) for name in ("statistic", "df")}
            for effect in result.shown(subgrouping):
                row = {
                    "variable": subgrouping.variable.name,
                    "level": effect.subgroup,
                    **_numbers(label_reason(effect.ratio, result.variable)),
                }
                row |= {name: getattr(effect, name) for name in (*counts, "method", "test", "p_value", "p_value_wald")}
                rows.append(row | tested | {"p_interaction": test.p_value})
        columns = ["variable", "level", *counts, "estimate", "std_error", "conf_low", "conf_high", "conf_level"]
        columns += ["conf_type", "test", "p_value", "p_value_wald", "method", "reason"]
        columns += ["statistic_interaction", "df_interaction", "p_interaction"]
        return {"estimates": pd.DataFrame(rows, columns=columns).assign(conf_level=result.overall.conf_level)}

    def second_opinion(self, frame: _Frame, result: Subgroups, params: Params) -> Iterator[Compared]:
        data, name = frame.data, frame.variable.name
        group = _order(frame, result.reference)
        yield from compare_hazard_ratios(result.overall, covariates=pd.DataFrame({name: group}), **data.arrays())
        for subgrouping in result.subgroupings:
            other, effects = subgrouping.variable, subgrouping.effects
            column, known = _split(data, other)
            arrays = {"group": group[known], "subgroup": column[known].array, **data.arrays(known)}
            yield from ask_libraries(effects, **arrays, variable=name, model=other.name)
