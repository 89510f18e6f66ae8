"""The way from the cohort to an estimate as bars: those who remain, beside them those who are lost, the events inside."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from analytics.formats import format_count
from analytics.reporting.attrition import Stage, describe_stages

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
