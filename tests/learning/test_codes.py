"""Predictions as codes: what is written is read, what is heard wrong is noticed, and nothing that is typed fails."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.languages import Text
from analytics.learning.answers import PERCENT, Answer, Choice, Drawn, Number
from analytics.learning.codes import (
    MOST_CODES,
    SIGNS,
    Asked,
    Code,
    find_codes,
    n_answers,
    name_question,
    read_code,
    read_file,
    write_code,
    write_file,
)
from analytics.learning.ratio import VALUES, Ratio

PERCENTS = Number(0, 100, 1, PERCENT, 5, 50)
FINE = Number(-2, 7.5, 0.25, PERCENT, 1, 0)
MANY = Number(0, 5_000, 1, PERCENT, 1, 0)
OPTIONS = Choice(tuple((name, Text(name, name)) for name in ("more", "same", "fewer")))
CURVE = Drawn((6.0, 12.0, 18.0, 24.0, 36.0, 48.0), Text("Alive", "存活"), 5)
QUESTION = name_question(["survival-by-site", "v1"])


@st.composite
def asked(draw: st.DrawFn) -> tuple[Asked, Answer]:
    """A kind of question with an answer to it."""
    kind = draw(st.sampled_from([PERCENTS, FINE, MANY, OPTIONS, CURVE, Ratio()]))
    if isinstance(kind, Choice):
        return kind, draw(st.sampled_from([code for code, _ in kind.options]))
    if isinstance(kind, Ratio):
        return kind, draw(st.sampled_from(VALUES))
    if isinstance(kind, Drawn):
        drawn = draw(st.lists(st.integers(0, 100), min_size=len(kind.times), max_size=len(kind.times)))
        return kind, tuple(float(x) for x in sorted(drawn, reverse=True))
    return kind, kind.low + kind.step * draw(st.integers(0, n_answers(kind) - 1))


questions = st.lists(st.text(max_size=20), min_size=1, max_size=4).map(name_question)


@given(asked(), questions)
def test_what_is_written_is_read(pair: tuple[Asked, Answer], question: str) -> None:
    kind, answer = pair
    code = read_code(write_code(question, kind, answer))
    assert code is not None and code.question == question
    assert code.answer(kind) == answer


@given(asked(), questions)
def test_a_code_is_short_and_has_no_sign_that_is_mistaken(pair: tuple[Asked, Answer], question: str) -> None:
    kind, answer = pair
    written = write_code(question, kind, answer)
    assert set(written) <= set(SIGNS) | {"-"} and not set(written) & set("ILOU")
    assert all(len(group) == 4 for group in written.split("-")[:-1])
    assert len(written) <= (20 if isinstance(kind, Drawn) else 16)
    assert len(write_code(question, PERCENTS, 37)) == 9  # two groups of four


@given(asked(), questions, st.sampled_from([str.lower, lambda s: s.replace("-", " "), lambda s: f" {s}\t"]))
def test_it_may_be_written_otherwise(pair: tuple[Asked, Answer], question: str, spell: object) -> None:
    kind, answer = pair
    written = write_code(question, kind, answer)
    assert read_code(spell(written)) == read_code(written)  # type: ignore[operator]
    assert read_code(written.replace("0", "O").replace("1", "l")) == read_code(written)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in written)  # as a Chinese keyboard types them
    assert read_code(wide) == read_code(written)


@given(asked(), questions)
def test_every_wrong_sign_and_every_swap_is_noticed(pair: tuple[Asked, Answer], question: str) -> None:
    """All of them, not most: the check is of distance 3, and a swap is two wrong signs."""
    kind, answer = pair
    signs = write_code(question, kind, answer).replace("-", "")
    for at, sign in enumerate(signs):
        for other in set(SIGNS) - {sign}:
            assert read_code(signs[:at] + other + signs[at + 1 :]) is None
    for one, other in combinations(range(len(signs)), 2):
        swapped = list(signs)
        swapped[one], swapped[other] = signs[other], signs[one]
        assert swapped == list(signs) or read_code("".join(swapped)) is None


def test_any_two_wrong_signs_are_noticed() -> None:
    signs = write_code(QUESTION, PERCENTS, 37).replace("-", "")
    for one, other in combinations(range(len(signs)), 2):
        for first in set(SIGNS) - {signs[one]}:
            for second in set(SIGNS) - {signs[other]}:
                wrong = list(signs)
                wrong[one], wrong[other] = first, second
                assert read_code("".join(wrong)) is None


def test_signs_that_are_made_up_or_lost_mostly_fail() -> None:
    """One in 1,024 by chance; the count of 20,000 draws may be off by its own chance."""
    draws = random.Random(1)
    made_up = ["".join(draws.choices(SIGNS, k=8)) for _ in range(20_000)]
    assert sum(read_code(text) is not None for text in made_up) <= 45
    signs = write_code(QUESTION, CURVE, (90.0, 80.0, 70.0, 60.0, 50.0, 40.0)).replace("-", "")
    shorter = [signs[:at] + signs[at + 1 :] for at in range(len(signs))]
    longer = [signs[:at] + sign + signs[at:] for at in range(len(signs) + 1) for sign in SIGNS]
    assert sum(read_code(text) is not None for text in (*shorter, *longer)) <= 3


@given(st.text(max_size=200))
def test_nonsense_never_fails(text: str) -> None:
    read_code(text)
    codes, damaged = find_codes(text)
    assert all(isinstance(code, Code) for code in codes) and all(piece in text for piece in damaged)
    for kind in (PERCENTS, OPTIONS, CURVE, Ratio()):
        for code in codes:
            answer = code.answer(kind)
            assert answer is None or kind.takes(answer)


@given(st.binary(max_size=400))
def test_no_file_fails(content: bytes) -> None:
    read_file(content)
    read_file(b"code,class\n" + content)


def test_codes_stand_on_lines_or_between_commas_and_blanks() -> None:
    first, second, third = (write_code(QUESTION, PERCENTS, answer) for answer in (37, 40, 37))
    for between in ("\n", ", ", ";", " ", "\r\n", "、"):
        codes, damaged = find_codes(between.join((first, second.lower(), third)))
        assert [code.answer(PERCENTS) for code in codes] == [37, 40, 37] and damaged == ()
    spoken = f"{first.replace('-', ' ')} {second.replace('-', ' ')}"
    assert [code.answer(PERCENTS) for code in find_codes(spoken, {QUESTION})[0]] == [37, 40]
    codes, damaged = find_codes(f"Anna {first}\nBen {first[:-1]}")
    assert len(codes) == 1 and damaged == ("Anna", "Ben", first[:-1])


def test_a_file_that_a_learner_hands_over_is_read() -> None:
    code = write_code(QUESTION, PERCENTS, 37)
    content = write_file(code, "=cmd()", "How many, at “3 y”?", "37 %")
    assert b"\n" in content and b"'=cmd()" in content  # no formula for a spreadsheet
    codes, damaged = read_file(content)
    assert [str(one) for one in codes] == [code] and damaged == ()
    assert [str(one) for one in read_file(f"{code}\n".encode())[0]] == [code]


def test_an_answer_to_another_kind_of_question_is_none() -> None:
    code = read_code(write_code(QUESTION, PERCENTS, 100))
    assert code is not None and code.answer(CURVE) is None and code.answer(OPTIONS) is None
    beyond = Code(QUESTION, "ZZ")  # 1,023 of 100
    assert read_code(str(beyond)) == beyond and beyond.answer(PERCENTS) is None
    rising = read_code(str(Code(QUESTION, "0000000Z")))
    assert rising is not None and rising.answer(CURVE) is None


def test_questions_have_other_names() -> None:
    names = {name_question(["lesson", str(i), "v1", ""]) for i in range(300)}
    assert len(names) == 300 and all(len(name) == 4 for name in names)
    assert name_question(["a", "b"]) != name_question(["ab"])


@pytest.mark.slow
def test_a_long_list_ends() -> None:
    codes, damaged = find_codes("A " * 100_000)
    assert len(codes) + len(damaged) <= MOST_CODES
