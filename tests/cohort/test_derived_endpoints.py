"""Endpoints and first events that a file's columns give, by hand: a dozen children with and without gaps."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.cohort import open_cohort
from analytics.cohort.problems import CohortError
from analytics.dictionary import open_dictionary
from tests.cohort.cohort_oracle import as_tuples

REFERENCE = Path(__file__).parents[2] / "data" / "reference_cohort.csv"


FOLLOWED = """\
patient_id,relapsed,relapse_days,os_days,os_event,cause_of_death,salvage_days,salvage_treatment,cart_days,hsct_days,\
second_relapse_days,second_relapse,os_relapse_days,os_relapse_event
SYN01,0,,2000,0,,,,,,,,,
SYN02,0,,300,1,treatment-related,,,,,,,,
SYN03,0,,,,,,,,,,,,
SYN04,,,1500,1,other,,,,,,,,
SYN05,1,500,1500,0,,3,chemotherapy,,,,no,1000,0
SYN06,1,400,700,1,leukaemia,,chemotherapy,,,,no,300,1
SYN07,1,600,1400,1,leukaemia,7,HSCT,,150,350,yes,800,1
SYN08,1,700,1000,1,treatment-related,10,HSCT,60,140,,no,300,1
SYN09,1,800,1250,1,,2,CAR-T,90,,,no,450,1
SYN10,1,900,2300,0,,4,CAR-T,80,,400,yes,1400,0
SYN11,1,300,1000,0,,5,HSCT,,200,,yes,700,0
SYN12,1,350,,,,6,chemotherapy,,,,,,
SYN13,1,450,550,1,other,0,HSCT,,100,,no,100,1
"""
# Per child: days and event of event-free survival from diagnosis, the first event; days and event of event-free survival
# from relapse, the first event after it; days from salvage treatment, CAR-T and HSCT to death or last contact.
NO_RELAPSE = (None, None, None, None, None, None)
BY_HAND = {
    1: (2000, 0, "none", *NO_RELAPSE),
    2: (300, 1, "death in remission", *NO_RELAPSE),
    3: (None, None, None, *NO_RELAPSE),
    4: (None, None, None, *NO_RELAPSE),
    5: (500, 1, "relapse", 1000, 0, "none", 997, None, None),
    6: (400, 1, "relapse", 300, 1, "death from leukaemia", None, None, None),
    7: (600, 1, "relapse", 350, 1, "second relapse", 793, None, 650),
    8: (700, 1, "relapse", 300, 1, "non-relapse mortality", 290, 240, 160),
    9: (800, 1, "relapse", 450, 1, "death of unknown cause", 448, 360, None),
    10: (900, 1, "relapse", 400, 1, "second relapse", 1396, 1320, None),
    11: (300, 1, "relapse", None, 1, "second relapse", 695, None, 500),
    12: (350, 1, "relapse", *NO_RELAPSE),
    13: (450, 1, "relapse", 100, 1, "non-relapse mortality", 100, None, 0),
}
FOLLOWED_COLUMNS = [
    "efs_days",
    "efs_event",
    "first_event",
    "efs_relapse_days",
    "efs_relapse_event",
    "event_after_relapse",
    "os_salvage_days",
    "os_cart_days",
    "os_hsct_days",
]


def followed(*without: str) -> pd.DataFrame:
    """The children above, all columns as text."""
    return pd.read_csv(io.StringIO(FOLLOWED), dtype=str, keep_default_na=False).drop(columns=list(without))


def derived_of(frame: pd.DataFrame, columns: Sequence[str]) -> dict[int, tuple[Any, ...]]:
    """The columns by the number of the child, which stands in for the age so that the tally tells them apart."""
    numbers = [int(name[3:]) for name in frame["patient_id"]]
    rows = as_tuples(open_cohort(frame.assign(age_years=numbers)).tally(["age_years", *columns]))
    assert [row[-1] for row in rows] == [1] * len(frame)
    return {int(row[0]): row[1:-1] for row in rows}


def test_endpoints_are_derived_as_by_hand() -> None:
    assert derived_of(followed(), FOLLOWED_COLUMNS) == BY_HAND


def test_without_a_cause_on_record_a_death_is_of_neither_kind() -> None:
    first = {n: values[0] for n, values in derived_of(followed("cause_of_death"), ["event_after_relapse"]).items()}
    expected = {n: row[5] for n, row in BY_HAND.items()}
    died = [n for n, level in expected.items() if level in ("death from leukaemia", "non-relapse mortality")]
    assert expected[6] == "death from leukaemia" and died == [6, 8, 13] and expected[9] == "death of unknown cause"
    assert first == expected | dict.fromkeys(died, "death of unknown cause")
    # One cause that is not recorded leaves the others as they are.
    some = followed()
    some.loc[some["patient_id"].str[3:].astype(int) == 8, "cause_of_death"] = ""
    first = {n: values[0] for n, values in derived_of(some, ["event_after_relapse"]).items()}
    assert first == expected | {8: "death of unknown cause"}
    levels = open_cohort(followed("cause_of_death")).dictionary["event_after_relapse"].levels
    assert "death of unknown cause" in levels and "non-relapse mortality" not in levels


def test_a_second_relapse_without_a_day_counts_only_where_the_file_says_so() -> None:
    assert derived_of(followed("second_relapse"), ["efs_relapse_days", "event_after_relapse"])[11] == (700, "none")
    only_relapsed = followed("relapsed", "relapse_days").iloc[4:]
    assert derived_of(only_relapsed, FOLLOWED_COLUMNS[3:]) == {n: BY_HAND[n][3:] for n in range(5, 14)}


def test_endpoints_of_a_file_are_those_it_has_the_columns_for() -> None:
    def names(*without: str) -> tuple[list[str], list[str]]:
        dictionary = open_cohort(followed(*without)).dictionary
        return [e.name for e in dictionary.endpoints], [e.name for e in dictionary.competing]

    every = [e.name for e in open_dictionary().endpoints]
    assert names() == (every, ["relapse", "second_relapse"])
    untreated = [e for e in every if e not in ("os_salvage", "os_cart", "os_hsct", "os_relapse_after_hsct")]
    assert names("salvage_days", "salvage_treatment", "cart_days", "hsct_days") == (
        untreated,
        ["relapse", "second_relapse"],
    )
    second = ("second_relapse_days", "second_relapse")
    assert names(*second) == ([e for e in every if e != "efs_relapse"], ["relapse"])
    assert names("relapse_days") == ([e for e in every if e != "efs_diagnosis"], ["second_relapse"])
    assert names("os_relapse_days", "os_relapse_event") == (["os_diagnosis", "efs_diagnosis"], ["relapse"])


def test_death_after_relapse_needs_follow_up_from_relapse_or_from_a_treatment() -> None:
    frame = followed("os_relapse_days")
    with pytest.raises(CohortError) as error:
        open_cohort(frame)
    (problem,) = error.value.problems
    assert problem.what == "the column os_relapse_event is given without os_relapse_days"
    frame["os_hsct_days"] = ["650" if treatment == "HSCT" else "" for treatment in frame["salvage_treatment"]]
    assert [e.name for e in open_cohort(frame).dictionary.endpoints] == ["os_diagnosis", "efs_diagnosis", "os_hsct"]


def test_event_free_survival_that_a_file_brings_is_kept() -> None:
    frame = followed()
    frame["efs_days"] = ["1990", "300", "", "1500", *frame["relapse_days"].iloc[4:]]
    frame["efs_event"] = ["0", "1", "", "1", *["1"] * 9]
    cohort = open_cohort(frame)
    differs = [note.text for note in cohort.notes if note.code == "derived-differs"]
    assert differs[1:] == [
        "efs_days differs for 1 child from what relapsed, relapse_days, os_days and os_event give; "
        "the file's own values are used."
    ]
    brought = derived_of(frame, ["efs_days", "efs_event", "first_event"])
    assert brought[1] == (1990, 0, "none")
    assert brought[2] == (300, 1, "death in remission")
    # Whether child 4 relapsed is unknown, so what came first is too.
    assert brought[4] == (1500, 1, None)


def test_an_event_that_is_neither_relapse_nor_death_is_another_event() -> None:
    frame = (
        followed()
        .iloc[[0, 4]]
        .assign(efs_days=["1000", "500"], efs_event="1", efs_relapse_days=["", "400"], efs_relapse_event=["", "1"])
    )
    found = derived_of(frame, ["first_event", "event_after_relapse"])
    # The relapse of the second child came on the day of the event, so it came first.
    assert found == {1: ("another first event", None), 5: ("relapse", "another event")}


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        (
            {"efs_days": "2008", "efs_event": "0"},
            "efs_days ends more than 7 days after last contact (efs_days > os_days)",
        ),
        ({"efs_days": "-1", "efs_event": "0"}, "efs_days is negative"),
        ({"efs_days": "", "efs_event": "0"}, "efs_event is 0 without efs_days"),
        ({"efs_days": "5", "efs_event": ""}, "efs_days is given without efs_event"),
        (
            {"os_hsct_days": "651"},
            "os_hsct_days is longer than the follow-up from relapse (os_hsct_days > os_relapse_days)",
        ),
        (
            {"efs_relapse_days": "658", "efs_relapse_event": "1"},
            "efs_relapse_days ends more than 7 days after last contact",
        ),
        ({"first_event": "cured"}, "first_event has an unknown level"),
    ],
)
def test_contradicting_endpoints_are_refused(columns: dict[str, str], what: str) -> None:
    frame = followed().iloc[[6]].assign(os_relapse_days="650", os_days="2000", relapsed="1", relapse_days="1350")
    with pytest.raises(CohortError) as error:
        open_cohort(frame.assign(**columns))
    (problem,) = error.value.problems
    assert problem.what.startswith(what)


def test_first_events_may_be_written_in_a_file() -> None:
    frame = followed().iloc[:2].assign(first_event=["none", "death in first remission"])
    assert derived_of(frame, ["first_event"]) == {1: ("none",), 2: ("death in remission",)}


def test_the_reference_cohort_has_every_first_event() -> None:
    reference = open_cohort(REFERENCE)
    assert as_tuples(reference.tally(["first_event"])) == [
        ("none", 358),
        ("relapse", 64),
        ("death in remission", 14),
    ]
    assert as_tuples(reference.tally(["event_after_relapse"])) == [
        ("none", 41),
        ("second relapse", 10),
        ("non-relapse mortality", 3),
        ("no second remission", 10),
        (None, 372),
    ]
    # Levels that nobody has are not offered.
    assert reference.dictionary["first_event"].levels == ("none", "relapse", "death in remission")
    assert "another event" not in reference.dictionary["event_after_relapse"].levels


FAILED = """\
patient_id,first_remission,relapsed,relapse_days,os_days,os_event,second_remission,salvage_days,second_relapse_days,\
os_relapse_days,os_relapse_event,cause_of_death
1,no,0,,900,1,,,,,,
2,no,0,,40,1,,,,,,
3,no,0,,30,0,,,,,,
4,no,1,400,1000,1,no,5,,600,1,leukaemia
5,yes,1,400,1000,1,no,,,600,1,leukaemia
6,yes,1,400,420,1,no,5,,20,1,leukaemia
7,yes,1,400,420,0,no,5,,20,0,
8,yes,1,400,440,1,no,5,,40,1,other
9,yes,1,400,1000,0,yes,5,300,600,0,
10,,1,400,1000,1,,5,,600,1,leukaemia
"""


def test_a_remission_that_was_not_reached_counts_at_the_end_of_induction_and_of_reinduction() -> None:
    """By hand: day 46, and day 35 of salvage treatment; death before that day is the event, loss before it is none."""
    frame = pd.read_csv(io.StringIO(FAILED), dtype=str, keep_default_na=False)
    frame["patient_id"] = ["SYN" + name for name in frame["patient_id"]]
    assert derived_of(frame, FOLLOWED_COLUMNS[:6]) == {
        1: (46, 1, "induction failure", *NO_RELAPSE[:3]),
        2: (40, 1, "death in remission", *NO_RELAPSE[:3]),
        3: (30, 0, "none", *NO_RELAPSE[:3]),
        4: (46, 1, "induction failure", 40, 1, "no second remission"),
        5: (400, 1, "relapse", 35, 1, "no second remission"),
        6: (400, 1, "relapse", 20, 1, "death from leukaemia"),
        7: (400, 1, "relapse", 20, 0, "none"),
        8: (400, 1, "relapse", 40, 1, "no second remission"),
        9: (400, 1, "relapse", 300, 1, "second relapse"),
        10: (400, 1, "relapse", 600, 1, "death from leukaemia"),
    }
    # A file that says when treatment failed is believed.
    frame["reinduction_failure_days"] = ["", "", "", "", "61", "", "", "", "", ""]
    found = derived_of(frame, FOLLOWED_COLUMNS[3:6])
    assert found[5] == (61, 1, "no second remission") and found[4] == (600, 1, "death from leukaemia")


def test_no_event_is_known_from_its_flag_alone() -> None:
    # Files without a column of relapses name the first events, and leave the cell empty where there was none.
    efs = pd.DataFrame({"patient_id": list("ABC"), "efs_days": [300, 400, 500], "efs_event": [1, 0, 1]})
    tally = open_cohort(efs.assign(first_event=["SMN", "", ""])).tally(["efs_days", "first_event"])
    assert tally["first_event"].astype(object).where(tally["first_event"].notna(), None).tolist() == [
        "second malignancy",
        "none",
        None,
    ]
    after = pd.DataFrame({"patient_id": list("AB"), "efs_relapse_days": [300, 400], "efs_relapse_event": [1, 0]})
    tally = open_cohort(after.assign(event_after_relapse=["relapse", ""])).tally(["event_after_relapse"])
    assert tally["event_after_relapse"].tolist() == ["none", "second relapse"]


OTHERS = """\
patient_id,relapsed,relapse_days,os_days,os_event,efs_days,efs_event,first_event
1,0,,900,0,300,1,SMN
2,0,,900,1,300,1,
3,0,,900,1,900,1,death
4,1,500,900,0,300,1,second malignancy
5,1,500,900,0,500,1,relapse
6,0,,900,0,900,0,none
7,0,,900,0,40,1,induction failure
8,,,900,0,900,1,
9,0,,900,0,902,0,
"""


def test_another_first_event_has_its_own_name_where_the_file_gives_one() -> None:
    frame = pd.read_csv(io.StringIO(OTHERS), dtype=str, keep_default_na=False)
    frame["patient_id"] = ["SYN" + name for name in frame["patient_id"]]
    cohort = open_cohort(frame)
    # Names of events that no other column tells are nothing to remark on, nor are their days.
    late, differs = (note.text for note in cohort.notes)
    assert late == "efs_days ends up to 7 days after last contact for 1 child (row 9: efs_days '902', os_days '900')."
    assert differs.startswith("efs_days differs for 1 child ")
    named = cohort.dictionary["first_event"]
    assert (
        named.levels[3:] == named.optional_levels == ("induction failure", "second malignancy", "another first event")
    )
    first = {n: row[0] for n, row in derived_of(frame, ["first_event"]).items()}
    assert first == {
        1: "second malignancy",
        2: "another first event",
        3: "death in remission",
        4: "second malignancy",
        5: "relapse",
        6: "none",
        7: "induction failure",
        8: None,
        9: "none",
    }
    derived = derived_of(frame.drop(columns="first_event"), ["first_event", "efs_days"])
    assert derived[1][0] == derived[2][0] == derived[4][0] == derived[7][0] == "another first event"
    assert derived[3][0] == "death in remission" and derived[5][0] == "relapse" and derived[8][0] is None
    # Without its day such an event ends nothing at last contact: the child counts as having it on an unknown day.
    untimed = derived_of(frame.drop(columns=["efs_days", "efs_event"]), ["efs_days", "efs_event"])
    assert untimed[1] == untimed[4] == (None, 1) and untimed[7] == (46, 1) and untimed[2] == (900, 1)
