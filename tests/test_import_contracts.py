"""The contracts of imports in pyproject.toml can fail: each refuses an import that it is there for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BROKEN = [
    ("analytics/formats.py", "import analytics.figures.theme", "One direction"),
    ("analytics/estimators/design.py", "import analytics.reporting.wording", "One direction"),
    ("analytics/document.py", "import analytics.analysis", "One direction"),
    ("analytics/estimators/intervals.py", "import analytics.estimators.survival.kaplan_meier", "one way"),
    ("analytics/estimators/regression/risk_sets.py", "import analytics.estimators.regression.cox", "one way"),
    (
        "analytics/estimators/survival/logrank.py",
        "import analytics.estimators.regression.logistic",
        "Estimators: a package",
    ),
    ("analytics/estimators/newton.py", "import analytics.estimators.curves.zero_events", "Estimators: a package"),
    ("analytics/figures/forest/layout.py", "import analytics.figures.ratios.axis", "Figures: a package"),
    ("analytics/analyses/landmark.py", "import analytics.analyses.subgroups", "do not know one another"),
    ("analytics/formats.py", "import streamlit", "Streamlit and pages"),
    ("analytics/views/view.py", "import pages.components.cache", "Streamlit and pages"),
    ("analytics/views/view.py", "import duckdb", "Each engine"),
    ("analytics/cohort/counts.py", "import duckdb", "Each engine"),
    ("pages/overview_page.py", "import ibis", "Each engine"),
    ("analytics/study/overview.py", "import analytics.cohort.counts", "Engines and true counts"),
    ("pages/overview_page.py", "from analytics.cohort.duckdb_engine import DuckDBEngine", "Engines and true counts"),
    ("analytics/reporting/tables.py", "import statsmodels.api", "Statistics libraries"),
    ("pages/overview_page.py", "from lifelines import KaplanMeierFitter", "Statistics libraries"),
    ("analytics/comparisons/survival.py", "import plotly.graph_objects", "Plotly"),
    ("analytics/cohort/reader.py", "import python_calamine", "Calamine"),
    ("analytics/cohort/reader.py", "import analytics.intake.tables", "One direction"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the project in a folder of their own."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("analytics", "pages", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.csv"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_project_keeps_every_contract(copy: Path) -> None:
    found = lint(copy)
    assert found.returncode == 0, found.stdout
    assert " 0 broken" in found.stdout


@pytest.mark.parametrize(("file", "line", "contract"), BROKEN)
def test_a_contract_refuses_what_it_is_there_for(copy: Path, file: str, line: str, contract: str) -> None:
    path = copy / file
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n\n{line}\n", encoding="utf-8")
    try:
        found = lint(copy)
    finally:
        path.write_text(before, encoding="utf-8")
    assert found.returncode == 1
    (broken,) = (text for text in found.stdout.splitlines() if contract in text and "BROKEN" in text)
    assert broken
