"""Every decision about a finding is carried out, told, and nothing else is changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.cohort import open_cohort
from analytics.dictionary import load_dictionary
from analytics.intake.applying import Mapped, apply_mapping
from analytics.intake.decisions import (
    accept_finding,
    correct_values,
    examine,
    exclude_patients,
    list_patients,
    note_decisions,
    report_findings,
    tabulate_rows,
    take_back,
)
from analytics.intake.extending import extend_dictionary
from analytics.intake.layout import Layout
from analytics.intake.mapping import Assignment, Correction, Mapping
from analytics.intake.tables import SourceTable, to_text

DICTIONARY = load_dictionary()
MAPPING = Mapping(
    "ward",
    key="No",
    assignments=(
        Assignment("sex", ("Sex",)),
        Assignment("age_years", ("Age",), "number"),
        Assignment("os_days", ("Days",), "number"),
        Assignment("os_event", ("Dead",)),
    ),
)


@pytest.fixture
def mapped() -> Mapped:
    cells = {
        "No": ["A", "B", "C", "D"],
        "Sex": ["m", "male", "female", "male"],
        "Age": ["4", "55", "7", "-2"],
        "Days": ["100", "200", "9999", "400"],
        "Dead": ["1", "0", "0", "1"],
    }
    frame = pd.DataFrame({name: to_text(list(column)) for name, column in cells.items()})
    table = SourceTable("ward.csv", Layout("text"), frame, np.array([2, 3, 5, 6]))
    return apply_mapping(table, MAPPING, DICTIONARY)


def test_findings_name_patients_and_lines(mapped: Mapped) -> None:
    examined = examine(mapped, MAPPING)
    found = {finding.key: finding for finding in examined.findings}
    assert set(found) == {"negative:age_years", "code-suspect:age_years", "code-suspect:os_days"}
    assert [finding.key for finding in examined.errors] == ["negative:age_years"]
    assert examined.undecided == examined.findings
    assert list_patients(examined, found["code-suspect:os_days"]) == ("C",)
    assert tabulate_rows(examined, found["negative:age_years"]).to_dict("records") == [
        {"patient": "D", "line": "6", "age_years": "-2"}
    ]


def test_patients_are_excluded_corrected_and_accepted(mapped: Mapped) -> None:
    examined = examine(mapped, MAPPING)
    odd_age = next(f for f in examined.findings if f.key == "code-suspect:age_years")
    mapping = exclude_patients(MAPPING, ["D", "D", ""], "an age below 0")
    mapping = correct_values(mapping, [Correction("C", "os_days", "999"), Correction("C", "os_days", "3000")])
    mapping = accept_finding(mapping, odd_age, "an uncle, asked on 3 May")
    decided = examine(mapped, mapping)
    assert decided.mapped.frame["patient_id"].tolist() == ["A", "B", "C"]
    assert decided.mapped.frame["os_days"].tolist() == [100, 200, 3000]
    assert decided.mapped.lines.tolist() == [2, 3, 5]
    assert decided.undecided == ()
    assert (decided.n_excluded, decided.n_corrected, decided.lost) == (1, 1, ())
    assert mapped.frame["os_days"].tolist() == [100, 200, 9999, 400]
    notes = {note.code: note.text for note in note_decisions(decided, mapping, DICTIONARY)}
    assert notes["import-excluded"].startswith("1 child of the file was excluded when it was opened: an age below 0.")
    assert notes["import-corrected"] == "1 value was corrected when the file was opened."
    assert notes["import-accepted"].startswith(
        "Accepted (an uncle, asked on 3 May): “Age at diagnosis” is 40 years or more"
    )
    assert open_cohort(decided.mapped.frame, decided.mapped.dictionary).count() == 3
    assert examine(mapped, take_back(mapping)).findings == examined.findings


def test_a_value_is_emptied_and_a_wrong_correction_is_found(mapped: Mapped) -> None:
    emptied = examine(mapped, correct_values(MAPPING, [Correction("D", "age_years", "")]))
    assert "negative:age_years" not in {finding.key for finding in emptied.findings}
    assert np.isnan(emptied.mapped.frame["age_years"].iloc[3])
    wrong = examine(
        mapped, correct_values(MAPPING, [Correction("A", "sex", "boyish"), Correction("A", "os_days", "x")])
    )
    assert {"unknown-level:sex", "no-number:os_days"} <= {finding.key for finding in wrong.findings}


def test_an_error_cannot_be_accepted(mapped: Mapped) -> None:
    error = examine(mapped, MAPPING).errors[0]
    with pytest.raises(ValueError, match="cannot be accepted"):
        accept_finding(MAPPING, error, "well")


def test_a_decision_about_somebody_else_is_told(mapped: Mapped) -> None:
    mapping = exclude_patients(MAPPING, ["Z"], "gone")
    mapping = correct_values(mapping, [Correction("A", "hsct_days", "3"), Correction("Y", "sex", "male")])
    examined = examine(mapped, mapping)
    assert set(examined.lost) == {"Z", "A, hsct_days", "Y, sex"}
    assert (examined.n_excluded, examined.n_corrected) == (0, 0)


def test_the_report_lists_every_row_and_every_decision(mapped: Mapped) -> None:
    mapping = exclude_patients(MAPPING, ["A"], "a twin")
    mapping = correct_values(mapping, [Correction("C", "os_days", "300")])
    odd_age = next(f for f in examine(mapped, mapping).findings if f.key == "code-suspect:age_years")
    mapping = accept_finding(mapping, odd_age, "fine")
    report = report_findings(examine(mapped, mapping), mapping)
    assert report[["severity", "patient", "line", "values", "decision"]].values.tolist() == [
        ["error", "D", "6", "age_years -2", ""],
        ["caution", "B", "3", "age_years 55", "accepted: fine"],
        ["excluded", "A", "", "", "a twin"],
        ["corrected", "C", "", "os_days", "300"],
    ]


def test_a_dictionary_that_is_extended_keeps_its_rules_and_takes_new_ones() -> None:
    assert extend_dictionary(DICTIONARY, {}).rules == DICTIONARY.rules
    rule = {"severity": "error", "all": [{"variable": "age_years", "above": 21}], "what": "too old", "remedy": "Ask."}
    extended = extend_dictionary(DICTIONARY, {"rules": {"grown-up": rule}})
    assert [r.name for r in extended.rules] == [*(r.name for r in DICTIONARY.rules), "grown-up"]
    assert extend_dictionary(extended, {}).rules == extended.rules
    assert replace(extended, rules=DICTIONARY.rules) == replace(DICTIONARY, rules=DICTIONARY.rules)
