"""Odd files, made when they are asked for: broken, locked, too large, or merely as offices save them."""

from __future__ import annotations

import datetime
import io
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

Maker = Callable[[Path], bytes | None]
MEGABYTE = 2**20


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
