"""An attack on protected numbers: a session of a few selections, everything that it is answered, and arithmetic.

The attacker asks for everybody, then for two selections and for what they share, as far as they may be answered beside
each other. Of each he is told the count, the funnel, the counts of the sidebar, and the tallies from which tables and
figures are made (one coded variable by one outcome, and each outcome alone). He knows how numbers are rounded, which
levels make up which others, and that the levels of a variable, missing values with them, make up the selection. Of every
number he keeps the least and the largest that it can be, and narrows them by every sum that he knows, within a selection
and between two, until nothing changes any more.

He *wins* where he finds a small number of children (1 to k − 1: at a level, at a level with an outcome, or among those
who are in one selection and not in the other): where only one value is left of it, which is then the true one. He must
never. He *gains* where no more values are left than half of 1 to k − 1. Now and then he may: that a number is small and not 0 is
told of each, so that of three small levels with a small total none can be as large as it. Against exact numbers he must
win always, against exact numbers of which only the small ones are hidden often.

What is not in his reach: other sessions, and what is known of single children from elsewhere.
"""

from __future__ import annotations

import html
import itertools
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.analyses import load_analyses
from analytics.cohort import Cohort, open_cohort, protect_cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import Dictionary
from analytics.document import HtmlFigure
from analytics.formats import FewerThan
from tests.analyses.shown import Shown, show
from tests.benchmarks.cohorts import write_cohort
from tests.cohort.cohort_oracle import SMALL, frame_of, make_rows

REFERENCE = Path(__file__).parents[2] / "data" / "reference_cohort.csv"
Key = tuple[Any, ...]
Limits = tuple[float, float]
ANYTHING: Limits = (0, math.inf)


@dataclass
class Knowledge:
    """What the attacker knows of each number, and which sums hold (the first of each is the sum of the others)."""

    limits: dict[Key, Limits] = field(default_factory=dict)
    sums: list[tuple[Key, tuple[Key, ...]]] = field(default_factory=list)

    def learn(self, key: Key, limits: Limits) -> None:
        """Narrow one number."""
        low, high = self.limits.get(key, ANYTHING)
        self.limits[key] = (max(low, limits[0]), min(high, limits[1]))

    def add(self, total: Key, parts: Iterable[Key]) -> None:
        """Remember a sum."""
        parts = tuple(parts)
        for key in (total, *parts):
            self.limits.setdefault(key, ANYTHING)
        self.sums.append((total, parts))

    def reason(self) -> None:
        """Narrow every number by every sum until nothing changes."""
        of_key: dict[Key, list[int]] = {}
        for i, (total, parts) in enumerate(self.sums):
            for key in (total, *parts):
                of_key.setdefault(key, []).append(i)
        waiting = dict.fromkeys(range(len(self.sums)))
        while waiting:
            i = next(iter(waiting))
            del waiting[i]
            for key, limits in self._narrowed(*self.sums[i]):
                old = self.limits[key]
                new = (max(old[0], limits[0]), min(old[1], limits[1]))
                if new != old:
                    assert new[0] <= new[1], f"{key} can be nothing: what is given out contradicts itself"
                    self.limits[key] = new
                    waiting.update(dict.fromkeys(of_key[key]))

    def _narrowed(self, total: Key, parts: tuple[Key, ...]) -> Iterator[tuple[Key, Limits]]:
        lows = [self.limits[key][0] for key in parts]
        highs = [self.limits[key][1] for key in parts]
        low, high = sum(lows), sum(highs)
        yield total, (low, high)
        least, most = self.limits[total]
        for i, key in enumerate(parts):
            others = sum(highs[:i]) + sum(highs[i + 1 :])
            yield key, (least - others, most - (low - lows[i]))


