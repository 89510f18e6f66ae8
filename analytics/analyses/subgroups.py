"""Subgroups: whether the hazard ratio between groups is the same in all kinds of children."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from analytics.analysis import Analysis, Control, Params, lazy, to_reference
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.power import (
    FOUR_IN_FIVE,
    HUNDREDFOLD,
    Plan,
    best_pair,
    detect_groups,
    detect_subgroups,
    limit_cells,
    plan_groups,
    tabulate_terms,
    to_planning,
)
from analytics.comparisons.regression import as_read, chosen_references, reference_control
from analytics.comparisons.requirements import any_group, endpoint_with
from analytics.comparisons.survival import NO_STRATA, endpoint_control, strata_control
from analytics.dictionary import Dictionary, Endpoint, Variable
from analytics.document import ComparedTest, Headline, HtmlFigure
from analytics.estimators.cox import estimate_hazard_ratios
from analytics.estimators.interaction import subgroup_effects
from analytics.estimators.power import Detectable
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios
from analytics.estimators.second_opinion.treatment import compare_subgroups
from analytics.figures.comparison_forest import (
    ComparisonForest,
    ComparisonRow,
    describe_comparison,
    plot_comparison,
)
from analytics.figures.forest_html import draw_html
from analytics.figures.forest_svg import draw_svg
from analytics.formats import (
    MISSING,
    format_count,
    format_p,
    format_p_phrase,
    format_percent,
    format_ratio,
    is_withheld,
)
from analytics.frames import TimeToEvent, endpoint_columns, filters_of, is_post_baseline, strata_of
from analytics.reporting.attrition import Used, list_losses, name_complete, name_eligible
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reasons import say_missing, say_reason
from analytics.reporting.tables import Table
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import describe_hazard_ratio, in_sentence, join_words, start_sentence
from analytics.results import Estimate, HazardRatio, HazardRatioResult, Note, Result, SubgroupEffect, SubgroupResult
from analytics.results.second_opinion import Compared

USUAL, EVERY = "usual", "every"
USUAL_VARIABLES = (
    "age_group",
    "sex",
    "immunophenotype",
    "white_cells_group",
    "mrd_day46",
    "relapse_timing_bfm",
    "relapse_site_group",
)
FEW = 0.05
MOST_NAMED = 3
DEFAULT_GROUPS = ("mrd_day46", "immunophenotype")


@dataclass(frozen=True, slots=True)
class Subgrouping(Result):
    """One variable by whose levels the children are divided: the hazard ratios in each, and the test of interaction.

    ``n_missing`` children of the analysis have no value of it.
    """

    variable: Variable
    effects: SubgroupResult
    n_missing: int


@dataclass(frozen=True)
class Subgroups(Result):
    """Hazard ratios between the groups of one variable, among all children and within subgroups of them.

    ``levels`` are the compared levels that are shown, ``overall`` the Cox model of the groups among all children.
    """

    frame: TimeToEvent
    variable: Variable
    reference: str
    levels: tuple[str, ...]
    overall: HazardRatioResult
    subgroupings: tuple[Subgrouping, ...]
    notes: tuple[Note, ...]

    @property
    def endpoint(self) -> Endpoint:
        """What is waited for, and from when."""
        return self.frame.endpoint

    @lazy
    def detectable(self) -> Mapping[str, Mapping[tuple[str, str], Detectable]]:
        """Per variable the hazard ratios that would have been found in each of its subgroups; made when first needed."""
        return {s.variable.name: detect_subgroups(self.frame, self.reference, s.variable) for s in self.subgroupings}

    @property
    def terms(self) -> tuple[HazardRatio, ...]:
        """The hazard ratios among all children that are shown."""
        return tuple(term for term in self.overall.terms if term.level in self.levels and not term.is_reference)

    def shown(self, subgrouping: Subgrouping) -> tuple[SubgroupEffect, ...]:
        """The hazard ratios within subgroups that are shown, in the order of the levels."""
        return tuple(effect for effect in subgrouping.effects.subgroups if effect.group in self.levels)


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
        and (params["within"] == EVERY or v.name in USUAL_VARIABLES)
        and not _is_related(v, by)
        and not is_post_baseline(v, endpoint)
    )


def _divide(data: TimeToEvent, group: pd.Categorical, other: Variable) -> Subgrouping:
    """The hazard ratios within the levels of one variable, from the children of whom it is known."""
    assert data.covariates is not None
    column = data.covariates[other.name].cat.set_categories(list(other.levels))
    known = column.notna().to_numpy()
    effects = subgroup_effects(
        data.time[known],
        data.event[known],
        group[known],
        column[known],
        entry=None if data.entry is None else data.entry[known],
        weight=data.weight[known],
        strata=None if data.strata is None else data.strata[known],
        conf_type="profile",
    )
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
    sparse = [s.variable.label for s in found.subgroupings if _is_sparse(s)]
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


def _compared(result: Subgroups) -> str:
    """What every ratio of the page compares ("positive against negative")."""
    levels = join_words([result.variable.level_label(level) for level in result.levels])
    return f"{levels} against {result.variable.level_label(result.reference)}"


def _forest(result: Subgroups) -> ComparisonForest:
    variable, noun = result.variable, start_sentence(result.endpoint.event_noun)
    several = len(result.levels) > 1
    rows = [
        ComparisonRow(
            "All children",
            term.hazard_ratio,
            variable.level_label(term.level) if several else "",
            _counts(term.n_event, term.n, *_reference_counts(result)),
            is_emphasised=True,
        )
        for term in result.terms
    ]
    for subgrouping in result.subgroupings if rows else ():
        other, test = subgrouping.variable, subgrouping.effects.interaction
        about = [f"{format_count(subgrouping.n_missing)} {other.missing_label}"] if subgrouping.n_missing else []
        if test.p_value is None:
            start = "test of interaction " if is_withheld(test.reason) else "no test of interaction: "
            about.append(f"{start}{say_reason(test.reason)}")
        p = "" if test.p_value is None else format_p(test.p_value)
        rows.append(ComparisonRow(other.label, None, "; ".join(about), p=p))
        for effect in result.shown(subgrouping):
            assert effect.subgroup is not None
            rows.append(
                ComparisonRow(
                    other.level_label(effect.subgroup),
                    _with_label(effect.ratio, variable),
                    variable.level_label(effect.group) if several else "",
                    _counts(effect.n_event, effect.n, effect.n_event_reference, effect.n_reference),
                    is_indented=True,
                )
            )
    first = variable.level_label(result.levels[0]) if len(result.levels) == 1 else "level"
    values = [term.hazard_ratio.value for term in result.terms]
    return ComparisonForest(
        rows=tuple(rows),
        measure="hazard ratio",
        label_head="Among",
        count_heads=(f"{noun}, {first}", f"{noun}, {variable.level_label(result.reference)}"),
        conf_level=result.overall.conf_level,
        p_head="p (interaction)",
        p_help="The likelihood-ratio p of interaction: whether the hazard ratio differs between the levels of the variable.",
        guide=values[0] if len(values) == 1 else None,
        footnotes=_footnotes(result) if rows else (),
        compared=f"{in_sentence(variable.label)}, {_compared(result)}" if rows else "",
    )


def _footnotes(result: Subgroups) -> tuple[str, ...]:
    variable = result.variable
    compared = f"{variable.label}: {_compared(result)}"
    stratified = f", stratified by {result.frame.conditions[-1].label}" if result.frame.strata is not None else ""
    effects = [e for s in result.subgroupings for e in result.shown(s)]
    methods = {result.overall.method, *(e.method for e in effects)}
    firth = "; Firth’s penalised likelihood where nobody in a group had the event" if "firth" in methods else ""
    return (f"{compared}. {result.endpoint.label}, Cox regression{stratified}{firth}. Profile-likelihood intervals.",)


def _reference_counts(result: Subgroups) -> tuple[int, int]:
    reference = next(term for term in result.overall.terms if term.level == result.reference)
    return reference.n_event, reference.n


def _counts(n_event: int, n: int, n_event_reference: int, n_reference: int) -> tuple[str, str]:
    return (
        f"{format_count(n_event)} of {format_count(n)}",
        f"{format_count(n_event_reference)} of {format_count(n_reference)}",
    )


def _why_none(result: Subgroups) -> str:
    return "no level is compared" if result.overall.reason is None else say_reason(result.overall.reason)


def _with_label(ratio: Estimate, variable: Variable) -> Estimate:
    """The ratio; where there is none for want of a group, with the label of that group."""
    level = None if ratio.reason is None else ratio.reason.get("group")
    if ratio.reason is None or level is None:
        return ratio
    return replace(ratio, reason=ratio.reason.but(group=variable.level_label(level)))


def _plan(result: Subgroups, params: Params) -> Plan:
    """What a next study would find among all children and in each subgroup, and how far two would have to differ."""
    labels = {level: result.variable.level_label(level) for level in result.variable.levels}
    among_all = plan_groups(detect_groups(result.frame, result.reference), labels, result.endpoint.event_noun)
    within = [
        tabulate_terms({(level, group): one})
        .rename(columns={"variable": "level", "level": "group"})
        .assign(variable=name)
        for name, found in result.detectable.items()
        for (level, group), one in found.items()
    ]
    rows = [row for frame in (among_all.frame, *within) for row in frame.to_dict("records")]
    columns = ["term", "variable", "level", *among_all.frame.columns[1:]]
    sentences = (*among_all.sentences, *(said for s in result.subgroupings if (said := _say_missed(result, s))))
    return Plan(sentences, _tabulate_detectable(result), pd.DataFrame(rows, columns=columns))


def _tabulate_detectable(result: Subgroups) -> tuple[Table, ...]:
    """What each subgroup of a next study would find, and by how much two of them would have to differ."""
    variable, several = result.variable, len(result.levels) > 1
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    for subgrouping in result.subgroupings:
        other, found = subgrouping.variable, result.detectable[subgrouping.variable.name]
        shown = {key: one for key, one in found.items() if key[1] in result.levels and one.n}
        if not shown:
            continue
        pair = None if several else best_pair(list(shown.values()))
        between = (MISSING, MISSING) if pair is None else limit_cells(pair)
        rows.append((other.label, "", *(("", "") if several else between)))
        indent.append(False)
        for (level, group), one in shown.items():
            of = f", {variable.level_label(group)}" if several else ""
            counts = f"{format_count(one.n_event)} of {format_count(one.n)}"
            rows.append((f"{other.level_label(level)}{of}", counts, *limit_cells(one)))
            indent.append(True)
    if not rows or result.overall.reason is not None:
        return ()
    pairs = (
        ""
        if several
        else " In the row of a variable: how many times as high as in another the hazard ratio of one of its subgroups would "
        "have to be (of the two with most events to compare) for a test of interaction to find it."
    )
    return (
        Table(
            title="What each subgroup of a next study would find",
            columns=("Among", "Events", "Below 1", "Above 1"),
            rows=tuple(rows),
            indent=tuple(indent),
            help=(
                "",
                "Of the children of both groups compared",
                "A hazard ratio of this or less",
                "A hazard ratio of this or more",
            ),
            caption=f"Hazard ratios that a subgroup of this size would find {FOUR_IN_FIVE} (80\u00a0% power, p < 0.05); those "
            f"nearer to 1 it would often miss.{pairs}",
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
        listed = f" hazard ratios, {_compared(result)}: {join_words(parts)};" if parts else ""
    reading = (
        "the hazard ratio differs between them by more than chance alone would readily explain in a single test"
        if test.p_value < FEW
        else "this does not show that the hazard ratio differs between them, nor that it is the same"
    )
    rough = " (approximate: a group without events)" if _is_sparse(subgrouping) else ""
    return f"{other.label}:{listed} test of interaction, {format_p_phrase(test.p_value)}{rough}; {reading}."


def _say_missed(result: Subgroups, subgrouping: Subgrouping) -> str:
    """By how much two subgroups would have to differ to be told apart, where one level is compared."""
    found = result.detectable[subgrouping.variable.name]
    pair = best_pair([one for (_, group), one in found.items() if group in result.levels])
    if len(result.levels) != 1 or pair is None or pair.high is None:
        return ""
    if pair.high > HUNDREDFOLD:
        return f"{subgrouping.variable.label}: even hazard ratios a hundred times apart would often be missed."
    return (
        f"{subgrouping.variable.label}: a next study of this size would find one hazard ratio {format_ratio(pair.high)} times "
        f"the other {FOUR_IN_FIVE}; less would often be missed."
    )


def _is_sparse(subgrouping: Subgrouping) -> bool:
    """True if in a subgroup nobody in one of the groups had the event."""
    return any(note.code == "interaction-sparse" for note in subgrouping.effects.notes)


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
    question = "Is the difference between groups the same in all kinds of children?"
    section = "Survival"
    order = 70
    icon = ":material/account_tree:"
    method = (
        "Cox regression of the groups among all children and within each subgroup; likelihood-ratio test of interaction for "
        "each subgrouping variable; Firth's penalised likelihood where nobody in a group had the event. Not "
        "adjusted for the number "
        "of tests."
    )
    requires = endpoint_with(any_group())
    files = ("estimates",)
    planning = to_planning(_plan)

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        groups = [v for v in cohort.dictionary.groups if v.name in cohort.variables]
        names = tuple((v.name, v.label) for v in groups)
        default = next((name for name in DEFAULT_GROUPS if name in dict(names)), names[0][0] if names else "")
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
        group = data.group.reorder_categories([reference, *(level for level in variable.levels if level != reference)])
        overall = estimate_hazard_ratios(
            data.time,
            data.event,
            pd.DataFrame({variable.name: group}),
            entry=data.entry,
            weight=data.weight,
            strata=data.strata,
            conf_type="profile",
        )
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
                    f"Hazard ratio, {_compared(result)}",
                    text,
                    f"{result.variable.label}, all children, with its 95 % interval.",
                )
            )
        return tuple(headlines)

    def figure(self, result: Subgroups, params: Params) -> HtmlFigure:
        forest = plot_comparison(_forest(result))
        return HtmlFigure(draw_html(forest), partial(draw_svg, forest))

    def caption(self, result: Subgroups, params: Params) -> str:
        if not result.terms:
            return ""
        broken = " The broken line stands at the hazard ratio among all children." if len(result.terms) == 1 else ""
        return (
            "Each line is the comparison of the same groups in one kind of children, from these children alone. The p beside a "
            f"variable tests whether its levels differ in the hazard ratio.{broken}"
        )

    def alt_text(self, result: Subgroups) -> str:
        return describe_comparison(_forest(result))

    def tables(self, result: Subgroups) -> tuple[Table, ...]:
        return ()  # the figure is the table

    def sentences(self, result: Subgroups) -> tuple[str, ...]:
        sentences = [
            describe_hazard_ratio(term, result.variable, result.reference, (), result.endpoint) for term in result.terms
        ]
        if not result.terms or result.overall.reason is not None:
            return (f"No hazard ratio can be given: {_why_none(result)}.",)
        if all(term.hazard_ratio.value is None for term in result.terms):
            return tuple(sentences)  # where all children cannot be compared, no part of them can
        return (*sentences, *(_say_interaction(result, s) for s in result.subgroupings))

    def used(self, result: Subgroups) -> Used:
        frame = result.frame
        return Used(
            eligible=name_eligible(frame.endpoint),
            losses=list_losses(frame.exclusions),
            n=frame.n,
            n_event=frame.n_event,
            events=frame.endpoint.event_noun,
            complete=name_complete([result.variable, *strata_of(frame)]),
        )

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
        reference = _reference_counts(result)
        rows: list[dict[str, Any]] = []
        for term in result.terms:
            row: dict[str, Any] = {"group": term.level, "reference": result.reference, **_numbers(term.hazard_ratio)}
            row |= {
                "n": term.n,
                "n_event": term.n_event,
                "n_reference": reference[1],
                "n_event_reference": reference[0],
            }
            tested = result.overall.ratio_test if term.p_value is not None else None
            row |= {"test": tested, "p_value": term.p_value, "p_value_wald": term.p_value_wald}
            rows.append(row | {"method": result.overall.method})
        for subgrouping in result.subgroupings:
            test = subgrouping.effects.interaction
            for effect in result.shown(subgrouping):
                row = {
                    "variable": subgrouping.variable.name,
                    "level": effect.subgroup,
                    **_numbers(_with_label(effect.ratio, result.variable)),
                }
                names = ["group", "reference", "n", "n_event", "n_reference", "n_event_reference", "method"]
                names += ["test", "p_value", "p_value_wald"]
                row |= {name: getattr(effect, name) for name in names}
                row |= {
                    "statistic_interaction": test.statistic,
                    "df_interaction": test.df,
                    "p_interaction": test.p_value,
                }
                rows.append(row)
        columns = [
            "variable",
            "level",
            "group",
            "reference",
            "n",
            "n_event",
            "n_reference",
            "n_event_reference",
            "estimate",
        ]
        columns += ["std_error", "conf_low", "conf_high", "conf_level", "conf_type", "test", "p_value"]
        columns += [
            "p_value_wald",
            "method",
            "reason",
            "statistic_interaction",
            "df_interaction",
            "p_interaction",
        ]
        return {"estimates": pd.DataFrame(rows, columns=columns).assign(conf_level=result.overall.conf_level)}

    def second_opinion(self, frame: _Frame, result: Subgroups, params: Params) -> Iterator[Compared]:
        data, name = frame.data, frame.variable.name
        others = [level for level in frame.variable.levels if level != result.reference]
        group = data.group.reorder_categories([result.reference, *others])
        arrays: dict[str, Any] = {"weight": data.weight, "entry": data.entry, "strata": data.strata}
        everyone = pd.DataFrame({name: group})
        yield from compare_hazard_ratios(result.overall, data.time, data.event, everyone, **arrays)
        for subgrouping in result.subgroupings:
            assert data.covariates is not None
            other = subgrouping.variable
            column = data.covariates[other.name].cat.set_categories(list(other.levels))
            known = column.notna().to_numpy()
            own: dict[str, Any] = {key: None if values is None else values[known] for key, values in arrays.items()}
            yield from compare_subgroups(
                *(subgrouping.effects, data.time[known], data.event[known], group[known], column[known].array),
                **own,
                variable=name,
                model=other.name,
            )
