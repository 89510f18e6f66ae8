"""Validated arrays for the estimators, made from a tally, with a count of everyone who was left out and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.dictionary import DAYS_PER_MONTH, PHASES, CompetingEndpoint, Dictionary, Endpoint, Variable
from analytics.results import FloatArray, read_only

EVERYONE = "everyone"  # the group of all when nothing splits them

# A treatment after relapse as `salvage_treatment` calls it, by the column of its day.
TREATMENTS = {"cart_days": "CAR-T", "hsct_days": "HSCT"}
TREATMENT_LABEL = "salvage_treatment"
HISTORIES = ("CAR-T", "HSCT", "CAR-T, then HSCT")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Patients whom an analysis could not use: ``text`` completes the sentence "left out: …"."""

    code: str
    text: str
    n: int


@dataclass(frozen=True, slots=True)
class TimeToEvent:
    """Time to an event by group, one entry per distinct tally row.

    ``time`` is in months from the endpoint's origin, ``event`` 1 or 0, ``weight`` how many patients share the entry,
    ``group`` a categorical in dictionary order whose categories are level names (one category, ``everyone``, without a
    grouping variable). ``strata`` is a categorical of the same kind, or None. ``conditions`` are the variables by which
    the children were filtered or stratified.

    ``entry`` is the time in months at which observation begins (delayed entry), always before ``time``; None where it
    begins at the origin. ``covariates``, ``complete`` and ``n_missing`` are as in :class:`BinaryOutcome`, None and
    empty where no covariate was asked for.
    """

    endpoint: Endpoint
    variable: Variable | None
    time: FloatArray
    event: FloatArray
    group: pd.Categorical
    weight: FloatArray
    exclusions: tuple[Exclusion, ...]
    strata: pd.Categorical | None = None
    conditions: tuple[Variable, ...] = ()
    entry: FloatArray | None = None
    covariates: pd.DataFrame | None = None
    complete: NDArray[np.bool_] | None = None
    n_missing: tuple[tuple[str, int], ...] = ()

    @property
    def n(self) -> int:
        """Patients in the analysis."""
        return int(self.weight.sum())

    @property
    def n_event(self) -> int:
        """Patients with the event."""
        return int((self.weight * self.event).sum())

    @property
    def n_complete(self) -> int:
        """Patients in the analysis with every covariate known."""
        return _count(self.weight, self.complete)

    @classmethod
    def from_tally(
        cls,
        tally: pd.DataFrame,
        endpoint: Endpoint,
        variable: Variable | None = None,
        strata: Variable | None = None,
        filtered_by: Sequence[Variable] = (),
        covariates: Sequence[Variable] = (),
        references: Mapping[str, str] | None = None,
    ) -> TimeToEvent:
        """The arrays for one endpoint from a tally of the columns that :func:`endpoint_columns` names.

        Patients without a time are not in the endpoint's population, nor are those without an entry where the endpoint
        has one; those who were last seen by the time they entered, and those without a group or stratum, are left out.
        Each reason is counted once per patient, in that order. Patients without a covariate stay in (``complete`` marks
        the others) and are counted among the exclusions once for each covariate they lack.

        ``references`` are as in :meth:`BinaryOutcome.from_tally`.

        Raises
        ------
        ValueError
            If a reference is not a level of its covariate.
        """
        tally, exclusions = _eligible(tally, endpoint)
        if endpoint.entry is not None:
            tally = _leave_out(
                tally, tally[endpoint.entry].notna(), "no-entry", f"not among {endpoint.population}", exclusions
            )
            tally = _leave_out(
                tally,
                tally[endpoint.entry] < tally[endpoint.time],
                "entry-too-late",
                "last seen on the day observation would have begun, or before",
                exclusions,
            )
        tally = _split(tally, variable, strata, exclusions)
        known = None if not covariates else _Covariates.from_tally(tally, covariates, references)
        return cls(
            endpoint=endpoint,
            variable=variable,
            time=_months(tally, endpoint.time),
            event=read_only(tally[endpoint.event].to_numpy(float)),
            group=_categorical(tally, variable),
            weight=_weight(tally),
            exclusions=_found(exclusions, known),
            strata=None if strata is None else _categorical(tally, strata),
            conditions=_conditions(filtered_by, strata),
            entry=None if endpoint.entry is None else _months(tally, endpoint.entry),
            covariates=None if known is None else known.frame,
            complete=None if known is None else known.complete,
            n_missing=() if known is None else known.n_missing,
        )


