"""The cohort at a glance, counted again in the file; and what a click asks for."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.cohort import Cohort, open_cohort, protect_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.figures.glance.breakdowns import Bar, Breakdown, draw_breakdowns
from analytics.study.pictures import count_pictures, from_ask, list_edges, to_ask, toggle_clauses

BOYS = Clause("sex", ("male",))
YOUNG = Clause("age_years", high=9.9)


@pytest.fixture(scope="module")
def patients(root: Path) -> pd.DataFrame:
    return pd.read_csv(root / "data" / "reference_cohort.csv")


@pytest.fixture(scope="module")
def cohort(patients: pd.DataFrame) -> Cohort:
    return open_cohort(patients)


def titled(pictures: tuple[Breakdown, ...], title: str) -> Breakdown:
    (found,) = [picture for picture in pictures if picture.title == title]
    return found


def numbers(some: pd.DataFrame) -> tuple[int, int]:
    return len(some), int(some["relapsed"].sum())


@pytest.mark.parametrize("clauses", [(), (BOYS,), (BOYS, YOUNG), (Clause("risk_group", ("low", "high")),)])
def test_each_bar_counts_under_the_filters_of_the_other_variables(
    cohort: Cohort, patients: pd.DataFrame, clauses: tuple[Clause, ...]
) -> None:
    pictures = count_pictures(cohort, CohortFilter(clauses))

    def kept(name: str) -> pd.DataFrame:
        some = patients
        for clause in clauses:
            if clause.variable == name:
                continue
            value = some[clause.variable]
            some = some[value.isin(clause.levels) if clause.levels else value <= clause.high]
        return some

    risk, some = titled(pictures, "Risk group"), kept("risk_group")
    for bar, level in zip(risk.bars, cohort.dictionary["risk_group"].levels, strict=True):
        assert (bar.n, bar.n_event) == numbers(some[some["risk_group"] == level])
        assert bar.is_chosen == any(level in c.levels for c in clauses)
    genes, some = titled(pictures, "Genetics at diagnosis"), kept("")
    for bar, name in zip(genes.bars, cohort.dictionary.listed("Genetics at diagnosis"), strict=True):
        assert (bar.n, bar.n_event) == numbers(some[some[name] == "positive"])
    ages, some = titled(pictures, "Age at diagnosis"), kept("age_years")
    for bar in ages.bars:
        assert (bar.n, bar.n_event) == numbers(some[some["age_years"].between(bar.low, bar.high, inclusive="left")])
    assert ages.is_narrowed == (YOUNG in clauses)
    cells, some = titled(pictures, "White cells"), kept("white_cells")
    assert cells.is_logarithmic and cells.missing is not None and cells.missing.n == some["white_cells"].isna().sum()
    assert sum(bar.n or 0 for bar in cells.bars) == some["white_cells"].notna().sum()
    time, some = titled(pictures, "Time of relapse (BFM)"), kept("")
    assert not time.is_split and sum(bar.n or 0 for bar in time.bars) == some["relapsed"].sum()


def test_a_click_on_a_bar_leaves_what_it_shows(cohort: Cohort) -> None:
    """Every bar's number is the number of children that are left once it is clicked."""
    n_clicked = 0
    for picture in count_pictures(cohort, CohortFilter((BOYS,))):
        for bar in (*picture.bars, *([picture.missing] if picture.missing else [])):
            if not bar.ask:
                continue
            clauses = from_ask(cohort.dictionary, bar.ask)
            asked = toggle_clauses(CohortFilter((BOYS,)), clauses)
            assert cohort.count(asked) == bar.n, (picture.title, bar.label)
            assert toggle_clauses(asked, clauses) == CohortFilter((BOYS,))
            n_clicked += 1
    assert n_clicked > 50


