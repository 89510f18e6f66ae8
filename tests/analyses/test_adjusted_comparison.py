"""The adjusted comparison from file to sentence: against weights, models and curves fitted elsewhere, and its refusals."""

from __future__ import annotations

import math
import re
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.reporting.reasons import say_reason
from tests.analyses.shown import (
    DAYS_PER_MONTH,
    FILES,
    REFERENCE,
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

ANALYSIS = analysis_of("adjusted-comparison")
show_adjusted = partial(show_with, ANALYSIS)
DAYS_OF = {"hsct": "hsct_days", "cart": "cart_days"}
LABEL_OF = {"hsct": "HSCT", "cart": "CAR-T"}


def followed(file: str, cohort_filter: CohortFilter, params: dict[str, Any]) -> pd.DataFrame:
    """The children at the landmark with their group, selected with pandas."""
    frame = select(patients_of(file), cohort_filter)
    endpoint = cohort_of(file).dictionary.endpoint(params["endpoint"])
    day, label = DAYS_OF[params["history"]], LABEL_OF[params["history"]]
    if params.get("relapses") == "marrow":
        frame = frame[frame["marrow_relapse"] == "marrow"]
    frame = frame.dropna(subset=[endpoint.time, endpoint.event, *params["balance"]])
    frame = frame[~((frame["salvage_treatment"] == label) & frame[day].isna())]
    frame = frame[frame[endpoint.time] > params["landmark"]]
    if "second_relapse_days" in frame:
        frame = frame[~(frame["second_relapse_days"] <= params["landmark"])]
    return frame.assign(
        months=frame[endpoint.time] / DAYS_PER_MONTH,
        had=frame[endpoint.event].astype(int),
        treated=(frame[day] <= params["landmark"]).astype(int),
    )


def weights_of(frame: pd.DataFrame, balance: tuple[str, ...], estimand: str) -> np.ndarray:
    """Propensity weights from a logistic model of statsmodels."""
    design = pd.get_dummies(frame[list(balance)], drop_first=True).astype(float)
    score = sm.Logit(frame["treated"], sm.add_constant(design)).fit(disp=0, tol=1e-12).predict()
    treated, share = frame["treated"].to_numpy() == 1, frame["treated"].mean()
    if estimand == "ate":
        return np.where(treated, share / score, (1 - share) / (1 - score))
    return np.where(treated, 1.0, score / (1 - score)) if estimand == "att" else np.where(treated, 1 - score, score)


@pytest.mark.parametrize("file", FILES)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_selection_is_shown_and_counted_right(file: str, data: st.DataObject) -> None:
    cohort = cohort_of(file)
    cohort_filter = data.draw(filters(file), label="filter")
    params = data.draw(params_of(ANALYSIS, cohort), label="params")
    shown = show(ANALYSIS, cohort, cohort_filter, params)
    check_shown(shown)
    patients = followed(file, cohort_filter, params)
    at_landmark = int(shown.headline("At the landmark").split(" ")[0])
    assert at_landmark == len(patients)
    assert (shown.result.unadjusted.n_treated, shown.result.unadjusted.n_event) == (
        patients["treated"].sum(),
        patients["had"].sum(),
    )
    assert (shown.result.treated @ shown.result.counts, shown.result.counts.sum()) == (
        patients["treated"].sum(),
        len(patients),
    )
    assert at_landmark + sum(n for _, n in shown.left_out) == cohort.count(cohort_filter)
    assert (shown.result.weighted is None) == (shown.result.reason is not None) == (shown.result.curves is None)


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_everyone_by_every_choice(file: str) -> None:
    cohort = cohort_of(file)
    for control in ANALYSIS.controls(cohort):
        for value in choices_of(control):
            params = ANALYSIS.defaults(cohort) | {control.name: value}
            check_shown(show(ANALYSIS, cohort, CohortFilter(), params))


@pytest.mark.parametrize("estimand", ["ate", "att", "overlap"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"relapses": "all", "landmark": 150},
        {"endpoint": "efs_relapse", "balance": ("relapse_timing_bfm",)},
        {"history": "cart", "relapses": "all", "balance": ("relapse_timing_bfm",)},
    ],
    ids=["default", "all", "efs", "cart"],
)
def test_ratio_and_curves_equal_those_fitted_elsewhere(params: dict[str, Any], estimand: str) -> None:
    params = ANALYSIS.defaults(cohort_of(REFERENCE)) | params | {"weights": estimand}
    shown = show(ANALYSIS, cohort_of(REFERENCE), CohortFilter(), params)
    assert shown.result.reason is None and shown.result.weighted is not None and shown.result.curves is not None
    patients = followed(REFERENCE, CohortFilter(), params)
    weights = weights_of(patients, params["balance"], estimand)
    sizes = [
        weights[patients["treated"] == arm].sum() ** 2 / (weights[patients["treated"] == arm] ** 2).sum()
        for arm in (1, 0)
    ]
    assert [arm.effective_n for arm in shown.result.propensity.arms] == pytest.approx(sizes, rel=1e-5)

    # The robust errors of lifelines differ a little from R's.
    data = pd.DataFrame({"t": patients["months"], "e": patients["had"], "x": patients["treated"], "w": weights})
    fitted = CoxPHFitter().fit(data, "t", "e", weights_col="w", robust=True, fit_options={"precision": 1e-12})
    term = shown.result.weighted.terms[1]
    assert math.log(term.ratio.value) == pytest.approx(fitted.params_["x"], rel=1e-5)
    # That of the stacked equations (against R in the tests of the estimator), where it is the larger: events are few.
    given = fitted.standard_errors_["x"]
    assert shown.result.unadjusted.n_event < 40 and term.ratio.std_error > 0.998 * given
    assert term.ratio.std_error == pytest.approx(given, rel=2e-3 if term.ratio.std_error < 1.002 * given else 0.2)
    crude = CoxPHFitter().fit(data.drop(columns="w"), "t", "e", fit_options={"precision": 1e-12})
    assert math.log(shown.result.unadjusted.hazard_ratio.terms[1].ratio.value) == pytest.approx(
        crude.params_["x"], rel=1e-5
    )

    for arm, curve in enumerate(shown.result.curves.curves):
        some = data[data["x"] == arm]
        steps = [
            1 - some["w"][(some["t"] == t) & (some["e"] == 1)].sum() / some["w"][some["t"] >= t].sum()
            for t in curve.time
        ]
        assert curve.estimate == pytest.approx(np.cumprod(steps), rel=1e-5)
        assert (curve.n, curve.n_event) == (len(some), some["e"].sum())


