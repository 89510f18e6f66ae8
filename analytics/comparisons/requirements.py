"""What an analysis needs of a file: the columns of any one endpoint that it can use, with those that it adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analytics.dictionary import PHASES, Endpoint, Phase, Variable, dictionary_with
from analytics.frames import endpoint_columns


def endpoint_with(
    *others: Sequence[str], after: Phase = "diagnosis", among: Callable[[Endpoint], bool] = lambda endpoint: True
) -> tuple[tuple[str, ...], ...]:
    """The sets of columns one of which an analysis needs: an endpoint's, and for each of ``others`` one of its columns.

    ``after`` is the phase at which the clock of the endpoint starts at the earliest; ``among`` says which of them
    will do.
    """
    sets: list[tuple[str, ...]] = [
        endpoint_columns(e)
        for e in dictionary_with(lambda whole: whole.endpoints).endpoints
        if PHASES.index(e.phase) >= PHASES.index(after) and among(e)
    ]
    for choice in others:
        sets = [(*names, name) for names in sets for name in choice]
    return tuple(sets)


def competing_events() -> tuple[tuple[str, ...], ...]:
    """The sets of columns one of which an analysis of competing events needs."""
    dictionary = dictionary_with(lambda whole: whole.competing)
    return tuple((endpoint.time, endpoint.cause) for endpoint in dictionary.competing)


def any_group() -> tuple[str, ...]:
    """The variables that split patients into groups, those that a file brings before those that follow from them."""
    return _brought_first(dictionary_with(lambda whole: whole.groups).groups)


def any_of(name: str) -> tuple[str, ...]:
    """The variables of a list of the dictionary, those that a file brings before those that follow from them."""
    dictionary = dictionary_with(lambda whole: bool(dict(whole.lists).get(name)))
    return _brought_first([dictionary[column] for column in dictionary.listed(name)])


def _brought_first(variables: Sequence[Variable]) -> tuple[str, ...]:
    return tuple(v.name for v in sorted(variables, key=lambda v: v.derivation is not None))
