"""Every known export is a file: it is recognised by its columns, and its tables open with the values worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analytics.cohort import open_cohort
from analytics.dictionary import open_dictionary
from analytics.intake.applying import Mapped, apply_mapping, dictionary_of
from analytics.intake.exports import EXPORTS_PATH, load_exports, open_export, recognise_export, spell_as
from analytics.intake.gathering import gather_patients
from analytics.intake.mapping import Assignment, Mapping, MappingError, Part
from analytics.intake.mapping_text import read_mapping, write_mapping
from analytics.intake.tables import SourceTable
from tests.intake.source_tables import table_of

DICTIONARY = open_dictionary()


def opened(*tables: SourceTable) -> tuple[str, Mapped]:
    export = recognise_export(tables)
    assert export is not None
    table, _ = gather_patients(tables, export.mapping)
    mapped = apply_mapping(table, export.mapping, DICTIONARY)
    assert open_cohort(mapped.frame, mapped.dictionary).count() == len(mapped.frame)
    return export.mapping.name, mapped


def rows_of(mapped: Mapped) -> list[dict[str, object]]:
    rows = mapped.frame.astype(object).where(mapped.frame.notna(), None).to_dict("records")
    return [{str(key): value for key, value in row.items() if value is not None} for row in rows]


def test_every_file_of_the_folder_is_an_export_whose_words_are_in_the_dictionary() -> None:
    exports = load_exports()
    assert len(exports) == len(list(EXPORTS_PATH.glob("*.toml"))) >= 6
    assert len({export.mapping.name for export in exports}) == len(exports)
    for export in exports:
        assert export.about and export.address.startswith("https://") and export.n_columns >= 3
        dictionary = dictionary_of(export.mapping, DICTIONARY)
        assert read_mapping(write_mapping(export.mapping)) == export.mapping
        for assignment in export.mapping.assignments:
            variable = dictionary[assignment.variable]
            levels = {level for _, level in assignment.levels if level is not None}
            assert not levels or levels <= set(variable.levels or ("0", "1")), assignment.variable
            names = {part.name for part in export.mapping.tables}
            assert not names or {column.partition(".")[0] for column in assignment.read} <= names


def test_a_study_file_of_cbioportal() -> None:
    name, mapped = opened(
        table_of(
            {
                "PATIENT_ID": ["P1", "P2", "P3"],
                "SEX": ["Male", "Female", "NA"],
                "AGE": ["3", "4.5", "NA"],
                "OS_STATUS": ["1:DECEASED", "0:LIVING", "0:LIVING"],
                "OS_MONTHS": ["23.98", "60.02", "NA"],
                "EFS_STATUS": ["1:Event", "0:No event", "NA"],
                "EFS_MONTHS": ["12.02", "60.02", "NA"],
            }
        )
    )
    assert name == "cBioPortal, study file"
    assert rows_of(mapped) == [
        {"patient_id": "P1", "age_years": 3, "sex": "male", "os_days": 730, "os_event": 1, "efs_days": 366, "efs_event": 1},
        {"patient_id": "P2", "age_years": 4.5, "sex": "female", "os_days": 1827, "os_event": 0, "efs_days": 1827, "efs_event": 0},
        {"patient_id": "P3"},
    ]  # fmt: skip


def test_a_download_of_any_portal() -> None:
    name, mapped = opened(
        table_of(
            {
                "Study ID": ["s"] * 3,
                "Patient ID": ["P1", "P1", "P2"],
                "Sample ID": ["P1-1", "P1-2", "P2-1"],
                "Diagnosis Age": ["NA", "3", "4"],
                "Overall Survival (Months)": ["10", "10", "20"],
                "Overall Survival Status": ["0:LIVING", "0:LIVING", "1:DECEASED"],
            }
        )
    )
    assert name == "cBioPortal, portal download"
    assert rows_of(mapped) == [
        {"patient_id": "P1", "age_years": 3, "os_days": 304, "os_event": 0},
        {"patient_id": "P2", "age_years": 4, "os_days": 609, "os_event": 1},
    ]
    assert {note.code for note in mapped.notes} == {"column-absent"}


def test_long_tables_of_the_pediatric_cancer_data_commons() -> None:
    who = "HONEST_BROKER_SUBJECT_ID"
    phases = table_of(
        {
            who: ["a", "a", "a", "b", "c", "c"],
            "DISEASE_PHASE": [
                "Initial Diagnosis",
                "Relapse",
                "Relapse",
                "Initial Diagnosis",
                "Relapse",
                "Initial Diagnosis",
            ],
            "DISEASE_PHASE_NUMBER": ["1", "1", "2", "1", "1", "1"],
            "AGE_AT_DISEASE_PHASE": ["1461", "2000", "2400", "365.25", "900", "600"],
        },
        "phases.csv",
    )
    survival = table_of(
        {
            who: ["a", "b", "c", "b"],
            "LKSS": ["Dead", "Alive", "Alive", "Alive"],
            "AGE_AT_LKSS": ["2500", "1000", "1200", "1500.25"],
            "CAUSE_OF_DEATH": ["Disease Progression", "", "", ""],
        },
        "survival.csv",
    )
    disease = table_of(
        {
            who: ["a", "a", "a", "b", "c", "c"],
            "DISEASE_PHASE": [
                "Initial Diagnosis",
                "Relapse",
                "Relapse",
                "Initial Diagnosis",
                "Initial Diagnosis",
                "Relapse",
            ],
            "DISEASE_PHASE_NUMBER": ["1"] * 6,
            "ALL_TYPE": ["B-ALL", "B-ALL", "B-ALL", "T-ALL", "Mixed Phenotype Acute Leukemia", ""],
            "DISEASE_SITE": [
                "Bone Marrow",
                "Central Nervous System",
                "Bone Marrow",
                "Bone Marrow",
                "Bone Marrow",
                "Testes",
            ],
            "CNS_DISEASE_STATUS": ["CNS1", "CNS3a", "CNS3a", "CNS2b", "Not Reported", ""],
        },
        "disease.csv",
    )
    labs = table_of(
        {
            who: ["a", "a", "a", "b", "c"],
            "AGE_AT_LAB": ["1470", "1461", "1461", "366", "600"],
            "LAB_TEST": ["WBC", "WBC", "Hemoglobin", "Platelets", "WBC"],
            "LAB_SPEC_TYPE": ["Blood"] * 5,
            "LAB_RESULT_NUMERIC": ["900", "12500", "7.8", "45000", "12"],
            "LAB_RESULT_UNIT": ["count/mm3", "count/mm3", "g/dL", "count/mm3", "%"],
        },
        "labs.csv",
    )
    molecular = table_of(
        {
            who: ["a", "b", "c"],
            "AGE_AT_MOLECULAR_ANALYSIS": ["1461", "366", "600"],
            "MOLECULAR_ABNORMALITY": ["t(9;22)", "t(9;22)", "t(1;19)"],
            "MOLECULAR_ABNORMALITY_RESULT": ["Positive", "Not Done", "Negative"],
        },
        "molecular.csv",
    )
    people = table_of({who: ["c", "b", "a"], "SEX": ["Male", "Female", "Not Reported"]}, "people.csv")
    transplants = table_of({who: ["a", "a"], "AGE_AT_SCT": ["2450", "2100"]}, "sct.csv")
    name, mapped = opened(phases, survival, disease, labs, molecular, people, transplants)
    assert name == "PCDC ALL, long tables" and mapped.unread == ()
    assert rows_of(mapped) == [
        {
            "patient_id": "a",
            "age_years": 4,
            "immunophenotype": "B",
            "white_cells": 12.5,
            "haemoglobin": 78,
            "bcr_abl1": "positive",
            "cns_status": "CNS1",
            "relapsed": 1,
            "relapse_days": 539,
            "relapse_site": "marrow and CNS",
            "hsct_days": 100,
            "second_relapse_days": 400,
            "os_relapse_days": 500,
            "os_relapse_event": 1,
            "os_days": 1039,
            "os_event": 1,
            "cause_of_death": "leukaemia",
        },
        {
            "patient_id": "b",
            "age_years": 1,
            "sex": "female",
            "immunophenotype": "T",
            "platelets": 45,
            "cns_status": "CNS2",
            "relapsed": 0,
            "os_days": 1135,
            "os_event": 0,
        },
        {
            "patient_id": "c",
            "age_years": pytest.approx(600 / 365.25),
            "sex": "male",
            "tcf3_pbx1": "negative",
            "relapsed": 1,
            "relapse_days": 300,
            "relapse_site": "isolated testicular",
            "os_relapse_days": 300,
            "os_relapse_event": 0,
            "os_days": 600,
            "os_event": 0,
        },
    ]


def test_tables_of_omop() -> None:
    name, mapped = opened(
        table_of(
            {
                "person_id": ["1", "2", "3"],
                "gender_concept_id": ["8507", "8532", "0"],
                "year_of_birth": ["2010"] * 3,
                "birth_datetime": ["2010-01-01 00:00:00", "2010-06-30", ""],
            },
            "person.csv",
        ),
        table_of(
            {
                "condition_occurrence_id": ["1", "2", "3", "4"],
                "person_id": ["1", "1", "2", "3"],
                "condition_start_date": ["2015-01-01", "2017-01-01", "2014-06-30", "2016-01-01"],
                "condition_source_value": ["C91.00", "C91.02", "C91.01", "J06.9"],
            },
            "condition_occurrence.csv",
        ),
        table_of(
            {
                "person_id": ["1", "2", "2"],
                "observation_period_start_date": ["2010-01-01"] * 3,
                "observation_period_end_date": ["2018-01-01", "2016-06-29", "2012-01-01"],
            },
            "observation_period.csv",
        ),
        table_of({"person_id": ["1"], "death_date": ["2017-06-01"]}, "death.csv"),
        table_of(
            {
                "person_id": ["1", "2"],
                "measurement_concept_id": ["3000905", "3024929"],
                "measurement_date": ["2015-01-01", "2014-06-30"],
                "value_as_number": ["12.5", "45"],
                "unit_concept_id": ["8848", "9444"],
            },
            "measurement.csv",
        ),
        table_of(
            {"person_id": ["1"], "procedure_date": ["2017-04-11"], "procedure_source_value": ["38240"]},
            "procedure_occurrence.csv",
        ),
    )
    assert name == "OMOP tables"
    first, second = rows_of(mapped)
    assert first == {
        "patient_id": "1",
        "age_years": pytest.approx(1826 / 365.25),
        "sex": "male",
        "white_cells": 12.5,
        "relapsed": 1,
        "relapse_days": 731,
        "hsct_days": 100,
        "os_relapse_days": 151,
        "os_relapse_event": 1,
        "os_days": 882,
        "os_event": 1,
    }
    assert second == {
        "patient_id": "2",
        "age_years": pytest.approx(4, abs=0.01),
        "sex": "female",
        "platelets": 45,
        "relapsed": 0,
        "os_days": 730,
        "os_event": 0,
    }


def test_columns_are_recognised_in_any_spelling_and_then_spelt_as_the_file_has_them() -> None:
    table = table_of({"patient id": ["1"], "Os_Status": ["0:LIVING"], "OS MONTHS": ["2"], "Sex": ["male"]})
    export = recognise_export([table])
    assert export is not None and export.mapping.key == "patient id"
    assert export.mapping.get("os_event") == Assignment("os_event", ("Os_Status",), where=(("OS MONTHS", ("*",)),))
    assert recognise_export([table_of({"id": ["1"], "sex": ["male"]})]) is None


def test_every_name_of_a_mapping_is_spelt_anew() -> None:
    before = Mapping(
        "m",
        key="p.ID",
        tables=(Part("p", "ID", ("AGE",), (("PHASE", ("x",)),), "first", "AGE"),),
        dropped=("NAME",),
        hashed=("ID",),
        assignments=(
            Assignment("a", ("p.AGE",), "days", origin="p.DAY", where=(("p.PHASE", ("x",)),)),
            Assignment("b", ("p.X 1", "p.Y"), "combine", (("p.X 1 + p.Y", "l"), ("", None))),
        ),
    )
    after = spell_as(before, ["id", "age", "Phase", "name", "day", "x_1", "Y"])
    assert after.key == "p.id" and after.dropped == ("name",) and after.hashed == ("id",)
    assert after.tables == (Part("p", "id", ("age",), (("Phase", ("x",)),), "first", "age"),)
    assert after.assignments == (
        Assignment("a", ("p.age",), "days", origin="p.day", where=(("p.Phase", ("x",)),)),
        Assignment("b", ("p.x_1", "p.Y"), "combine", (("p.x_1 + p.Y", "l"), ("", None))),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", r"broken.toml is no TOML"),
        ('name = "a"', "broken.toml: recognised_by"),
        ('name = "a"\nrecognised_by = [[]]', "broken.toml: recognised_by"),
        ('name = "a"\nrecognised_by = ["PATIENT_ID"]', "broken.toml: recognised_by"),
        ('name = "a"\nrecognised_by = [["ID"]]\nshoe = 1', "broken.toml: the mapping: shoe is unknown"),
    ],
)
def test_a_broken_export_says_which_file(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MappingError, match=said):
        open_export(path)


def test_a_new_export_needs_no_code(tmp_path: Path) -> None:
    path = tmp_path / "ward.toml"
    path.write_text(
        'name = "Ward 3"\nkey = "Nr"\nrecognised_by = [["Nr", "Tod"]]\n[map.os_event]\nfrom = "Tod"', encoding="utf-8"
    )
    table = table_of({"Nr": ["1", "2"], "Tod": ["ja", "nein"]})
    export = recognise_export([table], (open_export(path),))
    assert export is not None
    mapped = apply_mapping(table, export.mapping, DICTIONARY)
    assert mapped.frame.to_dict("list") == {"patient_id": ["1", "2"], "os_event": [1.0, 0.0]}
    assert not pd.isna(mapped.frame).any(axis=None)
