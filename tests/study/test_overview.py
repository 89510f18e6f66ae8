"""The few numbers of a selection, counted again in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.study.overview import count_outcomes, describe_other_children, describe_study, summarise_selection
from analytics.study.published import open_published
from pages.components.cache import REFERENCE_COHORT, is_reference, load_cohort


@pytest.fixture(scope="module")
def patients(root: Path) -> pd.DataFrame:
    return pd.read_csv(root / "data" / "reference_cohort.csv")


def summary_of(cohort: Cohort, cohort_filter: CohortFilter = CohortFilter()) -> dict[str, str]:  # noqa: B008
    headlines = summarise_selection(count_outcomes(cohort, cohort_filter))
    assert all(headline.help.endswith(".") for headline in headlines)
    return {headline.label: headline.value.replace("\u00a0", " ") for headline in headlines}


@pytest.mark.parametrize("level", [None, "positive", "negative"])
def test_the_numbers_are_those_of_the_file(patients: pd.DataFrame, level: str | None) -> None:
    chosen = CohortFilter() if level is None else CohortFilter((Clause("mrd_day46", (level,)),))
    some = patients if level is None else patients[patients["mrd_day46"] == level]
    n, relapsed = len(some), int(some["relapsed"].sum())
    died, after = int(some["os_event"].sum()), int(some["os_relapse_event"].sum())
    age = some["age_years"].median()
    assert summary_of(open_cohort(patients), chosen) == {
        "Children": str(n),
        "Median age": f"{age:.1f} years",
        "Relapsed": f"{relapsed} ({100 * relapsed / n:.1f} %)",
        "Died": f"{died} ({100 * died / n:.1f} %)",
        "Died after relapse": f"{after} ({100 * after / relapsed:.1f} %)",
    }


def test_nobody_left(patients: pd.DataFrame) -> None:
    nobody = CohortFilter((Clause("platelets", low=1999),))
    assert summary_of(open_cohort(patients), nobody) == {
        "Children": "0",
        "Median age": "–",
        "Relapsed": "0",
        "Died": "0",
        "Died after relapse": "0",
    }


def test_what_a_cohort_lacks_is_left_out(patients: pd.DataFrame) -> None:
    assert summary_of(open_cohort(patients[["patient_id", "sex"]])) == {"Children": "436"}
    columns = ["patient_id", "os_relapse_days", "os_relapse_event"]
    assert summary_of(open_cohort(patients[columns])) == {"Children": "436", "Died after relapse": "11 (17.2 %)"}


def test_children_of_unknown_outcome_are_no_survivors(patients: pd.DataFrame) -> None:
    some = patients.copy()
    unknown = some["sex"] == "male"
    some.loc[unknown, ["os_days", "os_event"]] = np.nan
    headlines = summarise_selection(count_outcomes(open_cohort(some), CohortFilter()))
    died = next(headline for headline in headlines if headline.label == "Died")
    known = some.loc[~unknown, "os_event"]
    assert died.value.replace("\u00a0", " ") == f"{int(known.sum())} ({100 * known.mean():.1f} %)"
    assert died.help.endswith(f"Not recorded for {unknown.sum()}.")


def test_the_source_of_the_published_figures_is_named() -> None:
    published = open_published()
    plain = describe_study(published, filtered=False, synthetic=False)
    assert published.doi in plain and str(published.year) in plain
    assert "synthetic" not in plain and "filter" not in plain
    assert "agreement is no confirmation" in describe_study(published, filtered=False, synthetic=True)
    assert "A filter is active" in describe_study(published, filtered=True, synthetic=True)


@pytest.mark.slow
def test_published_figures_are_compared_with_the_reference_cohort_alone(tmp_path: Path) -> None:
    assert is_reference(load_cohort(str(REFERENCE_COHORT)))
    assert not is_reference(load_cohort(str(REFERENCE_COHORT.with_name("example_missing_mrd.csv"))))
    frame = pd.read_csv(REFERENCE_COHORT, dtype=str, keep_default_na=False)
    frame.to_parquet(tmp_path / "copy.parquet")
    assert is_reference(load_cohort(str(tmp_path / "copy.parquet")))
    frame.iloc[1:].to_csv(tmp_path / "others.csv", index=False)
    assert not is_reference(load_cohort(str(tmp_path / "others.csv")))
    said = describe_other_children(open_published())
    assert "Chen et al. 2025 printed (doi:10.3389/fped.2025.1710578) are of other children" in said
