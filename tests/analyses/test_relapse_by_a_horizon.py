"""Odds of relapse by a horizon, and the curves beside the odds ratios."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analytics.cohort import Cohort, open_cohort
from analytics.frames import Unfinished
from analytics.reporting.relapse import say_unfinished
from tests.analyses.relapse_models import PREDICTORS, PUBLISHED, by_horizon, design_of, show_predictors
from tests.analyses.shown import (
    REFERENCE,
    check_shown,
    cohort_of,
    patients_of,
)

# By a horizon


def censoring_weights(everyone: pd.DataFrame, years: int) -> pd.Series:
    """One over the probability of still being followed just before relapse, death or the horizon, 0 where lost before."""
    horizon = 365.25 * years
    days = everyone["relapse_days"].where(everyone["relapsed"] == 1, everyone["os_days"])
    has_event = (everyone["relapsed"] == 1) | (everyone["os_event"] == 1)
    is_lost = ~has_event & (days < horizon)
    weights = []
    for day, lost in zip(days, is_lost, strict=True):
        free = 1.0
        for moment in sorted(set(days[is_lost])):
            if moment < min(day, horizon):
                at_risk = ((days > moment) | ((days == moment) & ~has_event)).sum()
                free *= 1 - (is_lost & (days == moment)).sum() / at_risk
        weights.append(0.0 if lost else 1 / free)
    return pd.Series(weights, index=everyone.index)


@pytest.mark.slow
@pytest.mark.parametrize("years", [1, 2, 3, 5])
def test_odds_ratios_within_some_years_equal_those_of_statsmodels_with_weights(years: int) -> None:
    shown = show_predictors(horizon=str(years))
    complete = patients_of(REFERENCE).dropna(subset=["relapsed", *PUBLISHED])
    weights = censoring_weights(complete, years)
    assert weights.sum() == pytest.approx(len(complete)) and weights.max() < 1.2
    patients = by_horizon(complete, str(years))
    assert (weights > 0).sum() == len(patients) < len(complete)
    design = design_of(patients, PUBLISHED, cohort_of(REFERENCE))
    weighted = sm.GLM(
        patients["relapsed"], design, family=sm.families.Binomial(), freq_weights=weights[patients.index]
    ).fit(tol=1e-14, maxiter=200)
    assert shown.result.multivariable.method == "ipcw" and shown.result.multivariable.conf_type == "wald"
    values = [t.odds_ratio.value for t in shown.result.multivariable.terms if not t.is_reference]
    assert values == pytest.approx(np.exp(weighted.params.iloc[1:]).tolist(), rel=1e-6)
    check_shown(shown)


def test_a_horizon_that_every_child_reached_needs_no_weights() -> None:
    patients = patients_of(REFERENCE)
    followed = by_horizon(patients, "3")["patient_id"]
    source = open_cohort(patients[patients["patient_id"].isin(followed)])
    shown = show_predictors(source=source, horizon="3")
    assert shown.result.data.weighed is None and shown.result.multivariable.method == "ml"
    assert shown.result.multivariable.conf_type == "profile" and shown.result.data.horizon.n_not_followed == 0
    assert "not-followed-to-horizon" not in {note.code for note in shown.notes}
    known = by_horizon(patients, "3").dropna(subset=["relapsed", *PUBLISHED])
    fitted = sm.Logit(known["relapsed"], design_of(known, PUBLISHED, source)).fit(disp=0, tol=1e-14, maxiter=200)
    values = [t.odds_ratio.value for t in shown.result.multivariable.terms if not t.is_reference]
    assert values == pytest.approx(np.exp(fitted.params.iloc[1:]).tolist(), rel=1e-6)
    check_shown(shown)


def test_what_is_unfinished_at_any_time_is_said_beside_the_figure() -> None:
    shown = show_predictors()
    patients = patients_of(REFERENCE)
    free = patients[patients["relapsed"] == 0]
    died = int(free["os_event"].sum())
    short = int(((free["os_event"] == 0) & (free["os_days"] < 365.25 * 5)).sum())
    assert died and short
    assert shown.caption.startswith(
        f"Of the {len(free)} children who count as not relapsed, {died} died in remission and {short} were followed for less "
        "than 5 years"
    )


def test_one_unfinished_child_is_said_as_one() -> None:
    assert say_unfinished(Unfinished(1, 0, 0, 1), 5).startswith(
        "Of the one child who counts as not relapsed, 1 was followed for less than 5 years: they had less chance"
    )


def test_what_a_horizon_leaves_open_is_said_beside_the_figure() -> None:
    shown = show_predictors(horizon="5", fit="firth")
    assert shown.caption.replace("\u00a0", " ").startswith(
        "Beside the 418 children whose outcome is known, 18 without relapse were not followed for 5 years: weights stand for "
        "them. 14 children died in first remission within 5 years and count as not relapsed."
    )
    assert shown.headline("Fitted by") == "weights for follow-up"
    assert "firth-without-weights" in {note.code for note in shown.notes}
    html = shown.figure.html
    assert "inverse probability of censoring" in html and ">Wald<" in html
    # A share of those whose outcome is known would be one of a selection.
    counts = re.findall(r'class="forest-count">([^<]*)<', html)
    assert len(counts) == 8 and all(re.fullmatch(r"[0-9]+ of [0-9]+", text) for text in counts)
    assert shown.tests[0].name.startswith("robust Wald test of ")


def test_a_level_without_relapse_by_a_horizon_has_a_reason() -> None:
    patients = patients_of(REFERENCE).copy()
    days = patients["relapse_days"].fillna(np.inf)
    patients = patients[~((patients["bcr_abl1"] == "positive") & (days < 365.25 * 3))]
    shown = show_predictors(source=open_cohort(patients), horizon="3", factors=("bcr_abl1", "sex"))
    assert shown.result.data.weighed is not None
    by_level = {(t.variable, t.level): t for t in shown.result.multivariable.terms}
    ratio = by_level["bcr_abl1", "positive"].odds_ratio
    assert ratio.value is None and ratio.reason.code == "none-with-event"
    assert by_level["sex", "male"].odds_ratio.value or by_level["sex", "female"].odds_ratio.value
    check_shown(shown)


def test_any_time_is_the_default_and_reproduces_the_published_model() -> None:
    usual = show_predictors()
    stated = show_predictors(horizon="any")
    assert usual.result.data.horizon is None and usual.result.multivariable == stated.result.multivariable
    assert "not-followed-to-horizon" not in {note.code for note in usual.notes}


def timed(rows: Sequence[tuple[str, int, float | None, float, int]]) -> Cohort:
    """A cohort of (sex, relapsed, day of relapse, days of follow-up, died)."""
    frame = pd.DataFrame(rows, columns=["sex", "relapsed", "relapse_days", "os_days", "os_event"])
    return open_cohort(frame.assign(patient_id=[f"P{i}" for i in range(len(frame))]))


def test_who_counts_by_a_horizon_of_two_years() -> None:
    """Relapse before, on and after day 730.5; followed less, exactly and longer; death before and after."""
    rows = [
        ("female", 1, 700.0, 2000.0, 0),  # relapsed
        ("female", 1, 731.0, 2000.0, 0),  # not yet: relapse came later
        ("male", 1, 100.0, 200.0, 1),  # relapsed, though followed for a short time
        ("male", 0, None, 730.0, 0),  # not known: the others count for this child
        ("male", 0, None, 731.0, 0),  # followed long enough
        ("male", 0, None, 300.0, 1),  # died in remission: not relapsed
        ("female", 0, None, 900.0, 1),  # alive without relapse at two years
    ]
    shown = show_predictors(source=timed(rows), factors=("sex",), horizon="2")
    assert (shown.result.multivariable.n, shown.result.multivariable.n_event) == (6, 2)
    assert (shown.result.data.horizon.n_not_followed, shown.result.data.horizon.n_competing) == (1, 1)
    assert shown.left_out == (("not followed for 2 years, no relapse: represented by weights", 1),)
    notes = {note.code: note for note in shown.notes}
    assert notes["not-followed-to-horizon"].severity == "caution"
    assert (
        notes["not-followed-to-horizon"]
        .text.replace("\u00a0", " ")
        .startswith("1 of 7 children (14 %) was without relapse but not followed for 2 years. To drop this child would")
    )
    assert notes["deaths-not-relapsed"].text == (
        "1 child died in first remission within 2 years and counts as not relapsed."
    )
    assert "whenever it came" not in notes["odds-not-risk"].text
    check_shown(shown)


def test_sentences_and_figure_name_the_horizon() -> None:
    shown = show_predictors(horizon="3")
    said = shown.sentences[3]
    assert "the odds of relapse within 3 years were higher" in said
    assert said.endswith("16 of 40 in the model relapsed within 3 years.")
    assert "Relapsed by 3 y, of all" in shown.figure.html
    assert "relapse within 3 years" in shown.alt_text


def test_a_file_without_times_offers_neither_horizon_nor_curves() -> None:
    cohort = open_cohort(patients_of(REFERENCE)[["patient_id", "relapsed", "sex"]])
    controls = {c.name: c for c in PREDICTORS.controls(cohort)}
    assert [value for value, _ in controls["horizon"].options] == ["any"]
    assert [value for value, _ in controls["curve"].options] == ["first"]
    shown = show_predictors(source=cohort, factors=("sex",))
    assert shown.pictures == ()
    assert shown.files["incidence"].empty
    check_shown(shown)


# Beside the odds ratios: the curves


def test_curves_are_split_by_the_first_factor_with_levels_or_the_chosen_one() -> None:
    first = show_predictors(factors=("white_cells", "sex"))
    (picture,) = first.pictures
    assert picture.title == "Cumulative incidence of relapse by sex"
    chosen = show_predictors(factors=("white_cells", "sex"), curve="mrd_day46")
    (picture,) = chosen.pictures
    assert picture.title == "Cumulative incidence of relapse by MRD on day 46"
    assert "known only some weeks after diagnosis" in picture.caption
    numbers = show_predictors(factors=("white_cells",))
    assert numbers.pictures == ()


def test_the_table_of_incidences_equals_r() -> None:
    """Values of R's survfit and cmprsk, made by make_incidence_analysis_reference.R from the same file."""
    expected = json.loads((Path(__file__).parents[1] / "reference" / "incidence_analysis_reference.json").read_text())
    shown = show_predictors(curve="mrd_day46")
    table = shown.tables[0]
    assert table.rows[0][-1] == "<0.001" and expected["mrd_day46"]["gray"]["p_value"][0] < 0.001
    for row, level in zip(table.rows[1:], ("negative", "positive"), strict=True):
        values = expected["mrd_day46"]["incidence"][level]
        for cell, value, low, high in zip(row[2:5], values["estimate"], values["low"], values["high"], strict=True):
            part = f"{100 * value[0]:.1f} % ({100 * low[0]:.1f}–{100 * high[0]:.1f})"
            assert cell.replace("\u00a0", " ") == part
    rows = shown.files["incidence"]
    assert rows.loc[rows["term"] == "Gray’s test", "cause"].tolist() == ["relapse", "death in remission"]
