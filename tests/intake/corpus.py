"""Files as they come: sixty and more that cannot be read, with what each is told, and odd ones that must be read right.

Nothing is kept in the repository: each file is made when it is asked for.
"""

from __future__ import annotations

import base64
import datetime
import gzip
import io
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

Maker = Callable[[Path], bytes | None]
MEGABYTE = 2**20


@dataclass(frozen=True)
class Bad:
    """A file that cannot be read: what it is called, and words of its message."""

    name: str
    make: bytes | Maker
    says: tuple[str, ...]


@dataclass(frozen=True)
class Good:
    """A file that must be read: the cells of its columns, and the codes of its notes."""

    name: str
    make: bytes | Maker
    cells: dict[str, list[str | None]]
    codes: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    sheets: tuple[str, ...] = ()
    layout: dict[str, object] = field(default_factory=dict)


def write(case: Bad | Good, folder: Path) -> Path:
    """The file in a folder."""
    path = folder / case.name
    content = case.make if isinstance(case.make, bytes) else case.make(path)
    if content is not None:
        path.write_bytes(content)
    return path


# How files are made


def book(fill: Callable[[Worksheet], object], **options: object) -> Maker:
    """A workbook of one sheet."""

    def make(_: Path) -> bytes:
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True, **options}) as workbook:
            fill(workbook.add_worksheet("Patients"))
        return target.getvalue()

    return make


def rows(*records: tuple[object, ...]) -> Callable[[Worksheet], None]:
    def fill(sheet: Worksheet) -> None:
        for i, record in enumerate(records):
            sheet.write_row(i, 0, record)

    return fill


def zipped(*files: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return target.getvalue()


def changed(make: Maker, member: str, change: Callable[[bytes], bytes]) -> Maker:
    """A workbook with one of its members changed."""

    def made(path: Path) -> bytes:
        content = make(path)
        assert content is not None
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [(n, change(archive.read(n)) if n == member else archive.read(n)) for n in archive.namelist()]
        return zipped(*files)

    return made


def sparse(n_bytes: int) -> Maker:
    """A text of so many bytes, of which the disk holds the first few."""

    def make(path: Path) -> None:
        path.write_bytes(b"id,sex\n1,F\n")
        os.truncate(path, n_bytes)

    return make


def parquet(**columns: object) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def tar(_: Path) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("patients.csv"))
    return target.getvalue()


def locked_zip(_: Path) -> bytes:
    """An archive whose one file says that it is encrypted."""
    content = bytearray(zipped(("patients.csv", TABLE)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def locked_workbook(_: Path) -> bytes:
    """The container that Excel puts an encrypted workbook in: its folder names the package."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    return (
        header
        + "Root Entry".encode("utf-16-le").ljust(128, b"\0")
        + "EncryptedPackage".encode("utf-16-le")
        + bytes(512)
    )


def ods(*records: tuple[str, ...]) -> bytes:
    """A spreadsheet as LibreOffice writes it, of texts."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in record
        )
        + "</table:table-row>"
        for record in records
    )
    names = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    names += 'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    names += 'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    content = (
        f"<?xml version='1.0' encoding='UTF-8'?><office:document-content {names}><office:body><office:spreadsheet>"
        f"<table:table table:name='Patients'>{cells}</table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        "<?xml version='1.0'?><manifest:manifest xmlns:manifest='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'/>"
    )
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped(("mimetype", kind), ("content.xml", content.encode()), ("META-INF/manifest.xml", manifest.encode()))


def old_workbook(records: list[list[str | float]]) -> bytes:
    """A workbook of Excel 2 (BIFF 2), which is one stream of cells without a container."""
    out = struct.pack("<HHHH", 0x0009, 4, 2, 0x0010)
    for i, record in enumerate(records):
        for j, cell in enumerate(record):
            if isinstance(cell, str):
                text = cell.encode("cp1252")
                out += struct.pack("<HHHH3sB", 0x0004, 8 + len(text), i, j, b"\0\0\0", len(text)) + text
            else:
                out += struct.pack("<HHHH3sd", 0x0003, 15, i, j, b"\0\0\0", cell)
    return out + struct.pack("<HH", 0x000A, 0)


def locked_ods(_: Path) -> bytes:
    """A spreadsheet whose list of files says that they are encrypted."""
    manifest = b"<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped(("mimetype", kind), ("content.xml", bytes(range(200))), ("META-INF/manifest.xml", manifest))


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def nothing(_: Path) -> None:
    return None


def wide(n: int) -> bytes:
    names = ",".join(f"gene_{i}" for i in range(n))
    return f"{names}\n{','.join(['1'] * n)}\n".encode()


