"""An icon array: of ten patients, how many fared so at least, and how many more at most."""

from __future__ import annotations

from html import escape

SURE, OPEN = "#17819a", "transparent"


def draw_icons(low: int, high: int, of: int, said: str) -> str:
    """Icons in a row as an HTML fragment: ``low`` full ones, half ones up to ``high``, empty ones up to ``of``."""
    fills = [
        SURE if i < low else f"linear-gradient(90deg, {SURE} 50%, {OPEN} 50%)" if i < high else OPEN for i in range(of)
    ]
    kinds = ["full" if i < low else "half" if i < high else "empty" for i in range(of)]
    icons = "".join(
        f'<i data-kind="{kind}" style="display:inline-block;width:1.5rem;height:1.5rem;margin:.1rem .25rem .1rem 0;'
        f'border:2px solid {SURE};border-radius:50%;background:{fill}"></i>'
        for kind, fill in zip(kinds, fills, strict=True)
    )
    return f'<div role="img" aria-label="{escape(said)}" data-testid="icons">{icons}</div>'


def draw_hundred(sure: int, likely: int, possible: int, said: str) -> str:
    """A hundred icons as an HTML fragment: ``sure`` are dark, those up to ``likely`` lighter, those up to ``possible`` faint."""
    kinds = [
        "sure" if i < sure else "likely" if i < likely else "possible" if i < possible else "empty" for i in range(100)
    ]
    icons = "".join(f'<i data-kind="{kind}"></i>' for kind in kinds)
    return f'<div class="outcomes-hundred" role="img" aria-label="{escape(said)}">{icons}</div>'
