"""Mean time alive up to a horizon and survival at fixed times, with the differences between groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from analytics.analysis import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.regression import chosen_references, note_references, reference_control
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.survival import (
    FEW_FOLLOWED,
    MILESTONE_YEARS,
    NO_STRATA,
    SurvivalComparison,
    ask_libraries,
    collect_downloads,
    compare_survival,
    count_used,
    describe_figure,
    endpoint_control,
    prepare_survival,
)
from analytics.document import ComparedTest, Headline, Picture
from analytics.estimators.restricted_mean import estimate_restricted_mean
from analytics.estimators.second_opinion.curves import compare_differences, compare_restricted_means, fit_curves
from analytics.estimators.survival_difference import estimate_survival_differences
from analytics.figures.differences import DifferenceRow, plot_differences
from analytics.figures.survival import describe_drawing, plot_survival
from analytics.figures.theme import Figure
from analytics.formats import (
    MISSING,
    format_count,
    format_difference,
    format_interval,
    format_level,
    format_months,
    format_number,
    format_p_cell,
    format_percent,
    format_percent_points,
    format_ratio_of,
    format_share,
    say_missing,
)
from analytics.frames import EVERYONE, TimeToEvent
from analytics.reporting.attrition import Used
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, join_words, start_sentence
from analytics.results import (
    Estimate,
    Interval,
    Note,
    RestrictedMean,
    RestrictedMeanContrast,
    RestrictedMeanResult,
    Result,
    SurvivalDifference,
)
from analytics.results.second_opinion import Compared

DEFAULT_GROUPS = "mrd_day46"
LONGEST = "longest"
HORIZON = Control(
    "years",
    "Mean over the first",
    "one",
    "3",
    (*((f"{years}", f"{years} year{'s' if years > 1 else ''}") for years in (1, 2, 3, 5)), (LONGEST, "longest common")),
    help="How far the mean looks. The longest common horizon is the last time up to which every group is followed. Choose "
    "before looking at the curves.",
)
FIXED: Params = {"interval": "log-log", "test": "logrank", "strata": NO_STRATA}


@dataclass(frozen=True, slots=True)
class _Frame:
    survival: TimeToEvent
    reference: str | None
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class MeanSurvival(Result):
    """Curves, restricted means and differences of survival at 1, 3 and 5 years.

    ``means`` and ``differences`` name groups by their labels, in the order of the dictionary but for the reference, which
    is the first; ``levels`` maps each label to its level.
    """

    compared: SurvivalComparison
    means: RestrictedMeanResult
    differences: tuple[SurvivalDifference, ...]
    levels: Mapping[str, str]
    notes: tuple[Note, ...]

    @property
    def horizon(self) -> str:
        """The horizon as it stands in sentences ("36 months")."""
        months = self.means.horizon or 0.0
        return f"{months:.3g}\u00a0months" if abs(months - round(months)) < 0.05 else format_months(months)


def _note_horizon(compared: SurvivalComparison, means: RestrictedMeanResult, horizon: float | None) -> tuple[Note, ...]:
    """Which groups are not followed up to the horizon, or which one sets the longest common horizon."""
    labels = compared.labels
    ends = {labels[c.group]: float(c.time[-1]) for c in compared.curves.curves if c.n and c.estimate[-1] > 0}
    without = [mean.group for mean in means.groups if mean.n and mean.mean.value is None]
    if horizon is None:
        if len(ends) < 2:
            return _note_unobserved(compared, without, means.horizon or 0.0)
        shortest = min(ends, key=lambda label: ends[label])
        return (
            Note(
                "common-horizon",
                "info",
                f"The horizon is that of {shortest}, whose follow-up ends first, at {format_months(ends[shortest])}. Chosen "
                "by the data, it differs from one selection to the next.",
                "For a comparison planned beforehand choose a fixed number of years.",
            ),
            *_note_unobserved(compared, without, means.horizon or 0.0),
        )
    short = [label for label in without if label in ends and ends[label] < horizon]
    notes = []
    if short:
        listed = ", ".join(f"{label} (until {format_months(ends[label])})" for label in short)
        notes.append(
            Note(
                "beyond-follow-up",
                "caution",
                f"Not followed for {horizon:g} months: {listed}. A curve is never carried on beyond its follow-up, so there "
                "is no mean and no difference.",
                "Choose a shorter horizon, or the longest common one.",
            )
        )
    return (*notes, *_note_unobserved(compared, [label for label in without if label not in short], horizon))


def _note_unobserved(compared: SurvivalComparison, labels: list[str], horizon: float) -> tuple[Note, ...]:
    """Which groups have nobody under observation at the horizon, though some are later (delayed entry)."""
    if not labels:
        return ()
    listed = []
    for label in labels:
        (curve,) = (c for c in compared.curves.curves if compared.labels[c.group] == label)
        later = curve.entry[curve.entry >= horizon] if len(curve.entry) else ()
        again = f" (again from {format_months(float(min(later)))} on)" if len(later) else ""
        if len(later) == len(curve.entry) and len(later):
            again = f" (from {format_months(float(min(later)))} on)"
        listed.append(f"{label}{again}")
    return (
        Note(
            "unobserved",
            "caution",
            f"Nobody under observation at {horizon:g} months: {', '.join(listed)}. Children count from the day on which "
            "they come under observation, so there is no mean and no difference.",
            "Choose a longer horizon.",
        ),
    )


def _join_notes(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """One note per code: what is so of several groups stands in one place."""
    joined: dict[str, Note] = {}
    for note in notes:
        before = joined.get(note.code)
        text = note.text if before is None else f"{before.text} {start_sentence(note.text)}"
        joined[note.code] = replace(note, text=start_sentence(text))
    return tuple(joined.values())


def _on_this_page(note: Note) -> Note:
    if note.code != "non-proportional":
        return note
    remedy = (
        "The means and differences of this page do not need a constant ratio; look at several horizons. A mean up to a "
        "horizon after a crossing adds up opposite differences."
    )
    return replace(note, remedy=remedy)


def _alive(result: MeanSurvival) -> str:
    return result.compared.endpoint.alive


def _mean_text(estimate: Estimate, unit: str = " months") -> str:
    if estimate.value is None:
        return MISSING
    limits = f" ({format_interval(estimate.interval, 1)})" if estimate.interval else ""
    return f"{format_number(estimate.value, 1)}{limits}{unit}"


def _difference_rows(result: MeanSurvival) -> tuple[DifferenceRow, ...]:
    styles = result.compared.styles
    return tuple(
        DifferenceRow(
            f"{d.group} minus {d.reference}",
            f"{d.time / 12:g} year{'s' if d.time > 12 else ''}",
            d.difference,
            styles[result.levels[d.group]],
        )
        for d in _shown(result)
    )


def _shown(result: MeanSurvival) -> tuple[SurvivalDifference, ...]:
    """The differences of groups with patients."""
    filled = {mean.group for mean in result.means.groups if mean.n}
    return tuple(d for d in result.differences if d.group in filled)


def _reason(reason: str | None) -> str:
    return reason or MISSING


def _tabulate_contrasts(result: MeanSurvival, level: str) -> Table:
    rows = tuple(
        (
            c.group,
            format_difference(c.difference),
            format_p_cell(c.p_difference, c.reason),
            MISSING if c.ratio.value is None else _ratio_text(c.ratio),
            format_p_cell(c.p_ratio, c.reason),
        )
        for c in result.means.contrasts
        if c.difference.reason != f"{c.group}: no patients"
    )
    return Table(
        title=f"Differences of the means over {result.horizon}, against {result.means.contrasts[0].reference}",
        columns=("Group", "Difference (months)", "p", "Ratio", "p"),
        rows=rows,
        help=(
            "",
            f"Mean of the group minus that of the reference, {level} interval",
            "",
            f"Mean of the group divided by that of the reference, {level} interval",
            "",
        ),
        caption="Not adjusted for anything. There is no interval where a group has no event before the horizon, or all at "
        "risk have it at its first one.",
    )


def _ratio_text(ratio: Estimate) -> str:
    limits = f" ({format_interval(ratio.interval)})" if ratio.interval else ""
    return f"{format_ratio_of(ratio)}{limits}"


def _tabulate_differences(shown: tuple[SurvivalDifference, ...], result: MeanSurvival, level: str) -> Table:
    at = {
        (result.compared.labels[curve.group], 12.0 * years): estimate
        for curve, milestones in zip(result.compared.curves.curves, result.compared.milestones, strict=True)
        for years, estimate in zip(MILESTONE_YEARS, milestones, strict=True)
    }
    rows = tuple(
        (
            f"{d.group}, {d.time / 12:g} y",
            f"{format_percent(at[d.group, d.time].value)} ({format_count(d.n_risk)})",
            f"{format_percent(at[d.reference, d.time].value)} ({format_count(d.n_risk_reference)})",
            format_percent_points(d.difference),
            format_p_cell(d.p_value, d.test.reason),
        )
        for d in shown
    )
    return Table(
        title=f"Differences of survival at fixed times, against {shown[0].reference}",
        columns=("Group", "Survival (at risk)", "Reference", "Difference (points)", "p"),
        rows=rows,
        help=(
            "",
            f"{start_sentence(_alive(result))} by then, and how many are still followed",
            f"{start_sentence(_alive(result))} by then, and how many are still followed",
            f"Group minus reference, in percentage points, {level} interval",
            "Test of the two curves at that time, on the complementary log-log scale",
        ),
        caption=f"Kaplan–Meier estimates; {level} intervals from those of the two groups (MOVER). The test is on another "
        "scale than the interval, so the two may disagree at the margin.",
    )


def _named(result: MeanSurvival, label: str) -> str:
    return result.compared.names[result.levels[label]]


def _say_mean(result: MeanSurvival, mean: RestrictedMean) -> str:
    name, origin = _named(result, mean.group), result.compared.endpoint.origin
    if mean.mean.value is None:
        return f"{name}: {say_missing(f'mean over the first {result.horizon} after {origin}', mean.mean.reason)}."
    lived = "lived" if _alive(result) == "alive" else f"were {_alive(result)} for"
    limits = ""
    if mean.mean.interval is not None:
        limits = f" ({format_level(mean.mean.interval.level)} interval {format_interval(mean.mean.interval, 1)})"
    return (
        f"{name}: over the first {result.horizon} after {origin}, children {lived} "
        f"{format_number(mean.mean.value, 1)} months on average{limits}; {format_number(mean.lost.value, 1)} months were lost. "
        "What comes later does not count."
    )


def _say_contrast(
    result: MeanSurvival, contrast: RestrictedMeanContrast, by_label: Mapping[str, RestrictedMean]
) -> str:
    what = f"{_named(result, contrast.group)} against {contrast.reference}"
    origin, difference = result.compared.endpoint.origin, contrast.difference
    if difference.value is None:
        missing = say_missing(f"difference of means over the first {result.horizon} after {origin}", difference.reason)
        return f"{what}: {missing}."
    own, base = by_label[contrast.group].mean.value, by_label[contrast.reference].mean.value
    reading = _reading(difference, "months", 1.0, ("longer", "less"), "just as long")
    tail = "" if difference.interval is not None else f" {start_sentence(contrast.reason or 'no interval')}."
    lived = "lived" if _alive(result) == "alive" else f"were {_alive(result)}"
    return (
        f"{what}: over the first {result.horizon} after {origin}, children {lived} on average {reading}: "
        f"{format_number(own, 1)} against {format_number(base, 1)} months.{tail}"
    )


def _say_difference(result: MeanSurvival, found: SurvivalDifference) -> str:
    years = f"{found.time / 12:g} year{'s' if found.time > 12 else ''}"
    reading = _reading(found.difference, "percentage points", 100.0, ("higher", "lower"), "the same")
    return (
        f"{_named(result, found.group)} against {found.reference}: {years} after {result.compared.endpoint.origin}, the share "
        f"{_alive(result)} was {reading}; {format_count(found.n_risk)} and {format_count(found.n_risk_reference)} were still "
        "followed."
    )


def _reading(estimate: Estimate, unit: str, factor: float, words: tuple[str, str], same: str) -> str:
    """A difference in words, its limits with their directions; the interval says whether it includes none."""

    def directed(value: float) -> str:
        size = format_number(abs(factor * value), 1)
        return f"{size} {words[0] if value >= 0 else words[1]}"

    value, limits = float(estimate.value or 0.0), estimate.interval
    size = format_number(abs(factor * value), 1)
    text = same if float(size) == 0 else f"{size} {unit} {words[0] if value > 0 else words[1]}"
    if limits is None or limits.low is None or limits.high is None:
        return text
    level = format_level(limits.level)
    if limits.low <= 0 <= limits.high:
        return f"{text} ({level} interval {directed(limits.low)} to {directed(limits.high)}, on both sides of no difference)"
    return f"{text} ({level} interval {_sizes(limits, factor)})"


def _sizes(limits: Interval, factor: float) -> str:
    low, high = sorted(abs(factor * limit) for limit in (limits.low or 0.0, limits.high or 0.0))
    return f"{format_number(low, 1)} to {format_number(high, 1)}"


class MeanSurvivalAnalysis(Analysis[_Frame, MeanSurvival]):
    """Mean time alive up to a horizon and survival at fixed times, with the differences between groups."""

    slug = "mean-survival"
    title = "Mean survival and differences"
    question = "How much longer do children of one group live within a stated time?"
    section = "Survival"
    order = 60
    icon = ":material/area_chart:"
    method = (
        "Restricted mean survival: the area under the Kaplan–Meier curve up to the horizon, with normal intervals; "
        "differences and ratios against the reference group; differences of survival at 1, 3 and 5 years with intervals from "
        "those of the two groups (MOVER) and a test on the complementary log-log scale."
    )
    requires = endpoint_with()
    files = ("estimates", "curves")

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        groups = tuple((v.name, v.label) for v in cohort.dictionary.groups if v.name in cohort.variables)
        default = next((name for name, _ in groups if name == DEFAULT_GROUPS), EVERYONE)
        return (
            Control("by", "Split by", "one", default, ((EVERYONE, "everyone together"), *groups)),
            endpoint_control(cohort),
            HORIZON,
            reference_control(cohort),
        )

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> _Frame:
        dictionary = cohort.dictionary
        variable = None if params["by"] == EVERYONE else dictionary[params["by"]]
        endpoint = dictionary.endpoint(params["endpoint"])
        frame = prepare_survival(cohort, cohort_filter, {**params, **FIXED}, endpoint, variable)
        if variable is None:
            return _Frame(frame, None, ())
        reference = chosen_references(params).get(variable.name) or variable.reference
        return _Frame(frame, reference, note_references(params, [variable]))

    def estimate(self, frame: _Frame, params: Params) -> MeanSurvival:
        survival = frame.survival
        compared = compare_survival(survival, {**params, **FIXED}, frame.notes)
        labels = compared.labels
        ordered = sorted(survival.group.categories, key=lambda level: level != frame.reference)
        group = survival.group.reorder_categories(ordered).rename_categories(dict(labels))
        arrays: dict[str, Any] = {"weight": survival.weight, "entry": survival.entry}
        years = params["years"]
        horizon = None if years == LONGEST else 12.0 * int(years)
        means = estimate_restricted_mean(survival.time, survival.event, group=group, horizon=horizon, **arrays)
        months = [12.0 * year for year in MILESTONE_YEARS]
        differences = estimate_survival_differences(survival.time, survival.event, group, times=months, **arrays)
        levels = {label: level for level, label in labels.items()}
        notes = (
            *_note_horizon(compared, means, horizon),
            *map(_on_this_page, compared.notes),
            *_join_notes(means.notes),
        )
        return MeanSurvival(compared, means, differences, levels, notes)

    def headlines(self, result: MeanSurvival) -> tuple[Headline, ...]:
        frame, means = result.compared.frame, result.means
        children = Headline(
            "Children", format_count(frame.n), f"{start_sentence(frame.endpoint.population)}, in this selection."
        )
        noun = frame.endpoint.event_noun
        events = Headline(
            start_sentence(noun),
            format_share(frame.n_event, frame.n, 0),
            "A share of all children, whatever their follow-up and also after the horizon.",
        )
        if means.horizon is None:
            return (children, events)
        horizon = Headline(
            "Horizon", result.horizon, f"From {frame.endpoint.origin}. A mean never looks beyond the follow-up."
        )
        filled = [mean for mean in means.groups if mean.n]
        if len(filled) == 2:
            (contrast,) = (c for c in means.contrasts if c.group in {mean.group for mean in filled})
            value = MISSING if contrast.difference.value is None else f"{format_difference(contrast.difference)} months"
            named = f"{contrast.group} minus {contrast.reference}"
            said = (
                [f"In brackets the {format_level(means.conf_level)} interval."] if contrast.difference.interval else []
            )
            if contrast.difference.reason:
                said.append(f"{start_sentence(contrast.difference.reason)}.")
            elif contrast.reason:
                what = "p value" if contrast.difference.interval else "interval and p value"
                said.append(f"{start_sentence(say_missing(what, contrast.reason))}.")
            return (children, events, horizon, Headline(f"Difference of the means, {named}", value, " ".join(said)))
        known = [mean.mean.value for mean in filled if mean.mean.value is not None]
        if len(filled) == 1:
            return (children, events, horizon, Headline(f"Mean time {_alive(result)}", _mean_text(filled[0].mean), ""))
        ends = [format_number(end, 1) for end in (min(known), max(known))] if known else []
        spread = f"{' to '.join(dict.fromkeys(ends))} months" if ends else MISSING
        return (children, events, horizon, Headline("Means of the groups", spread, "The least and the greatest."))

    def figure(self, result: MeanSurvival, params: Params) -> Figure:
        compared = result.compared
        return plot_survival(
            compared.curves,
            labels=compared.labels,
            styles=compared.styles,
            origin=compared.endpoint.origin,
            y_title=compared.endpoint.y_title,
            bands=False,
            mean_until=result.means.horizon,
            event_noun=compared.endpoint.event_noun,
        )

    def caption(self, result: MeanSurvival, params: Params) -> str:
        filled = sum(mean.n > 0 for mean in result.means.groups)
        if result.means.horizon is None:
            return ""
        shade = (
            "the shaded area between the curves is the difference of the means, in the colour of the group that is ahead"
            if filled == 2
            else "the shaded area under a curve is its mean"
        )
        return (
            f"Broken line: the horizon. Up to it, {shade} (100\u00a0% over one month is one month). "
            + describe_drawing(result.compared.curves, bands=False)
        )

    def alt_text(self, result: MeanSurvival) -> str:
        means = [mean for mean in result.means.groups if mean.mean.value is not None]
        said = " ".join(f"{mean.group}: mean {_mean_text(mean.mean)} over {result.horizon}." for mean in means)
        return f"{describe_figure(result.compared)} {said}".strip()

    def pictures(self, result: MeanSurvival, params: Params) -> tuple[Picture, ...]:
        rows = _difference_rows(result)
        if not rows:
            return ()
        alive = _alive(result)
        figure = plot_differences(
            rows, sides=("fewer " + alive, "more " + alive), title="Difference of survival, percentage points"
        )
        said = " ".join(f"{row.heading}, {row.label}: {format_percent_points(row.difference)}." for row in rows)
        return (
            Picture(
                f"Differences of survival at {', '.join(map(str, MILESTONE_YEARS[:-1]))} and {MILESTONE_YEARS[-1]} years",
                figure,
                f"Differences of survival in percentage points with {format_level(result.means.conf_level)} intervals. {said}",
                f"Kaplan–Meier survival of a group minus that of the reference, with {format_level(result.means.conf_level)} "
                "intervals. An interval that includes 0 is compatible with no difference; a wide one with a large one, too.",
            ),
        )

    def tables(self, result: MeanSurvival) -> tuple[Table, ...]:
        means = result.means
        if means.horizon is None:
            return ()
        level = format_level(means.conf_level)
        noun = result.compared.endpoint.event_noun
        origin = result.compared.endpoint.origin
        rows = tuple(
            (
                mean.group,
                f"{format_count(mean.n_event)} of {format_count(mean.n)}" if mean.n else "0",
                _mean_text(mean.mean, "") if mean.mean.value is not None else _reason(mean.mean.reason),
                _mean_text(mean.lost, ""),
                format_percent(mean.mean.value / means.horizon, 0) if mean.mean.value is not None else MISSING,
            )
            for mean in means.groups
        )
        tables = [
            Table(
                title=f"Mean time {_alive(result)} in the first {result.horizon} after {origin}",
                columns=("Group", start_sentence(noun), "Mean (months)", "Lost (months)", "Share"),
                rows=rows,
                help=(
                    "",
                    f"Up to {result.horizon}, of the children in the group",
                    f"Restricted mean: the area under the curve, with its {level} interval",
                    f"{start_sentence(result.horizon)} less the mean",
                    "The mean as a share of the horizon",
                ),
                caption=f"Restricted means with {level} intervals. What comes after {result.horizon} does not count.",
            )
        ]
        if means.contrasts:
            tables.append(_tabulate_contrasts(result, level))
        if shown := _shown(result):
            tables.append(_tabulate_differences(shown, result, level))
        return tuple(tables)

    def sentences(self, result: MeanSurvival) -> tuple[str, ...]:
        """One sentence per difference of means, one per latest milestone at which both groups are followed, and a caveat."""
        means = result.means
        filled = [mean for mean in means.groups if mean.n]
        if not filled or means.horizon is None:
            return ()
        if not means.contrasts:
            return (_say_mean(result, filled[0]),)
        by_label = {mean.group: mean for mean in filled}
        contrasts = [c for c in means.contrasts if c.group in by_label]
        if not contrasts:
            return (_say_mean(result, filled[0]),)
        sentences = [_say_contrast(result, c, by_label) for c in contrasts]
        for contrast in contrasts:
            found = [
                d
                for d in result.differences
                if d.group == contrast.group
                and min(d.n_risk, d.n_risk_reference) >= FEW_FOLLOWED
                and d.difference.value is not None
            ]
            if found:
                sentences.append(_say_difference(result, found[-1]))
        late = (
            " The groups form only after the clock has started, which by itself makes them differ (immortal time)."
            if result.compared.groups_form_later
            else ""
        )
        sentences.append(
            f"These differences are associations, not adjusted for anything, and say nothing about the time after.{late}"
        )
        return tuple(sentences)

    def used(self, result: MeanSurvival) -> Used:
        return count_used(result.compared)

    def tests(self, result: MeanSurvival) -> tuple[ComparedTest, ...]:
        """The test of each difference of means, the two groups in the order of the dictionary whichever is the reference."""
        variable, order = result.compared.frame.variable, list(result.compared.labels.values())
        if variable is None:
            return ()
        filled = {mean.group for mean in result.means.groups if mean.n}
        found = []
        for contrast in result.means.contrasts:
            if {contrast.group, contrast.reference} <= filled:
                pair = join_words(sorted((contrast.group, contrast.reference), key=order.index))
                what = f"{in_sentence(result.compared.endpoint.label)} over {result.horizon} by {in_sentence(variable.label)}"
                found.append(ComparedTest(f"test of the difference of mean {what}, {pair}", contrast.p_difference))
        return tuple(found)

    def downloads(self, result: MeanSurvival) -> Mapping[str, pd.DataFrame]:
        means = result.means.to_frame()
        rows = [
            {
                "term": "survival difference",
                "group": d.group,
                "reference": d.reference,
                "time": d.time,
                "n": d.difference.n,
                "n_event": d.difference.n_event,
                "n_risk": d.n_risk,
                "n_risk_reference": d.n_risk_reference,
                "estimate": d.difference.value,
                "std_error": d.difference.std_error,
                "conf_low": d.difference.interval.low if d.difference.interval else None,
                "conf_high": d.difference.interval.high if d.difference.interval else None,
                "conf_level": result.means.conf_level,
                "conf_type": d.difference.interval.method if d.difference.interval else None,
                "statistic": d.test.statistic,
                "p_value": d.p_value,
                "reason": d.difference.reason or d.test.reason,
            }
            for d in result.differences
        ]
        estimates = pd.DataFrame(
            [*means.to_dict("records"), *rows], columns=[*means.columns, "n_risk", "n_risk_reference", "statistic"]
        )
        for column in ("group", "reference"):
            estimates[column] = estimates[column].map(lambda label: result.levels.get(label, label), na_action="ignore")
        return {"estimates": estimates, "curves": collect_downloads(result.compared)["curves"]}

    def second_opinion(self, frame: _Frame, result: MeanSurvival, params: Params) -> Iterator[Compared]:
        survival, compared = frame.survival, result.compared
        yield from ask_libraries(survival, compared, {**params, **FIXED})
        arrays = (survival.time, survival.event, survival.group, survival.weight, survival.entry)
        found = fit_curves(compared.curves, *arrays)
        by_label = {label: found[level] for label, level in result.levels.items() if level in found}
        yield from compare_restricted_means(result.means, by_label)
        yield from compare_differences(result.differences, by_label)
