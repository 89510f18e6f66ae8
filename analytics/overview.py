"""What the overview says: the few numbers of a selection, and what the published figures are."""

from __future__ import annotations

import pandas as pd

from analytics.analyses import Headline
from analytics.cohort import Cohort
from analytics.filters import CohortFilter
from analytics.formats import MISSING, format_count, format_number, format_share
from analytics.published import Published
from analytics.tables import weighted_quantiles

COUNTED = ("relapsed", "os_event", "os_relapse_event")


def count_outcomes(cohort: Cohort, cohort_filter: CohortFilter) -> dict[str, pd.DataFrame]:
    """Tallies behind the headline numbers: outcomes and age, as far as the cohort has them."""
    outcomes = [name for name in COUNTED if name in cohort.variables]
    tallies = {"outcomes": cohort.tally(outcomes, cohort_filter)}
    if "age_years" in cohort.variables:
        tallies["age_years"] = cohort.tally(["age_years"], cohort_filter)
    return tallies


def summarise_selection(tallies: dict[str, pd.DataFrame]) -> tuple[Headline, ...]:
    """Children, median age, relapses, deaths and deaths after relapse; without a column, its number is left out.

    Shares are of the children for whom the outcome is recorded; the explanation counts the others.
    """
    outcomes = tallies["outcomes"]
    n = int(outcomes["n"].sum())
    headlines = [Headline("Children", format_count(n), "In the selection.")]
    if "age_years" in tallies:
        known = tallies["age_years"].dropna()
        quartiles = weighted_quantiles(known["age_years"].to_numpy(float), known["n"].to_numpy(), (0.5, 0.25, 0.75))
        if quartiles is None:
            headlines.append(Headline("Median age", MISSING, "No age in this selection."))
        else:
            median, low, high = (format_number(q, 1) for q in quartiles)
            headlines.append(
                Headline("Median age", f"{median} years", f"At diagnosis; half lie between {low} and {high}.")
            )
    for name, label, explained in (
        ("relapsed", "Relapsed", "A share of the selection, whatever the follow-up."),
        ("os_event", "Died", "From any cause, before or after relapse."),
        ("os_relapse_event", "Died after relapse", "From any cause; a share of those who relapsed."),
    ):
        if name not in outcomes:
            continue
        # Only those who relapsed can die after relapse: everyone else has no such value, and lacks none.
        known = outcomes[outcomes[name].notna()]
        eligible = outcomes
        if name == "os_relapse_event":
            eligible = outcomes[outcomes["relapsed"] == 1] if "relapsed" in outcomes else known
        n_known, n_event = int(known["n"].sum()), int(known.loc[known[name] == 1, "n"].sum())
        unknown = int(eligible["n"].sum()) - n_known
        if unknown:
            explained += f" Not recorded for {format_count(unknown)}."
        headlines.append(Headline(label, format_share(n_event, n_known), explained))
    return tuple(headlines)


def describe_study(published: Published, *, filtered: bool, synthetic: bool) -> str:
    """Where the published figures come from, and how to read the comparison."""
    text = f"Published: {published.citation}, {published.patients}; {published.licence}. "
    if synthetic:
        text += (
            "The children here are synthetic: they were made to agree with these printed figures, so agreement is no "
            "confirmation, and other cohorts would agree as well. "
        )
    if filtered:
        text += "A filter is active: the figures here describe the selection, the published ones the whole study."
    return text
