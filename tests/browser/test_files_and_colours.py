"""Files against what stands on the page, and colours that can be read."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from playwright.sync_api import Page

from analytics import __version__
from analytics.analyses import load_analyses
from pages.components.cache import REFERENCE_COHORT, load_cohort
from tests.browser.dashboard import Dashboard

COHORT = load_cohort(str(REFERENCE_COHORT))
TEXT_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3


def save(tab: Dashboard, css: str) -> tuple[str, bytes]:
    with tab.page.expect_download() as caught:
        tab.page.locator(css).click()
    return caught.value.suggested_filename, Path(caught.value.path()).read_bytes()


def open_csv(content: bytes) -> tuple[str, pd.DataFrame]:
    """The comment lines and the table."""
    text = content.decode("utf-8-sig")
    comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    return comments, pd.read_csv(io.StringIO(text), comment="#", float_precision="round_trip")


def test_curves_in_the_file_are_those_of_the_figure(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-site?sex=boys&site=marrow+or+not")
    name, content = save(tab, ".st-key-csv_curves button")
    today = date.today().isoformat()
    assert name == f"survival-by-site_sex-male_synthetic_{today}_curves.csv"
    comments, table = open_csv(content)
    for part in (
        "SYNTHETIC DATA",
        "Cohort: reference_cohort",
        "Selection: 257 of 436 synthetic children: Sex: boys.",
        "Method: Kaplan–Meier estimates from first relapse",
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
    name, content = save(tab, ".st-key-csv_estimates button")
    assert re.fullmatch(r"relapse-predictors_sex-female_synthetic_\d{4}-\d\d-\d\d_estimates\.csv", name)
    comments, table = open_csv(content)
    assert "Selection: 179 of 436 synthetic children: Sex: girls." in comments
    assert "SYNTHETIC" in comments and COHORT.data_version in comments
    for model in ("univariable", "multivariable"):
        rows = table[(table["model"] == model) & ~table["is_reference"].astype(bool)]
        assert len(rows) == 4
        for row in rows.itertuples():
            assert tab.odds_ratio(row.variable, row.level, model) == pytest.approx(row.estimate, rel=0.006)


@pytest.mark.parametrize("slug", [analysis.slug for analysis in load_analyses()])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_say_whom_they_show(slug: str, scheme: str, new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(scheme=scheme), address).open(f"{slug}?sex=boys")
    name, content = save(tab, "[data-action=svg]")
    assert re.fullmatch(rf"{slug}_sex-male_synthetic_\d{{4}}-\d\d-\d\d\.svg", name)
    words = " ".join(" ".join(ElementTree.fromstring(content).itertext()).split())
    for part in ("257 of 436 synthetic children", "Sex: boys", "SYNTHETIC DATA", COHORT.data_version):
        assert part in words
    name, content = save(tab, "[data-action=png]")
    assert name.endswith(".png")
    size = tab.page.evaluate(
        """async (bytes) => {
          const image = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: 'image/png' }))
          const canvas = new OffscreenCanvas(image.width, image.height)
          const pen = canvas.getContext('2d')
          pen.drawImage(image, 0, 0)
          const pixels = pen.getImageData(0, 0, image.width, image.height).data
          const colours = new Set()
          for (let i = 0; i < pixels.length; i += 404) colours.add(pixels.slice(i, i + 3).join())
          return { width: image.width, height: image.height, colours: colours.size, alpha: pixels[3] }
        }""",
        list(content),
    )
    assert size["width"] >= 1200 and size["height"] >= 400
    assert size["colours"] > 20, "the picture is not one plain area"
    assert size["alpha"] == 255, "the picture has a background of its own"


# Colours: the ratio of the text's luminance to that of everything painted behind it.
CONTRAST = """(elements) => {
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1)
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]))
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  return elements.filter((e) => e.innerText?.trim() && e.offsetParent).map((element) => {
    const chain = []
    for (let e = element; e; e = e.parentElement) chain.unshift(e)
    let behind = [255, 255, 255], opacity = 1
    for (const e of chain) {
      const style = getComputedStyle(e)
      behind = over(rgba(style.backgroundColor), behind)
      opacity *= Number(style.opacity)
    }
    const ink = rgba(getComputedStyle(element).color)
    const text = over([...ink.slice(0, 3), ink[3] * opacity], behind)
    const [low, high] = [luminance(text), luminance(behind)].sort((a, b) => a - b)
    return { text: element.innerText.trim().slice(0, 40), contrast: (high + 0.05) / (low + 0.05) }
  })
}"""
READ = (
    ".outcomes-chip, .outcomes-cohort, .outcomes-question, .outcomes-note, .outcomes-note .remedy, .outcomes-caption, "
    ".outcomes-headlines span, .outcomes-headlines b, .outcomes-table th, .outcomes-table td, .outcomes-says li, "
    ".forest-level th, .forest-level td, .forest-muted, .forest-limits, .forest-note, .outcomes-phase"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "relapse-predictors", "survival-by-treatment?colour=blue"])
def test_text_stands_out(path: str, scheme: str, new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(scheme=scheme), address).open(path)
    measured: list[dict[str, Any]] = tab.page.locator(READ).evaluate_all(CONTRAST)
    assert len(measured) > 20
    assert [one for one in measured if one["contrast"] < TEXT_CONTRAST] == []


def test_notes_on_a_link_stand_above_everything(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-treatment?colour=blue")
    link = tab.page.get_by_test_id("link-notes").bounding_box()
    immortal = tab.note("immortal-time").bounding_box()
    figure = tab.page.get_by_test_id("stPlotlyChart").bounding_box()
    assert link and immortal and figure
    assert link["y"] < immortal["y"] < immortal["y"] + immortal["height"] <= figure["y"]
    assert immortal["y"] + immortal["height"] <= 900
