"""A forest table of named comparisons: one ratio per row, with its interval drawn beside it, as HTML, SVG and words."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from analytics.figures.forest_layout import (
    BOLD,
    INK,
    SOFT,
    Axis,
    Drawing,
    axis_around,
    html_axis,
    html_grid,
    html_marks,
    html_ratio,
    mark_of,
)
from analytics.formats import (
    format_level,
    ratio_text,
    say_inestimable,
)
from analytics.results import Estimate

NOTHING = "There is nothing to compare."


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

    @property
    def axis(self) -> Axis:
        """The common axis of all rows."""
        return axis_around(row.ratio for row in self.rows if row.ratio is not None)

    @property
    def visible_guide(self) -> float | None:
        """The guide where the axis reaches it."""
        reached = self.guide is not None and self.guide > 0 and 0 <= self.axis.place(self.guide) <= 1
        return self.guide if reached else None


def draw_comparison_table(forest: ComparisonForest) -> str:
    """The table with the intervals in its last column, as an HTML fragment.

    One row per entry of ``forest.rows``, with ``data-row`` its number; all text is escaped. Narrow pages put the interval
    under the text. Without rows a sentence says so.
    """
    if not forest.rows:
        return f'<div class="forest"><p class="forest-note">{NOTHING}</p></div>'
    axis = forest.axis
    title = forest.measure.capitalize()
    interval = f"({escape(format_level(forest.conf_level))} CI)"
    of = f" of {forest.compared}" if forest.compared else ""
    scale = f"{title}s{of} on a logarithmic scale. To the right of the line at 1: {forest.sides[1]}."
    heads = [("label", escape(forest.label_head), "")]
    heads += [("numbers", escape(head), "") for head in forest.count_heads]
    heads += [
        ("ratio", f"{escape(title)} <small>{interval}</small>", f"The ratio{of}; in brackets its confidence interval.")
    ]
    heads += [("p", escape(forest.p_head), forest.p_help)]
    narrow = ", ".join(text for text in (f"{escape(title)} {interval}", escape(forest.p_head)) if text)
    heads += [
        (
            "forest",
            f'<span class="forest-narrow">{narrow}</span>',
            scale,
        )
    ]
    head = "".join(
        f'<th scope="col" class="forest-{name}"{_title(explanation)}>{text}</th>' for name, text, explanation in heads
    )
    names = _name_rows(forest)
    body = "".join(_html_row(row, number, forest, axis, names[number]) for number, row in enumerate(forest.rows))
    notes = "".join(f'<p class="forest-note">{escape(note)}</p>' for note in forest.footnotes)
    style = f"--forest-grid:{html_grid(axis, forest.visible_guide)}"
    foot = html_axis(axis, len(heads) - 1, forest.sides)
    return (
        f'<div class="forest forest-comparison" style="{style}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody><tfoot>{foot}</tfoot></table>{notes}</div>"
    )


def comparison_svg(forest: ComparisonForest, *, title: str, subtitle: str) -> str:
    """The same table as a standalone SVG on white, 980 pixels wide, for slides and manuscripts.

    Long labels are wrapped, never cut; ``title`` and ``subtitle`` stand above the table.
    """
    drawing = _ComparisonDrawing(forest)
    drawing.add_title(title, subtitle)
    if forest.rows:
        drawing.add_head()
        top = drawing.y
        for row in forest.rows:
            drawing.add_row(row)
        drawing.add_axis(top, forest.sides, forest.visible_guide)
    else:
        drawing.add_paragraph(NOTHING)
    for note in forest.footnotes:
        drawing.add_paragraph(note)
    return drawing.to_svg(f"{forest.measure.capitalize()}s", describe_comparison(forest))


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


# --- HTML ------------------------------------------------------------------------------------------------------------


def _title(text: str) -> str:
    return f' title="{escape(text)}"' if text else ""


def _name_rows(forest: ComparisonForest) -> list[str]:
    """What each row compares, in full: what all do, the heading above it, and its own label."""
    names, heading = [], ""
    for row in forest.rows:
        heading = row.label if row.ratio is None else heading
        parts = (forest.compared, heading if row.is_indented else "", row.label, row.detail)
        names.append(", ".join(part for part in parts if part))
    return names


def _html_row(row: ComparisonRow, number: int, forest: ComparisonForest, axis: Axis, name: str) -> str:
    classes = [
        "forest-group" if row.ratio is None else "forest-compared",
        *(["forest-indented"] if row.is_indented else []),
        *(["forest-emphasised"] if row.is_emphasised else []),
        *(["forest-biased"] if row.is_biased else []),
    ]
    detail = f'<small class="forest-detail">{escape(row.detail)}</small>' if row.detail else ""
    counts = "".join(
        f'<td class="forest-numbers" data-head="{escape(head)}">{escape(text)}</td>'
        for head, text in zip(forest.count_heads, (*row.counts, *[""] * len(forest.count_heads)), strict=False)
    )
    ratio = html_ratio(ratio_text(row.ratio), has_value=row.ratio.value is not None) if row.ratio else ""
    marks = html_marks([mark_of(row.ratio, axis, is_thick=row.is_emphasised, name=name)])
    return (
        f'<tr class="{" ".join(classes)}" data-row="{number}">'
        f'<th scope="row" class="forest-label">{escape(row.label)}{detail}</th>{counts}'
        f'<td class="forest-ratio">{ratio}</td><td class="forest-p">{escape(row.p)}</td>'
        f'<td class="forest-forest">{marks}</td></tr>'
    )


# --- SVG -------------------------------------------------------------------------------------------------------------

PIXELS_PER_CHARACTER = 7
WARNING = "#b3261e"


class _ComparisonDrawing(Drawing):
    """The drawing of a table of comparisons; the first column takes what the columns of counts leave."""

    def __init__(self, forest: ComparisonForest) -> None:
        counts = [f"count {number}" for number in range(len(forest.count_heads))]
        width = {"label": 382 - 105 * len(counts), **dict.fromkeys(counts, 105), "ratio": 138, "p": 98}
        columns, x = {}, 24
        for name, wide in width.items():
            columns[name] = x
            x += wide
        room = {name: wide // PIXELS_PER_CHARACTER - 1 for name, wide in width.items()}
        # A heading has no counts and no ratio, and runs on over their columns.
        columns["heading"] = columns["label"]
        room["heading"] = (columns["p"] - columns["label"]) // (PIXELS_PER_CHARACTER + 1) - 1
        super().__init__(forest.axis, columns, room, x)
        self.has_open_points = False
        self.forest = forest
        self.counts = counts

    def add_head(self) -> None:
        """The heads of the columns, and a line under them."""
        forest = self.forest
        height = self.cells(
            {
                "label": (forest.label_head, BOLD),
                **{name: (head, BOLD) for name, head in zip(self.counts, forest.count_heads, strict=True)},
                "ratio": (f"{forest.measure.capitalize()} ({format_level(forest.conf_level)} CI)", BOLD),
                "p": (forest.p_head, BOLD),
            }
        )
        self.y += height
        self.rule(self.y, INK)

    def add_row(self, row: ComparisonRow) -> None:
        """A comparison, or a heading."""
        soft = f' fill="{SOFT}"'
        if row.ratio is None:
            self.rule(self.y, "#d5dae1")
            label = f"{row.label} ({row.detail})" if row.detail else row.label
            self.y += self.cells({"heading": (label, BOLD), "p": (row.p, "")})
            return
        label = f"{row.label} · {row.detail}" if row.detail else row.label
        cells = {"label": (label, BOLD if row.is_emphasised else f' fill="{WARNING}"' if row.is_biased else "")}
        cells |= {name: (text, "") for name, text in zip(self.counts, row.counts, strict=False)}
        style = f'{soft} font-style="italic"' if row.ratio.value is None else (BOLD if row.is_emphasised else "")
        cells |= {"ratio": (ratio_text(row.ratio), style), "p": (row.p, "")}
        height = self.cells(cells, indent=14 if row.is_indented else 0)
        self.add_marks([mark_of(row.ratio, self.axis, is_thick=row.is_emphasised)], height)
        self.y += height
