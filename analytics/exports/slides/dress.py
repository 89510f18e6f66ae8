"""What slides of a deck have in common: layouts, the place for content, fonts, and whether they are dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analytics.exports.slides.letters import Face

if TYPE_CHECKING:
    from pptx.presentation import Presentation

EMU = 914_400  # in an inch
WIDE, HIGH = 13.333, 7.5
LARGEST_TITLE = 28
_MARGIN = 0.4
INSET = 0.1  # of the text of a placeholder
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_FOOT = ("dt", "ftr", "sldNum")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a slide, in inches from its upper left corner."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """Its right end."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """Its lower end."""
        return self.y + self.h


@dataclass(frozen=True, slots=True)
class Dress:
    """How slides look: ``cover`` is the layout of a title slide, ``page`` that of all others.

    ``title`` and ``content`` are the places on a page, ``title_size`` the type of its title in points; ``heads`` and ``texts``
    are the fonts. On a dark slide colours are those of the dark page. Where a dress ``is_own``, what stands under a title of one
    line moves up.
    """

    cover: Any
    page: Any
    title: Box
    content: Box
    title_size: float
    heads: Face
    texts: Face
    is_dark: bool
    is_own: bool = False


def dress_own(deck: Presentation) -> Dress:
    """The product's own: white, 16 to 9, with the title at the upper left."""
    deck.slide_width, deck.slide_height = round(WIDE * EMU), round(HIGH * EMU)
    master = deck.slide_master
    cover, page = (layout for layout in master.slide_layouts if layout.name in ("Title Slide", "Title and Content"))
    for layout in list(master.slide_layouts):
        if layout.name not in (cover.name, page.name):
            master.slide_layouts.remove(layout)
    wide = WIDE - 2 * _MARGIN
    places = {
        "title": Box(_MARGIN, 0.3, wide, 0.95),
        "body": Box(_MARGIN, 1.3, wide, 5.72),
        "dt": Box(_MARGIN, 7.06, 2.5, 0.3),
        "ftr": Box(4.5, 7.06, 4.3, 0.3),
        "sldNum": Box(WIDE - _MARGIN - 1.0, 7.06, 1.0, 0.3),
        "ctrTitle": Box(_MARGIN, 1.5, wide, 1.5),
        "subTitle": Box(_MARGIN, 3.2, wide, 3.2),
    }
    for holder in (master, cover, page):
        for shape in holder.placeholders:
            kind = shape.element.ph.get("type", "obj")
            place = places.get(kind)
            if place is not None and (holder is not page or shape.element.spPr.find(f"{_A}xfrm") is not None):
                shape.left, shape.top = round(place.x * EMU), round(place.y * EMU)
                shape.width, shape.height = round(place.w * EMU), round(place.h * EMU)
            if kind in ("title", "ctrTitle"):
                shape.element.txBody.bodyPr.set("anchor", "b" if kind == "ctrTitle" else "t")
    style = master.element.find(f"{_P}txStyles/{_P}titleStyle/{_A}lvl1pPr")
    style.set("algn", "l")
    size = style.find(f"{_A}defRPr")
    size.set("sz", "2600")
    size.set("b", "1")
    for shape in cover.placeholders:
        levels = shape.element.find(f".//{_A}lstStyle/{_A}lvl1pPr")
        if levels is not None:
            levels.set("algn", "l")
    return replace(find_dress(deck, [cover, page]), is_own=True)


def find_dress(deck: Presentation, layouts: Sequence[Any]) -> Dress:
    """The dress that the layouts of a presentation give, as far as slides can be written on them."""
    width, height = deck.slide_width / EMU, deck.slide_height / EMU
    cover = _first(layouts, ("title",)) or layouts[0]
    page = _first(layouts, ("obj", "titleOnly", "twoObj", "tx")) or next(
        (layout for layout in layouts if _title_of(layout) is not None and layout is not cover), layouts[0]
    )
    title, foot = _title_of(page), _foot_of(page, height)
    heads, texts = _fonts_of(page)
    place = Box(_MARGIN, 0.3, width - 2 * _MARGIN, 0.95)
    size, capitals = float(LARGEST_TITLE), False
    if title is not None:
        place = _box_of(title)
        size, capitals = _title_type(title, page)
    body = [shape for shape in page.placeholders if shape.element.ph.get("type", "obj") in ("obj", "body")]
    content = max((_box_of(shape) for shape in body), key=lambda box: box.w * box.h, default=place)
    if not body or content.w < 0.7 * width or content.h < 0.5 * height:
        top = place.bottom + 0.1 if place.bottom < 0.4 * height else _MARGIN
        content = Box(_MARGIN, top, width - 2 * _MARGIN, foot - top)
    # Text stands as far from the edge of its place as in the placeholders of a layout.
    wide, high = min(content.w, width - content.x) - 2 * INSET, min(content.bottom, foot) - content.y
    content = Box(content.x + INSET, content.y, wide, high)
    return Dress(
        cover,
        page,
        place,
        content,
        min(max(size, 24.0), LARGEST_TITLE),
        Face.named(heads, capitals=capitals),
        Face.named(texts),
        _is_dark(page),
    )


