"""Curves and tests of a handful of children."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.comparisons.survival import compare_survival
from analytics.frames import TimeToEvent
from tests.analyses.shown import (
    REFERENCE,
    Shown,
    check_shown,
    cohort_of,
    plain,
)
from tests.analyses.survival_groups import VARIABLE

# Few children, no deaths, only deaths


SITES = cohort_of(REFERENCE).dictionary["relapse_site_group"]
SEX = cohort_of(REFERENCE).dictionary["sex"]
OS = cohort_of(REFERENCE).dictionary.endpoint("os_relapse")


def compared(rows: list[dict[str, Any]], by_site: bool = True, strata: bool = False, **params: Any) -> Shown:
    columns = ["os_relapse_days", "os_relapse_event", SITES.name, SEX.name, "n"]
    tally = pd.DataFrame(rows, columns=columns).astype({"n": np.int64})
    for variable in (SITES, SEX):
        tally[variable.name] = pd.Categorical(tally[variable.name], categories=list(variable.levels))
    for name in columns[:2]:
        tally[name] = tally[name].astype(float)
    frame = TimeToEvent.from_tally(tally, OS, SITES if by_site else None, SEX if strata else None)
    chosen = VARIABLE.defaults(cohort_of(REFERENCE)) | params
    return Shown(VARIABLE, compare_survival(frame, chosen), chosen)


def child(days: float | None, died: int | None, site: int | None, sex: int | None = 0, n: int = 1) -> dict[str, Any]:
    return {
        "os_relapse_days": days,
        "os_relapse_event": died,
        SITES.name: None if site is None else SITES.levels[site],
        SEX.name: None if sex is None else SEX.levels[sex],
        "n": n,
    }


tiny = st.lists(
    st.builds(
        child,
        st.none() | st.sampled_from([0, 1, 100, 365.25, 1095.75, 2000]),
        st.none() | st.integers(0, 1),
        st.none() | st.integers(0, 2),
        st.none() | st.integers(0, 1),
        st.integers(1, 2),
    ),
    max_size=5,
)


@pytest.mark.slow
@given(
    tiny,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["log-log", "log", "plain"]),
    st.sampled_from(["logrank", "peto", "tarone-ware", "late"]),
)
@settings(deadline=None, max_examples=100)
def test_a_handful_of_children_is_described_without_errors(
    rows: list[dict[str, Any]], by_site: bool, strata: bool, interval: str, test: str
) -> None:
    shown = compared(rows, by_site, strata, interval=interval, test=test)
    check_shown(shown)
    said = " ".join(shown.texts())
    assert "1 children" not in said and "1 patients" not in said
    assert len(shown.sentences) == (
        sum(curve.n > 0 for curve in shown.result.curves.curves) + (by_site and shown.result.frame.n > 0)
    )


@pytest.mark.parametrize(
    ("rows", "sentences"),
    [
        ([], ()),
        (
            [child(400, 0, 0)],
            (
                "Site of relapse, grouped, isolated marrow: the only child did not die; 1 was still followed 1 year after",
                "The curves cannot be compared by a test: only one group has children",
            ),
        ),
        (
            [child(400, 1, 0), child(800, 1, 1)],
            (
                "Site of relapse, grouped, isolated marrow: an estimated 100.0 % (at least 5.0 %, exact one-sided 95 % "
                "limit) were alive 1 year after first relapse; nobody had died by then, 1 was still followed.",
                "Site of relapse, grouped, isolated extramedullary: an estimated 100.0 % (at least 5.0 %, exact",
                "Site of relapse, grouped, isolated marrow and isolated extramedullary: log-rank test, p = 0.317.",
            ),
        ),
        (
            [child(400, 0, 0, n=3), child(800, 0, 1, n=3)],
            (
                "Site of relapse, grouped, isolated marrow: none of 3 children died; 3 were still followed 1 year",
                "Site of relapse, grouped, isolated extramedullary: none of 3 children died; 3 were still followed 1 year",
                "The curves cannot be compared by a test: no events.",
            ),
        ),
        (
            [child(100, 0, 0, n=2), child(50, 1, 0)],
            (
                "Site of relapse, grouped, isolated marrow: no estimate at 1 year from first relapse (follow-up ends at 3.3 "
                "months (0 at risk)).",
                "The curves cannot be compared by a test: only one group has children",
            ),
        ),
    ],
    ids=["nobody", "one", "two-deaths", "no-deaths", "short"],
)
def test_sentences_on_a_handful_of_children(rows: list[dict[str, Any]], sentences: tuple[str, ...]) -> None:
    said = [plain(text) for text in compared(rows).sentences]
    assert len(said) == len(sentences)
    for text, start in zip(said, sentences, strict=True):
        assert text.startswith(start)


def test_a_group_without_deaths_is_limited_by_the_children_still_followed() -> None:
    """Of 20 children 2 are followed for five years: 2 of 2 alive leave a mortality of up to 77.6 % open, not 13.9 %."""
    shown = compared([child(200, 0, 0, n=18), child(2000, 0, 0, n=2)])
    at_one, _, at_five = shown.result.milestones[0]
    assert at_five.interval is not None and at_five.interval.low == pytest.approx(0.05 ** (1 / 2))
    assert at_one.n == 2 and at_one.interval == at_five.interval
    (table,) = shown.tables
    assert table.rows[0][-1].replace("\u00a0", " ") == "100.0 % (22.4–100.0)"
    assert "no deaths yet, exact one-sided limits by the children still followed" in table.caption
    assert (
        "with 2 children followed so long, chance could hide a mortality of up to 77.6\u00a0% by then"
        in (shown.sentences[0])
    )
    files = shown.files
    rows = files["estimates"]
    row = rows[(rows["term"] == "survival at 5 years") & (rows["n"] == 20)].iloc[0]
    assert (row["conf_type"], row["conf_low"]) == ("exact, one-sided", pytest.approx(0.05 ** (1 / 2)))
    last = files["curves"].iloc[-1]
    assert (last["n_risk"], last["conf_type"], last["conf_low"]) == (
        2,
        "exact, one-sided",
        pytest.approx(0.05 ** (1 / 2)),
    )


def test_after_the_last_death_no_interval_is_made_up() -> None:
    shown = compared([child(100, 1, 0, n=2), child(2000, 0, 1)])
    zero = shown.result.milestones[0][0]
    assert (zero.value, zero.interval, zero.n, zero.n_event) == (0.0, None, 0, 2)
    assert shown.tables[0].rows[0][-3:] == ("0.0\u00a0%",) * 3


def test_missing_strata_are_left_out_and_counted() -> None:
    shown = compared([child(100, 1, 0, None, n=4), child(200, 1, 0), child(300, 1, 1)], strata=True)
    assert shown.left_out == (("Sex: not recorded", 4),)
    assert shown.headline("Children") == "2"
