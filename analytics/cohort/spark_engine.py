"""Spark: a table of a Spark Connect server, or a folder of Parquet files read by a Spark of this process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from analytics.cohort.address import Address
from analytics.cohort.engine import Rows, quoted
from analytics.cohort.problems import CohortError, Problem, UnreachableError
from analytics.cohort.remote import DECIMAL, TEXT, WHOLE, RemoteEngine, import_library

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Asked = TypeVar("Asked")
REQUIREMENTS = "requirements-spark.txt"
MOST_NEAR = 1000  # tables that are looked through for a name alike
LEAST_JOINED = 100_000  # rows from which alike patients are joined
MAX_SHARE_DISTINCT = 0.5  # above it the column of their number costs what the rows save
_TYPES = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), WHOLE),
    **dict.fromkeys(("float", "double", "decimal"), DECIMAL),
}
_AS = {WHOLE: "BIGINT", DECIMAL: "DOUBLE", TEXT: "STRING"}
_LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": str(os.cpu_count() or 2),
    # The questions of the opening have thousands of cases, which take longer to compile than to answer.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.log.level": "OFF",
}


class SparkEngine(RemoteEngine):
    """A table of a Spark Connect server (``sc://``), or the Parquet files of a folder of this machine (``spark://``)."""

    dialect = "spark"

    def __init__(self, address: Address) -> None:
        self._address = address
        self._cached: list[DataFrame] = []
        self._session: Any = open_local() if address.scheme == "spark" else _open_connect(address)
        find = self._view_folder if address.scheme == "spark" else self._find_table
        with _telling(address):
            self._table = _again_without_threads(find)
            fields = _again_without_threads(lambda: self._session.table(self._table).schema.fields)
        self.header = [field.name for field in fields]
        types = [_TYPES.get(field.dataType.simpleString().partition("(")[0], TEXT) for field in fields]
        columns = (
            f"CAST({_quoted(name)} AS {_AS[kind]}) AS c{i}"
            for i, (name, kind) in enumerate(zip(self.header, types, strict=True))
        )
        super().__init__(f"SELECT {', '.join(columns)} FROM {self._table}", types)

    def keep(self, identifier: str, n: int, *, named: bool) -> None:
        """As in any engine; a Spark of this process then holds the patients in its memory, none of them on its disk.

        Alike ones share a row there if that is worth it. A server keeps nothing of ours, so that each question reads its table.
        """
        super().keep(identifier, n, named=named)
        if self._address.scheme == "spark":
            from pyspark import StorageLevel

            if n >= LEAST_JOINED:
                self._group_alike(n)
            for table in self._views:
                kept = self._session.sql(self._write(f"SELECT * FROM {table}", ())).persist(StorageLevel.MEMORY_ONLY)
                self._texts[table] = f"SELECT * FROM {name_view(kept)}"
                self._cached.append(kept)

    def _group_alike(self, n: int) -> None:
        patients = self._views["patients"]
        columns = ", ".join(map(quoted, patients.columns))
        found = self.run(f"SELECT approx_count_distinct(hash({columns})) AS n FROM patients")
        if int(found["n"][0]) <= MAX_SHARE_DISTINCT * n:
            grouped = f"SELECT {columns}, count(*) AS n FROM ({patients.sql}) AS one GROUP BY {columns}"
            self.define("patients", Rows(grouped, (*patients.columns, "n")))

    def ask(self, sql: str) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """The names of the columns of a query, and its rows."""
        found = self._session.sql(sql).toArrow() if self._address.scheme == "spark" else self._ask_server(sql)
        return found.column_names, list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def close(self) -> None:
        """Let the patients go."""
        for kept in self._cached:
            kept.unpersist()
        if self._address.scheme == "sc":
            self._session.client.close()

    def _ask_server(self, sql: str) -> Any:
        with suppress(UnreachableError), _telling(self._address):
            return self._session.sql(sql).toArrow()
        # A server that was started anew knows nothing of the session before.
        self._session = _open_connect(self._address)
        with _telling(self._address):
            return self._session.sql(sql).toArrow()

    def _view_folder(self) -> str:
        from pyspark.errors import AnalysisException

        try:
            return name_view(self._session.read.parquet(self._address.place))
        except AnalysisException:
            what = "there are no Parquet files at this address, or they do not make up one table"
            raise CohortError(
                [Problem(what, "spark://…", "Give the path of their folder: spark:///data/registry.")]
            ) from None

    def _find_table(self) -> str:
        name = ".".join(map(_quoted, self._address.table.split(".")))
        if self._address.table and self._session.catalog.tableExists(name):
            return name
        from pyspark.errors import AnalysisException

        schema, _, _ = self._address.table.rpartition(".")
        listed = f" IN {'.'.join(map(_quoted, schema.split('.')))}" if schema else ""
        try:
            found = self._session.sql(f"SHOW TABLES{listed}").limit(MOST_NEAR).collect()
        except AnalysisException:  # there is no such schema
            found = []
        raise self._address.deny_table([f"{schema}.{row.tableName}" if schema else row.tableName for row in found])


def name_view(frame: DataFrame) -> str:
    """The name under which queries find a frame from now on."""
    name = f"outcomes_{uuid4().hex}"
    frame.createOrReplaceTempView(name)
    return name


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@lru_cache(maxsize=1)
def open_local() -> SparkSession:
    """The Spark of this process, which opens no port to others. It ends with the process."""
    import_library("pyspark", "Spark", REQUIREMENTS)
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=os.path.join(home, "bin") if home else None) is None:
        remedy = "Install Java 17 or 21 (Debian: default-jre-headless), or let JAVA_HOME name it, then start again."
        raise CohortError([Problem("Spark needs Java, which was not found", "spark://…", remedy)])
    from pyspark.sql import SparkSession

    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder: Any = SparkSession.builder
    builder = builder.appName("outcomes").master("local[*]")
    for key, value in _LOCAL.items():
        builder = builder.config(key, value)
    session: SparkSession = builder.getOrCreate()
    return session


