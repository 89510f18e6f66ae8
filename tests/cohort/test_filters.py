"""Clauses, filters, their link text, and what a link asks for in vain."""

from __future__ import annotations

import math
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.cohort.filters import Clause, CohortFilter, FilterError, Funnel, FunnelStep, Membership
from analytics.dictionary import Dictionary, Variable, open_dictionary
from tests.cohort.cohort_oracle import ROWS, SMALL, derive, kept

PROJECT = open_dictionary()


@st.composite
def clauses(draw: st.DrawFn, variable: Variable) -> Clause:
    """Any valid clause about a variable."""
    keep_missing = draw(st.booleans())
    if variable.is_coded:
        levels = draw(st.lists(st.sampled_from(variable.levels), unique=True, min_size=0 if keep_missing else 1))
        return Clause(variable.name, tuple(levels), keep_missing=keep_missing)
    numbers = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers(-5, 200).map(float))
    low, high = draw(numbers), draw(numbers)
    if low is not None and high is not None and low > high:
        low, high = high, low
    return Clause(variable.name, low=low, high=high, keep_missing=keep_missing or (low is None and high is None))


@st.composite
def filters(draw: st.DrawFn, dictionary: Dictionary) -> CohortFilter:
    """Any valid filter on the filter variables of a dictionary."""
    chosen = draw(st.lists(st.sampled_from(dictionary.filters), unique=True, max_size=5))
    return CohortFilter(tuple(draw(clauses(variable)) for variable in chosen))


@st.composite
def combined_filters(draw: st.DrawFn, dictionary: Dictionary) -> CohortFilter:
    """Any filter that can be made by combining others: and, or, not, two or three times over."""
    found = draw(filters(dictionary))
    for how in draw(st.lists(st.sampled_from(["and", "or", "not"]), max_size=3)):
        other = draw(filters(dictionary))
        if draw(st.booleans()):
            other = (
                CohortFilter().leaving_out(other) if draw(st.booleans()) else other.either(draw(filters(dictionary)))
            )
        if how == "or":
            found = found.either(other)
        else:
            found = found.leaving_out(other) if how == "not" else found.among(Membership((other,)))
    return found


@pytest.mark.parametrize("dictionary", [SMALL, PROJECT], ids=["small", "project"])
@given(data=st.data())
@settings(max_examples=150)
def test_link_text_reads_back_as_the_same_filter(dictionary: Dictionary, data: st.DataObject) -> None:
    cohort_filter = data.draw(filters(dictionary))
    query = cohort_filter.to_query(dictionary)
    assert CohortFilter.from_query(query, dictionary) == (cohort_filter, ())
    through_a_link = parse_qs(urlencode(query, doseq=True), keep_blank_values=True)
    assert CohortFilter.from_query(through_a_link, dictionary) == (cohort_filter, ())


@given(
    st.dictionaries(
        st.one_of(st.sampled_from([*(v.name for v in SMALL.variables), "age_years_missing"]), st.text(max_size=8)),
        st.lists(
            st.one_of(st.sampled_from(["1", "9", "male", "missing", "true", "only", "any", "inf"]), st.text()),
            max_size=3,
        ),
    )
)
@settings(max_examples=200)
def test_no_link_raises_and_what_is_kept_is_valid(query: dict[str, list[str]]) -> None:
    cohort_filter, notes = CohortFilter.from_query(query, SMALL)
    cohort_filter.validate(SMALL)
    assert all(note.text and note.remedy and note.code.startswith("link-") for note in notes)
    for key, values in query.items():
        used = key in {c.variable for c in cohort_filter.clauses}
        asks = any(value.strip() for value in values)  # empty values ask for nothing
        if asks and values != ["any", "any"] and not used and key != "age_years_missing":
            assert notes, f"{key} was asked for, is not used, and nobody is told"


def test_equal_filters_compare_and_hash_equal() -> None:
    one = CohortFilter((Clause("sex", ("male", "female", "male")), Clause("age_years", low=1)))
    other = CohortFilter((Clause("age_years", low=1.0), Clause("sex", ("female", "male"))))
    assert one == other
    assert hash(one) == hash(other)
    assert [c.variable for c in one.clauses] == ["age_years", "sex"]


def test_zero_has_no_sign_in_a_link() -> None:
    assert CohortFilter((Clause("age_years", low=-0.0, high=1.5),)).to_query(SMALL) == {"age_years": ["0", "1.5"]}


