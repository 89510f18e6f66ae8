"""What guidelines ask for: answered where a view has what is needed, left to the authors elsewhere."""

from __future__ import annotations

from analytics.reporting.checklists import BY_AUTHORS, Checklist, Item, fill_checklist, load_checklists

LIST = Checklist("A", "B", (Item("1", "t", "a"), Item("2", "t", "a", "Here"), Item("3", "t", "a", "There", "bands")))


def answers(*parts: set[str]) -> list[str]:
    return [row[-1] for row in fill_checklist(LIST, [part | {"view"} for part in parts]).rows]


def test_one_view_is_not_numbered() -> None:
    assert answers({"bands"}) == [BY_AUTHORS, "Here", "There"]


def test_views_that_answer_are_named() -> None:
    assert answers({"bands"}, set(), {"bands"}, {"bands"}) == [BY_AUTHORS, "Here. All views", "There. Views 1, 3–4"]


def test_what_no_view_answers_is_left_to_the_authors() -> None:
    assert answers(set(), set())[2] == f"{BY_AUTHORS}: no view of this report answers it"


def test_a_chapter_that_is_no_view_answers_nothing() -> None:
    assert [row[-1] for row in fill_checklist(LIST, [{"view"}, set()]).rows][1] == "Here. View 1"


def test_every_item_of_the_statement_is_there() -> None:
    strobe, kmunicate = load_checklists()
    assert {int(item.number.rstrip("abcde")) for item in strobe.items} == set(range(1, 23))
    assert [item.needs for item in kmunicate.items] == ["table", "bands"]
    assert "10.1371/journal.pmed.0040296" in strobe.source and "10.1136/bmjopen-2019-030215" in kmunicate.source
