"""Sentences, word by word on fixed cases; and rules that every sentence keeps."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import Dictionary, Endpoint, Variable
from analytics.reporting.methods import load_methods
from analytics.reporting.wording import (
    describe_clause,
    describe_cohort,
    describe_hazard_ratio,
    describe_incidence_at,
    describe_no_events,
    describe_no_incidence,
    describe_odds_ratio,
    describe_survival_at,
    describe_test,
    join_words,
    say_no_advice,
    start_sentence,
)
from analytics.results import Estimate, GroupCount, HazardRatio, Interval, OddsRatio, Reason, TestResult

AGE = Variable(
    "age_years",
    "Age at diagnosis",
    "continuous",
    "diagnosis",
    unit="years",
    unit_one="year",
    missing_label="not recorded",
)
CELLS = Variable("white_cells", "White cells", "continuous", "diagnosis", unit="10⁹/L", per=10)
SCORE = Variable("score", "Score", "continuous", "diagnosis")
MRD = Variable(
    "mrd_day46",
    "MRD on day 46",
    "binary",
    "induction",
    ("negative", "positive"),
    ("negative (< 0.01 %)", "positive (≥ 0.01 %)"),
    "negative",
    missing_label="not recorded",
)
SITE = Variable(
    "site",
    "Site of relapse",
    "categorical",
    "relapse",
    ("marrow", "CNS", "testes"),
    ("marrow", "CNS", "testes"),
    "marrow",
)
DICTIONARY = Dictionary(
    (Variable("patient_id", "Patient", "identifier", "diagnosis"), AGE, CELLS, SCORE, MRD, SITE), ()
)


OS = Endpoint(
    "os_relapse",
    "Overall survival after relapse",
    "os_relapse_days",
    "os_relapse_event",
    "first relapse",
    "death from any cause",
    "children who relapsed",
    "relapse",
)
EFS = Endpoint(
    "efs_relapse",
    "Event-free survival after relapse",
    "efs_relapse_days",
    "efs_relapse_event",
    "first relapse",
    "second relapse or death from any cause",
    "children who relapsed",
    "relapse",
    short="EFS",
    y_title="Event-free survival",
    event_noun="events",
    event_one="event",
    had="had an event",
    alive="alive without a second relapse",
    is_death=False,
)
DIAGNOSIS = replace(OS, name="os_diagnosis", origin="diagnosis")


def plain(text: str) -> str:
    """The sentence with ordinary spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def odds_ratio(
    level: str | None,
    value: float | None,
    limits: tuple[float | None, float | None] | None = None,
    p_value: float | None = None,
    **counts: Any,
) -> OddsRatio:
    interval = None if limits is None else Interval(*limits, 0.95, "profile")
    reason = counts.pop("reason", None)
    counts = {"n": 40, "n_event": 19} | counts
    estimate = Estimate(value, interval, **counts, reason=reason)
    return OddsRatio("x", level, False, counts["n"], counts["n_event"], estimate, p_value)


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


# Survival


@pytest.mark.parametrize(
    ("estimate", "years", "text"),
    [
        (
            Estimate(0.7709, Interval(0.589, 0.8799, 0.95, "log-log"), 14, 8),
            5,
            "Isolated marrow: an estimated 77.1 % (95 % interval 58.9–88.0 %) were alive 5 years after first relapse; "
            "14 were still followed.",
        ),
        (
            Estimate(0.444, Interval(0.066, 0.785, 0.95, "log-log"), 1, 3),
            1,
            "Isolated marrow: an estimated 44.4 % (95 % interval 6.6–78.5 %) were alive 1 year after first relapse; "
            "1 was still followed.",
        ),
        (
            Estimate(1.0, None, 10, 0),
            1,
            "Isolated marrow: an estimated 100.0 % were alive 1 year after first relapse; nobody had died by then, "
            "10 were still followed.",
        ),
        (
            Estimate(0.0, None, 0, 3),
            5,
            "Isolated marrow: an estimated 0.0 % were alive 5 years after first relapse; the last of those followed had "
            "died by then.",
        ),
        (
            Estimate(None, reason=Reason.of("follow-up-ended", months=8.3)),
            1,
            "Isolated marrow: no estimate at 1 year from first relapse (follow-up ends at 8.3 months (0 at risk)).",
        ),
    ],
)
def test_survival_in_words(estimate: Estimate, years: int, text: str) -> None:
    assert plain(describe_survival_at("isolated marrow", years, OS, estimate)) == text


