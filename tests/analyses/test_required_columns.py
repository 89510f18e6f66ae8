"""Files that know one endpoint alone: every analysis that can use it is on, the others name what they lack."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analytics.analyses import load_analyses
from analytics.cohort import open_cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.treatment import relapse_controls
from analytics.dictionary import DICTIONARY_PATH, open_dictionary
from analytics.frames import is_timed_as_treatment
from analytics.frames.exclusions import Exclusion, why_not_eligible
from analytics.reporting.attrition import say_exclusion
from tests.analyses.shown import check_shown, patients_of, show

RELAPSED = patients_of("reference_cohort.csv").query("relapsed == 1")
COMMON = ["survival-by-variable", "hazard-ratios", "mean-survival", "published-outcomes"]
TREATMENT = ["hsct-cart-chemotherapy", "survival-by-treatment", "landmark", "naive-answer", "adjusted-comparison"]


def efs(*columns: str) -> pd.DataFrame:
    days = {"efs_days": [200 + 37 * i for i in range(30)], "efs_event": [int(i % 3 == 0) for i in range(30)]}
    frame = pd.DataFrame({"patient_id": [f"P{i}" for i in range(30)], "sex": ["male", "female"] * 15, **days})
    return frame[["patient_id", *columns, *days]]


def after_relapse(*columns: str) -> pd.DataFrame:
    return RELAPSED[["patient_id", *columns]].assign(
        efs_relapse_days=RELAPSED["os_relapse_days"], efs_relapse_event=RELAPSED["os_relapse_event"]
    )


def after_hsct() -> pd.DataFrame:
    kept = RELAPSED.dropna(subset=["hsct_days"])
    return kept[["patient_id", "sex", "os_relapse_event"]].assign(os_hsct_days=kept["os_hsct_days"])


FILES = {
    "event-free survival": (efs("sex"), ["efs_diagnosis"], [*COMMON, "subgroups"]),
    "event-free survival and nothing else": (efs(), ["efs_diagnosis"], COMMON),
    "event-free survival after relapse": (
        after_relapse("sex", "hsct_days", "relapse_site"),
        ["efs_relapse"],
        [*COMMON, "subgroups", "survival-by-site", *TREATMENT],
    ),
    "with grouped sites and CAR-T": (
        after_relapse("sex", "cart_days", "marrow_relapse"),
        ["efs_relapse"],
        [*COMMON, "subgroups", "survival-by-site", *TREATMENT],
    ),
    "overall survival after HSCT": (after_hsct(), ["os_hsct"], [*COMMON, "subgroups"]),
    "first events": (
        efs("sex").assign(first_event=["relapse", "none", "none"] * 10).drop(columns="efs_event"),
        [],
        ["cumulative-incidence"],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_what_can_use_the_endpoint_is_on_and_offers_no_other(name: str) -> None:
    frame, endpoints, slugs = FILES[name]
    cohort = open_cohort(frame)
    assert [e.name for e in cohort.dictionary.endpoints] == endpoints
    on = [analysis for analysis in load_analyses() if not analysis.missing(cohort)]
    assert {analysis.slug for analysis in on} == set(slugs)
    for analysis in on:
        offered = {c.name: [value for value, _ in c.options] for c in analysis.controls(cohort)}
        assert set(offered.get("endpoint", ())) <= set(endpoints)
        params = analysis.defaults(cohort)
        assert params.get("endpoint") in (None, *endpoints)
        check_shown(show(analysis, cohort, CohortFilter(), params, policy=True))


def missing_from(frame: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    cohort = open_cohort(frame)
    return {analysis.slug: analysis.missing(cohort) for analysis in load_analyses()}


def test_a_page_names_what_it_needs_and_nothing_more() -> None:
    missing = missing_from(efs("sex"))
    assert missing["relapse-predictors"] == ("relapsed",)
    assert missing["cumulative-incidence"] == ("first_event",)
    missing = missing_from(after_relapse("sex"))
    assert missing["survival-by-site"] == ("relapse_site",)
    assert missing["landmark"] == ("hsct_days",)
    assert missing_from(efs())["subgroups"] == ("sex",)


def test_what_an_endpoint_is_for_does_not_hang_on_its_words(tmp_path: Path) -> None:
    text = DICTIONARY_PATH.read_text(encoding="utf-8")
    for word, other in (("diagnosis", "the first day"), ("first relapse", "recurrence")):
        text = text.replace(f'origin = "{word}"', f'origin = "{other}"')
    path = tmp_path / "dictionary.toml"
    path.write_text(text, encoding="utf-8")
    dictionary = open_dictionary(path)
    cohort, usual = open_cohort(RELAPSED, dictionary), open_cohort(RELAPSED)
    offered, as_usual = ([value for value, _ in relapse_controls(c)[-1].options] for c in (cohort, usual))
    assert offered == as_usual == ["os_relapse", "efs_relapse"]
    assert all(is_timed_as_treatment(e) == (e.name in offered) for e in dictionary.endpoints)
    texts = {e.name: say_exclusion(Exclusion.of(why_not_eligible(e), 1, origin=e.origin)) for e in dictionary.endpoints}
    assert texts["os_diagnosis"] == "no follow-up from the first day"
    assert texts["os_relapse"] == "no recurrence, or no follow-up from it"
