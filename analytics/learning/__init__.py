"""What is taught on the open cohort: lessons, the pathway of the disease, one paper, simulated cohorts."""
