"""Exports that are known: a file of each says by which columns it is recognised, and is otherwise a mapping."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from analytics.intake.mapping import Assignment, Mapping, MappingError, require
from analytics.intake.mapping_text import mapping_from
from analytics.intake.tables import SourceTable

EXPORTS_PATH = Path(__file__).parent.parent.parent / "data" / "exports"
_OWN = ("about", "address", "recognised_by", "codebook")


@dataclass(frozen=True, slots=True)
class Export:
    """An export that is known.

    Attributes
    ----------
    mapping
        What its columns mean.
    about, address
        What it is, and where it can be had ("" where every hospital has its own).
    recognised_by
        Sets of columns: each must be found in one of the tables.
    codebook
        The columns of the table that describes the others, by what they hold: "field", "label", "choices", "type",
        "identifier"; empty where there is none.
    """

    mapping: Mapping
    about: str
    address: str
    recognised_by: tuple[tuple[str, ...], ...]
    codebook: tuple[tuple[str, str], ...] = ()

    def fits(self, tables: Sequence[SourceTable]) -> bool:
        """True if each set of columns is found in one of the tables, in any case."""
        found = [{_key(name) for name in table.columns} for table in tables]
        return all(any({_key(name) for name in names} <= columns for columns in found) for names in self.recognised_by)

    @property
    def n_columns(self) -> int:
        """How many columns it is recognised by: of two that fit, the one with more is meant."""
        return sum(map(len, self.recognised_by))


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


@cache
def load_exports() -> tuple[Export, ...]:
    """All exports of the folder ``data/exports``, by the names of their files."""
    return tuple(open_export(path) for path in sorted(EXPORTS_PATH.glob("*.toml")))


def open_export(path: Path) -> Export:
    """The export of a TOML file: a mapping with ``about``, ``recognised_by`` and, if it has one, ``codebook``.

    Raises
    ------
    MappingError
        If it is no mapping, or does not say by which columns it is recognised.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{path.name} is no TOML: {error}. Mend that line.") from error
    try:
        return _export(content)
    except MappingError as error:
        raise MappingError(f"{path.name}: {error}") from error


def _export(content: dict[str, Any]) -> Export:
    sets = content.get("recognised_by")
    is_list = isinstance(sets, list) and bool(sets)
    is_sets = is_list and all(isinstance(names, list) and names for names in sets or ())
    require(is_sets, "recognised_by", 'Give sets of columns: recognised_by = [["PATIENT_ID", "OS_MONTHS"]]')
    return Export(
        mapping_from({key: value for key, value in content.items() if key not in _OWN}),
        str(content.get("about", "")),
        str(content.get("address", "")),
        tuple(tuple(map(str, names)) for names in sets or ()),
        tuple((key, str(name)) for key, name in content.get("codebook", {}).items()),
    )


def recognise_export(tables: Sequence[SourceTable], exports: Sequence[Export] | None = None) -> Export | None:
    """The export that the tables are, its columns written as the tables have them; None if it is not known."""
    known = load_exports() if exports is None else exports
    fitting = [export for export in known if export.fits(tables)]
    if not fitting:
        return None
    export = max(fitting, key=lambda export: export.n_columns)
    return replace(export, mapping=spell_as(export.mapping, [name for table in tables for name in table.columns]))


def spell_as(mapping: Mapping, columns: Sequence[str]) -> Mapping:
    """The mapping with each column spelt as in the list, where that differs in case, blanks and punctuation alone."""
    by_key = {_key(name): name for name in reversed(columns)}
    # Columns of a part are called by its name, a point, and their own.
    parts = {part.name for part in mapping.tables}

    def spell(name: str) -> str:
        part, point, column = name.partition(".")
        if point and part in parts:
            return f"{part}.{spell(column)}"
        return name if name in columns else by_key.get(_key(name), name)

    def spell_where(where: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple((spell(name), texts) for name, texts in where)

    def spell_all(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(spell, names))

    def spell_assignment(a: Assignment) -> Assignment:
        levels = a.levels
        if a.rule == "combine":
            levels = tuple(
                (" + ".join(map(spell, text.split(" + "))) if text else text, level) for text, level in levels
            )
        origin = spell(a.origin) if a.origin else ""
        return replace(a, columns=spell_all(a.columns), levels=levels, origin=origin, where=spell_where(a.where))

    return replace(
        mapping,
        key=spell(mapping.key) if mapping.key else "",
        dropped=spell_all(mapping.dropped),
        hashed=spell_all(mapping.hashed),
        assignments=tuple(map(spell_assignment, mapping.assignments)),
        tables=tuple(
            replace(
                part,
                key=spell(part.key),
                columns=spell_all(part.columns),
                where=spell_where(part.where),
                order=spell(part.order) if part.order else "",
            )
            for part in mapping.tables
        ),
    )
