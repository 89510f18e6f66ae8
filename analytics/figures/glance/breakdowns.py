"""Small multiples: a variable each, as bars or as a histogram, those who relapsed dark, in HTML whose bars can be clicked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from analytics.dictionary import load_words
from analytics.formats import SUPPRESSED, format_count, format_patients, keep_together
from analytics.speaking import word

MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """A level of a variable, or a bin of a number.

    ``n`` patients, of whom ``n_event`` relapsed; both None where they may not be shown. ``ask`` is what a click asks for, as
    text of a link, "" where nothing can be asked; ``is_chosen`` is True if the filter asks for it. ``low`` and ``high`` are
    the ends of a bin. ``heading`` stands above the bar.
    """

    label: str
    n: int | None
    n_event: int | None
    ask: str = ""
    is_chosen: bool = False
    low: float = math.nan
    high: float = math.nan
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One picture: the bars of a variable, or of several that belong together.

    ``is_histogram`` if its bars are bins, ``is_logarithmic`` if those widen; ``missing`` are those without the number then.
    ``is_split`` if those who relapsed are told from the others, ``is_narrowed`` if the filter asks something of it.
    """

    title: str
    unit: str
    bars: tuple[Bar, ...]
    missing: Bar | None = None
    is_histogram: bool = False
    is_logarithmic: bool = False
    is_split: bool = True
    is_narrowed: bool = False

    @property
    def most(self) -> int:
        """The largest number of a bar."""
        return max((bar.n or 0 for bar in self.bars), default=0)


def draw_breakdowns(pictures: Sequence[Breakdown]) -> str:
    """All pictures as an HTML fragment; all text is escaped."""
    if not pictures:
        return ""
    return f'{_key()}<div class="glance">{"".join(map(_draw, pictures))}</div>'


def say_bar(bar: Bar, picture: Breakdown) -> str:
    """A bar in words ("positive: 40 children, 19 relapsed")."""
    if bar.n is None or bar.n_event is None:
        return f"{bar.label}: not shown, to protect small numbers"
    unit = f" {picture.unit}" if picture.unit and not math.isnan(bar.low) else ""  # those without a number have no unit
    relapsed = f", {format_count(bar.n_event)} {word('had_relapse')}" if picture.is_split else ""
    return f"{bar.label}{unit}: {format_patients(bar.n)}{relapsed}"


def _draw(picture: Breakdown) -> str:
    draw = _histogram if picture.is_histogram else _rows
    unit = f" <small>{escape(picture.unit)}</small>" if picture.unit else ""
    narrowed = " narrowed" if picture.is_narrowed else ""
    return (
        f'<section class="glance-picture{narrowed}"><h3>{escape(picture.title)}{unit}</h3>'
        f'<div role="group" aria-label="{escape(picture.title)}">{draw(picture)}</div></section>'
    )


def _rows(picture: Breakdown) -> str:
    most = picture.most or 1
    rows = []
    for bar in picture.bars:
        n, n_event = bar.n or 0, bar.n_event or 0
        said = SUPPRESSED if bar.n is None else format_count(n)
        if bar.n is not None and picture.is_split:
            said = f"{format_count(n_event)}&hairsp;/&hairsp;{said}"
        heading = f"<h4>{escape(bar.heading)}</h4>" if bar.heading else ""
        rows.append(
            f"{heading}{_open(bar, picture, 'glance-row')}<span>{escape(keep_together(bar.label))}</span>"
            f"<i>{_fill(n, n_event, most, 'width', is_split=picture.is_split)}</i><b>{said}</b></button>"
        )
    return "".join(rows)


def _histogram(picture: Breakdown) -> str:
    most = picture.most or 1
    columns = "".join(
        f"{_open(bar, picture, 'glance-column')}"
        f"{_fill(bar.n or 0, bar.n_event or 0, most, 'height', is_split=picture.is_split)}</button>"
        for bar in picture.bars
    )
    ticks = _ticks(picture)
    axis = "".join(f'<span style="left:{place:.4g}%">{escape(text)}</span>' for place, text in ticks)
    missing = f"<p>{escape(say_bar(picture.missing, picture))}</p>" if picture.missing else ""
    return (
        f'<div class="glance-columns"><em>up to {format_count(picture.most)}</em>{columns}</div>'
        f'<div class="glance-axis" aria-hidden="true">{axis}</div>{missing}'
    )


def _ticks(picture: Breakdown) -> list[tuple[float, str]]:
    """Places of the axis in per cent, each with its number: the lower ends of some bins, or powers of ten."""
    n = len(picture.bars)
    kept = list(range(0, n, math.ceil(n / MOST_TICKS)))
    if picture.is_logarithmic:
        kept = [i for i, bar in enumerate(picture.bars) if bar.low > 0 and math.log10(bar.low) % 1 < 1e-6] or kept
    return [(100 * i / n, f"{picture.bars[i].low:g}") for i in kept]


def _open(bar: Bar, picture: Breakdown, kind: str) -> str:
    said = escape(say_bar(bar, picture))
    asks = f' data-ask="{escape(bar.ask)}" aria-pressed="{str(bar.is_chosen).lower()}"' if bar.ask else " disabled"
    return f'<button type="button" class="{kind}" title="{said}" aria-label="{said}"{asks}>'


def _fill(n: int, n_event: int, most: int, side: str, *, is_split: bool) -> str:
    """A bar of ``n`` with its part of those who relapsed; what is there is never invisible."""
    if not n:
        return ""
    event = n_event if is_split else n
    return (
        f'<span class="glance-bar" style="{side}:max({100 * n / most:.4g}%,2px)">'
        f'<span style="{side}:{100 * event / n:.4g}%"></span></span>'
    )


def _key() -> str:
    """How the pictures are read."""
    some = load_words().plural
    return (
        f'<p class="glance-key"><span class="glance-swatch event"></span>{escape(word("had_relapse"))} <span '
        'class="glance-swatch"></span>'
        f"did not, so far. Numbers: {escape(word('had_relapse'))}&hairsp;/&hairsp;all {escape(some)}. Each picture "
        "counts under all other filters."
        '<span class="outcomes-press"> Click a bar to narrow the cohort, again to undo.</span></p>'
    )
