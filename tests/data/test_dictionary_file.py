"""The data dictionary that is shipped: complete, in clinicians' words, with sources, and fit for every menu."""

from __future__ import annotations

import pytest

from analytics.cohort.derivations import DERIVATIONS
from analytics.cohort.patient_file import MISSING_WORDS
from analytics.dictionary import DICTIONARY_PATH, PHASES, Variable, open_dictionary
from data.build_reference_cohort import COLUMNS, EXAMPLE_COLUMNS

DICTIONARY = open_dictionary()
VARIABLES = DICTIONARY.variables
CODED = [v for v in VARIABLES if v.is_coded]


def by_name(variable: Variable) -> str:
    return variable.name


def test_every_column_of_the_files_is_described() -> None:
    assert {v.name for v in VARIABLES} >= set(COLUMNS) | set(EXAMPLE_COLUMNS)


def test_every_variable_is_among_the_columns_of_the_readme() -> None:
    text = (DICTIONARY_PATH.parent / "README.md").read_text(encoding="utf-8")
    assert [v.name for v in VARIABLES if f"`{v.name}`" not in text] == []


def test_a_variable_without_column_is_derived() -> None:
    for variable in VARIABLES:
        # Whether a first remission was reached is for files that know of it.
        assert variable.name in (*COLUMNS, "first_remission") or variable.derivation, variable.name


@pytest.mark.parametrize("variable", VARIABLES, ids=by_name)
def test_every_variable_is_explained(variable: Variable) -> None:
    assert variable.label and variable.label[0].isupper()
    assert variable.definition.endswith(".")
    assert variable.source
    assert variable.missing_label != "missing" or variable.kind == "identifier"
    assert bool(variable.unit) == (variable.kind in ("continuous", "duration"))


@pytest.mark.parametrize("variable", CODED, ids=by_name)
def test_labels_of_levels_are_distinct_and_not_read_as_missing(variable: Variable) -> None:
    labels = [label.casefold() for label in (*variable.level_labels, variable.missing_label)]
    assert len(set(labels)) == len(labels)
    assert not MISSING_WORDS & set(labels)
    assert len(set(variable.levels)) == len(variable.levels)
    assert all(len(label) <= 32 for label in variable.level_labels)


def test_labels_of_variables_are_distinct() -> None:
    labels = [v.label for v in VARIABLES]
    assert len(set(labels)) == len(labels)


def test_a_binary_variable_has_two_levels_and_starts_with_its_reference() -> None:
    for variable in CODED:
        if variable.kind == "binary":
            assert len(variable.levels) == 2 and variable.reference == variable.levels[0], variable.name


@pytest.mark.parametrize("variable", [v for v in VARIABLES if v.derivation], ids=by_name)
def test_derivations_are_known_and_reach_every_level(variable: Variable) -> None:
    derivation = variable.derivation
    assert derivation is not None
    assert derivation.rule in DERIVATIONS
    if derivation.rule == "map":
        source = DICTIONARY[derivation.source[0]]
        assert {level for level, _ in derivation.mapping} == set(source.levels)
        assert {joined for _, joined in derivation.mapping} == set(variable.levels)
    if derivation.rule == "cuts":
        assert list(derivation.cuts) == sorted(set(derivation.cuts))


def test_filters_and_groups_can_be_drawn() -> None:
    for variable in DICTIONARY.filters:
        assert variable.is_coded or variable.kind == "continuous", variable.name
    assert all(v.is_coded for v in DICTIONARY.groups)
    phases = [v.phase for v in DICTIONARY.filters]
    assert phases == sorted(phases, key=PHASES.index)
    assert {"diagnosis", "induction", "relapse", "reinduction", "salvage"} <= set(phases)


def test_predictors_of_relapse_are_known_before_relapse() -> None:
    assert {v.phase for v in DICTIONARY.covariates} == {"diagnosis", "induction"}
    published = {"thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46"}
    assert published <= {v.name for v in DICTIONARY.covariates}


def test_what_exists_after_relapse_only_says_so() -> None:
    for variable in VARIABLES:
        is_later = variable.phase in ("relapse", "reinduction", "salvage") and variable.name != "relapsed"
        assert variable.population == "relapsed" if is_later else True, variable.name


def test_limits_of_relapse_times_are_18_and_36_months() -> None:
    derivation = DICTIONARY["relapse_timing_cog"].derivation
    assert derivation is not None and derivation.cuts == (18 * 30.4375, 36 * 30.4375)


def test_endpoints() -> None:
    assert [e.name for e in DICTIONARY.endpoints] == [
        "os_relapse",
        "efs_relapse",
        "os_diagnosis",
        "efs_diagnosis",
        "os_salvage",
        "os_cart",
        "os_hsct",
        "os_relapse_after_hsct",
    ]
    assert len({e.label for e in DICTIONARY.endpoints}) == len(DICTIONARY.endpoints)
    entries = {e.name: e.entry for e in DICTIONARY.endpoints if e.entry}
    assert entries == {"os_relapse_after_hsct": "hsct_days"}
    for endpoint in DICTIONARY.endpoints:
        assert DICTIONARY[endpoint.time].kind == "duration"
        assert DICTIONARY[endpoint.event].kind == "event"
        assert DICTIONARY[endpoint.time].unit == f"days from {endpoint.origin.removeprefix('first ')}"
        assert endpoint.phase in PHASES and endpoint.definition.endswith(".")
        words = ("Overall survival", "deaths") if endpoint.short == "OS" else ("Event-free survival", "events")
        assert (endpoint.y_title, endpoint.event_noun) == words
        assert endpoint.alive.startswith("alive")


def test_refractory_disease_and_missing_causes_are_spoken_of() -> None:
    for endpoint in (DICTIONARY.endpoint("efs_relapse"), DICTIONARY.competing_endpoint("second_relapse")):
        assert "(day 35 of salvage treatment, or the day that the file gives)" in endpoint.definition
        assert "treatment failure (Buchmann et al. 2022, Blood 139:1785)" in endpoint.definition
    days = [DICTIONARY[f"{name}_failure_days"].derivation for name in ("induction", "reinduction")]
    assert [derivation.day for derivation in days if derivation] == [46, 35]
    without_causes = "In a file without causes of death, every death that comes first is one of unknown cause."
    assert without_causes in DICTIONARY.competing_endpoint("second_relapse").definition
    assert without_causes in DICTIONARY["event_after_relapse"].definition


def test_competing_endpoints() -> None:
    assert [e.name for e in DICTIONARY.competing] == ["relapse", "second_relapse"]
    for endpoint in DICTIONARY.competing:
        cause, time = DICTIONARY[endpoint.cause], DICTIONARY[endpoint.time]
        assert cause.levels[0] == "none" and cause.level_labels[0].startswith("alive")
        assert time.unit == f"days from {endpoint.origin.removeprefix('first ')}"
        assert endpoint.phase in PHASES and endpoint.definition.endswith(".")


def test_what_follows_from_follow_up_is_not_offered_for_choosing_children() -> None:
    for endpoint in (*DICTIONARY.endpoints, *DICTIONARY.competing):
        for name in (endpoint.time, endpoint.cause if hasattr(endpoint, "cause") else endpoint.event):
            variable = DICTIONARY[name]
            assert not (variable.is_filter or variable.is_group or variable.is_covariate), name