def test_clicks_come_and_go() -> None:
    low, high, both = (Clause("risk_group", levels) for levels in (("low",), ("high",), ("low", "high")))
    assert toggle_clauses(CohortFilter((low,)), [high]) == CohortFilter((both,))
    assert toggle_clauses(CohortFilter((both, BOYS)), [high]) == CohortFilter((low, BOYS))
    unknown = Clause("etv6_runx1", keep_missing=True)
    kept = Clause("etv6_runx1", ("positive",), keep_missing=True)
    assert toggle_clauses(CohortFilter((unknown,)), [Clause("etv6_runx1", ("positive",))]) == CohortFilter((kept,))
    assert toggle_clauses(CohortFilter((kept,)), [unknown]) == CohortFilter((Clause("etv6_runx1", ("positive",)),))
    two, four, wide = (Clause("age_years", low=a, high=b) for a, b in ((2, 2.9), (4, 4.9), (2, 4.9)))
    assert toggle_clauses(CohortFilter((two,)), [four]) == CohortFilter((wide,))
    assert toggle_clauses(CohortFilter((wide,)), [two]) == CohortFilter((two,)), "one within is asked for alone"
    assert toggle_clauses(CohortFilter((Clause("age_years", low=4),)), [four]) == CohortFilter((four,))
    branch = [Clause("relapse_site_group", ("combined",)), Clause("second_remission", ("yes",))]
    there = toggle_clauses(CohortFilter((BOYS, Clause("second_remission", ("no",)))), branch)
    assert there == CohortFilter((BOYS, *branch))
    assert toggle_clauses(there, branch) == CohortFilter((BOYS,))


@given(st.floats(-1e3, 1e6), st.floats(0, 1e6), st.booleans())
def test_bins_hold_every_value_between_the_ends(low: float, width: float, is_logarithmic: bool) -> None:
    high = low + width
    edges = list_edges(low, high, is_logarithmic=is_logarithmic)
    assert 1 <= len(edges) <= 22 and list(edges) == sorted(set(edges))
    little = 1e-6 * max(1.0, abs(low), width)
    assert edges[-1] <= high + little or len(edges) == 1
    if not is_logarithmic:
        assert edges[0] <= low + little


def test_a_file_without_a_column_lacks_its_picture(patients: pd.DataFrame) -> None:
    few = open_cohort(patients[["patient_id", "sex", "platelets", "risk_group"]])
    pictures = count_pictures(few, CohortFilter())
    assert [picture.title for picture in pictures] == ["Platelets", "Risk group"]
    assert not any(picture.is_split for picture in pictures)
    assert count_pictures(open_cohort(patients[["patient_id", "sex"]]), CohortFilter()) == ()


def test_nothing_is_asked_of_what_is_no_filter(cohort: Cohort) -> None:
    assert to_ask(cohort.dictionary, [Clause("os_event", ("1",))]) == ""
    assert from_ask(cohort.dictionary, "os_event=1&colour=blue") == ()


def test_small_numbers_are_hidden(patients: pd.DataFrame, cohort: Cohort) -> None:
    pictures = count_pictures(protect_cohort(cohort, 5), CohortFilter((BOYS,)))
    shown = [bar for picture in pictures for bar in picture.bars]
    assert any(bar.n is None for bar in shown) and any(bar.n for bar in shown)
    for bar in shown:
        assert bar.n is None or (bar.n >= 10 and bar.n_event is not None and 5 <= bar.n_event <= bar.n - 5)
    assert not any(picture.is_histogram for picture in pictures)
    html = draw_breakdowns(pictures)
    assert "not shown, to protect small numbers" in html


def test_bars_are_as_long_as_their_numbers() -> None:
    bars = (Bar("<b>few</b>", 5, 1, "sex=girls", True), Bar("many", 20, 5, "sex=boys"), Bar("none", 0, 0))
    html = draw_breakdowns([Breakdown("Title & more", "", bars, is_narrowed=True)])
    assert "width:max(25%,2px)" in html and "width:20%" in html and "width:max(100%,2px)" in html
    assert "&lt;b&gt;few&lt;/b&gt;: 5 children, 1 relapsed" in html and "<b>few" not in html
    assert html.count('aria-pressed="true"') == 1 and html.count(" disabled") == 1
    assert math.isnan(bars[0].low)
