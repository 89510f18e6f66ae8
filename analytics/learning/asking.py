"""Questions made of a view: which of its numbers can be asked, by what each is called there, never by its value.

What is asked is read off what the view shows, its headlines, its table and its forest, so that nothing can be asked that it
does not show: no number of few patients, and none that is withheld.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from analytics.document import Document, HtmlFigure
from analytics.languages import Text
from analytics.learning.answers import MONTHS, PERCENT, Answer, Number, Verdict
from analytics.learning.codes import name_question
from analytics.learning.ratio import Ratio
from analytics.learning.saying import both, fill
from analytics.reporting.tables import Table

LONGEST_WORDING, LONGEST_GROUP = 200, 40
MOST_MONTHS = (120.0, 600.0)
TOP = "top"
PLAIN = Text("{label}?", "请估计：{label}")
_NUMBER = r"\d[\d\u2009\u202f]*(?:\.\d+)?"
_LIMITS = rf"(?:\s*\((?P<low>{_NUMBER}|no lower limit)(?:–| to )(?P<high>{_NUMBER}|no upper limit)\))?"
_PERCENT = re.compile(rf"(?P<value>{_NUMBER})\s*%{_LIMITS}")
_SHARE = re.compile(rf"{_NUMBER}(?: of {_NUMBER})? \((?P<value>{_NUMBER})\s*%\)")
_COUNT = re.compile(rf"(?P<value>{_NUMBER}) of (?P<whole>{_NUMBER})")
_MONTHS = re.compile(rf"(?P<value>{_NUMBER}){_LIMITS}(?:\s*months)?")
_RATIO = re.compile(rf"(?P<value>{_NUMBER}){_LIMITS}")
_IS_RATIO = re.compile(r"\bratio\b|\b[OH]R\b", re.IGNORECASE)
_TOTAL = re.compile(r"\s*\(n = [^)]*\)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")

AskedKind = Number | Ratio


@dataclass(frozen=True, slots=True)
class Askable:
    """A number of a view that can be asked: ``key`` finds it again, ``label`` says what it is, ``text`` is it as it is shown.

    ``low`` and ``high`` are the limits of its interval, None where there are none; ``kind`` is how it is answered.
    """

    key: str
    label: str
    text: str
    value: float
    low: float | None
    high: float | None
    kind: AskedKind

    @property
    def has_interval(self) -> bool:
        """True for an estimate that is shown with its interval, False for a count or a share."""
        return self.low is not None or self.high is not None

    def judge(self, answer: Answer) -> Verdict:
        """How near an answer is; within the interval it is near, however wide that is."""
        verdict = self.kind.judge(answer, self.value)
        assert isinstance(answer, int | float)
        is_within = (self.low is None or self.low <= answer) and (self.high is None or answer <= self.high)
        return "near" if verdict == "off" and self.has_interval and is_within else verdict


def list_askable(document: Document) -> tuple[Askable, ...]:
    """The numbers of a view that can be asked: those at its top, in the table in sight and in its forest, each once."""
    found: dict[str, Askable] = {}
    for cell in _list_cells(document):
        one = _read(cell)
        if one is not None:
            found.setdefault(one.key, one)
    return tuple(found.values())


def find_askable(document: Document, key: str) -> Askable | None:
    """The number that a question asks of a view; None where it shows none of that name."""
    return next((one for one in list_askable(document) if one.key == key), None)


def say_question(one: Askable, wording: str) -> Text:
    """The question in its teacher's words, or in those of the view."""
    return both(wording) if wording else fill(PLAIN, label=one.label)


def clean_wording(text: str, longest: int = LONGEST_WORDING) -> str:
    """What somebody wrote, on one line and no longer than it may be."""
    return " ".join(_CONTROL.sub(" ", text).split())[:longest].strip()


def name_lesson_round(slug: str, query: Mapping[str, Sequence[str]], data_version: str, group: str) -> str:
    """The four signs of a lesson on a selection (``query``) for a class or round."""
    return name_question(("lesson", slug, _said(query), data_version, _fold(group)))


