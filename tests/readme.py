"""The table of pages in README.md, from the registered pages: ``python -m tests.readme`` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from analytics.analysis import SECTIONS
from pages.components.registry import LEARN, load_pages

README = Path(__file__).parents[1] / "README.md"
TABLE = re.compile(r"(?<=\n)\| Page \| Question \|\n(?:\|[^\n]*\n)+")


def tabulate_pages() -> str:
    """The table in Markdown: a row for each page, in the order of the menu."""
    pages = load_pages()
    rows = ["| Page | Question |", "|---|---|"]
    for section in ("", *SECTIONS, LEARN):
        rows += [f"| **{section}** | |"] if section else []
        rows += [f"| {page.title} | {page.about} |" for page in pages if page.section == section]
    return "".join(f"{row}\n" for row in rows)


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(TABLE.sub(lambda match: tabulate_pages(), text), encoding="utf-8")
