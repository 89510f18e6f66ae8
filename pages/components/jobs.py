"""Slow parts of analyses, computed beside the page: one at a time, for whoever asked, in turns, the last results kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.document import BackgroundPart, Progress
from pages.components.cache import Choices
from pages.components.own_cohort import OwnCohort
from pages.components.presence import PRESENCE

JobKey = tuple[Cohort, CohortFilter, str, Choices, str]

KEPT = 64  # results of slow parts remembered, each for its own selection and choices
MOST_OF_ONE = 4  # slow parts that one reader may have waiting or being computed
MOST_WAITING = 64
READERS = 1024  # whose last turn is remembered
# One at a time: a click on the page meanwhile shares the processor with a single other thread, however many wait.
WORKERS = ThreadPoolExecutor(max_workers=1, thread_name_prefix="slow-part")


class Stopped(Exception):
    """Raised inside a slow part that is to stop."""


class TooManyError(Exception):
    """Raised where no more can be asked for; says why, and what to do."""


@dataclass(slots=True, eq=False)
class Job:
    """One slow part being computed, or computed: ``done`` of ``total`` steps (0 until it has begun).

    ``asked_by`` are the readers who wait for it.
    """

    run: Callable[[Progress], Any] = lambda progress: None
    asked_by: list[str] = field(default_factory=list)
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


@dataclass(slots=True)
class _Turn:
    """A turn of the worker, and the job that it was given to."""

    job: Job | None = None


class Jobs:
    """The slow parts that were asked for, by what they were asked of.

    Results are everybody's. A slow part that waits or is being computed is there for the readers who asked for it: others
    do not see it, and it stops when the last of them stops it or has gone (``is_here``). Readers take turns.
    """

    def __init__(self, kept: int = KEPT, is_here: Callable[[str], bool] = lambda reader: True) -> None:
        self._kept = kept
        self._is_here = is_here
        self._jobs: OrderedDict[JobKey, Job] = OrderedDict()
        self._waiting: list[Job] = []
        self._running: Job | None = None
        self._n_turns = 0
        self._last_turn: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()

    def find(self, key: JobKey, reader: str = "") -> Job | None:
        """The job of a key if it has ended, or if this reader waits for it; None if not, or if it was stopped."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.is_stopped or not (job.is_finished or reader in job.asked_by):
                return None
            self._jobs.move_to_end(key)
            return job

    def start(self, key: JobKey, run: Callable[[Progress], Any], reader: str = "") -> Job:
        """Have ``run(progress)`` computed; a job of the same key that was not stopped is given back as it is.

        Raises
        ------
        TooManyError
            If this reader, or everyone together, asks for too many at a time.
        """
        with self._lock:
            self._drop_gone()
            job = self._jobs.get(key)
            if job is None or job.is_stopped or not (job.is_finished or reader in job.asked_by):
                if refusal := self._refusal(reader):
                    raise TooManyError(refusal)
                if job is None or job.is_stopped:
                    job = Job(run)
                    self._jobs[key] = job
                    self._waiting.append(job)
                    turn = _Turn()
                    WORKERS.submit(self._take, turn).add_done_callback(partial(self._end, turn))
                job.asked_by.append(reader)
            self._jobs.move_to_end(key)
            return job

    def refusal(self, reader: str) -> str:
        """Why this reader can ask for no more just now, and what to do; empty if they can."""
        with self._lock:
            self._drop_gone()
            return self._refusal(reader)

    def place(self, key: JobKey) -> tuple[int, int]:
        """How many are computed before the job of a key, and how many wait in all."""
        with self._lock:
            self._drop_gone()
            order, job = self._order(), self._jobs.get(key)
            before = (order.index(job) if job in order else 0) + (self._running is not None)
            return before, len(order)

    def stop(self, key: JobKey, reader: str = "") -> None:
        """Wait no longer for the job of a key: it stops if nobody else does."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None:
                self._leave(job, [name for name in job.asked_by if name != reader])

    def pass_on(self, before: str, after: str) -> None:
        """Let one reader wait for what another one asked for, as after a reload."""
        with self._lock:
            for job in self._jobs.values():
                if before in job.asked_by and not job.is_finished:
                    job.asked_by = [name for name in job.asked_by if name not in (before, after)] + [after]
            if before in self._last_turn:
                self._last_turn[after] = self._last_turn.pop(before)

    # Below, the lock is held.

    def _refusal(self, reader: str) -> str:
        n_own = sum(reader in job.asked_by for job in self._jobs.values() if not job.is_finished)
        if n_own >= MOST_OF_ONE:
            return f"{n_own} slow parts of yours wait or are being computed: let one end, or stop one, and ask again."
        if len(self._order()) >= MOST_WAITING:
            return f"{MOST_WAITING} slow parts of all readers wait: ask again once some have ended."
        return ""

    def _order(self) -> list[Job]:
        """Those that wait, in the order in which they will be computed: who has waited longest for a turn comes first."""
        last, waiting, order = dict(self._last_turn), [job for job in self._waiting if not job.is_stopped], []
        while waiting:
            following = min(waiting, key=lambda job: min((last.get(name, 0) for name in job.asked_by), default=0))
            waiting.remove(following)
            order.append(following)
            last |= dict.fromkeys(following.asked_by, self._n_turns + len(order))
        return order

    def _drop_gone(self) -> None:
        for job in list(self._jobs.values()):
            if not job.is_finished and not all(map(self._is_here, job.asked_by)):
                self._leave(job, list(filter(self._is_here, job.asked_by)))

    def _leave(self, job: Job, waiting_for_it: list[str]) -> None:
        if job.is_finished or waiting_for_it == job.asked_by:
            return
        job.asked_by = waiting_for_it
        if not waiting_for_it:
            job.stop()
            self._jobs = OrderedDict((key, other) for key, other in self._jobs.items() if other is not job)

    # Below, it is not.

    def _take(self, turn: _Turn) -> Any:
        """Compute the next job, in the worker's thread."""
        with self._lock:
            self._drop_gone()
            order = self._order()
            self._waiting = order[1:]
            if not order or not order[0].future.set_running_or_notify_cancel():
                return None
            turn.job = self._running = order[0]
            self._n_turns += 1
            for reader in turn.job.asked_by:
                self._last_turn[reader] = self._n_turns
                self._last_turn.move_to_end(reader)
            while len(self._last_turn) > READERS:
                self._last_turn.popitem(last=False)
        return turn.job.run(partial(self._report, turn.job))

    def _report(self, job: Job, done: int, total: int) -> None:
        with self._lock:
            self._drop_gone()
        job.report(done, total)

    def _end(self, turn: _Turn, ended: Future[Any]) -> None:
        """Hand a job its result, or its error; then let the oldest results go."""
        job = turn.job
        if job is None:
            return
        with self._lock:
            self._running = None
            error = ended.exception()
            if error is None:
                job.future.set_result(ended.result())
            else:
                job.future.set_exception(error)
            finished = [key for key, other in self._jobs.items() if other.is_finished]
            for key in finished[: max(len(finished) - self._kept, 0)]:
                del self._jobs[key]


JOBS = Jobs(is_here=PRESENCE.is_here)


def jobs_of(cohort: Cohort) -> Jobs:
    """Where slow parts of a cohort are computed: everybody's, or with a reader's own patients."""
    if isinstance(cohort, OwnCohort):
        jobs: Jobs = cohort.lasting.recall("jobs", partial(Jobs, is_here=PRESENCE.is_here))
        return jobs
    return JOBS


def start_background(key: JobKey, part: BackgroundPart, reader: str = "") -> None:
    """Compute a slow part of a view for a reader who has not asked for too many, which the page says."""
    with suppress(TooManyError):
        jobs_of(key[0]).start(key, part.run, reader)
