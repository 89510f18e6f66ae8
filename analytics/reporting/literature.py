"""Outcomes that others printed, read from their file: of whom, from when, at what time, and how sure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import Dictionary, Endpoint, load_dictionary
from analytics.results import Interval, Result

LITERATURE_PATH = Path(__file__).parents[2] / "data" / "published_outcomes.toml"

Measured = Literal["overall survival", "event-free survival", "disease-free survival", "progression-free survival"]
Anchor = Literal["diagnosis", "relapse", "randomisation", "infusion", "HSCT"]
Split = Literal["everybody", "site", "time", "lineage", "genetics", "arm"]
MEASURED: tuple[str, ...] = get_args(Measured)
ANCHORS: tuple[str, ...] = get_args(Anchor)
SPLITS: tuple[str, ...] = get_args(Split)
CONF_LEVEL, Z = 0.95, 1.96
PRINTED, DERIVED = "as printed", "derived, 1.96 standard errors"
_DOI = re.compile(r"10\.\d{4,}/\S+")
_NEEDED = {"series": ("id", "name", "population", "differs", "results"),
           "results": ("id", "who", "split", "endpoint", "anchor", "years", "estimate"),
           "matches": ("endpoint", "anchor", "in_cohort")}  # fmt: skip
_MORE = {"series": ("title", "first_author", "journal", "year", "doi", "address", "era"),
         "results": ("n", "se", "interval", "where", "unmatched", "reading"), "matches": ()}  # fmt: skip
_TEXTS = ("id", "name", "population", "differs", "title", "first_author", "journal", "doi", "address", "who", "unmatched",
          "reading", "in_cohort")  # fmt: skip


class LiteratureError(ValueError):
    """The file of published outcomes is wrong; the message names the file, the entry, the key and the remedy."""


@dataclass(frozen=True, slots=True)
class Series:
    """One publication: what is known of its citation, who its patients are, and in which way they are others.

    ``era`` are the first and the last year of recruitment; a text that is not known is empty, a number None.
    """

    id: str
    name: str
    population: str
    differs: str
    title: str = ""
    first_author: str = ""
    journal: str = ""
    year: int | None = None
    doi: str = ""
    address: str = ""
    era: tuple[int, int] | None = None

    @property
    def citation(self) -> str:
        """Title, first author, journal, year and DOI, as far as they are known."""
        return ". ".join(filter(None, (self.title, self.brief)))

    @property
    def brief(self) -> str:
        """The same without its title."""
        where = " ".join(filter(None, (self.journal, str(self.year or ""))))
        found = f"doi:{self.doi}" if self.doi else self.address
        return ", ".join(filter(None, (self.first_author, where, found)))

    @property
    def era_text(self) -> str:
        """The years of recruitment ("1996–2014"), "" where they are not known."""
        return f"{self.era[0]}–{self.era[1]}" if self.era else ""


@dataclass(frozen=True, slots=True)
class PublishedOutcome(Result):
    """One printed result: of ``who``, the probability ``value`` (0 to 1) of being free of the event at ``years``.

    ``printed`` is the number in per cent as it was printed; ``interval`` None where none can be had. ``where`` are filters
    that ask a cohort for the same patients, the best first; none asks for everybody, unless ``unmatched`` says why a cohort
    cannot tell them. ``reading`` is what had to be decided.
    """

    id: str
    series: Series
    who: str
    split: Split
    endpoint: Measured
    anchor: Anchor
    years: float
    value: float
    printed: str
    interval: Interval | None = None
    n: int | None = None
    where: tuple[CohortFilter, ...] = ()
    unmatched: str = ""
    reading: str = ""

    no_rule: ClassVar[str] = "of patients of others, as they were printed"

    @property
    def months(self) -> float:
        """The horizon in months."""
        return 12.0 * self.years

    @property
    def decimals(self) -> int:
        """How many decimals were printed."""
        return len(self.printed.partition(".")[2])


@dataclass(frozen=True, slots=True)
class Literature(Result):
    """All outcomes, and which endpoint of the dictionary counts the same events from the same day.

    ``matches`` has (endpoint, anchor, name in the dictionary).
    """

    outcomes: tuple[PublishedOutcome, ...]
    matches: tuple[tuple[str, str, str], ...]

    def name_endpoint(self, outcome: PublishedOutcome) -> str | None:
        """The endpoint of the dictionary with the same events and the same start of the clock; None without one."""
        return next((n for e, a, n in self.matches if (e, a) == (outcome.endpoint, outcome.anchor)), None)

    def is_about(self, dictionary: Dictionary) -> bool:
        """True if the dictionary is of the disease published on: it knows all by which the published patients are told."""
        whole = dictionary.whole or dictionary
        return all(c.variable in whole for o in self.outcomes for asked in o.where for c in asked.clauses)

    def is_alike(self, endpoint: Endpoint, dictionary: Dictionary) -> bool:
        """True if an endpoint has the columns and the clock that the product's has: other dictionaries may use its name."""
        known = next((e for e in load_dictionary().endpoints if e.name == endpoint.name), None)
        return known is not None and _gist(known) == _gist(endpoint) and self.is_about(dictionary)

    def endpoint_of(self, outcome: PublishedOutcome, dictionary: Dictionary) -> Endpoint | None:
        """The endpoint by which a cohort can be held against an outcome; None where it has none that is defined alike."""
        name = self.name_endpoint(outcome)
        return next((e for e in dictionary.endpoints if e.name == name and self.is_alike(e, dictionary)), None)

    def list_counted_as(self, endpoint: Endpoint, dictionary: Dictionary) -> tuple[PublishedOutcome, ...]:
        """The outcomes with the events and the start of the clock of an endpoint."""
        alike = self.is_alike(endpoint, dictionary)
        return tuple(o for o in self.outcomes if alike and endpoint.name == self.name_endpoint(o))

    @property
    def series(self) -> tuple[Series, ...]:
        """Every publication once, in the order of the file."""
        return tuple(dict.fromkeys(outcome.series for outcome in self.outcomes))


