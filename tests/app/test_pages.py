"""Every page under every choice and under filters that leave many, few and no children, without a browser."""

from __future__ import annotations

import pickle
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping
from html import unescape
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analytics import analyses
from analytics.analyses import load_analyses
from analytics.analysis import SECTIONS, Control
from analytics.cohort import Cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.views.ledger import Ledger
from pages.components import state as keys
from pages.components.cache import REFERENCE_COHORT, load_cohort, load_offers
from pages.components.launch import prepare_first_pages
from pages.components.registry import LEARN, load_pages
from tests.app.opening import Dashboard, keys_of_pages, open_dashboard, open_link, open_page, turn_to
from tests.app.reading import assert_fit_to_read, component_data, explanations_in, headlines_of, sentence_of, texts_of

ROOT = Path(__file__).parents[2]
SLUGS = [analysis.slug for analysis in load_analyses()]
PAGES = ["", *SLUGS, "methods", "published-study", "your-patients", "this-patient", "collected", "relapsed-all"]
PAGES += ["read-the-paper", "glossary"]
State = dict[str, Any]

COHORT = load_cohort(str(REFERENCE_COHORT))
CONTROLS = [(a.slug, control) for a in load_analyses() for control in load_offers(COHORT)[a.slug].controls]


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def test_what_a_next_study_would_find_is_folded_away() -> None:
    app = open_page("survival-by-site")
    assert "Planning a next study" in [line.label for line in app.expander]
    assert "A next study with" not in "".join(html.proto.body for html in app.get("html"))
    app.session_state[keys.PLANNING] = True
    app.run()
    assert "A next study with 11 deaths among 64 children" in "".join(html.proto.body for html in app.get("html"))


# Filters that leave few


def to_state(cohort_filter: CohortFilter) -> State:
    return {c.variable: [*c.levels, *(["missing"] if c.keep_missing else [])] for c in cohort_filter.clauses}


def only(variable: str, *levels: str) -> CohortFilter:
    return CohortFilter((Clause(variable, levels),))


def pairs_of_clauses(cohort: Cohort, first: str) -> Iterator[tuple[CohortFilter, int]]:
    """Every filter of one level of ``first`` and one level of another variable, with how many children it leaves."""
    for level in cohort.dictionary[first].levels:
        start = only(first, level)
        for name, counts in cohort.level_counts(start).items():
            if name != first:
                for other, n in counts.items():
                    if other is not None:
                        yield start.with_clause(Clause(name, (other,))), n


def relapsed_leaving(n: int) -> CohortFilter:
    return next(f for f, left in pairs_of_clauses(COHORT, "relapse_site_group") if left == n)


def all_with_outcome(value: int, *, at_least: int = 2) -> CohortFilter:
    """Relapsed children of whom everyone (``value`` 1) or no one (0) died."""
    for cohort_filter, n in pairs_of_clauses(COHORT, "relapse_site"):
        if n >= at_least:
            tally = COHORT.tally(["os_relapse_event"], cohort_filter)
            if set(tally["os_relapse_event"]) == {value}:
                return cohort_filter
    raise AssertionError(f"no filter leaves {at_least} children with outcome {value}")


ONE_GROUP = (
    only("relapse_site_group", "isolated marrow")
    .with_clause(Clause("salvage_treatment", ("HSCT",)))
    .with_clause(Clause("immunophenotype", ("B",)))
)
TWO = only("relapse_site_group", "combined marrow and extramedullary").with_clause(Clause("mrd_day46", ("positive",)))
ALL_SITES = COHORT.dictionary["relapse_site"].levels
SELECTIONS: dict[str, tuple[State, int | None]] = {
    "everyone": ({}, COHORT.n),
    "two": (to_state(TWO), 2),
    "one": (to_state(relapsed_leaving(1)), 1),
    "none": (to_state(relapsed_leaving(0)), 0),
    "one group": (to_state(ONE_GROUP), None),
    "nobody relapsed": ({"relapse_site": ["missing"]}, None),
    "everyone relapsed": (to_state(only("relapse_site", *ALL_SITES)), None),
    "nobody died": (to_state(all_with_outcome(0)), None),
    "everyone died": (to_state(all_with_outcome(1)), None),
    "narrow range": ({"age_years": (2.0, 2.0)}, None),
}

# Pages under filters


