"""A changed predicate of a partial index is a difference between the store and the tables, on both stores."""

import shutil
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from services.chassis.storage.migrations import alembic_config, migrate
from services.chassis.storage.schema_comparison import differences
from services.chassis.storage.store import Store
from services.chassis.testing import store_of
from services.scheduling.app import SERVICE
from tests.parts.postgres import PostgresServer

Change = Callable[[sa.Index], None]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Store]:
    """A store of scheduling as its migrations create it."""
    async with store_of(SERVICE, await url_of(request, tmp_path)) as made:
        yield made


async def url_of(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{folder / 'store.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return (await server.create_database("schema_comparison")).replace("postgresql://", "postgresql+asyncpg://")


def tables_with(change: Change, index: str = "seats_once") -> sa.MetaData:
    """A copy of scheduling's tables in which this index is changed."""
    copy = sa.MetaData(naming_convention=SERVICE.metadata.naming_convention)
    for table in SERVICE.metadata.tables.values():
        table.to_metadata(copy)
    (found,) = [one for table in copy.tables.values() for one in table.indexes if one.name == index]
    change(found)
    return copy


def to(predicate: str | None) -> Change:
    """Give the index this predicate on both stores; None: no predicate."""
    where = None if predicate is None else sa.text(predicate)

    def change(index: sa.Index) -> None:
        index.dialect_kwargs.update({"sqlite_where": where, "postgresql_where": where})

    return change


async def found_in(store: Store, metadata: sa.MetaData) -> list[tuple[str, str]]:
    """What differs: kind and name."""
    async with store.writer.connect() as connection:
        found = await connection.run_sync(differences, metadata)
    return [(kind, changed[-1].name) for kind, *changed in found]


REMADE = [("remove_index", "seats_once"), ("add_index", "seats_once")]


@pytest.mark.parametrize(
    "predicate",
    [
        "status in ('taken') and subject_ref is not null",
        "status in ('taken', 'Waitlisted') and subject_ref is not null",
        "status in ('taken', 'waitlisted')\n and subject_ref is not null and\n place > 0",
        None,
    ],
)
async def test_a_changed_predicate_is_found(store: Store, predicate: str | None) -> None:
    assert await found_in(store, tables_with(to(predicate))) == REMADE


async def test_a_predicate_that_an_index_had_not_is_found(store: Store) -> None:
    changed = tables_with(to("place > 0"), index="seats_of_workshop")
    assert await found_in(store, changed) == [("remove_index", "seats_of_workshop"), ("add_index", "seats_of_workshop")]


async def test_a_predicate_on_a_new_column_is_found(store: Store) -> None:
    changed = tables_with(to("status in ('taken', 'waitlisted') and moved_at is null"))
    changed.tables["seats"].append_column(sa.Column("moved_at", sa.DateTime(timezone=True)))
    assert await found_in(store, changed) == [("add_column", "moved_at"), *REMADE]


async def test_an_index_that_changes_otherwise_too_is_changed_once(store: Store) -> None:
    def change(index: sa.Index) -> None:
        to("status in ('taken')")(index)
        index.unique = False

    assert await found_in(store, tables_with(change)) == REMADE


async def test_nothing_differs_where_nothing_changed(store: Store) -> None:
    assert await found_in(store, tables_with(lambda index: None)) == []


@pytest.mark.parametrize("predicate", ["status in ('taken')\n and place > 0", None])
async def test_a_generated_revision_changes_the_predicate(store: Store, tmp_path: Path, predicate: str | None) -> None:
    migrations, changed = tmp_path / "migrations", tables_with(to(predicate))
    shutil.copytree(SERVICE.folder / "migrations", migrations)
    async with store.writer.begin() as connection:
        await connection.run_sync(revise, migrations, changed)
    await migrate(store, migrations)
    assert await found_in(store, changed) == []


def revise(connection: sa.Connection, folder: Path, metadata: sa.MetaData) -> None:
    """`alembic revision --autogenerate` with the configuration that every service has."""
    config = alembic_config(folder)
    config.attributes.update({"connection": connection, "metadata": metadata})
    command.revision(config, message="seats", autogenerate=True, rev_id="9999")
