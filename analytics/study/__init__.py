"""The published study, its figures recomputed, and the simulation of immortal time."""
