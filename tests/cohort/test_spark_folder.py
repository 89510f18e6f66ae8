"""A folder of Parquet files in the Spark of this process: patients who are alike share a row there."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analytics.cohort import spark_engine
from analytics.cohort.address import read_address
from analytics.cohort.engine import Rows
from analytics.cohort.spark_engine import SparkEngine

PATIENTS = pd.DataFrame({"patient_id": [f"P{i}" for i in range(8)], "sex": [0, 1, 1, None, 0, 0, None, 1]})


@pytest.mark.parametrize(
    ("columns", "expected"), [(("sex",), [(0, 3), (1, 3), (None, 2)]), (("patient_id", "sex"), None)]
)
def test_alike_patients_share_a_row_where_most_are(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    columns: tuple[str, ...],
    expected: list[tuple[int | None, int]] | None,
) -> None:
    monkeypatch.setattr(spark_engine, "LEAST_JOINED", 1)
    PATIENTS.astype({"sex": "Int64"}).to_parquet(tmp_path / "patients.parquet")
    engine = SparkEngine(read_address(f"spark://{tmp_path}"))
    engine.define("patients", Rows("SELECT c0 AS patient_id, c1 AS sex FROM raw", ("patient_id", "sex")))
    engine.keep("" if "patient_id" in columns else "patient_id", len(PATIENTS), named=False)
    if expected is None:
        assert tuple(engine.schema("patients")) == columns
    else:
        found = engine.run("SELECT sex, n FROM patients ORDER BY sex NULLS LAST")
        assert list(zip(found["sex"].tolist(), found["n"].tolist(), strict=True)) == expected
    assert engine.run("SELECT count(*) AS n FROM raw")["n"][0] == len(PATIENTS)
    engine.close()
