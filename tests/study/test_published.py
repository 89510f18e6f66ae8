"""Printed figures: read, recomputed from the reference cohort to the last printed digit, and from other cohorts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.study.published import (
    NOT_AT_HAND,
    PUBLISHED_PATH,
    PublishedError,
    PublishedFigure,
    RecomputedFigure,
    open_published,
    recompute,
)
from data.build_reference_cohort import COHORT_PATH, EXAMPLE_PATH

PUBLISHED = open_published()
FIGURES = PUBLISHED.figures


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_csv(COHORT_PATH)


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return open_cohort(COHORT_PATH)


@pytest.fixture(scope="module")
def recomputed(cohort: Cohort) -> dict[str, RecomputedFigure]:
    return {f.figure.id: f for f in recompute(PUBLISHED, cohort).figures}


# The study


def test_study_is_cited_with_its_status() -> None:
    assert PUBLISHED.doi == "10.3389/fped.2025.1710578"
    assert PUBLISHED.citation.startswith("Chen X-Y")
    assert "doi:10.3389/fped.2025.1710578 (provisionally accepted; abstract only)" in PUBLISHED.citation
    assert len(PUBLISHED.cautions) == 3
    assert PUBLISHED.covariates == ("thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46")


def test_every_figure_of_the_abstract_is_there_once() -> None:
    printed = {f.id: f.printed for f in FIGURES}
    assert sorted(printed.values()) == sorted(
        [
            *("436", "3.9", "92.4 %", "64", "14.7 %", "71.9 %"),
            *("2.09", "0.037", "3.85", "0.024", "2.09", "5.73", "<0.001"),
            *("100 %", "72.9 %", "0.078", "82.6 %", "38.1 %", "0.027"),
        ]
    )
    assert PUBLISHED.figure("p_hsct").printed == "0.027"
    with pytest.raises(KeyError, match=r"'os' is no published figure\. Known: n, age"):
        PUBLISHED.figure("os")


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.id)
def test_number_and_decimals_are_those_of_the_printed_text(figure: PublishedFigure) -> None:
    text = f"{100 * figure.value if figure.is_share else figure.value:.{figure.decimals}f}"
    assert figure.printed == ("<" if figure.is_bound else "") + text + (" %" if figure.is_share else "")


# Recomputed from the reference cohort


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.id)
def test_reference_cohort_gives_the_printed_figure(
    figure: PublishedFigure, recomputed: dict[str, RecomputedFigure]
) -> None:
    found = recomputed[figure.id]
    assert found.text == figure.printed
    assert found.agrees
    assert found.estimate.reason is None
    if not figure.is_bound and found.estimate.value is not None:
        scale = 100 if figure.is_share else 1
        assert abs(found.estimate.value - figure.value) * scale <= 0.5 * 10**-figure.decimals


def test_intervals_show_how_little_the_figures_rest_on(recomputed: dict[str, RecomputedFigure]) -> None:
    interval = recomputed["os_no_hsct"].estimate.interval
    assert interval is not None and interval.low is not None and interval.high is not None
    assert (round(interval.low, 3), round(interval.high, 3)) == (0.089, 0.680)
    interval = recomputed["or_mrd_day46"].estimate.interval
    assert interval is not None and interval.low is not None and 2.6 < interval.low < 2.7
    # Of 12 children without a death, one was followed for five years.
    interval = recomputed["os_extramedullary"].estimate.interval
    assert interval is not None and (interval.low, interval.high) == (pytest.approx(0.05), 1.0)
    assert recomputed["p_hsct"].estimate.interval is None


def test_every_figure_says_how_many_patients_it_rests_on(recomputed: dict[str, RecomputedFigure]) -> None:
    counts = {id: (f.estimate.n, f.estimate.n_event) for id, f in recomputed.items()}
    assert counts["relapsed"] == (436, 64)
    assert counts["isolated_marrow"] == (64, 46)
    assert counts["os_hsct"] == (40, 6)
    assert counts["os_no_hsct"] == (12, 5)
    assert counts["os_extramedullary"] == (12, 0)
    assert counts["p_site"] == (64, 11)
    assert counts["or_bcr_abl1"] == (15, 6)
    assert counts["p_bcr_abl1"] == (436, 64)


def test_frame_has_one_row_per_figure(cohort: Cohort) -> None:
    result = recompute(PUBLISHED, cohort)
    frame = result.to_frame()
    assert list(frame["id"]) == [f.id for f in FIGURES]
    assert frame["agrees"].all() and len(result.figures) == len(FIGURES)
    row = frame.set_index("id").loc["os_marrow"]
    assert (row["printed"], row["recomputed"], row["n"], row["n_event"]) == ("72.9 %", "72.9 %", 52, 11)
    assert row["conf_level"] == 0.95 and row["conf_low"] < 0.6 < 0.8 < row["conf_high"]
    assert row["reading"]


# Recomputed from others


def test_one_death_less_changes_what_is_printed(rows: pd.DataFrame) -> None:
    marrow = rows["relapse_site"].str.contains("marrow", na=False)
    one = rows.index[marrow & (rows["hsct_days"].isna()) & (rows["os_relapse_event"] == 1)][0]
    rows = rows.copy()
    rows.loc[one, ["os_relapse_event", "os_event"]] = 0
    rows.loc[one, "cause_of_death"] = None
    found = {f.figure.id: f for f in recompute(PUBLISHED, open_cohort(rows)).figures}
    assert not found["os_no_hsct"].agrees and not found["p_hsct"].agrees and not found["os_marrow"].agrees
    assert found["os_hsct"].agrees and found["or_mrd_day46"].agrees


def test_a_filter_narrows_who_is_counted(cohort: Cohort, rows: pd.DataFrame) -> None:
    boys = CohortFilter((Clause("sex", levels=("male",)),))
    found = {f.figure.id: f for f in recompute(PUBLISHED, cohort, boys).figures}
    expected = rows[rows["sex"] == "male"]
    assert found["n"].text == str(len(expected)) == "257"
    assert found["age"].estimate.value == pytest.approx(expected["age_years"].median())
    assert found["relapsed"].estimate.value == pytest.approx(expected["relapsed"].mean())
    assert not found["n"].agrees


def test_nobody_left_gives_reasons(cohort: Cohort) -> None:
    nobody = CohortFilter((Clause("age_years", low=90.0),))
    for found in recompute(PUBLISHED, cohort, nobody).figures:
        assert not found.agrees
        assert (found.text == "0") if found.figure.kind == "count" else (found.text == "–" and found.estimate.reason)


def test_a_column_that_is_not_at_hand_gives_a_reason(rows: pd.DataFrame) -> None:
    columns = ["patient_id", "age_years", "relapsed", "relapse_days", "thrombocytopenia", "bcr_abl1"]
    found = {f.figure.id: f for f in recompute(PUBLISHED, open_cohort(rows[columns])).figures}
    assert found["age"].agrees and found["relapsed"].agrees
    absent = {id for id, f in found.items() if f.estimate.reason == NOT_AT_HAND}
    assert absent == {f.id for f in FIGURES} - {"n", "age", "n_relapsed", "relapsed"}


def test_patients_with_missing_mrd_are_left_out_of_the_model() -> None:
    rows = pd.read_csv(EXAMPLE_PATH)
    complete = rows.dropna(subset=["mrd_day19_percent", "mrd_day46_percent"])
    found = {f.figure.id: f for f in recompute(PUBLISHED, open_cohort(EXAMPLE_PATH)).figures}
    assert found["p_mrd_day46"].estimate.n == len(complete) < found["n"].estimate.n == 60


@pytest.mark.parametrize(("n", "median"), [(1, 1.0), (2, 1.5), (3, 2.0), (4, 2.5), (7, 4.0)])
def test_median_is_the_mean_of_the_two_middle_ages(n: int, median: float) -> None:
    rows = pd.DataFrame({"patient_id": [f"SYN{i}" for i in range(n)], "age_years": range(1, n + 1)})
    found = {f.figure.id: f for f in recompute(PUBLISHED, open_cohort(rows)).figures}
    assert found["age"].estimate.value == median


# What is refused

TEXT = PUBLISHED_PATH.read_text(encoding="utf-8")
REFUSED = [
    ('kind = "median"', 'kind = "mean"', "age: kind 'mean' is none of count"),
    ('kind = "median"\nvariable = "age_years"', 'kind = "median"', "age: a figure of kind median needs variable"),
    ("months = 60\n", "", "os_extramedullary: a figure of kind survival needs months"),
    ('id = "age"', 'id = "n"', "each id once: n stands for several figures"),
    ('section = "Cohort"', 'chapter = "Cohort"', "n: .*chapter.*Check the keys of the figure"),
    ('doi = "10.3389/fped.2025.1710578"\n', "", r"doi.*Check the keys of \[study\]"),
    ('outcome = "relapsed"\n', "", r"outcome.*Check the keys of \[study\] and \[model\]"),
]


@pytest.mark.parametrize(("old", "new", "message"), REFUSED)
def test_a_contradiction_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TEXT
    path = tmp_path / "published.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PublishedError, match=message):
        open_published(path)
