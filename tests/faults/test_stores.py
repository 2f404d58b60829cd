"""Store faults: PostgreSQL restarted under load, and a full disk."""

import asyncio
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, cast

import httpx2
import pytest

from tests.faults.conftest import together_on
from tests.faults.history import History
from tests.faults.locks import connected
from tests.faults.platforms import Separate, Together, assert_consistent, load_on, restart
from tests.faults.topics import Publisher
from tests.parts.fixtures import folder, postgres_in
from tests.parts.postgres import PostgresServer
from tests.parts.presence import required

pytestmark = pytest.mark.timeout(600)


@pytest.mark.kafka
@pytest.mark.postgres
async def test_services_wait_for_a_database_that_restarts_immediately(
    separate: Separate, own_postgres: PostgresServer, seed: int
) -> None:
    """Twice, as `pg_ctl -m immediate restart` does it: connections cut, transactions lost, recovery from the log."""
    load = load_on(separate, seed, Publisher(separate.stack.kafka, separate.history))
    async with load.running():
        for _ in range(2):
            await load.until(6)
            before = await started_at(separate)
            await asyncio.to_thread(own_postgres.restart_immediately)
            assert await started_at(separate) > before
        await load.until(6)
    await assert_consistent(separate)


async def started_at(separate: Separate) -> str:
    """When the server was started."""
    async with connected(separate.store_url("intake")) as connection:
        return await connection.fetchval("select pg_postmaster_start_time()")


def _no_small_disk(why: str) -> NoReturn:
    if required():
        pytest.fail(f"REAL PART MISSING: a small disk. {why} (CEFO_REQUIRE_PARTS=1)", pytrace=False)
    pytest.skip(f"REAL PART MISSING: a small disk. {why}")


@contextmanager
def small_disk(megabytes: int) -> Generator[Path]:
    """A disk of so many MB."""
    if os.geteuid() != 0:
        _no_small_disk("Only root may mount one; run the fault tests as root")
    with folder("faults-disk") as place:
        size = f"size={megabytes}m,mode=755"
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", place], check=False)
        if mounted.returncode != 0:
            _no_small_disk("On this system not even root may mount one")
        try:
            yield place
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def on_small_files(tmp_path: Path) -> Generator[tuple[Together, Path]]:
    """SQLite on a small disk, and the disk."""
    with small_disk(24) as disk, together_on(disk, History(tmp_path / "history.ndjson")) as platform:
        yield platform, disk


@pytest.fixture
def on_small_server(tmp_path: Path) -> Generator[tuple[Together, Path]]:
    """A PostgreSQL server on a small disk, and the disk."""
    with small_disk(200) as disk, postgres_in(disk) as server:
        store = server.url().rsplit("/", 1)[0]
        with together_on(tmp_path, History(tmp_path / "history.ndjson"), store) as platform:
            yield platform, disk


@pytest.mark.parametrize("on", ["on_small_files", pytest.param("on_small_server", marks=pytest.mark.postgres)])
async def test_a_full_disk_makes_503_answers_and_leaves_nothing_half_done(
    on: str, request: pytest.FixtureRequest, seed: int
) -> None:
    """503 while there is no space; afterwards everything continues by itself."""
    platform, disk = cast(tuple[Together, Path], request.getfixturevalue(on))
    filler = disk / "filler"
    await restart(platform, "cefo")
    load = load_on(platform, seed)
    async with load.running():
        await load.until(5)
        fill(filler)
        await wait_for_503(platform, 20)
        filler.unlink()
        await load.until(5)
    await assert_consistent(platform)


def fill(filler: Path) -> None:
    """Fill the disk."""
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


async def wait_for_503(platform: Together, times: int) -> None:
    """Wait for so many 503 answers; reads must still succeed. Raises `TimeoutError` if the disk was never full."""
    async with asyncio.timeout(60):
        while platform.history.path.read_text().count('"status": 503') < times:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    async with httpx2.AsyncClient(base_url=platform.url, timeout=20, trust_env=False) as client:
        assert (await client.get("/impact/api/v1/figures?from=2026-01&to=2026-02")).status_code == 200
