"""The small live pictures of the glossary: what a word means, in the numbers of the patients at hand.

Each takes the selection that is open, and the reference cohort where that has too few for it, is of another disease, or has its
small numbers protected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.incidence import list_competing
from analytics.dictionary import Variable, load_dictionary, speaking_by
from analytics.estimators import (
    estimate_cumulative_incidence,
    estimate_hazard_ratios,
    estimate_odds_ratios,
    estimate_restricted_mean,
    estimate_survival,
    follow_up,
    logrank_test,
    n_at_risk,
    read_curve,
    weighted_quantiles,
)
from analytics.figures.miniatures import (
    Curve,
    Lane,
    Mark,
    Step,
    draw_bars,
    draw_cells,
    draw_curves,
    draw_lanes,
    draw_ratios,
)
from analytics.formats import format_count, format_number, format_percent, format_ratio
from analytics.frames import CompetingEvents, TimeToEvent, endpoint_columns
from analytics.frames.exclusions import months_of
from analytics.languages import Language, Text
from analytics.learning.curves import FOLLOWED, follow_patients
from analytics.learning.lesson import TooFewError
from analytics.learning.saying import fill
from analytics.results import Estimate, SurvivalCurve
from analytics.results.regression import Ratio

LAST = 60.0  # months that a curve is drawn for
AT, LANDMARK = 36.0, 6.0
LEAST, LEAST_EVENTS = 5, 2  # in each group of two
MOST_LANES = 7
MONTHS = Text("months", "月")
NOT_HERE = Text("The selection has too few for this picture.", "当前所选人数不足以画此图。")
OF_REFERENCE = Text(
    "Synthetic reference cohort: the open selection cannot show it.", "合成的参考队列：当前所选无法显示。"
)


@dataclass(frozen=True, slots=True)
class Miniature:
    """A picture as SVG, what its numbers say, and whether it shows the reference cohort in place of the selection."""

    svg: str
    caption: Text
    is_reference: bool = False


def draw_miniatures(
    cohort: Cohort, cohort_filter: CohortFilter, reference: Cohort, language: Language
) -> Mapping[str, Miniature]:
    """The pictures of terms by the English names of these."""
    selection = _Selection(cohort, cohort_filter, language) if _can_show(cohort) else None
    whole = _Selection(reference, CohortFilter(), language)
    return {term: _draw(maker, selection, whole) for term, maker in MAKERS.items()}


def _can_show(cohort: Cohort) -> bool:
    known, roles = cohort.variables, cohort.dictionary.roles
    is_ours = cohort.dictionary.words == load_dictionary().words
    return is_ours and not cohort.smallest_cell and all(roles.get(role) in known for role in FOLLOWED)


def _draw(maker: Maker, selection: _Selection | None, whole: _Selection) -> Miniature:
    if selection is not None:
        try:
            with speaking_by(selection.cohort.dictionary):
                return Miniature(*maker(selection))
        except (TooFewError, KeyError, IndexError):  # too few, or a column that the file does not bring
            pass
    with speaking_by(whole.cohort.dictionary):
        svg, caption = maker(whole)
        return Miniature(svg, caption, is_reference=True)


class _Selection:
    """The frames that the pictures share, each made when it is asked for."""

    def __init__(self, cohort: Cohort, cohort_filter: CohortFilter, language: Language) -> None:
        self.cohort, self.filter, self.language = cohort, cohort_filter, language

    def say(self, text: Text) -> str:
        return text.said(self.language)

    @property
    def months(self) -> str:
        return self.say(MONTHS)

    @cached_property
    def frame(self) -> TimeToEvent:
        return follow_patients(self.cohort, self.filter)

    @cached_property
    def curve(self) -> SurvivalCurve:
        return estimate_survival(self.frame.time, self.frame.event, weight=self.frame.weight).curves[0]

    @cached_property
    def two(self) -> TimeToEvent:
        """The same in two groups, by the first variable that gives two with enough in each."""
        dictionary = self.cohort.dictionary
        for name in reversed(dictionary.listed("factors at relapse")):
            variable = dictionary[name]
            frame = follow_patients(self.cohort, self.filter, variable)
            curves = estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight).curves
            if len(curves) == 2 and all(c.n >= LEAST and c.n_event >= LEAST_EVENTS for c in curves):
                return frame
        raise TooFewError(NOT_HERE)

    @cached_property
    def shares(self) -> tuple[Variable, pd.DataFrame]:
        """The first published predictor, and how many with and without it had the event; rows are its levels."""
        dictionary = self.cohort.dictionary
        variable, event = dictionary[dictionary.listed("published predictors")[0]], dictionary.role("relapse")
        tally = self.cohort.tally([event, variable.name], self.filter).dropna()
        table = tally.pivot_table(
            index=variable.name, columns=event, values="n", aggfunc="sum", fill_value=0, observed=False
        )
        table = table.reindex(index=list(variable.levels), columns=[0, 1], fill_value=0)
        if table.to_numpy().min() < LEAST_EVENTS:
            raise TooFewError(NOT_HERE)
        return variable, table


def _points(curve: SurvivalCurve) -> list[Step]:
    return [(0.0, 1.0), *zip(curve.time.tolist(), curve.estimate.tolist(), strict=True), (LAST, _last(curve))]


def _last(curve: SurvivalCurve) -> float:
    return float(curve.estimate[curve.time <= LAST][-1])


def _end(curve: SurvivalCurve) -> float:
    """Up to when a curve is drawn: no longer than somebody is followed."""
    return min(LAST, float(curve.time[-1]))


def _one(
    s: _Selection,
    said: Text,
    *,
    marks: Sequence[Mark] = (),
    counts: Sequence[tuple[float, str]] = (),
    left: Sequence[float] = (),
    band: Sequence[tuple[float, float, float]] = (),
) -> str:
    """The one curve of all, with times at which somebody ``left``."""
    drawn = Curve(_points(s.curve), marks=left, band=band)
    end = _end(s.curve)
    return draw_curves([drawn], said=s.say(said), months=s.months, last=end, marks=marks, counts=counts)


def _censored(s: _Selection) -> tuple[str, Text]:
    curve = s.curve
    times = [float(t) for t, n in zip(curve.time, curve.n_censor, strict=True) if n > 0]
    said = fill(
        Text(
            "{n} of {all} {patients} were censored: at each mark one or more left, and the curve stays level.",
            "{all} 名患儿中 {n} 名删失：每个竖线处有人离开，曲线保持水平。",
        ),
        n=format_count(int(curve.n_censor.sum())),
        all=format_count(curve.n),
    )
    return _one(s, said, left=times), said


def _at_risk(s: _Selection) -> tuple[str, Text]:
    last = _end(s.curve)
    times = [t for t in (0.0, 12.0, 24.0, 36.0, 48.0) if t < 0.95 * last]
    numbers = [format_count(int(n)) for n in n_at_risk(s.curve, times)]
    said = fill(
        Text(
            "At risk: {first} at the start, {left} at month {month}.",
            "风险集人数：开始时 {first} 人，第 {month} 个月 {left} 人。",
        ),
        first=numbers[0],
        left=numbers[-1],
        month=f"{times[-1]:g}",
    )
    return _one(s, said, counts=list(zip(times, numbers, strict=True))), said


def _kaplan_meier(s: _Selection) -> tuple[str, Text]:
    curve = s.curve
    first = int(np.flatnonzero(curve.n_event_at > 0)[0])
    said = fill(
        Text(
            "First step: {died} of {risk} at risk died, and the curve falls from 100 % to {left}.",
            "第一级台阶：风险集 {risk} 人中 {died} 人死亡，曲线从 100% 降到 {left}。",
        ),
        died=format_count(int(curve.n_event_at[first])),
        risk=format_count(int(curve.n_risk[first])),
        left=format_percent(float(curve.estimate[first])),
    )
    return _one(s, said), said


def _probability(s: _Selection) -> tuple[str, Text]:
    here = _known(read_curve(s.curve, [AT])[0])
    said = fill(
        Text("Month {month}: an estimated {share} are still alive.", "第 {month} 个月：估计仍有 {share} 存活。"),
        month=f"{AT:g}",
        share=format_percent(here),
    )
    return _one(s, said, marks=[Mark(format_percent(here), x=AT)]), said


def _known(estimate: Estimate) -> float:
    if estimate.value is None:
        raise TooFewError(NOT_HERE)
    return estimate.value


def _median(s: _Selection) -> tuple[str, Text]:
    median = s.curve.median.value
    if median is None:
        said = fill(
            Text("Not reached: the curve ends above 50 %, at {share}.", "未达到：曲线末端为 {share}，高于 50%。"),
            share=format_percent(_last(s.curve)),
        )
    else:
        said = fill(
            Text("The curve reaches 50 % at month {month}.", "曲线在第 {month} 个月降到 50%。"),
            month=format_number(median, 1),
        )
    return _one(s, said, marks=[Mark("50%", y=0.5)]), said


def _interval(s: _Selection) -> tuple[str, Text]:
    curve = s.curve
    band = [
        (float(t), float(low), float(high))
        for t, low, high in zip(curve.time, curve.low, curve.high, strict=True)
        if not (np.isnan(low) or np.isnan(high))
    ]
    here = read_curve(curve, [AT])[0]
    if here.interval is None:
        raise TooFewError(NOT_HERE)
    said = fill(
        Text(
            "Month {month}: {share}, and with 95 % confidence between {low} and {high}.",
            "第 {month} 个月：{share}，95% 置信区间为 {low} 至 {high}。",
        ),
        month=f"{AT:g}",
        share=format_percent(here.value),
        low=format_percent(here.interval.low),
        high=format_percent(here.interval.high),
    )
    return _one(s, said, band=band), said


def _follow_up(s: _Selection) -> tuple[str, Text]:
    frame, curve = s.frame, s.curve
    left = estimate_survival(frame.time, 1 - frame.event, weight=frame.weight).curves[0]
    median = _known(follow_up(frame.time, frame.event, weight=frame.weight))
    said = fill(
        Text(
            "Median follow-up {month} months: the grey curve, of those still followed, reaches 50 % there.",
            "中位随访 {month} 个月：灰色曲线（仍在随访者）在此降到 50%。",
        ),
        month=format_number(median, 1),
    )
    curves = [Curve(_points(curve)), Curve(_points(left), colour="quiet", dashed=True)]
    marks = [Mark("50%", y=0.5)]
    return draw_curves(curves, said=s.say(said), months=s.months, last=_end(curve), marks=marks), said


def _mean(s: _Selection) -> tuple[str, Text]:
    frame = s.frame
    found = estimate_restricted_mean(frame.time, frame.event, weight=frame.weight, horizon=AT).groups[0]
    said = fill(
        Text(
            "Within {years} months they live {mean} months on average: the shaded area.",
            "在 {years} 个月内平均存活 {mean} 个月：即阴影面积。",
        ),
        years=f"{AT:g}",
        mean=format_number(_known(found.mean), 1),
    )
    whole = _points(s.curve)
    shaded = [*(p for p in whole if p[0] <= AT), (AT, [p for p in whole if p[0] <= AT][-1][1])]
    curves = [Curve(shaded, is_filled=True), Curve(whole)]
    marks = [Mark(f"{AT:g}", x=AT)]
    return draw_curves(curves, said=s.say(said), months=s.months, last=_end(s.curve), marks=marks), said


def _landmark(s: _Selection) -> tuple[str, Text]:
    (left,) = n_at_risk(s.curve, [LANDMARK])
    said = fill(
        Text(
            "{n} of {all} {patients} are alive and followed at month {month}; only they count, from then on.",
            "{all} 名患儿中 {n} 名在第 {month} 个月仍存活并在随访；只有他们计入，并从此计时。",
        ),
        n=format_count(int(left)),
        all=format_count(s.curve.n),
        month=f"{LANDMARK:g}",
    )
    return _one(s, said, marks=[Mark(format_count(int(left)), x=LANDMARK)]), said


def _compared(s: _Selection, said: Text) -> str:
    frame = s.two
    curves = estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight).curves
    assert frame.variable is not None
    drawn = [
        Curve(_points(curve), frame.variable.level_label(curve.group), colour)
        for curve, colour in zip(curves, ("one", "two"), strict=True)
    ]
    return draw_curves(drawn, said=s.say(said), months=s.months, last=min(map(_end, curves)))


def _hazard_ratio(s: _Selection) -> tuple[str, Text]:
    frame = s.two
    assert frame.variable is not None
    covariates = pd.DataFrame({frame.variable.name: frame.group})
    model = estimate_hazard_ratios(frame.time, frame.event, covariates, weight=frame.weight, conf_type="profile")
    (term,) = (term for term in model.terms if not term.is_reference)
    said = fill(
        Text(
            "{what}: hazard ratio {ratio}, 95 % interval {limits}.", "{what}：危险比 {ratio}，95% 置信区间 {limits}。"
        ),
        what=frame.variable.label,
        ratio=format_ratio(_known(term.ratio)),
        limits=_limits(term),
    )
    return _compared(s, said), said


def _limits(term: Ratio) -> str:
    found = term.ratio.interval  # type: ignore[attr-defined]  # every kind of ratio has one
    return "–" if found is None else f"{format_ratio(found.low)}–{format_ratio(found.high)}"


def _log_rank(s: _Selection) -> tuple[str, Text]:
    frame = s.two
    assert frame.variable is not None
    test = logrank_test(frame.time, frame.event, frame.group, weight=frame.weight)
    rows = []
    for group, colour in zip(test.groups, ("one", "two"), strict=True):
        name = frame.variable.level_label(group.group)
        for text, number in (
            (Text("{name}: had", "{name}：实际"), group.observed),
            (Text("{name}: if alike", "{name}：若相同"), group.expected),
        ):
            label = s.say(fill(text, name=name))
            share = number / max(*test.observed, *test.expected)
            look = colour if number == group.observed else "quiet"
            rows.append((label, share, format_number(number, 1), look))
    said = fill(
        Text(
            "{what}: deaths that each group had, against those if both fared alike.",
            "{what}：各组实际死亡数，与假如两组相同时应有的死亡数。",
        ),
        what=frame.variable.label,
    )
    return draw_bars(rows, said=s.say(said)), said


def _two_shares(s: _Selection) -> tuple[Variable, list[tuple[str, int, int]]]:
    variable, table = s.shares
    rows = [(_name_level(variable, str(level)), int(row[1]), int(row.sum())) for level, row in table.iterrows()]
    return variable, rows


def _name_level(variable: Variable, level: str) -> str:
    return f"{variable.label}: {variable.level_label(level)}"


def _draw_shares(s: _Selection, rows: Sequence[tuple[str, int, int]], texts: Sequence[str], said: Text) -> str:
    bars = [
        (name, some / n, text, colour)
        for (name, some, n), text, colour in zip(rows, texts, ("one", "two"), strict=True)
    ]
    return draw_bars(bars, said=s.say(said))


def _odds_ratio(s: _Selection) -> tuple[str, Text]:
    variable, table = s.shares
    cells = [(str(level), event, float(table.loc[level, event])) for level in table.index for event in (0, 1)]
    levels, outcome, people = zip(*cells, strict=True)
    covariates = pd.DataFrame({variable.name: pd.Categorical(levels, list(variable.levels))})
    model = estimate_odds_ratios(np.array(outcome, dtype=float), covariates, weight=np.array(people))
    (term,) = (term for term in model.terms if not term.is_reference)
    _, rows = _two_shares(s)
    texts = [f"{some} : {n - some}" for _, some, n in rows]
    said = fill(
        Text(
            "With {relapse} against without: {other} and {first}, an odds ratio of {ratio} ({limits}).",
            "{relapse}与未{relapse}人数：{other} 和 {first}，比值比 {ratio}（{limits}）。",
        ),
        first=texts[0],
        other=texts[1],
        ratio=format_ratio(_known(term.ratio)),
        limits=_limits(term),
    )
    return _draw_shares(s, rows, texts, said), said


def _relative_risk(s: _Selection) -> tuple[str, Text]:
    _, rows = _two_shares(s)
    shares = [some / n for _, some, n in rows]
    texts = [f"{some} / {n} = {format_percent(some / n)}" for _, some, n in rows]
    said = fill(
        Text("{other} divided by {first}: {ratio}.", "{other} 除以 {first}：{ratio}。"),
        first=format_percent(shares[0]),
        other=format_percent(shares[1]),
        ratio=format_ratio(shares[1] / shares[0]),
    )
    return _draw_shares(s, rows, texts, said), said


def _forest(s: _Selection) -> tuple[str, Text]:
    dictionary = s.cohort.dictionary
    event = dictionary.role("relapse")
    names = [name for name in dictionary.listed("published predictors") if name in s.cohort.variables]
    tally = s.cohort.tally([event, *names], s.filter).dropna()
    covariates = pd.DataFrame({n: pd.Categorical(tally[n], list(dictionary[n].levels)) for n in names})
    model = estimate_odds_ratios(
        tally[event].to_numpy(float), covariates, weight=tally["n"].to_numpy(float), conf_type="profile"
    )
    if len(names) < 2 or model.reason is not None:
        raise TooFewError(NOT_HERE)
    rows: list[tuple[str, float | None, float, float, str]] = []
    for term in model.terms:
        found = term.odds_ratio
        if not term.is_reference and found.value is not None and found.interval is not None:
            text = f"{format_ratio(found.value)} ({_limits(term)})"
            low, high = found.interval.low or 0.0, found.interval.high or math.inf
            rows.append((dictionary[term.variable].label, found.value, low, high, text))
    said = fill(
        Text(
            "Odds ratios of {relapse}, all factors in one model, {n} {patients}.",
            "{relapse}的比值比，所有因素在同一模型中，{n} 名患儿。",
        ),
        n=format_count(model.n),
    )
    return draw_ratios(rows, said=s.say(said)), said


def _separation(s: _Selection) -> tuple[str, Text]:
    dictionary = s.cohort.dictionary
    variable = dictionary[dictionary.listed("sites of relapse")[1]]
    frame = follow_patients(s.cohort, s.filter, variable)
    curves = estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight).curves
    groups = [(variable.level_label(c.group), c.n_event, c.n - c.n_event) for c in curves if c.n >= LEAST]
    if len(groups) < 2 or all(died for _, died, _ in groups):
        raise TooFewError(NOT_HERE)
    none = next(name for name, died, _ in groups if not died)
    said = fill(
        Text(
            "Nobody died in the group “{group}”: ordinary methods give no finite ratio.",
            "“{group}”组无人死亡：通常的方法得不到有限的比值。",
        ),
        group=none,
    )
    heads = [s.say(text) for text in (Text("Died", "死亡"), Text("Alive", "存活"))]
    rows = [(name, (format_count(died), format_count(alive))) for name, died, alive in groups]
    return draw_cells(heads, rows, "0", said=s.say(said)), said


def _incidence(s: _Selection) -> tuple[str, Text]:
    dictionary = s.cohort.dictionary
    endpoint = list_competing(s.cohort)[-1]
    cause = dictionary[endpoint.cause]
    frame = CompetingEvents.from_tally(s.cohort.tally(endpoint_columns(endpoint), s.filter), endpoint, cause)
    n_event = int(frame.weight @ (frame.cause == 1))
    if frame.weight.sum() < 20 or n_event < LEAST:
        raise TooFewError(NOT_HERE)
    found = estimate_cumulative_incidence(frame.time, frame.cause, weight=frame.weight, causes=cause.levels[1:])
    (curve,) = found.for_cause(cause.levels[1])
    naive = estimate_survival(frame.time, frame.cause == 1, weight=frame.weight).curves[0]
    last = min(LAST, float(curve.time[-1]))
    shares = [_known(e) for e in (read_curve(curve, [AT])[0], read_curve(naive, [AT])[0])]
    said = fill(
        Text(
            "{event} by month {month}: {share}; one minus Kaplan–Meier says {naive}.",
            "到第 {month} 个月{event}：{share}；1 − Kaplan–Meier 为 {naive}。",
        ),
        event=Text(cause.level_label(cause.levels[1]).capitalize(), "第二次复发"),
        month=f"{AT:g}",
        share=format_percent(shares[0]),
        naive=format_percent(1 - shares[1]),
    )
    up = [(0.0, 0.0), *zip(curve.time.tolist(), curve.estimate.tolist(), strict=True)]
    too_high = [(t, 1 - share) for t, share in _points(naive)]
    top = 0.5 if max(share for t, share in too_high if t <= last) <= 0.5 else 1.0
    up.append((LAST, up[-1][1]))
    curves = [Curve(up, "", "one"), Curve(too_high, "1 − KM", "quiet", dashed=True)]
    return draw_curves(curves, said=s.say(said), months=s.months, last=last, top=top), said


def _immortal(s: _Selection) -> tuple[str, Text]:
    role = s.cohort.dictionary.role
    time, event, given = role("follow-up from relapse"), role("death after relapse"), role("HSCT day")
    tally = s.cohort.tally([time, event, given], s.filter).dropna()
    waits, ends = months_of(tally, given), months_of(tally, time)
    people, died = tally["n"].to_numpy(), tally[event].to_numpy()
    known = waits <= ends
    if people[known].sum() < LEAST:
        raise TooFewError(NOT_HERE)
    (median,) = weighted_quantiles(waits[known], people[known], (0.5,)) or (0.0,)
    order = np.flatnonzero(known)[np.argsort(waits[known], kind="stable")]
    some = order[np.unique(np.linspace(0, len(order) - 1, MOST_LANES).round().astype(int))]
    lanes = [Lane(float(waits[i]), min(float(ends[i]), LAST), bool(died[i])) for i in some]
    said = fill(
        Text(
            "{n} were {given HSCT}, half of them after {months} months or more: none of them could die before.",
            "{n} 名患儿接受移植，其中一半在 {months} 个月或更久之后：在此之前他们都不可能死亡。",
        ),
        n=format_count(int(people[known].sum())),
        months=format_number(median, 1),
    )
    names = (s.say(Text("waiting", "等待")), s.say(fill(Text("{given HSCT}", "移植后"))))
    return draw_lanes(lanes, said=s.say(said), months=s.months, names=names), said


Maker = Callable[[_Selection], tuple[str, Text]]
MAKERS: Mapping[str, Maker] = {
    "Censored": _censored,
    "At risk": _at_risk,
    "Kaplan–Meier estimate": _kaplan_meier,
    "Survival probability": _probability,
    "Median survival": _median,
    "Confidence interval": _interval,
    "Median follow-up": _follow_up,
    "Restricted mean survival": _mean,
    "Landmark": _landmark,
    "Hazard ratio": _hazard_ratio,
    "Log-rank test": _log_rank,
    "Odds ratio": _odds_ratio,
    "Relative risk": _relative_risk,
    "Forest plot": _forest,
    "Separation": _separation,
    "Cumulative incidence": _incidence,
    "Immortal time": _immortal,
}
