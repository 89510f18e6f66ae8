"""What is said of treatments compared after relapse: whom, what a test compares, and the cautions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np

from analytics.dictionary import Endpoint, load_words
from analytics.formats import (
    format_count,
    format_months,
    format_number,
    format_p_phrase,
    format_patients,
    name_patients,
)
from analytics.frames import filters_of, list_treatments, strata_of
from analytics.frames.switching import NOT_MARROW, SALVAGE, SECOND_RELAPSE, UNTIL_HSCT, TreatmentData
from analytics.reporting.answers import answer_ratio
from analytics.reporting.attrition import (
    Loss,
    Used,
    list_incomplete,
    list_losses,
    name_complete,
    name_eligible,
    say_exclusion,
    shorten_eligible,
)
from analytics.reporting.reliability import load_policy
from analytics.reporting.timing import note_post_baseline
from analytics.reporting.wording import describe_hazard_ratio, in_sentence, join_words
from analytics.results import (
    TREATMENT,
    HazardRatioResult,
    LandmarkResult,
    Note,
    SurvivalCurve,
    TestResult,
    list_pairs,
    reference_of,
    treated_terms,
)
from analytics.speaking import word

# By the view: the state of who was not treated yet.
UNTREATED = {
    "hsct": "{not_yet}",
    "cart": "no {CAR-T} yet",
    UNTIL_HSCT: "no {CAR-T} yet",
    "histories": "neither yet",
}
AS_IT_CHANGES = ", with treatment as it changes"


def name_untreated(view: str, treatments: Collection[str]) -> str:
    """The state before any of the treatments of a view; ``treatments`` are those whose days the file knows."""
    return name_chemotherapy(treatments) if view == SALVAGE else name_patients(UNTREATED[view])


def name_chemotherapy(others: Collection[str], when: str = "so far") -> str:
    """The group of patients given none of the ``others`` yet; what the file does not know of may be in it, and is named."""
    unknown = [name for name in list_treatments().values() if name not in others]
    neither = word("neither")
    return f"{' or '.join([neither, *unknown])} {when}"


def label_states(data: TreatmentData) -> dict[str, str]:
    """State to what a reader sees, in order."""
    return {state: state for state in data.states}


def list_adjusters(data: TreatmentData) -> str:
    """The adjusting variables inside a sentence ("sex and age at diagnosis"); "" without any."""
    return join_words([in_sentence(v.label) for v in data.adjusters])


def say_adjusted(data: TreatmentData) -> str:
    """Whether the ratios are adjusted, for what stands beside them ("adjusted for sex", "not adjusted")."""
    return f"adjusted for {list_adjusters(data)}" if data.adjusters else "not adjusted"


def name_comparison(data: TreatmentData, how: str = "", *, adjusted: bool = False, reference: str = "") -> str:
    """What a test of the treatments compares, for the ledger; ``how`` says when treatment counts (" on day 180")."""
    reference = reference or data.untreated
    names = sorted(in_sentence(v.label) for v in data.adjusters) if adjusted else []
    by = f", adjusted for {join_words(names)}" if names else ""
    within = f", within levels of {in_sentence(data.conditions[-1].label)}" if data.strata is not None else ""
    compared = f"{join_words([state for state in data.states if state != reference])} against {reference}"
    return f"{in_sentence(data.endpoint.label)}, {compared}{how}{by}{within}"


def name_term_test(*models: HazardRatioResult | None) -> str:
    """The test of a single hazard ratio that was made, or the tests where the models differ in it."""
    found = dict.fromkeys(model.ratio_test for model in models if model is not None)
    return " or ".join(found)


def name_ratio_tests(data: TreatmentData, model: HazardRatioResult, how: str = "") -> list[tuple[str, float | None]]:
    """The name and p value of the test of each treatment's hazard ratio; ``how`` says when treatment counts."""
    what = name_comparison(data, how, adjusted=True, reference=reference_of(model))
    terms = treated_terms(model)
    of = "{} of the hazard ratio{} for {}"
    return [
        (of.format(name_term_test(model), f" of {t.level}" if len(terms) > 1 else "", what), t.p_value) for t in terms
    ]


