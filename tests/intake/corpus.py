"""Files as they come: sixty and more that cannot be read, with what each is told, and odd ones that must be read right.

Nothing is kept in the repository: each file is made when it is asked for.
"""

from __future__ import annotations

import base64
import datetime
import gzip
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from tests.intake.made_files import (
    CHINESE,
    GERMAN,
    HTML,
    MEGABYTE,
    TABLE,
    WORKBOOK,
    XLS,
    XML_2003,
    Maker,
    bomb_in,
    book,
    changed,
    cut,
    dates,
    deep,
    device,
    fifo,
    folder,
    formulas,
    locked_ods,
    locked_workbook,
    locked_zip,
    many_strings,
    merged_groups,
    merged_names,
    merged_patients,
    nothing,
    numbers,
    ods,
    offset,
    old_workbook,
    overwritten,
    parquet,
    rows,
    several_sheets,
    sparse,
    tar,
    titled,
    unsaved,
    wide,
    without_end,
    zipped,
)


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
