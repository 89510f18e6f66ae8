"""Links: what a link says is what is read from it, and what cannot be read is noted."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.analyses import load_analyses
from analytics.analysis import Analysis, Control, to_reference
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import MISSING_SUFFIX, Clause, CohortFilter
from analytics.results import Note
from analytics.views.view import DATA_KEY, View, answer_link, describe_data_version, read_params
from tests.analyses.shown import choices_of, steps_of

ADDRESS = "http://localhost:8501/survival-by-site"
ANALYSES = load_analyses()


@cache
def reference_cohort() -> Cohort:
    return open_cohort(Path(__file__).parents[2] / "data" / "reference_cohort.csv")


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return reference_cohort()


def values_of(control: Control) -> st.SearchStrategy[Any]:
    names = [value for value, _ in control.options]
    if control.kind == "toggle":
        return st.booleans()
    if control.kind == "number":
        return st.sampled_from(steps_of(control))
    if control.kind == "one":
        return st.sampled_from(names)
    return st.lists(st.sampled_from(names), unique=True, max_size=6).map(tuple) if names else st.just(())


def clauses(cohort: Cohort) -> st.SearchStrategy[CohortFilter]:
    """Any filter of a few clauses."""

    def clause_of(name: str) -> st.SearchStrategy[Clause]:
        variable = cohort.dictionary[name]
        if variable.is_coded:
            levels = st.lists(st.sampled_from(variable.levels), min_size=1, unique=True)
            return st.builds(lambda lv, keep: Clause(name, tuple(lv), keep_missing=keep), levels, st.booleans())
        ends = st.tuples(st.floats(0, 500), st.floats(0, 500)).map(sorted)
        return st.builds(lambda e, keep: Clause(name, low=e[0], high=e[1], keep_missing=keep), ends, st.booleans())

    names = [v.name for v in cohort.dictionary.filters if v.name in cohort.variables]
    chosen = st.lists(st.sampled_from(names), unique=True, max_size=4)
    return chosen.flatmap(lambda some: st.tuples(*map(clause_of, some))).map(CohortFilter)


def read_link(link: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(link).query, keep_blank_values=True)


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda a: a.slug)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_link_brings_back_every_choice(analysis: Analysis, data: st.DataObject) -> None:
    cohort = reference_cohort()
    controls = analysis.controls(cohort)
    params = tuple((c.name, data.draw(values_of(c), label=c.name)) for c in controls)
    chosen = data.draw(clauses(cohort), label="filter")
    view = View(analysis.slug, chosen, params, cohort.data_version)

    query = read_link(view.to_link(ADDRESS, cohort.dictionary, controls))

    values, notes = read_params(query, controls)
    assert tuple(values.items()) == params
    others = [DATA_KEY, *(c.name for c in controls)]
    found, filter_notes = CohortFilter.from_query(query, cohort.dictionary, other_keys=others)
    assert found == chosen
    assert notes == filter_notes == ()
    assert describe_data_version(query, cohort.data_version) == ()


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda a: a.slug)
def test_every_single_option_survives_a_link(analysis: Analysis, cohort: Cohort) -> None:
    controls = analysis.controls(cohort)
    defaults = analysis.defaults(cohort)
    for control in controls:
        for value, label in control.options:
            chosen = (value,) if control.kind == "many" else value
            view = View(analysis.slug, CohortFilter(), tuple((defaults | {control.name: chosen}).items()), "v")
            query = read_link(view.to_link(ADDRESS, cohort.dictionary, controls))
            assert query[control.name] == [label]
            assert read_params(query, controls)[0][control.name] == chosen


def test_the_link_of_a_note_keeps_the_filter_but_for_what_it_drops_and_the_choices_that_both_pages_share(
    cohort: Cohort,
) -> None:
    landmark, variable = (next(a for a in ANALYSES if a.slug == slug) for slug in ("landmark", "survival-by-variable"))
    sex, treatment = Clause("sex", ("male",)), Clause("salvage_treatment", ("HSCT",))
    chosen = {"by": "hsct_group", "endpoint": "efs_relapse", "interval": "plain", "bands": False, "strata": "sex"}
    params = tuple((variable.defaults(cohort) | chosen).items())
    view = View("survival-by-variable", CohortFilter((sex, treatment)), params, "v")
    note = Note("code", "warning", "text", link="landmark", drops=("salvage_treatment",))

    link = answer_link(note, view, cohort.dictionary, landmark.controls(cohort))

    assert link.startswith("landmark?")
    query = read_link(link)
    values, notes = read_params(query, landmark.controls(cohort))
    kept = {name: chosen[name] for name in ("endpoint", "strata", "interval", "bands")}
    assert notes == () and values == {**kept, "marks": False}
    others = [DATA_KEY, *values]
    assert CohortFilter.from_query(query, cohort.dictionary, other_keys=others) == (CohortFilter((sex,)), ())
    kept = read_link(answer_link(replace(note, drops=()), view, cohort.dictionary, ()))
    assert kept == {"sex": ["boys"], "salvage_treatment": ["HSCT"], DATA_KEY: ["v"]}
    within = View("subgroups", CohortFilter(), (("strata", "salvage_treatment"),), "v")
    assert "strata" not in answer_link(note, within, cohort.dictionary, landmark.controls(cohort))
    # An endpoint that the other page does not offer stays behind.
    other = View("survival-by-variable", CohortFilter(), (("endpoint", "os_diagnosis"),), "v")
    assert "endpoint" not in answer_link(note, other, cohort.dictionary, landmark.controls(cohort))


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda a: a.slug)
def test_defaults_stand_in_a_link_too(analysis: Analysis, cohort: Cohort) -> None:
    controls = analysis.controls(cohort)
    defaults = tuple(analysis.defaults(cohort).items())
    query = View(analysis.slug, CohortFilter(), defaults, "abc").to_query(cohort.dictionary, controls)
    assert list(query) == [*(c.name for c in controls), DATA_KEY]
    assert query[DATA_KEY] == ["abc"]
    assert tuple(read_params(query, controls)[0].items()) == defaults


def test_defaults_are_options(cohort: Cohort) -> None:
    for analysis in ANALYSES:
        for control in analysis.controls(cohort):
            assert control.allows(control.default), (analysis.slug, control.name)
            assert control.options or control.kind in ("toggle", "number", "many")
            if control.kind == "number":
                assert control.default in steps_of(control)
                assert control.limits[1] in steps_of(control)


def test_a_control_allows_what_it_offers_and_nothing_else(cohort: Cohort) -> None:
    for analysis in ANALYSES:
        for control in analysis.controls(cohort):
            assert all(control.allows(value) for value in choices_of(control))
            assert not any(control.allows(value) for value in (None, "", "no such choice", 1e9, ("no such choice",)))


def test_no_two_options_read_alike(cohort: Cohort) -> None:
    for analysis in ANALYSES:
        for control in analysis.controls(cohort):
            for value, label in control.options:
                assert label.strip() == label != ""
                assert control.value(value) == control.value(label) == value


def test_choices_and_filters_have_names_of_their_own(cohort: Cohort) -> None:
    filters = {v.name for v in cohort.dictionary.variables}
    taken = {DATA_KEY, *filters, *(name + MISSING_SUFFIX for name in filters)}
    for analysis in ANALYSES:
        names = [c.name for c in analysis.controls(cohort)]
        assert len(set(names)) == len(names)
        assert not taken & set(names)


def test_a_name_shared_by_two_analyses_means_the_same(cohort: Cohort) -> None:
    """Each page may offer options of its own, but an option of two pages is called the same on both."""
    seen: dict[str, Control] = {}
    labels: dict[tuple[str, str], str] = {}
    for analysis in ANALYSES:
        for control in analysis.controls(cohort):
            first = seen.setdefault(control.name, control)
            assert (control.kind, control.limits, control.step) == (first.kind, first.limits, first.step), control.name
            for value, label in control.options:
                assert labels.setdefault((control.name, value), label) == label, (analysis.slug, control.name)


# What cannot be used


ONE = Control("site", "Sites", "one", "a", (("a", "Alpha"), ("b", "Beta")))
MANY = Control("factors", "Factors", "many", ("a",), (("a", "Alpha"), ("b", "Beta")))
TOGGLE = Control("bands", "Show bands", "toggle", True)
NUMBER = Control("landmark", "Landmark", "number", 180, limits=(30, 365), step=5)
KINDS = (ONE, MANY, TOGGLE, NUMBER)


@pytest.mark.parametrize(
    ("control", "texts", "value"),
    [
        (ONE, ["b"], "b"),
        (ONE, ["Beta"], "b"),
        (ONE, ["Alpha", "Beta"], "b"),
        (MANY, ["Beta", "a", "Beta"], ("b", "a")),
        (MANY, [""], ()),
        (MANY, [], ()),
        (TOGGLE, ["false"], False),
        (TOGGLE, ["TRUE"], True),
        (NUMBER, ["30"], 30),
        (NUMBER, ["365"], 365),
        (NUMBER, ["90", "120.0"], 120),
        (NUMBER, ["1000", "1.2e2"], 120),
    ],
)
def test_values_are_read_by_name_or_label(control: Control, texts: list[str], value: Any) -> None:
    values, _ = read_params({control.name: texts}, [control])
    assert values == {control.name: value}
    assert type(values[control.name]) is type(value)
    assert control.allows(value)


@pytest.mark.parametrize("control", KINDS, ids=lambda c: c.kind)
def test_what_is_not_offered_is_noted_and_left_out(control: Control) -> None:
    values, notes = read_params({control.name: ["gamma"]}, [control])
    assert values == {}
    assert [note.code for note in notes] == ["link-unknown-choice"]
    assert notes[0].text == f"The link asks for {control.label.lower()} “gamma”, which is not offered here."
    remedies = {"toggle": "Choose one of: true, false.", "number": "Choose a whole number from 30 to 365."}
    assert notes[0].remedy == remedies.get(control.kind, "Choose one of: Alpha, Beta.")


def test_a_choice_without_a_name_is_not_among_those_that_are_named() -> None:
    _, (note,) = read_params({"one": ["gamma"]}, [Control("one", "One", "one", "", (("", ""), ("a", "Alpha")))])
    assert note.remedy == "Choose one of: Alpha."


@pytest.mark.parametrize("text", ["29", "366", "-180", "180.5", "1e9", "inf", "nan", "0x50", "half a year"])
def test_a_number_that_is_none_of_the_page_is_noted_and_left_out(text: str) -> None:
    values, (note,) = read_params({"landmark": [text]}, [NUMBER])
    assert values == {}
    assert note.code == "link-unknown-choice"
    assert note.text == f"The link asks for landmark “{text}”, which is not offered here."
    assert note.remedy == "Choose a whole number from 30 to 365."


@pytest.mark.parametrize(
    ("control", "allowed", "refused"),
    [
        (ONE, ["a", "b"], ["c", "Alpha", "", None, 0, ("a",)]),
        (MANY, [(), ["a"], ("b", "a")], [("a", "c"), ["Alpha"]]),
        (TOGGLE, [True, False], [1, "true", None]),
        (NUMBER, [30, 31, 365], [29, 366, 180.5, "180", None, True, float("nan")]),
    ],
    ids=lambda value: value.kind if isinstance(value, Control) else "",
)
def test_what_a_control_can_hold(control: Control, allowed: list[Any], refused: list[Any]) -> None:
    assert all(control.allows(value) for value in allowed)
    assert not any(control.allows(value) for value in refused)


def test_a_link_may_ask_for_a_number_between_two_steps() -> None:
    assert read_params({"landmark": ["183"]}, [NUMBER]) == ({"landmark": 183}, ())
    assert NUMBER.to_text(183) == ["183"]


def test_what_can_be_used_is_used_beside_what_cannot() -> None:
    values, notes = read_params({"factors": ["gamma", "Beta", "gamma", "delta"]}, [MANY])
    assert values == {"factors": ("b",)}
    assert [note.text.split("“")[1].split("”")[0] for note in notes] == ["gamma", "delta"]


def test_absent_choices_keep_their_default() -> None:
    assert read_params({}, KINDS) == ({}, ())
    assert read_params({"landmark": [""]}, [NUMBER]) == ({}, ())
    assert read_params({"site": [""]}, [ONE]) == ({}, ())


def test_a_note_does_not_repeat_a_long_link() -> None:
    many = Control("by", "By", "one", "0", tuple((str(i), f"Option {i}") for i in range(100)))
    (note,) = read_params({"by": ["x" * 5000 + "\n"]}, [many])[1]
    assert len(note.text) < 120 and "…" in note.text
    assert len(note.remedy) < 200 and note.remedy.endswith(", ….")


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["site", "factors", "bands", "landmark", "x"]),
        st.lists(st.text(max_size=60) | st.floats().map(str) | st.integers().map(str), max_size=4),
    )
)
def test_no_link_makes_an_error(query: dict[str, list[str]]) -> None:
    values, notes = read_params(query, KINDS)
    assert set(values) <= set(query)
    assert all("\n" not in note.text for note in notes)
    assert values.get("site", "a") in ("a", "b")
    assert isinstance(values.get("bands", True), bool)
    assert all(control.allows(values[control.name]) for control in KINDS if control.name in values)


def test_a_link_made_with_other_data_says_so() -> None:
    (note,) = describe_data_version({DATA_KEY: ["0123456789ab"]}, "3e2dcb05b100")
    assert note.code == "link-other-data"
    assert "version 0123456789ab; version 3e2dcb05b100 is open" in note.text
    assert describe_data_version({}, "3e2dcb05b100") == ()
    assert describe_data_version({DATA_KEY: []}, "3e2dcb05b100") == ()
    assert describe_data_version({DATA_KEY: ["old", "3e2dcb05b100"]}, "3e2dcb05b100") == ()


def test_a_reference_names_its_factor(cohort: Cohort) -> None:
    controls = {c.name: c for c in next(a for a in ANALYSES if a.slug == "relapse-predictors").controls(cohort)}
    assert to_reference("mrd_day46", "positive") in dict(controls["reference"].options)
