"""Variables, endpoints and results that the tests of sentences put into words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from analytics.dictionary import Dictionary, Endpoint, Variable
from analytics.results import Estimate, GroupCount, Interval, OddsRatio, Reason, TestResult

AGE = Variable(
    "age_years",
    "Age at diagnosis",
    "continuous",
    "diagnosis",
    unit="years",
    unit_one="year",
    missing_label="not recorded",
)
CELLS = Variable("white_cells", "White cells", "continuous", "diagnosis", unit="10⁹/L", per=10)
SCORE = Variable("score", "Score", "continuous", "diagnosis")
MRD = Variable(
    "mrd_day46",
    "MRD on day 46",
    "binary",
    "induction",
    ("negative", "positive"),
    ("negative (< 0.01 %)", "positive (≥ 0.01 %)"),
    "negative",
    missing_label="not recorded",
)
SITE = Variable(
    "site",
    "Site of relapse",
    "categorical",
    "relapse",
    ("marrow", "CNS", "testes"),
    ("marrow", "CNS", "testes"),
    "marrow",
)
DICTIONARY = Dictionary(
    (Variable("patient_id", "Patient", "identifier", "diagnosis"), AGE, CELLS, SCORE, MRD, SITE), ()
)


OS = Endpoint(
    "os_relapse",
    "Overall survival after relapse",
    "os_relapse_days",
    "os_relapse_event",
    "first relapse",
    "death from any cause",
    "children who relapsed",
    "relapse",
)
EFS = Endpoint(
    "efs_relapse",
    "Event-free survival after relapse",
    "efs_relapse_days",
    "efs_relapse_event",
    "first relapse",
    "second relapse or death from any cause",
    "children who relapsed",
    "relapse",
    short="EFS",
    y_title="Event-free survival",
    event_noun="events",
    event_one="event",
    had="had an event",
    alive="alive without a second relapse",
    is_death=False,
)
DIAGNOSIS = replace(OS, name="os_diagnosis", origin="diagnosis")


def plain(text: str) -> str:
    """The sentence with ordinary spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def odds_ratio(
    level: str | None,
    value: float | None,
    limits: tuple[float | None, float | None] | None = None,
    p_value: float | None = None,
    **counts: Any,
) -> OddsRatio:
    interval = None if limits is None else Interval(*limits, 0.95, "profile")
    reason = counts.pop("reason", None)
    counts = {"n": 40, "n_event": 19} | counts
    estimate = Estimate(value, interval, **counts, reason=reason)
    return OddsRatio("x", level, False, counts["n"], counts["n_event"], estimate, p_value)


def logrank(p_value: float | None, reason: Reason | None = None) -> TestResult:
    counts = (GroupCount("marrow", 46, 8, 8.1), GroupCount("testes", 0, 0, 0), GroupCount("CNS", 12, 0, 2.1))
    return TestResult("log-rank test", None if reason else 3.1, None if reason else 1, p_value, counts, reason)