class Door:
    """What a cohort gives out, as limits of the true numbers; ``k`` is what the attacker calls small."""

    def __init__(self, cohort: Cohort, k: int) -> None:
        self.cohort, self.k = cohort, k

    def limits(self, n: int | FewerThan) -> Limits:
        """What is known of a number that is given out as ``n``."""
        k = self.cohort.smallest_cell
        if isinstance(n, FewerThan):
            return 1, n.bound - 1
        if not k or n == 0:
            return n, n
        return max(k, n - k - k // 2), n + (k - 1) // 2

    def cell(self, n: int, n_rows: int = 1) -> Limits:
        """What is known of a number in a tally."""
        k = self.cohort.smallest_cell
        if not k or n == 0:
            return self.limits(n)
        return max(k, n - k // 2), n + (k - 1) // 2

    def margin(self, n: int) -> Limits:
        """What is known of a margin of a model: rounded up or down so that all agree, without who lacks rare values."""
        k = self.cohort.smallest_cell
        return (max(k, n - 2 * k + 1), math.inf) if k else self.limits(n)

    def may_answer(self, cohort_filter: CohortFilter, answered: Sequence[CohortFilter]) -> bool:
        """False where the door refuses a selection, or refuses it beside others."""
        return self.cohort.is_answered(cohort_filter) and self.cohort.find_too_near(cohort_filter, answered) is None


@cache
def open_door(exact: Cohort) -> Door:
    """A door that hides nothing."""
    return Door(exact, 1)


class Suppressing(Door):
    """Exact numbers, of which the small ones alone are hidden: what must not be enough."""

    def limits(self, n: int) -> Limits:
        return (1, self.k - 1) if 0 < n < self.k else (n, n)


OUTCOMES = {"relapsed", "os_event", "os_relapse_event"}


def tallied(door: Door, cohort_filter: CohortFilter, columns: list[str]) -> tuple[pd.DataFrame | None, set[Any]]:
    """A tally, None where it is refused, and the levels of its first column that it hides."""
    record = door.cohort.recording()
    try:
        tally = record.tally(columns, cohort_filter)
    except SuppressedError:
        return None, set()
    return tally, {hidden.level for hidden in record.left_out if hidden.variable == columns[0]}


def levels_of(dictionary: Dictionary, name: str) -> tuple[str | None, ...]:
    """The levels of a variable and None for missing."""
    return (*dictionary[name].levels, None)


def listen(knowledge: Knowledge, state: str, door: Door, cohort_filter: CohortFilter, split: Sequence[str]) -> None:
    """Everything that the door says of one selection, and the sums that hold in it."""
    dictionary = door.cohort.dictionary
    total = (state, "n")
    knowledge.learn(total, door.limits(door.cohort.count(cohort_filter)))
    funnel = door.cohort.funnel(cohort_filter)
    before: Key = ("everyone", "n")
    for i, step in enumerate(funnel.steps):
        after = total if i == len(funnel.steps) - 1 else (state, "step", i)
        knowledge.learn(after, door.limits(step.n))
        knowledge.add(before, [after, (state, "lost", i)])
        before = after
    for name, counts in door.cohort.level_counts(cohort_filter).items():
        clause = cohort_filter.clause(name)
        for level in levels_of(dictionary, name):
            key = (state, name, level)
            if level in counts:
                knowledge.learn(key, door.limits(counts[level]))
        passed = levels_of(dictionary, name)
        if clause is not None:
            passed = (*clause.levels, *([None] if clause.keep_missing else []))
        knowledge.add(total, [(state, name, level) for level in passed])
    for variable in dictionary.variables:
        source = variable.derivation.source[0] if variable.derivation and variable.derivation.rule == "map" else None
        if source is None or cohort_filter.clause(source) or cohort_filter.clause(variable.name):
            continue
        for level in variable.levels:
            parts = [(state, source, a) for a, b in variable.derivation.mapping if b == level]  # type: ignore[union-attr]
            knowledge.add((state, variable.name, level), parts)
    for outcome in sorted(OUTCOMES & set(door.cohort.variables)):
        tally, _ = tallied(door, cohort_filter, [outcome])
        for y in (0.0, 1.0, None):
            if tally is not None:
                same = tally[outcome].isna() if y is None else tally[outcome] == y
                n = int(tally.loc[same, "n"].sum())
                # Who has no outcome may be left out without a word.
                knowledge.learn((state, outcome, y), door.cell(n) if n or y is not None else (0, door.k - 1))
        knowledge.add(total, [(state, outcome, y) for y in (0.0, 1.0, None)])
        for name in split:
            hear_split(knowledge, state, door, cohort_filter, name, outcome)
    if "relapsed" in door.cohort.variables and len(split) > 1:
        hear_model(knowledge, state, door, cohort_filter, split)


def hear_split(
    knowledge: Knowledge, state: str, door: Door, cohort_filter: CohortFilter, name: str, outcome: str
) -> None:
    """A tally of a variable by an outcome."""
    dictionary = door.cohort.dictionary
    levels = levels_of(dictionary, name)
    tally, hidden = tallied(door, cohort_filter, [name, outcome])
    if tally is not None:
        for level in levels:
            at_level = tally[name].isna() if level is None else tally[name] == level
            for y in (0.0, 1.0, None):
                of_outcome = tally[outcome].isna() if y is None else tally[outcome] == y
                n = int(tally.loc[at_level & of_outcome, "n"].sum())
                key = (state, name, level, outcome, y)
                if level in hidden:
                    continue
                if n or y is not None:
                    knowledge.learn(key, door.cell(n))
                else:
                    knowledge.learn(key, (0, door.k - 1))
    clause = cohort_filter.clause(name)
    passed = levels if clause is None else (*clause.levels, *([None] if clause.keep_missing else []))
    for level in passed:
        knowledge.add((state, name, level), [(state, name, level, outcome, y) for y in (0.0, 1.0, None)])
    for y in (0.0, 1.0, None):
        knowledge.add((state, outcome, y), [(state, name, level, outcome, y) for level in passed])


def hear_model(
    knowledge: Knowledge, state: str, door: Door, cohort_filter: CohortFilter, factors: Sequence[str]
) -> None:
    """The tally of a model of relapse, of which each factor by the outcome is told."""
    record = door.cohort.recording()
    try:
        tally = record.tally(["relapsed", *factors], cohort_filter, outcome="relapsed")
    except SuppressedError:
        return
    if record.left_out:
        return
    for name in factors:
        for level in levels_of(door.cohort.dictionary, name):
            at_level = tally[name].isna() if level is None else tally[name] == level
            for y in (0.0, 1.0):
                n = int(tally.loc[at_level & (tally["relapsed"] == y), "n"].sum())
                if n:
                    knowledge.learn((state, name, level, "relapsed", y), door.margin(n))


def subtract(knowledge: Knowledge, larger: str, smaller: str, answered: dict[str, CohortFilter]) -> None:
    """Each number of a selection is that of a selection within it and that of the others."""
    clauses = {c.variable for f in (answered[larger], answered[smaller]) for c in f.clauses}
    shared = {key[1:] for key in knowledge.limits if key[0] == smaller} & {
        key[1:] for key in knowledge.limits if key[0] == larger
    }
    for rest in shared:
        # At the variable of a clause the sidebar counts without that clause.
        if rest[0] not in clauses and rest[0] not in ("step", "lost"):
            knowledge.add((larger, *rest), [(smaller, *rest), (f"{larger} less {smaller}", *rest)])


@cache  # every session begins with it
def hear_of_everyone(door: Door, split: tuple[str, ...]) -> Knowledge:
    """What the door says of everybody."""
    knowledge = Knowledge()
    listen(knowledge, "everyone", door, CohortFilter(), split)
    return knowledge


def hear(door: Door, answered: dict[str, CohortFilter], split: Sequence[str]) -> Knowledge:
    """What the door says of everybody, and of each of the other selections."""
    of_everyone = hear_of_everyone(door, tuple(split))
    knowledge = Knowledge(dict(of_everyone.limits), list(of_everyone.sums))
    for state, cohort_filter in answered.items():
        if state != "everyone":
            listen(knowledge, state, door, cohort_filter, split)
    return knowledge


def shared(one: CohortFilter, other: CohortFilter) -> CohortFilter | None:
    """The filter that both filters make together; None where nobody could pass it."""
    merged = {c.variable: c for c in one.clauses}
    for clause in other.clauses:
        mine = merged.get(clause.variable)
        if mine is None:
            merged[clause.variable] = clause
            continue
        keep = mine.keep_missing and clause.keep_missing
        low = max((x for x in (mine.low, clause.low) if x is not None), default=None)
        high = min((x for x in (mine.high, clause.high) if x is not None), default=None)
        levels = tuple(set(mine.levels) & set(clause.levels))
        if bool(mine.levels) != bool(levels) or (low is not None and high is not None and low > high):
            return None
        merged[clause.variable] = Clause(clause.variable, levels, low=low, high=high, keep_missing=keep)
    return CohortFilter(tuple(merged.values()))


def draw_filter(random: np.random.Generator, cohort: Cohort, n_clauses: int) -> CohortFilter:
    """A filter of so many clauses."""
    offered = [v for v in cohort.dictionary.filters if v.name in cohort.variables]
    ranges = cohort.ranges()
    clauses = []
    for i in random.permutation(len(offered))[:n_clauses]:
        variable, keep = offered[i], bool(random.random() < 0.5)
        if variable.is_coded:
            chosen = random.permutation(variable.levels)[: random.integers(1, len(variable.levels) + 1)]
            clauses.append(Clause(variable.name, tuple(map(str, chosen)), keep_missing=keep))
        elif (limits := ranges.get(variable.name)) is not None and limits.low is not None and limits.high is not None:
            low, high = sorted(random.uniform(limits.low, limits.high, 2).round(1).tolist())
            clauses.append(Clause(variable.name, low=low, high=high, keep_missing=keep))
    return CohortFilter(tuple(clauses))


@dataclass
class Score:
    """How an attack went: small numbers met, found, and narrowed; selections asked beside each other, and answered."""

    n_small: int = 0
    n_pairs: int = 0
    n_answered: int = 0
    wins: list[str] = field(default_factory=list)
    gains: list[str] = field(default_factory=list)


def attack(
    exact: Cohort, door: Door, n_sessions: int, seed: int, split: Sequence[str] = (), score: Score | None = None
) -> Score:
    """So many sessions; what they found."""
    random = np.random.default_rng(seed)
    score = score or Score()
    for _ in range(n_sessions):
        first = draw_filter(random, exact, int(random.integers(0, 4)))
        second = draw_filter(random, exact, int(random.integers(1, 3)))
        if random.random() < 0.5:
            second = shared(first, second) or second
        answered = {"everyone": CohortFilter()}
        for state, asked in (("first", first), ("second", second), ("both", shared(first, second))):
            if asked is None or asked in answered.values():
                continue
            score.n_pairs += len(answered)
            if door.may_answer(asked, list(answered.values())):
                answered[state] = asked
        score.n_answered += len(answered) - 1
        attack_session(exact, door, answered, split, score)
    return score


def attack_session(
    exact: Cohort, door: Door, answered: dict[str, CohortFilter], split: Sequence[str], score: Score
) -> None:
    """One session."""
    # The true numbers come by the same keys.
    knowledge, truth = hear(door, answered, split), hear(open_door(exact), answered, split)
    for k in (knowledge, truth):
        pairs = [("everyone", s) for s in answered if s != "everyone"]
        pairs += [(s, "both") for s in ("first", "second") if s in answered and "both" in answered]
        if (
            "first" in answered
            and "second" in answered
            and answered["second"] == shared(answered["first"], answered["second"])
        ):
            pairs.append(("first", "second"))
        for larger, smaller in pairs:
            subtract(k, larger, smaller, answered)
        k.reason()
    for key, (low, high) in truth.limits.items():
        if low != high or not 0 < low < door.k:
            continue
        score.n_small += 1
        least, most = knowledge.limits.get(key, ANYTHING)
        assert least <= low <= most, f"{key}: {low} is said to be from {least} to {most} in {answered}"
        if least == most:
            score.wins.append(f"{key} is {low} in {answered}")
        elif 2 * (most - least + 1) <= door.k - 1:
            score.gains.append(f"{key} {low}: {least} to {most} in {answered}")


SPLIT = ("sex", "relapse_site_group", "salvage_treatment", "risk_group")


@pytest.fixture(scope="module")
def reference() -> Cohort:
    """The reference cohort, unprotected."""
    return open_cohort(REFERENCE)


@pytest.mark.parametrize(("smallest", "n_sessions"), [(5, 500), (11, 350)])
def test_nothing_small_is_found_in_the_reference_cohort(reference: Cohort, smallest: int, n_sessions: int) -> None:
    door = Door(protect_cohort(reference, smallest), smallest)
    score = attack(reference, door, n_sessions, seed=smallest)
    attack(reference, door, 10, seed=smallest + 1, split=SPLIT, score=score)
    assert score.n_pairs > 3 * n_sessions and score.n_answered > n_sessions
    assert score.n_small > 30 * n_sessions
    assert score.wins == []
    assert len(score.gains) < score.n_small / 100, score.gains


@pytest.mark.parametrize(("smallest", "seed"), list(itertools.product((5, 11), range(3))))
def test_nothing_small_is_found_in_small_cohorts(smallest: int, seed: int) -> None:
    n = (40, 120, 300)[seed]
    exact = open_cohort(frame_of(make_rows(n, seed, few_values=seed % 2 == 0)), SMALL)
    score = attack(exact, Door(protect_cohort(exact, smallest), smallest), 12, seed, ("sex", "mrd", "salvage"))
    assert score.n_small > 100
    assert score.wins == []
    assert len(score.gains) < score.n_small / 100, score.gains


@pytest.mark.parametrize("smallest", [5, 11])
def test_the_attack_wins_where_nothing_is_protected(reference: Cohort, smallest: int) -> None:
    score = attack(reference, Door(reference, smallest), 15, seed=1)
    assert score.n_small > 500 and len(score.wins) == score.n_small
    hidden_alone = attack(reference, Suppressing(reference, smallest), 15, seed=1)
    assert len(hidden_alone.wins) > hidden_alone.n_small / 5


COUNT_COLUMNS = re.compile(r"n|n_\w+|observed|left")
NOT_COUNTED = {"n_parameters", "n_tests", "n_comparisons"}
WORDS = (
    "child|children|patients?|boys|girls|deaths?|died|dying|relapses?|relapsed|events?|transplants|transplanted|infused|"
    "treated|untreated|censored|alive|at risk|without|with|lost|left out|in the model|had|were|did|have"
)
COUNTED = re.compile(
    rf"(?<![\d.,\u2013\u2212/^-])(\d+(?:\u202f\d{{3}})*)[ \u00a0](?:more |other |further )?(?:{WORDS})\b(?! times)"
)
OF = re.compile(r"(?<![\d.,])(\d+(?:\u202f\d{3})*) of (\d+(?:\u202f\d{3})*)\b")
RULES = re.compile(
    r"(fewer than|less than|at least|under|below|from|to|per|about|every|or more|needs?) (\d+)"
    r"|\d+ (or more|to \d+)|\d+ events (per parameter|and \d+ of them)|\d+ to \d+"
)


def numbers_of_children(text: str) -> list[int]:
    """Numbers of children in a text, without those that a rule names."""
    text = RULES.sub("", text)
    found = [n for pair in OF.findall(text) for n in pair] + COUNTED.findall(text)
    return [int(n.replace("\u202f", "")) for n in found]


def strings_of(value: Any) -> Iterator[str]:
    """Every text in a figure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings_of(part)


HOVERED = re.compile(
    r"%\{customdata\[(\d+)\][^}]*\}(?: |&nbsp;|\u00a0)?(?:at risk|children|deaths|events|of|censored|relapses)"
)


def numbers_in_figure(figure: Any) -> Iterator[int]:
    """Numbers of children in a figure: in its words, under its axis, on hover."""
    if isinstance(figure, HtmlFigure):
        texts = [re.sub(r"<style.*?</style>", "", figure.html, flags=re.DOTALL), figure.svg("", "")]
        for text in texts:
            for part in re.findall(r">([^<]+)<|(?:title|aria-label)=\"([^\"]+)\"", text):
                yield from numbers_of_children(html.unescape("".join(part)))
        return
    drawn = json.loads(figure.to_json())
    for text in strings_of(drawn):
        yield from numbers_of_children(html.unescape(text))
    for trace in drawn["data"]:
        columns = {int(i) for i in HOVERED.findall(str(trace.get("hovertemplate", "")))}
        rows = trace.get("customdata") or []
        if isinstance(rows, dict):
            rows = figure.data[drawn["data"].index(trace)].customdata.tolist()
        for row in rows:
            for i in columns:
                if isinstance(row[i], int | float) and math.isfinite(row[i]):
                    yield round(row[i], 6)  # type: ignore[misc]
    for note in drawn["layout"].get("annotations", []):
        # A row of children at risk is drawn as bare numbers below the axis.
        if re.fullmatch(r"\d+", note.get("text", "")) and note.get("y", 0) < 0:
            yield int(note["text"])


def emitted(shown: Shown) -> Iterator[tuple[str, float]]:
    """Every number of children that an analysis gives out, and where."""
    texts = {
        "caption": [shown.caption],
        "alt": [shown.alt_text],
        "sentence": list(shown.sentences),
        "headline": [f"{h.value} {h.label.lower()} {h.help}" for h in shown.headlines],
        "note": [f"{note.text} {note.remedy}" for note in shown.notes],
        "comparison": [test.name for test in shown.tests],
    }
    texts["picture"] = [text for p in shown.pictures for text in (p.title, p.alt_text, p.caption)]
    for table in shown.tables:
        texts.setdefault("table", []).extend(
            [table.title, table.caption, *table.columns, *(c for r in table.rows for c in r)]
        )
        for j, column in enumerate(table.columns):
            if re.fullmatch(r"Children|Patients|Deaths|Events|Relapses|Observed|At risk|n", column):
                for row in table.rows:
                    yield from (
                        (f"table {table.title}: {row}", int(n))
                        for n in re.findall(r"^\d+", row[j].replace("\u202f", ""))
                    )
    for where, several in texts.items():
        for text in several:
            yield from ((f"{where}: {text}", n) for n in numbers_of_children(text))
    used = shown.used
    yield from [("used", used.n), ("used events", used.n_event), *((f"lost: {x.text}", x.n) for x in used.losses)]
    for figure in (shown.figure, *(p.figure for p in shown.pictures)):
        yield from (("figure", n) for n in numbers_in_figure(figure))
    for name, frame in shown.files.items():
        for column in frame.columns:
            if COUNT_COLUMNS.fullmatch(str(column)) and str(column) not in NOT_COUNTED:
                for n in pd.to_numeric(frame[column], errors="coerce").dropna():
                    yield f"file {name}, {column}", float(n)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """3,000 patients: of small selections of them something can be shown."""
    return open_cohort(write_cohort(tmp_path_factory.mktemp("large"), 3000, jittered=True))


# They count children by too many variables at once, or ask of each whether it was treated by a certain day.
REFUSED = {"missing-values", "subgroups", "landmark", "naive-answer", "adjusted-comparison"}
REFUSED |= {"hsct-cart-chemotherapy"}


@pytest.mark.parametrize("smallest", [5, 11])
def test_whatever_an_analysis_gives_out_counts_whole_cells(reference: Cohort, large: Cohort, smallest: int) -> None:
    random = np.random.default_rng(smallest)
    answered: set[str] = set()
    for cohort in (protect_cohort(large, smallest), protect_cohort(reference, smallest)):
        chosen = [CohortFilter(), *(draw_filter(random, cohort, int(random.integers(1, 3))) for _ in range(11))]
        for analysis in load_analyses():
            params = analysis.defaults(cohort)
            for cohort_filter in chosen:
                try:
                    numbers = list(emitted(show(analysis, cohort, cohort_filter, params, policy=True)))
                except SuppressedError:
                    continue
                answered.add(analysis.slug)
                for where, n in numbers:
                    assert n % smallest == 0, f"{analysis.slug}, {where}: {n} of {cohort_filter}"
    assert answered == {analysis.slug for analysis in load_analyses()} - REFUSED
