"""From tables and a mapping to a cohort: who it tells of is hidden, rows gathered, columns mapped, patients examined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.cohort import Cohort, open_cohort, protect_cohort
from analytics.cohort.columns import list_halves
from analytics.dictionary import Dictionary
from analytics.intake.applying import Mapped, apply_mapping, dictionary_of
from analytics.intake.decisions import Examined, examine, note_decisions
from analytics.intake.gathering import Conflict, gather_patients
from analytics.intake.hiding import drop_columns, hash_columns
from analytics.intake.identifiers import Identifier, find_identifiers
from analytics.intake.mapping import TELLS_NOBODY, Acceptance, Mapping
from analytics.intake.tables import SourceTable
from analytics.results import Note

N_NAMED = 5


@dataclass(frozen=True, eq=False)
class Imported:
    """Patients of some tables by a mapping: the ``table`` of one row each, what differed between rows of one patient, the
    patients in the dictionary's words, and what is found in them.
    """

    table: SourceTable
    conflicts: tuple[Conflict, ...]
    mapped: Mapped
    examined: Examined

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was told on the way, of the table and of its columns."""
        return (*self.table.notes, *map(note_conflict, self.conflicts), *self.mapped.notes)


def list_unsettled(tables: Sequence[SourceTable], mapping: Mapping) -> tuple[Identifier, ...]:
    """The columns that tell, or may tell, who a patient is, and about which nothing was decided."""
    settled = {*mapping.dropped, *mapping.hashed, *mapping.kept}
    numbers = [name for a in mapping.assignments if a.rule in ("number", "days") for name in a.read]
    found: dict[str, Identifier] = {}
    for table in tables:
        for identifier in find_identifiers(table, numbers):
            found.setdefault(identifier.column, identifier)
    return tuple(i for i in found.values() if i.column not in settled)


def say_tells_nobody(mapping: Mapping, column: str) -> Mapping:
    """The mapping that keeps a column which was taken for one that tells who somebody is."""
    return replace(mapping, accepted=(*mapping.accepted, Acceptance(f"{TELLS_NOBODY}:{column}", "it tells nobody")))


def hide(tables: Sequence[SourceTable], mapping: Mapping, key: str) -> tuple[SourceTable, ...]:
    """The tables without the columns that the mapping drops, and with those hashed that it hashes.

    Raises
    ------
    ValueError
        If something is to be hashed and the key is too short.
    """
    clean = tuple(drop_columns(table, mapping.dropped) for table in tables)
    return tuple(hash_columns(table, mapping.hashed, key) for table in clean) if mapping.hashed else clean


def import_patients(tables: Sequence[SourceTable], mapping: Mapping, dictionary: Dictionary) -> Imported:
    """The patients of tables in which nothing tells any more who they are.

    Raises
    ------
    MappingError
        If the mapping cannot be applied to these tables.
    CohortError
        If nobody is left.
    """
    table, conflicts = gather_patients(tables, mapping, dictionary_of(mapping, dictionary))
    mapped = _without_halves(apply_mapping(table, mapping, dictionary))
    return Imported(table, conflicts, mapped, examine(mapped, mapping))


def _without_halves(mapped: Mapped) -> Mapped:
    """The patients without times and events that no endpoint can use, each told: the other half may still be found."""
    halves = list_halves(mapped.frame.columns, mapped.dictionary)
    notes = [
        Note(
            "half-an-endpoint",
            "caution",
            f"{mapped.dictionary[present].label} is not used: {endpoint.label} needs {mapped.dictionary[absent].label} too.",
            f"Choose the column of {mapped.dictionary[absent].label}, if there is one.",
        )
        for present, absent, endpoint in halves
    ]
    frame = mapped.frame.drop(columns=[present for present, *_ in halves])
    return replace(mapped, frame=frame, notes=(*mapped.notes, *notes))


def open_imported(imported: Imported, mapping: Mapping, name: str, smallest_cell: int = 0) -> Cohort:
    """The cohort of imported patients, with what was told and decided on the way as its notes.

    Raises
    ------
    CohortError
        If something is still wrong with them, or small numbers are protected and they are too few.
    """
    examined = imported.examined
    dictionary = examined.mapped.dictionary
    notes = (*imported.notes, *note_decisions(examined, mapping, dictionary))
    cohort = open_cohort(examined.mapped.frame, dictionary, name=name, notes=notes, by_labels=True)
    return protect_cohort(cohort, smallest_cell) if smallest_cell else cohort


def note_conflict(conflict: Conflict) -> Note:
    """That a column differs between the rows of some patients."""
    n = len(conflict.patients)
    named = ", ".join(conflict.patients[:N_NAMED]) + (f" and {n - N_NAMED} more" if n > N_NAMED else "")
    return Note(
        "rows-differ",
        "caution",
        f"{conflict.column} differs between the rows of {n} of them ({named}): "
        f"{'that of the longest time' if conflict.is_latest else 'the first known value'} is taken.",
        "See which row is right, and correct the value if it is another one.",
    )
