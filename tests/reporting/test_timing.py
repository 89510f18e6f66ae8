"""The guard of the clock over the whole dictionary and on every analysis: noted exactly when the phases say so."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import PHASES, CompetingEndpoint, Endpoint, Variable, open_dictionary
from analytics.reporting.timing import (
    CODES,
    LANDMARK_PAGE,
    SALVAGE_PAGE,
    Role,
    is_treatment,
    note_balanced,
    note_post_baseline,
)
from tests.analyses.shown import FILES, cohort_of, show

DICTIONARY = open_dictionary()
ENDPOINTS: tuple[Endpoint | CompetingEndpoint, ...] = (*DICTIONARY.endpoints, *DICTIONARY.competing)
REFERENCE = cohort_of(FILES[0])
ANALYSES = {analysis.slug: analysis for analysis in load_analyses()}
RELAPSED = DICTIONARY["relapsed"]


def comes_late(variable: Variable, endpoint: Endpoint | CompetingEndpoint) -> bool:
    """By hand: the phases in the order in which a child passes through them."""
    order = ["diagnosis", "induction", "treatment", "relapse", "reinduction", "salvage", "follow-up"]
    assert list(PHASES) == order
    return order.index(variable.phase) > order.index(endpoint.phase)


def use(variable: Variable, role: Role) -> dict[str, Any]:
    return {"group": variable} if role == "group" else {"filters" if role == "filter" else role: [variable]}


@pytest.mark.parametrize("role", CODES)
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.name)
def test_every_variable_in_every_role_is_noted_exactly_when_it_comes_later(
    endpoint: Endpoint | CompetingEndpoint, role: Role
) -> None:
    late = 0
    for variable in DICTIONARY.variables:
        notes = note_post_baseline(endpoint, **use(variable, role))
        assert [note.code for note in notes] == ([CODES[role]] if comes_late(variable, endpoint) else []), variable.name
        for note in notes:
            late += 1
            assert note.severity == "warning"
            assert variable.label in note.text and f"(at {endpoint.origin})" in note.text and note.remedy
            is_answered = isinstance(endpoint, Endpoint) and is_treatment(variable)
            page = "hsct-cart-chemotherapy" if variable.name == "salvage_treatment" else "landmark"
            assert note.link == (page if is_answered else "")
            assert ("landmark" in note.remedy) >= is_answered
    assert late


@pytest.mark.parametrize("role", ["filter", "adjust"])
def test_of_a_yes_or_no_outcome_what_comes_with_it_is_graver_than_what_comes_before(role: Role) -> None:
    endpoint = DICTIONARY.competing_endpoint("relapse")
    for variable in DICTIONARY.variables:
        notes = note_post_baseline(endpoint, outcome=RELAPSED, **use(variable, role))
        assert [note.code for note in notes] == ([CODES[role]] if variable.phase != "diagnosis" else [])
        for note in notes:
            assert note.severity == ("caution" if variable.phase in ("induction", "treatment") else "warning")
            assert variable.label in note.text and "relapse" in note.text and not note.link


def test_strata_count_as_adjustment_and_one_note_names_all() -> None:
    endpoint = DICTIONARY.endpoint("os_relapse")
    names = ("second_remission", "mrd_after_reinduction", "sex")
    remission, mrd, sex = (DICTIONARY[name] for name in names)
    (note,) = note_post_baseline(endpoint, strata=[remission])
    assert note.code == "post-baseline-adjustment" and "compared within its levels" in note.text
    (note,) = note_post_baseline(endpoint, adjust=[sex, mrd], strata=[remission])
    assert note.text.startswith("MRD after reinduction and Second remission (CR2) became known only after the clock")
    assert "Sex" not in note.text and "the model includes them" in note.text
    assert note_post_baseline(endpoint) == note_post_baseline(endpoint, group=sex, filters=[sex], adjust=[sex]) == ()


def test_the_words_are_those_of_the_endpoint() -> None:
    treatment, remission = DICTIONARY["salvage_treatment"], DICTIONARY["second_remission"]
    (note,) = note_post_baseline(DICTIONARY.endpoint("os_relapse"), group=treatment)
    assert (note.text, note.remedy) == (
        "Salvage treatment becomes known only after the clock has started (at first relapse): a child has to live long enough "
        "to be placed in a group. Survival therefore looks better in groups that take time to reach (immortal time).",
        "Compare the treatments among children followed to a landmark, or with treatment counted from its day on.",
    )
    (note,) = note_post_baseline(DICTIONARY.endpoint("efs_relapse"), filters=[remission])
    assert note.text == (
        "The children are chosen by what became known only after the clock had started (at first relapse): Second remission "
        "(CR2). Those who had an event before it could be known are left out or count as unknown, so event-free survival here "
        "is not that of children at the start."
    )
    assert note.remedy == "Clear that filter to see everyone from the start."
    (note,) = note_post_baseline(DICTIONARY.competing_endpoint("second_relapse"), group=remission)
    assert "stay free of events long enough" in note.text and "seem to have fewer early events" in note.text
    (note,) = note_post_baseline(DICTIONARY.endpoint("os_relapse"), adjust=[remission])
    assert note.text == (
        "Second remission (CR2) became known only after the clock had started (at first relapse), and the model includes it. "
        "A child had to live long enough to have a value: that favours the levels that take time to reach and changes every "
        "comparison made beside it; and where it lies on the way to the event, part of what goes with the other factors is "
        "hidden."
    )
    (note,) = note_post_baseline(
        DICTIONARY.competing_endpoint("relapse"), adjust=[DICTIONARY["mrd_day46"]], outcome=RELAPSED
    )
    assert note.text == (
        "MRD on day 46 became known only after diagnosis. A child in whom relapse or death comes first has no value and is "
        "not in the model; and where it lies on the way from an earlier factor to relapse, the odds ratio of that factor is "
        "only what is left beside it."
    )


def test_a_link_drops_the_treatment_that_was_filtered_by_and_nothing_else() -> None:
    endpoint = DICTIONARY.endpoint("os_relapse")
    filters = [DICTIONARY[name] for name in ("sex", "second_remission", "salvage_treatment")]
    (note,) = note_post_baseline(endpoint, filters=filters)
    assert (note.link, note.drops) == ("hsct-cart-chemotherapy", ("salvage_treatment",))
    assert "Second remission (CR2) and Salvage treatment" in note.text and note.remedy.startswith("Clear those filters")
    (note,) = note_post_baseline(endpoint, filters=filters[:2])
    assert (note.link, note.drops) == ("", ())
    (note,) = note_post_baseline(endpoint, group=filters[2])
    assert (note.link, note.drops) == ("hsct-cart-chemotherapy", ())
    grouped = DICTIONARY["hsct_group"]
    by_group, by_filter = note_post_baseline(endpoint, group=grouped, filters=filters[2:], strata=filters[:1])
    assert by_group.drops == by_filter.drops == ("salvage_treatment",)
    assert (by_group.link, by_filter.link) == ("landmark", "hsct-cart-chemotherapy")
    (note,) = note_post_baseline(endpoint, strata=filters[2:])
    assert (note.link, note.drops) == ("hsct-cart-chemotherapy", ("salvage_treatment",))


def test_treatments_are_known_by_what_they_are_made_of() -> None:
    found = {v.name for v in DICTIONARY.variables if is_treatment(v)}
    assert {"salvage_treatment", "hsct_group", "hsct_days", "cart_days"} <= found
    assert {LANDMARK_PAGE, SALVAGE_PAGE} <= set(ANALYSES)
    assert found.isdisjoint({"second_remission", "mrd_after_reinduction", "second_relapse", "relapse_site"})


def test_what_is_balanced_at_a_landmark() -> None:
    endpoint = DICTIONARY.endpoint("os_relapse")
    variables = [DICTIONARY[name] for name in ("sex", "second_remission", "mrd_after_reinduction")]
    (note,) = note_balanced(variables, endpoint, 180)
    assert (note.code, note.severity) == ("balanced-after-start", "caution")
    assert "second remission (CR2) and MRD after reinduction became known" in note.text and "day 180" in note.text
    assert note_balanced(variables[:1], endpoint, 180) == note_balanced((), endpoint, 180) == ()


# Every analysis

GROUPING = ("by", "site")  # names of the choices in each role
ADJUSTING = ("adjust", "covariates", "factors", "strata", "within")


def endpoint_of(analysis: Analysis, params: dict[str, Any]) -> Endpoint | CompetingEndpoint:
    if "endpoint" in params:
        return DICTIONARY.endpoint(params["endpoint"])
    if "event" in params:
        return DICTIONARY.competing_endpoint(params["event"].split(":")[0])
    if analysis.slug == "published-outcomes":  # the first that the cohort counts alike
        return DICTIONARY.endpoint("os_relapse")
    assert analysis.slug in ("relapse-predictors", "missing-values")
    return DICTIONARY.competing_endpoint("relapse")


def codes_of(analysis: Analysis, params: dict[str, Any], *clauses: Clause) -> set[str]:
    return show(analysis, REFERENCE, CohortFilter(clauses), params, policy=True).codes & set(CODES.values())


def some_endpoints(analysis: Analysis) -> list[dict[str, Any]]:
    """The default choices with an endpoint from diagnosis and one from relapse, as far as they are offered."""
    defaults = analysis.defaults(REFERENCE)
    offered = {c.name: [value for value, _ in c.options] for c in analysis.controls(REFERENCE)}
    asked = {"endpoint": ("os_diagnosis", "efs_relapse"), "event": ("relapse:relapse", "second_relapse:second relapse")}
    for name, values in asked.items():
        if name in offered:
            return [defaults | {name: value} for value in values if value in offered[name]]
    return [defaults]


@pytest.mark.slow
@pytest.mark.parametrize("slug", ANALYSES)
def test_every_filter_is_noted_on_every_analysis_exactly_when_it_comes_later(slug: str) -> None:
    analysis = ANALYSES[slug]
    params = some_endpoints(analysis)[0]
    endpoint = endpoint_of(analysis, params)
    for variable in DICTIONARY.filters:
        if variable.is_coded and variable.name in REFERENCE.variables:
            clause = Clause(variable.name, variable.levels[:1], keep_missing=True)
            noted = CODES["filter"] in codes_of(analysis, params, clause)
            assert noted == comes_late(variable, endpoint), variable.name


@pytest.mark.slow
@pytest.mark.parametrize("slug", ANALYSES)
def test_every_choice_is_noted_on_every_analysis_exactly_when_it_comes_later(slug: str) -> None:
    analysis = ANALYSES[slug]
    controls = {control.name: control for control in analysis.controls(REFERENCE)}
    plain = {name: () for name in ADJUSTING if name in controls and controls[name].kind == "many"}
    if "strata" in controls:
        plain["strata"] = "none"
    if "within" in controls:
        plain["within"] = "age_group"
    params = some_endpoints(analysis)[-1]
    endpoint, checked = endpoint_of(analysis, params), 0
    for name in (*GROUPING, *ADJUSTING):
        if name not in controls:
            continue
        role: Role = "group" if name in GROUPING else "adjust"
        base = params | plain | ({"by": "sex"} if "by" in controls and role == "adjust" else {})
        for value, _ in controls[name].options:
            if value not in DICTIONARY:
                continue
            chosen = base | {name: (value,) if controls[name].kind == "many" else value}
            noted = CODES[role] in codes_of(analysis, chosen)
            assert noted == comes_late(DICTIONARY[value], endpoint), (name, value, endpoint.name)
            checked += 1
    assert checked or slug in (
        "adjusted-comparison",
        "published-outcomes",
    )  # one balances at a landmark, one groups nobody
