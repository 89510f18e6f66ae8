"""Rows become patients: the first known value counts, what differs is named, parts of tables stand side by side."""

from __future__ import annotations

import pytest

from analytics.cohort.problems import CohortError
from analytics.dictionary import open_dictionary
from analytics.intake.gathering import Conflict, gather_patients, take_first_known
from analytics.intake.mapping import Assignment, Mapping, MappingError, Part
from tests.intake.source_tables import table_of

SAMPLES = table_of(
    {
        "id": ["b", "a", "b", "", "a", "b"],
        "sex": ["", "F", "M", "M", "F", "F"],
        "wbc": ["NA", "", "12", "9", "", "13"],
        "sample": ["1", "2", "3", "4", "5", "6"],
    }
)


def test_the_first_known_value_of_each_column_counts() -> None:
    table, conflicts = take_first_known(SAMPLES, "id", ("sex", "wbc"), ("na",))
    assert table.frame.fillna("").to_dict("list") == {
        "id": ["b", "a"],
        "sex": ["M", "F"],
        "wbc": ["12", ""],
        "sample": ["1", "2"],
    }
    assert table.lines.tolist() == [2, 3]
    assert conflicts == (Conflict("sex", ("b",)), Conflict("wbc", ("b",)))
    assert [(note.code, note.text) for note in table.notes] == [
        ("one-per-patient", "5 rows of 2 children: of each column the first known value is taken."),
        ("rows-without-patient", "1 row without “id” left out."),
    ]


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_of_several_visits_the_last_says_who_died(order: slice) -> None:
    visits = {
        "id": ["a", "a", "a", "b", "b"],
        "sex": ["F", "", "", "M", ""],
        "seen": ["", "12.03.2015", "02.01.2019", "05.05.2016", "99"],
        "born": ["01.01.2010", "", "", "01.01.2011", ""],
        "status": ["", "alive", "dead", "alive", ""],
    }
    table = table_of({name: cells[order] for name, cells in visits.items()})
    time = Assignment("os_days", ("seen",), "days", origin="born", date_order="dmy", missing=("99",))
    mapping = Mapping("m", key="id", one_per_patient=True, assignments=(time, Assignment("os_event", ("status",))))
    gathered, conflicts = gather_patients([table], mapping, open_dictionary())
    rows = gathered.frame.fillna("").set_index("id")[["seen", "status"]]
    assert rows.loc["a"].tolist() == ["02.01.2019", "dead"]
    assert rows.loc["b", "status"] == "alive"
    assert Conflict("status", ("a",), is_latest=True) in conflicts


def test_only_what_the_mapping_reads_is_compared() -> None:
    mapping = Mapping("m", key="id", one_per_patient=True, missing=("NA",), assignments=(Assignment("sex", ("sex",)),))
    table, conflicts = gather_patients([SAMPLES], mapping)
    assert conflicts == (Conflict("sex", ("b",)),) and len(table.frame) == 2
    alone, none = gather_patients([SAMPLES], Mapping("m", key="id"))
    assert alone is SAMPLES and none == ()


def test_what_cannot_be_gathered_is_refused() -> None:
    with pytest.raises(MappingError, match=r"the column 'nr' of the patient is not in export.csv"):
        gather_patients([SAMPLES], Mapping("m", key="nr", one_per_patient=True))
    other = table_of({"nr": ["7", "8"], "x": ["1", "2"]}, "other.csv")
    with pytest.raises(MappingError, match=r"other.csv shares no column with people.csv"):
        gather_patients([PEOPLE, other], Mapping("m", key="who"))
    with pytest.raises(CohortError, match=r"no child of people.csv is in labs.csv"):
        gather_patients([PEOPLE, table_of({"who": ["x"], "test": ["y"]}, "labs.csv")], Mapping("m", key="who"))
    with pytest.raises(MappingError, match=r"none of the tables that the mapping needs is there \(x\)"):
        gather_patients([SAMPLES], Mapping("m", key="id", tables=(Part("x", "id", ("height",)),)))


