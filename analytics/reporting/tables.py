"""Tables for readers: text cells in a fixed order, ready for a page, a slide or a file."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Literal
from urllib.parse import quote

import pandas as pd

from analytics.dictionary import Dictionary, Variable, load_words
from analytics.formats import MISSING, name_patients
from analytics.frames import EVERYONE
from analytics.reporting.reliability import STATE_WORDS, Least, Policy, State
from analytics.reporting.wording import start_sentence
from analytics.speaking import name_phase

# Where a part of a page stands that is not in sight at once: with more numbers, with how sure they are, or with how it was
# done.
Place = Literal["", "more", "sure", "done"]
_DOI = re.compile(r"doi:(10\.\S+)")


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text. ``indent`` marks rows that belong to the row above them; ``help`` explains a column on hover.

    ``links`` are the addresses that the first cells lead to, by row, "" for none. ``words`` marks a table of prose, whose
    columns are aligned to the left. ``anchors`` are where links to the first rows lead. Of the tables of a page without a
    ``place`` the first is in sight.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    indent: tuple[bool, ...] = ()
    help: tuple[str, ...] = ()
    caption: str = ""
    words: bool = False
    place: Place = ""
    links: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()

    def to_html(self) -> str:
        """The table as escaped HTML with the class ``outcomes-table``; numbers stand in right-aligned columns."""
        heads = "".join(
            f'<th scope="col"{_title(self.help, i)}>{escape(name)}</th>' for i, name in enumerate(self.columns)
        )
        kind, prose = (' class="words"', " prose") if self.words else ("", "")
        body = "".join(
            f"<tr{self._anchor_of(r)}{self._row_class(r)}>"
            + f'<th scope="row">{self._head_of(r)}</th>'
            + "".join(f"<td{kind}>{unbroken(link_sources(cell))}</td>" for cell in row[1:])
            + "</tr>"
            for r, row in enumerate(self.rows)
        )
        title = escape(self.title)
        caption = f'<p class="outcomes-caption">{link_sources(self.caption)}</p>' if self.caption else ""
        return (
            f'<div class="outcomes-scroll" role="region" tabindex="0" aria-label="{title}">'
            f'<table class="outcomes-table{prose}"><caption>{title}</caption>'
            f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{caption}"
        )

    def _head_of(self, row: int) -> str:
        text, address = escape(self.rows[row][0]), self.links[row] if self.links else ""
        turn = "" if "://" in address else "data-turn "  # from page to page without leaving the session
        return f'<a {turn}href="{escape(address)}">{text}</a>' if address else text

    def _anchor_of(self, row: int) -> str:
        return f' id="{escape(self.anchors[row])}"' if row < len(self.anchors) else ""

    def _row_class(self, row: int) -> str:
        if not self.indent:
            return ""
        return ' class="indent"' if self.indent[row] else ' class="group"'


def link_sources(text: str) -> str:
    """The text as HTML, with a link from each DOI to what it stands for."""
    return _DOI.sub(_link_doi, escape(text)) if "doi:" in text else escape(text)


def _link_doi(found: re.Match[str]) -> str:
    doi = found[1].rstrip(".,;")
    rest = found[1][len(doi) :]
    while doi.endswith(")") and doi.count(")") > doi.count("("):
        doi, rest = doi[:-1], f"){rest}"
    return f'<a href="https://doi.org/{quote(unescape(doi), safe="/")}">doi:{doi}</a>{rest}'


def unbroken(text: str) -> str:
    """The text with word joiners around dashes, so that no browser breaks an interval between its two limits."""
    return text.replace("–", "\u2060–\u2060") if text != MISSING else text


def _title(help_texts: Sequence[str], i: int) -> str:
    return f' title="{escape(help_texts[i])}"' if i < len(help_texts) and help_texts[i] else ""


def table_frame(table: Table) -> pd.DataFrame:
    """The table as a frame of text, for files."""
    return pd.DataFrame(list(table.rows), columns=list(table.columns))


def labels_of(variable: Variable | None, shown: Collection[str] | None = None) -> dict[str, str]:
    """Level name to the label a reader sees; ``everyone`` without a variable.

    ``shown`` are the levels that are not left out to protect small numbers; None for all.
    """
    if variable is None:
        return {EVERYONE: "Everyone"}
    labels = zip(variable.levels, variable.level_labels, strict=True)
    return {level: label for level, label in labels if shown is None or level in shown}


def tabulate_dictionary(dictionary: Dictionary) -> Table:
    """Every variable with its phase, values, definition and source."""
    rows = tuple(
        (
            v.label,
            v.name,
            name_phase(v.phase),
            ", ".join(
                f"{label} (reference)" if level == v.reference else label
                for level, label in zip(v.levels, v.level_labels, strict=True)
            )
            or v.unit
            or v.kind,
            v.definition,
            v.source,
        )
        for v in dictionary.variables
    )
    columns = ("Variable", "Column", "Known from", "Values or unit", "Definition", "Source")
    anchors = tuple(f"variable-{v.name}" for v in dictionary.variables)
    return Table("Dictionary", columns, rows, words=True, anchors=anchors)


def tabulate_endpoints(dictionary: Dictionary) -> Table:
    """Every endpoint with its clock, event and definition."""
    rows = tuple((e.label, e.origin, e.event_label, e.population, e.definition) for e in dictionary.endpoints)
    columns = ("Endpoint", "Clock starts at", "Event", "Among", "Definition")
    anchors = tuple(f"endpoint-{e.name}" for e in dictionary.endpoints)
    return Table("Endpoints", columns, rows, words=True, anchors=anchors)


def tabulate_competing(dictionary: Dictionary) -> Table:
    """Every endpoint of which several kinds of event compete, with its kinds and definition."""
    rows = tuple(
        (e.label, e.origin, ", ".join(dictionary[e.cause].level_labels[1:]), e.population, e.definition)
        for e in dictionary.competing
    )
    columns = ("Competing events", "Clock starts at", "Events", "Among", "Definition")
    anchors = tuple(f"endpoint-{e.name}" for e in dictionary.competing)
    return Table("Endpoints with competing events", columns, rows, words=True, anchors=anchors)


def tabulate_policy(policy: Policy) -> Table:
    """How much of a number is shown, by what stands behind it."""

    some = load_words().plural

    def below(least: Least) -> tuple[str, str, str]:
        return (
            f"fewer than {least.patients} {some}",
            f"fewer than {least.events}",
            f"fewer than {least.events_per_parameter:g}",
        )

    limits = {State.CAUTION: policy.full, State.WITHOUT_P: policy.p_value, State.COUNTS_ONLY: policy.estimate}
    smallest = f"fewer than {policy.smallest_cell}"
    conditions = {state: below(least) for state, least in limits.items()}
    conditions[State.SUPPRESSED] = (f"{smallest} {some}", f"{smallest}, or {smallest} without the event", "any")
    rows = [
        (
            start_sentence(name),
            name_patients(shown),
            *conditions.get(state, ("any", "any", "any")),
        )
        for state, (name, shown) in STATE_WORDS.items()
    ]
    return Table(
        title="What is shown for how few",
        columns=("State", "What is shown", "In a group", "Events", "Events per parameter"),
        rows=tuple(rows),
        anchors=("reliability",),
        caption="The lowest row of which one condition holds decides; the last counts only where small numbers are protected. "
        "Groups are those compared, or the one described; empty "
        f"groups, and {some} in whom the value is not known, are not looked at. Curves are drawn faintly where fewer than "
        f"{policy.fade_below} {some} are at risk, and end where fewer than {policy.stop_below} are; the counts under them "
        "go on. In simulations of regression models, bias, intervals and tests went wrong fairly often with 2 to 4 events per "
        "parameter, seldom with 5 to 9, and still now and then with 10 to 16 (Vittinghoff and McCulloch 2007, "
        "doi:10.1093/aje/kwk052). No such number makes a model sound (Courvoisier and colleagues 2011, "
        "doi:10.1016/j.jclinepi.2010.11.012; van Smeden and colleagues 2016, doi:10.1186/s12874-016-0267-3), and a model that is "
        "to predict needs far more (Riley and colleagues 2020, doi:10.1136/bmj.m441).",
        words=True,
    )
