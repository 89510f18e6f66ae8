"""A class in browsers: a teacher makes a question, a learner answers elsewhere, and the code is all that passes between them."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from analytics.learning.lessons import load_lessons
from tests.browser.dashboard import Dashboard


def make_question(page: Page, address: str) -> str:
    """By the keyboard: a number of survival by site, worded, and its link."""
    Dashboard(page, address).open("survival-by-site")
    page.get_by_role("button", name="Make a question of this view").press("Enter")
    wording = page.get_by_label("The question in your words")
    wording.fill("How many of <i>those</i> live at one year?")
    wording.press("Enter")
    code = page.get_by_test_id("stCode").locator("code")
    expect(code).to_contain_text("ask=How+many")
    return code.inner_text().replace("\n", "").strip()


def test_a_question_of_a_view_goes_to_a_learner_and_a_code_comes_back(
    page: Page, address: str, browser: Browser
) -> None:
    link = make_question(page, address)
    assert link.startswith(address) and "83.9" not in link

    learner = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    asked = urlsplit(link)
    Dashboard(learner, address).open(f"{asked.path.strip('/')}?{asked.query}")
    expect(learner.get_by_test_id("question")).to_have_text("How many of <i>those</i> live at one year?")
    expect(learner.get_by_test_id("code")).to_have_count(0)
    expect(learner.get_by_test_id("stMain")).not_to_contain_text("83.9")
    slider = learner.get_by_test_id("stSlider").get_by_role("slider")
    slider.focus()
    for _ in range(25):
        learner.keyboard.press("ArrowRight")
    learner.locator("[data-testid=stForm] [data-testid^=stBaseButton-primary]").press("Enter")
    expect(learner.get_by_test_id("verdict")).to_contain_text("You said 75 %. The answer: 83.9")
    code = learner.get_by_test_id("code").inner_text()
    with learner.expect_download() as saved:
        learner.get_by_role("button", name="Save as a file").click()
    handed = saved.value.path().read_bytes()
    learner.context.close()

    Dashboard(page, address).open("class")
    page.get_by_role("textbox", name="Links of the questions").fill(link)
    codes = page.get_by_role("textbox", name="Codes")
    codes.fill(f"{code}\n{code.lower().replace('-', ' ')}\n{code[:-1]}")
    codes.press("Control+Enter")
    spread = page.get_by_test_id("spread")
    expect(spread).to_have_text("Predictions: 2. Median 75 %.")
    expect(page.get_by_test_id("damaged")).to_contain_text(code[:-1])
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(
        {"name": "prediction.csv", "mimeType": "text/csv", "buffer": handed}
    )
    expect(spread).to_contain_text("Predictions: 3.")
    page.get_by_test_id("stCheckbox").get_by_role("switch").or_(
        page.get_by_test_id("stCheckbox").get_by_role("checkbox")
    ).first.press("Space")
    expect(spread).to_contain_text("The answer: 83.9 % (67.5–92.5). 0 right, 3 near")
    assert "class?" not in page.url or code.split("-")[0] not in page.url


def test_a_held_lesson_gives_a_code_and_no_answer(page: Page, address: str) -> None:
    first = load_lessons()[0]
    Dashboard(page, address).open(f"lessons?lesson={first.slug}&class=Ward+3&hold=1")
    page.locator(".outcomes-drawn button").click()
    expect(page.get_by_test_id("code")).to_be_visible()
    expect(page.get_by_test_id("held")).to_contain_text("Your teacher reveals the answer.")
    expect(page.get_by_test_id("verdict")).to_have_count(0)
    code = page.get_by_test_id("code").inner_text()
    Dashboard(page, address).open("class")
    name = page.get_by_role("textbox", name="Name of the class or round")
    name.fill("Ward 3")
    name.press("Enter")
    codes = page.get_by_role("textbox", name="Codes")
    codes.fill(code)
    codes.press("Control+Enter")
    expect(page.get_by_test_id("round")).to_have_text(first.title.en)
    expect(page.get_by_test_id("spread")).to_have_text("Predictions: 1.")
