"""Our estimators beside the libraries that have them: how far they agree, how long each takes, what an import costs.

Where a library does the work already, its own call stands beside ours, which reads and checks what it gets.

Run with ``python -m tests.benchmarks.libraries``; the table in CONTRIBUTING.md says what follows from it.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from analytics.estimators import (
    adjust_p_values,
    clopper_pearson,
    concordance,
    distance,
    estimate_brier,
    estimate_cumulative_incidence,
    estimate_discrimination,
    estimate_hazard_ratios,
    estimate_odds_ratios,
    estimate_restricted_mean,
    estimate_survival,
    logrank_test,
    proportional_hazards_test,
    spline_basis,
    wilson,
)
from analytics.estimators.power import ALPHA, POWER

SIZES = (436, 20_000)
LIBRARIES = (
    "scipy.stats",
    "scipy.interpolate",
    "patsy",
    "statsmodels.stats.proportion",
    "statsmodels.stats.multitest",
    "statsmodels.stats.power",
    "statsmodels.genmod.generalized_linear_model",
    "statsmodels.duration.hazard_regression",
    "lifelines",
    "firthmodels",
    "sklearn.metrics",
)
# What a page has loaded before its first figure is drawn.
LOADED = (
    "import time, streamlit, pages.components.cache\nfrom analytics.analyses import load_analyses\nload_analyses()\n"
)


@dataclass(frozen=True)
class Drawn:
    """Patients: whole months to the event, a group, a stratum, two covariates, and counted rows of the same."""

    time: np.ndarray
    event: np.ndarray
    cause: np.ndarray
    group: np.ndarray
    age: np.ndarray
    counted: pd.DataFrame

    @property
    def rows(self) -> dict[str, Any]:
        """The counted rows as our estimators take them."""
        return {"time": self.counted["time"], "event": self.counted["event"], "weight": self.counted["n"]}

    @property
    def covariates(self) -> pd.DataFrame:
        """Group and age of the counted rows."""
        return pd.DataFrame({"group": pd.Categorical(self.counted["group"]), "age": self.counted["age"].astype(float)})

    @property
    def matrix(self) -> np.ndarray:
        """The same of each patient as numbers."""
        return np.column_stack([self.group == "b", self.age - self.age.mean()]).astype(float)


def draw(n: int) -> Drawn:
    """So many patients, the same at each run."""
    rng = np.random.default_rng(n)
    group, age = np.where(rng.random(n) < 0.3, "b", "a"), rng.integers(1, 18, n)
    hazard = np.exp(0.5 * (group == "b") + 0.03 * age)
    time, end = np.ceil(rng.exponential(60 / hazard)), np.ceil(rng.uniform(1, 120, n))
    event, seen = (time <= end).astype(float), np.minimum(time, end)
    cause = np.where(event > 0, rng.integers(1, 3, n), 0)
    frame = pd.DataFrame({"time": seen, "event": event, "cause": cause, "group": group, "age": age})
    counted = frame.groupby(list(frame.columns), as_index=False).size().rename(columns={"size": "n"})
    return Drawn(seen, event, cause, group, age, counted)


def kaplan_meier(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from lifelines import KaplanMeierFitter

    def theirs() -> Any:
        fitter = KaplanMeierFitter().fit(d.time, d.event)
        values = np.column_stack([fitter.survival_function_, fitter.confidence_interval_])[1:]
        return values[(values[:, 0] > 0) & (values[:, 0] < 1)]

    def ours() -> Any:
        (curve,) = estimate_survival(**d.rows).curves
        values = np.column_stack([curve.estimate, curve.low, curve.high])
        return values[(values[:, 0] > 0) & (values[:, 0] < 1)]

    return ours, theirs


def logrank(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from lifelines.statistics import multivariate_logrank_test

    return (
        lambda: logrank_test(**d.rows, group=d.counted["group"]).statistic,
        lambda: multivariate_logrank_test(d.time, d.group, d.event).test_statistic,
    )


def stratified_logrank(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from statsmodels.duration.survfunc import survdiff

    return (
        lambda: logrank_test(**d.rows, group=d.counted["group"], strata=d.counted["age"] % 3).statistic,
        lambda: survdiff(d.time, d.event, d.group, strata=d.age % 3)[0],
    )


def restricted_mean(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from lifelines import KaplanMeierFitter
    from lifelines.utils import restricted_mean_survival_time

    return (
        lambda: estimate_restricted_mean(**d.rows, horizon=36).groups[0].mean.value,
        lambda: restricted_mean_survival_time(KaplanMeierFitter().fit(d.time, d.event), t=36),
    )


def _ratios(d: Drawn, **options: Any) -> list[float]:
    found = estimate_hazard_ratios(**d.rows, covariates=d.covariates, **options)
    return [math.log(t.hazard_ratio.value) for t in found.terms if not t.is_reference and t.hazard_ratio.value]


def cox_lifelines(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from lifelines import CoxPHFitter

    frame = pd.DataFrame(d.matrix, columns=["b", "age"]).assign(time=d.time, event=d.event)
    return partial(_ratios, d), lambda: CoxPHFitter().fit(frame, "time", "event").params_.to_numpy()


def cox_statsmodels(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from statsmodels.duration.hazard_regression import PHReg

    return partial(_ratios, d), lambda: PHReg(d.time, d.matrix, d.event, ties="efron").fit(disp=0).params


def cox_firth(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from firthmodels import FirthCoxPH

    return (
        partial(_ratios, d, method="firth", conf_type="profile"),
        lambda: FirthCoxPH(gtol=1e-8, xtol=1e-8).fit(d.matrix, (d.event > 0, d.time)).coef_,
    )


def proportional_hazards(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from lifelines import CoxPHFitter
    from lifelines.statistics import proportional_hazard_test

    frame = pd.DataFrame(d.matrix, columns=["b", "age"]).assign(time=d.time, event=d.event)

    def theirs() -> Any:
        found = proportional_hazard_test(CoxPHFitter().fit(frame, "time", "event"), frame, time_transform="km")
        return dict(zip(found.name, found.test_statistic, strict=True))["b"]

    return (
        lambda: proportional_hazards_test(**d.rows, covariates=d.covariates).tests[0].statistic,
        theirs,
    )


def harrell(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from lifelines.utils import concordance_index

    return (
        lambda: concordance(**d.rows, score=d.counted["age"]).value,
        lambda: concordance_index(d.time, -d.age, d.event),
    )


def logistic(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    matrix = np.column_stack([np.ones(len(d.time)), d.matrix])
    return partial(_odds, d), lambda: GLM(d.event, matrix, family=Binomial()).fit(tol=1e-12).params[1:]


def _odds(d: Drawn, **options: Any) -> list[float]:
    found = estimate_odds_ratios(d.counted["event"], d.covariates, weight=d.counted["n"], **options)
    return [math.log(t.odds_ratio.value) for t in found.terms if not t.is_reference and t.odds_ratio.value]


def logistic_firth(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from firthmodels import FirthLogisticRegression

    return (
        partial(_odds, d, method="firth"),
        lambda: FirthLogisticRegression(gtol=1e-8, xtol=1e-8).fit(d.matrix, d.event.astype(int)).coef_.ravel(),
    )


def _incidence(d: Drawn) -> Any:
    curve = estimate_cumulative_incidence(d.counted["time"], d.counted["cause"], weight=d.counted["n"]).curves[0]
    return [curve.estimate[curve.time <= month][-1] for month in (12, 36, 60)]


def incidence_statsmodels(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from statsmodels.duration.survfunc import CumIncidenceRight

    def theirs() -> Any:
        found = CumIncidenceRight(d.time, d.cause)
        return [found.cinc[0][found.times <= month][-1] for month in (12, 36, 60)]

    return partial(_incidence, d), theirs


def incidence_lifelines(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from lifelines import AalenJohansenFitter

    def theirs() -> Any:
        fitter = AalenJohansenFitter(seed=1, calculate_variance=False).fit(d.time, d.cause, event_of_interest=1)
        return [fitter.cumulative_density_.loc[:month].iloc[-1, 0] for month in (12, 36, 60)]

    return partial(_incidence, d), theirs


def wilson_interval(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from statsmodels.stats.proportion import proportion_confint

    k, n = int(d.event.sum()), len(d.time)
    return lambda: _limits(wilson(k, n)), lambda: proportion_confint(k, n, method="wilson")


def exact_interval(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from statsmodels.stats.proportion import proportion_confint

    k, n = int(d.event.sum()), len(d.time)
    return lambda: _limits(clopper_pearson(k, n)), lambda: proportion_confint(k, n, method="beta")


def _limits(interval: Any) -> tuple[float, float]:
    return interval.low, interval.high


def multiplicity(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(len(d.time)).random(20).tolist()
    return lambda: adjust_p_values(p, "holm"), lambda: multipletests(p, method="holm")[1]


def false_discoveries(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from statsmodels.stats.multitest import fdrcorrection

    p = np.random.default_rng(len(d.time)).random(20).tolist()
    return lambda: adjust_p_values(p, "bh"), lambda: fdrcorrection(p)[1]


def area(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from sklearn.metrics import roc_auc_score

    rows = d.counted
    return (
        lambda: estimate_discrimination(rows["event"], rows["age"], weight=rows["n"]).value,
        lambda: roc_auc_score(d.event, d.age),
    )


def brier(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from sklearn.metrics import brier_score_loss

    rows = d.counted
    return (
        lambda: estimate_brier(rows["event"], rows["age"] / 20, weight=rows["n"]).value,
        lambda: brier_score_loss(d.event, d.age / 20),
    )


def splines(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Both bases span the same curves: compared are the fitted values of one and the same outcome."""
    from patsy import dmatrix

    knots, wanted = np.array([2.0, 6.0, 11.0, 16.0]), d.age.astype(float)

    def fitted(basis: np.ndarray) -> np.ndarray:
        matrix = np.column_stack([np.ones(len(basis)), basis])
        return np.asarray(matrix @ np.linalg.lstsq(matrix, d.event, rcond=None)[0])

    inner = "cr(x, knots=(6.0, 11.0), lower_bound=2.0, upper_bound=16.0)"
    return (
        lambda: fitted(spline_basis(wanted, knots)),
        lambda: fitted(np.asarray(dmatrix(inner, {"x": wanted}))),
    )


