"""The paper read figure by figure: by keyboard from the contents to a card and into it, and a risk that is moved."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.dashboard import Dashboard

PAGE = "read-the-paper"
IN_SIGHT = "(e) => { const box = e.getBoundingClientRect(); return box.top >= 40 && box.top < innerHeight / 2 }"


def test_contents_lead_to_a_card_and_its_answer_by_keyboard(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open(PAGE, folded=True)
    card = page.locator("#paper-site")
    link = page.locator(".paper-contents a").filter(has_text="Site")
    expect(link).to_be_in_viewport()
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => ({IN_SIGHT})(document.getElementById('paper-site'))")
    page.wait_for_timeout(1200)  # what scrolls again while the page is on its way
    assert card.evaluate(IN_SIGHT)
    answer = card.locator(".paper-answer")
    expect(answer.get_by_text("fits a mortality up to 22")).to_be_hidden()
    for _ in range(12):
        page.keyboard.press("Tab")
        if answer.evaluate("(e) => e.firstElementChild === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(answer.get_by_text("fits a mortality up to 22")).to_be_visible()
    check_accessible(page)
    card.get_by_role("link", name="Survival by site").click()
    expect(page.locator("h1.outcomes-title")).to_have_text("Survival by site")
    tab.settle()
    assert tab.headline("p (log-rank test)") == "0.078"


def test_a_moved_risk_is_drawn_and_open_answers_stay_open(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open(PAGE, folded=True)
    moved, slider = page.get_by_test_id("moved-risk"), page.get_by_role("slider")
    expect(moved).to_contain_text("Of 100 children with it, all else alike: 41 relapse.")
    page.locator("#paper-cohort .paper-answer summary").first.click()
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(moved).to_contain_text("Of 100 children without it: 15 relapse.")
    expect(moved).to_contain_text("Of 100 children with it, all else alike: 50 relapse.")
    tab.settle()
    filled = moved.locator(".outcomes-hundred").nth(1).locator("[data-kind=sure], [data-kind=likely]")
    expect(filled).to_have_count(50)
    expect(page.locator("#paper-cohort .paper-answer")).to_have_attribute("open", "")
    page.wait_for_url("**baseline_risk=15**")
    page.reload()
    expect(page.get_by_test_id("moved-risk")).to_contain_text("Of 100 children without it: 15 relapse.")


def test_on_a_phone_nothing_is_wider_than_the_window(new_page: Callable[..., Page], address: str) -> None:
    page = new_page(width=390, height=844)
    Dashboard(page, address).open(PAGE, folded=True)
    expect(page.locator(".paper-worked")).to_be_attached()
    assert page.evaluate(
        "() => [...document.querySelectorAll('.paper-card')].every((e) => e.scrollWidth <= e.clientWidth)"
    )
    check_accessible(page)
