"""A file of another disease brought in the browser: the pages speak its words, and none of the product's own disease."""

from __future__ import annotations

import pytest

from analytics.dictionary import speaking_by
from pages.components import state
from pages.components.registry import load_pages
from pages.components.run import name_section
from tests.app.opening import Dashboard, turn_to
from tests.app.test_your_patients import bring, press, shown
from tests.intake.heart_transplants import heart_cohort, heart_rows, own_words


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def list_shown(app: Dashboard) -> list[str]:
    """The texts of a page and of its widgets."""
    found = [html.proto.body for html in app.get("html") if "<style" not in html.proto.body]
    found += [element.value for kind in ("markdown", "caption", "info", "warning") for element in app.get(kind)]
    for kind in ("selectbox", "multiselect", "toggle", "number_input", "button"):
        for widget in app.get(kind):
            found += [widget.label, getattr(widget, "help", "") or "", *map(str, getattr(widget, "options", ()))]
    return found


def test_every_page_of_another_disease_is_in_its_own_words() -> None:
    app = bring(("stanford_heart.csv", heart_rows().to_csv(index=False)))
    assert "Stanford heart transplants" in shown(app)
    press(app, "Show 103 patients")
    for page in (
        "",
        "survival-by-site",
        "survival-by-treatment",
        "relapse-predictors",
        "methods",
        "glossary",
        "this-patient",
    ):
        turn_to(app, page)
        assert not app.exception
        texts = list_shown(app)
        assert len(texts) > 1 and own_words(texts) == [], page
        if page == "survival-by-site":
            assert "has no column mismatch, which this page needs" in app.info[0].value
    app.session_state[state.PATIENT] = {"age_years": 45.0, "surgery": "yes"}
    app.session_state[state.PATIENT_RISK] = app.session_state[state.PATIENT_SALVAGE] = True
    app.run()
    assert not app.exception
    texts = list_shown(app)
    assert own_words(texts) == []
    assert any("like this one" in text for text in texts)
    assert not any("Classes by published definitions" in text for text in texts)
    assert app.session_state[state.OWN_COHORT].dictionary.words.phrases["relapse"] == "transplant"


def test_the_menu_is_in_its_words() -> None:
    with speaking_by(heart_cohort().dictionary):
        pages = load_pages()
        assert (
            own_words([text for p in pages if p.is_listed for text in (p.title, p.about, name_section(p.section))])
            == []
        )
    assert name_section("Relapse") == "Relapse"
    assert {"Predictors of relapse", "HSCT, CAR-T or chemotherapy"} <= {page.title for page in load_pages()}
