"""The forest plot inside its table: univariable beside multivariable ratios, as HTML, SVG and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from analytics.dictionary import Dictionary, Endpoint
from analytics.figures.forest_layout import (
    BOLD,
    INK,
    SOFT,
    Axis,
    Drawing,
    Mark,
    axis_around,
    html_axis,
    html_grid,
    html_lines,
    html_marks,
    html_point,
    html_ratio,
    mark_of,
    percent,
)
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_level,
    format_p_cell,
    format_p_phrase,
    format_patients,
    format_ratio_of,
    format_share,
    format_step,
    is_withheld,
    ratio_text,
    say_inestimable,
)
from analytics.reporting.wording import start_sentence
from analytics.results import HazardRatio, HazardRatioResult, OddsRatio, OddsRatioResult, TermTest

Ratio = OddsRatio | HazardRatio
RatioResult = OddsRatioResult | HazardRatioResult

CLICK_TITLE = "Click to make this the reference level"
METHODS = {
    "ml": "maximum likelihood",
    "firth": "Firth's penalised likelihood",
    "ipcw": "weighted for children not followed long enough (inverse probability of censoring), robust standard errors",
}
TESTS = {"likelihood-ratio": "LR", "robust Wald": "Wald"}
SHORT = {"odds ratio": "OR", "hazard ratio": "HR"}
WHAT_HAZARD_IS = (
    " The hazard is the rate at which children still without the event have it, at any moment of follow-up."
)


@dataclass(frozen=True, slots=True)
class EventWords:
    """How a forest table speaks of its event.

    ``event`` follows "the odds of" or "the hazard of", ``head`` heads the column of counts ("Relapsed, of all"),
    ``who`` follows "Children in this level", ``with_event`` a number of patients.
    """

    event: str
    head: str
    who: str
    with_event: str


RELAPSE = EventWords("relapse", "Relapsed", "who relapsed", "with relapse")


def words_of(endpoint: Endpoint) -> EventWords:
    """The words of an endpoint's event."""
    return EventWords(endpoint.event_label, endpoint.event_noun.capitalize(), "with the event", "with the event")


@dataclass(frozen=True, slots=True)
class _Row:
    """One level: what was estimated for it alone and beside the other factors."""

    variable: str
    level: str | None
    label: str
    compared: str
    is_reference: bool
    n: int
    n_event: int
    univariable: Ratio | None
    multivariable: Ratio | None
    has_share: bool = True  # not where some outcomes are not known, so that the share of the others is not that of all


@dataclass(frozen=True, slots=True)
class _Block:
    """One factor with its levels."""

    variable: str
    label: str
    univariable: TermTest | None
    multivariable: TermTest | None
    test: str
    rows: tuple[_Row, ...]


