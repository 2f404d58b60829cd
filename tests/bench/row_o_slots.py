"""The free times of a month at twelve centres, with sixty counsellors: at most 100 ms of a core, the reading included.

A round reads what is taken from a SQLite store, as `cefo up` has it, and computes where an hour is free, for every
counsellor. Each has four appointments on every working day. The comparator reads the same quarter-hours as plain rows,
and computes nothing. Of a core and not of a clock, so that what else runs on the machine does not count.
"""

import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.centres import centre_copies
from services.chassis.storage.store import Store
from services.chassis.testing import store_of
from services.directory.domain.centres import CENTRES
from services.scheduling.app import SERVICE
from services.scheduling.domain.times import HORIZON, quarters
from services.scheduling.store import Centre, QuarterHour
from services.scheduling.store.slots import Search, calendars_of, free_times
from tests.bench.measuring import Row, Size, in_turns, row
from tests.givens.scheduling import account_of, liege, react

BRUSSELS = ZoneInfo("Europe/Brussels")
FIRST = date(2026, 3, 2)
DAYS, COUNSELLORS = 31, 5
"""Days of the month; counsellors of a centre."""
HOURS = (9, 10, 13, 15)
"""When an appointment of an hour begins."""
MS = 100.0


async def fill(store: Store, centres: int) -> int:
    """Centres, counsellors and their appointments; answers how many quarter-hours are taken."""
    codes = [one.code for one in CENTRES[:centres]]
    teams = {code: [f"{code}-c{number:02}" for number in range(1, COUNSELLORS + 1)] for code in codes}
    await react(store, [liege(code=code) for code in codes])
    await react(store, [account_of(one, centres=(code,)) for code, team in teams.items() for one in team])
    rows: list[dict[str, Any]] = []
    for day in (FIRST + timedelta(days=number) for number in range(DAYS)):
        for hour in HOURS if day.weekday() < 5 else ():
            starts_at = datetime(day.year, day.month, day.day, hour, tzinfo=BRUSSELS)
            for one in (one for team in teams.values() for one in team):
                holder = uuid4()
                rows += [
                    {"resource": f"counsellor:{one}", "quarter": quarter, "holder": holder}
                    for quarter in quarters(starts_at, 60)
                ]
    async with store.work() as work:
        await work.insert(QuarterHour, rows)
    return len(rows)


async def computed(store: Store) -> float:
    """Milliseconds of a core for the free hours of the month, of every counsellor."""
    now = datetime(2026, 3, 1, tzinfo=BRUSSELS)
    started = process_time()
    async with store.read() as session:
        centres = list((await centre_copies(session, Centre)).values())
        search = Search(FIRST, FIRST + timedelta(days=DAYS - 1), 60, now, HORIZON)
        found = await free_times(session, centres, await calendars_of(session, centres), search)
    spent = process_time() - started
    if len(found.free) != len(centres) * COUNSELLORS or not all(found.free.values()):
        raise RuntimeError("a counsellor has no free time")
    return spent * 1000


async def read_plainly(store: Store, expected: int) -> float:
    """Milliseconds of a core for reading the quarter-hours as rows."""
    rows = sa.select(col(QuarterHour.resource), col(QuarterHour.quarter))
    started = process_time()
    async with store.read() as session:
        found = (await session.execute(rows)).all()
    spent = process_time() - started
    if len(found) != expected:
        raise RuntimeError(f"{len(found)} of {expected} quarter-hours were read")
    return spent * 1000


async def measure(size: Size) -> list[Row]:
    """Measure the row."""
    centres = size.of(len(CENTRES), 2)
    with tempfile.TemporaryDirectory(prefix="cefo-bench-slots-") as folder:
        async with store_of(SERVICE, f"sqlite+aiosqlite:///{Path(folder) / 'scheduling.db'}") as store:
            taken = await fill(store, centres)
            await computed(store)  # the statements are compiled once
            own, other = await in_turns(size.rounds, lambda: computed(store), lambda: read_plainly(store, taken))
    return [
        row(
            "o",
            f"the free hours of {DAYS} days at {centres} centres, {centres * COUNSELLORS} counsellors",
            "ms",
            ours=own,
            comparator=other,
            against=f"reading their {taken:,} taken quarter-hours, nothing else",
            target=MS,
            better="at most",
            absolute=True,
        )
    ]
