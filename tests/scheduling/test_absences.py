"""Absences and what is booked in them: moved, offered, listed, and changed by two at once."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.scheduling.actions import availability
from services.scheduling.domain import refusals
from tests.givens.scheduling import LIEGE, NADIA, TOM, Visitor, account_of, liege, react
from tests.scheduling.test_guidance import TUESDAY, book, other_path, take_path
from tests.scheduling.test_pages import press, see
from tests.scheduling.test_working_hours import BRUSSELS, OF_LIEGE, OF_MONS, PAGE, free, is_away, move


@pytest.mark.parametrize("begins", [timedelta(0), timedelta(hours=-1)])
async def test_an_appointment_in_an_absence_is_not_moved_within_it(
    store: Store, adult: Visitor, clock: FixedClock, begins: timedelta
) -> None:
    booked = await book(store, await take_path(store, adult))
    async with store.work() as work:
        ends = TUESDAY + timedelta(minutes=30)
        await availability.add_absence(work, uuid4(), NADIA, TUESDAY + begins, ends, BRUSSELS)
    offered = await free(store, clock, besides=booked.id)
    assert ("10:00" in offered, "10:15" in offered, "10:30" in offered) == (False, False, True)
    with pytest.raises(refusals.CounsellorAway):
        await move(store, booked.id, starts_at=TUESDAY + timedelta(minutes=15))
    await move(store, booked.id, starts_at=TUESDAY + timedelta(minutes=30))


async def test_a_manager_sees_what_their_own_centres_have_booked(desk: Client, known: Visitor) -> None:
    await react(desk.store, [liege(code="mons"), account_of(NADIA, version=2, centres=(LIEGE, "mons"))])
    await book(desk.store, await take_path(desk.store, known))
    await is_away(desk.store)
    desk.signed_in(OF_MONS)
    assert "Rendez-vous en dehors de ces heures" not in await see(desk, PAGE)
    desk.signed_in(OF_LIEGE)
    assert "Rendez-vous en dehors de ces heures" in await see(desk, PAGE)


async def test_a_refused_time_is_not_offered_again_while_the_room_is_taken(desk: Client, known: Visitor) -> None:
    await book(desk.store, await other_path(desk.store), counsellor=TOM)
    form = {"person": str(known.subject_ref), "date": "2026-03-03", "time": "10:00", "minutes": "60"}
    asked = await press(desk, "/interviews/new", 422, counsellor=NADIA, room="salle-1", **form)
    assert "time=11%3A00&amp;counsellor=liege-c01" in asked
    assert "time=10%3A00" not in asked
