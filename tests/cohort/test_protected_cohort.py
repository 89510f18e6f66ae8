"""The protected cohort: each of its doors against the true numbers, and how near its estimates stay to the true ones."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.cohort import Cohort, open_cohort, protect_cohort
from analytics.cohort.disclosure import Hidden, SuppressedError, round_count, round_table
from analytics.cohort.filters import Clause, CohortFilter, FilterError
from analytics.cohort.problems import CohortError
from analytics.dictionary import open_dictionary
from analytics.estimators import estimate_odds_ratios, estimate_survival, time_dependent_hazard_ratio
from analytics.formats import FewerThan
from analytics.frames import BinaryOutcome, TimeToEvent, TreatmentHistory, endpoint_columns, history_columns
from tests.benchmarks.cohorts import write_cohort
from tests.cohort import cohort_oracle as oracle
from tests.cohort.cohort_oracle import ROWS, SMALL, frame_of, make_rows
from tests.cohort.conftest import OpenEngine
from tests.cohort.test_filters import filters

DERIVED = oracle.derive(ROWS, SMALL)
REFERENCE = Path(__file__).parents[2] / "data" / "reference_cohort.csv"


@pytest.fixture(scope="module")
def exact(quick_cohort: Cohort) -> Cohort:
    """300 patients."""
    return quick_cohort


@pytest.fixture(scope="module")
def protected(exact: Cohort) -> Cohort:
    """The same, protected."""
    return protect_cohort(exact, 5)


@pytest.mark.parametrize("smallest", [1, 0, -5, 101])
def test_a_smallest_cell_that_protects_nothing_is_refused(exact: Cohort, smallest: int) -> None:
    with pytest.raises(ValueError, match=f"from 2 to 100 children: it is {smallest}"):
        protect_cohort(exact, smallest)


def test_who_the_cohort_is(exact: Cohort, protected: Cohort) -> None:
    assert (protected.n, protected.smallest_cell, protected.notes) == (300, 5, ())
    assert exact.smallest_cell == 0
    kept = (protected.name, protected.data_version, protected.variables, protected.dictionary)
    assert kept == (exact.name, exact.data_version, exact.variables, exact.dictionary)
    assert protect_cohort(open_cohort(frame_of(ROWS[:293]), SMALL), 5).n == 300


def test_a_protected_cohort_is_never_taken_for_another(exact: Cohort, protected: Cohort) -> None:
    eleven = protect_cohort(exact, 11)
    assert len({exact, protected, eleven}) == 3
    assert exact != protected and protected != exact and protected != eleven
    for same in (protect_cohort(exact, 5), protected.recording()):
        assert same == protected and hash(same) == hash(protected)


def test_one_selection_without_another_is_refused(exact: Cohort) -> None:
    girls = CohortFilter((Clause("sex", ("female",)),))
    apart = CohortFilter().leaving_out(girls)
    assert exact.count(apart) == exact.n - exact.count(girls)
    protected = protect_cohort(exact, 5)
    assert not protected.is_answered(apart)
    assert protected.is_answered(CohortFilter((Clause("sex", ("male",)),)))
    for ask in (protected.count, protected.funnel, protected.level_counts, lambda f: protected.tally(["mrd"], f)):
        with pytest.raises(SuppressedError, match="who may be few"):
            ask(apart)
    with pytest.raises(SuppressedError, match="who may be few"):
        protected.find_too_near(girls, [apart])


@given(data=st.data(), smallest=st.sampled_from([2, 5, 11]))
@settings(max_examples=80, deadline=None)
def test_counts_against_patients_counted_one_by_one(exact: Cohort, data: st.DataObject, smallest: int) -> None:
    protected = protect_cohort(exact, smallest)
    chosen = data.draw(filters(SMALL))
    n = len(oracle.kept(DERIVED, chosen))
    assert protected.is_answered(chosen) is (n >= smallest)
    if n < smallest:
        assert_says_nothing(protected, chosen)
        return
    assert protected.count(chosen) == round_count(n, smallest)
    assert not isinstance(protected.count(chosen), FewerThan)
    assert protected.tally([], chosen)["n"].tolist() == [round_count(n, smallest)]
    funnel = protected.funnel(chosen)
    assert (funnel.n_all, funnel.n_left, funnel.smallest_cell) == (protected.n, protected.count(chosen), smallest)
    for step, (name, left) in zip(funnel.steps, oracle.funnel(DERIVED, chosen, SMALL), strict=True):
        assert step.variable == name
        assert step.n == round_count(left, smallest)
    true = oracle.level_counts(DERIVED, chosen, SMALL)
    shown = protected.level_counts(chosen)
    assert list(shown) == list(true)
    for name, levels in shown.items():
        assert levels.items() <= round_table(true[name], smallest).items()
        assert all(isinstance(levels[level], FewerThan) is (0 < true[name][level] < smallest) for level in levels)


def assert_says_nothing(cohort: Cohort, chosen: CohortFilter) -> None:
    """Every door refuses, in words that are the same for a few and for none."""
    doors = (
        partial(cohort.tally, []),
        partial(cohort.tally, ["sex"]),
        partial(cohort.tally, ["relapsed", "sex"], outcome="relapsed"),
        cohort.count,
        cohort.funnel,
        cohort.level_counts,
    )
    for ask in doors:
        with pytest.raises(SuppressedError) as error:
            ask(cohort_filter=chosen)
        assert str(error.value) == f"fewer than {cohort.smallest_cell} children, or none, are selected"


def test_a_cohort_of_a_few_is_not_opened() -> None:
    with pytest.raises(CohortError, match="fewer than 5 patients, of whom nothing may be said"):
        protect_cohort(open_cohort(frame_of(ROWS[:4]), SMALL), 5)
    assert protect_cohort(open_cohort(frame_of(ROWS[:5]), SMALL), 5).n == 10


def test_no_level_is_counted_beside_a_child(exact: Cohort, protected: Cohort) -> None:
    """A zero beside all levels but one would say what the one child is."""
    found = set()
    for first in exact.dictionary.filters:
        for second in exact.dictionary.filters:
            if first.is_coded and second.is_coded and first.name < second.name:
                for a in first.levels:
                    for b in second.levels:
                        chosen = CohortFilter((Clause(first.name, (a,)), Clause(second.name, (b,))))
                        n = exact.count(chosen)
                        found.add(min(n, 5))
                        if n < 5:
                            assert_says_nothing(protected, chosen)
                        else:
                            assert protected.level_counts(chosen)
    assert {0, 5} <= found and found & {1, 2, 3, 4}


def test_a_number_that_would_tell_another_is_not_in_the_sidebar() -> None:
    rows = [{**row, "sex": "female" if i < 3 else "male"} for i, row in enumerate(ROWS)]
    few = protect_cohort(open_cohort(frame_of(rows), SMALL), 5)
    assert set(few.level_counts()["sex"]) <= {"female", "male", None}
    # All that the filter leaves are the females, of whom there are three or fewer.
    assert_says_nothing(few, CohortFilter((Clause("sex", ("female",)),)))


def test_a_funnel_has_no_small_step(exact: Cohort) -> None:
    n_answered = n_refused = 0
    for smallest in (5, 40, 70):
        protected = protect_cohort(exact, smallest)
        for low in range(0, 18):
            chosen = CohortFilter((Clause("age_years", low=float(low), high=18.0), Clause("platelets", high=60.0)))
            if not protected.is_answered(chosen):
                assert_says_nothing(protected, chosen)
                n_refused += 1
                continue
            steps = protected.funnel(chosen).steps
            assert all(step.n >= 2 * smallest and not isinstance(step.n, FewerThan) for step in steps)
            n_answered += 1
    assert n_answered and n_refused


def test_ranges_are_widened(exact: Cohort, protected: Cohort) -> None:
    for name, limits in protected.ranges().items():
        true = exact.ranges()[name]
        assert limits.low is not None and limits.high is not None and true.low is not None and true.high is not None
        assert limits.low <= true.low and limits.high >= true.high
        unit = 10 ** math.floor(math.log10(true.high))
        assert limits.low % unit == 0 and limits.high % unit == 0
        assert limits.n_missing == round_count(true.n_missing, 5)
    assert protected.ranges()["age_years"].low == 0 and protected.ranges()["age_years"].high == 20


def test_ranges_of_nobody_and_of_zeros() -> None:
    for age, expected in ((None, (None, None)), (0.0, (0.0, 0.0))):
        cohort = open_cohort(frame_of([{**row, "age_years": age} for row in ROWS[:30]]), SMALL)
        limits = protect_cohort(cohort, 5).ranges()["age_years"]
        assert (limits.low, limits.high) == expected


def test_nobody_is_named(exact: Cohort, protected: Cohort) -> None:
    patterns = pd.DataFrame({"sex": ["male"]})
    assert len(exact.name_patients(patterns)) == 5
    assert protected.name_patients(patterns) == ()


@pytest.mark.slow
def test_tallies_pass_through_protection(exact: Cohort, protected: Cohort) -> None:
    for columns in (["sex"], ["sex", "relapsed"], ["age_years"], ["os_days", "os_event", "sex"], ["sex", "age_years"]):
        tally = protected.tally(columns)
        assert list(tally) == [*columns, "n"]
        assert (tally["n"] % 5 == 0).all() and (tally["n"] > 0).all()
        assert abs(tally["n"].sum() - 300) <= 3 * len(columns) * 5
    assert protected.tally(["sex"]).equals(protected.tally(["sex"]))
    margins = protected.tally(
        ["relapsed", "sex", "mrd", "cns_status", "platelets_group", "age_years"], outcome="relapsed"
    )
    assert (margins.groupby(["relapsed", "sex"], observed=True)["n"].sum() % 5 == 0).all()
    with pytest.raises(SuppressedError, match="too many variables"):
        protected.tally(["sex", "mrd", "cns_status", "platelets_group", "salvage"])
    with pytest.raises(SuppressedError, match="too many variables"):
        protected.tally(["relapsed", "os_days"], outcome="relapsed")
    with pytest.raises(KeyError, match="patient_id"):
        protected.tally(["patient_id"])
    with pytest.raises(FilterError):
        protected.tally(["sex"], CohortFilter((Clause("sex", ("boy",)),)))


def test_what_was_left_out_is_remembered_by_its_record_alone() -> None:
    rows = [
        {**row, "salvage": "HSCT" if i == 0 and row["relapsed"] else row.get("salvage")} for i, row in enumerate(ROWS)
    ]
    for row in rows:
        if row["relapsed"]:
            row["salvage"] = "HSCT" if row is next(r for r in rows if r["relapsed"]) else "chemotherapy"
    cohort = protect_cohort(open_cohort(frame_of(rows), SMALL), 5)
    record, other = cohort.recording(), cohort.recording()
    for _ in range(2):
        record.tally(["salvage", "relapsed"])
    assert record.left_out == (Hidden("salvage", "HSCT"),)
    assert other.left_out == () and cohort.left_out == ()
    assert open_cohort(frame_of(ROWS[:9]), SMALL).recording().left_out == ()


@given(data=st.data(), smallest=st.sampled_from([2, 5, 60]))
@settings(max_examples=80, deadline=None)
def test_too_near_is_what_differs_in_too_few_patients(exact: Cohort, data: st.DataObject, smallest: int) -> None:
    protected = protect_cohort(exact, smallest)
    asked = data.draw(filters(SMALL))
    answered = data.draw(st.lists(filters(SMALL), max_size=4))
    if data.draw(st.booleans()):
        answered.append(asked.with_clause(Clause("age_years", low=data.draw(st.floats(0, 18)), keep_missing=True)))
    mine = {row["patient_id"] for row in oracle.kept(DERIVED, asked)}
    near = [f for f in answered if 0 < len(mine ^ {row["patient_id"] for row in oracle.kept(DERIVED, f)}) < smallest]
    assert protected.find_too_near(asked, answered) == (near[0] if near else None)
    assert exact.find_too_near(asked, answered) is None


def test_too_near_counts_patients_who_are_alike(engine: OpenEngine) -> None:
    rows = [{**row, "patient_id": f"SYN{i}"} for i, row in enumerate(r for r in make_rows(40, 3) for _ in range(4))]
    cohort = protect_cohort(engine(frame_of(rows), SMALL), 5)
    ages = sorted({row["age_years"] for row in rows if row["age_years"] is not None})
    asked = CohortFilter((Clause("age_years", low=ages[0]),))
    one_less = CohortFilter((Clause("age_years", low=ages[1]),))
    n = len(oracle.kept(rows, asked)) - len(oracle.kept(rows, one_less))
    assert n % 4 == 0
    assert (cohort.find_too_near(one_less, [asked]) is not None) is (n < 5)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """20,000 patients, all different."""
    return open_cohort(write_cohort(tmp_path_factory.mktemp("large"), 20_000, jittered=True))


PART_OF_ERROR = {5: 0.65, 11: 0.85}  # of a standard error: how far protection may move an estimate


def test_a_selection_of_a_few_is_no_number_in_a_tally_either() -> None:
    cohort = protect_cohort(open_cohort(frame_of(make_rows(40, 1)), SMALL), 5)
    ages = [CohortFilter((Clause("age_years", low=float(low)),)) for low in range(19)]
    few = [f for f in ages if not cohort.is_answered(f)]
    nobody = CohortFilter((Clause("age_years", low=200.0),))
    assert few
    for cohort_filter in (*few, nobody):
        with pytest.raises(SuppressedError):
            cohort.tally([], cohort_filter)


@pytest.mark.parametrize("smallest", [5, 11])
def test_survival_by_site_stays_where_it_was(large: Cohort, smallest: int) -> None:
    dictionary = open_dictionary()
    site = dictionary["relapse_site_group"]
    endpoint = next(e for e in dictionary.endpoints if e.time == "os_relapse_days")
    columns = endpoint_columns(endpoint, site)
    found = []
    for cohort in (large, protect_cohort(large, smallest)):
        frame = TimeToEvent.from_tally(cohort.tally(columns), endpoint, site)
        found.append(estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight))
    for true, near in zip(found[0].curves, found[1].curves, strict=True):
        assert true.group == near.group
        for months in (12, 36, 60):
            a, b = (int(np.searchsorted(c.time, months, side="right")) - 1 for c in (true, near))
            assert abs(true.estimate[a] - near.estimate[b]) <= PART_OF_ERROR[smallest] * true.std_error[a]


@pytest.mark.parametrize("smallest", [5, 11])
def test_the_hazard_ratio_of_transplantation_stays_where_it_was(large: Cohort, smallest: int) -> None:
    endpoint = next(e for e in large.dictionary.endpoints if e.time == "os_relapse_days")
    columns = history_columns(large.dictionary, endpoint, treatments=["hsct_days"])
    found = []
    for cohort in (large, protect_cohort(large, smallest)):
        history = TreatmentHistory.from_tally(cohort.tally(columns, whole=True), endpoint, treatments=["hsct_days"])
        found.append(time_dependent_hazard_ratio(history.time, history.event, history.hsct_at, weight=history.weight))
    true, near = (next(term for term in result.terms if not term.is_reference).ratio for result in found)
    assert true.value is not None and near.value is not None and true.std_error is not None
    # Blocks average over the months in which most are transplanted, so that this moves most.
    assert abs(math.log(true.value) - math.log(near.value)) < true.std_error


@pytest.mark.parametrize("smallest", [5, 11])
def test_odds_ratios_stay_where_they_were(large: Cohort, smallest: int) -> None:
    names = ["sex", "immunophenotype", "risk_group", "cns_status"]
    variables = [large.dictionary[name] for name in names]
    found = []
    for cohort in (large, protect_cohort(large, smallest)):
        frame = BinaryOutcome.from_tally(cohort.tally(["relapsed", *names], outcome="relapsed"), "relapsed", variables)
        known = frame.complete
        found.append(estimate_odds_ratios(frame.outcome[known], frame.covariates[known], weight=frame.weight[known]))
    for true, near in zip(found[0].terms, found[1].terms, strict=True):
        assert (true.variable, true.level) == (near.variable, near.level)
        if not true.is_reference:
            assert true.ratio.value is not None and near.ratio.value is not None and true.ratio.std_error is not None
            moved = abs(math.log(true.ratio.value) - math.log(near.ratio.value))
            assert moved < PART_OF_ERROR[smallest] * true.ratio.std_error
