"""What a reader has brought and not opened yet; it lives in the session alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import streamlit as st

from analytics.cohort.problems import CohortError, Problem
from analytics.dictionary import load_dictionary
from analytics.intake.beginning import Beginning, begin_intake
from analytics.intake.codebook import split_codebook
from analytics.intake.exports import Export, recognise_export
from analytics.intake.hiding import make_key
from analytics.intake.importing import Imported, hide, import_patients
from analytics.intake.joining import find_keys, join_tables, list_strangers, with_most_first
from analytics.intake.mapping import Mapping, MappingError
from analytics.intake.mapping_text import read_mapping
from analytics.intake.proposing import Guess
from analytics.intake.reading import read_tables, read_tables_as
from analytics.intake.tables import SourceTable
from pages.components import state
from pages.components.leaving import forget_with_session
from pages.components.own_cohort import Memory

MAPPING_ENDING = ".toml"


@dataclass(slots=True, weakref_slot=True)
class Held:
    """Files, the tables in them, and the mapping as far as it is settled.

    ``layouts`` are what the reader said of how tables are read, by the table; ``problems`` are those of files that cannot
    be read. ``key`` is that of hashing: no mapping holds it. ``keys`` are the columns of the patient by which tables are
    joined, where the reader chose them; ``refused`` variables that no column is taken for, and ``chosen`` guesses that the
    reader asked for.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    layouts: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: tuple[SourceTable, ...] = ()
    passed_over: frozenset[str] = frozenset()
    export: Export | None = None
    mapping: Mapping = field(default_factory=partial(Mapping, "file"))
    problems: tuple[Problem, ...] = ()
    key: str = field(default_factory=make_key)
    memory: Memory = field(default_factory=Memory)
    n_taken: int = 0  # how often files were brought: widgets begin anew with each
    keys: dict[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    chosen: dict[str, Guess] = field(default_factory=dict)

    @property
    def used(self) -> tuple[SourceTable, ...]:
        """The tables that the reader has not passed over."""
        return tuple(table for table in self.tables if table.name not in self.passed_over)

    @property
    def of_patients(self) -> tuple[SourceTable, ...]:
        """The tables in use without the one that describes the columns of the others."""
        others, *_ = split_codebook(self.used, self.export)
        return others

    @property
    def name(self) -> str:
        """What the cohort is called: by the first file that is no mapping."""
        return next((name for name in self.files if not name.endswith(MAPPING_ENDING)), "file")

    def forget(self) -> None:
        """Let go of the files, and of all that was read and decided."""
        self.files, self.layouts, self.tables, self.problems = {}, {}, (), ()
        self.passed_over, self.n_taken = frozenset(), self.n_taken + 1
        self.begin()

    def take(self, files: dict[str, bytes], progress: Callable[[float, str], None]) -> None:
        """Read other files in the place of those before."""
        self.read(progress, files)

    def read(self, progress: Callable[[float, str], None], others: dict[str, bytes] | None = None) -> None:
        """Read the files, or others, and begin with the mapping that comes with them, or that their columns are known by.

        What ``progress`` raises leaves all as it was.
        """
        files, layouts = (self.files, self.layouts) if others is None else (others, {})
        tables: list[SourceTable] = []
        problems: list[Problem] = []
        brought: Mapping | None = None
        for place, (name, content) in enumerate(files.items()):

            def tell(share: float, place: int = place, name: str = name) -> None:
                progress((place + share) / len(files), name)

            tell(0.0)
            try:
                if name.endswith(MAPPING_ENDING):
                    brought = read_mapping(content.decode("utf-8"))
                else:
                    tables += (
                        read_tables_as(content, name, layouts, progress=tell)
                        if layouts
                        else read_tables(content, name, progress=tell)
                    )
            except CohortError as error:
                problems += error.problems
            except MappingError as error:
                problems.append(Problem(f"{name} cannot be read", "", str(error)))
            except UnicodeDecodeError:
                problems.append(Problem(f"{name} is not UTF-8", "", "Save the mapping anew as UTF-8."))
        if others is not None:
            self.files, self.layouts = files, layouts
            self.n_taken += 1
        self.tables, self.problems = tuple(tables), tuple(problems)
        self.passed_over = frozenset(table.name for table in tables if table.is_hidden)
        is_known = recognise_export(self.used) is not None or (brought is not None and bool(brought.tables))
        if len(self.used) > 1 and not is_known:
            self.passed_over |= set(list_strangers(self.used))
        self.begin(brought)

    def begin(self, brought: Mapping | None = None) -> None:
        """Begin with a mapping that was brought, or with that of a known export, or with none."""
        self.export = recognise_export(self.used) if self.used else None
        known = self.export.mapping if self.export else None
        self.keys, self.refused, self.chosen = {}, frozenset(), {}
        self.settle(brought or known or Mapping(self.name))

    def settle(self, mapping: Mapping) -> None:
        """Let this be the mapping, as far as it goes."""
        self.mapping = mapping
        self.memory = Memory(kept=4)

    @property
    def is_joined(self) -> bool:
        """True if several tables are put side by side by the column of the patient; known exports have ways of their own."""
        has_way = bool(self.mapping.tables) or (self.export is not None and bool(self.export.codebook))
        return len(self.used) > 1 and not has_way

    def prepare(self) -> tuple[SourceTable, ...]:
        """The tables with nothing in them that tells who somebody is, joined where there are several.

        Raises
        ------
        CohortError
            If they cannot be joined.
        """
        tables = hide(self.used, self.mapping, self.key)
        if not self.is_joined:
            return tables
        keys = {**find_keys(tables), **self.keys}
        return (join_tables(with_most_first(tables, keys), keys),)

    def look(self) -> Beginning:
        """The table of patients, what its columns are taken for, and what has to be asked; made once.

        Raises
        ------
        MappingError
            If the tables do not go with the mapping.
        CohortError
            If they cannot be joined.
        """
        found: Beginning = self.memory.recall("beginning", self._begin)
        return found

    def _begin(self) -> Beginning:
        beginning = begin_intake(self.prepare(), load_dictionary(), self.mapping)
        mapping = beginning.proposal.mapping
        for name in (*self.refused, *self.chosen):
            if self.mapping.get(name) is None:
                mapping = mapping.without(name)
        left_out = {*self.refused, *(self.chosen)}
        asked = [g for g in beginning.proposal.asked if g.assignment.variable not in left_out]
        proposal = replace(beginning.proposal, mapping=mapping, guesses=(*self.chosen.values(), *asked))
        return replace(beginning, proposal=proposal)

    def import_now(self) -> Imported:
        """The patients by what is certain and what was answered so far; made once.

        Raises
        ------
        MappingError
            If the mapping cannot be applied to the tables.
        CohortError
            If nobody is left.
        """
        mapping = self.look().proposal.mapping
        imported: Imported = self.memory.recall(
            "imported",
            lambda: import_patients(split_codebook(self.prepare(), self.export)[0], mapping, load_dictionary()),
        )
        return imported

    @property
    def whole(self) -> Mapping:
        """The mapping with what is certain, of which the next decision starts."""
        return self.look().proposal.mapping


def find_held() -> Held:
    """What the session holds; nothing yet in a new one."""
    if state.INTAKE not in st.session_state:
        st.session_state[state.INTAKE] = Held()
        forget_with_session(st.session_state[state.INTAKE])
    held: Held = st.session_state[state.INTAKE]
    return held


def let_held_go() -> None:
    """Forget the files, and what was decided about them; those that are still in their place would be read again."""
    st.session_state[state.N_UPLOADERS] = st.session_state.get(state.N_UPLOADERS, 0) + 1
    for key in [key for key in st.session_state if str(key).startswith(state.INTAKE)]:
        del st.session_state[key]


def with_layout(held: Held, table: SourceTable, **said: object) -> None:
    """To be called in a callback: read the file of a table anew with something said of how it is read.

    What was decided stays where the columns are the same.
    """
    columns = {one.name: one.columns for one in held.tables}
    mapping, keys, refused = held.mapping, held.keys, held.refused
    held.layouts[table.name] = {**held.layouts.get(table.name, {}), **said}
    held.read(lambda share, name: None)
    if columns == {one.name: one.columns for one in held.tables}:
        held.keys, held.refused = keys, refused
        held.settle(mapping)


def without_layouts(held: Held) -> None:
    """To be called in a callback: read the files anew as they were detected."""
    held.layouts = {}
    held.read(lambda share, name: None)
