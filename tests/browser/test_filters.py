"""The filters of the sidebar in a browser: each task by mouse and by keyboard, and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages.components.cache import REFERENCE_COHORT
from tests.browser.accessibility import check_accessible
from tests.browser.dashboard import Dashboard
from tests.browser.test_filters_and_links import query_of


@pytest.fixture
def tab(new_page: Callable[..., Page], address: str) -> Dashboard:
    return Dashboard(new_page(), address).open("", folded=True)


def family(tab: Dashboard, name: str) -> Locator:
    return tab.page.get_by_role("group", name=name, exact=True)


def test_every_task_by_mouse(tab: Dashboard) -> None:
    page = tab.page
    left, chips = page.locator(".of-left"), page.get_by_role("toolbar", name="Active filters")
    expect(left).to_have_text("436 of 436")
    # Every site, on demand: it takes the place of what was asked of the groups.
    site = family(tab, "Site of relapse")
    expect(site.get_by_role("button", name="isolated CNS")).to_be_hidden()
    site.get_by_role("button", name="isolated extramedullary").click()
    expect(tab.sentence).to_contain_text("Marrow involvement at relapse: isolated extramedullary")
    n_outside = tab.settle().headlines["Children"]
    site.get_by_role("button", name="every site").click()
    site.get_by_role("button", name="isolated CNS").click()
    expect(tab.sentence).to_contain_text("Site of relapse: isolated CNS.")
    expect(chips.get_by_role("button")).to_have_count(1)
    tab.settle()
    assert query_of(page.url)["relapse_site"] == ["isolated CNS"] and "marrow_relapse" not in page.url
    # Two steps back, one forward.
    undo, redo = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Redo")
    undo.click()
    expect(left).to_have_text(f"{n_outside} of 436")
    undo.click()
    expect(left).to_have_text("436 of 436")
    expect(undo).to_be_disabled()
    redo.click()
    expect(left).to_have_text(f"{n_outside} of 436")
    expect(page.locator("#outcomes-status")).to_contain_text(f"{n_outside} of 436 children; ")
    # A filter is let go by its chip, found by a word, and narrowed to less than ten years.
    chips.get_by_role("button", name="Remove Marrow involvement at relapse").click()
    expect(left).to_have_text("436 of 436")
    find = page.get_by_role("searchbox")
    find.fill("haemo")
    expect(family(tab, "Haemoglobin")).to_be_visible()
    expect(family(tab, "Sex")).to_be_hidden()
    find.fill("")
    high = tab.limit("age_years", 1)
    high.fill("under 10")
    high.press("Enter")
    expect(tab.sentence).to_contain_text("Age at diagnosis up to 9.9 years")
    thumb = page.locator("[data-variable=age_years] .of-thumb").first
    box = thumb.bounding_box()
    assert box and box["width"] >= 24 and box["height"] >= 24
    page.mouse.move(box["x"] + 20, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 5, steps=3)
    page.mouse.up()
    expect(tab.sentence).to_contain_text("to 9.9 years")
    # Nobody is left, and it is said why.
    family(tab, "Age at diagnosis").get_by_role("button", name="groups").click()
    tab.settle()
    page.goto(f"{tab.address}/?age_years=10&age_years=16&age_group=under+1+year")
    expect(page.locator(".of-clash")).to_contain_text("exclude each other")
    expect(left).to_have_text("0 of 436")
    tab.clear_button.click()
    expect(tab.sentence).to_contain_text("no filter")


def test_every_task_by_keyboard(tab: Dashboard) -> None:
    page, keys = tab.page, tab.page.keyboard
    page.get_by_role("searchbox").focus()
    stops = []
    for _ in range(12):
        keys.press("Tab")
        stops.append(
            page.evaluate(
                "() => document.activeElement.closest('[role=group]')?.querySelector('.of-label')?.textContent ?? ''"
            )
        )
    named = [stop for stop in stops if stop]
    assert named[:4] == ["Age at diagnosis", "Sex", "Immunophenotype", "White cells"]
    assert len(named) == len(set(named)), "one stop for each filter"
    # Within a filter arrows lead on: to the second limit, to other ways to ask, and to what it means.
    tab.limit("age_years", 0).focus()
    keys.press("PageUp")
    expect(tab.sentence).to_contain_text("Age at diagnosis from 1 year")
    keys.press("End")
    keys.press("ArrowRight")
    expect(tab.limit("age_years", 1)).to_be_focused()
    keys.press("End")
    keys.press("ArrowRight")
    expect(page.get_by_role("button", name="About Age at diagnosis")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("[data-variable=age_years] .of-definition")).to_be_visible()
    tab.pill("sex", "girls").focus()
    keys.press("Space")
    expect(tab.sentence).to_contain_text("Sex: girls")
    keys.press("Control+z")
    expect(tab.sentence).not_to_contain_text("Sex")
    expect(tab.pill("sex", "girls")).to_be_focused()
    tab.settle()
    page.get_by_role("button", name="Remove Age at diagnosis").focus()
    keys.press("Enter")
    expect(tab.sentence).to_contain_text("no filter")
    expect(tab.clear_button).to_be_focused()
    # A limit is typed, a level searched for and chosen, and all of it cleared.
    tab.limit("age_years", 1).focus()
    keys.press("ControlOrMeta+a")
    keys.type("<10")
    keys.press("Enter")
    expect(tab.sentence).to_contain_text("Age at diagnosis up to 9.9 years")
    page.get_by_role("searchbox").focus()
    keys.type("isolated cns")
    expect(family(tab, "Sex")).to_be_hidden()
    tab.pill("relapse_site", "isolated CNS").focus()
    keys.press("Enter")
    expect(tab.sentence).to_contain_text("isolated CNS")
    page.get_by_role("searchbox").focus()
    keys.press("Escape")
    expect(family(tab, "Sex")).to_be_visible()
    tab.clear_button.focus()
    keys.press("Enter")
    expect(tab.sentence).to_contain_text("no filter")


def test_on_a_phone_the_number_left_is_in_sight_while_one_chooses(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(390, 844), address).open("", folded=True)
    page = tab.page
    page.get_by_role("button", name="Filters: 436 of 436").click()
    expect(page.locator(".of-close")).to_be_in_viewport()
    level = tab.pill("mrd_day46", "positive")
    level.click()
    left, close = page.locator(".of-left"), page.locator(".of-close")
    expect(left).not_to_have_text("436 of 436")
    for seen in (left, level, close):
        box = seen.bounding_box()
        assert box and box["y"] >= 0 and box["y"] + box["height"] <= 844
    expect(close).to_contain_text(left.inner_text())
    close.click()
    expect(tab.sentence).to_be_visible()
    page.wait_for_function("() => document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().right <= 0")


def test_a_selection_is_named_kept_and_handed_on(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-site?sex=girls&age_years=0&age_years=9.9", folded=True)
    page, saved = tab.page, tab.page.locator(".of-kept")
    saved.locator("summary").click()
    page.get_by_role("textbox", name="Name for this selection").fill('Girls <b>"under 10"</b>')
    page.keyboard.press("Enter")
    apply = saved.get_by_role("button", name='Girls <b>"under 10"</b>', exact=True)
    expect(apply).to_have_attribute("aria-pressed", "true")
    sentence = tab.sentence.inner_text()
    saved.get_by_role("button", name="Copy the link of").click()
    expect(saved.get_by_role("button", name="Copy the link of")).to_have_text("copied")
    link = page.evaluate("() => navigator.clipboard.readText()")
    # It outlasts a reload, and comes back with one click.
    tab.clear_button.click()
    expect(tab.sentence).to_contain_text("no filter")
    tab.settle().open("", folded=True)
    saved.locator("summary").click()
    expect(apply).to_have_attribute("aria-pressed", "false")
    apply.click()
    expect(tab.sentence).to_have_text(sentence)
    # It stands beside another selection, by a link as well.
    tab.turn_to("Survival by site")
    tab.pill("sex", "girls").click()
    tab.choose("sex", "boys", says="boys")
    saved.get_by_role("button", name="Compare with").click()
    versus = page.get_by_test_id("versus")
    expect(versus).to_contain_text("No child is in both selections")
    expect(page.get_by_role("button", name="Remove Compared with: Girls")).to_be_visible()
    tab.settle()
    check_accessible(page)  # at rest: a page that computes is faded
    assert query_of(page.url)["versus"] == ["sex=girls&age_years=0&age_years=9.9"] or query_of(page.url)["versus"] == [
        "age_years=0&age_years=9.9&sex=girls"
    ]
    page.get_by_role("button", name="Remove Compared with: Girls").click()
    expect(versus).to_have_count(0)
    saved.get_by_role("button", name="Forget").click()
    expect(saved.locator("li")).to_have_count(0)
    # Another browser has it from the link, under its name.
    other = Dashboard(new_page(), address).open(link, folded=True)
    assert other.sentence.inner_text() == sentence
    other.page.locator(".of-kept summary").click()
    expect(other.page.locator(".of-list > div")).to_have_count(1)
    expect(other.page.locator(".of-list [aria-pressed=true]")).to_have_text('Girls <b>"under 10"</b>')


def test_saved_selections_are_combined_compared_and_kept_apart_by_mouse_and_keyboard(
    new_page: Callable[..., Page], address: str
) -> None:
    tab = Dashboard(new_page(), address).open("survival-by-site?sex=girls", folded=True)
    page, keys, saved = tab.page, tab.page.keyboard, tab.page.locator(".of-kept")
    left, chips = page.locator(".of-left"), page.get_by_role("toolbar", name="Active filters")
    saved.locator("summary").click()

    def save(name: str) -> None:
        page.get_by_role("textbox", name="Name for this selection").fill(name)
        keys.press("Enter")
        expect(saved.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")

    def n_left() -> int:
        return int(tab.settle() and left.inner_text().split()[0])

    n_girls = n_left()
    save("Girls")
    tab.clear_button.click()
    tab.choose("mrd_day46", "positive", says="MRD on day 46: positive")
    n_positive = n_left()
    save("MRD")
    # Or, by mouse: its chip has the names; by keyboard from the name on: and, or, not.
    saved.get_by_role("button", name="or Girls", exact=True).click()
    expect(chips.get_by_role("button")).to_have_count(1)
    expect(chips).to_contain_text(re.compile("Either: (Girls or MRD|MRD or Girls)"))
    expect(tab.sentence).to_contain_text("either “")
    n_either = n_left()
    page.get_by_role("button", name="Undo").click()
    expect(left).to_have_text(f"{n_positive} of 436")
    saved.get_by_role("button", name="Girls", exact=True).focus()
    keys.press("ArrowRight")
    keys.press("Enter")
    expect(tab.sentence).to_contain_text("MRD on day 46: positive (≥ 0.01 %); Sex: girls")
    n_both = n_left()
    assert n_either == n_girls + n_positive - n_both
    page.get_by_role("button", name="Undo").click()
    saved.get_by_role("button", name="Girls", exact=True).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Enter"):
        keys.press(key)
    expect(chips).to_contain_text("Without: Girls")
    expect(left).to_have_text(f"{n_positive - n_both} of 436")
    tab.settle()
    assert query_of(page.url)["without"] == ["sex=girls"]
    chips.get_by_role("button", name="Remove Without: Girls").focus()
    keys.press("Enter")
    expect(left).to_have_text(f"{n_positive} of 436")
    # Beside each other, then without those in both: by keyboard, and back by mouse.
    saved.get_by_role("button", name="Compare with Girls").focus()
    keys.press("Enter")
    versus, switch = page.get_by_test_id("versus"), page.get_by_role("switch", name="Leave out those in both")
    expect(versus).to_contain_text(f"{n_both} children are in both selections and count on either side")
    tab.settle()
    switch.focus()
    keys.press("Space")
    expect(versus).to_contain_text(f"{n_both} children are in both selections and are left out of either")
    expect(left).to_have_text(f"{n_positive - n_both} of 436")
    tab.settle()
    assert query_of(page.url)["apart"] == ["1"] and "without" not in query_of(page.url)
    page.get_by_text("Leave out those in both").click()
    expect(left).to_have_text(f"{n_positive} of 436")


def test_a_file_of_ones_own_stands_beside_that_of_the_start(new_page: Callable[..., Page], address: str) -> None:
    header, *rows = REFERENCE_COHORT.read_text(encoding="utf-8").splitlines()
    patients = "\n".join([header, *(row.replace("SYN", "W", 1) for row in rows[:200])])
    numbers, coded = ("age_years", "os_days"), ("sex", "immunophenotype", "os_event")
    mapped = [f'map.{name} = {{ from = "{name}", rule = "number" }}' for name in numbers]
    mapped += [f'map.{name} = {{ from = "{name}" }}' for name in coded]
    mapping = "\n".join(['name = "ward"', 'key = "patient_id"', *mapped])
    tab = Dashboard(new_page(), address)
    tab.page.goto(f"{address}/your-patients")
    page, chips = tab.page, tab.page.get_by_role("toolbar", name="Active filters")
    page.locator("input[type=file]").set_input_files(
        [
            {"name": "ward.csv", "mimeType": "text/csv", "buffer": patients.encode()},
            {"name": "ward.toml", "mimeType": "application/toml", "buffer": mapping.encode()},
        ]
    )
    page.get_by_role("button", name="Show 200 children").click()
    page.get_by_test_id("stMain").get_by_role("button", name="Compare with the reference cohort").click()
    expect(chips).to_contain_text("Compared with: the reference cohort")
    tab.settle().turn_to("Survival by any variable")
    versus, title = page.get_by_test_id("versus"), page.locator(".st-key-versus_place").get_by_test_id("picture-title")
    expect(versus).to_contain_text("SYNTHETIC DATA")
    # A click asks both; what is saved of both says which is made up.
    tab.choose("sex", "girls", says="Sex: girls")
    expect(versus).to_contain_text("Compared with 179 children of the reference cohort: Sex: girls")
    expect(title).to_have_text("A: ward.csv (Sex: girls); B: the reference cohort, SYNTHETIC (Sex: girls)")
    tab.settle()
    name, picture = tab.save_from(".st-key-versus_figure", "svg")
    assert "_a-b_synthetic" in name
    assert "B is SYNTHETIC DATA: no row of it describes a real child." in picture.decode()
    # The link says that it needs the file; the comparison ends by its chip, and comes back by the button beside the filters.
    assert query_of(tab.link()) | {"own": ["1"], "registry": ["1"]} == query_of(tab.link())
    chips.get_by_role("button", name="Remove Compared with: the reference cohort").click()
    expect(versus).to_have_count(0)
    start = page.locator(".of-start")
    expect(start).to_have_attribute("aria-pressed", "false")
    start.click()
    expect(versus).to_be_visible()
    expect(start).to_have_attribute("aria-pressed", "true")
