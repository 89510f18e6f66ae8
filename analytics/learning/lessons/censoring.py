"""Lesson 2: what censoring is, and why neither counting the censored as alive nor leaving them out will do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Endpoint
from analytics.document import Picture
from analytics.estimators import estimate_survival, n_at_risk, read_curve, time_tolerance
from analytics.figures.curves.survival import Overlay
from analytics.figures.marked import Mark, mark_guess, mark_points, plot_follow_ups
from analytics.figures.taught import point_at
from analytics.figures.theme import AXIS_LINE, PALETTE
from analytics.formats import format_count, format_percent, format_plain
from analytics.frames import TimeToEvent
from analytics.languages import Language, Text
from analytics.learning.answers import PERCENT, Answer, Check, Claim, Number, Question
from analytics.learning.curves import FOLLOWED, draw_curves, follow_patients, say_share
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.saying import fill
from analytics.results import Estimate, FloatArray, Result, SurvivalResult, read_only

MONTHS = (36.0, 24.0, 12.0)  # asked of: the first at which enough are at risk
AT_RISK, DEATHS, CENSORED = 10, 3, 5  # the least by then
FEW_DEATHS = 30  # with fewer, a curve moves visibly with each patient
CUT_AT = 6.0
TOO_FEW = Text(
    "This lesson needs {least} {patients} still followed at 12 months, after {deaths} deaths and {gone} censored before.",
    "本课要求 12 个月时仍有 {least} 名患儿在随访中，且此前至少 {deaths} 例死亡、{gone} 例删失。",
)
DIED = Text("died", "死亡")
LAST_SEEN = Text("last seen alive: censored", "末次随访时存活：删失")
AS_ALIVE = Text("the censored counted as alive", "把删失者都算作存活")
LEFT_OUT = Text("the censored left out", "把删失者剔除")
YOURS = Text("your answer", "您的回答")
NOT_CUT = Text("the curve before the cut", "截短随访之前的曲线")


@dataclass(frozen=True, slots=True)
class Shares(Result):
    """The share alive at a month in three ways: of all, the censored as alive; by the curve; of those whose fate is known."""

    dead: int
    gone: int
    known: int
    of_curve: Estimate

    no_rule: ClassVar[str] = "counts that a lesson asks of; the estimate is judged by itself"

    @property
    def n(self) -> int:
        """All patients."""
        return self.dead + self.gone + self.known

    @property
    def as_alive(self) -> float:
        """The share alive as if all who are censored had lived."""
        return 1 - self.dead / self.n

    @property
    def left_out(self) -> float:
        """The share alive among those who died by then or were followed beyond."""
        return self.known / (self.dead + self.known) if self.dead + self.known else 0.0


@dataclass(frozen=True, slots=True)
class Censored(Result):
    """Survival with the follow-up of ``n_cut`` patients cut, and before (``whole``, ``before``), read at one ``month``."""

    endpoint: Endpoint
    time: FloatArray
    event: FloatArray
    month: float
    curves: SurvivalResult
    now: Shares
    whole: SurvivalResult
    before: Shares
    n_cut: int

    no_rule: ClassVar[str] = "counts and times, beside curves and estimates that are judged by themselves"


class Censoring(Lesson[TimeToEvent, Censored]):
    """Who is censored counts as long as they are followed, and no longer."""

    slug = "censoring"
    order = 2
    title = Text("Censoring", "删失")
    about = Text("What to do with those who were last seen alive.", "对末次随访时仍存活者，该如何处理。")
    before = (
        Text(
            "Censored means: last seen alive, and nothing is known of the time after. The study closed, the family moved, or "
            "news just stopped. A censored {patient} is not dead, does not drop out of the count, and is not known to live "
            "for ever.",
            "删失是指：末次随访时存活，之后情况未知。可能是研究结束、家庭搬迁，或者只是失去联系。"
            "删失的患儿不等于死亡，不会从统计中剔除，也不能认为会一直存活。",
        ),
        Text(
            "Each line below is one {patient}, followed from {relapse} until death or the last news.",
            "下图每一条线是一名患儿，从{relapse}随访到死亡或末次随访。",
        ),
    )
    control = Control("try_cut", "Per cent whose follow-up is cut", "number", 0, limits=(0, 70), step=10)
    control_label = Text("Cut follow-up at month 6 for this many per cent", "把百分之多少的人的随访截短到第 6 个月")
    move = Text(
        "Cut more. They are picked evenly among those who died and those who lived. Watch the two other answers drift apart, "
        "and the curve between them.",
        "逐步多截一些。被截短者在死亡者与存活者中均匀选取。请看另外两种答案如何越离越远，而曲线始终在两者之间。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text("A {patient} is censored at month 10. What is known?", "一名患儿在第 10 个月删失，说明什么？"),
            (
                Text("The {patient} died in month 10.", "该患儿在第 10 个月死亡。"),
                Text("The {patient} was alive at month 10; the time after is unknown.", "第 10 个月时存活，之后未知。"),
                Text("The {patient} is cured.", "该患儿已治愈。"),
            ),
            1,
            Text("Censored means last seen alive: nothing is known after.", "删失即末次随访时存活：此后一无所知。"),
        ),
        Check(
            Text(
                "20 of 100 {patients} died within 3 years, and 40 were censored before. Is survival at 3 years 80 %?",
                "100 名患儿中，3 年内死亡 20 例，另有 40 例在此之前删失。3 年生存是 80 % 吗？",
            ),
            (
                Text("Yes: 80 of 100 did not die.", "是：100 人中 80 人没有死亡。"),
                Text(
                    "At most: 80 % takes all 40 censored for alive at 3 years.",
                    "至多如此：80 % 把 40 例删失者都当作在 3 年时存活。",
                ),
                Text("No: it is 50 %, 40 of the 80 who are left.", "不是：是 50 %，即剩下 80 人中的 40 人。"),
            ),
            1,
            Text(
                "Some of the 40 may have died unseen. The curve is lower than 80 %, or at most equal to it.",
                "这 40 例中可能有人在随访之外死亡。曲线低于 80 %，至多与之相等。",
            ),
        ),
        Check(
            Text(
                "Which is the condition for a curve with censoring to be right?",
                "有删失时，曲线要正确，须满足什么条件？",
            ),
            (
                Text("Fewer than 10 % are censored, and none in the first year.", "删失者少于 10 %，且第一年内没有。"),
                Text("All who are still alive were followed equally long.", "所有存活者的随访时间一样长。"),
                Text(
                    "Those censored are as likely to die later as those still followed.",
                    "删失者此后死亡的可能性与仍在随访者相同。",
                ),
            ),
            2,
            Text(
                "Those still followed stand for those who are not. If the sickest vanish, the curve is too high.",
                "仍在随访者代表已不在随访者。如果病情最重者失访，曲线就偏高。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return FOLLOWED

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> TimeToEvent:
        frame = follow_patients(cohort, cohort_filter)
        if _choose_month(estimate_survival(frame.time, frame.event, weight=frame.weight)) is None:
            raise TooFewError(fill(TOO_FEW, least=str(AT_RISK), deaths=str(DEATHS), gone=str(CENSORED)))
        return frame

    def compute(self, frame: TimeToEvent, setting: Any) -> Censored:
        weight = frame.weight.astype(int)
        time, event = np.repeat(frame.time, weight), np.repeat(frame.event, weight)
        whole = estimate_survival(time, event)
        month = _choose_month(whole) or MONTHS[-1]
        cut = _pick(time, event, int(setting)) & (time > CUT_AT)
        shorter = np.where(cut, CUT_AT, time), np.where(cut, 0.0, event)
        curves = estimate_survival(*shorter)
        return Censored(
            frame.endpoint,
            read_only(time),
            read_only(event),
            month,
            curves,
            _share(curves, month),
            whole,
            _share(whole, month),
            int(cut.sum()),
        )

    def ask(self, found: Censored) -> Question:
        text = Text(
            "Of {n} {patients}, {dead} died within {month} months, {known} were seen alive after that, and {gone} were "
            "censored before. What share is alive at {month} months, do you think?",
            "{n} 名患儿中，{dead} 例在 {month} 个月内死亡，{known} 例此后仍见存活，{gone} 例在此之前删失。"
            "您认为 {month} 个月时存活的比例是多少？",
        )
        return Question(fill(text, **_say_counts(found.before, found.month)), Number(0, 100, 1, PERCENT, 2.0, 50))

    def truth(self, found: Censored) -> Answer:
        return round(100 * (found.before.of_curve.value or 0.0), 1)

    def picture(
        self, found: Censored, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        title = self.title.said(language)
        if not revealed:
            return Picture(title, _draw_lines(found, language), _describe_lines(found).said(language))
        overlays = []
        if found.n_cut:
            overlays = [Overlay(found.whole.curves[0], NOT_CUT.said(language), AXIS_LINE)]
        figure = draw_curves(found.curves, found.endpoint, language, overlays=overlays)
        marks = [
            Mark(100 * found.now.as_alive, AS_ALIVE.said(language), "triangle-down", PALETTE[1]),
            Mark(100 * found.now.left_out, LEFT_OUT.said(language), "triangle-up", PALETTE[3]),
        ]
        if isinstance(answer, int | float):
            marks.append(mark_guess(answer, YOURS.said(language)))
        figure = mark_points(point_at(figure, found.month), found.month, marks)
        return Picture(title, figure, self._say_three(found.now, found.month).said(language))

    def explain(self, found: Censored) -> tuple[Claim, ...]:
        at, counts = found.before, _say_counts(found.before, found.month)
        as_alive = Text(
            "{dead} deaths among all {n} leave {as_alive}. That takes all {gone} censored for alive at month {month}, and is "
            "higher than the curve.",
            "{n} 人中 {dead} 例死亡，剩下 {as_alive}。这把 {gone} 例删失者都当作在第 {month} 个月存活，因此高于曲线。",
        )
        alike = Text(
            "{dead} deaths among all {n} leave {as_alive}, here no more than the curve: hardly anybody was censored before "
            "the last of these deaths.",
            "{n} 人中 {dead} 例死亡，剩下 {as_alive}，此处不高于曲线：在这些死亡之前几乎无人删失。",
        )
        left_out = Text(
            "Of the {fate} whose fate at month {month} is known, {known} lived: {left_out}. That keeps every death and drops "
            "the living who were censored, and is lower than the curve.",
            "第 {month} 个月结局已知的 {fate} 人中，{known} 人存活：{left_out}。"
            "这保留了所有死亡，却丢掉了删失的存活者，因此低于曲线。",
        )
        same = Text(
            "Of the {fate} whose fate at month {month} is known, {known} lived: {left_out}, here no less than the curve.",
            "第 {month} 个月结局已知的 {fate} 人中，{known} 人存活：{left_out}，此处不低于曲线。",
        )
        curve = Text(
            "The curve says {share}. Each censored {patient} counts among those at risk until the last news; after it, those "
            "still followed stand for them. That is right if those censored were as likely to die later as those who stayed.",
            "曲线给出 {share}。每个删失的患儿在末次随访之前都算在风险集内；之后由仍在随访者代表。"
            "只有当删失者此后死亡的可能性与留下者相同时，这才正确。",
        )
        value = at.of_curve.value
        if value is None:
            return (Claim(self._say_three(at, found.month)),)
        higher, lower = _differs(at.as_alive, value), _differs(value, at.left_out)
        return (
            Claim(fill(as_alive, **counts), higher),
            Claim(fill(alike, **counts), not higher),
            Claim(fill(left_out, **counts), lower),
            Claim(fill(same, **counts), not lower),
            Claim(fill(curve, share=say_share(at.of_curve))),
        )

    def tell(self, found: Censored) -> tuple[Claim, ...]:
        three = self._say_three(found.now, found.month)
        if not found.n_cut:
            return (Claim(three),)
        cut = fill(
            Text("{cut} {patients} are now censored at month 6.", "现有 {cut} 名患儿在第 6 个月删失。"),
            cut=format_count(found.n_cut),
        )
        value, whole = found.now.of_curve.value, found.before.of_curve.value
        if value is None or whole is None:
            few = Text("Too few are left for the curve to be read there.", "剩下的人太少，无法在此读曲线。")
            return (Claim(cut), Claim(three), Claim(few))
        moved = round(100 * abs(value - whole), 1)
        apart, were_apart = (100 * (at.as_alive - at.left_out) for at in (found.now, found.before))
        drift = Text(
            "The two other answers are now {apart} points apart, {were} before. The curve lies between them and has moved by "
            "{moved}.",
            "另外两种答案现在相差 {apart} 个百分点，原为 {were}。曲线在两者之间，变动了 {moved}。",
        )
        no_drift = Text(
            "The two other answers are {apart} points apart, {were} before; the curve has moved by {moved}.",
            "另外两种答案相差 {apart} 个百分点，原为 {were}；曲线变动了 {moved}。",
        )
        apart_said = {
            "apart": format_plain(apart, 1),
            "were": format_plain(were_apart, 1),
            "moved": format_plain(moved, 1),
        }
        between = found.now.left_out <= value <= found.now.as_alive and _differs(apart / 100, were_apart / 100)
        far = Text(
            "It moves at all since so few died: it matters whose follow-up is cut.",
            "曲线之所以有变动，是因为死亡例数少：截短了谁的随访会有影响。",
        )
        wider = Text(
            "Fewer are left at month {month}, {at_risk} instead of {were}, and the interval of the curve is wider.",
            "第 {month} 个月剩下的人更少：{at_risk} 人，原为 {were} 人，曲线的置信区间也更宽。",
        )
        fewer = {
            "month": f"{found.month:g}",
            "at_risk": format_count(found.now.of_curve.n),
            "were": format_count(found.before.of_curve.n),
        }
        width = _differs(_width(found.now.of_curve), _width(found.before.of_curve))
        return (
            Claim(cut),
            Claim(three),
            Claim(fill(drift, **apart_said), between),
            Claim(fill(no_drift, **apart_said), not between),
            Claim(far, moved >= 1.0 and found.before.dead < FEW_DEATHS),
            Claim(fill(wider, **fewer), width),
        )

    def _say_three(self, at: Shares, month: float) -> Text:
        text = Text(
            "Alive at month {month}: {as_alive} with the censored counted as alive, {share} by the curve, {left_out} with the "
            "censored left out.",
            "第 {month} 个月存活：把删失者都算作存活为 {as_alive}，曲线为 {share}，把删失者剔除为 {left_out}。",
        )
        return fill(text, **_say_counts(at, month), share=say_share(at.of_curve))


def _choose_month(curves: SurvivalResult) -> float | None:
    for month in MONTHS:
        at = _share(curves, month)
        if at.of_curve.n >= AT_RISK and at.dead >= DEATHS and at.gone >= CENSORED:
            return month
    return None


def _share(curves: SurvivalResult, month: float) -> Shares:
    curve = curves.curves[0]
    (at,) = read_curve(curve, [month])
    beyond = int(n_at_risk(curve, [month + 2 * time_tolerance(curve.time)])[0])
    # Who was censored at this very month was seen alive then.
    here = np.abs(curve.time - month) <= time_tolerance(curve.time)
    known = beyond + int(curve.n_censor[here].sum())
    return Shares(at.n_event, curve.n - at.n_event - known, known, at)


def _pick(time: FloatArray, event: FloatArray, percent: int) -> np.ndarray:
    """So many of a hundred, evenly from short to long follow-up among the dead and among the living."""
    order = np.lexsort((time, event))
    place = np.empty(len(time), dtype=int)
    place[order] = np.arange(len(time))
    return np.asarray((place + 1) * percent // 100 > place * percent // 100)


def _differs(more: float, less: float) -> bool:
    """True if the first is more than the second by what can be read in a text."""
    return round(100 * more, 1) > round(100 * less, 1)


def _width(estimate: Estimate) -> float:
    limits = estimate.interval
    return 0.0 if limits is None or limits.low is None or limits.high is None else limits.high - limits.low


def _say_counts(at: Shares, month: float) -> dict[str, str | Text]:
    return {
        "n": format_count(at.n),
        "dead": format_count(at.dead),
        "gone": format_count(at.gone),
        "known": format_count(at.known),
        "fate": format_count(at.dead + at.known),
        "month": f"{month:g}",
        "as_alive": format_percent(at.as_alive),
        "left_out": format_percent(at.left_out),
    }


def _draw_lines(found: Censored, language: Language) -> Any:
    x_title = Text("Months from first {relapse}", "自首次{relapse}起的月数")
    y_title = Text("One line, one {patient}", "每条线一名患儿")
    return plot_follow_ups(
        found.time,
        found.event,
        found.month,
        died=DIED.said(language),
        censored=LAST_SEEN.said(language),
        x_title=fill(x_title).said(language),
        y_title=fill(y_title).said(language),
    )


def _describe_lines(found: Censored) -> Text:
    text = Text(
        "Follow-up of {n} {patients}, one line each: by month {month}, {dead} died, {gone} were censored and {known} were "
        "followed beyond.",
        "{n} 名患儿的随访，每人一条线：到第 {month} 个月，{dead} 例死亡，{gone} 例删失，{known} 例仍在随访。",
    )
    return fill(text, **_say_counts(found.before, found.month))
