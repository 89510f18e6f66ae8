"""Hazard ratios between groups within subgroups of children: their forest, and what a next study would find there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analytics.analysis import Params, lazy
from analytics.comparisons.power import best_pair, detect_groups, detect_subgroups
from analytics.comparisons.regression import stack
from analytics.dictionary import Endpoint, Variable
from analytics.estimators.power import Detectable
from analytics.figures.comparison_forest import ComparisonForest, ComparisonRow
from analytics.formats import MISSING, format_count, format_p, format_ratio, is_withheld
from analytics.frames import TimeToEvent
from analytics.reporting.planning import FOUR_IN_FIVE, HUNDREDFOLD, Plan, limit_cells, plan_groups, tabulate_terms
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, join_words, start_sentence
from analytics.results import Estimate, HazardRatio, HazardRatioResult, Note, Result, SubgroupEffect, SubgroupResult


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


def say_compared(result: Subgroups) -> str:
    """What every ratio of the page compares ("positive against negative")."""
    levels = join_words([result.variable.level_label(level) for level in result.levels])
    return f"{levels} against {result.variable.level_label(result.reference)}"


def compare_subgroups(result: Subgroups) -> ComparisonForest:
    """The ratios among all children and in every subgroup, with the test of interaction of each variable."""
    variable, noun = result.variable, start_sentence(result.endpoint.event_noun)
    several = len(result.levels) > 1
    rows = [
        ComparisonRow(
            "All children",
            term.hazard_ratio,
            variable.level_label(term.level) if several else "",
            _counts(term.n_event, term.n, *reference_counts(result)),
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
                    label_reason(effect.ratio, variable),
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
        compared=f"{in_sentence(variable.label)}, {say_compared(result)}" if rows else "",
    )


def _footnotes(result: Subgroups) -> tuple[str, ...]:
    variable = result.variable
    compared = f"{variable.label}: {say_compared(result)}"
    stratified = f", stratified by {result.frame.conditions[-1].label}" if result.frame.strata is not None else ""
    effects = [e for s in result.subgroupings for e in result.shown(s)]
    methods = {result.overall.method, *(e.method for e in effects)}
    firth = "; Firth’s penalised likelihood where nobody in a group had the event" if "firth" in methods else ""
    return (f"{compared}. {result.endpoint.label}, Cox regression{stratified}{firth}. Profile-likelihood intervals.",)


def reference_counts(result: Subgroups) -> tuple[int, int]:
    """Events and children of the reference level, of all children."""
    reference = next(term for term in result.overall.terms if term.level == result.reference)
    return reference.n_event, reference.n


def _counts(n_event: int, n: int, n_event_reference: int, n_reference: int) -> tuple[str, ...]:
    pairs = ((n_event, n), (n_event_reference, n_reference))
    return tuple(f"{format_count(events)} of {format_count(all_)}" for events, all_ in pairs)


def label_reason(ratio: Estimate, variable: Variable) -> Estimate:
    """The ratio; where there is none for want of a group, with the label of that group."""
    level = None if ratio.reason is None else ratio.reason.get("group")
    if ratio.reason is None or level is None:
        return ratio
    return replace(ratio, reason=ratio.reason.but(group=variable.level_label(level)))


def is_sparse(subgrouping: Subgrouping) -> bool:
    """True if in a subgroup nobody in one of the groups had the event."""
    return any(note.code == "interaction-sparse" for note in subgrouping.effects.notes)


def plan_subgroups(result: Subgroups, params: Params) -> Plan:
    """What a next study would find among all children and in each subgroup, and how far two would have to differ."""
    labels = {level: result.variable.level_label(level) for level in result.variable.levels}
    among_all = plan_groups(detect_groups(result.frame, result.reference), labels, result.endpoint.events)
    within = [
        tabulate_terms({(level, group): one})
        .rename(columns={"variable": "level", "level": "group"})
        .assign(variable=name)
        for name, found in result.detectable.items()
        for (level, group), one in found.items()
    ]
    columns = ["term", "variable", "level", *among_all.frame.columns[1:]]
    sentences = (*among_all.sentences, *(said for s in result.subgroupings if (said := _say_missed(result, s))))
    return Plan(sentences, _tabulate_detectable(result), stack([among_all.frame.reindex(columns=columns), *within]))


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
                *(f"A hazard ratio of this or {side}" for side in ("less", "more")),
            ),
            caption=f"Hazard ratios that a subgroup of this size would find {FOUR_IN_FIVE} (80\u00a0% power, p < 0.05); those "
            f"nearer to 1 it would often miss.{pairs}",
        ),
    )


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
