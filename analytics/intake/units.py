"""The unit of a column's numbers, by its name and by how large they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.dictionary import DAYS_PER_MONTH, DAYS_PER_YEAR, Variable
from analytics.intake.names import split_name


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in which a file may hold a variable, and what its numbers are multiplied with."""

    name: str
    factor: float


# The dictionary's unit and the others of the same quantity; the least median that is believable in the dictionary's unit as
# it stands and once it was converted, and the largest.
_ALTERNATIVES: dict[str, tuple[tuple[Unit, ...], tuple[float, float, float]]] = {
    "years": (
        (Unit("years", 1.0), Unit("months", 1 / 12), Unit("days", 1 / DAYS_PER_YEAR)),
        (0.0, 1.5, 90.0),
    ),
    "10⁹/L": ((Unit("10⁹/L", 1.0), Unit("per µL", 0.001)), (1.0, 1.0, 900.0)),
    "g/L": ((Unit("g/L", 1.0), Unit("g/dL", 10.0), Unit("mmol/L", 16.114)), (45.0, 45.0, 170.0)),
    "%": ((Unit("%", 1.0), Unit("a fraction", 100.0)), (0.0, 0.0, 100.0)),
}
_DAYS = (Unit("days", 1.0), Unit("months", DAYS_PER_MONTH), Unit("years", DAYS_PER_YEAR))
# Words in the name of a column that tell its unit: English, German, Chinese.
_TOLD = {
    "days": {"day", "days", "d", "tage", "tag", "天", "天数"},
    "months": {"month", "months", "mo", "mos", "mths", "monate", "monat", "月", "月数"},
    "years": {"year", "years", "yr", "yrs", "jahre", "jahr", "年", "岁"},
    "per µL": {"ul", "µl", "μl", "mm", "mcl"},
    "10⁹/L": {"giga", "gpt"},
    "g/dL": {"dl"},
    "mmol/L": {"mmol"},
    "%": {"percent", "pct", "prozent", "percentage"},
    "a fraction": {"fraction", "ratio", "anteil"},
}


def list_units(variable: Variable) -> tuple[Unit, ...]:
    """The units in which a file may hold the variable, the dictionary's first; empty where only its own is known."""
    if variable.kind == "duration":
        return _DAYS
    return _ALTERNATIVES[variable.unit][0] if variable.unit in _ALTERNATIVES else ()


def guess_units(variable: Variable, names: tuple[str, ...], numbers: NDArray[np.float64]) -> tuple[Unit, ...]:
    """The units that the numbers may be in, the likeliest first; one where there is no doubt."""
    units = list_units(variable)
    if not units or not len(numbers):
        return units[:1]
    words = {word for name in names for word in (*split_name(name), *re.findall(r"[^\W\d_]+", name.casefold()))}
    if {"10", "3"} <= words or words & {"k", "thousand", "tsd"}:
        words -= _TOLD["per µL"]  # thousands per µL are 10⁹/L
    if told := [unit for unit in units if words & _TOLD.get(unit.name, set())]:
        return tuple(told[:1])
    if variable.kind == "duration":
        return _guess_time(variable, units, numbers)
    if variable.unit == "%":
        # A fraction never exceeds 1; per cents of few cells may stay below it as well.
        return units[:1] if numbers.max() > 1 else (units[1], units[0])
    least, low, high = _ALTERNATIVES[variable.unit][1]
    median = float(np.median(numbers))
    likely = tuple(u for u in units if (least if u.factor == 1 else low) <= median * u.factor <= high)
    return likely or units


def _guess_time(variable: Variable, units: tuple[Unit, ...], numbers: NDArray[np.float64]) -> tuple[Unit, ...]:
    largest, median = float(numbers.max()), float(np.median(numbers))
    least = variable.rarely_below
    days, months, years = units
    if largest > 100 and median >= least if least else largest > 365 and median > 60:
        return (days,)
    if largest > 60:
        return (months, days)
    return (
        (years, months, days) if largest <= 30 and not np.all(numbers == np.round(numbers)) else (months, years, days)
    )