def name_view_round(
    view: tuple[str, str],
    query: Mapping[str, Sequence[str]],
    choices: Mapping[str, Sequence[str]],
    version: str,
    group: str,
) -> str:
    """The four signs of a number of a view (its address and the number's key), by its selection and choices."""
    return name_question(("view", *view, _said(query), _said(choices), version, _fold(group)))


def _said(query: Mapping[str, Sequence[str]]) -> str:
    return urlencode([(key, text) for key in sorted(query) for text in sorted(query[key])])


def _fold(group: str) -> str:
    return " ".join(clean_wording(group, LONGEST_GROUP).casefold().split())


@dataclass(frozen=True, slots=True)
class _Cell:
    """A text of a view: in which row it stands, under which head, and what the row is about."""

    row: str
    head: str
    text: str
    is_ratio: bool
    about: str = ""


def _list_cells(document: Document) -> Iterator[_Cell]:
    for one in document.headlines():
        if not one.place:
            yield _Cell("", one.label, one.value, bool(_IS_RATIO.search(one.label)), document.title)
    for table in [table for table in document.tables() if not table.place and not table.words][:1]:
        yield from _list_of_table(table)
    figure = document.main().figure
    if not isinstance(figure, HtmlFigure) or figure.forest is None:
        return
    heads = [column.head for column in figure.forest.columns]
    for section in figure.forest.sections:
        group = ""
        for row in section:
            name = row.cells[0].text
            if not any(cell.kind == "ratio" or _SHARE.fullmatch(cell.text) for cell in row.cells[1:]):
                group = name if all(cell.kind == "words" for cell in row.cells) else group
                continue
            whose = f"{group}, {name}" if group else name
            for head, cell in list(zip(heads, row.cells, strict=True))[1:]:
                yield _Cell(whose, head, cell.text, cell.kind == "ratio", document.title)


def _list_of_table(table: Table) -> Iterator[_Cell]:
    group = ""
    for place, row in enumerate(table.rows):
        is_part = place < len(table.indent) and table.indent[place]
        if not is_part:
            group = row[0] if any(table.indent) else ""
        whose = f"{group}, {row[0]}" if is_part and group else row[0]
        for head, text in list(zip(table.columns, row, strict=True))[1:]:
            yield _Cell(whose, head, text, bool(_IS_RATIO.search(head)), table.title)


def _read(cell: _Cell) -> Askable | None:
    """The number in a text, by the unit that it is said in; None where it holds none, or something else beside it."""
    said, head = cell.text.replace("\u00a0", " ").strip(), _TOTAL.sub("", cell.head)
    kind: AskedKind
    if cell.is_ratio:
        match, kind = _RATIO.fullmatch(said), Ratio()
    elif match := _PERCENT.fullmatch(said) or _SHARE.fullmatch(said):
        kind = Number(0, 100, 1, PERCENT, 5, 50)
    elif match := _COUNT.fullmatch(said):
        whole = _to_float(match["whole"]) or 0
        kind = Number(0, whole, 1, both(f"of {whole:g}"), max(1.0, whole // 20), whole // 2)
    elif "months" in f"{said} {head}" and (match := _MONTHS.fullmatch(said)):
        most = next((m for m in MOST_MONTHS if (_to_float(match["value"]) or 0) <= m), MOST_MONTHS[-1])
        kind = Number(0, most, 1, MONTHS, 3, 12)
    if match is None or (isinstance(kind, Number) and not kind.high):
        return None
    parts = match.groupdict()
    value = _to_float(parts["value"])
    if value is None or (cell.is_ratio and (value <= 0 or not (parts.get("low") or parts.get("high")))):
        return None
    label = f"{cell.about}: {', '.join(filter(None, (cell.row, head)))}"
    low, high = _to_float(parts.get("low")), _to_float(parts.get("high"))
    return Askable(f"{_slug(cell.row) or TOP}.{_slug(head)}", label, said, value, low, high, kind)


def _to_float(text: str | None) -> float | None:
    digits = re.sub(r"[\u2009\u202f]", "", text or "")
    return float(digits) if re.fullmatch(r"\d+(\.\d+)?", digits) else None


def _slug(text: str) -> str:
    return "-".join(re.findall(r"\w+", text.casefold()))
