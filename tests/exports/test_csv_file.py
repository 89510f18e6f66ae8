"""CSV files: what stands above the table, what reads back, what a spreadsheet must not run."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import __version__
from analytics.exports.csv_file import to_csv
from analytics.exports.medium import to_file_stem
from analytics.provenance import Provenance
from analytics.reporting.files import load_columns

PROVENANCE = Provenance(
    title="Survival by site",
    cohort="reference_cohort",
    selection="12 of 436 synthetic children: Age at diagnosis 1 to 10 years.",
    method="Kaplan–Meier estimates from first relapse.",
    data_version="3e2dcb05b100",
    synthetic=True,
    exported_on=date(2026, 1, 31),
    remarks=("Isolated marrow: an estimated 77.1\u00a0% were alive.",),
)


def read(content: bytes, **options: Any) -> pd.DataFrame:
    """The table as the module's documentation says to read it."""
    return pd.read_csv(io.BytesIO(content), comment="#", float_precision="round_trip", **options)


def comments(content: bytes) -> list[str]:
    return [line[2:] for line in content.decode("utf-8-sig").split("\n") if line.startswith("# ")]


def test_a_file_says_where_its_numbers_come_from() -> None:
    content = to_csv(pd.DataFrame({"n": [12]}), PROVENANCE)
    assert comments(content) == [
        "Survival by site",
        "SYNTHETIC DATA: no row describes a real child.",
        "Cohort: reference_cohort",
        "Selection: 12 of 436 synthetic children: Age at diagnosis 1 to 10 years.",
        "Method: Kaplan–Meier estimates from first relapse.",
        "Isolated marrow: an estimated 77.1\u00a0% were alive.",
        f"Data version: 3e2dcb05b100; product version: {__version__}; exported on 2026-01-31",
        "Describes groups; not advice on the treatment of any one child.",
        "Columns:",
        f"n: {load_columns()['n'].meaning}",
    ]


def test_real_patients_are_not_called_synthetic() -> None:
    real = Provenance("t", "c", "s", "m", "v", False, date(2026, 1, 31))
    assert "SYNTHETIC" not in to_csv(pd.DataFrame({"n": [1]}), real).decode("utf-8-sig")


def test_a_file_starts_with_a_byte_order_mark_and_then_a_comment() -> None:
    content = to_csv(pd.DataFrame({"n": [1]}), PROVENANCE)
    assert content.startswith(b"\xef\xbb\xbf# Survival by site\n")
    assert b"\r" not in content


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_reads_back_with_either_encoding(encoding: str) -> None:
    frame = pd.DataFrame({"group": ["isolated marrow", "β ≥ 0.01%"], "n": [46, 12], "x": [0.1 + 0.2, 1e-300]})
    pd.testing.assert_frame_equal(read(to_csv(frame, PROVENANCE), encoding=encoding), frame, check_exact=True)


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_of_unknown_kind_keep_full_precision(numbers: list[float]) -> None:
    frame = read(to_csv(pd.DataFrame({"x": numbers}), PROVENANCE))
    assert frame["x"].tolist() == numbers


def test_numbers_have_the_digits_of_their_kind() -> None:
    frame = pd.DataFrame(
        {
            "n": [12.0, np.nan],
            "odds_ratio": [1.9413159454653224, 1 / 3e7],
            "p_value": [1.2450776040503217e-07, 1.0],
            "shown": [1.9413159454653224, 0.5],
            "n_risk": [10.25, 3],
        }
    )
    content = to_csv(frame, PROVENANCE).decode().splitlines()
    assert content[-2:] == ["12,1.94132,1.24508e-07,1.94131594546532,10.25", '"",3.33333e-08,1.0,0.5,3.0']


def test_missing_values_are_empty_whatever_their_column_holds() -> None:
    frame = pd.DataFrame(
        {
            "number": [1.5, np.nan],
            "text": ["a", None],
            "mixed": pd.Series([2.5, None], dtype=object),
            "never": pd.Series([None, None], dtype=object),
        }
    )
    back = read(to_csv(frame, PROVENANCE))
    assert back.loc[0, ["number", "text", "mixed"]].tolist() == [1.5, "a", 2.5]
    assert back.loc[1].isna().all() and back["never"].isna().all()
    assert back["mixed"].dtype == float


