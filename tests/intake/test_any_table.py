"""Whatever a table holds, a proposal comes of it, and every answer that it offers can be applied."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.dictionary import open_dictionary
from analytics.intake.applying import apply_mapping
from analytics.intake.mapping import Assignment, Mapping
from analytics.intake.mapping_text import read_mapping, write_mapping
from analytics.intake.proposing import propose_mapping
from tests.intake.source_tables import table_of

DICTIONARY = open_dictionary()
NAMES = [other for v in DICTIONARY.variables for other in (v.name, v.label, *v.other_names)]
CELLS = [
    *("", "NA", "unknown", "0", "1", "2", "9", "99", "999", "-9", "0.5", "12.5", "<0.01", ">1", "1,5", "150000", "1e400"),
    *("yes", "No", "ja", "男", "M", "F", "male", "CNS 2a", "B-ALL", "1:DECEASED", "0:LIVING", "dead", "alive", "pos", "x"),
    *("2019-03-04", "04.03.2019", "03/04/2019", "13/04/2019", "4. März 2019", "2019年3月4日", "31.02.2019", "Relapse", "None"),
    *("<script>alert(1)</script>", "$\\alpha$", "\u202e", "a + b", " ", "٣", "１２"),
]  # fmt: skip


@st.composite
def columns(draw: st.DrawFn) -> dict[str, list[str]]:
    names = draw(
        st.lists(st.sampled_from(NAMES) | st.text(min_size=1, max_size=8), min_size=1, max_size=8, unique=True)
    )
    n = draw(st.integers(1, 12))
    table = {}
    for name in names:
        some = draw(st.lists(st.sampled_from(CELLS), min_size=3, max_size=3))
        table[name] = [some[i] for i in draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))]
    return table


@settings(max_examples=40, deadline=None)
@given(columns())
def test_every_table_is_proposed_and_every_answer_can_be_applied(table_columns: dict[str, list[str]]) -> None:
    table = table_of(table_columns)
    proposal = propose_mapping(table, DICTIONARY)
    assert read_mapping(write_mapping(proposal.mapping)) == proposal.mapping
    n = len(table.frame)
    key = Assignment(DICTIONARY.identifier.name, rule="line")
    for guess in proposal.guesses:
        answers = [choice.assignment for question in guess.questions for choice in question.choices]
        for assignment in (guess.assignment, *answers):
            mapping = Mapping("m", assignments=(assignment,))
            if assignment.variable != key.variable:
                mapping = replace(mapping, assignments=(key, assignment))
            mapped = apply_mapping(table, mapping, DICTIONARY)
            assert len(mapped.frame) == n
            told = pd.Series(0, index=range(n))
            for unread in mapped.unread:
                assert unread.n == len(unread.lines) > 0 and unread.why
                told[unread.lines - 2] += 1
            # What was told is missing, unless another column of the same variable knows it.
            if len(assignment.columns) == 1:
                assert mapped.frame[assignment.variable][told > 0].isna().all()
