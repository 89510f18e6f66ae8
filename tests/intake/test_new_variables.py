"""A column of its own kind becomes a variable that every page offers."""

from __future__ import annotations

import pytest

from analytics import CohortFilter, load_analyses, open_document
from analytics.cohort import open_cohort
from analytics.dictionary import load_dictionary
from analytics.intake.importing import import_patients
from analytics.intake.mapping import Assignment, Mapping, MappingError
from analytics.intake.mapping_text import read_mapping, write_mapping
from analytics.intake.new_variables import MOST_LEVELS, add_variable
from tests.intake.source_tables import table_of

DICTIONARY = load_dictionary()
N = 60
TABLE = table_of(
    {
        "No": [f"p{i}" for i in range(N)],
        "Trial arm": ["A", "B", "NA", "C"] * (N // 4),
        "Ferritin": [f"{100 + 7 * i}" for i in range(N)],
        "Ward": [f"ward {i}" for i in range(N)],
        "One": ["x"] * N,
        "Days": [f"{100 + 11 * i}" for i in range(N)],
        "Dead": [str(int(i % 3 == 0)) for i in range(N)],
    }
)
MAPPING = Mapping(
    "m", key="No", assignments=(Assignment("os_days", ("Days",), "number"), Assignment("os_event", ("Dead",)))
)


def test_levels_are_a_group_and_a_filter_on_every_page() -> None:
    mapping = add_variable(TABLE, "Trial arm", "Arm of the trial", "diagnosis", MAPPING, DICTIONARY)
    assert read_mapping(write_mapping(mapping)) == mapping
    imported = import_patients([TABLE], mapping, DICTIONARY)
    cohort = open_cohort(imported.examined.mapped.frame, imported.mapped.dictionary)
    variable = cohort.dictionary["arm_of_the_trial"]
    assert (variable.levels, variable.kind) == (("A", "B", "C"), "categorical")
    assert variable in cohort.dictionary.filters
    analysis = next(a for a in load_analyses() if a.slug == "survival-by-variable")
    choices = analysis.defaults(cohort) | {"by": "arm_of_the_trial", "endpoint": "os_diagnosis"}
    document = open_document(analysis, cohort, CohortFilter(), choices)
    figure = document.main().figure
    assert {"A", "B", "C"} <= {trace.name for trace in figure.data}


def test_numbers_keep_their_unit() -> None:
    mapping = add_variable(TABLE, "Ferritin", "Ferritin", "diagnosis", MAPPING, DICTIONARY, unit="µg/L")
    imported = import_patients([TABLE], mapping, DICTIONARY)
    assert imported.mapped.dictionary["ferritin"].unit == "µg/L"
    assert imported.mapped.frame["ferritin"].tolist() == [100 + 7 * i for i in range(N)]


@pytest.mark.parametrize(
    ("column", "label", "told"),
    [
        ("Ward", "Ward", f"holds {N} different texts"),
        ("One", "One", "holds 1 different texts"),
        ("Ferritin", " ", "no new label"),
        ("Ferritin", "age at  diagnosis", "no new label"),
    ],
)
def test_what_can_be_no_variable_is_refused(column: str, label: str, told: str) -> None:
    with pytest.raises(MappingError, match=told):
        add_variable(TABLE, column, label, "diagnosis", MAPPING, DICTIONARY)


def test_names_are_the_dictionarys_spelling_and_each_once() -> None:
    mapping = add_variable(TABLE, "Ferritin", "2nd: Ferritin (max)", "diagnosis", MAPPING, DICTIONARY)
    mapping = add_variable(TABLE, "Ferritin", "2nd ferritin max", "diagnosis", mapping, DICTIONARY)
    assert list(mapping.entries["variables"]) == ["variable_2nd_ferritin_max", "variable_2nd_ferritin_max_2"]
    assert MOST_LEVELS >= 12
