"""Read a file in a process of its own with the memory and time that a bad file may take."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from analytics.cohort.problems import CohortError
from analytics.intake.reading import read_tables

MEMORY = 2 * 2**30
SECONDS = 10  # of the processor: a busy machine changes nothing


def _read(path: str, answer: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        tables = read_tables(Path(path), Path(path).name)
    except CohortError as error:
        answer.send(str(error))
    else:
        answer.send([table.name for table in tables])


@contextmanager
def reader_apart() -> Iterator[Callable[[Path], str | list[str]]]:
    """A function that reads a file elsewhere: the message that it gets, or the names of its tables."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])

    def read(path: Path) -> str | list[str]:
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_read, args=(str(path), there))
        process.start()
        there.close()
        try:
            return here.recv()
        except EOFError:
            process.join()
            raise AssertionError(f"{path.name} ended the process that read it: {process.exitcode}") from None
        finally:
            process.join()

    yield read
