"""Sentences in plain words: what the cohort is, what an estimate means and what it does not mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analytics.cohort.filters import Clause, CohortFilter, Membership
from analytics.dictionary import Dictionary, Endpoint, Variable, load_words
from analytics.formats import (
    format_count,
    format_hidden,
    format_level,
    format_p_phrase,
    format_patients,
    format_percent,
    format_percent_interval,
    format_quantity,
    format_ratio_of,
    format_step,
    format_years,
    is_withheld,
    join_words,
    say_interval,
)
from analytics.reporting.reasons import say_missing, say_reason
from analytics.results import Estimate, HazardRatio, Interval, OddsRatio, TestResult
from analytics.speaking import word

NOT_EFFECT = "an association, not an effect"


def describe_cohort(cohort_filter: CohortFilter, dictionary: Dictionary, n: int, n_all: int, synthetic: bool) -> str:
    """The active cohort in one sentence: how many of how many children, and by which clauses."""
    whom = f"{'synthetic ' if synthetic else ''}{load_words().of(n_all)}"
    if not cohort_filter:
        return f"1 {whom}, no filter." if n_all == 1 else f"All {format_count(n_all)} {whom}, no filter."
    return f"{format_count(n)} of {format_count(n_all)} {whom}: {say_selection(cohort_filter, dictionary)}."


def say_no_advice() -> str:
    """What this product is not for."""
    words = load_words()
    return (
        f"This product describes groups of {words.plural}. It gives no advice on the treatment of any one {words.noun}: "
        f"that stays with the team who know the {words.noun} and the family."
    )


def say_selection(cohort_filter: CohortFilter, dictionary: Dictionary) -> str:
    """What a filter asks for in words, without a number; "no filter" for nothing."""
    said = [describe_clause(clause, dictionary[clause.variable]) for clause in cohort_filter.clauses]
    said += [describe_membership(membership, dictionary) for membership in cohort_filter.memberships]
    return "; ".join(said) or "no filter"


def describe_membership(membership: Membership, dictionary: Dictionary) -> str:
    """What is asked of other selections in words ("either “Sex: boys” or “age up to 10 years”")."""
    others = [f"“{say_selection(other, dictionary)}”" for other in membership.filters]
    if membership.is_left_out:
        return f"without those of {others[0]}"
    return f"{'either' if len(others) > 1 else 'also'} {' or '.join(others)}"


def describe_clause(clause: Clause, variable: Variable) -> str:
    """One clause in words ("MRD day 46: positive or not recorded", "age 1 to 10 years")."""
    missing = f" or {variable.missing_label}" if clause.keep_missing else ""
    if clause.low is None and clause.high is None:
        labels = [variable.level_label(level) for level in variable.levels if level in clause.levels]
        if clause.keep_missing:
            labels.append(variable.missing_label)
        return f"{variable.label}: {' or '.join(labels)}"
    if clause.low is not None and clause.high is not None:
        high = format_quantity(clause.high, variable)
        low = f"{clause.low:g} to " if f"{clause.low:g}" != f"{clause.high:g}" else ""
        return f"{variable.label} {low}{high}{missing}"
    if clause.low is not None:
        return f"{variable.label} from {format_quantity(clause.low, variable)}{missing}"
    return f"{variable.label} up to {format_quantity(clause.high or 0.0, variable)}{missing}"


def describe_odds_ratio(
    term: OddsRatio,
    variable: Variable,
    reference: str | None,
    adjusted_for: Sequence[str],
    within: str = "",
    among: str = "in the model",
) -> str:
    """One odds ratio in words, with its reference, uncertainty, adjustment set and the patients behind it.

    An estimate that does not exist is described by its reason. ``reference`` is the reference level's name, None for a
    number; ``adjusted_for`` the labels of the other covariates; ``within`` by when relapse counts ("within 3 years");
    ``among`` says whom the numbers count.
    """
    within = f" {within}" if within else ""
    reading = _describe_ratio(
        term, variable, reference, adjusted_for, "odds ratio", f"the odds of {word('relapse')}{within} were"
    )
    if term.odds_ratio.value is None:
        return reading
    return f"{reading} {format_count(term.n_event)} of {format_count(term.n)} {among} {word('had_relapse')}{within}."


def describe_hazard_ratio(
    term: HazardRatio, variable: Variable, reference: str | None, adjusted_for: Sequence[str], endpoint: Endpoint
) -> str:
    """One hazard ratio in words, as :func:`describe_odds_ratio` does for an odds ratio."""
    subject = f"the hazard of {endpoint.event_label} was"
    reading = _describe_ratio(term, variable, reference, adjusted_for, "hazard ratio", subject)
    if term.hazard_ratio.value is None:
        return reading
    return f"{reading} {format_count(term.n_event)} of {format_count(term.n)} in the model {endpoint.had}."


def _describe_ratio(
    term: OddsRatio | HazardRatio,
    variable: Variable,
    reference: str | None,
    adjusted_for: Sequence[str],
    measure: str,
    subject: str,
) -> str:
    """What a ratio says; ``subject`` is what it compares, with its verb ("the odds of relapse were")."""
    is_number = term.level is None
    what = variable.label if is_number else f"{variable.label}, {variable.level_label(term.level)}"
    ratio = term.ratio
    if ratio.value is None:
        return f"{what}: {say_missing(measure, ratio.reason)}."
    if is_number:
        subject = f"with every {format_step(variable)} more, {subject}"
    else:
        what = f"{what} against {variable.level_label(reference)}"
    factor, limits = format_ratio_of(ratio), ratio.interval
    # The direction is stated only where the interval excludes no difference: a point estimate alone is not a finding.
    if limits is not None and limits.excludes(1):
        reading = f"{subject} {'higher' if ratio.value > 1 else 'lower'}, by a factor of {factor}"
    elif limits is not None:
        reading = f"{subject} {factor} times as high, and the interval includes 1, the value of no difference"
    else:
        reading = f"{subject} {factor} times as high"
    interval = ""
    if limits is not None:
        # Not the power after the fact, but the interval says what may have been overlooked (Hoenig & Heisey 2001).
        is_open = not limits.excludes(1) and (limits.low is not None or limits.high is not None)
        missed = "; any ratio in it could have been missed" if is_open else ""
        interval = f" ({say_interval(limits)}{missed})"
    by = _adjusted(adjusted_for)
    p = f"; {format_p_phrase(term.p_value)}" if term.p_value is not None else ""
    return f"{what}: {reading}{interval}, {by}{p}; {NOT_EFFECT}."


def _adjusted(factors: Sequence[str]) -> str:
    return f"adjusted for {join_words([in_sentence(label) for label in factors])}" if factors else "not adjusted"


def describe_survival_at(label: str, years: int, endpoint: Endpoint, estimate: Estimate) -> str:
    """One group's survival at a number of years in words, with how many are still followed then."""
    origin, had = endpoint.origin, endpoint.had
    name = start_sentence(label)
    if estimate.value is None:
        return f"{name}: {say_missing(f'estimate at {format_years(years)} from {origin}', estimate.reason)}."
    limits = _limits(estimate.interval, survives=True)
    whom = "" if endpoint.entry is None else f", of {endpoint.population} and counted from then on,"
    share = f"an estimated {format_percent(estimate.value)}{limits}{whom}"
    text = f"{name}: {share} were {endpoint.alive} {format_years(years)} after {origin}"
    if estimate.value == 0:
        return f"{text}; the last of those followed had {had} by then."
    nobody = f"nobody had {had} by then, " if estimate.n_event == 0 else ""
    return f"{text}; {nobody}{format_count(estimate.n)} {'was' if estimate.n == 1 else 'were'} still followed."


