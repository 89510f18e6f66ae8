"""Survival analyses from file to sentence: against counts of the file, lifelines and statsmodels, and on odd cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from statsmodels.duration.survfunc import survdiff

from analytics.analysis import Analysis
from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.comparisons.choices import endpoint_control
from analytics.frames import EVERYONE
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
    plain,
    select,
    show,
    show_with,
)
from tests.analyses.survival_groups import SITE, VARIABLE

SURVIVAL = (SITE, VARIABLE)
MARROW = ("isolated marrow", "combined marrow and extramedullary")
MONTHS = (12.0, 36.0, 60.0)
# Time, event and, where observation begins later than the clock, the day on which it does.
ENDPOINTS = {
    "os_relapse": ("os_relapse_days", "os_relapse_event"),
    "efs_relapse": ("efs_relapse_days", "efs_relapse_event"),
    "os_diagnosis": ("os_days", "os_event"),
    "efs_diagnosis": ("efs_days", "efs_event"),
    "os_salvage": ("os_salvage_days", "os_relapse_event"),
    "os_cart": ("os_cart_days", "os_relapse_event"),
    "os_hsct": ("os_hsct_days", "os_relapse_event"),
    "os_relapse_after_hsct": ("os_relapse_days", "os_relapse_event", "hsct_days"),
}


def grouped_by(analysis: Analysis, params: dict[str, Any]) -> str:
    return str(params[{SITE.slug: "site", VARIABLE.slug: "by"}[analysis.slug]])


def analysed(
    file: str, analysis: Analysis, cohort_filter: CohortFilter, params: dict[str, Any]
) -> tuple[pd.DataFrame, int]:
    """The patients an analysis must use, and how many pass the filter."""
    frame = select(patients_of(file), cohort_filter)
    n = len(frame)
    time, event, *entry = ENDPOINTS[params["endpoint"]]
    by, strata = grouped_by(analysis, params), params["strata"]
    needed = [time, event, *entry]
    if by != EVERYONE:
        needed.append(by)
        needed += [strata] if strata != "none" else []
    frame = frame.dropna(subset=needed)
    if entry:
        frame = frame[frame[entry[0]] < frame[time]]
    months, event_of = frame[time] / DAYS_PER_MONTH, frame[event].astype(int)
    entered = frame[entry[0]] / DAYS_PER_MONTH if entry else 0.0
    group = frame[by] if by != EVERYONE else pd.Series(EVERYONE, index=frame.index)
    return frame.assign(months=months, event=event_of, entered=entered, group=group), n


# From file to sentence


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("analysis", SURVIVAL, ids=lambda a: a.slug)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_selection_is_shown_and_counted_right(analysis: Analysis, file: str, data: st.DataObject) -> None:
    cohort = cohort_of(file)
    assert not analysis.missing(cohort)
    cohort_filter = data.draw(filters(file), label="filter")
    params = data.draw(params_of(analysis, cohort), label="params")
    shown = show(analysis, cohort, cohort_filter, params)

    check_shown(shown)

    patients, n = analysed(file, analysis, cohort_filter, params)
    assert shown.headline("Children") == str(len(patients))
    events = shown.result.endpoint.event_noun.capitalize()
    assert shown.headline(events).split(" ")[0] == str(patients["event"].sum())
    assert len(patients) + sum(count for _, count in shown.left_out) == n
    counts = patients.groupby("group", observed=True)["event"].agg(["size", "sum"])
    for curve in shown.result.curves.curves:
        expected = tuple(counts.loc[curve.group]) if curve.group in counts.index else (0, 0)
        assert (curve.n, curve.n_event) == expected


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("analysis", SURVIVAL, ids=lambda a: a.slug)
def test_everyone_by_every_choice(analysis: Analysis, file: str) -> None:
    cohort = cohort_of(file)
    defaults = analysis.defaults(cohort)
    for control in analysis.controls(cohort):
        for value in choices_of(control):
            params = defaults | {control.name: value}
            shown = show(analysis, cohort, CohortFilter(), params)
            check_shown(shown)
            patients, _ = analysed(file, analysis, CohortFilter(), params)
            assert shown.result.frame.n == len(patients)


# Against lifelines and statsmodels


@pytest.mark.parametrize(
    ("analysis", "params"),
    [
        (SITE, {"site": "relapse_site_group"}),
        (SITE, {"site": "marrow_relapse"}),
        (SITE, {"site": "relapse_site"}),
        (SITE, {"site": "relapse_site_group", "endpoint": "efs_relapse"}),
        (SITE, {"site": "marrow_relapse", "endpoint": "os_salvage"}),
        (VARIABLE, {"by": "mrd_day46"}),
        (VARIABLE, {"by": "hsct_group", "endpoint": "os_relapse"}),
        (VARIABLE, {"by": "risk_group", "endpoint": "os_diagnosis"}),
        (VARIABLE, {"by": "risk_group", "endpoint": "efs_diagnosis"}),
        (VARIABLE, {"by": "sex", "endpoint": "os_hsct"}),
        (VARIABLE, {"by": "age_group", "endpoint": "os_cart"}),
        (VARIABLE, {"by": EVERYONE, "endpoint": "os_diagnosis"}),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_curves_and_tests_equal_those_of_lifelines(analysis: Analysis, params: dict[str, Any]) -> None:
    shown = show_with(analysis, **params)
    all_params = analysis.defaults(cohort_of(REFERENCE)) | params
    patients, _ = analysed(REFERENCE, analysis, CohortFilter(), all_params)
    for curve, milestones in zip(shown.result.curves.curves, shown.result.milestones, strict=True):
        some = patients[patients["group"] == curve.group]
        assert (curve.n, curve.n_event) == (len(some), some["event"].sum())
        if some.empty:
            continue
        fitted = KaplanMeierFitter().fit(some["months"], some["event"])
        for months, found in zip(MONTHS, milestones, strict=True):
            assert found.n == (some["months"] >= months).sum()
            if found.value is None:
                assert some["months"].max() < months
                continue
            assert found.value == pytest.approx(fitted.predict(months), rel=1e-9)
            assert found.n_event == ((some["months"] <= months) & (some["event"] == 1)).sum()
            if not found.n_event:
                assert (found.interval.low, found.interval.high) == (pytest.approx(0.05 ** (1 / found.n)), 1.0)
            elif found.interval is not None:
                low, high = fitted.confidence_interval_.loc[:months].iloc[-1]
                assert (found.interval.low, found.interval.high) == pytest.approx((low, high), rel=1e-9)
    if shown.result.overall is not None:
        expected = multivariate_logrank_test(patients["months"], patients["group"], patients["event"])
        assert shown.result.overall.statistic == pytest.approx(expected.test_statistic, rel=1e-9)
        assert shown.result.overall.p_value == pytest.approx(expected.p_value, rel=1e-9)
        assert shown.result.overall.df == patients["group"].nunique() - 1


def test_figures_of_the_reference_cohort() -> None:
    by_site = show_with(SITE, site="marrow_relapse")
    assert by_site.result.overall is not None and by_site.result.overall.p_value == pytest.approx(0.0777, abs=5e-5)
    by_hsct = show_with(VARIABLE, Clause("relapse_site_group", MARROW), by="hsct_group")
    assert by_hsct.result.overall is not None and by_hsct.result.overall.p_value == pytest.approx(0.0272, abs=5e-5)
    survival = {
        c.group: m[1].value for c, m in zip(by_hsct.result.curves.curves, by_hsct.result.milestones, strict=True)
    }
    assert survival["HSCT"] == pytest.approx(0.826, abs=5e-4)
    assert survival["chemotherapy or CAR-T"] == pytest.approx(0.381, abs=5e-4)


@pytest.mark.parametrize("by", [EVERYONE, "marrow_relapse", "immunophenotype", "sex"])
def test_children_are_at_risk_from_their_entry_on(by: str) -> None:
    """Children come under observation on the day of HSCT: R's Surv(entry, time, event)."""
    shown = show_with(VARIABLE, by=by, endpoint="os_relapse_after_hsct")
    params = VARIABLE.defaults(cohort_of(REFERENCE)) | {"by": by, "endpoint": "os_relapse_after_hsct"}
    patients, _ = analysed(REFERENCE, VARIABLE, CohortFilter(), params)
    assert len(patients) == patients_of(REFERENCE)["hsct_days"].notna().sum()
    for curve in shown.result.curves.curves:
        some = patients[patients["group"] == curve.group]
        if some.empty:
            assert (curve.n, len(curve.time)) == (0, 0)
            continue
        fitted = KaplanMeierFitter().fit(some["months"], some["event"], entry=some["entered"])
        expected = fitted.survival_function_["KM_estimate"]
        assert curve.estimate == pytest.approx(expected.reindex(curve.time, method="ffill").to_numpy(), rel=1e-9)
        at_risk = [((some["entered"] < t) & (some["months"] >= t)).sum() for t in curve.time]
        assert curve.n_risk.tolist() == at_risk
        assert by != EVERYONE or max(at_risk) > at_risk[0]  # more children are at risk later than at first


