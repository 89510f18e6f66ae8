"""Treatments compared from file to sentence: against rows, counts and tests made from the file with pandas and lifelines."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter, CoxTimeVaryingFitter, KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from scipy.optimize import minimize
from scipy.stats import chi2

from analytics.analyses import load_analyses
from analytics.analyses.landmark import STRIP_DAYS
from analytics.analyses.naive_answer import LANDMARK_DAYS
from analytics.analysis import Analysis
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators import e_value, n_at_risk
from analytics.formats import format_ratio
from analytics.frames.switching import BOTH, UNTREATED
from analytics.frames.treatment import CART, HSCT
from analytics.reporting.regression import has_few_events
from analytics.results import HazardRatioResult, treated_terms
from tests.analyses.shown import (
    DAYS_PER_MONTH,
    FILES,
    REFERENCE,
    Shown,
    analysis_of,
    check_shown,
    choices_of,
    cohort_of,
    filters,
    params_of,
    patients_of,
    plain,
    select,
    show,
    show_with,
)

ROOT = Path(__file__).parent.parent.parent
BY_SLUG = {analysis.slug: analysis_of(analysis.slug) for analysis in load_analyses()}
CHANGING, LANDMARK, NAIVE = (BY_SLUG[slug] for slug in ("survival-by-treatment", "landmark", "naive-answer"))
TREATMENT = (CHANGING, LANDMARK, NAIVE)
HISTORIES = ("hsct", "cart", "cart-until-hsct", "histories")
STATES = {"hsct": (HSCT,), "cart": (CART,), "cart-until-hsct": (CART,), "histories": (CART, HSCT, BOTH)}
DAYS_NEEDED = {"hsct": ("hsct_days",), "cart": ("cart_days",)}
ENDPOINTS = {
    "os_relapse": ("os_relapse_days", "os_relapse_event"),
    "efs_relapse": ("efs_relapse_days", "efs_relapse_event"),
}
ONE = re.compile(r"(?<![\d.,–])1 (?:children|patients|years|deaths|events|months)\b|\bthese 1\b")
TIGHT = {"fit_options": {"precision": 1e-12}}


# The children of a comparison, their rows and their groups, from the file


def compared(
    frame: pd.DataFrame, history: str = "hsct", endpoint: str = "os_relapse", relapses: str = "marrow", **others: Any
) -> pd.DataFrame:
    """The children, with ``time``, ``event``, ``cart`` and ``hsct`` in days from relapse."""
    time, event = ENDPOINTS[endpoint]
    if relapses == "marrow":
        frame = frame[frame["marrow_relapse"] == "marrow"]
    frame = frame.dropna(subset=[time, event])
    for days in DAYS_NEEDED.get(history, ("cart_days", "hsct_days")):
        label = HSCT if days == "hsct_days" else CART
        if "salvage_treatment" in frame:
            frame = frame[(frame["salvage_treatment"] != label) | frame[days].notna()]
    if others.get("strata", "none") != "none":
        frame = frame.dropna(subset=[others["strata"]])
    days_of = {
        name: frame.get(f"{name}_days", pd.Series(np.nan, frame.index)).astype(float) for name in ("cart", "hsct")
    }
    frame = frame.assign(time=frame[time].astype(float), event=frame[event].astype(int), **days_of)
    if history == "cart-until-hsct":
        ends = frame["hsct"] <= frame["time"]
        frame = frame.assign(time=frame["time"].mask(ends, frame["hsct"]), event=frame["event"].mask(ends, 0))
    return frame.reset_index(drop=True)


def switches(child: Any, history: str) -> list[tuple[float, str]]:
    """The days on which a child changes treatment within follow-up, with the treatment from then on."""
    found = []
    if history != "hsct" and child.cart <= child.time and not child.hsct <= child.cart:
        found.append((child.cart, CART))
    if history == "cart" and child.cart <= child.time:
        found = [(child.cart, CART)]
    if history in ("hsct", "histories", "salvage") and child.hsct <= child.time:
        found.append((child.hsct, BOTH if history == "histories" and child.cart < child.hsct else HSCT))
    return found


def offered_by(analysis: Analysis, histories: list[str]) -> list[str]:
    """The comparisons that a page offers: the naive answer also that of all three salvage treatments."""
    return [*histories, "salvage"] if analysis.slug == "naive-answer" and "histories" in histories else histories


def state_at(child: Any, history: str, day: float) -> str:
    return ([UNTREATED[history]] + [state for at, state in switches(child, history) if at <= day])[-1]


def rows_of(children: pd.DataFrame, history: str) -> pd.DataFrame:
    """One row per child and treatment, at risk in (start, stop]."""
    rows = []
    for child in children.itertuples():
        changes = [(0.0, UNTREATED[history]), *switches(child, history)]
        ends = [at for at, _ in changes[1:]] + [child.time]
        for (start, state), stop in zip(changes, ends, strict=True):
            if start < stop:
                rows.append((child.Index, start, stop, child.event if stop == child.time else 0, state))
    return pd.DataFrame(rows, columns=["child", "start", "stop", "event", "state"])


def indicators(state: pd.Series, history: str) -> pd.DataFrame:
    return pd.DataFrame({name: (state == name).astype(float) for name in STATES[history]}, index=state.index)


def check_model(model: HazardRatioResult, expected: pd.Series, errors: pd.Series, rel: float = 1e-5) -> None:
    """The ratios of the treatments equal those of lifelines."""
    for term in treated_terms(model):
        assert np.log(term.ratio.value) == pytest.approx(expected[term.level], rel=rel, abs=rel)
        assert term.ratio.std_error == pytest.approx(errors[term.level], rel=rel)


# Figures of the reference cohort


def test_figures_of_the_reference_cohort() -> None:
    """Those that the calibrated cohort was made with; the p values at landmarks are of log-rank tests."""
    changing, naive = show_with(CHANGING), show_with(NAIVE)
    (term,) = treated_terms(changing.result.hazard)
    assert (term.ratio.value, term.ratio.interval.low, term.ratio.interval.high, term.p_value) == pytest.approx(
        (0.447, 0.125, 1.733, 0.2327), abs=5e-4
    )
    assert term.p_value_wald == pytest.approx(0.2202, abs=5e-4)
    assert changing.result.test.p_value == pytest.approx(0.213, abs=5e-4)
    assert naive.result.naive.ratio.value == pytest.approx(0.285, abs=5e-4)
    assert (naive.result.naive.p_value, naive.result.naive.p_value_wald) == pytest.approx((0.0482, 0.0383), abs=5e-4)
    found = {
        answer.name: answer.landmark.test.p_value for answer in naive.result.answers if answer.landmark is not None
    }
    assert [round(p, 3) for p in found.values()] == [0.391, 0.282, 0.379, 0.898, 0.025]
    assert list(found) == [f"Landmark, day {day}" for day in (90, 120, 150, 180, 240)]
    for day, p_value in zip(LANDMARK_DAYS, found.values(), strict=True):
        assert show_with(LANDMARK, landmark=day).result.chosen.test.p_value == p_value


# Treatment as it changes


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("relapses", ["marrow", "all"])
@pytest.mark.parametrize("history", HISTORIES)
def test_hazard_ratios_over_time_equal_those_of_lifelines(history: str, relapses: str, endpoint: str) -> None:
    shown = show_with(CHANGING, history=history, relapses=relapses, endpoint=endpoint)
    children = compared(patients_of(REFERENCE), history, endpoint, relapses)
    rows = rows_of(children, history)
    data = pd.concat([rows.drop(columns="state"), indicators(rows["state"], history)], axis=1)
    # Where nobody in one of the groups has the event, there is no maximum to compare with.
    if rows.groupby("state")["event"].sum().all():
        fitted = CoxTimeVaryingFitter().fit(data, "event", "start", "stop", id_col="child", **TIGHT)
        check_model(shown.result.hazard, fitted.params_, fitted.standard_errors_)
    else:
        assert (history, endpoint, shown.result.hazard.method) == ("histories", "os_relapse", "firth")
    for term in shown.result.hazard.terms:
        own = rows[rows["state"] == term.level]
        assert (term.n, term.n_event) == (own["child"].nunique(), own["event"].sum())
    assert (shown.result.hazard.n, shown.result.hazard.n_event) == (len(children), children["event"].sum())
    assert shown.headline("Children") == str(len(children))
    assert shown.headline("Treated").split(" ")[0] == str(rows.loc[rows["start"] > 0, "child"].nunique())


@pytest.mark.parametrize("relapses", ["marrow", "all"])
def test_histories_equal_the_penalised_likelihood_written_out(relapses: str) -> None:
    """Nobody dies after CAR-T and HSCT: Firth's likelihood, maximised here by its formula (Heinze and Schemper 2001)."""
    shown = show_with(CHANGING, history="histories", relapses=relapses)
    rows = rows_of(compared(patients_of(REFERENCE), "histories", relapses=relapses), "histories")
    assert not rows.loc[rows["state"] == BOTH, "event"].any()
    design = indicators(rows["state"], "histories").to_numpy()

    def minus(beta: np.ndarray) -> float:
        hazard = np.exp(design @ beta)
        likelihood, information = 0.0, np.zeros((3, 3))
        for day in rows.loc[rows["event"] == 1, "stop"].unique():
            at_risk = ((rows["start"] < day) & (rows["stop"] >= day)).to_numpy()
            died = at_risk & ((rows["stop"] == day) & (rows["event"] == 1)).to_numpy()
            likelihood += design[died].sum(axis=0) @ beta
            for k in range(died.sum()):  # Efron: each of the tied counts a little less
                weight = hazard * (at_risk - k / died.sum() * died)
                mean = weight @ design / weight.sum()
                likelihood -= np.log(weight.sum())
                information += (design.T * weight) @ design / weight.sum() - np.outer(mean, mean)
        return -(likelihood + 0.5 * np.linalg.slogdet(information)[1])

    found = minimize(minus, np.zeros(3), method="BFGS", options={"gtol": 1e-8}).x
    assert shown.result.hazard.method == "firth"
    assert [np.log(term.ratio.value) for term in treated_terms(shown.result.hazard)] == pytest.approx(found, abs=1e-4)
    assert [h for table in shown.tables for h in table.help if " test" in h] == ["Penalised likelihood-ratio test"]


