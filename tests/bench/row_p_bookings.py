"""Bookings per second where four people want each time at once, and free slots per second; against bare inserts.

Ours: scheduling in one process on PostgreSQL with synchronous commit, asked over its JSON API by 16 clients. A booking
checks the role, the centre, the path and its rules, working hours, absences, closures and the calendars of both, and
commits the interview with its quarter-hours and its outbox row; three of four are refused, and their answer names the
next three free times. Row q is the same process listing the free hours of a centre's week in pages of 200. The
comparator has the same primary key, of calendar and quarter-hour, and inserts rows: those of a booking, or 200 slots
that a search would only have to read. It checks nothing. A booking counts if it is accepted; refusals take time.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, islice
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import orjson

from services.chassis.storage.store import Store
from services.chassis.testing import store_of
from services.contracts.scheduling import Method
from services.launcher.commands.client import local_token
from services.scheduling.app import SERVICE
from services.scheduling.store import GuidancePath
from tests.bench.check_ins import CODES, wait_for_centres
from tests.bench.comparators.slot_app import PAGE
from tests.bench.load import Load, request, send_all
from tests.bench.measuring import Row, Size, in_turns, row
from tests.bench.parts import Parts, Services, connected, fresh_parts
from tests.bench.row_e_check_in import insert_app
from tests.givens.scheduling import Visitor, account_of, react

CLIENTS, RIVALS, COUNSELLORS = 16, 4, 5
"""People who want each time; counsellors of a centre."""
HOURS = (9, 10, 13, 14)
"""At which all twelve centres are open."""
API = "/scheduling/api/v1"
BRUSSELS = ZoneInfo("Europe/Brussels")


@dataclass
class Calendars:
    """Scheduling in a process with its counsellors, and the working days that nobody has booked yet."""

    services: Services
    store: Store
    headers: dict[str, str]
    day: date = field(default_factory=lambda: datetime.now(UTC).date() + timedelta(days=7))

    @property
    def port(self) -> int:
        """Where scheduling answers."""
        return self.services.stack.ports["scheduling"]

    def next_day(self) -> date:
        """The next working day."""
        self.day += timedelta(days=1)
        while self.day.weekday() >= 5:
            self.day += timedelta(days=1)
        return self.day

    def times(self, number: int) -> list[tuple[str, datetime]]:
        """So many times of counsellors that are free."""
        found: list[tuple[str, datetime]] = []
        while len(found) < number:
            day = self.next_day()
            starts = [datetime(day.year, day.month, day.day, hour, tzinfo=BRUSSELS) for hour in HOURS]
            found += [(code_of(centre, one), at) for at in starts for centre in CODES for one in range(COUNSELLORS)]
        return found[:number]


def code_of(centre: str, number: int) -> str:
    """The code of a counsellor."""
    return f"{centre}-c{number + 1:02}"


@asynccontextmanager
async def opened(services: Services) -> AsyncGenerator[Calendars]:
    """Scheduling in its own process, with the twelve centres that the directory published and sixty counsellors."""
    services.start("scheduling", "directory")
    await wait_for_centres(services, "scheduling")
    services.stop("directory")
    token = local_token(services.stack.folder, "counsellor", list(CODES))
    async with store_of(SERVICE, services.parts.database("cefo_scheduling")) as store:
        await react(
            store,
            [account_of(code_of(one, number), centres=(one,)) for one in CODES for number in range(COUNSELLORS)],
        )
        yield Calendars(services, store, {"Authorization": f"Bearer {token}"})


async def paths_of(store: Store, centres: Sequence[str]) -> list[UUID]:
    """A path at each of these centres, of another person each."""
    people = [Visitor(centre) for centre in centres]
    await react(store, [one.registered() for one in people], in_one_batch=True)
    now, method, ids = store.clock(), Method.INDIVIDUAL.value, [uuid4() for _ in people]
    async with store.work() as work:
        for id, one in zip(ids, people, strict=True):
            facts = {"subject_ref": one.subject_ref, "centre": one.centre, "method": method, "opened_at": now}
            work.add(GuidancePath.model_validate({"id": id, "correlation_id": id, **facts}))
    return ids


async def bookings(calendars: Calendars, number: int) -> float:
    """Accepted bookings per second: each of so many times is wanted by `RIVALS` people at once."""
    wanted = [one for one in calendars.times(number) for _ in range(RIVALS)]
    paths = await paths_of(calendars.store, [counsellor.rpartition("-")[0] for counsellor, _at in wanted])
    bodies = [
        {"path_id": str(path), "counsellor": counsellor, "starts_at": at.isoformat(), "minutes": 60}
        for path, (counsellor, at) in zip(paths, wanted, strict=True)
    ]
    target = f"{API}/interviews"
    load = await send_all(
        calendars.port, [request("POST", target, orjson.dumps(one), calendars.headers) for one in bodies], CLIENTS
    )
    check_each_time_was_won_once(load, number)
    if any(b'"next_free":[{' not in one.body for one in load.answers if one.status == 409):
        raise RuntimeError("a refusal names no other time")
    async with connected(calendars.services.parts.postgres.url("cefo_scheduling")) as store:
        held = await store.fetchval("select count(distinct holder) from quarter_hours")
        if held != await store.fetchval("select count(*) from interviews"):
            raise RuntimeError("an interview has no quarter-hours")
    return number / load.seconds


async def bare_bookings(parts: Parts, port: int, number: int, first: date) -> float:
    """The same with the comparator."""
    at = datetime(first.year, first.month, first.day, 8, tzinfo=UTC)
    people = [(str(uuid4()), str(uuid4())) for _ in range(number)]
    bodies: list[dict[str, Any]] = [
        {"counsellor": counsellor, "person": str(uuid4()), "starts_at": at.isoformat(), "minutes": 60}
        for counsellor, _ in people
        for _ in range(RIVALS)
    ]
    load = await send_all(port, [request("POST", "/bookings", orjson.dumps(one)) for one in bodies], CLIENTS)
    check_each_time_was_won_once(load, number)
    async with connected(parts.postgres.url("slot_app")) as store:
        if await store.fetchval("select count(*) from taken_quarters") % (number * 8):
            raise RuntimeError("a booking has not all of its quarter-hours")
    return number / load.seconds


def check_each_time_was_won_once(load: Load, number: int) -> None:
    """Raise unless so many were accepted, and all others refused because the time was taken."""
    statuses = [one.status for one in load.answers]
    if (statuses.count(201), statuses.count(409)) != (number, number * (RIVALS - 1)):
        other = next((one.body[:300] for one in load.answers if one.status not in (201, 409)), b"")
        raise RuntimeError(f"{number} times gave {statuses.count(201)} bookings of {len(statuses)}: {other!r}")


async def slots(calendars: Calendars, pages: int) -> float:
    """Free slots per second, in pages of 200: each of another centre's week."""
    first = datetime.now(UTC).date() + timedelta(days=90)
    weeks = ((code, first + timedelta(days=7 * week)) for week in cycle(range(20)) for code in CODES)
    targets = [
        f"{API}/slots?centre={code}&from={day}&until={day + timedelta(days=6)}&limit={PAGE}"
        for code, day in islice(weeks, pages)
    ]
    load = await send_all(calendars.port, [request("GET", one, b"", calendars.headers) for one in targets], CLIENTS)
    found = [len(orjson.loads(one.body)) if one.status == 200 else 0 for one in load.answers]
    if set(found) != {PAGE}:
        raise RuntimeError(f"pages of {sorted(set(found))} slots, the first: {load.answers[0].body[:300]!r}")
    return sum(found) / load.seconds


