"""Whether an association is the same in all subgroups: ratios within each subgroup and the test of interaction.

A ratio within a subgroup comes from that subgroup's patients alone. Whether subgroups differ is for the test of
interaction to say, not for their separate p values: one below and one above 0.05 do not differ for that.

Sources
-------
Wang, Lagakos, Ware, Hunter & Drazen (2007), New England Journal of Medicine 357:2189, doi:10.1056/NEJMsr077003: how
subgroups are to be reported.
Altman & Bland (2003), BMJ 326:219, doi:10.1136/bmj.326.7382.219: interaction against separate p values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from analytics.estimators.cox import estimate_hazard_ratios
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.kaplan_meier import NO_PATIENTS, Labels, Observations
from analytics.estimators.logistic import estimate_odds_ratios
from analytics.results import (
    Estimate,
    HazardRatio,
    HazardRatioResult,
    Note,
    OddsRatio,
    OddsRatioResult,
    SubgroupEffect,
    SubgroupResult,
    TestResult,
)

BoolArray = NDArray[np.bool_]
Fit = OddsRatioResult | HazardRatioResult

TEST = "likelihood-ratio test of interaction"


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Patients by group and subgroup, and the model: ``fit`` takes rows, their covariates and the method."""

    group: Labels
    subgroup: Labels
    weight: NDArray[np.float64]
    measure: str
    fit: Callable[[BoolArray, pd.DataFrame, str], Fit]

    @property
    def reference(self) -> int:
        """The first group that has patients."""
        return int(self.group.codes.min(initial=len(self.group.names))) if len(self.group.codes) else 0

    def effects(self, subgroup: int | None, notes: list[Note]) -> Iterator[SubgroupEffect]:
        """One entry per group but the reference, among all patients or within a subgroup."""
        rows = np.ones(len(self.weight), dtype=bool) if subgroup is None else self.subgroup.codes == subgroup
        name = None if subgroup is None else self.subgroup.names[subgroup]
        covariates = pd.DataFrame(
            {"group": pd.Categorical.from_codes(self.group.codes[rows], pd.Index(self.group.names))}
        )
        result = self.fit(rows, covariates, "auto")
        if name is not None and (found := [n for n in result.notes if n.code == "separation"]):
            notes += [Note(n.code, n.severity, f"{name}: {n.text}", n.remedy) for n in found]
        terms: tuple[OddsRatio | HazardRatio, ...] = result.terms
        base = terms[self.reference]
        for code, term in enumerate(terms):
            if code == self.reference:
                continue
            ratio, p_value = term.ratio, term.p_value
            if term.n and not base.n:
                # Another group would have become the reference in its place.
                ratio = Estimate(None, n=term.n, n_event=term.n_event, reason=f"no patients of {base.level} to compare")
                p_value = None
            yield SubgroupEffect(
                subgroup=name,
                group=self.group.names[code],
                reference=self.group.names[self.reference],
                n=term.n,
                n_event=term.n_event,
                n_reference=base.n,
                n_event_reference=base.n_event,
                ratio=ratio,
                p_value=p_value,
                method=result.method,
            )

    def interaction(self, notes: list[Note]) -> TestResult:
        """The model with a parameter for each group in each subgroup against that with group and subgroup alone."""
        reason = None
        groups, subgroups = np.unique(self.group.codes), np.unique(self.subgroup.codes)
        if not len(groups):
            reason = NO_PATIENTS
        elif len(groups) == 1:
            reason = "only one group has patients"
        elif len(subgroups) == 1:
            reason = "only one subgroup has patients"
        if reason is not None:
            return TestResult(TEST, None, None, None, reason=reason)
        everyone = np.ones(len(self.weight), dtype=bool)
        width = len(self.subgroup.names)
        apart = pd.DataFrame(
            {
                "group": pd.Categorical.from_codes(self.group.codes, pd.Index(self.group.names)),
                "subgroup": pd.Categorical.from_codes(self.subgroup.codes, pd.Index(self.subgroup.names)),
            }
        )
        names = [f"{group}, {subgroup}" for group in self.group.names for subgroup in self.subgroup.names]
        cell = self.group.codes * width + self.subgroup.codes
        # Numbered, as names joined from others may read alike.
        categories = pd.Categorical.from_codes(cell, pd.RangeIndex(len(names)))
        small = self.fit(everyone, apart, "ml")
        large = self.fit(everyone, pd.DataFrame({"cell": categories}), "ml")
        for fit in (small, large):
            if fit.reason is not None:
                return TestResult(TEST, None, None, None, reason=fit.reason)
        df = large.n_parameters - small.n_parameters
        if df <= 0:
            reason = "no two subgroups have patients of the same two groups"
        elif small.log_likelihood is None or large.log_likelihood is None:
            reason = "the model did not converge"
        if reason is not None or small.log_likelihood is None or large.log_likelihood is None:
            return TestResult(TEST, None, None, None, reason=reason)
        terms: tuple[OddsRatio | HazardRatio, ...] = large.terms
        extreme = (0.0,) if self.measure == "hazard ratio" else (0.0, 1.0)
        bare = [names[code] for code, term in enumerate(terms) if term.n and term.n_event / term.n in extreme]
        if bare:
            notes.append(
                Note(
                    "interaction-sparse",
                    "caution",
                    f"{'Nobody' if len(extreme) == 1 else 'Nobody or everybody'} had the event in: {'; '.join(bare)}. "
                    "The test of interaction is approximate at best.",
                    "Join subgroups where that makes clinical sense, or leave the question open.",
                )
            )
        statistic = max(2 * (large.log_likelihood - small.log_likelihood), 0.0)
        return TestResult(TEST, statistic, df, float(chdtrc(df, statistic)))

    def result(self, conf_level: float) -> SubgroupResult:
        """Everything, in order."""
        notes: list[Note] = []
        overall = tuple(self.effects(None, notes)) if self.group.names else ()
        subgroups: list[SubgroupEffect] = []
        for subgroup in range(len(self.subgroup.names)) if self.group.names else ():
            subgroups += self.effects(subgroup, notes)
        test = self.interaction(notes)
        return SubgroupResult(self.measure, overall, tuple(subgroups), test, conf_level, tuple(notes))


