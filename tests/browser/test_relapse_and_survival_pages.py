"""Hazard ratios, incidence, means, subgroups and predictors used as a reader uses them; every page with few patients."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from analytics.analyses import load_analyses
from analytics.cohort.filters import Clause, CohortFilter
from pages.components.cache import REFERENCE_COHORT, load_cohort
from tests.browser.dashboard import Dashboard, plain

OpenTab = Callable[[str], Dashboard]
COHORT = load_cohort(str(REFERENCE_COHORT))


@pytest.fixture
def open_tab(new_page: Callable[..., Page], address: str) -> OpenTab:
    """Opens a tab of its own on a page or a link."""

    def open_one(path: str = "") -> Dashboard:
        return Dashboard(new_page(), address).open(path)

    return open_one


def picture_titles(tab: Dashboard) -> list[str]:
    return tab.page.get_by_test_id("picture-title").all_inner_texts()


def alt_of(tab: Dashboard, figure: int) -> str:
    return plain(tab.page.get_by_test_id("stPlotlyChart").nth(figure).get_attribute("aria-label") or "")


def check_file(tab: Dashboard, name: str, *parts: str) -> list[dict[str, str]]:
    """The rows of a file that says whom it shows and how it was made."""
    comments, rows = tab.csv(name)
    for part in (
        "SYNTHETIC DATA",
        "Cohort: reference_cohort",
        "Selection: ",
        f"Data version: {COHORT.data_version}",
        *parts,
    ):
        assert part in comments, part
    assert rows
    return rows


# Hazard ratios


def test_a_clicked_level_becomes_the_reference(open_tab: OpenTab) -> None:
    tab = open_tab("hazard-ratios")
    ratio = tab.odds_ratio("mrd_day46", "positive")
    assert picture_titles(tab)[0].startswith("Hazard ratio over time: MRD on day 46, positive")
    tab.row("mrd_day46", "positive").click()
    expect(tab.row("mrd_day46", "positive").locator(".forest-multivariable")).to_have_text("reference")
    tab.settle()
    assert tab.odds_ratio("mrd_day46", "negative") == pytest.approx(1 / ratio, rel=0.03)
    expect(tab.says).to_contain_text("MRD on day 46, negative (< 0.01 %) against positive (≥ 0.01 %)")
    link = tab.wait_for_link("reference=MRD")
    rows = check_file(tab, "estimates", "Method: Cox regression")
    saved = next(
        r for r in rows if (r["variable"], r["level"], r["model"]) == ("mrd_day46", "negative", "multivariable")
    )
    assert float(saved["hazard_ratio"]) == pytest.approx(tab.odds_ratio("mrd_day46", "negative"), rel=0.03)
    other = open_tab(link).wait_for(tab.seen())
    expect(other.page.get_by_test_id("link-notes")).to_have_count(0)


def test_factors_bring_their_pictures_and_notes(open_tab: OpenTab) -> None:
    tab = open_tab("hazard-ratios")
    titles = picture_titles(tab)
    tab.pick("covariates", "Age at diagnosis").close_options()
    added = [title for title in picture_titles(tab) if "Age at diagnosis" in title]
    assert len(added) == 1 and len(picture_titles(tab)) == len(titles) + 1
    assert tab.page.locator(".js-plotly-plot").count() == len(titles) + 1
    expect(tab.page.locator(".outcomes-table").first).to_contain_text("Age at diagnosis")
    expect(tab.note("separation")).to_have_count(0)
    # Nobody with an extramedullary relapse alone died: maximum likelihood has no finite ratio.
    tab.pick("covariates", "Site of relapse, grouped").close_options()
    expect(tab.note("separation")).to_be_visible()
    expect(tab.note("separation")).to_contain_text("Firth")
    tab.check_readable()


# Cumulative incidence


def test_another_event_and_its_files(open_tab: OpenTab) -> None:
    tab = open_tab("cumulative-incidence")
    assert picture_titles(tab) == ["Where all the children are", "Why not 1 − Kaplan–Meier?"]
    assert tab.page.locator(".js-plotly-plot").count() == 3
    before = tab.seen()
    for figure in range(3):
        assert re.search(r"\d %", alt_of(tab, figure)), figure
    # The curve that takes no account of competing events lies above the other.
    inside = [trace for trace in before["pictures"][1] if trace["mode"] == "lines" and len(trace["y"]) > 2]
    assert len(inside) >= 2
    tab.pick("event", "non-relapse mortality, from first relapse")
    after = tab.seen()
    assert "Non-relapse mortality" in tab.headlines and tab.headlines["Children"] == "64"
    for part in ("curves", "pictures", "headlines", "sentences", "tables", "said"):
        assert after[part] != before[part], part
    tab.pick("by", "Sex")
    assert tab.headlines["p (Gray’s test)"] == "not shown", "too few events for a p value"
    rows = check_file(tab, "estimates", "Method: Aalen–Johansen estimates; Gray’s test")
    gray = [r for r in rows if "Gray" in " ".join(r.values())]
    assert {bool(r["p_value"]) for r in gray} == {True, False}, "second relapse has a p value"
    assert all(bool(r["p_value"]) != r["reason"].startswith("not shown: only") for r in gray)
    expect(tab.says).to_contain_text("Gray’s test: p value not shown (only")
    check_file(tab, "curves")
    check_file(tab, "hazard-ratios")
    open_tab(tab.wait_for_link("by=Sex")).wait_for(tab.seen())
    tab.check_readable()


# Mean survival


def test_the_horizon_of_the_means(open_tab: OpenTab) -> None:
    tab = open_tab("mean-survival")
    three = tab.headlines
    assert three["Horizon"] == "36 months"
    tab.pick("years", "1 year")
    assert tab.headlines["Horizon"] == "12 months"
    difference = tab.headline("Difference of the means, positive")
    assert difference not in three.values()
    months = difference.split()[0].removeprefix("−")
    expect(tab.says).to_contain_text(
        f"over the first 12 months after first relapse, children lived on average {months}"
    )
    expect(tab.page.locator(".outcomes-table").first).to_contain_text("first 12 months")
    expect(tab.page.locator(".outcomes-table").nth(1)).to_contain_text(difference.removesuffix(" months"))
    assert picture_titles(tab) == ["Differences of survival at 1, 3 and 5 years"]
    tab.pick("by", "Sex")
    assert tab.headline("Difference of the means") != difference
    rows = check_file(tab, "estimates", "Method: Restricted mean survival")
    assert any(abs(float(r["time_months"]) - 12) < 1e-9 for r in rows if r.get("time_months"))
    open_tab(tab.wait_for_link("by=Sex")).wait_for(tab.seen())
    tab.check_readable()


# Subgroups


def test_subgroups_show_the_interaction_first(open_tab: OpenTab) -> None:
    tab = open_tab("subgroups")
    rows = tab.page.locator(".forest-comparison tbody tr")
    cells = rows.evaluate_all(
        """(rows) => rows.map((row) => [row.querySelector('.forest-label').innerText.trim(),
          row.querySelector('.forest-p').innerText.trim(), row.querySelector('.forest-ratio').innerText.trim()])"""
    )
    assert cells[0][0] == "All children" and cells[0][2].split()[0] == tab.headline("Hazard ratio, positive").split()[0]
    tests = [(label, p) for label, p, ratio in cells[1:] if not ratio]
    assert [label.split("\n")[0] for label, _ in tests][:3] == ["Age group", "Sex", "Immunophenotype"]
    for label, p in tests:
        has_test = re.fullmatch(r"(<)?0\.\d{3,5}|1\.000", p) is not None
        assert has_test != ("test of interaction" in label), "every variable begins with its test"
    assert {bool(p) for _, p in tests} == {True, False}, "some have too few children for a test"
    assert {p for _, p, ratio in cells if ratio} == {""}, "no subgroup has a p of its own"
    for label, p in tests[:3]:
        sentence = next(s for s in tab.says.inner_text().splitlines() if s.startswith(f"{label.splitlines()[0]}: "))
        said = f"test of interaction, p = {p}" if p else "test of interaction not shown (only"
        assert said in sentence

    tab.pick("within", "Sex")
    assert rows.count() == 4
    tab.pick("by", "Immunophenotype")
    check_file(tab, "estimates", "test of interaction")
    open_tab(tab.wait_for_link("within=Sex")).wait_for(tab.seen())
    tab.check_readable()


# Predictors of relapse


def test_relapse_within_a_horizon(open_tab: OpenTab) -> None:
    tab = open_tab("relapse-predictors")
    ratio = tab.odds_ratio("bcr_abl1", "positive")
    expect(tab.note("not-followed-to-horizon")).to_have_count(0)
    tab.pick("horizon", "3 years")
    note = tab.note("not-followed-to-horizon")
    expect(note).to_be_visible()
    used, everyone = map(int, tab.headlines["Children in the model"].split(" of "))
    left_out = re.search(r"\d+", note.inner_text())
    assert left_out and int(left_out.group()) == COHORT.n - everyone and used == everyone
    assert tab.odds_ratio("bcr_abl1", "positive") != ratio
    expect(tab.says).to_contain_text("the odds of relapse within 3 years")
    assert picture_titles(tab) == ["Cumulative incidence of relapse by thrombocytopenia"]
    tab.pick("curve", "Sex").close_options()
    assert picture_titles(tab) == ["Cumulative incidence of relapse by sex"]
    assert "girls" in alt_of(tab, 0) and "boys" in alt_of(tab, 0)
    check_file(tab, "incidence")
    rows = check_file(tab, "estimates", "Method: Logistic regression")
    positive = next(
        r for r in rows if (r["variable"], r["level"], r["model"]) == ("bcr_abl1", "positive", "multivariable")
    )
    assert float(positive["odds_ratio"]) == pytest.approx(tab.odds_ratio("bcr_abl1", "positive"), rel=0.01)
    open_tab(tab.wait_for_link("curve=Sex")).wait_for(tab.seen())
    tab.check_readable()


# Few patients


ONE = (
    Clause("relapse_site_group", ("combined marrow and extramedullary",)),
    Clause("immunophenotype", ("T",)),
)


def test_every_page_with_one_patient(open_tab: OpenTab) -> None:
    query = CohortFilter(ONE).to_query(COHORT.dictionary)
    tab = open_tab(f"?{urlencode(query, doseq=True)}")
    expect(tab.sentence).to_contain_text("1 of 436")
    tab.check_readable()
    sentence = tab.sentence.inner_text()
    for analysis in load_analyses():
        tab.turn_to(analysis.title)
        assert tab.sentence.inner_text() == sentence
        assert parse_qs(urlsplit(tab.page.url).query)["relapse_site_group"] == query["relapse_site_group"]
        tab.check_readable()
        assert "1" in tab.headlines.values() or any(v.startswith("1 of ") for v in tab.headlines.values())
        explained = tab.page.locator(".outcomes-note, .outcomes-says, .forest, .js-plotly-plot .annotation")
        assert any(text.strip() for text in explained.all_text_contents()), "why nothing can be estimated"