def test_the_test_of_children_who_enter_late_is_that_of_their_risk_sets() -> None:
    shown = show_with(VARIABLE, by="sex", endpoint="os_relapse_after_hsct")
    params = VARIABLE.defaults(cohort_of(REFERENCE)) | {"by": "sex", "endpoint": "os_relapse_after_hsct"}
    patients, _ = analysed(REFERENCE, VARIABLE, CohortFilter(), params)
    girls = patients["group"] == "female"
    observed = expected = variance = 0.0
    for month in sorted(patients.loc[patients["event"] == 1, "months"].unique()):
        at_risk = (patients["entered"] < month) & (patients["months"] >= month)
        died = at_risk & (patients["months"] == month) & (patients["event"] == 1)
        n, n_girls, d = at_risk.sum(), (at_risk & girls).sum(), died.sum()
        observed += (died & girls).sum()
        expected += d * n_girls / n
        variance += d * (n_girls / n) * (1 - n_girls / n) * (n - d) / (n - 1) if n > 1 else 0.0
    assert shown.result.overall is not None
    assert shown.result.overall.statistic == pytest.approx((observed - expected) ** 2 / variance, rel=1e-9)


def test_follow_up_is_the_median_of_the_reversed_curve() -> None:
    shown = show_with(SITE)
    patients, _ = analysed(REFERENCE, SITE, CohortFilter(), SITE.defaults(cohort_of(REFERENCE)))
    fitted = KaplanMeierFitter().fit(patients["months"], 1 - patients["event"])
    assert shown.result.median_follow_up.value == pytest.approx(fitted.median_survival_time_, rel=1e-9)


