"""Why there is no number, in words: the one table of codes, and how a reason stands in a cell or a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from analytics.dictionary import Dictionary, dictionary_in_hand
from analytics.formats import MISSING, SUPPRESSED, format_count, format_months, format_percent, is_withheld, join_words
from analytics.results import Name, Reason, own_level_name
from analytics.speaking import word


class _Spoken:
    """A term as a template asks for it."""

    def __init__(self, value: Any, dictionary: Dictionary) -> None:
        self.value, self.dictionary = value, dictionary

    def __format__(self, spec: str) -> str:
        value, words = self.value, self.dictionary.words
        if not spec:
            return speak(value, self.dictionary)
        if "|" in spec:
            one, many = spec.split("|")
            chosen = one if value == 1 else many
            return {"patient": words.noun, "patients": words.plural}.get(chosen, chosen)
        if spec == "where":
            return _WHERE[value] if value else ""
        if spec == "everybody":
            return f"the 1 {words.noun}" if value == 1 else f"all {format_count(value)} {words.plural}"
        if spec in ("patients", "counted"):
            number = format_count(value) if spec == "patients" else f"{value:.0f}"
            return f"{number} {words.noun if value == 1 else words.plural}"
        if spec == "count":
            return format_count(value)
        if spec == "months":
            return format_months(value)
        return format_percent(value, 0) if spec == "percent" else format(value, spec)


class Terms(dict[str, _Spoken]):
    """The terms of a reason or a note for a template, and the dictionary's words for a patient."""

    def __init__(self, terms: Mapping[str, Any], dictionary: Dictionary) -> None:
        words = {"patient": dictionary.words.noun, "patients": dictionary.words.plural, "where": ""}
        super().__init__({name: _Spoken(value, dictionary) for name, value in {**words, **terms}.items()})

        self.dictionary = dictionary

    def __missing__(self, name: str) -> _Spoken:
        """What is no term is a phrase of the dictionary."""
        return _Spoken(word(name), self.dictionary)

    def of(self, name: str) -> Any:
        """The term itself."""
        return self[name].value

    def add(self, name: str, value: Any) -> None:
        """Put a term in, or in the place of another."""
        self[name] = _Spoken(value, self.dictionary)


# Columns that estimators make themselves.
_MADE = {"treatment": "Treatment"}
# Whose number is too small, as it follows the number.
_WHERE = {
    "one-group": " in one of the groups",
    "followed-in-one-group": " still followed in one of the groups",
    "subgroup": " in a subgroup",
    "at risk": " at risk",
    "smaller-group": " in the smaller group",
}


# In braces stands a term and how it is said: {n:patients} "12 patients", {n:counted} the same without thin spaces,
# {at:months}, {share:percent}, {n:is|are} by its number, {name} by its label. {patient} and {patients} are the
# dictionary's words. A function makes what depends on more than one term.
Template = str | Callable[["Terms"], str]


def _one_sided(who: str, verb: str, otherwise: str, whom: str = "") -> Callable[[Terms], str]:
    """That none or all of some had or were something ("none of the 12 patients with … had the event")."""

    def say(terms: Terms) -> str:
        of = whom or (" with {name}" if "name" in terms else "")
        start = (
            "the only {patient}" + of + f" {otherwise}"
            if terms.of("n") == 1
            else f"{who} of the {{n:counted}}{of} {verb}"
        )
        return start.format_map(terms)

    return say


def _only(terms: Terms) -> str:
    return f"only {terms.of('n')}" if terms.of("n") else "nobody"


def _of_level(terms: Terms, start: str, one: str) -> str:
    """The sentence that a level without patients on one side of the outcome earns."""
    whole = (
        f"The {{n:counted}} with {{name}} {one}"
        if terms.of("n") == 1
        else f"{start} {{n:counted}} with {{name}} had the event"
    )
    return whole.format_map(terms)