@pytest.mark.parametrize("strata", ["none", "sex", "relapse_timing_cog"])
@pytest.mark.parametrize("history", HISTORIES)
def test_the_test_of_mantel_and_byar_is_that_of_the_risk_sets(history: str, strata: str) -> None:
    shown = show_with(CHANGING, history=history, strata=strata, relapses="all")
    children = compared(patients_of(REFERENCE), history, relapses="all", strata=strata)
    rows = rows_of(children, history)
    stratum = rows["child"].map(children[strata]) if strata != "none" else pd.Series("all", rows.index)
    k = len(STATES[history])
    distance, covariance = np.zeros(k), np.zeros((k, k))
    for _, some in rows.groupby(stratum):
        group = indicators(some["state"], history).to_numpy()
        for day in some.loc[some["event"] == 1, "stop"].unique():
            at_risk = ((some["start"] < day) & (some["stop"] >= day)).to_numpy()
            died = at_risk & ((some["stop"] == day) & (some["event"] == 1)).to_numpy()
            n, d, share = at_risk.sum(), died.sum(), group[at_risk].mean(axis=0)
            distance += group[died].sum(axis=0) - d * share
            if n > 1:
                covariance += d * (n - d) / (n - 1) * (np.diag(share) - np.outer(share, share))
    statistic = distance @ np.linalg.pinv(covariance) @ distance
    assert shown.result.test.statistic == pytest.approx(statistic, rel=1e-9)
    assert shown.result.test.p_value == pytest.approx(chi2.sf(statistic, k), rel=1e-9)
    assert shown.result.test.method == ("Mantel–Byar test" if strata == "none" else "stratified Mantel–Byar test")
    assert shown.headline(f"p ({shown.result.test.method})") == f"{shown.result.test.p_value:.3f}"


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_curves_equal_those_of_lifelines_with_children_entering(history: str, endpoint: str) -> None:
    shown = show_with(CHANGING, history=history, endpoint=endpoint, relapses="all")
    rows = rows_of(compared(patients_of(REFERENCE), history, endpoint, "all"), history)
    assert [curve.group for curve in shown.result.curves.curves] == [UNTREATED[history], *STATES[history]]
    for curve in shown.result.curves.curves:
        own = rows[rows["state"] == curve.group]
        fitted = KaplanMeierFitter().fit(own["stop"], own["event"], entry=own["start"])
        expected = fitted.survival_function_["KM_estimate"]
        at = [float(expected[expected.index <= day + 1e-6].iloc[-1]) for day in curve.time * DAYS_PER_MONTH]
        assert curve.estimate == pytest.approx(at, rel=1e-9)


@pytest.mark.parametrize(
    ("adjust", "strata"),
    [
        (("sex",), "none"),
        (("sex", "age_years", "white_cells"), "none"),
        (("age_years",), "sex"),
        ((), "immunophenotype"),
    ],
)
def test_adjusted_and_stratified_ratios_equal_those_of_lifelines(adjust: tuple[str, ...], strata: str) -> None:
    shown = show_with(CHANGING, adjust=adjust, strata=strata, relapses="all", endpoint="efs_relapse")
    children = compared(patients_of(REFERENCE), "hsct", "efs_relapse", "all", strata=strata)
    known = children.dropna(subset=list(adjust))
    rows = rows_of(known, "hsct")
    data = pd.concat([rows.drop(columns="state"), indicators(rows["state"], "hsct")], axis=1)
    for name in adjust:
        values = rows["child"].map(known[name])
        data[name] = (values == "male").astype(float) if name == "sex" else values
    if strata != "none":
        data[strata] = rows["child"].map(known[strata])
    options = {"strata": [strata]} if strata != "none" else {}
    fitted = CoxTimeVaryingFitter().fit(data, "event", "start", "stop", id_col="child", **options, **TIGHT)
    check_model(shown.result.hazard, fitted.params_, fitted.standard_errors_)
    ratios = {term.variable: term.ratio.value for term in shown.result.hazard.terms if not term.is_reference}
    for name in adjust:
        step = 10 if name == "white_cells" else 1
        assert np.log(ratios[name]) == pytest.approx(step * fitted.params_[name], rel=1e-5, abs=1e-6)
    # The curves and the test keep the children who are not in the adjusted ratio.
    assert (shown.result.data.n, shown.result.hazard.n) == (len(children), len(known))
    assert ("incomplete-cases" in {note.code for note in shown.result.notes}) == (len(known) < len(children))
    assert sum(n for _, n in shown.left_out) == 436 - len(children)


