"""The pages of the dashboard: every file of ``pages/`` contributes its own by ``list_pages``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analytics.analysis import Control
from pages.components.context import Context

FOLDER = Path(__file__).parents[1]
LEARN = "Learn"  # the part of the menu after those of the analyses


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its address, its place in the menu (``section``, "" for none, and ``order``), and what shows it.

    ``is_listed`` is False for a page that other pages lead to, but not the menu, which is full where a window is narrow.
    ``needs_answer`` is False for a page that says nothing of the selection, and is shown where that is not answered.
    ``about`` says in a sentence what it answers; the README's table of pages has it. ``choices`` are those that stand in its link
    and that the session holds by their names; analyses have theirs from what they offer for a cohort.
    """

    url_path: str
    title: str
    icon: str
    show: Callable[[Context], None]
    order: int
    about: str
    section: str = ""
    choices: tuple[Control, ...] = ()
    is_listed: bool = True
    needs_answer: bool = True


def load_pages() -> tuple[Page, ...]:
    """Every page, in their ``order``; the first is the start."""
    found = [page for name in _modules() for page in importlib.import_module(f"pages.{name}").list_pages()]
    return tuple(sorted(found, key=lambda page: page.order))


@cache  # a run for every click asks, and looking into the folder takes longer than listing the pages
def _modules() -> tuple[str, ...]:
    return tuple(module.name for module in pkgutil.iter_modules([str(FOLDER)]) if module.name.endswith("_page"))
