"""A view as it leaves the product whole, alone or with others, and what a medium of whole views is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from analytics.document import Document, Progress, Shown
from analytics.provenance import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Exhibit:
    """One view to be given out: its document, what files say of it, the link to it, and what its user wrote beside it."""

    document: Document
    provenance: Provenance
    link: str
    comment: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Extra:
    """What is no view of an analysis, to stand among exhibits: a child at hand, published outcomes.

    ``shown`` has what is said and drawn: the first of its pictures is the main one, the first of its sentences answers
    ``question``, or is its heading where nothing is asked. ``link`` is empty where there is none to give.
    """

    title: str
    shown: Shown
    provenance: Provenance
    question: str = ""
    link: str = ""
    comment: str = ""


class WriteExhibits(Protocol):
    """How a medium makes a file of exhibits."""

    def __call__(self, exhibits: Sequence[Exhibit | Extra], progress: Progress, template: bytes = b"") -> bytes:
        """The file, dressed in the ``template`` of a team where the medium takes one and it is given."""
        ...


@dataclass(frozen=True, slots=True)
class ExhibitMedium:
    """A kind of file that takes views whole: one, or several in their order.

    ``write(exhibits, progress)`` makes the file; ``progress(done, all)`` is told after each exhibit and may raise to give
    up. Libraries are imported when it is called first. ``name`` stands on its button, ``ending`` after the dot, ``mime``
    tells the browser. ``templates`` are the endings of the files whose dress it takes.
    """

    name: str
    ending: str
    mime: str
    write: WriteExhibits
    templates: tuple[str, ...] = ()


def no_progress(done: int, steps: int) -> None:
    """For who does not wait."""