# Landmarks


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("history", HISTORIES)
def test_counts_at_every_landmark_are_those_of_the_file(history: str, endpoint: str) -> None:
    children = compared(patients_of(REFERENCE), history, endpoint)
    cohort = cohort_of(REFERENCE)
    params = LANDMARK.defaults(cohort) | {"history": history, "endpoint": endpoint, "landmark": 183}
    shown = show(LANDMARK, cohort, CohortFilter(), params)
    (picture,) = shown.pictures
    table = shown.files["landmarks"].groupby("landmark_days")
    assert list(table.groups) == [30, 60, 90, 120, 150, 183, 210, 240, 270, 300, 330, 360]
    for day, rows in table:
        before = children[children["time"] <= day]
        left = children[children["time"] > day]
        at = pd.Series([state_at(child, history, day) for child in left.itertuples()], index=left.index)
        last = pd.Series([state_at(child, history, np.inf) for child in left.itertuples()], index=left.index)
        first = rows.iloc[0]
        assert first["n_event_before"] == before["event"].sum()
        assert first["n_censored_before"] == (before["event"] == 0).sum()
        assert first["n_switch_later"] == (at != last).sum()
        for row in rows.itertuples():
            assert (row.n, row.n_event) == ((at == row.level).sum(), left.loc[at == row.level, "event"].sum())
        n_untreated = (at == UNTREATED[history]).sum()
        assert f"{len(left) - n_untreated} treated and {n_untreated} not yet" in picture.alt_text
        if day == 183:
            who = "Alive" if endpoint.startswith("os") else "Event-free"
            assert shown.headline(f"{who} and followed at the landmark") == f"{len(left)} of {len(children)}"
            assert shown.headline("Excluded") == str(len(before))
            assert shown.headline("Treated by then") == str(len(left) - n_untreated)


@pytest.mark.parametrize("day", [60, 90, 120, 150, 180, 240, 365])
@pytest.mark.parametrize(("history", "relapses"), [("hsct", "marrow"), ("hsct", "all"), ("cart", "marrow")])
def test_landmark_estimates_equal_those_of_lifelines(history: str, relapses: str, day: int) -> None:
    shown = show_with(LANDMARK, history=history, relapses=relapses, landmark=day)
    children = compared(patients_of(REFERENCE), history, relapses=relapses)
    left = children[children["time"] > day]
    treated = (
        pd.Series([state_at(child, history, day) for child in left.itertuples()], index=left.index)
        != UNTREATED[history]
    )
    if not treated.any():
        assert shown.result.chosen.reason is not None
        return
    test = multivariate_logrank_test(left["time"], treated, left["event"])
    assert shown.result.chosen.test.p_value == pytest.approx(test.p_value, rel=1e-9)
    assert shown.headline("p (log-rank test)") == f"{test.p_value:.3f}"
    data = pd.DataFrame({"time": left["time"], "event": left["event"], STATES[history][0]: treated.astype(float)})
    if shown.result.chosen.hazard_ratio.method == "ml":
        fitted = CoxPHFitter().fit(data, "time", "event", **TIGHT)
        check_model(shown.result.chosen.hazard_ratio, fitted.params_, fitted.standard_errors_)
    else:
        assert min(left.loc[treated, "event"].sum(), left.loc[~treated, "event"].sum()) == 0
    for curve, some in zip(shown.result.chosen.curves.curves, (left[~treated], left[treated]), strict=True):
        fitted = KaplanMeierFitter().fit(some["time"], some["event"])
        assert curve.estimate == pytest.approx(
            [fitted.predict(t * DAYS_PER_MONTH + 1e-6) for t in curve.time], rel=1e-9
        )
        assert curve.time.min() >= day / DAYS_PER_MONTH


def test_the_strip_holds_the_answer_of_every_landmark() -> None:
    (picture,) = show_with(LANDMARK, landmark=205).pictures
    drawn = {trace["x"][0]: trace["y"][1] for trace in picture.figure.to_dict()["data"] if trace["mode"] != "text"}
    for day in (90, 180, 205, 240):  # 210 would stand upon 205
        (term,) = treated_terms(show_with(LANDMARK, landmark=day).result.chosen.hazard_ratio)
        assert drawn[day] == pytest.approx(term.ratio.value)
    assert picture.figure.layout.xaxis.tickvals == tuple(float(d) for d in sorted({*STRIP_DAYS, 205} - {210}))


# The naive answer


@pytest.mark.parametrize(
    ("relapses", "endpoint"), [("marrow", "os_relapse"), ("all", "os_relapse"), ("all", "efs_relapse")]
)
@pytest.mark.parametrize("history", ["hsct", "cart", "cart-until-hsct"])
def test_the_naive_answer_is_that_of_ever_against_never(history: str, relapses: str, endpoint: str) -> None:
    shown = show_with(NAIVE, history=history, relapses=relapses, endpoint=endpoint)
    children = compared(patients_of(REFERENCE), history, endpoint, relapses)
    ever = [float(bool(switches(child, history))) for child in children.itertuples()]
    fitted = CoxPHFitter().fit(
        children[["time", "event"]].assign(**{STATES[history][0]: ever}), "time", "event", **TIGHT
    )
    check_model(shown.result.answers[0].model, fitted.params_, fitted.standard_errors_)
    changing = show_with(CHANGING, history=history, relapses=relapses, endpoint=endpoint)
    assert shown.result.over_time == treated_terms(changing.result.hazard)[0]
    assert shown.result.naive == treated_terms(changing.result.naive)[0]
    if has_few_events(shown.result.answers[-1].model):
        assert "of" in shown.headline("Deaths" if endpoint == "os_relapse" else "Events")
        return
    factor = shown.result.naive.ratio.value / shown.result.over_time.ratio.value
    assert shown.headline("Naive against time-dependent") == f"× {factor:.2f}"


def test_the_page_of_answers_agrees_with_that_of_landmarks() -> None:
    shown = show_with(NAIVE, history="histories", relapses="all", adjust=("sex",))
    for answer in shown.result.answers:
        if answer.landmark is not None:
            day = int(answer.name.split(" ")[-1])
            other = show_with(LANDMARK, history="histories", relapses="all", adjust=("sex",), landmark=day)
            assert answer.model.terms == other.result.chosen.hazard_ratio.terms
            counts = next(row for row in shown.tables[0].rows if row[0] == answer.name)
            assert counts[1] == str(other.result.chosen.n) and counts[6] == str(other.result.chosen.n_switch_later)


