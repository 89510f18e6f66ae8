"""Back and Forward: after every step the address, the filters, the choices, the sentence, the figure and the ledger agree."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from analytics.analyses import load_analyses
from analytics.cohort.filters import MISSING_SUFFIX, CohortFilter
from analytics.reporting.wording import describe_cohort
from analytics.views.ledger import Ledger, describe_looks, drop_idle_clauses, list_comparisons
from analytics.views.view import View, read_params
from pages.components.cache import REFERENCE_COHORT, load_cohort, load_document, load_offers, load_selection
from pages.components.context import bounds, filter_variables
from pages.components.controls import list_overview_choices
from tests.browser.dashboard import Dashboard

COHORT = load_cohort(str(REFERENCE_COHORT))
ANALYSES = {analysis.slug: analysis for analysis in load_analyses()}
VARIABLES = filter_variables(COHORT)
CODED = [v.name for v in VARIABLES if v.is_coded]
NUMBERS = [v.name for v in VARIABLES if not v.is_coded]
PAGES = ("survival-by-site", "survival-by-variable", "cumulative-incidence", "")
ENTRY = "() => [navigation.currentEntry.index, navigation.entries().map((e) => e.url)]"
SHOWN = """() => {
  const text = (css) => document.querySelector(css)?.innerText.trim() || ''
  const all = (css, of) => [...document.querySelectorAll(css)].map(of)
  const name = (e) => [...e.closest('[class*="st-key-"]').classList].find((c) => c.startsWith('st-key-')).slice(7)
  const of = (e) => e.closest('[data-variable]').dataset.variable
  const group = (pairs) => pairs.reduce((all, [key, value]) => ({ ...all, [key]: [...(all[key] || []), value] }), {})
  const chart = document.querySelector('[data-testid="stMain"] [data-testid="stPlotlyChart"]')
  return {
    title: text('h1.outcomes-title'),
    sentence: text('[data-testid="cohort-sentence"]'),
    said: document.querySelector('.st-key-figure') ? chart?.getAttribute('aria-label') || '' : '',
    pills: group(all('[data-text][aria-pressed=true]', (e) => [of(e), e.dataset.text])),
    ranges: group(all('.outcomes-filters input[data-end]', (e) => [of(e), Number(e.value)])),
    kept: all('[data-keep][aria-pressed=true]', (e) => `${of(e)}_missing`),
    chosen: Object.fromEntries([
      ...all('.st-key-choices [role=radio][aria-checked=true]', (e) => [name(e), e.innerText.trim()]),
      ...all('.st-key-choices select', (e) => [name(e), e.selectedOptions[0].text])]),
    ledger: (document.querySelector('[data-testid="ledger"]')?.textContent ?? '').trim(),  // folded with the files
  }
}"""


def filter_of(query: dict[str, list[str]]) -> CohortFilter:
    """The filter of an address; a limit at the end of a slider is none."""
    cohort_filter, _ = CohortFilter.from_query(query, COHORT.dictionary, other_keys=set(query))
    clauses = []
    for clause in cohort_filter.clauses:
        variable = COHORT.dictionary[clause.variable]
        if not variable.is_coded and clause.is_range:
            low, high = bounds(variable, COHORT)
            kept = clause.keep_missing
            clause = type(clause)(
                clause.variable,
                low=clause.low if clause.low is not None and clause.low > low else None,
                high=clause.high if clause.high is not None and clause.high < high else None,
                keep_missing=kept,
            )
            if clause.low is None and clause.high is None:
                continue
        elif not variable.is_coded:
            continue  # to keep missing values applies once a range is narrowed
        clauses.append(clause)
    return CohortFilter(tuple(clauses))


def parts_of(url: str) -> tuple[str, dict[str, list[str]]]:
    """The page of an address and what it asks for, in whatever order."""
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return urlsplit(url).path, {key: sorted(texts) for key, texts in query.items()}


def texts_of(query: dict[str, list[str]], name: str) -> list[str]:
    return sorted(query.get(name, []))


COPY = '[data-action="copy"]'


@dataclass
class Reader:
    """A reader at the dashboard, and what the ledger must say of everything that was looked at so far."""

    tab: Dashboard
    ledger: Ledger = field(default_factory=Ledger)
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)  # what each address showed when it was left

    def expected(self, url: str) -> dict[str, Any]:
        """What has to be seen at an address, computed without the pages; enters its comparisons into the ledger."""
        path, query = urlsplit(url).path.strip("/"), parse_qs(urlsplit(url).query, keep_blank_values=True)
        chosen = filter_of(query)
        funnel = load_selection(COHORT, chosen).funnel()
        sentence = describe_cohort(chosen, COHORT.dictionary, funnel.n_left, COHORT.n, COHORT.synthetic)
        found: dict[str, Any] = {
            "title": "Overview",
            "sentence": f"SYNTHETIC DATA{sentence}",
            "said": "",
            "pills": {name: texts_of(query, name) for name in CODED if name in query},
            "ranges": {
                name: [float(text) for text in query[name]]
                if name in query
                else list(bounds(COHORT.dictionary[name], COHORT))
                for name in NUMBERS
            },
            "kept": [name + MISSING_SUFFIX for name in NUMBERS if query.get(name + MISSING_SUFFIX) == ["true"]],
            "chosen": {},
            "ledger": "",
        }
        controls = load_offers(COHORT)[path].controls if path else tuple(list_overview_choices(COHORT).values())
        asked, _ = read_params(query, controls)
        params = tuple((control.name, asked.get(control.name, control.default)) for control in controls)
        link = View(path, chosen, params, COHORT.data_version).to_link(
            f"{self.tab.address}/{path}".rstrip("/"), COHORT.dictionary, controls
        )
        if not path:
            return found | {"link": link}
        document = load_document(COHORT, chosen, path, params)
        compared = list_comparisons(
            document,
            drop_idle_clauses(chosen, funnel),
            controls,
            dict(params),
            COHORT.dictionary,
            COHORT.data_version,
        )
        self.ledger = self.ledger.with_comparisons(compared)
        return found | {
            "title": document.title,
            "said": document.main().alt_text,
            "chosen": {c.name: c.to_text(dict(params)[c.name])[0] for c in controls if c.place == "bar"},
            "link": link,
            "ledger": describe_looks(self.ledger, [c.key for c in compared]),
        }

    def shown(self) -> dict[str, Any]:
        """What is seen; the levels of a filter in alphabetical order, the address being free in theirs."""
        if not self.tab.page.locator(COPY).count():  # a page one has come back to has its files folded away
            self.tab.unfold()
        shown: dict[str, Any] = self.tab.page.evaluate(SHOWN)
        shown["pills"] = {name: sorted(labels) for name, labels in shown["pills"].items()}
        links = self.tab.page.locator(COPY).evaluate_all("(all) => all.map((e) => e.dataset.link)")
        shown["link"] = links[0].replace("/?", "?") if links else ""
        return shown

    def check(self) -> dict[str, Any]:
        """Wait until what is seen is what the address asks for; what is seen then."""
        end = time.monotonic() + 20
        entered, url, expected = self.ledger, "", {}
        while True:
            self.tab.settle()
            if url != self.tab.page.url:
                url, self.ledger = self.tab.page.url, entered  # an address that was only passed has entered nothing
                expected = self.expected(url)
            shown = self.shown()
            if (expected == shown and url == self.tab.page.url) or time.monotonic() > end:
                break
            time.sleep(0.05)
        assert shown == expected, url
        self.seen[url] = shown
        return shown

    def entry(self) -> tuple[int, list[str]]:
        index, urls = self.tab.page.evaluate(ENTRY)
        return index, urls

    def go(self, by: int) -> None:
        """Back or forward by some entries of the history: to the address that stands there."""
        index, urls = self.entry()
        self.tab.page.evaluate("(by) => history.go(by)", by)
        self.tab.page.wait_for_function("(index) => navigation.currentEntry.index === index", arg=index + by)
        before = self.seen.get(urls[index + by])
        shown = self.check()
        assert parts_of(self.tab.page.url) == parts_of(urls[index + by])
        if before is not None:
            assert {**shown, "ledger": ""} == {**before, "ledger": ""}

    def press(self, name: str, label: str) -> None:
        """Click a level in the sidebar."""
        pill = self.tab.pill(name, label)
        pressed = pill.get_attribute("aria-pressed") == "true"
        pill.click()
        expect(pill).to_have_attribute("aria-pressed", "false" if pressed else "true")
        self.check()
        assert (label in parse_qs(urlsplit(self.tab.page.url).query).get(name, [])) is not pressed

    def choose(self, control: str, label: str) -> None:
        """Another option of a page's choice."""
        self.tab.pick(control, label)
        assert self.check()["chosen"][control] == label

    def turn(self, slug: str) -> None:
        """Another page by the menu: with the same filter."""
        before = filter_of(parse_qs(urlsplit(self.tab.page.url).query))
        self.tab.turn_to(ANALYSES[slug].title if slug else "Overview")
        self.check()
        assert filter_of(parse_qs(urlsplit(self.tab.page.url).query)) == before


