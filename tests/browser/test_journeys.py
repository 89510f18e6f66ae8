"""What people do with the dashboard, done in a real browser."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from analytics.analyses import load_analyses
from tests.browser.reading import click_pill, counts, curves, numbers, open_view, sentence, settle

SLUGS = [analysis.slug for analysis in load_analyses()]


def test_a_first_deep_link_shows_its_page(serve: Callable[[str | None], str], page: Page) -> None:
    open_view(page, serve(None), "survival-by-site")
    assert "Survival by site" in page.inner_text("h1")
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_a_filter_click_redraws_the_curves(page: Page, address: str) -> None:
    open_view(page, address, "survival-by-site")
    before, pills = curves(page), counts(page, "immunophenotype")
    box = page.locator("[data-testid=stPlotlyChart]").bounding_box()
    assert pills == ["403", "33"]
    click_pill(page, "sex", "boys")
    assert sentence(page).endswith("257 of 436 synthetic children: Sex: boys.")
    assert curves(page) != before
    page.wait_for_function(
        "() => getComputedStyle(document.querySelector('.st-key-immunophenotype [data-variant=pills]'), '::after')"
        ".content === '\"229\"'"
    )
    assert counts(page, "immunophenotype") == ["229", "28"]
    assert counts(page, "sex") == ["179", "257"], "a filter's own counts are those under the other filters"
    after = page.locator("[data-testid=stPlotlyChart]").bounding_box()
    assert box and after and abs(after["height"] - box["height"]) < 2 and abs(after["y"] - box["y"]) < 2


def test_a_filter_click_refits_the_odds_ratios(page: Page, address: str) -> None:
    open_view(page, address, "relapse-predictors")
    expect(page.locator(".forest")).to_contain_text("3.85 (1.13–12.2)")
    click_pill(page, "sex", "girls")
    expect(page.locator(".forest")).to_contain_text("3.23 (0.29–29.7)")
    expect(page.locator("[data-testid=headlines]")).to_contain_text("179 of 179")


def test_pages_share_the_filter(page: Page, address: str) -> None:
    open_view(page, address)
    click_pill(page, "bcr_abl1", "positive")
    wanted = sentence(page)
    for name in ("Predictors of relapse", "Survival by site", "Survival by treatment", "Methods", "Overview"):
        page.get_by_role("link", name=name).click()
        page.wait_for_function("name => document.querySelector('h1')?.innerText.startsWith(name)", arg=name)
        settle(page)
        assert sentence(page) == wanted
        assert parse_qs(urlsplit(page.url).query)["bcr_abl1"] == ["positive"]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_copied_link_brings_the_same_numbers_back(slug: str, new_page: Callable[..., Page], address: str) -> None:
    first = new_page()
    open_view(first, address, slug)
    click_pill(first, "immunophenotype", "B-ALL")
    button = first.locator("[data-action=copy]")
    expect(button).to_have_attribute("data-link", re.compile("immunophenotype=B-ALL"))
    button.click()
    expect(button).to_have_text("Link copied")
    link = first.evaluate("() => navigator.clipboard.readText()")
    query = parse_qs(urlsplit(link).query, keep_blank_values=True)
    analysis = next(a for a in load_analyses() if a.slug == slug)
    assert "data" in query
    names = {"relapse-predictors": {"factors", "reference", "fit", "limits"}}
    assert names.get(slug, {"test", "strata", "interval", "bands"}) <= set(query), analysis.title
    second = new_page()
    open_view(second, link.split("/", 3)[0] + "//" + link.split("/", 3)[2], link.split("/", 3)[3])
    assert numbers(second) == numbers(first)
    expect(second.locator("[data-testid=link-notes]")).to_have_count(0)


@pytest.mark.parametrize(
    ("query", "code", "kept"),
    [
        ("sex=boys&immunophenotype=X", "link-unknown-level", "Sex: boys"),
        ("sex=boys&colour=red", "link-unknown-variable", "Sex: boys"),
        ("sex=boys&age_years=9&age_years=2", "link-reversed-range", "Sex: boys"),
        ("sex=boys&age_years=5&age_years=99", "link-range-clipped", "Age at diagnosis from 5 years; Sex: boys"),
        ("sex=boys&by=Nonsense", "link-unknown-choice", "Sex: boys"),
        ("sex=boys&data=000000", "link-other-data", "Sex: boys"),
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


def test_controls_change_the_analysis(page: Page, address: str) -> None:
    open_view(page, address, "survival-by-treatment")
    expect(page.locator("[data-testid=headlines]")).to_contain_text("0.716")
    page.get_by_text("marrow relapses only").click()
    page.get_by_text("HSCT or not").click()
    expect(page.locator("[data-testid=headlines]")).to_contain_text("0.027")
    settle(page)
    lines = len(curves(page))
    page.get_by_role("button", name="Options").click()
    page.get_by_text("Show confidence bands").click()
    page.wait_for_function(
        "n => document.querySelector('[data-testid=stPlotlyChart] .js-plotly-plot').data.length < n", arg=lines
    )


def test_the_note_on_immortal_time_cannot_be_missed(page: Page, address: str) -> None:
    open_view(page, address, "survival-by-treatment")
    note = page.locator(".outcomes-note.warning[data-code=immortal-time]").bounding_box()
    figure = page.locator("[data-testid=stPlotlyChart]").bounding_box()
    assert note and figure and note["y"] + note["height"] <= figure["y"] and note["y"] + note["height"] < 900


def download(page: Page, css: str) -> tuple[str, bytes]:
    with page.expect_download() as caught:
        page.locator(css).click()
    return caught.value.suggested_filename, Path(caught.value.path()).read_bytes()


def test_downloads_say_what_they_are(page: Page, address: str) -> None:
    open_view(page, address, "survival-by-site?sex=boys&site=marrow+or+not")
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


def test_own_patients_are_not_called_synthetic(
    serve: Callable[[str | None], str], page: Page, root: Path, tmp_path: Path
) -> None:
    text = (root / "data" / "reference_cohort.csv").read_text(encoding="utf-8")
    own = tmp_path / "own.csv"
    own.write_text(text.replace("SYN", "P"), encoding="utf-8")
    open_view(page, serve(str(own)), "survival-by-site")
    assert sentence(page) == "All 436 children, no filter."
    expect(page.locator(".outcomes-chip")).to_have_count(0)


def test_a_broken_file_is_explained_and_the_app_lives_on(
    serve: Callable[[str | None], str], page: Page, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("patient_id,sex,os_days,os_event\nA,male,10,1\nA,femal,-5,0\n", encoding="utf-8")
    page.goto(serve(str(broken)))
    problems = page.locator("[data-testid=problems]")
    expect(problems).to_contain_text("femal")
    expect(problems).to_contain_text("os_days is negative")
    expect(problems).to_contain_text("patient_id repeats")
    broken.write_text("patient_id,sex,os_days,os_event\nA,male,10,1\nB,female,5,0\n", encoding="utf-8")
    page.get_by_role("button", name="try again").click()
    expect(page.locator("[data-testid=cohort-sentence]")).to_contain_text("All 2 children")


def test_the_reference_cohort_stands_in_for_a_missing_file(
    serve: Callable[[str | None], str], page: Page, tmp_path: Path
) -> None:
    page.goto(serve(str(tmp_path / "nowhere.csv")))
    expect(page.locator("[data-testid=problems]")).to_contain_text("nowhere.csv")
    page.get_by_role("button", name="Show the synthetic reference cohort instead").click()
    expect(page.locator("[data-testid=cohort-sentence]")).to_contain_text("All 436 synthetic children")
