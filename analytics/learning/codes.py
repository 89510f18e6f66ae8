"""A prediction as a short code to read out: which question it answers, the answer, and a check that it was heard right.

The signs are those of Crockford's base 32, without I, L, O and U. Four say which question it is (20 bits of a digest), the next
ones the answer by its place among all answers that there are, and the last two are the check symbols of a Reed–Solomon code
over the field of 32 elements: any one sign heard wrong is noticed, and so are any two, two that are swapped among them. Of
signs that were made up one in 1,024 passes the check; that it belongs to a question that was asked is rarer by a million.

Sources
-------
Crockford, Base 32, https://www.crockford.com/base32.html: the signs, and what is read for I, L and O.
Reed & Solomon (1960), Journal of the Society for Industrial and Applied Mathematics 8:300, doi:10.1137/0108018: the check.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256

from analytics.learning.answers import Answer, Choice, Drawn, Kind, Number
from analytics.learning.ratio import Ratio

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})
N_QUESTION, N_CHECK = 4, 2
LEAST, MOST = N_QUESTION + 1 + N_CHECK, 30  # signs; the check places at most 31, the number of signs being one
GROUP = 4
MOST_CODES, MOST_BYTES, MOST_PIECES = 2_000, 500_000, 8
COLUMN = "code"
_BETWEEN = re.compile(r"[\s\-‐-―_.·:']+")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r\n]")

Asked = Kind | Ratio


@dataclass(frozen=True, slots=True)
class Code:
    """A code that passed its check: ``question`` names what was asked, ``signs`` the answer."""

    question: str
    signs: str

    def answer(self, kind: Asked) -> Answer | None:
        """The answer; None where the question has none like it."""
        if len(self.signs) != _width(kind):
            return None
        return _answer_at(kind, _to_number(self.signs))

    def __str__(self) -> str:
        """The code as it is read out, in groups of four."""
        signs = self.question + self.signs
        return group_signs(signs + _check(signs))


def name_question(parts: Sequence[str]) -> str:
    """Four signs for a question, by all that makes it this one."""
    digest = int.from_bytes(sha256("\x1f".join(parts).encode()).digest()[:3], "big") >> 4
    return _to_signs(digest, N_QUESTION)


def write_code(question: str, kind: Asked, answer: Answer) -> str:
    """The code of an answer to a question that `name_question` named."""
    return str(Code(question, _to_signs(_place_of(kind, answer), _width(kind))))


def group_signs(signs: str) -> str:
    """Signs in groups of four."""
    return "-".join(signs[i : i + GROUP] for i in range(0, len(signs), GROUP))


def read_code(text: str) -> Code | None:
    """The code that a text is, however it was grouped and written; None where it is none or was heard wrong."""
    folded = unicodedata.normalize("NFKC", text[: 8 * MOST]).upper()
    signs = _BETWEEN.sub("", folded).translate(READ_AS)
    if not LEAST <= len(signs) <= MOST or not set(signs) <= set(SIGNS):
        return None
    body = signs[:-N_CHECK]
    return Code(body[:N_QUESTION], body[N_QUESTION:]) if signs == body + _check(body) else None


def find_codes(text: str, known: Collection[str] = ()) -> tuple[tuple[Code, ...], tuple[str, ...]]:
    """The codes in a text, on lines or between commas and blanks, and the pieces of it that are none.

    A blank may also stand within a code: pieces are put together where that makes one, first of the ``known`` questions.
    """
    codes: list[Code] = []
    damaged: list[str] = []
    for line in re.split(r"[\n\r,;|、，；]+", text[:MOST_BYTES]):
        pieces = line.split()
        at = 0
        while at < len(pieces) and len(codes) + len(damaged) < MOST_CODES:
            n, code = _longest_at(pieces, at, known)
            if code is None:
                damaged.append(pieces[at])
            else:
                codes.append(code)
            at += n
    return tuple(codes), tuple(damaged)


def _longest_at(pieces: Sequence[str], at: int, known: Collection[str]) -> tuple[int, Code | None]:
    """How many pieces make a code, and which; 1 and None where none do."""
    found: list[tuple[int, Code]] = []
    for n in range(1, min(MOST_PIECES, len(pieces) - at) + 1):
        code = read_code(" ".join(pieces[at : at + n]))
        if code is not None:
            if code.question in known:
                return n, code
            found.append((n, code))
    return found[0] if found else (1, None)


def write_file(code: str, group: str, question: str, answer: str) -> bytes:
    """A code as a small table, which a learner can hand over in the place of reading it out."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((COLUMN, "class", "question", "prediction"))
    writer.writerow([f"'{cell}" if _FORMULA.match(cell) else cell for cell in (code, group, question, answer)])
    return out.getvalue().encode("utf-8-sig")


