"""Every key of a session's state stands in one file, and is used by its name everywhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages.components import state

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "dashboard.py", *sorted((ROOT / "pages").rglob("*.py"))]
STATE = Path(state.__file__)


def written_keys(source: str) -> Iterator[str]:
    """Keys that a source writes out: of a widget, of a container, or of the session's state itself."""
    for node in ast.walk(ast.parse(source)):
        asked: list[ast.expr] = []
        if isinstance(node, ast.Call):
            asked = [word.value for word in node.keywords if word.arg == "key"]
            if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value).endswith("session_state"):
                asked += node.args[:1]
        elif isinstance(node, ast.Dict):
            asked = [v for k, v in zip(node.keys, node.values, strict=True) if k and ast.unparse(k) == "'key'"]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("session_state"):
            asked = [node.slice]
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[-1]).endswith("session_state"):
            asked = [node.left]
        for key in asked:
            if any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in walk_key(key)):
                yield ast.unparse(key)


def walk_key(key: ast.expr) -> Iterator[ast.AST]:
    """The parts of a key, but for what is handed to the functions that make keys."""
    if isinstance(key, ast.Call) and ast.unparse(key.func).startswith("state.key_of_"):
        return
    yield key
    for part in ast.iter_child_nodes(key):
        if isinstance(part, ast.expr):
            yield from walk_key(part)


@pytest.mark.parametrize("path", [p for p in SOURCES if p != STATE], ids=lambda p: p.name)
def test_no_key_is_written_out_elsewhere(path: Path) -> None:
    assert list(written_keys(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        'st.button("Stop", key="stop")',
        'st.button("Stop", key=f"{name}_stop")',
        'st.session_state["stop"] = True',
        'st.session_state.get("stop", False)',
        'st.session_state.pop(name + "_stop", None)',
        'if "stop" in st.session_state: pass',
        'shared = {"key": "stop"}',
    ],
)
def test_a_key_that_is_written_out_is_found(source: str) -> None:
    assert len(list(written_keys(source))) == 1


def test_a_key_that_is_used_by_its_name_is_not() -> None:
    source = (
        'st.button("Stop", key=state.key_of_file("csv"))\nst.session_state[variable.name] = st.session_state[state.TAB]'
    )
    assert list(written_keys(source)) == []


def test_no_two_keys_are_the_same_and_none_is_left_over() -> None:
    keys = {name: value for name, value in vars(state).items() if name.isupper() and name != "MISSING_SUFFIX"}
    assert len(set(keys.values())) == len(keys)
    makers = [name for name in vars(state) if name.startswith("key_of_")]
    used = {
        node.attr
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "state"
    }
    assert {*keys, *makers} == used
