"""The views that a reader has collected: in order, commented, presented and given out together."""

from __future__ import annotations

import streamlit as st

from analytics.reporting.wording import say_no_advice
from pages.components.basket import show_keeping, show_said, show_taking_away, show_views
from pages.components.collecting import reopen
from pages.components.context import Context
from pages.components.kept_basket import read_basket
from pages.components.kept_ledger import enter_comparisons
from pages.components.markdown import as_markdown
from pages.components.open_view import OpenView
from pages.components.registry import Page
from pages.components.title import show_bare_title


def show_collected(context: Context) -> None:
    """Each view, then what can be done with all of them."""
    show_bare_title("Collected views", "What is to be shown together, and in which order?", context.cohort)
    show_said()
    basket = read_basket()
    views = [reopen(view, context) for view in basket.views]
    for view in views:  # whoever gives a view out has looked at its tests
        if isinstance(view.opened, OpenView):
            enter_comparisons(view.opened.comparisons)
    show_taking_away(views, context)
    show_views(views)
    show_keeping(basket, context)
    st.caption(as_markdown(say_no_advice()))


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = "Views that were collected: put in order, commented, presented, and given out as one file; kept as a small file."
    return (
        Page(
            url_path="collected",
            title="Collected views",
            icon=":material/collections_bookmark:",
            show=show_collected,
            order=4,
            about=about,
            is_listed=False,
            needs_answer=False,
        ),
    )
