"""Slides of views, with charts and tables that can be edited: measured, laid out and drawn."""
