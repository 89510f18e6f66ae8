"""Two selections in one figure and one table: each keeps its own numbers, and a test only where nobody is in both."""

from __future__ import annotations

import math
from functools import cache
from html import escape
from typing import Any

import pytest

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.document import Contrast, Sides
from analytics.estimators import gray_test, logrank_test
from analytics.formats import format_p_cell, format_ratio_of
from analytics.views.opening import to_sides
from pages.components.cache import REFERENCE_COHORT

COHORT = open_cohort(REFERENCE_COHORT)
BOYS, GIRLS = (CohortFilter((Clause("sex", (sex,)),)) for sex in ("male", "female"))
OLDER = CohortFilter((Clause("age_years", low=10),))


@cache
def analysis_of(slug: str) -> Analysis[Any, Any]:
    return next(a for a in load_analyses() if a.slug == slug)


def compare(slug: str, first: CohortFilter, second: CohortFilter, **chosen: Any) -> tuple[Any, Any, Contrast, Sides]:
    """The results of two selections, and what is shown of both in one."""
    analysis = analysis_of(slug)
    params = {**analysis.defaults(COHORT), **chosen}
    both = first.both(second)
    sides = to_sides((first, second), COHORT.count(both) if both is not None else 0, COHORT.dictionary)
    results = [analysis.run(COHORT, one, params) for one in (first, second)]
    contrast = analysis.contrast(*results, params, sides, COHORT.dictionary)
    assert contrast is not None
    return *results, contrast, sides


def cells(table: Any) -> dict[str, tuple[str, ...]]:
    return {row[0]: row[1:] for row in table.rows}


def test_few_groups_are_crossed_with_the_selection_and_each_keeps_its_numbers() -> None:
    boys, girls, contrast, _ = compare("survival-by-site", BOYS, GIRLS, site="marrow_relapse")
    shown = cells(contrast.tables[0])
    levels = COHORT.dictionary["marrow_relapse"].level_labels
    assert list(shown) == [f"{label}, {letter}" for label in levels for letter in "AB"]
    for letter, result in (("A", boys), ("B", girls)):
        (alone, *_) = analysis_of("survival-by-site").tables(result)
        for label, row in cells(alone).items():
            assert shown[f"{label}, {letter}"] == row
    named = [str(trace.name) for trace in contrast.picture.figure.data]
    for label in levels:  # one of too few children is named with its numbers
        assert all(any(name.startswith(f"{label}, {letter}") for name in named) for letter in "AB")
    # The broken lines are those of B, in the colour of the group.
    looks = {
        str(t.name): (t.line.dash, t.line.color)
        for t in contrast.picture.figure.data
        if t.mode == "lines" and t.name and t.fill is None
    }
    for label in levels[:1]:
        assert looks[f"{label}, A"][1] == looks[f"{label}, B"][1] and looks[f"{label}, A"] != looks[f"{label}, B"]


def test_the_test_compares_within_the_groups_and_is_that_of_the_patients_of_both() -> None:
    boys, girls, contrast, sides = compare("survival-by-site", BOYS, GIRLS, site="marrow_relapse")
    assert sides.n_both == 0
    frames = {"A": boys.frame, "B": girls.frame}
    rows = [
        (t, e, side, g)
        for side, f in frames.items()
        for t, e, g, w in zip(f.time, f.event, f.group, f.weight, strict=True)
        for _ in range(int(w))
    ]
    time, event, side, group = (list(column) for column in zip(*rows, strict=True))
    expected = logrank_test(time, event, side, strata=group)
    (test,) = contrast.tests
    assert test.p_value == pytest.approx(expected.p_value, rel=1e-9)
    assert "between two selections, “Sex: boys” against “Sex: girls” within levels of" in test.name
    assert (
        "Compared within levels of" in contrast.sentences[-1]
        and "A: Sex: boys and B: Sex: girls" in contrast.sentences[-1]
    )


def test_who_is_in_both_is_no_reason_for_a_test_but_against_one() -> None:
    choices = {"by": "everyone", "endpoint": "efs_diagnosis"}
    boys, _, contrast, sides = compare("survival-by-variable", BOYS, OLDER, **choices)
    assert sides.n_both > 0 and contrast.tests == ()
    assert any(f"{sides.n_both} children are in both" in sentence for sentence in contrast.sentences)
    # Who is left once those in both are left out shares nobody.
    apart = (BOYS.leaving_out(OLDER), OLDER.leaving_out(BOYS))
    assert compare("survival-by-variable", *apart, **choices)[2].tests[0].p_value is not None
    assert cells(contrast.tables[0])["A: Sex: boys"] == next(
        row[1:] for row in analysis_of("survival-by-variable").tables(boys)[0].rows
    )


def test_many_groups_are_not_drawn_twice_and_that_is_said() -> None:
    _, _, contrast, _ = compare("survival-by-site", BOYS, GIRLS, site="relapse_site")
    assert list(cells(contrast.tables[0])) == ["A: Sex: boys", "B: Sex: girls"]
    assert "A and B are drawn as wholes" in contrast.sentences[0] and len(contrast.tests) == 1


