"""A forest plot as a table of HTML, with its marks in the last column."""

from __future__ import annotations

from html import escape

from analytics.figures.forest.layout import (
    Axis,
    Cell,
    Column,
    Forest,
    Mark,
    Row,
)

# Of the table, its headings and its other rows, in the style sheet.
CLASSES = {
    "models": ("forest", "forest-head", "forest-level"),
    "comparisons": ("forest forest-comparison", "forest-group", "forest-compared"),
}

MANY_TICKS = 7  # of which every other one goes where type is large


def draw_html(forest: Forest) -> str:
    """The forest as an HTML fragment; all text is escaped. Without rows a sentence says so.

    Narrow pages put the marks under the text. They are elements placed by percentages: an inline SVG would not outlast the
    cleaning of HTML.
    """
    if not any(forest.sections):
        return f'<div class="forest"><p class="forest-note">{escape(forest.nothing)}</p></div>'
    keys = "".join(
        f'<span class="forest-key"><span class="forest-marks">{_interval(kind, 0, 1, 50)}{_point(kind, 0.5, 50)}</span>'
        f"{escape(name)}</span>"
        for kind, name in zip(("thin", "thick"), forest.keys, strict=False)
    )
    heads = [(column.name, _head(column), column.help) for column in forest.columns]
    heads.append(("forest", f'<span class="forest-narrow">{escape(forest.axis_head)}</span>{keys}', forest.axis_help))
    head = "".join(
        f'<th scope="col" class="forest-{name}"{_attribute("title", about or None)}>{text}</th>'
        for name, text, about in heads
    )
    body = "".join(f"<tbody>{''.join(_row(row, forest) for row in rows)}</tbody>" for rows in forest.sections)
    notes = "".join(f'<p class="forest-note">{escape(note)}</p>' for note in forest.notes)
    return (
        f'<div class="{CLASSES[forest.kind][0]}" style="--forest-grid:{_grid(forest)}"><table><thead><tr>{head}</tr></thead>'
        f"{body}<tfoot>{_axis(forest)}</tfoot></table>{notes}</div>"
    )


def _attribute(name: str, value: str | None) -> str:
    return "" if value is None else f' {name}="{escape(value)}"'


def _head(column: Column) -> str:
    return escape(column.head) + (f" <small>{escape(column.aside)}</small>" if column.aside else "")


def _row(row: Row, forest: Forest) -> str:
    _, heading, other = CLASSES[forest.kind]
    classes = [heading if row.is_heading else other, *(f"forest-{trait}" for trait in row.traits)]
    attributes = "".join(_attribute(f"data-{name}", value) for name, value in row.data)
    name = _text(row.cells[0])
    if row.click:
        name = f'<button type="button"{_attribute("title", row.click)}>{name}</button>'
    # A factor's name stands over its levels and their counts.
    span = 2 if row.is_heading and forest.kind == "models" else 1
    scope = 'scope="rowgroup"' if span > 1 else 'scope="row"'
    first, columns = forest.columns[0], forest.columns[span:]
    cells = "".join(_cell(cell, column) for cell, column in zip(row.cells[span:], columns, strict=True))
    return (
        f'<tr class="{" ".join(classes)}"{attributes}><th {scope} class="forest-{first.name}"'
        f"{_attribute('colspan', str(span) if span > 1 else None)}>{name}</th>{cells}"
        f'<td class="forest-forest">{_marks(row, forest.axis)}</td></tr>'
    )


def _cell(cell: Cell, column: Column) -> str:
    head = _attribute("data-head", column.head if column.names_cells else None)
    title = _attribute("title", None if cell.lead else cell.help)
    return f'<td class="forest-{column.name}"{head}{title}>{_text(cell)}</td>'


def _text(cell: Cell) -> str:
    text = escape(cell.text)
    if cell.kind == "ratio":
        value, _, limits = text.partition(" ")
        return f'<b>{value}</b> <span class="forest-limits">{limits}</span>'
    if cell.kind == "reason":
        return f'<span class="forest-muted">{text}</span>'
    if cell.lead:
        return f"<span{_attribute('title', cell.help)}><small>{escape(cell.lead)}</small> {text}</span>"
    return text + (f'<small class="forest-detail">{escape(cell.detail)}</small>' if cell.detail else "")


def _percent(place: float) -> str:
    """A place on the axis as a length."""
    return f"{100 * place:.2f}%"


def _interval(kind: str, low: float, high: float, top: int) -> str:
    return f'<i class="forest-{kind}" style="left:{_percent(low)};right:{_percent(1 - high)};top:{top}%"></i>'


def _point(kind: str, place: float, top: int) -> str:
    return f'<i class="forest-{kind}-point" style="left:{_percent(place)};top:{top}%"></i>'


def _marks(row: Row, axis: Axis) -> str:
    if "reference" in row.traits:
        return f'<div class="forest-marks"><i class="forest-one" style="left:{_percent(axis.place(1))}"></i></div>'
    if not row.marks:
        return ""
    tops = [50] if len(row.marks) == 1 else [71 if mark.is_thick else 29 for mark in row.marks]
    return f'<div class="forest-marks">{"".join(map(_mark, row.marks, tops))}</div>'


def _mark(mark: Mark, top: int) -> str:
    kind = "thick" if mark.is_thick else "thin"
    parts = [_interval(kind, mark.low, mark.high, top)]
    for shown, place, side in ((mark.has_left_arrow, mark.low, "left"), (mark.has_right_arrow, mark.high, "right")):
        if shown:
            parts.append(f'<i class="forest-{kind}-{side}" style="left:{_percent(place)};top:{top}%"></i>')
    if mark.point is not None:
        parts.append(_point(kind, mark.point, top))
    return f"<span{_attribute('title', mark.text)}>{''.join(parts)}</span>"


def _grid(forest: Forest) -> str:
    """Vertical lines as a background, so that they run through rows of any height."""
    lines = []
    if forest.guide is not None:
        broken = "repeating-linear-gradient(var(--forest-line) 0 3px,transparent 3px 7px)"
        lines.append(f"{broken} {_percent(forest.axis.place(forest.guide))} 0/1px 100% no-repeat")
    for tick in sorted(forest.axis.ticks, key=lambda tick: tick != 1):
        colour = "var(--forest-line)" if tick == 1 else "var(--forest-faint)"
        lines.append(f"linear-gradient({colour},{colour}) {_percent(forest.axis.place(tick))} 0/1px 100% no-repeat")
    return ",".join(lines)


def _axis(forest: Forest) -> str:
    """The row under the table: ticks, and what it means to lie to the left and to the right of 1."""
    shown = forest.axis.ticks
    even = shown.index(1) % 2 if 1 in shown else 0
    ticks = "".join(
        f'<span class="forest-tick{"" if i % 2 == even or len(shown) < MANY_TICKS else " forest-between"}" '
        f'style="left:{_percent(forest.axis.place(tick))}">{forest.axis.label(tick)}</span>'
        for i, tick in enumerate(shown)
    )
    one, (lower, higher) = forest.axis.place(1), map(escape, forest.sides)
    return (
        f'<tr class="forest-axis"><td colspan="{len(forest.columns)}"></td><td class="forest-forest">'
        f'<div class="forest-marks">{ticks}<span class="forest-lower" style="right:{_percent(1 - one)}">{lower}</span>'
        f'<span class="forest-higher" style="left:{_percent(one)}">{higher}</span></div></td></tr>'
    )
