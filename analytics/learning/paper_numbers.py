"""The numbers behind the cards of a paper: each by the analysis that shows it, on one cohort without a filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from analytics.analyses import load_analyses
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import speaking_by
from analytics.estimators import apply_odds_ratio, n_at_risk, upper_limit_without_events, weighted_quantiles
from analytics.formats import (
    format_count,
    format_interval,
    format_number,
    format_p,
    format_p_phrase,
    format_percent,
    format_percent_interval,
    format_ratio,
)
from analytics.results import Estimate, OddsRatio, OddsRatioResult, Result, RiskByOdds, SurvivalCurve, TestResult
from analytics.study.published import Published, PublishedFigure, RecomputedFigure, recompute
from analytics.views.opening import open_document

PREDICTORS, SITES, INCIDENCE = "relapse-predictors", "survival-by-site", "cumulative-incidence"
NAIVE, TREATED, SERIES = "naive-answer", "survival-by-treatment", "published-outcomes"
SITE_P, HSCT_P, SITE_NONE, SITE_SOME = "p_site", "p_hsct", "os_extramedullary", "os_marrow"  # figures by their ids
APART = "site of relapse in groups"  # a role, by which the sites are told apart further
REMISSION, TREATMENT = "second remission", "salvage treatment"
BASELINE_OF = "or_mrd_day46"  # the odds ratio whose risk a reader moves


@dataclass(frozen=True, slots=True)
class PaperNumbers(Result):
    """Printed figures recomputed, and what else the cards say of the same children.

    ``multivariable`` is the model of the odds ratios, ``univariable`` each factor alone; ``sites`` the test of the curves by
    site and ``sites_apart`` the same with combined relapses apart; ``treated`` the test with treatment as it changes.
    ``estimates`` are those of rows that no printed figure has, by their names. ``counts`` are whole numbers by theirs.
    """

    figures: tuple[RecomputedFigure, ...]
    multivariable: OddsRatioResult
    univariable: tuple[OddsRatioResult, ...]
    sites: TestResult
    sites_apart: TestResult
    curves: tuple[SurvivalCurve, ...]
    treated: TestResult
    estimates: tuple[tuple[str, Estimate], ...]
    counts: tuple[tuple[str, float], ...]

    def figure(self, id: str) -> RecomputedFigure:
        """The recomputed figure of an id."""
        return next(f for f in self.figures if f.figure.id == id)

    def estimate(self, name: str) -> Estimate:
        """The estimate of a name."""
        return dict(self.estimates)[name]

    def terms_of(self, figure: PublishedFigure) -> tuple[OddsRatio, OddsRatio, OddsRatio]:
        """Of an odds ratio: those without the factor, those with it, and the latter by a model of the factor alone."""
        terms = [t for t in self.multivariable.terms if t.variable == figure.variable]
        without = next(t for t in terms if t.is_reference)
        own = next(t for t in terms if t.level == figure.level)
        alone = next(
            t for m in self.univariable for t in m.terms if (t.variable, t.level) == (figure.variable, figure.level)
        )
        return without, own, alone

    def share_without(self, id: str) -> float:
        """The share with the event among those without the factor of an odds ratio."""
        without, _, _ = self.terms_of(self.figure(id).figure)
        return without.n_event / without.n


def work_out(published: Published, cohort: Cohort) -> PaperNumbers:
    """The numbers of all cards, of the whole cohort."""
    with speaking_by(cohort.dictionary):
        return _work_out(published, cohort)


def _work_out(published: Published, cohort: Cohort) -> PaperNumbers:
    recomputed = recompute(published, cohort)
    site = dict(published.figure(SITE_P).choices)
    asked: Callable[..., Any] = lambda slug, **choices: _open(cohort, slug, choices)  # noqa: E731
    predictors, sites = asked(PREDICTORS), asked(SITES, **site)
    (name,) = site
    apart = asked(SITES, **{name: cohort.dictionary.role(APART)})
    naive, treated, incidence, series = asked(NAIVE), asked(TREATED), asked(INCIDENCE), asked(SERIES)
    published_values = [one.outcome.value for one in series.compared]
    at = naive.data.first_treated()
    is_treated = at <= naive.data.time
    wait, first = (
        float(q) for q in weighted_quantiles(at[is_treated], naive.data.weight[is_treated], (0.5, 0.0)) or (0, 0)
    )
    estimates = {
        "incidence": incidence.everyone,
        "naive": naive.naive.ratio,
        "changing": naive.over_time.ratio,
        "everyone": series.compared[0].here,
    }
    counts = {
        "hsct.n": naive.data.n,
        "hsct.treated": naive.data.n_treated,
        "hsct.deaths": treated.chosen.n_event,
        "hsct.untreated_deaths": treated.chosen.test.groups[0].observed,
        "hsct.wait": wait,
        "hsct.first": first,
        "incidence.first_deaths": incidence.comparison.n_competing,
        "series.count": len(published_values),
        "series.low": min(published_values),
        "series.high": max(published_values),
        **_count_remission(cohort, published),
    }
    return PaperNumbers(
        recomputed.figures,
        predictors.multivariable,
        predictors.univariable,
        sites.overall,
        apart.overall,
        tuple(sites.curves.curves),
        treated.chosen.test,
        tuple(estimates.items()),
        tuple((key, float(value)) for key, value in counts.items()),
    )


def _open(cohort: Cohort, slug: str, choices: Mapping[str, Any]) -> Any:
    analysis = next(a for a in load_analyses() if a.slug == slug)
    params = {control.name: control.choice(choices.get(control.name)) for control in analysis.controls(cohort)}
    return open_document(analysis, cohort, CohortFilter(), params).result


def _count_remission(cohort: Cohort, published: Published) -> dict[str, float]:
    """How many of the groups of the printed comparison had reached remission again."""
    figure = published.figure(HSCT_P)
    variable, remission = str(figure.variable), cohort.dictionary[cohort.dictionary.role(REMISSION)]
    tally = cohort.tally([variable, remission.name, *(name for name, _ in figure.where)], CohortFilter()).dropna()
    for name, levels in figure.where:
        tally = tally[tally[name].isin(levels)]
    reached = tally[remission.name] != remission.reference
    given = tally[variable] == cohort.dictionary.level(TREATMENT, "HSCT")
    counts: dict[str, float] = {}
    for group, of in (("given", given), ("others", ~given)):
        counts |= {f"{group}.n": tally["n"][of].sum(), f"{group}.remission": tally["n"][of & reached].sum()}
    return counts


def tell_numbers(numbers: PaperNumbers) -> dict[str, str]:
    """Every number as it stands in the texts, by the name of its field."""
    terms: dict[str, str] = {}
    for entry in numbers.figures:
        terms |= _tell_figure(entry)
        if entry.figure.kind == "odds_ratio":
            terms |= _tell_odds(numbers, entry.figure)
    terms |= _tell_sites(numbers)
    for name, estimate in numbers.estimates:
        is_ratio = name in ("naive", "changing")
        put, between = (format_ratio, format_interval) if is_ratio else (format_percent, _say_limits)
        terms |= {f"{name}.here": put(estimate.value), f"{name}.range": between(estimate.interval)}
    for name, value in numbers.counts:
        whole = name not in ("hsct.wait", "hsct.first", "series.low", "series.high")
        terms[name] = format_count(value) if whole else format_number(value, 1)
        if name in ("series.low", "series.high"):
            terms[name] = format_percent(value)
    terms["treated.p"] = format_p(numbers.treated.p_value)
    return terms


def _tell_figure(entry: RecomputedFigure) -> dict[str, str]:
    figure, estimate = entry.figure, entry.estimate
    between = _say_limits if figure.is_share else format_interval
    told = {
        "printed": figure.printed,
        "here": entry.text,
        "range": between(estimate.interval),
        "n": format_count(estimate.n),
        "events": format_count(estimate.n_event),
    }
    return {f"{figure.id}.{name}": text for name, text in told.items()}


def _tell_odds(numbers: PaperNumbers, figure: PublishedFigure) -> dict[str, str]:
    without, own, alone = numbers.terms_of(figure)
    share, base = own.n_event / own.n, without.n_event / without.n
    converted = apply_odds_ratio(base, own.ratio)
    told = {
        "without_n": format_count(without.n),
        "without_events": format_count(without.n_event),
        "base": format_percent(base),
        "share": format_percent(share),
        "times": format_number(share / base, 1),
        "alone": format_ratio(alone.ratio.value),
        "p": format_p(own.p_value),
        "wald": format_p(own.p_value_wald),
        "risk": format_percent(converted.risk.value),
        "risk_times": format_number(converted.risk_ratio, 1),
    }
    return {f"{figure.id}.{name}": text for name, text in told.items()}


def _tell_sites(numbers: PaperNumbers) -> dict[str, str]:
    none, some = (numbers.figure(id).figure for id in (SITE_NONE, SITE_SOME))
    counted = {group.group: group for group in numbers.sites.groups}
    curves = {curve.group: curve for curve in numbers.curves}
    group = counted[str(none.level)]
    still = [int(n_at_risk(curves[str(f.level)], [f.months or 0.0])[0]) for f in (none, some)]
    limit = upper_limit_without_events(group.n)
    return {
        "sites.expected": format_number(group.expected, 1),
        "sites.limit": format_percent(None if limit is None else limit.high, 0),
        "sites.still_none": format_count(still[0]),
        "sites.still_some": format_count(still[1]),
        "sites.apart_p": format_p_phrase(numbers.sites_apart.p_value),
    }


def _say_limits(interval: Any) -> str:
    return f"{format_percent_interval(interval)}\u00a0%"


def move_risk(numbers: PaperNumbers, baseline: float) -> RiskByOdds:
    """What the odds ratio that a reader moves makes of a baseline risk."""
    return apply_odds_ratio(baseline, numbers.figure(BASELINE_OF).estimate)


def tell_risk(moved: RiskByOdds) -> dict[str, str]:
    """The fields of the sentences beside a moved risk."""
    interval = moved.risk.interval
    odds, times = moved.odds
    return {
        "baseline": format_percent(moved.baseline, 0),
        "baseline_odds": format_number(odds, 2),
        "ratio": format_ratio(moved.odds_ratio.value),
        "odds": format_number(times, 2),
        "risk": format_percent(moved.risk.value, 0),
        "of_baseline": format_number(100 * moved.baseline, 0),
        "of_risk": format_number(100 * (moved.risk.value or 0), 0),
        "low": format_number(100 * (interval.low if interval and interval.low is not None else 0), 0),
        "high": format_number(100 * (interval.high if interval and interval.high is not None else 1), 0),
        "times": format_number(moved.risk_ratio, 1),
    }
