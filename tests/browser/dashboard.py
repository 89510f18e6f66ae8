"""A tab with the dashboard open: what can be seen and done in it."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, TimeoutError, expect

from pages.components.registry import load_pages
from tests.browser.reading import counts, find_level, open_view, settle

expect.set_options(timeout=20_000)

# Everything a link has to reproduce: what is written on the page, and what its figures are drawn from.
SEEN = """() => {
  const texts = (selector) => [...document.querySelectorAll(selector)].map((e) => e.innerText.trim())
  const numbers = (values) => Array.from(values || [])
  const plots = [...document.querySelectorAll('.js-plotly-plot')]
  const traces = (plot) => (plot.data || []).map(
    (t) => ({ name: t.name || '', mode: t.mode || '', x: numbers(t.x), y: numbers(t.y), text: numbers(t.text) }))
  return {
    sentence: texts('[data-testid="cohort-sentence"]'),
    headlines: texts('[data-testid="headlines"]'),
    notes: texts('.outcomes-note:not([data-testid="link-notes"])'),
    tables: texts('.outcomes-table'),
    forest: texts('.forest'),
    sentences: texts('[data-testid="sentences"]'),
    captions: texts('.outcomes-caption'),
    titles: texts('[data-testid="picture-title"]'),
    said: [...document.querySelectorAll('[data-testid="stPlotlyChart"], .forest-box, .glance-box, [role="img"]')]
      .map((e) => e.getAttribute('aria-label') || ''),
    curves: plots.length ? traces(plots[0]) : [],
    pictures: plots.slice(1).map(traces),
    under: plots.map((plot) => (plot.layout?.annotations || []).map((a) => a.text)),
    counts: [...document.querySelectorAll('.outcomes-filters .of-n')].map((n) => n.textContent || 'none'),
  }
}"""
FOLDS = ("fold_more", "fold_sure", "fold_done", "fold_files")
CLOSED = ", ".join(f".st-key-{key} > [data-testid=stExpander] > details:not([open]) > summary" for key in FOLDS)
# What is folded away is made once it is opened, and two clicks in one moment are one to Streamlit.
UNFOLD = """async ([css, most]) => {
  const end = performance.now() + most
  for (let lid; (lid = document.querySelector(css)) && performance.now() < end;) {
    const fold = lid.parentElement
    lid.click()
    while (!(fold.open && fold.querySelector('[data-testid=stElementContainer]')) && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 20))
  }
}"""
# It crosses over as one text: number by number takes the driver longer than the page takes to be drawn.
SEEN_TEXT = f"() => JSON.stringify(({SEEN})())"
OTHER = f"(before) => ({SEEN_TEXT})() !== JSON.stringify(JSON.parse(before))"
SAME = f"(wanted) => ({SEEN_TEXT})() === JSON.stringify(JSON.parse(wanted))"
LOOK_EVERY = 100  # ms: to read a whole page at every frame keeps it from being drawn
ICON = "[data-testid=stIconMaterial], [data-testid=stExpanderIcon]"
# What no reader may meet: the names of missing numbers, and what Python writes.
NO_NUMBER = re.compile(r"\b(NaN|nan|None|inf|Infinity|undefined|null)\b(?! of )|[a-z]_[a-z]")


class Dashboard:
    """One browser tab with the dashboard open."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    def open(self, path: str = "", *, folded: bool = False) -> Dashboard:
        """Go to a page by its address, or to a whole link; and open all that is folded away there, unless ``folded``."""
        open_view(self.page, self.address, path.removeprefix(self.address).lstrip("/"))
        return self if folded else self.unfold()

    def unfold(self) -> Dashboard:
        """Open what is folded away under the figure, and go back to the top."""
        n_rests = 0
        for _ in range(8):  # a page that has just been turned may be drawn again, closed
            if self.page.locator(CLOSED).count():
                n_rests = 0
                self.page.evaluate(UNFOLD, [CLOSED, 5000])
                self.settle()
            elif (n_rests := n_rests + 1) > 1:
                break
            self.page.wait_for_timeout(150)
        self.page.mouse.move(0, 0)
        self.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
        return self

    def settle(self) -> Dashboard:
        """Wait until the run has ended and the figures are drawn."""
        settle(self.page)
        return self

    def turn_to(self, title: str) -> Dashboard:
        """Another page by the menu at the top."""
        section = next((page.section for page in load_pages() if page.title == title), "")
        if not section:
            self.page.get_by_test_id("stTopNavLink").filter(has_text=title).first.click()
        else:
            self.page.get_by_test_id("stTopNavSection").filter(has_text=section).click()
            self.page.get_by_test_id("stTopNavDropdownLink").filter(has_text=title).first.click()
        self.page.mouse.move(0, 0)  # not to rest on a word that would be explained
        expect(self.page.locator("h1.outcomes-title")).to_have_text(re.compile(f"^{re.escape(title)}"))
        return self.settle().unfold()

    @property
    def sentence(self) -> Locator:
        return self.page.get_by_test_id("cohort-sentence")

    @property
    def headlines(self) -> dict[str, str]:
        """The numbers at the top by their labels, with ordinary spaces."""
        found: list[list[str]] = self.page.locator(".outcomes-headlines div").evaluate_all(
            "(all) => all.map((e) => [e.querySelector('span').innerText, e.querySelector('b').innerText])"
        )
        return {label: plain(value) for label, value in found}

    def headline(self, start: str, end: str = "") -> str:
        """The value of the one headline whose label begins, and ends, so."""
        (value,) = (v for label, v in self.headlines.items() if label.startswith(start) and label.endswith(end))
        return value

    @property
    def says(self) -> Locator:
        """The sentences."""
        return self.page.get_by_test_id("sentences")

    def pill(self, variable: str, label: str) -> Locator:
        return find_level(self.page, variable, label)

    def limit(self, variable: str, end: int) -> Locator:
        """The lower (0) or the upper (1) limit of a number."""
        return self.page.locator(f"[data-variable='{variable}'] input[data-end='{end}']")

    def press_limit(self, variable: str, end: int, key: str) -> Dashboard:
        """Move a limit by the keyboard, and wait until it is asked for."""
        self.limit(variable, end).press(key)
        self.page.wait_for_timeout(500)
        return self.settle()

    def keep_missing(self, variable: str) -> Dashboard:
        """Click what keeps the patients without a number."""
        self.page.locator(f"[data-variable='{variable}'] [data-keep]").click()
        return self.settle()

    @property
    def clear_button(self) -> Locator:
        return self.page.get_by_role("button", name="Clear all filters")

    def choose(self, variable: str, label: str, *, says: str) -> Dashboard:
        """Click a level in the sidebar, and wait until the cohort's sentence says so."""
        self.pill(variable, label).click()
        expect(self.sentence).to_contain_text(says)
        return self.settle()

    def pick(self, control: str, label: str = "") -> Dashboard:
        """Choose an option of a control by its label, or turn a toggle; and wait until the page shows something else."""
        before = self.seen()
        box = self.page.locator(f".st-key-{control}").first
        if not box.is_visible():
            self.page.get_by_role("button", name="Options").click()
            expect(box).to_be_visible()
        field, many = box.get_by_role("combobox"), box.locator("details")
        if not label:
            box.get_by_role("checkbox").click()
        elif field.count():
            field.select_option(label=label)
        elif many.count():
            if many.get_attribute("open") is None:
                many.locator("summary").click()
            many.get_by_role("checkbox", name=label, exact=True).click()
        else:
            box.get_by_role("radio", name=label, exact=True).click()
        return self.wait_for_other(before)

    def close_options(self) -> Dashboard:
        """Close the choices that lie over the page."""
        body = self.page.get_by_test_id("stPopoverBody")
        for _ in range(3):  # a list that is open in them closes first
            self.page.keyboard.press("Escape")
            with suppress(TimeoutError):
                body.wait_for(state="detached", timeout=1000)
                break
        expect(body).to_have_count(0)
        return self

    def counts(self, variable: str) -> list[str]:
        """The numbers behind the levels of a variable."""
        return counts(self.page, variable)

    def seen(self) -> dict[str, Any]:
        """What can be read on the page: words, tables, curves and counts."""
        seen: dict[str, Any] = json.loads(self.page.evaluate(SEEN_TEXT))
        return seen

    def wait_for_other(self, before: dict[str, Any]) -> Dashboard:
        """Wait until something else than ``before`` is seen and all of it is there."""
        self.page.wait_for_function(OTHER, arg=json.dumps(before), polling=LOOK_EVERY)
        return self.settle()

    def wait_for(self, seen: dict[str, Any]) -> Dashboard:
        """Wait until exactly ``seen`` is seen."""
        self.settle()
        with suppress(TimeoutError):
            self.page.wait_for_function(SAME, arg=json.dumps(seen), polling=LOOK_EVERY, timeout=10_000)
        assert self.seen() == seen
        return self

    def lines(self) -> list[dict[str, Any]]:
        """The curves of the figure: name, months and per cent."""
        lines = [c for c in self.seen()["curves"] if c["mode"] == "lines" and c["name"]]
        return [{key: line[key] for key in ("name", "mode", "x", "y")} for line in lines]

    def wait_for_other_curves(self, before: list[dict[str, Any]]) -> Dashboard:
        """Wait until the figure shows other curves than ``before``."""
        self.page.wait_for_function(
            """(before) => {
              const plot = document.querySelector('.js-plotly-plot')
              if (!plot || !plot.data) return false
              const now = plot.data.filter((t) => t.mode === 'lines' && t.name)
                .map((t) => ({ name: t.name, mode: t.mode, x: Array.from(t.x), y: Array.from(t.y) }))
              return JSON.stringify(now) !== JSON.stringify(JSON.parse(before))
            }""",
            arg=json.dumps(before),
            polling=LOOK_EVERY,
        )
        return self.settle()

    def row(self, variable: str, level: str) -> Locator:
        """A row of the table of ratios."""
        return self.page.locator(f'.forest-level[data-variable="{variable}"][data-level="{level}"]')

    def odds_ratio(self, variable: str, level: str, model: str = "multivariable") -> float:
        return float(self.row(variable, level).locator(f".forest-{model} b").inner_text())

    def note(self, code: str) -> Locator:
        return self.page.locator(f'.outcomes-note[data-code="{code}"], .outcomes-note [data-code="{code}"]').first

    @property
    def copy_button(self) -> Locator:
        return self.page.locator('[data-action="copy"]').first

    def link(self) -> str:
        """The link that "Copy link" would copy."""
        return self.wait_for_link("data=")

    def wait_for_link(self, part: str) -> str:
        """The same, once it holds ``part``."""
        expect(self.copy_button).to_have_attribute("data-link", re.compile(re.escape(part)))
        return self.copy_button.get_attribute("data-link") or ""

    def save(self, css: str) -> tuple[str, bytes]:
        """The name and content of the file that a button saves."""
        button = self.page.locator(css)
        if not button.is_visible():
            self.unfold()  # what was opened while a page was still drawn is closed again by a slow machine
        with self.page.expect_download() as caught:
            button.click()
        return caught.value.suggested_filename, Path(caught.value.path()).read_bytes()

    def save_from(self, figure: str, choice: str, part: str = "") -> tuple[str, bytes]:
        """The same, by the keyboard from the menu of a figure, or of one of the small ones that it is made of."""
        menu = self.page.locator(f"{figure} .outcomes-save")
        menu.locator("summary").focus()
        self.page.keyboard.press("Enter")
        if part:
            menu.locator("select").select_option(part)
        return self.save(f"{figure} [data-save={choice}]")

    def csv(self, name: str) -> tuple[str, list[dict[str, str]]]:
        """The comment lines and the rows of one of the CSV files."""
        _, content = self.save(f".st-key-csv_{name} button")
        lines = content.decode("utf-8-sig").splitlines()
        rows = csv.DictReader(io.StringIO("\n".join(line for line in lines if not line.startswith("#"))))
        return "\n".join(line for line in lines if line.startswith("#")), list(rows)

    def check_readable(self) -> None:
        """No page broken off, and no number that is none, in words, figures or explanations."""
        expect(self.page.locator("[data-testid=stException], [data-testid=stErrorElement]")).to_have_count(0)
        main = self.page.inner_text("[data-testid=stMain]")
        for icon in set(self.page.locator(ICON).all_text_contents()):
            main = main.replace(icon, "")  # icons are the ligatures of their names
        texts = [main, *self.seen()["said"]]
        texts += [text for drawn in self.seen()["under"] for text in drawn]
        texts += self.page.locator("[title]").evaluate_all("(all) => all.map((e) => e.title)")
        for text in texts:
            assert not (found := NO_NUMBER.search(text)), text[max(0, found.start() - 60) : found.end() + 60]


def plain(text: str) -> str:
    """A text with ordinary spaces and without the marks that keep a line from being broken."""
    return re.sub(r"\s+", " ", text.replace("\u2060", "")).strip()
