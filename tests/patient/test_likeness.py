"""Patients like one: counted step by step, the nearest where few are alike, and neither where small numbers are protected."""

from __future__ import annotations

import pandas as pd
import pytest

from analytics.cohort import open_cohort, protect_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators import estimate_survival, read_curve
from analytics.figures.icon_array import draw_icons
from analytics.patient.features import complete_features
from analytics.patient.likeness import (
    HORIZON,
    N_NEAREST,
    choose_matters,
    compare_alike,
    list_matters,
    narrow,
    takes_nearest,
    to_measured,
)
from analytics.reporting.alike import count_in_ten, say_in_ten, say_too_few, tabulate_differences
from analytics.results import Estimate, Interval, Reason
from pages.components.cache import REFERENCE_COHORT

COHORT = open_cohort(str(REFERENCE_COHORT))
DICTIONARY = COHORT.dictionary
PATIENTS = pd.read_csv(REFERENCE_COHORT)
RELAPSED = PATIENTS[PATIENTS["relapsed"] == 1]
ONE = complete_features(
    {"age_years": 4.2, "immunophenotype": "B", "relapse_site": "isolated marrow", "relapse_days": 1000.0,
     "end_of_therapy_days": 900.0, "mrd_after_reinduction": "negative"},
    DICTIONARY,
)  # fmt: skip
EVERYONE = CohortFilter()


def test_each_step_counts_who_is_left() -> None:
    found = narrow(COHORT, EVERYONE, ONE, ["immunophenotype", "relapse_site_group"])
    b_cell = RELAPSED[RELAPSED["immunophenotype"] == "B"]
    marrow = b_cell[b_cell["relapse_site"] == "isolated marrow"]
    assert [stage.n for stage in found.stages] == [64, len(b_cell), len(marrow)]
    assert [stage.left for stage in found.stages] == [0, 64 - len(b_cell), len(b_cell) - len(marrow)]
    assert found.widest(len(marrow) + 1)[0] is found.stages[1]
    assert found.widest(1000)[0] is found.stages[0]


def test_a_filter_that_leaves_nobody_like_the_patient_leaves_nobody() -> None:
    t_cell = CohortFilter((Clause("immunophenotype", ("T",)),))
    found = narrow(COHORT, t_cell, ONE, ["immunophenotype", "relapse_site_group"])
    assert found.n == 0
    assert found.filters[-1] is None
    assert compare_alike(COHORT, found, ONE, ["immunophenotype"]).n > 0  # the nearest, of the other lineage


def test_what_matters_is_known_beforehand_and_no_outcome() -> None:
    names = [v.name for v in list_matters(COHORT, ONE)]
    assert "age_group" in names
    assert "sex" not in names  # not known of this one
    assert "salvage_treatment" not in [v.name for v in list_matters(COHORT, {**ONE, "salvage_treatment": "HSCT"})]
    assert choose_matters(COHORT, ONE) == (
        "immunophenotype", "relapse_site_group", "relapse_timing_bfm", "mrd_after_reinduction",
    )  # fmt: skip
    assert choose_matters(COHORT, {}) == ()


def test_those_alike_have_the_curve_of_their_own() -> None:
    matters = ["immunophenotype"]
    found = compare_alike(COHORT, narrow(COHORT, EVERYONE, ONE, matters), ONE, matters)
    alike = RELAPSED[RELAPSED["immunophenotype"] == "B"]
    (curve,) = estimate_survival(alike["os_relapse_days"] / 30.4375, alike["os_relapse_event"]).curves
    assert not found.is_nearest
    assert found.n == len(alike)
    assert found.at_horizon[0].value == pytest.approx(read_curve(curve, [HORIZON])[0].value, rel=1e-12)
    assert found.curves.curves[1].n == 64


def test_where_few_are_alike_the_nearest_are_taken_and_differ_as_said() -> None:
    matters = list(choose_matters(COHORT, ONE))
    narrowed = narrow(COHORT, EVERYONE, ONE, matters)
    assert 0 < narrowed.n < 10
    found = compare_alike(COHORT, narrowed, ONE, matters)
    assert found.is_nearest
    assert N_NEAREST <= found.n < 40
    rows = {row[0]: row for row in tabulate_differences(found.differences, found.n).rows}
    assert rows["Immunophenotype"][1] == "B-ALL"
    assert rows["Time to relapse (months)"][1] == "32.9"
    said = say_too_few(narrowed.n, found.n, False)
    assert said.startswith(f"Only {narrowed.n} are alike: too few for a curve.")


def test_groups_of_numbers_are_measured_by_the_numbers() -> None:
    assert to_measured(DICTIONARY["age_group"], DICTIONARY, ONE).name == "age_years"
    assert to_measured(DICTIONARY["relapse_timing_bfm"], DICTIONARY, ONE).name == "relapse_days"
    assert to_measured(DICTIONARY["relapse_site_group"], DICTIONARY, ONE).name == "relapse_site_group"
    few_platelets = {"platelets": 4.0, "platelets_group": "under 20"}
    assert to_measured(DICTIONARY["thrombocytopenia"], DICTIONARY, few_platelets).name == "platelets"
    assert to_measured(DICTIONARY["age_group"], DICTIONARY, {"age_group": "under 1"}).name == "age_group"


def test_where_small_numbers_are_protected_nobody_is_nearest() -> None:
    protected = protect_cohort(COHORT, 5, secret="a secret of the tests of one patient")
    matters = ["relapse_site_group"]
    narrowed = narrow(protected, EVERYONE, ONE, matters)
    assert not takes_nearest(protected, narrowed)
    assert not compare_alike(protected, narrowed, ONE, matters).is_nearest
    few = narrow(COHORT, EVERYONE, ONE, list(choose_matters(COHORT, ONE)))
    assert takes_nearest(COHORT, few)
    assert not takes_nearest(protected, few)
    assert "small numbers are protected" in say_too_few(2, 0, True)


@pytest.mark.parametrize(
    ("value", "low", "high", "counted", "said"),
    [
        (
            0.7,
            0.58,
            0.83,
            (6, 8),
            "Of 10 children like these, 6 to 8 were alive 3 years after first relapse (70.0\u00a0%",
        ),
        (0.7, 0.68, 0.72, (7, 7), "Of 10 children like these, 7 were alive"),
        (1.0, 0.72, None, (7, 10), "7 to 10 were alive"),
    ],
)
def test_of_ten_the_interval_says_how_many(
    value: float, low: float, high: float | None, counted: tuple[int, int], said: str
) -> None:
    estimate = Estimate(value, Interval(low, high, 0.95, "log-log"), 30, 9)
    assert count_in_ten(estimate) == counted
    text = say_in_ten(estimate, DICTIONARY.endpoint("os_relapse"), 36.0, is_nearest=False)
    assert said.replace("\u00a0", " ") in text.replace("\u00a0", " ").replace("\u202f", " ")
    drawn = draw_icons(*counted, 10, text)
    assert drawn.count("<i ") == 10
    assert drawn.count('data-kind="full"') == counted[0]
    assert drawn.count('data-kind="half"') == counted[1] - counted[0]


def test_what_is_not_known_of_ten_is_said_so() -> None:
    nothing = Estimate(None, reason=Reason("no-patients"))
    assert count_in_ten(nothing) is None
    of_all = say_in_ten(nothing, DICTIONARY.endpoint("os_diagnosis"), 36.0, is_nearest=True)
    assert "3 years after diagnosis is not known" in of_all
    assert "is not known" in say_in_ten(nothing, DICTIONARY.endpoint("os_relapse"), 36.0, is_nearest=True)
