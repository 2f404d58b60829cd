"""A list read page by page has every row once, in order, also with equal rows and while others are added."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.store import Store
from tests.conformance.sample import Table

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)


def row(number: int, at: datetime, sequence: int | None) -> dict[str, object]:
    return {"id": UUID(int=number), "state": "dead", "topic": "t", "partition": 0, "offset": number, "headers": b"",
            "value": b"", "reason": "r", "detail": "", "attempts": 1, "at": at, "sequence": sequence}  # fmt: skip


@pytest.mark.parametrize("newest_first", [False, True])
async def test_pages_have_each_row_once_in_order(tmp_path: Path, newest_first: bool) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path}/list.db", "sample", Table.metadata)
    table = store.table("dead_letters")
    async with store.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
        # Eleven at three moments, with equal sequences and none, in no order.
        rows = [row(n, NOON + timedelta(minutes=n % 3), None if n % 4 == 0 else n % 2) for n in range(1, 12)]
        await connection.execute(sa.insert(table), rows)
    order = ListOrder(table.c.at, sa.func.coalesce(table.c.sequence, 0), id=table.c.id, newest_first=newest_first)
    seen: list[UUID] = []
    async with store.read() as read:
        page: list[UUID] = [UUID(int=0)]
        while page:
            wanted = await order.page(read, sa.select(table.c.id), 2, seen[-1] if seen else None)
            page = list(await read.scalars(wanted))
            seen += page
        gone = list(await read.scalars(await order.page(read, sa.select(table.c.id), 1, UUID(int=99))))
    sign = -1 if newest_first else 1
    assert seen == sorted(
        (UUID(int=n) for n in range(1, 12)),
        key=lambda one: (sign * (one.int % 3), sign * (0 if one.int % 4 == 0 else one.int % 2), one.int),
    )
    assert gone == seen[:1]
    await store.close()
