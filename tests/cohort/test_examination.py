"""Every kind of thing that is wrong or odd with patients is found with its rows, and nothing is in patients without any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from analytics.cohort import open_cohort
from analytics.cohort.examination import Finding, examine_patients
from analytics.cohort.problems import CohortError
from analytics.dictionary import load_dictionary

ROOT = Path(__file__).parents[2]
DICTIONARY = load_dictionary()
REFERENCE = pd.read_csv(ROOT / "data" / "reference_cohort.csv", dtype=str, keep_default_na=False)


def change(where: dict[int, dict[str, object]], n: int = 60) -> pd.DataFrame:
    """The first patients of the reference cohort with some cells changed, by their row."""
    frame = REFERENCE.head(n).copy()
    for row, cells in where.items():
        for column, value in cells.items():
            frame.loc[row, column] = str(value)
    return frame


def find(frame: pd.DataFrame) -> dict[str, Finding]:
    return {finding.key: finding for finding in examine_patients(frame, DICTIONARY)}


RELAPSED = iter(row for row in range(60) if REFERENCE.loc[row, "relapsed"] == "1")
OTHERS = iter(row for row in range(60) if REFERENCE.loc[row, "relapsed"] == "0")

Case = tuple[str, tuple[int, ...], dict[str, object]]


def case(key: str, cells: dict[str, object], *, of: Iterator[int] = OTHERS) -> Case:
    """What is written for a patient of their own, and the key of what must be found there."""
    return key, (next(of),), cells


def spread(cases: list[Case]) -> pd.DataFrame:
    """The patients with every case at once."""
    return change({row: cells for _, rows, cells in cases for row in rows})


FIRST = next(OTHERS)
WRONG = [
    case("blank-identifier:patient_id", {"patient_id": ""}),
    ("repeated:patient_id", (FIRST, next(OTHERS)), {"patient_id": "X"}),
    case("unknown-level:sex", {"sex": "boy?"}),
    case("no-number:white_cells", {"white_cells": "12,5"}),
    case("negative:platelets", {"platelets": -3}),
    case("too-large:age_years", {"age_years": 400}),
    case("too-long:os_days", {"os_days": 45000}),
    case("no-event-code:os_event", {"os_event": 2}),
    case("no-time:os_event:os_days", {"os_event": 0, "os_days": ""}),
    case("wrong-order:hsct_days:os_relapse_days", {"hsct_days": 9000}, of=RELAPSED),
    case("outside-population:relapse_days:relapsed", {"relapse_days": 300}),
    case(
        "treatment-label:salvage_treatment:hsct_days",
        {"salvage_treatment": "chemotherapy", "hsct_days": 50},
        of=RELAPSED,
    ),
]
ODD = [
    case("site-missing:relapsed:relapse_site", {"relapse_site": ""}, of=RELAPSED),
    case("day-missing:relapsed:relapse_days", {"relapse_days": ""}, of=RELAPSED),
    case("b-marker-in-t:immunophenotype:etv6_runx1", {"immunophenotype": "T", "etv6_runx1": "positive"}),
    case("code-suspect:os_days", {"os_days": 9999}),
    case("code-suspect:age_years", {"age_years": 45}),
    case("long-time:os_days", {"os_days": 12000}),
]


@pytest.fixture(scope="module")
def found_wrong() -> dict[str, Finding]:
    return find(spread(WRONG))


@pytest.fixture(scope="module")
def found_odd() -> dict[str, Finding]:
    return find(spread(ODD))


@pytest.mark.parametrize(("key", "rows", "cells"), WRONG, ids=[key for key, *_ in WRONG])
def test_what_is_wrong_names_its_rows(
    key: str, rows: tuple[int, ...], cells: dict[str, object], found_wrong: dict[str, Finding]
) -> None:
    found = found_wrong[key]
    assert (found.severity, found.rows, found.n_rows) == ("error", rows, 60)
    assert found.remedy
    assert set(found.columns) >= set(list(cells)[:1])


@pytest.mark.parametrize(("key", "rows"), [case[:2] for case in ODD], ids=[key for key, *_ in ODD])
def test_what_is_odd_names_its_rows(key: str, rows: tuple[int, ...], found_odd: dict[str, Finding]) -> None:
    found = found_odd[key]
    assert (found.severity, found.n_rows) == ("caution", 60)
    assert found.rows == rows


def test_patients_with_errors_cannot_be_opened_and_what_is_odd_is_noted() -> None:
    with pytest.raises(CohortError) as error:
        open_cohort(spread(WRONG))
    assert len(error.value.problems) >= len(WRONG)
    assert {key.split(":")[0] for key, *_ in ODD} <= {note.code for note in open_cohort(spread(ODD)).notes}


def test_patients_without_fault_have_no_findings() -> None:
    assert [finding.key for finding in examine_patients(REFERENCE, DICTIONARY)] == []


def test_months_for_days_are_found_in_every_time_at_once_with_the_factor() -> None:
    frame = REFERENCE.copy()
    times = [v.name for v in DICTIONARY.variables if v.kind == "duration" and v.name in frame]
    for name in times:
        days = pd.to_numeric(frame[name])
        frame[name] = (days / 30.4375).round(2).map("{:g}".format).where(days.notna(), "")
    found = {f.columns[0]: f for f in examine_patients(frame, DICTIONARY) if f.code == "unit-suspect"}
    assert {"relapse_days", "os_days", "os_relapse_days"} <= set(found)
    assert {(f.cure, round(f.factor, 4)) for f in found.values()} == {("multiply", 30.4375)}


@pytest.mark.parametrize("factor", [12.0, 365.25])
def test_ages_in_another_unit_are_found(factor: float) -> None:
    frame = REFERENCE.copy()
    frame["age_years"] = (pd.to_numeric(frame["age_years"]) * factor).round().map("{:g}".format)
    keys = set(find(frame))
    assert keys & {"unit-suspect:age_years", "too-large:age_years"}


def test_an_event_whose_0_and_1_are_exchanged_is_found() -> None:
    frame = REFERENCE.copy()
    frame["relapsed"] = frame["relapsed"].map({"0": "1", "1": "0"})
    found = find(frame)["inverted:relapsed"]
    assert found.cure == "exchange"
    assert found.n == (REFERENCE["relapsed"] == "1").sum()


def test_more_deaths_than_there_can_be_are_found() -> None:
    frame = REFERENCE.copy()
    frame["os_event"] = frame["os_event"].map({"0": "1", "1": "0"})
    found = find(frame)["event-suspect:os_event"]
    assert found.cure == "exchange"
    assert found.n == (REFERENCE["os_event"] == "0").sum()


def test_one_patient_under_two_identifiers_is_found() -> None:
    twin = REFERENCE.iloc[[FIRST]].assign(patient_id="X1")
    frame = pd.concat([REFERENCE.head(60), twin], ignore_index=True)
    found = find(frame)["alike:patient_id"]
    assert found.rows == (FIRST, 60)


def test_columns_that_cannot_be_used_are_an_error() -> None:
    with pytest.raises(CohortError, match="patient_id"):
        examine_patients(REFERENCE.drop(columns="patient_id"), DICTIONARY)
