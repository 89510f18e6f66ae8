"""What a learner has done: an answer for each lesson and the options chosen of its questions, as a browser keeps it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, get_args

from analytics.languages import Language, Text
from analytics.learning.answers import Answer, Choice, Drawn, Number, Verdict
from analytics.learning.lesson import Lesson
from analytics.learning.saying import fill

LONGEST = 100_000  # characters of what a browser may send
ROUNDS, MOST_ROUNDS = "rounds", 50
SIGNS = re.compile(r"[0-9A-Z]{1,8}")
VERDICTS: Mapping[Verdict, Text] = {
    "right": Text("right", "正确"),
    "near": Text("near", "接近"),
    "off": Text("not yet", "有差距"),
}
HEAD = Text("Lessons on outcomes, {day}", "结局统计课程，{day}")
LINE = Text("{order}. {title}: {verdict}. {said}", "{order}. {title}：{verdict}。{said}")
UNDONE = Text("{order}. {title}: not answered.", "{order}. {title}：尚未作答。")
CHECKED = Text("{right} of {n} questions right.", "{n} 题答对 {right} 题。")
UNSAID = Text("", "")
FOOT = Text(
    "Describes groups; gives no treatment advice. The reference cohort is synthetic.",
    "仅描述群体，不提供治疗建议。参考队列为合成数据。",
)


@dataclass(frozen=True, slots=True)
class Done:
    """An answer with its verdict, what was said of it, in both languages, and the options chosen of the lesson's questions."""

    answer: Answer
    verdict: Verdict
    said: Text = UNSAID
    chosen: tuple[int | None, ...] = ()

    def choosing(self, place: int, option: int | None, n: int) -> Done:
        """The same with an option of one of ``n`` questions."""
        filled = [*self.chosen, *[None] * n][:n]
        filled[place] = option
        return replace(self, chosen=tuple(filled))


Progress = Mapping[str, Done]


def count_right(lesson: Lesson[Any, Any], done: Done | None) -> int:
    """How many questions of a lesson are answered right."""
    chosen = () if done is None else done.chosen
    return sum(option == check.right for option, check in zip(chosen, lesson.checks, strict=False))


def write_progress(progress: Progress, rounds: Mapping[str, Answer] | None = None) -> str:
    """The progress as text, for the browser to keep; what was said of the patients stays behind.

    ``rounds`` are answers to questions to a class, by the signs of the question.
    """
    done = {slug: {"answer": d.answer, "verdict": d.verdict, "chosen": d.chosen} for slug, d in progress.items()}
    return json.dumps(done | ({ROUNDS: dict(rounds)} if rounds else {}))


def read_rounds(text: object) -> dict[str, Answer]:
    """The answers to questions to a class that a browser sends; of whatever else it may send nothing is taken."""
    sent = _read_text(text).get(ROUNDS)
    if not isinstance(sent, dict):
        return {}
    read = {name: _read_answer(answer) for name, answer in list(sent.items())[-MOST_ROUNDS:] if SIGNS.fullmatch(name)}
    return {name: answer for name, answer in read.items() if answer is not None}


def read_progress(text: object, lessons: Sequence[Lesson[Any, Any]]) -> dict[str, Done]:
    """The progress that a browser sends; of whatever else it may send nothing is taken."""
    sent = _read_text(text)
    read = {lesson.slug: _read(sent.get(lesson.slug), lesson) for lesson in lessons}
    return {slug: done for slug, done in read.items() if done is not None}


def _read_text(text: object) -> dict[str, Any]:
    """What a browser kept, as far as it is such."""
    if not isinstance(text, str) or len(text) > LONGEST:
        return {}
    try:
        sent = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return sent if isinstance(sent, dict) else {}


def _read(sent: object, lesson: Lesson[Any, Any]) -> Done | None:
    if not isinstance(sent, dict) or sent.get("verdict") not in get_args(Verdict):
        return None
    answer, chosen = _read_answer(sent.get("answer")), sent.get("chosen")
    if answer is None:
        return None
    options = [len(check.options) for check in lesson.checks]
    kept = chosen if isinstance(chosen, list) and len(chosen) <= len(options) else []
    picked = tuple(
        x if isinstance(x, int) and not isinstance(x, bool) and 0 <= x < n else None
        for x, n in zip(kept, options, strict=False)
    )
    return Done(answer, sent["verdict"], chosen=picked)


def _read_answer(sent: object) -> Answer | None:
    if isinstance(sent, list) and all(map(_is_number, sent)):
        return tuple(float(x) for x in sent)
    return sent if isinstance(sent, str) or _is_number(sent) else None  # type: ignore[return-value]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def summarise(progress: Progress, lessons: Sequence[Lesson[Any, Any]], language: Language, day: date) -> str:
    """The progress as a text to keep: a line for each lesson."""
    lines = [fill(HEAD, day=day.isoformat()).said(language), ""]
    for place, lesson in enumerate(lessons, start=1):
        done = progress.get(lesson.slug)
        named: dict[str, str | Text] = {"order": str(place), "title": lesson.title}
        if done is None:
            lines.append(fill(UNDONE, **named).said(language))
            continue
        checked = fill(CHECKED, right=str(count_right(lesson, done)), n=str(len(lesson.checks)))
        line = fill(LINE, **named, verdict=VERDICTS[done.verdict], said=done.said).said(language).rstrip()
        lines.append(f"{line} {checked.said(language)}" if done.chosen else line)
    return "\n".join([*lines, "", FOOT.said(language), ""])


def say_verdict(verdict: Verdict) -> Text:
    """A verdict as a sentence of its own."""
    word = VERDICTS[verdict]
    return Text(f"{word.en.capitalize()}.", f"{word.zh}。")


def accepts(kind: Number | Choice | Drawn, answer: object) -> Answer | None:
    """The answer as the kind takes it, or None where it is none."""
    if not kind.takes(answer):
        return None
    return tuple(float(x) for x in answer) if isinstance(answer, list | tuple) else answer  # type: ignore[return-value]
