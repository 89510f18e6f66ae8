"""What lessons mark on figures: points and levels where they belong, and every patient's follow-up as a line."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.figures.drawing import as_figure, base_layout
from analytics.figures.marked import MOST_LINES, mark_guess, mark_level, mark_points, plot_follow_ups, thin_out
from analytics.figures.taught import GUESS, point_at
from analytics.figures.theme import Figure


def bare() -> Figure:
    layout = base_layout(300, 30, 10, 10, 30) | {"xaxis": {"range": [-1, 100]}, "yaxis": {"range": [0, 101]}}
    return as_figure([], layout)


@pytest.mark.parametrize("n", [0, 1, MOST_LINES, MOST_LINES + 1, 5000])
def test_few_are_all_drawn_and_many_evenly_from_the_first_to_the_last(n: int) -> None:
    places = thin_out(n)
    assert len(places) == min(n, MOST_LINES)
    assert places == sorted(set(places))
    if n:
        assert (places[0], places[-1]) == (0, n - 1)


def test_each_patient_is_a_line_that_ends_where_follow_up_does() -> None:
    time, event = [30.0, 10.0, 20.0, 40.0], [0, 1, 0, 1]
    figure = plot_follow_ups(time, event, 24, died="died", censored="censored", x_title="months", y_title="patients")
    lines, died, censored = figure.data
    assert [x for x in lines.x if x] == [10.0, 20.0, 30.0, 40.0]
    assert list(zip(died.x, died.y, strict=True)) == [(10.0, 1), (40.0, 4)]
    assert list(zip(censored.x, censored.y, strict=True)) == [(20.0, 2), (30.0, 3)]
    assert figure.layout.shapes[0].x0 == 24


def test_of_many_patients_the_shares_are_kept() -> None:
    rng = np.random.default_rng(2)
    time, event = rng.exponential(30, 4000), rng.random(4000) < 0.3
    figure = plot_follow_ups(time, event, 36, died="died", censored="censored", x_title="", y_title="")
    _, died, censored = figure.data
    assert len(died.x) + len(censored.x) == MOST_LINES
    assert len(died.x) / MOST_LINES == pytest.approx(0.3, abs=0.12)


def test_an_answer_is_a_point_in_its_own_colour_and_the_figure_stays_without_marks() -> None:
    figure = mark_points(bare(), 36, [mark_guess(55.5, "your answer")])
    (trace,) = figure.data
    assert (tuple(trace.x), tuple(trace.y), trace.name, trace.marker.color) == ((36,), (55.5,), "your answer", GUESS)
    assert figure.layout.showlegend
    assert not mark_points(bare(), 36, []).data


def test_a_level_goes_to_the_curve_and_down_or_all_along() -> None:
    reached = mark_level(bare(), 75, 20, "here")
    along, down = reached.layout.shapes
    assert (along.x1, along.y0, down.x0, down.y1) == (20, 75, 20, 75)
    never = mark_level(bare(), 50, None, "here")
    (along,) = never.layout.shapes
    assert along.x1 == 100
    assert never.layout.annotations[0].y == 50


@pytest.mark.parametrize(("month", "anchor"), [(20, "left"), (90, "right")])
def test_words_at_a_late_time_stand_before_it(month: float, anchor: str) -> None:
    for figure in (mark_level(bare(), 75, month, "words"), point_at(bare(), month, "words")):
        said = figure.layout.annotations[0]
        assert (said.xanchor, said.y) == (anchor, 0)