def test_the_e_value_is_that_of_the_weighted_ratio() -> None:
    """By the formula for a common event: RR = (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)), E = RR + sqrt(RR (RR - 1))."""
    shown = show_adjusted()
    ratio = shown.result.weighted.terms[1].ratio.value
    assert max(1 - curve.estimate[-1] for curve in shown.result.unadjusted.curves.curves) > 0.15
    risk = (1 - 0.5 ** math.sqrt(ratio)) / (1 - 0.5 ** math.sqrt(1 / ratio))
    expected = risk + math.sqrt(risk * (risk - 1))
    row = next(row for row in shown.tables[0].rows if row[0] == "weighted")
    assert row[-2:] == (f"{expected:.2f}", "1.00")


def test_headlines_of_the_reference_cohort() -> None:
    shown = show_adjusted()
    part = {h.label: plain(h.value) for h in shown.headlines}
    assert part == {
        "At the landmark": "46 of 52",
        "Treated and not yet": "27 and 19",
        "Effective sizes": "26 and 18",
        # Nine deaths are too few for a ratio at the top.
        "Deaths, not yet transplanted · HSCT": "4 of 19 · 5 of 27",
    }


def test_sentences_of_the_reference_cohort() -> None:
    said = [plain(text) for text in show_adjusted().sentences]
    assert said == [
        "On day 180 after relapse 46 of 52 children were alive and followed, with every chosen variable on record; 27 had been "
        "given HSCT by then, 19 had not.",
        "From day 180 on, unweighted: treatment, HSCT against not yet transplanted: the hazard of death from any cause was 1.09 "
        "times as high, and the interval includes 1, "
        "the value of no difference (95 % interval 0.29–4.41; any ratio in it could have been missed), not adjusted; "
        "p = 0.897; an "
        "association, not an effect. 5 of 27 in the model died.",
        "From day 180 on, weighted to all children at the landmark: treatment, HSCT against not yet transplanted: the hazard of "
        "death from any cause was 1.23 times as high, and the interval includes 1, "
        "the value of no difference (95 % interval 0.34–4.41; any ratio in it could have been missed), "
        "adjusted for time of relapse (BFM) and second remission (CR2); p = 0.748; an association, not an effect. 5 of 27 in "
        "the model died.",
        "An unmeasured cause would have to go with both HSCT by the landmark and death from any cause by a ratio of risks of "
        "1.58 each to explain the weighted hazard ratio of HSCT against not yet transplanted away (E-value); the interval "
        "includes no association already.",
        "After weighting the groups differ by at most 0.01 standard deviations in what was chosen; in what is not on record "
        "they may differ by any amount, so this is an association.",
    ]