# Any selection, any choice


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_selection_is_shown_and_counted_right(analysis: Analysis, file: str, data: st.DataObject) -> None:
    cohort = cohort_of(file)
    assert not analysis.missing(cohort)
    cohort_filter = data.draw(filters(file), label="filter")
    params = data.draw(params_of(analysis, cohort), label="params")
    shown = show(analysis, cohort, cohort_filter, params)

    check_shown(shown)

    selected = select(patients_of(file), cohort_filter)
    children = compared(
        selected, **{k: v for k, v in params.items() if k in ("history", "endpoint", "relapses", "strata")}
    )
    known = children.dropna(subset=list(params["adjust"]))
    assert (shown.result.data.n, shown.result.data.n_complete) == (len(children), len(known))
    assert shown.result.data.n_event == children["event"].sum()
    assert shown.result.data.n_treated == sum(
        bool(switches(child, params["history"])) for child in children.itertuples()
    )
    used = len(children) if analysis is CHANGING else len(known)
    if analysis is LANDMARK:
        used = (known["time"] > params["landmark"]).sum()
        assert shown.result.chosen.n == used
    assert used + sum(n for _, n in shown.left_out) == len(selected)
    said = " ".join(shown.texts())
    assert not ONE.search(said), ONE.findall(said)


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_everyone_by_every_choice(analysis: Analysis, file: str) -> None:
    cohort = cohort_of(file)
    defaults = analysis.defaults(cohort)
    for control in analysis.controls(cohort):
        for value in choices_of(control):
            params = defaults | {control.name: value}
            shown = show(analysis, cohort, CohortFilter(), params)
            check_shown(shown)
            assert shown.result.data.history == params["history"]


def test_choices_are_those_that_the_page_can_answer() -> None:
    cohort = cohort_of(REFERENCE)
    for analysis in TREATMENT:
        controls = {control.name: control for control in analysis.controls(cohort)}
        assert [value for value, _ in controls["history"].options] == offered_by(analysis, list(HISTORIES))
        assert [value for value, _ in controls["endpoint"].options] == ["os_relapse", "efs_relapse"]
        offered = {value for value, _ in controls["adjust"].options}
        # What becomes known only after the clock has started would be adjusted for by the future.
        assert {"sex", "mrd_day46", "relapse_site_group", "relapse_timing_bfm"} <= offered
        assert not {"second_remission", "salvage_treatment", "hsct_group", "second_relapse"} & offered
        assert [c.name for c in analysis.controls(cohort) if c.place == "bar"][:3] == [
            "history",
            "relapses",
            "endpoint",
        ]


# Notes


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_only_the_naive_curves_warn_of_immortal_time(analysis: Analysis) -> None:
    def warnings(**params: Any) -> list[str]:
        return [note.code for note in show_with(analysis, **params).notes if note.severity == "warning"]

    assert warnings() == []
    if analysis is CHANGING:
        assert warnings(naive=True) == ["immortal-time"]
        for endpoint, noun in (("efs_relapse", "event"), ("os_relapse", "death")):
            first = show_with(CHANGING, naive=True, endpoint=endpoint).notes[0]
            assert f"so every earlier {noun} falls to the other group" in first.text


def test_the_naive_curves_are_drawn_where_they_are_asked_for() -> None:
    names = [[t.name for t in show_with(CHANGING, naive=on).figure.data if t.name] for on in (False, True)]
    assert not any("naive" in name for name in names[0])
    assert {"naive: never HSCT", "naive: ever HSCT"} <= set(names[1])
    both = show_with(CHANGING, history="histories", naive=True).figure
    assert {"naive: never treated", "naive: ever CAR-T", "naive: ever HSCT"} <= {t.name for t in both.data}


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_notes_on_whom_the_comparison_lacks(analysis: Analysis) -> None:
    assert "not-randomised" in show_with(analysis).codes
    outside = Clause("relapse_site_group", ("isolated extramedullary",))
    found = show_with(analysis, outside)
    n = (patients_of(REFERENCE)["relapse_site_group"] == "isolated extramedullary").sum()
    assert found.note("no-marrow-relapse").text == (
        f"None of the {n} children of this selection has a relapse in the marrow on record."
    )
    assert "no-marrow-relapse" not in show_with(analysis, outside, relapses="all").codes
    assert "no-marrow-relapse" not in show_with(analysis, Clause("platelets", low=1999)).codes

    assert {"few-events", "few-treated", "incomplete-cases"}.isdisjoint(show_with(analysis).codes)
    few = show_with(analysis, Clause("relapse_timing_bfm", ("very early",)))
    children = compared(select(patients_of(REFERENCE), CohortFilter((Clause("relapse_timing_bfm", ("very early",)),))))
    assert 1 < children["event"].sum() < 10
    assert few.note("few-events").text.startswith(f"Only {children['event'].sum()} deaths: ")
    assert "few-treated" not in show_with(analysis, history="cart", endpoint="os_relapse").codes
    # In two of them event-free time ends before CAR-T, since reinduction gave no remission.
    children = compared(patients_of(REFERENCE), history="cart", endpoint="efs_relapse")
    given, followed = children["cart"].notna(), children["cart"] <= children["time"]
    assert (given.sum(), followed.sum()) == (11, 9)
    assert (children.loc[given & ~followed, "second_remission"] == "no").all()
    few = show_with(analysis, history="cart", endpoint="efs_relapse").note("few-treated")
    assert few.text == "Only 9 children were treated within follow-up."


@pytest.mark.parametrize(
    ("analysis", "where"), [(CHANGING, "hazard ratios"), (LANDMARK, "comparison"), (NAIVE, "comparison")]
)
def test_children_whose_variables_are_unknown_are_counted(analysis: Analysis, where: str) -> None:
    children = compared(patients_of(REFERENCE))
    n = children["cns_status"].isna().sum()
    assert n == 1
    note = show_with(analysis, adjust=("cns_status",)).note("incomplete-cases")
    assert note.text == (
        f"1 of 52 children is not in the {where}, because a variable to adjust for is unknown (CNS status: not recorded in 1)."
    )
    left_out = dict(show_with(analysis, adjust=("cns_status",)).left_out)
    assert left_out.get("CNS status: not recorded") == (None if analysis is CHANGING else 1)


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_filters_and_strata_on_the_future_are_warned_of(analysis: Analysis) -> None:
    for clause, warned in (
        (Clause("second_relapse", ("no",)), True),
        (Clause("salvage_treatment", ("HSCT",)), True),
        (Clause("sex", ("female",)), False),
    ):
        assert ("post-baseline-selection" in show_with(analysis, clause).codes) == warned
    assert "Second remission" in show_with(analysis, strata="second_remission").note("post-baseline-adjustment").text


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_words_are_those_of_the_dictionary(analysis: Analysis) -> None:
    """Names of columns stand in no note or reason, whatever a model has to say about a variable."""
    adjust = ("risk_group", "marrow_relapse", "relapse_timing_bfm")
    shown = show_with(analysis, adjust=adjust, history="histories")
    said = " ".join(shown.texts())
    assert "Marrow involvement at relapse" in said or analysis is NAIVE
    assert not any(name in said for name in adjust)
    assert "separation" in {note.code for note in shown.notes}


