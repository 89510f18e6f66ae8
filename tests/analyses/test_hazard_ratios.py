"""Hazard ratios from file to sentence: against counts of the file, lifelines, and formulas by hand."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from scipy.stats import chi2, norm

from analytics.analysis import to_reference
from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause
from analytics.comparisons.validation import REPLICATES
from analytics.document import HtmlFigure
from analytics.estimators import estimate_hazard_ratios, proportional_hazards_test
from analytics.formats import format_ratio
from tests.analyses.shown import (
    DAYS_PER_MONTH,
    FILES,
    REFERENCE,
    Part,
    analysis_of,
    check_shown,
    cohort_of,
    filters,
    params_of,
    patients_of,
    select,
    show,
    show_with,
)

HAZARDS = analysis_of("hazard-ratios")
show_hazards = partial(show_with, HAZARDS)
FACTORS = ("age_group", "white_cells", "mrd_day46")
TIGHT = {"fit_options": {"precision": 1e-12, "max_steps": 200}}


def relapsed_or_died() -> pd.DataFrame:
    """Patients with the months from diagnosis to relapse or death, worked out from the file's columns alone."""
    frame = patients_of(REFERENCE)
    relapsed = frame["relapsed"] == 1
    days = np.where(relapsed, frame["relapse_days"], frame["os_days"])
    return frame.assign(time=days / DAYS_PER_MONTH, event=(relapsed | (frame["os_event"] == 1)).astype(float))


def design_of(patients: pd.DataFrame, factors: tuple[str, ...]) -> pd.DataFrame:
    columns = {}
    for name in factors:
        variable = cohort_of(REFERENCE).dictionary[name]
        if not variable.is_coded:
            columns[name] = patients[name].to_numpy(float)
        for level in variable.levels:
            if level != variable.reference:
                columns[f"{name}: {level}"] = (patients[name] == level).to_numpy(float)
    return pd.DataFrame(columns, index=patients.index)


def lifelines_fit(patients: pd.DataFrame, factors: tuple[str, ...], **options: Any) -> CoxPHFitter:
    frame = design_of(patients, factors).assign(time=patients["time"], event=patients["event"])
    if options:
        frame = frame.assign(**{name: patients[name] for name in options.values()})
    return CoxPHFitter().fit(frame, "time", "event", **options, **TIGHT)


# From file to sentence


@pytest.mark.parametrize("strata", ["none", "immunophenotype"])
def test_hazard_ratios_equal_those_of_lifelines(strata: str) -> None:
    shown = show_hazards(endpoint="efs_diagnosis", covariates=FACTORS, strata=strata, limits="wald")
    patients = relapsed_or_died().dropna(subset=[*FACTORS])
    options = {} if strata == "none" else {"strata": strata}
    fitted = lifelines_fit(patients, FACTORS, **options)
    assert (shown.result.multivariable.n, shown.result.multivariable.n_event) == (
        len(patients),
        patients["event"].sum(),
    )
    for term in shown.result.multivariable.terms:
        if term.is_reference:
            continue
        name = term.variable if term.level is None else f"{term.variable}: {term.level}"
        step = 10 if term.variable == "white_cells" else 1
        beta, error = step * fitted.params_[name], step * fitted.standard_errors_[name]
        assert term.hazard_ratio.value == pytest.approx(np.exp(beta), rel=1e-5)
        assert term.hazard_ratio.std_error == pytest.approx(error, rel=1e-5)
        assert term.hazard_ratio.interval.low == pytest.approx(np.exp(beta - norm.ppf(0.975) * error), rel=1e-4)
    for test in shown.result.multivariable.tests:
        rest = tuple(name for name in FACTORS if name != test.variable)
        fewer = lifelines_fit(patients, rest, **options)
        statistic = 2 * (fitted.log_likelihood_ - fewer.log_likelihood_)
        assert test.statistic == pytest.approx(statistic, rel=1e-5)
        assert test.p_value == pytest.approx(chi2.sf(statistic, test.df), rel=1e-5)
    check_shown(shown)


