"""What happened in simulated cohorts, in sentences with numbers."""

from __future__ import annotations

import math

import numpy as np

from analytics.formats import format_count, format_p_phrase, format_percent, format_percent_interval, format_ratio
from analytics.languages import Language, Text
from analytics.learning.saying import both, fill
from analytics.learning.simulating import (
    SIGNIFICANT,
    Comparison,
    Design,
    Replicates,
    RunningShare,
    SimulatedCohort,
    follow_share,
)

NAMES: dict[Comparison, Text] = {
    "naive": Text("ever against never treated", "曾治疗对从未治疗"),
    "switching": Text("treated from its day on", "自治疗之日起计"),
    "adjusted": Text("from its day, adjusted", "自治疗之日起计并校正"),
}
SHORT: dict[Comparison, Text] = {
    "naive": Text("ever treated", "曾治疗"),
    "switching": Text("from its day", "按治疗日"),
    "adjusted": Text("adjusted", "并校正"),
}
ONE = Text(
    "Cohort {number}: of {n} {patients}, {n_treated} were treated and {n_event} died. The true hazard ratio is "
    "{truth}; ever "
    "against never treated gives {naive}, treatment counted from its day on {switching}.",
    "队列 {number}：{n} 名患儿中 {n_treated} 名接受治疗，{n_event} 名死亡。真实危险比 (HR) 为 {truth}；"
    "“曾治疗对从未治疗”得 {naive}，"
    "自治疗之日起计得 {switching}。",
)
NO_EFFECT = Text(
    "Treatment does nothing here, and {found} of {n} comparisons of ever with never treated have p < 0.05 ({share}).",
    "此处治疗无效；“曾治疗对从未治疗”的 {n} 次比较中有 {found} 次 p < 0.05（{share}）。",
)
YET_FOUND = Text(
    "Treatment does nothing here; yet {found} of {n} comparisons of ever with never treated have p < 0.05 ({share}).",
    "此处治疗无效；然而“曾治疗对从未治疗”的 {n} 次比较中竟有 {found} 次 p < 0.05（{share}）。",
)
FROM_ITS_DAY = Text(
    "With treatment counted from its day on, {switching} have ({share}); with fitness adjusted for, too, {adjusted} "
    "({share_adjusted}): chance alone makes 5 %.",
    "自治疗之日起计，有 {switching} 次（{share}）；再校正体能后有 {adjusted} 次（{share_adjusted}）：仅凭机遇应为 5 "
    "%。",
)
POWER = Text(
    "The true hazard ratio is {truth}. Counted from its day on and adjusted for fitness, treatment has p < 0.05 in {found} of "
    "{n} cohorts ({share}): that is the power.",
    "真实危险比 (HR) 为 {truth}。自治疗之日起计并校正体能，{n} 个队列中有 {found} 个 p < 0.05（{share}）：这就是检验效能。",
)
MIDDLE = Text(
    "The middle estimate is {naive} by ever treated, {switching} from its day on, and {adjusted} adjusted, too.",
    "估计值的中位数：按曾治疗为 {naive}，自治疗之日起计为 {switching}，再经校正为 {adjusted}。",
)
LOOKS = Text(
    "The {looks} labels mean nothing; yet {found} of {n} cohorts have a p < 0.05 among them ({share}). Of so many independent "
    "tests of nothing, {expected} would (1 − 0.95{raised}).",
    "这 {looks} 个标签毫无意义；然而 {n} 个队列中有 {found} 个至少出现一次 p < 0.05（{share}）。"
    "若这些检验相互独立，应为 {expected}（1 − 0.95{raised}）。",
)
ONE_LOOK = Text(
    "Cohort {number}: of {looks} labels that mean nothing, label {best} has the smallest p value ({p}). Draw more, "
    "and see how "
    "often one is below 0.05.",
    "队列 {number}：{looks} 个毫无意义的标签中，标签 {best} 的 p 值最小（{p}）。请继续抽取，看有多少队列出现 p < "
    "0.05。",
)
NONE = Text(
    "In {n} no comparison can be made; they count as not below 0.05.", "其中 {n} 个队列无法比较，计为未低于 0.05。"
)
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
NO_ESTIMATE = Text("no estimate", "无法估计")
DRAWN_SO = (
    Text(
        "Nobody is in these cohorts: they are simulated, whatever cohort is open. A cohort’s number decides its random "
        "numbers, so "
        "a moved slider meets the same fates, and this link shows the same cohorts.",
        "这些队列是模拟的，其中没有真人，与当前打开的队列无关。队列编号决定其随机数：移动滑块时命运相同，"
        "同一链接显示相同队列。",
    ),
    Text(
        "Without treatment, 15 % die within six months and 40 % within five years; follow-up ends then. Waiting times "
        "are log-normal, "
        "cut off at half and twice their median. Fitness is known, and has two values.",
        "若不治疗，6 个月内 15 % 死亡，5 年内 40 % 死亡；随访至 5 年为止。等待时间服从对数正态分布，"
        "截断于中位数的一半和两倍。体能已知，分两类。",
    ),
    Text(
        "Estimates are those of the page on {HSCT}: Cox models with Wald’s intervals, or Firth’s penalty where a group "
        "has no deaths; "
        "shares have Wilson’s intervals.",
        "估计方法与 {HSCT} 页面相同：Cox 模型与 Wald 置信区间，某组无死亡时用 Firth 惩罚；比例用 Wilson 置信区间。",
    ),
)


