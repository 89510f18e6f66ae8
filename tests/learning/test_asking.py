"""Questions of views: which numbers can be asked, found again by what they are called, and judged by what is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.analyses import load_analyses
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.document import Document
from analytics.learning.answers import Number
from analytics.learning.asking import (
    LONGEST_WORDING,
    clean_wording,
    find_askable,
    list_askable,
    name_lesson_round,
    name_view_round,
    say_question,
)
from analytics.learning.codes import read_code, write_code
from analytics.learning.ratio import Ratio
from analytics.views.opening import open_document

FILE = Path(__file__).parents[2] / "data" / "reference_cohort.csv"
WHOLE = CohortFilter()
ANALYSES = {analysis.slug: analysis for analysis in load_analyses()}


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return open_cohort(FILE)


def opened(cohort: Cohort, slug: str, cohort_filter: CohortFilter = WHOLE, **chosen: object) -> Document:
    analysis = ANALYSES[slug]
    params = {control.name: control.default for control in analysis.controls(cohort)} | chosen
    return open_document(analysis, cohort, cohort_filter, params)


@pytest.mark.slow
@pytest.mark.parametrize("slug", ANALYSES)
def test_every_view_has_numbers_to_ask(cohort: Cohort, slug: str) -> None:
    askable = list_askable(opened(cohort, slug))
    assert askable and len({one.key for one in askable}) == len(askable)
    for one in askable:
        digits = f"{one.value:g}"
        assert digits not in one.key.split("."), "the key says the answer"
        assert digits in one.text or f"{one.value:.1f}" in one.text or f"{one.value:.2f}" in one.text
        assert one.low is None or one.low <= one.value
        assert one.high is None or one.high >= one.value
        assert one.judge(one.kind.start if isinstance(one.kind, Ratio) else one.kind.low) in ("right", "near", "off")
        if isinstance(one.kind, Number):
            assert one.kind.low <= one.value <= one.kind.high and one.kind.takes(one.kind.start)


def test_survival_by_site_is_asked_as_the_table_shows_it(cohort: Cohort) -> None:
    document = opened(cohort, "survival-by-site")
    table = document.tables()[0]
    one = find_askable(document, "isolated-marrow.3-y")
    assert one is not None and isinstance(one.kind, Number)
    assert one.text == table.rows[0][table.columns.index("3 y")].replace("\u00a0", " ") == "77.1 % (58.9–88.0)"
    assert (one.value, one.low, one.high) == (77.1, 58.9, 88.0)
    assert (one.kind.low, one.kind.high) == (0, 100)
    assert [one.judge(x) for x in (77, 72.2, 72, 60, 59, 58, 20)] == [
        *("right", "right", "near", "near", "near"),
        "off",
        "off",
    ]
    code = read_code(write_code("0000", one.kind, 73))
    assert code is not None and code.answer(one.kind) == 73


def test_a_ratio_is_asked_on_a_scale_of_factors(cohort: Cohort) -> None:
    document = opened(cohort, "relapse-predictors")
    ratios = [one for one in list_askable(document) if isinstance(one.kind, Ratio)]
    assert any(one.text == "5.73 (2.66–12.5)" for one in ratios)
    one = next(one for one in ratios if one.text == "5.73 (2.66–12.5)")
    assert [one.judge(x) for x in (5.0, 6.0, 8.0, 3.0, 15.0, 2.5, 0.5)] == [
        *("right", "right", "near"),
        "near",
        "off",
        "off",
        "off",
    ]
    assert one.key.endswith(".multivariable-or")


def test_counts_and_months_have_limits_of_their_own(cohort: Cohort) -> None:
    document = opened(cohort, "survival-by-site")
    deaths, median = find_askable(document, "isolated-marrow.deaths"), find_askable(document, "combined.median-months")
    assert deaths is not None and isinstance(deaths.kind, Number)
    assert (deaths.value, deaths.kind.high, deaths.kind.unit.en) == (8, 46, "of 46")
    assert median is not None and isinstance(median.kind, Number)
    assert (median.value, median.low, median.high, median.kind.high) == (24.5, 4.8, None, 120)


def test_what_is_withheld_is_not_asked(cohort: Cohort) -> None:
    document = opened(cohort, "survival-by-site")
    combined = document.tables()[0].rows[2]
    assert combined[4].startswith("not shown")
    assert find_askable(document, "combined.1-y") is not None
    assert find_askable(document, "combined.3-y") is None


def test_a_number_is_found_again_in_another_selection(cohort: Cohort) -> None:
    whole, part = opened(cohort, "missing-values"), CohortFilter((Clause("immunophenotype", levels=("B",)),))
    key = next(one.key for one in list_askable(whole) if one.key.endswith(".all"))
    again = find_askable(opened(cohort, "missing-values", part), key)
    assert again is not None and again.text != next(one for one in list_askable(whole) if one.key == key).text


def test_a_question_is_worded_by_its_teacher_or_by_the_view(cohort: Cohort) -> None:
    one = list_askable(opened(cohort, "survival-by-site"))[0]
    assert say_question(one, "").en == f"{one.label}?"
    assert say_question(one, "<b>{n}</b>").en == say_question(one, "<b>{n}</b>").zh == "<b>{n}</b>"


@given(st.text(max_size=600))
def test_a_wording_is_one_short_line(text: str) -> None:
    said = clean_wording(text)
    assert len(said) <= LONGEST_WORDING and "\n" not in said and said == clean_wording(said)


def test_what_makes_a_round_names_it() -> None:
    query, choices = {"sex": ["girls"], "site": ["b", "a"]}, {"endpoint": ["OS"]}
    same = {"site": ["a", "b"], "sex": ["girls"]}
    view = ("survival-by-site", "isolated-marrow.3-y")
    first = name_view_round(view, query, choices, "v1", "Ward 3")
    assert first == name_view_round(view, same, choices, "v1", " ward  3")
    others = (
        name_view_round(("survival-by-site", "combined.1-y"), query, choices, "v1", "Ward 3"),
        name_view_round(view, {}, choices, "v1", "Ward 3"),
        name_view_round(view, query, {"endpoint": ["EFS"]}, "v1", "Ward 3"),
        name_view_round(view, query, choices, "v2", "Ward 3"),
        name_view_round(view, query, choices, "v1", "Ward 4"),
        name_lesson_round("reading-a-curve", query, "v1", "Ward 3"),
        name_lesson_round("reading-a-curve", {}, "v1", "Ward 3"),
    )
    assert len({first, *others}) == 8
