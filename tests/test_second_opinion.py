"""The second opinion on every analysis: asked of libraries as a reader asks for it, in words, a table and a file."""

from __future__ import annotations

import io
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators.second_opinion import MOST_PATIENTS
from analytics.estimators.second_opinion.comparison import compare
from analytics.exports.csv_file import to_csv
from analytics.reporting.second_opinion import OPINION, WHY, list_opinion, name_figure
from analytics.results import own_level_name
from analytics.results.second_opinion import REASONS, UNEXPLAINED, Compared, Quantity, SecondOpinion
from analytics.views.opening import open_document
from tests.analyses.shown import PROVENANCE, cohort_of, show
from tests.fuzz.drawn_views import check_part, draw_views

ANALYSES = {analysis.slug: analysis for analysis in load_analyses()}
REFERENCE = cohort_of("reference_cohort.csv")
EVERYBODY = CohortFilter()
# Slug, choices, and a library that has to answer.
VIEWS: list[tuple[str, dict[str, Any], str]] = [
    ("relapse-predictors", {}, "statsmodels"),
    ("relapse-predictors", {"fit": "firth"}, "firthmodels"),
    ("relapse-predictors", {"limits": "wald", "factors": ("age_years", "immunophenotype")}, "statsmodels"),
    ("relapse-predictors", {"horizon": "5"}, "statsmodels"),
    ("survival-by-site", {"interval": "plain", "strata": "sex"}, "statsmodels"),
    ("survival-by-variable", {"test": "late"}, "lifelines"),
    ("survival-by-treatment", {"history": "histories", "start": 90}, "lifelines"),
    ("hsct-cart-chemotherapy", {"adjust": ("sex",), "against": "HSCT"}, "lifelines"),
    ("hsct-cart-chemotherapy", {"clock": "start", "strata": "sex"}, "lifelines"),
    ("hazard-ratios", {"fit": "firth"}, "firthmodels"),
    ("hazard-ratios", {"errors": "robust"}, "lifelines"),
    ("mean-survival", {}, "lifelines"),
    ("cumulative-incidence", {"adjust": ("sex",)}, "statsmodels"),
    ("missing-values", {"horizon": "5"}, "scipy"),
]


def ask(analysis: Analysis, cohort: Cohort, cohort_filter: CohortFilter, params: dict[str, Any]) -> SecondOpinion:
    """What a click on the button gives, once its words, table and file have been looked at."""
    part = open_document(analysis, cohort, cohort_filter, params).opinion
    assert part is not None
    check_part(part.show(None))
    found = part.run(lambda done, total: None)
    assert isinstance(found, SecondOpinion)
    check_part(part.show(found))
    (frame,) = part.frames(found).values()
    assert pd.read_csv(io.BytesIO(to_csv(frame, PROVENANCE)), comment="#").shape == frame.shape
    return found


def unexplained(found: SecondOpinion) -> list[Compared]:
    return [row for row in found.rows if row.reason == UNEXPLAINED]


@pytest.mark.parametrize("slug", ANALYSES)
def test_libraries_agree_with_every_analysis_or_a_reason_is_known(slug: str) -> None:
    analysis = ANALYSES[slug]
    found = ask(analysis, REFERENCE, EVERYBODY, analysis.defaults(REFERENCE))
    assert found.libraries and not unexplained(found)
    assert found.count("1e-6", "neither") >= 0.7 * len(found.rows)


@pytest.mark.parametrize(("slug", "chosen", "library"), VIEWS)
def test_every_kind_of_model_has_a_library(slug: str, chosen: dict[str, Any], library: str) -> None:
    analysis = ANALYSES[slug]
    found = ask(analysis, REFERENCE, EVERYBODY, {**analysis.defaults(REFERENCE), **chosen})
    assert library in dict(found.libraries) and not unexplained(found)


@pytest.mark.parametrize("seed", range(12))
def test_libraries_agree_with_drawn_views_or_a_reason_is_known(seed: int) -> None:
    for view in draw_views(seed)[:3]:
        found = ask(view.analysis, view.cohort, view.cohort_filter, view.params)
        assert not unexplained(found), (view.analysis.slug, unexplained(found)[:2])


