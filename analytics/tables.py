"""Tables for readers: text cells in a fixed order, ready for a page, a slide or a file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from analytics.cohort import Cohort
from analytics.cohort.disclosure import Hidden, SuppressedError
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Dictionary, Variable
from analytics.formats import (
    MISSING,
    SUPPRESSED,
    format_count,
    format_interval,
    format_number,
    format_percent_interval,
    format_probability,
    format_share,
)
from analytics.frames import EVERYONE
from analytics.methods import Method
from analytics.policy import STATE_WORDS, Least, Policy, State
from analytics.published import Published, Recomputation
from analytics.simulation import Simulation
from analytics.wording import start_sentence


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text. ``indent`` marks rows that belong to the row above them; ``help`` explains a column on hover.

    ``words`` marks a table of prose, whose columns are aligned to the left.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    indent: tuple[bool, ...] = ()
    help: tuple[str, ...] = ()
    caption: str = ""
    words: bool = False

    def to_html(self) -> str:
        """The table as escaped HTML with the class ``outcomes-table``; numbers stand in right-aligned columns."""
        heads = "".join(
            f'<th scope="col"{_title(self.help, i)}>{escape(name)}</th>' for i, name in enumerate(self.columns)
        )
        kind, prose = (' class="words"', " prose") if self.words else ("", "")
        body = "".join(
            f"<tr{self._row_class(r)}>"
            + f'<th scope="row">{escape(row[0])}</th>'
            + "".join(f"<td{kind}>{_unbroken(escape(cell))}</td>" for cell in row[1:])
            + "</tr>"
            for r, row in enumerate(self.rows)
        )
        caption = f'<p class="outcomes-caption">{escape(self.caption)}</p>' if self.caption else ""
        return (
            f'<div class="outcomes-scroll"><table class="outcomes-table{prose}"><caption>{escape(self.title)}</caption>'
            f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{caption}"
        )

    def _row_class(self, row: int) -> str:
        if not self.indent:
            return ""
        return ' class="indent"' if self.indent[row] else ' class="group"'


def tabulate_baseline(cohort: Cohort, cohort_filter: CohortFilter, variables: Sequence[Variable]) -> Table:
    """Table 1: the filtered cohort described by each variable, all children and by relapse.

    Coded variables show n (%) of those recorded, numbers the median and quartiles (type 7); missing values have a row
    of their own wherever there are any, and children whose relapse is not recorded a column of their own. A cohort
    without a column of relapses has the column of all children alone.
    """
    outcome = ["relapsed"] if "relapsed" in cohort.variables else []
    coded = [v.name for v in variables if v.is_coded]
    # One tally for all that is coded; where small numbers are protected, that would ask for too much at once.
    joint = [] if cohort.smallest_cell else _parts_of(cohort, cohort_filter, [*coded, *outcome], outcome)
    totals = joint or _parts_of(cohort, cohort_filter, outcome, outcome)
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    for variable in variables:
        parts = joint
        if not joint or not variable.is_coded:
            parts = _parts_of(cohort, cohort_filter, [variable.name, *outcome], outcome)
        new = _coded_rows(variable, parts) if variable.is_coded else _number_rows(variable, parts)
        rows += new
        indent += [False] + [True] * (len(new) - 1)
    rounded = f" Numbers are rounded to multiples of {cohort.smallest_cell}; {SUPPRESSED}: too few."
    return Table(
        title="Who is in this selection",
        columns=("", *(f"{part.name} (n = {part.n})" for part in totals)),
        rows=tuple(rows),
        indent=tuple(indent),
        caption="n (% of those recorded in the column), or median (lower to upper quartile)."
        + (rounded if cohort.smallest_cell else ""),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """A column of Table 1: the rows of the tally that it counts; None where they may not be shown.

    ``left_out`` are the levels that are not in the tally, to protect small numbers.
    """

    name: str
    tally: pd.DataFrame | None
    left_out: tuple[Hidden, ...] = ()

    @property
    def n(self) -> str:
        """The number of children."""
        return SUPPRESSED if self.tally is None else format_count(self.tally["n"].sum())

    def hides(self, variable: Variable, level: str | None) -> bool:
        """True if the level (None: no value) is left out."""
        return self.tally is None or Hidden(variable.name, level) in self.left_out


def _parts_of(
    cohort: Cohort, cohort_filter: CohortFilter, columns: Sequence[str], outcome: Sequence[str]
) -> list[_Part]:
    """All children, then those without relapse, with it, and those in whom it is not recorded."""
    both = _part_of(cohort, cohort_filter, columns)
    # All together may be shown where a part of them is too small.
    alone = [name for name in columns if name not in outcome]
    everyone = _part_of(cohort, cohort_filter, alone) if cohort.smallest_cell else both
    if not outcome:
        return [everyone]
    tally = both.tally
    if tally is None:
        return [everyone, _Part("No relapse", None), _Part("Relapse", None)]
    relapsed = tally["relapsed"].to_numpy(float)
    rows = {"No relapse": relapsed == 0, "Relapse": relapsed == 1}
    if np.isnan(relapsed).any():
        rows["Relapse not recorded"] = np.isnan(relapsed)
    return [everyone, *(_Part(name, tally[mask], both.left_out) for name, mask in rows.items())]


def _part_of(cohort: Cohort, cohort_filter: CohortFilter, columns: Sequence[str]) -> _Part:
    record = cohort.recording()
    try:
        tally = record.tally(columns, cohort_filter)
    except SuppressedError:
        tally = None
    return _Part("All", tally, record.left_out)


def _coded_rows(variable: Variable, parts: Sequence[_Part]) -> list[tuple[str, ...]]:
    rows = [(variable.label, *("" for _ in parts))]
    counts = [None if part.tally is None else _level_counts(variable, part.tally) for part in parts]
    for i, level in enumerate(variable.levels):
        cells = []
        for part, n in zip(parts, counts, strict=True):
            if n is None or part.hides(variable, level):
                cells.append(SUPPRESSED)
            else:
                known = n[1:].sum()
                cells.append(format_share(n[i + 1], known) if known else "0")
        rows.append((variable.level_label(level), *cells))
    if any(n is not None and (n[0] or part.hides(variable, None)) for part, n in zip(parts, counts, strict=True)):
        unknown = [
            SUPPRESSED if n is None or part.hides(variable, None) else format_count(n[0])
            for part, n in zip(parts, counts, strict=True)
        ]
        rows.append((variable.missing_label, *unknown))
    return rows


def _level_counts(variable: Variable, tally: pd.DataFrame) -> np.ndarray:
    """Children without a value, then at each level."""
    codes = pd.Categorical(tally[variable.name], categories=list(variable.levels)).codes
    return np.bincount(codes + 1, weights=tally["n"].to_numpy(), minlength=len(variable.levels) + 1)


def _number_rows(variable: Variable, parts: Sequence[_Part]) -> list[tuple[str, ...]]:
    label = f"{variable.label} ({variable.unit})" if variable.unit else variable.label
    cells: list[str] = []
    missing: list[int | None] = []
    hides_any = False
    for part in parts:
        if part.tally is None:
            cells.append(SUPPRESSED)
            missing.append(None)
            continue
        known = part.tally[part.tally[variable.name].notna()]
        quartiles = weighted_quantiles(known[variable.name].to_numpy(float), known["n"].to_numpy(), (0.5, 0.25, 0.75))
        if quartiles is None:
            cells.append(MISSING)
        else:
            median, low, high = (format_number(q, 1) for q in quartiles)
            cells.append(f"{median} ({low} to {high})")
        hidden = part.hides(variable, None)
        missing.append(None if hidden else int(part.tally["n"].sum() - known["n"].sum()))
        hides_any |= hidden
    rows = [(label, *cells)]
    if any(missing) or hides_any:
        rows.append((variable.missing_label, *(SUPPRESSED if n is None else format_count(n) for n in missing)))
    return rows


def weighted_quantiles(values: np.ndarray, weight: np.ndarray, at: Sequence[float]) -> tuple[float, ...] | None:
    """Quantiles of frequency-weighted values, equal to those of the repeated rows by type 7 (Hyndman and Fan 1996).

    None without any value.
    """
    total = int(weight.sum())
    if total == 0:
        return None
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weight[order])
    result = []
    for q in at:
        position = q * (total - 1)
        below = int(np.floor(position))
        low = values[order][np.searchsorted(upto, below, side="right")]
        high = values[order][np.searchsorted(upto, min(below + 1, total - 1), side="right")]
        result.append(float(low + (position - below) * (high - low)))
    return tuple(result)


def _unbroken(text: str) -> str:
    # A browser may break a line after a dash: word joiners keep the two limits of an interval together.
    return text.replace("–", "\u2060–\u2060") if text != MISSING else text


def _title(help_texts: Sequence[str], i: int) -> str:
    return f' title="{escape(help_texts[i])}"' if i < len(help_texts) and help_texts[i] else ""


def table_frame(table: Table) -> pd.DataFrame:
    """The table as a frame of text, for files."""
    return pd.DataFrame(list(table.rows), columns=list(table.columns))


def labels_of(variable: Variable | None, shown: Collection[str] | None = None) -> dict[str, str]:
    """Level name to the label a reader sees; ``everyone`` without a variable.

    ``shown`` are the levels that are not left out to protect small numbers; None for all.
    """
    if variable is None:
        return {EVERYONE: "Everyone"}
    labels = zip(variable.levels, variable.level_labels, strict=True)
    return {level: label for level, label in labels if shown is None or level in shown}


def tabulate_published(recomputation: Recomputation, *, whole: bool) -> Table:
    """Each printed figure beside the same figure from this selection, with its interval.

    ``whole`` True, without a filter, also says whether the two agree: a part of a cohort need not.
    """
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    section = ""
    for entry in recomputation.figures:
        figure, estimate = entry.figure, entry.estimate
        if figure.section != section:
            section = figure.section
            rows.append((section, "", "", "", ""))
            indent.append(False)
        interval = MISSING
        if estimate.interval is not None:
            interval = (format_percent_interval if figure.is_share else format_interval)(estimate.interval)
        sign = estimate.reason or ""
        if whole and estimate.value is not None:
            sign = "✓\u00a0as\u00a0printed" if entry.agrees else "differs"
        rows.append((figure.label, figure.printed, entry.text, interval, sign))
        indent.append(True)
    return Table(
        title="Published figures beside the same figures from this selection",
        columns=("", "Published", "Here", "95 % interval", ""),
        rows=tuple(rows),
        indent=tuple(indent),
        help=(
            "",
            "As printed in the abstract",
            "Recomputed from the children selected now",
            "The abstract prints none",
            "",
        ),
    )


def tabulate_readings(published: Published) -> Table:
    """What was decided for each printed figure where the abstract does not say how it was come by."""
    rows = tuple((figure.label, figure.reading) for figure in published.figures if figure.reading)
    return Table("How the printed figures are read here", ("Figure", "Reading"), rows, words=True)


def tabulate_dictionary(dictionary: Dictionary) -> Table:
    """Every variable with its phase, values, definition and source."""
    rows = tuple(
        (
            v.label,
            v.name,
            v.phase,
            ", ".join(
                f"{label} (reference)" if level == v.reference else label
                for level, label in zip(v.levels, v.level_labels, strict=True)
            )
            or v.unit
            or v.kind,
            v.definition,
            v.source,
        )
        for v in dictionary.variables
    )
    columns = ("Variable", "Column", "Known from", "Values or unit", "Definition", "Source")
    return Table("Dictionary", columns, rows, words=True)


def tabulate_endpoints(dictionary: Dictionary) -> Table:
    """Every endpoint with its clock, event and definition."""
    rows = tuple((e.label, e.origin, e.event_label, e.population, e.definition) for e in dictionary.endpoints)
    return Table("Endpoints", ("Endpoint", "Clock starts at", "Event", "Among", "Definition"), rows, words=True)


def tabulate_competing(dictionary: Dictionary) -> Table:
    """Every endpoint of which several kinds of event compete, with its kinds and definition."""
    rows = tuple(
        (e.label, e.origin, ", ".join(dictionary[e.cause].level_labels[1:]), e.population, e.definition)
        for e in dictionary.competing
    )
    columns = ("Competing events", "Clock starts at", "Events", "Among", "Definition")
    return Table("Endpoints with competing events", columns, rows, words=True)


def tabulate_simulation(simulation: Simulation) -> Table:
    """How often each method finds a difference where there is none, by the size of the data sets."""
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    for label, biased in dict.fromkeys((m.label, m.is_biased) for m in simulation.methods):
        rows.append((f"{label} (biased)" if biased else label, "", "", ""))
        indent.append(False)
        for method in sorted((m for m in simulation.methods if m.label == label), key=lambda m: m.n):
            treated = format_number(method.mean_n_treated, 1)
            ratio = format_number(method.median_hazard_ratio, 2)
            rows.append((f"n = {format_count(method.n)}", treated, format_probability(method.share), ratio))
            indent.append(True)
    return Table(
        title="What each method finds when treatment does nothing",
        columns=("Method", "Treated", "p < 0.05", "Median HR"),
        rows=tuple(rows),
        indent=tuple(indent),
        help=(
            "And the patients of each data set",
            "Mean number who count as treated, by the landmark where the method has one",
            "Share of data sets, with its 95 % interval; 5 % is right",
            "1 is right",
        ),
        caption=f"Simulated, true hazard ratio 1. Where only a handful count as treated, as by an early landmark, p values are "
        f"approximate and the median hazard ratio is off. A method that stays at 5 % is free of immortal time; what it finds in "
        f"real children is still an association, not an effect. {simulation.design}",
    )


def tabulate_policy(policy: Policy) -> Table:
    """How much of a number is shown, by what stands behind it."""

    def below(least: Least) -> tuple[str, str, str]:
        return (
            f"fewer than {least.patients} children",
            f"fewer than {least.events}",
            f"fewer than {least.events_per_parameter:g}",
        )

    limits = {State.CAUTION: policy.full, State.WITHOUT_P: policy.p_value, State.COUNTS_ONLY: policy.estimate}
    smallest = f"fewer than {policy.smallest_cell}"
    conditions = {state: below(least) for state, least in limits.items()}
    conditions[State.SUPPRESSED] = (f"{smallest} children", f"{smallest}, or {smallest} without the event", "any")
    rows = [
        (start_sentence(name), shown, *conditions.get(state, ("any", "any", "any")))
        for state, (name, shown) in STATE_WORDS.items()
    ]
    return Table(
        title="What is shown for how few",
        columns=("State", "What is shown", "In a group", "Events", "Events per parameter"),
        rows=tuple(rows),
        caption="The lowest row of which one condition holds decides; the last counts only where small numbers are protected. "
        "Groups are those compared, or the one described; empty "
        "groups, and children in whom the value is not known, are not looked at. Curves are drawn faintly where fewer than "
        f"{policy.fade_below} children are at risk, and end where fewer than {policy.stop_below} are; the counts under them "
        "go on. In simulations of regression models, bias, intervals and tests went wrong fairly often with 2 to 4 events per "
        "parameter, seldom with 5 to 9, and still now and then with 10 to 16 (Vittinghoff and McCulloch 2007, "
        "doi:10.1093/aje/kwk052). No such number makes a model sound (Courvoisier and colleagues 2011, "
        "doi:10.1016/j.jclinepi.2010.11.012; van Smeden and colleagues 2016, doi:10.1186/s12874-016-0267-3), and a model that is "
        "to predict needs far more (Riley and colleagues 2020, doi:10.1136/bmj.m441).",
        words=True,
    )


def tabulate_methods(methods: Sequence[Method]) -> Table:
    """Every method with what it answers, how it is computed here and the source of its formula."""
    rows = tuple((m.name, m.answers, m.computed, m.source) for m in methods)
    return Table("Methods", ("Method", "What it answers", "How it is computed here", "Source"), rows, words=True)
