"""Addresses as people write them: one that means a page leads to it, any other says which pages there are."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

OVERVIEW = "overview"
OTHER_PLACES = ("static", "media", "component", "_stcore")  # where Streamlit keeps what is no page


class PageAddresses:
    """Answers a browser that asks for a page by another spelling, before Streamlit does by its dialog.

    ``titles`` are those of the pages by their address; the overview's is the start. ``base`` is the path under which the
    dashboard is served ("" at the top).
    """

    def __init__(self, app: ASGIApp, titles: dict[str, str], base: str = "") -> None:
        self._app, self._titles, self._base = app, titles, f"/{base.strip('/')}".rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or hand it on."""
        answer = self._answer(scope) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        await (answer or self._app)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        path = scope["path"]
        if "text/html" not in Headers(scope=scope).get("accept", "") or path.startswith("//"):
            return None
        # The path inside the dashboard, as the server in front of it may have one of its own.
        inside = path.removeprefix(self._base) if path.startswith(f"{self._base}/") else path
        asked = inside.strip("/")
        first, last = asked.split("/")[0], asked.split("/")[-1]
        if not asked or first in OTHER_PLACES or "." in last:
            return None
        query = f"?{scope['query_string'].decode(errors='replace')}" if scope["query_string"] else ""
        meant = asked.strip().casefold().replace("_", "-").replace(" ", "-")
        if meant not in self._titles:
            return self._say_what_there_is(asked, query)
        if meant == OVERVIEW:
            return RedirectResponse(f"{self._base}/{query}", headers={"Cache-Control": "no-cache"})
        if inside != f"/{meant}":
            return RedirectResponse(f"{self._base}/{meant}{query}", headers={"Cache-Control": "no-cache"})
        return None

    def _say_what_there_is(self, asked: str, query: str) -> Response:
        links = "".join(
            f'<li><a href="{escape(self._base)}/{"" if name == OVERVIEW else quote(name)}{escape(query)}">'
            f"{escape(title)}</a></li>"
            for name, title in self._titles.items()
        )
        shown = asked if len(asked) <= 60 else f"{asked[:60]}…"
        page = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>No such page</title>'
            '<meta name="viewport" content="width=device-width"><style>:root{color-scheme:light dark}'
            "body{font:1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style></head>"
            f"<body><h1>There is no page “{escape(shown)}”</h1><p>These are the pages"
            f"{', each with what the link asks for' if query else ''}:</p><ul>{links}</ul></body></html>"
        )
        return HTMLResponse(page, status_code=404)


def with_page_addresses(app: Starlette, pages: Iterable[tuple[str, str]], base: str) -> Starlette:
    """The server's ``app``, which then knows the ``pages`` (address and title) by any spelling."""
    app.add_middleware(PageAddresses, titles=dict(pages), base=base)
    return app
