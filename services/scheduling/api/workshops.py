"""Workshops, seats and attendance."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.service.definition import Runtime
from services.chassis.web import Body, Reading, Router, Running, Working
from services.contracts.envelope import StaffCode
from services.contracts.scheduling import Side
from services.contracts.text import Key, Name
from services.contracts.values import Moment, Whole, YesNo
from services.scheduling.actions import attendance, workshops
from services.scheduling.api.roles import PREFIX, CentreCode, Change, Counsellor
from services.scheduling.claims import required_staff_code
from services.scheduling.domain.rooms import CAPACITY_MOST
from services.scheduling.domain.rules import CancelReason
from services.scheduling.domain.series import FACILITATORS_MOST, SESSIONS_MOST
from services.scheduling.domain.states import SeatStatus, WorkshopStatus, is_lapsed, is_offered
from services.scheduling.settings import answer_of, horizon_of
from services.scheduling.store import Workshop
from services.scheduling.store.offers import queue_at
from services.scheduling.store.workshops import (
    attendance_of,
    participants_and_waitlist,
    people_to_inform,
    sessions_of,
    workshops_of,
)

router = Router(f"{PREFIX}/workshops", tags=["workshops"])


class NewSession(Body):
    """One session."""

    starts_at: Moment
    minutes: Annotated[int, Whole(15, 480)]


class WorkshopFacts(Body):
    """What a workshop is. `title` must not mention a person."""

    area: Key | None = None
    title: Name
    counsellor: StaffCode | None = Field(None, description="The first facilitator; by default the caller.")
    facilitators: list[StaffCode] = Field(
        [], max_length=FACILITATORS_MOST, description="All of them, in their order; `counsellor` comes first."
    )
    room: StaffCode | None = Field(None, description="The code of a room from the list of the centre.")
    seats: Annotated[int, Whole(1, CAPACITY_MOST)] | None = Field(
        None, description="By default as many as the room has, and never more."
    )
    outside_usual_hours: YesNo = Field(
        False, description="Also outside the opening hours, and the working hours of the facilitators."
    )
    while_busy: YesNo = Field(False, description="Also while another calendar of a facilitator is busy.")

    def led_by(self, caller: Person) -> list[str]:
        """The facilitators, in their order."""
        named = [self.counsellor] if self.counsellor is not None else []
        return [*named, *self.facilitators] or [required_staff_code(caller)]


class Announcement(WorkshopFacts):
    """A new workshop with its seats and sessions."""

    centre: CentreCode
    published: YesNo = Field(True, description="Whether it stands on the centre's public page.")
    sessions: list[NewSession] = Field(min_length=1, max_length=SESSIONS_MOST)


class WorkshopCancellation(Change):
    """Why the workshop is cancelled."""

    reason: CancelReason


class AttendanceOf(Change):
    """`came`: the seats present; all others were absent."""

    came: list[UUID] = Field(max_length=200)


class SessionOut(BaseModel):
    """One session, with its attendance once recorded."""

    id: UUID
    starts_at: datetime
    minutes: int
    recorded_at: datetime | None
    came: list[UUID] | None = None


class SeatOut(BaseModel):
    """A seat, or a waitlist entry."""

    id: UUID
    workshop_id: UUID
    subject_ref: UUID | None
    path_id: UUID | None
    status: SeatStatus
    place: int
    offer_until: datetime | None = Field(description="Until when the offer can be answered, of an offered seat.")
    cancelled_by: Side | None
    reason: str | None


class WorkshopOut(BaseModel):
    """A workshop."""

    id: UUID
    version: int
    centre: str
    area: str | None
    title: str
    counsellor: str
    facilitators: list[str]
    room: str | None
    seats: int
    taken: int
    offered: int = Field(description="Seats that are kept for those to whom they are offered.")
    status: WorkshopStatus
    published: bool
    first_at: datetime
    last_at: datetime
    reason: str | None


class WorkshopInFull(WorkshopOut):
    """A workshop with its sessions and seats. `waitlist`: those who wait, and those to whom a seat is offered.

    `informed`: how many people get a message when its sessions change, or it is cancelled.
    """

    sessions: list[SessionOut]
    participants: list[SeatOut]
    waitlist: list[SeatOut]
    informed: int


@router.post("", status_code=201)
async def announce_workshop(body: Announcement, work: Working, running: Running, person: Counsellor) -> WorkshopInFull:
    """Announce a workshop. Without `counsellor`: by the caller."""
    person.at(body.centre)
    first, *others = body.led_by(person)
    workshop = await workshops.announce(
        work,
        centre=body.centre,
        area=body.area,
        title=body.title,
        counsellor=first,
        more_facilitators=others,
        room=body.room,
        seats=body.seats,
        sessions=[(session.starts_at, session.minutes) for session in body.sessions],
        horizon=horizon_of(running),
        published=body.published,
        outside_usual_hours=body.outside_usual_hours,
        while_busy=body.while_busy,
    )
    await work.session.flush()
    return await in_full(work.session, workshop, running)


@router.get("")
async def list_workshops(
    read: Reading,
    running: Running,
    person: Counsellor,
    centre: CentreCode,
    since: Annotated[
        Moment | None, Query(description="Workshops that end later than this; by default 31 days ago.")
    ] = None,
    after: Annotated[UUID | None, Query(description="The last workshop of the previous page.")] = None,
    limit: Annotated[int, Whole(1, 200)] = 100,
) -> list[WorkshopOut]:
    """A centre's workshops, in order of start."""
    person.at(centre)
    ends_after = since or running.clock() - timedelta(days=31)
    rows = await workshops_of(read, centre, ends_after, after, limit)
    return [WorkshopOut.model_validate(row, from_attributes=True) for row in rows]


