"""Addresses of databases and of places in a network, given where a file is expected: known by their scheme, never shown whole."""

from __future__ import annotations

import re
from pathlib import Path

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


def find_scheme(source: str | Path) -> str:
    """The scheme of an address in lower case ("postgresql"); "" for a path, also for one with a drive's letter."""
    found = _SCHEME.match(source) if isinstance(source, str) else None
    return (found[1] or found[2]).lower() if found else ""


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
            f"{name}:// is the address of a database, which cannot be opened: only CSV and Parquet files on this machine can",
            f"Save one row per {load_words().noun} from the database as a CSV or Parquet file, and give the path of that file: "
            "COHORT=patients.csv.",
        )
    return (
        f"{name}:// is an address in a network, which is not opened: only CSV and Parquet files on this machine can be",
        "Copy the file to this machine and give its path: COHORT=patients.csv.",
    )
