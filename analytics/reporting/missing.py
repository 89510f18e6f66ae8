"""Missing values in words: how many of whom, which together, and what imputation makes of the odds ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analytics.dictionary import Dictionary, Variable, load_words
from analytics.formats import (
    MISSING,
    format_count,
    format_interval,
    format_number,
    format_p,
    format_patients,
    format_percent,
    format_ratio,
    format_ratio_of,
    format_share,
    join_words,
)
from analytics.reporting.estimates import format_percent_points, ratio_text
from analytics.reporting.reasons import say_reason
from analytics.reporting.regression import MANY_LOST
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, name_level, name_term
from analytics.results import (
    Estimate,
    MissingPattern,
    MissingResult,
    MissingShare,
    Note,
    OddsRatio,
    OddsRatioResult,
    PooledResult,
    ratios_of,
    references_of,
)
from analytics.speaking import word

MANY_DF = 100_000.0
NOTHING = "Nothing is missing in these variables."


def worst_first(counts: MissingResult) -> list[MissingShare]:
    """The variables, those that are unknown in most patients first."""
    return sorted(counts.variables, key=lambda share: -share.everyone.n_event)


def tabulate_missing(counts: MissingResult, labels: Mapping[str, str], outcome: tuple[str, str]) -> tuple[Table, ...]:
    """How often each variable is unknown, with the event and without; no table where nothing is missing."""
    n_free = counts.n - counts.n_event
    rows = tuple(
        (
            labels[s.variable],
            format_share(s.everyone.n_event, counts.n),
            format_share(s.with_event.n_event, counts.n_event),
            format_share(s.without_event.n_event, n_free),
            format_percent_points(s.difference),
        )
        for s in worst_first(counts)
        if s.everyone.n_event
    )
    heads = zip(("All", *(name.capitalize() for name in outcome)), (counts.n, counts.n_event, n_free), strict=True)
    table = Table(
        title="Missing values of the factors in the model",
        columns=("Factor", *(f"{head} (n = {format_count(n)})" for head, n in heads), "Difference (95 % CI)"),
        rows=rows,
        help=("", "", "", "", f"Percentage points: {word('had_relapse')} less {word('not_had')}"),
        caption="n (% of the column). Differences in percentage points, intervals by Newcombe’s method.",
    )
    return (table,) if rows else ()


def say_missing_values(counts: MissingResult, labels: Mapping[str, str], within: str) -> tuple[str, ...]:
    """In whom all factors are known, and for each that is unknown in some in how many; ``within`` as in "relapsed within"."""
    if not counts.n:
        return (f"No {load_words().noun} is selected whose outcome is known.",)
    if not counts.variables:
        return ("No factor is chosen.",)
    everyone = format_patients(counts.n)
    said = [
        f"All factors of the model are known in {format_count(counts.n_complete)} of {everyone}, "
        f"{format_count(counts.patterns[0].n_event)} of whom {word('had_relapse')}{within}."
    ]
    missing = [s for s in worst_first(counts) if s.everyone.n_event]
    for s in missing:
        parts = [
            f"{format_count(e.n_event)} of {format_count(e.n)} {who}"
            for e, who in ((s.with_event, f"who {word('had_relapse')}{within}"), (s.without_event, "who did not"))
            if e.n
        ]
        points = (
            f" (difference {format_percent_points(s.difference)} percentage points)" if s.difference.interval else ""
        )
        said.append(
            f"{labels[s.variable]} is unknown in {format_share(s.everyone.n_event, counts.n)} of {everyone}: in "
            f"{' and '.join(parts)}{points}."
        )
    return tuple(said) if missing else (*said, NOTHING)


def describe_shares(counts: MissingResult, labels: Mapping[str, str], relapsed: str) -> str:
    """The variables that are unknown in some, with how many; ``relapsed`` says what the event is."""
    return "; ".join(
        f"{labels[s.variable]} {format_share(s.everyone.n_event, counts.n)}, {format_count(s.with_event.n_event)} of "
        f"{format_count(counts.n_event)} {relapsed}"
        for s in worst_first(counts)
        if s.everyone.n_event
    )


def describe_patterns(patterns: Sequence[MissingPattern], labels: Mapping[str, str], relapsed: str) -> str:
    """What is missing together, in how many; ``relapsed`` says what the event is."""
    said = [
        f"{join_words([labels[name] for name in p.missing])} in {format_count(p.n)}, {format_count(p.n_event)} of them "
        f"{relapsed}"
        for p in patterns
    ]
    return f"{load_words().head} by what is missing together: {'; '.join(said)}."


def note_complete_cases(counts: MissingResult) -> tuple[Note, ...]:
    """How many complete cases leave out; nothing if nobody."""
    lost = counts.n - counts.n_complete
    if not lost:
        return ()
    share = lost / counts.n
    relapses = f"{format_count(counts.n_event)} {word('relapse' if counts.n_event == 1 else 'relapses')}"
    return (
        Note(
            "incomplete-cases",
            "caution" if share > MANY_LOST else "info",
            f"Complete cases leave out {format_count(lost)} of {format_patients(counts.n)} ({format_percent(share, 0)}), and "
            f"with them {format_count(counts.n_event - counts.patterns[0].n_event)} of {relapses}, because a factor of the "
            "model is unknown.",
            "Compare the three ways of dealing with it below.",
        ),
    )


def note_unknown_by_outcome(counts: MissingResult, dictionary: Dictionary) -> tuple[Note, ...]:
    """A caution where factors are unknown more often on one side of the outcome than chance would explain."""
    found = [s for s in counts.variables if s.difference.interval and s.difference.interval.excludes(0)]
    if not found:
        return ()
    plural, names = load_words().plural, join_words([in_sentence(dictionary[s.variable].label) for s in found])
    return (
        Note(
            "missing-by-outcome",
            "caution",
            f"How often {names} {'is' if len(found) == 1 else 'are'} unknown differs between {plural} {word('with_relapse')} and "
            f"without, by more than chance would readily explain. Leaving such {plural} out biases odds ratios if being "
            "unknown goes with a factor, too.",
            f"Find out why these values are missing, and impute them below with {word('relapse')} among the predictors.",
        ),
    )


def tabulate_pooled_tests(found: PooledResult, variables: Sequence[Variable]) -> tuple[Table, ...]:
    """The pooled test of every factor; no table where none was made."""
    if not found.tests or found.reason is not None:
        return ()
    labels = {v.name: v.label for v in variables}
    rows = []
    for test in found.tests:
        if test.p_value is None or test.statistic is None:
            cells = (MISSING, MISSING, f"not tested ({say_reason(test.reason)})")
        else:
            of = "∞" if test.df_error is None or test.df_error > MANY_DF else format_number(test.df_error, 0)
            cells = (format_number(test.statistic), f"{test.df} and {of}", format_p(test.p_value))
        rows.append((labels[test.variable], *cells))
    return (
        Table(
            title="Whole factors, over the imputed data sets",
            columns=("Factor", "F", "Degrees of freedom", "p"),
            rows=tuple(rows),
            help=("", "Wald tests of all levels at once, pooled (D1)", "", "All levels at once"),
            caption=f"Does {word('relapse')} differ between any levels of a factor, the other factors being equal? "
            "Pooled over the sets "
            "after Li, Raghunathan and Rubin, with Reiter’s degrees of freedom; of a single odds ratio, its t test squared.",
        ),
    )


def note_imputation(found: PooledResult) -> tuple[Note, ...]:
    """What imputation takes for granted, and that a factor predicts the outcome perfectly in a data set."""
    assumed = Note(
        "missing-at-random",
        "info",
        f"Imputation assumes that, among {load_words().plural} alike in the factors of the model and in "
        f"{word('relapse')}, values are "
        "missing by chance (missing at random). The data cannot tell whether that holds.",
    )
    if found.method != "firth":
        return (assumed,)
    separated = Note(
        "separation",
        "caution",
        f"In at least one imputed data set a factor predicts {word('relapse')} perfectly. All sets are fitted by "
        "Firth’s penalised "
        "likelihood instead of maximum likelihood; intervals and p values come from their combined profiles (CLIP), since "
        "Rubin’s rules mislead there.",
        "Rely on the intervals rather than on the odds ratios.",
    )
    return (separated, assumed)


def say_largest_change(before: OddsRatioResult, after: OddsRatioResult, variables: Sequence[Variable]) -> str:
    """The odds ratio that changes most where all patients are kept, what is unknown being a level of its own."""
    found = _largest_change(before, after)
    if found is None:
        return "Whether that changes the odds ratios cannot be said: too few can be compared."
    factor, term, was, now = found
    variable = next(v for v in variables if v.name == term.variable)
    return (
        f"Keeping all {load_words().plural}, with unknown as a level of its own, moves no odds ratio by more than a factor of "
        f"{format_ratio(factor)} ({in_sentence(name_level(variable, term.level))}, {ratio_text(was)} to {ratio_text(now)})."
    )


def _largest_change(
    before: OddsRatioResult, after: OddsRatioResult
) -> tuple[float, OddsRatio, Estimate, Estimate] | None:
    """By which factor an odds ratio changes most, its term, and the ratio before and after."""
    known, changes = ratios_of(before), []
    for term in after.terms:
        was, now = known.get((term.variable, term.level)), term.odds_ratio
        if not term.is_reference and was is not None and was.value and now.value:
            factor = now.value / was.value
            changes.append((max(factor, 1 / factor), term, was, now))
    return max(changes, key=lambda change: change[0]) if changes else None


def say_change(before: OddsRatioResult, after: OddsRatioResult, variables: Sequence[Variable]) -> str:
    """The odds ratio that imputation changes most, against the complete cases."""
    found = _largest_change(before, after)
    if found is None:
        return "No odds ratio of the complete cases can be compared with an imputed one."
    factor, term, was, now = found
    variable = next(v for v in variables if v.name == term.variable)
    name = in_sentence(name_term(variable, term.level, references_of(after).get(term.variable)))
    return (
        f"From complete cases to imputation the odds ratio of {name} changes most: {format_ratio_of(was)} "
        f"({format_interval(was.interval)}) becomes {format_ratio_of(now)} ({format_interval(now.interval)}), a factor of "
        f"{format_ratio(factor)}; no other changes by more."
    )
