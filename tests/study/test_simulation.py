"""The committed simulation is read and shown as it stands in its file."""

from __future__ import annotations

import tomllib

import pytest

from analytics.cohort import open_cohort
from analytics.reporting.tables import tabulate_competing
from analytics.study.simulation import SIMULATION_PATH, open_simulation
from analytics.study.tables import tabulate_simulation
from pages.components.cache import REFERENCE_COHORT

FILE = tomllib.loads(SIMULATION_PATH.read_text(encoding="utf-8"))


def test_every_result_of_the_file_is_read() -> None:
    simulation = open_simulation()
    assert [(m.label, m.n, m.share.value) for m in simulation.methods] == [
        (r["label"], r["n"], r["share_below_0_05"]) for r in FILE["result"]
    ]
    assert all(
        m.share.interval and m.share.interval.low <= m.share.value <= m.share.interval.high for m in simulation.methods
    )


def test_what_opens_by_default_stays_at_five_per_cent_and_the_naive_answer_does_not() -> None:
    methods = {r["method"]: [] for r in FILE["result"]}
    for r in FILE["result"]:
        methods[r["method"]].append(r)
    naive = [r for code, found in methods.items() if code.startswith("naive") for r in found]
    default = [r for code, found in methods.items() if "mantel" in code or "time" in code for r in found]
    assert naive and default
    assert all(r["share_below_0_05"] > 0.5 and r["biased"] for r in naive)
    assert all(r["share_below_0_05"] < 0.065 and not r["biased"] for r in default)


def test_table_has_one_row_per_method_and_marks_the_biased_ones() -> None:
    simulation = open_simulation()
    table = tabulate_simulation(simulation)
    labels = list(dict.fromkeys(m.label for m in simulation.methods))
    heads = [row[0] for row, is_below in zip(table.rows, table.indent, strict=True) if not is_below]
    assert [head.removesuffix(" (biased)") for head in heads] == labels
    assert {head for head in heads if head.endswith("(biased)")} == {
        f"{m.label} (biased)" for m in simulation.methods if m.is_biased
    }
    assert "true hazard ratio 1" in table.caption
    below = [row for row, is_below in zip(table.rows, table.indent, strict=True) if is_below]
    assert len(below) == len(simulation.methods)
    assert "–" not in {cell for row in below for cell in row[:3]}


def test_table_says_how_many_were_treated_by_the_landmark() -> None:
    table = tabulate_simulation(open_simulation())
    place = next(i for i, row in enumerate(table.rows) if row[0] == "treated by the landmark at 90 days, log-rank test")
    few, many = table.rows[place + 1 : place + 3]
    assert (few[:2], many[:2]) == (("n = 64", "2.9"), ("n = 436", "20.0"))
    assert "an association, not an effect" in table.caption


def test_competing_events_are_defined_in_words() -> None:
    dictionary = open_cohort(REFERENCE_COHORT).dictionary
    table = tabulate_competing(dictionary)
    assert len(table.rows) == len(dictionary.competing) == 2
    assert table.rows[0][2] == "relapse, death in first remission"
    assert all(all(row) for row in table.rows)


def test_incomplete_file_is_refused(tmp_path) -> None:
    file = tmp_path / "simulation.toml"
    file.write_text('design = "x"\n[[result]]\nlabel = "naive"\n', encoding="utf-8")
    with pytest.raises(KeyError):
        open_simulation(file)