def draw_forest_table(
    univariable: Sequence[RatioResult],
    multivariable: RatioResult,
    dictionary: Dictionary,
    words: EventWords = RELAPSE,
) -> str:
    """The table of odds or hazard ratios with the forest plot in its last column, as an HTML fragment.

    Parameters
    ----------
    univariable
        One result per factor. A factor in one of the two kinds of model only is shown with a dash for the other.
    multivariable
        The result of all chosen factors together.
    dictionary
        Labels of variables and levels; a name it does not hold is shown as it is.
    words
        How the event is spoken of.

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
    measure = multivariable.measure
    interval = f"({escape(format_level(multivariable.conf_level))} CI)"
    explanations = _explanations(measure, words, _test_name(multivariable), multivariable.ratio_test)
    head = "".join(
        f'<th scope="col" class="forest-{name}" title="{escape(explanations[name])}">{text}</th>'
        for name, text in (
            ("factor", "Factor"),
            ("count", f"{escape(words.head)}, of all"),
            ("univariable", f"Univariable {SHORT[measure]} <small>{interval}</small>"),
            ("multivariable", f"Multivariable {SHORT[measure]} <small>{interval}</small>"),
            ("p", "p <small>(multivariable)</small>"),
            ("forest", _html_key(measure, interval)),
        )
    )
    body = "".join(_html_block(block, axis) for block in blocks)
    notes = "".join(
        f'<p class="forest-note">{escape(note)}</p>'
        for note in _footnotes(univariable, multivariable, dictionary, words)
    )
    return (
        f'<div class="forest" style="--forest-grid:{html_grid(axis)}"><table>'
        f"<thead><tr>{head}</tr></thead>{body}<tfoot>{html_axis(axis, 5, sides_of(measure))}</tfoot></table>{notes}</div>"
    )


def forest_svg(
    univariable: Sequence[RatioResult],
    multivariable: RatioResult,
    dictionary: Dictionary,
    words: EventWords = RELAPSE,
    *,
    title: str,
    subtitle: str,
) -> str:
    """The same table as a standalone SVG on white, 980 pixels wide, for slides and manuscripts.

    Long labels are wrapped, never cut; ``title`` and ``subtitle`` stand above the table.
    """
    blocks = _blocks(univariable, multivariable, dictionary)
    measure = multivariable.measure
    drawing = _TableDrawing(_axis(blocks), COLUMNS, ROOM, LEFT)
    drawing.add_title(title, subtitle)
    drawing.add_head(measure, words, format_level(multivariable.conf_level))
    top = drawing.y
    for block in blocks:
        drawing.add_block(block)
    if blocks:
        drawing.add_axis(top, sides_of(measure))
    else:
        drawing.add_paragraph("No factor is chosen.")
    for note in _footnotes(univariable, multivariable, dictionary, words):
        drawing.add_paragraph(note)
    return drawing.to_svg(
        f"{measure.capitalize()}s of {words.event}", describe_forest(univariable, multivariable, dictionary, words)
    )


def describe_forest(
    univariable: Sequence[RatioResult],
    multivariable: RatioResult,
    dictionary: Dictionary,
    words: EventWords = RELAPSE,
) -> str:
    """The forest plot in words: each multivariable ratio with interval and p, and what cannot be estimated.

    Factors outside the multivariable model are given by their univariable ratio. Without a factor it says so.
    """
    blocks = _blocks(univariable, multivariable, dictionary)
    if not blocks:
        return "No factor is chosen."
    start = (
        f"{multivariable.measure.capitalize()}s of {words.event} from a model of {format_patients(multivariable.n)}, "
        f"{format_count(multivariable.n_event)} of them {words.with_event}; p by the {multivariable.ratio_test}."
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
            estimate = term.ratio
            if estimate.value is None:
                parts.append(say_inestimable(f"{row.label} {kind}".rstrip(), estimate.reason))
                continue
            limits = f" ({format_interval(estimate.interval)})" if estimate.interval else ""
            p = f", {format_p_phrase(term.p_value)}" if term.p_value is not None else ""
            parts.append(f"{row.label} {kind}{format_ratio_of(estimate)}{limits}{p}")
        against = f" against {reference}" if reference is not None else ""
        sentences.append(f"{block.label}{against}: {'; '.join(parts) if parts else 'no other level'}.")
    return " ".join(sentences)


def _explanations(measure: str, words: EventWords, test: str, ratio_test: str) -> dict[str, str]:
    """What stands in each column, shown on hover."""
    scale = measure.partition(" ")[0]  # odds or hazard
    verb = "are" if scale == "odds" else "is"
    ratio = (
        f"{measure.capitalize()}: how many times higher the {scale} of {words.event} {verb} in this level than in the "
        "reference level. 1 means no difference. In brackets the confidence interval, the values that fit the data."
    )
    ratio += WHAT_HAZARD_IS if scale == "hazard" else ""
    return {
        "factor": "Each factor with its levels. The reference level is the one the others are compared with.",
        "count": f"Children in this level {words.who}, of all children in this level whose value is known.",
        "univariable": f"The factor alone, without regard to the others. {ratio}",
        "multivariable": (
            f"All factors together: the {measure} at equal values of the other factors. Rests on complete cases, the "
            f"children in whom every factor is known. {ratio}"
        ),
        "p": (
            f"Beside a factor: the {test} p of the multivariable model, which asks whether the model fits worse "
            "without the factor (all its levels at once). Beside a level: the p of this level against the "
            f"reference, by the {ratio_test}, which is of the kind of its interval."
        ),
        "forest": (
            f"{measure.capitalize()}s on a logarithmic scale. To the right of the line at 1 the {scale} of {words.event} "
            f"{verb} higher."
        ),
    }


def _test_name(result: RatioResult) -> str:
    """What the p of a whole factor comes from ("likelihood-ratio", "robust Wald")."""
    kind = result.test_type
    return kind if kind in TESTS else "likelihood-ratio"


def sides_of(measure: str) -> tuple[str, str]:
    """What it means to lie to the left and to the right of 1."""
    scale = measure.partition(" ")[0]
    return f"lower {scale}", f"higher {scale}"


def _blocks(univariable: Sequence[RatioResult], multivariable: RatioResult, dictionary: Dictionary) -> list[_Block]:
    alone = {(term.variable, term.level): term for result in univariable for term in result.terms}
    together = {(term.variable, term.level): term for term in multivariable.terms}
    alone_tests = {test.variable: test for result in univariable for test in result.tests}
    together_tests = {test.variable: test for test in multivariable.tests}
    keys = list(dict.fromkeys([*alone, *together]))
    blocks = []
    for variable in dict.fromkeys(name for name, _ in keys):
        rows = []
        label = dictionary[variable].label if variable in dictionary else variable
        levels = [level for name, level in keys if name == variable]
        known = (alone.get((variable, level)) or together[variable, level] for level in levels)
        reference = next((term.level for term in known if term.is_reference), None)
        against = "" if reference is None else f" against {_level_label(dictionary, variable, reference)}"
        for level in levels:
            term, other = alone.get((variable, level)), together.get((variable, level))
            counted = alone.get((variable, level)) or together[variable, level]
            rows.append(
                _Row(
                    variable=variable,
                    level=level,
                    label=_level_label(dictionary, variable, level),
                    compared=f"{label}, {_level_label(dictionary, variable, level)}{against}",
                    is_reference=counted.is_reference,
                    n=counted.n,
                    n_event=counted.n_event,
                    univariable=term,
                    multivariable=other,
                    has_share=multivariable.method != "ipcw",
                )
            )
        tests = alone_tests.get(variable), together_tests.get(variable)
        blocks.append(_Block(variable, label, *tests, _test_name(multivariable), _in_order(dictionary, rows)))
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


def _axis(blocks: Sequence[_Block]) -> Axis:
    terms = (term for block in blocks for row in block.rows for term in (row.univariable, row.multivariable))
    return axis_around(term.ratio for term in terms if term is not None)


def _marks(row: _Row, axis: Axis) -> list[Mark | None]:
    """The drawing of both ratios of a row; the reference level has none."""
    if row.is_reference:
        return []
    return [
        mark_of(term.ratio if term else None, axis, is_thick=is_thick, name=f"{row.compared}, {name}")
        for term, is_thick, name in (
            (row.univariable, False, "univariable"),
            (row.multivariable, True, "multivariable"),
        )
    ]


def _ratio_text(term: Ratio | None) -> str:
    return "reference" if term is not None and term.is_reference else ratio_text(term.ratio if term else None)


def _together_text(row: _Row) -> str:
    return _ratio_text(row.multivariable) if row.multivariable else "not in the model"


def _count_text(row: _Row) -> str:
    if row.level is None or not row.has_share:
        return f"{format_count(row.n_event)} of {format_count(row.n)}"
    if row.n == 0:
        return "0 of 0"
    share = format_share(row.n_event, row.n).partition(" ")[2]
    return f"{format_count(row.n_event)} of {format_count(row.n)} {share}"


def _footnotes(
    univariable: Sequence[RatioResult], multivariable: RatioResult, dictionary: Dictionary, words: EventWords
) -> list[str]:
    notes = []
    if multivariable.reason is not None:
        notes.append(f"Multivariable model not fitted: {multivariable.reason}.")
    else:
        notes.append(
            f"Multivariable: {format_patients(multivariable.n)} with all its factors known, "
            f"{format_count(multivariable.n_event)} {words.with_event}; "
            f"{METHODS.get(multivariable.method, multivariable.method)}, "
            f"{format_level(multivariable.conf_level)} confidence intervals ({multivariable.conf_type}), p of a level by the "
            f"{multivariable.ratio_test}."
        )
    methods = {result.method for result in univariable if result.reason is None}
    if len(methods) == 1:
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


def _html_key(measure: str, interval: str) -> str:
    """The key to the two kinds of marks, on narrow pages the only head of the table."""
    keys = "".join(
        f'<span class="forest-key"><span class="forest-marks">{html_lines(kind, 0, 1, 50)}{html_point(kind, 0.5, 50)}'
        f"</span>{name}</span>"
        for kind, name in (("thin", "univariable"), ("thick", "multivariable"))
    )
    return f'<span class="forest-narrow">{measure.capitalize()} {interval}, p</span>{keys}'


def _html_block(block: _Block, axis: Axis) -> str:
    head = (
        f'<tr class="forest-head"><th scope="rowgroup" class="forest-factor" colspan="2">{escape(block.label)}</th>'
        f'<td class="forest-univariable">{_html_test(block.univariable, block.test, "univariable")}</td>'
        f'<td class="forest-multivariable">{_html_test(block.multivariable, block.test, "multivariable")}</td>'
        f'<td class="forest-p"></td><td class="forest-forest"></td></tr>'
    )
    return f"<tbody>{head}{''.join(_html_row(row, axis) for row in block.rows)}</tbody>"


def _html_test(test: TermTest | None, name: str, kind: str) -> str:
    if test is None:
        return ""
    if test.p_value is None:
        return f'<span class="forest-muted">{escape(_why_no_test(test))}</span>'
    title = f"{start_sentence(name)} p of the whole factor, {kind}"
    return f'<span title="{title}"><small>{TESTS[name]}</small> {escape(format_p_phrase(test.p_value))}</span>'


def _why_no_test(test: TermTest) -> str:
    # Beside a ratio that is shown, "not shown" alone would seem to be said of the ratio.
    return f"p {test.reason}" if is_withheld(test.reason) else test.reason or MISSING


def _html_row(row: _Row, axis: Axis) -> str:
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
    p = "" if row.is_reference or term is None else format_p_cell(term.p_value, term.p_reason)
    return (
        f'<tr class="{classes}"{attributes}>'
        f'<th scope="row" class="forest-factor">{escape(row.label)}</th>'
        f'<td class="forest-count">{escape(_count_text(row))}</td>'
        f'<td class="forest-univariable">{_html_ratio(row.univariable, _ratio_text(row.univariable))}</td>'
        f'<td class="forest-multivariable" title="{escape(used)}">{_html_ratio(term, _together_text(row))}</td>'
        f'<td class="forest-p">{escape(p)}</td>'
        f'<td class="forest-forest">{_html_reference(axis) if row.is_reference else html_marks(_marks(row, axis))}</td></tr>'
    )


def _html_ratio(term: Ratio | None, text: str) -> str:
    return html_ratio(text, has_value=_has_value(term))


def _html_reference(axis: Axis) -> str:
    return f'<div class="forest-marks"><i class="forest-one" style="left:{percent(axis.place(1))}"></i></div>'


# --- SVG -------------------------------------------------------------------------------------------------------------

COLUMNS = {"factor": 24, "count": 236, "univariable": 372, "multivariable": 512, "p": 652}
ROOM = {"factor": 30, "count": 19, "univariable": 19, "multivariable": 19, "p": 7}
LEFT = 706


class _TableDrawing(Drawing):
    """The drawing of a table of factors."""

    def add_head(self, measure: str, words: EventWords, level: str) -> None:
        height = self.cells(
            {
                "factor": ("Factor", BOLD),
                "count": (f"{words.head}, of all", BOLD),
                "univariable": (f"Univariable {SHORT[measure]} ({level} CI)", BOLD),
                "multivariable": (f"Multivariable {SHORT[measure]} ({level} CI)", BOLD),
                "p": ("p (multi)", BOLD),
            }
        )
        for offset, is_thick, text in ((0, False, "univariable"), (112, True, "multivariable")):
            x = LEFT + 20 + offset
            self.mark(x - 12, x + 12, x, self.y + 11, is_thick=is_thick)
            self.text(x + 18, self.y + 15, text)
        self.y += height
        self.rule(self.y, INK)

    def add_block(self, block: _Block) -> None:
        self.y += 4
        cells = {"factor": (block.label, BOLD)}
        for name, test in (("univariable", block.univariable), ("multivariable", block.multivariable)):
            if test is not None:
                text = _why_no_test(test)
                if test.p_value is not None:
                    text = f"{TESTS[block.test]} {format_p_phrase(test.p_value)}"
                cells[name] = (text, "")
        self.y += self.cells(cells) - 2
        for row in block.rows:
            self.add_row(row)
        self.y += 2
        self.rule(self.y, "#d5dae1")

    def add_row(self, row: _Row) -> None:
        soft = f' fill="{SOFT}" font-style="italic"'
        term = row.multivariable
        height = self.cells(
            {
                "factor": (row.label, ""),
                "count": (_count_text(row), ""),
                "univariable": (_ratio_text(row.univariable), "" if _has_value(row.univariable) else soft),
                "multivariable": (_together_text(row), BOLD if _has_value(term) else soft),
                "p": ("" if row.is_reference or term is None else format_p_cell(term.p_value, term.p_reason), ""),
            },
            indent=14,
        )
        if row.is_reference:
            one = self.place(self.axis.place(1))
            self.parts.append(f'<circle cx="{one:g}" cy="{self.y + height / 2:g}" r="3" fill="{SOFT}"/>')
        self.add_marks(_marks(row, self.axis), height)
        self.y += height


def _has_value(term: Ratio | None) -> bool:
    return term is not None and not term.is_reference and term.ratio.value is not None
