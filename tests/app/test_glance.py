"""Clicks on the pictures of the overview, what they leave, and the page of the published study."""

from __future__ import annotations

import json
import re
from html import unescape
from inspect import unwrap
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from analytics.analyses import load_analyses
from analytics.study import ways
from analytics.study.published import open_published
from pages.components import glance, state
from pages.components.cache import REFERENCE_COHORT, load_cohort, load_lanes
from tests.app.opening import Dashboard, open_dashboard, open_link, open_page

ROOT = Path(__file__).parents[2]
COHORT = load_cohort(str(REFERENCE_COHORT))


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def picture_of(app: Dashboard, key: str) -> Any:
    """A picture whose parts can be clicked; the element of the app."""
    (found,) = [e for e in app.get("bidi_component") if e.proto.id.endswith(f"-{key}")]
    return found


def html_of(app: Dashboard, key: str) -> str:
    html: str = json.loads(picture_of(app, key).proto.json)["html"]
    return html


def text_of(app: Dashboard) -> str:
    return unescape(re.sub("<[^>]*>", " ", "".join(h.proto.body for h in app.get("html"))))


def test_the_page_answers_before_it_counts() -> None:
    app = open_dashboard()
    assert not app.exception
    (answers,) = [h.proto.body for h in app.get("html") if 'data-testid="answers"' in h.proto.body]
    said = unescape(re.sub("<[^>]*>", "", answers))
    assert "436 children, half of them aged 2.4 to 6.3 years at diagnosis; 403 B-ALL, 33 T-ALL" in said
    assert "Thrombocytopenia goes with relapse: odds ratio 2.09" in said and "none of 12 children died" in said
    links = [unescape(link) for link in re.findall(r'href="([^"]*)"', answers)]
    assert [urlsplit(link).path for link in links] == ["cumulative-incidence", "relapse-predictors", "survival-by-site"]


def test_a_link_of_an_answer_keeps_the_filter() -> None:
    app = open_dashboard({"sex": ["female"]})
    (answers,) = [h.proto.body for h in app.get("html") if 'data-testid="answers"' in h.proto.body]
    for link in re.findall(r'href="([^"]*)"', answers):
        assert parse_qs(urlsplit(unescape(link)).query)["sex"] == ["girls"]


def test_every_printed_figure_leads_to_the_view_that_computes_it() -> None:
    app = open_page("published-study")
    assert not app.exception
    (table,) = [h.proto.body for h in app.get("html") if "Published figures beside" in h.proto.body]
    links = {
        unescape(text): unescape(link) for link, text in re.findall(r'<a data-turn href="([^"]*)">([^<]*)</a>', table)
    }
    figures = open_published().figures
    assert set(links) == {figure.label for figure in figures}
    pages = {a.slug for a in load_analyses()}
    for figure in figures:
        path, query = urlsplit(links[figure.label]).path, parse_qs(urlsplit(links[figure.label]).query)
        assert path == (figure.page or "./") and (not figure.page or figure.page in pages)
        assert {name: query[name] for name, _ in figure.choices} == {
            name: ["marrow or not"] for name, _ in figure.choices
        }
    assert urlsplit(links["Marrow relapse, HSCT"]).path == "naive-answer"


def test_the_published_study_is_offered_for_the_reference_cohort_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COHORT", str(ROOT / "data" / "example_missing_mrd.csv"))
    app = open_page("published-study")
    assert not app.exception
    assert "compared with the synthetic reference cohort alone" in "".join(info.value for info in app.info)
    assert "82.6" not in text_of(app)
    assert "The published study" not in text_of(open_dashboard())
    monkeypatch.delenv("COHORT")
    for address in ("", "methods"):
        assert 'href="published-study?' in "".join(h.proto.body for h in open_page(address).get("html"))


