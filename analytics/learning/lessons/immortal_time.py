"""Lesson 10: the wait for a transplant, counted as survival after it: the bias of "ever transplanted" from "
"relapse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.treatment import prepare_treatments, relapse_controls
from analytics.dictionary import Endpoint
from analytics.document import Picture
from analytics.estimators import naive_hazard_ratio, simon_makuch, time_dependent_hazard_ratio, weighted_quantiles
from analytics.estimators.observations import BoolArray
from analytics.formats import format_count, format_plain, format_ratio
from analytics.frames.switching import TreatmentData
from analytics.languages import Language, Text
from analytics.learning.answers import Answer, Check, Claim, Number, Question
from analytics.learning.curves import FOLLOWED, draw_curves
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.saying import both, fill
from analytics.reporting.estimates import ratio_text
from analytics.results import Estimate, FloatArray, HazardRatioResult, Result, SurvivalResult, treated_terms

LEAST, LEAST_EVENTS = 6, 3  # patients in either group, and deaths in each, for a ratio
HAZARD_RATIO = Text("hazard ratio", "危险比")
TOO_FEW = Text(
    "This lesson needs at least {least} {patients} and {events} deaths in either group, {given HSCT} or not; the "
    "selection has {treated} {given HSCT}, of whom {died} died, and {others} others, of whom {others_died} died.",
    "本课要求移植组与未移植组各至少 {least} 名患儿、{events} 例死亡；当前所选：移植 {treated} 名，死亡 {died} 例；"
    "其余 {others} 名，死亡 {others_died} 例。",
)


@dataclass(frozen=True, slots=True)
class Telling(Result):
    """The deaths at which some were still waiting: how many, the month of the first, and who counts at it."""

    n: int
    month: float
    n_ever: int
    n_waiting: int
    no_rule: ClassVar[str] = "counts of patients at a time, as those under a curve"


@dataclass(frozen=True, slots=True)
class Waiting(Result):
    """Curves and hazard ratio with ``credited`` per cent of each wait counted as not yet transplanted, and both ends of that.

    ``usual`` are the curves by ever transplanted; times are months, ``waited`` those of all who were transplanted together.
    ``telling`` are the deaths at which the two ways of counting differ; None without any.
    """

    endpoint: Endpoint
    states: tuple[str, ...]
    in_marrow: bool
    setting: float
    usual: SurvivalResult
    curves: SurvivalResult
    naive: HazardRatioResult
    here: HazardRatioResult
    changing: HazardRatioResult
    waits: tuple[float, float, float]
    waited: float
    n: int
    n_treated: int
    n_died_treated: int
    n_died_others: int
    telling: Telling | None
    no_rule: ClassVar[str] = "times and counts, beside models and curves that are judged by themselves"

    @property
    def n_died(self) -> int:
        """Deaths in either group."""
        return self.n_died_treated + self.n_died_others


def ratio_of(model: HazardRatioResult) -> Estimate:
    """The hazard ratio of those transplanted against those not yet."""
    return treated_terms(model)[0].ratio


class ImmortalTime(Lesson[TreatmentData, Waiting]):
    """The same patients, with transplantation counted from relapse, from its own day, and from in between."""

    slug = "immortal-time"
    order = 10
    title = Text("Immortal time: the wait counts as survival", "永生时间：等待被当作存活")
    about = Text(
        "What counting “ever treated” from the first day does to a comparison.",
        "从第一天起按“是否曾治疗”分组，会使比较发生什么变化。",
    )
    before = (
        Text(
            "The picture compares {patients} who were ever {given HSCT} with those who never were, both from the day of "
            "{relapse} on. The hazard ratio compares how fast the groups die: at 1 equally fast, at 0.5 half as fast.",
            "图中比较曾接受移植与从未移植的患儿，两组都从{relapse}当日起算。危险比 (HR) 比较两组死亡发生的快慢："
            "1 为同样快，0.5 为一半快。",
        ),
        Text(
            "{HSCT} comes some time after {relapse}. Count the same {patients} again: each as not yet {given HSCT} until "
            "the day of {HSCT}, and as {given HSCT} from then on.",
            "移植要在{relapse}之后一段时间才进行。现在把同样的患儿重新计算：移植日之前算作“尚未移植”，"
            "从移植日起才算作“已移植”。",
        ),
    )
    control = Control("try_from", "Counts from", "number", 100, limits=(0, 100), step=5)
    control_label = Text(
        "{HSCT} counts from this part of its wait on (%): 0 is {relapse}, 100 its own day",
        "移植从等待时间的百分之几起算 (%)：0 为{relapse}日，100 为移植日",
    )
    move = Text(
        "Move it to 0 and back, step by step. Only the day from which {HSCT} counts changes: not one death, not one {HSCT}.",
        "逐步移到 0 再移回来。改变的只是移植从哪一天起算：没有一例死亡、一例移植改变。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text(
                "One of the {patients} is {given HSCT} 5 months after {relapse}. Could a death in month 3 have counted in "
                "the group “ever {given HSCT}”?",
                "一名患儿在{relapse}后 5 个月移植。若在第 3 个月死亡，能算入“曾移植”组吗？",
            ),
            (
                Text("Yes, deaths count in the group that was planned.", "能，死亡算入原计划的组。"),
                Text("No: who dies in month 3 is never {given HSCT}.", "不能：第 3 个月死亡的人不会再接受移植。"),
            ),
            1,
            Text(
                "To be in the group one must live until {HSCT}. These months are immortal: no death of the group can fall "
                "into them.",
                "要进入该组，必须活到移植。这几个月是“永生”的：该组的死亡不可能落在其中。",
            ),
        ),
        Check(
            Text(
                "A treatment without any effect is given some months after {relapse}. What does a comparison of “ever” "
                "with “never”, from {relapse} on, tend to show?",
                "某治疗毫无作用，在{relapse}数月后给予。从{relapse}起比较“曾用”与“从未用”，往往显示什么？",
            ),
            (
                Text("No difference", "没有差别"),
                Text("Fewer deaths with the treatment", "用该治疗者死亡较少"),
                Text("More deaths with the treatment", "用该治疗者死亡较多"),
            ),
            1,
            Text(
                "The wait counts as survival with treatment, and early deaths as deaths without it.",
                "等待期被当作治疗下的存活，早期死亡被当作未治疗的死亡。",
            ),
        ),
        Check(
            Text(
                "Counted from its own day, does the hazard ratio say what {HSCT} does?",
                "从移植日起算后，危险比 (HR) 是否说明移植的作用？",
            ),
            (
                Text("Yes, the bias is gone.", "是，偏倚已消除。"),
                Text(
                    "No: this bias is gone, but who is {given HSCT} was chosen.",
                    "不是：这一偏倚已消除，但谁接受移植是经过选择的。",
                ),
            ),
            1,
            Text(
                "What decides who is {given HSCT} ({decided_by}) also goes with survival.",
                "缓解状态、供者和身体状况决定谁接受移植，也与生存有关。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return (*FOLLOWED, "HSCT day", "salvage treatment")

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> TreatmentData:
        endpoint = relapse_controls(cohort)[-1].default
        whose = "marrow" if "marrow involvement" in cohort.dictionary.roles else "all"
        params = {"endpoint": endpoint, "history": "hsct", "relapses": whose}
        data = prepare_treatments(cohort, cohort_filter, params)
        treated = data.first_treated() <= data.time
        counts = [float(data.weight[who].sum()) for who in (treated, ~treated)]
        died = [float(data.weight[who] @ data.event[who]) for who in (treated, ~treated)]
        if min(counts) < LEAST or min(died) < LEAST_EVENTS:
            numbers = {"treated": counts[0], "others": counts[1], "died": died[0], "others_died": died[1]}
            said = {name: format_count(number) for name, number in numbers.items()}
            raise TooFewError(fill(TOO_FEW, least=str(LEAST), events=str(LEAST_EVENTS), **said))
        return data

    def compute(self, frame: TreatmentData, setting: Any) -> Waiting:
        arrays = frame.arrays(without=("covariates", "strata"))
        first = frame.first_treated()
        treated = first <= frame.time
        waits, people = first[treated], frame.weight[treated]

        def counted_from(part: float) -> dict[str, Any]:
            (state,) = frame.treated_at
            return {**arrays, "treated_at": {state: part * np.where(treated, first, np.nan)}}

        here = counted_from(float(setting) / 100)
        (median,) = weighted_quantiles(waits, people, (0.5,)) or (math.nan,)
        return Waiting(
            endpoint=frame.endpoint,
            states=frame.states,
            in_marrow=any(exclusion.code == "not-marrow" for exclusion in frame.exclusions),
            setting=float(setting),
            usual=simon_makuch(**counted_from(0.0)),
            curves=simon_makuch(**here),
            naive=naive_hazard_ratio(**arrays, conf_type="profile"),
            here=time_dependent_hazard_ratio(**here, conf_type="profile"),
            changing=time_dependent_hazard_ratio(**arrays, conf_type="profile"),
            waits=(float(waits.min()), float(median), float(waits.max())),
            waited=float(people @ waits),
            n=int(frame.weight.sum()),
            n_treated=int(people.sum()),
            n_died_treated=int(people @ frame.event[treated]),
            n_died_others=int(frame.weight[~treated] @ frame.event[~treated]),
            telling=_find_telling(frame, first, treated),
        )

    def ask(self, found: Waiting) -> Question:
        text = Text(
            "By “ever {given HSCT}” the hazard ratio of death is {naive}. What does it become when {HSCT} counts from its "
            "own day on?",
            "按“是否曾移植”分组，死亡的危险比 (HR) 为 {naive}。若移植从移植日起才算，危险比会变成多少？",
        )
        naive, changing = _value(found.naive), _value(found.changing)
        high = max(2.0, float(math.ceil(max(naive, changing) + 0.5)))
        kind = Number(0.0, high, 0.05, HAZARD_RATIO, 0.1, round(round(min(naive, high) / 0.05) * 0.05, 2))
        return Question(fill(text, naive=format_ratio(naive)), kind)

    def truth(self, found: Waiting) -> Answer:
        return round(_value(found.changing), 2)

    def picture(
        self, found: Waiting, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        untreated, treated = found.states
        named = Text("{given HSCT}", "已移植"), Text("{not_yet}, or never", "（尚）未移植")
        figure = draw_curves(
            found.curves if revealed else found.usual,
            found.endpoint,
            language,
            labels={untreated: fill(named[1]), treated: fill(named[0])},
            switching=True,
        )
        said = self._say_here(found) if revealed else self._say_usual(found)
        return Picture(self.title.said(language), figure, said.said(language))

    def compare(self, found: Waiting, answer: Answer) -> Text:
        """Both hazard ratios."""
        assert isinstance(answer, int | float)
        said = Text("You said {yours}; it becomes {theirs}.", "您的回答：{yours}；实际变为：{theirs}。")
        return fill(said, yours=format_plain(answer), theirs=ratio_text(ratio_of(found.changing)))

    def explain(self, found: Waiting) -> tuple[Claim, ...]:
        naive, changing = _value(found.naive), _value(found.changing)
        ratios = {"naive": ratio_text(ratio_of(found.naive)), "changing": ratio_text(ratio_of(found.changing))}
        differs = format_ratio(naive) != format_ratio(changing)
        moved = Text(
            "By “ever {given HSCT}” the ratio was {naive}, with the interval in brackets; from its own day on it is "
            "{changing}. The {patients}, their treatment and the deaths are the same: the method moved it.",
            "按“是否曾移植”，危险比为 {naive}（括号内为置信区间）；从移植日起算为 {changing}。患儿、移植和死亡都相同："
            "变的是方法。",
        )
        stayed = Text(
            "Here the ratio stays at {changing}; counting the wait as survival after {HSCT} is wrong all the same.",
            "此处危险比仍为 {changing}；但把等待期算作移植后的存活，仍然是错误的。",
        )
        waited = Text(
            "The {n} who were {given HSCT} waited {first} to {last} months, half of them at least {median}. Each had to "
            "live that long: no death of their group can fall into its wait. Together these are {waited} months, counted "
            "as survival after {HSCT} that was still to come.",
            "接受移植的 {n} 名患儿等待了 {first} 至 {last} 个月，其中一半至少 {median} 个月。他们必须活过这段时间："
            "该组的死亡不可能落在等待期内。合计 {waited} 个月，被当作移植后的存活，而移植当时尚未进行。",
        )
        telling = Text(
            "{n_telling} of {died} deaths came while some still waited: only at such deaths do the two ways differ. At "
            "the first, in month {month}, “ever” counts {ever} as {given HSCT}, of whom {waiting} were still waiting.",
            "{died} 例死亡中有 {n_telling} 例发生时仍有人在等待：只有在这样的死亡处，两种算法才不同。"
            "其中第一例在第 {month} 个月：“曾移植”把 {ever} 名算作已移植，而其中 {waiting} 名仍在等待。",
        )
        silent = Text(
            "Nobody died while others still waited: only such deaths tell the two ways apart.",
            "没有人在他人等待期间死亡：只有这样的死亡才能显出两种算法的差别。",
        )
        limits = Text(
            "Neither ratio says what {HSCT} does: who is {given HSCT} was chosen ({decided_by}).",
            "两个危险比都不能说明移植的作用：谁接受移植是经过选择的（缓解状态、供者、身体状况）。",
        )
        first, median, last = (format_plain(wait, 1) for wait in found.waits)
        times = {"first": first, "last": last, "median": median, "waited": format_count(found.waited)}
        at = found.telling or Telling(0, 0.0, 0, 0)
        counts = {"n_telling": at.n, "died": found.n_died, "ever": at.n_ever, "waiting": at.n_waiting}
        said = {name: format_count(number) for name, number in counts.items()}
        return (
            Claim(fill(moved, **ratios), differs),
            Claim(fill(stayed, changing=ratios["changing"]), not differs),
            Claim(fill(waited, n=format_count(found.n_treated), **times)),
            Claim(fill(telling, month=format_plain(at.month, 1), **said), found.telling is not None),
            Claim(fill(silent), found.telling is None),
            Claim(fill(limits)),
        )

    def tell(self, found: Waiting) -> tuple[Claim, ...]:
        usual, own = found.setting == 0, found.setting == 100
        at_usual = Text(
            "This is “ever against never”: all {n} count as {given HSCT} from the day of {relapse}, before any {HSCT}.",
            "这就是“曾移植对从未移植”：全部 {n} 名从{relapse}当日起就算作已移植，而那时尚无一人移植。",
        )
        at_own = Text(
            "Each changes curve on the day of {HSCT}. The curve of those {given HSCT} begins with the first, in month "
            "{first}.",
            "每名患儿在移植日换到另一条曲线。移植曲线从第一例移植（第 {first} 个月）开始。",
        )
        return (
            Claim(self._say_here(found)),
            Claim(fill(at_usual, n=format_count(found.n_treated)), usual),
            Claim(fill(at_own, first=format_plain(found.waits[0], 1)), own),
        )

    def _say_here(self, found: Waiting) -> Text:
        said = Text(
            "{HSCT} counts from {part} % of the wait on: hazard ratio {ratio}; {credit} months of waiting count as "
            "survival after {HSCT}.",
            "移植从等待时间的 {part} % 起算：危险比 (HR) {ratio}；有 {credit} 个月的等待被算作移植后的存活。",
        )
        credit = found.waited * (1 - found.setting / 100)
        return fill(
            said,
            part=f"{found.setting:g}",
            ratio=ratio_text(ratio_of(found.here)),
            credit=format_count(credit),
        )

    def _say_usual(self, found: Waiting) -> Text:
        said = Text(
            "{n} {patients} with {relapse}{where}: {treated} ever {given HSCT}, of whom {died} died, and {others} never, "
            "of whom {others_died} died; both curves from the day of {relapse}.",
            "{n} 名{where}{relapse}患儿：{treated} 名曾移植，死亡 {died} 例；{others} 名从未移植，死亡 {others_died} 例；"
            "两条曲线都从{relapse}当日起算。",
        )
        counts = {
            "n": found.n,
            "treated": found.n_treated,
            "died": found.n_died_treated,
            "others": found.n - found.n_treated,
            "others_died": found.n_died_others,
        }
        where = Text(" {relapses compared}", "骨髓") if found.in_marrow else both("")
        return fill(said, where=fill(where), **{name: format_count(number) for name, number in counts.items()})


def _find_telling(frame: TreatmentData, first: FloatArray, treated: BoolArray) -> Telling | None:
    """The deaths at which some who were to be transplanted were still waiting."""
    times = frame.time[frame.event > 0]
    ever = treated & (frame.time >= times[:, None])
    # Whoever is transplanted at a death's own time is at risk as not yet transplanted then, but for the one who died.
    waiting = ever & (first >= times[:, None]) & ~(frame.time == first)
    n_waiting = waiting @ frame.weight
    if not (n_waiting > 0).any():
        return None
    n = int(frame.weight[frame.event > 0] @ (n_waiting > 0))
    place = int(np.argmin(np.where(n_waiting > 0, times, np.inf)))
    return Telling(n, float(times[place]), int(ever[place] @ frame.weight), int(n_waiting[place]))


def _value(model: HazardRatioResult) -> float:
    ratio = ratio_of(model).value
    assert ratio is not None  # there are deaths enough in each group
    return ratio
