"""What the write-ups of all regression models share: their ratios in words, and whom they leave out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analytics.dictionary import Dictionary, Variable
from analytics.formats import format_count, format_patients, format_percent
from analytics.reporting.reliability import State, judge, load_policy
from analytics.results import Note, OddsRatioResult, RatioResult, references_of

MANY_LOST = 0.1


def describe_terms(model: RatioResult, variables: Sequence[Variable], describe: Callable[..., str]) -> tuple[str, ...]:
    """Every ratio of a model in words, but for the reference levels."""
    known, references = {v.name: v for v in variables}, references_of(model)
    return tuple(
        describe(
            term,
            known[term.variable],
            references.get(term.variable),
            [v.label for v in variables if v.name != term.variable],
        )
        for term in model.terms
        if not term.is_reference
    )


def has_few_events(model: RatioResult) -> bool:
    """True if the policy asks for a caution because of fewer events, or fewer of them per parameter, than it names."""
    events = min(model.n_event, model.n - model.n_event) if isinstance(model, OddsRatioResult) else model.n_event
    verdict = judge(load_policy(), events=events, events_per_parameter=model.events_per_parameter)
    return verdict.state is not State.FULL


def note_incomplete(
    n: int, n_complete: int, n_missing: Sequence[tuple[str, int]], dictionary: Dictionary, event: str
) -> tuple[Note, ...]:
    """How many of ``n`` patients are not in the multivariable model, and for which factors; nothing if all are."""
    lost = n - n_complete
    if not lost:
        return ()
    most = sorted(((count, name) for name, count in n_missing if count), reverse=True)
    listed = ", ".join(f"{dictionary[name].label} in {format_count(count)}" for count, name in most)
    return (
        Note(
            "incomplete-cases",
            "caution" if lost / n > MANY_LOST else "info",
            f"{format_count(lost)} of {format_patients(n)} ({format_percent(lost / n, 0)}) {'is' if lost == 1 else 'are'} not in "
            f"the multivariable model, because a factor is unknown: {listed}.",
            f"Drop the factor to keep them; if being unknown has to do with {event}, the estimates are biased.",
        ),
    )
