"""A rule in the dictionary holds for exactly those patients for whom all its conditions do."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from analytics.cohort import open_cohort
from analytics.cohort.examination import examine_patients
from analytics.cohort.problems import CohortError
from analytics.data_rules import Condition, Rule
from analytics.dictionary import load_dictionary

PATIENTS = pd.DataFrame(
    {
        "patient_id": list("abcdef"),
        "age_years": ["1", "5", "", "12", "9", "x"],
        "sex": ["male", "female", "male", "", "boys", "female"],
        "relapsed": ["1", "0", "1", "1", "0", ""],
        "relapse_days": ["100", "", "", "400", "", ""],
        "os_days": ["100", "500", "50", "390", "900", "10"],
        "os_event": ["1", "0", "1", "0", "1", "0"],
    }
)


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ((Condition("sex", levels=("male",)),), (0, 2, 4)),
        ((Condition("relapsed", levels=("1",)),), (0, 2, 3)),
        ((Condition("relapsed", levels=("0", "1")), Condition("sex", is_known=False)), (3,)),
        ((Condition("age_years", is_known=True),), (0, 1, 3, 4, 5)),
        ((Condition("age_years", above=5),), (3, 4)),
        ((Condition("age_years", above=1, below=10),), (1, 4)),
        ((Condition("relapse_days", above="os_days"),), (3,)),
        ((Condition("os_days", above="relapse_days", by=-1),), (0,)),
        ((Condition("os_days", below="relapse_days", by=1),), (0, 3)),
    ],
)
def test_a_rule_names_its_patients(conditions: tuple[Condition, ...], rows: tuple[int, ...]) -> None:
    rule = Rule("own-rule", "caution", conditions, "it is so", "Change it.")
    found = examine_patients(PATIENTS, replace(load_dictionary(), rules=(rule,)))
    assert [f.rows for f in found if f.code == "own-rule"] == [rows]


def test_a_rule_waits_for_all_its_columns() -> None:
    rule = Rule("own-rule", "caution", (Condition("hsct_days", is_known=False),), "it is so", "Change it.")
    found = examine_patients(PATIENTS, replace(load_dictionary(), rules=(rule,)))
    assert not [f for f in found if f.code == "own-rule"]


def test_an_error_keeps_a_file_from_being_opened() -> None:
    patients = PATIENTS.assign(age_years="4")
    patients.loc[3, "relapse_days"] = "380"
    rule = Rule("own-rule", "error", (Condition("sex", levels=("male",)),), "it is so", "Change it.", " who are boys")
    with pytest.raises(CohortError, match=r"it is so for 3 of 6 children who are boys .*Change it\."):
        open_cohort(patients, replace(load_dictionary(), rules=(rule,)))
    caution = replace(rule, severity="caution")
    notes = open_cohort(patients, replace(load_dictionary(), rules=(caution,))).notes
    assert [note.severity for note in notes if note.code == "own-rule"] == ["caution"]
