"""Where text meets Markdown: Streamlit draws the labels of widgets, and messages, as Markdown, LaTeX and pictograms."""

from __future__ import annotations

import re

_JOINER = "\u2060"  # neither seen nor spoken
# A mark of one character means something of its own wherever it stands, a few others only beside what they mark.
_MARK = re.compile(
    r"[\\`*$\[\]~|]"
    r"|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<!:):(?=[a-z])"
    r"|(?<!\w)_|_(?!\w)"
    r"|^[#>+=-]|^\d{1,9}(?=[.)])"
)
# Streamlit and its browser replace these after Markdown has been read, where a backslash no longer counts.
_SIGN = re.compile(
    r":(?=[a-z0-9+-][\w+-]*[:/])|(?<=-)(?=[->])|(?<=<)(?=-)|(?<=[=<>!~])(?==)|(?<=http)(?=s?:)|(?<=www)(?=\.)|(?<=\w)(?=@)"
)


def as_markdown(text: str) -> str:
    """Text that Markdown draws as it is written: a file's name, a label, a word of a link.

    Ordinary text comes back unchanged.
    """
    marked = _MARK.sub(lambda found: _escaped(found[0]), text.replace("\n", " "))
    return _SIGN.sub(lambda found: found[0] + _JOINER, marked)


def _escaped(mark: str) -> str:
    return f"{mark}{_JOINER}" if mark.isdigit() else f"\\{mark}"
