"""Lesson 6: curves that cross, the log-rank test, and one hazard ratio for one that changes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.choices import WEIGHTINGS
from analytics.dictionary import PHASES, Endpoint, Variable
from analytics.document import Picture
from analytics.estimators import (
    estimate_hazard_ratios,
    estimate_survival,
    estimate_survival_differences,
    find_crossings,
    logrank_test,
    n_at_risk,
    survival_at,
)
from analytics.figures.taught import point_at
from analytics.formats import format_count, format_interval, format_p, format_p_phrase, format_plain, format_ratio
from analytics.frames import TimeToEvent
from analytics.languages import Language, Text
from analytics.learning.answers import Answer, Check, Choice, Claim, Question
from analytics.learning.curves import FOLLOWED, draw_curves, follow_patients
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.naming import name_level, name_variable, speak_level
from analytics.learning.saying import both, fill
from analytics.results import (
    Estimate,
    HazardRatioResult,
    Result,
    SurvivalCurve,
    SurvivalDifference,
    SurvivalResult,
    TestResult,
)

LEAST, LEAST_DEATHS, LEAST_OF_BOTH = 8, 1, 5  # patients and deaths in either group, deaths in both
LEAST_AT_RISK = 5
# How far apart on both sides: the pair that crosses most, or comes nearest to it, is shown.
STEPS = tuple(step / 100 for step in range(30, 0, -1))
MONTHS = tuple(float(month) for month in range(1, 61))
RANGES = (
    ("0.01", 0.01, Text("below 0.01", "小于 0.01")),
    ("0.05", 0.05, Text("0.01 to below 0.05", "0.01 至不满 0.05")),
    ("0.2", 0.2, Text("0.05 to below 0.2", "0.05 至不满 0.2")),
    ("1", 1.01, Text("0.2 or above", "0.2 及以上")),
)
TOO_FEW = Text(
    "This lesson needs two groups with {least} {patients} and a death each; the selection has none such.",
    "本课需要两个各有至少 {least} 名患儿且均有死亡的组；当前所选中没有。",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two groups of a variable, how many pairs there were to choose from, and how far they differ on both sides."""

    frame: TimeToEvent
    variable: Variable
    groups: tuple[str, str]
    n_pairs: int

    def arrays(self) -> dict[str, Any]:
        """What estimators take, of the two groups alone."""
        rows = np.isin(np.asarray(self.frame.group), self.groups)
        levels = [level for level in self.frame.group.categories if level in self.groups]
        group = pd.Categorical(np.asarray(self.frame.group)[rows], levels)
        return {name: value for name, value in self.frame.arrays(rows).items() if name != "strata"} | {"group": group}


@dataclass(frozen=True, slots=True)
class Crossing(Result):
    """Two curves, where they cross, their differences early and late, one test and one hazard ratio.

    ``deaths`` are those of each group by the times of the differences. ``tests`` are those of every weighting, under their
    names; ``setting`` is the one that is looked at.
    """

    endpoint: Endpoint
    variable: Variable
    curves: SurvivalResult
    crossings: tuple[float, ...]
    differences: tuple[SurvivalDifference, ...]
    deaths: tuple[tuple[int, int], ...]
    tests: dict[str, TestResult]
    setting: str
    hazard: HazardRatioResult
    n_pairs: int

    no_rule: ClassVar[str] = "times at which curves cross, beside curves that are judged by themselves"

    @property
    def test(self) -> TestResult:
        """The test that is looked at."""
        return self.tests[self.setting]

    @property
    def names(self) -> tuple[Text, Text]:
        """The two groups, the reference first."""
        one, other = (_name(self.variable, curve.group) for curve in self.curves.curves)
        return one, other

    @property
    def ratio(self) -> Estimate:
        """The one hazard ratio."""
        (term,) = (term for term in self.hazard.terms if not term.is_reference)
        return term.hazard_ratio


