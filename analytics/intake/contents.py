"""What a column holds: its different texts, which of them are known, whether they are dates or numbers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.cohort.patient_file import MISSING_WORDS, read_word
from analytics.intake.cells import read_number
from analytics.intake.dates import is_ambiguous, read_date

# What files write for unknown beside the words that always mean it: English, German, Chinese.
UNKNOWN = frozenset(
    (
        *(
            "unknown",
            "unk",
            "not known",
            "not available",
            "[not available]",
            "not done",
            "not reported",
            "not recorded",
        ),
        *("not applicable", "?", "-", "–", "--", "nd", "n.d.", "n.a.", "n. a.", "unbekannt", "nicht bekannt"),
        *("nicht untersucht", "k.a.", "k. a.", "未知", "不详", "不明", "未做", "未查"),
    )
)
N_ROWS = 20_000  # rows whose cells are looked at
CODES: tuple[str, ...] = ("9", "99", "999", "9999", "-1", "-9", "-99", "-999", "8", "88", "888", "77", "777")


_LEGEND = re.compile(r"([^\W_]+)\s*=\s*([^\W\d_][^,;/|=)\]）]*)")


def read_legend(name: str) -> tuple[tuple[str, str], ...]:
    """What codes stand for by the name of their column: "Sex (1=F, 2=M)"; empty where it says nothing."""
    return tuple((code, said.strip()) for code, said in _LEGEND.findall(name))


@dataclass(frozen=True, eq=False)
class Cells:
    """What a column holds. Nothing is counted before it is asked for: a file may have thousands of columns."""

    frame: pd.DataFrame
    name: str
    label: str = ""
    choices: tuple[tuple[str, str], ...] = ()

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each text stands there, the most frequent first."""
        return dict(Counter(self.frame[self.name].head(N_ROWS).dropna().astype(str).tolist()).most_common())

    @property
    def n_rows(self) -> int:
        """How many cells it has, empty ones too."""
        return min(len(self.frame), N_ROWS)

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """Words for unknown beside those that always mean it."""
        return tuple(text for text in self.counts if read_word(self.say(text)) in UNKNOWN)

    def say(self, text: str) -> str:
        """What a text stands for, by the choices of the column; itself where it has none."""
        word = read_word(text)
        return next((label for code, label in self.choices if read_word(code) == word), text)

    @cached_property
    def known(self) -> dict[str, int]:
        """The texts that are known."""
        blank = MISSING_WORDS | UNKNOWN
        return {text: n for text, n in self.counts.items() if read_word(self.say(text)) not in blank}

    @cached_property
    def n_known(self) -> int:
        """How many cells are known."""
        return sum(self.known.values())

    @cached_property
    def is_unique(self) -> bool:
        """True if every row holds another text."""
        return self.n_known == self.n_rows == len(self.known) > 0

    @cached_property
    def is_date(self) -> bool:
        """True if nearly all texts are dates, in whatever order."""
        dated = sum(n for text, n in self.known.items() if is_ambiguous(text) or read_date(text) is not None)
        return self.n_known > 0 and dated >= 0.9 * self.n_known

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The numbers among the cells."""
        pairs = ((read_number(text), n) for text, n in self.known.items())
        return np.array([value for value, n in pairs if value is not None for _ in range(n)])

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called."""
        return (self.name, self.label) if self.label else (self.name,)


def is_code(text: str) -> bool:
    """True for a number that files write for unknown, with decimals or without."""
    return read_word(text) in CODES
