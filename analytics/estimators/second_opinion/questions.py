"""What is asked of libraries about a view, heard without being answered: figures, and the arrays that they were made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec

from analytics.results.second_opinion import Compared

Given = ParamSpec("Given")


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A call of one of the functions that compare: its name, and what it was given by the names of its parameters."""

    kind: str
    given: Mapping[str, Any]


_HEARD: ContextVar[list[Question] | None] = ContextVar("heard", default=None)


def question(ask: Callable[Given, Iterator[Compared]]) -> Callable[Given, Iterator[Compared]]:
    """A decorator of a function that compares: `list_questions` hears its calls, which then yield nothing."""
    wanted = signature(ask)

    @wraps(ask)
    def ask_or_tell(*args: Given.args, **kwargs: Given.kwargs) -> Iterator[Compared]:
        heard = _HEARD.get()
        if heard is None:
            return ask(*args, **kwargs)
        bound = wanted.bind(*args, **kwargs)
        bound.apply_defaults()
        heard.append(Question(ask.__name__, bound.arguments))
        return iter(())

    return ask_or_tell


def list_questions(second_opinion: Callable[[], Iterable[Compared]]) -> tuple[Question, ...]:
    """Every question that a second opinion asks, in order; no library is asked."""
    heard: list[Question] = []
    token = _HEARD.set(heard)
    try:
        rows = list(second_opinion())
    finally:
        _HEARD.reset(token)
    if rows:
        raise ValueError(f"{rows[0].figure.measure!r} is compared outside of a question: make its function one.")
    return tuple(heard)
