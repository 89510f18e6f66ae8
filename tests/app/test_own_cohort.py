"""Patients that a reader brought live in their own session alone: nobody else meets them, and nothing of them stays."""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import open_dictionary
from analytics.views.ledger import Ledger
from pages.components import leaving, state
from pages.components.cache import REFERENCE_COHORT, kept, load_document, load_level_counts, load_offers
from pages.components.intake.held import Held
from pages.components.jobs import JOBS, jobs_of
from pages.components.own_cohort import Memory, OwnCohort
from tests.app.opening import Dashboard, open_dashboard, open_link, turn_to

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def open_some(n: int = 300) -> Cohort:
    frame = pd.read_csv(REFERENCE_COHORT, dtype=str, keep_default_na=False)
    frame["patient_id"] = frame["patient_id"].str.replace("SYN", "X")
    return open_cohort(frame.head(n), name="ward.csv")


def shown(app: Dashboard) -> str:
    return " ".join(html.proto.body for html in app.get("html"))


def test_a_memory_is_bounded_and_lets_the_oldest_go() -> None:
    memory, made = Memory(kept=2), []
    for key in ("a", "b", "a", "c", "a", "b"):
        memory.recall(key, lambda key=key: made.append(key))
    assert made == ["a", "b", "c", "b"]
    assert len(memory) == 2


def test_no_other_cohort_equals_a_readers_own() -> None:
    cohort = open_some()
    first, second = OwnCohort.of(cohort), OwnCohort.of(cohort)
    assert first.data_version == second.data_version == cohort.data_version
    assert len({first, second, cohort}) == 3
    assert first.count() == 300


def test_nothing_of_them_is_found_by_others() -> None:
    own, other = OwnCohort.of(open_some()), OwnCohort.of(open_some())
    load_level_counts(own, CohortFilter())
    assert len(own.memory) == 1
    assert not len(other.memory)
    assert jobs_of(own) is jobs_of(own)
    assert jobs_of(own) is not jobs_of(other)
    assert jobs_of(open_some()) is JOBS


def test_two_functions_of_one_name_remember_apart() -> None:
    def count(by: int) -> Callable[[Cohort], int]:
        @kept(4)
        def counted(cohort: Cohort) -> int:
            return by * cohort.count()

        return counted

    own = OwnCohort.of(open_some())
    assert [count(by)(own) for by in (1, 2)] == [300, 600]


def test_every_answer_about_a_cohort_that_is_kept_is_kept_apart() -> None:
    """A function that remembers by cohort, and is not among those that know of own patients, would keep them for all."""
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "pages").rglob("*.py")]
    remembered = re.compile(r"@(?:lru_cache\(.*\)|cache)\ndef (\w+)\(\s*cohort\b")
    assert not [name for text in pages for name in remembered.findall(text)]


def test_pages_show_them_by_their_file() -> None:
    app = open_dashboard({state.OWN_COHORT: OwnCohort.of(open_some())})
    for address in app.pages:
        turn_to(app, address)
        assert not app.exception
        assert "Your file: ward.csv" in shown(app)
        assert app.query_params[state.OWN] == "1"
    turn_to(app, "survival-by-site")
    assert "All 300 children, no filter." in shown(app)
    assert "SYNTHETIC" not in shown(app)


def test_another_session_shows_the_cohort_of_the_start() -> None:
    open_dashboard({state.OWN_COHORT: OwnCohort.of(open_some())})
    assert "of 300" not in shown(open_dashboard())


def test_the_words_are_those_of_their_dictionary(tmp_path: Path) -> None:
    text = (ROOT / "data" / "dictionary.toml").read_text(encoding="utf-8")
    text = text.replace('noun = "child"\nplural = "children"', 'noun = "horse"\nplural = "horses"')
    (tmp_path / "dictionary.toml").write_text(text, encoding="utf-8")
    frame = pd.read_csv(REFERENCE_COHORT, dtype=str, keep_default_na=False)
    own = OwnCohort.of(open_cohort(frame, open_dictionary(tmp_path / "dictionary.toml")))
    app = open_dashboard({state.OWN_COHORT: own})
    assert "436 synthetic horses" in shown(app)


def test_a_link_to_them_says_that_it_needs_the_file() -> None:
    app = open_link("survival-by-site", own="1", sex="girls")
    assert "link-own-file" in shown(app)
    assert state.OWN not in app.query_params
    assert app.query_params["sex"] == "girls"


