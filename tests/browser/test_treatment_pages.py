"""The pages that compare treatments, used as a reader uses them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard import Dashboard, plain

OpenTab = Callable[[str], Dashboard]
RATIO = r"\d+\.\d+ \(<?\d+\.\d+–\d+(\.\d+)?\)"
CHOSEN = """() => [...document.querySelectorAll('.js-plotly-plot')][1].data
  .filter((t) => t.marker?.symbol?.[1] === 'square').map((t) => t.x[1])"""


@pytest.fixture
def open_tab(new_page: Callable[..., Page], address: str) -> OpenTab:
    """Opens a tab of its own on a page or a link."""

    def open_one(path: str = "") -> Dashboard:
        return Dashboard(new_page(), address).open(path)

    return open_one


def names(tab: Dashboard) -> set[str]:
    return {line["name"] for line in tab.lines()}


def row_of_table(tab: Dashboard, table: int, start: str) -> list[str]:
    """The cells of the row that begins with ``start``."""
    rows = tab.page.locator(".outcomes-table").nth(table).locator("tbody tr").filter(has_text=re.compile(f"^{start}"))
    return [plain(cell) for cell in rows.first.locator("td").all_inner_texts()]


# Survival by treatment


def test_another_comparison_of_treatments(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-treatment")
    assert names(tab) == {"not yet transplanted", "HSCT"}
    assert "Simon–Makuch" in (tab.page.locator("[data-testid=stPlotlyChart]").get_attribute("aria-label") or "")
    hsct = tab.headlines
    tab.pick("history", "CAR-T or not yet")
    assert "CAR-T" in names(tab) and "HSCT" not in names(tab)
    cart = tab.headlines
    assert "Hazard ratio, HSCT against not yet transplanted" in hsct
    assert "Hazard ratio, CAR-T against no CAR-T yet" in cart
    assert cart["Children"] == hsct["Children"]
    expect(tab.says).to_contain_text("CAR-T")
    tab.pick("relapses", "all")
    assert int(tab.headlines["Children"]) > int(cart["Children"])
    tab.pick("history", "CAR-T, HSCT, or both in turn")
    assert len(names(tab)) == 4
    assert not [label for label in tab.headlines if label.startswith("Hazard ratio")], "too few deaths for three ratios"
    (label,) = (label for label in tab.headlines if label.startswith("Deaths, "))
    assert label.split(" · ")[0] == "Deaths, neither yet" and label.count(" · ") == 3
    assert tab.headlines[label].count(" of ") == 4
    tab.check_readable()


def test_the_naive_curves_come_with_their_warning(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-treatment")
    expect(tab.note("immortal-time")).to_have_count(0)
    plain, headlines = tab.lines(), tab.headlines
    tab.pick("naive")
    expect(tab.note("immortal-time")).to_be_visible()
    expect(tab.note("immortal-time")).to_contain_text("immortal time")
    added = names(tab) - {line["name"] for line in plain}
    assert {name.split(":")[0] for name in added} == {"naive"} and len(added) == 2
    dashes = tab.page.evaluate(
        """() => document.querySelector('.js-plotly-plot').data.filter((t) => (t.name || '').startsWith('naive'))
          .map((t) => t.line.dash)"""
    )
    assert len(dashes) == 2 and set(dashes).isdisjoint({"solid", None})
    labels = tab.page.locator(".js-plotly-plot").first.locator("text").filter(has_text="naive")
    assert labels.count() >= 2, "the dotted lines are labelled"
    assert tab.headlines == headlines, "the overlay changes no estimate"
    warning = tab.note("immortal-time").bounding_box()
    figure = tab.page.get_by_test_id("stPlotlyChart").first.bounding_box()
    assert warning and figure and warning["y"] + warning["height"] <= figure["y"]
    # The warning goes into every file with the dotted lines.
    comments, _ = tab.csv("curves")
    assert "immortal time" in comments
    tab.pick("naive")
    expect(tab.note("immortal-time")).to_have_count(0)
    assert tab.lines() == plain


def test_adjusting_changes_ratio_table_and_sentence(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-treatment")
    ratio, curves = tab.headline("Hazard ratio, HSCT against"), tab.lines()
    assert re.fullmatch(RATIO, ratio)
    assert row_of_table(tab, 0, "Treatment: HSCT")[1] == ratio
    expect(tab.says).to_contain_text("not adjusted")
    tab.pick("adjust", "Age at diagnosis").pick("adjust", "Sex").close_options()
    adjusted = row_of_table(tab, 0, "Treatment: HSCT")[1]
    assert re.fullmatch(RATIO, adjusted) and adjusted != ratio
    assert tab.headline("Deaths, not yet transplanted").count(" of ") == 2, "too few for a ratio of so large a model"
    expect(tab.says).to_contain_text(f"{adjusted.split()[0]} times as high")
    expect(tab.says).to_contain_text("adjusted for age at diagnosis and sex")
    answer = plain(tab.page.get_by_test_id("answer").inner_text())
    assert "not adjusted" not in answer and "adjusted for age at diagnosis and sex" in answer
    assert "too few for a single ratio" in answer and adjusted.split()[0] not in answer.split()
    assert tab.lines() == curves, "the curves are not adjusted"
    # The link brings the same back in another window, and the file says the same.
    link = tab.wait_for_link("adjust=Sex")
    other = open_tab(link).wait_for(tab.seen())
    expect(other.page.get_by_test_id("link-notes")).to_have_count(0)
    comments, rows = tab.csv("estimates")
    for part in ("SYNTHETIC DATA", "Cohort: reference_cohort", "Selection: All 436", "Method: Simon–Makuch"):
        assert part in comments, part
    assert "Age at diagnosis" in comments and "Sex" in comments
    found = [r for r in rows if r["model"] == "time-dependent" and r["level"] == "HSCT"]
    assert [f"{float(r['hazard_ratio']):.2f}" for r in found] == [adjusted.split()[0]]


def test_a_filter_redraws_curves_headlines_and_sentences(open_tab: OpenTab) -> None:
    tab = open_tab("survival-by-treatment")
    before = tab.seen()
    tab.choose("sex", "boys", says="257 of 436 synthetic children: Sex: boys.").wait_for_other(before)
    after = tab.seen()
    for part in ("curves", "headlines", "sentences", "tables", "said"):
        assert after[part] != before[part], part
    assert int(tab.headlines["Children"]) < 52
    expect(tab.says).to_contain_text(f"of {tab.headlines['Children']} children were given HSCT")


# Landmark


def test_the_slider_moves_the_landmark(open_tab: OpenTab) -> None:
    tab = open_tab("landmark")

    def check(days: int) -> tuple[int, int]:
        """All that the page says about the landmark agrees."""
        left, complete = map(int, tab.headlines["Alive and followed at the landmark"].split(" of "))
        excluded, treated = int(tab.headlines["Excluded"]), int(tab.headlines["Treated by then"])
        assert complete - left == excluded
        assert tab.page.evaluate(CHOSEN) == [days]
        strip = tab.page.get_by_test_id("stPlotlyChart").nth(1).get_attribute("aria-label") or ""
        assert f"day {days}: " in strip
        assert re.search(rf"day {days}: [^;]*, {treated} treated and {left - treated} not yet", strip)
        said = tab.says.inner_text()
        assert f"{treated} had been treated by then, {left - treated} had not" in said
        died, gone = map(int, re.search(r"(\d+) had died and (\d+) had left follow-up", said).groups())  # type: ignore[union-attr]
        assert died + gone == excluded and f"by day {days}" in said
        children = [int(row_of_table(tab, 0, start)[0]) for start in ("not yet transplanted", "HSCT")]
        assert children == [left - treated, treated]
        return excluded, treated

    first = check(180)
    slider = tab.page.locator(".st-key-landmark input[type=range]")
    slider.focus()
    for _ in range(12):
        tab.page.keyboard.press("ArrowRight")
    expect(tab.says).to_contain_text("From day 240 on")
    tab.settle()
    later = check(240)
    assert later[0] > first[0] and later[1] > first[1]
    line = tab.page.evaluate("() => document.querySelector('.js-plotly-plot').layout.shapes[0].x0")
    assert line == pytest.approx(240 / 30.4375, abs=1e-3)

    # The strip's own landmarks stay; one between them is added while it is chosen.
    tab.page.keyboard.press("ArrowRight")
    expect(tab.says).to_contain_text("From day 245 on")
    tab.settle()
    check(245)

    link = tab.wait_for_link("landmark=245")
    other = open_tab(link).wait_for(tab.seen())
    assert other.page.locator(".st-key-landmark input[type=range]").input_value() == "245"

    comments, rows = tab.csv("landmarks")
    assert "Landmark analysis" in comments and "SYNTHETIC DATA" in comments
    ratios = {r["landmark_days"]: r["hazard_ratio"] for r in rows if r["level"] == "HSCT"}
    assert f"{float(ratios['245']):.2f}" == row_of_table(tab, 1, "Treatment: HSCT")[1].split()[0]
    comments, rows = tab.csv("estimates")
    assert {r["landmark_days"] for r in rows} == {"245"}


# How wrong is the naive answer?


def test_the_answers_side_by_side(open_tab: OpenTab) -> None:
    tab = open_tab("naive-answer")
    rows = tab.page.locator(".forest-comparison tbody tr")
    labels = rows.locator(".forest-label").all_inner_texts()
    starts = [
        "HSCT against not yet transplanted",
        "Naive",
        "Landmark, day 90",
        "Landmark, day 120",
        "Landmark, day 150",
        "Landmark, day 180",
    ]
    starts += ["Landmark, day 240", "Treatment as it changes"]
    assert [start for start, label in zip(starts, labels, strict=True) if not label.startswith(start)] == []
    assert "biased" in labels[1]

    def check() -> None:
        """Headlines, rows and sentence hold the same ratios."""
        shown = tab.headlines
        naive = tab.headline("Naive hazard ratio of HSCT against not yet transplanted")
        correct = tab.headline("Hazard ratio of HSCT against not yet transplanted, as treatment changes")
        for text, row in ((naive, rows.nth(1)), (correct, rows.last)):
            assert plain(row.locator(".forest-ratio").inner_text()) == text
        factor = float(naive.split()[0]) / float(correct.split()[0])
        assert float(shown["Naive against time-dependent"].removeprefix("× ")) == pytest.approx(factor, abs=0.03)
        expect(tab.says).to_contain_text(f"ever against never gives a hazard ratio of {naive}")
        expect(tab.says).to_contain_text(f"counted from its day on it is {correct}")

    check()
    # One landmark is the same here as on its own page.
    at_180 = plain(rows.nth(5).locator(".forest-ratio").inner_text())
    sentence = tab.sentence.inner_text()
    tab.pick("endpoint", "EFS from first relapse")
    check()
    link = tab.link()
    _, saved = tab.csv("estimates")
    assert {r["method"] for r in saved} == set(starts[1:])
    open_tab(link).wait_for(tab.seen())

    tab.pick("endpoint", "OS from first relapse").turn_to("Landmark comparison")
    assert row_of_table(tab, 1, "Treatment: HSCT")[1] == at_180
    assert tab.sentence.inner_text() == sentence


# Adjusted comparison


def test_weighting_shows_balance_and_says_when_it_refuses(open_tab: OpenTab) -> None:
    tab = open_tab("adjusted-comparison?relapses=all")
    titles = tab.page.get_by_test_id("picture-title")
    expect(titles.first).to_have_text("Are the groups alike?")
    expect(titles.nth(1)).to_have_text("Could a child of one group have been in the other?")
    assert tab.page.locator(".js-plotly-plot").count() == 3
    balance = tab.page.locator(".js-plotly-plot").nth(1).locator("text")
    assert any(text.startswith("Second remission (CR2)") for text in balance.all_text_contents())
    assert not any(text.startswith("Sex") for text in balance.all_text_contents())
    before = tab.seen()
    weighted, unweighted = (row_of_table(tab, 0, how)[1] for how in ("weighted", "unweighted"))
    assert re.fullmatch(RATIO, weighted)

    # One more variable to make alike: it is in the picture, the ratio changes, the unweighted one does not.
    tab.pick("balance", "Sex").close_options()
    assert any(text.startswith("Sex") for text in balance.all_text_contents())
    assert row_of_table(tab, 0, "weighted")[1] != weighted
    assert row_of_table(tab, 0, "unweighted")[1] == unweighted
    expect(tab.says).to_contain_text("second remission (CR2)")
    assert tab.seen()["pictures"] != before["pictures"]
    open_tab(tab.wait_for_link("balance=Sex")).wait_for(tab.seen())
    comments, rows = tab.csv("balance")
    assert "inverse probability of treatment weights" in comments and "Data version" in comments
    assert rows

    tab.choose("sex", "girls", says="179 of 436 synthetic children: Sex: girls.")
    expect(tab.note("not-weighted")).to_be_visible()
    expect(tab.says).to_contain_text("The groups are not weighted: only 9 children untreated: at least 10 are needed")
    assert row_of_table(tab, 0, "weighted")[0] == "–"
    tab.check_readable()
