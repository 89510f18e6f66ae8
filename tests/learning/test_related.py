"""Every page of an analysis leads to lessons, and to such as there are; every lesson is led to."""

from __future__ import annotations

from analytics.analyses import load_analyses
from analytics.learning.lessons import load_lessons
from analytics.learning.related import LESSONS, list_related


def test_every_analysis_leads_to_lessons_and_every_lesson_is_led_to() -> None:
    assert set(LESSONS) == {analysis.slug for analysis in load_analyses()}
    led_to = {lesson.slug for page in LESSONS for lesson in list_related(page)}
    assert led_to == {lesson.slug for lesson in load_lessons()}
