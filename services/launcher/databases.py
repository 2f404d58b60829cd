"""The services' databases on a PostgreSQL server."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import asyncpg

from services.chassis.runtime.settings import Settings
from services.chassis.storage.engines import postgres_address
from services.launcher.errors import Refusal


class StoreUnavailable(Refusal):
    """PostgreSQL does not answer, or refuses the connection or the database."""


class StoreMissing(Refusal):
    """A command would read a store that is not there."""


async def create_databases(settings: Settings, services: Iterable[str]) -> None:
    """Create each service's database if it is missing. Raises `StoreUnavailable`.

    A role that may not create databases needs none of this: where the database exists, no other one is opened.
    """
    for service in services:
        try:
            connection = await _connect(settings, service, f"cefo_{service}")
        except asyncpg.InvalidCatalogNameError:
            await _create(settings, service)
        else:
            await connection.close()


async def require_store(settings: Settings, service: str) -> None:
    """The store of a service is there, for a command that reads it. Raises `StoreMissing`, `StoreUnavailable`."""
    if settings.store == "sqlite":
        file = store_file(settings, service)
        if not file.exists():
            raise StoreMissing(
                f"Il n’y a pas de base de données pour {service} ici : {file}. Vérifiez --data (CEFO_DATA) et --store "
                "(CEFO_STORE). Rien n’a été créé."
            )
        return
    try:
        connection = await _connect(settings, service, f"cefo_{service}")
    except asyncpg.InvalidCatalogNameError:
        raise StoreMissing(
            f"Ce PostgreSQL n’a pas de base de données cefo_{service}. Vérifiez --store (CEFO_STORE). Rien n’a été "
            "créé."
        ) from None
    await connection.close()


def store_file(settings: Settings, service: str) -> Path:
    """The file of a service's SQLite store."""
    return Path(settings.store_url(service).partition("///")[2])


async def _create(settings: Settings, service: str) -> None:
    connection = await _connect(settings, service, "postgres")
    try:
        with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            await connection.execute(f'create database "cefo_{service}"')
    except asyncpg.InsufficientPrivilegeError as error:
        raise StoreUnavailable(
            f"La base de données cefo_{service} n’existe pas, et ce compte ne peut pas la créer. "
            "Créez-la comme dans docs/operations.md."
        ) from error
    finally:
        await connection.close()


async def _connect(settings: Settings, service: str, database: str) -> Any:
    """A connection to a database. Raises `asyncpg.InvalidCatalogNameError` if it is missing, and `StoreUnavailable`."""
    address, tls = postgres_address(settings.store_url(service))
    dsn = address.set(drivername="postgresql", database=database).render_as_string(hide_password=False)
    try:
        return await cast(Any, asyncpg).connect(dsn, timeout=10, **tls)
    except asyncpg.InvalidCatalogNameError:
        raise
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        # Without the address: it may contain a password.
        raise StoreUnavailable(
            f"PostgreSQL ne répond pas, ou refuse la connexion ({error}). Vérifiez CEFO_STORE (ou "
            "--store), CEFO_STORE_PASSWORD_FILE et CEFO_STORE_CA_FILE."
        ) from error
