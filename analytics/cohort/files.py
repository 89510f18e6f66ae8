"""A file on the disk: opened if it is one, or the reason why it is not."""

from __future__ import annotations

import difflib
import errno
import os
import stat
from itertools import islice
from pathlib import Path

from analytics.cohort.address import LONGEST_PATH
from analytics.cohort.problems import CohortError, Problem
from analytics.formats import shorten

N_NEIGHBOURS = 2000  # files of a folder that are looked at for a name alike


def read_start(path: Path, most: int) -> bytes:
    """The first bytes of a file, ``most`` of them.

    What is no regular file is not read: a pipe would keep the product waiting for ever, a device might never end.

    Raises
    ------
    CohortError
        If the path is no file's.
    OSError
        If the system does not open it: `explain_unopened` says why.
    """
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in str(path)):
        what = "the path of the file holds characters that are not UTF-8"
        raise CohortError([Problem(what, shorten(path, LONGEST_PATH), "Rename the file or its folder.")])
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise CohortError([_no_regular_file(path, status.st_mode)])
    if not status.st_size:  # empty, or one of the system's own, which may never end
        return b""
    # Should it become a pipe at this very moment, it does not block either.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb") as file:
        return file.read(most)


def _no_regular_file(path: Path, mode: int) -> Problem:
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    kind = next((name for test, name in kinds if test(mode)), "no file")
    remedy = "Give a CSV or Parquet file."
    if kind == "a folder":
        remedy = "Give the CSV file inside it. A folder is opened where its files are Parquet and their names end so."
    return Problem(f"{shorten(path.name or path)} is {kind}", shorten(path, LONGEST_PATH), remedy)


def explain_unopened(path: Path, error: OSError) -> Problem:
    """Why the system does not open a file."""
    where = shorten(path, LONGEST_PATH)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _no_file(path)
    if isinstance(error, IsADirectoryError):
        return _no_regular_file(path, stat.S_IFDIR)
    if isinstance(error, PermissionError):
        return Problem(
            f"{shorten(path.name)} may not be read by this program (permission denied)",
            where,
            "Give the account that runs the dashboard leave to read the file and to enter its folder.",
        )
    if error.errno == errno.ENAMETOOLONG:
        return Problem(
            f"the path has {len(str(path))} characters, more than this system allows", where, "Give a shorter path."
        )
    if error.errno == errno.ENXIO:  # a socket, or a pipe
        return Problem(f"{shorten(path.name)} is a socket or a pipe", where, "Give a CSV or Parquet file.")
    reason = shorten(error.strerror or "no reason given", 200)
    return Problem(f"{shorten(path.name)} cannot be opened: {reason}", where, "Check the path, and the disk it is on.")


def _no_file(path: Path) -> Problem:
    if not os.path.isdir(path.parent):
        return Problem(f"there is no folder {shorten(path.parent)}", shorten(path, LONGEST_PATH), "Check the path.")
    try:
        with os.scandir(path.parent) as entries:
            present = sorted(entry.name for entry in islice(entries, N_NEIGHBOURS) if entry.is_file())
    except OSError:
        present = []  # a folder that may be entered, but not listed
    close = difflib.get_close_matches(path.name, present, n=3) or [
        file for file in present if file.endswith((".csv", ".parquet"))
    ]
    hint = f"Did you mean {' or '.join(map(shorten, close[:3]))}?" if close else "Check the name and the folder."
    folder = shorten(os.path.abspath(path.parent), LONGEST_PATH)
    return Problem(f"there is no file {shorten(path.name)}", f"in {folder}", hint)
