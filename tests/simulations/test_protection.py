"""The table of the protection: a slice of it comes out again, and it keeps what the methods page says of it."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from analytics.study.protection import tabulate_protection
from tests.simulations.simulate_protection import SIZES, SMALLEST, TABLE_PATH, run

TABLE = tomllib.loads(TABLE_PATH.read_text(encoding="utf-8"))


def test_every_size_keeps_what_is_said_of_it() -> None:
    entries = TABLE["result"]
    assert [(e["n"], e["smallest_cell"]) for e in entries] == [(n, k) for n in SIZES for k in SMALLEST]
    for entry in entries:
        assert entry["share_within_5_points"] == 1, entry
        assert entry["coverage_of_survival"] >= 0.93 and entry["coverage_of_odds_ratio"] >= 0.93, entry
        assert entry["coverage_of_models"] >= 0.93 and entry["share_of_models_withheld"] < 0.3, entry
        few = entry["replications"] < 100  # of so few draws the share is not known better
        assert abs(entry["p_below_0_05_models"] - 0.05) <= (0.03 if few else 0.01), entry
        assert entry["conf_low"] <= 0.05 <= entry["conf_high"], entry
    assert len(tabulate_protection().rows) == len(entries)


@pytest.mark.parametrize("smallest", SMALLEST)
def test_a_slice_comes_out_again(smallest: int) -> None:
    found = run(400, smallest, 25)
    assert found.n_shown and found.n_near == found.n_shown
    assert np.mean(found.covered) > 0.85 and np.mean(found.odds_covered) > 0.8
    assert found.n_models and np.mean(found.model_covered) > 0.8
