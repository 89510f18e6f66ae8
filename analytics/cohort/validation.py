"""What is wrong with a file of patients: every check names patients and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from analytics.cohort.engine import list_texts, number
from analytics.cohort.patient_file import PatientFile
from analytics.cohort.problems import N_SHOWN, Problem, list_places
from analytics.dictionary import DAYS_PER_YEAR, Words
from analytics.formats import LONGEST_QUOTE, shorten

MAX_AGE_YEARS = 120
LONGEST_NAME = 30  # characters of an identifier, or of a cell, in a message
MAX_YEARS = 60  # no child of a cohort is followed for longer
LONG_YEARS = 30
MOST_AT_ONCE = 10_000_000  # identifiers compared with one another


@dataclass(frozen=True, slots=True)
class Check:
    """Rows that are wrong, or look odd: ``what`` goes before "for 3 of 12 patients" and ``then`` after it.

    ``code`` tells the kind, and with the columns it is ``about`` the check from all others of a file. ``shown`` are the
    columns quoted beside the patient.
    ``explain`` makes the remedy from the first wrong numbers of the first of these columns, where it depends on them.
    """

    code: str
    what: str
    wrong: str
    remedy: str
    shown: tuple[str, ...] = ()
    explain: Callable[[Sequence[float]], str] | None = None
    then: str = ""
    others: tuple[str, ...] = ()

    @property
    def about(self) -> tuple[str, ...]:
        """The columns that it looks at: those shown, and ``others``."""
        return tuple(dict.fromkeys((*self.shown, *self.others)))

    def say(self, whom: str) -> str:
        """What is wrong, for whom."""
        return f"{self.what} for {whom}{self.then}"

    def advise(self, file: PatientFile) -> str:
        """What to do."""
        return self.remedy if self.explain is None else self.explain(_first_numbers(file, self))


def _check_identifiers(file: PatientFile) -> Iterator[Check]:
    name = file.dictionary.identifier.name
    yield Check(
        "blank-identifier",
        f"{name} is blank",
        f"{file.text(name)} IS NULL",
        f"Give every {file.dictionary.words.noun} an identifier of their own, or delete the row.",
        others=(name,),
    )


def _check_levels(file: PatientFile) -> Iterator[Check]:
    for v in file.brought:
        if v.name not in file.unread:
            continue
        text, known = file.plain(v.name), sorted(file.codes[v.name])
        yield Check(
            "unknown-level",
            f"{v.name} has an unknown level",
            f"{text} IS NOT NULL" + (f" AND {text} NOT IN ({list_texts(known)})" if known else ""),
            "Write one of the known levels, or leave the cell empty where it is not known.",
            (v.name,),
            then=f"; known: {', '.join(v.levels)}",
        )


def _check_numbers(file: PatientFile) -> Iterator[Check]:
    for v in file.brought:
        if v.kind in ("continuous", "duration"):
            yield Check(
                "no-number",
                f"{v.name} is no number",
                f"{file.given(v.name)} AND {file.number(v.name)} IS NULL",
                "Write a plain number with a decimal point and without unit or sign (0.01, not 0,01 or <0.01), "
                "or leave the cell empty.",
                (v.name,),
            )


def _check_signs(file: PatientFile) -> Iterator[Check]:
    for v in file.brought:
        if v.kind == "duration":
            yield Check(
                "negative",
                f"{v.name} is negative",
                f"{file.number(v.name)} < 0",
                "A time must be >= 0: check that the later date is not before the day the clock starts.",
                (v.name,),
            )
        elif v.kind == "continuous" and v.unit:
            yield Check(
                "negative",
                f"{v.name} is negative",
                f"{file.number(v.name)} < 0",
                f"Write a value >= 0 in {v.unit}, or leave the cell empty where it is not known.",
                (v.name,),
            )


# The largest believable value by unit, and what a larger one usually means.
_LIMITS = {
    "years": (MAX_AGE_YEARS, "Ages are in years: divide days by 365.25 and months by 12."),
    "%": (100, "Write a share in per cent, 0 to 100."),
    "10⁹/L": (2000, "Counts are in 10⁹/L: divide counts per mm³ by 1000."),
    "g/L": (300, "Haemoglobin is in g/L: multiply g/dL by 10 and mmol/L by 16.1."),
}


def _check_limits(file: PatientFile) -> Iterator[Check]:
    for v in file.brought:
        if v.kind == "continuous" and v.unit in _LIMITS:
            limit, remedy = _LIMITS[v.unit]
            yield Check(
                "too-large",
                f"{v.name} is above {limit} {v.unit}",
                f"{file.number(v.name)} > {limit}",
                remedy,
                (v.name,),
            )


def _check_times(file: PatientFile) -> Iterator[Check]:
    for v in file.brought:
        if v.kind == "duration":
            yield Check(
                "too-long",
                f"{v.name} is longer than {MAX_YEARS} years ({MAX_YEARS * DAYS_PER_YEAR:.0f} {v.unit})",
                f"{file.number(v.name)} > {number(MAX_YEARS * DAYS_PER_YEAR)}",
                "",
                (v.name,),
                _explain_time,
            )


# What a number too large for days may be: the test of one value, what it looks like, and what to write instead.
_DAY = 86_400


def _is_duration(x: float, *, per_second: int) -> bool:
    """True if the number is whole days in parts of a second, as many as children are followed for.

    Midnights since 1970 are more days; fewer than a thousandth may as well be so many days in a unit a thousand times as
    long.
    """
    longest = LONG_YEARS * DAYS_PER_YEAR
    return x % (_DAY * per_second) == 0 and longest / 1000 < x / (_DAY * per_second) <= longest


def _is_unix_time(x: float, *, per_second: int) -> bool:
    """True for a moment between the springs of 1973 and 2286 in parts of a second since 1970."""
    return 10**8 <= x / per_second < 10**10


_MISTAKEN: tuple[tuple[Callable[[float], bool], str, str], ...] = (
    (
        lambda x: set(f"{x:.0f}") in ({"9"}, {"8"}, {"7"}),
        "a code for a missing value",
        "Leave the cell empty where the day is not known.",
    ),
    *(
        (
            partial(_is_duration, per_second=per_second),
            f"a duration in {unit}",
            f"Divide by {_DAY * per_second:,} to get days.",
        )
        for unit, per_second in (("nanoseconds", 10**9), ("microseconds", 10**6), ("milliseconds", 10**3))
    ),
    (
        lambda x: 19_000_101 <= x <= 21_001_231 and 1 <= x // 100 % 100 <= 12 and 1 <= x % 100 <= 31,
        "a date written as one number",
        "Write the days between the two dates instead.",
    ),
    (
        lambda x: x < 80_000,
        "an Excel date, the serial number of a day",
        "Subtract the serial number of the day the clock starts.",
    ),
    (partial(_is_duration, per_second=1), "a duration in seconds", f"Divide by {_DAY:,} to get days."),
    *(
        (
            partial(_is_unix_time, per_second=per_second),
            f"a Unix time in {unit}",
            f"Subtract that of the day the clock starts and divide by {_DAY * per_second:,}.",
        )
        for unit, per_second in (
            ("seconds", 1),
            ("milliseconds", 10**3),
            ("microseconds", 10**6),
            ("nanoseconds", 10**9),
        )
    ),
)


def _explain_time(values: Sequence[float]) -> str:
    """What numbers too large for days look like, each likely cause once with an example, and what to do."""
    causes: dict[str, tuple[float, str]] = {}
    for value in values:
        cause, remedy = next(
            ((cause, remedy) for is_it, cause, remedy in _MISTAKEN if is_it(value)),
            ("another unit or a slip of the pen", "Times are whole days: check both dates and the unit."),
        )
        causes.setdefault(cause, (value, remedy))
    return " ".join(f"{value:.0f} looks like {cause}. {remedy}" for cause, (value, remedy) in causes.items())


def _check_events(file: PatientFile) -> Iterator[Check]:
    for v in file.brought:
        if v.kind == "event":
            yield Check(
                "no-event-code",
                f"{v.name} is neither 0 nor 1",
                f"{file.given(v.name)} AND NOT coalesce({file.number(v.name)} IN (0, 1), false)",
                f"Write 1 where the event happened and 0 where the {file.dictionary.words.noun} was last seen without it.",
                (v.name,),
            )


def _check_endpoints(file: PatientFile) -> Iterator[Check]:
    # An event that several clocks share (death after relapse, from relapse and from HSCT) belongs to the first of them
    # in the dictionary: nobody need have been transplanted to have died.
    owners: dict[str, str] = {}
    for e in file.dictionary.endpoints:
        owners.setdefault(e.event, e.name)
    pairs: set[tuple[str, str]] = set()
    for e in file.dictionary.endpoints:
        if not file.has(e.time, e.event) or (e.time, e.event) in pairs:
            continue
        time, event = file.given(e.time), file.given(e.event)
        if owners[e.event] == e.name:
            # A death on an unknown day is known all the same: a remark, not a mistake.
            yield Check(
                "no-time",
                f"{e.event} is 0 without {e.time}",
                f"{file.value(e.event)} = 0 AND NOT {time}",
                f"Give the time from {e.origin} to last contact, or leave both cells empty.",
                (e.event,),
                others=(e.time,),
            )
        pairs.add((e.time, e.event))
        yield Check(
            "no-event",
            f"{e.time} is given without {e.event}",
            f"{time} AND NOT {event}",
            f"Say whether the time ends with {e.event_label} (1) or at last contact (0), or leave both cells empty.",
            (e.time,),
            others=(e.event,),
        )


# The later day, by its role, cannot lie before the earlier one; both are counted from the same day.
_AFTER_LAST_CONTACT = "{earlier} lies after last contact ({earlier} > {later})"
_BEFORE_SALVAGE = "{later} lies before the start of salvage treatment ({later} < {earlier})"
_LONGER = "{earlier} is longer than the follow-up from relapse ({earlier} > {later})"
_ORDER = (
    ("relapse day", "follow-up", "{later} ends before relapse ({later} < {earlier})"),
    *(
        (f"{event} day", "follow-up from relapse", _AFTER_LAST_CONTACT)
        for event in ("HSCT", "CAR-T", "second relapse", "salvage")
    ),
    ("salvage day", "CAR-T day", _BEFORE_SALVAGE),
    ("salvage day", "HSCT day", _BEFORE_SALVAGE),
    *((f"follow-up from {start}", "follow-up from relapse", _LONGER) for start in ("salvage", "CAR-T", "HSCT")),
)


# Event-free time and follow-up are often filled in at different visits.
FEW_DAYS = 7
EVENT_FREE = (("event-free time", "follow-up"), ("event-free time from relapse", "follow-up from relapse"))


def _check_order(file: PatientFile) -> Iterator[Check]:
    for event_free in EVENT_FREE:
        if columns := file.with_roles(*event_free):
            free, last = columns
            yield Check(
                "wrong-order",
                f"{free} ends more than {FEW_DAYS} days after last contact ({free} > {last})",
                f"{file.number(free)} > {file.number(last)} + {FEW_DAYS}",
                "Check the dates of both, and from which day each is counted.",
                columns,
            )
    for *roles, what in _ORDER:
        if columns := file.with_roles(*roles):
            earlier, later = columns
            yield Check(
                "wrong-order",
                what.format(earlier=earlier, later=later),
                f"{file.number(earlier)} > {file.number(later)}",
                "Check the dates of both, and from which day each is counted.",
                columns,
            )


def _check_population(file: PatientFile) -> Iterator[Check]:
    for v in file.brought:
        if v.population is None or not file.has(v.population):
            continue
        yield Check(
            "outside-population",
            f"{v.name} is given",
            f"{file.value(v.population)} = 0 AND {file.given(v.name)}",
            f"Empty {v.name} for them, or set {v.population} to 1.",
            (v.name,),
            others=(v.population,),
            then=f" whose {v.population} is 0",
        )


# A treatment with a day, those that its label must not say where the day is given, and a remark on what to write instead.
_TREATED = (
    ("HSCT", ("neither", "CAR-T"), ", which is what was finally given,"),
    ("CAR-T", ("neither",), " ({HSCT} if that was given too)"),
)


def _check_treatment(file: PatientFile) -> Iterator[Check]:
    for treatment, others, remark in _TREATED:
        columns = file.with_roles("salvage treatment", f"{treatment} day")
        if not columns:
            continue
        label, days = columns
        levels = dict(file.dictionary[label].level_roles)
        if {"HSCT", treatment, *others} <= set(levels):
            codes = (str(file.dictionary[label].levels.index(levels[other])) for other in others)
            yield Check(
                "treatment-label",
                f"{days} is given",
                f"{file.given(days)} AND {file.code(label)} IN ({', '.join(codes)})",
                f"Write {levels[treatment]}{remark.format(**levels)} under {label}, or empty {days}.",
                columns,
                then=f" whose {label} is {' or '.join(levels[other] for other in others)}",
            )


CHECKS: tuple[Callable[[PatientFile], Iterator[Check]], ...] = (
    _check_identifiers,
    _check_levels,
    _check_numbers,
    _check_events,
    _check_signs,
    _check_limits,
    _check_times,
    _check_endpoints,
    _check_order,
    _check_population,
    _check_treatment,
)


def list_checks(file: PatientFile) -> list[Check]:
    """All that must not be, in a file with these columns."""
    return [check for find in CHECKS for check in find(file)]


def find_problems(file: PatientFile, further: Iterable[Check] = ()) -> list[Problem]:
    """Everything that is wrong with the patients of a file, by these and ``further`` checks."""
    problems = _find_repeats(file)
    about_identifier = list(_check_identifiers(file))
    checks = [
        *about_identifier,
        *(c for find in CHECKS for c in find(file) if find is not _check_identifiers),
        *further,
    ]
    total, *wrong = file.count_rows(["true", *(check.wrong for check in checks[len(about_identifier) :])])
    wrong = file.count_rows([check.wrong for check in about_identifier], "raw") + wrong
    for check, n in zip(checks, wrong, strict=True):
        if n:
            whom = f"{n} of {total} {file.dictionary.words.plural}"
            problems.append(Problem(check.say(whom), locate(file, check, n), check.advise(file)))
    return problems


def _first_numbers(file: PatientFile, check: Check) -> list[float]:
    """The first distinct wrong numbers of a check, from the most frequent on."""
    found = file.fetch(
        f"SELECT {file.number(check.shown[0])} AS value, count(*) AS n FROM raw WHERE {check.wrong} "
        f"GROUP BY value ORDER BY n DESC, value LIMIT {N_SHOWN}"
    )
    return [float(value) for value in found["value"]]


def locate(file: PatientFile, check: Check, n: int, *, by_row: bool = False) -> str:
    """The first patients of a failed check by identifier, or by row where that is blank, with what stands there.

    ``by_row`` True names the rows alone: notes stay with the cohort, which keeps no identifiers.
    """
    shown = "".join(f", left({file.plain(name)}, {LONGEST_QUOTE}) AS shown{i}" for i, name in enumerate(check.shown))
    identifier = file.text(file.dictionary.identifier.name)
    kept = ", ".join(("row", "identifier", *(f"shown{i}" for i in range(len(check.shown)))))
    found = file.fetch(
        f"SELECT {kept} FROM (SELECT row_number() OVER () AS row, left({identifier}, {LONGEST_QUOTE}) AS identifier, "
        f"{check.wrong} AS wrong{shown} FROM raw) AS numbered WHERE wrong LIMIT {N_SHOWN}"
    )
    names = []
    for i, (row, identifier) in enumerate(zip(found["row"], found["identifier"], strict=True)):
        patient = f"in row {row}" if identifier is np.ma.masked else shorten(identifier, LONGEST_NAME)
        patient = str(row) if by_row else patient
        values = [_short(found[f"shown{k}"][i]) for k in range(len(check.shown))]
        if len(values) > 1:
            values = [f"{name} {value}" for name, value in zip(check.shown, values, strict=True)]
        names.append(f"{patient}: {', '.join(values)}" if values else patient)
    return list_places(Words("row", "rows") if by_row else file.dictionary.words, names, n)


def _short(value: object) -> str:
    if value is np.ma.masked:
        return "empty"
    return repr(shorten(value, LONGEST_NAME))


def _find_repeats(file: PatientFile) -> list[Problem]:
    name = file.dictionary.identifier.name
    # As many hashes as identifiers prove that none repeats, and are counted faster than the identifiers themselves.
    plain = file.trimmed(name)
    (n,) = file.count_rows([f"{plain} IS NOT NULL"], "raw")
    # Millions of them are counted some at a time, to hold fewer in memory.
    n_parts = -(-n // MOST_AT_ONCE)
    parts = [f" AND hash({plain}) % {n_parts} = {i}" for i in range(n_parts)] if n_parts > 1 else [""]
    distinct = (
        file.fetch(f"SELECT count(DISTINCT hash({plain})) AS n FROM raw WHERE {plain} IS NOT NULL{part}")["n"][0]
        for part in parts
    )
    if n == sum(map(int, distinct)):
        return []
    repeated = (
        "SELECT identifier, count(*) AS n, min(row) AS first FROM "
        f"(SELECT row_number() OVER () AS row, {file.text(name)} AS identifier FROM raw) AS numbered "
        "WHERE identifier IS NOT NULL GROUP BY identifier HAVING count(*) > 1"
    )
    n_repeated = int(file.fetch(f"SELECT count(*) AS n FROM ({repeated}) AS repeated")["n"][0])
    if not n_repeated:
        return []
    found = file.fetch(
        f"SELECT left(identifier, {LONGEST_QUOTE}) AS identifier, n FROM ({repeated}) AS repeated "
        f"ORDER BY first LIMIT {N_SHOWN}"
    )
    words = file.dictionary.words
    identifiers = [shorten(identifier, LONGEST_NAME) for identifier in found["identifier"]]
    names = [f"{identifier}: {n} rows" for identifier, n in zip(identifiers, found["n"], strict=True)]
    return [
        Problem(
            f"{name} repeats: {n_repeated} identifier{'s stand' if n_repeated > 1 else ' stands'} in several rows",
            list_places(words, names, n_repeated),
            f"Keep one row per {words.noun}: delete the copies, or give different {words.plural} different identifiers.",
        )
    ]
