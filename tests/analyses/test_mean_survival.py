"""Mean survival and differences from file to sentence: against areas of curves fitted elsewhere, and on odd cases."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.comparisons.choices import chosen_references
from analytics.frames import EVERYONE
from analytics.reporting.reasons import say_reason
from tests.analyses.shown import (
    DAYS_PER_MONTH,
    FILES,
    REFERENCE,
    analysis_of,
    check_shown,
    choices_of,
    cohort_of,
    filters,
    params_of,
    patients_of,
    plain,
    select,
    show,
    show_with,
)

ANALYSIS = analysis_of("mean-survival")
show_means = partial(show_with, ANALYSIS)


def analysed(file: str, cohort_filter: CohortFilter, params: dict[str, Any]) -> tuple[pd.DataFrame, int]:
    """The patients of the analysis, and how many pass the filter."""
    frame = select(patients_of(file), cohort_filter)
    endpoint = cohort_of(file).dictionary.endpoint(params["endpoint"])
    by = params["by"]
    needed = [endpoint.time, endpoint.event, *([] if by == EVERYONE else [by])]
    kept = frame.dropna(subset=[*needed, *([endpoint.entry] if endpoint.entry else [])])
    if endpoint.entry:
        kept = kept[kept[endpoint.entry] < kept[endpoint.time]]
    months, had = kept[endpoint.time] / DAYS_PER_MONTH, kept[endpoint.event].astype(int)
    group = kept[by] if by != EVERYONE else pd.Series(EVERYONE, index=kept.index)
    return kept.assign(months=months, had=had, group=group), len(frame)


@pytest.mark.parametrize("file", FILES)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_selection_is_shown_and_counted_right(file: str, data: st.DataObject) -> None:
    cohort = cohort_of(file)
    cohort_filter = data.draw(filters(file), label="filter")
    params = data.draw(params_of(ANALYSIS, cohort), label="params")
    shown = show(ANALYSIS, cohort, cohort_filter, params)
    check_shown(shown)
    children = int(shown.headline("Children"))
    assert children + sum(n for _, n in shown.left_out) == cohort.count(cohort_filter)
    horizon = shown.result.means.horizon
    for mean in shown.result.means.groups:
        if mean.mean.value is not None:
            assert horizon is not None and 0 <= mean.mean.value <= horizon


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_everyone_by_every_choice(file: str) -> None:
    cohort = cohort_of(file)
    for control in ANALYSIS.controls(cohort):
        values = choices_of(control)
        for value in values if control.kind == "one" else (values[0], values[-1]):
            params = ANALYSIS.defaults(cohort) | {control.name: value}
            shown = show(ANALYSIS, cohort, CohortFilter(), params)
            check_shown(shown)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["mrd_day46", "relapse_site_group", "relapse_timing_bfm", "sex", EVERYONE])
@pytest.mark.parametrize("endpoint", ["os_relapse", "os_diagnosis"])
@pytest.mark.parametrize("years", ["1", "3", "5", "longest"])
def test_means_are_the_areas_of_curves_fitted_elsewhere(by: str, endpoint: str, years: str) -> None:
    params = ANALYSIS.defaults(cohort_of(REFERENCE)) | {"by": by, "endpoint": endpoint, "years": years}
    shown = show(ANALYSIS, cohort_of(REFERENCE), CohortFilter(), params)
    patients, _ = analysed(REFERENCE, CohortFilter(), params)
    ends = patients.groupby("group")["months"].max()
    fitted = {g: KaplanMeierFitter().fit(some["months"], some["had"]) for g, some in patients.groupby("group")}
    horizon = ends.min() if years == "longest" else 12.0 * int(years)
    if years == "longest":
        assert shown.result.means.horizon == pytest.approx(horizon, rel=1e-12)
    means = {}
    for mean in shown.result.means.groups:
        level = shown.result.levels[mean.group]
        if horizon > ends[level]:
            assert mean.mean.value is None and mean.mean.reason
            continue
        means[mean.group] = restricted_mean_survival_time(fitted[level], t=horizon)
        assert mean.mean.value == pytest.approx(means[mean.group], rel=1e-6)
    for contrast in shown.result.means.contrasts:
        if contrast.difference.value is not None:
            own, base = means[contrast.group], means[contrast.reference]
            assert contrast.difference.value == pytest.approx(own - base, rel=1e-6, abs=1e-6)
            assert contrast.ratio.value == pytest.approx(own / base, rel=1e-6)
    for found in shown.result.differences:
        own, base = (fitted[shown.result.levels[name]] for name in (found.group, found.reference))
        if found.difference.value is None:
            assert found.time > min(ends[shown.result.levels[found.group]], ends[shown.result.levels[found.reference]])
        else:
            assert found.difference.value == pytest.approx(own.predict(found.time) - base.predict(found.time), abs=1e-9)


def test_the_interval_of_a_difference_is_normal_around_both_errors() -> None:
    """By hand on the groups of MRD on day 46: sqrt of the sum of the two squared errors, and 1.96 of it either way."""
    shown = show_means()
    errors = [mean.mean.std_error for mean in shown.result.means.groups]
    (contrast,) = shown.result.means.contrasts
    half = 1.959963984540054 * float(np.hypot(*errors))
    assert contrast.difference.interval is not None
    assert contrast.difference.interval.high - contrast.difference.value == pytest.approx(half, rel=1e-9)
    assert shown.headline("Difference of the means") == "−8.5 (−15.3 to −1.7) months"


def test_sentences_say_how_much_longer_and_that_it_is_an_association() -> None:
    said = [plain(text) for text in show_means().sentences]
    assert said == [
        "MRD on day 46, positive (≥ 0.01 %) against negative (< 0.01 %): over the first 36 months after first relapse, children "
        "lived on average 8.5 months less (95 % interval 1.7 to 15.3): 24.7 against 33.2 months.",
        "MRD on day 46, positive (≥ 0.01 %) against negative (< 0.01 %): 3 years after first relapse, the share alive was 40.4 "
        "percentage points lower (95 % interval 13.2 to 68.8); 5 and 20 were still followed.",
        "These differences are associations, not adjusted for anything, and say nothing about the time after.",
    ]


def test_an_interval_that_includes_none_says_so_with_both_directions() -> None:
    said = [plain(text) for text in show_means(by="relapse_site_group").sentences]
    assert said[0].endswith(
        "children lived on average 5.6 months longer: 36.0 against 30.4 months. No interval: nobody in isolated "
        "extramedullary had the event up to the horizon."
    )
    assert "7.2 months less (95 % interval 18.6 less to 4.3 longer, on both sides of no difference): 23.2" in said[1]


def test_a_p_value_that_is_not_shown_is_named_beside_the_difference_that_is() -> None:
    """4 of those negative on day 46 died: an interval, and no p value."""
    shown = show_means(by="mrd_day46", years="3", policy=True)
    (difference,) = (h for h in shown.headlines if "Difference" in h.label)
    assert "(−15.3 to −1.7)" in plain(difference.value)
    assert plain(difference.help) == (
        "In brackets the 95 % interval. P value not shown (only 4 events in one of the groups)."
    )


def test_everyone_together_has_a_mean_and_no_difference() -> None:
    shown = show_means(by=EVERYONE)
    (said,) = [plain(text) for text in shown.sentences]
    assert said == (
        "Everyone: over the first 36 months after first relapse, children lived 30.8 months on average (95 % interval "
        "28.1–33.6); 5.2 months were lost. What comes later does not count."
    )
    assert shown.pictures == ()
    assert shown.headline("Mean time alive") == "30.8 (28.1–33.6) months"


def test_the_chosen_reference_is_the_one_that_others_are_held_against() -> None:
    default, turned = show_means(), show_means(reference=("mrd_day46:positive",))
    (one,), (other,) = default.result.means.contrasts, turned.result.means.contrasts
    assert (one.group, one.reference) == (other.reference, other.group)
    assert one.difference.value == pytest.approx(-other.difference.value)
    assert chosen_references({"reference": ("mrd_day46:positive",)}) == {"mrd_day46": "positive"}
    # The figure keeps the order of the dictionary whatever the reference.
    assert [c.group for c in turned.result.compared.curves.curves] == ["negative", "positive"]


def children(*rows: tuple[int, int, str, int]) -> Cohort:
    """A cohort of (days, died, sex, how many)."""
    repeated = [(days, died, sex) for days, died, sex, n in rows for _ in range(n)]
    frame = pd.DataFrame(repeated, columns=["os_relapse_days", "os_relapse_event", "sex"])
    frame.insert(0, "patient_id", [f"P{i}" for i in range(len(frame))])
    return open_cohort(frame.assign(relapsed=1, relapse_days=100))


def test_a_horizon_beyond_the_follow_up_of_a_group_gives_a_reason_and_no_number() -> None:
    cohort = children((1200, 0, "female", 6), (300, 1, "female", 2), (400, 0, "male", 6), (200, 1, "male", 2))
    shown = show_means(source=cohort, by="sex")
    check_shown(shown)
    (note,) = [n for n in shown.notes if n.code == "beyond-follow-up"]
    assert note.severity == "caution" and "Not followed for 36 months: boys (until 13.1\u00a0months)." in note.text
    (contrast,) = shown.result.means.contrasts
    assert contrast.difference.value is None and shown.headline("Difference of the means") == "–"
    assert plain(shown.sentences[0]) == (
        "Sex, boys against girls: no difference of means over the first 36 months after first relapse (boys: follow-up ends "
        "at 13.1 months (0 at risk))."
    )
    nearer = show_means(source=cohort, by="sex", years="longest")
    assert nearer.result.means.horizon == pytest.approx(400 / DAYS_PER_MONTH)
    (note,) = [n for n in nearer.notes if n.code == "common-horizon"]
    assert "that of boys" in note.text


def test_a_handful_by_hand() -> None:
    """Four girls of whom one dies at month 6, four boys of whom one dies at month 12, all others followed for 24."""
    month = DAYS_PER_MONTH
    rows = [(round(24 * month), 0, sex, 3) for sex in ("female", "male")]
    shown = show_means(
        source=children((round(6 * month), 1, "female", 1), (round(12 * month), 1, "male", 1), *rows),
        by="sex",
        years="1",
    )
    first = round(6 * month) / month
    girls, boys = shown.result.means.groups
    assert girls.mean.value == pytest.approx(first + 0.75 * (12 - first))
    # The boy's death on the day of the horizon costs nothing: the mean looks at the time before it.
    assert boys.mean.value == pytest.approx(12.0, abs=0.02)
    assert girls.mean.std_error == pytest.approx((12 - first) * 0.75 * np.sqrt(1 / (4 * 3)))


@pytest.mark.parametrize(
    ("params", "codes"),
    [
        ({"by": "salvage_treatment"}, {"post-baseline"}),
        ({"by": "mrd_day46"}, set()),
        ({"by": "mrd_day46", "endpoint": "os_diagnosis"}, {"post-baseline"}),
    ],
)
def test_groups_that_form_after_the_start_come_with_a_warning(params: dict[str, Any], codes: set[str]) -> None:
    shown = show_means(**params)
    assert {note.code for note in shown.notes if note.severity == "warning"} == codes
    assert ("immortal time" in shown.sentences[-1]) == bool(codes)


def test_crossing_curves_are_noted_without_sending_the_reader_to_this_page() -> None:
    (note,) = [n for n in show_means(by="sex").notes if n.code == "non-proportional"]
    assert "Mean survival and differences" not in note.remedy and "this page" in note.remedy


@pytest.mark.parametrize(
    "clauses", [(Clause("age_years", low=2.0, high=2.0),), (Clause("relapse_site", (), keep_missing=True),)]
)
def test_nobody_and_few_are_shown(clauses: tuple[Clause, ...]) -> None:
    shown = show_means(*clauses)
    check_shown(shown)


def test_the_file_holds_every_number_with_the_names_of_levels() -> None:
    shown = show_means(by="relapse_timing_bfm")
    frame = shown.files["estimates"]
    assert set(frame["term"]) == {"restricted mean", "time lost", "difference", "ratio", "survival difference"}
    assert set(frame["group"]) == {"very early", "early", "late"}
    assert set(frame["reference"].dropna()) == {"late"}
    differences = frame[frame["term"] == "survival difference"]
    assert list(differences["time_months"]) == [12.0, 36.0, 60.0] * 2


def late_entry(tmp_path: Path, hsct_days: list[int]) -> Cohort:
    """Two girls and two boys, all transplanted, at risk from the day of HSCT on."""
    frame = pd.DataFrame(
        {
            "patient_id": list("ABCD"),
            "sex": ["female", "female", "male", "male"],
            "relapsed": 1,
            "relapse_days": 100,
            "relapse_site": "isolated marrow",
            "os_relapse_days": [492, 900, 800, 300],
            "os_relapse_event": [1, 1, 0, 1],
            "os_days": [592, 1000, 900, 400],
            "os_event": [1, 1, 0, 1],
            "salvage_treatment": "HSCT",
            "hsct_days": hsct_days,
        }
    )
    frame.to_csv(tmp_path / "late.csv", index=False)
    return open_cohort(tmp_path / "late.csv")


@pytest.mark.slow
@pytest.mark.parametrize("by", ["sex", EVERYONE])
@pytest.mark.parametrize("years", ["1", "2", "3", "5", "longest"])
@pytest.mark.parametrize("hsct_days", [[400, 450, 60, 70], [400, 450, 790, 70], [480, 890, 790, 290]])
def test_groups_that_come_under_observation_late(tmp_path: Path, hsct_days: list[int], years: str, by: str) -> None:
    cohort = late_entry(tmp_path, hsct_days)
    params = ANALYSIS.defaults(cohort) | {"by": by, "endpoint": "os_relapse_after_hsct", "years": years}
    check_shown(show(ANALYSIS, cohort, CohortFilter(), params))


def test_nobody_under_observation_at_the_horizon_is_said(tmp_path: Path) -> None:
    cohort = late_entry(tmp_path, [400, 450, 60, 70])
    shown = show_means(source=cohort, by="sex", endpoint="os_relapse_after_hsct", years="1")
    girls, boys = shown.result.means.groups
    assert girls.mean.value is None and boys.mean.value is not None
    assert plain(say_reason(girls.mean.reason)) == "nobody is under observation at 12.0 months (0 at risk)"
    (note,) = [n for n in shown.notes if n.code == "unobserved"]
    assert plain(note.text).startswith("Nobody under observation at 12 months: girls (from 13.1 months on).")
    assert "beyond-follow-up" not in [n.code for n in shown.notes]
    assert "girls: nobody is under observation" in plain(shown.sentences[0])