def test_clauses_are_exchanged_and_removed() -> None:
    empty = CohortFilter()
    assert not empty
    male = empty.with_clause(Clause("sex", ("male",)))
    assert male
    female = male.with_clause(Clause("sex", ("female",)))
    assert female.clauses == (Clause("sex", ("female",)),)
    assert female.clause("sex") == Clause("sex", ("female",))
    assert female.clause("mrd") is None
    assert female.without("sex") == empty
    assert female.without("mrd") == female
    assert male.clauses == (Clause("sex", ("male",)),)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "asks for nothing"),
        ({"low": 3, "high": 2}, "3 > 2"),
        ({"levels": ("male",), "low": 3}, "levels or a range"),
        ({"low": math.nan}, "finite"),
        ({"high": math.inf}, "finite"),
    ],
)
def test_contradictory_clauses_are_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Clause("age_years", **arguments)  # type: ignore[arg-type]


def test_two_clauses_about_one_variable_are_refused() -> None:
    with pytest.raises(ValueError, match="one clause per variable: sex"):
        CohortFilter((Clause("sex", ("male",)), Clause("sex", ("female",))))


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        (Clause("sexx", ("male",)), ["'sexx'", "Did you mean sex?", "Known: age_years, sex"]),
        (Clause("patient_id", ("SYN1",)), ["'patient_id' is no variable to filter by"]),
        (Clause("sex", ("boy", "male")), ["sex has no level 'boy'", "Known: female, male"]),
        (Clause("sex", low=1), ["sex has levels, not a range", "female, male"]),
        (Clause("age_years", ("old",)), ["age_years is a number", "range"]),
    ],
)
def test_filters_that_do_not_fit_the_dictionary_say_why(clause: Clause, words: list[str]) -> None:
    for attempt in (CohortFilter((clause,)).validate, CohortFilter((clause,)).to_query):
        with pytest.raises(FilterError) as error:
            attempt(SMALL)
        assert all(word in str(error.value) for word in words)


def test_link_text_is_in_words_and_in_the_order_of_the_phases() -> None:
    cohort_filter = CohortFilter(
        (
            Clause("mrd", ("positive",), keep_missing=True),
            Clause("cns_status", ("CNS3", "CNS1")),
            Clause("age_years", low=0.1 + 0.2, high=10, keep_missing=True),
            Clause("platelets", keep_missing=True),
        )
    )
    assert list(cohort_filter.to_query(SMALL).items()) == [
        ("age_years", ["0.30000000000000004", "10"]),
        ("age_years_missing", ["true"]),
        ("platelets_missing", ["only"]),
        ("cns_status", ["CNS1", "CNS3"]),
        ("mrd", ["POSITIVE", "not done"]),
    ]


@pytest.mark.parametrize(
    "values",
    [["positive"], ["POSITIVE"], [" Positive "], ["positive", "positive"]],
    ids=["level", "label", "case", "twice"],
)
def test_links_may_name_levels_or_labels_in_any_case(values: list[str]) -> None:
    assert CohortFilter.from_query({"mrd": values}, SMALL) == (CohortFilter((Clause("mrd", ("positive",)),)), ())


@pytest.mark.parametrize("word", ["missing", "not done", "Not Done"])
def test_links_may_ask_for_missing_values(word: str) -> None:
    assert CohortFilter.from_query({"mrd": [word]}, SMALL) == (CohortFilter((Clause("mrd", keep_missing=True),)), ())


@pytest.mark.parametrize(
    ("values", "clause"),
    [
        (["1", "2.5"], Clause("age_years", low=1, high=2.5)),
        (["any", "2"], Clause("age_years", high=2)),
        (["1e1", ""], Clause("age_years", low=10)),
    ],
)
def test_links_may_leave_an_end_open(values: list[str], clause: Clause) -> None:
    assert CohortFilter.from_query({"age_years": values}, SMALL) == (CohortFilter((clause,)), ())


def test_bare_text_counts_as_one_value() -> None:
    assert CohortFilter.from_query({"sex": "male"}, SMALL)[0] == CohortFilter((Clause("sex", ("male",)),))


