"""A file of one's own, opened in the browser: from the file to its curves, and in that tab alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.dashboard import Dashboard
from tests.intake.portal_download import N_CHILDREN, made_up_download


def write_download(folder: Path) -> Path:
    path = folder / "download.tsv"
    made_up_download().frame.to_csv(path, sep="\t", index=False)
    return path


def test_a_file_is_opened_and_seen_in_its_own_tab_alone(
    new_page: Callable[..., Page], address: str, tmp_path: Path
) -> None:
    tab, other = (Dashboard(new_page(), address) for _ in range(2))
    tab.open("your-patients", folded=True)
    page = tab.page
    page.set_input_files("input[type=file]", write_download(tmp_path))
    expect(page.get_by_test_id("recognised")).to_contain_text("TARGET ALL")
    page.get_by_role("button", name=f"Show {N_CHILDREN} children").click()
    expect(page.get_by_test_id("own-shown")).to_contain_text("download.tsv")
    tab.settle().turn_to("Survival by site")
    expect(tab.sentence).to_contain_text(f"All {N_CHILDREN} children")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    assert "own=1" in page.url
    # Another tab, by the same address, has the patients of the start, and is told what is missing.
    other.open(page.url, folded=True)
    expect(other.sentence).to_contain_text("synthetic children")
    expect(other.page.locator("[data-code=link-own-file]")).to_be_visible()


def test_on_a_phone_what_is_wrong_can_be_reached(new_page: Callable[..., Page], address: str, tmp_path: Path) -> None:
    rows = [f"{i};{'mf'[i % 2]};{-4 if i == 3 else i % 15 + 1};{100 + 37 * i};{int(i % 5 == 0)}" for i in range(1, 41)]
    (tmp_path / "ward.csv").write_text("\n".join(["No;Sex;Age;OS days;Dead", *rows]), encoding="utf-8")
    (tmp_path / "ward.toml").write_text(
        'name = "ward"\nkey = "No"\nmap.sex = { from = "Sex" }\nmap.age_years = { from = "Age", rule = "number" }\n'
        'map.os_days = { from = "OS days", rule = "number" }\nmap.os_event = { from = "Dead" }\n',
        encoding="utf-8",
    )
    tab = Dashboard(new_page(width=390, height=844), address).open("your-patients", folded=True)
    page = tab.page
    page.set_input_files("input[type=file]", [tmp_path / "ward.csv", tmp_path / "ward.toml"])
    finding = page.get_by_test_id("stExpander").filter(has_text="“Age at diagnosis” is negative")
    finding.locator("summary").click()
    exclude = finding.get_by_role("button", name="Exclude 1 child")
    expect(exclude).to_be_visible()
    tab.settle()
    check_accessible(page)
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    exclude.click()
    expect(page.get_by_role("button", name="Show 39 children")).to_be_visible()
