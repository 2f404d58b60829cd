"""The erasure of a person's data, for managers and operations, and which services have confirmed it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.centres import centre_names
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Body, Reading, Router, Working, allow, page, see_other
from services.contracts.roles import Role
from services.contracts.text import Text
from services.contracts.values import YesNo
from services.intake.actions import erasure
from services.intake.actions.references import registrations_of
from services.intake.pages.views import load_centre
from services.intake.store import Centre, Visitor
from services.intake.store.erasures import erasures_waiting_first

router = Router("/intake", pages=True)
Eraser = Annotated[Person, allow(Role.MANAGER, region_wide=[Role.OPERATOR])]

SHOWN = 50
"""Erasures on a page."""


class Confirmation(Body):
    """`unknown`: the form of a person whom intake does not know."""

    unknown: YesNo = False


@router.get("/erasures")
async def list_erasures(
    request: Request,
    read: Reading,
    person: Eraser,
    subject_ref: Annotated[str, Text(80)] = "",
    after: UUID | None = None,
) -> Response:
    """Asks for a person's reference. Operators also see the last erasures, those that are not confirmed first.

    `after`: the last one of the page before.
    """
    if reference := _reference(subject_ref):
        return RedirectResponse(f"/intake/visitors/{reference}/erase", 303)
    errors = {"subject_ref": _("This is not a reference. Copy it from the page of the visit.")} if subject_ref else {}
    titles = request.app.state.site.titles
    context: dict[str, Any] = {"errors": errors, "typed": subject_ref, "erasures": None, "titles": titles}
    if person.has(Role.OPERATOR):
        found = await erasures_waiting_first(read, SHOWN + 1, after)
        context |= {"erasures": found[:SHOWN], "more": len(found) > SHOWN}
    return page(request, "intake/erasures.html", status=422 if errors else 200, **context)


@router.get("/visitors/{subject_ref}/erase")
async def ask_erasure(subject_ref: UUID, request: Request, read: Reading, person: Eraser) -> Response:
    """Says what an erasure does, and asks for confirmation; for the region also of a person whom intake lacks."""
    visitor = await _visitor_to_erase(read, subject_ref, person)
    centre = await load_centre(read, visitor.centre) if visitor is not None else None
    others = [one for one in await registrations_of(read, subject_ref) if one.id != subject_ref]
    names = await centre_names(read, Centre)
    values: dict[str, Any] = {"subject_ref": subject_ref, "visitor": visitor, "centre": centre, "others": others}
    return page(request, "intake/erase.html", centre_names=names, **values)


@router.post("/visitors/{subject_ref}/erase")
async def erase(
    subject_ref: UUID, form: Annotated[Confirmation, Form()], request: Request, work: Working, person: Eraser
) -> Response:
    """Erases the person in every service."""
    visitor = await _visitor_to_erase(work.session, subject_ref, person)
    if visitor is None and not form.unknown:
        raise NotFound(what=msg("registered person"))
    await erasure.erase_subject(work, subject_ref)
    done = _("The data is deleted here. The other parts of the software delete it within seconds.")
    if visitor is None:
        done = _("No registered person here has this reference. The other parts of the software delete what they have.")
    return see_other(request, "/intake/erasures", done=done)


async def _visitor_to_erase(session: AsyncSession, subject_ref: UUID, person: Person) -> Visitor | None:
    """The visitor. None, for people of the whole region: intake does not know them. Raises `NotFound` for others."""
    visitor = await session.get(Visitor, subject_ref)
    if visitor is not None or not person.region_wide:
        return own(visitor, person, msg("registered person"))
    await erasure.check_unknown(session, subject_ref)
    return None


def _reference(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
