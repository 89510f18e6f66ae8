"""Every ratio and difference that a reader sees says what it compares with what."""

from __future__ import annotations

import re
from typing import Any

import pytest

from analytics.analyses import load_analyses
from analytics.document import HtmlFigure
from tests.analyses.shown import Shown, analysis_of, show_with

VIEWS: list[tuple[str, dict[str, Any]]] = [
    *((analysis.slug, {}) for analysis in load_analyses()),
    *(
        (slug, {"history": history})
        for slug in ("survival-by-treatment", "landmark", "naive-answer")
        for history in ("cart", "cart-until-hsct", "histories")
    ),
    ("adjusted-comparison", {"history": "cart"}),
    ("hsct-cart-chemotherapy", {"clock": "start", "against": "HSCT"}),
    ("subgroups", {"by": "relapse_timing_bfm"}),
    ("mean-survival", {"by": "sex"}),
    ("hazard-ratios", {"covariates": ("wbc", "risk_group")}),
]
RATIO = re.compile(r"\d \((<?\d|no lower)[^()]*–")
NUMBERED = re.compile(r"\b(hazard|odds) ratios?\b[^;]*?\d")
COMPARED = re.compile(r"\b(against|minus|per|every)\b")


@pytest.fixture(params=VIEWS, ids=lambda view: "-".join([view[0], *map(str, view[1].values())]))
def shown(request: pytest.FixtureRequest) -> Shown:
    slug, choices = request.param
    return show_with(analysis_of(slug), **choices)


@pytest.mark.slow
def test_ratios_and_differences_name_what_they_compare(shown: Shown) -> None:
    for headline in shown.headlines:
        if re.search(r"ratio|[Dd]ifference", headline.label) and RATIO.search(headline.value):
            assert COMPARED.search(headline.label), headline
    for text in (shown.alt_text, *shown.sentences):
        # What a study could find is a ratio of no two groups in particular.
        if NUMBERED.search(text) and RATIO.search(text) and "would find" not in text.split(";")[0]:
            assert COMPARED.search(text), text
    for picture in shown.pictures:
        if NUMBERED.search(picture.alt_text):
            assert COMPARED.search(picture.alt_text), picture.title


def test_marks_name_what_they_compare_on_hover(shown: Shown) -> None:
    if not isinstance(shown.figure, HtmlFigure):
        return
    titles = [title for title in re.findall(r'title="([^"]*)"', shown.figure.html) if RATIO.search(title)]
    for title in titles:
        if shown.analysis.slug != "naive-answer" and shown.analysis.slug != "missing-values":
            assert COMPARED.search(title), title
        else:
            assert "against" in title or "%" in title, title


@pytest.mark.slow
def test_files_name_what_ratios_compare(shown: Shown) -> None:
    for name, frame in shown.files.items():
        if "level" in frame.columns and {"odds_ratio", "hazard_ratio", "log_hazard_ratio"} & set(frame.columns):
            assert "reference" in frame.columns, name
            levels = frame[frame["level"].notna() & (frame["level"] != "")]
            assert levels["reference"].notna().all(), name
