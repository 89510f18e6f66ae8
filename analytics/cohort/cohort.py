"""A cohort of patients: an engine, a dictionary and a disclosure rule. What it says, the rule has let through."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.cohort.counts import Counts, Range
from analytics.cohort.disclosure import Hidden
from analytics.cohort.engine import Engine
from analytics.cohort.filters import CohortFilter, Funnel
from analytics.cohort.problems import CohortError, Problem
from analytics.cohort.rules import Disclosure, Levels, SmallNumbers
from analytics.dictionary import Dictionary
from analytics.formats import shorten
from analytics.results import Note

Kind = TypeVar("Kind", bound="Cohort")
MOST_IDENTIFIERS = 5  # patients that one question names


@dataclass(frozen=True, init=False)
class Cohort:
    """Patients that have been checked, in an engine that gives out counts only.

    The engine is out of reach: what it answers comes in a box (`Exact`) that only the disclosure rule opens. So a method
    added here is protected, or it has nothing to give.

    Parameters
    ----------
    engine
        Holds the patients, as `Engine` says.
    dictionary
        The entries of the columns at hand and the endpoints they make up.
    disclosure
        What of the true numbers is given out.
    name
        What the cohort is called.
    data_version
        A short text that changes with any value. Cohorts of the same version and rule compare and hash equal.
    synthetic
        True if no patient is a real one.
    notes
        What was left out or read differently.

    Attributes
    ----------
    variables
        The columns at hand, brought or derived, without the identifier.
    """

    name: str = field(compare=False)
    data_version: str
    synthetic: bool = field(compare=False)
    dictionary: Dictionary = field(compare=False, repr=False)
    variables: tuple[str, ...] = field(compare=False, repr=False)
    disclosure: Disclosure
    _counts: Counts = field(compare=False, repr=False)
    _left_out: list[Hidden] = field(compare=False, repr=False)
    _asked: dict[str, None] = field(compare=False, repr=False)

    def __init__(
        self,
        engine: Engine,
        dictionary: Dictionary,
        disclosure: Disclosure,
        *,
        name: str,
        data_version: str,
        synthetic: bool,
        notes: Sequence[Note] = (),
    ) -> None:
        assign(
            self,
            name=name,
            data_version=data_version,
            synthetic=synthetic,
            dictionary=dictionary,
            variables=tuple(v.name for v in dictionary.variables if v.kind != "identifier"),
            disclosure=disclosure,
            _counts=Counts(engine, dictionary, notes),
            _left_out=[],
            _asked={},
        )

    @property
    def n(self) -> int:
        """The number of patients."""
        return self.count()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was left out or read differently."""
        return self.disclosure.notes(self._counts.notes())

    @property
    def is_far(self) -> bool:
        """True if what a page asks is better asked at once than one after another."""
        return self._counts.is_far

    @property
    def smallest_cell(self) -> int:
        """The least number of patients that is given out; 0 where every number is."""
        return self.disclosure.smallest_cell

    def tally(
        self,
        columns: Sequence[str],
        cohort_filter: CohortFilter = CohortFilter(),  # noqa: B008
        *,
        whole: bool = False,
        main_effects: bool = False,
    ) -> pd.DataFrame:
        """The distinct combinations of ``columns`` among the patients who pass the filter, with their number ``n``.

        Parameters
        ----------
        columns
            Names out of `variables`, each once. None of them gives one row with the number of patients.
        cohort_filter
            Who is counted.
        whole
            True if nothing could be told once a rare level were left out, as it is where small numbers are protected.
        main_effects
            True for a model without interactions of factors by an outcome: where small numbers are protected the combinations
            are then made up from those of two, and ``n`` need not be whole.

        Returns
        -------
        One row per combination that occurs, sorted by the columns, missing last. Coded columns are categorical with
        the dictionary's levels in order, all others float64; NaN is missing; ``n`` is int64. Nobody left gives no rows.

        Raises
        ------
        KeyError
            If a column is not at hand.
        FilterError
            If the filter does not fit the dictionary.
        SuppressedError
            If small numbers are protected and nothing can be shown; so in every method that takes a filter.
        """
        exact = self._counts.tally(columns, cohort_filter)
        shown, hidden = self.disclosure.tally(
            exact, self.dictionary, whole=whole, main_effects=main_effects, chosen=cohort_filter.variables
        )
        self._left_out.extend(hidden)
        self._asked.update(dict.fromkeys(columns))
        return shown

    def count(self, cohort_filter: CohortFilter = CohortFilter()) -> int:  # noqa: B008
        """The number of patients who pass the filter; errors as in `tally`."""
        return self.disclosure.count(self._counts.count(cohort_filter))

    def funnel(self, cohort_filter: CohortFilter) -> Funnel:
        """How many patients are left after each clause, in the order of the phases; errors as in `tally`."""
        return self.disclosure.funnel(self._counts.funnel(cohort_filter))

    def level_counts(
        self,
        cohort_filter: CohortFilter = CohortFilter(),  # noqa: B008
    ) -> Mapping[str, Levels]:
        """Patients at each level of each coded filter variable, under the clauses of all *other* variables.

        Returns
        -------
        One entry per coded filter variable, in the order of the phases, with every level in order and None (missing)
        last, zeros included: what a reader would have after choosing that level. Where small numbers are protected, it is
        `FewerThan` the smallest cell for a level that cannot be chosen. Errors as in `tally`.
        """
        exact = self._counts.level_counts(cohort_filter)
        return self.disclosure.level_counts(exact)

    def split_counts(
        self,
        columns: Sequence[str],
        cohort_filter: CohortFilter = CohortFilter(),  # noqa: B008
        *,
        event: str | None = None,
        edges: Mapping[str, Sequence[float]] | None = None,
    ) -> dict[str, NDArray[np.int64]]:
        """Patients at each level of each column by an event, under the clauses of all *other* columns, in one query.

        Parameters
        ----------
        columns
            Names out of `variables`, each once: coded ones, and numbers that ``edges`` has.
        cohort_filter
            Who is counted; a clause is passed over by the counts of its own variable.
        event
            A column of 0 and 1; None leaves everybody without it.
        edges
            Of each number the lower ends of its bins, ascending; a value below the first counts in the first.

        Returns
        -------
        For each column a row per level, or bin, and one for missing values; the columns are those without the event, those
        with it, and those of whom it is not known. Where small numbers are protected there is none of a number, and -1
        stands for what may not be told. Errors as in `tally`.
        """
        exact = self._counts.split_counts(columns, cohort_filter, event, edges or {})
        return self.disclosure.split_counts(exact, by_event=event is not None)

    def ranges(self) -> dict[str, Range]:
        """Smallest and largest value and number missing of each numeric filter variable, over the whole cohort."""
        return self.disclosure.ranges(self._counts.ranges(), self.dictionary)

    def name_patients(
        self,
        patterns: pd.DataFrame,
        cohort_filter: CohortFilter = CohortFilter(),  # noqa: B008
        limit: int = MOST_IDENTIFIERS,
    ) -> tuple[str, ...]:
        """The identifiers of patients whose values equal one of ``patterns``, in their order.

        The one place that gives out anything about single patients. It does so for synthetic patients alone (and for
        no more than some thousands of them): of any other cohort no identifier is kept.

        Parameters
        ----------
        patterns
            Rows of a `tally`, the column of counts left out; NaN or a missing level is a missing value.
        cohort_filter
            Who is looked at.
        limit
            How many identifiers are given at most.

        Returns
        -------
        Sorted identifiers, ``limit`` of them at most; () where the cohort gives none.

        Raises
        ------
        KeyError
            If a column is not at hand.
        FilterError
            If the filter does not fit the dictionary.
        """
        return self.disclosure.names(self._counts.names(patterns, cohort_filter, limit))

    def is_answered(self, cohort_filter: CohortFilter) -> bool:
        """True if something may be said of the patients who pass the filter."""
        return self.disclosure.is_answered(self._counts.count(cohort_filter))

    def protected(self, rule: SmallNumbers) -> Cohort:
        """The cohort under the rule, its data version signed: without the secret nobody can tell what it is of."""
        return assign(
            copy.copy(self),
            disclosure=rule,
            data_version=rule.keys.sign(self.data_version),
            _counts=self._counts.with_keys(rule.secret),
            _left_out=[],
            _asked={},
        )

    def let_go(self) -> None:
        """Let the patients go; nothing can be asked any more."""
        self._counts.close()

    def recording(self) -> Cohort:
        """The cohort, remembering from now on in `asked` and `left_out` what its tallies are of and leave out."""
        return assign(copy.copy(self), _left_out=[], _asked={})

    @property
    def asked(self) -> tuple[str, ...]:
        """The columns that the tallies of this record were of, each once."""
        return tuple(self._asked)

    @property
    def left_out(self) -> tuple[Hidden, ...]:
        """The levels that the tallies of this record have left out to protect small numbers, each once."""
        return tuple(dict.fromkeys(self._left_out))


def assign(cohort: Kind, **values: Any) -> Kind:
    """A cohort that is being made, with its fields set: once handed out it does not change."""
    for name, value in values.items():
        object.__setattr__(cohort, name, value)
    return cohort


@lru_cache(maxsize=1)
def draw_secret() -> str:
    """A secret for as long as this process lives: for patients who live no longer."""
    return secrets.token_hex(32)


def protect_cohort(cohort: Cohort, smallest_cell: int, *, secret: str = "") -> Cohort:
    """The cohort with its small numbers protected by cell keys.

    Without a ``secret`` one is drawn for this process. Where the cohort was opened without one, patients get their keys by all
    their values instead of by their identifiers.

    Raises
    ------
    ValueError
        If the smallest cell is not a whole number from 3 to 100, or the secret is shorter than 16 characters.
    CohortError
        If the whole cohort has fewer patients than that.
    """
    protected = cohort.protected(SmallNumbers(smallest_cell, secret or draw_secret()))
    if not protected.is_answered(CohortFilter()):
        what = f"{shorten(cohort.name)} has fewer than {smallest_cell} patients, of whom nothing may be said"
        raise CohortError([Problem(what, f"SMALLEST_CELL={smallest_cell}", "Open a cohort of more patients.")])
    return protected