def test_a_number_that_is_not_recorded_is_called_by_its_label() -> None:
    figure = Quantity("odds ratio", variable=own_level_name("white_cells"), level="yes")
    assert name_figure(figure, REFERENCE.dictionary) == "Odds ratio, White cells: not recorded"


def numbers_in(value: Any) -> set[float]:
    """Every number that a result holds, whatever it stands in."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return set()
    if isinstance(value, int | float):
        return {float(value)}
    if isinstance(value, np.ndarray):
        return set(value.astype(float).ravel().tolist()) if value.dtype.kind in "fiu" else set()
    if isinstance(value, tuple | list):
        return set().union(*map(numbers_in, value))
    if isinstance(value, dict):
        return set().union(*map(numbers_in, value.values()))
    if is_dataclass(value) and not isinstance(value, type) and type(value).__module__.startswith("analytics."):
        return set().union(*(numbers_in(getattr(value, f.name)) for f in fields(value)))
    return set()


@pytest.mark.parametrize(
    "slug", ["survival-by-variable", "hazard-ratios", "relapse-predictors", "landmark", "subgroups"]
)
def test_what_the_policy_keeps_back_is_not_compared(slug: str) -> None:
    analysis = ANALYSES[slug]
    few = CohortFilter((Clause("sex", ("female",)) if slug == "subgroups" else Clause("mrd_day46", ("positive",)),))
    params = analysis.defaults(REFERENCE)
    frame = analysis.prepare(REFERENCE, few, params)
    governed = analysis.run(REFERENCE, few, params)
    raw = show(analysis, REFERENCE, few, params).result
    shown, everything = numbers_in(governed), numbers_in(raw)
    assert everything - shown, "the policy keeps nothing back here"
    assert analysis.second_opinion is not None
    of_ratios_and_tests = [
        row
        for row in analysis.second_opinion(frame, governed, params)
        if row.figure.measure in ("hazard ratio", "odds ratio", "test", "interaction", "median", "concordance")
    ]
    assert {row.ours for row in of_ratios_and_tests} - {None} <= shown


def test_every_reason_has_a_sentence() -> None:
    assert set(WHY) == set(REASONS)
    assert all(text.endswith(".") and len(text) < 160 for text in WHY.values())


def test_a_difference_without_a_reason_is_a_caution() -> None:
    figure = Quantity("odds ratio", variable="sex", level="male")
    found = SecondOpinion((compare(figure, 2.0, 2.5, "scipy"),), (("scipy", "1"),), 10)
    notes, _, tables, sentences = list_opinion(found, REFERENCE.dictionary)
    assert [note.code for note in notes] == ["unexplained-difference"]
    assert tables[0].rows[0][0].startswith("Odds ratio, Sex: boys")
    assert sentences == ("0 of 1 figures agree to 1 in 1,000,000 and 1 differs (scipy 1).",)


def test_too_many_patients_are_refused_before_anything_is_fitted() -> None:
    analysis = ANALYSES["survival-by-variable"]
    params = analysis.defaults(REFERENCE)
    part = open_document(analysis, REFERENCE, EVERYBODY, params).opinion
    assert part is not None and part.refusal() == ""
    patients = pd.read_csv("data/reference_cohort.csv")
    many = pd.concat([patients] * (MOST_PATIENTS // 60), ignore_index=True)
    many["patient_id"] = [f"P{i}" for i in range(len(many))]
    refused = open_document(analysis, open_cohort(many), EVERYBODY, params).opinion
    assert refused is not None and "narrow the selection" in refused.refusal()


def test_the_file_says_what_the_page_says() -> None:
    analysis = ANALYSES["survival-by-site"]
    params = analysis.defaults(REFERENCE)
    part = open_document(analysis, REFERENCE, EVERYBODY, params).opinion
    assert part is not None and part.files == (OPINION,)
    found = ask(analysis, REFERENCE, EVERYBODY, params)
    frame = part.frames(found)[OPINION]
    assert len(frame) == len(found.rows)
    assert (
        frame["reason"]
        .dropna()
        .isin([why.format(patients="children", Patients="Children") for why in WHY.values()])
        .all()
        and frame["reason"].notna().any()
    )
    assert set(frame["version"]) <= {version for _, version in found.libraries}