@pytest.mark.parametrize("name", ["sex", "age_group", "mrd_day46", "white_cells"])
def test_each_factor_alone_equals_the_model_of_lifelines(name: str) -> None:
    shown = show_hazards(endpoint="efs_diagnosis", covariates=("bcr_abl1", name))
    patients = relapsed_or_died().dropna(subset=[name])
    fitted = lifelines_fit(patients, (name,))
    step = 10 if name == "white_cells" else 1
    values = [t.hazard_ratio.value for t in shown.result.univariable[1].terms if not t.is_reference]
    assert values == pytest.approx(np.exp(step * fitted.params_).tolist(), rel=1e-5)


def test_the_numbers_rest_on_the_patients_of_the_file() -> None:
    shown = show_hazards(endpoint="os_relapse", covariates=("relapse_site_group",))
    patients = patients_of(REFERENCE).dropna(subset=["os_relapse_days", "relapse_site_group"])
    for term in shown.result.multivariable.terms:
        level = patients[patients["relapse_site_group"] == term.level]
        assert (term.n, term.n_event) == (len(level), level["os_relapse_event"].sum())
    assert shown.headline("Children in the model") == f"{len(patients)} of {len(patients)}"
    assert shown.headline("Deaths") == str(int(patients["os_relapse_event"].sum()))
    assert shown.left_out == (("no first relapse, or no follow-up from it", 436 - len(patients)),)
    check_shown(shown)


def test_delayed_entry_counts_children_from_their_transplant_on() -> None:
    shown = show_hazards(endpoint="os_relapse_after_hsct", covariates=("immunophenotype",), fit="ml")
    frame = patients_of(REFERENCE).dropna(subset=["hsct_days", "os_relapse_days"])
    frame = frame[frame["hsct_days"] < frame["os_relapse_days"]]
    direct = estimate_hazard_ratios(
        frame["os_relapse_days"] / 30.4375,
        frame["os_relapse_event"],
        frame[["immunophenotype"]].astype("category"),
        entry=frame["hsct_days"] / 30.4375,
        method="ml",
    )
    assert shown.result.multivariable.n == len(frame)
    assert [t.hazard_ratio.value for t in shown.result.multivariable.terms] == pytest.approx(
        [t.hazard_ratio.value for t in direct.terms]
    )
    assert shown.result.multivariable.log_likelihood == pytest.approx(direct.log_likelihood)
    check_shown(shown)


def test_robust_errors_equal_those_of_lifelines() -> None:
    shown = show_hazards(endpoint="efs_diagnosis", covariates=FACTORS, errors="robust")
    patients = relapsed_or_died().dropna(subset=[*FACTORS])
    frame = design_of(patients, FACTORS).assign(time=patients["time"], event=patients["event"])
    fitted = CoxPHFitter().fit(frame, "time", "event", robust=True, **TIGHT)
    assert (shown.result.multivariable.std_error_type, shown.result.multivariable.conf_type) == ("robust", "wald")
    for term in shown.result.multivariable.terms:
        if not term.is_reference:
            name = term.variable if term.level is None else f"{term.variable}: {term.level}"
            step = 10 if term.variable == "white_cells" else 1
            assert term.hazard_ratio.std_error == pytest.approx(step * fitted.standard_errors_[name], rel=5e-3)
    assert {r.std_error_type for r in shown.result.univariable} == {"robust"}
    assert [r.n for r in shown.result.univariable] == [436, patients_of(REFERENCE)["white_cells"].notna().sum(), 436]
    assert "Robust Wald p of the whole factor" in shown.figure.html
    check_shown(shown)


def test_firth_has_no_robust_errors_and_says_so() -> None:
    shown = show_hazards(errors="robust", fit="firth")
    assert "no-robust-errors" in {n.code for n in shown.notes}
    assert (shown.result.multivariable.std_error_type, shown.result.multivariable.method) == ("model", "firth")
    check_shown(shown)


# Choices


@pytest.mark.slow
@pytest.mark.parametrize(
    ("endpoint", "factors"),
    [
        ("os_diagnosis", ["age_group", "immunophenotype", "white_cells_group"]),
        ("os_relapse", ["immunophenotype", "mrd_day46"]),
        ("os_salvage", ["immunophenotype", "mrd_day46"]),
        ("os_hsct", ["relapse_timing_bfm", "mrd_after_reinduction"]),
    ],
)
def test_the_usual_factors_are_known_when_the_clock_starts(endpoint: str, factors: list[str]) -> None:
    shown = show_hazards(endpoint=endpoint)
    assert [v.name for v in shown.result.variables] == factors
    assert "post-baseline-adjustment" not in {n.code for n in shown.notes}


