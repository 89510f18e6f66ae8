"""Columns that look as if they had another unit, or their 0 and 1 exchanged."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.cohort.engine import list_numbers, number
from analytics.cohort.patient_file import PatientFile
from analytics.dictionary import DAYS_PER_MONTH, DAYS_PER_YEAR, PHASES, Variable

# Where times look like months or years: the share of them below so many days that children cannot have, how many times
# that takes at least. Times after relapse have the limit of the dictionary, if any (relapse does not come within four months
# of diagnosis in most, nor HSCT within three weeks of relapse; times to salvage treatment are short in any unit); follow-up
# has one by whether it starts at diagnosis.
_SHORT_SHARE, _LEAST_SHORT = 0.75, 3
_SHORT_FIRST = (240.0, 0.9, 10)
_SHORT_LATER = (120.0, 0.9, 10)
_YEARS = 15  # the limit in days divided by this: what is shorter still looks like years
_ADULT_SHARE, _LEAST_AGES = 0.25, 5
# MRD assays find one cell in 100,000 at best, 0.001 %; shares of one are a hundred times smaller than per cent.
_MRD_LIMIT, _MRD_SHARE, _LEAST_MRD = 0.001, 0.2, 5
_LEAST_EVENTS = 10
_MRD_CODES = (9.0, 77.0, 88.0, 99.0, 99.9)


def _in_years(limit: float) -> float:
    """The limit below which short times look like years; it is shown, hence round."""
    return round(limit / _YEARS, 1)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A column whose unit, or whose code, is likely another one: what is odd and what to do.

    ``factor`` is what would mend it, None where that is for the reader to say.
    """

    code: str
    variable: str
    what: str
    remedy: str
    factor: float | None = None


def suspect_units(file: PatientFile) -> list[Suspect]:
    """Columns in which so many values are too small or too large that the unit is likely another one.

    Shares of the values decide, not the largest: one coded value does not hide that all others are months.
    """
    counts: dict[str, str] = {}
    times: list[tuple[Variable, tuple[float, float, int]]] = []
    phase_of = {e.time: e.phase for e in file.dictionary.endpoints}
    for v in file.brought:
        if v.kind not in ("duration", "continuous"):
            continue
        x, bounds = file.number(v.name), dict[str, str]()
        if v.kind == "duration" and (v.rarely_below is not None or v.name in phase_of):
            short = _SHORT_FIRST if phase_of.get(v.name) == PHASES[0] else _SHORT_LATER
            if v.rarely_below is not None:
                short = (v.rarely_below, _SHORT_SHARE, _LEAST_SHORT)
            times.append((v, short))
            bounds = {
                "known": f"{x} IS NOT NULL",
                "short": f"{x} < {number(short[0])}",
                "years": f"{x} < {number(_in_years(short[0]))}",
            }
        elif v.usually_below is not None:
            bounds = {"known": f"{x} IS NOT NULL", "old": f"{x} > {number(v.usually_below)}"}
        elif v.unit == "%":
            bounds = {
                "known": f"{x} > 0",
                "below": f"{x} > 0 AND {x} < {number(_MRD_LIMIT)}",
                "above": f"{x} > 1 AND {x} NOT IN ({list_numbers(_MRD_CODES)})",
            }
        else:
            continue
        counts |= {f"{v.name} {what}": rows for what, rows in bounds.items()}
    n = dict(zip(counts, file.count_rows(list(counts.values())), strict=True))
    suspects = []
    patients = file.dictionary.words.plural
    for v, (limit, share, least) in times:
        known, few = n[f"{v.name} known"], n[f"{v.name} short"]
        if known < least or few < share * known:
            continue
        is_years = n[f"{v.name} years"] >= share * known
        unit, per = ("years", DAYS_PER_YEAR) if is_years else ("months", DAYS_PER_MONTH)
        suspects.append(
            Suspect(
                "unit-suspect",
                v.name,
                f"{v.name} is below {_in_years(limit) if is_years else limit:g} for {n[f'{v.name} years'] if is_years else few} "
                f"of {known} {patients}: the times look like {unit}, and days are expected.",
                f"If they are {unit}, multiply {v.name} by {per}.",
                per,
            )
        )
    for v in file.brought:
        known = n.get(f"{v.name} known", 0)
        if f"{v.name} old" in n and known >= _LEAST_AGES and n[f"{v.name} old"] >= _ADULT_SHARE * known:
            suspects.append(
                Suspect(
                    "unit-suspect",
                    v.name,
                    f"{v.name} is above {v.usually_below:g} for {n[f'{v.name} old']} of {known} {patients}: the "
                    "ages look like months or "
                    f"those of adults, and years of {patients} are expected.",
                    f"If they are months, divide {v.name} by 12.",
                    1 / 12,
                )
            )
        is_small = known >= _LEAST_MRD and n.get(f"{v.name} below", 0) >= _MRD_SHARE * known
        if f"{v.name} below" in n and is_small and not n[f"{v.name} above"]:
            suspects.append(
                Suspect(
                    "unit-suspect",
                    v.name,
                    f"{v.name} is below {_MRD_LIMIT:g} % for {n[f'{v.name} below']} of {known} {patients} with a value above 0, "
                    "less than an assay can find, and above 1 % for none, codes such as 99 aside: the values look like "
                    "fractions of one, and per cent are expected.",
                    f"If they are fractions, multiply {v.name} by 100.",
                    100.0,
                )
            )
    return suspects


def suspect_events(file: PatientFile) -> list[Suspect]:
    """Events that so many patients have had that 0 and 1 may be exchanged."""
    events = [v for v in file.brought if v.kind == "event" and v.rarely_above is not None]
    known = file.count_rows([f"{file.value(v.name)} IS NOT NULL" for v in events])
    had = file.count_rows([f"{file.value(v.name)} = 1" for v in events])
    return [
        Suspect(
            "event-suspect",
            v.name,
            f"{v.name} is 1 for {n} of {n_known} {file.dictionary.words.plural}: so many hardly ever have the event.",
            f"Check that 1 means the event in {v.name}, and 0 that it had not come by last contact.",
        )
        for v, n, n_known in zip(events, had, known, strict=True)
        if n_known >= _LEAST_EVENTS and v.rarely_above is not None and n > v.rarely_above * n_known
    ]
