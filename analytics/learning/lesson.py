"""The contract of a lesson: predict, reveal, change. One file of ``lessons/`` is one lesson."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar, final

from analytics.analysis import Control, Governed
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.document import Picture
from analytics.languages import Language, Text
from analytics.learning.answers import Answer, Check, Choice, Claim, Question
from analytics.learning.saying import fill

Frame = TypeVar("Frame")
Found = TypeVar("Found")
BESIDE = Text("You said {yours}; it is {theirs}.", "您的回答：{yours}；实际为：{theirs}。")
CHOSEN = Text("You said: “{yours}”. The answer is: “{theirs}”.", "您的回答：“{yours}”。实际为：“{theirs}”。")
_REGISTERED: dict[str, type[Lesson[Any, Any]]] = {}


class TooFewError(Exception):
    """A selection has too few patients for a lesson; ``why`` says so, with the numbers."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


class Lesson(ABC, Generic[Frame, Found]):
    """A lesson: a question that a learner answers before its answer is shown, an explanation, and one control to move.

    A subclass registers itself. ``prepare`` takes what is needed out of the engine, ``compute`` makes a frozen `Result` of
    it by the estimators of the product, for a value of the one control; the other methods turn that result into what is
    asked, drawn and said, as numbers of the patients at hand in `Text` of every language. Before the answer the result is
    that of the control's default.

    ``before`` is what is read first, without numbers of patients; ``control`` is what moves afterwards, whose values in a
    link are its options' values, ``move`` what a learner is to try with it, and ``labels`` what the options are called.
    ``checks`` are questions on what was taught; each can be answered from what the lesson says.
    """

    slug: ClassVar[str]
    order: ClassVar[int]
    title: ClassVar[Text]
    about: ClassVar[Text]
    before: ClassVar[tuple[Text, ...]]
    control: ClassVar[Control]
    control_label: ClassVar[Text]
    move: ClassVar[Text]
    labels: ClassVar[dict[str, Text]] = {}
    checks: ClassVar[tuple[Check, ...]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        first = _REGISTERED.setdefault(cls.slug, cls)
        if (first.__module__, first.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"{first.__name__} and {cls.__name__} both have the slug {cls.slug!r}.")

    @property
    @abstractmethod
    def requires(self) -> tuple[str, ...]:
        """The columns that a cohort must have, by their roles in the dictionary."""

    @abstractmethod
    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter) -> Frame:
        """What is needed of a selection, out of the engine.

        Raises
        ------
        TooFewError
            If nothing can be learnt from so few.
        """

    @abstractmethod
    def compute(self, frame: Frame, setting: Any) -> Found:
        """The frozen result for a value of the control, before the policy on small numbers."""

    @abstractmethod
    def ask(self, found: Found) -> Question:
        """What the learner commits to."""

    @abstractmethod
    def truth(self, found: Found) -> Answer:
        """What the patients say, as an answer of the same kind."""

    @abstractmethod
    def picture(
        self, found: Found, language: Language, *, revealed: bool, answer: Answer | None = None
    ) -> Picture | None:
        """The figure, before the answer without it, and afterwards with the learner's ``answer`` in it where it can be.

        None where there is nothing to show before.
        """

    @abstractmethod
    def explain(self, found: Found) -> tuple[Claim, ...]:
        """What the answer is and why, of the result of the control's default."""

    def compare(self, found: Found, answer: Answer) -> Text:
        """The learner's answer beside what the patients say."""
        kind = self.ask(found).kind
        text = CHOSEN if isinstance(kind, Choice) else BESIDE
        return fill(text, yours=kind.say(answer), theirs=kind.say(self.truth(found)))

    @abstractmethod
    def tell(self, found: Found) -> tuple[Claim, ...]:
        """What there is to see where the control stands now."""

    @final
    def open(self, frame: Frame, setting: Any) -> Found:
        """The result for a value of the control, as the policy on small numbers lets it be shown."""
        return Governed(self.compute)(frame, setting)

    @final
    def shown(self, claims: tuple[Claim, ...]) -> tuple[Text, ...]:
        """The sentences that hold."""
        return tuple(claim.text for claim in claims if claim.holds)


def list_registered() -> tuple[Lesson[Any, Any], ...]:
    """Every lesson that has been defined so far, in their ``order``."""
    return tuple(sorted((kind() for kind in _REGISTERED.values()), key=lambda lesson: lesson.order))
