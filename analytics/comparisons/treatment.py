"""Treatments compared after relapse: whom, which treatments as they follow each other, and from which records.

A child belongs to a treatment from the day it was given, never before. The analyses share these choices and words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import Clause, CohortFilter
from analytics.comparisons.regression import as_read
from analytics.comparisons.survival import NO_STRATA, endpoint_control
from analytics.dictionary import PHASES, Endpoint, Variable
from analytics.estimators.treatment import TreatedAt, simon_makuch
from analytics.figures.theme import Style, style_of
from analytics.frames import Exclusion, TreatmentHistory, history_columns, list_treatments, strata_of
from analytics.reporting.attrition import Loss, Used, list_incomplete, list_losses, name_complete, name_eligible
from analytics.reporting.wording import in_sentence, join_words
from analytics.results import FloatArray, HazardRatio, HazardRatioResult, LandmarkResult, SurvivalCurve

TREATMENT = "treatment"  # the variable of the estimators


HSCT, CART, BOTH = "HSCT", "CAR-T", "CAR-T, then HSCT"


UNTREATED = {
    "hsct": "not yet transplanted",
    "cart": "no CAR-T yet",
    "cart-until-hsct": "no CAR-T yet",
    "histories": "neither yet",
}


TREATED = {"hsct": HSCT, "cart": CART, "cart-until-hsct": CART}


NEEDS = {
    "hsct": ("hsct_days",),
    "cart": ("cart_days",),
    "cart-until-hsct": ("cart_days", "hsct_days"),
    "histories": ("cart_days", "hsct_days"),
    "salvage": ("cart_days", "hsct_days"),
}


SALVAGE = "salvage"  # the three treatments, each child in the last that it has had


AT_LANDMARK, AT_START = "landmark", "start"  # when the clock of a comparison starts


UNTIL_HSCT = "cart-until-hsct"


MOST_RATIOS = 2  # among the headlines; the tables have them all


SECOND_RELAPSE = "second-relapse"


AS_IT_CHANGES = ", with treatment as it changes"


HISTORY = Control(
    "history",
    "Compare",
    "one",
    "hsct",
    (
        ("hsct", "HSCT or not yet"),
        ("cart", "CAR-T or not yet"),
        ("cart-until-hsct", "CAR-T or not yet, until HSCT"),
        ("histories", "CAR-T, HSCT, or both in turn"),
    ),
    help="A child counts as treated from the day of treatment on, that day included, never before. "
    "“Until HSCT” ends the follow-up of every child on the day of HSCT; otherwise what HSCT does after CAR-T counts for CAR-T.",
)


RELAPSES = Control(
    "relapses",
    "Relapses",
    "one",
    "marrow",
    (("marrow", "in the marrow"), ("all", "all")),
    help="Relapse outside the marrow is treated differently and has another outlook: among all relapses, the site of "
    "relapse is mixed up with the treatment. The published comparison was made among marrow relapses.",
)


LANDMARK = Control(
    "landmark",
    "Landmark (days from relapse)",
    "number",
    180,
    limits=(30, 365),
    step=5,
    help="Children are compared from this day on, by whether they had been treated by then. Choose it beforehand, by when "
    "treatment is usually given; a landmark chosen by its result proves nothing.",
)


@dataclass(frozen=True, slots=True)
class TreatmentData:
    """The children of one comparison, one entry per distinct record; times in months from relapse.

    ``treated_at`` is what the estimators take: the day of treatment by state, NaN for never. ``history`` names the view;
    ``covariates`` are the chosen adjusting variables, ``complete`` marks the entries in which all are known. ``whole``
    holds the same records beyond HSCT, where HSCT ends the follow-up. ``entry`` is when children come under observation,
    where that is later than relapse.
    """

    history: str
    endpoint: Endpoint
    time: FloatArray
    event: FloatArray
    weight: FloatArray
    treated_at: Mapping[str, FloatArray]
    covariates: pd.DataFrame | None
    complete: np.ndarray
    adjusters: tuple[Variable, ...]
    strata: pd.Categorical | None
    conditions: tuple[Variable, ...]
    exclusions: tuple[Exclusion, ...]
    whole: TreatmentHistory | None = None
    entry: FloatArray | None = None

    @property
    def untreated(self) -> str:
        """The name of the state of children not treated yet."""
        return name_chemotherapy(self.treated_at) if self.history == SALVAGE else UNTREATED[self.history]

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
    def n(self) -> int:
        """Children in the comparison."""
        return int(self.weight.sum())

    @property
    def n_complete(self) -> int:
        """Children in whom every adjusting variable is known."""
        return int(self.weight[self.complete].sum())

    @property
    def n_event(self) -> int:
        """Children with the event."""
        return int((self.weight * self.event).sum())

    @property
    def n_treated(self) -> int:
        """Children treated within their follow-up, whichever the treatment."""
        return int(self.weight[self.first_treated() <= self.time].sum())

    def first_treated(self) -> FloatArray:
        """Months to the first of the treatments compared; infinite for never."""
        return np.min([np.where(np.isnan(at), np.inf, at) for at in self.treated_at.values()], axis=0)

    def arrays(self, *, adjusted: bool = False) -> dict[str, Any]:
        """What every estimator of treatments takes; ``adjusted`` True with covariates, complete cases alone."""
        kept = self.complete if adjusted else np.ones(len(self.time), dtype=bool)
        arrays: dict[str, Any] = {
            "time": self.time[kept],
            "event": self.event[kept],
            "treated_at": self._switches(kept),
            "weight": self.weight[kept],
            "untreated": self.untreated,
        }
        if adjusted and self.covariates is not None:
            arrays["covariates"] = self.covariates[kept].reset_index(drop=True)
        if self.strata is not None:
            arrays["strata"] = self.strata[kept]
        if self.entry is not None:
            arrays["entry"] = self.entry[kept]
        return arrays

    def curves(self) -> tuple[SurvivalCurve, ...]:
        """The curve of each state as children move through them, of complete cases."""
        arrays = self.arrays(adjusted=True)
        return simon_makuch(**{k: v for k, v in arrays.items() if k not in ("covariates", "strata")}).curves

    def _switches(self, kept: np.ndarray) -> TreatedAt:
        return {state: at[kept] for state, at in self.treated_at.items()}


def name_chemotherapy(others: Collection[str], when: str = "so far") -> str:
    """The group of children given none of the ``others`` yet; what the file does not know of may be in it, and is named."""
    return (
        " or ".join(["chemotherapy", *(name for name in list_treatments().values() if name not in others)]) + f" {when}"
    )


def treatment_controls(cohort: Cohort) -> tuple[Control, ...]:
    """Which treatments, in which relapses, and what is survived; as far as the cohort has the columns."""
    options = tuple(o for o in HISTORY.options if set(NEEDS[o[0]]) <= set(cohort.variables))
    who = (RELAPSES,) if "marrow_relapse" in cohort.variables else ()
    return (replace(HISTORY, options=options, default=options[0][0]), *who, relapse_endpoint(cohort))


def relapse_endpoint(cohort: Cohort) -> Control:
    """The endpoints whose clock starts at relapse for every child, since the days of treatment are counted from it."""
    control = endpoint_control(cohort, after="relapse")
    at_relapse = [e.name for e in cohort.dictionary.endpoints if e.origin == "first relapse" and e.entry is None]
    options = tuple(o for o in control.options if o[0] in at_relapse)
    offered = [name for name, _ in options]
    return replace(control, options=options, default="os_relapse" if "os_relapse" in offered else offered[0])


def adjust_control(cohort: Cohort) -> Control:
    """The choice of variables to adjust for: what is known at relapse or before."""
    latest = PHASES.index("relapse")
    offered = [
        v
        for v in cohort.dictionary.variables
        if (v.is_group or v.is_covariate) and PHASES.index(v.phase) <= latest and v.name in cohort.variables
    ]
    return Control(
        "adjust",
        "Adjust for",
        "many",
        (),
        tuple((v.name, v.label) for v in offered),
        "more",
        "Variables known at relapse or before. Children in whom one of them is unknown are left out of the adjusted ratio.",
    )


def prepare_landmarks(
    cohort: Cohort, cohort_filter: CohortFilter, params: Params, *, in_remission_until: int | None = None
) -> TreatmentData:
    """As `prepare_treatments`, for comparisons of those treated by a certain day.

    With ``in_remission_until``, children are left out whose second relapse came by that day, as far as days are known.

    Raises
    ------
    SuppressedError
        If small numbers are protected: blocks of children with their mean day would put many on the wrong side of it, and
        more so where deaths are few.
    """
    if cohort.smallest_cell:
        raise SuppressedError("who was treated by a certain day is asked, child by child")
    return prepare_treatments(cohort, cohort_filter, params, in_remission_until=in_remission_until)


def prepare_treatments(
    cohort: Cohort, cohort_filter: CohortFilter, params: Params, *, in_remission_until: int | None = None
) -> TreatmentData:
    """The records of one comparison under the filter; ``in_remission_until`` is as for `prepare_landmarks`."""
    dictionary = cohort.dictionary
    endpoint = dictionary.endpoint(params["endpoint"])
    left_out: tuple[Exclusion, ...] = ()
    if params.get("relapses") == "marrow":
        n = cohort.count(cohort_filter)
        cohort_filter = cohort_filter.with_clause(Clause("marrow_relapse", ("marrow",)))
        n -= cohort.count(cohort_filter)
        left_out = (Exclusion("not-marrow", "no relapse in the marrow", n),) if n else ()
    adjusters = tuple(dictionary[name] for name in params.get("adjust", ()))
    name = params.get("strata", NO_STRATA)
    strata = None if name == NO_STRATA else dictionary[name]
    days = [name for name in list_treatments() if name in NEEDS[params["history"]] and name in cohort.variables]
    from_start = params.get("clock") == AT_START and "salvage day" in dictionary.roles
    columns = history_columns(dictionary, endpoint, *adjusters, strata, treatments=days, from_start=from_start)
    filtered_by = [dictionary[clause.variable] for clause in cohort_filter.clauses]
    if in_remission_until is not None and "second_relapse_days" in cohort.variables:
        n = cohort.count(cohort_filter)
        later = Clause("second_relapse_days", low=in_remission_until + 1, keep_missing=True)
        cohort_filter = cohort_filter.with_clause(later)
        n -= cohort.count(cohort_filter)
        if n:
            text = f"second relapse by day {in_remission_until}"
            left_out = (*left_out, Exclusion(SECOND_RELAPSE, text, n))
    history = TreatmentHistory.from_tally(
        # Without those of one treatment the others' risk sets would not be what they were.
        cohort.tally(columns, cohort_filter, whole=True),
        endpoint,
        strata,
        filtered_by,
        adjusters,
        treatments=days,
        from_start=from_start,
    )
    until_hsct = params["history"] == UNTIL_HSCT
    switches = history.switches("cart" if until_hsct else params["history"], censor_at_hsct=until_hsct)
    treated_at = switches.treated_at
    if not isinstance(treated_at, Mapping):
        treated_at = {TREATED[params["history"]]: treated_at}
    everyone = np.ones(len(switches.time), dtype=bool)
    return TreatmentData(
        history=params["history"],
        endpoint=endpoint,
        time=switches.time,
        event=switches.event,
        weight=history.weight,
        treated_at=treated_at,
        covariates=history.covariates,
        complete=everyone if history.complete is None else history.complete,
        adjusters=adjusters,
        strata=history.strata,
        conditions=history.conditions,
        exclusions=left_out + history.exclusions,
        whole=history if until_hsct else None,
        entry=history.entry,
    )


def state_labels(data: TreatmentData) -> dict[str, str]:
    """State to what a reader sees, in order."""
    return {state: state for state in data.states}


def state_styles(data: TreatmentData) -> dict[str, Style]:
    """The style of each state: the untreated as chemotherapy alone, CAR-T and HSCT as on every other page."""
    fixed = style_of((data.untreated, CART, HSCT, BOTH))
    return {state: fixed[state] for state in data.states}


def read_model(data: TreatmentData, model: HazardRatioResult) -> HazardRatioResult:
    """The model in the words of the dictionary, numbers per step."""
    return as_read(model, (data.treatment, *data.adjusters))


def adjusted(data: TreatmentData) -> str:
    """Whether the ratios are adjusted, for what stands beside them ("adjusted for sex", "not adjusted")."""
    names = [in_sentence(v.label) for v in data.adjusters]
    return f"adjusted for {join_words(names)}" if names else "not adjusted"


def treated_terms(result: HazardRatioResult) -> tuple[HazardRatio, ...]:
    """The ratios of the treated states against the untreated, without those of the covariates."""
    return tuple(term for term in result.terms if term.variable == TREATMENT and not term.is_reference)


def reference_of(model: HazardRatioResult) -> str:
    """The state that the treatments of a model are compared with; "" in a model of nobody."""
    return next((str(t.level) for t in model.terms if t.variable == TREATMENT and t.is_reference), "")


def count_used(data: TreatmentData, *, adjusted: bool, landmark: tuple[int, LandmarkResult] | None = None) -> Used:
    """Whom the comparison rests on; ``adjusted`` True if those with an unknown variable are left out, too.

    ``landmark`` is the day of the landmark with the comparison from there on, which is of complete cases.
    """
    in_marrow = any(exclusion.code == "not-marrow" for exclusion in data.exclusions)
    strata, endpoint = strata_of(data), data.endpoint
    losses = list_losses(data.exclusions)
    kept = data.complete if adjusted else np.ones(len(data.time), dtype=bool)
    used = Used(
        eligible="children who relapsed in the marrow" if in_marrow else name_eligible(endpoint),
        losses=losses,
        n=int(data.weight[kept].sum()),
        n_event=int((data.weight * data.event)[kept].sum()),
        events=endpoint.event_noun,
        complete=name_complete([*strata, *(data.adjusters if adjusted else ())]),
    )
    if adjusted:
        used = replace(used, losses=(*losses, *list_incomplete(data.covariates, data.weight, data.adjusters)))
    if landmark is None:
        return used
    day, found = landmark
    before = (
        Loss(
            "landmark",
            f"{endpoint.had} by day {day}",
            found.n_event_before,
        ),
        Loss("landmark", f"follow-up ended by day {day}", found.n_censored_before),
    )
    return replace(
        used,
        losses=(*used.losses, *before),
        n=found.n,
        n_event=found.n_event,
        landmark=f"{endpoint.alive} and followed at day {day}",
    )
