"""What was said, kept in the store of the service that said it, until (and after) the broker has it.

Rows are written in the action's own transaction. `seq` orders them: two transactions about one aggregate wait for each
other at the aggregate's row, which is written first, so its rows get their numbers in the order of its versions.
"""

from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts import Event
from services.contracts.cloudevents import Headers, Record, write_event


def outbox_row(
    event: Event,
    *,
    time: datetime,
    sequence: int,
    correlation_id: UUID,
    causation_id: UUID | None,
    traceparent: str | None,
) -> dict[str, Any]:
    """The row that says `event`."""
    record = write_event(
        event,
        id=uuid4(),
        time=time,
        sequence=sequence,
        correlation_id=correlation_id,
        causation_id=causation_id,
        traceparent=traceparent,
    )
    return raw_row(record, time)


def raw_row(record: Record, time: datetime) -> dict[str, Any]:
    """The row that sends these bytes."""
    return {
        "topic": record.topic,
        "key": record.key,
        "headers": pack_headers(record.headers),
        "value": record.value,
        "said_at": time,
        "sent_at": None,
    }


def pack_headers(headers: Headers) -> bytes:
    """Headers as JSON, whatever bytes a partner put into them, or none."""
    return orjson.dumps([(name, None if value is None else value.decode("latin-1")) for name, value in headers])


def unpack_headers(packed: bytes) -> Headers:
    """What `pack_headers` packed."""
    return [(name, None if value is None else value.encode("latin-1")) for name, value in orjson.loads(packed)]


async def republish(session: AsyncSession, outbox: sa.Table) -> int:
    """Have everything that was ever said sent again, in order; returns how many events. Who heard them ignores them."""
    done = await session.execute(sa.update(outbox).where(outbox.c.sent_at.is_not(None)).values(sent_at=None))
    return cast(Any, done).rowcount
