"""The contract of analyses: what is defined is registered, and what is registered is whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DEFINED = """
from analytics.analyses import load_analyses
from analytics.analysis import Analysis, list_registered

load_analyses()

class Counting(Analysis):
    slug = {slug!r}
    order = 1
    title = question = icon = method = "counting"

list_registered()
"""


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("counting", "TypeError: Can't instantiate abstract class Counting"),
        ("landmark", "ValueError: LandmarkAnalysis and Counting both have the slug 'landmark'"),
    ],
)
def test_an_analysis_that_is_not_whole_or_has_the_address_of_another_is_refused(slug: str, said: str) -> None:
    # In a process of its own: what is registered stays so.
    code = DEFINED.format(slug=slug)
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert said in found.stderr
    assert slug != "counting" or "requires" in found.stderr
