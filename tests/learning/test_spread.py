"""The spread of a class's predictions, and its figures."""

from __future__ import annotations

from statistics import median

import numpy as np
import plotly.graph_objects as go
from hypothesis import given
from hypothesis import strategies as st

from analytics.figures.asked import Truth, Words, hide_answers, plot_drawn, plot_numbers, plot_shares
from analytics.languages import Text
from analytics.learning.answers import PERCENT, Choice, Drawn, Number
from analytics.learning.spread import spread_answers

PERCENTS = Number(0, 100, 1, PERCENT, 5, 50)
OPTIONS = Choice((("a", Text("A", "甲")), ("b", Text("B", "乙")), ("c", Text("C", "丙"))))
CURVE = Drawn((6.0, 12.0), Text("Alive", "存活"), 5)
WORDS = Words("Months", "predictions", "the answer", "median")


@given(st.lists(st.integers(0, 100), max_size=60))
def test_numbers(values: list[int]) -> None:
    spread = spread_answers(PERCENTS, values, lambda answer: PERCENTS.judge(answer, 50))
    assert spread.n == len(values)
    assert spread.n_right == sum(abs(v - 50) <= 5 for v in values)
    assert spread.n_near == sum(5 < abs(v - 50) <= 15 for v in values)
    assert spread.middle == (median(values) if values else None)
    if len(values) > 1:
        assert np.allclose(spread.half, np.quantile(values, [0.25, 0.75]))
    go.Figure(plot_numbers(values, (0, 100), WORDS, middle=spread.middle, truth=Truth(50, 40, None)).to_plotly_json())


def test_choices() -> None:
    spread = spread_answers(OPTIONS, ["a", "a", "c"], lambda answer: OPTIONS.judge(answer, "c"))
    assert spread.counts == (("a", 2), ("b", 0), ("c", 1)) and (spread.n_right, spread.n_near) == (1, 0)
    figure = plot_shares(["A", "B <i>", "C"], [2, 0, 1], WORDS, right=2)
    go.Figure(figure.to_plotly_json())
    assert np.allclose(figure.data[0].x, [200 / 3, 0, 100 / 3])
    assert figure.layout.annotations[1].text == "B &lt;i&gt;" and figure.layout.annotations[2].text.startswith("✓")
    assert not any("✓" in note.text for note in plot_shares(["A", "B", "C"], [2, 0, 1], WORDS).layout.annotations)


def test_curves() -> None:
    spread = spread_answers(CURVE, [(90.0, 80.0), (70.0, 20.0), (80.0, 70.0)], lambda a: CURVE.judge(a, (80.0, 75.0)))
    assert spread.middle == (80.0, 70.0) and spread.n_right == 1
    hidden = plot_drawn(CURVE.times, spread.answers, WORDS, middle=spread.middle)
    shown = plot_drawn(CURVE.times, spread.answers, WORDS, middle=spread.middle, truth=(80.0, 75.0))
    go.Figure(shown.to_plotly_json())
    assert len(shown.data) == len(hidden.data) + 1 == 5
    assert list(shown.data[-1].y) == [100, 80, 75]


def test_the_truth_is_drawn_only_once_it_is_given() -> None:
    values = [2.0, 2.0, 0.5]
    hidden = plot_numbers(values, (0.02, 50), WORDS, is_log=True)
    assert not hidden.layout.shapes and list(hidden.data[0].y) == [1, 2, 1]
    shown = plot_numbers(values, (0.02, 50), WORDS, truth=Truth(1.9, 1.1, 3.0), is_log=True)
    assert [shape.type for shape in shown.layout.shapes] == ["rect", "line"]
    assert (shown.layout.shapes[0].x0, shown.layout.shapes[0].x1) == (1.1, 3.0)
    assert abs(shown.layout.annotations[0].x - np.log10(1.9)) < 1e-9


def test_answers_are_hidden() -> None:
    figure = go.Figure(go.Scatter(x=[1], y=[2], hovertemplate="72.9 %", text=["a"]))
    for text in ("72.9 % alive", "p = 0.03", "HR 2.1", "isolated marrow"):
        figure.add_annotation(text=text)
    hidden = hide_answers(figure)
    assert [note.text for note in hidden.layout.annotations] == ["isolated marrow"]
    assert hidden.data[0].hovertemplate is None and hidden.data[0].hoverinfo == "skip"
