"""The figures a study printed, and the same figures computed again from a cohort."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import DAYS_PER_MONTH
from analytics.estimators import estimate_odds_ratios, estimate_survival, logrank_test, read_curve, wilson
from analytics.formats import MISSING
from analytics.reporting.reasons import say_reason
from analytics.results import Estimate, Name, OddsRatioResult, Reason, Result

PUBLISHED_PATH = Path(__file__).parents[2] / "data" / "published_study.toml"

FigureKind = Literal["count", "percent", "median", "odds_ratio", "p_wald", "survival", "logrank_p"]
FIGURE_KINDS: tuple[str, ...] = get_args(FigureKind)
_NEEDS = {
    "count": (),
    "percent": ("variable", "level"),
    "median": ("variable",),
    "odds_ratio": ("variable", "level"),
    "p_wald": ("variable", "level"),
    "survival": ("endpoint", "variable", "level", "months"),
    "logrank_p": ("endpoint", "variable"),
}
NOT_AT_HAND = Reason("not-in-cohort")
NOBODY = Reason("no-patients")


class PublishedError(ValueError):
    """The file of published figures contradicts itself; the message names the figure and the remedy."""


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One printed figure.

    ``printed`` is the text as it stands in the study, but for the space before %;
    ``value`` its number (shares and probabilities 0–1) and
    ``decimals`` those of the text (of per cent, for a share). ``kind`` says how it is computed, from ``variable``,
    ``level``, ``endpoint`` and ``months`` as that kind needs; ``where`` are the levels a patient must have to be
    counted. ``reading`` says what was decided where the study is silent; empty if nothing had to be. ``page`` is the address
    of the view that computes it, "" for the overview, and ``choices`` are those of its controls that are not the default.
    """

    id: str
    section: str
    label: str
    printed: str
    value: float
    decimals: int
    kind: FigureKind
    variable: str | None = None
    level: str | None = None
    endpoint: str | None = None
    months: float | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    reading: str = ""
    page: str = ""
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def is_share(self) -> bool:
        """True if the figure is printed in per cent."""
        return self.kind in ("percent", "survival")

    @property
    def is_bound(self) -> bool:
        """True if the study prints only that the figure lies below ``value`` ("<0.001")."""
        return self.printed.startswith("<")


@dataclass(frozen=True, slots=True)
class Published:
    """A study and what it printed; ``outcome`` and ``covariates`` are the model behind its odds ratios."""

    title: str
    authors: str
    journal: str
    year: int
    doi: str
    status: str
    licence: str
    patients: str
    outcome: str
    covariates: tuple[str, ...]
    figures: tuple[PublishedFigure, ...]
    cautions: tuple[str, ...]

    @property
    def citation(self) -> str:
        """The study in one line, with its DOI."""
        return f"{self.authors}. {self.title}. {self.journal} {self.year}. doi:{self.doi} ({self.status})"

    def figure(self, id: str) -> PublishedFigure:
        """The figure of that id; KeyError names the known ones."""
        for figure in self.figures:
            if figure.id == id:
                return figure
        raise KeyError(f"{id!r} is no published figure. Known: {', '.join(f.id for f in self.figures)}.")


