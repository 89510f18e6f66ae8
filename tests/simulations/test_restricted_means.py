"""The table of false positives of restricted means: a slice comes out again, and the policy keeps the level."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from analytics.reporting.reliability import load_policy
from tests.simulations.simulate_restricted_means import (
    BLOCK,
    LEAST,
    REPLICATIONS,
    SETTINGS,
    TABLE_PATH,
    count,
    simulate,
)

TABLE = tomllib.loads(TABLE_PATH.read_text(encoding="utf-8"))


def rows_of(setting: tuple[int, int, float]) -> dict[int, dict[str, Any]]:
    """The rows of a setting by the events that each group must have."""
    found = [r for r in TABLE["result"] if (*r["patients"], r["share_died"]) == setting]
    return {row["least_events"]: row for row in found}


@pytest.mark.parametrize("setting", [SETTINGS[0], SETTINGS[-1]])
def test_a_slice_of_the_table_comes_out_again(setting: tuple[int, int, float]) -> None:
    answers = simulate(setting, range(BLOCK))
    for least, row in rows_of(setting).items():
        assert list(count(answers, least)) == row["first_block"]


@pytest.mark.parametrize("setting", SETTINGS)
def test_with_the_events_of_the_policy_in_each_group_the_level_is_kept(setting: tuple[int, int, float]) -> None:
    rows = rows_of(setting)
    assert tuple(rows) == LEAST
    least = load_policy().p_value.events
    assert rows[least]["below_0_05"] / REPLICATIONS < 0.053
    assert rows[least]["share_of_those"] < 0.055


def test_without_events_in_each_group_too_much_is_found() -> None:
    shares = [rows_of(setting)[1]["share_of_all"] for setting in SETTINGS]
    assert max(shares) > 0.07 and min(shares) > 0.045
