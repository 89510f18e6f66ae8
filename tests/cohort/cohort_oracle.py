"""What a cohort must answer, counted patient by patient in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import PHASES, Derivation, Dictionary, Endpoint, Variable

DAYS_PER_MONTH = 365.25 / 12
Row = dict[str, Any]


def coded(name: str, phase: Any, levels: Sequence[str], **entries: Any) -> Variable:
    """A coded variable whose labels are its levels in capitals."""
    kind = "binary" if len(levels) == 2 else "categorical"
    labels = tuple(level.upper() for level in levels)
    return Variable(name, name, kind, phase, tuple(levels), labels, levels[0], is_filter=True, **entries)  # type: ignore[arg-type]


SMALL = Dictionary(
    (
        Variable("patient_id", "Patient", "identifier", "diagnosis"),
        Variable("age_years", "Age", "continuous", "diagnosis", unit="years", is_filter=True),
        coded("sex", "diagnosis", ("female", "male"), missing_label="not recorded"),
        Variable("platelets", "Platelets", "continuous", "diagnosis", unit="10⁹/L", is_filter=True),
        coded(
            "platelets_group",
            "diagnosis",
            ("low", "middle", "high"),
            derivation=Derivation("cuts", ("platelets",), (50, 100)),
        ),
        coded(
            "thrombocytopenia",
            "diagnosis",
            ("no", "yes"),
            derivation=Derivation(
                "map", ("platelets_group",), mapping=(("low", "yes"), ("middle", "yes"), ("high", "no"))
            ),
        ),
        coded("cns_status", "diagnosis", ("CNS1", "CNS2", "CNS3"), missing_label="unknown"),
        coded("mrd", "induction", ("negative", "positive"), missing_label="not done"),
        Variable("end_of_therapy_days", "End of therapy", "duration", "treatment", unit="days from diagnosis"),
        Variable("relapsed", "Relapse", "event", "relapse"),
        Variable(
            "relapse_days", "Time to relapse", "duration", "relapse", unit="days from diagnosis", population="relapsed"
        ),
        coded(
            "relapse_timing_bfm",
            "relapse",
            ("very early", "early", "late"),
            population="relapsed",
            derivation=Derivation("relapse_timing_bfm", ("relapse_days", "end_of_therapy_days")),
        ),
        coded("salvage", "salvage", ("chemotherapy", "CAR-T", "HSCT"), population="relapsed"),
        Variable("hsct_days", "Time to HSCT", "duration", "salvage", unit="days from relapse", population="relapsed"),
        Variable(
            "second_relapse_days",
            "Second relapse",
            "duration",
            "follow-up",
            unit="days from relapse",
            population="relapsed",
        ),
        coded(
            "second_relapse",
            "follow-up",
            ("no", "yes"),
            population="relapsed",
            derivation=Derivation("present", ("second_relapse_days",)),
        ),
        Variable(
            "os_relapse_days", "Follow-up", "duration", "follow-up", unit="days from relapse", population="relapsed"
        ),
        Variable("os_relapse_event", "Death", "event", "follow-up", population="relapsed"),
        Variable("os_days", "Follow-up", "duration", "follow-up", unit="days from diagnosis"),
        Variable("os_event", "Death", "event", "follow-up"),
    ),
    (
        Endpoint(
            "os_relapse",
            "OS after relapse",
            "os_relapse_days",
            "os_relapse_event",
            "first relapse",
            "death",
            "relapsed",
            "relapse",
        ),
        Endpoint("os_diagnosis", "OS", "os_days", "os_event", "diagnosis", "death", "all", "diagnosis"),
    ),
)


def derive(rows: Sequence[Row], dictionary: Dictionary) -> list[Row]:
    """The rows with the derived columns of the small dictionary, and None wherever a column has no value."""
    done = []
    for given in rows:
        row = {v.name: given.get(v.name) for v in dictionary.variables}
        platelets, relapse, end = row["platelets"], row["relapse_days"], row["end_of_therapy_days"]
        if platelets is not None:
            row["platelets_group"] = "low" if platelets < 50 else "middle" if platelets < 100 else "high"
            row["thrombocytopenia"] = "yes" if platelets < 100 else "no"
        if relapse is not None and relapse < 18 * DAYS_PER_MONTH:
            row["relapse_timing_bfm"] = "very early"
        elif relapse is not None and end is not None:
            row["relapse_timing_bfm"] = "early" if relapse < end + 6 * DAYS_PER_MONTH else "late"
        if row["relapsed"] == 1:
            row["second_relapse"] = "no" if row["second_relapse_days"] is None else "yes"
        done.append(row)
    return done


def passes(row: Row, clause: Clause) -> bool:
    """True if a patient passes one clause."""
    value = row[clause.variable]
    if value is None:
        return clause.keep_missing
    if clause.levels:
        return value in clause.levels
    if clause.low is None and clause.high is None:
        return False
    return (clause.low is None or value >= clause.low) and (clause.high is None or value <= clause.high)


def kept(rows: Sequence[Row], cohort_filter: CohortFilter) -> list[Row]:
    """The patients who pass every clause."""
    return [row for row in rows if all(passes(row, clause) for clause in cohort_filter.clauses)]


def tally(
    rows: Sequence[Row], columns: Sequence[str], cohort_filter: CohortFilter, dictionary: Dictionary
) -> list[tuple[Any, ...]]:
    """Combinations with their number, in the order of levels and numbers, None last."""
    counts = Counter(tuple(row[name] for name in columns) for row in kept(rows, cohort_filter))

    def place(combination: tuple[Any, ...]) -> tuple[tuple[bool, float], ...]:
        places = []
        for name, value in zip(columns, combination, strict=True):
            levels = dictionary[name].levels
            places.append((value is None, 0 if value is None else levels.index(value) if levels else value))
        return tuple(places)

    return [(*combination, counts[combination]) for combination in sorted(counts, key=place)]


def level_counts(
    rows: Sequence[Row], cohort_filter: CohortFilter, dictionary: Dictionary
) -> dict[str, dict[str | None, int]]:
    """Patients at each level of each coded filter variable under the clauses of the other variables."""
    counted = {}
    for variable in dictionary.filters:
        if variable.is_coded:
            counts = Counter(row[variable.name] for row in kept(rows, cohort_filter.without(variable.name)))
            counted[variable.name] = {level: counts[level] for level in (*variable.levels, None)}
    return counted


def funnel(rows: Sequence[Row], cohort_filter: CohortFilter, dictionary: Dictionary) -> list[tuple[str, int]]:
    """Variable and number left after each clause, by phase."""
    names = [v.name for v in sorted(dictionary.variables, key=lambda v: PHASES.index(v.phase))]
    clauses = sorted(cohort_filter.clauses, key=lambda c: names.index(c.variable))
    return [(c.variable, len(kept(rows, CohortFilter(tuple(clauses[: i + 1]))))) for i, c in enumerate(clauses)]
