"""The sentence or two that answer the question of a page, of the numbers that its other sentences say at length."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.dictionary import CompetingEndpoint, Endpoint, Variable
from analytics.formats import (
    MOST_NAMED,
    format_count,
    format_hidden,
    format_interval,
    format_level,
    format_number,
    format_p_phrase,
    format_patients,
    format_step,
    format_years,
    is_withheld,
)
from analytics.reporting.curves import MILESTONE_YEARS, IncidenceComparison, SurvivalComparison, last_milestone
from analytics.reporting.estimates import format_probability, ratio_text
from analytics.reporting.reasons import say_missing, say_reason
from analytics.reporting.regression import RatioResult, has_few_events
from analytics.reporting.wording import NOT_EFFECT, in_sentence, join_words, start_sentence
from analytics.results import Estimate, HazardRatio, IncidenceCurve, OddsRatio, SurvivalCurve, TestResult
from analytics.speaking import word

MOST_GROUPS = 4  # with more of them, the lowest and the highest


def answer_who(n: int, ages: Sequence[float] | None, parts: Sequence[Sequence[tuple[str, int]]]) -> str:
    """Who is in a selection: between which ages half of them are, and how many are of each level of some variables."""
    said = [format_patients(n)]
    if ages is not None:
        low, high = (format_number(age, 1) for age in ages)
        said[0] += f", half of them aged {low} to {high} years at {word('phase_diagnosis')}"
    said += [", ".join(f"{format_count(some)} {label}" for label, some in levels) for levels in parts if levels]
    return f"{'; '.join(said)}."


def answer_factors(model: RatioResult, variables: Sequence[Variable], event: str, had: str) -> tuple[str, ...]:
    """Which factors of a model go with the event: the first with its numbers, then the others.

    ``event`` stands after "goes with" or "the hazard of", ``had`` after a number of patients. Of a model of few events the
    intervals are said, not the ratios.
    """
    if model.reason is not None:
        return (f"No {model.measure} can be given: {say_reason(model.reason)}.",)
    known, references = {v.name: v for v in variables}, {t.variable: t for t in model.terms if t.is_reference}
    terms = [term for term in model.terms if not term.is_reference]
    if not terms:
        return ()
    found = [term for term in terms if _direction(term.ratio)]
    first, few = (found or terms)[0], has_few_events(model)
    way = _direction(first.ratio)
    counts = say_counts(first, references.get(first.variable), had)
    measure = say_ratio(first.ratio, model.measure, few=few)
    said = f"{_name(known[first.variable], first.level)} {_go_with(model, way, event)}: {measure}; {counts}{_few(model, had)}."
    same = [term for term in found[1:] if _direction(term.ratio) == way]
    other = [term for term in found[1:] if _direction(term.ratio) != way]
    unclear = [term for term in terms if term is not first and term not in found]
    parts = [
        f"{start} {_list_terms(some, known, few=few)}"
        for start, some in (
            ("so does" if len(same) == 1 else "so do", same),
            ("the opposite holds for", other),
            ("not shown for", unclear),
        )
        if some
    ]
    adjusted = ", adjusted for one another" if len(variables) > 1 else ""
    return (start_sentence(said), *((f"{start_sentence('; '.join(parts))}{adjusted}.",) if parts else ()))


def _go_with(model: RatioResult, way: str, event: str) -> str:
    if not way:
        return f"is not shown to go with {event}"
    if model.measure == "odds ratio":
        return f"goes with {event}" if way == "higher" else f"goes with lower odds of {event}"
    return f"goes with a {way} hazard of {event}"


def _list_terms(terms: Sequence[OddsRatio | HazardRatio], known: dict[str, Variable], *, few: bool) -> str:
    said = []
    for term in terms[:MOST_NAMED]:
        name, ratio = _name(known[term.variable], term.level), term.ratio
        limits = f" {format_interval(ratio.interval)}" if ratio.interval is not None else ""
        said.append(in_sentence(name) + ("" if ratio.value is None else limits if few else f" {ratio_text(ratio)}"))
    more = len(terms) - MOST_NAMED
    return join_words([*said, f"{more} more"] if more > 0 else said)


def _name(variable: Variable, level: str | None) -> str:
    """A factor as it is spoken of briefly: "Thrombocytopenia", "MRD on day 19 positive", "Sex (boys)"."""
    return f"{variable.label} (every {format_step(variable)} more)" if level is None else variable.speak(level)


def _direction(ratio: Estimate) -> str:
    """The side of no difference on which the whole interval lies; "" where it includes it."""
    if ratio.value is None or ratio.interval is None or not ratio.interval.excludes(1):
        return ""
    return "higher" if ratio.value > 1 else "lower"


def say_ratio(ratio: Estimate, measure: str, *, few: bool = False) -> str:
    """A ratio with its interval, or why there is none; of ``few`` events the interval alone."""
    if ratio.value is None:
        return say_missing(measure, ratio.reason)
    if few:
        limits = ratio.interval
        if limits is None:
            return "no interval"
        return f"{format_level(limits.level)} interval of the {measure} {format_interval(limits)}"
    return f"{measure} {ratio_text(ratio)}"


def say_counts(one: OddsRatio | HazardRatio, other: OddsRatio | HazardRatio | None, had: str) -> str:
    """How many of each of two groups had the event ("50 of 291 relapsed, against 14 of 145")."""
    against = f", against {_of(other.n_event, other.n)}" if other is not None else ""
    return f"{_of(one.n_event, one.n)} {had}{against}"


def _of(n_event: int, n: int) -> str:
    return f"{format_count(n_event)} of {format_count(n)}"


def _few(model: RatioResult, had: str) -> str:
    return f"; {format_count(model.n_event)} {had} in all, too few for a single ratio" if has_few_events(model) else ""


def answer_ratio(
    one: HazardRatio,
    other: HazardRatio | None,
    model: RatioResult,
    endpoint: Endpoint,
    *,
    labels: tuple[str, str],
    how: str,
    switching: bool = False,
) -> str:
    """Whether the hazard of one group differs from that of another, with the numbers of both.

    ``labels`` are those of the two groups, ``how`` says how the ratio was made ("not adjusted"). ``switching`` True where
    patients come from the other group into the one.
    """
    few, way = has_few_events(model), _direction(one.ratio)
    hazard = f"hazard of {endpoint.event_label}"
    finding = f"a {way} {hazard}" if way else f"no difference in the {hazard} is shown"
    if one.ratio.value is None:
        finding = "no ratio is shown" if is_withheld(one.ratio.reason) else "there is no ratio"
    said = f"{start_sentence(labels[0])} against {labels[1]}: {finding}"
    counts = say_counts(one, other, endpoint.had)
    if switching and other is not None:
        counts = (
            f"{_of(one.n_event, one.n)} {endpoint.had} after it, {_of(other.n_event, other.n)} before or without it"
        )
    measure = say_ratio(one.ratio, "hazard ratio", few=few)
    return f"{said}; {measure}, {how}; {counts}{_few(model, endpoint.had)}; {NOT_EFFECT}."


def answer_test(test: TestResult | None, *, groups_form_later: bool = False) -> tuple[str, ...]:
    """Whether a test tells curves apart; nothing where there is none."""
    if test is None:
        return ()
    if test.p_value is None:
        if is_withheld(test.reason):
            return (start_sentence(f"{test.method}: {say_missing('p value', test.reason)}."),)
        return (f"The curves cannot be compared by a test: {say_reason(test.reason)}.",)
    reading = (
        "The curves differ by more than chance alone would readily explain"
        if test.p_value < 0.05
        else "This does not show that the curves differ, nor that they are the same"
    )
    late = "; groups that form after the clock has started differ by that alone" if groups_form_later else ""
    return (f"{reading} ({test.method}, {format_p_phrase(test.p_value)}){late}.",)


def answer_survival(result: SurvivalComparison) -> tuple[str, ...]:
    """The share of each group without the event at the latest milestone that all of them reach, and the test."""
    filled = [(curve, own) for curve, own in zip(result.curves.curves, result.milestones, strict=True) if curve.n]
    if not filled:
        return ()
    variable = result.frame.variable
    by = f", by {in_sentence(variable.label)}" if variable is not None and result.names_variable else ""
    said = answer_curves([(_label(result, curve), curve, own) for curve, own in filled], result.endpoint, by)
    return (said, *answer_test(result.overall, groups_form_later=result.groups_form_later))


def answer_curves(
    groups: Sequence[tuple[str, SurvivalCurve, Sequence[Estimate]]], endpoint: Endpoint, whom: str
) -> str:
    """The share of each group without the event at the latest milestone that all of them reach, with their events.

    ``groups`` are of patients, each with its label and its survival at the milestones; ``whom`` says more of them.
    """
    k = last_milestone([own for _, _, own in groups])
    start = f"{start_sentence(endpoint.alive)} {format_years(MILESTONE_YEARS[k])} after {endpoint.origin}{whom}"
    said = [(_say_group(label, curve, own[k], endpoint, survives=True), own[k]) for label, curve, own in groups]
    return f"{start}: {_list_groups(said)}."


def answer_incidence(result: IncidenceComparison, everyone: Estimate) -> tuple[str, ...]:
    """The incidence in all patients, how many had another event first, and that of each group with the test."""
    n, endpoint, years = result.frame.n, result.endpoint, MILESTONE_YEARS[-1]
    if not n:
        return ()
    share = format_probability(everyone) if everyone.value is not None else ""
    first = f"{start_sentence(result.event_label)} was the first event in {_of(result.n_event, n)}"
    by = f", an estimated {share} within {format_years(years)} of {endpoint.origin}" if share else ""
    others = f"{join_words(list(result.others))} in {format_count(result.n_competing)}"
    said = [f"{first}{by}; {others}."]
    filled = [curve for curve in result.curves if curve.n]
    variable = result.frame.variable
    if variable is not None and filled:
        k = last_milestone([result.milestones_of(curve) for curve in filled])
        parts = [
            (
                _say_group(_label(result, c), c, result.milestones_of(c)[k], endpoint, survives=False),
                result.milestones_of(c)[k],
            )
            for c in filled
        ]
        when = f"By {in_sentence(variable.label)}, within {format_years(MILESTONE_YEARS[k])}"
        test = answer_test(result.test, groups_form_later=result.groups_form_later)
        said.append(f"{when}: {_list_groups(parts)}. {' '.join(test)}".strip())
    return tuple(said)


def _label(result: SurvivalComparison | IncidenceComparison, curve: SurvivalCurve | IncidenceCurve) -> str:
    if result.frame.variable is None:
        return "everyone"
    return in_sentence(result.labels.get(curve.group, curve.group))


def _say_group(
    label: str,
    curve: SurvivalCurve | IncidenceCurve,
    estimate: Estimate,
    endpoint: Endpoint | CompetingEndpoint,
    *,
    survives: bool,
) -> str:
    had = f" {endpoint.had}" if isinstance(endpoint, Endpoint) else ""
    if not curve.n_event:
        limit = estimate.interval
        hidden = f" ({format_hidden(limit, survives=survives)})" if limit is not None and limit.is_one_sided else ""
        return f"{label} none of {format_patients(curve.n)}{had}{hidden}"
    share = "" if estimate.value is None else f" {format_probability(estimate)},"
    return f"{label}{share} {_of(curve.n_event, curve.n)}{had}"


def _list_groups(parts: Sequence[tuple[str, Estimate]]) -> str:
    """Each group, or of many the lowest and the highest."""
    if len(parts) <= MOST_GROUPS:
        return "; ".join(text for text, _ in parts)
    known = sorted(((e.value, text) for text, e in parts if e.value is not None), key=lambda part: part[0])
    if len(known) < 2:
        return "; ".join(text for text, _ in parts[:MOST_GROUPS])
    return f"of {len(parts)} groups lowest in {known[0][1]}; highest in {known[-1][1]}"


def list_counts(result: SurvivalComparison) -> str:
    """How many of each group had the event, in order ("Deaths: girls 7 of 19, boys 4 of 45")."""
    said = [f"{_label(result, c)} {_of(c.n_event, c.n)}" for c in result.curves.curves if c.n]
    return f"{start_sentence(result.endpoint.event_noun)}: {', '.join(said)}."