def count_used(data: TreatmentData, *, adjusted: bool, landmark: tuple[int, LandmarkResult] | None = None) -> Used:
    """Whom the comparison rests on; ``adjusted`` True if those with an unknown variable are left out, too.

    ``landmark`` is the day of the landmark with the comparison from there on, which is of complete cases.
    """
    compared = f"{word('had_relapse')} {word('relapses compared')}"
    in_marrow = any(exclusion.code == NOT_MARROW for exclusion in data.exclusions)
    endpoint, adjusters = data.endpoint, data.adjusters if adjusted else ()
    kept = data.complete if adjusted else np.ones(len(data.time), dtype=bool)
    used = Used(
        eligible=f"{load_words().plural} who {compared}" if in_marrow else name_eligible(endpoint),
        losses=(*list_losses(data.exclusions), *list_incomplete(data.covariates, data.weight, adjusters)),
        n=int(data.weight[kept].sum()),
        n_event=int((data.weight * data.event)[kept].sum()),
        events=endpoint.events,
        short=compared if in_marrow else shorten_eligible(endpoint),
        complete=name_complete([*strata_of(data), *adjusters]),
    )
    if landmark is None:
        return used
    day, found = landmark
    before = (
        Loss("landmark", f"{endpoint.had} by day {day}", found.n_event_before),
        Loss("landmark", f"follow-up ended by day {day}", found.n_censored_before),
    )
    followed = f"followed at day {day}"
    return replace(
        used,
        losses=(*used.losses, *before),
        n=found.n,
        n_event=found.n_event,
        landmark=f"{endpoint.alive} and {followed}",
        followed=followed,
    )


def describe_waiting(data: TreatmentData, median: Sequence[float] | None) -> str:
    """How many were treated and after how long, with how many had the event or left before: for a sentence.

    ``median`` is that of the months until treatment.
    """
    at = data.first_treated()
    treated = at <= data.time
    n = int(data.weight[treated].sum())
    treatments = join_words(list(data.treated_at)) if len(data.treated_at) == 1 else word("CAR-T or HSCT")
    if not data.n:
        return ""
    if not n:
        everyone = f"this one {load_words().noun}" if data.n == 1 else f"these {format_patients(data.n)}"
        return f"Nobody was given {treatments} within the follow-up of {everyone}."
    first = format_number(float(at[treated].min()), 1)
    wait = (
        f"after {first} months"
        if n == 1
        else f"after a median of {format_number(median[0], 1)} months, the first after {first}"
        if median
        else ""
    )
    before = int((data.weight * data.event)[~treated].sum())
    noun = data.endpoint.event_noun
    if data.n_event > 1:
        events = f"{format_count(before)} of {format_count(data.n_event)} {noun} came without it"
    elif data.n_event:
        events = f"the only {data.endpoint.event_one} came {'without' if before else 'after'} it"
    else:
        events = f"there were no {noun}"
    return f"{format_count(n)} of {format_patients(data.n)} {'was' if n == 1 else 'were'} given {treatments}, {wait}; {events}."


def say_followed(data: TreatmentData, chosen: LandmarkResult, days: int) -> str:
    """How many reach the landmark, of those in whom all that is adjusted for is known."""
    n, before = data.n_complete, chosen.n_event_before + chosen.n_censored_before
    noun = load_words().noun
    known = " with every variable to adjust for known" if n < data.n else ""
    if not before:
        who = f"The only {noun}" if n == 1 else f"All {format_patients(n)}"
        return f"{who}{known} {'was' if n == 1 else 'were'} followed beyond day {days}."
    return (
        f"Of {format_patients(n)}{known}, {format_count(chosen.n_event_before)} had {data.endpoint.had} and "
        f"{format_count(chosen.n_censored_before)} had left follow-up by day {days}; "
        f"{f'that {noun} is' if before == 1 else 'they are'} not in the comparison."
    )


def say_treated(data: TreatmentData, chosen: LandmarkResult) -> str:
    """How many were treated by the landmark, and how many change afterwards."""
    later = format_count(chosen.n_switch_later)
    treated = f"{format_count(chosen.n_treated)} had been treated by then, {format_count(chosen.n_untreated)} had not"
    if len(data.treated_at) > 1:
        return f"{treated}; {later} changed treatment later."
    return f"{treated}, and {later} of these {'was' if chosen.n_switch_later == 1 else 'were'} treated later."


def say_ratios(data: TreatmentData, *models: HazardRatioResult) -> list[str]:
    """The ratio of each pair of treatments in words."""
    labels = [v.label for v in data.adjusters]
    return [
        describe_hazard_ratio(term, data.treatment, reference, labels, data.endpoint)
        for reference, term in list_pairs(models)
    ]


