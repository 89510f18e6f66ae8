"""Media: which files each makes of the tables of a page."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analytics.exports.csv_file import to_csv
from analytics.exports.media import MEDIA
from analytics.exports.medium import Frames, Medium
from analytics.provenance import Provenance

PROVENANCE = Provenance("t", "c", "s", "m", "v", False, date(2026, 1, 31))
TABLES = {"estimates": pd.DataFrame({"n": [12]}), "curves": pd.DataFrame({"n": [34]})}


def count_tables(frames: Frames, provenance: Provenance) -> bytes:
    return f"{provenance.title}: {len(frames)}".encode()


def test_a_medium_makes_a_file_of_each_table_or_one_of_all() -> None:
    each = Medium("Each", "one", "text/plain", count_tables)
    whole = Medium("Whole", "all", "text/plain", count_tables, one_table=False)
    assert list(each.list_files(tuple(TABLES))) == [("estimates", ("estimates",)), ("curves", ("curves",))]
    assert list(whole.list_files(tuple(TABLES))) == [("tables", ("estimates", "curves"))]
    assert not list(each.list_files(())) and not list(whole.list_files(()))


def test_no_two_media_share_a_name_or_an_ending() -> None:
    assert len({m.name for m in MEDIA}) == len({m.ending for m in MEDIA}) == len(MEDIA)


@pytest.mark.parametrize("medium", MEDIA, ids=lambda medium: medium.name)
def test_every_medium_writes_its_files(medium: Medium) -> None:
    for _, tables in medium.list_files(tuple(TABLES)):
        assert medium.write({name: TABLES[name] for name in tables}, PROVENANCE)


def test_csv_writes_the_table_that_it_is_given() -> None:
    csv = next(m for m in MEDIA if m.ending == "csv")
    for name, table in TABLES.items():
        assert csv.write({name: table}, PROVENANCE) == to_csv(table, PROVENANCE)
