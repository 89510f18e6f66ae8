"""Every public estimator is importable from ``analytics.estimators`` itself."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import analytics.estimators as estimators

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "analytics" / "estimators"
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if path.stem != "__init__" and "second_opinion" not in path.parts
)
# What independent checks import, wherever it stands.
PROMISED = [
    "estimate_survival",
    "survival_at",
    "survival_quantile",
    "follow_up",
    "logrank_test",
    "pairwise_logrank",
    "trend_test",
    "estimate_restricted_mean",
    "estimate_hazard_ratios",
    "proportional_hazards_test",
    "estimate_odds_ratios",
    "estimate_cumulative_incidence",
    "gray_test",
    "estimate_subdistribution_hazard_ratios",
    "landmark_survival",
    "simon_makuch",
    "mantel_byar_test",
    "time_dependent_hazard_ratio",
    "naive_hazard_ratio",
]


@cache
def imported_elsewhere() -> set[str]:
    """Names that other packages and pages import from the estimators."""
    sources = [*(ROOT / "analytics").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "dashboard.py"]
    return {
        alias.name
        for path in sources
        if PACKAGE not in path.parents
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("analytics.estimators")
        for alias in node.names
    }


def defined(stem: str) -> Iterator[tuple[str, object]]:
    """Public functions that a module defines itself."""
    module = importlib.import_module(f"analytics.estimators.{stem}")
    for name, value in vars(module).items():
        is_own = getattr(value, "__module__", None) == module.__name__
        if is_own and not name.startswith("_") and inspect.isfunction(value):
            yield name, value


@pytest.mark.parametrize("stem", MODULES)
def test_every_public_estimator_is_offered_by_the_package(stem: str) -> None:
    for name, value in defined(stem):
        is_estimator = name.startswith("estimate_") or name.endswith("_test")
        if is_estimator or stem == "intervals" or name in imported_elsewhere():
            assert name in estimators.__all__, f"{stem}.{name} is missing from analytics/estimators/__init__.py"
            assert getattr(estimators, name) is value


def test_the_list_of_public_names_is_whole() -> None:
    assert len(imported_elsewhere()) > 50
    assert len(set(estimators.__all__)) == len(estimators.__all__)
    assert set(PROMISED) <= set(estimators.__all__)
    for name in estimators.__all__:
        assert inspect.getdoc(getattr(estimators, name)), f"{name} has no docstring"
