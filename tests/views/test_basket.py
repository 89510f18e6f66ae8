"""Collected views: kept in their order, saved and read back as they are, and refused with a reason where they are none."""

from __future__ import annotations

import tomllib
from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.views.basket import (
    FORMAT,
    KIND,
    MOST_VIEWS,
    Basket,
    BasketError,
    Collected,
    clean,
    read_basket,
    read_links,
)

A, B, C = (Collected(f"{name}?sex=girls", name.upper(), "all", "90 %", "v1", "so") for name in "abc")
BASKET = Basket((A, B, C))
HEAD = f'kind = "{KIND}"\nformat = {FORMAT}\n'


def links(basket: Basket) -> str:
    return "".join(view.page for view in basket.views)


def test_views_are_moved_removed_and_commented() -> None:
    assert [links(BASKET.moved(place, by)) for place, by in ((0, 1), (2, -1), (0, -1), (2, 1), (0, 9))] == [
        *("bac", "acb", "abc", "abc", "bca")
    ]
    assert links(BASKET.without(1)) == "ac"
    assert BASKET.commented(1, "  new\x00 ").views[1].comment == "new"
    assert BASKET.find(B.link) == 1 and BASKET.find("d") is None


def test_a_view_collected_again_keeps_its_place_and_its_comment() -> None:
    again = BASKET.with_views([Collected(A.link, "A", "all", "80 %", "v2")])
    assert links(again) == "abc" and again.views[0].answer == "80 %" and again.views[0].comment == "so"


def test_too_many_are_refused_and_nothing_is_lost() -> None:
    full = Basket(tuple(Collected(f"a{n}") for n in range(MOST_VIEWS)))
    with pytest.raises(BasketError, match="At most 60"):
        full.with_views([A])
    assert full.with_views([full.views[0]]) == full


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.lists(st.builds(Collected, st.from_regex(r"[a-z-]{1,9}\?[a-z=&%0-9]{0,9}", fullmatch=True), *[texts] * 5)))
def test_what_is_saved_is_read_back(views: list[Collected]) -> None:
    basket = Basket().with_views([Collected(*(clean(part, 99) for part in astuple(view))) for view in views])
    text = basket.to_text("ALL \x7f 😀")
    read = read_basket(text.encode())
    assert (read.basket, read.disease, read.problems) == (basket, "ALL \x7f 😀", ())
    assert tomllib.loads(text)["kind"] == KIND


def test_a_file_of_windows_with_a_mark_is_read() -> None:
    text = BASKET.to_text("ALL").replace("\n", "\r\n")
    assert read_basket(text.encode("utf-8-sig")).basket == BASKET


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"PK\x03\x04 \x00", "cannot be read as TOML"),
        (b"a,b\n1,2\n", "cannot be read as TOML"),
        (b"", "something else"),
        (b'kind = "other"\n', "something else"),
        (f'kind = "{KIND}"\nformat = 99\n'.encode(), "has format 99; this version of the product reads format 1"),
        (f"{HEAD}views = 3\n".encode(), "no list"),
        (b"x = " + b"[" * 5000, "cannot be read as TOML"),
        (b"#" * 1_000_001, "larger than 1 MB"),
    ],
)
def test_what_is_no_basket_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(BasketError, match=said):
        read_basket(content)


def test_single_views_that_are_wrong_are_told_and_the_others_kept() -> None:
    entries = (
        'link = "a?x=1"',
        "link = 3",
        'link = "javascript:alert(1)"',
        'comment = "lost"',
        'link = "b"\ncomment = 5',
    )
    text = HEAD + "".join(f"[[views]]\n{entry}\n" for entry in entries)
    read = read_basket(text.encode())
    assert [view.link for view in read.basket.views] == ["a?x=1"]
    assert [problem.split(": ", 1)[1] for problem in read.problems] == [
        "“link” is no text",
        "“javascript:alert(1)” is no link from page to page",
        "it has no link",
        "“comment” is no text",
    ]


def test_links_of_an_address_are_views_without_what_they_said() -> None:
    assert read_links(["a?x=1", "https://elsewhere", "a?x=1", "b"]).views == (Collected("a?x=1"), Collected("b"))
    assert Collected("a?x=1&x=2&y=").query == {"x": ["1", "2"], "y": [""]}
