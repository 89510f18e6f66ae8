"""How wrong is the naive answer? The same comparison of treatments by ever against never, landmarks, and over time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from analytics.analysis import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.salvage import reference_control
from analytics.comparisons.survival import strata_control
from analytics.comparisons.treatment import (
    AS_IT_CHANGES,
    NEEDS,
    SALVAGE,
    TreatmentData,
    adjust_control,
    count_used,
    prepare_landmarks,
    read_model,
    reference_of,
    treated_terms,
    treatment_controls,
)
from analytics.comparisons.treatment_words import (
    describe_waiting,
    list_ratio_tests,
    name_term_test,
    note_late_conditions,
    note_nobody,
    note_not_random,
    note_treatment_few,
    note_unknown,
    tabulate_e_values,
)
from analytics.comparisons.until_hsct import note_until_hsct
from analytics.dictionary import DAYS_PER_MONTH
from analytics.document import ComparedTest, Headline, HtmlFigure
from analytics.estimators.second_opinion.treatment import compare_treatment_ratios
from analytics.estimators.treatment import landmark_profile, naive_hazard_ratio, time_dependent_hazard_ratio
from analytics.figures.comparison_forest import (
    ComparisonForest,
    ComparisonRow,
    describe_comparison,
    plot_comparison,
)
from analytics.figures.forest_html import draw_html
from analytics.figures.forest_svg import draw_svg
from analytics.formats import MISSING, format_count, format_number, format_p_cell, format_ratio, is_withheld
from analytics.reporting.attrition import Used
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reasons import say_missing, say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import start_sentence
from analytics.results import Estimate, HazardRatio, HazardRatioResult, LandmarkResult, Note, Reason, Result
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
    def against(self) -> str:
        """The group that the others are compared with."""
        return reference_of(self.answers[-1].model) or self.data.untreated

    @property
    def first(self) -> str:
        """The treatment that the headlines speak of."""
        return next(state for state in self.data.states if state != self.against)

    @property
    def naive(self) -> HazardRatio | None:
        """The first treated term of the naive model."""
        return next(iter(treated_terms(self.answers[0].model)), None)

    @property
    def over_time(self) -> HazardRatio | None:
        """The first treated term of the model with treatment as it changes."""
        return next(iter(treated_terms(self.answers[-1].model)), None)


def _note_penalised(answers: Sequence[Answer]) -> tuple[Note, ...]:
    n = sum(answer.model.method == "firth" for answer in answers)
    if not n:
        return ()
    return (
        Note(
            "separation",
            "caution",
            f"In {n} of the {len(answers)} models maximum likelihood has no finite hazard ratio (separation, as where a group "
            "has no events). Firth’s penalised likelihood is used instead.",
            "Read the intervals, not the estimates.",
        ),
    )


def _exaggeration(result: NaiveComparison) -> float | None:
    naive, correct = result.naive, result.over_time
    if naive is None or correct is None or naive.ratio.value is None or correct.ratio.value is None:
        return None
    return math.exp(math.log(naive.ratio.value) - math.log(correct.ratio.value))


def _forest(result: NaiveComparison) -> ComparisonForest:
    data = result.data
    rows: list[ComparisonRow] = []
    against = result.against
    treatments = [state for state in data.states if state != against]
    for treatment in treatments:
        rows.append(ComparisonRow(f"{treatment} against {against}"))
        for answer in result.answers:
            term = next((t for t in treated_terms(answer.model) if t.level == treatment), None)
            reason = answer.model.reason or Reason("in-nobody")
            ratio = term.ratio if term is not None else Estimate(None, reason=reason)
            rows.append(
                ComparisonRow(
                    f"{answer.name}: {treatment}",
                    ratio,
                    answer.detail + (" (biased)" if answer.is_biased else ""),
                    _counts(answer, term),
                    MISSING if term is None else format_p_cell(term.p_value, term.p_reason),
                    is_indented=True,
                    is_biased=answer.is_biased,
                    is_emphasised=answer is result.answers[-1],
                )
            )
    guide = result.over_time
    return ComparisonForest(
        rows=tuple(rows),
        measure="hazard ratio",
        label_head="Method",
        count_heads=(
            f"{data.endpoint.event_noun.capitalize()}, of {'the group' if data.history == SALVAGE else 'treated'}",
            f"{data.endpoint.event_noun.capitalize()}, of {against if data.history == SALVAGE else 'others'}",
        ),
        conf_level=result.answers[0].model.conf_level,
        p_help=f"{start_sentence(name_term_test(*(answer.model for answer in result.answers)))} of the ratio",
        sides=(f"lower than {against}", f"higher than {against}")
        if data.history == SALVAGE
        else ("lower if treated", "higher if treated"),
        guide=guide.ratio.value if guide is not None and len(treatments) == 1 else None,
    )


def _counts(answer: Answer, term: HazardRatio | None) -> tuple[str, ...]:
    reference = next((t for t in answer.model.terms if t.is_reference), None)
    return tuple(
        f"{format_count(t.n_event)} of {format_count(t.n)}" if t is not None else MISSING for t in (term, reference)
    )


class NaiveAnswerAnalysis(Analysis[TreatmentData, NaiveComparison]):
    """How wrong is the naive answer? The same comparison of treatments by ever against never, landmarks, and over time."""

    slug = "naive-answer"
    title = "How wrong is the naive answer?"
    question = "What does counting the wait for treatment as survival do to the comparison?"
    section = "Treatment"
    order = 30
    icon = ":material/balance:"
    method = (
        "Cox models (Efron ties) of the same children: ever against never treated, by treatment at landmarks of 90 to 240 "
        "days, and with treatment as it changes over time."
    )
    requires = endpoint_with(("hsct_days", "cart_days"), origin="first relapse")
    files = ("estimates",)

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        history, *others = treatment_controls(cohort)
        three = ((SALVAGE, "HSCT, CAR-T or chemotherapy"),) if set(NEEDS[SALVAGE]) <= set(cohort.variables) else ()
        against = reference_control(cohort)
        against = replace(
            against, place="more", display=False, help=f"For “HSCT, CAR-T or chemotherapy” alone. {against.help}"
        )
        more = (adjust_control(cohort), strata_control(cohort), *((against,) if three else ()))
        return (replace(history, options=(*history.options, *three)), *others, *more)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> TreatmentData:
        return prepare_landmarks(cohort, cohort_filter, params)

    def estimate(self, data: TreatmentData, params: Params) -> NaiveComparison:
        arrays = data.arrays(adjusted=True)
        is_chosen = data.history == SALVAGE and params.get("against") in data.treated_at
        arrays["reference"] = params["against"] if is_chosen else data.untreated
        profile = landmark_profile(
            **arrays, landmarks=[days / DAYS_PER_MONTH for days in LANDMARK_DAYS], ratio_conf_type="profile"
        )
        answers = [
            Answer(
                "Naive",
                "by the last salvage treatment, from relapse on"
                if data.history == SALVAGE
                else "ever against never treated, from relapse on",
                read_model(data, naive_hazard_ratio(**arrays, conf_type="profile")),
                is_biased=True,
            ),
            *(
                Answer(
                    f"Landmark, day {days}",
                    "by treatment at the landmark, among those still followed",
                    read_model(data, at.hazard_ratio),
                    at,
                )
                for days, at in zip(LANDMARK_DAYS, profile, strict=True)
            ),
            Answer(
                "Treatment as it changes",
                "time-dependent Cox model",
                read_model(data, time_dependent_hazard_ratio(**arrays, conf_type="profile")),
            ),
        ]
        notes = (
            *note_late_conditions(data),
            *note_nobody(data),
            *note_until_hsct(data),
            *note_unknown(data, "the comparison"),
            *note_treatment_few(data),
            *_note_penalised(answers),
            Note(
                "other-children",
                "info",
                "Each landmark leaves out the children who had the event or left before it, so the landmarks ask about different "
                "children and their answers may differ without any of them being wrong.",
                "Decide on one landmark before looking, by when treatment is usually given.",
            ),
            *note_not_random(data),
        )
        return NaiveComparison(data, tuple(answers), notes)

    def headlines(self, result: NaiveComparison) -> tuple[Headline, ...]:
        data = result.data

        def text(term: HazardRatio | None) -> str:
            return MISSING if term is None or term.ratio.value is None else ratio_text(term.ratio)

        factor = _exaggeration(result)
        compared = f"{result.first} against {result.against}"
        return (
            Headline("Children", format_count(data.n), "Who relapsed, in this selection."),
            Headline("Treated", format_count(data.n_treated), "Within their follow-up."),
            Headline(
                f"Naive hazard ratio of {compared} (biased)",
                text(result.naive),
                f"{'By the last treatment' if data.history == SALVAGE else f'Ever against never given {result.first}'}: "
                "biased by immortal time.",
            ),
            Headline(
                f"Hazard ratio of {compared}, as treatment changes",
                text(result.over_time),
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
            "The thick row counts treatment from its day on; the broken line carries it through the others. How "
            "far the naive row "
            "lies from it is what counting the wait for treatment as survival does to the answer."
        )

    def alt_text(self, result: NaiveComparison) -> str:
        return describe_comparison(_forest(result))

    def tables(self, result: NaiveComparison) -> tuple[Table, ...]:
        rows = tuple(
            (
                answer.name,
                format_count(at.n),
                format_count(at.n_event_before),
                format_count(at.n_censored_before),
                format_count(at.n_treated),
                format_count(at.n_untreated),
                format_count(at.n_switch_later),
            )
            for answer in result.answers
            if (at := answer.landmark) is not None
        )
        return (
            Table(
                title="Whom each landmark compares",
                columns=(
                    "",
                    "Children",
                    f"{result.data.endpoint.event_noun.capitalize()} before",
                    "No longer followed",
                    "Treated by then",
                    "Not yet",
                    "Treated later",
                ),
                rows=rows,
                help=(
                    "",
                    f"{start_sentence(result.data.endpoint.alive)} and followed at the landmark",
                    "",
                    "Follow-up ended before the landmark",
                    "",
                    "",
                    "Of those not yet; with several treatments, a further one counts, too",
                ),
            ),
            *tabulate_e_values(result.data, result.answers[-1].model, result.data.curves()),
        )

    def sentences(self, result: NaiveComparison) -> tuple[str, ...]:
        data = result.data
        if not data.n:
            return ()
        naive, correct, factor = result.naive, result.over_time, _exaggeration(result)
        said = [describe_waiting(data)]
        if factor is None or naive is None or correct is None:
            reason = next(
                (t.ratio.reason for t in (naive, correct) if t is not None and t.ratio.reason),
                result.answers[0].model.reason or Reason("group-is-empty"),
            )
            if is_withheld(reason):
                return (*said, start_sentence(f"{say_missing('comparison of the two answers', reason)}."))
            return (*said, f"The two answers cannot be set against each other: {say_reason(reason)}.")
        three = data.history == SALVAGE
        away = f"too {'favourable' if factor < 1 else 'unfavourable'} to {correct.level if three else 'treatment'}"
        usual = "the last treatment" if three else "ever against never"
        verdict = (
            f"the naive answer is {away}: its hazard ratio is {format_number(factor, 2)} times the other"
            if abs(factor - 1) >= 0.05
            else "the two agree closely, which cannot be known beforehand"
        )
        said.append(
            f"{start_sentence(str(correct.level))} against {result.against}: {usual} gives a hazard ratio of "
            f"{ratio_text(naive.ratio)}; "
            f"with treatment counted from its day on it is {ratio_text(correct.ratio)}; both are associations, "
            "not effects. In these "
            f"children {verdict}."
        )
        values = [
            term.ratio.value
            for answer in result.answers
            if answer.landmark is not None and (term := next(iter(treated_terms(answer.model)), None)) is not None
            if term.ratio.value is not None
        ]
        if len(values) > 1:
            said.append(
                f"From landmark to landmark the hazard ratio of {correct.level} against {result.against} runs from "
                f"{format_ratio(min(values))} to {format_ratio(max(values))}: "
                "with few events the choice of the day matters, which is why it has to be made before looking."
            )
        return tuple(said)

    def used(self, result: NaiveComparison) -> Used:
        return count_used(result.data, adjusted=True)

    def tests(self, result: NaiveComparison) -> tuple[ComparedTest, ...]:
        """The test of the one answer that is not biased; the others are there to be set against it."""
        return list_ratio_tests(result.data, result.answers[-1].model, AS_IT_CHANGES)

    def downloads(self, result: NaiveComparison) -> Mapping[str, pd.DataFrame]:
        frames = [answer.model.to_frame().assign(method=answer.name) for answer in result.answers]
        return {"estimates": pd.DataFrame([row for frame in frames for row in frame.to_dict("records")])}

    def second_opinion(self, data: TreatmentData, result: NaiveComparison, params: Params) -> Iterator[Compared]:
        for answer in result.answers:
            landmark = None if answer.landmark is None else answer.landmark.landmark
            arrays = {**data.arrays(adjusted=True), "landmark": landmark, "ever": answer.is_biased, "steps": data.steps}
            yield from compare_treatment_ratios(answer.model, **arrays, model=answer.name)
