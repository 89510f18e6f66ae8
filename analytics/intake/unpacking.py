"""The bytes of a file, taken whole, unpacked within limits, and told what they are."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from analytics.cohort.files import explain_unopened, read_start
from analytics.cohort.problems import CohortError, Problem
from analytics.formats import name_patients, shorten
from analytics.intake.encodings import detect_encoding

MOST_BYTES = 200 * 2**20  # as many as an upload may have
MOST_WORKBOOK_BYTES = 400 * 2**20  # of a workbook unpacked, which is read in a process of its own
LARGEST_RATIO = 200  # of what unpacks to more than a few megabytes: no table of patients is so repetitive
SMALL_BYTES = 20 * 2**20
N_NAMED = 3

Kind = Literal["text", "excel", "parquet"]

_FOREIGN = (
    (b"%PDF", "a PDF file", "A PDF is a picture of a table: ask for the table itself, as CSV or Excel."),
    (b"\x89PNG", "a picture", ""),
    (b"\xff\xd8\xff", "a picture", ""),
    (b"GIF8", "a picture", ""),
    (b"II*\x00", "a picture", ""),
    (b"MM\x00*", "a picture", ""),
    (b"BM", "a picture", ""),
    (b"{\\rtf", "a text document (RTF)", ""),
    (b"$FL2", "an SPSS file", "Save it as CSV in SPSS, with the values or with their labels."),
    (b"$FL3", "an SPSS file", "Save it as CSV in SPSS, with the values or with their labels."),
    (b"<stata_dta>", "a Stata file", "Save it as CSV in Stata (export delimited)."),
    (b"RDX", "an R file", "Save the data frame in R with write.csv()."),
    (b"SQLite format 3", "an SQLite database", "Save the table of patients as CSV."),
    (b"\x00\x01\x00\x00Standard", "an Access database", "Save the table of patients as CSV."),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it, and give the table inside it."),
    (b"Rar!", "a RAR archive", "Unpack it, and give the table inside it."),
    (b"BZh", "a bzip2 archive", "Unpack it, and give the table inside it."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it, and give the table inside it."),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it, and give the table inside it."),
    (b"ARROW1", "an Arrow (Feather) file", "Save it as Parquet."),
    (b"ORC", "an ORC file", "Save it as Parquet."),
    (b"\x09\x00\x04\x00", "a workbook of before 1997", ""),
    (b"\x09\x02\x06\x00", "a workbook of before 1997", ""),
    (b"\x09\x04\x06\x00", "a workbook of before 1997", ""),
    (b"\x7fELF", "a program", ""),
    (b"MZ", "a program", ""),
)
_SAS = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")
_TO_CSV = 'Open it in the program it comes from and save it as Excel workbook (.xlsx) or "CSV UTF-8".'
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
)  # what zipfile raises of damage
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The bytes of a table or workbook, what it is called in messages, and what it is."""

    content: bytes
    name: str
    kind: Kind


def unpack(content: bytes | Path, name: str) -> Unpacked:
    """The bytes of one table or workbook, out of a gzip or zip archive if it is in one.

    Raises
    ------
    CohortError
        If the file cannot be opened, is too large packed or unpacked, holds several files, or is nothing that is read.
    """
    data = _take_whole(content) if isinstance(content, Path) else content
    _check_size(len(data), name)
    for _ in range(2):
        if data.startswith(b"\x1f\x8b"):
            data, name = _gunzip(data, name), name
        elif data.startswith((b"PK\x03\x04", b"PK\x05\x06")) and not _is_workbook(data, name):
            data, name = _unzip(data, name)
        else:
            return Unpacked(data, name, _tell_kind(data, name))
    if data.startswith((b"\x1f\x8b", b"PK")) and not _is_workbook(data, name):
        raise CohortError([Problem(f"{shorten(name)} is packed more than once", "", "Unpack it first.")])
    return Unpacked(data, name, _tell_kind(data, name))


def _take_whole(path: Path) -> bytes:
    try:
        before = os.stat(path)
        if before.st_size > MOST_BYTES:
            _check_size(before.st_size, path.name)
        data = read_start(path, MOST_BYTES + 1)
        after = os.stat(path)
    except OSError as error:
        raise CohortError([explain_unopened(path, error)]) from error
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size) or len(data) != after.st_size:
        what = f"{shorten(path.name)} was changed while it was read"
        raise CohortError([Problem(what, "", "Open it again when the program that writes it is done.")])
    return data


def _check_size(n: int, name: str) -> None:
    if not n:
        remedy = name_patients("Give a table with a header, and one line for each {patient}.")
        raise CohortError([Problem(f"{shorten(name)} is empty: it has no columns", "", remedy)])
    if n > MOST_BYTES:
        raise CohortError([_too_large(name, f"has {n / 2**20:.0f} MB")])


def _too_large(name: str, has: str) -> Problem:
    remedy = "Keep the columns that are needed, or start the dashboard on the file itself (COHORT=…), as Parquet if it is large."
    return Problem(f"{shorten(name)} {has}; at most {MOST_BYTES / 2**20:.0f} MB can be read here", "", remedy)


