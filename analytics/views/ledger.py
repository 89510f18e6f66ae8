"""The ledger of comparisons: every distinct test that a reader has looked at, and what their number does to a p value.

A comparison is one headline test of one page, of one selection of children, by the choices that change what is tested.
Looking again adds nothing. A test without a p value, because it could not be done or is not shown, is listed and does not
count. What was planned in advance is a family of its own: the chance that a question raised beforehand is answered by
chance does not grow with what is explored beside it (Bender and Lange 2001).

Sources
-------
Bender & Lange (2001), Journal of Clinical Epidemiology 54:343, doi:10.1016/S0895-4356(00)00314-0: planned and exploratory
tests, and what a family is. The adjustments are those of `analytics.estimators.multiplicity`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from analytics.analysis import Control
from analytics.cohort.filters import CohortFilter, Funnel
from analytics.dictionary import Dictionary, load_words
from analytics.document import ComparedTest, Document
from analytics.estimators import adjust_p_values
from analytics.formats import format_count, format_p, format_p_phrase
from analytics.reporting.tables import Table
from analytics.reporting.wording import join_words, say_selection, start_sentence

LEVEL = 0.05
COLUMNS = [
    *("number", "family", "n_family", "page", "term", "selection", "choices", "p_value", "p_value_holm", "p_value_bh"),
    "data_version",
]

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test that was looked at.

    ``key`` is what makes it distinct: data version, page, filter, choices that change what is tested, name of the test.
    ``page``, ``test``, ``selection`` and ``choices`` are the same in words. ``p_value`` is None where the test was not done
    or is not shown. ``planned`` is the reader's word that it was planned before the data were looked at.

    Raises
    ------
    ValueError
        If the p value is not between 0 and 1.
    """

    key: Key
    page: str
    test: str
    selection: str
    choices: tuple[str, ...]
    p_value: float | None = None
    planned: bool = False

    def __post_init__(self) -> None:
        if self.p_value is not None and not 0 <= self.p_value <= 1:
            raise ValueError(f"{self.page}, {self.test}: p must lie between 0 and 1: it is {self.p_value}.")

    @property
    def label(self) -> str:
        """The comparison in words ("Log-rank test of … by sex; all children")."""
        return f"{start_sentence(self.test)}; {self.selection}"

    @property
    def is_tested(self) -> bool:
        """True if it has a p value, and so counts."""
        return self.p_value is not None

    @property
    def is_explored(self) -> bool:
        """True if it counts and was not planned."""
        return self.is_tested and not self.planned

    @property
    def family(self) -> str:
        """The comparisons that its p value is adjusted with: "planned", "explored", or "not tested"."""
        return ("planned" if self.planned else "explored") if self.is_tested else "not tested"


