"""What a next study of this size would find: for planning, folded away, and never beside a result.

What a study could have missed is for its interval to say: power worked out after the fact adds nothing to it and
misleads (Hoenig & Heisey 2001, The American Statistician 55:19, doi:10.1198/000313001300339897). A study to come has no
result yet, and for it the numbers at hand are a place to start. See :mod:`analytics.estimators.power` for what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analytics.analysis import Checks, Params
from analytics.dictionary import Variable
from analytics.document import Shown
from analytics.estimators import (
    SwitchingPatients,
    design_of_treatment,
    detectable_hazard_ratios,
    detectable_interaction,
    detectable_odds_ratios,
    detectable_ratio,
    schoenfeld_information,
)
from analytics.frames import BinaryOutcome, TimeToEvent
from analytics.reporting.planning import Plan
from analytics.results import IncidenceCurve
from analytics.results.power import Detectable, DetectedGroups, Term

_GROUP, _TREATMENT = "group", "treatment"


def detect_groups(frame: TimeToEvent, reference: str | None = None) -> DetectedGroups | None:
    """The detectable hazard ratio of each group against the reference; None without groups to compare.

    ``reference`` is the usual one where it is None; without patients in it, the first group that has some takes its place.
    """
    variable = frame.variable
    if variable is None or not frame.n:
        return None
    group = _with_reference(frame.group, reference or variable.reference, frame.weight)
    if group is None:
        return None
    found = detectable_hazard_ratios(covariates=pd.DataFrame({_GROUP: group}), **frame.arrays())
    return _of_groups(found, _GROUP, str(group.categories[0]), frame.n, frame.n_event)


def _with_reference(group: pd.Categorical, reference: str | None, weight: np.ndarray) -> pd.Categorical | None:
    """The groups that have patients, the reference first; None if there is one group or none."""
    size = np.bincount(group.codes, weight, len(group.categories))
    present = [str(name) for name, n in zip(group.categories, size, strict=True) if n]
    if len(present) < 2:
        return None
    first = reference if reference in present else present[0]
    return group.set_categories([first, *(name for name in present if name != first)])


def _of_groups(found: Mapping[Term, Detectable], name: str, reference: str, n: int, n_event: int) -> DetectedGroups:
    groups = {str(level): one for (of, level), one in found.items() if of == name and one.n}
    return DetectedGroups(reference, groups, n, n_event)


def detect_treatments(
    arrays: Mapping[str, Any], *, landmark: float | None = None, reference: str | None = None
) -> DetectedGroups | None:
    """The detectable hazard ratio of each treatment against ``reference``, as it changes over time or as it stood at a landmark.

    ``arrays`` are what the estimators of treatments take, with covariates and strata where the model has them; without a
    reference the untreated are it. None where nobody is in it, or beyond the landmark.
    """
    reference = reference or arrays["untreated"]
    known: dict[str, Any] = {
        name: arrays.get(name) for name in ("time", "event", "treated_at", "weight", "entry", "untreated")
    }
    history = SwitchingPatients.from_arrays(**known)
    if landmark is None:
        rows = history.split()
        patient, state = history.place_of(rows), rows.state
        time, event, weight, entry = rows.time, rows.event, rows.weight, rows.entry
        n, n_event = history.weight.sum(), history.weight @ history.event
    else:
        patient = np.flatnonzero(history.time > landmark)
        state = history.states(history.state_at(landmark)[patient])
        time, event, weight, entry = history.time[patient], history.event[patient], history.weight[patient], None
        n, n_event = weight.sum(), weight @ event
    if not (state == reference).any():
        return None
    covariates, strata = arrays.get("covariates"), arrays.get("strata")
    design = design_of_treatment(state, covariates, history.row[patient], reference)
    found = detectable_hazard_ratios(
        time,
        event,
        design,
        weight=weight,
        entry=entry,
        strata=None if strata is None else strata[history.row[patient]],
    )
    return _of_groups(found, _TREATMENT, reference, round(float(n)), round(float(n_event)))


def detect_incidence(curves: Sequence[IncidenceCurve], variable: Variable | None) -> DetectedGroups | None:
    """The detectable subdistribution hazard ratio of each group, from the events of interest and the groups' shares."""
    filled = {curve.group: curve for curve in curves if curve.n}
    if variable is None or len(filled) < 2:
        return None
    first = filled[variable.reference] if variable.reference in filled else next(iter(filled.values()))
    groups = {}
    for name, curve in filled.items():
        if curve is first:
            continue
        n, n_event = curve.n + first.n, curve.n_event + first.n_event
        information = schoenfeld_information(n_event, curve.n, first.n)
        groups[name] = detectable_ratio(information, measure="subdistribution hazard ratio", n=n, n_event=n_event)
    n_event = sum(curve.n_event for curve in filled.values())
    return DetectedGroups(first.group, groups, sum(curve.n for curve in filled.values()), n_event)


def detect_hazards(frame: TimeToEvent, variables: Sequence[Variable]) -> Mapping[Term, Detectable]:
    """The detectable hazard ratio of each term of the multivariable model; of a number per step of the dictionary."""
    return {} if frame.covariates is None else _per_step(detectable_hazard_ratios(**frame.model()), variables)


def detect_odds(frame: BinaryOutcome, variables: Sequence[Variable]) -> Mapping[Term, Detectable]:
    """The detectable odds ratio of each term of the multivariable model; of a number per step of the dictionary."""
    return _per_step(detectable_odds_ratios(**frame.model()), variables)


def _per_step(found: Mapping[Term, Detectable], variables: Sequence[Variable]) -> dict[Term, Detectable]:
    steps = {v.name: v.per for v in variables}
    read = dict(found)
    for (name, level), one in found.items():
        if level is None and one.reason is None:
            read[name, level] = detectable_ratio(
                one.information, measure=one.measure, n=one.n, n_event=one.n_event, step=steps[name]
            )
    return read


def best_pair(found: Sequence[Detectable]) -> Detectable | None:
    """The detectable ratio of ratios between the two subgroups of which most is known; None with fewer than two."""
    known = sorted((one for one in found if one.reason is None), key=lambda one: -one.information)
    return detectable_interaction(known[0], known[1]) if len(known) > 1 else None


def to_planning(make: Callable[[Any, Params], Plan]) -> Checks:
    """The folded part of an analysis that says what a next study of this size would find."""
    return Checks(
        title="Planning a next study",
        about="What a next study would find, were it as large as this selection and divided in the same way.",
        make=make,
        show=_show_plan,
        files=("next-study",),
        downloads=lambda plan: {"next-study": plan.frame},
    )


def _show_plan(result: Any, plan: Plan, params: Params) -> tuple[Shown, ...]:
    nothing = ("A next study cannot be planned from this selection: there is nothing to compare.",)
    return (Shown(tables=plan.tables, sentences=plan.sentences or (() if plan.tables else nothing)),)
