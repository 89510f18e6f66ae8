"""The forest plot inside its table: univariable beside multivariable ratios, and the same in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from analytics.dictionary import Dictionary, Endpoint, load_words
from analytics.figures.forest.layout import (
    Axis,
    Cell,
    Column,
    Forest,
    Mark,
    Row,
    axis_around,
    cell_of,
    marks_of,
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
)
from analytics.reporting.reasons import say_inestimable, say_reason
from analytics.reporting.wording import start_sentence
from analytics.results import HazardRatio, OddsRatio, RatioResult, TermTest
from analytics.speaking import word

AnyRatio = OddsRatio | HazardRatio
NOTHING = "No factor is chosen."
CLICK_TITLE = "Click to make this the reference level"
METHODS = {
    "ml": "maximum likelihood",
    "firth": "Firth's penalised likelihood",
    "ipcw": "weighted for {patients} not followed long enough (inverse probability of censoring), robust standard errors",
}
TESTS = {"likelihood-ratio": "LR", "robust Wald": "Wald"}
SHORT = {"odds ratio": "OR", "hazard ratio": "HR"}
WHAT_HAZARD_IS = (
    " The hazard is the rate at which {patients} still without the event have it, at any moment of follow-up."
)


def say_fitted_by(method: str) -> str:
    """How a model was fitted, in words ("maximum likelihood")."""
    return METHODS.get(method, method).format(patients=load_words().plural)


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


def relapse_words() -> EventWords:
    """The words of relapse, or of what the dictionary in hand has in its place."""
    return EventWords(word("relapse"), word("Had_relapse"), f"who {word('had_relapse')}", word("with_relapse"))


def words_of(endpoint: Endpoint) -> EventWords:
    """The words of an endpoint's event."""
    return EventWords(endpoint.event_label, endpoint.event_noun.capitalize(), "with the event", "with the event")


@dataclass(frozen=True, slots=True)
class _Level:
    """One level: what was estimated for it alone and beside the other factors."""

    variable: str
    level: str | None
    label: str
    compared: str
    is_reference: bool
    n: int
    n_event: int
    univariable: AnyRatio | None
    multivariable: AnyRatio | None
    has_share: bool = True  # not where some outcomes are not known, so that the share of the others is not that of all


@dataclass(frozen=True, slots=True)
class _Factor:
    """One factor with its levels."""

    variable: str
    label: str
    univariable: TermTest | None
    multivariable: TermTest | None
    test: str
    levels: tuple[_Level, ...]


def plot_forest(
    univariable: Sequence[RatioResult],
    multivariable: RatioResult,
    dictionary: Dictionary,
    words: EventWords | None = None,
) -> Forest:
    """The odds or hazard ratios of each factor alone and of all together, with both drawn side by side.

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
    Forest
        One section per factor, one row per level, the reference level and levels that cannot be estimated included. Rows
        of levels carry their variable and level; those that can become the reference can be clicked.
    """
    words = words or relapse_words()
    factors = _factors(univariable, multivariable, dictionary)
    axis = _axis(factors)
    measure, interval = multivariable.measure, f"({format_level(multivariable.conf_level)} CI)"
    explanations = _explanations(multivariable, words, _test_name(multivariable))
    columns = (
        Column("factor", "Factor", 212, 30),
        Column("count", f"{words.head}, of all", 136, 19),
        Column("univariable", f"Univariable {SHORT[measure]}", 140, 19, aside=interval),
        Column("multivariable", f"Multivariable {SHORT[measure]}", 140, 19, aside=interval),
        Column("p", "p", 54, 7, aside="(multivariable)", brief="p (multi)"),
    )
    return Forest(
        kind="models",
        columns=tuple(replace(column, help=explanations[column.name]) for column in columns),
        sections=tuple((_heading(factor), *(_row(level, axis) for level in factor.levels)) for factor in factors),
        axis=axis,
        axis_head=f"{measure.capitalize()} {interval}, p",
        axis_help=explanations["forest"],
        keys=("univariable", "multivariable"),
        sides=sides_of(multivariable.scale),
        notes=tuple(_footnotes(univariable, multivariable, dictionary, words)),
        name=f"{measure.capitalize()}s of {words.event}",
        describe=partial(describe_forest, univariable, multivariable, dictionary, words),
        nothing=NOTHING,
    )


