"""A visit's page, and the registration of its visitor. Shows a name only to those who may see it."""

from html import escape
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, Response

from services.chassis.i18n import Language
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own, visible
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import LINK_VALID
from services.chassis.refusals import NotFound, msg
from services.chassis.service.definition import runtime_of
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, anyone, apply_form, page, personal_link, read_form
from services.contracts.roles import Role
from services.intake.actions import people
from services.intake.pages.views import Team, load_centre
from services.intake.store import Visit, Visitor

router = Router("/intake", pages=True)


class RegisterForm(Body):
    """The registration form. Missing values are reported at their field, and the other values are kept."""

    given_name: str = Field("", max_length=80)
    family_name: str = Field("", max_length=80)
    contact: str = Field("", max_length=120)
    language: Language = "fr"
    purposes: list[str] = Field(default_factory=list[str], max_length=10)


_MISSING = {
    "given_name": msg("Enter the first name."),
    "family_name": msg("Enter the surname."),
    "purposes": msg("Tick at least one box."),
}


@router.get("/visits/{id}")
async def visit_page(id: UUID, request: Request, read: Reading, person: Team) -> Response:
    """One visit, with the registration form."""
    return await _visit_page(request, read, id, person)


@router.post("/visits/{id}")
async def register(id: UUID, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """Register the visitor of this visit."""
    filled, typed, errors = await read_form(request, RegisterForm)
    empty = [name for name in _MISSING if not "".join(typed.get(name, "")).strip()]
    errors |= {name: _(_MISSING[name]) for name in empty}
    if filled is not None and not errors:
        visitor, errors = await apply_form(request, running, lambda work: _register(work, id, filled, person))
        if visitor is not None:
            visit = await read.get_one(Visit, id)
            return await _link_page(request, read, visit, visitor.id, just_registered=True)
    return await _visit_page(request, read, id, person, status=422, errors=errors, form=typed)


@router.post("/visits/{id}/link")
async def new_link(id: UUID, request: Request, read: Reading, person: Team) -> Response:
    """A new personal link for the visitor, whose old one is lost or has expired after 30 days."""
    visit = await read.get(Visit, id)
    if visit is None or visit.subject_ref is None:
        raise NotFound(what=msg("registered person"))
    person.at(visit.centre)
    return await _link_page(request, read, visit, visit.subject_ref, just_registered=False)


@router.get("/fragments/visitors/{subject_ref}")
async def visitor_fragment(subject_ref: UUID, read: Reading, person: Annotated[Person | None, anyone]) -> Response:
    """The visitor's name, for their centre's team and themselves; empty for anyone else."""
    visitor = await read.get(Visitor, subject_ref)
    allowed = person is not None and (
        person.is_subject(subject_ref)
        or (visitor is not None and person.has(Role.FRONT_DESK, Role.COUNSELLOR) and visitor.centre in person.centres)
    )
    if visitor is None or not allowed:
        return HTMLResponse("")
    return HTMLResponse(escape(f"{visitor.given_name} {visitor.family_name}"))


async def _register(work: Work, id: UUID, form: RegisterForm, person: Person) -> Visitor:
    own(await work.find(Visit, id), person, msg("visit"))
    return await people.register_visitor(
        work,
        id,
        recorded_by=person.subject,
        given_name=form.given_name,
        family_name=form.family_name,
        contact=form.contact or None,
        language=form.language,
        purposes=form.purposes,
    )


async def _visit_page(
    request: Request,
    session: AsyncSession,
    id: UUID,
    person: Person,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    form: dict[str, Any] | None = None,
) -> Response:
    visit = visible(await session.get(Visit, id), person, msg("visit"))
    centre = await load_centre(session, visit.centre)
    context = {"visit": visit, "centre_name": centre.name, "errors": errors or {}, "form": form or {}}
    return page(request, "intake/visit.html", status=status, **context)


async def _link_page(
    request: Request, session: AsyncSession, visit: Visit, subject_ref: UUID, *, just_registered: bool
) -> Response:
    centre = await load_centre(session, visit.centre)
    return page(
        request,
        "intake/registered.html",
        visit=visit,
        centre_name=centre.name,
        subject_ref=subject_ref,
        link=personal_link(request, subject_ref),
        valid_until=runtime_of(request).clock() + LINK_VALID,
        just_registered=just_registered,
    )
