"""Lesson 12: what chance alone finds when one looks often enough, and what an adjustment does about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.document import Picture
from analytics.estimators import adjust_p_values, logrank_of_groupings
from analytics.figures.looks import plot_looks
from analytics.formats import format_count, format_p_phrase, format_percent
from analytics.languages import Language, Text
from analytics.learning.answers import PERCENT, Answer, Check, Claim, Number, Question
from analytics.learning.curves import FOLLOWED, follow_patients
from analytics.learning.lesson import Lesson
from analytics.learning.saying import fill
from analytics.results import FloatArray, Result, read_only

LOOKS, LEVEL, SEED = 20, 0.05, 20
MOST_ANALYSES, LEAST_ANALYSES = 300, 60
WORK = 2e8  # patients times their times of death times tests: about a fifth of a second
NEAR = 0.05  # between what is drawn and what is expected


@dataclass(frozen=True, slots=True)
class Coins:
    """The p values of made-up factors, one row per analysis and one column per factor, in ``n`` patients.

    ``found`` and ``adjusted`` are the shares of analyses with at least one p below 0.05, by the number of factors.
    """

    p_values: FloatArray
    found: FloatArray
    adjusted: FloatArray
    n: int
    n_event: int


@dataclass(frozen=True, slots=True)
class Looks(Result):
    """Shares of the drawn analyses with at least one p below 0.05 by the number of looks, as they are and adjusted by Holm.

    ``first`` is the smallest p of the first analysis with so many looks, ``first_adjusted`` the same adjusted.
    """

    looks: int
    found: FloatArray
    adjusted: FloatArray
    expected: FloatArray
    first: float
    first_adjusted: float
    n_analyses: int
    n: int
    n_event: int
    no_rule: ClassVar[str] = "tests of factors that a coin made up, which say nothing of any patient"

    @property
    def share(self) -> float:
        """The share with at least one."""
        return float(self.found[self.looks - 1])

    @property
    def share_adjusted(self) -> float:
        """The same with adjusted p values."""
        return float(self.adjusted[self.looks - 1])

    @property
    def chance(self) -> float:
        """What is expected of independent tests that are each wrong in 5 %."""
        return float(self.expected[self.looks - 1])

    @property
    def n_found(self) -> int:
        """Analyses with at least one."""
        return round(self.share * self.n_analyses)


def throw_coins(time: FloatArray, event: FloatArray) -> FloatArray:
    """The p values of coins thrown for each patient, the same ones for the same patients: analyses by looks."""
    cost = LOOKS * len(time) * len(np.unique(time[event > 0]))
    analyses = int(np.clip(WORK / max(cost, 1), LEAST_ANALYSES, MOST_ANALYSES))
    coins = np.random.default_rng(SEED).random((analyses * LOOKS, len(time))) < 0.5
    return read_only(logrank_of_groupings(time, event, coins).reshape(analyses, LOOKS))


class ManyLooks(Lesson[Coins, Looks]):
    """Factors that a coin makes up, tested in the patients at hand until one is "significant"."""

    slug = "many-looks"
    order = 12
    title = Text("Many looks: noise until it is “significant”", "多次检验：噪声迟早会“显著”")
    about = Text("How often chance alone finds something.", "仅凭机遇有多常“发现”什么。")
    before = (
        Text(
            "For each of the {patients} with {relapse} a coin is thrown: heads or tails. The coin knows nothing of them. "
            "Survival with heads is compared with survival with tails by the log-rank test. With p < 0.05 it would be "
            "called significant.",
            "为每名{relapse}患儿抛一枚硬币：正面或反面。硬币对他们一无所知。用对数秩检验比较正面组与反面组的生存。"
            "p < 0.05 就会被称为“显著”。",
        ),
        Text(
            "One coin is one look. Then another coin is thrown for everybody, and another: each is a further factor, "
            "subgroup or cut-off that somebody tries.",
            "一枚硬币就是一次检验。然后再为所有人抛另一枚，再一枚：每一枚就像有人又尝试的一个因素、亚组或界值。",
        ),
    )
    control = Control("try_looks", "Looks", "number", LOOKS, limits=(1, LOOKS), step=1)
    control_label = Text("Number of looks", "检验次数")
    move = Text(
        "Move the number of looks to 1, then up. Compare the line of plain p values with that of p values adjusted by Holm.",
        "把检验次数移到 1，再逐步增加。比较未校正 p 值的线与经 Holm 校正的线。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text(
                "No factor has any effect. What is the chance that one test gives p < 0.05?",
                "所有因素都没有作用。一次检验得到 p < 0.05 的可能性是多少？",
            ),
            (Text("0 %", "0 %"), Text("About 5 %", "约 5 %"), Text("About 64 %", "约 64 %")),
            1,
            Text(
                "That is what the limit of 0.05 means: wrong in one of 20.", "0.05 这一界限的含义正是：20 次中错 1 次。"
            ),
        ),
        Check(
            Text(
                "A report has one subgroup with p = 0.03. What do you need to know first?",
                "某报告称一个亚组 p = 0.03。您首先需要知道什么？",
            ),
            (
                Text("How large the subgroup is", "该亚组有多大"),
                Text("How many were looked at, and whether it was planned", "看过多少个亚组，以及是否事先计划"),
                Text("Whether p is below 0.01 elsewhere", "别处的 p 是否低于 0.01"),
            ),
            1,
            Text(
                "One such p among 20 looks is what chance alone gives more often than not.",
                "在 20 次检验中出现这样一个 p，仅凭机遇就多半会发生。",
            ),
        ),
        Check(
            Text("What does Holm’s adjustment keep at 5 %?", "Holm 校正把什么保持在 5 % 以内？"),
            (
                Text("The chance of any false finding among all looks", "全部检验中出现任何假发现的可能性"),
                Text("The chance that each finding is true", "每个发现为真的可能性"),
                Text("The number of looks", "检验次数"),
            ),
            0,
            Text(
                "It multiplies the smallest p by the number of looks. It must be told of all of them.",
                "它把最小的 p 乘以检验次数，因此必须把所有检验都算进去。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return FOLLOWED

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> Coins:
        frame = follow_patients(cohort, cohort_filter)
        each = np.repeat(np.arange(len(frame.time)), frame.weight.astype(np.int64))
        p_values = throw_coins(frame.time[each], frame.event[each])
        found = [(p_values[:, :number] < LEVEL).any(axis=1).mean() for number in range(1, LOOKS + 1)]
        adjusted = [_share_adjusted(p_values[:, :number]) for number in range(1, LOOKS + 1)]
        return Coins(p_values, read_only(found), read_only(adjusted), frame.n, frame.n_event)

    def compute(self, frame: Coins, setting: Any) -> Looks:
        looks = int(setting)
        first = _known(frame.p_values[0, :looks])
        return Looks(
            looks=looks,
            found=frame.found,
            adjusted=frame.adjusted,
            expected=read_only(1 - (1 - LEVEL) ** np.arange(1, LOOKS + 1)),
            first=min(p for p in first if p is not None),
            first_adjusted=min(p for p in adjust_p_values(first, "holm") if p is not None),
            n_analyses=len(frame.p_values),
            n=frame.n,
            n_event=frame.n_event,
        )

    def ask(self, found: Looks) -> Question:
        text = Text(
            "{n} {patients}, {n_event} deaths, {looks} coins. In what share of such analyses does at least one coin reach "
            "p < 0.05?",
            "{n} 名患儿，{n_event} 例死亡，{looks} 枚硬币。在多大比例的此类分析中，至少有一枚硬币达到 p < 0.05？",
        )
        counts = {"n": format_count(found.n), "n_event": format_count(found.n_event), "looks": str(found.looks)}
        return Question(fill(text, **counts), Number(0.0, 100.0, 1.0, PERCENT, 6.0, 5.0))

    def truth(self, found: Looks) -> Answer:
        return round(100 * found.share, 1)

    def picture(
        self, found: Looks, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        if not revealed:
            return None
        names = (
            Text("drawn", "抽样结果"),
            Text("expected: 1 − 0.95 to the power of the looks", "期望：1 − 0.95 的检验次数次方"),
            Text("drawn, adjusted by Holm", "抽样结果，经 Holm 校正"),
        )
        shares = (found.found, found.expected, found.adjusted)
        dashes = ("solid", "6px,3px", "solid")
        figure = plot_looks(
            [(name.said(language), share, dash) for name, share, dash in zip(names, shares, dashes, strict=True)],
            at=found.looks,
            x_title=Text("Number of looks", "检验次数").said(language),
            y_title=Text("At least one p < 0.05", "至少一次 p < 0.05").said(language),
            guess=(float(answer), Text("your answer", "您的回答").said(language))
            if isinstance(answer, float)
            else None,
        )
        return Picture(self.title.said(language), figure, self._say_here(found).said(language))

    def explain(self, found: Looks) -> tuple[Claim, ...]:
        single = float(found.found[0])
        drawn = Text(
            "In {n_found} of {analyses} drawn analyses at least one of {looks} coins reached p < 0.05. No coin has any "
            "effect: such a finding is chance, however well it can be explained afterwards.",
            "在 {analyses} 次模拟分析中，有 {n_found} 次在 {looks} 枚硬币中至少有一枚达到 p < 0.05。硬币没有任何作用："
            "这样的“发现”只是机遇，无论事后能编出多好的解释。",
        )
        usual = Text(
            "A single look finds something in {single} of the analyses, near the 5 % that the limit allows. The chance "
            "that all {looks} find nothing is 0.95 multiplied {looks} times: so 1 − 0.95^{looks} = {chance} find something.",
            "单次检验在 {single} 的分析中有“发现”，接近界限所允许的 5 %。"
            "{looks} 次都无发现的可能性是 0.95 连乘 {looks} 次：因此 1 − 0.95^{looks} = {chance} 会有“发现”。",
        )
        other = Text(
            "A single look finds something in {single} of the analyses: with so few deaths the test does not keep exactly "
            "to its 5 %. At 5 % each, 1 − 0.95^{looks} = {chance} would find something.",
            "单次检验在 {single} 的分析中有“发现”：死亡如此之少时，检验并不恰好为 5 %。若每次为 5 %，"
            "则有 1 − 0.95^{looks} = {chance} 会有“发现”。",
        )
        kept = Text(
            "With p values adjusted for the number of looks (Holm) it is {adjusted}: back at about 5 % or below.",
            "若按检验次数校正 p 值 (Holm)，则为 {adjusted}：回到约 5 % 或更低。",
        )
        more = Text(
            "With p values adjusted for the number of looks (Holm) it is {adjusted}, not exactly 5 %: the test itself is "
            "not exact with so few deaths.",
            "若按检验次数校正 p 值 (Holm)，则为 {adjusted}，并非恰好 5 %：死亡如此之少时，检验本身并不精确。",
        )
        said = {
            "single": format_percent(single),
            "looks": str(found.looks),
            "chance": format_percent(found.chance, 0),
            "adjusted": format_percent(found.share_adjusted),
            "analyses": format_count(found.n_analyses),
            "n_found": format_count(found.n_found),
        }
        is_usual = abs(single - LEVEL) <= _chance_of(found.n_analyses) and abs(found.share - found.chance) <= 2 * NEAR
        is_kept = found.share_adjusted <= LEVEL + _chance_of(found.n_analyses)
        return (
            Claim(fill(drawn, **said)),
            Claim(fill(usual, **said), is_usual),
            Claim(fill(other, **said), not is_usual),
            Claim(fill(kept, **said), is_kept),
            Claim(fill(more, **said), not is_kept),
        )

    def tell(self, found: Looks) -> tuple[Claim, ...]:
        first = Text(
            "In the first of them the smallest p is {smallest}; adjusted for {looks} looks it is {adjusted}.",
            "其中第一次分析的最小 p 值：{smallest}；按 {looks} 次检验校正后：{adjusted}。",
        )
        values = {"smallest": _say_p(found.first), "adjusted": _say_p(found.first_adjusted), "looks": str(found.looks)}
        return Claim(self._say_here(found)), Claim(fill(first, **values), found.looks > 1)

    def _say_here(self, found: Looks) -> Text:
        said = Text(
            "Looks: {looks}. At least one p < 0.05 in {share} of {analyses} drawn analyses, in {adjusted} after Holm’s "
            "adjustment.",
            "检验次数：{looks}。在 {analyses} 次模拟分析中，至少一次 p < 0.05 的占 {share}，经 Holm 校正后占 {adjusted}。",
        )
        return fill(
            said,
            looks=str(found.looks),
            share=format_percent(found.share),
            adjusted=format_percent(found.share_adjusted),
            analyses=format_count(found.n_analyses),
        )


def _share_adjusted(p_values: FloatArray) -> float:
    """The share of analyses in which an adjusted p is below 0.05."""
    # Holm's adjustment cannot find anything where the smallest p is no finding by itself.
    hopeful = p_values[(p_values < LEVEL).any(axis=1)]
    found = [min(p for p in adjust_p_values(_known(row), "holm") if p is not None) < LEVEL for row in hopeful]
    return sum(found) / len(p_values)


def _known(row: FloatArray) -> list[float | None]:
    return [None if np.isnan(p) else float(p) for p in row]


def _chance_of(n: int) -> float:
    """How far a share of 5 per cent lies from it in nearly all draws of so many: three standard errors."""
    return float(3 * np.sqrt(LEVEL * (1 - LEVEL) / n))


def _say_p(value: float) -> str:
    return format_p_phrase(value).removeprefix("p = ").removeprefix("p ")
