"""What the lesson on adjustment says, worked out anew from the rows."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analytics.dictionary import load_dictionary, speaking_by
from analytics.languages import Text
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons.confounding import Confounding
from analytics.reporting.withholding import govern
from tests.learning.made_up import BOYS, REFERENCE, SELECTED, find, open_made_up, said

LESSON = Confounding()
SETS = {"none": [], "early": ["mrd_day19"], "late": ["mrd_day46"], "both": ["mrd_day19", "mrd_day46"],
        "all": ["bcr_abl1", "mrd_day19", "mrd_day46"]}  # fmt: skip


def ratio_of(rows: pd.DataFrame, others: list[str]) -> tuple[float, float]:
    """The odds ratio of thrombocytopenia with others in the model, and its p of the Wald test, by statsmodels."""
    design = pd.DataFrame(
        {name: (rows[name].isin(["yes", "positive"])).astype(float) for name in ["thrombocytopenia", *others]}
    )
    model = sm.Logit(rows["relapsed"], sm.add_constant(design)).fit(disp=False)
    return float(np.exp(model.params["thrombocytopenia"])), float(model.pvalues["thrombocytopenia"])


def cells(risks: dict[tuple[int, int], float], sizes: dict[tuple[int, int], int]) -> pd.DataFrame:
    """Patients by (thrombocytopenia, MRD) with a share of relapses each; MRD on the later day is balanced over them."""
    rows = []
    for (low, positive), n in sizes.items():
        for number in range(n):
            rows.append(
                {
                    "relapsed": int(number < round(n * risks[low, positive])),
                    "thrombocytopenia": "yes" if low else "no",
                    "mrd_day19": "positive" if positive else "negative",
                    "mrd_day46": "positive" if number % 2 else "negative",
                }
            )
    return pd.DataFrame(rows)


RISKS = {(0, 0): 0.1, (1, 0): 0.2, (0, 1): 0.3, (1, 1): 0.5}
SAME_WAY = cells(RISKS, {(0, 0): 200, (1, 0): 60, (0, 1): 60, (1, 1): 200})
OPPOSITE = cells(RISKS, {(0, 0): 60, (1, 0): 200, (0, 1): 200, (1, 1): 60})
BALANCED = cells({(0, 0): 0.05, (1, 0): 0.2, (0, 1): 0.8, (1, 1): 0.95}, dict.fromkeys(RISKS, 200))


@pytest.mark.parametrize(("selected", "setting"), list(itertools.product(SELECTED, SETS)))
def test_the_ratios_are_those_of_the_rows(selected: str, setting: str) -> None:
    selection, rows = SELECTED[selected]
    found = find(LESSON, REFERENCE, selection, setting)
    crude, _ = ratio_of(rows, [])
    adjusted, p_value = ratio_of(rows, SETS[setting])
    assert found.ratio(adjusted=False).value == pytest.approx(crude, rel=1e-5)
    assert found.ratio(adjusted=True).value == pytest.approx(adjusted, rel=1e-5)
    change = abs(math.log(adjusted / crude))
    way = (
        "same"
        if change <= math.log(1.05)
        else "nearer"
        if abs(math.log(adjusted)) < abs(math.log(crude))
        else "further"
    )
    assert found.way == way
    text = said(LESSON.tell(found))
    if setting == "none":
        assert f"adjusted for nothing: odds ratio {crude:.2f}" in text
    else:
        assert f"odds ratio {adjusted:.2f} (" in text and f"crude it is {crude:.2f}" in text
    interval = found.ratio(adjusted=True).interval
    if not 0.02 < p_value < 0.1:  # where profile limits and Wald's test may differ
        assert interval.excludes(1) == (p_value < 0.05)


@pytest.mark.parametrize("selected", SELECTED)
def test_the_links_are_those_of_the_rows(selected: str) -> None:
    selection, rows = SELECTED[selected]
    text = said(LESSON.explain(find(LESSON, REFERENCE, selection)))
    positive = (rows["mrd_day19"] == "positive").groupby(rows["thrombocytopenia"]).mean()
    risk = rows["relapsed"].groupby(rows["mrd_day19"]).mean()
    assert (
        f"{100 * positive['yes']:.1f} % of those with thrombocytopenia and {100 * positive['no']:.1f} % of those"
        in text
    )
    assert (
        f"Relapse: {100 * risk['positive']:.1f} % with MRD on day 19 positive, {100 * risk['negative']:.1f} % of the others"
        in text
    )
    assert positive["yes"] > positive["no"] and risk["positive"] > risk["negative"]
    assert "The two go the same way" in text


def test_shares_within_levels_add_up_to_all() -> None:
    found = find(LESSON, REFERENCE, BOYS)
    rows = SELECTED["boys"][1]
    (link,) = found.links
    keys = list(itertools.product(["negative", "positive"], ["no", "yes"]))
    inside = [rows[(rows["mrd_day19"] == mrd) & (rows["thrombocytopenia"] == low)] for mrd, low in keys]
    assert [(s.n, s.n_event) for s in link.risks] == [(len(part), int(part["relapsed"].sum())) for part in inside]


def test_in_the_reference_cohort_two_confounders_pull_opposite_ways() -> None:
    ways = {setting: find(LESSON, REFERENCE, setting=setting).way for setting in SETS}
    assert (ways["none"], ways["early"], ways["late"]) == ("same", "nearer", "further")
    found = find(LESSON, REFERENCE)
    assert LESSON.truth(found) == "nearer"
    assert "Crude 1.94 (95 % interval 1.06–3.77), with MRD on day 19 in the model 1.67 (0.90–3.28)" in said(
        LESSON.explain(found)
    )


@pytest.mark.parametrize(
    ("rows", "says", "way"),
    [
        (SAME_WAY, "The two go the same way", "nearer"),
        (OPPOSITE, "The two go opposite ways", "further"),
        (BALANCED, "These two links alone do not tell", "further"),
    ],
)
def test_each_claim_is_made_only_where_it_holds(tmp_path: Path, rows: pd.DataFrame, says: str, way: str) -> None:
    cohort = open_made_up(tmp_path, rows)
    found = find(LESSON, cohort)
    text = said(LESSON.explain(found))
    sentences = ("The two go the same way", "The two go opposite ways", "These two links alone do not tell")
    assert [sentence for sentence in sentences if sentence in text] == [says]
    assert found.way == way
    crude, adjusted = ratio_of(rows, [])[0], ratio_of(rows, ["mrd_day19"])[0]
    assert ("lowers the ratio" in text) == (says == sentences[0])
    assert (adjusted < crude) == (says == sentences[0])
    assert "mrd on day 19 is measured after thrombocytopenia" in text.lower()


def test_a_balanced_predictor_moves_an_odds_ratio_away_from_one() -> None:
    within = (0.2 / 0.8) / (0.05 / 0.95)
    assert pytest.approx(within) == (0.95 / 0.05) / (0.8 / 0.2)  # the same in either level
    crude, adjusted = ratio_of(BALANCED, [])[0], ratio_of(BALANCED, ["mrd_day19"])[0]
    assert adjusted == pytest.approx(within, rel=1e-4)
    assert 1 < crude < 0.6 * adjusted
    shares = (BALANCED["mrd_day19"] == "positive").groupby(BALANCED["thrombocytopenia"]).mean()
    assert shares["yes"] == shares["no"]


def test_what_is_adjusted_for_is_measured_after_the_factor() -> None:
    dictionary = load_dictionary()
    assert dictionary["thrombocytopenia"].phase == "diagnosis"
    assert {dictionary[name].phase for name in ("mrd_day19", "mrd_day46")} == {"induction"}


def test_the_same_patients_and_method_stand_behind_both(tmp_path: Path) -> None:
    rows = SAME_WAY.copy()
    rows.loc[rows.index[::5], "mrd_day46"] = None
    found = find(LESSON, open_made_up(tmp_path, rows), setting="early")
    known = rows.dropna()
    assert found.crude.n == found.adjusted.n == len(known)
    assert found.crude.method == found.adjusted.method
    assert found.ratio(adjusted=False).value == pytest.approx(ratio_of(known, [])[0], rel=1e-5)


def test_what_is_not_shown_is_said(tmp_path: Path) -> None:
    cohort = open_made_up(tmp_path, SAME_WAY)
    with speaking_by(cohort.dictionary):
        frame = LESSON.prepare(cohort, SELECTED["everybody"][0])
        found = LESSON.compute(frame, "early")
        few = govern(found.__class__(found.factor, found.crude, _withheld(found.adjusted), found.links))
        assert few.way is None
        assert "too few children for an odds ratio to be shown" in said(LESSON.tell(few))
        assert LESSON.picture(few, "en", revealed=True) is not None


def _withheld(model: object) -> object:

    return replace(model, n_event=2)  # type: ignore[type-var]


def test_too_few_cannot_teach(tmp_path: Path) -> None:
    few = cells(RISKS, dict.fromkeys(RISKS, 12))
    with pytest.raises(TooFewError, match="the selection has 48"):
        find(LESSON, open_made_up(tmp_path, few))
    with pytest.raises(TooFewError):
        find(LESSON, open_made_up(tmp_path, SAME_WAY.drop(columns="thrombocytopenia")))


def test_the_names_of_the_choices_are_those_of_the_dictionary() -> None:
    assert LESSON.labels["both"] == Text("MRD on day 19 and MRD on day 46", "第 19 天微小残留病、第 46 天微小残留病")
    assert set(LESSON.labels) == {value for value, _ in LESSON.control.options} == set(SETS)


@pytest.mark.parametrize("setting", ["both", "all"])
def test_of_several_factors_it_says_which_pull_which_way(setting: str) -> None:
    """Shares by pandas: how much more often with thrombocytopenia, and how much more often relapse with it."""
    rows = SELECTED["everybody"][1]
    low = rows["thrombocytopenia"] == "yes"
    signs = {}
    for name in SETS[setting]:
        positive = rows[name] == "positive"
        more = positive[low].mean() - positive[~low].mean()
        sooner = rows["relapsed"][positive].mean() - rows["relapsed"][~positive].mean()
        signs[load_dictionary()[name].label] = more * sooner
    text = said(LESSON.tell(find(LESSON, REFERENCE, SELECTED["everybody"][0], setting)))
    lowers, raises = text.split("Why: ")[1].split("; ")
    assert {name for name, sign in signs.items() if sign > 0} == {name for name in signs if name in lowers}
    assert {name for name, sign in signs.items() if sign < 0} == {name for name in signs if name in raises}
