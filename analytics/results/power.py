"""What a study of a given size would find: the ratios that a comparison can detect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from analytics.results.core import Reason, Result

POWER, ALPHA = 0.8, 0.05
COLUMNS = ("n", "n_event", "detectable_low", "detectable_high", "power", "reason")
Term = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Detectable(Result):
    """The ratios nearest to 1 on both sides that a study of this size would find with the chosen power.

    It would find a ratio of ``low`` or less, or of ``high`` or more. A side is None where no ratio is found however far
    from 1; both are None exactly when ``reason`` is set. ``n`` patients and ``n_event`` events are those compared: of
    two groups, of both. ``information`` is that on the logarithm of the ratio where there is no difference, the inverse
    of its squared standard error. ``power`` is the chance to find it by a two-sided test at ``alpha``.
    """

    measure: str
    low: float | None
    high: float | None
    n: int
    n_event: int
    information: float
    power: float = POWER
    alpha: float = ALPHA
    reason: Reason | None = None

    no_rule: ClassVar[str] = (
        "says what a study as large would find, from the numbers of patients and events, which are always shown"
    )

    def to_row(self, **names: str | None) -> dict[str, Any]:
        """The ratio for a file, after what it is of: ``term … n n_event detectable_low detectable_high power reason``."""
        numbers = (self.n, self.n_event, self.low, self.high, self.power, self.reason)
        return {"term": f"detectable {self.measure}", **names, **dict(zip(COLUMNS, numbers, strict=True))}


@dataclass(frozen=True, slots=True)
class DetectedGroups(Result):
    """The detectable ratio of each group against ``reference``; groups without patients are left out.

    ``n`` patients and ``n_event`` events are those of all groups together.
    """

    reference: str
    groups: Mapping[str, Detectable]
    n: int
    n_event: int

    @property
    def known(self) -> dict[str, Detectable]:
        """The groups that have a detectable ratio."""
        return {name: found for name, found in self.groups.items() if found.reason is None}

    def rows(self) -> list[dict[str, Any]]:
        """Rows for files: ``term group reference n n_event detectable_low detectable_high power reason``."""
        return [found.to_row(group=name, reference=self.reference) for name, found in self.groups.items()]
