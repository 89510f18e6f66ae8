"""Reading a data dictionary: what comes back, and what is refused with which remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analytics.dictionary import (
    DICTIONARY_PATH,
    CompetingEndpoint,
    Derivation,
    DictionaryError,
    load_dictionary,
    open_dictionary,
)

GOOD = """
[variables.patient]
label = "Patient"
kind = "identifier"
phase = "diagnosis"

[variables.arm]
label = "Arm"
kind = "binary"
phase = "salvage"
levels = ["a", "b"]
level_labels = ["Arm A", "Arm B"]
reference = "a"
missing_label = "not randomised"
is_filter = true
is_group = true

[variables.platelets]
label = "Platelets"
kind = "continuous"
phase = "diagnosis"
unit = "10⁹/L"
is_filter = true
is_covariate = true

[variables.band]
label = "Band"
kind = "categorical"
phase = "diagnosis"
levels = ["low", "middle", "high"]
reference = "high"
is_covariate = true
is_group = true
derive = { rule = "cuts", from = ["platelets"], cuts = [20, 100] }

[variables.is_low]
label = "Low"
kind = "binary"
phase = "diagnosis"
levels = ["no", "yes"]
reference = "no"
derive = { rule = "map", from = ["band"], map = { low = "yes", middle = "no", high = "no" } }

[variables.days]
label = "Follow-up"
kind = "duration"
phase = "follow-up"

[variables.died]
label = "Death"
kind = "event"
phase = "follow-up"

[variables.entry_days]
label = "Entry"
kind = "duration"
phase = "treatment"

[variables.first]
label = "First event"
kind = "categorical"
phase = "follow-up"
levels = ["none", "relapse", "death"]
reference = "none"
derive = { rule = "first", from = ["died"], also = ["days", "arm"] }

[endpoints.os]
label = "Overall survival"
short = "OS"
y_title = "Survival"
time = "days"
event = "died"
origin = "diagnosis"
event_label = "death from any cause"
event_noun = "deaths"
event_one = "death"
had = "died"
alive = "still alive"
population = "all children"
phase = "diagnosis"

[competing.first]
label = "First event"
time = "days"
cause = "first"
origin = "birth"
population = "everybody"
phase = "induction"
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_text(text: str) -> Path:
        path = tmp_path / "dictionary.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


def test_variables_come_in_the_order_of_the_file(write: Write) -> None:
    dictionary = open_dictionary(write(GOOD))
    names = ["patient", "arm", "platelets", "band", "is_low", "days", "died", "entry_days", "first"]
    assert [v.name for v in dictionary.variables] == names
    assert dictionary.identifier.name == "patient"
    assert "arm" in dictionary and "sex" not in dictionary


def test_menus_are_in_the_order_of_the_phases(write: Write) -> None:
    dictionary = open_dictionary(write(GOOD))
    assert [v.name for v in dictionary.filters] == ["platelets", "arm"]
    assert [v.name for v in dictionary.covariates] == ["platelets", "band"]
    assert [v.name for v in dictionary.groups] == ["band", "arm"]


def test_a_variable_knows_its_levels(write: Write) -> None:
    dictionary = open_dictionary(write(GOOD))
    arm = dictionary["arm"]
    assert arm.is_coded and not dictionary["platelets"].is_coded and not dictionary["died"].is_coded
    assert arm.level_label("b") == "Arm B"
    assert arm.level_label(None) == "not randomised"
    assert dictionary["band"].level_labels == dictionary["band"].levels
    with pytest.raises(ValueError, match="not in tuple"):
        arm.level_label("c")


def test_derivations_are_read(write: Write) -> None:
    dictionary = open_dictionary(write(GOOD))
    assert dictionary["band"].derivation == Derivation("cuts", ("platelets",), cuts=(20.0, 100.0))
    assert dictionary["is_low"].derivation == Derivation(
        "map", ("band",), mapping=(("low", "yes"), ("middle", "no"), ("high", "no"))
    )
    assert dictionary["first"].derivation == Derivation("first", ("died",), optional=("days", "arm"))
    assert dictionary["platelets"].derivation is None


