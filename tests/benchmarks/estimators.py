"""Survival curves, log-rank test and odds ratios at growing numbers of patients, beside the usual libraries row by row."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import statsmodels.api as sm
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test

from analytics.cohort import Cohort, open_cohort
from analytics.estimators.kaplan_meier import estimate_survival
from analytics.estimators.logistic import estimate_odds_ratios
from analytics.estimators.logrank import logrank_test
from analytics.frames import BinaryOutcome, TimeToEvent, endpoint_columns
from tests.benchmarks.cohorts import write_cohort

GROUP = "relapse_site_group"
OUTCOME = "relapsed"
COVARIATES = ("sex", "immunophenotype", "thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46")
SITES = (
    "CASE WHEN relapse_site = 'isolated marrow' THEN 'isolated marrow' WHEN relapse_site LIKE '%marrow%' "
    "THEN 'combined' WHEN relapse_site IS NOT NULL THEN 'isolated extramedullary' END"
)
PEER_COLUMNS = (f"{SITES} AS {GROUP}", "os_relapse_days", "os_relapse_event", OUTCOME, *COVARIATES)
R_SCRIPT = Path(__file__).with_name("r_reference.R")


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds at one number of patients; None where a peer was left out.

    ``own`` is tally, Kaplan–Meier for three groups, log-rank test and odds ratios of six factors together, with the
    check for separation and the profile-likelihood limits that the peers do not make; ``open`` happens once per file,
    before; ``scan`` is the engine counting and adding up the same columns of the raw rows.
    ``largest_difference`` is that between our and the peers' results: log odds ratios and the log-rank chi-square,
    relative to the latter where it is above 1.
    """

    n: int
    jittered: bool
    n_distinct: int
    open: float
    own_survival: float
    own_odds: float
    scan: float
    python_survival: float | None
    python_odds: float | None
    r_survival: float | None
    r_odds: float | None
    largest_difference: float | None

    @property
    def own(self) -> float:
        """Everything of ours."""
        return self.own_survival + self.own_odds

    @property
    def python(self) -> float | None:
        """lifelines and statsmodels together."""
        if self.python_survival is None or self.python_odds is None:
            return None
        return self.python_survival + self.python_odds

    @property
    def r(self) -> float | None:
        """R's survival and glm together."""
        return None if self.r_survival is None or self.r_odds is None else self.r_survival + self.r_odds


def time_sizes(folder: Path, sizes: tuple[int, ...], jittered_sizes: tuple[int, ...], peers_up_to: int) -> list[Timing]:
    """Timings of every size, resampled and jittered; peers up to ``peers_up_to`` patients."""
    cases = [(n, False) for n in sizes] + [(n, True) for n in jittered_sizes]
    return [_time_size(folder, n, jittered, n <= peers_up_to) for n, jittered in cases]


def _time_size(folder: Path, n: int, jittered: bool, with_peers: bool) -> Timing:
    file = write_cohort(folder, n, jittered=jittered)
    started = time.perf_counter()
    cohort = open_cohort(file)
    opened = time.perf_counter() - started
    own_survival, chi_square = _median_seconds(lambda: _survival(cohort))
    own_odds, log_odds = _median_seconds(lambda: _odds_ratios(cohort))
    n_distinct = cohort._n_rows
    python: tuple[float | None, float | None] = (None, None)
    r: tuple[float | None, float | None] = (None, None)
    difference = None
    if with_peers:
        rows = _read_rows(file)
        repeats = 3 if n <= 100_000 else 1
        peer_survival, peer_chi_square = _median_seconds(lambda: _peer_survival(rows), repeats)
        peer_odds, peer_log_odds = _median_seconds(lambda: _peer_odds_ratios(rows), repeats)
        python = (peer_survival, peer_odds)
        relative = abs(chi_square - peer_chi_square) / max(1.0, peer_chi_square)
        difference = float(np.max([relative, *np.abs(log_odds - peer_log_odds)]))
        r = _time_r(rows, folder)
    return Timing(n, jittered, n_distinct, opened, own_survival, own_odds, _time_scan(file), *python, *r, difference)


def _median_seconds(call: Callable[[], Any], repeats: int = 7) -> tuple[float, Any]:
    result = call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), result


def _survival(cohort: Cohort) -> float:
    endpoint = cohort.dictionary.endpoint("os_relapse")
    variable = cohort.dictionary[GROUP]
    frame = TimeToEvent.from_tally(cohort.tally(endpoint_columns(endpoint, variable)), endpoint, variable)
    estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight)
    return float(logrank_test(frame.time, frame.event, frame.group, weight=frame.weight).statistic or 0.0)


def _odds_ratios(cohort: Cohort) -> np.ndarray:
    variables = [cohort.dictionary[name] for name in COVARIATES]
    frame = BinaryOutcome.from_tally(cohort.tally([OUTCOME, *COVARIATES]), OUTCOME, variables)
    kept = frame.complete
    result = estimate_odds_ratios(frame.outcome[kept], frame.covariates[kept], weight=frame.weight[kept])
    return np.log([t.odds_ratio.value for t in result.terms if not t.is_reference])


def _read_rows(file: Path) -> pd.DataFrame:
    """The rows as a data frame, which the peers get ready in memory."""
    with duckdb.connect() as connection:
        columns = ", ".join(PEER_COLUMNS)
        return connection.execute(f"SELECT {columns} FROM read_parquet(?)", [str(file)]).df()


def _peer_survival(rows: pd.DataFrame) -> float:
    followed = rows[rows["os_relapse_days"].notna() & rows[GROUP].notna()]
    for _, group in followed.groupby(GROUP):
        KaplanMeierFitter().fit(group["os_relapse_days"], group["os_relapse_event"])
    test = multivariate_logrank_test(followed["os_relapse_days"], followed[GROUP], followed["os_relapse_event"])
    return float(test.test_statistic)


def _peer_odds_ratios(rows: pd.DataFrame) -> np.ndarray:
    complete = rows[[OUTCOME, *COVARIATES]].dropna()
    levels = ("male", "T", "yes", "positive", "positive", "positive")
    columns = [(complete[name] == level).astype(float) for name, level in zip(COVARIATES, levels, strict=True)]
    design = sm.add_constant(pd.concat(columns, axis=1))
    return np.asarray(sm.Logit(complete[OUTCOME].astype(float), design).fit(disp=0).params)[1:]


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


def _time_r(rows: pd.DataFrame, folder: Path) -> tuple[float | None, float | None]:
    """Seconds of survfit with survdiff, and of glm, measured within R after reading; None without R."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None, None
    file = folder / "rows.csv"
    rows.to_csv(file, index=False)
    done = subprocess.run(
        [rscript, "--vanilla", str(R_SCRIPT), str(file)], capture_output=True, text=True, check=True, timeout=1800
    )
    file.unlink()
    seconds = json.loads(done.stdout)
    return float(seconds["survival"]), float(seconds["odds"])
