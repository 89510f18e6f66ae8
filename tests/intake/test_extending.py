"""A dictionary takes further entries, and says what does not go together."""

from __future__ import annotations

import pandas as pd
import pytest

from analytics.cohort import open_cohort
from analytics.dictionary import DictionaryError, open_dictionary
from analytics.intake.extending import extend_dictionary

DICTIONARY = open_dictionary()
BLASTS = {
    "label": "Blasts on day 8",
    "kind": "continuous",
    "unit": "/µL",
    "phase": "induction",
    "role": "MRD after induction",
}


def test_without_entries_it_is_the_same() -> None:
    assert extend_dictionary(DICTIONARY, {}) == DICTIONARY


def test_a_new_variable_comes_last_and_takes_the_role_that_it_claims() -> None:
    extended = extend_dictionary(DICTIONARY, {"variables": {"blasts_day8": BLASTS}})
    assert extended.variables[-1].name == "blasts_day8" and extended.variables[-1].unit == "/µL"
    assert extended.role("MRD after induction") == "blasts_day8"
    assert extended["mrd_day46"].role is None and DICTIONARY["mrd_day46"].role == "MRD after induction"
    assert [v.name for v in extended.variables[:-1]] == [v.name for v in DICTIONARY.variables]
    assert extended.endpoints == DICTIONARY.endpoints and extended.competing == DICTIONARY.competing


def test_an_entry_changes_the_keys_that_it_has() -> None:
    extended = extend_dictionary(DICTIONARY, {"variables": {"thrombocytopenia": {"label": "Few platelets"}}})
    changed, before = extended["thrombocytopenia"], DICTIONARY["thrombocytopenia"]
    assert changed.label == "Few platelets"
    assert (changed.level_labels, changed.spoken, changed.derivation) == (
        before.level_labels,
        before.spoken,
        before.derivation,
    )
    assert extended.variables.index(changed) == DICTIONARY.variables.index(before)


def test_other_levels_have_other_labels_and_words() -> None:
    levels = ["none", "relapse", "lost"]
    extended = extend_dictionary(DICTIONARY, {"variables": {"first_event": {"levels": levels}}})
    changed = extended["first_event"]
    assert changed.levels == changed.level_labels == tuple(levels)
    assert changed.optional_levels == () and changed.level_words == ()
    assert changed.reference == "none" and changed.label == "First event"
    assert {level for _, level in changed.level_roles} == {"none", "relapse"} & {
        level for _, level in DICTIONARY["first_event"].level_roles
    }


def test_lists_words_and_endpoints_are_extended() -> None:
    extended = extend_dictionary(
        DICTIONARY,
        {
            "lists": {"subgroups": ["sex"], "mine": ["age_group"]},
            "words": {"noun": "patient", "plural": "patients"},
            "endpoints": {"os_diagnosis": {"label": "Survival"}},
            "competing": {"relapse": {"label": "Relapse or not"}},
        },
    )
    assert extended.listed("subgroups") == ("sex",) and extended.listed("mine") == ("age_group",)
    assert extended.listed("sites of relapse") == DICTIONARY.listed("sites of relapse")
    assert extended.words.plural == "patients"
    assert extended.endpoint("os_diagnosis").label == "Survival"
    assert extended.endpoint("os_diagnosis").time == "os_days"
    assert extended.competing_endpoint("relapse").label == "Relapse or not"


def test_rules_and_origins_are_kept_and_extended() -> None:
    rule = {"severity": "caution", "what": "a", "remedy": "b", "all": [{"variable": "relapse_days", "below": 10}]}
    extended = extend_dictionary(DICTIONARY, {"rules": {"new": rule}, "origins": {"birth": ["date of birth"]}})
    assert extended.rules[:-1] == DICTIONARY.rules and len(DICTIONARY.rules) >= 3
    assert extended.rules[-1].name == "new" and extended.rules[-1].conditions[0].below == 10
    assert dict(extended.origins) == {**dict(DICTIONARY.origins), "birth": ("date of birth",)}
    assert "Rezidivdatum" in dict(DICTIONARY.origins)["relapse"]


def test_new_levels_of_an_event_are_words_for_0_and_1() -> None:
    entries = {"variables": {"os_event": {"level_words": {"1": ["gone"], "0": ["here"]}}}}
    assert extend_dictionary(DICTIONARY, entries)["os_event"].level_words == (("1", ("gone",)), ("0", ("here",)))
    with pytest.raises(DictionaryError, match="level_words are given for 2, which is no level"):
        extend_dictionary(DICTIONARY, {"variables": {"os_event": {"level_words": {"2": ["gone"]}}}})


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"variables": {"new": {"label": "New"}}}, "new: kind None is none of"),
        ({"variables": {"sex": {"levels": ["w", "m"]}}}, "sex: reference 'female' is none of w, m"),
        ({"variables": {"relapse_site": {"levels": ["isolated marrow", "other"]}}}, "is no level of relapse_site"),
        ({"lists": {"subgroups": ["shoe size"]}}, "list subgroups: shoe size is not among the variables"),
        ({"variables": {"id": {"label": "Id", "kind": "identifier", "phase": "diagnosis"}}}, "exactly one variable"),
    ],
)
def test_what_does_not_go_together_is_refused(entries: dict[str, object], said: str) -> None:
    with pytest.raises(DictionaryError, match=said):
        extend_dictionary(DICTIONARY, entries)


def test_optional_levels_of_a_variable_that_is_not_derived_are_left_out_where_nobody_has_them() -> None:
    levels = [*DICTIONARY["relapse_site"].levels, "marrow and another site", "another site, not marrow"]
    entries = {"variables": {"relapse_site": {"levels": levels, "optional_levels": levels[-2:]}}}
    frame = pd.DataFrame({"patient_id": ["a", "b"], "relapsed": [1, 1], "relapse_site": [levels[0], levels[-1]]})
    cohort = open_cohort(frame, extend_dictionary(DICTIONARY, entries))
    assert cohort.dictionary["relapse_site"].levels == (*levels[:-2], levels[-1])
    assert set(cohort.tally(["relapse_site"])["relapse_site"]) == {levels[0], levels[-1]}
