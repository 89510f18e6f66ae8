"""Reports: what is read back from them is what the views say, and text is text, whatever stands in it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from analytics.analyses import load_analyses
from analytics.cohort import protect_cohort
from analytics.cohort.filters import CohortFilter
from analytics.document import Lazy, Shown
from analytics.exports.docx_file import write_docx
from analytics.exports.exhibit import Exhibit, Extra, no_progress
from analytics.exports.html_file import write_html
from analytics.exports.report import list_chapter
from analytics.reporting.checklists import BY_AUTHORS
from analytics.reporting.tables import Table
from analytics.reporting.wording import say_no_advice
from analytics.results import Note
from tests.analyses.shown import REFERENCE, analysis_of, cohort_of, show, show_with

HOSTILE = '</title><script>alert(1)</script><img src=x onerror="alert(2)"> & "quoted" \ud800'


def exhibit_of(analysis: Any, comment: str = "") -> Exhibit:
    document = show_with(analysis, policy=True).document
    return Exhibit(document, document.provenance(), f"http://localhost/{document.slug}?data=a&sex=girls", comment)


SLUGS = [analysis.slug for analysis in load_analyses()]


@cache
def exhibits() -> tuple[Exhibit, ...]:
    """A view of every analysis."""
    return tuple(exhibit_of(analysis, "For the board") for analysis in load_analyses())


class Reader(HTMLParser):
    """The elements and the words of a page."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return squeeze("".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def words_of(document: Any) -> str:
    """All that a document of Word says, its tables and links included."""
    texts = [paragraph.text for paragraph in document.paragraphs]
    texts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return squeeze("\n".join(texts))


def squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u2060", ""))


@pytest.fixture(scope="module")
def report() -> Reader:
    return Reader(write_html(exhibits(), no_progress))


@pytest.fixture(scope="module")
def book() -> Any:
    return docx.Document(BytesIO(write_docx(exhibits(), no_progress)))


@pytest.fixture(scope="module")
def words_of_book(book: Any) -> str:
    return words_of(book)


@pytest.mark.parametrize("slug", SLUGS)
def test_all_that_a_view_says_is_read_back(slug: str, report: Reader, words_of_book: str) -> None:
    exhibit = exhibits()[SLUGS.index(slug)]
    document = exhibit.document
    said = [document.title, document.question, document.sentence(), " ".join(document.answer()), *document.sentences()]
    said += [text for note in document.notes() for text in (note.text, note.remedy)]
    said += [text for headline in document.headlines() for text in (headline.label, headline.value)]
    said += [cell for table in document.tables() for row in (table.columns, *table.rows) for cell in row]
    said += [text for picture in (document.main(), *document.pictures()) for text in (picture.caption,)]
    said += exhibit.provenance.lines()[:-1]
    for text in said:
        assert squeeze(text) in report.text, text
        assert squeeze(text).strip() in words_of_book, text
    spoken = {attributes["aria-label"] for attributes in report.all("figure")}
    assert {picture.alt_text for picture in (document.main(), *document.pictures())} <= spoken