def answer_treatment(data: TreatmentData, model: HazardRatioResult, how: str, *, days: int | None = None) -> str:
    """Whether the hazard of the first treatment differs from that of the reference.

    ``how`` says how the ratio was made, ``days`` from which landmark on; None where treatment counts as it changes.
    """
    base = next((t for t in model.terms if t.variable == TREATMENT and t.is_reference), None)
    term, reference = treated_terms(model)[0], reference_of(model)
    label = str(term.level) if days is None else f"From day {days} on, {term.level}"
    return answer_ratio(term, base, model, data.endpoint, labels=(label, reference), how=how, switching=days is None)


def say_groups(endpoint: Endpoint, curves: Iterable[SurvivalCurve], days: int | None) -> str:
    """How many children each group has, and how many of them had the event."""
    counts = [
        f"{curve.group} {format_patients(curve.n)}, of whom {format_count(curve.n_event)} {endpoint.had}"
        for curve in curves
    ]
    when = "By treatment as it changed" if days is None else f"By day {days}"
    return f"{when}: {'; '.join(counts)}."


def say_moves(moves: Iterable[tuple[str, str, int]], days: int | None) -> str:
    """Who changed treatment, and to what."""
    found = [f"{format_count(n)} from {one} to {other}" for one, other, n in moves if n]
    later = " later" if days is not None else ""
    return f"Changed treatment{later}: {join_words(found)}." if found else f"Nobody changed treatment{later}."


def say_two_tests(data: TreatmentData, model: HazardRatioResult, test: TestResult) -> str:
    """Why the p value of a ratio is not that of the curves, after a caption; empty where there are not both."""
    if test.p_value is None or all(term.p_value is None for term in treated_terms(model)):
        return ""
    asks = "asks the same of the curves" if len(data.treated_at) == 1 else "asks whether any of the curves differ"
    adjusted = ", without adjustment" if data.adjusters else ""
    return (
        f" The p here comes from this model ({name_term_test(model)}); the {test.method} "
        f"({format_p_phrase(test.p_value)}) {asks}{adjusted}. They are two methods of testing, not two findings."
    )


def note_few_events(endpoint: Endpoint, n: int, when: str = "", more: str = "") -> tuple[Note, ...]:
    """A caution where hardly anyone had the event; ``when`` says since when they are counted."""
    if n >= load_policy().full.events:
        return ()
    counted = f"Only {format_count(n)} {endpoint.events.of(n)}" if n else f"No {endpoint.event_noun}"
    text = f"{counted}{when}: a ratio of hazards rests on events, and one more or less would move it far.{more}"
    remedy = f"Read the interval, not the estimate; loosen a filter to see more {load_words().plural}."
    return (Note("few-events", "caution", text, remedy),)


def note_few_treated(data: TreatmentData) -> tuple[Note, ...]:
    """A caution where hardly anyone was treated."""
    n = data.n_treated
    if not 0 < n < load_policy().full.events:
        return ()
    text = f"Only {format_patients(n)} {'was' if n == 1 else 'were'} treated within follow-up."
    return (Note("few-treated", "caution", text, "Loosen a filter, or look at the numbers without comparing."),)


def note_nobody(data: TreatmentData) -> tuple[Note, ...]:
    """Why there is nobody to compare, where the choice of relapses is what leaves nobody."""
    n = data.n_excluded(NOT_MARROW)
    if data.n or not n:
        return ()
    who = f"The one {load_words().noun}" if n == 1 else f"None of the {format_patients(n)}"
    what = f"{'no' if n == 1 else 'a'} {word('relapse')} {word('relapses compared')}"
    remedy = f"Choose {word('relapses')}: all, or loosen a filter."
    return (Note("no-marrow-relapse", "caution", f"{who} of this selection has {what} on record.", remedy),)


def note_late_conditions(data: TreatmentData) -> tuple[Note, ...]:
    """Notes on filters, strata and adjusting variables that become known only after relapse."""
    return note_post_baseline(data.endpoint, filters=filters_of(data), adjust=data.adjusters, strata=strata_of(data))


def note_unknown(data: TreatmentData, where: str) -> tuple[Note, ...]:
    """How many children are not in what is adjusted ("the comparison"), since a variable of it is unknown."""
    listed = ", ".join(
        f"{say_exclusion(e)} in {format_count(e.n)}" for e in data.exclusions if e.code == "covariate-missing"
    )
    why = f"not in {where}, because a variable to adjust for is unknown ({listed})."
    return note_incomplete_history(data, why, "Adjust for fewer variables to keep them.")


def note_incomplete_history(data: TreatmentData, why: str, remedy: str) -> tuple[Note, ...]:
    """How many children are left out because a variable is unknown: ``why`` says of what and since which."""
    n = data.n - data.n_complete
    if not n:
        return ()
    text = f"{format_count(n)} of {format_patients(data.n)} {'is' if n == 1 else 'are'} {why}"
    return (Note("incomplete-cases", "caution", text, remedy),)


