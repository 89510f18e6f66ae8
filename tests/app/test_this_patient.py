"""The page of one patient: what is entered decides what is shown, and leaves the session by a link that was asked for alone."""

from __future__ import annotations

import logging
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from analytics.cohort.duckdb_engine import DuckDBEngine
from pages.components import state
from pages.components.cache import REFERENCE_COHORT
from pages.components.patient_files import MEDIA
from tests.app.opening import Dashboard, open_link, open_page, turn_to
from tests.app.reading import component_data

PAGE = "this-patient"
ENTERED = {"age_years": 7.3125, "white_cells": 43.21875, "immunophenotype": "B", "relapse_site": "marrow and testicular",
           "relapse_days": 1187.0, "bcr_abl1": "positive"}  # fmt: skip
TELLING = ("7.3125", "43.2187", "43.2188", "1187")


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def shown(app: Dashboard) -> str:
    return " ".join(unescape(html.proto.body) for html in app.get("html") if "<style" not in html.proto.body)


def open_entered() -> Dashboard:
    return open_page(PAGE, {state.PATIENT: dict(ENTERED)})


def test_nothing_entered_shows_what_to_do_and_no_class() -> None:
    app = open_page(PAGE)
    assert not app.exception
    assert "Enter what is known of the child, or take one of the 64 synthetic ones." in shown(app)
    assert "Classes by published definitions" not in shown(app)


def test_a_child_that_is_taken_is_classed_and_can_be_changed_and_forgotten() -> None:
    app = open_page(PAGE)
    app.selectbox(key=state.PATIENT_TAKEN).set_value(3).run()
    assert not app.exception
    taken = app.session_state[state.PATIENT]
    assert taken["relapse_site"] in shown(app)
    assert "Classes by published definitions" in shown(app)
    app.session_state[state.PATIENT_FOLD] = True
    app.run()
    app.number_input(key=state.key_of_feature("relapse_days")).set_value(20.0).run()
    assert app.session_state[state.PATIENT]["relapse_days"] == pytest.approx(20.0 * 30.4375)
    assert "18 to less than 36 months from diagnosis" in shown(app)
    app.button(key=state.PATIENT_FORGET).click().run()
    assert app.session_state[state.PATIENT] == {}
    assert "Classes by published definitions" not in shown(app)


