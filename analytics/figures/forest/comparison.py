"""A forest table of named comparisons: one ratio per row, with its interval drawn beside it, and the same in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from analytics.figures.forest.layout import (
    Axis,
    Cell,
    Column,
    Forest,
    Row,
    Tone,
    Trait,
    axis_around,
    cell_of,
    marks_of,
)
from analytics.formats import format_level
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reasons import say_inestimable
from analytics.results import Estimate

NOTHING = "There is nothing to compare."
PIXELS_PER_CHARACTER = 7


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One row: a comparison with its ratio, or (``ratio`` None) a heading over the rows below it.

    ``label`` names the comparison, ``detail`` stands smaller under it. ``counts`` are the texts of the columns of counts
    and may be fewer than those; a ``ratio`` that does not exist shows its reason. ``p`` is text ready to be read
    ("0.037"). ``is_indented`` moves the row under a heading; ``is_emphasised`` draws it thicker and in colour, for the
    one or few rows that the others are held against; ``is_biased`` in the colour of warnings, for what must not be believed.
    """

    label: str
    ratio: Estimate | None = None
    detail: str = ""
    counts: tuple[str, ...] = ()
    p: str = ""
    is_indented: bool = False
    is_emphasised: bool = False
    is_biased: bool = False


@dataclass(frozen=True, slots=True)
class ComparisonForest:
    """What is drawn: rows in their order, and the words around them.

    ``measure`` ("hazard ratio", "odds ratio") heads the column of ratios with ``conf_level`` (0 to 1). ``label_head``
    heads the first column, ``count_heads`` one or two columns of counts (or none), ``p_head`` that of p; ``p_help`` says
    on hover what p tests; another number may stand there, or none under an empty head. ``sides`` say what it means to lie
    to the left and to the right of 1. ``guide`` is a ratio at which a broken line is drawn (the effect among all, say).
    ``footnotes`` stand below. ``compared`` names what every ratio compares ("HSCT against not yet transplanted"), where
    the rows do not: it is said on hover and in words.
    """

    rows: tuple[ComparisonRow, ...]
    measure: str
    label_head: str
    count_heads: tuple[str, ...] = ("Events, of all",)
    conf_level: float = 0.95
    p_head: str = "p"
    p_help: str = ""
    sides: tuple[str, str] = ("lower hazard", "higher hazard")
    guide: float | None = None
    footnotes: tuple[str, ...] = ()
    compared: str = ""


def plot_comparison(forest: ComparisonForest) -> Forest:
    """The comparisons with their intervals beside them, one row each, which carries its number."""
    measure, interval = forest.measure.capitalize(), f"({format_level(forest.conf_level)} CI)"
    of = f" of {forest.compared}" if forest.compared else ""
    columns = (
        _column("label", forest.label_head, 382 - 105 * len(forest.count_heads)),
        *(_column("numbers", head, 105, names_cells=True) for head in forest.count_heads),
        _column("ratio", measure, 138, aside=interval, help=f"The ratio{of}; in brackets its confidence interval."),
        _column("p", forest.p_head, 98, help=forest.p_help),
    )
    axis, names = axis_around(row.ratio for row in forest.rows if row.ratio is not None), _name_rows(forest)
    # A guide that the axis does not reach is left out.
    reached = forest.guide is not None and forest.guide > 0 and 0 <= axis.place(forest.guide) <= 1
    rows = tuple(_row(row, number, forest, axis, names[number]) for number, row in enumerate(forest.rows))
    return Forest(
        kind="comparisons",
        columns=columns,
        sections=(rows,),
        axis=axis,
        axis_head=", ".join(text for text in (f"{measure} {interval}", forest.p_head) if text),
        axis_help=f"{measure}s{of} on a logarithmic scale. To the right of the line at 1: {forest.sides[1]}.",
        sides=forest.sides,
        guide=forest.guide if reached else None,
        notes=forest.footnotes,
        name=f"{measure}s",
        describe=partial(describe_comparison, forest),
        nothing=NOTHING,
    )


def describe_comparison(forest: ComparisonForest) -> str:
    """The table in words: each row with its ratio, interval and p, or the reason why there is none."""
    if not forest.rows:
        return NOTHING
    of = f" of {forest.compared}" if forest.compared else ""
    sentences = [f"{forest.measure.capitalize()}s{of} with {format_level(forest.conf_level)} confidence intervals."]
    for row in forest.rows:
        name = f"{row.label} ({row.detail})" if row.detail else row.label
        p = f", {forest.p_head} {row.p}" if row.p else ""
        if row.ratio is None:
            sentences.append(f"{name}{p}:")
        elif row.ratio.value is None:
            sentences.append(f"{say_inestimable(f'{name}:', row.ratio.reason)}.")
        else:
            sentences.append(f"{name}: {ratio_text(row.ratio)}{p}.")
    return " ".join(sentences)


def _column(name: str, head: str, width: int, **options: Any) -> Column:
    return Column(name, head, width, width // PIXELS_PER_CHARACTER - 1, **options)


def _name_rows(forest: ComparisonForest) -> list[str]:
    """What each row compares, in full: what all do, the heading above it, and its own label."""
    names, heading = [], ""
    for row in forest.rows:
        heading = row.label if row.ratio is None else heading
        parts = (forest.compared, heading if row.is_indented else "", row.label, row.detail)
        names.append(", ".join(part for part in parts if part))
    return names


def _row(row: ComparisonRow, number: int, forest: ComparisonForest, axis: Axis, name: str) -> Row:
    is_heading = row.ratio is None
    tone: Tone = "strong" if is_heading or row.is_emphasised else "warning" if row.is_biased else "plain"
    counts = (*row.counts, *[""] * len(forest.count_heads))[: len(forest.count_heads)]
    traits: dict[Trait, bool] = {
        "indented": row.is_indented,
        "emphasised": row.is_emphasised,
        "biased": row.is_biased,
    }
    return Row(
        cells=(
            Cell(row.label, tone=tone, detail=row.detail),
            *map(Cell, counts),
            Cell() if row.ratio is None else cell_of(row.ratio, is_strong=row.is_emphasised),
            Cell(row.p),
        ),
        marks=marks_of(row.ratio, axis, is_thick=row.is_emphasised, name=name),
        is_heading=is_heading,
        traits=tuple(trait for trait, has in traits.items() if has),
        data=(("row", str(number)),),
    )