@pytest.mark.parametrize("strata", ["sex", "age_group", "mrd_day46", "relapse_timing_cog", "cns_status"])
@pytest.mark.parametrize(
    ("analysis", "params"),
    [
        (SITE, {"site": "marrow_relapse"}),
        (SITE, {"site": "relapse_site_group"}),
        (VARIABLE, {"by": "hsct_group"}),
        (VARIABLE, {"by": "thrombocytopenia", "endpoint": "os_diagnosis"}),
    ],
    ids=["marrow", "site", "hsct", "diagnosis"],
)
@pytest.mark.parametrize(("test", "weight_type"), [("logrank", None), ("tarone-ware", "tw")])
def test_stratified_tests_equal_those_of_statsmodels(
    analysis: Analysis, params: dict[str, Any], strata: str, test: str, weight_type: str | None
) -> None:
    if params.get("endpoint") == "os_diagnosis" and strata == "relapse_timing_cog":
        params = params | {"endpoint": "os_relapse"}
    params = analysis.defaults(cohort_of(REFERENCE)) | params | {"strata": strata, "test": test}
    shown = show(analysis, cohort_of(REFERENCE), CohortFilter(), params)
    patients, _ = analysed(REFERENCE, analysis, CohortFilter(), params)
    options = {} if weight_type is None else {"weight_type": weight_type}
    statistic, p_value = survdiff(
        patients["months"], patients["event"], patients["group"], strata=patients[strata], **options
    )
    assert shown.result.overall is not None
    assert shown.result.overall.method.startswith("stratified")
    assert shown.result.overall.statistic == pytest.approx(statistic, rel=1e-9)
    assert shown.result.overall.p_value == pytest.approx(p_value, rel=1e-9)


