"""One patient in the browser: a link opens them, the address does not keep them, and all that is shown can be read."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.dashboard import Dashboard
from tests.browser.test_layout import check_fits, resize

CHILD = (
    "age_years=7.3125&immunophenotype=B&relapse_site=isolated marrow&relapse_days=1000&end_of_therapy_days=900&platelets=40"
    "&bcr_abl1=negative&mrd_day19=positive&mrd_day46=negative&mrd_after_reinduction=negative"
)


def test_a_link_opens_a_patient_whom_the_address_does_not_keep(new_page: Callable[..., Page], address: str) -> None:
    tab = Dashboard(new_page(), address).open(f"this-patient?this_patient={quote(CHILD)}", folded=True)
    page = tab.page
    expect(page.get_by_test_id("patient")).to_contain_text("Time to relapse 32.9 months")
    page.get_by_text("Risk of relapse, as the models see it").click()
    expect(page.get_by_test_id("waterfall")).to_be_visible()
    tab.settle()
    assert "7.3125" not in page.url
    assert "marrow" not in page.url
    check_accessible(page)
    resize(page, 390, 844)
    check_fits(page, 390)
