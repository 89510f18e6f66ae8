"""The forest table: every level once, nothing dropped, everything escaped, and an SVG that opens."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from analytics.dictionary import Dictionary, Endpoint, Variable
from analytics.figures.forest.html import draw_html
from analytics.figures.forest.ratios import (
    CLICK_TITLE,
    describe_forest,
    plot_forest,
    words_of,
)
from analytics.figures.forest.svg import draw_svg
from analytics.reporting.reasons import say_reason
from analytics.results import (
    Estimate,
    HazardRatio,
    HazardRatioResult,
    Interval,
    OddsRatio,
    OddsRatioResult,
    Reason,
    TermTest,
)

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("x")</script> & "y"'


def variable(name: str, label: str, levels: tuple[str, ...], labels: tuple[str, ...] = (), unit: str = "") -> Variable:
    return Variable(
        name=name,
        label=label,
        kind="categorical" if levels else "continuous",
        phase="diagnosis",
        levels=levels,
        level_labels=labels or levels,
        reference=levels[0] if levels else None,
        unit=unit,
    )


DICTIONARY = Dictionary(
    (
        variable("thrombocytopenia", "Platelets below 100", ("no", "yes")),
        variable("risk_group", "Risk group", ("low", "intermediate", "high"), ("low risk", "medium risk", "high risk")),
        variable("age_years", "Age", (), unit="year"),
        variable("hostile", HOSTILE, ("a", 'b"><b>'), ("harmless", HOSTILE)),
    ),
    (),
)


def ratio(
    name: str,
    level: str | None,
    value: float | None = None,
    low: float | None = None,
    high: float | None = None,
    p: float | None = 0.04,
    reason: Reason | None = None,
    n: tuple[int, int] = (20, 100),
) -> OddsRatio:
    interval = Interval(low, high, 0.95, "profile") if value is not None else None
    return OddsRatio(name, level, False, n[1], n[0], Estimate(value, interval, n[1], n[0], reason), p)


def reference(name: str, level: str) -> OddsRatio:
    return OddsRatio(name, level, True, 145, 14, Estimate(1.0, None, 145, 14), None)


def result(*terms: OddsRatio, method: str = "ml", reason: Reason | None = None) -> OddsRatioResult:
    tests = tuple(TermTest(name, 4.7, 1, 0.0305) for name in dict.fromkeys(term.variable for term in terms))
    return OddsRatioResult(terms, tests, method, 0.95, "profile", 436, 64, 3, -100.0, reason)


PLATELETS = (reference("thrombocytopenia", "no"), ratio("thrombocytopenia", "yes", 2.0865, 1.04, 4.17, 0.0374))
RISK = (
    reference("risk_group", "intermediate"),
    ratio("risk_group", "low", 0.5, 0.2, 1.2),
    ratio("risk_group", "high", None, p=None, reason=Reason("no-events"), n=(0, 9)),
)
AGE = (ratio("age_years", None, 0.96, 0.89, 1.04),)
UNIVARIABLE = (result(*PLATELETS), result(*RISK, method="firth"), result(*AGE))
MULTIVARIABLE = result(*PLATELETS, *RISK)


def draw_forest_table(*models: Any) -> str:
    return draw_html(plot_forest(*models))


def forest_svg(*models: Any, title: str, subtitle: str) -> str:
    return draw_svg(plot_forest(*models), title, subtitle)


class Rows:
    """The rows of a table: attributes and texts of each; refuses a fragment that is not well formed."""

    def __init__(self, html: str) -> None:
        root = ElementTree.fromstring(html)
        self.tags = {element.tag for element in root.iter()}
        self.rows = [(dict(row.attrib), list(row.itertext())) for row in root.iter("tr")]
        self.buttons = [[dict(button.attrib) for button in row.iter("button")] for row in root.iter("tr")]

    def levels(self) -> dict[tuple[str, str], str]:
        found = [((a["data-variable"], a["data-level"]), " ".join(t)) for a, t in self.rows if "data-level" in a]
        assert len(dict(found)) == len(found)
        return dict(found)


def table() -> Rows:
    return Rows(draw_forest_table(UNIVARIABLE, MULTIVARIABLE, DICTIONARY))


def test_every_level_is_a_row_exactly_once_in_the_order_of_the_dictionary() -> None:
    assert list(table().levels()) == [
        ("thrombocytopenia", "no"),
        ("thrombocytopenia", "yes"),
        ("risk_group", "low"),
        ("risk_group", "intermediate"),
        ("risk_group", "high"),
    ]


def test_row_shows_counts_both_ratios_intervals_and_p() -> None:
    text = table().levels()["thrombocytopenia", "yes"]
    assert "20 of 100 (20.0\u00a0%)" in text
    assert text.count("2.09") >= 2 and text.count("1.04–4.17") >= 2 and "0.037" in text


def test_factor_rows_show_both_likelihood_ratio_tests() -> None:
    (row,) = (" ".join(text) for attributes, text in table().rows if "Platelets below 100" in text)
    assert row.count("p = 0.030") + row.count("p = 0.031") == 2


def test_reference_rows_are_marked_and_cannot_be_chosen_again() -> None:
    for (attributes, text), buttons in zip(table().rows, table().buttons, strict=True):
        assert "role" not in attributes
        if "data-level" not in attributes:
            assert not buttons
        elif "reference" in text:
            assert "forest-reference" in attributes["class"] and not buttons
        else:
            assert buttons == [{"type": "button", "title": CLICK_TITLE}]
    assert "reference" in table().levels()["risk_group", "intermediate"]


def test_levels_that_cannot_be_estimated_say_why() -> None:
    text = table().levels()["risk_group", "high"]
    assert text.count("no events") == 2 and "0 of 9 (0.0\u00a0%)" in text


def test_a_number_is_a_row_per_unit_that_cannot_become_a_reference() -> None:
    (row,) = ((a, " ".join(t)) for a, t in table().rows if "per year" in t)
    assert row[0] == {"class": "forest-level"}
    assert "0.96" in row[1] and "not in the model" in row[1]


def test_a_factor_of_the_multivariable_model_alone_is_shown() -> None:
    rows = Rows(draw_forest_table([], MULTIVARIABLE, DICTIONARY))
    assert "2.09" in rows.levels()["thrombocytopenia", "yes"]
    assert "–" in rows.levels()["thrombocytopenia", "yes"]


def test_labels_and_levels_are_escaped_everywhere() -> None:
    hostile = result(
        reference("hostile", "a"),
        ratio("hostile", 'b"><b>', None, reason=Reason.of("mean-is-0", group=HOSTILE), p=None),
    )
    html = draw_forest_table([hostile], hostile, DICTIONARY)
    rows = Rows(html)
    assert "script" not in rows.tags
    assert HOSTILE in rows.levels()["hostile", 'b"><b>']
    svg = forest_svg([hostile], hostile, DICTIONARY, title=HOSTILE, subtitle=HOSTILE)
    assert "<script" not in svg
    assert HOSTILE in "".join(ElementTree.fromstring(svg).itertext())


def test_names_outside_the_dictionary_are_shown_as_they_are() -> None:
    own = result(reference("ikzf1", "wild"), ratio("ikzf1", "deleted", 3.0, 1.5, 6.0))
    text = draw_forest_table([own], own, DICTIONARY)
    assert "ikzf1" in text and "deleted" in text


def test_footnotes_state_patients_method_and_penalised_factors() -> None:
    html = draw_forest_table(UNIVARIABLE, MULTIVARIABLE, DICTIONARY)
    assert "436 children with all its factors known, 64 with relapse; maximum likelihood" in html
    assert "penalised likelihood for Risk group." in html
    failed = result(*PLATELETS, reason=Reason("all-had-event"))
    assert "Multivariable model not fitted: every child had the event." in draw_forest_table([], failed, DICTIONARY)


@pytest.mark.parametrize(
    ("value", "low", "high", "arrows"),
    [
        (2.0, 0.5, 4.0, 0),
        (2.0, None, 4.0, 1),
        (2.0, None, None, 2),
        (2.0, 0.001, 4.0, 1),
        (0.2, 1e-9, 1e9, 2),
        (1e9, 50.0, None, 1),
        (1e-9, None, 0.001, 1),
    ],
)
def test_limits_beyond_the_axis_become_arrows(value: float, low: float | None, high: float | None, arrows: int) -> None:
    one = result(reference("thrombocytopenia", "no"), ratio("thrombocytopenia", "yes", value, low, high))
    nothing = result(reference("thrombocytopenia", "no"))
    html = draw_forest_table([nothing], one, DICTIONARY)
    assert len(re.findall(r'class="forest-thick-(?:left|right)"', html)) == arrows
    places = [float(x) for x in re.findall(r"(?:left|right):(-?[\d.]+)%", html)]
    assert all(0 <= place <= 100 for place in places)
    assert "nan" not in html and "inf" not in html
    ElementTree.fromstring(forest_svg([nothing], one, DICTIONARY, title="t", subtitle="s"))


def test_ratio_of_one_lies_on_the_line_at_one_and_equal_factors_are_equally_far() -> None:
    alone = result(reference("thrombocytopenia", "no"), ratio("thrombocytopenia", "yes", 1.0, 0.5, 2.0))
    together = result(reference("thrombocytopenia", "no"), ratio("thrombocytopenia", "yes", 3.0, 1.0, 8.0))
    html = draw_forest_table([alone], together, DICTIONARY)
    (line,) = re.findall(r"var\(--forest-line\)\) ([\d.]+)%", html)
    # The first of each is the key in the head of the table.
    assert re.findall(r'forest-thin-point" style="left:([\d.]+)%', html)[1:] == [line]
    low, beyond_high = re.findall(r'forest-thin" style="left:([\d.]+)%;right:([\d.]+)%', html)[1]
    assert float(line) - float(low) == pytest.approx(100 - float(beyond_high) - float(line), abs=0.02)
    assert float(line) < 50


def test_svg_is_a_drawing_of_fixed_width_on_white_with_all_levels() -> None:
    svg = forest_svg(UNIVARIABLE, MULTIVARIABLE, DICTIONARY, title="Predictors of relapse", subtitle="All patients")
    root = ElementTree.fromstring(svg)
    assert root.get("width") == "980"
    assert root.find(f"{SVG}rect").get("fill") == "#ffffff"  # type: ignore[union-attr]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    for label in ("Predictors of relapse", "no", "yes", "low risk", "medium risk", "high risk", "per year"):
        assert texts.count(label) == 1
    assert texts.count("reference") == 4
    height = float(root.get("height") or 0)
    assert all(0 < float(text.get("y") or 0) < height for text in root.iter(f"{SVG}text"))


def test_long_words_and_reasons_are_wrapped_in_the_svg() -> None:
    reason = Reason.of("mean-is-0", group="every patient in this level who relapsed before the end of induction")
    long = result(reference("thrombocytopenia", "no"), ratio("thrombocytopenia", "yes", None, reason=reason, p=None))
    root = ElementTree.fromstring(forest_svg([long], long, DICTIONARY, title="t", subtitle="s"))
    pieces = [text.text or "" for text in root.iter(f"{SVG}text") if text.get("x") == "372"]
    assert say_reason(reason) in " ".join(pieces)
    assert max(len(piece) for piece in pieces) <= 19


def test_both_media_say_every_cell_in_its_order() -> None:
    forest = plot_forest(UNIVARIABLE, MULTIVARIABLE, DICTIONARY)
    html = " ".join("".join(ElementTree.fromstring(draw_html(forest)).itertext()).split())
    svg = " ".join(ElementTree.fromstring(draw_svg(forest, "", "")).itertext())
    for said in (html, svg):
        at = 0
        for cell in (cell for rows in forest.sections for row in rows for cell in row.cells):
            for word in f"{cell.lead} {cell.text}".split():
                assert word in said[at:], (word, said[at:])
                at = said.index(word, at) + len(word)


def test_without_factors_there_is_a_sentence() -> None:
    nothing = OddsRatioResult((), (), "ml", 0.95, "profile", 0, 0, 0, None, Reason("no-events"))
    assert "No factor is chosen." in draw_forest_table([], nothing, DICTIONARY)
    assert describe_forest([], nothing, DICTIONARY) == "No factor is chosen."
    ElementTree.fromstring(forest_svg([], nothing, DICTIONARY, title="t", subtitle="s"))


def test_description_gives_each_ratio_and_each_reason() -> None:
    text = describe_forest(UNIVARIABLE, MULTIVARIABLE, DICTIONARY)
    assert "a model of 436 children, 64 of them with relapse" in text
    assert "Platelets below 100 against no: yes 2.09 (1.04–4.17), p = 0.037." in text
    assert "high risk not estimable (no events)" in text
    assert "per year univariable 0.96 (0.89–1.04)" in text


def test_html_holds_no_inline_drawing_that_cleaning_would_remove() -> None:
    assert table().tags <= {
        "div",
        "table",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "span",
        "i",
        "b",
        "p",
        "small",
        "button",
    }


# Hazard ratios


def hazard_ratios(
    *terms: OddsRatio, test_type: str = "likelihood ratio", reason: Reason | None = None
) -> HazardRatioResult:
    tests = tuple(TermTest(name, 4.7, 1, 0.0305) for name in dict.fromkeys(term.variable for term in terms))
    hazards = tuple(
        HazardRatio(t.variable, t.level, t.is_reference, t.n, t.n_event, t.odds_ratio, t.p_value) for t in terms
    )
    options = ("ml", "efron", "model", test_type, 0.95, "wald", 64, 31, 3, -100.0, None, reason)
    return HazardRatioResult(hazards, tests, *options)


ENDPOINT = Endpoint(
    name="os_relapse",
    label="Overall survival",
    time="t",
    event="e",
    origin="first relapse",
    event_label="death from any cause",
    population="all",
    phase="relapse",
)


def test_hazard_ratios_have_words_of_their_own() -> None:
    model = hazard_ratios(*PLATELETS)
    html = draw_forest_table([model], model, DICTIONARY, words_of(ENDPOINT))
    for text in (
        "Deaths, of all",
        "Univariable HR",
        "Multivariable HR",
        "lower hazard",
        "higher hazard",
        "Hazard ratio: how many times higher the hazard of death from any cause is in this level",
        "Hazard ratios on a logarithmic scale.",
        "Children in this level with the event, of all children",
        "64 children with all its factors known, 31 with the event; maximum likelihood",
        "<small>LR</small>",
    ):
        assert text in html, text
    assert not re.search(r"\bodds\b|\bOR\b|relapse", html)
    svg = forest_svg([model], model, DICTIONARY, words_of(ENDPOINT), title="t", subtitle="s")
    assert "<title>Hazard ratios of death from any cause</title>" in svg
    assert not re.search(r"\bodds\b|\bOR\b|relapse", svg)
    assert describe_forest([model], model, DICTIONARY, words_of(ENDPOINT)) == (
        "Hazard ratios of death from any cause from a model of 64 children, 31 of them with the event; p by the Wald test. "
        "Platelets below 100 against no: yes 2.09 (1.04–4.17), p = 0.037."
    )


def test_a_robust_test_is_not_called_a_likelihood_ratio() -> None:
    model = hazard_ratios(*PLATELETS, test_type="robust Wald")
    html = draw_forest_table([model], model, DICTIONARY, words_of(ENDPOINT))
    assert "<small>Wald</small>" in html and "Robust Wald p of the whole factor" in html
    assert "ikelihood-ratio" not in html and "<small>LR</small>" not in html
    assert "Wald p = 0.03" in forest_svg([model], model, DICTIONARY, words_of(ENDPOINT), title="t", subtitle="s")


def test_hazard_ratios_are_drawn_as_odds_ratios_are() -> None:
    model, same = hazard_ratios(*PLATELETS), result(*PLATELETS)
    drawn = [re.findall(r'class="forest-t[^>]*>', draw_forest_table([m], m, DICTIONARY)) for m in (model, same)]
    assert drawn[0] == drawn[1]