@pytest.mark.parametrize(
    ("query", "code", "words", "kept"),
    [
        (
            {"sexx": ["male"]},
            "link-unknown-variable",
            ["'sexx'", "Did you mean sex?"],
            CohortFilter(),
        ),
        ({"patient_id": ["SYN1"]}, "link-unknown-variable", ["'patient_id'"], CohortFilter()),
        ({"os_days": ["1", "2"]}, "link-unknown-variable", ["'os_days'"], CohortFilter()),
        (
            {"sex": ["male", "boy"]},
            "link-unknown-level",
            ["sex 'boy'", "FEMALE, MALE, not recorded"],
            CohortFilter((Clause("sex", ("male",)),)),
        ),
        ({"age_years": ["1"]}, "link-bad-range", ["Age '1'", "two numbers", "age_years=low"], CohortFilter()),
        ({"age_years": ["1", "2", "3"]}, "link-bad-range", ["'1', '2', '3'"], CohortFilter()),
        ({"age_years": ["young", "2"]}, "link-bad-range", ["'young', '2'"], CohortFilter()),
        ({"age_years": ["nan", "2"]}, "link-bad-range", ["'nan'"], CohortFilter()),
        ({"age_years": ["1", "1e999"]}, "link-bad-range", ["'1e999'"], CohortFilter()),
        ({"age_years": ["1_0", "20"]}, "link-bad-range", ["'1_0'"], CohortFilter()),
        ({"age_years": ["9", "2"]}, "link-reversed-range", ["from 9 to 2", "Swap"], CohortFilter()),
        (
            {"age_years_missing": ["perhaps"]},
            "link-unknown-level",
            ["'perhaps'", "true, false and only"],
            CohortFilter(),
        ),
        (
            {"age_years": ["1", "2"], "age_years_missing": ["only"]},
            "link-bad-range",
            ["cannot both hold"],
            CohortFilter((Clause("age_years", low=1, high=2),)),
        ),
    ],
)
def test_what_a_link_asks_for_in_vain_becomes_a_note(
    query: dict[str, list[str]], code: str, words: list[str], kept: CohortFilter
) -> None:
    cohort_filter, notes = CohortFilter.from_query(query, SMALL)
    assert cohort_filter == kept
    assert [note.code for note in notes] == [code]
    assert all(word in notes[0].text + notes[0].remedy for word in words), notes[0]
    assert notes[0].remedy


def test_long_link_text_is_cut_short_in_its_note() -> None:
    notes = CohortFilter.from_query({"sex": ["x" * 5000]}, SMALL)[1]
    assert len(notes[0].text) < 200


def test_missing_kept_in_a_link_without_a_range_asks_for_nothing() -> None:
    assert CohortFilter.from_query({"age_years_missing": ["true"]}, SMALL) == (CohortFilter(), ())


def test_other_keys_of_a_link_are_passed_over() -> None:
    assert CohortFilter.from_query({"page": ["x"], "sex": ["male"]}, SMALL, other_keys={"page"})[1] == ()


def test_a_level_called_like_the_missing_label_keeps_its_meaning() -> None:
    unclear = Variable(
        "gene",
        "Gene",
        "binary",
        "diagnosis",
        ("known", "unknown"),
        ("known", "unknown"),
        "known",
        is_filter=True,
        missing_label="Unknown",
    )
    dictionary = Dictionary((unclear,), ())
    for clause in (
        Clause("gene", ("unknown",)),
        Clause("gene", keep_missing=True),
        Clause("gene", ("unknown",), keep_missing=True),
    ):
        cohort_filter = CohortFilter((clause,))
        assert CohortFilter.from_query(cohort_filter.to_query(dictionary), dictionary) == (cohort_filter, ())


def test_the_funnel_ends_with_those_left() -> None:
    assert Funnel(9).n_left == 9
    assert Funnel(9, (FunnelStep("sex", 5), FunnelStep("mrd", 2))).n_left == 2


@given(filters(SMALL), filters(SMALL))
@settings(max_examples=300, deadline=None)
def test_both_passes_who_passes_either_filter(a: CohortFilter, b: CohortFilter) -> None:
    rows = derive(ROWS, SMALL)
    both = a.both(b)
    assert (kept(rows, both) if both is not None else []) == kept(kept(rows, a), b)
    assert a.both(CohortFilter()) == a == a.both(a)


