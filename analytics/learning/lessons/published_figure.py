"""Lesson 14: why a figure that was noticed because it was significant is, on average, too large."""

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
from analytics.estimators import estimate_odds_ratios, odds_ratios_of_tables
from analytics.figures.repeats import plot_repeats
from analytics.formats import format_count, format_percent, format_ratio
from analytics.frames import BinaryOutcome
from analytics.languages import Language, Text
from analytics.learning.answers import Answer, Check, Claim, Number, Question
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.naming import speak_level
from analytics.learning.saying import fill
from analytics.results import FloatArray, Result, read_only

SIZE, REPEATS, SEED, LEVEL = 200, 2000, 14, 0.05
LEAST_CELL = 5
RATIOS = (1.3, 6.0)  # of which a middling study finds some and misses others
WANTED = 2.0
ODDS_RATIO = Text("odds ratio", "比值比")
TOO_FEW = Text(
    "This lesson needs a factor that goes with {relapse} by an odds ratio of {low} to {high}, with at least {least} "
    "{patients} in each cell of its table; the selection of {n} has none.",
    "本课需要一个与{relapse}有关、比值比在 {low} 至 {high} 之间的因素，其四格表每格至少 {least} 名患儿；"
    "当前所选的 {n} 名中没有。",
)


@dataclass(frozen=True, slots=True)
class Truth:
    """What repeats are drawn from: a factor with its level, the risks with and without it, how many have it, their ratio."""

    variable: Variable
    level: str
    risk: float
    other_risk: float
    share: float
    ratio: float
    n: int


@dataclass(frozen=True, slots=True)
class Repeats(Result):
    """Studies of one ``size`` drawn from the truth: the odds ratio of each and its p, NaN for those with an empty cell."""

    truth: Truth
    size: int
    ratios: FloatArray
    p_values: FloatArray
    no_rule: ClassVar[str] = "studies that were drawn, which say nothing of any patient"

    @property
    def found(self) -> np.ndarray:
        """Which of them have a p below 0.05."""
        return np.asarray(self.p_values < LEVEL)

    @property
    def middle(self) -> float:
        """The median ratio of those found significant; NaN where none is."""
        return float(np.median(self.ratios[self.found])) if self.found.any() else math.nan

    @property
    def middle_of_all(self) -> float:
        """The median of all that have a ratio."""
        return float(np.nanmedian(self.ratios))

    @property
    def least(self) -> float:
        """The smallest ratio above 1 that was found significant; NaN where none was."""
        above = self.ratios[self.found & (self.ratios > 1)]
        return float(above.min()) if len(above) else math.nan

    @property
    def n_above(self) -> int:
        """Of those found significant, how many lie above the truth."""
        return int((self.ratios[self.found] > self.truth.ratio).sum())


