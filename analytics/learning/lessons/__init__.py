"""Lessons: one file each, with one class that registers itself; adding a file is all that registers one."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from analytics.learning.lesson import Lesson, list_registered


@cache
def load_lessons() -> tuple[Lesson[Any, Any], ...]:
    """Every lesson of this package, in their ``order``."""
    names = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
    for name in names:
        importlib.import_module(name)
    return tuple(lesson for lesson in list_registered() if type(lesson).__module__ in names)
