"""What the pages compute, at growing numbers of patients, beside the usual libraries row by row."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import statsmodels.api as sm
from lifelines import CoxPHFitter, CoxTimeVaryingFitter, KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import restricted_mean_survival_time

from analytics.cohort import Cohort
from analytics.cohort.opening import open_patients
from analytics.dictionary import DAYS_PER_MONTH, open_dictionary
from analytics.estimators import (
    estimate_cumulative_incidence,
    estimate_hazard_ratios,
    estimate_odds_ratios,
    estimate_restricted_mean,
    estimate_survival,
    gray_test,
    incidence_at,
    logrank_test,
    mantel_byar_test,
    simon_makuch,
    survival_at,
    time_dependent_hazard_ratio,
)
from analytics.frames import (
    BinaryOutcome,
    CompetingEvents,
    TimeToEvent,
    TreatmentHistory,
    endpoint_columns,
    history_columns,
)
from analytics.results import HazardRatioResult
from tests.benchmarks.cohorts import write_cohort

GROUP = "relapse_site_group"
OUTCOME = "relapsed"
COVARIATES = ("sex", "immunophenotype", "thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46")
AT_DIAGNOSIS = ("sex", "immunophenotype", "thrombocytopenia", "bcr_abl1", "cns_status")
AT_RELAPSE = (GROUP, "sex", "immunophenotype", "relapse_timing_bfm")
RESPONSE = "mrd_day46"
HORIZON = 36.0  # months
SITES = (
    "CASE WHEN relapse_site = 'isolated marrow' THEN 'isolated marrow' WHEN relapse_site LIKE '%marrow%' "
    "THEN 'combined' WHEN relapse_site IS NOT NULL THEN 'isolated extramedullary' END"
)
FIRST_DAYS = "CASE WHEN relapsed = 1 THEN relapse_days ELSE os_days END"
FIRST_EVENT = "CASE WHEN relapsed = 1 THEN 1 WHEN os_event = 1 THEN 2 ELSE 0 END"
PEER_COLUMNS = (
    f"{SITES} AS {GROUP}",
    f"{FIRST_DAYS} AS first_days",
    f"{FIRST_EVENT} AS first_event",
    "os_relapse_days",
    "os_relapse_event",
    "hsct_days",
    "os_days",
    "os_event",
    OUTCOME,
    *dict.fromkeys((*COVARIATES, *AT_DIAGNOSIS)),
)
R_SCRIPT = Path(__file__).with_name("r_reference.R")
MEMORY_OF_R = 1_000_000  # patients beyond whom R is left out
MEMORY_OF_CUMINC = 100_000


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work of a page.

    ``tally`` takes out of the engine what ``estimate`` makes the compared numbers from. ``python`` makes the same
    numbers from the rows as a data frame with the library of that name, as does R under the name of the task for as
    many patients as ``r_up_to``; where one does not offer the method, its entry is None or 0.
    """

    name: str
    tally: Callable[[Cohort], pd.DataFrame]
    estimate: Callable[[Cohort, pd.DataFrame], np.ndarray]
    python: Callable[[pd.DataFrame], np.ndarray] | None = None
    r_up_to: int = MEMORY_OF_R


