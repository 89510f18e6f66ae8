"""Which values are missing, in whom, and whether it matters for the odds ratios of relapse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from analytics.analysis import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import note_references, reference_control
from analytics.comparisons.imputation import COMPLETE, IMPUTATION, OWN_LEVEL, MissingValues
from analytics.comparisons.regression import stack
from analytics.comparisons.relapse import (
    RelapseData,
    factors_control,
    horizon_control,
    list_factors,
    note_late,
    prepare_relapse,
)
from analytics.dictionary import dictionary_naming, load_words
from analytics.document import Headline, Picture
from analytics.estimators import count_missing
from analytics.estimators.missing.imputation import IMPUTATIONS
from analytics.estimators.second_opinion.proportions import compare_missing
from analytics.figures.points.missingness import MOST_PATTERNS, plot_missingness, plot_patterns
from analytics.formats import format_count, format_patients, format_share
from analytics.reporting.attrition import Used
from analytics.reporting.files import name_measure
from analytics.reporting.missing import (
    NOTHING,
    describe_patterns,
    describe_shares,
    note_complete_cases,
    note_unknown_by_outcome,
    say_largest_change,
    say_missing_values,
    tabulate_missing,
    worst_first,
)
from analytics.reporting.relapse import note_horizon, note_odds
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, join_words
from analytics.results.second_opinion import Compared
from analytics.speaking import word

FEWEST, MOST, STEP = 5, 100, 5


@dataclass(frozen=True, slots=True)
class _Frame:
    data: RelapseData
    others: pd.DataFrame


class MissingValuesAnalysis(Analysis[_Frame, MissingValues]):
    """Which values are missing, in whom, and whether it matters for the odds ratios of relapse."""

    slug = "missing-values"
    title = "Missing values"
    question = "What is not known, of whom, and does it change which factors go {with_relapse}?"
    section = "Relapse"
    order = 30
    icon = ":material/unknown_document:"
    method = (
        "Missing values per factor by outcome, shares with Wilson and differences with Newcombe intervals. Logistic "
        "regression of complete cases, with missing values as a level of their own, and after multiple imputation by chained "
        "equations, pooled by Rubin's rules; Firth's penalised likelihood on separation."
    )
    files = ("missing", "patterns", "estimates")
    apart = "The figure already holds those with and without the event of one selection, with the values each lacks."
    background = (IMPUTATION,)

    @property
    def requires(self) -> tuple[tuple[str, ...], ...]:
        return ((dictionary_naming("relapse").role("relapse"),),)

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        same = f" The same choice as for the predictors of {word('relapse')}."
        return (
            # The published factors are hardly ever missing.
            factors_control(cohort, "often missing", help=same),
            horizon_control(cohort),
            reference_control(cohort),
            Control(
                "imputations",
                "Imputations",
                "number",
                IMPUTATIONS,
                place="more",
                help="How many times missing values are filled in. About as many as there are {patients} in a hundred who lack "
                "something; more make the result steadier, not the data better.",
                limits=(FEWEST, MOST),
                step=STEP,
            ),
        )

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
        offered = list_factors(cohort)
        at_hand = {v.name for v in offered}
        # What is made from another factor lacks what that one lacks.
        others = [
            v
            for v in offered
            if v.name not in params["factors"] and not (v.derivation is not None and set(v.derivation.source) & at_hand)
        ]
        data = prepare_relapse(cohort, cohort_filter, params, others)
        return _Frame(data, data.rows[[v.name for v in others]].reset_index(drop=True))

    def estimate(self, frame: _Frame, params: Params) -> MissingValues:
        data, outcome = frame.data, frame.data.outcome
        counts = count_missing(outcome.covariates, outcome.outcome, weight=outcome.weight)
        others = count_missing(frame.others, outcome.outcome, weight=outcome.weight)
        notes = (
            *note_late(data.dictionary, data.filtered_by, data.variables),
            *note_complete_cases(counts),
            *note_unknown_by_outcome(counts, data.dictionary),
            *note_horizon(data.horizon, outcome.n),
            *note_references(params, data.variables),
            note_odds(data.horizon),
        )
        return MissingValues(data, counts, others, notes)

    def headlines(self, result: MissingValues) -> tuple[Headline, ...]:
        counts, words = result.counts, load_words()
        cells = counts.n * len(counts.variables)
        most = max(counts.variables, key=lambda s: s.everyone.n_event, default=None)
        worst = "none"
        if most is not None and most.everyone.n_event:
            worst = f"{result.labels[most.variable]}, {format_count(most.everyone.n_event)}"
        return (
            Headline(
                f"{words.head} with every factor known",
                f"{format_count(counts.n_complete)} of {format_count(counts.n)}",
                "Complete cases: these alone are in an ordinary multivariable model.",
            ),
            Headline(
                f"{word('Relapses')} among them",
                f"{format_count(counts.patterns[0].n_event)} of {format_count(counts.n_event)}",
                f"{words.head} who {word('had_relapse')}{result.data.within}.",
            ),
            Headline(
                "Values missing",
                format_share(counts.n_missing, cells) if cells else "0",
                "Of all values of the factors in the model.",
            ),
            Headline("Most often missing", worst, f"The factor of the model that is unknown in most {words.plural}."),
        )

    def figure(self, result: MissingValues, params: Params) -> object:
        blocks = [("In the model", worst_first(result.counts)), ("Not in the model", worst_first(result.others))]
        return plot_missingness(blocks, labels=result.labels, outcome=result.outcome)

    def caption(self, result: MissingValues, params: Params) -> str:
        counts, plural = result.counts, load_words().plural
        if not counts.n:
            return ""
        known = [in_sentence(result.labels[s.variable]) for s in counts.variables if not s.everyone.n_event]
        nothing = f"Nothing is missing in {join_words(known)}. " if known else ""
        return (
            f"{nothing}Marks: the share of {plural} in whom the value is unknown, with its 95 % interval (Wilson). Shares far "
            f"apart with and {word('without_relapse')} warn that leaving these {plural} out can bias the odds ratios."
        )

    def alt_text(self, result: MissingValues) -> str:
        blocks = {"In the model": result.counts, "Not in the model": result.others}
        said = {head: describe_shares(counts, result.labels, result.outcome[0]) for head, counts in blocks.items()}
        parts = [f"{head}: {shares}." for head, shares in said.items() if shares]
        return f"{load_words().head} in whom a value is missing. {' '.join(parts)}" if parts else NOTHING

    def pictures(self, result: MissingValues, params: Params) -> tuple[Picture, ...]:
        counts, words = result.counts, load_words()
        patterns = [p for p in counts.patterns if p.missing]
        if not patterns:
            return ()
        rest, further = "", sum(p.n for p in patterns[MOST_PATTERNS:])
        if further:
            n_further = format_count(len(patterns) - MOST_PATTERNS)
            rest = f" The {n_further} smallest patterns ({format_patients(further)}) are not drawn."
        return (
            Picture(
                "Which values are missing together",
                plot_patterns(counts.patterns, labels=result.labels, outcome=result.outcome),
                describe_patterns(patterns[:MOST_PATTERNS], result.labels, result.outcome[0]),
                f"Each column is a group of {words.plural} who lack exactly the factors with a full dot; the bar says how many "
                f"they are. {format_count(counts.n_complete)} of {format_patients(counts.n)} lack nothing.{rest}",
            ),
        )

    def tables(self, result: MissingValues) -> tuple[Table, ...]:
        return tabulate_missing(result.counts, result.labels, result.outcome)

    def answer(self, result: MissingValues) -> tuple[str, ...]:
        counts = result.counts
        known = say_missing_values(counts, result.labels, result.data.within)[:1]
        if not counts.n or not counts.n_missing:
            return known
        most = worst_first(counts)[0]
        unknown = format_share(most.everyone.n_event, counts.n)
        change = say_largest_change(result.complete_cases, result.own_level, result.variables)
        return (*known, f"Most often unknown: {in_sentence(result.labels[most.variable])}, in {unknown}.", change)

    def sentences(self, result: MissingValues) -> tuple[str, ...]:
        return say_missing_values(result.counts, result.labels, result.data.within)

    def used(self, result: MissingValues) -> Used:
        return result.data.count_used(result.counts.n_complete, result.counts.patterns[0].n_event)

    def downloads(self, result: MissingValues) -> Mapping[str, pd.DataFrame]:
        counts = {"yes": result.counts, "no": result.others}
        models = {"complete cases": result.complete_cases, "missing as own level": result.own_level}
        return {
            "missing": name_measure(
                stack([found.to_frame().assign(in_model=name) for name, found in counts.items()]), "proportion_missing"
            ),
            "patterns": result.counts.patterns_to_frame(),
            "estimates": name_measure(
                stack([m.to_frame().assign(model=name, method=m.method, n_model=m.n) for name, m in models.items()]),
                "odds_ratio",
            ),
        }

    def second_opinion(self, frame: _Frame, result: MissingValues, params: Params) -> Iterator[Compared]:
        yield from compare_missing(result.counts)
        yield from compare_missing(result.others)
        yield from frame.data.ask_libraries(result.complete_cases, COMPLETE)
        yield from frame.data.own_level.ask_libraries(result.own_level, OWN_LEVEL)
