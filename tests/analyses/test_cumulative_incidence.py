"""Cumulative incidence from file to sentence: against R, statsmodels and counts of the file, and on odd cases."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from analytics.analysis import to_reference
from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators import proportional_hazards_test, proportional_subdistribution_hazards_test
from analytics.formats import format_p
from analytics.frames import EVERYONE
from tests.analyses.shown import (
    DAYS_PER_MONTH,
    FILES,
    REFERENCE,
    Shown,
    analysis_of,
    check_picture,
    check_shown,
    cohort_of,
    failures_of,
    filters,
    params_of,
    patients_of,
    select,
    show,
    show_with,
)

INCIDENCE = analysis_of("cumulative-incidence")
BY_VARIABLE = analysis_of("survival-by-variable")
show_incidence = partial(show_with, INCIDENCE)
R = json.loads((Path(__file__).parents[1] / "reference" / "incidence_analysis_reference.json").read_text())
CAUSES = {
    "relapse": ("relapse", "death in remission"),
    "second_relapse": ("second relapse", "non-relapse mortality", "no second remission", "death from leukaemia"),
}
# Each reference, with the event and the grouping variable that it was made for.
COMPARED = {
    "immunophenotype": ("relapse:relapse", "immunophenotype"),
    "mrd_day46": ("relapse:relapse", "mrd_day46"),
    "marrow_relapse": ("second_relapse:second relapse", "marrow_relapse"),
    "relapse_sex": ("second_relapse:second relapse", "sex"),
}


def check_page(shown: Shown) -> None:
    check_shown(shown)
    for picture in shown.pictures:
        check_picture(picture)


def first_events(patients: pd.DataFrame, endpoint: str) -> pd.DataFrame:
    """Months to what came first and the number of what it was, from the columns of a file alone."""
    if endpoint == "relapse":
        is_event = patients["relapsed"] == 1
        days = np.where(is_event, patients["relapse_days"], patients["os_days"])
        other = patients["os_event"].map({1.0: 2.0, 0.0: 0.0})
    else:
        patients = patients[patients["relapsed"] == 1]
        again, failed = patients["second_relapse_days"], failures_of(patients).reindex(patients.index)
        days = pd.concat([again, failed, patients["os_relapse_days"]], axis=1).min(axis=1)
        is_event = again.notna() & ~failed.le(again)
        died = patients["os_relapse_event"]
        of_leukaemia = patients.get("cause_of_death", pd.Series(index=patients.index, dtype=object)) == "leukaemia"
        other = died.where(died != 1, np.where(of_leukaemia, 4.0, 2.0)).mask(failed.notna(), 3.0)
    return patients.assign(months=days / DAYS_PER_MONTH, first=other.where(~is_event, 1.0).astype(float))


def numbers(values: Any) -> np.ndarray:
    return np.array(values, dtype=object).astype(str).astype(float)


def timed(rows: Sequence[tuple[str | None, int, float | None, float, int]]) -> Cohort:
    """A cohort of (sex, relapsed, day of relapse, days of follow-up, died)."""
    frame = pd.DataFrame(rows, columns=["sex", "relapsed", "relapse_days", "os_days", "os_event"])
    return open_cohort(frame.assign(patient_id=[f"P{i}" for i in range(len(frame))]))


# From file to sentence


@pytest.mark.parametrize("file", FILES)
@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_selection_is_shown_and_counted_right(file: str, data: st.DataObject) -> None:
    cohort = cohort_of(file)
    cohort_filter = data.draw(filters(file), label="filter")
    params = data.draw(params_of(INCIDENCE, cohort), label="params")
    shown = show(INCIDENCE, cohort, cohort_filter, params)

    check_page(shown)

    endpoint, event = params["event"].split(":")
    everyone = select(patients_of(file), cohort_filter)
    patients = first_events(everyone, endpoint).dropna(subset=["months", "first"])
    if params["by"] != EVERYONE:
        patients = patients.dropna(subset=[params["by"]])
    assert shown.headline("Children") == str(len(patients))
    assert len(patients) + sum(n for _, n in shown.left_out) == len(everyone)
    number = CAUSES[endpoint].index(event) + 1
    assert shown.result.comparison.n_event == (patients["first"] == number).sum()
    assert shown.result.comparison.n_competing == (~patients["first"].isin([0, number])).sum()
    for curve in shown.result.comparison.curves:
        group = patients if params["by"] == EVERYONE else patients[patients[params["by"]] == curve.group]
        assert (curve.n, curve.n_event) == (len(group), (group["first"] == number).sum())


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_everyone_by_every_choice(file: str) -> None:
    cohort = cohort_of(file)
    controls = {c.name: c for c in INCIDENCE.controls(cohort)}
    events, groups = ([value for value, _ in controls[name].options] for name in ("event", "by"))
    choices: list[dict[str, Any]] = [{"event": events[i % len(events)], "by": by} for i, by in enumerate(groups)]
    choices += [{"event": event} for event in events]
    choices += [{"adjust": (value,)} for value, _ in controls["adjust"].options]
    choices += [{"interval": value} for value, _ in controls["interval"].options]
    choices += [{"full_axis": True}, {"bands": False}]
    for choice in choices:
        shown = show_incidence(source=cohort, **choice)
        check_page(shown)


# Against R and statsmodels


@pytest.mark.parametrize("name", COMPARED)
def test_incidences_equal_those_of_survfit(name: str) -> None:
    event, by = COMPARED[name]
    shown = show_incidence(event=event, by=by)
    for group, expected in R[name]["incidence"].items():
        curves = shown.result.comparison.incidence.for_group(group)
        for k, curve in enumerate(curves):
            for i, found in enumerate(shown.result.comparison.milestones_of(curve)):
                assert found.value == pytest.approx(expected["estimate"][i][k], rel=1e-9, abs=1e-14)
                assert found.std_error == pytest.approx(expected["std_error"][i][k], rel=1e-9, abs=1e-14)
                assert found.n == expected["n_risk"][i]
                low, high = numbers(expected["low"][i])[k], numbers(expected["high"][i])[k]
                if not found.n_event:
                    # Nobody had it: by those followed, at most all and at least those still at risk.
                    assert math.isnan(low)
                    assert (found.interval is not None) == (found.value is not None)
                    if found.interval is not None:
                        assert found.interval.low == 0 and found.interval.is_one_sided
                        assert 1 - 0.05 ** (1 / curve.n) <= found.interval.high <= 1 - 0.05 ** (1 / max(found.n, 1))
                elif math.isnan(low):
                    assert found.interval is None
                else:
                    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), rel=1e-9)


@pytest.mark.parametrize("name", COMPARED)
def test_tests_equal_those_of_cuminc(name: str) -> None:
    event, by = COMPARED[name]
    shown = show_incidence(event=event, by=by)
    for k, test in enumerate(shown.result.comparison.tests):
        assert test.statistic == pytest.approx(R[name]["gray"]["statistic"][k], rel=1e-8)
        assert test.p_value == pytest.approx(R[name]["gray"]["p_value"][k], rel=1e-8)
        assert test.df == R[name]["gray"]["df"][k]


@pytest.mark.parametrize(("name", "adjust"), [("mrd_day46", ("sex", "age_years")), ("relapse_sex", ())])
def test_both_kinds_of_hazard_ratios_equal_those_of_coxph_and_crr(name: str, adjust: tuple[str, ...]) -> None:
    event, by = COMPARED[name]
    shown = show_incidence(event=event, by=by, adjust=adjust)
    causes = CAUSES[event.split(":")[0]][:3]
    assert [model.cause for model in shown.result.models.fitted] == list(causes)
    checked = 0
    for model, expected in zip(shown.result.models.fitted, R[name]["models"], strict=True):
        for fitted, key in ((model.cause_specific, "cox"), (model.subdistribution, "fine_gray")):
            terms = [t for t in fitted.terms if not t.is_reference]
            coefs = np.atleast_1d(expected[key]["coef"])
            errors = np.atleast_1d(expected[key]["std_error"])
            for term, coef, error in zip(terms, coefs, errors, strict=True):
                if abs(coef) > 10:  # R's way of saying that there is none
                    assert term.ratio.value is None and term.ratio.reason.code.startswith("none-with-event")
                    continue
                assert term.ratio.value == pytest.approx(math.exp(coef), rel=2e-6)
                assert term.ratio.std_error == pytest.approx(error, rel=1e-5)
                checked += 1
    assert checked >= 4


@pytest.mark.parametrize("name", ["immunophenotype", "mrd_day46", "marrow_relapse"])
def test_one_minus_kaplan_meier_equals_that_of_survfit_and_is_never_below(name: str) -> None:
    event, by = COMPARED[name]
    shown = show_incidence(event=event, by=by)
    naive = {curve.group: curve for curve in shown.result.naive.curves}
    for curve in shown.result.comparison.curves:
        assert (1 - naive[curve.group].estimate >= curve.estimate - 1e-12).all()
        for years, expected in zip((1, 3, 5), R[name]["naive"][curve.group], strict=True):
            step = np.searchsorted(naive[curve.group].time, 12.0 * years + 1e-6) - 1
            assert 1 - naive[curve.group].estimate[step] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("endpoint", ["relapse", "second_relapse"])
@pytest.mark.parametrize(
    "clause", [Clause("sex", ("male",)), Clause("age_years", low=5), Clause("cns_status", ("CNS1",))]
)
def test_filtered_curves_equal_those_of_statsmodels(endpoint: str, clause: Clause) -> None:
    shown = show_incidence(clause, event=f"{endpoint}:{CAUSES[endpoint][0]}", by=EVERYONE)
    patients = first_events(select(patients_of(REFERENCE), CohortFilter((clause,))), endpoint)
    peer = CumIncidenceRight(patients["months"].to_numpy(), patients["first"].to_numpy())
    for k, curve in enumerate(shown.result.comparison.incidence.curves):
        at = np.searchsorted(peer.times, curve.time - 1e-9)
        assert curve.estimate == pytest.approx(peer.cinc[k][at], abs=1e-12)
    free = SurvfuncRight(patients["months"], patients["first"] > 0)
    total = sum(float(curve.estimate[-1]) for curve in shown.result.comparison.incidence.curves)
    assert total == pytest.approx(1 - free.surv_prob[-1], abs=1e-12)


# By hand


def test_twelve_children_by_hand() -> None:
    """Ten girls: relapse of 2 at 1/2 year, death of 1 at 0.8 years, 2 censored at 2, relapse of 1 of 5 at 2.5 years."""
    girls = [("female", 1, 182.0, 400.0, 0)] * 2 + [("female", 0, None, 300.0, 1)] + [("female", 0, None, 730.0, 0)] * 2
    girls += [("female", 1, 913.0, 2000.0, 0)] + [("female", 0, None, 2000.0, 0)] * 4
    boys = [("male", 0, None, 2000.0, 0)] * 2
    shown = show_incidence(source=timed(girls + boys), by="sex")
    table = shown.tables[0]
    cells = [[cell.split("\u00a0")[0] for cell in row] for row in table.rows]
    assert cells[1][:5] == ["girls", "3 of 10", "20.0", "34.0", "34.0"]  # 0.2 + 0.7 x 1/5
    assert cells[4][:5] == ["girls", "1 of 10", "10.0", "10.0", "10.0"]
    assert cells[2][:3] == ["boys", "0 of 2", "0.0"]
    assert shown.headline("Competing events") == "1 (8 %)"
    assert shown.headline("Relapse") == "3 (25 %)"
    # One minus Kaplan-Meier by hand: 1 - (8/10) (4/5), the death being censored.
    gap = shown.pictures[1].caption.replace("\u00a0", " ")
    assert "Sex, girls: by 3 years, one minus Kaplan–Meier says 36.0 % where the cumulative incidence is 34.0 %." in gap
    check_page(shown)


def test_sentences_on_a_written_out_case() -> None:
    """F = 2/10 with s = sqrt(F (1 - F) / 10), hence F to the power exp(± 1.96 s / (F log F)) = 0.031 and 0.475."""
    girls = (
        [("female", 1, 182.0, 400.0, 0)] * 2 + [("female", 0, None, 300.0, 1)] + [("female", 0, None, 3000.0, 0)] * 7
    )
    boys = [("male", 0, None, 3000.0, 0)] * 6
    shown = show_incidence(source=timed(girls + boys), by="sex")
    said = [sentence.replace("\u00a0", " ") for sentence in shown.sentences]
    assert said[0] == (
        "Sex, girls: an estimated 20.0 % (95 % interval 3.1–47.5 %) had relapse as the first event within 5 years of "
        "diagnosis; 7 were still followed."
    )
    assert said[1] == (
        "Sex, boys: none of 6 children had relapse as the first event; 6 were still followed 5 years after diagnosis. "
        "That does not rule it out: with 6 children followed so long, chance could hide a share of up to 39.3 % by then (exact "
        "one-sided 95 % limit)."
    )
    assert said[2].startswith("Sex, girls and boys: Gray’s test, p = ")
    # What a study could find belongs to the planning of a next one.
    assert said[3].startswith("Sex, boys against girls: no cause-specific hazard ratio of relapse (")
    assert said[4].startswith("Hazard ratios are associations in these children")


def test_a_sentence_gives_both_ratios_with_adjustment() -> None:
    shown = show_incidence(by="mrd_day46", adjust=("sex",))
    said = next(s for s in shown.sentences if "positive (≥ 0.01 %) against" in s).replace("\u00a0", " ")
    model = shown.result.models.fitted[0]
    rate, share = (
        next(t for t in m.terms if t.level == "positive").ratio for m in (model.cause_specific, model.subdistribution)
    )
    assert said == (
        "MRD on day 46, positive (≥ 0.01 %) against negative (< 0.01 %): relapse came at "
        f"{rate.value:.2f} times the rate among children free of every event (cause-specific hazard ratio, "
        f"95 % interval {rate.interval.low:.2f}–{rate.interval.high:.2f}); the subdistribution hazard ratio, of its cumulative "
        f"incidence, was {share.value:.2f} (95 % interval {share.interval.low:.2f}–{share.interval.high:.2f}); "
        "neither interval includes 1, the value of no difference; adjusted for sex; associations, not effects."
    )


# Choices


def test_the_chosen_event_comes_first_and_the_others_compete() -> None:
    shown = show_incidence(event="second_relapse:non-relapse mortality", by=EVERYONE)
    assert shown.headline("Children") == "64"
    assert shown.headline("Non-relapse mortality").split()[0] == str(shown.result.comparison.n_event)
    rows = [row[0] for row in shown.tables[0].rows]
    assert rows == [
        *(
            "Non-relapse mortality",
            "Everyone",
            "Second relapse",
            "Everyone",
            "Second remission not reached",
            "Everyone",
        ),
    ]
    assert shown.figure.layout.yaxis.title.text == "Non-relapse mortality (cumulative incidence)"
    assert "months from first relapse" in shown.alt_text
    assert len(shown.tables) == 1 and shown.result.models.fitted == ()
    assert "p (Gray’s test)" not in {h.label for h in shown.headlines}


def test_a_chosen_reference_inverts_both_ratios() -> None:
    usual = show_incidence(by="sex")
    turned = show_incidence(by="sex", reference=(to_reference("sex", "male"),))
    for kind in ("cause_specific", "subdistribution"):
        before, after = (
            next(t.ratio.value for t in getattr(shown.result.models.fitted[0], kind).terms if not t.is_reference)
            for shown in (usual, turned)
        )
        assert after == pytest.approx(1 / before, rel=1e-6)


def test_whether_ratios_stay_the_same_is_checked_for_the_chosen_event() -> None:
    shown = show_incidence(by="sex", adjust=("white_cells",))
    events = shown.result.comparison.frame
    kept = events.complete
    arrays = (events.time[kept], events.cause[kept], events.covariates[kept])
    share = proportional_subdistribution_hazards_test(*arrays, of=1, weight=events.weight[kept])
    rate = proportional_hazards_test(arrays[0], arrays[1] == 1, arrays[2], weight=events.weight[kept])
    checks = shown.checks
    (part,) = checks.parts
    (table,) = part.tables
    assert table.title == "Do the ratios stay the same over the follow-up? Relapse"
    assert [row[0] for row in table.rows] == ["Sex", "White cells", "All together"]
    for row, a, b in zip(table.rows, (*rate.tests, rate.global_test), (*share.tests, share.global_test), strict=True):
        assert row[1:] == (format_p(a.p_value), format_p(b.p_value))
    file = checks.files["ratios-over-time"]
    assert file["p_value"].tolist() == [t.p_value for r in (rate, share) for t in (*r.tests, r.global_test)]


def test_without_a_ratio_there_is_none_to_be_checked() -> None:
    for shown in (show_incidence(by=EVERYONE), show_incidence(Clause("sex", ("female",)), by="sex")):
        assert shown.checks.parts
    assert len(show_incidence(by=EVERYONE).checks.files["ratios-over-time"]) == 0
    # Deaths are too few for any p value: none is shown, and the reason stands in its place.
    (part,) = show_incidence(by="immunophenotype", event="relapse:death in remission").checks.parts
    assert all("not tested" in cell for row in part.tables[0].rows for cell in row[1:])


def test_a_number_is_given_per_step_of_the_dictionary() -> None:
    shown = show_incidence(by=EVERYONE, adjust=("white_cells",))
    assert [row[0] for row in shown.tables[1].rows][1] == "White cells, per 10 × 10⁹/L"
    assert set(shown.files["hazard-ratios"]["per"]) == {"10 × 10⁹/L"}


def test_the_axis_to_one_hundred_per_cent() -> None:
    shown = show_incidence()
    assert shown.figure.layout.yaxis.tickvals[-1] == 30
    assert show_incidence(full_axis=True).figure.layout.yaxis.tickvals[-1] == 100


def test_the_interval_is_that_of_the_choice() -> None:
    found = {kind: show_incidence(interval=kind).result.everyone.interval for kind in ("log-log", "log", "plain")}
    assert len({interval.low for interval in found.values()}) == 3
    plain = found["plain"]
    value = show_incidence(interval="plain").result.everyone.value
    assert plain.high - value == pytest.approx(value - plain.low)


# Pictures


def test_the_pictures_say_their_numbers() -> None:
    shown = show_incidence()
    stacked, naive = shown.pictures
    assert stacked.title == "Where all the children are"
    assert "Immunophenotype, B-ALL: relapse 13.4 %, death in first remission 3.5 %." in stacked.alt_text.replace(
        "\u00a0", " "
    )
    assert naive.title == "Why not 1 − Kaplan–Meier?"
    assert "one minus Kaplan–Meier says 13.8 % where the cumulative incidence is 13.4 %" in naive.caption.replace(
        "\u00a0", " "
    )


# Notes


def test_competing_events_are_counted() -> None:
    shown = show_incidence()
    (note,) = [n for n in shown.notes if n.code == "competing-events"]
    assert note.text.startswith("14 children had a competing event first (death in first remission)")


def test_without_competing_events_both_lines_agree() -> None:
    shown = show_incidence(source=timed([("female", 1, 100.0, 200.0, 0), ("male", 0, None, 900.0, 0)]), by=EVERYONE)
    assert "no-competing-events" in shown.codes
    assert "both lines agree" in shown.pictures[1].caption
    check_page(shown)


def test_few_events_and_small_groups_are_noted() -> None:
    shown = show_incidence(event="second_relapse:non-relapse mortality", by="relapse_site_group")
    assert {"few-events", "few-patients"} <= shown.codes
    assert "few-events" not in show_incidence().codes


def test_groups_known_later_are_warned_of() -> None:
    assert "post-baseline" in show_incidence(by="mrd_day46").codes
    assert "post-baseline" not in show_incidence(by="sex").codes
    assert "post-baseline" in show_incidence(event="second_relapse:second relapse", by="salvage_treatment").codes
    assert "post-baseline" not in show_incidence(event="second_relapse:second relapse", by="relapse_site_group").codes
    assert "groups-of-the-event" in show_incidence(by="relapse_site").codes
    assert "groups-of-the-event" not in show_incidence(event="second_relapse:second relapse", by="relapse_site").codes
    assert "post-baseline-adjustment" in show_incidence(by="sex", adjust=("mrd_day46",)).codes
    assert "post-baseline-adjustment" not in show_incidence(by="sex", adjust=("age_years",)).codes
    assert "post-baseline-selection" in show_incidence(Clause("mrd_day46", ("positive",))).codes


def test_unknown_covariates_leave_the_curves_alone() -> None:
    usual = show_incidence()
    shown = show_incidence(adjust=("etv6_runx1",))
    unknown = int(patients_of(REFERENCE)["etv6_runx1"].isna().sum())
    (note,) = [n for n in shown.notes if n.code == "incomplete-cases"]
    assert note.text.startswith(f"{unknown} of 436 children (")
    assert shown.result.comparison.milestones == usual.result.comparison.milestones
    assert shown.result.models.fitted[0].cause_specific.n == 436 - unknown
    assert shown.left_out == ()
    check_page(shown)


def test_a_file_without_causes_of_death_says_what_it_counts() -> None:
    patients = patients_of(REFERENCE)
    columns = ["patient_id", "sex", "relapsed", "second_relapse_days", "os_relapse_days", "os_relapse_event"]
    shown = show_incidence(source=open_cohort(patients[columns]), by="sex")
    assert shown.params["event"] == "second_relapse:second relapse"
    died = patients[(patients["os_relapse_event"] == 1) & patients["second_relapse_days"].isna()]
    (note,) = [n for n in shown.notes if n.code == "no-cause-of-death"]
    assert note.text.startswith(
        f"This file holds no causes of death. Of {len(died)} children who died first, the cause of death is not recorded"
    )
    # These deaths are a kind of their own, and not mortality without relapse.
    causes = shown.result.comparison.incidence.causes
    assert "death of unknown cause" in causes and "non-relapse mortality" not in causes
    unknown = shown.result.comparison.frame.causes.index("death of unknown cause")
    assert shown.result.comparison.frame.n_events[unknown] == len(died)
    assert "no-cause-of-death" not in show_incidence(event="second_relapse:second relapse", by="sex").codes
    check_page(shown)


def test_a_file_offers_the_events_that_it_has_times_for() -> None:
    patients = patients_of(REFERENCE)
    only = open_cohort(patients[["patient_id", "relapsed", "relapse_days", "os_days", "os_event"]])
    controls = {c.name: c for c in INCIDENCE.controls(only)}
    assert [value for value, _ in controls["event"].options] == ["relapse:relapse", "relapse:death in remission"]
    assert controls["by"].default == EVERYONE
    check_page(show_incidence(source=only))
    assert INCIDENCE.missing(open_cohort(patients[["patient_id", "relapsed", "sex"]]))


def test_another_first_event_competes_with_relapse() -> None:
    """Ten of 40 relapse, ten more have an event that is neither relapse nor death: 25 % at 5 years, by cmprsk."""
    cohort = open_cohort(Path(__file__).parents[1] / "fixtures" / "another_first_event.csv")
    assert cohort.notes == ()
    shown = show_incidence(source=cohort, by=EVERYONE)
    assert shown.left_out == ()
    assert shown.headline("Children") == "40"
    assert shown.headline("Competing events") == "10 (25 %)"
    assert shown.headline("By 5 years, all groups") == "25.0 %"
    expected = R["another_first_event"]
    curves = {curve.cause: curve for curve in shown.result.comparison.incidence.curves}
    for k, cause in enumerate(("relapse", "another first event")):
        found = shown.result.comparison.milestones_of(curves[cause])
        assert [e.value for e in found] == pytest.approx(expected["estimate"][k], abs=1e-12)
    assert curves["death in remission"].n_event == 0
    efs = show_with(BY_VARIABLE, source=cohort, endpoint="efs_diagnosis")
    assert efs.headline("Events").split()[0] == "20"
    check_page(shown)


def test_children_without_a_named_first_event_stay_in_the_incidence() -> None:
    """The same 40 children without a column of relapses: the file names the events, and leaves the others' cells empty."""
    patients = pd.read_csv(Path(__file__).parents[1] / "fixtures" / "another_first_event.csv")
    names = np.where(patients["efs_event"] == 0, "", np.where(patients["relapsed"] == 1, "Relapse", "SMN"))
    cohort = open_cohort(patients[["patient_id", "efs_days", "efs_event"]].assign(first_event=names))
    assert cohort.notes == ()
    shown = show_incidence(source=cohort, by=EVERYONE)
    assert shown.left_out == ()
    assert shown.headline("Children") == "40"
    assert shown.headline("By 5 years, all groups") == "25.0 %"
    check_page(shown)


