"""Read a file in a process of its own, with limits: what a library cannot digest ends that process, not the dashboard."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from analytics.cohort.problems import CohortError, Problem
from analytics.formats import shorten
from analytics.intake.limited_process import GAVE_UP

PROGRAM = Path(__file__).with_name("limited_process.py")
MEMORY = 1300 * 2**20
SECONDS = 90
LOOK_EVERY_SECONDS = 0.3
MOST_CELLS = 20_000_000
MOST_BYTES = 400 * 2**20  # of what it writes
_ANEW = "Save it anew in the program it comes from, or as CSV UTF-8."


def read_limited(
    kind: str, content: bytes, name: str, wanted: str = "", tell: Callable[[float], None] | None = None
) -> bytes:
    """What the process writes of a workbook ("excel") or Parquet file ("parquet").

    Nothing is written to the disk. ``tell`` is called every now and then, with 0: how far it is nobody knows. What it raises
    ends the process.

    Raises
    ------
    CohortError
        If it cannot be read, or not within the limits of memory and time.
    """
    limits = [str(MEMORY), str(MOST_CELLS), str(MOST_BYTES)]
    command = [sys.executable, "-I", "-B", str(PROGRAM), kind, *limits, wanted]
    # The allocators of Arrow set aside more than they use, which counts here.
    environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    pipe, end = subprocess.PIPE, time.monotonic() + SECONDS
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment) as process:
        try:
            written, errors = _wait(process, content, end, tell)
        except subprocess.TimeoutExpired as error:
            what = f"{shorten(name)} could not be read in {SECONDS} seconds"
            remedy = "Keep the sheets and columns that are needed, or save it as CSV."
            raise CohortError([Problem(what, "", remedy)]) from error
        finally:
            process.kill()  # of one that has ended nothing comes
    if process.returncode:
        told = errors.decode("utf-8", "replace").strip().splitlines()
        raise CohortError([_explain(name, process.returncode, told)])
    return written


def _wait(
    process: subprocess.Popen[bytes], content: bytes, end: float, tell: Callable[[float], None] | None
) -> tuple[bytes, bytes]:
    """What a process writes on both ways, once it has ended."""
    given: bytes | None = content
    while True:
        try:
            return process.communicate(given, timeout=max(0.0, min(LOOK_EVERY_SECONDS, end - time.monotonic())))
        except subprocess.TimeoutExpired:
            if time.monotonic() >= end:
                raise
            given = None
            if tell:
                tell(0.0)


def _explain(name: str, code: int, told: list[str]) -> Problem:
    """Why the process ended before it was done."""
    sheets = [line.removeprefix("sheet ").strip('"') for line in told if line.startswith("sheet ")]
    where = f"sheet {shorten(sheets[-1])}" if sheets else ""
    why, _, more = (told[-1] if told and code == GAVE_UP else "memory").partition(": ")
    large = "Delete empty rows and columns around the table and sheets that are not needed, or save the table as CSV."
    said = {
        "password": ("is encrypted: it asks for a password", "Save it without a password, in a place that is safe."),
        "broken": (f"cannot be read: {shorten(more, 120)}", f"The file may be damaged or cut off. {_ANEW}"),
        "cells": (
            f"has more than {MOST_CELLS / 1e6:.0f} million cells, those between its table and a far cell included",
            large,
        ),
        "text": ("holds more text than can be read here", large),
        "memory": ("has a cell far outside its table, or takes more memory than it may", large),
        "nested": (f"has lists or records in the cells of column {shorten(more)}", "Write one value per cell."),
    }
    what, remedy = said[why]
    return Problem(f"{shorten(name)} {what}", where, remedy)
