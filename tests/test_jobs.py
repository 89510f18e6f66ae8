"""Slow parts computed beside the page: progress, stopping, one at a time, and how many are kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from analytics.analyses import load_analyses
from analytics.cohort.filters import Clause, CohortFilter
from analytics.document import Progress
from pages.components.cache import REFERENCE_COHORT, load_cohort, load_offers
from pages.components.jobs import (
    JOBS,
    KEPT,
    MOST_OF_ONE,
    MOST_WAITING,
    Job,
    JobKey,
    Jobs,
    TooManyError,
    start_background,
)

COHORT = load_cohort(str(REFERENCE_COHORT))


def key(number: int) -> JobKey:
    return (COHORT, CohortFilter(), "page", (("n", number),), "part")


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.005)


class Steps:
    """A slow part whose steps a test lets through one by one."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.begun = 0

    def __call__(self, progress: Progress) -> str:
        for step in range(3):
            progress(step, 3)
            self.begun += 1
            assert self.gate.acquire(timeout=20)
        progress(3, 3)
        return "done"


def test_progress_is_seen_and_the_result_is_kept() -> None:
    jobs, steps = Jobs(), Steps()
    assert jobs.find(key(1)) is None
    job = jobs.start(key(1), steps)
    wait_until(lambda: steps.begun == 1)
    assert (job.done, job.total, job.share, job.is_finished) == (0, 3, 0.0, False)
    steps.gate.release()
    wait_until(lambda: steps.begun == 2)
    assert job.share == pytest.approx(1 / 3)
    assert jobs.start(key(1), steps) is job  # asked for twice, computed once
    steps.gate.release(2)
    assert job.future.result(timeout=20) == "done"
    assert jobs.find(key(1)) is job and job.share == 1.0


def test_a_stopped_job_ends_at_its_next_step_and_can_be_started_again() -> None:
    jobs, steps = Jobs(), Steps()
    job = jobs.start(key(1), steps)
    wait_until(lambda: steps.begun == 1)
    job.stop()
    assert jobs.find(key(1)) is None
    steps.gate.release(3)
    wait_until(lambda: job.is_finished)
    assert steps.begun == 1
    again = jobs.start(key(1), steps)
    assert again is not job
    steps.gate.release(3)
    assert again.future.result(timeout=20) == "done"


def test_one_at_a_time_and_one_that_waits_is_stopped_at_once() -> None:
    jobs, first, second = Jobs(), Steps(), Steps()
    one = jobs.start(key(1), first)
    wait_until(lambda: first.begun == 1)
    two = jobs.start(key(2), second)
    assert (second.begun, two.total, two.share) == (0, 0, 0.0)
    two.stop()
    assert two.is_finished
    first.gate.release(3)
    assert one.future.result(timeout=20) == "done" and second.begun == 0