# Sentences, word by word


def test_sentences_on_treatment_as_it_changes() -> None:
    assert [plain(text) for text in show_with(CHANGING).sentences] == [
        "40 of 52 children were given HSCT, after a median of 4.7 months, the first after 2.5; 5 of 11 deaths came without it.",
        "Treatment, HSCT against not yet transplanted: the hazard of death from any cause was 0.45 times as high, and the "
        "interval includes 1, "
        "the value of no difference (95 % interval 0.12–1.73; any ratio in it could have been missed), not adjusted; "
        "p = 0.233; an association, not an effect. "
        "6 of 40 in the model died.",
        "Not yet transplanted and HSCT: Mantel–Byar test, p = 0.213. This does not show that the curves differ, nor that they "
        "are the same; the p value says nothing about the size or the cause of a difference.",
    ]


def test_sentences_on_a_landmark() -> None:
    assert [plain(text) for text in show_with(LANDMARK).sentences] == [
        "Of 52 children, 2 had died and 4 had left follow-up by day 180; they are not in the comparison.",
        "27 had been treated by then, 19 had not, and 11 of these were treated later.",
        "From day 180 on: treatment, HSCT against not yet transplanted: the hazard of death from any cause was 1.09 times as "
        "high, and the interval includes 1, "
        "the value of no difference (95 % interval 0.29–4.41; any ratio in it could have been missed), not adjusted; "
        "p = 0.897; an association, not "
        "an effect. 5 of 27 in the model died.",
        "Not yet transplanted and HSCT: log-rank test, p = 0.898. This does not show that the curves differ, nor that they "
        "are the same; the p value says nothing about the size or the cause of a difference.",
    ]
    early = show_with(LANDMARK, landmark=30).sentences
    assert early == (
        "All 52 children were followed beyond day 30.",
        "0 had been treated by then, 52 had not, and 40 of these were treated later.",
        "The groups cannot be compared: only one group has children.",
    )
    events = show_with(LANDMARK, endpoint="efs_relapse", history="histories").sentences
    assert " had had an event and " in events[0]
    assert events[1].endswith(" changed treatment later.")
    assert not any(
        "died" in text or "death from any cause was" in text.replace("or death from any cause", "") for text in events
    )


def test_sentences_on_the_naive_answer() -> None:
    assert [plain(text) for text in show_with(NAIVE).sentences] == [
        "40 of 52 children were given HSCT, after a median of 4.7 months, the first after 2.5; 5 of 11 deaths came without it.",
        "HSCT against not yet transplanted: ever against never gives a hazard ratio of 0.28 (0.09–0.99); with treatment "
        "counted from its day on it is 0.45 (0.12–1.73); both are associations, not effects. In these children the naive "
        "answer is too favourable to treatment: its hazard ratio is 0.64 times the other.",
        "From landmark to landmark the hazard ratio of HSCT against not yet transplanted runs from 0.23 to 2.40: with few "
        "events the choice of the day matters, which is "
        "why it has to be made before looking.",
    ]
    assert (
        "In these children the two agree closely, which cannot be known beforehand."
        in (show_with(NAIVE, history="cart").sentences[1])
    )


def test_the_waiting_times_are_those_of_the_file() -> None:
    months = compared(patients_of(REFERENCE))["hsct"].dropna() / DAYS_PER_MONTH
    assert (
        f"after a median of {months.median():.1f} months, the first after {months.min():.1f};"
        in (show_with(CHANGING).sentences[0])
    )


# Few children


def cohort_with(rows: list[dict[str, Any]]) -> Cohort:
    """A cohort of relapsed children with marrow relapse, and one who did not relapse."""
    shared = {"relapse_site": "isolated marrow", "relapsed": 1, "cart_days": None, "hsct_days": None}
    children = [shared | row for row in rows]
    children.append({"relapsed": 0})
    columns = ["relapsed", "relapse_site", "cart_days", "hsct_days", "os_relapse_days", "os_relapse_event"]
    frame = pd.DataFrame(children, columns=columns)
    frame.insert(0, "patient_id", [f"P{i}" for i in range(len(frame))])
    return open_cohort(frame)


def child(days: float, died: int, hsct: float | None = None, cart: float | None = None) -> dict[str, Any]:
    return {"os_relapse_days": days, "os_relapse_event": died, "hsct_days": hsct, "cart_days": cart}


SMALL = {
    "one-untreated": [child(400, 0)],
    "one-treated": [child(400, 1, 100)],
    "two": [child(400, 1, 100), child(300, 0)],
    "two-died": [child(400, 1, 100), child(300, 1)],
    "nobody-treated": [child(400, 1), child(300, 0), child(200, 1)],
    "everybody-at-once": [child(400, 1, 100), child(300, 0, 100), child(200, 1, 100)],
    "everybody-at-relapse": [child(400, 1, 0), child(300, 0, 0), child(200, 1, 0)],
    "treated-as-follow-up-ends": [child(400, 1, 400), child(300, 0, 300)],
    "no-time": [child(0, 1), child(0, 0, 0), child(300, 1, 30)],
    "no-events": [child(400, 0, 100), child(300, 0), child(200, 0, 50, 20)],
    "only-events": [child(400, 1, 100), child(300, 1), child(200, 1, 50, 20), child(100, 1, None, 10)],
    "cart-after-hsct": [child(400, 1, 50, 100), child(300, 1, 60, 60), child(200, 0)],
}


@pytest.mark.slow
@pytest.mark.parametrize("rows", SMALL.values(), ids=SMALL)
@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_a_handful_of_children_is_described_without_errors(analysis: Analysis, rows: list[dict[str, Any]]) -> None:
    cohort = cohort_with(rows)
    own = {
        CHANGING.slug: [{"naive": False}, {"naive": True}],
        LANDMARK.slug: [{"landmark": 30}, {"landmark": 250}],
        NAIVE.slug: [{}],
    }
    for history in HISTORIES:
        for choice in own[analysis.slug]:
            params = analysis.defaults(cohort) | {"history": history} | choice
            shown = show(analysis, cohort, CohortFilter(), params)
            check_shown(shown)
            said = " ".join(shown.texts())
            assert not ONE.search(said), ONE.findall(said)
            assert shown.result.data.n == len(rows)


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_nobody_left_says_so_without_numbers(analysis: Analysis) -> None:
    shown = show_with(analysis, Clause("platelets", low=1999))
    check_shown(shown)
    assert shown.sentences == ()
    assert "–" in [h.value for h in shown.headlines]
    if analysis is not NAIVE:
        assert "No children in this selection." in shown.alt_text


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("one-untreated", "Nobody was given HSCT within the follow-up of this one child."),
        ("nobody-treated", "Nobody was given HSCT within the follow-up of these 3 children."),
        ("one-treated", "1 of 1 child was given HSCT, after 3.3 months; the only death came after it."),
        ("two", "1 of 2 children was given HSCT, after 3.3 months; the only death came after it."),
        ("two-died", "1 of 2 children was given HSCT, after 3.3 months; 1 of 2 deaths came without it."),
        (
            "everybody-at-once",
            "3 of 3 children were given HSCT, after a median of 3.3 months, the first after 3.3; 0 of 2 deaths came without it.",
        ),
        (
            "no-events",
            "2 of 3 children were given HSCT, after a median of 2.5 months, the first after 1.6; there were no deaths.",
        ),
        (
            "treated-as-follow-up-ends",
            "2 of 2 children were given HSCT, after a median of 11.5 months, the first after 9.9; the only death came after it.",
        ),
    ],
)
def test_sentences_on_waiting_among_a_handful(name: str, sentence: str) -> None:
    cohort = cohort_with(SMALL[name])
    for analysis in (CHANGING, NAIVE):
        shown = show(analysis, cohort, CohortFilter(), analysis.defaults(cohort))
        assert plain(shown.sentences[0]) == sentence