class PublishedFigure(Lesson[Truth, Repeats]):
    """The same study again and again, and what those that reach significance say."""

    slug = "published-figure"
    order = 14
    title = Text("The figure that was published", "发表的那个数字")
    about = Text("Why a repeat so often finds less.", "为什么重复研究常常得到较小的结果。")
    before = (
        Text(
            "Take the odds ratio in these {patients} for the truth. Now the study is repeated: new {patients}, the same "
            "truth. By chance alone each repeat estimates the odds ratio too low or too high.",
            "假设这些患儿中的比值比 (OR) 就是真值。现在重复这项研究：患儿是新的，真值不变。仅凭机遇，"
            "每次重复都会把比值比估计得偏低或偏高。",
        ),
        Text(
            "Suppose that only repeats with p < 0.05 are noticed and published.",
            "假设只有 p < 0.05 的重复研究会被注意并发表。",
        ),
    )
    control = Control("try_size", "Size of each repeat", "number", SIZE, limits=(100, 2000), step=50)
    control_label = Text("{Patients} in each repeat", "每次重复的患儿人数")
    move = Text(
        "Make the study larger. More repeats become significant, and the middle one of them comes closer to the truth.",
        "把研究做大：更多的重复变得显著，其中位结果也更接近真值。",
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            Text(
                "A small study was noticed for an odds ratio of 5 with p = 0.04. What will a careful repeat most likely "
                "find?",
                "一项小型研究因比值比为 5、p = 0.04 而受到注意。一项认真的重复研究最可能得到什么？",
            ),
            (Text("About 5", "约 5"), Text("Less than 5", "小于 5"), Text("More than 5", "大于 5")),
            1,
            Text(
                "It was noticed because chance had made it large enough to be significant.",
                "它之所以受到注意，是因为机遇使它大到足以显著。",
            ),
        ),
        Check(
            Text("Where is the published figure most exaggerated?", "发表的数字在哪种情况下夸大得最多？"),
            (
                Text("In small studies", "小型研究"),
                Text("In large studies", "大型研究"),
                Text("Equally in all", "都一样"),
            ),
            0,
            Text(
                "A small study only reaches p < 0.05 if its estimate is large; a large one does so at the truth as well.",
                "小型研究只有估计值很大时才能达到 p < 0.05；大型研究在真值处也能达到。",
            ),
        ),
        Check(
            Text(
                "All repeats are published, whatever their p. What does the middle one show?",
                "若无论 p 值如何全部发表，中位结果显示什么？",
            ),
            (
                Text("About the truth", "接近真值"),
                Text("More than the truth", "高于真值"),
                Text("An odds ratio of 1", "比值比为 1"),
            ),
            0,
            Text("The choice by p makes the excess, not the estimate.", "造成偏高的是按 p 值的挑选，而不是估计本身。"),
        ),
    )

    @property
    def requires(self) -> tuple[str, ...]:
        return ("relapse",)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> Truth:
        names = [name for name in cohort.dictionary.listed("published predictors") if name in cohort.variables]
        truths = [_read_truth(cohort, cohort_filter, cohort.dictionary[name]) for name in names]
        offered = [truth for truth in truths if truth is not None]
        if not offered:
            said = {"low": f"{RATIOS[0]:g}", "high": f"{RATIOS[1]:g}", "least": str(LEAST_CELL)}
            raise TooFewError(fill(TOO_FEW, n=format_count(cohort.count(cohort_filter)), **said))
        return min(offered, key=lambda truth: abs(math.log(truth.ratio / WANTED)))

    def compute(self, frame: Truth, setting: Any) -> Repeats:
        size = int(setting)
        n = round(size * frame.share)
        draws = np.random.default_rng([SEED, size])
        events, others = draws.binomial(n, frame.risk, REPEATS), draws.binomial(size - n, frame.other_risk, REPEATS)
        sizes = np.full(REPEATS, n), np.full(REPEATS, size - n)
        ratios, p_values = odds_ratios_of_tables(events, sizes[0], others, sizes[1])
        return Repeats(frame, size, read_only(ratios), read_only(p_values))

    def ask(self, found: Repeats) -> Question:
        text = Text(
            "True odds ratio of {relapse} ({factor}): {truth}. Of many repeats with {size} {patients} each, only those "
            "with p < 0.05 are kept. What odds ratio does the middle one of them show?",
            "{relapse}的真实比值比（{factor}）：{truth}。重复研究每次 {size} 名患儿，只保留 p < 0.05 的。"
            "其中位结果的比值比是多少？",
        )
        truth = found.truth.ratio
        high = max(8.0, float(math.ceil(2 * found.middle)))
        kind = Number(1.0, high, 0.1, ODDS_RATIO, 0.3, round(truth, 1))
        factor = speak_level(found.truth.variable, found.truth.level)
        return Question(fill(text, factor=factor, truth=format_ratio(truth), size=format_count(found.size)), kind)

    def truth(self, found: Repeats) -> Answer:
        return round(found.middle, 2)

    def compare(self, found: Repeats, answer: Answer) -> Text:
        """The learner's ratio, that of the middle significant repeat, and the true one."""
        assert isinstance(answer, int | float)
        said = Text(
            "You said {yours}; the middle significant repeat shows {theirs}, while the truth is {truth}.",
            "您的回答：{yours}；显著的重复研究的中位结果为 {theirs}，而真值为 {truth}。",
        )
        truth = format_ratio(found.truth.ratio)
        return fill(said, yours=format_ratio(answer), theirs=format_ratio(found.middle), truth=truth)

    def picture(
        self, found: Repeats, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        if not revealed:
            return None
        middle = Text("middle of those with p < 0.05", "p < 0.05 者的中位")
        names = Text("p < 0.05", "p < 0.05"), Text("p of 0.05 or more", "p ≥ 0.05")
        figure = plot_repeats(
            found.ratios,
            found.found,
            truth=(found.truth.ratio, Text("truth", "真值").said(language)),
            middle=(found.middle, middle.said(language)) if found.found.any() else None,
            names=(names[0].said(language), names[1].said(language)),
            x_title=Text("Odds ratio of each repeat (log scale)", "每次重复研究的比值比（对数刻度）").said(language),
            guess=(float(answer), Text("your answer", "您的回答").said(language))
            if isinstance(answer, float)
            else None,
        )
        return Picture(self.title.said(language), figure, self._say_here(found).said(language))

    def explain(self, found: Repeats) -> tuple[Claim, ...]:
        truth, n_found = found.truth.ratio, int(found.found.sum())
        drawn = Text(
            "{n_found} of {repeats} repeats reached p < 0.05. The middle one of these shows {middle}; the middle one of "
            "all shows {all}, near the truth of {truth}.",
            "{repeats} 次重复中有 {n_found} 次达到 p < 0.05。其中位结果为 {middle}；全部重复的中位结果为 {all}，"
            "接近真值 {truth}。",
        )
        needed = Text(
            "With {size} {patients} a repeat needed an odds ratio of at least {least} for that. Repeats that came near "
            "the truth were not significant, and only those that chance had pushed up are left.",
            "{size} 名患儿时，比值比至少要达到 {least} 才能如此。接近真值的重复并不显著，剩下的只是被机遇推高的那些。",
        )
        enough = Text(
            "With {size} {patients} a repeat was significant from an odds ratio of {least} on, below the truth: only "
            "repeats that came out lower still are filtered out, so less is exaggerated.",
            "{size} 名患儿时，比值比从 {least} 起就显著，低于真值：只有更低的重复被筛掉，因此夸大较少。",
        )
        above = Text(
            "{n_above} of the {n_found} significant ones lie above the truth. So does, more often than not, a figure that "
            "was noticed for its p.",
            "{n_found} 次显著的重复中有 {n_above} 次高于真值。因 p 值而受到注意的数字也多半如此。",
        )
        said = {
            "n_found": format_count(n_found),
            "repeats": format_count(len(found.ratios)),
            "middle": format_ratio(found.middle),
            "all": format_ratio(found.middle_of_all),
            "truth": format_ratio(truth),
            "size": format_count(found.size),
            "least": format_ratio(found.least),
            "n_above": format_count(found.n_above),
        }
        return (
            Claim(fill(drawn, **said), abs(math.log(found.middle_of_all / truth)) < math.log(1.15)),
            Claim(fill(needed, **said), found.least > truth),
            Claim(fill(enough, **said), found.least <= truth),
            Claim(fill(above, **said), 2 * found.n_above > n_found),
        )

    def tell(self, found: Repeats) -> tuple[Claim, ...]:
        empty = Text("{n} repeats with an empty cell have no odds ratio.", "{n} 次重复有空格，没有比值比。")
        n_empty = int(np.isnan(found.ratios).sum())
        return Claim(self._say_here(found)), Claim(fill(empty, n=format_count(n_empty)), n_empty > 0)

    def _say_here(self, found: Repeats) -> Text:
        said = Text(
            "{size} {patients} each: {share} of the repeats reach p < 0.05, and the middle one of them shows {middle} "
            "where the truth is {truth}.",
            "每次 {size} 名患儿：{share} 的重复达到 p < 0.05，其中位结果为 {middle}，而真值为 {truth}。",
        )
        return fill(
            said,
            size=format_count(found.size),
            share=format_percent(float(found.found.mean())),
            middle=format_ratio(found.middle),
            truth=format_ratio(found.truth.ratio),
        )


def _read_truth(cohort: Cohort, cohort_filter: CohortFilter, variable: Variable) -> Truth | None:
    """What there is to repeat of one factor with two levels; None where it is rare or its ratio is another."""
    relapse = cohort.dictionary.role("relapse")
    frame = BinaryOutcome.from_tally(cohort.tally([relapse, variable.name], cohort_filter), relapse, [variable])
    terms = estimate_odds_ratios(**frame.model()).terms
    if len(terms) != 2 or min(min(term.n_event, term.n - term.n_event) for term in terms) < LEAST_CELL:
        return None
    term, reference = next(t for t in terms if not t.is_reference), next(t for t in terms if t.is_reference)
    ratio = term.odds_ratio.value
    if term.level is None or ratio is None or not RATIOS[0] <= ratio <= RATIOS[1]:
        return None
    n = term.n + reference.n
    return Truth(variable, term.level, term.n_event / term.n, reference.n_event / reference.n, term.n / n, ratio, n)