def power(d: Drawn) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from statsmodels.stats.power import NormalIndPower

    # Of a normal estimate with this information; one group alone, hence a ratio of 0.
    information = float(d.event.sum()) / 4
    return (
        lambda: distance() / math.sqrt(information),
        lambda: NormalIndPower().solve_power(nobs1=information, alpha=ALPHA, power=POWER, ratio=0),
    )


ESTIMATORS: tuple[tuple[str, str, Callable[[Drawn], tuple[Callable[[], Any], Callable[[], Any]]]], ...] = (
    ("Kaplan–Meier, log-log limits", "lifelines", kaplan_meier),
    ("log-rank test", "lifelines", logrank),
    ("log-rank test, strata", "statsmodels", stratified_logrank),
    ("restricted mean", "lifelines", restricted_mean),
    ("Cox model", "lifelines", cox_lifelines),
    ("Cox model", "statsmodels", cox_statsmodels),
    ("Firth’s Cox model", "firthmodels", cox_firth),
    ("proportional hazards", "lifelines", proportional_hazards),
    ("concordance", "lifelines", harrell),
    ("logistic model", "statsmodels", logistic),
    ("Firth’s logistic model", "firthmodels", logistic_firth),
    ("cumulative incidence", "statsmodels", incidence_statsmodels),
    ("cumulative incidence", "lifelines", incidence_lifelines),
    ("Wilson’s interval", "statsmodels", wilson_interval),
    ("Clopper–Pearson interval", "statsmodels", exact_interval),
    ("Benjamini and Hochberg’s adjustment", "statsmodels", false_discoveries),
    ("Holm’s adjustment", "statsmodels", multiplicity),
    ("area under the curve", "scikit-learn", area),
    ("Brier score", "scikit-learn", brier),
    ("spline basis", "patsy", splines),
    ("detectable effect", "statsmodels", power),
)


