"""The dashboard without a browser. Its pages are functions, and `AppTest.switch_page` knows pages that are files only."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from analytics.dictionary import load_dictionary
from pages.components import state

FOLDS = (state.MORE, state.SURE, state.DONE, state.FILES)
DICTIONARY = load_dictionary()
SCRIPT = Path(__file__).parents[2] / "dashboard.py"
# Every session of a test looks through all installed packages for components: four fifths of its time, for the same answer.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


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
        # Private: a test has no public way to begin on a page that is a function, as a session with a link to it does.
        self._page_hash = (self.keys or keys_of_pages())[address]


def open_dashboard(held: dict[str, Any] | None = None) -> Dashboard:
    """The overview, with what the widgets hold; what is folded away on other pages is open."""
    app = Dashboard()
    unfold(app)
    hold(app, held or {})
    app.run()
    return app


def hold(app: AppTest, held: Mapping[str, Any]) -> None:
    """Have the session hold these filters (levels, or two limits, under the name of their variable) and choices."""
    filters: dict[str, list[str]] = {}
    if state.FILTERS in app.session_state:
        filters = app.session_state[state.FILTERS]
    for key, value in held.items():
        if key not in DICTIONARY or not DICTIONARY[key].is_filter:
            app.session_state[key] = value
        elif value:
            filters = {**filters, key: [x if isinstance(x, str) else f"{x:g}" for x in value]}
        else:
            filters = {name: texts for name, texts in filters.items() if name != key}
    app.session_state[state.FILTERS] = filters


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
    """A page, as a session finds it that begins there, with what the widgets hold."""
    app = Dashboard()
    hold(app, held or {})
    return turn_to(app, address)


def open_link(address: str, **query: str | list[str]) -> Dashboard:
    """The app as a new session finds it that begins with a link: the page is drawn in the very first run."""
    app = Dashboard()
    unfold(app)
    for name, value in query.items():
        app.query_params[name] = value
    return turn_to(app, address)
