"""The published figures and the simulation as tables."""

from __future__ import annotations

from collections.abc import Callable

from analytics.dictionary import load_words
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_number,
    format_percent_interval,
    name_patients,
)
from analytics.reporting.estimates import format_probability
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.study.published import Published, PublishedFigure, Recomputation
from analytics.study.simulation import Simulation


def tabulate_published(
    recomputation: Recomputation, *, whole: bool, link_of: Callable[[PublishedFigure], str] = lambda figure: ""
) -> Table:
    """Each printed figure beside the same figure from this selection, with its interval.

    ``link_of`` gives the address of the view that computes a figure. ``whole`` True, without a filter, also says whether the
    two agree: a part of a cohort need not.
    """
    rows: list[tuple[str, ...]] = []
    indent: list[bool] = []
    links: list[str] = []
    section = ""
    for entry in recomputation.figures:
        figure, estimate = entry.figure, entry.estimate
        if figure.section != section:
            section = figure.section
            rows.append((section, "", "", "", ""))
            indent.append(False)
            links.append("")
        interval = MISSING
        if estimate.interval is not None:
            interval = (format_percent_interval if figure.is_share else format_interval)(estimate.interval)
        sign = "" if estimate.reason is None else say_reason(estimate.reason)
        if whole and estimate.value is not None:
            sign = "✓\u00a0as\u00a0printed" if entry.agrees else "differs"
        rows.append((figure.label, figure.printed, entry.text, interval, sign))
        indent.append(True)
        links.append(link_of(figure))
    return Table(
        title="Published figures beside the same figures from this selection",
        columns=("", "Published", "Here", "95 % interval", ""),
        rows=tuple(rows),
        indent=tuple(indent),
        help=(
            "",
            "As printed in the abstract",
            f"Recomputed from the {load_words().plural} selected now",
            "The abstract prints none",
            "",
        ),
        links=tuple(links),
    )


def tabulate_readings(published: Published) -> Table:
    """What was decided for each printed figure where the abstract does not say how it was come by."""
    rows = tuple((figure.label, figure.reading) for figure in published.figures if figure.reading)
    return Table("How the printed figures are read here", ("Figure", "Reading"), rows, words=True)


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
            f"And the {load_words().plural} of each data set",
            "Mean number who count as treated, by the landmark where the method has one",
            "Share of data sets, with its 95 % interval; 5 % is right",
            "1 is right",
        ),
        caption=f"Simulated, true hazard ratio 1. Where only a handful count as treated, as by an early landmark, p values are "
        f"approximate and the median hazard ratio is off. A method that stays at 5 % is free of immortal time; what it finds in "
        f"real {load_words().plural} is still an association, not an effect. {name_patients(simulation.design)}",
    )