@pytest.mark.parametrize(
    ("test", "options"),
    [
        ("peto", {"weightings": "peto"}),
        ("tarone-ware", {"weightings": "tarone-ware"}),
        ("late", {"weightings": "fleming-harrington", "p": 0, "q": 1}),
    ],
)
@pytest.mark.parametrize("site", ["relapse_site_group", "marrow_relapse"])
def test_weighted_tests_equal_those_of_lifelines(site: str, test: str, options: dict[str, Any]) -> None:
    shown = show_with(SITE, site=site, test=test)
    params = SITE.defaults(cohort_of(REFERENCE)) | {"site": site}
    patients, _ = analysed(REFERENCE, SITE, CohortFilter(), params)
    expected = multivariate_logrank_test(patients["months"], patients["group"], patients["event"], **options)
    assert shown.result.overall is not None
    assert shown.result.overall.p_value == pytest.approx(expected.p_value, rel=1e-9)


def test_pairs_are_tested_on_their_own_patients_and_adjusted_by_holm() -> None:
    shown = show_with(SITE)
    patients, _ = analysed(REFERENCE, SITE, CohortFilter(), SITE.defaults(cohort_of(REFERENCE)))
    p_values = []
    for pair in shown.result.pairwise:
        some = patients[patients["group"].isin([pair.group_a, pair.group_b])]
        expected = multivariate_logrank_test(some["months"], some["group"], some["event"]).p_value
        assert pair.test.p_value == pytest.approx(expected, rel=1e-9)
        p_values.append(expected)
    order = np.argsort(p_values)
    holm = np.maximum.accumulate([(3 - i) * p_values[j] for i, j in enumerate(order)])
    assert [shown.result.pairwise[j].p_adjusted for j in order] == pytest.approx(np.minimum(holm, 1), rel=1e-9)


# Choices


def test_a_stratification_without_groups_leaves_nobody_out() -> None:
    alone = show_with(VARIABLE, by=EVERYONE, strata="etv6_runx1", endpoint="os_diagnosis")
    assert alone.result.frame.n == 436 and alone.result.overall is None and alone.result.frame.strata is None


def test_groups_are_not_stratified_by_themselves() -> None:
    shown = show_with(VARIABLE, by="sex", strata="sex")
    assert shown.result.frame.strata is None
    assert shown.result.overall is not None and "stratified" not in shown.result.overall.method


@pytest.mark.parametrize(
    ("analysis", "params", "codes"),
    [
        (SITE, {}, set()),
        (VARIABLE, {"by": "salvage_treatment"}, {"post-baseline"}),
        (VARIABLE, {"by": "second_remission"}, {"post-baseline"}),
        (VARIABLE, {"by": "mrd_day46"}, set()),
        (VARIABLE, {"by": "mrd_day46", "endpoint": "os_diagnosis"}, {"post-baseline"}),
        (VARIABLE, {"by": "relapse_site", "endpoint": "os_diagnosis"}, {"post-baseline"}),
        (VARIABLE, {"by": "sex", "endpoint": "os_diagnosis"}, set()),
    ],
)
def test_groups_that_form_after_the_start_come_with_a_warning(
    analysis: Analysis, params: dict[str, Any], codes: set[str]
) -> None:
    notes = show_with(analysis, **params).notes
    assert {note.code for note in notes if note.severity == "warning"} == codes


def test_isolated_is_not_said_to_be_free_of_disease_in_the_marrow() -> None:
    assert "isolated-is-not-marrow-free" in {note.code for note in show_with(SITE).notes}


@pytest.mark.parametrize(
    ("analysis", "column"),
    [
        (SITE, "relapse_site"),
        (SITE, "os_relapse_event"),
        (VARIABLE, "os_event"),
    ],
)
def test_what_a_cohort_must_have_is_asked_for(analysis: Analysis, column: str) -> None:
    assert any(column in names for names in analysis.requires)


