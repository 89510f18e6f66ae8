"""Files are read right, or told what is wrong with them, whatever is in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.cohort.problems import CohortError
from analytics.intake import assembling, limited, unpacking
from analytics.intake.layout import Layout
from analytics.intake.reading import detect_layout, read_tables
from analytics.intake.tables import TEXT, SourceTable
from tests.intake.apart import reader_apart
from tests.intake.corpus import BAD, GOOD, Bad, Good, write
from tests.intake.made_files import TABLE, WORKBOOK, wide


@pytest.fixture(scope="module")
def read_apart() -> Callable[[Path], str | list[str]]:
    with reader_apart() as read:
        yield read


def test_the_corpus_is_large_and_names_each_file_once() -> None:
    assert len(BAD) >= 60
    names = [case.name for case in (*BAD, *GOOD)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_a_broken_file_gets_a_message_of_its_own(
    case: Bad, tmp_path: Path, read_apart: Callable[[Path], str | list[str]]
) -> None:
    said = read_apart(write(case, tmp_path))
    assert isinstance(said, str), f"read as {said}"
    assert [words for words in case.says if words not in said] == [], said
    assert len(said) < 1000


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_an_odd_file_is_read_right(case: Good, tmp_path: Path) -> None:
    path = write(case, tmp_path)
    tables = read_tables(path, case.name, Layout("text", **case.layout) if case.layout else None)
    table = tables[0]
    assert {name: cells_of(table, name) for name in case.cells} == case.cells
    assert sorted(note.code for note in table.notes) == sorted(case.codes)
    assert not case.lines or tuple(table.lines) == case.lines
    assert [name for name, t in zip(case.sheets, tables, strict=bool(case.sheets)) if not t.name.endswith(name)] == []
    assert all(dtype == TEXT for dtype in table.frame.dtypes)
    # What was detected says how the same file is read again.
    (again,) = [t for t in read_tables(path, case.name, table.layout) if t.name == table.name]
    assert again.layout == table.layout
    pd.testing.assert_frame_equal(again.frame, table.frame)


def cells_of(table: SourceTable, name: str) -> list[str | None]:
    return [None if cell is pd.NA else cell for cell in table.frame[name]]


def test_bytes_are_read_as_the_file_they_come_from(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TABLE)
    (here,), (there,) = read_tables(TABLE, "a.csv"), read_tables(path, "a.csv")
    pd.testing.assert_frame_equal(here.frame, there.frame)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TABLE)
    read_start = unpacking.read_start

    def read_and_write(path: Path, most: int) -> bytes:
        found = read_start(path, most)
        path.write_bytes(TABLE + b"P3,F,9\n")
        return found

    monkeypatch.setattr(unpacking, "read_start", read_and_write)
    with pytest.raises(CohortError, match="changed while it was read"):
        read_tables(path, "a.csv")


def test_a_file_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_BYTES", 20)
    with pytest.raises(CohortError, match="can be read here"):
        read_tables(TABLE, "a.csv")


def test_a_text_of_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembling, "MOST_CELLS", 5)
    with pytest.raises(CohortError, match="more than 5 cells"):
        read_tables(TABLE, "a.csv")


@pytest.mark.parametrize(
    ("name", "most", "says"),
    [
        ("SECONDS", 0.001, "could not be read in"),
        ("MOST_CELLS", 5, "million cells"),
        ("MOST_BYTES", 20, "more text than can be read"),
        ("MEMORY", 2**20, "takes more memory than it may"),
    ],
)
def test_a_workbook_over_a_limit_is_refused(
    name: str, most: float, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limited, name, most)
    with pytest.raises(CohortError, match=says):
        read_tables(WORKBOOK(tmp_path) or b"", "a.xlsx")


def test_reading_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembling, "BATCH", 30_000)
    told: list[float] = []
    records = "".join(f"P{i},F,{i}\n" for i in range(25_000))
    (table,) = read_tables(b"id,sex,wbc\n" + records.encode(), "a.csv", progress=told.append)
    assert len(table.frame) == 25_000
    assert len(told) == 3 and told == sorted(told) and told[-1] == 1.0 and 0.3 < told[0] < 0.7


@pytest.mark.parametrize(
    ("layout", "says"),
    [
        (Layout("text", encoding="no-such"), "no encoding no-such"),
        (Layout("text", encoding="hex"), "no encoding hex"),
        (Layout("text", encoding="utf-8"), "characters that are not utf-8"),
    ],
)
def test_a_wrong_encoding_is_refused(layout: Layout, says: str) -> None:
    with pytest.raises(CohortError, match=says):
        read_tables("id,größe\nä,ö\n".encode("cp1252"), "a.csv", layout)


def test_what_is_said_of_a_text_is_kept() -> None:
    content = b"a;b,c\n1;2,3\n4;5,6\n"
    assert detect_layout(content, "a.csv").separator == ";"
    said = detect_layout(content, "a.csv", {"separator": ",", "encoding": "cp1252"})
    assert (said.separator, said.encoding, said.header_row) == (",", "cp1252", 1)
    (table,) = read_tables(content, "a.csv", said)
    assert table.columns == ("a;b", "c")


def test_another_row_of_names_and_another_sheet_can_be_chosen(tmp_path: Path) -> None:
    content = WORKBOOK(tmp_path) or b""
    (table,) = read_tables(content, "a.xlsx", Layout("excel", sheet="Patients", header_row=2))
    assert table.columns == ("P1", "F", "12")
    with pytest.raises(CohortError, match=r"no sheet Controls.*Choose one of Patients"):
        read_tables(content, "a.xlsx", Layout("excel", sheet="Controls"))
    (text,) = read_tables(TABLE, "a.csv", Layout("text", header_row=0))
    assert text.columns == ("column 1", "column 2", "column 3") and len(text.frame) == 3


def test_a_message_shortens_what_the_file_says() -> None:
    with pytest.raises(CohortError) as error:
        read_tables(wide(3) + b"1,1,1,1\n", "<b>" + "x" * 500 + ".csv")
    assert max(map(len, str(error.value).splitlines())) < 400


CELL = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp", "Zs"), exclude_characters="\ufffd"),
    max_size=6,
).filter(lambda cell: cell == cell.strip())


@given(
    cells=st.lists(st.tuples(CELL, CELL, CELL), min_size=2, max_size=6),
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_is_written_is_read(
    cells: list[tuple[str, str, str]], separator: str, end: str, encoding: str, quoting: int
) -> None:
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(["one", "two", "three"])
    writer.writerows(cells)
    said = {"separator": separator, "encoding": encoding.removesuffix("-sig"), "header_row": 1, "comment": ""}
    layout = replace(
        detect_layout(b"", "a.csv", said),
        decimal=".",
        decimals=tuple((n, "") for n in ("one", "two", "three")),
        quote='"',
    )
    kept = [row for row in cells if any(row)]
    content = target.getvalue().encode(encoding)
    if not kept:
        with pytest.raises(CohortError, match="no children"):
            read_tables(content, "a.csv", layout)
        return
    (table,) = read_tables(content, "a.csv", layout)
    assert [tuple(None if c is pd.NA else c for c in row) for row in table.frame.itertuples(index=False)] == [
        tuple(cell or None for cell in row) for row in kept
    ]
