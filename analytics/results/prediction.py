"""What a model predicts for one patient."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.results.core import Estimate, Result


@dataclass(frozen=True, slots=True)
class Contribution(Result):
    """How far one covariate moves the log odds from those of the average patient, and the risk ``before`` and ``after`` it."""

    variable: str
    log_odds: float
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class PredictedRisk(Result):
    """The probability of the event for one patient by a logistic model.

    ``average`` is the probability at the mean of the linear predictor, from which ``steps`` lead to that of the patient, a
    covariate at a time; None and () where there is no risk. ``n_parameters`` excludes the intercept.
    """

    risk: Estimate
    average: float | None
    steps: tuple[Contribution, ...]
    method: str
    n: int
    n_event: int
    n_parameters: int


@dataclass(frozen=True, slots=True)
class RiskOverTime(Result):
    """The probability of the event by each of ``times``, for one patient, by a Cox model ("cox") or Fine and Gray's."""

    method: str
    times: tuple[float, ...]
    risks: tuple[Estimate, ...]
    n: int
    n_event: int
    n_parameters: int
