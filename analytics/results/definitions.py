"""What published definitions say of one patient: classes, what would change them, and what was published on treatments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact was published; ``doi``, or an ``address`` where there is none."""

    authors: str
    title: str
    journal: str
    year: int
    doi: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """That another value would lead to another class: ``limit`` is where it begins, ``is_more`` says on which side.

    ``by`` is how far the value now is from there; None where only a range of it is known.
    """

    label: str
    unit: str
    limit: float
    is_more: bool
    by: float | None
    into: str


@dataclass(frozen=True, slots=True)
class Proviso:
    """What a class takes for granted: that a fact is none of some ``levels``, or under a number."""

    label: str
    levels: tuple[str, ...] = ()
    below: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Classified:
    """The class by one definition; without one, ``outside`` says why, or ``lacking`` what is not known.

    ``possible`` are the classes that what is known allows. ``flags`` say what was approximated.
    """

    label: str
    sources: tuple[Source, ...]
    group: str = ""
    why: str = ""
    outside: str = ""
    lacking: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    provisos: tuple[Proviso, ...] = ()
    flags: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class TreatmentFact:
    """What was published on a treatment; with ``lacking``, what has to be known to say whether it concerns the patient."""

    label: str
    text: str
    sources: tuple[Source, ...]
    lacking: tuple[str, ...] = ()