def test_it_is_built_so_that_all_can_read_it(report: Reader) -> None:
    levels = [int(tag[1]) for tag, _ in report.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    n_tables = len(report.all("table"))
    assert n_tables == len(report.all("caption")) and n_tables == len(report.all("thead")) > len(exhibits())
    assert all(head.get("scope") in ("col", "row") for head in report.all("th"))
    ids = [attributes["id"] for _, attributes in report.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    inner = [link["href"] for link in report.all("a") if str(link["href"]).startswith("#")]
    assert inner == [f"#view-{n}" for n in range(1, len(exhibits()) + 1)] and {name[1:] for name in inner} <= set(ids)


def test_it_needs_nothing_else_and_says_once_that_it_is_no_advice(report: Reader) -> None:
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in report.tags}
    assert report.text.count(squeeze(say_no_advice())) == 1 and "not advice" not in report.text
    assert report.text.count("For the board") == len(exhibits())
    assert BY_AUTHORS in report.text and "Checklist: KMunicate" in report.text


def test_a_document_of_word_has_its_structure(book: Any) -> None:
    levels = [int(p.style.name[-1]) for p in book.paragraphs if p.style.name.startswith("Heading")]
    assert levels[0] == 1 and levels.count(1) == 1 and all(b <= a + 1 for a, b in pairwise(levels))
    pictures = [p for e in exhibits() for p in (e.document.main(), *e.document.pictures())]
    said = [shape._inline.docPr.get("descr") for shape in book.inline_shapes]  # noqa: SLF001
    assert [squeeze(text) for text in said] == [squeeze(picture.alt_text) for picture in pictures]
    media = [part for part in book.part.related_parts.values() if part.partname.startswith("/word/media/")]
    kinds = Counter(part.content_type for part in media)
    assert kinds["image/svg+xml"] == len(pictures) and kinds["image/png"] >= len(pictures) / 2
    heads = [table.rows[0]._tr.trPr for table in book.tables]  # noqa: SLF001
    assert all(head.find(qn("w:tblHeader")) is not None for head in heads)
    assert book.core_properties.title == f"Report of {len(SLUGS)} views" and book.core_properties.author == ""
    assert words_of(book).count(squeeze(say_no_advice())) == 1


def test_hostile_text_stays_text() -> None:
    (first, *_) = exhibits()
    document = replace(first.document, title=HOSTILE, question=HOSTILE, answer=Lazy(lambda: (HOSTILE,)))
    exhibit = Exhibit(document, first.provenance, f'javascript:"{HOSTILE}', HOSTILE)
    content = write_html([exhibit], no_progress)
    written = docx.Document(BytesIO(write_docx([exhibit], no_progress)))
    assert words_of(written).count("<script>alert(1)") >= 4
    assert "javascript:" not in str([link.target_ref for link in written.part.rels.values() if link.is_external])
    page = Reader(content)
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count("alert(1)") >= 4
    assert not [link for link in page.all("a") if str(link["href"]).startswith("javascript:")]


def test_what_is_no_view_stands_among_them() -> None:
    (first, *_) = exhibits()
    note = Note("code", "warning", "Take heed.", "Do this.")
    shown = Shown((note,), (first.document.main(),), (Table("T", ("a",), (("cell",),)),), ("Told.", "And more."))
    extra = Extra("Beside", shown, first.provenance, "Who?")
    page = Reader(write_html([first, extra], no_progress))
    for text in ("2. Beside", "Who?", "Take heed. Do this.", "cell", "Told.", "And more."):
        assert text in page.text
    assert len(page.all("figure")) == len(first.document.pictures()) + 2
    assert "Take heed. Do this." in words_of(docx.Document(BytesIO(write_docx([extra], no_progress))))


def test_what_is_protected_stays_protected() -> None:
    open_one = cohort_of(REFERENCE)
    protected = protect_cohort(open_one, 5, secret="an old secret of the tests alone")
    analysis = analysis_of("relapse-predictors")
    both = [show(analysis, c, CohortFilter(), analysis.defaults(c), policy=True) for c in (protected, open_one)]
    shown, true = (one.document for one in both)
    page = Reader(write_html([Exhibit(shown, shown.provenance(), "")], no_progress))
    assert "Small numbers are protected." in page.text
    way = next(block for block in list_chapter(Exhibit(shown, shown.provenance(), ""), 1) if is_way(block))
    told = [row[1:] for row in way.rows]
    assert [n for n, _ in told] == [str(stage.n) for stage in shown.attrition()]
    differing = {stage.n for stage in true.attrition()} - {stage.n for stage in shown.attrition()}
    assert differing and not {str(n) for n in differing} & {n for n, _ in told}


def is_way(block: Any) -> bool:
    return isinstance(block, Table) and block.title.startswith("From the cohort")


def test_progress_is_told_and_may_give_up() -> None:
    told: list[tuple[int, int]] = []
    write_html(exhibits()[:2], lambda done, steps: told.append((done, steps)))
    assert told == [(1, 2), (2, 2)]

    def stop(done: int, steps: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        write_html(exhibits()[:2], stop)
