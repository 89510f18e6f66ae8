"""CSV as spreadsheets write it: a header over several lines, any line ends, a byte-order mark, a line ``sep=;``.

Nothing is read whole: a file is looked through in pieces, and its records come in batches. Whatever is in it, time grows
with its size alone, and memory with the limits below.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from analytics.dictionary import load_words

BOM = b"\xef\xbb\xbf"
SEPARATORS = ",;\t|"
MAX_COLUMNS = 10_000
MAX_LINE_BYTES = 2_000_000
PIECE_BYTES = 1 << 20
BATCH_CELLS = 1_000_000
N_LINES_NAMED = 5

SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n])"?\s*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*(?:"|$)')
_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+")


class CsvError(ValueError):
    """A text that cannot be split into cells: the message says why, ``line`` where, ``remedy`` what to do."""

    def __init__(self, what: str, line: int | None, remedy: str) -> None:
        super().__init__(what)
        self.line = line
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, the ``separator`` between them, and where the records begin.

    ``is_plain`` is True where the header is the first line of the file and the only part of that line.
    """

    names: tuple[str, ...]
    separator: str
    is_plain: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """What a look through the bytes of a file has found: are all lines ended alike, and is it text at all?"""

    has_nul: bool
    is_uniform: bool


def read_header(start: bytes) -> Header:
    """The header of a file from its first `MAX_LINE_BYTES` bytes or more.

    White space within a name is folded to single blanks: a line break in a cell of the header is one.

    Raises
    ------
    CsvError
        If the header is no text, has an open quotation mark, or more columns than can be read. No header at all gives
        no names.
    """
    # What is cut off in the middle of a character lies behind the header, or the header is too long anyway.
    text = start.removeprefix(BOM).decode("utf-8", errors="surrogateescape")
    rest = _without_blank_lines(text)
    separator = ""
    if told := SEPARATOR_LINE.match(rest):
        separator, rest = told[1], _without_blank_lines(rest[told.end() :])
    bare = re.split(r"[\r\n]", _QUOTED.sub("", rest), maxsplit=1)[0]
    separator = separator or max(SEPARATORS, key=bare.count)
    reader = csv.reader(io.StringIO(rest, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    try:
        names = next(reader, [])
    except csv.Error as error:
        raise explain(error, 1) from error
    if len(names) > MAX_COLUMNS:
        raise CsvError(
            f"a header of {len(names):,} columns; at most {MAX_COLUMNS:,} can be read".replace(",", "\u202f"),
            1,
            "Keep the columns that the dictionary describes.",
        )
    if any("\ud800" <= character <= "\udfff" for name in names for character in name):
        raise CsvError("characters that are not UTF-8", 1, AS_UTF8)
    is_plain = len(rest) == len(text) and reader.line_num == 1
    return Header(tuple(" ".join(name.split()) for name in names), separator, is_plain)


def look_through(path: Path) -> Layout:
    """The line ends of a whole file, read in pieces.

    Raises
    ------
    CsvError
        If a line is longer than `MAX_LINE_BYTES`: what is no table would otherwise be taken into memory whole.
    """
    n_cr = n_lf = n_crlf = 0
    since, line, before = 0, 1, 0
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            if b"\0" in piece:
                return Layout(has_nul=True, is_uniform=False)
            lf, cr = piece.count(b"\n"), 0
            if b"\r" in piece:
                data = np.frombuffer(piece, dtype=np.uint8)
                is_cr, is_lf = data == 13, data == 10
                cr = int(np.count_nonzero(is_cr))
                n_crlf += int(np.count_nonzero(is_cr[:-1] & is_lf[1:]))
            n_crlf += before == 13 and piece[0] == 10
            n_lf, n_cr, before = n_lf + lf, n_cr + cr, piece[-1]
            first = min((i for i in (piece.find(b"\n"), piece.find(b"\r")) if i >= 0), default=len(piece))
            if since + first > MAX_LINE_BYTES:
                raise CsvError(
                    f"a line of more than {MAX_LINE_BYTES:,} bytes".replace(",", "\u202f"),
                    line,
                    f"Write one line per {load_words().noun}, with the columns that the dictionary describes.",
                )
            last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
            since = since + len(piece) if last < 0 else len(piece) - 1 - last
            line += max(lf, cr)
    kinds = (n_crlf, n_lf - n_crlf, n_cr - n_crlf)
    return Layout(has_nul=False, is_uniform=sum(n > 0 for n in kinds) <= 1)


def _without_blank_lines(text: str) -> str:
    """The text from its first line on that is not blank."""
    blank = _BLANK_LINES.match(text)
    return text[blank.end() :] if blank else text


@dataclass(slots=True)
class Records:
    """The records below the header, in batches; what could not be split is counted in ``few``, ``many`` by line."""

    path: Path
    header: Header
    few: list[int] = field(default_factory=list)
    many: list[int] = field(default_factory=list)
    n_few: int = 0
    n_many: int = 0

    def batches(self) -> Iterator[Sequence[Sequence[str]]]:
        """Batches of records, each with a text per column; records in which every cell is empty are passed over.

        Raises
        ------
        CsvError
            If the text cannot be split into cells from some line on.
        """
        n_columns = len(self.header.names)
        size = max(BATCH_CELLS // max(n_columns, 1), 1)
        batch: list[Sequence[str]] = []
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            lines = self._below_separator_line(file)
            reader = csv.reader(lines, delimiter=self.header.separator, strict=True, skipinitialspace=True)
            seen, is_header = 0, True
            try:
                for record in reader:
                    begins, seen = seen + 1, reader.line_num
                    if not any(record) or (len(record) == 1 < n_columns and not record[0].strip()):
                        continue
                    if is_header:
                        is_header = False
                    elif len(record) == n_columns:
                        batch.append(record)
                        if len(batch) >= size:
                            yield batch
                            batch = []
                    else:
                        self._note(begins, is_few=len(record) < n_columns)
            except csv.Error as error:
                raise explain(error, seen + 1) from error
            except UnicodeDecodeError as error:
                raise CsvError("characters that are not UTF-8", seen + 1, AS_UTF8) from error
        if batch:
            yield batch

    def _below_separator_line(self, file: Iterator[str]) -> Iterator[str]:
        """The lines of a file, its line ``sep=;`` blank, so that those after it keep their number."""
        is_first = True
        for line in file:
            if is_first and line.strip():
                is_first = False
                if SEPARATOR_LINE.fullmatch(line):
                    line = "\n"
            yield line

    def _note(self, line: int, *, is_few: bool) -> None:
        lines = self.few if is_few else self.many
        if len(lines) < N_LINES_NAMED:
            lines.append(line)
        if is_few:
            self.n_few += 1
        else:
            self.n_many += 1


AS_UTF8 = 'Save the file as "CSV UTF-8 (comma delimited)" in the program it comes from.'


def explain(error: csv.Error, line: int) -> CsvError:
    """What the reader of the standard library means by an error in a record that begins in that line."""
    said = str(error)
    if "field limit" in said:
        what = f"a cell of more than {csv.field_size_limit():,} characters".replace(",", "\u202f")
        return CsvError(what, line, "Shorten the cell, or close the quotation mark with which it begins.")
    if "expected after" in said:
        return CsvError(
            "a quotation mark in the middle of a cell", line, "Double quotation marks inside a cell, or delete them."
        )
    return CsvError("a quotation mark that is never closed", line, "Close the quotation mark, or delete it.")
