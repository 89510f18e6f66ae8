"""What axe-core finds on a page, but for what lies in Streamlit's own elements and no style sheet mends."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

AXE = files("axe_playwright_python").joinpath("axe.min.js")
GRAVE = ("serious", "critical")
# The menu of a phone has its sections in `div`s between `ul` and `li`. They are read as headings and links all the same.
EXCEPT = {"list": "[data-testid=stSidebarNavItems]", "listitem": "[data-testid=stSidebarNavItems] *"}
RUN = """async (except) => {
  const { violations } = await axe.run(document, {
    resultTypes: ['violations'],
    runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
  })
  const isOwn = (id, { target }) => !(id in except && document.querySelector(target[0])?.matches(except[id]))
  return violations.flatMap(({ id, impact, nodes }) => nodes.filter((node) => isOwn(id, node))
    .map(({ html, failureSummary }) => ({ id, impact, html: html.slice(0, 160), why: failureSummary.slice(0, 200) })))
}"""


def check_accessible(page: Page, *without: str) -> None:
    """No finding of axe-core that it calls serious or critical, but for the rules that a test has a reason to leave out."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN, EXCEPT)
    grave = [one for one in found if one["impact"] in GRAVE and one["id"] not in without]
    assert not grave, grave
