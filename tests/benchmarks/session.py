"""A reader's session without a browser: it speaks Streamlit's protocol, clicks filters, and counts what it is sent."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect

from pages.components import state
from tests.benchmarks.servers import Server

LONGEST_SECONDS = 60.0
Filters = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run of the script sent: messages, bytes, and the seconds until it had ended."""

    seconds: float
    n_messages: int
    n_bytes: int


class Session:
    """A page of the dashboard as a browser has it open; ``first`` is the answer to opening it."""

    first: Answer

    def __init__(self, address: str, page: str = "") -> None:
        self._address, self._page = address, page
        self._page_hash = self._query = ""
        self._sent: dict[str, Delta] = {}  # what is referred to later by its hash
        self._held: dict[str, WidgetState] = {}
        self._components: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        """Open the page."""
        url = f"{self._address.replace('http', 'ws', 1)}/_stcore/stream"
        self._socket = await connect(
            url,
            origin=self._address,
            subprotocols=["streamlit"],
            max_size=None,
            proxy=None,  # type: ignore[list-item, arg-type]
        )
        self.first = await self._run()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the page."""
        await self._socket.close()

    @property
    def filters(self) -> Filters:
        """What the filters ask for, as the link says it."""
        asked: Filters = json.loads(self._components[state.SIDEBAR_TOLD].json)["value"]
        return asked

    @property
    def levels(self) -> list[tuple[str, str]]:
        """Every level that can be clicked: variable and text."""
        phases = json.loads(self._components[state.SIDEBAR].json)["phases"]
        members = [member for phase in phases for family in phase["families"] for member in family["members"]]
        return [(member["name"], level["text"]) for member in members for level in member.get("levels", ())]

    async def choose(self, filters: Mapping[str, Sequence[str]]) -> Answer:
        """Have the filters ask for these levels, as a click in the sidebar does."""
        step = json.loads(self._components[state.SIDEBAR_TOLD].json)["step"] + 1
        asked = {"filters": {"value": {name: list(texts) for name, texts in filters.items()}, "step": step}}
        return await self._run(WidgetState(id=self._components[state.SIDEBAR].id, json_value=json.dumps(asked)))

    async def click(self, rng: random.Random) -> Answer:
        """Choose a level, another beside it, then release the first, and so on."""
        asked = self.filters
        if len(asked) > 1:
            del asked[next(iter(asked))]
        else:
            name, text = rng.choice([level for level in self.levels if level[0] not in asked])
            asked[name] = [text]
        return await self.choose(asked)

    async def _run(self, *clicked: WidgetState) -> Answer:
        asked = ClientState(query_string=self._query, page_script_hash=self._page_hash)
        if not self._page_hash:
            asked.page_name = self._page
        asked.widget_states.widgets.extend((*self._held.values(), *clicked))
        asked.cached_message_hashes.extend(self._sent)
        asked.context_info.url = f"{self._address}/{self._page}"
        started, n_messages, n_bytes, has_begun = time.perf_counter(), 0, 0, False
        await self._socket.send(BackMsg(rerun_script=asked).SerializeToString())
        while True:
            content = await asyncio.wait_for(self._socket.recv(), LONGEST_SECONDS)
            assert isinstance(content, bytes)
            message = ForwardMsg.FromString(content)
            n_messages, n_bytes = n_messages + 1, n_bytes + len(content)
            match message.WhichOneof("type"):
                case "new_session":
                    # The end of an earlier run may still have been on its way.
                    has_begun = True
                case "navigation":
                    self._page_hash = message.navigation.page_script_hash
                case "page_info_changed":
                    self._query = message.page_info_changed.query_string
                case "ref_hash":
                    self._take(self._sent[message.ref_hash])
                case "delta":
                    if message.metadata.cacheable:
                        self._sent[message.hash] = message.delta
                    self._take(message.delta)
                case "script_finished" if has_begun:
                    if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                        return Answer(time.perf_counter() - started, n_messages, n_bytes)
                    has_begun = False

    def _take(self, delta: Delta) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type") if delta.WhichOneof("type") == "new_element" else None
        if kind == "exception":
            raise RuntimeError(f"the page shows an error: {element.exception.type}: {element.exception.message}")
        if kind == "bidi_component":
            self._components[element.bidi_component.id.rsplit("-", 1)[1]] = element.bidi_component
        elif kind is not None and (held := _hold(kind, getattr(element, kind))) is not None:
            self._held.setdefault(held.id, held)


def _hold(kind: str, widget: Any) -> WidgetState | None:
    """What a browser says of a widget that nobody has touched; None for one that says nothing."""
    held = WidgetState(id=getattr(widget, "id", ""))
    if kind in ("button_group", "multiselect"):
        options = [option if isinstance(option, str) else option.content for option in widget.options]
        held.string_array_value.data.extend(options[i] for i in widget.default)
        held.string_array_value.SetInParent()
    elif kind == "selectbox" and widget.options:
        held.string_value = widget.options[widget.default]
    elif kind == "checkbox":
        held.bool_value = widget.default
    elif kind == "slider":
        held.double_array_value.data.extend(widget.default)
    else:
        return None
    return held


@dataclass(frozen=True, slots=True)
class Visits:
    """The answers to the clicks of some sessions at once, and the processor time of the server for each, in seconds."""

    n_sessions: int
    answers: tuple[Answer, ...]
    processor: float


async def _click(session: Session, n_clicks: int, think: float, rng: random.Random) -> list[Answer]:
    answers = []
    for _ in range(n_clicks):
        await asyncio.sleep(rng.expovariate(1 / think) if think else 0)
        answers.append(await session.click(rng))
    return answers


def measure_visits(server: Server, page: str, n_sessions: int, n_clicks: int, think: float, seed: int) -> Visits:
    """Sessions of ``n_clicks`` each, with ``think`` seconds between two clicks on average, each of its own chance."""

    async def visit_together() -> Visits:
        async with AsyncExitStack() as opened:
            sessions = [await opened.enter_async_context(Session(server.address, page)) for _ in range(n_sessions)]
            before = server.processor_seconds
            visits = await asyncio.gather(
                *(_click(each, n_clicks, think, random.Random(1000 * seed + i)) for i, each in enumerate(sessions))
            )
            answers = tuple(answer for visit in visits for answer in visit)
            return Visits(n_sessions, answers, (server.processor_seconds - before) / len(answers))

    return asyncio.run(visit_together())