def subgroup_effects(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    subgroup: Any,
    *,
    weight: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    strata: Any = None,
    conf_level: float = 0.95,
) -> SubgroupResult:
    """Hazard ratios of groups within subgroups, and the test that they are the same in all of them.

    Parameters
    ----------
    time, event, weight, entry
        As for :func:`analytics.estimators.kaplan_meier.estimate_survival`.
    group, subgroup : array of shape (rows,)
        What is compared, and within what; levels and their order as for
        :func:`analytics.estimators.kaplan_meier.estimate_survival`. The first group that has patients is the reference.
    strata : array of shape (rows,), optional
        Patients are compared within their stratum only.
    conf_level : float
        Two-sided level of the intervals, between 0 and 1.

    Returns
    -------
    SubgroupResult
        ``overall`` has one entry per group but the reference, from a Cox model of the group alone; ``subgroups`` the
        same for each subgroup, from its patients alone, level by level. Where nobody in a group of the subgroup had the
        event, the ratio is Firth's. A ratio that cannot be estimated keeps its entry, with the reason.
        ``interaction`` compares the Cox model of all patients with group, subgroup and their products with that
        without the products; where it cannot, it says why. Codes of notes: "separation", "interaction-sparse".

    Raises
    ------
    ValueError
        As for :func:`analytics.estimators.cox.estimate_hazard_ratios`, or if a group or subgroup is missing.
    """
    normal_quantile(conf_level)
    data = Observations.from_arrays(time, event, weight, entry)
    stratum = None if strata is None else Labels.from_values("strata", strata, data.kept).codes

    def fit(rows: BoolArray, covariates: pd.DataFrame, method: Any) -> Fit:
        return estimate_hazard_ratios(
            data.time[rows],
            data.event[rows],
            covariates,
            entry=None if data.entry is None else data.entry[rows],
            weight=data.weight[rows],
            strata=None if stratum is None else stratum[rows],
            method=method,
            conf_level=conf_level,
        )

    groups = Labels.from_values("group", group, data.kept)
    subgroups = Labels.from_values("subgroup", subgroup, data.kept)
    return _Comparison(groups, subgroups, data.weight, "hazard ratio", fit).result(conf_level)


def subgroup_odds_ratios(
    outcome: ArrayLike,
    group: Any,
    subgroup: Any,
    *,
    weight: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> SubgroupResult:
    """Odds ratios of groups within subgroups, and the test that they are the same in all of them.

    Parameters
    ----------
    outcome, weight
        As for :func:`analytics.estimators.logistic.estimate_odds_ratios`.
    group, subgroup, conf_level
        As for :func:`subgroup_effects`.

    Returns
    -------
    SubgroupResult
        As for :func:`subgroup_effects`, from logistic models.

    Raises
    ------
    ValueError
        As for :func:`~analytics.estimators.logistic.estimate_odds_ratios`, or if a group or subgroup is missing.
    """
    normal_quantile(conf_level)
    size = len(pd.Series(outcome))
    # Checks outcome and weights, so that what follows may rely on them.
    estimate_odds_ratios(outcome, pd.DataFrame(index=range(size)), weight=weight, conf_type="wald")
    counts = np.ones(size) if weight is None else np.asarray(pd.Series(weight).to_numpy(dtype=np.float64))
    kept = counts > 0
    event = pd.Series(outcome).to_numpy(dtype=np.float64, na_value=np.nan)[kept]
    counts = counts[kept]

    def fit(rows: BoolArray, covariates: pd.DataFrame, method: Any) -> Fit:
        return estimate_odds_ratios(event[rows], covariates, weight=counts[rows], method=method, conf_level=conf_level)

    groups = Labels.from_values("group", group, kept)
    subgroups = Labels.from_values("subgroup", subgroup, kept)
    return _Comparison(groups, subgroups, counts, "odds ratio", fit).result(conf_level)
