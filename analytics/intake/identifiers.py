"""Columns that tell who somebody is, by their names and by what stands in them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import pandas as pd

from analytics.intake.tables import SourceTable

PATH = Path(__file__).parents[2] / "data" / "identifiers.toml"
MOST_LOOKED_AT = 2000  # values of a column, spread over it
LEAST_SHARE = 0.8  # of the values that look so, where one alone may be chance
UNIQUE_SHARE = 0.8  # of the values that are unlike all others, where a number of insurance is looked for
LEAST_VALUES = 5
LONGEST_VALUE = 200  # characters of a value that is all an address, a name or a number; a longer one is a remark
LEAST_GROUPED, MOST_GROUPS = 20, 12  # so many values, of which so few are unlike, are groups


@dataclass(frozen=True, slots=True)
class Identifier:
    """A column that tells who somebody is: of which ``kind``, ``label`` for readers, and ``why`` it is taken for that.

    ``share`` is the share of its values that look so, 0 where the name alone tells.
    """

    column: str
    kind: str
    label: str
    why: str
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    label: str
    words: tuple[str, ...]
    shared: tuple[str, ...]
    never: tuple[str, ...]


def find_identifiers(table: SourceTable, numbers: Collection[str] = ()) -> tuple[Identifier, ...]:
    """The columns of a table that tell, or may tell, who a patient is, in the order of the table.

    Parameters
    ----------
    numbers
        Columns known to hold measurements, among whose digits no number of insurance is looked for: any nine digits are
        one of some country.
    """
    found = []
    for column in table.columns:
        values = table.frame[column].dropna()
        identifier = _by_name(column, values) if len(values) else None
        identifier = identifier or _by_content(column, values, is_number=column in numbers)
        if identifier is not None:
            found.append(identifier)
    return tuple(found)


def is_birth(column: str) -> bool:
    """True if the name of a column says that it holds dates of birth."""
    said = _split(column)
    births = next(kind for kind in load_kinds() if kind.name == "births")
    never = any(_stands_in(word, said) for word in births.never)
    return not never and any(_stands_in(word, said) for word in births.words)


@cache
def load_kinds() -> tuple[_Kind, ...]:
    """What tells who somebody is, as its file says it."""
    content = tomllib.loads(PATH.read_text(encoding="utf-8"))
    return tuple(
        _Kind(name, entry["label"], *(tuple(entry[key]) for key in ("words", "shared", "never")))
        for name, entry in content.items()
    )


def _by_name(column: str, values: pd.Series) -> Identifier | None:
    said = _split(column)
    for kind in load_kinds():
        if any(_stands_in(word, said) for word in kind.never):
            continue
        found = [word for word in kind.words if _stands_in(word, said)]
        if found and not (set(found) <= set(kind.shared) and _are_groups(values)):
            return Identifier(column, kind.name, kind.label, f"its name says “{found[0]}”")
    return None


def _are_groups(values: pd.Series) -> bool:
    """True if a dozen values are shared between many rows. The share tells nothing: first names repeat in a large file."""
    return len(values) >= LEAST_GROUPED and values.nunique() <= MOST_GROUPS


def _split(name: str) -> str:
    """The words of a name, in lower case between blanks: "patientName_2" is " patient name 2 "."""
    apart = re.sub(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])", " ", name)
    words = re.findall(r"[^\W_]+", apart.casefold())
    return f" {' '.join(words)} "


def _stands_in(word: str, said: str) -> bool:
    return word in said if _is_chinese(word) else f" {word.casefold()} " in said


@cache
def _is_chinese(word: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in word)


def _by_content(column: str, values: pd.Series, *, is_number: bool) -> Identifier | None:
    texts = values.iloc[:: max(len(values) // MOST_LOOKED_AT, 1)].astype(str).tolist()
    if not texts:
        return None
    labels = {kind.name: kind.label for kind in load_kinds()}
    for kind, least, test, what in _TESTS:
        # A single mail address or number of the state is found in a remark, too.
        looked_at = texts if not least else [text for text in texts if len(text) <= LONGEST_VALUE]
        share = sum(map(test, looked_at)) / len(texts)
        is_enough = share > 0 and share >= least and (least == 0 or len(texts) >= LEAST_VALUES)
        if is_enough and not (least and _are_groups(values)):
            return Identifier(column, kind, labels[kind], f"{share:.0%} of its values look like {what}", share)
    is_unique = len(set(texts)) >= UNIQUE_SHARE * len(texts) and len(texts) >= LEAST_VALUES
    if is_number or not is_unique or sum(any(map(str.isdigit, text)) for text in texts) < LEAST_SHARE * len(texts):
        return None
    if max(map(len, texts)) > LONGEST_VALUE:
        return None
    for country, module in _NUMBERS:
        is_valid = import_module(f"stdnum.{module}").is_valid
        share = sum(bool(is_valid(text)) for text in texts) / len(texts)
        if share >= LEAST_SHARE:
            what = f"{share:.0%} of its values are valid numbers of {country}"
            return Identifier(column, "insurance", labels["insurance"], what, share)
    return None


# Numbers whose check digits are looked at, the strictest first: chance makes one in ten or fewer of such digits valid.
_NUMBERS = (
    ("identity in China", "cn.ric"),
    ("identity in Korea", "kr.rrn"),
    ("health in Britain", "gb.nhs"),
    ("tax in Germany", "de.idnr"),
    ("insurance in France", "fr.nir"),
    ("insurance in Switzerland", "ch.ssn"),
    ("insurance in Austria", "at.vnr"),
    ("identity in the Netherlands", "nl.bsn"),
    ("identity in Sweden", "se.personnummer"),
    ("identity in Poland", "pl.pesel"),
    ("identity in India", "in_.aadhaar"),
)
# A search that begins at every letter of a long text must end soon: as many as a mailbox and a domain may have (RFC 5321).
_EMAIL = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,255}\.[a-z]{2,}", re.IGNORECASE)
_CHINESE_ID = re.compile(r"(?<!\d)[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)")
_PHONE = re.compile(
    r"(?:\+|00)\d{1,3}[\s/()-]*(?:\d[\s/()-]*){7,12}|1[3-9]\d{9}|0\d{2,4}[\s/-]+\d{5,8}|\(\d{3}\)\s?\d{3}-\d{4}|\d{3}-\d{3}-\d{4}"
)
_STREET = re.compile(
    r"(?:\b[A-ZÄÖÜ][\wäöüß.-]*(?:straße|strasse|str\.|weg|platz|allee|gasse)\s*\d+)"
    r"|(?:\b\d+\s+(?:[A-Z][\w.'-]*\s+){1,3}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd)\b)"
    r"|(?:[\u4e00-\u9fff]{2,}(?:路|街|巷|弄|村|小区)\s*\d*\s*号?)",
    re.IGNORECASE,
)
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方"
    "邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤"
)
_TWO_NAMES = re.compile(
    r"[A-ZÄÖÜÉ][a-zäöüßéèáñç'-]+(?:,\s*|\s+(?:[A-Z]\.?\s+)?(?:v(?:on|an)\s+|de\s+)?)[A-ZÄÖÜÉ][a-zäöüßéèáñç'-]+"
)


def _is_chinese_name(text: str) -> bool:
    return 2 <= len(text) <= 4 and text[0] in _SURNAMES and all("\u4e00" <= c <= "\u9fff" for c in text)


def _is_name(text: str) -> bool:
    return bool(_TWO_NAMES.fullmatch(text)) or _is_chinese_name(text)


# The kind, from which share on (0: a single one tells), the test of one value, and what it looks like.
_TESTS: tuple[tuple[str, float, Callable[[str], bool], str], ...] = (
    ("emails", 0.0, lambda text: "@" in text and bool(_EMAIL.search(text)), "e-mail addresses"),
    ("insurance", 0.0, lambda text: bool(_CHINESE_ID.search(text)), "identity numbers of China"),
    ("phones", LEAST_SHARE, lambda text: bool(_PHONE.fullmatch(text)), "telephone numbers"),
    ("addresses", LEAST_SHARE, lambda text: bool(_STREET.search(text)), "addresses"),
    ("names", LEAST_SHARE, _is_name, "names"),
)
