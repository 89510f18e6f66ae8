"""The figure of the way from the cohort to an estimate: widths, numbers and words."""

from __future__ import annotations

import re
from html import unescape

import pytest

from analytics.figures.attrition import COLOURS, HEADS, draw_attrition
from analytics.reporting.attrition import STAGE_KINDS, Stage, describe_stages

WAY = (
    Stage("everyone", "Everyone in the cohort", 400, short="children"),
    Stage("clause", "Sex: <girls>", 200, 200, short="selected"),
    Stage(
        "eligible", "Children who relapsed", 60, 140, (("no first relapse, or no follow-up from it", 140),), "relapsed"
    ),
    Stage(
        "complete", "MRD & sex known", 50, 10, (("MRD on day 19: not recorded", 7), ("more than one", 3)), "complete"
    ),
    Stage("landmark", "Alive and followed at day 180", 40, 10, (("died by day 180", 10),), "followed at day 180"),
    Stage("events", "Deaths", 30, short="deaths"),
)
ROW = re.compile(r'<div data-kind="(\w+)" data-n="(\d+)">(.*?)</div>')


def bars_of(row: str) -> list[float]:
    return [float(width) for width in re.findall(r'<i class="\w+" style="width:([\d.]+)%', row)]


def words_of(row: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "|", row))


def test_each_stage_has_a_row_with_bars_in_proportion() -> None:
    rows = ROW.findall(draw_attrition(WAY))
    assert [(kind, int(n)) for kind, n, _ in rows] == [(stage.kind, stage.n) for stage in WAY]
    assert [bars_of(row) for _, _, row in rows] == [
        [100, 100],
        [100, 50],
        [50, 15],
        [15, 12.5],
        [12.5, 10],
        [10, 7.5],
    ]
    for kind, _, row in rows:
        assert COLOURS[kind] in row


def test_losses_stand_beside_their_stage_with_their_reasons() -> None:
    html = draw_attrition(WAY)
    rows = {kind: words_of(row) for kind, _, row in ROW.findall(html)}
    assert "Sex: <girls>" in rows["clause"] and "<girls>" not in html
    assert rows["clause"].rstrip("|").endswith("|200||−200")
    assert (
        "|without: no first relapse, or no follow-up from it|" in rows["eligible"]
        and rows["eligible"].count("140") == 1
    )
    assert "|−7 MRD on day 19: not recorded||−3 more than one|" in rows["complete"] and "−10" in rows["complete"]
    assert "−" not in rows["events"] and "−" not in rows["everyone"]
    for kind, head in HEADS.items():
        assert f"|{head}|" in rows[kind]


def test_the_figure_is_told_in_words() -> None:
    label = re.search(r'role="img" aria-label="([^"]*)"', draw_attrition(WAY))
    assert label and unescape(label[1]) == describe_stages(WAY)
    assert "50, 10 fewer (7 MRD on day 19: not recorded; 3 more than one)" in unescape(label[1])


def test_every_kind_of_stage_has_a_colour() -> None:
    assert set(COLOURS) == set(STAGE_KINDS)


@pytest.mark.parametrize(
    "stages", [WAY[:1], (Stage("everyone", "Everyone in the cohort", 1), Stage("events", "Deaths", 0))]
)
def test_small_ways_and_none_with_events(stages: tuple[Stage, ...]) -> None:
    rows = ROW.findall(draw_attrition(stages))
    assert len(rows) == len(stages) and bars_of(rows[0][2]) == [100, 100]
    if len(rows) > 1:
        assert bars_of(rows[1][2]) == [100, 0]


def test_a_cohort_of_nobody_has_no_width() -> None:
    (row,) = ROW.findall(draw_attrition((Stage("everyone", "Everyone in the cohort", 0),)))
    assert bars_of(row[2]) == [0, 0]