@pytest.mark.slow
@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("url_path", PAGES)
def test_page_under_a_filter(url_path: str, selection: str) -> None:
    state, n = SELECTIONS[selection]
    app = open_page(url_path, state)
    assert_fit_to_read(app)
    if n is None or url_path in ("your-patients", "collected", "read-the-paper"):  # which are about no selection
        return
    assert sentence_of(app).removeprefix("SYNTHETIC DATA").startswith("All 436" if n == COHORT.n else f"{n} of 436")
    if n < 5 and url_path in ("", *SLUGS):
        assert any(re.match(rf"{n}( of |$)", value) for value in headlines_of(app))
    if n < 5 and url_path in SLUGS:
        assert explanations_in(app), "why nothing can be estimated"


def test_the_filters_reach_what_they_are_named_for() -> None:
    for name, (state, n) in SELECTIONS.items():
        if n is not None and "age_years" not in state:
            clauses = tuple(Clause(key, tuple(levels)) for key, levels in state.items())
            assert COHORT.count(CohortFilter(clauses)) == n, name
    deaths = {
        name: COHORT.tally(["os_relapse_event"], CohortFilter(tuple(Clause(k, tuple(v)) for k, v in state.items())))
        for name, (state, _) in SELECTIONS.items()
        if name.endswith("died")
    }
    assert set(deaths["nobody died"]["os_relapse_event"]) == {0}
    assert set(deaths["everyone died"]["os_relapse_event"]) == {1}


def choose(app: AppTest, chosen: Mapping[str, Any]) -> None:
    """Make choices, and look at what is shown then."""
    for name, value in chosen.items():
        app.session_state[name] = value
    app.run()
    assert_fit_to_read(app)
    for name, value in chosen.items():
        kept = app.session_state[name]
        assert (tuple(kept) if isinstance(value, tuple) else kept) == value


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "control"), CONTROLS, ids=[f"{slug}-{c.name}" for slug, c in CONTROLS])
def test_every_option_of_a_control(slug: str, control: Control) -> None:
    app = open_page(slug)
    for value in values_of(control):
        choose(app, {control.name: value})


@pytest.mark.slow
@pytest.mark.parametrize("slug", SLUGS)
def test_every_option_where_two_children_are_left(slug: str) -> None:
    """Those of all controls at a time: of two children nothing is estimated in which one could hide another."""
    app = open_page(slug, SELECTIONS["two"][0])
    offered = {control.name: values_of(control) for at, control in CONTROLS if at == slug}
    for step in range(max(map(len, offered.values()))):
        choose(app, {name: values[step % len(values)] for name, values in offered.items()})


def values_of(control: Control) -> list[Any]:
    """Every choice of a control; of many none and each alone, but of levels one of every variable at a time."""
    options = [value for value, _ in control.options]
    if control.kind == "toggle":
        return [True, False]
    if control.kind == "number":
        return sorted({control.limits[0], control.default, control.limits[1]})
    if control.kind == "one":
        return options
    levels = [list(group) for _, group in groupby(options, lambda value: value.partition(":")[0])]
    if all(len(group) == 1 for group in levels):
        return [(), *((value,) for value in options)]
    return [(), *(tuple(value for value in some if value) for some in zip_longest(*levels))]


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "control"), CONTROLS, ids=[f"{slug}-{c.name}" for slug, c in CONTROLS])
def test_a_link_chooses_from_the_first_run_on(slug: str, control: Control) -> None:
    value = next(value for value in values_of(control)[::-1] if value != control.default)
    linked = open_link(slug, **{control.name: control.to_text(value)})
    assert_fit_to_read(linked)
    assert texts_of(linked) == texts_of(open_page(slug, {control.name: value}))
    assert (
        control.to_text(value)[-1]
        in parse_qs(urlsplit(copied_link(linked)).query, keep_blank_values=True)[control.name]
    )


def notes_on_link(app: AppTest) -> list[str]:
    return [text for _code, _severity, text, _remedy in app.session_state[keys.LINK_NOTES]]


@pytest.mark.parametrize("day", ["29", "366", "-180", "180.5", "half a year"])
def test_a_landmark_that_no_page_can_use_is_noted_and_the_default_stays(day: str) -> None:
    app = open_link("landmark", landmark=day)
    assert_fit_to_read(app)
    assert notes_on_link(app) == [f"The link asks for landmark (days from relapse) “{day}”, which is not offered here."]
    assert any("Choose a whole number from 30 to 365." in text for text in texts_of(app))
    assert texts_without_notes(app) == texts_without_notes(open_page("landmark"))


