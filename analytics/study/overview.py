"""What the overview says: the few numbers of a selection, and what the published figures are."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import pandas as pd

from analytics.cohort import Cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import load_words
from analytics.document import Headline
from analytics.estimators import weighted_quantiles
from analytics.formats import MISSING, SUPPRESSED, SUPPRESSED_REASON, format_count, format_number, format_share
from analytics.reporting.answers import answer_who
from analytics.speaking import word
from analytics.study.published import Published

WHO = "who they are"  # a list of the dictionary
AGE, RELAPSE, DEATH, DEATH_AFTER_RELAPSE = "age", "relapse", "death", "death after relapse"  # roles
# Each with what has to be counted beside it: who did not relapse lacks no death after relapse.
AGE_AND_OUTCOMES = ((AGE,), (RELAPSE,), (DEATH,), (DEATH_AFTER_RELAPSE, RELAPSE))


@dataclass(frozen=True, slots=True)
class CountedOutcomes:
    """What the headline numbers of a selection are made from.

    ``n`` patients; ``tallies`` of age and of each outcome by its role, as their columns are called, as far as the cohort
    has them; None where small numbers are protected and the tally would tell some.
    """

    n: int
    tallies: Mapping[str, pd.DataFrame | None]


def count_outcomes(cohort: Cohort, cohort_filter: CohortFilter) -> CountedOutcomes:
    """The number of patients, and the tallies of age and outcomes."""
    tallies: dict[str, pd.DataFrame | None] = {}
    columns = cohort.dictionary.roles
    for role, *others in AGE_AND_OUTCOMES:
        if role in columns:
            asked = {columns[asked]: asked for asked in (role, *others) if asked in columns}
            try:
                tallies[role] = cohort.tally(list(asked), cohort_filter).rename(columns=asked)
            except SuppressedError:
                tallies[role] = None
    return CountedOutcomes(cohort.count(cohort_filter), tallies)


def answer_selection(cohort: Cohort, cohort_filter: CohortFilter, counted: CountedOutcomes) -> str:
    """Who is in a selection, in a sentence; what small numbers hide is left out of it."""
    ages = counted.tallies.get(AGE)
    quartiles = None
    if ages is not None:
        known = ages.dropna()
        quartiles = weighted_quantiles(known[AGE].to_numpy(float), known["n"].to_numpy(), (0.25, 0.75))
    parts = []
    for name in cohort.dictionary.listed(WHO):
        variable = cohort.dictionary[name]
        with suppress(SuppressedError):
            tally = cohort.tally([name], cohort_filter)
            sizes = tally.dropna().set_index(name)["n"]
            parts.append([(variable.level_label(str(level)), int(n)) for level, n in sizes.items() if n])
    return answer_who(counted.n, quartiles, parts)


def summarise_selection(counted: CountedOutcomes) -> tuple[Headline, ...]:
    """Children, median age, relapses, deaths and deaths after relapse; without a column, its number is left out.

    Shares are of the children for whom the outcome is recorded; the explanation counts the others.
    """
    headlines = [Headline(load_words().head, format_count(counted.n), "In the selection.")]
    ages = counted.tallies.get(AGE)
    if ages is None and AGE in counted.tallies:
        headlines.append(
            Headline("Median age", SUPPRESSED, f"At {word('phase_diagnosis')}. Not shown: {SUPPRESSED_REASON}.")
        )
    if ages is not None:
        known = ages.dropna()
        quartiles = weighted_quantiles(known[AGE].to_numpy(float), known["n"].to_numpy(), (0.5, 0.25, 0.75))
        if quartiles is None:
            headlines.append(Headline("Median age", MISSING, "No age in this selection."))
        else:
            median, low, high = (format_number(q, 1) for q in quartiles)
            headlines.append(
                Headline(
                    "Median age", f"{median} years", f"At {word('phase_diagnosis')}; half lie between {low} and {high}."
                )
            )
    for role, label, explained in (
        (RELAPSE, word("Had_relapse"), "A share of the selection, whatever the follow-up."),
        (DEATH, "Died", f"From any cause, before or after {word('relapse')}."),
        (
            DEATH_AFTER_RELAPSE,
            f"Died after {word('relapse')}",
            f"From any cause; a share of those who {word('had_relapse')}.",
        ),
    ):
        if role not in counted.tallies:
            continue
        outcomes = counted.tallies[role]
        if outcomes is None:
            headlines.append(Headline(label, SUPPRESSED, f"{explained} Not shown: {SUPPRESSED_REASON}."))
            continue
        # Only those who relapsed can die after relapse: everyone else has no such value, and lacks none.
        known = outcomes[outcomes[role].notna()]
        eligible = outcomes
        if role == DEATH_AFTER_RELAPSE:
            eligible = outcomes[outcomes[RELAPSE] == 1] if RELAPSE in outcomes else known
        n_known, n_event = int(known["n"].sum()), int(known.loc[known[role] == 1, "n"].sum())
        unknown = int(eligible["n"].sum()) - n_known
        if unknown:
            explained += f" Not recorded for {format_count(unknown)}."
        headlines.append(Headline(label, format_share(n_event, n_known), explained))
    return tuple(headlines)


def describe_other_children(published: Published) -> str:
    """Why the published figures are not put beside those of a cohort of other children."""
    return (
        f"The figures that {published.authors.partition(' ')[0]} et al. {published.year} printed (doi:{published.doi}) are of "
        f"other {load_words().plural}, so they are compared with the synthetic reference cohort alone, which was made to agree "
        "with them, on a page of its own. Start the dashboard without a file of your own to see it."
    )


def describe_study(published: Published, *, filtered: bool, synthetic: bool) -> str:
    """Where the published figures come from, and how to read the comparison."""
    text = f"Published: {published.citation}, {published.patients}; {published.licence}. "
    if synthetic:
        text += (
            f"The {load_words().plural} here are synthetic: they were made to agree with these printed figures, so agreement is "
            "no confirmation, and other cohorts would agree as well. "
        )
    if filtered:
        text += "A filter is active: the figures here describe the selection, the published ones the whole study."
    return text
