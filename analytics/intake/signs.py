"""The decimal signs of a table: told for every column, said in notes, and made points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from analytics.intake.layout import Layout
from analytics.intake.numerals import Signs, read_signs, to_point
from analytics.intake.tables import list_names
from analytics.results import Note
from analytics.results.core import Severity

PIECE = 100_000
_WITH_SIGN = r"\d[,.\x{a0}\x{202f}'’]\d"


def write_points(columns: dict[str, pa.ChunkedArray], layout: Layout) -> tuple[Layout, list[Note]]:
    """Write numbers with a point in every column of which the decimal sign is said or can be told.

    Returns
    -------
    tuple
        The layout with the signs, which says of the same file what was told here, and notes.
    """
    is_text = layout.kind == "text"
    signs: dict[str, Signs] = {}
    distinct: dict[str, pa.Array] = {}
    for name, column in columns.items():
        cells = pc.drop_null(pc.unique(column))
        if pc.any(pc.match_substring_regex(cells, _WITH_SIGN)).as_py():
            found = read_signs(text for piece in _slice(cells) for text in piece.to_pylist())
            if found:
                signs[name], distinct[name] = found, cells
    told = [s.sign for s in signs.values() if s.sign]
    # A number of a workbook has a point in any language: it tells nothing of "1,234" in a text.
    among = sorted(set(told) if is_text else set(told) - {"."})
    said = dict(layout.decimals)
    chosen = {name: said.get(name, layout.decimal or s.choose(among)) for name, s in signs.items()}
    changed = []
    for name, sign in chosen.items():
        new = pa.chunked_array([_write(piece, sign, keeps_points=not is_text) for piece in _slice(distinct[name])])
        if not new.equals(pa.chunked_array([distinct[name]])):
            changed.append(name)
            columns[name] = pc.take(new.combine_chunks(), pc.index_in(columns[name], value_set=distinct[name]))
    file = layout.decimal or ("," if told.count(",") > told.count(".") else ".")
    decimals = tuple((name, sign) for name, sign in chosen.items() if sign != file)
    return replace(layout, decimal=file, decimals=decimals), _note_signs(chosen, signs, changed)


def _slice(cells: pa.Array) -> Iterator[pa.Array]:
    """A column in pieces: a million texts at once would be large outside of it."""
    for start in range(0, len(cells), PIECE):
        yield cells.slice(start, PIECE)


def _write(cells: pa.Array, sign: str, *, keeps_points: bool) -> pa.Array:
    return pa.array([to_point(text, sign, keeps_points=keeps_points) for text in cells.to_pylist()], pa.string())


def _note_signs(chosen: dict[str, str], signs: dict[str, Signs], changed: Sequence[str]) -> list[Note]:
    """What was made of commas and points, the doubtful last."""
    kinds: dict[str, list[str]] = {"decimal-comma": [], "thousands": [], "decimal-by-others": [], "decimal-open": []}
    for name, sign in chosen.items():
        found = signs[name]
        if not sign:
            kinds["decimal-open"].append(name)
        elif name in changed and not found.sign and (found.open_comma or found.open_point):
            kinds["decimal-by-others"].append(name)
        elif name in changed:
            kinds["decimal-comma" if sign == "," else "thousands"].append(name)
    texts: dict[str, tuple[Severity, str, str]] = {
        "decimal-comma": ("info", "A comma is the decimal sign in {}; it is a point here.", ""),
        "thousands": ("info", "Signs between thousands are left out in {}.", ""),
        "decimal-by-others": (
            "caution",
            "A comma in {} can be a decimal sign or stand between thousands; it is read as in the other columns.",
            "Look at the first rows, and choose the decimal sign if it is wrong.",
        ),
        "decimal-open": (
            "caution",
            "A number such as 1,234 in {} can be 1.234 or 1234; its cells stay as they are.",
            "Choose the decimal sign.",
        ),
    }
    return [
        Note(code, severity, text.format(list_names(kinds[code])), remedy)
        for code, (severity, text, remedy) in texts.items()
        if kinds[code]
    ]