@dataclass(frozen=True, slots=True)
class Size:
    """One cohort: its patients, how many of them differ, and seconds.

    ``open`` happens once per file; ``scan`` is the engine counting and adding up columns of the raw rows.
    """

    n: int
    jittered: bool
    n_distinct: int
    open: float
    scan: float


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one task in one cohort; None where a peer was left out or has no such method.

    ``largest_difference`` is that between our numbers and the peers', relative to the latter where they are above 1.
    """

    task: str
    size: Size
    tally: float
    estimate: float
    python: float | None
    r: float | None
    largest_difference: float | None

    @property
    def own(self) -> float:
        """Everything of ours."""
        return self.tally + self.estimate

    @property
    def ahead(self) -> float | None:
        """The time of the faster peer divided by ours; None without a peer."""
        peers = [peer for peer in (self.python, self.r) if peer is not None]
        return min(peers) / self.own if peers else None


def add_up(task: str, timings: Sequence[Timing]) -> Timing:
    """Several tasks in one cohort as one; a peer is left out that was left out of one of them."""

    def total(seconds: Sequence[float | None]) -> float | None:
        known = [s for s in seconds if s is not None]
        return sum(known) if len(known) == len(seconds) else None

    differences = [t.largest_difference for t in timings if t.largest_difference is not None]
    return Timing(
        task,
        timings[0].size,
        sum(t.tally for t in timings),
        sum(t.estimate for t in timings),
        total([t.python for t in timings]),
        total([t.r for t in timings]),
        max(differences, default=None),
    )


def time_sizes(folder: Path, sizes: tuple[int, ...], jittered_sizes: tuple[int, ...], peers_up_to: int) -> list[Timing]:
    """Timings of every task in every size, resampled and jittered; peers up to ``peers_up_to`` patients."""
    cases = [(n, False) for n in sizes] + [(n, True) for n in jittered_sizes]
    return [timing for n, jittered in cases for timing in _time_size(folder, n, jittered, n <= peers_up_to)]


def _time_size(folder: Path, n: int, jittered: bool, with_peers: bool) -> list[Timing]:
    file = write_cohort(folder, n, jittered=jittered)
    started = time.perf_counter()
    patients = open_patients(file, open_dictionary())
    cohort = patients.to_cohort()
    opened = time.perf_counter() - started
    n_rows = int(patients.engine.run("SELECT count(*) AS n FROM patients")["n"][0])
    size = Size(n, jittered, n_rows, opened, _time_scan(file))
    rows = _read_rows(file) if with_peers else None
    r = _time_r(rows, folder) if rows is not None else {}
    return [_time_task(task, cohort, size, rows, r) for task in TASKS]


def _time_task(
    task: Task, cohort: Cohort, size: Size, rows: pd.DataFrame | None, r: dict[str, tuple[float, np.ndarray]]
) -> Timing:
    tally_seconds, tally = _median_seconds(lambda: task.tally(cohort))
    estimate_seconds, own = _median_seconds(lambda: task.estimate(cohort, tally))
    python_seconds = None
    peers = []
    if task.python is not None and rows is not None:
        peer, repeats = task.python, 3 if size.n <= 100_000 else 1
        python_seconds, values = _median_seconds(lambda: peer(rows), repeats)
        peers.append(values)
    r_seconds, values = r.get(task.name, (None, None))
    if values is not None:
        peers.append(values)
    differences = [float(np.max(np.abs(own - values) / np.maximum(1.0, np.abs(values)))) for values in peers]
    return Timing(
        task.name, size, tally_seconds, estimate_seconds, python_seconds, r_seconds, max(differences, default=None)
    )


def _median_seconds(call: Callable[[], Any], repeats: int = 7) -> tuple[float, Any]:
    result = call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), result


def _tally_survival(cohort: Cohort) -> pd.DataFrame:
    return cohort.tally(endpoint_columns(cohort.dictionary.endpoint("os_relapse"), cohort.dictionary[GROUP]))


def _survival(cohort: Cohort, tally: pd.DataFrame) -> np.ndarray:
    frame = TimeToEvent.from_tally(tally, cohort.dictionary.endpoint("os_relapse"), cohort.dictionary[GROUP])
    estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight)
    return np.array([logrank_test(frame.time, frame.event, frame.group, weight=frame.weight).statistic or 0.0])


def _peer_survival(rows: pd.DataFrame) -> np.ndarray:
    followed = rows[rows["os_relapse_days"].notna() & rows[GROUP].notna()]
    for _, group in followed.groupby(GROUP):
        KaplanMeierFitter().fit(group["os_relapse_days"], group["os_relapse_event"])
    test = multivariate_logrank_test(followed["os_relapse_days"], followed[GROUP], followed["os_relapse_event"])
    return np.array([test.test_statistic])


def _tally_odds_ratios(cohort: Cohort) -> pd.DataFrame:
    return cohort.tally([OUTCOME, *COVARIATES])


def _odds_ratios(cohort: Cohort, tally: pd.DataFrame) -> np.ndarray:
    frame = BinaryOutcome.from_tally(tally, OUTCOME, [cohort.dictionary[name] for name in COVARIATES])
    kept = frame.complete
    result = estimate_odds_ratios(frame.outcome[kept], frame.covariates[kept], weight=frame.weight[kept])
    return np.log([t.odds_ratio.value for t in result.terms if not t.is_reference])


def _peer_odds_ratios(rows: pd.DataFrame) -> np.ndarray:
    complete = rows[[OUTCOME, *COVARIATES]].dropna()
    levels = ("male", "T", "yes", "positive", "positive", "positive")
    columns = [(complete[name] == level).astype(float) for name, level in zip(COVARIATES, levels, strict=True)]
    design = sm.add_constant(pd.concat(columns, axis=1))
    return np.asarray(sm.Logit(complete[OUTCOME].astype(float), design).fit(disp=0).params)[1:]


def _hazard_ratio_task(endpoint: str, covariates: Sequence[str]) -> tuple[Any, Any]:
    """Tally and estimate of a Cox regression."""

    def tally_columns(cohort: Cohort) -> pd.DataFrame:
        variables = [cohort.dictionary[name] for name in covariates]
        return cohort.tally(endpoint_columns(cohort.dictionary.endpoint(endpoint), *variables))

    def estimate(cohort: Cohort, tally: pd.DataFrame) -> np.ndarray:
        frame = TimeToEvent.from_tally(
            tally, cohort.dictionary.endpoint(endpoint), covariates=[cohort.dictionary[name] for name in covariates]
        )
        kept = frame.complete
        assert frame.covariates is not None
        return _log_ratios(
            estimate_hazard_ratios(
                frame.time[kept], frame.event[kept], frame.covariates[kept], weight=frame.weight[kept]
            )
        )

    return tally_columns, estimate


def _log_ratios(result: HazardRatioResult) -> np.ndarray:
    return np.log([t.ratio.value for t in result.terms if not t.is_reference])


def _peer_hazard_ratios(rows: pd.DataFrame) -> np.ndarray:
    complete = rows[["os_days", "os_event", *AT_DIAGNOSIS]].dropna()
    # The first level in alphabetical order is the reference, as with us.
    coded = pd.get_dummies(complete, columns=list(AT_DIAGNOSIS), drop_first=True, dtype=float)
    return np.asarray(CoxPHFitter().fit(coded, "os_days", "os_event").params_)


def _tally_incidence(cohort: Cohort) -> pd.DataFrame:
    return cohort.tally(endpoint_columns(cohort.dictionary.competing_endpoint("relapse"), cohort.dictionary[RESPONSE]))


def _incidence(cohort: Cohort, tally: pd.DataFrame) -> np.ndarray:
    """Gray's chi-square, and the incidence of relapse at the horizon in each group."""
    dictionary = cohort.dictionary
    endpoint = dictionary.competing_endpoint("relapse")
    frame = CompetingEvents.from_tally(tally, endpoint, dictionary[endpoint.cause], dictionary[RESPONSE])
    result = estimate_cumulative_incidence(
        frame.time, frame.cause, group=frame.group, weight=frame.weight, causes=frame.causes
    )
    test = gray_test(frame.time, frame.cause, frame.group, weight=frame.weight)
    relapse = [incidence_at(curve, [HORIZON])[0].value for curve in result.curves if curve.cause == frame.causes[0]]
    return np.array([test.statistic, *relapse], dtype=float)


