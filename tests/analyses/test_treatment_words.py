"""What the pages that compare treatments say and hand out: notes, sentences, files and figures in words."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.analyses import load_analyses
from analytics.analysis import Analysis
from analytics.cohort import open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators import e_value
from analytics.formats import format_ratio
from analytics.frames.treatment import CART, HSCT
from analytics.reporting.treatment import name_untreated
from analytics.results import HazardRatioResult, treated_terms
from tests.analyses.shown import (
    DAYS_PER_MONTH,
    REFERENCE,
    Shown,
    analysis_of,
    check_shown,
    cohort_of,
    patients_of,
    plain,
    select,
    show,
    show_with,
)
from tests.analyses.treated_children import (
    CHANGING,
    HISTORIES,
    LANDMARK,
    NAIVE,
    TREATMENT,
    child,
    cohort_with,
    compared,
    offered_by,
)

# Notes


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_only_the_naive_curves_warn_of_immortal_time(analysis: Analysis) -> None:
    def warnings(**params: Any) -> list[str]:
        return [note.code for note in show_with(analysis, **params).notes if note.severity == "warning"]

    assert warnings() == []
    if analysis is CHANGING:
        assert warnings(naive=True) == ["immortal-time"]
        for endpoint, noun in (("efs_relapse", "event"), ("os_relapse", "death")):
            first = show_with(CHANGING, naive=True, endpoint=endpoint).notes[0]
            assert f"so every earlier {noun} falls to the other group" in first.text


def test_the_naive_curves_are_drawn_where_they_are_asked_for() -> None:
    names = [[t.name for t in show_with(CHANGING, naive=on).figure.data if t.name] for on in (False, True)]
    assert not any("naive" in name for name in names[0])
    assert {"naive: never HSCT", "naive: ever HSCT"} <= set(names[1])
    both = show_with(CHANGING, history="histories", naive=True).figure
    assert {"naive: never treated", "naive: ever CAR-T", "naive: ever HSCT"} <= {t.name for t in both.data}


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_notes_on_whom_the_comparison_lacks(analysis: Analysis) -> None:
    assert "not-randomised" in show_with(analysis).codes
    outside = Clause("relapse_site_group", ("isolated extramedullary",))
    found = show_with(analysis, outside)
    n = (patients_of(REFERENCE)["relapse_site_group"] == "isolated extramedullary").sum()
    assert found.note("no-marrow-relapse").text == (
        f"None of the {n} children of this selection has a relapse in the marrow on record."
    )
    assert "no-marrow-relapse" not in show_with(analysis, outside, relapses="all").codes
    assert "no-marrow-relapse" not in show_with(analysis, Clause("platelets", low=1999)).codes

    assert {"few-events", "few-treated", "incomplete-cases"}.isdisjoint(show_with(analysis).codes)
    few = show_with(analysis, Clause("relapse_timing_bfm", ("very early",)))
    children = compared(select(patients_of(REFERENCE), CohortFilter((Clause("relapse_timing_bfm", ("very early",)),))))
    assert 1 < children["event"].sum() < 10
    assert few.note("few-events").text.startswith(f"Only {children['event'].sum()} deaths: ")
    assert "few-treated" not in show_with(analysis, history="cart", endpoint="os_relapse").codes
    # In two of them event-free time ends before CAR-T, since reinduction gave no remission.
    children = compared(patients_of(REFERENCE), history="cart", endpoint="efs_relapse")
    given, followed = children["cart"].notna(), children["cart"] <= children["time"]
    assert (given.sum(), followed.sum()) == (11, 9)
    assert (children.loc[given & ~followed, "second_remission"] == "no").all()
    few = show_with(analysis, history="cart", endpoint="efs_relapse").note("few-treated")
    assert few.text == "Only 9 children were treated within follow-up."


@pytest.mark.parametrize(
    ("analysis", "where"), [(CHANGING, "hazard ratios"), (LANDMARK, "comparison"), (NAIVE, "comparison")]
)
def test_children_whose_variables_are_unknown_are_counted(analysis: Analysis, where: str) -> None:
    children = compared(patients_of(REFERENCE))
    n = children["cns_status"].isna().sum()
    assert n == 1
    note = show_with(analysis, adjust=("cns_status",)).note("incomplete-cases")
    assert note.text == (
        f"1 of 52 children is not in the {where}, because a variable to adjust for is unknown (CNS status: not recorded in 1)."
    )
    left_out = dict(show_with(analysis, adjust=("cns_status",)).left_out)
    assert left_out.get("CNS status: not recorded") == (None if analysis is CHANGING else 1)


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_filters_and_strata_on_the_future_are_warned_of(analysis: Analysis) -> None:
    for clause, warned in (
        (Clause("second_relapse", ("no",)), True),
        (Clause("salvage_treatment", ("HSCT",)), True),
        (Clause("sex", ("female",)), False),
    ):
        assert ("post-baseline-selection" in show_with(analysis, clause).codes) == warned
    assert "Second remission" in show_with(analysis, strata="second_remission").note("post-baseline-adjustment").text


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_words_are_those_of_the_dictionary(analysis: Analysis) -> None:
    """Names of columns stand in no note or reason, whatever a model has to say about a variable."""
    adjust = ("risk_group", "marrow_relapse", "relapse_timing_bfm")
    shown = show_with(analysis, adjust=adjust, history="histories")
    said = " ".join(shown.texts())
    assert "Marrow involvement at relapse" in said or analysis is NAIVE
    assert not any(name in said for name in adjust)
    assert "separation" in {note.code for note in shown.notes}


# Sentences, word by word


def test_sentences_on_treatment_as_it_changes() -> None:
    assert [plain(text) for text in show_with(CHANGING).sentences] == [
        "40 of 52 children were given HSCT, after a median of 4.7 months, the first after 2.5; 5 of 11 deaths came without it.",
        "Treatment, HSCT against not yet transplanted: the hazard of death from any cause was 0.45 times as high, and the "
        "interval includes 1, "
        "the value of no difference (95 % interval 0.12–1.73; any ratio in it could have been missed), not adjusted; "
        "p = 0.233; an association, not an effect. "
        "6 of 40 in the model died.",
        "Not yet transplanted and HSCT: Mantel–Byar test, p = 0.213. This does not show that the curves differ, nor that they "
        "are the same; the p value says nothing about the size or the cause of a difference.",
    ]


def test_sentences_on_a_landmark() -> None:
    assert [plain(text) for text in show_with(LANDMARK).sentences] == [
        "Of 52 children, 2 had died and 4 had left follow-up by day 180; they are not in the comparison.",
        "27 had been treated by then, 19 had not, and 11 of these were treated later.",
        "From day 180 on: treatment, HSCT against not yet transplanted: the hazard of death from any cause was 1.09 times as "
        "high, and the interval includes 1, "
        "the value of no difference (95 % interval 0.29–4.41; any ratio in it could have been missed), not adjusted; "
        "p = 0.897; an association, not "
        "an effect. 5 of 27 in the model died.",
        "Not yet transplanted and HSCT: log-rank test, p = 0.898. This does not show that the curves differ, nor that they "
        "are the same; the p value says nothing about the size or the cause of a difference.",
    ]
    early = show_with(LANDMARK, landmark=30).sentences
    assert early == (
        "All 52 children were followed beyond day 30.",
        "0 had been treated by then, 52 had not, and 40 of these were treated later.",
        "The groups cannot be compared: only one group has children.",
    )
    events = show_with(LANDMARK, endpoint="efs_relapse", history="histories").sentences
    assert " had had an event and " in events[0]
    assert events[1].endswith(" changed treatment later.")
    assert not any(
        "died" in text or "death from any cause was" in text.replace("or death from any cause", "") for text in events
    )


def test_sentences_on_the_naive_answer() -> None:
    assert [plain(text) for text in show_with(NAIVE).sentences] == [
        "40 of 52 children were given HSCT, after a median of 4.7 months, the first after 2.5; 5 of 11 deaths came without it.",
        "HSCT against not yet transplanted: ever against never gives a hazard ratio of 0.28 (0.09–0.99); with treatment "
        "counted from its day on it is 0.45 (0.12–1.73); both are associations, not effects. In these children the naive "
        "answer is too favourable to treatment: its hazard ratio is 0.64 times the other.",
        "From landmark to landmark the hazard ratio of HSCT against not yet transplanted runs from 0.23 to 2.40: with few "
        "events the choice of the day matters, which is "
        "why it has to be made before looking.",
    ]
    assert (
        "In these children the two agree closely, which cannot be known beforehand."
        in (show_with(NAIVE, history="cart").sentences[1])
    )


def test_the_waiting_times_are_those_of_the_file() -> None:
    months = compared(patients_of(REFERENCE))["hsct"].dropna() / DAYS_PER_MONTH
    assert (
        f"after a median of {months.median():.1f} months, the first after {months.min():.1f};"
        in (show_with(CHANGING).sentences[0])
    )


# Files without some columns


COLUMNS = ["patient_id", "relapsed", "os_relapse_days", "os_relapse_event"]


@pytest.mark.slow
@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
@pytest.mark.parametrize(
    ("columns", "histories", "has_relapses"),
    [
        (["hsct_days"], ["hsct"], False),
        (["cart_days"], ["cart"], False),
        (["cart_days", "hsct_days"], list(HISTORIES), False),
        (["hsct_days", "relapse_site"], ["hsct"], True),
        (["hsct_days", "salvage_treatment"], ["hsct"], False),
        (["cart_days", "salvage_days", "second_relapse_days", "relapse_site"], ["cart"], True),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_a_file_without_some_columns_has_fewer_choices(
    analysis: Analysis, columns: list[str], histories: list[str], has_relapses: bool
) -> None:
    cohort = open_cohort(patients_of(REFERENCE)[[*COLUMNS, *columns]])
    controls = {control.name: control for control in analysis.controls(cohort)}
    assert not analysis.missing(cohort)
    histories = offered_by(analysis, histories)
    assert [value for value, _ in controls["history"].options] == histories
    assert controls["history"].default == histories[0]
    assert ("relapses" in controls) == has_relapses
    offered = [value for value, _ in controls["endpoint"].options]
    assert offered == ["os_relapse", "efs_relapse"][: 1 + ("second_relapse_days" in columns)]
    for history in histories:
        params = analysis.defaults(cohort) | {"history": history}
        shown = show(analysis, cohort, CohortFilter(), params)
        check_shown(shown)
        frame = patients_of(REFERENCE)
        if "salvage_treatment" not in columns:
            frame = frame.drop(columns="salvage_treatment")
        children = compared(frame, history, relapses="marrow" if has_relapses else "all")
        assert (shown.result.data.n, shown.result.data.n_event) == (len(children), children["event"].sum())


@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_a_file_without_days_of_treatment_is_told_what_it_lacks(analysis: Analysis) -> None:
    cohort = open_cohort(patients_of(REFERENCE)[[*COLUMNS, "salvage_treatment"]])
    assert analysis.missing(cohort) == ("hsct_days",)


# Files and words for who cannot see the figure


def test_files_hold_the_numbers_of_the_page() -> None:
    shown = show_with(CHANGING, adjust=("sex",))
    frames = shown.files
    assert CHANGING.files == tuple(frames) == ("estimates", "curves")
    estimates = frames["estimates"]
    assert {
        "term",
        "level",
        "reference",
        "hazard_ratio",
        "conf_low",
        "conf_high",
        "p_value",
        "n",
        "n_event",
        "model",
    } <= set(estimates)
    row = estimates[(estimates["model"] == "time-dependent") & (estimates["level"] == HSCT)].iloc[0]
    (term,) = treated_terms(shown.result.hazard)
    assert (row["hazard_ratio"], row["conf_low"], row["p_value"]) == (
        term.ratio.value,
        term.ratio.interval.low,
        term.p_value,
    )
    assert row["reference"] == "not yet transplanted"
    assert set(estimates["model"].dropna()) == {"time-dependent", "naive, ever against never (biased)"}
    assert estimates.loc[estimates["term"] == "Mantel–Byar test", "p_value"].tolist() == [shown.result.test.p_value]
    curves = frames["curves"]
    assert {"group", "time_months", "n_risk", "n_event", "n_censor", "survival", "conf_low", "conf_high"} <= set(curves)
    for method, of in (
        ("Simon–Makuch", shown.result.curves),
        ("naive, ever against never (biased)", shown.result.naive_curves),
    ):
        some = curves[curves["method"] == method].groupby("group")["survival"].last()
        assert {c.group: c.estimate[-1] for c in of.curves} == pytest.approx(some.to_dict())


def test_files_of_a_landmark_hold_every_landmark() -> None:
    shown = show_with(LANDMARK, landmark=95)
    frames = shown.files
    assert LANDMARK.files == tuple(frames) == ("estimates", "landmarks", "curves")
    landmarks = frames["landmarks"]
    assert {
        "landmark_days",
        "level",
        "n",
        "n_event",
        "hazard_ratio",
        "conf_low",
        "conf_high",
        "test",
        "statistic",
        "p_value",
        "p_value_wald",
        "p_value_logrank",
    } <= set(landmarks)
    row = landmarks[(landmarks["landmark_days"] == 95) & (landmarks["level"] == HSCT)].iloc[0]
    assert (row["n"], row["p_value_logrank"]) == (shown.result.chosen.n_treated, shown.result.chosen.test.p_value)
    (term,) = treated_terms(shown.result.chosen.hazard_ratio)
    assert (row["test"], row["conf_type"], row["p_value"]) == ("likelihood-ratio test", "profile", term.p_value)
    assert set(frames["estimates"]["landmark_days"]) == set(frames["curves"]["landmark_days"]) == {95}


@pytest.mark.slow
@pytest.mark.parametrize("history", HISTORIES)
def test_interval_and_p_of_every_hazard_ratio_are_of_one_kind(history: str) -> None:
    frames = [
        show_with(CHANGING, history=history).files["estimates"],
        show_with(LANDMARK, history=history).files["landmarks"],
        show_with(NAIVE, history=history).files["estimates"],
    ]
    for frame in frames:
        compared = frame.dropna(subset=["hazard_ratio", "p_value"])
        assert set(compared["conf_type"]) <= {"profile"}
        assert set(compared["test"]) <= {"likelihood-ratio test", "penalised likelihood-ratio test"}
        for _, row in compared.iterrows():
            excludes = (row["conf_low"] or 0) > 1 or (row["conf_high"] is not None and row["conf_high"] < 1)
            assert excludes == (row["p_value"] < 0.05), row


def test_files_of_the_naive_answer_hold_every_method() -> None:
    shown = show_with(NAIVE, history="histories")
    (estimates,) = shown.files.values()
    assert list(estimates["method"].unique()) == [answer.name for answer in shown.result.answers]
    first = estimates[(estimates["method"] == "Naive") & (estimates["level"] == CART)].iloc[0]
    assert first["hazard_ratio"] == shown.result.naive.ratio.value


def test_the_figures_are_told_in_words() -> None:
    words = plain(show_with(CHANGING).alt_text)
    assert words.startswith(
        "Simon–Makuch curves in months from first relapse. Not yet transplanted: 52 children, 5 events; 68.9 % (95 % "
        "confidence interval 26.5–90.1) at 1 year, 5 still at risk; "
    )
    assert " HSCT: 40 children, 6 events; 80.2 %" in words
    words = plain(show_with(LANDMARK).alt_text)
    assert words.startswith(
        "From the landmark at day 180 on. Kaplan–Meier curves in months from first relapse. Not yet transplanted: 19 children"
    )
    (picture,) = show_with(LANDMARK).pictures
    assert plain(picture.alt_text).startswith(
        "Hazard ratio of HSCT against not yet transplanted at each landmark. day 30: no ratio, 0 treated and 52 not yet; "
    )
    assert "day 180: 1.09 (0.29–4.41), 27 treated and 19 not yet;" in picture.alt_text
    words = plain(show_with(NAIVE).alt_text)
    assert "Naive: HSCT (ever against never treated, from relapse on (biased)): 0.28 (0.09–0.99), p 0.048." in words
    assert words.endswith("Treatment as it changes: HSCT (time-dependent Cox model): 0.45 (0.12–1.73), p 0.233.")


def test_the_landmark_is_drawn_where_the_curves_begin() -> None:
    params = LANDMARK.defaults(cohort_of(REFERENCE)) | {"landmark": 120}
    shown = show_with(LANDMARK, landmark=120)
    figure = shown.figure.to_dict()
    (line,) = figure["layout"]["shapes"]
    assert line["x0"] == line["x1"] == pytest.approx(120 / DAYS_PER_MONTH, abs=1e-3)
    starts = [trace["x"][0] for trace in figure["data"] if trace.get("line", {}).get("shape") == "hv"]
    assert starts and min(starts) == pytest.approx(120 / DAYS_PER_MONTH, abs=1e-3)
    assert "day 120" in shown.caption
    empty = show(LANDMARK, cohort_of(REFERENCE), CohortFilter((Clause("platelets", low=1999),)), params)
    assert "shapes" not in empty.figure.to_dict()["layout"]


def test_a_number_to_adjust_for_is_read_per_its_step() -> None:
    table = next(t for t in show_with(CHANGING, adjust=("white_cells", "age_years")).tables if "Hazard" in t.title)
    assert [row[0] for row in table.rows] == [
        "Treatment: not yet transplanted",
        "Treatment: HSCT",
        "White cells, per 10 × 10⁹/L",
        "Age at diagnosis, per year",
    ]


def model_of(shown: Shown) -> HazardRatioResult:
    """The model whose ratios have E-values."""
    if shown.analysis is NAIVE:
        return shown.result.answers[-1].model
    return shown.result.hazard if shown.analysis is CHANGING else shown.result.chosen.hazard_ratio


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("analysis", TREATMENT, ids=lambda a: a.slug)
def test_e_values_are_those_of_the_treatments_alone(analysis: Analysis, history: str) -> None:
    shown = show_with(analysis, history=history, adjust=("sex", "risk_group"))
    (table,) = (t for t in shown.tables if "E-value" in t.columns)
    terms = [term for term in treated_terms(model_of(shown)) if term.ratio.value is not None]
    untreated = name_untreated(history, ())
    assert [row[0] for row in table.rows] == [f"{term.level} against {untreated}" for term in terms]
    for row, term in zip(table.rows, terms, strict=True):
        low, high = term.ratio.interval.low, term.ratio.interval.high
        expected = e_value(term.ratio.value, low, high, measure="hazard ratio", rare=False)
        assert row[2:] == (format_ratio(expected.point), format_ratio(expected.limit))
    assert "first approximated" in table.caption


def test_an_event_is_rare_only_if_it_is_by_the_end_of_follow_up_in_every_group() -> None:
    """9 of 80 die, but half of the untreated have died by the time when the last of them is followed."""
    left = [child(100 + i, 0) for i in range(40)]
    treated = [child(2000, 0, 50) for _ in range(30)] + [child(300 + i, 1, 50) for i in range(4)]
    few = [child(1000 + i, int(i < 5)) for i in range(6)]
    common, rare = cohort_with([*left, *treated, *few]), cohort_with([*treated, *(child(2000, 0) for _ in range(50))])
    for cohort, words in ((common, "so the ratio of risks is first approximated"), (rare, "which is rare enough")):
        for analysis in TREATMENT:
            shown = show(analysis, cohort, CohortFilter(), analysis.defaults(cohort) | {"landmark": 60})
            assert shown.result.data.n_event / shown.result.data.n < 0.15
            (table,) = (t for t in shown.tables if "E-value" in t.columns)
            assert words in table.caption
            (term,) = treated_terms(model_of(shown))
            interval = term.ratio.interval
            expected = e_value(
                term.ratio.value, interval.low, interval.high, measure="hazard ratio", rare=cohort is rare
            )
            assert table.rows[0][2] == format_ratio(expected.point)


def test_an_event_is_as_rare_as_from_relapse_wherever_the_curves_begin() -> None:
    """The hazard ratio is the same, whenever the curves begin, and so is its E-value with its reason."""
    from_relapse, later = (
        next(t for t in show_with(CHANGING, start=start).tables if "E-value" in t.columns) for start in (0, 180)
    )
    assert later == from_relapse and "59\u00a0% of a group" in later.caption


def test_markers_have_no_e_values() -> None:
    for analysis in load_analyses():
        if analysis.section != "Treatment":
            cohort = cohort_of(REFERENCE)
            shown = show(analysis_of(analysis.slug), cohort, CohortFilter(), analysis.defaults(cohort))
            part = " ".join([*shown.texts(), analysis.method])
            assert "E-value" not in part
