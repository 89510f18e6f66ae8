"""The portal's download of TARGET ALL opens by itself: one row per child, every analysis that its columns allow."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from lifelines import KaplanMeierFitter

from analytics.analyses import load_analyses
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import open_dictionary
from analytics.estimators import estimate_survival, survival_at
from analytics.intake.applying import Mapped, apply_mapping
from analytics.intake.exports import Export, recognise_export
from analytics.intake.gathering import Conflict, gather_patients
from tests.analyses.shown import check_shown, show
from tests.intake.portal_download import N_CHILDREN, made_up_download

DOWNLOAD = made_up_download()


def recognised() -> Export:
    export = recognise_export([DOWNLOAD])
    assert export is not None
    return export


@cache
def mapped() -> tuple[Mapped, tuple[Conflict, ...]]:
    table, conflicts = gather_patients([DOWNLOAD], recognised().mapping)
    return apply_mapping(table, recognised().mapping, open_dictionary()), conflicts


@cache
def cohort() -> Cohort:
    return open_cohort(mapped()[0].frame, mapped()[0].dictionary, name="made up")


@cache
def by_hand() -> pd.DataFrame:
    """One row per child, by other means than those under test: the first known text of each column."""
    raw = DOWNLOAD.frame.mask(DOWNLOAD.frame == "NA").astype(object)
    return raw.groupby("Patient ID", sort=False).first()


def test_it_is_recognised_before_the_general_download() -> None:
    assert recognised().mapping.name == "TARGET ALL, portal download"
    assert recognised().address.startswith("https://www.cbioportal.org/")


def test_one_row_per_child_and_what_differs_between_samples_is_named() -> None:
    found, conflicts = mapped()
    assert len(DOWNLOAD.frame) > N_CHILDREN == len(found.frame) == found.frame["patient_id"].nunique()
    assert found.frame["patient_id"].tolist() == by_hand().index.tolist()
    (conflict,) = conflicts
    assert conflict.column == "Protocol" and len(conflict.patients) == 1
    assert found.unread == ()
    # The white cells of the child whose first sample does not say them come from the second.
    assert found.frame["white_cells"].notna().all()
    first_lines = [2 + DOWNLOAD.frame["Patient ID"].tolist().index(child) for child in found.frame["patient_id"]]
    assert found.lines.tolist() == first_lines


def test_what_children_had_is_what_the_columns_say() -> None:
    frame, raw = mapped()[0].frame, by_hand().reset_index()
    assert frame["white_cells"].tolist() == raw["WBC"].astype(float).tolist()
    assert frame["age_years"].to_numpy() == pytest.approx(raw["Diagnosis Age (days)"].astype(float) / 365.25, rel=1e-11)
    assert frame["sex"].tolist() == raw["Sex"].str.lower().tolist()
    counts = frame["cns_status"].value_counts()
    of = raw["CNS Status"].value_counts()
    assert counts["CNS2"] == of["CNS 2"] + of["CNS 2a"] + of["CNS 2c"] and counts["CNS3"] == of["CNS 3b"]
    assert counts.sum() == len(raw) - of["."]
    lineage = raw["Cell of tumor origin"].map({"B-Precursor": "B", "B Cell ALL": "B", "T Cell ALL": "T"})
    assert frame["immunophenotype"].fillna("").tolist() == lineage.fillna("").tolist()
    genetics = {
        "bcr_abl1": "BCR ABL1 Status",
        "etv6_runx1": "ETV6-RUNX1 Fusion Status",
        "tcf3_pbx1": "TCF3-PBX1 Status",
        "kmt2a_rearranged": "MLL Status",
        "trisomy_4_10": "Trisomy 4_10",
    }
    for variable, column in genetics.items():
        assert (frame[variable] == "positive").sum() == (raw[column] == "Positive").sum() > 0
        assert (frame[variable] == "negative").sum() == (raw[column] == "Negative").sum() > 0


def test_the_site_of_relapse_comes_from_four_columns() -> None:
    assert mapped()[0].frame["relapse_site"].value_counts(dropna=False).to_dict() == {
        pd.NA: N_CHILDREN - 28,
        "isolated marrow": 14,
        "isolated CNS": 6,
        "isolated testicular": 2,
        "marrow and CNS": 2,
        "marrow and testicular": 1,
        "marrow, CNS and testicular": 1,
        "marrow and another site": 1,
        "another site, not marrow": 1,
    }
    groups = cohort().tally(["relapse_site_group"]).dropna()
    assert dict(zip(groups["relapse_site_group"], groups["n"], strict=True)) == {
        "isolated marrow": 14,
        "isolated extramedullary": 9,
        "combined marrow and extramedullary": 5,
    }
    assert "CNS and testicular" not in cohort().dictionary["relapse_site"].levels


def test_first_events_compete_and_second_malignancies_have_a_name() -> None:
    events = cohort().tally(["first_event"]).dropna()
    assert dict(zip(events["first_event"], events["n"], strict=True)) == {
        "none": 50,
        "relapse": 28,
        "death in remission": 5,
        "induction failure": 2,
        "second malignancy": 3,
        "progression": 1,
    }
    frame = mapped()[0].frame
    assert frame["efs_event"].sum() == 39 and frame["relapsed"].sum() == 28
    assert (
        frame.loc[frame["first_event"].isna(), ["efs_days", "efs_event", "relapsed", "os_days", "os_event"]]
        .isna()
        .all(axis=None)
    )


def test_survival_is_what_lifelines_estimates_of_the_raw_columns() -> None:
    raw = by_hand()
    died = raw["Overall Survival Status"].str.startswith("1")
    days = raw["Overall Survival Days"].astype(float)
    until = raw["Time To Event (days)"].astype(float)
    relapse = raw["First Event"] == "Relapse"
    marrow = relapse & (raw["Bone Marrow Site of Relapse"] == "Yes")
    for site in ("CNS", "Testes", "Other"):
        marrow &= raw[f"{site} Site of Relapse"] == "No"
    frame = mapped()[0].frame
    chosen = frame["relapse_site"].fillna("") == "isolated marrow"
    known = days.notna()
    happened = ~raw["First Event"].isin(["None", "Censored"])
    for times, events, time, event, rows in (
        ((days - until)[marrow], died[marrow], "os_relapse_days", "os_relapse_event", chosen),
        (days[known], died[known], "os_days", "os_event", frame["os_days"].notna()),
        (until[known], happened[known], "efs_days", "efs_event", frame["efs_days"].notna()),
    ):
        theirs = KaplanMeierFitter().fit(times, events)
        (ours,) = estimate_survival(frame.loc[rows, time].to_numpy(), frame.loc[rows, event].to_numpy()).curves
        assert ours.n == len(times) and ours.n_event == int(events.sum()) > 0
        at = [1.0, 200.0, 700.0]
        assert [e.value for e in survival_at(ours, at)] == pytest.approx(
            [float(theirs.predict(t)) for t in at], abs=1e-12
        )


def test_day_29_is_a_variable_of_its_own_and_mrd_after_induction() -> None:
    dictionary = cohort().dictionary
    assert dictionary["mrd_day29"].label == "MRD on day 29" and dictionary.role("MRD after induction") == "mrd_day29"
    assert "mrd_day46" not in dictionary
    counts = cohort().tally(["mrd_day29"]).dropna()
    raw = by_hand()["MRD Percentage Day 29"].astype(float)
    assert dict(zip(counts["mrd_day29"], counts["n"], strict=True)) == {
        "negative": int((raw < 0.01).sum()),
        "positive": int((raw >= 0.01).sum()),
    }


def test_every_analysis_that_the_columns_allow_runs_and_the_others_name_what_is_missing() -> None:
    lacking = {}
    for analysis in load_analyses():
        if missing := analysis.missing(cohort()):
            lacking[analysis.slug] = missing
            continue
        check_shown(show(analysis, cohort(), CohortFilter(), analysis.defaults(cohort()), policy=True))
    assert lacking == dict.fromkeys(
        [
            "hsct-cart-chemotherapy",
            "survival-by-treatment",
            "landmark",
            "naive-answer",
            "adjusted-comparison",
        ],
        ("hsct_days",),
    )
