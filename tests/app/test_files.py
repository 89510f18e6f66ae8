"""Files that cannot be opened, on the page: a finding and a way on, never an error of the program."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pages.components.launch import prepare_first_pages
from tests.app.opening import open_dashboard

ROOT = Path(__file__).parents[2]


def make_pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe.csv")
    return str(folder / "pipe.csv")


def make_flipped(folder: Path) -> str:
    path = folder / "flipped.parquet"
    pd.DataFrame({"patient_id": ["P1", "P2"], "sex": ["male", "female"]}).to_parquet(path, compression="gzip")
    content = bytearray(path.read_bytes())
    content[30:50] = bytes(20)
    path.write_bytes(bytes(content))
    return str(path)


def make_long(folder: Path) -> str:
    (folder / "long.csv").write_text("patient_id,sex\n" + "x" * 1_000_000 + ",unsure\n")
    return str(folder / "long.csv")


SOURCES: dict[str, tuple[Callable[[Path], str], str]] = {
    "a pipe": (make_pipe, "pipe.csv is a pipe"),
    "a path of 5,000 characters": (lambda folder: f"{folder}/{'x' * 5000}.csv", "more than this system allows"),
    "half a character in the path": (lambda folder: f"{folder}/\udcff.csv", "characters that are not UTF-8"),
    "a device": (lambda folder: "/dev/zero", "zero is a device"),
    "flipped bytes": (make_flipped, "flipped.parquet cannot be read"),
    "an identifier of a megabyte": (make_long, "unknown level for 1 of 1 children"),
}


@pytest.mark.parametrize(("make", "said"), SOURCES.values(), ids=SOURCES)
def test_what_cannot_be_opened_is_a_finding(
    make: Callable[[Path], str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMALLEST_CELL", raising=False)
    monkeypatch.setenv("COHORT", make(tmp_path))
    prepare_first_pages()  # ends, so that the port is opened
    app = open_dashboard()
    assert [e.value for e in app.exception] == []
    shown = [h.proto.body for h in app.get("html") if not h.proto.body.startswith("<style>")]
    assert said in "".join(shown)
    assert sum(map(len, shown)) < 5000
    assert {b.key for b in app.button} == {"try_again", "show_reference", "open_own"}
