"""The test of proportional subdistribution hazards against R, and where it cannot be made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from analytics.estimators import estimate_subdistribution_hazard_ratios, proportional_subdistribution_hazards_test
from analytics.estimators.validation import proportional_subdistribution
from analytics.results import Reason
from tests.estimators.said import said

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "proportional_subdistribution_reference.json").read_text())["tests"]


@pytest.mark.parametrize("entry", R, ids=lambda e: f"{e['data'][0]}-{e['of'][0]}")
def test_equals_the_score_that_crr_gives(entry: dict[str, Any]) -> None:
    data = pd.read_csv(REFERENCE / f"competing_{entry['data'][0]}.csv").dropna(subset=entry["covariates"])
    covariates = data[entry["covariates"]].copy()
    if "group" in covariates:
        covariates["group"] = covariates["group"].astype(str)
    arrays = (data["time"], data["cause"], covariates)
    result = proportional_subdistribution_hazards_test(*arrays, of=entry["of"][0])
    assert [t.statistic for t in result.tests] == pytest.approx(entry["statistic"], rel=1e-6)
    assert [t.df for t in result.tests] == entry["df"]
    assert result.global_test.statistic == pytest.approx(entry["overall"][0], rel=1e-6)
    for test in (*result.tests, result.global_test):
        assert test.p_value == pytest.approx(chi2.sf(test.statistic, test.df), rel=1e-9)
    # With the model at hand, and with patients counted instead of repeated.
    fitted = estimate_subdistribution_hazard_ratios(*arrays, of=entry["of"][0])
    assert proportional_subdistribution_hazards_test(*arrays, of=entry["of"][0], model=fitted) == result
    twice = proportional_subdistribution_hazards_test(*arrays, of=entry["of"][0], weight=np.full(len(data), 2))
    repeated = [pd.concat([part, part], ignore_index=True) for part in arrays]
    again = proportional_subdistribution_hazards_test(*repeated, of=entry["of"][0])
    for a, b in zip(twice.tests, again.tests, strict=True):
        assert a.statistic == pytest.approx(b.statistic, rel=1e-8)
    frame = result.to_frame()
    assert frame["term"].tolist() == [*entry["covariates"], "GLOBAL"] and set(frame["transform"]) == {"incidence"}


def test_blocks_of_event_times_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pd.read_csv(REFERENCE / "competing_pbc.csv")
    arrays = (data["time"], data["cause"], data[["sex", "age"]])
    whole = proportional_subdistribution_hazards_test(*arrays, of=2)
    monkeypatch.setattr(proportional_subdistribution, "PAIRS_AT_ONCE", 3 * len(data))
    parts = proportional_subdistribution_hazards_test(*arrays, of=2)
    assert [t.statistic for t in parts.tests] == pytest.approx([t.statistic for t in whole.tests], rel=1e-9)


def test_a_ratio_that_turns_round_is_found_and_one_that_does_not_is_not() -> None:
    rng = np.random.default_rng(7)
    n = 600
    group = rng.integers(0, 2, n)
    early = rng.random(n) < np.where(group == 1, 0.7, 0.2)
    time = np.where(early, rng.uniform(0, 5, n), rng.uniform(5, 20, n))
    cause = rng.choice([0, 1, 2], n, p=[0.1, 0.7, 0.2])
    found = proportional_subdistribution_hazards_test(time, cause, pd.DataFrame({"g": group.astype(str)}))
    assert found.global_test.p_value < 1e-6
    shuffled = pd.DataFrame({"g": rng.permutation(group).astype(str)})
    assert proportional_subdistribution_hazards_test(time, cause, shuffled).global_test.p_value > 0.01


@pytest.mark.parametrize(
    ("time", "cause", "g", "reason"),
    [
        ([1, 2, 3], [0, 2, 0], "aab", Reason("no-events-of-cause")),
        ([1, 1, 3, 4], [1, 1, 0, 2], "abab", Reason("one-event-time")),
        ([1, 2, 3, 4], [1, 1, 2, 0], "aaaa", Reason("no-coefficient")),
    ],
)
def test_where_there_is_no_test_there_is_a_reason(time: list[int], cause: list[int], g: str, reason: str) -> None:
    result = proportional_subdistribution_hazards_test(time, cause, pd.DataFrame({"g": list(g)}))
    assert result.reason == reason == result.global_test.reason
    assert all(t.p_value is None for t in result.tests)


def test_an_infinite_ratio_gives_the_reason_of_the_model() -> None:
    g = pd.DataFrame({"g": list("aaaabbb")})
    result = proportional_subdistribution_hazards_test([1, 2, 3, 4, 5, 6, 7], [1, 1, 1, 2, 0, 2, 0], g)
    assert "none of the 3 patients had the event" in said(result.reason)


def test_too_many_pairs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proportional_subdistribution, "MOST_PAIRS", 5)
    result = proportional_subdistribution_hazards_test([1, 2, 3, 4], [1, 1, 2, 0], pd.DataFrame({"g": list("abab")}))
    assert result.reason == Reason.of("too-many-to-test", n=4, n_times=2)
