"""What the analyses by a regression model share: choices of the model, and a result as it is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from analytics.analysis import Control, Params, to_reference
from analytics.cohort import Cohort
from analytics.dictionary import Dictionary, Variable
from analytics.document import ComparedTest
from analytics.formats import (
    format_children,
    format_count,
    format_percent,
)
from analytics.reporting.wording import in_sentence, join_words
from analytics.results import Estimate, HazardRatio, HazardRatioResult, Note, OddsRatio, OddsRatioResult, Reason

Result = TypeVar("Result", OddsRatioResult, HazardRatioResult)

FITS = (("auto", "automatic"), ("ml", "maximum likelihood"), ("firth", "Firth’s penalised likelihood"))
LIMITS = (("profile", "profile likelihood"), ("wald", "Wald"))


def fit_control(event: str) -> Control:
    """The choice of how a model is fitted; ``event`` is what a factor may predict perfectly ("relapse")."""
    return Control(
        "fit",
        "Model",
        "one",
        "auto",
        FITS,
        "more",
        f"Automatic uses maximum likelihood, and Firth’s method when a factor predicts {event} perfectly in these children, "
        "where maximum likelihood has no finite answer.",
        display=True,
    )


def limits_control() -> Control:
    """The choice of confidence intervals."""
    return Control(
        "limits",
        "Confidence intervals",
        "one",
        "profile",
        LIMITS,
        "more",
        "Profile-likelihood intervals suit small groups; Wald intervals are symmetric on the log scale. The p value beside an "
        "interval is of the same kind.",
        display=True,
    )


def reference_control(cohort: Cohort) -> Control:
    """The choice of reference levels, the same on every page: a level chosen on one holds on the others."""
    dictionary = cohort.dictionary
    offered = [v for v in dictionary.variables if v.is_coded and (v.is_covariate or v.is_group)]
    levels = tuple(
        (to_reference(v.name, level), f"{v.label}: {label}")
        for v in offered
        if v.name in cohort.variables
        for level, label in zip(v.levels, v.level_labels, strict=True)
    )
    return Control(
        "reference",
        "Reference levels",
        "many",
        (),
        levels,
        "more",
        "The level that the others of the same factor are compared with. Clicking a row of the table does the same.",
        display=True,
    )


def chosen_references(params: Params) -> dict[str, str]:
    """Variable to its chosen reference level; the last of several."""
    return dict(choice.split(":", 1) for choice in params["reference"])


def note_references(params: Params, variables: Sequence[Variable]) -> tuple[Note, ...]:
    """A note for each factor of the model for which several reference levels are chosen."""
    notes = []
    for v in variables:
        chosen = [choice.split(":", 1)[1] for choice in params["reference"] if choice.split(":", 1)[0] == v.name]
        if len(chosen) > 1:
            notes.append(
                Note(
                    "several-references",
                    "caution",
                    f"{len(chosen)} reference levels are chosen for {v.label}; {v.level_label(chosen[-1])} is used.",
                    "Keep one reference level for each factor.",
                )
            )
    return tuple(notes)


def as_read(result: Result, variables: Sequence[Variable]) -> Result:
    """The result as it is read: ratios of numbers per step of the dictionary, where an estimator takes them per unit."""
    steps = {v.name: v.per for v in variables}
    terms: list[Any] = []
    for term in result.terms:
        ratio = term.ratio
        if term.level is None:
            ratio = _per_step(ratio, steps[term.variable])
        terms.append(_with_ratio(term, ratio))
    return replace(result, terms=tuple(terms))


def _with_ratio(term: OddsRatio | HazardRatio, ratio: Estimate) -> OddsRatio | HazardRatio:
    if isinstance(term, OddsRatio):
        return replace(term, odds_ratio=ratio)
    return replace(term, hazard_ratio=ratio)


def _per_step(estimate: Estimate, step: float) -> Estimate:
    """The ratio of ``step`` units more, from that of one: its logarithm, and those of its limits, times the step."""

    def power(ratio: float | None) -> float | None:
        # Beyond this a float holds no number any more.
        return math.exp(step * math.log(ratio)) if ratio and abs(step * math.log(ratio)) < 700 else None

    value = power(estimate.value)
    if estimate.value is None or step == 1:
        return estimate
    if value is None:
        reason = Reason.of("too-large-per-step", step=step)
        return replace(estimate, value=None, interval=None, std_error=None, reason=reason)
    interval = estimate.interval
    if interval is not None:
        interval = replace(interval, low=power(interval.low), high=power(interval.high))
    error = None if estimate.std_error is None else step * estimate.std_error
    return replace(estimate, value=value, interval=interval, std_error=error)


def list_factor_tests(
    model: OddsRatioResult | HazardRatioResult,
    variables: Sequence[Variable],
    event: str,
    within: Sequence[Variable] = (),
) -> tuple[ComparedTest, ...]:
    """The test of each factor of a model of ``event``; ``within`` is the variable of its strata."""
    labels = {v.name: in_sentence(v.label) for v in variables}
    kind = model.test_type
    name = {"likelihood ratio": "likelihood-ratio test"}.get(kind, f"{kind} test")
    if model.method == "firth":
        name = f"penalised {name}"
    strata = "".join(f", within levels of {in_sentence(v.label)}" for v in within)
    tests = []
    for test in model.tests:
        others = sorted(label for factor, label in labels.items() if factor != test.variable)
        adjusted = f"adjusted for {join_words(others)}" if others else "not adjusted"
        tests.append(ComparedTest(f"{name} of {labels[test.variable]} for {event}, {adjusted}{strata}", test.p_value))
    return tuple(tests)


def note_incomplete(
    n: int, n_complete: int, n_missing: Sequence[tuple[str, int]], dictionary: Dictionary, event: str
) -> tuple[Note, ...]:
    """How many of ``n`` patients are not in the multivariable model, and for which factors; nothing if all are."""
    left_out = n - n_complete
    if not left_out:
        return ()
    most = sorted(((count, name) for name, count in n_missing if count), reverse=True)
    listed = ", ".join(f"{dictionary[name].label} in {format_count(count)}" for count, name in most)
    share = format_percent(left_out / n, 0)
    return (
        Note(
            "incomplete-cases",
            "caution" if left_out / n > 0.1 else "info",
            f"{format_count(left_out)} of {format_children(n)} ({share}) {'is' if left_out == 1 else 'are'} "
            "not in the multivariable model, "
            f"because a factor is unknown: {listed}.",
            f"Drop the factor to keep them; if being unknown has to do with {event}, the estimates are biased.",
        ),
    )