@dataclass(frozen=True, slots=True)
class CompetingEvents:
    """Time to the first of several events by group, one entry per distinct tally row.

    ``time`` is in months from the endpoint's origin; ``cause`` is 0 where nothing has happened until then and k for the
    k-th of ``causes``, the names of the events, whose ``labels`` a reader sees. All else is as in :class:`TimeToEvent`.
    """

    endpoint: CompetingEndpoint
    variable: Variable | None
    time: FloatArray
    cause: NDArray[np.int64]
    causes: tuple[str, ...]
    labels: tuple[str, ...]
    group: pd.Categorical
    weight: FloatArray
    exclusions: tuple[Exclusion, ...]
    strata: pd.Categorical | None = None
    conditions: tuple[Variable, ...] = ()
    covariates: pd.DataFrame | None = None
    complete: NDArray[np.bool_] | None = None
    n_missing: tuple[tuple[str, int], ...] = ()

    @property
    def n(self) -> int:
        """Patients in the analysis."""
        return int(self.weight.sum())

    @property
    def n_events(self) -> tuple[int, ...]:
        """Patients with each event, in the order of ``causes``."""
        return tuple(int(self.weight[self.cause == k].sum()) for k in range(1, len(self.causes) + 1))

    @property
    def n_complete(self) -> int:
        """Patients in the analysis with every covariate known."""
        return _count(self.weight, self.complete)

    @classmethod
    def from_tally(
        cls,
        tally: pd.DataFrame,
        endpoint: CompetingEndpoint,
        cause: Variable,
        variable: Variable | None = None,
        strata: Variable | None = None,
        filtered_by: Sequence[Variable] = (),
        covariates: Sequence[Variable] = (),
        references: Mapping[str, str] | None = None,
    ) -> CompetingEvents:
        """The arrays for one competing endpoint from a tally of the columns that :func:`endpoint_columns` names.

        ``cause`` is the variable behind the endpoint's column of that name. Who is left out, and covariates, are as in
        :meth:`TimeToEvent.from_tally`.

        Raises
        ------
        ValueError
            If ``cause`` is another variable than the endpoint's, or a reference is not a level of its covariate.
        """
        if cause.name != endpoint.cause:
            raise ValueError(
                f"{endpoint.name}: the cause is {endpoint.cause}, not {cause.name}. Give the variable {endpoint.cause}."
            )
        tally, exclusions = _eligible_competing(tally, endpoint, cause)
        tally = _split(tally, variable, strata, exclusions)
        known = None if not covariates else _Covariates.from_tally(tally, covariates, references)
        codes = np.array(_categorical(tally, cause).codes, dtype=np.int64)
        codes.setflags(write=False)
        return cls(
            endpoint=endpoint,
            variable=variable,
            time=_months(tally, endpoint.time),
            cause=codes,
            causes=cause.levels[1:],
            labels=cause.level_labels[1:],
            group=_categorical(tally, variable),
            weight=_weight(tally),
            exclusions=_found(exclusions, known),
            strata=None if strata is None else _categorical(tally, strata),
            conditions=_conditions(filtered_by, strata),
            covariates=None if known is None else known.frame,
            complete=None if known is None else known.complete,
            n_missing=() if known is None else known.n_missing,
        )


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
class TreatmentHistory:
    """Time from relapse to an event with the days on which CAR-T and HSCT were given, one entry per distinct tally row.

    ``time``, ``cart_at`` and ``hsct_at`` are in months from relapse; NaN stands for a treatment that was not given, and
    for one that is not among ``treatments``, the columns of days that were asked for. A patient counts as untreated
    until the day of treatment. All else is as in :class:`TimeToEvent`.
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

    @property
    def n(self) -> int:
        """Patients in the analysis."""
        return int(self.weight.sum())

    @property
    def n_event(self) -> int:
        """Patients with the event."""
        return int((self.weight * self.event).sum())

    @property
    def n_cart(self) -> int:
        """Patients given CAR-T on a known day."""
        return int(self.weight[~np.isnan(self.cart_at)].sum())

    @property
    def n_hsct(self) -> int:
        """Patients transplanted on a known day."""
        return int(self.weight[~np.isnan(self.hsct_at)].sum())

    @property
    def n_complete(self) -> int:
        """Patients in the analysis with every covariate known."""
        return _count(self.weight, self.complete)

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
        treatments: Collection[str] = ("cart_days", "hsct_days"),
    ) -> TreatmentHistory:
        """The history of one endpoint counted from relapse, from a tally of the columns of :func:`history_columns`.

        Who is left out, and covariates, are as in :meth:`TimeToEvent.from_tally`; further left out, in the order of
        CAR-T and HSCT, is whoever `salvage_treatment` (where the tally has it) says was given one of ``treatments``
        without saying when. A patient without a day and without a label was not treated as far as is known: left out,
        they would take the deaths before any treatment with them.

        Raises
        ------
        ValueError
            If a treatment is unknown, none is named, or a reference is not a level of its covariate.
        """
        unknown = sorted(set(treatments) - set(TREATMENTS))
        if unknown or not treatments:
            raise ValueError(
                f"treatments must be one or both of {', '.join(TREATMENTS)}: they are {', '.join(treatments) or 'empty'}."
            )
        followed = tuple(name for name in TREATMENTS if name in treatments)
        tally, exclusions = _eligible(tally, endpoint)
        if TREATMENT_LABEL in tally.columns:
            for name in followed:
                label = TREATMENTS[name]
                unknown_day = (tally[TREATMENT_LABEL] == label) & tally[name].isna()
                what = "transplanted" if name == "hsct_days" else "given CAR-T"
                code = f"{name.removesuffix('_days')}-day-missing"
                tally = _leave_out(tally, ~unknown_day, code, f"{what} on an unknown day", exclusions)
        tally = _split(tally, None, strata, exclusions)
        known = None if not covariates else _Covariates.from_tally(tally, covariates, references)
        never = np.full(len(tally), np.nan)
        days = {name: _months(tally, name) if name in followed else read_only(never) for name in TREATMENTS}
        return cls(
            endpoint=endpoint,
            treatments=followed,
            time=_months(tally, endpoint.time),
            event=read_only(tally[endpoint.event].to_numpy(float)),
            cart_at=days["cart_days"],
            hsct_at=days["hsct_days"],
            weight=_weight(tally),
            exclusions=_found(exclusions, known),
            strata=None if strata is None else _categorical(tally, strata),
            conditions=_conditions(filtered_by, strata),
            covariates=None if known is None else known.frame,
            complete=None if known is None else known.complete,
            n_missing=() if known is None else known.n_missing,
        )

    def switches(self, view: str, *, censor_at_hsct: bool = False) -> Switches:
        """Times, events and the passing from one treatment to the next, as one view of the history has them.

        Parameters
        ----------
        view
            "hsct": untransplanted until HSCT. "cart": without CAR-T until its infusion, whatever HSCT follows.
            "histories": the three states `HISTORIES` after no treatment; HSCT is the last of them, so that CAR-T given
            on the day of HSCT or later changes nothing.
        censor_at_hsct
            With "cart" alone: patients are followed until HSCT only, and are without the event then, also if it came on
            the day of HSCT. CAR-T given on that day changes nothing.

        Raises
        ------
        ValueError
            If the view is unknown or needs a treatment whose day was not asked for, or ``censor_at_hsct`` is asked for
            with another view than "cart".
        """
        needs = {"hsct": {"hsct_days"}, "cart": {"cart_days"}, "histories": {"cart_days", "hsct_days"}}
        if view not in needs:
            raise ValueError(f"view must be one of {', '.join(needs)}: it is {view!r}.")
        if censor_at_hsct and view != "cart":
            raise ValueError(f"censor_at_hsct goes with the view cart: the view is {view}.")
        lacking = (needs[view] | ({"hsct_days"} if censor_at_hsct else set())) - set(self.treatments)
        if lacking:
            raise ValueError(
                f"the view {view} needs {' and '.join(sorted(lacking))}, which this history was made without. "
                "Name it among the treatments."
            )
        if view == "hsct":
            return Switches(self.time, self.event, self.hsct_at)
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
        return dict(zip(HISTORIES, map(read_only, states), strict=True))


@dataclass(frozen=True, slots=True)
class BinaryOutcome:
    """A yes/no outcome with covariates, one entry per distinct tally row.

    ``covariates`` keeps missing values: ``complete`` marks the entries in which every covariate is known. ``n_missing``
    counts the patients without each covariate, in the order of the columns.
    """

    outcome: FloatArray
    covariates: pd.DataFrame
    weight: FloatArray
    complete: NDArray[np.bool_]
    n_missing: tuple[tuple[str, int], ...]
    exclusions: tuple[Exclusion, ...]

    @property
    def n(self) -> int:
        """Patients with a known outcome."""
        return int(self.weight.sum())

    @property
    def n_complete(self) -> int:
        """Patients with a known outcome and every covariate known."""
        return _count(self.weight, self.complete)

    @classmethod
    def from_tally(
        cls,
        tally: pd.DataFrame,
        outcome: str,
        covariates: Sequence[Variable],
        references: Mapping[str, str] | None = None,
        *,
        unknown: str = "outcome not recorded",
    ) -> BinaryOutcome:
        """The arrays from a tally of an outcome column (0/1) and the covariates' columns.

        ``unknown`` says why a patient has no outcome.
        ``references`` maps a coded covariate to the level that becomes its first category, hence its reference;
        without an entry, the dictionary's reference is used.

        Raises
        ------
        ValueError
            If a reference is not a level of its covariate.
        """
        exclusions: list[Exclusion] = []
        tally = _leave_out(tally, tally[outcome].notna(), "outcome-missing", unknown, exclusions)
        known = _Covariates.from_tally(tally, covariates, references)
        return cls(
            outcome=read_only(tally[outcome].to_numpy(float)),
            covariates=known.frame,
            weight=_weight(tally),
            complete=known.complete,
            n_missing=known.n_missing,
            exclusions=_found(exclusions, known),
        )


@dataclass(frozen=True, slots=True)
class _Covariates:
    """Covariates with their missing values: which entries are complete, and how many patients lack each."""

    frame: pd.DataFrame
    complete: NDArray[np.bool_]
    n_missing: tuple[tuple[str, int], ...]
    exclusions: tuple[Exclusion, ...]

    @classmethod
    def from_tally(
        cls, tally: pd.DataFrame, covariates: Sequence[Variable], references: Mapping[str, str] | None
    ) -> _Covariates:
        """The covariates' columns, a coded one as a categorical that begins with its reference."""
        columns: dict[str, Any] = {}
        for variable in covariates:
            column: Any = tally[variable.name].to_numpy(float) if not variable.is_coded else None
            if variable.is_coded:
                reference = (references or {}).get(variable.name) or variable.reference
                if reference not in variable.levels:
                    raise ValueError(
                        f"{variable.name}: the reference {reference!r} is none of its levels. "
                        f"Choose one of {', '.join(variable.levels)}."
                    )
                # A reference that is hidden, because too few have it, leaves its place to the next level.
                levels = sorted(_levels(tally, variable), key=lambda level: level != reference)
                column = pd.Categorical(tally[variable.name], categories=levels)
            columns[variable.name] = column
        frame = pd.DataFrame(columns, index=pd.RangeIndex(len(tally)))
        weight = tally["n"].to_numpy(float)
        known = frame.notna().to_numpy() if columns else np.ones((len(tally), 0), dtype=bool)
        n_missing = [int(weight[~known[:, i]].sum()) for i in range(len(covariates))]
        return cls(
            frame=frame,
            complete=np.asarray(known.all(axis=1)),
            n_missing=tuple((v.name, n) for v, n in zip(covariates, n_missing, strict=True)),
            exclusions=tuple(
                Exclusion("covariate-missing", f"{v.label}: {v.missing_label}", n)
                for v, n in zip(covariates, n_missing, strict=True)
            ),
        )


