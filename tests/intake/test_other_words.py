"""Columns as hospitals call them: abbreviated, in other units, the other way round, with a legend or codes for unknown."""

from __future__ import annotations

import pytest

from analytics.dictionary import open_dictionary
from analytics.intake.applying import apply_mapping
from analytics.intake.beginning import begin_intake
from analytics.intake.contents import Cells, read_legend
from analytics.intake.drafts import draft
from analytics.intake.exports import recognise_export
from analytics.intake.importing import say_tells_nobody
from analytics.intake.proposing import propose_mapping
from tests.intake.source_tables import table_of

DICTIONARY = open_dictionary()
DATES = [f"{day}.03.201{year}" for year in range(4) for day in (13, 24)]
NUMBERS = [str(n) for n in (310, 420, 530, 640, 750, 860, 970, 1080)]


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        (
            {
                "MRN": NUMBERS,
                "DX_DT": DATES,
                "REL_DT": DATES,
                "BMT_DT": DATES,
                "LAST_FU_DT": DATES,
                "PLT_DX": [f"{n}000" for n in NUMBERS],
                "REL_SITE": ["BM", "CNS", "BM+CNS", "Testis"] * 2,
                "VITAL_STAT": ["alive", "dead"] * 4,
            },
            {"patient_id", "relapse_days", "hsct_days", "os_days", "platelets", "relapse_site", "os_event"},
        ),
        (
            {
                "Pat.-Nr.": NUMBERS,
                "ED-Datum": DATES,
                "Leukos bei Dx (/µl)": NUMBERS,
                "Datum 1. Rezidiv": DATES,
                "Lokalisation Rezidiv": ["KM isoliert", "KM + ZNS"] * 4,
                "KMT-Datum": DATES,
                "Datum letzter Status": DATES,
                "Tod": ["ja", "nein"] * 4,
            },
            {"patient_id", "white_cells", "relapse_days", "relapse_site", "hsct_days", "os_days", "os_event"},
        ),
        (
            {
                "住院号": NUMBERS,
                "确诊日期": [f"201{i}年3月13日" for i in range(8)],
                "性别": ["男", "女"] * 4,
                "复发部位": ["骨髓", "骨髓+中枢"] * 4,
                "末次随访日期": [f"201{i}年5月13日" for i in range(8)],
                "生存状态": ["死亡", "存活"] * 4,
            },
            {"patient_id", "sex", "relapse_site", "os_days", "os_event"},
        ),
        (
            {
                "record_id": NUMBERS,
                "Days from diagnosis to death or last follow-up": NUMBERS,
                "relapse_months": ["3.5", "4.5", "NA", "NA", "12.5", "NA", "NA", "NA"],
                "Patient gender": ["boy", "girl"] * 4,
            },
            {"patient_id", "os_days", "relapse_days", "sex"},
        ),
    ],
)
def test_the_words_of_other_hospitals_are_known(columns: dict[str, list[str]], wanted: set[str]) -> None:
    proposal = propose_mapping(table_of(columns), DICTIONARY)
    assert wanted <= {a.variable for a in proposal.mapping.assignments} and not proposal.unused


def test_a_name_of_the_day_alone_is_no_variable() -> None:
    proposal = propose_mapping(table_of({"ID": NUMBERS, "dx": DATES}), DICTIONARY)
    assert [guess.assignment.variable for guess in proposal.guesses] == ["patient_id"]


@pytest.mark.parametrize(("name", "cells"), [("censored", ["1", "0", "1"]), ("Alive (1=yes)", ["1.0", "0.0", "1.0"])])
def test_a_column_of_the_living_is_the_event_the_other_way_round_once_that_is_said(name: str, cells: list[str]) -> None:
    table = table_of({"ID": ["a", "b", "c"], "os_days": ["100", "200", "300"], name: cells})
    (guess,) = propose_mapping(table, DICTIONARY).asked
    (question,) = guess.questions
    assert guess.assignment.is_inverted and question.kind == "event"
    assert [choice.consequence for choice in question.choices] == [
        "Then 1 of 3 children died.",
        "Then 2 of 3 children died.",
    ]
    proposal = propose_mapping(table, DICTIONARY)
    mapping = proposal.mapping.with_assignment(guess.assignment)
    assert apply_mapping(table, mapping, DICTIONARY).frame["os_event"].tolist() == [0, 1, 0]


