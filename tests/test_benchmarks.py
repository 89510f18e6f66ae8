"""The benchmarks run on tiny cohorts; how long anything takes is never asserted."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from analytics.cohort import Cohort, open_cohort
from tests.benchmarks.clicks import SLUGS, Clicks, filter_steps, measure_clicks, save_figures, walk
from tests.benchmarks.cohorts import REFERENCE, write_cohort
from tests.benchmarks.estimators import TASKS, Size, Timing, add_up, time_sizes
from tests.benchmarks.servers import DASHBOARD, serve
from tests.benchmarks.session import Answer, Filters, Session

# What a click may send: messages, bytes, and bytes of a click that leads back to what was shown before. Streamlit lists every
# page twice in each, some 300 bytes a page.
MOST_SENT = {
    "": (37, 93_000, 22_600),  # with a line for each of those who relapsed
    "survival-by-site": (25, 37_500, 22_300),
    "relapse-predictors": (24, 39_500, 23_900),
    "landmark": (25, 35_800, 24_000),
    "cumulative-incidence": (25, 42_600, 26_700),
}


@pytest.fixture(scope="module")
def reference() -> Cohort:
    return open_cohort(REFERENCE)


@pytest.mark.parametrize("jittered", [False, True])
def test_drawn_cohort_has_its_size_and_is_the_same_each_time(tmp_path: Path, jittered: bool) -> None:
    first = open_cohort(write_cohort(tmp_path, 500, jittered=jittered))
    (tmp_path / "again").mkdir()
    again = open_cohort(write_cohort(tmp_path / "again", 500, jittered=jittered))
    assert (first.n, first.synthetic) == (500, True)
    assert first.data_version == again.data_version


def test_drawn_rows_are_rows_of_the_reference(tmp_path: Path) -> None:
    reference = pd.read_csv(REFERENCE).drop(columns="patient_id")
    drawn = pd.read_parquet(write_cohort(tmp_path, 300)).drop(columns="patient_id")
    drawn = drawn[reference.columns].astype(reference.dtypes.to_dict())
    assert len(drawn) == 300
    assert set(drawn.to_csv(index=False).splitlines()) <= set(reference.to_csv(index=False).splitlines())


def test_ours_and_the_peers_agree(tmp_path: Path) -> None:
    timings = time_sizes(tmp_path, (2000,), (), 2000)
    assert [t.task for t in timings] == [task.name for task in TASKS]
    for timing, task in zip(timings, TASKS, strict=True):
        assert timing.size.n_distinct <= 436
        assert timing.tally > 0 and timing.estimate > 0
        assert (timing.python is not None) == (task.python is not None)
        assert timing.largest_difference is not None or timing.r is None
        if timing.largest_difference is not None:
            assert timing.largest_difference < 1e-6


def test_peers_can_be_left_out(tmp_path: Path) -> None:
    timings = time_sizes(tmp_path, (), (500,), 0)
    for timing in timings:
        assert timing.size.jittered and timing.size.n_distinct > 436
        assert (timing.python, timing.r, timing.largest_difference, timing.ahead) == (None, None, None, None)


def test_tasks_add_up_where_their_peers_were_measured() -> None:
    size = Size(1000, False, 430, 0.1, 0.001)
    one = Timing("one", size, 0.001, 0.002, 0.1, 0.03, 1e-9)
    two = Timing("two", size, 0.003, 0.004, 0.2, None, 1e-7)
    both = add_up("both", (one, two))
    assert both.own == pytest.approx(0.01)
    assert (both.python, both.r, both.largest_difference) == (pytest.approx(0.3), None, 1e-7)
    assert both.ahead == pytest.approx(30.0)
    assert one.ahead == pytest.approx(10.0)


def test_every_click_leads_to_a_new_filter(reference: Cohort) -> None:
    steps = [cohort_filter for _, _, cohort_filter in filter_steps(reference)]
    assert len(set(steps)) == len(steps) > 40


@pytest.mark.parametrize("slug", SLUGS)
def test_the_bare_page_draws_the_figures_of_the_walk_in_their_order(
    reference: Cohort, tmp_path: Path, slug: str
) -> None:
    first, steps = walk(reference, slug, 3)
    assert sum(step.changes for step in steps) == 3
    save_figures([first, *(step.figure for step in steps)], tmp_path)
    texts = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    changes = [before != after for before, after in pairwise(texts)]
    assert changes == [step.changes for step in steps]


def test_ratio_is_that_of_the_medians() -> None:
    assert Clicks("page", (3.0, 1.0, 2.0), (1.0, 1.0, 9.0)).ratio == 2.0


def test_clicks_are_timed_in_the_browser(tmp_path: Path) -> None:
    # In a process of its own: Playwright runs once per process, and the browser tests may have it open in this one.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
        # A chart, and a table beside a chart: the two kinds of main figure.
        measured = alone.submit(measure_clicks, REFERENCE, tmp_path, 1, SLUGS[:2]).result()
    assert [clicks.slug for clicks in measured] == list(SLUGS[:2])
    assert all(ms > 0 for clicks in measured for ms in (*clicks.dashboard, *clicks.bare))
    assert all(len(clicks.dashboard) == len(clicks.bare) == 1 for clicks in measured)


async def click_through(address: str, clicks: list[Filters]) -> dict[str, list[Answer]]:
    sent = {}
    for slug in MOST_SENT:
        async with Session(address, slug) as session:
            sent[slug] = [await session.choose(filters) for filters in clicks]
            assert session.filters == clicks[-1]
    return sent


def test_a_click_sends_few_messages_and_no_figure_twice() -> None:
    clicks: list[Filters] = [{"sex": ["girls"]}, {"sex": ["boys"]}, {"sex": ["girls"]}]
    with serve(DASHBOARD, {"COHORT": str(REFERENCE)}) as server:
        sent = asyncio.run(click_through(server.address, clicks))
    for slug, (most_messages, most_bytes, most_again) in MOST_SENT.items():
        assert max(answer.n_messages for answer in sent[slug]) <= most_messages, slug
        assert max(answer.n_bytes for answer in sent[slug]) <= most_bytes, slug
        assert sent[slug][-1].n_bytes <= most_again, slug
