"""Identifiers of patients alike: whose they are, and of which cohorts none is ever given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.cohort import open_cohort, opening
from analytics.cohort.filters import Clause, CohortFilter
from analytics.cohort.opening import open_patients
from tests.analyses.shown import FILES, cohort_of, patients_of, select
from tests.cohort import cohort_oracle as oracle
from tests.cohort.cohort_oracle import SMALL, frame_of, make_rows
from tests.cohort.conftest import OpenEngine

COLUMNS = ["relapsed", "etv6_runx1", "mrd_day46", "age_group"]


@pytest.mark.parametrize(
    "cohort_filter",
    [CohortFilter(), CohortFilter((Clause("sex", ("female",)), Clause("age_years", low=2.0, high=9.0)))],
)
def test_every_pattern_names_the_patients_who_have_it(cohort_filter: CohortFilter) -> None:
    cohort, patients = cohort_of(FILES[0]), select(patients_of(FILES[0]), cohort_filter)
    tally = cohort.tally(COLUMNS, cohort_filter)
    assert tally.drop(columns="n").isna().any().any()  # a missing value is a value here
    for i in range(len(tally)):
        pattern = tally.iloc[[i]][COLUMNS]
        alike = pd.Series(True, index=patients.index)
        for name in COLUMNS:
            value = pattern[name].iloc[0]
            alike &= patients[name].isna() if pd.isna(value) else patients[name] == value
        expected = sorted(patients.loc[alike, "patient_id"])
        assert len(expected) == tally["n"].iloc[i]
        assert cohort.name_patients(pattern, cohort_filter, limit=500) == tuple(expected)
        assert cohort.name_patients(pattern, cohort_filter, limit=2) == tuple(expected[:2])


def test_every_engine_names_the_same(engine: OpenEngine) -> None:
    rows = make_rows(80, 3)
    cohort, derived = engine(frame_of(rows), SMALL), oracle.derive(rows, SMALL)
    chosen = CohortFilter((Clause("age_years", low=2.0, keep_missing=True),))
    tally = cohort.tally(["sex", "mrd", "platelets"], chosen)
    for i in range(len(tally)):
        pattern = tally.iloc[[i]].drop(columns="n")
        values = {k: None if pd.isna(v) else v for k, v in pattern.iloc[0].items()}
        alike = [r["patient_id"] for r in oracle.kept(derived, chosen) if all(r[k] == v for k, v in values.items())]
        assert cohort.name_patients(pattern, chosen, limit=500) == tuple(sorted(alike))


def test_several_patterns_are_joined_and_numbers_compared() -> None:
    cohort, patients = cohort_of(FILES[0]), patients_of(FILES[0])
    tally = cohort.tally(["age_years", "sex"])
    found = cohort.name_patients(tally[["age_years", "sex"]].head(3), limit=500)
    first = tally.head(3)
    keys = set(zip(first["age_years"], first["sex"].astype(str), strict=True))
    rows = patients.apply(lambda p: (p["age_years"], p["sex"]) in keys, axis=1)
    assert found == tuple(sorted(patients.loc[rows, "patient_id"]))
    assert cohort.name_patients(tally[["age_years", "sex"]].head(0)) == ()


@pytest.mark.parametrize("identifiers", ["all", "one"])
def test_real_patients_are_never_named_and_no_identifier_is_kept(identifiers: str) -> None:
    rows = make_rows(60, 3)
    for i, row in enumerate(rows):
        if identifiers == "all" or i == 0:
            row["patient_id"] = f"CHILD{i:04d}"
    cohort = open_cohort(frame_of(rows), SMALL)
    pattern = cohort.tally(["sex", "relapsed"])[["sex", "relapsed"]]
    assert cohort.name_patients(pattern, limit=500) == ()
    engine = open_patients(frame_of(rows), SMALL).engine
    held = engine.run("SELECT table_name, column_name FROM information_schema.columns")
    assert set(held["table_name"]) == {"patients"}
    assert "patient_id" not in held["column_name"] and "sex" in held["column_name"]


def test_a_large_synthetic_cohort_keeps_no_identifiers(monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = pd.DataFrame({"relapsed": [0.0, 1.0]})
    assert len(open_cohort(frame_of(make_rows(30, 3)), SMALL).name_patients(pattern, limit=500)) == 30
    monkeypatch.setattr(opening, "MAX_NAMED", 29)
    assert open_cohort(frame_of(make_rows(30, 3)), SMALL).name_patients(pattern, limit=500) == ()


def test_patients_alike_in_everything_are_named_each(engine: OpenEngine) -> None:
    rows = make_rows(1, 5) * 40
    frame = frame_of([row | {"patient_id": f"SYN{i:03d}"} for i, row in enumerate(rows)])
    cohort = engine(frame, SMALL)
    assert "n" in open_patients(frame, SMALL).engine.schema("patients")
    pattern = pd.DataFrame({"sex": [rows[0]["sex"]], "relapsed": [float(rows[0]["relapsed"])]})
    pattern["sex"] = pattern["sex"].astype(object).where(pattern["sex"].notna(), np.nan)
    assert cohort.name_patients(pattern, limit=500) == tuple(f"SYN{i:03d}" for i in range(40))


def test_a_column_that_is_not_at_hand_is_refused() -> None:
    with pytest.raises(KeyError, match="'patient_id' is not in this cohort"):
        cohort_of(FILES[0]).name_patients(pd.DataFrame({"patient_id": ["SYN0001"]}))