# Refusals


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"balance": ()}, "no variable is chosen"),
        ({"landmark": 90}, "only 4 children treated: at least 10 are needed in each arm"),
        ({"landmark": 30}, "nobody was treated"),
        ({"history": "cart"}, "11 children in the smaller arm for 3 parameters"),
        (
            {"relapses": "all", "balance": ("relapse_site_group",)},
            "none of the 11 children with Site of relapse, grouped: isolated extramedullary were treated",
        ),
    ],
    ids=["nothing", "few", "nobody", "parameters", "separation"],
)
def test_where_groups_cannot_be_weighted_the_reason_stands_in_place_of_the_result(
    params: dict[str, Any], why: str
) -> None:
    shown = show_adjusted(**params)
    assert why in say_reason(shown.result.reason)
    (note,) = [n for n in shown.notes if n.code == "not-weighted"]
    assert note.severity == "warning" and why in note.text
    ratios = [
        plain(h.value) for h in shown.headlines if h.label.startswith("Hazard ratio") and h.label.endswith(" weighted")
    ]
    assert set(ratios) <= {"–"}, "none where the events are few, else a dash"
    assert shown.headline("Effective sizes") == "–"
    assert shown.result.weighted is None and shown.result.curves is None
    rows = {row[0]: row for row in shown.tables[0].rows}
    assert rows["weighted"][1] == "–" and why in rows["weighted"][2]
    assert all("unweighted" in row[0] for row in shown.tables[1].rows)
    assert set(shown.files["curves"]["weighting"]) <= {"none"}
    drawn = {t.get("name") for t in shown.figure.to_dict()["data"]}
    assert not any(name and "unweighted" in name for name in drawn)
    assert "measured-causes-only" not in {n.code for n in shown.notes}


def test_the_unweighted_curves_are_drawn_behind_the_weighted() -> None:
    drawn = [t.get("name") for t in show_adjusted().figure.to_dict()["data"]]
    assert {"HSCT, unweighted", "not yet transplanted, unweighted", "HSCT", "not yet transplanted"} <= set(drawn)


def test_balance_is_drawn_before_and_after_and_scores_overlap() -> None:
    balance, overlap = show_adjusted().pictures
    assert plain(balance.alt_text) == ("Largest standardised difference before weighting 0.26, after weighting 0.01.")
    assert "HSCT: from 37 % to 67 %" in plain(overlap.alt_text)
    assert "2 % of the children lie where the other group has nobody" in plain(overlap.alt_text)
    bars = [t for t in overlap.figure.to_dict()["data"] if t["type"] == "bar"]
    assert [abs(sum(t["y"])) for t in bars] == [27, 19]


# Notes


def test_what_became_known_after_relapse_is_taken_with_care() -> None:
    (note,) = [n for n in show_adjusted().notes if n.code == "balanced-after-start"]
    assert note.severity == "caution" and "second remission (CR2)" in note.text and "day 180" in note.text
    assert "balanced-after-start" not in show_adjusted(balance=("relapse_timing_bfm",)).codes
    offered = dict(next(c for c in ANALYSIS.controls(cohort_of(REFERENCE)) if c.name == "balance").options)
    assert not {"salvage_treatment", "hsct_group", "second_relapse"} & set(offered)


