"""The tables of another engine, copied into the Spark of this process."""

from __future__ import annotations

import pyarrow as pa

from analytics.cohort.address import Address
from analytics.cohort.engine import Engine, Rows
from analytics.cohort.remote import RemoteEngine
from analytics.cohort.spark_engine import SparkEngine, name_view, open_local

KINDS = {"TINYINT": pa.int8(), "DOUBLE": pa.float64(), "BIGINT": pa.int64(), "VARCHAR": pa.string()}


class CopiedToSpark(SparkEngine):
    """Patients who were checked in another engine, which takes Spark a minute."""

    def __init__(self, other: Engine) -> None:
        RemoteEngine.__init__(self, "SELECT 1", ())
        self._address = Address("spark", "", "")
        self._cached = []
        self._session = open_local()
        for table in ("patients", "named_patients"):
            if columns := other.schema(table):
                found = other.run(f"SELECT * FROM {table}")
                fields = {name: pa.array(x.tolist(), KINDS[columns[name]]) for name, x in found.items()}
                kept = self._session.createDataFrame(pa.table(fields)).persist()
                self._cached.append(kept)
                self._views[table] = Rows("", tuple(columns))
                self._texts[table] = f"SELECT * FROM {name_view(kept)}"
