"""The dashboard: `streamlit run dashboard.py`, with the environment variable COHORT naming another file."""

from pages.components.registry import load_pages
from pages.components.run import Run

Run(load_pages()).draw()
