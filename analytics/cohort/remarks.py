"""What looks odd in a file of patients that can be used: each remark says in which rows, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from analytics.cohort.consistency import list_rule_checks
from analytics.cohort.derivations import derive, is_derivable, sources_of
from analytics.cohort.engine import list_numbers, list_texts, number, quoted, quoted_text
from analytics.cohort.patient_file import PatientFile
from analytics.cohort.suspects import suspect_events, suspect_units
from analytics.cohort.validation import EVENT_FREE, FEW_DAYS, LONG_YEARS, Check, locate
from analytics.dictionary import DAYS_PER_YEAR
from analytics.results import Note

ADULT_YEARS = 40
MISSING_CODES = (7777.0, 8888.0, 9998.0, 9999.0)


@dataclass(frozen=True, slots=True)
class _Remark:
    """Patients worth a second look, though nothing is plainly wrong: ``say`` says it of "3 patients", if they are many."""

    code: str
    unusual: str
    say: Callable[[str], str]
    remedy: str
    share: float = 0.0


def _find_remarks(at_hand: Collection[str], file: PatientFile) -> Iterator[_Remark]:
    for v in file.brought:
        column = quoted(v.name)
        if v.derivation and set(sources_of(v)) <= set(at_hand):
            derived = derive(v, at_hand, file.dictionary)
            differs = f"{column} <> {derived}"
            for e in file.dictionary.competing:
                if e.time == v.name and file.has(e.cause):
                    # An event that the file names has the file's own day.
                    cause = file.dictionary[e.cause]
                    named = ", ".join(str(cause.levels.index(level)) for level in cause.optional_levels)
                    if named:
                        differs += f" AND NOT coalesce({quoted(e.cause)} IN ({named}), false)"
            if v.optional_levels:
                # The last of them stands for whatever the columns cannot name and the file may.
                codes = [v.levels.index(level) for level in v.optional_levels]
                some = ", ".join(map(str, codes))
                differs += f" AND NOT coalesce({derived} = {codes[-1]} AND {column} IN ({some}), false)"
            yield _Remark(
                "derived-differs",
                differs,
                partial(
                    "{0} differs for {2} from what {1} give; the file's own values are used.".format,
                    v.name,
                    _and(v.derivation.source),
                ),
                f"Correct either column, or leave {v.name} out to have it derived.",
            )
        if v.unit == "g/L":
            yield _Remark(
                "unit-suspect",
                f"{column} < 25",
                partial("{} is below 25 g/L for {}: the values look like g/dL or mmol/L.".format, v.name),
                "Multiply g/dL by 10 and mmol/L by 16.1.",
                share=0.5,
            )
    roles = file.dictionary.roles
    timing, end = roles.get("time of relapse"), roles.get("end of therapy day")
    has_derived = timing is not None and timing in at_hand and not file.has(timing)
    if timing and has_derived and end and (columns := file.with_roles("relapse day")):
        yield _Remark(
            "timing-unknown",
            f"{quoted(columns[0])} IS NOT NULL AND {quoted(timing)} IS NULL",
            "{} relapsed 18 months or more after diagnosis without a known end of therapy, "
            "so that the BFM time group is missing.".format,
            f"Give {end}, or use the COG time groups.",
        )
    if columns := file.with_roles("relapse day", "follow-up from relapse", "follow-up"):
        relapse, after, last = columns
        yield _Remark(
            "follow-up-differs",
            f"abs({quoted(last)} - {quoted(relapse)} - {quoted(after)}) > 1",
            partial("{} differs by more than a day from {} + {} for {}.".format, last, relapse, after),
            "Check the date of last contact in both.",
        )
    if columns := file.with_roles("death after relapse", "death"):
        after, died = columns
        yield _Remark(
            "follow-up-differs",
            f"{quoted(after)} <> {quoted(died)}",
            partial("{} and {} disagree about whether {} died.".format, after, died),
            "Check vital status at last contact in both.",
        )


# Codes that may as well be days: only where one of them stands in so many rows, and so large a share of them.
_CODES_OR_DAYS = (777.0, 888.0, 999.0)
_LEAST_CODED, _CODED_SHARE = 3, 0.05
# A time below 60 years has no more than 21 thousand days.
_POINT = r"^([1-9]|1[0-9]|2[01])\.[0-9]{3}$"


def _has_point(file: PatientFile, name: str) -> str:
    return f"coalesce(regexp_matches({file.text(name)}, {quoted_text(_POINT)}), false)"


def _look_at_columns(file: PatientFile) -> tuple[dict[str, list[float]], set[str]]:
    """Times by the codes that stand there too often for days, and those that may have points between thousands."""
    times = [v.name for v in file.brought if v.kind == "duration"]
    counts: dict[str, str] = {}
    for name in times:
        x = file.number(name)
        counts[f"{name} known"] = f"{x} IS NOT NULL"
        counts |= {f"{name} {code:g}": f"{x} = {number(code)}" for code in _CODES_OR_DAYS}
        if file.holds_text(name):
            counts[f"{name} pointed"] = _has_point(file, name)
            counts[f"{name} other"] = f"{x} IS NOT NULL AND NOT {_has_point(file, name)} AND {x} <> floor({x})"
    n = dict(zip(counts, file.count_rows(list(counts.values())), strict=True))
    often = {
        name: [c for c in _CODES_OR_DAYS if n[f"{name} {c:g}"] >= max(_LEAST_CODED, _CODED_SHARE * n[f"{name} known"])]
        for name in times
    }
    pointed = {name for name in times if n.get(f"{name} pointed") and not n[f"{name} other"]}
    return {name: codes for name, codes in often.items() if codes}, pointed


def list_odd_rows(file: PatientFile) -> Iterator[Check]:
    """Rows that can be used and look odd, each kind with its code."""
    often, pointed = _look_at_columns(file)
    for v in file.brought:
        if v.kind == "duration":
            x = file.number(v.name)
            yield Check(
                "code-suspect",
                f"{v.name} holds what looks like a code for a missing value",
                f"{x} IN ({list_numbers(MISSING_CODES)})",
                "It is read as a number of days. Leave the cell empty where the day is not known.",
                (v.name,),
            )
            if v.name in often:
                yield Check(
                    "code-suspect",
                    f"{v.name} holds the same number {' or '.join(f'{code:g}' for code in often[v.name])}, which looks like "
                    "a code for a missing value,",
                    f"{x} IN ({list_numbers(often[v.name])})",
                    "It is read as a number of days. Leave the cell empty where the day is not known.",
                    (v.name,),
                )
            if v.name in pointed:
                yield Check(
                    "unit-suspect",
                    f"{v.name} holds what looks like a point between thousands",
                    _has_point(file, v.name),
                    "It is read as a decimal point: 1.400 is less than two days. Write 1400.",
                    (v.name,),
                    then=", and only whole numbers else",
                )
            yield Check(
                "long-time",
                f"{v.name} is longer than {LONG_YEARS} years ({LONG_YEARS * DAYS_PER_YEAR:.0f} days)",
                f"{x} > {number(LONG_YEARS * DAYS_PER_YEAR)} AND {x} NOT IN ({list_numbers(MISSING_CODES)})",
                "Check both dates, and that the value is no date of a spreadsheet and no code.",
                (v.name,),
            )
        elif v.kind == "continuous" and v.usually_below is not None:
            yield Check(
                "code-suspect",
                f"{v.name} is {ADULT_YEARS} years or more",
                f"{file.number(v.name)} >= {ADULT_YEARS}",
                "Leave the cell empty where the age is not known; divide months by 12.",
                (v.name,),
                then=(
                    f", no age of a {file.dictionary.words.noun}: an adult, a code for a missing value, or another unit"
                ),
            )
    yield from _find_events_without_days(file)
    yield from _find_days_without_events(file)
    yield from _find_contradictions(file)
    yield from list_rule_checks(file, "caution")


def _holds(file: PatientFile, name: str, *levels: str) -> str:
    """True where a coded column holds one of the levels, False elsewhere."""
    codes = [code for code, level in enumerate(file.dictionary[name].levels) if level in levels]
    texts = [text for text, code in file.codes[name].items() if code in codes]
    return f"coalesce({file.plain(name)} IN ({list_texts(texts)}), false)" if texts else "false"


def _find_events_without_days(file: PatientFile) -> Iterator[Check]:
    code = "day-missing"
    if columns := file.with_roles("relapse", "relapse day"):
        relapsed, day = columns
        yield Check(
            code,
            f"{relapsed} is 1 without {day}",
            f"{file.value(relapsed)} = 1 AND NOT {file.given(day)}",
            f"Give the days from diagnosis to relapse if they are known; {relapsed} stays 1.",
            then=", counted as relapsed in odds ratios and left out where the day of relapse is needed",
            others=(relapsed, day),
        )
    for e in file.dictionary.endpoints:
        if not e.shares_event and e.entry is None and file.has(e.time, e.event):
            yield Check(
                code,
                f"{e.event} is 1 without {e.time}",
                f"{file.value(e.event)} = 1 AND NOT {file.given(e.time)}",
                f"Give the time from {e.origin} to the event if it is known; {e.event} stays 1.",
                then=f", left out of {e.label.lower()}: the curves look better than they are",
                others=(e.event, e.time),
            )
    if columns := file.with_roles("second relapse", "second relapse day"):
        again, day = columns
        yield Check(
            code,
            f"{again} is yes without {day}",
            f"{_holds(file, again, 'yes')} AND NOT {file.given(day)}",
            f"Give the days from first to second relapse if they are known; {again} stays yes.",
            then=", left out of event-free survival after relapse",
            others=(again, day),
        )
    for label, day, level in _list_treated(file):
        yield Check(
            code,
            f"{label} is {level} without {day}",
            f"{_holds(file, label, level)} AND NOT {file.given(day)}",
            f"Give the days from relapse to {level} if they are known; {label} stays {level}.",
            then=", left out where treatment counts from its day on",
            others=(label, day),
        )


def _list_treated(file: PatientFile) -> Iterator[tuple[str, str, str]]:
    """The label of salvage treatment with the day of each treatment that the file dates, and what the label calls it."""
    for treatment in ("HSCT", "CAR-T"):
        if columns := file.with_roles("salvage treatment", f"{treatment} day"):
            label, day = columns
            yield label, day, file.dictionary.level("salvage treatment", treatment)


def _find_days_without_events(file: PatientFile) -> Iterator[Check]:
    code = "flag-missing"
    for v in file.brought:
        if v.population is not None and v.kind == "duration" and file.has(v.population):
            yield Check(
                code,
                f"{v.name} is given",
                f"{file.given(v.name)} AND NOT {file.given(v.population)}",
                f"Write 1 under {v.population} if they had it, or empty {v.name}.",
                (v.name,),
                then=f" whose {v.population} is empty",
                others=(v.population,),
            )
    relapsed = file.dictionary.roles.get("relapse")
    if relapsed and (columns := file.with_roles("relapse day")) and not file.has(relapsed):
        (day,) = columns
        yield Check(
            code,
            f"{day} is given",
            file.given(day),
            f"Add {relapsed}: 1 where a {file.dictionary.words.noun} relapsed, 0 where none did until last contact or death.",
            then=f", but the file has no column {relapsed}, which says who had no relapse",
            others=(day,),
        )
    if columns := file.with_roles("second relapse", "second relapse day"):
        again, day = columns
        yield Check(
            code,
            f"{day} is given",
            f"{file.given(day)} AND NOT {_holds(file, again, 'yes')}",
            f"The day is taken as that of a second relapse. Write yes under {again}, or empty the day.",
            (day,),
            then=f" whose {again} is not yes",
            others=(again,),
        )
    for label, day, _ in _list_treated(file):
        yield Check(
            code,
            f"{day} is given",
            f"{file.given(day)} AND NOT {file.given(label)}",
            f"Write what was finally given under {label}, or empty {day}.",
            (day,),
            then=f" whose {label} is empty",
            others=(label,),
        )


def _find_contradictions(file: PatientFile) -> Iterator[Check]:
    code = "contradiction"
    events = [name for role in ("death", "death after relapse") for name in file.with_roles(role)]
    if events and (columns := file.with_roles("cause of death")):
        (cause_of_death,) = columns
        alive, died = (
            "(" + " OR ".join(f"coalesce({file.value(name)} = {value}, false)" for name in events) + ")"
            for value in (0, 1)
        )
        has_cause = _holds(file, cause_of_death, *file.dictionary[cause_of_death].levels)
        yield Check(
            code,
            f"{cause_of_death} is given",
            f"{alive} AND NOT {died} AND {has_cause}",
            f"Empty {cause_of_death}, or write 1 under {' and '.join(events)}.",
            columns,
            then=f" who are alive by {' and '.join(events)}",
            others=tuple(events),
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
            yield Check(
                code,
                f"{event} is {value}",
                f"{file.value(event)} = {value} AND {_holds(file, e.cause, *[level for level in levels if level])}",
                f"Correct either. As it stands, survival counts {event}, and the incidence of each event {e.cause}.",
                (e.cause,),
                then=f" whose {e.cause} {what}",
                others=(event,),
            )
    for event_free in EVENT_FREE:
        if columns := file.with_roles(*event_free):
            free, last = columns
            yield Check(
                "follow-up-differs",
                f"{free} ends up to {FEW_DAYS} days after last contact",
                f"{file.number(free)} > {file.number(last)} AND {file.number(free)} <= {file.number(last)} + {FEW_DAYS}",
                f"Check the date of last contact in {free} and {last}.",
                columns,
            )
    for *roles, what in (
        ("first remission", "relapse", "a relapse"),
        ("second remission", "second relapse day", "a second relapse"),
    ):
        if columns := file.with_roles(*roles):
            remission, later = columns
            is_event = file.dictionary[later].kind == "event"
            had = f"{file.value(later)} = 1" if is_event else file.given(later)
            yield Check(
                code,
                f"{remission} is no",
                f"{_holds(file, remission, 'no')} AND {had}",
                f"Correct either. As it stands, the failure to reach remission counts first, by {remission}.",
                (later,),
                then=f" with {what} on record, which can only follow remission",
                others=(remission,),
            )


def _remark_on_rows(file: PatientFile) -> list[Note]:
    """Notes that name the first rows of each odd kind, with what stands there."""
    odd = list(list_odd_rows(file))
    notes = []
    for check, n in zip(odd, file.count_rows([check.wrong for check in odd]), strict=True):
        if n:
            whom, where = f"{n} {file.dictionary.words.of(n)}", locate(file, check, n, by_row=True)
            notes.append(Note(check.code, "caution", f"{check.say(whom)} ({where}).", check.remedy))
    return notes


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def remark_on(file: PatientFile) -> list[Note]:
    """Notes on what looks odd in the stored patients."""
    at_hand = file.engine.schema("patients")
    suspects = [*suspect_units(file), *suspect_events(file)]
    found_in_rows = [*(Note(s.code, "caution", s.what, s.remedy) for s in suspects), *_remark_on_rows(file)]
    remarks = list(_find_remarks(at_hand, file))
    unusual = file.count_rows([r.unusual for r in remarks], "patients")
    known = file.count_rows([f"({r.unusual}) IS NOT NULL" for r in remarks], "patients")
    notes = found_in_rows
    for remark, n, n_known in zip(remarks, unusual, known, strict=True):
        # A handful of patients says nothing about units.
        if n and (not remark.share or (n_known >= 20 and n >= remark.share * n_known)):
            said = remark.say(f"{n} {file.dictionary.words.of(n)}")
            notes.append(Note(remark.code, "caution", said, remark.remedy))
    return notes
