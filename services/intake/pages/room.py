"""The display in the waiting room: tickets, no names. Public, as it hangs on the wall."""

from typing import Annotated

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, Running, anyone, fragment, live_board, page
from services.contracts.text import Key
from services.intake.actions import visits
from services.intake.pages.views import load_centre, room_board

router = Router("/intake", pages=True)
Anyone = Annotated[Person | None, anyone]


@router.get("/waiting-room/{centre}")
async def waiting_room(centre: Key, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """The display."""
    centre_copy = await load_centre(read, centre)
    return page(
        request,
        "intake/waiting_room.html",
        centre=centre_copy,
        live_url=f"/intake/waiting-room/{centre}/stream",
        **await room_board(read, centre_copy, running.clock()),
    )


@router.get("/waiting-room/{centre}/stream")
async def waiting_room_stream(
    centre: Key, request: Request, read: Reading, running: Running, person: Anyone
) -> Response:
    """The display, live."""
    await load_centre(read, centre)

    async def render(session: AsyncSession) -> str:
        centre_copy = await load_centre(session, centre)
        return fragment(request, "intake/room.html", **await room_board(session, centre_copy, running.clock()))

    return live_board(request, visits.board(centre), render)
