"""The table of pages in README.md, from the registered analyses: ``python -m tests.readme`` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from analytics.analyses import load_analyses
from analytics.analysis import SECTIONS

README = Path(__file__).parents[1] / "README.md"
TABLE = re.compile(r"(?<=\n)\| Page \| Question \|\n(?:\|[^\n]*\n)+")
# The pages that are no analyses, which the menu has first.
OTHERS = (
    (
        "Overview",
        "Who is in the cohort, who is left after filtering, and how do recomputed figures compare with the published ones?",
    ),
    ("Methods", "What each word, endpoint and number means, and where its formula comes from."),
)


def tabulate_pages() -> str:
    """The table in Markdown: a row for each page, in the order of the menu."""
    rows = ["| Page | Question |", "|---|---|", *(f"| {title} | {question} |" for title, question in OTHERS)]
    for section in SECTIONS:
        rows.append(f"| **{section}** | |")
        rows += [f"| {a.title} | {a.question} |" for a in load_analyses() if a.section == section]
    return "".join(f"{row}\n" for row in rows)


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(TABLE.sub(lambda match: tabulate_pages(), text), encoding="utf-8")
