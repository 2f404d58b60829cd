"""How long 5,000 check-ins take that devices recorded without the network and send at once, ten seconds at most.

Intake in its own process on PostgreSQL, its relay running. Ten devices send a request of 500 each, one after the
other. Every visit, ticket and outbox row must be there afterwards, each visit once. Every second one was called,
received and ended. The comparator: as many check-ins by a desk's own software, one request each, at 16 clients,
without steps; a fifth of them is measured.
"""

from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import uuid4

import orjson

from tests.bench.check_ins import CODES, accepted, check_ins, desk_headers, start_intake
from tests.bench.load import Connection, request, send_all
from tests.bench.measuring import Row, Size, in_turns, row
from tests.bench.parts import Services, connected, fresh_parts

CLIENTS = 16
IN_A_REQUEST = 500


async def set_up(services: Services, connection: Connection, centre: str) -> dict[str, Any]:
    """A new device."""
    body = orjson.dumps({"device_id": str(uuid4())})
    sent = request("POST", f"/intake/desk/{centre}/device", body, desk_headers(services))
    answer = await connection.send(sent)
    if answer.status != 200:
        raise RuntimeError(f"the device was not set up: {answer.body[:300]!r}")
    return orjson.loads(answer.body)


def entry(pack: dict[str, Any], number: int, at: datetime) -> dict[str, Any]:
    """A check-in of this device; every second one with all its steps."""
    steps = [{"step": "call", "at": at.isoformat(), "desk": "desk-1"}]
    steps += [{"step": step, "at": at.isoformat()} for step in ("serve", "finish")]
    return {
        "visit_id": str(uuid4()),
        "seq": number,
        "at": at.isoformat(),
        "area": "find-job",
        "channel": "desk",
        "ticket": f"E-{pack['slot'] * 1000 + number}",
        "steps": steps if number % 2 else [],
    }


def replay(pack: dict[str, Any], number: int) -> bytes:
    """The request of a device that recorded so many check-ins, one a second, until now."""
    now = datetime.now(UTC)
    entries = [entry(pack, n, now - timedelta(seconds=number - n)) for n in range(1, number + 1)]
    headers = {"Authorization": f"Bearer {pack['key']}"}
    body = orjson.dumps({"device_now": now.isoformat(), "entries": entries})
    return request("POST", f"/intake/api/v1/devices/{pack['device_id']}/replay", body, headers)


async def ours(services: Services, devices: int) -> float:
    """Seconds until so many devices have the answers for all check-ins."""
    connection = await Connection.open(services.stack.ports["intake"])
    packs = [await set_up(services, connection, CODES[number % len(CODES)]) for number in range(devices)]
    messages = [replay(pack, IN_A_REQUEST) for pack in packs]
    started = perf_counter()
    answers: Any = accepted([await connection.send(one) for one in messages])
    seconds = perf_counter() - started
    connection.close()
    if any(one["status"] != "accepted" or one["problem"] for answer in answers for one in answer["results"]):
        raise RuntimeError("check-ins of a device were refused")
    await check_stored(services, [pack["device_id"] for pack in packs])
    return seconds


async def check_stored(services: Services, devices: list[str]) -> None:
    """Each visit is there once, with a ticket of its own and its events. Raises if not."""
    async with connected(services.parts.postgres.url("cefo_intake")) as store:
        visits = await store.fetchrow(
            "select count(*), count(distinct centre || ticket), sum(version) from visits where device_id = any($1)",
            devices,
        )
        events = await store.fetchval(
            "select count(*) from outbox where key in "
            "(select convert_to(id::text, 'utf8') from visits where device_id = any($1))",
            devices,
        )
    number = len(devices) * IN_A_REQUEST
    expected = number + 3 * number // 2
    if (*visits, events) != (number, number, expected, expected):
        raise RuntimeError(f"{number} check-ins gave {tuple(visits)} visits, tickets and versions, and {events} events")


async def comparator(services: Services, number: int) -> float:
    """Seconds for as many check-ins, one request each, by a fifth of them."""
    messages = check_ins(number // 5, "/intake/api/v1/visits/", desk_headers(services))
    load = await send_all(services.stack.ports["intake"], messages, CLIENTS)
    accepted(load.answers)
    return number / load.per_second


async def measure(size: Size) -> list[Row]:
    """Measure the row."""
    devices = size.of(10, 1)
    number = devices * IN_A_REQUEST
    with fresh_parts() as parts, Services(parts) as services:
        await start_intake(services)
        own, other = await in_turns(size.rounds, lambda: ours(services, devices), lambda: comparator(services, number))
    return [
        row(
            "l",
            f"the replay of {number:,} offline check-ins, half with three steps, in requests of {IN_A_REQUEST}",
            "s",
            ours=own,
            comparator=other,
            against=f"as many online check-ins at {CLIENTS} clients, without steps",
            target=10,
            better="at most",
            absolute=True,
        )
    ]