def test_the_ledger_of_the_start_comes_back_when_they_go() -> None:
    app = open_dashboard()
    turn_to(app, "survival-by-site")
    before = app.session_state[state.LEDGER]
    assert before

    def swap() -> None:
        import pandas as pd
        import streamlit as st

        from analytics.cohort import open_cohort
        from pages.components import state
        from pages.components.cache import REFERENCE_COHORT
        from pages.components.own_cohort import hold_own_cohort, let_own_cohort_go

        frame = pd.read_csv(REFERENCE_COHORT, dtype=str, keep_default_na=False).head(200)
        st.session_state[state.LEDGER] = "those of a question"
        st.session_state[state.FILTERS] = {"sex": ["girls"]}
        hold_own_cohort(open_cohort(frame))
        st.session_state["after"] = (st.session_state[state.LEDGER], state.FILTERS in st.session_state)
        st.session_state[state.LEDGER] = "those of the own"
        let_own_cohort_go()

    session = AppTest.from_function(swap).run()
    assert not session.exception
    assert session.session_state["after"] == (Ledger(), False)
    assert session.session_state[state.LEDGER] == "those of a question"
    assert state.OWN_COHORT not in session.session_state


def test_they_are_gone_from_memory_with_their_session() -> None:
    own = OwnCohort.of(open_some())
    gone = weakref.ref(own)
    app = open_dashboard({state.OWN_COHORT: own})
    for address in ("survival-by-site", "relapse-predictors"):
        turn_to(app, address)
    choices = load_offers(own)["survival-by-site"].defaults
    assert load_document(own, CohortFilter(), "survival-by-site", choices).sentence().startswith("All 300 children")
    del own, app
    gc.collect()
    assert gone() is None


class Server:
    """A server of which some sessions have gone."""

    def __init__(self) -> None:
        self.here = {"stays", "goes"}
        self.without_files: list[str] = []
        self.uploaded_file_mgr = SimpleNamespace(remove_session_files=self.without_files.append)
        self.media_file_mgr = SimpleNamespace(
            clear_session_refs=self.without_files.append, remove_orphaned_files=lambda: self.without_files.append("all")
        )

    def is_active_session(self, session_id: str) -> bool:
        return session_id in self.here


def test_they_are_forgotten_once_the_tab_has_been_away_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    server, now = Server(), 0.0
    monkeypatch.setattr(leaving, "runtime", SimpleNamespace(exists=lambda: True, get_instance=lambda: server))
    monkeypatch.setattr(leaving, "monotonic", lambda: now)
    monkeypatch.setattr(leaving, "LOOK_SECONDS", 1000.0)
    some = {"stays": (OwnCohort.of(open_some()), Held()), "goes": (OwnCohort.of(open_some()), Held())}
    values: dict[str, dict[str, str]] = {"stays": {"widget": "file"}, "goes": {"widget": "file"}}
    watching = leaving.Leaving()
    for session_id, (own, held) in some.items():
        held.take({"ward.csv": b"patient_id,sex\nX1,girl\nX2,boy\n"}, lambda share, name: None)
        load_level_counts(own, CohortFilter())
        watching.bring(session_id, own, values[session_id])
        watching.bring(session_id, held, values[session_id])
    assert watching.look()
    server.here = {"stays"}
    assert watching.look()  # missed from now on
    now = leaving.AWAY_SECONDS - 1
    server.here = {"stays", "goes"}
    assert watching.look()  # back in time
    server.here = {"stays"}
    assert watching.look()
    now += leaving.AWAY_SECONDS - 1
    assert watching.look()
    assert some["goes"][0].count() == 300 and some["goes"][1].files
    now += 1
    assert watching.look()
    own, held = some["goes"]
    assert server.without_files == ["goes", "goes", "all"]
    assert values == {"stays": {"widget": "file"}, "goes": {}}
    assert not held.files and not held.tables and not held.problems
    assert not len(own.memory) and not len(own.lasting)
    with pytest.raises(duckdb.ConnectionException):
        own.tally(["sex"])
    assert some["stays"][0].tally(["sex"])["n"].sum() == 300 and some["stays"][1].files
    some.clear()
    del own, held
    assert not watching.look(), "nothing is left to forget"
