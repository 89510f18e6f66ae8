"""What is shown of one patient, in a report and on slides: the same sentences and tables, and no link to it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from html import unescape

from pptx import Presentation

from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.exports.exhibit import no_progress
from analytics.exports.html_file import HTML
from analytics.exports.pptx_file import SLIDES
from analytics.patient.definitions import Reading, load_definitions
from analytics.patient.extra import to_extra
from analytics.patient.features import complete_features
from analytics.patient.likeness import choose_matters, compare_alike, narrow
from analytics.provenance import Provenance
from analytics.reporting.protection import list_protected
from analytics.results import Note
from pages.components.cache import REFERENCE_COHORT

COHORT = open_cohort(str(REFERENCE_COHORT))
ONE = complete_features(
    {"age_years": 4.2, "immunophenotype": "B", "relapse_site": "isolated marrow", "relapse_days": 1000.0,
     "end_of_therapy_days": 900.0, "mrd_after_reinduction": "negative", "n_relapse": "1"},
    COHORT.dictionary,
)  # fmt: skip
NOTE = Note("few", "caution", "Fewer than 10 children.")
PROVENANCE = Provenance("This child", "Reference cohort", "All", "Method.", "v1", True, date(2026, 1, 31))


def test_a_report_and_slides_say_what_the_page_says() -> None:
    matters = choose_matters(COHORT, ONE)
    narrowed = narrow(COHORT, CohortFilter(), ONE, matters)
    reading = Reading(load_definitions(), COHORT.dictionary, ONE)
    alike = compare_alike(COHORT, narrowed, ONE, matters)
    extra = to_extra("One of four years", PROVENANCE, reading.list_classes(), reading.list_treatments(), alike, None)
    assert extra.link == ""
    assert extra.shown.sentences[0].startswith("Of 10 children nearest to this one, ")
    titles = [table.title for table in extra.shown.tables]
    assert titles[0] == "Classes by published definitions"
    assert titles[2:] == ["How the nearest differ"]
    assert extra.shown.sentences[-1].startswith("Sources: Fuster 2014, doi:10.5315/wjh.v3.i3.49; ")
    page = unescape(HTML.write([extra], no_progress).decode())
    deck = Presentation(io.BytesIO(SLIDES.write([extra], no_progress)))
    slides = " ".join(shape.text_frame.text for slide in deck.slides for shape in slide.shapes if shape.has_text_frame)
    for sentence in extra.shown.sentences[:1]:
        assert sentence.split(" (")[0] in page
        assert sentence.split(" (")[0] in slides
    assert "Time of relapse (BFM)" in page
    assert any(shape.has_chart for slide in deck.slides for shape in slide.shapes)


def test_slides_say_what_the_page_notes_and_that_small_numbers_are_protected() -> None:
    reading = Reading(load_definitions(), COHORT.dictionary, ONE)
    asked = CohortFilter((Clause("risk_group", ("high",)),))
    alike = replace(compare_alike(COHORT, narrow(COHORT, asked, ONE, ()), ONE, ()), notes=(NOTE,))
    extra = to_extra("One", PROVENANCE, reading.list_classes(), (), alike, None, notes=list_protected(5))
    assert extra.shown.notes == (NOTE, *list_protected(5))
    deck = Presentation(io.BytesIO(SLIDES.write([extra], no_progress)))
    said = [shape.text_frame.text for slide in deck.slides for shape in slide.shapes if shape.name == "Caution"]
    assert any(text.startswith(f"{NOTE.text}\nThe protection of small numbers is experimental") for text in said)
