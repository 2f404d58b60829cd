"""The code of a workshop's session on the facilitator's screen, and the page that it opens on a telephone."""

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col
from starlette.responses import Response

from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import Refused, msg
from services.chassis.service.definition import Runtime
from services.chassis.web import Body, Reading, Router, Running, anyone, apply_form, by_field, limited, page, read_form
from services.contracts.roles import Role
from services.contracts.text import Line, Text
from services.intake.actions.presence import arrive_here, presence_address, session_in
from services.intake.actions.tickets import qr_image
from services.intake.domain.presence import CodeExpired, check_session_open
from services.intake.pages.views import Team, load_centre
from services.intake.store.appointments import Appointment, WorkshopSession

router = Router("/intake", pages=True)
Anyone = Annotated[Person | None, anyone]


class HereForm(Body):
    """The code of the appointment, of who has no personal link open."""

    code: Annotated[str, Text(40)] = ""


@router.get("/sessions/{id}/code")
async def session_code(id: UUID, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """The code of a session for the room's screen. It shows no name."""
    return await _code_page(request, read, running, id, person, "intake/session_code.html")


@router.get("/sessions/{id}/code/part")
async def session_code_part(id: UUID, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """A new code, for the page that shows it."""
    return await _code_page(request, read, running, id, person, "intake/session_code_part.html")


async def _code_page(
    request: Request, session: AsyncSession, running: Runtime, id: UUID, person: Person, template: str
) -> Response:
    meeting = own(await session.get(WorkshopSession, id), person, msg("session of this workshop"))
    centre = await load_centre(session, meeting.centre)
    refusal = None
    try:
        check_session_open(meeting.starts_at, meeting.ends_at, running.clock(), centre.zone)
    except Refused as refused:
        refusal = refused
    counts = sa.select(sa.func.count(), sa.func.count(col(Appointment.arrived_at)))
    of_it = (col(Appointment.workshop_id) == meeting.workshop_id, col(Appointment.session_id) == id)
    expected, arrived = (await session.execute(counts.where(*of_it))).one()
    address = presence_address(request.app.state.signer, request.app.state.settings.public_url, id)
    return page(
        request,
        template,
        meeting=meeting,
        leads=person.has(Role.COUNSELLOR),  # the front desk does not see workshops
        centre_name=centre.name,
        expected=expected,
        arrived=arrived,
        qr=qr_image(address) if refusal is None else None,
        refusal=None if refusal is None else next(iter(by_field(refusal).values())),
    )


@router.get("/mine/here/{secret}")
async def here(secret: Line, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """Asks the participant to record the arrival: opening an address changes nothing."""
    return await _here_page(request, read, running, secret, person)


@router.post("/mine/here/{secret}", dependencies=[limited("code")])
async def arrive(secret: Line, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """Record the arrival of the visitor whose personal link is open, or who has this code.

    A visitor who has no place by their link is asked for a code: two people may share a telephone.
    """
    session_id = session_in(request.app.state.signer, secret)
    refs = person.references if person is not None and person.has(Role.VISITOR) else ()
    form, _typed, errors = await read_form(request, HereForm)
    if form is not None:
        typed = form.code if form.code or not refs else None
        arrived, errors = await apply_form(
            request, running, lambda work: arrive_here(work, session_id, refs=refs, typed=typed)
        )
        if arrived is not None:
            return page(request, "intake/here.html", arrived=True, starts_at=arrived[1])
    return await _here_page(request, read, running, secret, person, status=422, error=next(iter(errors.values()), None))


async def _here_page(
    request: Request,
    session: AsyncSession,
    running: Runtime,
    secret: str,
    person: Person | None,
    *,
    status: int = 200,
    error: str | None = None,
) -> Response:
    session_id = session_in(request.app.state.signer, secret)
    meeting = await session.get(WorkshopSession, session_id)
    if meeting is None:
        raise CodeExpired()
    return page(
        request,
        "intake/here.html",
        status=status,
        arrived=False,
        secret=secret,
        known=person is not None and person.has(Role.VISITOR) and error is None,
        error=error,
        starts_at=meeting.starts_at,
        centre_name=(await load_centre(session, meeting.centre)).name,
    )
