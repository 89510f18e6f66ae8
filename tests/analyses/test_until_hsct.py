"""CAR-T against none until HSCT: what is said of the censoring, HSCT as a competing event, and the weighted answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics.analyses import load_analyses
from analytics.estimators import weighted_until
from analytics.frames.treatment import CART
from analytics.results import treated_terms
from tests.analyses.shown import REFERENCE, Shown, analysis_of, check_shown, cohort_of, patients_of, show_with

ANALYSIS = analysis_of("survival-by-treatment")
PAGES = [analysis_of(slug) for slug in ("survival-by-treatment", "landmark", "naive-answer")]


def show_until(**choices: Any) -> Shown:
    shown = show_with(ANALYSIS, policy=True, **({"history": "cart-until-hsct"} | choices))
    check_shown(shown)
    return shown


@pytest.mark.parametrize("analysis", PAGES, ids=lambda a: a.slug)
def test_every_page_says_that_hsct_as_an_end_depends_on_the_prognosis(analysis: Any) -> None:
    patients = patients_of(REFERENCE)
    marrow = patients[(patients["marrow_relapse"] == "marrow") & patients["os_relapse_days"].notna()]
    n = int((marrow["hsct_days"] <= marrow["os_relapse_days"]).sum())
    for history, is_said in (("cart-until-hsct", True), ("cart", False), ("hsct", False)):
        shown = show_with(analysis, history=history)
        found = [note.text for note in shown.notes if note.code == "informative-censoring"]
        assert len(found) == is_said
        if is_said:
            assert found[0].startswith(f"The follow-up of {n} of {len(marrow)} children ends at HSCT. This depends on")


def test_hsct_as_a_competing_event_counts_each_child_once() -> None:
    shown = show_until(hsct_as="competing")
    (table,) = (t for t in shown.tables if t.title == "HSCT as a competing event")
    counts = {row[0]: int(row[1].split(" of ")[0]) for row in table.rows}
    data = shown.result.data
    transplanted = int(data.weight[data.whole.hsct_at <= data.whole.time].sum())
    assert counts["no CAR-T yet: HSCT"] + counts["CAR-T: HSCT"] == transplanted
    deaths = counts["no CAR-T yet: deaths without HSCT"] + counts["CAR-T: deaths without HSCT"]
    assert deaths == data.n_event == sum(term.n_event for term in shown.result.hazard.terms)
    # Where two or fewer are at risk there is no number.
    assert any("not shown" in cell for row in table.rows for cell in row)
    frame = shown.files["curves"]
    assert set(frame.loc[frame["method"] == "HSCT as a competing event", "cause"]) == {"event", "HSCT"}
    # The children still free of both, those dead without HSCT and those transplanted add up at any time.
    first = shown.result.until.incidence.for_group("no CAR-T yet")
    total = sum(curve.estimate for curve in first)
    assert (np.diff(total) >= -1e-12).all() and total[-1] <= 1 + 1e-12


@pytest.mark.slow
def test_the_weighted_answer_is_that_of_the_estimator() -> None:
    shown = show_until(hsct_as="weighted", adjust=("sex", "relapse_timing_bfm"))
    data = shown.result.data
    whole, kept = data.whole, data.complete
    found = weighted_until(
        whole.time[kept],
        whole.event[kept],
        whole.cart_at[kept],
        whole.hsct_at[kept],
        data.covariates[kept].reset_index(drop=True),
        weight=data.weight[kept],
        untreated=data.untreated,
        treated=CART,
    )
    (term,) = treated_terms(found.model)
    (part,) = treated_terms(shown.result.until.weighted.model)
    assert (part.ratio, shown.result.until.weighted.n_ended) == (term.ratio, found.n_ended)
    (table,) = (t for t in shown.tables if "weighted for who is transplanted" in t.title)
    assert table.title.startswith("CAR-T against no CAR-T yet") and [row[0] for row in table.rows] == [
        "not weighted",
        "weighted",
    ]
    (said,) = (s for s in shown.sentences if s.startswith("Weighted for who is transplanted, by sex and"))
    assert "CAR-T against no CAR-T yet" in said
    assert "until HSCT, weighted" in shown.tests[-1].name
    rows = shown.files["estimates"]
    assert (rows["model"] == "until HSCT, weighted for who is transplanted").sum() == 2


def test_without_variables_nothing_is_weighted() -> None:
    said = " ".join(show_until(hsct_as="weighted").sentences)
    assert "not weighted for who is transplanted: no variable is chosen" in said


@pytest.mark.parametrize("choice", ["end", "competing", "weighted"])
def test_the_choice_concerns_no_other_comparison(choice: str) -> None:
    for history in ("hsct", "cart", "histories"):
        shown = show_until(history=history, hsct_as=choice)
        assert shown.result.until.incidence is None and shown.result.until.weighted is None


def test_the_choice_is_offered_where_both_days_are_known() -> None:
    assert load_analyses()
    names = [control.name for control in ANALYSIS.controls(cohort_of(REFERENCE))]
    assert "hsct_as" in names
