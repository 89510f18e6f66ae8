"""Patients that a reader has brought: they live in their own session, with all that follows from them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Self

import streamlit as st

from analytics.cohort import Cohort
from analytics.cohort.cohort import assign
from analytics.views.basket import Basket
from analytics.views.ledger import Ledger
from pages.components import state
from pages.components.leaving import forget_with_session

KEPT = 512  # results that follow from one reader's patients


class Memory:
    """The last results of one cohort, by what they answer."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._found: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def recall(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What is kept under a key, made where nothing is."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        made = make()
        with self._lock:
            self._found[key] = made
            while len(self._found) > self._kept:
                self._found.popitem(last=False)
        return made

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._found.clear()

    def __len__(self) -> int:
        with self._lock:
            return len(self._found)


class OwnCohort(Cohort):
    """The cohort of a reader's own patients. It equals no other.

    ``memory`` is what was computed of it lately, ``lasting`` what stays as long as the cohort does.
    """

    memory: Memory
    lasting: Memory

    @classmethod
    def of(cls, cohort: Cohort) -> Self:
        """The same patients as the reader's own."""
        return assign(cls.__new__(cls), **vars(cohort), memory=Memory(), lasting=Memory())

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def forget(self) -> None:
        """Let the patients go, and all that follows from them: nothing can be asked any more."""
        for memory in (self.memory, self.lasting):
            memory.clear()
        self.let_go()


def hold_own_cohort(cohort: Cohort) -> None:
    """Let the session show a reader's own patients, with filters and a ledger of their own."""
    if (own := find_own_cohort()) is None:
        st.session_state[state.LEDGER_ASIDE] = st.session_state.get(state.LEDGER, Ledger())
        st.session_state[state.BASKET_ASIDE] = st.session_state.pop(state.BASKET, Basket())
    if own is None or own.data_version != cohort.data_version:
        st.session_state[state.LEDGER] = Ledger()
        _forget_view()
    own = st.session_state[state.OWN_COHORT] = OwnCohort.of(cohort)
    forget_with_session(own)


def let_own_cohort_go() -> None:
    """Let go of the reader's own patients, and of all that follows from them."""
    if st.session_state.pop(state.OWN_COHORT, None) is not None:
        st.session_state[state.LEDGER] = st.session_state.pop(state.LEDGER_ASIDE, Ledger())
        st.session_state[state.BASKET] = st.session_state.pop(state.BASKET_ASIDE, Basket())
        _forget_view()


def find_own_cohort() -> OwnCohort | None:
    """The reader's own patients that the session shows; None if it shows others."""
    own: OwnCohort | None = st.session_state.get(state.OWN_COHORT)
    return own


def _forget_view() -> None:
    """Other patients are asked other questions: no filter and no choice is taken along."""
    for key in (state.FILTERS, state.LINK_READ, state.LINK_NOTES, state.ANSWERED, state.SHOWN):
        st.session_state.pop(key, None)
    st.query_params.clear()