TABLE = b"id,sex,wbc\nP1,F,12\nP2,M,7\n"
PATIENTS = rows(("id", "sex", "wbc"), ("P1", "F", 12), ("P2", "M", 7))
WORKBOOK = book(PATIENTS)


def cut(make: bytes | Maker, share: float = 0.6) -> Maker:
    def made(path: Path) -> bytes:
        content = make if isinstance(make, bytes) else make(path)
        assert content is not None
        return content[: int(len(content) * share)]

    return made


def overwritten(make: bytes, start: int) -> bytes:
    return make[:start] + b"\xff" * 40 + make[start + 40 :]


def without_end(sheet: Worksheet) -> None:
    PATIENTS(sheet)
    sheet.write(1_048_575, 16_383, "far")


def deep(sheet: Worksheet) -> None:
    PATIENTS(sheet)
    sheet.write(1_000_000, 40, "far")


def bomb_in(member: str) -> Maker:
    """A workbook with a member that unpacks to far more than it is."""
    zeros = b" " * (64 * MEGABYTE)
    return changed(WORKBOOK, member, lambda xml: xml.replace(b"<sheetData>", b"<sheetData>" + zeros))


def many_strings(_: Path) -> bytes:
    """A workbook in which one long text stands in very many cells."""
    long = "x" * 30_000
    row = "".join('<c t="s"><v>0</v></c>' for _ in range(200))
    xml = f'<worksheet xmlns="{MAIN}"><sheetData>{f"<row>{row}</row>" * 400}</sheetData></worksheet>'
    strings = f'<sst xmlns="{MAIN}"><si><t>{long}</t></si></sst>'
    made = changed(WORKBOOK, "xl/worksheets/sheet1.xml", lambda _: xml.encode())
    return changed(made, "xl/sharedStrings.xml", lambda _: strings.encode())(Path()) or b""


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HTML = b"<html><body><table><tr><td>id</td><td>sex</td></tr><tr><td>P1</td><td>F</td></tr></table></body></html>"
XML_2003 = b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>'
GERMAN = "Kürzel;Geschlecht;Größe\nP1;männlich;1,5\nP2;weiblich;12,25\n"
CHINESE = "患者编号,性别,复发部位,随访天数\n甲,男,骨髓,120\n乙,女,中枢神经系统,300\n"

