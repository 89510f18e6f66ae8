"""What an analysis needs of a file: the columns of any one endpoint that it can use, with those that it adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from analytics.dictionary import PHASES, Endpoint, Phase, Variable, load_dictionary
from analytics.frames import endpoint_columns


@cache
def endpoint_with(
    *others: Sequence[str], after: Phase = "diagnosis", among: Callable[[Endpoint], bool] = lambda endpoint: True
) -> tuple[tuple[str, ...], ...]:
    """The sets of columns one of which an analysis needs: an endpoint's, and for each of ``others`` one of its columns.

    ``after`` is the phase at which the clock of the endpoint starts at the earliest; ``among`` says which of them
    will do.
    """
    sets: list[tuple[str, ...]] = [
        endpoint_columns(e)
        for e in load_dictionary().endpoints
        if PHASES.index(e.phase) >= PHASES.index(after) and among(e)
    ]
    for choice in others:
        sets = [(*names, name) for names in sets for name in choice]
    return tuple(sets)


@cache
def competing_events() -> tuple[tuple[str, ...], ...]:
    """The sets of columns one of which an analysis of competing events needs."""
    return tuple((endpoint.time, endpoint.cause) for endpoint in load_dictionary().competing)


@cache
def any_group() -> tuple[str, ...]:
    """The variables that split patients into groups, those that a file brings before those that follow from them."""
    return _brought_first(load_dictionary().groups)


@cache
def any_of(name: str) -> tuple[str, ...]:
    """The variables of a list of the dictionary, those that a file brings before those that follow from them."""
    dictionary = load_dictionary()
    return _brought_first([dictionary[column] for column in dictionary.listed(name)])


def _brought_first(variables: Sequence[Variable]) -> tuple[str, ...]:
    return tuple(v.name for v in sorted(variables, key=lambda v: v.derivation is not None))
