"""Files with several rows of a child, with numbers of the hospital, of one name, or given up half-way."""

from __future__ import annotations

import pytest

from pages.components import state
from pages.components.intake.files import name_apart
from pages.components.intake.held import Held
from tests.app.test_your_patients import bring, press, shown

VISITS = [
    f"{i};{'mf'[i % 2]};{age};{500 * visit + i};{int(visit == 3 and i % 4 == 0)}"
    for i in range(1, 31)
    for visit, age in ((1, i % 15 + 1), (2, ""), (3, ""))
]
TABLE = "\n".join(["Aktenzeichen;Sex;Age;Follow-up days;Dead", *VISITS])


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def test_visits_become_children_by_one_press_and_the_last_says_who_died() -> None:
    app = bring(("visits.csv", TABLE.replace("Aktenzeichen", "patient_id")))
    assert "90 rows have 30 different texts" in shown(app)
    press(app, "Make one child")
    if any(button.label == "Use it" for button in app.button):
        press(app, "Use it", "os_event")
    frame = app.session_state[state.INTAKE].import_now().mapped.frame
    assert len(frame) == 30 and frame["os_event"].sum() == 7 and frame["os_days"].min() == 1501


def test_a_number_of_the_hospital_that_was_hashed_is_the_one_that_tells_children_apart() -> None:
    rows = [f"{i};{'mf'[i % 2]};{i % 15 + 1};{500 + i};{int(i % 4 == 0)}" for i in range(1, 31)]
    app = bring(("ward.csv", "\n".join(["Aktenzeichen;Sex;Age;Follow-up days;Dead", *rows])))
    press(app, "Do this")
    held = app.session_state[state.INTAKE]
    assert held.mapping.hashed == ("Aktenzeichen",)
    assert held.look().proposal.mapping.key == "Aktenzeichen"
    assert all(guess.assignment.variable != "patient_id" for guess in held.look().proposal.asked)


def test_files_of_one_name_are_told_apart() -> None:
    assert name_apart([("a.csv", b"1"), ("a.csv", b"2"), ("b", b"3"), ("a.csv", b"4")]) == {
        "a.csv": b"1",
        "a (2).csv": b"2",
        "b": b"3",
        "a (3).csv": b"4",
    }


def test_reading_that_is_given_up_leaves_what_was_held() -> None:
    held = Held()
    held.take({"a.csv": b"ID,Sex\n1,m\n2,f\n"}, lambda share, name: None)
    before = (held.files, held.tables, held.n_taken)

    def give_up(share: float, name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        held.take({"b.csv": b"ID,Sex\n1,m\n2,f\n"}, give_up)
    assert (held.files, held.tables, held.n_taken) == before
