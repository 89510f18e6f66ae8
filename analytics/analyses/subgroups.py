"""Subgroups: whether the hazard ratio between groups is the same in all kinds of patients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from analytics.analysis import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.beside import RATIOS_UNTESTED, name_both, stack_sides
from analytics.comparisons.choices import (
    chosen_levels,
    chosen_references,
    endpoint_control,
    list_reference_options,
    reference_control,
    strata_control,
)
from analytics.comparisons.power import to_planning
from analytics.comparisons.regression import as_read, draw_forest, picture_comparison
from analytics.comparisons.requirements import any_group, endpoint_with
from analytics.comparisons.subgroups import (
    Subgroups,
    TwoSubgroups,
    compare_subgroups,
    compare_two_subgroups,
    order_groups,
    plan_subgroups,
    split_groups,
)
from analytics.comparisons.survival import prepare_survival
from analytics.dictionary import Dictionary, Endpoint, Variable, load_words
from analytics.document import ComparedTest, Headline, HtmlFigure, Sides
from analytics.document import Contrast as Beside
from analytics.estimators import estimate_hazard_ratios, subgroup_effects
from analytics.estimators.second_opinion.hazards import compare_hazard_ratios
from analytics.estimators.second_opinion.treatment import compare_subgroups as ask_libraries
from analytics.figures.forest.comparison import describe_comparison, plot_comparison
from analytics.formats import format_count
from analytics.frames import TimeToEvent, filters_of, is_post_baseline, strata_of
from analytics.reporting.answers import answer_ratio
from analytics.reporting.attrition import Used
from analytics.reporting.estimates import ratio_text
from analytics.reporting.files import name_measure
from analytics.reporting.reasons import say_reason
from analytics.reporting.regression import has_few_events
from analytics.reporting.subgroups import (
    Contrast,
    Subgrouping,
    count_interactions,
    note_number,
    note_sparse,
    note_unadjusted,
    say_interaction,
)
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import describe_hazard_ratio, in_sentence, name_strata, start_sentence
from analytics.results.regression import EFFECT_COLUMNS, SubgroupEffect
from analytics.results.second_opinion import Compared

USUAL, EVERY = "usual", "every"


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


class SubgroupsAnalysis(Analysis[_Frame, Subgroups]):
    """Subgroups: whether the hazard ratio between groups is the same in all kinds of patients."""

    slug = "subgroups"
    title = "Subgroups"
    question = "Is the difference between groups the same in all kinds of {patients}?"
    section = "Survival"
    order = 70
    icon = ":material/account_tree:"
    method = (
        "Cox regression of the groups among all {patients} and within each subgroup; likelihood-ratio test of interaction for "
        "each subgrouping variable; Firth's penalised likelihood where nobody in a group had the event. Not "
        "adjusted for the number of tests."
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
        return (
            endpoint_control(cohort),
            Control("by", "Groups compared", "one", default, names),
            Control(
                "within",
                "Within levels of",
                "one",
                USUAL,
                ((USUAL, "the usual variables"), (EVERY, "every variable"), *names),
                help="The usual variables: {usual_subgroups}. Only what is known when the clock starts, and not "
                "what the groups themselves are made of.",
                display=True,
            ),
            Control(
                "level",
                "Levels shown",
                "many",
                (),
                list_reference_options(groups),
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
        return _Frame(prepare_survival(cohort, cohort_filter, params, variable, within), variable, within)

    def estimate(self, frame: _Frame, params: Params) -> Subgroups:
        data, variable = frame.data, frame.variable
        chosen = chosen_references(params).get(variable.name, variable.reference)
        reference = chosen if chosen in variable.levels else variable.levels[0]
        overall = estimate_hazard_ratios(
            covariates=pd.DataFrame({variable.name: order_groups(data, reference)}),
            **data.arrays(),
            conf_type="profile",
        )
        subgroupings = []
        for other in frame.within:
            arrays, n_missing = split_groups(data, reference, other)
            subgroupings.append(
                Subgrouping(other, subgroup_effects(**arrays, conf_type="profile", with_overall=False), n_missing)
            )
        asked = chosen_levels(params["level"], variable)
        levels = tuple(level for level in variable.levels if level != reference and (level in asked or not asked))
        strata = (*strata_of(data), *frame.within)
        notes = (
            *note_post_baseline(data.endpoint, group=variable, filters=filters_of(data), strata=strata),
            *note_number(subgroupings),
            *note_sparse(subgroupings),
            *(note for note in overall.notes if note.code != "events-per-parameter"),
            note_unadjusted(),
        )
        contrast = Contrast(variable, reference, levels)
        return Subgroups(data, contrast, as_read(overall, [variable]), tuple(subgroupings), notes)

    def headlines(self, result: Subgroups) -> tuple[Headline, ...]:
        frame, noun = result.frame, start_sentence(result.endpoint.event_noun)
        words, whom = load_words(), start_sentence(result.endpoint.population)
        base = [term for term in result.overall.terms if term.is_reference][:1]
        headlines = [
            Headline(words.head, format_count(frame.n), f"{whom}, with a known group."),
            Headline(noun, format_count(frame.n_event), "Among all of them."),
            Headline(
                "Subgroups",
                format_count(sum(len(s.variable.levels) for s in result.subgroupings)),
                "Looked at on this page. The more there are, the more differ by chance.",
            ),
        ]
        if len(result.terms) == 1 and (ratio := result.terms[0].hazard_ratio).value is not None:
            if has_few_events(result.overall):
                counts = [f"{format_count(t.n_event)} of {format_count(t.n)}" for t in (result.terms[0], *base)]
                about = f"{result.variable.label}, all {words.plural}; too few for a single ratio."
                return (*headlines, Headline(f"{noun}, {result.contrast.text}", " and ".join(counts), about))
            about = f"{result.variable.label}, all {words.plural}, with its 95 % interval."
            headlines.append(Headline(f"Hazard ratio, {result.contrast.text}", ratio_text(ratio), about))
        return tuple(headlines)

    def figure(self, result: Subgroups, params: Params) -> HtmlFigure:
        return draw_forest(plot_comparison(compare_subgroups(result)))

    def caption(self, result: Subgroups, params: Params) -> str:
        if not result.terms:
            return ""
        plural = load_words().plural
        broken = f" The broken line stands at the hazard ratio among all {plural}." if len(result.terms) == 1 else ""
        return (
            f"Each line is the comparison of the same groups in one kind of {plural}, from these {plural} alone. The p beside "
            f"a variable tests whether its levels differ in the hazard ratio.{broken}"
        )

    def alt_text(self, result: Subgroups) -> str:
        return describe_comparison(compare_subgroups(result))

    def answer(self, result: Subgroups) -> tuple[str, ...]:
        if not result.terms or result.overall.reason is not None:
            return self.sentences(result)
        model, labels = result.overall, result.variable.level_label
        base = next((term for term in model.terms if term.is_reference), None)
        term = result.terms[0]
        compared = (f"{result.variable.label}, {labels(term.level)}", labels(result.contrast.reference))
        first = answer_ratio(term, base, model, result.endpoint, labels=compared, how="not adjusted")
        return (first, count_interactions(result.subgroupings))

    def sentences(self, result: Subgroups) -> tuple[str, ...]:
        if not result.terms or result.overall.reason is not None:
            why = "no level is compared" if result.overall.reason is None else say_reason(result.overall.reason)
            return (f"No hazard ratio can be given: {why}.",)
        about = (result.variable, result.contrast.reference, (), result.endpoint)
        sentences = [describe_hazard_ratio(term, *about) for term in result.terms]
        # Where all cannot be compared, no part of them can.
        if any(term.hazard_ratio.value is not None for term in result.terms):
            sentences += [say_interaction(result.contrast, s) for s in result.subgroupings]
        return tuple(sentences)

    def used(self, result: Subgroups) -> Used:
        return Used.from_frame(result.frame)

    def tests(self, result: Subgroups) -> tuple[ComparedTest, ...]:
        """The test of interaction of each subgrouping variable."""
        by, endpoint = in_sentence(result.variable.label), in_sentence(result.endpoint.label)
        within = name_strata(strata_of(result.frame))
        return tuple(
            ComparedTest(
                f"test of interaction of {by} with {in_sentence(s.variable.label)} for {endpoint}{within}",
                s.effects.interaction.p_value,
            )
            for s in result.subgroupings
        )

    def downloads(self, result: Subgroups) -> Mapping[str, pd.DataFrame]:
        tests = {s.variable.name: s.effects.interaction for s in result.subgroupings}
        effects: list[tuple[str | None, SubgroupEffect]] = [(None, effect) for effect in result.among_all]
        effects += [(s.variable.name, effect) for s in result.subgroupings for effect in s.shown(result.contrast)]
        rows = []
        for name, effect in effects:
            labelled, test = replace(effect, ratio=result.contrast.label_reason(effect.ratio)), tests.get(name or "")
            interaction = {f"{one}_interaction": getattr(test, one, None) for one in ("statistic", "df", "p_value")}
            rows.append({"variable": name, **labelled.to_row(result.overall.conf_level), **interaction})
        columns = ["variable", *EFFECT_COLUMNS, "statistic_interaction", "df_interaction", "p_value_interaction"]
        frame = pd.DataFrame(rows, columns=columns).rename(columns={"p_value_interaction": "p_interaction"})
        return {"estimates": name_measure(frame, "hazard_ratio")}

    def join(self, first: Subgroups, second: Subgroups, params: Params, sides: Sides) -> TwoSubgroups:
        return TwoSubgroups(first, second)

    def show_joined(self, joined: TwoSubgroups, params: Params, sides: Sides) -> Beside:
        picture = picture_comparison(name_both(sides), compare_two_subgroups(joined, sides))
        first, second = (self.downloads(one)["estimates"] for one in (joined.first, joined.second))
        return Beside(picture, sentences=(RATIOS_UNTESTED,), frame=partial(stack_sides, first, second, "hazard ratio"))

    def second_opinion(self, frame: _Frame, result: Subgroups, params: Params) -> Iterator[Compared]:
        data, name, reference = frame.data, frame.variable.name, result.contrast.reference
        everyone = pd.DataFrame({name: order_groups(data, reference)})
        yield from compare_hazard_ratios(result.overall, covariates=everyone, **data.arrays())
        for subgrouping in result.subgroupings:
            arrays, _ = split_groups(data, reference, subgrouping.variable)
            yield from ask_libraries(subgrouping.effects, **arrays, variable=name, model=subgrouping.variable.name)
