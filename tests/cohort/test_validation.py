"""What a file with mistakes is told: what is wrong, in whose row, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics.cohort import open_cohort
from analytics.cohort.problems import CohortError, Problem

FIXTURES = Path(__file__).parents[1] / "fixtures"
GOOD = """\
patient_id,age_years,sex,immunophenotype,platelets,mrd_day46,mrd_day46_percent,relapsed,relapse_days,relapse_site,salvage_days,salvage_treatment,hsct_days,cart_days,os_relapse_days,os_relapse_event,os_days,os_event
P1,3.5,female,B,150,negative,0,0,,,,,,,,,900,0
P2,4.2,male,B,20,positive,0.4,1,400,isolated marrow,5,HSCT,90,,100,1,500,1
P3,9,male,T,80,negative,,0,,,,,,,,,1200,0
P4,7,female,B,95,,,1,600,isolated CNS,,chemotherapy,,,300,0,900,0
"""


def edited(patient: str, column: str, value: str) -> str:
    """The good file with one cell changed."""
    lines = [line.split(",") for line in GOOD.splitlines()]
    place = lines[0].index(column)
    for line in lines:
        if line[0] == patient:
            line[place] = value
    return "\n".join(",".join(line) for line in lines) + "\n"


def without(column: str, rename_to: str | None = None) -> str:
    """The good file without a column, or with the column under another name."""
    lines = [line.split(",") for line in GOOD.splitlines()]
    place = lines[0].index(column)
    if rename_to is not None:
        lines[0][place] = rename_to
    else:
        lines = [line[:place] + line[place + 1 :] for line in lines]
    return "\n".join(",".join(line) for line in lines) + "\n"


def problems_of(path: Path | pd.DataFrame) -> tuple[Problem, ...]:
    """All problems of a file that must not open."""
    with pytest.raises(CohortError) as error:
        open_cohort(path)
    assert str(error.value).splitlines() == [str(problem) for problem in error.value.problems]
    assert all(problem.what and problem.remedy for problem in error.value.problems)
    return error.value.problems


def test_the_good_file_opens(tmp_path: Path) -> None:
    path = tmp_path / "good.csv"
    path.write_text(GOOD)
    cohort = open_cohort(path)
    assert cohort.n == 4
    assert cohort.notes == ()


ONE_CELL = {
    "blank identifier": (
        ("P3", "patient_id", " "),
        "patient_id is blank for 1 of 4 children (child in row 3). Give every child an identifier of their own",
    ),
    "repeated identifier": (
        ("P3", "patient_id", "P1"),
        "patient_id repeats: 1 identifier stands in several rows (child P1: 2 rows). Keep one row per child",
    ),
    "unknown level": (
        ("P2", "sex", "unsure"),
        "sex has an unknown level for 1 of 4 children; known: female, male (child P2: 'unsure'). Write one of the known",
    ),
    "number for a level": (("P2", "sex", "1"), "sex has an unknown level for 1 of 4 children"),
    "decimal comma": (
        ("P2", "age_years", '"4,2"'),
        "age_years is no number for 1 of 4 children (child P2: '4,2'). Write a plain number with a decimal point",
    ),
    "below detection": (
        ("P2", "mrd_day46_percent", "<0.01"),
        "mrd_day46_percent is no number for 1 of 4 children (child P2: '<0.01')",
    ),
    "infinite": (("P2", "age_years", "inf"), "age_years is no number for 1 of 4 children (child P2: 'inf')"),
    "negative time": (
        ("P1", "os_days", "-3"),
        "os_days is negative for 1 of 4 children (child P1: '-3'). A time must be >= 0",
    ),
    "negative measurement": (("P1", "platelets", "-1"), "platelets is negative for 1 of 4 children (child P1: '-1')"),
    "age in days": (
        ("P1", "age_years", "1278"),
        "age_years is above 120 years for 1 of 4 children (child P1: '1278'). Ages are in years",
    ),
    "platelets per mm³": (
        ("P1", "platelets", "150000"),
        "platelets is above 2000 10⁹/L for 1 of 4 children (child P1: '150000'). Counts are in 10⁹/L",
    ),
    "over 100 %": (("P2", "mrd_day46_percent", "400"), "mrd_day46_percent is above 100 % for 1 of 4 children"),
    "event of 2": (
        ("P1", "os_event", "2"),
        "os_event is neither 0 nor 1 for 1 of 4 children (child P1: '2'). Write 1 where the event happened",
    ),
    "event in words": (
        ("P1", "os_event", "dead"),
        "os_event is neither 0 nor 1 for 1 of 4 children (child P1: 'dead')",
    ),
    "event without time": (
        ("P1", "os_days", ""),
        "os_event is 0 without os_days for 1 of 4 children (child P1: '0'). Give the time from diagnosis",
    ),
    "time without event": (
        ("P1", "os_event", ""),
        "os_days is given without os_event for 1 of 4 children (child P1: '900'). Say whether the time",
    ),
    "death before relapse": (
        ("P4", "os_days", "550"),
        "os_days ends before relapse (os_days < relapse_days) for 1 of 4 children "
        "(child P4: relapse_days '600', os_days '550'). Check the dates of both",
    ),
    "HSCT after last contact": (
        ("P2", "hsct_days", "101"),
        "hsct_days lies after last contact (hsct_days > os_relapse_days) for 1 of 4 children "
        "(child P2: hsct_days '101', os_relapse_days '100')",
    ),
    "CAR-T after last contact": (
        ("P2", "cart_days", "101"),
        "cart_days lies after last contact (cart_days > os_relapse_days) for 1 of 4 children",
    ),
    "salvage treatment after last contact": (
        ("P4", "salvage_days", "301"),
        "salvage_days lies after last contact (salvage_days > os_relapse_days) for 1 of 4 children "
        "(child P4: salvage_days '301', os_relapse_days '300')",
    ),
    "HSCT before salvage treatment": (
        ("P2", "salvage_days", "91"),
        "hsct_days lies before the start of salvage treatment (hsct_days < salvage_days) for 1 of 4 children "
        "(child P2: salvage_days '91', hsct_days '90'). Check the dates of both",
    ),
    "salvage treatment on a negative day": (
        ("P2", "salvage_days", "-2"),
        "salvage_days is negative for 1 of 4 children (child P2: '-2')",
    ),
    "salvage treatment without relapse": (
        ("P3", "salvage_days", "5"),
        "salvage_days is given for 1 of 4 children whose relapsed is 0 (child P3: '5')",
    ),
    "HSCT beside another label": (
        ("P2", "salvage_treatment", "chemotherapy"),
        "hsct_days is given for 1 of 4 children whose salvage_treatment is chemotherapy or CAR-T "
        "(child P2: salvage_treatment 'chemotherapy', hsct_days '90'). Write HSCT, which is what was finally given, "
        "under salvage_treatment, or empty hsct_days.",
    ),
    "CAR-T beside another label": (
        ("P4", "cart_days", "60"),
        "cart_days is given for 1 of 4 children whose salvage_treatment is chemotherapy "
        "(child P4: salvage_treatment 'chemotherapy', cart_days '60'). Write CAR-T (HSCT if that was given too) under",
    ),
    "site without relapse": (
        ("P3", "relapse_site", "isolated CNS"),
        "relapse_site is given for 1 of 4 children whose relapsed is 0 (child P3: 'isolated CNS'). Empty",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "words"), ONE_CELL.values(), ids=ONE_CELL)
@pytest.mark.parametrize("kind", ["csv", "parquet", "frame"])
def test_each_mistake_in_a_cell_names_the_patient_and_the_remedy(
    tmp_path: Path, cell: tuple[str, str, str], words: str, kind: str
) -> None:
    path = tmp_path / "file.csv"
    path.write_text(edited(*cell))
    source: Path | pd.DataFrame = path
    if kind != "csv":
        source = pd.read_csv(path, dtype=str, keep_default_na=False)
    if kind == "parquet":
        pd.read_csv(path, dtype=str).to_parquet(tmp_path / "file.parquet")
        source = tmp_path / "file.parquet"
    problems = problems_of(source)
    assert len(problems) == 1, problems
    assert str(problems[0]).startswith(words), str(problems[0])


def test_numbers_of_a_frame_are_checked_too(tmp_path: Path) -> None:
    path = tmp_path / "good.csv"
    path.write_text(GOOD)
    frame = pd.read_csv(path)
    frame["age_years"] = [float("inf"), 130.0, -1.0, None]
    assert [str(problem).split(" for ")[0] for problem in problems_of(frame)] == [
        "age_years is no number",
        "age_years is negative",
        "age_years is above 120 years",
    ]


FILES: dict[str, tuple[str | bytes, list[str]]] = {
    "no identifier": (
        without("patient_id"),
        ["the column patient_id is missing", "columns found: age_years, sex", "Add a column patient_id"],
    ),
    "identifier misspelt": (
        without("patient_id", "patientid1"),
        ["patient_id is missing", "Rename 'patientid1' to patient_id"],
    ),
    "identifier of a registry": (without("patient_id", "record_id"), ["Rename 'record_id' to patient_id"]),
    "event without its time": (
        without("os_days"),
        ["the column os_event is given without os_days", "Overall survival", "Add os_days, or take os_event out"],
    ),
    "time without its event": (
        without("os_event", "Vital Status"),
        ["the column os_days is given without os_event", "Rename 'Vital Status' to os_event"],
    ),
    "column twice": (without("sex", "Age Years"), ["the column age_years stands twice", "'age_years' and 'Age Years'"]),
    "nothing known": (
        "patient_id,a,b\nP1,1,2\n",
        ["no column besides the identifier", "patient_id, a, b", "age_years, sex"],
    ),
    "empty": ("", ["broken.csv is empty: it has no columns", "header line"]),
    "blank": (" \n\n", ["broken.csv is empty: it has no columns"]),
    "header only": (GOOD.splitlines()[0] + "\n", ["broken.csv has a header but no children"]),
    "too many values": (
        GOOD + "P5,1,male,B,9,,,0,,,,,,,,,9,0,extra\n",
        ["1 line has more values than the header's 18", "line 6"],
    ),
    "too few values": (
        GOOD + "P5,1,male\nP6,2\n",
        ["2 lines have fewer values than the header's 18 columns", "lines 6; 7 of broken.csv"],
    ),
    "open quotation mark": (
        GOOD + 'P5,1,"male,B,9,,,0,,,,,,,,,9,0\n',
        ["a quotation mark that is never closed", "line 6"],
    ),
    "Latin-1": (
        GOOD.replace("isolated CNS", "isolé").encode("latin-1"),
        ["characters that are not UTF-8", "CSV UTF-8"],
    ),
    "UTF-16": (GOOD.encode("utf-16"), ["broken.csv is a text file in UTF-16", "CSV UTF-8"]),
    "Excel": (b"PK\x03\x04" + bytes(99), ["broken.csv is an Excel workbook or ZIP archive", "CSV UTF-8"]),
    "binary": (bytes(range(256)), ["broken.csv is no text file, not a CSV or Parquet file"]),
    "broken Parquet": (b"PAR1" + bytes(99), ["broken.csv cannot be read", "Parquet"]),
}


@pytest.mark.parametrize(("content", "words"), FILES.values(), ids=FILES)
def test_each_broken_file_says_what_to_do(tmp_path: Path, content: str | bytes, words: list[str]) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems = problems_of(path)
    assert len(problems) == 1, problems
    assert all(word in str(problems[0]) for word in words), str(problems[0])


def test_columns_of_one_name_are_found_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "twice.parquet"
    parts = pa.array([{"os_days": 1, "x": [{"os_days": 2}]}] * 2)
    columns = [pa.array(["A", "B"]), parts, pa.array([1, 2]), pa.array([3, 4]), pa.array([0, 1])]
    names = ["patient_id", "visit_1", "os_days", "os_days", "os_event"]
    pq.write_table(pa.Table.from_arrays(columns, names=names), path)
    (problem,) = problems_of(path)
    assert problem.what == "the column os_days stands twice" and problem.where == "columns 'os_days' and 'os_days'"
    pq.write_table(pa.Table.from_arrays(columns[:3] + columns[4:], names=names[:3] + names[4:]), path)
    assert open_cohort(path).n == 2


def test_a_missing_file_is_told_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "cohort_2024.csv").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("")
    (problem,) = problems_of(tmp_path / "cohort_2042.csv")
    assert problem.what == "there is no file cohort_2042.csv"
    assert problem.remedy == "Did you mean cohort_2024.csv?"
    (problem,) = problems_of(tmp_path / "x")
    assert problem.remedy == "Did you mean cohort_2024.csv?"
    (problem,) = problems_of(tmp_path / "nowhere" / "x.csv")
    assert problem.what.startswith("there is no folder")
    (problem,) = problems_of(tmp_path)
    assert "is a folder" in problem.what
    assert problems_of(Path("."))[0].what == ". is a folder"


def test_empty_frames_are_refused() -> None:
    assert problems_of(pd.DataFrame())[0].what == "the data frame is empty: it has no columns"
    assert problems_of(pd.DataFrame({"patient_id": []}))[0].what == "the data frame has a header but no children"


def test_all_problems_are_found_at_once() -> None:
    found = [problem.what.split(" for ")[0] for problem in problems_of(FIXTURES / "many_problems.csv")]
    assert found == [
        "1 line has fewer values than the header's 14 columns",
        "patient_id repeats: 1 identifier stands in several rows",
        "patient_id is blank",
        "sex has an unknown level",
        "immunophenotype has an unknown level",
        "relapse_site has an unknown level",
        "age_years is no number",
        "os_event is neither 0 nor 1",
        "os_days is negative",
        "age_years is above 120 years",
        "os_days ends before relapse (os_days < relapse_days)",
        "hsct_days lies after last contact (hsct_days > os_relapse_days)",
        "relapse_days is given",
        "relapse_site is given",
    ]


def test_problems_come_with_remarks_on_the_columns() -> None:
    with pytest.raises(CohortError) as error:
        open_cohort(FIXTURES / "many_problems.csv")
    assert [note.code for note in error.value.notes] == ["column-near-miss", "column-unknown"]
    assert "'Platelet'" in error.value.notes[0].text
    assert "Did you mean platelets?" in error.value.notes[0].text


def test_many_wrong_rows_are_counted_and_five_named() -> None:
    frame = pd.DataFrame({"patient_id": [f"P{i}" for i in range(40)], "sex": ["x"] * 40})
    (problem,) = problems_of(frame)
    assert "for 40 of 40 children" in problem.what
    assert problem.where == "children P0: 'x'; P1: 'x'; P2: 'x'; P3: 'x'; P4: 'x' and 35 more"


def remarks_of(text: str, folder: Path) -> dict[str, str]:
    """Notes of a file that opens, by code."""
    path = folder / "file.csv"
    path.write_text(text)
    return {note.code: note.text for note in open_cohort(path).notes}


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda: without("age_years", "Age Years"), "column-renamed", ["'Age Years' was read as age_years"]),
        (lambda: without("platelets", "PLT"), "column-near-miss", ["'PLT'", "Did you mean platelets?"]),
        (lambda: without("platelets", "plateletts"), "column-near-miss", ["Did you mean platelets?"]),
        (lambda: without("platelets", "shoe size"), "column-unknown", ["1 column is not", "left out: shoe size"]),
        (lambda: edited("P2", "mrd_day46", "negative"), "derived-differs", ["mrd_day46 differs for 1 child"]),
        (lambda: edited("P4", "os_event", "1"), "follow-up-differs", ["disagree about whether 1 child died"]),
        (
            lambda: edited("P2", "relapse_days", ""),
            "day-missing",
            ["relapsed is 1", "1 child", "row 2", "odds ratios"],
        ),
        (lambda: edited("P4", "os_days", "1000"), "follow-up-differs", ["os_days differs by more than a day"]),
    ],
)
def test_oddities_are_noted_and_the_file_opens(
    tmp_path: Path, change: Callable[[], str], code: str, words: list[str]
) -> None:
    remarks = remarks_of(change(), tmp_path)
    assert list(remarks) == [code]
    assert all(word in remarks[code] for word in words), remarks


def test_times_that_look_like_months_are_noted(tmp_path: Path) -> None:
    rows = "".join(f"P{i},{i + 1},0,{80 + i}\n" for i in range(30))
    remarks = remarks_of("patient_id,os_days,os_event,haemoglobin\n" + rows, tmp_path)
    assert "os_days is below 240 for 30 of 30 children" in remarks["unit-suspect"]
    rows = "".join(f"P{i},{i + 500},0,{6 + i / 10}\n" for i in range(30))
    remarks = remarks_of("patient_id,os_days,os_event,haemoglobin\n" + rows, tmp_path)
    assert "haemoglobin is below 25 g/L for 30 children" in remarks["unit-suspect"]


def test_a_large_number_in_the_place_of_an_event_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "coded.csv"
    path.write_text(edited("P2", "os_event", "7777"))
    assert any(
        "os_event is neither 0 nor 1 for 1 of 4 children" in p.what and "'7777'" in p.where for p in problems_of(path)
    )


def test_notes_say_the_word_of_the_dictionary_and_quote_the_file_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    text = edited("P2", "relapse_days", "").replace("patient_id", "Patient ID").replace("cart_days", "CAR-T patients")
    path.write_text(text, encoding="utf-8")
    cohort = open_cohort(path)
    notes = [note.text for note in cohort.notes]
    assert cohort.name == "patients"
    assert "The column 'Patient ID' was read as patient_id." in notes
    assert "1 column is not in the dictionary and was left out: CAR-T patients." in notes
    assert any(note.startswith("relapsed is 1 without relapse_days for 1 child, counted as") for note in notes)