def _follows(terms: Terms, names: str) -> str:
    return f"The outcome of {{told:.0f}} of {{n:.0f}} {{patients}} follows exactly from {names}".format_map(terms)


# Nothing could be estimated: in a cell these begin with "not estimable".
_INESTIMABLE: Mapping[str, Template] = {
    "all-with-event": _one_sided("all", "had the event", "had the event"),
    "all-with-event-in-reference": _one_sided("all", "had the event", "had the event", " of the reference level"),
    "collinear": lambda terms: f"a combination of {terms.get('names', 'the other covariates')}",
    "few-varying-times": "too few event times at which it varies",
    "infinite-hazard-ratio": "a hazard ratio is not finite",
    "infinite-hazard-ratios": "the hazard ratio of {names} is not finite",
    "made-up-by-covariates": "the other covariates make it up",
    "made-up-by-covariates-or-strata": "the other covariates or the strata make it up",
    "monotone": "the covariates put the {patients} with an event first every time (monotone likelihood)",
    "monotone-extreme": "at every event the {patient} was at the extreme among those at risk (monotone likelihood)",
    "next-to-nothing-known": "these {patients} say next to nothing about it beside the other covariates",
    "no-robust-error-clusters": "its robust standard error is 0, as too few clusters tell anything about it",
    "no-robust-error-patients": "its robust standard error is 0, as too few {patients} tell anything about it",
    "no-variation-at-risk": "it does not vary among those at risk at the time of any event",
    "none-with-event": _one_sided("none", "had the event", "did not have the event"),
    "none-with-event-in-reference": _one_sided(
        "none", "had the event", "did not have the event", " of the reference level"
    ),
    "odds-ratio-too-large": "an odds ratio of it is too large or too small to write",
    "separated": "the covariates together predict the outcome exactly (separation)",
    "singular-covariance": "the variance of its coefficients is singular",
    "uninformative": "no event tells anything about it beside the other covariates",
}

