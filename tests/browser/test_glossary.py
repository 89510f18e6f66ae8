"""Words that are explained where they stand, and the methods page that says more of them."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.dashboard import Dashboard

IN_SIGHT = "(e) => { const box = e.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight }"


def term(page: Page, block: str, text: str) -> Locator:
    return page.locator(f"{block} .outcomes-term").get_by_text(text, exact=True)


def check_opened(page: Page, word: Locator, says: str) -> None:
    said = page.get_by_role("dialog")
    expect(said).to_contain_text(says)
    expect(word).to_have_attribute("aria-expanded", "true")
    box, at = said.bounding_box(), word.bounding_box()
    assert box and at and said.evaluate(IN_SIGHT)
    assert box["y"] >= at["y"] + at["height"] or box["y"] + box["height"] <= at["y"], "it does not cover the word"


def check_closed(page: Page, word: Locator) -> None:
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(word).to_have_attribute("aria-expanded", "false")


def test_a_word_is_explained_by_click_key_and_pointer_and_leads_to_its_method(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open("survival-by-site", folded=True)
    answer = page.get_by_test_id("answer")
    word = term(page, "[data-testid=answer]", "log-rank test")
    expect(word).to_have_role("button")
    before = answer.inner_text()
    word.click()
    check_opened(page, word, "Compares whole curves")
    page.keyboard.press("Escape")
    check_closed(page, word)
    assert answer.inner_text() == before

    word.focus()
    page.keyboard.press("Enter")
    check_opened(page, word, "Compares whole curves")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.href").startswith("https://doi.org/")
    page.keyboard.press("Escape")
    check_closed(page, word)
    expect(word).to_be_focused()

    # The words of a block are one stop of the tab key, with arrows between them.
    stops = page.locator(".outcomes-term[tabindex='0']")
    assert stops.count() < page.locator(".outcomes-term").count() / 3
    expect(page.locator("[data-testid=answer] .outcomes-term[tabindex='0']")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(term(page, "[data-testid=answer]", "exact one-sided")).to_be_focused()
    expect(page.locator("[data-testid=answer] .outcomes-term[tabindex='0']")).to_have_text("exact one-sided")

    headline = term(page, "[data-testid=headlines]", "Median follow-up")
    headline.hover()
    hint: Any = (
        page.locator("[data-testid=headlines] [title]").filter(has_text="Median follow-up").get_attribute("title")
    )
    check_opened(page, headline, hint)
    page.mouse.move(700, 880)
    check_closed(page, headline)

    tab.choose("sex", "girls", says="Sex: girls")
    term(page, "[data-testid=headlines]", "Median follow-up").click()
    page.get_by_role("dialog").get_by_text("More in Methods").click()
    expect(page.locator("#follow-up")).to_have_attribute("open", "")
    page.wait_for_function("() => document.querySelector('#follow-up').getBoundingClientRect().top < 200")
    expect(tab.sentence).to_contain_text("Sex: girls")


def test_words_of_choices_of_heads_and_of_folds_are_explained(page: Page, address: str) -> None:
    Dashboard(page, address).open("relapse-predictors")
    head = term(page, ".forest thead", "95 % CI")
    head.click()
    check_opened(page, head, "The range of values")
    page.keyboard.press("Escape")
    for css, says in (
        (".st-key-choices [data-testid=stWidgetLabel]", "Leukaemia that has come back"),
        ("summary", "study"),
    ):
        word = page.locator(f"{css} .outcomes-term").first
        word.scroll_into_view_if_needed()
        page.wait_for_timeout(200)  # scrolling closes what is said
        word.click()
        expect(page.get_by_role("dialog")).to_contain_text(says)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(word).not_to_have_attribute("role", "button")
    words = page.locator(".outcomes-words")
    words.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(words.locator("dt").filter(has_text="Confidence interval")).to_be_visible()
    check_accessible(page)


def test_an_entry_of_the_methods_page_is_found_by_link_and_by_search(page: Page, address: str) -> None:
    Dashboard(page, address).open("methods#firth", folded=True)
    entry = page.locator("#firth")
    expect(entry).to_have_attribute("open", "")
    expect(entry.locator("a").first).to_have_attribute("target", "_blank")
    page.wait_for_function("() => Math.abs(document.querySelector('#firth').getBoundingClientRect().top - 56) < 40")

    field = page.get_by_role("searchbox", name="Search all entries")
    field.fill("immortal suissa")
    expect(page.locator("#immortal-time")).to_be_visible()
    expect(entry).to_be_hidden()
    expect(page.locator(".outcomes-contents [role=status]")).to_have_text(re.compile(r"^\d entries$"))
    expect(page.get_by_role("heading", name="Dictionary")).to_be_hidden()
    field.fill("")
    expect(entry).to_be_visible()
    page.get_by_role("link", name="Dictionary", exact=True).click()
    page.wait_for_function("() => document.querySelector('#dictionary').getBoundingClientRect().top < 120")


# The glossary's page


def test_the_glossary_is_searched_in_both_languages_without_a_run(page: Page, address: str) -> None:
    Dashboard(page, address).open("glossary", folded=True)
    entry = page.locator("#term-hazard-ratio")
    expect(entry).to_contain_text("How many times as often")
    expect(entry.locator("svg")).to_have_attribute("aria-label", re.compile("hazard ratio"))
    expect(page.locator(".outcomes-glossary svg")).to_have_count(17)
    check_accessible(page)

    field = page.get_by_role("searchbox", name="Search in English or Chinese")
    field.fill("危险比")
    expect(entry).to_be_visible()
    expect(page.locator("#term-odds-ratio")).to_be_hidden()
    expect(page.locator(".outcomes-contents [role=status]")).to_have_text(re.compile(r"^\d found$"))
    field.fill("RMST")
    expect(page.locator(".outcomes-entry:visible")).to_have_count(1)
    expect(page.locator("#term-restricted-mean-survival")).to_be_visible()
    expect(page.locator("#letter-a")).to_be_hidden()
    field.fill("")
    expect(page.locator("#term-odds-ratio")).to_be_visible()

    entry.get_by_role("link", name="More in Methods").click()
    expect(page.locator("details#hazard-ratio")).to_have_attribute("open", "")


def test_the_glossary_and_what_it_explains_change_language(page: Page, address: str) -> None:
    Dashboard(page, address).open("glossary", folded=True)
    page.get_by_role("radio", name="简体中文").or_(page.get_by_role("button", name="简体中文")).first.click()
    expect(page.locator("#term-hazard-ratio")).to_contain_text("一组每一时刻发生事件的频率")
    expect(page.locator(".outcomes-glossary")).to_have_attribute("lang", "zh-Hans")
    expect(page).to_have_url(re.compile("lang=zh"))


def test_words_of_english_pages_are_explained_in_chinese_to_who_asks_for_it(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open("survival-by-site?lang=zh", folded=True)
    word = term(page, "[data-testid=answer]", "log-rank test")
    word.click()
    check_opened(page, word, "比较整条曲线")
    expect(page.get_by_role("dialog")).to_contain_text("对数秩检验 · Log-rank test")
    page.get_by_role("dialog").get_by_role("link", name="术语表").click()
    entry = page.locator("#term-log-rank-test")
    expect(entry).to_contain_text("它不说明差异的大小")
    page.wait_for_function(
        "() => Math.abs(document.querySelector('#term-log-rank-test').getBoundingClientRect().top) < 300"
    )
    assert "lang=zh" in tab.page.url


def test_the_glossary_comes_once_from_an_address_that_browsers_keep(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on(
        "response",
        lambda response: (
            asked.append(response.headers.get("cache-control", "")) if "glossary.json" in response.url else None
        ),
    )
    tab = Dashboard(page, address).open("survival-by-site", folded=True)
    expect(term(page, "[data-testid=answer]", "log-rank test")).to_be_visible()
    tab.choose("sex", "girls", says="Sex: girls")
    assert asked == ["public, max-age=31536000, immutable"]
