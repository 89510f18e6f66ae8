"""The choices that analyses share: groups, strata, endpoints, reference levels, and how curves are drawn and tested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.analysis import Control, Params, to_reference
from analytics.cohort import Cohort
from analytics.dictionary import PHASES, Dictionary, Endpoint, Phase, Variable
from analytics.frames import EVERYONE, endpoint_columns
from analytics.reporting.literature import load_literature
from analytics.results import Note

NO_STRATA = "none"

INTERVALS = Control(
    "interval",
    "Confidence intervals",
    "one",
    "log-log",
    (("log-log", "log-log"), ("log", "log"), ("plain", "plain")),
    "more",
    "How the interval around each curve is made. Log-log stays between 0 and 100 % and suits small groups; "
    "log is R's default; plain is the textbook formula.",
    display=True,
)
BANDS = Control("bands", "Show confidence bands", "toggle", True, (), "more", display=True)
MARKS = Control(
    "marks",
    "Mark 1, 3 and 5 years",
    "toggle",
    False,
    (),
    "more",
    "Points on the curves at these times, each with its interval and its numbers.",
    display=True,
)
DRAWN = (INTERVALS, BANDS, MARKS)  # how curves are drawn
WEIGHTINGS: dict[str, dict[str, Any]] = {
    "logrank": {"weighting": "logrank"},
    "peto": {"weighting": "peto"},
    "tarone-ware": {"weighting": "tarone-ware"},
    "late": {"weighting": "fleming-harrington", "rho": 0, "gamma": 1},
}
TEST = Control(
    "test",
    "Test",
    "one",
    "logrank",
    (
        ("logrank", "log-rank"),
        ("peto", "Peto–Peto (early differences)"),
        ("tarone-ware", "Tarone–Ware (rather early)"),
        ("late", "Fleming–Harrington 0, 1 (late differences)"),
    ),
    "more",
    "Which part of the follow-up weighs most. Choose before looking: the log-rank test weighs all deaths alike.",
)


def list_groups(cohort: Cohort) -> tuple[tuple[str, str], ...]:
    """The variables that split patients into groups, as the options of a control."""
    return tuple((v.name, v.label) for v in cohort.dictionary.groups if v.name in cohort.variables)


def group_control(cohort: Cohort, role: str = "lineage") -> Control:
    """The choice of the groups compared; at first those of the variable with the role, where the cohort has it."""
    groups = list_groups(cohort)
    column = cohort.dictionary.roles.get(role)
    default = column if column in dict(groups) else EVERYONE
    return Control("by", "Split by", "one", default, ((EVERYONE, "everyone together"), *groups))


def chosen_group(dictionary: Dictionary, params: Params) -> Variable | None:
    """The variable that splits patients into groups; None for everyone together."""
    return None if params["by"] == EVERYONE else dictionary[params["by"]]


def strata_control(cohort: Cohort) -> Control:
    """The choice of a variable within whose levels the groups are compared."""
    return Control(
        "strata",
        "Compare within levels of",
        "one",
        NO_STRATA,
        ((NO_STRATA, "no stratification"), *list_groups(cohort)),
        "more",
        "A stratified test compares the groups inside each level of this variable and adds the differences up.",
    )


def endpoint_control(cohort: Cohort, default: str = "os_relapse", *, after: Phase = "diagnosis") -> Control:
    """The choice of what is survived and from when, among the endpoints whose clock starts ``after`` a phase or later.

    Raises
    ------
    ValueError
        If the cohort has the columns of none of them; ``requires`` of the analysis should have said so.
    """
    endpoints = [
        e
        for e in cohort.dictionary.endpoints
        if PHASES.index(e.phase) >= PHASES.index(after) and set(endpoint_columns(e)) <= set(cohort.variables)
    ]
    if not endpoints:
        raise ValueError(f"{cohort.name} has the columns of no endpoint from {after} on. Add them to the file.")
    names = [e.name for e in endpoints]
    return Control(
        "endpoint",
        "Endpoint",
        "one",
        default if default in names else names[0],
        tuple((e.name, name_endpoint(e)) for e in endpoints),
        help="{endpoints in short} The methods page defines each.",
    )


def name_endpoint(endpoint: Endpoint) -> str:
    """The endpoint as the choices name it ("OS from first relapse")."""
    late = f", entering at {endpoint.entered or 'a later day'}" if endpoint.entry is not None else ""
    return f"{endpoint.short} from {endpoint.origin}{late}"


def survival_controls(cohort: Cohort) -> tuple[Control, ...]:
    """The choices that all survival analyses share."""
    return (TEST, strata_control(cohort), *DRAWN, *published_control(cohort))


def published_control(cohort: Cohort) -> tuple[Control, ...]:
    """The choice of published series that are drawn as points; none where the cohort has no endpoint that counts alike."""
    literature, dictionary = load_literature(), cohort.dictionary
    alike = [o.series for o in literature.outcomes if literature.endpoint_of(o, dictionary) is not None]
    if not alike:
        return ()
    about = (
        "Their results as points, where they count the same events from the same day, of everybody or of one of the groups "
        "drawn. Of others, and not adjusted."
    )
    options = tuple((series.id, series.name) for series in dict.fromkeys(alike))
    return (Control("published", "Published results of", "many", (), options, "more", about, display=True),)


def list_reference_options(variables: Sequence[Variable]) -> tuple[tuple[str, str], ...]:
    """The options of a choice among the levels of several variables."""
    return tuple(
        (to_reference(v.name, level), f"{v.label}: {label}")
        for v in variables
        for level, label in zip(v.levels, v.level_labels, strict=True)
    )


def chosen_levels(choices: Sequence[str], variable: Variable) -> list[str]:
    """The levels of a variable among those options."""
    return [level for name, level in (choice.split(":", 1) for choice in choices) if name == variable.name]


def reference_control(cohort: Cohort) -> Control:
    """The choice of reference levels, the same on every page: a level chosen on one holds on the others."""
    offered = [v for v in cohort.dictionary.variables if v.is_coded and (v.is_covariate or v.is_group)]
    levels = list_reference_options([v for v in offered if v.name in cohort.variables])
    about = "The level that the others of the same factor are compared with. Clicking a row of the table does the same."
    return Control("reference", "Reference levels", "many", (), levels, "more", about, display=True)


def chosen_references(params: Params) -> dict[str, str]:
    """Variable to its chosen reference level; the last of several."""
    return dict(choice.split(":", 1) for choice in params["reference"])


def note_references(params: Params, variables: Sequence[Variable]) -> tuple[Note, ...]:
    """A note for each factor of the model for which several reference levels are chosen."""
    notes = []
    for v in variables:
        chosen = chosen_levels(params["reference"], v)
        if len(chosen) > 1:
            text = f"{len(chosen)} reference levels are chosen for {v.label}; {v.level_label(chosen[-1])} is used."
            notes.append(Note("several-references", "caution", text, "Keep one reference level for each factor."))
    return tuple(notes)
