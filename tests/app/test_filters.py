"""What the filters of the sidebar are, what they are told, and what a click in them may ask for."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter, to_text
from analytics.reporting.attrition import list_stages
from analytics.reporting.wording import say_selection
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
    assert "…" in told["counts"]["relapse_timing_cog"] or "<5" in told["counts"]["relapse_timing_cog"]
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


def test_two_selections_stand_beside_each_other_with_who_is_in_both() -> None:
    boys, older = CohortFilter((Clause("sex", ("male",)),)), CohortFilter((Clause("age_years", low=10),))
    both = COHORT.count(CohortFilter((*boys.clauses, *older.clauses)))
    app = open_link("survival-by-site", sex=["boys"], versus="age_years=10&age_years=16")
    (said,) = [h.proto.body for h in app.get("html") if 'data-testid="versus"' in h.proto.body]
    assert f"Compared with {COHORT.count(older)} children: Age at diagnosis from 10 years" in said
    assert f"{both} children are in both selections" in said
    figures = [e for e in app.get("bidi_component") if e.key == state.VERSUS_FIGURE]
    assert len(figures) == 1
    (why,) = [h.proto.body for h in app.get("html") if 'data-testid="versus-test"' in h.proto.body]
    assert f"{both} children are in both, and a test asks for groups that share nobody" in why
    assert app.session_state[state.LINK_NOTES] == []
    link = next(
        d["link"]
        for e in app.get("bidi_component")
        if "link" in (d := sent(app, str(e.key)) if e.proto.json or e.proto.mixed.json else {})
    )
    assert parse_qs(urlsplit(link).query)["versus"] == ["age_years=10&age_years=16"]
    # The second answer is that of the second selection alone.
    alone = open_link("survival-by-site", age_years=["10", "16"])
    (answer,) = [h.proto.body for h in alone.get("html") if 'data-testid="answer"' in h.proto.body]
    assert re.sub("<[^>]*>", "", answer) in re.sub("<[^>]*>", "", said)


def test_those_in_both_are_left_out_of_either_by_a_switch_that_is_in_the_link() -> None:
    boys, older = CohortFilter((Clause("sex", ("male",)),)), CohortFilter((Clause("age_years", low=10),))
    n = {name: COHORT.count(f) for name, f in (("boys", boys), ("older", older), ("both", _meet(boys, older)))}
    app = open_link("survival-by-site", sex=["boys"], versus="age_years=10&age_years=16")
    app.toggle(state.APART_ASKED).set_value(True).run()
    assert app.session_state[state.FILTERS]["apart"] == ["1"] and app.query_params["apart"] == "1"
    (said,) = [h.proto.body for h in app.get("html") if 'data-testid="versus"' in h.proto.body]
    assert f"Compared with {n['older'] - n['both']} children: Age at diagnosis from 10 years" in said
    assert "without those of “Sex: boys”" in said
    assert f"{n['both']} children are in both selections and are left out of either" in said
    assert sent(app, state.SIDEBAR_TOLD)["left"] == str(n["boys"] - n["both"])
    # The link brings it back, and without a comparison it means nothing.
    again = open_link("survival-by-site", sex=["boys"], versus="age_years=10&age_years=16", apart="1")
    assert again.toggle(state.APART_ASKED).value is True and again.session_state[state.LINK_NOTES] == []
    assert sent(again, state.SIDEBAR_TOLD)["left"] == str(n["boys"] - n["both"])
    assert read_click({"sex": ["boys"], "apart": ["1"]}, COHORT) == {"sex": ["boys"]}
    again.toggle(state.APART_ASKED).set_value(False).run()
    assert sent(again, state.SIDEBAR_TOLD)["left"] == str(n["boys"]) and "apart" not in again.query_params


def _meet(a: CohortFilter, b: CohortFilter) -> CohortFilter:
    both = a.both(b)
    assert both is not None
    return both


def test_a_selection_within_the_other_leaves_nobody_and_says_so() -> None:
    app = open_link("survival-by-site", sex=["boys"], versus="everyone", apart="1")
    told, boys = sent(app, state.SIDEBAR_TOLD), COHORT.count(CohortFilter((Clause("sex", ("male",)),)))
    assert told["left"] == "0"
    assert told["clash"] == (
        f"No children: all {boys} are in the other selection as well, and those in both are left out."
    )
    assert not app.exception


def test_nobody_in_both_is_said_and_a_click_elsewhere_keeps_the_comparison() -> None:
    app = open_link("survival-by-site", sex=["boys"], versus="sex=girls")
    (said,) = [h.proto.body for h in app.get("html") if 'data-testid="versus"' in h.proto.body]
    assert "No child is in both selections" in said
    (test,) = [h.proto.body for h in app.get("html") if 'data-testid="versus-test"' in h.proto.body]
    assert "A: Sex: boys and B: Sex: girls: stratified log-rank test, p = " in test
    # The test counts among those that were looked at.
    ledger = [h.proto.body for h in app.get("html") if "between two selections" in h.proto.body]
    assert ledger
    assert read_click({"sex": ["boys"], "versus": ["sex=girls&colour=blue"]}, COHORT)["versus"] == ["sex=girls"]
    assert read_click({"versus": ["everyone"]}, COHORT) == {"versus": ["everyone"]}


def test_where_small_numbers_are_protected_nothing_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALLEST_CELL", "5")
    app = open_link("survival-by-site", sex=["boys"], versus="age_years=10&age_years=16", apart="1")
    assert [note[0] for note in app.session_state[state.LINK_NOTES]] == ["link-versus-protected"]
    assert not [h for h in app.get("html") if 'data-testid="versus"' in h.proto.body]
    assert state.VERSUS not in app.session_state[state.FILTERS]


def test_a_combination_is_a_selection_that_the_page_its_words_and_its_link_obey() -> None:
    girls, older = CohortFilter((Clause("sex", ("female",)),)), CohortFilter((Clause("age_years", low=10),))
    positive = CohortFilter((Clause("mrd_day46", ("positive",)),))
    combined = girls.either(older).leaving_out(positive)
    gone = to_text(positive.to_query(COHORT.dictionary))
    query = {"either": ["age_years=10&age_years=16", "sex=girls"], "without": [gone]}
    app = open_link("survival-by-site", **query)
    told = sent(app, state.SIDEBAR_TOLD)
    assert told["left"] == str(COHORT.count(combined)) and told["value"] == query
    assert told["counts"]["immunophenotype"][0] == str(
        COHORT.count(combined.with_clause(Clause("immunophenotype", ("B",))))
    )
    assert told["said"]["sex=girls"] == "Sex: girls"
    without = f"ithout those of “{say_selection(positive, COHORT.dictionary)}”"
    said = f"either “Age at diagnosis from 10 years” or “Sex: girls”; w{without}"
    html = " ".join(h.proto.body for h in app.get("html"))
    assert said in html and app.session_state[state.LINK_NOTES] == []
    way = list_stages(COHORT.funnel(combined), combined, COHORT.dictionary)
    n_either, n_left = COHORT.count(girls.either(older)), COHORT.count(combined)
    assert [(stage.text, stage.n) for stage in way[1:]] == [
        ("Either “Age at diagnosis from 10 years” or “Sex: girls”", n_either),
        (f"W{without}", n_left),
    ]
    (link,) = {
        d["link"]
        for e in app.get("bidi_component")
        if "link" in (d := sent(app, str(e.key)) if e.proto.json or e.proto.mixed.json else {})
    }
    again, notes = CohortFilter.from_query(
        parse_qs(urlsplit(link).query), COHORT.dictionary, other_keys=set(parse_qs(urlsplit(link).query))
    )
    assert again == combined and notes == ()


def test_what_is_combined_by_a_click_becomes_ordinary_filters_where_they_can_say_it() -> None:
    assert read_click({"sex": ["girls"], "also": ["age_years=10&age_years=16"]}, COHORT) == {
        "age_years": ["10", "16"],
        "sex": ["girls"],
    }
    assert read_click({"either": ["everyone", "sex=girls"], "sex": ["boys"]}, COHORT) == {"sex": ["boys"]}
    assert read_click(
        {"either": ["sex=girls", "either=sex%3Dboys&either=age_years%3D10%26age_years%3D16"]}, COHORT
    ) == {"either": ["age_years=10&age_years=16", "sex=girls", "sex=boys"]}
    contradicting = {"sex": ["girls"], "also": ["sex=boys"]}
    assert read_click(contradicting, COHORT) == contradicting
    asked, _ = CohortFilter.from_query(contradicting, COHORT.dictionary)
    assert tell_filters(Context(COHORT, asked))["clash"] == (
        "No children: “Sex: girls” and “Sex: boys” exclude each other. Lift one of them."
    )


def test_where_small_numbers_are_protected_nothing_is_combined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALLEST_CELL", "5")
    app = open_link("survival-by-site", sex=["boys"], without=["age_years=10&age_years=15"])
    assert [note[0] for note in app.session_state[state.LINK_NOTES]] == ["link-versus-protected"]
    assert app.session_state[state.FILTERS] == {"sex": ["boys"]}
