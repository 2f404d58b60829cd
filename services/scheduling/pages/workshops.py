"""Workshops: the list, and what is done with one press: publishing and cancelling."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.refusals import msg
from services.chassis.web import Body, Reading, Router, Running, Working, page, see_other
from services.contracts.text import Key
from services.contracts.values import Version, YesNo
from services.scheduling.actions import workshop_changes, workshops
from services.scheduling.domain.rules import CancelReason
from services.scheduling.pages.desk import Counsellor, desk_of
from services.scheduling.settings import answer_of
from services.scheduling.store import Workshop
from services.scheduling.store.counsellors import counsellor_names
from services.scheduling.store.offers import places_left
from services.scheduling.store.rooms import room_names
from services.scheduling.store.workshops import workshops_of

router = Router("/scheduling/workshops", pages=True)

SHOWN_FOR = timedelta(days=31)
SHOWN = 50
"""Workshops on one page of the list."""


class CancelForm(Body):
    """Why the workshop is cancelled."""

    version: Version
    reason: CancelReason = CancelReason.OTHER


class PublishForm(Body):
    """Whether the workshop stands on the centre's public page."""

    version: Version
    published: YesNo


@router.get("")
async def list_workshops(
    request: Request, read: Reading, running: Running, person: Counsellor, centre: Key = "", after: UUID | None = None
) -> Response:
    """A centre's workshops: those of the last `SHOWN_FOR`, and future ones. `after`: the last of the page before."""
    centre_copy, own = await desk_of(read, person, centre)
    found = await workshops_of(read, centre_copy.code, running.clock() - SHOWN_FOR, after, SHOWN + 1)
    rows = found[:SHOWN]
    return page(
        request,
        "scheduling/workshops.html",
        centre=centre_copy,
        own=own,
        centre_name=centre_copy.name,
        workshops=rows,
        places=await places_left(read, rows, running.clock(), answer_of(running)),
        last=rows[-1].id if len(found) > SHOWN else None,
        names=await counsellor_names(read, (code for row in rows for code in row.facilitators)),
        rooms=await room_names(read, centre_copy.code),
    )


@router.post("/{id}/cancel")
async def cancel(
    id: UUID, form: Annotated[CancelForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """Cancel a workshop."""
    workshop = own(await work.find(Workshop, id), person, msg("workshop"))
    await workshops.cancel_workshop(work, workshop, reason=form.reason.value, version=form.version)
    return see_other(request, f"/scheduling/workshops/{id}", done=_("The workshop is cancelled."))


@router.post("/{id}/publish")
async def publish(
    id: UUID, form: Annotated[PublishForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """Show a workshop on the centre's public page, or no longer."""
    workshop = own(await work.find(Workshop, id), person, msg("workshop"))
    await workshop_changes.publish(work, workshop, published=form.published, version=form.version)
    done = (
        _("The workshop stands on the centre’s public page.")
        if form.published
        else _("The workshop no longer stands on the centre’s public page.")
    )
    return see_other(request, f"/scheduling/workshops/{id}", done=done)
