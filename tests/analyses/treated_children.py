"""The children of a comparison of treatments, their rows and their groups, from the file."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort import Cohort, open_cohort
from analytics.frames.treatment import CART, HSCT
from tests.analyses.shown import (
    analysis_of,
)

BY_SLUG = {analysis.slug: analysis_of(analysis.slug) for analysis in load_analyses()}
CHANGING, LANDMARK, NAIVE = (BY_SLUG[slug] for slug in ("survival-by-treatment", "landmark", "naive-answer"))
TREATMENT = (CHANGING, LANDMARK, NAIVE)
HISTORIES = ("hsct", "cart", "cart-until-hsct", "histories")
DAYS_NEEDED = {"hsct": ("hsct_days",), "cart": ("cart_days",)}
ENDPOINTS = {
    "os_relapse": ("os_relapse_days", "os_relapse_event"),
    "efs_relapse": ("efs_relapse_days", "efs_relapse_event"),
}
ONE = re.compile(r"(?<![\d.,–])1 (?:children|patients|years|deaths|events|months)\b|\bthese 1\b")


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


def offered_by(analysis: Analysis, histories: list[str]) -> list[str]:
    """The comparisons that a page offers: the naive answer also that of all three salvage treatments."""
    return [*histories, "salvage"] if analysis.slug == "naive-answer" and "histories" in histories else histories


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
