"""The way from the cohort to an estimate: its numbers add up on every analysis, and it says whom each covariate costs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort.filters import Clause, CohortFilter, Funnel, FunnelStep
from analytics.dictionary import Words, open_dictionary
from analytics.estimators import simon_makuch
from analytics.frames import Exclusion
from analytics.reporting.attrition import (
    STAGE_KINDS,
    Loss,
    Stage,
    Used,
    describe_stages,
    join_stages,
    list_incomplete,
    list_losses,
    list_stages,
    name_complete,
    name_eligible,
    say_gist,
    tabulate_stages,
)
from tests.analyses.shown import FILES, Shown, cohort_of, filters, params_of, patients_of, select, show

DICTIONARY = open_dictionary()
REFERENCE = FILES[0]
ANALYSES = {analysis.slug: analysis for analysis in load_analyses()}
DEATHS = Words("death", "deaths")
RELAPSED = Used(
    eligible="children who relapsed",
    losses=(
        Loss("eligible", "no first relapse, or no follow-up from it", 216),
        Loss("complete", "MRD on day 19: not recorded", 2),
        Loss("complete", "more than one unknown (MRD on day 19 in 1, CNS status in 1)", 1),
    ),
    n=38,
    n_event=20,
    events=DEATHS,
    short="relapsed",
    complete="MRD on day 19 and CNS status known",
)
BOYS = CohortFilter((Clause("sex", ("male",)),))
WAY = join_stages(list_stages(Funnel(436, (FunnelStep("sex", 257),)), BOYS, DICTIONARY), RELAPSED)


def test_stages_by_hand() -> None:
    expected = (
        Stage("everyone", "Everyone in the cohort", 436, short="children"),
        Stage("clause", "Sex: boys", 257, 179, short="selected"),
        Stage(
            "eligible",
            "Children who relapsed",
            41,
            216,
            (("no first relapse, or no follow-up from it", 216),),
            "relapsed",
        ),
        Stage(
            "complete",
            "MRD on day 19 and CNS status known",
            38,
            3,
            (
                ("MRD on day 19: not recorded", 2),
                ("more than one unknown (MRD on day 19 in 1, CNS status in 1)", 1),
            ),
            "complete",
        ),
        Stage("events", "Deaths", 20, short="deaths"),
    )
    assert expected == WAY


def test_the_gist_is_one_line_without_stages_that_lose_nobody() -> None:
    assert say_gist(WAY) == "436 children → 257 selected → 41 relapsed → 38 complete → 20 deaths"
    assert say_gist(WAY[:1]) == "436 children"
    assert say_gist(list_stages(Funnel(436), CohortFilter(), DICTIONARY)) == "436 children"
    alone = Used("children followed from diagnosis", (), 1, 1, DEATHS, "sex known", short="followed from diagnosis")
    assert say_gist(join_stages(list_stages(Funnel(1), CohortFilter(), DICTIONARY), alone)) == "1 child → 1 death"
    nobody = Used(
        "children who relapsed", (), 0, 0, Words("relapse within 3 years", "relapses within 3 years"), short="relapsed"
    )
    way = join_stages(list_stages(Funnel(5, (FunnelStep("sex", 0),)), BOYS, DICTIONARY), nobody)
    assert say_gist(way) == "5 children → 0 selected → 0 relapses within 3 years"


def test_the_way_in_words() -> None:
    assert describe_stages(WAY) == (
        "Everyone in the cohort: 436. Sex: boys: 257, 179 fewer. Children who relapsed: 41, 216 fewer (216 no first relapse, "
        "or no follow-up from it). MRD on day 19 and CNS status known: 38, 3 fewer (2 MRD on day 19: not recorded; 1 more "
        "than one unknown (MRD on day 19 in 1, CNS status in 1)). Deaths: 20."
    )


def test_the_table_has_a_row_per_reason() -> None:
    frame = tabulate_stages(WAY)
    assert list(frame.columns) == ["stage", "term", "reason", "n", "n_lost"]
    assert frame["n"].tolist() == [436, 257, 41, 39, 38, 20]
    assert frame["n_lost"].tolist() == [0, 179, 216, 2, 1, 0]
    assert frame["stage"].tolist() == ["everyone", "clause", "eligible", "complete", "complete", "events"]
    assert frame["reason"].tolist()[:3] == [None, None, "no first relapse, or no follow-up from it"]


@pytest.mark.parametrize(
    "used",
    [
        Used("children", (), 256, 0, DEATHS),
        Used("children", (Loss("eligible", "a", 1), Loss("complete", "b", 1)), 256, 0, DEATHS),
        Used("children", (), 257, 258, DEATHS),
        Used("children", (), 257, -1, DEATHS),
    ],
)
def test_a_way_that_does_not_add_up_is_refused(used: Used) -> None:
    with pytest.raises(ValueError, match="does not add up: 257 selected"):
        join_stages(list_stages(Funnel(436, (FunnelStep("sex", 257),)), BOYS, DICTIONARY), used)


def test_exclusions_become_losses_of_their_kind() -> None:
    sex = DICTIONARY["sex"]
    given_exclusions = (
        Exclusion.of("not-eligible", 1, origin="first relapse"),
        Exclusion("hsct-day-missing", 2),
        Exclusion.of("group-missing", 3, variable=sex),
        Exclusion.of("stratum-missing", 4, variable=sex),
        Exclusion.of("covariate-missing", 5, variable=sex),
    )
    kinds = [(loss.kind, loss.text, loss.n) for loss in list_losses(given_exclusions)]
    assert kinds == [
        ("eligible", "no first relapse, or no follow-up from it", 1),
        ("eligible", "transplanted on an unknown day", 2),
        ("complete", f"Sex: {sex.missing_label}", 3),
        ("complete", f"Sex: {sex.missing_label}", 4),
    ]


def test_each_covariate_says_whom_it_costs_alone_and_with_others() -> None:
    variables = [DICTIONARY[name] for name in ("sex", "mrd_day19", "cns_status")]
    covariates = pd.DataFrame(
        {
            "sex": ["male", None, "male", "male", "female"],
            "mrd_day19": ["negative", "negative", None, None, "positive"],
            "cns_status": ["CNS1", "CNS1", "CNS1", None, None],
        }
    )
    weight = np.array([5.0, 1.0, 2.0, 3.0, 4.0])
    assert list_incomplete(covariates, weight, variables) == (
        Loss("complete", "Sex: not recorded", 1),
        Loss("complete", "MRD on day 19: not recorded", 2),
        Loss("complete", "CNS status: not recorded", 4),
        Loss("complete", "more than one unknown (MRD on day 19 in 3, CNS status in 3)", 3),
    )
    assert list_incomplete(covariates.iloc[:1], weight[:1], variables) == ()
    assert list_incomplete(covariates.iloc[:0], weight[:0], variables) == ()
    assert list_incomplete(None, weight, ()) == ()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 5)), max_size=12))
def test_every_incomplete_child_is_counted_once(rows: list[tuple[int, int]]) -> None:
    variables = [DICTIONARY[name] for name in ("sex", "mrd_day19", "cns_status")]
    unknown = [[bool(code >> i & 1) for i in range(3)] for code, _ in rows]
    columns = {v.name: [None if lacks[i] else v.levels[0] for lacks in unknown] for i, v in enumerate(variables)}
    weight = np.array([float(n) for _, n in rows])
    losses = list_incomplete(pd.DataFrame(columns, dtype=object), weight, variables)
    assert sum(loss.n for loss in losses) == sum(n for (code, n) in rows if code)
    assert all(loss.n > 0 for loss in losses)


def test_what_has_to_be_known_and_who_is_eligible() -> None:
    names = ("sex", "mrd_day19", "cns_status", "risk_group")
    variables = [DICTIONARY[name] for name in names]
    assert name_complete([]) == name_complete([None]) == ""
    assert name_complete([None, variables[0]]) == "sex known"
    assert name_complete(variables[:3]) == "sex, MRD on day 19 and CNS status known"
    assert name_complete(variables) == "all 4 variables known"
    assert name_eligible(DICTIONARY.endpoint("os_relapse")) == "children who relapsed"
    assert name_eligible(DICTIONARY.endpoint("os_diagnosis")) == "children followed from diagnosis"


# Every analysis


def way_of(analysis: Analysis, file: str, cohort_filter: CohortFilter, params: dict[str, Any]) -> tuple[Stage, ...]:
    cohort = cohort_of(file)
    used = show(analysis, cohort, cohort_filter, params, policy=True).used
    return join_stages(list_stages(cohort.funnel(cohort_filter), cohort_filter, cohort.dictionary), used)


def estimate_of(slug: str, shown: Shown) -> tuple[int, int]:
    """Children and events of the main estimate, each taken from the estimate itself."""
    result = shown.result
    if slug in ("relapse-predictors", "hazard-ratios"):
        return result.multivariable.n, result.multivariable.n_event
    if slug == "cumulative-incidence":
        curves = result.comparison.curves
        return sum(c.n for c in curves), sum(c.n_event for c in curves)
    if slug in ("survival-by-site", "survival-by-variable"):
        return sum(c.n for c in result.curves.curves), sum(c.n_event for c in result.curves.curves)
    if slug == "mean-survival":
        return sum(m.n for m in result.means.groups), sum(m.n_event for m in result.compared.curves.curves)
    if slug == "subgroups":
        return result.overall.n, result.overall.n_event
    if slug == "survival-by-treatment":
        # Test and ratios are of the whole time from relapse, on whatever day the curves start.
        arrays = {name: values for name, values in result.data.arrays().items() if name != "strata"}
        whole = simon_makuch(**arrays) if result.start else result.curves
        return result.data.n, sum(c.n_event for c in whole.curves)
    if slug in ("landmark", "hsct-cart-chemotherapy"):
        return result.chosen.n, sum(c.n_event for c in result.chosen.curves.curves)
    if slug == "adjusted-comparison":
        return result.unadjusted.n, sum(c.n_event for c in result.unadjusted.curves.curves)
    if slug == "naive-answer":
        return result.answers[0].model.n, result.answers[0].model.n_event
    return shown.used.n, shown.used.n_event


@settings(max_examples=12, deadline=None)
@pytest.mark.parametrize("slug", ANALYSES)
@given(data=st.data())
def test_the_numbers_add_up_to_those_of_the_estimate(slug: str, data: st.DataObject) -> None:
    analysis, file = ANALYSES[slug], data.draw(st.sampled_from(FILES))
    cohort = cohort_of(file)
    if analysis.missing(cohort):
        return
    cohort_filter, params = data.draw(filters(file)), data.draw(params_of(analysis, cohort))
    shown = show(analysis, cohort, cohort_filter, params, policy=True)
    way = join_stages(list_stages(cohort.funnel(cohort_filter), cohort_filter, cohort.dictionary), shown.used)
    assert [stage.kind for stage in way] == sorted((stage.kind for stage in way), key=STAGE_KINDS.index)
    assert (way[0].kind, way[-1].kind) == ("everyone", "events")
    for before, stage in pairwise(way[:-1]):
        assert stage.n == before.n - stage.left and stage.left >= 0
    for stage in way:
        if stage.kind not in ("everyone", "clause", "events"):
            assert sum(n for _, n in stage.reasons) == stage.left and all(n > 0 for _, n in stage.reasons)
    n_selected = len(select(patients_of(file), cohort_filter))
    assert n_selected == [stage for stage in way if stage.kind in ("everyone", "clause")][-1].n
    assert (way[-2].n, way[-1].n) == estimate_of(slug, shown)
    assert way[-2].n + sum(n for _, n in shown.left_out) == n_selected
    frame = tabulate_stages(way)
    assert frame["n"].iloc[-2] == cohort.n - frame["n_lost"].sum() == way[-2].n
    assert say_gist(way).startswith(f"{cohort.n} children")


def test_the_gist_of_every_analysis_on_everyone() -> None:
    cohort = cohort_of(REFERENCE)
    patients = patients_of(REFERENCE)
    relapsed = patients[patients["os_relapse_days"].notna()]
    marrow = relapsed[relapsed["marrow_relapse"] == "marrow"]
    followed = marrow[marrow["os_relapse_days"] > 180]

    def deaths(children: pd.DataFrame) -> str:
        return f"{int(children['os_relapse_event'].sum())} deaths"

    survival = f"436 children → {len(relapsed)} relapsed → {deaths(relapsed)}"
    treatment = f"436 children → {len(marrow)} relapsed in the marrow → "
    landmark = f"{treatment}{len(followed)} followed at day 180 → {deaths(followed)}"
    expected = {
        "relapse-predictors": f"436 children → {int(patients['relapsed'].sum())} relapses",
        "cumulative-incidence": f"436 children → {int(patients['relapsed'].sum())} with relapse first",
        **dict.fromkeys(
            ("survival-by-site", "survival-by-variable", "hazard-ratios", "mean-survival", "subgroups"), survival
        ),
        **dict.fromkeys(("survival-by-treatment", "naive-answer"), treatment + deaths(marrow)),
        **dict.fromkeys(("landmark", "adjusted-comparison", "hsct-cart-chemotherapy"), landmark),
    }
    for slug, gist in expected.items():
        analysis = ANALYSES[slug]
        assert say_gist(way_of(analysis, REFERENCE, CohortFilter(), analysis.defaults(cohort))) == gist, slug
    assert len(expected) >= 12
