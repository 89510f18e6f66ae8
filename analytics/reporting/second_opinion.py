"""A second opinion in words: what libraries give for the figures of a page, how far both agree, and why they may not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from analytics.dictionary import Dictionary, load_words
from analytics.formats import MISSING, format_count, name_patients
from analytics.reporting.tables import Table
from analytics.reporting.wording import join_words, start_sentence
from analytics.results import NOT_RECORDED, Name, Note, own_level_name
from analytics.results.second_opinion import (
    APPROXIMATE,
    AT_ONE,
    AT_ZERO,
    CANNOT,
    COARSE,
    ESTIMATED_WEIGHTS,
    FIRTH_ERROR,
    FIRTH_TIES,
    JITTERED,
    NO_LIBRARY,
    PAIRS,
    PLATEAU,
    RISING,
    ROBUST,
    UNEXPLAINED,
    Compared,
    Quantity,
    SecondOpinion,
)

OPINION = "second-opinion"  # the name of the part, and of its file
ABOUT_OPINION = (
    "Fits this view again with lifelines, statsmodels, firthmodels or scipy, whichever has it, on the same "
    "{patients}, and compares every figure with the one shown here. Takes some seconds."
)
NOTHING_SHOWN = "Nothing is shown here that one of these libraries could give."

AGREEMENT = {
    "neither": "neither has one",
    "1e-6": "to 1 in 1,000,000",
    "1e-3": "to 1 in 1,000",
    "differs": "differs",
    "not offered": "no answer",
}  # from the best to the worst

WHY = {
    PLATEAU: "The curve is level at 50 %: shown is the middle of that stretch, as in R; the library takes one of its ends.",
    RISING: "{Patients} enter late, so that the limits of the curve rise again: shown is the median by R’s rule, theirs is where "
    "the limit first falls below 50 %.",
    AT_ONE: "Nobody has had the event yet: shown is an exact limit for that; the library has none, or one without width.",
    AT_ZERO: "Nobody is left at risk: the formula of the limits ends there, and one of the two stops a step earlier.",
    JITTERED: "lifelines moves events on the same day apart by chance; statsmodels does not, and is in the same row.",
    FIRTH_TIES: "Several events on one day: firthmodels knows Breslow’s approximation alone; shown is Efron’s, which is closer.",
    FIRTH_ERROR: "firthmodels takes the standard error from the penalised information; shown is that of Heinze and Schemper.",
    ESTIMATED_WEIGHTS: "The weights were estimated. Limits and p shown know that; the library takes the weights as given.",
    ROBUST: "lifelines makes the robust standard error by another approximation.",
    APPROXIMATE: "lifelines has the approximate test of 1994; shown is the score test itself, as in R since version 3.0.",
    PAIRS: "lifelines compares all pairs; shown are only pairs within a stratum and at risk together.",
    COARSE: "lifelines stops its search a little early; statsmodels goes on, and agrees.",
    NO_LIBRARY: "None of these libraries has it. It was checked against R.",
    CANNOT: "The library gave up on these {patients}: there are too few events for its search.",
    UNEXPLAINED: "No reason is known. Please report it with the link to this page.",
}

MEASURES = {
    "curve": "Curve, where the two are furthest apart",
    "survival": "Curve",
    "median": "Median, months",
    "median follow-up": "Median follow-up, months",
    "survival difference": "Difference of the curves",
    "restricted mean": "Restricted mean, months",
    "difference of restricted means": "Difference of restricted means, months",
    "ratio of restricted means": "Ratio of restricted means",
    "incidence curve": "Incidence, where the two are furthest apart",
    "incidence": "Incidence",
    "test": "Test of the curves",
    "hazard ratio": "Hazard ratio",
    "odds ratio": "Odds ratio",
    "subdistribution hazard ratio": "Subdistribution hazard ratio",
    "test of a variable": "Test of all levels",
    "proportional hazards": "Test of proportional hazards",
    "concordance": "Concordance",
    "area under the curve": "Area under the curve",
    "Brier score": "Brier score",
    "interaction": "Test of interaction",
    "missing": "Share missing",
}
SHARES = ("curve", "survival", "survival difference", "incidence curve", "incidence", "missing")


def refuse_opinion(n: int, most: int) -> str:
    """Why libraries that take no more than ``most`` patients are not asked about ``n``; "" if they can be."""
    if not n:
        return "There is nobody to compare anything for."
    return (
        ""
        if n <= most
        else (
            f"These libraries want every {load_words().noun} as a row of its own and would take minutes for {format_count(n)}: "
            f"narrow the selection to {format_count(most)} or fewer."
        )
    )


def refuse_rows(n: int, most: int, smallest: int) -> str:
    """Why a script for ``n`` patients is not made, where numbers below ``smallest`` are protected; "" if it is."""
    if smallest:
        return (
            f"Small numbers are protected here: no rows of {load_words().plural} are given out, and the intervals shown contain "
            "the noise of the counts, which no library knows."
        )
    return refuse_opinion(n, most)


def list_opinion(
    found: SecondOpinion, dictionary: Dictionary
) -> tuple[tuple[Note, ...], tuple[()], tuple[Table, ...], tuple[str, ...]]:
    """Notes, no pictures, a row per estimate with a column for each library, and what it comes to."""
    if not found.rows:
        return (), (), (), (NOTHING_SHOWN,)
    return note_unexplained(found), (), (tabulate_opinion(found, dictionary),), (describe_opinion(found),)


def list_figures(found: SecondOpinion) -> Mapping[str, pd.DataFrame]:
    """The file: one row per figure, with the reason in words."""
    frame = found.to_frame()
    return {OPINION: frame.assign(reason=frame["reason"].map(_say_why, na_action="ignore"))}


def _say_why(reason: str) -> str:
    return name_patients(WHY[reason])


def describe_opinion(found: SecondOpinion) -> str:
    """How many figures agree, and how many do not."""
    n = len(found.rows)
    agree = found.count("1e-6", "neither")
    words = [f"{format_count(agree)} of {format_count(n)} figures agree to 1 in 1,000,000"]
    for count, one, many in (
        (found.count("1e-3"), "1 agrees to 1 in 1,000", "agree to 1 in 1,000"),
        (found.count("differs"), "1 differs", "differ"),
        (found.count("not offered"), "for 1 they give no answer", "have no answer"),
    ):
        if count:
            words.append(one if count == 1 else f"{format_count(count)} {many}")
    libraries = join_words([f"{name} {version}" for name, version in found.libraries])
    return f"{join_words(words)} ({libraries})."


def note_unexplained(found: SecondOpinion) -> tuple[Note, ...]:
    """A caution where two figures differ and no reason is known."""
    n = sum(row.reason == UNEXPLAINED for row in found.rows)
    if not n:
        return ()
    text = f"{'One figure differs' if n == 1 else f'{format_count(n)} figures differ'} from a library’s without a known reason."
    return (
        Note("unexplained-difference", "caution", text, "Report it with the link to this page, and do not rely on it."),
    )


def tabulate_opinion(found: SecondOpinion, dictionary: Dictionary) -> Table:
    """One row per estimate with its limits and p, a column for each library; in the order of the page."""
    grouped: dict[Quantity, list[Compared]] = {}
    for row in found.rows:
        whole = "estimate" if row.figure.measure != "test" or row.figure.part != "p_adjusted" else "p_adjusted"
        grouped.setdefault(replace(row.figure, part=whole), []).append(row)  # type: ignore[arg-type]
    names = [name for name, _ in found.libraries]
    cells = []
    for figure, rows in grouped.items():
        worst = max((row.agreement for row in rows), key=list(AGREEMENT).index)
        reasons = list(dict.fromkeys(row.reason for row in rows if row.reason))
        shown: dict[str, float | None] = {row.figure.part: row.ours for row in rows}
        theirs: list[dict[str, float | None]] = [
            {row.figure.part: row.theirs for row in rows if row.library == name} for name in names
        ]
        cells.append(
            (
                name_figure(figure, dictionary),
                _write(shown, figure.measure),
                *(_write(values, figure.measure) for values in theirs),
                AGREEMENT[worst],
                " ".join(map(_say_why, reasons)),
            )
        )
    return Table(
        title="Figure by figure",
        columns=(
            "Figure",
            "Shown here",
            *(f"{name} {version}" for name, version in found.libraries),
            "Agreement",
            "Why",
        ),
        rows=tuple(cells),
        caption="With 95 % limits in brackets, and p, as far as they are shown. Agreement is that of the figure in the row that "
        "agrees least, relative to its size. All figures with all their digits are in the file.",
        words=True,
    )


def name_figure(figure: Quantity, dictionary: Dictionary) -> str:
    """What the figure is and of whom ("Odds ratio, MRD at day 46: positive (multivariable)")."""
    of: list[str] = []
    named = figure.variable in dictionary
    if figure.measure in ("odds ratio", "hazard ratio", "subdistribution hazard ratio", "missing") or not figure.group:
        label = dictionary[figure.variable].label if named else figure.variable
        level = figure.level and (_label(dictionary, figure.variable, figure.level))
        unrecorded = (v.label for v in dictionary.variables if own_level_name(v.name) == figure.variable)
        if number := next(unrecorded, ""):
            label, level = number, NOT_RECORDED
        of.append(f"{label}: {level}" if level else label)
    if figure.group and figure.group != "everyone":
        group = _label(dictionary, figure.variable, figure.group)
        reference = figure.reference and _label(dictionary, figure.variable, figure.reference)
        of.append(f"{group} against {reference}" if reference else group)
    if figure.time is not None:
        of.append(f"{figure.time:.4g} months")
    of.append(_name_model(figure, dictionary))
    measure = MEASURES.get(figure.measure, figure.measure)
    if figure.part == "p_adjusted":
        measure = "Test of the curves, adjusted p"
    return start_sentence(", ".join([measure, *(word for word in of if word)]))


def _label(dictionary: Dictionary, variable: str, level: str) -> str:
    if variable in dictionary and level in dictionary[variable].levels:
        return dictionary[variable].level_label(level)
    return level


def _name_model(figure: Quantity, dictionary: Dictionary) -> str:
    """A model's name, that of a column or of its level by their labels."""
    named = figure.model if isinstance(figure.model, Name) else Name(figure.model)
    column, level = named.variable, named.level
    if column not in dictionary:
        return figure.model_code
    label = dictionary[column].label
    return f"{label}: {_label(dictionary, column, level)}" if level else label


def _write(values: Mapping[str, float | None], measure: str) -> str:
    """An estimate with limits and p ("2.397 (0.5944 to 9.650), p = 0.2096"); a dash where there is none."""
    if not values:
        return MISSING
    parts: list[str] = []
    if "estimate" in values:
        parts.append(_number(values["estimate"], measure))
    if "conf_low" in values or "conf_high" in values:
        parts.append(f"({_number(values.get('conf_low'), measure)} to {_number(values.get('conf_high'), measure)})")
    text = " ".join(parts)
    tests = [("χ²", "statistic"), ("p", "p_value"), ("p", "p_adjusted")]
    said: Iterable[str] = (
        f"{sign} = {number:.4g}" if (number := values[part]) is not None else f"no {sign}"
        for sign, part in tests
        if part in values
    )
    return ", ".join([*([text] if text else []), *said])


def _number(value: float | None, measure: str) -> str:
    if value is None:
        return MISSING
    return f"{100 * value:.4g} %" if measure in SHARES else f"{value:.4g}"
