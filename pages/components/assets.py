"""Style sheets and scripts, which stand in ``pages/assets/`` as what they are, and those that the browser asks for."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.components.v1 import declare_component

ASSETS = Path(__file__).parents[1] / "assets"
SERVED = f"/component/{__name__}."  # where Streamlit serves a component's files: "component", its module and its name


def read_asset(name: str) -> str:
    """The text of a file of ``pages/assets/``."""
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def serve_assets() -> None:
    """Let the server hand out the files of ``pages/assets/``, and plotly.js as the installed package has it; within a run."""
    spec = find_spec("plotly")
    assert spec is not None and spec.origin is not None
    # Components of the second version can be told of files by a pyproject.toml of an installed package alone.
    for name, folder in (
        ("page", ASSETS),
        ("plotly", Path(spec.origin).parent / "package_data"),
        ("words", Path(_written().name)),
    ):
        declare_component(name, path=folder)


@cache
def address_of(name: str) -> str:
    """Where the browser finds a script of ``pages/assets/``; elsewhere once any of them, or plotly.js, is another."""
    scripts = b"".join(path.read_bytes() for path in sorted(ASSETS.glob("*.js")))
    return f"{SERVED[1:]}page/{name}?v={version('plotly')}-{crc32(scripts):08x}"


@cache
def _written() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="outcomes-")  # removed when the server ends


def serve_text(name: str, text: str) -> str:
    """Where the browser finds a text that was made by the server and is the same for all readers, under its version."""
    version_of_it = f"{crc32(text.encode()):08x}"
    path = Path(_written().name) / f"{version_of_it}-{name}"
    if not path.exists():
        path.write_text(text, encoding="utf-8")
    return f"{SERVED[1:]}words/{path.name}?v={version_of_it}"


def load_in_browser(name: str) -> str:
    """The script of a component whose function is the default of a served one: it need not be sent again with every run."""
    return (
        "const base = document.querySelector('script[src*=\"/static/js/\"]').src.split('/static/js/')[0]\n"
        "let script\n"
        f"export default async (given) => (script ??= await import(`${{base}}/{address_of(name)}`)).default(given)\n"
    )


class KeptAssets:
    """Lets browsers keep what is served under an address with its version: they ask for it once."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self._app, self._start = app, f"/{base.strip('/')}".rstrip("/") + SERVED

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._start) or b"v=" not in scope["query_string"]:
            await self._app(scope, receive, send)
            return

        async def send_to_keep(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                MutableHeaders(scope=message)["Cache-Control"] = "public, max-age=31536000, immutable"
            await send(message)

        # Packing megabytes takes longer than sending them next door; Streamlit sends its own files as they are, too.
        plain = [(name, value) for name, value in Headers(scope=scope).raw if name != b"accept-encoding"]
        await self._app({**scope, "headers": plain}, receive, send_to_keep)
