"""A centre's next workshops, for everyone: the page of the centre shows them as a part."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Reading, Router, Running, anyone, page
from services.contracts.text import Key
from services.scheduling.store import Centre
from services.scheduling.store.workshops import workshops_ahead

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
    """Titles and dates of workshops that have not begun, and whether a place is left; nothing about who takes part."""
    found = await read.get(Centre, centre)
    if found is None:
        raise NotFound(what=msg("centre"))
    coming = await workshops_ahead(read, centre, running.clock(), after, SHOWN + 1)
    last = coming[SHOWN - 1].id if len(coming) > SHOWN else None
    return page(
        request, "scheduling/public_workshops.html", centre=found, workshops=coming[:SHOWN], after=after, last=last
    )
