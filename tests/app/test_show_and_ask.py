"""``show_`` writes and returns nothing; ``ask_`` draws a control and returns its value."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "pages").rglob("*.py"))


def returns(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Return]:
    """What a function itself returns, not the functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def misnamed(source: str) -> list[str]:
    """Functions whose name promises what they do not do."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        name, values = node.name.lstrip("_"), [r.value for r in returns(node)]
        declared = ast.unparse(node.returns) if node.returns else "None"
        gives = any(value is not None for value in values) or declared != "None"
        if (name == "show" or name.startswith("show_")) and gives:
            found.append(f"{node.name} returns something")
        if (name == "ask" or name.startswith("ask_")) and (not values or None in values or declared == "None"):
            found.append(f"{node.name} returns nothing")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_names_keep_what_they_promise(path: Path) -> None:
    assert misnamed(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "def show_table(table) -> bool:\n    return True",
        "def _show_filters(cohort):\n    return cohort",
        "def ask_choices(controls) -> None:\n    draw(controls)",
        "def _ask(control):\n    draw(control)",
        "def ask_range(v) -> int:\n    if v:\n        return\n    return 1",
    ],
)
def test_a_name_that_does_not_is_found(source: str) -> None:
    assert len(misnamed(source)) == 1
