"""The patients of one comparison of treatments after relapse, in the treatments as they follow each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analytics.dictionary import Endpoint, Variable
from analytics.frames.covariates import CountedTimes
from analytics.frames.exclusions import Exclusion
from analytics.frames.treatment import CART, HSCT, TreatmentHistory, name_treatment
from analytics.results import TREATMENT, FloatArray

UNTIL_HSCT = "cart-until-hsct"
SALVAGE = "salvage"  # the three treatments, each patient in the last that it has had
# By the view: the treatments that it needs the days of.
NEEDS = {"hsct": (HSCT,), "cart": (CART,), UNTIL_HSCT: (CART, HSCT), "histories": (CART, HSCT), SALVAGE: (CART, HSCT)}
# The codes of exclusions of those that the choices of a page leave out.
NOT_MARROW, SECOND_RELAPSE = "not-marrow", "second-relapse"


@dataclass(frozen=True, slots=True)
class TreatmentData(CountedTimes):
    """The patients of one comparison, one entry per distinct record; times in months from relapse.

    ``treated_at`` is what the estimators take: the day of treatment by state, NaN for never; ``untreated`` is the name of the
    state before. ``history`` names the view; ``covariates`` are the chosen adjusting variables, ``complete`` marks the
    entries in which all are known. ``whole`` holds the same records beyond HSCT, where HSCT ends the follow-up. ``entry``
    is when patients come under observation, where that is later than relapse.
    """

    history: str
    endpoint: Endpoint
    time: FloatArray
    event: FloatArray
    weight: FloatArray
    treated_at: Mapping[str, FloatArray]
    untreated: str
    covariates: pd.DataFrame | None
    complete: np.ndarray
    adjusters: tuple[Variable, ...]
    strata: pd.Categorical | None
    conditions: tuple[Variable, ...]
    exclusions: tuple[Exclusion, ...]
    whole: TreatmentHistory | None = None
    entry: FloatArray | None = None

    @classmethod
    def from_history(
        cls,
        history: TreatmentHistory,
        view: str,
        untreated: str,
        adjusters: tuple[Variable, ...] = (),
        left_out: tuple[Exclusion, ...] = (),
    ) -> TreatmentData:
        """One view of a history, with the name of the state before treatment; its tally was made without ``left_out``."""
        until_hsct = view == UNTIL_HSCT
        switches = history.switches("cart" if until_hsct else view, censor_at_hsct=until_hsct)
        treated_at = switches.treated_at
        everyone = np.ones(len(switches.time), dtype=bool)
        return cls(
            history=view,
            endpoint=history.endpoint,
            time=switches.time,
            event=switches.event,
            weight=history.weight,
            treated_at=treated_at if isinstance(treated_at, Mapping) else {name_treatment(NEEDS[view][0]): treated_at},
            untreated=untreated,
            covariates=history.covariates,
            complete=everyone if history.complete is None else history.complete,
            adjusters=adjusters,
            strata=history.strata,
            conditions=history.conditions,
            exclusions=left_out + history.exclusions,
            whole=history if until_hsct else None,
            entry=history.entry,
        )

    @property
    def treatment(self) -> Variable:
        """The treatment as a variable, for tables and sentences."""
        states = self.states
        return Variable(TREATMENT, "Treatment", "categorical", "salvage", states, states, self.untreated)

    @property
    def steps(self) -> Mapping[str, float]:
        """Of how many units the ratio of each adjusting number is."""
        return {v.name: v.per for v in self.adjusters}

    @property
    def states(self) -> tuple[str, ...]:
        """All states in the order of figures and tables, the untreated first."""
        return (self.untreated, *self.treated_at)

    @property
    def n_treated(self) -> int:
        """Patients treated within their follow-up, whichever the treatment."""
        return int(self.weight[self.first_treated() <= self.time].sum())

    def n_excluded(self, code: str) -> int:
        """Patients left out for one reason."""
        return sum(exclusion.n for exclusion in self.exclusions if exclusion.code == code)

    def first_treated(self) -> FloatArray:
        """Months to the first of the treatments compared; infinite for never."""
        return np.min([np.where(np.isnan(at), np.inf, at) for at in self.treated_at.values()], axis=0)

    def followed(self, landmark: float) -> tuple[np.ndarray, FloatArray, FloatArray, FloatArray]:
        """Complete cases still followed at a landmark (months): which entries they are, their time, event and weight."""
        chosen = self.complete & (self.time > landmark)
        return chosen, self.time[chosen], self.event[chosen], self.weight[chosen]

    def arrays(self, *, adjusted: bool = False, without: Collection[str] = ()) -> dict[str, Any]:
        """What every estimator of treatments takes; ``adjusted`` True with covariates, complete cases alone.

        ``without`` names what an estimator does not know ("covariates", "strata").
        """
        kept = self.complete if adjusted else np.ones(len(self.time), dtype=bool)
        arrays: dict[str, Any] = {
            "time": self.time[kept],
            "event": self.event[kept],
            "treated_at": {state: at[kept] for state, at in self.treated_at.items()},
            "weight": self.weight[kept],
            "untreated": self.untreated,
        }
        if adjusted and self.covariates is not None:
            arrays["covariates"] = self.covariates_of(kept)
        if self.strata is not None:
            arrays["strata"] = self.strata[kept]
        if self.entry is not None:
            arrays["entry"] = self.entry[kept]
        return {name: values for name, values in arrays.items() if name not in without}

    def covariates_of(self, chosen: np.ndarray) -> pd.DataFrame:
        """The covariates of some of the entries; no column without any."""
        if self.covariates is None:
            return pd.DataFrame(index=range(int(chosen.sum())))
        return self.covariates[chosen].reset_index(drop=True)
