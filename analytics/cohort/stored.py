"""Patients kept beside their files, checked and coded, so that the next start is quick: where, and what they were made of."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analytics.dictionary import Dictionary
from analytics.results import Note

SUFFIX = ".patterns.duckdb"
LAST_BYTES = 65_536  # of a file, where a Parquet file describes itself
CODE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class About:
    """What stored patients were made of, by which program and dictionary, and what a cohort tells of them.

    ``levels`` are those that each of their variables has.
    """

    made_of: str
    made_by: str
    data_version: str
    synthetic: bool
    notes: tuple[Note, ...]
    levels: dict[str, list[str]]

    def to_text(self) -> str:
        """The same as a text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> About:
        """What a text says; ValueError, KeyError or TypeError where it is none of ours."""
        found: dict[str, Any] = json.loads(text)
        notes = tuple(Note(**{**n, "drops": tuple(n["drops"]), "terms": ()}) for n in found.pop("notes"))
        return cls(**found, notes=notes)


def place_of(path: Path) -> Path:
    """Where the patients of a file or folder are stored: beside it."""
    whole = Path(os.path.abspath(path))
    return whole.with_name(f"{whole.name}{SUFFIX}")


def describe_files(folder: Path, files: Sequence[Path]) -> str:
    """A text that changes with the files: their names, sizes and times, and how each ends."""
    told = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            file.seek(max(status.st_size - LAST_BYTES, 0))
            last = hashlib.sha256(file.read()).hexdigest()
        told.update(repr((os.path.relpath(path, folder), status.st_size, status.st_mtime_ns, last)).encode())
    return told.hexdigest()


def describe_program(dictionary: Dictionary, engine: str) -> str:
    """A text that changes with the dictionary, with how files are read, and with the ``engine``."""
    told = hashlib.sha256(repr((dictionary, engine)).encode())
    for module in sorted(CODE.glob("*.py")):
        told.update(module.read_bytes())
    return told.hexdigest()
