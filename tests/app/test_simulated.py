"""Simulated cohorts without a browser: what buttons and links draw."""

from __future__ import annotations

from tests.app.opening import Dashboard, open_link, open_page

PAGE = "simulated-cohorts"


def happened(app: Dashboard) -> str:
    return next(block.proto.body for block in app.get("html") if 'data-testid="happened"' in block.proto.body)


def count(app: Dashboard) -> str:
    return next(block.proto.body for block in app.get("html") if 'data-testid="n-drawn"' in block.proto.body)


def test_it_begins_with_one_cohort() -> None:
    app = open_page(PAGE)
    assert not app.exception
    assert "Cohort 1: of 64" in happened(app) and "Cohorts drawn: 1<" in count(app)


def test_buttons_draw_and_begin_again() -> None:
    app = open_page(PAGE)
    app.button("simulated_one").click().run()
    assert "Cohorts drawn: 2<" in count(app)
    app.button("simulated_many").click().run()
    assert "Cohorts drawn: 200<" in count(app) and "of 200 comparisons" in happened(app)
    app.button("simulated_many").click().run()
    assert "Cohorts drawn: 400<" in count(app)
    for _ in range(3):
        app.button("simulated_many").click().run()
    assert "Cohorts drawn: 1000<" in count(app) and app.button("simulated_many").disabled
    app.button("simulated_again").click().run()
    assert "Cohorts drawn: 1<" in count(app) and not app.exception


def test_a_link_shows_the_same_cohorts() -> None:
    app = open_page(PAGE)
    app.button("simulated_preset_looks").click().run()
    app.button("simulated_many").click().run()
    assert "Ten labels" in happened(app)
    query = {"simulated_n": "100", "simulated_waiting": "0", "simulated_treated": "50", "simulated_looks": "10"}
    linked = open_link(PAGE, **query, simulated_drawn="200")
    assert happened(linked) == happened(app)


def test_a_slider_keeps_what_was_drawn() -> None:
    app = open_page(PAGE)
    app.button("simulated_many").click().run()
    app.select_slider("simulated_slider_waiting").set_value(0).run()
    assert "Cohorts drawn: 200<" in count(app) and "Watch" not in happened(app)
    assert "nothing here, and" in happened(app)


def test_it_is_spoken_in_chinese() -> None:
    app = open_link(PAGE, lang="zh")
    assert "队列 1：" in happened(app)
