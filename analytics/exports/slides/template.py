"""The dress of a deck: the product's own, or the layouts, fonts and colours of a team's file, which may be hostile."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from analytics.cohort.problems import Problem
from analytics.exports.slides.dress import Dress, dress_own, find_dress, take_out_slides

if TYPE_CHECKING:
    from pptx.presentation import Presentation

MOST_BYTES = 30 * 2**20
MOST_UNPACKED = 200 * 2**20
MOST_MARKUP = 40 * 2**20  # of XML in all, and of one part: as a tree it takes ten times as much
MOST_MARKUP_PART = 10 * 2**20
MOST_PARTS = 800
MOST_LAYOUTS = 100

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TYPES = "[Content_Types].xml"
_MAIN = "application/vnd.openxmlformats-officedocument.presentationml.%s.main+xml"
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)
_EXTERNAL = re.compile(rb"<[\w:]*Relationship\b[^>]*TargetMode\s*=\s*[\"']External[\"'][^>]*>", re.IGNORECASE)
_SAVE_ANEW = "Save it in PowerPoint as a presentation (.pptx) or a template (.potx) and give that."


class TemplateError(ValueError):
    """A file whose dress cannot be taken; ``problem`` says what is wrong and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        self.problem = Problem(f"The template {what}", "", remedy)
        super().__init__(str(self.problem))


def open_deck(template: bytes = b"") -> tuple[Presentation, Dress]:
    """A presentation without slides, in the dress of a template or in the product's own.

    Raises
    ------
    TemplateError
        If the template is none, is encrypted, has macros or links, is larger than it may be, or has no layout to write on.
    """
    from lxml.etree import LxmlError
    from pptx import Presentation as open_presentation
    from pptx.exc import PythonPptxError

    if not template:
        deck = open_presentation()
        return deck, dress_own(deck)
    content = _make_presentation(template)
    # What damaged files raise in python-pptx, which trusts them.
    damage = (PythonPptxError, LxmlError, KeyError, ValueError, TypeError, AttributeError, IndexError, AssertionError)
    try:
        deck = open_presentation(io.BytesIO(content))
        layouts = [layout for master in deck.slide_masters for layout in master.slide_layouts]
        take_out_slides(deck)
        dress = find_dress(deck, layouts[:MOST_LAYOUTS]) if layouts else None
        if dress is not None:
            _try_on(deck, dress)
    except (*damage, *_ZIP_ERRORS, RecursionError) as error:
        raise TemplateError("cannot be read: it may be damaged", _SAVE_ANEW) from error
    if dress is None:
        raise TemplateError(
            "has no layout of slides", "Keep at least one layout with a title in its slide master, and save it anew."
        )
    return deck, dress


def check_template(template: bytes) -> None:
    """Open a template and let go of it.

    Raises
    ------
    TemplateError
        As `open_deck` does.
    """
    if not template:
        raise TemplateError("is empty", _SAVE_ANEW)
    open_deck(template)


def _make_presentation(content: bytes) -> bytes:
    """The template as a presentation, once it is known to be one that can be opened without harm."""
    if len(content) > MOST_BYTES:
        raise TemplateError(
            f"has {len(content) / 2**20:.0f} MB, and may have {MOST_BYTES / 2**20:.0f}",
            "Make its pictures smaller (Compress Pictures), or delete its slides: its layouts are enough.",
        )
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise TemplateError("is encrypted: it asks for a password", "Save it without a password.")
        raise TemplateError("is a presentation of before 2007, or none", _SAVE_ANEW)
    if not content.startswith(b"PK"):
        raise TemplateError("is no presentation", _SAVE_ANEW)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_parts(archive.infolist())
            types = archive.read(_TYPES).decode("utf-8", "replace")
            kinds = [kind for kind in ("presentation", "template", "slideshow") if _MAIN % kind in types]
            names = archive.namelist()
            if "macroEnabled" in types or any("vbaproject" in n.lower() or "/activex/" in n.lower() for n in names):
                raise TemplateError("has macros or controls", "Save it without them, as .pptx or .potx.")
            if not kinds:
                raise TemplateError("is no presentation", _SAVE_ANEW)
            for link in _list_links(archive):
                if b"/hyperlink" not in link:
                    raise TemplateError(
                        "has a picture, sound or object that lies elsewhere",
                        "Insert it into the file instead of linking to it, and save it anew.",
                    )
            return content if kinds == ["presentation"] else _retype(archive, types)
    except KeyError as error:
        raise TemplateError("is no presentation", _SAVE_ANEW) from error
    except _ZIP_ERRORS as error:
        if isinstance(error, TemplateError):
            raise
        raise TemplateError("is damaged or was cut off", "Copy or download it again.") from error


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    if any(part.flag_bits & 1 for part in parts):
        raise TemplateError("is encrypted: it asks for a password", "Save it without a password.")
    markup = [part.file_size for part in parts if part.filename.lower().endswith((".xml", ".rels", ".vml"))]
    whole = sum(part.file_size for part in parts)
    if (
        len(parts) > MOST_PARTS
        or whole > MOST_UNPACKED
        or sum(markup) > MOST_MARKUP
        or max(markup, default=0) > MOST_MARKUP_PART
    ):
        raise TemplateError(
            f"has {len(parts)} parts and unpacks to {whole / 2**20:.0f} MB, more than can be read here",
            "It may be built to fill the memory, or hold slides that are not needed: delete them, and save it anew.",
        )


def _list_links(archive: zipfile.ZipFile) -> Iterator[bytes]:
    for name in archive.namelist():
        if name.endswith(".rels"):
            yield from _EXTERNAL.findall(archive.read(name))


def _retype(archive: zipfile.ZipFile, types: str) -> bytes:
    """The same parts, called a presentation."""
    for kind in ("template", "slideshow"):
        types = types.replace(_MAIN % kind, _MAIN % "presentation")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as written:
        for part in archive.infolist():
            if part.filename != _TYPES and not part.is_dir():
                written.writestr(part.filename, archive.read(part))
        written.writestr(_TYPES, types)
    return made.getvalue()


def _try_on(deck: Any, dress: Dress) -> None:
    """Make a slide of each layout and take it out again: what is damaged shows now, and not when a deck is written."""
    for layout in (dress.cover, dress.page):
        slide = deck.slides.add_slide(layout)
        if slide.shapes.title is not None:
            slide.shapes.title.text_frame.text = "?"
        deck.save(io.BytesIO())
    take_out_slides(deck)