def _limits(interval: Interval | None, *, survives: bool) -> str:
    if interval is None:
        return ""
    if interval.is_one_sided:
        return f" ({format_hidden(interval, survives=survives)})"
    return f" ({format_level(interval.level)} interval {format_percent_interval(interval)} %)"


def describe_no_events(
    label: str, n: int, years: int, endpoint: Endpoint, n_followed: int, limit: Interval | None
) -> str:
    """A group of ``n`` children in which nobody had the event, with the share with it that chance could still hide.

    ``n_followed`` children were still followed at that number of years; ``limit`` is the exact one-sided limit of
    survival then, None where nobody was.
    """
    have, hidden = ("die", "a mortality") if endpoint.is_death else ("have an event", "a share with events")
    who = f"the only {load_words().noun} did not {have}" if n == 1 else f"none of {format_patients(n)} {endpoint.had}"
    origin = endpoint.origin
    text = (
        f"{start_sentence(label)}: {who}; {_followed(n_followed)} still followed {format_years(years)} after {origin}"
    )
    if limit is None or limit.low is None:
        return f"{text}, so that nothing is known of that time."
    return (
        f"{text}. No {endpoint.event_one} is not certain survival: {_with_followed(n_followed)} so long, chance "
        f"could hide {hidden} of up to {format_percent(1 - limit.low)} by then (exact one-sided "
        f"{format_level(limit.level)} limit)."
    )


def _followed(n: int) -> str:
    return f"{format_count(n)} {'was' if n == 1 else 'were'}" if n else "nobody was"


def _with_followed(n: int) -> str:
    return f"with {format_patients(n)} followed"


def describe_test(
    test: TestResult, labels: Mapping[str, str], variable: str = "", *, groups_form_later: bool = False
) -> str:
    """A comparison of curves in words, and what its p value does not say.

    ``variable`` is the label of what tells the groups apart, where their own labels do not say it. ``groups_form_later``
    True adds that groups which form after the clock has started differ by that alone.
    """
    if test.p_value is None:
        if is_withheld(test.reason):
            return start_sentence(f"{test.method}: {say_missing('p value', test.reason)}.")
        return f"The curves cannot be compared by a test: {say_reason(test.reason)}."
    groups = join_words([labels.get(group.group, group.group) for group in test.groups if group.n])
    named = start_sentence(f"{variable}, {groups}" if variable else groups)
    if test.p_value < 0.05:
        reading = "The curves differ by more than chance alone would readily explain"
    else:
        reading = "This does not show that the curves differ, nor that they are the same"
    late = (
        " The groups form only after the clock has started, which by itself makes curves differ (immortal time)."
        if groups_form_later
        else ""
    )
    return (
        f"{named}: {test.method}, {format_p_phrase(test.p_value)}. {reading}; "
        f"the p value says nothing about the size or the cause of a difference.{late}"
    )


