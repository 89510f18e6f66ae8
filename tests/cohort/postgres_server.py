"""A PostgreSQL server of the tests' own, on this machine alone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin")) + [Path(p).parent for p in [shutil.which("initdb")] if p]


class PostgresServer:
    """A server with a database ``registry``, an account ``reader`` that can read its tables, and the owner of them."""

    password = "s3cret/@?#"

    def __init__(self) -> None:
        assert PROGRAMS, "PostgreSQL is not installed: on Debian, `make test` installs it"
        self._programs = PROGRAMS[-1]
        self.folder = Path(tempfile.mkdtemp(prefix="postgres"))
        # It does not run as root.
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self._as = {"user": "postgres", "group": "postgres", "extra_groups": []}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        options = [
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--username=owner",
        ]
        self._run("initdb", "--pgdata", str(self.folder / "data"), "--no-sync", *options)
        self.start()
        self.execute("CREATE DATABASE registry", database="postgres")
        self.execute("CREATE ROLE reader LOGIN PASSWORD 's3cret/@?#'")

    def start(self) -> None:
        settings = f"-h 127.0.0.1 -p {self.port} -k {self.folder} -F -c max_connections=200"
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-w", "-o", settings, "-l", str(self.folder / "log"), "start"
        )

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def execute(self, *statements: str, database: str = "registry") -> list[tuple[Any, ...]]:
        """What the owner's statements give, the last one's rows."""
        import psycopg

        rows: list[tuple[Any, ...]] = []
        owner = f"host={self.folder} port={self.port} user=owner dbname={database}"
        with psycopg.connect(owner, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def load(self, table: str, frame: pd.DataFrame) -> None:
        """Make a table of a frame: numbers and texts as they stand there."""
        import psycopg

        kinds = {"i": "bigint", "f": "double precision", "b": "boolean"}
        columns = ", ".join(f'"{name}" {kinds.get(frame[name].dtype.kind, "text")}' for name in frame)
        owner = f"host={self.folder} port={self.port} user=owner dbname=registry"
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(f'CREATE TABLE "{table}" ({columns})'.encode())
            with connection.cursor().copy(f'COPY "{table}" FROM STDIN'.encode()) as copy:
                for row in frame.itertuples(index=False):
                    copy.write_row([None if pd.isna(value) else value for value in row])
            connection.execute(f'GRANT SELECT ON "{table}" TO reader'.encode())

    def address(self, table: str) -> str:
        return f"postgresql://reader:s3cret%2F%40%3F%23@127.0.0.1:{self.port}/registry/{table}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **self._as,
        )
        assert done.returncode == 0, done.stdout.decode()
