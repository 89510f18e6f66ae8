"""A drawing of plain shapes as PNG, for files whose readers may not know SVG; no browser is needed for it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from PIL import Image, ImageFont

SCALE = 1.5  # pixels of the picture for one of the drawing
FINER = 2  # of which each is drawn by so many, so that edges are smooth
DPI = 96
Look = Mapping[str, str]
Point = tuple[float, float]
_STEP = re.compile(r"([MLHVZ])([^MLHVZ]*)")
_NUMBER = re.compile(r"-?[\d.]+(?:e-?\d+)?")
# What a part has from what is around it.
INHERITED = ("fill", "fill-opacity", "font-size", "font-weight", "text-anchor")


def to_png(svg: str) -> bytes:
    """The drawing as PNG on white, with half again as many pixels a side as it says.

    Raises
    ------
    ValueError
        If something in it is of a kind that is not drawn here.
    """
    from PIL import Image

    root = ElementTree.fromstring(svg)
    scale = SCALE * FINER
    size = tuple(math.ceil(float(root.get(side, "0")) * scale) for side in ("width", "height"))
    image = Image.new("RGB", (size[0], size[1]), "white")
    _Brush(image, scale).draw_all(root, {})
    content = BytesIO()
    # Few colours are in a drawing: with a palette the file is a third.
    finished = image.reduce(FINER).quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    finished.save(content, "PNG", dpi=(DPI * SCALE, DPI * SCALE))
    return content.getvalue()


@cache
def _load_font(size: int, is_bold: bool) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    # Found, not imported: the fonts alone are wanted.
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("matplotlib is not installed, whose letters pictures are written in.")
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / f"DejaVuSans{'-Bold' if is_bold else ''}.ttf"), size)


class _Brush:
    """Draws the parts of an SVG into an image, ``scale`` pixels for one of the drawing."""

    def __init__(self, image: Image.Image, scale: float) -> None:
        from PIL import ImageDraw

        self.image, self.scale = image, scale
        self._draw = ImageDraw.Draw(image, "RGBA")

    def draw_all(self, element: ElementTree.Element, around: Look) -> None:
        """Everything within an element, which inherits how it looks."""
        look = {name: element.get(name, around.get(name, "")) for name in INHERITED}
        for part in element:
            self._draw_part(part, {**look, **part.attrib})

    def _draw_part(self, part: ElementTree.Element, look: Look) -> None:
        kind = part.tag.rpartition("}")[2]
        if kind in ("title", "desc", "metadata"):
            return
        if kind == "g":
            self._draw_group(part, look)
        elif kind == "svg":
            self._draw_clipped(part, look)
        elif kind == "text":
            self.write(part, look)
        elif kind in ("path", "line", "rect", "circle"):
            self._paint(list(_outline(kind, look)), look)
        else:
            raise ValueError(f"no picture of an element {kind!r}.")

    def _draw_group(self, part: ElementTree.Element, look: Look) -> None:
        from PIL import Image

        opacity = float(part.get("opacity", "1"))
        layer = self.image.copy()
        _Brush(layer, self.scale).draw_all(part, look)
        self.image.paste(Image.blend(self.image, layer, opacity))

    def _draw_clipped(self, part: ElementTree.Element, look: Look) -> None:
        """What lies within a part with edges, whose coordinates are those around it."""
        x, y, width, height = (float(part.get(name, "0")) for name in ("x", "y", "width", "height"))
        box = tuple(round(edge * self.scale) for edge in (x, y, x + width, y + height))
        layer = self.image.copy()
        _Brush(layer, self.scale).draw_all(part, look)
        self.image.paste(layer.crop((box[0], box[1], box[2], box[3])), (box[0], box[1]))

    def _paint(self, outlines: Sequence[tuple[list[Point], bool]], look: Look) -> None:
        fill = _to_rgba(look.get("fill", ""), look.get("fill-opacity", ""))
        stroke = _to_rgba(look.get("stroke", "none"), look.get("stroke-opacity", ""))
        width = float(look.get("stroke-width", "1"))
        dashes = [float(number) * self.scale for number in _NUMBER.findall(look.get("stroke-dasharray", ""))]
        for points, is_closed in outlines:
            placed = [(x * self.scale, y * self.scale) for x, y in points]
            if fill and len(placed) > 2:
                self._draw.polygon(placed, fill)
            if stroke and width and len(placed) > 1:
                line = [*placed, placed[0]] if is_closed else placed
                for piece in _dash(line, dashes) if dashes else [line]:
                    self._draw.line(piece, stroke, max(1, round(width * self.scale)), joint="curve")

    def write(self, part: ElementTree.Element, look: Look) -> None:
        """A line of text."""
        runs = list(_list_runs(part, look))
        x, y = (float(look[name]) * self.scale for name in ("x", "y"))
        fonts = [
            _load_font(round(float(run["font-size"]) * self.scale), run["font-weight"] == "600") for _, run in runs
        ]
        width = sum(font.getlength(text) for font, (text, _) in zip(fonts, runs, strict=True))
        start = {"middle": width / 2, "end": width}.get(look.get("text-anchor", ""), 0.0)
        if "rotate(-90" in look.get("transform", ""):
            self._write_upright(part, look, width, start)
            return
        x -= start
        for font, (text, run) in zip(fonts, runs, strict=True):
            self._draw.text((x, y), text, _to_rgba(run["fill"], run["fill-opacity"]), font, anchor="ls")
            x += font.getlength(text)

    def _write_upright(self, part: ElementTree.Element, look: Look, width: float, start: float) -> None:
        """Text that runs upwards: written apart, and turned around the place that it is turned around."""
        from PIL import Image

        _, around_x, around_y = (float(number) * self.scale for number in _NUMBER.findall(look["transform"]))
        x, y = (float(look[name]) * self.scale for name in ("x", "y"))
        size = round(float(look["font-size"]) * self.scale)
        sheet = Image.new("RGB", (math.ceil(width), 2 * size), "white")
        level = {name: value for name, value in look.items() if name != "transform"}
        level |= {"x": f"{start / self.scale}", "y": f"{1.5 * size / self.scale}"}
        _Brush(sheet, self.scale).write(part, level)
        turned = sheet.transpose(Image.Transpose.ROTATE_90)
        left, top = around_x + (y - around_y) - 1.5 * size, around_y - (x - around_x) - (width - start)
        self.image.paste(turned, (round(left), round(top)))


def _list_runs(part: ElementTree.Element, look: Look) -> Iterator[tuple[str, Look]]:
    """The letters of a text that look alike."""
    base = {name: look.get(name, "") for name in INHERITED}
    if part.text:
        yield part.text, base
    for run in part:
        if run.text:
            yield run.text, {**base, **run.attrib}
        if run.tail:
            yield run.tail, base


def _to_rgba(colour: str, opacity: str) -> tuple[int, int, int, int] | None:
    if colour in ("none", ""):
        return None
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ValueError(f"no picture of the colour {colour!r}.")
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue, round(255 * float(opacity or 1))


def _outline(kind: str, look: Look) -> Iterator[tuple[list[Point], bool]]:
    """The corners of a shape, and whether it is closed."""

    def get(name: str) -> float:
        return float(look.get(name, "0").removesuffix("%"))

    if kind == "path":
        yield from _read_path(look["d"])
    elif kind == "line":
        yield [(get("x1"), get("y1")), (get("x2"), get("y2"))], False
    elif kind == "rect":
        left, top, right, bottom = get("x"), get("y"), get("x") + get("width"), get("y") + get("height")
        yield [(left, top), (right, top), (right, bottom), (left, bottom)], True
    else:
        angles = [math.pi * k / 20 for k in range(40)]
        yield [(get("cx") + get("r") * math.cos(a), get("cy") + get("r") * math.sin(a)) for a in angles], True


def _read_path(d: str) -> Iterator[tuple[list[Point], bool]]:
    points: list[Point] = []
    for kind, rest in _STEP.findall(d):
        numbers = [float(number) for number in _NUMBER.findall(rest)]
        if kind == "Z":
            yield points, True
            points = []
        elif kind == "H":
            points.append((numbers[0], points[-1][1]))
        elif kind == "V":
            points.append((points[-1][0], numbers[0]))
        else:
            if kind == "M" and points:
                yield points, False
                points = []
            points.append((numbers[0], numbers[1]))
    if points:
        yield points, False


def _dash(points: Sequence[Point], lengths: Sequence[float]) -> Iterator[list[Point]]:
    """The pieces of a line that are drawn, in turns with those that are not."""
    turn, left, piece = 0, lengths[0], [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        length, at = math.hypot(x1 - x0, y1 - y0), 0.0
        while length - at > left:
            at += left
            corner = (x0 + (x1 - x0) * at / length, y0 + (y1 - y0) * at / length)
            if turn % 2 == 0:
                yield [*piece, corner]
            turn += 1
            left, piece = lengths[turn % len(lengths)], [corner]
        left -= length - at
        piece.append((x1, y1))
    if turn % 2 == 0 and len(piece) > 1:
        yield piece


def read_size(svg: str) -> tuple[float, float]:
    """The width and height of a drawing in pixels."""
    root: Any = ElementTree.fromstring(svg)
    return float(root.get("width")), float(root.get("height"))
