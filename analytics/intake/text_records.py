"""The records of a text, in whichever way it is written, and how to tell which."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from analytics.cohort.csv_text import MAX_LINE_BYTES, SEPARATOR_LINE, CsvError, explain
from analytics.formats import name_patients
from analytics.intake.encodings import detect_encoding
from analytics.intake.header import find_header, has_words_alone
from analytics.intake.layout import Layout

SEPARATORS = "\t;|,"  # where two split a text equally well, the one that is rarer in words
QUOTES = "\"'"
COMMENT = "#"
SAMPLE_BYTES = 1_000_000
N_SAMPLED = 200
MARK = "\ufeff"


class Lines:
    """The lines of a text without its marks, a line ``sep=`` and comments made blank, so that the others keep their number.

    ``told`` is the separator that the line ``sep=`` names, ``share`` how much has been read.
    """

    def __init__(self, content: bytes, layout: Layout) -> None:
        self._source = io.BytesIO(content)
        self._n_bytes = max(len(content), 1)
        self._layout = layout
        self._text: io.TextIOWrapper | None = None  # kept, for it closes the source when it goes
        self.n_comments = 0
        self.told = ""

    @property
    def share(self) -> float:
        """How much of the text has been read, 0 to 1."""
        return min(self._source.tell() / self._n_bytes, 1.0)

    def __iter__(self) -> Iterator[str]:
        layout = self._layout
        # A broken character is replaced: how many there are was looked at before.
        file = self._text = io.TextIOWrapper(self._source, layout.encoding, errors="replace", newline="")
        number, is_first, is_quoted = 0, True, False
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                what = f"a line of more than {MAX_LINE_BYTES:,} characters".replace(",", "\u202f")
                remedy = name_patients("Write one line for each {patient}, with the columns that are needed.")
                raise CsvError(what, number, remedy)
            if "\0" in line:
                raise CsvError("null bytes, as no text has", number, "Save it anew from the program it comes from.")
            if is_first:
                line = line.lstrip(MARK)
                if line.strip():
                    is_first = False
                    if told := SEPARATOR_LINE.fullmatch(line):
                        self.told, line = told[1], "\n"
            if layout.comment and not is_quoted and line.startswith(layout.comment):
                self.n_comments += 1
                line = "\n"
            if layout.quote and line.count(layout.quote) % 2:
                is_quoted = not is_quoted
            yield line


def read_records(lines: Lines, layout: Layout, *, is_strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """The records of a text that are not blank, each with the line in which it begins.

    Raises
    ------
    CsvError
        If the text cannot be split into cells from some line on.
    """
    how: dict[str, Any] = {"delimiter": layout.separator, "strict": is_strict, "skipinitialspace": True}
    how |= {"quotechar": layout.quote} if layout.quote else {"quoting": csv.QUOTE_NONE}
    reader = csv.reader(lines, **how)
    begins = 1
    try:
        for record in reader:
            if record and (record[0].strip() or any(map(str.strip, record))):
                yield begins, record
            begins = reader.line_num + 1
    except csv.Error as error:
        raise explain(error, begins) from error


def detect_text(start: bytes, name: str, said: Mapping[str, Any]) -> Layout:
    """How a text is written, told by its beginning; what is ``said`` is not looked for."""
    encoding = said.get("encoding") or detect_encoding(start)
    layout = replace(Layout("text", encoding=encoding, decimal=""), **said)
    sample = start[:SAMPLE_BYTES]
    if len(start) > SAMPLE_BYTES:
        sample = sample[: max(sample.rfind(b"\n"), sample.rfind(b"\r")) + 1] or sample
    told = Lines(sample, replace(layout, comment=""))
    above: list[str] = []
    with suppress(CsvError):  # as in `_sample`
        above.extend(islice(told, N_SAMPLED))
    if "separator" not in said:
        layout = replace(layout, separator=told.told or _find_separator(sample, layout, name))
    if "quote" not in said and layout.quote not in "".join(above):
        layout = replace(layout, quote=_find_quote("".join(above), layout))
    if "comment" not in said and _has_comments(above, layout):
        layout = replace(layout, comment=COMMENT)
    if "header_row" not in said:
        records = [record for _, record in _sample(sample, layout)]
        layout = replace(layout, header_row=find_header(records))
    return layout


def _sample(sample: bytes, layout: Layout) -> list[tuple[int, list[str]]]:
    """The first records of a text, up to the first that cannot be split."""
    found: list[tuple[int, list[str]]] = []
    with suppress(CsvError):  # it is told with its line when the file is read
        found.extend(islice(read_records(Lines(sample, layout), layout, is_strict=False), N_SAMPLED))
    return found


def _find_separator(sample: bytes, layout: Layout, name: str) -> str:
    """The separator that splits most records into the same number of cells, more than one."""
    best, best_score = "", (0.0, 0)
    for separator in SEPARATORS:
        records = [record for _, record in _sample(sample, replace(layout, separator=separator))]
        widths = Counter(map(len, records))
        several = [(n / len(records), width) for width, n in widths.items() if width > 1]
        score = max(several, default=(0.0, 0))
        if score[0] > best_score[0] or (score[0] == best_score[0] and score[1] > best_score[1]):
            best, best_score = separator, score
    return best or ("\t" if name.lower().endswith((".tsv", ".tab")) else ",")


def _find_quote(text: str, layout: Layout) -> str:
    """The sign between which cells stand, where it is not the usual one."""
    between = re.escape(layout.separator)
    n_cells = len(re.findall(rf"(?:^|{between})\s*'[^'\r\n]*'\s*(?={between}|$)", text, re.MULTILINE))
    return "'" if n_cells > 1 and 2 * n_cells >= text.count("'") - 1 else layout.quote


def _has_comments(lines: list[str], layout: Layout) -> bool:
    """Whether a text begins with comments, and not with a header that begins with their sign."""
    filled = [line for line in lines if line.strip()]
    n = next((i for i, line in enumerate(filled) if not line.startswith(COMMENT)), 0)
    if not n:
        return False
    last, below = (filled[i].split(layout.separator) for i in (n - 1, n))
    is_header = len(last) == len(below) > 1 and not has_words_alone(below)
    return not is_header