def test_cumulative_incidences_stand_in_one_picture_with_gray_s_test_of_wholes() -> None:
    boys, girls, contrast, _ = compare("cumulative-incidence", BOYS, GIRLS, by="everyone")
    shown = cells(contrast.tables[0])
    for label, result in (("A: Sex: boys", boys), ("B: Sex: girls", girls)):
        (alone, *_) = analysis_of("cumulative-incidence").tables(result)
        assert shown[label][: len(alone.rows[1]) - 1] == alone.rows[1][1:]
    a, b = boys.comparison.frame, girls.comparison.frame
    expected = gray_test(
        [*a.time, *b.time],
        [*a.cause, *b.cause],
        [*["A"] * len(a.time), *["B"] * len(b.time)],
        of=boys.comparison.incidence.causes.index(boys.comparison.event) + 1,
        weight=[*a.weight, *b.weight],
    )
    assert contrast.tests[0].p_value == pytest.approx(expected.p_value, rel=1e-9)
    crossed = compare("cumulative-incidence", BOYS, GIRLS)[2]
    assert crossed.tests == () and len(cells(crossed.tables[0])) > 3


@pytest.mark.parametrize("slug", ["relapse-predictors", "hazard-ratios"])
def test_ratios_of_both_stand_under_each_other(slug: str) -> None:
    younger = CohortFilter((Clause("age_years", high=9.9),))
    first, second, contrast, _ = compare(slug, younger, OLDER)
    html = contrast.picture.figure.html
    for model in (first.multivariable, second.multivariable):
        for term in model.terms:
            if not term.is_reference and term.ratio.value is not None:
                assert (
                    format_ratio_of(term.ratio) in html and escape(format_p_cell(term.p_value, term.p_reason)) in html
                )
    assert contrast.tests == () and "No test compares the ratios" in contrast.sentences[0]
    assert contrast.frame is not None
    written = contrast.frame()
    for side, model in (("A", first.multivariable), ("B", second.multivariable)):
        rows = written[written["side"] == side].set_index("term")
        assert rows["n_event"].tolist() == [term.n_event for term in model.terms]
        expected = [math.nan if term.ratio.value is None else term.ratio.value for term in model.terms]
        assert rows[model.measure.replace(" ", "_")].tolist() == pytest.approx(expected, nan_ok=True)


def test_the_ratios_within_subgroups_of_both_stand_under_each_other() -> None:
    boys, girls, contrast, _ = compare("subgroups", BOYS, GIRLS)
    html, said = contrast.picture.figure.html, contrast.picture.alt_text
    for letter, result in (("A: Sex: boys", boys), ("B: Sex: girls", girls)):
        effects = [*result.among_all, *(e for s in result.subgroupings for e in s.shown(result.contrast))]
        shown = [format_ratio_of(e.ratio) for e in effects if e.ratio.value is not None]
        assert shown and all(text in html for text in shown)
        assert said.count(letter) == len(effects)
    assert contrast.tests == () and "No test compares the ratios" in contrast.sentences[0]
    assert contrast.frame is not None
    written = contrast.frame()
    alone = analysis_of("subgroups").downloads(girls)["estimates"]
    assert written[written["side"] == "B"]["hazard_ratio"].tolist() == pytest.approx(
        alone["hazard_ratio"].tolist(), nan_ok=True
    )


def test_what_one_figure_cannot_hold_stays_apart() -> None:
    for slug in ("missing-values", "naive-answer", "adjusted-comparison"):
        analysis = analysis_of(slug)
        assert analysis.apart.endswith(".")  # why, which the page says
        params = analysis.defaults(COHORT)
        result = analysis.run(COHORT, BOYS, params)
        assert analysis.contrast(result, result, params, Sides(("a", "b"), 0), COHORT.dictionary) is None


@pytest.mark.parametrize("slug", ["landmark", "survival-by-treatment", "hsct-cart-chemotherapy"])
def test_groups_by_treatment_keep_their_numbers_beside_each_other(slug: str) -> None:
    first, second, contrast, _ = compare(slug, BOYS, GIRLS)
    shown = cells(contrast.tables[0])
    for letter, result in (("A", first), ("B", second)):
        alone = next(t for t in analysis_of(slug).tables(result) if t.title == contrast.tables[0].title)
        assert {f"{group}, {letter}": row for group, row in cells(alone).items()}.items() <= shown.items()
    assert contrast.tests == () and contrast.sentences == ("No test compares A with B.",)
    assert len(shown) == 2 * len(first.curves.curves)


def test_means_of_both_have_a_difference_where_nobody_is_in_both() -> None:
    choices = {"by": "everyone", "endpoint": "efs_diagnosis"}
    first, second, contrast, _ = compare("mean-survival", BOYS, GIRLS, **choices)
    (boys,), (girls,) = first.means.groups, second.means.groups
    said = " ".join(" ".join(row) for row in contrast.tables[0].rows)
    for mean in (boys.mean, girls.mean):
        assert f"{mean.value:.1f}" in said
    assert len(contrast.tests) == 1 and "“Sex: boys” against “Sex: girls”" in contrast.tests[0].name
    analysis, sides = analysis_of("mean-survival"), Sides(("a", "b"), 3)
    params = {**analysis.defaults(COHORT), **choices}
    assert analysis.contrast(first, second, params, sides, COHORT.dictionary) is None
