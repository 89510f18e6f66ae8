"""Tables for readers: counts that add up, quantiles of repeated rows, text that cannot break a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.estimators import weighted_quantiles
from analytics.frames import EVERYONE
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import (
    Table,
    labels_of,
    table_frame,
    tabulate_dictionary,
    tabulate_endpoints,
)
from analytics.study.baseline import tabulate_baseline
from analytics.study.published import open_published, recompute
from analytics.study.tables import tabulate_published, tabulate_readings


@pytest.fixture(scope="module")
def cohort(root: Path) -> Cohort:
    return open_cohort(root / "data" / "reference_cohort.csv")


@pytest.fixture(scope="module")
def patients(root: Path) -> pd.DataFrame:
    return pd.read_csv(root / "data" / "reference_cohort.csv")


# Quantiles


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 5)), min_size=1, max_size=30),
    st.lists(st.floats(0, 1), max_size=4),
)
def test_weighted_quantiles_are_those_of_the_repeated_rows(rows: list[tuple[float, int]], at: list[float]) -> None:
    values, weight = np.array([v for v, _ in rows]), np.array([w for _, w in rows])
    repeated = np.repeat(values, weight)
    at = [0.0, 0.25, 0.5, 0.75, 1.0, *at]
    found = weighted_quantiles(values, weight, at)
    if not len(repeated):
        assert found is None
    else:
        assert found == pytest.approx(np.quantile(repeated, at), rel=1e-12, abs=1e-9)


def test_a_quantile_between_two_children_is_interpolated() -> None:
    assert weighted_quantiles(np.array([4.0, 1.0]), np.array([1, 3]), (0.5, 0.75, 0.9)) == pytest.approx(
        (1.0, 1.75, 3.1)
    )


def test_quantiles_of_ten_million_children_need_no_repetition() -> None:
    values, weight = np.arange(100.0), np.full(100, 100_000)
    assert weighted_quantiles(values, weight, (0.5,)) == (49.5,)


# Table 1


def cells_of(table: Table, label: str) -> dict[str, tuple[str, ...]]:
    """The rows under a variable's row, by their label."""
    start = next(i for i, row in enumerate(table.rows) if row[0] == label)
    rows = {}
    for row, indented in list(zip(table.rows, table.indent, strict=True))[start + 1 :]:
        if not indented:
            break
        rows[row[0]] = row[1:]
    return rows


def count_in(cell: str) -> int:
    found = re.match(r"[\d\u202f]+", cell)
    assert found, cell
    return int(found[0].replace("\u202f", ""))


def test_the_columns_are_everyone_and_both_outcomes(cohort: Cohort, patients: pd.DataFrame) -> None:
    table = tabulate_baseline(cohort, CohortFilter(), cohort.dictionary.covariates)
    n = patients["relapsed"].value_counts()
    assert table.columns == ("", f"All (n = {len(patients)})", f"No relapse (n = {n[0]})", f"Relapse (n = {n[1]})")


def test_counts_are_those_of_the_file_and_add_up(cohort: Cohort, patients: pd.DataFrame) -> None:
    table = tabulate_baseline(cohort, CohortFilter(), cohort.dictionary.covariates)
    for variable in cohort.dictionary.covariates:
        if not variable.is_coded or variable.name not in patients:
            continue
        rows = cells_of(table, variable.label)
        counted = pd.crosstab(patients[variable.name], patients["relapsed"])
        for level in variable.levels:
            expected = counted.loc[level] if level in counted.index else pd.Series([0, 0])
            found = [count_in(cell) for cell in rows[variable.level_label(level)]]
            assert found == [expected.sum(), *expected]
        totals = np.sum([[count_in(cell) for cell in cells] for cells in rows.values()], axis=0)
        assert totals.tolist() == [436, 372, 64]


def test_shares_are_of_those_recorded(cohort: Cohort, patients: pd.DataFrame) -> None:
    table = tabulate_baseline(cohort, CohortFilter(), [cohort.dictionary["etv6_runx1"]])
    known = patients["etv6_runx1"].dropna()
    positive = (known == "positive").sum()
    rows = cells_of(table, "ETV6::RUNX1")
    assert rows["positive"][0] == f"{positive} ({100 * positive / len(known):.1f}\u00a0%)"
    assert rows["not tested"][0] == str(len(patients) - len(known))


def test_numbers_are_the_median_and_quartiles_of_the_file(cohort: Cohort, patients: pd.DataFrame) -> None:
    table = tabulate_baseline(cohort, CohortFilter(), [cohort.dictionary["age_years"]])
    low, median, high = patients["age_years"].quantile([0.25, 0.5, 0.75])
    assert table.rows[0][:2] == ("Age at diagnosis (years)", f"{median:.1f} ({low:.1f} to {high:.1f})")
    late = patients.loc[patients["relapsed"] == 1, "age_years"].quantile([0.25, 0.5, 0.75])
    assert table.rows[0][3] == f"{late[0.5]:.1f} ({late[0.25]:.1f} to {late[0.75]:.1f})"


