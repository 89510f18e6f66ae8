"""Lesson 10: what it says of the wait, the two hazard ratios and the deaths is what libraries find in the same patients."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, CoxTimeVaryingFitter, KaplanMeierFitter

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators import naive_hazard_ratio, survival_at, time_dependent_hazard_ratio
from analytics.frames.switching import TreatmentData
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons.immortal_time import ImmortalTime, ratio_of
from pages.components.cache import REFERENCE_COHORT

LESSON = ImmortalTime()
COHORT = open_cohort(REFERENCE_COHORT)
MONTH = 365.25 / 12
TIGHT = {"fit_options": {"precision": 1e-9}}
SELECTIONS = {
    "all": (CohortFilter(), lambda d: d.index >= 0),
    "B": (CohortFilter((Clause("immunophenotype", levels=("B",)),)), lambda d: d.immunophenotype == "B"),
    "older": (CohortFilter((Clause("age_years", low=2.0),)), lambda d: d.age_years >= 2.0),
}


def patients(name: str) -> pd.DataFrame:
    """Those with a relapse in the marrow, times in months from it."""
    whole = pd.read_csv(REFERENCE_COHORT)
    chosen = whole[
        SELECTIONS[name][1](whole) & whole.relapse_site.str.contains("marrow", na=False) & whole.os_relapse_days.notna()
    ]
    data = pd.DataFrame({"time": chosen.os_relapse_days / MONTH, "event": chosen.os_relapse_event.astype(int)})
    data["at"] = (chosen.hsct_days / MONTH).where(chosen.hsct_days <= chosen.os_relapse_days)
    return data.reset_index(drop=True)


def as_rows(data: pd.DataFrame, part: float) -> pd.DataFrame:
    """Rows of a counting process, each patient transplanted from a part of the own wait on."""
    rows = []
    for child, (time, event, at) in enumerate(data[["time", "event", "at"]].itertuples(index=False)):
        at *= part
        if np.isnan(at):
            rows.append((child, 0.0, time, 0, event))
            continue
        if at > 0:
            rows.append((child, 0.0, at, 0, 0))
        rows.append((child, at, time, 1, event))
    return pd.DataFrame(rows, columns=["child", "start", "stop", "treated", "event"])


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("part", [0, 50, 80, 100])
def test_the_hazard_ratio_is_that_of_lifelines(name: str, part: int) -> None:
    found = LESSON.open(LESSON.prepare(COHORT, SELECTIONS[name][0]), part)
    data = patients(name)
    fitted = CoxTimeVaryingFitter().fit(
        as_rows(data, part / 100), "event", start_col="start", stop_col="stop", id_col="child", **TIGHT
    )
    assert ratio_of(found.here).value == pytest.approx(float(np.exp(fitted.params_["treated"])), rel=1e-4)
    if part == 100:
        assert ratio_of(found.changing).value == pytest.approx(ratio_of(found.here).value)
        assert LESSON.truth(found) == pytest.approx(float(np.exp(fitted.params_["treated"])), abs=0.0051)


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_naive_curves_and_ratio_are_those_by_ever_transplanted(name: str) -> None:
    found = LESSON.open(LESSON.prepare(COHORT, SELECTIONS[name][0]), 0)
    data = patients(name).assign(ever=lambda d: d["at"].notna().astype(int))
    fitted = CoxPHFitter().fit(data[["time", "event", "ever"]], "time", "event", **TIGHT)
    assert ratio_of(found.naive).value == pytest.approx(float(np.exp(fitted.params_["ever"])), rel=1e-4)
    assert ratio_of(found.here).value == pytest.approx(ratio_of(found.naive).value, rel=1e-6)
    for curve, ever in zip(found.usual.curves, (0, 1), strict=True):
        group = data[data.ever == ever]
        assert curve.n == len(group)
        kaplan_meier = KaplanMeierFitter().fit(group.time, group.event)
        months = [1.0, 6.0, 12.0, 24.0]
        values = [estimate.value for estimate in survival_at(curve, months)]
        assert values == pytest.approx(kaplan_meier.predict(months).tolist(), abs=1e-9)
    for shown, usual in zip(found.curves.curves, found.usual.curves, strict=True):
        assert shown.estimate == pytest.approx(usual.estimate)


@pytest.mark.parametrize("name", SELECTIONS)
def test_what_is_said_of_the_wait_is_counted(name: str) -> None:
    found = LESSON.open(LESSON.prepare(COHORT, SELECTIONS[name][0]), 100)
    data = patients(name)
    waits = data["at"].dropna()
    assert (found.n, found.n_treated) == (len(data), len(waits))
    assert found.waits == pytest.approx((waits.min(), waits.median(), waits.max()))
    assert (waits >= waits.median() - 1e-9).mean() >= 0.5
    assert found.waited == pytest.approx(waits.sum())
    treated = data["at"].notna()
    assert found.n_died_treated == data.event[treated].sum()
    assert found.n_died_others == data.event[~treated].sum()
    # Nobody who is transplanted died in the own wait.
    assert (data.time[treated] >= data["at"][treated]).all()
    # Deaths while somebody was waiting, child by child.
    dead = sorted(
        (time, int((data["at"] >= time).sum()), int((treated & (data.time >= time)).sum()))
        for time in data.time[data.event == 1]
    )
    telling = [death for death in dead if death[1]]
    assert found.telling is not None
    assert found.telling.n == len(telling)
    assert (found.telling.month, found.telling.n_waiting, found.telling.n_ever) == pytest.approx(telling[0])
    explained = " ".join(text.en for text in LESSON.shown(LESSON.explain(found)))
    assert f"The {len(waits)} who were transplanted waited {waits.min():.1f} to {waits.max():.1f} months" in explained
    assert f"{len(telling)} of {data.event.sum()} deaths came while some still waited" in explained
    assert f"these are {waits.sum():.0f} months" in explained


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_two_ways_have_the_same_risk_sets_after_the_last_wait(name: str) -> None:
    """Beside the telling deaths nothing differs: without them both ways give the same ratio."""
    frame = LESSON.prepare(COHORT, SELECTIONS[name][0])
    late = frame.event * (frame.time > frame.first_treated()[np.isfinite(frame.first_treated())].max())
    arrays = {**frame.arrays(without=("covariates", "strata")), "event": late}
    naive, changing = naive_hazard_ratio(**arrays), time_dependent_hazard_ratio(**arrays)
    assert ratio_of(naive).value == pytest.approx(ratio_of(changing).value, rel=1e-6)


def test_the_ratio_never_falls_as_less_of_the_wait_is_credited() -> None:
    rng = np.random.default_rng(7)
    frames = [LESSON.prepare(COHORT, CohortFilter())]
    for _ in range(5):  # drawn: a wait that some die in
        frames.append(draw(frames[0], rng))
    for frame in frames:
        ratios = [ratio_of(LESSON.compute(frame, setting).here).value for setting in range(0, 101, 20)]
        assert all(later >= earlier - 1e-9 for earlier, later in pairwise(ratios))


def draw(frame: TreatmentData, rng: np.random.Generator, n: int = 300) -> TreatmentData:
    """Patients of a treatment without any effect, given after a wait to those who live so long."""
    time, wait = rng.exponential(20, n), rng.uniform(2, 12, n)
    planned = rng.random(n) < 0.7
    (state,) = frame.treated_at
    at = np.where(planned & (wait < time), wait, np.nan)
    ones = np.ones(n)
    return replace(
        frame,
        time=time,
        event=ones,
        weight=ones,
        treated_at={state: at},
        complete=ones > 0,
        covariates=None,
        strata=None,
    )


def test_a_treatment_without_effect_seems_to_protect_when_the_wait_counts_for_it() -> None:
    rng = np.random.default_rng(11)
    frame = LESSON.prepare(COHORT, CohortFilter())
    logs = []
    for _ in range(40):
        found = LESSON.compute(draw(frame, rng), 100)
        logs.append([np.log(ratio_of(model).value or np.nan) for model in (found.naive, found.changing)])
    naive, changing = np.mean(logs, axis=0)
    assert naive < -0.4
    assert abs(changing) < 0.06


def test_only_the_sentences_that_hold_are_shown() -> None:
    frame = LESSON.prepare(COHORT, CohortFilter())
    found = LESSON.open(frame, 100)
    shown = " ".join(text.en for text in LESSON.shown(LESSON.explain(found)))
    assert "the method moved it" in shown
    assert "Nobody died while" not in shown
    assert "stays at" not in shown
    (state,) = frame.treated_at
    early = replace(frame, treated_at={state: frame.treated_at[state] / 100})
    found = LESSON.open(early, 100)
    assert found.telling is None
    shown = " ".join(text.en for text in LESSON.shown(LESSON.explain(found)))
    assert "the method moved it" not in shown
    assert "still waiting" not in shown
    assert "Here the ratio stays at" in shown
    assert "Nobody died while others still waited" in shown
    assert ratio_of(found.naive).value == pytest.approx(ratio_of(found.changing).value)


def test_what_moves_says_where_it_stands() -> None:
    frame = LESSON.prepare(COHORT, CohortFilter())
    said = {part: " ".join(t.en for t in LESSON.shown(LESSON.tell(LESSON.open(frame, part)))) for part in (0, 50, 100)}
    waited = patients("all")["at"].sum()
    for part, text in said.items():
        assert f"{waited * (1 - part / 100):.0f} months of waiting" in text
    assert "all 40 count as transplanted from the day of relapse" in said[0]
    assert "begins with the first, in month 2.5" in said[100]
    assert "begins" not in said[50]


def test_neither_way_is_called_better_or_worse() -> None:
    found = LESSON.open(LESSON.prepare(COHORT, CohortFilter()), 100)
    said = " ".join(claim.text.en for claim in (*LESSON.explain(found), *LESSON.tell(found)))
    assert "Neither ratio says what HSCT does" in said
    assert not any(word in said.lower() for word in ("better", "worse", "benefit", "protects"))


def test_too_few_deaths_teach_nothing() -> None:
    with pytest.raises(TooFewError, match="1 others, of whom 0 died"):
        LESSON.prepare(COHORT, CohortFilter((Clause("age_years", low=9.0),)))


def test_the_limits_are_those_of_the_page_that_compares_the_same() -> None:
    found = LESSON.open(LESSON.prepare(COHORT, CohortFilter()), 100)
    for model in (found.naive, found.here, found.changing):
        interval = ratio_of(model).interval
        assert interval is not None and interval.method == "profile"
    said = " ".join(text.en for text in LESSON.shown(LESSON.explain(found)))
    assert "0.28 (0.09–0.99)" in said and "0.45 (0.12–1.73)" in said
