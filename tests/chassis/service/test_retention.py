"""Retention: every service removes old rows, as its settings say."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.chassis.service.retention import prune
from services.chassis.testing import Client, FixedClock, client_of, quiet_settings, record_of
from services.contracts.intake import VisitLeft, VisitServed
from tests.chassis.sample_service import service


async def aged(folder: Path, clock: FixedClock, **ages: int) -> tuple[int, int, int]:
    """How many rows of outbox, inbox and dead letters are left after two months and one round."""
    settings = quiet_settings(folder, **ages)
    async with client_of(service(folder), folder, clock=clock, settings=settings) as client:
        async with client.store.writer.begin() as connection:
            await connection.run_sync(client.store.metadata.create_all)
        await fill(client)
        clock.forward(days=62)
        await prune(client.store, client.runtime.settings, read_model=False)
        tables = [client.store.table(name) for name in ("outbox", "inbox", "dead_letters")]
        async with client.store.read() as session:
            outbox, inbox, dead_letters = [
                await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables
            ]
    return outbox, inbox, dead_letters


async def fill(client: Client) -> None:
    """A sent outbox row, an inbox row, a dead letter that was discarded."""
    served = record_of(VisitServed(visit_id=uuid4(), centre="huy", at=datetime(2026, 3, 2, 9, tzinfo=UTC)), 1)
    await client.consume(served, served._replace(headers=[*served.headers, ("ce_subject", b"other")], value=b"{"))
    async with client.store.work() as work:
        work.emit_row_event(VisitLeft(visit_id=uuid4(), centre="huy", at=work.now), sequence=1, correlation_id=uuid4())
    outbox, dead_letters = client.store.table("outbox"), client.store.table("dead_letters")
    async with client.store.work() as work:
        await work.session.execute(sa.update(outbox).values(sent_at=work.now))
        [id] = await work.session.scalars(sa.select(dead_letters.c.id))
    await client.runtime.consumer.discard(id, "noise")


@pytest.mark.parametrize(
    ("ages", "left"),
    [
        ({"dead_letter_days": 0}, (2, 2, 1)),
        ({}, (2, 2, 1)),
        ({"dead_letter_days": 30}, (2, 2, 0)),
        ({"dead_letter_days": 30, "outbox_days": 30, "backup_days": 29}, (0, 2, 0)),
        ({"dead_letter_days": 30, "outbox_days": 30, "topic_days": 30, "inbox_days": 61, "backup_days": 29}, (0, 0, 0)),
    ],
)
async def test_rows_older_than_their_setting_are_removed(
    tmp_path: Path, clock: FixedClock, ages: dict[str, int], left: tuple[int, int, int]
) -> None:
    assert await aged(tmp_path, clock, **ages) == left
