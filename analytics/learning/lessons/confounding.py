"""Lesson 8: what adjustment does to an odds ratio, and what it cannot do.

That an odds ratio moves away from 1 when a predictor that is balanced is added: Greenland, Robins & Pearl (1999), Statistical
Science 14:29, doi:10.1214/ss/1009211805.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from analytics.analysis import Control
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import PHASES, Variable, load_dictionary
from analytics.document import Picture
from analytics.estimators import estimate_odds_ratios, wilson
from analytics.estimators.observations import NO_PATIENTS, BoolArray
from analytics.figures.stacked import Row, Rows, stack
from analytics.figures.theme import PALETTE
from analytics.formats import format_count, format_interval, format_percent, format_ratio
from analytics.frames import BinaryOutcome
from analytics.languages import Language, Text
from analytics.learning.answers import Answer, Check, Choice, Claim, Question
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.naming import join_names, name_variable, speak_level
from analytics.learning.saying import fill
from analytics.reporting.wording import in_sentence
from analytics.results import Estimate, OddsRatioResult, Result

EARLY, LATE = "MRD during induction", "MRD after induction"  # the roles of what is adjusted for
LEAST, LEAST_EVENTS = 5, 20  # patients with and without each factor; events, and patients without one
SAME = 1.05
NONE, ONE, OTHER, BOTH, ALL = "none", "early", "late", "both", "all"
NEARER, EQUAL, FURTHER = "nearer", "same", "further"
WAYS = (
    (NEARER, Text("nearer to 1", "更接近 1")),
    (EQUAL, Text("about the same (within 5 %)", "基本不变（相差不超过 5 %）")),
    (FURTHER, Text("further from 1", "离 1 更远")),
)
TOO_FEW = Text(
    "This lesson needs {events} {patients} with {relapse} and as many without, and {least} with and without each factor; the "
    "selection has {n} whose factors are known, {n_event} of them with {relapse}.",
    "本课至少需要复发与未复发的患儿各 {events} 名，且有、无每个因素者各 {least} 名；"
    "当前所选中各因素均已知的有 {n} 名，其中复发 {n_event} 名。",
)


@dataclass(frozen=True, slots=True)
class Factors:
    """Whether patients had the event, with the factor in question and those that may be adjusted for, all known."""

    outcome: BinaryOutcome
    factor: Variable
    others: tuple[Variable, ...]
    early: Variable
    late: Variable

    def chosen(self, setting: str) -> tuple[Variable, ...]:
        """What is adjusted for at a value of the control."""
        sets = {NONE: (), ONE: (self.early,), OTHER: (self.late,), BOTH: (self.early, self.late), ALL: self.others}
        return sets[setting]


@dataclass(frozen=True, slots=True)
class Link(Result):
    """A factor that is adjusted for: how frequent it is with and without the one in question, and the event with and without it.

    ``risks`` are those of the event without and with the factor in question, where this one is absent and where it is there.
    """

    variable: Variable
    without: Estimate
    having: Estimate
    risk_without: Estimate
    risk_having: Estimate
    risks: tuple[Estimate, ...]

    @property
    def together(self) -> float:
        """Above 0 where it goes the same way with the factor in question and with the event, below 0 where opposite ways."""
        return _difference(self.having, self.without) * _difference(self.risk_having, self.risk_without)


@dataclass(frozen=True, slots=True)
class Adjusted(Result):
    """The crude and the adjusted ratio of one factor, of the same patients and by the same method."""

    factor: Variable
    crude: OddsRatioResult
    adjusted: OddsRatioResult
    links: tuple[Link, ...]

    def ratio(self, *, adjusted: bool) -> Estimate:
        """The odds ratio of the factor in question."""
        model = self.adjusted if adjusted else self.crude
        return next(t.odds_ratio for t in model.terms if t.variable == self.factor.name and not t.is_reference)

    @property
    def way(self) -> str | None:
        """Where adjustment moves the ratio; None where one of them is not shown."""
        crude, adjusted = self.ratio(adjusted=False).value, self.ratio(adjusted=True).value
        if crude is None or adjusted is None:
            return None
        if max(adjusted / crude, crude / adjusted) <= SAME:
            return EQUAL
        return NEARER if abs(math.log(adjusted)) < abs(math.log(crude)) else FURTHER


def _name_settings() -> dict[str, Text]:
    dictionary = load_dictionary()
    early, late = (name_variable(dictionary[dictionary.role(role)]) for role in (EARLY, LATE))
    return {
        NONE: Text("nothing (crude)", "不调整（粗比值比）"),
        ONE: early,
        OTHER: late,
        BOTH: join_names((early, late)),
        ALL: Text("all published predictors", "全部已发表的预测因素"),
    }


class Confounding(Lesson[Factors, Adjusted]):
    """Adjustment and confounding: crude and adjusted odds ratios."""

    slug = "confounding"
    order = 8
    title = Text("Adjustment and confounding", "调整与混杂")
    about = Text(
        "What changes when another factor joins the model, and what does not.",
        "模型加入另一因素后什么会变，什么不会变。",
    )
    before = (
        Text(
            "A crude odds ratio compares {patients} with and without a factor, whatever else differs between them. If something "
            "else goes with the factor and with the outcome, the crude ratio mixes the two: confounding. An adjusted ratio "
            "compares {patients} who are alike in what else is in the model.",
            "粗比值比直接比较有、无某因素的患儿，不管他们还有什么不同。若另一因素既与该因素有关又与结局有关，"
            "粗比值比就把二者混在一起：这就是混杂。调整后的比值比则在模型中其他因素相同的患儿之间比较。",
        ),
    )
    control = Control(
        "try_adjusting",
        "Adjusted for",
        "one",
        ONE,
        ((NONE, "nothing"), (ONE, "the early"), (OTHER, "the late"), (BOTH, "both"), (ALL, "all")),
    )
    control_label = Text("Adjusted for", "调整的因素")
    labels: ClassVar[dict[str, Text]] = _name_settings()
    move = Text(
        "Choose what is adjusted for. Before you look, say from the shares which way the ratio should move.",
        "选择要调整的因素。看结果之前，先根据比例说出比值比应向哪边移动。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text(
                "When can a factor confound the odds ratio of another?", "一个因素在什么情况下会混杂另一因素的比值比？"
            ),
            (
                Text("When it goes with the other factor and with the outcome", "它既与另一因素有关，又与结局有关"),
                Text("When it goes with the outcome alone", "它只与结局有关"),
                Text("Whenever it is in the model", "只要它在模型里"),
            ),
            0,
            Text(
                "It has to differ between those compared, and to matter for the outcome.",
                "它必须在被比较的两组间不同，且影响结局。",
            ),
        ),
        Check(
            Text(
                "A ratio is adjusted for everything that was recorded. What may still confound it?",
                "某比值比已对所有记录的因素作了调整。还有什么可能造成混杂？",
            ),
            (
                Text("Nothing", "没有了"),
                Text("What was not recorded, or badly measured", "没有记录的，或测量不准的因素"),
                Text("Only chance", "只有机遇"),
            ),
            1,
            Text("A model knows only its columns.", "模型只知道它所含的变量。"),
        ),
        Check(
            Text(
                "A factor is known at diagnosis. A response to treatment is measured weeks later. What does adjusting for the "
                "response do?",
                "某因素在诊断时已知，治疗反应在数周后测定。对治疗反应作调整会怎样？",
            ),
            (
                Text("It always removes bias.", "总能消除偏倚。"),
                Text("It makes the ratio causal.", "使比值比具有因果含义。"),
                Text(
                    "It may remove what the factor does by way of the response.",
                    "可能把该因素通过治疗反应起的作用也去掉。",
                ),
            ),
            2,
            Text(
                "What comes after a factor may be part of its path. Then the adjusted ratio answers another question.",
                "发生在该因素之后的，可能是其作用途径的一部分；此时调整后的比值比回答的是另一个问题。",
            ),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return ("relapse", EARLY, LATE)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> Factors:
        dictionary, event = cohort.dictionary, cohort.dictionary.role("relapse")
        listed = [dictionary[n] for n in dictionary.listed("published predictors") if n in cohort.variables]
        listed = [v for v in listed if len(v.levels) == 2]
        factor = next((v for v in listed if v.phase == PHASES[0]), None)
        early, late = (dictionary[dictionary.role(role)] for role in (EARLY, LATE))
        if factor is None:
            raise TooFewError(fill(TOO_FEW, events=str(LEAST_EVENTS), least=str(LEAST), n="0", n_event="0"))
        others = tuple(v for v in dict.fromkeys((*listed, early, late)) if v is not factor)
        tally = cohort.tally([event, factor.name, *(v.name for v in others)], cohort_filter)
        frame = Factors(BinaryOutcome.from_tally(tally, event, [factor, *others]), factor, others, early, late)
        given = frame.outcome.model()
        weight, happened = given["weight"], given["outcome"]
        n, n_event = int(weight.sum()), int((weight * happened).sum())
        levels = [weight[_has(given, v) == side].sum() for v in (factor, early, late) for side in (True, False)]
        if min(n_event, n - n_event) < LEAST_EVENTS or min(levels) < LEAST or self.compute(frame, ONE).way is None:
            numbers = {"n": format_count(n), "n_event": format_count(n_event)}
            raise TooFewError(fill(TOO_FEW, events=str(LEAST_EVENTS), least=str(LEAST), **numbers))
        return frame

    def compute(self, frame: Factors, setting: Any) -> Adjusted:
        chosen, given = frame.chosen(setting), frame.outcome.model()
        names = [frame.factor.name, *(v.name for v in chosen)]
        adjusted = estimate_odds_ratios(**given | {"covariates": given["covariates"][names]})
        # By the same method, so that nothing but the factors differs.
        method: Any = adjusted.method
        crude = estimate_odds_ratios(**given | {"covariates": given["covariates"][names[:1]]}, method=method)
        return Adjusted(frame.factor, crude, adjusted, tuple(_link(given, frame.factor, v) for v in chosen))

    def ask(self, found: Adjusted) -> Question:
        text = Text(
            "{Factor} has a crude odds ratio of {relapse} of {crude}. {other}: {having} of those with {factor}, {without} of "
            "those without. With {name} in the model, the ratio for {factor} is …",
            "{Factor}的复发粗比值比为 {crude}。{other}：有{factor}者占 {having}，无者占 {without}。"
            "模型加入{name}后，{factor}的比值比……",
        )
        return Question(fill(text, **_terms(found), **_link_terms(found, found.links[0])), Choice(WAYS))

    def truth(self, found: Adjusted) -> Answer:
        return found.way or EQUAL

    def picture(
        self, found: Adjusted, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        if not revealed:
            return None
        panels = [_draw_ratios(found, language), *(_draw_shares(found, link, language) for link in found.links)]
        if len(found.links) == 1:
            panels += _draw_risks(found, found.links[0], language)
        alt = " ".join(text.said(language) for text in self.shown(self.tell(found)))
        return Picture(self.title.said(language), stack(panels), alt)

    def explain(self, found: Adjusted) -> tuple[Claim, ...]:
        (link,) = found.links
        crude, adjusted = found.ratio(adjusted=False).value or 1.0, found.ratio(adjusted=True).value or 1.0
        terms = {**_terms(found), **_link_terms(found, link)}
        together, down = link.together, adjusted < crude
        moved = Text(
            "Crude {crude} (95 % interval {crude_limits}), with {name} in the model {adjusted} ({limits}): {way}.",
            "粗比值比 {crude}（95 % 置信区间 {crude_limits}），模型加入{name}后为 {adjusted}（{limits}）：{way}。",
        )
        links = Text(
            "{other}: {having} of those with {factor} and {without} of those without. {Relapse}: {risk_having} with {other}, "
            "{risk_without} of the others.",
            "{other}：有{factor}者占 {having}，无者占 {without}。复发：{other}者 {risk_having}，其余 {risk_without}。",
        )
        raised = Text(
            "The two go the same way, so part of the crude ratio for {factor} goes with {name}; adjusting takes it out and "
            "lowers the ratio.",
            "两者方向一致，因此{factor}的粗比值比中有一部分与{name}有关；调整后被去掉，比值比降低。",
        )
        lowered = Text(
            "The two go opposite ways, so {name} hid part of what goes with {factor}; adjusting raises the ratio.",
            "两者方向相反，因此{name}掩盖了与{factor}有关的一部分；调整后比值比升高。",
        )
        neither = Text(
            "These two links alone do not tell where the ratio goes here: an odds ratio also moves for the reason below.",
            "仅凭这两个关联，不能说明此处比值比为何如此移动：比值比还会因下述原因变化。",
        )
        scale = Text(
            "An odds ratio also moves away from 1 when a strong predictor joins that is balanced between the groups. That is its "
            "scale, not confounding.",
            "即使某个强预测因素在两组间分布均衡，加入模型后比值比也会离 1 更远。这是比值比这一尺度的性质，不是混杂。",
        )
        later = Text(
            "What adjustment cannot do: it knows nothing that is not recorded. And {name} is measured after {factor}: what "
            "{factor} may do by way of it is taken out, too. An adjusted ratio is not an effect.",
            "调整做不到的：没有记录的因素它无从知道。而且{name}的测定晚于{factor}：{factor}可能通过它起的作用也被去掉了。"
            "调整后的比值比并不等于因果效应。",
        )
        recorded = Text(
            "What adjustment cannot do: it knows nothing that is not recorded. An adjusted ratio is not an effect.",
            "调整做不到的：没有记录的因素它无从知道。调整后的比值比并不等于因果效应。",
        )
        after = PHASES.index(link.variable.phase) > PHASES.index(found.factor.phase)
        same_way, opposite = together > 0 and down, together < 0 and adjusted > crude
        return (
            Claim(fill(moved, **terms)),
            Claim(fill(links, **terms)),
            Claim(fill(raised, **terms), same_way),
            Claim(fill(lowered, **terms), opposite),
            Claim(fill(neither, **terms), not same_way and not opposite),
            Claim(fill(scale, **terms)),
            Claim(fill(later, **terms), after),
            Claim(fill(recorded, **terms), not after),
        )

    def tell(self, found: Adjusted) -> tuple[Claim, ...]:
        terms = _terms(found)
        crude = Text(
            "{Factor}, adjusted for nothing: odds ratio {crude} (95 % interval {crude_limits}).",
            "{Factor}，不作调整：比值比 {crude}（95 % 置信区间 {crude_limits}）。",
        )
        adjusted = Text(
            "{Factor}, adjusted for {names}: odds ratio {adjusted} (95 % interval {limits}); crude it is {crude}. That "
            "is {way}.",
            "{Factor}，对{names}作调整：比值比 {adjusted}（95 % 置信区间 {limits}）；粗比值比为 {crude}。{way}。",
        )
        hidden = Text(
            "{Factor}, adjusted for {names}: too few {patients} for an odds ratio to be shown.",
            "{Factor}，对{names}作调整：患儿太少，不显示比值比。",
        )
        lowers, raises = ([link for link in found.links if sign * link.together > 0] for sign in (1, -1))
        ways = {
            "lowers": join_names([name_variable(link.variable) for link in lowers]),
            "raises": join_names([name_variable(link.variable) for link in raises]),
        }
        pulled = Text(
            "Why: the same way with {factor} and with {relapse}, which tends to lower the ratio: {lowers}; opposite ways, "
            "which tends to raise it: {raises}.",
            "原因：与{factor}、与复发方向一致，往往使比值比降低的：{lowers}；方向相反，往往使比值比升高的：{raises}。",
        )
        several = len(found.links) > 1 and found.way is not None
        return (
            Claim(fill(crude, **terms), not found.links),
            Claim(fill(adjusted, **terms), bool(found.links) and found.way is not None),
            Claim(fill(pulled, **terms, **ways), several and bool(lowers) and bool(raises)),
            Claim(fill(hidden, **terms), bool(found.links) and found.way is None),
        )


def _has(given: dict[str, Any], variable: Variable) -> BoolArray:
    """Who has the level of a factor that is not its reference."""
    return np.asarray((given["covariates"][variable.name] != variable.reference).to_numpy(bool))


def _link(given: dict[str, Any], factor: Variable, variable: Variable) -> Link:
    has, other, happened = _has(given, factor), _has(given, variable), given["outcome"] == 1
    weight, everybody = given["weight"], np.ones(len(happened), dtype=bool)
    return Link(
        variable,
        _share(weight, other, ~has),
        _share(weight, other, has),
        _share(weight, happened, everybody & ~other),
        _share(weight, happened, everybody & other),
        tuple(
            _share(weight, happened, (other == there) & (has == side))
            for there in (False, True)
            for side in (False, True)
        ),
    )


def _share(weight: Any, marked: BoolArray, inside: BoolArray) -> Estimate:
    n, n_marked = int(weight[inside].sum()), int(weight[inside & marked].sum())
    if not n:
        return Estimate(None, reason=NO_PATIENTS)
    return Estimate(n_marked / n, wilson(n_marked, n), n, n_marked)


def _difference(one: Estimate, other: Estimate) -> float:
    return 0.0 if one.value is None or other.value is None else one.value - other.value


def _level(variable: Variable) -> str:
    return next(level for level in variable.levels if level != variable.reference)


def _terms(found: Adjusted) -> dict[str, str | Text]:
    crude, adjusted = found.ratio(adjusted=False), found.ratio(adjusted=True)
    factor = speak_level(found.factor, _level(found.factor))
    return {
        "Factor": factor,
        "factor": Text(in_sentence(factor.en), factor.zh),
        "names": join_names([name_variable(link.variable) for link in found.links]),
        "crude": format_ratio(crude.value),
        "crude_limits": format_interval(crude.interval),
        "adjusted": format_ratio(adjusted.value),
        "limits": format_interval(adjusted.interval),
        "way": dict(WAYS)[found.way or EQUAL],
    }


def _link_terms(found: Adjusted, link: Link) -> dict[str, str | Text]:
    return {
        "name": name_variable(link.variable),
        "other": speak_level(link.variable, _level(link.variable)),
        "having": format_percent(link.having.value),
        "without": format_percent(link.without.value),
        "risk_having": format_percent(link.risk_having.value),
        "risk_without": format_percent(link.risk_without.value),
    }


def _draw_ratios(found: Adjusted, language: Language) -> Rows:
    sides = [(Text("crude", "粗比值比"), False, PALETTE[4]), (Text("adjusted", "调整后"), True, PALETTE[0])]
    rows = []
    for label, is_adjusted, colour in sides if found.links else sides[:1]:
        ratio = found.ratio(adjusted=is_adjusted)
        low, high = (None, None) if ratio.interval is None else (ratio.interval.low, ratio.interval.high)
        text = f"{format_ratio(ratio.value)} ({format_interval(ratio.interval)})"
        if ratio.value is None:
            text = Text("not shown", "不显示").said(language)
        rows.append(Row(label.said(language), text, ratio.value, colour, low, high))
    factor = speak_level(found.factor, _level(found.factor)).said(language)
    title = fill(Text("{factor}: odds ratio of {relapse}", "{factor}：复发的比值比"), factor=factor).said(language)
    axis = Text("odds ratio", "比值比 (OR)").said(language)
    return Rows(title, tuple(rows), axis, 0.25, 16, (0.25, 0.5, 1, 2, 4, 8, 16), is_log=True, line=1)


def _draw_shares(found: Adjusted, link: Link, language: Language) -> Rows:
    other = speak_level(link.variable, _level(link.variable))
    title = fill(Text("Share with {other}", "{other}的比例"), other=other).said(language)
    return _draw_sides(title, found.factor, (link.without, link.having), language)


def _draw_risks(found: Adjusted, link: Link, language: Language) -> tuple[Rows, ...]:
    panels = []
    for place, level in enumerate((str(link.variable.reference), _level(link.variable))):
        other = speak_level(link.variable, level)
        title = fill(Text("{other}: share with {relapse}", "{other}：复发的比例"), other=other).said(language)
        panels.append(_draw_sides(title, found.factor, link.risks[2 * place : 2 * place + 2], language))
    return tuple(panels)


def _draw_sides(title: str, factor: Variable, shares: Sequence[Estimate], language: Language) -> Rows:
    """A share without and with the factor in question."""
    rows = []
    for level, share, colour in zip(
        (str(factor.reference), _level(factor)), shares, (PALETTE[0], PALETTE[2]), strict=True
    ):
        label = speak_level(factor, level).said(language)
        text = f"{format_count(share.n_event)}/{format_count(share.n)}, {format_percent(share.value)}"
        value = None if share.value is None else 100 * share.value
        rows.append(Row(label, text, value, colour, is_bar=True))
    return Rows(title, tuple(rows), "%", 0, 100, (0, 25, 50, 75, 100))
