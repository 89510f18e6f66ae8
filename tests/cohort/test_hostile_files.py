"""Files that are no tables, or tables made to break what reads them: a cohort or a finding, in bounded time and memory.

They are opened in a process of their own, which may take little memory and is ended when it takes too long.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics.cohort import open_cohort
from analytics.cohort.problems import LONGEST_SENTENCE, MOST_PROBLEMS, CohortError, Problem
from analytics.formats import shorten
from pages.components.cache import load_cohort

MEMORY = 4 << 30
SECONDS = 250
LONGEST_TEXT = 20_000  # of everything that is said about one file
ROOT = Path(__file__).parents[2]
OPEN_ALL = """
import json, os, resource, sys
from analytics.cohort import open_cohort
from analytics.cohort.problems import CohortError
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
if os.geteuid() == 0 and sys.argv[2] == "as nobody":
    os.seteuid(65534)
for line in sys.stdin:
    try:
        cohort = open_cohort(json.loads(line))
        print(json.dumps(["cohort", cohort.n, [note.text + note.remedy for note in cohort.notes]]), flush=True)
    except CohortError as error:
        said = [str(problem) for problem in error.problems]
        print(json.dumps(["finding", said, [note.text + note.remedy for note in error.notes]]), flush=True)
"""
Outcome = tuple[str, str]


def open_apart(paths: list[str], user: str = "") -> list[Outcome]:
    """What each file opens to, cohort or finding, with everything that is said about it."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN_ALL, str(MEMORY), user],
        input="".join(json.dumps(path) + "\n" for path in paths),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=SECONDS,
        check=False,
    )
    # While a query takes long, the engine draws its progress.
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert done.returncode == 0, (len(lines), paths[min(len(lines), len(paths) - 1)][-80:], done.stderr[-2000:])
    outcomes = [json.loads(line) for line in lines]
    return [(kind, json.dumps(said, ensure_ascii=False)) for kind, *said in outcomes]


# What is no regular file


def make_pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe.csv")
    return str(folder / "pipe.csv")


def make_socket(folder: Path) -> str:
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket is short
        server.bind("s.csv")
        os.chdir(here)
    return str(folder / "s.csv")


def make_loop(folder: Path) -> str:
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    return str(folder / "loop.csv")


def make_crowd(folder: Path) -> str:
    for i in range(3000):
        (folder / f"neighbour_{i}.csv").touch()
    return str(folder / "nowhere.csv")


PLACES: dict[str, tuple[Callable[[Path], str], str]] = {
    "a pipe": (make_pipe, "pipe.csv is a pipe"),
    "a socket": (make_socket, "s.csv is a socket"),
    "a folder": (str, "is a folder"),
    "a device without end": (lambda folder: "/dev/zero", "zero is a device"),
    "a device without anything": (lambda folder: "/dev/null", "null is a device"),
    "a file of the system without an end": (lambda folder: "/proc/kmsg", "kmsg"),
    "a link to itself": (make_loop, "loop.csv cannot be opened: Too many levels of symbolic links"),
    "a path of 5,000 characters": (
        lambda folder: str(folder / ("x" * 5000)),
        "characters, more than this system allows",
    ),
    "5,000 folders": (lambda folder: "/" + "x/" * 2500 + "y.csv", "characters, more than this system allows"),
    "a name of 300 characters": (lambda folder: str(folder / ("x" * 300)), "characters, more than this system allows"),
    "a zero byte in the path": (lambda folder: "a\0.csv", "characters that are not UTF-8"),
    "half a character in the path": (lambda folder: str(folder / "\udcff.csv"), "characters that are not UTF-8"),
    "a file that is taken for a folder": (lambda folder: f"{ROOT}/README.md/x.csv", "there is no folder"),
    "many neighbours": (make_crowd, "there is no file nowhere.csv"),
}


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    paths = []
    for i, (make, _) in enumerate(PLACES.values()):
        (tmp_path / str(i)).mkdir()
        paths.append(make(tmp_path / str(i)))
    for name, (kind, said) in zip(PLACES, open_apart(paths), strict=True):
        assert kind == "finding", name
        assert PLACES[name][1] in said, (name, said)
        assert len(said) < 2000, name


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "closed.csv"
    path.write_text("patient_id,sex\nP1,male\n")
    path.chmod(0)
    ((kind, said),) = open_apart([str(path)], "as nobody")
    assert kind == "finding"
    assert "closed.csv may not be read by this program (permission denied)" in said


# What is read, and much of it

MEGABYTE = "x" * 1_000_000


def many_columns(names: list[str]) -> str:
    return ",".join(["patient_id", "sex", *names]) + "\n" + ",".join(["P1", "male", *("1" for _ in names)]) + "\n"


