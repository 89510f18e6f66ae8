"""Lesson 9: nobody died, which is not a risk of 0, and what becomes of a model then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import PHASES, Variable
from analytics.document import Picture
from analytics.estimators import estimate_odds_ratios, estimate_survival, read_curve, upper_limit_without_events
from analytics.figures.stacked import Dot, Line, Lines, Row, Rows, stack
from analytics.figures.taught import GUESS
from analytics.figures.theme import PALETTE
from analytics.formats import format_count, format_interval, format_percent, format_ratio
from analytics.frames import TimeToEvent
from analytics.languages import Language, Text
from analytics.learning.answers import PERCENT, Answer, Check, Claim, Number, Question
from analytics.learning.curves import FOLLOWED, follow_patients
from analytics.learning.lesson import Lesson
from analytics.learning.naming import speak_level
from analytics.learning.saying import fill
from analytics.results import Estimate, OddsRatio, OddsRatioResult, Result

LEAST, LEAST_DEATHS = 5, 5  # patients in a group without deaths, and deaths among the others
MADE_UP = 12  # patients of a group that is made up
MOST = 60
LATE = 36.0  # months
GROUP, NOBODY, OTHERS = "group", "none died", "others"


@dataclass(frozen=True, slots=True)
class Undying(Result):
    """A group without deaths beside all others; ``variable`` is None where no group is, and one of ``n`` is made up.

    ``late`` is the survival of the group at `LATE` months.
    """

    n: int
    others: int
    others_event: int
    late: Estimate
    variable: Variable | None = None
    level: str = ""


@dataclass(frozen=True, slots=True)
class Separation(Result):
    """The upper limit for none of ``n``, the group's own and one that is supposed, and the odds ratios against the others.

    ``ordinary`` is by maximum likelihood, ``penalised`` by Firth's method, ``supposed_model`` that of the supposed number.
    """

    group: Undying
    limit: float
    ordinary: OddsRatioResult
    penalised: OddsRatioResult
    supposed: int
    supposed_limit: float
    supposed_model: OddsRatioResult
    limits: tuple[float, ...]

    no_rule: ClassVar[str] = "limits for numbers of patients that are supposed, beside models that are judged"

    @property
    def name(self) -> Text:
        """The group in words."""
        variable = self.group.variable
        made_up = Text("a made-up group", "虚构组")
        return made_up if variable is None else speak_level(variable, self.group.level)


class NobodyDied(Lesson[Undying, Separation]):
    """Separation and small numbers: 0 of n is not a risk of 0."""

    slug = "separation"
    order = 9
    title = Text("Nobody died: separation and small numbers", "无人死亡：分离现象与小样本")
    about = Text("0 deaths is not 0 risk.", "零死亡不等于零风险。")
    before = (
        Text(
            "With a risk of 10 %, all of 12 {patients} survive in 28 of 100 such groups (0.9 multiplied 12 times). So a group "
            "without deaths still fits that risk. The upper limit is the risk at which it would happen in only 5 of 100 groups.",
            "若风险为 10 %，12 名患儿全部存活的情形在 100 个这样的组中有 28 个（0.9 连乘 12 次）。"
            "因此，没有死亡的组仍与该风险相符。上限是指：在该风险下，这种情形在 100 个组中只出现 5 个。",
        ),
    )
    control = Control("try_none_of", "Number without any event", "number", MADE_UP, limits=(1, MOST), step=1)
    control_label = Text("Number of {patients}, none of whom died", "无人死亡的组中患儿人数")
    move = Text(
        "Move the number of {patients} in a group in which nobody died, and watch the limit and the odds ratio.",
        "移动无人死亡组的患儿人数，观察上限与比值比。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text(
                "None of 30 {patients} had a complication. Up to which risk does that fit (95 % upper limit)?",
                "30 名患儿均未发生某并发症。与之相符的风险最高约为多少（95 % 上限）？",
            ),
            (Text("0 %", "0 %"), Text("About 10 %", "约 10 %"), Text("About 30 %", "约 30 %")),
            1,
            Text(
                "The rule of three: 3 / 30 is 10 %; the exact limit is 9.5 %.",
                "三法则：3/30 = 10 %；精确上限为 9.5 %。",
            ),
        ),
        Check(
            Text(
                "A program prints an odds ratio of 0.00 with an interval from 0 to infinity. What has happened?",
                "某程序给出比值比 0.00，区间从 0 到无穷大。发生了什么？",
            ),
            (
                Text("The factor prevents the event with certainty.", "该因素必定能防止事件发生。"),
                Text("The factor has nothing to do with the event.", "该因素与事件无关。"),
                Text("Separation: in one group nobody had the event.", "分离现象：某一组中无人发生事件。"),
            ),
            2,
            Text(
                "Maximum likelihood has no finite answer there. The number printed is where the program gave up.",
                "此时最大似然没有有限解；打印出的数字只是程序停下的位置。",
            ),
        ),
        Check(
            Text("What does Firth’s method change?", "Firth 法改变了什么？"),
            (
                Text("It gives a finite ratio, with a wide interval.", "给出有限的比值比，但区间很宽。"),
                Text("It adds {patients}, so the ratio becomes certain.", "增加了患儿，因而比值比变得确定。"),
                Text("It leaves out the group without events.", "剔除没有事件的组。"),
            ),
            0,
            Text(
                "The penalty keeps the ratio finite; how few the {patients} are stays visible in the interval.",
                "惩罚项使比值比保持有限；患儿之少仍体现在区间的宽度上。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return FOLLOWED

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> Undying:
        everybody = follow_patients(cohort, cohort_filter)
        for variable in _list_candidates(cohort, everybody.endpoint.phase):
            found = _find_group(follow_patients(cohort, cohort_filter, variable), variable)
            if found is not None:
                return found
        nobody = read_curve(estimate_survival(np.array([]), np.array([])).curves[0], [LATE])[0]
        return Undying(MADE_UP, everybody.n, everybody.n_event, nobody)

    def compute(self, frame: Undying, setting: Any) -> Separation:
        supposed = int(setting)
        return Separation(
            frame,
            _limit(frame.n),
            _compare(frame, frame.n, "ml"),
            _compare(frame, frame.n, "firth"),
            supposed,
            _limit(supposed),
            _compare(frame, supposed, "firth"),
            tuple(_limit(n) for n in range(1, MOST + 1)),
        )

    def ask(self, found: Separation) -> Question:
        own = Text(
            "{group}: none of {n} {patients} died. What is the 95 % upper limit of their risk?",
            "{group}：{n} 名患儿无一死亡。其死亡风险的 95 % 上限是多少？",
        )
        made_up = Text(
            "No group of this selection is without deaths, so suppose one: none of {n} {patients} died. What is the 95 % upper "
            "limit of their risk?",
            "当前所选中没有零死亡的组，故假设一组：{n} 名患儿无一死亡。其死亡风险的 95 % 上限是多少？",
        )
        text = made_up if found.group.variable is None else own
        return Question(
            fill(text, group=found.name, n=format_count(found.group.n)), Number(0, 100, 1, PERCENT, 3.0, 0.0)
        )

    def truth(self, found: Separation) -> Answer:
        return round(100 * found.limit, 1)

    def picture(
        self, found: Separation, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        if not revealed:
            return None
        yours = (float(answer),) if isinstance(answer, int | float) else ()
        return Picture(
            self.title.said(language),
            stack((_draw_limits(found, language, yours), _draw_ratios(found, language))),
            " ".join(text.said(language) for text in self.shown(self.tell(found))),
        )

    def explain(self, found: Separation) -> tuple[Claim, ...]:
        group, ordinary, late = found.group, _term(found.ordinary), found.group.late
        terms: dict[str, Any] = {
            "n": format_count(group.n),
            "limit": format_percent(found.limit),
            "three": format_percent(3 / group.n),
            "late": f"{LATE:g}",
            "followed": format_count(late.n),
            "late_limit": format_percent(1 - late.interval.low if late.interval and late.interval.low else None),
            "others": format_count(group.others),
            "others_event": format_count(group.others_event),
            **_say_ratio(found.penalised),
        }
        exact = Text(
            "At a risk of {limit}, nobody of {n} would die in 5 of 100 such groups. That is the exact limit; the rule of three, "
            "3 / n, gives {three}, and comes the nearer the more {patients} there are. 0 deaths is not 0 risk.",
            "若风险为 {limit}，100 个这样的组中有 5 个会出现 {n} 人无一死亡。这就是精确上限；三法则 3/n 给出 {three}，"
            "人数越多越接近。零死亡不等于零风险。",
        )
        few = Text(
            "The limit takes all {n} as followed for long enough. Only {followed} were followed for {late} months; what can have "
            "happened by then rests on them: up to {late_limit}.",
            "该上限把 {n} 人都视为随访足够久。其中只有 {followed} 人随访满 {late} 个月；"
            "到那时的风险只能由他们说明：最高 {late_limit}。",
        )
        nobody = Text(
            "The limit takes all {n} as followed for long enough. Nobody was followed for {late} months: of that time the group "
            "says nothing.",
            "该上限把 {n} 人都视为随访足够久。没有人随访满 {late} 个月：关于那时，该组什么也说明不了。",
        )
        runs_off = Text(
            "An odds ratio of death against the others ({others_event} of {others} died) has no finite value: the nearer to 0, "
            "the better it fits. This is separation. A program that does not notice prints 0.00 with an interval from 0 to "
            "infinity.",
            "与其余患儿（{others} 名中死亡 {others_event} 名）相比，死亡的比值比没有有限值：越接近 0 拟合得越好。"
            "这就是分离现象。没有察觉的程序会打印 0.00，区间从 0 到无穷大。",
        )
        firth = Text(
            "Firth’s penalised likelihood stays finite: with two groups it adds half a {patient} to each of the four counts. "
            "It gives {ratio} (95 % interval {interval}), {verdict}. It counts deaths, and not how long anybody was followed.",
            "Firth 惩罚似然保持有限：在两组时相当于给四个计数各加半名患儿，得到 {ratio}（95 % 置信区间 {interval}），{verdict}。"
            "它只数死亡，不看每人随访多久。",
        )
        hidden = Text(
            "Firth’s penalised likelihood would stay finite; so few {patients} stand behind it here that it is not shown.",
            "Firth 惩罚似然会保持有限；但此处患儿太少，因此不予显示。",
        )
        is_shown = _term(found.penalised).odds_ratio.value is not None
        own = group.variable is not None
        return (
            Claim(fill(exact, **terms)),
            Claim(fill(few, **terms), own and late.value == 1.0 and late.n < group.n),
            Claim(fill(nobody, **terms), own and late.value is None),
            Claim(fill(runs_off, **terms), ordinary.odds_ratio.value is None),
            Claim(fill(firth, **terms), is_shown),
            Claim(fill(hidden, **terms), not is_shown),
        )

    def tell(self, found: Separation) -> tuple[Claim, ...]:
        terms = {
            "n": format_count(found.supposed),
            "limit": format_percent(found.supposed_limit),
            "others": format_count(found.group.others),
            "others_event": format_count(found.group.others_event),
            **_say_ratio(found.supposed_model),
        }
        limit = Text(
            "None of {n} died: that fits every risk up to {limit}.", "{n} 人无一死亡：与最高 {limit} 的各种风险相符。"
        )
        ratio = Text(
            "Against the others ({others_event} of {others} died), Firth’s odds ratio is {ratio} (95 % interval {interval}), "
            "{verdict}.",
            "与其余患儿（{others} 名中死亡 {others_event} 名）相比，Firth 比值比为 {ratio}"
            "（95 % 置信区间 {interval}），{verdict}。",
        )
        hidden = Text(
            "With so few, no odds ratio is shown: it would rest mostly on the half {patient} added to each count.",
            "人数如此之少，不显示比值比：它主要取决于给各计数所加的半名患儿。",
        )
        is_shown = _term(found.supposed_model).odds_ratio.value is not None
        return (
            Claim(fill(limit, **terms)),
            Claim(fill(ratio, **terms), is_shown),
            Claim(fill(hidden, **terms), not is_shown),
        )


def _list_candidates(cohort: Cohort, phase: str) -> list[Variable]:
    """The groups known when the clock starts, first where the event was."""
    known = [v for v in cohort.dictionary.groups if v.name in cohort.variables]
    known = [v for v in known if PHASES.index(v.phase) <= PHASES.index(phase)]
    first = cohort.dictionary.roles.get("marrow involvement")
    return sorted(known, key=lambda v: v.name != first)


def _find_group(frame: TimeToEvent, variable: Variable) -> Undying | None:
    """The largest group without deaths, if enough of the others died."""
    curves = estimate_survival(frame.time, frame.event, group=frame.group, weight=frame.weight).curves
    without = [curve for curve in curves if curve.n >= LEAST and not curve.n_event]
    deaths = sum(curve.n_event for curve in curves)
    if not without or deaths < LEAST_DEATHS:
        return None
    largest = max(without, key=lambda curve: curve.n)
    others = sum(curve.n for curve in curves) - largest.n
    return Undying(largest.n, others, deaths, read_curve(largest, [LATE])[0], variable, largest.group)


def _limit(n: int) -> float:
    limit = upper_limit_without_events(n)
    assert limit is not None and limit.high is not None
    return limit.high


def _compare(group: Undying, n: int, method: Any) -> OddsRatioResult:
    """Odds ratio of death of ``n`` of whom none died against the others."""
    covariates = pd.DataFrame({GROUP: pd.Categorical([NOBODY, OTHERS, OTHERS], [OTHERS, NOBODY])})
    weight = [n, group.others_event, group.others - group.others_event]
    return estimate_odds_ratios([0, 1, 0], covariates, weight=weight, method=method)


def _term(model: OddsRatioResult) -> OddsRatio:
    (term,) = (term for term in model.terms if not term.is_reference)
    return term


def _say_ratio(model: OddsRatioResult) -> dict[str, str | Text]:
    ratio = _term(model).odds_ratio
    excludes = ratio.interval is not None and ratio.interval.excludes(1)
    verdict = Text("which leaves out 1", "不包含 1") if excludes else Text("which includes 1", "包含 1")
    return {"ratio": format_ratio(ratio.value), "interval": format_interval(ratio.interval), "verdict": verdict}


def _draw_limits(found: Separation, language: Language, yours: tuple[float, ...]) -> Lines:
    def say(text: Text) -> str:
        return fill(text).said(language)

    dots = [
        Dot(
            say(Text("these {patients}", "这些患儿") if found.group.variable else Text("made up", "虚构")),
            found.group.n,
            100 * found.limit,
            PALETTE[0],
            "square",
        ),
        Dot(say(Text("supposed", "假设")), found.supposed, 100 * found.supposed_limit, PALETTE[1]),
        *(Dot(say(Text("your answer", "您的回答")), found.group.n, value, GUESS, "diamond") for value in yours),
    ]
    line = Line(
        say(Text("upper limit", "上限")), range(1, MOST + 1), [100 * limit for limit in found.limits], PALETTE[0]
    )
    return Lines(
        say(Text("Highest risk that fits no deaths at all", "与零死亡相符的最高风险")),
        (line,),
        tuple(dots),
        say(Text("number of {patients}, none of whom died", "患儿人数（无一死亡）")),
        say(Text("risk, in per cent", "风险（%）")),
        (0, max(MOST, found.group.n + 5)),
        (0, 100),
    )


def _draw_ratios(found: Separation, language: Language) -> Rows:
    def say(text: Text) -> str:
        return text.said(language)

    rows = [
        Row(say(Text("maximum likelihood", "最大似然")), say(Text("no finite value", "无有限值")), None, PALETTE[4], high=1,
            goes_on=_term(found.ordinary).odds_ratio.value is None),
        _row(f"Firth, n = {found.group.n}", found.penalised, PALETTE[0], language),
        _row(f"Firth, n = {found.supposed}", found.supposed_model, PALETTE[1], language),
    ]  # fmt: skip
    title = Text("Odds ratio of death against the others", "与其余患儿相比的死亡比值比")
    axis = Text("odds ratio", "比值比 (OR)")
    return Rows(say(title), tuple(rows), say(axis), 0.0005, 20, (0.001, 0.01, 0.1, 1, 10), is_log=True, line=1)


def _row(label: str, model: OddsRatioResult, colour: str, language: Language) -> Row:
    ratio = _term(model).odds_ratio
    if ratio.value is None:
        return Row(label, Text("not shown", "不显示").said(language), None, colour)
    limits = (None, None) if ratio.interval is None else (ratio.interval.low, ratio.interval.high)
    text = f"{format_ratio(ratio.value)} ({format_interval(ratio.interval)})"
    return Row(label, text, ratio.value, colour, *limits)
