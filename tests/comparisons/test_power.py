"""What a next study of the same size would find, in words, tables and files; word by word on fixed cases."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from analytics.analyses import load_analyses
from analytics.comparisons.power import best_pair, detect_treatments, to_planning
from analytics.dictionary import Words
from analytics.estimators import (
    Detectable,
    detectable_hazard_ratios,
    detectable_odds_ratio,
    detectable_ratio,
    mantel_byar_test,
)
from analytics.reporting.planning import limit_cells, plan_groups, say_detectable, tabulate_terms
from analytics.results.power import DetectedGroups
from tests.analyses.shown import show_with

DEATHS, EVENTS = Words("death", "deaths"), Words("event", "events")
NAMES = {"a": "B-ALL", "b": "T-ALL", "c": "mixed", "d": "other", "e": "unclear"}


def groups(*information: float, n_event: int = 30, n: int = 64) -> DetectedGroups:
    found = {name: detectable_ratio(one, n=20, n_event=10) for name, one in zip("bcde", information, strict=False)}
    return DetectedGroups("a", found, n, n_event)


def test_two_groups_in_words() -> None:
    assert say_detectable(groups(7.5), NAMES, DEATHS) == (
        "A next study with 30 deaths among 64 children in groups of this size would find a hazard ratio of 0.36 or less, or "
        "2.78 or more, four times in five; a smaller difference would often be missed.",
    )


def test_several_groups_are_each_set_against_the_reference() -> None:
    assert say_detectable(groups(7.5, 2.0), NAMES, EVENTS, "treated when these were") == (
        "A next study with 30 events among 64 children treated when these were would find four times in five a hazard ratio, "
        "against B-ALL, of: T-ALL 0.36 or less, or 2.78 or more; mixed 0.14 or less, or 7.25 or more. A smaller difference "
        "would often be missed.",
    )
    (many,) = say_detectable(groups(2.0, 7.5, 4.0, 1.0), NAMES, EVENTS)
    assert "of: at best mixed 0.36 or less, or 2.78 or more; at worst unclear 0.06 or less, or 16.5 or more. A" in many


def test_hardly_any_events() -> None:
    assert say_detectable(groups(0.2, n_event=1, n=1), NAMES, DEATHS) == (
        "A next study with 1 death among 1 child in groups of this size would often miss even a hundredfold hazard ratio.",
    )


def test_nothing_is_said_where_nothing_can_be_compared() -> None:
    assert say_detectable(None, NAMES, DEATHS) == say_detectable(groups(), NAMES, DEATHS) == ()
    assert say_detectable(groups(0.0), NAMES, DEATHS) == ()


def test_cells_of_a_table() -> None:
    assert limit_cells(detectable_ratio(7.5)) == ("≤ 0.36", "≥ 2.78")
    assert limit_cells(detectable_ratio(0.2)) == ("<0.01", ">100")
    assert limit_cells(detectable_odds_ratio(5, 60, 3))[0] == "none"
    assert limit_cells(detectable_odds_ratio(2, 30, 1)) == ("none", "none")
    assert limit_cells(detectable_ratio(0.0)) == ("–", "–")


def test_a_file_has_both_ratios_of_each_term() -> None:
    written = tabulate_terms({("x", "yes"): detectable_ratio(7.5), ("age", None): detectable_ratio(0.0)})
    assert written["variable"].tolist() == ["x", "age"]
    assert written["detectable_high"][0] == pytest.approx(2.7815, abs=1e-3)
    assert written["power"][0] == 0.8 and written["reason"][1]
    assert list(tabulate_terms({})) == list(written)


def test_nothing_of_it_stands_beside_a_result() -> None:
    """Hoenig and Heisey (2001): power is for planning; what a study could have missed is in its interval."""
    planned = set()
    for analysis in load_analyses():
        shown = show_with(analysis, policy=True)
        said = [
            *shown.texts(),
            *(str(column) for frame in shown.files.values() for column in frame),
            *(str(term) for frame in shown.files.values() if "term" in frame for term in frame["term"]),
        ]
        for text in said:
            assert not re.search("detectable|four times in five|could have been found|power", text), (
                analysis.slug,
                text,
            )
        if (plan := shown.planning) is None:
            continue
        planned.add(analysis.slug)
        (part,) = plan.parts
        assert part.sentences or part.tables
        assert all("next study" in text for text in part.sentences if "hundred times apart" not in text)
        assert all("next study" in table.title for table in part.tables)
        (file,) = plan.files.values()
        assert {"detectable_low", "detectable_high", "power"} <= set(file)
    assert planned >= {"survival-by-site", "hazard-ratios", "relapse-predictors", "landmark", "subgroups"}
    assert "hsct-cart-chemotherapy" in planned


def test_a_plan_without_anything_to_compare_says_so() -> None:
    part = to_planning(lambda result, params: plan_groups(None, NAMES, DEATHS))
    (shown,) = part.show(None, part.make(None, {}), {})
    assert shown.sentences == ("A next study cannot be planned from this selection: there is nothing to compare.",)


def test_the_best_known_pair_of_subgroups() -> None:
    known = [detectable_ratio(1.0), detectable_ratio(4.0), detectable_ratio(9.0), detectable_ratio(0.0)]
    pair = best_pair(known)
    assert pair is not None and pair.information == pytest.approx(1 / (1 / 4 + 1 / 9))
    assert best_pair(known[:1]) is None


def test_treatments_as_they_change_and_at_a_landmark() -> None:
    time, event = np.array([5.0, 6, 6, 8, 9, 9, 12, 15, 16, 20]), np.array([1.0, 1, 1, 0, 1, 1, 0, 1, 1, 0])
    treated_at = np.array([2.0, np.nan, 3, 4, 6, np.nan, 1, np.nan, 9, np.nan])
    arrays = {
        "time": time,
        "event": event,
        "treated_at": {"HSCT": treated_at},
        "weight": np.ones(10),
        "untreated": "not yet",
    }
    test = mantel_byar_test(time, event, treated_at)
    changing = detect_treatments(arrays)
    assert changing is not None and (changing.reference, changing.n, changing.n_event) == ("not yet", 10, 7)
    information = changing.groups["HSCT"].information
    assert (test.observed[1] - test.expected[1]) ** 2 / information == pytest.approx(test.statistic)
    after = detect_treatments(arrays, landmark=5.5)
    assert after is not None and (after.n, after.n_event) == (9, 6)
    left = time > 5.5
    state = pd.Categorical(np.where(treated_at[left] <= 5.5, "HSCT", "not yet"), ["not yet", "HSCT"])
    alone: Detectable = detectable_hazard_ratios(time[left], event[left], pd.DataFrame({"t": state}))["t", "HSCT"]
    assert after.groups["HSCT"].high == pytest.approx(alone.high)
    assert detect_treatments(arrays, landmark=30) is None
