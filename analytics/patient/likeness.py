"""Patients like one: the cohort narrowed step by step to those alike in what matters, or the nearest where they are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analytics.analysis import Governed
from analytics.cohort import Cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import PHASES, Dictionary, Endpoint, Variable
from analytics.document import Picture
from analytics.estimators import estimate_survival, gower_distances, read_curve
from analytics.figures.curves.survival import describe_survival, plot_survival
from analytics.figures.theme import style_of
from analytics.formats import name_patients
from analytics.frames import TimeToEvent, endpoint_columns
from analytics.patient.features import BY_TIMES, LATEST, Features
from analytics.reporting.alike import describe_range, name_feature, say_alike_caption, say_event, say_step
from analytics.reporting.attrition import Stage
from analytics.reporting.reliability import load_policy
from analytics.results import Estimate, FloatArray, Note, Result, SurvivalResult

ALIKE, ALL = "alike", "all"
FIRST_MATTERS = ("lineage", "site of relapse in groups", "time of relapse", "MRD after reinduction")  # roles
N_NEAREST = 20
MOST_PATIENTS = 20_000  # among whom the nearest are looked for
HORIZON = 36.0  # months
LEAST_LOGGED = 0.1  # what is less stands for it on a logarithmic axis


def find_endpoint(dictionary: Dictionary) -> Endpoint:
    """Survival from relapse; the first endpoint where the dictionary knows of none."""
    time = dictionary.roles.get("follow-up from relapse")
    return next((e for e in dictionary.endpoints if e.time == time), dictionary.endpoints[0])


def list_matters(cohort: Cohort, features: Features) -> tuple[Variable, ...]:
    """The coded variables that are known of the patient, by which a cohort may be narrowed; no outcomes."""
    return tuple(
        v
        for v in cohort.dictionary.filters
        if v.is_coded and v.name in features and v.name in cohort.variables and PHASES.index(v.phase) <= LATEST
    )


def choose_matters(cohort: Cohort, features: Features) -> tuple[str, ...]:
    """What matters before a reader chooses."""
    known = [v.name for v in list_matters(cohort, features)]
    first = [cohort.dictionary.roles.get(role) for role in FIRST_MATTERS]
    return tuple(name for name in first if name in known) or tuple(known[:2])


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The way from the cohort to those alike: ``stages`` count who is left, ``filters`` are those of each stage."""

    stages: tuple[Stage, ...]
    filters: tuple[CohortFilter | None, ...]

    @property
    def n(self) -> int:
        """How many are alike in all that matters."""
        return self.stages[-1].n

    def widest(self, least: int) -> tuple[Stage, CohortFilter]:
        """The last stage, and its filter, at which as many as that are left; the first where no other has."""
        found = [
            (stage, asked)
            for stage, asked in zip(self.stages, self.filters, strict=True)
            if asked is not None and stage.n >= least
        ]
        first = self.filters[0]
        assert first is not None
        return found[-1] if found else (self.stages[0], first)


def narrow(cohort: Cohort, cohort_filter: CohortFilter, features: Features, matters: Sequence[str]) -> Narrowing:
    """The cohort narrowed by one variable after another to the level of the patient.

    Each step is a filter as any other: it goes through the cohort's door, which protects small numbers.
    """
    dictionary = cohort.dictionary
    event, endpoint = dictionary.roles.get("relapse"), find_endpoint(dictionary)
    is_after = endpoint.time == dictionary.roles.get("follow-up from relapse") and event in cohort.variables
    had = CohortFilter((Clause(str(event), low=1.0),) if is_after else ())
    alike: CohortFilter | None = cohort_filter
    asked = cohort_filter.both(had)
    n = cohort.count(asked) if asked is not None else 0
    stages, filters = [Stage("everyone", say_event(is_after), n)], [asked]
    for name in matters:
        level = str(features[name])
        alike = None if alike is None else alike.both(CohortFilter((Clause(name, (level,)),)))
        if dictionary[name].population == event:
            # Who has a level had the event: asked for again, small numbers would be hidden that nobody needs to hide.
            had = CohortFilter()
        asked = None if alike is None else alike.both(had)
        left = 0 if asked is None else cohort.count(asked)
        stages.append(Stage("clause", say_step(dictionary[name], level), left, max(0, n - left)))
        filters.append(asked)
        n = left
    return Narrowing(tuple(stages), tuple(filters))


@dataclass(frozen=True, slots=True)
class PatientsAlike(Result):
    """Those alike, or nearest, and everyone, from relapse on: curves, and survival at 3 years of each.

    ``differences`` says of each variable how far the nearest are from the patient; () where all are alike.
    """

    endpoint: Endpoint
    curves: SurvivalResult
    at_horizon: tuple[Estimate, ...]
    differences: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def is_nearest(self) -> bool:
        """True if they are the nearest, who differ from the patient."""
        return bool(self.differences)

    @property
    def n(self) -> int:
        """How many are alike or nearest."""
        return self.curves.curves[0].n


def compare_alike(cohort: Cohort, narrowed: Narrowing, features: Features, matters: Sequence[str]) -> PatientsAlike:
    """Those alike beside everyone; the nearest where too few are alike, unless small numbers are protected.

    Raises
    ------
    SuppressedError
        If small numbers are protected and nothing can be shown.
    """
    found: PatientsAlike = Governed(_compare)(cohort, narrowed, features, matters)
    return found


