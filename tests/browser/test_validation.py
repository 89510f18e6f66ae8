"""How good the model is, as a reader meets it: closed at first, then opened, corrected for optimism, stopped."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.dashboard import NO_NUMBER, Dashboard
from tests.browser.test_files import open_csv

PAGE = "relapse-predictors"
MANY = "&".join(
    f"factors={label.replace(' ', '+')}"
    for label in (
        "Age at diagnosis",
        "White cells",
        "Platelets",
        "Haemoglobin",
        "MRD on day 46",
        "Age group",
        "CNS status",
    )
)


class Line:
    """The line "How good is this model?" and what lies under it."""

    def __init__(self, tab: Dashboard) -> None:
        self.tab = tab
        self.box = tab.page.locator(".st-key-checks")
        self.says = self.box.get_by_test_id("check-sentences")
        self.run = self.box.get_by_role("button", name="Correct by 500 resamples")
        self.stop = self.box.get_by_role("button", name="Stop")

    def open(self) -> Line:
        self.box.locator("summary").click()
        expect(self.says.first).to_be_visible()
        self.tab.settle()
        return self

    def cells(self, title: str) -> dict[str, list[str]]:
        """The rows of a table by their first cell, with ordinary spaces."""
        table = self.box.locator(".outcomes-table").filter(has_text=title)
        expect(table).to_have_count(1)
        rows: list[list[str]] = table.locator("tbody tr").evaluate_all(
            "(all) => all.map((row) => [...row.children].map((cell) => cell.innerText))"
        )
        return {row[0]: [cell.replace("\u00a0", " ").replace("\u2060", "") for cell in row[1:]] for row in rows}


def test_closed_then_opened_then_corrected_for_optimism(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open(PAGE)
    line = Line(tab)
    expect(line.box.locator("summary")).to_contain_text("How good is this model?")
    expect(line.says).to_have_count(0)
    before = tab.seen()
    line.open()
    now = tab.seen()
    assert now["forest"] == before["forest"] and now["headlines"] == before["headlines"]

    found = line.cells("How well it predicts")
    assert found["Area under the ROC curve (AUC)"][:2] == ["0.72", "0.65 to 0.79"]
    assert found["Calibration slope"][0] == "1.00"
    expect(line.says.first).to_contain_text("64 of 436 children relapsed")
    expect(line.box.locator(".js-plotly-plot")).to_have_count(1)
    ratios = line.cells("Odds ratios without one child")
    assert re.fullmatch(
        r"3\.12 – one of 4 alike, relapsed: SYN\d{4}, .*interval then includes 1", ratios["BCR::ABL1: positive"][1]
    )
    for part in line.box.locator(".outcomes-table, .outcomes-says, .outcomes-caption").all_inner_texts():
        assert not NO_NUMBER.search(part), part

    expect(line.box.get_by_text("After 500 resamples")).to_have_count(0)
    line.run.click()
    corrected = line.box.locator(".outcomes-table").filter(has_text="After 500 resamples")
    expect(corrected).to_be_visible(timeout=60_000)
    tab.settle()
    expect(line.run).to_have_count(0)
    here, optimism, after = map(float, line.cells("After 500 resamples")["Area under the ROC curve (AUC)"])
    assert here == 0.72 and 0 < optimism < 0.05 and after < here
    name, content = tab.save(".st-key-csv_optimism_optimism button")
    assert name.endswith("_optimism.csv")
    _, frame = open_csv(content)
    assert frame["term"].tolist() == ["AUC", "calibration slope", "Brier score"]
    assert round(float(frame["corrected"][0]), 2) == after

    # Another selection: the line stays open and says other things; what was computed of the first is not shown of it.
    tab.choose("sex", "girls", says="Sex: girls")
    expect(line.says.first).not_to_contain_text("64 of 436")
    expect(line.run).to_be_visible()
    expect(corrected).to_have_count(0)


def test_the_bootstrap_can_be_stopped(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open(f"{PAGE}?{MANY}")
    line = Line(tab).open()
    expect(line.box.locator(".js-plotly-plot")).to_have_count(5)  # calibration, and a curve for every number
    line.run.click()
    expect(line.box.get_by_text(re.compile(r"^\d+ of 500$"))).to_be_visible()
    line.stop.click()
    expect(line.run).to_be_visible()
    expect(line.stop).to_have_count(0)
    expect(line.box.locator(".outcomes-table").filter(has_text="resamples")).to_have_count(0)


def test_a_narrow_dark_page_holds_all_of_it(new_page: Callable[..., Page], address: str) -> None:
    page = new_page(width=390, height=844, scheme="dark")
    tab = Dashboard(page, address).open(PAGE)
    Line(tab).open()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.locator(".st-key-checks .js-plotly-plot").evaluate_all("(all) => all.map((e) => e.offsetWidth)")
    assert wide and max(wide) <= 390
