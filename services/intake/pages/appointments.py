"""Who is expected today, and their arrival at the desk: by name, by code, or with a code reader that types."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col
from starlette.responses import Response

from services.chassis.copies.centres import centre_names
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.refusals import NotFound, Refused, msg
from services.chassis.runtime.clock import Clock
from services.chassis.web import (
    Board,
    Body,
    Reading,
    Router,
    Running,
    Working,
    apply_form,
    by_field,
    cause_of,
    limited,
    live_board,
    page,
    read_form,
    see_other,
)
from services.contracts.intake import Channel
from services.contracts.text import Key, Text
from services.intake.actions import appointments, linking, searching
from services.intake.actions.accesses import log_opening
from services.intake.actions.desks import counsellors_of
from services.intake.actions.references import groups_of, references_of
from services.intake.actions.tickets import qr_image
from services.intake.actions.visits import board
from services.intake.domain.accesses import AccessKind
from services.intake.domain.appointments import UnknownCode, code_in, in_groups
from services.intake.pages.views import SHOWN, Team, load_centre, with_timing
from services.intake.store import Centre, Visit, Visitor
from services.intake.store.appointments import (
    Appointment,
    Expected,
    appointment_with,
    expected_visitors,
    has_appointment,
    is_of_day,
    next_of_person,
    numbers_expected,
)

router = Router("/intake", pages=True)

SEARCHED = 200
"""Of how many of today's persons with a name the appointments are searched."""


class SearchForm(Body):
    """A name, a contact, or the code of an appointment."""

    name: Annotated[str, Text(160)] = ""


class OfList(Body):
    """Where the button is: the page of today's appointments is then shown again, otherwise the desk."""

    listed: Literal["yes"] | None = None

    def back(self, centre: str) -> str:
        """The page that is shown next."""
        return f"/intake/desk/{centre}{'/appointments' if self.listed else ''}"


class ArrivalForm(OfList):
    """The arrival that the page showed."""

    visit_id: UUID


@router.get("/desk/{centre}/appointments")
async def today(
    centre: Key,
    request: Request,
    read: Reading,
    running: Running,
    person: Team,
    after: UUID | None = None,
    code: Literal["yes"] | None = None,
) -> Response:
    """Today's appointments in order of time. `after`: the last one of the page before.

    `code`: a code was entered before, and the field is ready for the next one.
    """
    shown = await appointments_board(read, person.at(centre), running.clock, after)
    shown["next_code"] = code is not None
    at = f"?after={after}" if after is not None else ""
    return await _page(request, read, centre, shown, live_url=f"/intake/desk/{centre}/appointments/stream{at}")


@router.get("/desk/{centre}/appointments/stream")
async def today_stream(
    centre: Key, request: Request, running: Running, person: Team, after: UUID | None = None
) -> Response:
    """The list of the page, live."""
    reading = (person.at(centre), running.clock, after)
    return live_board(request, Board(board(centre), "intake/today.html", appointments_board, reading))


