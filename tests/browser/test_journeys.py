"""What people do with the dashboard, done in a real browser."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard import Dashboard
from tests.browser.reading import click_pill, open_view, sentence, settle


def test_a_first_deep_link_shows_its_page(serve: Callable[[str | None], str], page: Page) -> None:
    open_view(page, serve(None), "survival-by-site")
    assert "Survival by site" in page.inner_text("h1")
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_a_filter_click_refits_the_odds_ratios(page: Page, address: str) -> None:
    open_view(page, address, "relapse-predictors")
    expect(page.locator(".forest")).to_contain_text("3.85 (1.13–12.2)")
    click_pill(page, "sex", "girls")
    expect(page.locator(".forest")).to_contain_text("3.23 (0.29–29.7)")
    expect(page.locator("[data-testid=headlines]")).to_contain_text("179 of 179")


@pytest.mark.parametrize(
    ("query", "code", "kept"),
    [
        ("sex=boys&age_years=5&age_years=99", "link-range-clipped", "Age at diagnosis from 5 years; Sex: boys"),
        ("sex=boys&by=Nonsense", "link-unknown-choice", "Sex: boys"),
    ],
)
def test_hand_edited_links_are_explained(query: str, code: str, kept: str, page: Page, address: str) -> None:
    open_view(page, address, f"survival-by-variable?{query}")
    expect(page.locator(f"[data-testid=link-notes] li[data-code={code}]")).to_have_count(1)
    assert kept in sentence(page)
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("[data-testid=link-notes]")).to_have_count(0)
    assert kept in sentence(page)
    page.reload()
    settle(page)
    page.wait_for_selector("[data-testid=headlines]")
    assert kept in sentence(page), "the address bar holds the view after the link was mended"


def download(page: Page, css: str) -> tuple[str, bytes]:
    with page.expect_download() as caught:
        page.locator(css).click()
    return caught.value.suggested_filename, Path(caught.value.path()).read_bytes()


def test_downloads_say_what_they_are(page: Page, address: str) -> None:
    Dashboard(page, address).open("survival-by-site?sex=boys&site=marrow+or+not")
    name, content = download(page, ".st-key-csv_estimates button")
    text = content.decode("utf-8-sig")
    header = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    for part in (
        "SYNTHETIC",
        "Selection: 257 of 436",
        "Sex: boys",
        "Method: Kaplan–Meier",
        "Data version",
        "exported on",
    ):
        assert part in header
    assert name.startswith("survival-by-site_sex-male_synthetic_") and name.endswith("_estimates.csv")
    rows = list(csv.DictReader(io.StringIO("\n".join(t for t in text.splitlines() if not t.startswith("#")))))
    at_3_years = next(r for r in rows if r["group"] == "marrow" and r["term"] == "survival at 3 years")
    assert f"{100 * float(at_3_years['estimate']):.1f}" in page.locator(".outcomes-table").first.inner_text()
    _, content = download(page, ".st-key-csv_curves button")
    assert b'"n_risk"' in content
    name, content = download(page, "[data-action=svg]")
    drawing = ElementTree.fromstring(content)
    words = " ".join(drawing.itertext())
    assert "257 of 436 synthetic children" in words and "At risk" in words and "isolated extramedullary" in words
    name, content = download(page, "[data-action=png]")
    assert name.endswith(".png") and content.startswith(b"\x89PNG")
    assert int.from_bytes(content[16:20], "big") >= 1200


def test_a_file_that_cannot_be_opened_is_explained(
    serve: Callable[[str | None], str], page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "patients.csv"
    address = serve(str(file))
    problems = page.locator("[data-testid=problems]")
    page.goto(address)
    expect(problems).to_contain_text("patients.csv")
    page.get_by_role("button", name="Show the synthetic reference cohort instead").click()
    expect(page.locator("[data-testid=cohort-sentence]")).to_contain_text("All 436 synthetic children")

    file.write_text("patient_id,sex,os_days,os_event\nA,male,10,1\nA,femal,-5,0\n", encoding="utf-8")
    page.goto(address)
    expect(problems).to_contain_text("femal")
    expect(problems).to_contain_text("os_days is negative")
    expect(problems).to_contain_text("patient_id repeats")
    file.write_text("patient_id,sex,os_days,os_event\nA,male,10,1\nB,female,5,0\n", encoding="utf-8")
    page.get_by_role("button", name="try again").click()
    expect(page.locator("[data-testid=cohort-sentence]")).to_contain_text("All 2 children")
