"""CSV as spreadsheets and registries write it: whatever the dialect, the same patients, or the true reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.cohort import Cohort, csv_text, open_cohort
from analytics.cohort.csv_text import CsvError, Layout, Records, look_through, read_header
from analytics.cohort.problems import CohortError

ROWS = [
    ["patient_id", "os\ndays", "os_event", "sex", "remark"],
    ["K1", "400", "1", "male", 'says "no", twice'],
    ["K2", "500", "0", "female", "two\nlines"],
    ["K3", "600", "1", "", "; | \t,"],
]
PLAIN_ROWS = [[cell.replace("\n", " ") for cell in row] for row in ROWS]


def written(rows: list[list[str]], separator: str = ",", ends: str | list[str] = "\r\n") -> str:
    """The rows as a spreadsheet writes them, each line with its own end."""
    ends = [ends] * len(rows) if isinstance(ends, str) else ends
    return "".join(separator.join(map(quoted, row)) + end for row, end in zip(rows, ends, strict=True))


def quoted(cell: str) -> str:
    return '"{}"'.format(cell.replace('"', '""')) if set(cell) & set('",;\t|\r\n') else cell


def opened(content: str | bytes, path: Path) -> Cohort:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_cohort(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The version of these patients' data, from the plainest file."""
    path = tmp_path_factory.mktemp("plain") / "plain.csv"
    return opened("patient_id,os_days,os_event,sex\nK1,400,1,male\nK2,500,0,female\nK3,600,1,\n", path).data_version


BREAKS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}
FILES: dict[str, str | bytes] = {
    **{f"{name}, header over two lines": written(ROWS, ends=end) for name, end in BREAKS.items()},
    **{f"{name}, one line each": written(PLAIN_ROWS, ends=end) for name, end in BREAKS.items()},
    "a header over two lines that end like the records": written(ROWS).replace("os\nd", "os\r\nd"),
    "a byte-order mark": b"\xef\xbb\xbf" + written(ROWS).encode(),
    "one LF among CRLF": written(ROWS, ends=["\r\n", "\r\n", "\r\n", "\n"]),
    "one CRLF among LF": written(PLAIN_ROWS, ends=["\n", "\n", "\r\n", "\n"]),
    "one CR among LF": written(PLAIN_ROWS, ends=["\n", "\r", "\n", "\n"]),
    "all three": written(PLAIN_ROWS, ends=["\r", "\n", "\r\n", "\n"]),
    "semicolons": written(ROWS, ";"),
    "tabs": written(ROWS, "\t"),
    "bars": written(ROWS, "|"),
    "sep=;": "sep=;\r\n" + written(ROWS, ";"),
    "sep=, and a mark": "\ufeffsep=,\r\n" + written(ROWS),
    '"SEP=|"': '"SEP=|"\n' + written(ROWS, "|", "\n"),
    "commas quoted in a header between semicolons": written(
        [[*row, cell] for row, cell in zip(ROWS, ["a, b, c, d, e, f", "", "", ""], strict=True)], ";"
    ),
    "blank lines at the end": written(PLAIN_ROWS) + "\r\n\r\n",
    "blank lines at the end of a header over two lines": written(ROWS) + "\r\n\r\n",
    "lines of separators at the end": written(PLAIN_ROWS) + ",,,,\r\n,,,,\r\n",
    "lines of separators, a header over two lines": written(ROWS) + ",,,,\r\n,,,,\r\n",
    "blank lines at the start": "\r\n  \r\n" + written(ROWS),
    "no end of the last line": written(ROWS).rstrip(),
    "everything in quotation marks": written(ROWS).replace("K2", '"K2"').replace("500", '"500"'),
    "blanks around what is quoted": written(PLAIN_ROWS).replace("K2,500", '"K2", "500"'),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_every_dialect_gives_the_same_patients(content: str | bytes, path: Path, truth: str) -> None:
    cohort = opened(content, path)
    assert cohort.n == 3
    assert cohort.data_version == truth


def test_a_line_break_in_a_header_is_a_blank(path: Path) -> None:
    assert [note.text for note in opened(written([row[:4] for row in ROWS]), path).notes] == [
        "The column 'os days' was read as os_days."
    ]


GOOD = written(ROWS)
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "a byte-order mark alone": (b"\xef\xbb\xbf", "file.csv is empty: it has no columns"),
    "a mark and blank lines": (b"\xef\xbb\xbf\r\n \r\n", "file.csv is empty: it has no columns"),
    "a header over two lines alone": (written(ROWS[:1]), "file.csv has a header but no children"),
    "a header and blank lines": (written(PLAIN_ROWS[:1]) + "\r\n\r\n", "file.csv has a header but no children"),
    "sep= alone": ("sep=;\r\n", "file.csv is empty: it has no columns"),
    "a zero byte far from the start": (GOOD + "K4,1,1,male,\r\n" * 200_000 + "K\0,1,1,male,\r\n", "is no text file"),
    "UTF-16": (GOOD.encode("utf-16"), "file.csv is a text file in UTF-16"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "file.csv is no text file"),
    "Latin-1 in the header": (GOOD.replace("remark", "rémark").encode("latin-1"), "characters that are not UTF-8"),
    "Latin-1 in a record": (GOOD.replace("twice", "twîce").encode("latin-1"), "characters that are not UTF-8"),
    "few values": (GOOD + "K4,1\r\n", "1 line has fewer values than the header's 5 columns"),
    "many values": (GOOD + "K4,1,1,male,,,\r\n", "1 line has more values than the header's 5 columns"),
    "an open mark in the header": (
        'patient_id,"os_days,os_event\r\nK1,1,1\r\n',
        "a quotation mark that is never closed",
    ),
    "an open mark in a record": (GOOD + 'K4,1,1,male,"x\r\n', "a quotation mark that is never closed"),
    "a mark inside a cell": (GOOD + 'K4,1,1,male,"x"y\r\n', "a quotation mark in the middle of a cell"),
    "a line without end": (GOOD + "x" * 2_100_000, "a line of more than 2\u202f000\u202f000 bytes"),
    "a header of commas": ("," * 20_000_000, "a line of more than 2\u202f000\u202f000 bytes"),
    "a header of many columns": ("patient_id" + ",x" * 20_000 + "\n", "a header of 20\u202f001 columns"),
    "a long cell": (GOOD + 'K4,1,1,male,"' + "x\n" * 100_000 + '"\r\n', "a cell of more than 131\u202f072 characters"),
}


