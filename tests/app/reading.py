"""What a reader sees of a page that was opened without a browser."""

from __future__ import annotations

import json
import math
import re
from html import unescape
from typing import Any

from streamlit.testing.v1 import AppTest

TAB_NAME, FIGURE_NAME = "outcomes_tab", "outcomes_figure"


def texts_of(app: AppTest) -> list[str]:
    """Every piece of text on the page, what stands in tooltips and alternative texts included."""
    texts: list[str] = []
    for element in app:
        proto = getattr(element, "proto", None)
        if element.type == "html" and not proto.body.lstrip().startswith("<style>"):
            texts += readable(proto.body)
        elif element.type in ("markdown", "caption", "info", "error", "warning", "success"):
            texts.append(element.value)
        elif element.type == "bidi_component" and proto.component_name != TAB_NAME:  # which nobody reads
            for text in strings_in(component_data(element)):
                texts += readable(text)
    return texts


def readable(html: str) -> list[str]:
    tips = re.findall(r"""(?:title|aria-label)=(?:"([^"]*)"|'([^']*)')""", html)
    return [unescape(re.sub(r"<[^>]*>", " ", html)), *(unescape("".join(tip)) for tip in tips)]


def component_data(element: Any) -> Any:
    proto = element.proto
    kind = proto.WhichOneof("data")
    return json.loads(getattr(proto, kind)) if kind in ("json", "bytes") else {}


def figures_in(app: AppTest) -> list[Any]:
    """What the browser draws curves, points and bars from, as Plotly understands it."""
    return [component_data(e)["figure"] for e in app.get("bidi_component") if e.proto.component_name == FIGURE_NAME]


def strings_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in values for text in strings_in(one)]


def numbers_in(value: Any) -> list[float]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [value]
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [number for one in values for number in numbers_in(one)]


NO_NUMBER = re.compile(r"(?<![\w-])(NaN|nan|-?inf|Inf|Infinity|None(?! of)|NaT|<NA>)(?![\w-])|Traceback")
# The dictionary has another word; codes of notes keep it, and so does the page of the reader's own.
PATIENT = re.compile(r"(?<!-)(?<!\byour )(?<!\bown )\bpatients?\b", re.IGNORECASE)
NOT_COUNTED = re.compile(
    r"(doi:|https?://|component/)\S+|10\.\d{4,}/\S+|[Dd]ata version:? \w+|data=\w+|rgba?\([^)]*\)|#[0-9a-f]{6}"
    r"|^\w+ [0-9a-f]{8}$"  # what a figure holds, by which the browser tells whether it changed
)


def assert_fit_to_read(app: AppTest) -> None:
    """No exception, no number that is none, nothing beyond what 436 children can give; they are not called patients."""
    assert [e.value for e in app.exception] == []
    texts = texts_of(app)
    assert sum(map(len, texts)) > 200
    for text in texts:
        assert not NO_NUMBER.search(text), text
        assert not PATIENT.search(text), text
        for number in re.findall(
            r"\d+(?:\.\d+)?", re.sub(r"(?<=\d)[,\u2009\u202f](?=\d{3})", "", NOT_COUNTED.sub("", text))
        ):
            assert float(number) <= 1e6, text
    for figure in figures_in(app):
        assert all(math.isfinite(number) and abs(number) <= 1e6 for number in numbers_in(figure))


def sentence_of(app: AppTest) -> str:
    body = next(h.proto.body for h in app.get("html") if "cohort-sentence" in h.proto.body)
    return unescape(re.sub(r"<[^>]*>", "", body.split('data-testid="cohort-sentence">')[1]))


def headlines_of(app: AppTest) -> list[str]:
    """The numbers at the top, with ordinary spaces."""
    bodies = [h.proto.body for h in app.get("html") if "outcomes-headlines" in h.proto.body]
    found = [value for body in bodies for value in re.findall(r"<b[^>]*>(.*?)</b>", body)]
    return [re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", value))).strip() for value in found]


def explanations_in(app: AppTest) -> list[str]:
    """Notes, sentences, tables of ratios and what is written into figures."""
    bodies = [h.proto.body for h in app.get("html")]
    found = [body for body in bodies if "outcomes-note" in body or "outcomes-says" in body]
    found += [text for e in app.get("bidi_component") for text in strings_in(component_data(e)) if "forest" in text]
    return found + [a["text"] for f in figures_in(app) for a in f["layout"].get("annotations", ()) if a["text"].strip()]
