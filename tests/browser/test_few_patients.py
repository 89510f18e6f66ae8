"""What a reader sees of too few children: each state of the policy, and no more than three notes at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from analytics.analyses import load_analyses
from tests.browser.dashboard import Dashboard, plain

OpenTab = Callable[[str], Dashboard]
T_ALL = "immunophenotype=T-ALL"
SLUGS = [analysis.slug for analysis in load_analyses()]


@pytest.fixture
def open_tab(new_page: Callable[..., Page], address: str) -> OpenTab:
    """Opens a tab of its own on a page or a link."""

    def open_one(path: str = "") -> Dashboard:
        return Dashboard(new_page(), address).open(path)

    return open_one


def codes(tab: Dashboard) -> list[str]:
    """The codes of all notes, those one click away included."""
    found: list[str] = tab.page.locator(".outcomes-note").evaluate_all("(all) => all.map((e) => e.dataset.code)")
    return found


def ends(tab: Dashboard) -> dict[str, float]:
    """Where the line of each group ends, in months."""
    found: dict[str, float] = tab.page.evaluate(
        """() => {
          const lines = document.querySelector('.js-plotly-plot').data.filter((t) => t.mode === 'lines' && !t.fill)
          const ends = {}
          for (const line of lines) ends[line.name] = Math.max(ends[line.name] ?? 0, ...Array.from(line.x))
          return ends
        }"""
    )
    return found


def test_in_full_and_with_a_caution_a_p_value_is_shown(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-site")
    assert float(tab.headlines["p (log-rank test)"]) < 0.05
    assert "few-patients" in codes(tab)
    tab = open_tab("survival-by-treatment")
    assert float(tab.headlines["p (Mantel–Byar test)"]) > 0.05
    assert not {"few-patients", "without-p", "counts-only"} & set(codes(tab))


def test_without_p_the_estimates_stay_and_the_reason_is_said(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-site").choose("immunophenotype", "T-ALL", says="T-ALL")
    assert tab.headlines["p (log-rank test)"] == "not shown"
    note = tab.page.locator(".outcomes-note[data-code=without-p]")
    expect(note).to_be_visible()
    expect(note).to_contain_text("not shown, because too little stands behind")
    expect(note.locator(".remedy")).to_contain_text("at least 5 children in every group, 5 events")
    expect(tab.says).to_contain_text("Log-rank test: p value not shown (only 1 child in one of the groups).")
    comments, rows = tab.csv("estimates")
    tests = [row for row in rows if row["term"].startswith("log-rank")]
    assert tests
    assert not any(row["p_value"] for row in tests)
    assert all(row["reason"] for row in tests)
    assert "not shown" in comments


def test_counts_alone_are_shown_of_a_handful(open_tab: OpenTab) -> None:
    tab = open_tab(f"hazard-ratios?{T_ALL}")
    expect(tab.page.locator(".outcomes-note[data-code=counts-only]")).to_be_visible()
    _, rows = tab.csv("estimates")
    ratios = [row for row in rows if row["is_reference"] == "False"]
    assert ratios
    assert not any(row["hazard_ratio"] or row["p_value"] for row in ratios)
    assert all(row["reason"] for row in ratios)
    assert any(float(row["n"]) for row in ratios)


def test_a_curve_ends_where_too_few_are_at_risk_and_the_counts_go_on(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-site")
    end = ends(tab)
    _, rows = tab.csv("curves")
    for name, last in end.items():
        times = [(float(r["time_months"]), float(r["n_risk"]), r["survival"]) for r in rows if r["group"] == name]
        if times:
            shown = [time for time, n_risk, _ in times if n_risk >= 3]
            assert last == pytest.approx(max(shown), abs=0.01)
            assert all((estimate == "") == (time > max(shown)) for time, _, estimate in times)
            assert times[-1][0] > max(shown)
    assert {"isolated marrow", "isolated extramedullary"} <= set(end)
    tab.page.locator(".st-key-fold_done .outcomes-term", has_text="How to read survival curves").click()
    expect(tab.page.locator(".outcomes-meaning")).to_contain_text("a line ends where too few are left")


def test_zero_is_a_number_and_not_withheld(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-site")
    assert "none of 12 children died" in plain(tab.says.inner_text())
    assert "0 of 12" in plain(tab.page.locator(".outcomes-table").first.inner_text())


@pytest.mark.parametrize("slug", SLUGS)
def test_no_more_than_three_notes_are_in_sight(open_tab: OpenTab, slug: str) -> None:
    tab = open_tab(f"{slug}?{T_ALL}")
    folded = tab.page.locator(".st-key-fold_sure .outcomes-note:visible").count()
    assert tab.page.locator(".outcomes-note:visible").count() - folded <= 3
    assert tab.page.locator(".st-key-fold_sure .outcomes-note:is(.caution, .warning)").count() == 0
    more = tab.page.locator("details.outcomes-more > summary")
    if more.count():
        hidden = int(more.first.inner_text().split()[0])
        more.first.click()
        assert tab.page.locator("details.outcomes-more").first.locator(".outcomes-note:visible").count() == hidden
