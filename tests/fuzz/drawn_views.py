"""One drawn view: an analysis, a selection and a choice of every control on a drawn cohort, and all that it shows."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analytics.analyses import load_analyses
from analytics.analysis import Analysis, Control
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.exports.csv_file import to_csv
from analytics.figures.attrition import draw_attrition
from analytics.figures.glance.breakdowns import draw_breakdowns
from analytics.figures.glance.flow import draw_flow
from analytics.figures.glance.swimmer import draw_swimmer
from analytics.reporting.attrition import describe_stages, say_gist, tabulate_stages
from analytics.reporting.tables import Table
from analytics.reporting.wording import describe_cohort
from analytics.study.baseline import tabulate_baseline
from analytics.study.overview import count_outcomes, summarise_selection
from analytics.study.pictures import count_pictures, from_ask
from analytics.study.ways import count_flow, has_lanes, list_lanes
from tests.analyses.shown import (
    NOT_WORDS,
    PROVENANCE,
    Part,
    Slow,
    check_picture,
    check_shown,
    cohort_of,
    show,
    steps_of,
)
from tests.fuzz.drawn_cohorts import Rng, draw_patients

VIEWS_PER_COHORT = 8
REFERENCE = "reference_cohort.csv"


@dataclass(frozen=True)
class View:
    """A drawn view; ``patients`` are None where it looks at the reference cohort."""

    analysis: Analysis
    cohort: Cohort
    cohort_filter: CohortFilter
    params: dict[str, Any]
    patients: pd.DataFrame | None

    def __str__(self) -> str:
        asked = self.cohort_filter.to_query(self.cohort.dictionary)
        rows = "the reference cohort" if self.patients is None else self.patients.to_csv(index=False)
        return f"{self.analysis.slug}, filter {asked}, choices {self.params}, of:\n{rows}"


def draw_cohort(rng: Rng) -> tuple[Cohort, pd.DataFrame | None]:
    """A small cohort, or now and then the reference cohort."""
    if rng.random() < 0.2:
        return cohort_of(REFERENCE), None
    patients = draw_patients(rng)
    return open_cohort(patients), patients


@lru_cache(maxsize=64)  # opening a cohort takes longer than most views
def draw_views(seed: int) -> list[View]:
    """Some views of one cohort; the same for the same seed."""
    rng = np.random.default_rng(seed)
    cohort, patients = draw_cohort(rng)
    offered = [analysis for analysis in load_analyses() if not analysis.missing(cohort)]
    if not offered:
        return []
    chosen = [offered[i] for i in rng.integers(len(offered), size=VIEWS_PER_COHORT)]
    return [View(a, cohort, draw_filter(rng, cohort), draw_params(rng, a.controls(cohort)), patients) for a in chosen]


def draw_filter(rng: Rng, cohort: Cohort) -> CohortFilter:
    """Up to three clauses, none most of the time."""
    names = [v.name for v in cohort.dictionary.filters if v.name in cohort.variables]
    chosen = rng.choice(names, min(int(rng.choice([0, 0, 0, 1, 1, 2, 3])), len(names)), replace=False) if names else []
    return CohortFilter(
        tuple(clause for name in chosen if (clause := _draw_clause(rng, cohort, str(name))) is not None)
    )


def _draw_clause(rng: Rng, cohort: Cohort, name: str) -> Clause | None:
    variable, keep = cohort.dictionary[name], bool(rng.random() < 0.3)
    if variable.is_coded:
        size = int(rng.integers(1, len(variable.levels) + 1))
        return Clause(name, tuple(map(str, rng.choice(variable.levels, size, replace=False))), keep_missing=keep)
    limits = cohort.ranges()[name]
    if limits.low is None or limits.high is None:
        return None
    low, high = sorted(rng.uniform(limits.low, limits.high, 2).round(1).tolist())
    return Clause(name, low=low, high=high, keep_missing=keep)


def draw_params(rng: Rng, controls: Sequence[Control]) -> dict[str, Any]:
    """Some choices changed, the others as they stand at first."""
    bold = rng.choice([0.0, 0.3, 1.0])
    return {c.name: _draw_choice(rng, c) if rng.random() < bold else c.default for c in controls}


def _draw_choice(rng: Rng, control: Control) -> Any:
    values = [value for value, _ in control.options]
    if control.kind == "toggle":
        return bool(rng.random() < 0.5)
    if control.kind == "number":
        steps = steps_of(control)
        return steps[int(rng.integers(len(steps)))]
    if control.kind == "one":
        return values[int(rng.integers(len(values)))]
    size = min(int(rng.integers(0, 5)), len(values))
    return tuple(values[i] for i in rng.choice(len(values), size, replace=False))


def look_at(view: View, *, slow: bool = False) -> None:
    """Make everything that a reader can get from a view, and check it as far as any view can be checked.

    ``slow`` asks for the parts that a reader has to ask for as well.
    """
    analysis, params, cohort = view.analysis, view.params, view.cohort
    shown = show(analysis, cohort, view.cohort_filter, params, policy=True)
    check_shown(shown)
    funnel = cohort.funnel(view.cohort_filter)
    stages = shown.document.attrition()
    said = [say_gist(stages), describe_stages(stages), draw_attrition(stages)]
    said.append(describe_cohort(view.cohort_filter, cohort.dictionary, funnel.n_left, cohort.n, cohort.synthetic))
    for text in said:
        assert not NOT_WORDS.search(text), text
    assert to_csv(tabulate_stages(stages), PROVENANCE)
    for name, p_value in ((test.name, test.p_value) for test in shown.tests):
        assert p_value is None or 0 <= p_value <= 1, name
    check_ratios(shown.files)
    look_at_glance(cohort, view.cohort_filter)
    for table in shown.tables:
        check_table(table)
    slow_parts = shown.slow
    if checks := shown.checks:
        for part in checks.parts:
            check_part(part)
        check_files(checks.files)
        slow_parts += checks.slow
    opinion = shown.document.opinion
    if opinion is not None and not cohort.smallest_cell:
        slow_parts += (Slow(opinion, shown),)
    for slow_part in slow_parts:
        look_at_slow(slow_part, slow=slow)


ASKED = re.compile(r' data-ask="[^"]*"')  # the text of a link, which has names of columns


@lru_cache(maxsize=VIEWS_PER_COHORT)  # most views of a cohort are of the same selection
def look_at_glance(cohort: Cohort, cohort_filter: CohortFilter) -> None:
    """The overview: a click on each bar leaves as many as it shows, and the flow loses nobody."""
    for headline in summarise_selection(count_outcomes(cohort, cohort_filter)):
        assert not NOT_WORDS.search(f"{headline.value} {headline.help}"), headline
    check_table(tabulate_baseline(cohort, cohort_filter, cohort.dictionary.filters[:6]))
    pictures = count_pictures(cohort, cohort_filter)
    assert not NOT_WORDS.search(ASKED.sub("", draw_breakdowns(pictures)))
    if cohort.smallest_cell:
        return
    bars = [bar for picture in pictures for bar in picture.bars if bar.ask]
    for bar in bars[:: max(1, len(bars) // 4)]:
        (clause,) = from_ask(cohort.dictionary, bar.ask)
        assert cohort.count(cohort_filter.with_clause(clause)) == bar.n, (bar, cohort_filter)
    flow = count_flow(cohort, cohort_filter)
    if flow is not None:
        assert all(sum(node.n for node in stage.nodes) == flow.n for stage in flow.stages)
        assert not NOT_WORDS.search(ASKED.sub("", draw_flow(flow)))
    if has_lanes(cohort):
        lanes = list_lanes(cohort, cohort_filter)
        assert not NOT_WORDS.search(draw_swimmer(lanes.lanes, lanes.longest))


def look_at_slow(part: Slow, *, slow: bool) -> None:
    """A slow part before it has run, and, if asked for, what it finds."""
    assert not part.refusal or part.refusal.endswith("."), part.refusal
    check_part(part.before)
    if part.refusal or not slow:
        return
    found = part.run()
    check_part(found.part)
    check_files(found.files)


def check_part(shown: Part) -> None:
    """Words, tables and pictures of a part of a page."""
    said = [text for note in shown.notes for text in (note.text, note.remedy)]
    for text in (*shown.sentences, *said):
        assert not NOT_WORDS.search(text), text
        assert ".." not in text and "  " not in text, text
    for table in shown.tables:
        check_table(table)
    for picture in shown.pictures:
        check_picture(picture)


def check_table(table: Table) -> None:
    """A rectangle of cells without a number that is none."""
    assert all(len(row) == len(table.columns) for row in table.rows), table.title
    for text in (
        table.title,
        table.caption,
        *table.columns,
        *table.help,
        *(cell for row in table.rows for cell in row),
    ):
        assert not NOT_WORDS.search(text), (table.title, text)
    assert table.to_html()


def check_ratios(frames: Any) -> None:
    """In files: p between 0 and 1, limits around the estimate, nothing infinite."""
    for name, frame in frames.items():
        numbers = frame.select_dtypes("number").to_numpy(float)
        assert not np.isinf(numbers).any(), name
        for column in frame.columns[frame.columns.astype(str).str.startswith("p_")]:
            values = pd.to_numeric(frame[column], errors="coerce").dropna()
            assert values.between(0, 1).all(), (name, column)
        for ratio in {"odds_ratio", "hazard_ratio"} & set(frame.columns):
            if {"test", "conf_type", "p_value"} <= set(frame.columns):
                check_p_values(frame, name, ratio)


def check_files(frames: Any) -> None:
    """Files that `check_shown` has not written: ratios, and text that reads back."""
    check_ratios(frames)
    for name, frame in frames.items():
        back = pd.read_csv(io.BytesIO(to_csv(frame, PROVENANCE)), comment="#", float_precision="round_trip")
        assert back.shape == frame.shape, name


def check_p_values(frame: pd.DataFrame, name: str, ratio: str) -> None:
    """The interval of a ratio leaves out 1 exactly where the p value beside it is small."""
    ratios = frame[frame["conf_type"].isin(["profile", "wald"]) & frame["p_value"].notna() & frame[ratio].notna()]
    ratios = ratios[ratios[ratio] > 0]
    alpha = 1 - ratios["conf_level"].astype(float)
    p_value = ratios["p_value"].astype(float)
    low, high = (ratios[limit].astype(float) for limit in ("conf_low", "conf_high"))
    clear = (p_value - alpha).abs() > 1e-6  # else the two agree to the last digit that either has
    outside = (low > 1) | (high < 1)  # an open limit is empty, and leaves nothing out
    wrong = ratios[clear & ((p_value < alpha) != outside)]
    assert wrong.empty, (name, wrong.to_dict("records"))


def words_of(view: View) -> list[str]:
    """Every text of a view, to be compared with those of the same patients in another order."""
    return list(show(view.analysis, view.cohort, view.cohort_filter, view.params, policy=True).texts())