BAD = (
    Bad("empty.csv", b"", ("empty",)),
    Bad("blank.csv", b" \r\n\t\n", ("empty",)),
    Bad("only_mark.csv", b"\xef\xbb\xbf", ("empty",)),
    Bad("only_header.csv", b"id,sex,wbc\n", ("header but no children",)),
    Bad("only_comments.tsv", b"#Patient\tSex\n#STRING\tSTRING\nPATIENT_ID\tSEX\n", ("header but no children",)),
    Bad("only_separator.csv", b"sep=;\r\n", ("empty",)),
    Bad("header_twice.csv", b"id,sex\nid,sex\n", ("header but no children",)),
    Bad("nul_in_cell.csv", b"id,sex\nP1,F\nP2,M\0\n", ("null bytes", "line 3")),
    Bad("nul_in_name.csv", b"id,se\0x\nP1,F\n", ("null bytes", "line 1")),
    Bad("all_nul.csv", bytes(5000), ("null bytes",)),
    Bad("random.csv", bytes(range(256)) * 40, ("null bytes",)),
    Bad("quote_never_closed.csv", b'id,sex\nP1,"F\nP2,M,\nP3,F\n', ("quotation mark that is never closed", "line 2")),
    Bad("quote_in_cell.csv", b'id,note\nP1,"big" tumour, left\nP2,x\n', ("quotation mark in the middle", "line 2")),
    Bad("quote_swallows_all.csv", b'id,sex\nP1,"F\n' + b"P2,M\n" * 40_000, ("131", "line 2", "quotation mark")),
    Bad("cell_of_a_million.csv", b"id,note\nP1," + b"x" * 1_000_000 + b"\n", ("a cell of more than", "line 2")),
    Bad("cell_of_a_million_then_more.csv", b"id,note\nP1," + b"x" * 1_900_000 + b"\xe4\n", ("a cell of more than",)),
    Bad("endless_line.csv", b"id," * 1_000_000, ("a line of more than", "line 1")),
    Bad("ragged_long.csv", b"id,sex\nP1,F\nP2,M,12\nP3,M,7,8\n", ("2 lines have more values", "lines 3; 4")),
    Bad("separator_in_text.csv", b"id,site,sex\nP1,marrow, CNS,F\nP2,CNS,M\n", ("1 line has more values", "line 2")),
    Bad(
        "broken_record.csv", b"id,note,sex,wbc\nP1,late\neffects,F,12\nP2,none,M,7\n", ("middle of a record", "line 3")
    ),
    Bad("too_wide.csv", wide(10_001), ("10 001 columns", "at most")),
    Bad("two_gigabytes.csv", sparse(2 * 1024 * MEGABYTE), ("2048 MB", "at most 200 MB", "COHORT")),
    Bad("page.xls", HTML, ("web page (HTML)", "save it as Excel")),
    Bad("page_with_mark.xls", b"\xef\xbb\xbf\r\n" + HTML, ("web page (HTML)",)),
    Bad("page_utf16.xls", HTML.decode().encode("utf-16"), ("web page (HTML)",)),
    Bad("xml_2003.xls", XML_2003, ("XML file", "save it as Excel")),
    Bad("redcap.json", b'[{"record_id": "1", "sex": "1"}]', ("JSON",)),
    Bad("report.pdf", b"%PDF-1.7\n" + bytes(200), ("PDF",)),
    Bad("scan.csv", b"\x89PNG\r\n\x1a\n" + bytes(200), ("picture",)),
    Bad("photo.xlsx", b"\xff\xd8\xff\xe0" + bytes(200), ("picture",)),
    Bad("patients.sav", b"$FL2@(#) SPSS DATA FILE" + bytes(100), ("SPSS", "as CSV")),
    Bad("patients.dta", b"<stata_dta><header><release>118", ("Stata", "as CSV")),
    Bad("patients.sas7bdat", bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011"), ("SAS", "as CSV")),
    Bad("patients.rds", gzip.compress(b"RDX3\nX\n" + bytes(100)), ("R file", "write.csv")),
    Bad("patients.accdb", b"\x00\x01\x00\x00Standard ACE DB" + bytes(100), ("Access",)),
    Bad("patients.db", b"SQLite format 3\0" + bytes(100), ("SQLite",)),
    Bad("patients.7z", b"7z\xbc\xaf\x27\x1c" + bytes(100), ("7z archive", "Unpack")),
    Bad("patients.rar", b"Rar!\x1a\x07" + bytes(100), ("RAR archive", "Unpack")),
    Bad("letter.docx", zipped(("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")), ("document",)),
    Bad("program.csv", b"MZ\x90\x00\x03" + bytes(100), ("program",)),
    Bad("excel2.xls", old_workbook([["id", "wbc"], ["P1", 12.0]]), ("before 1997", "save it as Excel")),
    Bad("letter.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), ("cannot be read", "damaged")),
    Bad("locked.xlsx", locked_workbook, ("password",)),
    Bad("locked.ods", locked_ods, ("password",)),
    Bad("locked.zip", locked_zip, ("password",)),
    Bad("cut.xlsx", cut(WORKBOOK), ("workbook", "damaged or was cut off")),
    Bad("cut.xls", cut(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x09" * 900), ("cannot be read", "damaged")),
    Bad("cut.parquet", cut(parquet(id=["P1"], sex=["F"])), ("cannot be read", "damaged")),
    Bad("cut.csv.gz", cut(gzip.compress(TABLE * 50)), ("compressed file", "cut off")),
    Bad("cut.zip", cut(zipped(("patients.csv", TABLE * 50))), ("ZIP archive", "cut off")),
    Bad("not_gzip.csv.gz", b"\x1f\x8b\x08" + b"x" * 200, ("compressed file", "damaged")),
    Bad("damaged.parquet", overwritten(parquet(id=["P1"] * 500, sex=["F"] * 500), 20), ("cannot be read",)),
    Bad("no_rows.parquet", parquet(id=pa.array([], pa.string())), ("no children",)),
    Bad("lists.parquet", parquet(id=["P1"], sites=[["CNS", "marrow"]]), ("lists", "column sites")),
    Bad("locked.parquet", b"PARE" + bytes(100) + b"PARE", ("password",)),
    Bad("bomb.csv.gz", gzip.compress(b"id,sex\n" + b"1,F\n" * (16 * MEGABYTE)), ("unpacks to", "MB")),
    Bad("bomb.zip", zipped(("patients.csv", bytes(64 * MEGABYTE))), ("unpacks to", "MB")),
    Bad("bomb.xlsx", bomb_in("xl/worksheets/sheet1.xml"), ("unpacks to", "MB")),
    Bad("one_long_text.xlsx", many_strings, ("memory", "sheet Patients")),
    Bad("two.zip", zipped(("a.csv", TABLE), ("b.csv", TABLE)), ("holds 2 files", "a.csv, b.csv", "one by one")),
    Bad("none.zip", b"PK\x05\x06" + bytes(18), ("holds 0 files",)),
    Bad("tar.tar.gz", tar, ("archive of files (tar)",)),
    Bad("thrice.gz", gzip.compress(gzip.compress(gzip.compress(TABLE))), ("packed more than once",)),
    Bad("far_cell.xlsx", book(without_end), ("a cell far outside its table", "sheet Patients")),
    Bad("deep_cell.xlsx", book(deep), ("million cells", "far cell", "sheet Patients")),
    Bad("no_cells.xlsx", book(lambda sheet: None), ("no filled cell",)),
    Bad("only_header.xlsx", book(rows(("id", "sex"))), ("header but no children", "sheet Patients")),
    Bad("broken_sheet.xlsx", changed(WORKBOOK, "xl/worksheets/sheet1.xml", lambda x: x[:200]), ("cannot be read",)),
    Bad(
        "no_sheet.xlsx",
        zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<workbook/>")),
        ("cannot be read",),
    ),
    Bad("fifo.csv", fifo, ("is a pipe",)),
    Bad("folder.csv", folder, ("is a folder",)),
    Bad("device.csv", device, ("is a device",)),
    Bad("absent.csv", nothing, ("there is no file absent.csv",)),
)


def numbers(sheet: Worksheet) -> None:
    rows(("id", "x"), (1, 0.1 + 0.2), (2, 1_500_000), (3, -0.05), (4, 12_345_678.25))(sheet)


def dates(**options: object) -> Maker:
    """Days, a moment, a time and a duration, each a number with a format."""

    def make(_: Path) -> bytes:
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True, **options}) as workbook:
            day, hour, length = (workbook.add_format({"num_format": f}) for f in ("yyyy-mm-dd", "hh:mm", "[h]:mm"))
            sheet = workbook.add_worksheet()
            sheet.write_row(0, 0, ("day", "time"))
            sheet.write_datetime(1, 0, datetime.datetime(2019, 3, 4), day)
            sheet.write_datetime(2, 0, datetime.datetime(2019, 3, 4, 13, 5), day)
            sheet.write_number(1, 1, 0.25, hour)
            sheet.write_number(2, 1, 1.5, length)
        return target.getvalue()

    return make


def formulas(sheet: Worksheet) -> None:
    sheet.write_row(0, 0, ("id", "days", "alive"))
    for i, (result, alive) in enumerate(((12, True), ("#N/A", False)), start=1):
        sheet.write_number(i, 0, i)
        sheet.write_formula(i, 1, "=6*2", None, result)
        sheet.write_boolean(i, 2, alive)


def unsaved(_: Path) -> bytes:
    """A workbook by a library that computes nothing."""
    workbook, target = openpyxl.Workbook(), io.BytesIO()
    workbook.active.append(["id", "days"])
    workbook.active.append([1, "=A2*2"])
    workbook.save(target)
    return target.getvalue()


def titled(sheet: Worksheet) -> None:
    sheet.merge_range(0, 0, 0, 2, "Patients of the clinic")
    sheet.write_row(1, 0, ("made", "2024-03-01"))
    for i, row in enumerate((("id", "sex", "wbc"), ("P1", "F", 12), ("P2", "M", 7)), start=3):
        sheet.write_row(i, 0, row)


def merged_names(sheet: Worksheet) -> None:
    rows(("id",), ("P1", 12, 30))(sheet)
    sheet.merge_range(0, 1, 0, 2, "Blood")


def merged_groups(sheet: Worksheet) -> None:
    rows((), ("", "WBC", "Blasts", "WBC", "Blasts"), ("P1", 12, 30, 7, 80))(sheet)
    sheet.merge_range(0, 0, 1, 0, "id")
    sheet.merge_range(0, 1, 0, 2, "Blood")
    sheet.merge_range(0, 3, 0, 4, "Marrow")


def merged_patients(sheet: Worksheet) -> None:
    rows(("id", "day"), ("", 0), ("", 30), ("P2", 0))(sheet)
    sheet.merge_range(1, 0, 2, 0, "P1")


def several_sheets(_: Path) -> bytes:
    """A sheet of patients, one without anything, one with a header alone, and one that is hidden."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as workbook:
        PATIENTS(workbook.add_worksheet("Patients"))
        workbook.add_worksheet("Nothing")
        rows(("id", "sex"))(workbook.add_worksheet("Form"))
        old = workbook.add_worksheet("Old")
        PATIENTS(old)
        old.hide()
    return target.getvalue()


def offset(sheet: Worksheet) -> None:
    sheet.write_row(3, 2, ("id", "sex"))
    sheet.write_row(4, 2, ("P1", "F"))


# A workbook of Excel 97: a title over merged cells, a header with an umlaut, dates, and a formula without a result.
XLS = (
    b"c-rk)O-vI(6#iy+TUr98tzZI5(~yXYaG+kiKtWMXkm|+XL<?<911VZLhzCWnM-vlI8ZRW6=mquSPyC6V^k9O~g9(YTXgGN?QR4wv-"
    b"+Q~OfSAxkF_`@}^Jd<gH*bF4%$wbPIT0$1-maO#BD6xsoau*mo=j2lJ4_H%Z<<_mavvqr#j1keM~?J*@Syxf3Hy-"
    b"!Jp~Q7jHg6__mmFd7`g|t>F5e#yNn^JcnmE>6|RybfNB|4SZJ@%H9~KS=0l-"
    b"vBDo;6g>(z*04Czy4cqKpyico>x&YYjU1>8Zl4exlIq%{#7nP;!L3=Kf>|bRS5u*%aAcuCQv*{f36}W~{U_YU$tE;J_qku|s_87jHQQ)(4s-"
    b"Hw%`O3-"
    b"_Nd9f1yyQ1>A31Tc{E}t>!!VD?A<0u*t~IP+oJbC4(%HciGl=n4kVMCOM}H=p>80JCNqK;yxv%fiI*>{Z(H1&M;zTo(SSbg42@b&p!J%9ZO&QS"
    b"?Dx@5eqZ6baXKs9Y)zy=T9~Q~5TnN^+v4KYk6KA;vH4aFPM<~}cNQ*5(&xzG_QmzqNNt%?`C#vkit`X5WFSYg5&sM?f_{MqVO;pZ*+<h;S{}A6"
    b"y<?+s`Q<dXy;-jdeYb-_W`58f@YE)M)Gw#QoT-hP!t<dUU!i`T0%Gh<7_T5;4Sw3KdkkH4%@#^sUu)Zd9U8t{#KCh6)Ijd=L8gcp$PAAT=`_`A"
    b"RrHd_I(?>LVU2GlHI9S$QXIoy>l2o^C@>Oj$FG0kMhz1WEHkO!_A%@xcr#0r-"
    b"aE$fHjRqMGBe(w9@lgA8+caq_duwWF)xx;Lv!RIm6QywB!i5VLE?l^9@$aDIO%3)7rS(egwLcd4zs@YBIrlfoe~UdBpl6UiDt97Fc@9HG?Vq*q"
    b"D94ssW*g^!A!9G~o<kpcWE_1(?_c^%Q}gGu?1sTVcZ7=Vf3BEu{^kC^17vyPo&"
)

GOOD = (
    Good("plain.csv", TABLE, {"id": ["P1", "P2"], "sex": ["F", "M"], "wbc": ["12", "7"]}, lines=(2, 3)),
    Good("tabs.tsv", TABLE.replace(b",", b"\t"), {"wbc": ["12", "7"]}),
    Good("pipes.txt", TABLE.replace(b",", b"|"), {"wbc": ["12", "7"]}),
    Good("semicolons.csv", TABLE.replace(b",", b";"), {"wbc": ["12", "7"]}),
    Good("tabs_in_excel_name.xls", TABLE.replace(b",", b"\t"), {"wbc": ["12", "7"]}),
    Good("workbook_in_text_name.csv", WORKBOOK, {"wbc": ["12", "7"]}, sheets=("Patients",)),
    Good("marked.csv", b"\xef\xbb\xbf" + TABLE, {"id": ["P1", "P2"]}),
    Good("marked_twice.csv", b"\xef\xbb\xbf" * 2 + TABLE, {"id": ["P1", "P2"]}),
    Good("utf16.csv", TABLE.decode().encode("utf-16"), {"id": ["P1", "P2"], "wbc": ["12", "7"]}),
    Good("utf16_be.csv", b"\xfe\xff" + TABLE.decode().encode("utf-16-be"), {"id": ["P1", "P2"]}),
    Good(
        "utf16_unmarked.csv",
        GERMAN.encode("utf-16-le"),
        {"Größe": ["1.5", "12.25"]},
        ("decimal-comma", "encoding-guessed"),
    ),
    Good("utf16_chinese.txt", CHINESE.replace(",", "\t").encode("utf-16"), {"性别": ["男", "女"]}),
    Good("utf32.csv", CHINESE.encode("utf-32"), {"复发部位": ["骨髓", "中枢神经系统"]}),
    Good("utf32_unmarked.csv", TABLE.decode().encode("utf-32-be"), {"wbc": ["12", "7"]}, ("encoding-guessed",)),
    Good(
        "gb18030.csv",
        CHINESE.encode("gb18030"),
        {"患者编号": ["甲", "乙"], "性别": ["男", "女"]},
        ("encoding-guessed",),
    ),
    Good("gb_few.csv", "id,sex\n1,男\n2,female\n".encode("gb18030"), {"sex": ["男", "female"]}, ("encoding-guessed",)),
    Good(
        "big5.csv", "患者編號,性別,復發部位\n甲,男,骨髓\n".encode("big5"), {"復發部位": ["骨髓"]}, ("encoding-guessed",)
    ),
    Good(
        "windows.csv",
        GERMAN.encode("cp1252"),
        {"Geschlecht": ["männlich", "weiblich"], "Größe": ["1.5", "12.25"]},
        ("decimal-comma", "encoding-guessed"),
    ),
    Good(
        "windows_dash.csv",
        "id,WBC (×10³/µL)\n1,2–3\n".encode("cp1252"),
        {"WBC (×10³/µL)": ["2–3"]},
        ("encoding-guessed",),
    ),
    Good(
        "one_broken_character.csv",
        "id,Größe\nä,ö\nü,ß\n".encode() + b"\xe4,x\n",
        {"id": ["ä", "ü", "\ufffd"]},
        ("broken-characters",),
    ),
    Good("cut_in_a_character.csv", "id,Ort\nä,Köln\nü,Lü".encode()[:-1], {"id": ["ä", "ü"]}, ("broken-characters",)),
    Good(
        "lone_surrogate.csv",
        "id,sex\nä,ö\nü,".encode("utf-16-le") + b"\x00\xd8" + "\n".encode("utf-16-le"),
        {"id": ["ä", "ü"], "sex": ["ö", "\ufffd"]},
        ("broken-characters",),
        layout={"encoding": "utf-16-le"},
    ),
    Good("cr_only.csv", TABLE.replace(b"\n", b"\r"), {"wbc": ["12", "7"]}, lines=(2, 3)),
    Good("crlf.csv", TABLE.replace(b"\n", b"\r\n"), {"wbc": ["12", "7"]}, lines=(2, 3)),
    Good("mixed_ends.csv", b"id,sex\r\nP1,F\rP2,M\nP3,F", {"id": ["P1", "P2", "P3"]}, lines=(2, 3, 4)),
    Good("break_in_header.csv", b'id,"Relapse\r\n(months)"\r\nP1,5\r\n', {"Relapse (months)": ["5"]}, lines=(3,)),
    Good(
        "break_in_cell.csv",
        b'id,note,sex\nP1,"late\neffects",F\nP2,,M\n',
        {"note": ["late\neffects", None]},
        lines=(2, 4),
    ),
    Good("doubled_quotes.csv", b'id,note\nP1,"a ""big"" one"\n', {"note": ['a "big" one']}),
    Good("separator_in_quotes.csv", b'id,site\nP1,"marrow, CNS"\nP2,"CNS"\n', {"site": ["marrow, CNS", "CNS"]}),
    Good("single_quotes.csv", b"'id','site'\n'P1','marrow, CNS'\n'P2','CNS'\n", {"site": ["marrow, CNS", "CNS"]}),
    Good(
        "inches.tsv",
        b'id\tnote\tsex\nP1\t5" needle\tF\nP2\t"left\tM\n',
        {"note": ['5" needle', '"left']},
        ("quotes-as-text",),
    ),
    Good("sep_line.csv", b"sep=;\r\nid;wbc\r\nP1;1,5\r\n", {"wbc": ["1.5"]}, ("decimal-comma",), lines=(3,)),
    Good("sep_line_quoted.csv", b'"sep=|"\nid|wbc\nP1|2\n', {"wbc": ["2"]}, lines=(3,)),
    Good(
        "titles.csv",
        b"Export of the clinic;;\nDate: 2024-03-01;;\n\nid;sex;wbc\nP1;F;12\n",
        {"sex": ["F"]},
        ("titles",),
        lines=(5,),
    ),
    Good("title_with_date.csv", b"Export,2024-03-01,\nid,sex,wbc\nP1,F,12\nP2,M,7\n", {"sex": ["F", "M"]}, ("titles",)),
    Good(
        "comments.tsv",
        b"#Patient\tSex\n#text\tcode\n#STRING\tSTRING\n#1\t1\nPATIENT_ID\tSEX\nP1\tF\n",
        {"PATIENT_ID": ["P1"]},
        ("comments",),
        lines=(6,),
    ),
    Good("hash_header.tsv", b"#id\tage\nP1\t12\n", {"id": ["P1"], "age": ["12"]}),
    Good("comment_in_a_cell.csv", b'#made today\nid,note\nP1,"a\n#b"\n', {"note": ["a\n#b"]}, ("comments",)),
    Good(
        "decimal_commas.csv",
        b"id;wbc;age\n1;1,5;3\n2;1.234,5;7\n3;0,75;2\n",
        {"wbc": ["1.5", "1234.5", "0.75"]},
        ("decimal-comma",),
    ),
    Good(
        "thousands.csv",
        b'id,wbc\n1,"1,234"\n2,"1,234,567.5"\n3,80\n',
        {"wbc": ["1234", "1234567.5", "80"]},
        ("thousands",),
    ),
    Good("open_comma.csv", b"id;wbc\n1;1,234\n2;2,500\n", {"wbc": ["1,234", "2,500"]}, ("decimal-open",)),
    Good(
        "comma_by_others.csv",
        b"id;wbc;age\n1;1,234;2,5\n2;2,500;3,5\n",
        {"wbc": ["1.234", "2.500"], "age": ["2.5", "3.5"]},
        ("decimal-comma", "decimal-by-others"),
    ),
    Good(
        "point_by_others.csv",
        b'id,wbc,age\n1,"1,234",2.5\n2,"2,500",3.5\n',
        {"wbc": ["1234", "2500"]},
        ("decimal-by-others",),
    ),
    Good("limits.csv", b"id;mrd\n1;<0,01\n2;0,5 %\n3;-1,5\n", {"mrd": ["<0.01", "0.5 %", "-1.5"]}, ("decimal-comma",)),
    Good("lists.csv", b"id;sites\n1;1,2,3\n2;1,2,4\n3;2,3,4\n", {"sites": ["1,2,3", "1,2,4", "2,3,4"]}),
    Good("points_stay.csv", b"id,mrd\n1,1.234\n2,0.5\n", {"mrd": ["1.234", "0.5"]}),
    Good(
        "said_comma.csv",
        b"id;wbc\n1;1,234\n",
        {"wbc": ["1.234"]},
        ("decimal-by-others",),
        layout={"separator": ";", "decimal": ","},
    ),
    Good(
        "said_point.csv",
        b"id;wbc\n1;1,234\n",
        {"wbc": ["1234"]},
        ("decimal-by-others",),
        layout={"separator": ";", "decimal": "."},
    ),
    Good("one_column.csv", b"id\nP1\nP2\n", {"id": ["P1", "P2"]}, ("one-column",)),
    Good("doubled_names.csv", b"id,sex,sex\nP1,F,M\n", {"sex": ["F"], "sex (2)": ["M"]}, ("doubled-names",)),
    Good("unnamed.csv", b"id,,sex\nP1,x,F\n", {"column 2": ["x"]}, ("unnamed-columns",)),
    Good("empty_columns.csv", b"id,sex,,\nP1,F,,\nP2,M,,\n", {"id": ["P1", "P2"], "sex": ["F", "M"]}),
    Good(
        "no_header.csv", b"1,0,12\n2,1,7\n", {"column 3": ["12", "7"]}, ("no-header", "unnamed-columns"), lines=(1, 2)
    ),
    Good(
        "row_names.txt",
        b"sex wbc\n".replace(b" ", b"\t") + b"P1\tF\t12\nP2\tM\t7\n",
        {"column 1": ["P1", "P2"], "wbc": ["12", "7"]},
        ("unnamed-columns",),
    ),
    Good(
        "short_lines.csv", b"id,sex,wbc,age\nP1,F,12,3\nP2,M\nP3,F,7,2\n", {"wbc": ["12", None, "7"]}, ("short-lines",)
    ),
    Good("header_again.csv", TABLE + TABLE, {"id": ["P1", "P2", "P1", "P2"]}, ("repeated-header",), lines=(2, 3, 5, 6)),
    Good("blank_lines.csv", b"\n\nid,sex\n\nP1,F\n,\n\nP2,M\n\n", {"id": ["P1", "P2"]}, lines=(5, 8)),
    Good("blanks.csv", " id , sex \n P1 ,\u00a0F\u3000\nP2,  \n".encode(), {"id": ["P1", "P2"], "sex": ["F", None]}),
    Good("unseen.csv", "\u200eid,sex\n\u202bP1\u202c,\u200bF\n".encode(), {"id": ["P1"], "sex": ["F"]}),
    Good(
        "scripts.csv", b"id,<script>alert(1)</script>\nP1,=1+1\nP2,@x\n", {"<script>alert(1)</script>": ["=1+1", "@x"]}
    ),
    Good("as_in_the_file.csv", b"id,sex,code\nP1,NA,007\nP2,.,1e3\n", {"sex": ["NA", "."], "code": ["007", "1e3"]}),
    Good("no_last_end.csv", TABLE.rstrip(), {"wbc": ["12", "7"]}),
    Good("wide.csv", wide(10_000), {"gene_0": ["1"], "gene_9999": ["1"]}),
    Good("table.csv.gz", gzip.compress(TABLE), {"wbc": ["12", "7"]}),
    Good("two_parts.csv.gz", gzip.compress(TABLE) + gzip.compress(b"P3,F,9\n"), {"wbc": ["12", "7", "9"]}),
    Good("table.zip", zipped(("__MACOSX/._a", b"x"), ("in/a.csv", TABLE)), {"wbc": ["12", "7"]}, sheets=("a.csv",)),
    Good("workbook.zip", lambda p: zipped(("a.xlsx", WORKBOOK(p) or b"")), {"wbc": ["12", "7"]}, sheets=("Patients",)),
    Good(
        "table.parquet",
        parquet(
            id=["P1", "P2"],
            n=[1, None],
            x=[1.0, 0.25],
            d=[datetime.date(2019, 3, 4), None],
            t=pa.array([datetime.datetime(2019, 3, 4), datetime.datetime(2019, 3, 4, 13, 5)]),
            b=[True, None],
            c=pa.array(["F", "M"]).dictionary_encode(),
            y=[b"\xc3\xa4", None],
        ),
        {
            "id": ["P1", "P2"],
            "n": ["1", None],
            "x": ["1", "0.25"],
            "d": ["2019-03-04", None],
            "t": ["2019-03-04", "2019-03-04 13:05:00"],
            "b": ["TRUE", None],
            "c": ["F", "M"],
            "y": ["ä", None],
        },
        lines=(1, 2),
    ),
    Good("table.ods", ods(("id", "sex"), ("P1", "F")), {"sex": ["F"]}, sheets=("Patients",)),
    Good("numbers.xlsx", book(numbers), {"id": ["1", "2", "3", "4"], "x": ["0.3", "1500000", "-0.05", "12345678.25"]}),
    Good("dates.xlsx", dates(), {"day": ["2019-03-04", "2019-03-04 13:05:00"], "time": ["06:00:00", "36:00:00"]}),
    Good("dates_1904.xlsx", dates(date_1904=True), {"day": ["2019-03-04", "2019-03-04 13:05:00"]}),
    Good("formulas.xlsx", book(formulas), {"days": ["12", None], "alive": ["TRUE", "FALSE"]}, ("error-cells",)),
    Good("formulas_unsaved.xlsx", unsaved, {"id": ["1"], "days": [None]}, ("formulas-without-result",)),
    Good("titles.xlsx", book(titled), {"id": ["P1", "P2"], "sex": ["F", "M"]}, ("titles",), lines=(5, 6)),
    Good(
        "merged_names.xlsx",
        book(merged_names),
        {"id": ["P1"], "Blood": ["12"], "Blood (2)": ["30"]},
        ("doubled-names", "merged-cells"),
    ),
    Good(
        "merged_groups.xlsx",
        book(merged_groups),
        {"id": ["P1"], "Blood WBC": ["12"], "Blood Blasts": ["30"], "Marrow WBC": ["7"]},
        ("merged-cells",),
        lines=(3,),
    ),
    Good(
        "merged_patients.xlsx",
        book(merged_patients),
        {"id": ["P1", "P1", "P2"], "day": ["0", "30", "0"]},
        ("merged-cells",),
    ),
    Good("sheets.xlsx", several_sheets, {"wbc": ["12", "7"]}, ("sheets-left-out",), sheets=("Patients", "Old")),
    Good("starts_at_c4.xlsx", book(offset), {"id": ["P1"], "sex": ["F"]}, lines=(5,)),
    Good(
        "comma_in_text.xlsx",
        book(rows(("id", "wbc"), (1, "1,5"), (2, 1.234), (3, "0,75"))),
        {"wbc": ["1.5", "1.234", "0.75"]},
        ("decimal-comma",),
    ),
    Good("breaks.xlsx", book(rows(("id", "Relapse\n(months)"), ("P1", "a\nb"))), {"Relapse (months)": ["a\nb"]}),
    Good(
        "old.xls",
        zlib.decompress(base64.b85decode(XLS)),
        {"größe": ["1.5", "12"], "day": ["2019-03-04", "2019-03-04 13:05:00"]},
        ("titles",),
        lines=(4, 5),
        sheets=("Patients",),
    ),
    Good("macro.xlsm", WORKBOOK, {"wbc": ["12", "7"]}, sheets=("Patients",)),
    Good("wide.xlsx", book(rows(tuple(f"g{i}" for i in range(2_000)), tuple(range(2_000)))), {"g1999": ["1999"]}),
)
