"""Ratios within subgroups and tests of interaction against R, by hand, and their properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.estimators import estimate_hazard_ratios, subgroup_effects, subgroup_odds_ratios
from analytics.results import Reason, SubgroupEffect, SubgroupResult
from tests.estimators.said import words

REFERENCE = Path(__file__).parents[2] / "reference"
R = json.loads((REFERENCE / "interaction_reference.json").read_text(encoding="utf-8"))
FEW = settings(max_examples=15, deadline=None)


def name_of(case: dict[str, Any]) -> str:
    return f"{case['data']}-{case['group']}-{case['subgroup']}"


def check_effects(found: list[SubgroupEffect], expected: dict[str, Any]) -> None:
    for place, effect in enumerate(found):
        counts = [effect.n_reference, effect.n_event_reference, effect.n, effect.n_event]
        n, n_event = expected["n"], expected["n_event"]
        assert counts == [n[0], n_event[0], n[place + 1], n_event[place + 1]]
        if not 1e-6 < expected["ratio"][place] < 1e6:
            # R stopped on the way to no limit.
            assert effect.method == "firth"
            continue
        assert effect.method == "ml"
        assert effect.ratio.value == pytest.approx(expected["ratio"][place], rel=1e-7)
        assert effect.p_value_wald == pytest.approx(expected["p_value"][place], rel=1e-6)
        if effect.ratio.interval is not None and effect.ratio.interval.method == "wald":
            assert effect.p_value == effect.p_value_wald
        if "low" in expected:
            assert effect.ratio.interval is not None
            assert effect.ratio.interval.low == pytest.approx(expected["low"][place], rel=1e-7)
            assert effect.ratio.interval.high == pytest.approx(expected["high"][place], rel=1e-7)


def check_case(found: SubgroupResult, case: dict[str, Any]) -> None:
    check_effects(list(found.overall), case["overall"])
    assert list(dict.fromkeys(e.subgroup for e in found.subgroups)) == [str(level) for level in case["levels"]]
    for level, expected in zip(case["levels"], case["subgroups"], strict=True):
        check_effects([e for e in found.subgroups if e.subgroup == str(level)], expected)
    assert found.interaction.reason is None
    assert found.interaction.df == case["df"]
    assert found.interaction.statistic == pytest.approx(case["statistic"], rel=1e-7)
    assert found.interaction.p_value == pytest.approx(case["p_value"], rel=1e-7)


# Against R


@pytest.mark.parametrize("case", R["hazards"], ids=name_of)
def test_hazard_ratios_and_interaction_equal_those_of_coxph(case: dict[str, Any]) -> None:
    data = pd.read_csv(REFERENCE / f"survival_{case['data']}.csv", float_precision="round_trip")
    columns = {key: data[case[key]] for key in ("weight", "entry", "strata") if case[key] is not None}
    found = subgroup_effects(
        data["time"],
        data["event"],
        data[case["group"]],
        data[case["subgroup"]],
        conf_level=case["conf_level"],
        **columns,
    )
    assert found.measure == "hazard ratio"
    check_case(found, case)


@pytest.mark.parametrize("case", R["odds"], ids=name_of)
def test_odds_ratios_and_interaction_equal_those_of_glm(case: dict[str, Any]) -> None:
    data = pd.read_csv(REFERENCE / f"logistic_{case['data']}.csv")
    found = subgroup_odds_ratios(data[case["outcome"]], data[case["group"]], data[case["subgroup"]])
    assert found.measure == "odds ratio"
    check_case(found, case)


# By hand


def four_tables() -> tuple[list[int], list[str], list[str]]:
    """Of boys 8 of 10 with the marker and 4 of 10 without had the event, of girls 5 of 10 and 5 of 10."""
    outcome = [1] * 4 + [0] * 6 + [1] * 8 + [0] * 2 + [1] * 5 + [0] * 5 + [1] * 5 + [0] * 5
    group = (["no"] * 10 + ["yes"] * 10) * 2
    return outcome, group, ["boys"] * 20 + ["girls"] * 20


def test_odds_ratios_of_four_tables_by_hand() -> None:
    outcome, group, sex = four_tables()
    found = subgroup_odds_ratios(outcome, group, sex)
    (overall,) = found.overall
    assert overall.ratio.value == pytest.approx((13 * 11) / (7 * 9))
    boys, girls = found.subgroups
    assert boys.ratio.value == pytest.approx((8 * 6) / (2 * 4))
    assert girls.ratio.value == pytest.approx(1)
    assert (boys.group, boys.reference, boys.n, boys.n_event, boys.n_reference, boys.n_event_reference) == (
        ("yes", "no", 10, 8, 10, 4)
    )
    assert found.interaction.df == 1
    frame = found.to_frame()
    assert frame["level"].tolist() == [None, "boys", "girls"]
    assert frame["p_interaction"].nunique() == 1


def test_equal_ratios_do_not_interact() -> None:
    outcome, group, _ = four_tables()
    found = subgroup_odds_ratios(outcome[:20] * 2, group, ["a"] * 20 + ["b"] * 20)
    assert found.interaction.statistic == pytest.approx(0, abs=1e-10)
    assert found.interaction.p_value == pytest.approx(1, abs=1e-4)


def test_a_subgroup_without_events_keeps_its_row() -> None:
    outcome, group, sex = four_tables()
    outcome = outcome[:20] + [0] * 20
    found = subgroup_odds_ratios(outcome, group, sex)
    girls = found.subgroups[1]
    assert (girls.ratio.value, girls.ratio.reason, girls.p_value) == (None, Reason("no-events"), None)
    assert "interaction-sparse" in [note.code for note in found.notes]
    time = np.tile(np.arange(1.0, 11.0), 4)
    hazards = subgroup_effects(time, outcome, group, sex)
    assert hazards.subgroups[1].ratio.reason == Reason("no-events")
    assert hazards.subgroups[0].ratio.value is not None


def test_a_group_without_events_in_a_subgroup_is_penalised_and_noted() -> None:
    outcome, group, sex = four_tables()
    outcome = outcome[:20] + [0] * 10 + outcome[30:]
    found = subgroup_odds_ratios(outcome, group, sex)
    girls = found.subgroups[1]
    assert girls.method == "firth" and girls.ratio.value is not None
    (sparse,) = [note for note in found.notes if note.code == "interaction-sparse"]
    assert words(sparse).startswith("Nobody or everybody had the event in: no, girls.")
    assert any(note.code == "separation" and words(note).startswith("girls: ") for note in found.notes)
    assert found.interaction.p_value is not None


def test_a_subgroup_without_the_reference_is_not_compared_with_another_group() -> None:
    group = pd.Categorical(["a", "b", "c"] * 8 + ["b", "c"] * 5, categories=["a", "b", "c"])
    subgroup = ["x"] * 24 + ["y"] * 10
    time = np.arange(1.0, 35.0)
    found = subgroup_effects(time, np.tile([1, 0], 17), group, subgroup)
    y = [e for e in found.subgroups if e.subgroup == "y"]
    assert [(e.group, e.ratio.value, e.ratio.reason, e.p_value) for e in y] == [
        ("b", None, Reason.of("reference-group-empty", group="a"), None),
        ("c", None, Reason.of("reference-group-empty", group="a"), None),
    ]
    # b and c can still be set against each other in both, which is one parameter of interaction.
    assert found.interaction.df == 1


@pytest.mark.parametrize(
    ("group", "subgroup", "reason"),
    [
        (["a"] * 4, ["x", "x", "y", "y"], Reason("one-group")),
        (["a", "b"] * 2, ["x"] * 4, Reason("one-subgroup")),
        (["a", "a", "b", "b"], ["x", "x", "y", "y"], Reason("no-shared-groups")),
    ],
)
def test_no_interaction_without_groups_in_subgroups(group: list[str], subgroup: list[str], reason: str) -> None:
    found = subgroup_effects([1, 2, 3, 4], [1, 1, 1, 1], group, subgroup)
    assert (found.interaction.p_value, found.interaction.reason) == (None, reason)
    assert subgroup_odds_ratios([1, 0, 1, 0], group, subgroup).interaction.reason == reason


def test_few_patients() -> None:
    nobody = subgroup_effects([], [], [], [])
    assert (nobody.overall, nobody.subgroups, nobody.interaction.reason) == ((), (), Reason("no-patients"))
    assert len(nobody.to_frame()) == 0
    levels = pd.Categorical([], categories=["a", "b"])
    empty = subgroup_odds_ratios([], levels, levels)
    assert [e.ratio.reason for e in (*empty.overall, *empty.subgroups)] == [Reason("no-patients")] * 3
    two = subgroup_effects([1, 2], [0, 0], ["a", "b"], ["x", "y"])
    assert two.overall[0].ratio.reason == Reason("no-events")
    assert [e.ratio.value for e in two.subgroups] == [None, None]
    assert two.interaction.reason == Reason("no-events")


def test_wrong_input_is_named() -> None:
    with pytest.raises(ValueError, match="subgroup must be known: it is missing in 1 of 2 rows"):
        subgroup_effects([1, 2], [1, 0], ["a", "b"], ["x", None])
    with pytest.raises(ValueError, match="outcome must be 0 or 1"):
        subgroup_odds_ratios([1, 2], ["a", "b"], ["x", "x"])
    with pytest.raises(ValueError, match="conf_level must lie between 0 and 1"):
        subgroup_effects([1, 2], [1, 0], ["a", "b"], ["x", "x"], conf_level=95)


# Properties


@st.composite
def patients(draw: st.DrawFn) -> dict[str, np.ndarray]:
    n = draw(st.integers(1, 24))

    def column(low: int, high: int) -> np.ndarray:
        return np.array(draw(st.lists(st.integers(low, high), min_size=n, max_size=n)))

    return {
        "time": column(1, 9),
        "event": column(0, 1),
        "group": column(0, 1),
        "subgroup": column(0, 2),
        "weight": column(0, 3),
    }


@FEW
@given(patients())
def test_weights_equal_repeated_rows(drawn: dict[str, np.ndarray]) -> None:
    group = pd.Categorical.from_codes(drawn["group"], ["a", "b"])
    subgroup = pd.Categorical.from_codes(drawn["subgroup"], ["x", "y", "z"])
    rows = np.repeat(np.arange(len(group)), drawn["weight"])
    pairs = [
        (
            subgroup_effects(drawn["time"], drawn["event"], group, subgroup, weight=drawn["weight"]),
            subgroup_effects(drawn["time"][rows], drawn["event"][rows], group[rows], subgroup[rows]),
        ),
        (
            subgroup_odds_ratios(drawn["event"], group, subgroup, weight=drawn["weight"]),
            subgroup_odds_ratios(drawn["event"][rows], group[rows], subgroup[rows]),
        ),
    ]
    for one, two in pairs:
        pd.testing.assert_frame_equal(one.to_frame(), two.to_frame(), rtol=1e-6, atol=1e-7, check_dtype=False)
        assert one.interaction.reason == two.interaction.reason
        assert [words(note) for note in one.notes] == [words(note) for note in two.notes]


@FEW
@given(patients())
def test_every_subgroup_equals_its_own_model(drawn: dict[str, np.ndarray]) -> None:
    group = pd.Categorical.from_codes(drawn["group"], ["a", "b"])
    found = subgroup_effects(drawn["time"], drawn["event"], group, drawn["subgroup"])
    if found.interaction.p_value is not None:
        cell = [f"{g} {s}" for g, s in zip(drawn["group"], drawn["subgroup"], strict=True)]
        models = (pd.DataFrame({"g": group, "s": drawn["subgroup"].astype(str)}), pd.DataFrame({"cell": cell}))
        small, large = (estimate_hazard_ratios(drawn["time"], drawn["event"], x, method="ml") for x in models)
        assert found.interaction.df == large.n_parameters - small.n_parameters
        assert small.log_likelihood is not None and large.log_likelihood is not None
        statistic = 2 * (large.log_likelihood - small.log_likelihood)
        assert found.interaction.statistic == pytest.approx(max(statistic, 0.0), rel=1e-9, abs=1e-10)
    assert (found.interaction.p_value is None) == (found.interaction.reason is not None)
    for effect in found.subgroups:
        rows = drawn["subgroup"] == int(effect.subgroup or "")
        own = estimate_hazard_ratios(drawn["time"][rows], drawn["event"][rows], pd.DataFrame({"g": group[rows]}))
        if effect.n_reference and effect.n and effect.reference == "a":
            assert own.terms[1].hazard_ratio == effect.ratio