@router.get("/{id}")
async def get_workshop(id: UUID, read: Reading, running: Running, person: Counsellor) -> WorkshopInFull:
    """One workshop with its sessions, seats and waitlist."""
    workshop = own(await read.get(Workshop, id), person, msg("workshop"))
    return await in_full(read, workshop, running)


@router.post("/{id}/cancel")
async def cancel_workshop(id: UUID, body: WorkshopCancellation, work: Working, person: Counsellor) -> WorkshopOut:
    """Cancel a workshop."""
    workshop = own(await work.find(Workshop, id), person, msg("workshop"))
    await workshops.cancel_workshop(work, workshop, reason=body.reason.value, version=body.version)
    return WorkshopOut.model_validate(workshop, from_attributes=True)


@router.post("/{id}/sessions/{session_id}/attendance")
async def record_attendance(
    id: UUID, session_id: UUID, body: AttendanceOf, work: Working, running: Running, person: Counsellor
) -> WorkshopInFull:
    """Record a session's attendance. The last session's makes the finalising sessions due.

    Sent again, it corrects the attendance, until 7 days after that of the last session was recorded. Nobody is made
    absent from the last session whose final interview is booked or held.
    """
    workshop = own(await work.find(Workshop, id), person, msg("workshop"))
    await attendance.record_attendance(work, workshop, session_id, body.came, body.version)
    await work.session.flush()
    return await in_full(work.session, workshop, running)


async def in_full(session: AsyncSession, workshop: Workshop, running: Runtime) -> WorkshopInFull:
    """The response for a workshop with its sessions, and its seats and waitlist as they stand now."""
    meetings = await sessions_of(session, workshop.id)
    recorded = await attendance_of(session, [meeting.id for meeting in meetings if meeting.recorded_at])
    came = {
        meeting.id: [seat for (of, seat), row in recorded.items() if of == meeting.id and row.attended]
        for meeting in meetings
        if meeting.recorded_at
    }
    participants, queued = await participants_and_waitlist(session, workshop.id)
    standings = await queue_at(session, workshop, queued, running.clock(), answer_of(running))
    waitlist = [
        SeatOut.model_validate(seat, from_attributes=True).model_copy(update={"status": status, "offer_until": until})
        for seat in queued
        for status, until in [standings[seat.id]]
        if not is_lapsed(status)
    ]
    facts = WorkshopOut.model_validate(workshop, from_attributes=True)
    facts.offered = sum(is_offered(one.status) for one in waitlist)
    return WorkshopInFull(
        **facts.model_dump(),
        sessions=[
            SessionOut(
                **meeting.model_dump(include={"id", "starts_at", "minutes", "recorded_at"}), came=came.get(meeting.id)
            )
            for meeting in meetings
        ],
        participants=[SeatOut.model_validate(seat, from_attributes=True) for seat in participants],
        waitlist=waitlist,
        informed=await people_to_inform(session, workshop.id),
    )
