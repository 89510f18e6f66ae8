"""What the lesson on groups without deaths says, worked out anew from the rows."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import beta

from analytics.learning.lesson import TooFewError
from analytics.learning.lessons.separation import MADE_UP, MOST, NobodyDied
from tests.learning.made_up import REFERENCE, SELECTED, find, open_made_up, said

LESSON = NobodyDied()
OUTSIDE = ("isolated CNS", "isolated testicular", "CNS and testicular")


def relapsed(groups: dict[str, tuple[int, int]], days: int = 900) -> pd.DataFrame:
    """Patients with a relapse, so many boys or girls with so many deaths; one site, so that no other group is without."""
    rows = []
    for sex, (n, deaths) in groups.items():
        for number in range(n):
            dead = int(number < deaths)
            rows.append({"sex": sex, "relapsed": 1, "os_relapse_days": days - 7 * number, "os_relapse_event": dead})
    return pd.DataFrame(rows).assign(relapse_days=500)


def half_added(n: int, events: int, others: int) -> float:
    """The odds ratio of none of ``n`` against the others, with half a patient in each of the four counts."""
    return (0.5 / (n + 0.5)) / ((events + 0.5) / (others - events + 0.5))


@pytest.mark.parametrize("selected", SELECTED)
def test_the_numbers_are_those_of_the_rows(selected: str) -> None:
    selection, rows = SELECTED[selected]
    rows = rows[rows["relapsed"] == 1]
    outside = rows[rows["relapse_site"].isin(OUTSIDE)]
    others = rows[~rows["relapse_site"].isin(OUTSIDE)]
    found = find(LESSON, REFERENCE, selection)
    n, dead = len(outside), int(others["os_relapse_event"].sum())
    assert outside["os_relapse_event"].sum() == 0
    assert (found.group.n, found.group.others, found.group.others_event) == (n, len(others), dead)
    limit = beta.ppf(0.95, 1, n)
    assert LESSON.truth(found) == pytest.approx(100 * limit, abs=0.06)
    followed = int((outside["os_relapse_days"] / 30.4375 >= 36).sum())
    text = said(LESSON.explain(found))
    assert f"At a risk of {100 * limit:.1f} %, nobody of {n} would die in 5 of 100 such groups" in text
    assert (1 - limit) ** n == pytest.approx(0.05)
    assert f"3 / n, gives {300 / n:.1f} %" in text
    assert f"Only {followed} were followed for 36 months" in text
    assert f"up to {100 * beta.ppf(0.95, 1, followed):.1f} %." in text
    assert f"({dead} of {len(others)} died) has no finite value" in text
    assert f"It gives {half_added(n, dead, len(others)):.2f} (95 % interval" in text


@pytest.mark.parametrize("setting", [3, 12, 30, 60])
def test_what_is_told_of_a_number_of_patients(setting: int) -> None:
    found = find(LESSON, REFERENCE, setting=setting)
    text = said(LESSON.tell(found))
    assert f"None of {setting} died: that fits every risk up to {100 * beta.ppf(0.95, 1, setting):.1f} %" in text
    assert f"odds ratio is {half_added(setting, 11, 52):.2f} (" in text
    (term,) = (term for term in found.supposed_model.terms if not term.is_reference)
    assert ("which leaves out 1" in text) == term.odds_ratio.interval.excludes(1)
    assert ("which includes 1" in text) == (not term.odds_ratio.interval.excludes(1))
    if term.p_value is not None:  # with 3 it is not shown
        assert (term.p_value < 0.05) == term.odds_ratio.interval.excludes(1)


def test_so_few_that_no_ratio_is_shown() -> None:
    text = said(LESSON.tell(find(LESSON, REFERENCE, setting=1)))
    assert "every risk up to 95.0 %" in text
    assert "no odds ratio is shown" in text
    assert "Firth’s odds ratio is" not in text


def test_the_rule_of_three_comes_the_nearer_the_more_there_are() -> None:
    away = [3 / n - beta.ppf(0.95, 1, n) for n in range(1, 400)]
    assert all(np.diff(away) < 0) and away[-1] > 0
    np.testing.assert_allclose(find(LESSON, REFERENCE).limits, [beta.ppf(0.95, 1, n) for n in range(1, MOST + 1)])


def test_without_a_maximum_the_likelihood_rises_as_the_ratio_falls() -> None:
    def log_likelihood(ratio: float) -> float:
        odds = ratio * 11 / 41
        return -12 * np.log1p(odds)

    assert all(np.diff([log_likelihood(10.0**-power) for power in range(8)]) > 0)


def test_a_program_that_does_not_notice_prints_nothing_to_infinity() -> None:
    outcome = np.repeat([0, 1, 0], [12, 11, 41])
    group = np.repeat([1.0, 0.0, 0.0], [12, 11, 41])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = sm.GLM(outcome, sm.add_constant(group), family=sm.families.Binomial()).fit(maxiter=25)
    low, high = np.exp(np.clip(model.conf_int()[1], -700, 700))
    assert f"{np.exp(model.params[1]):.2f}" == "0.00"
    assert low < 1e-30 and high > 1e30


def test_the_premise_is_right() -> None:
    assert round(100 * 0.9**12) == 28
    assert 100 * beta.ppf(0.95, 1, 30) == pytest.approx(9.5, abs=0.05)
    assert pytest.approx(10) == 100 * 3 / 30


def test_another_group_without_deaths_is_found(tmp_path: Path) -> None:
    cohort = open_made_up(tmp_path, relapsed({"male": (20, 8), "female": (9, 0)}))
    found = find(LESSON, cohort)
    assert (found.group.n, found.group.others, found.group.others_event) == (9, 20, 8)
    assert found.name.en == "Sex (girls)"


def test_nobody_followed_for_long(tmp_path: Path) -> None:
    cohort = open_made_up(tmp_path, relapsed({"male": (20, 8), "female": (9, 0)}, days=400))
    text = said(LESSON.explain(find(LESSON, cohort)))
    assert "Nobody was followed for 36 months" in text
    cohort = open_made_up(tmp_path, relapsed({"male": (20, 8), "female": (9, 0)}, days=1500))
    text = said(LESSON.explain(find(LESSON, cohort)))
    assert "Nobody was followed" not in text and "Only" not in text  # all nine were


def test_without_such_a_group_one_is_made_up_and_it_says_so(tmp_path: Path) -> None:
    cohort = open_made_up(tmp_path, relapsed({"male": (20, 8), "female": (9, 2)}))
    found = find(LESSON, cohort)
    assert found.group.variable is None
    assert found.group.n == MADE_UP
    assert (found.group.others, found.group.others_event) == (29, 10)
    assert "No group of this selection is without deaths, so suppose one" in LESSON.ask(found).text.en
    text = said(LESSON.explain(found))
    assert "followed for" not in text.split("It counts deaths")[0]
    assert "22.1 %" in text


def test_too_few_deaths_cannot_teach(tmp_path: Path) -> None:
    with pytest.raises(TooFewError, match="the selection has"):
        find(LESSON, open_made_up(tmp_path, relapsed({"male": (20, 3), "female": (9, 0)})))
