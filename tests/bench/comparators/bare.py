"""The bare parts: the rows and events of a pipeline, moved by COPY and aiokafka alone.

The rows of every table by COPY into empty tables with the same indexes, a connection per database; the events of every
topic by aiokafka, produced and then consumed once by each consuming service. All at the same time.
"""

import asyncio
import io
from dataclasses import dataclass
from time import perf_counter

from services.chassis.brokers.port import topic_settings
from services.contracts.cloudevents import Record
from services.launcher.catalogue import SERVICES
from tests.bench.kafka import consume, everything, how_many, make_topics, produce
from tests.bench.parts import Parts, connected


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows and events of a pipeline."""

    tables: dict[str, dict[str, bytes]]
    """The rows of each table of each service, as PostgreSQL's binary COPY."""
    records: list[Record]
    topics: dict[str, int]
    """How many records each topic holds."""


async def snapshot_of(parts: Parts) -> Snapshot:
    """Read all rows and events."""
    tables = {name: await _dump(parts.postgres.url(f"cefo_{name}")) for name in SERVICES}
    topics = {topic: number for topic, number in (await how_many(parts.kafka, topic_settings())).items() if number}
    return Snapshot(tables, await everything(parts.kafka, topics, sum(topics.values())), topics)


async def _dump(url: str) -> dict[str, bytes]:
    dumped = dict[str, bytes]()
    async with connected(url) as store:
        # In the order in which they were made, as a table refers to older ones.
        tables = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        for (table,) in await store.fetch(f"{tables} order by oid"):
            rows = io.BytesIO()
            await store.copy_from_table(table, output=rows, format="binary")
            dumped[table] = rows.getvalue()
    return dumped


async def copy_again(parts: Parts, snapshot: Snapshot) -> float:
    """Move the rows and events again. Returns the seconds it took."""
    async with connected(parts.postgres.url()) as server:
        for name in SERVICES:
            await server.execute(f"drop database if exists bare_{name}")
            await server.execute(f"create database bare_{name} template cefo_{name}")
    for name, tables in snapshot.tables.items():
        async with connected(parts.postgres.url(f"bare_{name}")) as store:
            await store.execute(f"truncate {', '.join(tables)}")
    prefix = f"bare.{perf_counter():.0f}."
    records = [record._replace(topic=prefix + record.topic) for record in snapshot.records]
    topics = {prefix + topic: number for topic, number in snapshot.topics.items()}
    await make_topics(parts.kafka, topics)
    started = perf_counter()
    await asyncio.gather(
        *(_copy(parts.postgres.url(f"bare_{name}"), tables) for name, tables in snapshot.tables.items()),
        _through_kafka(parts.kafka, records, topics, prefix),
    )
    return perf_counter() - started


async def _copy(url: str, tables: dict[str, bytes]) -> None:
    async with connected(url) as store:
        for table, rows in tables.items():
            await store.copy_to_table(table, source=io.BytesIO(rows), format="binary")


async def _through_kafka(bootstrap: str, records: list[Record], topics: dict[str, int], prefix: str) -> None:
    await produce(bootstrap, records)
    for service in SERVICES.values():
        consumed = [prefix + topic for topic in service.reactions.topics if prefix + topic in topics]
        if consumed:
            await consume(bootstrap, consumed, sum(topics[topic] for topic in consumed))
