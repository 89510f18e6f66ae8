"""Presenting: begun by a click or a link, kept by links and from page to page, in type for a room."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from analytics.analyses import load_analyses
from pages.components import state
from tests.app.opening import Dashboard, open_link, open_page, turn_to
from tests.app.reading import component_data
from tests.app.test_pages import copied_link

SLUGS = [analysis.slug for analysis in load_analyses()]


def sent(app: Dashboard, part: str) -> Any:
    """What the component is sent that is sent this part."""
    return next(data for e in app.get("bidi_component") if part in (data := component_data(e)))


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def style(app: Dashboard) -> str:
    return "".join(str(e.proto) for e in app.get("html"))


def codes_on_link(app: Dashboard) -> list[str]:
    return [code for code, *_ in app.session_state[state.LINK_NOTES]]


def query_of(link: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(link).query)


def sizes_in(value: Any, holder: str = "") -> list[float]:
    """Every size of type in a figure."""
    if isinstance(value, list):
        return [size for each in value for size in sizes_in(each, holder)]
    if not isinstance(value, dict):
        return []
    own = [value["size"]] if "size" in value and holder.endswith("font") else []
    return own + [size for key, part in value.items() for size in sizes_in(part, key)]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_analysis_is_presented_by_a_link(slug: str) -> None:
    app = open_link(slug, present="1")
    assert not app.exception and app.session_state[state.PRESENT] is True
    assert "While presenting" in style(app) and list(app.query_params["present"]) == ["1"]
    bar = sent(app, "previous")
    section = [a.slug for a in sorted(load_analyses(), key=lambda a: a.order) if a.section == section_of(slug)]
    at = section.index(slug)
    assert bar["on"] and bar["place"] == f"{at + 1} of {len(section)}"
    assert [bar[key].split("?")[0] for key in ("previous", "next")] == [
        section[at - 1] if at else "",
        section[at + 1] if at + 1 < len(section) else "",
    ]
    figures = [data for e in app.get("bidi_component") if "presented" in (data := component_data(e))]
    for figure in figures[:1]:
        sizes = sizes_in(figure["presented"])
        assert min(sizes) >= 18 and max(sizes) <= 24
        assert lines_of(figure["figure"]) == lines_of(figure["presented"])
    assert figures or any("html" in component_data(e) for e in app.get("bidi_component"))


def lines_of(figure: Any) -> list[Any]:
    return [(trace["x"], trace["y"]) for trace in figure["data"] if trace.get("mode") == "lines"]


def section_of(slug: str) -> str:
    return next(a.section for a in load_analyses() if a.slug == slug)


def test_links_keep_filters_choices_and_that_it_presents() -> None:
    app = open_link("survival-by-site", present="1", sex="girls", endpoint="efs_relapse")
    link = query_of(sent(app, "previous")["next"])
    assert (link["present"], link["sex"], link["endpoint"]) == (["1"], ["girls"], ["EFS from first relapse"])
    assert query_of(copied_link(app))["present"] == ["1"]
    turn_to(app, "survival-by-variable")
    assert app.session_state[state.PRESENT] is True and list(app.query_params["present"]) == ["1"]


def test_it_begins_and_ends_by_a_click() -> None:
    app = open_page("landmark")
    assert "place" not in sent(app, "on") and sent(app, "on")["on"] is False and "While presenting" not in style(app)
    assert "present" not in query_of(copied_link(app)) and "presented" not in sent(app, "figure")
    app.session_state[state.PRESENT] = True
    assert sent(app.run(), "previous")["on"] and list(app.query_params["present"]) == ["1"]
    del app.session_state[state.PRESENT]
    assert sent(app.run(), "on")["on"] is False and "present" not in app.query_params


def test_what_cannot_be_presented_is_said() -> None:
    app = open_link("landmark", present="perhaps")
    assert codes_on_link(app) == ["link-unknown-choice"] and "present" not in app.query_params
    app = open_link("methods", present="1")
    assert codes_on_link(app) == ["link-present-elsewhere"] and "present" not in app.query_params
    assert "While presenting" not in style(app)
    assert codes_on_link(open_link("landmark", present="0")) == []


def test_the_overview_is_presented_and_the_first_analysis_follows() -> None:
    app = open_link("", present="1")
    assert not app.exception and codes_on_link(app) == [] and app.session_state[state.PRESENT] is True
    turns = sent(app, "previous")
    assert turns["on"] and turns["previous"] == "" and turns["next"].split("?")[0] == "relapse-predictors"
    assert query_of(turns["next"])["present"] == ["1"]


def test_presenting_ends_where_there_is_nothing_to_present() -> None:
    app = turn_to(open_link("landmark", present="1"), "methods")
    assert state.PRESENT not in app.session_state and "While presenting" not in style(app)


def test_counts_at_risk_stand_beside_their_group() -> None:
    data = sent(open_link("survival-by-site", present="1"), "presented")
    names = [note["text"] for note in data["presented"]["layout"]["annotations"] if note.get("yref") == "y2"]
    assert names[0] == "At risk" and [name.split("</span> ")[1] for name in names[1:]] == [
        "isolated marrow",
        "isolated extramedullary",
        "combined",
    ]
    table, before = (next(t for t in data[name]["data"] if t.get("yaxis") == "y2") for name in ("presented", "figure"))
    assert table["text"] == [text.split("<br>")[1] for text in before["text"]] and table["x"] == before["x"]
    assert table["text"][0] == "46"
    whole = data["presented"]["layout"]["meta"]["whole"]
    assert whole["table"]["text"] == before["text"], "a larger screen has the events and the censored, too"
    heads = [note["text"] for note in whole["layout"]["annotations"] if note.get("yref") == "y2"]
    assert all(head.endswith("At risk<br>Events<br>Censored") for head in heads) and len(heads) == 3
