"""A waterfall: the steps from the risk of the average patient to that of one, a bar for each."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from analytics.formats import format_percent

UP, DOWN, WHOLE = "#d55e00", "#17819a", "#6b7f92"
ROOM = 1.1  # beyond the largest risk


def draw_waterfall(
    average: float, steps: Sequence[tuple[str, float, float]], risk: float, ends: tuple[str, str], said: str
) -> str:
    """The steps as an HTML fragment: each a name with the risk before and after it; ``ends`` name the first and last bar."""
    widest = min(1.0, ROOM * max(average, risk, *(value for _, *values in steps for value in values)))
    rows = [_row(ends[0], 0.0, average, widest, WHOLE)]
    rows += [_row(name, before, after, widest, UP if after > before else DOWN) for name, before, after in steps]
    rows.append(_row(ends[1], 0.0, risk, widest, WHOLE))
    return (
        f'<div role="img" aria-label="{escape(said)}" data-testid="waterfall" style="display:grid;'
        f'grid-template-columns:minmax(7rem,16rem) 1fr 4rem;gap:.2rem .6rem;align-items:center;font-size:.88rem">'
        f"{''.join(rows)}</div>"
    )


def _row(name: str, before: float, after: float, widest: float, colour: str) -> str:
    left, width = 100 * min(before, after) / widest, 100 * abs(after - before) / widest
    return (
        f"<span>{escape(name)}</span>"
        f'<span style="display:block;height:1rem"><i style="display:block;height:100%;margin-left:{left:.2f}%;'
        f'width:max(2px,{width:.2f}%);background:{colour}"></i></span>'
        f'<span style="text-align:right">{escape(format_percent(after))}</span>'
    )
