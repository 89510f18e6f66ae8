"""What is wrong with a file of patients, and what looks odd in it: every check names patients and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np

from analytics.cohort.derivations import derive, is_derivable, sources_of
from analytics.cohort.reader import N_SHOWN, PatientFile, Problem, list_places, schema_of
from analytics.dictionary import DAYS_PER_MONTH, DAYS_PER_YEAR
from analytics.formats import LONGEST_QUOTE, shorten
from analytics.results import Note

MAX_AGE_YEARS = 120
LONGEST_NAME = 30  # characters of an identifier, or of a cell, in a message
MAX_YEARS = 60  # no child of a cohort is followed for longer
LONG_YEARS = 30
ADULT_YEARS = 40
MISSING_CODES = (7777.0, 8888.0, 9998.0, 9999.0)


@dataclass(frozen=True, slots=True)
class _Check:
    """Rows that are wrong: ``what`` with the places {n} and {total}, ``shown`` columns quoted beside the patient.

    ``explain`` makes the remedy from the first wrong numbers of the first of these columns, where it depends on them.
    """

    what: str
    wrong: Any
    remedy: str
    shown: tuple[str, ...] = ()
    explain: Callable[[Sequence[float]], str] | None = None


def _check_identifiers(file: PatientFile) -> Iterator[_Check]:
    name = file.dictionary.identifier.name
    yield _Check(
        f"{name} is blank for {{n}} of {{total}} patients",
        file.text(name).isnull(),
        "Give every patient an identifier of their own, or delete the row.",
    )


def _check_levels(file: PatientFile) -> Iterator[_Check]:
    for v in file.brought:
        if v.name not in file.unread:
            continue
        text, known = file.column(v.name).cast("string"), sorted(file.codes[v.name])
        yield _Check(
            f"{v.name} has an unknown level for {{n}} of {{total}} patients; known: {', '.join(v.levels)}",
            text.notnull() & ~text.isin(known) if known else text.notnull(),
            "Write one of the known levels, or leave the cell empty where it is not known.",
            (v.name,),
        )


def _check_numbers(file: PatientFile) -> Iterator[_Check]:
    for v in file.brought:
        if v.kind in ("continuous", "duration"):
            yield _Check(
                f"{v.name} is no number for {{n}} of {{total}} patients",
                file.given(v.name) & file.number(v.name).isnull(),
                "Write a plain number with a decimal point and without unit or sign (0.01, not 0,01 or <0.01), "
                "or leave the cell empty.",
                (v.name,),
            )


def _check_signs(file: PatientFile) -> Iterator[_Check]:
    for v in file.brought:
        if v.kind == "duration":
            yield _Check(
                f"{v.name} is negative for {{n}} of {{total}} patients",
                file.number(v.name) < 0,
                "A time must be >= 0: check that the later date is not before the day the clock starts.",
                (v.name,),
            )
        elif v.kind == "continuous" and v.unit:
            yield _Check(
                f"{v.name} is negative for {{n}} of {{total}} patients",
                file.number(v.name) < 0,
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


def _check_limits(file: PatientFile) -> Iterator[_Check]:
    for v in file.brought:
        if v.kind == "continuous" and v.unit in _LIMITS:
            limit, remedy = _LIMITS[v.unit]
            yield _Check(
                f"{v.name} is above {limit} {v.unit} for {{n}} of {{total}} patients",
                file.number(v.name) > limit,
                remedy,
                (v.name,),
            )


def _check_times(file: PatientFile) -> Iterator[_Check]:
    for v in file.brought:
        if v.kind == "duration":
            start = v.unit.removeprefix("days from ")
            yield _Check(
                f"{v.name} lies more than {MAX_YEARS} years ({MAX_YEARS * DAYS_PER_YEAR:.0f} days) after {start} for "
                "{n} of {total} patients",
                file.number(v.name) > MAX_YEARS * DAYS_PER_YEAR,
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


def _check_events(file: PatientFile) -> Iterator[_Check]:
    for v in file.brought:
        if v.kind == "event":
            yield _Check(
                f"{v.name} is neither 0 nor 1 for {{n}} of {{total}} patients",
                file.given(v.name) & ~file.number(v.name).isin([0.0, 1.0]).fill_null(False),
                "Write 1 where the event happened and 0 where the patient was last seen without it.",
                (v.name,),
            )


def _check_endpoints(file: PatientFile) -> Iterator[_Check]:
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
            yield _Check(
                f"{e.event} is 0 without {e.time} for {{n}} of {{total}} patients",
                (file.value(e.event) == 0) & ~time,
                f"Give the time from {e.origin} to last contact, or leave both cells empty.",
                (e.event,),
            )
        pairs.add((e.time, e.event))
        yield _Check(
            f"{e.time} is given without {e.event} for {{n}} of {{total}} patients",
            time & ~event,
            f"Say whether the time ends with {e.event_label} (1) or at last contact (0), or leave both cells empty.",
            (e.time,),
        )


# The later day cannot lie before the earlier one; both are counted from the same day.
_ORDER = (
    ("relapse_days", "os_days", "os_days ends before relapse (os_days < relapse_days)"),
    ("hsct_days", "os_relapse_days", "hsct_days lies after last contact (hsct_days > os_relapse_days)"),
    ("cart_days", "os_relapse_days", "cart_days lies after last contact (cart_days > os_relapse_days)"),
    (
        "second_relapse_days",
        "os_relapse_days",
        "second_relapse_days lies after last contact (second_relapse_days > os_relapse_days)",
    ),
    ("salvage_days", "os_relapse_days", "salvage_days lies after last contact (salvage_days > os_relapse_days)"),
    ("salvage_days", "cart_days", "cart_days lies before the start of salvage treatment (cart_days < salvage_days)"),
    ("salvage_days", "hsct_days", "hsct_days lies before the start of salvage treatment (hsct_days < salvage_days)"),
    *(
        (name, "os_relapse_days", f"{name} is longer than the follow-up from relapse ({name} > os_relapse_days)")
        for name in ("os_salvage_days", "os_cart_days", "os_hsct_days")
    ),
)


# Event-free time and follow-up are often filled in at different visits.
_FEW_DAYS = 7
_EVENT_FREE = (("efs_days", "os_days"), ("efs_relapse_days", "os_relapse_days"))


def _check_order(file: PatientFile) -> Iterator[_Check]:
    for free, last in _EVENT_FREE:
        if file.has(free, last):
            yield _Check(
                f"{free} ends more than {_FEW_DAYS} days after last contact ({free} > {last}) for {{n}} of {{total}} patients",
                file.number(free) > file.number(last) + _FEW_DAYS,
                "Check the dates of both, and from which day each is counted.",
                (free, last),
            )
    for earlier, later, what in _ORDER:
        if file.has(earlier, later):
            yield _Check(
                f"{what} for {{n}} of {{total}} patients",
                file.number(earlier) > file.number(later),
                "Check the dates of both, and from which day each is counted.",
                (earlier, later),
            )


def _check_population(file: PatientFile) -> Iterator[_Check]:
    for v in file.brought:
        if v.population is None or not file.has(v.population):
            continue
        yield _Check(
            f"{v.name} is given for {{n}} of {{total}} patients whose {v.population} is 0",
            (file.value(v.population) == 0) & file.given(v.name),
            f"Empty {v.name} for them, or set {v.population} to 1.",
            (v.name,),
        )


# A treatment with a day, the labels of salvage treatment that say it was not given, and what to write instead.
_TREATED = (
    ("hsct_days", ("chemotherapy", "CAR-T"), "HSCT, which is what was finally given,"),
    ("cart_days", ("chemotherapy",), "CAR-T (HSCT if that was given too)"),
)


def _check_treatment(file: PatientFile) -> Iterator[_Check]:
    label = "salvage_treatment"
    if not file.has(label):
        return
    levels = file.dictionary[label].levels
    for days, labels, instead in _TREATED:
        if file.has(days) and set(labels) <= set(levels):
            yield _Check(
                f"{days} is given for {{n}} of {{total}} patients whose {label} is {' or '.join(labels)}",
                file.given(days) & file.code(label).isin([levels.index(level) for level in labels]),
                f"Write {instead} under {label}, or empty {days}.",
                (label, days),
            )


CHECKS: tuple[Callable[[PatientFile], Iterator[_Check]], ...] = (
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


def find_problems(file: PatientFile) -> list[Problem]:
    """Everything that is wrong with the patients of a file."""
    problems = _find_repeats(file)
    total = int(file.fetch(file.raw.aggregate(n=file.raw.count()))["n"][0])
    checks = [check for find in CHECKS for check in find(file)]
    wrong = {f"check{i}": check.wrong.fill_null(False).sum().fill_null(0) for i, check in enumerate(checks)}
    counts = file.fetch(file.raw.aggregate(**wrong))
    for i, check in enumerate(checks):
        n = int(counts[f"check{i}"][0])
        if n:
            what = check.what.replace("{n}", str(n)).replace("{total}", str(total))
            remedy = check.remedy if check.explain is None else check.explain(_first_numbers(file, check))
            problems.append(Problem(what, _where(file, check, n), remedy))
    return problems


def _first_numbers(file: PatientFile, check: _Check) -> list[float]:
    """The first distinct wrong numbers of a check, from the most frequent on."""
    rows = file.raw.select(value=file.number(check.shown[0]), wrong=check.wrong)
    counted = rows.filter(rows.wrong).group_by("value").agg(n=lambda t: t.count())
    return [float(value) for value in file.fetch(counted.order_by(ibis.desc("n"), "value").limit(N_SHOWN))["value"]]


def _where(file: PatientFile, check: _Check, n: int, *, by_row: bool = False) -> str:
    """The first patients of a failed check by identifier, or by row where that is blank, with what stands there.

    ``by_row`` True names the rows alone: notes stay with the cohort, which keeps no identifiers.
    """
    shown = {name: file.column(name).cast("string").left(LONGEST_QUOTE) for name in check.shown}
    identifier = file.text(file.dictionary.identifier.name).left(LONGEST_QUOTE)
    rows = file.raw.select(_row=ibis.row_number(), _identifier=identifier, _wrong=check.wrong, **shown)
    found = file.fetch(rows.filter(rows._wrong).limit(N_SHOWN))
    names = []
    for i, (row, identifier) in enumerate(zip(found["_row"], found["_identifier"], strict=True)):
        patient = f"in row {row + 1}" if identifier is np.ma.masked else shorten(identifier, LONGEST_NAME)
        patient = str(row + 1) if by_row else patient
        values = [_short(found[name][i]) for name in check.shown]
        if len(values) > 1:
            values = [f"{name} {value}" for name, value in zip(check.shown, values, strict=True)]
        names.append(f"{patient}: {', '.join(values)}" if values else patient)
    return list_places("row" if by_row else "patient", names, n)


def _short(value: object) -> str:
    if value is np.ma.masked:
        return "empty"
    return repr(shorten(value, LONGEST_NAME))


def _find_repeats(file: PatientFile) -> list[Problem]:
    name = file.dictionary.identifier.name
    # As many hashes as identifiers prove that none repeats, and are counted faster than the identifiers themselves.
    plain = file.column(name).cast("string").strip()
    counts = file.fetch(file.raw.aggregate(n=plain.count(), n_distinct=plain.hash().nunique(where=plain.notnull())))
    if counts["n"][0] == counts["n_distinct"][0]:
        return []
    rows = file.raw.select(row=ibis.row_number(), identifier=file.text(name)).filter(ibis._.identifier.notnull())
    repeated = rows.group_by("identifier").agg(n=rows.count(), first=rows.row.min())
    repeated = repeated.filter(repeated.n > 1)
    n_repeated = int(file.fetch(repeated.aggregate(n=repeated.count()))["n"][0])
    if not n_repeated:
        return []
    repeated = repeated.order_by("first").limit(N_SHOWN)
    found = file.fetch(repeated.mutate(identifier=repeated.identifier.left(LONGEST_QUOTE)))
    identifiers = [shorten(identifier, LONGEST_NAME) for identifier in found["identifier"]]
    names = [f"{identifier}: {n} rows" for identifier, n in zip(identifiers, found["n"], strict=True)]
    return [
        Problem(
            f"{name} repeats: {n_repeated} identifier{'s stand' if n_repeated > 1 else ' stands'} in several rows",
            list_places("patient", names, n_repeated),
            "Keep one row per patient: delete the copies, or give different patients different identifiers.",
        )
    ]


@dataclass(frozen=True, slots=True)
class _Remark:
    """Patients worth a second look, though nothing is plainly wrong: a note with the place {n}, given if n is large."""

    code: str
    unusual: Any
    text: str
    remedy: str
    share: float = 0.0


def _find_remarks(table: ir.Table, file: PatientFile) -> Iterator[_Remark]:
    for v in file.brought:
        if v.derivation and set(sources_of(v)) <= set(table.columns):
            derived = derive(v, table, file.dictionary)
            differs = table[v.name] != derived
            for e in file.dictionary.competing:
                if e.time == v.name and file.has(e.cause):
                    # An event that the file names has the file's own day.
                    named = [file.dictionary[e.cause].levels.index(x) for x in file.dictionary[e.cause].optional_levels]
                    differs = differs & ~table[e.cause].isin(named).fill_null(False)
            if v.optional_levels:
                # The last of them stands for whatever the columns cannot name and the file may.
                codes = [v.levels.index(level) for level in v.optional_levels]
                differs = differs & ~((derived == codes[-1]) & table[v.name].isin(codes)).fill_null(False)
            yield _Remark(
                "derived-differs",
                differs,
                f"{v.name} differs for {{n}} from what {_and(v.derivation.source)} give; "
                "the file's own values are used.",
                f"Correct either column, or leave {v.name} out to have it derived.",
            )
        if v.unit == "g/L":
            yield _Remark(
                "unit-suspect",
                table[v.name] < 25,
                f"{v.name} is below 25 g/L for {{n}}: the values look like g/dL or mmol/L.",
                "Multiply g/dL by 10 and mmol/L by 16.1.",
                share=0.5,
            )
    if "relapse_timing_bfm" in table.columns and file.has("relapse_days") and not file.has("relapse_timing_bfm"):
        yield _Remark(
            "timing-unknown",
            table["relapse_days"].notnull() & table["relapse_timing_bfm"].isnull(),
            "{n} relapsed 18 months or more after diagnosis without a known end of therapy, "
            "so that the BFM time group is missing.",
            "Give end_of_therapy_days, or use the COG time groups.",
        )
    if file.has("relapse_days", "os_relapse_days", "os_days"):
        gap = table["os_days"] - table["relapse_days"] - table["os_relapse_days"]
        yield _Remark(
            "follow-up-differs",
            gap.abs() > 1,
            "os_days differs by more than a day from relapse_days + os_relapse_days for {n}.",
            "Check the date of last contact in both.",
        )
    if file.has("os_relapse_event", "os_event"):
        yield _Remark(
            "follow-up-differs",
            table["os_relapse_event"] != table["os_event"],
            "os_relapse_event and os_event disagree about whether {n} died.",
            "Check vital status at last contact in both.",
        )


# Where times look like months or years: the share of them below so many days that children cannot have, how many times
# that takes at least. Relapse does not come within four months of diagnosis in most, nor HSCT within three weeks of
# relapse; times to salvage treatment are short in any unit.
_SHORT = {
    "relapse_days": (120, 0.75, 3),
    "end_of_therapy_days": (120, 0.75, 3),
    "second_relapse_days": (45, 0.75, 3),
    "hsct_days": (20, 0.75, 3),
    "cart_days": (12, 0.75, 3),
    "induction_failure_days": (10, 0.75, 3),
    "reinduction_failure_days": (10, 0.75, 3),
}
_SHORT_FOLLOW_UP = {"diagnosis": (240, 0.9, 10)}
_SHORT_LATER = (120, 0.9, 10)
_YEARS = 15  # the limit in days divided by this: what is shorter still looks like years
_ADULT_SHARE, _LEAST_AGES = 0.25, 5
# MRD assays find one cell in 100,000 at best, 0.001 %; shares of one are a hundred times smaller than per cent.
_MRD_LIMIT, _MRD_SHARE, _LEAST_MRD = 0.001, 0.2, 5
_MRD_CODES = (9.0, 77.0, 88.0, 99.0, 99.9)


def _in_years(limit: float) -> float:
    """The limit below which short times look like years; it is shown, hence round."""
    return round(limit / _YEARS, 1)


def _remark_on_units(file: PatientFile) -> list[Note]:
    """Columns in which so many values are too small or too large that the unit is likely another one.

    Shares of the values decide, not the largest: one coded value does not hide that all others are months.
    """
    counts: dict[str, Any] = {}
    times: list[tuple[Any, tuple[float, float, int]]] = []
    times_of = {e.time for e in file.dictionary.endpoints}
    for v in file.brought:
        if v.kind not in ("duration", "continuous"):
            continue
        x, bounds = file.number(v.name), dict[str, Any]()
        if v.kind == "duration" and (v.name in _SHORT or v.name in times_of):
            start = v.unit.removeprefix("days from ")
            short = _SHORT.get(v.name) or _SHORT_FOLLOW_UP.get(start, _SHORT_LATER)
            times.append((v, short))
            bounds = {"known": x.notnull(), "short": x < short[0], "years": x < _in_years(short[0])}
        elif v.unit == "years":
            bounds = {"known": x.notnull(), "old": x > 25}
        elif v.unit == "%":
            bounds = {"known": x > 0, "below": (x > 0) & (x < _MRD_LIMIT), "above": (x > 1) & ~x.isin(_MRD_CODES)}
        else:
            continue
        counts |= {f"{v.name} {what}": rows.fill_null(False).sum().fill_null(0) for what, rows in bounds.items()}
    if not counts:
        return []
    n = {name: int(values[0]) for name, values in file.fetch(file.raw.aggregate(**counts)).items()}
    notes = []
    for v, (limit, share, least) in times:
        known, few = n[f"{v.name} known"], n[f"{v.name} short"]
        if known < least or few < share * known:
            continue
        is_years = n[f"{v.name} years"] >= share * known
        unit, per = ("years", DAYS_PER_YEAR) if is_years else ("months", DAYS_PER_MONTH)
        notes.append(
            Note(
                "unit-suspect",
                "caution",
                f"{v.name} is below {_in_years(limit) if is_years else limit:g} for {n[f'{v.name} years'] if is_years else few} "
                f"of {known} patients: the times look like {unit}, and days are expected.",
                f"If they are {unit}, multiply {v.name} by {per}.",
            )
        )
    for v in file.brought:
        known = n.get(f"{v.name} known", 0)
        if f"{v.name} old" in n and known >= _LEAST_AGES and n[f"{v.name} old"] >= _ADULT_SHARE * known:
            notes.append(
                Note(
                    "unit-suspect",
                    "caution",
                    f"{v.name} is above 25 for {n[f'{v.name} old']} of {known} patients: the ages look like months or "
                    "those of adults, and years of children are expected.",
                    f"If they are months, divide {v.name} by 12.",
                )
            )
        is_small = known >= _LEAST_MRD and n.get(f"{v.name} below", 0) >= _MRD_SHARE * known
        if f"{v.name} below" in n and is_small and not n[f"{v.name} above"]:
            notes.append(
                Note(
                    "unit-suspect",
                    "caution",
                    f"{v.name} is below {_MRD_LIMIT:g} % for {n[f'{v.name} below']} of {known} patients with a value above 0, "
                    "less than an assay can find, and above 1 % for none, codes such as 99 aside: the values look like "
                    "fractions of one, and per cent are expected.",
                    f"If they are fractions, multiply {v.name} by 100.",
                )
            )
    return notes


# Codes that may as well be days: only where one of them stands in so many rows, and so large a share of them.
_CODES_OR_DAYS = (777.0, 888.0, 999.0)
_LEAST_CODED, _CODED_SHARE = 3, 0.05
# A time below 60 years has no more than 21 thousand days.
_POINT = r"^([1-9]|1[0-9]|2[01])\.[0-9]{3}$"


def _has_point(file: PatientFile, name: str) -> Any:
    return file.text(name).re_search(_POINT).fill_null(False)


def _look_at_columns(file: PatientFile) -> tuple[dict[str, list[float]], set[str]]:
    """Times by the codes that stand there too often for days, and those that may have points between thousands."""
    times = [v.name for v in file.brought if v.kind == "duration"]
    counts: dict[str, Any] = {}
    for name in times:
        x = file.number(name)
        counts[f"{name} known"] = x.notnull().sum()
        counts |= {f"{name} {code:g}": (x == code).sum() for code in _CODES_OR_DAYS}
        if file.column(name).type().is_string():
            counts[f"{name} pointed"] = _has_point(file, name).sum()
            counts[f"{name} other"] = (x.notnull() & ~_has_point(file, name) & (x != x.floor())).sum()
    if not counts:
        return {}, set()
    found = file.fetch(file.raw.aggregate(**{key: rows.fill_null(0) for key, rows in counts.items()}))
    n = {key: int(values[0]) for key, values in found.items()}
    often = {
        name: [c for c in _CODES_OR_DAYS if n[f"{name} {c:g}"] >= max(_LEAST_CODED, _CODED_SHARE * n[f"{name} known"])]
        for name in times
    }
    pointed = {name for name in times if n.get(f"{name} pointed") and not n[f"{name} other"]}
    return {name: codes for name, codes in often.items() if codes}, pointed


def _find_odd_rows(file: PatientFile) -> Iterator[tuple[str, _Check]]:
    """Rows that can be used and look odd, each kind with its code; the text has the place {n} for "3 patients"."""
    often, pointed = _look_at_columns(file)
    for v in file.brought:
        if v.kind == "duration":
            x = file.number(v.name)
            yield (
                "code-suspect",
                _Check(
                    f"{v.name} holds what looks like a code for a missing value for {{n}}",
                    x.isin(list(MISSING_CODES)),
                    "It is read as a number of days. Leave the cell empty where the day is not known.",
                    (v.name,),
                ),
            )
            if v.name in often:
                yield (
                    "code-suspect",
                    _Check(
                        f"{v.name} holds the same number {' or '.join(f'{code:g}' for code in often[v.name])}, which looks like "
                        "a code for a missing value, for {n}",
                        x.isin(often[v.name]),
                        "It is read as a number of days. Leave the cell empty where the day is not known.",
                        (v.name,),
                    ),
                )
            if v.name in pointed:
                yield (
                    "unit-suspect",
                    _Check(
                        f"{v.name} holds what looks like a point between thousands for {{n}}, and only whole numbers else",
                        _has_point(file, v.name),
                        "It is read as a decimal point: 1.400 is less than two days. Write 1400.",
                        (v.name,),
                    ),
                )
            yield (
                "long-time",
                _Check(
                    f"{v.name} is longer than {LONG_YEARS} years ({LONG_YEARS * DAYS_PER_YEAR:.0f} days) for {{n}}",
                    (x > LONG_YEARS * DAYS_PER_YEAR) & ~x.isin(list(MISSING_CODES)),
                    "Check both dates, and that the value is no date of a spreadsheet and no code.",
                    (v.name,),
                ),
            )
        elif v.kind == "continuous" and v.unit == "years":
            yield (
                "code-suspect",
                _Check(
                    f"{v.name} is {ADULT_YEARS} years or more for {{n}}, no age of a child: an adult, a code for a missing "
                    "value, or another unit",
                    file.number(v.name) >= ADULT_YEARS,
                    "Leave the cell empty where the age is not known; divide months by 12.",
                    (v.name,),
                ),
            )
    yield from _find_events_without_days(file)
    yield from _find_days_without_events(file)
    yield from _find_contradictions(file)


def _holds(file: PatientFile, name: str, *levels: str) -> Any:
    """True where a coded column holds one of the levels, False elsewhere."""
    codes = [code for code, level in enumerate(file.dictionary[name].levels) if level in levels]
    texts = [text for text, code in file.codes[name].items() if code in codes]
    return file.column(name).cast("string").isin(texts).fill_null(False) if texts else ibis.literal(False)


def _find_events_without_days(file: PatientFile) -> Iterator[tuple[str, _Check]]:
    code = "day-missing"
    if file.has("relapsed", "relapse_days"):
        yield (
            code,
            _Check(
                "relapsed is 1 without relapse_days for {n}, counted as relapsed in odds ratios and left out where the day "
                "of relapse is needed",
                (file.value("relapsed") == 1) & ~file.given("relapse_days"),
                "Give the days from diagnosis to relapse if they are known; relapsed stays 1.",
            ),
        )
    for e in file.dictionary.endpoints:
        if not e.shares_event and e.entry is None and file.has(e.time, e.event):
            yield (
                code,
                _Check(
                    f"{e.event} is 1 without {e.time} for {{n}}, left out of {e.label.lower()}: "
                    "the curves look better than they are",
                    (file.value(e.event) == 1) & ~file.given(e.time),
                    f"Give the time from {e.origin} to the event if it is known; {e.event} stays 1.",
                ),
            )
    if file.has("second_relapse", "second_relapse_days"):
        yield (
            code,
            _Check(
                "second_relapse is yes without second_relapse_days for {n}, left out of event-free survival after relapse",
                _holds(file, "second_relapse", "yes") & ~file.given("second_relapse_days"),
                "Give the days from first to second relapse if they are known; second_relapse stays yes.",
            ),
        )
    if file.has("salvage_treatment"):
        for days, label in (("hsct_days", "HSCT"), ("cart_days", "CAR-T")):
            if file.has(days):
                yield (
                    code,
                    _Check(
                        f"salvage_treatment is {label} without {days} for {{n}}, left out where treatment counts from "
                        "its day on",
                        _holds(file, "salvage_treatment", label) & ~file.given(days),
                        f"Give the days from relapse to {label} if they are known; salvage_treatment stays {label}.",
                    ),
                )


def _find_days_without_events(file: PatientFile) -> Iterator[tuple[str, _Check]]:
    code = "flag-missing"
    for v in file.brought:
        if v.population is not None and v.kind == "duration" and file.has(v.population):
            yield (
                code,
                _Check(
                    f"{v.name} is given for {{n}} whose {v.population} is empty",
                    file.given(v.name) & ~file.given(v.population),
                    f"Write 1 under {v.population} if they had it, or empty {v.name}.",
                    (v.name,),
                ),
            )
    if file.has("relapse_days") and not file.has("relapsed"):
        yield (
            code,
            _Check(
                "relapse_days is given for {n}, but the file has no column relapsed, which says who had no relapse",
                file.given("relapse_days"),
                "Add relapsed: 1 where a child relapsed, 0 where none did until last contact or death.",
            ),
        )
    if file.has("second_relapse", "second_relapse_days"):
        yield (
            code,
            _Check(
                "second_relapse_days is given for {n} whose second_relapse is not yes",
                file.given("second_relapse_days") & ~_holds(file, "second_relapse", "yes"),
                "The day is taken as that of a second relapse. Write yes under second_relapse, or empty the day.",
                ("second_relapse_days",),
            ),
        )
    if file.has("salvage_treatment"):
        for days in ("hsct_days", "cart_days"):
            if file.has(days):
                yield (
                    code,
                    _Check(
                        f"{days} is given for {{n}} whose salvage_treatment is empty",
                        file.given(days) & ~file.given("salvage_treatment"),
                        f"Write what was finally given under salvage_treatment, or empty {days}.",
                        (days,),
                    ),
                )


def _find_contradictions(file: PatientFile) -> Iterator[tuple[str, _Check]]:
    code = "contradiction"
    events = [name for name in ("os_event", "os_relapse_event") if file.has(name)]
    if file.has("cause_of_death") and events:
        alive, died = ibis.literal(False), ibis.literal(False)
        for name in events:
            alive = alive | (file.value(name) == 0).fill_null(False)
            died = died | (file.value(name) == 1).fill_null(False)
        yield (
            code,
            _Check(
                f"cause_of_death is given for {{n}} who are alive by {' and '.join(events)}",
                alive & ~died & _holds(file, "cause_of_death", *file.dictionary["cause_of_death"].levels),
                f"Empty cause_of_death, or write 1 under {' and '.join(events)}.",
                ("cause_of_death",),
            ),
        )
    for e in file.dictionary.competing:
        cause = file.dictionary[e.cause]
        event = next(iter(sources_of(cause)), "")
        # Where the event itself can be derived, the remark on what is derived differently tells of it.
        if not event or not file.has(event, e.cause) or is_derivable(cause, file.columns, file.dictionary):
            continue
        for value, levels, what in (
            (1, (cause.reference,), f"is {cause.reference}"),
            (0, tuple(level for level in cause.levels if level != cause.reference), "names an event"),
        ):
            yield (
                code,
                _Check(
                    f"{event} is {value} for {{n}} whose {e.cause} {what}",
                    (file.value(event) == value) & _holds(file, e.cause, *[level for level in levels if level]),
                    f"Correct either. As it stands, survival counts {event}, and the incidence of each event {e.cause}.",
                    (e.cause,),
                ),
            )
    for free, last in _EVENT_FREE:
        if file.has(free, last):
            yield (
                "follow-up-differs",
                _Check(
                    f"{free} ends up to {_FEW_DAYS} days after last contact for {{n}}",
                    (file.number(free) > file.number(last)) & (file.number(free) <= file.number(last) + _FEW_DAYS),
                    f"Check the date of last contact in {free} and {last}.",
                    (free, last),
                ),
            )
    for remission, later, what in (
        ("first_remission", "relapsed", "a relapse"),
        ("second_remission", "second_relapse_days", "a second relapse"),
    ):
        if file.has(remission, later):
            had = file.value(later) == 1 if later == "relapsed" else file.given(later)
            yield (
                code,
                _Check(
                    f"{remission} is no for {{n}} with {what} on record, which can only follow remission",
                    _holds(file, remission, "no") & had,
                    f"Correct either. As it stands, the failure to reach remission counts first, by {remission}.",
                    (later,),
                ),
            )


def _remark_on_rows(file: PatientFile) -> list[Note]:
    """Notes that name the first rows of each odd kind, with what stands there."""
    odd = list(_find_odd_rows(file))
    if not odd:
        return []
    wrong: dict[str, Any] = {
        f"odd{i}": check.wrong.fill_null(False).sum().fill_null(0) for i, (_, check) in enumerate(odd)
    }
    counts = file.fetch(file.raw.aggregate(**wrong))
    notes = []
    for i, (code, check) in enumerate(odd):
        n = int(counts[f"odd{i}"][0])
        if n:
            patients = f"{n} patient{'s' if n > 1 else ''}"
            where = _where(file, check, n, by_row=True)
            notes.append(Note(code, "caution", f"{check.what.replace('{n}', patients)} ({where}).", check.remedy))
    return notes


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def remark_on(file: PatientFile) -> list[Note]:
    """Notes on what looks odd in the stored patients."""
    table = ibis.table(schema_of(file.engine.connection, "patients"), name="patients")
    found_in_rows = [*_remark_on_units(file), *_remark_on_rows(file)]
    remarks = list(_find_remarks(table, file))
    if not remarks:
        return found_in_rows
    counts = {f"unusual{i}": r.unusual.fill_null(False).sum().fill_null(0) for i, r in enumerate(remarks)}
    known = {f"known{i}": r.unusual.notnull().sum().fill_null(0) for i, r in enumerate(remarks)}
    found = file.fetch(table.aggregate(**counts, **known))
    notes = found_in_rows
    for i, remark in enumerate(remarks):
        n, n_known = int(found[f"unusual{i}"][0]), int(found[f"known{i}"][0])
        # A handful of patients says nothing about units.
        if n and (not remark.share or (n_known >= 20 and n >= remark.share * n_known)):
            patients = f"{n} patient{'s' if n > 1 else ''}"
            notes.append(Note(remark.code, "caution", remark.text.replace("{n}", patients), remark.remedy))
    return notes
