"""The predictions of a class for one question: how they spread, and how many are near what the patients say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from analytics.learning.answers import Answer, Choice, Drawn, Verdict
from analytics.learning.codes import Asked


@dataclass(frozen=True, slots=True)
class Spread:
    """Predictions in the order in which they came.

    ``middle`` is their median, of curves at each time, None of choices and of none; half of the numbers lie between the two
    of ``half``. ``n_right`` and ``n_near`` say how many are, and ``counts`` how many chose each option, by its code.
    """

    answers: tuple[Answer, ...]
    middle: float | tuple[float, ...] | None
    half: tuple[float, float] | None
    n_right: int
    n_near: int
    counts: tuple[tuple[str, int], ...] = ()

    @property
    def n(self) -> int:
        """How many predictions there are."""
        return len(self.answers)


def spread_answers(kind: Asked, answers: Sequence[Answer], judge: Callable[[Answer], Verdict]) -> Spread:
    """How the answers to a question spread; ``judge`` says how near each is."""
    verdicts = Counter(judge(answer) for answer in answers)
    middle: float | tuple[float, ...] | None = None
    half: tuple[float, float] | None = None
    counts: tuple[tuple[str, int], ...] = ()
    if isinstance(kind, Choice):
        chosen = Counter(map(str, answers))
        counts = tuple((code, chosen[code]) for code, _ in kind.options)
    elif isinstance(kind, Drawn):
        curves = [answer for answer in answers if isinstance(answer, tuple)]
        middle = tuple(float(median(at)) for at in zip(*curves, strict=True)) if curves else None
    elif numbers := [float(answer) for answer in answers if isinstance(answer, int | float)]:
        middle = float(median(numbers))
        if len(numbers) > 1:
            low, _, high = quantiles(numbers, n=4, method="inclusive")
            half = (low, high)
    return Spread(tuple(answers), middle, half, verdicts["right"], verdicts["near"], counts)
