"""One hazard ratio over time: where points, line and band lie, and what is said where there is no line."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from analytics.figures.ratios.hazard_over_time import describe_hazard_over_time, plot_hazard_over_time
from analytics.results import CoefficientOverTime, Reason, read_only

GRID = np.linspace(1, 40, 40)
COEFFICIENT = CoefficientOverTime(
    variable="sex",
    level="male",
    coefficient=math.log(2),
    time=read_only([1, 5, 12, 40]),
    n_event=read_only([1, 1, 2, 1]),
    beta=read_only([3.0, 0.5, -0.2, 400.0]),
    grid=read_only(GRID),
    smooth=read_only(math.log(4) - 0.05 * GRID),
    low=read_only(math.log(4) - 0.05 * GRID - 1),
    high=read_only(math.log(4) - 0.05 * GRID + 1),
)
EMPTY = replace(
    COEFFICIENT, **dict.fromkeys(("grid", "smooth", "low", "high"), read_only([])), reason=Reason("few-times-for-curve")
)


def traces(figure: go.Figure) -> dict[str, dict]:
    return {trace.get("name", "band"): trace for trace in figure.to_dict()["data"]}


@pytest.mark.parametrize("coefficient", [COEFFICIENT, EMPTY])
@pytest.mark.parametrize("step", [1.0, 10.0])
def test_the_figure_is_one_that_plotly_knows(coefficient: CoefficientOverTime, step: float) -> None:
    figure = plot_hazard_over_time(coefficient, origin="first relapse", step=step)
    assert go.Figure(figure.to_dict()).layout.xaxis.title.text == "Months from first relapse"
    assert "NaN" not in json.dumps(figure.to_dict()["layout"])


def test_line_and_band_are_drawn_where_they_are_and_far_points_at_the_edge() -> None:
    figure = plot_hazard_over_time(COEFFICIENT, origin="diagnosis")
    drawn = traces(figure)
    assert drawn["smoothed"]["y"] == pytest.approx(COEFFICIENT.smooth.tolist(), abs=1e-3)
    assert drawn["model: 2.00"]["y"] == pytest.approx([math.log(2)] * 2, abs=1e-3)
    assert drawn["band"]["y"][:40] == pytest.approx(COEFFICIENT.high.tolist(), abs=1e-3)
    low, high = figure.layout.yaxis.range
    assert drawn["events"]["y"][:3] == [3.0, 0.5, -0.2]
    assert low < drawn["events"]["y"][3] < high
    for tick, text in zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True):
        assert math.exp(tick) == pytest.approx(float(text), rel=1e-4)
        assert low <= tick <= high


def test_a_number_is_drawn_per_step() -> None:
    drawn = traces(plot_hazard_over_time(COEFFICIENT, origin="diagnosis", step=3))
    assert "model: 8.00" in drawn
    assert drawn["smoothed"]["y"] == pytest.approx((3 * COEFFICIENT.smooth).tolist(), abs=1e-3)


def test_without_a_line_the_reason_stands_in_the_figure_and_in_words() -> None:
    figure = plot_hazard_over_time(EMPTY, origin="diagnosis")
    assert "smoothed" not in traces(figure)
    assert [a.text for a in figure.layout.annotations] == ["No smooth line: too few event times for a smooth curve"]
    assert describe_hazard_over_time(EMPTY, "Sex, boys", 0.95) == (
        "Sex, boys: the model’s one hazard ratio is 2.00; no smooth line over 4 event times "
        "(too few event times for a smooth curve)."
    )


def test_words_say_where_the_line_begins_and_ends() -> None:
    assert describe_hazard_over_time(COEFFICIENT, "Sex, boys", 0.95).replace("\u00a0", " ") == (
        "Sex, boys: smoothed over 4 event times, the hazard ratio is 3.80 (95 % limits 1.40–10.3) at 1.0 months and "
        "0.54 (95 % limits 0.20–1.47) at 40.0 months; the model’s one hazard ratio is 2.00."
    )
