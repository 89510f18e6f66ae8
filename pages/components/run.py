"""One run of the script: what it shows, and in which order the page and the sidebar are drawn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Literal

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from analytics.analysis import SECTIONS
from analytics.cohort import Cohort
from analytics.cohort.problems import CohortError, UnreachableError
from analytics.cohort.waiting import listening
from analytics.dictionary import speaking_by
from analytics.formats import name_patients
from analytics.speaking import word
from pages.components import state
from pages.components.assets import serve_assets
from pages.components.cache import active_source
from pages.components.context import Context, is_link_read, read_context, to_context
from pages.components.filters import show_filters
from pages.components.link import read_link, write_link
from pages.components.notes import show_problems
from pages.components.prefetch import count_together, prefetch_figure
from pages.components.presenting import OVERVIEW, hold_presenting
from pages.components.protection import show_unanswered
from pages.components.registry import LEARN, Page, load_pages
from pages.components.session import keep_session
from pages.components.sources import open_active_cohort
from pages.components.title import show_style
from pages.components.waiting import Announcement

OWN_PAGE = "your-patients"
ABOUT = "Describes groups; gives no treatment advice."

# The address may be that of the start by now, where Streamlit led instead.
LOAD_AGAIN = """(page) => {
  const path = location.pathname.replace(/[/]$/, '')
  if (path.endsWith('/' + page)) location.reload()
  else location.replace(path + '/' + page + location.search + location.hash)
}"""


class Run:
    """A run over some pages. The context is known from the start where the page comes first, else once the link is read."""

    context: Context

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = pages

    def draw(self) -> None:
        """Draw everything, in the order that fits."""
        if load_again_unless_known():
            return
        serve_assets()
        announcement = Announcement(self.draw_head)
        with listening(announcement):
            self.draw_heard(announcement)

    def draw_heard(self, announcement: Announcement) -> None:
        """The same, while long questions are announced."""
        cohort = open_active_cohort()
        if isinstance(cohort, CohortError):
            if not announcement.end_opening():
                self.draw_head()
            self.draw_problems(cohort)
            return
        if announcement.end_opening():
            st.rerun()  # the page begins anew
        try:
            with speaking_by(cohort.dictionary):
                announcement.about(cohort)
                self.draw_cohort(cohort)
        except UnreachableError as error:  # it was there when the cohort was opened
            self.draw_head()
            self.draw_problems(error)
            return

    def draw_cohort(self, cohort: Cohort) -> None:
        """Draw the page and the sidebar of a cohort, then write the link; titles are in the words of its dictionary."""
        self._pages = load_pages()
        page = self.draw_page_first(cohort) if is_link_read() else self.draw_sidebar_first(cohort)
        write_link(cohort, page.url_path)

    def draw_page_first(self, cohort: Cohort) -> st.Page:
        """The later runs: the figure is computed before anything is sent, and the page does not wait for the sidebar.

        The page's configuration stays: the browser would draw everything again for it.
        """
        self.context = read_context(cohort)
        count_together(self.context)
        prefetch_figure(self.context)
        page = self._navigate()
        self._show_style(page)
        page.run()
        show_filters(self.context)
        self._name_tab(page)
        return page

    def draw_sidebar_first(self, cohort: Cohort) -> st.Page:
        """The first run of a session, or one of Back and Forward: the address decides what the filters say."""
        set_page_config()
        page = self._navigate()
        read_link(cohort, page.url_path)
        self.context = to_context(cohort)
        self._show_style(page)
        show_filters(self.context)
        page.run()
        self._name_tab(page)
        return page

    def draw_head(self) -> None:
        """What a page begins with while no cohort is open: no pages to choose from, but the address keeps the one asked for."""
        set_page_config()
        show_style()
        self._navigate(position="hidden")

    def draw_problems(self, error: CohortError) -> None:
        """What is wrong with a file that cannot be opened, under the head of a page."""
        show_problems(error, active_source())
        if st.button("Open a file of my own instead", icon=":material/upload_file:", key=state.OPEN_OWN):
            st.session_state[state.USE_REFERENCE] = True
            st.switch_page(self._offered[OWN_PAGE])

    def _navigate(self, position: Literal["top", "hidden"] = "top") -> st.Page:
        menu: dict[str, list[st.Page]] = {section: [] for section in ("", *map(name_section, SECTIONS), LEARN)}
        self._offered: dict[str, st.Page] = {}
        for page in self._pages:
            show = partial(self._show, page)
            is_start = page is self._pages[0]
            visibility: Literal["visible", "hidden"] = "visible" if page.is_listed else "hidden"
            self._offered[page.url_path] = st.Page(
                show,
                title=page.title,
                icon=page.icon,
                url_path=page.url_path,
                default=is_start,
                visibility=visibility,
            )
            menu[name_section(page.section)].append(self._offered[page.url_path])
        return st.navigation(menu, position=position)

    def _show_style(self, page: st.Page) -> None:
        """The style sheet. Where a page has nothing to present, presenting ends."""
        offer = self.context.offers.get(page.url_path)
        is_empty = page.url_path not in OVERVIEW and (offer is None or offer.lacks)
        if is_empty or not self.context.is_answered:
            hold_presenting(False)
        show_style()

    def _name_tab(self, shown: st.Page) -> None:
        """Tell the tab its title, its session and the section of the menu: nothing is drawn again for these."""
        page = next(page for page in self._pages if page.title == shown.title)
        if st.session_state.get(state.NAMED) != page.url_path:
            st.session_state[state.NAMED] = page.url_path
            st.set_page_config(page_title=f"{page.title} – {word('title')}")
        keep_session(name_section(page.section), self.context.cohort)

    def _show(self, page: Page) -> None:
        if self.context.is_answered or not page.needs_answer:
            page.show(self.context.at(page.url_path))
        else:
            show_unanswered(self.context)


def load_again_unless_known() -> bool:
    """Load the page again in the browser where Streamlit did not know the address, which this program does; True if so.

    Until a script has called `st.navigation` once, Streamlit started by itself takes the files of ``pages/`` for the pages,
    and answers links to any other with "Page not found".
    """
    run = get_script_run_ctx()
    if run is None:
        return False
    asked, found = run.pages_manager.intended_page_name, run.pages_manager.get_pages().values()
    by_files = any(page["script_path"] for page in found if "url_pathname" in page)
    if not by_files or all(page.url_path != asked for page in load_pages()):
        return False
    PagesManager.uses_pages_directory = False
    st.html(f"<script>({LOAD_AGAIN})({json.dumps(asked)})</script>", unsafe_allow_javascript=True)
    return True


def name_section(section: str) -> str:
    """What a part of the menu is called: the first after the event of the dictionary's disease."""
    return word(section) if section == SECTIONS[0] else section


def set_page_config() -> None:
    """Width and menu of a new tab, and its title until a page is shown. The browser draws the whole page again for them."""
    st.session_state.pop(state.NAMED, None)
    about = f"{name_patients(word('about'))} {ABOUT}"
    st.set_page_config(page_title=word("title"), page_icon="📈", layout="wide", menu_items={"About": about})