@pytest.mark.parametrize(
    ("estimate", "years", "text"),
    [
        (
            Estimate(0.521, Interval(0.362, 0.659, 0.95, "log-log"), 14, 21),
            3,
            "Isolated marrow: an estimated 52.1 % (95 % interval 36.2–65.9 %) were alive without a second relapse 3 years "
            "after first relapse; 14 were still followed.",
        ),
        (
            Estimate(1.0, None, 1, 0),
            1,
            "Isolated marrow: an estimated 100.0 % were alive without a second relapse 1 year after first relapse; nobody "
            "had had an event by then, 1 was still followed.",
        ),
        (
            Estimate(0.0, None, 0, 3),
            5,
            "Isolated marrow: an estimated 0.0 % were alive without a second relapse 5 years after first relapse; the last "
            "of those followed had had an event by then.",
        ),
        (
            Estimate(None, reason=Reason("no-patients")),
            5,
            "Isolated marrow: no estimate at 5 years from first relapse (no children).",
        ),
    ],
)
def test_event_free_survival_in_words(estimate: Estimate, years: int, text: str) -> None:
    assert plain(describe_survival_at("isolated marrow", years, EFS, estimate)) == text


def test_a_group_without_deaths_is_not_called_certain_to_survive() -> None:
    limit = Interval(0.2236, 1, 0.95, "exact, one-sided")
    assert plain(describe_no_events("isolated extramedullary", 20, 5, OS, 2, limit)) == (
        "Isolated extramedullary: none of 20 children died; 2 were still followed 5 years after first relapse. No death is "
        "not certain survival: with 2 children followed so long, chance could hide a mortality of up to 77.6 % by then (exact "
        "one-sided 95 % limit)."
    )


def test_one_child_without_death() -> None:
    limit = Interval(0.05, 1, 0.95, "exact, one-sided")
    assert plain(describe_no_events("CAR-T", 1, 1, DIAGNOSIS, 1, limit)).startswith(
        "CAR-T: the only child did not die; 1 was still followed 1 year after diagnosis. No death is not certain "
        "survival: with 1 child followed so long, chance could hide a mortality of up to 95.0 %"
    )
    assert plain(describe_no_events("CAR-T", 1, 1, DIAGNOSIS, 0, None)) == (
        "CAR-T: the only child did not die; nobody was still followed 1 year after diagnosis, so that nothing is known of "
        "that time."
    )


def test_a_year_without_deaths_has_the_exact_limit_beside_it() -> None:
    estimate = Estimate(1.0, Interval(0.8609, 1, 0.95, "exact, one-sided"), 20, 0)
    assert plain(describe_survival_at("isolated marrow", 1, OS, estimate)) == (
        "Isolated marrow: an estimated 100.0 % (at least 86.1 %, exact one-sided 95 % limit) were alive 1 year after first "
        "relapse; nobody had died by then, 20 were still followed."
    )
    none = Estimate(0.0, Interval(0, 0.1391, 0.95, "exact, one-sided"), 18, 0)
    assert plain(describe_incidence_at("girls", 1, "diagnosis", "relapse", none)) == (
        "Girls: nobody (at most 13.9 %, exact one-sided 95 % limit) had relapse as the first event within 1 year of "
        "diagnosis; 18 were still followed."
    )


def test_who_had_another_event_vouches_for_there_being_none() -> None:
    limit = Interval(0, 0.1391, 0.95, "exact, one-sided")
    assert plain(describe_no_incidence("girls", 20, 5, "diagnosis", "relapse", 18, 2, limit)) == (
        "Girls: none of 20 children had relapse as the first event; 18 were still followed 5 years after diagnosis. That "
        "does not rule it out: with 18 children followed so long and 2 who had another event first, chance could hide a share "
        "of up to 13.9 % by then (exact one-sided 95 % limit)."
    )
    assert plain(describe_no_incidence("girls", 2, 5, "diagnosis", "relapse", 0, 0, None)).endswith(
        "nobody was still followed 5 years after diagnosis, so that nothing is known of that time."
    )


def test_a_group_without_events_is_not_called_certain_to_stay_free_of_them() -> None:
    limit = Interval(0.3684, 1, 0.95, "exact, one-sided")
    assert plain(describe_no_events("isolated extramedullary", 12, 5, EFS, 3, limit)) == (
        "Isolated extramedullary: none of 12 children had an event; 3 were still followed 5 years after first relapse. No "
        "event is not certain survival: with 3 children followed so long, chance could hide a share with events of up to "
        "63.2 % by then (exact one-sided 95 % limit)."
    )


