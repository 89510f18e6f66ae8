"""Subgroups in words: what is compared in each, what the tests of interaction say, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.dictionary import Variable, load_words
from analytics.formats import MOST_NAMED, format_count, format_p_phrase, format_percent, join_words
from analytics.reporting.estimates import ratio_text
from analytics.reporting.reasons import say_missing
from analytics.reporting.wording import in_sentence
from analytics.results import Estimate, Note, Result, SubgroupEffect, SubgroupResult

FEW = 0.05


@dataclass(frozen=True, slots=True)
class Contrast:
    """Which groups are compared: the ``levels`` of a variable that are shown, each against ``reference``."""

    variable: Variable
    reference: str
    levels: tuple[str, ...]

    @property
    def text(self) -> str:
        """What every ratio compares ("positive against negative")."""
        label = self.variable.level_label
        return f"{join_words([label(level) for level in self.levels])} against {label(self.reference)}"

    def name_group(self, level: str | None) -> str:
        """A group beside its ratio; nothing where only one is shown."""
        return self.variable.level_label(level) if len(self.levels) > 1 else ""

    def label_reason(self, ratio: Estimate) -> Estimate:
        """The ratio; where there is none for want of a group, with the label of that group."""
        level = None if ratio.reason is None else ratio.reason.get("group")
        if ratio.reason is None or level is None:
            return ratio
        return replace(ratio, reason=ratio.reason.but(group=self.variable.level_label(level)))


@dataclass(frozen=True, slots=True)
class Subgrouping(Result):
    """One variable by whose levels the patients are divided: the ratios in each, and the test of interaction.

    ``n_missing`` patients of the analysis have no value of it.
    """

    variable: Variable
    effects: SubgroupResult
    n_missing: int

    def shown(self, contrast: Contrast) -> tuple[SubgroupEffect, ...]:
        """The ratios within subgroups that are shown, in the order of the levels."""
        return tuple(effect for effect in self.effects.subgroups if effect.group in contrast.levels)

    @property
    def is_sparse(self) -> bool:
        """True if in a subgroup nobody in one of the groups had the event."""
        return any(note.code == "interaction-sparse" for note in self.effects.notes)


def note_unadjusted() -> Note:
    """That the groups may differ in much else."""
    return Note(
        "not-adjusted",
        "info",
        "The groups are compared as they are, not adjusted for anything but the strata: they may differ in much else, and "
        "differently so in each subgroup.",
        "The page on hazard ratios adjusts for other factors.",
    )


def note_number(subgroupings: Sequence[Subgrouping]) -> tuple[Note, ...]:
    """How many subgroups are looked at, and how often chance alone would then find a difference."""
    if not subgroupings:
        return ()
    tests = sum(s.effects.interaction.p_value is not None for s in subgroupings)
    subgroups = sum(len(s.variable.levels) for s in subgroupings)
    variables = f"{len(subgroupings)} variable{'s' if len(subgroupings) > 1 else ''}"
    text = f"{subgroups} subgroups by {variables} are looked at. "
    if tests > 1:
        text += (
            f"Were the hazard ratio the same in all of them, the chance that at least one of {tests} tests of interaction "
            f"falls below 0.05 would still be about {format_percent(1 - 0.95**tests, 0)}. "
        )
    return (
        Note(
            "number-of-subgroups",
            "info",
            f"{text}A subgroup whose interval excludes 1 beside one whose interval includes it does not show that they differ.",
            "Read the test of interaction, which asks whether the hazard ratio differs between subgroups, and not the interval "
            "within one of them; with few events it finds large differences only (Wang and colleagues 2007, "
            "doi:10.1056/NEJMsr077003).",
        ),
    )


def note_sparse(subgroupings: Sequence[Subgrouping]) -> tuple[Note, ...]:
    """In which subgroups nobody of a group had the event."""
    sparse = [s.variable.label for s in subgroupings if s.is_sparse]
    if not sparse:
        return ()
    by = join_words(sparse) if len(sparse) <= MOST_NAMED else f"{len(sparse)} of {len(subgroupings)} variables"
    return (
        Note(
            "subgroup-sparse",
            "caution",
            f"In at least one subgroup by {by} nobody in one of the groups had the event. The hazard ratio there is Firth’s, "
            "and the test of interaction is approximate at best.",
            f"Choose groups or subgroups with more {load_words().plural}, or leave the question open.",
        ),
    )


def count_interactions(subgroupings: Sequence[Subgrouping]) -> str:
    """How many tests of interaction were made, and how many of them say that the ratio differs."""
    tests = [(s.variable.label, s.effects.interaction.p_value) for s in subgroupings]
    made = [(label, p) for label, p in tests if p is not None]
    if not made:
        return f"No test can be made of whether it differs between kinds of {load_words().plural}."
    few = [f"{in_sentence(label)} ({format_p_phrase(p)})" for label, p in made if p < FEW]
    differs = f"a difference by {join_words(few)}" if few else "no difference is shown"
    asked = f"{format_count(len(made))} of {format_count(len(tests))} tests of interaction could be made"
    return f"{asked}: {differs}."


def say_interaction(contrast: Contrast, subgrouping: Subgrouping) -> str:
    """Whether the ratio differs between the levels of a variable, and what it is in each."""
    other, test = subgrouping.variable, subgrouping.effects.interaction
    if test.p_value is None:
        return f"{other.label}: {say_missing('test of interaction', test.reason)}."
    parts = [
        f"{other.level_label(effect.subgroup)} {ratio_text(effect.ratio)}"
        for effect in subgrouping.shown(contrast)
        if len(contrast.levels) == 1 and effect.ratio.value is not None
    ]
    listed = f" hazard ratios, {contrast.text}: {join_words(parts)};" if parts else ""
    reading = (
        "the hazard ratio differs between them by more than chance alone would readily explain in a single test"
        if test.p_value < FEW
        else "this does not show that the hazard ratio differs between them, nor that it is the same"
    )
    rough = " (approximate: a group without events)" if subgrouping.is_sparse else ""
    return f"{other.label}:{listed} test of interaction, {format_p_phrase(test.p_value)}{rough}; {reading}."
