"""Reads the actual state: stores with plain SQL, topics with a plain consumer, figures over HTTP.

It uses none of the platform's code. Values of both kinds of store are comparable: ids are `str`, times are in UTC,
bytes are unchanged.
"""

import asyncio
import json
import re
import sqlite3
import ssl
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import asyncpg
import httpx2
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.faults.history import Headers

SERVICES = ("intake", "scheduling", "plans", "directory", "impact")
Rows = list[dict[str, Any]]
Store = dict[str, Rows]

_BARE_UUID = re.compile(r"[0-9a-f]{32}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Headers
    value: bytes | None

    def header(self, name: str) -> str:
        """A header as text; empty when it is missing."""
        return next(((value or b"").decode("latin-1") for key, value in self.headers if key == name), "")


@dataclass(slots=True)
class Evidence:
    """Everything that the checker compares."""

    stores: dict[str, Store] = field(default_factory=dict[str, Store])
    topics: dict[str, list[Record]] | None = None
    """Each topic's records, in order; None if the broker is inside the process and cannot be reached."""
    figures: dict[str, int] | None = None


def plain(value: Any) -> Any:
    """A value of either store, comparable with the same value of the other."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and _BARE_UUID.fullmatch(value):
        return str(UUID(value))
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return plain(datetime.fromisoformat(value))
    return value


async def read_store(url: str) -> Store:
    """Every table of a store, in one snapshot."""
    if url.startswith("sqlite"):
        return await asyncio.to_thread(_read_sqlite, Path(url.removeprefix("sqlite://")))
    connection = cast(Any, await asyncpg.connect(url))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            names = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
            found: Store = {}
            for row in names:
                table = row["tablename"]
                found[table] = _rows(dict(one) for one in await connection.fetch(f'select * from "{table}"'))
            return found
    finally:
        await connection.close()


def _read_sqlite(path: Path) -> Store:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("begin")
        names = connection.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite%'")
        tables = [row["name"] for row in names]
        return {table: _rows(dict(one) for one in connection.execute(f'select * from "{table}"')) for table in tables}
    finally:
        connection.close()


def _rows(rows: Iterable[dict[str, Any]]) -> Rows:
    return [{name: plain(value) for name, value in row.items()} for row in rows]


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncGenerator[Any]:
    client = cast(Any, AIOKafkaAdminClient(bootstrap_servers=bootstrap))
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def read_topics(bootstrap: str) -> dict[str, list[Record]]:
    """Every record of every topic of the platform."""
    async with _admin(bootstrap) as admin:
        topics = sorted(topic for topic in await admin.list_topics() if topic.startswith("cefo."))
    if not topics:
        return {}
    consumer = cast(Any, AIOKafkaConsumer(bootstrap_servers=bootstrap, max_partition_fetch_bytes=8 * 1024 * 1024))
    await consumer.start()
    try:
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in await consumer._client._wait_on_metadata(topic)
        ]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        found: dict[str, list[Record]] = {topic: [] for topic in topics}
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for messages in (await consumer.getmany(timeout_ms=200)).values():
                for m in messages:
                    found[m.topic].append(Record(m.topic, m.partition, m.offset, m.key, list(m.headers), m.value))
        return {topic: sorted(records, key=lambda one: (one.partition, one.offset)) for topic, records in found.items()}
    finally:
        await consumer.stop()


async def unread(bootstrap: str) -> int:
    """How many records the five consumer groups have not committed yet, in the topics that each of them reads.

    At least one while a topic is missing.
    """
    async with _admin(bootstrap) as admin:
        offsets: dict[str, Any] = {
            service: await admin.list_consumer_group_offsets(f"cefo.{service}") for service in SERVICES
        }
        described = await admin.describe_topics([t for t in await admin.list_topics() if t.startswith("cefo.")])
    partitions = {
        topic["topic"]: [TopicPartition(topic["topic"], one["partition"]) for one in topic["partitions"]]
        for topic in described
    }
    if not partitions.keys() >= {topic for topics in CONSUMED_BY.values() for topic in topics}:
        return 1
    consumer = cast(Any, AIOKafkaConsumer(bootstrap_servers=bootstrap))
    await consumer.start()
    try:
        ends = await consumer.end_offsets([tp for group in partitions.values() for tp in group])
    finally:
        await consumer.stop()
    return sum(
        ends[tp] - (offsets[service][tp].offset if tp in offsets[service] else 0)
        for service in SERVICES
        for topic in CONSUMED_BY[service]
        for tp in partitions.get(topic, [])
    )


CONSUMED_BY = {
    "intake": (
        "cefo.desk.check-ins",
        "cefo.scheduling.interviews",
        "cefo.plans.plans",
        "cefo.directory.referrals",
        "cefo.directory.centres",
    ),
    "scheduling": ("cefo.intake.visits", "cefo.intake.visitors", "cefo.plans.plans", "cefo.directory.centres"),
    "plans": (
        "cefo.scheduling.interviews",
        "cefo.scheduling.workshops",
        "cefo.directory.referrals",
        "cefo.directory.providers",
        "cefo.directory.centres",
        "cefo.intake.visitors",
    ),
    "directory": ("cefo.plans.plans", "cefo.intake.visitors"),
    "impact": (
        "cefo.intake.visits",
        "cefo.scheduling.interviews",
        "cefo.scheduling.workshops",
        "cefo.plans.plans",
        "cefo.directory.referrals",
        "cefo.directory.centres",
    ),
}
"""The topics that each service consumes, as in docs/architecture.md."""

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients on loopback, which use plain HTTP: the machine's certificates are not loaded."""

COMPACTED = ("cefo.directory.centres", "cefo.directory.providers")
"""Topics that hold state; older records of a key may be removed."""


async def read_figures(url: str, token: str, since: str, until: str) -> dict[str, int]:
    """The exact figures of the whole network; `token`: an operator's."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(timeout=20, trust_env=False, verify=NO_TLS) as client:
        path, period = "/impact/api/v1/figures/exact", {"from": since, "to": until}
        answer = await client.get(f"{url}{path}", params=period, headers=headers)
        answer.raise_for_status()
        figures: dict[str, Any] = answer.json()
    return {name: value for name, value in figures.items() if isinstance(value, int)}


async def outbox_counts(url: str) -> tuple[int, int]:
    """How many events this store on PostgreSQL holds, and how many of them the broker has not acknowledged."""
    connection = cast(Any, await asyncpg.connect(url))
    try:
        every, unsent = await connection.fetchrow("select count(*), count(*) - count(sent_at) from outbox")
        return every, unsent
    finally:
        await connection.close()


def repeated(evidence: Evidence) -> int:
    """How many records of the topics are repetitions."""
    records = [one for some in (evidence.topics or {}).values() for one in some if one.header("ce_id")]
    return len(records) - len({(one.topic, one.header("ce_source"), one.header("ce_id")) for one in records})


def dump(store: Store) -> dict[str, list[str]]:
    """A store's rows without the times of sending, processing and ending a day; equal dumps: nothing changed."""
    bookkeeping = {"outbox": ("sent_at",), "inbox": ("heard_at",), "centres": ("closed_before", "day_began_at")}
    return {
        table: sorted(
            json.dumps({k: v for k, v in row.items() if k not in bookkeeping.get(table, ())}, default=str)
            for row in rows
        )
        for table, rows in store.items()
    }