async def stored_slots(port: int, pages: int) -> float:
    """Slots per second that the comparator inserts, in pages of 200."""
    load = await send_all(port, [request("POST", f"/slots/{uuid4()}") for _ in range(pages)], CLIENTS)
    if any(one.status != 201 for one in load.answers):
        raise RuntimeError("the comparator refused slots")
    return pages * PAGE / load.seconds


async def measure(size: Size) -> list[Row]:
    """Measure both rows."""
    times, pages = size.of(200, 20), size.of(300, 20)
    with fresh_parts() as parts, Services(parts) as services:
        process, port = await insert_app(parts, "slot_app")
        try:
            async with opened(services) as calendars:
                day = calendars.day
                won = await in_turns(
                    size.rounds,
                    lambda: bookings(calendars, times),
                    lambda: bare_bookings(parts, port, times, day),
                )
                listed = await in_turns(size.rounds, lambda: slots(calendars, pages), lambda: stored_slots(port, pages))
        finally:
            process.terminate()
            process.wait(10)
    return [
        row(
            "p",
            f"bookings where {RIVALS} people want each time, {CLIENTS} clients, {RIVALS - 1} of {RIVALS} refused with"
            f" other times ({times:,} times a round)",
            "bookings/s",
            ours=won[0],
            comparator=won[1],
            against="bare inserts of the quarter-hours with the same key, refused without an answer to go on with",
            target=0.2,
        ),
        row(
            "q",
            f"free slots listed by the JSON API, in pages of {PAGE} ({pages:,} a round)",
            "slots/s",
            ours=listed[0],
            comparator=listed[1],
            against="bare inserts of such slots as rows with a key",
            target=1,
        ),
    ]