def _gist(endpoint: Endpoint) -> tuple[Any, ...]:
    return (endpoint.time, endpoint.event, endpoint.entry, endpoint.phase, endpoint.is_death)


def match_patients(outcome: PublishedOutcome, dictionary: Dictionary) -> CohortFilter | None:
    """The filter that asks for the patients of an outcome, the first that the dictionary knows; None for no such filter."""
    return next((asked for asked in outcome.where if all(_can_ask(c, dictionary) for c in asked.clauses)), None)


def match_level(outcome: PublishedOutcome, variable: str, levels: Sequence[str]) -> str | None:
    """The level of a grouping variable that holds the patients of an outcome; None if no one level does."""
    for asked in outcome.where:
        if len(asked.clauses) == 1 and (clause := asked.clause(variable)) is not None and len(clause.levels) == 1:
            return clause.levels[0] if clause.levels[0] in levels else None
    return None


def _can_ask(clause: Clause, dictionary: Dictionary) -> bool:
    if clause.variable not in dictionary:
        return False
    variable = dictionary[clause.variable]
    return set(clause.levels) <= set(variable.levels) if clause.levels else not variable.is_coded


@cache
def load_literature() -> Literature:
    """The outcomes that come with the product."""
    return open_literature()


def open_literature(path: Path = LITERATURE_PATH) -> Literature:
    """The outcomes of a TOML file with ``[[matches]]`` and ``[[series]]``, each with its ``results``.

    Raises
    ------
    LiteratureError
        If the file is no TOML, or an entry lacks a key, has an unknown one, one of the wrong kind, a share outside 0 to 100, an
        interval that does not hold the estimate, or the id of another.
    """
    reader = _Reader(path.name)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LiteratureError(f"{path.name} is no TOML file: {error}.") from error
    reader.check_keys(content, "the file", ("matches", "series"), ())
    matches, outcomes, found = [], [], []
    for number, entry in enumerate(content["matches"], 1):
        at = f"match {number}"
        reader.check(entry, at, "matches")
        matches.append((str(entry["endpoint"]), str(entry["anchor"]), str(entry["in_cohort"])))
    for number, entry in enumerate(content["series"], 1):
        at = f"series {entry.get('id', number)}" if isinstance(entry, dict) else f"series {number}"
        reader.check(entry, at, "series")
        series = reader.read_series(entry, at)
        found.append(series.id)
        for place, result in enumerate(entry["results"], 1):
            at = f"result {result.get('id', place) if isinstance(result, dict) else place} of {series.id}"
            reader.check(result, at, "results")
            outcomes.append(reader.read_outcome(result, at, series))
    for kind, ids in (("series", found), ("result", [o.id for o in outcomes])):
        for twice in sorted({id for id in ids if ids.count(id) > 1}):
            raise LiteratureError(f"{path.name}, {kind} {twice}, id: several have it. Give each one of its own.")
    return Literature(tuple(outcomes), tuple(matches))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the entries of a file, and says of which one what is wrong."""

    file: str

    def fail(self, at: str, key: str, problem: str) -> LiteratureError:
        return LiteratureError(f"{self.file}, {at}, {key}: {problem}.")

    def check(self, entry: Any, at: str, kind: str) -> None:
        """Nothing, if the entry has the keys of its kind, and texts and words of lists as they must be."""
        self.check_keys(entry, at, _NEEDED[kind], _MORE[kind])
        for key in (key for key in _TEXTS if key in entry):
            if not isinstance(entry[key], str) or not entry[key].strip():
                raise self.fail(at, key, f"must be a text, not {entry[key]!r}; leave out what is not known")
        for key, known in (("endpoint", MEASURED), ("anchor", ANCHORS), ("split", SPLITS)):
            if key in entry and entry[key] not in known:
                raise self.fail(at, key, f"{entry[key]!r} is none of {', '.join(known)}")

    def check_keys(self, entry: Any, at: str, needed: Sequence[str], more: Sequence[str]) -> None:
        if not isinstance(entry, dict):
            raise self.fail(at, "entry", "must be a table of keys and values")
        for key in needed:
            if key not in entry:
                raise self.fail(at, key, "is missing")
        for key in entry:
            if key not in (*needed, *more):
                raise self.fail(at, key, f"is not known; known are {', '.join((*needed, *more))}")
        for key in {"matches", "series", "results"} & set(needed):
            if not isinstance(entry[key], list) or not entry[key]:
                raise self.fail(at, key, "must be a list with an entry or more")

    def number(self, entry: Mapping[str, Any], at: str, key: str, low: float, high: float) -> float:
        value = entry[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.fail(at, key, f"must be a number from {low:g} to {high:g}, not {value!r}")
        return float(value)

    def pair(self, entry: Mapping[str, Any], at: str, key: str, low: float, high: float) -> tuple[float, float]:
        value = entry[key]
        if not isinstance(value, list) or len(value) != 2:
            raise self.fail(at, key, f"must be two numbers, not {value!r}")
        first, last = (self.number({key: part}, at, key, low, high) for part in value)
        if first > last:
            raise self.fail(at, key, f"must not fall: {first:g} > {last:g}")
        return first, last

    def read_series(self, entry: Mapping[str, Any], at: str) -> Series:
        texts = {key: entry[key] for key in _TEXTS if key in entry}
        year = int(self.number(entry, at, "year", 1950, 2100)) if "year" in entry else None
        if not _DOI.fullmatch(entry.get("doi", "10.1000/none")):
            raise self.fail(at, "doi", f"{entry['doi']!r} is no DOI, which begins like 10.1234/")
        era = None
        if "era" in entry:
            first, last = self.pair(entry, at, "era", 1950, 2100)
            era = int(first), int(last)
        return Series(**texts, year=year, era=era)

    def read_outcome(self, entry: Mapping[str, Any], at: str, series: Series) -> PublishedOutcome:
        value = self.number(entry, at, "estimate", 0, 100)
        return PublishedOutcome(
            id=entry["id"],
            series=series,
            who=entry["who"],
            split=entry["split"],
            endpoint=entry["endpoint"],
            anchor=entry["anchor"],
            years=self.number(entry, at, "years", 0.01, 100),
            value=value / 100,
            printed=str(entry["estimate"]),
            interval=self.read_interval(entry, at, value),
            n=int(self.number(entry, at, "n", 1, 1e7)) if "n" in entry else None,
            where=self.read_where(entry, at),
            unmatched=entry.get("unmatched", ""),
            reading=entry.get("reading", ""),
        )

    def read_interval(self, entry: Mapping[str, Any], at: str, value: float) -> Interval | None:
        """The printed interval, or that of the printed standard error; None where there is neither."""
        if "interval" in entry and "se" in entry:
            raise self.fail(at, "se", "stands beside an interval; give what was printed, one of the two")
        if "interval" in entry:
            low, high = self.pair(entry, at, "interval", 0, 100)
            if not low <= value <= high:
                raise self.fail(at, "interval", f"{low:g} to {high:g} does not hold the estimate {value:g}")
            return Interval(low / 100, high / 100, CONF_LEVEL, PRINTED)
        if "se" not in entry:
            return None
        half = Z * self.number(entry, at, "se", 0, 50)
        return Interval(max(value - half, 0.0) / 100, min(value + half, 100.0) / 100, CONF_LEVEL, DERIVED)

    def read_where(self, entry: Mapping[str, Any], at: str) -> tuple[CohortFilter, ...]:
        asked = entry.get("where", [])
        if not isinstance(asked, list) or not all(isinstance(one, dict) and one for one in asked):
            raise self.fail(at, "where", "must be a list of filters, each with a variable or more")
        if asked and "unmatched" in entry:
            raise self.fail(at, "unmatched", "stands beside filters; give one of the two")
        return tuple(CohortFilter(tuple(self.read_clause(n, c, at) for n, c in one.items())) for one in asked)

    def read_clause(self, variable: str, asked: Any, at: str) -> Clause:
        if isinstance(asked, list) and asked and all(isinstance(level, str) for level in asked):
            return Clause(variable, levels=tuple(asked))
        if isinstance(asked, dict) and asked and set(asked) <= {"low", "high"}:
            limits = {key: self.number(asked, at, key, -1e9, 1e9) for key in asked}
            return Clause(variable, low=limits.get("low"), high=limits.get("high"))
        raise self.fail(at, "where", f"{variable} needs a list of levels, or low and high, not {asked!r}")
