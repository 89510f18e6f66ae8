"""A lesson opened: on the selection that is looked at, or on the reference cohort where that cannot teach it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analytics.cohort import Cohort
from analytics.cohort.disclosure import SuppressedError
from analytics.cohort.filters import CohortFilter
from analytics.dictionary import load_dictionary, speaking_by
from analytics.languages import Text
from analytics.learning.lesson import Lesson, TooFewError
from analytics.learning.saying import fill

PROTECTED = Text(
    "Small numbers are protected in the open cohort: the lesson uses the synthetic reference cohort.",
    "当前队列的小数字受保护：本课使用合成的参考队列。",
)
OTHER_DISEASE = Text(
    "The open cohort is of another disease: the lesson uses the synthetic reference cohort.",
    "当前队列属于另一种疾病：本课使用合成的参考队列。",
)
LACKING = Text(
    "The open cohort lacks what this lesson needs ({columns}): it uses the synthetic reference cohort.",
    "当前队列缺少本课所需的变量（{columns}）：本课使用合成的参考队列。",
)
INSTEAD = Text("{why} It uses the synthetic reference cohort.", "{why}因此使用合成的参考队列。")


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """The frame of a lesson and whose it is; ``instead`` says why it is not the selection that was asked for, or is None."""

    frame: Any
    cohort: Cohort
    filter: CohortFilter
    instead: Text | None = None


def open_lesson(lesson: Lesson[Any, Any], cohort: Cohort, cohort_filter: CohortFilter, reference: Cohort) -> Opened:
    """The lesson on the selection of a cohort; on the whole reference cohort where the selection cannot teach it."""
    why = _refuse(lesson, cohort)
    if why is None:
        try:
            with speaking_by(cohort.dictionary):
                return Opened(lesson.prepare(cohort, cohort_filter), cohort, cohort_filter)
        except TooFewError as error:
            why = fill(INSTEAD, why=error.why)
        except SuppressedError:
            why = PROTECTED
    with speaking_by(reference.dictionary):
        return Opened(lesson.prepare(reference, CohortFilter()), reference, CohortFilter(), why)


def _refuse(lesson: Lesson[Any, Any], cohort: Cohort) -> Text | None:
    if cohort.smallest_cell:
        return PROTECTED
    if cohort.dictionary.words != load_dictionary().words:
        return OTHER_DISEASE
    roles = load_dictionary().roles
    lacking = [load_dictionary()[roles[role]].label for role in lesson.requires if roles[role] not in cohort.variables]
    return fill(LACKING, columns=", ".join(lacking)) if lacking else None
