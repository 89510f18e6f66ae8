"""Lesson 11: why one minus Kaplan–Meier overstates how many have an event that others can forestall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.incidence import list_competing
from analytics.dictionary import CompetingEndpoint
from analytics.document import Picture
from analytics.estimators import estimate_cumulative_incidence, estimate_survival, n_at_risk, read_curve
from analytics.figures.curves.incidence import plot_naive_incidence
from analytics.figures.taught import CHINESE, in_chinese, point_at
from analytics.figures.theme import style_of
from analytics.formats import format_count, format_percent, format_plain
from analytics.frames import CompetingEvents, endpoint_columns
from analytics.languages import Language, Text
from analytics.learning.answers import PERCENT, Answer, Check, Claim, Number, Question
from analytics.learning.curves import ALL
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.saying import fill
from analytics.results import IncidenceCurve, Result, SurvivalCurve

ASKED = 36
LEAST_EVENTS, LEAST_AT_RISK = 5, 3
TOO_FEW = Text(
    "This lesson needs {events} {patients} with a {again} and one with another first event, followed for {months} months; "
    "the selection has {n_event} and {n_other}.",
    "本课需要 {events} 名第二次复发的患儿和至少一名先发生其他事件的患儿，随访 {months} 个月；"
    "当前所选为 {n_event} 名和 {n_other} 名。",
)
ON_FIGURE = {
    **CHINESE,
    "1 − KM: too high": "1 − KM：偏高",
    "Axis ends at": "纵轴止于",
}
SAME = 0.0005  # less than what a per cent with one decimal shows


@dataclass(frozen=True, slots=True)
class Competing(Result):
    """At one ``month``, as probabilities: the incidence of each event, one minus Kaplan–Meier for each, and those without any.

    The first of the events is the one that is asked for. Values are None where nobody is followed so long.
    """

    endpoint: CompetingEndpoint
    curve: IncidenceCurve
    naive: SurvivalCurve
    month: float
    right: tuple[float | None, ...]
    wrong: tuple[float | None, ...]
    free: float | None
    n: int
    n_event: int
    n_other: int
    n_risk: int
    no_rule: ClassVar[str] = "counts, and values of curves that are judged by themselves"

    @property
    def is_followed(self) -> bool:
        """True where the curves reach the month."""
        return self.free is not None


def _add(values: tuple[float | None, ...]) -> float:
    return sum(value for value in values if value is not None)


class CompetingRisks(Lesson[CompetingEvents, Competing]):
    """A second relapse, and the events that can come first, counted in two ways."""

    slug = "competing-risks"
    order = 11
    title = Text("Competing risks: why 1 − KM is too high", "竞争风险：为什么 1 − KM 偏高")
    about = Text(
        "What becomes of those to whom something else happens first.", "先发生了其他事件的人，在两种算法中去了哪里。"
    )
    before = (
        Text(
            "After a first {relapse}, a {again} can happen, or something else first: death, for example. Whoever dies "
            "first will never have a {again}.",
            "首次复发之后可能发生第二次复发，也可能先发生别的事件，例如死亡。先死亡的人不会再有第二次复发。",
        ),
        Text(
            "One minus Kaplan–Meier (1 − KM) treats them as censored, like somebody who only left follow-up and may still "
            "have a {again} later. The cumulative incidence counts them as what they are: without one for good.",
            "1 减去 Kaplan–Meier (1 − KM) 把他们当作删失，就像只是离开随访、以后仍可能第二次复发的人。"
            "累积发生率则如实计算：他们永远不会再有第二次复发。",
        ),
    )
    control = Control("try_by_month", "By month", "number", ASKED, limits=(6, 60), step=6)
    control_label = Text("Count the events up to this month", "计算到第几个月为止的事件")
    move = Text(
        "Move the month. The two lines are one until a {again} comes after another event; from then on they part.",
        "移动月份。在其他事件之后出现第二次复发之前，两条线重合；此后分开。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text(
                "20 of 100 {patients} die first, the others are followed for long. Which line says how many of the 100 "
                "have a {again}?",
                "100 名患儿中 20 名先死亡，其余随访很久。哪条线说明这 100 名中有多少人第二次复发？",
            ),
            (
                Text("The cumulative incidence", "累积发生率"),
                Text("1 − KM, with deaths censored", "1 − KM，死亡作删失"),
                Text("Both, since deaths are no {relapse}", "两者都可以，因为死亡不是复发"),
            ),
            0,
            Text(
                "Only the cumulative incidence leaves the 20 in the count as {patients} without a {again}.",
                "只有累积发生率把这 20 名作为没有第二次复发的患儿留在计算中。",
            ),
        ),
        Check(
            Text(
                "Somebody adds up 1 − KM of each first event and the share without any. What can come out?",
                "有人把每种首发事件的 1 − KM 与无事件比例相加，结果可能是多少？",
            ),
            (
                Text("Always 100 %", "总是 100 %"),
                Text("More than 100 %", "超过 100 %"),
                Text("Less than 100 %", "低于 100 %"),
            ),
            1,
            Text(
                "Each 1 − KM pretends that the other events do not happen. Cumulative incidences add up to 100 %.",
                "每个 1 − KM 都假装其他事件不会发生。累积发生率之和才是 100 %。",
            ),
        ),
        Check(
            Text("When do both ways agree?", "两种算法什么时候一致？"),
            (
                Text("With many {patients}", "患儿很多时"),
                Text("When no other event has come first", "没有其他事件先发生时"),
                Text("When follow-up is complete", "随访完整时"),
            ),
            1,
            Text(
                "The difference comes from other events, not from numbers or follow-up.",
                "差别来自其他事件，与人数和随访无关。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return ("relapse", "event-free time from relapse", "first event after relapse")

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> CompetingEvents:
        cause = cohort.dictionary[cohort.dictionary.role("first event after relapse")]
        endpoint = next(endpoint for endpoint in list_competing(cohort) if endpoint.cause == cause.name)
        frame = CompetingEvents.from_tally(cohort.tally(endpoint_columns(endpoint), cohort_filter), endpoint, cause)
        n_event, n_other = frame.n_events[0], sum(frame.n_events[1:])
        followed = frame.weight[frame.time >= ASKED].sum()
        if n_event < LEAST_EVENTS or not n_other or followed < LEAST_AT_RISK:
            numbers = {"n_event": format_count(n_event), "n_other": format_count(n_other)}
            raise TooFewError(fill(TOO_FEW, events=str(LEAST_EVENTS), months=str(ASKED), **numbers))
        return frame

    def compute(self, frame: CompetingEvents, setting: Any) -> Competing:
        month, weight = float(setting), frame.weight
        incidence = estimate_cumulative_incidence(frame.time, frame.cause, causes=frame.causes, weight=weight)
        naive = [
            estimate_survival(frame.time, frame.cause == number, weight=weight).curves[0]
            for number in range(1, len(frame.causes) + 1)
        ]
        free = estimate_survival(frame.time, frame.cause > 0, weight=weight).curves[0]
        survived = [read_curve(curve, [month])[0].value for curve in naive]
        done = frame.time <= month
        return Competing(
            frame.endpoint,
            incidence.curves[0],
            naive[0],
            month,
            tuple(read_curve(curve, [month])[0].value for curve in incidence.curves),
            tuple(None if value is None else 1 - value for value in survived),
            read_curve(free, [month])[0].value,
            frame.n,
            int(frame.weight[done & (frame.cause == 1)].sum()),
            int(frame.weight[done & (frame.cause > 1)].sum()),
            int(n_at_risk(free, [month])[0]),
        )

    def ask(self, found: Competing) -> Question:
        text = Text(
            "Of {n} {patients}, 1 − KM says {wrong} have a {again} by month {month}. What share is it when other events "
            "count?",
            "{n} 名患儿中，1 − KM 显示到第 {month} 个月有 {wrong} 第二次复发。若考虑其他事件，这一比例是多少？",
        )
        said = format_percent(found.wrong[0])
        start = round(200 * (found.wrong[0] or 0.0)) / 2
        kind = Number(0.0, 100.0, 0.5, PERCENT, 1.0, start)
        return Question(fill(text, n=format_count(found.n), wrong=said, month=f"{found.month:g}"), kind)

    def truth(self, found: Competing) -> Answer:
        return round(100 * (found.right[0] or 0.0), 1)

    def compare(self, found: Competing, answer: Answer) -> Text:
        """The learner's share, the incidence, and what 1 − KM said."""
        assert isinstance(answer, int | float)
        said = Text(
            "You said {yours} %; the cumulative incidence is {right}, against {wrong} by 1 − KM.",
            "您的回答：{yours} %；累积发生率为 {right}，而 1 − KM 为 {wrong}。",
        )
        values = {"right": format_percent(found.right[0]), "wrong": format_percent(found.wrong[0])}
        return fill(said, yours=format_plain(answer, 1), **values)

    def picture(
        self, found: Competing, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        if not revealed:
            return None
        names = {found.curve.group: fill(ALL).said(language)}
        title = Text("{again}", "第二次复发")
        figure = plot_naive_incidence(
            [found.curve],
            [found.naive],
            labels=names,
            styles=style_of(list(names)),
            origin=found.endpoint.origin if language == "en" else "首次复发",
            y_title=fill(title).said(language).capitalize(),
        )
        figure = point_at(figure, found.month) if found.is_followed else figure
        figure = figure if language == "en" else in_chinese(figure, ON_FIGURE)
        return Picture(self.title.said(language), figure, self._say_here(found).said(language))

    def explain(self, found: Competing) -> tuple[Claim, ...]:
        right, wrong = found.right[0] or 0.0, found.wrong[0] or 0.0
        counts = Text(
            "By month {month}, {n_event} of {n} had a {again} and {n_other} something else first.",
            "到第 {month} 个月，{n} 名中有 {n_event} 名第二次复发，{n_other} 名先发生了其他事件。",
        )
        gap = Text(
            "At each {again} the same share of those at risk, say 1 of 40, sets the step of both lines. The incidence "
            "takes it of those still without any event; 1 − KM takes it of a curve that the other events have not "
            "lowered, and so it stands at {wrong} instead of {right}.",
            "每次第二次复发时，风险集中的同一份额（例如 40 人中的 1 人）决定两条线的台阶。"
            "累积发生率取的是仍无任何事件者的份额；1 − KM 取的是一条未因其他事件而下降的曲线的份额，因此为 {wrong}，"
            "而不是 {right}。",
        )
        none = Text(
            "Here the other events came too late or not at all, and both ways agree: {right}.",
            "此处其他事件来得太晚或没有发生，两种算法一致：{right}。",
        )
        adds = Text(
            "The incidences of all first events ({parts}) and the {without} without any add up to 100 %.",
            "所有首发事件的累积发生率（{parts}）与无任何事件的 {without} 之和为 100 %。",
        )
        more = Text(
            "With 1 − KM for each event in their place the sum is {total}: more than everybody.",
            "若每种事件都改用 1 − KM，总和为 {total}：超过了全部患儿。",
        )
        parts = " + ".join(format_percent(value) for value in found.right if value)
        said = {"right": format_percent(right), "wrong": format_percent(wrong)}
        total = _add(found.wrong) + (found.free or 0.0)
        return (
            Claim(self._fill_counts(counts, found)),
            Claim(fill(gap, **said), wrong - right >= SAME),
            Claim(fill(none, right=said["right"]), wrong - right < SAME),
            Claim(fill(adds, parts=parts, without=format_percent(found.free))),
            Claim(fill(more, total=format_percent(total)), total - 1 >= SAME),
        )

    def tell(self, found: Competing) -> tuple[Claim, ...]:
        right, wrong = found.right[0] or 0.0, found.wrong[0] or 0.0
        gap = Text("1 − KM is {points} points too high.", "1 − KM 高出 {points} 个百分点。")
        same = Text("Both ways agree so far.", "到此为止两种算法一致。")
        return (
            Claim(self._say_here(found)),
            Claim(
                fill(gap, points=format_plain(100 * (wrong - right), 1)), found.is_followed and wrong - right >= SAME
            ),
            Claim(same, found.is_followed and wrong - right < SAME),
        )

    def _fill_counts(self, text: Text, found: Competing, **terms: str) -> Text:
        counts = {"n": found.n, "n_event": found.n_event, "n_other": found.n_other}
        said = {name: format_count(number) for name, number in counts.items()}
        return fill(text, month=f"{found.month:g}", **said, **terms)

    def _say_here(self, found: Competing) -> Text:
        if not found.is_followed:
            text = Text("Nobody is followed for {month} months.", "没有人随访满 {month} 个月。")
            return fill(text, month=f"{found.month:g}")
        text = Text(
            "Month {month}: cumulative incidence {right}, 1 − KM {wrong}; {n_event} with a {again}, {n_other} with "
            "another event first, {n_risk} at risk.",
            "第 {month} 个月：累积发生率 {right}，1 − KM {wrong}；{n_event} 名第二次复发，{n_other} 名先发生其他事件，"
            "风险集 {n_risk} 人。",
        )
        values = {"right": format_percent(found.right[0]), "wrong": format_percent(found.wrong[0])}
        return self._fill_counts(text, found, **values, n_risk=format_count(found.n_risk))