def test_a_death_on_the_day_of_hsct_counts_as_under_hsct_on_every_page() -> None:
    reference = json.loads((ROOT / "tests/reference/treatment_reference.json").read_text())["on_the_day"]["died"]
    days = zip(*(reference[name] for name in ("time", "event", "treated_at")), strict=True)
    cohort = cohort_with([child(time, event, hsct) for time, event, hsct in days])
    found = {}
    for analysis in (CHANGING, NAIVE, LANDMARK):
        shown = show(analysis, cohort, CohortFilter(), analysis.defaults(cohort) | {"relapses": "all", "landmark": 115})
        found[analysis.slug] = shown
    changing, naive, landmark = (found[a.slug] for a in (CHANGING, NAIVE, LANDMARK))
    for model in (changing.result.hazard, naive.result.answers[-1].model):
        (term,) = treated_terms(model)
        assert math.log(term.ratio.value) == pytest.approx(reference["coef"], rel=1e-7)
        assert (term.n, term.n_event) == (16, 8)
    assert f"{treated_terms(changing.result.hazard)[0].ratio.value:.2f}" == "1.08"
    (ever,) = treated_terms(naive.result.answers[0].model)
    assert math.log(ever.ratio.value) == pytest.approx(reference["naive"]["coef"], rel=1e-7)
    assert changing.result.data.n_treated == 16
    assert changing.sentences[0].startswith("16 of 28 children were given HSCT")
    assert "; 6 of 14 deaths came without it." in changing.sentences[0]
    # Two of those who died on the day of HSCT did so by day 115; the others were not treated yet.
    assert (
        landmark.result.chosen.n_event_before,
        landmark.result.chosen.n_treated,
        landmark.result.chosen.n_switch_later,
    ) == (2, 12, 2)


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("start", [0, 90, 180])
def test_no_table_gives_the_height_of_a_curve_that_rests_on_two(history: str, start: int) -> None:
    shown = show_with(CHANGING, source=cohort_of(REFERENCE), policy=True, history=history, start=start)
    table = next(t for t in shown.tables if "treatment at the time" in t.title)
    for row, curve in zip(table.rows, shown.result.curves.curves, strict=True):
        for cell, year in zip(row[3:], (1, 3, 5), strict=True):
            before = (curve.time <= 12 * year) & (curve.n_event_at > 0)
            fewest = min([n_at_risk(curve, [12 * year])[0], *curve.n_risk[before]])
            assert ("%" in cell) == (fewest >= 3), (row[0], year)
    assert (f"at day {start}" in table.title) == bool(start)


def test_curves_that_start_later_are_those_of_the_followed_in_their_groups_of_that_day() -> None:
    cohort = cohort_of(REFERENCE)
    shown = show_with(CHANGING, source=cohort, policy=True, start=120)
    data = shown.result.data
    followed = data.time > 120 / DAYS_PER_MONTH
    by_then = data.treated_at[HSCT] <= 120 / DAYS_PER_MONTH
    treated = shown.result.curves.curves[1]
    assert treated.entry[0] == pytest.approx(120 / DAYS_PER_MONTH)
    assert treated.n_entry[0] == (data.weight * (followed & by_then)).sum()
    assert "They begin on day 120" in shown.caption
    assert shown.alt_text.startswith("From day 120 on. Simon–Makuch curves")
    assert set(shown.files["curves"]["start_days"].dropna()) == {120}
    # The test and the ratios are of the whole time.
    usual = show_with(CHANGING, source=cohort, policy=True)
    assert (shown.result.test, shown.result.hazard) == (usual.result.test, usual.result.hazard)


def test_a_curve_that_ends_for_its_first_few_says_so() -> None:
    few = [child(60, 1, 30), child(800, 0, 30)]
    later = [child(900, int(i < 3), 90) for i in range(12)] + [child(1000, int(i < 4)) for i in range(8)]
    shown = show_with(CHANGING, source=cohort_with(few + later), policy=True)
    (note,) = [n for n in shown.notes if n.code == "thin-start"]
    assert "The curve of HSCT is shown until 0.0\u00a0months only" in note.text
    shown = show_with(CHANGING, source=cohort_with(few + later), policy=True, start=100)
    assert "thin-start" not in {n.code for n in shown.notes}


def test_follow_up_until_hsct_ends_before_a_death_on_its_day() -> None:
    cohort = cohort_with([child(400, 1, 400, 100), child(300, 1, None, 300), child(200, 0, 200, 200), child(90, 1)])
    found = show(
        CHANGING, cohort, CohortFilter(), CHANGING.defaults(cohort) | {"history": "cart-until-hsct"}
    ).result.data
    got = sorted(zip(found.time * DAYS_PER_MONTH, found.event, found.treated_at[CART] * DAYS_PER_MONTH, strict=True))
    expected = [(90, 1, math.nan), (200, 0, math.nan), (300, 1, 300), (400, 0, 100)]
    np.testing.assert_allclose(np.array(got), np.array(expected, dtype=float))


@pytest.mark.parametrize(
    ("name", "landmark", "sentences"),
    [
        (
            "one-treated",
            180,
            (
                "The only child was followed beyond day 180.",
                "1 had been treated by then, 0 had not, and 0 of these were treated later.",
                "The groups cannot be compared: only one group has children.",
            ),
        ),
        (
            "two",
            365,
            (
                "Of 2 children, 0 had died and 1 had left follow-up by day 365; that child is not in the comparison.",
                "1 had been treated by then, 0 had not, and 0 of these were treated later.",
                "The groups cannot be compared: only one group has children.",
            ),
        ),
        (
            "nobody-treated",
            360,
            (
                "Of 3 children, 1 had died and 1 had left follow-up by day 360; they are not in the comparison.",
                "0 had been treated by then, 1 had not, and 0 of these were treated later.",
                "The groups cannot be compared: only one group has children.",
            ),
        ),
        (
            "treated-as-follow-up-ends",
            350,
            (
                "Of 2 children, 0 had died and 1 had left follow-up by day 350; that child is not in the comparison.",
                "0 had been treated by then, 1 had not, and 1 of these was treated later.",
                "The groups cannot be compared: only one group has children.",
            ),
        ),
    ],
)
def test_sentences_on_a_landmark_among_a_handful(name: str, landmark: int, sentences: tuple[str, ...]) -> None:
    cohort = cohort_with(SMALL[name])
    shown = show(LANDMARK, cohort, CohortFilter(), LANDMARK.defaults(cohort) | {"landmark": landmark})
    assert tuple(map(plain, shown.sentences)) == sentences


