"""Published outcomes: the file that comes with the product, and what is said of one that is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from analytics.dictionary import PHASES, load_dictionary
from analytics.reporting.literature import (
    DERIVED,
    LITERATURE_PATH,
    PRINTED,
    LiteratureError,
    load_literature,
    match_level,
    match_patients,
    open_literature,
)
from analytics.reporting.published import format_printed

LITERATURE, DICTIONARY = load_literature(), load_dictionary()
BY_ID = {outcome.id: outcome for outcome in LITERATURE.outcomes}
SMALLEST = """
[[matches]]
endpoint = "overall survival"
anchor = "relapse"
in_cohort = "os_relapse"

[[series]]
id = "one"
name = "One"
population = "some"
differs = "others"
doi = "10.1234/one"
era = [1990, 1999]
results = [
  { id = "one-all", who = "all", split = "everybody", n = 50, endpoint = "overall survival", anchor = "relapse", \
years = 5, estimate = 40.5, se = 2 },
]
"""


def test_numbers_are_those_of_the_file() -> None:
    content = tomllib.loads(LITERATURE_PATH.read_text(encoding="utf-8"))
    entries = {r["id"]: r for series in content["series"] for r in series["results"]}
    assert len(entries) == len(LITERATURE.outcomes) >= 20
    for name, outcome in BY_ID.items():
        entry = entries[name]
        assert (outcome.value, outcome.years, outcome.n) == (entry["estimate"] / 100, entry["years"], entry.get("n"))
        assert format_printed(outcome).startswith(f"{entry['estimate']}\u00a0%")
        if "interval" in entry:
            assert outcome.interval is not None and outcome.interval.method == PRINTED
            assert [outcome.interval.low, outcome.interval.high] == [limit / 100 for limit in entry["interval"]]
        elif "se" in entry:
            assert outcome.interval is not None and outcome.interval.method == DERIVED
            low = max(entry["estimate"] - 1.96 * entry["se"], 0)
            assert outcome.interval.low == pytest.approx(low / 100)
        else:
            assert outcome.interval is None


def test_every_series_says_who_its_patients_are_and_where_it_was_seen() -> None:
    for series in LITERATURE.series:
        assert series.population and series.differs and series.brief
        assert not series.doi or series.doi.startswith("10.")


def test_only_the_same_events_from_the_same_day_are_alike() -> None:
    starts = {"diagnosis": "diagnosis", "relapse": "relapse", "infusion": "reinduction", "HSCT": "salvage"}
    for outcome in LITERATURE.outcomes:
        endpoint = LITERATURE.endpoint_of(outcome, DICTIONARY)
        if endpoint is None:
            assert outcome.anchor == "randomisation" or outcome.endpoint != "overall survival"
            continue
        assert endpoint.phase == starts[outcome.anchor] and endpoint.phase in PHASES and endpoint.entry is None
        assert endpoint.is_death == (outcome.endpoint == "overall survival")
        assert outcome in LITERATURE.list_counted_as(endpoint, DICTIONARY)
    kinds = {o.anchor for o in LITERATURE.list_counted_as(DICTIONARY.endpoint("os_relapse"), DICTIONARY)}
    assert kinds == {"relapse"}


def test_filters_are_the_dictionarys() -> None:
    for outcome in LITERATURE.outcomes:
        for asked in outcome.where:
            asked.validate(DICTIONARY)
        assert (match_patients(outcome, DICTIONARY) is None) == (not outcome.where)
    levels = DICTIONARY["relapse_site_group"].levels
    assert match_level(BY_ID["tianjin-marrow"], "relapse_site_group", levels) == "isolated marrow"
    assert match_level(BY_ID["tianjin-marrow"], "relapse_site", DICTIONARY["relapse_site"].levels) == "isolated marrow"
    assert match_level(BY_ID["tianjin-marrow"], "sex", DICTIONARY["sex"].levels) is None
    assert match_level(BY_ID["cog-2024-b-early"], "immunophenotype", ("B", "T")) is None


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "outcomes.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_smallest_file_is_read(tmp_path: Path) -> None:
    (outcome,) = open_literature(write(tmp_path, SMALLEST)).outcomes
    assert (outcome.printed, outcome.n, outcome.series.era_text) == ("40.5", 50, "1990–1999")
    assert format_printed(outcome) == "40.5\u00a0% (36.6–44.4)"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("se = 2", "se = -1", "result one-all of one, se: must be a number from 0 to 50, not -1"),
        ("se = 2", "interval = [50, 60]", "interval: 50 to 60 does not hold the estimate 40.5"),
        ("se = 2", "interval = [60, 50]", "interval: must not fall"),
        ("se = 2", "interval = [30, 50], se = 2", "give what was printed, one of the two"),
        ("se = 2", "where = [{ sex = 1 }]", "where: sex needs a list of levels"),
        ("se = 2", 'where = [{ sex = ["male"] }], unmatched = "no"', "unmatched: stands beside filters"),
        ("se = 2", "colour = 2", "result one-all of one, colour: is not known"),
        ("estimate = 40.5", "estimate = 140", "estimate: must be a number from 0 to 100, not 140"),
        ('anchor = "relapse", years', 'anchor = "birth", years', "anchor: 'birth' is none of diagnosis"),
        ("years = 5, ", "", "years: is missing"),
        ('doi = "10.1234/one"', 'doi = "doi.org/one"', "series one, doi: 'doi.org/one' is no DOI"),
        ("era = [1990, 1999]", "era = [1999, 1990]", "series one, era: must not fall"),
        ('differs = "others"', 'differs = ""', "series one, differs: must be a text"),
        ('name = "One"', "name = 1", "series one, name: must be a text"),
        ("results = [", "results = 1 # [", "is no TOML file"),
        ("[[matches]]", "[[like]]", "the file, matches: is missing"),
    ],
)
def test_what_is_wrong_is_said_with_file_entry_and_key(old: str, new: str, told: str, tmp_path: Path) -> None:
    assert old in SMALLEST
    with pytest.raises(LiteratureError) as error:
        open_literature(write(tmp_path, SMALLEST.replace(old, new)))
    assert "outcomes.toml" in str(error.value) and told in str(error.value)


def test_an_id_stands_once(tmp_path: Path) -> None:
    line = next(line for line in SMALLEST.splitlines() if "one-all" in line)
    with pytest.raises(LiteratureError, match="result one-all, id: several have it"):
        open_literature(write(tmp_path, SMALLEST.replace(line, f"{line}\n{line}")))
