"""The way from the whole cohort to an estimate: who is lost at each step, and why, in numbers that add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from analytics.cohort.filters import CohortFilter, Funnel
from analytics.dictionary import CompetingEndpoint, Dictionary, Endpoint, Variable, Words, load_words
from analytics.formats import MOST_NAMED, format_count, name_patients
from analytics.frames import Exclusion, TimeToEvent, strata_of
from analytics.reporting.wording import describe_clause, describe_membership, in_sentence, join_words, start_sentence
from analytics.results import FloatArray, HazardRatioResult

StageKind = Literal["everyone", "clause", "eligible", "complete", "landmark", "events"]
STAGE_KINDS: tuple[StageKind, ...] = get_args(StageKind)  # in the order of the way
FILE = "funnel"  # the name of the table among the files of a page
_SPLIT_CODES = ("group-missing", "stratum-missing")
_UNKNOWN = "{variable.label}: {variable.missing_label}"
# Why somebody is left out, by the code of the exclusion, with its terms in braces; it completes "left out: …".
_WHY: Mapping[str, str] = {
    "cart-day-missing": "given {CAR-T} on an unknown day",
    "cause-day-missing": "{event} on an unknown day",
    "cause-missing": "followed, but what came first is not known",
    "covariate-missing": _UNKNOWN,
    "ended-before-salvage": "not followed up to the start of {salvage treatment}",
    "entry-too-late": "last seen on the day observation would have begun, or before",
    "event-day-missing": "{event}, on an unknown day",
    "first-event-missing": "the first event or its day not known",
    "group-missing": _UNKNOWN,
    "hsct-day-missing": "{given HSCT} on an unknown day",
    "no-entry": "not among {population}",
    "not-eligible": "no {origin}, or no follow-up from it",
    "not-followed": "no follow-up from {origin}",
    "not-marrow": "no {relapse} {relapses compared}",
    "outcome-missing": "outcome not recorded",
    "salvage-day-missing": "no {salvage treatment}, or begun on an unknown day",
    "second-relapse": "{again} by day {day}",
    "stratum-missing": _UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Loss:
    """Children whom one step leaves out: ``text`` says why, ``n`` counts each child at one loss only."""

    kind: StageKind
    text: str
    n: int


@dataclass(frozen=True, slots=True)
class Used:
    """Whom the main estimate of an analysis rests on: ``n`` children, of whom ``n_event`` had the event.

    ``eligible`` says who could have been in it ("children who relapsed"), ``complete`` what has to be known of a child
    and ``landmark`` when it has to be followed still; both are empty where nothing is asked. ``short`` is ``eligible``
    and ``followed`` is ``landmark`` to stand after a number ("relapsed"). ``losses`` are the others of
    the selection, each child once, in the order in which they are left out. ``events`` names the events after their
    number ("deaths").
    """

    eligible: str
    losses: tuple[Loss, ...]
    n: int
    n_event: int
    events: Words
    complete: str = ""
    landmark: str = ""
    followed: str = ""
    short: str = ""

    @classmethod
    def from_frame(
        cls, frame: TimeToEvent, covariates: Sequence[Variable] = (), model: HazardRatioResult | None = None
    ) -> Used:
        """Those of a frame, or whom of them a ``model`` of some covariates rests on."""
        counted = model or frame
        return cls(
            name_eligible(frame.endpoint),
            (*list_losses(frame.exclusions), *list_incomplete(frame.covariates, frame.weight, covariates)),
            counted.n,
            counted.n_event,
            frame.endpoint.events,
            name_complete([frame.variable, *strata_of(frame), *covariates]),
            short=shorten_eligible(frame.endpoint),
        )

    @property
    def left_out(self) -> tuple[tuple[str, int], ...]:
        """Who is left out: why, and how many."""
        return tuple((loss.text, loss.n) for loss in self.losses if loss.n)


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the way: ``n`` children after it, ``left`` of those before it lost, and for which ``reasons``.

    ``reasons`` are (text, number) in the order in which they apply, together ``left``; a clause needs none. ``short``
    names those who remain, to stand after their number ("relapsed"). The stage of kind "events" is a part of the one
    before it: nobody is lost there.
    """

    kind: StageKind
    text: str
    n: int
    left: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    short: str = ""


def list_stages(funnel: Funnel, cohort_filter: CohortFilter, dictionary: Dictionary) -> tuple[Stage, ...]:
    """The way from everyone over each clause of the filter to the selection: "everyone", and a "clause" each.

    Parameters
    ----------
    funnel
        How many the clauses of ``cohort_filter`` leave, in the order of the phases.
    cohort_filter, dictionary
        What the clauses ask for, and the words for it.
    """
    stages = [Stage("everyone", "Everyone in the cohort", funnel.n_all, short=load_words().of(funnel.n_all))]
    for step in funnel.steps:
        clause = cohort_filter.clause(step.variable)
        if step.membership is not None:
            text = start_sentence(describe_membership(step.membership, dictionary))
        else:
            text = describe_clause(clause, dictionary[step.variable]) if clause else dictionary[step.variable].label
        stages.append(Stage("clause", text, step.n, stages[-1].n - step.n, short="selected"))
    return tuple(stages)


