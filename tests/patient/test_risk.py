"""The risk of one patient by the model of the page of predictors: as fitted there, and where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from analytics.analyses import load_analyses
from analytics.analyses.relapse_predictors import RelapsePredictors
from analytics.analysis import Params
from analytics.cohort import Cohort, open_cohort, protect_cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import load_dictionary
from analytics.estimators import fit_probabilities
from analytics.figures.waterfall import draw_waterfall
from analytics.patient.features import complete_features
from analytics.patient.risk import RiskOfOne, assess_risk
from analytics.reporting.risk import (
    name_step,
    say_calibration_at,
    say_interval_of_risk,
    say_risk,
    say_steps,
    tabulate_over_time,
)
from analytics.views.opening import open_document
from pages.components.cache import REFERENCE_COHORT

COHORT = open_cohort(str(REFERENCE_COHORT))
ANALYSIS = next(a for a in load_analyses() if a.slug == "relapse-predictors")
EVERYONE = CohortFilter()
ONE = complete_features(
    {"platelets": 40.0, "bcr_abl1": "negative", "mrd_day19": "positive", "mrd_day46": "negative", "age_years": 4.2},
    load_dictionary(),
)

WITHOUT_PLATELETS = {name: value for name, value in ONE.items() if not name.startswith(("platelets", "thromb"))}
OLDER = {**ONE, "age_years": 40.0}


def assess(cohort: Cohort = COHORT, one: dict[str, Any] = ONE, **chosen: Any) -> RiskOfOne:
    params: Params = {**ANALYSIS.defaults(cohort), **chosen}
    result = open_document(ANALYSIS, cohort, EVERYONE, params).result
    assert isinstance(result, RelapsePredictors)
    return assess_risk(cohort, EVERYONE, result.data, one, params)


def test_the_risk_is_that_of_the_model_of_the_page() -> None:
    found = assess()
    model = found.data.outcome.model()
    fitted = fit_probabilities(**model).probability
    alike = (model["covariates"].astype(str) == ["yes", "negative", "positive", "negative"]).all(axis=1).to_numpy()
    assert fitted is not None
    assert found.predicted.risk.value == pytest.approx(fitted[alike][0], rel=1e-10)
    said = say_risk(found.predicted, found.data.within).replace("\u00a0", " ").replace("\u202f", " ")
    assert said.startswith(
        "Risk of relapse for a child like this one, by the logistic model of 436 children: 17.3 % (95 %"
    )
    assert "delta method" in say_interval_of_risk(found.predicted)
    names = [name_step(step.variable, ONE, load_dictionary()) for step in found.predicted.steps]
    assert names[0].startswith("Thrombocytopenia: yes")
    assert say_steps(found.predicted, names).count(";") == 4


def test_calibration_is_that_of_those_with_about_the_same_risk() -> None:
    found = assess()
    group, risk = found.group, found.predicted.risk.value
    assert group is not None
    assert risk is not None
    assert group.low <= risk <= group.high
    assert "It was made of them, too." in say_calibration_at(group)
    assert "is not shown" in say_calibration_at(None)


def test_over_time_the_risk_rises_and_other_events_are_in_the_way() -> None:
    cox, fine_gray = assess().over_time
    for found in (cox, fine_gray):
        values = [risk.value for risk in found.risks]
        assert values == sorted(values)  # type: ignore[type-var]
    assert all(a.value >= b.value for a, b in zip(cox.risks, fine_gray.risks, strict=True))  # type: ignore[operator]
    table = tabulate_over_time((cox, fine_gray))
    assert table.columns == ("Model", "1 y", "3 y", "5 y")
    assert "(" in table.rows[0][1]
    assert "(" not in table.rows[1][1]


@pytest.mark.parametrize(
    ("one", "chosen", "why"),
    [
        (WITHOUT_PLATELETS, {}, "not known of this child: Thrombocytopenia"),
        (OLDER, {"factors": ("age_years", "mrd_day46")}, "outside the range of the data: Age at diagnosis is 40"),
        (ONE, {"horizon": "3"}, "the model has weights"),
    ],
)  # fmt: skip
def test_where_the_model_says_nothing_of_such_a_child_it_is_said_why(
    one: dict[str, Any], chosen: dict[str, Any], why: str
) -> None:
    found = assess(one=one, **chosen)
    assert found.predicted.risk.value is None
    assert found.group is None
    assert why in say_risk(found.predicted, "")


def test_where_small_numbers_are_protected_no_risk_of_one_is_given() -> None:
    found = assess(protect_cohort(COHORT, 5, secret="a secret of the tests of one patient"))
    assert "small numbers are protected here" in say_risk(found.predicted, "")
    assert found.over_time == ()


def test_firth_says_what_its_interval_is() -> None:
    found = assess(fit="firth")
    assert found.predicted.method == "firth"
    assert "penalised fit" in say_interval_of_risk(found.predicted)


def test_the_waterfall_ends_at_the_risk() -> None:
    found = assess().predicted
    assert found.risk.value is not None
    assert found.average is not None
    steps = [(step.variable, step.before, step.after) for step in found.steps]
    drawn = draw_waterfall(found.average, steps, found.risk.value, ("Average <child>", "This child"), "In words")
    assert drawn.count("<i ") == len(steps) + 2
    assert "Average &lt;child&gt;" in drawn
    nothing = replace(found, steps=())
    assert say_steps(nothing, []).startswith("From ")
