"""E-values against published worked examples, the formulas in R's notation by hand, and their properties."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import e_value, estimate_survival, highest_risk
from analytics.results import EValue, Reason

MODERATE = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "measure", "point", "limit"),
    [
        # VanderWeele & Ding (2017): smoking and lung cancer; breastfeeding and death by infection; and leukaemia.
        (10.73, 8.02, 14.36, "risk ratio", 20.95, 15.52),
        (3.9, 1.8, 8.7, "odds ratio", 7.26, 3.00),
        (0.80, 0.71, 0.91, "risk ratio", 1.81, 1.43),
    ],
)
def test_published_examples(ratio: float, low: float, high: float, measure: str, point: float, limit: float) -> None:
    found = e_value(ratio, low, high, measure=measure, rare=True)  # type: ignore[arg-type]
    assert (round(found.point or 0, 2), round(found.limit or 0, 2)) == (point, limit)
    assert found.risk_ratio == ratio


def test_common_outcomes_by_hand() -> None:
    hazard = e_value(0.56, 0.46, 0.69, measure="hazard ratio", rare=False)
    risk = (1 - 0.5 ** math.sqrt(0.56)) / (1 - 0.5 ** math.sqrt(1 / 0.56))
    assert hazard.risk_ratio == pytest.approx(risk, rel=1e-14)
    assert hazard.point == pytest.approx(1 / risk + math.sqrt(1 / risk * (1 / risk - 1)), rel=1e-14)
    assert round(hazard.point, 2) == 2.35
    nearer = (1 - 0.5 ** math.sqrt(1 / 0.69)) / (1 - 0.5 ** math.sqrt(0.69))
    assert hazard.limit == pytest.approx(nearer + math.sqrt(nearer * (nearer - 1)), rel=1e-14)
    odds = e_value(0.86, 0.75, 0.99, measure="odds ratio", rare=False)
    inverse = 1 / math.sqrt(0.86)
    assert odds.point == pytest.approx(inverse + math.sqrt(inverse * (inverse - 1)), rel=1e-14)
    # A risk ratio stays what it is, however common the outcome.
    assert e_value(2, 1.5, 3, measure="risk ratio", rare=False) == e_value(2, 1.5, 3, measure="risk ratio", rare=True)


def test_nothing_to_explain() -> None:
    assert e_value(1, 0.5, 2, measure="risk ratio", rare=True) == EValue("risk ratio", 1, 1, 1)
    assert e_value(2, 0.9, 5, measure="hazard ratio", rare=False).limit == 1
    assert e_value(0.5, 0.2, 1, measure="hazard ratio", rare=False).limit == 1


def test_limits_that_do_not_exist() -> None:
    assert e_value(2, None, None, measure="risk ratio", rare=True).limit is None
    assert e_value(2, None, 9, measure="risk ratio", rare=True).limit == 1
    assert e_value(2, 1.5, None, measure="risk ratio", rare=True).limit == pytest.approx(1.5 + math.sqrt(0.75))
    assert e_value(0.5, 0.1, None, measure="risk ratio", rare=True).limit == 1
    none = e_value(None, 1.5, None, measure="hazard ratio", rare=True)
    assert none == EValue("hazard ratio", None, None, None, Reason.of("no-such-ratio", measure="hazard ratio"))


@pytest.mark.parametrize("wrong", [0, -1, math.inf, math.nan])
def test_numbers_must_be_ratios(wrong: float) -> None:
    with pytest.raises(ValueError, match="ratio must be finite and above 0"):
        e_value(wrong, None, None, measure="odds ratio", rare=True)


def test_other_errors() -> None:
    with pytest.raises(ValueError, match=r"ratio must lie between its limits: 2 is not in 2.5 to 3"):
        e_value(2, 2.5, 3, measure="odds ratio", rare=True)
    with pytest.raises(ValueError, match="measure must be one of hazard ratio, odds ratio, risk ratio"):
        e_value(2, 1, 3, measure="mean", rare=True)  # type: ignore[arg-type]


@MODERATE
@given(
    st.floats(0.01, 100),
    st.floats(1.01, 5),
    st.sampled_from(["hazard ratio", "odds ratio", "risk ratio"]),
    st.booleans(),
)
def test_direction_does_not_matter_and_stronger_needs_more(
    ratio: float, spread: float, measure: str, rare: bool
) -> None:
    found = e_value(ratio, ratio / spread, ratio * spread, measure=measure, rare=rare)  # type: ignore[arg-type]
    turned = e_value(1 / ratio, 1 / ratio / spread, 1 / ratio * spread, measure=measure, rare=rare)  # type: ignore[arg-type]
    assert found.point is not None and found.limit is not None and turned.limit is not None
    assert turned.point == pytest.approx(found.point, rel=1e-6)
    assert turned.limit == pytest.approx(found.limit, rel=1e-6)
    assert 1 <= found.limit <= found.point + 1e-12
    # Confounding of just that strength on both sides has the bias factor E E / (2 E - 1), which is the risk ratio.
    bias = found.point**2 / (2 * found.point - 1)
    assert found.risk_ratio is not None
    assert bias == pytest.approx(max(found.risk_ratio, 1 / found.risk_ratio))


def test_the_highest_risk_is_that_by_the_end_of_follow_up() -> None:
    # 2 of 20 had the event, which is 10 %; but both came when two were left.
    time, event = [*range(1, 19), 20, 21], [0] * 18 + [1, 0]
    assert highest_risk(estimate_survival(time, event).curves) == pytest.approx(0.5)
    group = ["a"] * 20 + ["b"] * 10
    both = estimate_survival([*time, *range(1, 11)], [*event, *([0] * 10)], group=group)
    assert highest_risk(both.curves) == pytest.approx(0.5)
    assert highest_risk(estimate_survival([1, 2, 3], [1, 0, 0]).curves) == pytest.approx(1 / 3)
    assert highest_risk(estimate_survival([], []).curves) == 0
    assert highest_risk(()) == 0
