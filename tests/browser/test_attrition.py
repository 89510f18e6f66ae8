"""The way from the cohort to an estimate, and the notes on what becomes known too late, as a reader meets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard import Dashboard
from tests.browser.test_files import open_csv

ROWS = "(all) => all.map((e) => [e.dataset.kind, Number(e.dataset.n)])"
SVG = "{http://www.w3.org/2000/svg}"
PREDICTORS = "relapse-predictors?sex=boys&factors=ETV6%3A%3ARUNX1&factors=CNS+status"


def open_way(tab: Dashboard) -> str:
    """Open the way; what stands on its lid."""
    lid = tab.page.locator(".st-key-way [data-testid=stExpander] > details > summary")
    lid.click()
    expect(tab.page.get_by_test_id("funnel")).to_be_visible()
    return lid.inner_text().split("From the cohort to this analysis: ")[1]


def test_the_way_ends_at_the_estimate_on_the_page_and_in_the_files(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open(PREDICTORS)
    gist = open_way(tab)
    rows = dict(tab.page.locator("[data-testid=funnel] > div").evaluate_all(ROWS))
    assert list(rows) == ["everyone", "clause", "eligible", "complete", "events"]
    assert tab.headlines["Children in the model"] == f"{rows['complete']} of {rows['eligible']}"
    assert tab.headlines["Relapses"] == str(rows["events"])
    assert gist == (
        f"436 children → 257 selected → {rows['complete']} complete → {rows['events']} relapses"
    ) and tab.sentence.inner_text().endswith("257 of 436 synthetic children: Sex: boys.")
    comments, table = open_csv(tab.save(".st-key-csv_funnel button")[1])
    assert f"# From the cohort to this analysis: {gist}" in comments
    assert table["n"].iloc[-2:].tolist() == [rows["complete"], rows["events"]]
    lost = table[table["reason"].notna()]
    words = tab.page.get_by_test_id("funnel").inner_text()
    assert {"ETV6::RUNX1: not tested", "CNS status: not recorded"} <= set(lost["reason"])
    for reason, n in zip(lost["reason"], lost["n_lost"], strict=True):
        assert f"−{n} {reason}" in words
    assert f"From the cohort to this analysis: {gist}" in open_csv(tab.save(".st-key-csv_estimates button")[1])[0]
    name, svg = tab.save_from(".st-key-stages", "svg")
    assert name.endswith("_funnel.svg") and "SYNTHETIC DATA" in svg.decode()
    drawing = ElementTree.fromstring(svg)
    assert (drawing.findtext(f"{SVG}title") or "").endswith(": Whom it shows")
    texts, bars = drawing.findall(f".//{SVG}text"), drawing.findall(f".//{SVG}rect")[1:]
    assert f"−{rows['eligible'] - rows['complete']}" in {text.text for text in texts}
    width, height = float(drawing.attrib["width"]), float(drawing.attrib["height"])
    assert all(0 < float(text.attrib["y"]) < height for text in texts)
    full = max(float(bar.attrib["width"]) for bar in bars)
    wide = [float(bar.attrib["width"]) for bar in bars if bar.attrib["fill"] in ("#6b7f92", "#17819a")]
    assert [round(w / full, 2) for w in wide[:2]] == [1, round(rows["clause"] / rows["everyone"], 2)]
    assert all(float(bar.attrib["x"]) + float(bar.attrib["width"]) < width for bar in bars)


def test_the_way_stays_open_and_follows_the_filter(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open("survival-by-site")
    before = open_way(tab)
    tab.choose("sex", "girls", says="Sex: girls")
    expect(tab.page.locator(".st-key-way [data-testid=stExpander] > details > summary")).to_contain_text("179 selected")
    expect(tab.page.locator("[data-testid=funnel] [data-kind=clause]")).to_contain_text("Sex: girls")
    assert "selected" not in before


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1024, "light")])
def test_the_way_fits_the_page(new_page: Callable[..., Page], address: str, width: int, scheme: str) -> None:
    tab = Dashboard(new_page(width, 844, scheme), address).open("adjusted-comparison?age_years=1&age_years=12")
    open_way(tab)
    box = tab.page.get_by_test_id("funnel")
    assert box.evaluate("(e) => e.scrollWidth <= e.clientWidth")
    inside = box.evaluate(
        "(e) => [...e.querySelectorAll('span')].every((s) => s.getBoundingClientRect().right <= innerWidth - 8)"
    )
    assert inside
    tab.check_readable()


def test_a_note_leads_to_the_salvage_treatments_of_the_same_children(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open(
        "survival-by-variable?by=HSCT+after+relapse&sex=boys&salvage_treatment=HSCT&endpoint=EFS+from+first+relapse"
    )
    groups, selection = tab.note("post-baseline"), tab.note("post-baseline-selection")
    expect(groups).to_contain_text("stay free of events long enough")
    expect(selection).to_contain_text("event-free survival here is not that of children at the start")
    link = selection.get_by_test_id("note-link")
    expect(link).to_have_text("HSCT, CAR-T or chemotherapy without the filter on Salvage treatment")
    kept = parse_qs(urlsplit(link.get_attribute("href") or "").query)
    assert kept["sex"] == ["boys"] and kept["endpoint"] == ["EFS from first relapse"]
    link.click()
    expect(tab.page.locator("h1.outcomes-title")).to_have_text(re.compile("^HSCT, CAR-T or chemotherapy"))
    tab.settle().unfold()
    expect(tab.sentence).to_have_text("SYNTHETIC DATA257 of 436 synthetic children: Sex: boys.")
    assert "EFS" in tab.link() and "salvage_treatment" not in tab.link()
    expect(tab.page.locator('[data-code="post-baseline-selection"]')).to_have_count(0)


def test_notes_without_an_answer_have_no_link(page: Page, address: str) -> None:
    tab = Dashboard(page, address).open("hazard-ratios?second_remission=reached&endpoint=OS+from+first+relapse")
    expect(tab.note("post-baseline-selection")).to_contain_text("Second remission (CR2)")
    expect(tab.page.get_by_test_id("note-link")).to_have_count(0)
