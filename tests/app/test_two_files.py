"""A reader's own patients beside the file of the start: both in one, named, and never compared where they differ."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.cohort import Cohort, open_cohort
from analytics.cohort.filters import Clause, CohortFilter
from analytics.dictionary import load_dictionary
from analytics.estimators import logrank_test
from analytics.intake.applying import apply_mapping
from analytics.intake.exports import recognise_export
from analytics.intake.extending import extend_dictionary
from analytics.intake.gathering import gather_patients
from pages.components import state
from pages.components.cache import REFERENCE_COHORT, load_beside, load_cohort, load_offers
from pages.components.own_cohort import OwnCohort
from tests.app.opening import Dashboard, open_link, open_page, turn_to
from tests.intake.portal_download import made_up_download

GIRLS = CohortFilter((Clause("sex", ("female",)),))
ENTRY = {"label": "Hospital", "kind": "categorical", "phase": "diagnosis", "levels": ["north", "south"]}
HOSPITAL = {
    **ENTRY,
    "reference": "north",
    "definition": "Where.",
    "source": "ours",
    "is_filter": True,
    "is_group": True,
}


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)
    monkeypatch.delenv("SMALLEST_CELL", raising=False)


def read_reference(prefix: str = "X") -> pd.DataFrame:
    frame = pd.read_csv(REFERENCE_COHORT, dtype=str, keep_default_na=False)
    frame["patient_id"] = frame["patient_id"].str.replace("SYN", prefix)
    return frame


def own_of(frame: pd.DataFrame, **variables: object) -> OwnCohort:
    dictionary = extend_dictionary(load_dictionary(), {"variables": variables})
    return OwnCohort.of(open_cohort(frame, dictionary, name="ward.csv"))


@cache
def of_the_portal() -> Cohort:
    download = made_up_download()
    export = recognise_export([download])
    assert export is not None
    mapped = apply_mapping(gather_patients([download], export.mapping)[0], export.mapping, load_dictionary())
    return open_cohort(mapped.frame, mapped.dictionary, name="download.tsv")


def name_registry(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Cohort:
    """A registry as the file of the start: those who come last in the reference cohort, under other names."""
    path = folder / "registry.csv"
    read_reference("R").tail(250).to_csv(path, index=False)
    monkeypatch.setenv("COHORT", str(path))
    return load_cohort(str(path))


def beside(own: OwnCohort, page: str, asked: dict[str, list[str]] | None = None, **choices: object) -> Dashboard:
    """A page of the reader's own patients with the file of the start beside them."""
    app = open_page(page, {state.OWN_COHORT: own, **choices})
    app.session_state[state.FILTERS] = {state.REGISTRY: ["1"], **(asked or {})}
    app.run()
    assert not app.exception
    return app


def shown(app: Dashboard) -> str:
    return " ".join(html.proto.body for html in app.get("html"))


def plain(html: str) -> str:
    return re.sub(r"[\s\xa0]+", " ", re.sub("<[^>]*>", " ", html)).strip()


def said(app: Dashboard, test_id: str) -> str:
    """The text of the parts of a page with that name."""
    return plain(" ".join(h.proto.body for h in app.get("html") if f'data-testid="{test_id}"' in h.proto.body))


def test_two_files_stand_in_one_figure_and_one_table_with_the_test_of_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    registry, own = name_registry(monkeypatch, tmp_path), own_of(read_reference().head(180))
    choices = {"by": "everyone", "endpoint": "efs_diagnosis"}
    app = beside(own, "survival-by-variable", {"sex": ["girls"]}, **choices)
    assert f"Compared with {registry.count(GIRLS)} children of registry.csv: Sex: girls" in said(app, "versus")
    assert "That nobody is in both files is assumed" in said(app, "versus")
    assert "A: ward.csv (Sex: girls); B: registry.csv (Sex: girls)" in said(app, "picture-title")
    assert "SYNTHETIC" not in shown(app)
    # The rows are those that each file has alone, and the test is that of the patients of both.
    frames = []
    for cohort in (own, registry):
        tally = cohort.tally(["efs_days", "efs_event"], GIRLS).dropna()
        frames.append(tally.loc[tally.index.repeat(tally["n"])])
    rows = plain(shown(app))
    for name, frame in zip(("A: ward.csv", "B: registry.csv"), frames, strict=True):
        assert f"{name} {int(frame['efs_event'].sum())} of {len(frame)} " in rows
    both = pd.concat(frames)
    side = np.repeat(["A", "B"], [len(frame) for frame in frames])
    expected = logrank_test(both["efs_days"].to_numpy(float), both["efs_event"].to_numpy(float), side)
    assert f"A: ward.csv and B: registry.csv: log-rank test, p = {expected.p_value:.3f}" in said(app, "versus-test")
    # The link says both, and that it needs the file; nothing about the own patients is kept for others.
    assert app.query_params[state.REGISTRY] == app.query_params[state.OWN] == "1"
    again = open_link("survival-by-variable", registry="1", own="1", sex="girls")
    assert "link-own-file" in shown(again) and not said(again, "versus")
    assert state.REGISTRY not in again.session_state[state.FILTERS]