def test_a_frame_without_rows_keeps_its_header() -> None:
    back = read(to_csv(pd.DataFrame(columns=["term", "estimate"]), PROVENANCE))
    assert list(back.columns) == ["term", "estimate"] and back.empty


def test_columns_of_the_same_name_are_both_written() -> None:
    content = to_csv(pd.DataFrame([["a", "=b"]], columns=["x", "x"]), PROVENANCE).decode("utf-8-sig")
    assert content.endswith('"x","x"\n"a","\'=b"\n')


TEXT = ["# no comment", "MRD #2", 'says "yes"', "a,b;c", "two\nlines", "", "ends with space "]


def test_text_reads_back_even_where_it_looks_like_a_comment() -> None:
    frame = pd.DataFrame({"group": TEXT, "n": range(len(TEXT))})
    back = read(to_csv(frame, PROVENANCE), keep_default_na=False)
    assert back["group"].tolist() == TEXT
    assert back["n"].tolist() == list(range(len(TEXT)))


FORMULAS = [
    "\tx",
    "\rx",
    "\nx",
    "＝1+1",
    "\u00a0=1",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    " =1",
    "\t=1",
    "\r=1",
    '=HYPERLINK("http://x","y")',
]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_does_not_become_a_formula(text: str) -> None:
    frame = pd.DataFrame({text: [text], "x": [-1.5]})
    content = to_csv(frame, PROVENANCE).decode("utf-8-sig")
    header, row = list(csv.reader(io.StringIO(content.split("any one child.\n")[1], newline="")))
    assert header[0] == row[0] == f"'{text}"
    assert row[1] == "-1.5"


def test_the_frame_given_is_not_changed() -> None:
    frame = pd.DataFrame({"=a": ["=1"]})
    to_csv(frame, PROVENANCE)
    assert list(frame.columns) == ["=a"] and frame["=a"].tolist() == ["=1"]


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_a_cohort_is_called_the_table_stays_readable(name: str, selection: str) -> None:
    provenance = Provenance("t", name, selection, "m", "v", False, date(2026, 1, 31), (name,))
    frame = pd.DataFrame({"label": ["a", "b"], "x": [1, 2]})
    content = to_csv(frame, provenance)
    pd.testing.assert_frame_equal(read(content), frame)
    assert len(comments(content)) == len(provenance.lines())
    for separator in ",;|\t":
        rows = csv.reader(comments(content), delimiter=separator)
        cells = [cell for row in rows for cell in row[1:]]
        assert not any(cell.lstrip().startswith(tuple("=+-@＝＋－＠")) for cell in cells)
        assert rows.line_num == len(comments(content)), "a quotation mark runs on over the end of a line"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ('x,"=1+1"', "Cohort: x,'=1+1'"),
        ("x,=1+1", "Cohort: x,'=1+1"),
        ("x; @SUM(A1)", "Cohort: x; '@SUM(A1)"),
        ("x|+1", "Cohort: x|'+1"),
        ('x,"open', "Cohort: x,'open"),
        ("x,\t-1", "Cohort: x, '-1"),
    ],
)
def test_no_part_of_a_comment_becomes_a_formula(name: str, said: str) -> None:
    provenance = Provenance("t", name, "s", "m", "v", False, date(2026, 1, 31))
    assert said in comments(to_csv(pd.DataFrame({"n": [1]}), provenance))


# File names


def test_file_names_tell_what_and_of_whom() -> None:
    day = date(2026, 1, 31)
    assert to_file_stem("relapse-predictors", "BCR::ABL1 positive", "", day=day) == (
        "relapse-predictors_bcr-abl1-positive_2026-01-31"
    )
    assert to_file_stem("Überleben / 2", "白血病", day=day) == "berleben-2_2026-01-31"


@settings(deadline=None)
@given(st.lists(st.text(max_size=200), max_size=4))
def test_file_names_are_safe_on_every_system(parts: list[str]) -> None:
    stem = to_file_stem(*parts, day=date(2026, 1, 31))
    assert stem.endswith("2026-01-31")
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
    assert len(stem) <= 61 * len(parts) + 10
