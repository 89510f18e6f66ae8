"""Slides read back and measured with the letters of the font in which they are shown."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

from PIL import ImageFont
from pptx import Presentation
from pptx.util import Length

LINE = 1.2207  # the height of a line of Carlito, in sizes of the type
FITS = 0.03  # inches within which a text counts as in its box: programs round
SMALLEST = {"Method": 11, "Counts": 11, "Table": 11, "Remarks": 12, "Lower side": 12, "Higher side": 12, "Chart": 12}
BODY, TITLE = 14, 24


@cache
def font(family: str, bold: bool) -> ImageFont.FreeTypeFont:
    """An installed font at 100 pixels; without it the test fails, it is not skipped."""
    asked = f"{family}:style={'Bold' if bold else 'Regular'}"
    found = subprocess.run(
        ["fc-match", "-f", "%{family}|%{file}", asked], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split("|")
    assert family in found[0], f"{family} is not installed: run `make office`, then the tests again."
    return ImageFont.truetype(found[1], 100)


@cache
def width_of(text: str, size: float, bold: bool, family: str) -> float:
    """The width of a text in inches."""
    return font(family, bold).getlength(text) / 100 * size / 72


@dataclass(frozen=True)
class Type:
    """The type of a paragraph."""

    size: float
    bold: bool
    family: str


def count_lines(text: str, width: float, kind: Type) -> int:
    """How many lines a paragraph takes in a width in inches."""
    n, line = 1, ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width_of(longer, kind.size, kind.bold, kind.family) <= width + 1e-6:
            line = longer
            continue
        n += bool(line)
        line = word
        # A word wider than its box is broken anywhere.
        while len(line) > 1 and width_of(line, kind.size, kind.bold, kind.family) > width + 1e-6:
            k = next(
                k
                for k in range(len(line), 0, -1)
                if k == 1 or width_of(line[:k], kind.size, kind.bold, kind.family) <= width
            )
            n, line = n + 1, line[k:]
    return n


def paragraphs_of(frame: Any, size: float, family: str, *, bold: bool = False) -> Iterator[tuple[str, Type]]:
    """The lines that a text frame begins anew, with their type."""
    for paragraph in frame.paragraphs:
        runs = list(paragraph.runs)
        kind = Type(
            runs[0].font.size.pt if runs and runs[0].font.size else size,
            bool(runs and any(run.font.bold for run in runs)) or bold,
            family,
        )
        for text in paragraph.text.split("\v"):
            yield text, kind


def height_of(frame: Any, width: float, family: str, *, size: float = 18, bold: bool = False) -> float:
    """The height in inches of what stands in a frame of a width."""
    return sum(
        count_lines(text, width, kind) * kind.size / 72 * LINE
        for text, kind in paragraphs_of(frame, size, family, bold=bold)
    )


def inches(length: Length | None) -> float:
    """A length as a number."""
    return 0.0 if length is None else length.inches


def list_faults(content: bytes, family: str = "Carlito") -> list[str]:
    """What does not fit, lies over something else or off its slide, or is too small to be read from afar."""
    deck = Presentation(io.BytesIO(content))
    wide, high = inches(deck.slide_width), inches(deck.slide_height)
    found = []
    for number, slide in enumerate(deck.slides, start=1):
        for fault in _list_faults(slide, wide, high, family):
            found.append(f"slide {number}: {fault}")
    return found


def _list_faults(slide: Any, wide: float, high: float, family: str) -> Iterator[str]:
    boxes = []
    for shape in slide.shapes:
        x, y, w, h = (inches(length) for length in (shape.left, shape.top, shape.width, shape.height))
        if x < -0.01 or y < -0.01 or x + w > wide + 0.01 or y + h > high + 0.01:
            yield f"{shape.name!r} lies off the slide: {x:.2f} {y:.2f} {w:.2f} {h:.2f}"
        if shape.has_text_frame and shape.text_frame.text and shape.name != "Mark":
            yield from _measure_text(shape, slide, w, h, family)
        if getattr(shape, "has_table", False) and shape.has_table:
            yield from _measure_table(shape, family)
        if shape.name != "Mark" and not shape.name.startswith("Slide Number"):
            boxes.append((shape.name, x, y, x + w, y + h))
    for (one, *a), (other, *b) in combinations(boxes, 2):
        across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        # The names of the sides of a chart stand in its foot, which is empty there.
        if across > 0.02 and down > 0.02:
            yield f"{one!r} and {other!r} overlap by {across:.2f} × {down:.2f}"


def _measure_text(shape: Any, slide: Any, w: float, h: float, family: str) -> Iterator[str]:
    frame, is_title = shape.text_frame, shape == slide.shapes.title
    inset = 0.1 if is_title else 0.0
    needed = height_of(frame, w - 2 * inset, family, size=BODY, bold=is_title)
    if needed > h - inset + FITS:
        yield f"{shape.name!r} needs {needed:.2f} of {h:.2f}: {frame.text[:60]!r}"
    least = TITLE if is_title else SMALLEST.get(shape.name, BODY)
    for paragraph in frame.paragraphs:
        for run in paragraph.runs:
            if run.font.size is not None and run.font.size.pt < least:
                yield f"{shape.name!r} has type of {run.font.size.pt:g} points: {run.text[:40]!r}"


def _measure_table(shape: Any, family: str) -> Iterator[str]:
    least = SMALLEST[shape.name]
    widths = [inches(column.width) for column in shape.table.columns]
    for i, row in enumerate(shape.table.rows):
        for k, cell in enumerate(row.cells):
            if cell.is_spanned:
                continue
            width = sum(widths[k : k + (cell.span_width if cell.is_merge_origin else 1)])
            inner = width - inches(cell.margin_left) - inches(cell.margin_right)
            needed = height_of(cell.text_frame, inner, family) + inches(cell.margin_top) + inches(cell.margin_bottom)
            if not cell.text_frame.text:
                continue
            if needed > inches(row.height) + FITS:
                yield f"{shape.name!r}, row {i}, column {k} needs {needed:.2f} of {inches(row.height):.2f}: {cell.text!r}"
            for paragraph in cell.text_frame.paragraphs:
                for run in paragraph.runs:
                    if run.font.size is None or run.font.size.pt < least:
                        yield f"{shape.name!r} has type of {run.font.size} in {run.text!r}"