def test_nobody_left_is_zero_without_per_cent(cohort: Cohort) -> None:
    nobody = CohortFilter((Clause("platelets", low=1999),))
    table = tabulate_baseline(cohort, nobody, cohort.dictionary.covariates)
    assert table.columns[1:] == ("All (n = 0)", "No relapse (n = 0)", "Relapse (n = 0)")
    cells = {cell for row in table.rows for cell in row[1:]}
    assert cells == {"", "0", "–"}


def test_one_outcome_alone_leaves_the_other_column_empty(cohort: Cohort) -> None:
    relapsed = CohortFilter((Clause("relapse_site", ("isolated CNS",)),))
    table = tabulate_baseline(cohort, relapsed, [cohort.dictionary["sex"], cohort.dictionary["age_years"]])
    assert table.columns[2] == "No relapse (n = 0)"
    assert [row[2] for row in table.rows] == ["", "0", "0", "–"]


def test_a_cohort_without_relapses_has_the_column_of_everyone(patients: pd.DataFrame) -> None:
    cohort = open_cohort(patients[["patient_id", "age_years", "sex"]])
    table = tabulate_baseline(cohort, CohortFilter(), [cohort.dictionary["sex"], cohort.dictionary["age_years"]])
    assert table.columns == ("", "All (n = 436)")
    assert {len(row) for row in table.rows} == {2}


def test_an_unknown_outcome_has_a_column_of_its_own(patients: pd.DataFrame) -> None:
    some = patients[["patient_id", "age_years", "sex", "relapsed"]].copy()
    some.loc[some["sex"] == "male", "relapsed"] = np.nan
    cohort = open_cohort(some)
    table = tabulate_baseline(cohort, CohortFilter(), [cohort.dictionary["sex"], cohort.dictionary["age_years"]])
    male = int((some["sex"] == "male").sum())
    assert table.columns[4] == f"Relapse not recorded (n = {male})"
    for row in cells_of(table, "Sex").values():
        assert count_in(row[0]) == sum(count_in(cell) for cell in row[1:])
    assert table.rows[-1][4] != "–"


# HTML


class Cells(HTMLParser):
    """The text of a table and the tags that hold it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.titles: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.titles += [value or "" for name, value in attrs if name == "title"]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


KNOWN_TAGS = {"div", "table", "caption", "colgroup", "col", "thead", "tbody", "tr", "th", "td", "p", "span", "br", "b"}
NASTY = """<script>alert("1")</script>&amp;'"<img src=x onerror=alert(1)>"""


def test_nothing_in_a_cell_becomes_markup() -> None:
    table = Table(NASTY, (NASTY, NASTY), ((NASTY, NASTY),), (True,), (NASTY, NASTY), NASTY)
    seen = Cells(table.to_html())
    assert set(seen.tags) <= KNOWN_TAGS
    assert [text for text in seen.texts if NASTY in text] == [NASTY] * 6
    assert seen.titles == [NASTY, NASTY]


def test_rows_that_belong_to_another_are_marked() -> None:
    html = Table("t", ("a", "b"), (("x", "1"), ("y", "2")), (False, True)).to_html()
    assert '<tr class="group"><th scope="row">x</th>' in html
    assert '<tr class="indent"><th scope="row">y</th>' in html


def test_a_table_without_rows_is_still_a_table() -> None:
    table = Table("t", ("a", "b"), ())
    assert "<tbody></tbody>" in table.to_html()
    assert table_frame(table).shape == (0, 2)


def test_the_frame_of_a_table_holds_its_text() -> None:
    frame = table_frame(Table("t", ("a", "b"), (("x", "1"), ("y", "2"))))
    assert frame.to_dict("list") == {"a": ["x", "y"], "b": ["1", "2"]}


# The other tables


def test_labels_are_in_the_order_of_the_levels(cohort: Cohort) -> None:
    variable = cohort.dictionary["relapse_site_group"]
    assert list(labels_of(variable)) == list(variable.levels)
    assert list(labels_of(variable).values()) == list(variable.level_labels)
    assert labels_of(None) == {EVERYONE: "Everyone"}


def all_cells(table: Table) -> Iterator[str]:
    yield from (table.title, table.caption, *table.columns, *table.help)
    yield from (cell for row in table.rows for cell in row)