_OTHERS: Mapping[str, Template] = {
    "above-1-by-penalty": "nobody in the group had the event, and a ratio above 1 would come from the penalty alone",
    "at-extreme": "At every event, the {patient} was at the extreme of {names} among those at risk",
    "at-extreme-of-several": "At every event, the {patient} was at the extreme of a combination of {names} among those at risk",
    "all-at-one-time": "no interval: all of {group} had the event at one time",
    "all-at-risk-had-event": "no interval: the {n:count} of {n_all:count} in {group} at risk at {months:months} had the event "
    "then, the first of the group",
    "all-had-event": "every {patient} had the event",
    "all-lost-before-horizon": "every {patient} without an event was last seen before the horizon",
    "all-treated": _one_sided("all", "were treated", "was treated"),
    "apart": "{why}: {name} {value:.6g} stands apart from the others (median {median:.6g})",
    "arm-follows": "the arm of {told} of {n:counted} follows exactly from the covariates together",
    "arms-told-apart": "the covariates tell the arms apart: {why}",
    "below-1-by-penalty": "nobody in the reference group had the event, and a ratio below 1 would come from the penalty alone",
    "covariates-not-known": "not known of this {patient}: {names}",
    "level-in-nobody": "nobody of whom the model was made is like this one: {name}",
    "outside-range": "outside the range of the data: {name} is {value:g}, and lies between {low:g} and {high:g} in those of whom "
    "the model was made",
    "risk-weighted": "the model has weights for {patients} not followed long enough, with which no risk of one is given",
    "risk-protected": "small numbers are protected here, and the risk of one {patient} is not given from numbers with noise",
    "checks-unweighted": "the model has weights for {patients} not followed long enough, which the checks do not know (they are "
    "there for {relapse} at any time, and for a horizon that every {patient} reached)",
    "certain-predictions": "some predicted probabilities are exactly 0 or 1",
    "coefficients-not-told-apart": "the model's coefficients cannot be told apart",
    "curve-not-told-apart": "the coefficients of the curve cannot be told apart",
    "curve-separated": "the curve and the other factors predict the outcome exactly (separation)",
    "ended-not-told": "whose follow-up is ended cannot be told: {why}",
    "everybody-counts": "everybody of all groups counts as having had the cause while some are still at risk: too few {patients}",
    "everybody-had-event": "everybody had the event",
    "everybody-treated": "everybody was treated",
    "few-at-risk": lambda terms: f"{_only(terms)} at risk",
    "few-at-risk-before": lambda terms: f"{_only(terms)} at risk at an event before",
    "too-few-told": "fewer than {least} {patients} had the event by then, or are at risk",
    "few-events": "only {n:count} {n:event|events}{where:where}",
    "few-events-per-parameter": "only {n:.1f} events per parameter",
    "few-for-odds-ratios": "{n:.0f} {patients} are too few for {n_parameters} odds ratios",
    "few-for-pooled-test": "there are too few {patients} for a test over the imputed sets",
    "few-patients": "only {n:patients}{where:where}",
    "few-per-parameter": "{n:counted} in the smaller arm for {n_parameters} parameters: at least {least} per parameter "
    "are needed",
    "few-times-for-curve": "too few event times for a smooth curve",
    "fewer-at-risk-then": "fewer than {least} {patients} at risk by then",
    "few-treated": "only {n:counted} treated: at least {least} are needed in each arm",
    "few-untreated": "only {n:counted} untreated: at least {least} are needed in each arm",
    "few-values": "too few different values for a curve",
    "first-beside": "By these together with {names} alone, the {patients} with an event come first among those at risk "
    "every time",
    "first-every-time": "By {names} alone, the {patients} with an event come first among those at risk every time",
    "flat-before-horizon": "no interval: nobody in {group} had the event before the horizon",
    "flat-to-horizon": "no interval: nobody in {group} had the event up to the horizon",
    "follow-up-ended": "follow-up ends at {months:months} (0 at risk)",
    "follow-up-not-reached": "not reached ({n_event:count} of {n:patients} had the event, the last observed time is "
    "{months:months})",
    "group-is-empty": "one of the groups is empty",
    "group-empty": "no {patients} of {group}",
    "in-nobody": "nobody in this group",
    "known-in-few": "{name} is known in {n} {n:patient|patients} only, too few for a model of it with {n_coefficients} "
    "coefficients",
    "known-in-nobody": "{name} is not known in any {patient}",
    "level-all-with-event": lambda terms: _of_level(terms, "All", "had the event"),
    "level-none-with-event": lambda terms: _of_level(terms, "None of the", "had no event"),
    "level-without-event": lambda terms: (
        "The {patient} with {name} did not have the event"
        if terms.of("n") == 1
        else "None of the {n:counted} with {name} had the event"
    ).format_map(terms),
    "levels-differ": "its levels are not the same in all sets",
    "line-not-converged": "the model with a straight line did not converge",
    "mean-is-0": "the mean of {group} is 0",
    "model-not-converged": "the model did not converge",
    "no-calibration-slope": "the predictions have no calibration slope in these {patients}",
    "no-coefficient": "no coefficient was estimated",
    "no-covariate-coefficient": "no covariate has a coefficient",
    "no-event-compares": "no event happened at a time that lets the groups be compared",
    "no-events": "no events",
    "no-events-of-cause": "no events of this cause",
    "no-events-until": "no events up to {months:months}",
    "no-logarithm-of-0": "an event at time 0 has no logarithm: use another transform",
    "no-maximum": "the covariates predict the outcome exactly (separation)",
    "no-model": "no model",
    "no-factor": "it has no factor",
    "no-odds-ratio": "it has no odds ratio",
    "no-p-value": "no p value",
    "no-pair": "no pair of {patients} can be compared",
    "no-patients": "no {patients}",
    "no-resample-fitted": "none of the {n} resamples gave a model",
    "no-resample-slope": "no resample gave a calibration slope",
    "no-room-for-curve": "the other factors and the number together leave no room for a curve",
    "no-shared-groups": "no two subgroups have {patients} of the same two groups",
    "no-such-ratio": "there is no {measure}",
    "nobody-beyond-landmark": "no {patient} is followed beyond the landmark",
    "nobody-ended": "nobody’s follow-up was ended",
    "nobody-had-event": "no {patient} had the event",
    "nobody-left": "nobody left without the event at {months:months}",
    "nobody-observed": "nobody is under observation at {months:months} (0 at risk)",
    "nobody-to-compare": "no {patients} to compare with",
    "nobody-treated": "nobody was treated",
    "nobody-with": "nobody with {name}",
    "none-detectable": "no {measure}, however far from 1, would be found",
    "none-treated": _one_sided("none", "were treated", "was not treated"),
    "not-asked-for": "not asked for",
    "not-converged": "the fit did not converge",
    "not-estimable": "not estimable",
    "not-followed-beyond-0": "nobody was followed beyond time 0",
    "not-in-cohort": "not in this cohort",
    "not-weighted": "not weighted",
    "not-pooled-separated": "not pooled where a factor predicts the outcome perfectly in an imputed set",
    "nothing-about-change": "the events say nothing about a change with time",
    "nothing-chosen-to-balance": "no variable is chosen in which the groups should be alike",
    "nothing-known": "these {patients} say nothing about it",
    "nothing-missing": "nothing is missing in these variables",
    "nothing-tells-who-ended": "no variable is chosen that could tell whose follow-up was ended",
    "nothing-to-balance": "no covariate differs between {patients}, so there is nothing to balance",
    "of-group": "{group}: {why}",
    "one-carries-treated": "one {patient} would carry {share:percent} of the weight of the treated: at most "
    "{most:percent} may be",
    "one-carries-untreated": "one {patient} would carry {share:percent} of the weight of the untreated: at most "
    "{most:percent} may be",
    "one-event-time": "all events are at one time",
    "one-group": "only one group has {patients}",
    "one-level": "only one level left",
    "one-prediction": "every {patient} has the same prediction",
    "one-subgroup": "only one subgroup has {patients}",
    "one-value": lambda terms: (
        f"only one value left: {terms.of('value'):g}" if "value" in terms else "only one value left"
    ),
    "only-one-at-risk-had-event": "no interval: the only one of {group} at risk at {months:months} had the event then, the first "
    "of the group",
    "outcome-follows": lambda terms: _follows(terms, "{names} together" if len(terms.of("names")) > 1 else "{names}"),
    "outcome-follows-beside": lambda terms: _follows(terms, "these together with {names}"),
    "outside-support": "{share:percent} of the {patients} have a probability of treatment that nobody in the other arm has: at "
    "most {most:percent} may",
    "predictions-separate": "the predictions separate {patients} with and without the event completely",
    "quantile-not-reached": "not reached ({share:percent} still event-free at {months:months})",
    "reference-group-empty": "no {patients} in the group “{group}”",
    "reference-lost": "its reference level is empty without this {patient}",
    "same-scores": "all groups that can be compared have the same score",
    "several": lambda terms: "; ".join(speak(why, terms.dictionary) for why in terms.of("whys")),
    "singular-pooled-covariance": "the variance of its coefficients is singular",
    "singular-robust-covariance": "its robust covariance is singular",
    "small-numbers": "small numbers are protected",
    "smaller-not-converged": "the fit without it did not converge",
    "stopped": "stopped before the first resample",
    "too-large": "too large or too small to write",
    "too-large-per-step": "too large or too small to write per {step:g} units",
    "too-large-per-unit": "the {measure} per unit is too large or too small to write: use another unit",
    "too-many-to-impute": "{n} {patients} are more than the {most} that are imputed here in reasonable time",
    "too-many-to-test": "too many {patients} for this test ({n} rows with {n_times} times of events)",
    "too-many-to-weight": "{n:count} {patients} with {n_event:count} events are too many for it",
    "treatment-not-converged": "the model of treatment did not converge",
    "variance-not-estimable": "the events are too few, or too many at one time, for the variance to be estimated",
}

