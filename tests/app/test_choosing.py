"""A click elsewhere than in the sidebar sets the filters."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter, FilterError
from pages.components.cache import REFERENCE_COHORT
from pages.components.context import choose_clauses


def page() -> None:
    import streamlit as st

    from pages.components.cache import REFERENCE_COHORT, load_cohort
    from pages.components.context import choose_clauses, read_filter

    cohort = load_cohort(str(REFERENCE_COHORT))
    chosen = st.session_state.get("chosen", ((), ()))
    st.button("choose", key="choose", on_click=choose_clauses, args=(cohort, chosen[0]), kwargs={"dropped": chosen[1]})
    st.session_state["asked"] = read_filter(cohort)


def click(app: AppTest, *clauses: Clause, dropped: tuple[str, ...] = ()) -> CohortFilter:
    """What is asked after a click that chooses these clauses."""
    app.session_state["chosen"] = (clauses, dropped)
    app.run().button(key="choose").click().run()
    assert not app.exception
    asked: CohortFilter = app.session_state["asked"]
    return asked


def test_a_click_replaces_the_clauses_of_its_variables_and_keeps_the_others() -> None:
    app = AppTest.from_function(page, default_timeout=60)
    girls, ages = Clause("sex", ("female",)), Clause("age_years", low=2, high=10)
    assert click(app, girls, ages) == CohortFilter((girls, ages))
    boys, fusion = Clause("sex", ("male",)), Clause("etv6_runx1", ("positive",), keep_missing=True)
    assert click(app, boys, fusion) == CohortFilter((ages, boys, fusion))
    assert click(app, girls, dropped=("age_years", "sex")) == CohortFilter((girls, fusion))
    assert click(app, dropped=("sex", "etv6_runx1")) == CohortFilter()


def test_a_click_cannot_ask_for_what_is_no_filter() -> None:
    cohort = open_cohort(REFERENCE_COHORT)
    for clause in (Clause("sex", ("blue",)), Clause("patient_id", ("SYN1",)), Clause("os_days", low=3)):
        with pytest.raises(FilterError):
            choose_clauses(cohort, [clause])
    with pytest.raises(FilterError, match="no filter of this cohort: os_event"):
        choose_clauses(cohort, [], dropped=["os_event"])