def say_happened(design: Design, cohort: SimulatedCohort, drawn: Replicates) -> Text:
    """Two sentences on what happened: in the one cohort, or in all that were drawn."""
    if drawn.n == 1:
        return _say_one(design, cohort, drawn)
    if design.looks > 1:
        return _say_looks(design, drawn)
    parts = _say_no_effect(drawn) if design.hazard_ratio == 1 else _say_effect(design, drawn)
    n_none = int(np.isnan(drawn.naive.p_value).sum())
    if n_none:
        parts = (*parts, fill(NONE, n=format_count(n_none)))
    return join(parts)


def join(parts: tuple[Text, ...]) -> Text:
    """Sentences one after the other."""
    return Text(" ".join(part.en for part in parts), "".join(part.zh for part in parts))


def say_ratio(drawn: Replicates, comparison: Comparison, place: int) -> Text:
    """The hazard ratio of one cohort with its interval."""
    fits = drawn.fits(comparison)
    value, low, high = (_ratio(array[place]) for array in (fits.log_ratio, fits.low, fits.high))
    return NO_ESTIMATE if math.isnan(fits.log_ratio[place]) else both(f"{value} ({low}–{high})")


def say_share(share: RunningShare) -> str:
    """A share with its interval."""
    return f"{format_percent(share.n_found / share.n)}, {format_percent_interval(share.interval)}"


def describe_shares(named: list[tuple[str, RunningShare]], language: Language) -> str:
    """The running shares in words, for who cannot see them."""
    colon, stop = ("：", "；") if language == "zh" else (": ", "; ")
    return stop.join(f"{name}{colon}{share.n_found}/{share.n} ({say_share(share)})" for name, share in named)


def describe_ratios(design: Design, drawn: Replicates, language: Language) -> str:
    """The estimates in words: the middle one of each comparison, and the true one."""
    text = fill(MIDDLE, **{name: _middle(drawn, name) for name in NAMES})
    truth = fill(Text("True hazard ratio {truth}.", "真实危险比 (HR)：{truth}。"), truth=f"{design.hazard_ratio:.2f}")
    return join((truth, text)).said(language)


def _say_one(design: Design, cohort: SimulatedCohort, drawn: Replicates) -> Text:
    number = format_count(cohort.number)
    if design.looks > 1:
        best, p_value = cohort.best_look + 1, format_p_phrase(float(drawn.smallest[0]))
        return fill(ONE_LOOK, number=number, looks=str(design.looks), best=str(best), p=p_value)
    return fill(
        ONE,
        number=number,
        n=format_count(design.n),
        n_treated=format_count(cohort.n_treated),
        n_event=format_count(cohort.n_event),
        truth=f"{design.hazard_ratio:.2f}",
        naive=say_ratio(drawn, "naive", 0),
        switching=say_ratio(drawn, "switching", 0),
    )


def _say_no_effect(drawn: Replicates) -> tuple[Text, ...]:
    naive, switching, adjusted = (follow_share(drawn.fits(name).p_value) for name in NAMES)
    limits = naive.interval
    is_more = limits is not None and limits.low is not None and limits.low > SIGNIFICANT
    return (
        fill(
            YET_FOUND if is_more else NO_EFFECT,
            found=format_count(naive.n_found),
            n=format_count(naive.n),
            share=say_share(naive),
        ),
        fill(
            FROM_ITS_DAY,
            switching=format_count(switching.n_found),
            share=say_share(switching),
            adjusted=format_count(adjusted.n_found),
            share_adjusted=say_share(adjusted),
        ),
    )


def _say_effect(design: Design, drawn: Replicates) -> tuple[Text, ...]:
    found = follow_share(drawn.adjusted.p_value)
    truth = f"{design.hazard_ratio:.2f}"
    return (
        fill(POWER, truth=truth, found=format_count(found.n_found), n=format_count(found.n), share=say_share(found)),
        fill(MIDDLE, **{name: _middle(drawn, name) for name in NAMES}),
    )


def _say_looks(design: Design, drawn: Replicates) -> Text:
    found = follow_share(drawn.smallest)
    return fill(
        LOOKS,
        looks=str(design.looks),
        found=format_count(found.n_found),
        n=format_count(found.n),
        share=say_share(found),
        expected=format_percent(design.any_of_looks),
        raised=str(design.looks).translate(RAISED),
    )


def _middle(drawn: Replicates, comparison: Comparison) -> Text:
    known = drawn.fits(comparison).log_ratio
    known = known[~np.isnan(known)]
    return both(_ratio(float(np.median(known)))) if len(known) else NO_ESTIMATE


def _ratio(logarithm: float) -> str:
    if math.isnan(logarithm):
        return "–"
    return format_ratio(math.exp(min(max(logarithm, -20.0), 20.0)))