@dataclass(frozen=True, slots=True)
class CountedComparison:
    """A comparison with its ``number`` in its family, in the order first seen, and p adjusted over that family.

    All are None where it was not tested.
    """

    comparison: Comparison
    number: int | None
    n_family: int | None
    p_holm: float | None
    p_bh: float | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The distinct comparisons of a session, in the order first seen.

    Raises
    ------
    ValueError
        If a comparison stands in it twice.
    """

    comparisons: tuple[Comparison, ...] = ()

    def __post_init__(self) -> None:
        if len({c.key for c in self.comparisons}) < len(self.comparisons):
            raise ValueError("a comparison stands in the ledger twice. Add comparisons by with_comparisons.")

    def with_comparisons(self, seen: Iterable[Comparison]) -> Ledger:
        """The ledger with those of ``seen`` that it lacks at its end; itself where it lacks none.

        What was seen before without a p value, and is now seen with one, keeps its place and counts from now on.
        """
        entries = {c.key: c for c in self.comparisons}
        for new in seen:
            old = entries.get(new.key)
            if old is None:
                entries[new.key] = new
            elif not old.is_tested and new.is_tested:
                entries[new.key] = replace(new, planned=old.planned)
        entered = tuple(entries.values())
        return self if entered == self.comparisons else Ledger(entered)

    def with_plan(self, keys: Iterable[Key], planned: bool) -> Ledger:
        """The ledger in which the comparisons of ``keys`` are marked as planned in advance, or no longer are."""
        marked = set(keys)
        return Ledger(tuple(replace(c, planned=planned) if c.key in marked else c for c in self.comparisons))

    def of(self, keys: Iterable[Key]) -> tuple[Comparison, ...]:
        """The comparisons of ``keys``, in the order first seen."""
        wanted = set(keys)
        return tuple(c for c in self.comparisons if c.key in wanted)

    @property
    def explored(self) -> tuple[Comparison, ...]:
        """Those that count and were not planned."""
        return tuple(c for c in self.comparisons if c.is_explored)

    @property
    def planned(self) -> tuple[Comparison, ...]:
        """Those that count and were planned in advance."""
        return tuple(c for c in self.comparisons if c.family == "planned")

    @property
    def expected_by_chance(self) -> float:
        """How many of the explored ones would have p below 0.05 were there no difference in any of them.

        The sum of their chances, 0.05 each, whether or not they depend on each other.
        """
        return LEVEL * len(self.explored)

    def adjusted(self) -> tuple[CountedComparison, ...]:
        """Every comparison with its number and adjusted p, in the order first seen."""
        found: dict[Key, CountedComparison] = {}
        for family in (self.explored, self.planned):
            p_values = [c.p_value for c in family]
            pairs = zip(adjust_p_values(p_values, "holm"), adjust_p_values(p_values, "bh"), strict=True)
            for number, (c, (holm, bh)) in enumerate(zip(family, pairs, strict=True), start=1):
                found[c.key] = CountedComparison(c, number, len(family), holm, bh)
        return tuple(found.get(c.key, CountedComparison(c, None, None, None, None)) for c in self.comparisons)

    def to_frame(self) -> pd.DataFrame:
        """One row per comparison, in the order first seen: ``number family … p_value p_value_holm p_value_bh …``."""
        rows = []
        for a in self.adjusted():
            c = a.comparison
            said = (c.page, c.test, c.selection, "; ".join(c.choices))
            rows.append((a.number, c.family, a.n_family, *said, c.p_value, a.p_holm, a.p_bh, c.key[0]))
        frame = pd.DataFrame(rows, columns=COLUMNS)
        return frame.astype({"number": "Int64", "n_family": "Int64"})


def drop_idle_clauses(cohort_filter: CohortFilter, funnel: Funnel) -> CohortFilter:
    """The filter without clauses that leave nobody out after those before them: by it the same children are chosen."""
    left = funnel.n_all
    for step in funnel.steps:
        if step.n == left:
            kept = tuple(m for m in cohort_filter.memberships if m != step.membership)
            cohort_filter = replace(cohort_filter.without(step.variable), memberships=kept)
        left = step.n
    return cohort_filter


def list_comparisons(
    document: Document,
    cohort_filter: CohortFilter,
    controls: Sequence[Control],
    params: Mapping[str, Any],
    dictionary: Dictionary,
    data_version: str,
    more: Sequence[ComparedTest] = (),
) -> tuple[Comparison, ...]:
    """The comparisons that a view puts before its reader, ``more`` beside those of its document; empty where it tests nothing.

    ``params`` are the values of ``controls``. Controls marked ``display`` do not count, nor does the order in which several
    options were chosen.
    """
    tests = (*document.tests(), *more)
    if not tests:
        return ()
    asked = [c for c in controls if not c.display]
    values = [(c.name, sorted(params[c.name]) if c.kind == "many" else params[c.name]) for c in asked]
    choices = tuple(f"{c.label}: {', '.join(filter(None, c.to_text(params[c.name]))) or 'none'}" for c in asked)
    selection = say_selection(cohort_filter, dictionary) if cohort_filter else f"all {load_words().plural}"
    query = cohort_filter.to_query(dictionary)
    where = (data_version, document.slug, json.dumps(query), json.dumps(values))
    return tuple(
        Comparison(
            (*where, test.name),
            document.title,
            test.name,
            selection,
            choices,
            test.p_value,
        )
        for test in tests
    )


def describe_looks(ledger: Ledger, keys: Sequence[Key]) -> str:
    """Where the comparisons of a view stand among those of the session, and how many p values chance would make small."""
    explored = {c.key: number for number, c in enumerate(ledger.explored, start=1)}
    n, seen = len(explored), ledger.of(keys)
    numbers = [explored[c.key] for c in seen if c.key in explored]
    planned = [c for c in seen if c.family == "planned"]
    if numbers:
        last = "looked at in this session" if numbers[-1] == n else f"of {format_count(n)} looked at in this session"
        also = f"; {format_count(len(planned))} more of this view planned in advance" if planned else ""
        return f"Comparison{'s' if len(numbers) > 1 else ''} {_spans(numbers)} {last}{also}. {_by_chance(ledger)}"
    if planned:
        first = "Planned in advance." if len(planned) == 1 else f"{len(planned)} comparisons planned in advance."
    elif seen:
        first = "No p value in this view, so it does not count."
    else:
        first = "Nothing is tested in this view."
    return f"{first} {_so_far(ledger)}"


def _so_far(ledger: Ledger) -> str:
    n = len(ledger.explored)
    if not n:
        return "No comparison explored in this session."
    return f"{format_count(n)} comparison{'s' if n > 1 else ''} explored in this session. {_by_chance(ledger)}"


def _by_chance(ledger: Ledger) -> str:
    n = len(ledger.explored)
    if n == 1:
        return "If nothing differs, p falls below 0.05 in 1 of 20 such comparisons."
    about = _about(ledger.expected_by_chance)
    return f"If nothing differed in any of the {format_count(n)}, about {about} would have p below 0.05 by chance."


def _about(expected: float) -> str:
    """An expected number: with one decimal from 1 on, below with as many as it has, at most two."""
    return f"{expected:.1f}" if expected >= 1 else f"{expected:.2f}".rstrip("0")


def _spans(numbers: Sequence[int]) -> str:
    """Ascending numbers in words, neighbours joined ("3", "11 to 14", "2, 5 and 9 to 12")."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    words = [[f"{a} to {b}"] if b > a + 1 else [str(n) for n in dict.fromkeys((a, b))] for a, b in spans]
    return join_words([word for part in words for word in part])


