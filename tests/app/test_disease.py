"""The page on the disease: the map of the open selection before the guide, and links that select."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from analytics.learning.disease import load_guide
from pages.components import state
from tests.app.opening import Dashboard, open_link, open_page, turn_to
from tests.app.test_your_patients import bring, press
from tests.intake.heart_transplants import heart_rows


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def html_of_map(app: Dashboard) -> str:
    (found,) = [e for e in app.get("bidi_component") if e.proto.id.endswith(f"-{state.PATHWAY}")]
    html: str = json.loads(found.proto.json)["html"]
    return re.sub("[\u2009\u202f\u00a0]", " ", html).replace("\u2060", "")


def links_in(html: str) -> dict[str, Any]:
    """The addresses of links by what they are called."""
    found = re.findall(r'<a [^>]*href="([^"]*)" aria-label="([^"]*)"', html)
    return {unescape(name): urlsplit(unescape(address)) for address, name in found}


def texts_of_page(app: Dashboard) -> list[str]:
    return [h.proto.body for h in app.get("html")]


def test_the_map_comes_first_then_the_guide_and_no_advice_once() -> None:
    app = open_page("relapsed-all")
    assert not app.exception
    texts = texts_of_page(app)
    (listed,) = [i for i, text in enumerate(texts) if 'data-testid="pathway-list"' in text]
    (guide,) = [i for i, text in enumerate(texts) if 'data-testid="guide"' in text]
    assert listed < guide
    assert all(section.title in texts[guide] for section in load_guide().sections)
    assert sum("gives no advice" in caption.value for caption in app.caption) == 1
    assert not any('data-testid="instead"' in text for text in texts)


def test_a_way_is_a_link_to_its_page_with_the_filter_and_its_clause() -> None:
    app = open_page("relapsed-all", {"sex": ["boys"]})
    links = links_in(html_of_map(app))
    (marrow,) = [link for name, link in links.items() if name.startswith("isolated marrow, ")]
    query = parse_qs(marrow.query)
    assert marrow.path == "survival-by-site"
    assert query["sex"] == ["boys"] and query["relapse_site_group"] == ["isolated marrow"]
    (cns,) = [link for name, link in links.items() if name.startswith("isolated CNS, ")]
    assert parse_qs(cns.query)["relapse_site"] == ["isolated CNS"] and parse_qs(cns.query)["site"] == ["every site"]
    (late,) = [link for name, link in links.items() if name == "map of these alone: late"]
    assert late.path == "relapsed-all" and parse_qs(late.query)["relapse_timing_bfm"] == ["late"]
    for name, link in links.items():
        if link.path == "hsct-cart-chemotherapy":
            assert not {"salvage_treatment", "second_remission"} & set(parse_qs(link.query)), name
    # The page that opens has the number that the way told.
    told = next(name for name in links if name.startswith("isolated marrow, "))
    share = re.findall(r"alive at 3 years: (\S+ %)", told)[0]
    page = open_link("survival-by-site", **{key: values for key, values in query.items() if key != "data"})
    assert share in re.sub("[\u2009\u202f\u00a0]", " ", " ".join(texts_of_page(page)))


def test_the_years_are_chosen_and_stand_in_the_link() -> None:
    app = open_link("relapsed-all", alive_at="1 year")
    assert "alive at 1 year" in html_of_map(app) and "alive at 3 years" not in html_of_map(app)


def test_another_disease_is_told_that_the_reference_cohort_stands_in() -> None:
    app = bring(("stanford_heart.csv", heart_rows().to_csv(index=False)))
    press(app, "Show 103 patients")
    turn_to(app, "relapsed-all")
    assert not app.exception
    (said,) = [text for text in texts_of_page(app) if 'data-testid="instead"' in text]
    assert "another disease" in said and "436 children of the synthetic reference cohort" in said
    assert "href" not in html_of_map(app)


def test_protected_numbers_are_not_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALLEST_CELL", "5")
    monkeypatch.setenv("CELL_KEY_SECRET", "a secret of the tests of this page")
    app = open_page("relapsed-all")
    assert not app.exception
    assert any("Small numbers are protected in the open cohort" in text for text in texts_of_page(app))
    assert "href" not in html_of_map(app)
