"""Frozen results: what an estimator returns and a figure, table, sentence or file is made from.

"Not estimable" is a result with a reason, never an exception and never a NaN in a scalar field.
Arrays inside results are read-only; in arrays alone, NaN marks a limit that is not defined.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
NOT_RECORDED = "not recorded"  # the level that missing values are given


Severity = Literal["info", "caution", "warning"]


def read_only(values: object) -> FloatArray:
    """A read-only float copy of ``values``, so that a shared result cannot be changed by its reader."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, slots=True)
class Result:
    """The base of everything that an estimator returns, and of what holds such: what the policy on small numbers looks into.

    ``no_rule`` says why a class that holds numbers needs no rule of that policy.
    """

    no_rule: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Interval(Result):
    """A confidence interval.

    ``low`` or ``high`` is None where the limit does not exist (a median whose upper limit is not reached,
    an odds ratio without finite limit). ``level`` is 0 to 1 (0.95), ``method`` names the formula ("log-log", "profile").

    Raises
    ------
    ValueError
        If a limit is not finite, or low > high, or the level is not between 0 and 1.
    """

    low: float | None
    high: float | None
    level: float
    method: str

    def __post_init__(self) -> None:
        for name, limit in (("low", self.low), ("high", self.high)):
            if limit is not None and not math.isfinite(limit):
                raise ValueError(f"{name} must be finite or None: it is {limit}.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low must not exceed high: {self.low} > {self.high}.")
        if not 0 < self.level < 1:
            raise ValueError(f"level must lie between 0 and 1 (0.95, not 95): it is {self.level}.")

    def excludes(self, value: float) -> bool:
        """True if ``value`` lies beyond a limit."""
        return (self.low is not None and self.low > value) or (self.high is not None and self.high < value)

    @property
    def is_one_sided(self) -> bool:
        """True if all of the error lies on one side: the other limit is the end of what is possible."""
        return self.method.endswith("one-sided")


@dataclass(frozen=True, slots=True)
class Name:
    """What an estimator knows a covariate by: its column, and one level or (of a number) one value of it, or None."""

    variable: str
    level: str | None = None
    value: float | None = None


def own_level_name(variable: str) -> str:
    """The column that says in whom a number is not recorded."""
    return f"{variable} ({NOT_RECORDED})"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no number: a stable lower-case ``code`` and its ``terms``, (name, value) each.

    A term is a number, the name of a group, a :class:`Name` or several, or another reason. The words are made in
    ``reporting``; tests and branches ask the code.
    """

    code: str
    terms: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, code: str, **terms: Any) -> Reason:
        """The reason of that code; a term that is None is left out."""
        return cls(code, tuple((name, value) for name, value in terms.items() if value is not None))

    def get(self, name: str) -> Any:
        """The term of that name; None without one."""
        return dict(self.terms).get(name)

    def but(self, **terms: Any) -> Reason:
        """The same reason with other terms."""
        return Reason.of(self.code, **{**dict(self.terms), **terms})


@dataclass(frozen=True, slots=True)
class Estimate(Result):
    """One number with its interval and the patients it rests on; ``value`` is None exactly when ``reason`` is set.

    ``n`` patients, ``n_event`` of them with the event. ``reason`` says why there is no value.
    ``n_are`` says which patients ``n`` counts where they are not all of a group ("at risk").
    """

    value: float | None
    interval: Interval | None = None
    n: int = 0
    n_event: int = 0
    reason: Reason | None = None
    std_error: float | None = None
    n_are: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != (self.reason is not None):
            raise ValueError("value must be None exactly when a reason is given.")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"value must be finite: it is {self.value}. Give a reason instead.")

    def to_row(self, conf_level: float, conf_type: str | None = None) -> dict[str, Any]:
        """The number for a file: ``n_event estimate std_error conf_low conf_high conf_level conf_type reason``.

        ``conf_type`` is that of an estimate without an interval.
        """
        interval = self.interval
        return {
            "n_event": self.n_event,
            "estimate": self.value,
            "std_error": self.std_error,
            "conf_low": interval.low if interval else None,
            "conf_high": interval.high if interval else None,
            "conf_level": conf_level,
            "conf_type": interval.method if interval else conf_type,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Note:
    """A remark that travels with a result: ``text`` says what is so (with the numbers), ``remedy`` what to do.

    ``code`` is a stable lower-case word ("separation"), used by tests and for grouping, so that wording may improve. An
    estimator gives ``terms`` as in a :class:`Reason`, and ``kind`` where one code is said in several ways; text and remedy
    are made of them in ``reporting``.
    ``link`` is the address of the page that can answer better, "" for none; clauses of the filter on the variables of
    ``drops``, and choices of these variables, are not taken there.
    """

    code: str
    severity: Severity
    text: str = ""
    remedy: str = ""
    link: str = ""
    drops: tuple[str, ...] = ()
    kind: str = ""
    terms: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, code: str, severity: Severity, kind: str = "", **terms: Any) -> Note:
        """The note of that code without words; a term that is None is left out."""
        given = tuple((name, value) for name, value in terms.items() if value is not None)
        return cls(code, severity, kind=kind, terms=given)

    def get(self, name: str) -> Any:
        """The term of that name; None without one."""
        return dict(self.terms).get(name)

    def but(self, **terms: Any) -> Note:
        """The same note with other terms."""
        return Note.of(self.code, self.severity, self.kind, **{**dict(self.terms), **terms})
