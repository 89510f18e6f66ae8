"""Cohorts against the same counts made patient by patient; files, versions, derivations, threads."""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.cohort import Cohort, Range, counts, duckdb_engine, open_cohort, protect_cohort, validation
from analytics.cohort.filters import Clause, CohortFilter, FilterError, Funnel
from analytics.cohort.opening import open_patients
from analytics.cohort.problems import CohortError
from analytics.dictionary import open_dictionary
from tests.cohort import cohort_oracle as oracle
from tests.cohort.cohort_oracle import ROWS, SMALL, as_tuples, assert_agrees, frame_of, make_rows
from tests.cohort.conftest import OpenEngine
from tests.cohort.test_filters import combined_filters, filters

CODED = [v.name for v in SMALL.variables if v.is_coded]
REFERENCE = Path(__file__).parents[2] / "data" / "reference_cohort.csv"


ALIKE = make_rows(300, seed=2, few_values=True)


EACH_CLAUSE = [
    Clause("sex", ("male",)),
    Clause("sex", ("male",), keep_missing=True),
    Clause("sex", ("female", "male")),
    Clause("sex", keep_missing=True),
    Clause("age_years", low=5.0),
    Clause("age_years", high=5.0),
    Clause("age_years", low=2.0, high=9.5),
    Clause("age_years", low=2.0, high=9.5, keep_missing=True),
    Clause("age_years", keep_missing=True),
    Clause("platelets", low=100.0, high=100.0),
    Clause("platelets_group", ("middle",)),
    Clause("thrombocytopenia", ("yes",), keep_missing=True),
    Clause("relapse_timing_bfm", ("early", "late")),
    Clause("second_relapse", ("no",)),
    Clause("relapsed", low=1.0),
    Clause("os_relapse_days", low=250.0, keep_missing=True),
    Clause("age_years", low=200.0),
]


@pytest.mark.parametrize("clause", EACH_CLAUSE, ids=str)
def test_each_kind_of_clause(cohort: Cohort, clause: Clause) -> None:
    rows = oracle.derive(ROWS, SMALL)
    assert_agrees(cohort, rows, CohortFilter((clause,)), ["sex", "relapse_timing_bfm"])
    beside = CohortFilter((clause, Clause("mrd", ("positive",), keep_missing=True)))
    assert_agrees(cohort, rows, beside, ["relapsed", "os_relapse_days", "mrd"])


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_filters(quick_cohort: Cohort, data: st.DataObject) -> None:
    columns = data.draw(st.lists(st.sampled_from(quick_cohort.variables), unique=True, min_size=1, max_size=4))
    assert_agrees(quick_cohort, oracle.derive(ROWS, SMALL), data.draw(filters(SMALL)), columns)


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_filters_combined_with_others(quick_cohort: Cohort, data: st.DataObject) -> None:
    assert_agrees(quick_cohort, oracle.derive(ROWS, SMALL), data.draw(combined_filters(SMALL)), ["sex", "mrd"])


@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_random_patients(quick_engine: OpenEngine, data: st.DataObject) -> None:
    rows = make_rows(
        data.draw(st.integers(1, 30)), data.draw(st.integers(0, 1000)), few_values=data.draw(st.booleans())
    )
    quick_cohort = quick_engine(frame_of(rows), SMALL)
    for _ in range(4):
        columns = data.draw(st.lists(st.sampled_from(quick_cohort.variables), unique=True, min_size=1, max_size=4))
        assert_agrees(quick_cohort, oracle.derive(rows, SMALL), data.draw(filters(SMALL)), columns)


