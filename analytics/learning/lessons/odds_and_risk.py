"""Lesson 7: an odds ratio is no risk ratio, the less so the more common the event is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Variable
from analytics.document import Picture
from analytics.estimators import estimate_odds_ratios, risk_by_odds_ratio, wilson
from analytics.estimators.observations import NO_PATIENTS
from analytics.figures.stacked import Dot, Line, Lines, Row, Rows, stack
from analytics.figures.taught import GUESS
from analytics.figures.theme import PALETTE
from analytics.formats import format_count, format_interval, format_percent, format_plain, format_ratio
from analytics.frames import BinaryOutcome
from analytics.languages import Language, Text
from analytics.learning.answers import Answer, Check, Claim, Number, Question
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.naming import speak_level
from analytics.learning.saying import fill
from analytics.results import Estimate, OddsRatioResult, Result

FACTOR = "MRD after induction"  # the role of the factor
LEAST, LEAST_EVENTS = 5, 10  # patients with and without the factor; events, and patients without one, in all
RARE, CLOSE = 0.01, 1.1
BEYOND = 0.9995  # what is written as 100.0 %
HIGHEST = 60
TOO_FEW = Text(
    "This lesson needs {least} {patients} with and without the factor, some of either with and without {relapse}, and {events} "
    "with {relapse} in all; the selection has {n} with it ({n_event} with {relapse}) and {others} without ({others_event}).",
    "本课要求有、无该因素的患儿各至少 {least} 名，且两组中均既有复发者又有未复发者，复发者共至少 {events} 名；"
    "当前所选：有该因素 {n} 名"
    "（复发 {n_event} 名），无该因素 {others} 名（复发 {others_event} 名）。",
)
TIMES = Text("times", "倍")


@dataclass(frozen=True, slots=True)
class FactorData:
    """Whether patients had the event, by a factor of two levels, of which ``level`` is not the reference."""

    outcome: BinaryOutcome
    variable: Variable
    level: str


@dataclass(frozen=True, slots=True)
class OddsAndRisk(Result):
    """The two risks and their odds ratio, and what that ratio would mean at another risk, ``supposed``."""

    variable: Variable
    level: str
    without: Estimate
    having: Estimate
    model: OddsRatioResult
    supposed: float
    supposed_having: float
    rare_having: float
    grid: tuple[float, ...]
    ratios: tuple[float, ...]

    no_rule: ClassVar[str] = "what a ratio means at risks that are supposed, beside a model and risks that are judged"

    @property
    def odds_ratio(self) -> float:
        """The crude odds ratio."""
        (term,) = (term for term in self.model.terms if not term.is_reference)
        return float(term.odds_ratio.value or math.nan)

    @property
    def interval(self) -> str:
        """Its limits as text."""
        (term,) = (term for term in self.model.terms if not term.is_reference)
        return format_interval(term.odds_ratio.interval)

    @property
    def risks(self) -> tuple[float, float]:
        """Without and with the factor."""
        return float(self.without.value or math.nan), float(self.having.value or math.nan)

    @property
    def risk_ratio(self) -> float:
        """The risk with the factor, in risks without it."""
        return self.risks[1] / self.risks[0]

    @property
    def factor(self) -> Text:
        """The factor in words."""
        return speak_level(self.variable, self.level)

    @property
    def no_factor(self) -> Text:
        """Its reference in words."""
        (reference,) = (level for level in self.variable.levels if level != self.level)
        return speak_level(self.variable, reference)


class OddsRatioAndRiskRatio(Lesson[FactorData, OddsAndRisk]):
    """Odds ratio against risk ratio as the outcome becomes common."""

    slug = "odds-and-risk"
    order = 7
    title = Text("Odds ratio and risk ratio", "比值比与相对风险")
    about = Text("Why an odds ratio of six is not six times the risk.", "为什么比值比为 6 并不是风险的 6 倍。")
    before = (
        Text(
            "Of 100 {patients}, 20 have an event. The risk is 20 of 100: 20 %. The odds are 20 to 80: 0.25. A risk ratio divides "
            "two risks; an odds ratio divides two odds. Models of yes-or-no outcomes report odds ratios.",
            "100 名患儿中有 20 名发生事件。风险为 20/100，即 20 %；比值 (odds) 为 20 比 80，即 0.25。相对风险 (RR) "
            "是两个风险之比；比值比 (OR) 是两个比值之比。针对“是/否”结局的模型报告的是比值比。",
        ),
    )
    control = Control("try_baseline_risk", "Risk without the factor", "number", 10, limits=(1, HIGHEST), step=1)
    control_label = Text("Risk without the factor, in per cent", "无该因素者的风险（%）")
    move = Text(
        "Move the risk without the factor from rare to common. The odds ratio is held; watch the risk ratio.",
        "把无该因素者的风险从罕见移到常见。比值比保持不变，请观察相对风险。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text(
                "Without a factor the risk is 10 %. The odds ratio for the factor is 4. What is the risk with it?",
                "无某因素者的风险为 10 %，该因素的比值比为 4。有该因素者的风险是多少？",
            ),
            (Text("14 %", "14 %"), Text("About 31 %", "约 31 %"), Text("40 %", "40 %")),
            1,
            Text(
                "The odds are 10 to 90: 0.11. Four times that is 0.44. Back to a risk: 0.44 / 1.44 = 31 %.",
                "比值为 10 比 90，即 0.11；其 4 倍为 0.44。换算回风险：0.44 / 1.44 = 31 %。",
            ),
        ),
        Check(
            Text("When is an odds ratio close to the risk ratio?", "比值比在什么情况下接近相对风险？"),
            (
                Text("Where the p value is small", "p 值很小时"),
                Text("Where both groups are equally large", "两组人数相等时"),
                Text("Where the event is rare with the factor and without it", "有、无该因素者的事件都罕见时"),
            ),
            2,
            Text(
                "Where few have the event, those without it are nearly all: the odds are nearly the risk.",
                "事件很少时，未发生者几乎就是全体：比值几乎等于风险。",
            ),
        ),
        Check(
            Text(
                "A study reports an odds ratio of 5.73 for {relapse}. What does it say?",
                "某研究报告复发的比值比为 5.73，这说明什么？",
            ),
            (
                Text("The risk is 5.73 times as high.", "风险是 5.73 倍。"),
                Text(
                    "The odds are 5.73 times as high; what that is as a risk depends on the risk without the factor.",
                    "比值是 5.73 倍；换成风险是多少，取决于无该因素者的风险。",
                ),
                Text("5.73 % more {patients} have a {relapse}.", "复发的患儿多 5.73 %。"),
            ),
            1,
            Text(
                "At a risk of 11.4 % without the factor, 5.73 means 42 % with it: 3.7 times the risk. At 40 % it means 79 %, "
                "twice the risk.",
                "若无该因素者的风险为 11.4 %，5.73 意味着有该因素者为 42 %，即风险的 3.7 倍；若为 40 %，则为 79 %，即 2 倍。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return ("relapse", FACTOR)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> FactorData:
        dictionary = cohort.dictionary
        variable, event = dictionary[dictionary.role(FACTOR)], dictionary.role("relapse")
        tally = cohort.tally([event, variable.name], cohort_filter)
        data = FactorData(
            BinaryOutcome.from_tally(tally, event, [variable]),
            variable,
            next(level for level in variable.levels if level != variable.reference),
        )
        without, having = _count(data, with_factor=False), _count(data, with_factor=True)
        n, n_event = without.n + having.n, without.n_event + having.n_event
        both_ways = all(side.n >= LEAST and 0 < side.n_event < side.n for side in (without, having))
        if not both_ways or min(n_event, n - n_event) < LEAST_EVENTS:
            numbers = {"n": having.n, "n_event": having.n_event, "others": without.n, "others_event": without.n_event}
            counts = {name: format_count(number) for name, number in numbers.items()}
            raise TooFewError(fill(TOO_FEW, least=str(LEAST), events=str(LEAST_EVENTS), **counts))
        return data

    def compute(self, frame: FactorData, setting: Any) -> OddsAndRisk:
        model = estimate_odds_ratios(**frame.outcome.model())
        (term,) = (term for term in model.terms if not term.is_reference)
        ratio, grid = float(term.odds_ratio.value or math.nan), np.arange(1, HIGHEST + 1) / 100
        supposed = float(setting) / 100
        return OddsAndRisk(
            frame.variable,
            frame.level,
            _count(frame, with_factor=False),
            _count(frame, with_factor=True),
            model,
            supposed,
            float(risk_by_odds_ratio(supposed, ratio)),
            float(risk_by_odds_ratio(RARE, ratio)),
            tuple(grid.tolist()),
            tuple((risk_by_odds_ratio(grid, ratio) / grid).tolist()),
        )

    def ask(self, found: OddsAndRisk) -> Question:
        text = Text(
            "{no_factor}: {risk} of {patients} had a {relapse}. {factor}: compared with them, the odds ratio of {relapse} is "
            "{ratio}. How many times as high is the risk?",
            "{no_factor}：{risk} 的患儿复发。{factor}：与前者相比，复发的比值比为 {ratio}。风险是前者的多少倍？",
        )
        said = fill(text, no_factor=found.no_factor, factor=found.factor, risk=format_percent(found.risks[0]),
                    ratio=format_ratio(found.odds_ratio))  # fmt: skip
        if found.odds_ratio < 1:
            return Question(said, Number(0, 2, 0.05, TIMES, 0.05, 1.0))
        return Question(said, Number(0, max(10.0, math.ceil(found.odds_ratio + 2)), 0.1, TIMES, 0.3, 1.0))

    def truth(self, found: OddsAndRisk) -> Answer:
        return round(found.risk_ratio, 2)

    def picture(
        self, found: OddsAndRisk, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        if not revealed:
            return None
        yours = (float(answer),) if isinstance(answer, int | float) else ()
        return Picture(
            self.title.said(language),
            stack((_draw_risks(found, language), _draw_ratios(found, language, yours))),
            " ".join(text.said(language) for text in self.shown(self.tell(found))),
        )

    def explain(self, found: OddsAndRisk) -> tuple[Claim, ...]:
        ratio, (risk, having) = found.odds_ratio, found.risks
        naive, rare = ratio * risk, found.rare_having / RARE
        terms: dict[str, Any] = {
            "factor": found.factor,
            "n": format_count(found.having.n),
            "n_event": format_count(found.having.n_event),
            "others": format_count(found.without.n),
            "others_event": format_count(found.without.n_event),
            "having": format_percent(having),
            "risk": format_percent(risk),
            "risk_ratio": format_ratio(found.risk_ratio),
            "odds": format_plain(risk / (1 - risk), 3),
            "odds_having": format_plain(having / (1 - having), 3),
            "ratio": format_ratio(ratio),
            "interval": found.interval,
            "naive": format_percent(naive),
            "rare": format_ratio(rare),
        }
        counted = Text(
            "{n_event} of {n} with {factor} had a {relapse}: {having}. Of the others {others_event} of {others} had one: {risk}. "
            "{having} is {risk_ratio} times {risk}: that is the risk ratio.",
            "{factor}的 {n} 名中有 {n_event} 名复发：{having}；其余 {others} 名中有 {others_event} 名复发：{risk}。"
            "{having} 是 {risk} 的 {risk_ratio} 倍，这就是相对风险。",
        )
        scale = Text(
            "Their odds are {odds_having} against {odds}, and the ratio of these is {ratio} (95 % interval {interval}): the same "
            "{patients}, on another scale. Odds become a risk again when divided by 1 + odds.",
            "两组的比值分别为 {odds_having} 与 {odds}，二者之比为 {ratio}（95 % 置信区间 {interval}）：同样的患儿，换了一种尺度。"
            "比值除以（1 + 比值）即换算回风险。",
        )
        over = Text(
            "Read as a risk ratio, {ratio} says too much: {ratio} times {risk} would be {naive}, and {having} is true.",
            "若把 {ratio} 当作相对风险就夸大了：{risk} 的 {ratio} 倍是 {naive}，而实际是 {having}。",
        )
        beyond = Text(
            "Read as a risk ratio, {ratio} is impossible: {ratio} times {risk} is 100 % or more, and {having} is true.",
            "若把 {ratio} 当作相对风险则不可能成立：{risk} 的 {ratio} 倍达到或超过 100 %，而实际是 {having}。",
        )
        under = Text(
            "Read as a risk ratio, {ratio} makes the risk too low: {ratio} times {risk} would be {naive}, and {having} is true.",
            "若把 {ratio} 当作相对风险，就会低估：{risk} 的 {ratio} 倍是 {naive}，而实际是 {having}。",
        )
        rule = Text(
            "An odds ratio other than 1 is always further from 1 than the risk ratio. Where the event is rare they are close: at "
            "a risk of 1 % without the factor, {ratio} would mean a risk ratio of {rare}.",
            "不等于 1 的比值比总是比相对风险离 1 更远。事件罕见时两者接近：若无该因素者的风险为 1 %，"
            "{ratio} 意味着相对风险 {rare}。",
        )
        far = Text(
            "An odds ratio other than 1 is always further from 1 than the risk ratio. They come closer where the event is "
            "rare; such a ratio is still apart at 1 %, where {ratio} would mean a risk ratio of {rare}.",
            "不等于 1 的比值比总是比相对风险离 1 更远。事件越罕见两者越接近；但比值比如此之大，即使风险为 1 %，"
            "{ratio} 也只意味着相对风险 {rare}。",
        )
        near = max(ratio / rare, rare / ratio) <= CLOSE
        crude = Text(
            "This odds ratio is crude: nothing else about these {patients} is taken into account, and it says nothing of causes.",
            "此比值比是粗（未调整）比值比：没有考虑这些患儿的其他情况，也不说明因果。",
        )
        return (
            Claim(fill(counted, **terms)),
            Claim(fill(scale, **terms)),
            Claim(fill(over, **terms), ratio > 1 and naive < BEYOND),
            Claim(fill(beyond, **terms), ratio > 1 and naive >= BEYOND),
            Claim(fill(under, **terms), ratio < 1),
            Claim(fill(rule, **terms), ratio != 1 and near),
            Claim(fill(far, **terms), ratio != 1 and not near),
            Claim(fill(crude)),
        )

    def tell(self, found: OddsAndRisk) -> tuple[Claim, ...]:
        said = Text(
            "If the risk without it were {risk}, an odds ratio of {ratio} would mean {having} with it: a risk ratio of "
            "{risk_ratio}, {points} points {way}.",
            "若无该因素者的风险为 {risk}，比值比 {ratio} 意味着有该因素者为 {having}："
            "相对风险 {risk_ratio}，{way} {points} 个百分点。",
        )
        rises = found.odds_ratio >= 1
        more = Text("more", "高") if rises else Text("less", "低")
        return (
            Claim(
                fill(
                    said,
                    risk=format_percent(found.supposed, 0),
                    ratio=format_ratio(found.odds_ratio),
                    having=format_percent(found.supposed_having),
                    risk_ratio=format_ratio(found.supposed_having / found.supposed),
                    points=format_plain(100 * abs(found.supposed_having - found.supposed), 1),
                    way=more,
                )
            ),
        )


def _count(data: FactorData, *, with_factor: bool) -> Estimate:
    """The share with the event, with the factor or without."""
    outcome = data.outcome
    inside = outcome.complete & ((outcome.covariates[data.variable.name] == data.level).to_numpy(bool) == with_factor)
    weight = outcome.weight[inside]
    n, n_event = int(weight.sum()), int((weight * outcome.outcome[inside]).sum())
    if not n:
        return Estimate(None, n=0, n_event=0, reason=NO_PATIENTS)
    return Estimate(n_event / n, wilson(n_event, n), n, n_event)


def _draw_risks(found: OddsAndRisk, language: Language) -> Rows:
    title = fill(Text("Risk of {relapse}, in per cent", "复发风险（%）")).said(language)
    here, supposed = Text("these {patients}", "这些患儿"), Text("supposed", "假设")
    sides = ((found.no_factor, PALETTE[0]), (found.factor, PALETTE[1]))
    risks = (*zip(found.risks, sides, (here, here), strict=True),
             *zip((found.supposed, found.supposed_having), sides, (supposed, supposed), strict=True))  # fmt: skip
    rows = tuple(
        Row(
            f"{name.said(language)}, {fill(whose).said(language)}",
            format_percent(risk),
            100 * risk,
            colour,
            is_bar=True,
        )
        for risk, (name, colour), whose in risks
    )
    return Rows(title, rows, "%", 0, 100, (0, 20, 40, 60, 80, 100))


def _draw_ratios(found: OddsAndRisk, language: Language, yours: tuple[float, ...]) -> Lines:
    def say(text: Text) -> str:
        return text.said(language)

    percents = tuple(100 * risk for risk in found.grid)
    ratio, risk = found.odds_ratio, 100 * found.risks[0]
    lines = (
        Line(say(Text("odds ratio", "比值比 (OR)")), (0, HIGHEST), (ratio, ratio), PALETTE[4], "6px,3px"),
        Line(say(Text("risk ratio", "相对风险 (RR)")), percents, found.ratios, PALETTE[1]),
    )
    dots = [
        Dot(say(fill(Text("these {patients}", "这些患儿"))), risk, found.risk_ratio, PALETTE[0], "square"),
        Dot(say(Text("supposed", "假设")), 100 * found.supposed, found.supposed_having / found.supposed, PALETTE[1]),
        *(Dot(say(Text("your answer", "您的回答")), risk, value, GUESS, "diamond") for value in yours),
    ]
    top = 1.12 * max(1.2, ratio, *yours)
    return Lines(
        say(Text("The same odds ratio at every risk", "同一比值比在不同风险下的含义")),
        lines,
        tuple(dots),
        say(Text("risk without the factor, in per cent", "无该因素者的风险（%）")),
        say(Text("ratio", "比")),
        (0, max(HIGHEST, risk + 5)),
        (0, top),
    )
