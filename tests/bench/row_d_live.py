"""From a check-in's HTTP answer to its event in scheduling's stream, at 100 check-ins per second.

Ours: a process per service; check-ins arrive evenly at intake, in the twelve centres in turn, and twelve clients read
scheduling's streams (`/scheduling/api/v1/waiting/stream`). Between them: intake's outbox and relay, Kafka, scheduling's
consumer and inbox, its commit, the hint to the stream, the stream's query. Measured from the reading of the answer
to the reading of the event; an event that is read before the answer counts as 0. The comparator: aiokafka, one
record of the same kind produced and consumed at the same pace through the same Kafka, from the call of send to its
arrival.

Ours and the comparator alternate in five rounds of twelve seconds each: 60 s of both in one run.
"""

import asyncio
from collections.abc import Awaitable, Callable
from statistics import quantiles
from time import perf_counter
from uuid import uuid4

import orjson

from services.launcher.catalogue import SERVICES
from services.launcher.commands.client import local_token
from tests.bench.check_ins import CODES, check_ins, desk_headers, wait_for_centres
from tests.bench.kafka import consumer_of, make_topics, producer_of
from tests.bench.load import Connection
from tests.bench.measuring import Row, Size, row
from tests.bench.parts import Parts, Services, fresh_parts

RATE = 100
"""Per second."""
CONNECTIONS = 16


class Streams:
    """Readers of scheduling's stream of every centre: the time of each visit's first event."""

    def __init__(self) -> None:
        self.shown: dict[str, float] = {}
        self._readers: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []
        """Kept, because an unreferenced connection would be closed."""

    async def open(self, services: Services) -> None:
        """Start to read all of them."""
        token = local_token(services.stack.folder, "counsellor", list(CODES))
        for code in CODES:
            reader, writer = await asyncio.open_connection("127.0.0.1", services.stack.ports["scheduling"], limit=2**20)
            head = f"GET /scheduling/api/v1/waiting/stream?centre={code} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            self._writers.append(writer)
            writer.write(f"{head}Authorization: Bearer {token}\r\n\r\n".encode())
            if b" 200 " not in await reader.readline():
                raise RuntimeError(f"scheduling refused the stream of {code}")
            self._readers.append(asyncio.create_task(self._read(reader)))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            if line.startswith(b"data: {") and b'"visit_id"' in line:
                self.shown.setdefault(orjson.loads(line[6:])["visit_id"], perf_counter())

    async def close(self) -> None:
        """Stop reading."""
        for reader in self._readers:
            reader.cancel()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._readers, return_exceptions=True)


async def evenly(number: int, act: Callable[[int], Awaitable[None]]) -> None:
    """Start so many at an even pace, without waiting for earlier ones; returns when all have ended."""
    started, tasks = perf_counter(), list[asyncio.Task[None]]()

    async def one(turn: int) -> None:
        await act(turn)

    for turn in range(number):
        await asyncio.sleep(max(0.0, started + turn / RATE - perf_counter()))
        tasks.append(asyncio.create_task(one(turn)))
    await asyncio.gather(*tasks)


async def ours(services: Services, streams: Streams, number: int) -> list[float]:
    """Seconds from each answer to its event in the stream."""
    requests = check_ins(number, "/intake/api/v1/visits/", desk_headers(services))
    answered: dict[str, float] = {}
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await Connection.open(services.stack.ports["intake"]))

    async def check_in(turn: int) -> None:
        connection = await free.get()
        answer = await connection.send(requests[turn])
        free.put_nowait(connection)
        if answer.status != 200:
            raise RuntimeError(f"refused: {answer.body[:300]!r}")
        answered[orjson.loads(answer.body)["id"]] = perf_counter()

    await evenly(number, check_in)
    async with asyncio.timeout(60):
        while answered.keys() - streams.shown.keys():  # noqa: ASYNC110 - the readers are other tasks
            await asyncio.sleep(0.05)
    while not free.empty():
        free.get_nowait().close()
    return [max(0.0, streams.shown[visit] - at) for visit, at in answered.items()]


async def comparator(parts: Parts, topic: str, number: int) -> list[float]:
    """Seconds from each send to the consumption."""
    sent: dict[bytes, float] = {}
    received: dict[bytes, float] = {}
    value = b'{"visit_id":"00000000-0000-0000-0000-000000000000","centre":"liege","status":"waiting"}' * 3
    async with consumer_of(parts.kafka, [topic]) as consumer, producer_of(parts.kafka) as producer:

        async def read() -> None:
            async for message in consumer:
                received[message.key] = perf_counter()

        async def send(_turn: int) -> None:
            key = uuid4().bytes
            sent[key] = perf_counter()
            await producer.send_and_wait(topic, value=value, key=key)

        await producer.send_and_wait(topic, value=b"", key=b"first")
        reading = asyncio.create_task(read())
        while not received:  # noqa: ASYNC110 - until the consumer has its partitions
            await asyncio.sleep(0.05)
        await evenly(number, send)
        async with asyncio.timeout(60):
            while sent.keys() - received.keys():  # noqa: ASYNC110 - the reader is another task
                await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return [received[key] - at for key, at in sent.items()]


def milliseconds(seconds: list[float]) -> tuple[float, float]:
    """The median and the 99th percentile, in ms."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000


async def measure(size: Size) -> list[Row]:
    """Measure two rows: the median and the 99th percentile."""
    number = size.of(12 * RATE, RATE // 2)
    own, other = list[tuple[float, float]](), list[tuple[float, float]]()
    with fresh_parts() as parts, Services(parts) as services:
        services.start(*SERVICES)
        await wait_for_centres(services, "intake")
        await wait_for_centres(services, "scheduling")
        await make_topics(parts.kafka, ["bench.round-trip"])
        streams = Streams()
        await streams.open(services)
        await ours(services, streams, RATE)  # the first second opens connections and is not measured
        for _ in range(size.rounds):
            own.append(milliseconds(await ours(services, streams, number)))
            other.append(milliseconds(await comparator(parts, "bench.round-trip", number)))
        await streams.close()
    what = f"check-in's answer to scheduling's stream at {RATE}/s ({number:,} check-ins a round)"
    against = "aiokafka produce → consume at the same pace"
    return [
        row(
            f"d-{name}",
            f"{name}, {what}",
            "ms",
            ours=[one[place] for one in own],
            comparator=[one[place] for one in other],
            against=against,
            target=target,
            better="at most",
        )
        for place, (name, target) in enumerate((("p50", 5), ("p99", 3)))
    ]