def test_a_column_called_alive_that_says_who_died_is_taken_at_its_word() -> None:
    table = table_of({"ID": ["a", "b"], "Alive": ["alive", "dead"]})
    made = propose_mapping(table, DICTIONARY).mapping.get("os_event")
    assert made is None or not made.is_inverted


def test_the_name_of_a_column_may_say_what_its_codes_stand_for() -> None:
    assert read_legend("Sex (1=F, 2 = M)") == (("1", "F"), ("2", "M"))
    assert read_legend("t(9;22)") == read_legend("WBC (10^9/L)") == ()
    table = table_of({"ID": ["a", "b", "c"], "Sex (1=F, 2=M)": ["2", "1", "2"]})
    mapping = propose_mapping(table, DICTIONARY).mapping
    assert apply_mapping(table, mapping, DICTIONARY).frame["sex"].tolist() == ["male", "female", "male"]


@pytest.mark.parametrize("code", ["999", "999.0"])
def test_nines_above_all_others_are_asked_however_they_are_written(code: str) -> None:
    cells = [*(str(3 * n) for n in range(1, 134)), code, code, code]
    table = table_of({"WBC (10^9/L)": cells})
    drafted = draft(Cells(table.frame, "WBC (10^9/L)"), DICTIONARY["white_cells"], DICTIONARY, is_exact=False)
    assert drafted is not None and drafted.assignment.missing == (code,)
    assert [question.kind for question in drafted.questions] == ["missing"]


def test_what_redcap_calls_an_identifier_is_kept_for_the_age_once_that_is_said() -> None:
    names = ("Variable / Field Name", "Form Name", "Field Type", "Field Label", "Identifier?")
    choices = "Choices, Calculations, OR Slider Labels"
    fields = [("record_id", "Record ID", ""), ("dob", "Date of birth", "y"), ("dx_date", "Date of diagnosis", "")]
    rows = [(name, "base", "text", label, secret) for name, label, secret in fields]
    book = table_of(
        {**dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)), choices: ["", "", ""]}, "book"
    )
    data = table_of(
        {"record_id": ["1", "2"], "dob": ["2010-01-01"] * 2, "dx_date": ["2014-01-01", "2016-01-01"]}, "data"
    )
    export = recognise_export([data, book])
    assert export is not None
    assert begin_intake([data, book], DICTIONARY, export.mapping).proposal.mapping.get("age_years") is None
    kept = say_tells_nobody(export.mapping, "dob")
    proposal = begin_intake([data, book], DICTIONARY, kept).proposal
    assert proposal.mapping.get("age_years") is not None and proposal.mapping.dropped == ()


def test_who_has_no_day_by_a_code_has_no_time_from_it() -> None:
    table = table_of(
        {
            "ID": ["a", "b", "c", "d", "e"],
            "os_days": ["2000", "2100", "2200", "2300", "2400"],
            "os_event": ["0", "1", "0", "1", "0"],
            "relapse_days": ["500", "9999", "9999", "700", "9999"],
        }
    )
    proposal = propose_mapping(table, DICTIONARY)
    (guess,) = (g for g in proposal.asked if g.assignment.variable == "relapse_days")
    mapping = propose_mapping(table, DICTIONARY, proposal.mapping.with_assignment(guess.assignment)).mapping
    days = apply_mapping(table, mapping, DICTIONARY).frame["os_relapse_days"]
    assert days.fillna(-1).tolist() == [1500, -1, -1, 1600, -1]
