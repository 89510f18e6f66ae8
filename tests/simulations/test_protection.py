"""The table of the protection: a slice of it comes out again, and it keeps what the methods page says of it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.cohort import protect_cohort
from analytics.cohort.filters import CohortFilter
from analytics.formats import format_count
from analytics.study.protection import tabulate_protection
from tests.intake.portal_download import made_up_download
from tests.simulations.measure_registry import Seen, look_at_curves, open_registry
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
    assert [entry["smallest_cell"] for entry in TABLE["registry"]] == list(SMALLEST)
    for entry in TABLE["registry"]:
        assert entry["share_within_5_points"] == 1 and entry["share_of_intervals_with_the_estimate"] >= 0.93
        assert entry["share_of_ratios_with_the_estimate"] >= 0.93
        where = f"{entry['name']} (n = {format_count(entry['n'])}), smallest cell {entry['smallest_cell']}"
        assert where in tabulate_protection().caption


def test_a_registry_is_measured_from_the_export_alone(tmp_path: Path) -> None:
    tables = [made_up_download(seed).frame for seed in range(12)]
    children = [t.assign(**{"Patient ID": f"{seed}-" + t["Patient ID"]}) for seed, t in enumerate(tables)]
    path = tmp_path / "download.tsv"
    pd.concat(children).to_csv(path, sep="\t", index=False)
    exact = open_registry(path, "a secret that nobody knows")
    seen, protected = Seen(), protect_cohort(exact, 5, secret="a secret that nobody knows")
    look_at_curves(exact, protected, CohortFilter(), seen)
    assert seen.n_asked > seen.n_refused and seen.n_near == seen.n_shown > 0


@pytest.mark.parametrize("smallest", SMALLEST)
def test_a_slice_comes_out_again(smallest: int) -> None:
    found = run(400, smallest, 25)
    assert found.n_shown and found.n_near == found.n_shown
    assert np.mean(found.covered) > 0.85 and np.mean(found.odds_covered) > 0.8
    assert found.n_models and np.mean(found.model_covered) > 0.8
