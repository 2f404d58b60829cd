"""`PUT /visits/{id}` per second on one process, against a bare FastAPI + SQLModel insert.

Ours: authentication and roles, checks of centre, area and repeated id, the day's next ticket, the visit, the outbox
row, a commit, and in the same process the relay that publishes the event to Kafka. The comparator inserts one row of
the same visit and does nothing else. Both: one uvicorn process with uvloop and httptools, PostgreSQL with
synchronous commit, the same 16 kept connections of the same client.
"""

import subprocess
import sys
from typing import Any

import httpx2

from services.launcher.ports import free_ports
from tests.bench.check_ins import accepted, check_ins, desk_headers, start_intake
from tests.bench.load import send_all
from tests.bench.measuring import Row, Size, in_turns, row
from tests.bench.parts import Parts, Services, connected, fresh_parts
from tests.parts.process import start_server, wait_until

CLIENTS = 16


async def ours(services: Services, requests: int) -> float:
    """Check-ins per second, each stored with its outbox row."""
    port = services.stack.ports["intake"]
    headers = desk_headers(services)
    async with connected(services.parts.postgres.url("cefo_intake")) as store:
        before = (
            await store.fetchval("select count(*) from visits"),
            await store.fetchval("select count(*) from outbox"),
        )
        load = await send_all(port, check_ins(requests, "/intake/api/v1/visits/", headers), CLIENTS)
        accepted(load.answers)
        after = await stored(store)
    if after != tuple(number + requests for number in before):
        raise RuntimeError(f"{requests} check-ins made {after} of {before} visits and outbox rows")
    return load.per_second


async def stored(store: Any) -> tuple[int, int]:
    """The numbers of visits and of outbox rows of visits."""
    row = await store.fetchrow(
        "select (select count(*) from visits), (select count(*) from outbox where topic = 'cefo.intake.visits')"
    )
    return row[0], row[1]


async def comparator(parts: Parts, port: int, requests: int) -> float:
    """Inserts per second."""
    async with connected(parts.postgres.url("insert_app")) as store:
        before = await store.fetchval("select count(*) from visits")
        load = await send_all(port, check_ins(requests, "/visits/", {}), CLIENTS)
        accepted(load.answers)
        if await store.fetchval("select count(*) from visits") != before + requests:
            raise RuntimeError(f"{requests} inserts left another number of rows")
    return load.per_second


async def insert_app(parts: Parts, name: str = "insert_app") -> "tuple[subprocess.Popen[bytes], int]":
    """Start this comparator, on a database of its own. Returns its process and port."""
    await parts.postgres.create_database(name)
    port = free_ports(1)[0]
    command = [sys.executable, "-m", f"tests.bench.comparators.{name}", "--port", str(port)]
    log = parts.folder / f"{name}.log"
    process = start_server([*command, "--database", parts.database(name)], log)

    def answers() -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/count", trust_env=False).status_code == 200
        except httpx2.HTTPError:
            return False

    wait_until(answers, process, log)
    return process, port


async def measure(size: Size) -> list[Row]:
    """Measure the row."""
    requests = size.of(4000, 200)
    with fresh_parts() as parts, Services(parts) as services:
        await start_intake(services)
        process, port = await insert_app(parts)
        try:
            own, other = await in_turns(
                size.rounds, lambda: ours(services, requests), lambda: comparator(parts, port, requests)
            )
        finally:
            process.terminate()
            process.wait(10)
    return [
        row(
            "e",
            f"`PUT /visits/{{id}}` on one process, ticket and outbox included ({requests:,} requests a round)",
            "requests/s",
            ours=own,
            comparator=other,
            against="a bare FastAPI + SQLModel insert",
            target=0.7,
        )
    ]
