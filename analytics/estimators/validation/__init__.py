"""How far a model can be trusted: its assumptions, its predictions, and what single patients do to it."""
