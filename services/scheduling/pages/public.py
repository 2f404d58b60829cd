"""A centre's next workshops, for everyone: the page of the centre shows them as a part."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Reading, Router, Running, anyone, page
from services.contracts.text import Key
from services.scheduling.pages.desk import length_word
from services.scheduling.settings import answer_of
from services.scheduling.store import Centre
from services.scheduling.store.offers import places_left
from services.scheduling.store.workshops import sessions_by_workshop, workshops_ahead

router = Router("/scheduling/centres", pages=True)
SHOWN = 5
"""Workshops on one page."""


@router.get("/{centre}/workshops")
async def public_workshops(
    centre: Key,
    request: Request,
    read: Reading,
    running: Running,
    person: Annotated[Person | None, anyone],
    after: UUID | None = None,
) -> Response:
    """The published workshops that have not begun: title, times and free places; nothing about who takes part."""
    found = await read.get(Centre, centre)
    if found is None:
        raise NotFound(what=msg("centre"))
    coming = await workshops_ahead(read, centre, running.clock(), after, SHOWN + 1)
    last = coming[SHOWN - 1].id if len(coming) > SHOWN else None
    shown = coming[:SHOWN]
    return page(
        request,
        "scheduling/public_workshops.html",
        centre=found,
        workshops=shown,
        free=await places_left(read, shown, running.clock(), answer_of(running)),
        sessions=await sessions_by_workshop(read, [one.id for one in shown]),
        length_word=length_word,
        after=after,
        last=last,
    )
