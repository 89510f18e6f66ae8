"""What the page last shown needs, computed before anything of it is sent."""

from __future__ import annotations

from contextlib import suppress

from analytics.cohort.disclosure import SuppressedError
from pages.components.cache import load_document
from pages.components.context import Context


def prefetch_figure(context: Context) -> None:
    """Compute the figure that the page last shown needs now, for that page to find.

    Called before anything is sent: whatever reaches the browser earlier than the figure is drawn on its own, and the
    figure then waits for that drawing too.
    """
    if context.shown is None or context.choices is None or not context.may_be_shown:
        return
    # What may not be shown is said where it belongs on the page.
    with suppress(SuppressedError):
        load_document(context.cohort, context.filter, context.shown, context.choices).main()
