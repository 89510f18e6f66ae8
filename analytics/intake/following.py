"""Variables that follow from columns which already make others: survival from a later day, an event from its day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from analytics.dictionary import Dictionary, Endpoint
from analytics.intake.cells import reader_of
from analytics.intake.contents import Cells
from analytics.intake.mapping import ANY, Assignment

Following = tuple[Assignment, tuple[str, ...], bool]


def list_following(
    dictionary: Dictionary, known: Sequence[Assignment], cells: Mapping[str, Cells], missing: Sequence[str] = ()
) -> Iterator[Following]:
    """Further assignments, each with the variables that it follows from, and whether it is certain if they are.

    Whether one of several first events has happened, and when, is told by what came first. An event whose day is known
    has happened. The time to the same event (death) from a later day is that from the first less the time between both,
    for those who came to that day.
    """
    made = {assignment.variable: assignment for assignment in known}
    roles = dictionary.roles
    firsts = list(_from_first_events(dictionary, made, cells, missing))
    yield from firsts
    made |= {assignment.variable: assignment for assignment, *_ in firsts}
    for role, event in roles.items():
        day = made.get(roles.get(f"{role} day", ""))
        if day is not None and event not in made and dictionary[event].kind == "event" and not day.where:
            yield Assignment(event, day.columns, "present", missing=day.missing), (day.variable,), True
    for endpoint in dictionary.endpoints:
        for before in dictionary.endpoints:
            if _is_later(endpoint, before, made):
                yield from _from_later_day(dictionary, endpoint, before, made)
                break


def _from_first_events(
    dictionary: Dictionary, made: Mapping[str, Assignment], cells: Mapping[str, Cells], missing: Sequence[str]
) -> Iterator[Following]:
    """The event of which a level has the name, and its day, from the column of first events and their time."""
    for endpoint in dictionary.competing:
        cause, time = made.get(endpoint.cause), made.get(endpoint.time)
        if cause is None or time is None or len(cause.columns) != 1 or time.where or cause.columns[0] not in cells:
            continue
        read = reader_of(cause, dictionary[endpoint.cause], missing)
        levels = {text: read(text) for text in cells[cause.columns[0]].counts}
        for role, event in dictionary.roles.items():
            day = dictionary.roles.get(f"{role} day", "")
            texts = tuple(text for text, level in levels.items() if level == role)
            if dictionary[event].kind != "event" or not texts or {event, day} & set(made):
                continue
            happened = {text: str(int(text in texts)) for text, level in levels.items() if isinstance(level, str)}
            sources = (endpoint.cause, endpoint.time)
            told = Assignment(event, cause.columns, "levels", tuple(happened.items()), missing=cause.missing)
            # It may have happened after another first event as well, which the column does not tell.
            yield told, sources, False
            if day:
                yield replace(time, variable=day, where=((cause.columns[0], texts),)), sources, True


def _is_later(endpoint: Endpoint, before: Endpoint, made: dict[str, Assignment]) -> bool:
    """True where the first endpoint is not made, and the second is one of the same event whose columns are."""
    is_same = endpoint.event_label == before.event_label and endpoint.origin != before.origin
    is_open = endpoint.time not in made and endpoint.event not in made and endpoint.entry is None
    return is_same and is_open and before.time in made and before.event in made


def _from_later_day(
    dictionary: Dictionary, endpoint: Endpoint, before: Endpoint, made: dict[str, Assignment]
) -> Iterator[Following]:
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
    # Who did not come to the day may have a code for it.
    missing = tuple(dict.fromkeys((*time.missing, *day.missing)))
    later = replace(time, variable=endpoint.time, rule="days", levels=(), origin=column, where=where, missing=missing)
    yield later, sources, True
    where = tuple({**dict(event.where), **dict(where)}.items())
    missing = tuple(dict.fromkeys((*event.missing, *day.missing)))
    yield (
        replace(event, variable=endpoint.event, where=where, missing=missing),
        sources,
        True,
    )
