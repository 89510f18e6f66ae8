"""A column that the dictionary has no variable for becomes one of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from analytics.cohort.patient_file import MISSING_WORDS, read_word
from analytics.dictionary import Dictionary, Phase
from analytics.intake.applying import dictionary_of
from analytics.intake.cells import read_number
from analytics.intake.mapping import Assignment, Mapping, MappingError
from analytics.intake.tables import SourceTable

MOST_LEVELS = 12
LEAST_NUMBERS = 0.8  # of the known cells, where a column is taken for a number


def is_number(table: SourceTable, column: str) -> bool:
    """True if nearly all known cells of a column are numbers, and more than levels have."""
    known = _known(table, column)
    numbers = [text for text in known if read_number(text) is not None]
    return len(known) > MOST_LEVELS and len(numbers) >= LEAST_NUMBERS * len(known)


def add_variable(
    table: SourceTable,
    column: str,
    label: str,
    phase: Phase,
    mapping: Mapping,
    dictionary: Dictionary,
    *,
    unit: str = "",
) -> Mapping:
    """The mapping with a new variable: a number with its unit, or a level for each text of the column.

    It is offered as a filter and a predictor, and with levels as groups. ``phase`` is when it becomes known.

    Raises
    ------
    MappingError
        If the label is empty or taken, the column holds one text alone, or more than can be levels.
    """
    label = " ".join(label.split())
    whole = dictionary_of(mapping, dictionary)
    if not label or any(v.label.casefold() == label.casefold() for v in whole.variables):
        raise MappingError(f"{label!r} is no new label. Give the variable one that no other has.")
    name = _name(label, whole)
    entry: dict[str, Any] = {
        "label": label,
        "phase": phase,
        "definition": f"Column “{column}” of the file.",
        "source": "added when the file was opened",
        "missing_label": "not recorded",
        "is_filter": True,
        "is_covariate": True,
    }
    if is_number(table, column):
        entry |= {"kind": "continuous", **({"unit": unit.strip()} if unit.strip() else {})}
        assignment = Assignment(name, (column,), "number")
    else:
        levels = _known(table, column)
        if not 2 <= len(levels) <= MOST_LEVELS:
            raise MappingError(
                f"“{column}” holds {len(levels)} different texts. A variable has 2 to {MOST_LEVELS} levels: join them first."
            )
        kind = "binary" if len(levels) == 2 else "categorical"
        entry |= {"kind": kind, "levels": levels, "reference": levels[0], "is_group": True}
        assignment = Assignment(name, (column,), "levels", levels=tuple((level, level) for level in levels))
    variables = {**mapping.entries.get("variables", {}), name: entry}
    return replace(mapping, entries={**mapping.entries, "variables": variables}).with_assignment(assignment)


def _known(table: SourceTable, column: str) -> list[str]:
    """The different texts of a column that are known, numbers in their order."""
    texts = [str(text) for text in table.frame[column].dropna().unique() if read_word(str(text)) not in MISSING_WORDS]
    return sorted(texts, key=lambda text: (read_number(text) is None, read_number(text) or 0.0, text))


def _name(label: str, dictionary: Dictionary) -> str:
    """A name in the spelling of the dictionary that no other variable has."""
    base = re.sub(r"\W+", "_", label.casefold()).strip("_") or "variable"
    base = base if base[0].isalpha() else f"variable_{base}"
    name, n = base, 2
    while name in dictionary:
        name, n = f"{base}_{n}", n + 1
    return name
