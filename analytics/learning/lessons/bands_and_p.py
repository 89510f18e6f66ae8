"""Lesson 5: what overlapping bands and a p value say of two curves, and what they do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Endpoint, Variable
from analytics.document import Picture
from analytics.estimators import (
    estimate_survival,
    estimate_survival_differences,
    logrank_test,
    n_at_risk,
    read_curve,
)
from analytics.figures.taught import point_at
from analytics.formats import format_count, format_p_phrase, format_percent, format_percent_interval, format_plain
from analytics.frames import TimeToEvent
from analytics.languages import Language, Text
from analytics.learning.answers import Answer, Check, Choice, Claim, Question
from analytics.learning.curves import FOLLOWED, draw_curves, follow_patients, say_share
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.naming import name_level, speak_level
from analytics.learning.saying import both, fill
from analytics.results import Estimate, Result, SurvivalDifference, SurvivalResult, TestResult

MONTHS = (36.0, 24.0, 12.0)  # compared at: the first at which enough are at risk in both groups
ROLES = (
    "marrow involvement",
    "MRD after induction",
    "MRD during induction",
    "lineage",
)  # the first with two such groups
PER_GROUP, AT_RISK = 5, 3
UNTIL = ((0.01, "tiny"), (0.05, "small"), (0.2, "middling"), (1.1, "large"))
OPTIONS = (
    ("tiny", Text("below 0.01", "小于 0.01")),
    ("small", Text("0.01 to below 0.05", "0.01 至小于 0.05")),
    ("middling", Text("0.05 to below 0.20", "0.05 至小于 0.20")),
    ("large", Text("0.20 or more", "0.20 或以上")),
)
TOO_FEW = Text(
    "This lesson needs two groups of at least {least} {patients} each, with {at_risk} still at risk after a year.",
    "本课需要两组各至少 {least} 名患儿，且一年时风险集各有 {at_risk} 人。",
)


@dataclass(frozen=True, slots=True)
class Compared(Result):
    """Two curves, each patient counted ``copies`` times, read at one ``month``; their difference there, and the log-rank test."""

    endpoint: Endpoint
    variable: Variable
    curves: SurvivalResult
    copies: int
    month: float
    shares: tuple[Estimate, ...]
    difference: SurvivalDifference
    test: TestResult

    no_rule: ClassVar[str] = "a time and a number, beside curves, estimates and a test that are judged by themselves"

    @property
    def overlap(self) -> bool:
        """True if the intervals of the two curves have values in common."""
        (low, high), (low_other, high_other) = (_limits(share) for share in self.shares)
        return low <= high_other and low_other <= high

    @property
    def is_small(self) -> bool:
        """True if p is below 0.05."""
        return self.test.p_value is not None and self.test.p_value < 0.05


class BandsAndP(Lesson[TimeToEvent, Compared]):
    """Two curves whose bands overlap, and the p value of their test."""

    slug = "bands-and-p"
    order = 5
    title = Text("Bands against p values", "置信带与 p 值")
    about = Text(
        "Overlap is no test, and p is no probability of “no effect”.", "重叠不是检验，p 也不是“没有差异”的概率。"
    )
    before = (
        Text(
            "The band around a curve is its 95 % interval: at each time, the values that fit these {patients} well.",
            "曲线周围的带是 95 % 置信区间：在每个时间，与这些患儿的数据相符的取值。",
        ),
        Text(
            "The log-rank test compares two whole curves. Its p says how often chance alone would make a difference at least "
            "this large if both groups in truth fared alike.",
            "对数秩检验比较两条完整的曲线。p 值表示：如果两组实际上相同，仅凭偶然出现至少这么大差异的频率。",
        ),
    )
    control = Control("try_copies", "Each counted this many times", "number", 1, limits=(1, 8), step=1)
    control_label = Text("Count each of them this many times", "把每个人重复计算的次数")
    move = Text(
        "See what more of the same would do. Copies are no real {patients}: this only shows how bands and p depend on numbers.",
        "看看同样的数据增多会怎样。复制并不是真正的患儿：这只说明置信带和 p 值如何取决于人数。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text("p = 0.078. What does that say?", "p = 0.078 说明什么？"),
            (
                Text("There is no difference.", "没有差异。"),
                Text("The probability that there is no difference is 7.8 %.", "没有差异的概率是 7.8 %。"),
                Text(
                    "If there were none, chance would make one at least this large in about 8 of 100 studies.",
                    "如果没有差异，100 项研究中约有 8 项会偶然出现至少这么大的差异。",
                ),
            ),
            2,
            Text(
                "p is worked out as if there were no difference: it cannot say how probable that is.",
                "p 值是在“没有差异”的前提下算出的：它不能说明这个前提有多可能。",
            ),
        ),
        Check(
            Text(
                "The 95 % intervals of two curves overlap. What follows?",
                "两条曲线的 95 % 置信区间重叠，由此可知什么？",
            ),
            (
                Text("There is no difference.", "没有差异。"),
                Text("p is above 0.05.", "p 大于 0.05。"),
                Text(
                    "Neither: the interval of the difference, or the test, has to be looked at.",
                    "都不能推出：应看差异的置信区间或检验。",
                ),
            ),
            2,
            Text(
                "Intervals can overlap while p is below 0.05: a difference is less uncertain than both added up, and the test "
                "looks at whole curves.",
                "区间可以重叠而 p 小于 0.05：差异的不确定性小于两者之和，而且检验看的是整条曲线。",
            ),
        ),
        Check(
            Text(
                "The same two curves come from four times as many {patients}. What changes?",
                "同样两条曲线来自四倍的患儿，什么会改变？",
            ),
            (
                Text("Bands get narrower and p smaller; the difference stays.", "置信带变窄，p 变小；差异不变。"),
                Text("The difference grows, and so p gets smaller.", "差异变大，因此 p 变小。"),
                Text("Nothing: the curves are the same.", "什么都不变：曲线相同。"),
            ),
            0,
            Text(
                "p mixes the size of a difference with the number of {patients}. So ask for the difference with its interval.",
                "p 值混合了差异的大小与人数。因此应看差异及其置信区间。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return FOLLOWED

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> TimeToEvent:
        known = cohort.dictionary
        for name in (known.roles.get(role) for role in ROLES):
            if name is None or name not in cohort.variables:
                continue
            frame = follow_patients(cohort, cohort_filter, known[name])
            if _choose_month(estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight)):
                return frame
        raise TooFewError(fill(TOO_FEW, least=str(PER_GROUP), at_risk=str(AT_RISK)))

    def compute(self, frame: TimeToEvent, setting: Any) -> Compared:
        assert frame.variable is not None
        copies = int(setting)
        counted: dict[str, Any] = {"group": frame.group, "weight": frame.weight * copies}
        curves = estimate_survival(frame.time, frame.event, **counted)
        month = _choose_month(curves) or MONTHS[-1]
        (difference,) = estimate_survival_differences(frame.time, frame.event, times=[month], **counted)
        return Compared(
            frame.endpoint,
            frame.variable,
            curves,
            copies,
            month,
            tuple(read_curve(curve, [month])[0] for curve in curves.curves if curve.n),
            difference,
            logrank_test(frame.time, frame.event, **counted),
        )

    def ask(self, found: Compared) -> Question:
        text = Text(
            "{a}: {n_a} {patients}, {share_a} alive at {month} months. {b}: {n_b} and {share_b}. What is p?",
            "{a}：{n_a} 名患儿，{month} 个月时存活 {share_a}。{b}：{n_b} 名，{share_b}。p 是多少？",
        )
        return Question(fill(text, **_say(found)), Choice(OPTIONS))

    def truth(self, found: Compared) -> Answer:
        p_value = 1.0 if found.test.p_value is None else found.test.p_value
        return next(code for until, code in UNTIL if p_value < until)

    def picture(
        self, found: Compared, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        labels = {curve.group: name_level(found.variable, curve.group) for curve in found.curves.curves}
        figure = draw_curves(found.curves, found.endpoint, language, labels=labels)
        title = self.title.said(language)
        if not revealed:
            return Picture(title, point_at(figure, found.month), self.ask(found).text.said(language))
        figure = point_at(figure, found.month, format_p_phrase(found.test.p_value))
        return Picture(title, figure, " ".join(text.said(language) for text in self.shown(self.tell(found))))

    def explain(self, found: Compared) -> tuple[Claim, ...]:
        said = _say(found)
        meaning = Text(
            "{p}. If both groups fared alike in truth, {chance} of 100 such studies would show a difference at least this large "
            "by chance. That is not the probability that there is none.",
            "{p}。如果两组实际上相同，100 项这样的研究中{chance}项会偶然出现至少这么大的差异。这不是“没有差异”的概率。",
        )
        unsettled = Text(
            "Nor is it “no difference”: at month {month} the difference is {difference} points, and its 95 % interval reaches "
            "from {low} to {high}. No difference at all fits these {patients}, and so does a large one.",
            "这也不等于“没有差异”：第 {month} 个月的差异为 {difference} 个百分点，95 % 置信区间从 {low} 到 {high}。"
            "没有差异与很大的差异都与这些患儿的数据相符。",
        )
        above = Text(
            "Nor is it “no difference”: at month {month} the difference is {difference} points, with a 95 % interval from {low} "
            "to {high}.",
            "这也不等于“没有差异”：第 {month} 个月的差异为 {difference} 个百分点，95 % 置信区间从 {low} 到 {high}。",
        )
        below = Text(
            "Nor does it say how large the difference is: {difference} points at month {month}, with a 95 % interval from {low} "
            "to {high}.",
            "它也不说明差异有多大：第 {month} 个月为 {difference} 个百分点，95 % 置信区间从 {low} 到 {high}。",
        )
        limits = found.difference.difference.interval
        both_fit = limits is not None and not limits.excludes(0.0) and _reach(found.difference.difference) >= 0.2
        return (
            Claim(fill(meaning, **said)),
            Claim(fill(unsettled, **said), not found.is_small and both_fit),
            Claim(fill(above, **said), not found.is_small and not both_fit),
            Claim(fill(below, **said), found.is_small),
            *_tell_overlap(found),
        )

    def tell(self, found: Compared) -> tuple[Claim, ...]:
        as_it_is = Text(
            "As it is, with {n} {patients}: {difference} points at month {month} ({low} to {high}), {p}.",
            "实际情况，{n} 名患儿：第 {month} 个月相差 {difference} 个百分点（{low} 至 {high}），{p}。",
        )
        more = Text(
            "The same curves from {n} instead of {n_true}: still {difference} points at month {month}, but {low} to {high}, and "
            "{p}.",
            "同样的曲线来自 {n} 名而非 {n_true} 名：第 {month} 个月仍相差 {difference} 个百分点，但区间为 {low} 至 {high}，{p}。",
        )
        still = Text(
            "The interval of the difference at month {month} alone still holds 0: one month tells less than whole curves.",
            "仅第 {month} 个月差异的区间仍包含 0：一个月提供的信息少于整条曲线。",
        )
        said, limits = _say(found), found.difference.difference.interval
        return (
            Claim(fill(as_it_is, **said), found.copies == 1),
            Claim(fill(more, **said), found.copies > 1),
            *(_tell_overlap(found) if found.copies > 1 else ()),
            Claim(fill(still, **said), found.is_small and limits is not None and not limits.excludes(0.0)),
        )


def _tell_overlap(found: Compared) -> tuple[Claim, ...]:
    said = _say(found)
    with_p = Text(
        "The intervals of the curves at month {month} overlap, {limits_a} and {limits_b}, and yet p is below 0.05. Overlap is no "
        "test: the log-rank test looks at all months together, and even at one a difference is less uncertain than both "
        "intervals added up.",
        "第 {month} 个月两条曲线的区间重叠（{limits_a} 与 {limits_b}），而 p 仍小于 0.05。重叠不是检验："
        "对数秩检验把所有月份一起看；即使只看一个月，差异的不确定性也小于两个区间之和。",
    )
    without = Text(
        "The intervals of the curves at month {month} overlap, {limits_a} and {limits_b}. That alone settles nothing: intervals "
        "can overlap and p be below 0.05.",
        "第 {month} 个月两条曲线的区间重叠（{limits_a} 与 {limits_b}）。仅此不能下结论：区间可以重叠而 p 小于 0.05。",
    )
    apart = Text(
        "The intervals of the curves at month {month} do not overlap: {limits_a} and {limits_b}.",
        "第 {month} 个月两条曲线的区间不重叠：{limits_a} 与 {limits_b}。",
    )
    return (
        Claim(fill(with_p, **said), found.overlap and found.is_small),
        Claim(fill(without, **said), found.overlap and not found.is_small),
        Claim(fill(apart, **said), not found.overlap),
    )


def _choose_month(curves: SurvivalResult) -> float | None:
    """The month at which the two groups are compared; None where there are no two that can be."""
    groups = [curve for curve in curves.curves if curve.n]
    if len(groups) != 2 or min(curve.n for curve in groups) < PER_GROUP:
        return None
    return next((m for m in MONTHS if min(n_at_risk(curve, [m])[0] for curve in groups) >= AT_RISK), None)


def _limits(share: Estimate) -> tuple[float, float]:
    limits = share.interval
    if limits is None:
        return (share.value or 0.0, share.value or 0.0)
    return (limits.low or 0.0, 1.0 if limits.high is None else limits.high)


def _reach(difference: Estimate) -> float:
    """The largest difference that the interval still holds, either way."""
    low, high = _limits(difference)
    return max(-low, high)


def _say(found: Compared) -> dict[str, str | Text]:
    first, second = (curve for curve in found.curves.curves if curve.n)
    difference, p_value = found.difference.difference, found.test.p_value
    low, high = _limits(difference)
    if (difference.value or 0.0) < 0:
        low, high = -high, -low  # of the better group less the other
    chance = round(100 * (p_value or 0.0))
    few = Text("fewer than 1", "不到 1 ")
    about = Text("about {chance}", "约 {chance} ")
    n = first.n + second.n
    return {
        "a": speak_level(found.variable, first.group),
        "b": speak_level(found.variable, second.group),
        "n_a": format_count(first.n),
        "n_b": format_count(second.n),
        "n": format_count(n),
        "n_true": format_count(n / found.copies),
        "share_a": say_share(replace(found.shares[0], interval=None)),
        "share_b": say_share(replace(found.shares[1], interval=None)),
        "limits_a": _say_limits(found.shares[0]),
        "limits_b": _say_limits(found.shares[1]),
        "month": f"{found.month:g}",
        "p": format_p_phrase(p_value),
        "chance": fill(about, chance=str(chance)) if chance else few,
        "difference": format_plain(100 * abs(difference.value or 0.0), 1),
        "low": format_plain(100 * low, 1),
        "high": format_plain(100 * high, 1),
    }


def _say_limits(share: Estimate) -> Text:
    limits = share.interval
    return both(format_percent(share.value) if limits is None else f"{format_percent_interval(limits)}\u00a0%")
