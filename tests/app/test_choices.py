"""The choices of an analysis: what their component is told, what a click in it may choose, and what the address says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analytics.cohort import open_cohort
from pages.components import state
from pages.components.cache import REFERENCE_COHORT, load_offers
from pages.components.controls import read_click
from tests.app.opening import Dashboard, open_link, turn_to

OFFERS = load_offers(open_cohort(REFERENCE_COHORT))


def told(app: Dashboard) -> dict[str, Any]:
    (found,) = [e for e in app.get("bidi_component") if e.key == state.CHOICES]
    data: dict[str, Any] = json.loads(found.proto.json or found.proto.mixed.json)
    return data


@pytest.mark.parametrize("slug", ["survival-by-site", "relapse-predictors", "landmark"])
def test_every_choice_is_told_with_what_the_address_says_of_it(slug: str) -> None:
    app = open_link(slug, endpoint="EFS from first relapse")
    data, controls = told(app), OFFERS[slug].controls
    assert [one["name"] for one in data["controls"]] == [control.name for control in controls]
    for one, control in zip(data["controls"], controls, strict=True):
        assert (one["label"], one["kind"], one.get("help", "")) == (control.label, control.kind, control.help)
        assert [tuple(option) for option in one.get("options", ())] == list(control.options)
        assert one.get("more", False) == (control.place == "more")
        chosen = data["value"][control.name]
        assert control.choice(chosen) == ("efs_relapse" if control.name == "endpoint" else control.default)


@pytest.mark.parametrize(
    ("sent", "chosen"),
    [
        ({"landmark": 90, "adjust": ["sex"], "bands": False}, {"landmark": 90, "adjust": ("sex",), "bands": False}),
        ({"adjust": ["sex", "sex"]}, {"adjust": ("sex",)}),
        ({"adjust": []}, {"adjust": ()}),
        ({"landmark": "90", "bands": 1, "history": ["hsct"], "endpoint": None}, {}),
        ({"landmark": 10**9, "history": "surgery", "adjust": ["sex", "colour"]}, {}),
        ({"sessions": "x", 5: [6], "history": {"a": 1}, "adjust": [["sex"]]}, {}),
    ],
)
def test_a_click_chooses_what_the_page_offers(sent: dict[Any, Any], chosen: dict[str, Any]) -> None:
    assert read_click(sent, OFFERS["landmark"].controls) == chosen


def test_the_address_says_what_is_chosen_on_this_page_alone() -> None:
    app = open_link("survival-by-site", site="marrow or not", horizon="3 years", bands="true")
    assert app.query_params == {"site": "marrow or not"}, "bands are shown anyway, and the horizon is another page's"
    app.session_state["endpoint"] = "efs_relapse"
    app.run()
    assert app.query_params == {"site": "marrow or not", "endpoint": "EFS from first relapse"}
    turn_to(app, "relapse-predictors")
    assert app.query_params == {"horizon": "3 years"}
    turn_to(app, "survival-by-site")
    assert app.query_params == {"site": "marrow or not", "endpoint": "EFS from first relapse"}
