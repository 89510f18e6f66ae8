"""Simulated cohorts: what chance, bias and many looks do, where the truth is known."""

from __future__ import annotations

from analytics.languages import Text
from analytics.learning.simulated_settings import CONTROLS
from pages.components.context import Context
from pages.components.language import ask_language, read_language
from pages.components.registry import LEARN, Page
from pages.components.simulated import show_simulated
from pages.components.title import show_bare_title

TITLE = Text("Simulated cohorts", "模拟队列")
QUESTION = Text("What do chance and bias make of a truth that you set?", "真值由您设定时，机遇与偏倚会造成什么？")


def show_simulations(context: Context) -> None:
    """Sliders, cohorts drawn by them, and what comparisons find."""
    spoken = read_language()
    show_bare_title(TITLE.said(spoken), QUESTION.said(spoken), context.cohort)
    show_simulated(ask_language())


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = (
        "Cohort after cohort is drawn to a true hazard ratio, a waiting time and a confounder that you set: how often "
        "comparisons find what is not there, and miss what is."
    )
    return (
        Page(
            url_path="simulated-cohorts",
            title=TITLE.en,
            icon=":material/casino:",
            show=show_simulations,
            order=150,
            about=about,
            section=LEARN,
            choices=CONTROLS,
            needs_answer=False,
        ),
    )
