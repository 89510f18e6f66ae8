"""What became of those who relapsed: their ways from diagnosis on, and each from relapse to death or last contact."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from analytics.cohort import Cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import DAYS_PER_MONTH, Variable
from analytics.figures.glance.flow import Branch, Flow, Node, Stage
from analytics.figures.glance.swimmer import Lane
from analytics.study.pictures import say_unknown, to_ask

WAYS = "ways after relapse"  # a list of the dictionary: the stages before the last
RELAPSE, FOLLOW_UP, DEATH = "relapse", "follow-up from relapse", "death after relapse"  # roles
CART_DAY, HSCT_DAY, AGAIN_DAY, REMISSION = "CAR-T day", "HSCT day", "second relapse day", "second remission"
LANES_ON_A_PAGE = 200
ORDERS = {
    "follow-up": "Length of follow-up",
    "treatment": "Time to {CAR-T or HSCT}",
    "second relapse": "Time to {again}",
    "death": "Died first",
}
FATES = ("Alive at last contact", "Died", "Not recorded")


def count_flow(cohort: Cohort, cohort_filter: CohortFilter) -> Flow | None:
    """The ways of those of a selection who relapsed; None where the file knows of no relapse, death after it, or two stages.

    Raises
    ------
    SuppressedError
        If small numbers are protected and nothing can be shown.
    """
    roles, dictionary = cohort.dictionary.roles, cohort.dictionary
    stages = [dictionary[name] for name in dictionary.listed(WAYS)]
    if RELAPSE not in roles or DEATH not in roles or len(stages) < 2:
        return None
    tally = cohort.tally([*(v.name for v in stages), roles[RELAPSE], roles[DEATH]], cohort_filter)
    tally = tally[tally[roles[RELAPSE]] == 1]
    codes = [pd.Categorical(tally[v.name], categories=list(v.levels)).codes % (len(v.levels) + 1) for v in stages]
    fate = tally[roles[DEATH]].fillna(2).to_numpy(np.int64)
    n = tally["n"].to_numpy(np.int64)
    columns = [*codes, fate]
    labels = [[*v.level_labels, say_unknown(v)] for v in stages] + [list(FATES)]
    asks = [[_clause(v, level) for level in (*v.levels, None)] for v in stages] + [[None] * len(FATES)]
    drawn, places = [], []
    for column, names, clauses in zip(columns, labels, asks, strict=True):
        counts = [(int(n[column == i].sum()), int(n[(column == i) & (fate == 1)].sum())) for i in range(len(names))]
        present = [i for i, (some, _) in enumerate(counts) if some]
        places.append({i: place for place, i in enumerate(present)})
        drawn.append(
            tuple(
                Node(names[i], *counts[i], *_asked(cohort, cohort_filter, [clauses[i]]))
                for i in present
            )
        )  # fmt: skip
    titles = [*(v.label for v in stages), "Outcome"]
    branches: list[tuple[Branch, ...]] = []
    for k, (here, there) in enumerate(pairwise(columns)):
        found = []
        for i, source in places[k].items():
            for j, target in places[k + 1].items():
                both = (here == i) & (there == j)
                if some := int(n[both].sum()):
                    ask, _ = _asked(cohort, cohort_filter, [asks[k][i], asks[k + 1][j]])
                    found.append(Branch(source, target, some, int(n[both & (fate == 1)].sum()), ask))
        branches.append(tuple(found))
    made = (Stage(*parts) for parts in zip(titles, drawn, [*branches, ()], strict=True))
    return Flow(tuple(made), int(n.sum()), int(n[fate == 1].sum()))


def _clause(variable: Variable, level: str | None) -> Clause | None:
    """What a click on a level asks for; None for those who lack it, who are asked for with those who cannot have it."""
    if level is None:
        return Clause(variable.name, keep_missing=True) if variable.population is None else None
    return Clause(variable.name, (level,))


def _asked(cohort: Cohort, cohort_filter: CohortFilter, clauses: Sequence[Clause | None]) -> tuple[str, bool]:
    """What a click asks for, and whether the filter does; nothing where part of it is no clause, as of an outcome."""
    known = [c for c in clauses if c is not None]
    if len(known) < len(clauses):
        return "", False
    return to_ask(cohort.dictionary, known), all(cohort_filter.clause(c.variable) == c for c in known)


@dataclass(frozen=True, slots=True)
class Lanes:
    """One page of lines: ``lanes`` in order, of ``n`` in all, up to ``longest`` months; ``n_unknown`` have no follow-up."""

    lanes: tuple[Lane, ...]
    n: int
    n_unknown: int
    longest: float

    @property
    def n_pages(self) -> int:
        """How many pages there are."""
        return max(1, math.ceil(self.n / LANES_ON_A_PAGE))


def has_lanes(cohort: Cohort) -> bool:
    """True if the file knows how long those who relapsed were followed, and no small number is protected."""
    return not cohort.smallest_cell and {RELAPSE, FOLLOW_UP, DEATH} <= set(cohort.dictionary.roles)


def list_lanes(
    cohort: Cohort, cohort_filter: CohortFilter, *, order: str = "follow-up", by: str | None = None, page: int = 1
) -> Lanes:
    """The lines of those of a selection who relapsed, in an order out of `ORDERS`, by the levels of a variable if one is named.

    A ``page`` beyond the last is the last.

    Raises
    ------
    ValueError
        If small numbers are protected: each line is one patient.
    """
    if cohort.smallest_cell:
        raise ValueError("each line is one patient: none is shown where small numbers are protected.")
    roles = cohort.dictionary.roles
    asked = [r for r in (FOLLOW_UP, DEATH, CART_DAY, HSCT_DAY, AGAIN_DAY, REMISSION, RELAPSE) if r in roles]
    columns = list(dict.fromkeys([*(roles[role] for role in asked), *([by] if by else [])]))
    tally = cohort.tally(columns, cohort_filter)
    tally = tally[tally[roles[RELAPSE]] == 1]
    known = tally[tally[roles[FOLLOW_UP]].notna() & tally[roles[DEATH]].notna()]
    values = {
        role: known[roles[role]].to_numpy(float) if role in roles else np.full(len(known), np.nan)
        for role in (FOLLOW_UP, DEATH, CART_DAY, HSCT_DAY, AGAIN_DAY)
    }
    groups = known[by].cat.codes.to_numpy() if by else np.zeros(len(known), dtype=np.int64)
    groups = np.where(groups < 0, groups.max(initial=0) + 1, groups)
    rows = np.lexsort((*_keys(values, order), groups))
    n = known["n"].to_numpy(np.int64)
    of_lane = np.repeat(rows, n[rows])
    page = max(1, min(page, math.ceil(len(of_lane) / LANES_ON_A_PAGE)))
    shown = of_lane[(page - 1) * LANES_ON_A_PAGE : page * LANES_ON_A_PAGE]
    made = [_lane(known, int(i), values, cohort, by) for i in shown]
    longest = float(np.nanmax(values[FOLLOW_UP], initial=0.0)) / DAYS_PER_MONTH
    return Lanes(tuple(made), int(n.sum()), int(tally["n"].sum() - n.sum()), longest)


def _keys(values: Mapping[str, np.ndarray], order: str) -> list[np.ndarray]:
    """What lines are sorted by, the first reason last."""
    treated = np.fmin(values[CART_DAY], values[HSCT_DAY])
    first = {
        "follow-up": -values[FOLLOW_UP],
        "treatment": treated,  # who was never treated comes last: NaN sorts so
        "second relapse": values[AGAIN_DAY],
        "death": -values[DEATH],
    }
    return [-values[FOLLOW_UP], first[order]]


def _lane(known: pd.DataFrame, i: int, values: Mapping[str, np.ndarray], cohort: Cohort, by: str | None) -> Lane:
    roles, dictionary = cohort.dictionary.roles, cohort.dictionary
    remission = None
    if REMISSION in roles:
        level = known[roles[REMISSION]].iloc[i]
        remission = None if pd.isna(level) else level != dictionary[roles[REMISSION]].reference
    level = known[by].iloc[i] if by else None
    group = dictionary[by].level_label(None if pd.isna(level) else level) if by else ""
    months = {role: float(values[role][i]) / DAYS_PER_MONTH for role in (FOLLOW_UP, CART_DAY, HSCT_DAY, AGAIN_DAY)}
    return Lane(
        end=months[FOLLOW_UP],
        died=values[DEATH][i] == 1,
        cart=months[CART_DAY],
        hsct=months[HSCT_DAY],
        second_relapse=months[AGAIN_DAY],
        remission=remission,
        group=group,
    )
