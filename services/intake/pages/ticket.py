"""A ticket's own page: where am I in the queue? Without sign-in and without a name, until midnight at the centre."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.visits import Day
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.clock import Clock
from services.chassis.web import Board, Reading, Router, Running, anyone, limited, live_board, page
from services.contracts.text import Line
from services.intake.actions import visits
from services.intake.actions.estimates import outlook_for
from services.intake.actions.tickets import qr_image, ticket_address, visits_at
from services.intake.pages.views import Team, desk_label, load_centre
from services.intake.pages.wait_words import wait_text
from services.intake.store import Visit
from services.intake.store.queue import places

router = Router("/intake", pages=True)
Anyone = Annotated[Person | None, anyone]


class TicketNotValid(NotFound):
    """There is no such ticket, or it was of another day."""

    slug = "ticket-not-valid"
    message = msg("This ticket is no longer valid. Ask for a new one at the front desk.")


@router.get("/t/{secret}", dependencies=[limited("ticket")])
async def ticket_page(secret: Line, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """A ticket's place in the queue."""
    visit = await _visit_at(read, request, secret, running)
    tickets = await day_tickets(read, visit.centre, running.clock)
    own = _own_place(tickets, visit.id)
    return page(request, "intake/ticket.html", live_url=f"/intake/t/{secret}/stream", **tickets, **own)


@router.get("/t/{secret}/stream", dependencies=[limited("ticket")])
async def ticket_stream(secret: Line, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """The ticket's place, live."""
    visit = await _visit_at(read, request, secret, running)
    id, centre = visit.id, visit.centre
    board = Board(visits.board(centre), "intake/place.html", day_tickets, (centre, running.clock))
    return live_board(request, board, lambda found: _own_place(found, id))


@router.get("/visits/{id}/ticket")
async def ticket_sheet(id: UUID, request: Request, read: Reading, person: Team) -> Response:
    """The ticket with the QR code of its page, to show on the screen or to print."""
    visit = own(await read.get(Visit, id), person, msg("visit"))
    if visit.ticket is None:
        raise NotFound(what=msg("ticket"))
    address = ticket_address(request.app.state.signer, request.app.state.settings.public_url, visit.id)
    return page(
        request,
        "intake/ticket_sheet.html",
        visit=visit,
        centre_name=(await load_centre(read, visit.centre)).name,
        address=address,
        qr=qr_image(address),
    )


async def _visit_at(session: AsyncSession, request: Request, secret: str, running: Running) -> Visit:
    """The visit of today whose ticket has this address. Raises `TicketNotValid`."""
    for id in visits_at(request.app.state.signer, secret):
        visit = await session.get(Visit, id)
        if visit is not None and visit.ticket is not None:
            centre = await load_centre(session, visit.centre)
            if Day.of(centre, running.clock()).has(visit):
                return visit
    raise TicketNotValid()


async def day_tickets(session: AsyncSession, code: str, clock: Clock) -> dict[str, Any]:
    """What the pages of a centre's tickets show: every ticket of today with its place."""
    centre, now = await load_centre(session, code), clock()
    return {
        "centre": centre,
        "places": await places(session, Day.of(centre, now)),
        "desk_label": desk_label,
        "wait_text": wait_text,
        "now": now,
    }


def _own_place(found: Mapping[str, Any], id: UUID) -> dict[str, Any]:
    """What one ticket's page shows of it. `place` None: the ticket's day is over."""
    place = found["places"].get(id)
    # No waits of one desk or of one counsellor are learned.
    alone = place is not None and (place.for_desk or place.for_counsellor)
    wait = None if place is None or alone else outlook_for(found["centre"], place.area, place.before, found["now"])
    return {"place": place, "wait": wait}
