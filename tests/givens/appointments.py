"""Registered people with appointments at Liège, as scheduling publishes them to intake."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.chassis.storage.store import Store
from services.contracts.appointments import AppointmentMode
from services.contracts.queue import seat_appointment
from services.contracts.scheduling import (
    InterviewBooked,
    InterviewKind,
    InterviewMoved,
    Method,
    SeatTaken,
    WorkshopAnnounced,
    WorkshopSession,
)
from services.intake.actions import people
from services.intake.reactions import reactions
from services.intake.store.appointments import Appointment
from tests.givens.events import react_to
from tests.givens.intake import MONDAY, walks_in

NADIA = "liege-c01"
TEN = MONDAY + timedelta(hours=1)
"""Ten o'clock in Brussels, an hour after the centre opens."""


async def registered(
    store: Store, name: str = "Amélie Dupré", *, centre: str = "liege", purposes: tuple[str, ...] = ("guidance",)
) -> UUID:
    """A person who was registered at this centre before. Returns the reference."""
    given, _, family = name.partition(" ")
    async with store.work() as work:
        visit = await walks_in(work, uuid4(), centre=centre, queue=False)
        person = await people.register_visitor(
            work,
            visit.id,
            given_name=given,
            family_name=family,
            contact=None,
            language="fr",
            purposes=list(purposes),
            recorded_by="test",
        )
    return person.id


def booked(
    subject_ref: UUID | None,
    starts_at: datetime = TEN,
    *,
    centre: str = "liege",
    minutes: int = 60,
    mode: AppointmentMode = AppointmentMode.IN_PERSON,
) -> InterviewBooked:
    """An interview with Nadia."""
    return InterviewBooked(
        interview_id=uuid4(),
        kind=InterviewKind.GUIDANCE,
        centre=centre,
        counsellor=NADIA,
        room="liege-r1",
        starts_at=starts_at,
        minutes=minutes,
        subject_ref=subject_ref,
        path_id=uuid4(),
        method=Method.INDIVIDUAL,
        area="choose-path",
        mode=mode,
    )


def moved(
    booking: InterviewBooked,
    starts_at: datetime,
    counsellor: str = NADIA,
    mode: AppointmentMode = AppointmentMode.IN_PERSON,
) -> InterviewMoved:
    """This interview, at another time, with another counsellor or in another mode."""
    return InterviewMoved(
        interview_id=booking.interview_id,
        centre=booking.centre,
        counsellor=counsellor,
        room=None,
        starts_at=starts_at,
        minutes=booking.minutes,
        subject_ref=booking.subject_ref,
        area=booking.area,
        mode=mode,
    )


async def expects(store: Store, *events: InterviewBooked | InterviewMoved) -> None:
    """Intake learns of these bookings."""
    await react_to(store, reactions, events)


async def workshop_with(
    store: Store, *people: UUID, starts_at: datetime = TEN, room: str | None = None
) -> tuple[UUID, list[UUID]]:
    """A workshop of two weekly sessions with these people. Returns it, and their appointments for the first one."""
    workshop, sessions = uuid4(), [uuid4(), uuid4()]
    announced = WorkshopAnnounced(
        workshop_id=workshop,
        centre="liege",
        area="choose-path",
        counsellor=NADIA,
        room=room,
        seats=8,
        sessions=tuple(
            WorkshopSession(session_id=one, starts_at=starts_at + timedelta(weeks=week), minutes=120)
            for week, one in enumerate(sessions)
        ),
    )
    seats = [
        SeatTaken(workshop_id=workshop, seat_id=uuid4(), subject_ref=one, path_id=uuid4(), centre="liege", at=MONDAY)
        for one in people
    ]
    await react_to(store, reactions, [announced, *seats])
    return workshop, [seat_appointment(sessions[0], seat.seat_id) for seat in seats]


async def appointment(store: Store, id: UUID) -> Appointment | None:
    """Intake's copy of it."""
    async with store.read() as session:
        return await session.get(Appointment, id)
