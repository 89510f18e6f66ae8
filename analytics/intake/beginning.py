"""From the tables of a team's files to one table of patients and a mapping: known at once, or proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.dictionary import Dictionary
from analytics.intake.applying import dictionary_of
from analytics.intake.codebook import split_codebook
from analytics.intake.exports import Export, recognise_export
from analytics.intake.gathering import Conflict, gather_patients
from analytics.intake.mapping import Mapping
from analytics.intake.names import forgetting_names
from analytics.intake.proposing import Proposal, propose_mapping
from analytics.intake.tables import SourceTable


@dataclass(frozen=True, eq=False)
class Beginning:
    """What is known of tables before anything was asked.

    Attributes
    ----------
    table
        One row per patient, to which the mapping is applied.
    proposal
        The mapping so far, and guesses for the variables that it does not make.
    export
        The export that the tables were recognised as; None if it is not known.
    conflicts
        Columns of the mapping that differ between rows of a patient.
    """

    table: SourceTable
    proposal: Proposal
    export: Export | None
    conflicts: tuple[Conflict, ...]


def begin_intake(tables: Sequence[SourceTable], dictionary: Dictionary, mapping: Mapping | None = None) -> Beginning:
    """The table of patients of some tables, and what its columns may mean.

    Parameters
    ----------
    mapping
        One that was saved for such tables; that of the export that they are if None.

    Raises
    ------
    MappingError
        As `gather_patients`: of several tables that no mapping puts together one has to be chosen, or they are joined.
    """
    export = recognise_export(tables)
    others, book, key = split_codebook(tables, export)
    start = mapping or (export.mapping if export else Mapping(others[0].name if others else "export"))
    if key and not start.key:
        start = replace(start, key=key)
    table, conflicts = gather_patients(others, start, dictionary_of(start, dictionary))
    with forgetting_names():
        proposal = propose_mapping(table, dictionary, start, book)
    if proposal.mapping.assignments != start.assignments:  # further columns that may differ between rows
        known = dictionary_of(proposal.mapping, dictionary)
        table, conflicts = gather_patients(others, proposal.mapping, known)
    return Beginning(table, proposal, export, conflicts)
