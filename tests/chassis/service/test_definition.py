"""A running service: its background jobs, its readiness, and its shared bulk actions."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from services.chassis.brokers import broker_of
from services.chassis.runtime.live import Live
from services.chassis.service.definition import Runtime
from services.chassis.service.jobs import Job
from services.chassis.storage.store import Work
from services.chassis.testing import Client, FixedClock, quiet_settings
from tests.chassis import sample_service


async def test_a_job_starts_and_stops_with_its_service(tmp_path: Path) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def act() -> bool:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return False

    def jobs(_: Runtime) -> list[Job]:
        return [Job("tidy", act, 60)]

    settings = quiet_settings(tmp_path)
    service = replace(sample_service.service(tmp_path), jobs=jobs)
    running = Runtime(service, settings, broker_of(settings), Live(None), FixedClock())
    (tmp_path / "stores").mkdir(exist_ok=True)
    async with running.store.writer.begin() as connection:  # the sample has no migrations
        await connection.run_sync(running.store.metadata.create_all)
    await running.start()
    try:
        async with asyncio.timeout(60):
            await began.wait()
        assert (await running.ready())["relay"], "a background job is no part of being ready"
    finally:
        await running.stop()
    assert ended.is_set()


async def test_a_service_without_store_is_not_ready(client: Client, tmp_path: Path) -> None:
    assert await client.runtime.ready() == {"store": True, "relay": False, "consumer": False}
    await client.store.reader.dispose()
    (tmp_path / "stores").rename(tmp_path / "elsewhere")
    assert await client.runtime.ready() == {"store": False, "relay": False, "consumer": False}
    (tmp_path / "elsewhere").rename(tmp_path / "stores")
    assert (await client.runtime.ready())["store"]


async def test_a_restored_service_answers_nothing_until_it_has_read_its_topics(client: Client) -> None:
    async with client.store.work() as work:
        await work.open_epoch(1, None)
    await client.runtime.catching_up.begin()
    for accept, kind in (("text/html", "text/html"), ("application/json", "application/problem+json")):
        refused = await client.get("/sample/", headers={"accept": accept, "accept-language": "en"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
        assert refused.headers["content-type"].startswith(kind)
        assert "being restored" in refused.text
    health = await client.get("/sample/health/ready")
    assert (health.status_code, health.json()["services"]["sample"]["reread"]) == (503, False)
    assert (await client.get("/health/live")).status_code == 200
    client.runtime.catching_up.done.set()
    assert (await client.get("/sample/")).status_code != 503


async def test_requests_for_one_bulk_action_share_its_group_commit(client: Client) -> None:
    async def check_in(_work: Work, visits: Sequence[str]) -> list[str]:
        return list(visits)

    async def leave(_work: Work, visits: Sequence[str]) -> list[str]:
        return list(visits)

    shared = client.runtime.group_commit(check_in)
    assert client.runtime.group_commit(check_in) is shared
    assert client.runtime.group_commit(leave) is not shared
