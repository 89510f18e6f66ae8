"""What pages take from libraries is loaded before the first visitor comes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALLS = """
import sys
from analytics.estimators import (
    adjust_p_values, clopper_pearson, estimate_brier, estimate_discrimination, load_libraries, wilson
)
load_libraries()
known = set(sys.modules)
wilson(3, 10), clopper_pearson(3, 10), adjust_p_values([0.1, 0.2], "bh")
estimate_discrimination([0, 1, 1], [0.1, 0.2, 0.3]), estimate_brier([0, 1, 1], [0.1, 0.2, 0.3])
print(sorted(name for name in set(sys.modules) - known if name.split(".")[0] in ("scipy", "statsmodels", "sklearn")))
"""


def test_no_estimator_of_a_page_imports_more_of_a_library() -> None:
    found = subprocess.run([sys.executable, "-c", CALLS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
