"""Ratios as forests: one layout, written as HTML, SVG and sentences."""
