"""What is said of CAR-T against none until HSCT: HSCT as a competing event, or weighted for who is transplanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.dictionary import load_words
from analytics.formats import MISSING, format_count, format_number, format_p_cell, format_patients, name_patients
from analytics.frames import name_treatment
from analytics.frames.switching import TreatmentData
from analytics.frames.treatment import CART, HSCT
from analytics.reporting.estimates import format_probability, ratio_text
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.treatment import list_adjusters, name_term_test
from analytics.reporting.treatment_tables import head_ratio
from analytics.reporting.wording import describe_hazard_ratio, in_sentence, start_sentence
from analytics.results import CensoringWeights, Estimate, HazardRatioResult, IncidenceResult, Result, treated_terms
from analytics.speaking import word

MILESTONES = (6, 12, 36)  # months: most are transplanted within the first year
DEATH = "event"  # among the causes


@dataclass(frozen=True, slots=True)
class UntilHsct(Result):
    """The answer that was chosen: ``incidence`` of the event without HSCT and of HSCT, or ``weighted`` ratios.

    ``plain`` is the ratio of the same children without weights.
    """

    incidence: IncidenceResult | None = None
    weighted: CensoringWeights | None = None
    plain: HazardRatioResult | None = None


def tabulate_until_hsct(
    data: TreatmentData, found: UntilHsct, milestones: Sequence[Sequence[Estimate]]
) -> tuple[Table, ...]:
    """The incidences or the weighted ratio as a table; nothing without either.

    ``milestones`` are the incidences of each curve at `MILESTONES`.
    """
    if found.incidence is not None:
        return (_tabulate_incidence(data, found.incidence, milestones),)
    if found.weighted is not None and found.weighted.model is not None and found.plain is not None:
        return (_tabulate_weighted(data, found.weighted, found.plain),)
    return ()


def _tabulate_incidence(
    data: TreatmentData, incidence: IncidenceResult, milestones: Sequence[Sequence[Estimate]]
) -> Table:
    noun, words, hsct = data.endpoint.event_noun, load_words(), name_treatment(HSCT)
    rows = []
    for curve, found in zip(incidence.curves, milestones, strict=True):
        what = f"{noun} without {hsct}" if curve.cause == DEATH else hsct
        cells = [format_probability(e) if curve.n else MISSING for e in found]
        counts = f"{format_count(curve.n_event)} of {format_count(curve.n)}"
        rows.append((f"{curve.group}: {what}", counts, *cells))
    return Table(
        title=f"{hsct} as a competing event",
        columns=("While", words.head, *(f"{months} months" for months in MILESTONES)),
        rows=tuple(rows),
        help=(
            "",
            "Of those ever in this state",
            *(f"Cumulative incidence {m} months after {word('clock')}, with its interval" for m in MILESTONES),
        ),
        caption=f"Aalen–Johansen estimates with 95 % {incidence.conf_type} intervals of what came first, among "
        f"{words.plural} who come into a state as they are treated. The hazard ratio of this page is that of the rate of the "
        f"event without {hsct} (cause-specific), which needs no assumption on those {_given()}.",
    )


def _tabulate_weighted(data: TreatmentData, weighted: CensoringWeights, plain: HazardRatioResult) -> Table:
    rows = []
    for label, model in (("not weighted", plain), ("weighted", weighted.model)):
        for term in treated_terms(model) if model is not None else ():
            rows.append((label, ratio_text(term.ratio), format_p_cell(term.p_value, term.p_reason)))
    return Table(
        title=f"{name_treatment(CART)} against {data.untreated}, weighted for who is {_given()}",
        columns=("", head_ratio(plain), "p"),
        rows=tuple(rows),
        help=("", "Cox model, Efron ties; the weighted one with robust errors", start_sentence(name_term_test(plain))),
        caption=f"{format_patients(weighted.n_ended)} {_given()}; weights from {format_number(weighted.low or 0.0)} to "
        f"{format_number(weighted.high or 0.0)}, by the rate of {name_treatment(HSCT)} given treatment and the variables to "
        "adjust for. What is not on record is not weighted.",
    )


def say_until_hsct(data: TreatmentData, found: UntilHsct) -> tuple[str, ...]:
    """The weighted ratio in words, or why there is none; nothing where it was not asked for."""
    if found.weighted is None:
        return ()
    if found.weighted.model is None:
        return (f"The comparison is not weighted for who is {_given()}: {say_reason(found.weighted.reason)}.",)
    return tuple(
        f"Weighted for who is {_given()}, by {list_adjusters(data)}: "
        + in_sentence(describe_hazard_ratio(term, data.treatment, data.untreated, (), data.endpoint))
        for term in treated_terms(found.weighted.model)
    )


def _given() -> str:
    return name_patients("{given HSCT}")
