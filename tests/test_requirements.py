"""Requirements: every package that is imported is pinned, and so is what packages need in turn."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(\[[\w,]+\])?==(?P<version>[\w.]+)(; .+)?")


SHIPPED = ("requirements.txt", "requirements-postgresql.txt", "requirements-spark.txt")
ALL = (*SHIPPED, "tests/requirements.txt")


def requirement_lines(path: Path) -> list[str]:
    lines = [line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("-r ")]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(path: Path) -> dict[str, str]:
    found = [PIN.fullmatch(line) for line in requirement_lines(path)]
    return {canonical(match["name"]): match["version"] for match in found if match}


def pins_of(names: tuple[str, ...]) -> dict[str, str]:
    return {name: version for path in names for name, version in pins(ROOT / path).items()}


@pytest.mark.parametrize("name", ALL)
def test_every_requirement_is_one_exact_version_and_nothing_else(name: str) -> None:
    lines = requirement_lines(ROOT / name)
    assert lines
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    assert len(pins(ROOT / name)) == len(lines)


def test_tests_run_on_the_pinned_versions() -> None:
    wanted = pins_of(ALL)
    optional = {canonical(line.split("==")[0]) for line in requirement_lines(ROOT / "requirements.txt") if ";" in line}
    installed = {canonical(d.metadata["Name"]): d.version for d in importlib.metadata.distributions()}
    different = {name: (version, installed.get(name)) for name, version in wanted.items() if name not in optional}
    assert {name: pair for name, pair in different.items() if pair[0] != pair[1]} == {}


def test_pins_are_complete() -> None:
    """Whatever a pinned package needs here is pinned too, so that a clean machine gets this very set."""
    wanted = pins_of(ALL)
    missing = set()
    for name in wanted:
        for requirement in importlib.metadata.requires(name) or []:
            needed = canonical(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])
            # What is asked for on other systems or by an extra is not installed here.
            if ";" not in requirement and needed not in wanted:
                missing.add(f"{needed} (for {name})")
    assert missing == set()


def test_everything_imported_is_required() -> None:
    provided = importlib.metadata.packages_distributions()
    wanted = pins_of(SHIPPED)
    ours = {"analytics", "pages", "data", "dashboard", "tests"}
    shipped = [ROOT / "dashboard.py", *(p for f in ("analytics", "pages", "data") for p in (ROOT / f).rglob("*.py"))]
    unmet = set()
    for path in shipped:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for top in {name.split(".")[0] for name in names} - ours - set(sys.stdlib_module_names):
                if not any(canonical(distribution) in wanted for distribution in provided.get(top, [])):
                    unmet.add(f"{top} in {path.relative_to(ROOT)}")
    assert unmet == set()
