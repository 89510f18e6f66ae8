"""Two selections in one: their curves in one picture with one table at risk, and their ratios in one forest.

Each selection keeps the numbers that it has alone. Only a test is new, and only where nobody is in both: it asks for
groups who are not the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from analytics.dictionary import PHASES, Phase, Variable
from analytics.document import ComparedTest, Sides
from analytics.figures.forest.comparison import ComparisonForest, ComparisonRow
from analytics.figures.theme import DASHES, Style, style_of
from analytics.formats import MISSING, format_count, format_p_cell, format_patients
from analytics.frames import CompetingEvents, TimeToEvent, strata_of
from analytics.reporting.curves import IncidenceComparison, SurvivalComparison
from analytics.reporting.files import name_measure
from analytics.reporting.reasons import say_missing
from analytics.reporting.wording import describe_test, in_sentence, join_words, name_level, name_term
from analytics.results import RatioResult, Result, TestResult, references_of

LETTERS = ("A", "B")
MODELS_BESIDE = "Each ratio is adjusted for the other factors, in the model of its own selection."
RATIOS_UNTESTED = (
    "No test compares the ratios of A with those of B; that one interval includes 1 and the other does not is no difference "
    "between them."
)
MOST_CROSSED = 3  # groups that are drawn for both selections, each in its colour
LONGEST_LABEL = 24  # characters of a selection in the names of its curves,
LONGEST_NAME = 36  # and of a file
BROKEN = DASHES[2]
Frame = TypeVar("Frame", TimeToEvent, CompetingEvents)


@dataclass(frozen=True, slots=True)
class Split:
    """How the patients of two selections are told apart in one frame.

    ``variable`` is that of the groups that are crossed with the selection, None where the selections are drawn as wholes.
    ``side`` has the selection of each entry, ``group`` its group, None without any; ``within`` are the variables within
    whose levels a test compares, ``strata`` these levels.
    """

    variable: Variable | None
    side: pd.Categorical
    within: tuple[Variable, ...] = ()
    strata: Any = None
    too_many: Variable | None = None


@dataclass(frozen=True, slots=True)
class JoinedCurves(Result):
    """The curves of two selections, and the test of one against the other; None where somebody is in both."""

    compared: SurvivalComparison | IncidenceComparison
    split: Split
    test: TestResult | None = None


@dataclass(frozen=True, slots=True)
class TwoModels(Result):
    """The same model of two selections; ``head`` heads the column of counts."""

    first: RatioResult
    second: RatioResult
    variables: tuple[Variable, ...]
    head: str


def name_both(sides: Sides) -> str:
    """The title of what shows both, which says what the letters stand for."""
    return "; ".join(f"{letter}: {words}" for letter, words in zip(LETTERS, sides.words, strict=True))


def name_sides(sides: Sides) -> dict[str, str]:
    """What the curves and rows of each selection are called, by its letter ("A: Sex: boys")."""
    longest = LONGEST_LABEL if sides.names is None else LONGEST_NAME
    return {
        letter: f"{letter}: {words}" if len(words) <= longest else letter
        for letter, words in zip(LETTERS, sides.names or sides.words, strict=True)
    }


def join_frames(first: Frame, second: Frame, sides: Sides, most_crossed: int = MOST_CROSSED) -> tuple[Frame, Split]:
    """The entries of two frames one after the other, by selection, crossed with the groups where these are few."""
    frames, variable = (first, second), first.variable
    side = np.repeat([0, 1], [len(frame.time) for frame in frames])
    names, present, groups = name_sides(sides), np.array([], dtype=int), np.zeros(len(side), dtype=int)
    if variable is not None:
        groups = np.concatenate([frame.group.set_categories(variable.levels).codes for frame in frames]).astype(int)
        present = np.unique(groups)
    is_crossed = variable is not None and 1 < len(present) <= most_crossed
    if variable is not None and is_crossed:
        labels = [variable.level_label(variable.levels[i]) for i in present]
        levels = {
            group: text
            for i, label in zip(present, labels, strict=True)
            for group, text in zip(cross_sides(variable.levels[i]), cross_sides(label), strict=True)
        }
        codes = 2 * np.searchsorted(present, groups) + side
    else:
        levels, codes = names, side
    filters = dict.fromkeys(v for frame in frames for v in frame.conditions)
    # A selection by what is known later forms later than the clock starts.
    phases: list[Phase] = [v.phase for v in filters]
    phase: Phase = max(phases, key=PHASES.index, default="diagnosis")
    by = Variable(
        "selection", "Selection", "categorical", phase, tuple(levels), tuple(levels.values()), next(iter(levels))
    )
    joined: dict[str, Any] = {
        "variable": by,
        "group": pd.Categorical.from_codes(codes, categories=pd.Index(by.levels, dtype=object)),
        "conditions": tuple(filters),
        **{"exclusions": (), "strata": None, "covariates": None, "complete": None, "n_missing": ()},
    }
    for name in ("time", "weight", "event", "cause", "entry"):
        if getattr(first, name, None) is not None:
            joined[name] = np.concatenate([getattr(frame, name) for frame in frames])
            joined[name].setflags(write=False)
    within: tuple[Variable, ...] = strata_of(first)
    strata = np.zeros(len(side), dtype=int)
    if first.strata is not None and second.strata is not None:
        strata = np.concatenate([first.strata.codes, second.strata.codes]).astype(int)
    if variable is not None and is_crossed:
        within = (variable, *within)
        strata = strata * len(variable.levels) + groups
    split = Split(
        variable=variable if is_crossed else None,
        side=pd.Categorical.from_codes(side, categories=pd.Index(LETTERS, dtype=object)),
        within=within,
        strata=pd.Categorical(list(map(str, strata))) if within else None,
        too_many=variable if len(present) > most_crossed else None,
    )
    return replace(first, **joined), split


def cross_sides(group: str) -> tuple[str, str]:
    """What a group is called in each selection."""
    first, second = (f"{group}, {letter}" for letter in LETTERS)
    return first, second


def style_sides(groups: Mapping[str, str], styles: Mapping[str, Style]) -> dict[str, Style]:
    """A line in full for A and a broken one for B; ``groups`` are crossed groups by that which has a style."""
    broken = f", {LETTERS[1]}"
    return {
        crossed: replace(styles[group], dash=BROKEN if crossed.endswith(broken) else DASHES[0])
        for crossed, group in groups.items()
    }


def styles_beside(joined: JoinedCurves) -> Mapping[str, Style]:
    """A line in full for A and a broken one for B, in the colour of the group, or of the selection."""
    by, variable = joined.compared.frame.variable, joined.split.variable
    if variable is None:
        return style_of(by.levels if by is not None else ())
    groups = {crossed: level for level in variable.levels for crossed in cross_sides(level)}
    return style_sides(groups, style_of(variable.levels))


def test_of(joined: JoinedCurves, sides: Sides, what: str) -> tuple[ComparedTest, ...]:
    """The test of A against B for the ledger; ``what`` is the endpoint in a sentence."""
    if joined.test is None:
        return ()
    named = f"{joined.test.method} of {what} between two selections, {' against '.join(f'“{w}”' for w in sides.words)}"
    return (ComparedTest(named + _within(joined.split), joined.test.p_value),)


def say_test(joined: JoinedCurves, sides: Sides) -> tuple[str, ...]:
    """The test of A against B in words, or why there is none; and that the groups are not drawn."""
    said = []
    if joined.split.too_many is not None:
        label = in_sentence(joined.split.too_many.label)
        said.append(f"A and B are drawn as wholes: with the groups of {label} for each there would be too many curves.")
    if joined.test is None:
        said.append(say_untested(sides))
    else:
        test = describe_test(joined.test, name_sides(sides), groups_form_later=joined.compared.groups_form_later)
        said.append(f"Compared{_within(joined.split)}. {test}" if joined.split.within else test)
        said.append(sides.assumed)
    return tuple(filter(None, said))


def say_untested(sides: Sides) -> str:
    """Why no test compares the two."""
    if sides.untested:
        return sides.untested
    if sides.n_both:
        are = f"{format_patients(sides.n_both)} {'is' if sides.n_both == 1 else 'are'}"
        return (
            f"No test compares A with B: {are} in both, and a test asks for groups that share nobody. Leave out those in both to "
            "have one."
        )
    return "No test compares A with B."


def _within(split: Split) -> str:
    return f" within levels of {join_words([in_sentence(v.label) for v in split.within])}" if split.within else ""


def say_models(models: TwoModels, sides: Sides) -> str:
    """How many are in each model, or why one is none, and that no test compares them."""
    said = []
    for letter, model in zip(LETTERS, (models.first, models.second), strict=True):
        if model.reason is not None:
            said.append(f"{letter}: {say_missing(model.measure, model.reason)}")
        else:
            said.append(
                f"{letter}: {format_patients(model.n)} in the model, {format_count(model.n_event)} with the event"
            )
    return f"{'; '.join(said)}. {RATIOS_UNTESTED}"


def list_two_models(models: TwoModels, sides: Sides) -> ComparisonForest:
    """The ratios of A and of B, one under the other, for each level of each factor."""
    both, known = (models.first, models.second), {v.name: v for v in models.variables}
    references = [references_of(model) for model in both]
    terms = {(t.variable, t.level) for model in both for t in model.terms if not t.is_reference}
    rows: list[ComparisonRow] = []
    for name, level in sorted(terms, key=lambda term: _place(term, known)):
        against = {found[name] for found in references if found.get(name)}
        one = len(against) < 2
        what = name_term(known[name], level, next(iter(against), None)) if one else name_level(known[name], level)
        rows.append(ComparisonRow(what))
        for model, side in zip(both, name_sides(sides).values(), strict=True):
            term = next((t for t in model.terms if (t.variable, t.level) == (name, level) and not t.is_reference), None)
            if term is None:
                rows.append(ComparisonRow(side, counts=(MISSING,), p=MISSING, is_indented=True))
                continue
            counts, p = (
                f"{format_count(term.n_event)} of {format_count(term.n)}",
                format_p_cell(term.p_value, term.p_reason),
            )
            rows.append(ComparisonRow(side, term.ratio, counts=(counts,), p=p, is_indented=True))
    return ComparisonForest(
        rows=tuple(rows),
        measure=models.first.measure,
        label_head="Factor, by selection",
        count_heads=(f"{models.head}, of all",),
        conf_level=models.first.conf_level,
        p_help="Of the ratio in the selection of the row; no p compares the two selections",
        sides=(f"lower {_of(models)}", f"higher {_of(models)}"),
    )


def frame_two_models(models: TwoModels) -> pd.DataFrame:
    """The ratios of both selections for a file, each row with its side."""
    return stack_sides(models.first.to_frame(), models.second.to_frame(), models.first.measure)


def stack_sides(first: pd.DataFrame, second: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The rows of A, then those of B, with their estimates under the name of what they are ("hazard ratio")."""
    rows = [
        {"side": side, **row}
        for side, one in zip(LETTERS, (first, second), strict=True)
        for row in one.to_dict("records")
    ]
    columns = ["side", *max((first.columns, second.columns), key=len)]
    return name_measure(pd.DataFrame(rows, columns=columns), measure.replace(" ", "_"))


def _of(models: TwoModels) -> str:
    return models.first.measure.removesuffix(" ratio")


def _place(term: tuple[str, str | None], known: Mapping[str, Variable]) -> tuple[int, int]:
    name, level = term
    levels = known[name].levels
    return list(known).index(name), levels.index(level) if level in levels else 0
