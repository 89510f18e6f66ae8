"""What is said of the naive answer set against landmarks and treatment as it changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analytics.dictionary import load_words
from analytics.formats import format_count, format_number, format_ratio, is_withheld
from analytics.frames.switching import SALVAGE, TreatmentData
from analytics.reporting.answers import say_ratio
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reasons import say_missing, say_reason
from analytics.reporting.regression import has_few_events
from analytics.reporting.tables import Table
from analytics.reporting.wording import start_sentence
from analytics.results import (
    HazardRatio,
    HazardRatioResult,
    LandmarkResult,
    Note,
    Reason,
    Result,
    reference_of,
    treated_terms,
)


@dataclass(frozen=True, slots=True)
class Answer(Result):
    """One way of asking: its name, the day of its landmark where it has one, and the model it gives."""

    name: str
    detail: str
    model: HazardRatioResult
    landmark: LandmarkResult | None = None
    is_biased: bool = False


@dataclass(frozen=True, slots=True)
class NaiveComparison(Result):
    """The hazard ratio of the same children by every method."""

    data: TreatmentData
    answers: tuple[Answer, ...]
    notes: tuple[Note, ...]

    @property
    def several(self) -> bool:
        """True if the three salvage treatments are compared with one another."""
        return self.data.history == SALVAGE

    @property
    def against(self) -> str:
        """The group that the others are compared with."""
        return reference_of(self.answers[-1].model) or self.data.untreated

    @property
    def treatments(self) -> tuple[str, ...]:
        """The groups that are compared with it."""
        return tuple(state for state in self.data.states if state != self.against)

    @property
    def naive(self) -> HazardRatio | None:
        """The first treated term of the naive model."""
        return next(iter(treated_terms(self.answers[0].model)), None)

    @property
    def over_time(self) -> HazardRatio | None:
        """The first treated term of the model with treatment as it changes."""
        return next(iter(treated_terms(self.answers[-1].model)), None)

    @property
    def exaggeration(self) -> float | None:
        """The naive hazard ratio divided by the one with treatment as it changes."""
        ratios = [None if term is None else term.ratio.value for term in (self.naive, self.over_time)]
        naive, correct = ratios
        return None if naive is None or correct is None else math.exp(math.log(naive) - math.log(correct))


def note_penalised(answers: Sequence[Answer]) -> tuple[Note, ...]:
    """In how many of the models maximum likelihood has no finite ratio."""
    n = sum(answer.model.method == "firth" for answer in answers)
    text = (
        f"In {n} of the {len(answers)} models maximum likelihood has no finite hazard ratio (separation, as where a group "
        "has no events). Firth’s penalised likelihood is used instead."
    )
    return (Note("separation", "caution", text, "Read the intervals, not the estimates."),) if n else ()


def note_other_patients() -> Note:
    """Why landmarks may differ without any of them being wrong."""
    text = (
        f"Each landmark leaves out the {load_words().plural} who had the event or left before it, so the landmarks ask about "
        f"different {load_words().plural} and their answers may differ without any of them being wrong."
    )
    remedy = "Decide on one landmark before looking, by when treatment is usually given."
    return Note("other-patients", "info", text, remedy)


def tabulate_landmarks(result: NaiveComparison) -> Table:
    """Whom each landmark compares."""
    endpoint, landmarks = result.data.endpoint, [(a.name, a.landmark) for a in result.answers if a.landmark is not None]
    counts = ("n", "n_event_before", "n_censored_before", "n_treated", "n_untreated", "n_switch_later")
    before = f"{endpoint.event_noun.capitalize()} before"
    return Table(
        title="Whom each landmark compares",
        columns=("", load_words().head, before, "No longer followed", "Treated by then", "Not yet", "Treated later"),
        rows=tuple((name, *(format_count(getattr(at, count)) for count in counts)) for name, at in landmarks),
        help=(
            "",
            f"{start_sentence(endpoint.alive)} and followed at the landmark",
            "",
            "Follow-up ended before the landmark",
            "",
            "",
            "Of those not yet; with several treatments, a further one counts, too",
        ),
    )


def answer_naive(result: NaiveComparison) -> str:
    """How far the naive answer lies from the other; of few events the two intervals."""
    naive, correct = result.naive, result.over_time
    model = result.answers[-1].model
    if naive is None or correct is None or result.exaggeration is None or not has_few_events(model):
        return say_answers(result)[0]
    usual, other = (say_ratio(term.ratio, "hazard ratio", few=True) for term in (naive, correct))
    had = result.data.endpoint.had
    return (
        f"{start_sentence(str(correct.level))} against {result.against}: {usual} by "
        f"{'the last treatment' if result.several else 'ever against never'}, and {other} with treatment counted from its day "
        f"on; {format_count(model.n_event)} {had} in all, too few for single ratios."
    )


def say_answers(result: NaiveComparison) -> tuple[str, ...]:
    """How far the naive answer lies from the one with treatment as it changes, and the landmarks from one another."""
    naive, correct, factor = result.naive, result.over_time, result.exaggeration
    if factor is None or naive is None or correct is None:
        reason = next(
            (t.ratio.reason for t in (naive, correct) if t is not None and t.ratio.reason),
            result.answers[0].model.reason or Reason("group-is-empty"),
        )
        if is_withheld(reason):
            return (start_sentence(f"{say_missing('comparison of the two answers', reason)}."),)
        return (f"The two answers cannot be set against each other: {say_reason(reason)}.",)
    away = f"too {'favourable' if factor < 1 else 'unfavourable'} to {correct.level if result.several else 'treatment'}"
    verdict = (
        f"the naive answer is {away}: its hazard ratio is {format_number(factor, 2)} times the other"
        if abs(factor - 1) >= 0.05
        else "the two agree closely, which cannot be known beforehand"
    )
    usual = "the last treatment" if result.several else "ever against never"
    said = [
        f"{start_sentence(str(correct.level))} against {result.against}: {usual} gives a hazard ratio of "
        f"{ratio_text(naive.ratio)}; with treatment counted from its day on it is {ratio_text(correct.ratio)}; both are "
        f"associations, not effects. In these {load_words().plural} {verdict}."
    ]
    terms = [next(iter(treated_terms(a.model)), None) for a in result.answers if a.landmark is not None]
    values = [term.ratio.value for term in terms if term is not None and term.ratio.value is not None]
    if len(values) > 1:
        said.append(
            f"From landmark to landmark the hazard ratio of {correct.level} against {result.against} runs from "
            f"{format_ratio(min(values))} to {format_ratio(max(values))}: with few events the choice of the day matters, "
            "which is why it has to be made before looking."
        )
    return tuple(said)
