"""The parts of statistics libraries that pages take numbers from."""

from __future__ import annotations

from importlib import import_module


def load_libraries() -> None:
    """Import them before the first visitor comes: estimators do it where they need them, and a click would wait."""
    import_module("sklearn.metrics")
    import_module("statsmodels.stats.multitest")
    import_module("statsmodels.stats.proportion")
