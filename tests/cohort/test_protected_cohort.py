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
from analytics.cohort.disclosure import SuppressedError, say_too_few
from analytics.cohort.filters import Clause, CohortFilter
from analytics.cohort.grids import snap_filter
from analytics.cohort.perturbation import load_noise
from analytics.cohort.problems import CohortError
from analytics.dictionary import open_dictionary
from analytics.estimators import estimate_odds_ratios, estimate_survival, survival_at
from analytics.formats import FewerThan
from analytics.frames import BinaryOutcome, TimeToEvent, endpoint_columns
from analytics.results.noise import LARGEST_ERROR
from tests.benchmarks.cohorts import write_cohort
from tests.cohort import cohort_oracle as oracle
from tests.cohort.cohort_oracle import ROWS, SMALL, frame_of
from tests.cohort.conftest import SECRET
from tests.cohort.test_filters import filters

DERIVED = oracle.derive(ROWS, SMALL)
BOUND = load_noise()[0]
REFERENCE = Path(__file__).parents[2] / "data" / "reference_cohort.csv"


@pytest.fixture(scope="module")
def exact(quick_cohort: Cohort) -> Cohort:
    """300 patients."""
    return quick_cohort


@pytest.fixture(scope="module")
def protected(exact: Cohort) -> Cohort:
    """The same, protected."""
    return protect_cohort(exact, 5, secret=SECRET)


@pytest.mark.parametrize("smallest", [2, 1, 0, -5, 101])
def test_a_smallest_cell_that_protects_nothing_is_refused(exact: Cohort, smallest: int) -> None:
    with pytest.raises(ValueError, match=f"from 3 to 100 children: it is {smallest}"):
        protect_cohort(exact, smallest)


def test_who_the_cohort_is(exact: Cohort, protected: Cohort) -> None:
    assert abs(protected.n - 300) <= BOUND and (protected.smallest_cell, protected.notes) == (5, ())
    assert exact.smallest_cell == 0
    kept = (protected.name, protected.variables, protected.dictionary)
    assert kept == (exact.name, exact.variables, exact.dictionary)
    assert protected.data_version != exact.data_version, "it would tell who knows a file that this is it"


def test_a_protected_cohort_is_never_taken_for_another(exact: Cohort, protected: Cohort) -> None:
    eleven = protect_cohort(exact, 11, secret=SECRET)
    assert len({exact, protected, eleven}) == 3
    assert protect_cohort(exact, 5, secret="another secret of theirs") not in (exact, protected, eleven)
    assert exact != protected and protected != exact and protected != eleven
    for same in (protect_cohort(exact, 5, secret=SECRET), protected.recording()):
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


def fits(exact: Cohort, chosen: CohortFilter, least: int) -> bool:
    """True if the selection and what each clause leaves out, lets in by each level, or has beside a limit is enough."""
    snapped = snap_filter(chosen, exact.dictionary)
    n = exact.count(snapped)
    sizes = [n]
    for clause in snapped.clauses:
        others = snapped.without(clause.variable)
        sizes.append(exact.count(others) - n)
        if clause.keep_missing:
            sizes.append(exact.count(others.with_clause(Clause(clause.variable, keep_missing=True))))
        sizes += [exact.count(others.with_clause(Clause(clause.variable, (level,)))) for level in clause.levels]
    return min(sizes) >= least


@given(data=st.data(), smallest=st.sampled_from([3, 5, 11]))
@settings(max_examples=80, deadline=None)
def test_counts_against_patients_counted_one_by_one(exact: Cohort, data: st.DataObject, smallest: int) -> None:
    protected = protect_cohort(exact, smallest)
    chosen = data.draw(filters(SMALL))
    if not protected.is_answered(chosen):
        assert_says_nothing(protected, chosen)
        return
    assert fits(exact, chosen, smallest)
    snapped = snap_filter(chosen, SMALL)
    true = exact.count(snapped)
    assert protected.count(chosen) == protected.count(snapped) and abs(protected.count(chosen) - true) <= BOUND
    assert protected.tally([], chosen)["n"].tolist() == [protected.count(chosen)]
    funnel, steps = protected.funnel(chosen), exact.funnel(snapped).steps
    assert (funnel.n_all, funnel.n_left, funnel.smallest_cell) == (protected.n, protected.count(chosen), smallest)
    for step, other in zip(funnel.steps, steps, strict=True):
        assert step.variable == other.variable and step.n >= smallest and abs(step.n - other.n) <= BOUND
    for name, levels in protected.level_counts(chosen).items():
        counts = exact.level_counts(snapped)[name]
        for level, n in levels.items():
            rest = sum(counts.values()) - counts[level]
            assert counts[level] < smallest + BOUND if isinstance(n, FewerThan) else abs(n - counts[level]) <= BOUND
            assert isinstance(n, FewerThan) or (n >= smallest and rest >= smallest)
        assert all(sum(counts.values()) - counts[level] < smallest + BOUND for level in counts.keys() - levels.keys())


