"""Which patients a session shows: the file named at the start, the reference cohort instead, or the reader's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from analytics.cohort import Cohort
from analytics.cohort.address import find_scheme, say_source
from analytics.cohort.problems import CohortError
from analytics.formats import shorten
from pages.components import state
from pages.components.cache import REFERENCE_COHORT, active_source, asks_for_protection, load_cohort
from pages.components.own_cohort import OwnCohort, find_own_cohort


def open_source() -> str:
    """The path of the file of the start, as this session shows it: the one that was named, or the reference cohort."""
    return str(REFERENCE_COHORT) if st.session_state.get(state.USE_REFERENCE) else active_source()


def say_open_source() -> str:
    """What is open, by its name alone."""
    if (own := find_own_cohort()) is not None:
        return f"Your file: {shorten(own.name)}"
    source = open_source()
    return "Reference cohort" if source == str(REFERENCE_COHORT) else say_source(source)


def open_active_cohort() -> Cohort | CohortError:
    """The reader's own, or the cohort named at the start, or what is wrong with it."""
    return find_own_cohort() or open_start()


def open_start() -> Cohort | CohortError:
    """The cohort named at the start, or what is wrong with it."""
    try:
        return load_cohort(open_source())
    except CohortError as error:
        return error


def name_start() -> str:
    """What the file of the start is called beside another one."""
    source = open_source()
    if source == str(REFERENCE_COHORT):
        return "the reference cohort"
    return "the database" if find_scheme(source) else say_source(source).partition(": ")[2]


def offers_start(cohort: Cohort) -> bool:
    """True if the file of the start can stand beside this cohort: a reader's own, and small numbers are not protected.

    Which selections of a protected file were answered is followed for the open one alone.
    """
    return isinstance(cohort, OwnCohort) and not cohort.smallest_cell and not asks_for_protection()


def asks_for_start(query: Mapping[str, Sequence[str]]) -> bool:
    """True if a link compares with the file of the start."""
    return list(query.get(state.REGISTRY, ())) == ["1"]
