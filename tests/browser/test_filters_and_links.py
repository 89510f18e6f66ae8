"""Filters, pages and links in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from pages.components.cache import REFERENCE_COHORT, load_cohort, load_offers
from tests.browser.dashboard import Dashboard

OpenTab = Callable[..., Dashboard]
COHORT = load_cohort(str(REFERENCE_COHORT))
FIGURE_MAY_MOVE = 4  # px


@pytest.fixture
def open_tab(new_page: Callable[..., Page], address: str) -> OpenTab:
    """Opens a tab in a fresh context on a page, of the dashboard with the reference cohort or of another one."""

    def open_one(path: str = "", at: str = address) -> Dashboard:
        return Dashboard(new_page(), at).open(path)

    return open_one


def query_of(link: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(link).query, keep_blank_values=True)


# Filters


def test_a_filter_redraws_the_curves_and_the_counts(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-site")
    curves, counts, everyone = tab.lines(), tab.counts("immunophenotype"), tab.seen()
    assert (counts[:2], tab.counts("sex")) == (["403", "33"], ["179", "257"])
    figure = tab.page.get_by_test_id("stPlotlyChart")
    before = figure.bounding_box()
    assert before is not None

    tab.choose("sex", "girls", says="179 of 436 synthetic children: Sex: girls.").wait_for_other_curves(curves)
    assert tab.counts("immunophenotype")[:2] == ["174", "5"]
    assert tab.counts("sex") == ["179", "257"], "a variable's own levels count without its own clause"
    girls = tab.seen()
    assert girls["headlines"] != everyone["headlines"]
    assert girls["tables"] != everyone["tables"]
    assert girls["sentences"] != everyone["sentences"]
    after = figure.bounding_box()
    assert after is not None
    assert abs(after["y"] - before["y"]) <= FIGURE_MAY_MOVE
    assert abs(after["height"] - before["height"]) <= FIGURE_MAY_MOVE

    curves = tab.lines()
    tab.choose("sex", "boys", says="Sex: girls or boys").wait_for_other_curves(curves)
    assert tab.seen()["curves"] == everyone["curves"]


def test_the_figure_does_not_jump_while_it_is_redrawn(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-site")
    curves = tab.lines()
    tab.page.evaluate(
        """() => {
          window.boxes = []
          const look = () => {
            const chart = document.querySelector('[data-testid="stPlotlyChart"]')
            if (chart) { const b = chart.getBoundingClientRect(); window.boxes.push([b.top, b.height]) }
            else window.boxes.push(null)
            window.looking = requestAnimationFrame(look)
          }
          look()
        }"""
    )
    tab.choose("immunophenotype", "B-ALL", says="B-ALL").wait_for_other_curves(curves)
    boxes = tab.page.evaluate("() => { cancelAnimationFrame(window.looking); return window.boxes }")
    assert len(boxes) > 3
    assert None not in boxes, "the figure was taken out of the page"
    tops, heights = [top for top, _ in boxes], [height for _, height in boxes]
    assert max(tops) - min(tops) <= FIGURE_MAY_MOVE
    assert max(heights) - min(heights) <= FIGURE_MAY_MOVE


def test_clearing_all_filters(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-site?sex=girls&age_years=2&age_years=10&immunophenotype=B-ALL")
    expect(tab.sentence).to_contain_text("Age at diagnosis 2 to 10 years")
    curves = tab.lines()
    clear = tab.clear_button
    clear.click()
    expect(tab.sentence).to_contain_text("All 436 synthetic children, no filter.")
    tab.wait_for_other_curves(curves)
    expect(clear).to_be_disabled()
    assert tab.counts("sex") == ["179", "257"]
    assert "sex" not in query_of(tab.page.url)
    assert "sex" not in query_of(tab.link())
    # Cleared is cleared: the next page knows nothing of the old filter.
    tab.turn_to("Predictors of relapse")
    expect(tab.sentence).to_contain_text("no filter")


def test_keyboard_alone_sets_a_filter(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-site")
    first, pill = tab.pill("sex", "girls"), tab.pill("sex", "boys")
    for _ in range(40):
        if first.evaluate("pill => pill === document.activeElement"):
            break
        tab.page.keyboard.press("Tab")
    expect(first).to_be_focused()
    tab.page.keyboard.press("ArrowRight")  # Tab leads from filter to filter, arrows from level to level
    expect(pill).to_be_focused()
    tab.page.keyboard.press("Space")
    expect(tab.sentence).to_contain_text("257 of 436 synthetic children: Sex: boys.")
    tab.settle()
    expect(pill).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(tab.sentence).to_contain_text("no filter")


def test_a_filter_that_leaves_nobody_is_said(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-site?immunophenotype=T-ALL&bcr_abl1=positive&etv6_runx1=positive")
    expect(tab.sentence).to_contain_text("0 of 436")
    for title in ("Predictors of relapse", "Survival by any variable", "Overview"):
        tab.turn_to(title)
        expect(tab.sentence).to_contain_text("0 of 436")


# Pages


def test_filters_and_choices_outlast_a_change_of_page(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-site")
    tab.choose("sex", "girls", says="Sex: girls")
    sentence = tab.sentence.inner_text()
    curves = tab.lines()
    tab.page.locator(".st-key-site button").filter(has_text="marrow or not").click()
    tab.wait_for_other_curves(curves)
    by_marrow = tab.seen()
    assert {line["name"] for line in tab.lines()} == {
        "marrow (isolated or combined)",
        "isolated extramedullary:<br>not drawn, 1 child, none died",
    }
    drawn = {line["name"] for line in tab.lines() if any(y is not None for y in line["y"])}
    assert drawn == {"marrow (isolated or combined)"}, "the others are too few for a curve"

    tab.turn_to("Predictors of relapse")
    assert tab.sentence.inner_text() == sentence
    expect(tab.row("mrd_day46", "positive").locator(".forest-count")).to_contain_text("9 of 18")
    assert "site" not in query_of(tab.page.url), "a choice belongs to its page"
    tab.turn_to("Overview")
    assert tab.sentence.inner_text() == sentence
    expect(tab.page.get_by_test_id("headlines")).to_contain_text("179")
    tab.turn_to("Survival by site")
    assert tab.sentence.inner_text() == sentence
    assert tab.seen() == by_marrow
    assert query_of(tab.link())["site"] == ["marrow or not"]


# Links


def test_a_copied_link_holds_every_choice(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-variable?sex=girls")
    tab.choose("immunophenotype", "B-ALL", says="Immunophenotype: B-ALL; Sex: girls")
    link = tab.wait_for_link("immunophenotype=B-ALL")
    tab.copy_button.click()
    expect(tab.copy_button).to_have_text("Link copied")
    assert tab.page.evaluate("() => navigator.clipboard.readText()") == link
    assert link.startswith(f"{tab.address}/survival-by-variable?")
    query = query_of(link)
    controls = load_offers(COHORT)["survival-by-variable"].controls
    assert {"sex", "immunophenotype", "data", *(control.name for control in controls)} == set(query)
    assert (query["sex"], query["immunophenotype"]) == (["girls"], ["B-ALL"])
    assert query["data"] == [COHORT.data_version]
    for control in controls:
        assert query[control.name] == control.to_text(control.default)
    open_tab(link).wait_for(tab.seen())


def test_a_link_with_everything_changed_shows_the_same_in_a_fresh_browser(open_tab: OpenTab) -> None:
    asked = (
        "survival-by-site?age_years=2&age_years=10&white_cells=0&white_cells=50&white_cells_missing=true&sex=boys"
        "&mrd_day46=negative+(<+0.01+%25)&mrd_day46=positive+(≥+0.01+%25)&site=marrow+or+not&interval=plain"
        "&strata=Sex&test=Peto–Peto+(early+differences)&bands=false"
    )
    tab = open_tab(asked)
    expect(tab.page.get_by_test_id("link-notes")).to_have_count(0)
    sentence = tab.sentence.inner_text()
    for part in ("Age at diagnosis 2 to 10 years", "Sex: boys", "White cells up to 50"):
        assert part in sentence
    link = tab.link()
    query = query_of(link)
    assert query["bands"] == ["false"] and query["interval"] == ["plain"] and query["strata"] == ["Sex"]
    assert query["test"] == ["Peto–Peto (early differences)"] and query["site"] == ["marrow or not"]
    assert query["white_cells_missing"] == ["true"]
    other = open_tab(link).wait_for(tab.seen())
    assert other.link() == link


def test_the_overview_has_a_link_too(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.choose("sex", "girls", says="Sex: girls")
    link = tab.wait_for_link("sex=girls")
    open_tab(link).wait_for(tab.seen())


def test_a_link_asking_much_in_vain_says_all_of_it(open_tab: OpenTab) -> None:
    tab = open_tab(
        "relapse-predictors?sex=unclear&sex=girls&colour=blue&age_years=10&age_years=2&fit=guess&factors=Luck"
        "&factors=Sex&data=000000000000"
    )
    notes = tab.page.get_by_test_id("link-notes").locator("[data-code]")
    codes = [note.get_attribute("data-code") for note in notes.all()]
    assert sorted(map(str, codes)) == [
        "link-other-data",
        "link-reversed-range",
        "link-unknown-choice",
        "link-unknown-choice",
        "link-unknown-level",
        "link-unknown-variable",
    ]
    expect(tab.sentence).to_contain_text("179 of 436 synthetic children: Sex: girls.")
    expect(tab.row("sex", "female")).to_be_visible()
    # The page works on, with the notes in place until they are dismissed.
    tab.choose("immunophenotype", "B-ALL", says="Immunophenotype: B-ALL; Sex: girls")
    expect(tab.page.get_by_test_id("link-notes")).to_be_visible()
    assert query_of(tab.wait_for_link("immunophenotype=B-ALL"))["factors"] == ["Sex"]


def test_a_range_that_is_none_is_said(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-site?age_years=young&age_years=old&interval=plain")
    expect(tab.note("link-bad-range")).to_contain_text("young")
    expect(tab.sentence).to_contain_text("no filter")
    assert query_of(tab.link())["interval"] == ["plain"]


def test_text_of_a_link_is_not_run(open_tab: OpenTab) -> None:
    tab = open_tab(
        "survival-by-site?sex=<img+src=x+onerror=window.ran=true>&<b>x</b>=1&site=<script>window.ran=true</script>"
    )
    expect(tab.page.get_by_test_id("link-notes")).to_contain_text("<img src=x")
    assert tab.page.evaluate("window.ran") is None
    expect(tab.page.get_by_test_id("link-notes").locator("img")).to_have_count(0)


# Reference levels


def test_clicking_a_level_makes_it_the_reference(open_tab: OpenTab) -> None:
    tab = open_tab("relapse-predictors")
    odds_ratio = tab.odds_ratio("mrd_day46", "positive")
    expect(tab.row("mrd_day46", "negative")).to_contain_text("reference")
    others = {v: tab.odds_ratio(v, "positive") for v in ("bcr_abl1", "mrd_day19")}
    tab.row("mrd_day46", "positive").locator("th").click()
    expect(tab.row("mrd_day46", "positive").locator(".forest-multivariable")).to_have_text("reference")
    tab.settle()
    inverse = tab.odds_ratio("mrd_day46", "negative")
    assert inverse == pytest.approx(1 / odds_ratio, rel=0.05)  # both are rounded on the page
    assert {v: tab.odds_ratio(v, "positive") for v in others} == others
    link = tab.wait_for_link("reference=MRD")
    assert query_of(link)["reference"] == ["MRD on day 46: positive (≥ 0.01 %)"]
    assert query_of(tab.page.url)["reference"] == ["MRD on day 46: positive (≥ 0.01 %)"]
    other = open_tab(link)
    expect(other.row("mrd_day46", "positive").locator(".forest-multivariable")).to_have_text("reference")
    other.wait_for(tab.seen())

    # By the keyboard, and back again: one reference per factor.
    tab.row("mrd_day46", "negative").get_by_role("button").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.row("mrd_day46", "negative").locator(".forest-multivariable")).to_have_text("reference")
    expect(tab.row("mrd_day46", "positive").get_by_role("button")).to_be_focused()
    tab.settle()
    assert tab.odds_ratio("mrd_day46", "positive") == odds_ratio
    assert len(query_of(tab.link())["reference"]) == 1


# Other cohorts


def own_patients(path: Path, n: int = 120, **changes: str) -> Path:
    """Patients in a file of one's own, under other identifiers than those of the reference cohort."""
    header, *lines = REFERENCE_COHORT.read_text(encoding="utf-8").splitlines()
    rows = [f"P{i:03}," + line.split(",", 1)[1] for i, line in enumerate(lines[:n], start=1)]
    for old, new in changes.items():
        rows[0] = rows[0].replace(f",{old},", f",{new},", 1)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_patients_of_ones_own(open_tab: OpenTab, serve: Callable[[str | None], str], tmp_path: Path) -> None:
    address = serve(str(own_patients(tmp_path / "our patients.csv")))
    tab = open_tab("survival-by-site", address)
    expect(tab.sentence).to_have_text("All 120 children, no filter.")
    expect(tab.page.get_by_text("SYNTHETIC")).to_have_count(0)
    curves = tab.lines()
    tab.choose("sex", "girls", says="of 120 children: Sex: girls").wait_for_other_curves(curves)
    assert query_of(tab.link())["data"] != [COHORT.data_version]
    # A link made with the reference cohort says that other patients are open.
    linked = open_tab(f"survival-by-site?data={COHORT.data_version}", address)
    expect(linked.note("link-other-data")).to_contain_text(COHORT.data_version)


def test_a_link_to_a_broken_file_leads_on_to_its_page(
    new_page: Callable[..., Page], serve: Callable[[str | None], str], tmp_path: Path
) -> None:
    address = serve(str(own_patients(tmp_path / "broken.csv", female="unclear")))
    tab = Dashboard(new_page(), address)
    tab.page.goto(f"{address}/survival-by-site?sex=girls")
    problems = tab.page.get_by_test_id("problems")
    expect(problems).to_contain_text("sex has an unknown level for 1 of 120 children; known: female, male")
    expect(problems).to_contain_text("P001: 'unclear'")
    expect(problems).to_contain_text("Write one of the known levels")
    tab.page.get_by_role("button", name="Show the synthetic reference cohort instead").click()
    expect(tab.sentence).to_contain_text("179 of 436 synthetic children: Sex: girls.")
    expect(tab.page.locator("h1.outcomes-title")).to_have_text("Survival by site")
    tab.settle()
    curves = tab.lines()
    tab.choose("immunophenotype", "B-ALL", says="B-ALL").wait_for_other_curves(curves)
