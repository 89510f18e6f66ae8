"""Simulated cohorts as they are shown: the curves of one, and what all that were drawn have found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analytics.document import Picture
from analytics.estimators import estimate_survival, ever_treated, simon_makuch
from analytics.estimators.treatment.history import TREATED, UNTREATED
from analytics.figures.curves.survival import describe_survival, plot_survival
from analytics.figures.points.replicates import Expected, RatioPanel, ShareLine, Words, plot_replicates, plot_shares
from analytics.figures.taught import in_chinese
from analytics.figures.theme import style_of
from analytics.formats import format_count, format_p_phrase, format_percent
from analytics.languages import Language, Text
from analytics.learning.saying import both, fill
from analytics.learning.simulated_words import NAMES, SHORT, describe_ratios, describe_shares
from analytics.learning.simulating import (
    HORIZON,
    SIGNIFICANT,
    Design,
    Replicates,
    RunningShare,
    SimulatedCohort,
    follow_share,
)
from analytics.results import SurvivalResult

START = Text("the start", "队列起点")
SURVIVAL = Text("Overall survival", "总生存 (OS)")
BY_EVER = Text("Cohort {number}, naive: by who was ever treated", "队列 {number}，朴素比较：按是否曾治疗分组")
AS_IT_CHANGES = Text(
    "Cohort {number}, honest: treated from its day on", "队列 {number}，正确比较：自治疗之日起计（Simon–Makuch）"
)
BY_LABEL = Text(
    "Cohort {number}, the smallest of its p values: label {best} ({p})",
    "队列 {number}，最小的 p 值：标签 {best}（{p}）",
)
EVER: Mapping[str, Text] = {UNTREATED: Text("never treated", "从未治疗"), TREATED: Text("ever treated", "曾治疗")}
CHANGING: Mapping[str, Text] = {UNTREATED: Text("not yet treated", "尚未治疗"), TREATED: Text("treated", "已治疗")}
WITHOUT, WITH = "0", "1"
LABELLED: Mapping[str, Text] = {WITHOUT: Text("without the label", "无标签"), WITH: Text("with the label", "有标签")}
READ_EVER = Text(
    "Who is treated later is counted as treated from the start, and cannot die while waiting.",
    "日后接受治疗者自起点即计为“曾治疗”，等待期间不可能死亡。",
)
READ_CHANGING = Text(
    "Everybody starts untreated and moves to the other curve on the day of treatment: its number at risk rises.",
    "所有人起初均未治疗，治疗当日转入另一曲线：其风险集人数随之上升。",
)
READ_LABEL = Text("The label was drawn by lot.", "该标签系随机抽取。")
RATIOS = Text("Estimates around the truth", "估计值与真值")
READ_RATIOS = Text(
    "One row a cohort, with its 95 % interval; coloured where p < 0.05. Dark line: the true hazard ratio. Pale line: "
    "1. The last "
    "60 are drawn.",
    "每行一个队列，附 95 % 置信区间；彩色表示 p < 0.05。深色线为真实危险比，浅色线为 1。仅画出最后 60 个。",
)
SHARES = Text("Share of cohorts with p < 0.05", "p < 0.05 的队列比例")
READ_SHARES = Text(
    "Shaded: 95 % interval of the share. Dashed: 5 %, what chance alone makes of comparisons of nothing.",
    "阴影为比例的 95 % 置信区间。虚线为 5 %，即毫无差异时仅凭机遇的比例。",
)
READ_LOOKS = Text(
    "Shaded: 95 % interval of the share. Dashed: 5 %, of one look, and what so many independent looks make.",
    "阴影为比例的 95 % 置信区间。虚线为单次检验的 5 %，以及多次独立检验的比例。",
)
X_SHARES = Text("Cohorts drawn", "已抽取的队列数")
Y_SHARES = Text("p < 0.05 (%)", "p < 0.05 (%)")
ONE_LEVEL = Text("5 %: one look", "5 %：单次检验")
ALL_LEVEL = Text("{expected}: {looks} looks", "{expected}：{looks} 次检验")
ANY_LOOK = Text("at least one of {looks} looks", "{looks} 次检验中至少一次")
WORDS = (
    Text("Hazard ratio", "危险比 (HR)"),
    Text("Cohort", "队列"),
    Text("p < 0.05", "p < 0.05"),
    Text("p ≥ 0.05", "p ≥ 0.05"),
)


def draw_naive(cohort: SimulatedCohort, language: Language) -> Picture:
    """The curves by who was ever treated."""
    group = ever_treated(cohort.time, cohort.event, _or_never(cohort))
    result = estimate_survival(cohort.time, cohort.event, group=group)
    return _draw_curves(result, EVER, fill(BY_EVER, number=format_count(cohort.number)), READ_EVER, language)


def draw_honest(cohort: SimulatedCohort, language: Language) -> Picture:
    """The curves of treatment as it changes."""
    result = simon_makuch(cohort.time, cohort.event, _or_never(cohort))
    title = fill(AS_IT_CHANGES, number=format_count(cohort.number))
    return _draw_curves(result, CHANGING, title, READ_CHANGING, language, switching=True)


def draw_best_label(cohort: SimulatedCohort, p_value: float, language: Language) -> Picture:
    """The curves by the label that has the smallest p value."""
    result = estimate_survival(cohort.time, cohort.event, group=np.where(cohort.has_label, WITH, WITHOUT))
    number, best = format_count(cohort.number), str(cohort.best_look + 1)
    title = fill(BY_LABEL, number=number, best=best, p=format_p_phrase(None if np.isnan(p_value) else p_value))
    return _draw_curves(result, LABELLED, title, READ_LABEL, language)


def draw_ratios(design: Design, drawn: Replicates, language: Language) -> Picture:
    """The hazard ratios of all cohorts in three comparisons."""
    panels = []
    for key, short in SHORT.items():
        fits = drawn.fits(key)
        panels.append(RatioPanel(short.said(language), fits.log_ratio, fits.low, fits.high, fits.p_value))
    figure = plot_replicates(panels, design.hazard_ratio, Words(*(word.said(language) for word in WORDS)))
    return Picture(RATIOS.said(language), figure, describe_ratios(design, drawn, language), READ_RATIOS.said(language))


def draw_shares(design: Design, drawn: Replicates, language: Language) -> Picture:
    """The running shares with p < 0.05: of the three comparisons, or of one look or more."""
    if design.looks > 1:
        name = fill(ANY_LOOK, looks=str(design.looks)).said(language)
        named = [(name, follow_share(drawn.smallest))]
        share = format_percent(design.any_of_looks)
        text = fill(ALL_LEVEL, expected=share, looks=str(design.looks)).said(language)
        levels = [Expected(SIGNIFICANT, ONE_LEVEL.said(language)), Expected(design.any_of_looks, text)]
        places, caption = [3], READ_LOOKS
    else:
        named = [(short.said(language), follow_share(drawn.fits(key).p_value)) for key, short in SHORT.items()]
        levels, places, caption = [Expected(SIGNIFICANT, "5 %")], [0, 1, 2], READ_SHARES
    lines = [_line(name, share, place) for (name, share), place in zip(named, places, strict=True)]
    x_title, y_title = X_SHARES.said(language), Y_SHARES.said(language)
    figure = plot_shares(lines, levels, x_title=x_title, y_title=y_title)
    return Picture(SHARES.said(language), figure, describe_shares(named, language), caption.said(language))


def list_shares(design: Design, drawn: Replicates) -> tuple[tuple[Text, RunningShare], ...]:
    """The shares with p < 0.05 of all cohorts that were drawn, by what they are of."""
    if design.looks > 1:
        return ((fill(ANY_LOOK, looks=str(design.looks)), follow_share(drawn.smallest)),)
    tests = [(name, follow_share(drawn.fits(key).p_value)) for key, name in NAMES.items()]
    return (*tests, (both("Mantel–Byar"), follow_share(drawn.mantel_byar)))


def _draw_curves(
    result: SurvivalResult,
    names: Mapping[str, Text],
    title: Text,
    caption: Text,
    language: Language,
    *,
    switching: bool = False,
) -> Picture:
    labels = {level: name.said(language) for level, name in names.items()}
    figure = plot_survival(
        result,
        labels=labels,
        styles=style_of(list(labels)),
        origin=START.said(language),
        y_title=SURVIVAL.said(language),
        horizon=HORIZON,
        switching=switching,
    )
    alt = describe_survival(result, labels, START.said(language), switching=switching)
    if language == "zh":
        figure, alt = in_chinese(figure), title.zh
    return Picture(title.said(language), figure, alt, caption.said(language))


def _line(name: str, share: RunningShare, place: int) -> ShareLine:
    return ShareLine(name, share.share, share.low, share.high, place)


def _or_never(cohort: SimulatedCohort) -> np.ndarray:
    return np.where(np.isfinite(cohort.treated_at), cohort.treated_at, np.nan)
