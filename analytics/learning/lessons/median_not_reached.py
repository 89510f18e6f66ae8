"""Lesson 3: the median of a curve, and what it means that it is not reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Endpoint
from analytics.document import Picture
from analytics.estimators import estimate_survival, n_at_risk, read_curve, survival_quantile, weighted_quantiles
from analytics.figures.marked import mark_level
from analytics.formats import format_count, format_level, format_plain, is_withheld
from analytics.frames import TimeToEvent
from analytics.languages import Language, Text
from analytics.learning.answers import Answer, Check, Choice, Claim, Question
from analytics.learning.curves import FOLLOWED, draw_curves, follow_patients, say_share
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.saying import fill
from analytics.reporting.reliability import load_policy
from analytics.results import Estimate, Result, SurvivalCurve, SurvivalResult

NEVER = "never"
UNTIL = ((12.0, "year1"), (24.0, "year2"), (60.0, "year5"), (np.inf, "later"))
OPTIONS = (
    ("year1", Text("by month 12", "第 12 个月之前")),
    ("year2", Text("from month 12 to 24", "第 12 至 24 个月")),
    ("year5", Text("from month 24 to 60", "第 24 至 60 个月")),
    ("later", Text("after month 60", "第 60 个月之后")),
    (NEVER, Text("not at all in this follow-up", "在本次随访期内始终没有")),
)
TOO_FEW = Text(
    "This lesson needs {least} {patients} at risk where the curve comes down to 50 %.",
    "本课要求曲线降到 50 % 时风险集中至少有 {least} 人。",
)


@dataclass(frozen=True, slots=True)
class Reached(Result):
    """When a ``share`` has died, by the curve of all; and what else there is to compare with it.

    ``middle`` is the middle of the times of those who died, ``end`` the last time at which enough are at risk and ``left``
    the curve there; ``shown`` is the time up to which the curve is seen before the answer, and ``stands`` the curve there.
    """

    endpoint: Endpoint
    curves: SurvivalResult
    share: float
    at: Estimate
    middle: float
    end: float
    left: Estimate
    shown: float
    stands: Estimate

    no_rule: ClassVar[str] = "times, beside a curve and estimates that are judged by themselves"


class MedianNotReached(Lesson[TimeToEvent, Reached]):
    """The time at which a curve comes down to 50 per cent, if it does."""

    slug = "median-not-reached"
    order = 3
    title = Text("The median that is not reached", "未达到的中位生存时间")
    about = Text("By when have half died, and what if the curve never says?", "何时有一半人死亡？如果曲线没有答案呢？")
    before = (
        Text(
            "The median survival is the time by which half have died: where the curve comes down to 50 %. "
            "Not every curve gets there.",
            "中位生存时间是一半人死亡的时间：即曲线降到 50 % 的时间。并非每条曲线都能降到那里。",
        ),
    )
    control = Control("try_died", "Per cent who have died", "number", 50, limits=(5, 75), step=5)
    control_label = Text("Time by which this many per cent have died", "多少百分比的人已死亡的时间")
    move = Text(
        "Make the share smaller. 25 % is the first quartile: the time by which a quarter have died. The smaller the share, "
        "the sooner the curve gets there.",
        "把比例调小。25 % 是第一四分位数：四分之一的人死亡的时间。比例越小，曲线越早到达。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text("“Median survival: not reached.” What does that say?", "“中位生存时间：未达到”说明什么？"),
            (
                Text("Nobody has died.", "无人死亡。"),
                Text("The study has failed.", "研究失败了。"),
                Text(
                    "In the time observed, the curve has not come down to 50 %.",
                    "在观察期内，曲线没有降到 50 %。",
                ),
            ),
            2,
            Text(
                "{Patients} may have died, but by estimate not half of them in the time observed. What comes later is unknown.",
                "可能有患儿死亡，但估计在观察期内未到一半。此后如何，尚不可知。",
            ),
        ),
        Check(
            Text("Where do you find the median survival?", "中位生存时间如何得到？"),
            (
                Text("The middle of the times of those who died", "死亡者死亡时间的中间值"),
                Text("The time at which the curve comes down to 50 %", "曲线降到 50 % 的时间"),
                Text("The time to which half were followed", "一半人被随访到的时间"),
            ),
            1,
            Text(
                "The times of those who died leave out everybody who was not seen to die; the curve counts them as long as they "
                "are followed.",
                "只看死亡者的时间，会漏掉所有未见死亡的人；曲线则在随访期间把他们计算在内。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return FOLLOWED

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> TimeToEvent:
        frame, least = follow_patients(cohort, cohort_filter), load_policy().stop_below
        curve = estimate_survival(frame.time, frame.event, weight=frame.weight).curves[0]
        median = curve.median.value
        if median is not None and n_at_risk(curve, [median])[0] < least:
            raise TooFewError(fill(TOO_FEW, least=str(least)))
        return frame

    def compute(self, frame: TimeToEvent, setting: Any) -> Reached:
        curves = estimate_survival(frame.time, frame.event, weight=frame.weight)
        curve, share = curves.curves[0], int(setting) / 100
        at = survival_quantile(curve, share)
        if at.value is not None:
            # What the curve does with so few at risk is not shown of the curve either.
            at = replace(at, n=int(n_at_risk(curve, [at.value])[0]), n_are="at risk")
        died = frame.event > 0
        middle = weighted_quantiles(frame.time[died], frame.weight[died], (0.5,))
        assert middle is not None  # so many deaths are asked for
        end, shown = _end_of(curve), _half_way(curve)
        left, stands = read_curve(curve, [end, shown])
        return Reached(frame.endpoint, curves, share, at, middle[0], end, left, shown, stands)

    def ask(self, found: Reached) -> Question:
        text = Text(
            "Of {n} {patients} you see the curve until month {month}, where it stands at {share}. Follow-up goes on: at month "
            "{end}, {at_end} are still at risk. When does the curve come down to 50 %?",
            "您看到的是 {n} 名患儿到第 {month} 个月的曲线，此时为 {share}。随访仍在继续：第 {end} 个月时风险集还有 {at_end} 人。"
            "曲线何时降到 50 %？",
        )
        said: dict[str, str | Text] = {
            "n": format_count(found.curves.curves[0].n),
            "month": format_plain(found.shown, 1),
            "share": say_share(replace(found.stands, interval=None)),
            "end": format_plain(found.end, 0),
            "at_end": format_count(found.left.n),
        }
        return Question(fill(text, **said), Choice(OPTIONS))

    def truth(self, found: Reached) -> Answer:
        time = found.at.value
        return NEVER if time is None else next(code for until, code in UNTIL if time <= until)

    def picture(
        self, found: Reached, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        title = self.title.said(language)
        if not revealed:
            figure = draw_curves(found.curves, found.endpoint, language, horizon=found.shown)
            return Picture(title, figure, self.ask(found).text.said(language))
        figure = draw_curves(found.curves, found.endpoint, language)
        percent = 100 * (1 - found.share)
        text = Text("{percent} % still alive", "仍有 {percent} % 存活")
        if found.at.value is not None:
            text = Text("{percent} % still alive: month {month}", "仍有 {percent} % 存活：第 {month} 个月")
        said = fill(text, percent=f"{percent:g}", month=format_plain(found.at.value or 0.0, 1))
        figure = mark_level(figure, percent, found.at.value, said.said(language))
        return Picture(title, figure, " ".join(t.said(language) for t in self.shown(self.tell(found))))

    def explain(self, found: Reached) -> tuple[Claim, ...]:
        curve, time = found.curves.curves[0], found.at.value
        is_reached = time is not None
        said: dict[str, str | Text] = {
            "n": format_count(curve.n),
            "deaths": format_count(curve.n_event),
            "others": format_count(curve.n - curve.n_event),
            "time": format_plain(time or 0.0, 1),
            "middle": format_plain(found.middle, 1),
            "left": say_share(found.left),
            "end": format_plain(found.end, 0),
            "at_end": format_count(found.left.n),
        }
        reached = Text(
            "The curve comes down to 50 % at month {time}: by estimate, half have died by then.",
            "曲线在第 {time} 个月降到 50 %：估计此时已有一半人死亡。",
        )
        never = Text(
            "The curve never comes down to 50 %: at month {end}, with {at_end} left at risk, it stands at {left}. The median is "
            "not reached.",
            "曲线始终没有降到 50 %：到第 {end} 个月，风险集只剩 {at_end} 人时，仍为 {left}。中位生存时间未达到。",
        )
        meaning = Text(
            "That is no failure, and it does not mean that nobody died: {deaths} of {n} did. It says that by estimate fewer "
            "than half died in the time observed. When half would have died, if ever, is unknown.",
            "这不是失败，也不表示无人死亡：{n} 人中有 {deaths} 人死亡。它只说明估计在观察期内死亡者不到一半；"
            "何时会到一半、是否会到一半，均不可知。",
        )
        fewer = Text(
            "Only {deaths} of {n} were seen to die, fewer than half. The median is reached all the same, because the curve does "
            "not take the censored for alive.",
            "{n} 人中只见到 {deaths} 人死亡，不到一半。中位生存时间仍然达到，因为曲线不把删失者当作存活。",
        )
        middle = Text(
            "The middle of the times of the {deaths} who died is month {middle}. That is not the median survival: it leaves out "
            "the {others} who were not seen to die, and comes too early.",
            "{deaths} 名死亡者死亡时间的中间值是第 {middle} 个月。这不是中位生存时间：它漏掉了未见死亡的 {others} 人，因此偏早。",
        )
        same = Text(
            "The middle of the times of the {deaths} who died is month {middle}, here no earlier than the median.",
            "{deaths} 名死亡者死亡时间的中间值是第 {middle} 个月，此处不早于中位生存时间。",
        )
        is_early = time is None or round(time, 1) > round(found.middle, 1)
        return (
            Claim(fill(reached, **said), is_reached),
            Claim(fill(never, **said), not is_reached),
            Claim(fill(meaning, **said), not is_reached),
            Claim(fill(fewer, **said), is_reached and 2 * curve.n_event < curve.n),
            Claim(fill(middle, **said), is_early),
            Claim(fill(same, **said), not is_early),
        )

    def tell(self, found: Reached) -> tuple[Claim, ...]:
        at, percent = found.at, round(100 * found.share)
        limits = at.interval
        low, high = (None, None) if limits is None else (limits.low, limits.high)
        said: dict[str, str | Text] = {
            "percent": str(percent),
            "rest": str(100 - percent),
            "time": format_plain(at.value or 0.0, 1),
            "low": format_plain(low or 0.0, 1),
            "high": format_plain(high or 0.0, 1),
            "level": format_level(found.curves.conf_level),
            "left": say_share(replace(found.left, interval=None)),
            "end": format_plain(found.end, 0),
        }
        reached = Text("By month {time}, {percent} % have died.", "到第 {time} 个月，已有 {percent} % 死亡。")
        never = Text(
            "The time by which {percent} % have died is not reached: the curve does not come down to {rest} %. At month {end} "
            "it stands at {left}.",
            "{percent} % 的人死亡的时间未达到：曲线没有降到 {rest} %，第 {end} 个月时为 {left}。",
        )
        few = Text(
            "There are too few at risk where the curve comes down to {rest} %: no time is shown.",
            "曲线降到 {rest} % 时风险集人数太少：不显示时间。",
        )
        both = Text(
            "The {level} interval is from month {low} to {high}.", "{level} 置信区间为第 {low} 至 {high} 个月。"
        )
        open_above = Text(
            "The {level} interval begins at month {low} and has no upper limit: the upper limit of the curve does not come down "
            "that far.",
            "{level} 置信区间从第 {low} 个月开始，没有上限：曲线的上限没有降到那里。",
        )
        open_below = Text(
            "There is no {level} interval: neither limit of the curve comes down that far.",
            "没有 {level} 置信区间：曲线的上限和下限都没有降到那里。",
        )
        hidden = is_withheld(at.reason)
        return (
            Claim(fill(reached, **said), at.value is not None),
            Claim(fill(never, **said), at.value is None and not hidden),
            Claim(fill(few, **said), hidden),
            Claim(fill(both, **said), not hidden and low is not None and high is not None),
            Claim(fill(open_above, **said), not hidden and low is not None and high is None),
            Claim(fill(open_below, **said), not hidden and low is None and high is None),
        )


def _end_of(curve: SurvivalCurve) -> float:
    """The last time at which enough are at risk for a curve to be shown."""
    enough = np.flatnonzero(curve.n_risk >= load_policy().stop_below)
    return float(curve.time[enough[-1]])


def _half_way(curve: SurvivalCurve) -> float:
    """The time by which the curve has come half of the way that it goes, at most half of that to 50 per cent."""
    level = 1 - min(1 - float(curve.estimate[-1]), 0.5) / 2
    return float(curve.time[np.flatnonzero(curve.estimate <= level + 1e-9)[0]])