def _tally_treatment(cohort: Cohort) -> pd.DataFrame:
    endpoint = cohort.dictionary.endpoint("os_relapse")
    return cohort.tally(history_columns(cohort.dictionary, endpoint, treatments=("hsct_days",)))


def _treatment(cohort: Cohort, tally: pd.DataFrame) -> np.ndarray:
    """The log hazard ratio of HSCT as it is given, and both curves at the horizon; the Mantel–Byar test as well."""
    endpoint = cohort.dictionary.endpoint("os_relapse")
    history = TreatmentHistory.from_tally(tally, endpoint, treatments=("hsct_days",))
    switches = history.switches("hsct")
    curves = simon_makuch(*switches, weight=history.weight).curves
    mantel_byar_test(*switches, weight=history.weight)
    (log_ratio,) = _log_ratios(time_dependent_hazard_ratio(*switches, weight=history.weight))
    return np.array([log_ratio, *(survival_at(curve, [HORIZON])[0].value for curve in curves)], dtype=float)


def _peer_treatment(rows: pd.DataFrame) -> np.ndarray:
    patients = rows.loc[rows["os_relapse_days"].notna(), ["os_relapse_days", "os_relapse_event", "hsct_days"]]
    stop, event, treated_at = (patients[name].to_numpy(float) for name in patients)
    switched = treated_at < stop
    before = {
        "start": 0.0,
        "stop": np.where(switched, treated_at, stop),
        "event": np.where(switched, 0.0, event),
        "treated": 0.0,
    }
    after = {"start": treated_at, "stop": stop, "event": event, "treated": 1.0}
    number = np.arange(len(patients))
    parts = [pd.DataFrame({"id": number, **before}), pd.DataFrame({"id": number, **after})[switched]]
    split = pd.concat(parts, ignore_index=True).query("stop > start")
    fit = CoxTimeVaryingFitter().fit(split, id_col="id", event_col="event", start_col="start", stop_col="stop")
    heights = [
        KaplanMeierFitter().fit(part["stop"], part["event"], entry=part["start"]).predict(HORIZON * DAYS_PER_MONTH)
        for _, part in split.groupby("treated")
    ]
    return np.array([fit.params_["treated"], *heights])


