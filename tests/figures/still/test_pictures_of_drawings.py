"""Drawings as pictures: every shape in its place and its colour, and nothing left out without a word."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from analytics.figures.still.raster import SCALE, read_size, to_png
from analytics.figures.svg import svg_document

SHAPES = {
    "rect": '<rect x="20" y="20" width="20" height="20" fill="#ff0000"/>',
    "path": '<path d="M20 20H40V40H20Z" fill="#ff0000"/>',
    "circle": '<circle cx="30" cy="30" r="12" fill="#ff0000"/>',
    "line": '<line x1="10" x2="50" y1="30" y2="30" stroke="#ff0000" stroke-width="6"/>',
    "within edges": '<svg x="20" y="20" width="20" height="20"><path d="M0 0H90V90H0Z" fill="#ff0000"/></svg>',
    "in a group": '<g><rect x="20" y="20" width="20" height="20" fill="#ff0000"/></g>',
}


def picture_of(*parts: str) -> Image.Image:
    return Image.open(BytesIO(to_png(svg_document(80, 56, "", "", parts)))).convert("RGB")


def colour_at(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    found = image.getpixel((round(x * SCALE), round(y * SCALE)))
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_shapes_stand_where_they_are_said_to(shape: str) -> None:
    image = picture_of(shape)
    assert image.size == (80 * SCALE, 80 * SCALE) and read_size(svg_document(80, 56, "", "", ())) == (80, 80)
    red, green, blue = colour_at(image, 30, 30)
    assert red > 240 and green < 15 and blue < 15
    assert all(min(colour_at(image, x, y)) > 240 for x, y in ((10, 10), (60, 60), (30, 60)))


def test_what_is_translucent_lets_through() -> None:
    image = picture_of('<path d="M0 0H80V80H0Z" fill="#000000" fill-opacity="0.25"/>')
    assert all(abs(value - 191) < 4 for value in colour_at(image, 40, 40))
    faint = picture_of('<g opacity="0.5"><rect x="0" y="0" width="80" height="80" fill="#000000"/></g>')
    assert all(abs(value - 128) < 4 for value in colour_at(faint, 40, 40))


def test_broken_lines_have_gaps() -> None:
    image = picture_of('<path d="M0 40H80" fill="none" stroke="#000000" stroke-width="4" stroke-dasharray="10 10"/>')
    row = [colour_at(image, x, 40)[0] < 128 for x in (5, 15, 25, 35, 45)]
    assert row == [True, False, True, False, True]


def test_words_stand_on_the_side_that_is_asked_for() -> None:
    found = {}
    for anchor in ("start", "middle", "end"):
        image = picture_of(f'<text x="40" y="40" font-size="12" text-anchor="{anchor}" fill="#000000">MMM</text>')
        dark = [x for x in range(80) for y in range(28, 42) if colour_at(image, x, y)[0] < 100]
        found[anchor] = min(dark), max(dark)
    assert found["start"][0] >= 40 and found["end"][1] <= 41 and abs(sum(found["middle"]) / 2 - 40) < 3


def test_words_run_upwards() -> None:
    turned = '<text x="40" y="40" font-size="12" text-anchor="middle" transform="rotate(-90 40 40)">MMMM</text>'
    image = picture_of(turned)
    dark = [(x, y) for x in range(80) for y in range(80) if colour_at(image, x, y)[0] < 100]
    across, down = ({point[k] for point in dark} for k in (0, 1))
    assert max(down) - min(down) > 2 * (max(across) - min(across)) and abs((min(down) + max(down)) / 2 - 40) < 4


@pytest.mark.parametrize("part", ["<ellipse/>", '<rect width="9" height="9" fill="url(#a)"/>'])
def test_what_cannot_be_pictured_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="no picture of"):
        picture_of(part)
