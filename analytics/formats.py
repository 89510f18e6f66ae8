"""How numbers look: the only place where a probability becomes per cent and a p value becomes text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.dictionary import Variable, load_words
from analytics.results import Estimate, Interval, Reason
from analytics.speaking import fill_words

MISSING = "–"
SUPPRESSED = "not shown"
SUPPRESSED_REASON = "small numbers are protected, and this would tell some; it need not be none"
LARGEST_RATIO = 10_000
MOST_DECIMALS = 5  # of a number so close to a threshold that fewer would not tell its side
MOST_NAMED = 3  # of several things in one sentence
LONGEST_QUOTE = 60  # characters of a text that is not the project's own


@dataclass(frozen=True, slots=True)
class FewerThan:
    """A number of children of which no more may be said than that it is less than ``bound``: a few, or none.

    It is no number: it stands in no sum, and neither above nor below another.
    """

    bound: int


def format_count(n: float | FewerThan) -> str:
    """A count with thin spaces between thousands ("1 000 000"); "<5" for one of which only that may be said."""
    if isinstance(n, FewerThan):
        return f"<{n.bound}"
    return f"{round(n):,}".replace(",", "\u202f")


def format_patients(n: float) -> str:
    """A number of patients with the dictionary's noun ("1 child", "1 000 children")."""
    return f"{format_count(n)} {load_words().of(n)}"


def name_patients(text: str) -> str:
    """A text that stands in the code as a constant, with the words of the dictionary in hand in its fields ``{patients}``."""
    return fill_words(text)


def shorten(text: object, longest: int = LONGEST_QUOTE) -> str:
    """Text from a file, a path or a link as a message repeats it: on one line, what cannot be printed as "�", cut short.

    Longer text keeps its beginning and its end.
    """
    said = str(text)
    half = (longest - 1) // 2
    if len(said) > longest:
        said = f"{said[: longest - 1 - half]}…{said[len(said) - half :]}"
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in said)


def format_number(value: float | None, digits: int = 2) -> str:
    """A number with ``digits`` decimals; a dash for None."""
    return MISSING if value is None else f"{value:.{digits}f}"


def format_ratio(value: float | None) -> str:
    """An odds or hazard ratio with three significant digits at most two decimals ("2.09", "12.4", "0.03").

    Below 0.01 and above 10 000 only that is said: more digits would promise what no data hold.
    """
    if value is None:
        return MISSING
    if value > LARGEST_RATIO:
        return f">{format_count(LARGEST_RATIO)}"
    if value >= 999.5:
        return format_count(value)
    if value >= 9.995:
        return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
    return f"{value:.2f}" if value >= 0.01 else "<0.01"


def format_ratio_limit(value: float | None) -> str:
    """A limit of a ratio as :func:`format_ratio`, with the decimals that tell on which side of 1 it lies ("0.998")."""
    text = format_ratio(value)
    return text if value is None or text != "1.00" else _beside(value, 1.0, 2)


def format_ratio_of(ratio: Estimate) -> str:
    """The ratio of an estimate, without its interval; with the decimals of its limits where these lie on one side of 1.

    A ratio of 1.002 with limits of 1.0005 and 1.004 would otherwise read as none, outside of its own interval.
    """
    limits = ratio.interval
    if limits is None or not limits.excludes(1):
        return format_ratio(ratio.value)
    return format_ratio_limit(ratio.value)


def format_p(p_value: float | None) -> str:
    """A p value with three decimals, "<0.001" below, ">0.999" above; a dash for None.

    One that would read as 0.050 has the further decimals that tell on which side of it it lies ("0.0499", "0.0504").
    """
    if p_value is None:
        return MISSING
    if p_value < 0.001:
        return "<0.001"
    text = ">0.999" if p_value > 0.999 else f"{p_value:.3f}"
    return text if text != "0.050" else _beside(p_value, 0.05, 3)


def _beside(value: float, threshold: float, digits: int) -> str:
    """A number with at least that many decimals, and as many more as tell it from a threshold that it is not."""
    texts = [f"{value:.{decimals}f}" for decimals in range(digits, MOST_DECIMALS + 1)]
    return next((text for text in texts if float(text) != threshold), texts[0])


def is_withheld(reason: Reason | None) -> bool:
    """True for the reason of a number that could be estimated and is not shown, since too few stand behind it."""
    return reason is not None and reason.code == "withheld"


def format_p_cell(p_value: float | None, reason: Reason | None) -> str:
    """A p value in a table: "not shown" where it is withheld, a dash where there is none."""
    return SUPPRESSED if p_value is None and is_withheld(reason) else format_p(p_value)


