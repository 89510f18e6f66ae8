"""Several columns of yes and no that together are one variable: a relapse in the marrow, in the CNS, in both."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations, islice

from analytics.cohort.patient_file import NO_WORDS, YES_WORDS, read_word
from analytics.dictionary import Variable
from analytics.intake.codebook import Codebook
from analytics.intake.contents import Cells
from analytics.intake.drafts import Choice, Draft, Question
from analytics.intake.mapping import Assignment
from analytics.intake.names import split_name

MOST_COLUMNS = 6
_JOINING = frozenset(("isolated", "isoliert", "alone", "only", "with", "plus", "mit", "nur", "单纯", "choice"))
_ALIKE = 4  # first letters of two words that mean the same (testes, testicular)


def find_ticks(cells: dict[str, Cells], variable: Variable, taken: Collection[str], book: Codebook) -> Draft | None:
    """The variable made of columns of yes and no, each of which names one of its levels; None if there are not two."""
    if not variable.is_coded or len(variable.levels) < 3 or variable.derivation is not None:
        return None
    sites = {word for _, names in _named(variable) for name in names for word in split_name(name)}
    about = {
        word for name in (variable.name, variable.label, *variable.other_names) for word in split_name(name)
    } - sites
    words = {c.name: set(split_name(c.label or c.name)) for c in cells.values() if c.name not in taken}
    levels_of = {name: _find_level(some - about, variable) for name, some in words.items() if some & about}
    # Names come first: the cells of thousands of columns are not counted.
    named = [name for name, level in levels_of.items() if level is not None and _is_yes_no(cells[name])]
    if len({levels_of[name] for name in named}) < 2:
        return None
    shared = set.intersection(*(words[name] & about for name in named))
    if not shared:
        return None
    # Another site that no level names is not passed over: its combinations are told.
    others = (name for name, some in words.items() if shared <= some and name not in named)
    unnamed = list(islice((name for name in others if _is_yes_no(cells[name])), MOST_COLUMNS))
    columns = tuple(sorted((*named, *unnamed), key=list(words).index)[:MOST_COLUMNS])
    levels: list[tuple[str, str | None]] = [("", None)]
    for n in range(1, len(columns) + 1):
        for some in combinations(columns, n):
            rest = [words[name] - about for name in some]
            if (level := _find_level(set().union(*rest), variable)) is not None:
                levels.append((" + ".join(some), level))
    base = Assignment(variable.name, columns, "combine", tuple(levels))
    questions: list[Question] = []
    n_empty = sum(cells[name].n_rows - cells[name].n_known for name in columns)
    if n_empty and book.is_empty:
        as_no = Assignment(variable.name, columns, "combine", tuple(levels), no=("", *NO_WORDS))
        choices = (
            Choice("unknown", base, f"{n_empty} cells are unknown, and so is each combination with one."),
            Choice("no", as_no, f"{n_empty} cells mean no."),
        )
        questions.append(Question("empty", "What does an empty cell mean?", choices))
    why = f"{len(columns)} columns of yes and no" + (f"; no level names {', '.join(unnamed)}" if unnamed else "")
    return Draft(base, 0.85 if unnamed else 0.95, why, tuple(questions))


def _is_yes_no(cells: Cells) -> bool:
    return bool(cells.known) and all(read_word(text) in (*YES_WORDS, *NO_WORDS) for text in cells.known)


def _find_level(words: set[str], variable: Variable) -> str | None:
    """The level whose name, or another word for it, consists of these words."""
    wanted = words - _JOINING
    if not wanted:
        return None
    for level, names in _named(variable):
        for name in names:
            parts = set(split_name(name)) - _JOINING
            if parts and _match(parts, wanted) and _match(wanted, parts):
                return level
    return None


def _named(variable: Variable) -> Iterable[tuple[str, Sequence[str]]]:
    others = dict(variable.level_words)
    return [(level, (level, *others.get(level, ()))) for level in variable.levels]


def _match(some: set[str], others: set[str]) -> bool:
    """True if each of some words means the same as one of the others."""
    return all(any(_is_alike(word, other) for other in others) for word in some)


def _is_alike(word: str, other: str) -> bool:
    return word == other or (min(len(word), len(other)) >= _ALIKE and word[:_ALIKE] == other[:_ALIKE])