class CrossingCurves(Lesson[Pair, Crossing]):
    """The log-rank test and curves that cross."""

    slug = "crossing-curves"
    order = 6
    title = Text("Curves that cross, and the log-rank test", "交叉的曲线与对数秩检验")
    about = Text("A large p may hide two differences.", "p 值大，也可能掩盖了两个差异。")
    before = (
        Text(
            "The log-rank test goes from death to death. At each it compares the deaths of a group with those expected if both "
            "groups fared alike, and adds the differences up over the whole time. A large sum gives a small p.",
            "对数秩检验逐个死亡时间进行：每一次都把某组的死亡数与“两组相同时”的期望死亡数相比，并把差值在整个随访期内相加。"
            "总和越大，p 值越小。",
        ),
    )
    control = Control(
        "try_weights",
        "Which deaths weigh most",
        "one",
        "logrank",
        (("logrank", "log-rank"), ("peto", "early"), ("tarone-ware", "rather early"), ("late", "late")),
    )
    control_label = Text("Which deaths weigh most", "哪些死亡权重更大")
    labels: ClassVar[dict[str, Text]] = {
        "logrank": Text("all alike (log-rank)", "全部相同（对数秩）"),
        "tarone-ware": Text("rather the early ones (Tarone–Ware)", "偏早期 (Tarone–Ware)"),
        "peto": Text("the early ones (Peto–Peto)", "早期 (Peto–Peto)"),
        "late": Text("the late ones (Fleming–Harrington 0, 1)", "晚期 (Fleming–Harrington 0, 1)"),
    }
    move = Text(
        "Choose which deaths weigh most, and watch the p of the same curves.",
        "选择哪些死亡权重更大，观察同样曲线的 p 值。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text(
                "Two curves cross clearly; the log-rank p is 0.4. What follows?",
                "两条曲线明显交叉，对数秩检验 p = 0.4。说明什么？",
            ),
            (
                Text("The groups do not differ.", "两组没有差别。"),
                Text("Differences of opposite sign may have cancelled.", "方向相反的差异可能互相抵消。"),
                Text("The curves were drawn wrongly.", "曲线画错了。"),
            ),
            1,
            Text(
                "The test adds the differences up: more deaths than expected early and fewer late give a small sum.",
                "检验把差值相加：早期多于期望、晚期少于期望，总和就小。",
            ),
        ),
        Check(
            Text("What describes two crossing curves worst?", "以下哪项最不适合描述两条交叉的曲线？"),
            (
                Text("Survival of each group at 12 months", "各组 12 个月时的生存"),
                Text("The month in which they cross", "曲线交叉的月份"),
                Text("One hazard ratio for the whole time", "整个随访期的一个危险比 (HR)"),
            ),
            2,
            Text(
                "It averages a ratio that changes, and may hold at no time.",
                "它把随时间变化的比值平均，可能在任何时间都不成立。",
            ),
        ),
        Check(
            Text("When is the weighting of a test to be chosen?", "检验的权重应在什么时候选定？"),
            (
                Text("Before the curves are seen", "在看到曲线之前"),
                Text("Once the curves show where they differ", "在曲线显示差异所在之后"),
                Text("When the first p is too large", "在第一个 p 值过大时"),
            ),
            0,
            Text(
                "Whoever picks the smallest of several p values finds small ones by chance alone.",
                "从多个 p 值中挑最小的，仅凭机遇也会得到小的 p 值。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return FOLLOWED

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> Pair:
        everybody = follow_patients(cohort, cohort_filter)
        pairs: list[tuple[int, float, Pair]] = []
        for variable in _list_groups(cohort, everybody.endpoint.phase):
            try:
                frame = follow_patients(cohort, cohort_filter, variable)
            except TooFewError:
                continue
            curves = estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight).curves
            for one, other in combinations([c for c in curves if c.n >= LEAST and c.n_event >= LEAST_DEATHS], 2):
                if one.n_event + other.n_event >= LEAST_OF_BOTH:
                    found = Pair(frame, variable, (one.group, other.group), 0)
                    pairs.append((_rank(one, other), -one.n_event - other.n_event, found))
        if not pairs:
            raise TooFewError(fill(TOO_FEW, least=str(LEAST)))
        _, _, best = min(pairs, key=lambda pair: pair[:2])
        return Pair(best.frame, best.variable, best.groups, len(pairs))

    def compute(self, frame: Pair, setting: Any) -> Crossing:
        arrays = frame.arrays()
        curves = estimate_survival(**arrays)
        one, other = curves.curves
        crossings = find_crossings(one, other)
        moments = _moments(one, other, crossings)
        covariates = pd.DataFrame({"group": arrays["group"]})
        followed = {name: arrays[name] for name in ("time", "event", "weight", "entry")}
        return Crossing(
            frame.frame.endpoint,
            frame.variable,
            curves,
            crossings,
            estimate_survival_differences(**arrays, times=moments),
            tuple(
                (a.n_event, b.n_event)
                for a, b in zip(survival_at(one, moments), survival_at(other, moments), strict=True)
            ),
            {name: logrank_test(**arrays, **given) for name, given in WEIGHTINGS.items()},
            str(setting),
            estimate_hazard_ratios(covariates=covariates, **followed, conf_type="profile"),
            frame.n_pairs,
        )

    def ask(self, found: Crossing) -> Question:
        one, other = found.curves.curves
        text = Text(
            "{variable}: “{one}” ({n_one} {patients}) and “{other}” ({n_other}). Here are their curves. Which p does the "
            "log-rank test give?",
            "{variable}：“{one}”（{n_one} 名患儿）与“{other}”（{n_other} 名）。曲线如图。对数秩检验的 p 值是多少？",
        )
        counts = {"n_one": format_count(one.n), "n_other": format_count(other.n)}
        return Question(fill(text, **_names(found), **counts), Choice(tuple((code, text) for code, _, text in RANGES)))

    def truth(self, found: Crossing) -> Answer:
        p_value = found.tests["logrank"].p_value
        return next(code for code, below, _ in RANGES if (1.0 if p_value is None else p_value) < below)

    def picture(
        self, found: Crossing, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        labels = {curve.group: _name(found.variable, curve.group) for curve in found.curves.curves}
        figure = draw_curves(found.curves, found.endpoint, language, labels=labels)
        title = name_variable(found.variable).said(language)
        if not revealed:
            said = Text("Two survival curves, from the {relapse} on.", "两条自复发起的生存曲线。")
            return Picture(title, figure, fill(said).said(language))
        if found.crossings:
            figure = point_at(figure, found.crossings[0], Text("they cross", "交叉").said(language))
        return Picture(title, figure, " ".join(text.said(language) for text in self.shown(self.tell(found))))

    def explain(self, found: Crossing) -> tuple[Claim, ...]:
        p_value, crosses = found.tests["logrank"].p_value or 1.0, bool(found.crossings)
        terms: dict[str, Any] = {
            **_names(found),
            "month": format_plain(found.crossings[0], 1) if crosses else "",
            "p": format_p_phrase(p_value),
            "hazard": format_ratio(found.ratio.value),
            "limits": format_interval(found.ratio.interval),
            "n_pairs": format_count(found.n_pairs),
        }
        crossed = Text("The curves cross at month {month}.", "曲线在第 {month} 个月交叉。")
        often = Text(
            "The curves cross more than once, first at month {month}.", "曲线不止一次交叉，第一次在第 {month} 个月。"
        )
        nearest = Text(
            "No two groups of this selection have curves that cross by 5 points on both sides; these two come nearest to it.",
            "当前所选中没有两组的曲线在交叉两侧都相差至少 5 个百分点；这两组最为接近。",
        )
        cancelled = Text(
            "The log-rank test gives {p}: what one group is ahead early counts against what it is behind later. A large p is no "
            "proof that the groups fare alike.",
            "对数秩检验 {p}：一组早期的领先与后期的落后互相抵消。p 值大并不证明两组相同。",
        )
        outweighed = Text(
            "The log-rank test gives {p} all the same: one of the two differences outweighs the other.",
            "尽管如此，对数秩检验 {p}：两个差异中有一个压过了另一个。",
        )
        apart = Text(
            "The log-rank test gives {p}. Where curves do cross, differences of opposite sign count against one another.",
            "对数秩检验 {p}。若曲线交叉，方向相反的差异会互相抵消。",
        )
        averaged = Text(
            "One hazard ratio for the whole time, “{other}” against “{one}”, is {hazard} (95 % interval {limits}). It averages a "
            "ratio that changes and cannot tell of the crossing.",
            "整个随访期的一个危险比（“{other}”相对“{one}”）为 {hazard}（95 % 置信区间 {limits}）。"
            "它把变化的比值平均，看不出交叉。",
        )
        assumed = Text(
            "One hazard ratio for the whole time, “{other}” against “{one}”, is {hazard} (95 % interval {limits}). It takes the "
            "ratio as the same at all times.",
            "整个随访期的一个危险比（“{other}”相对“{one}”）为 {hazard}（95 % 置信区间 {limits}）。它假定该比值在任何时间都相同。",
        )
        picked = Text(
            "These two were picked for their crossing among {n_pairs} pairs of groups: here no p is a finding.",
            "这两组是因交叉而从 {n_pairs} 对组中挑出的：此处的任何 p 值都不是结论。",
        )
        only = Text("No other two groups are large enough to be compared.", "没有其他足够大的两组可供比较。")
        has_ratio = found.ratio.value is not None
        return (
            Claim(fill(crossed, **terms), len(found.crossings) == 1),
            Claim(fill(often, **terms), len(found.crossings) > 1),
            Claim(fill(nearest, **terms), not crosses and found.n_pairs > 1),
            *(claim for place in range(len(found.differences)) for claim in _claim_gap(found, place)),
            Claim(fill(cancelled, **terms), crosses and p_value >= 0.05),
            Claim(fill(outweighed, **terms), crosses and p_value < 0.05),
            Claim(fill(apart, **terms), not crosses),
            Claim(fill(averaged, **terms), crosses and has_ratio),
            Claim(fill(assumed, **terms), not crosses and has_ratio),
            Claim(fill(picked, **terms), found.n_pairs > 1),
            Claim(fill(only), found.n_pairs == 1),
        )

    def tell(self, found: Crossing) -> tuple[Claim, ...]:
        values = [test.p_value for test in found.tests.values() if test.p_value is not None]
        p_value = found.test.p_value
        said = Text("Deaths weighed {which}: {p}.", "死亡权重：{which}；{p}。")
        hidden = Text("Too few for a p to be shown.", "人数太少，不显示 p 值。")
        spread = Text(
            "The four weightings give p from {least} to {most}, of the same curves. Choose one before you look.",
            "同样的曲线，四种权重的 p 值从 {least} 到 {most}。应在看之前选定。",
        )
        ends = {"least": format_p(min(values)), "most": format_p(max(values))} if values else {"least": "", "most": ""}
        which = {
            "logrank": Text("all alike (log-rank)", "全部相同（对数秩）"),
            "tarone-ware": Text("rather by the early ones (Tarone–Ware)", "偏早期 (Tarone–Ware)"),
            "peto": Text("by the early ones (Peto–Peto)", "早期 (Peto–Peto)"),
            "late": Text("by the late ones (Fleming–Harrington 0, 1)", "晚期 (Fleming–Harrington 0, 1)"),
        }[found.setting]
        return (
            Claim(fill(said, which=which, p=format_p_phrase(p_value)), p_value is not None),
            Claim(hidden, p_value is None),
            Claim(fill(spread, **ends), len(values) == len(WEIGHTINGS)),
        )


def _list_groups(cohort: Cohort, phase: str) -> list[Variable]:
    """The groups that are known when the clock starts."""
    known = [v for v in cohort.dictionary.groups if v.name in cohort.variables]
    return [v for v in known if PHASES.index(v.phase) <= PHASES.index(phase)]


def _rank(one: SurvivalCurve, other: SurvivalCurve) -> int:
    """The place of the largest difference on both sides of a crossing; the end without any."""
    found = (place for place, step in enumerate(STEPS) if find_crossings(one, other, min_difference=step))
    return next(found, len(STEPS))


def _moments(one: SurvivalCurve, other: SurvivalCurve, crossings: tuple[float, ...]) -> list[float]:
    """A month before the first crossing and one after it at which the curves are furthest apart; without, early and late."""
    fewest = np.minimum(n_at_risk(one, MONTHS), n_at_risk(other, MONTHS))
    months = [month for month, few in zip(MONTHS, fewest.tolist(), strict=True) if few >= LEAST_AT_RISK]
    if not months:
        return []
    if not crossings:
        return sorted({months[len(months) // 3], months[-1]})
    gaps = {
        month: (a.value or 0.0) - (b.value or 0.0)
        for month, a, b in zip(months, survival_at(one, months), survival_at(other, months), strict=True)
    }
    before = [month for month in months if month < crossings[0]]
    end = crossings[1] if len(crossings) > 1 else np.inf
    after = [month for month in months if crossings[0] <= month < end]
    return [max(side, key=lambda month: abs(gaps[month])) for side in (before, after) if side]


def _names(found: Crossing) -> dict[str, str | Text]:
    one, other = found.names
    return {"variable": name_variable(found.variable), "one": one, "other": other}


def _name(variable: Variable, level: str) -> Text:
    """A group as sentences and keys call it: "yes" alone would not do."""
    return speak_level(variable, level) if variable.spoken else name_level(variable, level)


def _claim_gap(found: Crossing, place: int) -> tuple[Claim, Claim]:
    """The difference at a time, or how many had died by then where it is not shown."""
    is_known = found.differences[place].difference.value is not None
    gap = _say_difference(found, found.differences[place])
    return Claim(gap, is_known), Claim(_say_deaths(found, place), not is_known)


def _say_deaths(found: Crossing, place: int) -> Text:
    """How many had died by a time, where the difference is not shown."""
    text = Text(
        "By month {month}, {dead_one} of {n_one} “{one}” and {dead_other} of {n_other} “{other}” had died: too few for a "
        "difference to be given.",
        "到第 {month} 个月，“{one}” {n_one} 名中死亡 {dead_one} 名，“{other}” {n_other} 名中死亡 {dead_other} 名："
        "太少，不给出差值。",
    )
    numbers = (*found.deaths[place], *(curve.n for curve in found.curves.curves))
    counts = dict(zip(("dead_one", "dead_other", "n_one", "n_other"), map(format_count, numbers), strict=True))
    return fill(text, month=f"{found.differences[place].time:g}", **_names(found), **counts)


def _say_difference(found: Crossing, difference: SurvivalDifference) -> Text:
    """Which group is ahead at a time, and by how much."""
    value, interval = difference.difference.value or 0.0, difference.difference.interval
    one, other = found.names
    ahead, behind = (other, one) if value > 0 else (one, other)
    text = Text(
        "Month {month}: “{ahead}” is {points} points above “{behind}”{limits}.",
        "第 {month} 个月：“{ahead}”高于“{behind}” {points} 个百分点{limits}。",
    )
    level = Text("Month {month}: the two are level.", "第 {month} 个月：两组相同。")
    limits = Text("", "")
    if interval is not None and interval.low is not None and interval.high is not None:
        ends = sorted(100 * (end if value > 0 else -end) for end in (interval.low, interval.high))
        said = f"{format_plain(ends[0], 1)} … {format_plain(ends[1], 1)}"
        limits = Text(f" (95 % interval {said})", f"（95 % 置信区间 {said}）")
    terms: dict[str, Any] = {
        "ahead": ahead,
        "behind": behind,
        "points": both(format_plain(abs(100 * value), 1)),
        "limits": limits,
    }
    return fill(text if value else level, month=f"{difference.time:g}", **terms)