def assert_says_nothing(cohort: Cohort, chosen: CohortFilter) -> None:
    """Every door refuses, in words that are the same for a few and for none."""
    doors = (
        partial(cohort.tally, []),
        partial(cohort.tally, ["sex"]),
        partial(cohort.tally, ["relapsed", "sex"]),
        cohort.count,
        cohort.funnel,
        cohort.level_counts,
    )
    for ask in doors:
        with pytest.raises(SuppressedError) as error:
            ask(cohort_filter=chosen)
        assert str(error.value) == say_too_few(cohort.smallest_cell)


def test_a_cohort_of_a_few_is_not_opened() -> None:
    with pytest.raises(CohortError, match="fewer than 5 patients, of whom nothing may be said"):
        protect_cohort(open_cohort(frame_of(ROWS[:2]), SMALL), 5)
    assert protect_cohort(open_cohort(frame_of(ROWS[:20]), SMALL), 5).n


def test_the_same_patients_have_the_same_number_by_every_way(protected: Cohort) -> None:
    by_tally = protected.tally(["sex"]).dropna().set_index("sex")["n"]
    for sex, n in by_tally.items():
        chosen = CohortFilter((Clause("sex", (str(sex),)),))
        again = protect_cohort(open_cohort(frame_of(ROWS), SMALL, secret=SECRET), 5, secret=SECRET)
        said = {n, protected.count(chosen), protected.level_counts()["sex"][str(sex)], protected.funnel(chosen).n_left}
        assert said | {again.count(chosen)} == {n}


def test_limits_lie_on_the_grid_whoever_asks(protected: Cohort) -> None:
    for low, high, same in ((2.6, 9.4, (2.0, 10.0)), (2.0, 10.0, (2.0, 10.0)), (-5.0, 9.99, (None, 10.0))):
        asked, snapped = (CohortFilter((Clause("age_years", low=a, high=b),)) for a, b in ((low, high), same))
        assert snap_filter(asked, SMALL) == snap_filter(snapped, SMALL) == snap_filter(snap_filter(asked, SMALL), SMALL)
        assert protected.is_answered(asked) == protected.is_answered(snapped)
        if protected.is_answered(asked):
            assert protected.count(asked) == protected.count(snapped)
            assert protected.tally(["sex"], asked).equals(protected.tally(["sex"], snapped))


def test_a_level_of_a_few_cannot_be_added_to_others() -> None:
    rows = [{**row, "cns_status": "CNS3" if i < 2 else "CNS1" if i % 2 else "CNS2"} for i, row in enumerate(ROWS)]
    cohort = protect_cohort(open_cohort(frame_of(rows), SMALL), 5)
    assert cohort.is_answered(CohortFilter((Clause("cns_status", ("CNS1",)),)))
    for levels in (("CNS1", "CNS3"), ("CNS1", "CNS2"), ("CNS3",)):
        assert_says_nothing(cohort, CohortFilter((Clause("cns_status", levels),)))


def test_ranges_are_those_of_the_grid(exact: Cohort, protected: Cohort) -> None:
    alone = protect_cohort(open_cohort(frame_of(ROWS[:150]), SMALL), 5)
    for name, limits in protected.ranges().items():
        assert (limits.low, limits.high) == (alone.ranges()[name].low, alone.ranges()[name].high)
        true = exact.ranges()[name].n_missing
        assert not isinstance(true, FewerThan) and not isinstance(limits.n_missing, FewerThan)
        assert abs(limits.n_missing - true) <= BOUND


def test_nobody_is_named(exact: Cohort, protected: Cohort) -> None:
    patterns = pd.DataFrame({"sex": ["male"]})
    assert len(exact.name_patients(patterns)) == 5
    assert protected.name_patients(patterns) == ()