def test_endpoints_are_those_whose_clock_the_page_speaks_of() -> None:
    cohort = cohort_of(REFERENCE)
    offered = {
        analysis.slug: dict(next(c for c in analysis.controls(cohort) if c.name == "endpoint").options)
        for analysis in SURVIVAL
    }
    assert offered[VARIABLE.slug] == {
        "os_relapse": "OS from first relapse",
        "efs_relapse": "EFS from first relapse",
        "os_diagnosis": "OS from diagnosis",
        "efs_diagnosis": "EFS from diagnosis",
        "os_salvage": "OS from start of salvage treatment",
        "os_cart": "OS from CAR-T infusion",
        "os_hsct": "OS from HSCT",
        "os_relapse_after_hsct": "OS from first relapse, entering at HSCT",
    }
    # Where the leukaemia came back is not known at diagnosis.
    assert set(offered[VARIABLE.slug]) - set(offered[SITE.slug]) == {"os_diagnosis", "efs_diagnosis"}
    assert all(analysis.defaults(cohort)["endpoint"] == "os_relapse" for analysis in SURVIVAL)


def test_endpoints_are_offered_as_far_as_a_file_has_their_columns() -> None:
    frame = patients_of(REFERENCE)[["patient_id", "sex", "age_years", "os_days", "os_event"]]
    cohort = open_cohort(frame)
    params = VARIABLE.defaults(cohort)
    assert params["endpoint"] == "os_diagnosis"
    assert [c.options for c in VARIABLE.controls(cohort) if c.name == "endpoint"] == [
        (("os_diagnosis", "OS from diagnosis"),)
    ]
    check_shown(show(VARIABLE, cohort, CohortFilter(), params))


def test_a_cohort_without_any_endpoint_cannot_choose_one() -> None:
    cohort = open_cohort(patients_of(REFERENCE)[["patient_id", "age_years"]])
    with pytest.raises(ValueError, match="has the columns of no endpoint from relapse on"):
        endpoint_control(cohort, after="relapse")


def test_only_delayed_entry_is_explained() -> None:
    for endpoint in ENDPOINTS:
        codes = {note.code for note in show_with(VARIABLE, by="sex", endpoint=endpoint).notes}
        assert ("delayed-entry" in codes) == (endpoint == "os_relapse_after_hsct")


def test_a_cohort_without_the_columns_is_told_which() -> None:
    cohort = open_cohort(patients_of(REFERENCE)[["patient_id", "age_years", "relapsed"]])
    assert SITE.missing(cohort) == ("os_relapse_days", "os_relapse_event", "relapse_site")


# Sentences and tables


def test_sentences_on_the_site_of_relapse() -> None:
    said = [plain(text) for text in show_with(SITE).sentences]
    # Four children with combined relapse are followed for a year: fewer than five, so no later year is quoted.
    assert said[0].startswith(
        "Isolated marrow: an estimated 83.9 % (95 % interval 67.5–92.5 %) were alive 1 year after"
    )
    assert said[1].startswith("Isolated extramedullary: none of 12 children died; 10 were still followed 1 year after")
    assert "with 10 children followed so long, chance could hide a mortality of up to 25.9 % by then" in said[1]
    assert said[2].startswith("Combined: an estimated 66.7 %")
    assert said[3].startswith("Isolated marrow, isolated extramedullary and combined: log-rank test, p = 0.038.")


def test_sentences_on_events_do_not_speak_of_deaths() -> None:
    shown = show_with(SITE, endpoint="efs_relapse")
    said = [plain(text) for text in shown.sentences]
    assert said[0].startswith("Isolated marrow: an estimated ")
    assert " were alive without an event 1 year after first relapse; " in said[0]
    assert not any("died" in text or "death" in text or "mortality" in text for text in said)
    assert [h.label for h in shown.headlines][:2] == ["Children", "Events"]
    table = shown.tables[0]
    assert table.title == "Event-free survival from first relapse"
    assert table.columns[:3] == ("Group", "Events", "Median (months)")
    assert table.help[2].replace("\u00a0", " ") == "Time by which half have had an event (95 % interval)"
    assert table.help[3].startswith("Alive without an event 1 year after first relapse")
    figure = shown.figure
    assert figure.layout.yaxis.title.text.startswith("Event-free survival")


