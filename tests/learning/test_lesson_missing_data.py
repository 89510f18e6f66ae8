"""What the lesson on missing data says, worked out anew from the rows."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from analytics.dictionary import load_dictionary, speaking_by
from analytics.learning.lesson import TooFewError
from analytics.learning.lessons.missing_data import GROUPS, LOST, MissingData
from tests.learning.made_up import BOYS, EVERYBODY, REFERENCE, ROWS, SELECTED, find, open_made_up, said

LESSON = MissingData()
WIDE = {name: pair for name, pair in SELECTED.items() if name != "boys"}


def counted(rows: pd.DataFrame) -> list[int]:
    """Patients by (relapse, MRD on the later day), in the order of the lesson's groups."""
    happened, positive = rows["relapsed"] == 1, rows["mrd_day46"] == "positive"
    return [int(((happened == one) & (positive == other)).sum()) for one, other in GROUPS]


def lose(counts: list[int], setting: str) -> list[int]:
    return [n - n // 2 if group in LOST[setting] else n for group, n in zip(GROUPS, counts, strict=True)]


def ratio(counts: list[int]) -> float:
    both, event, factor, neither = counts
    return both * neither / (event * factor)


@pytest.mark.parametrize(("selected", "setting"), list(itertools.product(WIDE, LOST)))
def test_the_ratios_are_those_of_the_rows(selected: str, setting: str) -> None:
    selection, rows = WIDE[selected]
    found = find(LESSON, REFERENCE, selection, setting)
    counts = counted(rows)
    left = lose(counts, setting)
    assert list(found.counts) == counts
    assert list(found.left) == left
    assert found.ratio(left=False).value == pytest.approx(ratio(counts), rel=1e-6)
    assert found.ratio(left=True).value == pytest.approx(ratio(left), rel=1e-6)
    text = said(LESSON.tell(found))
    if setting == "nobody":
        assert f"odds ratio {ratio(counts):.2f}" in text
        assert f"of all {sum(counts)}" in text
    else:
        assert f"{sum(left)} of {sum(counts)} results are left: odds ratio {ratio(left):.2f}" in text
    assert ("looks as sound as before" in text) == (setting == "both")
    assert ("interval is wider" in text) == (setting in ("lot", "event", "level"))
    shares = [(c[0] + c[1]) / sum(c) for c in (counts, left)]
    told = f"{100 * shares[1]:.1f} % of those left, {100 * shares[0]:.1f} % in truth"
    assert (told in text) == (setting in ("event", "level") and abs(shares[1] - shares[0]) >= 0.005)


def test_the_interval_is_that_of_the_model_of_those_left() -> None:
    found = find(LESSON, REFERENCE)
    left = lose(counted(ROWS), "both")
    rows = [(int(e), int(f)) for (e, f), n in zip(GROUPS, left, strict=True) for _ in range(n)]
    outcome, factor = np.array(rows).T
    fitted = sm.Logit(outcome, sm.add_constant(factor)).fit(disp=False)
    assert np.log(found.ratio(left=True).value) == pytest.approx(fitted.params[1], rel=1e-6)
    limits, wald = found.ratio(left=True).interval, fitted.conf_int()[1]
    # A profile limit is near that of Wald, and not it.
    assert np.log([limits.low, limits.high]) == pytest.approx(wald, abs=0.15)


def test_the_explanation_counts_those_with_every_factor() -> None:
    found = find(LESSON, REFERENCE)
    text = said(LESSON.explain(found))
    known = load_dictionary()
    factors = [v.name for v in known.covariates if v.derivation is None and v.name in ROWS.columns]
    complete = int(ROWS[factors].notna().all(axis=1).sum())
    assert f"{complete} of {len(ROWS)} children have every factor recorded" in text
    assert f"would leave out {len(ROWS) - complete}." in text
    counts = counted(ROWS)
    assert f"it falls to {ratio(lose(counts, 'both')):.2f}" in text
    assert f"{lose(counts, 'both')[0]} of {counts[0]} with" in text
    assert LESSON.truth(found) == "lower"


@given(st.lists(st.integers(4, 400).map(lambda half: 2 * half), min_size=4, max_size=4), st.sampled_from(list(LOST)))
def test_halves_leave_the_ratio_unless_both_decide(counts: list[int], setting: str) -> None:
    """The statement of the lesson: by lot, by the factor alone or by the event alone it stays; by both it is halved."""
    after = ratio(lose(counts, setting)) / ratio(counts)
    assert after == pytest.approx(0.5 if setting == "both" else 1.0)


def test_nobody_lacks_anything_and_odd_numbers_are_said(tmp_path: Path) -> None:
    groups = {(1, "positive"): 9, (1, "negative"): 8, (0, "positive"): 9, (0, "negative"): 40}
    rows = [
        {"relapsed": event, "mrd_day46": level, "sex": "male"} for (event, level), n in groups.items() for _ in range(n)
    ]
    cohort = open_made_up(tmp_path, pd.DataFrame(rows))
    found = find(LESSON, cohort, EVERYBODY, "both")
    text = said(LESSON.explain(found))
    assert "every factor of all 66 children is recorded" in text
    event = said(LESSON.tell(find(LESSON, cohort, EVERYBODY, "event")))
    assert ("odd numbers have no halves" in event) == (abs(5 / 9 / 0.5 - 1) > 0.08)
    assert "sound as before" not in event


def test_too_few_in_a_group_cannot_teach(tmp_path: Path) -> None:
    rows = [{"relapsed": i % 2, "mrd_day46": "positive" if i < 4 else "negative"} for i in range(60)]
    cohort = open_made_up(tmp_path, pd.DataFrame(rows))
    with speaking_by(cohort.dictionary), pytest.raises(TooFewError, match="has 2"):
        LESSON.prepare(cohort, EVERYBODY)


def test_boys_can_be_taught_or_are_told_why() -> None:
    counts = counted(SELECTED["boys"][1])
    with speaking_by(REFERENCE.dictionary):
        if min(counts) < 8:
            with pytest.raises(TooFewError, match=f"has {min(counts)}"):
                LESSON.prepare(REFERENCE, BOYS)
        else:
            assert LESSON.prepare(REFERENCE, BOYS).counts == tuple(counts)