@pytest.mark.parametrize("day", [30, 183, 365])
def test_a_landmark_of_a_link_is_used(day: int) -> None:
    app = open_link("landmark", landmark=str(day))
    assert_fit_to_read(app)
    assert notes_on_link(app) == []
    assert any(f"day {day}" in text for text in texts_of(app))
    assert app.session_state["landmark"] == day
    assert parse_qs(urlsplit(copied_link(app)).query)["landmark"] == [str(day)]


def texts_without_notes(app: AppTest) -> list[str]:
    return [text for text in texts_of(app) if "The link" not in text and "Choose a" not in text]


@pytest.mark.parametrize(
    ("slug", "endpoint", "is_used"),
    [
        ("survival-by-variable", "OS from diagnosis", True),
        ("survival-by-variable", "efs_diagnosis", True),
        ("survival-by-variable", "OS from first relapse, entering at HSCT", True),
        ("survival-by-site", "OS from HSCT", True),
        # Whose clock starts before the page's groups can be told apart, or elsewhere than at relapse.
        ("survival-by-site", "OS from diagnosis", False),
        ("landmark", "EFS from first relapse", True),
        ("landmark", "OS from HSCT", False),
        ("naive-answer", "OS from diagnosis", False),
        ("survival-by-treatment", "os_cart", False),
        ("survival-by-treatment", "no such endpoint", False),
    ],
)
def test_an_endpoint_of_a_link_means_what_it_means_on_its_page(slug: str, endpoint: str, is_used: bool) -> None:
    app = open_link(slug, endpoint=endpoint)
    assert_fit_to_read(app)
    control = next(c for c in load_offers(COHORT)[slug].controls if c.name == "endpoint")
    refused = [f"The link asks for endpoint “{endpoint}”, which is not offered here."]
    assert notes_on_link(app) == ([] if is_used else refused)
    expected = control.value(endpoint) if is_used else control.default
    assert parse_qs(urlsplit(copied_link(app)).query)["endpoint"] == [control.label_of(expected)]
    if not is_used:
        assert texts_without_notes(app) == texts_without_notes(open_page(slug))


def test_a_choice_that_the_next_page_does_not_offer_gives_way_to_its_default() -> None:
    app = open_page("survival-by-variable", {"endpoint": "os_diagnosis"})
    assert any("Months from diagnosis" in text for text in texts_of(app))
    for slug in ("landmark", "survival-by-site", "survival-by-treatment"):
        assert_fit_to_read(turn_to(app, slug))
        assert app.session_state["endpoint"] == "os_relapse"
        assert any("Months from first relapse" in text for text in texts_of(app))


def test_a_choice_that_two_pages_offer_is_kept_from_one_to_the_other() -> None:
    app = open_page("landmark", {"endpoint": "efs_relapse", "history": "cart", "adjust": ["sex"]})
    for slug in ("survival-by-treatment", "naive-answer", "survival-by-site"):
        assert_fit_to_read(turn_to(app, slug))
        assert app.session_state["endpoint"] == "efs_relapse"
    assert app.session_state["history"] == "cart"
    assert list(app.session_state["adjust"]) == ["sex"]


def copied_link(app: AppTest) -> str:
    return next(data["link"] for e in app.get("bidi_component") if "link" in (data := component_data(e)))


@pytest.mark.slow
def test_every_factor_at_once() -> None:
    factors = next(control for _, control in CONTROLS if control.name == "factors")
    everything = [value for value, _ in factors.options]
    for selection in ("everyone", "two", "nobody relapsed"):
        assert_fit_to_read(open_page("relapse-predictors", {**SELECTIONS[selection][0], "factors": everything}))


# Session state


def is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(one) for key, one in value.items())
    return value is None or type(value) in (str, bool, int, float)


@pytest.mark.parametrize("url_path", PAGES)
def test_session_state_holds_plain_values(url_path: str) -> None:
    app = open_page(url_path, SELECTIONS["one group"][0])
    ours = {keys.FILTERS, keys.FILTERS_STEP} | {c.name for _, c in CONTROLS}
    ours |= {keys.LINK_READ, keys.LINK_NOTES, keys.USE_REFERENCE, keys.LEDGER, keys.SESSION, keys.BEFORE}
    ours |= {keys.CHOICES_STEP, keys.DISMISS_LINK_NOTES}
    kept = {key: app.session_state[key] for key in ours if key in app.session_state}
    assert {keys.FILTERS, keys.LINK_READ} <= set(kept)
    for key, value in kept.items():
        assert is_plain(value) or type(value) is Ledger, (key, value)
        assert pickle.loads(pickle.dumps(value)) == value


