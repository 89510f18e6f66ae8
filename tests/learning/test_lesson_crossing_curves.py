"""What the lesson on crossing curves says, worked out anew with lifelines from the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test

from analytics.cohort.filters import CohortFilter
from analytics.dictionary import load_dictionary, speaking_by
from analytics.learning.answers import Choice
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons.crossing_curves import CrossingCurves
from tests.learning.made_up import BOYS, EVERYBODY, REFERENCE, ROWS, find, open_made_up, said

LESSON = CrossingCurves()
DAYS = 30.4375
WEIGHTS: dict[str, dict[str, Any]] = {
    "logrank": {},
    "tarone-ware": {"weightings": "tarone-ware"},
    "late": {"weightings": "fleming-harrington", "p": 0, "q": 1},
}


def by_timing(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    rows = rows[rows["relapsed"] == 1]
    return {level: rows[rows["relapse_timing_bfm"] == level] for level in ("very early", "early")}


def by_platelets(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    rows = rows[rows["relapsed"] == 1]
    return {level: rows[rows["thrombocytopenia"] == level] for level in ("no", "yes")}


SHOWN = {
    "everybody": (EVERYBODY, "relapse_timing_bfm", by_timing(ROWS)),
    "boys": (BOYS, "thrombocytopenia", by_platelets(ROWS[ROWS["sex"] == "male"])),
}


def pair_of(times: dict[str, list[tuple[int, int]]]) -> pd.DataFrame:
    """Patients by sex with (days, died)."""
    rows = [
        {"sex": sex, "relapsed": 1, "relapse_days": 500, "os_relapse_days": days, "os_relapse_event": died}
        for sex, each in times.items()
        for days, died in each
    ]
    return pd.DataFrame(rows)


EARLY_THEN_NONE = [(60 + 10 * i, 1) for i in range(5)] + [(1500, 0)] * 10
NONE_THEN_LATE = [(600 + 20 * i, 1) for i in range(9)] + [(1500, 0)] * 6
ALL_LATE = [(300 + 5 * i, 1) for i in range(29)] + [(1500, 0)]
NEVER_WORSE = [(1400, 1)] + [(1500, 0)] * 14
CROSSING = pair_of({"female": EARLY_THEN_NONE, "male": NONE_THEN_LATE})
CROSSING_SMALL_P = pair_of({"female": [(60, 1)] * 4 + [(1500, 0)] * 26, "male": ALL_LATE})
APART = pair_of({"female": EARLY_THEN_NONE, "male": NEVER_WORSE})


def survival_at(rows: pd.DataFrame, month: float) -> float:
    fitter = KaplanMeierFitter().fit(rows["os_relapse_days"], rows["os_relapse_event"])
    return float(fitter.predict(month * DAYS + 1e-6))


@pytest.mark.parametrize("setting", WEIGHTS)
@pytest.mark.parametrize("selected", SHOWN)
def test_each_p_is_that_of_lifelines(selected: str, setting: str) -> None:
    selection, column, groups = SHOWN[selected]
    found = find(LESSON, REFERENCE, selection, setting)
    assert found.variable.name == column
    assert [curve.group for curve in found.curves.curves] == list(groups)
    one, other = groups.values()
    given = [x for name in ("os_relapse_days", "os_relapse_event") for x in (one[name], other[name])]
    p_value = logrank_test(*given, **WEIGHTS[setting]).p_value
    assert found.test.p_value == pytest.approx(p_value, rel=1e-4)
    assert f"p = {p_value:.3f}" in said(LESSON.tell(found))
    values = [test.p_value for test in found.tests.values()]
    assert f"give p from {min(values):.3f} to {max(values):.3f}" in said(LESSON.tell(found))
    below = {"0.01": (0, 0.01), "0.05": (0.01, 0.05), "0.2": (0.05, 0.2), "1": (0.2, 1.01)}
    low, high = below[str(LESSON.truth(found))]
    assert low <= found.tests["logrank"].p_value < high


@pytest.mark.parametrize("selected", SHOWN)
def test_the_curves_cross_and_differ_as_is_said(selected: str) -> None:
    selection, _, groups = SHOWN[selected]
    found = find(LESSON, REFERENCE, selection)
    one, other = groups.values()
    early, late = (difference.time for difference in found.differences)
    (crossing,) = found.crossings
    assert early < crossing <= late
    gaps = [survival_at(other, month) - survival_at(one, month) for month in (early, late)]
    assert gaps[0] * gaps[1] < 0 and min(map(abs, gaps)) >= 0.05
    just_before, just_after = (survival_at(other, t) - survival_at(one, t) for t in (crossing - 0.05, crossing + 0.05))
    assert just_before * just_after <= 0 and just_after != just_before
    text = said(LESSON.explain(found))
    assert f"The curves cross at month {crossing:.1f}." in text
    for difference, gap in zip(found.differences, gaps, strict=True):
        if difference.difference.value is not None:
            assert difference.difference.value == pytest.approx(gap)
            assert (
                f"Month {difference.time:g}: “{found.names[int(gap > 0)].en}” is {100 * abs(gap):.1f} points above"
                in text
            )
            low, high = sorted(np.sign(gap) * 100 * end for end in (difference.difference.interval.low,
                                                                    difference.difference.interval.high))  # fmt: skip
            assert f"(95 % interval {low:.1f} … {high:.1f})".replace("-", "−") in text
        else:
            dead = [
                int(((g["os_relapse_days"] <= difference.time * DAYS) & (g["os_relapse_event"] == 1)).sum())
                for g in groups.values()
            ]
            assert (
                f"By month {difference.time:g}, {dead[0]} of {len(one)} “{found.names[0].en}” and {dead[1]} of" in text
            )


@pytest.mark.parametrize("selected", SHOWN)
def test_the_hazard_ratio_is_that_of_lifelines(selected: str) -> None:
    selection, _, groups = SHOWN[selected]
    found = find(LESSON, REFERENCE, selection)
    rows = pd.concat([rows.assign(other=float(place)) for place, rows in enumerate(groups.values())])
    cox = CoxPHFitter().fit(
        rows[["other", "os_relapse_days", "os_relapse_event"]], "os_relapse_days", "os_relapse_event"
    )
    assert found.ratio.value == pytest.approx(float(np.exp(cox.params_["other"])), rel=1e-3)
    assert f"is {found.ratio.value:.2f} (95 % interval" in said(LESSON.explain(found))


def observed_less_expected(groups: dict[str, pd.DataFrame], since: float, until: float) -> float:
    """Deaths of the first group less those expected, at the times from ``since`` to ``until`` in days."""
    one, other = groups.values()
    both = pd.concat([one, other])
    total = 0.0
    for day in sorted(both.loc[both["os_relapse_event"] == 1, "os_relapse_days"].unique()):
        if since < day <= until:
            at_risk = [int((g["os_relapse_days"] >= day).sum()) for g in (one, other)]
            dead = [int(((g["os_relapse_days"] == day) & (g["os_relapse_event"] == 1)).sum()) for g in (one, other)]
            total += dead[0] - sum(dead) * at_risk[0] / sum(at_risk)
    return total


@pytest.mark.parametrize("selected", SHOWN)
def test_what_is_ahead_early_counts_against_what_is_behind_later(selected: str) -> None:
    selection, _, groups = SHOWN[selected]
    found = find(LESSON, REFERENCE, selection)
    # Up to where they are furthest apart one group has fewer deaths than expected, and from there on more.
    turn = found.differences[0].time * DAYS
    early, late = observed_less_expected(groups, 0, turn), observed_less_expected(groups, turn, 1e9)
    assert early * late < 0
    assert abs(early + late) < max(abs(early), abs(late))
    assert "counts against" in said(LESSON.explain(found))


@pytest.mark.parametrize(
    ("rows", "says", "crosses"),
    [
        (CROSSING, "A large p is no proof", True),
        (CROSSING_SMALL_P, "one of the two differences outweighs the other", True),
        (APART, "Where curves do cross", False),
    ],
)
def test_each_claim_is_made_only_where_it_holds(tmp_path: Path, rows: pd.DataFrame, says: str, crosses: bool) -> None:
    cohort = open_made_up(tmp_path, rows)
    found = find(LESSON, cohort)
    text = said(LESSON.explain(found))
    sentences = ("A large p is no proof", "one of the two differences outweighs the other", "Where curves do cross")
    assert [sentence for sentence in sentences if sentence in text] == [says]
    assert bool(found.crossings) == crosses
    assert ("It averages a ratio that changes" in text) == crosses
    assert ("It takes the ratio as the same" in text) != crosses
    assert ("The curves cross at month" in text) == crosses
    p_value = found.tests["logrank"].p_value
    assert (p_value < 0.05) == (says == sentences[1]) or not crosses
    assert "No other two groups are large enough" in text and "picked for their crossing" not in text
    with speaking_by(cohort.dictionary):
        for language in ("en", "zh"):
            assert LESSON.picture(found, language, revealed=True) is not None  # type: ignore[arg-type]


def test_where_none_of_several_pairs_crosses_the_nearest_is_shown_and_said(tmp_path: Path) -> None:
    apart = APART.assign(immunophenotype=np.where(np.arange(len(APART)) % 2, "B", "T"))
    found = find(LESSON, open_made_up(tmp_path, apart))
    text = said(LESSON.explain(found))
    assert ("No two groups of this selection have curves that cross" in text) == (not found.crossings)
    assert "picked for their crossing among 2 pairs" in text


def test_the_pair_that_crosses_most_is_shown() -> None:
    found = find(LESSON, REFERENCE)
    assert found.n_pairs > 5
    gaps = [survival_at(g, t) for t in (5, 16) for g in SHOWN["everybody"][2].values()]
    assert min(gaps[0] - gaps[1], gaps[3] - gaps[2]) > 0.09


def test_only_groups_known_at_relapse_are_compared() -> None:
    assert load_dictionary()[find(LESSON, REFERENCE).variable.name].phase in (
        "diagnosis",
        "induction",
        "treatment",
        "relapse",
    )


def test_the_question_does_not_say_the_answer() -> None:
    with speaking_by(REFERENCE.dictionary):
        frame = LESSON.prepare(REFERENCE, CohortFilter())
        found = LESSON.open(frame, "logrank")
        shown = LESSON.picture(found, "en", revealed=False)
    assert shown is not None and "p =" not in str(shown.figure.to_plotly_json()["layout"].get("annotations"))
    assert isinstance(LESSON.ask(found).kind, Choice)


def test_too_few_cannot_teach(tmp_path: Path) -> None:
    rows = pair_of({"female": NEVER_WORSE, "male": [(60, 1)] * 6 + [(1500, 0)]})
    with pytest.raises(TooFewError, match="two groups"):
        find(LESSON, open_made_up(tmp_path, rows))


def test_the_smallest_of_several_p_values_is_small_too_often() -> None:
    smallest = np.random.default_rng(1).uniform(size=(4000, 4)).min(axis=1)
    assert (smallest < 0.05).mean() > 0.1
