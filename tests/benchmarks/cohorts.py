"""Large cohorts for the benchmarks, made from the synthetic reference cohort."""

from __future__ import annotations

from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "data" / "reference_cohort.csv"
COUNTS = ("age_years", "white_cells", "platelets", "haemoglobin")
TIMES = (
    "relapse_days",
    "end_of_therapy_days",
    "salvage_days",
    "cart_days",
    "hsct_days",
    "second_relapse_days",
    "os_relapse_days",
    "os_days",
)
JITTER = 0.1
IN_A_FILE = 1_000_000


def write_cohort(folder: Path, n: int, *, jittered: bool = False) -> Path:
    """A Parquet file of ``n`` patients, whole rows of the reference cohort drawn with replacement, the same each time.

    Drawn so, a cohort holds at most as many distinct patients as the reference. ``jittered`` multiplies every age,
    count and time by a factor of its patient between 0.9 and 1.1 and rounds as the reference does (counts and ages to
    0.1, times to days), so that hardly any two patients are alike. Identifiers begin with SYN.
    """
    path = folder / f"{'jittered' if jittered else 'resampled'}-{n}.parquet"
    if not path.exists():
        _write(path, range(n), jittered)
    return path


def write_folder(folder: Path, n: int, *, jittered: bool = False) -> Path:
    """The same patients as a folder of Parquet files of a million each."""
    place = folder / f"{'jittered' if jittered else 'resampled'}-{n}"
    place.mkdir(parents=True, exist_ok=True)
    for first in range(0, n, IN_A_FILE):
        path = place / f"{first:011d}.parquet"
        if not path.exists():
            _write(path, range(first, min(n, first + IN_A_FILE)), jittered)
    return place


def _write(path: Path, numbers: range, jittered: bool) -> None:
    """The patients of these numbers."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE reference AS SELECT row_number() OVER () - 1 AS row, * EXCLUDE (patient_id) "
            "FROM read_csv(?, header = true, sample_size = -1, auto_type_candidates = ['BIGINT', 'DOUBLE', 'VARCHAR'])",
            [str(REFERENCE)],
        )
        changed = ""
        if jittered:
            # One factor for all times of a patient keeps their order.
            shared = f"{1 - JITTER} + {2 * JITTER} * (hash(i, 'times') % 1000003) / 1000003.0"
            own = {name: f"{1 - JITTER} + {2 * JITTER} * (hash(i, '{name}') % 1000003) / 1000003.0" for name in COUNTS}
            parts = [f"round({name} * ({own[name]}), 1) AS {name}" for name in COUNTS]
            parts += [f"round({name} * ({shared})) AS {name}" for name in TIMES]
            changed = f" REPLACE ({', '.join(parts)})"
        n_rows = connection.execute("SELECT count(*) FROM reference").fetchall()[0][0]
        # The drawn row is computed before the join, which is a lookup then and not a comparison of every pair.
        connection.execute(
            f"COPY (SELECT 'SYN' || lpad(i::VARCHAR, 8, '0') AS patient_id, * EXCLUDE (row, i){changed} "
            f"FROM (SELECT i, CAST(hash(i, 'patient') % {n_rows} AS BIGINT) AS row "
            f"FROM range({numbers.start}, {numbers.stop}) AS drawn(i)) "
            f"JOIN reference USING (row)) TO '{path}' (FORMAT parquet)"
        )
