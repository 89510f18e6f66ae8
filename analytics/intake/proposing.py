"""A mapping for an export that nobody knows: by names, synonyms and content; what is certain is taken, the rest asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from itertools import islice

import pandas as pd

from analytics.cohort.patient_file import MISSING_WORDS, NO_WORDS, YES_WORDS, list_words, read_word
from analytics.dictionary import DAYS_PER_YEAR, Dictionary, Variable
from analytics.formats import join_words, shorten
from analytics.intake.applying import dictionary_of
from analytics.intake.codebook import Codebook
from analytics.intake.contents import N_ROWS, Cells, read_legend
from analytics.intake.dates import find_orders, is_ambiguous, read_date
from analytics.intake.drafts import Choice, Draft, Question, draft, draft_opposite
from analytics.intake.following import list_following
from analytics.intake.identifiers import is_birth
from analytics.intake.making import Making
from analytics.intake.mapping import Assignment, Mapping
from analytics.intake.names import LEAST_NAME, SURE_NAME, score_name, split_name
from analytics.intake.spellings import list_names_of, list_opposites, list_spellings
from analytics.intake.tables import SourceTable
from analytics.intake.ticks import find_ticks

SURE = 0.9  # from this confidence on, and with nothing to ask, a guess is taken
LEAST_FIT = 0.3
N_PREVIEW = 5
BY_WORDS = 0.7  # the confidence in a column whose name tells nothing
MOST_WORDS = 12
MOST_COLUMNS = 300  # of more, those alone are looked at whose names share a word with the dictionary's


@dataclass(frozen=True, slots=True)
class Guess:
    """How one variable may be made.

    Attributes
    ----------
    assignment
        The likeliest way; that of the first choice of each question.
    confidence
        0 to 1: how well name and content go together.
    why
        In a few words.
    questions
        What has to be asked before it is taken.
    preview
        Texts of the file, and what becomes of them ("" for unknown).
    """

    assignment: Assignment
    confidence: float
    why: str
    questions: tuple[Question, ...] = ()
    preview: tuple[tuple[str, str], ...] = ()

    @property
    def is_sure(self) -> bool:
        """True if it is taken without being asked."""
        return self.confidence >= SURE and not self.questions

    def answered(self, question: Question, choice: Choice) -> Guess:
        """The guess after one of its questions was answered, with the others still open."""
        usual = question.choices[0].assignment
        names = [f.name for f in fields(usual)]
        changed = {name: getattr(choice.assignment, name) for name in names}
        changed = {name: value for name, value in changed.items() if value != getattr(usual, name)}
        return replace(
            self,
            assignment=replace(self.assignment, **changed),
            questions=tuple(other for other in self.questions if other != question),
            preview=(),
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping with everything that is certain, all guesses in the order of the dictionary, and columns of no use.

    What was answered goes into the mapping (`Mapping.with_assignment`), of which a further proposal starts: what follows
    from it is then certain.
    """

    mapping: Mapping
    guesses: tuple[Guess, ...]
    unused: tuple[str, ...]

    @property
    def asked(self) -> tuple[Guess, ...]:
        """The guesses that are not certain."""
        return tuple(guess for guess in self.guesses if not guess.is_sure)


def propose_mapping(
    table: SourceTable, dictionary: Dictionary, start: Mapping | None = None, codebook: Codebook | None = None
) -> Proposal:
    """What the columns of a table may mean.

    Parameters
    ----------
    start
        What is known already (a recognised export, a mapping of an earlier file): its variables are not guessed.
    codebook
        Labels and choices of the columns, and which tell who somebody is.
    """
    start = start or Mapping(table.name)
    dictionary = dictionary_of(start, dictionary)
    book = codebook or Codebook()
    cells = {
        name: Cells(table.frame, name, book.labels.get(name, ""), book.choices.get(name) or read_legend(name))
        for name in table.columns
        if name not in _dropped(start, book)
    }
    guesses = list(_guess_all(cells, dictionary, start, book))
    guesses = [replace(guess, preview=_preview(table, guess.assignment, start, dictionary)) for guess in guesses]
    sure = [guess.assignment for guess in guesses if guess.is_sure]
    mapping = replace(start, assignments=(*start.assignments, *sure), dropped=_dropped(start, book))
    identifier = dictionary.identifier.name
    if not mapping.key and (made := mapping.get(identifier)) is not None and made.columns:
        mapping = replace(mapping, key=made.columns[0])
    read = {column for a in (*start.assignments, *(guess.assignment for guess in guesses)) for column in a.read}
    read |= {mapping.key}
    return Proposal(mapping, tuple(guesses), tuple(name for name in table.columns if name not in read))


