"""How wide and high a text is on a slide, without its font: enough to keep it in its box.

Presentations are drawn on machines that have other fonts than this one. Widths are those of Carlito, which has the metrics
of Calibri, measured letter by letter; other fonts are taken as so many times wider.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

# Of " " to "~", in thousandths of the size of the type.
_ASCII = (
    226, 326, 401, 498, 507, 715, 682, 221, 303, 303, 498, 498, 250, 306, 252, 386, 507, 507, 507, 507, 507, 507, 507, 507,
    507, 507, 268, 268, 498, 498, 498, 463, 894, 579, 544, 533, 615, 488, 459, 631, 623, 252, 319, 520, 420, 855, 646, 662,
    517, 673, 543, 459, 487, 642, 567, 890, 519, 487, 468, 307, 386, 307, 498, 498, 291, 479, 525, 423, 525, 498, 305, 471,
    525, 229, 239, 455, 229, 799, 525, 527, 525, 525, 349, 391, 335, 525, 452, 715, 433, 453, 395, 314, 460, 314, 498,
)  # fmt: skip
_OTHERS = {
    "–": 498, "—": 905, "’": 250, "‘": 250, "“": 418, "”": 418, "„": 418, "→": 905, "←": 905, "≥": 498, "≤": 498, "×": 498,
    "·": 252, "…": 690, "−": 498, "±": 498, "°": 339, "\u2009": 200, "\u202f": 226, "\u00a0": 226, "\u2060": 0, "ß": 527,
}  # fmt: skip
_ODD, _WIDE = 600, 1050  # a letter that is not listed, and one that takes a square
_BOLD = 1.05
_SAFETY = 1.02
LINE = 1.22  # the height of a line, in sizes of the type

# How many times wider than Calibri a font sets the same text.
_FACES = {
    "calibri": 1.0, "carlito": 1.0, "calibri light": 1.0, "times new roman": 1.0, "liberation serif": 1.0, "garamond": 1.0,
    "gill sans mt": 1.0, "corbel": 1.05, "candara": 1.05, "cambria": 1.1, "aptos": 1.1, "aptos display": 1.1, "arial": 1.13,
    "helvetica": 1.13, "helvetica neue": 1.13, "liberation sans": 1.13, "segoe ui": 1.13, "tahoma": 1.13, "georgia": 1.15,
    "roboto": 1.12, "open sans": 1.2, "trebuchet ms": 1.12, "arial narrow": 1.0,
}  # fmt: skip
_UNKNOWN = 1.3  # as wide as Verdana


@dataclass(frozen=True, slots=True)
class Face:
    """A font: how many times wider than Calibri it is, and how high its lines are in sizes of the type."""

    width: float = 1.0
    line: float = LINE

    @classmethod
    def named(cls, name: str, *, capitals: bool = False) -> Face:
        """The font of that name, or one that is surely as wide; ``capitals`` for text that is set in capitals."""
        width = _FACES.get(name.strip().lower(), _UNKNOWN)
        return cls(width * (1.2 if capitals else 1.0), LINE if width == 1.0 else 1.3)

    def width_of(self, text: str, size: float, *, bold: bool = False) -> float:
        """The width of a text in inches, without a break; ``size`` in points."""
        return _thousandths(text) / 1000 * size / 72 * self.width * (_BOLD if bold else 1.0) * _SAFETY

    def break_lines(self, text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
        """The text as it stands in a box of a width in inches; a word that is wider is broken."""
        lines: list[str] = []
        for paragraph in text.split("\n"):
            line = ""
            for word in paragraph.split(" "):
                longer = f"{line} {word}" if line else word
                if self.width_of(longer, size, bold=bold) <= width:
                    line = longer
                    continue
                if line:
                    lines.append(line)
                line = word
                while len(line) > 1 and self.width_of(line, size, bold=bold) > width:
                    n = next(
                        (k for k in range(len(line), 1, -1) if self.width_of(line[:k], size, bold=bold) <= width), 1
                    )
                    lines.append(line[:n])
                    line = line[n:]
            lines.append(line)
        return lines

    def height_of(self, text: str, width: float, size: float, *, bold: bool = False) -> float:
        """The height in inches of a text in a box of a width in inches."""
        return len(self.break_lines(text, width, size, bold=bold)) * self.line_height(size)

    def line_height(self, size: float) -> float:
        """The height of a line in inches."""
        return size / 72 * self.line

    def cut(self, text: str, width: float, size: float, most: int, *, bold: bool = False) -> str:
        """The text on at most so many lines; what is left out of a longer one is told by a sign."""
        lines = self.break_lines(text, width, size, bold=bold)
        if len(lines) <= most:
            return text
        words = " ".join(lines[: max(most, 1)]).split(" ")
        while len(words) > 1 and len(self.break_lines(f"{' '.join(words)} …", width, size, bold=bold)) > most:
            words.pop()
        return f"{' '.join(words).rstrip(' ,;:')} …"

    def widest_word(self, texts: Sequence[str], size: float, *, bold: bool = False) -> float:
        """The width in inches of the widest piece that is not broken."""
        return max((self.width_of(word, size, bold=bold) for text in texts for word in text.split()), default=0.0)


@lru_cache(maxsize=20_000)
def _thousandths(text: str) -> int:
    return sum(map(_width_of_letter, text))


@lru_cache(maxsize=2_000)
def _width_of_letter(letter: str) -> int:
    place = ord(letter) - 32
    if 0 <= place < len(_ASCII):
        return _ASCII[place]
    if letter in _OTHERS:
        return _OTHERS[letter]
    if unicodedata.east_asian_width(letter) in "WF":
        return _WIDE
    if unicodedata.combining(letter):
        return 0
    plain = unicodedata.normalize("NFD", letter)[0]
    return _width_of_letter(plain) if plain != letter and plain.isascii() else _ODD


def clean(text: str) -> str:
    """Text that a presentation holds: without control characters and halves of characters."""
    whole = text.encode("utf-8", "replace").decode()
    return "".join(c for c in whole if c == "\n" or unicodedata.category(c) not in ("Cc", "Cn", "Co", "Zl", "Zp"))
