"""No text runs out of its box, nothing lies over anything else, and all can be read from afar."""

from __future__ import annotations

import pytest

from analytics.exports.exhibit import Exhibit
from analytics.exports.pptx_file import to_pptx
from analytics.exports.slides.letters import Face, clean
from tests.exports.slides.measured import list_faults, width_of

TEXTS = (
    "HSCT against not yet transplanted: 95 % interval of the hazard ratio 0.29–4.41, not adjusted.",
    "Früherkennung, naïve Über­lebenszeit: ≥ 0.01 % (10⁹/L) → “yes” … №",
    "MMMMMMWWWWWW@@@@",
    "illlllliiiiii....",
)


def test_all_views_fit_on_their_slides(deck: bytes) -> None:
    assert list_faults(deck) == []


def test_long_labels_fit_on_their_slides(long_exhibits: dict[str, Exhibit]) -> None:
    assert list_faults(to_pptx(list(long_exhibits.values()))) == []


def test_each_view_alone_fits_on_its_slides(exhibits: dict[str, Exhibit], long_exhibits: dict[str, Exhibit]) -> None:
    for some in (exhibits, long_exhibits):
        for slug in ("survival-by-site", "relapse-predictors", "missing-values"):
            assert list_faults(to_pptx([some[slug]])) == []


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("bold", [False, True])
def test_a_text_is_taken_as_wide_as_it_is(text: str, bold: bool) -> None:
    true = width_of(text, 14, bold, "Carlito")
    assert true <= Face().width_of(text, 14, bold=bold) <= 1.2 * true + 0.1


def test_fonts_that_are_not_known_are_taken_as_wide() -> None:
    for text in TEXTS[:2]:
        assert width_of(text, 14, False, "DejaVu Sans") <= Face.named("Verdana").width_of(text, 14)


def test_lines_are_broken_between_words_and_long_words_anywhere() -> None:
    face = Face()
    lines = face.break_lines("one two " + "x" * 200, 2.0, 14)
    assert lines[0] == "one two" and all(face.width_of(line, 14) <= 2.0 for line in lines)
    assert "".join(lines[1:]) == "x" * 200
    cut = face.cut("one two three four five six seven eight nine ten", 1.0, 14, 2)
    assert cut.endswith(" …") and len(face.break_lines(cut, 1.0, 14)) <= 2
    assert face.cut("one", 1.0, 14, 1) == "one"


def test_no_character_is_left_that_a_presentation_does_not_hold() -> None:
    assert clean("a\x00b\x1fc\ud800d\ufffee\nf\u2028") == "abc?de\nf"