def test_tallies_pass_through_protection(exact: Cohort, protected: Cohort) -> None:
    for columns in (["sex"], ["sex", "relapsed"], ["age_years"], ["os_days", "os_event", "sex"]):
        tally = protected.tally(columns)
        assert list(tally) == [*columns, "n"]
        assert tally.attrs["noise"].smallest == 5 and not exact.tally(columns).attrs
        assert tally.equals(protected.tally(columns))
    with pytest.raises(SuppressedError, match="too many variables"):
        protected.tally(["sex", "mrd", "cns_status", "platelets_group"])
    with pytest.raises(KeyError, match="patient_id"):
        protected.tally(["patient_id"])


def test_a_recording_remembers_what_is_left_out() -> None:
    rows = [{**row, "cns_status": "CNS3" if i < 2 else "CNS1" if i % 2 else "CNS2"} for i, row in enumerate(ROWS)]
    record = protect_cohort(open_cohort(frame_of(rows), SMALL), 5).recording()
    record.tally(["cns_status"])
    assert ("cns_status", "CNS3") in {(h.variable, h.level) for h in record.left_out}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """20,000 patients, all different."""
    return open_cohort(write_cohort(tmp_path_factory.mktemp("large"), 20_000, jittered=True))


@pytest.mark.parametrize("smallest", [5, 11])
def test_survival_by_site_stays_where_it_was_and_says_how_far(large: Cohort, smallest: int) -> None:
    dictionary = open_dictionary()
    site = dictionary["relapse_site_group"]
    endpoint = next(e for e in dictionary.endpoints if e.time == "os_relapse_days")
    found = []
    for cohort in (large, protect_cohort(large, smallest)):
        frame = TimeToEvent.from_tally(cohort.tally(endpoint_columns(endpoint, site)), endpoint, site)
        given = {"group": frame.group, "weight": frame.weight, "noise": frame.noise}
        found.append(estimate_survival(frame.time, frame.event, **given))
    true = {curve.group: curve for curve in found[0].curves}
    assert found[1].curves
    for near in found[1].curves:
        for months in (12, 36, 60):
            a, b = (survival_at(curve, [months])[0] for curve in (true[near.group], near))
            if b.value is not None:
                assert abs(a.value - b.value) <= LARGEST_ERROR and b.std_error >= a.std_error * 0.97


@pytest.mark.parametrize("smallest", [5, 11])
def test_odds_ratios_stay_where_they_were_and_say_how_far(large: Cohort, smallest: int) -> None:
    for name in ("sex", "immunophenotype", "risk_group", "cns_status"):
        check_odds_ratios(large, name, smallest)


def check_odds_ratios(large: Cohort, name: str, smallest: int) -> None:
    found = []
    for cohort in (large, protect_cohort(large, smallest)):
        tally = cohort.tally(["relapsed", name])
        frame = BinaryOutcome.from_tally(tally, "relapsed", [large.dictionary[name]])
        found.append(estimate_odds_ratios(**frame.model(), noise=frame.noise))
    true = {(term.variable, term.level): term for term in found[0].terms}
    for near in found[1].terms:
        other = true[near.variable, near.level]
        if not near.is_reference and near.ratio.value is not None and other.ratio.value is not None:
            moved = abs(math.log(other.ratio.value) - math.log(near.ratio.value))
            assert moved < 0.5 * other.ratio.std_error
            assert near.ratio.std_error > other.ratio.std_error * 0.98


@given(data=st.data(), smallest=st.sampled_from([3, 5, 11]), event=st.sampled_from(["relapsed", None]))
@settings(max_examples=40, deadline=None)
def test_levels_by_an_event_are_told_where_enough_have_every_outcome(
    exact: Cohort, data: st.DataObject, smallest: int, event: str | None
) -> None:
    protected, chosen = protect_cohort(exact, smallest), data.draw(filters(SMALL))
    names = ["sex", "cns_status", "age_years"]
    if not protected.is_answered(chosen):
        with pytest.raises(SuppressedError):
            protected.split_counts(names, chosen, event=event, edges={"age_years": [0, 7]})
        return
    shown = protected.split_counts(names, chosen, event=event, edges={"age_years": [0, 7]})
    true = exact.split_counts(names[:2], snap_filter(chosen, SMALL), event=event)
    assert shown.keys() == true.keys(), "where the bins of a number end is nobody's to say"
    used = [0, 1] if event else [0]
    for name, counted in shown.items():
        told = (counted >= 0).all(axis=1)
        assert (counted[~told] == -1).all()
        assert (true[name][told][:, used] >= smallest).all()
        assert (np.abs(counted[told] - true[name][told])[:, used] <= BOUND).all()
        few = (true[name][:, used] < smallest).any(axis=1)
        assert not told[few].any()
