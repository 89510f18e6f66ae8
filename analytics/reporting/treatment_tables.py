"""Tables of treatments compared after relapse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analytics.dictionary import Endpoint, load_words
from analytics.formats import (
    MISSING,
    format_count,
    format_level,
    format_p_cell,
    format_percent,
    format_ratio,
    format_step,
)
from analytics.frames.switching import TreatmentData
from analytics.reporting.curves import MILESTONE_YEARS, milestone_cell, say_exact_limits
from analytics.reporting.estimates import ratio_text
from analytics.reporting.tables import Table
from analytics.reporting.treatment import name_term_test
from analytics.reporting.wording import start_sentence
from analytics.results import (
    Estimate,
    EValue,
    HazardRatio,
    HazardRatioResult,
    SurvivalCurve,
    SurvivalResult,
    reference_of,
    treated_terms,
)
from analytics.speaking import word


def tabulate_treatments(
    data: TreatmentData,
    model: HazardRatioResult,
    title: str,
    caption: str,
    pairs: Iterable[tuple[str, HazardRatio]] = (),
) -> Table:
    """The ratios of one model, treatment first, then each covariate; ``pairs`` are further ones of the treatments."""
    variables = {v.name: v for v in (data.treatment, *data.adjusters)}

    def row(label: str, term: HazardRatio) -> tuple[str, ...]:
        ratio = "1 (reference)" if term.is_reference else ratio_text(term.ratio)
        return label, _of(term.n_event, term.n), ratio, format_p_cell(term.p_value, term.p_reason)

    rows = []
    for term in model.terms:
        variable = variables[term.variable]
        if term.level is None:
            rows.append(row(f"{variable.label}, per {format_step(variable)}", term))
        else:
            rows.append(row(f"{variable.label}: {variable.level_label(term.level)}", term))
    k = len(data.states)
    rows[k:k] = [row(f"Treatment: {term.level} against {reference}", term) for reference, term in pairs]
    test, limits = name_term_test(model), "profile likelihood" if model.conf_type == "profile" else "Wald"
    whom = f"In the group, of the {load_words().plural} who were ever in it"
    return Table(
        title=title,
        columns=("", f"{data.endpoint.event_noun.capitalize()}, of all", head_ratio(model), "p"),
        rows=tuple(rows),
        help=("", whom, "Against the reference", start_sentence(test)),
        caption=f"{caption} Intervals by {limits}, p by the {test}.",
    )


def head_ratio(model: HazardRatioResult) -> str:
    """The head of a column of hazard ratios."""
    return f"Hazard ratio ({format_level(model.conf_level)} CI)"


def tabulate_e_values(
    model: HazardRatioResult, found: Sequence[EValue], risk: float, *, is_rare: bool
) -> tuple[Table, ...]:
    """The E-value of each treatment's ratio and of its nearer limit; nothing without a ratio.

    ``found`` are those of the model's treatments, ``risk`` the highest of any group by the end of follow-up.
    """
    rows = tuple(
        (f"{term.level} against {reference_of(model)}", ratio_text(term.ratio), *(cells_e_value(e)))
        for term, e in zip(treated_terms(model), found, strict=True)
        if term.ratio.value is not None
    )
    if not rows:
        return ()
    scale = (
        "which is rare enough for the hazard ratio to stand for a ratio of risks."
        if is_rare
        else "so the ratio of risks is first approximated from the hazard ratio."
    )
    return (
        Table(
            title="Sensitivity to unmeasured causes (E-values)",
            columns=("Treatment", head_ratio(model), "E-value", "E-value of the limit"),
            rows=rows,
            help=(
                "",
                "Of the treated against those not yet treated",
                "To move the estimate to no association",
                "To move the limit nearer to 1 to no association; 1 where the interval includes it already",
            ),
            caption=f"By the end of follow-up the event came to up to {format_percent(risk, 0)} of a group, {scale}",
            place="sure",
        ),
    )


def cells_e_value(found: EValue) -> tuple[str, str]:
    """The E-value of an estimate and of its limit."""
    point, limit = (MISSING if value is None else format_ratio(value) for value in (found.point, found.limit))
    return point, limit


def tabulate_moves(
    data: TreatmentData, curves: Iterable[SurvivalCurve], moves: Iterable[tuple[str, str, int]], days: int | None
) -> Table:
    """Who changed treatment, and to what; empty cells are groups that nobody can go to from there."""
    n = {(one, other): count for one, other, count in moves}
    size = {curve.group: curve.n for curve in curves}
    everyone = load_words().head
    rows = []
    for state in data.states:
        cells = (MISSING if state == to else format_count(n[state, to]) for to in data.treated_at)
        rows.append((state, format_count(size.get(state, 0)), *cells))
    then = ("By the end of follow-up",) * len(data.treated_at)
    if days is None:
        title, head, at, caption = "Who changed treatment", f"{everyone} ever", "", ""
    else:
        title, head, at = "Who changed treatment later", everyone, "At the landmark"
        caption = "They stay in the group of the landmark, which makes the groups more alike."
    columns = ("Group", head, *(f"Then {state}" for state in data.treated_at))
    return Table(title, columns, tuple(rows), help=("", at, *then), caption=caption)


def tabulate_groups(
    endpoint: Endpoint,
    curves: SurvivalResult,
    milestones: Sequence[Sequence[Estimate]],
    days: int | None,
    start: int | None = None,
) -> Table:
    """The curve of each group at the milestones, from day ``days`` on; from ``start`` on where they change (``days`` None)."""
    kept, words = days is not None, load_words()
    nobody = () if kept else ("nobody followed then",)
    rows = []
    for curve, found in zip(curves.curves, milestones, strict=True):
        cells = (milestone_cell(e, *nobody) if curve.n else MISSING for e in found)
        rows.append((curve.group, format_count(curve.n), format_count(curve.n_event), *cells))
    after, whom = list_years(), f"of those {endpoint.alive} at day {days if kept else start}"
    if kept:
        title, heads, how, since = (
            whom,
            ("At the landmark", words.head),
            "Kaplan–Meier",
            f"; years are counted from {word('clock')}",
        )
        about = ("", "", "After the landmark", *(f"{a}, given {endpoint.alive} at the landmark" for a in after))
    else:
        title, heads, how, since = "by treatment at the time", ("While", f"{words.head} ever"), "Simon–Makuch", ""
        title += f", {whom}" if start else ""
        ever = f"A {words.noun} who was treated counts once in each row"
        about = ("", ever, "While in this state", *(f"Height of the curve {a}, with its interval" for a in after))
    return Table(
        title=f"{endpoint.y_title} {title}",
        columns=(*heads, endpoint.event_noun.capitalize(), *(f"{y} y" for y in MILESTONE_YEARS)),
        rows=tuple(rows),
        help=about,
        caption=f"{how} estimates with 95 % {curves.conf_type} intervals{say_exact_limits(milestones, endpoint.event_noun)}"
        f"{since}.",
    )


def list_years() -> list[str]:
    """The milestones as heads of columns are explained."""
    return [f"{y} {'year' if y == 1 else 'years'} after {word('clock')}" for y in MILESTONE_YEARS]


def _of(part: float, whole: float) -> str:
    return f"{format_count(part)} of {format_count(whole)}"
