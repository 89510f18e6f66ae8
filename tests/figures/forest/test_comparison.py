"""The table of comparisons: every row in its place, reasons shown, everything escaped, and an SVG that opens."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from analytics.figures.forest.comparison import (
    ComparisonForest,
    ComparisonRow,
    describe_comparison,
    plot_comparison,
)
from analytics.figures.forest.html import draw_html
from analytics.figures.forest.svg import WARNING, draw_svg
from analytics.results import Estimate, Interval, Reason

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("x")</script> & "y"'


def ratio(
    value: float | None, low: float | None = None, high: float | None = None, reason: Reason | None = None
) -> Estimate:
    interval = Interval(low, high, 0.95, "wald") if value is not None else None
    return Estimate(value, interval, 40, 12, reason)


FOREST = ComparisonForest(
    rows=(
        ComparisonRow(
            "All children", ratio(0.5, 0.25, 1.0), "436 children", ("6 of 30", "9 of 20"), "0.050", False, True
        ),
        ComparisonRow("Sex", p="0.730"),
        ComparisonRow("girls", ratio(0.4, 0.1, 1.6), counts=("2 of 14", "4 of 9"), p="0.196", is_indented=True),
        ComparisonRow("boys", ratio(None, reason=Reason("no-events")), counts=("0 of 16", "5 of 11"), is_indented=True),
    ),
    measure="hazard ratio",
    label_head="Among",
    count_heads=("Deaths, HSCT", "Deaths, chemotherapy"),
    p_head="p (interaction)",
    p_help="Beside a variable: the p of interaction.",
    sides=("HSCT lower", "HSCT higher"),
    guide=0.5,
    footnotes=("Cox regression.",),
)


def draw_comparison_table(forest: ComparisonForest) -> str:
    return draw_html(plot_comparison(forest))


def comparison_svg(forest: ComparisonForest, *, title: str, subtitle: str) -> str:
    return draw_svg(plot_comparison(forest), title, subtitle)


def rows_of(html: str) -> list[tuple[dict[str, str], str]]:
    """Attributes and text of every row; refuses a fragment that is not well formed."""
    return [(dict(row.attrib), " ".join(row.itertext())) for row in ElementTree.fromstring(html).iter("tr")]


def test_every_row_is_drawn_once_in_its_order() -> None:
    rows = [(a, t) for a, t in rows_of(draw_comparison_table(FOREST)) if "data-row" in a]
    assert [a["data-row"] for a, _ in rows] == ["0", "1", "2", "3"]
    assert [a["class"] for a, _ in rows] == [
        "forest-compared forest-emphasised",
        "forest-group",
        "forest-compared forest-indented",
        "forest-compared forest-indented",
    ]
    everyone, heading, girls, boys = (text for _, text in rows)
    assert all(
        piece in everyone for piece in ("All children", "436 children", "6 of 30", "9 of 20", "0.50", "(0.25–1.00)")
    )
    assert heading.split() == ["Sex", "0.730"]
    assert "0.40" in girls and "0.196" in girls
    assert "no events" in boys and "0 of 16" in boys


def test_only_rows_with_a_ratio_have_marks_and_the_emphasised_one_is_thick() -> None:
    html = draw_comparison_table(FOREST)
    assert html.count('class="forest-thick-point"') == html.count('class="forest-thin-point"') == 1


def test_a_biased_row_has_the_colour_of_warnings() -> None:
    girls, boys = replace(FOREST.rows[2], is_biased=True), FOREST.rows[3]
    forest = replace(FOREST, rows=(girls, boys))
    assert ["forest-biased" in row.get("class", "") for row, _ in rows_of(draw_comparison_table(forest))[1:3]] == [
        True,
        False,
    ]
    root = ElementTree.fromstring(comparison_svg(forest, title="", subtitle=""))
    fills = {"".join(text.itertext()): text.get("fill") for text in root.iter(f"{SVG}text")}
    assert fills["girls"] == WARNING and fills["boys"] != WARNING


def test_the_guide_stands_at_its_ratio_and_is_left_out_beyond_the_axis() -> None:
    html = draw_comparison_table(FOREST)
    (guide,) = re.findall(r"repeating-linear-gradient\([^%]*?\) ([\d.]+)%", html)
    (point,) = re.findall(r'forest-thick-point" style="left:([\d.]+)%', html)
    assert guide == point
    for far in (1e9, 1e-9, 0.0):
        assert "repeating" not in draw_comparison_table(replace(FOREST, guide=far))


@pytest.mark.parametrize(
    ("low", "high", "arrows"), [(0.5, 4.0, 0), (None, 4.0, 1), (None, None, 2), (1e-6, 1e6, 2), (1.0, None, 1)]
)
def test_limits_beyond_the_axis_become_arrows(low: float | None, high: float | None, arrows: int) -> None:
    forest = replace(FOREST, rows=(ComparisonRow("one", ratio(2.0, low, high)),))
    html = draw_comparison_table(forest)
    assert len(re.findall(r'class="forest-thin-(?:left|right)"', html)) == arrows
    places = [float(x) for x in re.findall(r"(?:left|right):(-?[\d.]+)%", html)]
    assert all(0 <= place <= 100 for place in places)
    ElementTree.fromstring(comparison_svg(forest, title="t", subtitle="s"))


def test_everything_is_escaped() -> None:
    row = ComparisonRow(
        HOSTILE, ratio(None, reason=Reason.of("mean-is-0", group=HOSTILE)), HOSTILE, (HOSTILE,), HOSTILE
    )
    heading = ComparisonRow(HOSTILE, p=HOSTILE)
    sides = (HOSTILE, HOSTILE)
    forest = ComparisonForest(
        (heading, row), "odds ratio", HOSTILE, (HOSTILE,), 0.9, HOSTILE, HOSTILE, sides, 1, (HOSTILE,)
    )
    for drawn in (draw_comparison_table(forest), comparison_svg(forest, title=HOSTILE, subtitle=HOSTILE)):
        assert "<script" not in drawn
        assert HOSTILE in " ".join("".join(ElementTree.fromstring(drawn).itertext()).split())


@pytest.mark.parametrize("n_counts", [0, 1, 2])
def test_any_number_of_columns_of_counts(n_counts: int) -> None:
    forest = replace(FOREST, count_heads=FOREST.count_heads[:n_counts])
    html = draw_comparison_table(forest)
    cells = {len(list(row)) for row in ElementTree.fromstring(html).iter("tr") if "data-row" in row.attrib}
    assert cells == {4 + n_counts}
    assert f'colspan="{3 + n_counts}"' in html
    root = ElementTree.fromstring(comparison_svg(forest, title="t", subtitle="s"))
    assert all(0 < float(text.get("x") or 0) < 980 for text in root.iter(f"{SVG}text"))


def test_svg_holds_every_row_below_its_title() -> None:
    root = ElementTree.fromstring(comparison_svg(FOREST, title="Subgroups", subtitle="All patients"))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    for text in (
        "Subgroups",
        "All patients",
        "Sex",
        "girls",
        "boys",
        "0.730",
        "6 of 30",
        "HSCT lower",
        "Cox regression.",
    ):
        assert texts.count(text) == 1, text
    height = float(root.get("height") or 0)
    assert all(0 < float(text.get("y") or 0) < height for text in root.iter(f"{SVG}text"))


def test_long_labels_and_reasons_are_wrapped_in_the_svg() -> None:
    long = "a comparison whose name is far longer than the column in which it has to stand"
    forest = replace(
        FOREST,
        rows=(
            ComparisonRow(long, ratio(None, reason=Reason.of("mean-is-0", group=long)), counts=(long, long), p=long),
        ),
    )
    root = ElementTree.fromstring(comparison_svg(forest, title="t", subtitle="s"))
    pieces: dict[str, list[str]] = {}
    for text in root.iter(f"{SVG}text"):
        pieces.setdefault(text.get("x") or "", []).append(text.text or "")
    assert sum(long in " ".join(lines) for lines in pieces.values()) == 5
    assert max(len(line) for lines in pieces.values() for line in lines) < 30


def test_words_say_every_ratio_and_every_reason() -> None:
    assert describe_comparison(FOREST).replace("\u00a0", " ") == (
        "Hazard ratios with 95 % confidence intervals. All children (436 children): 0.50 (0.25–1.00), p (interaction) 0.050. "
        "Sex, p (interaction) 0.730: girls: 0.40 (0.10–1.60), p (interaction) 0.196. "
        "boys: not estimable (no events)."
    )


def test_without_rows_a_sentence_says_so() -> None:
    empty = replace(FOREST, rows=())
    assert "nothing to compare" in draw_comparison_table(empty)
    assert describe_comparison(empty) == "There is nothing to compare."
    ElementTree.fromstring(comparison_svg(empty, title="t", subtitle="s"))
