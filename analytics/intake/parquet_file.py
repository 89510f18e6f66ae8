"""A Parquet file as a table of texts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.cohort.csv_text import MAX_COLUMNS
from analytics.cohort.problems import CohortError, Problem
from analytics.formats import shorten
from analytics.intake.assembling import no_records, to_cells, to_table
from analytics.intake.layout import Layout
from analytics.intake.limited import read_limited
from analytics.intake.tables import SourceTable


def read_parquet(
    content: bytes, name: str, layout: Layout | None, tell: Callable[[float], None] | None = None
) -> tuple[SourceTable, ...]:
    """The table of a Parquet file, its cells as text.

    Raises
    ------
    CohortError
        If it cannot be read, has cells that are no values, or no rows.
    """
    table = pa.ipc.open_stream(read_limited("parquet", content, name, tell=tell)).read_all()
    if table.num_columns > MAX_COLUMNS:
        what = f"{shorten(name)} has {table.num_columns} columns; at most {MAX_COLUMNS} can be read"
        raise CohortError([Problem(what, "", "Keep the columns that are needed.")])
    if not table.num_rows or not table.num_columns:
        raise CohortError([no_records(name)])
    columns = [pa.chunked_array(map(to_cells, map(_to_text, column.chunks)), pa.string()) for column in table.columns]
    lines = np.arange(1, table.num_rows + 1, dtype=np.int64)
    # Its numbers are numbers: only a text may hide a comma.
    layout = layout or Layout("parquet", decimal="")
    return (to_table(name, layout, table.column_names, columns, lines),)


def _to_text(cells: pa.Array) -> pa.Array:
    """Values as they would be written: whole numbers without ".0", days without a time."""
    kind = cells.type
    if pa.types.is_dictionary(kind):
        return _to_text(cells.dictionary_decode())
    if pa.types.is_floating(kind):
        texts = pa.array([None if v is None or v != v else format(v, ".15g") for v in cells.to_pylist()], pa.string())
        return texts
    if pa.types.is_boolean(kind):
        return pc.utf8_upper(cells.cast(pa.string()))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([None if v is None else v.decode("utf-8", "replace") for v in cells.to_pylist()], pa.string())
    if pa.types.is_duration(kind):
        return pa.array([None if v is None else str(v) for v in cells.to_pylist()], pa.string())
    texts = cells.cast(pa.string())
    if pa.types.is_timestamp(kind):
        texts = pc.replace_substring_regex(texts, r"\.0+(Z?)$", r"\1")
        texts = pc.replace_substring_regex(texts, r" 00:00:00Z?$", "")
    return texts
