"""The paper read figure by figure: every number of its cards against pandas, statsmodels and lifelines, and its texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, CoxPHFitter, CoxTimeVaryingFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test, multivariate_logrank_test
from scipy.stats import beta, chi2

from analytics.analyses import load_analyses
from analytics.cohort import Cohort, open_cohort
from analytics.estimators import apply_odds_ratio
from analytics.learning.paper import PAPER_PATH, Paper, PaperError, fields_of, fill, read_paper
from analytics.learning.paper_numbers import PaperNumbers, move_risk, tell_numbers, tell_risk, work_out
from analytics.results import Estimate, Interval, Reason
from analytics.study.published import open_published
from data.build_reference_cohort import COHORT_PATH

PUBLISHED = open_published()
MONTH = 365.25 / 12
FACTORS = {
    "or_thrombocytopenia": ("thrombocytopenia", "yes"),
    "or_bcr_abl1": ("bcr_abl1", "positive"),
    "or_mrd_day19": ("mrd_day19", "positive"),
    "or_mrd_day46": ("mrd_day46", "positive"),
}
MOST_WORDS = 120
# What stands in texts as it is: limits that are assumed, days and levels, what a trial printed, how many make a risk.
WRITTEN = {"19", "46", "100", "10", "9", "0.01", "1", "0.05", "95", "50", "19.8", "34.4", "4", "2020", "5"}


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return open_cohort(COHORT_PATH)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """One row per child, with what follows from its columns worked out anew."""
    frame = pd.read_csv(COHORT_PATH)
    frame["thrombocytopenia"] = np.where(frame["platelets"] < 100, "yes", "no")
    is_marrow = frame["relapse_site"].str.contains("marrow", na=False)
    frame["marrow_relapse"] = np.where(is_marrow, "marrow", "isolated extramedullary")
    apart = frame["relapse_site"].map(lambda site: "isolated" if site == "isolated marrow" else "combined")
    frame["relapse_site_group"] = np.where(is_marrow, apart, "extramedullary")
    frame["hsct_group"] = np.where(frame["salvage_treatment"] == "HSCT", "HSCT", "others")
    return frame


@pytest.fixture(scope="module")
def relapsed(rows: pd.DataFrame) -> pd.DataFrame:
    found = rows[rows["relapsed"] == 1].copy()
    found["months"] = found["os_relapse_days"] / MONTH
    return found


@pytest.fixture(scope="module")
def numbers(cohort: Cohort) -> PaperNumbers:
    return work_out(PUBLISHED, cohort)


@pytest.fixture(scope="module")
def terms(numbers: PaperNumbers) -> dict[str, str]:
    return tell_numbers(numbers)


@pytest.fixture(scope="module")
def paper() -> Paper:
    return read_paper(PUBLISHED)


def number(text: str) -> float:
    """The number in a term, per cent as a share."""
    value = float(re.sub(r"[^\d.]", "", text))
    return value / 100 if "%" in text else value


def limits(text: str) -> tuple[float, float]:
    low, high = re.sub(r"[^\d.–]", "", text).split("–")
    by = 100 if "%" in text else 1
    return float(low) / by, float(high) / by


# Numbers


@pytest.mark.parametrize("id", FACTORS)
def test_odds_ratios_and_risks_of_a_factor(id: str, rows: pd.DataFrame, terms: Mapping[str, str]) -> None:
    design = sm.add_constant(pd.DataFrame({c: (rows[c] == level) * 1.0 for c, level in FACTORS.values()}))
    fitted = sm.Logit(rows["relapsed"].astype(float), design).fit(disp=0)
    column, level = FACTORS[id]
    ratio = float(np.exp(fitted.params[column]))
    assert number(terms[f"{id}.here"]) == pytest.approx(ratio, abs=0.006)
    without = sm.Logit(rows["relapsed"].astype(float), design.drop(columns=column)).fit(disp=0)
    p = float(chi2.sf(2 * (fitted.llf - without.llf), 1))
    for name, expected in (("p", p), ("wald", float(fitted.pvalues[column]))):
        text = terms[f"{id}.{name}"]
        assert expected < 0.001 if text == "<0.001" else number(text) == pytest.approx(expected, abs=0.0006)
    alone = sm.Logit(rows["relapsed"].astype(float), design[["const", column]]).fit(disp=0)
    assert number(terms[f"{id}.alone"]) == pytest.approx(float(np.exp(alone.params[column])), abs=0.006)
    # Twice the likelihood falls by 3.84 at a profile limit.
    low, high = limits(terms[f"{id}.range"])
    for limit in (low, high):
        held = sm.GLM(
            rows["relapsed"].astype(float),
            design.drop(columns=column),
            family=sm.families.Binomial(),
            offset=design[column] * np.log(limit),
        ).fit()
        assert 2 * (fitted.llf - held.llf) == pytest.approx(chi2.ppf(0.95, 1), abs=0.08)
    has = rows[column] == level
    n, events = int(has.sum()), int(rows["relapsed"][has].sum())
    share, base = rows["relapsed"][has].mean(), rows["relapsed"][~has].mean()
    assert (terms[f"{id}.n"], terms[f"{id}.events"]) == (str(n), str(events))
    assert terms[f"{id}.without_n"] == str(int((~has).sum()))
    assert terms[f"{id}.without_events"] == str(int(rows["relapsed"][~has].sum()))
    assert number(terms[f"{id}.share"]) == pytest.approx(share, abs=0.0006)
    assert number(terms[f"{id}.base"]) == pytest.approx(base, abs=0.0006)
    assert number(terms[f"{id}.times"]) == pytest.approx(share / base, abs=0.06)
    odds = base / (1 - base) * ratio
    assert number(terms[f"{id}.risk"]) == pytest.approx(odds / (1 + odds), abs=0.0006)
    assert number(terms[f"{id}.risk_times"]) == pytest.approx(odds / (1 + odds) / base, abs=0.06)


def test_shares_of_the_cohort(rows: pd.DataFrame, terms: Mapping[str, str]) -> None:
    n, some = len(rows), int(rows["relapsed"].sum())
    assert (terms["n.here"], terms["n_relapsed.here"]) == (str(n), str(some))
    assert number(terms["relapsed.here"]) == pytest.approx(some / n, abs=0.0006)
    z, share = 1.959964, some / n
    middle, half = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    wilson = [(middle + side * half) / (1 + z * z / n) for side in (-1, 1)]
    assert limits(terms["relapsed.range"]) == pytest.approx(wilson, abs=0.0006)
    assert terms["b_cell.events"] == str(int((rows["immunophenotype"] == "B").sum()))
    assert [k for k in range(n + 1) if f"{100 * k / n:.1f}" == "92.4"] == [int(terms["b_cell.events"])]
    assert float(terms["age.here"]) == rows["age_years"].median()


def test_cumulative_incidence_of_relapse(rows: pd.DataFrame, terms: Mapping[str, str]) -> None:
    days = rows["relapse_days"].where(rows["relapsed"] == 1, rows["os_days"])
    cause = np.where(rows["relapsed"] == 1, 1, np.where(rows["os_event"] == 1, 2, 0))
    fitted = AalenJohansenFitter(seed=1).fit(days / MONTH, cause, event_of_interest=1)
    found = float(fitted.cumulative_density_.loc[:60].iloc[-1, 0])
    assert number(terms["incidence.here"]) == pytest.approx(found, abs=0.0006)
    low, high = limits(terms["incidence.range"])
    assert low < found < high
    assert terms["incidence.first_deaths"] == str(int((cause == 2).sum()))


def test_survival_by_site(relapsed: pd.DataFrame, terms: Mapping[str, str], numbers: PaperNumbers) -> None:
    is_marrow = relapsed["marrow_relapse"] == "marrow"
    none, some = relapsed[~is_marrow], relapsed[is_marrow]
    assert (terms["os_extramedullary.n"], terms["os_extramedullary.events"]) == (str(len(none)), "0")
    assert int(none["os_relapse_event"].sum()) == 0
    assert (terms["os_marrow.n"], terms["os_marrow.events"]) == (
        str(len(some)),
        str(int(some["os_relapse_event"].sum())),
    )
    curve = KaplanMeierFitter().fit(some["months"], some["os_relapse_event"])
    assert number(terms["os_marrow.here"]) == pytest.approx(float(curve.predict(60)), abs=0.0006)
    test = logrank_test(none["months"], some["months"], none["os_relapse_event"], some["os_relapse_event"])
    assert number(terms["p_site.here"]) == pytest.approx(test.p_value, abs=0.0006)
    expected = sum(
        some.query("os_relapse_event == 1 and months == @t").shape[0] * (none["months"] >= t).sum()
        / (relapsed["months"] >= t).sum()
        for t in some.loc[some["os_relapse_event"] == 1, "months"].unique()
    )  # fmt: skip
    assert number(terms["sites.expected"]) == pytest.approx(expected, abs=0.06)
    assert number(terms["sites.limit"]) == pytest.approx(beta.ppf(0.95, 1, len(none)), abs=0.006)
    still = int((none["months"] >= 60).sum())
    assert terms["sites.still_none"] == str(still)
    assert terms["sites.still_some"] == str(int((some["months"] >= 60).sum()))
    assert limits(terms["os_extramedullary.range"])[0] == pytest.approx(0.05 ** (1 / still), abs=0.0006)
    apart = multivariate_logrank_test(relapsed["months"], relapsed["relapse_site_group"], relapsed["os_relapse_event"])
    assert number(terms["sites.apart_p"]) == pytest.approx(apart.p_value, abs=0.0006)
    assert apart.p_value < 0.05 < test.p_value, "the choice moves P across 0.05"


def test_transplanted_and_not(relapsed: pd.DataFrame, terms: Mapping[str, str], cohort: Cohort) -> None:
    day = cohort.dictionary.role("HSCT day")
    marrow = relapsed[relapsed["marrow_relapse"] == "marrow"].copy()
    given = marrow["hsct_group"] == "HSCT"
    for id, group in (("os_hsct", marrow[given]), ("os_no_hsct", marrow[~given])):
        curve = KaplanMeierFitter().fit(group["months"], group["os_relapse_event"])
        assert number(terms[f"{id}.here"]) == pytest.approx(float(curve.predict(60)), abs=0.0006)
        assert terms[f"{id}.n"] == str(len(group))
        at = curve.confidence_interval_.loc[:60].iloc[-1]
        assert limits(terms[f"{id}.range"]) == pytest.approx(tuple(at), abs=0.0006)
    assert (terms["hsct.n"], terms["hsct.treated"]) == (str(len(marrow)), str(int(given.sum())))
    assert terms["hsct.deaths"] == str(int(marrow["os_relapse_event"].sum()))
    assert terms["hsct.untreated_deaths"] == str(int(marrow.loc[~given, "os_relapse_event"].sum()))
    wait = marrow.loc[given, day] / MONTH
    assert float(terms["hsct.wait"]) == pytest.approx(float(wait.median()), abs=0.06)
    assert float(terms["hsct.first"]) == pytest.approx(float(wait.min()), abs=0.06)
    has = marrow["second_remission"] == "yes"
    counted = {"given.n": given, "given.remission": given & has, "others.n": ~given, "others.remission": ~given & has}
    assert {name: terms[name] for name in counted} == {name: str(int(of.sum())) for name, of in counted.items()}


def test_the_wait_counted_as_a_wait(
    relapsed: pd.DataFrame, terms: Mapping[str, str], numbers: PaperNumbers, cohort: Cohort
) -> None:
    day = cohort.dictionary.role("HSCT day")
    marrow = relapsed[relapsed["marrow_relapse"] == "marrow"].reset_index(drop=True)
    given = (marrow["hsct_group"] == "HSCT").astype(int)
    naive = CoxPHFitter().fit(
        pd.DataFrame({"t": marrow["months"], "e": marrow["os_relapse_event"], "x": given}), "t", "e"
    )
    assert number(terms["naive.here"]) == pytest.approx(float(np.exp(naive.params_["x"])), abs=0.006)
    intervals = []
    for i, child in marrow.iterrows():
        at = child[day] / MONTH if given[i] else np.nan
        if np.isnan(at):
            intervals.append((i, 0.0, child["months"], 0, child["os_relapse_event"]))
        else:
            intervals += [(i, 0.0, at, 0, 0), (i, at, child["months"], 1, child["os_relapse_event"])]
    frame = pd.DataFrame(intervals, columns=["id", "start", "stop", "x", "e"])
    changing = CoxTimeVaryingFitter().fit(
        frame[frame["stop"] > frame["start"]], id_col="id", event_col="e", start_col="start", stop_col="stop"
    )
    assert number(terms["changing.here"]) == pytest.approx(float(np.exp(changing.params_["x"])), abs=0.006)
    low, high = limits(terms["changing.range"])
    assert low < 0.25 and high > 1, "a large benefit fits as well as harm"
    assert number(terms["naive.here"]) < number(terms["changing.here"]) < 1, "it shrinks"
    assert limits(terms["naive.range"])[1] < 1
    # The score test of the same model is Mantel and Byar's.
    observed = expected = variance = 0.0
    for t in sorted(frame.loc[frame["e"] == 1, "stop"].unique()):
        at_risk = frame[(frame["start"] < t) & (frame["stop"] >= t)]
        dead = at_risk[(at_risk["stop"] == t) & (at_risk["e"] == 1)]
        share, d, n = at_risk["x"].mean(), len(dead), len(at_risk)
        observed, expected = observed + dead["x"].sum(), expected + d * share
        variance += d * share * (1 - share) * ((n - d) / (n - 1) if n > 1 else 0)
    p = float(chi2.sf((observed - expected) ** 2 / variance, 1))
    assert number(terms["treated.p"]) == pytest.approx(p, abs=0.0006)


def test_the_level_beside_other_series(relapsed: pd.DataFrame, terms: Mapping[str, str]) -> None:
    curve = KaplanMeierFitter().fit(relapsed["months"], relapsed["os_relapse_event"])
    assert number(terms["everyone.here"]) == pytest.approx(float(curve.predict(60)), abs=0.0006)
    at = curve.confidence_interval_.loc[:60].iloc[-1]
    assert limits(terms["everyone.range"]) == pytest.approx(tuple(at), abs=0.0006)
    assert (terms["series.count"], terms["series.low"], terms["series.high"]) == ("6", "36.0\u00a0%", "57.5\u00a0%")
    assert number(terms["series.high"]) < limits(terms["everyone.range"])[0]


# What an odds ratio makes of a risk


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 500), st.integers(1, 500))
def test_an_odds_ratio_leads_from_one_risk_of_a_table_to_the_other(a: int, b: int, c: int, d: int) -> None:
    without, with_ = c / (c + d), a / (a + b)
    ratio = (a * d) / (b * c)
    assert apply_odds_ratio(without, Estimate(ratio, n=1)).risk.value == pytest.approx(with_)
    assert apply_odds_ratio(with_, Estimate(1 / ratio, n=1)).risk.value == pytest.approx(without)


@given(st.floats(0.001, 0.999), st.floats(0.01, 100))
def test_a_risk_ratio_lies_between_one_and_the_odds_ratio(baseline: float, ratio: float) -> None:
    moved = apply_odds_ratio(baseline, Estimate(ratio, Interval(ratio / 2, ratio * 2, 0.95, "profile"), n=10))
    assert moved.risk.value is not None and moved.risk_ratio is not None and moved.risk.interval is not None
    assert 0 < moved.risk.value < 1
    assert min(1, ratio) - 1e-9 <= moved.risk_ratio <= max(1, ratio) + 1e-9
    low, high = moved.risk.interval.low, moved.risk.interval.high
    assert low is not None and high is not None and low <= moved.risk.value <= high
    before, after = moved.odds
    assert after == pytest.approx(ratio * before)
    assert after is not None and after / (1 + after) == pytest.approx(moved.risk.value)


def test_a_rare_outcome_has_nearly_the_odds_ratio_and_a_common_one_less() -> None:
    ratios = [apply_odds_ratio(p, Estimate(5.73, n=1)).risk_ratio for p in (0.001, 0.114, 0.5, 0.9)]
    assert ratios == pytest.approx([5.703, 3.723, 1.703, 1.090], abs=0.001)


def test_no_ratio_gives_no_risk_and_says_why() -> None:
    moved = apply_odds_ratio(0.1, Estimate(None, reason=Reason("separation")))
    assert moved.risk.value is None and moved.risk_ratio is None and moved.odds[1] is None
    with pytest.raises(ValueError, match="between 0 and 1"):
        apply_odds_ratio(0.0, Estimate(2.0, n=1))


def test_the_moved_risk_in_words(numbers: PaperNumbers, paper: Paper) -> None:
    told = tell_risk(move_risk(numbers, 0.11))
    assert paper.say_risk("without", told) == "Of 100 children without it: 11 relapse."
    odds = 0.11 / 0.89
    ratio = numbers.figure("or_mrd_day46").estimate
    assert ratio.value is not None and ratio.interval is not None
    for name, times in (("of_risk", ratio.value), ("low", ratio.interval.low), ("high", ratio.interval.high)):
        assert times is not None and told[name] == f"{100 * odds * times / (1 + odds * times):.0f}"
    assert paper.say_risk("worked", told) == (
        "Risk 11\u00a0% → odds 0.12 → × 5.73 = 0.71 → risk 41\u00a0%. The risk is 3.8 times as high, the odds 5.73 times."
    )
    assert round(100 * numbers.share_without("or_mrd_day46")) == 11


# Texts


def test_every_field_is_a_number_and_no_number_is_written_that_is_computed(
    paper: Paper, terms: Mapping[str, str]
) -> None:
    for card in paper.cards:
        assert fields_of(card.texts) <= terms.keys(), card.id
        for text in card.texts:
            left = re.sub(r"\{[^}]*\}|BCR::ABL1|doi:\S+", "", text)
            assert set(re.findall(r"\d+(?:\.\d+)?", left)) <= WRITTEN, text
        assert not re.search(r"[{}]|\bnan\b|\bNone\b", " ".join(card.filled(terms).texts)), card.id


def test_no_card_is_long(paper: Paper, terms: Mapping[str, str]) -> None:
    for card in (card.filled(terms) for card in paper.cards):
        said = (*card.shows, *card.shows_not, *card.report)
        assert len(" ".join((card.title, card.asks)).split()) <= 40, card.id
        assert len(" ".join(said).split()) <= MOST_WORDS, card.id
        assert all(len(re.split(r"(?<=[.:;?]) ", text)) <= 4 for text in card.texts)
        assert card.asks and card.shows and card.shows_not and card.report and card.ways, card.id


def test_every_printed_figure_is_on_a_card_and_links_lead_to_pages(paper: Paper) -> None:
    shown = {row.figure for card in paper.cards for row in card.rows}
    assert {f.id for f in PUBLISHED.figures} - shown == {"n", "n_relapsed"}, "these two are in the first title"
    slugs = {analysis.slug for analysis in load_analyses()}
    ways = [way for card in paper.cards for way in card.ways]
    assert {way.page for way in ways if not way.figure} <= slugs | {"", "this-patient", "published-study"}
    assert {"naive-answer", "survival-by-treatment", "published-outcomes", "adjusted-comparison"} <= {
        w.page for w in ways
    }


def test_what_the_texts_claim_of_these_children(rows: pd.DataFrame, terms: Mapping[str, str]) -> None:
    late = rows[rows["mrd_day46"] == "positive"]
    assert (late["mrd_day19"] == "positive").mean() > 0.5
    assert late["relapsed"].mean() < 0.5, "most with it do not relapse"
    assert int(terms["or_mrd_day46.without_events"]) > int(terms["n_relapsed.here"]) / 2, "most relapses come without"
    assert limits(terms["or_mrd_day46.range"])[0] > 1.5, "well above 1"
    assert limits(terms["or_bcr_abl1.range"]) == pytest.approx((1.13, 12.2)), "just above 1, about twelve"
    assert float(terms["or_mrd_day46.times"]) > float(terms["or_mrd_day46.risk_times"])
    # The smallest standard error that 64 relapses allow: both halves alike in size and the factor in half of them.
    z = np.log(2.09) / np.sqrt(2 / 32 + 2 / 186)
    assert 2 * (1 - float(sm.stats.stattools.stats.norm.cdf(z))) > 0.001


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('id = "x"\n', "Check its keys"),
        ('id = "x"\ntitle = ""\nshort = ""\nasks = ""\nextra = "song"\n', "no such scale"),
        ('id = "x"\ntitle = ""\nshort = ""\nasks = ""\nrows = [{ figure = "os" }]\n', "is no published figure"),
        ('id = "cohort"\ntitle = ""\nshort = ""\nasks = ""\n', "each id once"),
    ],
)
def test_a_wrong_file_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "paper.toml"
    path.write_text(f"{PAPER_PATH.read_text(encoding='utf-8')}\n[[cards]]\n{text}", encoding="utf-8")
    with pytest.raises(PaperError, match=said):
        read_paper(PUBLISHED, path)


def test_a_field_without_a_number_is_found() -> None:
    with pytest.raises(KeyError, match=r"p_site\.here"):
        fill("P = {p_site.here}", {})
