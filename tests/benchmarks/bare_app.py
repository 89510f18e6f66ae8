"""The page that the dashboard is measured against: one pills widget, and a ready figure for each of its options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import plotly.io
import streamlit as st

from pages.components.browser import FOREST

FOLDER = Path(os.environ["BENCHMARK_FIGURES"])


@st.cache_resource
def load_ready_figures() -> dict[str, Any]:
    """The figures as they were saved before the server started, by number: Plotly figures, or HTML."""
    return {
        path.stem: plotly.io.from_json(path.read_text()) if path.suffix == ".json" else path.read_text()
        for path in sorted(FOLDER.iterdir())
    }


st.set_page_config(page_title="Bare", layout="wide")
figures = load_ready_figures()
figure = figures[st.pills("Figure", list(figures), key="chosen", default=next(iter(figures)), required=True)]
if isinstance(figure, str):
    FOREST(key="forest", data={"html": figure, "alt": "A ready figure"})
else:
    st.plotly_chart(figure, key="figure", width="stretch", alt="A ready figure")
