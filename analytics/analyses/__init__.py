"""Analyses: one file each, defining ``ANALYSIS``; adding a file is all that registers one."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from analytics.analysis import Analysis, _govern_parts


@cache
def load_analyses() -> tuple[Analysis, ...]:
    """Every ``ANALYSIS`` found in this package, in their ``order``; all that they make obeys the policy on small numbers."""
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    found = sorted((module.ANALYSIS for module in modules), key=lambda analysis: analysis.order)
    return tuple(_govern_parts(analysis) for analysis in found)
