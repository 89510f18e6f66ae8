"""The risk of the patient at hand by the models of the cohort, made when it is opened."""

from __future__ import annotations

from html import escape

import streamlit as st

from analytics.cohort.disclosure import SuppressedError
from analytics.dictionary import load_words
from analytics.figures.waterfall import draw_waterfall
from analytics.formats import join_words
from analytics.patient.features import Value
from analytics.patient.risk import RiskOfOne, assess_risk
from analytics.reporting.risk import (
    name_step,
    say_calibration_at,
    say_interval_of_risk,
    say_risk,
    say_steps,
    tabulate_over_time,
)
from analytics.speaking import word
from pages.components import state
from pages.components.cache import load_document
from pages.components.context import Context
from pages.components.figures import show_caption
from pages.components.markdown import as_markdown
from pages.components.notes import show_notes
from pages.components.protection import show_suppressed
from pages.components.tables import show_table

PREDICTORS = "relapse-predictors"  # the page whose model and choices are taken


def show_risk(context: Context, features: dict[str, Value]) -> None:
    """The risk by the model of the page of predictors as it is chosen there, what moves it, and the risk over time."""
    offer = context.offers[PREDICTORS]
    if offer.lacks:
        said = f"There is no risk of {word('relapse')} here: this file has no column {join_words(offer.lacks)}."
        st.html(f'<p class="outcomes-caption">{escape(said)}</p>')
        return
    title = f"Risk of {word('relapse')}, as the models see it"
    with st.expander(
        as_markdown(title), icon=":material/query_stats:", key=state.PATIENT_RISK, on_change="rerun"
    ) as fold:
        if not fold.open:
            return
        try:
            found = _assess(context, features)
        except SuppressedError as error:
            show_suppressed(error)
            return
        _show_found(found, features)


def find_risk(context: Context, features: dict[str, Value]) -> RiskOfOne | None:
    """The risk by these models; None where it may not be shown, or the cohort lacks what they need."""
    if context.offers[PREDICTORS].lacks:
        return None
    try:
        return _assess(context, features)
    except SuppressedError:
        return None


def _assess(context: Context, features: dict[str, Value]) -> RiskOfOne:
    choices = context.at(PREDICTORS).choices
    document = load_document(context.cohort, context.filter, PREDICTORS, choices)
    return assess_risk(context.cohort, context.filter, document.result.data, features, dict(choices))


def _show_found(found: RiskOfOne, features: dict[str, Value]) -> None:
    predicted, data = found.predicted, found.data
    st.html(f'<p class="outcomes-answer" data-testid="risk">{escape(say_risk(predicted, data.within))}</p>')
    show_notes(found.notes)
    risk, average = predicted.risk.value, predicted.average
    if risk is not None and average is not None:
        names = [name_step(step.variable, features, data.dictionary) for step in predicted.steps]
        noun = load_words().noun
        steps = [(name, step.before, step.after) for name, step in zip(names, predicted.steps, strict=True)]
        st.html(draw_waterfall(average, steps, risk, (f"Average {noun}", f"This {noun}"), say_steps(predicted, names)))
        show_caption(say_interval_of_risk(predicted))
        st.html(f'<p data-testid="calibration">{escape(say_calibration_at(found.group))}</p>')
    if any(risk.value is not None for model in found.over_time for risk in model.risks):
        show_table(tabulate_over_time(found.over_time))
