"""A second disease: the Stanford heart transplants that lifelines ships, read as a user's file, with their own dictionary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

import pandas as pd
from lifelines.datasets import load_stanford_heart_transplants

from analytics.cohort import Cohort
from analytics.dictionary import load_dictionary
from analytics.document import HtmlFigure
from analytics.intake.exports import Export, recognise_export
from analytics.intake.importing import Imported, import_patients, open_imported
from analytics.intake.reading import read_tables
from tests.analyses.shown import Part, Shown

# Words of the product's own disease that nothing about another one may hold.
OWN_WORDS = re.compile(
    r"leuk|child|relaps|remission|marrow|\bHSCT|CAR-T|\bMRD\b|chemotherapy|salvage|immunophenotype|induction|girls|boys|"
    r"diagnos|blasts?\b|donor|extramedullary|white cell|(?<!%)\{[a-z_]+\}",
    re.IGNORECASE,
)
CODES = re.compile(r'"(?:uid|customdata|meta)":\s*"[^"]*"|(?:class|id|data-[a-z-]+|href)="[^"]*"')


@cache
def heart_rows() -> pd.DataFrame:
    """The rows of start and stop as lifelines has them."""
    return load_stanford_heart_transplants()


@cache
def imported_heart() -> tuple[Export, Imported]:
    """The export that the file is recognised as, and its patients."""
    tables = read_tables(heart_rows().to_csv(index=False).encode(), "stanford_heart.csv")
    export = recognise_export(tables)
    assert export is not None
    return export, import_patients(tables, export.mapping, load_dictionary())


@cache
def heart_cohort() -> Cohort:
    """The patients, opened."""
    export, imported = imported_heart()
    return open_imported(imported, export.mapping, "Stanford heart transplants")


def list_texts(shown: Shown) -> Iterator[str]:
    """Every text of a document: of its figures, checks, plans, slow parts, tests and files, too."""
    yield from shown.texts()
    yield from _figure_texts(shown.figure)
    for picture in shown.pictures:
        yield from (picture.title, picture.alt_text, picture.caption, *_figure_texts(picture.figure))
    for opened, part in ((shown.checks, shown.document.checks), (shown.planning, shown.document.planning)):
        if opened is not None and part is not None:
            yield from (part.title, part.about)
            for shown_part in opened.parts:
                yield from _part_texts(shown_part)
    for slow in shown.slow:
        yield from (slow.part.title, slow.part.about, slow.button, slow.refusal)
        yield from _part_texts(slow.before)
    yield from (test.name for test in shown.tests)
    for frame in shown.files.values():
        words = frame.select_dtypes(exclude="number")
        yield from (*map(str, frame.columns), *(str(cell) for name in words for cell in words[name].unique()))


def _part_texts(part: Part) -> Iterator[str]:
    yield from part.sentences
    yield from (text for note in part.notes for text in (note.text, note.remedy))
    for picture in part.pictures:
        yield from (picture.title, picture.alt_text, picture.caption, *_figure_texts(picture.figure))
    for table in part.tables:
        yield from (table.title, table.caption, *table.columns, *table.help)
        yield from (cell for row in table.rows for cell in row)


def _figure_texts(figure: object) -> Iterator[str]:
    yield figure.svg("", "") if isinstance(figure, HtmlFigure) else figure.to_json()  # type: ignore[attr-defined]


def own_words(texts: Iterable[str]) -> list[str]:
    """The places of texts that hold a word of the product's own disease."""
    found = []
    for text in texts:
        clean = CODES.sub("", text)
        found += [clean[max(0, m.start() - 60) : m.end() + 60] for m in OWN_WORDS.finditer(clean)]
    return found
