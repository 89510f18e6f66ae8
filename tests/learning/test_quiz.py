"""The closing quiz: ten questions, and the place in the lessons where each is answered."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.cohort import open_cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import speaking_by
from analytics.languages import LANGUAGES, Language
from analytics.learning.answers import Check
from analytics.learning.lesson import Lesson
from analytics.learning.lessons import load_lessons
from analytics.learning.opening import open_lesson
from analytics.learning.quiz import list_quiz
from analytics.learning.saying import fill
from pages.components.cache import REFERENCE_COHORT

COHORT = open_cohort(REFERENCE_COHORT)
QUIZ = list_quiz()
# What a learner has read by then, English and Chinese, of which each answer is made; in the order of the lessons.
TAUGHT: tuple[tuple[str, str], ...] = (
    ("Between deaths it stays level", "两次死亡之间保持水平"),
    ("takes the same share of the curve as it takes of those at risk", "等于它占风险集的份额"),
    ("go up from a time to the curve, then left to the per cents", "从某一时间向上找到曲线，再向左读百分数"),
    ("last seen alive, and nothing is known of the time after", "末次随访时存活，之后情况未知"),
    ("for alive at month 36, and is higher than the curve", "都当作在第 36 个月存活，因此高于曲线"),
    ("right if those censored were as likely to die later as those who stayed", "删失者此后死亡的可能性与留下者相同"),
    ("The curve never comes down to 50 %", "曲线始终没有降到 50 %"),
    ("the time by which half have died: where the curve comes down to 50 %", "即曲线降到 50 % 的时间"),
    ("A flat end is no cure", "平坦不等于治愈"),
    ("one death would take 1/4 of the height", "一例死亡会减去高度的 1/4"),
)


LEARNT = dict(zip((c.question for lesson in load_lessons()[:4] for c in lesson.checks), TAUGHT, strict=True))


def read(lesson: Lesson[Any, Any], language: Language) -> str:
    """All that a lesson says before its questions."""
    opened = open_lesson(lesson, COHORT, CohortFilter(), COHORT)
    with speaking_by(COHORT.dictionary):
        found = lesson.open(opened.frame, lesson.control.default)
        texts = [*map(fill, lesson.before), lesson.ask(found).text, *lesson.shown(lesson.explain(found))]
        texts += [fill(lesson.move), *lesson.shown(lesson.tell(found))]
    return " ".join(text.said(language) for text in texts)


def test_there_are_ten_questions_of_the_first_four_lessons() -> None:
    assert len(QUIZ) == 10
    assert [lesson.order for lesson, _ in QUIZ] == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2]
    asked = [check.question for _, check in QUIZ]
    assert sorted(asked, key=str) == sorted(LEARNT, key=str)


@pytest.mark.parametrize("asked", QUIZ, ids=[check.question.en for _, check in QUIZ])
def test_each_is_answered_in_its_lesson(asked: tuple[Lesson[Any, Any], Check]) -> None:
    lesson, check = asked
    for language, phrase in zip(LANGUAGES, LEARNT[check.question], strict=True):
        assert phrase in read(lesson, language)


def test_the_right_answer_does_not_always_stand_at_one_place() -> None:
    places = [check.right for _, check in QUIZ]
    assert all(places.count(place) <= 5 for place in range(3)) and len(set(places)) == 3


def test_no_field_is_left_in_a_question_as_it_is_shown() -> None:
    for _, check in QUIZ:
        for text in (check.question, check.why, *check.options):
            assert all("{" not in fill(text).said(language) for language in LANGUAGES)


def test_options_stand_elsewhere_than_in_the_lesson_and_the_right_one_is_the_same() -> None:
    for lesson, check in QUIZ:
        (before,) = (c for c in lesson.checks if c.question == check.question)
        assert set(check.options) == set(before.options)
        assert check.options != before.options
        assert check.options[check.right] == before.options[before.right]
