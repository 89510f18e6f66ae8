"""Every reason and remark has words: for one and for several, with the dictionary's words and labels."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from analytics.dictionary import Dictionary, load_dictionary
from analytics.reporting import notes, reasons
from analytics.reporting.notes import say_note
from analytics.reporting.reasons import TEMPLATES, say_inestimable, say_missing, say_reason, say_undone, say_why
from analytics.results import Name, Note, Reason

PLAIN = Dictionary((), ())
ANALYTICS = Path(reasons.__file__).parents[1]
WITHHELD = Reason.of("withheld", why=Reason.of("few-patients", n=2, where="one-group"))


def codes_made(kind: str) -> set[tuple[str, ...]]:
    """The literal code (and for notes the kind) of each ``Reason(…)`` or ``Note.of(…)`` in the sources."""
    found = set()
    for path in ANALYTICS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = ast.unparse(node.func)
            wanted = called in ("Reason", "Reason.of") if kind == "Reason" else called == "Note.of"
            first = node.args[0]
            if wanted:
                choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                found |= {(c.value,) for c in choices if isinstance(c, ast.Constant)}
    return found


def test_every_code_that_is_given_has_words() -> None:
    given = {code for (code,) in codes_made("Reason")} - {"withheld"}
    assert len(given) > 80 and not given - set(TEMPLATES)
    remarked = {code for (code,) in codes_made("Note")}
    assert len(remarked) > 15 and remarked == {code for code, _ in notes.NOTE_WORDS}


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.of("none-with-event", n=3), "not estimable: none of the 3 patients had the event"),
        (
            Reason.of("all-with-event", n=3, name=Name("site", "CNS")),
            "not estimable: all of the 3 patients with site: CNS had the event",
        ),
        (
            Reason.of("none-with-event", n=1, name=Name("site", "CNS")),
            "not estimable: the only patient with site: CNS did not have the event",
        ),
        (Reason.of("all-with-event", n=1), "not estimable: the only patient had the event"),
        (
            Reason.of("none-with-event-in-reference", n=1),
            "not estimable: the only patient of the reference level did not have the event",
        ),
        (
            Reason.of("collinear", names=(Name("age"), Name("sex", "m"))),
            "not estimable: a combination of age and sex: m",
        ),
        (Reason("collinear"), "not estimable: a combination of the other covariates"),
        (Reason.of("one-value", value=2.0), "only one value left: 2"),
        (Reason.of("of-group", group="a", why=Reason("no-patients")), "a: no patients"),
        (Reason.of("several", whys=(Reason("no-events"), Reason("no-patients"))), "no events; no patients"),
        (
            Reason.of("apart", why=Reason("uninformative"), name=Name("age"), value=2.82e10, median=7.1),
            "not estimable: no event tells anything about it beside the other covariates: age 2.82e+10 stands apart from the "
            "others (median 7.1)",
        ),
        (WITHHELD, "not shown: only 2 patients in one of the groups"),
        (Reason.of("withheld", why=Reason.of("few-at-risk", n=0)), "not shown: nobody at risk"),
        (None, "–"),
    ],
)
def test_a_reason_in_general_words(reason: Reason | None, text: str) -> None:
    assert say_reason(reason, PLAIN) == text


def test_a_column_made_of_another_has_its_label() -> None:
    made = Name("white_cells (not recorded)", "yes")
    assert (
        say_reason(Reason.of("collinear", names=(made,)))
        == "not estimable: a combination of White cells (not recorded): yes"
    )


def test_labels_and_the_word_for_a_patient_are_those_of_the_dictionary() -> None:
    reason = Reason.of("all-with-event", n=12, name=Name("sex", "male"))
    assert say_reason(reason, load_dictionary()) == "not estimable: all of the 12 children with Sex: boys had the event"
    assert say_why(reason) == "all of the 12 children with Sex: boys had the event"
    assert say_why(Reason.of("known-in-few", name=Name("age_years"), n=1, n_coefficients=4)) == (
        "Age at diagnosis is known in 1 child only, too few for a model of it with 4 coefficients"
    )


def test_what_is_no_term_is_a_phrase_of_the_dictionary() -> None:
    """A reason without terms has no field but the dictionary's own words."""
    without_terms = [
        node.args[0].value
        for path in ANALYTICS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Reason" and len(node.args) == 1
        if isinstance(node.args[0], ast.Constant) and not node.keywords
    ]
    assert "checks-unweighted" in without_terms
    for code in without_terms:
        assert say_why(Reason(code), load_dictionary())
    assert "they are there for relapse at any time" in say_why(Reason("checks-unweighted"), load_dictionary())


def test_after_a_word_for_it_a_reason_stands_alone() -> None:
    inestimable = Reason("next-to-nothing-known")
    assert say_missing("odds ratio", inestimable, PLAIN) == (
        "no odds ratio (these patients say next to nothing about it beside the other covariates)"
    )
    assert say_missing("odds ratio", WITHHELD) == "odds ratio not shown (only 2 children in one of the groups)"
    assert say_inestimable("boys", WITHHELD) == "boys not shown (only 2 children in one of the groups)"
    assert say_inestimable("boys", Reason("no-events")) == "boys not estimable (no events)"
    assert say_undone(WITHHELD) == "Not shown: only 2 children in one of the groups."
    assert say_undone(Reason("no-events")) == "Not done: no events."


def test_a_note_of_terms_gets_its_words_once() -> None:
    found = (
        Reason.of("level-none-with-event", n=1, name=Name("sex", "male")),
        Reason.of("outcome-follows-beside", told=4.0, n=9.0, names=(Name("age_group"), Name("cns_status"))),
    )
    note = say_note(Note.of("separation", "caution", "penalised", found=found, measure="odds ratio"))
    assert note.text == (
        "The 1 child with Sex: boys had no event. The outcome of 4 of 9 children follows exactly from these together with Age "
        "group and CNS status. Maximum likelihood has no finite odds ratio for this (separation). Firth's penalised "
        "likelihood is used instead."
    )
    assert note.remedy.startswith("Rely on the interval rather than on the odds ratio")
    assert say_note(note) is note and note.terms == ()


def test_other_terms_make_another_reason() -> None:
    reason = Reason.of("few-events", n=3, where=None)
    assert reason == Reason.of("few-events", n=3) and reason.get("n") == 3 and reason.get("where") is None
    assert reason.but(n=4) == Reason.of("few-events", n=4)
