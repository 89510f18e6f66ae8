"""Treatments compared after weighing for who is treated: its choices, and what is worked out from the result."""

from __future__ import annotations

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.comparisons.treatment import list_known_by
from analytics.estimators import e_value_of, highest_risk, read_curve, survival_at
from analytics.reporting.curves import MILESTONES
from analytics.reporting.tables import Table
from analytics.reporting.weighting import AdjustedComparison, tabulate_weighted_survival
from analytics.results import EValue

TWO_STATES = ("hsct", "cart")
WEIGHTS = Control(
    "weights",
    "Weigh to",
    "one",
    "ate",
    (("ate", "all {patients}"), ("att", "the treated"), ("overlap", "those who could be either")),
    "more",
    "For whom the groups are compared: all {patients} at the landmark (stabilised inverse probability weights), {patients} like "
    "those treated (ATT), or those in whom treatment by the landmark was about as likely as not (overlap weights).",
    display=True,
)


def balance_control(cohort: Cohort) -> Control:
    """The choice of what the groups should be alike in: known at relapse, or after reinduction."""
    options = list_known_by(cohort, "reinduction")
    offered = [name for name, _ in options]
    chosen = tuple(name for name in cohort.dictionary.listed("balanced between treatments") if name in offered)
    about = (
        "What may have decided both who was treated and who died, known before the landmark. Each needs several {patients} in "
        "both groups: with many, the groups cannot be weighted."
    )
    return Control("balance", "Make alike in", "many", chosen, options, "more", about)


def list_weighted_e_values(result: AdjustedComparison) -> tuple[EValue, ...]:
    """The E-values of the treatment's ratio without weights and with them."""
    weighted = result.curves.curves if result.curves else ()
    risk = highest_risk((*result.unadjusted.curves.curves, *weighted))
    return tuple(e_value_of(result.ratio(model), risk) for _, model in result.models)


def list_survival(result: AdjustedComparison) -> Table:
    """Survival at the milestones before and after weighting."""
    plain, weighted = result.unadjusted.curves.curves, result.curves.curves if result.curves else ()
    months = list(MILESTONES)
    before = [("unweighted", curve, read_curve(curve, months)) for curve in plain]
    # Weighted children have no exact limit: how much each counts was estimated.
    after = [("weighted", curve, survival_at(curve, months)) for curve in weighted]
    return tabulate_weighted_survival(result, [*before, *after])
