"""Adjusted p values against R, statsmodels, the definitions written out, and what must hold for any p values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analytics.estimators import adjust_p_values
from analytics.estimators.multiplicity import Adjust

REFERENCE = Path(__file__).parents[1] / "reference" / "multiplicity_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))
METHODS: tuple[Adjust, ...] = ("holm", "bh")
P_VALUES = st.lists(st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.01, 0.05, 0.5])), max_size=25)
LIGHT = settings(deadline=None, max_examples=150)


@pytest.mark.parametrize("adjust", METHODS)
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_equal_to_p_adjust_of_r(case: dict[str, Any], adjust: Adjust) -> None:
    found = adjust_p_values(case["p"], adjust)
    assert [p is None for p in found] == [p is None for p in case[adjust]]
    np.testing.assert_allclose(
        [p for p in found if p is not None], [p for p in case[adjust] if p is not None], rtol=1e-13, atol=0
    )


def test_the_example_of_benjamini_and_hochberg() -> None:
    """Section 3.2: at 0.05 their method finds four of the fifteen, one that keeps the familywise chance three."""
    (case,) = (case for case in CASES if case["name"] == "thrombolysis")
    found = {adjust: [p <= 0.05 for p in adjust_p_values(case["p"], adjust)] for adjust in METHODS}
    assert found == {"holm": [True] * 3 + [False] * 12, "bh": [True] * 4 + [False] * 11}


def test_by_hand() -> None:
    # Holm: 3 x 0.01; 2 x 0.02 = 0.04; 1 x 0.03 is less than 0.04 before it. BH: 3/3 x 0.03 is the least of all.
    assert adjust_p_values([0.03, 0.01, 0.02], "holm") == pytest.approx([0.04, 0.03, 0.04], rel=1e-15)
    assert adjust_p_values([0.03, 0.01, 0.02], "bh") == pytest.approx([0.03, 0.03, 0.03], rel=1e-15)
    assert adjust_p_values([0.6, 0.7], "holm") == (1.0, 1.0)
    assert adjust_p_values([0.6, 0.7], "bh") == (0.7, 0.7)
    assert adjust_p_values([None, 0.2, None], "holm") == (None, 0.2, None)
    assert adjust_p_values([], "holm") == adjust_p_values([], "bh") == ()


@LIGHT
@given(P_VALUES)
def test_equal_to_statsmodels(p_values: list[float | None]) -> None:
    known = [p for p in p_values if p is not None]
    for adjust, name in zip(METHODS, ("holm", "fdr_bh"), strict=True):
        found = [p for p in adjust_p_values(p_values, adjust) if p is not None]
        expected = multipletests(known, method=name)[1].tolist() if known else []
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300)


@LIGHT
@given(P_VALUES, st.randoms(use_true_random=False))
def test_order_and_bounds(p_values: list[float | None], random: Any) -> None:
    order = list(range(len(p_values)))
    random.shuffle(order)
    for adjust in METHODS:
        found = adjust_p_values(p_values, adjust)
        shuffled = adjust_p_values([p_values[i] for i in order], adjust)
        assert shuffled == tuple(found[i] for i in order)
        assert all((p is None) == (q is None) for p, q in zip(p_values, found, strict=True))
    known = [i for i, p in enumerate(p_values) if p is not None]
    holm, bh = (adjust_p_values(p_values, adjust) for adjust in METHODS)
    for i in known:
        p, h, b = p_values[i], holm[i], bh[i]
        assert p is not None and h is not None and b is not None
        assert p * (1 - 1e-12) <= b <= h * (1 + 1e-12) and h <= 1
        assert h <= len(known) * p * (1 + 1e-12), "never beyond Bonferroni's"


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan"), float("inf")])
def test_what_is_no_p_value_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1: 1 of 3 do not \(first at position 1: "):
        adjust_p_values([0.5, wrong, None], "holm")


def test_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="adjust must be one of holm, bh: it is 'bonferroni'"):
        adjust_p_values([0.5], "bonferroni")  # type: ignore[arg-type]