def test_a_factor_is_taken_once_and_not_beside_its_own_strata() -> None:
    shown = show_hazards(covariates=("usual", "sex", "immunophenotype"), strata="mrd_day46")
    assert [v.name for v in shown.result.variables] == ["immunophenotype", "sex"]
    assert "Stratified by MRD on day 46" in shown.caption


def test_turning_a_factor_round_inverts_its_hazard_ratio() -> None:
    usual = show_hazards(endpoint="efs_diagnosis", covariates=FACTORS)
    chosen = (to_reference("mrd_day46", "positive"), to_reference("relapse_site_group", "combined"))
    turned = show_hazards(endpoint="efs_diagnosis", covariates=FACTORS, reference=chosen[:1])
    before, after = (
        next(t for t in r.result.multivariable.terms if t.variable == "mrd_day46" and not t.is_reference)
        for r in (usual, turned)
    )
    assert (before.level, after.level) == ("positive", "negative")
    assert after.hazard_ratio.value == pytest.approx(1 / before.hazard_ratio.value, rel=1e-6)
    assert after.hazard_ratio.interval.low == pytest.approx(1 / before.hazard_ratio.interval.high, rel=1e-5)
    assert (
        'data-variable="mrd_day46" data-level="negative"><th scope="row" class="forest-factor"><button'
        in turned.figure.html
    )
    check_shown(turned)


def test_references_are_the_same_choice_on_all_pages() -> None:
    predictors = analysis_of("relapse-predictors")
    cohort = cohort_of(REFERENCE)
    found = [{c.name: c for c in analysis.controls(cohort)} for analysis in (HAZARDS, predictors)]
    for name in ("reference", "fit", "limits"):
        assert found[0][name].options == found[1][name].options


# Notes


def test_factors_that_come_after_the_start_are_warned_of() -> None:
    shown = show_hazards(endpoint="os_diagnosis", covariates=("sex", "relapse_site_group", "salvage_treatment"))
    (note,) = [n for n in shown.notes if n.code == "post-baseline-adjustment"]
    assert note.severity == "warning" and note.link == "hsct-cart-chemotherapy"
    assert note.text.startswith("Site of relapse, grouped and Salvage treatment became known only after the clock")
    shown = show_hazards(Clause("salvage_treatment", ("HSCT",)))
    assert "post-baseline-selection" in {n.code for n in shown.notes}


def test_hazards_that_are_not_proportional_are_noted_and_drawn() -> None:
    shown = show_hazards(endpoint="efs_diagnosis", covariates=("age_group", "immunophenotype", "sex"))
    patients = relapsed_or_died()
    columns = {
        name: pd.Categorical(patients[name], [v.reference, *(x for x in v.levels if x != v.reference)])
        for name in ("age_group", "immunophenotype", "sex")
        for v in [cohort_of(REFERENCE).dictionary[name]]
    }
    direct = proportional_hazards_test(patients["time"], patients["event"], pd.DataFrame(columns))
    assert [t.p_value for t in shown.result.proportionality.tests] == pytest.approx([t.p_value for t in direct.tests])
    small = [t.variable for t in direct.tests if t.p_value < 0.05]
    (note,) = [n for n in shown.notes if n.code == "non-proportional"]
    for name in ("age_group", "immunophenotype", "sex"):
        assert (cohort_of(REFERENCE).dictionary[name].label in note.text) == (name in small)
    assert "weighted log-rank" in note.remedy and "restricted mean survival" in note.remedy
    pictures = shown.pictures
    by_p = sorted(direct.tests, key=lambda t: t.p_value)
    assert len(pictures) == 3 and by_p[0].variable == "age_group"
    assert pictures[0].title.startswith("Hazard ratio over time: Age group, under 1 year against 1 to under 10 years")
    assert pictures[0].caption and not pictures[1].caption
    table = shown.tables[0]
    assert [row[0] for row in table.rows] == ["Age group", "Immunophenotype", "Sex", "All together"]


