"""Whether the difference between survival curves changes over time: curves that cross, hazards that do not keep a ratio.

Where it does, the log-rank test and one hazard ratio average over opposite or unequal differences and may miss them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from analytics.estimators import find_crossings, proportional_hazards_test
from analytics.frames import TimeToEvent
from analytics.reporting.proportionality import Crossing, note_changing_difference
from analytics.results import Note, SurvivalCurve, TermTest

# Where a curve is drawn faintly, with fewer at risk than this in one of two groups, nearly every pair crosses by chance.
CROSSING_AT_RISK = 10
GROUP = "group"


def note_non_proportional(
    frame: TimeToEvent, curves: Sequence[SurvivalCurve], labels: Mapping[str, str]
) -> tuple[Note, ...]:
    """A caution where curves cross, or where the ratio of the hazards changes over time.

    Parameters
    ----------
    frame
        The patients of the curves, whose ``group`` tells them apart.
    curves
        One curve per group.
    labels
        Group to what a reader sees.

    Returns
    -------
    tuple of Note
        One note with the code "non-proportional", or none: without two groups that have events there is nothing to
        compare, and where the test cannot be done the curves alone decide.
    """
    if sum(curve.n_event > 0 for curve in curves) < 2:
        return ()
    crossings = [(labels.get(a, a), labels.get(b, b), months) for a, b, months in list_crossings(curves)]
    return note_changing_difference(crossings, ratio_test(frame))


def ratio_test(frame: TimeToEvent) -> TermTest:
    """The score test of a constant ratio of the groups' hazards, within the strata of the frame.

    Groups without events are left out: their hazard is 0 throughout, and with it they are in no likelihood.
    """
    codes = np.asarray(frame.group.codes)
    n_event = np.bincount(codes, frame.weight * frame.event, len(frame.group.categories))
    kept = n_event[codes] > 0
    covariates = pd.DataFrame({GROUP: frame.group[kept].remove_unused_categories()})
    return proportional_hazards_test(covariates=covariates, **frame.arrays(kept)).global_test


def list_crossings(curves: Sequence[SurvivalCurve]) -> tuple[Crossing, ...]:
    """The pairs of groups whose curves cross, in the order of the curves, with the times in months."""
    pairs = combinations(curves, 2)
    found = ((a.group, b.group, find_crossings(a, b, min_at_risk=CROSSING_AT_RISK)) for a, b in pairs)
    return tuple(pair for pair in found if pair[2])