def picture_alike(found: PatientsAlike) -> Picture:
    """The curve of those alike, or nearest, beside everyone's."""
    endpoint = found.endpoint
    labels = {ALIKE: "Nearest" if found.is_nearest else "Like this one", ALL: "Everyone"}
    figure = plot_survival(
        found.curves,
        labels=labels,
        styles=style_of((ALIKE, ALL)),
        origin=endpoint.origin,
        y_title=endpoint.y_title,
        endpoint=endpoint,
    )
    title = name_patients("{Patients} like this one beside everyone")
    return Picture(title, figure, describe_survival(found.curves, labels, endpoint.origin), say_alike_caption(endpoint))


def takes_nearest(cohort: Cohort, narrowed: Narrowing) -> bool:
    """True if the nearest stand for those alike, who are too few. Where small numbers are protected they never do: they are
    found by looking at single patients.
    """
    few = narrowed.n < load_policy().full.patients
    return few and not cohort.smallest_cell and 0 < narrowed.stages[0].n <= MOST_PATIENTS


def _compare(cohort: Cohort, narrowed: Narrowing, features: Features, matters: Sequence[str]) -> PatientsAlike:
    endpoint, base = find_endpoint(cohort.dictionary), narrowed.filters[0]
    assert base is not None
    columns = endpoint_columns(endpoint)
    everyone = TimeToEvent.from_tally(cohort.tally(columns, base), endpoint)
    differences: tuple[tuple[str, str, str], ...] = ()
    if takes_nearest(cohort, narrowed):
        rows, differences = _find_nearest(cohort, base, features, matters, columns)
        alike = TimeToEvent.from_tally(rows, endpoint)
    else:
        last = narrowed.filters[-1]
        tally = cohort.tally(columns, last) if last is not None else cohort.tally(columns, base).iloc[:0]
        alike = TimeToEvent.from_tally(tally, endpoint)
    curves = []
    for name, frame in ((ALIKE, alike), (ALL, everyone)):
        arrays: dict[str, Any] = {"weight": frame.weight, "entry": frame.entry, "noise": frame.noise}
        (curve,) = estimate_survival(frame.time, frame.event, **arrays).curves
        curves.append(replace(curve, group=name))
    at_horizon = tuple(read_curve(curve, [HORIZON])[0] for curve in curves)
    return PatientsAlike(endpoint, SurvivalResult(tuple(curves), 0.95, "log-log"), at_horizon, differences)


def to_measured(variable: Variable, dictionary: Dictionary, features: Features) -> Variable:
    """The number that a group of values is made from, where that is known of the patient; else the variable itself."""
    made, times = variable.derivation, dictionary.roles.get("relapse day")
    if variable.role == BY_TIMES and times in features:
        return dictionary[str(times)]
    if made is None or made.rule not in ("cuts", "map") or made.source[0] not in features:
        return variable
    source = to_measured(dictionary[made.source[0]], dictionary, features)
    return source if not source.is_coded else variable


def _find_nearest(
    cohort: Cohort, base: CohortFilter, features: Features, matters: Sequence[str], columns: Sequence[str]
) -> tuple[pd.DataFrame, tuple[tuple[str, str, str], ...]]:
    """The tally of the nearest and of all that are as near as the last of them, and how they differ."""
    dictionary = cohort.dictionary
    measured = {v.name: v for name in matters for v in (to_measured(dictionary[name], dictionary, features),)}
    tally = cohort.tally([*measured, *(c for c in columns if c not in measured)], base)
    tally = tally[tally[find_endpoint(dictionary).time].notna()]
    numbers = {name: v for name, v in measured.items() if not v.is_coded}
    scaled = tally[list(measured)].copy()
    one = {name: features[name] for name in measured}
    for name, variable in numbers.items():
        scaled[name] = _scale(scaled[name].to_numpy(float), variable)
        one[name] = float(_scale(np.array([features[name]], dtype=float), variable)[0])
    widths = {name: float(scaled[name].max() - scaled[name].min()) for name in numbers}
    ranges = {name: width for name, width in widths.items() if width > 0}
    kept = [name for name in measured if name in ranges or name not in numbers]
    far = gower_distances(one, scaled[kept], ranges)
    order = np.argsort(np.where(np.isnan(far), np.inf, far), kind="stable")
    reached = int(np.searchsorted(np.cumsum(tally["n"].to_numpy()[order]), N_NEAREST))
    limit = far[order[min(reached, len(order) - 1)]] if len(order) else 0.0
    nearest = tally[far <= limit]
    said = tuple(
        (name_feature(v), _say_own(v, features), describe_range(v, nearest[name], nearest["n"], features[name]))
        for name, v in measured.items()
    )
    return nearest, said


def _say_own(variable: Variable, features: Features) -> str:
    return describe_range(variable, pd.Series([features[variable.name]]), pd.Series([1]), features[variable.name])


def _scale(values: FloatArray, variable: Variable) -> FloatArray:
    """Numbers as they are compared: their logarithm where their axis is logarithmic."""
    return np.log10(np.maximum(values, LEAST_LOGGED)) if variable.is_logarithmic else values
