"""Names of variables and levels in each language: every group that a lesson may compare has both."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from analytics.dictionary import PHASES, Variable, load_dictionary
from analytics.languages import Text
from analytics.learning.naming import _load_chinese, join_names, name_level, name_variable, speak_level

DICTIONARY = load_dictionary()
KNOWN_AT_RELAPSE = [v for v in DICTIONARY.groups if PHASES.index(v.phase) <= PHASES.index("relapse")]


@pytest.mark.parametrize("variable", KNOWN_AT_RELAPSE, ids=lambda v: v.name)
def test_every_group_known_at_relapse_has_a_chinese_name_for_each_level(variable: Variable) -> None:
    known = _load_chinese()[variable.name]
    assert set(known["levels"]) == set(variable.levels)
    assert set(known.get("spoken", variable.levels)) == set(variable.levels)
    assert name_variable(variable).en == variable.label
    assert not re.search(r"[a-z]{4}", name_variable(variable).zh)


def test_the_file_has_no_variable_that_the_dictionary_lacks() -> None:
    assert set(_load_chinese()) <= {v.name for v in DICTIONARY.variables}


def test_names_are_said() -> None:
    mrd = DICTIONARY[DICTIONARY.role("MRD after induction")]
    assert speak_level(mrd, "positive") == Text("MRD on day 46 positive", "第 46 天 MRD 阳性")
    assert name_level(mrd, "negative") == Text("negative (< 0.01 %)", "阴性（< 0.01 %）")
    ages = DICTIONARY["age_group"]
    assert speak_level(ages, "under 1") == Text("Age group (under 1 year)", "诊断时年龄：1 岁以下")


def test_an_unknown_variable_keeps_its_english_name() -> None:
    other = replace(DICTIONARY["sex"], name="arm", label="Arm")
    assert name_variable(other) == Text("Arm", "Arm")
    assert name_level(other, "male") == Text("boys", "boys")
    assert speak_level(other, "male") == Text("Arm (boys)", "Arm (boys)")


def test_names_are_joined() -> None:
    a, b, c = Text("a", "甲"), Text("b", "乙"), Text("c", "丙")
    assert join_names([a]) == a
    assert join_names([a, b, c]) == Text("a, b and c", "甲、乙、丙")
