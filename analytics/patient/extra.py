"""One patient as a part of slides and reports: what the page says of them, taken along on demand alone."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.dictionary import load_words
from analytics.document import Shown
from analytics.exports.exhibit import Extra
from analytics.patient.likeness import HORIZON, PatientsAlike, picture_alike
from analytics.patient.risk import RiskOfOne
from analytics.provenance import Provenance
from analytics.reporting.alike import say_in_ten, tabulate_differences
from analytics.reporting.patient import say_sources, tabulate_classes, tabulate_treatments
from analytics.reporting.risk import say_calibration_at, say_risk, tabulate_over_time
from analytics.results import Note
from analytics.results.definitions import Classified, TreatmentFact


def to_extra(
    said: str,
    provenance: Provenance,
    classes: Sequence[Classified],
    facts: Sequence[TreatmentFact],
    alike: PatientsAlike | None,
    risk: RiskOfOne | None,
    *,
    notes: Sequence[Note] = (),
) -> Extra:
    """What the page shows of a patient, as far as it is open: classes, those alike, the risk; ``said`` is who it is.

    ``notes`` stand with those of what is open. There is no link in it: that would hold what was entered.
    """
    sentences, tables, pictures = [], [], []
    if alike is not None:
        sentences.append(say_in_ten(alike.at_horizon[0], alike.endpoint, HORIZON, is_nearest=alike.is_nearest))
        pictures += [picture_alike(alike)] if alike.n else []
    sentences.append(f"{said}.")
    if classes:
        tables += [tabulate_classes(classes), tabulate_treatments(facts)]
    if alike is not None and alike.is_nearest:
        tables.append(tabulate_differences(alike.differences, alike.n))
    if risk is not None:
        sentences.append(say_risk(risk.predicted, risk.data.within))
        if risk.predicted.risk.value is not None:
            sentences.append(say_calibration_at(risk.group))
            tables += [tabulate_over_time(risk.over_time)] if risk.over_time else []
    if classes:
        sentences.append(say_sources(classes, [fact for fact in facts if not fact.lacking]))
    found = [note for part in (alike, risk) if part is not None for note in part.notes]
    shown = Shown(tuple(dict.fromkeys([*found, *notes])), tuple(pictures), tuple(tables), tuple(sentences))
    noun = load_words().noun
    return Extra(f"This {noun}", shown, provenance, f"What became of {load_words().plural} like this one?")
