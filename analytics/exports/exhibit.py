"""A view as it leaves the product whole, alone or with others, and what a medium of whole views is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analytics.document import Document, Progress
from analytics.provenance import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Exhibit:
    """One view to be given out: its document, what files say of it, the link to it, and what its user wrote beside it."""

    document: Document
    provenance: Provenance
    link: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ExhibitMedium:
    """A kind of file that takes views whole: one, or several in their order.

    ``write(exhibits, progress)`` makes the file; ``progress(done, all)`` is told after each exhibit and may raise to give
    up. Libraries are imported when it is called first. ``name`` stands on its button, ``ending`` after the dot, ``mime``
    tells the browser.
    """

    name: str
    ending: str
    mime: str
    write: Callable[[Sequence[Exhibit], Progress], bytes]


def no_progress(done: int, steps: int) -> None:
    """For who does not wait."""