def test_a_relapse_on_an_unknown_day_is_left_out_for_that_reason() -> None:
    rows = [("male", 1, None, 900.0, 0), ("male", 0, None, 900.0, 0), ("female", 1, 300.0, 700.0, 1)]
    shown = show_incidence(source=timed(rows), by=EVERYONE)
    assert shown.left_out == (("relapse on an unknown day", 1),)
    check_page(shown)


# Odd cases


def test_nobody_left() -> None:
    shown = show_incidence(Clause("platelets", low=1999))
    assert shown.headline("Children") == "0"
    assert shown.headline("By 5 years, all groups") == "–"
    assert shown.sentences == () and shown.pictures == ()
    check_page(shown)


CHILDREN = [
    ("female", 1, 100.0, 200.0, 0),
    ("male", 1, 100.0, 100.0, 1),
    ("male", 0, None, 300.0, 1),
    ("female", 0, None, 400.0, 0),
    ("male", 0, None, 3000.0, 0),
]


@pytest.mark.parametrize("event", ["relapse:relapse", "relapse:death in remission"])
@pytest.mark.parametrize("chosen", [(0,), (2,), (3,), (0, 1), (2, 3), (3, 4), (0, 0, 1, 1), (0, 1, 2, 3, 4)])
def test_a_handful_of_children(event: str, chosen: tuple[int, ...]) -> None:
    shown = show_incidence(source=timed([CHILDREN[i] for i in chosen]), event=event, by="sex", adjust=())
    check_page(shown)
    assert shown.headline("Children") == str(len(chosen))


