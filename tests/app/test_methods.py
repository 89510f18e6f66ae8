"""The methods page without a browser: its contents, its entries, and where links to them lead."""

from __future__ import annotations

import json
import re
from pathlib import Path

from analytics.languages import LANGUAGES
from analytics.reporting.glossary import load_glossary, to_browser
from analytics.reporting.methods import load_methods
from pages.components import state
from pages.components.assets import SERVED, serve_text
from pages.components.assets import _written as WRITTEN
from pages.components.cache import REFERENCE_COHORT, load_cohort, load_glossary_text
from pages.components.methods import SECTIONS
from tests.app.opening import open_page
from tests.app.reading import TAB_NAME, component_data


def test_the_methods_page_has_every_entry_under_its_anchor() -> None:
    app = open_page("methods")
    assert not app.exception
    html = "".join(element.proto.body for element in app.get("html"))
    anchors = re.findall(r'\bid="([^"]*)"', html)
    assert len(set(anchors)) == len(anchors)
    assert [anchor for anchor in anchors if anchor in SECTIONS] == list(SECTIONS)
    assert set(re.findall(r'href="#([^"]*)"', html)) <= set(anchors)
    for term in load_glossary():
        assert {term.own_anchor, term.leads_to} <= set(anchors), term.name.en
    for method in load_methods():
        assert f'id="{method.anchor}"' in html, method.name
    order = [
        html.index(f'id="{a}"') for a in ("how-to-read", "words", "endpoints", "endpoint-os_relapse", "estimators")
    ]
    order += [html.index(f'id="{a}"') for a in ("firth", "dictionary", "variable-mrd_day46")]
    assert order == sorted(order)
    assert 'href="https://doi.org/10.1093/biomet/80.1.27"' in html and "doi:10" not in re.sub(
        r"<a [^>]*>doi:", "", html
    )


def test_every_page_has_the_glossary_where_it_is_kept_and_the_same_message_each_time() -> None:
    app = open_page("landmark")
    (tab,) = [e for e in app.get("bidi_component") if e.proto.component_name == TAB_NAME]
    served = component_data(tab)["glossary"]
    assert re.fullmatch(rf"{SERVED[1:]}words/[0-9a-f]{{8}}-glossary.json\?v=[0-9a-f]{{8}}", served)
    before = tab.proto.SerializeToString()
    assert len(before) < 10_000
    (tab,) = [e for e in app.run().get("bidi_component") if e.proto.component_name == TAB_NAME]
    assert tab.proto.SerializeToString() == before  # which is not sent again
    app.session_state[state.LANGUAGE] = "zh"
    (tab,) = [e for e in app.run().get("bidi_component") if e.proto.component_name == TAB_NAME]
    assert component_data(tab)["glossary"] != served


def test_the_glossary_is_served_in_each_language() -> None:
    cohort = load_cohort(str(REFERENCE_COHORT))
    for language in LANGUAGES:
        text = load_glossary_text(cohort, language)
        assert json.loads(text) == to_browser(language)
        name = serve_text("glossary.json", text).partition("?")[0].rpartition("/")[2]
        assert (Path(WRITTEN().name) / name).read_text(encoding="utf-8") == text
