"""Everything that is made of patients passes the policy on small numbers, whoever wrote it and wherever it stands."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from inspect import getmembers, isclass, isfunction
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import analytics
from analytics.analyses import Background, Checks, Governed, lazy, load_analyses
from analytics.policy import govern
from analytics.results import Estimate, Note, Result

MODULES = [importlib.import_module(m.name) for m in pkgutil.walk_packages(analytics.__path__, "analytics.")]
FEW = Estimate(0.5, n=2, n_event=1)


def own_classes(module: ModuleType) -> Iterator[type]:
    """The classes that a module defines."""
    return (kind for _, kind in getmembers(module, isclass) if kind.__module__ == module.__name__)


def results(kind: type[Result] = Result) -> Iterator[type[Result]]:
    """Every class of results. (``slots`` makes a class anew, and the first one lives until it is collected.)"""
    for child in kind.__subclasses__():
        if getattr(sys.modules[child.__module__], child.__name__, None) is child:
            yield child
        yield from results(child)


RESULTS = list(dict.fromkeys(kind for kind in results() if kind.__module__.startswith("analytics.")))


def holds_result(hint: Any) -> bool:
    """True for a type with a result anywhere in it."""
    return (isclass(hint) and issubclass(hint, Result)) or any(holds_result(part) for part in get_args(hint))


def test_what_estimators_return_and_analyses_hold_are_results() -> None:
    assert len(RESULTS) > 60
    assert all(kind.__dataclass_params__.frozen for kind in RESULTS)  # type: ignore[attr-defined]
    for module in MODULES:
        _, _, place = module.__name__.partition(".")
        for name, make in getmembers(module, isfunction):
            if place.startswith("estimators.") and name.startswith("estimate_") and make.__module__ == module.__name__:
                assert holds_result(get_type_hints(make)["return"]), f"{place}.{name} returns no Result"
        if place.startswith("figures"):
            continue  # a figure draws what has passed the policy
        for kind in own_classes(module):
            if is_dataclass(kind) and not kind.__name__.startswith("_") and not issubclass(kind, Result):
                held = [name for name, hint in get_type_hints(kind).items() if holds_result(hint)]
                assert not held, f"{place}.{kind.__name__} holds results in {held} and is none itself"
    assert not issubclass(Note, Result)


@dataclass(frozen=True, slots=True)
class Elsewhere(Result):
    """A result from a module that the policy has never heard of."""

    estimate: Estimate
    others: tuple[dict[str, Estimate], ...] = ()


@dataclass(frozen=True, slots=True)
class NoResult:
    """What only happens to hold an estimate, as a frame or a filter might."""

    estimate: Estimate


def test_what_a_result_is_decides_and_not_where_it_stands() -> None:
    governed = govern(Elsewhere(FEW, ({"a": FEW},)))
    assert (governed.estimate.value, governed.others[0]["a"].value) == (None, None)
    assert govern(NoResult(FEW)) == NoResult(FEW)


def test_every_way_from_a_page_to_a_result_passes_the_policy() -> None:
    for analysis in load_analyses():
        parts: list[Background] = list(analysis.background)
        assert isinstance(analysis.estimate, Governed)
        for checks in (analysis.checks, analysis.planning):
            if checks is not None:
                assert isinstance(checks, Checks) and isinstance(checks.make, Governed)
                parts += checks.background
        assert all(isinstance(part.run, Governed) for part in parts)
    made = Governed(lambda n: Estimate(0.5, n=n, n_event=1))
    assert (made(2).value, made(20).value) == (None, 0.5)


def test_what_a_result_makes_later_passes_the_policy() -> None:
    made_of_results = [kind for m in MODULES if m.__name__.startswith("analytics.analyses") for kind in own_classes(m)]
    for kind in (*RESULTS, *made_of_results):
        for name, part in vars(kind).items():
            if isinstance(part, cached_property):
                assert isinstance(part.func, Governed), f"{kind.__name__}.{name} is not lazy"

    @dataclass(frozen=True)
    class Later(Result):
        n: int

        @lazy
        def share(self) -> Estimate:
            return Estimate(0.5, n=self.n, n_event=1)

    later = Later(2)
    assert later.share.value is None and later.share is later.share
    assert Later(20).share.value == 0.5


def test_nobody_else_applies_it() -> None:
    """A call by hand is one that the next author forgets."""
    names = {"analytics.policy", "analytics.analyses"}
    assert {m.__name__ for m in MODULES if "govern" in vars(m)} == names
    pages = Path(__file__).parent.parent / "pages"
    assert not [path for path in pages.rglob("*.py") if "govern" in path.read_text(encoding="utf-8")]
