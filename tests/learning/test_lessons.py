"""Every lesson keeps the contract: both languages, short before the answer, true of whomever it is shown on."""

from __future__ import annotations

import re
from typing import Any

import pytest

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import speaking_by
from analytics.languages import LANGUAGES, Text
from analytics.learning.answers import Choice, Drawn, Number
from analytics.learning.lesson import Lesson
from analytics.learning.lessons import load_lessons
from analytics.learning.opening import open_lesson
from analytics.learning.saying import fill
from pages.components.cache import REFERENCE_COHORT

LESSONS = load_lessons()
COHORT = open_cohort(REFERENCE_COHORT)
MOST_WORDS = 180  # before the first answer
LONGEST_SENTENCE, USUAL_SENTENCE = 34, 16  # words
FIELD = re.compile(r"\{([^{}]*)\}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SELECTIONS = (
    CohortFilter(),
    CohortFilter((Clause("sex", levels=("male",)),)),
    CohortFilter((Clause("immunophenotype", levels=("B",)),)),
    CohortFilter((Clause("age_years", low=3.0),)),
    CohortFilter((Clause("sex", levels=("female",)), Clause("immunophenotype", levels=("T",)))),
)


def all_texts(lesson: Lesson[Any, Any]) -> list[Text]:
    texts = [lesson.title, lesson.about, lesson.move, lesson.control_label, *lesson.before, *lesson.labels.values()]
    for check in lesson.checks:
        texts += [check.question, check.why, *check.options]
    return texts


def settings(lesson: Lesson[Any, Any]) -> list[Any]:
    control = lesson.control
    if control.kind == "number":
        low, high = control.limits
        return sorted({low, high, control.default, (low + high) // 2})
    return [value for value, _ in control.options]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_static_texts_can_be_filled(lesson: Lesson[Any, Any]) -> None:
    assert not FIELD.search(lesson.title.en + lesson.about.en), "headings are shown as they are"
    for text in all_texts(lesson):
        for language in LANGUAGES:
            assert not FIELD.search(fill(text).said(language))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_static_texts_are_in_both_languages_with_the_same_fields(lesson: Lesson[Any, Any]) -> None:
    for text in all_texts(lesson):
        assert set(FIELD.findall(text.zh)) <= set(FIELD.findall(text.en)), text
        assert CHINESE.search(text.zh) or not re.search(r"[a-z]{3}", text.en), text


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_what_is_read_before_the_answer_is_short(lesson: Lesson[Any, Any]) -> None:
    opened = open_lesson(lesson, COHORT, CohortFilter(), COHORT)
    with speaking_by(COHORT.dictionary):
        question = lesson.ask(lesson.open(opened.frame, lesson.control.default))
    options = [text for _, text in question.kind.options] if isinstance(question.kind, Choice) else []
    words = [word for text in (*lesson.before, question.text, *options) for word in text.en.split()]
    assert len(words) <= MOST_WORDS


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_sentences_are_short(lesson: Lesson[Any, Any]) -> None:
    opened = open_lesson(lesson, COHORT, CohortFilter(), COHORT)
    with speaking_by(COHORT.dictionary):
        found = lesson.open(opened.frame, lesson.control.default)
        texts = [*lesson.before, lesson.ask(found).text, lesson.move, *lesson.shown(lesson.explain(found))]
    lengths = [len(said.split()) for text in texts for said in re.split(r"(?<=[.?!:;])\s+", text.en) if said]
    assert max(lengths) <= LONGEST_SENTENCE, lengths
    assert sum(lengths) / len(lengths) <= USUAL_SENTENCE, lengths


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
@pytest.mark.parametrize("selection", SELECTIONS, ids=range(len(SELECTIONS)))
def test_a_lesson_can_be_walked_through_on_any_selection(lesson: Lesson[Any, Any], selection: CohortFilter) -> None:
    opened = open_lesson(lesson, COHORT, selection, COHORT)
    with speaking_by(opened.cohort.dictionary):
        found = lesson.open(opened.frame, lesson.control.default)
        question, truth = lesson.ask(found), lesson.truth(found)
        assert question.kind.takes(truth), "the truth is no answer that could be given"
        assert question.kind.judge(truth, truth) == "right"
        said = [lesson.compare(found, truth), *lesson.shown(lesson.explain(found))]
        for setting in settings(lesson):
            moved = lesson.open(opened.frame, setting)
            said += lesson.shown(lesson.tell(moved))
            for language in LANGUAGES:
                picture = lesson.picture(moved, language, revealed=True, answer=truth)
                assert picture is not None
                assert picture.alt_text
        for language in LANGUAGES:
            lesson.picture(found, language, revealed=False)
    assert lesson.shown(lesson.explain(found)), "nothing is explained"
    for text in said:
        for language in LANGUAGES:
            assert not FIELD.search(text.said(language)), text
            assert "nan" not in text.said(language).lower().split(), text
        assert CHINESE.search(text.zh)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_kinds_of_answers_refuse_what_is_none(lesson: Lesson[Any, Any]) -> None:
    opened = open_lesson(lesson, COHORT, CohortFilter(), COHORT)
    with speaking_by(COHORT.dictionary):
        kind = lesson.ask(lesson.open(opened.frame, lesson.control.default)).kind
    assert isinstance(kind, Number | Choice | Drawn)
    for wrong in (None, True, "no such option", float("nan"), [101.0], [1, 2], {}, 1e9):
        assert not kind.takes(wrong)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_checks_have_one_right_option(lesson: Lesson[Any, Any]) -> None:
    assert lesson.checks
    for check in lesson.checks:
        assert 0 <= check.right < len(check.options)
        assert len(set(check.options)) == len(check.options) >= 2


def test_lessons_have_places_and_names_of_their_own() -> None:
    assert len({lesson.order for lesson in LESSONS}) == len(LESSONS)
    assert len({lesson.control.name for lesson in LESSONS}) == len(LESSONS)


def test_too_few_patients_use_the_reference_cohort_and_say_so() -> None:
    few = CohortFilter((Clause("age_years", high=1.0),))
    opened = open_lesson(LESSONS[0], COHORT, few, COHORT)
    assert opened.filter == CohortFilter()
    assert opened.instead is not None
    assert "synthetic reference cohort" in opened.instead.en
