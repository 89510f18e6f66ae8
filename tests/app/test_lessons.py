"""Lessons in a session: an answer reveals, a control changes, a link leads there in its language, and nothing else is taken."""

from __future__ import annotations

import json
import re
from datetime import date
from html import unescape
from typing import Any

import pytest

from analytics.languages import Text
from analytics.learning import words
from analytics.learning.lesson import Lesson
from analytics.learning.lessons import load_lessons
from analytics.learning.progress import Done, read_progress, read_rounds, summarise, write_progress
from analytics.learning.quiz import N_LESSONS, list_quiz
from pages.components import state
from pages.components.lessons import PAGE, QUIZ
from tests.app.opening import Dashboard, open_link, open_page

FIRST = load_lessons()[0]


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def shown(app: Dashboard) -> str:
    assert not app.exception
    return " ".join(unescape(html.proto.body) for html in app.get("html") if "<style" not in html.proto.body)


def test_the_list_has_every_lesson_and_the_quiz() -> None:
    said = shown(open_page(PAGE))
    for lesson in load_lessons():
        assert f"lesson={lesson.slug}" in said
        assert lesson.title.en in said
    assert f"lesson={QUIZ}" in said


@pytest.mark.parametrize("lesson", load_lessons(), ids=lambda lesson: lesson.slug)
def test_nothing_is_revealed_before_an_answer_and_a_control_follows_it(lesson: Lesson[Any, Any]) -> None:
    app = open_link(PAGE, lesson=lesson.slug)
    before = shown(app)
    assert 'data-testid="question"' in before
    assert 'data-testid="verdict"' not in before
    assert 'data-testid="why"' not in before
    app.session_state[state.PROGRESS] = {lesson.slug: Done("no such option", "off")}
    app.run()
    after = shown(app)
    assert 'data-testid="why"' in after
    assert 'data-testid="told"' in after
    assert lesson.checks[0].why.en not in after


def test_lessons_are_counted_without_gaps_wherever_their_number_stands() -> None:
    lessons = load_lessons()
    said = shown(open_page(PAGE))
    summary = summarise({}, lessons, "en", date(2026, 1, 2))
    for place, lesson in enumerate(lessons, start=1):
        assert f"<b>{place}. {lesson.title.en}</b>" in said
        assert f"{place}. {lesson.title.en}: not answered." in summary
    assert f"Lesson {len(lessons)} of {len(lessons)}" in shown(open_link(PAGE, lesson=lessons[-1].slug))


def test_the_last_lesson_that_the_quiz_asks_of_leads_to_it() -> None:
    for lesson in load_lessons()[: N_LESSONS + 1]:
        leads = f"lesson={QUIZ}" in shown(open_link(PAGE, lesson=lesson.slug))
        assert leads == (lesson.slug == load_lessons()[N_LESSONS - 1].slug)


def test_a_verdict_in_chinese_ends_in_a_chinese_stop() -> None:
    app = open_link(PAGE, lesson=FIRST.slug, lang="zh")
    app.session_state[state.PROGRESS] = {FIRST.slug: Done((50.0,) * 6, "off")}
    app.run()
    said = shown(app)
    assert re.search(r'data-testid="verdict"><b>(正确|接近|有差距)。</b>', said)
    assert f"<b>{words.CHANGE.zh}</b>" in said and words.CHANGE.zh.endswith("。")


def test_a_link_speaks_its_language_and_another_is_said_to_be_unknown() -> None:
    assert FIRST.title.zh in shown(open_link(PAGE, lesson=FIRST.slug, lang="zh"))
    said = shown(open_link(PAGE, lesson=FIRST.slug, lang="xx"))
    assert FIRST.title.en in said
    assert "The link asks for the language “xx”." in said


def test_a_selection_with_too_few_falls_back_and_says_so() -> None:
    app = open_link(PAGE, lesson=FIRST.slug, age_years=["0", "1"])
    said = shown(app)
    assert 'data-testid="instead"' in said
    assert "synthetic reference cohort" in said


def test_small_numbers_protected_fall_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALLEST_CELL", "5")
    monkeypatch.setenv("CELL_KEY_SECRET", "a secret that nobody knows")
    said = shown(open_link(PAGE, lesson=FIRST.slug))
    assert "Small numbers are protected in the open cohort" in said


def test_the_quiz_tells_nothing_before_all_are_answered() -> None:
    app = open_link(PAGE, lesson=QUIZ)
    assert not any(check.why.en in shown(app) for _, check in list_quiz())
    for radio, (_, check) in zip(
        [r for r in app.radio if r.key.startswith(f"lesson_{QUIZ}")], list_quiz(), strict=True
    ):
        radio.set_value(check.right)
    next(button for button in app.button if button.label == words.HAND_IN.en).click().run()
    n = len(list_quiz())
    assert f"{n} of {n} right." in shown(app)


def test_progress_survives_the_browser_and_strange_ones_are_dropped() -> None:
    done = {FIRST.slug: Done((90.0, 80.0, 70.0), "near").choosing(1, 0, 3)}
    kept = read_progress(write_progress(done), load_lessons())
    assert kept[FIRST.slug].answer == (90.0, 80.0, 70.0)
    assert kept[FIRST.slug].chosen == (None, 0, None)
    strange = [None, 3, "", "[]", "{", '"x"', "[" * 9000, json.dumps({FIRST.slug: 1}), "{}" + " " * 200_000,
               json.dumps({FIRST.slug: {"answer": {}, "verdict": "right"}}),
               json.dumps({FIRST.slug: {"answer": 1, "verdict": "best"}})]  # fmt: skip
    assert all(read_progress(text, load_lessons()) == {} for text in strange)
    odd = json.dumps({FIRST.slug: {"answer": 1, "verdict": "right", "chosen": [99, True, "x"]}, "other": 1})
    assert read_progress(odd, load_lessons())[FIRST.slug].chosen == (None, None, None)


def test_answers_to_a_class_survive_the_browser_and_strange_ones_are_dropped() -> None:
    rounds = {"J5Q3": 62.0, "AB12": "year1", "0000": (90.0, 80.0)}
    kept = read_rounds(write_progress({}, rounds))
    assert kept == rounds
    strange = {"rounds": {"<b>": 1, "J5Q3": {}, "AB12": None, "K1": True, "lower": 3}}
    assert read_rounds(json.dumps(strange)) == {}
    assert read_rounds('{"rounds": 3}') == {}
    assert read_progress(write_progress({}, rounds), load_lessons()) == {}


def test_the_summary_says_what_was_answered_in_either_language() -> None:
    done = {
        FIRST.slug: Done(
            1.0, "near", Text("You said 1; it is 2.", "您的回答：1；实际为：2。"), (FIRST.checks[0].right,)
        )
    }
    said = summarise(done, load_lessons(), "en", date(2026, 1, 2))
    assert f"1. {FIRST.title.en}: near. You said 1; it is 2. 1 of {len(FIRST.checks)} questions right." in said
    assert "您的回答：1" in summarise(done, load_lessons(), "zh", date(2026, 1, 2))
