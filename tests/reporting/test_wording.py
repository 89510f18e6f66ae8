"""Sentences, word by word on fixed cases; and rules that every sentence keeps."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import Endpoint, Variable
from analytics.reporting.methods import load_methods
from analytics.reporting.wording import (
    describe_clause,
    describe_cohort,
    describe_odds_ratio,
    describe_survival_at,
    describe_test,
    join_words,
    say_no_advice,
    start_sentence,
)
from analytics.results import Estimate, Interval, OddsRatio, Reason, TestResult
from tests.reporting.worded import (
    AGE,
    CELLS,
    DIAGNOSIS,
    DICTIONARY,
    EFS,
    MRD,
    OS,
    SCORE,
    SITE,
    logrank,
    odds_ratio,
    plain,
)

# The cohort


def test_a_cohort_without_a_filter() -> None:
    assert describe_cohort(CohortFilter(), DICTIONARY, 436, 436, True) == "All 436 synthetic children, no filter."
    assert describe_cohort(CohortFilter(), DICTIONARY, 12, 12, False) == "All 12 children, no filter."


def test_a_cohort_of_one_child_is_not_called_all_children() -> None:
    assert describe_cohort(CohortFilter(), DICTIONARY, 1, 1, True) == "1 synthetic child, no filter."
    only = CohortFilter((Clause("mrd_day46", ("positive",)),))
    assert describe_cohort(only, DICTIONARY, 0, 1, False) == "0 of 1 child: MRD on day 46: positive (≥ 0.01 %)."


def test_a_filtered_cohort_names_every_clause() -> None:
    chosen = CohortFilter(
        (
            Clause("mrd_day46", ("positive",), keep_missing=True),
            Clause("age_years", low=1, high=9.5, keep_missing=False),
        )
    )
    assert describe_cohort(chosen, DICTIONARY, 1234, 10_000_000, True).replace("\u202f", " ") == (
        "1 234 of 10 000 000 synthetic children: Age at diagnosis 1 to 9.5 years; "
        "MRD on day 46: positive (≥ 0.01 %) or not recorded."
    )


@pytest.mark.parametrize(
    ("clause", "variable", "text"),
    [
        (Clause("mrd_day46", ("positive",)), MRD, "MRD on day 46: positive (≥ 0.01 %)"),
        (
            Clause("mrd_day46", ("positive", "negative")),
            MRD,
            "MRD on day 46: negative (< 0.01 %) or positive (≥ 0.01 %)",
        ),
        (Clause("mrd_day46", keep_missing=True), MRD, "MRD on day 46: not recorded"),
        (Clause("site", ("testes", "CNS"), keep_missing=True), SITE, "Site of relapse: CNS or testes or missing"),
        (Clause("age_years", low=1, high=10), AGE, "Age at diagnosis 1 to 10 years"),
        (Clause("age_years", low=5, high=5), AGE, "Age at diagnosis 5 years"),
        (Clause("age_years", low=1, high=1), AGE, "Age at diagnosis 1 year"),
        (Clause("age_years", low=1), AGE, "Age at diagnosis from 1 year"),
        (Clause("age_years", high=0.5), AGE, "Age at diagnosis up to 0.5 years"),
        (Clause("age_years", low=1, keep_missing=True), AGE, "Age at diagnosis from 1 year or not recorded"),
        (Clause("age_years", high=1, keep_missing=True), AGE, "Age at diagnosis up to 1 year or not recorded"),
        (Clause("age_years", low=1, high=2, keep_missing=True), AGE, "Age at diagnosis 1 to 2 years or not recorded"),
        (Clause("age_years", keep_missing=True), AGE, "Age at diagnosis: not recorded"),
        (Clause("white_cells", low=50), CELLS, "White cells from 50 × 10⁹/L"),
        (Clause("score", low=-1, high=0), SCORE, "Score -1 to 0"),
    ],
)
def test_clauses_in_words(clause: Clause, variable: Variable, text: str) -> None:
    assert describe_clause(clause, variable) == text


# Odds ratios


def test_an_odds_ratio_whose_interval_excludes_no_difference() -> None:
    term = odds_ratio("positive", 5.731, (2.663, 12.48), 0.00002)
    assert plain(describe_odds_ratio(term, MRD, "negative", ["Thrombocytopenia", "BCR::ABL1", "MRD on day 19"])) == (
        "MRD on day 46, positive (≥ 0.01 %) against negative (< 0.01 %): the odds of relapse were higher, by a factor of 5.73 "
        "(95 % interval 2.66–12.5), adjusted for thrombocytopenia, BCR::ABL1 and MRD on day 19; p < 0.001; an association, not "
        "an effect. 19 of 40 in the model relapsed."
    )


def test_lower_odds() -> None:
    term = odds_ratio("negative", 0.1745, (0.0801, 0.3755), 0.0004, n=396, n_event=45)
    assert plain(describe_odds_ratio(term, MRD, "positive", [])) == (
        "MRD on day 46, negative (< 0.01 %) against positive (≥ 0.01 %): the odds of relapse were lower, by a factor of 0.17 "
        "(95 % interval 0.08–0.38), not adjusted; p < 0.001; an association, not an effect. 45 of 396 in the model relapsed."
    )


def test_an_odds_ratio_whose_interval_includes_no_difference_names_no_direction() -> None:
    term = odds_ratio("CNS", 1.204, (0.61, 2.402), 0.59, n=1, n_event=0)
    text = describe_odds_ratio(term, SITE, "marrow", ["Age group"])
    assert plain(text) == (
        "Site of relapse, CNS against marrow: the odds of relapse were 1.20 times as high, and the interval includes 1, "
        ""
        "the value of no difference (95 % interval 0.61–2.40; any ratio in it could have been missed), "
        "adjusted for age group; p = 0.590; an association, not "
        "an effect. 0 of "
        "1 in the model relapsed."
    )
    assert "higher" not in text and "lower" not in text


@pytest.mark.parametrize(
    ("value", "limits", "reading"),
    [
        (8.1, (1.2, None), "higher, by a factor of 8.10 (95 % interval 1.20 to no upper limit)"),
        (0.1, (None, 0.8), "lower, by a factor of 0.10 (95 % interval no lower limit to 0.80)"),
        (
            8.1,
            (0.9, None),
            "8.10 times as high, and the interval includes 1, the value of no difference (95 % interval 0.90 to no upper limit; "
            "any ratio in it could have been missed)",
        ),
        (
            0.1,
            (None, 1.8),
            "0.10 times as high, and the interval includes 1, the value of no difference (95 % interval no lower limit to 1.80; "
            "any ratio in it could have been missed)",
        ),
        (
            1.0,
            (None, None),
            "1.00 times as high, and the interval includes 1, the value of no difference "
            "(95 % interval no lower limit to no upper limit)",
        ),
        (
            1.5,
            (1.0, 2.0),
            "1.50 times as high, and the interval includes 1, the value of no difference (95 % interval 1.00–2.00; "
            "any ratio in it could have been missed)",
        ),
    ],
)
def test_a_limit_may_be_missing(value: float, limits: tuple[float | None, float | None], reading: str) -> None:
    term = odds_ratio("positive", value, limits, 0.04)
    assert f"the odds of relapse were {reading}, not adjusted; p = 0.040; an association, not an effect." in plain(
        describe_odds_ratio(term, MRD, "negative", [])
    )


def test_without_an_interval_or_p_none_is_mentioned() -> None:
    assert describe_odds_ratio(odds_ratio("positive", 2.5), MRD, "negative", []) == (
        "MRD on day 46, positive (≥ 0.01 %) against negative (< 0.01 %): the odds of relapse were 2.50 times as high, "
        "not adjusted; an association, not an effect. 19 of 40 in the model relapsed."
    )


@pytest.mark.parametrize(
    ("variable", "step"), [(AGE, "every year more"), (CELLS, "every 10 × 10⁹/L more"), (SCORE, "every unit more")]
)
def test_a_number_is_read_per_unit(variable: Variable, step: str) -> None:
    term = odds_ratio(None, 1.083, (1.011, 1.162), 0.023, n=436, n_event=64)
    assert plain(describe_odds_ratio(term, variable, None, [])) == (
        f"{variable.label}: with {step}, the odds of relapse were higher, by a factor of 1.08 "
        "(95 % interval 1.01–1.16), not adjusted; p = 0.023; an association, not an effect. 64 of 436 in the model relapsed."
    )


def test_a_number_without_a_clear_direction() -> None:
    term = odds_ratio(None, 1.02, (0.95, 1.1), 0.6, n=436, n_event=64)
    assert "the odds of relapse were 1.02 times as high, and the interval includes 1, the value of no difference" in (
        describe_odds_ratio(term, AGE, None, [])
    )


def test_an_odds_ratio_that_does_not_exist_gives_its_reason() -> None:
    term = odds_ratio("positive", None, reason=Reason.of("none-with-event", n=3), n=3, n_event=0)
    assert describe_odds_ratio(term, MRD, "negative", ["Age"]) == (
        "MRD on day 46, positive (≥ 0.01 %): no odds ratio (none of the 3 children had the event)."
    )


# Rules


def test_words_are_joined_as_in_a_sentence() -> None:
    assert join_words([]) == ""
    assert join_words(["a"]) == "a"
    assert join_words(["a", "b"]) == "a and b"
    assert join_words(["a", "b", "c"]) == "a, b and c"
    assert join_words(("a", "b")) == "a and b"


def test_only_the_first_letter_of_a_sentence_is_raised() -> None:
    assert start_sentence("isolated CNS") == "Isolated CNS"
    assert start_sentence("CAR-T") == "CAR-T"
    assert start_sentence("ETV6::RUNX1") == "ETV6::RUNX1"
    assert start_sentence("") == ""


FORBIDDEN = re.compile(
    r"survival rate|\brisk\b|significan|\bincidence\b|\bnan\b|\binf\b|\bNone\b|caused? by|leads? to|due to|because of|effect"
)
limits = st.one_of(st.none(), st.floats(1e-3, 1e3))


@settings(deadline=None)
@given(
    st.sampled_from([(MRD, "positive", "negative"), (AGE, None, None), (SITE, "CNS", "marrow")]),
    st.floats(1e-3, 1e3),
    limits,
    limits,
    st.none() | st.floats(0, 1),
    st.lists(st.sampled_from(["Age group", "BCR::ABL1", "MRD on day 19"]), unique=True),
    st.integers(0, 5),
)
def test_every_sentence_on_odds_speaks_of_odds_alone(
    what: tuple[Variable, str | None, str | None],
    value: float,
    low: float | None,
    high: float | None,
    p_value: float | None,
    adjusted_for: list[str],
    n: int,
) -> None:
    variable, level, reference = what
    if low is not None and high is not None:
        low, high = min(low, high), max(low, high)
    text = describe_odds_ratio(
        odds_ratio(level, value, (low, high), p_value, n=n, n_event=0), variable, reference, adjusted_for
    )
    assert "; an association, not an effect. " in text
    assert not FORBIDDEN.search(text.replace("an association, not an effect", ""))
    assert "the odds of relapse" in text
    assert text.endswith(" relapsed.") and text[0].isupper()
    excludes = (low is not None and low > 1) or (high is not None and high < 1)
    assert excludes == ("by a factor of" in text)
    assert excludes != ("includes 1, the value of no difference" in text)


@settings(deadline=None)
@given(
    st.floats(0, 1),
    st.booleans(),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from([1, 3, 5]),
    st.sampled_from(["isolated marrow", "HSCT"]),
    st.sampled_from([OS, EFS, DIAGNOSIS]),
)
def test_every_sentence_on_survival_is_an_estimate_of_who_is_alive(
    value: float, has_interval: bool, n: int, n_event: int, years: int, label: str, endpoint: Endpoint
) -> None:
    interval = Interval(value / 2, (1 + value) / 2, 0.95, "log") if has_interval else None
    text = describe_survival_at(label, years, endpoint, Estimate(value, interval, n, n_event))
    assert not FORBIDDEN.search(text)
    assert "an estimated" in text and f"were {endpoint.alive} {years} year" in text
    assert ("death" in text or "died" in text) <= (endpoint.event_noun == "deaths")
    assert text[0].isupper() and text.endswith(".") and ".." not in text
    assert ("1 was" in text) == (n == 1 and value > 0)
    assert "1 years" not in text and " 1 were" not in text


@settings(deadline=None)
@given(st.floats(0, 1))
def test_every_sentence_on_a_test_warns_of_what_p_is_not(p_value: float) -> None:
    text = describe_test(logrank(p_value), {})
    assert not FORBIDDEN.search(text)
    assert "says nothing about the size or the cause" in text


def test_methods_name_what_they_answer_and_their_source() -> None:
    assert len({method.name for method in load_methods()}) == len(load_methods())
    for method in load_methods():
        assert method.answers.endswith("?") and method.computed.endswith(".")
        assert re.search(r"\b(18|19|20)\d\d\b", method.source)
        assert "survival rate" not in f"{method.answers} {method.computed}"


def test_the_product_gives_no_advice() -> None:
    assert "no advice" in say_no_advice()


def test_a_test_that_is_withheld_is_not_one_that_cannot_be_made() -> None:
    withheld = TestResult(
        "log-rank test", None, None, None, (), Reason.of("withheld", why=Reason.of("few-patients", n=4))
    )
    assert describe_test(withheld, {}) == "Log-rank test: p value not shown (only 4 children)."
    impossible = TestResult("log-rank test", None, None, None, (), Reason("no-events"))
    assert describe_test(impossible, {}) == "The curves cannot be compared by a test: no events."


def test_a_ratio_that_is_withheld_is_not_one_that_does_not_exist() -> None:
    estimate = Estimate(None, reason=Reason.of("withheld", why=Reason.of("few-patients", n=2, where="one-group")))
    term = OddsRatio("site", "CNS", False, 2, 1, estimate, None)
    said = "Site of relapse, CNS: odds ratio not shown (only 2 children in one of the groups)."
    assert describe_odds_ratio(term, SITE, "marrow", []) == said
