"""How well the name of a column goes with the names that the dictionary knows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

SURE_NAME = 0.95  # the same name but for case, blanks, punctuation and order of the words
LEAST_NAME = 0.6
_BRACKETS = re.compile(r"[(\[（].*?[)\]）]")
_CLOSE = 0.88
_SHORTEST = 5  # letters of a name that may be misspelt
_FILLING = frozenset(
    (
        *("of", "the", "at", "in", "on", "by", "for", "a", "an", "from", "to", "and"),
        *("bei", "der", "die", "das", "des", "von", "im", "am", "zum", "zur", "und"),
        *("cd", "flg", "flag", "val", "value"),
    )
)
# What names of columns abbreviate, or call otherwise, as the words that it is compared by.
_MEANT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("dt", "dat", "datum"), ("date",)),
    **dict.fromkeys(("dx", "diag", "diagn", "ed", "erstdiagnose", "diagnose"), ("diagnosis",)),
    **dict.fromkeys(("rel", "rlp", "rlps", "relap", "rezidiv"), ("relapse",)),
    **dict.fromkeys(("fu", "fup", "followup"), ("follow", "up")),
    **dict.fromkeys(("bmt", "sct", "hct", "kmt", "szt", "allo"), ("hsct",)),
    **dict.fromkeys(("stat", "sts"), ("status",)),
    **dict.fromkeys(("pt", "pat", "patienten"), ("patient",)),
    **dict.fromkeys(("num", "nr", "nummer"), ("number",)),
    **dict.fromkeys(("mos", "mths", "mon", "monate"), ("months",)),
    **dict.fromkeys(("yr", "yrs", "jahre"), ("years",)),
    **dict.fromkeys(("tage",), ("days",)),
}


@contextmanager
def forgetting_names() -> Iterator[None]:
    """Forget at the end what names of columns were compared: they are of a file that one reader brought."""
    try:
        yield
    finally:
        split_name.cache_clear()
        _score.cache_clear()
        spell_without.cache_clear()


@lru_cache(maxsize=20_000)
def split_name(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case, numbers apart, without those that say nothing."""
    text = re.sub(r"(?<=[a-zäöüß])(?=[A-Z])", " ", name)
    words = [meant for word in re.findall(r"[^\W\d_]+|\d+", text.casefold()) for meant in _MEANT.get(word, (word,))]
    return tuple(word for word in words if word not in _FILLING) or tuple(words)


def without_brackets(name: str) -> str:
    """The name without what stands in brackets, which is mostly a unit."""
    return _BRACKETS.sub(" ", name)


@lru_cache(maxsize=20_000)
def spell_without(names: tuple[str, ...], idle: frozenset[str]) -> tuple[str, ...]:
    """Names, then each without its idle words and without brackets."""
    bare = (" ".join(word for word in split_name(without_brackets(name)) if word not in idle) for name in names)
    return tuple(dict.fromkeys((*names, *filter(None, bare))))


def score_name(column: str, names: Sequence[str]) -> tuple[float, int]:
    """How well a column's name goes with the best of several, 0 to 1, and the place of that one.

    Numbers in a name must be the same: day 29 is not day 19.
    """
    best = (0.0, -1)
    plain = without_brackets(column)
    for place, name in enumerate(names):
        if (score := max(_score(column, name), _score(plain, name))) > best[0]:
            best = (score, place)
    return best


@lru_cache(maxsize=200_000)
def _score(column: str, name: str) -> float:
    words, known = split_name(column), split_name(name)
    key, known_key = "".join(words), "".join(known)
    if not key or not known_key:
        return 0.0
    if key == known_key:
        return 1.0
    if _numbers(words) != _numbers(known):
        return 0.0
    if sorted(words) == sorted(known):
        return 0.97
    if not known_key.isascii() and known_key in key:
        return 0.85 if len(known_key) > 1 else 0.0
    shared = set(words) & set(known)
    if len(known) > 1 and set(known) <= set(words):
        return 0.9 - 0.1 * (len(words) - len(known))
    if shared and len(known_key) >= 3 and len(known) == 1 and len(words) <= 3:
        return 0.8 - 0.1 * (len(words) - 1)
    if min(len(key), len(known_key)) >= _SHORTEST:
        matcher = difflib.SequenceMatcher(None, key, known_key)
        is_close = min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= _CLOSE and matcher.ratio() >= _CLOSE
        return 0.85 * matcher.ratio() if is_close else 0.0
    return 0.0


def _numbers(words: Iterable[str]) -> list[str]:
    return sorted(str(int(word)) for word in words if word.isdecimal())
