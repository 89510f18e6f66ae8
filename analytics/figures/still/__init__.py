"""Figures that Plotly draws in the browser, drawn here as SVG of plain shapes, for files that are read without it."""
