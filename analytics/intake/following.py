"""Variables that follow from columns which already make others: survival from a later day, an event from its day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from analytics.dictionary import Dictionary, Endpoint
from analytics.intake.mapping import ANY, Assignment


def list_following(dictionary: Dictionary, known: Sequence[Assignment]) -> Iterator[tuple[Assignment, tuple[str, ...]]]:
    """Further assignments, each with the variables that it follows from.

    An event whose day is known has happened. The time to the same event (death) from a later day is that from the first
    less the time between both, for those who came to that day.
    """
    made = {assignment.variable: assignment for assignment in known}
    roles = dictionary.roles
    for role, event in roles.items():
        day = made.get(roles.get(f"{role} day", ""))
        if day is not None and event not in made and dictionary[event].kind == "event" and not day.where:
            yield Assignment(event, day.columns, "present", missing=day.missing), (day.variable,)
    for endpoint in dictionary.endpoints:
        for before in dictionary.endpoints:
            if _is_later(endpoint, before, made):
                yield from _from_later_day(dictionary, endpoint, before, made)
                break


def _is_later(endpoint: Endpoint, before: Endpoint, made: dict[str, Assignment]) -> bool:
    """True where the first endpoint is not made, and the second is one of the same event whose columns are."""
    is_same = endpoint.event_label == before.event_label and endpoint.origin != before.origin
    is_open = endpoint.time not in made and endpoint.event not in made and endpoint.entry is None
    return is_same and is_open and before.time in made and before.event in made


def _from_later_day(
    dictionary: Dictionary, endpoint: Endpoint, before: Endpoint, made: dict[str, Assignment]
) -> Iterator[tuple[Assignment, tuple[str, ...]]]:
    day_name = dictionary[endpoint.time].unit.rpartition(" from ")[2]
    day = made.get(dictionary.roles.get(f"{day_name} day", ""))
    time, event = made[before.time], made[before.event]
    if day is None or time.rule != day.rule or time.factor != day.factor or (time.where and time.where != day.where):
        return
    if time.rule not in ("number", "days", "value"):
        return
    sources = (time.variable, event.variable, day.variable)
    column = day.columns[0]
    where = tuple({**dict(day.where), column: (ANY,)}.items())
    later = replace(time, variable=endpoint.time, rule="days", levels=(), origin=column, where=where)
    yield later, sources
    yield replace(event, variable=endpoint.event, where=tuple({**dict(event.where), **dict(where)}.items())), sources
