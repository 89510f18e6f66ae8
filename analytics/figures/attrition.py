"""The way from the cohort to an estimate as bars: those who remain, beside them those who are lost, the events inside."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from html import escape

from analytics.figures.svg import BOLD, LINE, MARGIN, SOFT, svg_document, svg_text, svg_title
from analytics.formats import format_count
from analytics.reporting.attrition import Stage, describe_stages
from analytics.reporting.wording import in_sentence

COLOURS = {
    "everyone": "#6b7f92",
    "clause": "#6b7f92",
    "eligible": "#17819a",
    "complete": "#17819a",
    "landmark": "#17819a",
    "events": "#d55e00",
}
HEADS = {"clause": "Filter", "eligible": "Eligible", "complete": "Complete", "landmark": "Landmark", "events": "Events"}
MINUS = "\u2212"


def draw_attrition(stages: Sequence[Stage]) -> str:
    """The stages as an HTML fragment, a row each, with the way in words for who cannot see it.

    A row has its stage's kind in ``data-kind`` and its number in ``data-n``. A pale end of the bar are those whom the
    stage loses; in the last row the whole bar are those in the estimate, and its full part the events.
    """
    widest = max(1, *(stage.n + stage.left for stage in stages))
    rows = "".join(_html_row(stage, stages[i - 1] if i else stage, widest) for i, stage in enumerate(stages))
    said = escape(describe_stages(stages))
    return f'<div class="outcomes-funnel" data-testid="funnel" role="img" aria-label="{said}">{rows}</div>'


def _html_row(stage: Stage, before: Stage, widest: int) -> str:
    base = before.n if stage.kind == "events" else stage.n + stage.left
    parts = (
        f'<i class="lost" style="width:{_share(base, widest)}"></i>'
        f'<i class="bar" style="width:{_share(stage.n, widest)};background:{COLOURS[stage.kind]}"></i>'
    )
    head = f"<em>{HEADS[stage.kind]}</em> " if stage.kind in HEADS else ""
    why = "".join(
        f"<small>{MINUS}{format_count(n)} {escape(text)}</small>" for text, n in stage.reasons if len(stage.reasons) > 1
    )
    if len(stage.reasons) == 1:
        why = f"<small>without: {escape(stage.reasons[0][0])}</small>"
    lost = f"{MINUS}{format_count(stage.left)}" if stage.left else ""
    return (
        f'<div data-kind="{stage.kind}" data-n="{stage.n}"><span class="what">{head}{escape(stage.text)}{why}</span>'
        f'<span class="track">{parts}</span><span class="n">{format_count(stage.n)}</span>'
        f'<span class="left">{lost}</span></div>'
    )


def _share(n: int, widest: int) -> str:
    return f"{100 * n / widest:.2f}%"


# --- SVG -------------------------------------------------------------------------------------------------------------

WIDTH, BAR_LEFT, BAR_WIDTH = 860, 440, 270
N_RIGHT, LOST_RIGHT = 772, WIDTH - MARGIN
ROOM, ROOM_SMALL = 58, 62  # characters of a line in the column of words


def attrition_svg(stages: Sequence[Stage], *, title: str, subtitle: str) -> str:
    """The same figure as a standalone SVG on white, 860 pixels wide, for slides and manuscripts.

    Long texts are wrapped, never cut; ``title`` and ``subtitle`` stand above the bars.
    """
    parts, y = svg_title(title, subtitle, (84, 125))
    y += 12
    widest = max(1, *(stage.n + stage.left for stage in stages))
    for i, stage in enumerate(stages):
        label = f"{HEADS[stage.kind]}: {in_sentence(stage.text)}" if stage.kind in HEADS else stage.text
        base = stages[i - 1].n if stage.kind == "events" and i else stage.n + stage.left
        edge = ' fill="#d3e7ec" stroke="#17819a"' if stage.kind == "events" else ' fill="#e3e7ec"'
        for n, look in ((base, edge), (stage.n, f' fill="{COLOURS[stage.kind]}"')):
            parts.append(
                f'<rect x="{BAR_LEFT}" y="{y + 3:g}" width="{BAR_WIDTH * n / widest:.2f}" height="13" rx="2"{look}/>'
            )
        parts.append(svg_text(N_RIGHT, y + 14, format_count(stage.n), BOLD, "end"))
        if stage.left:
            parts.append(svg_text(LOST_RIGHT, y + 14, f"{MINUS}{format_count(stage.left)}", f' fill="{SOFT}"', "end"))
        for line in textwrap.wrap(label, ROOM):
            parts.append(svg_text(MARGIN, y + 14, line, ""))
            y += LINE
        for text, n in stage.reasons:
            for line in textwrap.wrap(f"{MINUS}{format_count(n)} {text}", ROOM_SMALL):
                parts.append(svg_text(MARGIN + 14, y + 13, line, f' font-size="11.5" fill="{SOFT}"'))
                y += LINE
        y += 8
    return svg_document(WIDTH, y, title, describe_stages(stages), parts)
