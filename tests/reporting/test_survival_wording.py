"""Sentences on survival, hazards and their tests, word by word on fixed cases."""

from __future__ import annotations

import pytest

from analytics.dictionary import Endpoint, Variable
from analytics.reporting.wording import (
    describe_hazard_ratio,
    describe_incidence_at,
    describe_no_events,
    describe_no_incidence,
    describe_survival_at,
    describe_test,
)
from analytics.results import Estimate, HazardRatio, Interval, Reason
from tests.reporting.worded import (
    AGE,
    DIAGNOSIS,
    EFS,
    MRD,
    OS,
    logrank,
    plain,
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