def endpoint_columns(
    endpoint: Endpoint | CompetingEndpoint | Sequence[Endpoint | CompetingEndpoint], *variables: Variable | None
) -> tuple[str, ...]:
    """The columns of the tally that the frames of one or several endpoints need, with those of the variables."""
    endpoints = [endpoint] if isinstance(endpoint, (Endpoint, CompetingEndpoint)) else endpoint
    columns: list[str] = []
    for each in endpoints:
        columns.append(each.time)
        columns.append(each.event if isinstance(each, Endpoint) else each.cause)
        if isinstance(each, Endpoint) and each.entry is not None:
            columns.append(each.entry)
    return tuple(dict.fromkeys([*columns, *(v.name for v in variables if v is not None)]))


def history_columns(
    dictionary: Dictionary,
    endpoint: Endpoint | Sequence[Endpoint],
    *variables: Variable | None,
    treatments: Collection[str] = ("cart_days", "hsct_days"),
) -> tuple[str, ...]:
    """The columns of the tally that :meth:`TreatmentHistory.from_tally` needs with these ``treatments``.

    ``dictionary`` is the cohort's: the label of the treatment is asked for where the cohort has it.
    """
    columns = list(endpoint_columns(endpoint, *variables)) + [name for name in TREATMENTS if name in treatments]
    return tuple(dict.fromkeys([*columns, *([TREATMENT_LABEL] if TREATMENT_LABEL in dictionary else [])]))


