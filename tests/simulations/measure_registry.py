"""How true protected curves and models of a registry's export are, against the same without noise.

    python -m tests.simulations.measure_registry FILE [SMALLEST]

opens an export that the dashboard knows, protects it by several secrets, asks for curves and models of drawn selections, and
prints the entries that stand under "registry" in data/protection_simulation.toml. The file itself is not kept: the published
one is TARGET ALL phase 2 (National Cancer Institute), https://www.cbioportal.org/study/clinicalData?id=all_phase2_target_2018_pub.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from analytics.cohort import Cohort, open_cohort, protect_cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import Endpoint, Variable, open_dictionary
from analytics.estimators import estimate_odds_ratios, estimate_survival
from analytics.frames import BinaryOutcome, TimeToEvent, endpoint_columns
from analytics.intake.applying import apply_mapping
from analytics.intake.exports import recognise_export
from analytics.intake.gathering import gather_patients
from analytics.intake.reading import read_tables
from analytics.results import SurvivalResult
from tests.simulations.simulate_protection import MILESTONES, SMALLEST, last_of, value_at

SECRETS, SELECTIONS, MOST_FACTORS, SEED = 2, 20, 5, 2025
NAME = "TARGET ALL phase 2 (National Cancer Institute, through cBioPortal)"
GRID = np.arange(3.0, 97.0, 3.0)


@dataclass
class Seen:
    """What was counted over the questions to a protected registry."""

    n_asked: int = 0
    n_refused: int = 0
    n_points: int = 0
    n_shown: int = 0
    n_near: int = 0
    n_intervals: int = 0
    n_holding: int = 0
    n_models: int = 0
    n_models_refused: int = 0
    n_ratios: int = 0
    n_ratios_holding: int = 0


def open_registry(path: Path, secret: str) -> Cohort:
    """The patients of an export that the dashboard knows, with keys.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    tables = read_tables(path, path.name)
    export = recognise_export(tables)
    if export is None:
        raise ValueError(f"{path.name} is none of the exports that are known: see data/exports.")
    mapped = apply_mapping(gather_patients(tables, export.mapping)[0], export.mapping, open_dictionary())
    return open_cohort(mapped.frame, mapped.dictionary, name=path.stem, secret=secret)