def propose_column(
    table: SourceTable, column: str, variable: Variable, dictionary: Dictionary, start: Mapping
) -> Guess | None:
    """How a column that a reader chose makes a variable; None if it cannot."""
    cells = {name: Cells(table.frame, name, choices=read_legend(name)) for name in table.columns}
    if variable.kind == "duration" and cells[column].is_date:
        drafted = _draft_days(variable, [cells[column]], cells, dictionary)
    else:
        drafted = draft(cells[column], variable, dictionary, is_exact=False)
    if drafted is None:
        return None
    guess = Guess(drafted.assignment, drafted.fit, f"chosen; {drafted.why}", drafted.questions)
    return replace(guess, preview=_preview(table, guess.assignment, start, dictionary))


def _dropped(start: Mapping, book: Codebook) -> tuple[str, ...]:
    """The columns that go: those of which the codebook says that they tell who somebody is, unless the reader decided."""
    settled = {start.key, *start.hashed, *start.kept}
    return tuple(dict.fromkeys((*start.dropped, *(name for name in book.identifiers if name not in settled))))


def _guess_all(cells: dict[str, Cells], dictionary: Dictionary, start: Mapping, book: Codebook) -> Iterator[Guess]:
    """A guess for every variable that a column may be, each column but dates for one variable alone."""
    wanted = [v for v in dictionary.variables if start.get(v.name) is None]
    if start.key:
        wanted = [v for v in wanted if v.kind != "identifier"]
    found: dict[str, Guess] = {}
    taken = {column for a in start.assignments for column in a.columns}
    # Columns of which each names a level belong together, whatever one of them alone would be taken for.
    for variable in wanted:
        if (ticked := find_ticks(cells, variable, taken, book)) is not None:
            found[variable.name] = Guess(ticked.assignment, ticked.fit, ticked.why, ticked.questions)
            taken |= set(ticked.assignment.columns)
    offers = sorted((offer for v in wanted for offer in _offers(cells, v, dictionary)), key=lambda offer: -offer.score)
    for offer in offers:
        name = offer.variable.name
        if name in found or (offer.columns[0] in taken and not offer.is_date):
            continue
        found[name] = Guess(offer.draft.assignment, offer.score, offer.why, offer.draft.questions)
        taken |= set() if offer.is_date else set(offer.columns)
    for by_words in _guess_by_words(cells, [v for v in wanted if v.name not in found], taken, dictionary):
        found[by_words.assignment.variable] = by_words
    age = dictionary.roles.get("age") or ""
    if age not in found and start.get(age) is None and (by_birth := _guess_age(cells, age, dictionary)):
        found[age] = by_birth
    if (
        not start.key
        and dictionary.identifier.name not in found
        and (guess := _guess_key(cells, dictionary, taken, start.hashed))
    ):
        found[dictionary.identifier.name] = guess
    known = [*start.assignments, *(guess.assignment for guess in found.values())]
    waiting: set[str] = set()
    for assignment, sources, is_certain in list_following(dictionary, known, cells, start.missing):
        if any(s in waiting or (s in found and found[s].questions) for s in sources):
            waiting.add(assignment.variable)  # it follows once that is answered
        elif assignment.variable not in found and start.get(assignment.variable) is None:
            confidence = min((found[s].confidence for s in sources if s in found), default=1.0)
            limit = 1.0 if is_certain else SURE - 0.05
            found[assignment.variable] = Guess(
                assignment, min(confidence, limit), f"follows from {_labels(sources, dictionary)}"
            )
    yield from (found[v.name] for v in dictionary.variables if v.name in found)


def _labels(names: Sequence[str], dictionary: Dictionary) -> str:
    return join_words([dictionary[name].label.casefold() for name in names])


@dataclass(frozen=True, slots=True)
class _Offer:
    variable: Variable
    columns: tuple[str, ...]
    draft: Draft
    score: float
    why: str
    is_date: bool