def test_one_treated_child_is_no_plural() -> None:
    cohort = cohort_with(SMALL["two"])
    notes = {n.code: n.text for n in show(CHANGING, cohort, CohortFilter(), CHANGING.defaults(cohort)).notes}
    assert notes["few-treated"] == "Only 1 child was treated within follow-up."
    assert notes["few-events"].startswith("Only 1 death: ")
    outside = open_cohort(
        pd.DataFrame(
            [{"patient_id": "P1", "relapsed": 1, "relapse_site": "isolated CNS", "hsct_days": 5} | child(9, 0, 5)]
        )[["patient_id", "relapsed", "relapse_site", "hsct_days", "os_relapse_days", "os_relapse_event"]]
    )
    params = CHANGING.defaults(outside)
    notes = {n.code: n.text for n in show(CHANGING, outside, CohortFilter(), params).notes}
    assert notes["no-marrow-relapse"] == "The one child of this selection has no relapse in the marrow on record."


def test_day_of_treatment_unknown_is_left_out_and_counted() -> None:
    rows = [child(400, 1, 100) | {"salvage_treatment": "HSCT"}, child(300, 1) | {"salvage_treatment": "HSCT"}]
    rows += [child(200, 0) | {"salvage_treatment": "chemotherapy"}, child(100, 1) | {"salvage_treatment": "CAR-T"}]
    frame = pd.DataFrame(rows).assign(
        patient_id=[f"P{i}" for i in range(4)], relapsed=1, relapse_site="isolated marrow"
    )
    cohort = open_cohort(frame)
    for analysis in TREATMENT:
        for history, text, n in (
            ("hsct", "transplanted on an unknown day", 3),
            ("cart", "given CAR-T on an unknown day", 3),
            ("histories", "transplanted on an unknown day", 2),
        ):
            shown = show(analysis, cohort, CohortFilter(), analysis.defaults(cohort) | {"history": history})
            assert dict(shown.left_out)[text] == 1
            assert shown.result.data.n == n


# Files without some columns


