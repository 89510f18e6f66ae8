"""Chemotherapy so far, CAR-T and HSCT as groups of their own: every pair of them, and who goes from one to another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.comparisons.treatment import AT_LANDMARK, AT_START, TreatmentData, name_chemotherapy, read_model
from analytics.comparisons.treatment_groups import Groups
from analytics.comparisons.treatment_words import count_children
from analytics.dictionary import DAYS_PER_MONTH
from analytics.estimators.intervals import SurvivalConfType
from analytics.estimators.treatment import (
    landmark_profile,
    landmark_survival,
    mantel_byar_test,
    simon_makuch,
    time_dependent_hazard_ratio,
)
from analytics.estimators.treatment_history import SwitchingPatients
from analytics.formats import (
    MISSING,
    format_count,
    format_p_cell,
)
from analytics.frames import list_treatments
from analytics.reporting.estimates import ratio_text
from analytics.reporting.tables import Table
from analytics.reporting.wording import join_words
from analytics.results import (
    HazardRatio,
    HazardRatioResult,
    LandmarkResult,
    Note,
    PairwiseTest,
)

CLOCK = Control(
    "clock",
    "Compare from",
    "one",
    AT_LANDMARK,
    ((AT_LANDMARK, "a landmark"), (AT_START, "the start of each treatment")),
    help="From a landmark: every child stays in the group of that day. From the start of each treatment: a child is at risk "
    "from the day on which salvage treatment began (delayed entry), and changes group on the day of CAR-T or HSCT.",
)


def reference_control(cohort: Cohort) -> Control:
    """The choice of the group that the others are compared with, as far as the cohort knows of them."""
    known = {column: name for column, name in list_treatments().items() if column in cohort.variables}
    states = (name_chemotherapy(known.values()), *known.values())
    return Control(
        "against",
        "Compare with",
        "one",
        "chemotherapy",
        tuple(zip(("chemotherapy", *known.values()), states, strict=True)),
        help="The group that the hazard ratios compare the others with. HSCT after CAR-T counts as HSCT; CAR-T after HSCT "
        "changes nothing.",
        display=True,
    )


def note_start_unknown(data: TreatmentData, days: int | None) -> tuple[Note, ...]:
    """That chemotherapy is counted from relapse, where treatment should be from its start and the file has no such day."""
    if days is not None or data.entry is not None:
        return ()
    text = "The day on which salvage treatment began is not on record: chemotherapy counts from relapse on."
    return (Note("start-unknown", "info", text),)


def count_moves(data: TreatmentData, days: int | None) -> tuple[tuple[str, str, int], ...]:
    """How many went from one group to another: after the landmark and until the last treatment, or at each change."""
    arrays = data.arrays(adjusted=True)
    known: dict[str, Any] = {
        name: arrays.get(name) for name in ("time", "event", "treated_at", "weight", "entry", "untreated")
    }
    history = SwitchingPatients.from_arrays(**known)
    if days is None:
        rows = history.split()
        again = np.flatnonzero(rows.row[1:] == rows.row[:-1])
        weight, before, after = rows.weight[again], rows.state.codes[again], rows.state.codes[again + 1]
    else:
        landmark = days / DAYS_PER_MONTH
        followed = history.time > landmark
        weight = history.weight[followed]
        before, after = history.state_at(landmark)[followed], history.last_state()[followed]
    return tuple(
        (one, other, int(weight[(before == i) & (after == j)].sum()))
        for i, one in enumerate(history.names)
        for j, other in enumerate(history.names)
        if i != j
    )


def fit_groups(data: TreatmentData, days: int | None, conf_type: SurvivalConfType, reference: str) -> LandmarkResult:
    """Curves, test and hazard ratios against ``reference`` of complete cases, from the landmark or from entry on."""
    arrays = data.arrays(adjusted=True)
    shared: dict[str, Any] = {"reference": reference}
    if days is not None:
        landmark = days / DAYS_PER_MONTH
        found = landmark_survival(**arrays, **shared, landmark=landmark, conf_type=conf_type, ratio_conf_type="profile")
        return replace(found, hazard_ratio=replace(read_model(data, found.hazard_ratio), concordance=None))
    tested = {name: values for name, values in arrays.items() if name != "covariates"}
    drawn = {name: values for name, values in tested.items() if name != "strata"}
    curves, test = simon_makuch(**drawn, conf_type=conf_type), mantel_byar_test(**tested)
    hazard = time_dependent_hazard_ratio(**arrays, **shared, conf_type="profile")
    n_treated = round(float(arrays["weight"] @ (data.first_treated() <= data.time)[data.complete]))
    return LandmarkResult(
        landmark=0.0,
        n=data.n_complete,
        n_event_before=0,
        n_censored_before=0,
        n_treated=n_treated,
        n_untreated=data.n_complete - n_treated,
        n_switch_later=n_treated,
        n_event=hazard.n_event,
        curves=curves,
        test=test,
        hazard_ratio=read_model(data, hazard),
        reason=test.reason,
        notes=curves.notes,
    )


def list_other_pairs(data: TreatmentData, days: int | None, reference: str) -> tuple[HazardRatioResult, ...]:
    """The models in which the pairs without ``reference`` are compared, one for each further one that is needed."""
    others = [state for state in data.states if state != reference]
    models = []
    for state in others[:-1]:
        arrays: dict[str, Any] = {**data.arrays(adjusted=True), "reference": state}
        if days is None:
            model = time_dependent_hazard_ratio(**arrays, conf_type="profile")
        else:
            (at,) = landmark_profile(**arrays, landmarks=[days / DAYS_PER_MONTH], ratio_conf_type="profile")
            model = at.hazard_ratio
        models.append(read_model(data, replace(model, concordance=None)))
    return tuple(models)


def add_pairs(table: Table, data: TreatmentData, pairs: Iterable[tuple[str, HazardRatio]]) -> Table:
    """The table of hazard ratios against one reference, with further pairs behind the treatments."""
    rows = [
        (
            f"Treatment: {term.level} against {reference}",
            f"{format_count(term.n_event)} of {format_count(term.n)}",
            ratio_text(term.ratio),
            format_p_cell(term.p_value, term.p_reason),
        )
        for reference, term in pairs
    ]
    k = len(data.states)
    return replace(table, rows=(*table.rows[:k], *rows, *table.rows[k:]))


def frame_estimates(result: Groups, others: Iterable[HazardRatioResult], pairs: Iterable[PairwiseTest]) -> pd.DataFrame:
    """The hazard ratios of every model, then the tests of all groups and of each pair."""
    rows: list[dict[Any, Any]] = []
    for model in (result.hazard, *others):
        rows += model.to_frame().to_dict("records")
    tests = [(result.test, "", "", None), *((p.test, p.group_a, p.group_b, p.p_adjusted) for p in pairs)]
    for test, reference, level, p_holm in tests:
        found: dict[str, Any] = {
            "statistic": test.statistic,
            "df": test.df,
            "p_value": test.p_value,
            "p_value_holm": p_holm,
        }
        rows.append({"term": test.method, "reference": reference, "level": level, **found, "reason": test.reason})
    return pd.DataFrame(rows).assign(landmark_days=result.days)


def tabulate_moves(result: Groups, moves: Iterable[tuple[str, str, int]]) -> Table:
    """Who changed treatment, and to what; empty cells are groups that nobody can go to from there."""
    data, kept = result.data, result.days is not None
    n = {(one, other): count for one, other, count in moves}
    size = {curve.group: curve.n for curve in result.curves.curves}
    return Table(
        title="Who changed treatment later" if kept else "Who changed treatment",
        columns=("Group", "Children" if kept else "Children ever", *(f"Then {state}" for state in data.treated_at)),
        rows=tuple(
            (
                state,
                format_count(size.get(state, 0)),
                *(MISSING if state == to else format_count(n[state, to]) for to in data.treated_at),
            )
            for state in data.states
        ),
        help=("", "At the landmark" if kept else "", *("By the end of follow-up" for _ in data.treated_at)),
        caption="They stay in the group of the landmark, which makes the groups more alike." if kept else "",
    )


def say_groups(result: Groups) -> str:
    """How many children each group has, and how many of them had the event."""
    had = "died" if result.data.endpoint.event_noun == "deaths" else "had an event"
    counts = [
        f"{curve.group} {count_children(curve.n)}, of whom {format_count(curve.n_event)} {had}"
        for curve in result.curves.curves
    ]
    when = "By treatment as it changed" if result.days is None else f"By day {result.days}"
    return f"{when}: {'; '.join(counts)}."


def say_moves(result: Groups, moves: Iterable[tuple[str, str, int]]) -> str:
    """Who changed treatment, and to what."""
    found = [f"{format_count(n)} from {one} to {other}" for one, other, n in moves if n]
    later = " later" if result.days is not None else ""
    return f"Changed treatment{later}: {join_words(found)}." if found else f"Nobody changed treatment{later}."
