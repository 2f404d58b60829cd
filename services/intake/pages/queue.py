"""A ticket's place in the queue, for the team: on hold, back, transferred, with priority."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.visits import Day, ended_lately
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.refusals import msg
from services.chassis.web import Body, Reading, Router, Running, Working, page, see_other
from services.contracts.intake import VisitStatus
from services.contracts.text import Key
from services.contracts.values import Version
from services.intake.actions import queue
from services.intake.actions.desks import counsellors_of, desks_of
from services.intake.domain.queue import PRIORITIES, NothingToTransfer, Priority, may_return
from services.intake.pages.views import Team, desk_here, desk_label, load_centre, needs_choices
from services.intake.store import Visit

router = Router("/intake", pages=True)


class TransferForm(Body):
    """To which area, desk and counsellor; empty: any."""

    area: Key = ""
    desk: Key = ""
    counsellor: Key = ""
    version: Version


class PriorityForm(Body):
    """Why the visitor is called before the others; empty: they are not."""

    priority: Priority | None = None
    version: Version


@router.get("/visits/{id}/queue")
async def place(id: UUID, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """A ticket's place in the queue, and what can be changed about it."""
    visit = own(await read.get(Visit, id), person, msg("visit"))
    centre = await load_centre(read, visit.centre)
    return page(
        request,
        "intake/queue.html",
        visit=visit,
        centre_name=centre.name,
        areas=[(area, area_label(area)) for area in centre.areas],
        here=VisitStatus(visit.status).in_the_room and Day.of(centre, running.clock()).has(visit),
        priorities=[(code, _(label)) for code, label in PRIORITIES.items()],
        may_return=visit.interview_id is None
        and may_return(
            VisitStatus(visit.status),
            held=visit.held_at is not None,
            closed_by=visit.closed_by,
            just_ended=ended_lately(visit, running.clock()),
        ),
        desk_label=desk_label,
        **needs_choices(visit.interpreter_language),
        **await _destinations(read, visit.centre),
    )


async def _destinations(session: AsyncSession, centre: str) -> dict[str, Any]:
    """The desks and counsellors to whom a visitor can be transferred, with their labels."""
    desks = await desks_of(session, centre)
    counsellors = await counsellors_of(session, centre)
    return {"desks": [(code, desk_label(code)) for code in desks], "counsellors": list(counsellors.items())}


@router.post("/visits/{id}/transfer")
async def transfer(
    id: UUID, form: Annotated[TransferForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Let the visitor wait, at their place, for another area, desk or counsellor."""
    visit = own(await work.find(Visit, id), person, msg("visit"))
    to = queue.Destination(form.area or None, form.desk or None, form.counsellor or None)
    if not queue.would_transfer(visit, to):
        raise NothingToTransfer()
    here = desk_here(request, await desks_of(work.session, visit.centre))
    await queue.transfer(work, id, to, form.version, by=here.desk if here.chosen else None)
    done = _("Ticket {ticket} has been transferred and keeps its place.").format(ticket=visit.ticket)
    return see_other(request, f"/intake/desk/{visit.centre}", done=done)


@router.post("/visits/{id}/priority")
async def prioritise(
    id: UUID, form: Annotated[PriorityForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Call the visitor before the others, or no longer."""
    visit = own(await work.find(Visit, id), person, msg("visit"))
    await queue.prioritise(work, id, form.priority, form.version)
    done = _("Ticket {ticket} has priority.") if form.priority else _("Ticket {ticket} no longer has priority.")
    return see_other(request, f"/intake/desk/{visit.centre}", done=done.format(ticket=visit.ticket))
