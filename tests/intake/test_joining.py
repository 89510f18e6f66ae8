"""Several files of the same patients become one table, and what does not fit is counted."""

from __future__ import annotations

import pandas as pd
import pytest

from analytics.cohort.problems import CohortError
from analytics.intake import joining
from analytics.intake.joining import find_keys, join_tables, list_strangers, with_most_first
from analytics.intake.reading import read_tables
from analytics.intake.tables import SourceTable
from tests.intake.source_tables import table_of


def table(name: str, text: str) -> SourceTable:
    return read_tables(text.encode(), name)[0]


PATIENTS = table("patients.csv", "id,sex,age\nP1,F,3\nP2,M,7\nP3,,5\n")
KEYS = {"patients.csv": "id", "other.csv": "patient"}


def join(text: str) -> SourceTable:
    return join_tables([PATIENTS, table("other.csv", text)], KEYS)


def rows(joined: SourceTable) -> list[list[str | None]]:
    return joined.frame.astype(object).where(joined.frame.notna(), None).to_numpy().tolist()


def codes(joined: SourceTable) -> list[str]:
    return [note.code for note in joined.notes]


def test_a_table_of_nobody_is_a_stranger_among_tables_of_patients() -> None:
    legend = table_of({"Codes": ["1 = yes", "2 = no"]}, "legend")
    patients = table_of({"no": ["a", "b", "c"], "sex": ["m", "f", "m"]}, "patients")
    relapses = table_of({"patient": ["a", "c"], "site": ["CNS", "marrow"]}, "relapses")
    others = table_of({"who": ["x", "y"], "sex": ["m", "f"]}, "others")
    assert list_strangers([legend, patients, relapses]) == ("legend",)
    assert list_strangers([legend, patients]) == ("legend",)
    # Whoever has no relapse is a patient all the same, whichever sheet comes first.
    keys = find_keys([relapses, patients])
    assert [table.name for table in with_most_first([relapses, patients], keys)] == ["patients", "relapses"]
    assert list_strangers([patients, relapses]) == list_strangers([patients, others]) == ()


def test_one_row_each_stands_side_by_side() -> None:
    joined = join("patient,wbc\nP3,9\nP1,12\nP2,7\n")
    assert joined.columns == ("id", "sex", "age", "wbc")
    assert rows(joined) == [["P1", "F", "3", "12"], ["P2", "M", "7", "7"], ["P3", None, "5", "9"]]
    assert (joined.name, list(joined.lines), codes(joined)) == ("patients.csv + other.csv", [2, 3, 4], [])
    assert joined.frame.dtypes.nunique() == 1


def test_who_is_in_one_table_alone_is_counted() -> None:
    joined = join("patient,wbc\nP1,12\nP9,1\nP8,2\n,3\n")
    assert [row[3] for row in rows(joined)] == ["12", None, None]
    texts = {note.code: note.text for note in joined.notes}
    assert texts["not-in-first"] == "2 rows of other.csv are not in patients.csv and left out."
    assert texts["not-in-other"] == "2 children of patients.csv are not in other.csv."
    assert texts["rows-without-patient"] == "1 row of other.csv without “patient” left out."


def test_several_rows_of_a_patient_stay_and_are_named() -> None:
    joined = join("patient,day\nP1,0\nP1,30\nP2,0\nP3,0\n")
    assert [(row[0], row[3]) for row in rows(joined)] == [("P1", "0"), ("P1", "30"), ("P2", "0"), ("P3", "0")]
    assert list(joined.lines) == [2, 2, 3, 4]
    assert codes(joined) == ["one-to-many"] and "1 child" in joined.notes[0].text


def test_several_rows_in_both_tables_are_refused() -> None:
    twice = table("patients.csv", "id,sex\nP1,F\nP1,F\n")
    with pytest.raises(CohortError, match="both have several rows of one child"):
        join_tables([twice, table("other.csv", "patient,day\nP1,0\nP1,30\n")], KEYS)


def test_a_column_of_both_is_filled_or_stands_beside() -> None:
    joined = join("patient,sex,age\nP1,F,4\nP2,M,7\nP3,F,5\n")
    assert joined.columns == ("id", "sex", "age", "age (other.csv)")
    assert rows(joined)[2] == ["P3", "F", "5", "5"]
    assert codes(joined) == ["tables-differ"]
    assert "age (1 child)" in joined.notes[0].text


def test_zeros_in_front_do_not_part_a_patient() -> None:
    first = table("patients.csv", "id,sex\n007,F\n0010,M\n")
    joined = join_tables([first, table("other.csv", "patient,wbc\n7,12\n10,7\n")], KEYS)
    assert rows(joined) == [["007", "F", "12"], ["0010", "M", "7"]]
    assert codes(joined) == ["keys-alike"]
    both = table("patients.csv", "id,sex\n007,F\n7,M\n")
    assert rows(join_tables([both, table("other.csv", "patient,wbc\n7,12\n8,1\n")], KEYS)) == [
        ["007", "F", None],
        ["7", "M", "12"],
    ]


@pytest.mark.parametrize(
    ("text", "keys", "says"),
    [
        ("patient,wbc\nX1,12\n", KEYS, "no child of patients.csv is in other.csv"),
        ("patient,wbc\nP1,12\n", {"patients.csv": "id", "other.csv": "pat"}, "other.csv has no column pat"),
        ("patient,wbc\nP1,12\n", {"patients.csv": "id"}, "no key was chosen for other.csv"),
    ],
)
def test_what_cannot_be_joined_is_refused(text: str, keys: dict[str, str], says: str) -> None:
    with pytest.raises(CohortError, match=says):
        join_tables([PATIENTS, table("other.csv", text)], keys)


def test_three_tables_are_joined_in_turn() -> None:
    more = [table("a.csv", "id,wbc\nP1,12\nP2,7\nP3,9\n"), table("b.csv", "pid,cns\nP3,1\nP2,2\nP1,3\n")]
    joined = join_tables([PATIENTS, *more], find_keys([PATIENTS, *more]))
    assert rows(joined)[0] == ["P1", "F", "3", "12", "3"]


def test_the_columns_of_the_patient_are_found() -> None:
    patients = table("p.csv", "age,id,sex\n" + "".join(f"{i % 9},P{i},F\n" for i in range(30)))
    samples = table("s.csv", "day,subject,age\n" + "".join(f"{i % 7},P{i // 2},{i % 9}\n" for i in range(60)))
    others = table("o.csv", "id,x\nQ1,1\nQ2,2\n")
    assert find_keys([patients, samples, others]) == {"p.csv": "id", "s.csv": "subject"}
    assert find_keys([others, table("z.csv", "a,b\nR1,7\n")]) == {}


def test_long_tables_are_compared_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MOST_COMPARED", 20)
    patients = table("p.csv", "age,id\n" + "".join(f"{i % 90},P{i}\n" for i in range(400)))
    samples = table("s.csv", "day,subject\n" + "".join(f"{i % 70},P{399 - i}\n" for i in range(400)))
    assert find_keys([patients, samples]) == {"p.csv": "id", "s.csv": "subject"}


def test_joined_cells_are_text() -> None:
    joined = join("patient,wbc\nP1,12\n")
    assert all(isinstance(dtype, pd.StringDtype) for dtype in joined.frame.dtypes)
