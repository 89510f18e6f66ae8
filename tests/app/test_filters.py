"""What the filters of the sidebar are, what they are told, and what a click in them may ask for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from pages.components import state
from pages.components.cache import REFERENCE_COHORT, load_cohort
from pages.components.context import Context, filter_variables
from pages.components.filters import list_families, read_click, tell_filters
from tests.app.opening import Dashboard, hold, open_dashboard, open_link

COHORT = open_cohort(REFERENCE_COHORT)


def sent(app: Dashboard, key: str) -> dict[str, Any]:
    """The data of a component."""
    (found,) = [e for e in app.get("bidi_component") if e.key == key]
    data: dict[str, Any] = json.loads(found.proto.json or found.proto.mixed.json)
    return data


def test_a_click_changes_what_is_told_and_not_what_the_filters_are() -> None:
    app = open_dashboard()
    before, everyone = sent(app, state.SIDEBAR), sent(app, state.SIDEBAR_TOLD)
    assert (everyone["left"], everyone["of"], everyone["value"]) == ("436", "436", {})
    hold(app, {"sex": ["girls"], "age_years": (2, 10)})
    app.run()
    told = sent(app, state.SIDEBAR_TOLD)
    assert sent(app, state.SIDEBAR) == before
    chosen = CohortFilter((Clause("sex", ("female",)), Clause("age_years", low=2, high=10)))
    assert told["left"] == str(COHORT.count(chosen))
    assert told["counts"]["immunophenotype"] == [
        str(COHORT.count(chosen.with_clause(Clause("immunophenotype", (level,))))) for level in ("B", "T")
    ]
    assert "clash" not in told


def test_every_filter_stands_once_and_its_levels_in_the_order_of_the_counts() -> None:
    data, told = (sent(open_dashboard(), key) for key in (state.SIDEBAR, state.SIDEBAR_TOLD))
    members = [m for phase in data["phases"] for family in phase["families"] for m in family["members"]]
    assert sorted(m["name"] for m in members) == sorted(v.name for v in filter_variables(COHORT))
    for member in members:
        if "levels" in member:
            assert len(member["levels"]) == len(told["counts"][member["name"]])
        else:
            assert len(member["edges"]) == len(member["bins"]) + 1
            n_missing = COHORT.ranges()[member["name"]].n_missing
            assert isinstance(n_missing, int) and sum(member["bins"]) + n_missing == COHORT.n
    assert [phase["name"] for phase in data["phases"] if phase["open"]] == ["Diagnosis", "Relapse"]


def test_ways_to_ask_the_same_share_a_filter() -> None:
    families = {family[0].family: [v.scheme for v in family] for family in list_families(COHORT) if len(family) > 1}
    assert families["Site of relapse"] == ["marrow or not", "three groups", "every site"]
    assert families["Time of relapse"] == ["BFM", "COG"]
    assert families["White cells"] == ["range", "groups"]


def test_the_other_scheme_counts_without_the_one_that_it_takes_the_place_of() -> None:
    early = CohortFilter((Clause("relapse_timing_bfm", ("very early",)), Clause("sex", ("male",))))
    counts = tell_filters(Context(COHORT, early))["counts"]
    boys = COHORT.level_counts(early.without("relapse_timing_bfm"))["relapse_timing_cog"]
    assert counts["relapse_timing_cog"][:3] == [str(boys[level]) for level in ("early", "intermediate", "late")]


def test_where_small_numbers_are_protected_nothing_new_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALLEST_CELL", "5")
    protected = load_cohort(str(REFERENCE_COHORT))
    early = CohortFilter((Clause("relapse_timing_bfm", ("very early",)),))
    told = tell_filters(Context(protected, early))
    assert set(told["counts"]["relapse_timing_cog"]) == {"…"}
    members = [
        m for phase in sent(open_dashboard(), state.SIDEBAR)["phases"] for f in phase["families"] for m in f["members"]
    ]
    assert all(m["bins"] == [] and m["decimals"] == 0 for m in members if "bins" in m)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"sex": ["girls", "unclear"]}, {"sex": ["girls"]}),
        ({"age_years": ["0", "9.9"]}, {"age_years": ["0", "9.9"]}),
        ({"age_years": ["-5", "400"]}, {}),
        ({"age_years": ["9", "2"]}, {}),
        ({"white_cells": ["0", "50"], "white_cells_missing": ["true"]}, None),
        ({"white_cells_missing": ["true"]}, None),
        ({"age_years_missing": ["true"]}, {}),  # nobody lacks it
        ({"sex": "girls", "colour": ["blue"], "os_days": ["3"], 5: [6]}, {}),
        ({"sex": [None, {"a": 1}], "mrd_day46": [["x"]]}, {}),
    ],
)
def test_a_click_asks_for_what_a_link_can_ask_for(value: dict[Any, Any], found: dict[str, Any] | None) -> None:
    assert read_click(value, COHORT) == (value if found is None else found)


def test_a_decimal_limit_of_a_link_is_kept() -> None:
    app = open_link("", age_years=["0", "9.9"])
    assert app.session_state[state.LINK_NOTES] == []
    assert sent(app, state.SIDEBAR_TOLD)["left"] == str(COHORT.count(CohortFilter((Clause("age_years", high=9.9),))))


def test_who_is_not_left_is_told_why() -> None:
    app = open_link("", age_group=["under 1 year"], age_years=["10", "16"])
    told = sent(app, state.SIDEBAR_TOLD)
    assert told["left"] == "0" and "exclude each other" in told["clash"]