def test_few_events_after_the_landmark_and_unmeasured_causes_are_named() -> None:
    found = {n.code: n for n in show_adjusted().notes}
    assert found["few-events"].text.startswith("Only 9 deaths after the landmark")
    assert "Donors" in found["measured-causes-only"].text and "association" in found["measured-causes-only"].text


def test_children_without_a_chosen_variable_are_counted_once() -> None:
    shown = show_adjusted(balance=("relapse_timing_bfm", "mrd_after_reinduction", "bcr_abl1"), relapses="all")
    frame = patients_of(REFERENCE)
    relapsed = frame[frame["os_relapse_days"].notna()]
    unknown = int(relapsed[["relapse_timing_bfm", "mrd_after_reinduction", "bcr_abl1"]].isna().any(axis=1).sum())
    (note,) = [n for n in shown.notes if n.code == "incomplete-cases"]
    assert note.text.startswith(f"{unknown} of {len(relapsed)} children")
    losses = [loss for loss in shown.used.losses if loss.kind == "complete"]
    assert sum(loss.n for loss in losses) == unknown
    assert "MRD after reinduction: not reached, or unknown" in {loss.text for loss in losses}


def test_a_filter_on_the_future_is_warned_of() -> None:
    shown = show_adjusted(Clause("salvage_treatment", ("HSCT",)))
    assert {n.severity for n in shown.notes if n.code == "post-baseline-selection"} == {"warning"}


def test_the_file_holds_both_ratios_the_balance_and_both_curves() -> None:
    frames = show_adjusted(weights="overlap").files
    assert list(frames["estimates"]["term"]) == ["hazard ratio, unweighted", "hazard ratio, weighted"]
    assert list(frames["estimates"]["estimand"]) == [None, "overlap"]
    assert set(frames["curves"]["weighting"]) == {"none", "overlap"}
    assert frames["balance"]["smd_after"].abs().max() < 1e-6
    assert {"variable", "level", "smd_before", "smd_after"} <= set(frames["balance"])


def test_a_file_with_the_days_of_one_treatment_offers_that_alone() -> None:
    columns = ["patient_id", "relapsed", "relapse_days", "os_relapse_days", "os_relapse_event", "cart_days", "sex"]
    cohort = open_cohort(patients_of(REFERENCE)[columns])
    (history,) = [c for c in ANALYSIS.controls(cohort) if c.name == "history"]
    assert [value for value, _ in history.options] == ["cart"]
    params = ANALYSIS.defaults(cohort)
    assert params["balance"] == ()
    check_shown(show(ANALYSIS, cohort, CohortFilter(), params))


def test_no_sentence_says_that_treatment_did_it() -> None:
    for params in ({}, {"weights": "att"}, {"history": "cart"}):
        for text in show_adjusted(**params).sentences:
            assert not re.search(r"\b(improve|benefit|because of|due to|effect of|reduces|saves)", text), text


def test_a_second_relapse_by_the_landmark_leaves_both_groups() -> None:
    cohort = cohort_of(REFERENCE)
    patients = patients_of(REFERENCE)
    marrow = patients[(patients["marrow_relapse"] == "marrow") & (patients["relapsed"] == 1)]
    early = marrow[marrow["second_relapse_days"] <= 240]
    assert len(early) > 0
    shown = show_adjusted(landmark=240)
    (note,) = [n for n in shown.notes if n.code == "second-relapse"]
    assert note.text.startswith(f"{len(early)} child{'ren are' if len(early) > 1 else ' is'} left out of both groups")
    assert ("second relapse by day 240", len(early)) in shown.left_out
    # It is no filter of the reader's, so no note speaks of one that is known too late.
    assert "post-baseline-filter" not in {n.code for n in shown.notes}
    assert (
        shown.result.data.conditions
        == show(ANALYSIS, cohort, CohortFilter(), ANALYSIS.defaults(cohort)).result.data.conditions
    )
