"""Pauses of a channel: until their end no replica hands over any message of it, as its server asked (`Retry-After`).

A service whose messages leave by a server that may ask for one has a table of them and gives it to its `Service`::

    class Pause(ChannelPause, Table, table=True):
        __tablename__ = "channel_pauses"
"""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col

from services.chassis.mail.errors import ServerAway
from services.chassis.mail.messages import Channel
from services.chassis.storage.errors import retry_on_conflict
from services.chassis.storage.store import Store


class ChannelPause(SQLModel):
    """The last pause of a channel."""

    channel: str = Field(primary_key=True, max_length=10)
    until: datetime
    code: str = Field(max_length=40)
    """The answer that asked for it."""


async def pauses_of(store: Store, table: type[ChannelPause] | None) -> Mapping[Channel, ServerAway]:
    """The channels that are to be left alone now, why, and for how long yet."""
    if table is None:
        return {}
    now = store.clock()
    async with store.read() as session:
        found = (await session.scalars(sa.select(table).where(col(table.until) > now))).all()
    return {Channel(one.channel): ServerAway(one.code, one.until - now) for one in found}


async def keep_pause(store: Store, table: type[ChannelPause], channel: Channel, asked: ServerAway) -> None:
    """Leave a channel alone for as long as its server asks."""

    async def keep() -> None:
        async with store.work() as work:
            row = await work.find(table, channel.value)
            row = row or work.add(table(channel=channel.value, until=work.now, code=asked.code))
            row.until, row.code = work.now + asked.pause, asked.code

    await retry_on_conflict(keep)