def test_made_up_children_are_marked_and_nothing_is_tested_against_them() -> None:
    app = beside(own_of(read_reference().head(300)), "cumulative-incidence")
    assert "SYNTHETIC DATA Compared with 436 children of the reference cohort" in said(app, "versus")
    assert "B: the reference cohort, SYNTHETIC (no filter)" in said(app, "picture-title")
    assert "No test compares A with B: B is SYNTHETIC" in said(app, "versus-test")
    (kept,) = [h.proto.body for h in app.get("html") if "data-said-beside" in h.proto.body]
    for mark in ("B is SYNTHETIC DATA: no row of it describes a real child.", "_a-b_synthetic", "A: ward.csv; B: "):
        assert mark in kept
    turn_to(app, "mean-survival")
    assert not said(app, "versus-test") and "No test compares the two." in shown(app)


def test_table_1_has_a_column_of_each_file_and_says_what_only_one_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    registry = name_registry(monkeypatch, tmp_path)
    frame = read_reference().head(180).assign(hospital=["north", "south"] * 90)
    own = own_of(frame, hospital={**HOSPITAL, "is_covariate": True})
    app = beside(own, "")
    app.session_state[state.BASELINE] = True
    app.run()
    (body,) = [h.proto.body for h in app.get("html") if "Who is in this selection (A)" in h.proto.body]
    assert f"A: ward.csv (n = {own.n}) B: registry.csv (n = {registry.n}) SMD" in plain(body)
    girls = [c.count(GIRLS) for c in (own, registry)]
    assert f"girls {girls[0]} ({girls[0] / 1.8:.1f} %) {girls[1]} ({girls[1] / 2.5:.1f} %)" in plain(body)
    assert "Not in B, or defined otherwise there: Hospital." in plain(body)


def test_what_the_other_file_cannot_be_asked_is_said() -> None:
    own = own_of(read_reference().head(200).assign(hospital=["north", "south"] * 100), hospital=HOSPITAL)
    app = beside(own, "survival-by-variable", {"hospital": ["north"], "sex": ["girls"], "age_years": ["10", "16"]})
    heading = said(app, "versus")
    assert "children of the reference cohort: Age at diagnosis from 10 years; Sex: girls" in heading
    assert "Not asked of the reference cohort" in heading and heading.count("Hospital: north") == 1
    # Groups that one file alone has are not compared, and neither is a variable that means something else.
    app.session_state["by"] = "hospital"
    app.run()
    assert "Split by: the reference cohort does not have “Hospital”" in said(app, "not-beside")
    assert not said(app, "versus-test")
    other = own_of(read_reference().head(200), mrd_day46={"definition": "Of 0.1 % or more."})
    app = beside(other, "survival-by-variable", by="mrd_day46")
    assert said(app, "not-beside") == "MRD on day 46 (mrd_day46) is defined otherwise in the reference cohort."


def test_the_other_file_has_a_selection_of_its_own_if_one_is_compared_with() -> None:
    app = beside(own_of(read_reference().head(300)), "survival-by-site", {"versus": ["mrd_day46=positive&colour=blue"]})
    assert "of the reference cohort: MRD on day 46: positive" in said(app, "versus")
    assert "colour" in said(app, "versus")
    assert app.query_params["versus"] == "mrd_day46=positive&colour=blue"


