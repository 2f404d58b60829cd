"""Referrals that nobody answers end by themselves."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.service.definition import Runtime
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.directory import ReferralChanged, ReferralProgressed
from services.contracts.directory import ReferralStatus as Status
from services.directory import actions, app
from services.directory.domain import Party
from services.directory.settings import DirectorySettings
from services.directory.store import Referral, Service
from tests.directory.web import Site
from tests.givens.directory import refer
from tests.givens.events import emitted_events


@pytest.fixture
async def running(site: Site) -> Runtime:
    return site.process.runtimes[0]


@pytest.fixture
async def site(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Site]:
    made = Site(tmp_path, clock)
    made.process.runtimes[0].own_settings = DirectorySettings(referral_days=10)
    await made.open()
    yield made
    await made.close()


async def a_round(running: Runtime) -> None:
    [job] = [job for job in app.jobs(running) if job.name == "expire-referrals"]
    await job.round("directory")


async def someone_is_sent(store: Store) -> UUID:
    async with store.read() as session:
        service = (await session.scalars(sa.select(col(Service.id)).where(col(Service.status) == "active"))).first()
    assert service is not None
    return (await refer(store, service=service)).id


async def statuses(store: Store) -> dict[UUID, str]:
    async with store.read() as session:
        return {row.id: row.status for row in await session.scalars(sa.select(Referral))}


async def test_what_nobody_answered_in_the_time_that_is_set_expires(running: Runtime, clock: FixedClock) -> None:
    ignored, received, accepted = [await someone_is_sent(running.store) for _ in range(3)]
    for id, status in ((received, Status.RECEIVED), (accepted, Status.ACCEPTED)):
        async with running.store.work() as work:
            await actions.progress(work, id, status, party=Party.PROVIDER, by="provider")
    clock.forward(days=9, hours=23)
    late = await someone_is_sent(running.store)
    await a_round(running)
    assert await statuses(running.store) == {
        ignored: "requested",
        received: "received",
        accepted: "accepted",
        late: "requested",
    }
    clock.forward(hours=1)
    await a_round(running)
    expected = {ignored: "expired", received: "expired", accepted: "accepted", late: "requested"}
    assert await statuses(running.store) == expected
    expired = [one for one in await emitted_events(running.store, ReferralProgressed) if one.status == Status.EXPIRED]
    assert {one.referral_id for one in expired} == {ignored, received}
    published = [one for one in await emitted_events(running.store, ReferralChanged) if one.status == Status.EXPIRED]
    assert {one.referral_id for one in published} == {ignored, received}


async def test_a_round_takes_all_there_are_some_at_a_time(
    running: Runtime, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_A_ROUND", 2)
    for _ in range(5):
        await someone_is_sent(running.store)
    clock.forward(days=11)
    await a_round(running)
    assert set((await statuses(running.store)).values()) == {"expired"}


async def test_two_replicas_at_once_end_each_referral_once(town: Store, clock: FixedClock) -> None:
    for _ in range(4):
        await refer(town, uuid4())
    clock.forward(days=31)

    async def expire() -> int:
        async with town.work() as work:
            return await actions.expire(work, timedelta(days=30))

    assert sum(await asyncio.gather(expire(), expire(), expire())) == 4
    assert len(await emitted_events(town, ReferralProgressed)) == 4
