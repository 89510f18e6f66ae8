"""Views that a reader has collected: in their order, with comments, as a text file that holds no patients.

A view is kept as its link from page to page, with what it answered when it was collected, so that a change can be told.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import parse_qs

from analytics.formats import format_count, shorten

KIND, FORMAT = "collected views", 1
MOST_VIEWS, LONGEST_COMMENT, LONGEST_VIEW = 60, 2_000, 8_000
MOST_BYTES = 1_000_000
HEAD = (
    "# Views collected in the dashboard, in their order. Each is a link, with what it answered when it was collected.",
    "# Nobody's data are in this file: open it on the page Collected, with the cohort that it was made with.",
)
REMEDY = "Open a file that was saved on this page."
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class BasketError(ValueError):
    """Raised where a file holds no collected views: says what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Collected:
    """A view: ``link`` from page to page ("survival-by-site?sex=girls"), and ``comment``, what its reader wrote beside it.

    ``title``, ``whom`` and ``answer`` are what it said of data version ``data``, "" where that is not known.
    """

    link: str
    title: str = ""
    whom: str = ""
    answer: str = ""
    data: str = ""
    comment: str = ""

    @property
    def page(self) -> str:
        """The address of its page."""
        return self.link.split("?")[0]

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of its link."""
        return parse_qs(self.link.partition("?")[2], keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Basket:
    """Collected views in their order; places count from 0."""

    views: tuple[Collected, ...] = ()

    def __len__(self) -> int:
        return len(self.views)

    def find(self, link: str) -> int | None:
        """The place of a view; None if it was not collected."""
        return next((place for place, view in enumerate(self.views) if view.link == link), None)

    def with_views(self, views: Sequence[Collected]) -> Basket:
        """The basket with these at its end; one that is in it stays where it is, and says what the newer one says.

        Raises
        ------
        BasketError
            If they become too many.
        """
        kept = {view.link: view for view in self.views}
        for view in views:
            comment = view.comment or (kept[view.link].comment if view.link in kept else "")
            kept[view.link] = replace(view, comment=comment)
        if len(kept) > MOST_VIEWS:
            raise BasketError(
                f"At most {MOST_VIEWS} views can be collected; these would be {format_count(len(kept))}. Remove some first."
            )
        return Basket(tuple(kept.values()))

    def without(self, place: int) -> Basket:
        """The basket without the view at a place."""
        return Basket(self.views[:place] + self.views[place + 1 :])

    def moved(self, place: int, by: int) -> Basket:
        """The basket with the view at a place moved by so many, no further than to an end."""
        views = list(self.views)
        views.insert(max(place + by, 0), views.pop(place))
        return Basket(tuple(views))

    def commented(self, place: int, comment: str) -> Basket:
        """The basket with another comment on the view at a place."""
        views = list(self.views)
        views[place] = replace(views[place], comment=clean(comment, LONGEST_COMMENT))
        return Basket(tuple(views))

    def to_text(self, disease: str) -> str:
        """The basket as TOML; ``disease`` says whose dictionary the links are written in."""
        lines = [*HEAD, f"kind = {_quote(KIND)}", f"format = {FORMAT}", f"disease = {_quote(disease)}"]
        for view in self.views:
            lines += ["", "[[views]]", *(f"{f.name} = {_quote(getattr(view, f.name))}" for f in fields(view))]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class ReadBasket:
    """What a file holds: the views that can be read, whose dictionary they are written in, and what is wrong with others."""

    basket: Basket
    disease: str = ""
    problems: tuple[str, ...] = ()


def read_basket(content: bytes) -> ReadBasket:
    """The collected views of a file; whatever stands in it is text, and is looked at anew before it is shown.

    Raises
    ------
    BasketError
        If it holds none.
    """
    if len(content) > MOST_BYTES:
        raise BasketError(
            f"The file is larger than {MOST_BYTES // 1_000_000} MB, which no collected views are. {REMEDY}"
        )
    try:
        read = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        raise BasketError(f"The file is no text in UTF-8. {REMEDY}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = f": {error}" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise BasketError(f"The file cannot be read as TOML{said}. {REMEDY}") from None
    if read.get("kind") != KIND:
        raise BasketError(f"The file holds something else than collected views. {REMEDY}")
    if read.get("format") != FORMAT:
        made = shorten(str(read.get("format")))
        raise BasketError(f"The file has format {made}; this version of the product reads format {FORMAT}.")
    entries = read.get("views", [])
    if not isinstance(entries, list):
        raise BasketError(f"“views” is no list in this file. {REMEDY}")
    views, problems = [], []
    for number, entry in enumerate(entries, start=1):
        found = _read_view(entry)
        if isinstance(found, Collected):
            views.append(found)
        else:
            problems.append(f"View {number} of the file: {found}")
    disease = read.get("disease", "")
    return ReadBasket(Basket().with_views(views), disease if isinstance(disease, str) else "", tuple(problems))


def read_links(links: Sequence[str]) -> Basket:
    """The basket of the links that an address carries; those that are none are left out, and so are those beyond the most."""
    found = [view for link in links[:MOST_VIEWS] if isinstance(view := _read_view({"link": link}), Collected)]
    return Basket().with_views(found)


def _read_view(entry: Any) -> Collected | str:
    """A view, or what is wrong with it."""
    if not isinstance(entry, Mapping):
        return "it is no table of link, comment and answer"
    names = [field.name for field in fields(Collected)]
    wrong = [name for name in names if not isinstance(entry.get(name, ""), str)]
    if wrong:
        return f"“{wrong[0]}” is no text"
    link = entry.get("link", "")
    if not link or len(link) > LONGEST_VIEW or not re.fullmatch(r"[a-z0-9-]+(\?[!-~]*)?", link):
        return f"“{shorten(link)}” is no link from page to page" if link else "it has no link"
    said = {name: clean(entry.get(name, ""), LONGEST_COMMENT) for name in names}
    return Collected(**said | {"link": link})


def clean(text: str, longest: int) -> str:
    """Text of a reader's or of a file as it may be kept: without signs that control, and not longer than it may be."""
    return _CONTROL.sub(" ", text.encode("utf-8", "replace").decode()).strip()[:longest]


def _quote(text: str) -> str:
    """A text as TOML writes it on one line."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