def read_file(content: bytes, known: Collection[str] = ()) -> tuple[tuple[Code, ...], tuple[str, ...]]:
    """The codes in a file that a learner handed over, or in any text, and the pieces of it that are none."""
    text = content[:MOST_BYTES].decode("utf-8-sig", "replace")
    try:
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error:
        rows = []
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    if COLUMN not in head:
        return find_codes(text, known)
    place = head.index(COLUMN)
    return find_codes("\n".join(row[place].lstrip("'") for row in rows[1:] if len(row) > place), known)


def n_answers(kind: Asked) -> int:
    """How many answers there are."""
    if isinstance(kind, Number):
        return round((kind.high - kind.low) / kind.step) + 1
    if isinstance(kind, Choice):
        return len(kind.options)
    return len(kind.values) if isinstance(kind, Ratio) else 101 ** len(kind.times)


def _place_of(kind: Asked, answer: Answer) -> int:
    """The place of an answer among all, of a curve with a whole per cent at each time."""
    if isinstance(kind, Drawn):
        assert isinstance(answer, tuple)
        place = 0
        for percent in answer:
            place = 101 * place + round(percent)
        return place
    if isinstance(kind, Choice):
        return [code for code, _ in kind.options].index(str(answer))
    assert isinstance(answer, int | float)
    return kind.values.index(answer) if isinstance(kind, Ratio) else round((answer - kind.low) / kind.step)


def _answer_at(kind: Asked, place: int) -> Answer | None:
    if place >= n_answers(kind):
        return None
    if isinstance(kind, Choice):
        return kind.options[place][0]
    if isinstance(kind, Ratio):
        return kind.values[place]
    if isinstance(kind, Number):
        return round(kind.low + place * kind.step, 9)
    percents: list[float] = []
    for _ in kind.times:
        place, percent = divmod(place, 101)
        percents.insert(0, float(percent))
    return tuple(percents) if kind.takes(tuple(percents)) else None


def _width(kind: Asked) -> int:
    width, most = 1, len(SIGNS)
    while most < n_answers(kind):
        width, most = width + 1, most * len(SIGNS)
    return width


def _to_signs(number: int, width: int) -> str:
    return "".join(SIGNS[number >> 5 * i & 31] for i in reversed(range(width)))


def _to_number(signs: str) -> int:
    number = 0
    for sign in signs:
        number = number << 5 | SIGNS.index(sign)
    return number


def _list_powers() -> tuple[int, ...]:
    """The powers of a generator of the field, by the primitive polynomial x⁵ + x² + 1."""
    powers, value = [], 1
    for _ in range(31):
        powers.append(value)
        value <<= 1
        value ^= 0b100101 if value & 32 else 0
    return tuple(powers)


_POWERS = _list_powers()
_LOGS = {value: power for power, value in enumerate(_POWERS)}


def _times(one: int, other: int) -> int:
    return _POWERS[(_LOGS[one] + _LOGS[other]) % 31] if one and other else 0


# The product (x + a)(x + a²) = x² + _MIDDLE x + _LAST: what is divisible by it has passed.
_MIDDLE, _LAST = _POWERS[1] ^ _POWERS[2], _POWERS[3]


def _check(signs: str) -> str:
    """The two check signs: the rest of the signs, with how many there are before them, divided by the product above."""
    high = low = 0
    for value in (len(signs) % 32, *(SIGNS.index(sign) for sign in signs)):
        first = value ^ high
        high, low = low ^ _times(first, _MIDDLE), _times(first, _LAST)
    return SIGNS[high] + SIGNS[low]