def test_table_1_is_made_once_it_is_opened_and_takes_another_column() -> None:
    app = open_dashboard()
    assert "SMD" not in text_of(app)
    app.session_state[state.BASELINE] = True
    app.run()
    assert "No relapse (n = 372)" in text_of(app) and "Austin 2009" in text_of(app)
    app.selectbox(key=state.BASELINE_BY).select("sex").run()
    assert "girls (n = 179)" in text_of(app) and "No relapse (n = 372)" not in text_of(app)
    assert not app.exception


def test_table_1_has_a_column_for_each_of_two_selections() -> None:
    app = open_link("", sex=["girls"], versus="sex=boys")
    assert "Compared with 257 children: Sex: boys" in text_of(app) and "No child is in both" in text_of(app)
    app.session_state[state.BASELINE] = True
    app.run()
    assert "A (n = 179)" in text_of(app) and "B (n = 257)" in text_of(app) and "A: Sex: girls" in text_of(app)
    assert not app.exception


def test_lines_are_ordered_and_grouped_at_will() -> None:
    app = open_dashboard()
    first = html_of(app, state.LANES)
    app.selectbox(key=state.LANES_ORDER).select("treatment").run()
    assert html_of(app, state.LANES) != first
    app.selectbox(key=state.LANES_BY).select("salvage_treatment").run()
    assert "HSCT (40)" in html_of(app, state.LANES)
    assert not app.exception


def test_choices_of_the_overview_are_in_its_link() -> None:
    app = open_link("", lanes_order="treatment", lanes_by="Sex", baseline_by="Sex")
    assert app.session_state[state.LINK_NOTES] == []
    assert "girls (" in html_of(app, state.LANES)
    link = json.loads(picture_of(app, state.LINK_BUTTON).proto.json)["link"]
    said = parse_qs(urlsplit(link).query)
    assert said["lanes_by"] == ["Sex"] and said["baseline_by"] == ["Sex"], "what is folded away keeps its choice"
    app.session_state[state.BASELINE] = True
    app.run()
    assert app.selectbox(key=state.BASELINE_BY).value == "sex" and "girls (n = 179)" in text_of(app)
    app.selectbox(key=state.LANES_BY).select("none").run()
    link = json.loads(picture_of(app, state.LINK_BUTTON).proto.json)["link"]
    assert parse_qs(urlsplit(link).query)["lanes_by"] == ["none"] and "girls (" not in html_of(app, state.LANES)
    assert open_link("", lanes_by="colour").session_state[state.LINK_NOTES][0][0] == "link-unknown-choice"
    assert not app.exception


def test_the_page_of_lines_stands_in_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "LANES_ON_A_PAGE", 30)
    monkeypatch.setattr(glance, "load_lanes", unwrap(load_lanes))
    app = open_link("", lanes_page="2")
    page = app.number_input(key=state.LANES_PAGE)
    assert (page.label, page.value, page.max) == ("Page of 3", 2, 3)
    assert html_of(app, state.LANES).count("swim-lane") == 30
    link = json.loads(picture_of(app, state.LINK_BUTTON).proto.json)["link"]
    assert parse_qs(urlsplit(link).query)["lanes_page"] == ["2"] and app.query_params["lanes_page"] == "2"
    page.set_value(3).run()
    assert html_of(app, state.LANES).count("swim-lane") == 4 and app.query_params["lanes_page"] == "3"
    assert open_link("", lanes_page="9").number_input(key=state.LANES_PAGE).value == 3, (
        "one beyond the last is the last"
    )
    assert open_link("", lanes_page="0").session_state[state.LINK_NOTES][0][0] == "link-unknown-choice"
    assert not app.exception


def test_no_line_stands_where_small_numbers_are_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALLEST_CELL", "5")
    app = open_dashboard()
    assert not app.exception
    assert "There is no line for each who relapsed" in text_of(app)
    assert not [e for e in app.get("bidi_component") if e.proto.id.endswith(f"-{state.LANES}")]
