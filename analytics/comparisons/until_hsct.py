"""CAR-T against none until HSCT: HSCT as a competing event, or children weighted for who is transplanted.

HSCT ends the follow-up of every child, and it is the fit ones in remission who are transplanted. Taken as censoring, that
depends on the prognosis; these are the two answers that do not take it for chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.analysis import Control
from analytics.comparisons.treatment import list_ratio_tests
from analytics.dictionary import load_words
from analytics.document import ComparedTest
from analytics.estimators.censoring_weights import CensoringWeights, weighted_until
from analytics.estimators.cumulative_incidence import estimate_cumulative_incidence
from analytics.estimators.treatment import split_at_treatment, time_dependent_hazard_ratio
from analytics.estimators.zero_events import read_curve
from analytics.formats import MISSING, format_count, format_number, format_p_cell, format_patients
from analytics.frames.switching import UNTIL_HSCT, TreatmentData
from analytics.frames.treatment import CART
from analytics.reporting.estimates import format_probability, ratio_text
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.treatment import list_adjusters, name_term_test
from analytics.reporting.treatment_tables import head_ratio
from analytics.reporting.wording import describe_hazard_ratio, in_sentence, start_sentence
from analytics.results import HazardRatioResult, IncidenceResult, Result, treated_terms

END, COMPETING, WEIGHTED = "end", "competing", "weighted"
HSCT_COUNTS = Control(
    "hsct_as",
    "Until HSCT, HSCT is",
    "one",
    END,
    ((END, "the end of follow-up"), (COMPETING, "a competing event"), (WEIGHTED, "the end, weighted")),
    "more",
    "For “CAR-T or not yet, until HSCT” alone. As a competing event: how many die without HSCT and how many come to it. "
    "Weighted: {patients} still followed stand for those like them, in the variables to adjust for, who were transplanted.",
    display=True,  # the test of the curves stays what it is, and that of the weighted ratio says that it is weighted
)
MILESTONES = (6, 12, 36)  # months: most are transplanted within the first year
DEATH, HSCT = "event", "HSCT"


@dataclass(frozen=True, slots=True)
class UntilHsct(Result):
    """The answer that was chosen: ``incidence`` of the event without HSCT and of HSCT, or ``weighted`` ratios.

    ``plain`` is the ratio of the same children without weights.
    """

    incidence: IncidenceResult | None = None
    weighted: CensoringWeights | None = None
    plain: HazardRatioResult | None = None


def answer_until_hsct(data: TreatmentData, choice: str) -> UntilHsct:
    """The chosen answer; empty where follow-up is not until HSCT, or HSCT is taken as its end."""
    whole = data.whole
    if data.history != UNTIL_HSCT or whole is None or choice == END or not data.n:
        return UntilHsct()
    if choice == COMPETING:
        rows = split_at_treatment(
            data.time, data.event, data.treated_at[CART], weight=data.weight, untreated=data.untreated, treated=CART
        )
        is_last = np.concatenate([rows.row[1:] != rows.row[:-1], [True]])
        came = whole.hsct_at[rows.row] <= whole.time[rows.row]
        cause = np.where(rows.event > 0, 1, np.where(is_last & came, 2, 0))
        found = estimate_cumulative_incidence(
            rows.time, cause, group=rows.state, weight=rows.weight, entry=rows.entry, causes=(DEATH, HSCT)
        )
        return UntilHsct(incidence=found)
    kept = data.complete
    weighted = weighted_until(
        whole.time[kept],
        whole.event[kept],
        whole.cart_at[kept],
        whole.hsct_at[kept],
        data.covariates_of(kept),
        weight=data.weight[kept],
        untreated=data.untreated,
        treated=CART,
    )
    arrays = data.arrays(adjusted=True, without=("covariates", "strata"))
    plain = time_dependent_hazard_ratio(**arrays, conf_type="profile")
    return UntilHsct(weighted=weighted, plain=plain)


def tabulate_until_hsct(data: TreatmentData, found: UntilHsct) -> tuple[Table, ...]:
    """The incidences or the weighted ratio as a table; nothing without either."""
    if found.incidence is not None:
        return (_tabulate_incidence(data, found.incidence),)
    if found.weighted is not None and found.weighted.model is not None and found.plain is not None:
        return (_tabulate_weighted(data, found.weighted, found.plain),)
    return ()


def _tabulate_incidence(data: TreatmentData, incidence: IncidenceResult) -> Table:
    noun, words = data.endpoint.event_noun, load_words()
    rows = []
    for curve in incidence.curves:
        what = f"{noun} without HSCT" if curve.cause == DEATH else "HSCT"
        cells = [format_probability(e) for e in read_curve(curve, MILESTONES)] if curve.n else [MISSING] * 3
        counts = f"{format_count(curve.n_event)} of {format_count(curve.n)}"
        rows.append((f"{curve.group}: {what}", counts, *cells))
    return Table(
        title="HSCT as a competing event",
        columns=("While", words.head, *(f"{months} months" for months in MILESTONES)),
        rows=tuple(rows),
        help=(
            "",
            "Of those ever in this state",
            *(f"Cumulative incidence {m} months after relapse, with its interval" for m in MILESTONES),
        ),
        caption=f"Aalen–Johansen estimates with 95 % {incidence.conf_type} intervals of what came first, among "
        f"{words.plural} who come into a state as they are treated. The hazard ratio of this page is that of the rate of the "
        "event without HSCT (cause-specific), which needs no assumption on those transplanted.",
    )


def _tabulate_weighted(data: TreatmentData, weighted: CensoringWeights, plain: HazardRatioResult) -> Table:
    rows = []
    for label, model in (("not weighted", plain), ("weighted", weighted.model)):
        for term in treated_terms(model) if model is not None else ():
            rows.append((label, ratio_text(term.ratio), format_p_cell(term.p_value, term.p_reason)))
    return Table(
        title=f"{CART} against {data.untreated}, weighted for who is transplanted",
        columns=("", head_ratio(plain), "p"),
        rows=tuple(rows),
        help=("", "Cox model, Efron ties; the weighted one with robust errors", start_sentence(name_term_test(plain))),
        caption=f"{format_patients(weighted.n_ended)} transplanted; weights from {format_number(weighted.low or 0.0)} to "
        f"{format_number(weighted.high or 0.0)}, by the rate of HSCT given treatment and the variables to adjust for. What is "
        "not on record is not weighted.",
    )


def say_until_hsct(data: TreatmentData, found: UntilHsct) -> tuple[str, ...]:
    """The weighted ratio in words, or why there is none; nothing where it was not asked for."""
    if found.weighted is None:
        return ()
    if found.weighted.model is None:
        return (f"The comparison is not weighted for who is transplanted: {say_reason(found.weighted.reason)}.",)
    return tuple(
        f"Weighted for who is transplanted, by {list_adjusters(data)}: "
        + in_sentence(describe_hazard_ratio(term, data.treatment, data.untreated, (), data.endpoint))
        for term in treated_terms(found.weighted.model)
    )


def list_until_hsct_tests(data: TreatmentData, found: UntilHsct) -> tuple[ComparedTest, ...]:
    """The test of the weighted ratio, for the ledger."""
    if found.weighted is None or found.weighted.model is None:
        return ()
    return list_ratio_tests(data, found.weighted.model, " until HSCT, weighted for who is transplanted")
