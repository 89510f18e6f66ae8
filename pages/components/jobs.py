"""Slow parts of analyses, computed beside the page: one at a time, with progress, stoppable, the last ones kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from analytics.analyses import Background, Progress
from analytics.cohort import Cohort
from analytics.filters import CohortFilter
from pages.components.cache import Params, load_estimate

Key = tuple[Cohort, CohortFilter, str, Params, str]

KEPT = 64  # slow parts remembered, each for its own selection and choices
# One at a time: a click on the page meanwhile shares the processor with a single other thread, however many wait.
WORKERS = ThreadPoolExecutor(max_workers=1, thread_name_prefix="slow-part")


class Stopped(Exception):
    """Raised inside a slow part that is to stop."""


@dataclass(slots=True)
class Job:
    """One slow part being computed, or computed: ``done`` of ``total`` steps (0 until it has begun)."""

    done: int = 0
    total: int = 0
    is_stopped: bool = False
    future: Future[Any] = field(default_factory=Future)

    @property
    def is_finished(self) -> bool:
        """True once there is a result, or an error, or it was stopped."""
        return self.future.done()

    @property
    def share(self) -> float:
        """The share of steps that are done."""
        return self.done / self.total if self.total else 0.0

    def report(self, done: int, total: int) -> None:
        """Note how far it has come; raises `Stopped` if it is to stop."""
        if self.is_stopped:
            raise Stopped
        self.done, self.total = done, total

    def stop(self) -> None:
        """Stop at the next step; at once if it still waits for another slow part to end."""
        self.is_stopped = True
        self.future.cancel()


class Jobs:
    """The slow parts that were asked for, by what they were asked of."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._jobs: OrderedDict[Key, Job] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Key) -> Job | None:
        """The job of a key that is being computed or was computed; None if it was never asked for, or stopped."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.is_stopped:
                return None
            self._jobs.move_to_end(key)
            return job

    def start(self, key: Key, run: Callable[[Progress], Any]) -> Job:
        """Have ``run(progress)`` computed; a job of the same key that was not stopped is given back as it is."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.is_stopped:
                job = Job()
                job.future = WORKERS.submit(run, job.report)
                self._jobs[key] = job
            self._jobs.move_to_end(key)
            while len(self._jobs) > self._kept:
                _, oldest = self._jobs.popitem(last=False)
                oldest.stop()
            return job


JOBS = Jobs()


def start_background(key: Key, background: Background) -> None:
    """Compute a slow part of the analysis of one selection."""
    cohort, cohort_filter, slug, params, _ = key

    def run(progress: Progress) -> Any:
        result = load_estimate(cohort, cohort_filter, slug, params)
        return background.run(result, dict(params), progress)

    JOBS.start(key, run)
