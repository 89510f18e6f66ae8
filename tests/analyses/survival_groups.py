"""Groups whose survival is compared, from the file."""

from __future__ import annotations

from analytics.analyses import load_analyses
from tests.analyses.shown import (
    analysis_of,
)

BY_SLUG = {analysis.slug: analysis_of(analysis.slug) for analysis in load_analyses()}
SITE, VARIABLE = (BY_SLUG[f"survival-by-{name}"] for name in ("site", "variable"))