def describe_forest(
    univariable: Sequence[RatioResult],
    multivariable: RatioResult,
    dictionary: Dictionary,
    words: EventWords | None = None,
) -> str:
    """The forest plot in words: each multivariable ratio with interval and p, and what cannot be estimated.

    Factors outside the multivariable model are given by their univariable ratio. Without a factor it says so.
    """
    words = words or relapse_words()
    factors = _factors(univariable, multivariable, dictionary)
    if not factors:
        return NOTHING
    start = (
        f"{multivariable.measure.capitalize()}s of {words.event} from a model of {format_patients(multivariable.n)}, "
        f"{format_count(multivariable.n_event)} of them {words.with_event}; p by the {multivariable.ratio_test}."
    )
    sentences = [
        start
        if multivariable.reason is None
        else f"Multivariable model not fitted: {say_reason(multivariable.reason)}."
    ]
    for factor in factors:
        reference = next((row.label for row in factor.levels if row.is_reference), None)
        parts = []
        for row in factor.levels:
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
        sentences.append(f"{factor.label}{against}: {'; '.join(parts) if parts else 'no other level'}.")
    return " ".join(sentences)


def _explanations(model: RatioResult, words: EventWords, test: str) -> dict[str, str]:
    """What stands in each column, shown on hover."""
    measure, scale = model.measure, model.scale
    verb = "are" if scale == "odds" else "is"
    ratio = (
        f"{measure.capitalize()}: how many times higher the {scale} of {words.event} {verb} in this level than in the "
        "reference level. 1 means no difference. In brackets the confidence interval, the values that fit the data."
    )
    ratio += WHAT_HAZARD_IS.format(patients=load_words().plural) if scale == "hazard" else ""
    return {
        "factor": "Each factor with its levels. The reference level is the one the others are compared with.",
        "count": f"{load_words().head} in this level {words.who}, of all {load_words().plural} in this level whose "
        "value is known.",
        "univariable": f"The factor alone, without regard to the others. {ratio}",
        "multivariable": (
            f"All factors together: the {measure} at equal values of the other factors. Rests on complete cases, the "
            f"{load_words().plural} in whom every factor is known. {ratio}"
        ),
        "p": (
            f"Beside a factor: the {test} p of the multivariable model, which asks whether the model fits worse "
            "without the factor (all its levels at once). Beside a level: the p of this level against the "
            f"reference, by the {model.ratio_test}, which is of the kind of its interval."
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


def sides_of(scale: str) -> tuple[str, str]:
    """What it means to lie to the left and to the right of 1."""
    return f"lower {scale}", f"higher {scale}"


def _factors(univariable: Sequence[RatioResult], multivariable: RatioResult, dictionary: Dictionary) -> list[_Factor]:
    alone = {(term.variable, term.level): term for result in univariable for term in result.terms}
    together = {(term.variable, term.level): term for term in multivariable.terms}
    alone_tests = {test.variable: test for result in univariable for test in result.tests}
    together_tests = {test.variable: test for test in multivariable.tests}
    keys = list(dict.fromkeys([*alone, *together]))
    factors = []
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
                _Level(
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
        factors.append(_Factor(variable, label, *tests, _test_name(multivariable), _in_order(dictionary, rows)))
    return factors


def _in_order(dictionary: Dictionary, rows: list[_Level]) -> tuple[_Level, ...]:
    """Rows in the dictionary's order of levels, so that choosing another reference moves no row."""
    variable = rows[0].variable
    levels = dictionary[variable].levels if variable in dictionary else ()
    place = {level: position for position, level in enumerate(levels)}
    return tuple(sorted(rows, key=lambda row: place.get(row.level or "", len(place))))


def _level_label(dictionary: Dictionary, variable: str, level: str | None) -> str:
    if level is None:
        if variable not in dictionary:
            return "per unit"
        return f"per {format_step(dictionary[variable])}"
    if variable in dictionary and level in dictionary[variable].levels:
        return dictionary[variable].level_label(level)
    return level


def _axis(factors: Sequence[_Factor]) -> Axis:
    terms = (term for factor in factors for row in factor.levels for term in (row.univariable, row.multivariable))
    return axis_around(term.ratio for term in terms if term is not None)


def _heading(factor: _Factor) -> Row:
    alone = _test_cell(factor.univariable, factor.test, "univariable")
    together = _test_cell(factor.multivariable, factor.test, "multivariable")
    return Row((Cell(factor.label, tone="strong"), Cell(), alone, together, Cell()), is_heading=True)


def _test_cell(test: TermTest | None, name: str, kind: str) -> Cell:
    if test is None:
        return Cell()
    if test.p_value is None:
        # Beside a ratio that is shown, "not shown" alone would seem to be said of the ratio.
        return Cell(f"p {say_reason(test.reason)}" if is_withheld(test.reason) else say_reason(test.reason), "reason")
    about = f"{start_sentence(name)} p of the whole factor, {kind}"
    return Cell(format_p_phrase(test.p_value), lead=TESTS[name], help=about)


def _row(level: _Level, axis: Axis) -> Row:
    alone, together = level.univariable, level.multivariable
    used = f"In the model: {format_count(together.n_event)} of {format_count(together.n)}" if together else ""
    p = "" if level.is_reference or together is None else format_p_cell(together.p_value, together.p_reason)
    cells = (
        Cell(level.label),
        Cell(_count_text(level)),
        _ratio_cell(alone),
        replace(_ratio_cell(together, "not in the model", is_strong=True), help=used),
        Cell(p),
    )
    if level.level is None:
        return Row(cells, _marks(level, axis))
    data = (("variable", level.variable), ("level", level.level))
    if level.is_reference:
        return Row(cells, traits=("reference",), data=data)
    return Row(cells, _marks(level, axis), data=data, click=CLICK_TITLE)


def _marks(level: _Level, axis: Axis) -> tuple[Mark, ...]:
    terms = (level.univariable, False, "univariable"), (level.multivariable, True, "multivariable")
    return tuple(
        mark
        for term, is_thick, kind in terms
        if term is not None
        for mark in marks_of(term.ratio, axis, is_thick=is_thick, name=f"{level.compared}, {kind}")
    )


def _ratio_cell(term: AnyRatio | None, missing: str = MISSING, *, is_strong: bool = False) -> Cell:
    if term is None or term.is_reference:
        return Cell("reference" if term else missing, "reason", "soft")
    return cell_of(term.ratio, is_strong=is_strong)


def _count_text(level: _Level) -> str:
    if level.level is None or not level.has_share:
        return f"{format_count(level.n_event)} of {format_count(level.n)}"
    if level.n == 0:
        return "0 of 0"
    share = format_share(level.n_event, level.n).partition(" ")[2]
    return f"{format_count(level.n_event)} of {format_count(level.n)} {share}"


def _footnotes(
    univariable: Sequence[RatioResult], multivariable: RatioResult, dictionary: Dictionary, words: EventWords
) -> list[str]:
    notes = []
    if multivariable.reason is not None:
        notes.append(f"Multivariable model not fitted: {say_reason(multivariable.reason)}.")
    else:
        notes.append(
            f"Multivariable: {format_patients(multivariable.n)} with all its factors known, "
            f"{format_count(multivariable.n_event)} {words.with_event}; "
            f"{say_fitted_by(multivariable.method)}, "
            f"{format_level(multivariable.conf_level)} confidence intervals ({multivariable.conf_type}), p of a level by the "
            f"{multivariable.ratio_test}."
        )
    methods = {result.method for result in univariable if result.reason is None}
    if len(methods) == 1:
        notes.append(f"Univariable: {say_fitted_by(methods.pop())}.")
    elif methods:
        penalised = [
            dictionary[name].label if name in dictionary else name
            for result in univariable
            if result.method == "firth"
            for name in dict.fromkeys(term.variable for term in result.terms)
        ]
        notes.append(f"Univariable: maximum likelihood; {METHODS['firth']} for {', '.join(penalised)}.")
    return notes
