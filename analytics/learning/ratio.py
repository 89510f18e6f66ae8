"""A ratio as an answer: a prediction on a scale of factors, where twice as much is as far from 1 as half as much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from analytics.languages import Text
from analytics.learning.answers import Answer, Verdict
from analytics.learning.saying import both

VALUES: tuple[float, ...] = (
    *(0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    *(1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0),
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio, one of `VALUES`; one off by less than the factor ``close`` is right, by less than its cube near."""

    close: float = 1.25
    start: float = 1.0
    values: ClassVar[tuple[float, ...]] = VALUES

    def takes(self, answer: object) -> bool:
        """True if ``answer`` is one."""
        return isinstance(answer, int | float) and not isinstance(answer, bool) and answer in VALUES

    def judge(self, answer: Answer, truth: Answer) -> Verdict:
        """How near the answer is."""
        assert isinstance(answer, int | float) and isinstance(truth, int | float)
        if truth <= 0:
            return "off"
        away = abs(math.log(answer / truth)) / math.log(self.close)
        return "right" if away <= 1 + 1e-9 else "near" if away <= 3 + 1e-9 else "off"

    def say(self, answer: Answer) -> Text:
        """The answer in words."""
        assert isinstance(answer, int | float)
        return both(f"{answer:g}")
