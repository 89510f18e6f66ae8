"""Exports that nobody knows: by names, synonyms and content; what is certain is taken, the rest asked with its consequence."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from analytics.cohort import open_cohort
from analytics.dictionary import open_dictionary
from analytics.intake.applying import apply_mapping
from analytics.intake.beginning import begin_intake
from analytics.intake.codebook import read_choices
from analytics.intake.mapping import Assignment, Mapping
from analytics.intake.mapping_text import read_mapping, write_mapping
from analytics.intake.names import score_name, spell_without, split_name
from analytics.intake.proposing import Guess, Proposal, Question, propose_mapping
from analytics.intake.units import guess_units
from tests.intake.portal_download import N_CHILDREN, SITES, made_up_download
from tests.intake.source_tables import table_of

DICTIONARY = open_dictionary()


def propose(**columns: list[str]) -> Proposal:
    return propose_mapping(table_of(columns), DICTIONARY)


def guess_of(proposal: Proposal, variable: str) -> Guess:
    return next(guess for guess in proposal.guesses if guess.assignment.variable == variable)


def question_of(guess: Guess, kind: str) -> Question:
    (question,) = (question for question in guess.questions if question.kind == kind)
    return question


def german_days(days: list[int | None]) -> list[str]:
    first = date(2012, 1, 1)
    return ["" if day is None else f"{first + timedelta(day):%d.%m.%Y}" for day in days]


GERMAN = table_of(
    {
        "Pat-Nr": ["A", "B", "C", "D"],
        "Geschlecht": ["m", "w", "w", "m"],
        "Alter (Monate)": ["30", "60", "12", "144"],
        "Leukozyten": ["12500", "4000", "90000", "2100"],
        "Immunphänotyp": ["B-ALL", "T-ALL", "unbekannt", "B-Zell"],
        "BCR-ABL": ["neg", "pos", "nd", "negativ"],
        "Datum der Diagnose": german_days([0, 40, 80, 120]),
        "Rezidivdatum": german_days([400, None, 900, None]),
        "Todesdatum": german_days([700, None, None, 300]),
        "Datum letzter Kontakt": german_days([690, 2000, 2100, 299]),
        "Rezidiv KM": ["ja", "nein", "ja", "nein"],
        "Rezidiv ZNS": ["nein", "nein", "ja", "nein"],
        "Bemerkung": ["x", "y", "z", ""],
    }
)


def test_a_german_export_with_dates_is_mapped_without_a_question() -> None:
    proposal = propose_mapping(GERMAN, DICTIONARY)
    assert proposal.asked == () and proposal.unused == ("Bemerkung",)
    assert proposal.mapping.key == "Pat-Nr"
    assert read_mapping(write_mapping(proposal.mapping)) == proposal.mapping
    mapped = apply_mapping(GERMAN, proposal.mapping, DICTIONARY)
    assert mapped.unread == ()
    frame = mapped.frame.astype(object).where(mapped.frame.notna(), None)
    assert frame.to_dict("list") == {
        "patient_id": ["A", "B", "C", "D"],
        "age_years": [2.5, 5, 1, 12],
        "sex": ["male", "female", "female", "male"],
        "immunophenotype": ["B", "T", None, "B"],
        "white_cells": [12.5, 4, 90, 2.1],
        "bcr_abl1": ["negative", "positive", None, "negative"],
        "relapsed": [1, 0, 1, 0],
        "relapse_days": [400, None, 820, None],
        "relapse_site": ["isolated marrow", None, "marrow and CNS", None],
        "os_relapse_days": [300, None, 1200, None],
        "os_relapse_event": [1, None, 0, None],
        "os_days": [700, 1960, 2020, 180],
        "os_event": [1, 0, 0, 1],
    }
    assert open_cohort(mapped.frame, mapped.dictionary).count() == 4


def test_a_chinese_export_is_mapped_without_a_question() -> None:
    table = table_of(
        {
            "患者编号": ["1", "2", "3"],
            "性别": ["男", "女", "女"],
            "诊断年龄": ["3", "4.5", "6"],
            "初诊白细胞": ["12.5", "80", "3.1"],
            "免疫分型": ["B细胞", "T系", "未知"],
            "危险度": ["低危", "高危", "中危"],
            "确诊日期": ["2015年1月1日", "2016-01-01", "2017/1/1"],
            "复发日期": ["2016年1月1日", "", ""],
            "死亡日期": ["", "", "2018年1月1日"],
            "末次随访日期": ["2018年1月1日", "2019年1月1日", ""],
        }
    )
    proposal = propose_mapping(table, DICTIONARY)
    assert proposal.asked == () and proposal.unused == ()
    frame = apply_mapping(table, proposal.mapping, DICTIONARY).frame
    assert frame["sex"].tolist() == ["male", "female", "female"]
    assert frame["risk_group"].tolist() == ["low", "high", "intermediate"]
    assert frame["immunophenotype"].fillna("").tolist() == ["B", "T", ""]
    assert frame["os_days"].tolist() == [1096, 1096, 365] and frame["os_event"].tolist() == [0, 0, 1]
    assert frame["relapse_days"].tolist()[0] == 365 and frame["os_relapse_days"].tolist()[0] == 731


def test_the_own_columns_of_the_dictionary_are_taken_as_they_are() -> None:
    proposal = propose(
        patient_id=["a", "b"], os_days=["3", "9"], os_event=["0", "1"], relapsed=["1", "0"], sex=["male", "female"]
    )
    assert {a.variable for a in proposal.mapping.assignments} == {
        "patient_id",
        "os_days",
        "os_event",
        "relapsed",
        "sex",
    }
    assert all(guess.is_sure and guess.assignment.factor == 1 for guess in proposal.guesses)


def test_which_value_means_dead_is_asked_with_what_follows() -> None:
    proposal = propose(ID=list("abcdefgh"), **{"os.censor": ["1"] * 3 + ["0"] * 4 + [""]})
    guess = guess_of(proposal, "os_event")
    assert not guess.is_sure and proposal.mapping.get("os_event") is None
    usual, turned = question_of(guess, "event").choices
    assert usual.consequence == "If 1 means “died”, it is 3 of 7 children."
    assert turned.consequence == "If 0 means “died”, it is 4 of 7 children."
    assert turned.assignment.levels == (("0", "1"), ("1", "0"))
    free = guess_of(propose(ID=list("abc"), **{"efs.censor": ["1", "0", "0"]}), "efs_event")
    assert question_of(free, "event").choices[0].label == "0 = not had an event, 1 = had an event"
    coded = guess_of(propose(ID=list("abc"), **{"Vital status": ["1", "2", "2"]}), "os_event")
    assert question_of(coded, "event").choices[0].consequence == "If 2 means “died”, it is 2 of 3 children."
    words = guess_of(propose(ID=list("abc"), **{"Vital status": ["alive", "Dead", "1:DECEASED"]}), "os_event")
    assert words.is_sure and words.assignment == Assignment("os_event", ("Vital status",))


def test_numbers_for_levels_are_asked_both_ways() -> None:
    guess = guess_of(propose(ID=list("abcd"), sex=["1", "2", "2", "9"]), "sex")
    first, second = question_of(guess, "levels").choices
    assert (first.label, first.consequence) == ("1 = girls, 2 = boys", "1 girls, 2 boys")
    assert second.assignment.levels == (("1", "male"), ("2", "female"))
    assert second.assignment.missing == ("9",)


def test_texts_that_are_no_level_are_asked_and_codes_for_unknown_confirmed() -> None:
    guess = guess_of(propose(ID=list("abcd"), **{"CNS status": ["CNS1", "CNS 2a", "CNS 4", "CNS1"]}), "cns_status")
    question = question_of(guess, "levels")
    assert question.texts == ("CNS 4",) and guess.assignment == Assignment("cns_status", ("CNS status",))
    assert "all but 1 of 4 values" in guess.why
    assert question.choices[0].assignment.levels == (("CNS 4", None),)
    coded = guess_of(propose(ID=list("abcd"), **{"CNS status": ["CNS1", "9", "CNS3", "9"]}), "cns_status")
    missing = question_of(coded, "missing")
    assert coded.assignment.missing == ("9",) and missing.choices[0].consequence == "2 of 4 children."
    assert missing.choices[1].assignment.missing == ()


def test_the_unit_is_told_by_the_name_or_by_the_numbers_or_asked() -> None:
    ids = [f"{i}" for i in range(6)]
    months = guess_of(propose(ID=ids, OS_MONTHS=["1", "20", "33", "14.5", "60", "7"]), "os_days")
    assert months.is_sure and months.assignment.factor == 30.4375
    counts = guess_of(propose(ID=ids, PLT=["12000", "150000", "3000", "45000", "9000", "88000"]), "platelets")
    assert counts.is_sure and counts.assignment.factor == 0.001
    thousands = guess_of(propose(ID=ids, **{"WBC (10^3/µL)": ["12", "150", "3", "45", "9", "88"]}), "white_cells")
    assert thousands.assignment.factor == 1
    unclear = question_of(guess_of(propose(ID=ids, OS=["1.5", "2", "3.25", "9", "4", "7"]), "os_days"), "unit")
    assert [(choice.label, choice.consequence) for choice in unclear.choices] == [
        ("years", "The median 3.625 is 1324 days."),
        ("months", "The median 3.625 is 110.3 days."),
        ("days", "The median 3.625 is 3.625 days."),
    ]
    mrd = guess_of(propose(ID=ids, MRD_D46=["0", "0.0001", "0.02", "<0.0001", "neg", "0.3"]), "mrd_day46_percent")
    assert mrd.assignment.levels == (("<0.0001", "0"),) and "1 text is none" in mrd.why
    assert [choice.label for choice in question_of(mrd, "unit").choices] == ["a fraction", "%"]
    assert [choice.label for choice in question_of(mrd, "levels").choices] == ["0", "unknown"]


def test_codes_among_numbers_are_asked() -> None:
    age = guess_of(propose(ID=list("abcdefg"), Age=["3", "4", "999", "12", "999", "8", "1"]), "age_years")
    assert age.assignment.missing == ("999",) and age.assignment.factor == 1
    assert question_of(age, "missing").choices[0].consequence == "2 of 7 children."
    real = guess_of(propose(ID=list("abcd"), Age=["9", "8", "9", "11"]), "age_years")
    assert real.assignment.missing == () and real.is_sure


def test_each_answer_changes_what_it_is_about_and_leaves_the_other_questions_open() -> None:
    ids = [f"{i}" for i in range(8)]
    guess = guess_of(propose(ID=ids, OS=["1.5", "2", "3.25", "99", "4", "7", "99", "5"]), "os_days")
    unit, missing = question_of(guess, "unit"), question_of(guess, "missing")
    assert (guess.assignment.factor, guess.assignment.missing) == (365.25, ("99",))
    months = guess.answered(unit, unit.choices[1])
    assert months.questions == (missing,) and (months.assignment.factor, months.assignment.missing) == (
        30.4375,
        ("99",),
    )
    both = months.answered(missing, missing.choices[1])
    assert both.questions == () and (both.assignment.factor, both.assignment.missing) == (30.4375, ())
    kept = guess.answered(missing, missing.choices[0])
    assert kept.assignment == guess.assignment and kept.questions == (unit,)


def test_what_follows_from_an_answer_is_certain_once_it_is_given() -> None:
    columns = {
        "ID": ["a", "b", "c"],
        "time to relapse": ["1.5", "", "2"],
        "OS": ["3.5", "4", "9"],
        "Dead": ["1", "0", "0"],
    }
    table = table_of(columns)
    proposal = propose_mapping(table, DICTIONARY)
    # Neither is anything asked of it before: its examples would show one answer as if it were given.
    assert not {"os_relapse_days", "os_relapse_event"} & {guess.assignment.variable for guess in proposal.guesses}
    mapping = proposal.mapping
    for variable in ("relapse_days", "os_days", "os_event"):
        guess = guess_of(proposal, variable)
        for question in guess.questions:
            guess = guess.answered(question, question.choices[0])
        mapping = mapping.with_assignment(guess.assignment)
    further = propose_mapping(table, DICTIONARY, mapping)
    assert further.asked == ()
    frame = apply_mapping(table, further.mapping, DICTIONARY).frame
    assert frame["os_relapse_days"].fillna(-1).tolist() == [730, -1, 2557] and frame["os_days"].tolist() == [
        1278,
        1461,
        3287,
    ]
    assert frame["relapsed"].tolist() == [1, 0, 1] and frame["os_relapse_event"].fillna(-1).tolist() == [1, -1, 0]


def test_whether_and_when_a_child_relapsed_follows_from_first_events() -> None:
    table = table_of(
        {
            "ID": list("abcdef"),
            "First Event": ["None", "Relapse", "Death", "SMN", "Relaps", ""],
            "Time to event (days)": ["2000", "400", "100", "900", "700", ""],
            "OS (days)": ["2000", "900", "100", "1000", "800", ""],
            "Vital status": ["alive", "dead", "dead", "alive", "alive", ""],
        }
    )
    proposal = propose_mapping(table, DICTIONARY)
    asked = question_of(guess_of(proposal, "first_event"), "levels")
    assert asked.texts == ("Relaps",)
    # That "None" means no event, and not nothing, is not lost while a text is asked.
    first = guess_of(proposal, "first_event").assignment.with_levels({"Relaps": "relapse"})
    further = propose_mapping(table, DICTIONARY, proposal.mapping.with_assignment(first))
    assert [
        (g.assignment.variable, g.is_sure) for g in further.guesses if g.assignment.variable.startswith("relapse")
    ] == [
        ("relapsed", False),
        ("relapse_days", True),
    ]
    mapping = further.mapping.with_assignment(guess_of(further, "relapsed").assignment)
    frame = apply_mapping(table, mapping, DICTIONARY).frame
    assert frame["first_event"].fillna("").tolist() == [
        *("none", "relapse", "death in remission", "second malignancy", "relapse", ""),
    ]
    assert frame["relapsed"].fillna(-1).tolist() == [0, 1, 0, 0, 1, -1]
    assert frame["relapse_days"].fillna(-1).tolist() == [-1, 400, -1, -1, 700, -1]
    assert frame["os_relapse_days"].fillna(-1).tolist() == [-1, 500, -1, -1, 100, -1]


def test_the_order_of_dates_is_asked_where_it_does_not_follow() -> None:
    columns = {"ID": ["a", "b"], "DATE_DX": ["03/04/2019", "05/06/2019"], "REL_DATE": ["07/08/2020", "2021-01-01"]}
    guess = guess_of(propose(**columns), "relapse_days")
    question = question_of(guess, "order")
    assert [(choice.label, choice.consequence) for choice in question.choices] == [
        ("dmy", "07/08/2020 is 07 August 2020."),
        ("mdy", "07/08/2020 is 08 July 2020."),
    ]
    assert not guess.is_sure and guess.assignment.date_order == "dmy"
    followed = propose(**{**columns, "DATE_DX": ["03/04/2019", "05/26/2019"]})
    assert guess_of(followed, "relapse_days").is_sure


def test_the_date_of_the_origin_is_asked_where_no_name_tells_it() -> None:
    columns = {"ID": ["a", "b"], "start": ["2019-01-01", "2019-02-01"], "REL_DATE": ["2020-01-01", ""]}
    question = question_of(guess_of(propose(**columns), "relapse_days"), "column")
    assert [choice.label for choice in question.choices] == ["start"]
    columns = {**columns, "start": ["2019-01-01", "01/02/2019"], "begin": ["13.01.2019", "01.02.2019"]}
    question = question_of(guess_of(propose(**columns), "relapse_days"), "column")
    assert {choice.label: choice.assignment.date_order for choice in question.choices} == {
        "start": "dmy",
        "begin": "dmy",
    }


def test_the_column_of_the_patient_is_asked_where_no_name_tells_it() -> None:
    proposal = propose(Fall=["x1", "x2", "x3"], sex=["male", "male", "female"])
    guess = guess_of(proposal, "patient_id")
    assert question_of(guess, "column").choices[0].label == "Fall" and proposal.mapping.key == ""
    days, twice = ["2019-01-01", "2019-01-02", "2019-01-03"], ["a", "a", "b"]
    guess = guess_of(propose(Tag=days, Haus=twice, Fall=["x1", "x2", "x3"]), "patient_id")
    assert [choice.label for choice in question_of(guess, "column").choices] == ["Fall"]


def test_a_date_is_no_level_of_several() -> None:
    proposal = propose(ID=["a", "b"], **{"Rezidivort": ["2019-01-01", ""], "CR2": ["2019-01-01", ""]})
    assert [a.variable for a in proposal.mapping.assignments] == ["patient_id", "second_remission"]
    assert proposal.mapping.assignments[1].rule == "present" and proposal.unused == ("Rezidivort",)


def test_of_thousands_of_columns_those_with_a_known_name_are_found() -> None:
    many = {f"gene {i} of the panel": ["0", "1", "1"] for i in range(1500)}
    proposal = propose(
        **many,
        ID=["a", "b", "c"],
        sex=["male", "female", "male"],
        DATE_DX=["2015-01-01"] * 3,
        REL_DATE=["2016-01-01", "", ""],
    )
    assert {a.variable for a in proposal.mapping.assignments} == {"patient_id", "sex", "relapsed", "relapse_days"}
    assert proposal.asked == () and proposal.unused == tuple(many)


def test_what_is_known_already_is_not_guessed() -> None:
    start = Mapping("before", key="Pat-Nr", assignments=(Assignment("sex", ("Bemerkung",)),))
    proposal = propose_mapping(GERMAN, DICTIONARY, start)
    assert proposal.mapping.assignments[0] == start.assignments[0]
    assert {"sex", "patient_id"}.isdisjoint(guess.assignment.variable for guess in proposal.guesses)
    assert "Bemerkung" not in proposal.unused


def test_a_preview_shows_what_becomes_of_the_first_texts() -> None:
    proposal = propose_mapping(GERMAN, DICTIONARY)
    assert guess_of(proposal, "sex").preview == (("m", "male"), ("w", "female"))
    assert guess_of(proposal, "white_cells").preview[0] == ("12500", "12.5")
    assert guess_of(proposal, "immunophenotype").preview[2] == ("unbekannt", "")
    assert guess_of(proposal, "relapse_days").preview[0] == ("04.02.2013 | 01.01.2012", "400")


def test_a_site_that_no_level_names_is_not_passed_over() -> None:
    download = made_up_download()
    kept = download.frame[["Patient ID", *SITES]].drop_duplicates()
    table = table_of({name: kept[name].fillna("").tolist() for name in kept})
    guess = guess_of(propose_mapping(table, DICTIONARY), "relapse_site")
    assert not guess.is_sure and "no level names Other Site of Relapse" in guess.why
    mapped = apply_mapping(table, Mapping("m", key="Patient ID", assignments=(guess.assignment,)), DICTIONARY)
    counts = mapped.frame["relapse_site"].value_counts()
    assert counts["isolated marrow"] == 14 and counts["isolated CNS"] == 6 and counts["marrow and CNS"] == 2
    # One child with the other site alone, one with marrow, CNS and the other, one with marrow, CNS and testes.
    assert sum(unread.n for unread in mapped.unread) == 3


def test_a_known_export_is_begun_with_what_it_says_and_its_other_columns_are_proposed() -> None:
    beginning = begin_intake([made_up_download()], DICTIONARY)
    assert beginning.export is not None and beginning.export.mapping.name == "TARGET ALL, portal download"
    assert len(beginning.table.frame) == N_CHILDREN
    assert [conflict.column for conflict in beginning.conflicts] == ["Protocol"]
    assert set(beginning.proposal.mapping.assignments) >= set(beginning.export.mapping.assignments)
    unknown = begin_intake([GERMAN], DICTIONARY)
    assert unknown.export is None and unknown.table is GERMAN and unknown.proposal.mapping.name == "export.csv"


FIELDS = (
    "Variable / Field Name",
    "Form Name",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Identifier?",
)
BOOK = [
    ("record_id", "base", "text", "Record", "", ""),
    ("pname", "base", "text", "Name", "", "y"),
    ("gender", "base", "radio", "<b>Sex</b>", "1, Male | 2, Female | 9, Unknown", ""),
    ("dx", "base", "text", "Date of diagnosis", "", ""),
    ("cns", "base", "dropdown", "CNS status", "1, CNS1 | 2, CNS2 | 3, CNS3", ""),
    ("site", "relapse", "checkbox", "Site of relapse", "1, Bone marrow | 2, CNS | 3, Testes", ""),
    ("rel_dt", "relapse", "text", "Date of relapse", "", ""),
    ("vital", "fu", "radio", "Vital status", "0, Alive | 1, Dead", ""),
    ("last_dt", "fu", "text", "Date of last contact", "", ""),
    ("bmi", "fu", "calc", "BMI", "round([w]/[h], 1)", ""),
]  # fmt: skip


def test_a_redcap_project_is_read_by_its_data_dictionary() -> None:
    book = table_of({name: [row[i] for row in BOOK] for i, name in enumerate(FIELDS)}, "dictionary.csv")
    data = table_of(
        {
            "record_id": ["1", "1", "1", "2", "3"],
            "redcap_repeat_instrument": ["", "relapse", "relapse", "", ""],
            "redcap_repeat_instance": ["", "1", "2", "", ""],
            "pname": ["Anna", "", "", "Ben", "Cem"],
            "gender": ["1", "", "", "2", "9"],
            "dx": ["2015-01-01", "", "", "2016-01-01", "2017-01-01"],
            "cns": ["1", "", "", "3", "2"],
            "site___1": ["", "1", "1", "0", "0"],
            "site___2": ["", "1", "0", "0", "0"],
            "site___3": ["", "0", "0", "0", "0"],
            "rel_dt": ["", "2017-01-01", "2018-01-01", "", ""],
            "vital": ["1", "", "", "0", "0"],
            "last_dt": ["2019-01-01", "", "", "2020-01-01", "2020-06-01"],
        },
        "data.csv",
    )
    beginning = begin_intake([data, book], DICTIONARY)
    assert beginning.export is not None and beginning.export.mapping.name.startswith("REDCap")
    mapping = beginning.proposal.mapping
    assert mapping.key == "record_id" and mapping.dropped == ("pname",)
    assert beginning.proposal.asked == ()
    assert mapping.get("sex") == Assignment(
        "sex", ("gender",), "levels", (("1", "male"), ("2", "female")), missing=("9",)
    )
    # The second instance of the instrument is a second relapse: the first counts, and that it differs is said.
    assert {conflict.column: conflict.patients for conflict in beginning.conflicts} == {
        "site___2": ("1",),
        "rel_dt": ("1",),
    }
    mapped = apply_mapping(beginning.table, mapping, DICTIONARY)
    frame = mapped.frame.astype(object).where(mapped.frame.notna(), None)
    assert frame.to_dict("list") == {
        "patient_id": ["1", "2", "3"],
        "sex": ["male", "female", None],
        "cns_status": ["CNS1", "CNS3", "CNS2"],
        "relapsed": [1, 0, 0],
        "relapse_days": [731, None, None],
        "relapse_site": ["marrow and CNS", None, None],
        "os_relapse_days": [730, None, None],
        "os_relapse_event": [1, None, None],
        "os_days": [1461, 1461, 1247],
        "os_event": [1, 0, 0],
    }
    # The mapping that is saved needs no data dictionary.
    again = begin_intake([data], DICTIONARY, read_mapping(write_mapping(mapping)))
    assert apply_mapping(again.table, again.proposal.mapping, DICTIONARY).frame.equals(mapped.frame)


def test_boxes_of_a_labelled_export_make_one_variable() -> None:
    boxes = {
        f"Site of relapse (choice={site})": [
            "Checked" if site in ticked else "Unchecked" for ticked in ("Bone marrow", "CNS", "")
        ]
        for site in ("Bone marrow", "CNS", "Testes")
    }
    guess = guess_of(propose(**{"Record ID": ["1", "2", "3"], **boxes}), "relapse_site")
    assert guess.is_sure and [value for _, value in guess.preview] == ["isolated marrow", "isolated CNS", ""]


def test_choices_are_codes_with_labels() -> None:
    assert read_choices("1, Yes | 2, No, <i>never</i>|-9 , not known") == (
        ("1", "Yes"),
        ("2", "No, never"),
        ("-9", "not known"),
    )
    assert read_choices("") == ()


@pytest.mark.parametrize(
    ("column", "name", "score"),
    [
        ("OS_STATUS", "os status", 1.0),
        ("statusOs", "OS status", 0.97),
        ("date-of-relapse", "relapse date", 0.97),
        ("MRD day 29", "MRD day 19", 0.0),
        ("Age", "age at diagnosis", 0.0),
        ("age at first diagnosis", "age at diagnosis", pytest.approx(0.8)),
        ("haemoglobin", "hemoglobin", pytest.approx(0.81, abs=0.05)),
        ("WBC (×10⁹/L)", "WBC", 1.0),
        ("初诊白细胞计数", "初诊白细胞", 0.85),
        ("sex", "age", 0.0),
        ("", "age", 0.0),
    ],
)
def test_names_go_together(column: str, name: str, score: float) -> None:
    assert score_name(column, (name,))[0] == score


def test_of_several_names_the_best_counts() -> None:
    assert score_name("Todesdatum", ("death", "Todesdatum")) == (1.0, 1)
    assert score_name("foo", ("death", "Todesdatum")) == (0.0, -1)


@pytest.mark.parametrize(
    ("variable", "name", "numbers", "units"),
    [
        ("age_years", "age", [0.5, 3, 17], ["years"]),
        ("age_years", "age", [300, 2000, 6000], ["days"]),
        ("age_years", "age", [10, 100, 180], ["months"]),
        ("age_years", "age", [2, 40, 60], ["years", "months"]),
        ("age_years", "Alter in Tagen", [1, 2, 3], ["years"]),
        ("age_years", "age (days)", [1, 2, 3], ["days"]),
        ("haemoglobin", "Hb", [78, 90, 110], ["g/L"]),
        ("haemoglobin", "Hb", [4.8, 5, 7], ["g/dL", "mmol/L"]),
        ("haemoglobin", "Hb g/dL", [4.8, 5, 7], ["g/dL"]),
        ("mrd_day46_percent", "MRD", [0, 0.5, 30], ["%"]),
        ("mrd_day46_percent", "MRD", [0, 0.5, 1], ["a fraction", "%"]),
        ("hsct_days", "hsct", [90, 140, 230], ["days"]),
        ("relapse_days", "relapse", [3, 20, 70], ["months", "days"]),
        ("os_days", "os", [1, 5, 9], ["months", "years", "days"]),
    ],
)
def test_units_of_numbers(variable: str, name: str, numbers: list[float], units: list[str]) -> None:
    found = guess_units(DICTIONARY[variable], (name,), np.array(numbers, dtype=float))
    assert [unit.name for unit in found] == units


def test_names_of_a_file_are_not_remembered() -> None:
    begin_intake([table_of({"Kind Muster": ["a", "b"], "Alter": ["3", "4"]})], DICTIONARY)
    assert split_name.cache_info().currsize == spell_without.cache_info().currsize == 0
