"""The parts of statistics libraries that pages take numbers from."""

from __future__ import annotations


def load_libraries() -> None:
    """Import them before the first visitor comes: estimators do it where they need them, and a click would wait."""
    import statsmodels.stats.multitest
    import statsmodels.stats.proportion  # noqa: F401
