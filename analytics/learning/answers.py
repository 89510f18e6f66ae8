"""What a learner answers with, a number, a choice or a drawn curve, and how near an answer is to what the patients say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from analytics.formats import format_plain
from analytics.languages import Text
from analytics.learning.saying import both, fill

Answer = float | str | tuple[float, ...]
Verdict = Literal["right", "near", "off"]
PERCENT = both("%")
MONTHS = Text("months", "个月")


@dataclass(frozen=True, slots=True)
class Number:
    """A number on a slider from ``low`` to ``high``, which begins at ``start``.

    An answer within ``close`` of the truth is right, within three times that near.
    """

    low: float
    high: float
    step: float
    unit: Text
    close: float
    start: float

    def takes(self, answer: object) -> bool:
        """True if ``answer`` is one."""
        return isinstance(answer, int | float) and not isinstance(answer, bool) and self.low <= answer <= self.high

    def judge(self, answer: Answer, truth: Answer) -> Verdict:
        """How near the answer is."""
        assert isinstance(answer, int | float) and isinstance(truth, int | float)
        return _grade(abs(answer - truth), self.close)

    def say(self, answer: Answer) -> Text:
        """The answer in words."""
        assert isinstance(answer, int | float)
        return fill(Text("{number} {unit}", "{number} {unit}"), number=self._write(answer), unit=self.unit)

    def _write(self, answer: float) -> str:
        """With one decimal more than the slider has, and none that says nothing."""
        digits = 1 if self.step >= 1 else 2
        return format_plain(answer, 0 if round(answer, digits) == round(answer) else digits)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several options, each a code with what a learner reads."""

    options: tuple[tuple[str, Text], ...]

    def takes(self, answer: object) -> bool:
        """True if ``answer`` is one."""
        return isinstance(answer, str) and answer in dict(self.options)

    def judge(self, answer: Answer, truth: Answer) -> Verdict:
        """Right or not."""
        return "right" if answer == truth else "off"

    def say(self, answer: Answer) -> Text:
        """The option in words."""
        return dict(self.options)[str(answer)]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A curve of per cents at ``times`` (months), which never rises; ``axis`` is what it is of.

    An answer is right if it is within ``close`` points of the truth on average, near within three times that.
    """

    times: tuple[float, ...]
    axis: Text
    close: float

    def takes(self, answer: object) -> bool:
        """True if ``answer`` is one: a per cent for each time, none above the one before."""
        if not isinstance(answer, list | tuple) or len(answer) != len(self.times):
            return False
        if not all(isinstance(x, int | float) and not isinstance(x, bool) and 0 <= x <= 100 for x in answer):
            return False
        return all(later <= earlier for earlier, later in pairwise(answer))

    def judge(self, answer: Answer, truth: Answer) -> Verdict:
        """How near the curve is, on average over its times."""
        assert isinstance(answer, tuple) and isinstance(truth, tuple)
        return _grade(distance(answer, truth), self.close)

    def say(self, answer: Answer) -> Text:
        """The last point in words."""
        assert isinstance(answer, tuple)
        return fill(
            Text("{share} % at {time} months", "{time} 个月时 {share} %"),
            share=f"{round(answer[-1], 1):g}",
            time=f"{self.times[-1]:g}",
        )


Kind = Number | Choice | Drawn


def distance(answer: Sequence[float], truth: Sequence[float]) -> float:
    """The mean distance between two curves, in points."""
    return sum(abs(one - other) for one, other in zip(answer, truth, strict=True)) / len(truth)


def _grade(away: float, close: float) -> Verdict:
    if away <= close + 1e-9:
        return "right"
    return "near" if away <= 3 * close + 1e-9 else "off"


@dataclass(frozen=True, slots=True)
class Question:
    """What a learner commits to before anything is shown, in words and as a kind of answer."""

    text: Text
    kind: Kind


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence on the patients at hand; ``holds`` is what it rests on, worked out from the numbers that are shown.

    Only sentences that hold are shown: in other patients another one may be true.
    """

    text: Text
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """A question on what was taught, whatever the patients: options, of which the one at ``right`` is, and why."""

    question: Text
    options: tuple[Text, ...]
    right: int
    why: Text
