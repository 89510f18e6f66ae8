"""Every analysis on every engine: documents that are the same to the last digit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter, Membership
from analytics.cohort.postgres_engine import PostgresEngine
from analytics.document import BackgroundPart, Lazy
from analytics.views.opening import open_document
from tests.cohort.postgres_server import PostgresServer

REFERENCE = Path(__file__).parent.parent / "data" / "reference_cohort.csv"
EVERYONE = CohortFilter()
OLDER = CohortFilter((Clause("age_years", low=2.5, keep_missing=True), Clause("immunophenotype", ("B",))))
FILTERS = {
    "everyone": EVERYONE,
    "older": OLDER,
    "without those of another": CohortFilter((Clause("sex", ("male",)),), (Membership((OLDER,), is_left_out=True),)),
}


def list_parts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text and number of a document, made if it is not yet, each with its place."""
    if isinstance(value, Lazy):
        yield from list_parts(value(), place)
    elif isinstance(value, BackgroundPart):
        yield from list_parts((value.about, value.refusal, value.show(None)), f"{place}.{value.name}")
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from list_parts(getattr(value, field.name), f"{place}.{field.name}")
    elif isinstance(value, pd.DataFrame):
        yield from list_parts({name: value[name].tolist() for name in value}, place)
    elif isinstance(value, np.ndarray):
        yield from list_parts(value.tolist(), place)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from list_parts(part, f"{place}[{key}]")
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield from list_parts(part, f"{place}[{i}]")
    elif hasattr(value, "to_json"):
        yield place, value.to_json()
    elif value is None or isinstance(value, str | int | float | np.generic):
        yield place, repr(value)


def draw(analysis: Analysis[Any, Any], cohort: Cohort, cohort_filter: CohortFilter) -> dict[str, str]:
    """The document of a view with its controls as they are at first."""
    params = {control.name: control.default for control in analysis.controls(cohort)}
    return dict(list_parts(open_document(analysis, cohort, cohort_filter, params)))


@pytest.fixture(scope="module")
def on_duckdb() -> Callable[[Analysis[Any, Any], str], dict[str, str]]:
    """The documents that all others are compared with."""
    cohort = open_cohort(REFERENCE)
    return lru_cache(maxsize=None)(lambda analysis, selection: draw(analysis, cohort, FILTERS[selection]))


@pytest.fixture(scope="module", params=["postgres", "spark"])
def elsewhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """The reference cohort in another engine."""
    frame = pd.read_csv(REFERENCE)
    if request.param == "spark":
        folder = tmp_path_factory.mktemp("spark") / REFERENCE.stem
        folder.mkdir()
        for i in range(2):
            frame.iloc[i::2].to_parquet(folder / f"{i}.parquet", index=False)
        return open_cohort(f"spark://{folder}")
    server: PostgresServer = request.getfixturevalue("postgres")
    server.load(REFERENCE.stem, frame)
    return open_cohort(server.address(REFERENCE.stem))


MOST_AT_OPENING = 20
# What a page's figure asks one after another: one question on all other pages, so that several in one statement would gain
# nothing. Those of the sidebar and of the way to the selection travel at the same time.
QUESTIONS = {"hsct-cart-chemotherapy": 3, "relapse-predictors": 2, "adjusted-comparison": 2}


def test_a_page_asks_little_and_never_twice(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = PostgresEngine.ask
    monkeypatch.setattr(PostgresEngine, "ask", lambda engine, sql: (asked.append(sql), ask(engine, sql))[1])
    postgres.load("asked", pd.read_csv(REFERENCE))
    cohort = open_cohort(postgres.address("asked"))
    assert len(asked) <= MOST_AT_OPENING
    cohort.ranges()  # once a cohort
    for analysis in load_analyses():
        for times in (QUESTIONS.get(analysis.slug, 1), 0):
            asked.clear()
            document = open_document(analysis, cohort, OLDER, {c.name: c.default for c in analysis.controls(cohort)})
            document.main()
            assert len(asked) <= times, analysis.slug
    for ask_sidebar in (cohort.level_counts, cohort.funnel):
        asked.clear()
        for _ in range(2):
            ask_sidebar(OLDER)
        assert len(asked) == 1


def test_questions_that_are_asked_at_once_are_sent_once(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.load("at once", pd.read_csv(REFERENCE))
    cohort = open_cohort(postgres.address("at%20once"))
    asked: list[str] = []
    ask = PostgresEngine.ask

    def ask_slowly(engine: PostgresEngine, sql: str) -> Any:
        asked.append(sql)
        sleep(0.2)
        return ask(engine, sql)

    monkeypatch.setattr(PostgresEngine, "ask", ask_slowly)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: cohort.tally(["sex"], OLDER), range(8)))
    assert len(asked) == 1
    for other in found[1:]:
        pd.testing.assert_frame_equal(other, found[0])


def test_notes_ranges_and_names_are_the_same(elsewhere: Cohort) -> None:
    reference = open_cohort(REFERENCE)
    assert elsewhere.data_version == reference.data_version
    assert (elsewhere.name, elsewhere.n, elsewhere.synthetic) == (reference.name, reference.n, reference.synthetic)
    assert (elsewhere.notes, elsewhere.ranges()) == (reference.notes, reference.ranges())
    assert elsewhere.dictionary == reference.dictionary
    few = reference.tally(["age_years", "sex"]).drop(columns="n").head(3)
    assert elsewhere.name_patients(few) == reference.name_patients(few) != ()


@pytest.mark.parametrize("selection", FILTERS)
@pytest.mark.parametrize("analysis", load_analyses(), ids=lambda analysis: analysis.slug)
def test_documents_are_the_same_to_the_last_digit(
    elsewhere: Cohort,
    on_duckdb: Callable[[Analysis[Any, Any], str], dict[str, str]],
    analysis: Analysis[Any, Any],
    selection: str,
) -> None:
    found, expected = draw(analysis, elsewhere, FILTERS[selection]), on_duckdb(analysis, selection)
    assert list(found) == list(expected)
    assert len(found) > 20
    assert [place for place, part in found.items() if part != expected[place]] == []


@pytest.mark.parametrize("selection", FILTERS)
def test_the_sidebar_counts_the_same(elsewhere: Cohort, selection: str) -> None:
    reference, cohort_filter = open_cohort(REFERENCE), FILTERS[selection]
    assert elsewhere.level_counts(cohort_filter) == reference.level_counts(cohort_filter)
    assert elsewhere.funnel(cohort_filter) == reference.funnel(cohort_filter)
