"""Complete check-ins per second at 16 clients, 50,000 past visits stored: each with its ticket and its outbox row.

Every ticket must be distinct at its centre on its day. The comparator is TheQ, a queue system: 8 tickets a second
were observed on such a machine; that figure is not measured here.
"""

from services.launcher.commands.client import local_token
from tests.bench.check_ins import CODES, accepted, check_ins, desk_headers, start_intake
from tests.bench.load import request, send_all
from tests.bench.measuring import Row, Size, row
from tests.bench.parts import Services, connected, fresh_parts
from tests.bench.season import lines

CLIENTS = 16
THEQ = 8.0


async def ours(services: Services, requests: int, given: set[tuple[str, str]]) -> float:
    """Check-ins per second. Raises if a ticket is given twice or is missing."""
    before = len(given)
    messages = check_ins(requests, "/intake/api/v1/visits/", desk_headers(services))
    load = await send_all(services.stack.ports["intake"], messages, CLIENTS)
    given |= {(visit["centre"], visit["ticket"]) for visit in accepted(load.answers)}
    if len(given) != before + requests:
        raise RuntimeError(f"{requests} check-ins gave {len(given) - before} different tickets")
    return load.per_second


async def store_the_past(services: Services, visits: int) -> None:
    """Import so many past visits."""
    token = local_token(services.stack.folder)
    headers = {"Authorization": f"Bearer {token}"}
    past = lines("visits", visits)
    for start in range(0, visits, 10_000):
        body = b"".join(past[start : start + 10_000])
        answer = await send_all(
            services.stack.ports["intake"], [request("POST", "/intake/api/v1/visits/import", body, headers)], 1
        )
        if answer.answers[0].status != 200:
            raise RuntimeError(f"the past visits were refused: {answer.answers[0].body[:300]!r}")
    async with connected(services.parts.postgres.url("cefo_intake")) as store:
        if (stored := await store.fetchval("select count(*) from visits")) != visits:
            raise RuntimeError(f"{visits} past visits were sent, {stored} are stored")


async def measure(size: Size) -> list[Row]:
    """Measure the row."""
    requests, past = size.of(3000, 200), size.of(50_000, 500)
    given = set[tuple[str, str]]()
    with fresh_parts() as parts, Services(parts) as services:
        await start_intake(services)
        await store_the_past(services, past)
        own = [await ours(services, requests, given) for _ in range(size.rounds)]
    return [
        row(
            "i",
            f"complete check-ins at {CLIENTS} clients with {past:,} past visits, every ticket distinct"
            f" ({requests:,} a round, {len(CODES)} centres)",
            "check-ins/s",
            ours=own,
            comparator=[THEQ],
            against="TheQ on such a machine (as seen, not run here)",
            target=400,
            absolute=True,
        )
    ]
