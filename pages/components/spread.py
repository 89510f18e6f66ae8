"""The codes of a class, and how its predictions spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from analytics.document import Picture
from analytics.figures.asked import Truth, Words, plot_drawn, plot_numbers, plot_shares
from analytics.figures.theme import Figure
from analytics.formats import shorten
from analytics.languages import Language, Text
from analytics.learning import class_words
from analytics.learning.answers import Answer, Choice, Drawn, Number
from analytics.learning.asking import LONGEST_GROUP
from analytics.learning.codes import MOST_CODES, Code, find_codes, read_file
from analytics.learning.ratio import Ratio
from analytics.learning.saying import both, fill
from analytics.learning.spread import Spread, spread_answers
from pages.components import state
from pages.components.classroom import CLASS, WIDTH, suggest_group
from pages.components.context import Context
from pages.components.figures import show_picture_alone
from pages.components.markdown import as_markdown
from pages.components.rounds import Known, Round, find_of_all, list_lessons, read_links

MOST_NAMED = 12
MOST_FILES, MOST_MEGABYTES = 300, 1


@dataclass(frozen=True, slots=True)
class Handed:
    """What a teacher has entered: codes, pieces that are none, the name of the class and links of questions."""

    codes: tuple[Code, ...]
    damaged: tuple[str, ...]
    known: tuple[Known, ...]
    problems: tuple[Text, ...]
    group: str


def ask_codes(context: Context, language: Language) -> Handed:
    """The places for codes, files, the name of the class and links, and what stands in them."""
    first, second = st.columns(2, gap="medium")
    with first:
        text = st.text_area(
            as_markdown(class_words.CODES.said(language)),
            key=state.CLASS_CODES,
            height=150,
            help=as_markdown(class_words.CODES_HELP.said(language)),
            placeholder="K3F7-9QWX",
        )
        files = st.file_uploader(
            as_markdown(class_words.FILES.said(language)),
            key=state.CLASS_FILES,
            accept_multiple_files=True,
            max_upload_size=MOST_MEGABYTES,
        )
    with second:
        name = st.text_input(
            as_markdown(class_words.NAME.said(language)),
            suggest_group(),
            key=state.CLASS_NAME,
            max_chars=LONGEST_GROUP,
            width=WIDTH,
            help=as_markdown(class_words.NAME_HELP.said(language)),
        )
        links = st.text_area(
            as_markdown(class_words.LINKS.said(language)),
            key=state.CLASS_LINKS,
            height=110,
            help=as_markdown(class_words.LINKS_HELP.said(language)),
        )
    group = str(CLASS.value(name or ""))
    pasted, problems = read_links(links or "", context, language)
    handed = bool((text or "").strip() or files)
    lessons = list_lessons(context, group, language) if handed else []
    known = {one.signs: one for one in (*lessons, *pasted)}
    codes, damaged = find_codes(text or "", known.keys())
    for file in (files or ())[:MOST_FILES]:
        more, wrong = read_file(file.getvalue(), known.keys())
        codes, damaged = (*codes, *more), (*damaged, *wrong)
    return Handed(codes[:MOST_CODES], damaged[:MOST_CODES], tuple(known.values()), tuple(problems), group)


def show_read(handed: Handed, context: Context, language: Language) -> None:
    """How many codes were read, and which were not, and why."""
    said = [(problem, "") for problem in handed.problems]
    if handed.codes or handed.damaged:
        n = fill(class_words.N_READ, n=str(len(handed.codes))).said(language)
        st.html(f'<p class="outcomes-caption" role="status" data-testid="codes-read">{escape(n)}</p>')
    if handed.damaged:
        said.append((fill(class_words.DAMAGED, codes=_name(list(handed.damaged))), "damaged"))
    known = {one.signs for one in handed.known}
    strange: list[str] = []
    for signs, n_codes in Counter(code.question for code in handed.codes if code.question not in known).items():
        codes = [str(code) for code in handed.codes if code.question == signs]
        title = find_of_all(signs, context, handed.group, language)
        if title is None:
            strange += codes
        else:
            times = f" (× {n_codes})" if n_codes > 1 else ""
            said.append((fill(class_words.OTHER_COHORT, code=f"{codes[0]}{times}", title=title), "strange"))
    if strange:
        said.append((fill(class_words.STRANGE, codes=_name(strange)), "strange"))
    for text, kind in said:
        st.html(f'<p class="outcomes-note caution" data-testid="{kind or "problem"}">{escape(text.said(language))}</p>')


def _name(codes: Sequence[str]) -> str:
    named = ", ".join(shorten(code, 30) for code in codes[:MOST_NAMED])
    return f"{named}, …" if len(codes) > MOST_NAMED else named


def show_rounds(handed: Handed, language: Language) -> None:
    """The spread of the answers to each question that was answered."""
    for known in handed.known:
        codes = [code for code in handed.codes if code.question == known.signs]
        if codes:
            _show_round(known.open(), codes, language)


def _show_round(asked: Round, codes: Sequence[Code], language: Language) -> None:
    read = [(code, code.answer(asked.kind)) for code in codes]
    answers = [answer for _, answer in read if answer is not None]
    title, question = asked.title.said(language), asked.text.said(language)
    st.html(
        f'<h2 class="outcomes-h2" data-testid="round">{escape(title)}</h2><p class="outcomes-ask">{escape(question)}</p>'
    )
    for wrong in [str(code) for code, answer in read if answer is None][:MOST_NAMED]:
        text = fill(class_words.NO_ANSWER, code=wrong, title=asked.title).said(language)
        st.html(f'<p class="outcomes-note caution">{escape(text)}</p>')
    if not answers:
        return
    key = state.key_of_round(asked.signs, "shown")
    is_shown = bool(st.session_state.get(key))
    spread = spread_answers(asked.kind, answers, asked.judge)
    said = _say_spread(asked, spread, language, is_shown=is_shown)
    st.html(f'<p class="outcomes-spread" data-testid="spread" role="status">{escape(said)}</p>')
    st.toggle(as_markdown(class_words.SHOW_ANSWER.said(language)), key=key)
    alt = fill(class_words.EXPECTED, question=asked.text).said(language)
    picture = Picture(title, _plot(asked, spread, language, is_shown=is_shown), f"{alt} {said}")
    show_picture_alone(picture, state.key_of_round(asked.signs, "figure"))


def _say_spread(asked: Round, spread: Spread, language: Language, *, is_shown: bool) -> str:
    """The spread in words; how many are right once the answer is shown."""
    kind, said = asked.kind, [fill(class_words.SPREAD, n=str(spread.n))]
    if isinstance(kind, Number | Ratio) and isinstance(spread.middle, float):
        said.append(fill(class_words.MIDDLE, middle=_say_number(spread.middle, kind)))
        if spread.half is not None and spread.half[0] < spread.half[1]:
            low, high = (_say_number(end, kind) for end in spread.half)
            said.append(fill(class_words.HALF, low=low, high=high))
    if is_shown:
        off = spread.n - spread.n_right - spread.n_near
        said.append(fill(class_words.ANSWER, answer=asked.said))
        said.append(fill(class_words.SCORED, right=str(spread.n_right), near=str(spread.n_near), off=str(max(off, 0))))
    return (" " if language == "en" else "").join(text.said(language) for text in said)


def _say_number(value: float, kind: Number | Ratio) -> Text:
    number = f"{value:.3g}" if isinstance(kind, Ratio) else f"{round(value, 1):g}"
    return both(number) if isinstance(kind, Ratio) else fill(both("{number} {unit}"), number=number, unit=kind.unit)


def _plot(asked: Round, spread: Spread, language: Language, *, is_shown: bool) -> Figure:
    kind, truth = asked.kind, asked.truth
    learners = class_words.PREDICTIONS.said(language)
    if isinstance(kind, Choice):
        codes = [code for code, _ in kind.options]
        words = Words(class_words.AXIS_SHARES.said(language), learners, "", "")
        right = codes.index(str(truth)) if is_shown and truth in codes else None
        labels = [label.said(language) for _, label in kind.options]
        return plot_shares(labels, [n for _, n in spread.counts], words, right)
    if isinstance(kind, Drawn):
        words = Words(
            class_words.AXIS_MONTHS.said(language),
            learners,
            fill(class_words.TRUE_CURVE).said(language),
            class_words.MEDIAN_CURVE.said(language),
        )
        curves = [answer for answer in spread.answers if isinstance(answer, tuple)]
        middle = spread.middle if isinstance(spread.middle, tuple) else None
        true = truth if is_shown and isinstance(truth, tuple) else None
        return plot_drawn(kind.times, curves, words, middle=middle, truth=true)
    return _plot_numbers(asked, kind, spread, language, is_shown=is_shown)


def _plot_numbers(asked: Round, kind: Number | Ratio, spread: Spread, language: Language, *, is_shown: bool) -> Figure:
    truth = asked.truth
    middle = spread.middle if isinstance(spread.middle, float) else None
    is_ratio = isinstance(kind, Ratio)
    limits = (kind.values[0], kind.values[-1]) if isinstance(kind, Ratio) else (kind.low, kind.high)
    words = Words(
        asked.text.said(language) if is_ratio or not isinstance(kind, Number) else kind.unit.said(language),
        class_words.PREDICTIONS.said(language),
        fill(class_words.THE_ANSWER, answer=asked.said).said(language),
        "" if middle is None else fill(class_words.THE_MIDDLE, middle=_say_number(middle, kind)).said(language),
    )
    true = Truth(float(truth), *asked.limits) if is_shown and isinstance(truth, int | float) else None
    numbers: list[Answer] = [answer for answer in spread.answers if isinstance(answer, int | float)]
    return plot_numbers(
        [float(x) for x in numbers if isinstance(x, int | float)],
        limits,
        words,
        middle=middle,
        truth=true,
        is_log=is_ratio,
    )
