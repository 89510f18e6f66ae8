"""Lesson 1: what a survival curve is, where it falls, and how to read it at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Endpoint
from analytics.document import Picture
from analytics.estimators import estimate_survival, n_at_risk, read_curve
from analytics.figures.taught import add_guess, point_at
from analytics.formats import format_count, format_percent, format_plain
from analytics.frames import TimeToEvent
from analytics.languages import Language, Text
from analytics.learning.answers import Answer, Check, Claim, Drawn, Question, distance
from analytics.learning.curves import FOLLOWED, draw_curves, follow_patients, say_share
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.saying import fill
from analytics.reporting.reliability import load_policy
from analytics.results import Estimate, Result, SurvivalCurve, SurvivalResult

TIMES = (6.0, 12.0, 18.0, 24.0, 36.0, 48.0)
YOURS = Text("your curve", "您画的曲线")
HERE = Text("{share}, {at_risk} at risk", "{share}，风险集 {at_risk} 人")
AT_RISK = Text("{at_risk} at risk", "风险集 {at_risk} 人")
TOO_SHORT = Text(
    "This lesson needs {patients} who are followed for {month} months.", "本课要求有患儿随访满 {month} 个月。"
)


@dataclass(frozen=True, slots=True)
class Step(Result):
    """One step of a curve: ``n_event`` of ``n_risk`` at risk died at a time, and it fell from a height to another (0 to 1)."""

    time: float
    n_risk: int
    n_event: int
    above: float
    below: float

    no_rule: ClassVar[str] = "counts, and heights where enough are at risk for the curve to be shown"

    @property
    def fall(self) -> float:
        """By how many points the curve falls."""
        return 100 * (self.above - self.below)


@dataclass(frozen=True, slots=True)
class Reading(Result):
    """The curve of all, its values at the times that are drawn, and what there is to read at one ``month``.

    ``last`` is the last step with enough at risk for it to be shown, ``first`` the first.
    """

    endpoint: Endpoint
    curves: SurvivalResult
    drawn: tuple[Estimate, ...]
    month: float
    here: Estimate
    n_risk: int
    first: Step
    last: Step

    no_rule: ClassVar[str] = "times and counts, beside a curve that is judged by itself"

    @property
    def times(self) -> tuple[float, ...]:
        """The times up to which some are followed."""
        return tuple(t for t, e in zip(TIMES, self.drawn, strict=True) if e.value is not None)


class ReadingACurve(Lesson[TimeToEvent, Reading]):
    """A survival curve, its steps and the counts under it."""

    slug = "reading-a-curve"
    order = 1
    title = Text("Reading a curve and its steps", "读懂曲线与它的台阶")
    about = Text("What falls, when, and by how much.", "曲线何时下降，下降多少。")
    before = (
        Text(
            "A survival curve starts with everybody: 100 % at the day of {relapse}. Each time somebody dies, it falls by a "
            "step. Between deaths it stays level. To read it, go up from a time to the curve, then left to the per cents: that "
            "is the estimated share still alive at that time.",
            "生存曲线从所有人开始：{relapse}当日为 100 %。每有一人死亡，曲线下降一级台阶；两次死亡之间保持水平。"
            "读法是：从某一时间向上找到曲线，再向左读百分数，就是该时间仍存活的估计比例。",
        ),
        Text(
            "Before you see the curve of these {patients}, say what you expect.",
            "在看到这些患儿的曲线之前，请先说出您的预期。",
        ),
    )
    control = Control("read_at", "Read the curve at", "number", 12, limits=(1, 60), step=1)
    control_label = Text("Read the curve at this month", "在第几个月读曲线")
    move = Text(
        "Move the month, and read the height of the curve and the number at risk: those alive and still followed. They "
        "become fewer and fewer.",
        "移动月份，读出曲线高度与风险集人数：即仍存活且仍在随访的人。人数越来越少。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text(
                "A survival curve stays level from month 10 to month 14. What does that say?",
                "生存曲线在第 10 至 14 个月保持水平，这说明什么？",
            ),
            (
                Text("No death was seen in that time.", "这段时间没有见到死亡。"),
                Text("Nobody was followed in that time.", "这段时间无人被随访。"),
                Text("All who are left are cured.", "剩下的人都已治愈。"),
            ),
            0,
            Text("The curve falls when somebody dies, and only then.", "只有在有人死亡时，曲线才会下降。"),
        ),
        Check(
            Text(
                "20 are at risk and one of them dies. By how much does a curve that stood at 60 % fall?",
                "风险集中有 20 人，其中 1 人死亡。原来位于 60 % 的曲线下降多少？",
            ),
            (
                Text("By 1 point", "1 个百分点"),
                Text("By 3 points: one twentieth of 60 %", "3 个百分点：60 % 的二十分之一"),
                Text("By 5 points: one twentieth of 100 %", "5 个百分点：100 % 的二十分之一"),
            ),
            1,
            Text(
                "Each step takes the same share of the curve as it takes of those at risk: 60 % × 1/20 = 3 points.",
                "每一级台阶从曲线中减去的份额，等于它占风险集的份额：60 % × 1/20 = 3 个百分点。",
            ),
        ),
        Check(
            Text("How do you read survival at 24 months off a curve?", "如何从曲线上读出 24 个月时的生存？"),
            (
                Text(
                    "Up from 24 months to the curve, then left to the per cents.",
                    "从 24 个月向上到曲线，再向左读百分数。",
                ),
                Text("Count the steps before 24 months.", "数 24 个月之前的台阶数。"),
                Text("Divide the deaths by all who are followed for 24 months.", "用死亡数除以随访满 24 个月的人数。"),
            ),
            0,
            Text(
                "The height of the curve is the estimated share alive. Steps differ in height, and shares of those followed "
                "long enough leave out the others.",
                "曲线的高度就是存活的估计比例。台阶高度不一，而只数随访够久的人会漏掉其他人。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return FOLLOWED

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> TimeToEvent:
        frame = follow_patients(cohort, cohort_filter)
        if frame.time.max() < TIMES[1]:
            raise TooFewError(fill(TOO_SHORT, month=f"{TIMES[1]:g}"))
        return frame

    def compute(self, frame: TimeToEvent, setting: Any) -> Reading:
        curves = estimate_survival(frame.time, frame.event, weight=frame.weight)
        curve, month = curves.curves[0], float(setting)
        steps = np.flatnonzero((curve.n_event_at > 0) & (curve.n_risk >= load_policy().stop_below))
        return Reading(
            frame.endpoint,
            curves,
            read_curve(curve, TIMES),
            month,
            read_curve(curve, [month])[0],
            int(n_at_risk(curve, [month])[0]),
            _read_step(curve, int(steps[0])),
            _read_step(curve, int(steps[-1])),
        )

    def ask(self, found: Reading) -> Question:
        text = Text(
            "{n} {patients} had a {relapse}. Draw the share still alive after it.",
            "共有 {n} 名患儿{relapse}。请画出此后仍存活的比例。",
        )
        axis = Text("Alive", "存活")
        return Question(fill(text, n=format_count(found.curves.curves[0].n)), Drawn(found.times, axis, 5.0))

    def truth(self, found: Reading) -> Answer:
        return tuple(100.0 * e.value for e in found.drawn if e.value is not None)

    def picture(
        self, found: Reading, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        if not revealed:
            return None
        figure = draw_curves(found.curves, found.endpoint, language)
        here = {"share": format_percent(found.here.value), "at_risk": format_count(found.n_risk)}
        there = fill(AT_RISK if found.here.value is None else HERE, **here)
        figure = point_at(figure, found.month, there.said(language))
        if isinstance(answer, tuple):
            figure = add_guess(figure, found.times, answer, YOURS.said(language))
        return Picture(self.title.said(language), figure, self._say_here(found).said(language))

    def explain(self, found: Reading) -> tuple[Claim, ...]:
        curve, first, last = found.curves.curves[0], found.first, found.last
        gone = curve.n - first.n_risk
        begins = Text(
            "The first step is at month {month}: {events} of {at_risk} at risk died, and the curve falls by {step} points, "
            "from 100 % to {left}.",
            "第一级台阶在第 {month} 个月：风险集 {at_risk} 人中有 {events} 人死亡，曲线下降 {step} 个百分点，"
            "从 100 % 降到 {left}。",
        )
        at_risk = Text(
            "At risk are those who are alive and still followed; {gone} of {n} were followed no longer by then.",
            "风险集是仍存活且仍在随访的人；{n} 人中有 {gone} 人此时已不在随访。",
        )
        everybody = Text(
            "At risk are those who are alive and still followed: here still all {n}.",
            "风险集是仍存活且仍在随访的人：此时仍是全部 {n} 人。",
        )
        rule = Text(
            "Each step takes the same share of the curve as it takes of those at risk.",
            "每一级台阶从曲线中减去的份额，等于它占风险集的份额。",
        )
        ends = Text(
            "A late step, at month {month}, when {events} of {at_risk} at risk died: {above} × {events}/{at_risk} = {step} "
            "points.",
            "靠后的一级台阶在第 {month} 个月，风险集 {at_risk} 人中 {events} 人死亡："
            "{above} × {events}/{at_risk} = {step} 个百分点。",
        )
        higher = Text(
            "It is higher than the first, though as many died: fewer were left at risk.",
            "死亡人数相同，它却比第一级高：风险集剩下的人更少。",
        )
        deaths = Text(
            "In all {deaths} of {n} died. The curve falls at their times, and nowhere else.",
            "{n} 人中共有 {deaths} 人死亡。曲线只在他们死亡的时间下降，别处都不下降。",
        )
        counts = {"n": format_count(curve.n), "gone": format_count(gone), "deaths": format_count(curve.n_event)}
        is_higher = last.n_event == first.n_event and round(last.fall, 1) > round(first.fall, 1)
        return (
            Claim(fill(begins, **_say_step(first))),
            Claim(fill(at_risk, **counts), gone > 0),
            Claim(fill(everybody, **counts), gone == 0),
            Claim(rule),
            Claim(fill(ends, **_say_step(last)), last.time > first.time),
            Claim(higher, is_higher),
            Claim(fill(deaths, **counts)),
        )

    def compare(self, found: Reading, answer: Answer) -> Text:
        """How far the drawn curve is from that of the patients."""
        truth = self.truth(found)
        assert isinstance(answer, tuple) and isinstance(truth, tuple)
        said = Text("Your curve is {away} points away on average.", "您画的曲线平均相差 {away} 个百分点。")
        return fill(said, away=format_plain(distance(answer, truth), 1))

    def tell(self, found: Reading) -> tuple[Claim, ...]:
        return (Claim(self._say_here(found)),)

    def _say_here(self, found: Reading) -> Text:
        numbers = {"month": f"{found.month:g}", "at_risk": format_count(found.n_risk)}
        if found.here.value is None and found.n_risk:
            few = Text(
                "Month {month}: {at_risk} at risk, too few for the curve to be read.",
                "第 {month} 个月：风险集 {at_risk} 人，太少，无法读曲线。",
            )
            return fill(few, **numbers)
        if found.here.value is None:
            return fill(Text("Nobody is followed for {month} months.", "没有人随访满 {month} 个月。"), **numbers)
        said = Text(
            "Month {month}: {share} alive, {at_risk} at risk.", "第 {month} 个月：存活 {share}，风险集 {at_risk} 人。"
        )
        return fill(said, share=say_share(found.here), **numbers)


def _read_step(curve: SurvivalCurve, place: int) -> Step:
    above = float(curve.estimate[place - 1]) if place else 1.0
    n_risk, n_event = int(curve.n_risk[place]), int(curve.n_event_at[place])
    return Step(float(curve.time[place]), n_risk, n_event, above, float(curve.estimate[place]))


def _say_step(step: Step) -> dict[str, str | Text]:
    return {
        "month": format_plain(step.time, 1),
        "events": format_count(step.n_event),
        "at_risk": format_count(step.n_risk),
        "step": format_plain(step.fall, 1),
        "above": format_percent(step.above),
        "left": format_percent(step.below),
    }
