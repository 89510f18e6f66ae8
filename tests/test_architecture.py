"""Guards of the layout: import zones, one direction, small pages, plain names, nothing hidden.

Each guard takes a path and the text of a file and returns its findings as sentences. The guards are run over the
project, and each is also fed a text that it must refuse, so that a guard that has gone blind is noticed.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent

TOP_LEVEL = {
    ".ci", ".git", ".gitignore", ".streamlit", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    "analytics", "dashboard.py", "data", "pages", "pyproject.toml", "requirements.txt",
    "requirements-postgresql.txt", "requirements-spark.txt", "tests",
}  # fmt: skip

NUMERIC_PACKAGES = {"numpy", "pandas", "scipy", "math", "statistics", "pyarrow"}
ARITHMETIC = (ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
VAGUE_NAME = re.compile(
    r"^_*(utils?|helpers?|managers?|misc|common|process_\w+|handle_\w+)$|_(utils?|helpers?|manager)$"
)
VAGUE_CLASS = re.compile(r"(Utils?|Helpers?|Manager|Processor|Handler)$")
PAGE_LINES = 100
CACHE_FILE = PurePosixPath("pages/components/cache.py")

Guard = Callable[[PurePosixPath, str], list[str]]


def project_files() -> list[PurePosixPath]:
    """Files that belong to the project: tracked ones and new ones that are not ignored.

    Without git, as in an unpacked archive, all files outside the folders that tools make.
    """
    if (ROOT / ".git").exists() and shutil.which("git"):
        here = str(ROOT)
        command = ["git", "-c", f"safe.directory={here}", "-C", here, "ls-files", "-z"]
        command += ["--cached", "--others", "--exclude-standard"]
        names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    else:
        made = {".venv", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "results"}
        inside = [p.relative_to(ROOT) for p in ROOT.rglob("*")]
        names = [p.as_posix() for p in inside if not made & set(p.parts)]
    return sorted(PurePosixPath(name) for name in names if name and (ROOT / name).is_file())


FILES = project_files()
SOURCES = [path for path in FILES if path.suffix == ".py"]
SHIPPED = [path for path in SOURCES if path.parts[0] != "tests"]


def read(path: PurePosixPath) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def is_in(path: PurePosixPath, places: tuple[str, ...]) -> bool:
    return any(path == PurePosixPath(place) or PurePosixPath(place) in path.parents for place in places)


def module_name(path: PurePosixPath) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@lru_cache(maxsize=1)  # the guards look at one file after the other
def nodes_of(source: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(source)))


def imported(path: PurePosixPath, source: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, inside functions and by ``import_module("…")`` as well."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in nodes_of(source):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in nodes_of(source):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


# The guards


def guard_pages(path: PurePosixPath, source: str) -> list[str]:
    """Pages lay out: they are short, import nothing numeric and compute nothing."""
    if path.parent != PurePosixPath("pages") or path.name == "__init__.py":
        return []
    found = []
    if not path.stem.endswith("_page"):
        found.append(f"{path}: a file in pages/ ends in _page.py.")
    if (lines := len(source.splitlines())) > PAGE_LINES:
        found.append(f"{path} has {lines} lines: a page has at most {PAGE_LINES}. Move parts to pages/components/.")
    found += [
        f"{path}:{line} imports {name}: pages compute nothing."
        for line, name in imported(path, source)
        if name.split(".")[0] in NUMERIC_PACKAGES
    ]
    found += [
        f"{path}:{node.lineno} computes: arithmetic belongs in analytics/."
        for node in nodes_of(source)
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ARITHMETIC)
    ]
    return found


def guard_caches(path: PurePosixPath, source: str) -> list[str]:
    """Caches live in one file and are bounded."""
    found = []
    named = [node for node in nodes_of(source) if isinstance(node, ast.Attribute) and node.attr.startswith("cache_")]
    uses = [node.lineno for node in named if isinstance(node.value, ast.Name) and node.value.id in ("st", "streamlit")]
    uses += [line for line, name in imported(path, source) if name.startswith("streamlit.cache_")]
    if path != CACHE_FILE:
        return [f"{path}:{line} uses a Streamlit cache: caches live in {CACHE_FILE} only." for line in uses]
    for function in functions(source):
        for decorator in function.decorator_list:
            if "cache_" not in ast.unparse(decorator):
                continue
            if not isinstance(decorator, ast.Call) or "max_entries" not in {word.arg for word in decorator.keywords}:
                found.append(f"{path}:{decorator.lineno} caches {function.name} without max_entries.")
    return found


def guard_names(path: PurePosixPath, source: str) -> list[str]:
    """Names say what a thing is or does."""
    found = [f"{path}: {part!r} says nothing." for part in path.with_suffix("").parts if VAGUE_NAME.search(part)]
    for node in nodes_of(source):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and VAGUE_NAME.search(node.name):
            if hasattr(HTMLParser, node.name):  # named by the library that calls it
                continue
            found.append(f"{path}:{node.lineno} {node.name}() does not say what it does.")
        if isinstance(node, ast.ClassDef) and VAGUE_CLASS.search(node.name):
            found.append(f"{path}:{node.lineno} class {node.name} does not say what it is.")
    return found


def guard_excepts(path: PurePosixPath, source: str) -> list[str]:
    """An error that was not foreseen is not swallowed."""
    found = []
    for node in nodes_of(source):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            if caught in ("everything", "Exception", "BaseException"):
                found.append(f"{path}:{node.lineno} catches {caught}: name the errors that are expected.")
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "suppress":
            wide = [name for name in map(ast.unparse, node.args) if name in ("Exception", "BaseException")]
            found += [f"{path}:{node.lineno} suppresses {name}: name the errors that are expected." for name in wide]
    return found


def guard_skips(path: PurePosixPath, source: str) -> list[str]:
    """A test runs or fails; it is never left out."""
    if path.parts[0] != "tests":
        return []
    forbidden = {"skip", "skipif", "importorskip", "xfail", "skipUnless", "skipIf", "SkipTest"}
    return [
        f"{path}:{node.lineno} leaves tests out ({node.attr})."
        for node in nodes_of(source)
        if isinstance(node, ast.Attribute)
        and node.attr in forbidden
        and ast.unparse(node.value) in ("pytest", "pytest.mark", "unittest")
    ]


def guard_text(path: PurePosixPath, text: str) -> list[str]:
    """A file speaks of this project alone: no path out of it, no place on one machine, nothing unfinished."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for match in re.finditer(r"(?<![\w./])(?:\.\.?/)*\.\./[\w./-]*", line):
            climbed = [*path.parent.parts, *PurePosixPath(match.group()).parts]
            depth = 0
            for part in climbed:
                depth += -1 if part == ".." else 1
                if depth < 0:
                    found.append(f"{path}:{number} points outside the project: {match.group()}")
                    break
        if match := re.search(r"(?<![\w./~-])/(?:home|root|Users|work|mnt)/\w[\w./-]*", line):
            found.append(f"{path}:{number} names a place on one machine: {match.group()}")
        if match := re.search(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b", line):
            found.append(f"{path}:{number} is unfinished: {match.group()}")
        if re.match(r"(?:<{7}|>{7}) ", line):
            found.append(f"{path}:{number} is left from a merge.")
    return found


def guard_top_level(path: PurePosixPath, _text: str = "") -> list[str]:
    return [] if path.parts[0] in TOP_LEVEL else [f"{path.parts[0]} is not among the project's top-level files."]


def guard_urls(stems: set[str], url_paths: set[str]) -> list[str]:
    """A page's address is never the name of a file, or a first deep link would run that file without dashboard.py."""
    return [f"url_path {name!r} is also a file in pages/." for name in sorted(stems & url_paths)]


def registered_urls(source: str) -> set[str]:
    """The constant ``url_path`` of the calls of a source, and the ``slug`` of its classes."""
    tree = nodes_of(source)
    found = [
        word.value for node in tree if isinstance(node, ast.Call) for word in node.keywords if word.arg == "url_path"
    ]
    found += [n.value for n in tree if isinstance(n, ast.Assign) and [ast.unparse(t) for t in n.targets] == ["slug"]]
    return {value.value for value in found if isinstance(value, ast.Constant) and isinstance(value.value, str)}


# The project


def find_all(guards: tuple[Guard, ...], paths: list[PurePosixPath]) -> list[str]:
    assert paths
    return [finding for path in paths for guard in guards for finding in guard(path, read(path))]


def test_shipped_sources_keep_to_the_layout() -> None:
    assert find_all((guard_pages, guard_caches, guard_names, guard_excepts), SHIPPED) == []


def test_tests_keep_to_the_layout() -> None:
    tests = [path for path in SOURCES if path.parts[0] == "tests"]
    assert find_all((guard_names, guard_skips, guard_excepts), tests) == []


def test_text_speaks_of_this_project_alone() -> None:
    texts = {".py", ".md", ".toml", ".txt", ".R", ".css", ".yml", ""}
    assert [f for path in FILES if path.suffix in texts for f in guard_text(path, read(path))] == []


def test_top_level_holds_only_what_is_agreed() -> None:
    assert sorted({finding for path in FILES for finding in guard_top_level(path)}) == []


def test_no_page_address_is_a_file_name() -> None:
    pages = {path.stem for path in FILES if path.parent == PurePosixPath("pages") and path.suffix == ".py"}
    urls = {url for path in SHIPPED for url in registered_urls(read(path))}
    assert pages and urls
    assert guard_urls(pages, urls) == []


# The guards can fail

REFUSED: list[tuple[Guard, str, str, str]] = [
    (guard_pages, "pages/overview.py", "", "_page.py"),
    (guard_pages, "pages/overview_page.py", "import numpy as np", "numpy"),
    (guard_pages, "pages/overview_page.py", "share = n_event / n", "arithmetic"),
    (guard_pages, "pages/overview_page.py", "total *= 2", "arithmetic"),
    (guard_pages, "pages/overview_page.py", "x = 1\n" * 101, "101 lines"),
    (guard_caches, "pages/overview_page.py", "import streamlit as st\n@st.cache_data\ndef f(): ...", "cache.py only"),
    (guard_caches, "dashboard.py", "from streamlit import cache_resource", "cache.py only"),
    (guard_caches, str(CACHE_FILE), "@st.cache_data(show_spinner=False)\ndef f(): ...", "max_entries"),
    (guard_caches, str(CACHE_FILE), "@st.cache_data\ndef f(): ...", "max_entries"),
    (guard_names, "analytics/utils.py", "", "utils"),
    (guard_names, "analytics/cohort/cohort.py", "def process_rows(): ...", "process_rows"),
    (guard_names, "analytics/cohort/cohort.py", "def _handle_click(): ...", "_handle_click"),
    (guard_names, "analytics/cohort/cohort.py", "class CohortManager: ...", "CohortManager"),
    (guard_excepts, "analytics/cohort/cohort.py", "try: f()\nexcept: pass", "everything"),
    (guard_excepts, "analytics/cohort/cohort.py", "try: f()\nexcept Exception as error: pass", "Exception"),
    (guard_skips, "tests/cohort/test_cohort.py", "@pytest.mark.skip\ndef test_a(): ...", "leaves tests out"),
    (guard_skips, "tests/cohort/test_cohort.py", 'pytest.importorskip("duckdb")', "leaves tests out"),
    (guard_text, "data/README.md", "see " + "../" * 2 + "notes.md", "outside"),
    (guard_text, "README.md", "see .." + "/notes.md", "outside"),
    (guard_text, "analytics/cohort/cohort.py", "PATH = '/" + "home/anna/patients.csv'", "one machine"),
    (guard_text, "analytics/cohort/cohort.py", "# TO" + "DO: later", "unfinished"),
    (guard_text, "analytics/cohort/cohort.py", "<" * 7 + " HEAD", "merge"),
    (guard_top_level, "scratch/notes.txt", "", "scratch"),
]


@pytest.mark.parametrize(("guard", "path", "source", "expected"), REFUSED)
def test_guard_refuses(guard: Guard, path: str, source: str, expected: str) -> None:
    found = guard(PurePosixPath(path), source)
    assert len(found) == 1
    assert expected in found[0]


ACCEPTED: list[tuple[Guard, str, str]] = [
    (guard_pages, "pages/overview_page.py", "text = first + ' and ' + second"),
    (guard_pages, "pages/components/files.py", "import pandas\nx = 1 / 2"),
    (guard_caches, str(CACHE_FILE), "@st.cache_data(max_entries=64)\ndef f(): ...\nst.cache_data.clear()"),
    (guard_names, "analytics/cohort/cohort.py", "def open_cohort(): ..."),
    (guard_excepts, "analytics/cohort/cohort.py", "try: f()\nexcept (KeyError, ValueError): pass"),
    (guard_text, "tests/requirements.txt", "-r ../requirements.txt"),
    (guard_text, "data/README.md", "[contributing](../CONTRIBUTING.md), at/work/day …/../…"),
    (guard_top_level, "analytics/cohort/cohort.py", ""),
]


@pytest.mark.parametrize(("guard", "path", "source"), ACCEPTED)
def test_guard_accepts(guard: Guard, path: str, source: str) -> None:
    assert guard(PurePosixPath(path), source) == []


def test_guard_refuses_a_file_name_as_address() -> None:
    urls = registered_urls('st.Page(show, url_path="overview_page")\nclass A:\n    slug = "survival-by-site"')
    assert urls == {"overview_page", "survival-by-site"}
    assert len(guard_urls({"overview_page", "analysis_page"}, urls)) == 1
