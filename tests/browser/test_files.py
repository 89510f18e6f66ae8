"""Files against what stands on the page."""

from __future__ import annotations

import io
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zlib import crc32

import openpyxl
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from analytics import __version__
from analytics.analyses import load_analyses
from pages.components.cache import REFERENCE_COHORT, load_cohort
from tests.browser.dashboard import Dashboard

COHORT = load_cohort(str(REFERENCE_COHORT))


def open_csv(content: bytes) -> tuple[str, pd.DataFrame]:
    """The comment lines and the table."""
    text = content.decode("utf-8-sig")
    comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    return comments, pd.read_csv(io.StringIO(text), comment="#", float_precision="round_trip")


def test_curves_in_the_file_are_those_of_the_figure(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-site?sex=boys&site=marrow+or+not")
    name, content = tab.save(".st-key-csv_curves button")
    today = date.today().isoformat()
    assert name == f"survival-by-site_sex-male_synthetic_{today}_curves.csv"
    comments, table = open_csv(content)
    for part in (
        "SYNTHETIC DATA",
        "Cohort: reference_cohort",
        "Selection: 257 of 436 synthetic children: Sex: boys.",
        "Method: Kaplan–Meier estimates",
        f"Data version: {COHORT.data_version}; product version: {__version__}",
        f"exported on {today}",
        "not advice",
    ):
        assert part in comments
    names = {"marrow": "marrow (isolated or combined)", "isolated extramedullary": "isolated extramedullary"}
    drawn = tab.lines()
    assert {line["name"] for line in drawn} == set(names.values())
    for group, rows in table.groupby("group"):
        assert rows.iloc[0][["time_months", "survival"]].tolist() == [0, 1]
        falls = rows[rows["survival"].diff() < 0]
        steps = {
            (round(x, 1), round(y, 1))
            for line in drawn
            if line["name"] == names[str(group)]
            for x, y in zip(line["x"], line["y"], strict=True)
        }
        for time, estimate in zip(falls["time_months"], falls["survival"], strict=True):
            near = [y for x, y in steps if abs(x - time) < 0.1]
            assert any(abs(y - 100 * estimate) < 0.1 for y in near), (group, time, estimate)


def test_odds_ratios_in_the_file_are_those_of_the_page(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("relapse-predictors?sex=girls", folded=True)
    tab.page.get_by_role("button", name="Save this picture").click()
    expect(tab.page.locator("[data-action=slide]")).to_be_in_viewport()
    tab.unfold()
    name, content = tab.save(".st-key-csv_estimates button")
    assert re.fullmatch(r"relapse-predictors_sex-female_synthetic_\d{4}-\d\d-\d\d_estimates\.csv", name)
    comments, table = open_csv(content)
    assert "Selection: 179 of 436 synthetic children: Sex: girls." in comments
    assert "SYNTHETIC" in comments and COHORT.data_version in comments
    for model in ("univariable", "multivariable"):
        rows = table[(table["model"] == model) & ~table["is_reference"].astype(bool)]
        assert len(rows) == 4
        for row in rows.itertuples():
            assert tab.odds_ratio(row.variable, row.level, model) == pytest.approx(row.odds_ratio, rel=0.006)


LOOK = """async (png) => {
  const image = await createImageBitmap(new Blob([Uint8Array.from(atob(png), (c) => c.charCodeAt(0))], { type: 'image/png' }))
  const canvas = new OffscreenCanvas(image.width, image.height)
  const pen = canvas.getContext('2d')
  pen.drawImage(image, 0, 0)
  const pixels = pen.getImageData(0, 0, image.width, image.height).data
  const colours = new Set()
  for (let i = 0; i < pixels.length; i += 404) colours.add(pixels.slice(i, i + 3).join())
  return {
    width: image.width, height: image.height, colours: colours.size, corner: Array.from(pixels.slice(0, 4)),
  }
}"""


def look_at(tab: Dashboard, png: bytes) -> dict[str, Any]:
    """The size of a picture, how many colours it has, and that of its corner."""
    found: dict[str, Any] = tab.page.evaluate(LOOK, b64encode(png).decode())
    return found


@pytest.mark.parametrize("slug", [analysis.slug for analysis in load_analyses()])
def test_pictures_say_whom_they_show(slug: str, new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open(f"{slug}?sex=boys")
    name, content = tab.save("[data-action=svg]")
    assert re.fullmatch(rf"{slug}_sex-male_synthetic_\d{{4}}-\d\d-\d\d\.svg", name)
    words = " ".join(" ".join(ElementTree.fromstring(content).itertext()).split())
    for part in ("257 of 436 synthetic children", "Sex: boys", "SYNTHETIC DATA", COHORT.data_version):
        assert part in words
    name, content = tab.save("[data-action=png]")
    assert name.endswith(".png") and content.startswith(b"\x89PNG")
    size = look_at(tab, content)
    assert size["width"] >= 1200 and size["height"] >= 400
    assert size["colours"] > 20, "the picture is not one plain area"
    assert size["corner"][3] == 255, "the picture has a background of its own"


def test_a_picture_is_light_and_of_its_own_size_whatever_the_page_is(
    new_page: Callable[..., Page], address: str
) -> None:
    tab = Dashboard(new_page(scheme="dark"), address).open("survival-by-site")
    size = look_at(tab, tab.save("[data-action=png]")[1])
    assert min(size["corner"][:3]) > 250
    tab.page.set_viewport_size({"width": 900, "height": 700})
    tab.settle()
    drawing = tab.save("[data-action=svg]")[1].decode()
    assert "rgb(0, 0, 55)" not in drawing and "#000037" not in drawing, "no text is left in the ink of the page"
    other = look_at(tab, tab.save("[data-action=png]")[1])
    assert (other["width"], other["height"]) == (size["width"], size["height"])


def chunks_of(png: bytes) -> dict[bytes, bytes]:
    """The parts of a PNG before its pixels; texts by their name."""
    found, at = {}, 8
    while (kind := png[at + 4 : at + 8]) != b"IDAT":
        length = int.from_bytes(png[at : at + 4], "big")
        content = png[at + 8 : at + 8 + length]
        assert int.from_bytes(png[at + 8 + length : at + 12 + length], "big") == crc32(kind + content)
        name, text = content.split(b"\0", 1) if kind in (b"tEXt", b"iTXt") else (kind, content)
        found[name] = text
        at += 12 + length
    return found


def test_a_picture_for_a_slide_and_one_for_a_journal(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-site")
    name, slide = tab.save("[data-action=slide]")
    assert name.endswith("_slide.png") and slide[16:24] == (1920).to_bytes(4, "big") + (1080).to_bytes(4, "big")
    _, column = tab.save("[data-action=journal-png]")
    assert int.from_bytes(column[16:20], "big") == round(89 / 25.4 * 300)
    assert chunks_of(column)[b"pHYs"][:4] == round(300 / 0.0254).to_bytes(4, "big")
    for picture in (slide, column):
        texts = chunks_of(picture)
        assert texts[b"Title"] == b"Survival by site" and COHORT.data_version.encode() in texts[b"Source"]
        assert "Method: Kaplan–Meier estimates" in texts[b"Description"].decode()
    drawing = ElementTree.fromstring(tab.save("[data-action=journal-svg]")[1])
    assert drawing.attrib["width"] == "89mm"
    metadata = drawing.findtext("{http://www.w3.org/2000/svg}metadata") or ""
    assert "SYNTHETIC DATA" in metadata and "Method: Kaplan–Meier estimates" in metadata
    foot = [text.text or "" for text in drawing.findall("{http://www.w3.org/2000/svg}text")]
    assert " ".join(foot).startswith("SYNTHETIC DATA. All 436 synthetic children, no filter.") and "Method" not in foot


def test_every_figure_of_a_page_can_be_kept(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("cumulative-incidence")
    figures = tab.page.locator(".outcomes-figure")
    assert figures.count() > 1
    names = set()
    for figure in figures.all():
        figure.locator(".outcomes-save summary").focus()
        tab.page.keyboard.press("Enter")
        with tab.page.expect_download() as caught:
            figure.locator("[data-save=journal-svg]").click()
        names.add(caught.value.suggested_filename)
        assert "SYNTHETIC DATA" in words_of(Path(caught.value.path()).read_bytes())
    assert len(names) == figures.count(), "each has a name of its own"
    name, content = tab.save_from(".st-key-picture_0", "svg", part="T-ALL (n = 33)")
    words = words_of(content)
    assert name.endswith("_picture_0_2.svg") and "T-ALL (n = 33)" in words and "Months from diagnosis" in words
    assert "B-ALL (n = 403)" not in words and "Death in first remission" in words, "one panel, with the key to all"


@pytest.mark.parametrize("figure", ["pictures", "flow", "lanes", "stages"])
def test_pictures_of_the_overview_can_be_kept(figure: str, new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(scheme="dark"), address).open("?sex=girls", folded=True)
    name, content = tab.save_from(f".st-key-{figure}", "svg")
    assert re.fullmatch(rf"overview_synthetic_[\d-]+_{figure.replace('stages', 'funnel')}\.svg", name)
    words = words_of(content)
    for part in ("179 of 436 synthetic children: Sex: girls", "SYNTHETIC DATA", COHORT.data_version, "Overview: "):
        assert part in words
    assert "Click" not in words
    drawing = content.decode().split("</metadata>")[1]
    assert not re.search(r"var\(|color-mix|currentColor|class=|data-ask", drawing), "any program can draw it"
    name, content = tab.save_from(f".st-key-{figure}", "slide")
    size = tab.page.evaluate(LOOK, b64encode(content).decode())
    assert name.endswith("_slide.png") and (size["width"], size["height"]) == (1920, 1080)
    assert size["corner"] == [255, 255, 255, 255] and size["colours"] > 20
    if figure == "pictures":
        name, content = tab.save_from(f".st-key-{figure}", "svg", part="White cells")
        assert name.endswith("_pictures_2.svg") and "Overview: White cells" in words_of(content)
        assert "Risk group" not in words_of(content)


def words_of(content: bytes) -> str:
    return " ".join(" ".join(ElementTree.fromstring(content).itertext()).split())


def test_a_click_on_the_name_of_a_curve_hides_it_on_the_page_alone(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-site")
    name = tab.page.locator(".annotation-text-g > g[style*='pointer-events: all']").filter(has_text="combined")
    hidden = "() => document.querySelector('.js-plotly-plot').data.filter((t) => t.visible === 'legendonly').length"
    words = words_of(tab.save("[data-action=svg]")[1])
    name.click()
    tab.page.wait_for_function(hidden)
    assert words_of(tab.save("[data-action=svg]")[1]) == words
    name.click()
    tab.page.wait_for_function(f"() => !({hidden})()")


def test_a_picture_shows_what_is_hidden_on_the_page(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-site?marks=true")
    legend = tab.page.locator(".js-plotly-plot .infolayer .legend .traces")
    solid = tab.page.locator(".js-plotly-plot .infolayer .legend .traces:not([style*='opacity: 0.5'])")
    whole, words = tab.csv("curves")[1], words_of(tab.save("[data-action=svg]")[1])
    assert all(words.count(name) == 2 for name in ("isolated marrow", "combined")), "in the legend and in the table"
    legend.filter(has_text="combined").locator(".legendtoggle").click()
    expect(solid).to_have_count(2)
    assert words_of(tab.save("[data-action=svg]")[1]) == words
    assert tab.csv("curves")[1] == whole, "the numbers are those of all groups"

    # A double click leaves one curve alone.
    legend.filter(has_text="isolated marrow").locator(".legendtoggle").dblclick()
    expect(solid).to_have_count(1)
    drawing = tab.save("[data-action=svg]")[1].decode()
    assert (
        drawing.count('class="js-line"') >= 3
        and "opacity: 0.5" not in drawing.split("</metadata>")[1].split("legend")[0]
    )

    # What was hidden in one figure hides nothing in the next.
    tab.choose("sex", "boys", says="boys")
    expect(solid).to_have_count(3)


def test_a_long_entry_of_the_legend_is_whole_on_a_telephone(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(390, 844), address).open("survival-by-site?sex=girls")
    plot = tab.page.locator(".js-plotly-plot").first
    entry = plot.locator(".legendtext").filter(has_text="isolated extramedullary")
    expect(entry).to_have_text("isolated extramedullary:not drawn, 1 child, none died")
    ends = plot.locator(".legendtext").evaluate_all("(all) => all.map((e) => e.getBoundingClientRect().right)")
    box = plot.bounding_box()
    assert box and max(ends) <= box["x"] + box["width"]
    key = plot.locator(".infolayer .legend .traces").filter(has_text="isolated extramedullary")
    key.locator(".legendtoggle").click()
    expect(key).to_have_css("opacity", "0.5")
    assert "isolated extramedullary: not drawn, 1 child, none died" in words_of(tab.save("[data-action=svg]")[1])


def test_a_figure_of_one_child_names_it(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-site?risk_group=high+risk")
    plot = tab.page.locator(".js-plotly-plot").first
    expect(plot.locator(".legendtext")).to_have_text("isolated marrow: not drawn, 1 child, none died")
    axis, counts = plot.locator(".ytitle").bounding_box(), plot.get_by_text("At risk").first.bounding_box()
    title = plot.locator(".xtitle").bounding_box()
    assert axis and counts and title
    assert axis["y"] + axis["height"] < title["y"] < counts["y"], "the axis of time stands between curves and counts"
    assert "not drawn, 1 child, none died" in words_of(tab.save("[data-action=svg]")[1])


def test_notes_on_a_link_stand_above_everything(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-treatment?colour=blue&naive=true")
    link = tab.page.get_by_test_id("link-notes").bounding_box()
    immortal = tab.note("immortal-time").bounding_box()
    figure = tab.page.get_by_test_id("stPlotlyChart").first.bounding_box()
    assert link and immortal and figure
    assert link["y"] < immortal["y"] < immortal["y"] + immortal["height"] <= figure["y"]
    assert immortal["y"] + immortal["height"] <= 900


def test_a_workbook_has_every_table_of_the_page(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-site?sex=boys")
    name, content = tab.save(".st-key-xlsx_tables button")
    assert name == f"survival-by-site_sex-male_synthetic_{date.today().isoformat()}_tables.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["estimates", "curves", "funnel", "About"]
    _, table = open_csv(tab.save(".st-key-csv_curves button")[1])
    shown = [[cell.value for cell in row] for row in book["curves"].iter_rows(min_row=2)]
    expect(tab.page.get_by_test_id("stException")).to_have_count(0)
    assert [row[1] for row in shown] == table["time_months"].tolist()
