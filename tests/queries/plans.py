"""The plan of a statement, asked of its store, and what it scans in it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from services.chassis.storage.store import Store
from tests.queries.filled import grows
from tests.queries.reading import Statement

_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
_PAST = re.compile(r"SEARCH (\w+) USING (?:COVERING )?INDEX (\w+) \(centre=\? AND \w+<\?\)")
"""All of a centre up to a moment: its whole past."""


async def scanned(store: Store, statement: Statement) -> set[str]:
    """The tables that grow of which the statement reads every row."""
    found = await (_scanned_by_sqlite(store, statement) if store.sqlite else _scanned_by_postgres(store, statement))
    small = {str(index.name) for table in store.metadata.sorted_tables for index in table.indexes if _is_partial(index)}
    growing = {table.name for table in store.metadata.sorted_tables if grows(table)}
    return {table for table, index in found if table in growing and index not in small}


def _is_partial(index: sa.Index) -> bool:
    """Whether an index has only some rows: to read all of it is no scan of the table."""
    return index.dialect_options["sqlite"].get("where") is not None


async def _scanned_by_sqlite(store: Store, statement: Statement) -> set[tuple[str, str | None]]:
    async with store.reader.connect() as connection:
        rows = await connection.exec_driver_sql(f"explain query plan {statement.text}", statement.values)
        details = [str(row["detail"]) for row in rows.mappings()]
    if _reads_the_first(statement.text) and not any("TEMP B-TREE FOR ORDER" in detail for detail in details):
        return set()
    names = _names(store, statement.text)
    found = (match.groups() for detail in details for kind in (_SCAN, _PAST) for match in kind.finditer(detail))
    return {(names.get(name, name), index) for name, index in found}


def _reads_the_first(text: str) -> bool:
    """Whether the statement takes the first rows in some order: with an index for it, no others are read."""
    return " LIMIT " in text and "WHERE" not in text and "GROUP BY" not in text


def _names(store: Store, text: str) -> dict[str, str]:
    """The tables behind the aliases of a statement."""
    return {
        match[1]: table.name
        for table in store.metadata.sorted_tables
        for match in re.finditer(rf"\b{table.name} AS (\w+)", text)
    }


async def _scanned_by_postgres(store: Store, statement: Statement) -> set[tuple[str, str | None]]:
    # The writer's connections avoid sequential scans where an index makes it possible: what is scanned then, is scanned
    # however large the tables are.
    async with store.writer.connect() as connection:
        plan = await connection.exec_driver_sql(f"explain (format json) {statement.text}", statement.values)
        made: Any = plan.scalar_one()
    return set(_scans((json.loads(made) if isinstance(made, str) else made)[0]["Plan"]))


def _scans(node: Mapping[str, Any], limited: bool = False) -> Iterator[tuple[str, str | None]]:
    """`limited`: the node gives its rows in the order of an index, and is asked for the first ones."""
    kind, index = node["Node Type"], node.get("Index Name")
    in_order = kind in ("Index Scan", "Index Only Scan")
    first = in_order and limited and "Filter" not in node
    if kind == "Seq Scan" or (in_order and "Index Cond" not in node and not first):
        yield node["Relation Name"], index
    limited = kind == "Limit" or (limited and kind in ("Nested Loop", "Incremental Sort", "Memoize"))
    for inner in node.get("Plans", ()):
        yield from _scans(inner, limited)
