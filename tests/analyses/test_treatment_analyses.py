"""Treatments compared from file to sentence: against rows, counts and tests made from the file with pandas and lifelines."""

from __future__ import annotations

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

from analytics.analyses.landmark import STRIP_DAYS
from analytics.analyses.naive_answer import LANDMARK_DAYS
from analytics.analysis import Analysis
from analytics.cohort.filters import CohortFilter
from analytics.frames.treatment import CART, HSCT, list_histories
from analytics.reporting.regression import has_few_events
from analytics.reporting.treatment import name_untreated
from analytics.results import HazardRatioResult, treated_terms
from tests.analyses.shown import (
    DAYS_PER_MONTH,
    FILES,
    REFERENCE,
    check_shown,
    choices_of,
    cohort_of,
    filters,
    params_of,
    patients_of,
    select,
    show,
    show_with,
)
from tests.analyses.treated_children import (
    CHANGING,
    ENDPOINTS,
    HISTORIES,
    LANDMARK,
    NAIVE,
    ONE,
    TREATMENT,
    compared,
    offered_by,
)

BOTH = list_histories()[-1]
STATES = {"hsct": (HSCT,), "cart": (CART,), "cart-until-hsct": (CART,), "histories": (CART, HSCT, BOTH)}
TIGHT = {"fit_options": {"precision": 1e-12}}


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


def state_at(child: Any, history: str, day: float) -> str:
    return ([name_untreated(history, ())] + [state for at, state in switches(child, history) if at <= day])[-1]


def rows_of(children: pd.DataFrame, history: str) -> pd.DataFrame:
    """One row per child and treatment, at risk in (start, stop]."""
    rows = []
    for child in children.itertuples():
        changes = [(0.0, name_untreated(history, ())), *switches(child, history)]
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
    assert [curve.group for curve in shown.result.curves.curves] == [name_untreated(history, ()), *STATES[history]]
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


@pytest.mark.slow
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
        n_untreated = (at == name_untreated(history, ())).sum()
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
    treated = pd.Series(
        [state_at(child, history, day) for child in left.itertuples()], index=left.index
    ) != name_untreated(history, ())
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
