"""The columns of files: each has a meaning, curves have their start, and no row is empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from analytics.analyses import load_analyses
from analytics.comparisons import validation
from analytics.reporting import files
from analytics.reporting.attrition import tabulate_stages
from analytics.reporting.files import list_columns, load_columns, round_numbers, to_files
from analytics.results import Reason
from analytics.views.ledger import Ledger
from tests.analyses.shown import Opened, Shown, analysis_of, show_with
from tests.comparisons.test_beside import BOYS, GIRLS, compare


def frames_of(shown: Shown) -> Iterator[tuple[str, pd.DataFrame]]:
    yield from shown.files.items()
    yield "funnel", tabulate_stages(shown.document.attrition())
    opened: list[Opened] = [part for part in (shown.checks, shown.planning) if part is not None]
    for part in opened:
        yield from part.files.items()
    for slow in (*shown.slow, *(s for part in opened for s in part.slow)):
        if not slow.refusal:
            yield from slow.run().files.items()


@pytest.mark.slow
def test_every_column_of_every_file_has_a_meaning_and_every_meaning_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    for measure in validation.REPLICATES:
        monkeypatch.setitem(validation.REPLICATES, measure, 3)
    met: set[str] = set(Ledger().to_frame())
    for analysis in load_analyses():
        shown = show_with(analysis, policy=True, **({"imputations": 5} if analysis.slug == "missing-values" else {}))
        for name, frame in frames_of(shown):
            where = f"{analysis.slug}: {name}"
            assert set(frame) <= set(load_columns()), where
            assert len(list_columns(frame)) == len(frame.columns), where
            told = [c.name for c in list_columns(frame) if c.kind not in ("text", "setting") or c.name == "reason"]
            assert not frame[told].isna().all(axis=1).any(), f"{where} has a row without content"
            assert round_numbers(frame).shape == frame.shape
            met |= set(frame)
    opinion = analysis_of("naive-answer")
    document = show_with(opinion, policy=True).document
    assert document.opinion is not None
    for frame in document.opinion.frames(document.opinion.run(lambda done, total: None)).values():
        met |= set(frame)
    contrast = compare("hazard-ratios", BOYS, GIRLS)[2]
    assert contrast.frame is not None
    met |= set(contrast.frame())
    assert met == set(load_columns())


@pytest.mark.parametrize(
    ("slug", "measure", "start"),
    [
        ("survival-by-site", "survival", 0.0),
        ("survival-by-treatment", "survival", 0.0),
        ("mean-survival", "survival", 0.0),
        ("cumulative-incidence", "cumulative_incidence", 0.0),
        ("landmark", "survival", 180 / (365.25 / 12)),
    ],
)
def test_curves_start_where_they_do_in_the_figure(slug: str, measure: str, start: float) -> None:
    rows = show_with(analysis_of(slug), policy=True).files["curves"]
    groups = [name for name in ("method", "cause", "group") if name in rows]
    for first in (part.iloc[0] for _, part in rows.groupby(groups)):
        assert first["time_months"] == pytest.approx(start)
        assert (first[measure], first["n_event"], first["n_censor"]) == (measure == "survival", 0, 0)
        assert (first["conf_low"] <= first[measure] <= first["conf_high"]) or not first["n_risk"]


def test_rows_without_a_number_or_a_reason_are_left_out() -> None:
    frame = pd.DataFrame({"term": ["a", "b", "c"], "time": [1.0, None, None], "conf_level": 0.95, "reason": None})
    frame["reason"] = pd.Series([None, Reason("no-events"), None], dtype=object)
    (said,) = to_files({"x": frame}).values()
    assert said["term"].tolist() == ["a", "b"] and said["time_months"][0] == 1
    assert said["reason"][1] == "no events"
    words = pd.DataFrame({"Level": ["", "x"]})
    assert to_files({"x": words})["x"].equals(words)


def test_a_column_stands_once_and_under_a_known_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "columns.toml"
    monkeypatch.setattr(files, "COLUMNS_PATH", path)
    for text, said in (("[text]\na = 'A.'\n[count]\na = 'B.'", "a stands under text and under count"), ("[x]", "x")):
        path.write_text(text)
        with pytest.raises(ValueError, match=said):
            load_columns.__wrapped__()