def test_endpoints_are_read(write: Write) -> None:
    dictionary = open_dictionary(write(GOOD))
    endpoint = dictionary.endpoint("os")
    assert (endpoint.time, endpoint.event, endpoint.origin) == ("days", "died", "diagnosis")
    assert (endpoint.short, endpoint.y_title, endpoint.event_noun, endpoint.alive, endpoint.entry) == (
        "OS",
        "Survival",
        "deaths",
        "still alive",
        None,
    )
    late = open_dictionary(write(GOOD.replace('time = "days"', 'time = "days"\nentry = "entry_days"', 1)))
    assert late.endpoint("os").entry == "entry_days"


def test_competing_endpoints_are_read(write: Write) -> None:
    dictionary = open_dictionary(write(GOOD))
    expected = CompetingEndpoint("first", "First event", "days", "first", "birth", "everybody", "induction")
    assert dictionary.competing == (expected,)
    assert dictionary.competing_endpoint("first") == expected
    assert open_dictionary(write(GOOD.split("[competing")[0])).competing == ()


def test_unknown_names_are_answered_with_the_known_ones(write: Write) -> None:
    dictionary = open_dictionary(write(GOOD))
    with pytest.raises(KeyError, match=r"'sex' is not in the dictionary\. Known: patient, arm"):
        dictionary["sex"]
    with pytest.raises(KeyError, match=r"'efs' is no endpoint\. Known: os"):
        dictionary.endpoint("efs")
    with pytest.raises(KeyError, match=r"'os' is no competing endpoint\. Known: first"):
        dictionary.competing_endpoint("os")


WITH_ROLES = (
    GOOD.replace('label = "Arm"\n', 'label = "Arm"\nrole = "treatment"\nlevel_roles = { untreated = "a" }\n').replace(
        'label = "Death"\n', 'label = "Death"\nrole = "death"\n'
    )
    + '\n[lists]\n"shown first" = ["band", "arm"]\n'
)


def test_the_code_finds_variables_and_levels_by_their_roles(write: Write) -> None:
    dictionary = open_dictionary(write(WITH_ROLES))
    assert dictionary.role("treatment") == "arm" and dictionary.role("death") == "died"
    assert dictionary.roles == {"treatment": "arm", "death": "died"}
    assert dictionary.level("treatment", "untreated") == "a"
    assert dictionary.listed("shown first") == ("band", "arm")
    assert open_dictionary(write(GOOD)).roles == {}


def test_unknown_roles_are_answered_with_the_known_ones(write: Write) -> None:
    dictionary = open_dictionary(write(WITH_ROLES))
    with pytest.raises(KeyError, match=r"no variable has the role 'site'\. Known: treatment, death\."):
        dictionary.role("site")
    with pytest.raises(KeyError, match=r"no level of the treatment has the role 'b'\. Known: untreated\."):
        dictionary.level("treatment", "b")
    with pytest.raises(KeyError, match=r"no level of the death has the role 'yes'\. Known: none\."):
        dictionary.level("death", "yes")
    with pytest.raises(KeyError, match=r"'subgroups' is no list\. Known: shown first\."):
        dictionary.listed("subgroups")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('role = "death"', 'role = "treatment"', "arm and died both have the role 'treatment'. Give it to one"),
        ('role = "death"', 'role = " "', "the role of died is empty"),
        ('{ untreated = "a" }', '{ untreated = "c" }', "arm: level_roles are given for c, which is no level"),
        ('{ untreated = "a" }', '{ "" = "a" }', "arm, levels: the role of a is empty"),
        ('["band", "arm"]', '["band", "harm"]', "list shown first: harm is not among the variables"),
    ],
)
def test_roles_and_lists_that_contradict_are_refused(write: Write, old: str, new: str, message: str) -> None:
    assert WITH_ROLES.count(old) == 1
    with pytest.raises(DictionaryError, match=message):
        open_dictionary(write(WITH_ROLES.replace(old, new)))


