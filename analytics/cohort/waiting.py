"""Long questions: who listens hears at which stage they are and how far, and lets them stop by raising an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Thread
from typing import Any, Protocol, TypeVar

FIRST_SECONDS = 1.0  # after which a question is long
NEXT_SECONDS = 0.4
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stage:
    """Which stage a long work has come to, in words; 0 of 0 where it has none."""

    number: int = 0
    of: int = 0
    what: str = ""


class Listener(Protocol):
    """Hears, again and again, of a question that is long: its stage, and its share that is done, None where nobody knows."""

    def __call__(self, stage: Stage, share: float | None) -> None:
        """Raising an error lets the question stop."""


@dataclass
class _Heard:
    listener: Listener
    stage: Stage = Stage()


_HEARD: ContextVar[_Heard | None] = ContextVar("heard", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let ``listener`` hear of the long questions that are asked within."""
    token = _HEARD.set(_Heard(listener))
    try:
        yield
    finally:
        _HEARD.reset(token)


def say_stage(number: int, of: int, what: str) -> None:
    """Say which stage the questions from now on belong to."""
    if (heard := _HEARD.get()) is not None:
        heard.stage = Stage(number, of, what)


def find_listener() -> Listener | None:
    """Who listens here; None if nobody does."""
    heard = _HEARD.get()
    return None if heard is None else heard.listener


def wait_for(ask: Callable[[], T], share: Callable[[], float | None], stop: Callable[[], None]) -> T:
    """The answer to a question; ``share`` tells how far it is, ``stop`` ends it where whoever listens raises an error."""
    heard = _HEARD.get()
    if heard is None:
        return ask()
    # Whoever listens needs the thread in which he asks.
    answer = begin(ask)
    try:
        return wait_with(heard.listener, answer, lambda: (heard.stage, share()))
    finally:
        if not answer.done():
            stop()


def wait_with(listener: Listener, answer: Future[T], look: Callable[[], tuple[Stage, float | None]]) -> T:
    """The answer that is on its way, with a listener who hears what ``look`` tells."""
    is_done = wait([answer], FIRST_SECONDS).done
    while not is_done:
        listener(*look())
        is_done = wait([answer], NEXT_SECONDS).done
    return answer.result()


def begin(ask: Callable[[], T]) -> Future[T]:
    """The answer, asked for in a thread that does not keep the program from ending."""
    answer: Future[T] = Future()

    def run() -> None:
        with _handing_over(answer):
            answer.set_result(ask())

    Thread(target=run, name="count", daemon=True).start()
    return answer


class _handing_over(AbstractContextManager[None]):
    """Hand whatever goes wrong to those who wait for an answer."""

    def __init__(self, answer: Future[Any]) -> None:
        self._answer = answer

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if error is not None:
            self._answer.set_exception(error)
        return True
