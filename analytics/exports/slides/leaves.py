"""What a slide takes from a view, or from a page that is none: the same for both, all of it worded before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analytics.document import HtmlFigure, Picture
from analytics.exports.exhibit import Exhibit, Extra
from analytics.figures.charted import Chart, Rows, read_figure, read_forest
from analytics.provenance import Provenance
from analytics.reporting.attrition import Stage, say_gist
from analytics.reporting.tables import Table
from analytics.results import Note

WORST_FIRST = ("warning", "caution", "info")
PROTECTED = "protected"  # the note that small numbers are protected by an experiment, which stays in sight


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One view: what it asks and answers, of whom, what it shows and what is to be known of it.

    ``gist`` is the way to its patients in a line, ``stages`` step by step; both are empty for what is no view, of which ``more``
    has what is said beside the answer.
    """

    title: str
    question: str
    answer: str
    selection: str
    gist: str
    stages: tuple[Stage, ...]
    pictures: tuple[Picture, ...]
    tables: tuple[Table, ...]
    sentences: tuple[str, ...]
    notes: tuple[Note, ...]
    provenance: Provenance
    link: str
    comment: str
    more: str = ""

    @property
    def grave(self) -> tuple[Note, ...]:
        """The gravest note, and that small numbers are protected where they are."""
        ordered = sorted(self.notes, key=lambda note: WORST_FIRST.index(note.severity))
        protected = [note for note in ordered if note.code == PROTECTED]
        return tuple(dict.fromkeys([*ordered[:1], *protected]))

    def say(self) -> Iterator[str]:
        """What a speaker has at hand: everything that the view says, whole."""
        yield from filter(None, (self.comment, self.question, self.answer))
        yield from (sentence for sentence in self.sentences if sentence not in self.answer)
        yield from (f"{note.text} {note.remedy}".strip() for note in self.notes)
        yield from (picture.caption for picture in self.pictures if picture.caption)
        yield from self.provenance.lines()
        if self.link:
            yield self.link


def to_leaf(exhibit: Exhibit | Extra) -> Leaf:
    """What a slide takes from an exhibit: of a view its main picture and its main table, of another page all."""
    if isinstance(exhibit, Extra):
        shown, provenance = exhibit.shown, exhibit.provenance
        return Leaf(
            exhibit.title,
            exhibit.question or exhibit.title,
            " ".join(shown.sentences[:1]),
            provenance.selection,
            "",
            (),
            shown.pictures,
            shown.tables,
            shown.sentences,
            shown.notes,
            provenance,
            exhibit.link,
            exhibit.comment,
            " ".join(shown.sentences[1:]),
        )
    document = exhibit.document
    stages = document.attrition()
    return Leaf(
        document.title,
        document.question,
        " ".join(document.answer()),
        document.sentence(),
        say_gist(stages),
        stages,
        (document.main(),),
        tuple(table for table in document.tables() if not table.place)[:1],
        document.sentences(),
        document.notes(),
        exhibit.provenance,
        exhibit.link,
        exhibit.comment,
    )


def read_picture(picture: Picture) -> Chart | Rows | None:
    """What a chart can be made of; None for a picture that only its words can stand for."""
    figure = picture.figure
    if isinstance(figure, HtmlFigure):
        return None if figure.forest is None else read_forest(figure.forest)
    return read_figure(figure)


def gather_notes(leaves: Sequence[Leaf]) -> list[tuple[Note, list[str]]]:
    """Every note once, the gravest first, with the titles of the views that it is said of."""
    found: dict[str, tuple[Note, list[str]]] = {}
    for leaf in leaves:
        for note in leaf.notes:
            of = found.setdefault(note.text, (note, []))[1]
            if leaf.title not in of:
                of.append(leaf.title)
    return sorted(found.values(), key=lambda each: WORST_FIRST.index(each[0].severity))
