"""The queries of a cohort, written as DuckDB reads them, in the dialects of other engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from analytics.cohort.engine import DIALECT, number

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

# A plain number: what other engines would take for one besides (or fail on) is none. More digits than any has are not read.
_NUMBER = r"^[+-]?([0-9]{1,300}[.]?[0-9]{0,300}|[.][0-9]{1,300})([eE][+-]?[0-9]{1,2})?$"
_RANGES = {"TINYINT": (-128, 127)}
# What only DuckDB has, and what says the same elsewhere: the last eight bytes of an MD5, the last one first, as a number without
# a sign, and a number as DuckDB writes it ("1.0", "0.5", "1e-05").
MD5_NUMBER, NUMBER_TEXT = "md5_number_lower", "number_text"
_BYTES = "reverse(right(md5(x), 16)), '(.)(.)'"
_MD5_NUMBERS = {
    "postgres": (
        "SELECT CAST(b AS DECIMAL) + CASE WHEN b < 0 THEN 18446744073709551616 ELSE 0 END FROM (SELECT "
        f"CAST(CAST('x' || regexp_replace({_BYTES}, '\\2\\1', 'g') AS BIT(64)) AS BIGINT) AS b OFFSET 0) AS bits"
    ),
    "spark": f"CAST(conv(regexp_replace({_BYTES}, '$2$1'), 16, 10) AS DECIMAL(20, 0))",
}
_WHOLE = "WHEN x = floor(x) AND abs(x) < 1e16 THEN CAST(CAST(x AS BIGINT) AS VARCHAR) || '.0'"
_NUMBER_TEXTS = {
    "postgres": f"CASE {_WHOLE} ELSE CAST(x AS VARCHAR) END",
    "spark": (
        f"CASE {_WHOLE.replace('VARCHAR', 'STRING')} WHEN abs(x) >= 1e-3 AND abs(x) < 1e7 THEN CAST(x AS STRING) "
        "WHEN abs(x) >= 1e-4 AND abs(x) < 1e15 THEN trim(TRAILING '0' FROM CAST(CAST(x AS DECIMAL(38, 20)) AS STRING)) ELSE "
        "regexp_replace(regexp_replace(regexp_replace(lower(CAST(x AS STRING)), 'e-([0-9])$', 'e-0$1'), 'e([0-9])', 'e+$1'), "
        "'[.]0e', 'e') END"
    ),
}


@lru_cache(maxsize=512)
def render(sql: str, dialect: str) -> str:
    """A query in the dialect of an engine, by sqlglot's name of it ("postgres", "spark"), with every name in quotes."""
    import sqlglot  # only other engines need it, and it takes as long to load as twenty queries

    rules = _rules().get(dialect, {})
    tree = sqlglot.parse_one(sql, read=DIALECT)
    for kind, rule in rules.items():
        # The innermost first: what is replaced holds what was replaced before.
        for found in reversed(list(tree.find_all(kind))):
            other = rule(found)
            if other is not None:
                found.replace(other)
    return tree.sql(dialect=dialect, identify=True)


def fill_in(sql: str, values: Sequence[Any]) -> str:
    """A query with numbers, and NULL for None, in the place of its question marks."""
    if not values:
        return sql
    first, *others = sql.split("?")
    if len(others) != len(values):
        raise ValueError(f"the query has {len(others)} question marks, and {len(values)} values were given")
    texts = ("NULL" if value is None else number(value) for value in values)
    return first + "".join(text + other for text, other in zip(texts, others, strict=True))


Rule = Callable[[Any], "Expr | None"]


