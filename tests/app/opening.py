"""The dashboard without a browser. Its pages are functions, and `AppTest.switch_page` knows pages that are files only."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from pages.components import state

FOLDS = (state.MORE, state.SURE, state.DONE, state.FILES)
SCRIPT = Path(__file__).parents[2] / "dashboard.py"


class Dashboard(AppTest):
    """A session of the dashboard, which has not run yet."""

    def __init__(self) -> None:
        super().__init__(SCRIPT, default_timeout=60)

    @property
    def pages(self) -> dict[str, str]:
        """The titles of all pages by their addresses, in the order of the menu."""
        return {page["url_pathname"]: page["page_name"] for page in self._registered_pages.values()}

    @property
    def keys(self) -> dict[str, str]:
        """What Streamlit calls the pages, by their addresses."""
        return {page["url_pathname"]: key for key, page in self._registered_pages.items()}

    def ask_for(self, address: str) -> None:
        """Have the next run be on another page; of a session that has not run, the first."""
        self._page_hash = (self.keys or keys_of_pages())[address]


def open_dashboard(held: dict[str, Any] | None = None) -> Dashboard:
    """The overview, with what the widgets hold; what is folded away on other pages is open."""
    app = Dashboard()
    unfold(app)
    for key, value in (held or {}).items():
        app.session_state[key] = value
    app.run()
    return app


def unfold(app: Dashboard) -> None:
    """Have all that is folded away be made."""
    for key in FOLDS:
        app.session_state[key] = True


@cache
def keys_of_pages() -> dict[str, str]:
    """What Streamlit calls the pages; the same in every session."""
    return open_dashboard().keys


def turn_to(app: Dashboard, address: str) -> Dashboard:
    """The app on another page."""
    app.ask_for(address)
    unfold(app)
    app.run()
    return app


def open_page(address: str, held: dict[str, Any] | None = None) -> Dashboard:
    """A page, after the overview."""
    return turn_to(open_dashboard(held), address)


def open_link(address: str, **query: str | list[str]) -> Dashboard:
    """The app as a new session finds it that begins with a link: the page is drawn in the very first run."""
    app = Dashboard()
    unfold(app)
    for name, value in query.items():
        app.query_params[name] = value
    return turn_to(app, address)
