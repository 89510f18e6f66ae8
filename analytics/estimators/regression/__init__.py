"""Models of odds and hazards, their likelihoods and what follows from a fit."""
