"""Lesson 13: what is not recorded, and when those who are left still say what all would.

That an odds ratio stays where values are lost by the factor alone or by the outcome alone, and not where by both: Bartlett,
Harel & Carpenter (2015), American Journal of Epidemiology 182:730, doi:10.1093/aje/kwv114.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import Variable
from analytics.document import Picture
from analytics.estimators import estimate_odds_ratios
from analytics.figures.stacked import Row, Rows, stack
from analytics.figures.theme import PALETTE
from analytics.formats import format_count, format_interval, format_percent, format_ratio
from analytics.frames import BinaryOutcome
from analytics.languages import Language, Text
from analytics.learning.answers import Answer, Check, Choice, Claim, Question
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.naming import speak_level
from analytics.learning.saying import fill
from analytics.results import Estimate, OddsRatioResult, Result

FACTOR = "MRD after induction"  # the role of the factor whose values are lost
LEAST = 8  # patients in each of the four groups: half of them are to be seen
SAME = 1.08  # halves of odd numbers move a ratio by no more
NOBODY, LOT, EVENT, LEVEL, BOTH = "nobody", "lot", "event", "level", "both"
# Of which groups half of the values are lost: (with the event?, with the factor?).
LOST: dict[str, tuple[tuple[bool, bool], ...]] = {
    NOBODY: (),
    LOT: ((True, True), (True, False), (False, True), (False, False)),
    EVENT: ((True, True), (True, False)),
    LEVEL: ((True, True), (False, True)),
    BOTH: ((True, True),),
}
GROUPS = LOST[LOT]
LOWER, EQUAL, HIGHER = "lower", "same", "higher"
TOO_FEW = Text(
    "This lesson needs {least} {patients} or more with and without {relapse}, each with and without the factor; the smallest of "
    "these groups has {n}.",
    "本课要求复发与未复发的患儿中，有、无该因素者各至少 {least} 名；其中最小的一组只有 {n} 名。",
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many patients there are in each of the four groups, and how many of all have every factor recorded."""

    variable: Variable
    level: str
    counts: tuple[int, ...]
    n: int
    n_complete: int


@dataclass(frozen=True, slots=True)
class Left(Result):
    """The odds ratio of all and of those whose value is left, and how many are left of each group."""

    variable: Variable
    level: str
    setting: str
    whole: OddsRatioResult
    rest: OddsRatioResult
    counts: tuple[int, ...]
    left: tuple[int, ...]
    n: int
    n_complete: int

    def ratio(self, *, left: bool) -> Estimate:
        """The odds ratio of all, or of those who are left."""
        model = self.rest if left else self.whole
        return next(term.odds_ratio for term in model.terms if not term.is_reference)

    @property
    def way(self) -> str:
        """Where the ratio goes when values are lost."""
        before, after = self.ratio(left=False).value, self.ratio(left=True).value
        if before is None or after is None or max(after / before, before / after) <= SAME:
            return EQUAL
        return LOWER if after < before else HIGHER

    def share(self, counts: tuple[int, ...]) -> float:
        """The share with the event."""
        return (counts[0] + counts[1]) / sum(counts)


