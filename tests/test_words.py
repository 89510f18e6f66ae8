"""Words of the disease and names of columns are not in the code: they stand in the dictionary, columns under their roles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.analyses import load_analyses
from analytics.analysis import Analysis, Background, Checks, Control
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Words, load_dictionary, open_dictionary, speaking_by
from analytics.document import HtmlFigure, Selection, Shown
from analytics.formats import name_patients
from analytics.frames import list_histories
from analytics.reporting.literature import load_literature
from analytics.views.opening import open_document
from analytics.words import GENERAL

ROOT = Path(__file__).parents[1]
CHILD = re.compile(r"\bchild(ren)?\b", re.IGNORECASE)
COLUMNS = frozenset(v.name for v in load_dictionary().variables)


def literals(source: str) -> Iterator[str]:
    """Every string in the code, those inside f-strings too, but no docstring."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, documented) and _has_docstring(n)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def _has_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(node.body) and isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)


def find_all(found: re.Pattern[str] | frozenset[str]) -> list[str]:
    """The literals that hold the word, or are such a name, with their files."""
    return [
        f"{path.relative_to(ROOT).as_posix()}: {text}"
        for path in sorted([*ROOT.glob("analytics/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "dashboard.py"])
        for text in literals(path.read_text(encoding="utf-8"))
        if (text in found if isinstance(found, frozenset) else found.search(text))
    ]


@pytest.mark.parametrize("found", [CHILD, COLUMNS], ids=["child", "columns"])
def test_no_word_of_the_disease_stands_in_the_code(found: re.Pattern[str] | frozenset[str]) -> None:
    assert not find_all(found), "take the word, or the column by its role, from the dictionary instead"


SPEAKS = re.compile(
    r"\b(CR2|HSCT|CAR-T|marrow|remission|salvage|transplant\w*|relaps\w*|leuk\w*|blasts?|extramedullary|thrombocyt\w*|"
    r"chemotherap\w*|MRD|(?:re)?induction|immunophenotype)\b",
    re.IGNORECASE,
)
# The rules that a file of this disease is checked and completed by speak of it.
SPEAKING_OF_IT = ROOT / "analytics" / "cohort"
FIELD = re.compile(r"\{[^{}]+\}")  # what the dictionary fills


def test_no_sentence_names_a_treatment_or_state_of_this_disease() -> None:
    dictionary = load_dictionary()
    named = {*dictionary.roles, *(role for v in dictionary.variables for role, _ in v.level_roles)}
    named |= {*dictionary.words.phrases, *GENERAL, *dict(dictionary.lists)}  # what code asks the dictionary by
    spoken = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in sorted([*ROOT.glob("analytics/**/*.py"), *ROOT.glob("pages/**/*.py")])
        if SPEAKING_OF_IT not in path.parents
        for text in literals(path.read_text(encoding="utf-8"))
        if SPEAKS.search(FIELD.sub("", text)) and text not in named and (" " in text or text.isupper())
    ]
    assert not spoken, "name it by a field: a phrase of the dictionary, or the role of a treatment"
    assert SPEAKS.search("after Relapse") and not SPEAKS.search(FIELD.sub("", "after {relapse}"))


def test_every_role_that_the_code_asks_for_is_in_the_dictionary() -> None:
    dictionary = load_dictionary()
    asks = {"role": dictionary.role, "level": dictionary.level, "listed": dictionary.listed}
    n_asked = 0
    for path in sorted([*ROOT.glob("analytics/**/*.py"), *ROOT.glob("pages/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            is_get = node.func.attr == "get" and ast.unparse(node.func.value).endswith("roles")
            ask = dictionary.role if is_get else asks.get(node.func.attr)
            words = [word.value for word in node.args if isinstance(word, ast.Constant)]
            if ask is not None and len(words) == len(node.args) > 0:
                assert ask(*words[: 1 if is_get else None]), f"{path}:{node.lineno}"  # what stands in for it is no role
                n_asked += 1
    assert n_asked


def test_literals_are_found_and_docstrings_are_not() -> None:
    source = 'def f():\n    """A child."""\n    return f"{n} children of {x}"\n'
    assert [text for text in literals(source) if CHILD.search(text)] == [" children of "]


def test_the_product_says_the_word_of_its_dictionary() -> None:
    words = load_dictionary().words
    assert (words.noun, words.plural, words.head) == ("child", "children", "Children")
    assert (words.of(1), words.of(0), words.of(2)) == ("child", "children", "children")


class Wording(Analysis[Any, Any], abstract=True):
    """An analysis with the fields of the noun in every text that is written before a dictionary is read."""

    slug = icon = "wording"
    title = "Of {patients}"
    question = "How does a {patient} fare?"
    method = "{Patients} are counted."
    background = (
        Background(
            "slow", "Draw {patients}", "Each {patient}", "Draw {n} {patients}", lambda *_: None, lambda *_: Shown()
        ),
    )
    checks = Checks("Checks of {patients}", "One {patient} each", lambda *_: None, lambda *_: (), background)

    def controls(self, cohort: Any) -> tuple[Control, ...]:
        return (Control("by", "By {patient}", "one", "a", (("a", "all {patients}"),), help="{Patients} by {word}"),)

    prepare = estimate = headlines = figure = alt_text = sentences = used = None  # type: ignore[assignment]


Wording.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("noun", "plural"), [("child", "children"), ("person", "people")])
def test_static_texts_take_the_noun_of_the_dictionary(noun: str, plural: str) -> None:
    cohort = open_cohort(ROOT / "data" / "reference_cohort.csv", replace(load_dictionary(), words=Words(noun, plural)))
    analysis = Wording()
    head = plural.capitalize()
    with speaking_by(cohort.dictionary):
        assert (analysis.title, Wording.question) == (f"Of {plural}", f"How does a {noun} fare?")
    (control,) = analysis.controls(cohort)
    assert (control.label, control.options, control.help) == (
        f"By {noun}",
        (("a", f"all {plural}"),),
        f"{head} by {{word}}",
    )
    document = analysis.present(None, {"n": 3}, Selection.of(cohort, CohortFilter()))
    assert document.checks is not None
    assert (document.title, document.question, document.method) == (
        f"Of {plural}",
        f"How does a {noun} fare?",
        f"{head} are counted.",
    )
    assert (document.checks.title, document.checks.about) == (f"Checks of {plural}", f"One {noun} each")
    for part in (*document.background, *document.checks.background):
        assert (part.title, part.about, part.button) == (f"Draw {plural}", f"Each {noun}", f"Draw 3 {plural}")
    assert name_patients("none") == "none"


def test_static_texts_take_phrases_and_treatments_of_the_dictionary() -> None:
    known = load_dictionary()
    named = (("neither", "none"), ("CAR-T", "CAR-T"), ("HSCT", "graft"))
    variables = [replace(v, level_roles=named) if v.role == "salvage treatment" else v for v in known.variables]
    words = replace(known.words, phrases={"given HSCT": "given a {HSCT}"})
    with speaking_by(replace(known, variables=tuple(variables), words=words)):
        assert name_patients("{CAR-T}, {Patients} {given HSCT} {n}") == "CAR-T, Children given a graft {n}"
        assert list_histories() == ("CAR-T", "graft", "CAR-T, then graft")
    assert name_patients("{given HSCT}") == "transplanted"
    without = tuple(v for v in known.variables if v.role != "salvage treatment")
    with speaking_by(replace(known, variables=without)):
        assert name_patients("{HSCT}, {no such word}") == "HSCT, {no such word}"


def test_no_field_is_left_on_a_page() -> None:
    cohort = open_cohort(ROOT / "data" / "reference_cohort.csv")
    for analysis in load_analyses():
        texts = [analysis.title, analysis.question, analysis.method]
        for control in analysis.controls(cohort):
            texts += [control.label, control.help, *(label for _, label in control.options)]
        assert not [text for text in texts if FIELD.search(text)]


def texts_of(value: Any) -> Iterator[str]:
    """Every text in what a page shows."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from texts_of(part)
    elif isinstance(value, HtmlFigure):
        yield value.html
    elif isinstance(value, pd.DataFrame):
        yield value.to_csv()
    elif hasattr(value, "to_json"):
        yield value.to_json()
    elif is_dataclass(value):
        yield from texts_of([getattr(value, f.name) for f in fields(value)])


@pytest.fixture
def people(tmp_path: Path) -> Cohort:
    """The reference cohort under a dictionary that calls its patients people."""
    text = (ROOT / "data" / "dictionary.toml").read_text(encoding="utf-8")
    for word, other in (("children", "people"), ("Children", "People"), ("child", "person"), ("Child", "Person")):
        text = text.replace(word, other)
    (tmp_path / "dictionary.toml").write_text(text, encoding="utf-8")
    dictionary = open_dictionary(tmp_path / "dictionary.toml")
    return open_cohort(ROOT / "data" / "reference_cohort.csv", dictionary=dictionary)


def shown_by(analysis: Analysis[Any, Any], cohort: Cohort) -> Iterator[str]:
    """Every text of a page and its files, at first and with all that is folded away."""
    params = analysis.defaults(cohort)
    document = open_document(analysis, cohort, CohortFilter(), params)
    shown = [getattr(document, part)() for part in ("main", "headlines", "notes", "sentences", "tables", "pictures")]
    shown += [document.title, document.question, document.method, analysis.controls(cohort), document.used()]
    shown += [document.tests(), list(document.frames().values())]
    for folded in (document.checks, document.planning):
        if folded is not None:
            shown += [folded.title, folded.about, folded.parts(), list(folded.frames().values())]
            shown += [(part.title, part.about, part.button) for part in folded.background]
    shown += [(part.title, part.about, part.button) for part in document.background]
    return texts_of(shown)


def without_titles(text: str) -> str:
    """The text without the titles of cited publications, which say what they say."""
    for series in load_literature().series:
        text = text.replace(series.title, "") if series.title else text
    return text


def test_another_noun_reaches_every_word_of_a_page(people: Cohort) -> None:
    for analysis in load_analyses():
        texts = [without_titles(text) for text in shown_by(analysis, people)]
        assert any("people" in text for text in texts), analysis.slug
        assert not [text for text in texts if CHILD.search(text)], analysis.slug
