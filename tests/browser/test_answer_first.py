"""The answer and the whole figure are in sight without scrolling, in few words; the rest is folded by purpose."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from analytics.analyses import load_analyses
from tests.browser.dashboard import Dashboard, plain
from tests.browser.test_layout import bottom, resize

SLUGS = [analysis.slug for analysis in load_analyses()]
MOST_WORDS = 350
LONG_TABLES = {"subgroups"}  # a row for every subgroup
TITLES = {
    "fold_more": "More numbers",
    "fold_sure": "How sure is this",
    "fold_done": "How it was done",
    "fold_files": "Files",
}
# Words that can be read in the page without opening anything; those inside figures are not counted.
WORDS = r"""(main) => {
  const icons = '[data-testid=stIconMaterial], [data-testid=stExpanderIcon]'
  const hidden = `svg, style, [inert], details:not([open]) > :not(summary), ${icons}`
  const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT)
  let n = 0
  while (texts.nextNode()) {
    const parent = texts.currentNode.parentElement
    if (parent.closest(hidden) || !parent.checkVisibility()) continue
    n += (texts.currentNode.textContent.match(/\p{L}[\p{L}’'-]*/gu) || []).length
  }
  return n
}"""
FIGURE = "[data-testid=stPlotlyChart], .forest-box"


@pytest.mark.parametrize("slug", SLUGS)
def test_answer_and_figure_are_in_sight_without_a_ratio_of_few_events(
    slug: str, new_page: Callable[..., Page], address: str
) -> None:
    tab = Dashboard(new_page(), address).open(slug, folded=True)
    page = tab.page
    figure = page.locator(FIGURE).first.bounding_box()
    answer, choices = page.get_by_test_id("answer").bounding_box(), page.locator(".st-key-choices").bounding_box()
    assert figure and answer and choices
    assert bottom(page, "[data-testid=cohort-sentence]") <= answer["y"]
    assert answer["y"] + answer["height"] <= choices["y"] < choices["y"] + choices["height"] <= figure["y"]
    if slug not in LONG_TABLES:
        assert figure["y"] + figure["height"] <= 900, "the whole figure with those at risk"
    assert 0 < page.get_by_test_id("stMainBlockContainer").evaluate(WORDS) <= MOST_WORDS

    # No ratio stands at the top of few events.
    labels = list(tab.headlines)
    assert not [label for label in labels if "Fitted by" in label or "per parameter" in label]
    if "too few for a single ratio" in plain(tab.page.get_by_test_id("answer").inner_text()):
        assert not [label for label in labels if label.startswith(("Hazard ratio", "Odds ratio"))]

    resize(page, 1024, 768)
    assert bottom(page, "[data-testid=answer]") < 300
    if page.locator(".forest-box").count():
        assert page.locator(FIGURE).first.bounding_box()["y"] < 768 / 2 + 150  # type: ignore[index]
    else:
        assert bottom(page, "[data-testid=stPlotlyChart] .nsewdrag") <= 768, "the curves"


def test_folds_open_by_keyboard_and_stay_open_over_a_filter(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open("survival-by-site", folded=True)
    for key, title in TITLES.items():
        lid = page.locator(f".st-key-{key} summary").first
        expect(lid).to_contain_text(title)
        expect(page.locator(f".st-key-{key} details").first).not_to_have_attribute("open", "")
    expect(tab.says).to_have_count(0)
    lid = page.locator(".st-key-fold_more summary").first
    lid.focus()
    page.keyboard.press("Enter")
    expect(tab.says).to_be_visible()
    tab.settle()
    before = tab.says.inner_text()
    tab.choose("sex", "girls", says="Sex: girls")
    expect(tab.says).to_be_visible()
    expect(tab.says).not_to_have_text(before)
    page.locator(".st-key-fold_files summary").first.click()
    expect(tab.copy_button).to_be_visible()
    expect(page.get_by_test_id("ledger")).to_contain_text("in this session")