@given(combined_filters(SMALL), combined_filters(SMALL))
@settings(max_examples=200, deadline=None)
def test_selections_combine_as_sets_of_patients_do(a: CohortFilter, b: CohortFilter) -> None:
    rows = derive(ROWS, SMALL)

    def ids(cohort_filter: CohortFilter) -> set[int]:
        return {id(row) for row in kept(rows, cohort_filter)}

    assert ids(a.either(b)) == ids(a) | ids(b) == ids(b.either(a))
    assert ids(a.among(Membership((b,)))) == ids(a) & ids(b)
    assert ids(a.leaving_out(b)) == ids(a) - ids(b)
    assert ids(CohortFilter().leaving_out(CohortFilter().leaving_out(b))) == ids(b)
    met = a.both(b)
    assert (ids(met) if met is not None else set()) == ids(a) & ids(b)
    alone = [ids(one) for one in a.conditions]
    assert ids(a) == ids(CohortFilter()).intersection(*alone)
    assert set(a.leaving_out(b).variables) >= {clause.variable for clause in b.clauses}
    for clause in b.clauses:
        assert a.with_clause(clause).memberships == a.memberships == a.without(clause.variable).memberships


@given(combined_filters(SMALL))
@settings(max_examples=300, deadline=None)
def test_a_combined_selection_reads_back_from_its_link(combined: CohortFilter) -> None:
    query = combined.to_query(SMALL)
    through_a_link = parse_qs(urlencode(query, doseq=True), keep_blank_values=True)
    again, notes = CohortFilter.from_query(through_a_link, SMALL)
    assert notes == ()
    # Said as simply as it can be, it may read otherwise; it chooses the same patients, and stays as it is from then on.
    assert kept(derive(ROWS, SMALL), again) == kept(derive(ROWS, SMALL), combined)
    assert CohortFilter.from_query(again.to_query(SMALL), SMALL) == (again, ())


def test_what_is_combined_is_said_as_simply_as_it_can_be() -> None:
    girls, boys = (CohortFilter((Clause("sex", (level,)),)) for level in ("female", "male"))
    old = CohortFilter((Clause("age_years", low=10),))
    assert girls.among(Membership((old,))) == CohortFilter((*girls.clauses, *old.clauses))
    assert girls.either(old).either(boys) == girls.either(old, boys) == boys.either(girls.either(old))
    assert girls.either(CohortFilter()) == CohortFilter()
    assert girls.either(girls) == girls
    # What excludes each other stays apart, so that it can be told.
    assert girls.among(Membership((boys,))).conditions == (girls, CohortFilter(memberships=(Membership((boys,)),)))
    assert hash(girls.leaving_out(old)) != hash(girls) and girls.leaving_out(old) != girls
    assert girls.either(old).to_query(SMALL) == {"either": ["age_years=10&age_years=any", "sex=FEMALE"]}
    assert girls.leaving_out(old).to_query(SMALL) == {"sex": ["FEMALE"], "without": ["age_years=10&age_years=any"]}


@pytest.mark.parametrize(
    ("query", "codes", "found"),
    [
        ({"either": ["sex=male", "colour=blue"]}, ["link-unknown-variable", "link-bad-combination"], {"sex": ["MALE"]}),
        ({"without": [""]}, ["link-bad-combination"], {}),
        ({"without": ["sex=male&sex=blue"]}, ["link-unknown-level"], {"without": ["sex=MALE"]}),
        ({"also": ["also=also%3Dalso%253Dsex%25253Dmale"]}, ["link-bad-combination"] * 4, {}),
        ({"without": ["sex=male"] * 13}, ["link-bad-combination"], {"without": ["sex=MALE"]}),
        ({"either": ["everyone", "sex=male"]}, [], {}),
    ],
)
def test_of_a_combination_what_cannot_be_read_is_left_out_and_said(
    query: dict[str, list[str]], codes: list[str], found: dict[str, list[str]]
) -> None:
    asked, notes = CohortFilter.from_query(query, SMALL)
    assert [note.code for note in notes] == codes and asked.to_query(SMALL) == found
    assert all(note.text and note.remedy for note in notes)


def test_what_no_filter_can_say_is_refused() -> None:
    girls = CohortFilter((Clause("sex", ("female",)),))
    for filters, is_left_out in (((), False), ((girls, CohortFilter()), True)):
        with pytest.raises(ValueError, match="in one selection or more, or out of one"):
            Membership(filters, is_left_out)
    with pytest.raises(FilterError, match="no variable to filter by"):
        girls.leaving_out(CohortFilter((Clause("colour", ("blue",)),))).validate(SMALL)
