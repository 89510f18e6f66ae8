"""Files against what stands on the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from xml.etree import ElementTree

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
        falls = rows[rows["estimate"].diff().fillna(rows["estimate"] - 1) < 0]
        steps = {
            (round(x, 1), round(y, 1))
            for line in drawn
            if line["name"] == names[str(group)]
            for x, y in zip(line["x"], line["y"], strict=True)
        }
        for time, estimate in zip(falls["time"], falls["estimate"], strict=True):
            near = [y for x, y in steps if abs(x - time) < 0.1]
            assert any(abs(y - 100 * estimate) < 0.1 for y in near), (group, time, estimate)


def test_odds_ratios_in_the_file_are_those_of_the_page(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("relapse-predictors?sex=girls")
    name, content = tab.save(".st-key-csv_estimates button")
    assert re.fullmatch(r"relapse-predictors_sex-female_synthetic_\d{4}-\d\d-\d\d_estimates\.csv", name)
    comments, table = open_csv(content)
    assert "Selection: 179 of 436 synthetic children: Sex: girls." in comments
    assert "SYNTHETIC" in comments and COHORT.data_version in comments
    for model in ("univariable", "multivariable"):
        rows = table[(table["model"] == model) & ~table["is_reference"].astype(bool)]
        assert len(rows) == 4
        for row in rows.itertuples():
            assert tab.odds_ratio(row.variable, row.level, model) == pytest.approx(row.estimate, rel=0.006)


LOOK = """async (bytes) => {
  const image = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: 'image/png' }))
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
    size = tab.page.evaluate(LOOK, list(content))
    assert size["width"] >= 1200 and size["height"] >= 400
    assert size["colours"] > 20, "the picture is not one plain area"
    assert size["corner"][3] == 255, "the picture has a background of its own"


def test_a_picture_is_as_dark_as_its_page(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(scheme="dark"), address).open("survival-by-site")
    size = tab.page.evaluate(LOOK, list(tab.save("[data-action=png]")[1]))
    assert max(size["corner"][:3]) < 80
    # The theme is changed while the page is open: the text follows, on the page and in the picture.
    tab.page.emulate_media(color_scheme="light")
    tab.page.wait_for_function(
        "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === 'light'"
    )
    _, content = tab.save("[data-action=svg]")
    drawing = content.decode()
    assert "rgb(250, 250, 250)" not in drawing, "no text is left in the colour of the dark page"
    size = tab.page.evaluate(LOOK, list(tab.save("[data-action=png]")[1]))
    assert min(size["corner"][:3]) > 200


def words_of(content: bytes) -> str:
    return " ".join(" ".join(ElementTree.fromstring(content).itertext()).split())


def test_a_picture_says_which_curves_are_hidden_in_it(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-site")
    legend = tab.page.locator(".js-plotly-plot .infolayer .legend .traces")
    solid = tab.page.locator(".js-plotly-plot .infolayer .legend .traces:not([style*='opacity: 0.5'])")
    assert "Hidden in this picture" not in words_of(tab.save("[data-action=svg]")[1])
    whole = tab.csv("curves")[1]
    legend.filter(has_text="combined").locator(".legendtoggle").click()
    expect(solid).to_have_count(2)
    words = words_of(tab.save("[data-action=svg]")[1])
    assert "Hidden in this picture by a click on its legend, and counted all the same: combined." in words
    assert tab.csv("curves")[1] == whole, "the numbers are those of all groups"

    # A double click leaves one curve alone.
    legend.filter(has_text="isolated marrow").locator(".legendtoggle").dblclick()
    expect(solid).to_have_count(1)
    words = words_of(tab.save("[data-action=svg]")[1])
    assert "counted all the same: isolated extramedullary; combined." in words

    # What was hidden in one figure hides nothing in the next.
    tab.choose("sex", "boys", says="boys")
    expect(solid).to_have_count(3)
    assert "Hidden in this picture" not in words_of(tab.save("[data-action=svg]")[1])


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
    words = words_of(tab.save("[data-action=svg]")[1])
    assert "counted all the same: isolated extramedullary: not drawn, 1 child, none died." in words


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
