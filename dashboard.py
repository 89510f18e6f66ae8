"""The dashboard: `streamlit run dashboard.py`, with the environment variable COHORT naming another file."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from analytics.analyses import load_analyses
from analytics.analysis import SECTIONS, Analysis
from analytics.cohort.problems import CohortError
from pages.analysis_page import show_analysis
from pages.components.cache import active_source
from pages.components.context import (
    Context,
    draw_again_unless,
    end_run,
    follows_address,
    is_drawn,
    open_active_cohort,
    read_context,
    read_link,
)
from pages.components.controls import show_filters
from pages.components.output import show_problems, show_style
from pages.components.prefetch import compute_ahead
from pages.components.protection import show_unanswered
from pages.components.session import keep_session
from pages.methods_page import show_methods
from pages.overview_page import show_overview

TITLE = "Outcomes of relapsed childhood leukaemia"
ABOUT = "Outcomes of children with relapsed acute lymphoblastic leukaemia. Describes groups; gives no treatment advice."


def set_page_config() -> None:
    """Title, width and menu. The browser draws the whole page again for them."""
    st.set_page_config(page_title=TITLE, page_icon="📈", layout="wide", menu_items={"About": ABOUT})


cohort = open_active_cohort()
filters_known = False
if not isinstance(cohort, CohortError) and is_drawn(cohort) and not follows_address():
    # The filters' values are known before they are drawn again: the page comes first and does not wait for the sidebar.
    filters_known = True
    compute_ahead(cohort)
else:
    set_page_config()
show_style()


def draw(show: Callable[[Context], None]) -> None:
    """Show a page in the context of this run, which is known only after the page has been chosen."""
    if context.may_be_shown:
        show(context)
    else:
        show_unanswered(context)


def page_of(analysis: Analysis) -> st.Page:
    """The page of a registered analysis."""
    show = partial(draw, partial(show_analysis, analysis))
    return st.Page(show, title=analysis.title, icon=analysis.icon, url_path=analysis.slug)


overview = partial(draw, show_overview)
pages = {
    "": [
        st.Page(overview, title="Overview", icon=":material/groups:", url_path="overview", default=True),
        st.Page(partial(draw, show_methods), title="Methods", icon=":material/menu_book:", url_path="methods"),
    ],
    **{section: [page_of(a) for a in load_analyses() if a.section == section] for section in SECTIONS},
}
# A file that cannot be opened has no pages to choose from, but the address keeps the one that was asked for.
page = st.navigation(pages, position="hidden" if isinstance(cohort, CohortError) else "top")
if isinstance(cohort, CohortError):
    show_problems(cohort, active_source())
    st.stop()
read_link(cohort, page.url_path)
context: Context
if filters_known:
    context = read_context(cohort)
    page.run()
    drawn = show_filters(cohort)
    set_page_config()
    draw_again_unless(drawn.filter == context.filter)
else:
    context = show_filters(cohort)
    page.run()
keep_session()
end_run()
