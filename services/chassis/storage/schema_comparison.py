"""Compares a store's schema with the metadata, for `make migration` and for the test that no migration is missing.

alembic does not compare the predicates of partial indexes; the plugin registered here does. SQLite keeps a predicate
word for word. PostgreSQL rewrites it, so the wanted one is written to a temporary table and read back.
"""

import re
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateIndexOp, DropIndexOp, ModifyTableOps
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult
from sqlalchemy.exc import DBAPIError

_PLUGIN = "cefo.predicates"

COMPARISON: dict[str, Any] = {"compare_type": True, "autogenerate_plugins": ["alembic.autogenerate.*", _PLUGIN]}
"""alembic's options: what is compared."""

_SQLITE_PREDICATE = re.compile(r"\)\s+where\s+(.+)", re.IGNORECASE | re.DOTALL)


def differences(connection: sa.Connection, metadata: sa.MetaData) -> list[Any]:
    """The differences between store and metadata, as alembic's diff tuples; empty if none."""
    return list(compare_metadata(MigrationContext.configure(connection, opts=COMPARISON), metadata))


def stored_predicate(connection: sa.Connection, index: str) -> str | None:
    """The predicate of this index in the store; None when it has none."""
    if connection.dialect.name == "sqlite":
        query = sa.text("select sql from sqlite_master where type = 'index' and name = :name")
        found = _SQLITE_PREDICATE.search(connection.scalar(query, {"name": index}) or "")
        return found[1].strip() if found else None
    query = sa.text("select pg_get_expr(indpred, indrelid) from pg_index where indexrelid = to_regclass(:name)")
    return connection.scalar(query, {"name": connection.dialect.identifier_preparer.quote(index)})


def wanted_predicate(connection: sa.Connection, index: sa.Index) -> str | None:
    """The predicate of this index of the metadata, as the store would keep it; None when it has none."""
    where = index.dialect_options[connection.dialect.name]["where"]
    if where is None or index.table is None:
        return None
    compiler: Any = connection.dialect.ddl_compiler(connection.dialect, None)  # pyright: ignore[reportArgumentType]
    predicate = str(compiler.sql_compiler.process(where, include_table=False, literal_binds=True))
    return predicate.strip() if connection.dialect.name == "sqlite" else _rewritten(connection, index.table, predicate)


def _rewritten(connection: sa.Connection, table: sa.Table, predicate: str) -> str:
    """The predicate as PostgreSQL rewrites it; unchanged if the stored table lacks a column that it names."""
    like = connection.dialect.identifier_preparer.format_table(table)
    savepoint = connection.begin_nested()
    try:
        connection.exec_driver_sql(f"create temporary table wanted_predicate (like {like})")
        connection.exec_driver_sql(f"create index wanted_predicate_index on wanted_predicate ((1)) where {predicate}")
        return stored_predicate(connection, "wanted_predicate_index") or ""
    except DBAPIError:
        return predicate
    finally:
        savepoint.rollback()


def _compare_predicates(
    context: AutogenContext,
    changes: ModifyTableOps,
    _schema: str | None,
    _name: str,
    stored: sa.Table | None,
    wanted: sa.Table | None,
) -> PriorityDispatchResult:
    """Drop and create each index whose predicate changed and that alembic does not change itself."""
    if stored is None or wanted is None or context.connection is None:
        return PriorityDispatchResult.CONTINUE
    indexes = {index.name: index for index in stored.indexes}
    changed = {one.index_name for one in changes.ops if isinstance(one, CreateIndexOp | DropIndexOp)}
    for index in sorted(wanted.indexes, key=lambda one: str(one.name)):
        if index.name not in indexes or index.name in changed:
            continue
        before = stored_predicate(context.connection, str(index.name))
        if before != wanted_predicate(context.connection, index):
            changes.ops += [_drop(indexes[index.name], before, context.dialect), CreateIndexOp.from_index(index)]
    return PriorityDispatchResult.CONTINUE


def _drop(index: sa.Index, predicate: str | None, dialect: sa.Dialect) -> DropIndexOp:
    """Drop the index so that the downgrade creates it as it was; SQLite's predicate is also valid on PostgreSQL."""
    if predicate is not None:
        for store in sorted({dialect.name, "postgresql"}):
            index.dialect_kwargs[f"{store}_where"] = sa.text(predicate)
    return DropIndexOp.from_index(index)


Plugin(_PLUGIN).add_autogenerate_comparator(_compare_predicates, "table", "predicates", priority=DispatchPriority.LAST)
