"""The questions that a class may have been asked: every lesson on the open selection, and those whose links are pasted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from analytics.cohort.filters import CohortFilter
from analytics.dictionary import speaking_by
from analytics.formats import shorten
from analytics.languages import Language, Text
from analytics.learning import class_words
from analytics.learning.answers import Answer, Verdict
from analytics.learning.codes import Asked as Kind
from analytics.learning.lessons import load_lessons
from analytics.learning.saying import both, fill
from analytics.views.view import DATA_KEY
from pages.components import asked, state
from pages.components.cache import load_lesson
from pages.components.classroom import CLASS
from pages.components.context import Context, make_context
from pages.components.lessons import PAGE, name_round, open_taught

MOST_LINKS, LONGEST_LINK = 50, 12_000


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """A question to a class: what it asks, how it is answered, and what the patients say, with limits where there are any."""

    signs: str
    title: Text
    text: Text
    kind: Kind
    truth: Answer
    limits: tuple[float | None, float | None]
    judge: Callable[[Answer], Verdict]
    said: Text


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A question by its signs and its title; ``open`` works it out, which it need not be where nobody answered it."""

    signs: str
    title: Text
    open: Callable[[], Round]


def list_lessons(context: Context, group: str, language: Language) -> list[Known]:
    """Every lesson on the selection of a context, for a class."""
    return [_know_lesson(context, lesson.slug, lesson.title, group, language) for lesson in load_lessons()]


def _know_lesson(context: Context, slug: str, title: Text, group: str, language: Language) -> Known:
    opened = load_lesson(context.cohort, context.filter, slug)
    whom = context if opened.instead is None else Context(opened.cohort, CohortFilter())
    signs = name_round(slug, whom, group)

    def work_out() -> Round:
        taught = open_taught(context, slug, language)
        with speaking_by(taught.whom.cohort.dictionary):
            question, truth = taught.lesson.ask(taught.found), taught.lesson.truth(taught.found)
        kind = question.kind
        return Round(
            signs, title, question.text, kind, truth, (None, None), lambda a: kind.judge(a, truth), kind.say(truth)
        )

    return Known(signs, title, work_out)


def read_links(text: str, context: Context, language: Language) -> tuple[list[Known], list[Text]]:
    """The questions that pasted links ask, and what is wrong with others."""
    known: list[Known] = []
    problems: list[Text] = []
    for link in text.split()[:MOST_LINKS]:
        found, why = _read_link(link[:LONGEST_LINK], context, language)
        known += found
        problems += why
    return known, problems


def _read_link(link: str, context: Context, language: Language) -> tuple[list[Known], list[Text]]:
    no_link = [fill(class_words.BAD_LINK, link=shorten(link))]
    try:
        parts = urlsplit(link)
        query = parse_qs(parts.query, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return [], no_link
    page, cohort = parts.path.strip("/").split("/")[-1], context.cohort
    there = make_context(cohort, query)
    group = str(CLASS.value(query.get(state.CLASS, [""])[-1]))
    if page == PAGE:
        slug = query.get(state.LESSON, [""])[-1]
        title = next((lesson.title for lesson in load_lessons() if lesson.slug == slug), None)
        if title is None:
            return [], no_link
        known = _know_lesson(there, slug, title, group, language)
    elif page == asked.PAGE:
        texts = {c.name: query.get(c.name, [""])[-1] for c in asked.CHOICES}
        values = {c.name: c.value(texts[c.name]) or c.default for c in asked.CHOICES}
        one = asked.open_asked(there, values)
        if isinstance(one, Text):
            return [], [fill(class_words.NO_QUESTION, why=one)]
        known = _know_view(one)
    else:
        return [], no_link
    made = query.get(DATA_KEY, [cohort.data_version])[-1]
    if made == cohort.data_version:
        return [known], []
    other = fill(class_words.OTHER_DATA, title=known.title, theirs=shorten(made, 20), ours=cohort.data_version)
    return [known], [other]


def _know_view(one: asked.Asked) -> Known:
    number = one.one

    def work_out() -> Round:
        limits = (number.low, number.high)
        return Round(one.signs, title, one.text, number.kind, number.value, limits, number.judge, both(number.text))

    title = both(one.document.title)
    return Known(one.signs, title, work_out)


def find_of_all(signs: str, context: Context, group: str, language: Language) -> Text | None:
    """The title of the lesson that codes of these signs are of, asked of everybody and not of the selection."""
    if not context.asked:
        return None
    lessons = list_lessons(Context(context.cohort, CohortFilter()), group, language)
    return next((known.title for known in lessons if known.signs == signs), None)
