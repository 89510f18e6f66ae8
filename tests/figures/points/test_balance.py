"""The balance plot and the overlap of propensity scores: what is drawn is what was estimated."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.figures.points.balance import (
    WIDEST,
    plot_balance,
    plot_overlap,
)
from analytics.figures.theme import style_of
from analytics.results import Balance

ARMS = ("HSCT", "not yet transplanted")
STYLES = style_of(ARMS)


def row(variable: str, level: str | None, before: float | None, after: float | None = None) -> Balance:
    means = (None, None) if after is None else (0.4, 0.39)
    return Balance(variable, level, 0.5, 0.25, before, *means, after)


TWO = (row("cr2", "no", -0.3, -0.02), row("cr2", "yes", 0.3, 0.02))
THREE = (row("timing", "late", 0.1, 0.0), row("timing", "early", 0.2, 0.05), row("timing", "very early", -0.3, -0.05))
AGE = (row("age", None, 0.4, 0.12),)


def plot(*balance: Balance) -> dict[str, Any]:
    labels = {"cr2": "Second remission", "timing": "Time of relapse", "age": "Age < 10"}
    figure = plot_balance(balance, labels=labels, level_labels={("cr2", "yes"): "reached"}, arms=ARMS)
    go.Figure(figure.to_dict())  # with every property checked
    return json.loads(figure.to_json())


def dots(figure: dict[str, Any]) -> dict[str, list[float]]:
    return {t["name"]: t["x"] for t in figure["data"] if t["mode"] == "markers"}


def texts(figure: dict[str, Any]) -> list[str]:
    return [note["text"] for note in figure["layout"]["annotations"]]


def test_every_difference_is_drawn_before_and_after() -> None:
    figure = plot(*THREE, *TWO, *AGE)
    found = dots(figure)
    assert found["before weighting"] == [0.1, 0.2, -0.3, 0.3, 0.4]
    assert found["after weighting"] == [0.0, 0.05, -0.05, 0.02, 0.12]
    links = [t["x"] for t in figure["data"] if t["mode"] == "lines"]
    assert links == [[0.1, 0.0], [0.2, 0.05], [-0.3, -0.05], [0.3, 0.02], [0.4, 0.12]]


def test_of_two_levels_the_second_is_drawn_with_its_variable() -> None:
    figure = plot(*TWO)
    assert any("Second remission:" in text and "reached" in text for text in texts(figure))
    assert len(dots(figure)["before weighting"]) == 1


def test_levels_stand_under_their_variable_and_texts_are_written_as_they_are() -> None:
    figure = plot(*THREE, *AGE)
    assert sum("Time of relapse" in text for text in texts(figure)) == 1
    assert {"late", "early", "very early", "Age &lt; 10"} <= set(texts(figure))


def test_without_weights_there_is_nothing_after() -> None:
    figure = plot(row("timing", "a", 0.5), row("timing", "b", -0.2), row("timing", "c", 0.1))
    assert set(dots(figure)) == {"before weighting"}
    assert all("after" not in text for t in figure["data"] for text in t.get("hovertemplate", []))


def test_a_difference_that_does_not_exist_is_a_dash() -> None:
    figure = plot(row("timing", "a", None), row("timing", "b", 0.2), row("timing", "c", 0.1))
    assert "–" in texts(figure) and len(dots(figure)["before weighting"]) == 2


def test_the_guides_stand_at_a_tenth() -> None:
    shapes = plot(*THREE)["layout"]["shapes"]
    assert sorted(s["x0"] for s in shapes if s["type"] == "line") == [-0.1, 0.1]


def test_a_huge_difference_stays_inside_and_the_pointer_reads_it() -> None:
    figure = plot(row("timing", "a", 9.9, 0.1), row("timing", "b", 0.2, 0.1), row("timing", "c", 0.1, 0.1))
    assert max(dots(figure)["before weighting"]) == WIDEST
    assert "9.90" in figure["data"][-2]["hovertemplate"][0]


def test_nothing_to_balance_says_so() -> None:
    assert "There is nothing to balance." in texts(plot())


# Overlap


def overlap(**scores: tuple[list[float], list[int]]) -> dict[str, Any]:
    known = {ARMS[i]: (np.array(v), np.array(n, float)) for i, (v, n) in enumerate(scores.values())}
    figure = plot_overlap(known, STYLES, treatment="HSCT")
    go.Figure(figure.to_dict())
    return json.loads(figure.to_json())


def test_arms_are_counted_back_to_back() -> None:
    figure = overlap(up=([0.02, 0.31, 0.33], [1, 2, 3]), down=([0.31, 1.0], [4, 5]))
    up, down = figure["data"]
    assert (up["name"], down["name"]) == ARMS
    assert (up["y"][0], up["y"][6]) == (1.0, 5.0) and (down["y"][6], down["y"][-1]) == (-4.0, -5.0)
    assert "30\u00a0% to 35\u00a0%: 5 children" in up["text"] and "30\u00a0% to 35\u00a0%: 4 children" in down["text"]
    assert all(not text.startswith("−") and not text.startswith("-") for text in figure["layout"]["yaxis"]["ticktext"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 10_000)), min_size=1, max_size=30), st.integers(0, 29))
def test_every_child_is_in_one_bar(patients: list[tuple[float, int]], cut: int) -> None:
    arms = [patients[: cut + 1], patients[cut + 1 :]]
    scores = {str(i): ([v for v, _ in arm], [n for _, n in arm]) for i, arm in enumerate(arms)}
    figure = overlap(**scores)
    for sign, arm, trace in zip((1, -1), arms, figure["data"], strict=True):
        assert sum(trace["y"]) * sign == sum(n for _, n in arm)
    ticks = figure["layout"]["yaxis"]["tickvals"]
    assert 3 <= len(ticks) <= 9


def test_no_scores_are_said_so() -> None:
    assert texts(overlap(up=([], []), down=([], []))) == ["There are no propensity scores."]


@pytest.mark.parametrize("most", [1, 2, 3, 4, 10, 99, 1234, 5_000_000])
def test_ticks_are_round_whole_numbers(most: int) -> None:
    ticks = overlap(up=([0.5], [most]), down=([0.5], [1]))["layout"]["yaxis"]["tickvals"]
    assert all(tick == int(tick) for tick in ticks)
