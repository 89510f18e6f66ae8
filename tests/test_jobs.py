"""Slow parts computed beside the page: progress, stopping, one at a time, and how many are kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from analytics.analyses import Progress, load_analyses
from analytics.filters import Clause, CohortFilter
from pages.components.cache import REFERENCE_COHORT, load_cohort, load_controls
from pages.components.jobs import JOBS, Job, Jobs, Key, start_background

COHORT = load_cohort(str(REFERENCE_COHORT))


def key(number: int) -> Key:
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


def test_only_the_last_ones_are_kept() -> None:
    jobs = Jobs(kept=2)
    for number in range(4):
        jobs.start(key(number), lambda progress: "done").future.result(timeout=20)
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
        params = tuple((c.name, c.default) for c in load_controls(COHORT, analysis.slug))
        own: Key = (COHORT, chosen, analysis.slug, params, background.name)
        start_background(own, background)
        job = JOBS.find(own)
        assert isinstance(job, Job)
        wait_until(lambda job=job: job.total > 0 or job.is_finished)  # type: ignore[misc]
        job.stop()
        wait_until(lambda job=job: job.is_finished)  # type: ignore[misc]
        assert JOBS.find(own) is None
