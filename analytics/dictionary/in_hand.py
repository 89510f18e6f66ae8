"""The dictionary in hand: that of the cohort at work, whose words are spoken, and the product's without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any, TypeVar

from analytics.dictionary.entries import Dictionary
from analytics.dictionary.reading import open_dictionary
from analytics.words import Words

Made = TypeVar("Made")


@cache
def load_dictionary() -> Dictionary:
    """The dictionary of the product."""
    return open_dictionary()


_IN_HAND: ContextVar[Dictionary | None] = ContextVar("dictionary in hand", default=None)


@contextmanager
def speaking_by(dictionary: Dictionary) -> Iterator[None]:
    """Let words be those of this dictionary, as far as the block goes: a cohort may have been opened by another one."""
    token = _IN_HAND.set(dictionary)
    try:
        yield
    finally:
        _IN_HAND.reset(token)


def dictionary_in_hand() -> Dictionary:
    """The dictionary whose words are spoken: that of the cohort at work, and the product's without one."""
    return _IN_HAND.get() or load_dictionary()


def dictionary_with(has: Callable[[Dictionary], Any]) -> Dictionary:
    """The dictionary in hand with what its file does not bring; the product's for what it knows nothing of."""
    whole = dictionary_in_hand().whole or dictionary_in_hand()
    return whole if has(whole) else load_dictionary()


def dictionary_naming(role: str) -> Dictionary:
    """The dictionary that knows what has the role."""
    return dictionary_with(lambda dictionary: role in dictionary.roles)


def spoken(make: Callable[..., Made]) -> Callable[..., Made]:
    """``make`` in the words of the dictionary that is in hand now, whenever it is called."""
    dictionary = dictionary_in_hand()

    @wraps(make)
    def speak(*args: Any) -> Made:
        with speaking_by(dictionary):
            return make(*args)

    return speak


def load_words() -> Words:
    """What the dictionary in hand calls a patient."""
    return dictionary_in_hand().words
