"""Patients stored beside a folder of Parquet files: the same numbers without reading it, and never of another state of it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pandas as pd
import pytest

from analytics.cohort import Cohort, open_cohort, opening, store
from analytics.cohort.opening import store_patients
from analytics.cohort.problems import CohortError
from analytics.cohort.stored import place_of
from tests.cohort.cohort_oracle import ROWS, SMALL, frame_of

COLUMNS = ["sex", "relapse_timing_bfm", "age_years"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """30,000 patients in three files."""
    folder, frame = tmp_path / "registry", frame_of(ROWS)
    folder.mkdir()
    for i in range(3):
        parts = (frame.assign(patient_id=f"{name}-" + frame["patient_id"]) for name in range(40 * i, 40 * i + 34))
        pd.concat(parts).to_parquet(folder / f"{i}.parquet", index=False)
    return folder


def say_unused(cohort: Cohort) -> str:
    return "".join(note.text for note in cohort.notes if note.code == "stored-unused")


@pytest.mark.parametrize("are_alike", [True, False])
def test_stored_patients_are_the_same_and_the_folder_is_not_read(
    folder: Path, are_alike: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not are_alike:
        for i in range(3):
            frame = pd.read_parquet(folder / f"{i}.parquet")
            frame["platelets"] = [round(10 + i + k / 100, 2) for k in range(len(frame))]
            frame.drop(columns=["platelets_group"], errors="ignore").to_parquet(folder / f"{i}.parquet", index=False)
    read = open_cohort(folder, SMALL)
    assert [path.name for path in folder.parent.iterdir()] == ["registry"]  # never by itself
    place = store_patients(folder, SMALL)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["registry", place.name]
    assert b"-P" not in place.read_bytes() and str(ROWS[0]["patient_id"]).encode() not in place.read_bytes()
    monkeypatch.setattr(opening, "load_file", None)
    stored = open_cohort(folder, SMALL)
    assert (stored.n, stored.name, stored.data_version, stored.notes) == (
        read.n,
        read.name,
        read.data_version,
        read.notes,
    )
    assert stored.dictionary == read.dictionary and stored == read
    pd.testing.assert_frame_equal(stored.tally(COLUMNS), read.tally(COLUMNS))
    assert (stored.level_counts(), stored.ranges()) == (read.level_counts(), read.ranges())
    with pytest.raises(TypeError):  # they are not used where patients need keys
        open_cohort(folder, SMALL, secret="s" * 32)


def test_what_has_become_stale_is_not_used(folder: Path) -> None:
    place = store_patients(folder, SMALL)
    assert say_unused(open_cohort(folder, SMALL)) == ""
    status = os.stat(folder / "0.parquet")
    frame = pd.read_parquet(folder / "0.parquet")
    frame.head(len(frame) - 1).to_parquet(folder / "0.parquet", index=False)
    os.utime(folder / "0.parquet", ns=(status.st_atime_ns, status.st_mtime_ns))
    changed = open_cohort(folder, SMALL)
    assert changed.n == 3 * 34 * len(ROWS) - 1
    assert "older than the last change of registry" in say_unused(changed)
    store_patients(folder, SMALL)
    again = open_cohort(folder, SMALL)
    assert (again.n, say_unused(again)) == (changed.n, "")
    age = dataclasses.replace(SMALL["age_years"], label="Years")
    other = dataclasses.replace(SMALL, variables=tuple(age if v.name == age.name else v for v in SMALL.variables))
    assert "with another dictionary" in say_unused(open_cohort(folder, other))
    place.write_bytes(place.read_bytes()[:5000])
    assert "cannot be read" in say_unused(open_cohort(folder, SMALL))


def test_a_place_that_cannot_be_written_is_told(folder: Path) -> None:
    place = place_of(folder)
    place.with_name(f"{place.name}.new").mkdir()
    with pytest.raises(CohortError, match=r"registry\.patterns\.duckdb cannot be written: Is a directory"):
        store_patients(folder, SMALL)


def test_a_few_are_not_stored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for i in range(3):
        frame_of(ROWS[i::3]).to_parquet(folder / f"{i}.parquet", index=False)
    with pytest.raises(CohortError, match="are read so quickly that storing them gains nothing"):
        store_patients(folder, SMALL)
    assert [path.name for path in folder.parent.iterdir()] == ["registry"]
    assert (store.main([]), store.main([str(folder / "none")])) == (2, 1)
    assert "there is no file none" in capsys.readouterr().err