@pytest.fixture
def start(new_page: Callable[..., Page], address: str) -> Callable[[str], Reader]:
    """A function that opens a page for a reader."""

    def open_one(path: str) -> Reader:
        reader = Reader(Dashboard(new_page(), address).open(path))
        reader.check()
        return reader

    return open_one


def test_back_to_a_page_with_another_filter(start: Callable[[str], Reader]) -> None:
    reader = start("survival-by-site")
    reader.press("sex", "girls")
    girls = reader.check()
    assert "179 of 436" in girls["sentence"]
    reader.turn("survival-by-variable")
    reader.press("immunophenotype", "T-ALL")
    assert "5 of 436" in reader.check()["sentence"]
    reader.go(-1)
    assert "179 of 436" in reader.check()["sentence"], "the selection before, on the same page"
    reader.go(-1)
    back = reader.check()
    assert "179 of 436" in back["sentence"] and back["pills"] == {"sex": ["girls"]}
    assert {**back, "ledger": ""} == {**girls, "ledger": ""}
    reader.go(-1)
    assert "no filter" in reader.check()["sentence"]
    reader.go(3)
    assert "5 of 436" in reader.check()["sentence"]
    # One look at each: the curves of T-ALL girls by site were never drawn.
    assert [c.selection for c in reader.ledger.comparisons if c.page == "Survival by site"] == [
        "all children",
        "Sex: girls",
    ]