def _open_connect(address: Address) -> Any:
    for library in ("pyspark", "grpc", "grpc_status", "zstandard"):
        import_library(library, "Spark Connect", REQUIREMENTS)
    from pyspark.sql.connect.client.retries import DefaultPolicy
    from pyspark.sql.connect.session import SparkSession

    with _telling(address):
        session = SparkSession.builder.remote(address.place).create()
        session.client.set_retry_policies([DefaultPolicy(max_retries=2, initial_backoff=200, max_backoff=1000)])
        _again_without_threads(lambda: session.sql("SELECT 1").collect())
    return session


def _again_without_threads(ask: Callable[[], Asked]) -> Asked:
    """What is asked, a second time where the client had no threads.

    All sessions share a few, and one that is collected as garbage closes them, even in the midst of another one's question.
    """
    try:
        return ask()
    except RuntimeError as error:
        if type(error) is not RuntimeError:
            raise
    return ask()


@contextmanager
def _telling(address: Address) -> Iterator[None]:
    """Turn what a client says of its server into an `UnreachableError`; a Spark of this process has none."""
    if address.scheme == "spark":
        yield
        return
    import grpc
    from pyspark.errors import AnalysisException, PySparkException

    # What the client says may hold the token of the address.
    what, remedy = "the Spark server does not answer", "Check its name and port, and that it runs."
    try:
        yield
        return
    except CohortError:
        raise
    except AnalysisException:
        what, remedy = "the table has gone or changed, or may not be read any more", "Ask the owner of the database."
    except (grpc.RpcError, PySparkException, ValueError, OSError):
        pass
    except RuntimeError:  # threads of its own could not begin
        what, remedy = "the Spark client failed on this machine", "Close other programs, then try again."
    raise UnreachableError([Problem(what, address.shown, remedy)]) from None
