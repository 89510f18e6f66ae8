"""Long questions: whoever listens hears how far they are, and stops them by an error."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from time import monotonic

import pandas as pd
import pytest

from analytics.cohort import open_cohort, waiting
from analytics.cohort.duckdb_engine import DuckDBEngine
from analytics.cohort.opening import STAGES
from analytics.cohort.waiting import Stage, begin, listening, wait_for
from tests.cohort.cohort_oracle import ROWS, SMALL, frame_of

LONG = "SELECT sha256(CAST(i AS VARCHAR)) AS h, count(*) AS n FROM many GROUP BY h LIMIT 1"


class LeftError(Exception):
    """Raised by a listener who waits no longer."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(waiting, "NEXT_SECONDS", 0.02)


def test_a_listener_hears_the_share_and_stops_the_question() -> None:
    engine, heard = DuckDBEngine(), list[float]()
    engine.execute("CREATE TABLE many AS SELECT i FROM range(10000000) AS numbers(i)")

    def listen(stage: Stage, share: float | None) -> None:
        heard.append(share or 0.0)
        if heard[-1] > 0 or len(heard) > 2000:
            raise LeftError

    begun = monotonic()
    with pytest.raises(LeftError), listening(listen):
        engine.run(LONG)
    assert 0 < heard[-1] < 1
    assert engine.run("SELECT 1 AS one")["one"].tolist() == [1]
    assert monotonic() - begun < 60  # the whole of it takes minutes


def test_without_a_listener_a_question_stays_in_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Thread, "start", None)
    assert wait_for(lambda: 7, lambda: None, lambda: None) == 7


def test_what_goes_wrong_reaches_whoever_waits(capfd: pytest.CaptureFixture[str]) -> None:
    engine = DuckDBEngine()
    with pytest.raises(ValueError, match="the reason"):
        begin(lambda: int("the reason")).result()
    with listening(lambda stage, share: None), pytest.raises(Exception, match="nowhere"):
        engine.run("SELECT * FROM nowhere")
    engine.close()


def test_an_opening_says_its_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "NEXT_SECONDS", 0.0)
    path, heard = tmp_path / "children.csv", dict[Stage, None]()
    pd.concat([frame_of(ROWS).assign(patient_id=lambda f, i=i: f["patient_id"] + f"-{i}") for i in range(20)]).to_csv(
        path, index=False
    )
    with listening(lambda stage, share: heard.setdefault(stage)):
        open_cohort(path, SMALL)
    assert [stage.number for stage in heard] == list(range(1, len(STAGES) + 1))
    assert {stage.of for stage in heard} == {len(STAGES)}
    assert list(heard)[1].what == f"looking for {SMALL.words.plural} who are alike"
