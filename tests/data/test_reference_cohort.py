"""The synthetic reference cohort: what was printed comes out, every row makes sense, the program makes the file."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.cohort import open_cohort
from analytics.dictionary import DAYS_PER_MONTH, open_dictionary
from analytics.estimators import estimate_odds_ratios, estimate_survival, logrank_test, survival_at
from data.build_reference_cohort import (
    CALIBRATION_PATH,
    COHORT_PATH,
    COLUMNS,
    DAYS_OF_STUDY,
    EXAMPLE_COLUMNS,
    EXAMPLE_PATH,
    SEED,
    build_cohort,
    build_example,
)

PREDICTORS = ["thrombocytopenia", "bcr_abl1", "mrd_day19", "mrd_day46"]
GENES = ["bcr_abl1", "etv6_runx1", "tcf3_pbx1", "kmt2a_rearranged", "high_hyperdiploidy"]
AFTER_RELAPSE = [
    "relapse_days",
    "relapse_site",
    "relapse_timing_bfm",
    "relapse_timing_cog",
    "second_remission",
    "mrd_after_reinduction",
    "salvage_days",
    "salvage_treatment",
    "cart_days",
    "hsct_days",
    "second_relapse_days",
    "second_relapse",
    "os_relapse_days",
    "os_relapse_event",
]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_csv(COHORT_PATH)


@pytest.fixture(scope="module")
def relapsed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["relapsed"] == 1].copy()


def is_marrow(relapsed: pd.DataFrame) -> pd.Series:
    return relapsed["relapse_site"].str.contains("marrow")


def survival(rows: pd.DataFrame, months: float = 60) -> float:
    time, event = rows["os_relapse_days"] / DAYS_PER_MONTH, rows["os_relapse_event"]
    (curve,) = estimate_survival(time, event).curves
    value = survival_at(curve, [months])[0].value
    assert value is not None
    return value


def logrank_p(rows: pd.DataFrame, group: pd.Series) -> float:
    p_value = logrank_test(rows["os_relapse_days"] / DAYS_PER_MONTH, rows["os_relapse_event"], group).p_value
    assert p_value is not None
    return p_value


# The file


def test_program_makes_the_committed_files_byte_for_byte() -> None:
    assert build_cohort().encode() == COHORT_PATH.read_bytes()
    assert build_example().encode() == EXAMPLE_PATH.read_bytes()


def test_program_runs_from_the_command_line(root: Path, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "data.build_reference_cohort", str(tmp_path)]
    subprocess.run(program, cwd=root, check=True, timeout=60)
    for path in (COHORT_PATH, EXAMPLE_PATH):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_another_seed_draws_other_children_around_the_same_counts() -> None:
    other = build_cohort(seed=SEED - 1)
    assert other != build_cohort()
    columns = [COLUMNS.index(name) for name in (*PREDICTORS, "relapsed")]

    def cells(text: str) -> list[tuple[str, ...]]:
        table = [line.split(",") for line in text.splitlines()[1:]]
        return sorted(tuple(line[i] for i in columns) for line in table)

    assert cells(other) == cells(build_cohort())


def test_columns_and_identifiers(rows: pd.DataFrame) -> None:
    assert tuple(rows.columns) == COLUMNS
    assert list(rows["patient_id"]) == [f"SYN{i:04d}" for i in range(1, 437)]


def test_identifiers_do_not_sort_by_outcome(rows: pd.DataFrame) -> None:
    for column in ("relapsed", "os_event", "sex", "age_years", "os_days"):
        order = pd.factorize(rows[column], sort=True)[0]
        assert abs(np.corrcoef(np.arange(len(rows)), order)[0, 1]) < 0.15


def test_product_opens_it_as_synthetic_with_every_variable() -> None:
    cohort, dictionary = open_cohort(COHORT_PATH), open_dictionary()
    assert cohort.n == 436
    assert cohort.synthetic
    absent = {"patient_id", "first_remission", "induction_failure_days"}
    assert set(cohort.variables) == {v.name for v in dictionary.variables} - absent
    assert [e.name for e in cohort.dictionary.endpoints] == [e.name for e in dictionary.endpoints]


def test_levels_are_those_of_the_dictionary_and_each_occurs(rows: pd.DataFrame) -> None:
    for variable in open_dictionary().variables:
        if variable.is_coded and variable.name in rows:
            assert set(rows[variable.name].dropna()) == set(variable.levels), variable.name


# What the abstract prints, to its last digit (Chen et al. 2025, doi:10.3389/fped.2025.1710578)


def test_shares_and_median_age_are_as_printed(rows: pd.DataFrame, relapsed: pd.DataFrame) -> None:
    assert len(rows) == 436
    assert rows["age_years"].median() == 3.9
    assert f"{100 * (rows['immunophenotype'] == 'B').mean():.1f}" == "92.4"
    assert len(relapsed) == 64
    assert f"{100 * rows['relapsed'].mean():.1f}" == "14.7"
    assert f"{100 * (relapsed['relapse_site'] == 'isolated marrow').mean():.1f}" == "71.9"


def test_odds_ratios_are_as_printed(rows: pd.DataFrame) -> None:
    dictionary = open_dictionary()
    covariates = pd.DataFrame({name: pd.Categorical(rows[name], dictionary[name].levels) for name in PREDICTORS})
    result = estimate_odds_ratios(rows["relapsed"], covariates, method="ml", conf_type="wald")
    terms = {t.variable: t for t in result.terms if not t.is_reference}
    ratios = {name: f"{term.odds_ratio.value:.2f}" for name, term in terms.items()}
    assert ratios == {"thrombocytopenia": "2.09", "bcr_abl1": "3.85", "mrd_day19": "2.09", "mrd_day46": "5.73"}
    p_values = {name: term.p_value or 0.0 for name, term in terms.items()}
    assert f"{p_values['thrombocytopenia']:.3f}" == "0.037"
    assert f"{p_values['bcr_abl1']:.3f}" == "0.024"
    assert p_values["mrd_day46"] < 0.001 < p_values["mrd_day19"] < 0.05


@pytest.mark.parametrize("months", [36, 48, 60])
def test_survival_after_relapse_is_as_printed_at_any_horizon(relapsed: pd.DataFrame, months: float) -> None:
    marrow = is_marrow(relapsed)
    hsct = relapsed["salvage_treatment"] == "HSCT"
    printed = {
        "72.9": relapsed[marrow],
        "82.6": relapsed[marrow & hsct],
        "38.1": relapsed[marrow & ~hsct],
        "100.0": relapsed[~marrow],
    }
    assert {f"{100 * survival(group, months):.1f}" for group in printed.values()} == set(printed)
    for text, group in printed.items():
        assert f"{100 * survival(group, months):.1f}" == text


def test_logrank_p_values_are_as_printed(relapsed: pd.DataFrame) -> None:
    marrow = is_marrow(relapsed)
    assert f"{logrank_p(relapsed, marrow):.3f}" == "0.078"
    with_marrow = relapsed[marrow]
    assert f"{logrank_p(with_marrow, with_marrow['salvage_treatment'] == 'HSCT'):.3f}" == "0.027"


def test_counts_and_follow_up_are_those_of_the_calibration(rows: pd.DataFrame, relapsed: pd.DataFrame) -> None:
    calibration = tomllib.loads(CALIBRATION_PATH.read_text(encoding="utf-8"))
    positive = rows[PREDICTORS].isin(["yes", "positive"]).to_numpy() @ np.array([1, 2, 4, 8])
    for name, value in (("relapsed", 1), ("not_relapsed", 0)):
        assert list(np.bincount(positive[rows["relapsed"] == value], minlength=16)) == calibration["cells"][name]
    assert relapsed["relapse_site"].value_counts().to_dict() == calibration["sites"]
    marrow, hsct = is_marrow(relapsed), relapsed["hsct_days"].notna()
    groups = {
        "marrow_with_hsct": relapsed[marrow & hsct],
        "marrow_without_hsct": relapsed[marrow & ~hsct],
        "isolated_extramedullary": relapsed[~marrow],
    }
    for name, group in groups.items():
        expected = sorted((r["days"], r["died"], r.get("hsct_days", -1)) for r in calibration["follow_up"][name])
        found = group[["os_relapse_days", "os_relapse_event", "hsct_days"]].fillna(-1).astype(int)
        assert sorted(found.itertuples(index=False, name=None)) == expected


# Every row makes sense


def test_published_predictors_times_and_events_are_complete(rows: pd.DataFrame) -> None:
    complete = [*PREDICTORS, "age_years", "sex", "immunophenotype", "platelets", "risk_group"]
    complete += ["relapsed", "end_of_therapy_days", "os_days", "os_event"]
    assert rows[complete].notna().all().all()


def test_missing_cells_are_few_and_everywhere_else(rows: pd.DataFrame, relapsed: pd.DataFrame) -> None:
    for name in ("white_cells", "haemoglobin", "cns_status", *GENES[1:], "mrd_day19_percent", "mrd_day46_percent"):
        assert 0 < rows[name].isna().mean() <= 0.07, name
    remission = relapsed[relapsed["second_remission"] == "yes"]
    assert 0.05 < remission["mrd_after_reinduction"].isna().mean() < 0.25
    always = set(AFTER_RELAPSE) - {"mrd_after_reinduction", "cart_days", "hsct_days", "second_relapse_days"}
    assert relapsed[sorted(always)].notna().all().all()


def test_nothing_after_relapse_is_known_without_relapse(rows: pd.DataFrame) -> None:
    assert rows.loc[rows["relapsed"] == 0, AFTER_RELAPSE].isna().all().all()


def test_days_are_whole_numbers(rows: pd.DataFrame) -> None:
    for name in (c for c in rows if c.endswith("_days")):
        days = rows[name].dropna()
        assert (days == days.round()).all() and (days >= 0).all(), name


def test_flags_agree_with_their_numbers(rows: pd.DataFrame) -> None:
    assert ((rows["thrombocytopenia"] == "yes") == (rows["platelets"] < 100)).all()
    for day in ("mrd_day19", "mrd_day46"):
        known = rows[rows[f"{day}_percent"].notna()]
        assert ((known[day] == "positive") == (known[f"{day}_percent"] >= 0.01)).all()


def test_mrd_falls_in_children_who_were_positive_on_day_19(rows: pd.DataFrame) -> None:
    positive = rows[(rows["mrd_day19"] == "positive") & rows["mrd_day46_percent"].notna()]
    assert not (positive["mrd_day46_percent"] > positive["mrd_day19_percent"]).any()
    assert ((rows["mrd_day46"] == "positive") & (rows["mrd_day19"] == "negative")).sum() == 4


def test_derived_columns_agree_with_the_rules_of_the_dictionary(rows: pd.DataFrame) -> None:
    dictionary = open_dictionary()
    derived = [v.name for v in dictionary.variables if v.derivation and v.name in rows]
    assert {"thrombocytopenia", "relapse_timing_bfm", "relapse_timing_cog", "mrd_day19", "mrd_day46"} <= set(derived)
    for name in derived:
        brought = open_cohort(rows)
        made = open_cohort(rows.drop(columns=name))
        variable = dictionary[name]
        source = list(variable.derivation.source) if variable.derivation else []
        at_hand = [column for column in source if column in brought.variables]
        known = brought.tally([name, *at_hand]).dropna(subset=at_hand, ignore_index=True)
        again = made.tally([name, *at_hand]).dropna(subset=at_hand, ignore_index=True)
        pd.testing.assert_frame_equal(known, again)


def test_second_relapse_is_derived_for_children_with_a_first(rows: pd.DataFrame) -> None:
    columns = ["relapsed", "second_relapse"]
    made = open_cohort(rows.drop(columns="second_relapse")).tally(columns)
    pd.testing.assert_frame_equal(open_cohort(rows).tally(columns), made)


def test_genetic_groups_exclude_each_other_and_t_cell_disease(rows: pd.DataFrame) -> None:
    positive = rows[GENES] == "positive"
    assert positive.sum(axis=1).max() == 1
    t_cell = positive[rows["immunophenotype"] == "T"]
    assert not t_cell.drop(columns="kmt2a_rearranged").any().any()
    assert t_cell["kmt2a_rearranged"].sum() <= 2


def test_infants_more_often_have_kmt2a(rows: pd.DataFrame) -> None:
    positive = (rows["kmt2a_rearranged"] == "positive").groupby(rows["age_years"] < 1).mean()
    assert positive[True] > 0.4 > 0.1 > positive[False]


def test_t_cell_disease(rows: pd.DataFrame, relapsed: pd.DataFrame) -> None:
    t_cell = rows[rows["immunophenotype"] == "T"]
    assert len(t_cell) == 33
    assert t_cell["relapsed"].sum() == 5
    assert t_cell["cart_days"].isna().all() and (t_cell["salvage_treatment"] != "CAR-T").all()
    assert t_cell["white_cells"].median() > 3 * rows["white_cells"].median()


def test_risk_groups_follow_their_rules(rows: pd.DataFrame) -> None:
    # Only rows in which every ingredient is on record can be checked.
    known = rows.dropna(subset=[*GENES, "white_cells", "cns_status", "mrd_day19_percent", "mrd_day46_percent"])
    assert len(known) > 300
    day19, day46 = known["mrd_day19_percent"], known["mrd_day46_percent"]
    kmt2a, age = known["kmt2a_rearranged"] == "positive", known["age_years"]
    high = (day46 >= 1) | (kmt2a & (age < 1))
    favourable = (known["etv6_runx1"] == "positive") | (known["high_hyperdiploidy"] == "positive")
    favourable |= (age >= 1) & (age < 10) & (known["white_cells"] < 50)
    adverse = (known["immunophenotype"] == "T") | (known["bcr_abl1"] == "positive") | kmt2a
    adverse |= (known["tcf3_pbx1"] == "positive") | (known["cns_status"] == "CNS3") | (day19 >= 1) | (day46 >= 0.01)
    expected = np.select([high, favourable & ~adverse], ["high", "low"], "intermediate")
    assert list(known["risk_group"]) == list(expected)


def test_testicular_relapse_only_in_boys(relapsed: pd.DataFrame) -> None:
    testicular = relapsed[relapsed["relapse_site"].str.contains("testicular")]
    assert len(testicular) == 7
    assert (testicular["sex"] == "male").all()


def test_treatment_after_relapse_has_its_day(relapsed: pd.DataFrame) -> None:
    treatment = relapsed["salvage_treatment"]
    assert ((treatment == "HSCT") == relapsed["hsct_days"].notna()).all()
    assert relapsed.loc[treatment == "CAR-T", "cart_days"].notna().all()
    assert relapsed.loc[treatment == "chemotherapy", ["cart_days", "hsct_days"]].isna().all().all()
    both = relapsed.dropna(subset=["cart_days", "hsct_days"])
    assert len(both) == 6
    assert (both["cart_days"] < both["hsct_days"]).all()
    marrow = relapsed[is_marrow(relapsed)]
    assert marrow["salvage_treatment"].value_counts().to_dict() == {"HSCT": 40, "chemotherapy": 7, "CAR-T": 5}
    for name in ("cart_days", "hsct_days", "second_relapse_days"):
        later = relapsed.dropna(subset=[name])
        assert (later[name] < later["os_relapse_days"]).all(), name
        assert (later["salvage_days"] < later[name]).all(), name


def test_salvage_treatment_starts_within_two_weeks(relapsed: pd.DataFrame) -> None:
    assert relapsed["salvage_days"].between(2, 14).all()
    assert relapsed["salvage_days"].nunique() > 5
    assert (relapsed["salvage_days"] < relapsed["os_relapse_days"]).all()


def test_second_remission_and_second_relapse(relapsed: pd.DataFrame) -> None:
    reached = relapsed["second_remission"] == "yes"
    assert 0.75 < reached.mean() < 0.95
    assert relapsed.loc[~reached, ["mrd_after_reinduction", "second_relapse_days"]].isna().all().all()
    assert ((relapsed["second_relapse"] == "yes") == relapsed["second_relapse_days"].notna()).all()
    assert reached[relapsed["salvage_treatment"] == "HSCT"].mean() >= 0.9
    treated = relapsed.dropna(subset=["second_relapse_days", "hsct_days"])
    assert (treated["second_relapse_days"] > treated["hsct_days"]).all()


def test_deaths_have_a_cause_that_fits_their_course(rows: pd.DataFrame, relapsed: pd.DataFrame) -> None:
    died = rows[rows["os_event"] == 1]
    assert ((rows["os_event"] == 1) == rows["cause_of_death"].notna()).all()
    assert relapsed["os_relapse_event"].sum() == 11
    without_relapse = died[died["relapsed"] == 0]
    assert len(without_relapse) == 14
    assert (without_relapse["cause_of_death"] != "leukaemia").all()
    leukaemia = relapsed[relapsed["cause_of_death"] == "leukaemia"]
    assert ((leukaemia["second_remission"] == "no") | (leukaemia["second_relapse"] == "yes")).all()
    treatment = relapsed[relapsed["cause_of_death"] == "treatment-related"]
    assert len(treatment) and (treatment["second_relapse"] == "no").all()


def test_both_clocks_agree_and_end_with_the_study(rows: pd.DataFrame, relapsed: pd.DataFrame) -> None:
    assert (relapsed["os_days"] == relapsed["relapse_days"] + relapsed["os_relapse_days"]).all()
    assert (relapsed["os_event"] == relapsed["os_relapse_event"]).all()
    assert rows["os_days"].max() <= DAYS_OF_STUDY
    # MRD on day 46 is known for everyone: nobody relapses or dies before.
    assert relapsed["relapse_days"].min() > 46 and rows["os_days"].min() > 46
    alive = rows[(rows["relapsed"] == 0) & (rows["os_event"] == 0)]
    assert (alive["os_days"] >= 365 * 5).mean() > 0.9


def test_times_to_relapse_are_spread_as_reported_elsewhere(relapsed: pd.DataFrame) -> None:
    # Of 146 relapses under CCCG-ALL-2015, 42.5% were very early and 31.5% early; other Chinese series have fewer.
    share = relapsed["relapse_timing_bfm"].value_counts(normalize=True)
    assert 0.34 <= share["very early"] <= 0.43
    assert 0.29 <= share["early"] <= 0.39
    assert 0.26 <= share["late"] <= 0.32
    low, median, high = relapsed["relapse_days"].quantile([0.25, 0.5, 0.75]) / DAYS_PER_MONTH
    assert 9 <= low <= 12 and 20 <= median <= 24 and 36 <= high <= 41


def test_baseline_is_spread_as_reported_elsewhere(rows: pd.DataFrame) -> None:
    assert round((rows["sex"] == "male").mean(), 2) == 0.59
    assert 0.08 <= (rows["age_years"] >= 10).mean() <= 0.11
    assert rows["age_years"].between(0.3, 16.9).all()
    assert 0.15 <= (rows["white_cells"] >= 50).mean() <= 0.2
    # CCLG-ALL 2008: 243, 263 and 123 of 629 children with fewer than 100 platelets.
    low = rows.loc[rows["thrombocytopenia"] == "yes", "platelets"]
    shares = np.histogram(low, [0, 20, 50, 100])[0] / len(low)
    assert shares == pytest.approx([123 / 629, 263 / 629, 243 / 629], abs=0.06)


# The example


def test_example_lacks_mrd_and_derives_the_rest() -> None:
    rows = pd.read_csv(EXAMPLE_PATH)
    assert tuple(rows.columns) == EXAMPLE_COLUMNS
    cohort = open_cohort(EXAMPLE_PATH)
    assert cohort.n == 60 and cohort.synthetic
    for day, least in (("mrd_day19", 10), ("mrd_day46", 8)):
        tally = cohort.tally([day])
        assert tally.loc[tally[day].isna(), "n"].sum() == rows[f"{day}_percent"].isna().sum() >= least
        assert set(tally[day].dropna()) == {"negative", "positive"}
    assert {"thrombocytopenia", "relapse_timing_bfm", "marrow_relapse", "hsct_group"} <= set(cohort.variables)
