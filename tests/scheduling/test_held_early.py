"""An appointment that took place before its time is where the team says that it was: in the agenda and the figures."""

from datetime import datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import InterviewHeld, InterviewStarted
from services.scheduling.actions import arrivals, guidance, resuming
from services.scheduling.domain import refusals
from services.scheduling.store import Interview
from tests.givens.events import emitted_events
from tests.givens.rows import all_rows, rows_of
from tests.givens.scheduling import Visitor
from tests.scheduling.test_arrivals import ARRIVED_AT, arrives
from tests.scheduling.test_guidance import TUESDAY, book, change, take_path
from tests.scheduling.test_undone_ends import reserved, row

BOOKED = TUESDAY + timedelta(hours=4)
NOW = TUESDAY + timedelta(minutes=80)
BEGAN = TUESDAY - timedelta(minutes=20)
QUARTER = TUESDAY - timedelta(minutes=30)


@pytest.fixture
async def path(store: Store, adult: Visitor) -> UUID:
    return await take_path(store, adult)


async def test_it_is_where_it_began_and_counts_there_until_its_end_is_undone(
    store: Store, path: UUID, clock: FixedClock
) -> None:
    interview = (await book(store, path, BOOKED)).id
    times = await reserved(store, interview)
    clock.now = NOW
    await change(store, interview, guidance.hold, began_at=BEGAN)
    now = await row(store, interview)
    assert (now.status, now.starts_at, now.booked_for, now.ended_at) == ("fulfilled", QUARTER, BOOKED, NOW)
    assert await reserved(store, interview) == {QUARTER + timedelta(minutes=15) * number for number in range(4)}
    (held,) = await emitted_events(store, InterviewHeld)
    assert (held.starts_at, held.minutes) == (QUARTER, 60)
    await change(store, interview, resuming.resume)
    assert ((await row(store, interview)).starts_at, await reserved(store, interview)) == (BOOKED, times)


async def test_it_is_so_too_when_its_time_has_just_come(store: Store, path: UUID, clock: FixedClock) -> None:
    interview = (await book(store, path, BOOKED)).id
    clock.now = BOOKED + timedelta(minutes=1)
    await change(store, interview, guidance.hold, began_at=BEGAN)
    assert (await row(store, interview)).starts_at == QUARTER


async def test_what_began_after_its_time_stays_where_it_is_booked(store: Store, path: UUID, clock: FixedClock) -> None:
    interview = (await book(store, path, TUESDAY)).id
    clock.now = NOW
    await change(store, interview, guidance.hold, began_at=TUESDAY + timedelta(minutes=20))
    now = await row(store, interview)
    assert (now.starts_at, now.booked_for) == (TUESDAY, None)


async def test_what_was_started_began_then(store: Store, adult: Visitor, path: UUID, clock: FixedClock) -> None:
    interview = (await book(store, path, BOOKED)).id
    await arrives(store, clock, adult, interview)
    await change(store, interview, arrivals.receive)
    clock.now = NOW
    await change(store, interview, guidance.hold, began_at=BEGAN - timedelta(hours=1))
    assert (await row(store, interview)).starts_at == TUESDAY - timedelta(minutes=15), "its recorded start"


@pytest.mark.parametrize(
    ("began_at", "served_at"), [(BEGAN, ARRIVED_AT), (TUESDAY + timedelta(minutes=10), TUESDAY + timedelta(minutes=10))]
)
async def test_the_visitor_is_served_from_then_on_not_before_the_arrival(
    store: Store, adult: Visitor, path: UUID, clock: FixedClock, began_at: datetime, served_at: datetime
) -> None:
    interview = (await book(store, path, BOOKED)).id
    await arrives(store, clock, adult, interview)
    clock.now = NOW
    await change(store, interview, guidance.hold, began_at=began_at)
    (started,) = await emitted_events(store, InterviewStarted)
    assert started.at == served_at
    assert (await row(store, interview)).starts_at == (QUARTER if began_at == BEGAN else TUESDAY)


@pytest.mark.parametrize(
    ("began_at", "refusal"),
    [
        (NOW, refusals.InTheFuture),
        (BOOKED, refusals.InTheFuture),
        (NOW - timedelta(days=1), refusals.NotOfToday),
        (datetime(2026, 3, 2, 23, 59, tzinfo=BRUSSELS), refusals.NotOfToday),
    ],
)
async def test_it_began_earlier_today(
    store: Store, path: UUID, clock: FixedClock, began_at: datetime, refusal: type[Any]
) -> None:
    interview = (await book(store, path, BOOKED)).id
    clock.now = NOW
    before = await all_rows(store)
    with pytest.raises(refusal) as refused:
        await change(store, interview, guidance.hold, began_at=began_at)
    assert refused.value.about == "began_at"
    assert await all_rows(store) == before


async def test_the_page_asks_when_and_says_in_place_what_is_wrong(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    interview = (await book(desk.store, await take_path(desk.store, known), BOOKED)).id
    clock.now = NOW
    page, html = f"/scheduling/interviews/{interview}", {"accept": "text/html"}
    shown = unescape((await desk.get(page, headers=html)).text)
    assert 'name="began_at" type="time" value="10:15"' in shown, "an hour before the last full quarter-hour"
    for typed, why in (
        ("13:30", "Cette heure n’est pas encore passée"),
        ("demain", "Indiquez l’heure à laquelle l’entretien a commencé"),
        ("", "Indiquez l’heure à laquelle l’entretien a commencé"),
    ):
        answer = await desk.post(f"{page}/hold", data={"version": "1", "began_at": typed}, headers=html)
        text = unescape(answer.text)
        assert (answer.status_code, why in text) == (422, True), text
        assert f'name="began_at" type="time" value="{typed}"' in text
        assert '<a href="#began_at">' in text
        assert '<details class="confirm" open>' in text
    assert [one.status for one in await rows_of(desk.store, Interview)] == ["booked"]
    held = await desk.post(f"{page}/hold", data={"version": "1", "began_at": "09:40"}, headers=html)
    assert (held.status_code, held.headers["location"]) == (303, page)
    (kept,) = await rows_of(desk.store, Interview)
    assert (kept.status, kept.starts_at) == ("fulfilled", QUARTER)


async def test_programs_may_say_it(desk: Client, known: Visitor, clock: FixedClock) -> None:
    interview = (await book(desk.store, await take_path(desk.store, known), BOOKED)).id
    clock.now = NOW
    address = f"/scheduling/api/v1/interviews/{interview}/hold"
    refused = await desk.post(address, json={"began_at": BOOKED.isoformat()})
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["field"], error["rule"]) == (422, "began_at", "in-the-future")
    held = (await desk.post(address, json={"began_at": BEGAN.isoformat()})).json()
    assert datetime.fromisoformat(held["starts_at"]) == QUARTER