def list_selections(exact: Cohort) -> Iterator[CohortFilter]:
    """Everybody, and drawn levels of filters and pairs of them."""
    levels = [Clause(v.name, (x,)) for v in exact.dictionary.filters if v.is_coded for x in v.levels]
    yield CohortFilter()
    pairs = [pair for pair in combinations(levels, 2) if pair[0].variable != pair[1].variable]
    rng = np.random.default_rng(SEED)
    for drawn in ([(clause,) for clause in levels], pairs):
        yield from (CohortFilter(drawn[int(i)]) for i in rng.permutation(len(drawn))[: SELECTIONS // 2])


def estimate_curves(cohort: Cohort, asked: CohortFilter, endpoint: Endpoint, by: Variable | None) -> SurvivalResult:
    """Curves as a page makes them."""
    frame = TimeToEvent.from_tally(cohort.tally(endpoint_columns(endpoint, by), asked), endpoint, by)
    return estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight, noise=frame.noise)


def look_at_curves(exact: Cohort, protected: Cohort, asked: CohortFilter, seen: Seen) -> None:
    """Curves from diagnosis, of all and by each group, against those without noise."""
    for endpoint in exact.dictionary.endpoints:
        if endpoint.entry is not None:
            continue
        for by in (None, *(v for v in exact.dictionary.groups if v.name not in asked.variables)):
            true = {c.group: c for c in estimate_curves(exact, asked, endpoint, by).curves}
            seen.n_asked += 1
            seen.n_points += len(true) * len(GRID)
            try:
                shown = estimate_curves(protected, asked, endpoint, by).curves
            except SuppressedError:
                seen.n_refused += 1
                continue
            for curve in shown:
                other = true[curve.group]
                at = GRID[(last_of(curve) >= GRID) & (last_of(other) >= GRID)]
                moved = value_at(curve, curve.estimate, at) - value_at(other, other.estimate, at)
                seen.n_shown += len(at)
                seen.n_near += int((np.abs(moved) <= 0.05).sum())
                for month in (m for m in MILESTONES if m in at):
                    low, high = (value_at(curve, x, np.array([month]))[0] for x in (curve.low, curve.high))
                    value = value_at(other, other.estimate, np.array([month]))[0]
                    seen.n_intervals += 1
                    seen.n_holding += bool(low <= value <= high)


def look_at_models(exact: Cohort, protected: Cohort, asked: CohortFilter, seen: Seen) -> None:
    """Odds ratios of each two and three factors together, against those without noise."""
    outcome = exact.dictionary.role("relapse")
    factors = [
        v
        for v in exact.dictionary.covariates
        if v.is_coded and v.name in exact.variables and v.name not in asked.variables
    ]
    for chosen in (*combinations(factors[:MOST_FACTORS], 2), *combinations(factors[:MOST_FACTORS], 3)):
        names = [outcome, *(v.name for v in chosen)]
        seen.n_models += 1
        try:
            tally = protected.tally(names, asked, main_effects=True)
        except SuppressedError:
            seen.n_models_refused += 1
            continue
        models = []
        for rows in (exact.tally(names, asked), tally):
            frame = BinaryOutcome.from_tally(rows, outcome, chosen)
            models.append(estimate_odds_ratios(**frame.model(), noise=frame.noise))
        true = {(t.variable, t.level): t.ratio.value for t in models[0].terms}
        references = [{(t.variable, t.level) for t in m.terms if t.is_reference} for m in models]
        for term in models[1].terms if references[0] == references[1] else ():
            value, interval = true.get((term.variable, term.level)), term.ratio.interval
            if not term.is_reference and value and interval is not None:
                seen.n_ratios += 1
                seen.n_ratios_holding += (interval.low or 0) <= value <= (interval.high or np.inf)


def measure_registry(path: Path, smallest: int) -> Seen:
    """What protection shows of an export, and how near that is to the same without it, over secrets and selections."""
    seen = Seen()
    for number in range(SECRETS):
        secret = f"the secret of measurement {number}"
        exact = open_registry(path, secret)
        protected = protect_cohort(exact, smallest, secret=secret)
        for asked in list_selections(exact):
            if exact.count(asked) >= smallest:
                look_at_curves(exact, protected, asked, seen)
                if number == 0:
                    look_at_models(exact, protected, asked, seen)
    return seen


def to_rows(name: str, n: int, smallest: int, seen: Seen) -> list[str]:
    """The entry of one smallest cell."""
    shares = {
        "share_within_5_points": (seen.n_near, seen.n_shown),
        "share_of_points_shown": (seen.n_shown, seen.n_points),
        "share_of_intervals_with_the_estimate": (seen.n_holding, seen.n_intervals),
        "share_of_selections_withheld": (seen.n_refused, seen.n_asked),
        "share_of_models_withheld": (seen.n_models_refused, seen.n_models),
        "share_of_ratios_with_the_estimate": (seen.n_ratios_holding, seen.n_ratios),
    }
    return [
        "[[registry]]",
        f'name = "{name}"',
        f"n = {n}",
        f"smallest_cell = {smallest}",
        f"n_curves_asked = {seen.n_asked}",
        f"n_points_shown = {seen.n_shown}",
        f"n_ratios_shown = {seen.n_ratios}",
        *(f"{key} = {of / max(all_of, 1):.4f}" for key, (of, all_of) in shares.items()),
        "",
    ]


if __name__ == "__main__":
    export = Path(sys.argv[1])
    n_patients = open_registry(export, "the secret of a count alone").count()
    for k in [int(x) for x in sys.argv[2:]] or SMALLEST:
        print("\n".join(to_rows(NAME, n_patients, k, measure_registry(export, k))), flush=True)
