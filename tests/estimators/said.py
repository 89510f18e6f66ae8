"""What estimators say, in the general words of the product: patients are patients, and columns have their names."""

from __future__ import annotations

from analytics.dictionary import Dictionary
from analytics.reporting.notes import say_note
from analytics.reporting.reasons import say_reason
from analytics.results import Note, Reason

PLAIN = Dictionary((), ())


def said(reason: Reason | None) -> str:
    """A reason in words."""
    return say_reason(reason, PLAIN)


def words(note: Note) -> str:
    """The text of a note."""
    return say_note(note, PLAIN).text
