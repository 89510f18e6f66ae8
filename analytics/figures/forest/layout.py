"""What every forest plot is: rows of cells with the marks of their ratios on a common axis, laid out once for all media."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from analytics.reporting.estimates import ratio_text
from analytics.results import Estimate

# Beyond these a ratio is drawn as an arrow: a wider axis would squeeze what can be read off it.
NARROWEST, WIDEST_ESTIMATE, WIDEST_LIMIT = 1, 6, 4
EDGE = 0.04
MOST_TICKS = 8

Trait = Literal["reference", "indented", "emphasised", "biased"]
Tone = Literal["plain", "strong", "soft", "warning"]


@dataclass(frozen=True, slots=True)
class Axis:
    """A logarithmic axis from 2**low to 2**high."""

    low: int
    high: int
    is_log: ClassVar[bool] = True

    @property
    def ticks(self) -> tuple[float, ...]:
        """Powers of two, few enough to be labelled; 1 among them."""
        step = math.ceil((self.high - self.low + 1) / MOST_TICKS)
        return tuple(2.0**power for power in range(self.low, self.high + 1) if power % step == 0)

    @staticmethod
    def label(tick: float) -> str:
        """The tick in decimals, short enough not to touch its neighbour."""
        return f"{tick:g}" if tick >= 0.125 else f"{tick:.1g}"

    def place(self, ratio: float) -> float:
        """Where on the axis, 0 to 1; beyond the ends for ratios that leave it."""
        return EDGE + (1 - 2 * EDGE) * (math.log2(ratio) - self.low) / (self.high - self.low)

    def value(self, place: float) -> float:
        """What lies at a place: the other way round."""
        return 2.0 ** (self.low + (self.high - self.low) * (place - EDGE) / (1 - 2 * EDGE))


@dataclass(frozen=True, slots=True)
class Mark:
    """What is drawn for one ``ratio``; places are 0 to 1 along the axis.

    ``point`` is None where the ratio lies beyond the axis; the arrows say that something is cut off there. ``text``
    says the ratio in words on hover. A mark of a key has no ratio.
    """

    point: float | None
    low: float
    high: float
    has_left_arrow: bool
    has_right_arrow: bool
    is_thick: bool
    text: str
    ratio: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of text: its name in the style sheet, its head, and its place in a drawing of fixed width.

    ``aside`` stands smaller beside the head, ``brief`` in its place where there is little room, ``help`` is said on hover.
    ``width`` is in pixels, ``room`` in characters of a line. ``names_cells`` repeats the head before each cell on narrow
    pages, where heads are not shown.
    """

    name: str
    head: str
    width: int
    room: int
    aside: str = ""
    brief: str = ""
    help: str = ""
    names_cells: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in its column: ``kind`` tells a ratio with its limits, or the reason why there is none, from other words.

    ``lead`` stands smaller before it, ``detail`` under it; ``help`` is said on hover. ``tone`` is how it stands out in a
    drawing.
    """

    text: str = ""
    kind: Literal["words", "ratio", "reason"] = "words"
    tone: Tone = "plain"
    lead: str = ""
    detail: str = ""
    help: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row: one cell per column and the marks beside them; the reference level has a dot at 1 instead.

    ``data`` names the row for who listens to clicks; ``click`` says what a click on it does, or is empty.
    """

    cells: tuple[Cell, ...]
    marks: tuple[Mark, ...] = ()
    is_heading: bool = False
    traits: tuple[Trait, ...] = ()
    data: tuple[tuple[str, str], ...] = ()
    click: str = ""


@dataclass(frozen=True, slots=True)
class Forest:
    """All that is drawn, in order.

    ``kind`` says whether rows are levels of the factors of models, one section each, or comparisons. ``axis_head`` is the
    head over the marks on narrow pages, ``keys`` the names of thin and thick marks, ``axis_help`` is said on hover.
    ``sides`` say what it means to lie to the left and to the right of 1; at ``guide`` is a broken line. ``notes`` stand
    below. ``name`` and what ``describe`` says are for those who cannot see it; ``nothing`` is said where there are no rows.
    """

    kind: Literal["models", "comparisons"]
    columns: tuple[Column, ...]
    sections: tuple[tuple[Row, ...], ...]
    axis: Axis
    axis_head: str
    axis_help: str
    sides: tuple[str, str]
    name: str
    describe: Callable[[], str]
    nothing: str
    keys: tuple[str, ...] = ()
    guide: float | None = None
    notes: tuple[str, ...] = ()


def axis_around(ratios: Iterable[Estimate]) -> Axis:
    """The axis in whole powers of two around all estimates (up to 64) and most limits (up to 16)."""
    low, high = float(-NARROWEST), float(NARROWEST)
    for ratio in ratios:
        if ratio.value is None or ratio.value <= 0:
            continue
        place = math.log2(ratio.value)
        low = min(low, max(place, -WIDEST_ESTIMATE))
        high = max(high, min(place, WIDEST_ESTIMATE))
        interval = ratio.interval
        if interval is not None and interval.low is not None and interval.low > 0:
            low = min(low, max(math.log2(interval.low), -WIDEST_LIMIT))
        if interval is not None and interval.high is not None and interval.high > 0:
            high = max(high, min(math.log2(interval.high), WIDEST_LIMIT))
    return Axis(math.floor(low + 1e-9), math.ceil(high - 1e-9))


def marks_of(ratio: Estimate | None, axis: Axis, *, is_thick: bool, name: str) -> tuple[Mark, ...]:
    """The mark of one ratio, or none where there is nothing to draw (not estimable). ``name`` starts its text."""
    if ratio is None or ratio.value is None or ratio.value <= 0:
        return ()
    interval = ratio.interval
    place = axis.place(ratio.value)
    first, last = EDGE / 2, 1 - EDGE / 2
    low = high = place
    if interval is not None:
        low = axis.place(interval.low) if interval.low is not None and interval.low > 0 else -math.inf
        high = axis.place(interval.high) if interval.high is not None and interval.high > 0 else math.inf
    mark = Mark(
        point=place if first <= place <= last else None,
        low=min(max(low, first), last),
        high=max(min(high, last), first),
        has_left_arrow=low < first,
        has_right_arrow=high > last,
        is_thick=is_thick,
        text=f"{name}: {ratio_text(ratio)}",
        ratio=ratio,
    )
    return (mark,)


def cell_of(ratio: Estimate, *, is_strong: bool = False) -> Cell:
    """The cell of a ratio: with its limits, or the reason why there is none."""
    if ratio.value is None:
        return Cell(ratio_text(ratio), "reason", "soft")
    return Cell(ratio_text(ratio), "ratio", "strong" if is_strong else "plain")


def words_of(cell: Cell, row: Row) -> str:
    """A cell in one line, with what stands smaller before and under it."""
    text = f"{cell.lead} {cell.text}" if cell.lead else cell.text
    if not cell.detail:
        return text
    return f"{text} ({cell.detail})" if row.is_heading else f"{text} · {cell.detail}"
