"""The closing quiz: what the first lessons ask of what they taught, in their order."""

from __future__ import annotations

from typing import Any

from analytics.learning.answers import Check
from analytics.learning.lesson import Lesson
from analytics.learning.lessons import load_lessons

N_LESSONS = 4


def list_quiz() -> tuple[tuple[Lesson[Any, Any], Check], ...]:
    """Each question with the lesson that taught it."""
    return tuple((lesson, check) for lesson in load_lessons()[:N_LESSONS] for check in lesson.checks)
