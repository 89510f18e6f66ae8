"""No question reaches the engine but through the disclosure rule: each public method of a cohort, with an engine that records."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.cohort import Cohort
from analytics.cohort.counts import Counts, Exact
from analytics.cohort.dialects import render
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.engine import Columns, Engine
from analytics.cohort.filters import Clause, CohortFilter
from analytics.cohort.opening import open_patients
from analytics.cohort.perturbation import CellKeys
from analytics.cohort.rules import Disclosure, Everything, SmallNumbers
from tests.cohort.cohort_oracle import ROWS, SMALL, frame_of

COHORT_FOLDER = Path(inspect.getfile(Cohort)).parent
MALE = CohortFilter((Clause("sex", ("male",)), Clause("age_years", low=6.0)))
NOBODY = CohortFilter((Clause("age_years", low=200.0),))
ASK: dict[str, Callable[[Any, CohortFilter], Any]] = {
    "n": lambda c, f: c.n,
    "notes": lambda c, f: c.notes,
    "tally": lambda c, f: c.tally(["sex", "relapsed"], f),
    "count": lambda c, f: c.count(f),
    "funnel": lambda c, f: c.funnel(f),
    "level_counts": lambda c, f: c.level_counts(f),
    "split_counts": lambda c, f: c.split_counts(["sex", "age_years"], f, event="relapsed", edges={"age_years": [0, 5]}),
    "ranges": lambda c, f: c.ranges(),
    "name_patients": lambda c, f: c.name_patients(pd.DataFrame({"sex": ["male"]}), f),
    "is_answered": lambda c, f: c.is_answered(f),
}
# What these say does not come from the patients.
SAY_NOTHING = {"smallest_cell", "protected", "recording", "left_out", "asked", "is_far", "let_go"}
GIVE_NUMBERS = {"n", "tally", "count", "funnel", "level_counts", "split_counts", "name_patients", "notes"}


class Recorder:
    """An engine that knows whether it is asked while a rule opens an answer, and by which smallest cell."""

    is_far = False

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.opening: list[CellKeys | None] = []
        self.opened: list[CellKeys | None] = []
        self.past_the_rule: list[str] = []
        self.asked: list[str] = []

    def schema(self, table: str) -> Any:
        return self.engine.schema(table)

    def run(self, sql: str, values: Sequence[Any] = ()) -> Columns:
        self.asked.append(sql)
        if not self.opening:
            self.past_the_rule.append(sql)
        return self.engine.run(sql, values)

    def close(self) -> None:
        self.engine.close()


SECRET = "a secret that nobody knows"
PROTECTED = SmallNumbers(5, SECRET)
PATIENTS = open_patients(frame_of(ROWS), SMALL, secret=SECRET)


def cohort_of(recorder: Recorder, disclosure: Disclosure, kind: type[Cohort] = Cohort) -> Cohort:
    """A fresh cohort, which remembers no answer, on the recorder."""
    cohort = kind(recorder, PATIENTS.dictionary, Everything(), name="recorded", data_version="1", synthetic=True)
    if isinstance(disclosure, SmallNumbers):
        cohort = cohort.protected(disclosure)
    recorder.asked.clear()
    recorder.past_the_rule.clear()
    return cohort


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A recorder that hears every opening of an answer."""
    found = Recorder(PATIENTS.engine)
    reveal = Exact.reveal

    def heard(self: Exact[Any], keys: CellKeys | None = None) -> Any:
        found.opening.append(keys)
        found.opened.append(keys)
        try:
            return reveal(self, keys)
        finally:
            found.opening.pop()

    monkeypatch.setattr(Exact, "reveal", heard)
    return found


def doors_of(kind: type[Cohort]) -> set[str]:
    """The public methods and properties of a kind of cohort, inherited ones included."""
    plain = {f.name for f in fields(kind)}
    return {name for name in dir(kind) if not name.startswith("_")} - plain


def leaks(kind: type[Cohort], disclosure: Disclosure, name: str, recorder: Recorder) -> list[str]:
    """What is wrong with one door of a kind of cohort."""
    cohort = cohort_of(recorder, disclosure, kind)
    recorder.opened.clear()
    answer = ASK[name](cohort, MALE)
    wrong = [f"{name} asks past the rule: {sql}" for sql in recorder.past_the_rule]
    expected = disclosure.keys if isinstance(disclosure, SmallNumbers) else None
    wrong += [f"{name} is opened by {keys}" for keys in recorder.opened if keys != expected]
    if isinstance(answer, Exact):
        wrong.append(f"{name} gives an answer away unopened")
    return wrong


