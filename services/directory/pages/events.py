"""The page of a Cité: the newest referral events, live, and how its own software reads them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.web import Board, Reading, Router, allow, live_board, page
from services.contracts.roles import Role
from services.contracts.topics import REFERRAL_EVENTS
from services.directory.actions import FEED_BOARD
from services.directory.actions.partners import newest, partner_of
from services.directory.domain import short_reference
from services.directory.pages.views import WORDS, centre_names, names_for

router = Router("/directory", pages=True)
Reader = Annotated[Person, allow(Role.CITE, region_wide=[Role.MANAGER])]

SHOWN = 50


@router.get("/referral-events")
async def events(request: Request, read: Reading, person: Reader) -> Response:
    """The newest events, live."""
    return page(
        request,
        "directory/events.html",
        live_url="/directory/referral-events/stream",
        topic=REFERRAL_EVENTS.name,
        base=request.app.state.settings.public_url.rstrip("/"),
        **await feed_board(read, person),
    )


@router.get("/referral-events/stream")
async def events_stream(request: Request, person: Reader) -> Response:
    """The newest events as a stream."""
    board = Board(FEED_BOARD, "directory/events_board.html", feed_board, (person,))
    return live_board(request, board)


async def feed_board(session: AsyncSession, person: Person) -> dict[str, Any]:
    """The newest events that this person may read."""
    found = [one.event for one in await newest(session, partner_of(person), SHOWN)]
    return {
        **WORDS,
        "events": found,
        "moments": {event["id"]: datetime.fromisoformat(event["time"]) for event in found},
        "references": {event["id"]: _short(event["data"]["partner_ref"]) for event in found},
        "names": await names_for(session, found),
        "centres": await centre_names(session),
    }


def _short(reference: str | None) -> str | None:
    return short_reference(UUID(reference)) if reference else None
