"""A cohort that takes long: the page says how far its opening is, then how far a count is, and a click is not lost."""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

import pytest

from analytics.cohort import Cohort, waiting
from analytics.cohort.problems import CohortError, Problem
from analytics.cohort.waiting import Stage, find_listener, say_stage
from pages.components import cache
from pages.components.waiting import Announcement
from tests.app.opening import open_dashboard

Said = list[tuple[str, Stage, float | None]]
OPEN = cache.open_cohort


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[Said]:
    """What is announced, by the one whom it is about, of openings that a test makes long."""
    announced: Said = []
    hear = Announcement.__call__

    def record(self: Announcement, stage: Stage, share: float | None) -> None:
        announced.append((self._whom, stage, share))
        hear(self, stage, share)

    monkeypatch.setattr(Announcement, "__call__", record)
    monkeypatch.setattr(waiting, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(waiting, "NEXT_SECONDS", 0.02)
    monkeypatch.setattr(cache, "OPENINGS", cache.Openings())
    monkeypatch.delenv("COHORT", raising=False)
    monkeypatch.delenv("SMALLEST_CELL", raising=False)
    yield announced


def work(stage: int) -> None:
    """Be long at a stage, and tell whoever listens."""
    say_stage(stage, 6, "checking every value")
    waiting.wait_for(lambda: sleep(0.3), lambda: 0.25, lambda: None)


def test_the_stage_of_an_opening_is_shown_until_the_page_is_there(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    n_opened = 0

    def open_slowly(source: str, **named: str) -> Cohort:
        nonlocal n_opened
        n_opened += isinstance(source, str)  # that it is the reference cohort is asked of its path
        work(3)
        return OPEN(source, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(cache, "open_cohort", open_slowly)
    app = open_dashboard()
    assert [e.value for e in app.exception] == []
    assert ("", Stage(3, 6, "checking every value"), 0.25) in said
    text = "".join(h.proto.body for h in app.get("html"))
    assert "Who is in this cohort" in text and "is being opened" not in text
    assert n_opened == 1


def test_what_is_wrong_is_shown_after_a_long_opening(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: str, **named: str) -> Cohort:
        work(2)
        raise CohortError([Problem("the file is odd", "", "Mend it.")])

    monkeypatch.setattr(cache, "open_cohort", fail)
    app = open_dashboard()
    text = "".join(h.proto.body for h in app.get("html"))
    assert said and "the file is odd" in text and "is being opened" not in text
    assert {b.key for b in app.button} == {"try_again", "show_reference", "open_own"}


def test_a_long_count_is_announced_with_its_share(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    count = Cohort.funnel

    def count_slowly(self: Cohort, *asked: object) -> object:
        if find_listener() is not None:
            waiting.wait_for(lambda: sleep(0.3), lambda: 0.4, lambda: None)
        return count(self, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Cohort, "funnel", count_slowly)
    app = open_dashboard({"sex": ["male"], "age_years": [3, 9]})
    assert [e.value for e in app.exception] == []
    assert ("436 children", Stage(), 0.4) in said
    assert [toast.value.partition(":")[0] for toast in app.toast] == ["Counting 436 children"]
