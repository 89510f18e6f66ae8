"""Treatments after relapse and their days: who passes when, and who is left out because a day is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.dictionary import DAYS_PER_MONTH, Dictionary, Variable, speaking_by
from analytics.frames import (
    TreatmentHistory,
    history_columns,
    list_histories,
    list_treatments,
)
from tests.frames.counted_children import (
    AGE,
    LATE,
    MRD,
    OS,
    SALVAGE,
    count_given,
    said,
    tally_of,
)

# A dozen children: days of follow-up, death, days of CAR-T and HSCT, what was finally given.
TREATED = [
    (300, 0, None, None, "chemotherapy"),
    (40, 1, None, None, None),
    (600, 1, None, 120, "HSCT"),
    (700, 0, 60, 150, "HSCT"),
    (500, 1, 80, None, "CAR-T"),
    (800, 0, 200, 100, "HSCT"),
    (900, 1, 90, 90, "HSCT"),
    (250, 1, None, 250, "HSCT"),
    (200, 0, None, None, "HSCT"),
    (210, 1, None, None, "CAR-T"),
    (220, 0, 50, None, "HSCT"),
    (None, None, 60, 70, "HSCT"),
]
UNKNOWN_DAYS = (
    ("not-eligible", "no first relapse, or no follow-up from it", 2048),
    ("cart-day-missing", "given CAR-T on an unknown day", 512),
    ("hsct-day-missing", "transplanted on an unknown day", 1280),
)


def treated() -> pd.DataFrame:
    names = ("days", "died", "cart_days", "hsct_days", "salvage_treatment")
    return tally_of([{**dict(zip(names, row, strict=True)), "n": 2**i} for i, row in enumerate(TREATED)])


def days(months: Any) -> list[float | None]:
    """Months as days, None for NaN."""
    return [None if np.isnan(m) else round(m * DAYS_PER_MONTH, 6) for m in months]


def test_a_history_knows_the_days_of_treatment() -> None:
    history = TreatmentHistory.from_tally(treated(), OS)
    assert said(history.exclusions) == UNKNOWN_DAYS
    assert days(history.time) == [300, 40, 600, 700, 500, 800, 900, 250]
    assert history.event.tolist() == [0, 1, 1, 0, 1, 0, 1, 1]
    assert days(history.cart_at) == [None, None, None, 60, 80, 200, 90, None]
    assert days(history.hsct_at) == [None, None, 120, 150, None, 100, 90, 250]
    assert (history.n, history.n_event) == (255, 2 + 4 + 16 + 64 + 128)
    assert (count_given(history, history.cart_at), count_given(history, history.hsct_at)) == (
        8 + 16 + 32 + 64,
        4 + 8 + 32 + 64 + 128,
    )
    for array in (history.time, history.cart_at, history.hsct_at, history.weight):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_views_of_a_history() -> None:
    history = TreatmentHistory.from_tally(treated(), OS)
    time, event, treated_at = history.switches("hsct")
    assert (time is history.time, event is history.event, treated_at is history.hsct_at) == (True, True, True)
    assert history.switches("cart").treated_at is history.cart_at
    states = history.switches("histories").treated_at
    assert isinstance(states, Mapping)
    assert tuple(states) == list_histories() == ("CAR-T", "HSCT", "CAR-T, then HSCT")
    assert [days(at) for at in states.values()] == [
        [None, None, None, 60, 80, None, None, None],
        [None, None, 120, None, None, 100, 90, 250],
        [None, None, None, 150, None, None, None, None],
    ]


def test_follow_up_may_end_at_hsct() -> None:
    time, event, treated_at = TreatmentHistory.from_tally(treated(), OS).switches("cart", censor_at_hsct=True)
    assert days(time) == [300, 40, 120, 150, 500, 100, 90, 250]
    # The last child died on the day of HSCT, which is a death after it.
    assert event.tolist() == [0, 1, 0, 0, 1, 0, 0, 0]
    assert not isinstance(treated_at, Mapping)
    assert days(treated_at) == [None, None, None, 60, 80, None, None, None]
    assert not time.flags.writeable and not event.flags.writeable and not treated_at.flags.writeable


def test_only_the_treatments_asked_for_leave_children_out() -> None:
    hsct = TreatmentHistory.from_tally(treated().drop(columns="cart_days"), OS, treatments=["hsct_days"])
    assert hsct.treatments == ("hsct_days",)
    assert [e.code for e in hsct.exclusions] == ["not-eligible", "hsct-day-missing"]
    assert hsct.n == 255 + 512 and count_given(hsct, hsct.cart_at) == 0
    cart = TreatmentHistory.from_tally(treated().drop(columns="hsct_days"), OS, treatments=["cart_days"])
    assert [e.code for e in cart.exclusions] == ["not-eligible", "cart-day-missing"]
    for history, view, censored, lacking in (
        (hsct, "cart", False, "cart_days"),
        (hsct, "histories", False, "cart_days"),
        (cart, "hsct", False, "hsct_days"),
        (cart, "cart", True, "hsct_days"),
    ):
        with pytest.raises(ValueError, match=f"the view {view} needs {lacking}, which this history was made without"):
            history.switches(view, censor_at_hsct=censored)
    unlabelled = TreatmentHistory.from_tally(treated().drop(columns="salvage_treatment"), OS)
    assert said(unlabelled.exclusions) == UNKNOWN_DAYS[:1]


def test_views_and_treatments_that_do_not_exist_are_refused() -> None:
    history = TreatmentHistory.from_tally(treated(), OS)
    with pytest.raises(ValueError, match="view must be one of hsct, cart, histories, salvage: it is 'tki'"):
        history.switches("tki")
    with pytest.raises(ValueError, match="censor_at_hsct goes with the view cart: the view is hsct"):
        history.switches("hsct", censor_at_hsct=True)
    for wrong in ((), ("tki_days",)):
        with pytest.raises(ValueError, match="treatments must be one or both of cart_days, hsct_days"):
            TreatmentHistory.from_tally(treated(), OS, treatments=wrong)


def test_histories_have_strata_and_covariates() -> None:
    tally = treated().assign(age_years=5.0)
    tally["mrd"] = pd.Categorical(["low", "high", None, *["low"] * 9], categories=["low", "high"])
    history = TreatmentHistory.from_tally(tally, OS, MRD, [AGE], [AGE, SALVAGE], {"salvage_treatment": "HSCT"})
    assert said(history.exclusions) == (
        *UNKNOWN_DAYS,
        ("stratum-missing", "MRD: not measured", 4),
        ("covariate-missing", "Salvage: missing", 2),
    )
    assert history.strata is not None and list(history.strata[:2]) == ["low", "high"]
    assert history.covariates is not None
    assert list(history.covariates["salvage_treatment"].cat.categories) == ["HSCT", "chemotherapy", "CAR-T"]
    assert (history.n, history.n_complete, history.conditions) == (251, 249, (AGE, MRD))


def test_columns_and_names_of_treatments_are_those_of_the_cohort_at_work() -> None:
    day = Variable("graft_days", "Graft", "duration", "salvage", unit="days from relapse", role="HSCT day")
    given = Variable(
        "given", "Given", "categorical", "salvage", ("CAR", "graft"), ("CAR", "graft"), "CAR", role="salvage treatment",
        level_roles=(("CAR-T", "CAR"), ("HSCT", "graft")),
    )  # fmt: skip
    dictionary = Dictionary((day, given), ())
    with speaking_by(dictionary):
        # What a file does not bring is called as the product calls it.
        assert list_treatments() == {"cart_days": "CAR", "graft_days": "graft"}
        assert history_columns(dictionary, OS, treatments=["graft_days"]) == ("days", "died", "graft_days", "given")
    assert list_treatments() == {"cart_days": "CAR-T", "hsct_days": "HSCT"}


def test_columns_of_a_history() -> None:
    dictionary = Dictionary((SALVAGE,), ())
    assert history_columns(dictionary, OS, MRD, None) == (
        "days",
        "died",
        "mrd",
        "cart_days",
        "hsct_days",
        "salvage_treatment",
    )
    assert history_columns(dictionary, OS, SALVAGE, treatments=["hsct_days"]) == (
        "days",
        "died",
        "salvage_treatment",
        "hsct_days",
    )
    assert history_columns(Dictionary((), ()), [OS, LATE]) == ("days", "died", "hsct_days", "cart_days")
