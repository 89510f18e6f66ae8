"""Mean survival up to a horizon in words: what is compared, its cautions, tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analytics.dictionary import Endpoint, load_words
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_level,
    format_months,
    format_number,
    format_p_cell,
    format_percent,
    format_years,
)
from analytics.reporting.answers import list_counts
from analytics.reporting.curves import FEW_FOLLOWED, MILESTONES, SurvivalComparison
from analytics.reporting.estimates import format_difference, format_percent_points, ratio_text
from analytics.reporting.reasons import say_missing, say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import start_sentence
from analytics.results import (
    Estimate,
    Interval,
    Note,
    Reason,
    RestrictedMean,
    RestrictedMeanContrast,
    RestrictedMeanResult,
    Result,
    SurvivalDifference,
)


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
    def endpoint(self) -> Endpoint:
        """What is survived, and from when."""
        return self.compared.endpoint

    @property
    def filled(self) -> tuple[RestrictedMean, ...]:
        """The means of the groups that have patients."""
        return tuple(mean for mean in self.means.groups if mean.n)

    @property
    def shown(self) -> tuple[SurvivalDifference, ...]:
        """The differences of groups that have patients."""
        filled = {mean.group for mean in self.filled}
        return tuple(d for d in self.differences if d.group in filled)

    @property
    def horizon(self) -> str:
        """The horizon as it stands in sentences ("36 months")."""
        months = self.means.horizon or 0.0
        return f"{months:.3g}\u00a0months" if abs(months - round(months)) < 0.05 else format_months(months)


def note_mean_horizon(
    compared: SurvivalComparison, means: RestrictedMeanResult, horizon: float | None
) -> tuple[Note, ...]:
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
            f"Nobody under observation at {horizon:g} months: {', '.join(listed)}. {load_words().head} count from the day on "
            "which they come under observation, so there is no mean and no difference.",
            "Choose a longer horizon.",
        ),
    )


def join_notes(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """One note per code: what is so of several groups stands in one place."""
    joined: dict[str, Note] = {}
    for note in notes:
        before = joined.get(note.code)
        text = note.text if before is None else f"{before.text} {start_sentence(note.text)}"
        joined[note.code] = replace(note, text=start_sentence(text))
    return tuple(joined.values())


def answer_on_this_page(note: Note) -> Note:
    """The note with what this page offers in the place of its remedy."""
    if note.code != "non-proportional":
        return note
    remedy = (
        "The means and differences of this page do not need a constant ratio; look at several horizons. A mean up to a "
        "horizon after a crossing adds up opposite differences."
    )
    return replace(note, remedy=remedy)


def format_mean(estimate: Estimate, unit: str = " months") -> str:
    """A mean with its interval, or a dash."""
    if estimate.value is None:
        return MISSING
    limits = f" ({format_interval(estimate.interval, 1)})" if estimate.interval else ""
    return f"{format_number(estimate.value, 1)}{limits}{unit}"


def tabulate_means(result: MeanSurvival) -> tuple[Table, ...]:
    """The means of the groups, their differences and ratios, and the differences of survival; nothing without a horizon."""
    means, horizon = result.means, result.means.horizon
    if horizon is None:
        return ()
    level, words = format_level(means.conf_level), load_words()
    rows = tuple(
        (
            mean.group,
            f"{format_count(mean.n_event)} of {format_count(mean.n)}" if mean.n else "0",
            format_mean(mean.mean, "") if mean.mean.value is not None else say_reason(mean.mean.reason),
            format_mean(mean.lost, ""),
            format_percent(mean.mean.value / horizon, 0) if mean.mean.value is not None else MISSING,
        )
        for mean in means.groups
    )
    table = Table(
        title=f"Mean time {result.endpoint.alive} in the first {result.horizon} after {result.endpoint.origin}",
        columns=("Group", start_sentence(result.endpoint.event_noun), "Mean (months)", "Lost (months)", "Share"),
        rows=rows,
        help=(
            "",
            f"Up to {result.horizon}, of the {words.plural} in the group",
            f"Restricted mean: the area under the curve, with its {level} interval",
            f"{start_sentence(result.horizon)} less the mean",
            "The mean as a share of the horizon",
        ),
        caption=f"Restricted means with {level} intervals. What comes after {result.horizon} does not count.",
    )
    contrasts = (_tabulate_contrasts(result, level),) if means.contrasts else ()
    return (table, *contrasts, *((_tabulate_differences(result, level),) if result.shown else ()))


def _tabulate_contrasts(result: MeanSurvival, level: str) -> Table:
    rows = tuple(
        (
            c.group,
            format_difference(c.difference),
            format_p_cell(c.p_difference, c.reason),
            MISSING if c.ratio.value is None else ratio_text(c.ratio),
            format_p_cell(c.p_ratio, c.reason),
        )
        for c in result.means.contrasts
        if c.difference.reason != Reason.of("of-group", group=c.group, why=Reason("no-patients"))
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


def _tabulate_differences(result: MeanSurvival, level: str) -> Table:
    compared, alive = (
        result.compared,
        f"{start_sentence(result.endpoint.alive)} by then, and how many are still followed",
    )
    at = {
        (compared.labels[curve.group], months): estimate
        for curve, milestones in zip(compared.curves.curves, compared.milestones, strict=True)
        for months, estimate in zip(MILESTONES, milestones, strict=True)
    }
    rows = tuple(
        (
            f"{d.group}, {d.time / 12:g} y",
            f"{format_percent(at[d.group, d.time].value)} ({format_count(d.n_risk)})",
            f"{format_percent(at[d.reference, d.time].value)} ({format_count(d.n_risk_reference)})",
            format_percent_points(d.difference),
            format_p_cell(d.p_value, d.test.reason),
        )
        for d in result.shown
    )
    return Table(
        title=f"Differences of survival at fixed times, against {result.shown[0].reference}",
        columns=("Group", "Survival (at risk)", "Reference", "Difference (points)", "p"),
        rows=rows,
        help=(
            "",
            alive,
            alive,
            f"Group minus reference, in percentage points, {level} interval",
            "Test of the two curves at that time, on the complementary log-log scale",
        ),
        caption=f"Kaplan–Meier estimates; {level} intervals from those of the two groups (MOVER). The test is on another "
        "scale than the interval, so the two may disagree at the margin.",
    )


def _named(result: MeanSurvival, label: str) -> str:
    return result.compared.names[result.levels[label]]


def say_means(result: MeanSurvival) -> tuple[str, ...]:
    """One sentence per difference of means, one per latest milestone at which both groups are followed, and a caveat.

    Without groups to compare, the mean alone.
    """
    if not result.filled or result.means.horizon is None:
        return ()
    by_label = {mean.group: mean for mean in result.filled}
    contrasts = [c for c in result.means.contrasts if c.group in by_label]
    if not contrasts:
        return (_say_mean(result, result.filled[0]),)
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
    caveat = "These differences are associations, not adjusted for anything, and say nothing about the time after."
    return (*sentences, f"{caveat}{late}")


def answer_means(result: MeanSurvival) -> tuple[str, ...]:
    """The mean of one group, the difference of two, or the shortest and the longest of several; and how many died."""
    filled = result.filled
    if not filled or result.means.horizon is None:
        return ()
    by_label = {mean.group: mean for mean in filled}
    contrasts = [c for c in result.means.contrasts if c.group in by_label]
    known = sorted(
        (mean for mean in filled if mean.mean.value is not None), key=lambda mean: float(mean.mean.value or 0)
    )
    if not contrasts:
        first = _say_mean(result, filled[0])
    elif len(contrasts) == 1 or len(known) < 2:
        first = _say_contrast(result, contrasts[0], by_label)
    else:
        ends = [f"{format_mean(mean.mean)} ({mean.group})" for mean in (known[0], known[-1])]
        when = f"Over the first {result.horizon} after {result.endpoint.origin}"
        first = f"{when}, the mean time {result.endpoint.alive} runs from {ends[0]} to {ends[1]}."
    return first, list_counts(result.compared)


def _say_mean(result: MeanSurvival, mean: RestrictedMean) -> str:
    name, origin = _named(result, mean.group), result.endpoint.origin
    if mean.mean.value is None:
        return f"{name}: {say_missing(f'mean over the first {result.horizon} after {origin}', mean.mean.reason)}."
    lived = "lived" if result.endpoint.is_death else f"were {result.endpoint.alive} for"
    limits = ""
    if mean.mean.interval is not None:
        limits = f" ({format_level(mean.mean.interval.level)} interval {format_interval(mean.mean.interval, 1)})"
    return (
        f"{name}: over the first {result.horizon} after {origin}, {load_words().plural} {lived} "
        f"{format_number(mean.mean.value, 1)} months on average{limits}; {format_number(mean.lost.value, 1)} months were lost. "
        "What comes later does not count."
    )


def _say_contrast(
    result: MeanSurvival, contrast: RestrictedMeanContrast, by_label: Mapping[str, RestrictedMean]
) -> str:
    what = f"{_named(result, contrast.group)} against {contrast.reference}"
    origin, difference = result.endpoint.origin, contrast.difference
    if difference.value is None:
        missing = say_missing(f"difference of means over the first {result.horizon} after {origin}", difference.reason)
        return f"{what}: {missing}."
    own, base = by_label[contrast.group].mean.value, by_label[contrast.reference].mean.value
    reading = _reading(difference, "months", 1.0, ("longer", "less"), "just as long")
    why = "no interval" if contrast.reason is None else say_reason(contrast.reason)
    tail = "" if difference.interval is not None else f" {start_sentence(why)}."
    lived = "lived" if result.endpoint.is_death else f"were {result.endpoint.alive}"
    return (
        f"{what}: over the first {result.horizon} after {origin}, {load_words().plural} {lived} on average {reading}: "
        f"{format_number(own, 1)} against {format_number(base, 1)} months.{tail}"
    )


def _say_difference(result: MeanSurvival, found: SurvivalDifference) -> str:
    years = format_years(found.time / 12)
    reading = _reading(found.difference, "percentage points", 100.0, ("higher", "lower"), "the same")
    return (
        f"{_named(result, found.group)} against {found.reference}: {years} after {result.endpoint.origin}, the share "
        f"{result.endpoint.alive} was {reading}; {format_count(found.n_risk)} and {format_count(found.n_risk_reference)} were "
        "still followed."
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
