"""The encoding of a text: told by its first bytes or by its content, and named so that it can be changed."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import charset_normalizer

from analytics.results import Note

# What exports of hospitals come in, the most frequent first; others are looked for where neither fits.
CANDIDATES = ("gb18030", "cp1252")
OTHERS = ("big5", "shift_jis", "euc_kr", "cp1250", "cp1251", "mac_roman")
SAMPLE_BYTES = 100_000
LINE_BYTES = 1_000
PIECE_BYTES = 1 << 20
N_LINES_NAMED = 5
MOST_BROKEN_SHARE = 0.05  # of the characters beyond ASCII: more, and the encoding is another one

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NAMES = {"gb18030": "GB18030 (Chinese)", "cp1252": "Windows-1252 (Western European)", "utf-8": "UTF-8"}
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_LINE_END = re.compile(rb"[\r\n]")


@dataclass(frozen=True, slots=True)
class Damage:
    """What of a text its encoding cannot read: ``n`` places, the first ``lines`` of them, of so many ``others``.

    ``others`` counts the characters beyond ASCII that could be read.
    """

    n: int
    lines: tuple[int, ...]
    others: int

    @property
    def is_slight(self) -> bool:
        """Whether the encoding is the right one, and the text damaged here and there."""
        return self.n <= max(1, MOST_BROKEN_SHARE * self.others) and self.others > 0


def detect_encoding(content: bytes) -> str:
    """The encoding of a text by its mark, by its zeros, or by what its characters would be."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    if encoding := _by_zeros(content[:SAMPLE_BYTES]):
        return encoding
    damage = find_damage(content, "utf-8")
    if not damage.n or damage.is_slight:
        return "utf-8"
    sample = _sample_lines(content)
    for candidates in (CANDIDATES, OTHERS):
        best = charset_normalizer.from_bytes(sample, cp_isolation=list(candidates)).best()
        if best is not None:
            return best.encoding
    return "cp1252"


def _sample_lines(content: bytes) -> bytes:
    """The first lines that hold more than ASCII; what of a very long one stands far before it is left out."""
    sample = bytearray()
    place = 0
    while len(sample) < SAMPLE_BYTES and (found := _BEYOND_ASCII.search(content, place)):
        start = max(place, found.start() - LINE_BYTES)
        start = max(
            content.rfind(b"\n", start, found.start()) + 1, content.rfind(b"\r", start, found.start()) + 1, start
        )
        line_end = _LINE_END.search(content, found.end(), found.end() + SAMPLE_BYTES)
        place = line_end.end() if line_end else found.end() + SAMPLE_BYTES
        sample += content[start:place] + b"\n"
    return bytes(sample)


def _by_zeros(sample: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: every other byte, or three of four, of a text in Latin letters is zero."""
    if len(sample) < 4 or b"\0" not in sample:
        return ""
    cut = sample[: len(sample) // 4 * 4]
    zeros = [cut[i::4].count(0) / (len(cut) // 4) > 0.5 for i in range(4)]
    shapes = {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }
    return shapes.get((zeros[0], zeros[1], zeros[2], zeros[3]), "")


def find_damage(content: bytes, encoding: str) -> Damage:
    """What an encoding cannot read of a text.

    Raises
    ------
    LookupError
        If there is no such encoding of texts.
    """
    "".encode(encoding)
    try:
        _decode_in_pieces(content, encoding)
    except UnicodeError:
        pass
    else:
        return Damage(0, (), 0)
    n, line, others = 0, 1, 0
    lines: list[int] = []
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for start in range(0, len(content), PIECE_BYTES):
        piece = decoder.decode(content[start : start + PIECE_BYTES], start + PIECE_BYTES >= len(content))
        others += len(piece) - len(piece.encode("ascii", "ignore"))
        n_here = piece.count("\ufffd")
        if n_here and len(lines) < N_LINES_NAMED:
            for i, text in enumerate(piece.split("\n")):
                if "\ufffd" in text and len(lines) < N_LINES_NAMED:
                    lines.append(line + i)
        n += n_here
        line += piece.count("\n")
    return Damage(n, tuple(dict.fromkeys(lines)), others - n)


def _decode_in_pieces(content: bytes, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    for start in range(0, len(content), PIECE_BYTES):
        decoder.decode(content[start : start + PIECE_BYTES], start + PIECE_BYTES >= len(content))


def note_encoding(encoding: str, *, is_marked: bool) -> tuple[Note, ...]:
    """A note where the encoding of a text was guessed."""
    if is_marked or encoding == "utf-8":
        return ()
    said = _NAMES.get(encoding, encoding)
    remedy = "If letters look wrong, choose another encoding, or save the file as CSV UTF-8."
    return (Note("encoding-guessed", "caution", f"The text was read as {said}, by its content.", remedy),)


def is_marked(content: bytes) -> bool:
    """Whether a text says its encoding in its first bytes."""
    return any(content.startswith(mark) for mark, _ in _MARKS)
