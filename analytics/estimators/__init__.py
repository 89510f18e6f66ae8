"""Pure functions of equal-length arrays and frequency weights; each returns a frozen result."""
