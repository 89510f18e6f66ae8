"""The ledger in the running app: what is counted, marked, cleared and kept, without a browser."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from analytics.views.ledger import Ledger
from pages.components.state import LEDGER, NEW_QUESTION, PLANNED
from tests.app.opening import hold, open_page, turn_to

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def choose(app: AppTest, **values: Any) -> AppTest:
    hold(app, values)
    app.run()
    assert [e.value for e in app.exception] == []
    return app


def line(app: AppTest) -> str:
    (body,) = [h.proto.body for h in app.get("html") if 'data-testid="ledger"' in h.proto.body]
    return unescape(re.sub(r"<[^>]*>", "", body))


def first_words(app: AppTest) -> str:
    return line(app).split(" looked at")[0].split(".")[0]


def listed(app: AppTest) -> list[str]:
    (body,) = [h.proto.body for h in app.get("html") if 'class="outcomes-ledger-table"' in h.proto.body]
    return [unescape(row) for row in re.findall(r'<th scope="row">(.*?)</th>', body)]


def ledger_of(app: AppTest) -> Ledger:
    ledger: Ledger = app.session_state[LEDGER]
    return ledger


def test_filters_count_and_going_back_does_not() -> None:
    app = open_page("cumulative-incidence")
    assert first_words(app) == "Comparison 1"
    choose(app, sex=["female"])
    assert first_words(app) == "Comparison 2"
    choose(app, sex=["female", "male"])
    assert first_words(app) == "Comparison 1 of 2", "a filter that leaves nobody out asks nothing new"
    choose(app, sex=["male"])
    assert first_words(app) == "Comparison 3"
    assert "about 0.15 would have p below 0.05 by chance" in line(app)
    choose(app, sex=["female"])
    assert first_words(app) == "Comparison 2 of 3"
    choose(app, sex=[])
    assert first_words(app) == "Comparison 1 of 3"
    app.run()
    assert [c.selection for c in ledger_of(app).comparisons] == ["all children", "Sex: girls", "Sex: boys"]
    rows = listed(app)
    assert [row.split("; ")[-1] for row in rows] == ["Sex: boys", "Sex: girls", "all children"]


def test_other_pages_go_on_counting_and_pages_without_tests_do_not() -> None:
    app = open_page("cumulative-incidence")
    turn_to(app, "relapse-predictors")
    assert first_words(app) == "Comparisons 2 to 5"
    turn_to(app, "methods")
    turn_to(app, "")
    turn_to(app, "cumulative-incidence")
    assert first_words(app) == "Comparison 1 of 5"
    choose(app, by="everyone")
    assert line(app).startswith("Nothing is tested in this view. 5 comparisons explored in this session.")
    assert not [box for box in app.checkbox if box.key == PLANNED], "there is nothing to plan"


@pytest.mark.parametrize(
    ("slug", "name", "value"),
    [
        ("survival-by-site", "bands", False),
        ("survival-by-site", "interval", "plain"),
        ("survival-by-treatment", "naive", True),
        ("relapse-predictors", "reference", ["mrd_day46:positive"]),
        ("relapse-predictors", "limits", "wald"),
        ("cumulative-incidence", "full_axis", True),
        ("subgroups", "level", ["mrd_day46:positive"]),
    ],
)
def test_display_does_not_count(slug: str, name: str, value: Any) -> None:
    app = open_page(slug)
    before = app.session_state[LEDGER]
    choose(app, **{name: value})
    assert app.session_state[LEDGER] == before


def test_another_test_or_endpoint_counts() -> None:
    app = open_page("survival-by-site")
    choose(app, test="peto")
    assert first_words(app) == "Comparison 2"
    choose(app, endpoint="efs_relapse")
    assert first_words(app) == "Comparison 3"
    choose(app, endpoint="os_relapse", test="logrank")
    assert first_words(app) == "Comparison 1 of 3"


def test_a_mark_belongs_to_its_view_and_can_be_taken_back() -> None:
    app = open_page("cumulative-incidence")
    app.checkbox(key=PLANNED).check().run()
    assert line(app) == "Planned in advance. No comparison explored in this session."
    choose(app, sex=["female"])
    assert app.checkbox(key=PLANNED).value is False
    assert first_words(app) == "Comparison 1"
    choose(app, sex=[])
    assert app.checkbox(key=PLANNED).value is True
    assert [c.planned for c in ledger_of(app).comparisons] == [True, False]
    app.checkbox(key=PLANNED).uncheck().run()
    assert [c.planned for c in ledger_of(app).comparisons] == [False, False]
    assert first_words(app) == "Comparison 1 of 2"


def test_clearing_asks_twice_and_begins_with_what_is_seen() -> None:
    app = open_page("cumulative-incidence")
    choose(app, sex=["female"])
    assert app.button(key="clear_ledger").disabled
    app.checkbox(key=NEW_QUESTION).check().run()
    app.button(key="clear_ledger").click().run()
    assert [c.selection for c in ledger_of(app).comparisons] == ["Sex: girls"]
    assert first_words(app) == "Comparison 1"
    assert app.checkbox(key=NEW_QUESTION).value is False and app.button(key="clear_ledger").disabled


def test_a_session_knows_nothing_of_another() -> None:
    first = open_page("cumulative-incidence")
    choose(first, sex=["female"])
    assert first_words(open_page("cumulative-incidence")) == "Comparison 1"
