"""Curves for the tests of the figures, by the product-limit formula on a handful of patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from analytics.results import Estimate, Reason, SurvivalCurve, SurvivalResult, read_only

MakeCurve = Callable[[str, Sequence[float], Sequence[int]], SurvivalCurve]


def _make_curve(group: str, time: Sequence[float], event: Sequence[int]) -> SurvivalCurve:
    times, events = np.asarray(time, float), np.asarray(event, int)
    at = np.unique(times)
    risk = np.array([(times >= t).sum() for t in at], float)
    deaths = np.array([((times == t) & (events == 1)).sum() for t in at], float)
    censored = np.array([((times == t) & (events == 0)).sum() for t in at], float)
    with np.errstate(all="ignore"):
        estimate = np.cumprod(1 - deaths / risk)
        variance = np.cumsum(deaths / (risk * (risk - deaths)))
        middle = np.log(-np.log(estimate))
        spread = 1.959964 * np.sqrt(variance) / np.abs(np.log(estimate))
        low, high = np.exp(-np.exp(middle + spread)), np.exp(-np.exp(middle - spread))
        error = estimate * np.sqrt(variance)
    undefined = ~(np.isfinite(middle) & np.isfinite(spread))
    low[undefined] = np.nan
    high[undefined] = np.nan
    return SurvivalCurve(
        group=group,
        n=len(times),
        n_event=int(events.sum()),
        time=read_only(at),
        n_risk=read_only(risk),
        n_event_at=read_only(deaths),
        n_censor=read_only(censored),
        estimate=read_only(estimate),
        std_error=read_only(error),
        low=read_only(low),
        high=read_only(high),
        conf_level=0.95,
        conf_type="log-log",
        median=Estimate(None, reason=Reason("not-asked-for")),
    )


@pytest.fixture(scope="session")
def make_curve() -> MakeCurve:
    """A function of group, times in months and events (1, 0) that gives the curve."""
    return _make_curve


@pytest.fixture
def three_groups() -> SurvivalResult:
    """Forty children after transplant, twelve after chemotherapy, twelve of whom none died."""
    transplant = [4, 4.1, 6, 6.1, 6.3, 6.7, 8.2, 8.7, 9.3, 9.9, 10.1, 10.4, 11.1, 12.1, 12.5, 14.9, 15, 18, 19, 21.2]
    transplant += [32.7, 37.8, 40.5, 42.8, 46.3, 48.5, 53, 60.1, 61.3, 62.6, 68, 76.5, 78.7, 79.1, 79.6, 83.7, 84.8]
    died = {4.1, 6, 8.2, 8.7, 10.4, 15}
    chemotherapy = [4.1, 4.2, 4.3, 4.8, 10.5, 10.7, 11.6, 19.8, 24.5, 25, 72, 88.3]
    spared = [2.7, 11.7, 13.2, 18.3, 30.6, 31.7, 33.1, 35, 36, 43.9, 48, 74.3]
    return SurvivalResult(
        curves=(
            _make_curve("hsct", transplant, [int(t in died) for t in transplant]),
            _make_curve("chemotherapy", chemotherapy, [0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0]),
            _make_curve("spared", spared, [0] * 12),
        ),
        conf_level=0.95,
        conf_type="log-log",
    )