class Line:
    """Slow parts that note in what order they are computed; the first of them runs until it is let through."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self.first = Steps()
        self.order: list[int] = []
        self.running = jobs.start(key(0), self.first, "first")
        wait_until(lambda: self.first.begun == 1)

    def ask(self, number: int, reader: str) -> Job:
        def run(progress: Progress) -> int:
            progress(0, 1)
            self.order.append(number)
            return number

        return self.jobs.start(key(number), run, reader)

    def let_through(self) -> list[int]:
        """Let all of them end; the order in which they were computed."""
        self.first.gate.release(3)
        end = self.jobs.start(key(-1), lambda progress: None, "last of all")
        end.future.result(timeout=20)
        return self.order


# Whose they are


def test_a_slow_part_is_seen_by_those_who_asked_for_it_and_its_result_by_all() -> None:
    jobs, steps = Jobs(), Steps()
    job = jobs.start(key(1), steps, "A")
    wait_until(lambda: steps.begun == 1)
    assert jobs.find(key(1), "A") is job
    assert jobs.find(key(1), "B") is None, "a reload of B shows nothing of A's"
    assert jobs.start(key(1), steps, "B") is job, "asked for by both, computed once"
    assert jobs.find(key(1), "B") is job
    steps.gate.release(3)
    assert job.future.result(timeout=20) == "done" and steps.begun == 3
    assert jobs.find(key(1), "C") is job


def test_it_stops_when_the_last_who_asked_stops_it() -> None:
    jobs, steps = Jobs(), Steps()
    job = jobs.start(key(1), steps, "A")
    wait_until(lambda: steps.begun == 1)
    jobs.start(key(1), steps, "B")
    jobs.stop(key(1), "C")
    assert job.asked_by == ["A", "B"], "who did not ask stops nothing"
    jobs.stop(key(1), "B")
    assert jobs.find(key(1), "B") is None and jobs.find(key(1), "A") is job and not job.is_stopped
    jobs.stop(key(1), "A")
    assert jobs.find(key(1), "A") is None and job.is_stopped
    steps.gate.release(3)
    wait_until(lambda: job.is_finished)
    assert steps.begun == 1


def test_what_a_session_asked_for_goes_with_it() -> None:
    here = {"A", "B", "first", "last of all"}
    line = Line(Jobs(is_here=here.__contains__))
    waits, shared = line.ask(1, "A"), line.ask(2, "A")
    line.ask(2, "B")
    here.remove("A")
    assert line.jobs.place(key(2)) == (1, 1)
    assert waits.is_finished and not shared.is_stopped and shared.asked_by == ["B"]
    here.remove("first")
    line.first.gate.release(3)
    wait_until(lambda: line.running.is_finished)
    assert line.running.is_stopped and line.first.begun == 1, "the one being computed ends at its next step"
    assert line.let_through() == [2]


def test_a_reader_can_leave_or_go_on_under_another_name() -> None:
    line = Line(Jobs())
    gone, kept = line.ask(1, "A"), line.ask(2, "B")
    line.jobs.stop(key(1), "A")
    line.jobs.pass_on("B", "B after a reload")
    assert gone.is_stopped and line.jobs.find(key(2), "B") is None
    assert line.jobs.find(key(2), "B after a reload") is kept
    assert line.let_through() == [2]


# Whose turn it is


def test_readers_take_turns() -> None:
    line = Line(Jobs())
    for number, reader in ((1, "A"), (2, "A"), (3, "A"), (4, "B"), (5, "B"), (6, "C")):
        line.ask(number, reader)
    # A first, for A asked first; then one each until nobody has more.
    assert [line.jobs.place(key(n)) for n in (1, 4, 6, 2, 5, 3)] == [(n, 6) for n in range(1, 7)]
    assert line.let_through() == [1, 4, 6, 2, 5, 3]


def test_who_asks_again_and_again_waits_for_the_others() -> None:
    line = Line(Jobs())
    for number in (1, 2):
        line.ask(number, "A")

    def ask_again(progress: Progress) -> int:
        line.order.append(10)
        line.ask(11, "B")
        return 10

    line.jobs.start(key(10), ask_again, "B")
    assert line.let_through() == [1, 10, 2, 11]


def test_a_shared_one_takes_the_turn_of_who_comes_first() -> None:
    line = Line(Jobs())
    line.ask(1, "A")
    line.ask(2, "A")
    line.ask(3, "B")
    line.ask(2, "C")
    assert line.let_through() == [1, 2, 3]


# How many


def test_a_reader_can_ask_for_a_few_at_a_time() -> None:
    line = Line(Jobs())
    for number in range(1, MOST_OF_ONE + 1):
        assert line.jobs.refusal("A") == ""
        line.ask(number, "A")
    assert line.jobs.refusal("A").startswith(f"{MOST_OF_ONE} slow parts of yours wait or are being computed")
    with pytest.raises(TooManyError, match="stop one, and ask again"):
        line.ask(99, "A")
    assert line.jobs.find(key(99), "A") is None
    line.ask(1, "A")  # what is asked for already can be asked for again
    assert line.jobs.refusal("B") == ""
    line.ask(99, "B")
    line.jobs.stop(key(1), "A")
    assert line.jobs.refusal("A") == ""
    assert line.let_through() == [2, 99, 3, 4]


def test_many_that_are_asked_for_end_none_that_is_computed() -> None:
    line = Line(Jobs())
    for number in range(1, MOST_WAITING + 1):
        line.ask(number, f"reader {number}")
    assert MOST_WAITING >= KEPT, "as many as are kept"
    assert not line.running.is_stopped
    with pytest.raises(TooManyError, match=f"{MOST_WAITING} slow parts of all readers wait"):
        line.ask(1000, "one more")
    assert line.jobs.find(key(0), "first") is line.running
    line.first.gate.release(3)
    assert line.running.future.result(timeout=20) == "done"
    wait_until(lambda: len(line.order) == MOST_WAITING)
    assert line.order == list(range(1, MOST_WAITING + 1))


def test_an_error_is_the_own_of_its_job_and_the_next_one_is_computed() -> None:
    def fail(progress: Progress) -> Any:
        raise ValueError("the numbers are wrong")

    jobs = Jobs()
    wrong, right = jobs.start(key(1), fail, "A"), jobs.start(key(2), lambda progress: "done", "B")
    assert right.future.result(timeout=20) == "done"
    with pytest.raises(ValueError, match="the numbers are wrong"):
        wrong.future.result(timeout=20)


# What is kept


def test_only_the_last_ones_are_kept() -> None:
    jobs = Jobs(kept=2)
    for number in range(4):
        jobs.start(key(number), lambda progress: "done").future.result(timeout=20)
    wait_until(lambda: jobs.find(key(1)) is None)
    assert [jobs.find(key(n)) is not None for n in range(4)] == [False, False, True, True]


def test_what_goes_wrong_reaches_the_page() -> None:
    def fail(progress: Progress) -> Any:
        raise ValueError("the numbers are wrong")

    job = Jobs().start(key(1), fail)
    with pytest.raises(ValueError, match="the numbers are wrong"):
        job.future.result(timeout=20)


def test_every_slow_part_runs_on_the_result_of_its_own_selection() -> None:
    parts = [(a, b) for a in load_analyses() for b in a.background]
    assert parts
    chosen = CohortFilter((Clause("sex", ("male",)),))
    for analysis, background in parts:
        params = tuple((c.name, c.default) for c in load_offers(COHORT)[analysis.slug].controls)
        own: JobKey = (COHORT, chosen, analysis.slug, params, background.name)
        start_background(own, background)
        job = JOBS.find(own)
        assert isinstance(job, Job)
        wait_until(lambda job=job: job.total > 0 or job.is_finished)  # type: ignore[misc]
        job.stop()
        wait_until(lambda job=job: job.is_finished)  # type: ignore[misc]
        assert JOBS.find(own) is None
