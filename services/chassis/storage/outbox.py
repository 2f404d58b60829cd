"""The outbox: emitted events in the store of their service, until the relay has published them and after.

Rows are inserted in the action's transaction. `seq` orders them: two transactions on one aggregate are serialised by
the lock on its row, which is written first, so its outbox rows are numbered in the order of its versions.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts import Event, Topic
from services.contracts.cloudevents import SEQUENCE, Headers, Record, schema_uri, write_event

_OLD_SCHEMA = b'"/contracts/'
_OLD_DATASCHEMA = re.compile(rb'"/contracts/([a-z0-9.-]+)\.json"')


def outbox_row(
    event: Event,
    *,
    time: datetime,
    sequence: int,
    correlation_id: UUID,
    causation_id: UUID | None,
    traceparent: str | None,
    previous: int | None = None,
) -> dict[str, Any]:
    """The outbox row of `event`. `previous`: the number that it follows, if not the one before."""
    record = write_event(
        event,
        id=uuid4(),
        time=time,
        sequence=sequence,
        correlation_id=correlation_id,
        causation_id=causation_id,
        traceparent=traceparent,
        previous=previous,
    )
    return raw_row(record, time)


def raw_row(record: Record, time: datetime) -> dict[str, Any]:
    """The outbox row that publishes this record unchanged."""
    return {
        "topic": record.topic,
        "key": record.key,
        "headers": pack_headers(record.headers),
        "value": record.value,
        "said_at": time,
        "sent_at": None,
    }


def end_of_key(topic: Topic, key: str, time: datetime) -> dict[str, Any]:
    """The outbox row that ends a key of a compacted topic: Kafka removes what it holds of it."""
    return raw_row(Record(topic.name, key.encode(), [], b""), time)


async def delete_sent(session: AsyncSession, outbox: sa.Table, topic: Topic, keys: Iterable[bytes]) -> None:
    """Remove what was sent under these keys of a compacted topic, whose next state is about to be emitted."""
    sent = (outbox.c.topic == topic.name, outbox.c.key.in_(list(keys)), outbox.c.sent_at.is_not(None))
    await session.execute(sa.delete(outbox).where(*sent))


async def keys_in(session: AsyncSession, outbox: sa.Table, topic: Topic) -> set[bytes]:
    """The keys that an outbox has of a topic. Reads the whole table, which has no index for it."""
    return set(await session.scalars(sa.select(outbox.c.key).where(outbox.c.topic == topic.name)))


def pack_headers(headers: Headers) -> bytes:
    """Headers as JSON; values may be any bytes, or None."""
    return orjson.dumps([(name, None if value is None else value.decode("latin-1")) for name, value in headers])


def unpack_headers(packed: bytes) -> Headers:
    """What `pack_headers` packed."""
    return [(name, None if value is None else value.encode("latin-1")) for name, value in orjson.loads(packed)]


def with_current_names(packed: bytes) -> bytes:
    """Packed headers as this version writes them. Outbox rows of earlier versions have other names, and a relative URI.

    Only for the relay: a row that has them has both.
    """
    if _OLD_SCHEMA not in packed:
        return packed
    renamed = packed.replace(b'["ce_sequence",', b'["%s",' % SEQUENCE.encode())
    return _OLD_DATASCHEMA.sub(lambda found: b'"%s"' % schema_uri(found[1].decode()).encode(), renamed)


async def republish(session: AsyncSession, outbox: sa.Table) -> int:
    """Mark all rows as unsent, so that the relay publishes them again in order. Returns how many."""
    done = await session.execute(sa.update(outbox).where(outbox.c.sent_at.is_not(None)).values(sent_at=None))
    return cast(Any, done).rowcount
