"""Counted patients as they move through their treatments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.dictionary import DAYS_PER_MONTH, Dictionary, Endpoint, Variable, dictionary_naming, dictionary_with
from analytics.frames.covariates import CountedTimes, read_times
from analytics.frames.exclusions import (
    Exclusion,
    keep_eligible,
    leave_out,
    months_of,
    split_tally,
)
from analytics.frames.times import endpoint_columns
from analytics.results import CellNoise, FloatArray, read_only
from analytics.speaking import word

CART, HSCT = "CAR-T", "HSCT"  # the treatments after relapse whose days are followed, as roles call them
_UNDATED = {CART: "cart-day-missing", HSCT: "hsct-day-missing"}  # the code of a treatment on an unknown day
HALF_DAY = 0.5
_GIVEN = "salvage treatment"  # the role


def day_of(treatment: str) -> str:
    """The column of the day of a treatment after relapse, "CAR-T" or "HSCT"."""
    return dictionary_naming(f"{treatment} day").role(f"{treatment} day")


def is_timed_as_treatment(endpoint: Endpoint, dictionary: Dictionary | None = None) -> bool:
    """True if an endpoint's times are counted from the same day as those of treatment, for all from then on.

    ``dictionary`` is that of the endpoint; the one in hand if None.
    """
    time = (dictionary or dictionary_with(lambda known: endpoint.time in known))[endpoint.time]
    return endpoint.entry is None and time.unit == dictionary_naming(f"{HSCT} day")[day_of(HSCT)].unit


def list_treatments() -> dict[str, str]:
    """What a treatment after relapse is called among the levels of salvage treatment, by the column of its day."""
    known = dictionary_with(lambda whole: _GIVEN in whole.roles or any(f"{t} day" in whole.roles for t in (CART, HSCT)))
    levels = dict(known[known.role(_GIVEN)].level_roles) if _GIVEN in known.roles else {}
    return {day_of(t): name_treatment(t) for t in (CART, HSCT) if t in levels or f"{t} day" in known.roles}


def name_treatment(treatment: str) -> str:
    """What "CAR-T" or "HSCT" is called among the levels of salvage treatment."""
    return word(treatment)


def list_histories() -> tuple[str, str, str]:
    """The states after no treatment: the one, the other, and the other after the one."""
    cart, hsct = word(CART), word(HSCT)
    return cart, hsct, f"{cart}, then {hsct}"


class Switches(NamedTuple):
    """What an estimator of a treatment that begins later takes, times in months from relapse.

    ``treated_at`` is when a patient passes from untreated to treated, NaN for never; with several treatments it is an
    ordered mapping from the name of each state to the times at which it begins, each patient being in the state begun
    last.
    """

    time: FloatArray
    event: FloatArray
    treated_at: FloatArray | Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class TreatmentHistory(CountedTimes):
    """Time from relapse to an event with the days on which CAR-T and HSCT were given, one entry per distinct tally row.

    ``time``, ``cart_at`` and ``hsct_at`` are in months from relapse; NaN stands for a treatment that was not given, and
    for one that is not among ``treatments``, the columns of days that were asked for. A patient counts as untreated
    until the day of treatment. ``entry`` is when the first salvage treatment began, where it was asked for. All else is as
    in :class:`TimeToEvent`.
    """

    endpoint: Endpoint
    treatments: tuple[str, ...]
    time: FloatArray
    event: FloatArray
    cart_at: FloatArray
    hsct_at: FloatArray
    weight: FloatArray
    exclusions: tuple[Exclusion, ...]
    strata: pd.Categorical | None = None
    conditions: tuple[Variable, ...] = ()
    covariates: pd.DataFrame | None = None
    complete: NDArray[np.bool_] | None = None
    n_missing: tuple[tuple[str, int], ...] = ()
    noise: CellNoise | None = None
    entry: FloatArray | None = None

    @classmethod
    def from_tally(
        cls,
        tally: pd.DataFrame,
        endpoint: Endpoint,
        strata: Variable | None = None,
        filtered_by: Sequence[Variable] = (),
        covariates: Sequence[Variable] = (),
        references: Mapping[str, str] | None = None,
        *,
        treatments: Collection[str] | None = None,
        from_start: bool = False,
    ) -> TreatmentHistory:
        """The history of one endpoint counted from relapse, from a tally of the columns of :func:`history_columns`.

        Who is left out, and covariates, are as in :meth:`TimeToEvent.from_tally`; further left out, in the order of
        CAR-T and HSCT, is whoever the salvage treatment (where the tally has it) says was given one of ``treatments``
        (None: both) without saying when. A patient without a day and without a label was not treated as far as is
        known: left out, they would take the deaths before any treatment with them. With ``from_start`` patients come
        under observation on the day on which their first salvage treatment began: who was not followed up to it is
        left out.

        Raises
        ------
        ValueError
            If a treatment is unknown, none is named, or a reference is not a level of its covariate.
        """
        labels = list_treatments()
        treatments = labels if treatments is None else treatments
        if not treatments or set(treatments) - set(labels):
            raise ValueError(
                f"treatments must be one or both of {', '.join(labels)}: they are {', '.join(treatments) or 'empty'}."
            )
        followed = tuple(name for name in labels if name in treatments)
        tally, exclusions = keep_eligible(tally, endpoint)
        label = dictionary_naming("salvage treatment").role("salvage treatment")
        if label in tally.columns:
            for treatment, code in _UNDATED.items():
                day = day_of(treatment)
                if day in followed:
                    unknown_day = (tally[label] == labels[day]) & tally[day].isna()
                    tally = leave_out(tally, ~unknown_day, exclusions, code)
        begun = None
        if from_start:
            # Who was given CAR-T has begun, whatever else is unknown.
            begun = tally[[dictionary_naming("salvage day").role("salvage day"), *followed]].min(axis=1)
            tally = leave_out(tally, begun.notna(), exclusions, "salvage-day-missing")
            reached = (begun[tally.index] <= tally[endpoint.time]) & (tally[endpoint.time] > 0)
            tally = leave_out(tally, reached, exclusions, "ended-before-salvage")
        tally = split_tally(tally, None, strata, exclusions)
        entry = None
        if begun is not None:
            # What happens on the day on which treatment begins happens under it, as everywhere that treatment changes.
            last = tally[endpoint.time] - HALF_DAY
            entry = read_only(np.maximum(np.minimum(begun[tally.index], last), 0.0) / DAYS_PER_MONTH)
        never = np.full(len(tally), np.nan)
        cart_at, hsct_at = (
            months_of(tally, day_of(name)) if day_of(name) in followed else read_only(never) for name in (CART, HSCT)
        )
        return cls(
            treatments=followed,
            event=read_only(tally[endpoint.event].to_numpy(float)),
            cart_at=cart_at,
            hsct_at=hsct_at,
            entry=entry,
            **read_times(tally, endpoint, exclusions, strata, filtered_by, covariates, references),
        )

    def switches(self, view: str, *, censor_at_hsct: bool = False) -> Switches:
        """Times, events and the passing from one treatment to the next, as one view of the history has them.

        Parameters
        ----------
        view
            "hsct": untransplanted until HSCT. "cart": without CAR-T until its infusion, whatever HSCT follows.
            "histories": the three states of :func:`list_histories`; HSCT is the last of them, so that CAR-T given
            on the day of HSCT or later changes nothing. "salvage": those of CAR-T and HSCT that are followed; HSCT is the
            last, whether CAR-T came before or not.
        censor_at_hsct
            With "cart" alone: patients are followed until HSCT only, and are without the event then, also if it came on
            the day of HSCT. CAR-T given on that day changes nothing.

        Raises
        ------
        ValueError
            If the view is unknown or needs a treatment whose day was not asked for, or ``censor_at_hsct`` is asked for
            with another view than "cart".
        """
        needs: dict[str, tuple[str, ...]] = {"hsct": (HSCT,), "cart": (CART,), "histories": (CART, HSCT), "salvage": ()}
        if view not in needs:
            raise ValueError(f"view must be one of {', '.join(needs)}: it is {view!r}.")
        if censor_at_hsct and view != "cart":
            raise ValueError(f"censor_at_hsct goes with the view cart: the view is {view}.")
        needed = {*needs[view], HSCT} if censor_at_hsct else set(needs[view])
        lacking = {day_of(treatment) for treatment in needed} - set(self.treatments)
        if lacking:
            raise ValueError(
                f"the view {view} needs {' and '.join(sorted(lacking))}, which this history was made without. "
                "Name it among the treatments."
            )
        if view == "hsct":
            return Switches(self.time, self.event, self.hsct_at)
        if view == "salvage":
            cart_at = np.where(self.hsct_at <= self.cart_at, np.nan, self.cart_at)
            begins = {CART: read_only(cart_at), HSCT: self.hsct_at}
            named = {name_treatment(t): at for t, at in begins.items() if day_of(t) in self.treatments}
            return Switches(self.time, self.event, named)
        if view == "histories":
            return Switches(self.time, self.event, self._histories())
        if not censor_at_hsct:
            return Switches(self.time, self.event, self.cart_at)
        # A comparison with NaN is False, so who was never transplanted stays as they are. A death on the day of HSCT is
        # one after it, as everywhere that treatment changes.
        ends = self.hsct_at <= self.time
        time = np.where(ends, self.hsct_at, self.time)
        cart_at = np.where(self.cart_at >= self.hsct_at, np.nan, self.cart_at)
        return Switches(read_only(time), read_only(np.where(ends, 0.0, self.event)), read_only(cart_at))

    def _histories(self) -> dict[str, FloatArray]:
        cart_first = self.cart_at < self.hsct_at
        states = (
            np.where(self.hsct_at <= self.cart_at, np.nan, self.cart_at),
            np.where(cart_first, np.nan, self.hsct_at),
            np.where(cart_first, self.hsct_at, np.nan),
        )
        return dict(zip(list_histories(), map(read_only, states), strict=True))


def history_columns(
    dictionary: Dictionary,
    endpoint: Endpoint | Sequence[Endpoint],
    *variables: Variable | None,
    treatments: Collection[str] | None = None,
    from_start: bool = False,
) -> tuple[str, ...]:
    """The columns of the tally that :meth:`TreatmentHistory.from_tally` needs with these ``treatments``, and ``from_start``.

    ``dictionary`` is the cohort's: the label of the treatment is asked for where the cohort has it.
    """
    days = [day for day in list_treatments() if treatments is None or day in treatments]
    columns = [*endpoint_columns(endpoint, *variables), *days]
    columns += [dictionary_naming("salvage day").role("salvage day")] if from_start else []
    label = dictionary_naming("salvage treatment").role("salvage treatment")
    return tuple(dict.fromkeys([*columns, *([label] if label in dictionary else [])]))