def describe_for_file(ledger: Ledger, keys: Sequence[Key]) -> str:
    """What a file says of the comparisons: how many so far, whether its own was planned, and its p adjusted over them."""
    seen = [a for a in ledger.adjusted() if a.comparison.key in set(keys) and a.comparison.is_tested]
    said = [describe_looks(ledger, keys)]
    if seen:
        planned = sum(a.comparison.planned for a in seen)
        if len(seen) == 1:
            marked = "It was" if planned else "It was not"
        elif planned in (0, len(seen)):
            marked = "All of them were" if planned else "None of them was"
        else:
            marked = f"{planned} of them {'was' if planned == 1 else 'were'}"
        said.append(f"{marked} marked as planned in advance.")
    if len(seen) == 1:
        ((comparison, n, holm, bh),) = [(a.comparison, a.n_family, a.p_holm, a.p_bh) for a in seen]
        over = f"the {format_count(n or 0)} {comparison.family}" if n != 1 else f"the only one {comparison.family}"
        said.append(
            f"{start_sentence(comparison.test)}: {format_p_phrase(comparison.p_value)}; adjusted over {over}: "
            f"{format_p(holm)} (Holm), {format_p(bh)} (Benjamini–Hochberg)."
        )
    return " ".join(said)


def tabulate_ledger(ledger: Ledger, most: int = 15) -> Table:
    """The ``most`` newest comparisons, the newest first, with their p values as they are and adjusted."""
    listed = ledger.adjusted()[::-1][:most]
    told_apart = _tell_apart([a.comparison for a in listed])
    rows = []
    for a in listed:
        c = a.comparison
        number = "" if a.number is None else f"{a.number}. " if not c.planned else f"Planned {a.number}. "
        cells = tuple(format_p(p) for p in (c.p_value, a.p_holm, a.p_bh))
        rows.append((f"{number}{c.label}{told_apart[c.key]}", *cells, "yes" if c.planned else ""))
    n, n_planned = len(ledger.explored), len(ledger.planned)
    families = {0: "Nothing explored", 1: "One explored"}.get(n, f"Adjusted over the {format_count(n)} explored")
    families += {0: "", 1: "; one planned"}.get(n_planned, f"; the {format_count(n_planned)} planned among themselves")
    rest = len(ledger.comparisons) - len(listed)
    older = f" {format_count(rest)} older {'one is' if rest == 1 else 'ones are'} in the file." if rest else ""
    return Table(
        title="Comparisons looked at in this session",
        columns=("Comparison", "p", "Holm", "BH", "Planned"),
        rows=tuple(rows),
        help=(
            "The newest first",
            "As shown on its page",
            "Adjusted by Holm’s method: the chance of any false finding is kept",
            "Adjusted by Benjamini and Hochberg’s method: the expected share of false ones among the findings is kept",
            "Marked by the reader as planned before the data were looked at",
        ),
        caption=f"{families}. Each counts once, however often it was looked at.{older} A dash: no p value, not counted. Only the "
        "headline tests of each page count: pairs, single factors and what the eye compares come on top.",
    )


def _tell_apart(comparisons: Sequence[Comparison]) -> dict[Key, str]:
    """What has to stand behind a label where others have the same: page, choices or data in which they differ."""
    alike: dict[str, list[Comparison]] = {}
    for c in comparisons:
        alike.setdefault(c.label, []).append(c)
    told: dict[Key, str] = {}
    for same in alike.values():
        parts = {c.key: (c.page, *c.choices, f"data version {c.key[0]}") for c in same}
        common = set.intersection(*map(set, parts.values()))
        for key, own in parts.items():
            words = [part for part in own if part not in common]
            told[key] = f" ({'; '.join(words)})" if words else ""
    return told


def describe_ledger(ledger: Ledger) -> str:
    """What the file of the ledger says of it above its table."""
    n_planned = len(ledger.planned)
    planned = f" {format_count(n_planned)} planned in advance, adjusted among themselves." if n_planned else ""
    return f"{_so_far(ledger)}{planned}"
