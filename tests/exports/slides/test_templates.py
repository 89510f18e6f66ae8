"""The template of a team gives slides their dress; a file that is none, or hostile, is refused with a message."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from pptx import Presentation
from pptx.util import Inches

from analytics.exports.exhibit import Exhibit
from analytics.exports.pptx_file import to_pptx
from analytics.exports.slides import template as templates
from analytics.exports.slides.template import TemplateError, check_template
from tests.exports.slides.measured import list_faults

Change = Callable[[str, bytes], bytes]
MAIN = b"presentationml.presentation.main+xml"


def make_template(change: Change = lambda name, content: content, *, n_slides: int = 2, wide: bool = False) -> bytes:
    """A template with slides of its own, in which each part is changed."""
    deck: Any = Presentation()
    if wide:
        deck.slide_width, deck.slide_height = Inches(13.333), Inches(7.5)
    for _ in range(n_slides):
        deck.slides.add_slide(deck.slide_layouts[1]).shapes.title.text = "Of the team"
    content = io.BytesIO()
    deck.save(content)
    return repack(content.getvalue(), change)


def repack(content: bytes, change: Change, **more: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, part in more.items():
            new.writestr(name, part)
    return made.getvalue()


def dress(name: str, content: bytes) -> bytes:
    """Dark, with fonts and a first colour of its own."""
    if "/theme/theme" in name:
        content = content.replace(b'typeface="Calibri"', b'typeface="Verdana"')
    if "slideMaster1.xml" in name and "rels" not in name:
        content = re.sub(rb'bg1="lt1" tx1="dk1"', b'bg1="dk1" tx1="lt1"', content)
    return content


def as_potx(name: str, content: bytes) -> bytes:
    return content.replace(MAIN, b"presentationml.template.main+xml") if name == "[Content_Types].xml" else content


@pytest.fixture(scope="module")
def few(exhibits: dict[str, Exhibit]) -> list[Exhibit]:
    return [exhibits[slug] for slug in ("survival-by-site", "relapse-predictors", "cumulative-incidence")]


@pytest.mark.parametrize("wide", [False, True], ids=["4:3", "16:9"])
def test_a_template_gives_its_size_layouts_and_fonts(few: list[Exhibit], wide: bool) -> None:
    given = make_template(lambda name, part: as_potx(name, dress(name, part)), wide=wide)
    content = to_pptx(few, template=given)
    made: Any = Presentation(io.BytesIO(content))
    own: Any = Presentation(io.BytesIO(make_template(wide=wide)))
    assert (made.slide_width, made.slide_height) == (own.slide_width, own.slide_height)
    assert {layout.name for layout in made.slide_layouts} == {layout.name for layout in own.slide_layouts}
    assert "Of the team" not in " ".join(s.text_frame.text for p in made.slides for s in p.shapes if s.has_text_frame)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sum(name.startswith("ppt/slides/slide") for name in archive.namelist()) == len(made.slides)
        themes = [archive.read(name) for name in archive.namelist() if "/theme/theme" in name]
        assert any(b"Verdana" in theme for theme in themes)
        assert b"template.main" not in archive.read("[Content_Types].xml")
        charts = b"".join(archive.read(name) for name in archive.namelist() if "/charts/chart" in name)
    # On a dark slide the groups have the colours of the dark page.
    assert b"3C9BFF" in charts and b"0A70C2" not in charts
    # Verdana has the metrics of DejaVu Sans.
    assert list_faults(content, "DejaVu Sans") == []


def test_a_template_without_a_title_is_written_on_all_the_same(few: list[Exhibit]) -> None:
    def without(name: str, content: bytes) -> bytes:
        if "slideLayouts/slideLayout" not in name or "rels" in name:
            return content
        return re.sub(rb'<p:sp>(?:(?!</p:sp>).)*type="(?:title|ctrTitle)".*?</p:sp>', b"", content, flags=re.S)

    made: Any = Presentation(io.BytesIO(to_pptx(few[:1], template=make_template(without, n_slides=0, wide=True))))
    titles = [s.text_frame.text for s in made.slides[0].shapes if s.name == "Title"]
    assert titles == [few[0].document.question]


def without_layouts(name: str, content: bytes) -> bytes:
    if name.endswith("slideMaster1.xml"):
        return re.sub(rb"<p:sldLayoutIdLst>.*</p:sldLayoutIdLst>", b"", content, flags=re.S)
    if name.endswith("slideMaster1.xml.rels"):
        return re.sub(rb"<Relationship [^>]*slideLayout\d+\.xml[^>]*/>", b"", content)
    return content


def with_macros(name: str, content: bytes) -> bytes:
    kind = b"application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"
    found = b"application/vnd.openxmlformats-officedocument." + MAIN
    return content.replace(found, kind) if name == "[Content_Types].xml" else content


def with_link(name: str, content: bytes) -> bytes:
    link = (
        b'<Relationship Id="rId99" TargetMode="External" Target="file://server/share/logo.png" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"/></Relationships>'
    )
    return content.replace(b"</Relationships>", link) if name.endswith("slideMaster1.xml.rels") else content


def with_entities(name: str, content: bytes) -> bytes:
    if not name.endswith("theme1.xml"):
        return content
    laughs = (
        b'<!DOCTYPE a [<!ENTITY a "'
        + b"lol" * 1000
        + b'">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + k, b"&%c;" % (97 + k) * 100) for k in range(6))
    )
    head, _, rest = content.partition(b"?>")
    return head + b"?>" + laughs + b"]>" + rest.replace(b'name="Office', b'name="&g;')


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
REFUSED: list[tuple[str, Callable[[], bytes], str]] = [
    ("a text", lambda: b"patient,age\n1,2\n", "is no presentation"),
    ("another archive", lambda: repack(make_template(), lambda n, c: b"")[:0] + bad_archive(), "is no presentation"),
    ("encrypted", lambda: OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "asks for a password"),
    ("of before 2007", lambda: OLE + b"\0" * 600, "before 2007"),
    ("macros", lambda: make_template(with_macros), "has macros"),
    ("a macro part", lambda: repack(make_template(), lambda n, c: c, **{"ppt/vbaProject.bin": b"x"}), "has macros"),
    ("a picture elsewhere", lambda: make_template(with_link), "lies elsewhere"),
    ("no layouts", lambda: make_template(without_layouts, n_slides=0), "no layout"),
    ("cut off", lambda: make_template()[:9000], "damaged or was cut off"),
    ("broken", lambda: make_template(lambda n, c: c[:-9] if n.endswith("theme1.xml") else c), "cannot be read"),
    ("missing part", lambda: make_template(lambda n, c: c.replace(b"slideMaster1", b"slideMaster7")), "cannot be read"),
]


def bad_archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    return content.getvalue()


@pytest.mark.parametrize(("make", "said"), [(make, said) for _, make, said in REFUSED], ids=[n for n, *_ in REFUSED])
def test_what_is_no_template_is_refused_with_a_message(
    make: Callable[[], bytes], said: str, few: list[Exhibit]
) -> None:
    content = make()
    with pytest.raises(TemplateError, match=said) as caught:
        to_pptx(few[:1], template=content)
    assert caught.value.problem.remedy.endswith(".")
    with pytest.raises(TemplateError):
        check_template(content)


def test_an_empty_file_is_refused_where_one_is_brought() -> None:
    with pytest.raises(TemplateError, match="is empty"):
        check_template(b"")


def test_a_file_that_is_built_to_fill_the_memory_is_not_unpacked() -> None:
    bomb = repack(make_template(), lambda n, c: c, **{"ppt/media/image9.xml": b" " * (templates.MOST_MARKUP_PART + 1)})
    assert len(bomb) < 200_000
    with pytest.raises(TemplateError, match="more than can be read"):
        check_template(bomb)
    many = {f"ppt/media/{k}.png": b"" for k in range(templates.MOST_PARTS)}
    with pytest.raises(TemplateError, match="more than can be read"):
        check_template(repack(make_template(), lambda n, c: c, **many))
    with pytest.raises(TemplateError, match="MB, and may have"):
        check_template(b"PK" + bytes(templates.MOST_BYTES))


def test_entities_are_not_expanded() -> None:
    try:
        check_template(make_template(with_entities))
    except TemplateError as error:
        assert "cannot be read" in str(error)


def test_damage_anywhere_is_refused_or_harmless(few: list[Exhibit]) -> None:
    draw = random.Random(20261130)
    names = [n for n in zipfile.ZipFile(io.BytesIO(make_template())).namelist() if n.endswith((".xml", ".rels"))]
    base = make_template(n_slides=1)
    n_refused = 0
    for _ in range(25):
        chosen, at, length = draw.choice(names), draw.random(), draw.randrange(1, 80)

        def damage(name: str, content: bytes, chosen: str = chosen, at: float = at, length: int = length) -> bytes:
            start = int(at * len(content))
            return content[:start] + content[start + length :] if name == chosen else content

        try:
            to_pptx(few[:1], template=repack(base, damage))
        except TemplateError:
            n_refused += 1
    assert n_refused
