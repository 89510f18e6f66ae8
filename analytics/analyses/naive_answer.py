"""How wrong is the naive answer? The same comparison of treatments by ever against never, landmarks, and over time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.comparisons.regression import stack
from analytics.comparisons.salvage import reference_control
from analytics.comparisons.survival import strata_control
from analytics.comparisons.treatment import (
    TreatmentAnalysis,
    adjust_control,
    estimate_curves,
    is_offered,
    list_e_values,
    list_ratio_tests,
    read_model,
    say_waiting,
    treatment_controls,
)
from analytics.dictionary import DAYS_PER_MONTH, load_words
from analytics.document import ComparedTest, Headline, HtmlFigure
from analytics.estimators.second_opinion.treatment import compare_treatment_ratios
from analytics.estimators.treatment import landmark_profile, naive_hazard_ratio, time_dependent_hazard_ratio
from analytics.figures.comparison_forest import ComparisonForest, ComparisonRow, describe_comparison, plot_comparison
from analytics.figures.forest_html import draw_html
from analytics.figures.forest_svg import draw_svg
from analytics.formats import MISSING, format_count, format_number, format_p_cell, format_ratio, is_withheld
from analytics.frames.switching import SALVAGE, TreatmentData
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reasons import say_missing, say_reason
from analytics.reporting.tables import Table
from analytics.reporting.treatment import AS_IT_CHANGES, list_cautions, name_term_test, note_not_random
from analytics.reporting.wording import start_sentence
from analytics.results import (
    Estimate,
    HazardRatio,
    HazardRatioResult,
    LandmarkResult,
    Note,
    Reason,
    Result,
    reference_of,
    treated_terms,
)
from analytics.results.second_opinion import Compared

LANDMARK_DAYS = (90, 120, 150, 180, 240)


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


def _note_penalised(answers: Sequence[Answer]) -> tuple[Note, ...]:
    n = sum(answer.model.method == "firth" for answer in answers)
    text = (
        f"In {n} of the {len(answers)} models maximum likelihood has no finite hazard ratio (separation, as where a group "
        "has no events). Firth’s penalised likelihood is used instead."
    )
    return (Note("separation", "caution", text, "Read the intervals, not the estimates."),) if n else ()


def _note_other_patients() -> Note:
    text = (
        f"Each landmark leaves out the {load_words().plural} who had the event or left before it, so the landmarks ask about "
        f"different {load_words().plural} and their answers may differ without any of them being wrong."
    )
    remedy = "Decide on one landmark before looking, by when treatment is usually given."
    return Note("other-patients", "info", text, remedy)


def _row(answer: Answer, treatment: str, *, is_last: bool) -> ComparisonRow:
    term = next((t for t in treated_terms(answer.model) if t.level == treatment), None)
    reference = next((t for t in answer.model.terms if t.is_reference), None)
    return ComparisonRow(
        f"{answer.name}: {treatment}",
        Estimate(None, reason=answer.model.reason or Reason("in-nobody")) if term is None else term.ratio,
        answer.detail + (" (biased)" if answer.is_biased else ""),
        tuple(MISSING if t is None else f"{format_count(t.n_event)} of {format_count(t.n)}" for t in (term, reference)),
        MISSING if term is None else format_p_cell(term.p_value, term.p_reason),
        is_indented=True,
        is_biased=answer.is_biased,
        is_emphasised=is_last,
    )


def _forest(result: NaiveComparison) -> ComparisonForest:
    against, guide, last = result.against, result.over_time, result.answers[-1]
    rows: list[ComparisonRow] = []
    for treatment in result.treatments:
        rows.append(ComparisonRow(f"{treatment} against {against}"))
        rows += [_row(answer, treatment, is_last=answer is last) for answer in result.answers]
    died = result.data.endpoint.event_noun.capitalize()
    whose, sides = ("treated", "others"), ("lower if treated", "higher if treated")
    if result.several:
        whose, sides = ("the group", against), (f"lower than {against}", f"higher than {against}")
    return ComparisonForest(
        rows=tuple(rows),
        measure="hazard ratio",
        label_head="Method",
        count_heads=(f"{died}, of {whose[0]}", f"{died}, of {whose[1]}"),
        conf_level=result.answers[0].model.conf_level,
        p_help=f"{start_sentence(name_term_test(*(answer.model for answer in result.answers)))} of the ratio",
        sides=sides,
        guide=guide.ratio.value if guide is not None and len(result.treatments) == 1 else None,
    )


class NaiveAnswerAnalysis(TreatmentAnalysis):
    """How wrong is the naive answer? The same comparison of treatments by ever against never, landmarks, and over time."""

    slug = "naive-answer"
    title = "How wrong is the naive answer?"
    question = "What does counting the wait for treatment as survival do to the comparison?"
    order = 30
    icon = ":material/balance:"
    method = (
        "Cox models (Efron ties) of the same {patients}: ever against never treated, by treatment at landmarks of 90 to 240 "
        "days, and with treatment as it changes over time."
    )
    files = ("estimates",)

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        history, *others = treatment_controls(cohort)
        more = [adjust_control(cohort), strata_control(cohort)]
        if is_offered(SALVAGE, cohort):
            three = "HSCT, CAR-T or chemotherapy"
            history = replace(history, options=(*history.options, (SALVAGE, three)))
            against = reference_control(cohort)
            against = replace(against, place="more", display=False, help=f"For “{three}” alone. {against.help}")
            more.append(against)
        return (history, *others, *more)

    def estimate(self, data: TreatmentData, params: Params) -> NaiveComparison:
        arrays, several = data.arrays(adjusted=True), data.history == SALVAGE
        is_chosen = several and params.get("against") in data.treated_at
        arrays["reference"] = params["against"] if is_chosen else data.untreated
        landmarks = [days / DAYS_PER_MONTH for days in LANDMARK_DAYS]
        profile = landmark_profile(**arrays, landmarks=landmarks, ratio_conf_type="profile")
        usual = f"{'by the last salvage treatment' if several else 'ever against never treated'}, from relapse on"
        naive = read_model(data, naive_hazard_ratio(**arrays, conf_type="profile"))
        changing = read_model(data, time_dependent_hazard_ratio(**arrays, conf_type="profile"))
        how = "by treatment at the landmark, among those still followed"
        answers = (
            Answer("Naive", usual, naive, is_biased=True),
            *(
                Answer(f"Landmark, day {days}", how, read_model(data, at.hazard_ratio), at)
                for days, at in zip(LANDMARK_DAYS, profile, strict=True)
            ),
            Answer("Treatment as it changes", "time-dependent Cox model", changing),
        )
        own = (*_note_penalised(answers), _note_other_patients())
        return NaiveComparison(data, answers, (*list_cautions(data, "the comparison"), *own, *note_not_random(data)))

    def headlines(self, result: NaiveComparison) -> tuple[Headline, ...]:
        data, factor, first = result.data, result.exaggeration, result.treatments[0]
        naive, over_time = (
            MISSING if term is None or term.ratio.value is None else ratio_text(term.ratio)
            for term in (result.naive, result.over_time)
        )
        usual = "By the last treatment" if result.several else f"Ever against never given {first}"
        compared = f"{first} against {result.against}"
        return (
            Headline(load_words().head, format_count(data.n), "Who relapsed, in this selection."),
            Headline("Treated", format_count(data.n_treated), "Within their follow-up."),
            Headline(f"Naive hazard ratio of {compared} (biased)", naive, f"{usual}: biased by immortal time."),
            Headline(
                f"Hazard ratio of {compared}, as treatment changes",
                over_time,
                "With treatment counted from its day on.",
            ),
            Headline(
                "Naive against time-dependent",
                MISSING if factor is None else f"× {format_number(factor, 2)}",
                f"The naive hazard ratio of {compared} divided by the one with treatment as it changes; at 1 the two agree. "
                "The latter, too, is an association.",
            ),
        )

    def figure(self, result: NaiveComparison, params: Params) -> HtmlFigure:
        forest = plot_comparison(_forest(result))
        return HtmlFigure(draw_html(forest), partial(draw_svg, forest))

    def caption(self, result: NaiveComparison, params: Params) -> str:
        return (
            "The thick row counts treatment from its day on; the broken line carries it through the others. How far the naive "
            "row lies from it is what counting the wait for treatment as survival does to the answer."
        )

    def alt_text(self, result: NaiveComparison) -> str:
        return describe_comparison(_forest(result))

    def tables(self, result: NaiveComparison) -> tuple[Table, ...]:
        endpoint, landmarks = (
            result.data.endpoint,
            [(a.name, a.landmark) for a in result.answers if a.landmark is not None],
        )
        counts = ("n", "n_event_before", "n_censored_before", "n_treated", "n_untreated", "n_switch_later")
        before = f"{endpoint.event_noun.capitalize()} before"
        heads = ("", load_words().head, before, "No longer followed", "Treated by then", "Not yet", "Treated later")
        return (
            Table(
                title="Whom each landmark compares",
                columns=heads,
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
            ),
            *list_e_values(result.answers[-1].model, estimate_curves(result.data)),
        )

    def sentences(self, result: NaiveComparison) -> tuple[str, ...]:
        data = result.data
        if not data.n:
            return ()
        said = [say_waiting(data)]
        naive, correct, factor = result.naive, result.over_time, result.exaggeration
        if factor is None or naive is None or correct is None:
            reason = next(
                (t.ratio.reason for t in (naive, correct) if t is not None and t.ratio.reason),
                result.answers[0].model.reason or Reason("group-is-empty"),
            )
            if is_withheld(reason):
                return (*said, start_sentence(f"{say_missing('comparison of the two answers', reason)}."))
            return (*said, f"The two answers cannot be set against each other: {say_reason(reason)}.")
        away = f"too {'favourable' if factor < 1 else 'unfavourable'} to {correct.level if result.several else 'treatment'}"
        verdict = (
            f"the naive answer is {away}: its hazard ratio is {format_number(factor, 2)} times the other"
            if abs(factor - 1) >= 0.05
            else "the two agree closely, which cannot be known beforehand"
        )
        usual = "the last treatment" if result.several else "ever against never"
        said.append(
            f"{start_sentence(str(correct.level))} against {result.against}: {usual} gives a hazard ratio of "
            f"{ratio_text(naive.ratio)}; with treatment counted from its day on it is {ratio_text(correct.ratio)}; both are "
            f"associations, not effects. In these {load_words().plural} {verdict}."
        )
        terms = [next(iter(treated_terms(a.model)), None) for a in result.answers if a.landmark is not None]
        values = [term.ratio.value for term in terms if term is not None and term.ratio.value is not None]
        if len(values) > 1:
            said.append(
                f"From landmark to landmark the hazard ratio of {correct.level} against {result.against} runs from "
                f"{format_ratio(min(values))} to {format_ratio(max(values))}: with few events the choice of the day matters, "
                "which is why it has to be made before looking."
            )
        return tuple(said)

    def tests(self, result: NaiveComparison) -> tuple[ComparedTest, ...]:
        """The test of the one answer that is not biased; the others are there to be set against it."""
        return list_ratio_tests(result.data, result.answers[-1].model, AS_IT_CHANGES)

    def downloads(self, result: NaiveComparison) -> Mapping[str, pd.DataFrame]:
        return {"estimates": stack([answer.model.to_frame().assign(method=answer.name) for answer in result.answers])}

    def second_opinion(self, data: TreatmentData, result: NaiveComparison, params: Params) -> Iterator[Compared]:
        for answer in result.answers:
            landmark = None if answer.landmark is None else answer.landmark.landmark
            arrays = {**data.arrays(adjusted=True), "landmark": landmark, "ever": answer.is_biased, "steps": data.steps}
            yield from compare_treatment_ratios(answer.model, **arrays, model=answer.name)
