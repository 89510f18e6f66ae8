"""The live pictures of the glossary: their numbers are those of the estimates, and who is too few gives way to the reference."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from analytics.cohort.filters import Clause, CohortFilter
from analytics.figures.miniatures import Curve, Lane, draw_curves, draw_lanes, draw_ratios
from analytics.languages import LANGUAGES
from analytics.learning.miniatures import MAKERS, draw_miniatures
from analytics.reporting.glossary import load_glossary
from pages.components.cache import REFERENCE_COHORT, load_cohort

COHORT = load_cohort(str(REFERENCE_COHORT))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_belongs_to_a_term_and_says_what_it_shows(language: str) -> None:
    drawn = draw_miniatures(COHORT, CohortFilter(), COHORT, language)  # type: ignore[arg-type]
    assert set(drawn) == set(MAKERS) <= {term.name.en for term in load_glossary()} and len(drawn) >= 10
    for name, picture in drawn.items():
        svg = ElementTree.fromstring(picture.svg)
        said = picture.caption.said(language)  # type: ignore[arg-type]
        assert svg.get("aria-label") == said and "nan" not in picture.svg and "{" not in said, name
        assert not picture.is_reference, name
        assert bool(re.search("[\u4e00-\u9fff]", said)) == (language == "zh"), name


def test_the_numbers_are_those_of_the_patients() -> None:
    said = {name: picture.caption.en for name, picture in draw_miniatures(COHORT, CohortFilter(), COHORT, "en").items()}
    tally = COHORT.tally(["os_relapse_event", "hsct_days", "thrombocytopenia", "relapsed"], CohortFilter())
    relapsed = tally[tally["relapsed"] == 1]
    n, died = int(relapsed["n"].sum()), int(relapsed.loc[relapsed["os_relapse_event"] == 1, "n"].sum())
    assert said["Censored"].startswith(f"{n - died} of {n} children were censored")
    assert said["Immortal time"].startswith(f"{int(relapsed.loc[relapsed['hsct_days'].notna(), 'n'].sum())} were")
    shares = []
    for level in ("yes", "no"):
        some = tally[tally["thrombocytopenia"] == level]
        shares.append(some.loc[some["relapsed"] == 1, "n"].sum() / some["n"].sum())
    assert said["Relative risk"].endswith(f"{shares[0] / shares[1]:.2f}.")
    odds = [share / (1 - share) for share in shares]
    assert f"an odds ratio of {odds[0] / odds[1]:.2f} (" in said["Odds ratio"]


def test_few_patients_give_way_to_the_reference_cohort() -> None:
    nobody_relapsed = CohortFilter((Clause("relapse_site", (), keep_missing=True),))
    drawn = draw_miniatures(COHORT, nobody_relapsed, COHORT, "en")
    assert all(picture.is_reference for picture in drawn.values())
    whole = draw_miniatures(COHORT, CohortFilter(), COHORT, "en")
    assert {name: picture.svg for name, picture in drawn.items()} == {name: p.svg for name, p in whole.items()}
    of_b_cells = draw_miniatures(COHORT, CohortFilter((Clause("immunophenotype", ("B",)),)), COHORT, "en")
    assert not of_b_cells["Kaplan–Meier estimate"].is_reference
    assert of_b_cells["Kaplan–Meier estimate"].svg != whole["Kaplan–Meier estimate"].svg


def test_a_curve_steps_where_it_should() -> None:
    svg = draw_curves([Curve([(0, 1.0), (30, 0.5), (60, 0.5)])], said="x", months="months", last=60)
    (path,) = re.findall(r'd="([^"]*)"', svg)
    # 226 units wide from 30 on, and 108 high from 8 on: the step is in the middle of both.
    assert path == "M30.0 8.0H143.0V62.0H256.0V62.0"


def test_lanes_and_ratios_keep_inside_the_picture() -> None:
    lanes = draw_lanes([Lane(3, 12, True), Lane(0, 60, False)], said="x", months="m", names=("a", "b"))
    ratios = draw_ratios([("a", 2.0, 1.0, 1e9, "2"), ("b", None, 0.0, 3.0, "–")], said="x")
    for svg in (lanes, ratios):
        places = [float(x) for x in re.findall(r'\b(?:x1|x2|cx|x)="([^"]*)"', svg)]
        assert min(places) >= 0 and max(places) <= 264
    assert lanes.count('class="event"') == 1 and ratios.count("<rect") == 1
