"""A role for each service on a PostgreSQL server that admits only TLS, as docs/operations.md sets it up."""

import asyncio
import re
from collections.abc import Generator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.launcher.catalogue import SERVICES
from services.launcher.databases import StoreMissing, StoreUnavailable, create_databases, require_store
from tests.parts.certificates import Authority
from tests.parts.fixtures import folder, postgres_in
from tests.parts.postgres import PostgresServer, Tls, connect

pytestmark = pytest.mark.postgres

ACCESS = """
hostssl all postgres all trust
hostssl all certified all cert
hostssl all all all scram-sha-256
"""
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Generator[PostgresServer]:
    """One whose certificate is for localhost, and not for 127.0.0.1."""
    tls = Tls(authority.issue("server", "localhost"), authority.file, ACCESS)
    with folder("postgres-tls") as place, postgres_in(place, tls) as started:
        yield started


@pytest.fixture(scope="module")
def roles(server: PostgresServer) -> None:
    """Those that the documentation creates."""
    asyncio.run(create_roles(server))


async def create_roles(server: PostgresServer) -> None:
    (commands,) = re.findall(r"```sql\n(.*?)```", OPERATIONS.read_text(), re.DOTALL)
    connection = await connect(server.url())
    try:
        for service in SERVICES:
            for command in commands.replace("intake", service).strip().split(";\n"):
                await connection.execute(command)
        await connection.execute("create role certified login")
    finally:
        await connection.close()


def settings_of(server: PostgresServer, authority: Authority, role: str, host: str = "localhost") -> Settings:
    address = f"postgresql://{role}:a%20long%20password@{host}:{server.port}"
    return Settings(store=address, store_ca_file=authority.file)


async def answer(settings: Settings, service: str, query: str) -> object:
    store = Store(settings.store_url(service), service, SERVICES[service].metadata)
    try:
        async with store.read() as session:
            return await session.scalar(sa.text(query))
    finally:
        await store.close()


@pytest.mark.usefixtures("roles")
async def test_a_role_opens_its_own_database_and_no_other(server: PostgresServer, authority: Authority) -> None:
    for service in SERVICES:
        settings = settings_of(server, authority, f"cefo_{service}")
        await create_databases(settings, [service])  # nothing to create, and no right to
        assert await answer(settings, service, "select ssl from pg_stat_ssl where pid = pg_backend_pid()") is True
        for other in SERVICES.keys() - {service}:
            with pytest.raises(ProgrammingError, match="permission denied for database"):
                await answer(settings, other, "select 1")


@pytest.mark.usefixtures("roles")
async def test_a_role_without_the_right_is_told_to_have_the_database_created(
    server: PostgresServer, authority: Authority
) -> None:
    settings = settings_of(server, authority, "cefo_intake")
    with pytest.raises(StoreUnavailable, match=r"cefo_missing n’existe pas.* docs/operations\.md"):
        await create_databases(settings, ["missing"])


@pytest.mark.usefixtures("roles")
async def test_a_database_that_is_read_must_be_there(server: PostgresServer, authority: Authority) -> None:
    settings = settings_of(server, authority, "cefo_intake")
    await require_store(settings, "intake")
    with pytest.raises(StoreMissing, match="pas de base de données cefo_missing"):
        await require_store(settings, "missing")


@pytest.mark.usefixtures("roles")
async def test_a_certificate_for_another_host_or_of_another_authority_is_refused(
    server: PostgresServer, authority: Authority, tmp_path: Path
) -> None:
    by_address = settings_of(server, authority, "cefo_intake", host="127.0.0.1")
    stranger = settings_of(server, Authority(tmp_path, "stranger"), "cefo_intake")
    for settings in (by_address, stranger):
        with pytest.raises(OSError, match="certificate verify failed"):
            await answer(settings, "intake", "select 1")
        with pytest.raises(StoreUnavailable, match="certificate verify failed"):
            await create_databases(settings, ["intake"])


@pytest.mark.usefixtures("roles")
async def test_a_role_may_sign_in_with_a_certificate(server: PostgresServer, authority: Authority) -> None:
    address = f"postgresql://certified@localhost:{server.port}"
    without = Settings(store=address, store_ca_file=authority.file)
    with pytest.raises(StoreUnavailable, match="certificate"):
        await create_databases(without, ["intake"])
    own = authority.issue("certified")
    files = {"store_certificate_file": own.certificate, "store_key_file": own.key}
    with pytest.raises(StoreUnavailable, match="permission denied"):  # signed in, and intake's database is not its own
        await create_databases(without.model_copy(update=files), ["intake"])
