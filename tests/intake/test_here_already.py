"""Who is at the centre already: recorded as present by the counsellor, or in the queue with another ticket."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.intake import Channel
from services.contracts.scheduling import AttendanceRecorded
from services.intake.actions import appointments
from services.intake.domain.appointments import Timing
from services.intake.reactions import reactions
from services.intake.store import Centre
from services.intake.store.appointments import Appointment, numbers_expected
from tests.givens.appointments import TEN, appointment, registered, workshop_with
from tests.givens.events import react_to


def attended(workshop_id: UUID, seat: Appointment, *, came: bool, at: datetime) -> AttendanceRecorded:
    assert seat.session_id is not None
    assert seat.seat_id is not None
    return AttendanceRecorded(
        workshop_id=workshop_id,
        session_id=seat.session_id,
        seat_id=seat.seat_id,
        subject_ref=seat.subject_ref,
        path_id=uuid4(),
        centre="liege",
        at=at,
        attended=came,
        final=False,
    )


async def test_who_is_recorded_as_present_by_the_counsellor_is_not_awaited_at_the_desk(
    store: Store, clock: FixedClock
) -> None:
    workshop, (first, second) = await workshop_with(
        store, await registered(store), await registered(store, "Zoé Petit")
    )
    clock.now = TEN + timedelta(minutes=10)

    async def missing_and_late() -> tuple[int, int]:
        async with store.read() as session:
            return await numbers_expected(session, await session.get_one(Centre, "liege"), clock.now)

    async def seat(id: UUID) -> Appointment:
        found = await appointment(store, id)
        assert found is not None
        return found

    assert await missing_and_late() == (2, 2)
    async with store.work() as work:
        arrived = (await appointments.arrive(work, second, Channel.DESK)).id
    for came in (True, False, True):
        events = [attended(workshop, await seat(id), came=came, at=clock.now) for id in (first, second)]
        await react_to(store, reactions, events)
        assert await missing_and_late() == ((0, 0) if came else (1, 1))
        assert (await seat(first)).timing(clock.now) is (Timing.ARRIVED if came else Timing.LATE)
        kept = await seat(second)
        assert (kept.visit_id, kept.timing(clock.now)) == (arrived, Timing.ARRIVED_LATE), "an arrival stays"
    async with store.work() as work:
        visit = await appointments.arrive(work, first, Channel.KIOSK)
    assert (await seat(first)).visit_id == visit.id, "a code that comes later is an arrival"
    gone = attended(workshop, await seat(first), came=True, at=clock.now).model_copy(update={"session_id": uuid4()})
    await react_to(store, reactions, [gone])  # the copy is gone with its day