@pytest.mark.parametrize(("content", "what"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_for_its_true_reason(content: str | bytes, what: str, path: Path) -> None:
    with pytest.raises(CohortError) as error:
        opened(content, path)
    assert what.replace("\u202f", " ") in str(error.value), str(error.value)
    assert "Error" not in str(error.value)


@pytest.mark.parametrize(("text", "line"), [("K4,1\r\n", 7), ('K4,1,1,male,"x\r\n', 7), ("K4,1,1,male,\r\nK5\r\n", 8)])
def test_broken_lines_of_a_header_over_two_lines_are_counted_as_an_editor_does(
    text: str, line: int, path: Path
) -> None:
    with pytest.raises(CohortError, match=rf"\(line {line} of file\.csv\)"):
        opened(GOOD + text, path)


ENDS = st.sampled_from(["\n", "\r", "\r\n"])
TEXTS = st.text(st.sampled_from('ab ",;\n\r\té1'), max_size=6)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(TEXTS, TEXTS, ENDS), min_size=1, max_size=6), st.sampled_from(",;\t"), st.booleans())
def test_records_are_those_of_the_standard_reader(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], separator: str, has_mark: bool
) -> None:
    path = tmp_path_factory.mktemp("drawn") / "file.csv"
    cells = [["first", "second"], *([f"x{a}", b.lstrip(" ")] for a, b, _ in rows)]
    content = written(cells, separator, ["\n", *(end for _, _, end in rows)])
    path.write_bytes((b"\xef\xbb\xbf" if has_mark else b"") + content.encode())
    header = read_header(path.read_bytes())
    assert header.names == ("first", "second")
    assert header.separator == separator
    found = [list(record) for batch in Records(path, header).batches() for record in batch]
    assert found == cells[1:]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.text(st.sampled_from("ab,"), max_size=5), ENDS), max_size=8), st.integers(1, 7))
def test_line_ends_are_seen_across_the_pieces_that_are_read(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str]], piece: int
) -> None:
    path = tmp_path_factory.mktemp("drawn") / "file.csv"
    content = "".join(text + end for text, end in lines)
    path.write_bytes(content.encode())
    left = content.replace("\r\n", "*")
    kinds = {mark for mark in "*\r\n" if mark in left}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_text, "PIECE_BYTES", piece)
        assert look_through(path) == Layout(has_nul=False, is_uniform=len(kinds) <= 1)


def test_a_long_line_is_found_wherever_the_pieces_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "MAX_LINE_BYTES", 20)
    monkeypatch.setattr(csv_text, "PIECE_BYTES", 8)
    path.write_bytes(b"a\n" * 30 + b"b" * 20 + b"\n")
    assert look_through(path).is_uniform
    path.write_bytes(b"a\n" * 30 + b"b" * 21 + b"\nc\n")
    with pytest.raises(CsvError) as error:
        look_through(path)
    assert error.value.line == 31


def test_batches_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "BATCH_CELLS", 10)
    path.write_text("a,b\n" + "1,2\n" * 23)
    sizes = [len(batch) for batch in Records(path, read_header(b"a,b\n")).batches()]
    assert sizes == [5, 5, 5, 5, 3]
