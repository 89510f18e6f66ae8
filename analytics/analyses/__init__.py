"""Analyses: one file each, with one class that registers itself; adding a file is all that registers one."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from analytics.analysis import Analysis, list_registered


@cache
def load_analyses() -> tuple[Analysis[Any, Any], ...]:
    """Every analysis of this package, in their ``order``."""
    names = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
    for name in names:
        importlib.import_module(name)
    return tuple(analysis for analysis in list_registered() if type(analysis).__module__ in names)
