"""A mapping applied to a table: patients in the words of the dictionary, and everything that could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.dictionary import Dictionary, DictionaryError, Variable, make_dictionary
from analytics.formats import shorten
from analytics.intake.extending import extend_dictionary
from analytics.intake.making import Making, Unread
from analytics.intake.mapping import Assignment, Mapping, MappingError
from analytics.intake.tables import SourceTable
from analytics.results import Note


@dataclass(frozen=True, eq=False)
class Mapped:
    """Patients in the words of a dictionary.

    Attributes
    ----------
    frame
        One row per patient, a column for each variable that was made, in the order of the dictionary: levels by name,
        numbers, events as 0 and 1; missing where it is unknown or does not apply.
    lines
        The line or row of the file for each of them.
    dictionary
        With the entries that the mapping brings.
    notes
        What was left out or not read, in words.
    unread
        The same for each text.
    """

    frame: pd.DataFrame
    lines: NDArray[np.int64]
    dictionary: Dictionary
    notes: tuple[Note, ...] = ()
    unread: tuple[Unread, ...] = ()


def dictionary_of(mapping: Mapping, dictionary: Dictionary) -> Dictionary:
    """The dictionary with the entries of the mapping, or made of them; MappingError if they do not go together."""
    try:
        if mapping.own_dictionary:
            # It may leave out lists that the code knows.
            lists = {name: () for name, _ in dictionary.lists} | mapping.entries.get("lists", {})
            return make_dictionary({**mapping.entries, "lists": lists}, "the mapping")
        return extend_dictionary(dictionary, mapping.entries) if mapping.entries else dictionary
    except DictionaryError as error:
        raise MappingError(str(error)) from error


def apply_mapping(table: SourceTable, mapping: Mapping, dictionary: Dictionary) -> Mapped:
    """The patients of a table, one of each row.

    A variable whose columns the table lacks is not made, which a note says. Texts that fit no level, number or date
    are missing, and in ``unread``.

    Raises
    ------
    MappingError
        If the mapping names no column of the patient, a variable that is not in the dictionary, or a level that the
        variable has not; if a rule does not go with the kind of variable; if dates can be read in two ways.
    """
    dictionary = dictionary_of(mapping, dictionary)
    mapping = _with_identifier(mapping, dictionary, table)
    unknown = [a.variable for a in mapping.assignments if a.variable not in dictionary]
    if unknown:
        raise MappingError(
            f"map: {', '.join(unknown)} is not in the dictionary. Take it out, or add [variables.{unknown[0]}]."
        )
    columns: dict[str, pd.Series[Any]] = {}
    notes: list[Note] = []
    unread: list[Unread] = []
    for variable in dictionary.variables:
        assignment = mapping.get(variable.name)
        if assignment is None:
            continue
        absent = [name for name in assignment.read if name not in table.frame.columns]
        if absent and not _is_enough(assignment, absent):
            notes.append(_note_absent(variable, absent))
            continue
        made = Making(table, mapping.missing, variable, assignment)
        columns[variable.name] = made.run()
        notes += made.notes
        unread += made.unread
    return Mapped(pd.DataFrame(columns), np.asarray(table.lines), dictionary, tuple(notes), tuple(unread))


def _with_identifier(mapping: Mapping, dictionary: Dictionary, table: SourceTable) -> Mapping:
    """The mapping that makes the identifier, of the column of the patient where nothing else is said."""
    identifier = dictionary.identifier
    assignment = mapping.get(identifier.name)
    if assignment is None and mapping.key:
        assignment = Assignment(identifier.name, (mapping.key,))
        mapping = mapping.with_assignment(assignment)
    if assignment is None:
        raise MappingError(
            f"no column tells the {dictionary.words.plural} apart. Give the one of {identifier.label} as key, or number "
            f'the lines: [map.{identifier.name}] with rule = "line".'
        )
    if lost := [name for name in assignment.columns if name not in table.frame.columns]:
        raise MappingError(f"the column {lost[0]!r} of {identifier.label} is not in {table.name}. Choose another one.")
    return mapping


def _is_enough(assignment: Assignment, absent: Sequence[str]) -> bool:
    """True where the columns that are there can make the variable: one of several of which the first known counts."""
    if assignment.rule == "combine" or set(absent) - set(assignment.columns):
        return False
    return len(absent) < len(assignment.columns)


def _note_absent(variable: Variable, absent: Sequence[str]) -> Note:
    names = ", ".join(f"“{shorten(name)}”" for name in absent)
    verb = "is" if len(absent) == 1 else "are"
    return Note(
        "column-absent",
        "caution",
        f"{variable.label} is not made: {names} {verb} not in the file.",
        "Choose another column for it, or go on without.",
    )
