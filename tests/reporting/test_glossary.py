"""The glossary: words that the product uses, found as they stand on pages, each with its source and its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analytics.dictionary import load_dictionary
from analytics.figures.curves import incidence, survival
from analytics.reporting.glossary import find_spellings, fold_spelling, load_glossary, to_browser
from analytics.reporting.methods import load_methods
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import link_sources
from tests.test_words import literals

ROOT = Path(__file__).parents[2]
PATTERN = re.compile(find_spellings(load_glossary()))


def found_in(text: str) -> list[str]:
    """The names of the terms in a text, as a browser finds them."""
    spelled, terms = to_browser()["spelled"], load_glossary()
    assert isinstance(spelled, dict)
    return [terms[spelled[fold_spelling(found)]].name for found in PATTERN.findall(text)]


def test_every_spelling_is_used_by_the_product() -> None:
    sources = [*ROOT.glob("analytics/**/*.py"), *ROOT.glob("pages/**/*.py")]
    texts = [text for path in sources for text in literals(path.read_text(encoding="utf-8"))]
    texts += [(ROOT / "data" / f"{name}.toml").read_text(encoding="utf-8") for name in ("methods", "dictionary")]
    product = "\n".join(texts)
    unused = [s for term in load_glossary() for s in term.spellings if not re.search(_alone(s), product)]
    assert unused == [], unused


def _alone(spelling: str) -> str:
    (term,) = (t for t in load_glossary() if spelling in t.spellings)
    return find_spellings([type(term)(term.name, (spelling,), term.meaning, term.source)])


def test_every_term_has_a_source_and_says_little() -> None:
    terms = load_glossary()
    spellings = [fold_spelling(spelling) for term in terms for spelling in term.spellings]
    assert len(set(spellings)) == len(spellings) and len({t.name for t in terms}) == len(terms) > 50
    for term in terms:
        assert re.search(r"\b(19|20)\d\d\b|National Cancer Institute|a choice of this project", term.source), term.name
        assert 1 <= len(re.findall(r"[.:?](?= [A-Z]|$)", term.meaning)) <= 4 and term.meaning.endswith("."), term.name
        assert len(term.meaning.split()) <= 50 and "survival rate" not in term.meaning, term.name


def test_every_anchor_is_an_entry_of_the_methods_page() -> None:
    dictionary = load_dictionary()
    anchors = [method.anchor for method in load_methods()]
    anchors += ["reliability", *(f"variable-{v.name}" for v in dictionary.variables)]
    anchors += [f"endpoint-{e.name}" for e in (*dictionary.endpoints, *dictionary.competing)]
    anchors += [term.own_anchor for term in load_glossary()]
    assert len(set(anchors)) == len(anchors)
    assert [term.name for term in load_glossary() if term.more not in anchors] == []
    assert all(re.fullmatch(r"[a-z][a-z0-9_-]*", anchor) for anchor in anchors)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Hazard ratio 2.1; the hazard ratios", ["Hazard ratio", "Hazard ratio"]),
        ("Firth's and Firth’s method", ["Firth’s penalised likelihood"] * 2),
        ("Simon\u2060–\u2060Makuch curves, Kaplan–Meier", ["Simon–Makuch curve", "Kaplan–Meier estimate"]),
        ("mrd, MRDs, biohazard, MRD", ["Measurable residual disease (MRD)"]),
        ("cause-specific hazard ratio", ["Cause-specific hazard ratio"]),
        ("95\u00a0% interval", ["Confidence interval"]),
        ("Nothing to be found", []),
    ],
)
def test_terms_are_found_as_words_of_their_own(text: str, names: list[str]) -> None:
    assert found_in(text) == names


def test_the_noun_of_the_dictionary_is_spoken() -> None:
    assert "atient}" not in str(to_browser()) and "children" in str(to_browser()["terms"])


@pytest.mark.parametrize("reading", [survival.READING, incidence.READING])
def test_how_curves_are_read_is_said_once_by_the_policy(reading: str) -> None:
    assert found_in(f"Shaded: a band. {reading}")[-1] == reading
    (said,) = (term.said for term in load_glossary() if term.name == reading)
    assert f"{load_policy().fade_below} at risk" in said and "{" not in said


@pytest.mark.parametrize(
    ("text", "address", "after"),
    [
        ("Cox 1958, doi:10.1093/biomet/45.3-4.562; Brier", "10.1093/biomet/45.3-4.562", "; Brier"),
        ("(Riley 2020, doi:10.1136/bmj.m441).", "10.1136/bmj.m441", ")."),
        (
            "doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I",
            "10.1002/%28SICI%291097-0258%2819980430%2917%3A8%3C873%3A%3AAID-SIM779%3E3.0.CO%3B2-I",
            "",
        ),
        ("doi:10.1016/S1470-2045(21)00328-4; its use", "10.1016/S1470-2045%2821%2900328-4", "; its use"),
    ],
)
def test_a_doi_leads_to_its_publication(text: str, address: str, after: str) -> None:
    html = link_sources(text)
    assert f'href="https://doi.org/{address}"' in html and html.endswith(f"</a>{after}")
    assert re.sub(r"<a [^>]*>|</a>", "", html) == link_sources(text.replace("doi:", "doi: ")).replace("doi: ", "doi:")
