"""Treatments that begin during follow-up, compared without immortal-time bias.

A child transplanted five months after relapse has lived those five months. A comparison of "ever transplanted" with
"never transplanted" from relapse on gives these months, and only these, to transplantation: every early death falls to
the others, and a treatment without any effect seems to protect. Here patients count as untreated until they are
treated (curves with switching risk sets, the test of Mantel and Byar, Cox regression with time-dependent treatment),
or are classified by what they had received at a landmark, among those still followed then. The naive comparison is
offered beside them, to be shown as what it is.
"""
