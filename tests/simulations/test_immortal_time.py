"""The table of false positives: a slice of it comes out again, and the sound methods keep their level."""

from __future__ import annotations

import math
import tomllib
from typing import Any

import numpy as np
import pytest

from analytics.estimators import wilson
from tests.simulations.simulate_immortal_time import (
    BLOCK,
    DESIGN,
    METHODS,
    REPLICATIONS,
    SEED,
    TABLE_PATH,
    Counts,
    simulate,
    simulate_patients,
)

TABLE = tomllib.loads(TABLE_PATH.read_text(encoding="utf-8"))
N = 64
AGAIN = 4 * BLOCK
SOUND = [method.code for method in METHODS if not method.biased]
BIASED = [method.code for method in METHODS if method.biased]


def row(code: str, n: int = N) -> dict[str, Any]:
    (found,) = [r for r in TABLE["result"] if (r["method"], r["n"]) == (code, n)]
    return found


@pytest.fixture(scope="module")
def again() -> dict[str, Counts]:
    return simulate(N, range(AGAIN))


def share(counts: Counts) -> float:
    return sum(counts.rejections()) / len(counts.answers)


# A new simulation


def test_naive_comparison_finds_what_is_not_there(again: dict[str, Counts]) -> None:
    assert share(again["naive-logrank"]) > 0.15
    assert share(again["naive-cox"]) > 0.15
    ratios = [a.hazard_ratio for a in again["naive-cox"].answers if a.hazard_ratio is not None]
    assert np.median(ratios) < 0.7


@pytest.mark.parametrize("code", SOUND)
def test_sound_methods_keep_their_level(again: dict[str, Counts], code: str) -> None:
    error = math.sqrt(0.05 * 0.95 / AGAIN)
    assert abs(share(again[code]) - 0.05) < 3 * error


@pytest.mark.parametrize("code", [method.code for method in METHODS])
def test_a_slice_of_the_table_comes_out_again(again: dict[str, Counts], code: str) -> None:
    assert again[code].rejections() == row(code)["rejections_per_block"][: AGAIN // BLOCK]


def test_larger_data_sets_come_out_again() -> None:
    patients = range(BLOCK)[:12]
    found = simulate(436, patients)
    for code, counts in found.items():
        assert counts.rejections()[0] <= row(code, 436)["rejections_per_block"][0]
        assert all(answer.p_value is not None for answer in counts.answers)
    assert found["naive-logrank"].rejections() == [len(patients)]


# The table


def test_table_is_complete_and_adds_up() -> None:
    assert TABLE["seed"] == SEED and TABLE["design"].strip() == DESIGN
    assert [(r["n"], r["method"]) for r in TABLE["result"]] == [(n, m.code) for n in REPLICATIONS for m in METHODS]
    for r in TABLE["result"]:
        assert r["replications"] == REPLICATIONS[r["n"]] >= 2000
        assert len(r["rejections_per_block"]) == r["replications"] // TABLE["block"]
        rejected = sum(r["rejections_per_block"])
        interval = wilson(rejected, r["replications"])
        assert interval is not None
        expected = [rejected / r["replications"], interval.low, interval.high]
        assert [r["share_below_0_05"], r["conf_low"], r["conf_high"]] == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("n", REPLICATIONS)
def test_table_tells_biased_from_sound(n: int) -> None:
    for code in ("naive-logrank", "naive-cox"):
        assert row(code, n)["conf_low"] > 0.15
    for code in BIASED:
        assert row(code, n)["biased"] and row(code, n).get("median_hazard_ratio", 0) < 1
    for code in SOUND:
        found = row(code, n)
        # With a handful of treated patients chi-squared is an approximation, whatever the method.
        assert found["share_below_0_05"] < (0.065 if found["mean_n_treated"] > 10 else 0.08)
        if found["mean_n_treated"] > 10 and "median_hazard_ratio" in found:
            assert found["median_hazard_ratio"] == pytest.approx(1, abs=0.06)


# The simulated patients


def test_patients_follow_the_design() -> None:
    found = simulate_patients(200_000, 0)
    untreated = np.isinf(found.treated_at)
    assert untreated.mean() == pytest.approx(0.22, abs=0.005)
    waiting = found.treated_at[~untreated]
    assert waiting.min() >= 75 and waiting.max() <= 300
    assert np.median(waiting) == pytest.approx(150, abs=1.5)
    early = found.time > 59.99  # nobody is censored before 60 days
    assert 1 - early.mean() == pytest.approx(1 - 0.85 ** (60 / 183), abs=0.003)
    assert found.event[~early].all()
    # No effect: the destined and the others die alike.
    assert found.event[untreated].mean() == pytest.approx(found.event[~untreated].mean(), abs=0.01)


def test_data_sets_differ_and_come_out_again() -> None:
    one, same, other = (simulate_patients(N, number) for number in (3, 3, 4))
    np.testing.assert_array_equal(one.time, same.time)
    assert (one.time != other.time).all()
    assert (simulate_patients(N, 3, seed=SEED + 1).time != one.time).all()
