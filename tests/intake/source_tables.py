"""Tables as a reader gives them, made of lists of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analytics.intake.layout import Layout
from analytics.intake.tables import TEXT, SourceTable

FIRST_LINE = 2  # below the header


def table_of(columns: Mapping[str, Sequence[str | None]], name: str = "export.csv") -> SourceTable:
    """A table of these columns; "" is an empty cell."""
    frame = pd.DataFrame({key: [value or None for value in values] for key, values in columns.items()}, dtype=TEXT)
    return SourceTable(name, Layout("text"), frame, np.arange(FIRST_LINE, FIRST_LINE + len(frame)))
