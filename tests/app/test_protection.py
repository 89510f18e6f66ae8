"""Where small numbers are protected: the setting, what is answered in a session, and what the pages are made of."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analytics.analyses import load_analyses
from analytics.cohort import Cohort, open_cohort, protect_cohort
from analytics.cohort.disclosure import Hidden, SuppressedError
from analytics.cohort.filters import Clause, CohortFilter
from analytics.cohort.perturbation import load_noise
from analytics.cohort.problems import CohortError
from analytics.cohort.rules import Everything, SmallNumbers
from analytics.formats import SUPPRESSED
from analytics.reporting.attrition import tabulate_stages
from analytics.reporting.protection import note_left_out
from analytics.reporting.reliability import load_policy
from analytics.study.baseline import tabulate_baseline
from analytics.study.overview import count_outcomes, summarise_selection
from pages.components.cache import REFERENCE_COHORT, active_secret, active_smallest_cell, load_cohort
from pages.components.state import ANSWERED, SIDEBAR, SIDEBAR_TOLD, TAB
from pages.components.style import STYLE
from tests.analyses.shown import analysis_of, show, show_with
from tests.app.opening import Dashboard, open_dashboard, open_page, turn_to
from tests.app.reading import assert_fit_to_read, texts_of

ROOT = Path(__file__).parents[2]
K = 5
BOUND = load_noise()[0]
HIGH_RISK = CohortFilter((Clause("risk_group", ("high",)),))
WHOLE_NUMBER = re.compile(r"(?<![\d.,])\d+(?![\d.,]*\d)(?!\s*%)")


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return protect_cohort(open_cohort(REFERENCE_COHORT, secret=active_secret()), K, secret=active_secret())


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


@pytest.mark.parametrize(
    ("text", "smallest"), [(None, 0), ("", 0), (" off ", 0), ("on", load_policy().smallest_cell), ("ON", 5), ("11", 11)]
)
def test_the_setting_turns_protection_on(monkeypatch: pytest.MonkeyPatch, text: str | None, smallest: int) -> None:
    if text is None:
        monkeypatch.delenv("SMALLEST_CELL", raising=False)
    else:
        monkeypatch.setenv("SMALLEST_CELL", text)
    assert active_smallest_cell() == smallest
    opened = load_cohort(str(REFERENCE_COHORT))
    assert opened.smallest_cell == smallest
    rule = opened.disclosure
    assert rule == (SmallNumbers(smallest, active_secret()) if smallest else Everything())


@pytest.mark.parametrize("secret", [None, "", "short", "   " + "x" * 15 + "   "])
def test_without_a_secret_nothing_is_opened(monkeypatch: pytest.MonkeyPatch, secret: str | None) -> None:
    monkeypatch.setenv("SMALLEST_CELL", "5")
    monkeypatch.delenv("CELL_KEY_SECRET")
    if secret is not None:
        monkeypatch.setenv("CELL_KEY_SECRET", secret)
    with pytest.raises(CohortError, match="no secret for their keys, or it is too short"):
        load_cohort(str(REFERENCE_COHORT))
    monkeypatch.delenv("SMALLEST_CELL")
    assert load_cohort(str(REFERENCE_COHORT)).n == 436


def test_the_secret_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    monkeypatch.setenv("CELL_KEY_FILE", str(path))
    monkeypatch.delenv("CELL_KEY_SECRET")
    with pytest.raises(CohortError, match="CELL_KEY_FILE"):
        active_secret()
    path.write_text("a secret that lies in a file\n")
    assert active_secret() == "a secret that lies in a file"


@pytest.mark.parametrize(("text", "hidden"), [("off", False), ("", False), ("on", True), ("five", True)])
def test_what_is_wrong_with_a_file_is_hidden_where_small_numbers_are_protected(
    monkeypatch: pytest.MonkeyPatch, text: str, hidden: bool
) -> None:
    monkeypatch.setenv("SMALLEST_CELL", text)
    monkeypatch.setenv("COHORT", str(ROOT / "tests" / "fixtures" / "many_problems.csv"))
    app = open_dashboard()
    said = "".join(h.proto.body for h in app.get("html"))
    assert ("written where the dashboard was started" in said) == hidden
    assert ("<li>" in said) == (not hidden)


@pytest.mark.parametrize("text", ["five", "1", "2", "0", "101", "-5", "4.5", "yes", "²"])
def test_a_setting_that_cannot_be_read_opens_nothing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SMALLEST_CELL", text)
    with pytest.raises(CohortError, match=r"SMALLEST_CELL must be on, off, or a whole number from 3 to 100"):
        load_cohort(str(REFERENCE_COHORT))


def test_a_link_cannot_ask_for_finer_limits_than_the_slider_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALLEST_CELL", str(K))
    app = Dashboard()
    app.query_params["age_years"] = ["-3", "9.4"]
    app.run()
    assert app.session_state[ANSWERED] == CohortFilter((Clause("age_years", high=10.0),))
    assert [h for h in app.get("html") if "Age at diagnosis up to 10 years" in h.proto.body]
    assert [h for h in app.get("html") if "link-range-clipped" in h.proto.body]


def test_the_headlines_of_the_overview_have_noise_or_are_said_to_be_withheld(cohort: Cohort) -> None:
    exact = open_cohort(REFERENCE_COHORT)
    everyone = {h.label: h.value for h in summarise_selection(count_outcomes(cohort, CohortFilter()))}
    assert abs(int(everyone["Children"]) - exact.n) <= BOUND
    assert abs(int(everyone["Relapsed"].split()[0]) - 64) <= BOUND
    few = summarise_selection(count_outcomes(cohort, HIGH_RISK))
    withheld = {h.label: h for h in few if h.value == SUPPRESSED}
    # Four children of high risk did not relapse: neither number is told, and neither is a zero.
    assert "Relapsed" in withheld
    assert "it need not be none" in withheld["Relapsed"].help
    with pytest.raises(SuppressedError):
        count_outcomes(cohort, CohortFilter((Clause("sex", ("female",)), Clause("age_years", low=1.0))))


@pytest.mark.parametrize("cohort_filter", [CohortFilter(), HIGH_RISK, CohortFilter((Clause("sex", ("female",)),))])
def test_table_1_tells_no_small_number_and_names_what_it_withholds(cohort: Cohort, cohort_filter: CohortFilter) -> None:
    variables = [v for v in cohort.dictionary.covariates if v.name in cohort.variables]
    table = tabulate_baseline(cohort, cohort_filter, variables)
    cells = [cell for row in table.rows for cell in row[1:] if cell]
    assert SUPPRESSED in cells
    for cell in (*cells, *table.columns[1:]):
        if cell != SUPPRESSED:
            for found in WHOLE_NUMBER.findall(re.sub(r"\([\d.]+\s%\)", "", cell)):
                assert int(found) >= K, cell
    assert "need not add up" in table.caption


def rows_of(cohort: Cohort, name: str) -> tuple[tuple[str, ...], ...]:
    return tabulate_baseline(cohort, CohortFilter(), [cohort.dictionary[name]]).rows[1:]


def test_what_nobody_has_is_shown_in_table_1_as_what_a_few_have(cohort: Cohort) -> None:
    exact = open_cohort(REFERENCE_COHORT)
    few = set()
    found = [(variable, row) for variable in ("cns_status", "sex") for row in rows_of(cohort, variable)]
    for name, row in found:
        variable, counts = cohort.dictionary[name], exact.tally([name, "relapsed"])
        level = next((x for x in variable.levels if variable.level_label(x) == row[0]), None)
        these = counts[counts[name] == level] if level else counts[counts[name].isna()]
        for cell, value in zip(row[2:], (0.0, 1.0), strict=False):
            n = int(these.loc[these["relapsed"] == value, "n"].sum())
            if n < K:
                few.add(n)
                assert cell == SUPPRESSED, (row, n)
    assert 0 in few and few != {0}


def test_too_few_without_a_value_are_never_told_as_none(cohort: Cohort) -> None:
    (missing,) = rows_of(cohort, "haemoglobin")
    assert int(missing[1]) >= K
    assert missing[2:] == (SUPPRESSED, SUPPRESSED)


def test_the_way_to_an_estimate_has_no_small_number(cohort: Cohort) -> None:
    boys = CohortFilter((Clause("sex", ("male",)),))
    answered = 0
    for analysis in load_analyses():
        try:
            shown = show_with(analysis, *boys.clauses, source=cohort, policy=True)
        except SuppressedError:
            continue
        answered += 1
        for stage in shown.document.attrition():
            assert stage.n >= K
            assert all(n >= K for _, n in stage.reasons)
    assert answered


def test_what_is_left_out_is_a_note_of_the_result(cohort: Cohort) -> None:
    note = show_with(analysis_of("relapse-predictors"), source=cohort, policy=True).notes[0]
    assert note.code == "suppressed"
    assert "Thrombocytopenia: not recorded" in note.text and "or none" in note.text
    assert note_left_out((), cohort.dictionary, K) == ()
    unknown = note_left_out((Hidden("relapse_site", None),), cohort.dictionary, K)
    assert cohort.dictionary["relapse_site"].missing_label in unknown[0].text


def test_every_answer_says_how_small_numbers_were_protected_and_only_then(cohort: Cohort) -> None:
    plain: Cohort = open_cohort(REFERENCE_COHORT)
    answered = 0
    for analysis in load_analyses():
        exact = show(analysis, plain, CohortFilter(), analysis.defaults(cohort), policy=True)
        assert not {"suppressed", "protected"} & exact.codes
        try:
            shown = show_with(analysis, source=cohort, policy=True)
        except SuppressedError:
            continue
        assert [note.code for note in shown.notes].count("protected") == 1
        answered += 1
    assert answered


QUERIES = ({}, {"sex": ["male"]}, {"risk_group": ["high"]})
# A number of children in running text, in a table, or in the table at risk.
FOLLOWING = "of [0-9]|child|boy|girl|had|died|death|relapse\\b|relapses|relapsed|event|were still|selected|complete"
OF_CHILDREN = re.compile(rf"(?<![\d.,–≥≤<>×])(\d+)(?= (?:{FOLLOWING}))")
COUNTS = ("n", "n_risk", "n_event", "n_censor", "n_lost", "observed", "n_treated", "n_missing")


@pytest.mark.slow
@pytest.mark.parametrize("slug", [analysis.slug for analysis in load_analyses()])
@pytest.mark.parametrize("held", QUERIES, ids=["everyone", "boys", "high risk"])
def test_no_small_number_is_shown_anywhere(
    monkeypatch: pytest.MonkeyPatch, cohort: Cohort, slug: str, held: dict[str, list[str]]
) -> None:
    """In no word or table is there a number of children below the smallest cell; what may be shown says that it is protected."""
    monkeypatch.setenv("SMALLEST_CELL", str(K))
    app = open_page(slug, held)
    assert_fit_to_read(app)
    for text in texts_of(app):
        said = re.sub(r"\s+", " ", re.sub("[\u202f\u2060]", "", text)).replace("1 of 20 such comparisons", "")
        for found in OF_CHILDREN.finditer(said):
            assert int(found[1]) >= K, said
    sent = "".join(h.proto.body for h in app.get("html"))
    assert sent.count('data-testid="protected"') == 1
    assert not [b.key for b in app.button if str(b.key).startswith("slow_")]
    assert "How good is this model?" not in [line.label for line in app.expander]
    chosen = CohortFilter(tuple(Clause(name, tuple(levels)) for name, levels in held.items()))
    try:
        shown = show_with(analysis_of(slug), *chosen.clauses, source=cohort, policy=True)
    except SuppressedError:
        assert 'data-testid="suppressed"' in sent
        return
    assert 'data-testid="headlines"' in sent
    stages = tabulate_stages(shown.document.attrition())
    for name, frame in (*shown.files.items(), ("stages", stages)):
        # Between two times of a curve are differences of two numbers with noise each.
        for column in frame.columns.intersection(COUNTS if name != "curves" else ("n", "n_risk")):
            told = frame[column].dropna().astype(float)
            assert ((told == 0) | (told >= K)).all(), (name, column, frame)


def of_size(n: int) -> dict[str, list[str]]:
    """Filters that leave so many children, as the widgets hold them."""
    exact = open_cohort(REFERENCE_COHORT)
    for site in exact.dictionary["relapse_site"].levels:
        start = CohortFilter((Clause("relapse_site", (site,)),))
        for name, counts in exact.level_counts(start).items():
            for level, left in counts.items():
                if name != "relapse_site" and level is not None and left == n:
                    return {"relapse_site": [site], name: [level]}
    raise AssertionError(f"no two clauses leave {n} children")


def read_all(app: AppTest) -> list[str]:
    """Everything that has been sent to the browser, what the filters are told included."""
    assert [e.value for e in app.exception] == []
    assert not app.info
    sent = {
        str(element.key): json.loads(element.proto.json or element.proto.mixed.json)
        for element in app.get("bidi_component")
    }
    assert set(sent) <= {TAB, SIDEBAR, SIDEBAR_TOLD}  # the name of the session, by chance
    told = {
        key: what for key, what in sent[SIDEBAR_TOLD].items() if key not in ("value", "step")
    }  # which is what was asked
    return [*(h.proto.body for h in app.get("html")), json.dumps([sent[SIDEBAR], told])]


@pytest.mark.slow
def test_of_one_child_no_page_and_no_filter_says_more_than_of_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALLEST_CELL", str(K))
    said = {}
    for n in (0, 1, K - 1):
        app = open_dashboard(of_size(n))
        said[n] = read_all(app)
        for page in ("survival-by-site", "relapse-predictors", "missing-values", "methods"):
            assert read_all(turn_to(app, page)) == said[n], page
        assert ANSWERED not in app.session_state
        app.button(key="return_to_answered").click().run()
        assert [h for h in app.get("html") if "cohort-sentence" in h.proto.body and "no filter" in h.proto.body]
    assert said[0] == said[1] == said[K - 1]
    text = "".join(body for body in said[1] if body != f"<style>{STYLE}</style>")
    assert "Fewer than 5 children, or none, are selected" in text
    assert "EXPERIMENTAL, NOT FOR REAL CHILDREN" in text
    assert re.search(r'{"of": "43[4-8]"}', text) and "cohort-sentence" not in text and "outcomes-table" not in text


def test_protection_is_said_to_be_an_experiment_at_the_start_and_on_every_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMALLEST_CELL", "7")
    load_cohort(str(REFERENCE_COHORT))
    assert "SMALLEST_CELL=7. The protection of small numbers is experimental: not for real children." in (
        capsys.readouterr().out
    )
    app = open_dashboard()
    for page in ("", "survival-by-site", "landmark", "methods"):
        said = "".join(h.proto.body for h in turn_to(app, page).get("html"))
        assert "EXPERIMENTAL, NOT FOR REAL CHILDREN" in said, page
    assert "experimental, not for real children" in (ROOT / "README.md").read_text()
    monkeypatch.setenv("COHORT", str(ROOT / "tests" / "fixtures" / "many_problems.csv"))
    app = open_dashboard()
    assert "experimental: not for real children" in "".join(h.proto.body for h in app.get("html"))


def test_a_cohort_of_a_few_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "few.csv"
    path.write_text("patient_id,sex\nP1,male\nP2,female\n")
    monkeypatch.setenv("COHORT", str(path))
    monkeypatch.setenv("SMALLEST_CELL", str(K))
    app = open_dashboard()
    assert not app.exception
    assert "written where the dashboard was started" in "".join(h.proto.body for h in app.get("html"))


def test_a_model_of_several_factors_tells_no_small_number(cohort: Cohort) -> None:
    """Each number stands for the smallest cell or more, with the event and without it."""
    factors = ("thrombocytopenia", "mrd_day19", "mrd_day46", "sex")
    shown = show_with(analysis_of("relapse-predictors"), source=cohort, policy=True, factors=factors)
    estimates = shown.files["estimates"]
    told = estimates[estimates["level"].notna() & (estimates["n"] > 0)]
    assert {"univariable", "multivariable"} == set(told["model"]) and set(told["variable"]) == set(factors)
    assert ((told["n_event"] >= K) & (told["n"] - told["n_event"] >= K)).all()
    assert not {"withheld", "error"} & set(told["reason"].dropna())
    for stage in shown.document.attrition():
        assert stage.n >= K and all(n >= K for _, n in stage.reasons)
    boys = Clause("sex", ("male",))
    with pytest.raises(SuppressedError, match="BCR::ABL1: fewer than 5 children of one kind"):
        show_with(analysis_of("relapse-predictors"), boys, source=cohort, factors=("thrombocytopenia", "bcr_abl1"))
