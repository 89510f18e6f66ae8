"""What is wrong with a file of patients, and what looks odd in it: every check names patients and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np

from analytics.derivations import derive, sources_of
from analytics.dictionary import DAYS_PER_MONTH
from analytics.engine import schema_of
from analytics.formats import LONGEST_QUOTE, shorten
from analytics.patient_file import N_SHOWN, PatientFile, Problem, list_places
from analytics.results import Note

MAX_AGE_YEARS = 120
LONGEST_NAME = 30  # characters of an identifier, or of a cell, in a message


@dataclass(frozen=True, slots=True)
class _Check:
    """Rows that are wrong: ``what`` with the places {n} and {total}, ``shown`` columns quoted beside the patient."""

    what: str
    wrong: Any
    remedy: str
    shown: tuple[str, ...] = ()


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
            yield _Check(
                f"{e.event} is given without {e.time} for {{n}} of {{total}} patients",
                event & ~time,
                f"Give the time from {e.origin} to the event or last contact, or leave both cells empty.",
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
    ("efs_days", "os_days", "efs_days ends after last contact (efs_days > os_days)"),
    (
        "efs_relapse_days",
        "os_relapse_days",
        "efs_relapse_days ends after last contact (efs_relapse_days > os_relapse_days)",
    ),
    *(
        (name, "os_relapse_days", f"{name} is longer than the follow-up from relapse ({name} > os_relapse_days)")
        for name in ("os_salvage_days", "os_cart_days", "os_hsct_days")
    ),
)


def _check_order(file: PatientFile) -> Iterator[_Check]:
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
    if file.has("relapsed", "relapse_days"):
        yield _Check(
            "relapsed is 1 without relapse_days for {n} of {total} patients",
            (file.value("relapsed") == 1) & ~file.given("relapse_days"),
            "Give the days from diagnosis to relapse, or set relapsed to 0.",
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
            problems.append(Problem(what, _where(file, check, n), check.remedy))
    return problems


def _where(file: PatientFile, check: _Check, n: int) -> str:
    """The first patients of a failed check by identifier, or by row where that is blank, with what stands there."""
    shown = {name: file.column(name).cast("string").left(LONGEST_QUOTE) for name in check.shown}
    identifier = file.text(file.dictionary.identifier.name).left(LONGEST_QUOTE)
    rows = file.raw.select(_row=ibis.row_number(), _identifier=identifier, _wrong=check.wrong, **shown)
    found = file.fetch(rows.filter(rows._wrong).limit(N_SHOWN))
    names = []
    for i, (row, identifier) in enumerate(zip(found["_row"], found["_identifier"], strict=True)):
        patient = f"in row {row + 1}" if identifier is np.ma.masked else shorten(identifier, LONGEST_NAME)
        values = [_short(found[name][i]) for name in check.shown]
        if len(values) > 1:
            values = [f"{name} {value}" for name, value in zip(check.shown, values, strict=True)]
        names.append(f"{patient}: {', '.join(values)}" if values else patient)
    return list_places("patient", names, n)


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
            yield _Remark(
                "derived-differs",
                table[v.name] != derived,
                f"{v.name} differs for {{n}} from what {_and(v.derivation.source)} give; "
                "the file's own values are used.",
                f"Correct either column, or leave {v.name} out to have it derived.",
            )
        if v.name in {e.time for e in file.dictionary.endpoints} and v.unit.startswith("days"):
            yield _Remark(
                "unit-suspect",
                table[v.name] < 20 * 12,
                f"{v.name} is below 240 for every patient: the times look like months or years, and days are expected.",
                f"If they are months, multiply {v.name} by {DAYS_PER_MONTH}.",
                share=1.0,
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


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def remark_on(connection: duckdb.DuckDBPyConnection, file: PatientFile) -> list[Note]:
    """Notes on what looks odd in the stored patients."""
    table = ibis.table(schema_of(connection, "patients"), name="patients")
    remarks = list(_find_remarks(table, file))
    if not remarks:
        return []
    counts = {f"unusual{i}": r.unusual.fill_null(False).sum().fill_null(0) for i, r in enumerate(remarks)}
    known = {f"known{i}": r.unusual.notnull().sum().fill_null(0) for i, r in enumerate(remarks)}
    found = file.fetch(table.aggregate(**counts, **known))
    notes = []
    for i, remark in enumerate(remarks):
        n, n_known = int(found[f"unusual{i}"][0]), int(found[f"known{i}"][0])
        # A handful of patients says nothing about units.
        if n and (not remark.share or (n_known >= 20 and n >= remark.share * n_known)):
            patients = f"{n} patient{'s' if n > 1 else ''}"
            notes.append(Note(remark.code, "caution", remark.text.replace("{n}", patients), remark.remedy))
    return notes
