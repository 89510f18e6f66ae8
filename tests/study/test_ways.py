"""The ways of those who relapsed and a line for each of them, counted again in the file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.cohort import Cohort, open_cohort, protect_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import DAYS_PER_MONTH
from analytics.figures.glance.flow import describe_flow, draw_flow
from analytics.figures.glance.swimmer import draw_swimmer
from analytics.study import ways
from analytics.study.pictures import from_ask, toggle_clauses
from analytics.study.ways import ORDERS, count_flow, has_lanes, list_lanes

EVERYONE = CohortFilter()


@pytest.fixture(scope="module")
def relapsed(root: Path) -> pd.DataFrame:
    patients = pd.read_csv(root / "data" / "reference_cohort.csv")
    return patients[patients["relapsed"] == 1]


@pytest.fixture(scope="module")
def cohort(root: Path) -> Cohort:
    return open_cohort(root / "data" / "reference_cohort.csv")


def test_nodes_and_branches_are_those_of_the_file(cohort: Cohort, relapsed: pd.DataFrame) -> None:
    flow = count_flow(cohort, EVERYONE)
    assert flow is not None and flow.n == len(relapsed) and flow.n_event == relapsed["os_relapse_event"].sum()
    treatment, outcome = flow.stages[-2:]
    found = relapsed.groupby("salvage_treatment")["os_relapse_event"].agg(["size", "sum"])
    for node in treatment.nodes:
        (level,) = from_ask(cohort.dictionary, node.ask)[0].levels
        assert (node.n, node.n_event) == tuple(found.loc[level])
    assert [(node.label, node.n) for node in outcome.nodes] == [("Alive at last contact", 53), ("Died", 11)]
    assert not any(node.ask for node in outcome.nodes), "nobody is chosen by how it ended"
    for stage, following in zip(flow.stages, flow.stages[1:], strict=False):
        for i, node in enumerate(stage.nodes):
            out = [b for b in stage.branches if b.source == i]
            assert (sum(b.n for b in out), sum(b.n_event for b in out)) == (node.n, node.n_event)
        for j, node in enumerate(following.nodes):
            assert sum(b.n for b in stage.branches if b.target == j) == node.n


def test_a_click_on_a_branch_leaves_those_who_took_it(cohort: Cohort) -> None:
    flow = count_flow(cohort, EVERYONE)
    assert flow is not None
    for stage in flow.stages[:-2]:
        for branch in stage.branches:
            asked = toggle_clauses(EVERYONE, from_ask(cohort.dictionary, branch.ask))
            narrowed = count_flow(cohort, asked)
            assert narrowed is not None and narrowed.n == branch.n, (stage.title, branch)
            assert len(asked.clauses) == 2
    assert not any(branch.ask for branch in flow.stages[-2].branches), "nobody is chosen by how it ended"
    site = Clause("relapse_site_group", ("combined marrow and extramedullary",))
    chosen = count_flow(cohort, CohortFilter((site,)))
    assert chosen is not None
    assert [(node.label, node.is_chosen) for node in chosen.stages[1].nodes] == [("combined", True)]


def test_the_flow_is_drawn_and_said(cohort: Cohort) -> None:
    flow = count_flow(cohort, EVERYONE)
    assert flow is not None
    svg = draw_flow(flow)
    assert svg.count("flow-branch") == sum(len(stage.branches) for stage in flow.stages)
    assert "64 children after relapse, 11 of whom died" in describe_flow(flow)
    assert draw_flow(ways.Flow((), 0, 0)) == ""


def test_a_file_without_relapse_has_no_flow(relapsed: pd.DataFrame, cohort: Cohort) -> None:
    bare = open_cohort(relapsed[["patient_id", "sex"]])
    assert count_flow(bare, EVERYONE) is None and not has_lanes(bare)
    nobody = count_flow(cohort, CohortFilter((Clause("relapse_site", keep_missing=True),)))
    assert nobody is not None and nobody.n == 0


@pytest.mark.parametrize("order", ORDERS)
def test_lines_are_those_of_the_file_in_the_order_asked_for(cohort: Cohort, relapsed: pd.DataFrame, order: str) -> None:
    lanes = list_lanes(cohort, EVERYONE, order=order).lanes

    def days(name: str) -> list[float]:
        return sorted(relapsed[name].dropna())

    for attribute, name in (("end", "os_relapse_days"), ("hsct", "hsct_days"), ("cart", "cart_days")):
        drawn = sorted(t for lane in lanes if not np.isnan(t := getattr(lane, attribute)))
        assert drawn == pytest.approx([d / DAYS_PER_MONTH for d in days(name)])
    assert sum(lane.died for lane in lanes) == relapsed["os_relapse_event"].sum()
    assert sum(lane.remission is True for lane in lanes) == (relapsed["second_remission"] == "yes").sum()
    by = {
        "follow-up": [-lane.end for lane in lanes],
        "treatment": [np.inf if np.isnan(lane.treated) else lane.treated for lane in lanes],
        "second relapse": [np.inf if np.isnan(lane.second_relapse) else lane.second_relapse for lane in lanes],
        "death": [not lane.died for lane in lanes],
    }[order]
    assert by == sorted(by)


def test_lines_are_grouped_and_paged(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "LANES_ON_A_PAGE", 30)
    pages = [list_lanes(cohort, EVERYONE, by="salvage_treatment", page=i) for i in (1, 2, 3)]
    assert [len(page.lanes) for page in pages] == [30, 30, 4] and pages[0].n_pages == 3
    groups = [lane.group for page in pages for lane in page.lanes]
    labels = list(cohort.dictionary["salvage_treatment"].level_labels)
    assert groups == sorted(groups, key=labels.index) and set(groups) == set(labels)
    assert groups.count("HSCT") == 40


def test_the_wait_is_drawn_otherwise_than_what_comes_after(cohort: Cohort) -> None:
    lanes = list_lanes(cohort, EVERYONE)
    svg = draw_swimmer(lanes.lanes, lanes.longest)
    n_treated = sum(not np.isnan(lane.treated) for lane in lanes.lanes)
    assert svg.count('class="swim-hollow"') == svg.count('class="swim-after"') == n_treated
    assert svg.count('class="swim-never"') == len(lanes.lanes) - n_treated
    assert svg.count('class="swim-died"') == 11 and svg.count('class="swim-alive"') == 53
    assert draw_swimmer([], 0.0) == ""


def test_what_is_shown_to_a_room_is_larger_and_has_all_of_it(cohort: Cohort) -> None:
    flow = count_flow(cohort, EVERYONE)
    assert flow is not None
    small, large = draw_flow(flow), draw_flow(flow, presented=True)
    assert large.count("flow-branch") == small.count("flow-branch") and 'viewBox="0 0 1100 560"' in large
    labels = [re.sub("<[^>]+>", "", text) for text in re.findall("<text x=.*?</text>", large)]
    assert " 12" in labels and "extramedullary" in labels and max(map(len, labels)) <= 15
    lanes = list_lanes(cohort, EVERYONE, by="salvage_treatment")
    drawn = draw_swimmer(lanes.lanes, lanes.longest, presented=True)
    heights = [float(high) for high in re.findall(r'viewBox="0 0 1100 ([\d.]+)"', drawn)]
    assert len(heights) == 3 and max(heights) <= 560 and drawn.count('"swim-lane"') == len(lanes.lanes)
    assert drawn.count("HSCT (40)") == 3, "a group that goes on is named again, with all of it"


def test_no_line_is_drawn_where_small_numbers_are_protected(cohort: Cohort) -> None:
    protected = protect_cohort(cohort, 5)
    assert not has_lanes(protected)
    with pytest.raises(ValueError, match="one patient"):
        list_lanes(protected, EVERYONE)
