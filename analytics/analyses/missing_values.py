"""Which values are missing, in whom, and whether it matters for the odds ratios of relapse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from analytics.analysis import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.imputation import COMPLETE, IMPUTATION, OWN_LEVEL, MissingValues
from analytics.comparisons.regression import note_references, reference_control, stack
from analytics.comparisons.relapse import (
    OUTCOME,
    RelapseData,
    factors_control,
    horizon_control,
    list_factors,
    note_late,
    prepare_relapse,
)
from analytics.dictionary import load_words
from analytics.document import Headline, Picture
from analytics.estimators.imputation import IMPUTATIONS
from analytics.estimators.missing_data import count_missing
from analytics.estimators.second_opinion.proportions import compare_missing
from analytics.figures.missingness import MOST_PATTERNS, NOTHING, plot_missingness, plot_patterns
from analytics.formats import format_count, format_patients, format_share
from analytics.reporting.attrition import Used
from analytics.reporting.estimates import format_percent_points
from analytics.reporting.relapse import note_complete_cases, note_horizon, note_odds, note_unknown_by_outcome
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, join_words
from analytics.results import MissingResult, MissingShare, OddsRatioResult
from analytics.results.second_opinion import Compared

# In the model at first beside the published factors, which are hardly ever missing.
OFTEN_MISSING = ("etv6_runx1", "high_hyperdiploidy", "cns_status")
FEWEST, MOST, STEP = 5, 100, 5


@dataclass(frozen=True, slots=True)
class _Frame:
    data: RelapseData
    others: pd.DataFrame


def _worst_first(counts: MissingResult) -> list[MissingShare]:
    return sorted(counts.variables, key=lambda share: -share.everyone.n_event)


def _known(counts: MissingResult, labels: Mapping[str, str]) -> list[str]:
    return [labels[s.variable] for s in counts.variables if not s.everyone.n_event]


def _describe_patterns(result: MissingValues) -> str:
    patterns = [p for p in result.counts.patterns if p.missing][:MOST_PATTERNS]
    said = [
        f"{join_words([result.labels[name] for name in p.missing])} in {format_count(p.n)}, "
        f"{format_count(p.n_event)} of them relapsed{result.data.within}"
        for p in patterns
    ]
    return f"Children by what is missing together: {'; '.join(said)}."


def _model_frame(model: OddsRatioResult, name: str) -> pd.DataFrame:
    return model.to_frame().assign(model=name, method=model.method, n_model=model.n)


class MissingValuesAnalysis(Analysis[_Frame, MissingValues]):
    """Which values are missing, in whom, and whether it matters for the odds ratios of relapse."""

    slug = "missing-values"
    title = "Missing values"
    question = "What is not known, of whom, and does it change which factors go with relapse?"
    section = "Relapse"
    order = 30
    icon = ":material/unknown_document:"
    method = (
        "Missing values per factor by outcome, shares with Wilson and differences with Newcombe intervals. Logistic "
        "regression of complete cases, with missing values as a level of their own, and after multiple imputation by chained "
        "equations, pooled by Rubin's rules; Firth's penalised likelihood on separation."
    )
    requires = ((OUTCOME,),)
    files = ("missing", "patterns", "estimates")
    background = (IMPUTATION,)

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        same = " The same choice as for the predictors of relapse."
        return (
            factors_control(cohort, *OFTEN_MISSING, help=same),
            horizon_control(cohort),
            reference_control(cohort),
            Control(
                "imputations",
                "Imputations",
                "number",
                IMPUTATIONS,
                place="more",
                help="How many times missing values are filled in. About as many as there are children in a hundred who lack "
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
        counts = result.counts
        cells = counts.n * len(counts.variables)
        most = max(counts.variables, key=lambda s: s.everyone.n_event, default=None)
        worst = "none"
        if most is not None and most.everyone.n_event:
            worst = f"{result.labels[most.variable]}, {format_count(most.everyone.n_event)}"
        return (
            Headline(
                "Children with every factor known",
                f"{format_count(counts.n_complete)} of {format_count(counts.n)}",
                "Complete cases: these alone are in an ordinary multivariable model.",
            ),
            Headline(
                "Relapses among them",
                f"{format_count(counts.patterns[0].n_event)} of {format_count(counts.n_event)}",
                f"Children who relapsed{result.data.within}.",
            ),
            Headline(
                "Values missing",
                format_share(counts.n_missing, cells) if cells else "0",
                "Of all values of the factors in the model.",
            ),
            Headline("Most often missing", worst, "The factor of the model that is unknown in most children."),
        )

    def figure(self, result: MissingValues, params: Params) -> object:
        blocks = [("In the model", _worst_first(result.counts)), ("Not in the model", _worst_first(result.others))]
        return plot_missingness(blocks, labels=result.labels, outcome=result.outcome)

    def caption(self, result: MissingValues, params: Params) -> str:
        known = [in_sentence(label) for label in _known(result.counts, result.labels)]
        nothing = f"Nothing is missing in {join_words(known)}. " if known and result.counts.n else ""
        if not result.counts.n:
            return ""
        return (
            f"{nothing}Marks: the share of children in whom the value is unknown, with its 95 % interval (Wilson). Shares far "
            "apart with and without relapse warn that leaving these children out can bias the odds ratios."
        )

    def alt_text(self, result: MissingValues) -> str:
        said = []
        for heading, counts in (("In the model", result.counts), ("Not in the model", result.others)):
            parts = [
                f"{result.labels[s.variable]} {format_share(s.everyone.n_event, counts.n)}, "
                f"{format_count(s.with_event.n_event)} of {format_count(counts.n_event)} {result.outcome[0]}"
                for s in _worst_first(counts)
                if s.everyone.n_event
            ]
            if parts:
                said.append(f"{heading}: {'; '.join(parts)}.")
        return f"Children in whom a value is missing. {' '.join(said)}" if said else NOTHING

    def pictures(self, result: MissingValues, params: Params) -> tuple[Picture, ...]:
        patterns = [p for p in result.counts.patterns if p.missing]
        if not patterns:
            return ()
        counts = result.counts
        further = sum(p.n for p in patterns[MOST_PATTERNS:])
        rest = (
            f" The {format_count(len(patterns) - MOST_PATTERNS)} smallest patterns ({format_count(further)} "
            f"{load_words().of(further)}) are not drawn."
            if further
            else ""
        )
        return (
            Picture(
                "Which values are missing together",
                plot_patterns(counts.patterns, labels=result.labels, outcome=result.outcome),
                _describe_patterns(result),
                "Each column is a group of children who lack exactly the factors with a full dot; the bar says how many they "
                f"are. {format_count(counts.n_complete)} of {format_patients(counts.n)} lack nothing.{rest}",
            ),
        )

    def tables(self, result: MissingValues) -> tuple[Table, ...]:
        shares = [s for s in _worst_first(result.counts) if s.everyone.n_event]
        if not shares:
            return ()
        counts = result.counts
        rows = tuple(
            (
                result.labels[s.variable],
                format_share(s.everyone.n_event, counts.n),
                format_share(s.with_event.n_event, counts.n_event),
                format_share(s.without_event.n_event, counts.n - counts.n_event),
                format_percent_points(s.difference),
            )
            for s in shares
        )
        relapsed, free = result.outcome
        return (
            Table(
                title="Missing values of the factors in the model",
                columns=(
                    "Factor",
                    f"All (n = {format_count(counts.n)})",
                    f"{relapsed.capitalize()} (n = {format_count(counts.n_event)})",
                    f"{free.capitalize()} (n = {format_count(counts.n - counts.n_event)})",
                    "Difference (95 % CI)",
                ),
                rows=rows,
                help=("", "", "", "", "Percentage points: relapsed less not relapsed"),
                caption="n (% of the column). Differences in percentage points, intervals by Newcombe’s method.",
            ),
        )

    def sentences(self, result: MissingValues) -> tuple[str, ...]:
        counts = result.counts
        if not counts.n:
            return ("No child is selected whose outcome is known.",)
        if not counts.variables:
            return ("No factor is chosen.",)
        said = [
            f"All factors of the model are known in {format_count(counts.n_complete)} of {format_patients(counts.n)}, "
            f"{format_count(counts.patterns[0].n_event)} of whom relapsed{result.data.within}."
        ]
        missing = [s for s in _worst_first(counts) if s.everyone.n_event]
        if not missing:
            said.append(NOTHING)
        for s in missing:
            parts = [
                f"{format_count(e.n_event)} of {format_count(e.n)} {who}"
                for e, who in ((s.with_event, f"who relapsed{result.data.within}"), (s.without_event, "who did not"))
                if e.n
            ]
            difference = (
                f" (difference {format_percent_points(s.difference)} percentage points)"
                if s.difference.interval
                else ""
            )
            said.append(
                f"{result.labels[s.variable]} is unknown in {format_share(s.everyone.n_event, counts.n)} of "
                f"{format_patients(counts.n)}: in {' and '.join(parts)}{difference}."
            )
        return tuple(said)

    def used(self, result: MissingValues) -> Used:
        return result.data.count_used(result.counts.n_complete, result.counts.patterns[0].n_event)

    def downloads(self, result: MissingValues) -> Mapping[str, pd.DataFrame]:
        return {
            "missing": stack(
                [result.counts.to_frame().assign(in_model="yes"), result.others.to_frame().assign(in_model="no")]
            ),
            "patterns": result.counts.patterns_to_frame(),
            "estimates": stack(
                [
                    _model_frame(result.complete_cases, "complete cases"),
                    _model_frame(result.own_level, "missing as own level"),
                ]
            ),
        }

    def second_opinion(self, frame: _Frame, result: MissingValues, params: Params) -> Iterator[Compared]:
        yield from compare_missing(result.counts)
        yield from compare_missing(result.others)
        yield from frame.data.ask_libraries(result.complete_cases, COMPLETE)
        yield from frame.data.own_level.ask_libraries(result.own_level, OWN_LEVEL)