def test_several_tables_are_joined_by_the_column_of_the_patient() -> None:
    relapses = table_of({"Patient": ["b", "a", "e"], "day": ["10", "20", "30"]}, "relapses.csv")
    table, _ = gather_patients([PEOPLE, relapses], Mapping("m", key="who"))
    assert table.frame.fillna("").to_dict("list") == {
        "who": ["a", "b", "d"],
        "sex": ["F", "M", "F"],
        "day": ["20", "10", ""],
    }
    # Of long tables the first known values, once joined.
    mapping = Mapping("m", key="who", one_per_patient=True, assignments=(Assignment("white_cells", ("value",)),))
    table, conflicts = gather_patients([PEOPLE, LABS], mapping)
    assert table.frame["value"].fillna("").tolist() == ["50", "70", ""]
    assert conflicts == (Conflict("value", ("a", "b")),)


LABS = table_of(
    {
        "who": ["a", "a", "b", "c", "b", "a"],
        "test": ["WBC", "WBC", "WBC", "WBC", "PLT", "PLT"],
        "day": ["10", "9", "", "3", "1", "2"],
        "value": ["50", "60", "70", "80", "90", "100"],
    },
    "labs.csv",
)
PEOPLE = table_of({"who": ["a", "b", "d"], "sex": ["F", "M", "F"]}, "people.csv")


def parts(keep: str, order: str = "day") -> Mapping:
    wbc = Part("wbc", "who", ("value",), (("test", ("wbc",)),), keep, order)
    return Mapping("m", key="person.who", tables=(Part("person", "who", ("sex",)), wbc))


@pytest.mark.parametrize(
    ("keep", "order", "values"),
    [("first", "day", ["60", "70", ""]), ("last", "day", ["50", "70", ""]), ("last", "", ["60", "70", ""])],
)
def test_parts_stand_side_by_side(keep: str, order: str, values: list[str]) -> None:
    table, conflicts = gather_patients([LABS, PEOPLE], parts(keep, order))
    assert table.frame["person.who"].tolist() == ["a", "b", "d"]
    assert table.frame["wbc.value"].fillna("").tolist() == values
    assert table.lines.tolist() == [2, 3, 4] and conflicts == ()
    (note,) = (note for note in table.notes if note.code == "patients-unmatched")
    assert note.text == "1 child of wbc is not among the children and left out."


def test_an_unknown_day_is_the_last_resort() -> None:
    labs = table_of({"who": ["a", "a", "a"], "day": ["", "9", "100"], "value": ["1", "2", "3"]})
    for keep, value in (("first", "2"), ("last", "3")):
        table, _ = gather_patients([labs], Mapping("m", tables=(Part("x", "who", ("value",), keep=keep, order="day"),)))
        assert table.frame["x.value"].tolist() == [value]
    dates = table_of({"who": ["a", "a"], "day": ["2019-03-04", "2018-12-01"], "value": ["1", "2"]})
    mapping = Mapping("m", tables=(Part("x", "who", ("value",), keep="first", order="day"),))
    assert gather_patients([dates], mapping)[0].frame["x.value"].tolist() == ["2"]


def test_without_a_word_which_row_counts_the_named_columns_must_agree() -> None:
    mapping = Mapping("m", tables=(Part("x", "who", ("value",), (("test", ("WBC", "PLT")),)),))
    table, conflicts = gather_patients([LABS], mapping)
    assert table.frame["x.value"].tolist() == ["50", "70", "80"]
    assert conflicts == (Conflict("value", ("a", "b")),)


def test_a_part_that_is_not_there_is_passed_over() -> None:
    mapping = Mapping("m", tables=(Part("person", "who", ("sex",)), Part("sct", "who", ("AGE_AT_SCT",))))
    table, _ = gather_patients([PEOPLE], mapping)
    assert list(table.frame) == ["person.who", "person.sex"]