def test_neither_query_nor_link_nor_log_holds_what_is_entered(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        app = open_entered()
        assert "BCR::ABL1 are not classified by IntReALL" in shown(app)
        turn_to(app, "survival-by-site")
        everywhere = [str(dict(app.query_params)), caplog.text, shown(app)]
        everywhere += [str(component_data(part)) for part in app.get("bidi_component")]
        turn_to(app, PAGE)
        assert "marrow and testicular" in shown(app)  # still held by the session
        everywhere += [str(dict(app.query_params)), caplog.text]
        everywhere += [str(component_data(part)) for part in app.get("bidi_component")]
    for text in everywhere:
        assert state.PATIENT not in text
        assert not [value for value in TELLING if value in text]


def test_no_question_to_the_cohort_holds_a_number_that_is_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    run = DuckDBEngine.run

    def listen(engine: DuckDBEngine, sql: str, *args: Any, **named: Any) -> Any:
        asked.append(sql)
        return run(engine, sql, *args, **named)

    monkeypatch.setattr(DuckDBEngine, "run", listen)
    known = {**ENTERED, "platelets": 40.21875, "mrd_day19": "positive", "mrd_day46": "negative"}
    app = open_page(PAGE, {state.PATIENT: known, state.PATIENT_RISK: True, state.PATIENT_SALVAGE: True})
    assert not app.exception
    assert asked
    assert not [value for value in (*TELLING, "40.2187") if value in " ".join(asked)]


def test_a_link_that_was_asked_for_opens_the_same_child_and_the_address_does_not_keep_it() -> None:
    app = open_entered()
    app.button(key=state.PATIENT_LINK).click().run()
    assert "holds what you entered" in shown(app)
    links = [data["link"] for part in app.get("bidi_component") if "link" in (data := component_data(part))]
    (text,) = parse_qs(urlsplit(links[-1]).query)[state.PATIENT]
    opened = open_link(PAGE, **{state.PATIENT: text})
    assert not opened.exception
    assert opened.session_state[state.PATIENT] == ENTERED | {"n_relapse": "1"}
    assert state.PATIENT not in opened.query_params
    assert not opened.session_state[state.LINK_NOTES]


def test_a_link_of_nonsense_enters_nothing() -> None:
    app = open_link(PAGE, **{state.PATIENT: "age_years=old&relapse_site=elbow"})
    assert not app.exception
    assert "Enter what is known" in shown(app)
    (note,) = app.session_state[state.LINK_NOTES]
    assert "“age_years” and “relapse_site” cannot be used" in " ".join(note) and "elbow" not in " ".join(note)


def test_a_number_that_nobody_has_is_asked_about() -> None:
    said = "Outside what this cohort has: age at diagnosis, 0.5 to 16.0 years. Check what was entered."
    assert said in shown(open_link(PAGE, **{state.PATIENT: "age_years=73&platelets=40"}))
    assert "Outside what" not in shown(open_link(PAGE, **{state.PATIENT: "age_years=7.3&platelets=40"}))


def test_a_file_without_relapses_says_what_cannot_be_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    columns = ["patient_id", "age_years", "immunophenotype", "os_days", "os_event"]
    pd.read_csv(REFERENCE_COHORT, usecols=columns).to_csv(tmp_path / "few.csv", index=False)
    monkeypatch.setenv("COHORT", str(tmp_path / "few.csv"))
    text = shown(open_page(PAGE, {state.PATIENT: {"age_years": 5.0, "immunophenotype": "T"}}))
    assert "No class by a published definition: this file has not all the columns" in text
    assert "There is no risk of relapse here: this file has no column relapsed." in text
    assert "alive 3 years after diagnosis" in text and "after first relapse" not in text


def test_those_like_the_child_are_counted_and_shown_with_their_treatments() -> None:
    app = open_page(
        PAGE, {state.PATIENT: dict(ENTERED), state.PATIENT_HELD: ["immunophenotype"], state.PATIENT_SALVAGE: True}
    )
    assert not app.exception
    text = shown(app)
    assert "Children like this one" in text
    assert "Of 10 children like these, " in text
    assert "the last step to which enough are left (immunophenotype: B-ALL)" in text
    assert "At the landmark" in text
    app.multiselect(key=state.PATIENT_MATTERS).set_value(["immunophenotype", "bcr_abl1", "relapse_site_group"]).run()
    assert "Shown are the" in shown(app)
    assert "How the nearest differ" in shown(app)
    assert "Of 10 children nearest to this one" in shown(app)


def test_where_small_numbers_are_protected_the_nearest_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALLEST_CELL", "5")
    monkeypatch.setenv("CELL_KEY_SECRET", "a secret of the tests of one patient")
    app = open_page(PAGE, {state.PATIENT: dict(ENTERED), state.PATIENT_HELD: ["immunophenotype", "bcr_abl1"]})
    assert not app.exception
    text = shown(app)
    assert "Take one of" not in str([box.label for box in app.selectbox])
    assert "The nearest children are not looked for: small numbers are protected here" in text
    assert "How the nearest differ" not in text
    assert "Classes by published definitions" in text


def test_the_risk_by_the_models_is_shown_once_it_is_opened() -> None:
    known = {**ENTERED, "platelets": 40.0, "mrd_day19": "positive", "mrd_day46": "negative"}
    app = open_page(PAGE, {state.PATIENT: known, state.PATIENT_RISK: True})
    assert not app.exception
    text = shown(app)
    assert "Risk of relapse for a child like this one, by the logistic model of 436 children" in text
    assert 'data-testid="waterfall"' in text
    assert "Risk of relapse by years from diagnosis" in text
    app.session_state[state.PATIENT] = ENTERED
    app.run()
    assert "There is no risk of relapse for this child" in shown(app)
    assert "Risk of relapse by years" not in shown(app)


def test_what_is_shown_can_be_taken_along_as_a_slide_and_a_report() -> None:
    known = {**ENTERED, "platelets": 40.0, "mrd_day19": "positive", "mrd_day46": "negative"}
    app = open_page(PAGE, {state.PATIENT: known, state.PATIENT_FILES: True, state.PATIENT_RISK: True})
    assert not app.exception
    assert "These files hold what you entered of the child" in shown(app)
    assert [button.label for button in app.get("download_button")] == [medium.name for medium in MEDIA]