REFUSED = [
    ('kind = "binary"', 'kind = "yes-no"', "arm: kind 'yes-no' is none of binary"),
    ('phase = "salvage"', 'phase = "later"', "arm: phase 'later' is none of diagnosis"),
    ('label = "Arm"\n', "", "arm: .*label.*Check the keys of"),
    ('label = "Arm"\n', 'label = "Arm"\ncolour = "red"\n', "arm: .*colour.*Check the keys of"),
    ('reference = "a"', 'reference = "c"', "arm: reference 'c' is none of a, b"),
    ('reference = "a"\n', "", "arm: reference None is none of a, b"),
    ('levels = ["a", "b"]', 'levels = ["a"]', "arm: a binary variable needs at least two levels"),
    ('levels = ["a", "b"]', 'levels = ["a", "b", "a"]', "arm: each level and each label of a level once"),
    ('"Arm A", "Arm B"', '"Arm", "Arm"', "arm: each level and each label of a level once"),
    ('"Arm A", "Arm B"', '"Arm A", "Arm B", "Arm C"', "arm: 2 levels but 3 labels"),
    ("cuts = [20, 100]", "cuts = [100]", "band: 1 cuts make 2 bands, not 3"),
    ("cuts = [20, 100]", "cuts = [100, 20]", "band: cuts must ascend: they are 100.0, 20.0"),
    ('from = ["platelets"]', 'from = ["plts"]', "band: derived from 'plts', which is not in dictionary.toml"),
    ('from = ["platelets"]', 'from = ["band"]', "band: `from` must name another variable"),
    ('from = ["platelets"]', "from = []", "band: `from` must name another variable"),
    ('rule = "cuts", from = ["platelets"], ', "", "band: derive lacks rule and from"),
    ('map = { low = "yes"', 'map = { lowest = "yes"', "is_low: 'lowest' is no level of band"),
    ('map = { low = "yes"', 'map = { low = "maybe"', "is_low: 'maybe' is none of no, yes"),
    ('kind = "identifier"', 'kind = "continuous"', "exactly one variable must be of kind identifier"),
    ('time = "days"', 'time = "months"', "endpoint os: 'months' is not among the variables"),
    ('time = "days"', 'time = "platelets"', "endpoint os: platelets must be of kind duration; it is continuous"),
    ('event = "died"', 'event = "arm"', "endpoint os: arm must be of kind event; it is binary"),
    ('event = "died"', 'event = "died"\ncompeting = "died"', "endpoint os: .*competing.*Check the keys of"),
    ('origin = "diagnosis"\n', "", "endpoint os: .*origin.*Check the keys of"),
    ('short = "OS"\n', "", "endpoint os: short is missing or empty"),
    ('y_title = "Survival"', 'y_title = " "', "endpoint os: y_title is missing or empty"),
    ('event_noun = "deaths"', "event_noun = 3", "endpoint os: event_noun is missing or empty"),
    ('alive = "still alive"\n', "", "endpoint os: alive is missing or empty"),
    ('population = "all children"', 'population = ""', "endpoint os: population is missing or empty"),
    ('time = "days"', 'time = "days"\nentry = "platelets"', "os: platelets must be of kind duration; it is continuous"),
    ('time = "days"', 'time = "days"\nentry = "hsct"', "endpoint os: 'hsct' is not among the variables"),
    ('time = "days"', 'time = "days"\nentry = "days"', "endpoint os: entry and time are the same column, days"),
    ('cause = "first"', 'cause = "second"', "competing endpoint first: 'second' is not among the variables"),
    ('cause = "first"', 'cause = "arm"', "competing endpoint first: arm must be of kind categorical; it is binary"),
    ('["none", "relapse", "death"]', '["none", "relapse"]', "first needs a level for no event and at least two events"),
    ('cause = "first"\n', "", "competing endpoint first: .*cause.*Check the keys of .competing.first"),
    ('origin = "birth"', 'origin = ""', "competing endpoint first: origin is missing or empty"),
    ('phase = "induction"\n', 'phase = "birth"\n', "competing endpoint first: phase 'birth' is none of diagnosis"),
    ('also = ["days", "arm"]', 'also = ["hsct"]', "first: derived from 'hsct', which is not in dictionary.toml"),
    ('also = ["days", "arm"]', 'also = ["first"]', "first: `from` must name another variable"),
    ('children"\nphase = "diagnosis"', 'children"\nphase = "birth"', "endpoint os: phase 'birth' is none of diagnosis"),
]


