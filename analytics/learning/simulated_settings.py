"""What can be set of simulated cohorts: sliders, what they are called, and settings that are worth a look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytics.analysis import Control
from analytics.languages import Text
from analytics.learning.simulating import MOST_LOOKS, MOST_PATIENTS, Design

MOST_DRAWN = 1000
MANY = 200  # that one click draws


@dataclass(frozen=True, slots=True)
class Setting:
    """A slider: its control, whose value is a whole number, and how it is said.

    ``part`` is the part of a design, of which the value is so many of ``unit``.
    """

    control: Control
    part: str
    label: Text
    help: Text
    unit: float = 1.0
    is_share: bool = False

    @property
    def name(self) -> str:
        """The key in a link."""
        return self.control.name

    def say(self, value: int) -> str:
        """The value as it is read."""
        if self.unit == 1.0:
            return f"{value}"
        return f"{value} %" if self.is_share else f"{value * self.unit:.2f}"


def _number(name: str, label: str, default: int, low: int, high: int, step: int) -> Control:
    return Control(f"simulated_{name}", label, "number", default, limits=(low, high), step=step, display=True)


SETTINGS = (
    Setting(
        _number("ratio", "True hazard ratio, in per cent", 100, 25, 200, 5),
        "hazard_ratio",
        Text("True hazard ratio", "真实危险比 (HR)"),
        Text(
            "Of death from treatment on, against not treated. 1.00: treatment does nothing.",
            "治疗后与未治疗相比的死亡危险比。1.00 表示治疗无效。",
        ),
        unit=0.01,
    ),
    Setting(
        _number("n", "Number in a cohort", 64, 40, MOST_PATIENTS, 4),
        "n",
        Text("{Patients} in a cohort", "每个队列的人数"),
        Text("Every cohort is as large as this.", "每个队列都有这么多患儿。"),
    ),
    Setting(
        _number("waiting", "Waiting time in months", 5, 0, 12, 1),
        "waiting",
        Text("Waiting time (months)", "等待时间（月）"),
        Text(
            "The median until treatment. Who dies or is lost before is never treated.",
            "至治疗的中位时间。在此之前死亡或失访者不会接受治疗。",
        ),
    ),
    Setting(
        _number("confounder", "Confounder", 1, 1, 5, 1),
        "confounder",
        Text("Confounder", "混杂因素强度"),
        Text(
            "Half are fitter. At 3, their hazard is a third of the others’, and their odds of treatment three times as high. "
            "At 1 there is no confounder.",
            "一半患儿体能较好。取 3 时，其死亡危险为其余患儿的三分之一，接受治疗的比值为三倍。取 1 时无混杂。",
        ),
    ),
    Setting(
        _number("treated", "Share meant for treatment", 78, 10, 90, 2),
        "treated",
        Text("Meant for treatment", "计划接受治疗"),
        Text(
            "The share that will be treated if they live and are followed that long.",
            "若存活且仍在随访，将接受治疗的比例。",
        ),
        unit=0.01,
        is_share=True,
    ),
    Setting(
        _number("lost", "Share that is lost to follow-up", 30, 0, 80, 5),
        "lost",
        Text("Lost to follow-up", "失访（删失）"),
        Text(
            "The share whose follow-up ends before five years, unless they die first. At five years it ends for all.",
            "若未先死亡，在五年前结束随访的比例。满五年时所有随访均结束。",
        ),
        unit=0.01,
        is_share=True,
    ),
    Setting(
        _number("looks", "Looks", 1, 1, MOST_LOOKS, 1),
        "looks",
        Text("Looks", "检验次数"),
        Text(
            "Labels drawn by lot, which mean nothing. Each splits the cohort in two, and the log-rank test compares the "
            "halves.",
            "随机抽取、毫无意义的标签。每个标签把队列分成两半，用对数秩检验比较。",
        ),
    ),
)
DRAWN = _number("drawn", "Cohorts drawn", 1, 1, MOST_DRAWN, 1)
CONTROLS = (*(setting.control for setting in SETTINGS), DRAWN)


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings that are worth a look, by the parts of a design, and what to watch."""

    name: str
    label: Text
    watch: Text
    values: Mapping[str, int]

    def choices(self) -> dict[str, int]:
        """The value of every slider; the first cohort is drawn."""
        own = {setting.name: self.values.get(setting.part, setting.control.default) for setting in SETTINGS}
        return own | {DRAWN.name: DRAWN.default}


SOUND = {"waiting": 0, "treated": 50, "confounder": 1}  # treated by lot, at once: nothing but chance
PRESETS = (
    Preset(
        "chance",
        Text("Chance alone", "仅有机遇"),
        Text(
            "Treatment does nothing and is given by lot at once. Watch the share below 0.05 settle near 5 %.",
            "治疗无效，且一开始就随机分配。请看 p < 0.05 的比例如何趋近 5 %。",
        ),
        {**SOUND, "hazard_ratio": 100, "n": 100},
    ),
    Preset(
        "power",
        Text("Power with 64", "64 名患儿的检验效能"),
        Text(
            "Treatment halves the hazard and is given by lot at once. Watch how few cohorts of 64 show it.",
            "治疗使死亡危险减半，且一开始就随机分配。请看 64 人的队列中有多少能显示出来。",
        ),
        {**SOUND, "hazard_ratio": 50, "n": 64},
    ),
    Preset(
        "immortal",
        Text("Immortal time", "永生时间偏倚"),
        Text(
            "Treatment does nothing, and comes after five months. Watch who is compared from the start by what came "
            "later.",
            "治疗无效，且在五个月后才进行。请看按日后治疗分组、从起点开始比较会怎样。",
        ),
        {"hazard_ratio": 100, "n": 64, "waiting": 5, "treated": 78},
    ),
    Preset(
        "confounder",
        Text("A confounder", "混杂因素"),
        Text(
            "Treatment does nothing, but the fitter are treated more often. Watch which comparison comes back to 1.",
            "治疗无效，但体能较好者更常接受治疗。请看哪种比较回到 1。",
        ),
        {**SOUND, "hazard_ratio": 100, "n": 200, "confounder": 3},
    ),
    Preset(
        "looks",
        Text("Many looks", "多次检验"),
        Text(
            "Ten labels that mean nothing, ten tests a cohort. Watch how many cohorts have a finding to report.",
            "十个毫无意义的标签，每个队列做十次检验。请看有多少队列“有所发现”。",
        ),
        {**SOUND, "hazard_ratio": 100, "n": 100, "looks": 10},
    ),
)


def to_design(choices: Mapping[str, Any]) -> Design:
    """The design that sliders ask for."""
    values = {setting.part: choices[setting.name] * setting.unit for setting in SETTINGS}
    return Design(**{**values, "n": choices["simulated_n"], "looks": choices["simulated_looks"]})


def find_preset(choices: Mapping[str, Any]) -> Preset | None:
    """The preset whose settings these are; None for others."""
    asked = {setting.name: choices[setting.name] for setting in SETTINGS}
    return next((p for p in PRESETS if asked == {name: p.choices()[name] for name in asked}), None)