def _offers(cells: dict[str, Cells], variable: Variable, dictionary: Dictionary) -> Iterator[_Offer]:
    """Every column that may be the variable, with how well it would be."""
    names, opposites = list_names_of(variable), list_opposites(variable)
    dates: list[tuple[int, float, Cells]] = []
    words = {word for name in names for word in split_name(name)}
    for column in cells.values():
        # Of thousands of columns those are looked at that share a word with the names.
        if len(cells) > MOST_COLUMNS and not any(words & set(split_name(name)) for name in column.names):
            continue
        score, place = max(score_name(name, names) for name in list_spellings(column.names, variable))
        told_otherwise = max(score_name(name, opposites)[0] for name in column.names) if opposites else 0.0
        if told_otherwise > score and (drafted := draft_opposite(column, variable, dictionary)) is not None:
            yield _Offer(variable, (column.name,), drafted, told_otherwise, drafted.why, False)
            continue
        # What the dictionary derives is taken from a file only under its own name.
        if score < (SURE_NAME if variable.derivation else LEAST_NAME):
            continue
        if variable.kind == "duration" and column.is_date:
            dates.append((place, score, column))
            continue
        drafted = draft(column, variable, dictionary, is_exact=column.name == variable.name)
        if drafted is not None and drafted.fit >= LEAST_FIT:
            said = "the same name" if score >= SURE_NAME else f"a name like “{names[place]}”"
            yield _Offer(
                variable,
                (column.name,),
                drafted,
                score * (0.4 + 0.6 * drafted.fit),
                f"{said}; {drafted.why}",
                column.is_date,
            )
    if dates:
        # Several dates end the same time: those that stand first among the names (death) come before (last contact).
        dates.sort(key=lambda entry: entry[0])
        score = max(score for _, score, _ in dates)
        drafted = _draft_days(variable, [column for _, _, column in dates], cells, dictionary)
        if drafted is not None:
            columns = tuple(column.name for _, _, column in dates)
            yield _Offer(variable, columns, drafted, score * (0.4 + 0.6 * drafted.fit), drafted.why, True)


def _draft_days(
    variable: Variable, ends: Sequence[Cells], cells: dict[str, Cells], dictionary: Dictionary
) -> Draft | None:
    """A time from the date of its origin, as its unit says ("days from relapse"), to the first known of some dates."""
    day = variable.unit.rpartition(" from ")[2]
    names = dict(dictionary.origins).get(day, ())
    words = {word for name in names for word in split_name(name)}
    some = list(cells.values())
    if len(cells) > MOST_COLUMNS:
        some = [column for column in some if any(words & set(split_name(name)) for name in column.names)]
    dated = [column for column in some if column.is_date]
    scores = {column.name: max(score_name(name, names)[0] for name in column.names) for column in dated}
    columns = tuple(column.name for column in ends)
    likely = [name for name in sorted(scores, key=lambda name: -scores[name]) if name not in columns]
    if not likely:
        return None
    base = _with_order(Assignment(variable.name, columns, "days", origin=likely[0]), cells)
    questions = []
    if scores[likely[0]] < LEAST_NAME:
        choices = tuple(
            Choice(
                name,
                _with_order(replace(base, origin=name), cells),
                f"{variable.label} is counted from “{shorten(name)}”.",
            )
            for name in likely
        )
        questions.append(Question("column", f"Which column is the date of {day}?", choices))
    texts = _texts_of(base, cells)
    if base.date_order and len(find_orders(texts)) > 1:
        orders = find_orders(texts)
        doubts = list(filter(is_ambiguous, texts))
        # One that is another day in each order tells more than 01/01/2017.
        doubtful = next((text for text in doubts if len({read_date(text, o) for o in orders}) > 1), doubts[0])
        choices = tuple(
            Choice(order, replace(base, date_order=order), f"{shorten(doubtful)} is {_say_date(doubtful, order)}.")
            for order in orders
        )
        questions.append(Question("order", f"In which order are the dates of “{shorten(columns[0])}”?", choices))
    fit = 1.0 if scores[likely[0]] >= LEAST_NAME else 0.5
    return Draft(base, fit, f"days from “{base.origin}”", tuple(questions))


def _texts_of(assignment: Assignment, cells: dict[str, Cells]) -> list[str]:
    return [text for name in (*assignment.columns, assignment.origin) for text in cells[name].known]


