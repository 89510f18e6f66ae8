"""Treatments that begin during follow-up, compared without immortal-time bias.

A child transplanted five months after relapse has lived those five months. A comparison of "ever transplanted" with
"never transplanted" from relapse on gives these months, and only these, to transplantation: every early death falls to
the others, and a treatment without any effect seems to protect. Here patients count as untreated until they are
treated (curves with switching risk sets, the test of Mantel and Byar, Cox regression with time-dependent treatment),
or are classified by what they had received at a landmark, among those still followed then. The naive comparison is
offered beside them, to be shown as what it is.
"""

from analytics.estimators.landmark import landmark_profile, landmark_survival
from analytics.estimators.treatment_curves import mantel_byar_test, pairwise_treatments, simon_makuch
from analytics.estimators.treatment_hazards import naive_hazard_ratio, time_dependent_hazard_ratio
from analytics.estimators.treatment_rows import TreatedAt, ever_treated, split_at_treatment
from analytics.results import TREATMENT

__all__ = [
    "TREATMENT",
    "TreatedAt",
    "ever_treated",
    "landmark_profile",
    "landmark_survival",
    "mantel_byar_test",
    "naive_hazard_ratio",
    "pairwise_treatments",
    "simon_makuch",
    "split_at_treatment",
    "time_dependent_hazard_ratio",
]