class Conditioned(Protocol):
    """A frame of children chosen by filters and perhaps compared within strata, whose variable is the last condition."""

    @property
    def conditions(self) -> tuple[Variable, ...]:
        """The variables of the filters, then that of the strata."""
        ...

    @property
    def strata(self) -> pd.Categorical | None:
        """The strata; None without."""
        ...


def filters_of(frame: Conditioned) -> tuple[Variable, ...]:
    """The variables by which the children of a frame were filtered."""
    return frame.conditions if frame.strata is None else frame.conditions[:-1]


def strata_of(frame: Conditioned) -> tuple[Variable, ...]:
    """The variable within whose levels the children of a frame are compared; empty without strata."""
    return () if frame.strata is None else frame.conditions[-1:]


def is_post_baseline(variable: Variable, endpoint: Endpoint | CompetingEndpoint) -> bool:
    """True if the variable is known only after the endpoint's clock has started, judged by the dictionary's phases."""
    return PHASES.index(variable.phase) > PHASES.index(endpoint.phase)


def _keep(tally: pd.DataFrame, mask: pd.Series) -> tuple[pd.DataFrame, int]:
    if mask.all():
        return tally, 0
    return tally[mask], int(tally.loc[~mask, "n"].sum())


def _leave_out(tally: pd.DataFrame, mask: pd.Series, code: str, text: str, exclusions: list[Exclusion]) -> pd.DataFrame:
    """The rows of the mask; who else there was is added to the exclusions."""
    tally, n = _keep(tally, mask)
    exclusions.append(Exclusion(code, text, n))
    return tally


