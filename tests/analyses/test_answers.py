"""The sentence or two at the top of every page: they answer its question, and no more surely than the policy allows."""

from __future__ import annotations

import re

import pytest

from analytics.analyses import load_analyses
from analytics.cohort.filters import Clause, CohortFilter
from tests.analyses.shown import CLUMSY, NOT_WORDS, REFERENCE, Shown, cohort_of, plain, show

SLUGS = [analysis.slug for analysis in load_analyses()]
MOST_WORDS = 75
SELECTIONS = {
    "everyone": CohortFilter(),
    "girls": CohortFilter((Clause("sex", ("female",)),)),
    "T-ALL": CohortFilter((Clause("immunophenotype", ("T",)),)),
    "few": CohortFilter((Clause("immunophenotype", ("T",)), Clause("sex", ("female",)))),
    "isolated outside the marrow": CohortFilter((Clause("relapse_site_group", ("isolated extramedullary",)),)),
    "nobody": CohortFilter(
        (Clause("age_years", low=0.0, high=0.0), Clause("mrd_day46", ("positive",)), Clause("sex", ("female",)))
    ),
}


def ask(slug: str, selection: str = "everyone", **choices: object) -> Shown:
    cohort = cohort_of(REFERENCE)
    analysis = next(a for a in load_analyses() if a.slug == slug)
    params = {**analysis.defaults(cohort), **choices}
    return show(analysis, cohort, SELECTIONS[selection], params, policy=True)


def answer_of(slug: str, selection: str = "everyone", **choices: object) -> str:
    return plain(" ".join(ask(slug, selection, **choices).document.answer()))


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("slug", SLUGS)
def test_an_answer_is_short_and_fit_to_read(slug: str, selection: str) -> None:
    said = answer_of(slug, selection)
    assert not NOT_WORDS.search(said) and not CLUMSY.search(said), said
    assert len(said.split()) <= MOST_WORDS, said
    assert said == "" or ((said[0].isupper() or said[0].isdigit()) and said.endswith("."))
    if selection == "everyone":
        assert re.search(r"\d+ of \d+", said), "it counts patients"


def test_the_first_factor_with_its_numbers_and_then_the_others() -> None:
    assert answer_of("relapse-predictors") == (
        "Thrombocytopenia goes with relapse: odds ratio 2.09 (1.07–4.32); 50 of 291 relapsed, against 14 of 145. So do "
        "BCR::ABL1 positive 3.85 (1.13–12.2), MRD on day 19 positive 2.09 (1.12–3.97) and MRD on day 46 positive 5.73 "
        "(2.66–12.5), adjusted for one another."
    )
    said = answer_of("relapse-predictors", factors=("sex",))
    assert said.startswith("Sex (") and "is not shown to go with relapse: odds ratio " in said


def test_a_protective_factor_goes_the_other_way() -> None:
    told = ask("relapse-predictors", reference=("thrombocytopenia:yes",))
    assert "No thrombocytopenia goes with lower odds of relapse: odds ratio 0.48" in plain(
        " ".join(told.document.answer())
    )


@pytest.mark.parametrize("slug", ["landmark", "adjusted-comparison", "hazard-ratios"])
def test_of_few_events_the_interval_is_said_and_no_single_ratio(slug: str) -> None:
    said = answer_of(slug)
    assert re.search(r"95 % interval of the hazard ratio [\d.]+–[\d.]+", said), said
    assert "too few for a single ratio" in said and not re.search(r"hazard ratio [\d.]+ \(", said), said
    assert re.search(r"\d+ of \d+ died, against \d+ of \d+", said)


def test_a_ratio_that_is_withheld_is_not_in_the_answer() -> None:
    told = ask("subgroups", "T-ALL")
    ratios = [term.hazard_ratio for term in told.result.terms]
    assert ratios and all(ratio.value is None for ratio in ratios)
    said = plain(" ".join(told.document.answer()))
    assert "no ratio is shown" in said or "there is no ratio" in said or "No hazard ratio can be given" in said, said


def test_the_counts_of_an_answer_are_those_of_its_result() -> None:
    told = ask("survival-by-site")
    said = plain(" ".join(told.document.answer()))
    for curve in told.result.curves.curves:
        counts = f"{curve.n_event} of {curve.n} died" if curve.n_event else f"none of {curve.n} children died"
        assert counts in said
    everyone = ask("cumulative-incidence")
    assert f"in {everyone.result.comparison.n_event} of 436, an estimated 13.5 % (10.5–16.9) within 5 years" in plain(
        " ".join(everyone.document.answer())
    )


def test_many_groups_are_said_by_the_lowest_and_the_highest() -> None:
    said = answer_of("survival-by-site", site="relapse_site")
    assert "groups lowest in" in said and "highest in" in said