def take_out_slides(deck: Presentation) -> None:
    """A presentation without its slides, and without what names them."""
    slides = deck.element.get_or_add_sldIdLst()
    for slide in list(slides):
        deck.part.drop_rel(slide.get(_R_ID))
        slides.remove(slide)
    root = deck.element
    for name in ("extLst", "custShowLst"):  # sections and shows of some of the slides
        for element in root.findall(f"{_P}{name}"):
            root.remove(element)


def _first(layouts: Sequence[Any], kinds: Sequence[str]) -> Any:
    found = {layout.element.get("type", ""): layout for layout in reversed(layouts)}
    return next((found[kind] for kind in kinds if kind in found and _title_of(found[kind]) is not None), None)


def _title_of(layout: Any) -> Any:
    return next(
        (s for s in layout.placeholders if s.element.ph.get("type") in ("title", "ctrTitle")),
        None,
    )


def _box_of(shape: Any) -> Box:
    return Box(*(float(length or 0) / EMU for length in (shape.left, shape.top, shape.width, shape.height)))


def _foot_of(layout: Any, height: float) -> float:
    """Where the line of date, footer and number begins."""
    tops = [
        float(shape.top or 0) / EMU
        for shape in layout.placeholders
        if shape.element.ph.get("type") in _FOOT and shape.top is not None
    ]
    return min([top for top in tops if top > 0.75 * height], default=height - 0.4) - 0.04


def _title_type(title: Any, layout: Any) -> tuple[float, bool]:
    """The size of a title in points, and whether it is set in capitals: as the layout says, or the master."""
    master = layout.slide_master
    above = [s for s in master.placeholders if s.element.ph.get("type") == "title"]
    styles = [shape.element.find(f".//{_A}lstStyle/{_A}lvl1pPr/{_A}defRPr") for shape in (title, *above)]
    styles.append(master.element.find(f"{_P}txStyles/{_P}titleStyle/{_A}lvl1pPr/{_A}defRPr"))
    given = [style for style in styles if style is not None]
    size = next((int(style.get("sz")) / 100 for style in given if style.get("sz")), 44.0)
    capitals = next((style.get("cap") for style in given if style.get("cap")), "none")
    return size, capitals != "none"


def _theme_of(layout: Any) -> Any:
    from lxml import etree

    master = layout.slide_master.part
    part = next((rel.target_part for rel in master.rels.values() if rel.reltype.endswith("/theme")), None)
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return None if part is None else etree.fromstring(part.blob, parser)


def _fonts_of(layout: Any) -> tuple[str, str]:
    theme = _theme_of(layout)
    if theme is None:
        return "", ""
    found = [theme.find(f".//{_A}fontScheme/{_A}{kind}/{_A}latin") for kind in ("majorFont", "minorFont")]
    return tuple("" if font is None else font.get("typeface", "") for font in found)  # type: ignore[return-value]


def _is_dark(layout: Any) -> bool:
    """True if the background is of one dark colour; of a picture nobody knows."""
    theme, master = _theme_of(layout), layout.slide_master.element
    grounds = [holder.find(f"{_P}cSld/{_P}bg") for holder in (layout.element, master)]
    ground = next((each for each in grounds if each is not None), None)
    named = master.find(f"{_P}clrMap")
    colour = None if ground is None else next(ground.iter(f"{_A}srgbClr", f"{_A}schemeClr"), None)
    if colour is not None and colour.tag.endswith("srgbClr"):
        return _is_dark_colour(colour.get("val", ""))
    name = "bg1" if colour is None else colour.get("val", "bg1")
    name = name if named is None else named.get(name, name)
    found = None if theme is None else theme.find(f".//{_A}clrScheme/{_A}{name}")
    if found is None or not len(found):
        return False
    return _is_dark_colour(found[0].get("lastClr") or found[0].get("val", ""))


def _is_dark_colour(text: str) -> bool:
    if len(text) != 6:
        return False
    red, green, blue = (int(text[i : i + 2], 16) for i in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 110