def milliseconds(call: Callable[[], Any], budget: float = 0.3) -> float:
    """The shortest of several runs, by the processor's time, so that neighbours do not count."""
    best, until = math.inf, time.perf_counter() + budget
    while best == math.inf or time.perf_counter() < until:
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return 1000 * best


def difference(ours: Any, theirs: Any) -> float:
    """The largest relative difference."""
    a, b = np.asarray(ours, dtype=float).ravel(), np.asarray(theirs, dtype=float).ravel()
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))))


def import_cost(module: str) -> float:
    """Milliseconds of the processor that an import adds to those of the dashboard's first page."""
    code = f"{LOADED}t = time.process_time()\nimport {module}\nprint(time.process_time() - t)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return 1000 * float(found.stdout.split()[-1])


def main() -> None:
    warnings.simplefilter("ignore")
    print(
        f"| Estimator | Library | Difference | Ours, ms ({SIZES[0]} / {SIZES[1]}) | Theirs, ms |\n|---|---|---|---|---|"
    )
    drawn = [draw(n) for n in SIZES]
    for name, library, make in ESTIMATORS:
        worst, own, other = 0.0, [], []
        for patients in drawn:
            ours, theirs = make(patients)
            worst = max(worst, difference(ours(), theirs()))
            own.append(f"{milliseconds(ours):.3g}")
            other.append(f"{milliseconds(theirs):.3g}")
        print(f"| {name} | {library} {version(library)} | {worst:.0e} | {' / '.join(own)} | {' / '.join(other)} |")
    print("\n| Import after the first page | ms |\n|---|---|")
    for module in LIBRARIES:
        print(f"| {module} | {min(import_cost(module) for _ in range(3)):.0f} |")


if __name__ == "__main__":
    main()
