"""A mapping is the same after it was written and read, and says what is wrong with a text that is none."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.intake.mapping import (
    ENTRIES,
    RULES,
    Acceptance,
    Assignment,
    Correction,
    Exclusion,
    Mapping,
    MappingError,
    Part,
)
from analytics.intake.mapping_text import read_mapping, write_mapping
from analytics.intake.toml_text import LONGEST_LINE, write_toml

HAND_WRITTEN = """
name = "Registry of the north"
version = 3
key = "record_id"
one_per_patient = true
missing = ["NA", "."]
dropped = ["Name"]
hashed = ["record_id"]

[layout]
separator = ";"
header_row = 3

[[tables]]
name = "sct"
has = ["SCT_TYPE", "AGE_AT_SCT"]
key = "subject"
where = { phase = ["Relapse"] }
keep = "first"
order = "AGE_AT_SCT"

[map.sex]
from = "Sex"
rule = "levels"
levels = { M = "male", "女" = "female", "9" = "" }

[map.relapse_days]
from = ["REL_DATE", "REL_DATE 2"]
rule = "days"
origin = "DX_DATE"
date_order = "dmy"
where = { "First Event" = ["Relapse", "Rezidiv"] }

[map.white_cells]
from = ["WBC"]
rule = "number"
factor = 0.001
levels = { "<0.1" = "0" }

[map.lineage]
rule = "constant"
value = "B"

[variables.lineage]
label = "Lineage"
kind = "binary"
levels = ["B", "T"]

[[correct]]
patient = "12"
variable = "relapse_days"
value = "730"

[[exclude]]
patient = "13"
reason = "duplicate"

