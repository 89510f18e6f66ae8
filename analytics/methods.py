"""The methods of the product in words, each with what it answers, how it is computed here and its source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """One method: ``answers`` is the clinical question, ``computed`` the choices made here, ``source`` the formula's."""

    name: str
    answers: str
    computed: str
    source: str


METHODS = (
    Method(
        "Survival curve (Kaplan–Meier)",
        "What share of children is still alive at each time, when some have been followed for a short time only?",
        "Product-limit estimate; a child counts as at risk at a time if followed at least that long. Variance by "
        "Greenwood's formula. Intervals log-log (default), log or plain. Where everybody has died, and before the first "
        "death for the log-log form, no interval is defined and none is shown.",
        "Kaplan and Meier 1958; Greenwood 1926; Kalbfleisch and Prentice 2002",
    ),
    Method(
        "Median survival",
        "By when have half of the children died?",
        "The time at which the curve reaches 50 %; the middle of the plateau if it lies at 50 % exactly. Its limits are the "
        "times at which the curve's limits reach 50 %.",
        "Brookmeyer and Crowley 1982",
    ),
    Method(
        "Median follow-up (reverse Kaplan–Meier)",
        "How long have children been followed?",
        "A Kaplan–Meier curve in which the end of follow-up is the event and death ends the observation.",
        "Schemper and Smith 1996, doi:10.1016/0197-2456(96)00075-X",
    ),
    Method(
        "Log-rank test and its weighted forms",
        "Do the curves differ by more than chance would explain, over the whole follow-up?",
        "Observed against expected deaths with hypergeometric variance. Weighted forms: Peto–Peto and Tarone–Ware stress "
        "early deaths, Fleming–Harrington (0, 1) late ones. Stratified: compared inside each stratum, then added. Pairs: "
        "each from its two groups alone, p adjusted by Holm's method.",
        "Mantel 1966; Peto and Peto 1972; Tarone and Ware 1977; Fleming and Harrington 1991; Holm 1979",
    ),
    Method(
        "Odds ratio (logistic regression)",
        "How do the odds of relapse differ between children with and without a factor, others being equal?",
        "Maximum likelihood on complete cases. p of a level by Wald's test, p of a whole factor by the likelihood-ratio "
        "test, intervals by profile likelihood.",
        "Venzon and Moolgavkar 1988; Hosmer, Lemeshow and Sturdivant 2013",
    ),
    Method(
        "Firth's penalised likelihood",
        "What can be said where a factor predicts relapse perfectly in these children (separation)?",
        "Used automatically when separation is found, and the page says so; intervals and p from the penalised profile "
        "likelihood.",
        "Firth 1993, doi:10.1093/biomet/80.1.27; Heinze and Schemper 2002, doi:10.1002/sim.1047",
    ),
    Method(
        "Number at risk, events, censored",
        "On how many children does the curve still rest?",
        "Under every curve; at risk, events so far and censored so far add up to the group's size at every tick.",
        "Morris and colleagues 2019, doi:10.1136/bmjopen-2019-030215",
    ),
)
