"""Run as a program of its own: reads a workbook or Parquet file from its input, within limits, and writes what is in it.

It imports nothing of this project. What a library cannot digest ends this process alone. It writes lines of JSON for a
workbook, an Arrow stream for a Parquet file; with return code 3, a word for why it gave up.
"""

from __future__ import annotations

import datetime
import io
import json
import re
import sys
import zipfile
from typing import Any

GAVE_UP = 3


def limit_memory(n_bytes: int) -> None:
    """Let this process have so much memory and leave no image of it behind; where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def give_up(why: str) -> None:
    """End with a word for the reason, and whatever else stands behind a colon."""
    sys.stdout.flush()
    sys.stderr.write(f"\n{why}\n")
    sys.stderr.flush()
    sys.exit(GAVE_UP)


def to_text(value: Any) -> str | None:
    """A cell as it is shown: whole numbers without ".0", dates as ISO."""
    if value == "" or value is None:
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    if isinstance(value, datetime.datetime):
        is_day = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return value.date().isoformat() if is_day else value.isoformat(" ", "seconds")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def count_in_sheets(content: bytes) -> dict[str, int]:
    """How many cells of a workbook hold an error, and how many formulas no result; calamine calls both empty."""
    found = {"errors": 0, "formulas": 0}
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return found
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                text = archive.read(name)
                found["errors"] += len(re.findall(rb'<c\b[^>]*\bt="e"', text))
                found["formulas"] += len(re.findall(rb"(?:</f>|<f[^<>]*/>)\s*(?:<v\s*/>|<v>\s*</v>|</c>)", text))
                del text
    return found


def write_workbook(content: bytes, wanted: str, most_cells: int, most_bytes: int) -> None:
    """Every sheet, or the one that is wanted, as lines of JSON."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [s for s in book.sheets_metadata if s.typ == calamine.SheetTypeEnum.WorkSheet]
        print(json.dumps({"sheets": [s.name for s in sheets]} | count_in_sheets(content)))
        written = n_cells = 0
        for sheet in sheets:
            if wanted and sheet.name != wanted:
                continue
            sys.stderr.write(f"sheet {json.dumps(sheet.name)}\n")
            sys.stderr.flush()
            cells = book.get_sheet_by_name(sheet.name)
            n_cells += cells.height * cells.width
            if n_cells > most_cells:
                give_up("cells")
            left = cells.start[1] if cells.start else 0
            head = {
                "sheet": sheet.name,
                "hidden": sheet.visible != calamine.SheetVisibleEnum.Visible,
                "merged": cells.merged_cell_ranges or [],
            }
            print(json.dumps(head))
            for number, row in enumerate(cells.iter_rows(), start=1):
                texts = [to_text(value) for value in row]
                while texts and texts[-1] is None:
                    texts.pop()
                if texts:
                    line = json.dumps([number, [None] * left + texts], ensure_ascii=False)
                    written += len(line)
                    if written > most_bytes:
                        give_up("text")
                    print(line)
        print(json.dumps({"end": True}))
    except calamine.PasswordError:
        give_up("password")
    except (calamine.CalamineError, zipfile.BadZipFile, ValueError, OSError) as error:
        give_up(f"broken: {error}")


def write_parquet(content: bytes, most_cells: int, most_bytes: int) -> None:
    """The columns of a Parquet file as an Arrow stream, batch by batch."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        if file.metadata.num_rows * max(len(file.schema_arrow.names), 1) > most_cells:
            give_up("cells")
        nested = [f.name for f in file.schema_arrow if pa.types.is_nested(f.type)]
        if nested:
            give_up(f"nested: {nested[0]}")
        written = 0
        with pa.ipc.new_stream(sys.stdout.buffer, file.schema_arrow) as stream:
            for batch in file.iter_batches(batch_size=10_000, use_threads=False):
                written += batch.nbytes
                if written > most_bytes:
                    give_up("text")
                stream.write_batch(batch)
    except (pa.ArrowException, OSError, ValueError) as error:
        give_up(f"broken: {error}")


def main() -> None:
    """Read what is on the input in the way that the first argument says."""
    kind, memory, most_cells, most_bytes, wanted = sys.argv[1:]
    content = sys.stdin.buffer.read()
    limit_memory(int(memory))
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        if kind == "excel":
            write_workbook(content, wanted, int(most_cells), int(most_bytes))
        else:
            write_parquet(content, int(most_cells), int(most_bytes))
    except MemoryError:
        give_up("memory")


if __name__ == "__main__":
    main()
