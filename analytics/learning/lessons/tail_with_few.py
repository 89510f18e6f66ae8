"""Lesson 4: the end of a curve rests on few, and a flat end is no cure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Endpoint
from analytics.document import Picture
from analytics.estimators import estimate_survival, hidden_share, read_curve
from analytics.figures.curves.survival import Overlay
from analytics.figures.marked import mark_guess, mark_points
from analytics.figures.taught import point_at
from analytics.figures.theme import AXIS_LINE
from analytics.formats import format_count, format_percent, format_plain
from analytics.frames import TimeToEvent
from analytics.languages import Language, Text
from analytics.learning.answers import PERCENT, Answer, Check, Claim, Number, Question
from analytics.learning.curves import FOLLOWED, draw_curves, follow_patients, say_share
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.saying import fill
from analytics.results import Estimate, FloatArray, Result, SurvivalResult

FEWEST, MOST = 4, 20
TOO_FEW = Text(
    "This lesson needs a curve at whose end {patients} are censored with {fewest} to {most} at risk.",
    "本课要求曲线末端有患儿删失，且此时风险集为 {fewest} 至 {most} 人。",
)
AT_RISK = Text("{n_risk} at risk", "风险集 {n_risk} 人")
AS_IT_IS = Text("the curve as it is", "实际曲线")
YOURS = Text("your answer", "您的回答")


@dataclass(frozen=True, slots=True)
class Tail(Result):
    """A curve, and the same had one more died: a patient who was in truth censored at ``month``, with ``n_risk`` at risk.

    ``since`` is the last death before that, ``then`` the curve just after it; ``first_fall`` is the height of the first step
    and ``n_first`` those at risk then; ``hidden`` the share that could have died of so many without it being a surprise.
    """

    endpoint: Endpoint
    curves: SurvivalResult
    changed: SurvivalResult
    month: float
    n_risk: int
    stands: Estimate
    would: Estimate
    since: float
    then: Estimate
    is_flat: bool
    first_fall: float
    n_first: int
    hidden: float

    no_rule: ClassVar[str] = "times and counts, beside curves and estimates that are judged by themselves"

    @property
    def fall(self) -> float:
        """By how much the curve would fall."""
        return (self.stands.value or 0.0) - (self.would.value or 0.0)


class TailWithFew(Lesson[TimeToEvent, Tail]):
    """What one death more does to the end of a curve."""

    slug = "tail-with-few"
    order = 4
    title = Text("The tail with four left", "只剩四人的曲线末端")
    about = Text("How much a flat end can bear.", "平坦的末端能说明多少。")
    before = (
        Text(
            "At its end a curve often runs flat. Under it stands how many are still at risk: alive and still followed. There "
            "they become few.",
            "曲线的末端常常是平的。曲线下方标明风险集人数：仍存活且仍在随访的人。到末端，人数变得很少。",
        ),
        Text(
            "Remember: a step takes the same share of the curve as it takes of those at risk.",
            "请记住：一级台阶从曲线中减去的份额，等于它占风险集的份额。",
        ),
    )
    control = Control("try_left", "At risk when one of them dies", "number", FEWEST, limits=(FEWEST, MOST), step=1)
    control_label = Text("One of this many at risk dies", "风险集中有多少人时，其中 1 人死亡")
    move = Text(
        "Let the death come earlier, with more at risk. The more there are, the less one death takes.",
        "让这例死亡早一些发生，此时风险集人数更多。人数越多，一例死亡减去的越少。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text(
                "A curve is flat from month 30 to 90, with four at risk at the end. What does that show?",
                "一条曲线从第 30 到 90 个月是平的，末端风险集为 4 人。这说明什么？",
            ),
            (
                Text(
                    "No death was seen then; four are too few to say that none will come.",
                    "这段时间没有见到死亡；但四个人太少，不能说今后不会有。",
                ),
                Text(
                    "Whoever has lived for 30 months after {relapse} is cured by then.",
                    "{relapse}后活过 30 个月的人就治愈了。",
                ),
                Text(
                    "Survival at month 90 is known as well as that at month 30.",
                    "第 90 个月的生存与第 30 个月同样确切。",
                ),
            ),
            0,
            Text(
                "Flat means no deaths among those who were still followed. Few can hide much.",
                "平坦只表示仍在随访者中没有死亡。人数少，看不到的就多。",
            ),
        ),
        Check(
            Text(
                "Four are at risk, the curve stands at 80 %, and one of the four dies. Where does it stand then?",
                "风险集有 4 人，曲线位于 80 %，其中 1 人死亡。之后曲线位于何处？",
            ),
            (Text("79 %", "79 %"), Text("75 %", "75 %"), Text("60 %", "60 %")),
            2,
            Text(
                "One of four takes a quarter of the height: 80 % × 3/4.",
                "四人中一人死亡，减去高度的四分之一：80 % × 3/4。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return FOLLOWED

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> TimeToEvent:
        frame = follow_patients(cohort, cohort_filter)
        curve = estimate_survival(frame.time, frame.event, weight=frame.weight).curves[0]
        if not (_may_die(curve) & (curve.n_risk <= MOST)).any():
            raise TooFewError(fill(TOO_FEW, fewest=str(FEWEST), most=str(MOST)))
        return frame

    def compute(self, frame: TimeToEvent, setting: Any) -> Tail:
        curves = estimate_survival(frame.time, frame.event, weight=frame.weight)
        curve = curves.curves[0]
        # The last time at which somebody is censored and so many are at risk, or the first of those that there are.
        times = np.flatnonzero(_may_die(curve) & (curve.n_risk <= MOST))
        enough = times[curve.n_risk[times] >= int(setting)]
        step = int(enough[-1] if len(enough) else times[0])
        month, n_risk = float(curve.time[step]), int(curve.n_risk[step])
        changed = estimate_survival(*_let_one_die(frame, month))
        deaths = np.flatnonzero(curve.n_event_at > 0)
        before = deaths[deaths < step]
        since = float(curve.time[before[-1]]) if len(before) else 0.0
        stands, then = read_curve(curve, [month, since])
        first = int(deaths[0])
        return Tail(
            frame.endpoint,
            curves,
            changed,
            month,
            n_risk,
            stands,
            read_curve(changed.curves[0], [month])[0],
            since,
            then,
            not len(deaths[deaths > step]),
            float(1 - curve.estimate[first]),
            int(curve.n_risk[first]),
            hidden_share(n_risk, curve.conf_level),
        )

    def ask(self, found: Tail) -> Question:
        text = Text(
            "At month {month}, {at_risk} of {n} {patients} are still at risk, and the curve stands at {stands}. If one of these "
            "{at_risk} had died then, where would it stand?",
            "第 {month} 个月，{n} 名患儿中仍有 {at_risk} 人在风险集内，曲线位于 {stands}。"
            "如果这 {at_risk} 人中有 1 人此时死亡，曲线会位于何处？",
        )
        return Question(fill(text, **_say(found)), Number(0, 100, 1, PERCENT, 2.0, 50))

    def truth(self, found: Tail) -> Answer:
        return round(100 * (found.would.value or 0.0), 1)

    def picture(
        self, found: Tail, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        title = fill(self.title).said(language)
        there = fill(AT_RISK, **_say(found)).said(language)
        if not revealed:
            figure = point_at(draw_curves(found.curves, found.endpoint, language), found.month, there)
            return Picture(title, figure, self.ask(found).text.said(language))
        overlay = Overlay(found.curves.curves[0], AS_IT_IS.said(language), AXIS_LINE)
        figure = draw_curves(found.changed, found.endpoint, language, overlays=[overlay])
        figure = point_at(figure, found.month, there)
        if isinstance(answer, int | float):
            figure = mark_points(figure, found.month, [mark_guess(answer, YOURS.said(language))])
        return Picture(title, figure, self._say_fall(found).said(language))

    def explain(self, found: Tail) -> tuple[Claim, ...]:
        first = Text(
            "The first step took {first} points: {n_first} were at risk.",
            "第一级台阶使曲线下降 {first} 个百分点：当时风险集有 {n_first} 人。",
        )
        smaller = Text(
            "The first step took only {first} points: {n_first} were at risk.",
            "第一级台阶只使曲线下降 {first} 个百分点：当时风险集有 {n_first} 人。",
        )
        flat = Text(
            "The end is flat because none of these {at_risk} died. A flat end is no cure: it says that nobody died among the few "
            "who were still followed, and nothing of later.",
            "末端之所以平坦，是因为这 {at_risk} 人都没有死亡。平坦不等于治愈："
            "它只说明仍在随访的少数人中无人死亡，对以后则什么也没说。",
        )
        falls = Text(
            "The curve is not flat here: somebody died later.",
            "此处曲线并不平坦：之后还有人死亡。",
        )
        band = Text(
            "The shaded band, the 95 % interval, does not warn you. It changes only when somebody dies: at month {month}, with "
            "{at_risk} at risk, it is as narrow as at month {since} with {n_since}.",
            "阴影带，即 95 % 置信区间，不会提醒您。只有在有人死亡时它才改变：第 {month} 个月风险集只有 {at_risk} 人，"
            "它却与第 {since} 个月有 {n_since} 人时一样窄。",
        )
        fall, said = self._say_fall(found), _say(found)
        is_smaller = round(100 * found.first_fall, 1) < round(100 * found.fall, 1)
        same = found.stands.interval is not None and found.stands.interval == found.then.interval
        return (
            Claim(fall),
            Claim(fill(smaller, **said), is_smaller),
            Claim(fill(first, **said), not is_smaller),
            Claim(fill(flat, **said), found.is_flat),
            Claim(falls, not found.is_flat),
            Claim(fill(band, **said), same and found.month > found.since),
        )

    def tell(self, found: Tail) -> tuple[Claim, ...]:
        wide = Text(
            "The interval would then be {interval}.",
            "此时置信区间为 {interval}。",
        )
        limits = found.would.interval
        return (
            Claim(self._say_fall(found)),
            Claim(fill(wide, interval=say_share(found.would)), limits is not None),
            Claim(self._say_hidden(found), found.is_flat),
        )

    def _say_fall(self, found: Tail) -> Text:
        text = Text(
            "Month {month}, {at_risk} at risk: one death would take 1/{at_risk} of the height, {fall} points, from {stands} "
            "to {would}.",
            "第 {month} 个月，风险集 {at_risk} 人：一例死亡会减去高度的 1/{at_risk}，即 {fall} 个百分点，"
            "从 {stands} 降到 {would}。",
        )
        return fill(text, **_say(found))

    def _say_hidden(self, found: Tail) -> Text:
        text = Text(
            "None of these {at_risk} died between months {since} and {month}. That would be no great surprise even if {hidden} "
            "of such {patients} died in that time (95 % limit).",
            "第 {since} 至 {month} 个月，这 {at_risk} 人都没有死亡。即使此类患儿在这段时间有 {hidden} 会死亡，"
            "这也不足为奇（95 % 界限）。",
        )
        return fill(text, **_say(found))


def _may_die(curve: Any) -> np.ndarray:
    """True at the times at which somebody is censored, nobody dies, and enough are at risk."""
    return np.asarray((curve.n_censor > 0) & (curve.n_event_at == 0) & (curve.n_risk >= FEWEST))


def _let_one_die(frame: TimeToEvent, month: float) -> tuple[FloatArray, FloatArray]:
    """Times and events, with one patient dead who was censored at a time."""
    weight = frame.weight.astype(int)
    time, event = np.repeat(frame.time, weight), np.repeat(frame.event, weight)
    event[np.flatnonzero((time == month) & (event == 0))[0]] = 1
    return time, event


def _say(found: Tail) -> dict[str, str | Text]:
    return {
        "n": format_count(found.curves.curves[0].n),
        "month": format_plain(found.month, 1),
        "since": format_plain(found.since, 1),
        "n_since": format_count(found.then.n),
        "at_risk": format_count(found.n_risk),
        "n_risk": format_count(found.n_risk),
        "stands": format_percent(found.stands.value),
        "would": format_percent(found.would.value),
        "fall": format_plain(100 * found.fall, 1),
        "first": format_plain(100 * found.first_fall, 1),
        "n_first": format_count(found.n_first),
        "hidden": format_percent(found.hidden),
    }
