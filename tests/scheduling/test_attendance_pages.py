"""Attendance on the page of a workshop, and the final interview that the page of a path then proposes."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import AttendanceRecorded
from services.scheduling.store import Interview, Seat, Session, Workshop
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import NADIA
from tests.scheduling.test_offers import IN_A_WEEK, full_workshop, press


async def sessions(client: Client, workshop: UUID) -> list[UUID]:
    async with client.store.read() as session:
        query = sa.select(col(Session.id)).where(col(Session.workshop_id) == workshop).order_by(col(Session.ordinal))
        return list(await session.scalars(query))


async def version(client: Client, workshop: UUID) -> int:
    async with client.store.read() as session:
        return (await session.get_one(Workshop, workshop)).version


async def record(client: Client, workshop: UUID, meeting: UUID, **form: Any) -> str:
    return await press(client, f"/scheduling/workshops/{workshop}/sessions/{meeting}", **form)


async def test_one_press_records_that_all_came_and_exceptions_are_corrected(desk: Client, clock: FixedClock) -> None:
    workshop, _people, entries = await full_workshop(desk.store, 1, places=3)
    first, _last = await sessions(desk, workshop)
    clock.now = IN_A_WEEK + timedelta(hours=1)
    seen = await version(desk, workshop)
    assert (await record(desk, workshop, first, all="yes", version=seen)).startswith("done:")
    recorded = await emitted_events(desk.store, AttendanceRecorded)
    assert {one.seat_id for one in recorded if one.attended} == set(entries[:3])
    assert (await record(desk, workshop, first, came=str(entries[0]), version=seen)).startswith("error:")
    assert len(await emitted_events(desk.store, AttendanceRecorded)) == 3, "an older page overwrites nothing"
    now = await version(desk, workshop)
    assert (await record(desk, workshop, first, came=str(entries[0]), version=now)).startswith("done:")
    assert [one.attended for one in (await emitted_events(desk.store, AttendanceRecorded))[3:]] == [False, False]


async def test_the_path_proposes_times_of_the_facilitator_for_the_final_interview(
    desk: Client, clock: FixedClock
) -> None:
    workshop, _people, entries = await full_workshop(desk.store, 0)
    _first, last = await sessions(desk, workshop)
    async with desk.store.read() as session:
        path = (await session.get_one(Seat, entries[0])).path_id
    page = f"/scheduling/paths/{path}"
    assert f'action="{page}/book"' not in (await desk.get(page)).text, "it is not due yet"
    clock.now = IN_A_WEEK + timedelta(days=7, hours=2)
    await record(desk, workshop, last, all="yes", version=await version(desk, workshop))
    html = unescape((await desk.get(page)).text)
    start = re.findall(r'name="starts_at" value="([^"]+)"', html)[0]
    assert f'name="counsellor" value="{NADIA}"' in html
    form = {"starts_at": start, "counsellor": NADIA, "minutes": "60"}
    assert (await press(desk, f"{page}/book", **form)).startswith("done:")
    (booked,) = await rows_of(desk.store, Interview)
    assert (booked.counsellor, booked.method, booked.minutes) == (NADIA, "collective", 60)
    assert f'action="{page}/book"' not in (await desk.get(page)).text, "there is one final interview"
