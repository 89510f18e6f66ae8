"""Published outcomes held against a cohort: which of them, against whom of the selection, and its estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analytics.analysis import Control, Params
from analytics.cohort import Cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import INTERVALS, NO_STRATA
from analytics.comparisons.survival import prepare_times
from analytics.dictionary import Dictionary, Endpoint
from analytics.estimators import estimate_survival, read_curve
from analytics.estimators.intervals import SurvivalConfType
from analytics.frames import TimeToEvent
from analytics.frames.exclusions import filters_of
from analytics.reporting.literature import (
    ANCHORS,
    MEASURED,
    SPLITS,
    Literature,
    PublishedOutcome,
    load_literature,
    match_patients,
)
from analytics.reporting.published import ANCHORS as ANCHOR_LABELS
from analytics.reporting.published import SPLITS as SPLIT_LABELS
from analytics.reporting.published import ComparedOutcome, PublishedComparison, Whom, note_populations
from analytics.reporting.timing import note_post_baseline
from analytics.results import Estimate, Reason, Result, SurvivalResult

EVERY, NOT_GIVEN = "every", "not given"
# When the last was recruited: the first and the last year of each choice.
ERAS = (
    ("before 2000", "1999 or earlier", 0, 1999),
    ("2000s", "2000 to 2009", 2000, 2009),
    ("from 2010", "2010 or later", 2010, 9999),
)
NOBODY, PROTECTED = Reason("no-patients"), Reason("small-numbers")


@dataclass(frozen=True, slots=True)
class Asked(Result):
    """A published outcome with the endpoint that counts the same, and the frame of those it is held against.

    ``frame`` is None where nobody can be of its kind in this selection, or none may be told; ``why`` says which.
    """

    outcome: PublishedOutcome
    endpoint: Endpoint
    whom: Whom
    frame: TimeToEvent | None
    why: Reason | None = None


@dataclass(frozen=True, slots=True)
class PublishedFrame(Result):
    """All of the selection by the endpoint of the first comparison, what is compared, and what is listed."""

    data: TimeToEvent
    asked: tuple[Asked, ...]
    listed: tuple[PublishedOutcome, ...]


def list_published_controls(dictionary: Dictionary) -> tuple[Control, ...]:
    """What is listed and compared: by endpoint, start of the clock, population and years of recruitment."""
    literature = load_literature()
    known = literature.outcomes
    comparable = [o for o in known if literature.endpoint_of(o, dictionary) is not None]
    anchors = [anchor for anchor in ANCHORS if any(o.anchor == anchor for o in known)]
    at_hand = [o.anchor for o in comparable]
    anchor = next((a for a in ("relapse", *anchors) if a in at_hand), EVERY)
    whole = any(o.anchor == anchor and o.split == "everybody" for o in comparable)
    measured = [m for m in MEASURED if any(o.endpoint == m for o in known)]
    splits = [s for s in SPLITS if any(o.split == s for o in known)]
    return (
        Control(
            "anchor",
            "Counted from",
            "one",
            anchor,
            ((EVERY, "any day"), *((a, ANCHOR_LABELS[a]) for a in anchors)),
            help="The day the clock starts. What is counted from another day is listed, and never compared.",
            display=True,
        ),
        Control(
            "population",
            "Of whom",
            "one",
            "everybody" if whole else EVERY,
            ((EVERY, "every group"), *((s, SPLIT_LABELS[s]) for s in splits)),
            help="Results of whole series, or of a part of them, which is held against the same part of this selection.",
            display=True,
        ),
        Control(
            "measure",
            "Endpoint",
            "one",
            EVERY,
            ((EVERY, "every endpoint"), *((m, m) for m in measured)),
            "more",
            display=True,
        ),
        Control(
            "era",
            "Recruited until",
            "one",
            EVERY,
            ((EVERY, "any year"), *((name, label) for name, label, _, _ in ERAS), (NOT_GIVEN, NOT_GIVEN)),
            "more",
            help="The year in which the last was recruited.",
            display=True,
        ),
        INTERVALS,
    )


def list_outcomes(literature: Literature, params: Params) -> tuple[PublishedOutcome, ...]:
    """The published outcomes that are asked for."""
    return tuple(
        o
        for o in literature.outcomes
        if params["anchor"] in (EVERY, o.anchor)
        and params["population"] in (EVERY, o.split)
        and params["measure"] in (EVERY, o.endpoint)
        and params["era"] in (EVERY, name_era(o))
    )


def name_era(outcome: PublishedOutcome) -> str:
    """The choice of years that an outcome belongs to, by the last year of recruitment."""
    if outcome.series.era is None:
        return NOT_GIVEN
    last = outcome.series.era[1]
    return next(name for name, _, low, high in ERAS if low <= last <= high)


def prepare_published(cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> PublishedFrame:
    """The frames of those whom each published outcome is held against, each asked of the engine once."""
    literature, dictionary = load_literature(), cohort.dictionary
    listed = list_outcomes(literature, params)
    found = [(o, endpoint) for o in listed if (endpoint := literature.endpoint_of(o, dictionary)) is not None]
    # Endpoints in the order of the dictionary, each with its results in the order of the file.
    found.sort(key=lambda pair: dictionary.endpoints.index(pair[1]))
    usable = [e for o in literature.outcomes if (e := literature.endpoint_of(o, dictionary)) is not None]
    first = found[0][1] if found else [*usable, *dictionary.endpoints][0]
    frames: dict[tuple[str, CohortFilter], TimeToEvent | None] = {}

    def ask(endpoint: Endpoint, asked: CohortFilter) -> TimeToEvent | None:
        if (endpoint.name, asked) not in frames:
            try:
                frames[endpoint.name, asked] = _prepare(cohort, asked, endpoint)
            except SuppressedError:
                frames[endpoint.name, asked] = None
        return frames[endpoint.name, asked]

    data = frames[first.name, cohort_filter] = _prepare(cohort, cohort_filter, first)
    asked = []
    for outcome, endpoint in found:
        same = match_patients(outcome, dictionary)
        whom: Whom = "matched" if same else "instead" if outcome.where or outcome.unmatched else "everybody"
        narrowed = cohort_filter if same is None else cohort_filter.both(same)
        frame = None if narrowed is None else ask(endpoint, narrowed)
        why = None if frame is not None else NOBODY if narrowed is None else PROTECTED
        asked.append(Asked(outcome, endpoint, whom, frame, why))
    return PublishedFrame(data, tuple(asked), listed)


def _prepare(cohort: Cohort, cohort_filter: CohortFilter, endpoint: Endpoint) -> TimeToEvent:
    return prepare_times(cohort, cohort_filter, {"endpoint": endpoint.name, "strata": NO_STRATA})


def compare_published(frame: PublishedFrame, params: Params) -> PublishedComparison:
    """Kaplan–Meier estimates of the selection at the horizon of each published outcome."""
    compared = tuple(_compare(one, params["interval"]) for one in frame.asked)
    known = len(load_literature().outcomes)
    late = note_post_baseline(frame.data.endpoint, filters=filters_of(frame.data))
    return PublishedComparison(frame.data, compared, frame.listed, known, (*late, *note_populations(compared)))


def _compare(asked: Asked, conf_type: SurvivalConfType) -> ComparedOutcome:
    frame = asked.frame
    if frame is None or not frame.n:
        here, n, n_event = Estimate(None, reason=asked.why or NOBODY), 0, 0
    else:
        (curve,) = draw_curve(frame, conf_type).curves
        (here,) = read_curve(curve, [asked.outcome.months])
        n, n_event = frame.n, frame.n_event
    return ComparedOutcome(asked.outcome, asked.endpoint, here, n, n_event, asked.whom)


def draw_curve(frame: TimeToEvent, conf_type: SurvivalConfType) -> SurvivalResult:
    """The curve of all of a frame."""
    arrays: dict[str, Any] = {"weight": frame.weight, "entry": frame.entry, "noise": frame.noise}
    return estimate_survival(frame.time, frame.event, **arrays, conf_type=conf_type)


def list_horizons(compared: Sequence[ComparedOutcome], endpoint: Endpoint) -> dict[float, Estimate]:
    """Months to the estimate of everybody by one endpoint, for a second opinion on it."""
    alike = [c for c in compared if c.endpoint.name == endpoint.name and c.whom != "matched"]
    return {c.outcome.months: c.here for c in alike}
