"""The pathway of the disease in a selection: how many took each way, and how they fared by the default method of each page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from analytics.analyses import load_analyses
from analytics.analysis import Analysis, Governed
from analytics.cohort import Cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.comparisons.choices import NO_STRATA
from analytics.comparisons.survival import prepare_survival
from analytics.comparisons.treatment import LANDMARK
from analytics.dictionary import DAYS_PER_MONTH, CompetingEndpoint, Endpoint, Variable, load_dictionary, speaking_by
from analytics.estimators import estimate_survival, read_curve
from analytics.frames import EVERYONE, endpoint_columns, is_post_baseline
from analytics.learning.disease import open_disease
from analytics.reporting.curves import MILESTONES
from analytics.reporting.timing import note_post_baseline
from analytics.results import Estimate, Note, Result

RELAPSE, FOLLOW_UP, DEATH = "relapse", "follow-up from relapse", "death after relapse"  # roles
NEEDED = (RELAPSE, FOLLOW_UP, DEATH)
ANY_DEATH = "death"
DAY = int(LANDMARK.default)  # the landmark of the page that compares treatments
SALVAGE_LEVELS = ("neither", "CAR-T", "HSCT")  # the roles of levels in the order of the states of that page


@dataclass(frozen=True, slots=True)
class Opens:
    """What a press on a way opens: a page, by its address, with these clauses beside the filter and these choices."""

    page: str
    clauses: tuple[Clause, ...] = ()
    choices: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Way(Result):
    """Those who took one way: ``n`` of them, of whom ``n_event`` died at whatever time.

    ``survival`` has the probability of being alive at each of the milestones, () where none is given: of those without relapse,
    and from diagnosis where the filter chooses by what became known later. Where it is of some of them alone, those followed
    on a day or whose follow-up is known, ``n_followed`` counts them, else it is None. ``narrows`` is the clause that leaves
    these alone, ``within`` are the finer ways.
    """

    id: str
    label: str
    n: int
    n_event: int
    survival: tuple[Estimate, ...] = ()
    n_followed: int | None = None
    opens: Opens | None = None
    narrows: Clause | None = None
    within: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True)
class Step(Result):
    """A step of the pathway and the ways out of it; none where the cohort has no data. ``counts`` says how survival is counted.

    ``flows`` has, for each pair of a way of the step before and of this one, how many took both. ``incidence`` is the
    probability of relapse at each milestone.
    """

    id: str
    counts: str
    ways: tuple[Way, ...]
    flows: tuple[tuple[int, int, int], ...] = ()
    incidence: tuple[Estimate, ...] = ()


@dataclass(frozen=True, slots=True)
class Pathway(Result):
    """All steps of a selection; ``instead`` is the code of why they are of the reference cohort, "" where they are not.

    ``notes`` warn of a filter by what became known after relapse only.
    """

    steps: tuple[Step, ...]
    n: int
    instead: str = ""
    notes: tuple[Note, ...] = ()


def open_pathway(cohort: Cohort, cohort_filter: CohortFilter, reference: Cohort) -> Pathway:
    """The pathway of a selection; of the whole reference cohort where the selection cannot have one."""
    why = _refuse(cohort, cohort_filter)
    if not why:
        with speaking_by(cohort.dictionary):
            return Governed(_count)(cohort, cohort_filter)
    with speaking_by(reference.dictionary):
        return replace(Governed(_count)(reference, CohortFilter()), instead=why)


def _refuse(cohort: Cohort, cohort_filter: CohortFilter) -> str:
    roles = cohort.dictionary.roles
    if cohort.smallest_cell:
        return "protected"
    if cohort.dictionary.words != load_dictionary().words:
        return "other_disease"
    if not all(role in roles and roles[role] in cohort.variables for role in NEEDED):
        return "lacks"
    had = cohort.tally([roles[RELAPSE]], cohort_filter)
    return "" if int(had.loc[had[roles[RELAPSE]] == 1, "n"].sum()) else "nobody"


def _count(cohort: Cohort, cohort_filter: CohortFilter) -> Pathway:
    return _Counter(cohort, cohort_filter).count()


class _Counter:
    """Counts the steps of one selection."""

    def __init__(self, cohort: Cohort, cohort_filter: CohortFilter) -> None:
        self._cohort, self._filter = cohort, cohort_filter
        self._dictionary, self._roles = cohort.dictionary, cohort.dictionary.roles
        self._analyses: dict[str, Analysis[Any, Any]] = {a.slug: a for a in load_analyses()}
        self._plans = open_disease()["pathway"]["steps"]
        self._variables = {plan["id"]: self._find(plan.get("role", "")) for plan in self._plans}
        columns = [v.name for v in self._variables.values() if v is not None]
        outcomes = [
            self._roles[role] for role in (RELAPSE, DEATH, ANY_DEATH) if self._roles.get(role) in cohort.variables
        ]
        self._tally = cohort.tally([*columns, *outcomes], cohort_filter)
        self._n = self._tally["n"].to_numpy(np.int64)
        self._choices_of: dict[
            str, dict[str, Any]
        ] = {}  # of each page: to list what it offers takes as long as its estimate
        self._had = (self._tally[self._roles[RELAPSE]] == 1).to_numpy(bool)
        self._after = self._endpoint(FOLLOW_UP)

    def count(self) -> Pathway:
        """Every step, with how many took each pair of ways."""
        made = {
            "diagnosis": self._diagnosis,
            "relapse": self._relapse,
            "baseline": self._baseline,
            "landmark": self._landmark,
            "treatment": self._treatment,
        }
        steps: list[Step] = []
        before: list[np.ndarray] = []
        for plan in self._plans:
            step, masks = made[plan["counts"]](plan)
            if before and masks:
                flows = [(i, j, int(self._n[a & b].sum())) for i, a in enumerate(before) for j, b in enumerate(masks)]
                step = replace(step, flows=tuple(flow for flow in flows if flow[2]))
            before = masks or before
            steps.append(step)
        filters = [self._dictionary[name] for name in self._filter.variables]
        notes = () if self._after is None else note_post_baseline(self._after, filters=filters)
        return Pathway(tuple(steps), int(self._n.sum()), notes=notes)

    def _find(self, role: str) -> Variable | None:
        name = self._roles.get(role)
        return self._dictionary[name] if name is not None and name in self._cohort.variables else None

    def _endpoint(self, role: str) -> Endpoint | None:
        """The death that is waited for from the day on which a time of follow-up begins."""
        time, cohort = self._roles.get(role), self._cohort
        return next(
            (
                e
                for e in self._dictionary.endpoints
                if e.time == time
                and e.is_death
                and e.entry is None
                and set(endpoint_columns(e)) <= set(cohort.variables)
            ),
            None,
        )

    def _run(self, slug: str, **choices: Any) -> Any:
        """The result of a page for the selection; None where the cohort lacks what it needs."""
        analysis = self._analyses[slug]
        if analysis.missing(self._cohort):
            return None
        return analysis.run(self._cohort, self._filter, {**self._defaults(slug), **choices})

    def _defaults(self, slug: str) -> dict[str, Any]:
        if slug not in self._choices_of:
            self._choices_of[slug] = self._analyses[slug].defaults(self._cohort)
        return self._choices_of[slug]

    def _together(self, slug: str, endpoint: Endpoint | None) -> tuple[tuple[Estimate, ...], Opens | None]:
        """Survival of everyone in an endpoint."""
        if endpoint is None:
            return (), None
        choices = {"by": EVERYONE, "endpoint": endpoint.name}
        return self._run(slug, **choices).milestones[0], Opens(slug, (), choices)

    def _is_chosen_later(self, endpoint: Endpoint | CompetingEndpoint | None) -> bool:
        """True if the filter chooses by what becomes known only after a clock has started: its numbers would mean nothing."""
        chosen = [self._dictionary[name] for name in self._filter.variables]
        return endpoint is not None and any(is_post_baseline(variable, endpoint) for variable in chosen)

    def _numbers(self, mask: np.ndarray, role: str) -> tuple[int, int]:
        """How many there are, and how many of them died."""
        column = self._roles.get(role)
        died = mask & (self._tally[column] == 1).to_numpy(bool) if column in self._tally else np.zeros_like(mask)
        return int(self._n[mask].sum()), int(self._n[died].sum())

    def _diagnosis(self, plan: Mapping[str, Any]) -> tuple[Step, list[np.ndarray]]:
        endpoint = self._endpoint("follow-up")
        survival, opens = ((), None) if self._is_chosen_later(endpoint) else self._together(plan["page"], endpoint)
        everyone = np.ones(len(self._tally), dtype=bool)
        way = Way("all", "", *self._numbers(everyone, ANY_DEATH), survival, opens=opens)
        return Step(plan["id"], plan["counts"], (way,)), [everyone]

    def _relapse(self, plan: Mapping[str, Any]) -> tuple[Step, list[np.ndarray]]:
        survival, opens = self._together(plan["page"], self._after)
        ways = [Way("had", "", *self._numbers(self._had, DEATH), survival, opens=opens)]
        masks = [self._had]
        incidence: tuple[Estimate, ...] = ()
        found = self._run(plan["other_page"], by=EVERYONE)
        if found is not None and not self._is_chosen_later(found.comparison.endpoint):
            incidence = found.comparison.milestones_of(found.comparison.curves[0])
        if not self._had.all():
            to_page = Opens(plan["other_page"], (), {"by": EVERYONE}) if found is not None else None
            ways.append(Way("not", "", *self._numbers(~self._had, ANY_DEATH), opens=to_page))
            masks.append(~self._had)
        return Step(plan["id"], plan["counts"], tuple(ways), incidence=incidence), masks

    def _baseline(self, plan: Mapping[str, Any]) -> tuple[Step, list[np.ndarray]]:
        """Ways that are known at relapse: Kaplan–Meier estimates, those of the page."""
        variable, finer = self._variables[plan["id"]], self._find(plan.get("within", ""))
        if variable is None:
            return Step(plan["id"], plan["counts"], ()), []
        ways, masks = self._levels(plan, variable, self._by_group(plan["page"], variable))
        if finer is not None:
            tally = self._cohort.tally([variable.name, finer.name, self._roles[DEATH]], self._filter)
            survival = self._by_group(plan["page"], finer)
            ways = [self._split(plan, way, variable, finer, tally, survival) for way in ways]
        return Step(plan["id"], plan["counts"], tuple(ways)), masks

    def _landmark(self, plan: Mapping[str, Any]) -> tuple[Step, list[np.ndarray]]:
        """Ways that are known only later: estimates of those alive and followed on a day."""
        variable, finer = self._variables[plan["id"]], self._find(plan.get("within", ""))
        if variable is None:
            return Step(plan["id"], plan["counts"], ()), []
        ways, masks = self._levels(plan, variable, self._from_day(variable))
        if finer is not None:
            tally = self._cohort.tally([variable.name, finer.name, self._roles[DEATH]], self._filter)
            survival = self._from_day(finer)
            ways = [self._split(plan, way, variable, finer, tally, survival) for way in ways]
        return Step(plan["id"], plan["counts"], tuple(ways)), masks

    def _treatment(self, plan: Mapping[str, Any]) -> tuple[Step, list[np.ndarray]]:
        """What was given in the end; estimates by what had been given by the landmark, those of the page."""
        variable = self._variables[plan["id"]]
        if variable is None:
            return Step(plan["id"], plan["counts"], ()), []
        found = self._run(plan["page"])
        survival: dict[str, tuple[int | None, tuple[Estimate, ...]]] = {}
        if found is not None:
            levels = dict(variable.level_roles)
            named = [levels[role] for role in SALVAGE_LEVELS if role in levels]
            states, curves = found.data.states, {curve.group: curve for curve in found.curves.curves}
            if len(named) == len(states):
                survival = {
                    level: (curves[state].n, read_curve(curves[state], MILESTONES))
                    for level, state in zip(named, states, strict=True)
                    if state in curves
                }
        ways, masks = self._levels(plan, variable, survival)
        opens = Opens(plan["page"]) if found is not None else None
        ways = [replace(way, opens=opens, narrows=None) for way in ways]
        return Step(plan["id"], plan["counts"], tuple(ways)), masks

    def _by_group(self, slug: str, variable: Variable) -> dict[str, tuple[int | None, tuple[Estimate, ...]]]:
        assert self._after is not None
        found = self._run(slug, **self._choices(slug, variable))
        if found is None:
            return {}
        pairs = zip(found.curves.curves, found.milestones, strict=True)
        return {curve.group: (curve.n, at) for curve, at in pairs if curve.n}

    def _from_day(self, variable: Variable) -> dict[str, tuple[int | None, tuple[Estimate, ...]]]:
        assert self._after is not None
        params = {"endpoint": self._after.name, "strata": NO_STRATA}
        frame = prepare_survival(self._cohort, self._filter, params, variable)
        kept = frame.time > DAY / DAYS_PER_MONTH
        if not kept.any():
            return {}
        found = estimate_survival(
            frame.time[kept], frame.event[kept], group=frame.group[kept], weight=frame.weight[kept], noise=frame.noise
        )
        return {curve.group: (curve.n, read_curve(curve, MILESTONES)) for curve in found.curves}

    def _choices(self, slug: str, variable: Variable) -> dict[str, Any]:
        assert self._after is not None
        key = "site" if "site" in self._defaults(slug) else "by"
        return {key: variable.name, "endpoint": self._after.name}

    def _levels(
        self,
        plan: Mapping[str, Any],
        variable: Variable,
        survival: Mapping[str, tuple[int | None, tuple[Estimate, ...]]],
    ) -> tuple[list[Way], list[np.ndarray]]:
        """A way for each level that somebody has, and one for those of whom it is not recorded."""
        ways, masks = [], []
        for level in (*variable.levels, None):
            column = self._tally[variable.name]
            mask = self._had & (column.isna() if level is None else column == level).to_numpy(bool)
            n, n_event = self._numbers(mask, DEATH)
            if not n:
                continue
            masks.append(mask)
            if level is None:
                ways.append(Way("unknown", "", n, n_event))
                continue
            n_followed, at = survival.get(level, (None, ()))
            ways.append(self._way(plan, variable, level, (n, n_event), (n_followed, at)))
        return ways, masks

    def _way(
        self,
        plan: Mapping[str, Any],
        variable: Variable,
        level: str,
        numbers: tuple[int, int],
        survival: tuple[int | None, tuple[Estimate, ...]],
    ) -> Way:
        clause = Clause(variable.name, (level,)) if variable.is_filter else None
        opens = Opens(plan["page"], () if clause is None else (clause,), self._choices(plan["page"], variable))
        n_followed, at = survival
        if plan["counts"] == "baseline" and n_followed == numbers[0]:
            n_followed = None
        label = variable.speak(level) if variable.spoken else variable.level_label(level)
        return Way(level, label, *numbers, at, n_followed, opens, clause)

    def _split(
        self,
        plan: Mapping[str, Any],
        way: Way,
        variable: Variable,
        finer: Variable,
        tally: pd.DataFrame,
        survival: Mapping[str, tuple[int | None, tuple[Estimate, ...]]],
    ) -> Way:
        """The way with its finer ones, where there is more than one."""
        mine = tally[tally[variable.name] == way.id]
        within = []
        for level in finer.levels:
            chosen = mine[mine[finer.name] == level]
            n = int(chosen["n"].sum())
            if n:
                died = int(chosen.loc[chosen[self._roles[DEATH]] == 1, "n"].sum())
                within.append(self._way(plan, finer, level, (n, died), survival.get(level, (None, ()))))
        return replace(way, within=tuple(within)) if len(within) > 1 else way
