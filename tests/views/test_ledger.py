"""The ledger of comparisons: by hand, against R, what must hold for any looks, and what every analysis puts into it."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.analyses import load_analyses
from analytics.analysis import Analysis, Control
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.document import ComparedTest, Lazy, Selection
from analytics.views.ledger import (
    COLUMNS,
    Comparison,
    Key,
    Ledger,
    describe_for_file,
    describe_ledger,
    describe_looks,
    drop_idle_clauses,
    list_comparisons,
    tabulate_ledger,
)
from tests.analyses.shown import show

REFERENCE = Path(__file__).parents[1] / "reference" / "multiplicity_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))
LIGHT = settings(deadline=None, max_examples=100)
ANALYSES = {analysis.slug: analysis for analysis in load_analyses()}
NO_FILTER = CohortFilter()
GIRLS = CohortFilter((Clause("sex", ("female",)),))


def key(number: int) -> Key:
    return ("v1", "page", "{}", "[]", f"test {number}")


def look(number: int, p_value: float | None = 0.5, *, planned: bool = False) -> Comparison:
    return Comparison(
        key(number), "Page", f"test {number}", "all children", ("Endpoint: OS", "Test: log-rank"), p_value, planned
    )


def ledger_of(*p_values: float | None) -> Ledger:
    return Ledger().with_comparisons([look(number, p) for number, p in enumerate(p_values, start=1)])


# What counts


def test_looking_again_adds_nothing() -> None:
    once = ledger_of(0.01, 0.2)
    assert once.with_comparisons([look(2, 0.2), look(1, 0.01)]) is once
    assert once.with_comparisons([]) is once
    more = once.with_comparisons([look(2, 0.2), look(3, 0.6)])
    assert [c.test for c in more.comparisons] == ["test 1", "test 2", "test 3"]
    assert len(more.explored) == 3 and more.expected_by_chance == pytest.approx(0.15)


def test_without_a_p_value_it_is_listed_and_does_not_count() -> None:
    ledger = ledger_of(0.01, None, 0.2)
    assert [c.test for c in ledger.comparisons] == ["test 1", "test 2", "test 3"]
    assert [c.test for c in ledger.explored] == ["test 1", "test 3"]
    assert ledger.expected_by_chance == pytest.approx(0.1)
    listed = ledger.adjusted()
    assert [a.number for a in listed] == [1, None, 2]
    assert [a.p_holm for a in listed] == [0.02, None, 0.2]


def test_a_p_value_that_is_shown_later_counts_from_then_on_in_its_old_place() -> None:
    ledger = ledger_of(None, 0.2).with_plan([key(1)], True)
    later = ledger.with_comparisons([look(1, 0.03)])
    assert [(c.test, c.p_value, c.planned) for c in later.comparisons] == [
        ("test 1", 0.03, True),
        ("test 2", 0.2, False),
    ]
    assert later.with_comparisons([look(1, None)]) is later, "what was seen is not unseen"


def test_planned_comparisons_are_a_family_of_their_own() -> None:
    ledger = ledger_of(0.01, 0.02, 0.03, 0.04).with_plan([key(2), key(4)], True)
    assert [c.test for c in ledger.explored] == ["test 1", "test 3"]
    assert [c.test for c in ledger.planned] == ["test 2", "test 4"]
    assert ledger.expected_by_chance == pytest.approx(0.1)
    assert [(a.comparison.family, a.number, a.n_family, a.p_holm) for a in ledger.adjusted()] == [
        ("explored", 1, 2, 0.02),
        ("planned", 1, 2, 0.04),
        ("explored", 2, 2, 0.03),
        ("planned", 2, 2, 0.04),
    ]
    assert ledger.with_plan([key(2), key(4)], False) == ledger_of(0.01, 0.02, 0.03, 0.04)


def test_what_is_wrong_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Page, test 1: p must lie between 0 and 1: it is 1\.5"):
        look(1, 1.5)
    with pytest.raises(ValueError, match="between 0 and 1: it is nan"):
        look(1, float("nan"))
    with pytest.raises(ValueError, match="stands in the ledger twice"):
        Ledger((look(1), look(1, 0.2)))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_adjusted_as_by_p_adjust_of_r(case: dict[str, Any]) -> None:
    listed = ledger_of(*case["p"]).adjusted()
    assert [a.p_holm for a in listed] == [pytest.approx(p, rel=1e-13) if p is not None else None for p in case["holm"]]
    assert [a.p_bh for a in listed] == [pytest.approx(p, rel=1e-13) if p is not None else None for p in case["bh"]]


LOOKS = st.lists(
    st.builds(
        lambda number, planned: look(number, None if number % 7 == 0 else (number % 50) / 50, planned=planned),
        st.integers(1, 40),
        st.booleans(),
    ),
    max_size=30,
)


@LIGHT
@given(LOOKS, LOOKS)
def test_adding_twice_changes_nothing(first: list[Comparison], second: list[Comparison]) -> None:
    ledger = Ledger().with_comparisons(first).with_comparisons(second)
    assert ledger.with_comparisons([*second, *first]) is ledger
    assert Ledger().with_comparisons([*first, *second]) == ledger
    assert [c.key for c in ledger.comparisons] == list(dict.fromkeys(c.key for c in [*first, *second]))


@LIGHT
@given(LOOKS, st.randoms(use_true_random=False))
def test_adjusted_p_values_do_not_depend_on_the_order(looks: list[Comparison], random: Any) -> None:
    ledger = Ledger().with_comparisons(looks)
    shuffled = list(ledger.comparisons)
    random.shuffle(shuffled)
    found = {a.comparison.key: (a.p_holm, a.p_bh, a.n_family) for a in ledger.adjusted()}
    assert {a.comparison.key: (a.p_holm, a.p_bh, a.n_family) for a in Ledger(tuple(shuffled)).adjusted()} == found
    for a in ledger.adjusted():
        p, holm, bh = a.comparison.p_value, a.p_holm, a.p_bh
        assert (p is None) == (holm is None) == (bh is None)
        if p is not None and holm is not None and bh is not None:
            assert p <= bh * (1 + 1e-12) <= holm * (1 + 1e-11) <= 1 + 1e-10


@LIGHT
@given(LOOKS, LOOKS)
def test_more_looks_never_make_a_p_value_smaller(first: list[Comparison], second: list[Comparison]) -> None:
    few = Ledger().with_comparisons(first)
    many = few.with_comparisons(second)
    later = {a.comparison.key: a for a in many.adjusted()}
    for a in few.adjusted():
        if a.p_holm is not None:
            assert later[a.comparison.key].p_holm >= a.p_holm * (1 - 1e-12)


@LIGHT
@given(LOOKS)
def test_a_session_can_keep_it(looks: list[Comparison]) -> None:
    ledger = Ledger().with_comparisons(looks)
    assert pickle.loads(pickle.dumps(ledger)) == ledger


# What is said


def said(ledger: Ledger, *numbers: int) -> str:
    return describe_looks(ledger, [key(number) for number in numbers])


def test_sentence_of_a_view() -> None:
    one, fourteen = ledger_of(0.3), ledger_of(*[0.5] * 14)
    assert said(one, 1) == (
        "Comparison 1 looked at in this session. If nothing differs, p falls below 0.05 in 1 of 20 such comparisons."
    )
    chance = "If nothing differed in any of the 14, about 0.7 would have p below 0.05 by chance."
    assert said(fourteen, 14) == f"Comparison 14 looked at in this session. {chance}"
    assert said(fourteen, 3) == f"Comparison 3 of 14 looked at in this session. {chance}"
    assert said(fourteen, 11, 12, 13, 14) == f"Comparisons 11 to 14 looked at in this session. {chance}"
    assert said(fourteen, 13, 14) == f"Comparisons 13 and 14 looked at in this session. {chance}"
    assert (
        said(fourteen, 1, 2, 5, 7, 8, 9) == f"Comparisons 1, 2, 5 and 7 to 9 of 14 looked at in this session. {chance}"
    )
    assert said(fourteen) == f"Nothing is tested in this view. 14 comparisons explored in this session. {chance}"
    assert said(Ledger()) == "Nothing is tested in this view. No comparison explored in this session."
    assert said(ledger_of(None), 1) == (
        "No p value in this view, so it does not count. No comparison explored in this session."
    )


@pytest.mark.parametrize(
    ("n", "about"), [(2, "0.1"), (3, "0.15"), (13, "0.65"), (19, "0.95"), (20, "1.0"), (30, "1.5"), (3000, "150.0")]
)
def test_how_many_chance_would_make_small(n: int, about: str) -> None:
    assert f", about {about} would have p below 0.05 by chance." in said(ledger_of(*[0.5] * n), 1)


def test_sentence_of_planned_comparisons() -> None:
    ledger = ledger_of(0.01, 0.02, 0.03).with_plan([key(2)], True)
    chance = "If nothing differed in any of the 2, about 0.1 would have p below 0.05 by chance."
    assert said(ledger, 2) == f"Planned in advance. 2 comparisons explored in this session. {chance}"
    assert said(ledger, 2, 3) == (
        f"Comparison 2 looked at in this session; 1 more of this view planned in advance. {chance}"
    )
    both = ledger.with_plan([key(1), key(3)], True)
    assert said(both, 1, 2) == "2 comparisons planned in advance. No comparison explored in this session."


def test_statement_of_a_file() -> None:
    ledger = ledger_of(0.01, 0.04)
    assert describe_for_file(ledger, [key(1)]) == (
        f"{said(ledger, 1)} It was not marked as planned in advance. Test 1: p = 0.010; adjusted over the 2 explored: "
        "0.020 (Holm), 0.020 (Benjamini–Hochberg)."
    )
    planned = ledger.with_plan([key(1)], True)
    assert describe_for_file(planned, [key(1)]) == (
        f"{said(planned, 1)} It was marked as planned in advance. Test 1: p = 0.010; adjusted over the only one planned: "
        "0.010 (Holm), 0.010 (Benjamini–Hochberg)."
    )
    assert describe_for_file(planned, [key(1), key(2)]).endswith(". 1 of them was marked as planned in advance.")
    assert describe_for_file(ledger, [key(1), key(2)]).endswith(". None of them was marked as planned in advance.")
    everything = ledger.with_plan([key(1), key(2)], True)
    assert describe_for_file(everything, [key(1), key(2)]).endswith(". All of them were marked as planned in advance.")
    assert describe_for_file(ledger, []) == said(ledger)
    assert describe_for_file(ledger_of(None), [key(1)]) == said(ledger_of(None), 1)


def test_table_shows_the_newest_first_and_tells_alike_ones_apart() -> None:
    ledger = ledger_of(0.0004, None, 0.3).with_plan([key(3)], True)
    table = tabulate_ledger(ledger)
    assert table.columns == ("Comparison", "p", "Holm", "BH", "Planned")
    assert table.rows == (
        ("Planned 1. Test 3; all children", "0.300", "0.300", "0.300", "yes"),
        ("Test 2; all children", "–", "–", "–", ""),
        ("1. Test 1; all children", "<0.001", "<0.001", "<0.001", ""),
    )
    assert table.caption.startswith("One explored; one planned. Each counts once")
    other = replace(
        look(1, 0.2), key=("v1", "page", "{}", "[1]", "test 1"), choices=("Endpoint: EFS", "Test: log-rank")
    )
    alike = tabulate_ledger(ledger_of(0.1).with_comparisons([other]))
    assert [row[0] for row in alike.rows] == [
        "2. Test 1; all children (Endpoint: EFS)",
        "1. Test 1; all children (Endpoint: OS)",
    ]
    long = tabulate_ledger(ledger_of(*[0.5] * 33), most=30)
    assert (len(long.rows), long.rows[0][0], long.rows[-1][0]) == (
        30, "33. Test 33; all children", "4. Test 4; all children",
    )  # fmt: skip
    assert "3 older ones are in the file." in long.caption


def test_file_has_one_row_for_each() -> None:
    ledger = ledger_of(0.01, None, 0.04).with_plan([key(3)], True)
    frame = ledger.to_frame()
    assert list(frame.columns) == COLUMNS
    assert frame["family"].tolist() == ["explored", "not tested", "planned"]
    assert frame["number"].tolist() == [1, pd.NA, 1]
    assert frame["choices"].tolist() == ["Endpoint: OS; Test: log-rank"] * 3
    assert frame["p_value_holm"].tolist()[::2] == [0.01, 0.04]
    assert len(Ledger().to_frame()) == 0
    assert describe_ledger(ledger) == (
        "1 comparison explored in this session. If nothing differs, p falls below 0.05 in 1 of 20 such comparisons. "
        "1 planned in advance, adjusted among themselves."
    )


# What the analyses put into it


@cache
def cohort() -> Cohort:
    return open_cohort(Path(__file__).parents[2] / "data" / "reference_cohort.csv")


@cache
def controls_of(slug: str) -> tuple[Control, ...]:
    return ANALYSES[slug].controls(cohort())


# By default, too few die in one of the groups for a p value of the means.
WITH_P = {"mean-survival": {"endpoint": "efs_relapse"}}


def seen_with(slug: str, cohort_filter: CohortFilter = NO_FILTER, **choices: Any) -> tuple[Comparison, ...]:
    analysis = ANALYSES[slug]
    params = {**analysis.defaults(cohort()), **WITH_P.get(slug, {}), **choices}
    document = show(analysis, cohort(), cohort_filter, params, policy=True).document
    return list_comparisons(
        document, cohort_filter, controls_of(slug), params, cohort().dictionary, cohort().data_version
    )


def values_of(control: Control) -> list[Any]:
    options = [value for value, _ in control.options]
    if control.kind == "toggle":
        return [True, False]
    if control.kind == "number":
        return [control.limits[0], control.default, control.limits[1]]
    return [(), tuple(options[:1]), tuple(options[:2])] if control.kind == "many" else options


COMPARING = [slug for slug, analysis in ANALYSES.items() if type(analysis).tests is not Analysis.tests]
SHOWN_ONLY = [(slug, c.name) for slug in COMPARING for c in controls_of(slug) if c.display]
ASKED = [(slug, c.name) for slug in COMPARING for c in controls_of(slug) if not c.display]


def p_values(comparisons: tuple[Comparison, ...]) -> dict[str, float | None]:
    return {c.test: c.p_value for c in comparisons}


def test_pages_with_tests_are_counted() -> None:
    known = {"relapse-predictors", "survival-by-site", "survival-by-variable", "cumulative-incidence", "hazard-ratios"}
    known |= {"mean-survival", "subgroups", "survival-by-treatment", "landmark", "naive-answer", "adjusted-comparison"}
    known |= {"hsct-cart-chemotherapy"}
    assert known <= set(COMPARING)


@pytest.mark.parametrize("slug", COMPARING)
def test_every_analysis_names_its_tests(slug: str) -> None:
    seen = seen_with(slug)
    assert seen and any(c.is_tested for c in seen)
    assert len({c.key for c in seen}) == len({c.test for c in seen}) == len(seen)
    assert {c.page for c in seen} == {ANALYSES[slug].title}
    assert {c.selection for c in seen} == {"all children"}
    for c in seen:
        assert c.key[:2] == (cohort().data_version, slug)
        assert "test" in c.test and " of " in c.test
        assert not any(word in c.test for word in ("None", "nan", "_", "significan"))


@pytest.mark.parametrize("slug", COMPARING)
def test_another_filter_is_another_comparison(slug: str) -> None:
    everyone, girls = seen_with(slug), seen_with(slug, GIRLS)
    assert {c.key for c in everyone}.isdisjoint(c.key for c in girls)
    assert {c.selection for c in girls} == {"Sex: girls"}
    nobody = CohortFilter((Clause("age_years", high=1.0), Clause("relapse_days", low=4000.0)))
    assert not any(c.is_tested for c in seen_with(slug, nobody))


def test_a_clause_that_leaves_nobody_out_makes_no_other_selection() -> None:
    girls, everybody = Clause("sex", ("female",)), Clause("sex", ("female", "male"))
    relapsed = Clause("relapse_site", cohort().dictionary["relapse_site"].levels)
    marrow = Clause("marrow_relapse", cohort().dictionary["marrow_relapse"].levels)
    for clauses, expected in (
        ((), ()),
        ((girls,), (girls,)),
        ((everybody,), ()),
        ((everybody, relapsed), (relapsed,)),
        ((girls, marrow, relapsed), (girls, relapsed)),
    ):
        asked = CohortFilter(clauses)
        kept = drop_idle_clauses(asked, cohort().funnel(asked))
        assert kept == CohortFilter(expected)
        pd.testing.assert_frame_equal(
            cohort().tally(["age_group", "sex"], kept), cohort().tally(["age_group", "sex"], asked)
        )


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "name"), SHOWN_ONLY)
def test_a_choice_of_display_makes_no_new_comparison(slug: str, name: str) -> None:
    """Whatever it is set to: a test of the same name has the same p and is the same entry of the ledger."""
    usual = seen_with(slug)
    known = p_values(usual)
    (control,) = (c for c in controls_of(slug) if c.name == name)
    for value in values_of(control):
        seen = seen_with(slug, **{name: value})
        assert len({c.test for c in seen}) == len(seen)
        shared = {test: p for test, p in p_values(seen).items() if test in known}
        assert shared == {
            test: pytest.approx(known[test], rel=1e-6) if known[test] is not None else None for test in shared
        }
        assert {c.key for c in seen if c.test in known} <= {c.key for c in usual}


# The reference is chosen among the three salvage treatments only.
BESIDE = {("naive-answer", "against"): {"history": "salvage"}}


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "name"), ASKED)
def test_a_choice_that_counts_changes_what_is_tested(slug: str, name: str) -> None:
    beside = BESIDE.get((slug, name), {})
    known = p_values(seen_with(slug, **beside))
    (control,) = (c for c in controls_of(slug) if c.name == name)
    assert any(p_values(seen_with(slug, **beside, **{name: value})) != known for value in values_of(control))


def test_names_tell_the_choices_of_display_that_change_a_test() -> None:
    """A change of method or reference that changes a p value changes the name of its test."""
    for slug, choices in (
        ("relapse-predictors", {"fit": "firth"}),
        ("hazard-ratios", {"fit": "firth"}),
        ("hazard-ratios", {"errors": "robust"}),
        ("adjusted-comparison", {"weights": "overlap"}),
        ("survival-by-treatment", {"adjust": ("sex",)}),
    ):
        usual, other = p_values(seen_with(slug)), p_values(seen_with(slug, **choices))
        assert set(other) - set(usual), (slug, choices)


def test_what_hsct_counts_as_adds_a_test_and_changes_none() -> None:
    """Only the weighted ratio is another comparison, whichever treatments are compared."""
    page = "survival-by-treatment"
    for history in ("hsct", "cart-until-hsct"):
        usual = seen_with(page, history=history, adjust=("sex",))
        assert usual == seen_with(page, history=history, adjust=("sex",), hsct_as="competing")
        weighted = seen_with(page, history=history, adjust=("sex",), hsct_as="weighted")
        assert weighted[: len(usual)] == usual
        added = weighted[len(usual) :]
        assert len(added) == (history == "cart-until-hsct")
        assert all("weighted for who is transplanted" in c.test and c.is_tested for c in added)


def test_the_order_of_several_options_does_not_count() -> None:
    one = seen_with("relapse-predictors", factors=("mrd_day46", "bcr_abl1"))
    other = seen_with("relapse-predictors", factors=("bcr_abl1", "mrd_day46"))
    assert {c.key for c in one} == {c.key for c in other}
    assert {c.test for c in one} == {
        "likelihood-ratio test of MRD on day 46 for relapse, adjusted for BCR::ABL1",
        "likelihood-ratio test of BCR::ABL1 for relapse, adjusted for MRD on day 46",
    }


def test_either_reference_is_the_same_comparison_of_means() -> None:
    usual = seen_with("mean-survival")
    turned = seen_with("mean-survival", reference=("mrd_day46:positive",))
    assert [c.key for c in usual] == [c.key for c in turned]
    assert usual[0].is_tested
    assert usual[0].p_value == pytest.approx(turned[0].p_value, rel=1e-9)
    three = seen_with("mean-survival", by="relapse_site_group")
    others = seen_with(
        "mean-survival", by="relapse_site_group", reference=("relapse_site_group:combined marrow and extramedullary",)
    )
    assert len({c.key for c in (*three, *others)}) == 3, "of three groups there are three pairs"


def test_headline_p_values_are_those_of_the_pages() -> None:
    """The p in the ledger is the one among the headline numbers or in the table of the page."""
    for slug in (
        "survival-by-site",
        "survival-by-variable",
        "survival-by-treatment",
        "landmark",
        "hsct-cart-chemotherapy",
        "cumulative-incidence",
    ):
        analysis = ANALYSES[slug]
        params = analysis.defaults(cohort())
        shown = show(analysis, cohort(), NO_FILTER, params, policy=True)
        (p_value,) = (h.value for h in shown.headlines if h.label.startswith("p ("))
        (compared,) = shown.tests
        assert compared.p_value is not None and f"{compared.p_value:.3f}" == p_value


def test_a_view_without_groups_compares_nothing() -> None:
    for slug in ("survival-by-variable", "mean-survival", "cumulative-incidence"):
        assert seen_with(slug, by="everyone") == ()
    assert seen_with("relapse-predictors", factors=()) == ()
    assert seen_with("hazard-ratios", covariates=()) == ()


def test_an_analysis_that_names_no_tests_compares_nothing() -> None:
    analysis = ANALYSES["survival-by-site"]
    params = analysis.defaults(cohort())
    document = analysis.present(None, params, Selection.of(cohort(), GIRLS))

    def listed(*tests: ComparedTest) -> tuple[Comparison, ...]:
        telling, asked = replace(document, tests=Lazy(lambda: tests)), controls_of("survival-by-site")
        return list_comparisons(telling, GIRLS, asked, params, cohort().dictionary, "version")

    found = listed(ComparedTest("log-rank test", 0.5))
    assert [(c.test, c.p_value, c.key[0]) for c in found] == [("log-rank test", 0.5, "version")]
    assert listed() == ()
    assert Analysis.tests(analysis, None) == ()