def test_a_download_beside_the_reference_cohort_compares_what_means_the_same() -> None:
    own = OwnCohort.of(of_the_portal())
    app = beside(own, "cumulative-incidence", by="everyone")
    assert "A alone has" in said(app, "unlike") and "second malignancy" in said(app, "unlike").lower()
    assert "B: the reference cohort, SYNTHETIC" in said(app, "picture-title")
    # Each event is counted as itself, though the two files number them differently.
    cause = own.dictionary["first_event"]
    reference = open_cohort(REFERENCE_COHORT)
    assert cause.levels != reference.dictionary["first_event"].levels
    n = [int(c.tally(["first_event"]).set_index("first_event").loc["relapse", "n"]) for c in (own, reference)]
    rows = re.findall(r"([AB]): (?:download\.tsv|the reference cohort, SYNTHETIC) (\d+) of", plain(shown(app)))
    assert dict(rows) == {"A": str(n[0]), "B": str(n[1])}
    turn_to(app, "survival-by-site")
    assert "A: download.tsv (no filter)" in said(app, "picture-title")


def test_a_page_that_needs_what_the_other_file_lacks_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "registry.csv"
    read_reference("R").drop(columns=["relapse_site"]).to_csv(path, index=False)
    monkeypatch.setenv("COHORT", str(path))
    app = beside(own_of(read_reference().head(300)), "survival-by-site")
    assert said(app, "not-beside").startswith("This page needs what registry.csv does not have: ")
    assert "relapse_site" in said(app, "not-beside")


def test_where_small_numbers_are_protected_no_other_file_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALLEST_CELL", "5")
    app = beside(own_of(read_reference().head(300)), "survival-by-site")
    assert not said(app, "versus")
    turn_to(app, "your-patients")
    assert not [b for b in app.button if b.key == state.INTAKE_BESIDE]
    assert "Small numbers are protected" in said(app, "own-alone")


def test_your_patients_begin_and_end_the_comparison() -> None:
    app = open_page("your-patients", {state.OWN_COHORT: own_of(read_reference().head(300))})
    app.session_state[state.FILTERS] = {"sex": ["girls"]}
    app.run()
    app.button(key=state.INTAKE_BESIDE).click().run()
    assert app.session_state[state.FILTERS] == {"sex": ["girls"], state.REGISTRY: ["1"]}
    app.button(key=state.INTAKE_BESIDE).click().run()
    assert app.session_state[state.FILTERS] == {"sex": ["girls"]}


def test_a_file_of_the_start_that_can_no_longer_be_read_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name_registry(monkeypatch, tmp_path)
    own = own_of(read_reference().head(200))
    (tmp_path / "registry.csv").write_text("patient_id,sex\nR1,unclear\n", encoding="utf-8")
    app = beside(own, "survival-by-variable")
    assert "Registry.csv cannot be shown beside your file" in said(app, "not-beside")


def test_what_follows_from_both_files_stays_with_the_readers_own() -> None:
    own, reference = own_of(read_reference().head(300)), load_cohort(str(REFERENCE_COHORT))
    choices = load_offers(own)["survival-by-site"].defaults
    before = len(own.memory)
    found = load_beside(own, GIRLS, reference, GIRLS, "the reference cohort", "survival-by-site", choices)
    assert found.document is not None and len(own.memory) > before
    assert load_beside(own, GIRLS, reference, GIRLS, "the reference cohort", "survival-by-site", choices) is found


def test_before_and_after_a_change_of_protocol_are_two_selections_of_one_file() -> None:
    own = OwnCohort.of(of_the_portal())
    names = ("AALL0232", "AALL0331")
    old, new = (CohortFilter((Clause("protocol", (name,)),)) for name in names)
    app = open_page("survival-by-variable", {state.OWN_COHORT: own, "by": "everyone", "endpoint": "os_diagnosis"})
    app.session_state[state.FILTERS] = {"protocol": [names[0]], "versus": [f"protocol={names[1]}"]}
    app.run()
    assert own.count(old) and f"Compared with {own.count(new)} children: Trial: {names[1]}" in said(app, "versus")
    assert "No child is in both selections." in said(app, "versus")
    assert f"A: Trial: {names[0]} and B: Trial: {names[1]}: log-rank test, p = " in said(app, "versus-test")
