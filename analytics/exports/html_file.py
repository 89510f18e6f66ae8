"""A report as one HTML file: readable without a network and without scripts, and printed as a PDF with its structure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from analytics.document import Progress
from analytics.exports.exhibit import Exhibit, ExhibitMedium, Extra
from analytics.exports.report import (
    Address,
    Block,
    Bullets,
    Drawing,
    Heading,
    Paragraph,
    list_chapter,
    list_ending,
    list_opening,
    name_report,
    title_of,
)

STYLE_PATH = Path(__file__).with_name("report.css")
# Nothing may be run or loaded, whatever a label holds.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_html(exhibits: Sequence[Exhibit | Extra], progress: Progress, template: bytes = b"") -> bytes:
    """The report of views in their order, one chapter each; it has a dress of its own, whatever the ``template``."""
    parts = [*map(to_html, list_opening(exhibits)), _list_contents(exhibits)]
    for number, exhibit in enumerate(exhibits, start=1):
        chapter = "".join(map(to_html, list_chapter(exhibit, number)))
        parts.append(f'<section aria-labelledby="view-{number}">{chapter}</section>')
        progress(number, len(exhibits))
    ending = "".join(map(to_html, list_ending(exhibits)))
    parts.append(f'<section aria-labelledby="guidelines">{ending}</section>')
    title = escape(name_report(exhibits))
    style = STYLE_PATH.read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{style}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>"
    ).encode("utf-8", "xmlcharrefreplace")


def to_html(block: Block) -> str:
    """One block as HTML; all that stands in it is text."""
    if isinstance(block, Heading):
        return _write_heading(block)
    if isinstance(block, Paragraph):
        lead = f"<b>{escape(block.lead)}</b>" if block.lead else ""
        return f'<p class="{block.kind}">{lead}{escape(block.text)}</p>'
    if isinstance(block, Bullets):
        return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in block.texts)}</ul>"
    if isinstance(block, Drawing):
        caption = f"<figcaption>{escape(block.caption)}</figcaption>" if block.caption else ""
        return f'<figure role="figure" aria-label="{escape(block.alt_text)}">{block.svg}{caption}</figure>'
    if isinstance(block, Address):
        address = escape(block.url)
        # Any other scheme might be run by a click.
        is_web = block.url.startswith(("https://", "http://"))
        shown = f'<a href="{address}">{address}</a>' if is_web else address
        return f'<p class="link">The view: {shown}</p>'
    return block.to_html()


def _write_heading(heading: Heading) -> str:
    number = f"{heading.chapter}. " if heading.chapter else ""
    name = f"view-{heading.chapter}" if heading.chapter else "guidelines" if heading.level == 2 else ""
    anchor = f' id="{name}"' if name else ""
    return f"<h{heading.level}{anchor}>{number}{escape(heading.text)}</h{heading.level}>"


def _list_contents(exhibits: Sequence[Exhibit | Extra]) -> str:
    if len(exhibits) < 2:
        return ""
    items = "".join(
        f'<li><a href="#view-{number}">{escape(title_of(exhibit))}</a>: {escape(exhibit.provenance.selection)}</li>'
        for number, exhibit in enumerate(exhibits, start=1)
    )
    return f'<nav aria-label="Contents"><ol>{items}</ol></nav>'


HTML = ExhibitMedium("Report: HTML", "html", "text/html", write_html)