# Adding an analysis


def test_every_file_is_an_analysis() -> None:
    files = [module.name for module in pkgutil.iter_modules(analyses.__path__)]
    found = load_analyses()
    assert sorted(type(a).__module__ for a in found) == sorted(f"analytics.analyses.{name}" for name in files)
    assert sorted(a.slug for a in found) == sorted(SLUGS)
    assert len({a.slug for a in found}) == len({a.title for a in found}) == len(files)
    assert len({(a.section, a.order) for a in found}) == len(files)
    assert {a.section for a in found} <= set(SECTIONS)
    assert [a.order for a in load_analyses()] == sorted(a.order for a in found)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", a.slug) for a in found)
    # A page named like a file would open that file instead of the dashboard.
    assert {*SLUGS, "overview", "your-patients", "methods", "published-study"}.isdisjoint(
        path.stem for path in (ROOT / "pages").glob("*.py")
    )


def test_every_analysis_is_in_the_navigation() -> None:
    listed = list(open_dashboard().pages.items())
    sections = [(a.slug, a.title) for section in SECTIONS for a in load_analyses() if a.section == section]
    assert len(sections) == len(SLUGS)
    first = [
        ("", "Overview"),
        ("your-patients", "Your patients"),
        ("this-patient", "This child"),
        ("methods", "Methods"),
        ("published-study", "The published study"),
        ("collected", "Collected views"),
    ]
    taught = [(page.url_path, page.title) for page in load_pages() if page.section == LEARN]
    assert {("relapsed-all", "The disease"), ("read-the-paper", "Read the paper")} <= set(taught)
    assert listed == [*first, *sections, *taught]


ADDED = """
from analytics.analyses.survival_by_site import SurvivalBySiteAnalysis


class AddedByAFile(SurvivalBySiteAnalysis):
    slug = "added-by-a-file"
    title = "Added by a file"
    order = 25
"""


def test_adding_an_analysis_is_adding_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "added_by_a_file.py").write_text(ADDED, encoding="utf-8")
    monkeypatch.setattr(analyses, "__path__", [*analyses.__path__, str(tmp_path)])
    load_analyses.cache_clear()
    keys_of_pages.cache_clear()
    load_offers.forget()
    try:
        app = open_page("added-by-a-file")
        listed = list(app.pages.values())
        place = listed.index("Added by a file")
        assert listed[place - 1 : place + 2] == ["Survival by site", "Added by a file", "Survival by any variable"]
        assert_fit_to_read(app)
        assert any("Added by a file</h1>" in h.proto.body for h in app.get("html"))
        assert "Added by a file" in " ".join(texts_of(turn_to(app, "methods")))
    finally:
        sys.modules.pop("analytics.analyses.added_by_a_file", None)
        load_analyses.cache_clear()
        keys_of_pages.cache_clear()
        load_offers.forget()


# Files that cannot be opened


def reference_frame() -> pd.DataFrame:
    return pd.read_csv(REFERENCE_COHORT, dtype=str, keep_default_na=False)


