"""Plotly figures drawn from results; no numbers are computed here."""
