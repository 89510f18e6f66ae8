"""Counted children that the tests of frames share."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from analytics.dictionary import CompetingEndpoint, Endpoint, Variable
from analytics.frames import TreatmentHistory
from analytics.frames.exclusions import Exclusion
from analytics.reporting.attrition import say_exclusion

OS = Endpoint(
    "os_relapse",
    "Overall survival",
    "days",
    "died",
    "first relapse",
    "death from any cause",
    "children who relapsed",
    "relapse",
)
SITE = Variable(
    "site",
    "Site of relapse",
    "categorical",
    "relapse",
    ("marrow", "CNS", "testes"),
    ("marrow", "CNS", "testes"),
    "marrow",
    missing_label="not recorded",
)
LATE = dataclasses.replace(OS, name="late", entry="hsct_days", population="transplanted children")
CAUSE = Variable(
    "first",
    "First event",
    "categorical",
    "follow-up",
    ("none", "second relapse", "death"),
    ("alive", "a second relapse", "death without it"),
    "none",
)
FIRST = CompetingEndpoint("first", "First event", "days", "first", "first relapse", "children who relapsed", "relapse")
SALVAGE = Variable(
    "salvage_treatment", "Salvage", "categorical", "salvage", ("chemotherapy", "CAR-T", "HSCT"), (), "chemotherapy"
)
MRD = Variable(
    "mrd", "MRD", "binary", "induction", ("low", "high"), ("low", "high"), "high", missing_label="not measured"
)
AGE = Variable("age_years", "Age", "continuous", "diagnosis", unit="years", missing_label="not recorded")


NUMBERS = ["days", "died", "relapsed", "age_years", "cart_days", "hsct_days"]
CODED = (SITE, MRD, CAUSE, SALVAGE)


def tally_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A tally as a cohort gives it: coded columns categorical, all others float."""
    frame = pd.DataFrame(rows, columns=[*NUMBERS, *(v.name for v in CODED), "n"])
    for variable in CODED:
        frame[variable.name] = pd.Categorical(frame[variable.name], categories=list(variable.levels))
    for name in NUMBERS:
        frame[name] = frame[name].astype(float)
    return frame.astype({"n": np.int64})


ROWS = [
    {"days": 365.25, "died": 1, "site": "CNS", "mrd": "high", "n": 2},
    {"days": 0, "died": 0, "site": "marrow", "mrd": "low", "n": 3},
    {"days": 30.4375, "died": 0, "site": None, "mrd": "low", "n": 5},
    {"days": None, "died": None, "site": None, "mrd": None, "n": 70},
    {"days": 100, "died": 1, "site": "marrow", "mrd": None, "n": 7},
    {"days": 100, "died": None, "site": "marrow", "mrd": "low", "n": 11},
]


def count_given(history: TreatmentHistory, given_at: np.ndarray) -> int:
    """Patients given a treatment on a known day."""
    return int(history.weight[~np.isnan(given_at)].sum())


def said(exclusions: Sequence[Exclusion]) -> tuple[tuple[str, str, int], ...]:
    """Each exclusion by its code, in words, and with its number."""
    return tuple((e.code, say_exclusion(e), e.n) for e in exclusions)


rows = st.lists(
    st.fixed_dictionaries(
        {
            "days": st.none() | st.integers(0, 4000),
            "died": st.none() | st.integers(0, 1),
            "site": st.none() | st.sampled_from(SITE.levels),
            "mrd": st.none() | st.sampled_from(MRD.levels),
            "relapsed": st.none() | st.integers(0, 1),
            "age_years": st.none() | st.floats(0, 18),
            "n": st.integers(1, 1000),
        }
    ),
    max_size=12,
)
