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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from analytics.estimators.design import BoolArray, Covariate, IntArray
from analytics.estimators.intervals import normal_quantile
from analytics.estimators.observations import (
    NO_PATIENTS,
    Labels,
    Observations,
)
from analytics.estimators.regression.cox import (
    ConfType,
    LargestLikelihood,
    check_conf_type,
    estimate_ratios_only,
    largest_likelihoods,
)
from analytics.estimators.regression.cox_sample import CoxSample
from analytics.estimators.regression.logistic import Method, estimate_odds_ratios
from analytics.results import (
    Estimate,
    HazardRatio,
    HazardRatioResult,
    Note,
    OddsRatio,
    OddsRatioResult,
    Reason,
    SubgroupEffect,
    SubgroupResult,
    TestResult,
)

Fit = OddsRatioResult | HazardRatioResult

TEST = "likelihood-ratio test of interaction"


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Patients by group and subgroup, and the models.

    ``ratios`` takes rows and gives the ratios of the groups among them. ``likelihoods`` are the largest ones of the
    model with group and subgroup alone, and of that with a parameter for each group in each subgroup.
    """

    group: Labels
    subgroup: Labels
    event: NDArray[np.float64]
    weight: NDArray[np.float64]
    measure: str
    ratios: Callable[[BoolArray], Fit]
    likelihoods: Callable[[], tuple[LargestLikelihood, LargestLikelihood]]

    @property
    def reference(self) -> int:
        """The first group that has patients."""
        return int(self.group.codes.min(initial=len(self.group.names))) if len(self.group.codes) else 0

    def effects(self, subgroup: int | None, notes: list[Note]) -> Iterator[SubgroupEffect]:
        """One entry per group but the reference, among all patients or within a subgroup."""
        rows = np.ones(len(self.weight), dtype=bool) if subgroup is None else self.subgroup.codes == subgroup
        name = None if subgroup is None else self.subgroup.names[subgroup]
        result = self.ratios(rows)
        if name is not None and (found := [n for n in result.notes if n.code == "separation"]):
            notes += [note.but(subgroup=name) for note in found]
        terms: tuple[OddsRatio | HazardRatio, ...] = result.terms
        base = terms[self.reference]
        for code, term in enumerate(terms):
            if code == self.reference:
                continue
            ratio, p_value, wald = term.ratio, term.p_value, term.p_value_wald
            if term.n and not base.n:
                # Another group would have become the reference in its place.
                ratio = Estimate(
                    None, n=term.n, n_event=term.n_event, reason=Reason.of("reference-group-empty", group=base.level)
                )
                p_value = wald = None
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
                p_value_wald=wald,
            )

    def interaction(self, notes: list[Note]) -> TestResult:
        """The model with a parameter for each group in each subgroup against that with group and subgroup alone."""
        reason = None
        groups, subgroups = np.unique(self.group.codes), np.unique(self.subgroup.codes)
        if not len(groups):
            reason = NO_PATIENTS
        elif len(groups) == 1:
            reason = Reason("one-group")
        elif len(subgroups) == 1:
            reason = Reason("one-subgroup")
        if reason is not None:
            return TestResult(TEST, None, None, None, reason=reason)
        small, large = self.likelihoods()
        for fit in (small, large):
            if fit.reason is not None:
                return TestResult(TEST, None, None, None, reason=fit.reason)
        df = large.n_parameters - small.n_parameters
        if df <= 0:
            reason = Reason("no-shared-groups")
        elif small.log_likelihood is None or large.log_likelihood is None:
            reason = Reason("model-not-converged")
        if reason is not None or small.log_likelihood is None or large.log_likelihood is None:
            return TestResult(TEST, None, None, None, reason=reason)
        extreme = (0.0,) if self.measure == "hazard ratio" else (0.0, 1.0)
        names = [(group, subgroup) for group in self.group.names for subgroup in self.subgroup.names]
        cell = self.group.codes * len(self.subgroup.names) + self.subgroup.codes
        n, n_event = (np.bincount(cell, count, len(names)) for count in (self.weight, self.weight * self.event))
        bare = [names[code] for code in np.flatnonzero(n) if n_event[code] / n[code] in extreme]
        if bare:
            notes.append(
                Note.of(
                    "interaction-sparse", "caution", "none" if len(extreme) == 1 else "none-or-all", cells=tuple(bare)
                )
            )
        statistic = max(2 * (large.log_likelihood - small.log_likelihood), 0.0)
        return TestResult(TEST, statistic, df, float(chdtrc(df, statistic)))

    def result(self, conf_level: float, with_overall: bool = True) -> SubgroupResult:
        """Everything, in order."""
        notes: list[Note] = []
        overall = tuple(self.effects(None, notes)) if self.group.names and with_overall else ()
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
    conf_type: ConfType = "wald",
    with_overall: bool = True,
) -> SubgroupResult:
    """Hazard ratios of groups within subgroups, and the test that they are the same in all of them.

    Parameters
    ----------
    time, event, weight, entry
        As for :func:`analytics.estimators.estimate_survival`.
    group, subgroup : array of shape (rows,)
        What is compared, and within what; levels and their order as for
        :func:`analytics.estimators.estimate_survival`. The first group that has patients is the reference.
    strata : array of shape (rows,), optional
        Patients are compared within their stratum only.
    conf_level : float
        Two-sided level of the intervals, between 0 and 1.
    conf_type : {"wald", "profile"}
        The intervals, and with them the p values, as for
        :func:`analytics.estimators.estimate_hazard_ratios`; Firth's are always profile ones.
    with_overall : bool
        False leaves ``overall`` empty, and its model unfitted.

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
        As for :func:`analytics.estimators.estimate_hazard_ratios`, or if a group or subgroup is missing.
    """
    check_conf_type(conf_type)
    normal_quantile(conf_level)
    data = Observations.from_arrays(time, event, weight, entry)
    stratum = None if strata is None else Labels.from_values("strata", strata, data.kept).codes

    groups = Labels.from_values("group", group, data.kept)
    subgroups = Labels.from_values("subgroup", subgroup, data.kept)

    def sample(rows: BoolArray, *labels: tuple[str, Labels]) -> CoxSample:
        part = Observations(
            data.time[rows],
            data.event[rows],
            data.weight[rows],
            None if data.entry is None else data.entry[rows],
            np.ones(int(rows.sum()), dtype=bool),
        )
        covariates = [Covariate(name, of.names, of.codes[rows], np.zeros(0)) for name, of in labels]
        return CoxSample.from_observations(part, covariates, None if stratum is None else stratum[rows])

    def ratios(rows: BoolArray) -> Fit:
        return estimate_ratios_only(sample(rows, ("group", groups)), conf_level, conf_type)

    def likelihoods() -> tuple[LargestLikelihood, LargestLikelihood]:
        everyone = np.ones(len(data.time), dtype=bool)
        return largest_likelihoods(sample(everyone, ("group", groups), ("subgroup", subgroups)))

    return _Comparison(groups, subgroups, data.event, data.weight, "hazard ratio", ratios, likelihoods).result(
        conf_level, with_overall
    )


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
        As for :func:`analytics.estimators.estimate_odds_ratios`.
    group, subgroup, conf_level
        As for :func:`subgroup_effects`.

    Returns
    -------
    SubgroupResult
        As for :func:`subgroup_effects`, from logistic models.

    Raises
    ------
    ValueError
        As for :func:`~analytics.estimators.estimate_odds_ratios`, or if a group or subgroup is missing.
    """
    normal_quantile(conf_level)
    size = len(pd.Series(outcome))
    # Checks outcome and weights, so that what follows may rely on them.
    estimate_odds_ratios(outcome, pd.DataFrame(index=range(size)), weight=weight, conf_type="wald")
    counts = np.ones(size) if weight is None else np.asarray(pd.Series(weight).to_numpy(dtype=np.float64))
    kept = counts > 0
    event = np.asarray(pd.Series(outcome).to_numpy(dtype=np.float64, na_value=np.nan)[kept], dtype=np.float64)
    counts = counts[kept]

    groups = Labels.from_values("group", group, kept)
    subgroups = Labels.from_values("subgroup", subgroup, kept)

    def fit(rows: BoolArray, method: Method, **codes: tuple[IntArray, Sequence[Any]]) -> OddsRatioResult:
        covariates = {
            name: pd.Categorical.from_codes(code[rows], pd.Index(levels)) for name, (code, levels) in codes.items()
        }
        return estimate_odds_ratios(
            event[rows], pd.DataFrame(covariates), weight=counts[rows], method=method, conf_level=conf_level
        )

    def ratios(rows: BoolArray) -> Fit:
        return fit(rows, "auto", group=(groups.codes, groups.names))

    def likelihoods() -> tuple[LargestLikelihood, LargestLikelihood]:
        everyone = np.ones(len(counts), dtype=bool)
        width = len(subgroups.names)
        small = fit(everyone, "ml", group=(groups.codes, groups.names), subgroup=(subgroups.codes, subgroups.names))
        # Numbered, as names joined from others may read alike.
        cell = (groups.codes * width + subgroups.codes, range(len(groups.names) * width))
        large = fit(everyone, "ml", cell=cell)
        return (
            LargestLikelihood(small.log_likelihood, small.n_parameters, small.reason),
            LargestLikelihood(large.log_likelihood, large.n_parameters, large.reason),
        )

    return _Comparison(groups, subgroups, event, counts, "odds ratio", ratios, likelihoods).result(conf_level)