@pytest.mark.parametrize(("old", "new", "message"), REFUSED)
def test_a_contradiction_is_refused(write: Write, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) >= 1
    with pytest.raises(DictionaryError, match=message):
        open_dictionary(write(GOOD.replace(old, new, 1)))


def test_a_level_is_spoken_as_the_dictionary_says_or_by_its_label(write: Write) -> None:
    dictionary = load_dictionary()
    assert [dictionary["thrombocytopenia"].speak(level) for level in ("no", "yes")] == [
        "No thrombocytopenia",
        "Thrombocytopenia",
    ]
    assert dictionary["sex"].speak("male") == "Sex (boys)"
    said = GOOD.replace('levels = ["low"', 'spoken = ["Low"]\nlevels = ["low"', 1)
    assert said != GOOD
    with pytest.raises(DictionaryError, match="levels but 1 of them spoken"):
        open_dictionary(write(said))


def test_variables_derived_from_each_other_are_refused(write: Write) -> None:
    circle = GOOD.replace("cuts = [20, 100] }", 'cuts = [20, 100], also = ["is_low"] }')
    with pytest.raises(DictionaryError, match="band is derived from itself: band from is_low from band"):
        open_dictionary(write(circle))


def test_a_number_may_have_a_step_for_its_odds_ratio(write: Write) -> None:
    assert open_dictionary(write(GOOD))["platelets"].per == 1
    stepped = GOOD.replace('unit = "10⁹/L"\n', 'unit = "10⁹/L"\nper = 10\n')
    assert open_dictionary(write(stepped))["platelets"].per == 10
    with pytest.raises(DictionaryError, match="platelets: per must be above 0: it is 0"):
        open_dictionary(write(stepped.replace("per = 10", "per = 0")))


def test_two_identifiers_are_refused(write: Write) -> None:
    second = '\n[variables.other]\nlabel = "Other"\nkind = "identifier"\nphase = "diagnosis"\n'
    with pytest.raises(DictionaryError, match="exactly one variable must be of kind identifier"):
        open_dictionary(write(GOOD + second))


def test_values_cannot_be_changed(write: Write) -> None:
    variable = open_dictionary(write(GOOD))["arm"]
    with pytest.raises(AttributeError):
        variable.label = "Other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('severity = "error"\nall = [{ variable = "no_such", known = true }]', "no_such"),
        ('severity = "error"\nall = [{ variable = "sex", is = ["woman"] }]', "woman is no level of sex"),
        ('severity = "error"\nall = [{ variable = "sex" }]', "nothing is asked of sex"),
        ('severity = "error"\nall = [{ variable = "sex", above = 3 }]', "above and below are for numbers"),
        ('severity = "odd"\nall = [{ variable = "sex", known = true }]', "'odd' is none of error, caution"),
        ('severity = "error"\nall = []', "must not be empty"),
        ('severity = "error"\nall = [{ variable = "sex", unknown = true }]', "unknown"),
        ('severity = "error"\nall = [{ variable = "relapse_days", above = "no_such" }]', "no_such"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused(entry: str, told: str, tmp_path: Path) -> None:
    text = DICTIONARY_PATH.read_text(encoding="utf-8")
    rule = f'\n[rules.new]\n{entry}\nwhat = "it is so"\nremedy = "Change it."\n'
    (tmp_path / "dictionary.toml").write_text(text + rule, encoding="utf-8")
    with pytest.raises(DictionaryError, match=told):
        open_dictionary(tmp_path / "dictionary.toml")
