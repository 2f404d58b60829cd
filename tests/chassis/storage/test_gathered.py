"""Moments of a group in one value, on both stores."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.chassis.storage.gathered import gathered, like_gathered, moment_of
from services.chassis.storage.store import Store

FIRST = datetime(2026, 3, 29, 0, 45, tzinfo=UTC)


async def test_the_moments_of_each_group_are_read_as_they_were_written(store: Store) -> None:
    inbox = store.table("inbox")
    written = {
        "/one": {FIRST + timedelta(minutes=15 * number) for number in range(500)},
        "/other": {FIRST, FIRST + timedelta(microseconds=1)},
    }
    rows = [
        {"source": source, "subject": str(uuid4()), "sequence": 1, "heard_at": at}
        for source, times in written.items()
        for at in times
    ]
    async with store.writer.begin() as connection:
        await connection.execute(sa.insert(inbox), rows)
        query = sa.select(inbox.c.source, gathered(inbox.c.heard_at)).group_by(inbox.c.source)
        found = {source: [moment_of(one) for one in times] for source, times in await connection.execute(query)}
    assert {source: set(times) for source, times in found.items()} == written
    assert [len(found[source]) for source in written] == [500, 2]
    assert all(one.tzinfo is UTC or one.utcoffset() == timedelta(0) for one in found["/one"])
    in_brussels = FIRST.astimezone(ZoneInfo("Europe/Brussels"))
    async with store.writer.begin() as connection:
        ((_source, times),) = await connection.execute(query.where(inbox.c.source == "/other"))
    first, second = sorted(times, key=moment_of)
    assert like_gathered(in_brussels, first) == first
    assert [like_gathered(moment_of(one), first) for one in times] == list(times)
    assert sorted(times, key=str) == [first, second]
