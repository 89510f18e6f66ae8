"""A forest of probabilities: each published one beside the cohort's, on an axis from 0 to 100 %."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from analytics.figures.forest.layout import EDGE, Axis, Cell, Column, Forest, Mark, Row
from analytics.formats import format_count, format_years
from analytics.reporting.estimates import format_probability
from analytics.reporting.published import ComparedOutcome, PublishedComparison, format_printed, name_outcome
from analytics.reporting.wording import start_sentence
from analytics.results import Interval

NOTHING = "Nothing published for these choices counts the same events from the same day."
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class PercentAxis(Axis):
    """An axis of probabilities, from 0 to 1."""

    low: int = 0
    high: int = 1
    is_log: ClassVar[bool] = False

    @property
    def ticks(self) -> tuple[float, ...]:
        """Every 20 %."""
        return TICKS

    @staticmethod
    def label(tick: float) -> str:
        """The tick in per cent."""
        return f"{100 * tick:g}\u202f%"

    def place(self, ratio: float) -> float:
        """Where on the axis a probability lies, 0 to 1."""
        return EDGE + (1 - 2 * EDGE) * ratio

    def value(self, place: float) -> float:
        """What lies at a place: the other way round."""
        return round((place - EDGE) / (1 - 2 * EDGE), 12)


def plot_published(result: PublishedComparison) -> Forest:
    """Each published result with its interval above the cohort's, which is thicker; headed by the endpoint."""
    columns = (
        Column("label", "Published result", 330, 46),
        Column("numbers", "Published", 128, 17, names_cells=True, help="With its 95 % interval, where one can be had."),
        Column("ratio", "Here", 146, 19, aside="(95 % CI)", help="By Kaplan and Meier, at the same time."),
    )
    return Forest(
        kind="comparisons",
        columns=columns,
        sections=(tuple(_list_rows(result.compared)),) if result.compared else (),
        axis=PercentAxis(),
        axis_head="Free of the event, published and here",
        axis_help="Thin: published; thick: this selection.",
        sides=("", ""),
        name="Published results beside this cohort",
        describe=partial(describe_published, result),
        nothing=NOTHING,
        keys=("published", "here"),
    )


def describe_published(result: PublishedComparison) -> str:
    """The forest in words."""
    if not result.compared:
        return NOTHING
    said = ["Published results, each beside that of this selection at the same time, with 95 % intervals."]
    for c in result.compared:
        name = (
            f"{start_sentence(name_outcome(c.outcome))}, {c.endpoint.label.lower()} at {format_years(c.outcome.years)}"
        )
        said.append(f"{name}: {format_printed(c.outcome)} published, {format_probability(c.here)} here.")
    return " ".join(said)


def _list_rows(compared: Sequence[ComparedOutcome]) -> list[Row]:
    axis, rows, heading = PercentAxis(), list[Row](), ""
    for c in compared:
        if c.endpoint.label != heading:
            heading = c.endpoint.label
            rows.append(Row((Cell(heading, tone="strong"), Cell(), Cell()), is_heading=True))
        rows.append(_row(c, axis))
    return rows


def _row(c: ComparedOutcome, axis: PercentAxis) -> Row:
    outcome, name = c.outcome, name_outcome(c.outcome)
    size = f", n {format_count(outcome.n)}" if outcome.n is not None else ""
    instead = "; here everybody" if c.whom == "instead" else ""
    marks = [_mark(outcome.value, outcome.interval, axis, f"{name}, published: {format_printed(outcome)}", thick=False)]
    if c.here.value is not None:
        said = f"{name}, here: {format_probability(c.here)}"
        marks.append(_mark(c.here.value, c.here.interval, axis, said, thick=True))
    text = format_probability(c.here)
    here = Cell(text, "reason", "soft") if c.here.value is None else Cell(text, "ratio")
    detail = f"{format_years(outcome.years)}{size}{instead}"
    return Row((Cell(name, detail=detail), Cell(format_printed(outcome)), here), tuple(marks), traits=("indented",))


def _mark(value: float, limits: Interval | None, axis: PercentAxis, text: str, *, thick: bool) -> Mark:
    low, high = (value, value) if limits is None else (limits.low or 0.0, 1.0 if limits.high is None else limits.high)
    place = axis.place
    return Mark(place(value), place(min(low, value)), place(max(high, value)), False, False, thick, text)