# Hazard ratios


def hazard_ratio(
    level: str | None,
    value: float | None,
    limits: tuple[float | None, float | None] | None = None,
    p_value: float | None = None,
    reason: Reason | None = None,
) -> HazardRatio:
    interval = None if limits is None else Interval(*limits, 0.95, "wald")
    return HazardRatio("x", level, False, 40, 6, Estimate(value, interval, 40, 6, reason=reason), p_value)


@pytest.mark.parametrize(
    ("term", "variable", "reference", "adjusted_for", "endpoint", "text"),
    [
        (
            hazard_ratio("positive", 2.31, (1.12, 4.76), 0.023),
            MRD,
            "negative",
            ["Age group", "BCR::ABL1"],
            OS,
            "MRD on day 46, positive (≥ 0.01 %) against negative (< 0.01 %): the hazard of death from any cause was higher, by a "
            "factor of 2.31 (95 % interval 1.12–4.76), adjusted for age group and BCR::ABL1; p = 0.023; an association, "
            "not an effect. 6 of 40 in the model died.",
        ),
        (
            hazard_ratio("positive", 0.45, (0.12, 1.62), 0.22),
            MRD,
            "negative",
            [],
            EFS,
            "MRD on day 46, positive (≥ 0.01 %) against negative (< 0.01 %): the hazard of second relapse or death from any "
            "cause was 0.45 times as high, and the interval includes 1, "
            "the value of no difference (95 % interval 0.12–1.62; any ratio in it could have been missed), "
            "not adjusted; "
            "p = 0.220; an association, not an effect. 6 of 40 in the model had an event.",
        ),
        (
            hazard_ratio(None, 0.8, (0.66, 0.97), 0.0004),
            AGE,
            None,
            [],
            OS,
            "Age at diagnosis: with every year more, the hazard of death from any cause was lower, by a factor of 0.80 (95 % "
            "interval 0.66–0.97), not adjusted; p < 0.001; an association, not an effect. 6 of 40 in the model died.",
        ),
        (
            hazard_ratio("positive", None, reason=Reason("no-events")),
            MRD,
            "negative",
            [],
            EFS,
            "MRD on day 46, positive (≥ 0.01 %): no hazard ratio (no events).",
        ),
    ],
)
def test_hazard_ratios_in_words(
    term: HazardRatio, variable: Variable, reference: str | None, adjusted_for: list[str], endpoint: Endpoint, text: str
) -> None:
    assert plain(describe_hazard_ratio(term, variable, reference, adjusted_for, endpoint)) == text


def logrank(p_value: float | None, reason: Reason | None = None) -> TestResult:
    counts = (GroupCount("marrow", 46, 8, 8.1), GroupCount("testes", 0, 0, 0), GroupCount("CNS", 12, 0, 2.1))
    return TestResult("log-rank test", None if reason else 3.1, None if reason else 1, p_value, counts, reason)


def test_a_test_with_a_small_p_says_what_it_does_not_say() -> None:
    assert describe_test(logrank(0.0272), {"marrow": "marrow relapse"}) == (
        "Marrow relapse and CNS: log-rank test, p = 0.027. The curves differ by more than chance alone would readily "
        "explain; the p value says nothing about the size or the cause of a difference."
    )


def test_a_test_with_a_large_p_does_not_say_that_the_curves_are_the_same() -> None:
    assert describe_test(logrank(0.716), {}) == (
        "Marrow and CNS: log-rank test, p = 0.716. This does not show that the curves differ, nor that they are the same; "
        "the p value says nothing about the size or the cause of a difference."
    )


@pytest.mark.parametrize(("p_value", "differs"), [(0.0499, True), (0.05, False), (0.0501, False), (0.2, False)])
def test_curves_are_said_to_differ_below_five_per_cent_only(p_value: float, differs: bool) -> None:
    assert ("differ by more than chance alone" in describe_test(logrank(p_value), {})) == differs


def test_groups_may_be_named_with_what_tells_them_apart() -> None:
    text = describe_test(logrank(0.2), {"marrow": "yes", "CNS": "no"}, "HSCT after relapse")
    assert text.startswith("HSCT after relapse, yes and no: log-rank test, p = 0.200.")


def test_a_test_that_cannot_be_done_says_why() -> None:
    assert (
        describe_test(logrank(None, Reason("no-events")), {}) == "The curves cannot be compared by a test: no events."
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
