"""Drawn views of drawn cohorts: a few hundred seeded ones here; `make fuzz` draws as many thousands as it is asked for."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from analytics.analyses import load_analyses
from analytics.cohort import open_cohort
from tests.fuzz.drawn_views import VIEWS_PER_COHORT, View, draw_views, look_at, words_of

N_VIEWS = int(os.environ.get("FUZZ", "400"))
FIRST = int(os.environ.get("FUZZ_FROM", "0"))
SEEDS = range(FIRST, FIRST + N_VIEWS // VIEWS_PER_COHORT)
SLOW_EVERY = 25  # of so many cohorts, one is looked at with its slow parts


class ToldWithView:
    """What fails inside says of which view, so that it can be drawn again."""

    def __init__(self, seed: int, view: View) -> None:
        self.seed, self.view = seed, view

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            error.add_note(f"Seed {self.seed}: {self.view}")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_drawn_is_shown_without_a_fault(seed: int) -> None:
    for i, view in enumerate(draw_views(seed)):
        with ToldWithView(seed, view):
            look_at(view, slow=seed % SLOW_EVERY == 0 and i == 0)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", SEEDS[::5])
def test_the_order_of_the_patients_changes_no_word(seed: int) -> None:
    for view in draw_views(seed)[:2]:
        if view.patients is None:
            continue
        turned = replace(view, cohort=open_cohort(view.patients.iloc[::-1]))
        with ToldWithView(seed, view):
            assert words_of(turned) == words_of(view)


def test_what_is_drawn_is_varied() -> None:
    views = [view for seed in range(30) for view in draw_views(seed)]
    sizes = {view.cohort.n for view in views}
    assert len(views) > 150 and len({view.analysis.slug for view in views}) == len(load_analyses())
    assert min(sizes) == 1 and max(sizes) == 436
    assert sum(bool(view.cohort_filter) for view in views) > 25
