"""What a cohort must answer, counted patient by patient in plain Python."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from analytics.cohort import Cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import PHASES, Derivation, Dictionary, Endpoint, Variable, load_dictionary

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


# What the code and the hints know of a column goes by what the product's dictionary says of it.
_SAID = {v.name: v for v in load_dictionary().variables}
SMALL = dataclasses.replace(
    SMALL,
    variables=tuple(
        dataclasses.replace(
            v,
            role=_SAID[v.name].role,
            other_names=_SAID[v.name].other_names,
            rarely_below=_SAID[v.name].rarely_below,
        )
        if v.name in _SAID
        else v
        for v in SMALL.variables
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
    """The patients who pass every clause and belong where the filter asks them to."""
    chosen = [row for row in rows if all(passes(row, clause) for clause in cohort_filter.clauses)]
    for membership in cohort_filter.memberships:
        within = {id(row) for other in membership.filters for row in kept(rows, other)}
        chosen = [row for row in chosen if (id(row) in within) is not membership.is_left_out]
    return chosen


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


EDGES = {"age_years": (0.0, 1.0, 5.0, 9.5, 10.0), "platelets": (50.0, 100.0)}


def split_counts(
    rows: Sequence[Row], name: str, cohort_filter: CohortFilter, dictionary: Dictionary
) -> list[list[int]]:
    """Patients at each level or bin of a column by relapse, missing last, under the clauses of the other variables."""
    places: dict[Any, int] = {level: i for i, level in enumerate(dictionary[name].levels)}
    n_places = len(EDGES.get(name, places))
    counted = [[0, 0, 0] for _ in range(n_places + 1)]
    for row in kept(rows, cohort_filter.without(name)):
        value = row[name]
        place = places.get(value, n_places)
        if name in EDGES and value is not None:
            place = max([i for i, edge in enumerate(EDGES[name]) if edge <= value], default=0)
        counted[place][2 if row["relapsed"] is None else row["relapsed"]] += 1
    return counted


def funnel(rows: Sequence[Row], cohort_filter: CohortFilter, dictionary: Dictionary) -> list[tuple[str, int]]:
    """Variable and number left after each clause, by phase."""
    names = [v.name for v in sorted(dictionary.variables, key=lambda v: PHASES.index(v.phase))]
    clauses = sorted(cohort_filter.clauses, key=lambda c: names.index(c.variable))
    steps = [(c.variable, len(kept(rows, CohortFilter(tuple(clauses[: i + 1]))))) for i, c in enumerate(clauses)]
    for i in range(len(cohort_filter.memberships)):
        steps.append(("", len(kept(rows, CohortFilter(tuple(clauses), cohort_filter.memberships[: i + 1])))))
    return steps


def make_rows(n: int, seed: int, *, few_values: bool = False) -> list[Row]:
    """Patients that pass every check, with gaps; ``few_values`` makes many of them alike."""
    random = np.random.default_rng(seed)

    def pick(*values: Any) -> Any:
        value = values[random.integers(len(values))]
        return None if random.random() < 0.15 else value

    rows = []
    for i in range(n):
        relapsed = int(random.random() < 0.5)
        row: Row = {
            "patient_id": f"SYN{i:05d}",
            "age_years": pick(1.0, 9.5, 10.0) if few_values else pick(round(random.uniform(0, 18), 1)),
            "sex": pick("female", "male"),
            "platelets": pick(20.0, 50.0, 99.9, 100.0, 250.0),
            "cns_status": pick("CNS1", "CNS2", "CNS3"),
            "mrd": pick("negative", "positive"),
            "relapsed": relapsed,
            "end_of_therapy_days": pick(800.0, 900.0),
            "os_days": 4000.0,
            "os_event": 0,
        }
        if relapsed:
            row |= {
                "relapse_days": float(random.choice([100, 547, 548, 982, 983, 1082, 1083, 2000])),
                "salvage": pick("chemotherapy", "CAR-T", "HSCT"),
                "hsct_days": pick(90.0),
                "second_relapse_days": pick(200.0) if random.random() < 0.5 else None,
                "os_relapse_days": float(random.choice([200, 300])) if few_values else float(random.integers(200, 900)),
                "os_relapse_event": int(random.random() < 0.4),
            }
            row |= {"os_days": row["relapse_days"] + row["os_relapse_days"], "os_event": row["os_relapse_event"]}
        rows.append(row)
    return rows


def frame_of(rows: Sequence[Row]) -> pd.DataFrame:
    """The rows as a file would bring them: only the columns that are not derived."""
    names = [v.name for v in SMALL.variables if not v.derivation]
    return pd.DataFrame([{name: row.get(name) for name in names} for row in rows], columns=names)


def as_tuples(tally: pd.DataFrame) -> list[tuple[Any, ...]]:
    """The rows of a tally with None for missing."""
    rows = tally.astype(object).itertuples(index=False, name=None)
    return [tuple(None if isinstance(value, float) and math.isnan(value) else value for value in row) for row in rows]


def assert_agrees(cohort: Cohort, rows: Sequence[Row], cohort_filter: CohortFilter, columns: Sequence[str]) -> None:
    """Nothing, if the cohort answers as the patients counted one by one."""
    assert as_tuples(cohort.tally(columns, cohort_filter)) == tally(rows, columns, cohort_filter, SMALL)
    assert cohort.count(cohort_filter) == len(kept(rows, cohort_filter))
    assert cohort.level_counts(cohort_filter) == level_counts(rows, cohort_filter, SMALL)
    names = ["sex", "mrd", *EDGES]
    split = cohort.split_counts(names, cohort_filter, event="relapsed", edges=EDGES)
    assert {name: n.tolist() for name, n in split.items()} == {
        name: split_counts(rows, name, cohort_filter, SMALL) for name in names
    }
    found = cohort.funnel(cohort_filter)
    assert [(s.variable, s.n) for s in found.steps] == funnel(rows, cohort_filter, SMALL)
    assert found.n_all == len(rows)
    assert found.n_left == cohort.count(cohort_filter)


ROWS = make_rows(300, seed=1)

# Numbers that engines write each in its own way.
ODD_NUMBERS = (
    0.0,
    1.0,
    0.5,
    1e-05,
    1.25e-07,
    2.5e-12,
    0.000123,
    0.0005,
    0.1,
    1999.999,
    1e7,
    12345678.5,
    1234567890123.5,
    1e15,
    3e300,
)
ODD_TEXTS = (
    "SELECT number_text(x) AS text, md5_number_lower(number_text(x)) AS hashed FROM (VALUES {}) AS odd(x)".format(
        ", ".join(f"(CAST({x!r} AS DOUBLE))" for x in ODD_NUMBERS)
    )
)


def hash_odd_numbers() -> list[tuple[str, int]]:
    """The odd numbers as DuckDB writes and hashes them."""
    sql = ODD_TEXTS.replace("number_text(x)", "CAST(x AS VARCHAR)")
    return [(text, int(hashed)) for text, hashed in duckdb.sql(sql).fetchall()]