def _gunzip(data: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            found = file.read(MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CohortError([_damaged(name, "compressed file")]) from error
    _check_ratio(len(found), len(data), name)
    if found[257:262] == b"ustar":
        what = f"{shorten(name)} is an archive of files (tar)"
        raise CohortError([Problem(what, "", "Unpack it, and give the table inside it.")])
    _check_size(len(found), name)
    return found


def _check_ratio(unpacked: int, packed: int, name: str, most: int = MOST_BYTES) -> None:
    if unpacked > most or (unpacked > SMALL_BYTES and unpacked > LARGEST_RATIO * packed):
        size = f"more than {most / 2**20:.0f}" if unpacked > most else f"{unpacked / 2**20:.0f}"
        what = f"{shorten(name)} has {packed / 2**20:.1f} MB and unpacks to {size} MB"
        remedy = (
            "It may be built to fill the memory, or have rows and columns that are empty. Save the table alone, as CSV."
        )
        raise CohortError([Problem(what, "", remedy)])


def _damaged(name: str, kind: str) -> Problem:
    what = f"{shorten(name)} is a {kind} that is damaged or was cut off"
    return Problem(what, "", "Copy or download it again; if that fails, save it anew from where it comes from.")


def _members(data: bytes, name: str) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.infolist()
    except _ZIP_ERRORS as error:
        kind = "workbook" if name.lower().endswith((".xlsx", ".xlsm", ".xlsb", ".ods")) else "ZIP archive"
        raise CohortError([_damaged(name, kind)]) from error


def _is_workbook(data: bytes, name: str) -> bool:
    """Whether an archive is a workbook, and one that may be read; other documents are refused."""
    if not data.startswith(b"PK"):
        return False
    members = _members(data, name)
    files = {member.filename.replace("\\", "/") for member in members}
    if "encrypted-package" in files:
        raise CohortError([_locked(name)])
    is_workbook = "[Content_Types].xml" in files or {"mimetype", "content.xml"} <= files
    if any(file.startswith(("word/", "ppt/")) for file in files):
        raise CohortError([_foreign(name, "a document or presentation", "Save the table alone, as Excel workbook.")])
    if is_workbook:
        _check_members(members, len(data), name, MOST_WORKBOOK_BYTES)
    if "content.xml" in files and b"encryption-data" in _read_member(data, "META-INF/manifest.xml", name):
        raise CohortError([_locked(name)])
    return is_workbook


def _read_member(data: bytes, member: str, name: str) -> bytes:
    """One file of an archive; nothing if it is not there."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read(member) if member in archive.namelist() else b""
    except _ZIP_ERRORS as error:
        raise CohortError([_damaged(name, "workbook")]) from error


def _check_members(members: list[zipfile.ZipInfo], packed: int, name: str, most: int) -> None:
    if any(member.flag_bits & 1 for member in members):
        raise CohortError([_locked(name)])
    _check_ratio(sum(member.file_size for member in members), packed, name, most)


def _locked(name: str) -> Problem:
    what = f"{shorten(name)} is encrypted: it asks for a password"
    return Problem(what, "", "Save it without a password, in a place that is safe, and give that.")


def _unzip(data: bytes, name: str) -> tuple[bytes, str]:
    members = [m for m in _members(data, name) if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if len(members) != 1:
        named = ", ".join(shorten(PurePosixPath(member.filename).name) for member in members[:N_NAMED])
        what = f"{shorten(name)} holds {len(members)} files" + (
            f" ({named}{', …' if len(members) > N_NAMED else ''})" if members else ""
        )
        raise CohortError([Problem(what, "", "Unpack it, and give the tables one by one.")])
    _check_members(members, len(data), name, MOST_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(members[0]) as file:
            found = file.read(MOST_BYTES + 1)
    except _ZIP_ERRORS as error:
        raise CohortError([_damaged(name, "ZIP archive")]) from error
    _check_ratio(len(found), len(data), name)
    inside = PurePosixPath(members[0].filename).name
    _check_size(len(found), inside)
    return found, f"{name}, file {inside}"


def _foreign(name: str, kind: str, remedy: str) -> Problem:
    return Problem(f"{shorten(name)} is {kind}, not a table", "", remedy or _TO_CSV)


def _tell_kind(data: bytes, name: str) -> Kind:
    """What a file is by its first bytes, whatever it is called."""
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith(b"PK"):
        return "excel"
    if data.startswith(b"PARE"):
        raise CohortError([_locked(name)])
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise CohortError([_locked(name)])
        return "excel"
    for magic, kind, remedy in _FOREIGN:
        if data.startswith(magic) and (len(magic) > 2 or b"\0" in data[:64]):
            raise CohortError([_foreign(name, kind, remedy)])
    if data.startswith(_SAS):
        raise CohortError([_foreign(name, "a SAS file", "Save it as CSV in SAS (PROC EXPORT).")])
    start = data[:4096].decode(detect_encoding(data[:4096]), errors="replace").lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html", "<table", "<head", "<meta", "<div")):
        remedy = "Open it in Excel and save it as Excel workbook (.xlsx)."
        raise CohortError([_foreign(name, "a web page (HTML), whatever its name says", remedy)])
    if start.startswith(("<?xml", "<workbook")):
        raise CohortError([_foreign(name, "an XML file", "Open it in Excel and save it as Excel workbook (.xlsx).")])
    if start.startswith(("{", "[{", "[\n{", "[\r\n{")) and '"' in start:
        raise CohortError([_foreign(name, "a JSON file", "Save the table as CSV.")])
    if not start:
        remedy = name_patients("Give a table with a header, and one line for each {patient}.")
        raise CohortError([Problem(f"{shorten(name)} is empty: it has no columns", "", remedy)])
    return "text"
