"""The glossary: words that the product uses, found as they stand on pages, each with its source and its place."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from analytics.dictionary import Words, load_dictionary, speaking_by
from analytics.figures.curves import incidence, survival
from analytics.reporting.glossary import (
    GLOSSARY_PATH,
    find_spellings,
    fold_spelling,
    list_terms,
    load_glossary,
    to_browser,
)
from analytics.reporting.methods import load_methods
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import link_sources
from tests.test_words import SPEAKS, literals

ROOT = Path(__file__).parents[2]
SENTENCE_END = r"[.?!](?= [A-Z]|$)"
FIELD = re.compile(r"\{([^{}]+)\}")
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
PATTERN = re.compile(find_spellings(load_glossary()), re.ASCII)  # as browsers understand it


def found_in(text: str) -> list[str]:
    """The names of the terms in a text, as a browser finds them."""
    spelled, terms = to_browser()["spelled"], load_glossary()
    assert isinstance(spelled, dict)
    return [terms[spelled[fold_spelling(found)]].name.en for found in PATTERN.findall(text)]


def test_every_spelling_is_used_by_the_product() -> None:
    sources = [*ROOT.glob("analytics/**/*.py"), *ROOT.glob("pages/**/*.py")]
    texts = [text for path in sources for text in literals(path.read_text(encoding="utf-8"))]
    texts += [path.read_text(encoding="utf-8") for path in ROOT.glob("data/*.toml") if path != GLOSSARY_PATH]
    texts += [f"{term.say()} {term.say_more()}" for term in load_glossary()]
    product = "\n".join(texts)
    unused = [
        spelling
        for term in load_glossary()
        for spelling in term.spellings[1:]  # by its first a term is looked up, and explained once a text uses it
        if not re.search(find_spellings([replace(term, spellings=(spelling,), chinese=())]), product)
    ]
    assert unused == [], unused


def test_every_term_has_a_source_and_says_little() -> None:
    terms = load_glossary()
    spellings = [fold_spelling(spelling) for term in terms for spelling in (*term.spellings, *term.chinese)]
    assert len(set(spellings)) == len(spellings) and len({t.name.en for t in terms}) == len(terms) > 150
    assert len({t.name.zh for t in terms}) == len({t.own_anchor for t in terms}) == len(terms)
    for term in terms:
        name = term.name.en
        assert re.search(r"\b(19|20)\d\d\b|National Cancer Institute|a choice of this project", term.source), name
        assert len(re.findall(SENTENCE_END, term.meaning.en)) == 1 and term.meaning.en.endswith("."), name
        assert len(term.meaning.en.split()) <= 50 and "survival rate" not in term.meaning.en, name
        assert len(re.findall(SENTENCE_END, term.more.en)) <= 4 and (not term.more.en or term.more.en.endswith(".")), (
            name
        )


def fields_of(text: str) -> set[str]:
    return {name.removesuffix("s") for name in FIELD.findall(text)}  # Chinese has one word for one and for several


def test_every_term_says_the_same_in_chinese() -> None:
    for term in load_glossary():
        name = term.name.en
        assert bool(term.more.en) == bool(term.more.zh), name
        assert term.meaning.zh.count("。") == 1 and term.meaning.zh.endswith("。"), name
        for text in (term.meaning, term.more):
            assert fields_of(text.en) == fields_of(text.zh), name
            assert len(CHINESE.findall(text.zh)) >= 0.4 * len(re.sub(r"[A-Za-z0-9{}]+", "", text.zh)), name
        for said in (term.say("zh"), term.say_more("zh")):
            assert "{" not in said and not re.search(r"children|relapse\b|first", said), said


def test_every_anchor_is_an_entry_of_the_methods_page() -> None:
    dictionary = load_dictionary()
    anchors = [method.anchor for method in load_methods()]
    anchors += ["reliability", *(f"variable-{v.name}" for v in dictionary.variables)]
    anchors += [f"endpoint-{e.name}" for e in (*dictionary.endpoints, *dictionary.competing)]
    anchors += [term.own_anchor for term in load_glossary()]
    assert len(set(anchors)) == len(anchors)
    assert [term.name.en for term in load_glossary() if term.leads_to not in anchors] == []
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
        ("复发后接受HSCT者的中位生存时间", ["Relapse", "HSCT", "Median survival"]),
        ("首次复发时的微小残留病", ["Relapse", "Measurable residual disease (MRD)"]),
    ],
)
def test_terms_are_found_as_words_of_their_own(text: str, names: list[str]) -> None:
    assert found_in(text) == names


def test_the_noun_of_the_dictionary_is_spoken() -> None:
    assert "atient}" not in str(to_browser()) and "children" in str(to_browser()["terms"])


def test_another_disease_has_no_words_of_this_one() -> None:
    for term in load_glossary():
        if not term.is_clinical and not term.anchor.startswith(("variable-", "endpoint-")):
            texts = (term.name, term.meaning, term.more)
            assert not any(SPEAKS.search(FIELD.sub("", text.en)) for text in texts), term.name.en
            assert not any(re.search("白血病|复发|移植|缓解|骨髓|患儿", text.zh) for text in texts), term.name.en
    heart = replace(load_dictionary(), words=Words("patient", "patients", {"relapse": "death"}))
    with speaking_by(heart):
        assert {term.name.en for term in list_terms()} & {"Blinatumomab", "Lumbar puncture", "Conditioning"} == set()
        said = {term.name.en: term.say("zh") for term in list_terms()}
    assert "患者" in said["At risk"] + said["Cumulative incidence"] and "患儿" not in "".join(said.values())


@pytest.mark.parametrize("reading", [survival.READING, incidence.READING])
def test_how_curves_are_read_is_said_once_by_the_policy(reading: str) -> None:
    assert found_in(f"Shaded: a band. {reading}")[-1] == reading
    (said,) = (term.say() for term in load_glossary() if term.name.en == reading)
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
