"""Points with their intervals, and bars, a row each."""
