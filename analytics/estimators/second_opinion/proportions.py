"""Shares with their intervals, by scipy and statsmodels."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.estimators.second_opinion.comparison import compare
from analytics.estimators.second_opinion.questions import question
from analytics.results import Estimate, MissingResult
from analytics.results.second_opinion import Compared, Quantity


@question
def compare_missing(shown: MissingResult) -> Iterator[Compared]:
    """The share of each variable that is missing, with Wilson's interval, and its difference by outcome, with Newcombe's."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    for share in shown.variables:
        for group, estimate in (("", share.everyone), ("event", share.with_event), ("no event", share.without_event)):
            yield from _compare_share(Quantity("missing", variable=share.variable, group=group), estimate)
        difference, one, other = share.difference, share.with_event, share.without_event
        if difference.value is None or difference.interval is None:
            continue
        figure = Quantity("missing", variable=share.variable, group="event", reference="no event")
        limits = confint_proportions_2indep(
            *(one.n_event, one.n, other.n_event, other.n), method="newcomb", compare="diff", correction=False
        )
        for part, ours, theirs in zip(
            ("conf_low", "conf_high"), (difference.interval.low, difference.interval.high), limits, strict=True
        ):
            yield compare(figure.of(part), ours, theirs, "statsmodels")  # type: ignore[arg-type]


def _compare_share(figure: Quantity, estimate: Estimate) -> Iterator[Compared]:
    from scipy.stats import binomtest

    if estimate.value is None or estimate.interval is None:
        return
    test = binomtest(estimate.n_event, estimate.n)
    found = test.proportion_ci(estimate.interval.level, method="wilson")
    yield compare(figure, estimate.value, test.statistic, "scipy")
    yield compare(figure.of("conf_low"), estimate.interval.low, found.low, "scipy")
    yield compare(figure.of("conf_high"), estimate.interval.high, found.high, "scipy")
