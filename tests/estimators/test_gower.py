"""Gower's distances against cluster::daisy of R, and where little or nothing is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.estimators import gower_distances

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "gower_reference.json").read_text(encoding="utf-8"))


def test_as_daisy_of_r() -> None:
    table = pd.DataFrame(REFERENCE["data"])
    table["lineage"] = pd.Categorical(table["lineage"], ["B", "T"])
    one = {name: value for name, value in table.iloc[0].items() if pd.notna(value)}
    found = gower_distances(one, table.iloc[1:], REFERENCE["ranges"])
    assert found == pytest.approx(REFERENCE["distances"], rel=1e-12)


def test_what_is_not_known_of_both_says_nothing() -> None:
    others = pd.DataFrame({"age": [np.nan, 3.0, 30.0], "site": ["CNS", None, "marrow"]})
    assert gower_distances({"age": 2.0}, others, {"age": 10.0}).tolist() == pytest.approx(
        [np.nan, 0.1, 1.0], nan_ok=True
    )
    assert np.isnan(gower_distances({}, others, {"age": 10.0})).all()
    assert gower_distances({"site": "CNS"}, others[["site"]], {}).tolist() == pytest.approx(
        [0.0, np.nan, 1.0], nan_ok=True
    )


def test_a_range_must_be_above_0() -> None:
    with pytest.raises(ValueError, match="that of age is not"):
        gower_distances({"age": 1.0}, pd.DataFrame({"age": [1.0]}), {"age": 0.0})
