"""A class in sessions: a teacher's link asks, a learner gets a code, and the page of the class finds the question by it."""

from __future__ import annotations

from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from analytics.cohort.filters import CohortFilter
from analytics.learning import class_words
from analytics.learning.answers import Drawn
from analytics.learning.asking import name_lesson_round
from analytics.learning.codes import read_code, write_code
from analytics.learning.lessons import load_lessons
from pages.components import state
from pages.components.cache import load_reference, load_taught
from tests.app.opening import Dashboard, open_link, open_page

LESSON = load_lessons()[0]
OF = "survival-by-site?endpoint=OS+from+first+relapse"
NUMBER = "isolated-marrow.1-y"
SECRET = "a secret that nobody knows"


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def shown(app: Dashboard) -> str:
    assert not app.exception
    return " ".join(unescape(html.proto.body) for html in app.get("html") if "<style" not in html.proto.body)


def code_of(app: Dashboard) -> str:
    return shown(app).split('data-testid="code">')[1].split("<")[0]


def commit(app: Dashboard, value: float) -> Dashboard:
    slider = next(slider for slider in app.slider if slider.key.startswith("round"))
    slider.set_value(value)
    next(button for button in app.button if button.label == "Commit and reveal").click().run()
    return app


def ask(**more: str | list[str]) -> Dashboard:
    return open_link("question", of=OF, number=NUMBER, **more)


def enter(codes: str, links: str = "", group: str = "", held: dict[str, list[str]] | None = None) -> Dashboard:
    app = open_page("class", held)
    for area, text in zip(app.text_area, (codes, links), strict=True):
        area.set_value(text)
    app.text_input[0].set_value(group)
    app.run()
    return app


def test_a_question_hides_its_answer_until_a_prediction_is_committed() -> None:
    app = ask(ask="How many of <b>them</b> live?", **{"class": "Ward 3"})
    before = shown(app)
    assert "How many of &lt;b&gt;them" in " ".join(html.proto.body for html in app.get("html"))
    assert "83.9" not in before and 'data-testid="code"' not in before
    after = shown(commit(app, 70.0))
    assert "83.9" in after and "You said 70 %." in after and "Near." in after and "Ward 3" in after
    code = read_code(code_of(app))
    assert code is not None and len(code_of(app)) == 9


def test_a_held_answer_stays_hidden_and_its_code_is_the_same() -> None:
    held, open_one = commit(ask(hold="1"), 70.0), commit(ask(), 70.0)
    assert "83.9" not in shown(held) and class_words.HELD.en in shown(held)
    assert code_of(held) == code_of(open_one)
    assert 'data-testid="verdict"' not in shown(held)


def test_links_that_ask_nothing_say_why() -> None:
    assert "there is no view" in shown(open_link("question", of="nonsense?x=1", number=NUMBER))
    assert "does not show that number" in shown(open_link("question", of=OF, number="nothing"))
    assert "names no view" in shown(open_page("question"))
    assert "does not show that number" in shown(open_link("question", of=OF, number="combined.3-y"))  # withheld


def test_protected_views_are_asked_only_what_they_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALLEST_CELL", "5")
    monkeypatch.setenv("CELL_KEY_SECRET", SECRET)
    said = shown(ask())
    assert "83.9" not in said
    assert 'data-testid="no-question"' in shown(open_link("question", of=OF, number="combined.1-y", sex="girls"))


def test_the_page_of_a_class_finds_a_pasted_question_and_shows_its_answer_at_a_click() -> None:
    good = code_of(commit(ask(**{"class": "A"}), 70.0))
    link = f"http://here:1/question?of={OF.replace('?', '%3F').replace('=', '%3D').replace('+', '%2B')}&number={NUMBER}&class=A"
    signs = good.replace("-", "")
    wrong = signs[:-1] + ("A" if signs[-1] != "A" else "B")
    app = enter(f"{good}\n{good.lower()} {good}, {wrong}", link)
    said = shown(app)
    assert "Predictions: 3. Median 70 %." in said and "83.9" not in said
    assert f"ask again: {wrong}" in said
    app.toggle[0].set_value(True).run()
    assert "83.9 % (67.5–92.5)" in shown(app) and "0 right, 3 near, 0 further off." in shown(app)
    other = shown(enter(good, link.replace("class=A", "class=B")))
    assert 'data-testid="strange"' in other and 'data-testid="spread"' not in other


def test_lessons_are_found_without_a_link_by_selection_and_class() -> None:
    app = open_link("lessons", lesson=LESSON.slug, hold="1", **{"class": "Ward 3"})
    assert class_words.HELD.en not in shown(app)
    cohort = load_reference()
    kind = LESSON.ask(load_taught(cohort, CohortFilter(), LESSON.slug, LESSON.control.default)).kind
    assert isinstance(kind, Drawn)
    answer = tuple(90.0 - 5 * i for i in range(len(kind.times)))
    code = write_code(name_lesson_round(LESSON.slug, {}, cohort.data_version, "ward 3"), kind, answer)
    said = shown(enter(code, group="Ward 3"))
    assert "Predictions: 1." in said and LESSON.title.en in said
    assert 'data-testid="strange"' in shown(enter(code, group="Ward 4"))
    of_all = shown(enter(code, group="Ward 3", held={"immunophenotype": ["B-ALL"]}))
    assert f"{LESSON.title.en}, but of all" in of_all


@pytest.mark.parametrize(
    "text",
    ["", "x", "?", "http://[", "question", "http://here/lessons?lesson=none", "a" * 20_000, "http://x/question?of=%00"],
)
def test_no_link_and_no_code_that_is_pasted_fails(text: str) -> None:
    said = shown(enter(text, text))
    assert 'data-testid="spread"' not in said


def test_a_view_makes_a_link_that_asks_it() -> None:
    app = open_page("survival-by-site")
    asked = next(box for box in app.selectbox if box.key == state.key_of_asking("survival-by-site", "number"))
    assert asked.value == "isolated-marrow.1-y"
    link = next(code.value for code in app.code if "/question?" in code.value)
    query = parse_qs(urlsplit(link).query)
    assert query["number"] == [NUMBER] and query["of"][0].startswith("survival-by-site?")
    assert "83.9" not in link and query["class"] != [""]
    assert query[state.ASKED_BEFORE] == ["nothing"], "a curve would tell the answer"
    assert 'data-testid="question"' in shown(open_link("question", **query))
