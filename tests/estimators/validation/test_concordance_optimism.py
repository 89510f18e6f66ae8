"""The optimism of a Cox model's concordance against R on given resamples, and against what must hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.estimators import concordance_optimism_by_bootstrap
from analytics.estimators.validation import concordance_optimism
from analytics.results import Reason

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "concordance_optimism_reference.json").read_text())
VETERAN = pd.read_csv(REFERENCE / "cox_veteran.csv")
ARRAYS = (VETERAN["time"], VETERAN["event"], VETERAN[["celltype", "karno", "age"]])


def test_equals_r_on_the_same_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter(np.array(R["counts"], dtype=float))
    monkeypatch.setattr(concordance_optimism, "resample_patients", lambda rng, n: next(counts))
    found = concordance_optimism_by_bootstrap(*ARRAYS, replicates=len(R["gains"]), seed=1)
    assert found.concordance.apparent == pytest.approx(R["apparent"], rel=1e-9)
    assert found.concordance.optimism == pytest.approx(np.mean(R["gains"]), rel=1e-9)
    assert found.concordance.corrected == pytest.approx(R["apparent"] - np.mean(R["gains"]), rel=1e-9)
    assert found.concordance.std_error == pytest.approx(np.std(R["gains"], ddof=1) / np.sqrt(12), rel=1e-9)
    assert (found.n, found.n_event, found.n_drawn, found.n_failed) == (137, 128, 12, 0)
    frame = found.to_frame()
    assert frame["corrected"].tolist() == [found.concordance.corrected] and frame["term"].tolist() == ["concordance"]


@pytest.mark.slow
def test_a_model_of_noise_loses_what_it_seems_to_know() -> None:
    rng = np.random.default_rng(4)
    n = 60
    noise = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
    time, event = rng.exponential(10, n), rng.random(n) < 0.6
    seen: list[float] = []
    found = concordance_optimism_by_bootstrap(time, event, noise, replicates=60, seed=2, on_progress=seen.append)
    measure = found.concordance
    assert measure.apparent > 0.58 and measure.optimism > 0.04
    assert abs(measure.corrected - 0.5) < abs(measure.apparent - 0.5)
    assert seen[-1] == 1.0 and len(seen) == 60
    again = concordance_optimism_by_bootstrap(time, event, noise, replicates=60, seed=2)
    assert again == found


def test_rare_levels_and_strata_and_entries() -> None:
    """A level of two patients is missing in some resamples and told apart in others."""
    rng = np.random.default_rng(5)
    n = 50
    group = np.array(["a"] * 28 + ["b"] * 20 + ["c"] * 2)
    time, event = np.ceil(rng.exponential(10, n)) + 1, (rng.random(n) < 0.5) & (group != "c")
    found = concordance_optimism_by_bootstrap(
        time,
        event,
        pd.DataFrame({"g": group}),
        entry=np.zeros(n),
        strata=np.array(["x", "y"] * 25),
        replicates=15,
        seed=3,
    )
    assert found.concordance.optimism is not None and found.n_drawn == 15
    assert found.n_failed + found.concordance.n_replicates == 15


def test_reasons_and_stopping() -> None:
    none = concordance_optimism_by_bootstrap([1, 2], [0, 0], pd.DataFrame({"x": [1.0, 2.0]}), replicates=2, seed=0)
    assert none.reason == Reason("no-events") == none.concordance.reason and none.n_drawn == 0
    empty = concordance_optimism_by_bootstrap([1, 2, 3], [1, 0, 1], pd.DataFrame(index=range(3)), replicates=2, seed=0)
    assert empty.reason == Reason("no-coefficient")
    stopped = concordance_optimism_by_bootstrap(*ARRAYS, replicates=5, seed=0, should_stop=lambda: True)
    assert stopped.reason == Reason("stopped")
    asked = iter([False, False, True])
    some = concordance_optimism_by_bootstrap(*ARRAYS, replicates=5, seed=0, should_stop=lambda: next(asked))
    assert some.n_drawn == 2 and "stopped" in {note.code for note in some.notes}
    with pytest.raises(ValueError, match="replicates must be a whole number from 1"):
        concordance_optimism_by_bootstrap(*ARRAYS, replicates=0, seed=0)
