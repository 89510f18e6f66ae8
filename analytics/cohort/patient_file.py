"""A file of patients whose rows an engine has read: its columns as text, as numbers and as positions of levels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.cohort.engine import Columns, Store, key_of, list_texts, quoted, quoted_text
from analytics.dictionary import EVENT_LEVELS, Dictionary, Variable

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "missing"})
# English, German, Chinese.
NO_WORDS = ("no", "n", "0", "false", "negative", "neg", "absent", "unchecked", "nein", "negativ", "否", "无", "阴性")
YES_WORDS = ("yes", "y", "1", "true", "positive", "pos", "present", "checked", "ja", "j", "positiv", "是", "有", "阳性")
N_LEVELS_READ = 1000
LONGEST_LEVEL = 200  # characters; a longer text is no level, and is not fetched
_BLANKS = quoted_text(" \t\n\r\v\f")


@dataclass
class PatientFile:
    """The columns of the view ``raw`` under the dictionary's names, each as an expression of the engine.

    ``codes`` holds what each text of a coded column stands for, ``unread`` the columns that hold other texts as well. With a
    ``salt`` each patient has a key.
    """

    engine: Store
    columns: Mapping[str, str]
    dictionary: Dictionary
    codes: dict[str, dict[str, int | None]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    is_joined: bool = False
    salt: str = ""

    def __post_init__(self) -> None:
        coded = [v for v in self.brought if v.is_coded]
        identifier = self.dictionary.identifier.name
        if identifier in self.columns:
            others = [self._column(v.name) for v in self.brought if v.kind != "identifier"]
            self.is_joined = self.engine.join_alike(others, self.trimmed(identifier), self.key)
        # All in one question: a database may be far. The few distinct texts are matched here, so that it only looks them up.
        asked = (
            f"(SELECT {i} AS place, left({self.plain(v.name)}, {LONGEST_LEVEL}) AS text, {self.n_rows} AS n FROM {self.table} "
            f"GROUP BY text ORDER BY n DESC LIMIT {N_LEVELS_READ})"
            for i, v in enumerate(coded)
        )
        found = self.fetch(" UNION ALL ".join(asked)) if coded else {}
        for i, v in enumerate(coded):
            self.codes[v.name] = self._read_codes(v, found["text"][found["place"] == i])

    @property
    def table(self) -> str:
        """Where the values stand, the identifier aside: rows that are alike in all else may have been joined there."""
        return "alike" if self.is_joined else "raw"

    @property
    def key(self) -> str:
        """The key of each patient, "" where nobody has one."""
        return key_of(self.salt, self.trimmed(self.dictionary.identifier.name)) if self.salt else ""

    @property
    def n_rows(self) -> str:
        """The number of rows of the file among those of `table`."""
        return "sum(n)" if self.is_joined else "count(*)"

    @property
    def brought(self) -> tuple[Variable, ...]:
        """Variables with a column in the file, in the order of the dictionary."""
        return tuple(v for v in self.dictionary.variables if v.name in self.columns)

    def has(self, *names: str) -> bool:
        """True if the file brings all these columns."""
        return all(name in self.columns for name in names)

    def with_roles(self, *roles: str) -> tuple[str, ...]:
        """The columns that have these roles, empty unless the file brings all of them."""
        names = tuple(self._roles.get(role, "") for role in roles)
        return names if self.has(*names) else ()

    def plain(self, name: str) -> str:
        """The column as text, as it stands in the file."""
        return f"CAST({self._column(name)} AS VARCHAR)"

    def trimmed(self, name: str) -> str:
        """The column as text without blanks around it."""
        return f"trim({self.plain(name)}, {_BLANKS})"

    def text(self, name: str) -> str:
        """The column as text without blanks around it, null where it holds a word for missing."""
        text = self.trimmed(name)
        return f"(CASE WHEN lower({text}) IN ({list_texts(sorted(MISSING_WORDS))}) THEN NULL ELSE {text} END)"

    def number(self, name: str) -> str:
        """The column as a number, null where it is missing, not finite or no number."""
        column = self._column(name)
        if self._types[column] == "BIGINT":
            return f"CAST({column} AS DOUBLE)"
        if self._types[column] != "DOUBLE":
            text = self.text(name)
            if self.dictionary[name].kind == "event":
                text = f"CASE lower({text}) WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE {text} END"
            column = f"TRY_CAST({text} AS DOUBLE)"
        return f"(CASE WHEN isfinite({column}) THEN {column} END)"

    def holds_text(self, name: str) -> bool:
        """True if the file holds the column as text."""
        return self._types[self._column(name)] == "VARCHAR"

    def given(self, name: str) -> str:
        """True where the cell holds something, readable or not."""
        column = self._column(name)
        if self._types[column] == "DOUBLE":
            return f"({column} IS NOT NULL AND NOT isnan({column}))"
        return f"({column if self._types[column] == 'BIGINT' else self.text(name)} IS NOT NULL)"

    def code(self, name: str) -> str:
        """The position of the level, null where it is missing or unknown."""
        known = [(text, code) for text, code in self.codes[name].items() if code is not None]
        if not known:
            return "CAST(NULL AS TINYINT)"
        cases = " ".join(f"WHEN {quoted_text(text)} THEN {code}" for text, code in known)
        return f"(CASE {self.plain(name)} {cases} END)"

    def value(self, name: str) -> str:
        """The column as it is stored: positions of levels, events as 0 and 1, or numbers."""
        variable = self.dictionary[name]
        if variable.is_coded:
            return self.code(name)
        return f"TRY_CAST({self.number(name)} AS TINYINT)" if variable.kind == "event" else self.number(name)

    def fetch(self, sql: str) -> Columns:
        """The rows of a query as numpy columns."""
        return self.engine.run(sql)

    def count_rows(self, conditions: Sequence[str], table: str = "") -> list[int]:
        """The number of rows of the file for which each of the conditions is true; one on the identifier needs ``raw``."""
        if not conditions:
            return []
        n_rows = "count(*)" if table == "raw" else self.n_rows
        counted = ", ".join(
            f"CAST(coalesce({n_rows} FILTER (WHERE {condition}), 0) AS BIGINT) AS n{i}"
            for i, condition in enumerate(conditions)
        )
        return [int(n[0]) for n in self.fetch(f"SELECT {counted} FROM {table or self.table}").values()]

    @cached_property
    def _roles(self) -> Mapping[str, str]:
        return self.dictionary.roles

    @cached_property
    def _types(self) -> Mapping[str, str]:
        return {quoted(name): kind for name, kind in self.engine.schema("raw").items()}

    def _column(self, name: str) -> str:
        return quoted(self.columns[name])

    def _read_codes(self, variable: Variable, texts: NDArray[Any]) -> dict[str, int | None]:
        """What each of the texts of a column stands for."""
        found = [text for text in texts if text is not np.ma.masked]
        words = list_words(variable)
        whole = [str(text) for text in found if len(text) < LONGEST_LEVEL]
        codes = {text: words[read_word(text)] for text in whole if read_word(text) in words}
        if len(codes) < len(found):
            self.unread.add(variable.name)
        return codes


def read_word(text: str) -> str:
    """Text as it is compared: in lower case, without blanks around it, whole numbers without decimals."""
    word = text.strip().casefold()
    return re.sub(r"^([+-]?\d+)\.0+$", r"\1", word) if word.endswith("0") else word


def list_words(variable: Variable) -> dict[str, int | None]:
    """What may stand for each level of a variable, as the level's position, or for a missing value, as None."""
    words: dict[str, int | None] = dict.fromkeys((*MISSING_WORDS, variable.missing_label.strip().casefold()))
    names = EVENT_LEVELS if variable.kind == "event" else variable.levels
    levels = [level.casefold() for level in names]
    if len(levels) == 2:
        for no, yes in ((0, 1), (1, 0)):
            if levels[no] in NO_WORDS and levels[yes] in YES_WORDS:
                words |= dict.fromkeys(NO_WORDS, no) | dict.fromkeys(YES_WORDS, yes)
    words |= {label.strip().casefold(): code for code, label in enumerate(variable.level_labels)}
    words |= {word.casefold(): names.index(level) for level, some in variable.level_words for word in some}
    return words | {level.strip(): code for code, level in enumerate(levels)}
