"""The face of the package for notebooks: its names, its example, and that importing it costs nothing."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import analytics

ROOT = Path(__file__).parent.parent


def test_the_example_runs_as_it_stands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    example = [line for line in (analytics.__doc__ or "").splitlines() if line.startswith("    ")]
    assert len(example) == 5
    exec(textwrap.dedent("\n".join(example)), {"analytics": analytics})
    said = capsys.readouterr().out
    assert said.startswith("179 of 436 synthetic children: Sex: girls.")
    assert "Isolated marrow: an estimated " in said


def test_every_name_is_there() -> None:
    assert set(analytics.__all__) == {"open_cohort", "CohortFilter", "Clause", "load_analyses", "open_document", "View"}
    assert all(callable(getattr(analytics, name)) for name in analytics.__all__)
    assert set(analytics.__all__) <= set(dir(analytics))
    with pytest.raises(AttributeError, match="has no attribute 'open_cohorts'"):
        getattr(analytics, "open_cohorts")  # noqa: B009


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, analytics; sys.exit(bool({'pandas', 'duckdb', 'plotly'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
