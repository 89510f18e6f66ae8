"""No word of statistics or of the clinic stands on a page without an entry of the glossary.

Short names and those of people are looked for in all that the analyses say of the reference cohort, in the methods and in the
dictionary. Headings, labels and levels may have nothing else than terms and the everyday words listed here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from analytics.analyses import load_analyses
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import load_dictionary, speaking_by
from analytics.document import Document
from analytics.formats import name_patients
from analytics.languages import Text
from analytics.learning import simulated_settings, simulated_words
from analytics.learning.lessons import load_lessons
from analytics.learning.opening import open_lesson
from analytics.learning.saying import fill
from analytics.reporting.glossary import find_spellings, load_glossary
from analytics.reporting.methods import load_methods
from analytics.views.opening import open_document
from pages.components.cache import REFERENCE_COHORT, load_cohort, load_offers

COHORT = load_cohort(str(REFERENCE_COHORT))
SHORT = re.compile(r"(?<![\w-])[A-Z][A-Za-z0-9]*[A-Z][A-Za-z0-9]*(?:::[A-Z0-9]+)?(?:-[A-Z]+)?(?!\w)")  # HSCT, BCR::ABL1
NAMED = re.compile(r"(?<!\w)[A-Z][a-zé]+(?:\u2060?–\u2060?[A-Z][a-zé]+)+|(?<!\w)[A-Z][a-zé]+(?=[’']s\s(?!and\b)[a-z])")

NOT_TERMS = {
    "SYN": "the mark of synthetic identifiers",
    "MICEData": "a class of a library, named for who wants to look",
    "Children": "those who are counted",
}
NAMES = {"JAMA": "a journal, in a source"}
# Methods that are ways of this product to count and show, and whose names have no term of statistics.
PLAIN_METHODS = frozenset(
    {
        "risk of one child by a model",
        "groups without events",
        "published outcomes",
        "classes of one child by published definitions",
    }
)
EVERYDAY = frozenset(
    re.findall(
        r"\w+",
        """
    a adjust after against age alike alive among an and another any as at automatic axis be before both boys by cause
    cells changes child children common compare compared could counted curves day days death deaths diagnosis difference
    differences each earlier either end entering event ever every everybody everyone excluded factor factors far first
    fitted followed for from germany girls given group grouped groups here how in infants involvement is it known later
    levels limit longer longest lost make mark mean means minus model months most negative no not of often on other
    others over pair points positive published rather ratio reached read recruited reference results series sex shanghai
    share show shown site sites so split start test that the them then this those three tianjin time to together treated
    treatment turn under unknown until usual value values variable variables way weigh weighted which while who whom
    with within without year years yes yet
    """,
    )
)


@cache
def terms() -> re.Pattern[str]:
    """What finds any term by any of its names, in whatever case."""
    named = []
    for term in load_glossary():
        name = re.sub(r" \(.*\)$", "", term.name.en)
        named.append(replace(term, spellings=(*term.spellings, *term.other_names, *term.related, name), chinese=()))
    return re.compile(find_spellings(named), re.ASCII | re.IGNORECASE)


@cache
def documents() -> tuple[Document, ...]:
    """Every analysis of the reference cohort, as it begins."""
    offers = load_offers(COHORT)
    asked = [(a, offers[a.slug]) for a in load_analyses()]
    return tuple(open_document(a, COHORT, CohortFilter(), dict(o.defaults)) for a, o in asked if not o.lacks)


def said() -> Iterator[str]:
    """The sentences of all pages of analyses, of the methods and of the dictionary."""
    for analysis in load_analyses():
        yield from map(name_patients, (analysis.title, analysis.question, analysis.method))
        for control in load_offers(COHORT)[analysis.slug].controls:
            yield name_patients(control.help)
    for document in documents():
        yield from (*document.answer(), *document.sentences(), *(note.text for note in document.notes()))
        yield from (headline.help for headline in document.headlines())
        for table in document.tables():
            yield from (table.title, table.caption, *table.help)
    for method in load_methods():
        yield from map(name_patients, (method.name, method.answers, method.computed))
    yield from (variable.definition for variable in load_dictionary().variables)


def taught() -> Iterator[str]:
    """What lessons say of the reference cohort, and the texts on the disease, the paper and simulated cohorts."""
    for lesson in load_lessons():
        opened = open_lesson(lesson, COHORT, CohortFilter(), COHORT)
        with speaking_by(COHORT.dictionary):
            found = lesson.open(opened.frame, lesson.control.default)
            yield from (fill(text).en for text in (lesson.title, lesson.about, *lesson.before, lesson.move))
            yield lesson.ask(found).text.en
            yield from (text.en for text in lesson.shown((*lesson.explain(found), *lesson.tell(found))))
            for check in lesson.checks:
                yield from (fill(text).en for text in (check.question, check.why, *check.options))
    for name in ("disease.toml", "paper.toml"):
        yield from list_texts(tomllib.loads((REFERENCE_COHORT.parent / name).read_text(encoding="utf-8")))
    for module in (simulated_settings, simulated_words):
        yield from (text.en for text in vars(module).values() if isinstance(text, Text))


def list_texts(entry: object) -> Iterator[str]:
    """Every sentence of a file; sources are names of others."""
    if isinstance(entry, str) and " " in entry:
        yield re.sub(r"\{[^{}]*\}", " ", entry)
    elif isinstance(entry, dict):
        for name, value in entry.items():
            if name not in ("source", "sources", "cite", "citation"):
                yield from list_texts(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from list_texts(value)


def headed() -> Iterator[str]:
    """Headings of tables, labels and options of choices, names of numbers, and labels and levels of the dictionary."""
    for analysis in load_analyses():
        for control in load_offers(COHORT)[analysis.slug].controls:
            yield name_patients(control.label)
            yield from (label for _, label in control.options if isinstance(label, str))
    for document in documents():
        yield from (headline.label for headline in document.headlines())
        for table in document.tables():
            yield from table.columns
    for variable in load_dictionary().variables:
        yield variable.label
        yield from map(variable.level_label, variable.levels)


def unexplained(text: str) -> list[str]:
    """The words of a heading that are neither terms nor everyday ones, nor numbers and units."""
    left = re.sub(r"10⁹/L|\bn( =|$| here)|\b[135] y\b|[^\w’'-]|\d", " ", terms().sub(" ", text.replace("\u00a0", " ")))
    return [word for word in re.findall(r"[^\W_]+", left) if word.lower() not in EVERYDAY]


def test_every_short_name_and_every_name_of_a_method_has_an_entry() -> None:
    texts = list(said())
    found = {name for text in texts for pattern in (SHORT, NAMED) for name in pattern.findall(text)}
    assert len(found) > 30 and {"HSCT", "MRD", "BCR::ABL1", "Kaplan–Meier"} <= found
    assert sorted(name for name in found - NOT_TERMS.keys() if not terms().search(name)) == []


def test_every_short_name_in_what_is_taught_has_an_entry() -> None:
    texts = list(taught())
    found = {name for text in texts for pattern in (SHORT, NAMED) for name in pattern.findall(text)}
    assert len(found) > 15 and {"HSCT", "MRD", "CNS"} <= found
    assert sorted(name for name in found - NOT_TERMS.keys() - NAMES.keys() if not terms().search(name)) == []


def test_every_method_has_a_term_in_its_name() -> None:
    names = [name_patients(method.name) for method in load_methods()]
    assert [name for name in names if not terms().search(name) and name.lower() not in PLAIN_METHODS] == []


def test_headings_labels_and_levels_have_terms_and_everyday_words_alone() -> None:
    headings = sorted(set(headed()))
    assert len(headings) > 150
    assert {text: words for text in headings if (words := unexplained(text))} == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [("Hazard ratio (95\u00a0% CI)", []), ("Nomogram of survival", ["Nomogram"]), ("E-value of the limit", [])],
)
def test_a_word_without_an_entry_is_seen(text: str, words: list[str]) -> None:
    assert [word for word in unexplained(text) if word != "survival"] == words
    assert not terms().search("TRIPOD") and SHORT.findall("by TRIPOD, HSCT") == ["TRIPOD", "HSCT"]
