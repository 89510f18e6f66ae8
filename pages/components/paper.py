"""The cards of a paper that is read figure by figure: contents, printed beside recomputed, and what is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from analytics.analysis import Control
from analytics.figures.icon_array import draw_hundred
from analytics.figures.strip import HAZARD_RATIOS, ODDS_RATIOS, SHARES, Scale, draw_scale, draw_strip
from analytics.formats import MISSING, format_interval, format_percent, format_percent_interval, format_ratio
from analytics.learning.paper import Card, Paper, Row, Way
from analytics.learning.paper_numbers import PaperNumbers, move_risk, tell_risk
from analytics.reporting.tables import link_sources, unbroken
from analytics.results import Estimate
from analytics.study.published import Published
from analytics.study.tables import tabulate_readings
from pages.components import state
from pages.components.markdown import as_markdown

SCALES: dict[str, Scale] = {"share": SHARES, "odds ratio": ODDS_RATIOS, "hazard ratio": HAZARD_RATIOS}
# Where a slider begins: the whole per cent nearest to the share without the factor in the reference cohort.
BASELINE = Control("baseline_risk", "", "number", 11, limits=(1, 60), display=True)
LISTS = (("It shows", "shows"), ("It does not show", "shows_not"), ("To know more, report", "report"))


def show_contents(cards: Sequence[Card]) -> None:
    """The figures in a row, each a link to its card."""
    links = "".join(f'<li><a href="#paper-{card.id}">{escape(card.short)}</a></li>' for card in cards)
    st.html(f'<nav class="outcomes-contents paper-contents" aria-label="Figures"><ul>{links}</ul></nav>')


def show_paragraph(text: str) -> None:
    """A paragraph above the cards."""
    st.html(f'<p class="paper-about">{link_sources(text)}</p>')


def show_cards(
    paper: Paper,
    cards: Sequence[Card],
    published: Published,
    numbers: PaperNumbers,
    link_of: Callable[[Way], str],
) -> None:
    """Every card, its fields filled; the one whose risk can be moved has a control in it."""
    for card in cards:
        head, answer = _head_html(card, numbers), _answer_html(card, published, link_of)
        if card.extra != "risk":
            st.html(f"{head}{answer}</section>")
            continue
        with st.container(key=state.PAPER_RISK):
            st.html(f"{head}</section>")
            _show_risk(paper, numbers)
            st.html(f'<div class="paper-card">{answer}</div>')


def _head_html(card: Card, numbers: PaperNumbers) -> str:
    return (
        f'<section class="paper-card" id="paper-{card.id}" tabindex="-1" aria-labelledby="paper-{card.id}-title">'
        f'<h2 id="paper-{card.id}-title">{escape(card.title)}</h2>{_rows_html(card, numbers)}'
        f'<p class="paper-asks">{escape(card.asks)}</p>'
    )


def _rows_html(card: Card, numbers: PaperNumbers) -> str:
    """Printed beside recomputed, with the interval as a strip; "" for a card about words."""
    if not card.rows:
        return ""
    scale = SCALES[card.scale]
    rows = "".join(_row_html(row, numbers, scale) for row in card.rows)
    return (
        '<table class="paper-rows"><thead><tr><th></th><th scope="col">Printed</th><th scope="col">Here</th>'
        f'<th scope="col">95 % interval</th><td>{draw_scale(scale)}</td></tr></thead><tbody>{rows}</tbody></table>'
    )


def _row_html(row: Row, numbers: PaperNumbers, scale: Scale) -> str:
    if row.figure:
        entry = numbers.figure(row.figure)
        estimate, label, printed, here = entry.estimate, entry.figure.label, entry.figure.printed, entry.text
    else:
        estimate, label, printed = numbers.estimate(row.estimate), row.label, MISSING
        here = (format_percent if scale is SHARES else format_ratio)(estimate.value)
    between, strip = _interval_html(estimate, scale)
    cells = f"<td>{escape(printed)}</td><td><b>{escape(here)}</b></td><td>{between}</td><td>{strip}</td>"
    return f'<tr><th scope="row">{escape(label)}</th>{cells}</tr>'


def _interval_html(estimate: Estimate, scale: Scale) -> tuple[str, str]:
    interval = estimate.interval
    if interval is None or estimate.value is None:
        return MISSING, ""
    put = format_percent_interval if scale is SHARES else format_interval
    return unbroken(escape(put(interval))), draw_strip(estimate.value, interval.low, interval.high, scale)


def _answer_html(card: Card, published: Published, link_of: Callable[[Way], str]) -> str:
    said = "".join(
        f"<h3>{title}</h3><ul>{_items_html(getattr(card, name))}</ul>" for title, name in LISTS if getattr(card, name)
    )
    more = f"<ul>{_items_html(card.more)}</ul>" if card.more else ""
    title = "More"
    if card.extra == "readings":
        more, title = tabulate_readings(published).to_html(), "How each figure is read here"
    folded = f"<details><summary>{title}</summary>{more}</details>" if more else ""
    ways = [(way.label, link_of(way)) for way in card.ways]
    links = "".join(f'<a data-turn href="{escape(to)}">{escape(label)}\u00a0→</a>' for label, to in ways if to)
    return (
        f'<details class="paper-answer"><summary>What does it show?</summary>{said}{folded}</details>'
        f'<p class="paper-ways">{links}</p>'
    )


def _items_html(texts: Sequence[str]) -> str:
    return "".join(f"<li>{unbroken(link_sources(text))}</li>" for text in texts)


def _show_risk(paper: Paper, numbers: PaperNumbers) -> None:
    """A risk on a slider, and what the odds ratio makes of it, of a hundred."""
    st.session_state.setdefault(BASELINE.name, BASELINE.default)
    low, high = BASELINE.limits
    asked = st.slider(
        as_markdown(paper.say_risk("label", {})), low, high, key=BASELINE.name, persist_state="session", width=420
    )
    moved = move_risk(numbers, asked / 100)
    terms = tell_risk(moved)
    without, with_ = (paper.say_risk(name, terms) for name in ("without", "with"))
    sure, likely, possible = (int(terms[name]) for name in ("low", "of_risk", "high"))
    pictures = (
        (draw_hundred(asked, asked, asked, without), without),
        (draw_hundred(sure, likely, possible, with_), with_),
    )
    drawn = "".join(f"<div>{picture}<p>{escape(said)}</p></div>" for picture, said in pictures)
    st.html(
        f'<div class="paper-risk" data-testid="moved-risk">{drawn}'
        f'<p class="paper-worked" role="status">{escape(paper.say_risk("worked", terms))}</p></div>'
    )
