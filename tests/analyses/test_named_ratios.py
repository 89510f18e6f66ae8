"""Every ratio and difference that a reader sees says what it compares with what."""

from __future__ import annotations

import re
from typing import Any

import pytest

from analytics.analyses import load_analyses
from analytics.analysis import Analysis, HtmlFigure
from analytics.cohort.filters import CohortFilter
from tests.analyses.shown import analysis_of, cohort_of, run

REFERENCE = "reference_cohort.csv"
VIEWS: list[tuple[str, dict[str, Any]]] = [
    *((analysis.slug, {}) for analysis in load_analyses()),
    *(
        (slug, {"history": history})
        for slug in ("survival-by-treatment", "landmark", "naive-answer")
        for history in ("cart", "cart-until-hsct", "histories")
    ),
    ("adjusted-comparison", {"history": "cart"}),
    ("subgroups", {"by": "relapse_timing_bfm"}),
    ("mean-survival", {"by": "sex"}),
    ("hazard-ratios", {"covariates": ("wbc", "risk_group")}),
]
RATIO = re.compile(r"\d \((<?\d|no lower)[^()]*–")
NUMBERED = re.compile(r"\b(hazard|odds) ratios?\b[^;]*?\d")
COMPARED = re.compile(r"\b(against|minus|per|every)\b")


@pytest.fixture(params=VIEWS, ids=lambda view: "-".join([view[0], *map(str, view[1].values())]))
def view(request: pytest.FixtureRequest) -> tuple[Analysis, Any, dict[str, Any]]:
    slug, own = request.param
    analysis, cohort = analysis_of(slug), cohort_of(REFERENCE)
    params = analysis.defaults(cohort) | own
    return analysis, run(analysis, cohort, CohortFilter(), params), params


def test_ratios_and_differences_name_what_they_compare(view: tuple[Analysis, Any, dict[str, Any]]) -> None:
    analysis, result, params = view
    for headline in analysis.headlines(result):
        if re.search(r"ratio|[Dd]ifference", headline.label) and RATIO.search(headline.value):
            assert COMPARED.search(headline.label), headline
    for text in (analysis.alt_text(result), *analysis.sentences(result)):
        # What a study could find is a ratio of no two groups in particular.
        if NUMBERED.search(text) and RATIO.search(text) and "would find" not in text.split(";")[0]:
            assert COMPARED.search(text), text
    for picture in analysis.pictures(result, params) if analysis.pictures else ():
        if NUMBERED.search(picture.alt_text):
            assert COMPARED.search(picture.alt_text), picture.title


def test_marks_name_what_they_compare_on_hover(view: tuple[Analysis, Any, dict[str, Any]]) -> None:
    analysis, result, params = view
    figure = analysis.figure(result, params)
    if not isinstance(figure, HtmlFigure):
        return
    titles = [title for title in re.findall(r'title="([^"]*)"', figure.html) if RATIO.search(title)]
    for title in titles:
        if analysis.slug != "naive-answer" and analysis.slug != "missing-values":
            assert COMPARED.search(title), title
        else:
            assert "against" in title or "%" in title, title


def test_files_name_what_ratios_compare(view: tuple[Analysis, Any, dict[str, Any]]) -> None:
    analysis, result, _ = view
    for name, frame in analysis.downloads(result).items():
        if "level" in frame.columns and {"estimate", "log_hazard_ratio"} & set(frame.columns):
            assert "reference" in frame.columns, name
            levels = frame[frame["level"].notna() & (frame["level"] != "")]
            assert levels["reference"].notna().all(), name
