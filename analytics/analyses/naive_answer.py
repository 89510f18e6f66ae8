"""How wrong is the naive answer? The same comparison of treatments by ever against never, landmarks, and over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.comparisons.choices import strata_control
from analytics.comparisons.regression import draw_forest, stack
from analytics.comparisons.salvage import salvage_reference_control
from analytics.comparisons.treatment import (
    TreatmentAnalysis,
    adjust_control,
    estimate_curves,
    headline_counts,
    is_offered,
    list_e_values,
    list_ratio_tests,
    read_model,
    say_waiting,
    treatment_controls,
)
from analytics.dictionary import DAYS_PER_MONTH, load_words
from analytics.document import ComparedTest, Headline, HtmlFigure
from analytics.estimators import landmark_profile, naive_hazard_ratio, time_dependent_hazard_ratio
from analytics.estimators.second_opinion.treatment import compare_treatment_ratios
from analytics.figures.forest.comparison import ComparisonForest, ComparisonRow, describe_comparison, plot_comparison
from analytics.formats import MISSING, format_count, format_number, format_p_cell
from analytics.frames.switching import SALVAGE, TreatmentData
from analytics.reporting.estimates import ratio_text
from analytics.reporting.files import name_measure
from analytics.reporting.naive_answer import (
    Answer,
    NaiveComparison,
    answer_naive,
    note_other_patients,
    note_penalised,
    say_answers,
    tabulate_landmarks,
)
from analytics.reporting.regression import has_few_events
from analytics.reporting.tables import Table
from analytics.reporting.treatment import AS_IT_CHANGES, list_cautions, name_term_test, note_not_random
from analytics.reporting.wording import start_sentence
from analytics.results import Estimate, Reason, treated_terms
from analytics.results.second_opinion import Compared
from analytics.speaking import word

LANDMARK_DAYS = (90, 120, 150, 180, 240)


def _row(answer: Answer, treatment: str, *, is_explained: bool, is_last: bool) -> ComparisonRow:
    term = next((t for t in treated_terms(answer.model) if t.level == treatment), None)
    reference = next((t for t in answer.model.terms if t.is_reference), None)
    return ComparisonRow(
        f"{answer.name}: {treatment}",
        Estimate(None, reason=answer.model.reason or Reason("in-nobody")) if term is None else term.ratio,
        f"{answer.detail} (biased)" if answer.is_biased else "" if is_explained else answer.detail,
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
        details = ["", *(answer.detail for answer in result.answers)]
        rows += [
            _row(answer, treatment, is_explained=answer.detail == before, is_last=answer is last)
            for answer, before in zip(result.answers, details, strict=False)
        ]
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
    apart = "The figure already holds several answers for the same {patients}, to be read against each other."

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        history, *others = treatment_controls(cohort)
        more = [adjust_control(cohort), strata_control(cohort)]
        if is_offered(SALVAGE, cohort):
            three = word("treatments")
            history = replace(history, options=(*history.options, (SALVAGE, three)))
            against = salvage_reference_control(cohort)
            against = replace(against, place="more", display=False, help=f"For “{three}” alone. {against.help}")
            more.append(against)
        return (history, *others, *more)

    def estimate(self, data: TreatmentData, params: Params) -> NaiveComparison:
        arrays, several = data.arrays(adjusted=True), data.history == SALVAGE
        is_chosen = several and params.get("against") in data.treated_at
        arrays["reference"] = params["against"] if is_chosen else data.untreated
        landmarks = [days / DAYS_PER_MONTH for days in LANDMARK_DAYS]
        profile = landmark_profile(**arrays, landmarks=landmarks, ratio_conf_type="profile")
        usual = (
            f"{'by the last ' + word('salvage treatment') if several else 'ever against never treated'}, from "
            f"{word('clock')} on"
        )
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
        own = (*note_penalised(answers), note_other_patients())
        return NaiveComparison(data, answers, (*list_cautions(data, "the comparison"), *own, *note_not_random()))

    def headlines(self, result: NaiveComparison) -> tuple[Headline, ...]:
        data, factor, first = result.data, result.exaggeration, result.treatments[0]
        naive, over_time = (
            MISSING if term is None or term.ratio.value is None else ratio_text(term.ratio)
            for term in (result.naive, result.over_time)
        )
        usual = "By the last treatment" if result.several else f"Ever against never given {first}"
        compared = f"{first} against {result.against}"
        counts = (
            Headline(load_words().head, format_count(data.n), f"{word('Whom')}, in this selection."),
            Headline("Treated", format_count(data.n_treated), "Within their follow-up."),
        )
        model = result.answers[-1].model
        if model.n_event and has_few_events(model):
            return (*counts, headline_counts(estimate_curves(data), data.endpoint))
        return (
            *counts,
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
        return draw_forest(plot_comparison(_forest(result)))

    def caption(self, result: NaiveComparison, params: Params) -> str:
        return (
            "The thick row counts treatment from its day on; the broken line carries it through the others. How far the naive "
            "row lies from it is what counting the wait for treatment as survival does to the answer."
        )

    def alt_text(self, result: NaiveComparison) -> str:
        return describe_comparison(_forest(result))

    def tables(self, result: NaiveComparison) -> tuple[Table, ...]:
        return (
            tabulate_landmarks(result),
            *list_e_values(result.answers[-1].model, estimate_curves(result.data)),
        )

    def answer(self, result: NaiveComparison) -> tuple[str, ...]:
        return (answer_naive(result), say_waiting(result.data)) if result.data.n else ()

    def sentences(self, result: NaiveComparison) -> tuple[str, ...]:
        return (say_waiting(result.data), *say_answers(result)) if result.data.n else ()

    def tests(self, result: NaiveComparison) -> tuple[ComparedTest, ...]:
        """The test of the one answer that is not biased; the others are there to be set against it."""
        return list_ratio_tests(result.data, result.answers[-1].model, AS_IT_CHANGES)

    def downloads(self, result: NaiveComparison) -> Mapping[str, pd.DataFrame]:
        estimates = stack([answer.model.to_frame().assign(method=answer.name) for answer in result.answers])
        return {"estimates": name_measure(estimates, "hazard_ratio")}

    def second_opinion(self, data: TreatmentData, result: NaiveComparison, params: Params) -> Iterator[Compared]:
        for answer in result.answers:
            landmark = None if answer.landmark is None else answer.landmark.landmark
            arrays = {**data.arrays(adjusted=True), "landmark": landmark, "ever": answer.is_biased, "steps": data.steps}
            yield from compare_treatment_ratios(answer.model, **arrays, model=answer.name)