def describe_incidence_at(label: str, years: int, origin: str, event: str, estimate: Estimate) -> str:
    """One group's cumulative incidence of an event at a number of years in words, with how many are still followed."""
    name = start_sentence(label)
    if estimate.value is None:
        return f"{name}: {say_missing(f'estimate at {format_years(years)} from {origin}', estimate.reason)}."
    limits = _limits(estimate.interval, survives=False)
    who = f"an estimated {format_percent(estimate.value)}" if estimate.n_event else "nobody"
    return (
        f"{name}: {who}{limits} had {event} as the first event within {format_years(years)} of {origin}; "
        f"{_followed(estimate.n)} still followed."
    )


def describe_no_incidence(
    label: str, n: int, years: int, origin: str, event: str, n_followed: int, n_other: int, limit: Interval | None
) -> str:
    """A group of ``n`` children in which nobody had an event first, with the share that chance could still hide.

    ``n_followed`` children were still followed at that number of years and ``n_other`` had had another event by then;
    ``limit`` is the exact one-sided limit, None where neither is anybody.
    """
    who = f"none of {format_patients(n)} had {event} as the first event"
    if n == 1:
        who = f"the only {load_words().noun} did not have {event}"
    text = (
        f"{start_sentence(label)}: {who}; {_followed(n_followed)} still followed {format_years(years)} after {origin}"
    )
    if limit is None:
        return f"{text}, so that nothing is known of that time."
    among = f"{_with_followed(n_followed)} so long"
    if n_other:
        among += f" and {format_count(n_other)} who had another event first"
    return (
        f"{text}. That does not rule it out: {among}, chance could hide a share of up to {format_percent(limit.high)} by "
        f"then (exact one-sided {format_level(limit.level)} limit)."
    )


def describe_two_hazard_ratios(
    rate: HazardRatio,
    incidence: HazardRatio,
    variable: Variable,
    reference: str | None,
    event: str,
    adjusted_for: Sequence[str],
) -> str:
    """One covariate's cause-specific (``rate``) and subdistribution (``incidence``) hazard ratio in words.

    ``event`` is the event's label; the rest is as for :func:`describe_odds_ratio`. A ratio that does not exist is
    described by its reason.
    """
    if rate.level is None:
        what = f"{variable.label}, with every {format_step(variable)} more"
    else:
        what = f"{variable.label}, {variable.level_label(rate.level)} against {variable.level_label(reference)}"
    by = _adjusted(adjusted_for)
    first, second = rate.ratio, incidence.ratio
    if first.value is None:
        parts = [say_missing(f"cause-specific hazard ratio of {event}", first.reason)]
    else:
        parts = [
            f"{event} came at {format_ratio_of(first)} times the rate among {load_words().plural} free of every event "
            f"(cause-specific hazard ratio{', ' if first.interval else ''}{say_interval(first.interval)})"
        ]
    if second.value is None:
        parts.append(say_missing("subdistribution hazard ratio", second.reason))
    else:
        parts.append(
            f"the subdistribution hazard ratio, of its cumulative incidence, was {format_ratio_of(second)}"
            f"{f' ({say_interval(second.interval)})' if second.interval else ''}"
        )
    not_effects = "" if first.value is None and second.value is None else "; associations, not effects"
    apart = [ratio.interval.excludes(1) for ratio in (first, second) if ratio.interval is not None]
    if len(apart) == 2 and apart[0] == apart[1]:
        parts.append(
            "neither interval includes 1, the value of no difference"
            if apart[0]
            else "both intervals include 1, the value of no difference"
        )
    return f"{what}: {'; '.join(parts)}; {by}{not_effects}."


def name_level(variable: Variable, level: str | None) -> str:
    """What a term of a model is of ("Sex: male", "Age, per year"); ``level`` is None for a number."""
    if level is None:
        return f"{variable.label}, per {format_step(variable)}"
    return f"{variable.label}: {variable.level_label(level)}"


def name_term(variable: Variable, level: str | None, reference: str | None, colon: str = ":") -> str:
    """What a ratio compares ("Sex: male against female", "Age, per year"); ``level`` is None for a number."""
    if level is None:
        return name_level(variable, None)
    return f"{variable.label}{colon} {variable.level_label(level)} against {variable.level_label(reference)}"


def start_sentence(text: str) -> str:
    """The text with a capital first letter, all others as they are."""
    return text[:1].upper() + text[1:]


def in_sentence(label: str) -> str:
    """A label inside a sentence: "Age group" becomes "age group", "MRD on day 19" and "BCR::ABL1" stay."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def name_strata(strata: Sequence[Variable]) -> str:
    """Within whose levels a test compares, to stand after what it is of; empty without strata."""
    return "".join(f", within levels of {in_sentence(v.label)}" for v in strata)
