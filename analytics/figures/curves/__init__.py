"""Curves over time with their table of patients at risk."""
