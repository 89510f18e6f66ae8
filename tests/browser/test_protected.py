"""Where small numbers are protected: what a reader sees, and does not see, of a handful of children."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from pages.components.cache import REFERENCE_COHORT
from tests.browser.dashboard import Dashboard, plain
from tests.browser.reading import TOLD

OpenTab = Callable[[str], Dashboard]
SMALLEST = 5
# A number of children in running text, in a table, or in the table at risk.
FOLLOWING = "of [0-9]|child|boy|girl|had|died|death|relapse\\b|relapses|relapsed|event|were still|selected|complete"
OF_CHILDREN = re.compile(rf"(?<![\d.,–≥≤<>×])(\d+)(?= (?:{FOLLOWING}))")
COUNTS = ("n", "n_risk", "n_event", "n_censor", "n_lost", "observed", "n_treated", "n_missing")


@pytest.fixture(scope="module")
def protected(serve: Callable[..., str]) -> str:
    """The dashboard with the reference cohort and its small numbers protected."""
    return serve(None, "on")


@pytest.fixture
def open_tab(new_page: Callable[..., Page], protected: str) -> OpenTab:
    """Opens a tab of its own on a page or a link."""

    def open_one(path: str = "") -> Dashboard:
        return Dashboard(new_page(), protected).open(path)

    return open_one


def texts_of(seen: Any) -> Iterator[str]:
    """Every text in what is seen."""
    if isinstance(seen, str):
        yield plain(seen.replace("\u202f", ""))
    elif isinstance(seen, dict):
        for value in seen.values():
            yield from texts_of(value)
    elif isinstance(seen, list):
        for value in seen:
            yield from texts_of(value)


def check_numbers(tab: Dashboard) -> None:
    """No number of children below the smallest cell, in words, tables, figures, tooltips or files."""
    hovers = tab.page.locator("[title]").evaluate_all("(all) => all.map((e) => e.title)")
    drawn = tab.page.evaluate(
        "() => [...document.querySelectorAll('.js-plotly-plot')].map((p) => JSON.stringify(p.data))"
    )
    texts = [*texts_of(tab.seen()), *map(plain, hovers), *(t for d in drawn for t in texts_of(json.loads(d)))]
    for text in texts:
        for found in OF_CHILDREN.finditer(text):
            assert int(found[1]) == 0 or int(found[1]) >= SMALLEST, text
    for name in [b.removeprefix("st-key-csv_") for b in csv_buttons(tab)]:
        _, rows = tab.csv(name)
        for row in rows:
            # Between two times of a curve are differences of two numbers with noise each.
            for column in COUNTS if name != "curves" else ("n", "n_risk"):
                if row.get(column):
                    assert float(row[column]) == 0 or float(row[column]) >= SMALLEST, (name, row)


def csv_buttons(tab: Dashboard) -> list[str]:
    found: list[str] = tab.page.locator("[class*=st-key-csv_]").evaluate_all(
        "(all) => all.map((e) => [...e.classList].find((c) => c.startsWith('st-key-csv_')))"
    )
    return found


# Curves, ratios, causes, and a page that does not answer; all pages are read without a browser.
@pytest.mark.parametrize(
    "view",
    [
        "survival-by-site",
        "relapse-predictors?sex=boys",
        "cumulative-incidence?risk_group=high+risk",
        "landmark?risk_group=high+risk",
    ],
)
def test_no_small_number_is_shown_anywhere(open_tab: OpenTab, view: str) -> None:
    tab = open_tab(view)
    tab.check_readable()
    check_numbers(tab)
    expect(tab.page.get_by_test_id("protected")).to_have_count(1)
    expect(tab.page.locator("[class*=st-key-slow_], .st-key-checks")).to_have_count(0)
    not_shown = tab.page.get_by_test_id("suppressed").count()
    assert not_shown or tab.page.get_by_test_id("headlines").count()


def test_counts_behind_the_filters_tell_no_small_number(open_tab: OpenTab) -> None:
    few, told = f"<{SMALLEST}", set()
    for query in ("sex=boys", "risk_group=high+risk"):
        counts = set(open_tab(f"relapse-predictors?{query}").seen()["counts"])
        assert all(n in (few, "…") or int(n) >= SMALLEST for n in counts)
        told |= counts
    assert {few, "…"} <= told


def test_the_overview_says_how_numbers_are_protected_and_compares_with_no_published_figure(open_tab: OpenTab) -> None:
    tab = open_tab("")
    main = plain(tab.page.inner_text("[data-testid=stMain]"))
    assert "Every number of children has noise of at most 2" in main
    assert "not shown" in main
    assert "Published" not in main
    check_numbers(tab)


def test_a_page_that_would_tell_a_few_says_so_and_keeps_its_choices(open_tab: OpenTab) -> None:
    tab = open_tab("landmark")
    expect(tab.page.get_by_test_id("suppressed")).to_contain_text("This is not the same as none.")
    expect(tab.page.get_by_test_id("suppressed")).to_contain_text("has no protected form")
    expect(tab.page.locator(".js-plotly-plot")).to_have_count(0)
    expect(tab.page.locator(".st-key-choices")).to_be_visible()


def test_the_way_back_from_a_selection_that_is_not_answered(open_tab: OpenTab) -> None:
    tab = open_tab("relapse-predictors?sex=girls")
    before = tab.headlines
    # Of the girls, too few are infants.
    tab.press_limit("age_years", 0, "ArrowUp")
    said = tab.page.get_by_test_id("too-few")
    expect(said).to_contain_text("Fewer than 5 children, or none, are selected")
    expect(tab.page.locator("[data-testid=cohort-sentence], .js-plotly-plot, .outcomes-table")).to_have_count(0)
    assert set(tab.seen()["counts"]) == {"none"}
    tab.page.get_by_role("button", name="Back to the last selection").click()
    expect(tab.sentence).to_contain_text("girls")
    assert tab.settle().headlines.items() <= before.items()


def test_of_one_child_nothing_is_told(new_page: Callable[..., Page], protected: str) -> None:
    exact = open_cohort(REFERENCE_COHORT)
    chosen = CohortFilter((Clause("relapse_site", ("isolated CNS",)), Clause("salvage_treatment", ("CAR-T",))))
    site, treatment = (exact.dictionary[c.variable].level_label(c.levels[0]) for c in chosen.clauses)
    assert exact.count(chosen) == 1
    query = urlencode({"relapse_site": site, "salvage_treatment": treatment})
    for path in ("", "survival-by-site", "relapse-predictors"):
        tab = Dashboard(new_page(), protected)
        tab.page.goto(f"{protected}/{path}?{query}")
        expect(tab.page.get_by_test_id("too-few")).to_contain_text("Fewer than 5 children, or none, are selected")
        expect(tab.page.get_by_test_id("protected")).to_contain_text("EXPERIMENTAL, NOT FOR REAL CHILDREN")
        expect(tab.page.locator("[data-testid=cohort-sentence], .js-plotly-plot, .outcomes-table")).to_have_count(0)
        expect(tab.page.get_by_test_id("headlines")).to_have_count(0)
        expect(tab.page.locator(TOLD)).to_be_attached()
        assert set(tab.seen()["counts"]) == {"none"}
        expect(tab.page.locator(".of-empty")).to_have_count(0)
        main = plain(tab.page.inner_text("[data-testid=stMain]"))
        assert set(re.findall(r"\d+", main)) == {str(SMALLEST)}, main
    tab.page.get_by_role("button", name="Back to the last selection").click()
    expect(tab.sentence).to_contain_text("no filter")


def test_what_is_wrong_with_a_file_is_not_shown(
    serve: Callable[..., str], new_page: Callable[..., Page], root: Any
) -> None:
    page = new_page()
    page.goto(serve(str(root / "tests" / "fixtures" / "many_problems.csv"), "11"))
    problems = page.get_by_test_id("problems")
    expect(problems).to_contain_text("written where the dashboard was started")
    expect(problems.locator("li")).to_have_count(0)


def test_a_setting_that_cannot_be_read_opens_nothing(serve: Callable[..., str], new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(serve(None, "five"))
    expect(page.get_by_test_id("problems")).to_be_visible()
    expect(page.locator("[data-testid=cohort-sentence]")).to_have_count(0)
