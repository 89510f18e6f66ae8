"""What the page last shown needs, computed before anything of it is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from analytics.cohort.disclosure import SuppressedError
from pages.components.cache import load_document, load_level_counts, load_selection
from pages.components.context import Context

# What is asked beside the figure where the patients are in a database; a question that is on its way is not sent twice.
ASKING = ThreadPoolExecutor(max_workers=3, thread_name_prefix="ask")


def count_together(context: Context) -> None:
    """Send what the sidebar and the way to the selection ask beside what the figure asks, where it has a way to go."""
    if context.cohort.is_far and context.is_answered:
        ASKING.submit(load_level_counts, context.cohort, context.filter)
        ASKING.submit(load_selection(context.cohort, context.filter).funnel)


def prefetch_figure(context: Context) -> None:
    """Compute the figure that the page last shown needs now, for that page to find.

    Called before anything is sent: whatever reaches the browser earlier than the figure is drawn on its own, and the
    figure then waits for that drawing too.
    """
    if context.shown is None or not context.is_answered:
        return
    # What may not be shown is said where it belongs on the page.
    with suppress(SuppressedError):
        load_document(context.cohort, context.filter, context.shown, context.choices).main()