@pytest.mark.slow
@pytest.mark.parametrize("is_compressed", [True, False])
@pytest.mark.parametrize("is_grouped", [True, False])
def test_compression_and_grouping_change_no_count(
    monkeypatch: pytest.MonkeyPatch, is_compressed: bool, is_grouped: bool
) -> None:
    monkeypatch.setattr(duckdb_engine, "MAX_SHARE_DISTINCT", 1.5 if is_compressed else 0.0)
    monkeypatch.setattr(counts, "MAX_ROWS_UNGROUPED", 0 if is_grouped else 20_000)
    alike = open_cohort(frame_of(ALIKE), SMALL)
    assert (n_rows_of(frame_of(ALIKE)) < len(ALIKE)) is is_compressed
    rows = oracle.derive(ALIKE, SMALL)
    for clause in EACH_CLAUSE:
        cohort_filter = CohortFilter((clause, Clause("mrd", ("negative",)), Clause("cns_status", ("CNS1", "CNS2"))))
        assert_agrees(alike, rows, cohort_filter.with_clause(clause), ["age_years", "sex"])
        apart = CohortFilter((Clause("sex", ("female",)),)).leaving_out(CohortFilter((clause,)))
        assert_agrees(alike, rows, apart, ["age_years", "sex"])
    assert_agrees(alike, rows, CohortFilter(), ["salvage"])
    ages = [row["age_years"] for row in rows if row["age_years"] is not None]
    assert alike.ranges()["age_years"] == Range(min(ages), max(ages), len(rows) - len(ages), decimals=1)


def n_rows_of(frame: pd.DataFrame) -> int:
    """The rows in which an engine holds the patients of a frame, all of whom they stand for."""
    patients = open_patients(frame, SMALL).engine
    columns = patients.schema("patients")
    assert "patient_id" not in columns
    n = "sum(n)" if "n" in columns else "count(*)"
    (total,), (n_rows,) = patients.run(f"SELECT {n} AS n, count(*) AS n_rows FROM patients").values()
    assert total == len(frame)
    return int(n_rows)


def test_rows_that_are_alike_are_checked_and_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    repeated = [{**row, "patient_id": f"{row['patient_id']}-{i}"} for row in make_rows(60, seed=5) for i in range(4)]
    plain = open_cohort(frame_of(repeated), SMALL)
    monkeypatch.setattr(duckdb_engine, "LEAST_JOINED", 10)
    joined = open_cohort(frame_of(repeated), SMALL)
    assert n_rows_of(frame_of(repeated)) == 60
    assert (joined.n, joined.synthetic, joined.notes) == (240, True, plain.notes)
    assert joined.dictionary == plain.dictionary
    for clause in EACH_CLAUSE:
        assert_agrees(joined, oracle.derive(repeated, SMALL), CohortFilter((clause,)), ["age_years", "sex"])
    wrong = frame_of(repeated).assign(os_relapse_days=-1.0)
    with pytest.raises(CohortError, match="os_relapse_days is negative for 240 of 240 patients"):
        open_cohort(wrong, SMALL)
    twice = frame_of([*repeated, repeated[0], {**repeated[1], "patient_id": None}])
    with pytest.raises(CohortError, match=r"(?s)1 identifier stands in several rows.*blank for 1 of 242 patients"):
        open_cohort(twice, SMALL)


@pytest.mark.parametrize("n_files", [1, 7])
def test_large_folders_are_read_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, n_files: int) -> None:
    for i in range(n_files):
        frame_of(ROWS).iloc[i::n_files].to_parquet(tmp_path / f"{i}.parquet")
    monkeypatch.setattr(duckdb_engine, "PART_ROWS", 100)
    monkeypatch.setattr(validation, "MOST_AT_ONCE", 70)
    parts = open_cohort(tmp_path, SMALL)
    assert parts == open_cohort(frame_of(ROWS), SMALL)
    assert_agrees(parts, oracle.derive(ROWS, SMALL), CohortFilter((Clause("age_years", low=5.0),)), ["sex", "mrd"])
    frame_of(ROWS[:1]).to_parquet(tmp_path / "again.parquet")
    with pytest.raises(CohortError, match="1 identifier stands in several rows"):
        open_cohort(tmp_path, SMALL)


def test_alike_patients_are_joined_only_where_that_halves_the_table() -> None:
    distinct = make_rows(60, seed=5)
    assert n_rows_of(frame_of(distinct)) == 60
    repeated = [{**row, "patient_id": f"{row['patient_id']}-{i}"} for row in distinct for i in range(4)]
    assert n_rows_of(frame_of(repeated)) == 60


