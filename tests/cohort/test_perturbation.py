"""Cell keys: the noise of a number of patients, and the keys of patients on every engine."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.cohort import open_cohort, protect_cohort
from analytics.cohort.dialects import render
from analytics.cohort.duckdb_engine import DuckDBEngine
from analytics.cohort.engine import KEY, key_of
from analytics.cohort.opening import open_patients
from analytics.cohort.perturbation import CellKeys, list_probabilities, load_noise, salt_of
from tests.cohort.cohort_oracle import ROWS, SMALL, frame_of

SECRET, OTHER = "a secret that nobody knows", "another secret of theirs"
KEYS = CellKeys(5, SECRET)


def test_the_noise_is_unbiased_bounded_and_of_the_stated_variance() -> None:
    bound, variance = load_noise()
    steps, chances = np.arange(-bound, bound + 1), np.array(list_probabilities(bound, variance))
    assert chances.sum() == pytest.approx(1)
    assert chances @ steps == pytest.approx(0, abs=1e-12)
    assert chances @ steps**2 == pytest.approx(variance)
    # Largest entropy: the logarithms lie on a parabola.
    assert np.diff(np.log(chances)[bound:], 2) == pytest.approx(np.diff(np.log(chances)[bound:], 2)[0])
    drawn = KEYS.draw(np.random.default_rng(1).integers(0, 2**40, 200_000))
    assert set(drawn.tolist()) == set(steps.tolist())
    assert np.bincount(drawn + bound) / len(drawn) == pytest.approx(chances, abs=0.005)


def test_noise_follows_from_key_and_secret_alone_and_not_from_that_of_the_parts() -> None:
    a, b = np.random.default_rng(2).integers(0, 2**32, (2, 50_000))
    assert (KEYS.draw(a) == CellKeys(11, SECRET).draw(a)).all()
    assert (KEYS.draw(a) != CellKeys(5, OTHER).draw(a)).mean() > 0.6
    joined = KEYS.draw(a + b)
    for other in (KEYS.draw(a), KEYS.draw(b), KEYS.draw(a) + KEYS.draw(b)):
        assert abs(np.corrcoef(joined, other)[0, 1]) < 0.02


@pytest.mark.parametrize("smallest", [3, 5, 11])
def test_none_and_a_few_are_shown_alike(smallest: int) -> None:
    keys = CellKeys(smallest, SECRET)
    n, key = np.repeat(np.arange(40), 500), np.random.default_rng(3).integers(0, 2**40, 20_000)
    shown = keys.show(n, key)
    assert not shown[n < smallest].any()
    assert ((shown == 0) | (shown >= smallest)).all()
    assert (abs(shown - n)[shown > 0] <= load_noise()[0]).all()
    assert shown[n >= smallest + load_noise()[0]].all()


@pytest.mark.parametrize("smallest", [0, 2, 101])
def test_a_smallest_cell_or_a_secret_that_protects_nothing_is_refused(smallest: int) -> None:
    with pytest.raises(ValueError, match=f"from 3 to 100 children: it is {smallest}"):
        CellKeys(smallest, SECRET)
    with pytest.raises(ValueError, match="16 characters or more: it has 5"):
        CellKeys(5, "short")
    assert SECRET not in repr(KEYS)
    assert SECRET not in repr(protect_cohort(open_cohort(frame_of(ROWS), SMALL), 5, secret=SECRET))


def key_by_hand(name: str) -> int:
    digest = hashlib.md5(f"{salt_of(SECRET)}{name}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:12], "little")


def test_a_patient_has_the_same_key_in_every_dialect() -> None:
    expected = key_by_hand("P1")
    sql = f"SELECT {key_of(salt_of(SECRET), 'c0')} AS {KEY} FROM (SELECT 'P1' AS c0) AS raw"
    assert DuckDBEngine().run(sql)[KEY].tolist() == [expected]
    assert all("md5_number_lower" not in render(sql, dialect).lower() for dialect in ("postgres", "spark"))


def test_keys_add_up_however_the_rows_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = frame_of([{**row, "patient_id": f"P{i}"} for i, row in enumerate(ROWS * 3)])
    sums = set()
    for is_joined in (False, True):
        monkeypatch.setattr("analytics.cohort.duckdb_engine.LEAST_JOINED", 1 if is_joined else 10**6)
        patients = open_patients(frame, SMALL, secret=SECRET)
        assert ("n" in patients.engine.schema("patients")) or not is_joined
        found = patients.engine.run(f"SELECT CAST(sum({KEY}) AS BIGINT) AS key FROM patients")
        sums.add(int(found["key"][0]))
    assert sums == {sum(map(key_by_hand, frame["patient_id"]))}
    assert KEY not in open_patients(frame, SMALL).engine.schema("patients")


def test_a_file_and_its_secret_give_the_same_numbers_whenever_they_are_opened(tmp_path: Path) -> None:
    frame = frame_of(ROWS)
    frame.to_csv(tmp_path / "cohort.csv", index=False)
    given: list[pd.DataFrame] = []
    for source in (frame, tmp_path / "cohort.csv", frame.sample(frac=1, random_state=1)):
        cohort = protect_cohort(open_cohort(source, SMALL, secret=SECRET), 5, secret=SECRET)
        given.append(cohort.tally(["sex", "relapsed"]))
    assert given[0].equals(given[1]) and given[0].equals(given[2])
    other = protect_cohort(open_cohort(frame, SMALL, secret=OTHER), 5, secret=OTHER)
    assert other.data_version != cohort.data_version
