"""What is asked of one patient, what follows from it, and what a link that was asked for says."""

from __future__ import annotations

import pandas as pd
import pytest

from analytics.cohort import open_cohort, protect_cohort
from analytics.cohort.filters import CohortFilter
from analytics.patient.definitions import Reading, load_definitions
from analytics.patient.features import Questions, complete_features, list_patients, to_text
from pages.components.cache import REFERENCE_COHORT

COHORT = open_cohort(str(REFERENCE_COHORT))
ASKED = Questions.of(COHORT)


def test_what_follows_is_what_the_cohort_derives() -> None:
    names = [v.name for v in ASKED.variables]
    derived = [
        v.name
        for v in COHORT.dictionary.variables
        if v.name not in names
        and v.name
        in complete_features({v.name: v.levels[0] if v.is_coded else 1.0 for v in ASKED.variables}, COHORT.dictionary)
    ]
    assert {"age_group", "thrombocytopenia", "relapse_site_group", "relapse_timing_bfm", "relapse_timing_cog"} <= set(
        derived
    )
    tally = COHORT.tally([*names, *derived])
    assert tally["n"].sum() == 436
    definitions = load_definitions()
    for row in tally.to_dict("records"):
        entered = {n: v if isinstance(v, str) else float(v) for n in names if not pd.isna(v := row[n])}
        found = complete_features(entered, COHORT.dictionary)
        assert {n: found.get(n) for n in derived} == {n: None if pd.isna(row[n]) else row[n] for n in derived}
        if "relapse_days" in entered:
            reading = Reading(definitions, COHORT.dictionary, {**entered, "n_relapse": "1"})
            for scheme, column in (("bfm_time", "relapse_timing_bfm"), ("cog_time", "relapse_timing_cog")):
                assert reading.classify(definitions.scheme(scheme)).group == row[column]


def test_outcomes_and_what_follows_are_not_asked() -> None:
    names = {v.name for v in ASKED.variables}
    assert {"age_years", "immunophenotype", "bcr_abl1", "platelets", "white_cells", "mrd_day19", "mrd_day46", "relapse_site",
            "relapse_days", "end_of_therapy_days", "second_remission", "mrd_after_reinduction"} <= names  # fmt: skip
    assert not names & {"age_group", "salvage_treatment", "second_relapse", "os_days", "relapsed", "patient_id"}
    assert [fact.name for fact in ASKED.facts] == ["n_relapse", "mrd_reinduction"]
    assert [phase for phase, _ in ASKED.phases] == ["diagnosis", "induction", "treatment", "relapse", "reinduction"]


def test_synthetic_patients_alone_may_be_taken() -> None:
    taken = list_patients(COHORT, CohortFilter())
    assert len(taken) == 64
    assert all(ASKED.keep_allowed(one) == one for one in taken)
    assert list_patients(protect_cohort(COHORT, 5), CohortFilter()) == ()


def test_a_link_says_what_was_entered_and_nothing_else_is_read_of_it() -> None:
    entered = {"age_years": 7.3, "relapse_site": "marrow and CNS", "n_relapse": "2", "mrd_reinduction": 0.02}
    assert ASKED.read(to_text(entered)) == entered
    assert ASKED.read("age_years=-3&relapse_site=elbow&patient_id=SYN0001&mrd_reinduction=nan&x=1") == {
        "n_relapse": "1"
    }
    assert ASKED.read("age_years=1e99&mrd_reinduction=101") == ASKED.begun


@pytest.mark.parametrize("value", [float("nan"), -1.0, "B", 1e9, None, True])
def test_a_value_that_cannot_be_is_dropped(value: object) -> None:
    assert ASKED.keep_allowed({"age_years": value}) == {}  # type: ignore[dict-item]
