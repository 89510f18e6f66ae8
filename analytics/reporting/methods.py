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
        "Greenwood's formula. Intervals log-log (default), log or plain; where everybody has died, none is defined.",
        "Kaplan and Meier 1958; Greenwood 1926; Kalbfleisch and Prentice 2002",
    ),
    Method(
        "Groups without events",
        "Nobody died: how many deaths could chance still hide?",
        "The exact one-sided limit by the children still followed at the time, not by all: of 20 children of whom 2 are "
        "followed for 5 years, 2 say anything on 5 years, and up to 77.6 % could have died by then (95 % limit). It stands "
        "wherever nobody has had the event yet, in curves, tables, sentences and files; in differences of survival, the "
        "two-sided one. With delayed entry the fewest at risk so far count. For a cumulative incidence, children with another "
        "event count for as long as they would have been followed, by the Kaplan–Meier estimate of follow-up.",
        "Fay, Brittain and Proschan 2013, doi:10.1093/biostatistics/kxt016; Hanley and Lippman-Hand 1983, "
        "doi:10.1001/jama.1983.03330370053031; Fine and Gray 1999, doi:10.1080/01621459.1999.10474144",
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
        "Restricted mean survival",
        "How long do children of each group live on average within a stated time, and how much longer than others?",
        "The area under the Kaplan–Meier curve up to the horizon, with its variance; differences have normal intervals, ratios "
        "such on the logarithmic scale. A group not followed up to the horizon has no mean; no curve is carried on. With few "
        "events in one group the normal approximation finds too much: a p value needs five events in each, a difference three.",
        "Klein and Moeschberger 2003, section 4.5; Uno and colleagues 2014, doi:10.1200/JCO.2014.55.2208",
    ),
    Method(
        "Difference of survival at a fixed time",
        "By how many percentage points does survival at 1, 3 or 5 years differ?",
        "Difference of two Kaplan–Meier estimates with limits recovered from those of the two groups (MOVER, log-log), exact "
        "ones where nobody had the event; test on the complementary log-log scale.",
        "Zou and Donner 2008, doi:10.1002/sim.3095; Klein and colleagues 2007, doi:10.1002/sim.2864",
    ),
    Method(
        "Curves that cross, hazards that keep no ratio",
        "Does the difference between groups change over the follow-up?",
        "Noted with every comparison of curves where two of them differ by 5 percentage points or more on both sides of a time, "
        "each time with 10 or more at risk in both groups, or where the test of proportional hazards of the grouping has p below "
        "0.05.",
        "Grambsch and Therneau 1994, doi:10.1093/biomet/81.3.515; the limits are a choice of this project",
    ),
    Method(
        "Odds ratio (logistic regression)",
        "How do the odds of relapse differ between children with and without a factor, others being equal?",
        "Maximum likelihood on complete cases. Intervals by profile likelihood, and p by the likelihood-ratio test, of a level "
        "that this coefficient alone is 0, of a whole factor that all its levels are: interval and p of a ratio always say the "
        "same. Wald intervals on request, with Wald's p. Wald's p stands in the files, named: with few events it can contradict "
        "the profile interval.",
        "Venzon and Moolgavkar 1988; Hosmer, Lemeshow and Sturdivant 2013; Meeker and Escobar 1995, "
        "doi:10.1080/00031305.1995.10476112",
    ),
    Method(
        "Discrimination, calibration and Brier score of a logistic model",
        "How well does a model tell children apart, and do its probabilities agree with what happened?",
        "In the children the model was made from, hence too favourable: area under the ROC curve with DeLong's interval, Brier "
        "score also as a share of that of the prevalence, calibration slope and intercept, and observed against mean "
        "predicted shares in groups of about equal size (10, or fewer with fewer than 20 children each) with Wilson intervals.",
        "DeLong and colleagues 1988, doi:10.2307/2531595; Brier 1950; Cox 1958, doi:10.1093/biomet/45.3-4.562; Steyerberg and "
        "colleagues 2010, doi:10.1097/EDE.0b013e3181c30fb2",
    ),
    Method(
        "Correction for optimism (bootstrap)",
        "How much worse would the model do in new children of the same kind?",
        "The children are drawn anew with replacement, 500 times, and the model is fitted to each draw by the same rules; the "
        "mean of how much better it does in the draw than in the actual children is taken off. The choice of factors is not "
        "repeated.",
        "Harrell, Lee and Mark 1996, section 4.4",
    ),
    Method(
        "Odds ratios without one child (influence)",
        "How much of an odds ratio rests on a single child?",
        "The model is fitted again without each child in turn, by the same likelihood. Of more than 1000 kinds of children, "
        "those with the largest change in the one-step approximation. Identifiers are shown of synthetic cohorts alone.",
        "Pregibon 1981, doi:10.1214/aos/1176345513; Belsley, Kuh and Welsch 1980, doi:10.1002/0471725153",
    ),
    Method(
        "Variance inflation",
        "Do factors share so much information that their odds ratios cannot be told apart?",
        "Generalised variance inflation factors from the covariance of the model's own coefficients, also per coefficient.",
        "Fox and Monette 1992, doi:10.1080/01621459.1992.10475190",
    ),
    Method(
        "Curve of a number (restricted cubic spline)",
        "Does the association with a number follow a straight line, as one odds ratio per unit takes for granted?",
        "The number as a restricted cubic spline with 4 knots (3 below 100 children) at fixed quantiles, the other factors in "
        "the model; likelihood-ratio test against the straight line.",
        "Harrell 2015, doi:10.1007/978-3-319-19425-7, section 2.4; Durrleman and Simon 1989, doi:10.1002/sim.4780080504",
    ),
    Method(
        "Firth's penalised likelihood",
        "What can be said where a factor predicts relapse perfectly in these children (separation)?",
        "Used automatically when separation is found, and the page says so; intervals and p from the penalised profile "
        "likelihood.",
        "Firth 1993, doi:10.1093/biomet/80.1.27; Heinze and Schemper 2002, doi:10.1002/sim.1047",
    ),
    Method(
        "Missing values and patterns",
        "What is not known, of whom, and does it go with relapse?",
        "Share of children without a value, with relapse and without, with score intervals; their difference with the interval "
        "that these give. Patterns: children who lack exactly the same factors.",
        "Wilson 1927; Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I",
    ),
    Method(
        "Missing values as a level of their own",
        "What if nobody is left out, and “not recorded” is a level like any other?",
        "A factor's missing values become its last level; a missing number becomes the mean of the others, with a mark as a "
        "further factor. It keeps everybody, but can bias all odds ratios even where values are missing by chance alone. "
        "Shown for comparison.",
        "Jones 1996, doi:10.1080/01621459.1996.10476680; Groenwold and colleagues 2012, doi:10.1503/cmaj.110977",
    ),
    Method(
        "Multiple imputation (chained equations)",
        "What would the odds ratios be if what is unknown resembled what is known of similar children?",
        "A separate chain of 10 rounds for each of 20 data sets (or as many as chosen), with a fixed seed. Numbers by "
        "statsmodels’ MICEData: a linear model with coefficients drawn anew, then the value of one of the ten children "
        "predicted most alike. Levels, which MICEData would take for numbers, by an own (multinomial) logistic model with "
        "coefficients and then levels drawn anew, its data augmented by rows of little weight against perfect prediction. "
        "Predictors: relapse and all other factors of the model, without interactions. Each data set is fitted by maximum "
        "likelihood, all by Firth's method if a factor predicts relapse perfectly in any. Assumes that values are missing at "
        "random given these. Up to 20 000 children, and refused where a factor is known in too few for a model of it.",
        "van Buuren 2018, doi:10.1201/9780429492259; White, Royston and Wood 2011, doi:10.1002/sim.4067; White, Daniel and "
        "Royston 2010, doi:10.1016/j.csda.2010.04.005; Morris, White and Royston 2014, doi:10.1186/1471-2288-14-75",
    ),
    Method(
        "Pooling of imputed data sets (Rubin’s rules)",
        "What do several imputed data sets say together, and how much was lost by what is missing?",
        "Mean of the logarithms of the odds ratios; their variance is that within the sets plus (1 + 1/m) times that between "
        "them; t intervals with degrees of freedom for small samples; fraction of missing information. Whole factors: F test of "
        "all their levels at once (D1). Where a factor predicts relapse perfectly in a set, all sets are fitted by Firth’s "
        "method and their penalised profile likelihoods are combined (CLIP) instead, without a test of whole factors.",
        "Rubin 1987; Barnard and Rubin 1999, doi:10.1093/biomet/86.4.948; Li, Raghunathan and Rubin 1991, "
        "doi:10.1080/01621459.1991.10475152; Reiter 2007, doi:10.1093/biomet/asm028; Heinze, Ploner and Beyea 2013, "
        "doi:10.1002/sim.5899",
    ),
    Method(
        "Hazard ratio (Cox regression)",
        "How does the rate of the event differ between children with and without a factor, others being equal?",
        "Maximum partial likelihood with Efron's handling of ties, complete cases; strata have baseline hazards of their own, "
        "children who enter late count from their entry on. Profile-likelihood intervals with likelihood-ratio p of each "
        "ratio and each factor on every page, those that compare treatments included; Wald ones on request. Weighted fits and "
        "robust standard errors have no likelihood: robust Wald intervals and tests. Firth's penalised likelihood where the "
        "likelihood has no finite maximum.",
        "Cox 1972; Efron 1977, doi:10.1080/01621459.1977.10480613; Lin and Wei 1989, doi:10.1080/01621459.1989.10478874; "
        "Heinze and Schemper 2001, doi:10.1111/j.0006-341X.2001.00114.x",
    ),
    Method(
        "Test of proportional hazards",
        "Does a hazard ratio stay the same over the follow-up, as the model takes for granted?",
        "Score test against a log hazard ratio that changes with time on the scale of the Kaplan–Meier curve, per factor and "
        "for all together. The figures show scaled Schoenfeld residuals with a natural cubic spline and its 95 % band.",
        "Grambsch and Therneau 1994, doi:10.1093/biomet/81.3.515; Therneau and Grambsch 2000",
    ),
    Method(
        "Concordance",
        "How often does the model give the higher hazard to the child with the earlier event?",
        "Harrell's index in the children the model was made from, hence too favourable; interval by the infinitesimal "
        "jackknife on the logit scale. Corrected for optimism, on request, by the bootstrap: less what models of resampled "
        "children lose, on average, from the resample to all children.",
        "Harrell, Lee and Mark 1996; Therneau and Watson 2015",
    ),
    Method(
        "Planning a next study (detectable ratio)",
        "What would a next study of this size find?",
        "The ratios nearest to 1, below and above, that a two-sided test at 5 % finds four times in five (80 % power). They "
        "follow from the information where there is no difference, that is from the events and from how children are divided: of "
        "curves and Cox models from the variance of the log-rank (Mantel–Byar) score, each group against the reference, with "
        "strata, entries, treatment that changes and what other factors take away; of odds ratios from two proportions with "
        "the number of events held, adjusted by 1 − R²; of incidences from the events of interest and the groups’ shares. "
        "Folded away under each page, for planning alone: it says nothing on the result above. What that could have missed is in "
        "its interval; power worked out afterwards is the p value in another form. All are approximations for many events.",
        "Schoenfeld 1981, doi:10.1093/biomet/68.1.316; Schoenfeld 1983, doi:10.2307/2531021; Hsieh, Bloch and Lavori 1998 and "
        "2000, doi:10.1016/S0197-2456(00)00104-5; Fleiss, Tytun and Ury 1980, doi:10.2307/2529990; Latouche, Porcher and "
        "Chevret 2004, doi:10.1002/sim.1915; Hoenig and Heisey 2001, doi:10.1198/000313001300339897",
    ),
    Method(
        "E-value",
        "How strong would an unmeasured cause have to be to explain a treatment’s association with the event away?",
        "The ratio of risks by which it would have to go with both treatment and event. A hazard ratio is taken as a ratio of "
        "risks only where at most 15 % of each group have the event by the end of follow-up (one minus Kaplan–Meier); "
        "otherwise the ratio of risks is approximated first. Given for comparisons of treatments alone: markers are no "
        "causes that could be given or withheld.",
        "VanderWeele and Ding 2017, doi:10.7326/M16-2607; VanderWeele 2020, doi:10.1111/biom.13197",
    ),
    Method(
        "Subgroups and test of interaction",
        "Is the hazard ratio between groups the same in all kinds of children?",
        "A Cox model of the groups in each subgroup, from its children alone, with profile-likelihood intervals; Firth's "
        "penalised likelihood where nobody in a group had the event. Whether subgroups differ is tested by likelihood ratio: "
        "the model with group, subgroup and their products against that without the products. Not adjusted for the number of "
        "variables looked at.",
        "Wang and colleagues 2007, doi:10.1056/NEJMsr077003; Altman and Bland 2003, doi:10.1136/bmj.326.7382.219",
    ),
    Method(
        "Treatment as it changes (Simon–Makuch curves, Mantel–Byar test)",
        "How do children fare once treated, against not yet, without counting the wait for treatment as survival?",
        "A child counts as untreated until the day of treatment and as treated from that day on: a death, or the end of "
        "follow-up, on the very day of the child’s own treatment counts as under treatment, as if treatment had begun half a "
        "day before (half-day rule, as in the Stanford heart transplant data). At the death of another child on that day "
        "the child still counts as untreated. The curves are Kaplan–Meier estimates whose risk sets children enter and "
        "leave, so no curve is the survival of a fixed group; they may start on a later day, and a curve in which somebody had "
        "the event while hardly anybody was in it is shown until then only. The test is the log-rank test over these risk sets.",
        "Crowley and Hu 1977, doi:10.1080/01621459.1977.10479903; "
        "Simon and Makuch 1984, doi:10.1002/sim.4780030106; Mantel and Byar 1974, doi:10.1080/01621459.1974.10480131; "
        "Snapinn, Jiang and Iglewicz 2005, doi:10.1198/000313005X70371",
    ),
    Method(
        "Hazard ratio of a treatment (time-dependent Cox model)",
        "How much higher or lower is the rate of the event at any moment among the treated, against those not yet treated?",
        "Cox model with treatment switching on at its day, by the same half-day rule, Efron ties, with chosen covariates and "
        "strata; Firth's penalised likelihood where a group has no events. CAR-T followed by HSCT is a state of its own, or ends "
        "follow-up, as chosen; as an end it depends on the prognosis, so HSCT can be taken as a competing event, or children be "
        "weighted by the inverse of their probability of not having been transplanted yet (Cox models of HSCT by treatment and "
        "the variables to adjust for; robust errors that take these weights as given).",
        "Therneau and Grambsch 2000, section 3.7; Iacobelli 2013, doi:10.1038/bmt.2012.282; Robins and Finkelstein 2000, "
        "doi:10.1111/j.0006-341X.2000.00779.x; Hernán, Brumback and Robins 2000, doi:10.1097/00001648-200009000-00012",
    ),
    Method(
        "Landmark comparison",
        "Among children alive and followed on a day after relapse, how did those treated by then fare?",
        "Groups are formed by the treatment on the day of the landmark and kept. Children with the event, or whose follow-up "
        "ended, by that day are left out and counted; so are those treated later, who stay in their group. Dropping the early "
        "patients but keeping the final treatment, as is often done, stays biased.",
        "Anderson, Cain and Gelber 1983, doi:10.1200/JCO.1983.1.11.710; Dafni 2011, "
        "doi:10.1161/CIRCOUTCOMES.110.957951",
    ),
    Method(
        "HSCT, CAR-T and chemotherapy compared with one another",
        "How do the salvage treatments compare, each with each other, without counting the wait for them as survival?",
        "A child is in the group of the last treatment that it has had: chemotherapy so far (neither CAR-T nor HSCT yet), CAR-T, "
        "HSCT (after CAR-T, too). Groups are those of a landmark, or change on the day of treatment; then a child is at risk "
        "from the day on which salvage treatment began (delayed entry), by the half-day rule. Ratios of every pair from one Cox "
        "model, with each group as the reference in turn; the test of each pair from the children of these two groups alone, p "
        "adjusted by Holm’s method. The usual curves by the last treatment, from relapse on, are shown for comparison only.",
        "Anderson, Cain and Gelber 1983, doi:10.1200/JCO.1983.1.11.710; Simon and Makuch 1984, doi:10.1002/sim.4780030106; "
        "Mantel and Byar 1974, doi:10.1080/01621459.1974.10480131; Holm 1979",
    ),
    Method(
        "Weighting by propensity scores",
        "Would treated and not yet treated children fare differently if they were alike in what is known about them?",
        "At a landmark, the probability of having been treated by logistic regression on the chosen variables, complete cases; "
        "stabilised inverse probability, treated (ATT) or overlap weights; weighted Cox model with errors from the stacked "
        "equations, which take into account that the scores were estimated (with fewer than 10 events per parameter of the "
        "scores never smaller than the robust one); weighted curves with robust errors, which do not "
        "and are a little too wide as a rule. Children whose second relapse came by the landmark are left out of both groups. "
        "Refused with fewer than 10 children in a group or 5 per parameter in the smaller one, where "
        "a variable tells the groups apart, where more than a quarter have a score that the other group lacks, or where one "
        "child carries more than a fifth of a group's weight. Standardised differences within 0.1 count as balanced.",
        "Robins, Hernán and Brumback 2000, doi:10.1097/00001648-200009000-00011; Li, Morgan and Zaslavsky 2018, "
        "doi:10.1080/01621459.2016.1260466; Austin 2009, doi:10.1002/sim.3697; Stefanski and Boos 2002, "
        "doi:10.1198/000313002753631330; Shu and colleagues 2021, doi:10.1111/biom.13332; Lin and Wei 1989, "
        "doi:10.1080/01621459.1989.10478874",
    ),
    Method(
        "Cumulative incidence (Aalen–Johansen)",
        "What share of children has had an event by each time, when other events can come first?",
        "Only the first event counts: relapse, death in first remission, or another event that the file knows of, by its name "
        "where the file gives one; after relapse, second relapse, second remission not reached, death from "
        "leukaemia, non-relapse mortality, or death of unknown cause, which is counted as neither. With "
        "those free of every event the incidences add up to 100 %. Variance of "
        "Greenwood type, intervals log-log (default), log or plain. One minus Kaplan–Meier, which takes competing events as "
        "censored, is shown for comparison only: it is too high.",
        "Aalen and Johansen 1978; Andersen, Borgan, Gill and Keiding 1993; Pepe and Mori 1993, "
        "doi:10.1002/sim.4780120803; Putter, Fiocco and Geskus 2007, doi:10.1002/sim.2712",
    ),
    Method(
        "Gray's test",
        "Does the cumulative incidence of an event differ between groups by more than chance would explain?",
        "Compares the subdistribution hazards over the whole follow-up, unweighted.",
        "Gray 1988, doi:10.1214/aos/1176350951",
    ),
    Method(
        "Cause-specific and subdistribution hazard ratios",
        "Does a factor go with the rate of an event, and does it go with how many will have it?",
        "Cause-specific: a Cox model with the competing events as censored, the ratio for questions about causes. "
        "Subdistribution (Fine–Gray): children with a competing event stay at risk with a weight for censoring, the ratio for "
        "questions about the incidence. Both for every event, on complete cases, adjusted for the same factors. Whether the "
        "ratios of the chosen event stay the same over the follow-up is tested by scores against a log ratio that changes with "
        "time: of the cause-specific hazard on the scale of the Kaplan–Meier curve, of the subdistribution hazard on that of the "
        "cumulative incidence, with a robust variance.",
        "Fine and Gray 1999, doi:10.1080/01621459.1999.10474144; Zhou, Fine and Laird 2013, doi:10.1002/sim.5815; "
        "Lau, Cole and Gange 2009, doi:10.1093/aje/kwp107; "
        "Latouche and colleagues 2013, doi:10.1016/j.jclinepi.2012.09.017",
    ),
    Method(
        "Relapse within a number of years",
        "How do the odds of relapse by a given time differ between children?",
        "Logistic regression of relapse by then against none by then; death in first remission, or another first event, before "
        "counts as no relapse. Children without relapse who were not followed that long are not dropped, which would make "
        "relapse look too frequent: those whose outcome is known count with the inverse of the Kaplan–Meier probability of "
        "being followed until then (inverse probability of censoring weights), which takes for granted that the end of "
        "follow-up has nothing to do with the factors or with relapse. Robust standard errors that know that the weights were "
        "estimated, Wald intervals and tests; a factor that predicts relapse perfectly has no odds ratio, since Firth’s method "
        "does not know weights. Counts are of children whose outcome is known. Where everyone was followed that long, "
        "ordinary logistic regression.",
        "Blanche, Holt and Scheike 2023, doi:10.1007/s10985-022-09564-6; Scheike, Zhang and Gerds 2008, "
        "doi:10.1093/biomet/asm096; Klein and Andersen 2005, doi:10.1111/j.0006-341X.2005.031209.x",
    ),
    Method(
        "Ledger of comparisons",
        "How many comparisons has a reader looked at, and how many p values would be small by chance alone?",
        "Each page counts its headline tests: every distinct one of a selection, a grouping, an endpoint and a test, once, "
        "however often it is looked at; not what only draws or lists otherwise, nor tests without a p value. If nothing "
        "differed, 5 % of them would be expected to have p below 0.05. p is adjusted over them by Holm's method (the chance "
        "of any false finding, whatever the dependence) and by that of Benjamini and Hochberg (the expected share of false "
        "findings, for independent or positively dependent tests). What the reader marks as planned in advance is a family of "
        "its own, adjusted among itself, and not counted as explored: a question raised beforehand is not made less certain by "
        "what is explored beside it. The number is a lower bound: pairs, single factors and curves compared by eye come on "
        "top. Reloading the page begins a new session and a new ledger.",
        "Holm 1979, Scandinavian Journal of Statistics 6:65; Benjamini and Hochberg 1995, "
        "doi:10.1111/j.2517-6161.1995.tb02031.x; Benjamini and Yekutieli 2001, doi:10.1214/aos/1013699998; Bender and Lange "
        "2001, doi:10.1016/S0895-4356(00)00314-0",
    ),
    Method(
        "From the cohort to the estimate",
        "Of all children in the cohort, whom does an estimate rest on, and who was lost where?",
        "Counted on every page: everyone, after each filter, eligible for the endpoint, with everything known that the "
        "estimate needs, followed to the landmark where there is one, and the events. Each child is counted at one loss only: "
        "who lacks one variable at that variable, who lacks several at “more than one unknown”. The numbers add up to those "
        "of the estimate, and stand in one line on every file.",
        "von Elm and colleagues 2007 (STROBE), doi:10.1371/journal.pmed.0040296",
    ),
    Method(
        "What becomes known after the clock has started",
        "When does a filter, a grouping or an adjustment bias by itself?",
        "A child has to live long enough to be given a value that becomes known later, so its groups differ without any "
        "effect (immortal time), its filters choose survivors, and adjusting for it can hide what leads through it. Every page "
        "notes it in each of these roles, judged by the phase in which the variable becomes known and that at which the "
        "endpoint’s clock starts. The remedy is a clock that starts later, or a landmark.",
        "Anderson, Cain and Gelber 1983, doi:10.1200/JCO.1983.1.11.710; Suissa 2008, doi:10.1093/aje/kwm324; Rosenbaum 1984, "
        "doi:10.2307/2981697",
    ),
    Method(
        "Protection of small numbers",
        "What can be shown of real children to many readers, without telling anything of a few of them?",
        "On by one setting, for shared deployments; then nothing is computed from single records. Curves are made from blocks"
        " of at least as many children as the smallest cell, alike in group and outcome and near in time, with their mean "
        "times to a week (microaggregation, k-anonymity). Models of many factors are made from records counted once, twice or"
        " not at all, as few as possible, so that each level by outcome comes out as a multiple of the smallest cell "
        "(controlled rounding). So every number of children, its sums and its differences, within a table or between two "
        "selections, are such multiples. A group that is too small, or has too few of one outcome, is left out whole, never "
        "shown as zero; and where the others and the total would still tell it, a further one with it (complementary "
        "suppression). Two selections that differ by fewer children than the smallest cell are not both answered in one "
        "session. What remains: that a number is small and not zero is told; who begins one session after another can compare"
        " more selections than one allows, though of rounded numbers only; and who knows all of a cohort but one value can "
        "test a guess by the data version.",
        "Sweeney 2002, doi:10.1142/S0218488502001648; Domingo-Ferrer and Mateo-Sanz 2002, doi:10.1109/69.979982; Cox and Ernst "
        "1982, INFOR 20:423; Hundepool and colleagues 2012, doi:10.1002/9781118348239",
    ),
    Method(
        "Number at risk, events, censored",
        "On how many children does the curve still rest?",
        "Under every curve; at risk, events so far and censored so far add up to the group's size at every tick.",
        "Morris and colleagues 2019, doi:10.1136/bmjopen-2019-030215",
    ),
)