def test_proportional_hazards_are_not_noted() -> None:
    shown = show_hazards(endpoint="efs_diagnosis", covariates=("sex",))
    assert shown.result.proportionality.global_test.p_value > 0.05
    assert "non-proportional" not in {n.code for n in shown.notes}


def test_a_factor_without_events_in_a_level_is_fitted_by_firth_and_not_tested() -> None:
    shown = show_hazards(covariates=("relapse_timing_bfm", "relapse_site_group"))
    assert shown.result.multivariable.method == "firth"
    table = shown.tables[0]
    assert {row[3] for row in table.rows} == {"not tested"}
    assert table.caption.startswith("Not tested: the hazard ratio of Time of relapse (BFM): very early")
    assert shown.pictures == ()
    separation = next(n for n in shown.notes if n.code == "separation")
    assert "Time of relapse (BFM): late" in separation.text
    check_shown(shown)


def test_unknown_factors_are_counted() -> None:
    shown = show_hazards(endpoint="efs_diagnosis", covariates=("etv6_runx1", "cns_status"))
    patients = patients_of(REFERENCE)
    complete = patients.dropna(subset=["etv6_runx1", "cns_status"])
    assert shown.result.n_complete == len(complete)
    left_out = dict(shown.left_out)
    alone = patients["etv6_runx1"].isna() & patients["cns_status"].notna()
    assert left_out["ETV6::RUNX1: not tested"] == alone.sum()
    assert sum(left_out.values()) == 436 - len(complete)
    assert "incomplete-cases" in {n.code for n in shown.notes}


# Odd cases


def test_nobody_left() -> None:
    shown = show_hazards(Clause("platelets", low=1999))
    assert shown.sentences == ("No hazard ratio can be given: no children.",)
    assert shown.headline("Children in the model") == "0 of 0"
    assert shown.headline("Concordance") == "–"
    assert shown.tables == shown.pictures == ()
    check_shown(shown)


def test_nobody_has_the_event() -> None:
    patients = patients_of(REFERENCE)
    alive = patients.loc[patients["os_event"] == 0, ["patient_id", "sex", "os_days", "os_event"]]
    cohort = open_cohort(alive)
    shown = show_hazards(source=cohort, covariates=("sex",))
    assert shown.sentences == ("No hazard ratio can be given: no events.",)
    check_shown(shown)


@pytest.mark.parametrize("n", [1, 2])
def test_very_few_patients(n: int) -> None:
    patients = patients_of(REFERENCE).dropna(subset=["os_relapse_days"]).sort_values("os_relapse_event").tail(n)
    cohort = open_cohort(patients[["patient_id", "sex", "os_days", "os_event", "age_years"]])
    for covariates in (("sex",), ("age_years",), ("sex", "age_group")):
        for errors in ("model", "robust"):
            shown = show_hazards(source=cohort, covariates=covariates, errors=errors)
            check_shown(shown)


def test_no_factor_chosen() -> None:
    shown = show_hazards(covariates=())
    assert shown.sentences == shown.tables == shown.pictures == ()
    assert shown.headline("Children in the model") == "64 of 64"
    assert shown.caption == ""
    check_shown(shown)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), file=st.sampled_from(FILES))
def test_any_filter_and_any_choice(data: st.DataObject, file: str) -> None:
    cohort = cohort_of(file)
    cohort_filter, params = data.draw(filters(file)), data.draw(params_of(HAZARDS, cohort))
    shown = show(HAZARDS, cohort, cohort_filter, params)
    check_shown(shown)
    endpoint = cohort.dictionary.endpoint(params["endpoint"])
    n_filtered = len(select(patients_of(file), cohort_filter))
    assert shown.result.n_complete + sum(n for _, n in shown.left_out) == n_filtered
    assert shown.result.n_complete <= shown.result.frame.n
    for picture in shown.pictures:
        assert endpoint.origin in str(picture.figure.layout.xaxis.title.text)
        assert not re.search(r"\bnan\b|\bNone\b|[a-z]_[a-z]", picture.title + picture.alt_text)


# What is shown and handed out


