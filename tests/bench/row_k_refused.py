"""How long a check-in from a desk's own software waits behind thousands that are refused, a second a thousand at most.

Intake in its own process reads Apache Kafka and writes PostgreSQL. A round sends the refused ones (an unknown centre,
an area that the centre does not serve, an undeclared field, an unreadable value, in turn), then a good one, and
measures until all are processed and its visit is stored. The comparator: accepted check-ins before it, a fifth as many.
"""

import asyncio
from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from services.contracts.cloudevents import Record, write_event
from services.contracts.intake import DeskCheckIn
from tests.bench.check_ins import CODES, start_intake
from tests.bench.kafka import produce
from tests.bench.measuring import Row, Size, in_turns, row
from tests.bench.parts import Services, connected, fresh_parts


def check_in(centre: str = CODES[0], area: str = "find-job") -> tuple[UUID, Record]:
    """A check-in on the desks' topic, and the id of its visit."""
    visit, now = uuid4(), datetime.now(UTC)
    event = DeskCheckIn(visit_id=visit, centre=centre, area=area, at=now)
    chain = uuid4()
    return visit, write_event(event, id=chain, time=now, sequence=1, correlation_id=chain, causation_id=None)


def refused(number: int) -> list[Record]:
    """So many check-ins that are refused, for four reasons in turn."""
    records: list[Record] = []
    while len(records) < number:
        good = check_in()[1]
        records += [
            check_in(centre="nowhere")[1],
            check_in(area="no-such-area")[1],
            good._replace(value=good.value[:-1] + b',"note":"x"}'),
            good._replace(value=b"{not json"),
        ]
    return records[:number]


async def wait_behind(services: Services, before: list[Record]) -> float:
    """Seconds per thousand records that a check-in waits behind these."""
    visit, last = check_in()
    async with connected(services.parts.postgres.url("cefo_intake")) as store:
        after = earlier = await processed(store)
        started = perf_counter()
        await produce(services.parts.kafka, [*before, last])
        # Until all are processed: the topic has partitions, so that the last one may overtake others.
        for _ in range(30_000):
            after = await processed(store)
            if after - earlier > len(before):
                seconds = perf_counter() - started
                break
            await asyncio.sleep(0.01)
        else:
            raise RuntimeError(f"{after - earlier} of {len(before) + 1} check-ins were processed")
        if not await store.fetchval("select exists(select from visits where id = $1)", visit):
            raise RuntimeError("the check-in behind the others was not accepted")
    return seconds / len(before) * 1000


async def processed(store: Any) -> int:
    """How many check-ins became a visit or a dead letter."""
    return await store.fetchval("select (select count(*) from visits) + (select count(*) from dead_letters)")


async def measure(size: Size) -> list[Row]:
    """Measure the row."""
    many, accepted = size.of(10_000, 100), size.of(2_000, 100)
    with fresh_parts() as parts, Services(parts) as services:
        await start_intake(services)
        own, other = await in_turns(
            size.rounds,
            lambda: wait_behind(services, refused(many)),
            lambda: wait_behind(services, [check_in()[1] for _ in range(accepted)]),
        )
    return [
        row(
            "k",
            f"what a check-in waits behind a thousand refused ones ({many:,} a round)",
            "s",
            ours=own,
            comparator=other,
            against="behind a thousand accepted ones",
            target=1,
            better="at most",
            absolute=True,
        )
    ]
