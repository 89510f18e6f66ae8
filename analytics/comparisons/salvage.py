"""Chemotherapy so far, CAR-T and HSCT as groups of their own: every pair of them, and who goes from one to another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.comparisons.treatment import AT_LANDMARK, AT_START, read_model
from analytics.comparisons.treatment_groups import TreatmentGroups
from analytics.dictionary import DAYS_PER_MONTH
from analytics.estimators import SwitchingPatients, landmark_profile, time_dependent_hazard_ratio
from analytics.frames import list_treatments
from analytics.frames.switching import TreatmentData
from analytics.reporting.treatment import name_chemotherapy
from analytics.results import HazardRatioResult, PairwiseTest

CLOCK = Control(
    "clock",
    "Compare from",
    "one",
    AT_LANDMARK,
    ((AT_LANDMARK, "a landmark"), (AT_START, "the start of each treatment")),
    help="From a landmark: every {patient} stays in the group of that day. From the start of each treatment: a {patient} is at "
    "risk from the day on which {salvage treatment} began (delayed entry), and changes group on the day of {CAR-T or HSCT}.",
)


def salvage_reference_control(cohort: Cohort) -> Control:
    """The choice of the group that the others are compared with, as far as the cohort knows of them."""
    known = [name for column, name in list_treatments().items() if column in cohort.variables]
    options = (("chemotherapy", name_chemotherapy(known)), *((name, name) for name in known))
    return Control(
        "against",
        "Compare with",
        "one",
        "chemotherapy",
        options,
        help="The group that the hazard ratios compare the others with."
        + (" {HSCT} after {CAR-T} counts as {HSCT}; {CAR-T} after {HSCT} changes nothing." if len(known) > 1 else ""),
        display=True,
    )


def count_moves(data: TreatmentData, days: int | None) -> tuple[tuple[str, str, int], ...]:
    """How many went from one group to another: after the landmark and until the last treatment, or at each change."""
    known: dict[str, Any] = {
        "weight": None,
        "entry": None,
        **data.arrays(adjusted=True, without=("covariates", "strata")),
    }
    history = SwitchingPatients.from_arrays(**known)
    if days is None:
        rows = history.split()
        again = np.flatnonzero(rows.row[1:] == rows.row[:-1])
        weight, before, after = rows.weight[again], rows.state.codes[again], rows.state.codes[again + 1]
    else:
        landmark = days / DAYS_PER_MONTH
        followed = history.time > landmark
        weight = history.weight[followed]
        before, after = history.state_at(landmark)[followed], history.last_state()[followed]
    return tuple(
        (one, other, int(weight[(before == i) & (after == j)].sum()))
        for i, one in enumerate(history.names)
        for j, other in enumerate(history.names)
        if i != j
    )


def list_other_pairs(data: TreatmentData, days: int | None, reference: str) -> tuple[HazardRatioResult, ...]:
    """The models in which the pairs without ``reference`` are compared, one for each further one that is needed."""
    others = [state for state in data.states if state != reference]
    models = []
    for state in others[:-1]:
        arrays: dict[str, Any] = {**data.arrays(adjusted=True), "reference": state}
        if days is None:
            model = time_dependent_hazard_ratio(**arrays, conf_type="profile")
        else:
            (at,) = landmark_profile(**arrays, landmarks=[days / DAYS_PER_MONTH], ratio_conf_type="profile")
            model = at.hazard_ratio
        models.append(read_model(data, replace(model, concordance=None)))
    return tuple(models)


def frame_estimates(
    result: TreatmentGroups, others: Iterable[HazardRatioResult], pairs: Iterable[PairwiseTest]
) -> pd.DataFrame:
    """The hazard ratios of every model, then the tests of all groups and of each pair."""
    rows: list[dict[Any, Any]] = [row for m in (result.hazard, *others) for row in m.to_frame().to_dict("records")]
    tests = [(result.test, "", "", None), *((p.test, p.group_a, p.group_b, p.p_adjusted) for p in pairs)]
    for test, reference, level, p_holm in tests:
        rows.append({**test.to_row(), "reference": reference, "level": level, "p_value_holm": p_holm})
    return pd.DataFrame(rows).assign(landmark_days=result.days)
