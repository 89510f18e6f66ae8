"""The risk of one patient in words: how large, by which model, what moves it, and how such risks turned out."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.dictionary import Dictionary, load_words
from analytics.formats import MISSING, format_count, format_percent, format_percent_interval
from analytics.reporting.reasons import say_reason
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, name_level
from analytics.results import CalibrationGroup, PredictedRisk, RiskOverTime
from analytics.speaking import word

FITS = {"ml": "maximum likelihood", "firth": "Firth’s method"}
MODELS = {"cox": "Cox, as if nothing else could happen", "fine-gray": "Fine and Gray, with other events in the way"}


def say_risk(found: PredictedRisk, within: str) -> str:
    """The risk with its interval, and what the interval is; or why there is none."""
    words, risk = load_words(), found.risk
    if risk.value is None:
        return f"There is no risk of {word('relapse')} for this {words.noun}: {say_reason(risk.reason)}."
    return (
        f"Risk of {word('relapse')}{within} for a {words.noun} like this one, by the logistic model of "
        f"{format_count(found.n)} {words.plural}: {format_percent(risk.value)} "
        f"(95\u00a0% interval {format_percent_interval(risk.interval)}); for the average {words.noun} of the model "
        f"{format_percent(found.average)}."
    )


def say_interval_of_risk(found: PredictedRisk) -> str:
    """How the interval was made, and what is not in it."""
    said = (
        f"Fitted by {FITS[found.method]}. The interval is Wald’s on the log odds (delta method): it says how well the mean risk "
        f"of such {load_words().plural} is known, not what becomes of one."
    )
    if found.method == "firth":
        said += " Its error is that of the penalised fit; that the intercept was estimated again is not in it."
    return said


def name_step(variable: str, features: dict[str, str | float], dictionary: Dictionary) -> str:
    """A covariate with the patient's own value."""
    own = features[variable]
    label = dictionary[variable]
    return name_level(label, own) if isinstance(own, str) else f"{label.label} {own:g} {label.unit}".rstrip()


def say_steps(found: PredictedRisk, names: Sequence[str]) -> str:
    """The steps from the average to this patient, in words."""
    steps = [
        f"{in_sentence(name)}: to {format_percent(step.after)}" for name, step in zip(names, found.steps, strict=True)
    ]
    return f"From {format_percent(found.average)}; {'; '.join(steps)}."


def say_calibration_at(group: CalibrationGroup | None) -> str:
    """How risks of about this size turned out in the patients of whom the model was made."""
    words = load_words()
    if group is None or group.predicted is None:
        return f"How risks of about this size turned out is not shown: too few {words.plural} have them."
    observed = group.observed
    return (
        f"Of the {format_count(observed.n)} {words.plural} whose risk by the model lies between {format_percent(group.low)} and "
        f"{format_percent(group.high)}, {format_percent(observed.value)} ({format_percent_interval(observed.interval)}) "
        f"{word('had_relapse')}; by the model {format_percent(group.predicted)}. It was made of them, too."
    )


def tabulate_over_time(found: Sequence[RiskOverTime]) -> Table:
    """The risk by each of the years, by each model."""
    times = found[0].times if found else ()
    columns = ("Model", *(f"{time / 12:g} y" for time in times))
    rows = tuple(
        (
            MODELS[one.method],
            *(
                f"{format_percent(risk.value)} ({format_percent_interval(risk.interval)})"
                if risk.value is not None and risk.interval is not None
                else format_percent(risk.value)
                if risk.value is not None
                else say_reason(risk.reason) or MISSING
                for risk in one.risks
            ),
        )
        for one in found
    )
    caption = (
        "With the factors of the logistic model. Cox: Breslow’s baseline with Efron’s ties, log-log intervals. Fine and Gray: "
        "without an interval."
    )
    return Table(f"Risk of {word('relapse')} by years from {word('phase_diagnosis')}", columns, rows, caption=caption)
