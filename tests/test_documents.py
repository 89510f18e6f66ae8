"""What the documents promise: links, commands, and the pages that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.readme import README, TABLE, tabulate_pages

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_files_hold(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_in_documents_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, flags=re.MULTILINE))
    assert named - targets == set()


def test_readme_holds_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert any(line.strip().startswith("make run") for line in lines)
    assert any(line.strip().startswith("make test") for line in lines)


def test_the_table_of_pages_is_that_of_the_registered_pages() -> None:
    (table,) = TABLE.findall(README.read_text(encoding="utf-8"))
    assert table == tabulate_pages(), "Run `make readme`, which writes the table anew."
