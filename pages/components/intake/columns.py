"""The step in which columns become variables: what is certain is taken, the rest asked, all can be changed."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from analytics.dictionary import PHASES, Variable, load_dictionary, speaking_by
from analytics.formats import format_count, format_patients, name_patients, shorten
from analytics.intake.applying import dictionary_of
from analytics.intake.beginning import Beginning
from analytics.intake.drafts import Question
from analytics.intake.importing import Imported
from analytics.intake.mapping import Assignment, Mapping, MappingError
from analytics.intake.mapping_text import read_mapping, write_mapping
from analytics.intake.names import forgetting_names
from analytics.intake.new_variables import add_variable, is_number
from analytics.intake.proposing import Guess, propose_column
from pages.components import state
from pages.components.intake.held import Held
from pages.components.markdown import as_markdown
from pages.components.notes import show_notes

LONGEST_TEXT = 200_000
UNKNOWN = ""
LINES = "its line in the file"


def show_columns(held: Held) -> None:
    """What each column means, as far as it is known.

    Raises
    ------
    MappingError
        If the mapping cannot be applied to the tables.
    CohortError
        If tables cannot be joined, or nobody is left.
    """
    _show_keys(held)
    try:
        with st.spinner("Looking at what the columns may mean …"):
            beginning = held.look()
    except MappingError:
        _show_text(held, held.mapping)
        raise
    if held.export is not None:
        st.html(
            '<div class="outcomes-note" role="status" data-testid="recognised"><b>Recognised.</b> '
            f"{escape(held.export.mapping.name)}: {escape(held.export.about)}. Its columns are known.</div>"
        )
    guesses = beginning.proposal.guesses
    open_ones = [guess for guess in guesses if not guess.is_sure or guess.assignment.variable in held.chosen]
    _show_patient(held, beginning, open_ones)
    _offer_one_each(held, beginning)
    _offer_all(held, beginning, open_ones)
    for guess in open_ones:
        _show_guess(held, beginning, guess)
    mapping, identifier = beginning.proposal.mapping, load_dictionary().identifier.name
    try:
        if not mapping.key and mapping.get(identifier) is None:
            raise MappingError(name_patients("Say above which column tells one {patient} from another."))
        _show_taken(held, beginning)
    finally:
        _show_further(held, beginning)
        _show_text(held, mapping)


def _show_keys(held: Held) -> None:
    """By which column of each the tables are joined."""
    if not held.is_joined:
        return
    st.html(
        '<p class="outcomes-caption">Several tables are put side by side by the column of the patient. Pass one over above if '
        "it does not belong to them.</p>"
    )
    with st.container(horizontal=True):
        for place, table in enumerate(held.used):
            key = state.key_of_intake(held.n_taken, "key_of", place)
            st.selectbox(
                as_markdown(f"Patient in {shorten(table.name)}"),
                (UNKNOWN, *table.columns),
                (UNKNOWN, *table.columns).index(held.keys.get(table.name, UNKNOWN)),
                format_func=lambda name: name or "found by its content",
                key=key,
                on_change=_choose_key,
                args=(held, table.name, key),
                width=260,
            )


def _choose_key(held: Held, table: str, key: str) -> None:
    held.keys = {name: column for name, column in held.keys.items() if name != table}
    if st.session_state[key]:
        held.keys[table] = st.session_state[key]
    held.settle(held.mapping)


def _show_patient(held: Held, beginning: Beginning, open_ones: list[Guess]) -> None:
    """The column that tells patients apart, where none was found."""
    mapping = beginning.proposal.mapping
    name = load_dictionary().identifier.name
    is_asked = any(guess.assignment.variable == name for guess in open_ones)
    if mapping.key or mapping.get(name) is not None or is_asked:
        return
    key = state.key_of_intake(held.n_taken, "patient")
    st.selectbox(
        "Which column tells one patient from another?",
        (UNKNOWN, *beginning.table.columns, LINES),
        0,
        format_func=lambda column: column or "choose a column",
        key=key,
        on_change=_choose_patient,
        args=(held, mapping, name, key),
        width=320,
    )


def _offer_one_each(held: Held, beginning: Beginning) -> None:
    """Where patients have several rows: to make one of them."""
    mapping, table = beginning.proposal.mapping, beginning.table
    if mapping.one_per_patient or mapping.tables or mapping.key not in table.columns:
        return
    keys = table.frame[mapping.key].dropna()
    n = keys.nunique()
    if n == len(keys):
        return
    said = f"{format_count(len(keys))} rows have {format_count(n)} different texts in “{shorten(mapping.key)}”: are they visits?"
    st.html(f'<p class="outcomes-caption" data-testid="several-rows">{escape(said)}</p>')
    st.button(
        as_markdown(name_patients("Make one {patient} of the rows of each")),
        key=state.key_of_intake(held.n_taken, "one_each"),
        help="Of each column the first known value counts; of follow-up, and of death, that of the longest time.",
        on_click=held.settle,
        args=(replace(mapping, one_per_patient=True),),
    )


def _choose_patient(held: Held, mapping: Mapping, name: str, key: str) -> None:
    column = st.session_state[key]
    if column == LINES:
        held.settle(mapping.with_assignment(Assignment(name, rule="line")))
    elif column:
        held.settle(replace(mapping, key=column).with_assignment(Assignment(name, (column,))))


def _offer_all(held: Held, beginning: Beginning, open_ones: list[Guess]) -> None:
    """One button for all guesses about which there is nothing to choose."""
    plain = [guess for guess in open_ones if not guess.questions]
    if len(plain) < 2:
        return
    st.html(
        '<p class="outcomes-caption">These columns look like variables of the dictionary, and their names do not say it alone. '
        "See the examples of each.</p>"
    )
    st.button(
        as_markdown(f"Use all {len(plain)} that ask nothing"),
        key=state.key_of_intake(held.n_taken, "use_all"),
        on_click=_use_all,
        args=(held, beginning.proposal.mapping, plain),
    )


def _use_all(held: Held, mapping: Mapping, guesses: list[Guess]) -> None:
    for guess in guesses:
        held.chosen.pop(guess.assignment.variable, None)
        mapping = _with_guess(mapping, guess)
    held.settle(mapping)


def _with_guess(mapping: Mapping, guess: Guess) -> Mapping:
    settled = mapping.with_assignment(guess.assignment)
    is_key = guess.assignment.variable == load_dictionary().identifier.name and guess.assignment.columns
    return replace(settled, key=guess.assignment.columns[0]) if is_key else settled


def _show_guess(held: Held, beginning: Beginning, guess: Guess) -> None:
    """One variable that is not certain: from which column, what becomes of its texts, and what only the reader knows."""
    mapping = beginning.proposal.mapping
    variable = dictionary_of(mapping, load_dictionary())[guess.assignment.variable]
    with st.container(border=True, key=state.key_of_intake(held.n_taken, "guess", variable.name)):
        shown = "".join(
            f"<li>{escape(shorten(text) or 'empty')} → {escape(shorten(value) or 'unknown')}</li>"
            for text, value in guess.preview
        )
        st.html(
            f'<p class="outcomes-cohort" data-testid="guess">{escape(variable.label)} from '
            f"{escape(_say_source(guess.assignment, mapping))}?</p>"
            f'<p class="outcomes-caption">{escape(guess.why)}. {escape(variable.definition)}</p>'
            f'<ul class="outcomes-examples" aria-label="Examples">{shown}</ul>'
        )
        for place, question in enumerate(guess.questions):
            _show_question(held, variable, question, place)
        with st.container(horizontal=True):
            st.button(
                "Use it",
                type="primary",
                key=state.key_of_intake(held.n_taken, "use", variable.name),
                on_click=_use,
                args=(held, mapping, guess, variable),
            )
            st.button(
                "Do not use it",
                key=state.key_of_intake(held.n_taken, "refuse", variable.name),
                on_click=_refuse,
                args=(held, mapping, variable.name),
            )


def _show_question(held: Held, variable: Variable, question: Question, place: int) -> None:
    if question.kind == "levels" and len(question.choices) == 1:
        st.html(f'<p class="outcomes-caption">{escape(question.text)}</p>')
        levels = variable.levels or ("0", "1")
        with st.container(horizontal=True):
            for n, text in enumerate(question.texts):
                st.selectbox(
                    as_markdown(shorten(text)),
                    (UNKNOWN, *levels),
                    0,
                    format_func=lambda level: (
                        (variable.level_label(level) if variable.levels else level) if level else "unknown"
                    ),
                    key=state.key_of_intake(held.n_taken, "level", variable.name, place, n),
                    width=220,
                )
        return
    st.radio(
        as_markdown(question.text),
        range(len(question.choices)),
        0,
        format_func=lambda i: as_markdown(question.choices[i].label),
        captions=[as_markdown(choice.consequence) for choice in question.choices],
        key=state.key_of_intake(held.n_taken, "answer", variable.name, place),
    )


def _use(held: Held, mapping: Mapping, guess: Guess, variable: Variable) -> None:
    answered = guess
    for place, question in enumerate(guess.questions):
        if question.kind == "levels" and len(question.choices) == 1:
            given = {
                text: st.session_state[state.key_of_intake(held.n_taken, "level", variable.name, place, n)] or None
                for n, text in enumerate(question.texts)
            }
            choice = question.choices[0]
            levels = {**dict(choice.assignment.levels), **given}
            choice = replace(choice, assignment=replace(choice.assignment, levels=tuple(levels.items())))
        else:
            choice = question.choices[
                st.session_state[state.key_of_intake(held.n_taken, "answer", variable.name, place)]
            ]
        answered = answered.answered(question, choice)
    held.chosen.pop(variable.name, None)
    held.refused -= {variable.name}
    held.settle(_with_guess(mapping, answered))


def _refuse(held: Held, mapping: Mapping, name: str) -> None:
    held.chosen.pop(name, None)
    held.refused |= {name}
    held.settle(mapping.without(name))


def _show_further(held: Held, beginning: Beginning) -> None:
    """A column that a reader wants for a variable."""
    proposal = beginning.proposal
    dictionary = dictionary_of(proposal.mapping, load_dictionary())
    with st.expander(
        as_markdown(f"Use a further column, or another one ({len(proposal.unused)} are not used)"),
        icon=":material/add:",
    ):
        variables = {v.name: v.label for v in dictionary.variables}
        column_key, variable_key = (state.key_of_intake(held.n_taken, name) for name in ("column", "variable"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            columns = (*proposal.unused, *(c for c in beginning.table.columns if c not in proposal.unused))
            st.selectbox("Column", columns, key=column_key, width=260)
            st.selectbox("is", list(variables), format_func=variables.__getitem__, key=variable_key, width=260)
            st.button(
                "See how",
                key=state.key_of_intake(held.n_taken, "see_how"),
                on_click=_choose_column,
                args=(held, beginning, column_key, variable_key),
            )
        _show_new(held, beginning, column_key)
        if st.session_state.get(state.key_of_intake(held.n_taken, "no_way")):
            st.warning(
                "The cells of this column cannot be read as this variable. The text of the mapping below can say how."
            )


def _show_new(held: Held, beginning: Beginning, column_key: str) -> None:
    """A variable that the dictionary does not have yet, made of the column."""
    label_key, phase_key, unit_key = (
        state.key_of_intake(held.n_taken, f"new_{name}") for name in ("label", "phase", "unit")
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("or a new variable, called", key=label_key, width=260, max_chars=60)
        st.selectbox("known at", PHASES, key=phase_key, width=160)
        if is_number(beginning.table, st.session_state.get(column_key) or beginning.table.columns[0]):
            st.text_input("in", key=unit_key, width=100, max_chars=20, placeholder="unit")
        st.button(
            "Add it",
            key=state.key_of_intake(held.n_taken, "add_new"),
            on_click=_add_new,
            args=(held, beginning, column_key, label_key, phase_key, unit_key),
        )
    if problem := st.session_state.get(state.key_of_intake(held.n_taken, "new_problem")):
        st.warning(as_markdown(problem))


def _add_new(held: Held, beginning: Beginning, column_key: str, label_key: str, phase_key: str, unit_key: str) -> None:
    told = state.key_of_intake(held.n_taken, "new_problem")
    try:
        mapping = add_variable(
            beginning.table,
            st.session_state[column_key],
            st.session_state[label_key],
            st.session_state[phase_key],
            beginning.proposal.mapping,
            load_dictionary(),
            unit=st.session_state.get(unit_key) or "",
        )
    except MappingError as error:
        st.session_state[told] = str(error)
        return
    st.session_state.pop(told, None)
    held.settle(mapping)


def _choose_column(held: Held, beginning: Beginning, column_key: str, variable_key: str) -> None:
    mapping = beginning.proposal.mapping
    dictionary = dictionary_of(mapping, load_dictionary())
    variable = dictionary[st.session_state[variable_key]]
    with forgetting_names():
        guess = propose_column(beginning.table, st.session_state[column_key], variable, dictionary, mapping)
    st.session_state[state.key_of_intake(held.n_taken, "no_way")] = guess is None
    if guess is not None:
        held.chosen[variable.name] = guess
        held.refused -= {variable.name}
        held.settle(mapping.without(variable.name))


def _show_taken(held: Held, beginning: Beginning) -> None:
    """What is made so far, each variable with its columns and values, and a way to let one go."""
    mapping = beginning.proposal.mapping
    if all(a.variable == load_dictionary().identifier.name for a in mapping.assignments):
        raise MappingError("nothing is certain yet. Answer what is asked above, or choose a column below.")
    with st.spinner("Reading every row by its columns, and looking for what is wrong …"):
        imported = held.import_now()
    n = len(imported.mapped.frame.columns) - 1
    with speaking_by(imported.mapped.dictionary):
        patients = format_patients(len(imported.mapped.frame))
    st.html(
        f'<p class="outcomes-cohort" data-testid="imported">{escape(patients)}, '
        f"{format_count(n)} {'variable' if n == 1 else 'variables'}.</p>"
    )
    told = {note for table in held.tables for note in table.notes}  # where the table is shown
    show_notes([note for note in imported.notes if note not in told])
    with st.expander("Each variable, and where it comes from", icon=":material/account_tree:"):
        st.html(variables_html(imported, mapping))
        made = [a.variable for a in mapping.assignments if a.variable in imported.mapped.frame.columns]
        labels = {name: imported.mapped.dictionary[name].label for name in made}
        key = state.key_of_intake(held.n_taken, "let_go")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox("Variable", made, format_func=labels.__getitem__, key=key, width=260)
            st.button(
                "Do not use it",
                key=state.key_of_intake(held.n_taken, "let_go_now"),
                on_click=_let_go,
                args=(held, mapping, key),
            )


def _let_go(held: Held, mapping: Mapping, key: str) -> None:
    if st.session_state[key]:
        _refuse(held, mapping, st.session_state[key])


def variables_html(imported: Imported, mapping: Mapping) -> str:
    """A table: each variable, its columns, how many have a value, and its commonest values."""
    rows = []
    for name in imported.mapped.frame.columns:
        variable, values = imported.mapped.dictionary[name], imported.mapped.frame[name]
        assignment = mapping.get(name)
        commonest = values.value_counts().head(4)
        shown = ", ".join(f"{shorten(value)} ({n})" for value, n in commonest.items())
        if variable.kind in ("continuous", "duration"):
            shown = f"{values.min():g} to {values.max():g}" if values.notna().any() else ""
        if variable.kind == "identifier":
            shown = ""
        rows.append(
            f"<tr><th scope='row'>{escape(variable.label)}</th><td>{escape(_say_source(assignment, mapping))}</td>"
            f"<td>{format_count(int(values.notna().sum()))}</td><td>{escape(shown)}</td></tr>"
        )
    return (
        '<div class="outcomes-scroll" tabindex="0" role="region" aria-label="Variables"><table class="outcomes-table prose">'
        "<thead><tr><th scope='col'>Variable</th><th scope='col'>From</th><th scope='col'>Known</th>"
        f"<th scope='col'>Values</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _say_source(assignment: Assignment | None, mapping: Mapping) -> str:
    if assignment is None:
        return shorten(mapping.key)
    said = " + ".join(map(shorten, assignment.columns))
    if not said:
        said = "the line in the file" if assignment.rule == "line" else f"always {assignment.value}"
    if assignment.origin:
        said += f" − {shorten(assignment.origin)}"
    if assignment.factor != 1:
        said += f", × {assignment.factor:.6g}"
    if assignment.added:
        said += f", {'+' if assignment.added > 0 else '−'} {abs(assignment.added):.6g}"
    return said + (", 0 and 1 exchanged" if assignment.is_inverted else "")


def _show_text(held: Held, mapping: Mapping) -> None:
    """The mapping as a text that can be changed: all that the widgets can say, and what they cannot."""
    with st.expander("The mapping as text", icon=":material/edit_note:"):
        text = write_mapping(mapping)
        key = state.key_of_intake(held.n_taken, state.INTAKE_TEXT, hash(text))
        st.text_area("Mapping (TOML)", text, height=320, key=key, max_chars=LONGEST_TEXT)
        st.button(
            "Use this text", key=state.key_of_intake(held.n_taken, "use_text"), on_click=_use_text, args=(held, key)
        )
        if problem := st.session_state.get(state.key_of_intake(held.n_taken, "text_problem")):
            st.error(as_markdown(problem))


def _use_text(held: Held, key: str) -> None:
    told = state.key_of_intake(held.n_taken, "text_problem")
    try:
        mapping = read_mapping(st.session_state[key])
    except MappingError as error:
        st.session_state[told] = str(error)
        return
    st.session_state.pop(told, None)
    held.refused, held.chosen = frozenset(), {}
    held.settle(mapping)
