"""PostgreSQL: a table or view of a server, read through a pool of connections that cannot write."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from analytics.cohort.address import Address
from analytics.cohort.engine import quoted
from analytics.cohort.problems import CohortError, Problem, UnreachableError
from analytics.cohort.remote import DECIMAL, TEXT, WHOLE, RemoteEngine, import_library

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg_pool import ConnectionPool

CONNECTIONS = 4  # at most, for all sessions of this process
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 300  # a query that takes longer is stopped by the server
STAMP_SECONDS = 10  # for which a table is taken not to have changed
# Compiling a query of thousands of cases takes longer than running it.
_SETTINGS = f"-c jit=off -c statement_timeout={STATEMENT_SECONDS}s -c application_name=outcomes"
_READ_ONLY = "-c default_transaction_read_only=on"
_TYPES = {"int2": WHOLE, "int4": WHOLE, "int8": WHOLE, "float4": DECIMAL, "float8": DECIMAL, "numeric": DECIMAL}
# Texts are compared and sorted byte by byte, as other engines do.
_READ = {
    WHOLE: "CAST({} AS bigint)",
    DECIMAL: "CAST({} AS double precision)",
    TEXT: 'CAST({} AS text) COLLATE "C"',
}
_TABLES = (
    "SELECT n.nspname, c.relname, pg_table_is_visible(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
    "AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"
)
# What the server counts of the tables that a table or view reads: their rows written so far, and the file they are in.
_STAMP = (
    "WITH RECURSIVE read AS (SELECT '{table}'::regclass::oid AS oid UNION SELECT next.oid FROM read, LATERAL ("
    "SELECT d.refobjid AS oid FROM pg_rewrite AS r JOIN pg_depend AS d ON d.objid = r.oid AND d.classid = 'pg_rewrite'::regclass "
    "AND d.refclassid = 'pg_class'::regclass WHERE r.ev_class = read.oid UNION ALL "
    "SELECT inhrelid FROM pg_inherits WHERE inhparent = read.oid) AS next) "
    "SELECT c.oid, c.relfilenode, pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid), "
    "pg_stat_get_tuples_deleted(c.oid) FROM pg_class AS c JOIN read USING (oid) ORDER BY c.oid"
)
# What a server says when it lets nobody in: what is wrong, and what to do.
_REFUSALS = (
    ("password", "the server refuses the account or its password", "Check both; the password may stand in ~/.pgpass."),
    ("role", "the server knows no account of that name", "Check the account, and how the server lets it in."),
    ("pg_hba", "the server lets this account in from elsewhere only", "Ask for leave to connect from this machine."),
    ("database", "the server has no database of that name", "Check the name of the database in the address."),
    ("resolve host", "the name of the server is not known", "Check it, and the network of this machine."),
    ("refused", "no server answers at this address", "Check the name and port, and that the server runs."),
    ("timeout", "the server does not answer", "Check the name and port, and the network of this machine."),
    ("SSL", "the server and this machine do not agree on encryption", "Set sslmode in the address as the server asks."),
    ("connection slots", "the server takes no more connections", "Try again later, or ask its owner for more."),
    ("many clients", "the server takes no more connections", "Try again later, or ask its owner for more."),
)


class PostgresEngine(RemoteEngine):
    """A table or view of a PostgreSQL server. The account needs leave to read it, and no other."""

    dialect = "postgres"
    inlined = "NOT MATERIALIZED "

    def __init__(self, address: Address) -> None:
        self._address = address
        self._pool = _open_pool(address)
        weakref.finalize(self, self._pool.close)
        self._lock = Lock()
        self._seen = -float(STAMP_SECONDS)
        try:
            self._table = self._find_table()
            self.header, types = self._read_header()
            self._stamp = self.stamp()
        except CohortError:
            self.close()
            raise
        columns = (
            f"{_READ[t].format(quoted(n))} AS c{i}" for i, (n, t) in enumerate(zip(self.header, types, strict=True))
        )
        super().__init__(f"SELECT {', '.join(columns)} FROM {self._table}", types)

    def ask(self, sql: str) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """The names of the columns of a query and its rows; once more where the connection was lost."""
        import psycopg

        try:
            return self._ask(sql)
        except UnreachableError:
            # All connections of a server that was away are broken: they are looked through, and made anew.
            with self._telling():
                self._pool.check()
            return self._ask(sql)
        except psycopg.errors.QueryCanceled:
            what = f"the database took longer than {STATEMENT_SECONDS} seconds, or somebody stopped the query"
            remedy = "Try again. Where it always does, a materialised view of fewer columns helps."
            raise UnreachableError([Problem(what, self._address.shown, remedy)]) from None

    def stamp(self) -> tuple[int, ...]:
        """What changes when the table does; a few seconds may pass before it is looked at again."""
        with self._lock:
            if monotonic() - self._seen >= STAMP_SECONDS:
                _, rows = self.ask(_STAMP.format(table=self._table.replace("'", "''")))
                self._stamp = tuple(int(x or 0) for row in rows for x in row)
                self._seen = monotonic()
            return self._stamp

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()

    def _ask(self, sql: str) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        with self._telling(), self._pool.connection() as connection:
            cursor = connection.execute(sql.encode(), binary=True)
            return [column.name for column in cursor.description or ()], cursor.fetchall()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        import psycopg
        from psycopg_pool import PoolTimeout

        try:
            yield
        except psycopg.errors.QueryCanceled:
            raise
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InsufficientPrivilege):
            what = "the table has gone or changed, or may not be read any more"
            raise UnreachableError([Problem(what, self._address.shown, "Ask the owner of the database.")]) from None
        except (PoolTimeout, psycopg.OperationalError):
            # What the driver says may hold parts of the address.
            what = "the database does not answer"
            remedy = "Check that the server runs and the network holds. This page comes back by itself when it answers."
            raise UnreachableError([Problem(what, self._address.shown, remedy)]) from None

    def _find_table(self) -> str:
        _, rows = self.ask(_TABLES)
        known: dict[str, str] = {}
        for schema, name, is_visible in rows:
            known[f"{schema}.{name}"] = f"{quoted(schema)}.{quoted(name)}"
            if is_visible:
                known[name] = known.pop(f"{schema}.{name}")
                known[f"{schema}.{name}"] = known[name]
        if self._address.table not in known:
            raise self._address.deny_table([name for name in known if not name.startswith("public.")])
        return known[self._address.table]

    def _read_header(self) -> tuple[list[str], list[str]]:
        import psycopg

        with self._telling(), self._pool.connection() as connection:
            cursor = connection.execute(f"SELECT * FROM {self._table} LIMIT 0".encode())
            columns = cursor.description or ()
            names = {
                oid: info.name for oid in {c.type_code for c in columns} if (info := psycopg.adapters.types.get(oid))
            }
        return [c.name for c in columns], [_TYPES.get(names.get(c.type_code, ""), TEXT) for c in columns]


def _open_pool(address: Address) -> ConnectionPool[Connection[Any]]:
    """Connections to the server of an address, which can read alone; `CohortError` where it lets nobody in."""
    import_library("psycopg_pool", "PostgreSQL", "requirements-postgresql.txt")
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
    from psycopg_pool import ConnectionPool

    # The page says when the server is away; its log would say it again and again.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    try:
        given = conninfo_to_dict(address.place)
    except psycopg.ProgrammingError:
        remedy = (
            "Write postgresql://account@server:port/database/table; parameters are those of libpq, ?sslmode=require."
        )
        raise CohortError([Problem("the address cannot be read", address.shown, remedy)]) from None
    options = f"{_SETTINGS} {given.pop('options', '') or ''} {_READ_ONLY}"
    settings: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, **given, "options": options}
    try:
        psycopg.connect(**settings).close()
    except psycopg.OperationalError as error:
        said = str(error)
    else:
        return ConnectionPool(
            kwargs={**settings, "autocommit": True, "prepare_threshold": None},
            min_size=1,
            max_size=CONNECTIONS,
            timeout=CONNECT_SECONDS,
            open=True,
        )
    unknown = ("", "the server does not let the dashboard in", "Check the address with psql.")
    _, what, remedy = next((refusal for refusal in _REFUSALS if refusal[0] in said), unknown)
    raise UnreachableError([Problem(what, address.shown, remedy)])