def test_a_test_of_one_group_says_why_it_is_not_done() -> None:
    shown = show_incidence(Clause("sex", ("male",)), by="sex")
    test = next(h for h in shown.headlines if h.label == "p (Gray’s test)")
    assert (test.value, test.help) == ("–", "Not done: only one group has children.")


# Files


def test_the_files_hold_the_numbers_of_the_page() -> None:
    shown = show_incidence(by="mrd_day46", adjust=("age_years",))
    frames = shown.files
    rows = frames["estimates"]
    at_5 = rows[(rows["term"] == "cumulative incidence at 5 years") & (rows["cause"] == "relapse")]
    expected = [R["mrd_day46"]["incidence"][group]["estimate"][2][0] for group in ("negative", "positive")]
    assert at_5["cumulative_incidence"].tolist() == pytest.approx(expected, rel=1e-9)
    tests = rows[rows["term"] == "Gray’s test"]
    assert tests["p_value"].tolist() == pytest.approx(R["mrd_day46"]["gray"]["p_value"], rel=1e-8)
    ratios = frames["hazard-ratios"]
    assert len(ratios) == 2 * 2 * 3 and set(ratios["model"]) == {"cause-specific", "subdistribution"}
    assert frames["curves"]["cause"].unique().tolist() == ["relapse", "death in remission"]


def test_no_text_speaks_of_a_rate_of_survival_or_of_advice() -> None:
    shown = show_incidence(by="mrd_day46", adjust=("sex",))
    said = " ".join(shown.texts()).lower()
    assert "improve" not in said and "should be treated" not in said


@pytest.mark.parametrize("by", ["relapse_site", "relapse_site_group", "marrow_relapse"])
def test_ten_children_and_four_variables_to_adjust_for_give_ratios_or_reasons(by: str) -> None:
    """Far from 0, the hazard of a whole risk set is too small for a number: that is no error."""
    cohort = open_cohort(Path(__file__).parents[1] / "fixtures" / "few_children_many_variables.csv")
    adjust = ("age_years", "platelets", "haemoglobin", "risk_group")
    params = INCIDENCE.defaults(cohort) | {"by": by, "adjust": adjust}
    shown = show(INCIDENCE, cohort, CohortFilter(), params)
    check_shown(shown)