@dataclass(frozen=True, slots=True)
class RecomputedFigure(Result):
    """A printed figure beside the same figure from a cohort.

    ``text`` is the recomputed figure with the printed decimals, a dash where ``estimate`` has none (it carries the
    reason). ``agrees`` is True if the two read alike, or if the value lies below a printed bound.
    """

    figure: PublishedFigure
    estimate: Estimate
    text: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class Recomputation(Result):
    """Every printed figure recomputed, in the order of the study."""

    figures: tuple[RecomputedFigure, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per figure: ``id section label printed recomputed estimate conf_low conf_high n n_event agrees …``.

        ``estimate`` and limits are 0–1 for shares; ``reason`` says why there is no estimate, ``reading`` what was
        decided where the study is silent.
        """
        rows = []
        for f in self.figures:
            interval = f.estimate.interval
            rows.append(
                {
                    "id": f.figure.id,
                    "section": f.figure.section,
                    "label": f.figure.label,
                    "printed": f.figure.printed,
                    "recomputed": f.text,
                    "estimate": f.estimate.value,
                    "conf_low": interval.low if interval else None,
                    "conf_high": interval.high if interval else None,
                    "conf_level": interval.level if interval else None,
                    "conf_type": interval.method if interval else None,
                    "n": f.estimate.n,
                    "n_event": f.estimate.n_event,
                    "agrees": f.agrees,
                    "reason": f.estimate.reason and say_reason(f.estimate.reason),
                    "reading": f.figure.reading,
                }
            )
        return pd.DataFrame(rows)


def open_published(path: Path = PUBLISHED_PATH) -> Published:
    """The study and its figures from a TOML file with ``[study]``, ``[model]``, ``[[figures]]`` and ``cautions``.

    Raises
    ------
    PublishedError
        If a figure has an unknown kind, lacks what its kind needs, has an unknown key, or shares its id with another.
    """
    with path.open("rb") as file:
        content = tomllib.load(file)
    figures = tuple(_figure(entry) for entry in content.get("figures", ()))
    ids = [figure.id for figure in figures]
    twice = sorted({id for id in ids if ids.count(id) > 1})
    if twice:
        raise PublishedError(f"each id once: {', '.join(twice)} stands for several figures in {path.name}.")
    model = content.get("model", {})
    try:
        return Published(
            **content.get("study", {}),
            outcome=model["outcome"],
            covariates=tuple(model["covariates"]),
            figures=figures,
            cautions=tuple(content.get("cautions", ())),
        )
    except (TypeError, KeyError) as error:
        raise PublishedError(f"{path.name}: {error}. Check the keys of [study] and [model].") from error


def _figure(entry: Mapping[str, Any]) -> PublishedFigure:
    entry = dict(entry)
    name, kind = entry.get("id", "(no id)"), entry.get("kind")
    if kind not in FIGURE_KINDS:
        raise PublishedError(f"{name}: kind {kind!r} is none of {', '.join(FIGURE_KINDS)}.")
    lacking = [key for key in _NEEDS[kind] if key not in entry]
    if lacking:
        raise PublishedError(f"{name}: a figure of kind {kind} needs {', '.join(lacking)}.")
    entry["where"] = tuple((variable, tuple(levels)) for variable, levels in entry.get("where", {}).items())
    entry["choices"] = tuple(entry.get("choices", {}).items())
    try:
        return PublishedFigure(**entry)
    except TypeError as error:
        raise PublishedError(f"{name}: {error}. Check the keys of the figure.") from error


def recompute(
    published: Published,
    cohort: Cohort,
    cohort_filter: CohortFilter = CohortFilter(),  # noqa: B008
) -> Recomputation:
    """Every printed figure computed from the patients of a cohort who pass the filter.

    Odds ratios and their p come from one logistic model of relapse with the study's predictors, on patients complete
    in all of them; survival from Kaplan–Meier curves of the endpoint, its p from the log-rank test. Intervals are those
    of the estimators at 95 %; counts, medians and p values have none. A figure whose columns are not at hand, or that
    cannot be estimated, has a reason instead of a value.

    Raises
    ------
    FilterError
        If the filter does not fit the cohort's dictionary.
    """
    counted = _Counted(cohort, cohort_filter)
    model = _fit(published, counted)
    recomputed = []
    for figure in published.figures:
        estimate = _estimate(figure, counted, model)
        recomputed.append(RecomputedFigure(figure, estimate, _text(figure, estimate), _agrees(figure, estimate)))
    return Recomputation(tuple(recomputed))


class _Counted:
    """The tallies of one cohort under one filter, each asked of the engine once: many figures share theirs."""

    def __init__(self, cohort: Cohort, cohort_filter: CohortFilter) -> None:
        self.cohort = cohort
        self._filter = cohort_filter
        self._tallies: dict[tuple[str, ...], pd.DataFrame] = {}

    def tally(self, columns: Sequence[str]) -> pd.DataFrame | None:
        """The tally of patients complete in ``columns``; None if one of them is not at hand."""
        key = tuple(dict.fromkeys(columns))
        if not set(key) <= set(self.cohort.variables):
            return None
        if key not in self._tallies:
            self._tallies[key] = self.cohort.tally(key, self._filter).dropna()
        return self._tallies[key]


def _fit(published: Published, counted: _Counted) -> OddsRatioResult | None:
    tally = counted.tally([published.outcome, *published.covariates])
    if tally is None:
        return None
    return estimate_odds_ratios(tally[published.outcome], tally[list(published.covariates)], weight=tally["n"])


def _estimate(figure: PublishedFigure, counted: _Counted, model: OddsRatioResult | None) -> Estimate:
    if figure.kind in ("odds_ratio", "p_wald"):
        return _model_estimate(figure, model)
    columns = [name for name in (figure.variable, *(name for name, _ in figure.where)) if name]
    endpoint = next((e for e in counted.cohort.dictionary.endpoints if e.name == figure.endpoint), None)
    if figure.endpoint and not endpoint:
        return Estimate(None, reason=NOT_AT_HAND)
    tally = counted.tally([*columns, endpoint.time, endpoint.event] if endpoint else columns)
    if tally is None:
        return Estimate(None, reason=NOT_AT_HAND)
    for variable, levels in figure.where:
        tally = tally[tally[variable].isin(levels)]
    if endpoint:
        return _survival_estimate(figure, tally[endpoint.time] / DAYS_PER_MONTH, tally[endpoint.event], tally)
    if figure.kind == "median":
        return _median(tally, str(figure.variable))
    return _share(figure, tally)


def _model_estimate(figure: PublishedFigure, model: OddsRatioResult | None) -> Estimate:
    if model is None:
        return Estimate(None, reason=NOT_AT_HAND)
    for term in model.terms:
        if (term.variable, term.level) == (figure.variable, figure.level):
            if figure.kind == "odds_ratio":
                return term.odds_ratio
            # The study printed Wald's p: only the like can agree with it.
            p_value = term.p_value_wald
            reason = None if p_value is not None else term.odds_ratio.reason or model.reason or Reason("no-p-value")
            return Estimate(p_value, n=model.n, n_event=model.n_event, reason=reason)
    return Estimate(None, reason=Reason.of("nobody-with", name=Name(str(figure.variable), figure.level)))


def _survival_estimate(figure: PublishedFigure, time: pd.Series, event: pd.Series, tally: pd.DataFrame) -> Estimate:
    n, n_event = int(tally["n"].sum()), int((tally["n"] * event).sum())
    if not n:
        return Estimate(None, reason=NOBODY)
    group = tally[figure.variable]
    if figure.kind == "logrank_p":
        test = logrank_test(time, event, group, weight=tally["n"])
        return Estimate(test.p_value, n=n, n_event=n_event, reason=test.reason)
    for curve in estimate_survival(time, event, group=group, weight=tally["n"]).curves:
        if curve.group == figure.level and curve.n:
            (at_months,) = read_curve(curve, [figure.months or 0.0])
            # The reader compares groups: all of the group's patients and deaths, not those left at that time.
            return Estimate(
                at_months.value, at_months.interval, curve.n, curve.n_event, at_months.reason, at_months.std_error
            )
    return Estimate(None, reason=NOBODY)


def _median(tally: pd.DataFrame, variable: str) -> Estimate:
    """The median of a number, the mean of the two middle ones for an even number of patients."""
    if tally.empty:
        return Estimate(None, reason=NOBODY)
    tally = tally.sort_values(variable)
    reached = np.cumsum(tally["n"].to_numpy())
    n = int(reached[-1])
    middle = [int(np.searchsorted(reached, rank, side="right")) for rank in ((n - 1) // 2, n // 2)]
    return Estimate(float(tally[variable].to_numpy()[middle].mean()), n=n)


def _share(figure: PublishedFigure, tally: pd.DataFrame) -> Estimate:
    """How many patients, or what share of those with a value, are at the level."""
    n = int(tally["n"].sum())
    n_event = n
    if figure.variable and figure.level is not None:
        values = tally[figure.variable]
        is_level = values == (figure.level if isinstance(values.dtype, pd.CategoricalDtype) else float(figure.level))
        n_event = int(tally["n"][is_level].sum())
    if figure.kind == "count":
        return Estimate(float(n_event), n=n, n_event=n_event)
    if not n:
        return Estimate(None, reason=NOBODY)
    return Estimate(n_event / n, wilson(n_event, n), n, n_event)


def _text(figure: PublishedFigure, estimate: Estimate) -> str:
    if estimate.value is None:
        return MISSING
    if figure.is_share:
        return f"{100 * estimate.value:.{figure.decimals}f} %"
    smallest = 10.0**-figure.decimals
    if figure.kind in ("p_wald", "logrank_p") and estimate.value < smallest:
        return f"<{smallest:.{figure.decimals}f}"
    return f"{estimate.value:.{figure.decimals}f}"


def _agrees(figure: PublishedFigure, estimate: Estimate) -> bool:
    if estimate.value is not None and figure.is_bound:
        return estimate.value < figure.value
    return _text(figure, estimate) == figure.printed
