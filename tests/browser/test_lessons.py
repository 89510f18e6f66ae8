"""Lessons in a browser: predict by the keyboard, see, change; a reload knows what was answered, and Chinese is a click away."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from analytics.cohort.filters import CohortFilter
from analytics.learning.answers import Choice, Drawn
from analytics.learning.lessons import load_lessons
from pages.components.cache import load_lesson, load_reference
from tests.browser.dashboard import Dashboard

FIRST = load_lessons()[0]


def kind_of(slug: str) -> object:
    lesson = next(lesson for lesson in load_lessons() if lesson.slug == slug)
    opened = load_lesson(load_reference(), CohortFilter(), slug)
    return lesson.ask(lesson.open(opened.frame, lesson.control.default)).kind


@pytest.mark.parametrize("slug", [lesson.slug for lesson in load_lessons()])
def test_a_lesson_is_answered_by_the_keyboard_and_then_changed(page: Page, address: str, slug: str) -> None:
    Dashboard(page, address).open(f"lessons?lesson={slug}")
    kind = kind_of(slug)
    if isinstance(kind, Drawn):
        point = page.get_by_role("slider").and_(page.locator("circle")).nth(2)
        point.focus()
        for _ in range(3):
            page.keyboard.press("PageDown")
        expect(point).to_have_attribute("aria-valuenow", "70")
        page.locator(".outcomes-drawn button").press("Enter")
    else:
        if isinstance(kind, Choice):
            page.locator("[data-testid=stForm] input[type=radio]").first.press("Space")
        page.locator("[data-testid=stForm] [data-testid^=stBaseButton-primary]").press("Enter")
    expect(page.get_by_test_id("verdict")).to_be_focused()
    expect(page.get_by_test_id("why")).not_to_be_empty()
    told = page.get_by_test_id("told")
    expect(told).to_be_visible()
    page.wait_for_function("(slug) => (localStorage.getItem('outcomes-lessons') || '').includes(slug)", arg=slug)
    page.reload()
    expect(page.get_by_test_id("verdict")).to_be_visible()


def test_a_moved_control_redraws_and_stands_in_the_address(page: Page, address: str) -> None:
    Dashboard(page, address).open(f"lessons?lesson={FIRST.slug}")
    page.locator(".outcomes-drawn button").click()
    told = page.get_by_test_id("told")
    before = told.inner_text()
    slider = page.get_by_test_id("stSlider").get_by_role("slider")
    slider.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(told).not_to_have_text(before)
    expect(told).to_contain_text("Month 18")
    expect(page).to_have_url(re.compile(f"{FIRST.control.name}=18"))


def test_chinese_is_a_click_away_and_stays(page: Page, address: str) -> None:
    Dashboard(page, address).open("lessons")
    page.get_by_test_id("stMain").get_by_text("简体中文").click()
    expect(page.get_by_role("heading", name="课程")).to_be_visible()
    expect(page).to_have_url(re.compile("lang=zh"))
    page.get_by_role("link", name=FIRST.title.zh).click()
    expect(page.get_by_role("heading", name=FIRST.title.zh)).to_be_visible()


def test_progress_can_be_forgotten(page: Page, address: str) -> None:
    Dashboard(page, address).open(f"lessons?lesson={FIRST.slug}")
    page.locator(".outcomes-drawn button").click()
    expect(page.get_by_test_id("verdict")).to_be_visible()
    page.get_by_role("link", name="All lessons").click()
    expect(page.locator(".outcomes-lessons .done")).to_have_count(1)
    page.get_by_role("button", name="Forget my progress").click()
    expect(page.locator(".outcomes-lessons .done")).to_have_count(0)
    page.reload()
    expect(page.get_by_test_id("lessons")).to_be_visible()
    expect(page.locator(".outcomes-lessons .done")).to_have_count(0)
    assert page.evaluate("localStorage.getItem('outcomes-lessons')") in (None, "{}")


def test_playing_moves_the_control_from_end_to_end(page: Page, address: str) -> None:
    Dashboard(page, address).open("lessons?lesson=immortal-time")
    page.locator("[data-testid=stForm] [data-testid^=stBaseButton-primary]").click()
    told = page.get_by_test_id("told")
    expect(told).to_contain_text("from 100 % of the wait on")
    page.get_by_role("button", name="Play").press("Enter")
    expect(told).to_contain_text("from 0 % of the wait on")
    expect(told).to_contain_text("from 100 % of the wait on")
    expect(page.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "false")