class MissingData(Lesson[Recorded, Left]):
    """Complete cases: who is left decides what they say."""

    slug = "missing-data"
    order = 13
    title = Text("Missing data", "缺失数据")
    about = Text("Whose value is missing matters more than how many.", "缺的是谁的数据，比缺多少更重要。")
    before = (
        Text(
            "A model uses the {patients} in whom all of its factors are recorded: the complete cases. The others are left out, "
            "mostly without a word. Are those who remain still like all of them? That depends on whose values are missing.",
            "模型只使用各因素均有记录的患儿，即完整病例；其余的被剔除，往往不作说明。剩下的人还能代表全部吗？这取决于缺的是谁的数据。",
        ),
        Text(
            "Here all results are known. Now lose some on purpose, and see what those who are left would have told you.",
            "这里所有结果都已知。现在故意丢掉一部分，看看剩下的人会告诉您什么。",
        ),
    )
    control = Control(
        "try_losing",
        "Half of the results are lost of",
        "one",
        BOTH,
        (
            (NOBODY, "nobody"),
            (LOT, "everybody"),
            (EVENT, "those with the event"),
            (LEVEL, "those with the factor"),
            (BOTH, "those with both"),
        ),
    )
    control_label = Text("Half of the results are lost of …", "丢失一半结果的是……")
    labels: ClassVar[dict[str, Text]] = {
        NOBODY: Text("nobody", "无人"),
        LOT: Text("everybody, by lot", "所有人（随机）"),
        EVENT: Text("those with {relapse}", "复发者"),
        LEVEL: Text("those with a positive result", "结果阳性者"),
        BOTH: Text("those with both", "两者兼有者"),
    }
    move = Text(
        "Choose who loses half of their results. Before you look: will the ratio move, or only its interval?",
        "选择由谁丢失一半结果。看之前先想：移动的是比值比，还是只有它的区间？",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text(
                "A tenth of all values is missing, all of them in {patients} who fared badly. Another study lacks half of them, "
                "by lot. Which is the greater danger?",
                "一项研究缺失十分之一的数据，全部来自结局不良的患儿；另一项随机缺失一半。哪一个更危险？",
            ),
            (
                Text("The half: more is missing.", "缺一半的：缺得更多。"),
                Text("The tenth: those who are left are no longer like all.", "缺十分之一的：剩下的人不再代表全部。"),
                Text("Neither, if the model uses complete cases alone.", "都不危险，只要模型只用完整病例。"),
            ),
            1,
            Text(
                "By lot, less is known, and the interval says so. Where those who fared badly vanish, no interval says it.",
                "随机缺失只是信息变少，区间会显示出来；若结局不良者消失，任何区间都不会显示。",
            ),
        ),
        Check(
            Text(
                "Can you see from the complete cases that the others were different?",
                "仅从完整病例能看出其他人有所不同吗？",
            ),
            (
                Text("Yes, from a wide interval", "能，看区间是否很宽"),
                Text("Yes, from a small p value", "能，看 p 值是否很小"),
                Text("No: what is missing is not in them", "不能：缺失的不在其中"),
            ),
            2,
            Text(
                "Compare what is known of those left out, their {relapses} and their age, and ask why the value is missing.",
                "比较被剔除者的已知情况（复发、年龄），并追问数据为何缺失。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return ("relapse", FACTOR)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> Recorded:
        dictionary = cohort.dictionary
        variable, event = dictionary[dictionary.role(FACTOR)], dictionary.role("relapse")
        given = BinaryOutcome.from_tally(cohort.tally([event, variable.name], cohort_filter), event, [variable]).model()
        having = (given["covariates"][variable.name] != variable.reference).to_numpy(bool)
        happened = given["outcome"] == 1
        counts = tuple(
            int(given["weight"][(happened == relapsed) & (having == positive)].sum()) for relapsed, positive in GROUPS
        )
        if min(counts) < LEAST:
            raise TooFewError(fill(TOO_FEW, least=str(LEAST), n=format_count(min(counts))))
        factors = [v.name for v in dictionary.covariates if v.name in cohort.variables and v.derivation is None]
        tally = cohort.tally(factors, cohort_filter)
        complete = tally[factors].notna().all(axis=1)
        level = next(level for level in variable.levels if level != variable.reference)
        return Recorded(variable, level, counts, int(tally["n"].sum()), int(tally["n"][complete].sum()))

    def compute(self, frame: Recorded, setting: Any) -> Left:
        left = tuple(n - n // 2 if group in LOST[setting] else n for group, n in zip(GROUPS, frame.counts, strict=True))
        return Left(
            frame.variable,
            frame.level,
            setting,
            _fit(frame, frame.counts),
            _fit(frame, left),
            frame.counts,
            left,
            frame.n,
            frame.n_complete,
        )

    def ask(self, found: Left) -> Question:
        text = Text(
            "{Factor}: odds ratio of {relapse} {before}. Of the {n} with {factor} and {relapse}, {lost} results are now lost; "
            "nobody else loses one. Among those who are left, the ratio is …",
            "{Factor}：复发的比值比为 {before}。在{factor}且复发的 {n} 名患儿中，现在丢失 {lost} 个结果；其他人都不丢失。"
            "在剩下的人中，比值比……",
        )
        options = (
            (LOWER, Text("lower", "变低")),
            (EQUAL, Text("about the same", "大致不变")),
            (HIGHER, Text("higher", "变高")),
        )
        return Question(fill(text, **_terms(found)), Choice(options))

    def truth(self, found: Left) -> Answer:
        return found.way

    def picture(
        self, found: Left, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        if not revealed:
            return None
        alt = " ".join(text.said(language) for text in self.shown(self.tell(found)))
        panels = [_draw_ratios(found, language), _draw_left(found, language)]
        return Picture(self.title.said(language), stack(panels), alt)

    def explain(self, found: Left) -> tuple[Claim, ...]:
        terms = _terms(found)
        fell = Text(
            "From {before} (95 % interval {before_limits}) it falls to {after} ({after_limits}): {left} of {n} with {factor} and "
            "{relapse} are left, and all others.",
            "比值比从 {before}（95 % 置信区间 {before_limits}）降到 {after}（{after_limits}）：{factor}且复发的 {n} 名中"
            "剩下 {left} 名，其他人全部保留。",
        )
        stayed = Text(
            "Here the ratio hardly moves, from {before} to {after}: the results lost are too few beside the others.",
            "此处比值比几乎不变，从 {before} 到 {after}：与其余相比，丢失的结果太少。",
        )
        true = Text(
            "Every number that is left is true. But values are lost of those with a bad result who also fared badly: those who "
            "are left are no longer like all. No interval tells.",
            "剩下的每个数都是真的。但缺失的是结果差且结局也差的人：剩下的人不再代表全部，任何区间都不会显示这一点。",
        )
        way = Text(
            "An odds ratio stays where values are lost by lot, by the factor alone or by {relapse} alone. It goes wrong where "
            "the two decide together.",
            "若随机缺失，或只随该因素、只随复发而缺失，比值比不变；若由两者共同决定，就会出错。",
        )
        complete = Text(
            "In this selection {n_complete} of {n_all} {patients} have every factor recorded. A model with all factors would "
            "leave out {n_left_out}.",
            "当前所选的 {n_all} 名患儿中，{n_complete} 名各因素均有记录。包含全部因素的模型会剔除 {n_left_out} 名。",
        )
        whole = Text(
            "In this selection every factor of all {n_all} {patients} is recorded.",
            "当前所选的 {n_all} 名患儿各因素均有记录。",
        )
        return (
            Claim(fill(fell, **terms), found.way == LOWER),
            Claim(fill(stayed, **terms), found.way == EQUAL),
            Claim(fill(true, **terms)),
            Claim(fill(way, **terms)),
            Claim(fill(complete, **terms), found.n_complete < found.n),
            Claim(fill(whole, **terms), found.n_complete == found.n),
        )

    def tell(self, found: Left) -> tuple[Claim, ...]:
        terms, is_lost = _terms(found), found.setting != NOBODY
        before, after = found.ratio(left=False), found.ratio(left=True)
        nothing = Text(
            "Nothing is lost: odds ratio {before} (95 % interval {before_limits}) of all {n_all_known}.",
            "没有缺失：全部 {n_all_known} 名的比值比为 {before}（95 % 置信区间 {before_limits}）。",
        )
        counted = Text(
            "{n_left} of {n_all_known} results are left: odds ratio {after} (95 % interval {after_limits}), {before} of all.",
            "{n_all_known} 个结果中剩下 {n_left} 个：比值比 {after}（95 % 置信区间 {after_limits}），全部时为 {before}。",
        )
        hidden = Text(
            "{n_left} of {n_all_known} results are left: too few for an odds ratio to be shown.",
            "{n_all_known} 个结果中剩下 {n_left} 个：太少，不显示比值比。",
        )
        stays = Text("The ratio stays, but for the halves of odd numbers.", "比值比不变（奇数减半的误差除外）。")
        nearly = Text(
            "It moves only because odd numbers have no halves: exact halves would leave it where it was.",
            "它移动只是因为奇数无法平分：若恰好减半，比值比不变。",
        )
        wider = Text("Its interval is wider: less is known.", "区间变宽：信息变少了。")
        risks = Text(
            "The share with {relapse} does change: {share_left} of those left, {share} in truth.",
            "但复发的比例变了：剩下的人中为 {share_left}，实际为 {share}。",
        )
        moves = Text("The ratio is wrong, and looks as sound as before.", "比值比错了，看上去却与之前一样可靠。")
        shown = after.value is not None and before.value is not None
        same = shown and found.way == EQUAL
        moved = abs(found.share(found.left) - found.share(found.counts)) >= 0.005
        return (
            Claim(fill(nothing, **terms), not is_lost),
            Claim(fill(counted, **terms), is_lost and shown),
            Claim(fill(hidden, **terms), is_lost and not shown),
            Claim(stays, is_lost and same),
            Claim(wider, is_lost and same and _width(after) > _width(before)),
            Claim(fill(risks, **terms), is_lost and same and moved),
            Claim(nearly, is_lost and shown and not same and found.setting != BOTH),
            Claim(moves, shown and not same and found.setting == BOTH),
        )


def _fit(frame: Recorded, counts: tuple[int, ...]) -> OddsRatioResult:
    """The odds ratio of counted groups, by the model that the pages fit."""
    levels = [frame.level if positive else str(frame.variable.reference) for _, positive in GROUPS]
    names = [str(frame.variable.reference), frame.level]
    covariates = pd.DataFrame({frame.variable.name: pd.Categorical(levels, categories=names)})
    outcome = np.array([float(relapsed) for relapsed, _ in GROUPS])
    return estimate_odds_ratios(outcome, covariates, weight=np.array(counts, dtype=float))


def _width(ratio: Estimate) -> float:
    """How wide an interval is on the scale of ratios; without end where a limit is missing."""
    limits = ratio.interval
    if limits is None or not limits.low or limits.high is None:
        return math.inf
    return math.log(limits.high / limits.low)


def _terms(found: Left) -> dict[str, str | Text]:
    before, after = found.ratio(left=False), found.ratio(left=True)
    factor = speak_level(found.variable, found.level)
    n, left = found.counts[0], found.left[0]
    return {
        "Factor": factor,
        "factor": factor,
        "before": format_ratio(before.value),
        "before_limits": format_interval(before.interval),
        "after": format_ratio(after.value),
        "after_limits": format_interval(after.interval),
        "n": format_count(n),
        "left": format_count(left),
        "lost": format_count(n - left),
        "n_all_known": format_count(sum(found.counts)),
        "n_left": format_count(sum(found.left)),
        "share": format_percent(found.share(found.counts)),
        "share_left": format_percent(found.share(found.left)),
        "n_all": format_count(found.n),
        "n_complete": format_count(found.n_complete),
        "n_left_out": format_count(found.n - found.n_complete),
    }


def _draw_ratios(found: Left, language: Language) -> Rows:
    sides = ((Text("all results", "全部结果"), False, PALETTE[4]), (Text("those left", "剩下的"), True, PALETTE[0]))
    rows = []
    for label, is_left, colour in sides:
        ratio = found.ratio(left=is_left)
        low, high = (None, None) if ratio.interval is None else (ratio.interval.low, ratio.interval.high)
        text = f"{format_ratio(ratio.value)} ({format_interval(ratio.interval)})"
        rows.append(Row(label.said(language), text, ratio.value, colour, low, high))
    title = fill(
        Text("{factor}: odds ratio of {relapse}", "{factor}：复发的比值比"),
        factor=speak_level(found.variable, found.level),
    )
    axis = Text("odds ratio", "比值比 (OR)").said(language)
    return Rows(title.said(language), tuple(rows), axis, 0.5, 32, (0.5, 1, 2, 4, 8, 16, 32), is_log=True, line=1)


def _draw_left(found: Left, language: Language) -> Rows:
    """How many results are left of each group."""
    rows = []
    for (relapsed, positive), n, left in zip(GROUPS, found.counts, found.left, strict=True):
        level = found.level if positive else str(found.variable.reference)
        text = Text("{level}, {relapse}", "{level}，复发") if relapsed else Text("{level}, none", "{level}，未复发")
        label = fill(text, level=speak_level(found.variable, level)).said(language)
        colour = PALETTE[1] if left < n else PALETTE[4]
        rows.append(Row(label, f"{format_count(left)}/{format_count(n)}", 100 * left / n, colour, is_bar=True))
    title = Text("Results that are left", "剩下的结果").said(language)
    return Rows(title, tuple(rows), "%", 0, 100, (0, 25, 50, 75, 100))
