"""Methods and definitions, generated from the registry, the methods, the glossary and the dictionary."""

from __future__ import annotations

from analytics import __version__
from analytics.analyses import load_analyses
from analytics.analysis import SECTIONS
from analytics.dictionary import load_dictionary, load_words
from analytics.formats import name_patients
from analytics.reporting.glossary import list_terms
from analytics.reporting.methods import load_methods
from analytics.reporting.reliability import load_policy
from analytics.reporting.tables import (
    Table,
    tabulate_competing,
    tabulate_dictionary,
    tabulate_endpoints,
    tabulate_policy,
)
from analytics.reporting.wording import say_no_advice
from analytics.study import protection, tables
from pages.components.cache import load_published, load_simulation
from pages.components.context import Context
from pages.components.glance import show_way_to_published
from pages.components.methods import (
    show_contents,
    show_methods_in_words,
    show_paragraphs,
    show_section,
    show_terms,
)
from pages.components.notes import show_cautions
from pages.components.registry import Page
from pages.components.tables import show_table
from pages.components.title import show_title

SYNTHETIC = (
    "The reference cohort is synthetic. No row describes a real {patient}. A seeded program made 436 records whose counts and "
    "follow-up times reproduce the figures printed in one abstract; everything else in them is plausible decoration. Many "
    "other sets of records would reproduce the same figures, so nothing new about the disease can be learnt from it."
)
TIMES = "Recorded in days, shown in months of 30.4375 days."


def show_methods(context: Context) -> None:
    """What every number means, how it is computed and where the formula comes from."""
    show_title("Methods and definitions", "What does each number mean, and how is it computed?", context)
    show_contents()
    dictionary, methods = context.cohort.dictionary, load_methods()
    is_ours = dictionary.words == load_dictionary().words  # of the disease that the published figures are of
    endpoints = [tabulate(dictionary) for tabulate in (tabulate_endpoints, tabulate_competing)]
    variables = tabulate_dictionary(dictionary)

    show_section("how-to-read")
    counted = (
        f"Every page works on the {load_words().plural} left by the filters; each analysis then says whom it could not use "
        "and why."
    )
    show_paragraphs(
        (
            ("Not advice", say_no_advice()),
            *((("Reference cohort", name_patients(SYNTHETIC)),) if is_ours else ()),
            ("Times", TIMES),
            ("Who is counted", counted),
        )
    )
    show_way_to_published(context)
    rows = tuple(
        (a.title, a.question, a.method) for a in sorted(load_analyses(), key=lambda a: SECTIONS.index(a.section))
    )
    show_table(Table("Analyses", ("Page", "Question", "Method"), rows, words=True))
    show_table(tabulate_policy(load_policy()))
    anchors = [method.anchor for method in methods]
    show_terms(list_terms(), [*anchors, "reliability", *(a for t in (*endpoints, variables) for a in t.anchors)])

    show_section("endpoints")
    for table in endpoints:
        show_table(table)

    show_section("estimators")
    show_methods_in_words(methods)
    show_table(tables.tabulate_simulation(load_simulation()))
    show_table(protection.tabulate_protection())

    show_section("dictionary")
    show_table(variables)
    versions = f"Product version {__version__}; data version {context.cohort.data_version}."
    if not is_ours:
        show_paragraphs([("Versions", versions)])
        return
    show_cautions(load_published().cautions)
    show_paragraphs([("Figures compared with", f"{load_published().citation}. {versions}")])


def list_pages() -> tuple[Page, ...]:
    """The pages of this file."""
    about = "What each word, endpoint and number means, and where its formula comes from."
    return (
        Page(url_path="methods", title="Methods", icon=":material/menu_book:", show=show_methods, order=2, about=about),
    )