def test_alike_patients_are_counted_each(engine: OpenEngine) -> None:
    repeated = [{**row, "patient_id": f"{row['patient_id']}-{i}"} for row in make_rows(60, seed=5) for i in range(4)]
    joined = engine(frame_of(repeated), SMALL)
    assert joined.n == 240
    for clause in EACH_CLAUSE:
        assert_agrees(joined, oracle.derive(repeated, SMALL), CohortFilter((clause,)), ["age_years", "sex"])


def test_tallies_have_the_dictionary_s_levels_and_plain_types(cohort: Cohort) -> None:
    tally = cohort.tally(["cns_status", "age_years", "relapsed"])
    assert list(tally["cns_status"].cat.categories) == ["CNS1", "CNS2", "CNS3"]
    assert tally.dtypes[["age_years", "relapsed", "n"]].tolist() == [np.float64, np.float64, np.int64]
    assert tally["n"].sum() == cohort.n == 300
    nobody = cohort.tally(["cns_status", "age_years"], CohortFilter((Clause("age_years", low=119.0),)))
    assert nobody.empty
    assert list(nobody["cns_status"].cat.categories) == ["CNS1", "CNS2", "CNS3"]
    assert nobody.dtypes[["age_years", "n"]].tolist() == [np.float64, np.int64]
    pd.testing.assert_frame_equal(tally, cohort.tally(["cns_status", "age_years", "relapsed"]))


def test_a_tally_of_no_columns_counts_everybody(cohort: Cohort) -> None:
    assert cohort.tally([]).to_dict("list") == {"n": [300]}
    assert cohort.tally([], CohortFilter((Clause("age_years", low=119.0),))).to_dict("list") == {"n": [0]}


def test_patients_cannot_be_singled_out(cohort: Cohort) -> None:
    assert "patient_id" not in cohort.variables
    with pytest.raises(KeyError, match=r"'patient_id' is not in this cohort. At hand: age_years"):
        cohort.tally(["patient_id"])
    with pytest.raises(FilterError, match="'patient_id' is no variable to filter by"):
        cohort.count(CohortFilter((Clause("patient_id", ("SYN00001",)),)))


def test_a_column_is_tallied_once(cohort: Cohort) -> None:
    with pytest.raises(ValueError, match="each column once: sex, sex"):
        cohort.tally(["sex", "sex"])


@pytest.mark.parametrize("ask", [Cohort.count, Cohort.funnel, Cohort.level_counts])
def test_filters_that_do_not_fit_are_refused(cohort: Cohort, ask: Callable[[Cohort, CohortFilter], object]) -> None:
    with pytest.raises(FilterError, match=r"sex has no level 'boy'. Known: female, male"):
        ask(cohort, CohortFilter((Clause("sex", ("boy",)),)))


def test_ranges_cover_the_whole_cohort(cohort: Cohort) -> None:
    ages = [row["age_years"] for row in ROWS if row["age_years"] is not None]
    ranges = cohort.ranges()
    assert ranges["age_years"] == Range(min(ages), max(ages), 300 - len(ages), decimals=1)
    assert list(ranges) == ["age_years", "platelets"]


def test_a_number_nobody_has_has_no_range(engine: OpenEngine) -> None:
    rows = [{**row, "age_years": None} for row in ROWS[:5]]
    assert engine(frame_of(rows), SMALL).ranges()["age_years"] == Range(None, None, 5)


