"""The README lists the pages that there are, with the questions that they answer."""

from __future__ import annotations

from tests.readme import README, TABLE, tabulate_pages


def test_the_table_of_pages_is_that_of_the_registered_analyses() -> None:
    (table,) = TABLE.findall(README.read_text(encoding="utf-8"))
    assert table == tabulate_pages(), "Run `make readme`, which writes the table anew."
