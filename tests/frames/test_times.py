"""Times, ages and MRD in another unit, codes for missing values, and days that go without their event or against it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.cohort import open_cohort
from analytics.cohort.problems import CohortError
from analytics.dictionary import open_dictionary
from analytics.figures.curves.steps import choose_ticks
from analytics.results import Note
from tests.analyses.shown import cohort_of

DURATIONS = [v for v in open_dictionary().variables if v.kind == "duration"]


def followed(n: int = 40, **columns: object) -> pd.DataFrame:
    """Children followed for four to six years, every second of them with a relapse."""
    frame = pd.DataFrame({"patient_id": [f"P{i}" for i in range(n)], "age_years": [3.0 + i % 9 for i in range(n)]})
    frame["relapsed"] = [i % 2 for i in range(n)]
    frame["os_days"], frame["os_event"] = [1500.0 + 20 * i for i in range(n)], [int(i % 5 == 0) for i in range(n)]
    return frame.assign(**columns)


def relapses(n: int, days: float, step: float) -> list[float]:
    return [days + step * i if i % 2 else np.nan for i in range(n)]


def problem_of(frame: pd.DataFrame | Path) -> tuple[str, str]:
    with pytest.raises(CohortError) as error:
        open_cohort(frame)
    (problem,) = error.value.problems
    return problem.what, f"{problem.where}. {problem.remedy}"


def notes_of(frame: pd.DataFrame) -> list[Note]:
    return [note for note in open_cohort(frame).notes if note.code != "derived-differs"]


def test_neither_file_of_the_project_has_a_remark() -> None:
    for name in ("reference_cohort.csv", "example_missing_mrd.csv"):
        assert cohort_of(name).notes == ()


# More than sixty years


@pytest.mark.parametrize(
    ("value", "cause", "remedy"),
    [
        (43831, "an Excel date", "Subtract the serial number"),
        (99999, "a code for a missing value", "Leave the cell empty"),
        (999999, "a code for a missing value", "Leave the cell empty"),
        (1556668800, "a Unix time in seconds", "Subtract that of the day"),
        (1556668800000, "a Unix time in milliseconds", "divide by 86,400,000"),
        (900 * 86400 * 10**9, "a duration in nanoseconds", "Divide by 86,400,000,000,000"),
        (900 * 86400 * 10**6, "a duration in microseconds", "Divide by 86,400,000,000"),
        (900 * 86400, "a duration in seconds", "Divide by 86,400 "),
        (900 * 86400 * 10**3, "a duration in milliseconds", "Divide by 86,400,000 "),
        (6000 * 86400, "a duration in seconds", "Divide by 86,400 "),
        # Midnight of 3 May 2019, as data frames and column files hold it.
        (1556841600 * 10**9, "a Unix time in nanoseconds", "divide by 86,400,000,000,000"),
        (1556841600 * 10**6, "a Unix time in microseconds", "divide by 86,400,000,000."),
        (20180131, "a date written as one number", "Write the days between"),
        (123456.5, "another unit or a slip of the pen", "check both dates and the unit"),
    ],
)
def test_a_time_beyond_sixty_years_is_refused_with_its_likely_cause(value: float, cause: str, remedy: str) -> None:
    frame = followed()
    frame.loc[7, "os_days"] = value
    what, rest = problem_of(frame)
    assert what == "os_days is longer than 60 years (21915 days from diagnosis) for 1 of 40 children"
    assert "child P7" in rest and cause in rest and remedy in rest


@pytest.mark.parametrize("variable", DURATIONS, ids=lambda v: v.name)
def test_every_time_is_limited(variable) -> None:  # type: ignore[no-untyped-def]
    frame = pd.DataFrame({"patient_id": ["A", "B"], "sex": ["male", "female"], variable.name: [21915, 21916]})
    for e in open_dictionary().endpoints:
        if e.time == variable.name:
            frame[e.event] = 1
    what, rest = problem_of(frame)
    assert what.startswith(f"{variable.name} is longer than 60 years (21915 days from ") and "child B" in rest


def test_each_cause_is_named_once(tmp_path: Path) -> None:
    frame = followed()
    frame.loc[[1, 2, 3], "os_days"] = [43831, 43832, 99999]
    _, rest = problem_of(frame)
    assert rest.count("looks like an Excel date") == 1 and "99999 looks like a code" in rest
    path = tmp_path / "durations.parquet"
    days = pd.Series(pd.to_timedelta(followed()["os_days"], unit="D")).astype("int64")
    followed().assign(os_days=days).to_parquet(path)
    assert "a duration in nanoseconds" in problem_of(path)[1]


# Codes and units


def test_one_code_is_found_and_hides_no_unit() -> None:
    frame = followed(os_days=[40.0 + i for i in range(40)])
    frame.loc[7, "os_days"] = 9999
    coded, unit = sorted(notes_of(frame), key=lambda note: note.code)
    assert coded.code == "code-suspect"
    assert coded.text == "os_days holds what looks like a code for a missing value for 1 child (row 8: '9999.0')."
    assert "Leave the cell empty" in coded.remedy
    assert unit.code == "unit-suspect"
    assert unit.text == (
        "os_days is below 240 for 39 of 40 children: the times look like months, and days are expected."
    )
    assert unit.remedy == "If they are months, multiply os_days by 30.4375."


@pytest.mark.parametrize("column", ["os_days", "relapse_days"])
def test_a_code_that_may_be_a_day_is_found_once_it_is_frequent(column: str) -> None:
    frame = followed(relapse_days=relapses(40, 400, 10))
    frame.loc[[2, 4], column] = 888 if column == "os_days" else frame[column]
    assert not notes_of(frame), "two equal days are no code"
    rows = frame.index[frame["relapsed"] == 1][:3]
    frame["os_days"] = frame["os_days"].clip(lower=1000)
    frame.loc[rows, column] = 888 if column == "relapse_days" else 999
    frame.loc[rows, "relapse_days"] = frame.loc[rows, "relapse_days"].clip(upper=990)
    (note,) = notes_of(frame)
    assert note.code == "code-suspect" and f"{column} holds the same number" in note.text
    assert "for 3 children (rows" in note.text and "Leave the cell empty" in note.remedy


def test_a_point_between_thousands_is_found() -> None:
    days = [f"{d // 1000}.{d % 1000:03d}" if d >= 1000 else str(d) for d in range(400, 1600, 30)]
    (note,) = notes_of(followed(os_days=days))
    assert note.code == "unit-suspect" and note.text.startswith(
        "os_days holds what looks like a point between thousands for 20 children, and only whole numbers else (rows 21: "
    )
    assert "Write 1400" in note.remedy
    # One day with decimals shows that the point is one between decimals.
    assert not [n for n in notes_of(followed(os_days=[*days[:-1], "912.5"])) if "thousands" in n.text]


def test_years_are_told_from_months() -> None:
    (note,) = notes_of(followed(os_days=[2.0 + i / 10 for i in range(40)]))
    assert "look like years" in note.text and note.remedy == "If they are years, multiply os_days by 365.25."


@pytest.mark.parametrize(
    ("column", "months"),
    [
        ("relapse_days", relapses(40, 9, 1)),
        ("end_of_therapy_days", [24.0 + i % 12 for i in range(40)]),
        ("efs_days", [10.0 + i for i in range(40)]),
    ],
)
def test_months_are_found_in_any_column(column: str, months: list[float]) -> None:
    frame = followed(**{column: months})
    if column != "relapse_days":
        frame = frame.drop(columns="relapsed")
    if column == "efs_days":
        frame["efs_event"] = 0
    (note,) = notes_of(frame)
    assert (note.code, note.severity) == ("unit-suspect", "caution")
    assert note.text.startswith(f"{column} is below ") and "look like months" in note.text
    assert not notes_of(frame.assign(**{column: [30.4375 * m for m in months]}))


@pytest.mark.parametrize(
    ("column", "months"),
    [("hsct_days", 3.0), ("cart_days", 2.0), ("second_relapse_days", 12.0), ("os_relapse_days", 40.0)],
)
def test_months_are_found_after_relapse(column: str, months: float) -> None:
    frame = pd.DataFrame({"patient_id": [f"P{i}" for i in range(20)], "relapsed": 1})
    frame["os_relapse_days"], frame["os_relapse_event"] = [900.0 + 10 * i for i in range(20)], 0
    frame[column] = [months + i / 10 for i in range(20)]
    assert [n.text.split(" is below")[0] for n in notes_of(frame) if n.code == "unit-suspect"] == [column]
    frame[column] *= 30.4375
    assert not notes_of(frame)


def test_ages_in_months_and_codes_for_ages() -> None:
    (note,) = notes_of(followed(age_years=[12.0 + 2.5 * i for i in range(40)]).assign(os_days=1500.0))[:1]
    assert (
        note.code == "unit-suspect"
        and "the ages look like months" in note.text
        and "divide age_years by 12" in note.remedy
    )
    frame = followed()
    frame.loc[3, "age_years"] = 99
    (note,) = notes_of(frame)
    assert note.code == "code-suspect" and "(row 4: '99.0')" in note.text


def test_mrd_as_a_fraction() -> None:
    percent = [0.0 if i % 3 else min(0.01 * 1.3**i, 90) for i in range(40)]
    assert not notes_of(followed(mrd_day19_percent=percent))
    (note,) = notes_of(followed(mrd_day19_percent=[p / 100 for p in percent]))
    assert note.code == "unit-suspect" and "look like fractions" in note.text and "by 100" in note.remedy
    # One code does not hide that all others are fractions.
    (note,) = notes_of(followed(mrd_day19_percent=[percent[0] / 100, 99, *[p / 100 for p in percent[2:]]]))
    assert "look like fractions" in note.text


def test_a_first_event_and_its_flag_contradict_each_other() -> None:
    frame = pd.DataFrame(
        {
            "patient_id": list("ABCD"),
            "efs_days": [400, 300, 200, 100],
            "efs_event": [1, 1, 0, 0],
            "first_event": ["relapse", "none", "SMN", ""],
        }
    )
    with_one, without = notes_of(frame)
    assert with_one.text == "efs_event is 1 for 1 child whose first_event is none (row 2: 'none')."
    assert without.text == "efs_event is 0 for 1 child whose first_event names an event (row 3: 'SMN')."


# Days and events


UNKNOWN_DAY = """\
patient_id,sex,relapsed,relapse_days,os_days,os_event,cause_of_death,second_relapse,second_relapse_days,salvage_treatment,\
hsct_days,os_relapse_days,os_relapse_event
K1,male,1,,900,0,,yes,,HSCT,,500,0
K2,male,0,,900,0,other,,,,,,
K3,female,1,300,700,1,leukaemia,no,200,,150,400,1
K4,female,,250,900,0,,,,,,,
K5,female,0,,,1,other,,,,,,
"""


def test_days_without_events_and_events_without_days_are_named_and_kept() -> None:
    cohort = open_cohort(pd.read_csv(io.StringIO(UNKNOWN_DAY), dtype=str, keep_default_na=False))
    texts = [f"{note.code}: {note.text} {note.remedy}" for note in cohort.notes if note.code != "derived-differs"]
    expected = [
        ("day-missing: relapsed is 1 without relapse_days for 1 child", "(row 1). ", "relapsed stays 1."),
        ("day-missing: os_event is 1 without os_days for 1 child", "(row 5). ", "os_event stays 1."),
        ("day-missing: second_relapse is yes without second_relapse_days for 1 child", "(row 1). ", "stays yes."),
        ("day-missing: salvage_treatment is HSCT without hsct_days for 1 child", "(row 1). ", "stays HSCT."),
        ("flag-missing: relapse_days is given for 1 child whose relapsed is empty", "(row 4: '250'). ", "Write 1"),
        (
            "flag-missing: second_relapse_days is given for 1 child whose second_relapse is not",
            "(row 3: ",
            "Write yes",
        ),
        (
            "flag-missing: hsct_days is given for 1 child whose salvage_treatment is empty",
            "(row 3: '150')",
            "Write what",
        ),
        ("contradiction: cause_of_death is given for 1 child", "(row 2: 'other'). ", "Empty cause_of_death"),
    ]
    assert len(texts) == len(expected), texts
    for text, words in zip(texts, expected, strict=True):
        assert all(word in text for word in words), (text, words)
    # The relapse stays one: nobody is asked to make a false record.
    assert cohort.tally(["relapsed"])["n"].tolist() == [2, 2, 1]


def test_remissions_that_were_not_reached_contradict_relapses() -> None:
    frame = followed(first_remission="no", second_remission="no", relapse_days=relapses(40, 400, 10))
    frame["second_remission"] = np.where(frame["relapsed"] == 1, "no", "")
    frame["second_relapse_days"] = np.where(frame["relapsed"] == 1, 200.0, np.nan)
    assert [note.text.split(" for ")[0] for note in notes_of(frame)] == [
        "first_remission is no",
        "second_remission is no",
    ]


def test_a_day_of_relapse_needs_the_column_that_says_who_had_none() -> None:
    (note,) = notes_of(followed(relapse_days=relapses(40, 400, 10)).drop(columns="relapsed"))
    assert note.code == "flag-missing" and "the file has no column relapsed" in note.text


# Axes


@given(st.floats(0, 1e12), st.sampled_from(["months", "years"]), st.integers(3, 12))
def test_ticks_are_few_however_long_the_axis(end: float, unit: str, most: int) -> None:
    ticks = choose_ticks(end, unit, most)  # type: ignore[arg-type]
    assert 1 <= len(ticks) <= most and ticks[0] == 0 and ticks[-1] <= end * (1 + 1e-8) + 1e-8
