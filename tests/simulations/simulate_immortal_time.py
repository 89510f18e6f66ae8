"""How often each way of comparing treatments finds a difference that is not there.

    python -m tests.simulations.simulate_immortal_time [folder]

simulates patients whose treatment has no effect at all, compares them by every method with the estimators of the
dashboard themselves, and writes data/immortal_time_simulation.toml, or a file of that name into the folder given. It
takes a few minutes. Every data set has its own seed, made of the table's seed, the number of patients and the number of
the data set, and uses uniform numbers only, so that any part of the table can be computed anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from analytics.estimators import (
    estimate_hazard_ratios,
    ever_treated,
    landmark_profile,
    logrank_test,
    mantel_byar_test,
    naive_hazard_ratio,
    time_dependent_hazard_ratio,
    wilson,
)
from analytics.estimators.treatment.history import TREATED
from analytics.results import FloatArray, HazardRatioResult, TestResult

TABLE_PATH = Path(__file__).parent.parent.parent / "data" / "immortal_time_simulation.toml"

SEED = 2025
REPLICATIONS = {64: 4000, 436: 2000}
BLOCK = 100  # data sets whose counts are written down together, so that a slice of the table can be checked

DAYS_PER_YEAR = 365.25
EARLY_DAYS = 183
DIE_EARLY = 0.15
DIE_IN_FIVE_YEARS = 0.40
SHARE_DESTINED = 0.78
WAITING_MEDIAN, WAITING_LOW, WAITING_HIGH = 150.0, 75.0, 300.0
WAITING_SPREAD = 0.4  # standard deviation of the logarithm, before the ends are cut off
FIRST_CENSORED, LAST_CENSORED = 60.0, 8 * DAYS_PER_YEAR

DESIGN = (
    f"Days from {{clock}}. Death does not depend on treatment (true hazard ratio 1): a constant hazard by which "
    f"{100 * DIE_EARLY:.0f} % die within {EARLY_DAYS} days, then a lower constant hazard by which "
    f"{100 * DIE_IN_FIVE_YEARS:.0f} % have died at five years. {100 * SHARE_DESTINED:.0f} % of {{patients}} are destined for "
    f"transplantation if they live and are followed so long, after a log-normal waiting time with median "
    f"{WAITING_MEDIAN:g} days (standard deviation of the logarithm {WAITING_SPREAD:g}), kept between {WAITING_LOW:g} and "
    f"{WAITING_HIGH:g} days. Follow-up ends evenly between "
    f"{FIRST_CENSORED:g} days and eight years."
)


@dataclass(frozen=True)
class Patients:
    """One simulated data set; times in days, ``treated_at`` infinite for those not destined for treatment."""

    time: FloatArray
    event: FloatArray
    treated_at: FloatArray


@dataclass(frozen=True)
class Answer:
    """What one method says of one data set: patients it counts as treated, p value and hazard ratio (None for none)."""

    n_treated: int
    p_value: float | None
    hazard_ratio: float | None = None


@dataclass
class Counts:
    """What one method says of many data sets, in order."""

    answers: list[Answer] = field(default_factory=list)

    def rejections(self) -> list[int]:
        """Data sets with p < 0.05, per block."""
        found = [a.p_value is not None and a.p_value < 0.05 for a in self.answers]
        return [sum(found[start : start + BLOCK]) for start in range(0, len(found), BLOCK)]


def simulate_patients(n: int, replication: int, seed: int = SEED) -> Patients:
    """One data set of ``n`` patients under no effect of treatment."""
    uniform = np.random.default_rng([seed, n, replication]).random((4, n))
    early = -np.log1p(-DIE_EARLY) / EARLY_DAYS
    late = np.log((1 - DIE_EARLY) / (1 - DIE_IN_FIVE_YEARS)) / (5 * DAYS_PER_YEAR - EARLY_DAYS)
    cumulative = -np.log1p(-uniform[0])
    death = np.where(
        cumulative < early * EARLY_DAYS, cumulative / early, EARLY_DAYS + (cumulative - early * EARLY_DAYS) / late
    )
    low, high = (ndtr(np.log(end / WAITING_MEDIAN) / WAITING_SPREAD) for end in (WAITING_LOW, WAITING_HIGH))
    waiting = WAITING_MEDIAN * np.exp(WAITING_SPREAD * ndtri(low + (high - low) * uniform[1]))
    treated_at = np.where(uniform[2] < SHARE_DESTINED, waiting, np.inf)
    censored = FIRST_CENSORED + (LAST_CENSORED - FIRST_CENSORED) * uniform[3]
    return Patients(np.minimum(death, censored), (death <= censored).astype(np.float64), treated_at)


def _of_model(model: HazardRatioResult) -> Answer:
    term = model.terms[1]
    return Answer(term.n, term.p_value, term.hazard_ratio.value)


def _of_test(test: TestResult, model: HazardRatioResult | None = None) -> Answer:
    n_treated = sum(group.n for group in test.groups if group.group == TREATED)
    return Answer(n_treated, test.p_value, None if model is None else model.terms[1].hazard_ratio.value)


def _naive_logrank(p: Patients) -> Answer:
    return _of_test(logrank_test(p.time, p.event, ever_treated(p.time, p.event, p.treated_at)))


def _naive_cox(p: Patients) -> Answer:
    return _of_model(naive_hazard_ratio(p.time, p.event, p.treated_at))


def _landmark_final_label(p: Patients, landmark: float) -> Answer:
    followed = p.time > landmark
    group = ever_treated(p.time, p.event, p.treated_at)[followed]
    time, event = p.time[followed], p.event[followed]
    model = estimate_hazard_ratios(time, event, pd.DataFrame({"treatment": group}))
    return _of_test(logrank_test(time, event, group), model)


def _landmark(p: Patients, landmark: float) -> Answer:
    (found,) = landmark_profile(p.time, p.event, p.treated_at, landmarks=[landmark])
    return _of_test(found.test, found.hazard_ratio)


def _mantel_byar(p: Patients) -> Answer:
    return _of_test(mantel_byar_test(p.time, p.event, p.treated_at))


def _time_dependent(p: Patients) -> Answer:
    return _of_model(time_dependent_hazard_ratio(p.time, p.event, p.treated_at))


@dataclass(frozen=True)
class Method:
    """One way of comparing: ``biased`` says whether immortal time is left in it."""

    code: str
    label: str
    biased: bool
    answer: Callable[[Patients], Answer]


METHODS = (
    Method("naive-logrank", "ever against never treated, log-rank test", True, _naive_logrank),
    Method("naive-cox", "ever against never treated, Cox model", True, _naive_cox),
    Method(
        "landmark-90-final-label",
        "alive at 90 days, but ever against never treated, log-rank test",
        True,
        partial(_landmark_final_label, landmark=90),
    ),
    Method(
        "landmark-180-final-label",
        "alive at 180 days, but ever against never treated, log-rank test",
        True,
        partial(_landmark_final_label, landmark=180),
    ),
    Method("landmark-90", "treated by the landmark at 90 days, log-rank test", False, partial(_landmark, landmark=90)),
    Method(
        "landmark-180", "treated by the landmark at 180 days, log-rank test", False, partial(_landmark, landmark=180)
    ),
    Method("mantel-byar", "treatment as it changes, Mantel–Byar test", False, _mantel_byar),
    Method("time-dependent-cox", "treatment as it changes, Cox model", False, _time_dependent),
)


def simulate(n: int, replications: Sequence[int], seed: int = SEED) -> dict[str, Counts]:
    """What each method says, by its code, of the data sets with the given numbers."""
    counts = {method.code: Counts() for method in METHODS}
    for replication in replications:
        patients = simulate_patients(n, replication, seed)
        for method in METHODS:
            counts[method.code].answers.append(method.answer(patients))
    return counts


def describe_counts(method: Method, n: int, counts: Counts) -> Iterator[str]:
    """The lines of the table for one method and number of patients."""
    answers = counts.answers
    rejections = counts.rejections()
    interval = wilson(sum(rejections), len(answers))
    assert interval is not None
    ratios = [a.hazard_ratio for a in answers if a.hazard_ratio is not None]
    yield "[[result]]"
    yield f"n = {n}"
    yield f'method = "{method.code}"'
    yield f'label = "{method.label}"'
    yield f"biased = {str(method.biased).lower()}"
    yield f"replications = {len(answers)}"
    yield f"share_below_0_05 = {sum(rejections) / len(answers):.4f}"
    yield f"conf_low = {interval.low:.4f}"
    yield f"conf_high = {interval.high:.4f}"
    if ratios:
        yield f"median_hazard_ratio = {float(np.median(ratios)):.3f}"
    yield f"mean_n_treated = {float(np.mean([a.n_treated for a in answers])):.1f}"
    yield f"n_without_p = {sum(a.p_value is None for a in answers)}"
    yield f"rejections_per_block = {rejections}"
    yield ""


def write_table(path: Path) -> None:
    """Simulate everything and write the table."""
    lines = [
        "# How often each method finds p < 0.05 although treatment has no effect. Made by",
        "# python -m tests.simulations.simulate_immortal_time: do not edit.",
        "",
        f"seed = {SEED}",
        f"block = {BLOCK}",
        'design = """',
        DESIGN,
        '"""',
        'measures = """',
        "share_below_0_05: share of data sets with p < 0.05, which should be 0.05; conf_low and conf_high: its 95 % interval "
        "(Wilson); median_hazard_ratio: treated against not, which should be 1; mean_n_treated: mean number of patients "
        "counted as treated (with a handful, p values are approximate); n_without_p: data sets that allow no "
        "comparison, which count as p >= 0.05; rejections_per_block: data sets with p < 0.05 in each block of the "
        'replications, in order."""',
        "",
    ]
    with ProcessPoolExecutor() as pool:
        for n, replications in REPLICATIONS.items():
            blocks = [range(start, start + BLOCK) for start in range(0, replications, BLOCK)]
            found = list(pool.map(partial(simulate, n), blocks))
            for method in METHODS:
                counts = Counts([answer for block in found for answer in block[method.code].answers])
                lines.extend(describe_counts(method, n, counts))
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_table(Path(sys.argv[1]) / TABLE_PATH.name if len(sys.argv) > 1 else TABLE_PATH)