def test_every_door_is_walked_through() -> None:
    assert doors_of(Cohort) == set(ASK) | SAY_NOTHING
    assert {f.name for f in fields(Cohort) if not f.name.startswith("_")} == {
        "name", "data_version", "synthetic", "dictionary", "variables", "disclosure",
    }, "a new field has to be none that tells of patients"  # fmt: skip


@pytest.mark.parametrize("name", ASK)
@pytest.mark.parametrize("disclosure", [Everything(), PROTECTED], ids=str)
def test_every_door_passes_the_rule(disclosure: Disclosure, name: str, recorder: Recorder) -> None:
    assert leaks(Cohort, disclosure, name, recorder) == []
    if disclosure.smallest_cell == 0 and name in GIVE_NUMBERS - {"notes"}:
        assert recorder.opened, "the recorder must hear the rule"


@pytest.mark.parametrize("name", sorted(GIVE_NUMBERS - {"n", "notes", "name_patients"}))
def test_a_refused_question_is_not_asked(name: str, recorder: Recorder) -> None:
    cohort = cohort_of(recorder, PROTECTED)
    with pytest.raises(SuppressedError):
        ASK[name](cohort, NOBODY)
    assert len(recorder.asked) == 1 and "GROUP BY" not in recorder.asked[0], "the sizes of the selection alone"


class Leaking(Cohort):
    """Doors as nobody should add them."""

    def count(self, cohort_filter: CohortFilter = CohortFilter()) -> int:  # noqa: B008
        return self._counts._size(cohort_filter).n

    def funnel(self, cohort_filter: CohortFilter) -> Any:
        return self._counts.funnel(cohort_filter)

    def tally(self, *args: Any, **kwargs: Any) -> pd.DataFrame:
        return self._counts.tally(["sex"], CohortFilter()).reveal()

    def shape(self) -> int:
        """A door nobody has decided about."""
        return self._counts._n_rows


@pytest.mark.parametrize("name", ["count", "funnel", "tally"])
def test_a_door_past_the_rule_is_found(name: str, recorder: Recorder) -> None:
    assert leaks(Leaking, PROTECTED, name, recorder)
    assert doors_of(Leaking) - set(ASK) - SAY_NOTHING == {"shape"}


def test_every_question_has_a_rule() -> None:
    """A question added to the counts cannot be answered before each rule says what is given out."""
    questions = {name for name in vars(Counts) if not name.startswith("_")}
    rules = {name for name in Disclosure.__abstractmethods__}
    assert questions - rules == {"with_keys", "close"} and rules - questions == {"is_answered"}
    with pytest.raises(TypeError, match="abstract"):
        type("Forgetful", (Disclosure,), {"count": Everything.count})()
    for name in questions & rules:
        assert str(inspect.signature(getattr(Counts, name)).return_annotation).startswith("Exact[")


def uses_of(attribute: str) -> set[str]:
    """The modules that use an attribute of that name."""
    return {
        path.name
        for path in COHORT_FOLDER.parent.parent.rglob("*.py")
        if path.relative_to(COHORT_FOLDER.parent.parent).parts[0] in ("analytics", "pages", "data")
        and any(
            isinstance(n, ast.Attribute) and n.attr == attribute for n in ast.walk(ast.parse(path.read_text("utf-8")))
        )
    }


@pytest.mark.slow
def test_answers_are_opened_by_rules_alone() -> None:
    assert uses_of("reveal") == {"rules.py"}
    assert uses_of("_counts") == {"cohort.py"}


def test_a_cohort_cannot_be_set_free(recorder: Recorder) -> None:
    cohort = cohort_of(recorder, PROTECTED)
    with pytest.raises(AttributeError):
        cohort.disclosure = Everything()  # type: ignore[misc]


@pytest.mark.parametrize("dialect", ["postgres", "spark"])
def test_every_query_is_one_of_other_dialects_too(dialect: str, recorder: Recorder) -> None:
    cohort = cohort_of(recorder, Everything())
    for ask in ASK.values():
        ask(cohort, MALE)
    protected = cohort.protected(PROTECTED)
    for ask in ASK.values():
        ask(protected, MALE)
    assert len(recorder.asked) >= 6
    for sql in recorder.asked:
        rendered = render(sql, dialect)
        assert "patients" in rendered and "TINYINT" not in rendered
        assert ("`sex`" in rendered) == (dialect == "spark" and '"sex"' in sql)
