"""Curves of survival and of incidence, read at a time."""
