"""The collected views as a session keeps them, and a reload takes them over."""

from __future__ import annotations

import streamlit as st

from analytics.views.basket import Basket, BasketError
from pages.components import state
from pages.components.cache import BASKETS
from pages.components.own_cohort import find_own_cohort
from pages.components.presence import name_session


def read_basket() -> Basket:
    """The views that were collected in this session."""
    basket: Basket = st.session_state.get(state.BASKET, Basket())
    return basket


def keep_basket(basket: Basket) -> None:
    """Let these be the collected views of the session, for a reload too unless they tell of a reader's own patients."""
    st.session_state[state.BASKET] = basket
    if find_own_cohort() is None:
        BASKETS.put(name_session(), basket)


def add_to_basket(basket: Basket) -> None:
    """Let the views of another basket stand after those that are collected; where they become too many, say so."""
    try:
        keep_basket(read_basket().with_views(basket.views))
    except BasketError as error:
        say_of_basket(str(error))


def say_of_basket(*said: str) -> None:
    """Keep what there is to say until the page of collected views says it."""
    st.session_state[state.BASKET_SAID] = (*st.session_state.get(state.BASKET_SAID, ()), *said)


def take_over_basket(session: str) -> None:
    """Let the collected views of another session of this tab go on in this one, before those of its own."""
    kept: Basket | None = BASKETS.get(session)
    if kept is not None:
        own = read_basket()
        keep_basket(kept)
        add_to_basket(own)