def test_groups_that_mean_nothing_alone_are_named_with_their_variable() -> None:
    shown = show_with(VARIABLE, by="mrd_day46")
    said = shown.sentences
    assert said[0].startswith("MRD on day 46, negative (< 0.01 %): an estimated")
    assert said[2].startswith("MRD on day 46, negative (< 0.01 %) and positive (≥ 0.01 %): log-rank test, p ")
    assert "MRD on day 46, positive (≥ 0.01 %): " in shown.alt_text
    alone = show_with(VARIABLE, by=EVERYONE)
    assert alone.sentences[0].startswith("Everyone: an estimated")


def test_a_group_without_children_has_dashes() -> None:
    shown = show_with(SITE, Clause("relapse_site", ("isolated CNS",)))
    table = shown.tables[0]
    cells = {row[0]: row[1:] for row in table.rows}
    assert set(cells["isolated marrow"][1:]) == {"–"}
    assert "not reached" in cells["isolated extramedullary"]


def test_nobody_left_says_so_without_numbers() -> None:
    shown = show_with(SITE, Clause("platelets", low=1999))
    assert shown.sentences == ()
    assert shown.headline("Median follow-up") == "–"
    assert shown.headline("p (log-rank test)") == "–"
    helps = {h.label: h.help for h in shown.headlines}
    assert helps["Median follow-up"] == "By the reverse Kaplan–Meier method. No children."


def test_files_hold_the_numbers_of_the_page() -> None:
    shown = show_with(SITE)
    frames = shown.files
    estimates = frames["estimates"].set_index(["term", "group"])
    row = estimates.loc[("survival at 3 years", "isolated marrow")]
    assert row[["n", "n_risk", "n_event"]].tolist() == [46, 19, 8]
    assert row["estimate"] == shown.result.milestones[0][1].value
    assert ("survival at 1 year", "isolated marrow") in estimates.index
    assert estimates.loc[("log-rank test", "overall"), "p_value"] == shown.result.overall.p_value
    last = frames["curves"].groupby("group").last()
    assert last.loc["isolated marrow", "survival"] == shown.result.curves.curves[0].estimate[-1]


# What is known only after the clock has started


@pytest.mark.parametrize(
    ("clause", "warned"),
    [
        (Clause("salvage_treatment", ("HSCT",)), True),
        (Clause("second_relapse", ("no",)), True),
        (Clause("relapse_timing_bfm", ("early",)), False),
        (Clause("sex", ("female",)), False),
    ],
)
def test_filters_on_the_future_are_warned_of(clause: Clause, warned: bool) -> None:
    shown = show_with(SITE, clause)
    codes = {note.code: note.severity for note in shown.notes}
    assert codes.get("post-baseline-selection") == ("warning" if warned else None)


def test_strata_of_the_future_are_warned_of() -> None:
    shown = show_with(SITE, strata="second_remission")
    note = next(note for note in shown.notes if note.code == "post-baseline-adjustment")
    assert "Second remission" in note.text and "compared within its levels" in note.text


def test_a_test_between_groups_of_the_future_says_so() -> None:
    assert "immortal time" in show_with(VARIABLE, by="hsct_group").sentences[-1]
    assert "immortal time" not in " ".join(show_with(SITE).sentences)


def test_curves_within_levels_are_those_of_the_selection_of_each_level() -> None:
    params = {"by": "immunophenotype", "endpoint": "os_diagnosis"}
    assert not show_with(VARIABLE, **params).pictures
    (picture,) = show_with(VARIABLE, strata="sex", policy=True, **params).pictures
    assert picture.title == "Within levels of sex"
    panels = [t for t in picture.figure.to_dict()["data"] if t.get("line", {}).get("shape") == "hv"]
    for axis, level in (("x", "female"), ("x2", "male")):
        alone = show_with(VARIABLE, Clause("sex", (level,)), policy=True, **params).figure
        drawn = [t for t in alone.to_dict()["data"] if t.get("line", {}).get("shape") == "hv"]
        within = [t for t in panels if t["xaxis"] == axis]
        assert [(t["x"], t["y"], t["line"]) for t in within] == [(t["x"], t["y"], t["line"]) for t in drawn]