def _restricted_means(cohort: Cohort, tally: pd.DataFrame) -> np.ndarray:
    """Months lived up to the horizon in each group, in the alphabetical order of the groups."""
    frame = TimeToEvent.from_tally(tally, cohort.dictionary.endpoint("os_relapse"), cohort.dictionary[GROUP])
    result = estimate_restricted_mean(frame.time, frame.event, group=frame.group, weight=frame.weight, horizon=HORIZON)
    return np.array([g.mean.value for g in sorted(result.groups, key=lambda g: g.group)], dtype=float)


def _peer_restricted_means(rows: pd.DataFrame) -> np.ndarray:
    followed = rows[rows["os_relapse_days"].notna()]
    curves = [
        KaplanMeierFitter().fit(group["os_relapse_days"] / DAYS_PER_MONTH, group["os_relapse_event"])
        for _, group in followed.groupby(GROUP)
    ]
    return np.array([restricted_mean_survival_time(curve, HORIZON) for curve in curves])


SURVIVAL, ODDS_RATIOS, HAZARD_RATIOS = "survival", "odds ratios", "hazard ratios"
TASKS = (
    Task(SURVIVAL, _tally_survival, _survival, _peer_survival),
    Task(ODDS_RATIOS, _tally_odds_ratios, _odds_ratios, _peer_odds_ratios),
    Task(HAZARD_RATIOS, *_hazard_ratio_task("os_diagnosis", AT_DIAGNOSIS), _peer_hazard_ratios),
    # Nobody dies after an isolated extramedullary relapse: without the penalty, which the peers lack, no fit ends.
    Task("penalised hazard ratios", *_hazard_ratio_task("os_relapse", AT_RELAPSE), r_up_to=0),
    Task("cumulative incidence", _tally_incidence, _incidence, r_up_to=MEMORY_OF_CUMINC),
    Task("treatment over time", _tally_treatment, _treatment, _peer_treatment),
    Task("restricted means", _tally_survival, _restricted_means, _peer_restricted_means),
)


def _read_rows(file: Path) -> pd.DataFrame:
    """The rows as a data frame, which the peers get ready in memory."""
    with duckdb.connect() as connection:
        columns = ", ".join(PEER_COLUMNS)
        return connection.execute(f"SELECT {columns} FROM read_parquet(?)", [str(file)]).df()


def _time_scan(file: Path) -> float:
    """The engine's own reading of the rows, in memory as the cohort's are: a filtered count and the sums of the columns."""
    with duckdb.connect() as connection:
        numbers = ("os_relapse_days", "os_relapse_event", OUTCOME)
        columns = ", ".join(
            [
                *numbers,
                *(f"({name} = 'positive')::TINYINT AS {name}" for name in ("bcr_abl1", "mrd_day19", "mrd_day46")),
            ]
        )
        connection.execute(f"CREATE TABLE patients AS SELECT sex, {columns} FROM read_parquet(?)", [str(file)])
        sums = ", ".join(f"sum({name})" for name in (*numbers, "bcr_abl1", "mrd_day19", "mrd_day46"))
        query = f"SELECT count(*), {sums} FROM patients WHERE sex = 'male'"
        return _median_seconds(lambda: connection.execute(query).fetchall())[0]


def _time_r(rows: pd.DataFrame, folder: Path) -> dict[str, tuple[float, np.ndarray]]:
    """Seconds and numbers of each task that R does, measured within R after reading; empty without R."""
    rscript = shutil.which("Rscript")
    tasks = [task.name for task in TASKS if len(rows) <= task.r_up_to]
    if rscript is None or not tasks:
        return {}
    file = folder / "rows.csv"
    rows.to_csv(file, index=False)
    command = [rscript, "--vanilla", str(R_SCRIPT), str(file), str(HORIZON * DAYS_PER_MONTH), *tasks]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=3600)
    file.unlink()
    return {
        name: (float(found["seconds"]), np.array(found["values"], dtype=float))
        for name, found in json.loads(done.stdout).items()
    }
