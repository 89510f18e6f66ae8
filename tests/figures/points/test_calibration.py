"""Observed against predicted shares: where points, bars and histogram lie, and what is said without any."""

from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from analytics.estimators import estimate_calibration
from analytics.figures.points.calibration import describe_calibration, plot_calibration
from analytics.results import CalibrationGroup, CalibrationResult, Estimate, FloatArray, Interval, Reason, read_only

PROBABILITY = read_only([0.1, 0.1, 0.2, 0.4])
WEIGHT = read_only([30, 10, 40, 20])


def calibrated() -> CalibrationResult:
    outcome = np.repeat([0, 1, 0, 1, 0, 1], [30, 10, 33, 7, 11, 9])
    probability = np.repeat([0.1, 0.1, 0.2, 0.2, 0.4, 0.4], [30, 10, 33, 7, 11, 9])
    return estimate_calibration(outcome, probability, groups=3)


def traces(figure: go.Figure) -> dict[str, dict]:
    return {trace["name"]: trace for trace in figure.to_dict()["data"]}


def test_points_lie_at_prediction_and_observation_with_wilson_bars() -> None:
    result = calibrated()
    figure = plot_calibration(result, PROBABILITY, WEIGHT, event="relapse within 3 years")
    drawn = traces(figure)
    points = drawn["groups of children with like predictions"]
    assert points["x"] == pytest.approx([100 * g.predicted for g in result.groups], abs=0.01)
    assert points["y"] == pytest.approx([100 * (g.observed.value or 0) for g in result.groups], abs=0.01)
    for i, group in enumerate(result.groups):
        limits = group.observed.interval
        assert limits is not None and limits.high is not None and limits.low is not None
        high, low = points["error_y"]["array"][i], points["error_y"]["arrayminus"][i]
        assert points["y"][i] + high == pytest.approx(100 * limits.high, abs=0.02)
        assert points["y"][i] - low == pytest.approx(100 * limits.low, abs=0.02)
    sizes = points["marker"]["size"]
    assert sizes[0] == max(sizes) and sizes[-1] == min(sizes)
    diagonal = drawn["perfect agreement"]
    assert diagonal["x"] == diagonal["y"]
    low, high = figure.layout.yaxis.range
    assert low < 0 and high > max(y + e for y, e in zip(points["y"], points["error_y"]["array"], strict=True))
    assert figure.layout.xaxis.range == figure.layout.yaxis.range
    assert figure.layout.xaxis.title.text == "Predicted probability of relapse within 3 years"
    assert go.Figure(figure.to_dict()).layout.yaxis2.title.text == "Children"


def test_the_histogram_counts_every_child_once() -> None:
    drawn = traces(plot_calibration(calibrated(), PROBABILITY, WEIGHT, event="relapse"))["children by prediction"]
    assert sum(drawn["y"]) == 100
    assert drawn["y"] == [40, 40, 20]
    for middle, p in zip(drawn["x"], (10, 20, 40), strict=True):
        assert abs(middle - p) <= drawn["width"] / 0.92 / 2 + 1e-9
    assert drawn["text"][2].startswith("20 children with a prediction of ")


@pytest.mark.parametrize("values", [[], [np.nan]])
def test_without_predictions_a_sentence_stands_in_the_place(values: list[float]) -> None:
    result = estimate_calibration([], [])
    weight: FloatArray = read_only(np.ones(len(values)))
    figure = plot_calibration(result, read_only(values), weight, event="relapse")
    assert len(figure.data) == 0
    assert [a.text for a in figure.layout.annotations] == ["There are no predictions to compare with what happened."]
    go.Figure(figure.to_dict())
    assert describe_calibration(result, "relapse").startswith("No calibration plot")


def test_a_group_that_is_not_shown_is_neither_drawn_nor_said() -> None:
    withheld = CalibrationGroup(
        0.4, 0.5, Estimate(None, n=2, reason=Reason.of("withheld", why=Reason.of("few-patients", n=2))), 0.45
    )
    shown = CalibrationGroup(0.1, 0.4, Estimate(0.25, Interval(0.1, 0.5, 0.95, "wilson"), 20, 5), 0.2)
    nothing = Estimate(None, reason=Reason("no-events"))
    result = CalibrationResult(nothing, nothing, nothing, (shown, withheld), 22, 6, 0.95)
    figure = plot_calibration(result, PROBABILITY, WEIGHT, event="relapse")
    assert traces(figure)["groups of children with like predictions"]["x"] == [20]
    assert "NaN" not in json.dumps(figure.to_dict())
    assert describe_calibration(result, "relapse").replace("\u00a0", " ") == (
        "Observed against predicted relapse in 1 group of like predictions: predicted 20.0 %, observed 25.0 % "
        "(10.0–50.0) of 20."
    )