@router.post("/desk/{centre}/appointments", dependencies=[limited("code")])
async def search(centre: Key, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """Find today's appointments by a name. With a code, its visitor is checked in at once.

    A POST: names and codes do not belong in addresses.
    """
    copy = await load_centre(read, person.at(centre))
    form, typed, errors = await read_form(request, SearchForm)
    found: list[Expected] = []
    code = code_in(form.name) if form is not None else None
    if code is not None and await appointment_with(read, centre, code) is not None:
        visit, errors = await apply_form(
            request, running, lambda work: appointments.arrive_with(work, centre, code, Channel.DESK, by=person)
        )
        if visit is not None:
            return see_other(request, f"/intake/desk/{centre}/appointments?code=yes", done=arrived_text(visit))
        errors = {"name": next(iter(errors.values()))}
    elif form is not None:
        try:
            of_day = is_of_day(copy, running.clock())
            people = await searching.search(read, {centre}, form.name, SEARCHED, has_appointment(of_day))
            groups = await groups_of(read, [one.id for one in people])
            theirs = col(Appointment.subject_ref).in_({ref for group in groups.values() for ref in group})
            found = await expected_visitors(read, sa.and_(of_day, theirs), SHOWN + 1)
            if code is not None and not found:  # it may have been a telephone number
                raise UnknownCode(about="name")
        except Refused as refused:
            errors = by_field(refused)
    shown = await _shown(read, copy, running.clock(), found)
    shown |= {"searched": str(typed.get("name", "")), "errors": errors}
    return await _page(request, read, centre, shown, status=422 if errors else 200)


@router.post("/appointments/{id}/arrive")
async def arrive(id: UUID, form: Annotated[OfList, Form()], request: Request, work: Working, person: Team) -> Response:
    """Check in the visitor of this appointment. A second press changes nothing, but for one who left meanwhile."""
    appointment = own(await work.find(Appointment, id), person, msg("appointment"))
    visit = await appointments.arrive(work, id, Channel.DESK, by=person)
    return see_other(request, form.back(appointment.centre), done=arrived_text(visit))


@router.post("/appointments/{id}/link")
async def link(
    id: UUID, form: Annotated[ArrivalForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """A visit that has its ticket already is that of this interview."""
    own(await work.find(Appointment, id), person, msg("appointment"))
    own(await work.find(Visit, form.visit_id), person, msg("visit"))
    await linking.link(work, id, form.visit_id, person)
    done = _("The arrival is recorded with this ticket. The person waits for their counsellor.")
    return see_other(request, f"/intake/visits/{form.visit_id}", done=done)


@router.post("/appointments/{id}/undo")
async def undo(
    id: UUID, form: Annotated[ArrivalForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Take back an arrival that was recorded by mistake."""
    appointment = own(await work.find(Appointment, id), person, msg("appointment"))
    linked = appointment.linked_at is not None
    await appointments.undo_arrival(work, id, form.visit_id)
    done = _("The arrival is cancelled. The person is expected again, and the visit is not counted.")
    if linked:
        visit = await work.find(Visit, form.visit_id)
        done = _("The arrival is cancelled. The ticket is anonymous again and keeps its place in the queue.")
        if visit is not None and visit.subject_ref is not None:
            done = _("The arrival is cancelled. The ticket is where it was before.")
    return see_other(request, form.back(appointment.centre), done=done)


@router.get("/visitors/{subject_ref}/appointments")
async def of_person(subject_ref: UUID, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """The next appointments of a person at the team's centres, with codes for the arrival. Opening it is noted."""
    visitor = await read.get(Visitor, subject_ref)
    coming = await next_of_person(read, await references_of(read, subject_ref), running.clock())
    found = [one for one in coming if person.works_at(one.centre)]
    if visitor is None or not (found or person.works_at(visitor.centre)):
        raise NotFound(what=msg("registered person"))
    async with running.store.work(cause_of(request)) as work:
        await log_opening(work, subject_ref, person, AccessKind.PAGE)
    return page(
        request,
        "intake/person_appointments.html",
        subject_ref=subject_ref,
        appointments=found,
        centres=await centre_names(read, Centre),
        group=in_groups,
        qr=qr_image,
    )


def arrived_text(visit: Visit) -> str:
    """What to do now."""
    if visit.ticket is None:
        return _("Arrival recorded. The person can go to the workshop.")
    return _("Ticket {ticket}: hand it to the person.").format(ticket=visit.ticket)


async def appointments_board(session: AsyncSession, code: str, clock: Clock, after: UUID | None) -> dict[str, Any]:
    """A page of a centre's appointments of today. `after`: the last one of the page before."""
    centre = await load_centre(session, code)
    found = await expected_visitors(session, is_of_day(centre, clock()), SHOWN + 1, after=after)
    return await _shown(session, centre, clock(), found)


async def _shown(session: AsyncSession, centre: Centre, now: datetime, found: Sequence[Expected]) -> dict[str, Any]:
    """What `intake/today.html` shows, of one appointment too many if there are more."""
    missing, late = await numbers_expected(session, centre, now)
    return {
        "found": with_timing(found[:SHOWN], now),
        "last": found[SHOWN - 1].appointment.id if len(found) > SHOWN else None,
        "missing": missing,
        "late": late,
        "counsellors": await counsellors_of(session, centre.code),
        "searched": None,
        "errors": {},
        "next_code": False,
    }


async def _page(
    request: Request,
    session: AsyncSession,
    centre: str,
    shown: dict[str, Any],
    *,
    live_url: str | None = None,
    status: int = 200,
) -> Response:
    copy = await load_centre(session, centre)
    return page(
        request,
        "intake/appointments.html",
        status=status,
        centre=copy,
        centre_name=copy.name,
        live_url=live_url,
        **shown,
    )