def format_p_phrase(p_value: float | None) -> str:
    """A p value as it stands in a sentence ("p = 0.037", "p < 0.001"); a dash for None."""
    text = format_p(p_value)
    if text[0] in "<>":
        return f"p {text[0]} {text[1:]}"
    return text if text == MISSING else f"p = {text}"


def format_percent(probability: float | None, digits: int = 1) -> str:
    """A probability (0–1) in per cent ("72.9 %"); a dash for None."""
    return MISSING if probability is None else f"{100 * probability:.{digits}f}\u00a0%"


def format_share(part: float, whole: float, digits: int = 1) -> str:
    """A count with its share of a whole ("64 (14.7 %)"); the count alone where the whole is empty."""
    return f"{format_count(part)} ({format_percent(part / whole, digits)})" if whole else format_count(part)


def format_quantity(value: float, variable: Variable) -> str:
    """A number with its unit, "1 year", "9.5 years" or "50 × 10⁹/L"; the number alone without a unit."""
    unit = variable.unit_one if value == 1 and variable.unit_one else variable.unit
    return f"{value:g}{' ×' if unit[:1].isdigit() else ''} {unit}".rstrip()


def format_step(variable: Variable) -> str:
    """The step of a ratio of a number, after "per" or "every": "year", "10 × 10⁹/L", "unit" without a unit."""
    if variable.per != 1:
        return format_quantity(variable.per, variable if variable.unit else replace(variable, unit="units"))
    return {"": "unit", "%": "percentage point"}.get(variable.unit, variable.unit_one or variable.unit)


def format_months(months: float | None, digits: int = 1) -> str:
    """A time in months ("24.6 months"); a dash for None."""
    return MISSING if months is None else f"{months:.{digits}f}\u00a0months"


def format_years(years: float) -> str:
    """A whole number of years ("1 year", "3 years")."""
    return f"{years:g} year{'' if years == 1 else 's'}"


def format_level(conf_level: float) -> str:
    """A confidence level ("95 %")."""
    return f"{100 * conf_level:g}\u00a0%"


def format_interval(interval: Interval | None, digits: int = 2) -> str:
    """The two limits of a ratio (two digits) or number ("1.04–4.17"); a limit that does not exist reads "no limit"."""
    if interval is None:
        return MISSING
    return _limits(
        format_ratio_limit(interval.low) if digits == 2 else format_number(interval.low, digits),
        format_ratio_limit(interval.high) if digits == 2 else format_number(interval.high, digits),
        interval,
    )


def say_interval(interval: Interval | None) -> str:
    """An interval with its level ("95 % interval 1.02 to 3.4"); empty where there is none."""
    return "" if interval is None else f"{format_level(interval.level)} interval {format_interval(interval)}"


def format_percent_interval(interval: Interval | None, digits: int = 1) -> str:
    """The two limits of a probability in per cent without the sign ("55.9–84.2")."""
    if interval is None:
        return MISSING
    low = MISSING if interval.low is None else f"{100 * interval.low:.{digits}f}"
    high = MISSING if interval.high is None else f"{100 * interval.high:.{digits}f}"
    return _limits(low, high, interval)


def format_hidden(interval: Interval, *, survives: bool) -> str:
    """The exact limit of a share with no event so far ("at least 22.4 %, exact one-sided 95 % limit"), or of its rest."""
    limit = f"at least {format_percent(interval.low)}" if survives else f"at most {format_percent(interval.high)}"
    return f"{limit}, exact one-sided {format_level(interval.level)} limit"


def format_signed(value: float | None, digits: int = 1) -> str:
    """A difference with its sign ("+3.2", "−0.5", "0.0" without one where it rounds to none); a dash for None."""
    if value is None:
        return MISSING
    text = f"{abs(value):.{digits}f}"
    sign = "" if float(text) == 0 else "+" if value > 0 else "−"
    return f"{sign}{text}"


def format_plain(value: float, digits: int = 2) -> str:
    """A number with a minus sign where it is below 0, and none where it rounds to 0."""
    return format_signed(value, digits).lstrip("+")


def _limits(low: str, high: str, interval: Interval) -> str:
    low = "no lower limit" if interval.low is None else low
    high = "no upper limit" if interval.high is None else high
    return f"{low} to {high}" if interval.low is None or interval.high is None else f"{low}–{high}"


def join_words(words: Sequence[str]) -> str:
    """Words joined as in a sentence ("a, b and c")."""
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def keep_together(label: str) -> str:
    """The label with spaces that do not break within a limit such as "(< 0.01 %)"."""
    return label.replace(" %", "\u00a0%").replace("< ", "<\u00a0").replace("≥ ", "≥\u00a0")
