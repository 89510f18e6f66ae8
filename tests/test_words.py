"""Words of the disease and names of columns leave the code: they stand in the dictionary, and their number only falls.

Each package has a ceiling for the literals that hold the word "child", and for those that are the name of a column of the
dictionary. Whoever removes some lowers the ceiling; nobody raises it.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.dictionary import load_dictionary

ROOT = Path(__file__).parents[1]
CHILD = re.compile(r"\bchild(ren)?\b", re.IGNORECASE)
COLUMNS = frozenset(v.name for v in load_dictionary().variables)

CHILD_CEILINGS: dict[str, int] = {
    "analyses and comparisons": 202,
    "analytics/cohort": 11,
    "analytics/provenance.py": 2,
    "analytics/reporting": 39,
    "analytics/study": 5,
    "analytics/views": 1,
    "pages": 2,
    "pages/components": 9,
}
COLUMN_CEILINGS: dict[str, int] = {
    "analyses and comparisons": 68,
    "analytics/cohort": 103,
    "analytics/frames": 18,
    "analytics/study": 17,
}


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


def package_of(path: Path) -> str:
    """The package, analyses and what they share as one, since code moves between the two."""
    parts = path.relative_to(ROOT).parts
    if parts[:2] in (("analytics", "analyses"), ("analytics", "comparisons")):
        return "analyses and comparisons"
    return (
        "/".join(parts[:2])
        if len(parts) > 2
        else parts[0]
        if parts[0] == "pages"
        else path.relative_to(ROOT).as_posix()
    )


def count(found: re.Pattern[str] | frozenset[str]) -> Counter[str]:
    """How many literals of each package hold the word, or are such a name."""
    counts: Counter[str] = Counter()
    for path in sorted([*ROOT.glob("analytics/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "dashboard.py"]):
        for text in literals(path.read_text(encoding="utf-8")):
            counts[package_of(path)] += text in found if isinstance(found, frozenset) else bool(found.search(text))
    return +counts


@pytest.mark.parametrize(
    ("found", "ceilings"), [(CHILD, CHILD_CEILINGS), (COLUMNS, COLUMN_CEILINGS)], ids=["child", "columns"]
)
def test_words_of_the_disease_only_leave(found: re.Pattern[str] | frozenset[str], ceilings: dict[str, int]) -> None:
    counts = count(found)
    over = {package: n for package, n in counts.items() if n > ceilings.get(package, 0)}
    assert not over, f"more than {ceilings}: take the word from the dictionary instead"


def test_literals_are_found_and_docstrings_are_not() -> None:
    source = 'def f():\n    """A child."""\n    return f"{n} children of {x}"\n'
    assert [text for text in literals(source) if CHILD.search(text)] == [" children of "]


def test_the_product_says_the_word_of_its_dictionary() -> None:
    words = load_dictionary().words
    assert (words.noun, words.plural, words.head) == ("child", "children", "Children")
    assert (words.of(1), words.of(0), words.of(2)) == ("child", "children", "children")
