"""Follow-up cut where treatment begins, and what every comparison of treatments checks first.

Sources
-------
Crowley & Hu (1977), Journal of the American Statistical Association 72:27, doi:10.1080/01621459.1977.10479903: the
Stanford heart transplant data, in which a death on the day of transplantation is one after it.
Therneau & Grambsch (2000), Modeling Survival Data, Springer, section 3.7: rows of a counting process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analytics.estimators.design import check_covariates, read_covariates
from analytics.estimators.observations import IntArray
from analytics.estimators.regression.cox import (
    ConfType,
    Method,
    Ties,
    estimate_hazard_ratios,
)
from analytics.estimators.treatment.history import (
    TREATED,
    UNTREATED,
    SwitchingPatients,
    TreatmentRows,
)
from analytics.results import TREATMENT, HazardRatioResult

TreatedAt = ArrayLike | Mapping[str, ArrayLike]


def split_at_treatment(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: TreatedAt,
    *,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    untreated: str = UNTREATED,
    treated: str = TREATED,
) -> TreatmentRows:
    """Counting-process rows: each patient's follow-up, cut where treatment begins.

    Parameters
    ----------
    time : array of shape (rows,)
        Time from the origin to the event or the end of follow-up, finite and >= 0; months in this product.
    event : array of shape (rows,)
        1 or True where the event happened at ``time``, 0 or False where follow-up ended without it.
    treated_at : array of shape (rows,), or mapping of state to such an array
        Time at which treatment begins, >= 0 in the unit of ``time``; missing or infinite for never. With several
        treatments, one array per state: a patient is in the state entered last and, of states entered at the same time,
        in the one that comes later in the mapping. A patient is treated from the day of treatment on: an event or the
        end of follow-up at the very time of the patient's own switch belongs to the state that it leads to (half-day
        rule, as in the Stanford heart transplant data), and a switch after the patient's own ``time`` did not happen
        within follow-up. At an event of somebody else at the time of a switch the patient still stands in the state
        before, since rows are at risk in (start, stop]. A switch at 0 means treated from the start.
    weight : array of shape (rows,), optional
        How many patients share the row, a whole number; a row with weight 0 is dropped. Default 1.
    entry : array of shape (rows,), optional
        Time from which the patient is observed, for delayed entry.
    untreated, treated : str
        Names of the two states. With a mapping, its keys are the names of the treated ones.

    Returns
    -------
    TreatmentRows
        Empty for empty input. So that a patient followed for no time is at risk at all, a ``time`` of 0 becomes half of
        the first positive moment in the data; a switch at the patient's own ``time`` moves half of the smallest step
        between two moments to before it. Both leave the order of events unchanged.

    Raises
    ------
    ValueError
        If an argument is not as described, a switch is negative, or two states have one name; the message says which
        values, where, and what to do.
    """
    return SwitchingPatients.from_arrays(time, event, treated_at, weight, entry, untreated, treated).split()


def ever_treated(
    time: ArrayLike,
    event: ArrayLike,
    treated_at: TreatedAt,
    *,
    untreated: str = UNTREATED,
    treated: str = TREATED,
) -> pd.Categorical:
    """Each patient's state at the end of follow-up: the classification of the naive comparison.

    Parameters are those of :func:`split_at_treatment`. It uses what was not known at the start of the clock: curves and
    tests by it suffer from immortal-time bias.
    """
    history = SwitchingPatients.from_arrays(time, event, treated_at, untreated=untreated, treated=treated)
    return history.states(history.last_state())


def check_landmark(landmark: float) -> None:
    """An error unless the landmark is finite and >= 0."""
    if not (np.isfinite(landmark) and landmark >= 0):
        raise ValueError(f"landmark must be finite and >= 0: it is {landmark:g}. Give a time after the origin.")


def check_treatment_covariates(covariates: pd.DataFrame | None, history: SwitchingPatients) -> None:
    """An error unless the covariates can stand beside the treatment, none of them missing or of its name."""
    if covariates is None:
        return
    check_covariates(covariates, len(history.kept), "time")
    if TREATMENT in covariates.columns:
        raise ValueError(f"covariates must not be named {TREATMENT!r}: it is the name of the treatment. Rename it.")
    read_covariates(covariates, history.row)


def design_of_treatment(
    state: pd.Categorical, covariates: pd.DataFrame | None, rows: IntArray, reference: str | None = None
) -> pd.DataFrame:
    """The treatment, followed by the covariates of the given rows of the input; ``reference`` is a state, or the first.

    Raises
    ------
    ValueError
        If the reference is none of the states.
    """
    if reference is not None:
        names = [str(name) for name in state.categories]
        if reference not in names:
            raise ValueError(f"reference must be one of {', '.join(names)}: it is {reference!r}.")
        state = state.set_categories([reference, *(name for name in names if name != reference)])
    if covariates is None:
        return pd.DataFrame({TREATMENT: state})
    design = covariates.iloc[rows].reset_index(drop=True)
    design.insert(0, TREATMENT, pd.Series(state))
    return design


class StateModel(NamedTuple):
    """What a Cox model of patients in their states has beside these, and how it is fitted."""

    covariates: pd.DataFrame | None
    strata: pd.Categorical | None
    reference: str | None
    ties: Ties
    method: Method
    conf_type: ConfType
    conf_level: float
    only: str | None = None  # the variable whose ratios alone are reported

    @classmethod
    def of(cls, history: SwitchingPatients, covariates: pd.DataFrame | None, strata: Any, *options: Any) -> StateModel:
        """The model with its covariates and strata checked; ``options`` are the other fields."""
        check_treatment_covariates(covariates, history)
        return cls(covariates, history.strata(strata), *options)

    def fit(
        self, history: SwitchingPatients, state: pd.Categorical, patient: IntArray, rows: TreatmentRows | None = None
    ) -> HazardRatioResult:
        """The model of some patients, by their place and each in one state, or of ``rows`` that are theirs."""
        return estimate_hazard_ratios(
            history.time[patient] if rows is None else rows.time,
            history.event[patient] if rows is None else rows.event,
            design_of_treatment(state, self.covariates, history.row[patient], self.reference),
            entry=None if rows is None else rows.entry,
            weight=history.weight[patient],
            strata=None if self.strata is None else self.strata[patient],
            ties=self.ties,
            method=self.method,
            conf_type=self.conf_type,
            conf_level=self.conf_level,
            only=self.only,
        )
