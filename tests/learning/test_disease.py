"""The guide to the disease: every topic, short, and each figure with a source."""

from __future__ import annotations

import re

from analytics.learning.disease import load_guide, open_disease

MOST_WORDS, MINUTES, WORDS_A_MINUTE = 150, 5, 200


def test_the_guide_has_every_topic_and_takes_five_minutes() -> None:
    guide = load_guide()
    assert [s.id for s in guide.sections] == ["what", "signs", "diagnosis", "outlook", "treatment", "trials"]
    assert all(0 < section.n_words < MOST_WORDS for section in guide.sections)
    assert sum(section.n_words for section in guide.sections) <= MINUTES * WORDS_A_MINUTE
    said = {s.id: " ".join(s.paragraphs) for s in guide.sections}
    for topic, words in {
        "what": ("remission", "marrow", "CNS", "testis"),
        "diagnosis": ("blood count", "Aspirate and biopsy", "lumbar puncture", "imaging", "Chromosomes"),
        "outlook": ("time", "site", "biology", "response", "age", "how many relapses"),
        "treatment": ("reinduction", "radiation", "HSCT", "Antibodies", "CAR-T", "25 years", "CNS", "testis"),
        "trials": ("randomised", "ELIANA"),
    }.items():
        assert all(word in said[topic] for word in words), topic


def test_every_section_has_sources_that_can_be_found_and_none_is_idle() -> None:
    guide, sources = load_guide(), open_disease()["sources"]
    assert all(section.sources for section in guide.sections)
    assert {source for section in guide.sections for source in section.sources} == set(sources.values())
    findable = re.compile(r"doi:10\.\d{4,}/|https://|Blood \d+:\d+|Cancer \d+:\d+")
    assert [source for source in sources.values() if not findable.search(source)] == []


def test_the_guide_gives_no_advice() -> None:
    said = " ".join(p for s in load_guide().sections for p in s.paragraphs).lower()
    assert not re.search(r"\b(should|recommend\w*|best treatment|you must)\b", said)
    assert "survival rate" not in said
    assert "survival rate" in "the survival rate"


def test_what_a_language_lacks_is_in_english() -> None:
    assert load_guide("zh").sections[0].paragraphs == load_guide("en").sections[0].paragraphs
