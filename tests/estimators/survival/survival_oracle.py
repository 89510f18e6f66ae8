"""Slow survival estimators in plain Python and exact fractions, written from the definitions, patient by patient.

They share no code and no layout with the estimators that they check.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Patient:
    """One patient at risk in (entry, time]; ``entry`` is -1 without delayed entry, so that time 0 counts."""

    time: int
    event: int
    group: str = "everyone"
    entry: int = -1


@dataclass(frozen=True)
class Step:
    """One distinct time of a curve; ``variance`` is None where the curve is 0."""

    time: int
    n_risk: int
    n_event: int
    n_censor: int
    survival: Fraction
    variance: Fraction | None


def at_risk(patients: Sequence[Patient], time: int) -> list[Patient]:
    """Those under observation just before ``time``."""
    return [p for p in patients if p.entry < time <= p.time]


def curve(patients: Sequence[Patient]) -> list[Step]:
    """The product-limit estimate with Greenwood's variance."""
    steps = []
    survival, relative = Fraction(1), Fraction(0)
    is_over = False
    for time in sorted({p.time for p in patients}):
        n = len(at_risk(patients, time))
        here = [p for p in patients if p.time == time]
        d = sum(p.event for p in here)
        survival *= Fraction(n - d, n)
        is_over = is_over or n == d
        if not is_over:
            relative += Fraction(d, n * (n - d))
        variance = None if is_over else survival**2 * relative
        steps.append(Step(time, n, d, len(here) - d, survival, variance))
    return steps


def quantile(steps: Sequence[Step], share: Fraction) -> Fraction | None:
    """The first time with at least ``share`` events; the middle of a level stretch at exactly that share."""
    for i, step in enumerate(steps):
        if 1 - step.survival == share:
            ends = [later.time for later in steps[i:] if later.survival < step.survival]
            return Fraction(step.time + (ends[0] if ends else steps[-1].time), 2)
        if 1 - step.survival > share:
            return Fraction(step.time)
    return None


def score(
    patients: Sequence[Patient], groups: Sequence[str], strata: Sequence[object] | None = None
) -> tuple[list[Fraction], list[Fraction], list[list[Fraction]]]:
    """Observed and expected events per group and the covariance of their difference, for the log-rank test."""
    size = len(groups)
    observed, expected = [Fraction(0)] * size, [Fraction(0)] * size
    variance = [[Fraction(0)] * size for _ in groups]
    blocks = list(strata) if strata is not None else [0] * len(patients)
    for block in set(blocks):
        members = [p for p, b in zip(patients, blocks, strict=True) if b == block]
        for time in {p.time for p in members if p.event}:
            present = at_risk(members, time)
            n = len(present)
            d = sum(p.event for p in present if p.time == time)
            shares = [Fraction(sum(p.group == g for p in present), n) for g in groups]
            for i, g in enumerate(groups):
                observed[i] += sum(p.event for p in present if p.time == time and p.group == g)
                expected[i] += d * shares[i]
                for j in range(size):
                    if n > 1:
                        spread = Fraction(d * (n - d), n - 1)
                        variance[i][j] += spread * ((shares[i] if i == j else 0) - shares[i] * shares[j])
    return observed, expected, variance


def chi_square(
    observed: list[Fraction], expected: list[Fraction], variance: list[list[Fraction]]
) -> tuple[Fraction, int]:
    """u' V^- u and the rank of V, by exact Gaussian elimination; columns without a pivot are dropped."""
    size = len(observed)
    rows = [[*variance[i], observed[i] - expected[i]] for i in range(size)]
    pivots: list[int] = []
    for column in range(size):
        found = next((r for r in range(len(pivots), size) if rows[r][column] != 0), None)
        if found is None:
            continue
        top = len(pivots)
        rows[top], rows[found] = rows[found], rows[top]
        rows[top] = [value / rows[top][column] for value in rows[top]]
        for r in range(size):
            if r != top and rows[r][column] != 0:
                rows[r] = [a - rows[r][column] * b for a, b in zip(rows[r], rows[top], strict=True)]
        pivots.append(column)
    solved = [Fraction(0)] * size
    for r, column in enumerate(pivots):
        solved[column] = rows[r][-1]
    difference = [o - e for o, e in zip(observed, expected, strict=True)]
    return sum((s * u for s, u in zip(solved, difference, strict=True)), Fraction(0)), len(pivots)


def limits(step: Step, conf_type: str, z: float) -> tuple[float, float] | None:
    """The limits of one step by the textbook formula; None where it has no value."""
    s = float(step.survival)
    if step.variance is None or (conf_type == "log-log" and step.survival == 1):
        return None
    se = math.sqrt(step.variance)
    if conf_type == "plain":
        return max(s - z * se, 0.0), min(s + z * se, 1.0)
    if conf_type == "log":
        return s * math.exp(-z * se / s), min(s * math.exp(z * se / s), 1.0)
    spread = z * se / (s * math.log(s))
    middle = math.log(-math.log(s))
    return math.exp(-math.exp(middle - spread)), math.exp(-math.exp(middle + spread))
