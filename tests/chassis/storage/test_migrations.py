"""Migrations of replicas that start together."""

import asyncio

import sqlalchemy as sa

from services.chassis.storage.migrations import migrate
from services.chassis.storage.store import Store
from services.launcher.catalogue import SERVICES


async def test_replicas_that_start_together_migrate_once(url: str) -> None:
    service = SERVICES["intake"]
    stores = [Store(url, service.name, service.metadata) for _ in range(3)]
    await asyncio.gather(*(migrate(store, service.folder / "migrations") for store in stores))
    async with stores[0].read() as session:
        assert await session.scalar(sa.text("select count(*) from alembic_version")) == 1
    for store in stores:
        await store.close()
