"""The erasure of a person's data, for managers and operations, and which services have confirmed it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.web import Reading, Router, Working, allow, page, see_other
from services.contracts.roles import Role
from services.contracts.text import Text
from services.intake.actions import erasure
from services.intake.pages.views import load_centre
from services.intake.store import Visitor
from services.intake.store.erasures import erasures

router = Router("/intake", pages=True)
Eraser = Annotated[Person, allow(Role.MANAGER, region_wide=[Role.OPERATOR])]

SHOWN = 50
"""Erasures on the page."""


@router.get("/erasures")
async def list_erasures(
    request: Request, read: Reading, person: Eraser, subject_ref: Annotated[str, Text(80)] = ""
) -> Response:
    """Asks for a person's reference. Operators also see the last erasures, those that are not confirmed first."""
    if reference := _reference(subject_ref):
        return RedirectResponse(f"/intake/visitors/{reference}/erase", 303)
    errors = {"subject_ref": _("This is not a reference. Copy it from the page of the visit.")} if subject_ref else {}
    context: dict[str, Any] = {"errors": errors, "typed": subject_ref, "erasures": None}
    if person.has(Role.OPERATOR):
        missing = await erasures(read, SHOWN, unconfirmed=True)
        done = [one for one in await erasures(read, SHOWN) if not one.missing]
        context["erasures"] = [*missing, *done][:SHOWN]
    return page(request, "intake/erasures.html", status=422 if errors else 200, **context)


@router.get("/visitors/{subject_ref}/erase")
async def ask_erasure(subject_ref: UUID, request: Request, read: Reading, person: Eraser) -> Response:
    """Says what an erasure does, and asks for confirmation."""
    visitor = own(await read.get(Visitor, subject_ref), person, msg("registered person"))
    centre = await load_centre(read, visitor.centre)
    return page(request, "intake/erase.html", visitor=visitor, centre_name=centre.name)


@router.post("/visitors/{subject_ref}/erase")
async def erase(subject_ref: UUID, request: Request, work: Working, person: Eraser) -> Response:
    """Erases the person in every service."""
    own(await work.find(Visitor, subject_ref), person, msg("registered person"))
    await erasure.erase_subject(work, subject_ref)
    done = _("The data is deleted here. The other parts of the software delete it within seconds.")
    return see_other(request, "/intake/erasures", done=done)


def _reference(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
