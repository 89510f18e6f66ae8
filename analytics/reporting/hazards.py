"""A model of hazards in words: what a hazard ratio is not, and how well the model puts patients in order."""

from __future__ import annotations

from analytics.dictionary import Endpoint, load_words
from analytics.formats import MISSING, format_interval, format_number, format_percent, name_patients, say_interval
from analytics.reporting.reasons import say_reason
from analytics.reporting.wording import start_sentence
from analytics.results import Estimate, HazardRatioResult, Note

# How to read the figures of a hazard ratio over time.
RESIDUALS = (
    "Each dot is a time at which the event happened, in the scale of the hazard ratio; dots beyond the axis lie on its edge. "
    "Where the line leaves the broken one, the hazard ratio changes over the follow-up. The band is the 95 % interval of the "
    "line; at its ends it rests on few {patients}."
)
NO_ROBUST_ERRORS = Note(
    "no-robust-errors",
    "caution",
    "Firth’s method has no robust standard errors; those of the model are used.",
    "Choose maximum likelihood or the automatic fit for robust standard errors.",
)


def note_hazard(endpoint: Endpoint) -> Note:
    """What a hazard ratio is, and is not."""
    some = load_words().plural
    return Note(
        "hazard-not-risk",
        "info",
        f"The hazard is the rate of {endpoint.event_label} among the {some} still without it. A hazard ratio is no ratio of "
        f"risks and none of survival times; it is an association in these {some}, not the effect of a treatment.",
    )


def say_concordance(concordance: Estimate) -> str:
    """How far a model puts patients in the order of their events; or why nothing can be said of it."""
    if concordance.value is None:
        return f"Nothing can be checked: {say_reason(concordance.reason)}."
    limits = f" ({say_interval(concordance.interval)})" if concordance.interval is not None else ""
    return name_patients(
        f"Concordance {format_number(concordance.value)}{limits}: of two {{patients}} of whom one had the event while the "
        "other was followed without it, the model gives the first the higher hazard in "
        f"{format_percent(concordance.value, 0)} of all such pairs; chance alone gives 50\u00a0%. Measured in the very "
        "{patients} the model was made from, it is too favourable."
    )


def explain_concordance(model: HazardRatioResult) -> tuple[str, str]:
    """The concordance of a model, and what it is with its interval, or why there is none."""
    concordance = model.concordance
    text, why = MISSING, "No model was fitted."
    if not model.n_parameters:
        why = "There is no model to judge."
    elif concordance is not None:
        text, why = format_number(concordance.value), "Without uncertainty that can be estimated."
        if concordance.interval is not None:
            why = f"95 % interval {format_interval(concordance.interval)}."
        elif concordance.reason:
            why = start_sentence(f"{say_reason(concordance.reason)}.")
    some = load_words().plural
    return text, (
        f"Of two {some}, how often the model gives the higher hazard to the one with the earlier event: 0.5 is chance, 1 "
        f"perfect order. In the {some} it was made from, so too good. {why}"
    )
