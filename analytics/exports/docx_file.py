"""A report as a document of Word: headings, captions, tables with heads that repeat, and figures with their words.

Figures stand in it as SVG, with a picture for readers that know none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time
from io import BytesIO
from typing import Any

from analytics.document import Progress
from analytics.exports.exhibit import Exhibit, ExhibitMedium, Extra
from analytics.exports.report import (
    Address,
    Block,
    Bullets,
    Drawing,
    Heading,
    Paragraph,
    list_chapter,
    list_ending,
    list_opening,
    name_report,
    title_of,
)
from analytics.figures.still.raster import read_size, to_png
from analytics.reporting.tables import Table

WIDTH_CM, MARGIN_CM = 17.4, 1.8
TABLE_POINTS, CAPTION_POINTS = 8.5, 9
SVG_NAMESPACE = "http://schemas.microsoft.com/office/drawing/2016/SVG/main"
SVG_EXTENSION = "{96DAC541-7B7A-43D3-8B79-37D633B846F1}"
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\u2060]")  # with the joiner, for which fonts have no sign


def write_docx(exhibits: Sequence[Exhibit | Extra], progress: Progress, template: bytes = b"") -> bytes:
    """The report of views in their order; it has a dress of its own, whatever the ``template``."""
    import docx  # only who asks for a document waits for it

    book = _Book(docx.Document())
    title = _clean(name_report(exhibits))
    book.describe(title, max(exhibit.provenance.exported_on for exhibit in exhibits))
    for block in list_opening(exhibits):
        book.add(block)
    if len(exhibits) > 1:
        for number, exhibit in enumerate(exhibits, start=1):
            book.add(Paragraph(f"{title_of(exhibit)}: {exhibit.provenance.selection}", lead=f"{number}. "))
    for number, exhibit in enumerate(exhibits, start=1):
        for block in list_chapter(exhibit, number):
            book.add(block)
        progress(number, len(exhibits))
    for block in list_ending(exhibits):
        book.add(block)
    content = BytesIO()
    book.document.save(content)
    return content.getvalue()


class _Book:
    """A document that grows block by block."""

    def __init__(self, document: Any) -> None:
        from docx.shared import Cm, Pt, RGBColor

        self.document = document
        self._n_drawings = 0
        section = document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(MARGIN_CM)
        document.styles["Normal"].font.size, document.styles["Normal"].font.name = Pt(10), "Arial"
        caption = document.styles["Caption"].font
        caption.size, caption.bold, caption.color.rgb = Pt(CAPTION_POINTS), False, RGBColor(0x4D, 0x57, 0x64)

    def describe(self, title: str, made: Any) -> None:
        """What the file says of itself to who looks for it, and to a reading aid."""
        from docx.oxml.ns import qn

        said = self.document.core_properties
        said.title, said.author, said.language, said.comments = title, "", "en-GB", ""
        said.created = said.modified = datetime.combine(made, time())
        language = self.document.styles["Normal"].element.get_or_add_rPr()
        mark = language.makeelement(qn("w:lang"), {qn("w:val"): "en-GB"})
        language.append(mark)

    def add(self, block: Block) -> None:
        """One block at the end."""
        if isinstance(block, Heading):
            number = f"{block.chapter}. " if block.chapter else ""
            heading = self.document.add_heading(_clean(number + block.text), block.level)
            heading.paragraph_format.page_break_before = bool(block.chapter) and block.chapter > 1
        elif isinstance(block, Paragraph):
            self._add_paragraph(block)
        elif isinstance(block, Bullets):
            for text in block.texts:
                self._begin("ListBullet").add_run(_clean(text))
        elif isinstance(block, Drawing):
            self._add_drawing(block)
        elif isinstance(block, Address):
            self._add_link(block.url)
        else:
            self._add_table(block)

    def _begin(self, style: str) -> Any:
        """A paragraph at the end, by the id of its style: to look for one by its name takes longer than to write."""
        paragraph = self.document.add_paragraph()
        if style:
            paragraph._p.style = style  # noqa: SLF001
        return paragraph

    def _add_paragraph(self, block: Paragraph) -> None:
        from docx.shared import Pt

        paragraph = self._begin("IntenseQuote" if block.kind in ("comment", "warning") else "")
        if block.lead:
            paragraph.add_run(_clean(block.lead)).bold = True
        run = paragraph.add_run(_clean(block.text))
        run.italic = True if block.kind == "question" else None
        if block.kind == "answer":
            run.font.size = Pt(12)

    def _add_drawing(self, block: Drawing) -> None:
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.opc.packuri import PackURI
        from docx.opc.part import Part
        from docx.oxml import parse_xml
        from docx.shared import Cm

        self._n_drawings += 1
        width, _ = read_size(block.svg)
        shape = self.document.add_picture(BytesIO(to_png(block.svg)), Cm(WIDTH_CM if width > 400 else WIDTH_CM / 2))
        shape._inline.docPr.set("descr", _clean(block.alt_text))  # noqa: SLF001  # it has no public name
        shape._inline.docPr.set("name", f"Figure {self._n_drawings}")  # noqa: SLF001
        package = self.document.part.package
        name = PackURI(f"/word/media/drawing{self._n_drawings}.svg")
        drawn = Part(name, "image/svg+xml", _clean(block.svg).encode(), package)
        identity = self.document.part.relate_to(drawn, RELATIONSHIP_TYPE.IMAGE)
        picture = shape._inline.graphic.graphicData.pic.blipFill.blip  # noqa: SLF001
        picture.append(
            parse_xml(
                '<a:extLst xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
                'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
                f'<a:ext uri="{SVG_EXTENSION}"><asvg:svgBlip xmlns:asvg="{SVG_NAMESPACE}" r:embed="{identity}"/></a:ext>'
                "</a:extLst>"
            )
        )
        if block.caption:
            self._begin("Caption").add_run(_clean(block.caption))

    def _add_link(self, url: str) -> None:
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        paragraph = self._begin("Caption")
        paragraph.add_run("The view: ")
        run = paragraph.add_run(_clean(url))
        # Any other scheme might be run by a click.
        if url.startswith(("https://", "http://")):
            link = OxmlElement("w:hyperlink")
            link.set(qn("r:id"), self.document.part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
            run.font.underline = True
            paragraph._p.append(link)  # noqa: SLF001
            link.append(run._r)  # noqa: SLF001

    def _add_table(self, table: Table) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn
        from docx.shared import Pt

        title = self._begin("Caption")
        title.add_run(_clean(table.title)).bold = True
        title.paragraph_format.keep_with_next = True
        if not table.columns:
            return
        grid = self.document.add_table(rows=1 + len(table.rows), cols=len(table.columns), style="Table Grid")
        for r, texts in enumerate((table.columns, *table.rows)):
            row = grid.rows[r]
            marks = ["w:cantSplit", *(["w:tblHeader"] if r == 0 else [])]
            for mark in marks:
                row._tr.get_or_add_trPr().append(OxmlElement(mark))  # noqa: SLF001
            is_part = r > 0 and bool(table.indent) and table.indent[r - 1]
            for c, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
                paragraph = cell.paragraphs[0]
                run = paragraph.add_run(_clean(text))
                run.font.size = Pt(TABLE_POINTS)
                run.bold = r == 0 or (bool(table.indent) and not is_part and c == 0) or None
                paragraph.paragraph_format.left_indent = Pt(10) if is_part and c == 0 else None
                if c and not table.words:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        look = grid._tbl.tblPr.find(qn("w:tblLook"))  # noqa: SLF001
        if look is not None:
            look.set(qn("w:firstRow"), "1")
            look.set(qn("w:firstColumn"), "1")
        self._begin("Caption").add_run(_clean(table.caption))


def _clean(text: str) -> str:
    """Text that a document holds: no signs that control, no halves of characters."""
    return _FORBIDDEN.sub("", text.encode("utf-8", "replace").decode())


DOCX = ExhibitMedium(
    "Report: Word",
    "docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    write_docx,
)
