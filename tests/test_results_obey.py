"""Everything that is made of patients passes the policy on small numbers, whoever wrote it and wherever it stands."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, make_dataclass, replace
from functools import cached_property
from inspect import getmembers, isclass, isfunction
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
import pytest

import analytics
from analytics.analyses import load_analyses
from analytics.analysis import Analysis, Background, Checks, Control, Governed, Params, lazy
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import CohortFilter
from analytics.document import Headline, Shown
from analytics.estimators import (
    concordance_optimism_by_bootstrap,
    estimate_calibration,
    estimate_hazard_ratios,
    estimate_influence,
    estimate_odds_ratios,
    estimate_propensity,
    estimate_spline,
    fit_probabilities,
    optimism_by_bootstrap,
    pool_odds_ratios,
    pool_test,
    proportional_hazards_test,
)
from analytics.figures.points.calibration import describe_calibration, plot_calibration
from analytics.reporting.attrition import Used
from analytics.reporting.withholding import PARTS, govern, list_judged
from analytics.results import Estimate, FloatArray, Interval, Note, Reason, Result, TermTest, TestResult, as_model
from analytics.views.opening import open_document

ROOT = Path(__file__).parent.parent
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


# Fields of results that hold no finding: what was chosen, what was counted, and times at which something is said.
PLAIN = {
    "conf_level", "alpha", "power", "horizon", "landmark", "time", "weight", "treated", "counts", "shown_until",
    "n_event", "n_event_at", "n_risk", "n_censor", "mean_n_treated",
}  # fmt: skip


def has_number(hint: Any) -> bool:
    """True for a type with a finding in it: a number that is not whole, an array, or a part that is judged with its holder."""
    if isclass(hint) and issubclass(hint, Result):
        return hint in PARTS
    return hint is float or np.ndarray in (hint, get_origin(hint)) or any(has_number(part) for part in get_args(hint))


def unruled(kind: type[Result]) -> list[str]:
    """The findings of a class that nothing judges."""
    if kind in list_judged() or kind in PARTS or vars(kind).get("no_rule"):
        return []
    hints = get_type_hints(kind)
    return [f.name for f in fields(kind) if f.name not in PLAIN and has_number(hints[f.name])]


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__qualname__)
def test_whatever_holds_a_p_value_an_interval_or_an_estimate_has_a_rule(kind: type[Result]) -> None:
    assert not unruled(kind), f"{kind.__name__} needs a rule in analytics.reporting.withholding for {unruled(kind)}"


def test_a_result_without_a_rule_is_found() -> None:
    for name, hint in {"p_value": float | None, "ratio": float, "limits": Interval | None, "tests": tuple[TermTest, ...],
                       "smooth": FloatArray}.items():  # fmt: skip
        kind = make_dataclass("Forgotten", [("n", int), (name, hint)], bases=(Result,), frozen=True)
        assert unruled(kind) == [name]
    assert not unruled(make_dataclass("Whole", [("test", TestResult), ("n", int)], bases=(Result,), frozen=True))


def model_of(n: int, n_event: int, n_spare: int = 1) -> tuple[Any, ...]:
    """Outcome and covariates of so many patients: groups, a number, and as many further numbers as wished."""
    rng = np.random.default_rng(3)
    outcome = np.isin(np.arange(n), rng.choice(n, n_event, replace=False))
    frame = {"group": pd.Categorical(np.where(np.arange(n) % 2, "b", "a")), "age": rng.normal(8, 3, n)}
    return outcome, pd.DataFrame(frame | {f"spare{i}": rng.normal(0, 1, n) for i in range(n_spare - 1)})


@pytest.mark.parametrize(
    ("n", "n_event", "n_spare", "reason"),
    [
        (80, 40, 1, None),
        (40, 2, 1, Reason.of("withheld", why=Reason.of("few-events", n=2))),
        (40, 38, 1, Reason.of("withheld", why=Reason.of("few-events", n=2))),
        (60, 10, 5, Reason.of("withheld", why=Reason.of("few-events-per-parameter", n=10 / 6))),
    ],
)
def test_what_is_said_of_a_model_as_a_whole_goes_with_the_model(
    n: int, n_event: int, n_spare: int, reason: Reason | None
) -> None:
    outcome, covariates = model_of(n, n_event, n_spare)
    fitted = fit_probabilities(outcome, covariates, method="firth")
    influence = estimate_influence(outcome, covariates, method="firth")
    spline = estimate_spline(outcome, covariates, "age", method="firth")
    optimism = optimism_by_bootstrap(outcome, covariates, method="firth", replicates=3, seed=1)
    assert all(found.reason is None for found in (fitted, influence, spline, optimism))
    shown = [govern(found) for found in (fitted, influence, spline, optimism)]
    assert [found.reason for found in shown] == [reason] * 4
    if reason is None:
        assert all(a is b for a, b in zip(shown, (fitted, influence, spline, optimism), strict=True))
        return
    assert shown[0].probability is None
    assert not len(shown[1].coefficients) and not shown[1].change.size and shown[1].to_frame().empty
    assert shown[2].straight is None and not shown[2].log_odds_ratio.size and shown[2].test.p_value is None
    assert {(m.apparent, m.corrected) for m in shown[3].measures} == {(None, None)}
    assert (shown[1].n_patients, shown[2].n, shown[3].n_event) == (n, n, n_event)  # the counts stay


def test_a_spline_loses_its_p_first() -> None:
    outcome, covariates = model_of(60, 4)
    raw = estimate_spline(outcome, covariates[["age"]], "age", method="firth")
    spline = govern(raw)
    assert raw.n_parameters == 1 and raw.test.p_value is not None
    assert (spline.test.p_value, spline.test.reason) == (None, Reason.of("withheld", why=Reason.of("few-events", n=4)))
    assert spline.log_odds_ratio is raw.log_odds_ratio and spline.straight == raw.straight


def test_calibration_needs_events_and_children_in_a_group() -> None:
    probability = np.linspace(0.1, 0.9, 40)
    few = govern(estimate_calibration(np.isin(np.arange(40), (5, 30)), probability, groups=4))
    assert (few.slope.value, few.intercept.value, few.in_the_large.value, few.groups) == (None, None, None, ())
    assert few.slope.reason == Reason.of("withheld", why=Reason.of("few-events", n=2)) and (few.n, few.n_event) == (
        40,
        2,
    )
    raw = estimate_calibration(np.arange(40) % 2 == 0, probability, groups=20)
    assert all(group.observed.n == 2 for group in raw.groups)
    shown = govern(raw)
    assert {(g.observed.value, g.predicted) for g in shown.groups} == {(None, None)}
    assert shown.slope == raw.slope and shown.to_frame()["n"].tolist() == [2] * 20
    assert "No calibration plot" in describe_calibration(shown, "relapse")
    assert plot_calibration(shown, probability, np.ones(40), event="relapse").layout.annotations


def test_concordance_is_corrected_only_where_the_model_shows_it() -> None:
    rng = np.random.default_rng(1)
    time, covariates = rng.exponential(10, 40), pd.DataFrame({"x": rng.normal(0, 1, 40)})
    for n_event, reason in ((4, Reason.of("withheld", why=Reason.of("few-events", n=4))), (20, None)):
        event = np.arange(40) < n_event
        raw = concordance_optimism_by_bootstrap(time, event, covariates, replicates=5, seed=1)
        model = govern(estimate_hazard_ratios(time, event, covariates))
        found = govern(raw)
        assert raw.concordance.apparent is not None and found.reason == reason
        assert (found.concordance.apparent is None) == (model.concordance.value is None) == (reason is not None)


def test_how_alike_one_or_two_treated_are_is_not_told() -> None:
    treated = np.arange(40) < 2
    covariates = pd.DataFrame({"age": np.linspace(1, 17, 40)})
    raw = estimate_propensity(treated, covariates)
    assert raw.balance and raw.arms[0].n == 2
    shown = govern(raw)
    assert shown.balance == () and shown.scores is None and shown.to_frame().empty
    assert (shown.arms[0].n, shown.arms[0].low) == (2, None) and shown.reason == raw.reason
    enough = estimate_propensity(np.arange(40) % 2 == 0, covariates)
    assert govern(enough).balance is enough.balance and govern(enough).weights is enough.weights


def test_a_ratio_over_time_is_drawn_where_the_ratio_is_shown() -> None:
    rng = np.random.default_rng(2)
    levels = ["many", "some", "two"]
    group = pd.DataFrame({"g": pd.Categorical(np.repeat(levels, [30, 20, 2]), levels)})
    time, event = rng.exponential(10, 52), np.arange(52) % 2 == 0
    raw = proportional_hazards_test(time, event, group)
    assert [(c.level, c.n) for c in raw.coefficients] == [("some", 20), ("two", 2)]
    shown = govern(raw)
    assert [c.level for c in shown.coefficients] == ["some"] and shown.tests == raw.tests
    model = govern(estimate_hazard_ratios(time, event, group))
    assert [t.hazard_ratio.value is None for t in model.terms] == [False, False, True]
    rare = proportional_hazards_test(
        time, np.arange(52) < 2, group.assign(g=pd.Categorical(group["g"].astype(str).replace("two", "some")))
    )
    assert govern(rare).coefficients == ()


@pytest.mark.parametrize("n_event", [2, 8, 30])
def test_pooled_ratios_obey_like_those_of_any_model(n_event: int) -> None:
    outcome, covariates = model_of(60, n_event)
    sets = [covariates, covariates.assign(age=covariates["age"] + np.where(np.arange(60) < 5, 1.0, 0.0))]
    raw = pool_odds_ratios([estimate_odds_ratios(outcome, each) for each in sets])
    raw = replace(raw, tests=(pool_test([[0.3], [0.4]], [[[0.2]], [[0.2]]], 50.0, variable="group"),))
    shown, model = govern(raw), govern(as_model(raw))
    assert [t.odds_ratio for t in shown.terms] == [t.odds_ratio for t in model.terms]
    assert [(t.p_value, t.p_reason) for t in shown.terms] == [(t.p_value, t.p_reason) for t in model.terms]
    assert [(t.p_value, t.reason) for t in shown.tests] == [(t.p_value, t.reason) for t in model.tests]
    level = next(t for t in shown.terms if t.level == "b")
    assert (level.odds_ratio.value is None) == (level.df is None) == (n_event == 2)
    assert (level.p_value is None) == (shown.tests[0].df_error is None) == (n_event < 30)
    assert govern(raw) is raw or n_event < 30


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


def _tell(*args: Any) -> Elsewhere:
    return Elsewhere(FEW)


SLOW = Background("slow", "Slow", "about", "button", run=_tell, show=lambda result, found, params: Shown())


class Telling(Analysis[None, Elsewhere], abstract=True):
    """An analysis that says all it has found, of too few."""

    slug = title = question = icon = method = "telling"
    requires = ((),)
    background = (SLOW,)
    checks = Checks(
        "Checks",
        "about",
        make=_tell,
        show=lambda result, made, params: (Shown(sentences=(str(made.estimate.value),)),),
        background=(SLOW,),
    )

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        return ()

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> None:
        return None

    def estimate(self, frame: None, params: Params) -> Elsewhere:
        return Elsewhere(FEW)

    def headlines(self, result: Elsewhere) -> tuple[Headline, ...]:
        return (Headline("Estimate", str(result.estimate.value)),)

    def figure(self, result: Elsewhere, params: Params) -> str:
        return ""

    def alt_text(self, result: Elsewhere) -> str:
        return ""

    def sentences(self, result: Elsewhere) -> tuple[str, ...]:
        return ()

    def used(self, result: Elsewhere) -> Used:
        return Used("children")


def test_every_way_from_a_page_to_a_result_passes_the_policy() -> None:
    cohort, chosen = open_cohort(ROOT / "data" / "reference_cohort.csv"), CohortFilter()
    document = open_document(Telling(), cohort, chosen, {})
    assert [h.value for h in document.headlines()] == ["None"]
    assert document.checks is not None
    assert [part.sentences for part in document.checks.parts()] == [("None",)]
    for part in (*document.background, *document.checks.background):
        assert part.run(lambda done, total: None).estimate.value is None
    for name in ("run", "present", "contrast"):
        assert getattr(Analysis, name).__final__
        assert all(name not in vars(type(analysis)) for analysis in load_analyses())
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
    names = {"analytics.reporting.withholding", "analytics.analysis"}
    assert {m.__name__ for m in MODULES if "govern" in vars(m)} == names
    assert not [path for path in (ROOT / "pages").rglob("*.py") if "govern" in path.read_text(encoding="utf-8")]