def _eligible(tally: pd.DataFrame, endpoint: Endpoint) -> tuple[pd.DataFrame, list[Exclusion]]:
    """The rows with follow-up from the origin, and a list that starts with who had none."""
    exclusions: list[Exclusion] = []
    time, event = tally[endpoint.time].notna(), tally[endpoint.event]
    # An event that another clock shares says nothing about this one: nobody need have been transplanted to have died.
    undated = (event == 1) & ~time & (not endpoint.shares_event)
    tally = _leave_out(tally, (time & event.notna()) | undated, "not-eligible", _why_not_eligible(endpoint), exclusions)
    if undated.any():
        text = f"{endpoint.event_label}, on an unknown day"
        tally = _leave_out(tally, tally[endpoint.time].notna(), "event-day-missing", text, exclusions)
    return tally, exclusions


def _eligible_competing(
    tally: pd.DataFrame, endpoint: CompetingEndpoint, cause: Variable
) -> tuple[pd.DataFrame, list[Exclusion]]:
    """The rows with follow-up from the origin and a known first event, and a list that starts with who had none."""
    exclusions: list[Exclusion] = []
    time, first = tally[endpoint.time].notna(), tally[endpoint.cause]
    known = first.notna()
    undated = known & (first != cause.levels[0]) & ~time
    tally = _leave_out(tally, time | undated, "not-eligible", _why_not_eligible(endpoint), exclusions)
    tally = _leave_out(
        tally, tally[endpoint.cause].notna(), "cause-missing", "followed, but what came first is not known", exclusions
    )
    for level, label in zip(cause.levels[1:], cause.level_labels[1:], strict=True):
        if (undated & (first == level)).any():
            dated = tally[endpoint.time].notna() | (tally[endpoint.cause] != level)
            tally = _leave_out(tally, dated, "event-day-missing", f"{label} on an unknown day", exclusions)
    return tally, exclusions


