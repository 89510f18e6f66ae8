"""What belongs to one reader: slow parts, and the ledger, which a reload and a note's link keep."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.dashboard import Dashboard
from tests.browser.test_ledger import Looks
from tests.browser.test_missing_values import SLOW, START, STOP

NewPage = Callable[..., Page]
AT_WORK = re.compile(r"[1-9]\d* of 100")
WAITS = re.compile(r"Waiting to begin: \d before yours, \d waiting in all|Beginning|\d of 100")


def test_a_slow_part_belongs_to_those_who_asked_for_it(new_page: NewPage, address: str) -> None:
    first = Dashboard(new_page(), address).open(f"{SLOW}&sex=girls")
    second = Dashboard(new_page(), address).open(f"{SLOW}&sex=boys")
    a, b = first.page, second.page
    shown_to_a, shown_to_b = a.get_by_test_id("stProgress"), b.get_by_test_id("stProgress")
    # A asks for three selections, so that the last one waits for long.
    a.locator(START).click()
    expect(shown_to_a).to_contain_text(AT_WORK)
    first.choose("sex", "boys", says="Sex: girls or boys")
    a.locator(START).click()
    expect(shown_to_a).to_contain_text("Waiting to begin: 1 before yours, 1 waiting in all")
    first.pill("sex", "girls").click()
    expect(first.sentence).to_contain_text("Sex: boys")
    a.locator(START).click()
    expect(shown_to_a).to_contain_text(WAITS)
    # B looks at the last one: it is not B's, until B asks for it too; what B stops goes on for A.
    second.choose("sex", "girls", says="Sex: girls or boys")
    second.pill("sex", "girls").click()
    expect(second.sentence).to_contain_text("Sex: boys")
    expect(b.locator(START)).to_be_enabled()
    expect(shown_to_b).to_have_count(0)
    b.locator(START).click()
    expect(shown_to_b).to_contain_text(WAITS)
    b.locator(STOP).click()
    expect(b.locator(START)).to_be_enabled()
    expect(shown_to_b).to_have_count(0)
    expect(shown_to_a).to_contain_text(WAITS)
    # A reload is still A.
    a.reload()
    first.settle().unfold()
    expect(shown_to_a).to_contain_text(WAITS)
    a.locator(STOP).click()
    expect(a.locator(START)).to_be_enabled()
    expect(shown_to_a).to_have_count(0)
    first.settle()
    second.settle()


def test_a_reload_keeps_the_ledger_and_another_tab_begins_its_own(new_page: NewPage, address: str) -> None:
    tab = Dashboard(new_page(), address).open("cumulative-incidence")
    looks = Looks(tab)
    tab.choose("sex", "boys", says="Sex: boys")
    looks.expect("Comparison 2")
    tab.turn_to("Survival by site")
    looks.expect("Comparison 3")
    looks.open()
    tab.page.get_by_text("This comparison was planned in advance").click()
    looks.expect("Planned in advance")
    rows = looks.rows()
    looks.close()
    tab.page.reload()
    tab.settle().unfold()
    looks.expect("Planned in advance")
    looks.open()
    assert looks.rows() == rows
    looks.close()
    tab.turn_to("Overview")
    tab.page.reload()
    expect(tab.pill("sex", "boys")).to_be_visible()
    tab.settle()
    tab.turn_to("Cumulative incidence")
    looks.expect("Comparison 2")
    # By the address bar, too: it is the same tab.
    tab.open("cumulative-incidence")
    looks.expect("Comparison 1 of 2")

    other = Looks(Dashboard(new_page(), address).open("cumulative-incidence"))
    other.expect("Comparison 1")
    other.open()
    assert len(other.rows()) == 1
    other.close()


def test_a_link_of_a_note_stays_in_the_session(new_page: NewPage, address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-site")
    looks = Looks(tab)
    tab.turn_to("Survival by any variable")
    tab.pick("by", "HSCT after relapse")
    tab.choose("sex", "boys", says="Sex: boys")
    left = tab.page.url
    tab.page.evaluate("window.stays = true")
    link = tab.note("post-baseline").get_by_test_id("note-link")
    expect(link).to_have_text("Landmark comparison with the same filter")
    link.click()
    heading = tab.page.locator("h1.outcomes-title")
    expect(heading).to_have_text("Landmark comparison")
    expect(tab.sentence).to_contain_text("Sex: boys")
    tab.settle()
    assert tab.page.evaluate("window.stays"), "the page was not loaded again"
    tab.unfold()
    looks.open()
    pages = {row[0].split(" ")[0] for row in looks.rows()}
    assert len(looks.rows()) >= 4 and len(pages) > 1, "all that was seen before is still listed"
    looks.close()
    tab.page.go_back()
    expect(heading).to_have_text("Survival by any variable")
    tab.settle()
    assert tab.page.url == left
    # Asked to open elsewhere, it does, and this page stays.
    with tab.page.context.expect_page() as opened:
        tab.note("post-baseline").get_by_test_id("note-link").click(modifiers=["Control"])
    opened.value.close()
    expect(heading).to_have_text("Survival by any variable")
