"""What is looked at to see how far a logistic model can be trusted, from the patients it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analytics.results.core import Estimate, FloatArray, Interval, Reason, Result
from analytics.results.regression import OddsRatioResult
from analytics.results.validation import (
    CalibrationResult,
    Coefficient,
    FittedProbabilities,
    InfluenceResult,
    SplineResult,
    VarianceInflation,
)


@dataclass(frozen=True, slots=True)
class Who:
    """Patients who do the same to a model: ``n`` of them, ``event`` or not; ``names`` of some, where these may be given."""

    n: int
    event: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Without(Result):
    """An odds ratio as the model shows it, without one patient, and by how many standard errors it has moved."""

    who: Who
    ratio: float
    interval: Interval | None
    change: float

    no_rule: ClassVar[str] = "made only of an odds ratio that the model shows"


@dataclass(frozen=True, slots=True)
class Departure(Result):
    """One odds ratio and what it becomes without the patient who lowers or raises it most.

    ``lost`` are the first patients without whom there is no such odds ratio, ``lost_reason`` says why, and ``n_lost``
    counts all of them.
    """

    coefficient: Coefficient
    ratio: float
    interval: Interval | None
    lowest: Without | None
    highest: Without | None
    lost: Who | None
    lost_reason: Reason | None
    n_lost: int

    no_rule: ClassVar[str] = "made only of an odds ratio that the model shows"

    @property
    def extremes(self) -> tuple[Without, ...]:
        """Where it is lowest and highest."""
        return tuple(w for w in (self.lowest, self.highest) if w is not None)

    @property
    def strongest(self) -> Without | None:
        """Where it has moved most."""
        return max(self.extremes, key=lambda w: abs(w.change), default=None)

    def does_flip(self, without: Without) -> bool:
        """True if the interval leaves out 1 with the patient and not without, or the other way round."""
        if self.interval is None or without.interval is None:
            return False
        return self.interval.excludes(1) != without.interval.excludes(1)


@dataclass(frozen=True, slots=True)
class ModelChecks(Result):
    """What can be said of a logistic model from the patients it was made from; nothing where there is a ``reason``."""

    model: OddsRatioResult
    fitted: FittedProbabilities
    weight: FloatArray
    area: Estimate
    brier: Estimate
    scaled_brier: Estimate
    calibration: CalibrationResult
    inflation: tuple[VarianceInflation, ...]
    influence: InfluenceResult
    departures: tuple[Departure, ...]
    splines: tuple[SplineResult, ...]
    reason: Reason | None = None

    no_rule: ClassVar[str] = "made only of a model that is shown; its parts have rules"

    @property
    def share(self) -> float:
        """The share of patients with the event."""
        return self.model.n_event / self.model.n if self.model.n else 0.0
