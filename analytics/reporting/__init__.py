"""Results and the dictionary made words and tables."""
