"""A cohort at a glance: bars that can be clicked, the ways of those who relapsed, and a line for each of them."""