[[accept]]
code = "ages-in-months"
note = "checked, they are years"
"""

MAPPING = Mapping(
    "Registry of the north",
    version=3,
    key="record_id",
    one_per_patient=True,
    missing=("NA", "."),
    dropped=("Name",),
    hashed=("record_id",),
    layout=(("separator", ";"), ("header_row", 3)),
    tables=(
        Part(
            "sct", "subject", ("SCT_TYPE", "AGE_AT_SCT"), (("phase", ("Relapse",)),), keep="first", order="AGE_AT_SCT"
        ),
    ),
    assignments=(
        Assignment("sex", ("Sex",), "levels", (("M", "male"), ("女", "female"), ("9", None))),
        Assignment(
            "relapse_days",
            ("REL_DATE", "REL_DATE 2"),
            "days",
            origin="DX_DATE",
            date_order="dmy",
            where=(("First Event", ("Relapse", "Rezidiv")),),
        ),
        Assignment("white_cells", ("WBC",), "number", (("<0.1", "0"),), factor=0.001),
        Assignment("lineage", rule="constant", value="B"),
    ),
    corrections=(Correction("12", "relapse_days", "730"),),
    exclusions=(Exclusion("13", "duplicate"),),
    accepted=(Acceptance("ages-in-months", "checked, they are years"),),
    entries={"variables": {"lineage": {"label": "Lineage", "kind": "binary", "levels": ["B", "T"]}}},
)


def test_a_mapping_written_by_hand_is_read() -> None:
    assert read_mapping(HAND_WRITTEN) == MAPPING


def test_what_is_written_is_read_back_and_says_nothing_that_goes_without_saying() -> None:
    text = write_mapping(MAPPING)
    assert read_mapping(text) == MAPPING
    assert '[map.sex]\nfrom = ["Sex"]\nrule = "levels"\nlevels = { M = "male", "女" = "female", 9 = "" }' in text
    assert "own_dictionary" not in text and "yes =" not in text
    assert write_mapping(Mapping("plain")) == 'name = "plain"\n'


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAME = TEXT.filter(str.strip)
SOME = st.lists(NAME, max_size=3, unique=True).map(tuple)
WHERE = st.dictionaries(NAME, SOME, max_size=2).map(lambda pairs: tuple(pairs.items()))
LEVELS = st.dictionaries(TEXT, st.none() | NAME, min_size=1, max_size=4).map(lambda pairs: tuple(pairs.items()))
COLUMNS = st.lists(NAME, min_size=1, max_size=3).map(tuple)
SHARED: dict[str, Any] = {"variable": NAME, "missing": SOME, "where": WHERE}
ASSIGNMENT = st.one_of(
    st.builds(Assignment, columns=COLUMNS, rule=st.just("present"), **SHARED),
    st.builds(Assignment, columns=COLUMNS, rule=st.just("value"), levels=LEVELS, **SHARED),
    st.builds(Assignment, rule=st.just("line"), **SHARED),
    st.builds(Assignment, columns=COLUMNS, rule=st.just("levels"), levels=LEVELS, **SHARED),
    st.builds(Assignment, columns=COLUMNS, rule=st.just("combine"), levels=LEVELS, yes=SOME, no=SOME, **SHARED),
    st.builds(
        Assignment,
        columns=COLUMNS,
        rule=st.just("number"),
        levels=LEVELS,
        factor=st.floats(1e-300, 1e300),
        added=st.floats(-1e300, 1e300),
        **SHARED,
    ),
    st.builds(
        Assignment,
        columns=COLUMNS,
        rule=st.just("days"),
        origin=NAME,
        date_order=st.sampled_from(["", "dmy", "mdy", "ymd"]),
        **SHARED,
    ),
    st.builds(Assignment, rule=st.just("constant"), value=NAME, **SHARED),
)
PART = st.builds(Part, NAME, NAME, SOME, WHERE, keep=st.sampled_from(["first", "last"]), order=TEXT)
PLAIN = st.recursive(
    TEXT | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.builds(
    Mapping,
    NAME,
    version=st.integers(1, 99),
    key=TEXT,
    one_per_patient=st.booleans(),
    own_dictionary=st.booleans(),
    missing=SOME,
    dropped=SOME,
    hashed=SOME,
    layout=st.dictionaries(TEXT, TEXT | st.integers(0, 99), max_size=2).map(lambda pairs: tuple(pairs.items())),
    tables=st.lists(PART, max_size=2, unique_by=lambda part: part.name).map(tuple),
    assignments=st.lists(ASSIGNMENT, max_size=4, unique_by=lambda a: a.variable).map(tuple),
    corrections=st.lists(st.builds(Correction, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    exclusions=st.lists(st.builds(Exclusion, TEXT, TEXT), max_size=2, unique_by=lambda e: e.patient).map(tuple),
    accepted=st.lists(st.builds(Acceptance, TEXT, TEXT), max_size=2).map(tuple),
    entries=st.dictionaries(
        st.sampled_from(ENTRIES),
        st.dictionaries(TEXT, PLAIN, max_size=3),
        max_size=3,
    ),
)


@given(MAPPINGS)
def test_every_mapping_is_the_same_after_it_was_written_and_read(mapping: Mapping) -> None:
    assert read_mapping(write_mapping(mapping)) == mapping


@given(st.dictionaries(TEXT, PLAIN, max_size=4))
def test_every_table_of_plain_values_is_the_same_after_it_was_written_and_read(content: dict[str, Any]) -> None:
    assert tomllib.loads(write_toml(content)) == content


def test_a_long_table_stands_under_a_heading_of_its_own() -> None:
    levels = {f"level {i}": "x" * 20 for i in range(6)}
    text = write_toml({"map": {"site": {"from": ["a"], "levels": levels}}})
    assert "[map.site.levels]" in text and max(map(len, text.splitlines())) <= LONGEST_LINE
    assert tomllib.loads(text) == {"map": {"site": {"from": ["a"], "levels": levels}}}


def test_what_toml_has_no_word_for_is_refused() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        write_toml({"a": None})


BROKEN = [
    ('name = "a"\nkey = b', "line 2"),
    ("version = 1", "the mapping: name is missing"),
    ('name = " "', "without a name"),
    ('name = "a"\nnmae = "b"', "nmae is unknown"),
    ('name = "a"\nversion = 0', "version 0"),
    ('name = "a"\nversion = "1"', "version is no whole number"),
    ('name = "a"\nversion = true', "version is no whole number"),
    ('name = "a"\none_per_patient = 1', "one_per_patient is neither true nor false"),
    ('name = "a"\nmissing = [9]', "missing is no text"),
    ('name = "a"\nmissing = 9', "missing is no list of texts"),
    ('name = "a"\nmap = 1', r"map is no table. Write \[map\]"),
    ('name = "a"\nlayout = { header_row = 1.5 }', "layout.header_row"),
    ('name = "a"\nvariables = 1', "variables is no table"),
    ('name = "a"\ntables = { name = "x" }', r"Write \[\[tables\]\]"),
    ('name = "a"\n[[tables]]\nname = "x"', "tables: key is missing"),
    ('name = "a"\n[[tables]]\nname = "x"\nkey = "k"\nkeep = "best"', "keep 'best'"),
    ('name = "a"\n[[tables]]\nname = "x"\nkey = "k"\norder = "day"', "order without keep"),
    ('name = "a"\n[[correct]]\npatient = "1"\nvariable = "x"', "correct: value is missing"),
    (
        'name = "a"\n[[exclude]]\npatient = "1"\nreason = "a"\n[[exclude]]\npatient = "1"\nreason = "b"',
        "'1' stands twice",
    ),
    ('name = "a"\n[map.sex]\nrule = "value"', "map.sex: 0 columns"),
    ('name = "a"\n[map.sex]\nfrom = "Sex"\nrule = "guess"', "rule 'guess' is unknown. Known are value, levels"),
    ('name = "a"\n[map.sex]\nfrom = "Sex"\nrule = "levels"', "map.sex: no levels"),
    ('name = "a"\n[map.sex]\nfrom = "Sex"\nrule = "present"\nlevels = { M = "male" }', "levels with rule present"),
    ('name = "a"\n[map.sex]\nfrom = "Sex"\nrule = "levels"\nlevels = { M = 1 }', "map.sex.levels.M is no text"),
    ('name = "a"\n[map.day]\nfrom = "Day"\nrule = "days"', "map.day: origin ''"),
    ('name = "a"\n[map.day]\nfrom = "Day"\norigin = "Dx"', "map.day: origin 'Dx'"),
    ('name = "a"\n[map.day]\nfrom = "Day"\nrule = "days"\norigin = "Dx"\ndate_order = "d/m"', "date_order 'd/m'"),
    ('name = "a"\n[map.day]\nfrom = "Day"\nfactor = 0', "factor 0"),
    ('name = "a"\n[map.day]\nfrom = "Day"\nfactor = inf', "factor inf"),
    ('name = "a"\n[map.day]\nfrom = "Day"\nplus = 48', "plus 48"),
    ('name = "a"\n[map.day]\nfrom = "Day"\nfactor = "2"', "map.day.factor is no number"),
    ('name = "a"\n[map.day]\nfrom = "Day"\nwhen = "x"', "map.day: when is unknown"),
    ('name = "a"\n[map.sex]\nrule = "constant"', "value ''"),
    ('name = "a"\n[map.sex]\nfrom = "Sex"\nvalue = "male"', "value 'male'"),
    ('name = "a"\n[map.sex]\nfrom = "Sex"\nrule = "constant"\nvalue = "male"', "1 columns"),
    ('name = "a"\n[map.sex]\nfrom = "Sex"\n[map.sex]\nfrom = "Gender"', "line 4"),
]


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_a_text_that_is_no_mapping_is_refused_with_the_entry(text: str, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        read_mapping(text)


def test_what_stands_twice_is_refused() -> None:
    with pytest.raises(MappingError, match="map: 'sex' stands twice"):
        Mapping("a", assignments=(Assignment("sex", ("a",)), Assignment("sex", ("b",))))
    with pytest.raises(MappingError, match=r"map.sex, levels: 'M' stands twice"):
        Assignment("sex", ("a",), "levels", (("M", "male"), ("M", "female")))


def test_an_assignment_takes_the_place_of_the_one_before() -> None:
    other = Assignment("sex", ("Gender",))
    assert MAPPING.with_assignment(other).assignments == (other, *MAPPING.assignments[1:])
    new = Assignment("age_years", ("Age",))
    assert MAPPING.with_assignment(new).assignments == (*MAPPING.assignments, new)
    assert MAPPING.without("sex").get("sex") is None and MAPPING.get("sex") == MAPPING.assignments[0]


def test_an_assignment_names_every_column_that_it_reads_once() -> None:
    days = Assignment("x", ("a", "b"), "days", origin="c", where=(("a", ("1",)), ("d", ("1",))))
    assert days.read == ("a", "b", "c", "d")


def test_the_example_of_the_readme_is_a_mapping_and_its_table_has_every_rule() -> None:
    text = (Path(__file__).parents[2] / "data" / "README.md").read_text(encoding="utf-8")
    section = text[text.index("## Mapping files") : text.index("## The dictionary")]
    mapping = read_mapping(section.split("```")[1].removeprefix("toml\n"))
    assert [a.variable for a in mapping.assignments] == ["sex", "relapse_days", "white_cells"]
    first_cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")]
    assert {rule for rule in RULES if any(f"`{rule}`" in cell for cell in first_cells)} == set(RULES)


def test_further_texts_are_added_and_known_ones_changed() -> None:
    sex = Assignment("sex", ("Sex",), levels=(("M", "male"), ("X", None)))
    assert sex.with_levels({"X": "female", "Y": None}).levels == (("M", "male"), ("X", "female"), ("Y", None))
