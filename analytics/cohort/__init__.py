"""From a file of patients to counts: the only place that knows the engine."""

from analytics.cohort.cohort import MOST_IDENTIFIERS, Cohort, protect_cohort
from analytics.cohort.counts import Range
from analytics.cohort.opening import open_cohort, stamp_of

__all__ = ["MOST_IDENTIFIERS", "Cohort", "Range", "open_cohort", "protect_cohort", "stamp_of"]