def change(row: int, column: str, value: str) -> Any:
    def changed(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[row, column] = value
        return frame

    return changed


RELAPSED_ROW = int(reference_frame()["relapsed"].eq("1").to_numpy().argmax())
RELAPSED = str(reference_frame()["patient_id"][RELAPSED_ROW])
# What is done to the file, and what the message must name: the column, the value and where it stands.
BROKEN: dict[str, tuple[Any, tuple[str, ...]]] = {
    "misspelt column": (
        lambda f: f.rename(columns={"os_days": "os_day"}),
        ("os_event is given without os_days", "Rename 'os_day' to os_days"),
    ),
    "unknown level": (change(4, "sex", "unclear"), ("unclear", "female", "male", "SYN0005")),
    "negative time": (change(RELAPSED_ROW, "os_relapse_days", "-3"), ("os_relapse_days", "negative", "-3", RELAPSED)),
    "event without time": (
        change(RELAPSED_ROW, "os_relapse_days", ""),
        ("os_relapse_event", "without os_relapse_days", RELAPSED),
    ),
    "repeated identifiers": (change(7, "patient_id", "SYN0001"), ("patient_id", "SYN0001", "2 rows")),
    "no rows": (lambda f: f.iloc[:0], ("no children",)),
}


def problem_text(app: AppTest) -> str:
    body = next(h.proto.body for h in app.get("html") if "data-testid='problems'" in h.proto.body)
    assert re.search(r"<span class='remedy'>[^<]{15,}</span>", body), "a remedy stands with every problem"
    return unescape(re.sub(r"<[^>]*>", " ", body))


def assert_reference_cohort_opens(app: Dashboard, *pages: str) -> None:
    button = next(b for b in app.button if b.label == "Show the synthetic reference cohort instead")
    button.click().run()
    assert sentence_of(app).startswith("SYNTHETIC DATA")
    for url_path in pages or ("", "survival-by-site"):
        assert_fit_to_read(turn_to(app, url_path))


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_explained(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil, words = BROKEN[case]
    path = tmp_path / "cohort.csv"
    spoil(reference_frame()).to_csv(path, index=False)
    monkeypatch.setenv("COHORT", str(path))
    app = open_dashboard()
    assert [e.value for e in app.exception] == []
    text = problem_text(app)
    assert [word for word in words if word not in text] == [], text
    assert str(path) in " ".join(texts_of(app))
    assert_reference_cohort_opens(app, *(PAGES if case == "misspelt column" else ()))


@pytest.mark.parametrize(
    "content", [None, b"", b"\x00\xff\xfe\x01", b"\n\n"], ids=["missing", "empty", "no text", "blank"]
)
def test_a_file_without_patients_is_explained(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cohort.csv"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("COHORT", str(path))
    app = open_dashboard()
    assert [e.value for e in app.exception] == []
    assert "cohort.csv" in problem_text(app)
    assert_reference_cohort_opens(app)


def test_an_address_is_explained_and_its_password_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COHORT", "mysql://anna:s3cret@db.example")
    app = open_dashboard()
    assert [e.value for e in app.exception] == []
    text = problem_text(app)
    assert "mysql:// is the address of a database" in text and "COHORT=patients.csv" in text
    assert "mysql://…" in " ".join(texts_of(app))
    prepare_first_pages()
    printed = "".join(capfd.readouterr())
    assert "Opening mysql://… ..." in printed
    assert "s3cret" not in " ".join((*texts_of(app), printed)) and "db.example" not in printed
    assert_reference_cohort_opens(app)


def test_a_mended_file_opens_on_trying_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cohort.csv"
    monkeypatch.setenv("COHORT", str(path))
    app = open_dashboard()
    reference_frame().assign(patient_id=lambda f: "P" + f["patient_id"].str[3:]).to_csv(path, index=False)
    next(b for b in app.button if "try again" in b.label).click().run()
    assert "SYNTHETIC" not in sentence_of(app)
    assert "436" in sentence_of(app)


def test_a_column_that_was_passed_over_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cohort.csv"
    reference_frame().rename(columns={"relapsed": "relapsd"}).to_csv(path, index=False)
    monkeypatch.setenv("COHORT", str(path))
    app = open_dashboard()
    assert_fit_to_read(app)
    assert any("'relapsd'" in text and "Did you mean relapsed?" in text for text in texts_of(app))
    assert "relapsed" in " ".join(info.value for info in turn_to(app, "relapse-predictors").info)


@pytest.mark.slow
@pytest.mark.parametrize("url_path", PAGES)
def test_pages_of_a_file_without_some_columns(url_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COHORT", str(ROOT / "data" / "example_missing_mrd.csv"))
    assert_fit_to_read(open_page(url_path))


@pytest.fixture(scope="module")
def narrow_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference cohort without most of its columns."""
    path = tmp_path_factory.mktemp("narrow") / "cohort.csv"
    reference_frame()[["patient_id", "sex", "age_years", "relapsed", "os_days", "os_event"]].to_csv(path, index=False)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("slug", SLUGS)
def test_a_page_names_the_columns_it_lacks(slug: str, narrow_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COHORT", str(narrow_file))
    app = open_page(slug)
    assert [e.value for e in app.exception] == []
    lacking = next(a for a in load_analyses() if a.slug == slug).missing(load_cohort(str(narrow_file)))
    told = " ".join(info.value for info in app.info)
    assert all(name in told for name in lacking)
    assert bool(told) is bool(lacking)


@pytest.fixture(scope="module")
def emptied_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference cohort with some columns empty."""
    path = tmp_path_factory.mktemp("emptied") / "cohort.csv"
    reference_frame().assign(sex="", age_years="", relapse_site="", mrd_day19="").to_csv(path, index=False)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("url_path", PAGES)
def test_pages_of_a_file_with_empty_columns(url_path: str, emptied_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COHORT", str(emptied_file))
    assert_fit_to_read(open_page(url_path))