def _with_order(assignment: Assignment, cells: dict[str, Cells]) -> Assignment:
    """The assignment with the first order in which all its dates can be read, where one of them alone does not tell."""
    texts = _texts_of(assignment, cells)
    orders = find_orders(texts)
    return replace(assignment, date_order=orders[0] if orders and any(map(is_ambiguous, texts)) else "")


def _say_date(text: str, order: str) -> str:
    day = read_date(text, order)
    return "no date" if day is None else f"{date.fromordinal(day):%d %B %Y}"


def _guess_age(cells: dict[str, Cells], age: str, dictionary: Dictionary) -> Guess | None:
    """An age in years, from a date of birth to that of diagnosis."""
    if not age or dictionary[age].unit != "years":
        return None
    births = [column for column in cells.values() if is_birth(column.name) and column.is_date]
    counted = replace(dictionary[age], unit="days from diagnosis")
    drafted = _draft_days(counted, births[:1], cells, dictionary) if births else None
    if drafted is None or drafted.fit < 1:
        return None
    made = drafted.assignment
    turned = replace(made, columns=(made.origin,), origin=births[0].name, factor=1 / DAYS_PER_YEAR)
    return Guess(turned, 1.0, f"from “{shorten(births[0].name)}” to “{shorten(made.origin)}”", drafted.questions)


def _guess_by_words(
    cells: dict[str, Cells], wanted: Sequence[Variable], taken: set[str], dictionary: Dictionary
) -> Iterator[Guess]:
    """Columns all of whose texts are words of one variable, whatever they are called; plain yes and no tell nothing."""
    plain = {*MISSING_WORDS, *NO_WORDS, *YES_WORDS}
    if len(cells) > MOST_COLUMNS:
        return
    own = {v.name: {word for word, code in list_words(v).items() if code is not None} - plain for v in wanted}
    for column in cells.values():
        if column.name in taken or column.name in plain or not 2 <= len(column.known) <= MOST_WORDS:
            continue
        texts = {read_word(text) for text in column.known}
        fitting = [v for v in wanted if texts <= own[v.name] and v.derivation is None]
        drafted = draft(column, fitting[0], dictionary, is_exact=False) if len(fitting) == 1 else None
        if drafted is not None:
            taken.add(column.name)
            wanted = [v for v in wanted if v is not fitting[0]]
            yield Guess(drafted.assignment, BY_WORDS, "by its values alone", drafted.questions)


def _guess_key(cells: dict[str, Cells], dictionary: Dictionary, taken: set[str], hashed: Sequence[str]) -> Guess | None:
    """The column of the patient where none has such a name: the first of those that differ in every row, with codes first."""
    first = islice(cells.values(), MOST_COLUMNS)
    unique = [c.name for c in first if c.is_unique and not c.is_date and c.name not in taken]
    if not unique:
        return None
    identifier = dictionary.identifier
    if coded := [name for name in unique if name in hashed]:
        return Guess(Assignment(identifier.name, (coded[0],)), 1.0, "codes stand in the place of numbers")
    choices = tuple(
        Choice(name, Assignment(identifier.name, (name,)), "It differs in every row.") for name in unique[:N_PREVIEW]
    )
    text = f"Which column tells the {dictionary.words.plural} apart?"
    return Guess(choices[0].assignment, 0.5, "differs in every row", (Question("column", text, choices),))


def _preview(
    table: SourceTable, assignment: Assignment, mapping: Mapping, dictionary: Dictionary
) -> tuple[tuple[str, str], ...]:
    """The first different texts of the columns, and what becomes of them."""
    head = table.frame[[name for name in assignment.read if name in table.frame.columns]].head(N_ROWS)
    rows = head.dropna(how="all").drop_duplicates().head(N_PREVIEW)
    part = replace(table, frame=rows, lines=table.lines[: len(rows)])
    values = Making(part, mapping.missing, dictionary[assignment.variable], assignment).run()
    texts = [" | ".join("" if pd.isna(cell) else str(cell) for cell in row) for row in rows.to_numpy(dtype=object)]
    known = values.notna().to_numpy()
    return tuple((shorten(text), _say_value(values.iloc[i]) if known[i] else "") for i, text in enumerate(texts))


def _say_value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
