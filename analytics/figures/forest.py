"""The forest plot inside its table: univariable beside multivariable odds ratios, as HTML, SVG and words."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from analytics.dictionary import Dictionary
from analytics.figures.theme import PALETTE
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_level,
    format_p,
    format_p_phrase,
    format_ratio,
    format_share,
    format_step,
)
from analytics.results import OddsRatio, OddsRatioResult, TermTest

ACCENT = PALETTE[0]
CLICK_TITLE = "Click to make this the reference level"
METHODS = {"ml": "maximum likelihood", "firth": "Firth's penalised likelihood"}
ODDS_RATIO_TITLE = (
    "Odds ratio: how many times higher the odds of relapse are in this level than in the reference level. "
    "1 means no difference. In brackets the confidence interval, the values that fit the data."
)
EXPLANATIONS = {
    "factor": "Each factor with its levels. The reference level is the one the others are compared with.",
    "count": "Children in this level who relapsed, of all children in this level whose value is known.",
    "univariable": f"The factor alone, without regard to the others. {ODDS_RATIO_TITLE}",
    "multivariable": (
        "All factors together: the odds ratio at equal values of the other factors. Rests on complete cases, the "
        f"children in whom every factor is known. {ODDS_RATIO_TITLE}"
    ),
    "p": (
        "Beside a factor: the likelihood-ratio p of the multivariable model, which asks whether the model fits worse "
        "without the factor (all its levels at once). Beside a level: the p of this level against the reference."
    ),
    "forest": "Odds ratios on a logarithmic scale. To the right of the line at 1 the odds of relapse are higher.",
}

# Beyond these an odds ratio is drawn as an arrow: a wider axis would squeeze what can be read off it.
NARROWEST, WIDEST_ESTIMATE, WIDEST_LIMIT = 1, 6, 4
EDGE = 0.04
MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class _Row:
    """One level: what was estimated for it alone and beside the other factors."""

    variable: str
    level: str | None
    label: str
    is_reference: bool
    n: int
    n_event: int
    univariable: OddsRatio | None
    multivariable: OddsRatio | None


@dataclass(frozen=True, slots=True)
class _Block:
    """One factor with its levels."""

    variable: str
    label: str
    univariable: TermTest | None
    multivariable: TermTest | None
    rows: tuple[_Row, ...]


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic axis from 2**low to 2**high."""

    low: int
    high: int

    @property
    def ticks(self) -> tuple[float, ...]:
        step = math.ceil((self.high - self.low + 1) / MOST_TICKS)
        return tuple(2.0**power for power in range(self.low, self.high + 1) if power % step == 0)

    @staticmethod
    def label(tick: float) -> str:
        """The tick in decimals, short enough not to touch its neighbour."""
        return f"{tick:g}" if tick >= 0.125 else f"{tick:.1g}"

    def place(self, odds_ratio: float) -> float:
        """Where on the axis, 0 to 1; beyond the ends for odds ratios that leave it."""
        return EDGE + (1 - 2 * EDGE) * (math.log2(odds_ratio) - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is drawn for one odds ratio; places are 0 to 1 along the axis.

    ``point`` is None where the odds ratio lies beyond the axis; the arrows say that something is cut off there.
    """

    point: float | None
    low: float
    high: float
    has_left_arrow: bool
    has_right_arrow: bool
    is_multivariable: bool
    text: str


def draw_forest_table(
    univariable: Sequence[OddsRatioResult],
    multivariable: OddsRatioResult,
    dictionary: Dictionary,
) -> str:
    """The table of odds ratios with the forest plot in its last column, as an HTML fragment (style: FOREST_CSS).

    Parameters
    ----------
    univariable
        One result per factor. A factor in one of the two kinds of model only is shown with a dash for the other.
    multivariable
        The result of all chosen factors together.
    dictionary
        Labels of variables and levels; a name it does not hold is shown as it is.

    Returns
    -------
    str
        One row per level, the reference level and levels that cannot be estimated included. Rows of levels carry
        ``data-variable`` and ``data-level``; those that can become the reference also ``role="button"``. All text is
        escaped. Without any factor a sentence says so.
    """
    blocks = _blocks(univariable, multivariable, dictionary)
    if not blocks:
        return '<div class="forest"><p class="forest-note">No factor is chosen.</p></div>'
    axis = _axis(blocks)
    interval = f"({escape(format_level(multivariable.conf_level))} CI)"
    head = "".join(
        f'<th scope="col" class="forest-{name}" title="{escape(EXPLANATIONS[name])}">{text}</th>'
        for name, text in (
            ("factor", "Factor"),
            ("count", "Relapsed, of all"),
            ("univariable", f"Univariable OR <small>{interval}</small>"),
            ("multivariable", f"Multivariable OR <small>{interval}</small>"),
            ("p", "p <small>(multivariable)</small>"),
            ("forest", _html_key(interval)),
        )
    )
    body = "".join(_html_block(block, axis) for block in blocks)
    notes = "".join(
        f'<p class="forest-note">{escape(note)}</p>' for note in _footnotes(univariable, multivariable, dictionary)
    )
    return (
        f'<div class="forest" style="--forest-grid:{_html_grid(axis)}"><table>'
        f"<thead><tr>{head}</tr></thead>{body}<tfoot>{_html_axis(axis)}</tfoot></table>{notes}</div>"
    )


def forest_svg(
    univariable: Sequence[OddsRatioResult],
    multivariable: OddsRatioResult,
    dictionary: Dictionary,
    *,
    title: str,
    subtitle: str,
) -> str:
    """The same table as a standalone SVG on white, 980 pixels wide, for slides and manuscripts.

    Long labels are wrapped, never cut; ``title`` and ``subtitle`` stand above the table.
    """
    blocks = _blocks(univariable, multivariable, dictionary)
    axis = _axis(blocks)
    drawing = _Drawing(axis)
    drawing.add_title(title, subtitle)
    drawing.add_head(format_level(multivariable.conf_level))
    top = drawing.y
    for block in blocks:
        drawing.add_block(block)
    if blocks:
        drawing.add_axis(top)
    else:
        drawing.add_paragraph("No factor is chosen.")
    for note in _footnotes(univariable, multivariable, dictionary):
        drawing.add_paragraph(note)
    return drawing.to_svg(describe_forest(univariable, multivariable, dictionary))


def describe_forest(
    univariable: Sequence[OddsRatioResult], multivariable: OddsRatioResult, dictionary: Dictionary
) -> str:
    """The forest plot in words: each multivariable odds ratio with interval and p, and what cannot be estimated.

    Factors outside the multivariable model are given by their univariable odds ratio. Without a factor it says so.
    """
    blocks = _blocks(univariable, multivariable, dictionary)
    if not blocks:
        return "No factor is chosen."
    start = (
        f"Odds ratios of relapse from a model of {format_count(multivariable.n)} patients, "
        f"{format_count(multivariable.n_event)} of them with relapse."
    )
    sentences = [start if multivariable.reason is None else f"Multivariable model not fitted: {multivariable.reason}."]
    for block in blocks:
        reference = next((row.label for row in block.rows if row.is_reference), None)
        parts = []
        for row in block.rows:
            if row.is_reference:
                continue
            term, kind = (row.multivariable, "") if row.multivariable else (row.univariable, "univariable ")
            if term is None:
                continue
            estimate = term.odds_ratio
            if estimate.value is None:
                parts.append(f"{row.label} {kind}not estimable ({estimate.reason})")
                continue
            limits = f" ({format_interval(estimate.interval)})" if estimate.interval else ""
            p = f", {format_p_phrase(term.p_value)}" if term.p_value is not None else ""
            parts.append(f"{row.label} {kind}{format_ratio(estimate.value)}{limits}{p}")
        against = f" against {reference}" if reference is not None else ""
        sentences.append(f"{block.label}{against}: {'; '.join(parts) if parts else 'no other level'}.")
    return " ".join(sentences)


def _blocks(
    univariable: Sequence[OddsRatioResult], multivariable: OddsRatioResult, dictionary: Dictionary
) -> list[_Block]:
    alone = {(term.variable, term.level): term for result in univariable for term in result.terms}
    together = {(term.variable, term.level): term for term in multivariable.terms}
    alone_tests = {test.variable: test for result in univariable for test in result.tests}
    together_tests = {test.variable: test for test in multivariable.tests}
    keys = list(dict.fromkeys([*alone, *together]))
    blocks = []
    for variable in dict.fromkeys(name for name, _ in keys):
        rows = []
        for level in (level for name, level in keys if name == variable):
            term, other = alone.get((variable, level)), together.get((variable, level))
            counted = alone.get((variable, level)) or together[variable, level]
            rows.append(
                _Row(
                    variable=variable,
                    level=level,
                    label=_level_label(dictionary, variable, level),
                    is_reference=counted.is_reference,
                    n=counted.n,
                    n_event=counted.n_event,
                    univariable=term,
                    multivariable=other,
                )
            )
        label = dictionary[variable].label if variable in dictionary else variable
        blocks.append(
            _Block(
                variable, label, alone_tests.get(variable), together_tests.get(variable), _in_order(dictionary, rows)
            )
        )
    return blocks


def _in_order(dictionary: Dictionary, rows: list[_Row]) -> tuple[_Row, ...]:
    """Rows in the dictionary's order of levels, so that choosing another reference moves no row."""
    variable = rows[0].variable
    levels = dictionary[variable].levels if variable in dictionary else ()
    place = {level: position for position, level in enumerate(levels)}
    return tuple(sorted(rows, key=lambda row: place.get(row.level or "", len(place))))


def _level_label(dictionary: Dictionary, variable: str, level: str | None) -> str:
    if level is None:
        if variable not in dictionary:
            return "per unit"
        return f"per {format_step(dictionary[variable].per, dictionary[variable].unit)}"
    if variable in dictionary and level in dictionary[variable].levels:
        return dictionary[variable].level_label(level)
    return level


def _axis(blocks: Sequence[_Block]) -> _Axis:
    """The axis in whole powers of two around all estimates (up to 64) and most limits (up to 16)."""
    low, high = float(-NARROWEST), float(NARROWEST)
    for row in (row for block in blocks for row in block.rows):
        for term in (row.univariable, row.multivariable):
            if term is None or term.odds_ratio.value is None or term.odds_ratio.value <= 0:
                continue
            place = math.log2(term.odds_ratio.value)
            low = min(low, max(place, -WIDEST_ESTIMATE))
            high = max(high, min(place, WIDEST_ESTIMATE))
            interval = term.odds_ratio.interval
            if interval is not None and interval.low is not None and interval.low > 0:
                low = min(low, max(math.log2(interval.low), -WIDEST_LIMIT))
            if interval is not None and interval.high is not None and interval.high > 0:
                high = max(high, min(math.log2(interval.high), WIDEST_LIMIT))
    return _Axis(math.floor(low + 1e-9), math.ceil(high - 1e-9))


def _mark(term: OddsRatio | None, axis: _Axis, *, is_multivariable: bool) -> _Mark | None:
    """The drawing of one odds ratio, or None where there is nothing to draw (reference, not estimable)."""
    if term is None or term.is_reference or term.odds_ratio.value is None or term.odds_ratio.value <= 0:
        return None
    interval = term.odds_ratio.interval
    place = axis.place(term.odds_ratio.value)
    first, last = EDGE / 2, 1 - EDGE / 2
    low = high = place
    if interval is not None:
        low = axis.place(interval.low) if interval.low is not None and interval.low > 0 else -math.inf
        high = axis.place(interval.high) if interval.high is not None and interval.high > 0 else math.inf
    return _Mark(
        point=place if first <= place <= last else None,
        low=min(max(low, first), last),
        high=max(min(high, last), first),
        has_left_arrow=low < first,
        has_right_arrow=high > last,
        is_multivariable=is_multivariable,
        text=f"{'Multivariable' if is_multivariable else 'Univariable'}: {_ratio_text(term)}",
    )


def _ratio_text(term: OddsRatio | None) -> str:
    if term is None:
        return MISSING
    if term.is_reference:
        return "reference"
    if term.odds_ratio.value is None:
        return term.odds_ratio.reason or MISSING
    limits = f" ({format_interval(term.odds_ratio.interval)})" if term.odds_ratio.interval else ""
    return f"{format_ratio(term.odds_ratio.value)}{limits}"


def _together_text(row: _Row) -> str:
    return _ratio_text(row.multivariable) if row.multivariable else "not in the model"


def _count_text(row: _Row) -> str:
    if row.level is None:
        return f"{format_count(row.n_event)} of {format_count(row.n)}"
    if row.n == 0:
        return "0 of 0"
    share = format_share(row.n_event, row.n).partition(" ")[2]
    return f"{format_count(row.n_event)} of {format_count(row.n)} {share}"


def _footnotes(
    univariable: Sequence[OddsRatioResult], multivariable: OddsRatioResult, dictionary: Dictionary
) -> list[str]:
    notes = []
    if multivariable.reason is not None:
        notes.append(f"Multivariable model not fitted: {multivariable.reason}.")
    else:
        notes.append(
            f"Multivariable: {format_count(multivariable.n)} patients with all its factors known, "
            f"{format_count(multivariable.n_event)} with relapse; "
            f"{METHODS.get(multivariable.method, multivariable.method)}, "
            f"{format_level(multivariable.conf_level)} confidence intervals ({multivariable.conf_type})."
        )
    methods = {result.method for result in univariable if result.reason is None}
    if methods == {"firth"} or methods == {"ml"}:
        notes.append(f"Univariable: {METHODS[methods.pop()]}.")
    elif methods:
        penalised = [
            dictionary[name].label if name in dictionary else name
            for result in univariable
            if result.method == "firth"
            for name in dict.fromkeys(term.variable for term in result.terms)
        ]
        notes.append(f"Univariable: maximum likelihood; {METHODS['firth']} for {', '.join(penalised)}.")
    return notes


# --- HTML ------------------------------------------------------------------------------------------------------------


def _percent(place: float) -> str:
    return f"{100 * place:.2f}%"


def _html_grid(axis: _Axis) -> str:
    """Vertical lines as a background, so that they run through rows of any height."""
    lines = []
    for tick in sorted(axis.ticks, key=lambda tick: tick != 1):
        colour = "var(--forest-line)" if tick == 1 else "var(--forest-faint)"
        lines.append(f"linear-gradient({colour},{colour}) {_percent(axis.place(tick))} 0/1px 100% no-repeat")
    return ",".join(lines)


def _html_key(interval: str) -> str:
    """The key to the two kinds of marks, on narrow pages the only head of the table."""
    keys = "".join(
        f'<span class="forest-key"><span class="forest-marks">{_html_lines(kind, 0, 1, 50)}{_html_point(kind, 0.5, 50)}'
        f"</span>{name}</span>"
        for kind, name in (("thin", "univariable"), ("thick", "multivariable"))
    )
    return f'<span class="forest-narrow">Odds ratio {interval}, p</span>{keys}'


def _html_block(block: _Block, axis: _Axis) -> str:
    head = (
        f'<tr class="forest-head"><th scope="rowgroup" class="forest-factor" colspan="2">{escape(block.label)}</th>'
        f'<td class="forest-univariable">{_html_test(block.univariable, "univariable")}</td>'
        f'<td class="forest-multivariable">{_html_test(block.multivariable, "multivariable")}</td>'
        f'<td class="forest-p"></td><td class="forest-forest"></td></tr>'
    )
    return f"<tbody>{head}{''.join(_html_row(row, axis) for row in block.rows)}</tbody>"


def _html_test(test: TermTest | None, kind: str) -> str:
    if test is None:
        return ""
    if test.p_value is None:
        return f'<span class="forest-muted">{escape(test.reason or MISSING)}</span>'
    title = f"Likelihood-ratio p of the whole factor, {kind}"
    return f'<span title="{title}"><small>LR</small> {escape(format_p_phrase(test.p_value))}</span>'


def _html_row(row: _Row, axis: _Axis) -> str:
    attributes = ""
    classes = "forest-level"
    if row.level is not None:
        attributes = f' data-variable="{escape(row.variable)}" data-level="{escape(row.level)}"'
        if row.is_reference:
            classes += " forest-reference"
        else:
            attributes += f' role="button" tabindex="0" title="{CLICK_TITLE}"'
    term = row.multivariable
    used = f"In the model: {format_count(term.n_event)} of {format_count(term.n)}" if term else ""
    p = "" if row.is_reference or term is None else format_p(term.p_value)
    marks = [
        _mark(row.univariable, axis, is_multivariable=False),
        _mark(row.multivariable, axis, is_multivariable=True),
    ]
    return (
        f'<tr class="{classes}"{attributes}>'
        f'<th scope="row" class="forest-factor">{escape(row.label)}</th>'
        f'<td class="forest-count">{escape(_count_text(row))}</td>'
        f'<td class="forest-univariable">{_html_ratio(_ratio_text(row.univariable), row.univariable)}</td>'
        f'<td class="forest-multivariable" title="{escape(used)}">{_html_ratio(_together_text(row), term)}</td>'
        f'<td class="forest-p">{escape(p)}</td>'
        f'<td class="forest-forest">{_html_reference(axis) if row.is_reference else _html_marks(marks)}</td></tr>'
    )


def _html_ratio(text: str, term: OddsRatio | None) -> str:
    if term is None or term.is_reference or term.odds_ratio.value is None:
        return f'<span class="forest-muted">{escape(text)}</span>'
    value, _, limits = text.partition(" ")
    return f'<b>{escape(value)}</b> <span class="forest-limits">{escape(limits)}</span>'


def _html_reference(axis: _Axis) -> str:
    return f'<div class="forest-marks"><i class="forest-one" style="left:{_percent(axis.place(1))}"></i></div>'


def _html_lines(kind: str, low: float, high: float, top: int) -> str:
    return f'<i class="forest-{kind}" style="left:{_percent(low)};right:{_percent(1 - high)};top:{top}%"></i>'


def _html_point(kind: str, place: float, top: int) -> str:
    return f'<i class="forest-{kind}-point" style="left:{_percent(place)};top:{top}%"></i>'


def _html_marks(drawn: Sequence[_Mark | None]) -> str:
    """The marks of a row in elements placed by percentages: an inline SVG would not outlast the cleaning of HTML."""
    marks = [mark for mark in drawn if mark]
    if not marks:
        return ""
    parts = []
    for mark in marks:
        kind = "thick" if mark.is_multivariable else "thin"
        top = 50 if len(marks) == 1 else (71 if mark.is_multivariable else 29)
        parts.append(f'<span title="{escape(mark.text)}">{_html_lines(kind, mark.low, mark.high, top)}')
        for shown, place, side in ((mark.has_left_arrow, mark.low, "left"), (mark.has_right_arrow, mark.high, "right")):
            if shown:
                parts.append(f'<i class="forest-{kind}-{side}" style="left:{_percent(place)};top:{top}%"></i>')
        if mark.point is not None:
            parts.append(_html_point(kind, mark.point, top))
        parts.append("</span>")
    return f'<div class="forest-marks">{"".join(parts)}</div>'


def _html_axis(axis: _Axis) -> str:
    ticks = "".join(
        f'<span class="forest-tick" style="left:{_percent(axis.place(tick))}">{axis.label(tick)}</span>'
        for tick in axis.ticks
    )
    one = axis.place(1)
    return (
        '<tr class="forest-axis"><td colspan="5"></td><td class="forest-forest"><div class="forest-marks">'
        f'{ticks}<span class="forest-lower" style="right:{_percent(1 - one)}">lower odds</span>'
        f'<span class="forest-higher" style="left:{_percent(one)}">higher odds</span></div></td></tr>'
    )


FOREST_CSS = f"""
.forest {{ --forest-colour: var(--forest-accent, {ACCENT});
  --forest-line: color-mix(in srgb, currentColor 55%, transparent);
  --forest-faint: color-mix(in srgb, currentColor 12%, transparent);
  --forest-rule: color-mix(in srgb, currentColor 18%, transparent);
  --forest-soft: color-mix(in srgb, currentColor 68%, transparent);
  container-type: inline-size; color: inherit; font-size: 0.875rem; line-height: 1.35;
  font-variant-numeric: tabular-nums; }}
.forest table {{ border-collapse: collapse; width: 100%; margin: 0; }}
.forest th, .forest td {{ border: 0; padding: 0.2rem 0.6rem 0.2rem 0; text-align: left; vertical-align: middle;
  font-weight: 400; background: none; }}
.forest small, .forest .forest-muted, .forest .forest-limits {{ color: var(--forest-soft); font-size: 0.93em; }}
.forest .forest-muted {{ font-style: italic; }}
.forest b {{ font-weight: 600; }}
.forest thead th {{ font-weight: 600; vertical-align: bottom; border-bottom: 1px solid var(--forest-line);
  cursor: help; padding-bottom: 0.35rem; }}
.forest thead small {{ display: block; font-weight: 400; }}
.forest .forest-count, .forest .forest-univariable, .forest .forest-multivariable, .forest .forest-p {{
  white-space: nowrap; }}
.forest .forest-muted {{ white-space: normal; }}
.forest td.forest-forest, .forest th.forest-forest {{ padding-right: 0; width: 30%; min-width: 170px; }}
.forest td.forest-forest {{ background: var(--forest-grid); padding: 0; }}
.forest .forest-axis td.forest-forest {{ background: none; border-top: 1px solid var(--forest-line); }}
.forest .forest-marks {{ display: block; position: relative; height: 28px; }}
.forest .forest-marks i, .forest .forest-axis span {{ position: absolute; display: block; box-sizing: border-box; }}
.forest .forest-thin {{ border-top: 1px solid currentColor; opacity: 0.75; }}
.forest .forest-thick {{ border-top: 3px solid var(--forest-colour); margin-top: -1px; }}
.forest .forest-thin-point {{ width: 9px; height: 9px; margin: -4px 0 0 -4.5px; border: 1.5px solid currentColor;
  border-radius: 50%; }}
.forest .forest-thick-point {{ width: 9px; height: 9px; margin: -4px 0 0 -4.5px; background: var(--forest-colour); }}
.forest .forest-one {{ width: 7px; height: 7px; margin: -3.5px 0 0 -3px; top: 50%; border-radius: 50%;
  background: var(--forest-soft); }}
.forest .forest-thin-left, .forest .forest-thin-right, .forest .forest-thick-left, .forest .forest-thick-right {{
  border: 4px solid transparent; margin-top: -3.5px; }}
.forest .forest-thin-left {{ border-left-width: 0; border-right: 6px solid currentColor; }}
.forest .forest-thin-right {{ border-right-width: 0; border-left: 6px solid currentColor; margin-left: -6px; }}
.forest .forest-thick-left {{ border-left-width: 0; border-right: 6px solid var(--forest-colour); }}
.forest .forest-thick-right {{ border-right-width: 0; border-left: 6px solid var(--forest-colour); margin-left: -6px; }}
.forest .forest-axis .forest-marks {{ height: 34px; font-size: 11px; line-height: 15px; color: var(--forest-soft); }}
.forest .forest-axis .forest-tick {{ top: 2px; transform: translateX(-50%); }}
.forest .forest-axis .forest-lower {{ top: 17px; padding-right: 8px; white-space: nowrap; }}
.forest .forest-axis .forest-higher {{ top: 17px; padding-left: 8px; white-space: nowrap; }}
.forest .forest-key {{ display: inline-flex; align-items: center; gap: 0.35em; white-space: nowrap; font-weight: 400;
  margin-right: 0.8em; }}
.forest .forest-key .forest-marks {{ width: 26px; height: 14px; flex: none; }}
.forest .forest-narrow {{ display: none; }}
.forest .forest-head > * {{ border-top: 1px solid var(--forest-rule); padding-top: 0.4rem; }}
.forest tbody:first-of-type .forest-head > * {{ border-top: 0; }}
.forest .forest-head th {{ font-weight: 600; }}
.forest .forest-level th {{ padding-left: 1rem; }}
.forest .forest-level[role="button"] {{ cursor: pointer; }}
.forest .forest-level[role="button"]:hover > :not(.forest-forest) {{
  background: color-mix(in srgb, var(--forest-colour) 12%, transparent); }}
.forest .forest-level:focus-visible {{ outline: 2px solid var(--forest-colour); outline-offset: -2px; }}
.forest .forest-note {{ margin: 0.2rem 0 0; color: var(--forest-soft); font-size: 0.8rem; }}
@container (max-width: 700px) {{
  .forest table, .forest thead, .forest tbody, .forest tfoot {{ display: block; }}
  .forest tr {{ display: grid; grid-template-columns: minmax(0, 1fr) auto 3.6em 32%; column-gap: 0.7rem;
    grid-template-areas: "factor multivariable p forest" "count univariable univariable forest"; }}
  .forest th, .forest td {{ padding: 0; }}
  .forest thead tr {{ display: block; border-bottom: 1px solid var(--forest-line); padding-bottom: 0.3rem; }}
  .forest thead th {{ display: none; }}
  .forest thead th.forest-forest {{ display: block; border: 0; padding: 0; }}
  .forest .forest-narrow {{ display: block; font-weight: 600; }}
  .forest .forest-factor {{ grid-area: factor; }}
  .forest .forest-count {{ grid-area: count; padding-left: 1rem; white-space: normal; color: var(--forest-soft);
    font-size: 0.93em; }}
  .forest .forest-univariable {{ grid-area: univariable; font-size: 0.93em; }}
  .forest .forest-univariable::before {{ content: "\\25CB\\00a0"; }}
  .forest .forest-multivariable::before {{ content: "\\25A0\\00a0"; color: var(--forest-colour); }}
  .forest .forest-reference .forest-multivariable::before, .forest .forest-reference .forest-univariable,
  .forest .forest-univariable:empty, .forest .forest-multivariable:empty {{ display: none; }}
  .forest .forest-univariable b {{ font-weight: 400; }}
  .forest .forest-multivariable {{ grid-area: multivariable; }}
  .forest .forest-p {{ grid-area: p; text-align: right; }}
  .forest td.forest-forest, .forest th.forest-forest {{ grid-area: forest; width: auto; min-width: 0; }}
  .forest td.forest-forest {{ display: grid; align-items: center; }}
  .forest .forest-level {{ padding-top: 0.35rem; }}
  .forest .forest-head {{ padding-top: 0.5rem; border-top: 1px solid var(--forest-rule);
    grid-template-columns: auto auto 1fr;
    grid-template-areas: "factor factor factor" "multivariable univariable univariable"; }}
  .forest tbody:first-of-type .forest-head {{ border-top: 0; }}
  .forest .forest-head > * {{ border: 0; padding: 0; }}
  .forest .forest-head .forest-multivariable {{ font-size: 0.93em; }}
  .forest .forest-head .forest-forest, .forest .forest-head .forest-p {{ display: none; }}
  .forest .forest-axis td:first-child {{ display: none; }}
  .forest .forest-muted {{ overflow-wrap: anywhere; }}
}}
@container (max-width: 480px) {{
  .forest tr {{ grid-template-columns: minmax(0, 1fr) auto 3.6em;
    grid-template-areas: "factor multivariable p" "count univariable univariable" "forest forest forest"; }}
  .forest .forest-reference .forest-forest {{ display: none; }}
}}
""".strip()


# --- SVG -------------------------------------------------------------------------------------------------------------

WIDTH, MARGIN = 980, 24
COLUMNS = {"factor": 24, "count": 236, "univariable": 372, "multivariable": 512, "p": 652, "forest": 706}
# Characters of a column at 12.5 px in the widest of the usual system fonts.
ROOM = {"factor": 30, "count": 19, "univariable": 19, "multivariable": 19, "p": 7}
LINE = 16
INK, SOFT = "#1b2330", "#5a6472"


class _Drawing:
    """A growing SVG: each ``add_`` writes below what is there."""

    def __init__(self, axis: _Axis) -> None:
        self.axis = axis
        self.y = float(MARGIN)
        self.parts: list[str] = []

    def _text(self, x: float, y: float, text: str, style: str = "", anchor: str = "start") -> None:
        self.parts.append(f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{style}>{escape(text)}</text>')

    def _place(self, place: float) -> float:
        left = COLUMNS["forest"]
        return round(left + place * (WIDTH - MARGIN - left), 2)

    def _cells(self, texts: dict[str, tuple[str, str]], indent: int = 0) -> float:
        """One row of wrapped cells; gives its height."""
        lines = {
            name: textwrap.wrap(text, ROOM[name] - (indent // 6 if name == "factor" else 0))
            for name, (text, _) in texts.items()
        }
        for name, (_, style) in texts.items():
            x = COLUMNS[name] + (indent if name == "factor" else 0)
            for number, line in enumerate(lines[name]):
                self._text(x, self.y + 15 + number * LINE, line, style)
        return LINE * max(1, *(len(parts) for parts in lines.values())) + 8

    def add_title(self, title: str, subtitle: str) -> None:
        for text, width, style, step in (
            (title, 100, ' font-size="18" font-weight="600"', 24),
            (subtitle, 140, f' fill="{SOFT}"', 17),
        ):
            for line in textwrap.wrap(text, width):
                self.y += step
                self._text(MARGIN, self.y - 6, line, style)
        self.y += 8

    def add_head(self, level: str) -> None:
        bold = ' font-weight="600"'
        height = self._cells(
            {
                "factor": ("Factor", bold),
                "count": ("Relapsed, of all", bold),
                "univariable": (f"Univariable OR ({level} CI)", bold),
                "multivariable": (f"Multivariable OR ({level} CI)", bold),
                "p": ("p (multi)", bold),
            }
        )
        for offset, is_multivariable, text in ((0, False, "univariable"), (112, True, "multivariable")):
            x = COLUMNS["forest"] + 20 + offset
            self._mark(
                x - 12, x + 12, x, self.y + 11, is_multivariable=is_multivariable, has_left=False, has_right=False
            )
            self._text(x + 18, self.y + 15, text)
        self.y += height
        self._rule(self.y, INK)

    def add_block(self, block: _Block) -> None:
        bold = ' font-weight="600"'
        self.y += 4
        cells = {"factor": (block.label, bold)}
        for name, test in (("univariable", block.univariable), ("multivariable", block.multivariable)):
            if test is not None:
                text = f"LR {format_p_phrase(test.p_value)}" if test.p_value is not None else test.reason or MISSING
                cells[name] = (text, "")
        self.y += self._cells(cells) - 2
        for row in block.rows:
            self.add_row(row)
        self.y += 2
        self._rule(self.y, "#d5dae1")

    def add_row(self, row: _Row) -> None:
        soft = f' fill="{SOFT}" font-style="italic"'
        term = row.multivariable
        height = self._cells(
            {
                "factor": (row.label, ""),
                "count": (_count_text(row), ""),
                "univariable": (_ratio_text(row.univariable), "" if _has_value(row.univariable) else soft),
                "multivariable": (_together_text(row), _bold_if(_has_value(term)) or soft),
                "p": ("" if row.is_reference or term is None else format_p(term.p_value), ""),
            },
            indent=14,
        )
        marks = [
            _mark(row.univariable, self.axis, is_multivariable=False),
            _mark(row.multivariable, self.axis, is_multivariable=True),
        ]
        shown = [mark for mark in marks if mark]
        if row.is_reference:
            one = self._place(self.axis.place(1))
            self.parts.append(f'<circle cx="{one:g}" cy="{self.y + height / 2:g}" r="3" fill="{SOFT}"/>')
        for mark in shown:
            shift = 0.0 if len(shown) == 1 else (5.0 if mark.is_multivariable else -5.0)
            self._mark(
                self._place(mark.low),
                self._place(mark.high),
                None if mark.point is None else self._place(mark.point),
                self.y + height / 2 + shift,
                is_multivariable=mark.is_multivariable,
                has_left=mark.has_left_arrow,
                has_right=mark.has_right_arrow,
            )
        self.y += height

    def add_axis(self, top: float) -> None:
        lines = []
        for tick in self.axis.ticks:
            x = self._place(self.axis.place(tick))
            colour = SOFT if tick == 1 else "#e3e7ec"
            lines.append(f'<line x1="{x}" x2="{x}" y1="{top:g}" y2="{self.y:g}" stroke="{colour}"/>')
            self._text(x, self.y + 16, self.axis.label(tick), f' font-size="11" fill="{SOFT}"', "middle")
        # Grid lines belong behind everything drawn so far.
        self.parts[:0] = lines
        one = self._place(self.axis.place(1))
        small = f' font-size="11" fill="{SOFT}"'
        self._text(one - 8, self.y + 32, "lower odds", small, "end")
        self._text(one + 8, self.y + 32, "higher odds", small)
        self.y += 42

    def add_paragraph(self, text: str) -> None:
        for line in textwrap.wrap(text, 150):
            self.y += 16
            self._text(MARGIN, self.y, line, f' font-size="11.5" fill="{SOFT}"')

    def _rule(self, y: float, colour: str) -> None:
        self.parts.append(
            f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y:g}" y2="{y:g}" stroke="{colour}" stroke-width="0.8"/>'
        )

    def _mark(
        self,
        low: float,
        high: float,
        point: float | None,
        y: float,
        *,
        is_multivariable: bool,
        has_left: bool,
        has_right: bool,
    ) -> None:
        colour, width = (ACCENT, 2.6) if is_multivariable else (INK, 1)
        self.parts.append(
            f'<line x1="{low:g}" x2="{high:g}" y1="{y:g}" y2="{y:g}" stroke="{colour}" stroke-width="{width}"/>'
        )
        for shown, x, sign in ((has_left, low, 1), (has_right, high, -1)):
            if shown:
                self.parts.append(
                    f'<path d="M{x + 6 * sign:g},{y - 4:g}L{x:g},{y:g}L{x + 6 * sign:g},{y + 4:g}Z" fill="{colour}"/>'
                )
        if point is None:
            return
        if is_multivariable:
            self.parts.append(f'<rect x="{point - 4.5:g}" y="{y - 4.5:g}" width="9" height="9" fill="{colour}"/>')
        else:
            self.parts.append(
                f'<circle cx="{point:g}" cy="{y:g}" r="4" fill="#ffffff" stroke="{colour}" stroke-width="1.4"/>'
            )

    def to_svg(self, description: str) -> str:
        height = math.ceil(self.y + MARGIN)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img" fill="{INK}" font-size="12.5" '
            "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif\">"
            f"<title>Odds ratios of relapse</title><desc>{escape(description)}</desc>"
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{"".join(self.parts)}</svg>'
        )


def _has_value(term: OddsRatio | None) -> bool:
    return term is not None and not term.is_reference and term.odds_ratio.value is not None


def _bold_if(condition: bool) -> str:
    return ' font-weight="600"' if condition else ""
