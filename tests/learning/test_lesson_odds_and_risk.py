"""What the lesson on odds and risk ratios says, worked out anew from the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from analytics.dictionary import speaking_by
from analytics.learning.answers import Number
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons.odds_and_risk import OddsRatioAndRiskRatio
from tests.learning.made_up import REFERENCE, SELECTED, find, open_made_up, said

LESSON = OddsRatioAndRiskRatio()


def table(with_event: int, with_none: int, other_event: int, other_none: int) -> pd.DataFrame:
    """Patients with the factor, with and without the event, and those without it."""
    counts = (("positive", 1, with_event), ("positive", 0, with_none), ("negative", 1, other_event))
    counts = (*counts, ("negative", 0, other_none))
    return pd.DataFrame([{"mrd_day46": level, "relapsed": event} for level, event, n in counts for _ in range(n)])


@pytest.mark.parametrize("selected", SELECTED)
def test_the_numbers_are_those_of_the_rows(selected: str) -> None:
    selection, rows = SELECTED[selected]
    found = find(LESSON, REFERENCE, selection)
    positive = (rows["mrd_day46"] == "positive").astype(int)
    risk = rows["relapsed"].groupby(positive).mean()
    count = rows["relapsed"].groupby(positive).agg(["sum", "size"])
    model = smf.logit("relapsed ~ positive", rows.assign(positive=positive)).fit(disp=False)
    assert found.risks == pytest.approx((risk[0], risk[1]))
    assert found.odds_ratio == pytest.approx(np.exp(model.params["positive"]), rel=1e-6)
    assert LESSON.truth(found) == pytest.approx(risk[1] / risk[0], abs=0.005)
    text = said(LESSON.explain(found))
    assert f"{count.loc[1, 'sum']} of {count.loc[1, 'size']} with MRD on day 46 positive had a relapse" in text
    assert f"Of the others {count.loc[0, 'sum']} of {count.loc[0, 'size']} had one: {100 * risk[0]:.1f} %" in text
    odds = risk / (1 - risk)
    assert f"Their odds are {odds[1]:.3f} against {odds[0]:.3f}" in text
    assert odds[1] / odds[0] == pytest.approx(found.odds_ratio)


@pytest.mark.parametrize("setting", [1, 10, 30, 60])
@pytest.mark.parametrize("selected", SELECTED)
def test_what_is_told_of_a_supposed_risk_follows_from_the_odds(selected: str, setting: int) -> None:
    selection, _ = SELECTED[selected]
    found = find(LESSON, REFERENCE, selection, setting)
    odds = found.odds_ratio * setting / (100 - setting)
    having = odds / (1 + odds)
    text = said(LESSON.tell(found))
    assert f"If the risk without it were {setting} %" in text
    assert f"would mean {100 * having:.1f} % with it" in text
    assert f"{100 * having - setting:.1f} points more" in text
    ratio = having / (setting / 100)
    assert float(text.split("a risk ratio of ")[1].split(",")[0]) == pytest.approx(ratio, abs=0.006)
    assert ratio < found.odds_ratio
    assert found.ratios[setting - 1] == pytest.approx(ratio)


def test_the_risk_ratio_falls_as_the_event_becomes_common() -> None:
    ratios = find(LESSON, REFERENCE).ratios
    assert all(np.diff(ratios) < 0)


def test_in_the_reference_cohort_the_ratio_of_7_is_a_risk_ratio_of_4() -> None:
    found = find(LESSON, REFERENCE)
    assert (found.having.n_event, found.having.n, found.without.n_event, found.without.n) == (19, 40, 45, 396)
    text = said(LESSON.explain(found))
    assert "says too much: 7.06 times 11.4 % would be 80.2 %, and 47.5 % is true" in text
    assert "7.06 would mean a risk ratio of 6.65" in text
    question = LESSON.ask(found)
    assert isinstance(question.kind, Number)
    assert question.kind.judge(7.06, LESSON.truth(found)) == "off"


@pytest.mark.parametrize(
    ("rows", "says", "not_says"),
    [
        (table(20, 20, 40, 360), "says too much", ("is impossible", "makes the risk too low")),
        (table(38, 2, 40, 60), "is impossible: 28.5 times 40.0 % is 100 % or more", ("says too much",)),
        (table(38, 2, 40, 60), "still apart at 1 %", ("Where the event is rare they are close",)),
        (table(5, 35, 40, 60), "makes the risk too low", ("says too much", "is impossible")),
        (table(20, 20, 50, 50), "This odds ratio is crude", ("says too much", "too low", "other than 1")),
    ],
)
def test_each_claim_is_made_only_where_it_holds(
    tmp_path: Path, rows: pd.DataFrame, says: str, not_says: tuple[str, ...]
) -> None:
    cohort = open_made_up(tmp_path, rows)
    found = find(LESSON, cohort)
    text = said(LESSON.explain(found))
    assert says in text
    assert not [other for other in not_says if other in text]
    risk = rows["relapsed"].groupby(rows["mrd_day46"]).mean()
    naive = found.odds_ratio * risk["negative"]
    assert ("is impossible" in text) == (naive >= 1)
    assert ("says too much" in text) == (risk["positive"] < naive < 1)
    assert ("too low" in text) == (naive < risk["positive"] and found.odds_ratio < 1)
    with speaking_by(cohort.dictionary):
        assert LESSON.ask(found).kind.takes(LESSON.truth(found))
        assert (" points less" in said(LESSON.tell(found))) == (found.odds_ratio < 1)


@pytest.mark.parametrize("rows", [table(4, 0, 40, 60), table(0, 30, 40, 60), table(3, 30, 3, 60), table(2, 2, 40, 60)])
def test_too_few_or_an_empty_cell_cannot_teach(tmp_path: Path, rows: pd.DataFrame) -> None:
    with pytest.raises(TooFewError, match="the selection has"):
        find(LESSON, open_made_up(tmp_path, rows))


def test_the_answers_of_the_checks_are_true() -> None:
    odds = 4 * 10 / 90
    assert (round(10 / 90, 2), round(odds, 2), round(100 * odds / (1 + odds))) == (0.11, 0.44, 31)
    for risk, having, ratio in ((0.114, 42, 3.7), (0.4, 79, 2.0)):
        odds = 5.73 * risk / (1 - risk)
        assert round(100 * odds / (1 + odds)) == having
        assert round(odds / (1 + odds) / risk, 1) == ratio
    assert 20 / 80 == 0.25