def _why_not_eligible(endpoint: Endpoint | CompetingEndpoint) -> str:
    # Every child has a diagnosis. Who has no time from a later day may not have come to it, or not have been followed.
    origin = endpoint.origin
    return f"no follow-up from {origin}" if origin == "diagnosis" else f"no {origin}, or no follow-up from it"


def _split(
    tally: pd.DataFrame, variable: Variable | None, strata: Variable | None, exclusions: list[Exclusion]
) -> pd.DataFrame:
    """The rows with a group and a stratum, as far as they are asked for."""
    for code, split in (("group-missing", variable), ("stratum-missing", strata)):
        if split is not None:
            text = f"{split.label}: {split.missing_label}"
            tally = _leave_out(tally, tally[split.name].notna(), code, text, exclusions)
    return tally


def _found(exclusions: Sequence[Exclusion], covariates: _Covariates | None) -> tuple[Exclusion, ...]:
    """The exclusions that concern anybody."""
    return tuple(e for e in (*exclusions, *(covariates.exclusions if covariates else ())) if e.n)


def _conditions(filtered_by: Sequence[Variable], strata: Variable | None) -> tuple[Variable, ...]:
    return (*filtered_by, *(() if strata is None else (strata,)))


def _months(tally: pd.DataFrame, column: str) -> FloatArray:
    return read_only(tally[column].to_numpy(float) / DAYS_PER_MONTH)


def _weight(tally: pd.DataFrame) -> FloatArray:
    return read_only(tally["n"].to_numpy(float))


def _count(weight: FloatArray, complete: NDArray[np.bool_] | None) -> int:
    return int((weight if complete is None else weight[complete]).sum())


def _categorical(tally: pd.DataFrame, variable: Variable | None) -> pd.Categorical:
    if variable is None:
        everyone: Any = [EVERYONE]
        return pd.Categorical(everyone * len(tally), categories=everyone)
    return pd.Categorical(tally[variable.name], categories=_levels(tally, variable))


def _levels(tally: pd.DataFrame, variable: Variable) -> list[str]:
    """The variable's levels in order, without those that the tally hides."""
    dtype = tally[variable.name].dtype
    known = set(dtype.categories) if isinstance(dtype, pd.CategoricalDtype) else set(variable.levels)
    return [level for level in variable.levels if level in known]