TEXTS: dict[str, tuple[str, str, str]] = {
    "an identifier of a megabyte": (f"patient_id,sex\n{MEGABYTE},unsure\n", "finding", "unknown level for 1 of 1"),
    "identifiers of a megabyte that repeat": (f"patient_id,sex\n{MEGABYTE},male\n" * 2, "finding", ""),
    "a level of a megabyte": (f"patient_id,sex\nP1,{MEGABYTE}\nP2,male\n", "finding", "unknown level for 1 of 2"),
    "500 levels of 50 kilobytes": (
        "patient_id,sex\n" + "".join(f"P{i},{i}{MEGABYTE[:50_000]}\n" for i in range(500)),
        "finding",
        "unknown level for 500 of 500",
    ),
    "a level among blanks": (f"patient_id,sex\nP1,male{' ' * 500}\nP2,male\n", "finding", "unknown level for 1 of 2"),
    "a number of a megabyte": (f"patient_id,age_years\nP1,{'1' * 1_000_000}\n", "finding", "no number for 1 of 1"),
    "a column's name of a megabyte": (many_columns([MEGABYTE]), "finding", "a cell of more than 131 072 characters"),
    "a column's long name": (many_columns([MEGABYTE[:100_000]]), "cohort", "1 column is not in the dictionary"),
    "a column's long name, nearly known": (many_columns(["os_days" * 10_000]), "cohort", "1 column is not"),
    "4,000 unknown columns": (many_columns([f"name_{i}" for i in range(4000)]), "cohort", "and 3980 more"),
    "4,000 nearly known columns": (many_columns([f"platelet{i}" for i in range(4000)]), "cohort", "columns are not"),
    "4,000 columns of one name": (many_columns(["sex"] * 4000), "finding", "the column sex stands 4001 times"),
    "a header of 20 million commas": ("," * 20_000_000, "finding", "a line of more than"),
    "2 million lines of nothing": ("patient_id,sex\n" + "\n" * 2_000_000, "finding", "no children"),
    "300,000 open marks": ("patient_id,sex\n" + '"\n' * 300_000, "finding", ""),
}


def test_much_text_is_said_in_few_words(tmp_path: Path) -> None:
    paths = []
    for i, (text, _, _) in enumerate(TEXTS.values()):
        paths.append(str(tmp_path / f"{i}.csv"))
        Path(paths[-1]).write_text(text)
    for name, (kind, said) in zip(TEXTS, open_apart(paths), strict=True):
        assert kind == TEXTS[name][1], (name, said[:300])
        assert TEXTS[name][2] in said, (name, said[:300])
        assert len(said) < LONGEST_TEXT, name


def test_a_wide_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    pq.write_table(pa.table({f"c{i}": pa.array([1]) for i in range(10_001)}), path)
    with pytest.raises(CohortError, match="has 10001 columns; at most 10000 can be read"):
        open_cohort(path)


def test_a_message_is_short_and_on_one_line_whatever_it_names() -> None:
    problem = Problem("a\nb\x1b[31m\udcff" + "x" * 10_000, "where", "remedy")
    assert len(problem.what) == LONGEST_SENTENCE
    assert problem.what.startswith("a b\ufffd[31m\ufffdx") and "…" in problem.what
    error = CohortError([problem] * 10_000)
    assert len(error.problems) == MOST_PROBLEMS + 1
    assert "9950 further problems are not listed" in str(error)
    assert shorten("short") == "short"
    assert shorten("x" * 61) == "x" * 30 + "…" + "x" * 29


# Damage


def frame() -> pd.DataFrame:
    n = np.arange(12)
    return pd.DataFrame(
        {
            "patient_id": [f"P{i}" for i in n],
            "age_years": 1.5 + n,
            "sex": np.where(n % 2, "male", "female"),
            "os_days": 100 * n + 5,
            "os_event": n % 2,
        }
    )


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The bytes with some flipped, added or cut off."""
    changed, kind = bytearray(content), chance.random()
    place = chance.randrange(4, len(changed))
    if kind < 0.8:
        for _ in range(chance.choice((1, 1, 2, 5))):
            changed[chance.randrange(4, len(changed))] ^= 1 << chance.randrange(8)
    elif kind < 0.9:
        del changed[place:]
    else:
        changed[place:place] = chance.randbytes(chance.randrange(1, 20))
    return bytes(changed)


@pytest.mark.parametrize("kind", ["csv", "snappy", "zstd", "none"])
def test_a_damaged_file_gives_a_cohort_or_a_finding(tmp_path: Path, kind: str) -> None:
    path, chance = tmp_path / "whole", random.Random(kind)
    if kind == "csv":
        frame().to_csv(path, index=False)
    else:
        frame().to_parquet(path, compression=None if kind == "none" else kind)
    content, paths = path.read_bytes(), []
    for i in range(40):
        paths.append(str(tmp_path / f"{i}.bin"))
        Path(paths[-1]).write_bytes(damaged(content, chance))
    outcomes = open_apart(paths)
    assert {"cohort", "finding"} == {kind for kind, _ in outcomes}
    assert all(len(said) < LONGEST_TEXT for _, said in outcomes)


def test_a_byte_flipped_in_a_page_of_values_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "flipped.parquet"
    frame().to_parquet(path, compression="gzip")
    content = bytearray(path.read_bytes())
    for i in range(30, 60):
        content[i] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(CohortError, match=r"flipped\.parquet cannot be read: .+The file may be damaged"):
        open_cohort(path)


# A file that changes


def test_a_file_that_takes_the_place_of_another_within_a_tick_is_seen(tmp_path: Path) -> None:
    path, other = tmp_path / "file.csv", tmp_path / "other.csv"
    path.write_text("patient_id,sex\nP1,male\nP2,male\n")
    other.write_text("patient_id,sex\nP1,male\nP3,male\n")
    longer = "patient_id,sex\nP1,male\nP2,male\nP3,female\n"
    for file in (path, other):
        os.utime(file, ns=(10**18, 10**18))
    first = load_cohort(str(path))
    assert load_cohort(str(path)) is first
    os.replace(other, path)
    second = load_cohort(str(path))
    assert second.data_version != first.data_version
    path.write_text(longer)
    os.utime(path, ns=(10**18, 10**18))
    assert load_cohort(str(path)).n == 3
