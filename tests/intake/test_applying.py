"""Every rule of a mapping on cells as files have them; what cannot be read is told with its lines, never dropped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.cohort import open_cohort
from analytics.dictionary import open_dictionary
from analytics.intake.applying import Mapped, apply_mapping
from analytics.intake.mapping import Assignment, Mapping, MappingError
from tests.intake.source_tables import table_of

DICTIONARY = open_dictionary()
SITES = (
    ("marrow", "isolated marrow"),
    ("CNS", "isolated CNS"),
    ("CNS + marrow", "marrow and CNS"),
    ("", None),
)


def make(assignment: Assignment, missing: tuple[str, ...] = (), **columns: list[str | None]) -> Mapped:
    """One variable made of columns, beside patients called by their place."""
    n = len(next(iter(columns.values())))
    table = table_of({"id": [f"P{i}" for i in range(n)], **columns})
    return apply_mapping(table, Mapping("test", key="id", missing=missing, assignments=(assignment,)), DICTIONARY)


def values_of(mapped: Mapped, variable: str) -> list[Any]:
    return [None if pd.isna(value) else value for value in mapped.frame[variable]]


def unread_of(mapped: Mapped) -> list[tuple[str, str, str, int, list[int]]]:
    return [(u.variable, u.column, u.text, u.n, u.lines.tolist()) for u in mapped.unread]


def test_levels_are_read_in_any_case_and_every_other_text_is_told_with_its_lines() -> None:
    sex = Assignment("sex", ("Sex",), "levels", (("M", "male"), ("F", "female"), ("2", "female"), ("9", None)))
    mapped = make(sex, Sex=["m", "F", "2.0", "9", "X", "x", None, "X", "NA", "male"])
    assert values_of(mapped, "sex") == ["male", "female", "female", *[None] * 7]
    assert unread_of(mapped) == [
        ("sex", "Sex", "X", 2, [6, 9]),
        ("sex", "Sex", "x", 1, [7]),
        ("sex", "Sex", "male", 1, [11]),
    ]
    (note,) = mapped.notes
    assert note.code == "values-unread"
    assert note.text == "Sex: 4 of 10 values were not read and are missing: “X” (2), “x” (1), “male” (1)."
    assert mapped.lines.tolist() == list(range(2, 12))
    assert mapped.frame["patient_id"].tolist() == [f"P{i}" for i in range(10)]


def test_words_of_the_dictionary_are_read_and_words_for_missing_are_missing() -> None:
    cns = make(Assignment("cns_status", ("CNS",)), CNS=["CNS 2a", "cns3", "CNS1", ".", "n/a", "not recorded", "CNS 4"])
    assert values_of(cns, "cns_status") == ["CNS2", "CNS3", "CNS1", None, None, None, None]
    assert unread_of(cns) == [("cns_status", "CNS", "CNS 4", 1, [8])]
    sex = make(Assignment("sex", ("Sex",)), Sex=["girls", "Male", "FEMALE"])
    assert values_of(sex, "sex") == ["female", "male", "female"]


@pytest.mark.parametrize(
    "text", ["yes", "Y", "1", "1.0", "TRUE", "ja", "是", "positive", "阳性", "1: died", "1:DECEASED"]
)
def test_an_event_that_happened(text: str) -> None:
    died = make(Assignment("os_event", ("Died",)), Died=[text])
    assert values_of(died, "os_event") == [1.0] and not died.unread


@pytest.mark.parametrize("text", ["no", "N", "0", "0.00", "false", "Nein", "否", "negative", "0:LIVING"])
def test_an_event_that_has_not_happened(text: str) -> None:
    died = make(Assignment("os_event", ("Died",)), Died=[text])
    assert values_of(died, "os_event") == [0.0] and not died.unread


def test_events_of_other_codes_are_told_and_not_guessed() -> None:
    died = make(Assignment("os_event", ("Died",)), Died=["2", "1", "10:X", "0.5"])
    assert values_of(died, "os_event") == [None, 1.0, None, None]
    assert [u.text for u in died.unread] == ["2", "10:X", "0.5"]
    turned = Assignment("os_event", ("Died",), "levels", (("1", "0"), ("2", "1")))
    assert values_of(make(turned, Died=["2", "1", "2"]), "os_event") == [1.0, 0.0, 1.0]


def test_a_word_that_usually_means_missing_may_be_a_level_unless_it_is_stated() -> None:
    first = Assignment("first_event", ("First",))
    assert values_of(make(first, First=["None", "Relapse", "NA"]), "first_event") == ["none", "relapse", None]
    stated = replace(first, missing=("none",))
    assert values_of(make(stated, First=["None", "Relapse"]), "first_event") == ["none", "relapse"]
    told = Assignment("first_event", ("First",), "levels", (("None", "none"),), missing=("none",))
    assert values_of(make(told, First=["None"]), "first_event") == ["none"]


def test_codes_for_unknown_are_missing_in_their_column_or_everywhere() -> None:
    cells: dict[str, list[str | None]] = {"n": ["9", "99", "12", "9.0"]}
    count = Assignment("white_cells", ("n",))
    assert values_of(make(count, **cells), "white_cells") == [9, 99, 12, 9]
    assert values_of(make(replace(count, missing=("9",)), **cells), "white_cells") == [None, 99, 12, None]
    assert values_of(make(count, missing=("99",), **cells), "white_cells") == [9, None, 12, 9]
    sex = Assignment("thrombocytopenia", ("n",))
    assert values_of(make(sex, missing=("1",), n=["1", "0", "yes"]), "thrombocytopenia") == [None, "no", "yes"]


def test_numbers_take_the_unit_of_the_dictionary() -> None:
    per_cubic = Assignment("white_cells", ("WBC",), "number", factor=0.001)
    assert values_of(make(per_cubic, WBC=["12500", "4e3", "-1", ".5"]), "white_cells") == [12.5, 4, -0.001, 0.0005]
    fraction = Assignment("mrd_day46_percent", ("MRD",), "number", factor=100)
    # Ten thousand times exactly the limit: what the computer makes of 3e-4 × 100 must not matter.
    assert values_of(make(fraction, MRD=["0.0001", "0.0003", "0.07"]), "mrd_day46_percent") == [0.01, 0.03, 7]
    months = Assignment("os_days", ("OS",), "number", factor=30.4375)
    assert values_of(make(months, OS=["23.98", "0", "60"]), "os_days") == [730, 0, 1826]
    days = Assignment("os_days", ("OS",), "number")
    assert values_of(make(days, OS=["12.5"]), "os_days") == [12.5]


def test_texts_stand_for_numbers_where_that_is_said_and_are_told_elsewhere() -> None:
    mrd = Assignment("mrd_day46_percent", ("MRD",), "number", (("<0.01", "0"), ("neg", "0"), ("nd", None)), factor=100)
    mapped = make(mrd, MRD=["<0.01", "NEG", "nd", ">1", "1,5", "0.02", "inf", "nan", "1_0", "0x1", "1e400"])
    assert values_of(mapped, "mrd_day46_percent") == [0, 0, None, None, None, 2, *[None] * 5]
    assert [u.text for u in mapped.unread] == [">1", "1,5", "inf", "1_0", "0x1", "1e400"]
    assert {u.why for u in mapped.unread} == {"it is no number"}


def test_the_first_known_of_several_columns_counts() -> None:
    age = Assignment("age_years", ("age", "age at entry"))
    mapped = make(age, **{"age": ["3", None, "NA", "?", None], "age at entry": ["4", "5", "6", "7", None]})
    assert values_of(mapped, "age_years") == [3, 5, 6, 7, None]
    assert unread_of(mapped) == [("age_years", "age", "?", 1, [5])]


def days(**given: Any) -> Assignment:
    return Assignment("os_days", ("died", "seen"), "days", origin="dx", **given)


def test_dates_become_days_from_their_origin() -> None:
    mapped = make(
        days(),
        died=["2019-03-04", None, "2019-03-04 10:00", None, None],
        seen=["2019-01-01", "2020-02-29", None, "2019-03-04", None],
        dx=["2019-03-01", "2020-02-28", "2018-03-04", "2019-03-05", "2019-01-01"],
    )
    assert values_of(mapped, "os_days") == [3, 1, 365, -1, None] and not mapped.unread


def test_days_less_days_are_days() -> None:
    mapped = make(days(), died=["730", None], seen=[None, "1000.5"], dx=["300", "0"])
    assert values_of(mapped, "os_days") == [430, 1000.5]
    years = Assignment("age_years", ("dx",), "days", origin="born", factor=1 / 365.25)
    aged = make(years, dx=["2019-03-04", "2019-03-04"], born=["2015-03-04", "2018-03-04"])
    assert values_of(aged, "age_years") == [4.0, pytest.approx(0.99932, abs=1e-5)]


def test_ambiguous_dates_are_refused_unless_their_order_is_told_or_follows() -> None:
    cells: dict[str, list[str | None]] = {"died": ["05.03.2019", None], "seen": [None, "2019-12-01"]}
    with pytest.raises(MappingError, match=r"map.os_days: dates such as 05.03.2019 can be read as dmy or mdy"):
        make(days(), dx=["04.03.2019", "2019-11-01"], **cells)
    assert values_of(make(days(date_order="dmy"), dx=["04.03.2019", "2019-11-01"], **cells), "os_days") == [1, 30]
    assert values_of(make(days(date_order="mdy"), dx=["04.03.2019", "2019-11-01"], **cells), "os_days") == [30, 30]
    # One date that can be read in one way alone tells how the others are meant.
    assert values_of(make(days(), dx=["28.02.2019", "2019-11-01"], **cells), "os_days") == [5, 30]


def test_what_is_no_date_is_told() -> None:
    mapped = make(
        days(date_order="dmy"),
        died=["31.04.2019", "soon", "2019-05-01", "43000"],
        seen=[None] * 4,
        dx=["2019-01-01", "2019-01-01", "??", "2019-01-01"],
    )
    assert values_of(mapped, "os_days") == [None] * 4
    assert [(u.column, u.text, u.lines.tolist()) for u in mapped.unread] == [
        ("died", "31.04.2019", [2]),
        ("died", "soon", [3]),
        ("dx", "??", [4]),
        ("died − dx", "a date and a number", [5]),
    ]


def test_yes_and_no_columns_are_combined_into_one_level() -> None:
    site = Assignment("relapse_site", ("marrow", "CNS"), "combine", SITES)
    mapped = make(
        site,
        marrow=["Yes", "no", "1", "No", None, None, "Yes", "maybe"],
        CNS=["No", "yes", "1", "No", None, "Yes", None, "Yes"],
    )
    expected = ["isolated marrow", "isolated CNS", "marrow and CNS", None, None, None, None, None]
    assert values_of(mapped, "relapse_site") == expected
    assert unread_of(mapped) == [("relapse_site", "marrow", "maybe", 1, [9])]
    half = next(note for note in mapped.notes if note.code == "combination-unknown")
    assert half.text.startswith("Site of relapse is unknown in 3 rows")


def test_a_combination_that_is_not_in_the_mapping_is_told() -> None:
    site = Assignment("relapse_site", ("marrow", "CNS"), "combine", SITES[:2])
    mapped = make(site, marrow=["1", "0", "1"], CNS=["1", "0", "0"])
    assert values_of(mapped, "relapse_site") == [None, None, "isolated marrow"]
    assert unread_of(mapped) == [
        ("relapse_site", "marrow + CNS", "none of them", 1, [3]),
        ("relapse_site", "marrow + CNS", "marrow + CNS", 1, [2]),
    ]


def test_an_empty_cell_means_no_where_that_is_said() -> None:
    site = Assignment("relapse_site", ("marrow", "CNS"), "combine", SITES, yes=("x",), no=("", "-"))
    mapped = make(site, marrow=["x", None, "-", "Yes"], CNS=[None, "X", None, "-"])
    assert values_of(mapped, "relapse_site") == ["isolated marrow", "isolated CNS", None, None]
    assert unread_of(mapped) == [("relapse_site", "marrow", "Yes", 1, [5])]


def test_combinations_make_events_too() -> None:
    levels = (("a", "1"), ("b", "1"), ("a + b", "1"), ("", "0"))
    event = Assignment("efs_event", ("a", "b"), "combine", levels)
    assert values_of(make(event, a=["1", "0", "0"], b=["1", "0", "1"]), "efs_event") == [1, 0, 1]


def test_a_date_that_is_there_is_an_event() -> None:
    died = Assignment("os_event", ("died", "autopsy"), "present", missing=("00.00.0000",))
    mapped = make(died, died=["2019-03-04", None, "00.00.0000", "NA"], autopsy=[None, None, None, "2019"])
    assert values_of(mapped, "os_event") == [1, 0, 0, 1]
    again = Assignment("second_relapse", ("died",), "present")
    assert values_of(make(again, died=["2019-03-04", None]), "second_relapse") == ["yes", "no"]


def test_a_constant_is_for_everybody_and_lines_number_them() -> None:
    assert values_of(
        make(Assignment("immunophenotype", rule="constant", value="t-all"), a=["x", "y"]), "immunophenotype"
    ) == [
        "T",
        "T",
    ]
    assert values_of(make(Assignment("relapsed", rule="constant", value="1"), a=["x"]), "relapsed") == [1]
    mapped = apply_mapping(
        table_of({"Sex": ["male", "female"]}),
        Mapping("test", assignments=(Assignment("patient_id", rule="line"), Assignment("sex", ("Sex",)))),
        DICTIONARY,
    )
    assert mapped.frame.to_dict("list") == {"patient_id": ["2", "3"], "sex": ["male", "female"]}


def test_a_condition_on_other_columns_limits_values_and_what_is_told() -> None:
    relapse = Assignment("relapse_days", ("day",), where=(("event", ("Relapse", "Rezidiv")), ("dead", ("", "no"))))
    mapped = make(
        relapse,
        day=["10", "20", "?", "?", "50"],
        event=["relapse", "None", "None", "REZIDIV", "Relapse"],
        dead=["no", "no", "no", None, "yes"],
    )
    assert values_of(mapped, "relapse_days") == [10, None, None, None, None]
    assert unread_of(mapped) == [("relapse_days", "day", "?", 1, [5])]
    assert mapped.notes[0].text.startswith("Time to relapse: 1 of 2 values")
    known = Assignment("os_event", ("dead",), where=(("day", ("*",)),))
    assert values_of(make(known, day=["10", None, "NA"], dead=["0", "0", "1"]), "os_event") == [0, None, None]


def test_a_variable_whose_column_is_not_there_is_not_made_and_the_column_is_named() -> None:
    absent = Assignment("age_years", ("Alter",))
    mapped = make(absent, Sex=["male"])
    assert list(mapped.frame) == ["patient_id"]
    assert [(n.code, n.text) for n in mapped.notes] == [
        ("column-absent", "Age at diagnosis is not made: “Alter” is not in the file.")
    ]
    for lost in (
        Assignment("os_days", ("Sex",), "days", origin="dx"),
        Assignment("age_years", ("Sex",), where=(("dx", ("1",)),)),
        Assignment("relapse_site", ("Sex", "dx"), "combine", SITES),
    ):
        (note,) = make(lost, Sex=["male"]).notes
        assert "“dx” is not in the file" in note.text
    either = make(Assignment("age_years", ("Alter", "age")), age=["3"])
    assert values_of(either, "age_years") == [3]


WRONG = [
    (
        Assignment("shoe_size", ("a",)),
        r"shoe_size is not in the dictionary. Take it out, or add \[variables.shoe_size\]",
    ),
    (Assignment("sex", ("a",), "levels", (("M", "boy"),)), "'boy' is no level of sex. Its levels are female, male"),
    (Assignment("sex", ("a",), "levels", (("M", "male"), ("m", "female"))), "two texts differ in their case alone"),
    (Assignment("os_event", ("a",), "levels", (("M", "yes"),)), "'yes' is no level of os_event. Its levels are 0, 1"),
    (Assignment("age_years", ("a",), "number", (("<1", "few"),)), "'few' is no number"),
    (Assignment("sex", ("a",), "number"), "sex is binary, no number"),
    (Assignment("os_event", ("a",), "days", origin="b"), "os_event is event, no number of days"),
    (Assignment("relapse_site", ("a",), "present"), "relapse_site is categorical. The rule present is for events"),
    (Assignment("age_years", ("a",), "present"), "age_years is continuous. The rule present"),
    (Assignment("age_years", rule="line"), "the rule line is for the identifier alone"),
    (Assignment("sex", rule="constant", value="X"), "'X' is no level of sex"),
]


@pytest.mark.parametrize(("assignment", "said"), WRONG)
def test_a_mapping_that_does_not_go_with_the_dictionary_is_refused(assignment: Assignment, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        make(assignment, a=["1"], b=["1"])


def test_somebody_must_be_told_apart() -> None:
    table = table_of({"Sex": ["male"]})
    sex = (Assignment("sex", ("Sex",)),)
    with pytest.raises(MappingError, match="no column tells the children apart"):
        apply_mapping(table, Mapping("test", assignments=sex), DICTIONARY)
    with pytest.raises(MappingError, match=r"the column 'Nr' of Child is not in export.csv"):
        apply_mapping(table, Mapping("test", key="Nr", assignments=sex), DICTIONARY)


def test_a_new_variable_needs_no_code() -> None:
    entries = {
        "variables": {
            "mrd_day29_percent": {"label": "MRD, value", "kind": "continuous", "unit": "%", "phase": "induction"},
            "mrd_day29": {
                "label": "MRD on day 29",
                "kind": "binary",
                "phase": "induction",
                "levels": ["negative", "positive"],
                "reference": "negative",
                "is_group": True,
                "derive": {"rule": "cuts", "from": ["mrd_day29_percent"], "cuts": [0.01]},
            },
        }
    }
    table = table_of({"id": ["a", "b", "c"], "MRD29": ["0", "0.01", "NA"], "sex": ["male", "female", "male"]})
    assignments = (Assignment("mrd_day29_percent", ("MRD29",)), Assignment("sex", ("sex",)))
    mapped = apply_mapping(table, Mapping("test", key="id", assignments=assignments, entries=entries), DICTIONARY)
    cohort = open_cohort(mapped.frame, mapped.dictionary)
    assert "mrd_day29" in [v.name for v in cohort.dictionary.groups]
    counts = cohort.tally(["mrd_day29"])
    levels = ["unknown" if pd.isna(level) else level for level in counts["mrd_day29"]]
    assert dict(zip(levels, counts["n"], strict=True)) == {"negative": 1, "positive": 1, "unknown": 1}
    with pytest.raises(MappingError, match="mrd: kind 'float' is none of"):
        apply_mapping(table, Mapping("t", key="id", entries={"variables": {"mrd": {"kind": "float"}}}), DICTIONARY)


def test_a_whole_dictionary_needs_no_code() -> None:
    entries = {
        "words": {"noun": "patient", "plural": "patients"},
        "variables": {
            "id": {"label": "Patient", "kind": "identifier", "phase": "diagnosis"},
            "days": {"label": "Follow-up", "kind": "duration", "unit": "days", "phase": "follow-up"},
            "died": {"label": "Death", "kind": "event", "phase": "follow-up"},
        },
    }
    table = table_of({"nr": ["1", "2"], "futime": ["12", "40"], "status": ["1", "2"]})
    mapping = Mapping(
        "test",
        key="nr",
        own_dictionary=True,
        assignments=(
            Assignment("days", ("futime",)),
            Assignment("died", ("status",), "levels", (("1", "0"), ("2", "1"))),
        ),
        entries=entries,
    )
    mapped = apply_mapping(table, mapping, DICTIONARY)
    assert mapped.frame.to_dict("list") == {"id": ["1", "2"], "days": [12.0, 40.0], "died": [0.0, 1.0]}
    assert mapped.dictionary.words.plural == "patients" and len(mapped.dictionary.variables) == 3


@given(st.lists(st.sampled_from(["M", "f", "", "NA", "9", "?", "male", "12"]), min_size=1, max_size=30))
def test_every_cell_is_a_level_or_known_to_be_unknown_or_told(cells: list[str]) -> None:
    sex = Assignment("sex", ("Sex",), "levels", (("M", "male"), ("F", "female")), missing=("9",))
    mapped = make(sex, Sex=list(cells))
    told = sum(u.n for u in mapped.unread)
    assert told == sum(cell in ("?", "male", "12") for cell in cells)
    assert int(mapped.frame["sex"].notna().sum()) == sum(cell in ("M", "f") for cell in cells)
    lines = np.concatenate([np.array([], dtype=int), *(u.lines for u in mapped.unread)])
    assert sorted(lines) == [i + 2 for i, cell in enumerate(cells) if cell in ("?", "male", "12")]
