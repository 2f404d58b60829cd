"""Today's appointments, and the arrival of their visitors: by the team, or with the code that the visitor has."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field

from services.chassis.copies.centres import known_centre
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.web import Body, Reading, Router, Running, Working, allow, limited
from services.contracts.intake import Channel
from services.contracts.roles import Role
from services.contracts.text import Key, Text
from services.contracts.values import Whole, YesNo
from services.intake.actions import appointments, linking
from services.intake.actions.tickets import qr_image, ticket_address
from services.intake.api.visits import Team, VisitOut
from services.intake.domain.appointments import AppointmentKind, Timing, UnknownCode, code_in
from services.intake.store import Centre, Visit
from services.intake.store.appointments import Appointment, expected_visitors, is_of_day

router = Router("/intake/api/v1", tags=["intake"])

Desk = Annotated[Person, allow(Role.FRONT_DESK, Role.KIOSK)]


class AppointmentOut(BaseModel):
    """An appointment of today. Who it is, is behind the reference; the code is the visitor's."""

    id: UUID
    kind: AppointmentKind
    centre: str
    area: str | None
    subject_ref: UUID
    counsellor: str
    room: str | None
    starts_at: datetime
    ends_at: datetime
    arrived_at: datetime | None
    visit_id: UUID | None = Field(description="The visit of the arrival.")
    timing: Timing

    @classmethod
    def of(cls, row: Appointment, now: datetime) -> Self:
        """The response for an appointment, at this time."""
        return cls.model_validate({**row.model_dump(), "timing": row.timing(now)})


class Arriving(Body):
    """A visitor arrives with a code."""

    centre: Key
    code: Annotated[str, Text(40)] = Field(description="Ten digits; spaces, dots and hyphens do not matter.")
    channel: Literal[Channel.DESK, Channel.KIOSK] = Channel.KIOSK


class ArrivedOut(BaseModel):
    """An arrival that was recorded. Nothing tells who it is."""

    visit_id: UUID
    ticket: str | None = Field(description="None for a workshop: the visitor goes to its room and does not wait.")
    ticket_page: str | None
    ticket_qr: str | None = Field(description="The QR code of `ticket_page`, an SVG image as a `data:` URI.")


@router.get("/appointments")
async def list_appointments(
    read: Reading,
    running: Running,
    person: Team,
    centre: Key,
    after: Annotated[UUID | None, Query(description="The last appointment of the previous page.")] = None,
    limit: Annotated[int, Whole(1, 200)] = 200,
) -> list[AppointmentOut]:
    """A centre's appointments of today, in order of time."""
    copy = await known_centre(read, Centre, person.at(centre))
    found = await expected_visitors(read, is_of_day(copy, running.clock()), limit, after=after)
    return [AppointmentOut.of(one.appointment, running.clock()) for one in found]


@router.post("/appointments/arrivals", dependencies=[limited("code")])
async def arrive_with(
    body: Arriving,
    request: Request,
    work: Working,
    person: Desk,
    qr: Annotated[YesNo, Query(description="Whether the answer has `ticket_qr`.")] = False,
) -> ArrivedOut:
    """Check in the visitor who has this code. Sent again, the answer is the same visit."""
    await known_centre(work.session, Centre, body.centre)
    centre, code = person.at(body.centre), code_in(body.code)
    if code is None:
        raise UnknownCode()
    visit = await appointments.arrive_with(work, centre, code, body.channel)
    state = request.app.state
    address = ticket_address(state.signer, state.settings.public_url, visit.id) if visit.ticket else None
    return ArrivedOut(
        visit_id=visit.id,
        ticket=visit.ticket,
        ticket_page=address,
        ticket_qr=qr_image(address) if address is not None and qr else None,
    )


@router.post("/appointments/{id}/arrival")
async def arrive(id: UUID, work: Working, person: Team) -> VisitOut:
    """Check in the visitor of this appointment: a visit with priority. Sent again, the answer is the same visit."""
    own(await work.find(Appointment, id), person, msg("appointment"))
    return VisitOut.of(await appointments.arrive(work, id, Channel.DESK, by=person))


class Linking(Body):
    """The visit whose ticket was taken before."""

    visit_id: UUID


@router.put("/appointments/{id}/arrival")
async def link(id: UUID, body: Linking, work: Working, person: Team) -> VisitOut:
    """A visit that is already in the queue is that of this interview. It keeps its ticket, and has priority."""
    own(await work.find(Appointment, id), person, msg("appointment"))
    own(await work.find(Visit, body.visit_id), person, msg("visit"))
    return VisitOut.of(await linking.link(work, id, body.visit_id, person))


@router.delete("/appointments/{id}/arrival", status_code=204)
async def undo(
    id: UUID,
    work: Working,
    person: Team,
    visit_id: Annotated[UUID, Query(description="The visit of this arrival. Another one by now: refused, 409.")],
) -> None:
    """Take back an arrival that was recorded by mistake: its visit ends and does not count. A linked one goes on."""
    own(await work.find(Appointment, id), person, msg("appointment"))
    await appointments.undo_arrival(work, id, visit_id)