def test_sentences_give_each_hazard_ratio_with_its_adjustment() -> None:
    shown = show_hazards(endpoint="efs_diagnosis", covariates=("sex", "mrd_day46"))
    term = next(t for t in shown.result.multivariable.terms if t.level == "positive")
    interval = term.hazard_ratio.interval
    (said,) = [text.replace("\u00a0", " ") for text in shown.sentences if text.startswith("MRD")]
    assert interval.low > 1
    assert said == (
        "MRD on day 46, positive (≥ 0.01 %) against negative (< 0.01 %): the hazard of failure of induction, relapse, "
        "another first event or death from any cause was "
        f"higher, by a factor of {format_ratio(term.hazard_ratio.value)} (95 % interval {format_ratio(interval.low)}–"
        f"{format_ratio(interval.high)}), adjusted for sex; p < 0.001; an association, not an effect. "
        f"{term.n_event} of {term.n} in the model had an event."
    )


def test_the_files_hold_the_numbers_of_the_page() -> None:
    shown = show_hazards(endpoint="efs_diagnosis", covariates=FACTORS)
    frames = shown.files
    together = frames["estimates"][frames["estimates"]["model"] == "multivariable"]
    assert together["hazard_ratio"].tolist() == [t.hazard_ratio.value for t in shown.result.multivariable.terms]
    assert set(together.loc[together["variable"] == "white_cells", "per"]) == {"10 × 10⁹/L"}
    tests = frames["tests"]
    assert tests["test"].tolist() == ["likelihood ratio"] * 6 + ["proportional hazards"] * 4
    assert len(frames["residuals"]) == sum(len(c.time) for c in shown.result.proportionality.coefficients)
    figure = shown.figure
    assert isinstance(figure, HtmlFigure)
    for name in ("age_group", "mrd_day46"):
        for level in cohort_of(REFERENCE).dictionary[name].levels:
            assert f'data-variable="{name}" data-level="{level}"' in figure.html


def test_texts_speak_in_labels() -> None:
    shown = show_hazards(Clause("age_years", low=10), endpoint="os_diagnosis", covariates=("age_group", "white_cells"))
    assert not re.search(r"age_group|white_cells", " ".join(shown.texts()))


def test_hazards_are_tested_and_drawn_on_the_page_as_it_opens() -> None:
    shown = show_hazards()
    assert shown.result.multivariable.method == "ml"
    assert shown.result.proportionality.global_test.p_value is not None
    assert len(shown.pictures) == 2


def test_concordance_is_corrected_for_optimism(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REPLICATES, "hazard ratio", 6)
    shown = show_hazards(endpoint="os_diagnosis", covariates=FACTORS)
    checks = shown.checks
    assert checks.made == shown.result.multivariable.concordance
    (part,) = checks.parts
    assert part.sentences[0].startswith(f"Concordance {checks.made.value:.2f} (95")
    (slow,) = checks.slow
    assert slow.refusal == "" and slow.before == Part()
    seen: list[tuple[int, int]] = []
    found = slow.run(lambda done, total: seen.append((done, total)))
    assert seen == [(i, 6) for i in range(1, 7)]
    # The same model of the same children, entries and strata included: its own concordance is that of the page.
    assert found.result.concordance.apparent == pytest.approx(checks.made.value, rel=1e-10)
    model = shown.result.multivariable
    assert (found.result.n, found.result.n_event) == (model.n, model.n_event)
    assert found.part.tables[0].rows[0][1] == f"{checks.made.value:.2f}"
    assert found.files["optimism"]["corrected"].tolist() == [found.result.concordance.corrected]


def test_without_a_model_there_is_no_concordance_to_correct() -> None:
    checks = show_hazards(covariates=()).checks
    assert checks.made.value is None
    (part,) = checks.parts
    assert part.sentences == ("Nothing can be checked: no coefficient was estimated.",)
    assert checks.slow[0].refusal.startswith("Nothing can be corrected")


def test_the_picture_beside_a_penalised_fit_says_that_its_ratio_is_by_maximum_likelihood() -> None:
    """The residuals are those of the plain model, whose ratio is not the one in the table."""
    for fit, words in (("auto", "the model’s one hazard ratio is 5.58"), ("firth", "by maximum likelihood is 5.58")):
        shown = show_hazards(fit=fit)
        pictures = shown.pictures
        assert any(words in picture.alt_text for picture in pictures), [p.alt_text for p in pictures]
