"""The start: libraries, cohort and first results are ready before the server answers its first visitor, unless that takes long.

``python -m pages.components.launch`` starts the dashboard and takes the options of ``streamlit run``. Started by
``streamlit run dashboard.py`` instead, it works alike, but the first visitor waits for all of this.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from streamlit.runtime import Runtime

# From then on the page says how far a large cohort is. Pages that nobody has asked for are computed for no longer than that.
LONGEST_SILENCE, LONGEST_PREPARATION = 10, 60
SCRIPT = Path(__file__).parents[2] / "dashboard.py"


def prepare_first_pages() -> None:
    """Open the cohort and compute every page of it without filters.

    What is wrong with a file the page will say, or this where small numbers are protected: it names single patients.
    """
    # Streamlit runs the pages in this process, where they find these modules imported and these results cached.
    from analytics.cohort.address import describe_source, find_scheme
    from analytics.cohort.disclosure import SuppressedError
    from analytics.cohort.filters import CohortFilter
    from analytics.cohort.problems import CohortError
    from analytics.estimators import load_libraries
    from analytics.formats import shorten
    from pages.components import cache

    source = cache.active_source()
    name = describe_source(source) if find_scheme(source) else shorten(Path(source).name)
    print(f"\n  Opening {name} ...", flush=True)
    load_libraries()
    try:
        cohort = cache.load_cohort(source)
    except CohortError as error:
        if cache.asks_for_protection():
            print(f"\n{error}\n", flush=True)
        return
    until, everyone = monotonic() + LONGEST_PREPARATION, CohortFilter()
    for load in (
        cache.load_level_counts,
        cache.load_outcome_counts,
        cache.load_who,
        cache.load_pictures,
    ):
        load(cohort, everyone)
    cache.load_selection(cohort, everyone).funnel()
    with suppress(SuppressedError):
        cache.load_flow(cohort, everyone)
    if cache.is_reference(cohort):
        cache.load_recomputation(cohort, everyone)
    for slug, offer in cache.load_offers(cohort).items():
        if not offer.lacks and monotonic() < until:
            # What may not be shown the page will say.
            with suppress(SuppressedError):
                document = cache.load_document(cohort, everyone, slug, offer.defaults)
                document.main()
                document.pictures()


def stay_on_this_machine() -> None:
    """Let Streamlit look for no address of this machine but those it is started with.

    It asks the internet for them to print them, and whenever a page of another origin knocks. Such a page is refused
    either way: only the addresses of the configuration and this machine's own names are let in.
    """
    from streamlit import net_util

    net_util.get_external_ip = lambda: None
    net_util.get_internal_ip = lambda: None


def lead_to_pages() -> None:
    """Let the server know every page by any spelling of its address, and browsers keep what does not change."""
    from streamlit import config
    from streamlit.web.server.starlette import starlette_server

    from pages.components.addresses import with_page_addresses
    from pages.components.assets import KeptAssets
    from pages.components.registry import load_pages

    create = starlette_server.create_starlette_app

    def create_with_addresses(runtime: Runtime) -> Starlette:
        # Pages have components, which Streamlit takes only once it has a runtime.
        pages = [(page.url_path, page.title) for page in load_pages()]
        base = config.get_option("server.baseUrlPath") or ""
        app = with_page_addresses(create(runtime), pages, base)
        app.add_middleware(KeptAssets, base=base)
        # Streamlit collects garbage after every run. What is loaded by now stays for good and need not be searched each time.
        gc.collect()
        gc.freeze()
        return app

    starlette_server.create_starlette_app = create_with_addresses


def main() -> None:
    """Prepare the first pages, then hand over to Streamlit's own command line."""
    # Matrices here have a few rows: threads only cost. The libraries read this when they are imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.argv[1:2] != ["run"]:
        sys.argv[1:1] = ["run", str(SCRIPT)]
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web import cli

    # Until a script has called st.navigation once, Streamlit takes the files of pages/ for the pages, and answers the
    # first deep link with "Page not found".
    PagesManager.uses_pages_directory = False
    stay_on_this_machine()
    lead_to_pages()

    # An error nobody foresaw ends this thread alone, with its traceback here; the page that meets it will show it.
    preparation = Thread(target=prepare_first_pages, daemon=True)
    preparation.start()
    preparation.join(LONGEST_SILENCE)
    # At the end everything is let go again: compiled libraries report what is still held then as leaks.
    atexit.register(gc.unfreeze)
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