def test_back_over_choices(start: Callable[[str], Reader]) -> None:
    reader = start("survival-by-site?site=marrow+or+not")
    reader.choose("endpoint", "EFS from first relapse")
    reader.turn("survival-by-variable")
    assert reader.shown()["chosen"]["endpoint"] == "EFS from first relapse", "both pages offer it"
    reader.choose("by", "Sex")
    reader.choose("endpoint", "OS from diagnosis")
    reader.turn("")
    reader.turn("survival-by-site")
    assert reader.shown()["chosen"] == {"site": "marrow or not", "endpoint": "OS from first relapse"}
    reader.choose("site", "every site")
    index, urls = reader.entry()
    assert index == 3 and len(urls) == 4, "choices alone enter none"
    # Back leads to what was seen last on each page, not to the page without its choices.
    seen = [("", ""), ("by", "Sex"), ("site", "marrow or not")]
    for control, label in seen:
        reader.go(-1)
        assert not control or reader.shown()["chosen"][control] == label
    assert reader.shown()["chosen"]["endpoint"] == "EFS from first relapse"
    for control, label in (seen[1], seen[0], ("site", "every site")):
        reader.go(1)
        assert not control or reader.shown()["chosen"][control] == label


def test_a_link_that_was_mended_is_mended_again(start: Callable[[str], Reader]) -> None:
    """Back leads to the link as it came in, with a range the wrong way round and a level that does not exist."""
    reader = start("survival-by-site?sex=girls&sex=unclear&age_years=10&age_years=2")
    notes = reader.tab.page.get_by_test_id("link-notes").locator("[data-code]")
    expect(notes).to_have_count(2)
    assert "sex=girls" in reader.tab.page.url and "age_years" not in reader.tab.page.url
    index, urls = reader.entry()
    assert index == 1 and "age_years=10&age_years=2" in urls[0]
    reader.tab.page.get_by_role("button", name="Dismiss").click()
    expect(notes).to_have_count(0)
    reader.tab.page.evaluate("history.back()")
    expect(notes).to_have_count(2)
    assert "179 of 436" in reader.check()["sentence"]
    assert reader.entry()[0] == 0 and "age_years" not in reader.tab.page.url