TEMPLATES: Mapping[str, Template] = {**_INESTIMABLE, **_OTHERS}


def say_reason(reason: Reason | None, dictionary: Dictionary | None = None) -> str:
    """A reason in full, as it stands in a cell or a file ("not estimable: a combination of age and sex"); a dash for None.

    ``dictionary`` has the labels and the words for a patient; without it they are those of the one in hand.

    >>> say_reason(Reason("no-events")), say_reason(Reason.of("withheld", why=Reason("no-events")))
    ('no events', 'not shown: no events')
    """
    if reason is None:
        return MISSING
    if is_withheld(reason):
        return f"{SUPPRESSED}: {say_why(reason, dictionary)}"
    told = reason.get("why") if reason.code == "apart" else reason
    return f"{'not estimable: ' if told.code in _INESTIMABLE else ''}{say_why(reason, dictionary)}"


def say_why(reason: Reason | None, dictionary: Dictionary | None = None) -> str:
    """A reason alone, after a word that says already that there is no estimate, or that it is not shown."""
    if reason is None:
        return MISSING
    dictionary = dictionary or dictionary_in_hand()
    if is_withheld(reason):
        return say_why(reason.get("why"), dictionary)
    template, terms = TEMPLATES[reason.code], Terms(dict(reason.terms), dictionary)
    if reason.code == "apart":
        terms.add("why", say_why(reason.get("why"), dictionary))
    return template.format_map(terms) if isinstance(template, str) else template(terms)


