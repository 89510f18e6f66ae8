"""The page that reads one paper: whichever cohort is open, under a filter, and with the risk moved."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.app.opening import Dashboard, open_link, open_page, turn_to
from tests.app.reading import assert_fit_to_read, sentence_of
from tests.app.test_your_patients import MAPPING, WARD, bring, press
from tests.intake.heart_transplants import heart_rows

PAGE = "read-the-paper"


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def html_of(app: Dashboard) -> str:
    return "".join(html.proto.body for html in app.get("html") if "<style" not in html.proto.body)


def test_every_figure_is_printed_and_recomputed_on_a_card_that_the_contents_lead_to() -> None:
    app = open_page(PAGE)
    assert_fit_to_read(app)
    html = html_of(app)
    anchors = re.findall(r'<a href="#([\w-]+)">', html)
    assert len(anchors) == 12 and anchors == re.findall(r'<section class="paper-card" id="([\w-]+)"', html)
    rows = dict(re.findall(r'<tr><th scope="row">([^<]*)</th><td>([^<]*)</td><td><b>', html))
    assert rows["MRD on day 46, odds ratio"] == "5.73"
    for printed, here in re.findall(r"</th><td>([^<]*)</td><td><b>([^<]*)</b>", html):
        assert printed in (here, "–")
    assert "SYNTHETIC DATA" in html and "made up" in html
    assert sentence_of(app).endswith("All 436 synthetic children, no filter.")
    assert "filter is on" not in html and "not the file that is open" not in html


def test_links_lead_to_the_views_with_their_choices() -> None:
    links = [unescape(link) for link in re.findall(r'<a data-turn href="([^"]*)"', html_of(open_page(PAGE)))]
    assert any(link.startswith("survival-by-site?") and "site=marrow+or+not" in link for link in links), links
    assert {link.split("?")[0] for link in links} >= {"naive-answer", "published-outcomes", "published-study", "./"}
    assert 'href="read-the-paper?' in html_of(open_page("published-study"))


def test_a_filter_is_not_applied_and_that_is_said() -> None:
    app = open_page(PAGE, {"immunophenotype": ["T"]})
    html = html_of(app)
    assert "A filter is on." in html
    assert sentence_of(app).endswith("All 436 synthetic children, no filter.")
    assert "immunophenotype" not in "".join(re.findall(r'data-turn href="([^"]*)"', html))


def test_the_risk_that_is_moved_stands_in_the_link() -> None:
    app = open_link(PAGE, baseline_risk="30")
    assert "Of 100 children without it: 30 relapse." in html_of(app)
    app.slider(key="baseline_risk").set_value(50).run()
    assert not app.exception
    odds = 5.726
    assert f"Of 100 children with it, all else alike: {100 * odds / (1 + odds):.0f} relapse." in html_of(app)
    assert app.query_params["baseline_risk"] in ("50", ["50"])
    turn_to(app, "published-study")
    turn_to(app, PAGE)
    assert "Of 100 children without it: 50 relapse." in html_of(app)


def test_beside_another_cohort_the_reference_cohort_is_used() -> None:
    app = bring(("ward.csv", WARD), ("ward.toml", MAPPING))
    press(app, "Show 40 children")
    turn_to(app, PAGE)
    html = html_of(app)
    assert "uses the synthetic reference cohort, not the file that is open" in html
    assert sentence_of(app).endswith("All 436 synthetic children, no filter.")
    assert "relapse-predictors" not in "".join(re.findall(r'data-turn href="([^"]*)"', html)), (
        "the file has no relapses"
    )


def test_beside_another_disease_it_is_the_same_page() -> None:
    app = bring(("stanford_heart.csv", heart_rows().to_csv(index=False)))
    press(app, "Show 103 patients")
    turn_to(app, PAGE)
    assert not app.exception
    assert sentence_of(app).endswith("All 436 synthetic children, no filter.")
    assert "5.73" in html_of(app)