COLUMNS = ["patient_id", "relapsed", "os_relapse_days", "os_relapse_event"]


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
@pytest.mark.parametrize(
    ("columns", "histories", "has_relapses"),
    [
        (["hsct_days"], ["hsct"], False),
        (["cart_days"], ["cart"], False),
        (["cart_days", "hsct_days"], list(HISTORIES), False),
        (["hsct_days", "relapse_site"], ["hsct"], True),
        (["hsct_days", "salvage_treatment"], ["hsct"], False),
        (["cart_days", "salvage_days", "second_relapse_days", "relapse_site"], ["cart"], True),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_a_file_without_some_columns_has_fewer_choices(
    analysis: Analysis, columns: list[str], histories: list[str], has_relapses: bool
) -> None:
    cohort = open_cohort(patients_of(REFERENCE)[[*COLUMNS, *columns]])
    controls = {control.name: control for control in analysis.controls(cohort)}
    assert not analysis.missing(cohort)
    histories = offered_by(analysis, histories)
    assert [value for value, _ in controls["history"].options] == histories
    assert controls["history"].default == histories[0]
    assert ("relapses" in controls) == has_relapses
    offered = [value for value, _ in controls["endpoint"].options]
    assert offered == ["os_relapse", "efs_relapse"][: 1 + ("second_relapse_days" in columns)]
    for history in histories:
        params = analysis.defaults(cohort) | {"history": history}
        shown = show(analysis, cohort, CohortFilter(), params)
        check_shown(shown)
        frame = patients_of(REFERENCE)
        if "salvage_treatment" not in columns:
            frame = frame.drop(columns="salvage_treatment")
        children = compared(frame, history, relapses="marrow" if has_relapses else "all")
        assert (shown.result.data.n, shown.result.data.n_event) == (len(children), children["event"].sum())


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_a_file_without_days_of_treatment_is_told_what_it_lacks(analysis: Analysis) -> None:
    cohort = open_cohort(patients_of(REFERENCE)[[*COLUMNS, "salvage_treatment"]])
    assert analysis.missing(cohort) == ("hsct_days",)


# Files and words for who cannot see the figure


def test_files_hold_the_numbers_of_the_page() -> None:
    shown = show_with(CHANGING, adjust=("sex",))
    frames = shown.files
    assert CHANGING.files == tuple(frames) == ("estimates", "curves")
    estimates = frames["estimates"]
    assert {
        "term",
        "level",
        "reference",
        "estimate",
        "conf_low",
        "conf_high",
        "p_value",
        "n",
        "n_event",
        "model",
    } <= set(estimates)
    row = estimates[(estimates["model"] == "time-dependent") & (estimates["level"] == HSCT)].iloc[0]
    (term,) = treated_terms(shown.result.hazard)
    assert (row["estimate"], row["conf_low"], row["p_value"]) == (
        term.ratio.value,
        term.ratio.interval.low,
        term.p_value,
    )
    assert row["reference"] == "not yet transplanted"
    assert set(estimates["model"].dropna()) == {"time-dependent", "naive, ever against never (biased)"}
    assert estimates.loc[estimates["term"] == "Mantel–Byar test", "p_value"].tolist() == [shown.result.test.p_value]
    curves = frames["curves"]
    assert {"group", "time", "n_risk", "n_event", "n_censor", "estimate", "conf_low", "conf_high"} <= set(curves)
    for method, of in (
        ("Simon–Makuch", shown.result.curves),
        ("naive, ever against never (biased)", shown.result.naive_curves),
    ):
        some = curves[curves["method"] == method].groupby("group")["estimate"].last()
        assert {c.group: c.estimate[-1] for c in of.curves} == pytest.approx(some.to_dict())


def test_files_of_a_landmark_hold_every_landmark() -> None:
    shown = show_with(LANDMARK, landmark=95)
    frames = shown.files
    assert LANDMARK.files == tuple(frames) == ("estimates", "landmarks", "curves")
    landmarks = frames["landmarks"]
    assert {
        "landmark_days",
        "level",
        "n",
        "n_event",
        "estimate",
        "conf_low",
        "conf_high",
        "test",
        "statistic",
        "p_value",
        "p_value_wald",
        "p_value_logrank",
    } <= set(landmarks)
    row = landmarks[(landmarks["landmark_days"] == 95) & (landmarks["level"] == HSCT)].iloc[0]
    assert (row["n"], row["p_value_logrank"]) == (shown.result.chosen.n_treated, shown.result.chosen.test.p_value)
    (term,) = treated_terms(shown.result.chosen.hazard_ratio)
    assert (row["test"], row["conf_type"], row["p_value"]) == ("likelihood-ratio test", "profile", term.p_value)
    assert set(frames["estimates"]["landmark_days"]) == set(frames["curves"]["landmark_days"]) == {95}


@pytest.mark.parametrize("history", HISTORIES)
def test_interval_and_p_of_every_hazard_ratio_are_of_one_kind(history: str) -> None:
    frames = [
        show_with(CHANGING, history=history).files["estimates"],
        show_with(LANDMARK, history=history).files["landmarks"],
        show_with(NAIVE, history=history).files["estimates"],
    ]
    for frame in frames:
        compared = frame.dropna(subset=["estimate", "p_value"])
        assert set(compared["conf_type"]) <= {"profile"}
        assert set(compared["test"]) <= {"likelihood-ratio test", "penalised likelihood-ratio test"}
        for _, row in compared.iterrows():
            excludes = (row["conf_low"] or 0) > 1 or (row["conf_high"] is not None and row["conf_high"] < 1)
            assert excludes == (row["p_value"] < 0.05), row


def test_files_of_the_naive_answer_hold_every_method() -> None:
    shown = show_with(NAIVE, history="histories")
    (estimates,) = shown.files.values()
    assert list(estimates["method"].unique()) == [answer.name for answer in shown.result.answers]
    first = estimates[(estimates["method"] == "Naive") & (estimates["level"] == CART)].iloc[0]
    assert first["estimate"] == shown.result.naive.ratio.value


def test_the_figures_are_told_in_words() -> None:
    words = plain(show_with(CHANGING).alt_text)
    assert words.startswith(
        "Simon–Makuch curves in months from first relapse. Not yet transplanted: 52 children, 5 events; 68.9 % (95 % "
        "confidence interval 26.5–90.1) at 1 year, 5 still at risk; "
    )
    assert " HSCT: 40 children, 6 events; 80.2 %" in words
    words = plain(show_with(LANDMARK).alt_text)
    assert words.startswith(
        "From the landmark at day 180 on. Kaplan–Meier curves in months from first relapse. Not yet transplanted: 19 children"
    )
    (picture,) = show_with(LANDMARK).pictures
    assert plain(picture.alt_text).startswith(
        "Hazard ratio of HSCT against not yet transplanted at each landmark. day 30: no ratio, 0 treated and 52 not yet; "
    )
    assert "day 180: 1.09 (0.29–4.41), 27 treated and 19 not yet;" in picture.alt_text
    words = plain(show_with(NAIVE).alt_text)
    assert "Naive: HSCT (ever against never treated, from relapse on (biased)): 0.28 (0.09–0.99), p 0.048." in words
    assert words.endswith("Treatment as it changes: HSCT (time-dependent Cox model): 0.45 (0.12–1.73), p 0.233.")


def test_the_landmark_is_drawn_where_the_curves_begin() -> None:
    params = LANDMARK.defaults(cohort_of(REFERENCE)) | {"landmark": 120}
    shown = show_with(LANDMARK, landmark=120)
    figure = shown.figure.to_dict()
    (line,) = figure["layout"]["shapes"]
    assert line["x0"] == line["x1"] == pytest.approx(120 / DAYS_PER_MONTH, abs=1e-3)
    starts = [trace["x"][0] for trace in figure["data"] if trace.get("line", {}).get("shape") == "hv"]
    assert starts and min(starts) == pytest.approx(120 / DAYS_PER_MONTH, abs=1e-3)
    assert "day 120" in shown.caption
    empty = show(LANDMARK, cohort_of(REFERENCE), CohortFilter((Clause("platelets", low=1999),)), params)
    assert "shapes" not in empty.figure.to_dict()["layout"]


def test_a_number_to_adjust_for_is_read_per_its_step() -> None:
    table = next(t for t in show_with(CHANGING, adjust=("white_cells", "age_years")).tables if "Hazard" in t.title)
    assert [row[0] for row in table.rows] == [
        "Treatment: not yet transplanted",
        "Treatment: HSCT",
        "White cells, per 10 × 10⁹/L",
        "Age at diagnosis, per year",
    ]


def model_of(shown: Shown) -> HazardRatioResult:
    """The model whose ratios have E-values."""
    if shown.analysis is NAIVE:
        return shown.result.answers[-1].model
    return shown.result.hazard if shown.analysis is CHANGING else shown.result.chosen.hazard_ratio


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_e_values_are_those_of_the_treatments_alone(analysis: Analysis, history: str) -> None:
    shown = show_with(analysis, history=history, adjust=("sex", "risk_group"))
    (table,) = (t for t in shown.tables if "E-value" in t.columns)
    terms = [term for term in treated_terms(model_of(shown)) if term.ratio.value is not None]
    untreated = UNTREATED[history]
    assert [row[0] for row in table.rows] == [f"{term.level} against {untreated}" for term in terms]
    for row, term in zip(table.rows, terms, strict=True):
        low, high = term.ratio.interval.low, term.ratio.interval.high
        expected = e_value(term.ratio.value, low, high, measure="hazard ratio", rare=False)
        assert row[2:] == (format_ratio(expected.point), format_ratio(expected.limit))
    assert "first approximated" in table.caption


def test_an_event_is_rare_only_if_it_is_by_the_end_of_follow_up_in_every_group() -> None:
    """9 of 80 die, but half of the untreated have died by the time when the last of them is followed."""
    left = [child(100 + i, 0) for i in range(40)]
    treated = [child(2000, 0, 50) for _ in range(30)] + [child(300 + i, 1, 50) for i in range(4)]
    few = [child(1000 + i, int(i < 5)) for i in range(6)]
    common, rare = cohort_with([*left, *treated, *few]), cohort_with([*treated, *(child(2000, 0) for _ in range(50))])
    for cohort, words in ((common, "so the ratio of risks is first approximated"), (rare, "which is rare enough")):
        for analysis in TREATMENT:
            shown = show(analysis, cohort, CohortFilter(), analysis.defaults(cohort) | {"landmark": 60})
            assert shown.result.data.n_event / shown.result.data.n < 0.15
            (table,) = (t for t in shown.tables if "E-value" in t.columns)
            assert words in table.caption
            (term,) = treated_terms(model_of(shown))
            interval = term.ratio.interval
            expected = e_value(
                term.ratio.value, interval.low, interval.high, measure="hazard ratio", rare=cohort is rare
            )
            assert table.rows[0][2] == format_ratio(expected.point)


def test_an_event_is_as_rare_as_from_relapse_wherever_the_curves_begin() -> None:
    """The hazard ratio is the same, whenever the curves begin, and so is its E-value with its reason."""
    from_relapse, later = (
        next(t for t in show_with(CHANGING, start=start).tables if "E-value" in t.columns) for start in (0, 180)
    )
    assert later == from_relapse and "59\u00a0% of a group" in later.caption


def test_markers_have_no_e_values() -> None:
    for analysis in load_analyses():
        if analysis.section != "Treatment":
            cohort = cohort_of(REFERENCE)
            shown = show(analysis_of(analysis.slug), cohort, CohortFilter(), analysis.defaults(cohort))
            part = " ".join([*shown.texts(), analysis.method])
            assert "E-value" not in part