def speak(value: Any, dictionary: Dictionary) -> str:
    """A term in words: the label of a name, a reason in full, several of them joined, and anything else as it is."""
    if isinstance(value, Name):
        return name_label(value, dictionary)
    if isinstance(value, Reason):
        return say_reason(value, dictionary)
    return join_words([speak(item, dictionary) for item in value]) if isinstance(value, tuple) else str(value)


def name_label(name: Name, dictionary: Dictionary) -> str:
    """The label of a column, with that of its level or with its value ("Sex: boys", "Age = 3"); unknown ones as they are."""
    label, variable = _MADE.get(name.variable, name.variable), None
    for entry in dictionary.variables:
        if name.variable == entry.name:
            label, variable = entry.label, entry
        elif name.variable == own_level_name(entry.name):
            label = own_level_name(entry.label)
    if name.level is not None:
        known = variable is not None and name.level in variable.levels
        return f"{label}: {variable.level_label(name.level) if variable is not None and known else name.level}"
    return label if name.value is None else f"{label} = {name.value:g}"


def say_missing(what: str, reason: Reason | None, dictionary: Dictionary | None = None) -> str:
    """That there is no such number, or that it is not shown, and why, within a sentence.

    >>> say_missing("odds ratio", Reason("no-events"))
    'no odds ratio (no events)'
    """
    if is_withheld(reason):
        return f"{what} {SUPPRESSED} ({say_why(reason, dictionary)})"
    return f"no {what} ({say_why(reason, dictionary)})"


def say_inestimable(what: str, reason: Reason | None, dictionary: Dictionary | None = None) -> str:
    """What has no estimate, named: "boys not estimable (no events)", or "boys not shown (only 2 children)"."""
    if is_withheld(reason):
        return say_missing(what, reason, dictionary)
    return f"{what} not estimable ({say_why(reason, dictionary)})"


def say_undone(reason: Reason | None, dictionary: Dictionary | None = None) -> str:
    """Why there is no test, as a sentence of its own: "Not done: no events." or "Not shown: only 2 events."."""
    if is_withheld(reason):
        return f"Not shown: {say_why(reason, dictionary)}."
    return f"Not done: {say_reason(reason, dictionary)}."
