"""What the migrations make is what the tables say, on both stores."""

import ast
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from services.chassis.service.definition import Service
from services.chassis.storage.migrations import alembic_config, migrate, newest
from services.chassis.storage.schema_comparison import differences
from services.chassis.storage.store import Store
from services.chassis.testing import store_of
from services.launcher.catalogue import SERVICES
from tests.parts.postgres import PostgresServer

EACH = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())

LATER = '''"""a later column"""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade():
    for table in ("inbox", "outbox", "dead_letters"):
        op.add_column(table, sa.Column("later", sa.String(20)))
'''


def sqlite_store(service: Service, folder: Path) -> Store:
    return Store(f"sqlite+aiosqlite:///{folder / 'store.db'}", service.name, service.metadata)


async def found_in(store: Store, metadata: sa.MetaData) -> list[Any]:
    async with store.writer.connect() as connection:
        return await connection.run_sync(differences, metadata)


@EACH
async def test_on_sqlite(service: Service, tmp_path: Path) -> None:
    async with store_of(service, f"sqlite+aiosqlite:///{tmp_path / 'store.db'}") as store:
        assert await found_in(store, service.metadata) == []
        assert await primary_keys(store) == named_primary_keys(service)


@pytest.mark.postgres
@EACH
async def test_on_postgres(service: Service, postgres: PostgresServer) -> None:
    url = await postgres.create_database(f"migrations_{service.name}")
    async with store_of(service, url.replace("postgresql://", "postgresql+asyncpg://")) as store:
        assert await found_in(store, service.metadata) == []
        assert await primary_keys(store) == named_primary_keys(service)


async def primary_keys(store: Store) -> set[str | None]:
    """The names of the primary keys in the store: alembic does not compare them, and `Work.guard` names them."""

    def names(connection: sa.Connection) -> set[str | None]:
        found = sa.inspect(connection)
        tables = set(found.get_table_names()) - {"alembic_version"}
        return {found.get_pk_constraint(table)["name"] for table in tables}

    async with store.writer.connect() as connection:
        return await connection.run_sync(names)


def named_primary_keys(service: Service) -> set[str | None]:
    return {str(table.primary_key.name) for table in service.metadata.tables.values()}


def one_sided(metadata: sa.MetaData) -> list[str]:
    """Indexes that are partial on one store only, or by different predicates."""
    return [
        str(index.name)
        for table in metadata.tables.values()
        for index in table.indexes
        if str(index.dialect_options["sqlite"]["where"]) != str(index.dialect_options["postgresql"]["where"])
    ]


@EACH
def test_an_index_has_one_predicate_on_both_stores(service: Service) -> None:
    """`make migration` compares a SQLite store only, and PostgreSQL's predicate must not change unseen."""
    assert one_sided(service.metadata) == []


def test_an_index_that_is_partial_on_one_store_only_is_seen() -> None:
    table = sa.Table("seats", sa.MetaData(), sa.Column("id", sa.Integer))
    sa.Index("seats_taken", table.c.id, postgresql_where=sa.text("id > 0"))
    sa.Index("seats_free", table.c.id, postgresql_where=sa.text("id > 0"), sqlite_where=sa.text("id > 1"))
    sa.Index("seats_all", table.c.id, postgresql_where=table.c.id > 0, sqlite_where=table.c.id > 0)
    assert sorted(one_sided(table.metadata)) == ["seats_free", "seats_taken"]


@EACH
async def test_what_waits_in_an_older_store_gets_its_row(service: Service, tmp_path: Path) -> None:
    """A letter that was held or discarded before anything took effect had none."""
    assert await rows_given(service, service.folder / "migrations", tmp_path) == [("a", 0), ("b", 1)]


@EACH
async def test_a_later_migration_may_add_a_column(service: Service, tmp_path: Path) -> None:
    migrations = tmp_path / "migrations"
    shutil.copytree(service.folder / "migrations", migrations)
    (migrations / "versions" / "9999_later.py").write_text(LATER.format(before=newest(migrations)))
    assert await rows_given(service, migrations, tmp_path) == [("a", 0), ("b", 1)]


async def rows_given(service: Service, migrations: Path, folder: Path) -> list[tuple[str, int]]:
    """The inbox's rows (subject, sequence) of a store that was made by the migrations before 'rows for what waits'."""
    scripts = ScriptDirectory.from_config(alembic_config(migrations)).walk_revisions()
    (older,) = [one.down_revision for one in scripts if "rows_for_what_waits" in Path(one.path).name]
    assert isinstance(older, str)
    store = sqlite_store(service, folder)
    try:
        await migrate(store, migrations, older)
        async with store.writer.begin() as connection:
            await connection.run_sync(insert_older_rows)
        await migrate(store, migrations)
        async with store.read() as session:
            found = await session.execute(sa.text("select subject, sequence from inbox order by subject"))
            return [(row.subject, row.sequence) for row in found]
    finally:
        await store.close()


def insert_older_rows(connection: sa.Connection) -> None:
    """Letters and an inbox row with the columns of that time: read from the store, not from today's tables."""
    then = sa.MetaData()
    then.reflect(connection, only=["dead_letters", "inbox"])
    now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    waiting = [("a", "held", 3), ("a", "held", 2), ("b", "discarded", 2), ("c", "dead", 1)]
    letters = [
        {
            "id": uuid4().hex,
            "state": state,
            "topic": "cefo.intake.visits",
            "partition": 0,
            "offset": 0,
            "headers": b"[]",
            "value": b"",
            "source": "/intake",
            "subject": subject,
            "sequence": sequence,
            "reason": "ahead",
            "detail": "",
            "attempts": 1,
            "at": now,
        }
        for subject, state, sequence in waiting
    ]
    connection.execute(then.tables["dead_letters"].insert(), letters)
    known = {"source": "/intake", "subject": "b", "sequence": 1, "heard_at": now}
    connection.execute(then.tables["inbox"].insert(), known)


@EACH
def test_there_is_one_line_of_migrations(service: Service) -> None:
    script = ScriptDirectory.from_config(alembic_config(service.folder / "migrations"))
    assert script.get_heads() == [newest(service.folder / "migrations")]
    assert len(script.get_bases()) == 1


def columns_without_a_value(source: str) -> Iterator[str]:
    """Columns that a migration adds, that may not be null, and that rows of before would have no value for."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "add_column":
            [column] = [one for one in call.args if isinstance(one, ast.Call)]
            given = {one.arg: ast.unparse(one.value) for one in column.keywords}
            if given.get("nullable") == "False" and "server_default" not in given:
                yield ast.unparse(column.args[0])


def test_a_new_column_has_a_value_for_the_rows_that_are_there() -> None:
    """Tables are empty in these tests; in a region they are not, and there the migration would fail."""
    files = [
        path for service in SERVICES.values() for path in (service.folder / "migrations" / "versions").glob("*.py")
    ]
    assert {path.name: found for path in files if (found := list(columns_without_a_value(path.read_text())))} == {}


def test_a_new_column_without_a_value_is_seen() -> None:
    added = 'batch_op.add_column(sa.Column("materials", sa.String(40), nullable=False{}))'
    assert list(columns_without_a_value(added.format(""))) == ["'materials'"]
    assert list(columns_without_a_value(added.format(', server_default="nothing"'))) == []
