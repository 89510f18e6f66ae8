"""The page that the dashboard is measured against: one pills widget and two ready figures, which it swaps on a click."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import plotly.io
import streamlit as st

from pages.components.browser import FOREST

FOLDER = Path(os.environ["BENCHMARK_FIGURES"])


@st.cache_resource(max_entries=2)
def load_ready_figure(name: str) -> Any:
    """A figure as it was saved before the server started: a Plotly figure, or HTML."""
    path = FOLDER / f"{name}.json"
    return plotly.io.from_json(path.read_text()) if path.exists() else (FOLDER / f"{name}.html").read_text()


st.set_page_config(page_title="Bare", layout="wide")
chosen = st.pills("Figure", ["one", "two"], key="chosen", default="one", required=True)
figure = load_ready_figure(chosen)
if isinstance(figure, str):
    FOREST(key="forest", data={"html": figure, "alt": "A ready figure"})
else:
    st.plotly_chart(figure, key="figure", width="stretch", alt="A ready figure")