@lru_cache(maxsize=1)
def _rules() -> Mapping[str, Mapping[Any, Rule]]:
    from sqlglot import exp, parse_one

    def native(sql: str, read: str = DIALECT, **parts: Expr) -> Expr:
        """An expression with parts of the query in the place of its names."""
        tree = parse_one(sql, read=read)
        for column in list(tree.find_all(exp.Column)):
            if column.name in parts:
                column.replace(exp.paren(parts[column.name].copy()))
        return tree

    def called(name: str, *parts: Expr) -> Expr:
        return exp.Anonymous(this=name, expressions=[part.copy() for part in parts])

    def to_finite(call: exp.Anonymous) -> Expr | None:
        if call.name.lower() != "isfinite":
            return None
        limits = "x > CAST('-Infinity' AS DOUBLE) AND x < CAST('Infinity' AS DOUBLE)"
        return exp.paren(native(limits, x=call.expressions[0]))

    def to_not_a_number(call: exp.IsNan) -> Expr:
        return exp.paren(native("x = CAST('NaN' AS DOUBLE)", x=call.this))

    def to_tried(cast: exp.TryCast) -> Expr:
        value = cast.this
        plain = exp.Cast(this=value.copy(), to=cast.to.copy())
        if (limits := _RANGES.get(cast.to.this.name)) is not None:
            test = native(f"x >= {number(limits[0])} AND x <= {number(limits[1])}", x=value)
        else:
            test = exp.RegexpLike(this=exp.paren(value.copy()), expression=exp.Literal.string(_NUMBER))
        return exp.paren(exp.Case().when(test, plain))

    def joined(columns: Sequence[Expr]) -> Expr:
        """Values as one text, each followed by a bar."""
        texts = [native("coalesce(CAST(x AS VARCHAR), '') || '|'", x=column) for column in columns]
        whole: Expr = texts[0]
        for text in texts[1:]:
            whole = exp.DPipe(this=whole, expression=text)
        return exp.paren(whole)

    def to_postgres_hash(call: exp.Anonymous) -> Expr | None:
        if call.name.lower() != "hash":
            return None
        hashed = called("hashtextextended", joined(call.expressions), exp.Literal.number(0))
        return exp.Cast(this=hashed, to=exp.DataType.build("DECIMAL"))

    def to_spark_hash(call: exp.Anonymous) -> Expr | None:
        if call.name.lower() != "hash":
            return None
        return exp.Cast(this=called("xxhash64", joined(call.expressions)), to=exp.DataType.build("DECIMAL(20, 0)"))

    def to_number_text(dialect: str) -> Rule:
        def to_text(call: exp.Anonymous) -> Expr | None:
            if call.name.lower() != NUMBER_TEXT:
                return None
            return exp.paren(native(_NUMBER_TEXTS[dialect], dialect, x=call.expressions[0]))

        return to_text

    def to_md5_number(dialect: str) -> Rule:
        def to_number(call: exp.Anonymous) -> Expr | None:
            if call.name.lower() != MD5_NUMBER:
                return None
            return exp.paren(native(_MD5_NUMBERS[dialect], dialect, x=call.expressions[0]))

        return to_number

    def to_exact_round(call: exp.Round) -> Expr | None:
        if call.args.get("decimals") is None:
            return None
        exact = exp.Round(
            this=exp.Cast(this=call.this.copy(), to=exp.DataType.build("DECIMAL")),
            decimals=call.args["decimals"].copy(),
        )
        return exp.Cast(this=exact, to=exp.DataType.build("DOUBLE"))

    def to_ordered(window: exp.Window) -> Expr | None:
        if window.args.get("order") is not None:
            return None
        ordered = window.copy()
        ordered.set("order", exp.Order(expressions=[exp.Literal.number(1)]))
        return ordered

    def either(*rules: Rule) -> Rule:
        def first(call: Any) -> Expr | None:
            return next(filter(None, (rule(call) for rule in rules)), None)

        return first

    # Calls last: what takes their place is written in the dialect already.
    return {
        "postgres": {
            exp.IsNan: to_not_a_number,
            exp.TryCast: to_tried,
            exp.Round: to_exact_round,
            exp.Anonymous: either(to_finite, to_postgres_hash, to_number_text("postgres"), to_md5_number("postgres")),
        },
        "spark": {
            exp.IsNan: to_not_a_number,
            exp.TryCast: to_tried,
            exp.Window: to_ordered,
            exp.Anonymous: either(to_finite, to_spark_hash, to_number_text("spark"), to_md5_number("spark")),
        },
    }
