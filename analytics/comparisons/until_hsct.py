"""CAR-T against none until HSCT: HSCT as a competing event, or children weighted for who is transplanted.

HSCT ends the follow-up of every child, and it is the fit ones in remission who are transplanted. Taken as censoring, that
depends on the prognosis; these are the two answers that do not take it for chance.
"""

from __future__ import annotations

import numpy as np

from analytics.analysis import Control
from analytics.comparisons.treatment import list_ratio_tests
from analytics.document import ComparedTest
from analytics.estimators import (
    estimate_cumulative_incidence,
    read_curve,
    split_at_treatment,
    time_dependent_hazard_ratio,
    weighted_until,
)
from analytics.formats import name_patients
from analytics.frames.switching import UNTIL_HSCT, TreatmentData
from analytics.frames.treatment import CART, name_treatment
from analytics.reporting.tables import Table
from analytics.reporting.until_hsct import DEATH, MILESTONES, UntilHsct, tabulate_until_hsct
from analytics.speaking import word

END, COMPETING, WEIGHTED = "end", "competing", "weighted"
HSCT_COUNTS = Control(
    "hsct_as",
    "Until {HSCT}, {HSCT} is",
    "one",
    END,
    ((END, "the end of follow-up"), (COMPETING, "a competing event"), (WEIGHTED, "the end, weighted")),
    "more",
    "For “{CAR-T} or not yet, until {HSCT}” alone. As a competing event: how many die without {HSCT} and how many come to it. "
    "Weighted: {patients} still followed stand for those like them, in the variables to adjust for, who were {given HSCT}.",
    display=True,  # the test of the curves stays what it is, and that of the weighted ratio says that it is weighted
)


def answer_until_hsct(data: TreatmentData, choice: str) -> UntilHsct:
    """The chosen answer; empty where follow-up is not until HSCT, or HSCT is taken as its end."""
    whole, cart = data.whole, name_treatment(CART)
    if data.history != UNTIL_HSCT or whole is None or choice == END or not data.n:
        return UntilHsct()
    if choice == COMPETING:
        rows = split_at_treatment(
            data.time, data.event, data.treated_at[cart], weight=data.weight, untreated=data.untreated, treated=cart
        )
        is_last = np.concatenate([rows.row[1:] != rows.row[:-1], [True]])
        came = whole.hsct_at[rows.row] <= whole.time[rows.row]
        cause = np.where(rows.event > 0, 1, np.where(is_last & came, 2, 0))
        found = estimate_cumulative_incidence(
            rows.time, cause, group=rows.state, weight=rows.weight, entry=rows.entry, causes=(DEATH, word("HSCT"))
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
        treated=cart,
    )
    arrays = data.arrays(adjusted=True, without=("covariates", "strata"))
    plain = time_dependent_hazard_ratio(**arrays, conf_type="profile")
    return UntilHsct(weighted=weighted, plain=plain)


def list_until_hsct_tables(data: TreatmentData, found: UntilHsct) -> tuple[Table, ...]:
    """The incidences or the weighted ratio as a table; nothing without either."""
    curves = found.incidence.curves if found.incidence is not None else ()
    return tabulate_until_hsct(data, found, [read_curve(curve, MILESTONES) for curve in curves])


def list_until_hsct_tests(data: TreatmentData, found: UntilHsct) -> tuple[ComparedTest, ...]:
    """The test of the weighted ratio, for the ledger."""
    if found.weighted is None or found.weighted.model is None:
        return ()
    return list_ratio_tests(
        data, found.weighted.model, name_patients(" until {HSCT}, weighted for who is {given HSCT}")
    )