def join_stages(selected: Sequence[Stage], used: Used, smallest_cell: int = 0) -> tuple[Stage, ...]:
    """The way to a selection, and on from there to the estimate.

    Parameters
    ----------
    selected
        The way to the selection.
    used
        Whom the analysis used of it.
    smallest_cell
        Where small numbers are protected, the numbers of the selection and those of the estimate have noise of their own, so that
        the first need not lead to the second; those of the estimate add up among themselves. Else 0.

    Returns
    -------
    tuple
        ``selected``, then "eligible", "complete" and "landmark" as far as they are asked for, and "events".

    Raises
    ------
    ValueError
        If the losses of ``used`` do not lead from the selection to its ``n``, or it has more events than children.
    """
    stages, n_left = list(selected), selected[-1].n
    n = used.n + sum(loss.n for loss in used.losses) if smallest_cell else n_left
    asked: tuple[tuple[StageKind, str, str], ...] = (
        ("eligible", used.eligible, used.short),
        ("complete", used.complete, "complete"),
        ("landmark", used.landmark, used.followed),
    )
    for kind, text, short in asked:
        reasons = tuple((loss.text, loss.n) for loss in used.losses if loss.kind == kind and loss.n)
        if not text and not reasons:
            continue
        left = sum(count for _, count in reasons)
        n -= left
        stages.append(Stage(kind, start_sentence(text), n, left, reasons, short))
    if n != used.n or not 0 <= used.n_event <= used.n:
        raise ValueError(
            f"the way to the estimate does not add up: {n_left} selected less what is left out are {n}, but the estimate "
            f"has {used.n} with {used.n_event} events. Count every {load_words().noun} of the selection once in losses."
        )
    return (
        *stages,
        Stage("events", start_sentence(used.events.plural), used.n_event, short=used.events.of(used.n_event)),
    )


def say_gist(stages: Sequence[Stage]) -> str:
    """The way in one line ("436 children → 64 relapsed → 61 complete → 30 deaths"): only stages that lose somebody."""
    last: dict[str, Stage] = {}
    for stage in stages:
        if stage.left or stage.kind in ("everyone", "events"):
            last[stage.kind] = stage
    return " → ".join(f"{format_count(stage.n)} {stage.short}" for stage in last.values())


def say_attrition(stages: Sequence[Stage]) -> str:
    """The same with a title."""
    return f"From the cohort to this analysis: {say_gist(stages)}"


def describe_stages(stages: Sequence[Stage]) -> str:
    """The way in words, stage by stage, with whom each loses and why."""
    said = []
    for stage in stages:
        lost = ""
        if stage.left:
            why = "; ".join(f"{format_count(n)} {text}" for text, n in stage.reasons)
            lost = f", {format_count(stage.left)} fewer" + (f" ({why})" if why else "")
        said.append(f"{stage.text}: {format_count(stage.n)}{lost}.")
    return " ".join(said)


def tabulate_stages(stages: Sequence[Stage]) -> pd.DataFrame:
    """A row per stage, or per reason where a stage has several: those left after it (``n``) and those lost (``n_lost``).

    ``n`` of each row is that of the row before less ``n_lost``; the last row counts the events among those before it.
    """
    rows: list[tuple[str, str, str | None, int, int]] = []
    for stage in stages:
        n = stage.n + stage.left
        for text, lost in stage.reasons or ((None, stage.left),):
            n -= lost
            rows.append((stage.kind, stage.text, text, n, lost))
    return pd.DataFrame(rows, columns=["stage", "term", "reason", "n", "n_lost"])


def say_exclusion(exclusion: Exclusion) -> str:
    """Why these are left out ("Sex: not recorded")."""
    return name_patients(_WHY[exclusion.code]).format(**dict(exclusion.terms))


def list_losses(exclusions: Sequence[Exclusion]) -> tuple[Loss, ...]:
    """The exclusions of a frame as losses: a group or stratum that is not known makes a child incomplete.

    Those without a covariate are passed over, since a child is counted there once for each that it lacks; see
    :func:`list_incomplete`.
    """
    return tuple(
        Loss("complete" if e.code in _SPLIT_CODES else "eligible", say_exclusion(e), e.n)
        for e in exclusions
        if e.code != "covariate-missing"
    )


def list_incomplete(
    covariates: pd.DataFrame | None, weight: FloatArray, variables: Sequence[Variable]
) -> tuple[Loss, ...]:
    """Whom each covariate costs: those who lack it alone, and in the end those who lack more than one.

    Parameters
    ----------
    covariates
        A column for each variable, missing values in it; None where there are none.
    weight
        How many children share each row.
    variables
        The variables of the columns, for their words.
    """
    if covariates is None or not variables:
        return ()
    unknown = np.column_stack([covariates[v.name].array.isna() for v in variables])
    lacking = unknown.sum(axis=1)
    if not lacking.any():
        return ()
    losses = [
        Loss("complete", f"{v.label}: {v.missing_label}", int(weight[unknown[:, i] & (lacking == 1)].sum()))
        for i, v in enumerate(variables)
    ]
    several = lacking > 1
    overlap = weight[several] @ unknown[several] if several.any() else np.zeros(len(variables))
    listed = ", ".join(f"{v.label} in {format_count(n)}" for v, n in zip(variables, overlap.tolist(), strict=True) if n)
    losses.append(Loss("complete", f"more than one unknown ({listed})", int(weight[several].sum())))
    return tuple(loss for loss in losses if loss.n)


def name_complete(variables: Sequence[Variable | None]) -> str:
    """What has to be known of a child ("sex and risk group known"); empty without variables."""
    labels = [in_sentence(v.label) for v in variables if v is not None]
    if len(labels) > MOST_NAMED:
        return f"all {len(labels)} variables known"
    return f"{join_words(labels)} known" if labels else ""


def name_eligible(endpoint: Endpoint | CompetingEndpoint) -> str:
    """Who could be in an analysis of an endpoint, in words."""
    return endpoint.population if endpoint.eligible else f"{load_words().plural} followed from {endpoint.origin}"


def shorten_eligible(endpoint: Endpoint | CompetingEndpoint) -> str:
    """Who could be in an analysis of an endpoint, to stand after a number ("relapsed")."""
    return endpoint.eligible or f"followed from {endpoint.origin}"
