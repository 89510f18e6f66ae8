"""The ledger of comparisons as a reader meets it: the count, the mark, the files."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pandas as pd
from playwright.sync_api import Page, expect

from tests.browser.dashboard import Dashboard
from tests.browser.test_files import open_csv

PAGE = "cumulative-incidence"


class Looks:
    """What the ledger of an open dashboard says."""

    def __init__(self, tab: Dashboard) -> None:
        self.tab = tab
        self.line = tab.page.get_by_test_id("ledger")
        self.table = tab.page.locator(".outcomes-ledger-table")

    def expect(self, first_words: str) -> None:
        expect(self.line).to_contain_text(re.compile(f"^{first_words}( looked at|[.;])"))
        self.tab.settle()

    def open(self) -> None:
        self.tab.page.locator(".st-key-ledger_open button").first.click()
        expect(self.table).to_be_visible()

    def close(self) -> None:
        self.tab.page.keyboard.press("Escape")
        expect(self.table).to_have_count(0)

    def rows(self) -> list[list[str]]:
        rows: list[list[str]] = self.table.locator("tbody tr").evaluate_all(
            "(all) => all.map((row) => [...row.children].map((cell) => cell.innerText))"
        )
        return rows


def test_count_mark_and_files(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open(PAGE)
    looks = Looks(tab)
    looks.expect("Comparison 1")
    tab.choose("sex", "girls", says="Sex: girls")
    looks.expect("Comparison 2")
    tab.pick("interval", "plain")
    tab.close_options()
    looks.expect("Comparison 2")
    tab.pill("sex", "girls").click()
    expect(tab.sentence).to_contain_text("no filter")
    looks.expect("Comparison 1 of 2")

    looks.open()
    rows = looks.rows()
    assert [row[0].split(";")[-1].strip() for row in rows] == ["Sex: girls", "all children"]
    (shown,) = (value for label, value in tab.headlines.items() if label.startswith("p ("))
    assert rows[1][1] == shown
    page.get_by_text("This comparison was planned in advance").click()
    looks.expect("Planned in advance")
    expect(looks.table.locator("tbody tr").nth(1).locator("td").last).to_have_text("yes")
    _, content = tab.save(".st-key-csv_ledger_comparisons button")
    comments, table = open_csv(content)
    assert "1 comparison explored in this session." in comments and "1 planned in advance" in comments
    assert table["family"].tolist() == ["planned", "explored"]
    assert table["selection"].tolist() == ["all children", "Sex: girls"]
    assert table["p_value_holm"].tolist() == table["p_value"].tolist(), "each is alone in its family"
    looks.close()

    comments, _ = tab.csv("estimates")
    assert "Planned in advance. 1 comparison explored in this session." in comments
    assert "It was marked as planned in advance." in comments
    _, content = tab.save("[data-action=svg]")
    assert "It was marked as planned in advance." in " ".join(
        " ".join(ElementTree.fromstring(content).itertext()).split()
    )
    tab.choose("sex", "boys", says="Sex: boys")
    looks.expect("Comparison 2")
    comments, _ = tab.csv("estimates")
    assert (
        "# Comparison 2 looked at in this session. If nothing differed in any of the 2, about 0.1 would have"
        in comments
    )
    assert "It was not marked as planned in advance." in comments

    looks.open()
    clear = page.get_by_role("button", name="Clear the ledger")
    expect(clear).to_be_disabled()
    page.get_by_text("A new question begins").click()
    expect(clear).to_be_enabled()
    clear.click()
    looks.expect("Comparison 1")
    assert [row[0].split(";")[-1].strip() for row in looks.rows()] == ["Sex: boys"]
    looks.close()


def test_ledger_fits_a_phone(new_page: Callable[..., Page], address: str) -> None:
    page = new_page(390, 844, "dark")
    tab = Dashboard(page, address).open("relapse-predictors")
    looks = Looks(tab)
    looks.expect("Comparisons 1 to 4")
    looks.open()
    box = page.get_by_test_id("stPopoverBody").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert looks.table.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1"), "nothing is cut off at the side"
    expect(page.get_by_text("These 4 comparisons were planned in advance")).to_be_visible()
    colours = page.locator(".st-key-ledger_open button").first.evaluate(
        "(e) => [getComputedStyle(e).color, getComputedStyle(document.querySelector('[data-testid=stApp]')).color]"
    )
    assert colours[0] == colours[1], "the open button can be read in the dark"
    looks.close()


def test_file_of_the_ledger_opens_as_a_table(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open("relapse-predictors")
    looks = Looks(tab)
    tab.turn_to("Survival by site")
    looks.expect("Comparison 5")
    looks.open()
    name, content = tab.save(".st-key-csv_ledger_comparisons button")
    assert re.fullmatch(r"ledger_synthetic_\d{4}-\d\d-\d\d_comparisons\.csv", name)
    comments, table = open_csv(content)
    assert "SYNTHETIC DATA" in comments and "Holm's (1979)" in comments
    assert table["page"].tolist() == ["Predictors of relapse"] * 4 + ["Survival by site"]
    assert table["number"].tolist() == [1, 2, 3, 4, 5] and set(table["n_family"]) == {5}
    assert (table["p_value"] <= table["p_value_bh"]).all() and (table["p_value_bh"] <= table["p_value_holm"]).all()
    assert table["term"].str.len().min() > 20 and table["choices"].str.contains(": ").all()
    shown = {row[0].split(". ", 1)[0]: row[1] for row in looks.rows()}
    for row in table.itertuples():
        text = shown[str(row.number)]
        assert text == "<0.001" if row.p_value < 0.001 else float(text) == round(row.p_value, 3)
    assert isinstance(table, pd.DataFrame)
    looks.close()