@pytest.mark.parametrize(
    "clauses",
    [(), (Clause("mrd_day46", ("positive",)),), (Clause("platelets", low=1999),)],
    ids=["all", "some", "none"],
)
def test_published_figures_stand_beside_those_of_the_selection(cohort: Cohort, clauses: tuple[Clause, ...]) -> None:
    published = open_published()
    recomputation = recompute(published, cohort, CohortFilter(clauses))
    table = tabulate_published(recomputation, whole=not clauses)
    assert sum(table.indent) == len(published.figures)
    inside = [row for row, indented in zip(table.rows, table.indent, strict=True) if indented]
    assert [row[0] for row in inside] == [figure.label for figure in published.figures]
    assert not any(re.search(r"\b(nan|inf|None)\b", cell) for cell in all_cells(table))
    agreeing = sum(row[-1] == "✓\u00a0as\u00a0printed" for row in inside)
    assert agreeing == (0 if clauses else sum(f.agrees for f in recomputation.figures))
    for entry, row in zip(recomputation.figures, inside, strict=True):
        assert (row[2] == "–") == (entry.estimate.value is None)
        if entry.estimate.value is None:
            assert row[-1] == say_reason(entry.estimate.reason)


def test_the_dictionary_is_listed_in_full(cohort: Cohort) -> None:
    variables, endpoints = tabulate_dictionary(cohort.dictionary), tabulate_endpoints(cohort.dictionary)
    assert [row[1] for row in variables.rows] == [v.name for v in cohort.dictionary.variables]
    assert [row[0] for row in endpoints.rows] == [e.label for e in cohort.dictionary.endpoints]
    coded = {v.name: v for v in cohort.dictionary.variables if v.is_coded}
    for row in variables.rows:
        assert row[3]
        if row[1] in coded:
            variable = coded[row[1]]
            assert row[3].count("(reference)") == 1
            assert f"{variable.level_label(variable.reference)} (reference)" in row[3]


def test_what_the_abstract_leaves_open_is_said() -> None:
    published = open_published()
    rows = dict(tabulate_readings(published).rows)
    assert rows["Marrow relapse, HSCT"].startswith(
        "Counted from relapse, at 60 months, by the treatment finally given;"
    )
    assert len(rows) == sum(bool(figure.reading) for figure in published.figures) > 0


def test_table_1_takes_another_column_and_tells_how_far_columns_lie_apart(root: Path) -> None:
    patients = pd.read_csv(root / "data" / "reference_cohort.csv")
    cohort = open_cohort(patients)
    dictionary = cohort.dictionary
    variables = [dictionary["age_years"], dictionary["sex"], dictionary["risk_group"]]
    table = tabulate_baseline(cohort, CohortFilter(), variables, by=dictionary["sex"], differences=True)
    assert table.columns == ("", "All (n = 436)", "girls (n = 179)", "boys (n = 257)", "SMD")
    assert [row[0] for row in table.rows if row[-1]] == ["Age at diagnosis (years)", "Risk group"], "not by itself"
    ages = patients.groupby("sex")["age_years"].agg(["mean", "var"])
    expected = abs(ages["mean"].diff().iloc[-1]) / np.sqrt(ages["var"].mean())
    assert float(table.rows[0][-1]) == pytest.approx(expected, abs=0.005)
    groups = tabulate_baseline(cohort, CohortFilter(), variables, by=dictionary["relapse_site_group"], differences=True)
    assert sum("n = " in column for column in groups.columns) == 5, "all, three sites, and those without relapse"


def test_table_1_of_two_selections_has_a_column_for_each(root: Path) -> None:
    cohort = open_cohort(pd.read_csv(root / "data" / "reference_cohort.csv"))
    dictionary = cohort.dictionary
    variables = [dictionary["age_years"], dictionary["risk_group"], dictionary["mrd_day46"]]
    girls, boys = (CohortFilter((Clause("sex", (sex,)),)) for sex in ("female", "male"))
    table = tabulate_baseline(cohort, girls, variables, beside=boys, differences=True)
    by_sex = tabulate_baseline(cohort, CohortFilter(), variables, by=dictionary["sex"], differences=True)
    assert table.columns == ("", "A (n = 179)", "B (n = 257)", "SMD")
    assert table.rows == tuple((row[0], *row[2:]) for row in by_sex.rows), "the two make up a variable of two levels"
    assert "A: Sex: girls. B: Sex: boys." in table.caption
    # Where the two overlap, those in both count on either side, unless they are left out.
    old = CohortFilter((Clause("age_years", low=10),))
    n_old, both = cohort.count(old), cohort.count(CohortFilter((*girls.clauses, *old.clauses)))
    assert tabulate_baseline(cohort, girls, variables, beside=old).columns[2] == f"B (n = {n_old})"
    alone = tabulate_baseline(cohort, girls, variables, beside=old.leaving_out(girls))
    assert alone.columns[2] == f"B (n = {n_old - both})"
    nobody = tabulate_baseline(cohort, girls, variables, beside=girls.leaving_out(CohortFilter()), differences=True)
    assert nobody.columns[2] == "B (n = 0)" and {row[-1] for row in nobody.rows} == {"–", ""}