def note_second_relapse(data: TreatmentData, days: int) -> tuple[Note, ...]:
    """Whom a second relapse by the landmark leaves out."""
    n = data.n_excluded(SECOND_RELAPSE)
    if not n:
        return ()
    text = (
        f"{format_patients(n)} {'is' if n == 1 else 'are'} left out of both groups, because a {word('again')} came "
        f"by day {days}: "
        "it decides about treatment and outlook, and too few have it to make the groups alike in it."
    )
    return (Note("second-relapse", "info", text, "The landmark comparison keeps them."),)


def note_not_random() -> tuple[Note, ...]:
    """Treatment was not given by chance: what no method of this page can mend."""
    text = (
        f"Who is treated is decided by {word('decided_by')} and the {load_words().noun}’s condition. Counting time correctly "
        "removes the immortal time, not these reasons: the ratio is an association, not the effect of treatment."
    )
    return (
        Note(
            "not-randomised",
            "info",
            text,
            f"Adjust for what is known at {word('clock')}, or see the adjusted comparison.",
        ),
    )


def note_naive(data: TreatmentData) -> Note:
    """What is wrong with the naive curves."""
    by = (
        f"by the last {word('salvage treatment')}, from {word('clock')} on"
        if data.history == SALVAGE
        else "of ever against never treated"
    )
    return Note(
        "immortal-time",
        "warning",
        f"Thin dotted lines: the usual curves {by}. They are wrong: a {load_words().noun} had to live long enough to "
        f"be treated, so every earlier {data.endpoint.event_one} falls to the other group (immortal time).",
    )


def name_naive(data: TreatmentData) -> dict[str, str]:
    """What each state is called where the wait for treatment counts for it."""
    if data.history == SALVAGE:
        return label_states(data) | {data.untreated: name_chemotherapy(data.treated_at, "alone")}
    ever = "treated" if len(data.treated_at) > 1 else next(iter(data.treated_at))
    return {state: f"ever {state}" for state in data.treated_at} | {data.untreated: f"never {ever}"}


def note_thin_starts(curves: Iterable[SurvivalCurve], remedy: str) -> tuple[Note, ...]:
    """Which curves end because of the few who came into them first."""
    least = load_policy().stop_below
    return tuple(
        Note(
            "thin-start",
            "caution",
            f"The curve of {curve.group} is shown until {format_months(curve.shown_until)} only: then a {load_words().noun} had "
            f"the event while fewer than {least} were in the group, and all that follows would rest on these few.",
            remedy,
        )
        for curve in curves
        if curve.shown_until is not None and ((curve.time > curve.shown_until) & (curve.n_risk >= least)).any()
    )


def note_start_unknown(data: TreatmentData, days: int | None) -> tuple[Note, ...]:
    """That chemotherapy is counted from relapse, where treatment should be from its start and the file has no such day."""
    if days is not None or data.entry is not None:
        return ()
    text = (
        f"The day on which {word('salvage treatment')} began is not on record: {word('neither')} counts from "
        f"{word('clock')} on."
    )
    return (Note("start-unknown", "info", text),)


def note_until_hsct(data: TreatmentData) -> tuple[Note, ...]:
    """That following children until HSCT is censoring that depends on their prognosis."""
    whole = data.whole
    if data.history != UNTIL_HSCT or whole is None:
        return ()
    n = int(data.weight[whole.hsct_at <= whole.time].sum())
    if not n:
        return ()
    return (
        Note(
            "informative-censoring",
            "caution",
            f"The follow-up of {format_count(n)} of {format_patients(data.n)} ends at {word('HSCT')}. This depends "
            "on the prognosis: "
            f"{load_words().plural} {word('fit')} are {word('given HSCT')}. The hazard ratio is of the rate of "
            "the event before "
            f"{word('HSCT')}; a curve would be the survival without {word('HSCT')} only if those "
            f"{word('given HSCT')} were like the others.",
            f"On the page of survival by treatment, take {word('HSCT')} as a competing event, or weigh for who is "
            f"{word('given HSCT')}.",
        ),
    )


def list_cautions(data: TreatmentData, where: str) -> tuple[Note, ...]:
    """What a reader should know of whom a comparison is made of; ``where`` is what those with an unknown variable lack."""
    return (
        *note_late_conditions(data),
        *note_nobody(data),
        *note_until_hsct(data),
        *note_unknown(data, where),
        *(note_few_events(data.endpoint, data.n_event) if data.n_event else ()),
        *note_few_treated(data),
    )
