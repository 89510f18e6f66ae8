"""Odds ratios of many tables at once are those of the logistic model, table by table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from analytics.estimators import estimate_odds_ratios, odds_ratios_of_tables


def test_each_table_has_the_ratio_and_p_of_the_logistic_model() -> None:
    rng = np.random.default_rng(5)
    n, n_other = np.full(25, 60), np.full(25, 90)
    events, others = rng.binomial(60, 0.3, 25), rng.binomial(90, 0.15, 25)
    ratios, p_values = odds_ratios_of_tables(events, n, others, n_other)
    for place in range(25):
        table = np.array([[events[place], 60 - events[place]], [others[place], 90 - others[place]]])
        model = estimate_odds_ratios(
            [1, 0, 1, 0],
            pd.DataFrame({"factor": pd.Categorical(["yes", "yes", "no", "no"], ["no", "yes"])}),
            weight=table.ravel(),
        )
        term = model.terms[1]
        assert ratios[place] == pytest.approx(term.odds_ratio.value, rel=1e-6)
        assert p_values[place] == pytest.approx(term.p_value, rel=1e-5)
        assert p_values[place] == pytest.approx(
            chi2_contingency(table, correction=False, lambda_="log-likelihood").pvalue, rel=1e-9
        )


def test_a_table_with_an_empty_cell_has_no_ratio() -> None:
    ratios, p_values = odds_ratios_of_tables(np.array([0, 5]), np.array([9, 9]), np.array([4, 4]), np.array([9, 9]))
    assert np.isnan(ratios[0])
    assert np.isnan(p_values[0])
    assert ratios[1] == pytest.approx(5 * 5 / (4 * 4))
