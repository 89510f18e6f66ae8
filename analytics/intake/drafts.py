"""One column as one variable: how it would be read, how well it fits, and what has to be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.cohort.patient_file import NO_WORDS, YES_WORDS, list_words, read_word
from analytics.dictionary import EVENT_LEVELS, Dictionary, Variable
from analytics.formats import shorten
from analytics.intake.cells import read_number
from analytics.intake.contents import Cells, is_code
from analytics.intake.mapping import Assignment
from analytics.intake.units import Unit, guess_units

MOST_TEXTS = 40  # different texts of a column that can be levels
N_EXAMPLES = 4
_NINES, _OFTEN = (99.0, 999.0, 9999.0), 3


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: what it is called, what it makes of the variable, and what follows."""

    label: str
    assignment: Assignment
    consequence: str


@dataclass(frozen=True, slots=True)
class Question:
    """What cannot be known from the file. ``kind`` is "event", "unit", "order", "levels", "missing", "column" or "empty".

    The first of the choices is what the assignment does. One of kind "levels" is about ``texts`` to which levels are to be given.
    """

    kind: str
    text: str
    choices: tuple[Choice, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A column read as a variable: ``fit`` from 0 (not at all) to 1 (every cell)."""

    assignment: Assignment
    fit: float
    why: str
    questions: tuple[Question, ...] = ()


def draft(cells: Cells, variable: Variable, dictionary: Dictionary, *, is_exact: bool) -> Draft | None:
    """The column as the variable, None if it cannot be; ``is_exact`` where it has the dictionary's own name."""
    if not cells.n_known:
        return None
    if variable.kind == "identifier":
        # One who has several rows is one all the same; a number of the row beside it is no patient's.
        fit = 0.9 + 0.1 * len(cells.known) / cells.n_known if cells.n_known == cells.n_rows else 0.0
        why = "one for every row" if cells.is_unique else "some have several rows"
        return Draft(Assignment(variable.name, (cells.name,)), fit, why)
    if variable.is_coded or variable.kind == "event":
        return _draft_levels(cells, variable, dictionary, is_exact=is_exact)
    return _draft_number(cells, variable, dictionary, is_exact=is_exact)


def _draft_levels(cells: Cells, variable: Variable, dictionary: Dictionary, *, is_exact: bool) -> Draft | None:
    base = Assignment(variable.name, (cells.name,), missing=cells.unknown)
    if cells.is_date:
        is_two = variable.kind == "event" or len(variable.levels) == 2
        return Draft(replace(base, rule="present"), 0.9, "a date says that it happened") if is_two else None
    if len(cells.known) > MOST_TEXTS:
        return None
    levels = variable.levels or EVENT_LEVELS
    read = {text: _level_of(text, cells, variable) for text in cells.known}
    lost = [text for text, level in read.items() if level is None]
    share = sum(n for text, n in cells.known.items() if read[text] is not None) / cells.n_known
    if cells.choices:
        told = {text: _level_of(text, cells, variable) for text in (*(code for code, _ in cells.choices), *read)}
        if any(told.values()):
            base = replace(base, rule="levels", levels=tuple((text, level) for text, level in told.items() if level))
    if not lost:
        question = () if is_exact or cells.choices else tuple(_ask_event(cells, variable, dictionary))
        return Draft(base, 1.0, "every value is known", question)
    if share and all(is_code(text) for text in lost):
        without = replace(base, missing=(*base.missing, *lost))
        asked = _ask_missing(cells, without, base, lost, dictionary)
        return Draft(without, share, "all but codes for unknown", (asked,))
    numeric = all(read_number(text) is not None for text in cells.known)
    if numeric and (not share or variable.kind == "event"):
        return _draft_codes(cells, base, variable, levels, dictionary)
    if not share:
        return None
    # In their own words the others are read as before, those for missing that are a level ("none") among them.
    text = f"Which {variable.label.casefold()} is meant by {_list(lost)}?"
    choice = Choice("unknown", base.with_levels(dict.fromkeys(lost)), _count(cells, lost, dictionary))
    question = (Question("levels", text, (choice,), tuple(lost)),)
    n_lost = sum(cells.known[text] for text in lost)
    return Draft(base, share, f"all but {n_lost} of {cells.n_known} values are known", question)


def draft_opposite(cells: Cells, variable: Variable, dictionary: Dictionary) -> Draft | None:
    """A column of yes and no that says the opposite of an event ("alive"), which is asked; None if it is no such column."""
    counts = {True: 0, False: 0}
    for text, n in cells.known.items():
        word = read_word(cells.say(text))
        if word not in (*YES_WORDS, *NO_WORDS):
            return None
        counts[word in YES_WORDS] += n
    if variable.kind != "event" or not all(counts.values()):
        return None
    usual = Assignment(variable.name, (cells.name,), missing=cells.unknown)
    if cells.choices:
        codes = tuple((text, str(int(read_word(cells.say(text)) in YES_WORDS))) for text in cells.known)
        usual = replace(usual, rule="levels", levels=codes)
    had, patients = _had(variable, dictionary), dictionary.words.plural
    choices = tuple(
        Choice(
            f"{'no' if is_inverted else 'yes'} = {had}",
            replace(usual, is_inverted=is_inverted),
            f"Then {counts[not is_inverted]} of {cells.n_known} {patients} {had}.",
        )
        for is_inverted in (True, False)
    )
    question = Question("event", f"“{shorten(cells.name)}”: which value means “{had}”?", choices, tuple(cells.known))
    return Draft(choices[0].assignment, 0.9, "its name says the opposite", (question,))


def _level_of(text: str, cells: Cells, variable: Variable) -> str | None:
    """The level that a text stands for, by the choices of the column or in its own words."""
    levels = variable.levels or EVENT_LEVELS
    words = list_words(variable)
    if variable.kind == "event":
        words = {**dict.fromkeys(NO_WORDS, 0), **dict.fromkeys(YES_WORDS, 1), **words}
    said = cells.say(text)
    head, colon, _ = said.partition(":")
    if variable.kind == "event" and colon and head.strip() in EVENT_LEVELS:
        return head.strip()
    code = words.get(read_word(said))
    return None if code is None else levels[code]


def _draft_codes(
    cells: Cells, base: Assignment, variable: Variable, levels: Sequence[str], dictionary: Dictionary
) -> Draft | None:
    """Numbers that stand for levels, which nobody can know: as many as there are levels, but for codes of unknown."""
    codes = sorted(cells.known, key=lambda text: read_number(text) or 0.0)
    surplus = [text for text in codes if is_code(text)][-1:] if len(codes) > len(levels) else []
    codes = [text for text in codes if text not in surplus]
    if len(codes) != len(levels) or len(codes) > MOST_TEXTS:
        return None
    base = replace(base, rule="value", levels=(), missing=(*base.missing, *surplus))
    orders = [levels, levels[::-1]] if len(levels) == 2 else [levels]
    choices = tuple(
        _choose_codes(cells, base, variable, dict(zip(codes, order, strict=True)), dictionary) for order in orders
    )
    kind = "event" if variable.kind == "event" else "levels"
    text = f"What do {_list(codes)} stand for?"
    return Draft(choices[0].assignment, 0.5, "numbers stand for levels", (Question(kind, text, choices, tuple(codes)),))


def _choose_codes(
    cells: Cells, base: Assignment, variable: Variable, meaning: dict[str, str], dictionary: Dictionary
) -> Choice:
    chosen = _with_levels(base, dict(meaning))
    label = ", ".join(f"{code} = {_say(level, variable, dictionary)}" for code, level in meaning.items())
    if variable.kind == "event":
        (code,) = (code for code, level in meaning.items() if level == EVENT_LEVELS[1])
        return Choice(label, chosen, _say_event(cells, code, variable, dictionary))
    counts = ", ".join(f"{cells.known[code]} {variable.level_label(level)}" for code, level in meaning.items())
    return Choice(label, chosen, counts)


def _ask_event(cells: Cells, variable: Variable, dictionary: Dictionary) -> Iterator[Question]:
    """Which of 0 and 1 is the event, where the column has no words for it."""
    codes = sorted(cells.known, key=lambda text: read_number(text) or 0.0)
    if variable.kind != "event" or [read_number(code) for code in codes] != [0, 1]:
        return
    base = Assignment(variable.name, (cells.name,), "levels", levels=((codes[0], "0"),), missing=cells.unknown)
    meanings = [dict(zip(codes, order, strict=True)) for order in (EVENT_LEVELS, EVENT_LEVELS[::-1])]
    choices = tuple(_choose_codes(cells, base, variable, meaning, dictionary) for meaning in meanings)
    yield Question("event", f"Which value means “{_had(variable, dictionary)}”?", choices, tuple(codes))


def _ask_missing(
    cells: Cells, without: Assignment, base: Assignment, codes: Sequence[str], dictionary: Dictionary
) -> Question:
    choices = (
        Choice("unknown", without, _count(cells, codes, dictionary)),
        Choice("a value", base, "It is read as it stands, and told where it cannot be."),
    )
    return Question("missing", f"Does {_list(codes)} mean unknown?", choices, tuple(codes))


def _draft_number(cells: Cells, variable: Variable, dictionary: Dictionary, *, is_exact: bool) -> Draft | None:
    share = len(cells.numbers) / cells.n_known
    if share < 0.5:
        return None
    base = Assignment(variable.name, (cells.name,), "number", missing=cells.unknown)
    questions: list[Question] = []
    numbers, codes = _without_codes(cells)
    if codes:
        without = replace(base, missing=(*base.missing, *codes))
        questions.append(_ask_missing(cells, without, base, codes, dictionary))
        base = without
    limits = [text for text in cells.known if read_number(text) is None and text.startswith(("<", "≤"))]
    if limits:
        base = replace(base, levels=tuple((text, "0") for text in limits))
        blank = replace(base, levels=tuple((text, None) for text in limits))
        choices = (
            Choice("0", base, _count(cells, limits, dictionary)),
            Choice("unknown", blank, _count(cells, limits, dictionary)),
        )
        questions.append(Question("levels", f"What do {_list(limits)} stand for?", choices, tuple(limits)))
    units = guess_units(variable, cells.names, numbers)
    if is_exact and variable.kind != "duration":
        units = units[:1] if units and units[0].factor == 1 else units
    if len(units) > 1:
        questions.append(_ask_unit(base, variable, units, numbers))
    if units:
        base = replace(base, factor=units[0].factor)
    lost = [text for text in cells.known if read_number(text) is None and text not in limits]
    why = f"numbers{f' in {units[0].name}' if units else ''}" + (
        f"; {len(lost)} {'text is' if len(lost) == 1 else 'texts are'} none" if lost else ""
    )
    return Draft(base, share, why, tuple(questions))


def _without_codes(cells: Cells) -> tuple[NDArray[np.float64], list[str]]:
    """The numbers without codes for unknown, and these: repeated, and far from all others, or the only ones below 0.

    Nines that stand often above all other numbers are codes as well: 999 among white cells up to 400.
    """
    numbers = cells.numbers
    codes = []
    for text, n in cells.known.items():
        value = read_number(text)
        if not is_code(text) or value is None or n < 2:
            continue
        others = numbers[numbers != value]
        if not len(others):
            continue
        is_nines = value in _NINES and n >= _OFTEN and value > others.max()
        if is_nines or value > 3 * others.max() or value < 0 <= others.min():
            codes.append(text)
            numbers = others
    return numbers, codes


def _ask_unit(base: Assignment, variable: Variable, units: Sequence[Unit], numbers: NDArray[np.float64]) -> Question:
    median = float(np.median(numbers))
    in_words = "days" if variable.kind == "duration" else variable.unit
    choices = tuple(
        Choice(
            unit.name,
            replace(base, factor=unit.factor),
            f"The median {median:g} is {median * unit.factor:.4g} {in_words}.",
        )
        for unit in units
    )
    return Question("unit", f"In which unit is “{shorten(base.columns[0])}”?", choices)


def _with_levels(base: Assignment, levels: dict[str, str] | dict[str, None] | dict[str, str | None]) -> Assignment:
    return replace(base, rule="levels", levels=tuple({**dict(base.levels), **levels}.items()))


def _had(variable: Variable, dictionary: Dictionary) -> str:
    return next((e.had for e in dictionary.endpoints if e.event == variable.name), variable.label.casefold())


def _say(level: str, variable: Variable, dictionary: Dictionary) -> str:
    if variable.kind != "event":
        return variable.level_label(level)
    had = _had(variable, dictionary)
    return had if level == EVENT_LEVELS[1] else f"not {had}"


def _say_event(cells: Cells, code: str, variable: Variable, dictionary: Dictionary) -> str:
    had, words = _had(variable, dictionary), dictionary.words
    return f"If {code} means “{had}”, it is {cells.known[code]} of {cells.n_known} {words.plural}."


def _count(cells: Cells, texts: Iterable[str], dictionary: Dictionary) -> str:
    n = sum(cells.counts[text] for text in texts)
    return f"{n} of {cells.n_rows} {dictionary.words.plural}."


def _list(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - N_EXAMPLES} more" if len(texts) > N_EXAMPLES else ""
    return ", ".join(f"“{shorten(text)}”" for text in texts[:N_EXAMPLES]) + more