def test_the_funnel_without_clauses_is_the_cohort(cohort: Cohort) -> None:
    assert cohort.funnel(CohortFilter()) == Funnel(300)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same patients as CSV, with semicolons, as Parquet, and as Parquet of text in another order."""
    folder = tmp_path_factory.mktemp("files")
    frame = frame_of(ROWS)
    paths = {name: folder / name for name in ("plain.csv", "semicolon[1].csv", "plain.parquet", "text.parquet")}
    frame.to_csv(paths["plain.csv"], index=False)
    frame.to_csv(paths["semicolon[1].csv"], index=False, sep=";", encoding="utf-8-sig", lineterminator="\r\n")
    frame.astype({"sex": "category"}).to_parquet(paths["plain.parquet"])
    shuffled = frame.sample(frac=1, random_state=1)[list(reversed(frame.columns))]
    shuffled.astype(object).map(lambda x: None if pd.isna(x) else str(x)).to_parquet(paths["text.parquet"], index=False)
    return paths


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain.csv", "semicolon[1].csv", "plain.parquet", "text.parquet"])
def test_every_kind_of_file_gives_the_same_cohort(cohort: Cohort, files: dict[str, Path], name: str) -> None:
    opened, framed = open_cohort(str(files[name]), SMALL), open_cohort(frame_of(ROWS), SMALL)
    assert opened == framed
    assert hash(opened) == hash(framed)
    assert opened.data_version == framed.data_version
    assert opened.name == files[name].stem
    assert (opened.n, opened.variables, opened.notes, opened.synthetic) == (300, cohort.variables, cohort.notes, True)
    columns = list(cohort.variables)
    pd.testing.assert_frame_equal(opened.tally(columns), cohort.tally(columns))


def test_the_version_changes_with_any_value(engine: OpenEngine) -> None:
    frame = frame_of(ROWS)
    version = engine(frame, SMALL).data_version
    assert engine(frame.iloc[::-1], SMALL).data_version == version
    place = {name: int(frame[name].notna().idxmax()) for name in frame.columns}
    for name, value in {"age_years": 17.95, "mrd": None, "os_relapse_days": 199.5, "patient_id": "SYN99999"}.items():
        changed = frame.copy()
        changed.loc[place[name], name] = value
        assert engine(changed, SMALL).data_version != version, name
    assert engine(frame.iloc[1:], SMALL).data_version != version
    assert engine(frame.drop(columns="cns_status"), SMALL).data_version != version


def test_values_swapped_between_patients_change_the_version(engine: OpenEngine) -> None:
    frame = frame_of(ROWS)
    swapped = frame.copy()
    first, second = frame.index[frame["sex"] == "male"][0], frame.index[frame["sex"] == "female"][0]
    swapped.loc[[first, second], "sex"] = ["female", "male"]
    assert engine(swapped, SMALL).data_version != engine(frame, SMALL).data_version


def test_large_files_have_a_version_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_engine, "MAX_MD5_ROWS", 10)
    frame = frame_of(ROWS[:20])
    version = open_cohort(frame, SMALL).data_version
    assert open_cohort(frame.iloc[::-1], SMALL).data_version == version
    assert open_cohort(frame.assign(age_years=3.0), SMALL).data_version != version


def test_real_patients_are_not_called_synthetic() -> None:
    frame = frame_of(ROWS[:10])
    assert open_cohort(frame, SMALL).synthetic
    frame.loc[3, "patient_id"] = "A17"
    mixed = open_cohort(frame, SMALL)
    assert not mixed.synthetic
    note = next(note for note in mixed.notes if note.code == "partly-synthetic")
    assert note.severity == "warning" and note.text.startswith("9 of 10 patients")
    frame["patient_id"] = [f"A{i}" for i in range(10)]
    assert "partly-synthetic" not in {note.code for note in open_cohort(frame, SMALL).notes}


def test_a_column_the_file_brings_is_not_derived_again() -> None:
    frame = frame_of(ROWS[:20]).assign(platelets=20.0, thrombocytopenia="no").drop(columns="end_of_therapy_days")
    brought = open_cohort(frame, SMALL)
    assert as_tuples(brought.tally(["platelets_group", "thrombocytopenia"])) == [("low", "no", 20)]
    assert [note.code for note in brought.notes] == ["derived-differs"]
    assert "20 patients" in brought.notes[0].text


def test_what_cannot_be_derived_is_not_offered() -> None:
    bare = open_cohort(frame_of(ROWS)[["patient_id", "sex", "relapse_days", "second_relapse_days"]], SMALL)
    assert bare.variables == ("sex", "relapse_days", "second_relapse_days")
    assert [v.name for v in bare.dictionary.filters] == ["sex"]
    assert bare.dictionary.endpoints == ()
    assert list(bare.level_counts()) == ["sex"]
    assert bare.ranges() == {}


def test_a_cohort_keeps_the_words_of_its_dictionary_and_the_roles_that_it_has() -> None:
    dictionary = open_dictionary()
    full = pd.read_csv(REFERENCE).drop(columns=["hsct_days", "sex", "immunophenotype"])
    bare = open_cohort(full).dictionary
    assert bare.words == dictionary.words
    assert "HSCT day" not in bare.roles and bare.role("CAR-T day") == "cart_days"
    assert bare.listed("factors at diagnosis") == ("age_group", "white_cells_group")
    assert bare.listed("subgroups") == tuple(
        v for v in dictionary.listed("subgroups") if v not in ("sex", "immunophenotype")
    )


def test_relapses_without_end_of_therapy_are_noted() -> None:
    frame = frame_of(ROWS).assign(end_of_therapy_days=np.nan)
    late = sum(1 for row in ROWS if (row.get("relapse_days") or 0) > 547.875)
    notes = {note.code: note for note in open_cohort(frame, SMALL).notes}
    assert f"{late} patients" in notes["timing-unknown"].text


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("Positive ", "positive"),
        ("POSITIVE", "positive"),
        ("1", "positive"),
        (1, "positive"),
        (1.0, "positive"),
        (True, "positive"),
        ("yes", "positive"),
        ("True", "positive"),
        ("0", "negative"),
        ("no", "negative"),
        (False, "negative"),
        ("", None),
        ("NA", None),
        ("not done", None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_levels_may_be_written_in_several_ways(written: object, level: str | None) -> None:
    frame = pd.DataFrame({"patient_id": ["A"], "sex": ["male"], "mrd": [written]})
    assert as_tuples(open_cohort(frame, SMALL).tally(["mrd"])) == [(level, 1)]


def test_columns_of_pandas_types_are_read() -> None:
    frame = frame_of(ROWS)
    typed = frame.convert_dtypes().astype({"sex": "category"})
    typed["relapsed"] = typed["relapsed"].astype("boolean")
    assert open_cohort(typed, SMALL) == open_cohort(frame, SMALL)


def test_many_threads_get_the_answers_of_one(engine: OpenEngine, cohort: Cohort) -> None:
    asked = [CohortFilter((clause,)) for clause in EACH_CLAUSE]

    def answer(cohort_filter: CohortFilter) -> tuple[object, ...]:
        tally = cohort.tally(["age_years", "mrd"], cohort_filter)
        return (
            as_tuples(tally),
            cohort.count(cohort_filter),
            cohort.level_counts(cohort_filter),
            cohort.funnel(cohort_filter),
        )

    alone = [answer(cohort_filter) for cohort_filter in asked]
    fresh = engine(frame_of(ROWS), SMALL)
    assert fresh == cohort
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(answer, asked * 12)) == alone * 12


def list_engines() -> list[object]:
    return [found for found in gc.get_objects() if isinstance(found, duckdb_engine.DuckDBEngine)]


@pytest.mark.parametrize("smallest_cell", [0, 5])
def test_patients_go_with_the_last_who_asks_of_them(smallest_cell: int) -> None:
    gc.collect()
    gc.disable()  # a cycle would keep them, and the engine's threads, until some later collection
    try:
        before = len(list_engines())
        cohort = open_cohort(frame_of(ROWS), SMALL)
        cohort = protect_cohort(cohort, smallest_cell) if smallest_cell else cohort
        assert cohort.level_counts(CohortFilter((Clause("sex", ("male",)),))) and len(cohort.tally(["sex"]))
        assert len(list_engines()) == before + 1
        del cohort
        assert len(list_engines()) == before
    finally:
        gc.enable()


def test_the_reference_cohort_opens_without_remarks() -> None:
    reference = open_cohort(REFERENCE)
    assert reference.n == 436
    assert reference.synthetic
    assert reference.notes == ()
    absent = {"patient_id", "first_remission", "induction_failure_days"}
    assert {v.name for v in open_dictionary().variables} - set(reference.variables) == absent
    assert len(reference.dictionary.endpoints) == len(open_dictionary().endpoints)


def test_subgroups_of_cns_status_are_read() -> None:
    words = ["CNS 1", "cns1", "CNS 2", "CNS2a", "CNS 2c", "CNS 3", "CNS3b"]
    frame = pd.DataFrame({"patient_id": range(len(words)), "cns_status": words})
    assert open_cohort(frame).tally(["cns_status"])["n"].tolist() == [2, 3, 2]
