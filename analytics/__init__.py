"""Outcomes of childhood acute lymphoblastic leukaemia: cohorts, estimates, figures. No Streamlit in here."""

__version__ = "0.1.0"
