"""Classes by published definitions, cell by cell of the published tables, at their limits and where something is not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analytics.dictionary import DAYS_PER_MONTH, load_dictionary
from analytics.patient.definitions import DEFINITIONS_PATH, Reading, load_definitions, open_definitions
from analytics.patient.features import complete_features
from analytics.reporting.patient import name_source, say_untold, tabulate_classes, tabulate_sources, tabulate_treatments
from analytics.results.definitions import Classified

DICTIONARY = load_dictionary()
DEFINITIONS = load_definitions()
MARROW, CNS, BOTH = "isolated marrow", "isolated CNS", "marrow and CNS"
END = 30.0  # months from diagnosis to the end of therapy
TIMES = {"very early": 10.0, "early": 32.0, "late": 40.0}


def read(**known: str | float) -> Reading:
    """The definitions read for a first relapse; times in months."""
    features = {"n_relapse": "1", **known}
    for name in ("relapse_days", "end_of_therapy_days"):
        if name in features:
            features[name] = float(features[name]) * DAYS_PER_MONTH
    return Reading(DEFINITIONS, DICTIONARY, complete_features(features, DICTIONARY))


def classify(name: str, **known: str | float) -> Classified:
    return read(**known).classify(DEFINITIONS.scheme(name))


def relapse(lineage: str, site: str, time: str, **known: str | float) -> dict[str, str | float]:
    return {
        "immunophenotype": lineage, "relapse_site": site, "relapse_days": TIMES[time], "end_of_therapy_days": END,
        "bcr_abl1": "negative", "age_years": 4.0, **known,
    }  # fmt: skip


# Rows: time; columns: B isolated marrow, B combined, B isolated extramedullary, T marrow (isolated, combined), T extramedullary.
COLUMNS = [("B", MARROW), ("B", BOTH), ("B", CNS), ("T", MARROW), ("T", BOTH), ("T", CNS)]
INTREALL = {
    "very early": ["high risk"] * 6,
    "early": ["high risk", "standard risk", "standard risk", "high risk", "high risk", "standard risk"],
    "late": ["standard risk", "standard risk", "standard risk", "high risk", "high risk", "standard risk"],
}
LOW, MIDDLE, HIGH = "low (S1)", "intermediate (S2)", "high (S3 or S4)"
BFM = {
    "very early": [HIGH, HIGH, MIDDLE, HIGH, HIGH, MIDDLE],
    "early": [HIGH, MIDDLE, MIDDLE, HIGH, HIGH, MIDDLE],
    "late": [MIDDLE, MIDDLE, LOW, HIGH, HIGH, LOW],
}


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("column", range(6))
def test_every_cell_of_the_tables_of_bfm_and_intreall(time: str, column: int) -> None:
    known = relapse(*COLUMNS[column], time)
    assert classify("bfm_time", **known).group == time
    assert classify("intreall", **known).group == INTREALL[time][column]
    assert classify("bfm_group", **known).group == BFM[time][column]


@pytest.mark.parametrize(
    ("known", "group"),
    [
        (relapse("T", CNS, "late", mrd_reinduction=0.0), "high"),
        (relapse("B", MARROW, "early"), "high"),
        (relapse("B", CNS, "very early"), "high"),
        (relapse("B", BOTH, "late", mrd_reinduction=0.0999), "low"),
        (relapse("B", CNS, "late", mrd_reinduction=0.1), "intermediate"),
        (relapse("B", MARROW, "late", mrd_after_reinduction="negative"), "low"),
        (relapse("B", MARROW, "late", mrd_after_reinduction="positive"), ""),
        (relapse("B", CNS, "early", mrd_reinduction=0.0), ""),
    ],
)
def test_the_risk_groups_of_cog(known: dict[str, str | float], group: str) -> None:
    assert classify("cog_risk", **known).group == group


def test_a_positive_mrd_without_its_value_leaves_two_groups() -> None:
    found = classify("cog_risk", **relapse("B", MARROW, "late", mrd_after_reinduction="positive"))
    assert found.possible == ("low", "intermediate")
    assert found.lacking == ("MRD after reinduction, value",)
    row = tabulate_classes([found]).rows[0]
    assert row[1] == "low or intermediate"
    assert row[2] == "Depends on what is not known: MRD after reinduction, value."


@pytest.mark.parametrize(
    ("months", "bfm", "cog"),
    [
        (17.99, "very early", "early"),
        (18.0, "early", "intermediate"),
        (35.99, "early", "intermediate"),
        (36.0, "late", "late"),
    ],
)
def test_the_limits_belong_to_the_later_class(months: float, bfm: str, cog: str) -> None:
    known = {"relapse_days": months, "end_of_therapy_days": END}
    assert classify("bfm_time", **known).group == bfm
    assert classify("cog_time", **known).group == cog


def test_what_would_change_the_class() -> None:
    known = relapse("B", MARROW, "early")
    (later, earlier) = classify("bfm_time", **known).changes
    assert (later.into, later.is_more, later.limit, later.by) == ("late", True, pytest.approx(36.0), pytest.approx(4.0))
    assert (earlier.into, earlier.is_more, earlier.limit) == ("very early", False, 18.0)
    (only,) = classify("intreall", **known).changes
    assert (only.into, only.by) == ("standard risk", pytest.approx(4.0))
    said = tabulate_classes([classify("intreall", **known)]).rows[0][3]
    assert said == "4.0 months later (from 36.0 on): standard risk"
    assert classify("intreall", **relapse("T", MARROW, "early")).changes == ()
    by_mrd = classify("cog_risk", **relapse("B", MARROW, "late", mrd_reinduction=0.05)).changes
    assert [(c.label, c.limit, c.is_more, c.into) for c in by_mrd if c.label] == [
        ("MRD after reinduction, value", 0.1, True, "intermediate")
    ]


def test_without_the_end_of_therapy_the_class_is_approximated_and_says_so() -> None:
    known = relapse("B", MARROW, "late")
    del known["end_of_therapy_days"]
    for name in ("bfm_time", "bfm_group", "intreall"):
        found = classify(name, **known)
        assert found.group in ("late", MIDDLE, "standard risk")
        assert found.flags == (DEFINITIONS.fact("months_after_therapy").said,)
    # Where it decides nothing, nothing is approximated.
    assert classify("bfm_time", **{**known, "relapse_days": 10.0}).flags == ()
    assert classify("cog_time", **known).flags == ()
    assert classify("bfm_group", immunophenotype="T", relapse_site=MARROW, relapse_days=40.0).flags == ()


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"bcr_abl1": "positive"}, "not classified by IntReALL"),
        ({"n_relapse": "2"}, "first relapses"),
        ({"age_years": 15.0}, "under 18 years"),
    ],
)
def test_who_is_outside_a_definition_is_told_why(known: dict[str, str | float], why: str) -> None:
    found = classify("intreall", **(relapse("B", MARROW, "late") | known))
    assert not found.group
    assert why in found.outside
    assert tabulate_classes([found]).rows[0][1:3] == ("not classified", found.outside)


def test_what_a_class_takes_for_granted_is_said() -> None:
    known = relapse("B", MARROW, "late")
    del known["bcr_abl1"], known["age_years"]
    found = classify("intreall", **known)
    assert found.group == "standard risk"
    why = tabulate_classes([found]).rows[0][2]
    assert why.endswith("Provided that BCR::ABL1 is not positive and age at relapse is under 18 years.")


def test_of_nothing_known_nothing_is_said() -> None:
    reading = read()
    for found in reading.list_classes():
        assert not found.group
        assert not found.outside
        assert found.lacking
        assert found.changes == ()


def test_treatments_are_told_of_whom_they_were_published_for() -> None:
    def names(**known: str | float) -> list[str]:
        return [row[0] for row in tabulate_treatments(read(**known).list_treatments()).rows]

    b_cell = names(**relapse("B", MARROW, "late", second_remission="yes", mrd_reinduction=0.2))
    assert {"Reinduction", "HSCT", "Blinatumomab", "CAR-T outside the label of Kymriah"} <= set(b_cell)
    assert not {"Radiation of the brain", "CAR-T within the label of Kymriah", "BCR::ABL1"} & set(b_cell)
    again = names(**relapse("B", CNS, "late", n_relapse="2"))
    assert {"CAR-T within the label of Kymriah", "Inotuzumab ozogamicin", "Radiation of the brain"} <= set(again)
    t_cell = names(**relapse("T", "isolated testicular", "late"))
    assert {"CD19 and CD22", "Radiation of the testes"} <= set(t_cell)
    assert not [name for name in t_cell if "CAR-T" in name or "Blinatumomab" in name]
    assert "Blinatumomab" not in names(**relapse("B", MARROW, "early", bcr_abl1="positive"))
    said = say_untold(read(**relapse("B", MARROW, "late")).list_treatments())
    assert said.startswith("Not told, since ")
    assert "second remission (CR2)" in said


def test_every_fact_has_a_source_that_can_be_found() -> None:
    reading = read(**relapse("B", MARROW, "late"))
    classes, facts = reading.list_classes(), reading.list_treatments()
    table = tabulate_sources(classes, facts)
    assert all(link.startswith("https://") for link in table.links)
    for part in (*DEFINITIONS.schemes, *DEFINITIONS.options):
        assert part.sources
        for source in part.sources:
            assert source.title
            assert 1980 < source.year < 2027
            assert bool(source.doi) != bool(source.address)
    assert name_source(DEFINITIONS.schemes[0].sources[0]) == "Fuster 2014"
    assert name_source(replace(DEFINITIONS.schemes[0].sources[0], authors="National Cancer Institute")).startswith(
        "Nat"
    )


def test_no_text_gives_advice() -> None:
    texts = [option.text for option in DEFINITIONS.options]
    texts += [text for scheme in DEFINITIONS.schemes for rule in scheme.rules for text in (rule.why, rule.outside)]
    for text in texts:
        assert not any(word in text.lower() for word in ("should", "recommend", "must", "survival rate", "best option"))


def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    text = DEFINITIONS_PATH.read_text(encoding="utf-8")
    wrong = tmp_path / "definitions.toml"
    wrong.write_text(text.replace('fact = "lineage", is = ["T"]', 'fact = "lineages", is = ["T"]', 1), encoding="utf-8")
    with pytest.raises(KeyError, match="lineages"):
        open_definitions(wrong)
    wrong.write_text(text.replace('class = "very early"', "", 1), encoding="utf-8")
    with pytest.raises(ValueError, match="either a class or a reason"):
        open_definitions(wrong)
