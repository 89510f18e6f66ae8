"""What is shown for how few: by hand, by property, and through every analysis down to a handful of children."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.dictionary import open_dictionary
from analytics.estimators import (
    estimate_odds_ratios,
    estimate_restricted_mean,
    estimate_survival,
    logrank_test,
    read_curve,
    simon_makuch,
    survival_at,
)
from analytics.estimators.regression import result as regression_result
from analytics.figures.curves.steps import fades_below
from analytics.figures.curves.survival import describe_survival, plot_survival
from analytics.figures.forest.html import draw_html
from analytics.figures.forest.ratios import plot_forest
from analytics.figures.theme import style_of
from analytics.formats import name_patients
from analytics.reporting.reasons import say_reason
from analytics.reporting.reliability import (
    POLICY_PATH,
    STATE_WORDS,
    Least,
    Policy,
    State,
    judge,
    load_policy,
    open_policy,
)
from analytics.reporting.tables import tabulate_policy
from analytics.reporting.withholding import govern
from analytics.results import (
    Estimate,
    GroupCount,
    HazardRatioResult,
    Note,
    OddsRatioResult,
    Reason,
    SubgroupEffect,
    TestResult,
)
from tests.analyses.shown import check_shown, cohort_of, filters, show

POLICY = Policy(Least(10, 10, 10.0), Least(5, 5, 5.0), Least(3, 3, 3.0), fade_below=10, stop_below=3, smallest_cell=5)
ANALYSES = load_analyses()


@pytest.mark.parametrize(
    ("counts", "state", "reason"),
    [
        ({"patients": 10, "events": 10, "events_per_parameter": 10.0}, State.FULL, None),
        ({"patients": 9, "events": 10, "events_per_parameter": 10.0}, State.CAUTION, Reason.of("few-patients", n=9)),
        ({"patients": 10, "events": 9}, State.CAUTION, Reason.of("few-events", n=9)),
        ({"patients": 40, "events_per_parameter": 9.9}, State.CAUTION, Reason.of("few-events-per-parameter", n=9.9)),
        (
            {"patients": 4, "events": 30, "group": "subgroup"},
            State.WITHOUT_P,
            Reason.of("few-patients", n=4, where="subgroup"),
        ),
        ({"patients": 40, "events": 4}, State.WITHOUT_P, Reason.of("few-events", n=4)),
        ({"events": 20, "events_per_parameter": 4.5}, State.WITHOUT_P, Reason.of("few-events-per-parameter", n=4.5)),
        ({"events": 20, "events_per_parameter": 2.9}, State.COUNTS_ONLY, Reason.of("few-events-per-parameter", n=2.9)),
        ({"patients": 1, "events": 4}, State.COUNTS_ONLY, Reason.of("few-patients", n=1)),
        ({"patients": 40, "events": 1}, State.COUNTS_ONLY, Reason.of("few-events", n=1)),
        ({"patients": 40, "events": 0}, State.COUNTS_ONLY, Reason("no-events")),
        ({}, State.FULL, None),
    ],
)
def test_the_worst_count_decides(counts: dict[str, Any], state: State, reason: Reason | None) -> None:
    verdict = judge(POLICY, **counts)
    assert (verdict.state, verdict.reason) == (state, reason)


@given(patients=st.integers(0, 30), events=st.integers(0, 30), more=st.integers(0, 5), ratio=st.floats(0, 20, width=32))
def test_more_children_or_events_never_show_less(patients: int, events: int, more: int, ratio: float) -> None:
    state = judge(POLICY, patients=patients, events=events, events_per_parameter=ratio).state
    assert judge(POLICY, patients=patients + more, events=events, events_per_parameter=ratio).state <= state
    assert judge(POLICY, patients=patients, events=events + more, events_per_parameter=ratio).state <= state


def test_the_file_holds_the_policy_and_the_methods_page_shows_it() -> None:
    policy = open_policy()
    assert policy == load_policy()
    text = tabulate_policy(policy).to_html()
    for least in (policy.full, policy.p_value, policy.estimate):
        assert f"fewer than {least.patients} children" in text
        assert f"fewer than {least.events_per_parameter:g}" in text
    assert f"end where fewer than {policy.stop_below} are" in text
    # The literature that the thresholds follow stands in the file and on the page.
    for source in (
        "10.1093/aje/kwk052",
        "10.1016/j.jclinepi.2010.11.012",
        "10.1186/s12874-016-0267-3",
        "10.1136/bmj.m441",
    ):
        assert source in text and source in POLICY_PATH.read_text(encoding="utf-8")
    for name, shown in STATE_WORDS.values():
        assert f">{name.capitalize()}<" in text
        assert name_patients(shown) in text


def test_the_cautions_of_estimators_and_figures_follow_the_same_thresholds() -> None:
    policy = load_policy()
    assert policy.full.events_per_parameter == regression_result.SCARCE_EVENTS_PER_PARAMETER
    assert policy.p_value.events_per_parameter == regression_result.FEW_EVENTS_PER_PARAMETER
    assert (fades_below(None), fades_below(0)) == (policy.fade_below, 0)


def test_the_policy_is_read_where_it_is_used_and_not_when_the_program_starts() -> None:
    code = (
        "from analytics.analyses import load_analyses; load_analyses();"
        "from analytics.reporting.reliability import load_policy; print(load_policy.cache_info().currsize)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "0\n"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[p_value]\npatients = 5", "[p_value]\npatients = 11", "patients must not fall"),
        ("[estimate]\npatients = 3", "[estimate]\npatients = -1", "patients must not fall"),
        ("stop_below = 3", "stop_below = 0", "stop_below must lie between 1 and fade_below"),
        ("smallest_cell = 5", "smallest_cell = 1", "smallest_cell must lie between 3 and 100"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = POLICY_PATH.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "policy.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=complaint):
        open_policy(path)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_penalised_ratio_that_says_the_opposite_of_the_counts_is_not_shown(mirrored: bool) -> None:
    """0 of 5 against 3 of 95: with half a child more in each cell the odds ratio is 2.4."""
    levels = ["few", "many"] if mirrored else ["many", "few"]
    groups = pd.DataFrame({"g": pd.Categorical(["few", "many", "many"], categories=levels)})
    fitted = estimate_odds_ratios([0, 1, 0], groups, weight=[5, 3, 92])
    ratio = (0.5 / 5.5) / (3.5 / 92.5)
    assert fitted.method == "firth" and fitted.terms[1].odds_ratio.value == pytest.approx(
        ratio ** (-1 if mirrored else 1)
    )
    shown = govern(fitted).terms[1]
    assert shown.odds_ratio.value is None and shown.p_value is None and shown.n == fitted.terms[1].n
    which, side = ("reference group", "below") if mirrored else ("group", "above")
    assert say_reason(shown.odds_ratio.reason) == (
        f"not shown: nobody in the {which} had the event, and a ratio {side} 1 would come from the penalty alone"
    )
    # Where it points the way of the counts, it stays.
    usual = estimate_odds_ratios([0, 1, 0], groups, weight=[40, 10, 60])
    assert usual.method == "firth" and govern(usual).terms[1].odds_ratio.value is not None


def test_an_effect_in_a_subgroup_without_events_follows_the_same_rule() -> None:
    effect = SubgroupEffect("a", "treated", "not", 12, 0, 60, 6, Estimate(1.4, None, 12, 0), 0.8, "firth")
    assert govern(effect).ratio.reason is not None and govern(effect).p_value is None
    assert govern(replace(effect, ratio=Estimate(0.4, None, 12, 0))).ratio.value == 0.4


def logrank_of(sizes: tuple[int, int], events: tuple[int, int]) -> TestResult:
    time = np.concatenate([np.arange(1.0, n + 1) for n in sizes])
    event = np.concatenate([np.arange(n) < d for n, d in zip(sizes, events, strict=True)])
    return logrank_test(time, event, np.repeat(["a", "b"], sizes))


@pytest.mark.parametrize(
    ("sizes", "events", "reason"),
    [
        ((6, 6), (3, 3), None),
        ((20, 4), (10, 3), Reason.of("withheld", why=Reason.of("few-patients", n=4, where="one-group"))),
        ((20, 20), (2, 2), Reason.of("withheld", why=Reason.of("few-events", n=4))),
        ((20, 2), (10, 1), Reason.of("withheld", why=Reason.of("few-patients", n=2, where="one-group"))),
    ],
)
def test_a_p_value_needs_five_children_in_a_group_and_five_events(
    sizes: tuple[int, int], events: tuple[int, int], reason: str | None
) -> None:
    test = logrank_of(sizes, events)
    governed = govern(test, POLICY)
    assert governed.reason == reason
    assert (governed.p_value, governed.statistic) == (
        (test.p_value, test.statistic) if reason is None else (None, None)
    )
    assert governed.groups == test.groups  # the counts stay


def test_an_empty_group_is_not_looked_at() -> None:
    test = TestResult("log-rank", 1.2, 1, 0.27, (GroupCount("a", 8, 3, 4.0), GroupCount("b", 9, 4, 3.0)))
    assert govern(test, POLICY) is test
    emptied = replace(test, groups=(*test.groups, GroupCount("c", 0, 0, 0.0)))
    assert govern(emptied, POLICY) is emptied


def test_a_ratio_of_a_handful_is_counts_only_and_one_of_a_few_has_no_p() -> None:
    rng = np.random.default_rng(7)
    level = np.repeat(["many", "some", "few", "two"], [60, 20, 4, 2])
    outcome = rng.random(len(level)) < 0.5
    frame = pd.DataFrame({"level": pd.Categorical(level, ["many", "some", "few", "two"])})
    raw = estimate_odds_ratios(outcome, frame)
    governed = govern(raw, POLICY)
    shown = {t.level: t for t in governed.terms}
    before = {t.level: t for t in raw.terms}
    assert shown["many"] == before["many"]
    assert shown["some"] == before["some"]
    assert shown["few"].odds_ratio == before["few"].odds_ratio
    assert shown["few"].p_value is None
    assert (shown["two"].odds_ratio.value, shown["two"].p_value) == (None, None)
    assert shown["two"].odds_ratio.reason == Reason.of(
        "withheld", why=Reason.of("few-patients", n=2, where="one-group")
    )
    assert (shown["two"].n, shown["two"].n_event) == (before["two"].n, before["two"].n_event)
    codes = [note.code for note in governed.notes]
    assert codes[:2] == ["counts-only", "without-p"]
    assert [note.severity for note in governed.notes[:2]] == ["info", "info"]  # some numbers of a model, not the model
    assert "only 2 children in one of the groups" in governed.notes[0].text
    assert "at least 3 children in every group, 3 events" in governed.notes[0].remedy
    assert "at least 5 children in every group, 5 events" in governed.notes[1].remedy


def test_a_model_of_too_few_events_says_so_as_a_caution() -> None:
    outcome = np.array([True] * 4 + [False] * 36)
    raw = estimate_odds_ratios(outcome, pd.DataFrame({"side": pd.Categorical(["left", "right"] * 20)}))
    governed = govern(raw, POLICY)
    assert [term.p_value for term in governed.terms] == [None, None]
    assert governed.terms[1].odds_ratio == raw.terms[1].odds_ratio
    assert (governed.tests[0].p_value, governed.tests[0].reason) == (
        None,
        Reason.of("withheld", why=Reason.of("few-events", n=4)),
    )
    assert (governed.notes[0].code, governed.notes[0].severity) == ("without-p", "caution")


def test_a_curve_ends_where_fewer_than_three_are_at_risk() -> None:
    time = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    raw = estimate_survival(time, np.array([1, 0, 1, 0, 1, 1]), group=["all"] * 6)
    governed = govern(raw, POLICY)
    curve = governed.curves[0]
    assert curve.shown_until == 4.0  # three at risk at 4 months, two from then on
    frame = governed.to_frame()
    assert frame.loc[frame["time"] > 4, ["estimate", "std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    assert frame.loc[frame["time"] <= 4, "estimate"].notna().all()
    assert frame["n_risk"].tolist() == [6, 5, 4, 3, 2, 1]
    early, late = survival_at(curve, [4.0, 4.5])
    assert early == survival_at(raw.curves[0], [4.0])[0]
    assert (late.value, late.interval, late.reason) == (
        None,
        None,
        Reason.of("withheld", why=Reason.of("few-at-risk", n=2)),
    )
    # Without the end of the curve the number is withheld by itself: for those at risk by then, not for the group's six.
    assert govern(survival_at(raw.curves[0], [4.5])[0], POLICY).reason == Reason.of(
        "withheld", why=Reason.of("few-patients", n=2, where="at risk")
    )
    (free,) = read_curve(estimate_survival(time, np.zeros(6)).curves[0], [4.5])
    assert govern(free, POLICY).reason == Reason.of("withheld", why=Reason.of("few-patients", n=2, where="at risk"))
    figure = plot_survival(
        governed, labels={"all": "All"}, styles=style_of(("all",)), origin="relapse", y_title="Survival"
    )
    lines = [trace for trace in figure.data if trace.mode == "lines" and trace.fill is None]
    assert max(max(line.x) for line in lines) == 4.0
    whole = plot_survival(raw, labels={"all": "All"}, styles=style_of(("all",)), origin="relapse", y_title="Survival")
    assert figure.layout.height == whole.layout.height
    assert figure.layout.xaxis.range == whole.layout.xaxis.range
    assert max(max(line.x) for line in whole.data if line.mode == "lines" and line.fill is None) == 6.0


def test_differences_of_means_need_events_in_each_group() -> None:
    """20 in each group, followed for 40 months; of b 8 die, of a so many as stated."""
    for n_event, state in ((0, "counts"), (2, "counts"), (3, "estimate"), (4, "estimate"), (5, "p")):
        time = [*range(1, n_event + 1), *[40] * (20 - n_event), *range(2, 10), *[40] * 12]
        event = [*[1] * n_event, *[0] * (20 - n_event), *[1] * 8, *[0] * 12]
        raw = estimate_restricted_mean(time, event, group=["a"] * 20 + ["b"] * 20, horizon=36)
        (contrast,) = govern(raw, POLICY).contrasts
        assert (contrast.difference.value is None) == (state == "counts")
        assert (contrast.p_difference is not None) == (contrast.p_ratio is not None) == (state == "p")
        if state != "p" and n_event:
            reason = contrast.difference.reason or contrast.reason
            events = "2 events" if n_event == 2 else f"{n_event} events"
            assert say_reason(reason) == f"not shown: only {events} in one of the groups"


def test_a_curve_does_not_go_on_from_an_event_of_two_however_many_come_later() -> None:
    """Two are treated at 1 and one of them dies at 4; ten more are treated at 5, of whom one dies at 9."""
    time, event = [4, 20, *[20] * 9, 9, *[20] * 5], [1, 0, *[0] * 9, 1, *[0] * 5]
    treated_at = [1, 1, *[5] * 10, *[None] * 5]
    result = govern(simon_makuch(time, event, treated_at))
    untreated, treated = result.curves
    assert (untreated.shown_until, treated.shown_until) == (None, 0.0)
    early, late = survival_at(treated, [3, 12])
    assert early.value is None and early.reason == Reason.of("withheld", why=Reason.of("few-at-risk", n=2))
    assert (late.value, late.n, late.reason) == (
        None,
        10,
        Reason.of("withheld", why=Reason.of("few-at-risk-before", n=2)),
    )
    assert treated.median.value is None
    later = govern(simon_makuch(time, event, treated_at, landmark=5)).curves[1]
    assert later.shown_until is None
    (found,) = survival_at(later, [12])
    assert found.value == pytest.approx(10 / 11)


def test_two_children_have_no_curve_but_their_counts() -> None:
    raw = estimate_survival(np.array([30.0, 40.0]), np.array([1, 0]), group=["all"] * 2)
    governed = govern(raw, POLICY)
    figure = plot_survival(
        governed, labels={"all": "All"}, styles=style_of(("all",)), origin="relapse", y_title="Survival"
    )
    (key,) = (trace for trace in figure.data if trace.mode == "lines")
    assert key.name == "All: not drawn, 2 children, 1 event" and list(key.x) == [None]
    assert governed.curves[0].n == 2
    words = describe_survival(governed, {"all": "All"}, "relapse")
    assert "2 children, 1 event; not drawn, too few for a curve" in words
    assert "%" not in words


def test_nothing_is_said_where_nothing_is_withheld() -> None:
    estimate = Estimate(0.5, n=20, n_event=10)
    assert govern(estimate, POLICY) is estimate
    test = logrank_of((12, 12), (6, 6))
    assert govern(test, POLICY) is test


def parts_of(value: Any) -> Iterator[Any]:
    """A result and everything in it."""
    yield value
    if isinstance(value, tuple):
        for item in value:
            yield from parts_of(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from parts_of(item)
    elif (
        is_dataclass(value)
        and not isinstance(value, Note)
        and not type(value).__module__.endswith((".frames", ".dictionary"))
    ):
        for field in fields(value):
            yield from parts_of(getattr(value, field.name))


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda analysis: analysis.slug)
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_no_analysis_shows_a_p_value_or_an_estimate_of_too_few(analysis: Analysis, data: st.DataObject) -> None:
    """An audit of its own of everything a result holds, by the thresholds alone."""
    policy = load_policy()
    cohort = cohort_of("reference_cohort.csv")
    params = analysis.defaults(cohort)
    cohort_filter = data.draw(filters("reference_cohort.csv"))
    shown = show(analysis, cohort, cohort_filter, params, policy=True)
    check_shown(shown)
    for part in parts_of(shown.result):
        if isinstance(part, TestResult) and part.p_value is not None and part.groups:
            groups = [group for group in part.groups if group.n]
            assert min(group.n for group in groups) >= policy.p_value.patients
            assert sum(group.observed for group in groups) >= policy.p_value.events
        if isinstance(part, Estimate) and part.value is not None and part.n:
            assert part.n >= policy.estimate.patients or part.value == 1
        if isinstance(part, HazardRatioResult | OddsRatioResult):
            events = part.n_event if isinstance(part, HazardRatioResult) else min(part.n_event, part.n - part.n_event)
            for term in part.terms:
                if not term.is_reference and term.level is not None and term.n:
                    if term.p_value is not None:
                        assert events >= policy.p_value.events
                        assert term.n >= policy.p_value.patients
                    if term.ratio.value is not None:
                        assert events >= policy.estimate.events
                        assert term.n >= policy.estimate.patients


def test_what_is_withheld_is_said_without_a_number_that_the_reader_could_not_count() -> None:
    outcome = np.array([True] * 4 + [False] * 36)
    raw = estimate_odds_ratios(outcome, pd.DataFrame({"side": pd.Categorical(["left", "right"] * 20)}))
    (note,) = (note for note in govern(raw, POLICY).notes if note.code == "without-p")
    # That of the level and that of the factor, of which a table may show one.
    assert note.text == "Some p values are not shown, because too little stands behind them: only 4 events."


def test_a_p_value_that_is_withheld_has_its_reason_beside_a_ratio_that_is_shown() -> None:
    level = np.repeat(["many", "few"], [60, 4])
    outcome = np.arange(64) % 2 == 0
    raw = estimate_odds_ratios(outcome, pd.DataFrame({"level": pd.Categorical(level, ["many", "few"])}))
    governed = govern(raw, POLICY)
    term = governed.terms[1]
    assert term.ratio.value is not None
    assert (term.p_value, term.p_reason) == (
        None,
        Reason.of("withheld", why=Reason.of("few-patients", n=4, where="one-group")),
    )
    html = draw_html(plot_forest([governed], governed, open_dictionary()))
    assert "p not shown: only 4 children in one of the groups" in html
    assert '<td class="forest-p">not shown</td>' in html


@pytest.mark.parametrize("weighting", [{"weighting": "tarone-ware"}, {"weighting": "peto"}, {"weighting": "logrank"}])
def test_events_are_counted_however_a_test_weights_them(weighting: dict[str, Any]) -> None:
    """Tarone and Ware's weights make three deaths among forty weigh as eighteen, those of Peto as fewer than three."""
    time, event = np.arange(1.0, 41), np.isin(np.arange(40), (3, 4, 5))
    test = logrank_test(time, event, np.tile(["a", "b"], 20), **weighting)
    assert sum(group.n_event for group in test.groups) == 3
    assert govern(test, POLICY).reason == Reason.of("withheld", why=Reason.of("few-events", n=3))
