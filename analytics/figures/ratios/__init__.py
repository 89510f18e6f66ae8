"""A ratio as it changes along a number or over time."""
