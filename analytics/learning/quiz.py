"""The closing quiz: what the first lessons ask of what they taught, in another order than they did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from analytics.learning.answers import Check
from analytics.learning.lesson import Lesson
from analytics.learning.lessons import load_lessons

N_LESSONS = 4


def list_quiz() -> tuple[tuple[Lesson[Any, Any], Check], ...]:
    """Each question with the lesson that taught it.

    Their options stand in another order than in the lesson, and the questions of one lesson not one after the other: neither
    place tells the answer.
    """
    taught = load_lessons()[:N_LESSONS]
    longest = max(len(lesson.checks) for lesson in taught)
    asked = [(lesson, lesson.checks[k]) for k in range(longest) for lesson in taught if k < len(lesson.checks)]
    return tuple((lesson, _turn(check, 1 + number % 2)) for number, (lesson, check) in enumerate(asked))


def _turn(check: Check, by: int) -> Check:
    """The same question with its options moved on by so many places."""
    n = len(check.options)
    return replace(check, options=tuple(check.options[(i + by) % n] for i in range(n)), right=(check.right - by) % n)
