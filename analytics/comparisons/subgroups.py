"""Hazard ratios between groups within subgroups of patients: their forest, and what a next study would find there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from analytics.analysis import Params, lazy
from analytics.comparisons.beside import name_sides
from analytics.comparisons.power import best_pair, detect_groups
from analytics.comparisons.regression import stack
from analytics.dictionary import Endpoint, Variable, load_words
from analytics.document import Sides
from analytics.estimators import Detectable, detectable_in_subgroups
from analytics.figures.forest.comparison import ComparisonForest, ComparisonRow
from analytics.formats import MISSING, format_count, format_p, format_ratio, is_withheld, keep_together
from analytics.frames import TimeToEvent
from analytics.reporting.planning import FOUR_IN_FIVE, HUNDREDFOLD, Plan, limit_cells, plan_groups, tabulate_terms
from analytics.reporting.reasons import say_reason
from analytics.reporting.subgroups import Contrast, Subgrouping
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, start_sentence
from analytics.results import HazardRatio, HazardRatioResult, Note, Result, SubgroupEffect


def order_groups(frame: TimeToEvent, reference: str) -> pd.Categorical:
    """The groups, the reference first."""
    return frame.group.reorder_categories(sorted(frame.group.categories, key=lambda level: level != reference))


def split_groups(frame: TimeToEvent, reference: str, other: Variable) -> tuple[dict[str, Any], int]:
    """What a comparison of the groups within the levels of a variable takes, and how many have no value of it."""
    assert frame.covariates is not None
    column = frame.covariates[other.name].cat.set_categories(list(other.levels))
    known = column.notna().to_numpy()
    group = order_groups(frame, reference)[known]
    return {"group": group, "subgroup": column[known].array, **frame.arrays(known)}, int(frame.weight[~known].sum())


@dataclass(frozen=True)
class Subgroups(Result):
    """Hazard ratios between the groups of one variable, among all patients and within subgroups of them.

    ``overall`` is the Cox model of the groups among all patients.
    """

    frame: TimeToEvent
    contrast: Contrast
    overall: HazardRatioResult
    subgroupings: tuple[Subgrouping, ...]
    notes: tuple[Note, ...]

    @property
    def endpoint(self) -> Endpoint:
        """What is waited for, and from when."""
        return self.frame.endpoint

    @property
    def variable(self) -> Variable:
        """Whose levels are the groups."""
        return self.contrast.variable

    @lazy
    def detectable(self) -> Mapping[str, Mapping[tuple[str, str], Detectable]]:
        """Per variable the hazard ratios that would have been found in each of its subgroups; made when first needed."""
        reference, found = self.contrast.reference, {}
        for other in (s.variable for s in self.subgroupings):
            arrays, _ = split_groups(self.frame, reference, other)
            found[other.name] = detectable_in_subgroups(**arrays)
        return found

    @property
    def terms(self) -> tuple[HazardRatio, ...]:
        """The hazard ratios among all patients that are shown."""
        return tuple(term for term in self.overall.terms if term.level in self.contrast.levels)

    @property
    def among_all(self) -> tuple[SubgroupEffect, ...]:
        """The same beside the numbers of the reference, as within subgroups."""
        reference = next(term for term in self.overall.terms if term.is_reference)
        counts, method = (reference.n, reference.n_event), self.overall.method
        return tuple(
            SubgroupEffect(
                *(None, str(t.level), self.contrast.reference, t.n, t.n_event, *counts, t.hazard_ratio),
                *(t.p_value, method, t.p_value_wald),
            )
            for t in self.terms
        )


def compare_subgroups(result: Subgroups) -> ComparisonForest:
    """The ratios among all patients and in every subgroup, with the test of interaction of each variable."""
    variable, contrast, noun = result.variable, result.contrast, start_sentence(result.endpoint.event_noun)
    everyone = f"All {load_words().plural}"
    rows = [_row(effect, contrast, everyone, is_emphasised=True) for effect in result.among_all]
    effects = [*result.among_all]
    for subgrouping in result.subgroupings if rows else ():
        other, test = subgrouping.variable, subgrouping.effects.interaction
        about = [f"{format_count(subgrouping.n_missing)} {other.missing_label}"] if subgrouping.n_missing else []
        if test.p_value is None:
            start = "test of interaction " if is_withheld(test.reason) else "no test of interaction: "
            about.append(f"{start}{say_reason(test.reason)}")
        p = "" if test.p_value is None else format_p(test.p_value)
        rows.append(ComparisonRow(other.label, None, "; ".join(about), p=p))
        shown = subgrouping.shown(contrast)
        rows += [_row(effect, contrast, other.level_label(effect.subgroup), is_indented=True) for effect in shown]
        effects += shown
    first = variable.level_label(contrast.levels[0]) if len(contrast.levels) == 1 else "level"
    values = [term.hazard_ratio.value for term in result.terms]
    stratified = f", stratified by {result.frame.conditions[-1].label}" if result.frame.strata is not None else ""
    is_firth = result.overall.method == "firth" or any(effect.method == "firth" for effect in effects)
    firth = "; Firth’s penalised likelihood where nobody in a group had the event" if is_firth else ""
    footnote = (
        f"{variable.label}: {contrast.text}. {result.endpoint.label}, Cox regression{stratified}{firth}. Profile-likelihood "
        "intervals."
    )
    return ComparisonForest(
        rows=tuple(rows),
        measure="hazard ratio",
        label_head="Among",
        count_heads=tuple(
            f"{noun}, {keep_together(label)}" for label in (first, variable.level_label(contrast.reference))
        ),
        conf_level=result.overall.conf_level,
        p_head="p (interaction)",
        p_help="The likelihood-ratio p of interaction: whether the hazard ratio differs between the levels of the variable.",
        guide=values[0] if len(values) == 1 else None,
        footnotes=(footnote,) if rows else (),
        compared=f"{in_sentence(variable.label)}, {contrast.text}" if rows else "",
    )


@dataclass(frozen=True)
class TwoSubgroups(Result):
    """The ratios within the same subgroups of two selections."""

    first: Subgroups
    second: Subgroups


def compare_two_subgroups(both: TwoSubgroups, sides: Sides) -> ComparisonForest:
    """The ratios of A and of B, one under the other, among all of each and in every subgroup; no test compares them."""
    drawn, rows = (compare_subgroups(both.first), compare_subgroups(both.second)), []
    found = [dict(_by_place(forest)) for forest in drawn]
    for place in dict.fromkeys(place for forest in drawn for place, _ in _by_place(forest)):
        ratios = [one.get(place) for one in found]
        known = next(row for row in ratios if row is not None)
        if known.ratio is None:
            rows.append(ComparisonRow(known.label))
            continue
        heading = ", ".join(filter(None, (known.label, known.detail)))
        rows.append(ComparisonRow(heading, is_indented=known.is_indented))
        for row, side in zip(ratios, name_sides(sides).values(), strict=True):
            missing = ComparisonRow(side, counts=(MISSING, MISSING), is_indented=True)
            rows.append(missing if row is None else replace(row, label=side, detail="", is_indented=True))
    notes = dict.fromkeys(note for forest in drawn for note in forest.footnotes)
    return replace(drawn[0], rows=tuple(rows), p_head="", p_help="", guide=None, footnotes=tuple(notes))


def _by_place(forest: ComparisonForest) -> Iterator[tuple[tuple[str, str, str], ComparisonRow]]:
    """The rows by the variable, the subgroup and the group that they are about."""
    heading = ""
    for row in forest.rows:
        heading = row.label if row.ratio is None else heading
        yield (heading, "" if row.ratio is None else row.label, "" if row.ratio is None else row.detail), row


def _row(effect: SubgroupEffect, contrast: Contrast, label: str, **look: bool) -> ComparisonRow:
    pairs = ((effect.n_event, effect.n), (effect.n_event_reference, effect.n_reference))
    counts = tuple(f"{format_count(events)} of {format_count(n)}" for events, n in pairs)
    return ComparisonRow(
        label, contrast.label_reason(effect.ratio), contrast.name_group(effect.group), counts, "", **look
    )


def plan_subgroups(result: Subgroups, params: Params) -> Plan:
    """What a next study would find among all patients and in each subgroup, and how far two would have to differ."""
    labels = {level: result.variable.level_label(level) for level in result.variable.levels}
    among_all = plan_groups(detect_groups(result.frame, result.contrast.reference), labels, result.endpoint.events)
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


def _shown(result: Subgroups, subgrouping: Subgrouping) -> dict[tuple[str, str], Detectable]:
    found = result.detectable[subgrouping.variable.name]
    return {key: one for key, one in found.items() if key[1] in result.contrast.levels}


def _tabulate_detectable(result: Subgroups) -> tuple[Table, ...]:
    """What each subgroup of a next study would find, and by how much two of them would have to differ."""
    several = len(result.contrast.levels) > 1
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    for subgrouping in result.subgroupings:
        other = subgrouping.variable
        shown = {key: one for key, one in _shown(result, subgrouping).items() if one.n}
        if not shown:
            continue
        pair = None if several else best_pair(list(shown.values()))
        between = ("", "") if several else (MISSING, MISSING) if pair is None else limit_cells(pair)
        rows.append((other.label, "", *between))
        for (level, group), one in shown.items():
            of = f", {result.contrast.name_group(group)}" if several else ""
            counts = f"{format_count(one.n_event)} of {format_count(one.n)}"
            rows.append((f"{other.level_label(level)}{of}", counts, *limit_cells(one)))
        indent += [False, *[True] * len(shown)]
    if not rows or result.overall.reason is not None:
        return ()
    pairs = (
        ""
        if several
        else " In the row of a variable: how many times as high as in another the hazard ratio of one of its subgroups would "
        "have to be (of the two with most events to compare) for a test of interaction to find it."
    )
    sides = (f"A hazard ratio of this or {side}" for side in ("less", "more"))
    return (
        Table(
            title="What each subgroup of a next study would find",
            columns=("Among", "Events", "Below 1", "Above 1"),
            rows=tuple(rows),
            indent=tuple(indent),
            help=("", f"Of the {load_words().plural} of both groups compared", *sides),
            caption=f"Hazard ratios that a subgroup of this size would find {FOUR_IN_FIVE} (80\u00a0% power, p < 0.05); those "
            f"nearer to 1 it would often miss.{pairs}",
        ),
    )


def _say_missed(result: Subgroups, subgrouping: Subgrouping) -> str:
    """By how much two subgroups would have to differ to be told apart, where one level is compared."""
    pair = best_pair(list(_shown(result, subgrouping).values()))
    if len(result.contrast.levels) != 1 or pair is None or pair.high is None:
        return ""
    if pair.high > HUNDREDFOLD:
        return f"{subgrouping.variable.label}: even hazard ratios a hundred times apart would often be missed."
    return (
        f"{subgrouping.variable.label}: a next study of this size would find one hazard ratio {format_ratio(pair.high)} times "
        f"the other {FOUR_IN_FIVE}; less would often be missed."
    )
