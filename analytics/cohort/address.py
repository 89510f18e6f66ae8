"""Addresses of databases and of places in a network, given in the place of a file: known by their scheme, never shown whole."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from analytics.cohort.problems import CohortError, Problem
from analytics.dictionary import load_words
from analytics.formats import shorten

LONGEST_PATH = 200
_DATABASE = (
    r"(?:jdbc:)?(?:bigquery|clickhouse|databricks|db2|duckdb|mariadb|mongodb|mssql|mysql|oracle|postgres|postgresql|redshift|sc|"
    r"snowflake|spark|sqlite|sqlserver|trino)(?:\+[a-z0-9+.-]*)?"
)
_DATABASES = re.compile(_DATABASE)
# A slash that was forgotten makes no path of an address with a password.
_SCHEME = re.compile(rf"\s*(?:((?:jdbc:)?[a-z][a-z0-9+.-]+)://|({_DATABASE}):)", re.IGNORECASE)
# How each address that is opened is written, and what is read of one.
OPENED = {
    "duckdb": "duckdb:///folder/file.duckdb/table",
    "postgresql": "postgresql://account@server/database/table",
    "sc": "sc://server:15002/table",
    "spark": "spark:///folder",
}
_FORMS = {
    "duckdb": re.compile(r"duckdb://(?P<place>.+)/(?P<table>[^/]*)(?P<more>)"),
    # A password may hold none of the signs that part an address: where it does, nothing is taken for a table, and shown.
    "postgresql": re.compile(
        r"(?P<place>postgres(?:ql)?://(?:[^@/?#]*@)?[^@/?#]*/[^@/?#:;]*)/(?P<table>[^@/?#:;=]*)(?P<more>(?:\?[^@]*)?)"
    ),
    "sc": re.compile(r"(?P<place>sc://[^@/?#;]+)/(?P<table>[^/@:;=?#]*)(?P<more>(?:;.*)?)"),
    "spark": re.compile(r"spark://(?P<place>/.*?)(?P<table>)(?P<more>)"),
}
N_NEAR = 5  # tables that a message names


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a table: where its database is, which no message shows, and its name there ("table", "schema.table")."""

    scheme: str
    place: str = field(repr=False)
    table: str

    @property
    def name(self) -> str:
        """What a cohort is called that is read from there."""
        return self.table or Path(self.place).name

    @property
    def shown(self) -> str:
        """What may be shown of it."""
        return f"{self.scheme}://…/{shorten(self.table)}"

    def deny_table(self, known: Collection[str]) -> CohortError:
        """That the database has no such table, and which it has: those of a similar name first."""
        near = difflib.get_close_matches(self.table, known, n=N_NEAR, cutoff=0.5) or sorted(known)[:N_NEAR]
        remedy = "The account sees no table: ask for leave to read it."
        if near:
            listed = " or ".join(map(shorten, near))
            remedy = f"Did you mean {listed}?" if self.table else f"Name one at the end: {listed}."
        what = f"there is no table {shorten(self.table)}" if self.table else "the address names no table"
        return CohortError([Problem(what, self.shown, remedy)])


def read_address(source: str) -> Address:
    """The address of a table in a database that can be opened.

    Raises
    ------
    CohortError
        If no address of this kind is opened, or it is not written as it should be.
    """
    scheme = find_scheme(source)
    kind = {"postgres": "postgresql"}.get(scheme, scheme)
    if kind not in OPENED:
        what, remedy = describe_scheme(scheme)
        raise CohortError([Problem(what, describe_source(source), remedy)])
    read = _FORMS[kind].fullmatch(source.strip())
    if read is None:
        remedy = f"Write {OPENED[kind]}. In an account or password, write %2F for /, %40 for @, %3F for ?, %23 for #, %25 for %."
        raise CohortError([Problem("the address cannot be read", describe_source(source), remedy)])
    more = "/" * (kind == "sc") + read["more"]  # its parameters stand in the path
    return Address(kind, read["place"] + more, unquote(read["table"]))


def find_scheme(source: str | Path) -> str:
    """The scheme of an address in lower case ("postgresql"); "" for a path, also for one with a drive's letter."""
    found = _SCHEME.match(source) if isinstance(source, str) else None
    return (found[1] or found[2]).lower() if found else ""


def say_source(source: str | Path) -> str:
    """What is open, by its name alone: a path or an address may tell more than a page should."""
    if scheme := find_scheme(source):
        return f"Database: {shorten(scheme)}"
    kind = "Folder" if os.path.isdir(source) else "File"
    return f"{kind}: {shorten(Path(source).name)}"


def describe_source(source: str | Path) -> str:
    """A path cut short; of an address the scheme alone, since a name, a password or a token may stand in all the rest."""
    scheme = find_scheme(source)
    return f"{shorten(scheme)}://…" if scheme else shorten(source, LONGEST_PATH)


def describe_scheme(scheme: str) -> tuple[str, str]:
    """What an address of this scheme is, and what to do instead, each as in a `Problem`."""
    name = shorten(scheme)
    if scheme == "file":
        return "file:// begins an address, and a path is expected", "Leave out file:// and give the path alone."
    if _DATABASES.fullmatch(scheme):
        return (
            f"{name}:// is the address of a database of a kind that is not opened",
            f"Save one row per {load_words().noun} from the database as a CSV or Parquet file, and give the path of that file: "
            f"COHORT=patients.csv. Databases that are opened: {', '.join(OPENED.values())}.",
        )
    return (
        f"{name}:// is an address in a network, which is not opened: only CSV and Parquet files on this machine can be",
        "Copy the file to this machine and give its path: COHORT=patients.csv.",
    )
