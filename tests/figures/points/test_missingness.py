"""The figures of missing values: what is drawn is what was counted."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analytics.estimators import count_missing
from analytics.figures.points.missingness import (
    MOST_PATTERNS,
    plot_missingness,
    plot_patterns,
)
from analytics.reporting.missing import NOTHING
from analytics.results import MissingResult

LABELS = {"mrd": "MRD < 0.01 %", "cns": "CNS status", "hb": "Haemoglobin", "sex": "Sex"}
OUTCOME = ("relapsed", "no relapse")


def counted() -> MissingResult:
    nan = np.nan
    values = pd.DataFrame(
        {
            "mrd": [nan, nan, nan, 1, 1, 1, 1, 1, 1, 1],
            "cns": [nan, 1, nan, 1, 1, 1, 1, nan, 1, 1],
            "hb": [1.0] * 10,
            "sex": [1.0] * 10,
        }
    )
    return count_missing(values, [1, 1, 0, 0, 0, 1, 1, 0, 0, 0])


def checked(figure: go.Figure) -> dict[str, Any]:
    go.Figure(figure.to_dict())  # with every property checked
    drawn: dict[str, Any] = json.loads(figure.to_json())
    return drawn


def texts(figure: dict[str, Any]) -> list[str]:
    return [note["text"] for note in figure["layout"]["annotations"]]


def test_each_share_is_drawn_for_both_outcomes_with_its_interval() -> None:
    result = counted()
    figure = checked(plot_missingness([("In the model", result.variables)], labels=LABELS, outcome=OUTCOME))
    relapsed, free = figure["data"]
    assert (relapsed["name"], free["name"]) == OUTCOME
    assert relapsed["x"] == pytest.approx([2 / 4, 1 / 4]) and free["x"] == pytest.approx([1 / 6, 2 / 6], abs=1e-5)
    share = result.variables[0].with_event
    assert share.interval is not None and share.interval.low is not None
    assert relapsed["x"][0] - relapsed["error_x"]["arrayminus"][0] == pytest.approx(share.interval.low, abs=1e-4)
    assert "2 of 4" in relapsed["hovertemplate"][0]
    assert relapsed["marker"]["symbol"] != free["marker"]["symbol"]


def test_only_variables_with_missing_values_have_a_row_and_empty_blocks_no_heading() -> None:
    known = counted().variables[2:]
    blocks = [("In the model", counted().variables), ("Not in the model", known)]
    found = texts(checked(plot_missingness(blocks, labels=LABELS, outcome=OUTCOME)))
    assert "MRD &lt; 0.01 %" in found and "CNS status" in found and "3 of 10<br>30.0\u00a0%" in found
    assert not any("Haemoglobin" in text or "Not in" in text for text in found)


def test_nothing_missing_is_a_sentence() -> None:
    for found in (counted().variables[2:], ()):
        figure = checked(plot_missingness([("In the model", found)], labels=LABELS, outcome=OUTCOME))
        assert figure["data"] == [] and texts(figure) == [NOTHING]
    complete = count_missing(pd.DataFrame({"sex": [1.0, 2.0]}), [0, 1])
    assert texts(checked(plot_patterns(complete.patterns, labels=LABELS, outcome=OUTCOME))) == [NOTHING]


def test_one_side_without_patients_is_left_out() -> None:
    result = count_missing(pd.DataFrame({"sex": [np.nan, 2.0]}), [1, 1])
    figure = checked(plot_missingness([("In the model", result.variables)], labels=LABELS, outcome=OUTCOME))
    assert [trace["name"] for trace in figure["data"]] == ["relapsed"]


def test_patterns_are_bars_over_dots() -> None:
    figure = checked(plot_patterns(counted().patterns, labels=LABELS, outcome=OUTCOME))
    relapsed, free, *_, empty, full = figure["data"]
    # Both missing in two (one relapsed), mrd alone in one (relapsed), cns alone in one.
    assert (relapsed["y"], free["y"]) == ([1, 1, 0], [1, 0, 1])
    assert len(full["x"]) == 4 and len(empty["x"]) == 2
    height = {name: y for name, y in zip(["mrd", "cns"], sorted(set(full["y"])), strict=True)}
    assert set(zip(full["x"], full["y"], strict=True)) == {
        (0, height["mrd"]), (0, height["cns"]), (1, height["mrd"]), (2, height["cns"]),
    }  # fmt: skip
    assert [text for text in texts(figure) if text.startswith("<b>")] == ["<b>2</b>", "<b>1</b>", "<b>1</b>"]
    assert not any("Haemoglobin" in text for text in texts(figure))


def test_only_the_largest_patterns_are_drawn() -> None:
    rng = np.random.default_rng(1)
    values = pd.DataFrame(np.where(rng.random((300, 5)) < 0.4, np.nan, 1.0), columns=list("abcde"))
    result = count_missing(values, rng.integers(0, 2, 300))
    figure = checked(plot_patterns(result.patterns, labels={c: c for c in "abcde"}, outcome=OUTCOME))
    heights = [a + b for a, b in zip(figure["data"][0]["y"], figure["data"][1]["y"], strict=True)]
    assert len(heights) == MOST_PATTERNS and heights == sorted(heights, reverse=True)
