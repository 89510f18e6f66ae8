"""Collected views on their page: shown anew, put in order, commented, saved, opened again, given out and presented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import sleep
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from analytics.analyses import load_analyses
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import speaking_by
from analytics.exports.exhibit import ExhibitMedium, Extra, no_progress
from analytics.exports.media import EXHIBIT_MEDIA
from analytics.views.basket import Basket, Collected, read_basket
from pages.components import basket, state
from pages.components.cache import REFERENCE_COHORT, load_cohort
from pages.components.collecting import reopen
from pages.components.context import Context
from pages.components.jobs import JOBS, JobKey
from tests.app.opening import Dashboard, open_link, open_page, turn_to
from tests.app.reading import assert_fit_to_read, component_data, texts_of

COHORT = load_cohort(str(REFERENCE_COHORT))
GIRLS, ALL = Collected("survival-by-site?sex=girls&endpoint=EFS+from+first+relapse"), Collected("landmark")


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def open_collected(*views: Collected) -> Dashboard:
    return open_page("collected", {state.BASKET: Basket(views)})


def collected_in(app: Dashboard) -> list[str]:
    return [view.page for view in app.session_state[state.BASKET].views]


def sent(app: Dashboard, part: str) -> Any:
    return next(data for e in app.get("bidi_component") if part in (data := component_data(e)))


def said(app: Dashboard) -> str:
    return " ".join(texts_of(app))


def press(app: Dashboard, *key: object) -> Dashboard:
    app.button(key=state.key_of_collected(*key)).click()
    return app.run()


def test_views_are_put_in_order_commented_and_removed() -> None:
    app = open_collected(GIRLS, ALL, Collected("hazard-ratios"))
    assert_fit_to_read(app)
    assert "Survival by site" in said(app) and "girls" in said(app)
    assert collected_in(press(app, "up", 1)) == ["landmark", "survival-by-site", "hazard-ratios"]
    app.text_input(key=state.key_of_collected("comment", 1)).input("Why so few?").run()
    assert collected_in(press(app, "down", 1)) == ["landmark", "hazard-ratios", "survival-by-site"]
    assert [view.comment for view in app.session_state[state.BASKET].views] == ["", "", "Why so few?"]
    assert app.text_input(key=state.key_of_collected("comment", 2)).value == "Why so few?"
    assert collected_in(press(app, "remove", 0)) == ["hazard-ratios", "survival-by-site"]


def test_a_comment_is_kept_by_a_click_that_comes_with_it() -> None:
    app = open_collected(GIRLS, ALL)
    app.text_input(key=state.key_of_collected("comment", 1)).input("Why so few?")
    press(app, "up", 1)
    assert [view.comment for view in app.session_state[state.BASKET].views] == ["Why so few?", ""]


def test_nothing_collected_says_how() -> None:
    app = open_collected()
    assert "Nothing is collected yet" in said(app) and not app.exception


def test_what_changed_since_is_said() -> None:
    context = Context(COHORT, reopen(ALL, open_context()).opened.context.filter)
    now = reopen(ALL, context)
    answer = " ".join(now.opened.document.answer())
    assert now.changes == ()
    assert reopen(replace(ALL, data=COHORT.data_version, answer=answer), context).changes == ()
    other = f"Collected with data version abc; version {COHORT.data_version} is open."
    assert reopen(replace(ALL, data="abc", answer=answer), context).changes == (other, "Its answer is the same.")
    changed = reopen(replace(ALL, data="abc", answer="It was better."), context).changes
    assert changed == (other, "Then: It was better.", f"Now: {answer}")


def open_context() -> Context:
    return Context(COHORT, CohortFilter())


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("no-such-page?sex=girls", "No analysis has the address “no-such-page”"),
        ("landmark?eye_colour=blue", "eye_colour"),
        ("landmark?sex=neither", "neither"),
        ("landmark?endpoint=happiness", "happiness"),
    ],
)
def test_links_that_no_longer_work_are_told_and_kept(link: str, told: str) -> None:
    app = open_collected(Collected(link, "Once", answer="90 %"), ALL)
    assert told in said(app) and collected_in(app) == [link.split("?")[0], "landmark"]
    if link.startswith("no"):
        assert "1 of 2 cannot be shown now" in said(app) and "When it was collected: 90 %" in said(app)


def test_a_column_that_the_file_lacks_is_named() -> None:
    offers = {"landmark": replace(open_context().offers["landmark"], controls=(), lacks=("hsct_day",))}

    class Lacking(Context):
        offers = property(lambda self: offers)  # type: ignore[assignment]

    found = reopen(ALL, Lacking(COHORT, open_context().filter))
    assert found.opened is None and "no column hsct_day" in found.problem


def test_a_link_carries_the_views() -> None:
    app = open_collected(GIRLS, ALL)
    link = parse_qs(urlsplit(sent(app, "saving")["link"]).query)
    assert link["view"] == [GIRLS.link, ALL.link]
    other = open_link("collected", view=link["view"])
    assert [view.link for view in other.session_state[state.BASKET].views] == [GIRLS.link, ALL.link]
    assert other.session_state[state.LINK_NOTES] == [] and "view" not in other.query_params


def test_what_is_saved_is_opened_in_another_session() -> None:
    app = open_collected(replace(GIRLS, comment="Why so few?"))
    saved = app.session_state[state.BASKET].to_text("ALL").encode()
    assert b"P0" not in saved and read_basket(saved).basket == app.session_state[state.BASKET]
    other = saved.replace(b"survival-by-site", b"survival-by-treatment")
    app.file_uploader(key=f"{state.OPEN_BASKET}_0").upload("list.toml", other).run()
    assert collected_in(app) == ["survival-by-site", "survival-by-treatment"]
    assert "another dictionary, “ALL”" in said(app)
    app.file_uploader(key=f"{state.OPEN_BASKET}_1").upload("cohort.csv", b"patient_id,sex\n1,f\n").run()
    assert "Not opened, and nothing here was changed." in said(app) and len(collected_in(app)) == 2


@pytest.mark.parametrize("medium", EXHIBIT_MEDIA, ids=lambda medium: medium.ending)
def test_a_file_of_all_is_made_beside_the_page(medium: Any) -> None:
    app = open_collected(replace(GIRLS, comment="For the board"), ALL, Collected("gone"))
    press(app, "make", medium.ending)
    for _ in range(60):
        if any(b.key == state.key_of_collected("save", medium.ending) for b in app.get("download_button")):
            break
        app.run()
    assert state.key_of_collected("save", medium.ending) in {b.key for b in app.get("download_button")}


def test_views_are_presented_in_their_order_with_their_comments() -> None:
    views = (replace(ALL, comment="Mind the landmark."), Collected("gone"), GIRLS)
    app = open_link("landmark", present="1", basket="1")
    app.session_state[state.BASKET] = Basket(views)
    app.run()
    bar = sent(app, "previous")
    assert (bar["place"], bar["previous"]) == ("1 of 3", "") and "Mind the landmark." in said(app)
    assert list(app.query_params["basket"]) == ["1"]
    following = urlsplit(bar["next"])
    query = parse_qs(following.query)
    assert following.path == "survival-by-site"
    assert (query["present"], query["basket"], query["sex"]) == (["1"], ["3"], ["girls"])
    turn_to(app, "survival-by-treatment")
    assert sent(app, "previous")["place"].endswith(" of 5"), "a page that is not in turn leads through its section"


def test_a_link_to_a_place_among_views_that_are_not_here_presents_the_section() -> None:
    app = open_link("landmark", present="1", basket="2")
    assert sent(app, "previous")["place"].endswith(" of 5") and app.session_state[state.LINK_NOTES] == []
    assert "collected views, which are not in this tab" in said(app)
    assert "not in this tab" not in said(open_link("landmark", present="1"))
    for strange in ("0", "-1", "x", "²", "99999999999999999999"):
        assert not open_link("landmark", present="1", basket=strange).exception


def test_the_overview_is_collected_with_its_table_and_presented() -> None:
    app = open_page("", {"sex": ["girls"]})
    assert sent(app, "basket")["basket"] == [0]
    view = Collected("overview?sex=girls", comment="Who?")
    found = reopen(view, open_context())
    assert isinstance(found.opened, Extra) and found.notes == () and "179" in found.whom
    assert [table.title for table in found.opened.shown.tables][1] == "Who is in this selection"
    with speaking_by(COHORT.dictionary):
        for medium in EXHIBIT_MEDIA:
            assert medium.write([replace(found.opened, comment="Who?")], no_progress), medium.name
    app = open_link("", present="1", basket="1")
    app.session_state[state.BASKET] = Basket((view, ALL))
    app.run()
    bar = sent(app, "previous")
    assert (bar["place"], bar["next"].split("?")[0]) == ("1 of 2", "landmark") and "Who?" in said(app)
    app = open_collected(view, ALL)
    assert 'href="./?sex=girls"' in "".join(h.proto.body for h in app.get("html"))


def test_every_analysis_can_be_collected() -> None:
    for analysis in load_analyses():
        found = reopen(Collected(analysis.slug), open_context())
        assert found.opened is not None and not found.notes, analysis.slug


def test_the_usual_views_of_a_board_are_collected_at_once_in_the_selection() -> None:
    app = open_page("collected", {"sex": ["female"], state.BASKET: Basket((ALL,))})
    app.button(key=state.BASKET_USUAL).click().run()
    assert collected_in(app) == [
        "landmark",
        "overview",
        "relapse-predictors",
        "survival-by-site",
        "hsct-cart-chemotherapy",
        "published-outcomes",
    ]
    assert all(view.query == {"sex": ["girls"]} for view in app.session_state[state.BASKET].views[1:])
    assert said(app).count("179 of 436 synthetic children") == 5
    assert state.BASKET_USUAL not in {button.key for button in app.button}


def test_files_hold_the_child_at_hand_on_demand_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    entered = {"age_years": 7.0, "immunophenotype": "B", "relapse_site": "isolated marrow", "relapse_days": 800.0,
               "end_of_therapy_days": 900.0, "mrd_after_reinduction": "negative"}  # fmt: skip
    given: list[tuple[str, ...]] = []
    children: list[Extra] = []
    of_everybody: list[JobKey] = []
    start = JOBS.start

    def begin(key: JobKey, run: Any, reader: str = "") -> Any:
        of_everybody.append(key)
        return start(key, run, reader)

    monkeypatch.setattr(JOBS, "start", begin)

    def note(exhibits: Sequence[Any], progress: Any, template: bytes = b"") -> bytes:
        children.extend(e for e in exhibits if isinstance(e, Extra))
        given.append(tuple(e.title if isinstance(e, Extra) else e.document.slug for e in exhibits))
        return b"a file"

    monkeypatch.setattr(basket, "EXHIBIT_MEDIA", (ExhibitMedium("Notes", "notes", "text/plain", note),))
    app = open_page("collected", {state.BASKET: Basket((ALL,)), state.PATIENT: entered})
    toggle = next(toggle for toggle in app.toggle if toggle.key == state.BASKET_PATIENT)
    assert "7 years" in toggle.label and not toggle.value
    for is_wanted in (False, True):
        app.toggle(key=state.BASKET_PATIENT).set_value(is_wanted).run()
        press(app, "make", "notes")
        for _ in range(100):
            if len(given) > is_wanted:
                break
            sleep(0.05)
    assert given == [("landmark",), ("landmark", "This child")]
    (child,) = children
    # The file with the child is the session's alone; what was entered stands in no key that everybody's files have.
    assert [dict(key[3])["patient"] for key in of_everybody] == [()]
    held = app.session_state[state.PATIENT_JOBS]
    made = held.jobs
    held.forget()
    assert held.jobs is not made
    # What the page says of them stands in the file, and what follows from what was entered is not said again.
    assert [note.text.split(":")[0] for note in child.shown.notes if note.code == "few-alike"] == ["Only 4 are alike"]
    assert "Age at diagnosis 7 years" in child.shown.sentences[1] and "Age group" not in child.shown.sentences[1]
    kept = app.session_state[state.BASKET].to_text("ALL")
    assert "isolated marrow" not in kept and "800" not in kept
    without = open_collected(ALL)
    assert state.BASKET_PATIENT not in {toggle.key for toggle in without.toggle}
