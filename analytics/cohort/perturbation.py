"""Cell keys: noise for numbers of patients that is the same for the same patients, whoever asks and by whatever way.

Each patient has a random key, made from a secret of the deployment and the identifier. The key of a cell (a set of patients)
is the sum of theirs; what is looked up by it in a published table is added to the number of patients in the cell. So no
question needs to be remembered: the same patients always give the same number, and two sets that differ by one patient
two independent draws.

Sources
-------
Thompson, Broadfoot & Elazar (2013), Methodology for the automatic confidentialisation of statistical outputs from remote
servers at the Australian Bureau of Statistics, UNECE work session on statistical data confidentiality: the method.
Marley & Leaver (2011), A method for confidentialising user-defined tables, 58th World Statistics Congress: the noise of
largest entropy.
Giessing (2016), Privacy in Statistical Databases, doi:10.1007/978-3-319-45381-1_18: the same in the European census.
"""

from __future__ import annotations

import hashlib
import hmac
import tomllib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from analytics.dictionary import load_words
from analytics.results import CellNoise

TABLE = Path(__file__).parents[2] / "data" / "perturbation.toml"
LEAST_CELL, LARGEST_CELL = 3, 100
SHORTEST_SECRET = 16
IntArray = NDArray[np.int64]


@lru_cache(maxsize=1)
def load_noise() -> tuple[int, float]:
    """The bound and the variance of the noise."""
    content = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return int(content["bound"]), float(content["variance"])


@lru_cache(maxsize=8)
def list_probabilities(bound: int, variance: float) -> tuple[float, ...]:
    """The probabilities of −bound … +bound: of all with mean 0 and this variance those with the largest entropy."""
    steps = np.arange(-bound, bound + 1)

    def weigh(rate: float) -> NDArray[np.float64]:
        weight = np.exp(-rate * steps**2)
        return np.asarray(weight / weight.sum())

    rate = brentq(lambda x: float(weigh(x) @ steps**2) - variance, -5, 50)
    return tuple(weigh(float(rate)).tolist())


@dataclass(frozen=True)
class CellKeys:
    """How numbers are shown of which none below ``smallest`` may be, by a secret.

    Raises
    ------
    ValueError
        If the smallest cell is no whole number from 3 to 100, or the secret is too short to be one.
    """

    smallest: int
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not LEAST_CELL <= self.smallest <= LARGEST_CELL:
            raise ValueError(
                f"the smallest cell must be from {LEAST_CELL} to {LARGEST_CELL} {load_words().plural}: it is {self.smallest}."
            )
        if len(self.secret) < SHORTEST_SECRET:
            raise ValueError(
                f"the secret of the cell keys must have {SHORTEST_SECRET} characters or more: it has {len(self.secret)}."
            )

    @property
    def noise(self) -> CellNoise:
        """What is known of the noise."""
        return CellNoise(*load_noise(), self.smallest)

    def draw(self, key: ArrayLike) -> IntArray:
        """The noise of cells by their keys."""
        return np.searchsorted(self._limits, self._spread(np.asarray(key)), side="right") - load_noise()[0]

    def show(self, n: ArrayLike, key: ArrayLike) -> IntArray:
        """Numbers of patients as they are shown; 0 where they are not, which is so of all below the smallest cell."""
        true = np.asarray(n, dtype=np.int64)
        shown = true + self.draw(key)
        return np.where((true >= self.smallest) & (shown >= self.smallest), shown, 0)

    def sign(self, text: str) -> str:
        """A short text that stands for another, which nobody can make or compare without the secret."""
        return hmac.new(self.secret.encode(), text.encode(), "sha256").hexdigest()[:12]

    @cached_property
    def _limits(self) -> NDArray[np.float64]:
        return np.cumsum(list_probabilities(*load_noise()))[:-1]

    @cached_property
    def _salt(self) -> tuple[np.uint64, np.uint64]:
        digest = hashlib.sha256(f"noise {self.secret}".encode()).digest()
        return np.uint64(int.from_bytes(digest[:8])), np.uint64(int.from_bytes(digest[8:16]))

    def _spread(self, key: NDArray[np.generic]) -> NDArray[np.float64]:
        """The keys as independent numbers from 0 to 1: the noise of parts says nothing of that of their sum.

        The mixing is that of Steele, Lea & Flood (2014), doi:10.1145/2660193.2660195, twice with a secret each.
        """
        mixed = key.astype(np.uint64)
        with np.errstate(over="ignore"):
            for salt in self._salt:
                mixed = mixed + salt
                mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                mixed = mixed ^ (mixed >> np.uint64(31))
        return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2.0**53)


def salt_of(secret: str) -> str:
    """What stands before identifiers when patients get their keys."""
    return hashlib.sha256(f"keys {secret}".encode()).hexdigest()[:32]