def test_several_steps_at_once(start: Callable[[str], Reader]) -> None:
    """A reader who does not wait: the last address is the one that is shown."""
    reader = start("survival-by-site?sex=girls")
    reader.turn("cumulative-incidence")
    reader.press("immunophenotype", "T-ALL")
    reader.turn("survival-by-variable")
    reader.press("sex", "girls")
    for steps in ((-1, -1), (1, 1), (-1, 1), (-1, -1, 1)):
        index, _ = reader.entry()
        for i, by in enumerate(steps):
            reader.tab.page.evaluate("(by) => history.go(by)", by)
            reader.tab.page.wait_for_function(
                "(index) => navigation.currentEntry.index === index", arg=index + sum(steps[: i + 1])
            )
        reader.check()
        after, urls = reader.entry()
        assert (after, len(urls)) == (index + sum(steps), 5), "no page on the way is entered once more"


STEPS = 40


@pytest.mark.parametrize("seed", [1])
def test_a_walk_through_filters_choices_pages_and_history(seed: int, start: Callable[[str], Reader]) -> None:
    drawn = random.Random(seed)
    reader = start("survival-by-site")
    page = reader.tab.page
    for step in range(STEPS):
        index, urls = reader.entry()
        slug = urlsplit(page.url).path.strip("/")
        moves = ["filter"] * 4 + ["page"] * 3 + ["range"] + ["choice"] * (2 if slug else 0)
        moves += ["back"] * (3 if index else 0) + ["forward"] * (3 if index < len(urls) - 1 else 0)
        moves += ["clear"] * ("no filter" not in reader.tab.sentence.inner_text())
        move = drawn.choice(moves)
        if step == STEPS // 2:
            page.reload()
            reader.tab.settle()
            reader.check()
        elif move == "filter":
            name = drawn.choice(("sex", "immunophenotype", "mrd_day46", "relapse_site"))
            reader.press(name, COHORT.dictionary[name].level_label(drawn.choice(COHORT.dictionary[name].levels)))
        elif move == "range":
            reader.tab.press_limit("white_cells", drawn.randrange(2), drawn.choice(("PageUp", "PageDown")))
            reader.check()
            reader.tab.keep_missing("white_cells")
            reader.check()
        elif move == "choice":
            control = drawn.choice([c for c in load_offers(COHORT)[slug].controls if c.place == "bar"])
            labels = [label for _, label in control.options if label != reader.shown()["chosen"][control.name]]
            reader.choose(control.name, drawn.choice(labels))
        elif move == "page":
            reader.turn(drawn.choice([p for p in PAGES if p != slug]))
        elif move == "clear":
            reader.tab.clear_button.click()
            expect(reader.tab.sentence).to_contain_text("no filter")
            reader.check()
        else:
            reader.go(-1 if move == "back" else 1)
    assert re.search("[1-9]", reader.shown()["sentence"])
